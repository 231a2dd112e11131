//! Rows come back as they went in.
use std::io::Write;

use proptest::prelude::*;
use qframe_data::catalog::{CatalogError, Columns, Conflict, Merged};
use qframe_data::import::{Wish, import};
use qframe_data::{Kind, Rows, header, write_rows};
use qframe_model::market::Bar;
use qframe_model::number::{Price, Volume};
use qframe_model::time::Time;

use super::{ALL, catalog, key, made, merge, stored};

#[test]
fn every_kind_comes_back_and_twice_is_once() {
    for kind in Kind::ALL {
        let (_folder, catalog) = catalog();
        let rows = made::rows(kind, 500);
        let key = key(kind);
        let first = catalog.merge(&key, std::iter::once(rows.clone()), Conflict::Refuse).unwrap();
        assert_eq!(first, Merged { added: 500, ..Merged::default() }, "{kind}");
        assert_eq!(stored(&catalog, kind), rows, "{kind}");
        catalog.verify(&key).unwrap();
        let facts = catalog.facts(&key).unwrap().unwrap();
        assert_eq!((facts.rows, &facts.key), (500, &key));
        assert_eq!((Some(&facts.first), Some(&facts.last)), (made::times(&rows).first(), made::times(&rows).last()));
        let written = |facts: &qframe_data::SetFacts| {
            facts.files.iter().map(|file| file.path.metadata().unwrap().modified().unwrap()).collect::<Vec<_>>()
        };
        let before = written(&facts);
        let again = catalog.merge(&key, std::iter::once(rows), Conflict::Refuse).unwrap();
        assert_eq!(again, Merged { same: 500, ..Merged::default() }, "{kind}");
        assert_eq!(catalog.facts(&key).unwrap(), Some(facts.clone()));
        assert_eq!(written(&facts), before, "no file was touched");
        assert_eq!(catalog.sets().unwrap(), [facts]);
    }
}

#[test]
fn a_range_reads_what_is_in_it() {
    for kind in Kind::ALL {
        let (_folder, catalog) = catalog();
        let rows = made::rows(kind, 300);
        catalog.merge(&key(kind), std::iter::once(rows.clone()), Conflict::Refuse).unwrap();
        let times = made::times(&rows);
        for (from, to) in [(0, 299), (7, 8), (100, 101), (50, 250), (20, 20), (299, 0)] {
            let range = times[from]..times[to];
            let batches = catalog.scan(&key(kind), range.clone()).unwrap().map(Result::unwrap);
            let found = batches.fold(made::none(kind), made::join);
            assert_eq!(found, made::between(&rows, &range), "{kind} {from}..{to}");
        }
    }
}

/// Prices and volumes that 64-bit columns do not promise come in the middle of a file.
#[test]
fn the_largest_numbers_come_back() {
    let (_folder, catalog) = catalog();
    let mut bars: Vec<Bar> = (0..40_000).map(|i| made::bar(60 * i, i)).collect();
    bars[20_000].high = Price::MAX;
    bars[30_000].volume = Volume::from_digits((1 << 60) - 1, 0).unwrap();
    merge(&catalog, &Rows::Bars(bars.clone()));
    assert_eq!(catalog.bars(&key(Kind::Bars), ALL).unwrap(), bars);
    bars.push(made::bar(60 * 40_000, 1));
    merge(&catalog, &Rows::Bars(bars.clone()));
    assert_eq!(catalog.bars(&key(Kind::Bars), ALL).unwrap(), bars);
    let edges = [Time::MIN, Time::EPOCH, Time::MAX].map(|time| Bar { time, ..bars[0] });
    merge(&catalog, &Rows::Bars(vec![edges[0]]));
    merge(&catalog, &Rows::Bars(vec![edges[2]]));
    let all = catalog.bars(&key(Kind::Bars), ALL).unwrap();
    assert_eq!((all[0], all[all.len() - 1], all.len()), (edges[0], edges[2], 40_003));
}

#[test]
fn a_row_that_differs_is_refused_kept_or_replaced() {
    let check = |conflict, expected: Result<Merged, &str>, stays: bool| {
        let (_folder, catalog) = catalog();
        let bars: Vec<Bar> = (0..10).map(|i| made::bar(60 * i, i)).collect();
        merge(&catalog, &Rows::Bars(bars.clone()));
        let mut other = bars.clone();
        other[5].volume = Volume::from_digits(77, 0).unwrap();
        other.push(made::bar(600, 10));
        let given = std::iter::once(Rows::Bars(other[3..].to_vec()));
        let merged = catalog.merge(&key(Kind::Bars), given, conflict);
        let merged = merged.map_err(|error| error.to_string());
        assert_eq!(
            merged.as_ref().map_err(|error| error.split(" is stored").next().unwrap()),
            expected.as_ref().map_err(|e| *e)
        );
        let now = catalog.bars(&key(Kind::Bars), ALL).unwrap();
        let bar = if stays { bars[5] } else { other[5] };
        assert_eq!((now[5], now.len()), (bar, if merged.is_ok() { 11 } else { 10 }));
    };
    let counts = Merged { added: 1, same: 6, differing: 1, replaced: 0 };
    check(Conflict::Refuse, Err("BTC/USDT:USDT-261225@binance bars 1m: 1970-01-01T00:05:00Z"), true);
    check(Conflict::Keep, Ok(counts), true);
    check(Conflict::Replace, Ok(Merged { replaced: 1, ..counts }), false);
}

/// However many batches a day comes in, its file is written once, when the next day comes or the merge ends; and never by
/// halves.
#[test]
fn a_merge_that_goes_on_writes_a_file_once() {
    let (_folder, catalog) = catalog();
    let (key, rows) = (key(Kind::Trades), made::rows(Kind::Trades, 20));
    let count = || catalog.facts(&key).unwrap().map_or(0, |facts| facts.rows);
    // Fifteen are of the first day.
    let mut merging = catalog.begin_merge(&key, Conflict::Refuse).unwrap();
    for (from, to, stored) in [(0, 6, 0), (6, 7, 0), (7, 15, 0), (15, 18, 15), (18, 20, 15)] {
        merging.push(made::part(&rows, from..to)).unwrap();
        assert_eq!(count(), stored, "{from}..{to}");
    }
    drop(merging);
    assert_eq!(count(), 15, "a file that was not ended is not there");
    let mut merging = catalog.begin_merge(&key, Conflict::Refuse).unwrap();
    merging.push(made::part(&rows, 15..18)).unwrap();
    let Rows::Trades(mut odd) = made::part(&rows, 17..20) else { unreachable!() };
    odd[0].price = Price::ONE;
    assert!(matches!(merging.push(Rows::Trades(odd)).unwrap_err(), CatalogError::Conflict(_)));
    assert_eq!(merging.finish().unwrap(), Merged::default());
    assert_eq!(count(), 15, "half of a day is not committed");
    assert_eq!(merge(&catalog, &rows), Merged { same: 15, added: 5, ..Merged::default() });
    assert_eq!(stored(&catalog, Kind::Trades), rows);
}

/// Kraken's archive has no ids: several trades of one second are equal, and they are several.
#[test]
fn equal_trades_without_ids_are_as_many_as_they_are() {
    let (_folder, catalog) = catalog();
    let Rows::Trades(mut trades) = made::rows(Kind::Trades, 9) else { unreachable!() };
    for trade in &mut trades {
        *trade = qframe_model::market::Trade { id: 0, received: trade.time, ..trades_first() };
        trade.time = Time::from_seconds(5);
        trade.received = trade.time;
    }
    let rows = |count: usize| Rows::Trades(trades[..count].to_vec());
    assert_eq!(merge(&catalog, &rows(3)).added, 3);
    assert_eq!(merge(&catalog, &rows(3)), Merged { same: 3, ..Merged::default() });
    assert_eq!(merge(&catalog, &rows(5)), Merged { same: 3, added: 2, ..Merged::default() });
    assert_eq!(stored(&catalog, Kind::Trades), rows(5));
}

fn trades_first() -> qframe_model::market::Trade {
    match made::rows(Kind::Trades, 1) {
        Rows::Trades(trades) => trades[0],
        _ => unreachable!(),
    }
}

#[test]
fn names_and_rows_that_do_not_fit_are_refused() {
    let (_folder, catalog) = catalog();
    let refused = |change: fn(&mut qframe_data::DataKey), rows: Rows| {
        let mut key = key(Kind::Bars);
        change(&mut key);
        catalog.merge(&key, std::iter::once(rows), Conflict::Refuse).unwrap_err()
    };
    let bars = || made::rows(Kind::Bars, 3);
    assert!(matches!(refused(|key| key.venue.clear(), bars()), CatalogError::Key(..)));
    assert!(matches!(refused(|key| key.venue.push('X'), bars()), CatalogError::Key(..)));
    assert!(matches!(refused(|key| key.frame = None, bars()), CatalogError::Key(..)));
    assert!(matches!(refused(|key| key.symbol = "A@nyse".parse().unwrap(), bars()), CatalogError::Key(..)));
    assert!(matches!(refused(|_| (), made::rows(Kind::Trades, 3)), CatalogError::OtherKind(_)));
    let falling = Rows::Bars(vec![made::bar(60, 1), made::bar(0, 1)]);
    assert!(matches!(refused(|_| (), falling), CatalogError::OutOfOrder(..)));
    assert_eq!(catalog.sets().unwrap(), []);
}

/// What is exported, in any format, is imported as what it was: a book is no list of trades.
#[test]
fn exports_come_back() {
    for kind in Kind::ALL {
        let (folder, catalog) = catalog();
        let (rows, key) = (made::rows(kind, 120), key(kind));
        catalog.merge(&key, std::iter::once(rows.clone()), Conflict::Refuse).unwrap();
        for ending in ["csv", "parquet", "arrow"] {
            let path = folder.path().join(format!("rows.{ending}"));
            let mut out = std::fs::File::create(&path).unwrap();
            match ending {
                "parquet" => _ = catalog.export(&key, ALL, Columns::Parquet, out).unwrap(),
                "arrow" => _ = catalog.export(&key, ALL, Columns::Arrow, out).unwrap(),
                _ => {
                    writeln!(out, "{}", header(kind)).unwrap();
                    write_rows(out, &rows).unwrap();
                }
            }
            // Whether bars are of bids, no column says.
            let side = matches!(kind, Kind::Bids | Kind::Asks).then_some(kind);
            let wish = Wish {
                symbol: Some(key.symbol.clone()),
                venue: Some("here".to_owned()),
                kind: side,
                ..Wish::default()
            };
            let mut found = made::none(kind);
            let answers = import(&path, &wish, &mut |key, batch| {
                assert_eq!(key.kind, kind, "{ending}");
                found = made::join(std::mem::replace(&mut found, made::none(kind)), batch);
                Ok(())
            });
            assert!(answers.iter().all(Result::is_ok), "{kind} {ending}: {answers:?}");
            assert_eq!(found, rows, "{kind} {ending}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// However rows are cut into batches, and batches into imports, in whatever order and with whatever overlap: the same
    /// rows, the same content hash.
    #[test]
    fn the_way_in_leaves_no_trace(
        place in 0..Kind::ALL.len(),
        cuts in prop::collection::vec((0..120_usize, 1..60_usize), 1..8),
        together in any::<bool>(),
    ) {
        let kind = Kind::ALL[place];
        let rows = made::rows(kind, 120);
        let (_folder, whole) = catalog();
        whole.merge(&key(kind), std::iter::once(rows.clone()), Conflict::Refuse).unwrap();
        let (_other, pieces) = catalog();
        // Rows of one instant come together: three share one, and the changes of a book repeat.
        let mut parts: Vec<Rows> = cuts.iter().map(|(from, count)| made::part(&rows, from / 6 * 6..from / 6 * 6 + count / 6 * 6)).collect();
        parts.push(rows.clone());
        if together {
            pieces.merge(&key(kind), parts.into_iter(), Conflict::Refuse).unwrap();
        } else {
            for part in parts {
                pieces.merge(&key(kind), std::iter::once(part), Conflict::Refuse).unwrap();
            }
        }
        prop_assert_eq!(stored(&pieces, kind), rows);
        let hash = |catalog: &qframe_data::Catalog| catalog.facts(&key(kind)).unwrap().unwrap().hash;
        prop_assert_eq!(hash(&pieces), hash(&whole));
    }
}

/// Files of format 1, as they were first written. Who changes the format keeps reading them; `QFRAME_GOLDEN=1` writes them
/// where there are none.
#[test]
fn files_of_the_first_format_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/catalog-1");
    if !folder.is_dir() && std::env::var_os("QFRAME_GOLDEN").is_some() {
        let catalog = qframe_data::Catalog::open(&folder).unwrap();
        for kind in Kind::ALL {
            catalog.merge(&key(kind), std::iter::once(made::rows(kind, 20)), Conflict::Refuse).unwrap();
        }
        std::fs::remove_dir_all(folder.join(".locks")).unwrap();
    }
    let catalog = qframe_data::Catalog::open(&folder).unwrap();
    for kind in Kind::ALL {
        assert_eq!(stored(&catalog, kind), made::rows(kind, 20), "{kind}");
        catalog.verify(&key(kind)).unwrap();
    }
    let hash = catalog.facts(&key(Kind::Trades)).unwrap().unwrap().hash;
    assert_eq!(&hash.to_hex()[..16], "2b623fb45d910733");
}
