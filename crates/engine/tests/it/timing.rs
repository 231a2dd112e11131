//! When a fill happens, and what is late.
use std::sync::Arc;

use qframe_engine::venue::{Fees, FillPrice, Latency, Sessions, Settings, SimVenue};
use qframe_engine::{AtEnd, Context, Engine, EngineSetup, Keep, RiskControl, Series, Simulator, Sizing, Ticket};
use qframe_model::currency::Currency;
use qframe_model::event::{Event, Header, Report};
use qframe_model::ids::{InstrumentId, SeriesId};
use qframe_model::instrument::Instrument;
use qframe_model::market::Bar;
use qframe_model::number::{Cash, Quantity, Rate, Volume};
use qframe_model::order::{OrderKind, Size, TimeInForce};
use qframe_model::time::{Span, Time, TimeFrame};

use crate::script::{Script, bars, p, run_with, simulator, stock};
use crate::several::units;

const FLAT: [f64; 4] = [100.0, 101.0, 99.0, 100.0];
const RISE: [f64; 4] = [103.0, 105.0, 102.0, 104.0];

fn one(ticket: Ticket) -> impl Fn(usize, &mut Context<'_>) {
    move |day, context| {
        if day == 0 {
            context.send(ticket);
        }
    }
}

fn check(what: &str, settings: &Settings, prices: &[[f64; 4]], ticket: Ticket, expected: &[&str]) {
    assert_eq!(run_with(stock(), settings.clone(), &bars(prices), one(ticket)).reports(), expected, "{what}");
}

fn after_a_second() -> Settings {
    Settings { latency: Latency::Time(Span::SECOND), ..Settings::default() }
}

#[test]
fn an_order_on_its_way_misses_the_close_it_was_decided_on() {
    let at_close = |latency| Settings { fill: FillPrice::SameClose, latency, ..Settings::default() };
    let buy = Ticket::buy(units(1));
    let prices = [FLAT, RISE, FLAT];
    check("no latency", &at_close(Latency::None), &prices, buy, &["day 1 1 buy 1 at 100"]);
    check("a second", &at_close(Latency::Time(Span::SECOND)), &prices, buy, &["day 2 1 buy 1 at 104"]);
    check("a day", &at_close(Latency::Time(Span::from_seconds(86_400))), &prices, buy, &["day 2 1 buy 1 at 104"]);
    check("a bar", &at_close(Latency::Bars(1)), &prices, buy, &["day 2 1 buy 1 at 104"]);
}

#[test]
fn immediate_orders_that_arrive_late_meet_the_close() {
    let buy = |limit, time_in_force| Ticket::buy(units(20)).limit(p(limit)).time_in_force(time_in_force);
    let prices = [FLAT, RISE, FLAT];
    let late = |what: &str, ticket, expected: &[&str]| check(what, &after_a_second(), &prices, ticket, expected);
    late("ioc", buy(104.0, TimeInForce::Ioc), &["accepted 1", "day 2 1 buy 20 at 104"]);
    late("ioc below", buy(103.5, TimeInForce::Ioc), &["accepted 1", "cancelled 1 Immediate"]);
    late("fok", buy(104.0, TimeInForce::Fok), &["accepted 1", "day 2 1 buy 20 at 104"]);
    let refused = "rejected 1: fill-or-kill, and it cannot fill whole";
    late("fok below", buy(103.5, TimeInForce::Fok), &["accepted 1", refused]);
    let capped = Settings { volume_cap: Some(Rate::percent(1)), ..after_a_second() };
    let part = ["accepted 1", "day 2 1 buy 10 at 104 in part", "cancelled 1 Immediate"];
    let [ioc, fok] = [TimeInForce::Ioc, TimeInForce::Fok].map(|life| buy(104.0, life));
    check("ioc in part", &capped, &prices, ioc, &part);
    check("fok in part", &capped, &prices, fok, &["accepted 1", refused]);
}

/// An order that arrived inside a bar was cancelled at that bar's opening: before it was there.
#[test]
fn what_arrives_late_ends_no_earlier() {
    let ioc = Ticket::buy(units(1)).limit(p(90.0)).time_in_force(TimeInForce::Ioc);
    let run = run_with(stock(), after_a_second(), &bars(&[FLAT, RISE]), one(ioc));
    let ended = run.events.iter().find_map(|event| match event {
        Event::Reported(Report::Cancelled { time, .. }) => Some(*time),
        _ => None,
    });
    assert_eq!(ended, Some(Time::from_seconds(2 * 86_400)));
}

#[test]
fn what_closes_at_the_end_says_when() {
    let check = |fill, at_end, entry_day: usize, expected: &str| {
        let enter = move |day: usize, context: &mut Context<'_>| {
            if day == entry_day {
                context.buy(units(1));
            }
        };
        let settings = Settings { fill, ..Settings::default() };
        let mut simulator = simulator(Script(0, enter), stock(), settings);
        let bars = bars(&[FLAT, FLAT, RISE]);
        for bar in &bars {
            simulator.bar(SeriesId(0), bar).unwrap();
        }
        simulator.end(at_end, &[(SeriesId(0), &bars[2])]).unwrap();
        let trades = simulator.engine().trades().iter();
        let trades: Vec<_> = trades.map(|trade| format!("{:#} {}", trade.exit_time, trade.exit_price)).collect();
        let expected: Vec<&str> = expected.split_terminator(',').collect();
        assert_eq!(trades, expected, "{fill:?}, {at_end:?}, entered on day {entry_day}");
    };
    // At the close that was decided on: a position can begin at the very end.
    let close = FillPrice::SameClose;
    check(close, AtEnd::Keep, 0, "");
    check(close, AtEnd::CloseAtClose, 0, "1970-01-04 104");
    check(close, AtEnd::CloseAtOpen, 0, "1970-01-03 103");
    // The last open was before the entry.
    check(close, AtEnd::CloseAtOpen, 2, "1970-01-04 104");
    check(FillPrice::Worst, AtEnd::CloseAtOpen, 1, "1970-01-04 104");
    check(FillPrice::Worst, AtEnd::CloseAtOpen, 0, "1970-01-03 103");
}

#[test]
fn a_gap_fills_resting_orders_at_the_open() {
    let gap = [97.0, 98.5, 96.0, 98.0];
    let fee = Settings { fees: Fees::Percent { maker: Rate::ZERO, taker: Rate::percent(1) }, ..Settings::default() };
    let check = |what: &str, prices: &[[f64; 4]], ticket: Ticket, expected: &[&str], paid: &str| {
        let run = run_with(stock(), fee.clone(), &bars(prices), one(ticket));
        assert_eq!(run.reports(), expected, "{what}");
        let fee = run.events.iter().find_map(|event| match event {
            Event::Reported(Report::Filled { fill, .. }) => Some(fill.fee.to_string()),
            _ => None,
        });
        assert_eq!(fee.as_deref(), Some(paid), "{what}");
    };
    let iceberg = Ticket::buy(units(10)).kind(OrderKind::Iceberg { limit: p(98.0), display: Quantity::whole(2) });
    let post_only = Ticket::buy(units(10)).limit(p(98.0)).post_only();
    let filled = ["accepted 1", "day 1 1 buy 10 at 97"];
    check("post-only makes", &[FLAT, gap], post_only, &filled, "0");
    check("an iceberg that has just come takes", &[FLAT, gap], iceberg, &filled, "9.7");
    let filled = ["accepted 1", "day 2 1 buy 10 at 97"];
    check("post-only rests", &[FLAT, FLAT, gap], post_only, &filled, "0");
    check("an iceberg that rests makes", &[FLAT, FLAT, gap], iceberg, &filled, "0");
    let touched = ["accepted 1", "day 1 1 buy 10 at 98"];
    check("an iceberg that is touched makes", &[FLAT, [99.0, 99.5, 97.0, 98.0]], iceberg, &touched, "0");
}

#[test]
fn nothing_fills_on_a_bar_without_volume() {
    let settings = Settings { volume_cap: Some(Rate::percent(10)), ..Settings::default() };
    let still: Vec<Bar> = bars(&[FLAT, RISE, FLAT])
        .into_iter()
        .enumerate()
        .map(|(day, bar)| if day == 1 { Bar { volume: Volume::ZERO, ..bar } } else { bar })
        .collect();
    let check = |what: &str, ticket: Ticket, expected: &[&str]| {
        assert_eq!(run_with(stock(), settings.clone(), &still, one(ticket)).reports(), expected, "{what}");
    };
    let buy = Ticket::buy(units(5));
    check("it waits", buy, &["day 2 1 buy 5 at 100"]);
    check("ioc does not", buy.time_in_force(TimeInForce::Ioc), &["cancelled 1 Immediate"]);
    let refused = "rejected 1: fill-or-kill, and it cannot fill whole";
    check("nor does fok", buy.time_in_force(TimeInForce::Fok), &[refused]);
}

#[test]
fn orders_on_open_and_on_close_go_by_the_sessions() {
    // Four bars of six hours a day; the session is from noon to six in the evening of the day, and the day after is a holiday.
    let prices: Vec<[f64; 4]> = (0..12).map(|place| [100.0 + f64::from(place); 4]).collect();
    let hours = |count: i64| Time::EPOCH + Span::from_seconds(3_600 * count);
    let table = [(12, 18), (60, 66)].map(|(open, close)| hours(open)..hours(close));
    let sessions = vec![Sessions { instrument: InstrumentId(0), table: table.into() }];
    let fills = |kind: OrderKind, sent: usize, sessions: Vec<Sessions>| {
        let bars: Vec<Bar> = bars(&prices)
            .into_iter()
            .enumerate()
            .map(|(place, bar)| Bar { time: hours(6 * place as i64), ..bar })
            .collect();
        let settings = Settings { sessions, ..Settings::default() };
        let ticket = Ticket::buy(Size::Units(Quantity::ONE)).kind(kind);
        run_of(TimeFrame::from_seconds(6 * 3_600).unwrap(), settings, &bars, move |bar, context| {
            if bar == sent {
                context.send(ticket);
            }
        })
    };
    assert_eq!(fills(OrderKind::MarketOnOpen, 0, sessions.clone()), ["buy 1 at 102 at hour 12"]);
    assert_eq!(fills(OrderKind::MarketOnOpen, 2, sessions.clone()), ["buy 1 at 110 at hour 60"], "after the holiday");
    assert_eq!(fills(OrderKind::MarketOnClose, 0, sessions.clone()), ["buy 1 at 102 at hour 18"]);
    assert_eq!(fills(OrderKind::MarketOnClose, 3, sessions), ["buy 1 at 110 at hour 66"]);
    assert_eq!(fills(OrderKind::MarketOnOpen, 0, Vec::new()), ["buy 1 at 104 at hour 24"], "days in UTC");
    assert_eq!(fills(OrderKind::MarketOnClose, 0, Vec::new()), ["buy 1 at 103 at hour 24"]);
}

/// The fills of a script over bars of any length.
fn run_of(
    frame: TimeFrame,
    settings: Settings,
    bars: &[Bar],
    script: impl FnMut(usize, &mut Context<'_>),
) -> Vec<String> {
    let instruments: Arc<[Instrument]> = Arc::new([stock()]);
    let venue = SimVenue::new(settings, &instruments);
    let series = vec![Series { instrument: InstrumentId(0), frame, matched: true }];
    let setup =
        EngineSetup { instruments, series, reporting: Currency::USD, sizing: Sizing::default(), keep: Keep::All };
    let mut simulator = Simulator::new(Engine::new(Script(0, script), RiskControl::default(), setup).unwrap(), venue);
    simulator.start(Time::EPOCH, Header::default(), Cash::whole(10_000)).unwrap();
    bars.iter().for_each(|bar| _ = simulator.bar(SeriesId(0), bar).unwrap());
    let fill = |event: Event| match event {
        Event::Reported(Report::Filled { fill, .. }) => {
            let hour = fill.time.since(Time::EPOCH).nanos() / 3_600_000_000_000;
            Some(format!("{} {} at {} at hour {hour}", fill.side, fill.quantity, fill.price))
        }
        _ => None,
    };
    simulator.engine().journal().iter().filter_map(|event| fill(event.unwrap())).collect()
}

/// Protection of an entry at the worst price filled at the open, which was before it.
#[test]
fn what_wakes_at_the_worst_price_does_not_meet_the_open() {
    let worst = Settings { fill: FillPrice::Worst, allow_short: true, ..Settings::default() };
    // Its worst price is 108 for a purchase, 98 for a sale.
    let bar = [104.0, 108.0, 98.0, 105.0];
    let guarded = |entry: Ticket, exit: Ticket, expected: &[&str]| {
        let script = |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                let entry = context.send(entry);
                context.send(exit.reduce_only().after(entry));
            }
        };
        let run = run_with(stock(), worst.clone(), &bars(&[FLAT, bar, FLAT, FLAT]), script);
        assert_eq!(run.reports()[1..], *expected, "{exit:?}");
    };
    let (buy, sell) = (Ticket::buy(units(1)), Ticket::sell(units(1)));
    guarded(buy, sell.limit(p(103.0)), &["day 1 1 buy 1 at 108", "day 1 2 sell 1 at 108"]);
    guarded(buy, sell.limit(p(108.5)), &["day 1 1 buy 1 at 108"]);
    guarded(buy, sell.stop(p(105.0)), &["day 1 1 buy 1 at 108", "day 1 2 sell 1 at 105"]);
    guarded(buy, sell.stop(p(97.0)), &["day 1 1 buy 1 at 108"]);
    guarded(sell, buy.limit(p(103.0)), &["day 1 1 sell 1 at 98", "day 1 2 buy 1 at 98"]);
    guarded(sell, buy.limit(p(97.0)), &["day 1 1 sell 1 at 98"]);
    guarded(sell, buy.stop(p(103.0)), &["day 1 1 sell 1 at 98", "day 1 2 buy 1 at 103"]);
}
