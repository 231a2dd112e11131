//! Invented rows of every kind, over several periods, some of one instant.
use qframe_data::{Kind, Rows};
use qframe_model::market::Trade;
use qframe_model::market::{
    Bar, BookChange, BookDelta, CorporateAction, DatedAction, Dividend, FundingRate, Level, Quote, Side,
};
use qframe_model::number::{Cash, Price, Rate, Volume};
use qframe_model::time::{Span, Time};

const DAY: i64 = 86_400;

/// 2020-12-31T12:00:00Z: the next day is of another month and year.
const START: i64 = 18_627 * DAY + DAY / 2;

pub(super) fn rows(kind: Kind, count: i64) -> Rows {
    match kind {
        Kind::Bars | Kind::Bids | Kind::Asks => Rows::Bars((0..count).map(|i| bar(START + 60 * i, i)).collect()),
        Kind::Trades => Rows::Trades((0..count).map(trade).collect()),
        Kind::Quotes => Rows::Quotes((0..count).map(quote).collect()),
        Kind::Book => Rows::Book((0..count).map(delta).collect()),
        Kind::Funding => Rows::Funding((0..count).map(funding).collect()),
        Kind::Actions => Rows::Actions((0..count).map(action).collect()),
    }
}

pub(super) fn bar(seconds: i64, i: i64) -> Bar {
    let low = Price::from_nanos(7_000_000_001 + i * 31 % 997);
    Bar {
        time: Time::from_seconds(seconds),
        open: low,
        high: low.plus(Price::ONE).unwrap(),
        low,
        close: low.plus(Price::from_nanos(i)).unwrap(),
        volume: Volume::from_digits(i as u64 * 1_009 % 10_007, (i % 10) as u32).unwrap(),
    }
}

/// Three share an instant; about ten thousand seconds apart, so that days change.
fn instant(i: i64) -> Time {
    Time::from_seconds(START + i / 3 * 9_973)
}

fn late(i: i64) -> Time {
    Time::from_nanos(instant(i).nanos() - 1_270_000_000 + i)
}

fn side(i: i64) -> Side {
    if i % 2 == 0 { Side::Buy } else { Side::Sell }
}

pub(super) fn level(i: i64) -> Level {
    let quantity = Volume::from_digits(i as u64 % 7 * 10 + 1, 8).unwrap();
    Level { price: Price::from_nanos(30_000_010_000_000 + i * 10_000_000), quantity }
}

fn trade(i: i64) -> Trade {
    let Level { price, quantity } = level(i);
    Trade { time: instant(i), received: late(i), id: 900 + i as u64, price, quantity, side: side(i) }
}

fn quote(i: i64) -> Quote {
    Quote { time: instant(i), received: late(i), bid: level(i), ask: level(i + 1) }
}

fn delta(i: i64) -> BookDelta {
    let change = if i % 5 == 0 { BookChange::Clear } else { BookChange::Level(side(i), level(i)) };
    BookDelta { time: instant(i), received: late(i), sequence: 5 + i as u64 / 2, change, last: i % 2 == 1 }
}

fn funding(i: i64) -> FundingRate {
    let mark = (i % 2 == 0).then(|| level(i).price);
    FundingRate { time: Time::from_seconds(START + i * DAY / 3), rate: Rate::from_nanos(i * 7 - 50), mark }
}

fn action(i: i64) -> DatedAction {
    let time = Time::from_seconds((18_627 + i / 2) * DAY);
    // The files of the first format have no days of payment.
    let paid = (i >= 20 && i % 4 == 0).then(|| time + Span::from_seconds(7 * DAY));
    let action = match i % 2 {
        0 => {
            let each = Cash::from_attos(123_456_789_012_345_678 + i128::from(i));
            CorporateAction::Dividend(Dividend { each, paid })
        }
        _ => CorporateAction::Split(Rate::from_nanos(2_000_000_000 + i)),
    };
    // A dividend and a split share each day.
    DatedAction { time, action }
}

/// Of bars the first: bids and asks have the same rows.
pub(super) fn kind_of(rows: &Rows) -> Kind {
    match rows {
        Rows::Bars(_) => Kind::Bars,
        Rows::Trades(_) => Kind::Trades,
        Rows::Quotes(_) => Kind::Quotes,
        Rows::Book(_) => Kind::Book,
        Rows::Funding(_) => Kind::Funding,
        Rows::Actions(_) => Kind::Actions,
    }
}

pub(super) fn none(kind: Kind) -> Rows {
    rows(kind, 0)
}

/// Runs `$body` on the rows of `$rows`, whatever they are, and makes rows of what it gives.
macro_rules! each {
    ($rows:expr, $list:ident => $body:expr) => {
        match $rows {
            Rows::Bars($list) => Rows::Bars($body),
            Rows::Trades($list) => Rows::Trades($body),
            Rows::Quotes($list) => Rows::Quotes($body),
            Rows::Book($list) => Rows::Book($body),
            Rows::Funding($list) => Rows::Funding($body),
            Rows::Actions($list) => Rows::Actions($body),
        }
    };
}

pub(super) fn join(first: Rows, second: Rows) -> Rows {
    match (first, second) {
        (Rows::Bars(a), Rows::Bars(b)) => Rows::Bars([a, b].concat()),
        (Rows::Trades(a), Rows::Trades(b)) => Rows::Trades([a, b].concat()),
        (Rows::Quotes(a), Rows::Quotes(b)) => Rows::Quotes([a, b].concat()),
        (Rows::Book(a), Rows::Book(b)) => Rows::Book([a, b].concat()),
        (Rows::Funding(a), Rows::Funding(b)) => Rows::Funding([a, b].concat()),
        (Rows::Actions(a), Rows::Actions(b)) => Rows::Actions([a, b].concat()),
        (first, second) => panic!("{first:?} and {second:?} are of two kinds"),
    }
}

/// The rows of a range of places.
pub(super) fn part(rows: &Rows, range: std::ops::Range<usize>) -> Rows {
    each!(rows, list => list[range.start.min(list.len())..range.end.min(list.len())].to_vec())
}

/// The rows of a range of times.
pub(super) fn between(rows: &Rows, range: &std::ops::Range<Time>) -> Rows {
    each!(rows, list => list.iter().filter(|row| range.contains(&row.time)).copied().collect())
}

pub(super) fn times(rows: &Rows) -> Vec<Time> {
    let mut times = Vec::new();
    let _ = each!(rows, list => { times.extend(list.iter().map(|row| row.time)); list.clone() });
    times
}
