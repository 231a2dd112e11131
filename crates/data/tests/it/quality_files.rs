//! A check of a file reads what an import reads, with the places of what is wrong.
use std::io::Write;
use std::path::Path;

use qframe_data::import::Wish;
use qframe_data::quality::{Content, LookedInto, Market, Report, Rules, look_into};
use qframe_model::time::{Time, TimeFrame};

fn report(into: &LookedInto, at: usize) -> Report {
    let set = &into.sets[at];
    let whole = match &set.content {
        Content::Bars(audit) => {
            let frame = set.key.frame.unwrap_or(TimeFrame::DAY);
            audit.report(&Rules { frame, hours: None, tick: None, actions: &[], known_until: Time::MAX })
        }
        Content::Rows(report) => (**report).clone(),
    };
    whole.with_findings(&set.findings)
}

fn look(path: &Path) -> LookedInto {
    look_into(path, &Wish::default(), &mut |_, _| Market::default())
}

/// A file of some bytes: its sets, each with kind, rows, and what was found where.
#[track_caller]
fn check(name: &str, bytes: &[u8], expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let into = look(&path);
    let told = |at: usize| {
        let report = report(&into, at);
        let counts = report.counts.iter().map(|count| {
            let lines = count.first.iter().map(|finding| finding.line.map_or("-".to_owned(), |line| line.to_string()));
            format!(", {} {} at {}", count.rows, count.defect, lines.collect::<Vec<_>>().join(" "))
        });
        format!("{} {}{}", into.sets[at].key.kind, report.rows, counts.collect::<String>())
    };
    let sets: Vec<String> = (0..into.sets.len()).map(told).collect();
    let refused = into.refused.iter().map(|error| error.fault.to_string());
    assert_eq!(sets.into_iter().chain(refused).collect::<Vec<_>>().join("; "), expected, "{name}");
}

const BARS: &str = "time,open,high,low,close,volume\n2024-01-01,5,6,4,5,1\n2024-01-02,5,4,6,5,1\n2024-01-03,5,6,4,5,2\n\
                    2024-01-04,5,6,4,5,3\n2024-01-03,5,6,4,5,2\n";
const TRADES: &str = "time,id,price,quantity,side\n2024-01-01T00:00:01Z,1,5,1,buy\n2024-01-01T00:00:02Z,2,x,1,buy\n\
                      2024-01-01T00:00:03Z,3,5,1,sell\n2024-01-01T00:00:03Z,3,5,1,sell\n";

fn zipped(members: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in members {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn every_packing_and_format() {
    let bars = "bars 5, 1 high below low at 3, 1 duplicate, same values at 6, 1 out of order at 6, 1 missing at 2";
    check("BTC_USD-1d.zip", &zipped(&[("BTC_USD-1d.csv", BARS)]), bars);
    check("BTC_USD-1d.csv.zst", &zstd::encode_all(BARS.as_bytes(), 1).unwrap(), bars);
    let trades = "trades 4, 1 unreadable at 3, 1 duplicate, same values at 5";
    check("BTC_USD.csv", TRADES.as_bytes(), trades);
    check("BTC_USD.zip", &zipped(&[("BTC_USD.csv", TRADES)]), trades);
    // Nothing names what was traded: a check needs no name.
    check("x.csv.zst", &zstd::encode_all(TRADES.as_bytes(), 1).unwrap(), trades);
    check(
        "BTC_USD-1d.json",
        b"[[1704067200000,5,6,4,5,1],[1704153600000,5,4,6,5,1],[1704240000000,5,6,4,5,1]]",
        "bars 3, 1 high below low at 2, 1 missing at -",
    );
    check(
        "funding.csv",
        b"symbol,fundingTime,fundingRate\nBTCUSDT,1704067200000,0.0001\nBTCUSDT,1704096000000,0.05\nBTCUSDT,1704124800000,0.0001\n",
        "funding 3, 1 absurd rate at -",
    );
}

#[test]
fn a_set_over_many_members_is_one() {
    let day = |day: u32| {
        let rows = (0..24).map(|hour| format!("2024-01-0{day} {hour:02}:00:00,{},5,1,buy\n", day * 24 + hour));
        format!("time,id,price,quantity,side\n{}", rows.collect::<String>())
    };
    let (first, second) = (day(1), day(2) + "what\n");
    check(
        "days.zip",
        &zipped(&[("a/BTC_USD.csv", &first), ("b/BTC_USD.csv", &second)]),
        "trades 49, 1 unreadable at 26",
    );
}

#[test]
fn what_is_no_data_is_refused_with_its_reason() {
    check(
        "x.txt",
        b"hello\n",
        "no dialect recognises it: no separator among the first lines, which begin with \"hello\"; expected columns such as time,open,high,low,close,volume or time,price,quantity, or rows of a known publisher: rename the columns, or name the --dialect",
    );
    check("x.zip", &zipped(&[]), "an archive with no file in it; is the download complete?");
}

#[test]
fn recorded_files_of_other_kinds() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let check = |file: &str, at: usize, expected: &str| {
        let path = data.join(file);
        if !path.exists() {
            println!("skipped: no {file}");
            return;
        }
        let report = report(&look(&path), at);
        let told: Vec<String> = report.counts.iter().map(|count| format!("{} {}", count.rows, count.defect)).collect();
        assert_eq!(format!("{}: {}; {}", report.rows, told.join("; "), report.grade), expected, "{file}: {report}");
    };
    // The clock of the recorder was 1.27 s behind the exchange's; no update of the book is missing.
    check("book/hftbacktest/usdm/btcusdt_20240808.gz", 0, "21313: 21313 received before it was sent; MEDIUM");
    check(
        "book/hftbacktest/usdm/btcusdt_20240808.gz",
        2,
        "445263: 445263 received before it was sent; 68 price far from the touch; MEDIUM",
    );
    check("book/nautilus/binance/btcusdt-depth-update.csv", 0, "100: 100 change before a snapshot; LOW");
    check("book/nautilus/tardis/binance-futures_book_snapshot_5_BTCUSDT.csv", 0, "110: ; HIGH");
    check("funding/binance-usdm_BTCUSDT_funding_2020-03.csv", 0, "93: ; HIGH");
    // Three days, and one two years later.
    check("funding/lean-margin-interest/binance/btcusd.csv", 0, "12: 2133 missing; LOW");
    check("stocks/lean/usa/factor_files/aapl.csv", 0, "39: ; HIGH");
    check("trades/freqtrade/orderflow/public_trades_list.csv", 0, "1000: ; HIGH");
    check("trades/nautilus/binance/btcusdt-trades.parquet", 0, "2001: ; HIGH");
    check("bars/freqtrade/LTC_BTC-5m.feather", 0, "5760: ; HIGH");
    check("bars/freqtrade/UNITTEST_BTC-1m.json", 0, "13681: 717 missing; LOW");
}
