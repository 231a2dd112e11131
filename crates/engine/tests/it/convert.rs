//! Several currencies in one account: conversions, and money that comes and goes.
use qframe_engine::venue::{Fees, Settings, Unaffordable};
use qframe_engine::{Context, Input, Ticket};
use qframe_model::event::Event;
use qframe_model::ids::{CommodityId, InstrumentId, SeriesId};
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::number::{Cash, Quantity, Rate};
use qframe_model::order::Size;
use qframe_model::time::Time;

use crate::carry::half_margin;
use crate::script::{Run, Script, bars, instrument, simulator, stock};
use crate::several::{run_several, units};

const FLAT: [f64; 4] = [100.0; 4];
/// A EUR is two USD.
const TWO: [f64; 4] = [2.0; 4];

fn shares_of_two_currencies() -> Vec<Instrument> {
    let rules = || Rules { lot: Quantity::ONE, ..Rules::default() };
    vec![instrument("EUR/USD", Rules::default()), instrument("ADS/EUR", rules()), instrument("KO", rules())]
}

fn run(settings: Settings, script: impl FnMut(usize, &mut Context<'_>)) -> Run {
    run_several(shares_of_two_currencies(), settings, &[&[TWO; 4], &[FLAT; 4], &[FLAT; 4]], script)
}

fn converting() -> Settings {
    Settings { convert: true, ..Settings::default() }
}

/// On day 0 this much of the share in EUR; on day 1 out of it and into the share in USD.
fn there_and_back(size: Size) -> impl FnMut(usize, &mut Context<'_>) {
    move |day, context| match day {
        0 => _ = context.send(Ticket::buy(size).on(InstrumentId(1))),
        1 => {
            context.send(Ticket::buy(units(90)).on(InstrumentId(2)));
            context.send(Ticket::sell(Size::Close).reduce_only().on(InstrumentId(1)));
        }
        _ => {}
    }
}

#[test]
fn a_purchase_in_another_currency_is_paid_from_what_there_is() {
    let fees = || Fees::flat(Rate::percent(1));
    let refused = run(Settings { fees: fees(), ..Settings::default() }, there_and_back(units(40)));
    assert_eq!(refused.reports()[0], "rejected 1: needs 4040.00, 0.00 is free, 4040.00 is missing");
    let converted = run(Settings { fees: fees(), ..converting() }, there_and_back(units(40)));
    // 4,040 EUR cost 8,080 USD. The sale brings 3,960 EUR; 90 at 100 and 1 % need 9,090 USD, and 1,920 are left.
    let expected = [
        "day 1 8080 of 0 into 4040 of 1",
        "day 1 1 buy 40 at 100",
        "day 2 3 sell 40 at 100",
        "day 2 3585 of 1 into 7170 of 0",
        "day 2 2 buy 90 at 100",
    ];
    assert_eq!(converted.reports(), expected);
    let equity: Vec<String> = converted.equity.iter().map(ToString::to_string).collect();
    assert_eq!(equity, ["10000", "9920", "9750", "9750"], "the fees and nothing else");
}

#[test]
fn a_conversion_gives_no_more_than_there_is() {
    let all = run(converting(), there_and_back(Size::Equity(Rate::ONE)));
    assert_eq!(all.reports()[..2], ["day 1 10000 of 0 into 5000 of 1", "day 1 1 buy 50 at 100"]);
    let more = run(converting(), there_and_back(units(51)));
    assert_eq!(more.reports()[0], "rejected 1: needs 5100.00, 5000.00 is free, 100.00 is missing");
    let clip = Settings { unaffordable: Unaffordable::Clip, ..converting() };
    let clipped = run(clip, there_and_back(units(51)));
    assert_eq!(clipped.reports()[1], "day 1 1 buy 50 at 100 in part");
}

/// What was left of a currency behind nine decimals counted nothing: a flat market and no fees cost 0.0000000009.
#[test]
fn an_uneven_rate_costs_nothing() {
    let shares = ["EUR/USD", "ADS/EUR", "KO"].map(|symbol| instrument(symbol, Rules::default())).to_vec();
    let half = there_and_back(Size::Equity(Rate::basis_points(4_711)));
    let run = run_several(shares, converting(), &[&[[1.08333; 4]; 4], &[[7.77; 4]; 4], &[FLAT; 4]], half);
    assert_eq!(run.reports().len(), 5, "{:?}", run.reports());
    for equity in run.equity {
        let off = equity.minus(Cash::whole(10_000)).unwrap();
        assert!(off.abs() <= Cash::from_attos(3), "{off}");
    }
}

/// A position in a currency is a holding: paying with it would sell it without a word.
#[test]
fn a_position_is_not_money() {
    let hold = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.send(Ticket::buy(units(4_000)).on(InstrumentId(0))),
        1 => _ = context.send(Ticket::buy(units(50)).on(InstrumentId(2))),
        _ => {}
    };
    // Half of the position's worth secures it, and 6,000 of equity are free: but only 2,000 of money.
    let mut instruments = shares_of_two_currencies();
    instruments[0] = instrument("EUR/USD", half_margin());
    let run = run_several(instruments, converting(), &[&[TWO; 4], &[FLAT; 4], &[FLAT; 4]], hold);
    let missing = "rejected 2: needs 5000.00, 2000.00 is free, 3000.00 is missing";
    assert_eq!(run.reports(), ["day 1 1 buy 4000 at 2", missing]);
}

/// The same in a cash account without conversions: closing the position later sold what was no longer there.
#[test]
fn a_position_pays_for_nothing_quoted_in_it() {
    let hold = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.send(Ticket::buy(units(4_000)).on(InstrumentId(0))),
        1 => _ = context.send(Ticket::buy(units(10)).on(InstrumentId(1))),
        2 => _ = context.send(Ticket::sell(Size::Close).reduce_only().on(InstrumentId(0))),
        _ => {}
    };
    let refused = run(Settings::default(), hold);
    let missing = "rejected 2: needs 1000.00, 0.00 is free, 1000.00 is missing";
    assert_eq!(refused.reports(), ["day 1 1 buy 4000 at 2", missing, "day 3 3 sell 4000 at 2"]);
    let converted = run(converting(), hold);
    let paid =
        ["day 1 1 buy 4000 at 2", "day 2 2000 of 0 into 1000 of 1", "day 2 2 buy 10 at 100", "day 3 3 sell 4000 at 2"];
    assert_eq!(converted.reports(), paid);
}

#[test]
fn the_owner_takes_out_what_is_free_and_no_more() {
    let buys = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.buy(units(60));
        }
    };
    let mut simulator = simulator(Script(0, buys), stock(), Settings::default());
    for bar in &bars(&[FLAT; 2]) {
        simulator.bar(SeriesId(0), bar).unwrap();
    }
    let (usd, time) = (CommodityId(0), Time::from_seconds(3 * 86_400));
    let mut engine = simulator.into_engine();
    for amount in [-1_000, -3_001, -3_000, 500] {
        engine.step(Input::Deposit(time, usd, Cash::whole(amount))).unwrap();
    }
    assert_eq!((engine.account().cash(), engine.equity()), (Cash::whole(500), Cash::whole(6_500)));
    engine.account().ledger().check().unwrap();
    let seen = |event: Event| match event {
        Event::Deposited { amount, .. } => Some(amount.to_string()),
        Event::WithdrawalRefused { amount, refusal, .. } => Some(format!("{amount}: {refusal}")),
        _ => None,
    };
    let events: Vec<String> = engine.journal().iter().filter_map(|event| seen(event.unwrap())).collect();
    let refused = "-3001: needs 3001.00, 3000.00 is free, 1.00 is missing";
    assert_eq!(events, ["10000", "-1000", refused, "-3000", "500"]);
}
