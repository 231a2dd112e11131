//! Securities keep their ids: what is stored under a ticker that several had is of the one that had it then.
use std::collections::BTreeSet;

use qframe_data::catalog::{Catalog, CatalogError, Conflict};
use qframe_data::import::{Intake, Strangers, Wish};
use qframe_data::securities::{Listing, Security, SecurityId};
use qframe_data::{DataKey, Kind, Rows};
use qframe_model::market::{Bar, CorporateAction, DatedAction, Dividend};
use qframe_model::number::Cash;
use qframe_model::time::{Time, TimeFrame};

use super::{ALL, catalog, made};

fn day(text: &str) -> Time {
    text.parse().unwrap()
}

fn security(listings: &[(&str, &str, &str)], filed: Option<&str>) -> Security {
    let listing = |(ticker, from, until): &(&str, &str, &str)| Listing {
        ticker: (*ticker).to_owned(),
        exchange: String::new(),
        from: day(from),
        until: if until.is_empty() { Time::MAX } else { day(until) },
    };
    Security::new(listings.iter().map(listing).collect(), filed.map(str::to_owned)).unwrap()
}

/// Three companies of two tickers, with holes between them.
fn three() -> Vec<Security> {
    vec![
        security(&[("OWL", "2020-01-10", "2020-02-01"), ("ELK", "2020-02-01", "")], Some("ELK")),
        security(&[("OWL", "2019-06-01", "2019-12-20")], Some("OWL.1")),
        security(&[("OWL", "2020-02-20", "")], None),
    ]
}

fn key(kind: Kind, ticker: &str) -> DataKey {
    let frame = kind.is_bars().then_some(TimeFrame::DAY);
    DataKey { kind, venue: "usa".to_owned(), symbol: ticker.parse().unwrap(), frame }
}

fn days(from: &str, count: i64) -> Vec<Bar> {
    (0..count).map(|i| made::bar(day(from).nanos() / 1_000_000_000 + 86_400 * i, i)).collect()
}

fn put(catalog: &Catalog, key: &DataKey, rows: Rows) {
    catalog.merge(key, std::iter::once(rows), Conflict::Refuse).unwrap();
}

fn filled() -> (tempfile::TempDir, Catalog) {
    let (folder, catalog) = catalog();
    put(&catalog, &key(Kind::Bars, "OWL"), Rows::Bars(days("2019-05-01", 400)));
    put(&catalog, &key(Kind::Bars, "ELK"), Rows::Bars(days("2020-01-20", 60)));
    let named = catalog.merge_securities("usa", three(), Conflict::Refuse).unwrap();
    assert_eq!((named.added, named.same), (3, 0));
    (folder, catalog)
}

/// Every row of a ticker is of one security or of none, and each security has just its own, oldest first.
#[test]
fn a_joined_series_is_the_sum_of_its_parts() {
    let (_folder, catalog) = filled();
    let all = catalog.securities("usa").unwrap();
    let bars =
        |security: &Security| catalog.bars_of((&all, security), ("usa", Kind::Bars, TimeFrame::DAY), &ALL).unwrap();
    let (owl, elk) =
        (catalog.bars(&key(Kind::Bars, "OWL"), ALL).unwrap(), catalog.bars(&key(Kind::Bars, "ELK"), ALL).unwrap());
    let between = |bars: &[Bar], from: &str, until: &str| -> Vec<Bar> {
        bars.iter().filter(|bar| day(from) <= bar.time && bar.time < day(until)).copied().collect()
    };
    let [one, two, three] = all.all().collect::<Vec<_>>()[..] else { panic!("{all:?}") };
    assert_eq!(one.id().to_string(), "OWL:2019-06-01");
    assert_eq!(bars(one).bars, between(&owl, "2019-06-01", "2019-12-20"));
    let expected = [between(&owl, "2020-01-10", "2020-02-01"), between(&elk, "2020-02-01", "2030-01-01")].concat();
    assert_eq!(bars(two).bars, expected);
    assert_eq!(bars(three).bars, between(&owl, "2020-02-20", "2030-01-01"));
    // Nobody else was ever ELK, but OWL has rows of that time: those under ELK stay out, and are told.
    assert_eq!(bars(two).passed, [("ELK".to_owned(), 12)]);
    let mut seen = BTreeSet::new();
    for security in all.all() {
        let joined = bars(security);
        assert_eq!(joined.parts.iter().map(|part| part.bars).sum::<usize>(), joined.bars.len());
        assert!(joined.bars.windows(2).all(|pair| pair[0].time < pair[1].time));
        for part in &joined.parts {
            let own = joined.bars.iter().filter(|bar| part.range.contains(&bar.time));
            assert!(own.into_iter().all(|bar| seen.insert((part.set.key.clone(), bar.time))), "{}", security.id());
        }
        // A part of the time is that part of the whole.
        let range = day("2020-01-15")..day("2020-02-10");
        let some = catalog.bars_of((&all, security), ("usa", Kind::Bars, TimeFrame::DAY), &range).unwrap();
        let expected: Vec<Bar> = joined.bars.iter().filter(|bar| range.contains(&bar.time)).copied().collect();
        assert_eq!(some.bars, expected, "{}", security.id());
    }
    // Where what it was called has no rows, those under its other ticker count: nobody else ever had that.
    catalog.take_away(&key(Kind::Bars, "OWL")).unwrap();
    assert_eq!(bars(two).bars, elk);
    assert_eq!(bars(one).absent, [("OWL".to_owned(), day("2019-06-01")..day("2019-12-20"))]);
}

#[test]
fn dividends_follow_the_security() {
    let (_folder, catalog) = filled();
    let pays = |text: &str, amount: i128| DatedAction {
        time: day(text),
        action: CorporateAction::Dividend(Dividend::at_once(Cash::from_attos(amount))),
    };
    let put = |ticker: &str, rows: Vec<DatedAction>| put(&catalog, &key(Kind::Actions, ticker), Rows::Actions(rows));
    put("ELK", vec![pays("2020-01-15", 1), pays("2020-03-01", 2)]);
    put("OWL", vec![pays("2019-07-01", 3), pays("2020-01-15", 4), pays("2020-01-20", 5), pays("2020-03-01", 6)]);
    put("OWL.1", vec![pays("2019-08-01", 7)]);
    let all = catalog.securities("usa").unwrap();
    let of = |security: &Security| -> Vec<i128> {
        let amount = |row: &DatedAction| match row.action {
            CorporateAction::Dividend(amount) => amount.each.attos(),
            CorporateAction::Split(_) => -1,
        };
        catalog.actions_of((&all, security), "usa").unwrap().iter().map(amount).collect()
    };
    let [one, two, three] = all.all().collect::<Vec<_>>()[..] else { panic!("{all:?}") };
    assert_eq!((of(one), of(two), of(three)), (vec![3, 7], vec![1, 5, 2], vec![6]));
}

#[test]
fn histories_are_kept_once() {
    let (_folder, catalog) = filled();
    let put = |securities: Vec<Security>, conflict| catalog.merge_securities("usa", securities, conflict);
    let counts = |securities, conflict| {
        let named = put(securities, conflict).unwrap();
        (named.added, named.same, named.differing, named.replaced, named.contested.len())
    };
    assert_eq!(counts(three(), Conflict::Refuse), (0, 3, 0, 0, 0));
    // One file may tell it twice, under two names of files (LEAN's aaa.csv and aaa.1.csv).
    assert_eq!(
        counts(vec![security(&[("OWL", "2019-06-01", "2019-12-20")], Some("OWL"))], Conflict::Refuse),
        (0, 1, 0, 0, 0)
    );
    // What is known further stays, what goes on is taken.
    assert_eq!(counts(vec![security(&[("OWL", "2020-01-10", "")], None)], Conflict::Refuse), (0, 1, 0, 0, 0));
    let later = || vec![security(&[("OWL", "2020-02-20", "2021-01-01"), ("FOX", "2021-01-01", "")], None)];
    assert_eq!(counts(later(), Conflict::Refuse), (1, 0, 0, 0, 0));
    let other = || vec![security(&[("OWL", "2020-02-20", "2020-12-01"), ("HEN", "2020-12-01", "")], None)];
    assert!(matches!(put(other(), Conflict::Refuse), Err(CatalogError::Securities(..))));
    assert_eq!(counts(other(), Conflict::Keep), (0, 0, 1, 0, 0));
    assert_eq!(counts(other(), Conflict::Replace), (0, 0, 1, 1, 0));
    // Two cannot be called the same on one day.
    assert_eq!(counts(vec![security(&[("ELK", "2020-06-01", "")], None)], Conflict::Replace), (0, 0, 0, 0, 1));
    let ids: BTreeSet<SecurityId> = catalog.securities("usa").unwrap().all().map(|one| one.id().clone()).collect();
    assert_eq!(ids.len(), 3);
    assert!(catalog.forget_security("usa", &"OWL:2020-02-20".parse().unwrap()).unwrap());
    assert!(!catalog.forget_security("usa", &"OWL:2020-02-20".parse().unwrap()).unwrap());
    assert_eq!(catalog.venues_of_securities().unwrap(), ["usa"]);
    let path = catalog.root().join("securities/usa.jsonl");
    for (text, why) in [
        ("{\"version\":1}\nx\n", "line 2"),
        ("{\"version\":2}\n", "format \"2\""),
        ("", "damaged"),
        ("{\"version\":1}\n{\"id\":\"A:2020-01-01\",\"listings\":[]}\n", "no listings in order of time"),
        (
            "{\"version\":1}\n{\"id\":\"B:2020-01-01\",\"listings\":[{\"ticker\":\"A\",\"from\":\"2020-01-01T00:00:00Z\"}]}\n",
            "is not its id, A:2020-01-01",
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = catalog.securities("usa").unwrap_err().to_string();
        assert!(error.contains(why), "{text:?}: {error}");
    }
}

#[test]
fn no_name_leads_out_of_the_catalog() {
    let (folder, catalog) = catalog();
    for venue in ["..", ".", "", "../x", "a/b", "a b", "Usa", "usa%2F..", ".a", "a\\b"] {
        let key = DataKey { venue: venue.to_owned(), ..key(Kind::Bars, "A") };
        assert!(matches!(catalog.facts(&key), Err(CatalogError::Key(..))), "{venue:?}");
        assert!(catalog.merge(&key, std::iter::empty(), Conflict::Keep).is_err(), "{venue:?}");
        assert!(catalog.replace(&key, std::iter::empty()).is_err(), "{venue:?}");
        assert!(catalog.take_away(&key).is_err(), "{venue:?}");
        assert!(catalog.securities(venue).is_err(), "{venue:?}");
        assert!(catalog.instrument(&key.symbol, venue).is_err(), "{venue:?}");
    }
    // Folders that nobody here made are no data sets.
    for made in ["bars/%2E./A/1d", "bars/usa/%2E./1d", "bars/usa/%2E%2E/1d", "bars/usa/A/..x", "bars/Usa/A/1d"] {
        std::fs::create_dir_all(catalog.root().join(made)).unwrap();
    }
    assert_eq!(Catalog::open(catalog.root()).unwrap().keys().unwrap(), []);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A scan that is under way when another whole takes the place of the set says so; a new one reads the new rows.
#[test]
fn a_scan_is_of_one_whole() {
    let (_folder, catalog) = catalog();
    let rows = made::rows(Kind::Trades, 300);
    let key = super::key(Kind::Trades);
    catalog.replace(&key, std::iter::once(rows.clone())).unwrap();
    let mut scan = catalog.scan(&key, ALL).unwrap();
    assert!(scan.next().unwrap().is_ok());
    let other = made::part(&rows, 0..150);
    assert_eq!(catalog.replace(&key, std::iter::once(other.clone())).unwrap(), 150);
    assert_eq!(scan.next().unwrap(), Err(CatalogError::Replaced(key.clone())));
    assert_eq!(super::stored(&catalog, Kind::Trades), other);
    // What is refused changes nothing.
    let unsorted = vec![made::part(&rows, 0..9), Rows::Bars(Vec::new())];
    assert!(catalog.replace(&key, unsorted.into_iter()).is_err());
    assert_eq!(super::stored(&catalog, Kind::Trades), other);
    // Rows may be added to a whole, and the next one takes their place too.
    super::merge(&catalog, &rows);
    assert_eq!(super::stored(&catalog, Kind::Trades), rows);
    assert_eq!(catalog.replace(&key, std::iter::empty()).unwrap(), 0);
    assert_eq!(catalog.facts(&key).unwrap(), None);
}

/// The map files of real tickers, as far as they are there: no two of one id, each file once, and FB, USO and AAA mean what
/// they meant.
#[test]
fn real_map_files() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/stocks/lean/usa/map_files");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: no {}", folder.display());
        return;
    };
    let (_folder, catalog) = catalog();
    let mut intake = Intake::new(Some(&catalog), Conflict::Refuse, Strangers::Refuse);
    let mut count = 0;
    for file in files {
        for answer in intake.take(&file.unwrap().path(), &Wish::default()) {
            assert!(answer.unwrap().history.is_some());
            count += 1;
        }
    }
    let became = intake.finish().unwrap();
    assert_eq!(became.securities["usa"].added, count);
    let all = catalog.securities("usa").unwrap();
    for (ticker, time, id) in [
        ("AAPL", "2020-01-02", "AAPL:1998-01-02"),
        ("FB", "2013-01-02", "FB:2012-05-18"),
        ("META", "2023-01-03", "FB:2012-05-18"),
        ("FB", "2001-01-02", "FB:1999-09-29"),
        ("USO", "2010-01-04", "USO:2006-04-10"),
        ("AAA", "2005-01-03", "AAA:2002-05-22"),
    ] {
        match all.find(ticker, day(time)) {
            Some(security) => assert_eq!(security.id().to_string(), id, "{ticker} on {time}"),
            None => println!("skipped: no map file of {ticker}"),
        }
    }
}
