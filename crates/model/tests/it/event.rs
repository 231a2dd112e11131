//! The stored form of events: a journal written once stays readable (invariant 10).
//!
//! `tests/golden/events-v1.txt` holds one event a line: the bytes of its wire form in hex, then the same event as JSON. A new
//! variant goes to the end of its enum and of that file; any other change needs a new version and a new file beside it.
//! `cargo test -p qframe-model -- --ignored golden` prints the lines of today.
use qframe_model::breaker::{Cause, Rearm, TradingState, Trip};
use qframe_model::event::{CancelReason, EVENT_VERSION, Event, EventRef, Header, Report};
use qframe_model::fill::{Fill, Liquidity};
use qframe_model::ids::{CommodityId, InstrumentId, OrderId};
use qframe_model::ledger::Book;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Quantity, Rate};
use qframe_model::order::{Order, OrderKind, Purpose, Size, TimeInForce, Trail};
use qframe_model::refusal::{Refusal, Scope};
use qframe_model::time::Time;
use qframe_model::wire;

use crate::world::read;

const GOLDEN: &str = include_str!("../golden/events-v1.txt");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn stored(event: &Event) -> Vec<u8> {
    wire::to_bytes(event).unwrap()
}

fn line(event: &Event) -> String {
    format!("{} {}\n", hex(&stored(event)), serde_json::to_string(event).unwrap())
}

#[test]
fn the_first_journals_stay_readable() {
    for (place, line) in GOLDEN.lines().enumerate() {
        let (kept, text) = line.split_once(' ').unwrap();
        let (kept, event) = (bytes(kept), serde_json::from_str::<Event>(text).unwrap());
        assert_eq!(wire::from_bytes::<Event>(&kept), Ok(event.clone()), "line {}", place + 1);
        assert_eq!(stored(&event), kept, "line {}: the form changed", place + 1);
    }
}

#[test]
fn the_golden_file_holds_every_event() {
    assert_eq!(EVENT_VERSION, 1, "a new version needs a golden file of its own, and this one stays");
    for event in every_event() {
        assert!(GOLDEN.contains(&line(&event)), "not in the golden file; its line is\n{}", line(&event));
    }
}

#[test]
fn a_borrowed_event_has_the_stored_form_of_its_own() {
    let mut seen = 0;
    for event in every_event() {
        let borrowed = match &event {
            Event::Submitted(order) => EventRef::Submitted(order),
            Event::Reported(report) => EventRef::Reported(report),
            _ => continue,
        };
        seen += 1;
        assert_eq!(wire::to_bytes(&borrowed).unwrap(), stored(&event));
        assert_eq!(serde_json::to_string(&borrowed).unwrap(), serde_json::to_string(&event).unwrap());
    }
    assert!(seen > 10, "orders and reports were compared: {seen}");
}

fn time() -> Time {
    read("2026-11-22T09:30:00.000000001Z")
}

fn order(kind: OrderKind, size: Size, time_in_force: TimeInForce, purpose: Purpose) -> Order {
    Order {
        id: OrderId(7),
        instrument: InstrumentId(1),
        side: Side::Buy,
        size,
        kind,
        time_in_force,
        post_only: false,
        reduce_only: true,
        parent: Some(OrderId(6)),
        group: None,
        purpose,
        time: time(),
    }
}

fn fill(side: Side, liquidity: Liquidity, purpose: Purpose) -> Fill {
    let (order, instrument, fee_in) = (OrderId(7), InstrumentId(1), CommodityId(2));
    let (price, quantity, fee) = (read("60000.5"), read("0.25"), read("-0.000000000000000001"));
    Fill { order, instrument, time: time(), side, price, quantity, fee, fee_in, liquidity, purpose }
}

/// One event of every variant, and every variant of what an event can hold.
fn every_event() -> Vec<Event> {
    let header = Header {
        version: 1,
        strategy: "sma_cross".to_owned(),
        parameters: vec![("fast".to_owned(), "10".to_owned())],
        settings: vec![("fee".to_owned(), "0.002".to_owned())],
        data: vec![("GOOG 1d".to_owned(), "af13".to_owned())],
        seed: 42,
    };
    let mut events = vec![
        Event::Started(header),
        Event::Deposited { time: time(), commodity: CommodityId(0), amount: Cash::whole(10_000) },
        Event::Signalled { time: time(), instrument: InstrumentId(1), strength: -0.5 },
        Event::CancelRequested { order: OrderId(7), time: time() },
        Event::Ended { time: time(), equity: read("10234.56") },
        Event::Scheduled {
            order: OrderId(7),
            time: time(),
            instrument: InstrumentId(1),
            side: Side::Sell,
            total: Quantity::whole(40),
            slices: 3,
        },
        Event::Sliced { parent: OrderId(7), order: OrderId(8) },
        Event::WithdrawalRefused {
            time: time(),
            commodity: CommodityId(0),
            amount: Cash::whole(-10),
            refusal: Refusal::NotEnough { needed: Cash::whole(10), free: Cash::whole(5) },
        },
    ];
    events.extend(orders().into_iter().map(Event::Submitted));
    events.extend(reports().into_iter().map(Event::Reported));
    let plain = order(OrderKind::Market, Size::Close, TimeInForce::Gtc, Purpose::Signal);
    events.extend(refusals().into_iter().map(|refusal| Event::Refused { order: plain, refusal }));
    let late = Report::Expired { order: OrderId(9), time: time() };
    events.extend(causes().map(|cause| Event::Tripped(trip(cause))));
    events.push(Event::Tripped(Trip {
        breaker: None,
        instrument: Some(InstrumentId(1)),
        rearms: Rearm::ByHand,
        ..trip(Cause::Hand)
    }));
    events.push(Event::Rearmed { breaker: Some(2), cause: Cause::Loss, time: time(), by_hand: true });
    events.extend(states().map(|state| Event::StateChanged { time: time(), state }));
    events.push(Event::Withdrawn { order: OrderId(7), time: time(), refusal: Refusal::NoPrice });
    events.push(Event::ReportRefused { report: late, refusal: Refusal::UnknownOrder });
    events
}

fn states() -> [TradingState; 4] {
    [TradingState::Normal, TradingState::ReduceOnly, TradingState::Halted, TradingState::Flattening]
}

fn causes() -> [Cause; 13] {
    [
        Cause::Drawdown,
        Cause::Loss,
        Cause::Volatility,
        Cause::Spread,
        Cause::Volume,
        Cause::Correlation,
        Cause::Slippage,
        Cause::Rejects,
        Cause::Stale,
        Cause::Gap,
        Cause::Jump,
        Cause::Schedule,
        Cause::Hand,
    ]
}

fn trip(cause: Cause) -> Trip {
    let (breaker, instrument, rearms) = (Some(2), None, Rearm::After(time()));
    let (value, threshold, then) = (Rate::percent(16), Rate::percent(15), TradingState::Halted);
    Trip { breaker, cause, time: time(), instrument, value, threshold, then, rearms }
}

fn orders() -> Vec<Order> {
    let (low, high, rate) = (read("99.5"), read("100.25"), Rate::percent(5));
    let kinds = [
        OrderKind::Market,
        OrderKind::Limit(low),
        OrderKind::Stop(high),
        OrderKind::StopLimit { trigger: low, limit: high },
        OrderKind::TrailingStop(Trail::Distance(low)),
        OrderKind::TrailingStop(Trail::Share(rate)),
        OrderKind::MarketIfTouched(low),
        OrderKind::LimitIfTouched { trigger: low, limit: high },
        OrderKind::MarketOnOpen,
        OrderKind::MarketOnClose,
        OrderKind::Iceberg { limit: low, display: read("10") },
    ];
    let sizes = [
        Size::Units(read("1.5")),
        Size::Budget(Cash::whole(1_000)),
        Size::Equity(rate),
        Size::TargetWeight(-rate),
        Size::TargetUnits(read("-3")),
        Size::Close,
    ];
    let lives =
        [TimeInForce::Gtc, TimeInForce::Day, TimeInForce::Ioc, TimeInForce::Fok, TimeInForce::Gtd(read("2026-12-25"))];
    let purposes = [
        Purpose::Signal,
        Purpose::StopLoss,
        Purpose::TakeProfit,
        Purpose::TrailingStop,
        Purpose::Liquidation,
        Purpose::Expiry,
        Purpose::ForceExit,
        Purpose::EndOfData,
        Purpose::CashInLieu,
    ];
    // As many orders as the longest list; the shorter ones start again.
    let row = |at: usize| order(kinds[at], sizes[at % 6], lives[at % 5], purposes[at % 8]);
    let mut orders: Vec<Order> = (0..kinds.len()).map(row).collect();
    orders.extend(purposes[8..].iter().map(|purpose| order(kinds[0], sizes[0], lives[0], *purpose)));
    orders
}

fn reports() -> Vec<Report> {
    let (order, time, instrument) = (OrderId(7), time(), InstrumentId(1));
    let mut reports = vec![
        Report::Accepted { order, time },
        Report::Triggered { order, time },
        Report::Filled { fill: fill(Side::Buy, Liquidity::Maker, Purpose::Signal), done: false },
        Report::Forced(fill(Side::Sell, Liquidity::Taker, Purpose::Liquidation)),
        Report::Rejected { order, time, refusal: Refusal::NoPrice },
        Report::Expired { order, time },
        Report::Split { instrument, time, ratio: read("1.25") },
        Report::Converted {
            time,
            from: CommodityId(0),
            given: Cash::whole(110),
            to: CommodityId(2),
            got: Cash::whole(100),
        },
    ];
    let reasons = [
        CancelReason::Requested,
        CancelReason::Group,
        CancelReason::Parent,
        CancelReason::Immediate,
        CancelReason::NothingToClose,
        CancelReason::Clipped,
        CancelReason::Refused(Refusal::NoPrice),
        CancelReason::Split,
        CancelReason::Closed,
        CancelReason::DataEnded,
        CancelReason::SelfTrade,
        CancelReason::Settled,
        CancelReason::Limited,
    ];
    reports.extend(reasons.map(|reason| Report::Cancelled { order, time, reason }));
    let books = [
        Book::Assets,
        Book::Capital,
        Book::Trading,
        Book::Fees,
        Book::Funding,
        Book::Interest,
        Book::Dividends,
        Book::Splits,
        Book::Conversion,
        Book::Receivables,
        Book::Rollover,
    ];
    let (commodity, amount) = (CommodityId(0), read("-1.5"));
    reports.extend(books.map(|book| Report::Charged { instrument, time, book, commodity, amount }));
    reports.push(Report::Accrued { instrument, time, book: Book::Dividends, commodity, amount });
    reports
}

fn refusals() -> Vec<Refusal> {
    let (quantity, price, rate) = (read("0.001"), read("99.5"), Rate::percent(20));
    let (value, limit, minimum) = (Cash::whole(5), Cash::whole(10), Cash::whole(10));
    vec![
        Refusal::NoQuantity(quantity),
        Refusal::BelowLot { asked: quantity, lot: quantity },
        Refusal::BelowMinNotional { value, minimum },
        Refusal::BadPrice(price),
        Refusal::NoPrice,
        Refusal::NotEnough { needed: limit, free: value },
        Refusal::ShortNotAllowed { held: quantity, asked: quantity },
        Refusal::NothingToReduce,
        Refusal::AlreadyThere,
        Refusal::WouldTake { limit: price, market: price },
        Refusal::CannotFillWhole,
        Refusal::OrderTooLarge { value, limit },
        Refusal::PositionTooLarge { value, limit },
        Refusal::TooMuchLeverage { leverage: rate, limit: rate },
        Refusal::OutsideCollar { price, market: price, limit: rate },
        Refusal::DailyLoss { loss: rate, limit: rate },
        Refusal::Drawdown { drawdown: rate, limit: rate },
        Refusal::UnknownOrder,
        Refusal::IllegalStep,
        Refusal::Overflow,
        Refusal::NoSize,
        Refusal::NoSchedule,
        Refusal::Settled,
        Refusal::RunOver,
        Refusal::BelowMinQuantity { asked: quantity, minimum: quantity },
        Refusal::AboveMaxQuantity { asked: quantity, maximum: quantity },
        Refusal::OutsidePriceLimits { price, minimum: price, maximum: Some(price) },
        Refusal::OutsidePriceLimits { price, minimum: price, maximum: None },
        Refusal::OrderQuantity { quantity, limit: quantity },
        Refusal::PositionQuantity { quantity, limit: quantity },
        Refusal::TooMuchGross { value, limit },
        Refusal::TooMuchNet { value, limit },
        Refusal::TooConcentrated { share: rate, limit: rate },
        Refusal::TooManyOpen { scope: Scope::Symbol, orders: 4, limit: 3 },
        Refusal::TooManyOpen { scope: Scope::Portfolio, orders: 4, limit: 3 },
        Refusal::TooFast { orders: 4, limit: 3, seconds: 60 },
        Refusal::Tripped {
            state: TradingState::ReduceOnly,
            cause: Cause::Jump,
            value: rate,
            threshold: rate,
            since: time(),
        },
        Refusal::TooMuchHeat { heat: rate, limit: rate },
        Refusal::Split,
        Refusal::PriceTooLarge { price: value, most: price },
        Refusal::TooLittleHistory { needed: 31, there: 7 },
    ]
}
