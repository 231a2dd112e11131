//! Files that are not as the catalog wrote them: a refusal that names the file, never a panic, never wrong rows in silence.
use proptest::prelude::*;
use qframe_data::catalog::{Catalog, CatalogError, Conflict, InstrumentFacts, Remark};
use qframe_data::{Defect, Finding, Kind, Rows};

use super::{ALL, catalog, key, made, merge};

fn one_file(catalog: &Catalog, kind: Kind) -> std::path::PathBuf {
    merge(catalog, &made::rows(kind, 60));
    catalog.facts(&key(kind)).unwrap().unwrap().files[0].path.clone()
}

#[test]
fn broken_files_are_named() {
    let check = |breaking: fn(&std::path::Path), expected: &str| {
        let (_folder, catalog) = catalog();
        let path = one_file(&catalog, Kind::Bars);
        breaking(&path);
        let error = catalog.sets().unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("2020.parquet"), "{error}");
        assert!(catalog.bars(&key(Kind::Bars), ALL).is_err());
        let rows = std::iter::once(made::rows(Kind::Bars, 70));
        let refused = catalog.merge(&key(Kind::Bars), rows, Conflict::Replace).unwrap_err();
        assert!(refused.to_string().contains("2020.parquet"), "{refused}");
    };
    let cut = |path: &std::path::Path| {
        let bytes = std::fs::read(path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    };
    check(cut, "take the file away and import its rows again");
    check(|path| std::fs::write(path, "").unwrap(), "damaged");
    check(|path| std::fs::write(path, "time,open\n").unwrap(), "damaged");
    let later = |path: &std::path::Path| {
        let bytes = std::fs::read(path).unwrap();
        let text = b"qframe.format";
        let place = bytes.windows(text.len()).rposition(|window| window == text).unwrap();
        let mut bytes = bytes;
        // The key is followed by the field's header, its length and its text.
        assert_eq!(bytes[place + text.len() + 2], b'1');
        bytes[place + text.len() + 2] = b'7';
        std::fs::write(path, bytes).unwrap();
    };
    check(later, "format \"7\", and this program knows 1");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    /// A byte of a file is another one. What is read whole is refused, or it is what was written.
    #[test]
    fn no_byte_breaks_the_reader(place in any::<prop::sample::Index>(), bits in 1..=255_u8, kind in 0..Kind::ALL.len()) {
        let kind = Kind::ALL[kind];
        let (_folder, catalog) = catalog();
        merge(&catalog, &made::rows(kind, 60));
        let (Some(key), path) = (Some(key(made::kind_of(&made::none(kind)))), one_file(&catalog, made::kind_of(&made::none(kind)))) else { unreachable!() };
        let mut bytes = std::fs::read(&path).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= bits;
        std::fs::write(&path, &bytes).unwrap();
        let _ = catalog.facts(&key);
        let read: Result<Vec<Rows>, CatalogError> = catalog.scan(&key, ALL).and_then(Iterator::collect);
        if let Ok(rows) = read {
            let rows = rows.into_iter().fold(made::none(kind), made::join);
            prop_assert_eq!(rows, made::rows(kind, 60));
        }
    }
}

#[test]
fn instruments_and_remarks_are_kept() {
    let (_folder, catalog) = catalog();
    let symbol: qframe_model::symbol::Symbol = "ES-20131220".parse().unwrap();
    assert_eq!(catalog.instrument(&symbol, "cme").unwrap(), None);
    let facts = InstrumentFacts {
        tick: Some("0.25".parse().unwrap()),
        multiplier: Some("50".parse().unwrap()),
        hours: Some("CME".to_owned()),
        currency: Some("USD".parse().unwrap()),
        expiry: qframe_model::time::Time::from_date(2013, 12, 20),
        ..InstrumentFacts::new(symbol.clone(), "cme".to_owned())
    };
    catalog.set_instrument(&facts).unwrap();
    assert_eq!(catalog.instrument(&symbol, "cme").unwrap(), Some(facts));
    let path = catalog.root().join("instruments/cme/ES-20131220.json");
    std::fs::write(&path, r#"{"version": 2, "instrument": {"colour": "red"}}"#).unwrap();
    assert!(matches!(catalog.instrument(&symbol, "cme"), Err(CatalogError::Newer { .. })));
    std::fs::write(&path, r#"{"version": 1, "instrument": {"colour": "red"}}"#).unwrap();
    assert!(matches!(catalog.instrument(&symbol, "cme"), Err(CatalogError::Broken { .. })));

    let key = key(Kind::Bars);
    let finding = |line| {
        let (file, time) = (Some("a.csv".into()), Some(qframe_model::time::Time::EPOCH));
        Remark::Finding(Finding {
            defect: Defect::HighBelowLow,
            file,
            line: Some(line),
            time,
            text: "high 1\n\"low\" 2".to_owned(),
        })
    };
    let first = [Remark::Note("times in UTC".to_owned()), finding(3)];
    assert_eq!(catalog.keep_remarks(&key, "a.csv", first.clone()).unwrap(), 2);
    assert_eq!(catalog.keep_remarks(&key, "b.csv", [finding(9)]).unwrap(), 1);
    assert_eq!(catalog.keep_remarks(&key, "a.csv", first.clone()).unwrap(), 2);
    let mut kept: Vec<_> = catalog.remarks(&key).unwrap().map(Result::unwrap).collect();
    kept.sort_by_key(|(source, _)| source.clone());
    let expected = [("a.csv", first[0].clone()), ("a.csv", first[1].clone()), ("b.csv", finding(9))];
    assert_eq!(kept, expected.map(|(source, remark)| (source.into(), remark)));
    assert_eq!(catalog.keep_remarks(&key, "a.csv", []).unwrap(), 0);
    assert_eq!(catalog.remarks(&key).unwrap().count(), 1);
    assert_eq!(catalog.sets().unwrap(), [], "remarks are no rows");
}

#[test]
fn names_are_found_and_suggested() {
    let (_folder, catalog) = catalog();
    for venue in ["binance", "okx"] {
        for kind in [Kind::Bars, Kind::Trades] {
            let key =
                qframe_data::DataKey { venue: venue.to_owned(), symbol: "BTC/USDT".parse().unwrap(), ..key(kind) };
            catalog.merge(&key, std::iter::once(made::rows(kind, 3)), Conflict::Refuse).unwrap();
        }
    }
    let count = |name: &str, kind, frame: Option<&str>| {
        catalog.find(name, kind, frame.map(|frame| frame.parse().unwrap())).unwrap().len()
    };
    assert_eq!(count("btc/usdt", None, None), 4);
    assert_eq!(count("BTC/USDT@okx", None, None), 2);
    assert_eq!(count("BTC/USDT@okx", Some(Kind::Bars), None), 1);
    assert_eq!(count("BTC/USDT", None, Some("1m")), 2);
    assert_eq!(count("BTC/USDT", None, Some("1h")), 0);
    assert_eq!(catalog.suggest("BTC/USD").unwrap().as_deref(), Some("BTC/USDT"));
    assert_eq!(catalog.suggest("BTC/USDT@okex").unwrap().as_deref(), Some("BTC/USDT@okx"));
    assert_eq!(catalog.suggest("MSFT").unwrap(), None);
    let key = qframe_data::DataKey { symbol: "BTC/USDT".parse().unwrap(), ..key(Kind::Bars) };
    assert!(catalog.take_away(&key).unwrap() && !catalog.take_away(&key).unwrap());
    assert_eq!(count("BTC/USDT", None, None), 3);
}
