//! Trades, quotes, books, funding and actions: what is planted is found with its time, and clean rows have no finding.
use qframe_data::hours::Hours;
use qframe_data::quality::{Grade, Market, Report, StreamCheck};
use qframe_data::{Defect, Kind, Rows};
use qframe_model::market::{
    Bar, BookChange, BookDelta, CorporateAction, DatedAction, Dividend, FundingRate, Level, Quote, Side, Trade,
};
use qframe_model::number::{Cash, Price, Rate, Volume};
use qframe_model::time::{Span, Time};

const START: i64 = 1_700_000_000 / 28_800 * 28_800;

fn second(second: i64) -> Time {
    Time::from_seconds(START + second)
}

fn price(whole: i64) -> Price {
    Price::from_nanos(whole * 1_000_000_000)
}

fn units(count: u64) -> Volume {
    Volume::from_digits(count, 0).unwrap()
}

fn report(kind: Kind, market: Market, rows: &Rows) -> Report {
    let mut check = StreamCheck::new(kind, market).unwrap();
    check.push(rows);
    check.finish()
}

/// The defects with their counts and the seconds of the first findings, and the grade.
#[track_caller]
fn expect(report: &Report, expected: &str) {
    let seconds = |count: &qframe_data::quality::Count| {
        let times = count.first.iter().filter_map(|finding| finding.time);
        let seconds: Vec<String> =
            times.map(|time| (time.since(second(0)).nanos() / 1_000_000_000).to_string()).collect();
        format!("{} {} at {}", count.rows, count.defect, seconds.join(" "))
    };
    let told: Vec<String> = report.counts.iter().map(seconds).chain([report.grade.to_string()]).collect();
    assert_eq!(told.join("; "), expected, "{report}");
}

fn always() -> Market {
    Market { tick: Some(price(1)), hours: Hours::named("24/7"), ..Market::default() }
}

fn trades() -> Vec<Trade> {
    let trade = |place: i64| Trade {
        time: second(place),
        received: second(place) + Span::from_nanos(1_000_000),
        id: 500 + place.unsigned_abs(),
        price: price(100 + place % 3),
        quantity: units(1),
        side: Side::Buy,
    };
    (0..60).map(trade).collect()
}

#[test]
fn trades_tell() {
    let check = |plant: &dyn Fn(&mut Vec<Trade>), expected: &str| {
        let mut rows = trades();
        plant(&mut rows);
        expect(&report(Kind::Trades, always(), &Rows::Trades(rows)), expected);
    };
    check(&|_| {}, "HIGH");
    check(&|rows| rows.insert(50, rows[30]), "1 duplicate, same values at 30; 1 out of order at 30; CORRUPTED");
    check(
        &|rows| rows.insert(31, Trade { price: price(101), ..rows[30] }),
        "1 duplicate, other values at 30; CORRUPTED",
    );
    check(&|rows| rows.swap(40, 41), "1 out of order at 40; CORRUPTED");
    check(&|rows| rows[40].id = 7, "1 out of order at 40; 1 missing at 39; CORRUPTED");
    check(&|rows| rows[40].price = price(-1), "1 price not above zero at 40; CORRUPTED");
    check(&|rows| rows[40].price = Price::from_nanos(101_500_000_000), "1 off the tick grid at 40; MEDIUM");
    check(&|rows| rows[40].price = price(120), "1 outlier that reverts at 40; LOW");
    check(&|rows| rows[40].quantity = Volume::ZERO, "1 zero volume at 40; MEDIUM");
    check(&|rows| drop(rows.drain(40..45)), "5 missing at 39; LOW");
    check(&|rows| rows[40].received = second(39), "1 received before it was sent at 40; MEDIUM");
    check(
        &|rows| {
            rows[40..]
                .iter_mut()
                .for_each(|row| (row.time, row.received) = (row.time + Span::DAY, row.time + Span::DAY));
        },
        "1 long silence at 86440; LOW",
    );
}

#[test]
fn a_closed_market_is_not_silent() {
    let mut rows = trades();
    // A Tuesday's noon, and the next day's.
    let shift = |row: &mut Trade| {
        row.time = row.time + Span::from_seconds(8 * 3_600);
        row.received = row.time;
    };
    rows.iter_mut().for_each(shift);
    let count = |hours: &str, seconds: i64| {
        let mut rows = rows.clone();
        rows[40..].iter_mut().for_each(|row| row.time = row.time + Span::from_seconds(seconds));
        let market = Market { hours: Hours::named(hours), ..Market::default() };
        report(Kind::Trades, market, &Rows::Trades(rows)).count(Defect::Silence)
    };
    let open = Hours::named("NYSE").unwrap().session(rows[0].time).unwrap();
    let to_open = open.open.since(rows[40].time).nanos() / 1_000_000_000 + 60;
    assert_eq!((count("NYSE", to_open), count("24/7", to_open)), (0, u64::from(to_open > 300)));
    assert_eq!(report(Kind::Trades, Market::default(), &Rows::Trades(rows)).count(Defect::Silence), 0);
}

#[test]
fn quotes_tell() {
    let quote = |place: i64| {
        let level = |price: Price| Level { price, quantity: units(3) };
        let (bid, ask) = (level(price(100 + place % 3)), level(price(102 + place % 3)));
        Quote { time: second(place), received: second(place), bid, ask }
    };
    let check = |plant: &dyn Fn(&mut Vec<Quote>), expected: &str| {
        let mut rows: Vec<Quote> = (0..60).map(quote).collect();
        plant(&mut rows);
        expect(&report(Kind::Quotes, always(), &Rows::Quotes(rows)), expected);
    };
    check(&|_| {}, "HIGH");
    check(&|rows| rows[7].ask.price = price(99), "1 bid not below ask at 7; CORRUPTED");
    check(
        &|rows| rows[7].bid.price = Price::ZERO,
        "1 price not above zero at 7; 1 outlier that reverts at 7; CORRUPTED",
    );
    check(&|rows| rows[7].bid.quantity = Volume::ZERO, "1 zero volume at 7; MEDIUM");
    check(&|rows| rows.iter_mut().for_each(|row| (row.bid.quantity, row.ask.quantity) = Default::default()), "HIGH");
    check(&|rows| rows.insert(7, rows[7]), "1 duplicate, same values at 7; MEDIUM");
    check(
        &|rows| (rows[7].bid.price, rows[7].ask.price) = (price(150), price(152)),
        "1 outlier that reverts at 7; LOW",
    );
    check(&|rows| rows.swap(7, 8), "1 out of order at 7; CORRUPTED");
}

/// A snapshot of two levels a side and then an update of two levels each second.
fn book() -> Vec<BookDelta> {
    let row = |place: i64, change, last| BookDelta {
        time: second(place),
        received: second(place),
        sequence: 900 + place.unsigned_abs(),
        change,
        last,
    };
    let level = |side, whole, count| BookChange::Level(side, Level { price: price(whole), quantity: units(count) });
    let snapshot = [
        BookChange::Clear,
        level(Side::Buy, 99, 4),
        level(Side::Buy, 98, 4),
        level(Side::Sell, 102, 4),
        level(Side::Sell, 103, 4),
    ];
    let snapshot = snapshot.into_iter().enumerate().map(|(at, change)| row(0, change, at == 4));
    let update = |place: i64| {
        let count = place.unsigned_abs() % 2;
        [row(place, level(Side::Buy, 100, count), false), row(place, level(Side::Sell, 101, count), true)]
    };
    snapshot.chain((1..60).flat_map(update)).collect()
}

#[test]
fn books_tell() {
    let check = |plant: &dyn Fn(&mut Vec<BookDelta>), expected: &str| {
        let mut rows = book();
        plant(&mut rows);
        expect(&report(Kind::Book, always(), &Rows::Book(rows)), expected);
    };
    let level = |row: &mut BookDelta, change: &dyn Fn(&mut Level)| {
        if let BookChange::Level(_, level) = &mut row.change {
            change(level);
        }
    };
    check(&|_| {}, "HIGH");
    // The bid at 103 is crossed until its update ends, and in all updates behind it.
    check(
        &|rows| level(&mut rows[5 + 56 * 2], &|level| level.price = price(103)),
        "3 bid not below ask at 57 58 59; CORRUPTED",
    );
    check(&|rows| level(&mut rows[5], &|level| level.price = Price::ZERO), "1 price not above zero at 1; LOW");
    check(&|rows| level(&mut rows[4], &|level| level.price = price(100_000)), "HIGH");
    check(&|rows| level(&mut rows[6], &|level| level.price = price(100_000)), "1 price far from the touch at 1; HIGH");
    check(
        &|rows| level(&mut rows[6], &|level| level.price = Price::from_nanos(101_500_000_000)),
        "1 off the tick grid at 1; HIGH",
    );
    check(&|rows| drop(rows.drain(..1)), "122 change before a snapshot at 0 0 0 0 1; LOW");
    check(&|rows| drop(rows.drain(75..85)), "5 missing at 35; LOW");
    check(&|rows| rows[25..27].iter_mut().for_each(|row| row.sequence = 3), "1 out of order at 11; LOW");
    check(&|rows| rows[25..27].iter_mut().for_each(|row| row.time = second(0)), "1 out of order at 0; LOW");
    check(&|rows| rows[25].received = second(0), "1 received before it was sent at 11; HIGH");
    check(
        &|rows| {
            let lost = BookDelta { change: BookChange::Clear, last: true, ..rows[24] };
            rows.insert(25, lost);
        },
        "1 book lost at 10; 98 change before a snapshot at 11 11 12 12 13; LOW",
    );
    check(
        &|rows| rows[25..].iter_mut().for_each(|row| row.time = row.time + Span::DAY),
        "98 received before it was sent at 86411 86411 86412 86412 86413; 1 long silence at 86411; LOW",
    );
}

/// Payments each eight hours, each with a few milliseconds of jitter and a rate of its own.
fn funding() -> Vec<FundingRate> {
    let row = |place: i64| FundingRate {
        time: second(place * 28_800) + Span::from_nanos(place % 7 * 1_000_000),
        rate: Rate::from_nanos(100_000 + place * 37 % 11 * 1_000),
        mark: None,
    };
    (0..60).map(row).collect()
}

#[test]
fn funding_tells() {
    let check = |plant: &dyn Fn(&mut Vec<FundingRate>), expected: &str| {
        let mut rows = funding();
        plant(&mut rows);
        expect(&report(Kind::Funding, Market::default(), &Rows::Funding(rows)), expected);
    };
    let eight = 28_800;
    check(&|_| {}, "HIGH");
    check(&|rows| drop(rows.drain(10..13)), &format!("3 missing at {}; LOW", 9 * eight));
    check(&|rows| rows[10].rate = Rate::percent(4), &format!("1 absurd rate at {}; LOW", 10 * eight));
    check(
        &|rows| rows.insert(11, FundingRate { time: rows[10].time + Span::from_nanos(5), ..rows[10] }),
        &format!("1 duplicate, same values at {}; MEDIUM", 10 * eight),
    );
    check(
        &|rows| {
            rows.insert(11, FundingRate { time: rows[10].time + Span::from_nanos(5), rate: Rate::ZERO, mark: None });
        },
        &format!("1 duplicate, other values at {}; CORRUPTED", 10 * eight),
    );
    check(&|rows| rows.swap(10, 11), &format!("1 out of order at {}; CORRUPTED", 10 * eight));
    check(
        &|rows| rows[10].time = rows[10].time + Span::from_seconds(1_800),
        &format!("2 payment off its schedule at {} {}; MEDIUM", 10 * eight + 1_800, 11 * eight),
    );
    check(
        &|rows| rows.iter_mut().for_each(|row| row.rate = Rate::from_nanos(row.rate.nanos() * 100)),
        "1 unit flip (x100) at 0; LOW",
    );
    check(
        &|rows| rows[20..27].iter_mut().for_each(|row| row.rate = Rate::from_nanos(104_321)),
        &format!("6 stale repeat at {}; CORRUPTED", 21 * eight),
    );
    // A venue that goes over to payments each four hours, and back.
    let faster = |rows: &mut Vec<FundingRate>| {
        for (place, row) in rows.iter_mut().enumerate() {
            let place = place as i64;
            row.time =
                second(eight * place.min(20) + eight / 2 * (place - 20).clamp(0, 20) + eight * (place - 40).max(0));
        }
    };
    check(&faster, "HIGH");
    // The usual rate of Binance stands for days.
    check(&|rows| rows[..30].iter_mut().for_each(|row| row.rate = Rate::basis_points(1)), "HIGH");
}

#[test]
fn actions_tell() {
    let day = |number: i64| Time::from_date(2024, 1, 2).unwrap() + Span::from_nanos(number * Span::DAY.nanos());
    let dividend = |number: i64, whole: i64| DatedAction {
        time: day(number),
        action: CorporateAction::Dividend(Dividend::at_once(Cash::whole(whole))),
    };
    let split = |number: i64, ratio: i64| DatedAction {
        time: day(number),
        action: CorporateAction::Split(Rate::from_nanos(ratio * 1_000_000_000)),
    };
    // A split of four to one on day 50.
    let bar = |number: i64| {
        let at = price(if number < 50 { 400 } else { 100 });
        Bar { time: day(number), open: at, high: at, low: at, close: at, volume: units(1) }
    };
    let market = Market { hours: Hours::named("NYSE"), bars: (0..100).map(bar).collect(), ..Market::default() };
    let check = |rows: Vec<DatedAction>, expected: &str| {
        let report = report(Kind::Actions, market.clone(), &Rows::Actions(rows));
        let told: Vec<String> = report.counts.iter().map(|count| format!("{} {}", count.rows, count.defect)).collect();
        assert_eq!(format!("{}; {}", told.join("; "), report.grade), expected, "{report}");
    };
    check(vec![dividend(7, 1), split(50, 4), dividend(70, 1)], "; HIGH");
    check(vec![dividend(7, 1), dividend(7, 2)], "1 several dividends on a day; HIGH");
    check(vec![split(50, 4), split(50, 2)], "1 duplicate, other values; CORRUPTED");
    check(vec![dividend(7, 1), dividend(8, 1)], "1 duplicate, same values; MEDIUM");
    check(vec![dividend(8, 1), dividend(7, 2)], "1 out of order; CORRUPTED");
    check(vec![dividend(7, 500)], "1 absurd split or dividend; LOW");
    check(vec![dividend(56, 200)], "1 absurd split or dividend; LOW");
    check(vec![split(50, 4), split(64, 1_000)], "1 absurd split or dividend; 1 split without a trace; LOW");
    check(vec![split(50, 4), split(22, 2)], "1 out of order; 1 split without a trace; CORRUPTED");
    check(vec![dividend(4, 1)], "1 day without a session; MEDIUM");
    check(vec![dividend(7, 0), split(50, -4)], "2 price not above zero; CORRUPTED");
    // Splits outside of the bars are not held against them.
    check(vec![split(500, 2)], "; HIGH");
}

#[test]
fn nothing_at_all_is_no_defect() {
    for kind in [Kind::Trades, Kind::Quotes, Kind::Book, Kind::Funding, Kind::Actions] {
        let report = StreamCheck::new(kind, always()).unwrap().finish();
        assert_eq!((report.rows, report.grade, report.counts.len()), (0, Grade::High, 0), "{kind}");
    }
}
