//! The catalog as a sink: what goes in by batches is what one import gives.
use qframe_app::{Arrival, Row};
use qframe_data::{Catalog, Kind, Rows};
use qframe_model::market::{Bar, BookChange, BookDelta, Level, Side};
use qframe_model::time::Time;
use qframe_store::CatalogSink;

use qframe_app::pipeline::{Sink, SinkError, SinkOptions};

use crate::made::{START, arrival, bar, key, mixed, options, price, runtime, send, trade, volume};

fn stored(catalog: &Catalog, arrival: &Arrival) -> usize {
    catalog.scan(&arrival.key, Time::MIN..Time::MAX).unwrap().map(|rows| rows.unwrap().len()).sum()
}

fn level(number: u64) -> Level {
    Level {
        price: qframe_model::number::Price::from_nanos(1_000_000_000 + number.cast_signed()),
        quantity: volume(1, 0),
    }
}

#[test]
fn every_row_is_in_the_catalog_once() {
    let (folder, spools) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let catalog = Catalog::open(folder.path()).unwrap();
    let rows = mixed(1_200);
    for round in 0..2 {
        let of = SinkOptions { memory_rows: 0, ..options() };
        let stats = runtime().block_on(send(CatalogSink::new(catalog.clone()), rows.clone(), spools.path(), of));
        assert_eq!((stats.sinks[0].written, stats.sinks[0].spooled), (4_800, 0), "round {round}: {stats:#?}");
    }
    for kind in [0, 1_200, 2_400, 3_600] {
        assert_eq!(stored(&catalog, &rows[kind]), 1_200, "{}", rows[kind].key);
        catalog.verify(&rows[kind].key).unwrap();
    }
    let Some(Ok(Rows::Trades(trades))) = catalog.scan(&rows[0].key, Time::MIN..Time::MAX).unwrap().next() else {
        panic!()
    };
    assert_eq!(trades[6], trade(7), "with all its values");
}

/// A snapshot without a time carries its receipt, and updates behind it may be older by the exchange's clock.
#[test]
fn changes_of_a_book_stay_in_the_order_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(folder.path()).unwrap();
    let key = key(Kind::Book, "BTC/USDT");
    let rows: Vec<Arrival> = (0..400_u64)
        .map(|number| {
            let nanos = START + 1_000 * (number / 3 * 3).cast_signed() + if number % 50 < 4 { 60_000 } else { 0 };
            let time = Time::from_nanos(nanos);
            let change = if number == 0 { BookChange::Clear } else { BookChange::Level(Side::Buy, level(number)) };
            let delta = BookDelta { time, received: time, sequence: number + 1, change, last: number % 3 == 2 };
            Arrival { key: key.clone(), row: Row::Book(delta), received: time }
        })
        .collect();
    let mut sink = CatalogSink::new(catalog.clone());
    runtime().block_on(async {
        for batch in rows.chunks(70) {
            sink.write(batch).await.unwrap();
        }
    });
    let mut found = Vec::new();
    for stored in catalog.scan(&key, Time::MIN..Time::MAX).unwrap() {
        let Rows::Book(stored) = stored.unwrap() else { panic!("other rows") };
        found.extend(stored.iter().map(|delta| delta.sequence));
    }
    assert_eq!(found, (1..=400).collect::<Vec<_>>());
}

#[test]
fn a_row_that_is_there_with_other_values_stays() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(folder.path()).unwrap();
    let key = key(Kind::Bars, "AAPL");
    let mut sink = CatalogSink::new(catalog.clone());
    let rows =
        |numbers: std::ops::Range<i64>| numbers.map(|number| arrival(&key, Row::Bar(bar(number)))).collect::<Vec<_>>();
    runtime().block_on(async {
        sink.write(&rows(0..10)).await.unwrap();
        let mut again = rows(5..15);
        again[2].row = Row::Bar(Bar { close: price("100"), ..bar(7) });
        let Err(SinkError::Refused(refused)) = sink.write(&again).await else { panic!("a bar was changed") };
        assert_eq!(
            refused.iter().map(|row| (row.place, row.reason)).collect::<Vec<_>>(),
            [(2, "stored with other values")]
        );
    });
    let bars = catalog.bars(&key, Time::MIN..Time::MAX).unwrap();
    assert_eq!(bars, (0..15).map(bar).collect::<Vec<_>>());
}

#[test]
fn a_name_that_is_none_is_refused_and_the_others_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(folder.path()).unwrap();
    let mut named = mixed(1);
    let bad = qframe_data::DataKey { venue: String::new(), ..(*named[0].key).clone() };
    named[0].key = bad.into();
    let written = runtime().block_on(CatalogSink::new(catalog.clone()).write(&named));
    let Err(SinkError::Refused(refused)) = written else { panic!("{written:?}") };
    assert_eq!((refused.len(), refused[0].place, catalog.keys().unwrap().len()), (1, 0, 3));
}
