//! Matching on trades, quotes and books: who fills when, at which price, and who knows of it when.
use std::sync::Arc;

use qframe_engine::venue::{Latency, Queue, Settings, SimVenue};
use qframe_engine::{
    AtEnd, Context, Engine, EngineSetup, Keep, Limits, Market, RiskControl, Sizing, Strategy, TickSimulator, Ticket,
};
use qframe_model::account::Account;
use qframe_model::currency::Currency;
use qframe_model::event::{Event, Header, Report};
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::{Instrument, Margin, Rules};
use qframe_model::market::{BookChange, BookDelta, Level, Quote, Side, Tick, Trade};
use qframe_model::number::{Cash, Quantity, Rate, Volume};
use qframe_model::order::{OrderKind, Size, TimeInForce, Trail};
use qframe_model::time::{Span, Time};

use crate::script::p;

pub(crate) const ID: InstrumentId = InstrumentId(0);

pub(crate) fn at(ms: i64) -> Time {
    Time::EPOCH + Span::from_nanos(ms * 1_000_000)
}

pub(crate) const fn ms(count: i64) -> Span {
    Span::from_nanos(count * 1_000_000)
}

fn level(price: f64, quantity: u64) -> Level {
    Level { price: p(price), quantity: Volume::from_digits(quantity, 0).unwrap() }
}

pub(crate) fn units(count: i128) -> Quantity {
    Quantity::from_nanos(count * 1_000_000_000)
}

fn delta(time: i64, side: Side, price: f64, quantity: u64) -> Tick {
    let change = BookChange::Level(side, level(price, quantity));
    Tick::Book(BookDelta { time: at(time), received: at(time), sequence: 1, change, last: true })
}

pub(crate) fn bid(time: i64, price: f64, quantity: u64) -> Tick {
    delta(time, Side::Buy, price, quantity)
}

pub(crate) fn ask(time: i64, price: f64, quantity: u64) -> Tick {
    delta(time, Side::Sell, price, quantity)
}

pub(crate) fn trade(time: i64, side: Side, price: f64, quantity: u64) -> Tick {
    let Level { price, quantity } = level(price, quantity);
    Tick::Trade(Trade { time: at(time), received: at(time), id: 0, price, quantity, side })
}

pub(crate) fn quote(time: i64, bid: (f64, u64), ask: (f64, u64)) -> Tick {
    Tick::Quote(Quote { time: at(time), received: at(time), bid: level(bid.0, bid.1), ask: level(ask.0, ask.1) })
}

/// The same, known here so much later.
pub(crate) fn late(tick: Tick, span: Span) -> Tick {
    match tick {
        Tick::Trade(trade) => Tick::Trade(Trade { received: trade.time + span, ..trade }),
        Tick::Quote(quote) => Tick::Quote(Quote { received: quote.time + span, ..quote }),
        Tick::Book(delta) => Tick::Book(BookDelta { received: delta.time + span, ..delta }),
    }
}

pub(crate) struct Script<F>(usize, F);

impl<F: FnMut(usize, &mut Context<'_>)> Strategy for Script<F> {
    fn on_market(&mut self, _market: &Market<'_>, context: &mut Context<'_>) {
        (self.1)(self.0, context);
        self.0 += 1;
    }
}

/// Runs a script over ticks: it is called with the number of each row that it sees. Gives the account and the events, each
/// with the milliseconds of the venue's clock.
pub(crate) fn run(
    settings: Settings,
    ticks: &[Tick],
    script: impl FnMut(usize, &mut Context<'_>),
) -> (Account, Vec<String>, String) {
    run_on(spot(), settings, ticks, script)
}

pub(crate) fn spot() -> Instrument {
    let rules = Rules { tick: p(0.5), lot: units(1), ..Rules::default() };
    Instrument::new("BTC/USD".parse().unwrap(), Currency::USD, rules).unwrap()
}

fn run_on(
    instrument: Instrument,
    settings: Settings,
    ticks: &[Tick],
    script: impl FnMut(usize, &mut Context<'_>),
) -> (Account, Vec<String>, String) {
    let mut simulator = drive(instrument, settings, ticks, Time::MAX, script);
    simulator.end(AtEnd::Keep).unwrap();
    let engine = simulator.into_engine();
    engine.account().ledger().check().unwrap();
    let hash = engine.journal().hash().to_string();
    let events = engine.journal().iter().filter_map(|event| line(&event.unwrap())).collect();
    (engine.account().clone(), events, hash)
}

/// Everything that happens and becomes known before an instant.
pub(crate) fn drive<F: FnMut(usize, &mut Context<'_>)>(
    instrument: Instrument,
    settings: Settings,
    ticks: &[Tick],
    until: Time,
    script: F,
) -> TickSimulator<Script<F>, RiskControl> {
    drive_within(Limits::default(), (instrument, settings), ticks, until, script)
}

/// As [`drive`], within limits.
pub(crate) fn drive_within<F: FnMut(usize, &mut Context<'_>)>(
    limits: Limits,
    (instrument, settings): (Instrument, Settings),
    ticks: &[Tick],
    until: Time,
    script: F,
) -> TickSimulator<Script<F>, RiskControl> {
    let instruments: Arc<[Instrument]> = Arc::new([instrument]);
    let venue = SimVenue::new(settings, &instruments);
    let setup = EngineSetup {
        instruments,
        series: Vec::new(),
        reporting: Currency::USD,
        sizing: Sizing::default(),
        keep: Keep::All,
    };
    let engine = Engine::new(Script(0, script), RiskControl::from(limits), setup).unwrap();
    let mut simulator = TickSimulator::new(engine, venue, vec![ID]);
    simulator.start(at(0), Header::default(), Cash::whole(10_000)).unwrap();
    let mut moments: Vec<_> = ticks.iter().map(|tick| (tick.time(), 0, tick)).collect();
    moments.extend(ticks.iter().map(|tick| (tick.received(), 1, tick)));
    moments.sort_by_key(|(time, place, _)| (*time, *place));
    for (_, place, tick) in moments.into_iter().filter(|(time, ..)| *time < until) {
        if place == 0 { simulator.happen(ID, tick).unwrap() } else { simulator.tick(ID, tick).unwrap() }
    }
    simulator
}

pub(crate) fn line(event: &Event) -> Option<String> {
    let Event::Reported(report) = event else {
        return match event {
            Event::Refused { order, refusal } => Some(format!("refused {}: {refusal}", order.id)),
            Event::ReportRefused { refusal, .. } => Some(format!("not applied: {refusal}")),
            _ => None,
        };
    };
    let time = report.time().since(Time::EPOCH).nanos() / 1_000_000;
    Some(match report {
        Report::Filled { fill, done } => {
            let rest = if *done { "" } else { ", more to come" };
            format!(
                "{time} {} {} {} at {} as {:?}{rest}",
                fill.order, fill.side, fill.quantity, fill.price, fill.liquidity
            )
        }
        Report::Accepted { order, .. } => format!("{time} {order} rests"),
        Report::Triggered { order, .. } => format!("{time} {order} triggers"),
        Report::Cancelled { order, reason, .. } => format!("{time} {order} cancelled: {reason:?}"),
        Report::Rejected { order, refusal, .. } => format!("{time} {order} rejected: {refusal}"),
        Report::Expired { order, .. } => format!("{time} {order} expires"),
        Report::Forced(fill) => format!("{time} forced {} {} at {}", fill.side, fill.quantity, fill.price),
        other => format!("{time} {other:?}"),
    })
}

#[track_caller]
pub(crate) fn check(
    story: &str,
    settings: &Settings,
    ticks: &[Tick],
    script: impl FnMut(usize, &mut Context<'_>),
    expected: &[&str],
) {
    let (_, events, _) = run(settings.clone(), ticks, script);
    assert_eq!(events, expected, "{story}");
}

/// Sends tickets when the row of that number is seen.
pub(crate) fn on(row: usize, tickets: Vec<Ticket>) -> impl FnMut(usize, &mut Context<'_>) {
    move |seen, context| {
        if seen == row {
            tickets.iter().for_each(|ticket| _ = context.send(*ticket));
        }
    }
}

pub(crate) fn buy(count: i128) -> Ticket {
    Ticket::buy(Size::Units(units(count)))
}

pub(crate) fn sell(count: i128) -> Ticket {
    Ticket::sell(Size::Units(units(count)))
}

pub(crate) fn plain() -> Settings {
    Settings { allow_short: true, ..Settings::default() }
}

/// Bids 99 x 5 and 98 x 9; asks 101 x 2 and 102 x 3.
pub(crate) fn book() -> Vec<Tick> {
    vec![bid(1, 99.0, 5), bid(1, 98.0, 9), ask(1, 101.0, 2), ask(1, 102.0, 3)]
}

pub(crate) fn with(more: &[Tick]) -> Vec<Tick> {
    [book(), more.to_vec()].concat()
}

#[test]
fn orders_take_from_the_book_level_by_level() {
    let two = ["1 1 buy 2 at 101 as Taker, more to come", "1 1 buy 2 at 102 as Taker"];
    check("a market order walks", &plain(), &book(), on(3, vec![buy(4)]), &two);
    let limited = ["1 1 rests", "1 1 buy 2 at 101 as Taker, more to come"];
    check("a limit stops it", &plain(), &book(), on(3, vec![buy(4).limit(p(101.0))]), &limited);
    let ioc = ["1 1 rests", "1 1 buy 2 at 101 as Taker, more to come", "1 1 cancelled: Immediate"];
    let ticket = buy(4).limit(p(101.5)).time_in_force(TimeInForce::Ioc);
    check("immediate or cancel", &plain(), &book(), on(3, vec![ticket]), &ioc);
    let fok = buy(4).limit(p(101.0)).time_in_force(TimeInForce::Fok);
    let refused = "1 1 rejected: it cannot be filled whole at once";
    let (_, events, _) = run(plain(), &book(), on(3, vec![fok]));
    assert_eq!(events.len(), 2, "{events:?} {refused}");
    assert!(events[1].starts_with("1 1 rejected"), "{events:?}");
    let whole = buy(4).limit(p(102.0)).time_in_force(TimeInForce::Fok);
    let (account, _, _) = run(plain(), &book(), on(3, vec![whole]));
    assert_eq!(account.position(ID).quantity, units(4));
}

#[test]
fn what_we_took_stays_gone_until_the_level_is_shown_again() {
    let ticks = with(&[bid(2, 98.0, 8), ask(3, 101.0, 7), bid(4, 98.0, 9)]);
    let script = |row: usize, context: &mut Context<'_>| {
        if [3, 4, 5].contains(&row) {
            context.send(buy(2));
        }
    };
    let fills = ["1 1 buy 2 at 101 as Taker", "2 2 buy 2 at 102 as Taker", "3 3 buy 2 at 101 as Taker"];
    check("impact", &plain(), &ticks, script, &fills);
}

#[test]
fn a_resting_order_waits_for_its_turn() {
    let rest = || on(3, vec![buy(3).limit(p(99.0))]);
    let hit = |time, count| trade(time, Side::Sell, 99.0, count);
    check("five in front", &plain(), &with(&[hit(2, 5)]), rest(), &["1 1 rests"]);
    let part = ["1 1 rests", "2 1 buy 2 at 99 as Maker, more to come", "3 1 buy 1 at 99 as Maker"];
    check("the trade reaches it", &plain(), &with(&[hit(2, 7), hit(3, 4)]), rest(), &part);
    let whole = ["1 1 rests", "2 1 buy 3 at 99 as Maker"];
    check("a trade through the price", &plain(), &with(&[trade(2, Side::Sell, 98.5, 4)]), rest(), &whole);
    let small = ["1 1 rests", "2 1 buy 1 at 99 as Maker, more to come", "3 1 buy 2 at 99 as Maker"];
    let through = with(&[trade(2, Side::Sell, 98.5, 1), trade(3, Side::Sell, 99.0, 2)]);
    check("no more than that trade, and nobody is in front then", &plain(), &through, rest(), &small);
    check("the other side trades", &plain(), &with(&[trade(2, Side::Buy, 99.0, 50)]), rest(), &["1 1 rests"]);
    let came = ["1 1 rests", "2 1 buy 2 at 99 as Maker, more to come", "3 1 buy 1 at 99 as Maker"];
    check("the market comes to it", &plain(), &with(&[ask(2, 98.5, 2), ask(3, 98.5, 4)]), rest(), &came);
}

#[test]
fn queue_models_differ_in_who_withdrew() {
    let story = [bid(2, 99.0, 10), bid(3, 99.0, 6), trade(4, Side::Sell, 99.0, 5)];
    // Five in front, five come behind, four withdraw: were they in front or behind?
    let filled = |queue| {
        let (account, ..) = run(Settings { queue, ..plain() }, &with(&story), on(3, vec![buy(9).limit(p(99.0))]));
        account.position(ID).quantity.nanos() / 1_000_000_000
    };
    assert_eq!(filled(Queue::RiskAverse), 0, "all behind");
    assert_eq!(filled(Queue::TradesOnly), 0);
    assert_eq!(filled(Queue::ByDepth(1)), 2, "half of them: three are left in front");
    let thinner = [bid(2, 99.0, 2), trade(4, Side::Sell, 99.0, 5)];
    let filled = |queue| {
        let (account, ..) = run(Settings { queue, ..plain() }, &with(&thinner), on(3, vec![buy(9).limit(p(99.0))]));
        account.position(ID).quantity.nanos() / 1_000_000_000
    };
    assert_eq!(filled(Queue::RiskAverse), 3, "no more than the two that are shown stand in front");
    assert_eq!(filled(Queue::TradesOnly), 0, "five are thought to stand there");
    // What the trade took is not taken again when the level is shown.
    let twice = [trade(2, Side::Sell, 99.0, 2), bid(2, 99.0, 3), trade(4, Side::Sell, 99.0, 4)];
    let (account, ..) =
        run(Settings { queue: Queue::ByDepth(1), ..plain() }, &with(&twice), on(3, vec![buy(9).limit(p(99.0))]));
    assert_eq!(account.position(ID).quantity, units(1));
}

#[test]
fn words_take_their_time_both_ways() {
    let moved = with(&[ask(5, 101.0, 0), ask(20, 102.0, 9)]);
    let slow = Settings { latency: Latency::Time(ms(10)), answer: Latency::Time(ms(7)), ..plain() };
    // The ask at 101 is gone when the order arrives.
    check("the order arrives later", &slow, &moved, on(3, vec![buy(1)]), &["11 1 buy 1 at 102 as Taker"]);
    let mut known = Vec::new();
    let ticks = with(&[bid(12, 98.0, 1), bid(17, 98.0, 2), bid(18, 98.0, 3), bid(19, 98.0, 4)]);
    run(slow, &ticks, |row, context| {
        if row == 3 {
            context.send(buy(1));
        }
        known.push(context.position().quantity.is_zero());
    });
    assert_eq!(known, [true, true, true, true, true, true, false, false], "the fill of 11 is known from 18 on");
    let cancelled = |row: usize, context: &mut Context<'_>| match row {
        3 => _ = context.send(buy(2).limit(p(99.0))),
        4 => context.cancel(qframe_model::ids::OrderId(1)),
        _ => {}
    };
    let slow = Settings { latency: Latency::Time(ms(10)), ..plain() };
    let race = with(&[bid(12, 98.0, 1), trade(20, Side::Sell, 98.5, 1), bid(40, 98.0, 2)]);
    let part = ["11 1 rests", "20 1 buy 1 at 99 as Maker, more to come", "22 1 cancelled: Requested"];
    check("a cancellation that comes too late for a part", &slow, &race, cancelled, &part);
    let race = with(&[bid(12, 98.0, 1), trade(23, Side::Sell, 98.5, 1), bid(40, 98.0, 2)]);
    check("one in time", &slow, &race, cancelled, &["11 1 rests", "22 1 cancelled: Requested"]);
}

#[test]
fn latencies_are_measured_drawn_or_those_of_the_feed() {
    let fills = |latency: Latency, feed: Span| {
        let ticks: Vec<Tick> = with(&[bid(500, 98.0, 1)]).into_iter().map(|tick| late(tick, feed)).collect();
        run(Settings { latency, ..plain() }, &ticks, on(3, vec![buy(1)])).1
    };
    assert_eq!(fills(Latency::Feed, ms(30)), ["61 1 buy 1 at 101 as Taker"], "known at 31, there at 61");
    let recorded: Arc<[(Time, Span)]> = Arc::new([(at(5), ms(5)), (at(10), ms(50))]);
    let before = "6 1 buy 1 at 101 as Taker";
    assert_eq!(fills(Latency::Recorded(recorded.clone()), ms(0)), [before], "as the first one");
    assert_eq!(fills(Latency::Recorded(Arc::new([])), ms(0)), ["1 1 buy 1 at 101 as Taker"]);
    assert_eq!(fills(Latency::Recorded(recorded), ms(30)), ["81 1 buy 1 at 101 as Taker"]);
    let drawn = |seed| Latency::Drawn { quantiles: Arc::new([ms(1), ms(100), ms(400)]), seed };
    let all: Vec<_> = (0..20).map(|seed| fills(drawn(seed), ms(0))).collect();
    assert_eq!(all, (0..20).map(|seed| fills(drawn(seed), ms(0))).collect::<Vec<_>>(), "equal seeds, equal draws");
    assert!(all.iter().any(|events| *events != all[0]), "other seeds, other draws");
}

#[test]
fn quotes_alone_and_trades_alone_are_enough() {
    let quotes = [quote(1, (99.0, 5), (101.0, 2)), quote(2, (99.0, 5), (101.0, 3)), quote(3, (100.0, 5), (101.5, 9))];
    let part = [
        "1 1 buy 2 at 101 as Taker, more to come",
        "2 1 buy 3 at 101 as Taker, more to come",
        "3 1 buy 1 at 101.5 as Taker",
    ];
    check("quotes", &plain(), &quotes, on(0, vec![buy(6)]), &part);
    let trades = [trade(1, Side::Buy, 100.0, 1), trade(2, Side::Sell, 99.5, 1), trade(3, Side::Sell, 98.0, 1)];
    check("the next trade", &plain(), &trades, on(0, vec![buy(6)]), &["2 1 buy 6 at 99.5 as Taker"]);
    let rests = ["1 1 rests", "3 1 buy 1 at 99 as Maker, more to come"];
    check("through the limit", &plain(), &trades, on(0, vec![buy(2).limit(p(99.0))]), &rests);
    let touch = [trade(1, Side::Buy, 100.0, 1), trade(2, Side::Buy, 100.0, 1), trade(3, Side::Sell, 99.0, 9)];
    check("at the limit is not through it", &plain(), &touch, on(0, vec![buy(2).limit(p(99.0))]), &["1 1 rests"]);
    let capped = Settings { volume_cap: Some(Rate::percent(50)), ..plain() };
    let large = [trade(1, Side::Buy, 100.0, 1), trade(2, Side::Sell, 99.5, 4), trade(3, Side::Sell, 98.0, 8)];
    let halves = ["2 1 buy 2 at 99.5 as Taker, more to come", "3 1 buy 4 at 98 as Taker"];
    check("half of each trade", &capped, &large, on(0, vec![buy(6)]), &halves);
}

#[test]
fn triggers_wake_on_trades_where_there_are_any() {
    let ticks = with(&[trade(1, Side::Buy, 101.0, 1), trade(2, Side::Buy, 103.0, 1), bid(3, 98.0, 1)]);
    let stop = ["1 1 rests", "2 1 triggers", "2 1 buy 1 at 101 as Taker"];
    check("a stop", &plain(), &ticks, on(4, vec![buy(1).stop(p(102.5))]), &stop);
    let by_book = with(&[ask(2, 101.0, 0), ask(3, 102.0, 0), ask(3, 104.0, 5)]);
    let stop = ["1 1 rests", "3 1 triggers", "3 1 buy 1 at 104 as Taker"];
    check("by the ask where no trades are fed", &plain(), &by_book, on(3, vec![buy(1).stop(p(103.0))]), &stop);
    let alone = [
        trade(1, Side::Buy, 100.0, 1),
        trade(2, Side::Buy, 105.0, 1),
        trade(3, Side::Buy, 107.0, 1),
        trade(4, Side::Buy, 105.5, 1),
        trade(5, Side::Buy, 105.0, 1),
    ];
    let next = ["1 1 rests", "2 1 triggers", "3 1 buy 1 at 107 as Taker"];
    check("the trade that woke it is past", &plain(), &alone, on(0, vec![buy(1).stop(p(104.0))]), &next);
    let trailing = ["2 1 buy 1 at 105 as Taker", "1 2 rests", "4 2 triggers", "5 2 sell 1 at 105 as Taker"];
    let trail = sell(1).kind(OrderKind::TrailingStop(Trail::Distance(p(1.5))));
    let (_, mut events, _) = run(plain(), &alone, on(0, vec![buy(1), trail]));
    events.sort();
    let mut expected = trailing.map(str::to_owned);
    expected.sort();
    assert_eq!(events, expected, "it follows the trades");
}

#[test]
fn brackets_live_at_the_venue() {
    let ticks = with(&[bid(2, 99.0, 6), trade(5, Side::Sell, 97.0, 1), bid(6, 97.0, 9)]);
    let script = |row: usize, context: &mut Context<'_>| {
        if row == 3 {
            context.bracket(buy(2), p(97.5), p(110.0));
        }
    };
    let (account, events, _) = run(plain(), &ticks, script);
    assert!(account.position(ID).is_flat(), "{events:?}");
    assert!(events.contains(&"5 2 sell 2 at 99 as Taker".to_owned()), "{events:?}");
    assert!(events.iter().any(|event| event.starts_with("5 3 cancelled")), "{events:?}");
}

#[test]
fn post_only_and_expiry_hold_on_ticks() {
    let takes = buy(1).limit(p(101.0)).post_only();
    let (_, events, _) = run(plain(), &book(), on(3, vec![takes]));
    assert!(events[0].starts_with("1 1 rejected"), "{events:?}");
    let until = sell(1).limit(p(120.0)).time_in_force(TimeInForce::Gtd(at(5)));
    let ticks = with(&[bid(4, 98.0, 1), bid(6, 98.0, 2)]);
    check("good till a date", &plain(), &ticks, on(3, vec![until]), &["1 1 rests", "6 1 expires"]);
}

#[test]
fn an_iceberg_that_showed_its_part_goes_to_the_back() {
    let iceberg = buy(4).kind(OrderKind::Iceberg { limit: p(99.0), display: units(2) });
    let hits = with(&[trade(2, Side::Sell, 99.0, 9), bid(2, 99.0, 3), trade(3, Side::Sell, 99.0, 5)]);
    let parts = ["1 1 rests", "2 1 buy 2 at 99 as Maker, more to come", "3 1 buy 2 at 99 as Maker"];
    check("two and two", &plain(), &hits, on(3, vec![iceberg]), &parts);
}

/// An ask in tenths of a unit.
fn tenths(price: f64, count: u64) -> Tick {
    let level = Level { price: p(price), quantity: Volume::from_digits(count, 1).unwrap() };
    let change = BookChange::Level(Side::Sell, level);
    Tick::Book(BookDelta { time: at(1), received: at(1), sequence: 1, change, last: true })
}

#[test]
fn a_refused_order_takes_nothing_from_the_book() {
    let (_, events, _) = run(plain(), &book(), on(3, vec![buy(500), buy(1)]));
    assert_eq!(events[1], "1 2 buy 1 at 101 as Taker", "{events:?}");
}

#[test]
fn a_level_below_a_lot_does_not_end_what_fills_at_once() {
    let ioc = buy(3).time_in_force(TimeInForce::Ioc);
    check(
        "the next level has it",
        &plain(),
        &[tenths(100.0, 5), tenths(101.0, 50)],
        on(1, vec![ioc]),
        &["1 1 buy 3 at 101 as Taker"],
    );
    let fok = buy(3).time_in_force(TimeInForce::Fok);
    let (account, events, _) = run(plain(), &[tenths(100.0, 15), tenths(101.0, 15)], on(1, vec![fok]));
    assert!(account.position(ID).is_flat(), "one and a half twice are two lots: {events:?}");
    assert!(events.len() == 1 && events[0].starts_with("1 1 rejected"), "{events:?}");
}

#[test]
fn where_only_trades_are_fed_an_order_meets_the_first_one() {
    let trades = [trade(1, Side::Buy, 100.0, 1), trade(2, Side::Sell, 99.5, 1), trade(3, Side::Sell, 98.0, 1)];
    let first = "2 1 buy 2 at 99.5 as Taker";
    let limit = buy(2).limit(p(110.0));
    check("a limit far above", &plain(), &trades, on(0, vec![limit]), &["1 1 rests", first]);
    for time_in_force in [TimeInForce::Ioc, TimeInForce::Fok] {
        check("at once", &plain(), &trades, on(0, vec![buy(2).time_in_force(time_in_force)]), &[first]);
    }
    let (_, events, _) = run(plain(), &trades, on(0, vec![limit.post_only()]));
    assert!(events.len() == 1 && events[0].starts_with("1 1 rejected"), "{events:?}");
}

#[test]
fn a_cap_holds_for_trades_through_a_limit() {
    let capped = Settings { volume_cap: Some(Rate::percent(50)), ..plain() };
    // Half of one unit is less than a lot.
    let ticks = with(&[trade(2, Side::Sell, 98.0, 4), trade(3, Side::Sell, 98.0, 1), trade(4, Side::Sell, 98.0, 9)]);
    let parts = ["1 1 rests", "2 1 buy 2 at 99 as Maker, more to come", "4 1 buy 1 at 99 as Maker"];
    check("half of each trade", &capped, &ticks, on(3, vec![buy(3).limit(p(99.0))]), &parts);
}

#[test]
fn an_order_whose_time_ran_out_on_its_way_fills_nothing() {
    let slow = Settings { latency: Latency::Time(ms(10)), ..plain() };
    let until = buy(1).time_in_force(TimeInForce::Gtd(at(5)));
    check("good till 5", &slow, &with(&[bid(20, 98.0, 7)]), on(3, vec![until]), &["11 1 expires"]);
}

#[test]
fn a_stop_limit_takes_what_it_finds_when_it_wakes() {
    let ticks = with(&[trade(2, Side::Buy, 103.0, 1), ask(4, 103.0, 5)]);
    let stop = buy(9).kind(OrderKind::StopLimit { trigger: p(102.5), limit: p(103.0) });
    let parts = [
        "1 1 rests",
        "2 1 triggers",
        "2 1 buy 2 at 101 as Taker, more to come",
        "2 1 buy 3 at 102 as Taker, more to come",
        "4 1 buy 4 at 103 as Maker",
    ];
    check("not at its limit", &plain(), &ticks, on(3, vec![stop]), &parts);
}

#[test]
fn a_target_looks_at_the_side_that_it_goes_to() {
    // It was sent to buy; by the time it arrives it has to sell, and took the ask for that.
    let slow = Settings { latency: Latency::Time(ms(10)), ..plain() };
    let ticks = with(&[bid(30, 98.0, 1)]);
    let target = Ticket::buy(Size::TargetUnits(units(1)));
    let fills = ["11 1 buy 2 at 101 as Taker", "11 2 sell 1 at 99 as Taker"];
    check("bought too much", &slow, &ticks, on(3, vec![buy(2), target]), &fills);
    // At the price of the next level it has more than it wants: it is over, and sells nothing back.
    let thin = [bid(1, 99.0, 9), ask(1, 100.0, 4), ask(1, 200.0, 50)];
    let weight = Ticket::buy(Size::TargetWeight(Rate::percent(5)));
    let (account, events, _) = run(plain(), &thin, on(2, vec![weight]));
    assert_eq!(account.position(ID).quantity, units(4), "{events:?}");
    assert!(!events.iter().any(|event| event.contains("sell")), "{events:?}");
}

#[test]
fn our_orders_share_what_a_trade_brings() {
    let two = || on(3, vec![buy(3).limit(p(99.0)), buy(3).limit(p(99.0))]);
    let hit = [trade(2, Side::Sell, 99.0, 9), trade(3, Side::Sell, 99.0, 1)];
    let fills = [
        "1 1 rests",
        "1 2 rests",
        "2 1 buy 3 at 99 as Maker",
        "2 2 buy 1 at 99 as Maker, more to come",
        "3 2 buy 1 at 99 as Maker, more to come",
    ];
    check("four came past the five in front", &plain(), &with(&hit), two(), &fills);
}

#[test]
fn a_trade_through_several_of_ours_fills_the_best_first_and_no_more_than_itself() {
    let ours = || on(3, vec![buy(3).limit(p(98.0)), buy(2).limit(p(99.0)), buy(9).limit(p(98.5))]);
    let fills = [
        "1 1 rests",
        "1 2 rests",
        "1 3 rests",
        "2 2 buy 2 at 99 as Maker",
        "2 3 buy 2 at 98.5 as Maker, more to come",
        "3 1 buy 3 at 98 as Maker",
        "3 3 buy 7 at 98.5 as Maker",
    ];
    let ticks = with(&[trade(2, Side::Sell, 97.5, 4), trade(3, Side::Sell, 97.5, 30)]);
    check("four, then all", &plain(), &ticks, ours(), &fills);
    // What the trade did not bring, the book may: it shows somebody who asks less than we bid.
    let rest = ["1 1 rests", "2 1 buy 1 at 99 as Maker, more to come", "3 1 buy 2 at 99 as Maker"];
    let ticks = with(&[trade(2, Side::Sell, 97.5, 1), ask(3, 98.5, 8)]);
    check("and the book", &plain(), &ticks, on(3, vec![buy(3).limit(p(99.0))]), &rest);
    // The part of an iceberg that is hidden is met as well by who passes its price.
    let iceberg = buy(9).kind(OrderKind::Iceberg { limit: p(99.0), display: units(2) });
    let whole = ["1 1 rests", "2 1 buy 8 at 99 as Maker, more to come"];
    check("an iceberg", &plain(), &with(&[trade(2, Side::Sell, 97.5, 8)]), on(3, vec![iceberg]), &whole);
}

#[test]
fn what_quotes_do_not_show_stands_in_front() {
    let quotes = [
        quote(1, (99.0, 5), (101.0, 2)),
        quote(2, (98.0, 50), (101.0, 2)),
        trade(3, Side::Sell, 98.0, 1),
        trade(4, Side::Sell, 98.0, 60),
    ];
    let fills = ["1 1 rests", "4 1 buy 1 at 98 as Maker"];
    check("behind the best", &plain(), &quotes, on(0, vec![buy(1).limit(p(98.0))]), &fills);
}

#[test]
fn a_liquidation_takes_what_the_book_holds() {
    let rules = Rules {
        tick: p(0.5),
        lot: units(1),
        margin: Margin { initial: Rate::percent(20), maintenance: Rate::percent(10) },
        ..Rules::default()
    };
    let instrument = Instrument::new("BTC/USD:USD".parse().unwrap(), Currency::USD, rules).unwrap();
    let ticks = [
        bid(1, 100.0, 900),
        ask(1, 100.5, 900),
        bid(2, 100.0, 0),
        bid(2, 82.0, 1),
        bid(2, 80.0, 900),
        ask(2, 82.5, 900),
        ask(2, 100.5, 0),
    ];
    let (account, events, _) = run_on(instrument, plain(), &ticks, on(1, vec![buy(450)]));
    assert!(account.position(ID).is_flat(), "{events:?}");
    // One at 82 and 449 at 80 give 36,002: 80.004 each, a step against us.
    assert!(events.iter().any(|event| event.starts_with("2 forced sell 450 at 80.00444444")), "{events:?}");
}
