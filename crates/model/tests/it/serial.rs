//! What is stored is read back: text for people, numbers for machines.
use proptest::prelude::*;
use qframe_model::event::{CancelReason, Event, Report};
use qframe_model::fill::{Fill, Liquidity};
use qframe_model::ids::{CommodityId, InstrumentId, OrderId};
use qframe_model::ledger::Book;
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Price, Quantity, Rate, Volume};
use qframe_model::order::{Order, OrderKind, Purpose, Size, TimeInForce, Trail};
use qframe_model::refusal::Refusal;
use qframe_model::time::Time;
use qframe_model::wire;
use serde::{Serialize, de::DeserializeOwned};

/// JSON, the wire form and another binary form all give the value back.
pub(crate) fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).expect(&text), value, "{text}");
    let bytes = postcard::to_stdvec(value).unwrap();
    assert_eq!(&postcard::from_bytes::<T>(&bytes).unwrap(), value, "{bytes:?} of {text}");
    let bytes = wire::to_bytes(value).unwrap();
    assert_eq!(wire::from_bytes::<T>(&bytes).as_ref(), Ok(value), "{bytes:?} of {text}");
}

fn price() -> impl Strategy<Value = Price> + Clone {
    any::<i64>().prop_map(Price::from_nanos)
}

fn rate() -> impl Strategy<Value = Rate> + Clone {
    any::<i64>().prop_map(Rate::from_nanos)
}

fn quantity() -> impl Strategy<Value = Quantity> + Clone {
    any::<i128>().prop_map(Quantity::from_nanos)
}

fn cash() -> impl Strategy<Value = Cash> + Clone {
    any::<i128>().prop_map(Cash::from_attos)
}

fn time() -> impl Strategy<Value = Time> + Clone {
    any::<i64>().prop_map(Time::from_nanos)
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn size() -> impl Strategy<Value = Size> {
    prop_oneof![
        quantity().prop_map(Size::Units),
        cash().prop_map(Size::Budget),
        rate().prop_map(Size::Equity),
        rate().prop_map(Size::TargetWeight),
        quantity().prop_map(Size::TargetUnits),
        Just(Size::Close),
    ]
}

fn kind() -> impl Strategy<Value = OrderKind> {
    prop_oneof![
        Just(OrderKind::Market),
        price().prop_map(OrderKind::Limit),
        price().prop_map(OrderKind::Stop),
        (price(), price()).prop_map(|(trigger, limit)| OrderKind::StopLimit { trigger, limit }),
        price().prop_map(|distance| OrderKind::TrailingStop(Trail::Distance(distance))),
        rate().prop_map(|share| OrderKind::TrailingStop(Trail::Share(share))),
        price().prop_map(OrderKind::MarketIfTouched),
        (price(), price()).prop_map(|(trigger, limit)| OrderKind::LimitIfTouched { trigger, limit }),
        Just(OrderKind::MarketOnOpen),
        Just(OrderKind::MarketOnClose),
        (price(), quantity()).prop_map(|(limit, display)| OrderKind::Iceberg { limit, display }),
    ]
}

fn time_in_force() -> impl Strategy<Value = TimeInForce> {
    prop_oneof![
        Just(TimeInForce::Gtc),
        Just(TimeInForce::Day),
        Just(TimeInForce::Ioc),
        Just(TimeInForce::Fok),
        time().prop_map(TimeInForce::Gtd),
    ]
}

fn purpose() -> impl Strategy<Value = Purpose> {
    prop_oneof![Just(Purpose::Signal), Just(Purpose::StopLoss), Just(Purpose::Expiry), Just(Purpose::EndOfData)]
}

prop_compose! {
    fn order()(
        (id, instrument, side, size, kind) in (any::<u64>(), any::<u16>(), side(), size(), kind()),
        (time_in_force, post_only, reduce_only) in (time_in_force(), any::<bool>(), any::<bool>()),
        (parent, group, purpose, time) in (any::<Option<u64>>(), any::<Option<u64>>(), purpose(), time()),
    ) -> Order {
        Order {
            id: OrderId(id), instrument: InstrumentId(instrument), side, size, kind, time_in_force, post_only, reduce_only,
            parent: parent.map(OrderId), group: group.map(OrderId), purpose, time,
        }
    }
}

prop_compose! {
    fn fill()(
        (order, instrument, time, side) in (any::<u64>(), any::<u16>(), time(), side()),
        (price, quantity, fee, fee_in) in (price(), quantity(), cash(), any::<u16>()),
        (maker, purpose) in (any::<bool>(), purpose()),
    ) -> Fill {
        Fill {
            order: OrderId(order), instrument: InstrumentId(instrument), time, side, price, quantity, fee,
            fee_in: CommodityId(fee_in), liquidity: if maker { Liquidity::Maker } else { Liquidity::Taker }, purpose,
        }
    }
}

fn report() -> impl Strategy<Value = Report> {
    let reason = |refusal| CancelReason::Refused(refusal);
    prop_oneof![
        (fill(), any::<bool>()).prop_map(|(fill, done)| Report::Filled { fill, done }),
        fill().prop_map(Report::Forced),
        (any::<u64>(), time(), refusal()).prop_map(|(order, time, refusal)| Report::Rejected {
            order: OrderId(order),
            time,
            refusal
        }),
        (any::<u64>(), time(), refusal()).prop_map(move |(order, time, refusal)| Report::Cancelled {
            order: OrderId(order),
            time,
            reason: reason(refusal)
        }),
        (any::<u16>(), time(), any::<u16>(), cash()).prop_map(|(instrument, time, commodity, amount)| {
            Report::Charged {
                instrument: InstrumentId(instrument),
                time,
                book: Book::Funding,
                commodity: CommodityId(commodity),
                amount,
            }
        }),
    ]
}

fn refusal() -> impl Strategy<Value = Refusal> {
    prop_oneof![
        quantity().prop_map(Refusal::NoQuantity),
        (cash(), cash()).prop_map(|(needed, free)| Refusal::NotEnough { needed, free }),
        (rate(), rate()).prop_map(|(leverage, limit)| Refusal::TooMuchLeverage { leverage, limit }),
        Just(Refusal::UnknownOrder),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        order().prop_map(Event::Submitted),
        (order(), refusal()).prop_map(|(order, refusal)| Event::Refused { order, refusal }),
        report().prop_map(Event::Reported),
        (report(), refusal()).prop_map(|(report, refusal)| Event::ReportRefused { report, refusal }),
        (time(), cash()).prop_map(|(time, equity)| Event::Ended { time, equity }),
    ]
}

proptest! {
    #[test]
    fn orders_come_back(order in order()) {
        check(&order);
    }

    #[test]
    fn fills_come_back(fill in fill()) {
        check(&fill);
    }

    #[test]
    fn events_come_back(event in event()) {
        check(&event);
    }

    #[test]
    fn bars_come_back(time in time(), prices in proptest::array::uniform4(price()), digits in 0u64..1 << 60, decimals in 0u32..=9) {
        let volume = Volume::from_digits(digits, decimals).unwrap();
        let [open, high, low, close] = prices;
        check(&Bar { time, open, high, low, close, volume });
    }

    #[test]
    fn damaged_bytes_are_refused_and_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (wire::from_bytes::<Event>(&bytes), wire::from_bytes::<Order>(&bytes));
        let _ = (wire::from_bytes::<Fill>(&bytes), wire::from_bytes::<Bar>(&bytes));
        let _ = (postcard::from_bytes::<Event>(&bytes), postcard::from_bytes::<Order>(&bytes));
        let _ = (postcard::from_bytes::<Fill>(&bytes), postcard::from_bytes::<Bar>(&bytes));
    }
}

#[test]
fn people_read_texts() {
    let bar = Bar { time: Time::from_seconds(0), open: Price::ONE, ..Bar::default() };
    let text = r#"{"time":"1970-01-01T00:00:00Z","open":"1","high":"0","low":"0","close":"0","volume":"0"}"#;
    assert_eq!(serde_json::to_string(&bar).unwrap(), text);
    for wrong in ["\"1e\"", "\"0.0000000001\"", "1", "\"9223372037\""] {
        assert!(serde_json::from_str::<Price>(wrong).is_err(), "{wrong}");
    }
}
