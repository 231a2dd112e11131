//! A contract ends at its settlement, and what was ordered of it ends with it.
use qframe_engine::venue::{Latency, Settings};
use qframe_engine::{AtEnd, Context, Ticket};
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::instrument::{Instrument, Margin, Rules};
use qframe_model::market::Bar;
use qframe_model::number::Rate;
use qframe_model::order::TimeInForce;
use qframe_model::time::{Span, Time};

use crate::script::{FLAT, bars, instrument, p, run_with};
use crate::several::{run_several, units};
use crate::ticks::{buy, drive, line, ms, on, quote};

fn contract(symbol: &str) -> Instrument {
    let margin = Margin { initial: Rate::percent(5), maintenance: Rate::percent(2) };
    instrument(symbol, Rules { margin, ..Rules::default() })
}

const LOWER: [f64; 4] = [90.0; 4];

/// Settles at the close of day 2; what would fill comes on day 3.
fn check(what: &str, settings: Settings, days: &[Bar], tickets: &[Ticket], expected: &[&str]) {
    let sends = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            tickets.iter().for_each(|ticket| _ = context.send(*ticket));
        }
    };
    let run = run_with(contract("ES-19700103"), settings, days, sends);
    let reports = run.reports().into_iter().filter(|line| !line.starts_with("accepted"));
    assert_eq!(reports.collect::<Vec<_>>(), expected, "{what}");
}

/// A limit that rested filled days after the settlement, and was settled once more.
#[test]
fn a_contract_takes_its_orders_along() {
    let days = bars(&[FLAT, FLAT, FLAT, LOWER, LOWER]);
    let (buys, rests) = (Ticket::buy(units(1)), Ticket::buy(units(1)).limit(p(95.0)));
    let settled = ["day 1 1 buy 1 at 100", "day 3 expiry sell 1 at 100", "cancelled 2 Settled"];
    check("with a position", Settings::default(), &days, &[buys, rests], &settled);
    check("without", Settings::default(), &days, &[rests], &["cancelled 1 Settled"]);
    let stop = Ticket::sell(units(1)).stop(p(92.0)).reduce_only();
    let child = stop.after(OrderId(1));
    let both = ["cancelled 1 Settled", "cancelled 2 Parent"];
    check("with its children", Settings::default(), &days, &[rests, child], &both);
    let slow = |latency| Settings { latency, ..Settings::default() };
    check("on its way", slow(Latency::Bars(3)), &days, &[buys], &["cancelled 1 Settled"]);
    let days_later = Latency::Time(Span::from_seconds(86_400 * 3));
    check("on its way", slow(days_later), &days, &[buys], &["cancelled 1 Settled"]);
    // No bar ends at the expiry: the contract has ended when the next one opens, at the last price that it had by then.
    let gap: Vec<Bar> = days.iter().filter(|bar| bar.time.day() != 2).copied().collect();
    check("over a gap", Settings::default(), &gap, &[buys, rests], &settled);
    let expired = ["day 1 1 buy 1 at 100", "expired 2", "day 3 expiry sell 1 at 100"];
    let until = rests.time_in_force(TimeInForce::Gtd(Time::from_seconds(86_400 * 2)));
    check("that expired before", Settings::default(), &days, &[buys, until], &expired);
}

/// Of several instruments only its own orders go, whoever's clock it was.
#[test]
fn a_settlement_ends_no_other_orders() {
    let rest = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            for id in [0, 1].map(InstrumentId) {
                context.send(Ticket::buy(units(1)).limit(p(95.0)).on(id));
            }
        }
    };
    let instruments = vec![instrument("AAPL", Rules::default()), contract("ES-19700103")];
    let days: [&[[f64; 4]]; 2] = [&[FLAT, FLAT, FLAT, LOWER], &[FLAT, FLAT]];
    let run = run_several(instruments, Settings::default(), &days, rest);
    assert_eq!(run.reports(), ["accepted 1", "accepted 2", "cancelled 2 Settled", "day 3 1 buy 1 at 90"]);
}

#[test]
fn on_ticks_it_takes_them_along_as_well() {
    let day = 86_400_000;
    let lower = |time| quote(time, (90.0, 5), (91.0, 5));
    let ticks = [quote(1, (99.0, 5), (101.0, 5)), lower(day), lower(day + 5)];
    let check = |what: &str, latency: Span, tickets: &[Ticket], expected: &[&str]| {
        let settings = Settings { latency: Latency::Time(latency), ..Settings::default() };
        let mut simulator = drive(contract("ES-19700101"), settings, &ticks, Time::MAX, on(0, tickets.to_vec()));
        simulator.end(AtEnd::Keep).unwrap();
        let events = simulator.engine().journal().iter().filter_map(|event| line(&event.unwrap()));
        assert_eq!(events.collect::<Vec<_>>(), expected, "{what}");
    };
    let rests = buy(1).limit(p(95.0));
    let settled =
        ["1 1 buy 1 at 101 as Taker", "1 2 rests", "86400000 forced sell 1 at 90.5", "86400000 2 cancelled: Settled"];
    check("with a position", ms(0), &[buy(1), rests], &settled);
    check("without", ms(0), &[rests], &["1 1 rests", "86400000 1 cancelled: Settled"]);
    check("on its way", ms(day), &[rests], &["86400001 1 cancelled: Settled"]);
}
