//! Recorded files as publishers ship them. They are no part of the project: without them these tests are skipped.
use std::path::Path;

use qframe_data::{DataError, Loaded, Offsets, OnBadRow, Options, read_bars};

const SKIP: Options<'_> =
    Options { time_frame: None, on_bad_row: OnBadRow::Skip, offsets: Offsets::One, close_column: None };

fn read(file: &str, options: &Options<'_>) -> Option<Result<Loaded, DataError>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(file);
    if !path.exists() {
        println!("skipped: no {file}");
        return None;
    }
    Some(read_bars(path, options))
}

#[track_caller]
fn check(file: &str, options: &Options<'_>, expected: &str) {
    let Some(found) = read(file, options) else { return };
    let found = match found {
        Ok(loaded) => loaded.to_string(),
        Err(refused) => refused.to_string().split(file).last().unwrap_or_default().to_owned(),
    };
    assert_eq!(found, expected, "{file}");
}

#[test]
fn bars_of_exchanges() {
    let stop = Options::default();
    check(
        "bars/coinbase-cryptodatadownload/Coinbase_BTCUSD_d.csv",
        &stop,
        "1770 bars of 1d from 2014-12-01 to 2019-10-17; without volume: 38; bars absent: 12, holes: 1, the longest of 12 between 2019-03-19 and 2019-04-01",
    );
    check(
        "bars/coinbase-cryptodatadownload/Coinbase_BTCUSD_1h.csv",
        &stop,
        ":16901:1: \"2017-11-12 08-AM\" follows 2017-11-12T03:00:00Z; expected an earlier time, as in the rows before: sort the file by time; mend the row, or pass over bad rows (on_bad_row: Skip)",
    );
    check(
        "bars/coinbase-cryptodatadownload/Coinbase_BTCUSD_1h.csv",
        &SKIP,
        "20106 bars of 1h from 2017-07-01T11:00:00Z to 2019-10-17T09:00:00Z; without volume: 28; skipped for unsorted time: 5; bars absent: 5, holes: 1, the longest of 5 between 2017-11-12T03:00:00Z and 2017-11-12T09:00:00Z",
    );
    check("bars/binance-spot-daily/BTCUSDT.csv", &stop, "2924 bars of 1d from 2018-01-01 to 2026-01-02; no gap");
    check("bars/binance-spot-daily/SOLUSDT.csv", &stop, "1971 bars of 1d from 2020-08-11 to 2026-01-02; no gap");
    check(
        "bars/binance-spot-hourly-gappy/BTCUSDT_1h.csv",
        &stop,
        "8100 bars of 1h from 2024-11-13T22:00:00Z to 2025-11-12T23:00:00Z; bars absent: 638, holes: 191, the longest of 145 between 2025-07-15T23:00:00Z and 2025-07-22T01:00:00Z",
    );
    check(
        "bars/bybit-spot/BTCUSDT_1h.csv",
        &stop,
        "1000 bars of 1h from 2025-03-05T23:00:00Z to 2025-04-16T14:00:00Z; no gap",
    );
    check(
        "bars/binance-vision-excerpt/ADABTC-1m-2021-11-27.csv",
        &stop,
        "10 bars of 1m from 2021-11-27 to 2021-11-27T00:09:00Z; no gap",
    );
}

#[test]
fn stocks_and_currencies() {
    let stop = Options::default();
    check(
        "stocks/yahoo-backtrader/orcl-1995-2014.txt",
        &stop,
        "5036 bars of 1d from 1995-01-03 to 2014-12-31; bars absent: 181, holes: 176, the longest of 4 between 2001-09-10 and 2001-09-17 (by the file's own week; holidays count)",
    );
    check(
        "stocks/backtesting.py/GOOG.csv",
        &stop,
        "2148 bars of 1d from 2004-08-19 to 2013-03-01; bars absent: 79, holes: 77, the longest of 2 between 2006-12-29 and 2007-01-03 (by the file's own week; holidays count)",
    );
    check(
        "forex/backtesting.py/EURUSD.csv",
        &stop,
        "5000 bars of 1h from 2017-04-19T09:00:00Z to 2018-02-07T15:00:00Z; bars absent: 48, holes: 2, the longest of 24 between 2017-12-22T21:00:00Z and 2017-12-25T22:00:00Z (by the file's own week; holidays count)",
    );
    check(
        "forex/fxcm-m1/usdjpy-m1-ask-2013.csv",
        &stop,
        "28761 bars of 1m from 2013-02-01 to 2013-03-01; without volume: 28761; bars absent: 33, holes: 33, the longest of 1 between 2013-02-01T20:35:00Z and 2013-02-01T20:37:00Z (by the file's own week; holidays count)",
    );
    check(
        "stocks/yfinance-dirty/KAP-IL-1d-bad-div.csv",
        &stop,
        ":61:1: \"2022-03-28 00:00:00+01:00\" has +01:00, the first row +00:00; expected one zone in a file, or take each offset at its word (offsets: Mixed)",
    );
    check(
        "stocks/yfinance-dirty/AET-L-1d-100x-error.csv",
        &stop,
        "23 bars of 1d from 2022-05-02T23:00:00Z to 2022-06-05T23:00:00Z; without volume: 22; values rounded: 92; bars absent: 2, holes: 1, the longest of 2 between 2022-05-31T23:00:00Z and 2022-06-05T23:00:00Z (by the file's own week; holidays count)",
    );
    check(
        "stocks/yfinance-dirty/KAP-IL-1d-bad-div.csv",
        &Options { offsets: Offsets::Mixed, ..SKIP },
        "665 bars of 1d from 2022-01-04 to 2024-08-21T23:00:00Z; without volume: 1; values rounded: 1967; bars absent: 11, holes: 8, the longest of 2 between 2022-05-31T23:00:00Z and 2022-06-05T23:00:00Z (by the file's own week; holidays count)",
    );
    check("bars/freqtrade/UNITTEST_BTC-1m.json", &stop, ":1:1: JSON; expected rows of text, export it as CSV");
    check("bars/freqtrade/LTC_BTC-5m.feather", &stop, ":1:1: an Arrow file; expected rows of text, export it as CSV");
    check(
        "bars/lean-crypto/coinbase/daily/btcusd_trade.zip",
        &stop,
        ":1:1: a zip archive; expected rows of text, export it as CSV",
    );
}
