//! Imports into a catalog: what is there twice is there once.
use qframe_data::catalog::Trial;
use qframe_data::import::{Intake, Strangers, Wish};
use qframe_data::{Catalog, Conflict, Merged};
use qframe_model::time::Time;

fn take(catalog: &Catalog, path: &std::path::Path, conflict: Conflict) -> Merged {
    let mut intake = Intake::new(Some(catalog), conflict, Strangers::Take);
    for answer in intake.take(path, &Wish::default()) {
        answer.unwrap_or_else(|error| panic!("{error}"));
    }
    intake.finish().unwrap().rows.into_values().next().unwrap()
}

#[test]
fn importing_twice_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(folder.path().join("catalog")).unwrap();
    let check = |name: &str, text: &str, rows: u64| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let first = take(&catalog, &path, Conflict::Keep);
        assert_eq!((first.added, first.same, first.differing), (rows, 0, 0), "{name}");
        let hashes: Vec<_> = catalog.sets().unwrap().into_iter().map(|set| set.hash).collect();
        let again = take(&catalog, &path, Conflict::Keep);
        assert_eq!((again.added, again.same, again.differing), (0, rows, 0), "{name}");
        assert_eq!(hashes, catalog.sets().unwrap().into_iter().map(|set| set.hash).collect::<Vec<_>>(), "{name}");
    };
    check("AAPL.csv", "time,open,high,low,close\n2020-01-02,1,1,1,1\n2020-01-01,1,1,1,1\n", 2);
    // Two equal trades of a second are two.
    check("BCHEUR.csv", "1672531436,90.5,1\n1672531436,90.5,1\n1672531471,90.4,2\n", 3);
    check(
        "BTCUSDT-depth.csv",
        "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty,pu\n\
         BTCUSDT,1667346579146,1,5,b,snap,20377.0,1,-1\nBTCUSDT,1667346579146,1,5,a,snap,20378.0,1,-1\n\
         BTCUSDT,1667346579146,6,7,a,set,20378.0,0,5\n",
        4,
    );
}

#[test]
fn other_values_stay_out_or_take_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(folder.path().join("catalog")).unwrap();
    let path = folder.path().join("AAPL.csv");
    let write = |close: u32| {
        std::fs::write(&path, format!("time,open,high,low,close\n2020-01-01,1,9,1,1\n2020-01-02,1,9,1,{close}\n"))
            .unwrap();
    };
    write(2);
    assert_eq!(take(&catalog, &path, Conflict::Keep).added, 2);
    write(3);
    assert_eq!(take(&catalog, &path, Conflict::Keep).differing, 1);
    let replaced = take(&catalog, &path, Conflict::Replace);
    assert_eq!((replaced.differing, replaced.replaced), (1, 1));
    assert_eq!(take(&catalog, &path, Conflict::Keep).differing, 0);
}

#[test]
fn what_was_said_of_a_file_is_kept_beside_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(folder.path().join("catalog")).unwrap();
    let path = folder.path().join("AAPL.csv");
    std::fs::write(
        &path,
        "time,open,high,low,close\n2020-01-01,1,1,1,1\n2020-01-02,x,1,1,1\n2020-01-03,1,1,1,1\n2020-01-04,1,1,1,1\n",
    )
    .unwrap();
    for _ in 0..2 {
        take(&catalog, &path, Conflict::Keep);
        let key = catalog.keys().unwrap().remove(0);
        let remarks: Vec<String> =
            catalog.remarks(&key).unwrap().map(|remark| format!("{:?}", remark.unwrap().1)).collect();
        assert!(remarks[0].contains("dialect csv"), "{remarks:?}");
        assert_eq!(remarks.iter().filter(|remark| remark.contains("Unreadable")).count(), 1, "{remarks:?}");
    }
}

/// Two publishers of the same days lay in one set, with 1318 rows of one beside 452 of the other.
#[test]
fn bars_of_another_source_are_not_mixed_in() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(folder.path().join("catalog")).unwrap();
    let file = |name: &str, days: std::ops::Range<u32>, close: u32| {
        let rows = days.map(|day| format!("2024-01-{day:02},5,9,4,{close},1\n")).collect::<String>();
        let path = folder.path().join(name).join("BTC_USD-1d.csv");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("time,open,high,low,close,volume\n{rows}")).unwrap();
        path
    };
    let (one, other) = (file("one", 1..20, 5), file("other", 5..30, 6));
    let few = file("few", 15..25, 7);
    let take = |paths: &[&std::path::Path], strangers| {
        let mut intake = Intake::new(Some(&catalog), Conflict::Keep, strangers);
        paths.iter().for_each(|path| drop(intake.take(path, &Wish::default())));
        let taken = intake.finish().unwrap();
        let sum = taken.rows.values().fold((0, 0), |sum, merged| (sum.0 + merged.added, sum.1 + merged.differing));
        (
            sum,
            taken
                .foreign
                .iter()
                .map(|foreign| (foreign.rows, foreign.overlap.common, foreign.overlap.differing))
                .collect::<Vec<_>>(),
        )
    };
    // In one import as in two.
    assert_eq!(take(&[&one, &other], Strangers::Refuse), ((19, 0), vec![(25, 15, 15)]));
    assert_eq!(take(&[&other], Strangers::Refuse), ((0, 0), vec![(25, 15, 15)]));
    let key = catalog.keys().unwrap().remove(0);
    assert!(catalog.remarks(&key).unwrap().all(|remark| remark.unwrap().0.ends_with("one/BTC_USD-1d.csv")));
    // Five in common say nothing.
    assert_eq!(take(&[&few], Strangers::Refuse), ((5, 5), vec![]));
    assert_eq!(take(&[&other], Strangers::Take), ((5, 20), vec![]));
}

/// Funding rates of one exchange came from two publishers, one with some milliseconds on top: each was paid twice. Any kind of
/// rows may be doubled so.
#[test]
fn rows_of_another_source_are_not_laid_between() {
    let check = |head: &str, one: &dyn Fn(u32) -> String, other: &dyn Fn(u32) -> String, expected: (u64, bool)| {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(folder.path().join("catalog")).unwrap();
        let take = |row: &dyn Fn(u32) -> String, numbers: std::ops::Range<u32>, strangers| {
            let path = folder.path().join("BTC_USD.csv");
            std::fs::write(&path, format!("{head}\n{}", numbers.map(row).collect::<String>())).unwrap();
            let mut intake = Intake::new(Some(&catalog), Conflict::Keep, strangers);
            intake.take(&path, &Wish::default()).into_iter().for_each(|answer| _ = answer.unwrap());
            let taken = intake.finish().unwrap();
            (taken.rows.values().map(|merged| merged.added).sum::<u64>(), !taken.foreign.is_empty())
        };
        assert_eq!(take(one, 10..30, Strangers::Refuse), (20, false), "{head}");
        assert_eq!(take(other, 5..25, Strangers::Refuse), expected, "{head}");
        // More of the same source goes in: before, between and behind.
        let more = if expected.1 { 20 } else { 15 };
        assert_eq!(take(one, 0..40, Strangers::Refuse), (more, false), "{head}");
        assert!(!take(other, 5..25, Strangers::Take).1);
    };
    let late = |number: u32| format!("2024-01-01T00:{number:02}:00.003Z");
    let time = |number: u32| format!("2024-01-01T00:{number:02}:00Z");
    let trade = |time: String, id: u32| format!("{time},{id},5,1,buy\n");
    let head = "time,id,price,quantity,side";
    check(head, &|n| trade(time(n), n), &|n| trade(time(n), n), (5, false));
    check(head, &|n| trade(time(n), n), &|n| trade(late(n), 900 + n), (0, true));
    let quote = |time: String| format!("{time},5,1,6,1\n");
    check("time,bid,bid_size,ask,ask_size", &|n| quote(time(n)), &|n| quote(late(n)), (0, true));
    let level = |time: String, n: u32| format!("{time},{n},false,bid,5,{n}\n");
    let head = "time,sequence,is_snapshot,side,price,quantity";
    check(head, &|n| level(time(n), n), &|n| level(late(n), n), (0, true));
    check("time,funding_rate", &|n| format!("{},0.0001\n", time(n)), &|n| format!("{},0.0001\n", late(n)), (0, true));
    let day = |n: u32, hour: u32| format!("20{:02}-02-03T0{hour}:00:00Z,0.5\n", n + 10);
    check("ex_date,amount", &|n| day(n, 0), &|n| day(n, 5), (0, true));
    // Bars that open at another hour are no bars between the others.
    let bar = |n: u32, hour: u32| format!("20{:02}-02-03T0{hour}:00:00Z,5,6,4,5,1\n", n + 10);
    let head = "time,open,high,low,close,volume";
    check(head, &|n| bar(n, 0), &|n| bar(n, 5), (0, true));
}

/// Files of a day each come in any order, and what was missing comes late: all of one source, though nothing is in common.
#[test]
fn holes_are_filled() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(folder.path().join("catalog")).unwrap();
    let take = |numbers: &mut dyn Iterator<Item = u32>| {
        let path = folder.path().join("BTC_USD.csv");
        let row = |n: u32| format!("2024-01-{:02}T{:02}:{:02}:00Z,5,6,4,5,1\n", 1 + n / 1_440, n / 60 % 24, n % 60);
        std::fs::write(&path, format!("time,open,high,low,close,volume\n{}", numbers.map(row).collect::<String>()))
            .unwrap();
        let mut intake = Intake::new(Some(&catalog), Conflict::Keep, Strangers::Refuse);
        intake.take(&path, &Wish::default()).into_iter().for_each(|answer| _ = answer.unwrap());
        let taken = intake.finish().unwrap();
        assert!(taken.foreign.is_empty(), "{}", taken.foreign[0]);
        taken.rows.values().map(|merged| merged.added).sum::<u64>()
    };
    let kept = |n: &u32| n % 100 != 7;
    assert_eq!(take(&mut (0..1_440).filter(kept)), 1_425);
    assert_eq!(take(&mut (2_880..4_320).filter(kept)), 1_425);
    assert_eq!(take(&mut (1_440..2_880).filter(kept)), 1_426, "the day between");
    assert_eq!(take(&mut (0..4_320).filter(|n| !kept(n))), 44, "the minutes that were missing");
}

/// A dry run says what an import would do, and does it in a catalog of its own.
#[test]
fn what_is_tried_out_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(folder.path().join("catalog")).unwrap();
    let path = folder.path().join("BTC_USD-1d.csv");
    let write = |days: std::ops::Range<u32>, close: u32| {
        let rows = days.map(|day| format!("2024-01-{day:02},5,9,4,{close},1\n")).collect::<String>();
        std::fs::write(&path, format!("time,open,high,low,close,volume\n{rows}")).unwrap();
    };
    write(1..20, 5);
    take(&catalog, &path, Conflict::Keep);
    let before = catalog.sets().unwrap();
    write(15..25, 6);
    let place = folder.path().join("trial");
    for _ in 0..2 {
        let trial = Trial::new(Some(&catalog), place.clone()).unwrap();
        assert!(Trial::new(Some(&catalog), place.clone()).is_err(), "the folder is taken");
        let merged = take(trial.catalog(), &path, Conflict::Replace);
        assert_eq!((merged.added, merged.differing, merged.replaced), (5, 5, 5));
        assert_ne!(trial.catalog().sets().unwrap()[0].hash, before[0].hash);
        assert_eq!(catalog.sets().unwrap(), before);
        drop(trial);
        assert!(!place.exists());
    }
    catalog.verify(&before[0].key).unwrap();
    // What a killed process left is taken away by the next one, what another one uses is not.
    let [left, used, next] = ["try-1", "try-2", "try-3"].map(|name| folder.path().join(name));
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join(".held"), "").unwrap();
    let other = Trial::new(None, used.clone()).unwrap();
    let _last = Trial::new(None, next.clone()).unwrap();
    assert_eq!((left.exists(), used.exists(), next.exists()), (false, true, true));
    drop(other);
    assert_eq!(take(Trial::new(None, place).unwrap().catalog(), &path, Conflict::Keep).added, 10);
}

/// A company paid an ordinary and a special dividend on one day, and the catalog kept the first one only.
#[test]
fn two_dividends_of_a_day_are_two() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(folder.path().join("catalog")).unwrap();
    let path = folder.path().join("ACME.csv");
    let take_in = |rows: &str, conflict: Conflict| {
        std::fs::write(&path, format!("ex_date,amount\n{rows}\n")).unwrap();
        let Merged { added, same, differing, replaced } = take(&catalog, &path, conflict);
        let key = catalog.keys().unwrap().remove(0);
        let mut out = Vec::new();
        for rows in catalog.scan(&key, Time::MIN..Time::MAX).unwrap() {
            qframe_data::write_rows(&mut out, &rows.unwrap()).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        let amounts: Vec<String> = text.lines().map(|line| line.split(',').nth(2).unwrap().to_owned()).collect();
        format!("{added} {same} {differing} {replaced}: {}", amounts.join(" "))
    };
    let two = "2020-02-07,0.5\n2020-02-07,3";
    assert_eq!(take_in("2020-02-07,0.5", Conflict::Keep), "1 0 0 0: 0.5");
    assert_eq!(take_in(two, Conflict::Keep), "1 1 0 0: 0.5 3");
    assert_eq!(take_in(two, Conflict::Refuse), "0 2 0 0: 0.5 3");
    // The same row twice in a file is one; a file that knows of one of them contradicts nothing.
    assert_eq!(take_in("2020-02-07,3\n2020-02-07,0.5\n2020-02-07,3", Conflict::Refuse), "0 2 0 0: 0.5 3");
    assert_eq!(take_in("2020-02-07,3", Conflict::Refuse), "0 1 0 0: 0.5 3");
    // One that tells them as one sum does: nothing is added to what is there.
    assert_eq!(take_in("2020-02-07,3.5", Conflict::Keep), "0 0 1 0: 0.5 3");
    assert_eq!(take_in("2020-02-07,3.5", Conflict::Replace), "0 0 1 1: 3.5");
    assert_eq!(take_in(two, Conflict::Keep), "0 0 2 0: 3.5");
}

/// The days of record and of payment stand beside the one that entitles; only the last is kept too.
#[test]
fn days_of_payment_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(folder.path().join("catalog")).unwrap();
    let path = folder.path().join("ACME.csv");
    let stored = |catalog: &Catalog| {
        let key = catalog.sets().unwrap().into_iter().next().unwrap().key;
        let mut out = Vec::new();
        for rows in catalog.scan(&key, Time::MIN..Time::MAX).unwrap() {
            qframe_data::write_rows(&mut out, &rows.unwrap()).unwrap();
        }
        String::from_utf8(out).unwrap()
    };
    std::fs::write(&path, "ex_date,amount\n2020-02-07,0.5\n2020-05-08,0.5\n").unwrap();
    assert_eq!(take(&catalog, &path, Conflict::Keep).added, 2);
    let first = "2020-02-07T00:00:00Z,dividend,0.5,\n";
    assert_eq!(stored(&catalog), format!("{first}2020-05-08T00:00:00Z,dividend,0.5,\n"));
    std::fs::write(
        &path,
        "record_date,ex_date,amount,pay_date\n2020-02-10,2020-02-07,0.5,\n2020-05-11,2020-05-08,0.5,2020-05-14\n",
    )
    .unwrap();
    assert_eq!(take(&catalog, &path, Conflict::Replace).replaced, 1);
    assert_eq!(stored(&catalog), format!("{first}2020-05-08T00:00:00Z,dividend,0.5,2020-05-14T00:00:00Z\n"));
}
