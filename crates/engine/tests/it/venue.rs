//! The venue's rules: prices, fees, money, volume, latency, holding costs.
use qframe_engine::venue::{
    Crossing, Fees, FillPrice, Funding, Intrabar, Latency, Settings, Slippage, Spread, Tier, Unaffordable,
};
use qframe_engine::{Context, Ticket};
use qframe_model::event::{Event, Report};
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::{Instrument, Margin, Rules};
use qframe_model::market::{CorporateAction, Dividend, Side};
use qframe_model::number::{Cash, Quantity, Rate};
use qframe_model::order::{Size, TimeInForce};
use qframe_model::time::{Span, Time};

use crate::script::{Run, bars, instrument, p, run_with, stock};

const FLAT: [f64; 4] = [100.0, 101.0, 99.0, 100.0];
const RISE: [f64; 4] = [103.0, 105.0, 102.0, 104.0];

fn units(count: i64) -> Size {
    Size::Units(Quantity::whole(count))
}

fn buys(size: Size) -> impl Fn(usize, &mut Context<'_>) {
    move |day, context| {
        if day == 0 {
            context.buy(size);
        }
    }
}

fn run(
    instrument: Instrument,
    settings: Settings,
    prices: &[[f64; 4]],
    script: impl Fn(usize, &mut Context<'_>),
) -> Run {
    run_with(instrument, settings, &bars(prices), script)
}

fn check(what: &str, settings: Settings, size: Size, expected: &[&str]) {
    assert_eq!(run(stock(), settings, &[FLAT, RISE, FLAT], buys(size)).reports(), expected, "{what}");
}

#[test]
fn market_orders_fill_where_the_settings_say() {
    let at = |fill| Settings { fill, ..Settings::default() };
    check("next open", at(FillPrice::NextOpen), units(1), &["day 1 1 buy 1 at 103"]);
    check("same close", at(FillPrice::SameClose), units(1), &["day 1 1 buy 1 at 100"]);
    check("worst", at(FillPrice::Worst), units(1), &["day 1 1 buy 1 at 105"]);
}

#[test]
fn crossing_costs_and_keeps_the_tick() {
    let crossing = |slippage, spread| Settings {
        crossing: Crossing { slippage, spread: Spread::Share(spread) },
        ..Settings::default()
    };
    check("fixed", crossing(Slippage::Fixed(p(0.25)), Rate::ZERO), units(1), &["day 1 1 buy 1 at 103.25"]);
    check("share", crossing(Slippage::Share(Rate::percent(1)), Rate::ZERO), units(1), &["day 1 1 buy 1 at 104.03"]);
    check("spread", crossing(Slippage::None, Rate::percent(2)), units(1), &["day 1 1 buy 1 at 104.03"]);
    // 10 of 1000 units: 1 % squared x 10 is 0.1 %, its root x 0.1 is 1 %.
    let volume = crossing(Slippage::VolumeShare { factor: 10.0 }, Rate::ZERO);
    check("volume", volume, units(10), &["day 1 1 buy 10 at 103.103"]);
    let root = crossing(Slippage::SquareRoot { factor: 0.1 }, Rate::ZERO);
    check("root", root, units(10), &["day 1 1 buy 10 at 104.03"]);
    // A pip of the euro in dollars is 0.0001, of one in yen 0.01: 4 of spread are 2 a side, and half a pip of slippage.
    let pips = |pips| Crossing { slippage: Slippage::Pips(p(0.5)), spread: Spread::Pips(p(pips)) };
    let pair = |name: &str| Instrument::forex(name.parse().unwrap(), Rules::default()).unwrap();
    assert_eq!(pair("EUR/JPY").pip(), Some(p(0.01)));
    let settings = Settings { crossing: pips(4.0), ..Settings::default() };
    let run_of_euros = run(pair("EUR/USD"), settings, &[FLAT, RISE], buys(units(1)));
    assert_eq!(run_of_euros.reports(), ["day 1 1 buy 1 at 103.00025"]);
    let rules = Rules { tick: p(0.5), ..Rules::default() };
    let settings = crossing(Slippage::Fixed(p(0.1)), Rate::ZERO);
    let run = run(instrument("AAPL", rules), settings, &[FLAT, RISE], buys(units(1)));
    assert_eq!(run.reports(), ["day 1 1 buy 1 at 103.5"], "up to the next tick");
}

/// What slippage made of a price was refused as a price of zero.
#[test]
fn a_price_that_slips_out_of_range_is_told() {
    let check = |side: Side, price: f64, slippage: Slippage, expected: &str| {
        let crossing = Crossing { slippage, ..Crossing::default() };
        let settings = Settings { crossing, allow_short: true, ..Settings::default() };
        let trade = move |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                context.send(Ticket::new(side, Size::Units(Quantity::from_nanos(1_000))));
            }
        };
        let run = run(stock(), settings, &[[price; 4]; 2], trade);
        assert_eq!(run.reports(), [expected], "{side:?} at {price}");
    };
    let tenth = Slippage::Share(Rate::percent(10));
    let largest = "rejected 1: price 9900000000: expected at most 9223372036.854775807";
    check(Side::Buy, 9e9, tenth, largest);
    check(Side::Sell, 100.0, Slippage::Fixed(p(150.0)), "rejected 1: price -50: expected more than zero");
    check(Side::Sell, 100.0, Slippage::Fixed(p(100.0)), "rejected 1: price 0: expected more than zero");
    // The way out is open all the same, at the last tick above nothing.
    let crossing = Crossing { slippage: Slippage::Fixed(p(8.0)), ..Crossing::default() };
    let leaves = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(1)),
        1 => _ = context.close(),
        _ => {}
    };
    let cents = instrument("AAPL", Rules { tick: p(0.01), ..Rules::default() });
    let run = run(cents, Settings { crossing, ..Settings::default() }, &[[9.0; 4], [9.0; 4], [5.0; 4]], leaves);
    assert_eq!(run.reports(), ["day 1 1 buy 1 at 17", "day 2 2 sell 1 at 0.01"]);
}

#[test]
fn fees_are_taken_and_counted_in_the_size() {
    let rules = Rules { lot: Quantity::ONE, ..Rules::default() };
    let fees = |fees| Settings { fees, ..Settings::default() };
    let all = Size::Equity(Rate::ONE);
    let check = |what: &str, fees: Settings, reports: &[&str], equity: &str| {
        let run = run(instrument("AAPL", rules.clone()), fees, &[FLAT, RISE], buys(all));
        assert_eq!(run.reports(), reports, "{what}");
        assert_eq!(run.engine_equity.to_string(), equity, "{what}");
    };
    check("none", fees(Fees::NONE), &["day 1 1 buy 97 at 103"], "10097");
    // 96 x 103 x 1.01 = 9986.88; 97 would need 10090.91.
    check("percent", fees(Fees::flat(Rate::percent(1))), &["day 1 1 buy 96 at 103"], "9997.12");
    let per_unit = Fees::PerUnit { each: Cash::ONE, minimum: Cash::whole(5) };
    check("per unit", fees(per_unit), &["day 1 1 buy 96 at 103"], "10000");
    let tier = |from, taker| Tier { from: Cash::whole(from), maker: Rate::ZERO, taker: Rate::percent(taker) };
    check("tiered", fees(Fees::Tiered([tier(0, 1), tier(1_000_000, 0)].into())), &["day 1 1 buy 96 at 103"], "9997.12");
}

#[test]
fn what_cannot_be_paid_is_refused_or_clipped() {
    let clip = Settings { unaffordable: Unaffordable::Clip, ..Settings::default() };
    let missing = "rejected 1: needs 10300.00, 10000.00 is free, 300.00 is missing";
    check("refused", Settings::default(), units(100), &[missing]);
    check(
        "clipped",
        clip.clone(),
        units(100),
        &["day 1 1 buy 97.087378640 at 103 in part".replace("640 ", "64 ").as_str(), "cancelled 1 Clipped"],
    );
    let budget = Size::Budget(Cash::whole(20_000));
    check(
        "budget",
        Settings::default(),
        budget,
        &["rejected 1: needs 20000.00, 10000.00 is free, 10000.00 is missing"],
    );
    let none = Settings::default();
    let short = run(stock(), none, &[FLAT, FLAT], |day, context| {
        if day == 0 {
            context.sell(units(1));
        }
    });
    let refusal = "rejected 1: selling 1 with 0 held would be short; allow short sales to do that";
    assert_eq!(short.reports(), [refusal]);
}

#[test]
fn more_of_the_equity_than_the_margin_carries_is_refused() {
    // It was clipped without a word, and a test of ten times leverage showed the account without any.
    let missing = "rejected 1: needs 15000.00, 10000.00 is free, 5000.00 is missing";
    let weight = |percent| Size::TargetWeight(Rate::percent(percent));
    check("a cash account", Settings::default(), Size::Equity(Rate::percent(150)), &[missing]);
    check("its target", Settings::default(), weight(150), &[missing]);
    let clip = Settings { unaffordable: Unaffordable::Clip, ..Settings::default() };
    let clipped = ["day 1 1 buy 97.08737864 at 103 in part", "cancelled 1 Clipped"];
    check("as asked", clip, weight(150), &clipped);
    let leveraged = |percent| run(margined(2), Settings::default(), &[FLAT, FLAT], buys(weight(percent))).reports();
    assert!(leveraged(200)[0].contains("buy"), "{:?}", leveraged(200));
    assert!(leveraged(201)[0].contains("is missing"), "{:?}", leveraged(201));
}

#[test]
fn fills_take_no_more_than_their_share_of_the_volume() {
    let settings = Settings { volume_cap: Some(Rate::percent(1)), ..Settings::default() };
    let expected = ["day 1 1 buy 10 at 103 in part", "day 2 1 buy 10 at 100 in part"];
    check("two bars of three", settings, units(25), &expected);
}

#[test]
fn orders_take_their_time() {
    let latency = |latency| Settings { latency, ..Settings::default() };
    check("a bar", latency(Latency::Bars(1)), units(1), &["day 2 1 buy 1 at 100"]);
    // It arrives after the open of day 1: of that day only the close is known to come later.
    check("a second", latency(Latency::Time(Span::SECOND)), units(1), &["day 2 1 buy 1 at 104"]);
}

#[test]
fn the_target_comes_first_where_one_asks_for_it() {
    let settings = Settings { intrabar: Intrabar::TargetFirst, ..Settings::default() };
    let bracket = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.bracket(Ticket::buy(units(10)), p(95.0), p(110.0));
        }
    };
    let run = run(stock(), settings, &[FLAT, [100.0, 111.0, 94.0, 96.0]], bracket);
    let expected = ["accepted 2", "accepted 3", "day 1 1 buy 10 at 100", "day 1 3 sell 10 at 110", "cancelled 2 Group"];
    assert_eq!(run.reports(), expected);
}

fn margined(leverage: i64) -> Instrument {
    let initial = Rate::from_nanos(Rate::ONE.nanos() / leverage);
    let margin = Margin { initial, maintenance: Rate::from_nanos(initial.nanos() / 2) };
    instrument("BTC/USD:USD", Rules { margin, ..Rules::default() })
}

#[test]
fn a_position_is_liquidated_at_the_price_that_breaks_its_margin() {
    // 10,000 buy 1,000 contracts at 100 with ten times leverage. Equity 10,000 - 1,000 x (100 - p) meets 5 % of
    // 1,000 x p at p = 90,000 / 950 = 94.736842105…
    let falls = [FLAT, FLAT, [99.0, 100.0, 90.0, 91.0]];
    let run_over = |prices: &[[f64; 4]]| run(margined(10), Settings::default(), prices, buys(units(1_000)));
    let liquidated = run_over(&falls);
    assert_eq!(liquidated.reports(), ["day 1 1 buy 1000 at 100", "day 2 liquidation sell 1000 at 94.736842105"]);
    assert_eq!(liquidated.engine_equity.to_string(), "4736.842105");
    let gap = run_over(&[FLAT, FLAT, [92.0, 93.0, 91.0, 92.0]]);
    assert_eq!(gap.reports(), ["day 1 1 buy 1000 at 100", "day 2 liquidation sell 1000 at 92"]);
}

#[test]
fn shorts_pay_interest_and_perpetuals_pay_funding() {
    let sells = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.sell(units(50));
        }
    };
    let settings = Settings { allow_short: true, borrow_rate: Rate::percent(365), ..Settings::default() };
    let short = run(stock(), settings, &[FLAT, FLAT, FLAT, FLAT], sells);
    // 365 % a year is 1 % a day of 5,000.
    assert_eq!(short.reports(), ["day 1 1 sell 50 at 100", "day 2 Interest 50", "day 3 Interest 50"]);
    assert_eq!(short.engine_equity.to_string(), "9900");
    let schedule = vec![(Time::EPOCH + Span::from_seconds(2 * 86_400 - 3_600), Rate::percent(1))];
    let funding = vec![Funding { instrument: Some(InstrumentId(0)), schedule, ..Funding::default() }];
    let settings = Settings { funding, ..Settings::default() };
    let long = run(margined(1), settings, &[FLAT, FLAT, FLAT], buys(units(50)));
    assert_eq!(long.reports(), ["day 1 1 buy 50 at 100", "day 1 Funding 50"]);
    assert_eq!(long.engine_equity.to_string(), "9950");
}

#[test]
fn dividends_and_splits_change_no_worth_that_they_should_not() {
    let day = |day: i64| Time::EPOCH + Span::from_seconds(86_400 * day);
    let id = InstrumentId(0);
    let actions = vec![
        (day(2), id, CorporateAction::Dividend(Dividend::at_once(Cash::whole(2)))),
        (day(3), id, CorporateAction::Split(Rate::from_nanos(4_000_000_000))),
    ];
    let settings = Settings { actions, ..Settings::default() };
    let quarter = [25.0, 25.25, 24.75, 25.0];
    let run = run(stock(), settings, &[FLAT, FLAT, FLAT, quarter], buys(units(50)));
    assert_eq!(run.reports(), ["day 1 1 buy 50 at 100", "day 2 Dividends -100", "split 4"]);
    let equity: Vec<String> = run.equity.iter().map(ToString::to_string).collect();
    assert_eq!(equity, ["10000", "10000", "10100", "10100"]);
}

#[test]
fn futures_settle_at_their_expiry() {
    let rules = Rules { multiplier: Quantity::whole(50), margin: margined(20).rules().margin, ..Rules::default() };
    let future = instrument("ES-19700103", rules);
    let run = run(future, Settings::default(), &[FLAT, FLAT, RISE, RISE], buys(units(1)));
    assert_eq!(run.reports(), ["day 1 1 buy 1 at 100", "day 3 expiry sell 1 at 104"]);
    assert_eq!(run.engine_equity.to_string(), "10200");
}

#[test]
fn a_cap_keeps_whole_lots() {
    // 1 % of 1,000 units is ten; with a lot of three, nine.
    let rules = Rules { lot: Quantity::whole(3), ..Rules::default() };
    let settings = Settings { volume_cap: Some(Rate::percent(1)), ..Settings::default() };
    let run = run(instrument("AAPL", rules), settings, &[FLAT, RISE, FLAT], buys(units(12)));
    assert_eq!(run.reports(), ["day 1 1 buy 9 at 103 in part", "day 2 1 buy 3 at 100"]);
}

#[test]
fn protection_that_fills_ends_what_was_left_of_its_entry() {
    // A stop closed the part of an entry that had filled, and the rest went on buying without protection.
    let settings = Settings { volume_cap: Some(Rate::percent(1)), ..Settings::default() };
    let bracket = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.bracket(Ticket::buy(units(30)), p(95.0), p(120.0));
        }
    };
    let run = run(stock(), settings, &[FLAT, FLAT, [90.0, 91.0, 89.0, 90.0], FLAT, FLAT, FLAT, FLAT], bracket);
    // The gap of day 2 touches the stop, and the entry has taken the volume: the stop is a market order from then on.
    let reports = run.reports();
    assert_eq!(reports[2..4], ["day 1 1 buy 10 at 100 in part", "day 2 1 buy 10 at 90 in part"]);
    let sold = reports.iter().position(|line| line.contains("sell")).unwrap();
    assert!(!reports[sold..].iter().any(|line| line.contains("buy")), "{reports:?}");
}

#[test]
fn an_order_does_not_fill_at_a_close_after_its_time() {
    // What a cap left of it filled at the next close, twelve hours after the instant until which it was good.
    let settings = Settings { fill: FillPrice::SameClose, volume_cap: Some(Rate::percent(1)), ..Settings::default() };
    let until = Time::EPOCH + Span::from_seconds(36 * 3_600);
    let buy = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.send(Ticket::buy(units(30)).time_in_force(TimeInForce::Gtd(until)));
        }
    };
    let reports = run(stock(), settings, &[FLAT, FLAT, FLAT, FLAT], buy).reports();
    assert_eq!(reports, ["day 1 1 buy 10 at 100 in part", "day 1 1 buy 10 at 100 in part", "expired 1"]);
}

#[test]
fn a_turn_that_ends_halfway_leaves_no_protection_asleep() {
    // The cap let the turn close, it was withdrawn before it opened, and its stop slept at the venue for ever.
    let settings = Settings { volume_cap: Some(Rate::percent(1)), allow_short: true, ..Settings::default() };
    let turn = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(10)),
        1 => {
            let turn = context.send(Ticket::sell(Size::TargetUnits(Quantity::whole(-10))));
            context.send(Ticket::buy(Size::Close).stop(p(110.0)).reduce_only().after(turn));
        }
        2 => context.cancel(qframe_model::ids::OrderId(2)),
        _ => {}
    };
    let run = run(stock(), settings, &[FLAT, FLAT, FLAT, FLAT], turn);
    let reports = run.reports();
    assert_eq!(
        reports[1..],
        ["accepted 3", "day 2 2 sell 10 at 100 in part", "cancelled 2 Requested", "cancelled 3 Parent"]
    );
}

#[test]
fn a_position_opened_at_the_close_has_seen_no_range() {
    let settings = Settings { fill: FillPrice::SameClose, ..Settings::default() };
    let trade = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(1)),
        1 => _ = context.close(),
        _ => {}
    };
    let wide = [100.0, 150.0, 50.0, 100.0];
    let mut simulator = crate::script::simulator(crate::script::Script(0, trade), stock(), settings);
    for bar in bars(&[wide, [100.0, 102.0, 99.0, 101.0]]) {
        simulator.bar(qframe_model::ids::SeriesId(0), &bar).unwrap();
    }
    let trade = simulator.engine().trades()[0];
    assert_eq!((trade.low, trade.high), (p(99.0), p(102.0)));
}

#[test]
fn a_position_that_breaks_inside_the_range_never_reaches_its_target() {
    // The bar spans the price that breaks the margin and the target; which came first is not known.
    let exits = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(1_000)),
        1 => _ = context.send(Ticket::sell(Size::Close).reduce_only().limit(p(110.0))),
        _ => {}
    };
    let spans = [FLAT, FLAT, [99.0, 111.0, 90.0, 100.0]];
    let over = |intrabar| run(margined(10), Settings { intrabar, ..Settings::default() }, &spans, exits).reports();
    let begun = ["day 1 1 buy 1000 at 100", "accepted 2"];
    let stop_first = over(Intrabar::StopFirst);
    assert_eq!(stop_first[..2], begun);
    assert_eq!(stop_first[2], "day 2 liquidation sell 1000 at 94.736842105");
    assert!(!stop_first.iter().any(|line| line.contains("at 110")), "{stop_first:?}");
    assert_eq!(over(Intrabar::TargetFirst)[2..], ["day 2 2 sell 1000 at 110"]);
}

#[test]
fn a_tier_is_lost_after_a_pause_of_thirty_days() {
    let tier = |from, taker| Tier { from: Cash::whole(from), maker: Rate::ZERO, taker: Rate::percent(taker) };
    let fees = Fees::Tiered([tier(0, 2), tier(1_000, 1)].into());
    let trades = |day: usize, context: &mut Context<'_>| {
        if [0, 1, 30, 61].contains(&day) {
            context.buy(units(10));
        }
    };
    let run = run(stock(), Settings { fees, ..Settings::default() }, &[[100.0; 4]; 64], trades);
    let fees: Vec<(i64, String)> = run
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Reported(Report::Filled { fill, .. }) => Some((fill.time.day(), fill.fee.to_string())),
            _ => None,
        })
        .collect();
    let expected = [(1, "20"), (2, "10"), (31, "10"), (62, "20")].map(|(day, fee)| (day, fee.to_owned()));
    // On day 31 what was traded on day 2 still counts; on day 62 nothing of the last thirty days does.
    assert_eq!(fees, expected);
}

#[test]
fn a_fee_may_take_everything() {
    let fees = Fees::flat(Rate::ONE);
    let trade = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(Size::Equity(Rate::ONE)),
        1 => _ = context.close(),
        _ => {}
    };
    let run = run(stock(), Settings { fees, ..Settings::default() }, &[[100.0; 4]; 3], trade);
    assert_eq!(run.reports(), ["day 1 1 buy 50 at 100", "day 2 2 sell 50 at 100"]);
    assert_eq!(run.equity.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10000", "5000", "0"]);
}
