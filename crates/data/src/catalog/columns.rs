//! The columns of each kind. A row's fields stand in the order of the words of its content hash.
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal64Type, Decimal128Type, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, Decimal128Array, RecordBatch, TimestampNanosecondArray};
use arrow_schema::{DataType, Field};
use qframe_model::market::{Bar, BookChange, BookDelta, CorporateAction, DatedAction, Dividend, FundingRate, Level};
use qframe_model::market::{Quote, Side, Trade};
use qframe_model::number::{Cash, Price, Rate, Volume};
use qframe_model::time::Time;

use super::decimal::{
    Width, is_narrow, is_narrow_volume, number_field, numbers, read_nanos, read_numbers, read_times, read_volumes,
    read_words, time_field, times, word_field, words,
};
use super::record::{Identity, Record};
use crate::rows::Rows;

const fn bits(nanos: i64) -> u64 {
    nanos.cast_unsigned()
}

macro_rules! batches {
    ($variant:ident) => {
        fn of(rows: Rows) -> Option<Vec<Self>> {
            match rows {
                Rows::$variant(list) => Some(list),
                _ => None,
            }
        }

        fn list(rows: &Rows) -> Option<&[Self]> {
            match rows {
                Rows::$variant(list) => Some(list),
                _ => None,
            }
        }

        fn rows(list: Vec<Self>) -> Rows {
            Rows::$variant(list)
        }

        fn time(&self) -> Time {
            self.time
        }
    };
}

impl Record for Bar {
    batches!(Bars);

    fn words(&self) -> impl IntoIterator<Item = u64> {
        let prices = [self.open, self.high, self.low, self.close].map(|price| bits(price.nanos()));
        let [open, high, low, close] = prices;
        [bits(self.time.nanos()), open, high, low, close, self.volume.bits()]
    }

    fn is_narrow(&self) -> bool {
        [self.open, self.high, self.low, self.close].iter().all(|price| is_narrow(price.nanos()))
            && is_narrow_volume(self.volume)
    }

    fn fields(width: Width) -> Vec<Field> {
        let mut fields = vec![time_field("time")];
        fields.extend(["open", "high", "low", "close", "volume"].map(|name| width.field(name)));
        fields
    }

    fn columns(rows: &[Self], width: Width) -> Vec<ArrayRef> {
        vec![
            times(rows.iter().map(|bar| bar.time)),
            width.prices(rows.iter().map(|bar| bar.open)),
            width.prices(rows.iter().map(|bar| bar.high)),
            width.prices(rows.iter().map(|bar| bar.low)),
            width.prices(rows.iter().map(|bar| bar.close)),
            width.volumes(rows.iter().map(|bar| bar.volume)),
        ]
    }

    fn read(batch: &RecordBatch, rows: &mut Vec<Self>) -> Result<(), String> {
        let times = read_times(batch, "time")?;
        let (open, high) = (read_nanos(batch, "open")?, read_nanos(batch, "high")?);
        let (low, close) = (read_nanos(batch, "low")?, read_nanos(batch, "close")?);
        let volumes = read_volumes(batch, "volume")?;
        let prices = open.iter().zip(high.iter()).zip(low.iter().zip(close.iter()));
        rows.extend(times.iter().zip(prices).zip(volumes).map(|((time, ((open, high), (low, close))), volume)| Self {
            time: Time::from_nanos(*time),
            open: Price::from_nanos(*open),
            high: Price::from_nanos(*high),
            low: Price::from_nanos(*low),
            close: Price::from_nanos(*close),
            volume,
        }));
        Ok(())
    }
}

const SIDES: [&str; 2] = ["buy", "sell"];

const fn place_of(side: Side) -> usize {
    match side {
        Side::Buy => 0,
        Side::Sell => 1,
    }
}

const fn side_at(place: usize) -> Side {
    if place == 0 { Side::Buy } else { Side::Sell }
}

impl Record for Trade {
    batches!(Trades);

    fn rank(&self) -> u64 {
        self.id
    }

    /// A trade without a number is told by its values, and several may have the same.
    fn identity(&self) -> Identity {
        match self.id {
            0 => {
                let [_, received, _, price, quantity, side] = trade_words(self);
                [0, received, price, quantity, side, 0]
            }
            id => [id, 0, 0, 0, 0, 0],
        }
    }

    fn repeats(&self) -> bool {
        self.id == 0
    }

    fn words(&self) -> impl IntoIterator<Item = u64> {
        trade_words(self)
    }

    fn is_narrow(&self) -> bool {
        is_narrow(self.price.nanos()) && is_narrow_volume(self.quantity)
    }

    fn fields(width: Width) -> Vec<Field> {
        let (price, quantity) = (width.field("price"), width.field("qty"));
        vec![time_field("time"), time_field("received"), number_field("id"), price, quantity, word_field("side")]
    }

    fn columns(rows: &[Self], width: Width) -> Vec<ArrayRef> {
        vec![
            times(rows.iter().map(|trade| trade.time)),
            times(rows.iter().map(|trade| trade.received)),
            numbers(rows.iter().map(|trade| trade.id)),
            width.prices(rows.iter().map(|trade| trade.price)),
            width.volumes(rows.iter().map(|trade| trade.quantity)),
            words(&SIDES, rows.iter().map(|trade| place_of(trade.side))),
        ]
    }

    fn read(batch: &RecordBatch, rows: &mut Vec<Self>) -> Result<(), String> {
        let (times, received) = (read_times(batch, "time")?, read_times(batch, "received")?);
        let (ids, prices) = (read_numbers(batch, "id")?, read_nanos(batch, "price")?);
        let quantities = read_volumes(batch, "qty")?;
        let sides = read_words(batch, "side", &SIDES)?;
        let numbers = times.iter().zip(received).zip(ids.iter().zip(prices.iter()));
        for ((((time, received), (id, price)), quantity), side) in numbers.zip(quantities).zip(sides) {
            rows.push(Self {
                time: Time::from_nanos(*time),
                received: Time::from_nanos(*received),
                id: *id,
                price: Price::from_nanos(*price),
                quantity,
                side: side_at(side?),
            });
        }
        Ok(())
    }
}

const fn trade_words(trade: &Trade) -> [u64; 6] {
    let Trade { time, received, id, price, quantity, side } = trade;
    [bits(time.nanos()), bits(received.nanos()), *id, bits(price.nanos()), quantity.bits(), place_of(*side) as u64]
}

impl Record for Quote {
    batches!(Quotes);

    /// No venue numbers its quotes: one is told by its values, and several may have the same.
    fn identity(&self) -> Identity {
        let [_, rest @ ..] = quote_words(self);
        let [received, bid, bid_quantity, ask, ask_quantity] = rest;
        [received, bid, bid_quantity, ask, ask_quantity, 0]
    }

    fn repeats(&self) -> bool {
        true
    }

    fn words(&self) -> impl IntoIterator<Item = u64> {
        quote_words(self)
    }

    fn is_narrow(&self) -> bool {
        [self.bid, self.ask].iter().all(|level| is_narrow(level.price.nanos()) && is_narrow_volume(level.quantity))
    }

    fn fields(width: Width) -> Vec<Field> {
        let mut fields = vec![time_field("time"), time_field("received")];
        fields.extend(["bid", "bid_qty", "ask", "ask_qty"].map(|name| width.field(name)));
        fields
    }

    fn columns(rows: &[Self], width: Width) -> Vec<ArrayRef> {
        vec![
            times(rows.iter().map(|quote| quote.time)),
            times(rows.iter().map(|quote| quote.received)),
            width.prices(rows.iter().map(|quote| quote.bid.price)),
            width.volumes(rows.iter().map(|quote| quote.bid.quantity)),
            width.prices(rows.iter().map(|quote| quote.ask.price)),
            width.volumes(rows.iter().map(|quote| quote.ask.quantity)),
        ]
    }

    fn read(batch: &RecordBatch, rows: &mut Vec<Self>) -> Result<(), String> {
        let (times, received) = (read_times(batch, "time")?, read_times(batch, "received")?);
        let (bids, asks) = (read_levels(batch, "bid", "bid_qty")?, read_levels(batch, "ask", "ask_qty")?);
        rows.extend(times.iter().zip(received).zip(bids.into_iter().zip(asks)).map(
            |((time, received), (bid, ask))| Self {
                time: Time::from_nanos(*time),
                received: Time::from_nanos(*received),
                bid,
                ask,
            },
        ));
        Ok(())
    }
}

const fn quote_words(quote: &Quote) -> [u64; 6] {
    let Quote { time, received, bid, ask } = quote;
    let (time, received) = (bits(time.nanos()), bits(received.nanos()));
    [time, received, bits(bid.price.nanos()), bid.quantity.bits(), bits(ask.price.nanos()), ask.quantity.bits()]
}

fn read_levels(batch: &RecordBatch, price: &str, quantity: &str) -> Result<Vec<Level>, String> {
    let (prices, quantities) = (read_nanos(batch, price)?, read_volumes(batch, quantity)?);
    let level = |(price, quantity): (&i64, Volume)| Level { price: Price::from_nanos(*price), quantity };
    Ok(prices.iter().zip(quantities).map(level).collect())
}

const CHANGES: [&str; 3] = ["buy", "sell", "clear"];
const CLEAR: usize = 2;

impl Record for BookDelta {
    batches!(Book);

    fn rank(&self) -> u64 {
        self.sequence
    }

    fn identity(&self) -> Identity {
        let (change, level) = change_of(self);
        [self.sequence, change as u64, bits(level.price.nanos()), 0, 0, 0]
    }

    fn repeats(&self) -> bool {
        true
    }

    fn words(&self) -> impl IntoIterator<Item = u64> {
        let (change, level) = change_of(self);
        let (time, received) = (bits(self.time.nanos()), bits(self.received.nanos()));
        let (price, quantity) = (bits(level.price.nanos()), level.quantity.bits());
        [time, received, self.sequence, change as u64, price, quantity, u64::from(self.last)]
    }

    fn is_narrow(&self) -> bool {
        let (_, level) = change_of(self);
        is_narrow(level.price.nanos()) && is_narrow_volume(level.quantity)
    }

    fn fields(width: Width) -> Vec<Field> {
        let (price, quantity) = (width.field("price"), width.field("qty"));
        let last = Field::new("last", DataType::Boolean, false);
        let (time, received) = (time_field("time"), time_field("received"));
        vec![time, received, number_field("sequence"), word_field("side"), price, quantity, last]
    }

    fn columns(rows: &[Self], width: Width) -> Vec<ArrayRef> {
        vec![
            times(rows.iter().map(|delta| delta.time)),
            times(rows.iter().map(|delta| delta.received)),
            numbers(rows.iter().map(|delta| delta.sequence)),
            words(&CHANGES, rows.iter().map(|delta| change_of(delta).0)),
            width.prices(rows.iter().map(|delta| change_of(delta).1.price)),
            width.volumes(rows.iter().map(|delta| change_of(delta).1.quantity)),
            Arc::new(BooleanArray::from_iter(rows.iter().map(|delta| Some(delta.last)))),
        ]
    }

    fn read(batch: &RecordBatch, rows: &mut Vec<Self>) -> Result<(), String> {
        let (times, received) = (read_times(batch, "time")?, read_times(batch, "received")?);
        let (sequences, levels) = (read_numbers(batch, "sequence")?, read_levels(batch, "price", "qty")?);
        let changes = read_words(batch, "side", &CHANGES)?;
        let last = batch.column_by_name("last").and_then(|column| column.as_boolean_opt());
        let last = last.ok_or("no column last of yes and no")?.values().iter();
        let numbers = times.iter().zip(received).zip(sequences.iter().zip(levels));
        for ((((time, received), (sequence, level)), change), last) in numbers.zip(changes).zip(last) {
            let change = match change? {
                CLEAR => BookChange::Clear,
                side => BookChange::Level(side_at(side), level),
            };
            let (time, received) = (Time::from_nanos(*time), Time::from_nanos(*received));
            rows.push(Self { time, received, sequence: *sequence, change, last });
        }
        Ok(())
    }
}

fn change_of(delta: &BookDelta) -> (usize, Level) {
    match delta.change {
        BookChange::Clear => (CLEAR, Level::default()),
        BookChange::Level(side, level) => (place_of(side), level),
    }
}

impl Record for FundingRate {
    batches!(Funding);

    fn words(&self) -> impl IntoIterator<Item = u64> {
        let mark = self.mark.map_or(0, |mark| bits(mark.nanos()));
        [bits(self.time.nanos()), bits(self.rate.nanos()), u64::from(self.mark.is_some()), mark]
    }

    fn is_narrow(&self) -> bool {
        is_narrow(self.rate.nanos()) && self.mark.is_none_or(|mark| is_narrow(mark.nanos()))
    }

    fn fields(width: Width) -> Vec<Field> {
        vec![time_field("time"), width.field("rate"), width.field("mark").with_nullable(true)]
    }

    fn columns(rows: &[Self], width: Width) -> Vec<ArrayRef> {
        let marks = || rows.iter().map(|funding| funding.mark.map(Price::nanos));
        let kind = width.field("mark").data_type().clone();
        let marks: ArrayRef = match width {
            Width::Narrow => Arc::new(arrow_array::Decimal64Array::from_iter(marks()).with_data_type(kind)),
            Width::Wide => {
                Arc::new(Decimal128Array::from_iter(marks().map(|mark| mark.map(i128::from))).with_data_type(kind))
            }
        };
        let rates = rows.iter().map(|funding| i128::from(funding.rate.nanos()));
        vec![times(rows.iter().map(|funding| funding.time)), width.column(rates), marks]
    }

    fn read(batch: &RecordBatch, rows: &mut Vec<Self>) -> Result<(), String> {
        let (times, rates) = (read_times(batch, "time")?, read_nanos(batch, "rate")?);
        let marks = batch.column_by_name("mark").ok_or("no column mark")?;
        for (place, (time, rate)) in times.iter().zip(rates.iter()).enumerate() {
            let mark = match (marks.as_primitive_opt::<Decimal64Type>(), marks.as_primitive_opt::<Decimal128Type>()) {
                _ if marks.is_null(place) => None,
                (Some(narrow), _) => Some(narrow.value(place)),
                (_, Some(wide)) => Some(i64::try_from(wide.value(place)).map_err(|_| "a mark is out of range")?),
                _ => return Err("the column mark is of another type".to_owned()),
            };
            let (time, rate) = (Time::from_nanos(*time), Rate::from_nanos(*rate));
            rows.push(Self { time, rate, mark: mark.map(Price::from_nanos) });
        }
        Ok(())
    }
}

const ACTIONS: [&str; 2] = ["dividend", "split"];
const CASH: DataType = DataType::Decimal128(38, 18);
const NANO: i128 = 1_000_000_000;

impl Record for DatedAction {
    batches!(Actions);

    const IS_TOLD_BY_DAY: bool = true;

    /// A dividend and a split may take effect on one day.
    fn identity(&self) -> Identity {
        [action_of(self).0 as u64, 0, 0, 0, 0, 0]
    }

    /// An ordinary and a special dividend may fall due on one day.
    fn repeats(&self) -> bool {
        matches!(self.action, CorporateAction::Dividend(_))
    }

    fn rank(&self) -> u64 {
        action_of(self).0 as u64
    }

    fn words(&self) -> impl IntoIterator<Item = u64> {
        let (place, attos) = action_of(self);
        let (attos, paid) = (attos.cast_unsigned(), paid_of(self).map(|paid| bits(paid.nanos())));
        // Without a day of payment the words are those of before there was one: old files keep their hashes.
        let word = place as u64 | u64::from(paid.is_some()) << 1;
        [bits(self.time.nanos()), word, (attos >> 64) as u64, attos as u64].into_iter().chain(paid)
    }

    fn is_narrow(&self) -> bool {
        true
    }

    fn fields(_: Width) -> Vec<Field> {
        let paid = time_field("paid").with_nullable(true);
        vec![time_field("time"), word_field("action"), Field::new("value", CASH, false), paid]
    }

    fn columns(rows: &[Self], _: Width) -> Vec<ArrayRef> {
        let values = Decimal128Array::from_iter_values(rows.iter().map(|action| action_of(action).1));
        let paid = rows.iter().map(|action| paid_of(action).map(Time::nanos));
        vec![
            times(rows.iter().map(|action| action.time)),
            words(&ACTIONS, rows.iter().map(|action| action_of(action).0)),
            Arc::new(values.with_data_type(CASH)),
            Arc::new(TimestampNanosecondArray::from_iter(paid).with_timezone("UTC")),
        ]
    }

    fn read(batch: &RecordBatch, rows: &mut Vec<Self>) -> Result<(), String> {
        let (times, actions) = (read_times(batch, "time")?, read_words(batch, "action", &ACTIONS)?);
        let values = batch.column_by_name("value").and_then(|column| column.as_primitive_opt::<Decimal128Type>());
        let values = values.ok_or("no column value of decimals")?.values();
        let days = batch.column_by_name("paid").and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>());
        for (place, ((time, action), value)) in times.iter().zip(actions).zip(values).enumerate() {
            let paid = days.filter(|days| !days.is_null(place)).map(|days| Time::from_nanos(days.value(place)));
            let action = match action? {
                0 => CorporateAction::Dividend(Dividend { each: Cash::from_attos(*value), paid }),
                _ => {
                    let ratio = i64::try_from(value / NANO).ok().filter(|ratio| i128::from(*ratio) * NANO == *value);
                    CorporateAction::Split(Rate::from_nanos(ratio.ok_or("a ratio is out of range")?))
                }
            };
            rows.push(Self { time: Time::from_nanos(*time), action });
        }
        Ok(())
    }
}

/// The place of its word, and its value with eighteen decimals.
fn action_of(action: &DatedAction) -> (usize, i128) {
    match action.action {
        CorporateAction::Dividend(dividend) => (0, dividend.each.attos()),
        CorporateAction::Split(ratio) => (1, i128::from(ratio.nanos()) * NANO),
    }
}

const fn paid_of(action: &DatedAction) -> Option<Time> {
    match action.action {
        CorporateAction::Dividend(dividend) => dividend.paid,
        CorporateAction::Split(_) => None,
    }
}
