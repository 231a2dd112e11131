//! Recorded files as publishers ship them: dialect, name, rows, first and last row, findings. They are no part of the
//! project: without them these tests are skipped.
use qframe_data::import::Wish;

use super::{shared, told};

#[track_caller]
fn check(file: &str, expected: &[&str]) {
    check_as(file, &Wish::default(), expected);
}

#[track_caller]
fn check_as(file: &str, wish: &Wish, expected: &[&str]) {
    let Some(path) = shared(file) else { return };
    let found = told(&path, wish);
    assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{file}");
}

#[test]
fn bars_of_coins() {
    check(
        "bars/binance-spot-daily/BTCUSDT.csv",
        &["binance-klines: BTC/USDT@binance bars 1d 2924 rows 2018-01-01 2026-01-02"],
    );
    check(
        "bars/binance-spot-daily/SOLUSDT.csv",
        &["binance-klines: SOL/USDT@binance bars 1d 1971 rows 2020-08-11 2026-01-02"],
    );
    check(
        "bars/binance-spot-hourly-gappy/BTCUSDT_1h.csv",
        &["csv: BTC/USDT@binance bars 1h 8100 rows 2024-11-13T22:00:00Z 2025-11-12T23:00:00Z"],
    );
    check(
        "bars/binance-vision-excerpt/ADABTC-1m-2021-11-27.csv",
        &["binance-klines: ADA/BTC@binance bars 1m 10 rows 2021-11-27 2021-11-27T00:09:00Z"],
    );
    check(
        "bars/bybit-spot/BTCUSDT_1h.csv",
        &["csv: BTC/USDT@bybit bars 1h 1000 rows 2025-03-05T23:00:00Z 2025-04-16T14:00:00Z"],
    );
    check(
        "bars/bybit-spot/ETHUSDT_1m.csv",
        &["csv: ETH/USDT@bybit bars 1m 1000 rows 2025-04-14T20:01:00Z 2025-04-15T12:40:00Z"],
    );
    check(
        "bars/coinbase-cryptodatadownload/Coinbase_BTCUSD_1h.csv",
        &[
            "cryptodatadownload: BTC/USD@coinbase bars 1h 20111 rows 2017-07-01T11:00:00Z 2019-10-17T09:00:00Z; 5 out of order",
        ],
    );
    check(
        "bars/coinbase-cryptodatadownload/Coinbase_BTCUSD_d.csv",
        &["cryptodatadownload: BTC/USD@coinbase bars 1d 1770 rows 2014-12-01 2019-10-17"],
    );
    check(
        "bars/freqtrade/LTC_BTC-5m.feather",
        &["freqtrade: LTC/BTC@unknown bars 5m 5760 rows 2018-01-10T04:55:00Z 2018-01-30T04:50:00Z"],
    );
    check(
        "bars/freqtrade/UNITTEST_BTC-1m.json",
        &["freqtrade: UNITTEST/BTC@unknown bars 1m 13681 rows 2017-11-04T23:02:00Z 2017-11-14T22:59:00Z"],
    );
    check(
        "bars/lean-crypto/binance/hour/btcusdt_trade.zip",
        &["lean: BTC/USDT@binance bars 1h 120 rows 2018-05-01 2018-05-05T23:00:00Z"],
    );
    check(
        "bars/lean-crypto/coinbase/daily/btcusd_trade.zip",
        &["lean: BTC/USD@coinbase bars 1d 1318 rows 2014-12-01 2018-08-13"],
    );
    check(
        "bars/lean-crypto/coinbase/minute/btcusd/20180404_trade.zip",
        &["lean: BTC/USD@coinbase bars 1m 1007 rows 2018-04-04 2018-04-04T16:47:00Z"],
    );
}

#[test]
fn books_and_funding() {
    // A snapshot is a change that clears the book, then its levels.
    check(
        "book/nautilus/binance/btcusdt-depth-snap.csv",
        &["binance-depth: BTC/USDT:USDT@binance book 101 rows 2022-11-01T23:49:39.146Z 2022-11-01T23:49:39.146Z"],
    );
    check(
        "book/nautilus/binance/btcusdt-depth-update.csv",
        &["binance-depth: BTC/USDT:USDT@binance book 100 rows 2022-11-01T23:59:59.939Z 2022-11-01T23:59:59.939Z"],
    );
    check(
        "book/nautilus/tardis/binance-futures_book_snapshot_5_BTCUSDT.csv",
        &["tardis: BTC/USDT:USDT@binance book 110 rows 2020-09-01T00:00:03.696Z 2020-09-01T00:00:04.284Z"],
    );
    check(
        "funding/binance-usdm_BTCUSDT_funding_2020-03.csv",
        &["binance-funding: BTC/USDT:USDT@binance funding 93 rows 2020-03-01 2020-03-31T16:00:00.001Z"],
    );
    check(
        "funding/lean-margin-interest/binance/btcusd.csv",
        &["lean-funding: BTC/USD:BTC@binance funding 12 rows 2020-12-29 2022-12-13T16:00:00Z"],
    );
}

#[test]
fn currencies() {
    check(
        "forex/backtesting.py/EURUSD.csv",
        &["csv: EUR/USD@unknown bars 1h 5000 rows 2017-04-19T09:00:00Z 2018-02-07T15:00:00Z"],
    );
    check("forex/fxcm-m1/usdjpy-m1-ask-2013.csv", &["csv: USD/JPY@fxcm asks 1m 28761 rows 2013-02-01 2013-03-01"]);
    check("forex/fxcm-m1/usdjpy-m1-bid-2013.csv", &["csv: USD/JPY@fxcm bids 1m 28761 rows 2013-02-01 2013-03-01"]);
    check(
        "forex/lean/oanda/daily/eurusd.zip",
        &[
            "lean: EUR/USD@oanda bids 1d 3738 rows 2007-01-01 2018-12-31",
            "lean: EUR/USD@oanda asks 1d 3738 rows 2007-01-01 2018-12-31",
        ],
    );
    check(
        "forex/lean/oanda/hour/eurusd.zip",
        &[
            "lean: EUR/USD@oanda bids 1h 74439 rows 2007-01-01T21:00:00Z 2018-12-31T21:00:00Z",
            "lean: EUR/USD@oanda asks 1h 74439 rows 2007-01-01T21:00:00Z 2018-12-31T21:00:00Z",
        ],
    );
    check(
        "forex/lean/oanda/tick/eurusd/20140501_quote.zip",
        &["lean: EUR/USD@oanda quotes 24179 rows 2014-05-01T00:00:00.292Z 2014-05-01T23:59:31.310Z"],
    );
    check(
        "forex/truefx/usdjpy-ticks.csv",
        &["csv: USD/JPY@truefx quotes 1000 rows 2013-01-01T22:00:00.295Z 2013-01-01T22:35:13.494Z"],
    );
}

#[test]
fn futures() {
    check(
        "futures/lean/cme/daily/es_trade.zip",
        &[
            "lean: ES-20131220@cme bars 1d 61 rows 2013-10-06 2013-12-20",
            "lean: ES-20140321@cme bars 1d 61 rows 2013-10-06 2013-12-26",
            "lean: ES-20140620@cme bars 1d 54 rows 2013-10-07 2013-12-26",
            "lean: ES-20140919@cme bars 1d 10 rows 2013-10-08 2013-12-20",
            "lean: ES-20141219@cme bars 1d 10 rows 2013-10-10 2013-12-20",
            "lean: ES-20200320@cme bars 1d 5 rows 2020-01-02 2020-01-08",
            "lean: ES-20200619@cme bars 1d 1 rows 2020-01-05 2020-01-05",
            "lean: ES-20200918@cme bars 1d 1 rows 2020-01-05 2020-01-05",
        ],
    );
    // Sunday's session opens at 18:00 of New York: the stamps are UTC.
    check(
        "futures/lean/cme/minute/es/20131006_trade.zip",
        &[
            "lean: ES-20131220@cme bars 1m 118 rows 2013-10-06T22:00:00Z 2013-10-06T23:59:00Z",
            "lean: ES-20140321@cme bars 1m 10 rows 2013-10-06T22:00:00Z 2013-10-06T23:40:00Z",
        ],
    );
    for beside in ["margins/ES.csv", "factor_files/es.csv", "map_files/es.csv", "universes/es/20130710.csv"] {
        check(&format!("futures/lean/cme/{beside}"), &["lean-beside: no rows"]);
    }
}

#[test]
fn stocks() {
    check("stocks/backtesting.py/GOOG.csv", &["csv: GOOG@unknown bars 1d 2148 rows 2004-08-19 2013-03-01"]);
    check("stocks/lean/usa/daily/aapl.zip", &["lean: AAPL@usa bars 1d 5849 rows 1998-01-02 2021-03-31"]);
    check("stocks/lean/usa/factor_files/aapl.csv", &["lean-factors: AAPL@usa actions 39 rows 2000-06-21 2021-02-05"]);
    check("stocks/lean/usa/map_files/aapl.csv", &["lean-map: no rows AAPL:1998-01-02"]);
    check(
        "stocks/lean/usa/minute/aapl/20140605_quote.zip",
        &[
            "lean: AAPL@usa bids 1m 830 rows 2014-06-05T08:00:00Z 2014-06-06",
            "lean: AAPL@usa asks 1m 830 rows 2014-06-05T08:00:00Z 2014-06-06",
        ],
    );
    check(
        "stocks/lean/usa/minute/aapl/20140609_trade.zip",
        &["lean: AAPL@usa bars 1m 834 rows 2014-06-09T08:00:00Z 2014-06-09T23:59:00Z"],
    );
    check("stocks/yahoo-backtrader/orcl-1995-2014.txt", &["yahoo: ORCL@yahoo bars 1d 5036 rows 1995-01-03 2014-12-31"]);
    check(
        "stocks/yfinance-dirty/KAP-IL-1d-bad-div.csv",
        &[
            "yahoo: KAP.IL@yahoo bars 1d 665 rows 2022-01-04 2024-08-22",
            "yahoo: KAP.IL@yahoo actions 4 rows 2022-07-12 2024-05-30",
        ],
    );
    check(
        "stocks/yfinance-dirty/4063-T-1d-bad-stock-split.csv",
        &[
            "yahoo: 4063.T@yahoo bars 1d 22 rows 2023-03-15 2023-04-14",
            "yahoo: 4063.T@yahoo actions 2 rows 2023-03-30 2023-03-30",
        ],
    );
    check(
        "stocks/yfinance-dirty/AET-L-1d-100x-error.csv",
        &["yahoo: AET.L@yahoo bars 1d 23 rows 2022-05-03 2022-06-06"],
    );
    check(
        "stocks/yfinance-dirty/ASAI-L-1h-bad-unit.csv",
        &["yahoo: ASAI.L@yahoo bars 1h 20 rows 2024-10-21T09:00:00Z 2024-10-30T14:00:00Z"],
    );
}

#[test]
fn trades() {
    check(
        "trades/freqtrade/kraken/trades_csv/BCHEUR.csv",
        &["kraken-trades: BCH/EUR@kraken trades 148 rows 2023-01-01T00:03:56Z 2023-01-01T23:19:47Z"],
    );
    let named = Wish { symbol: "ETH/USDT:USDT".parse().ok(), venue: Some("binance".to_owned()), ..Wish::default() };
    check_as(
        "trades/freqtrade/orderflow/public_trades_list.csv",
        &named,
        &["csv: ETH/USDT:USDT@binance trades 1000 rows 2023-02-02T09:20:00.138Z 2023-02-02T09:23:27.493Z"],
    );
    check(
        "trades/nautilus/binance/btcusdt-trades.parquet",
        &["parquet: BTC/USDT@binance trades 2001 rows 2021-01-08T00:00:00.278Z 2021-01-08T00:00:46.355Z"],
    );
    check(
        "trades/nautilus/binance/btcusdt-quotes.parquet",
        &["parquet: BTC/USDT@binance quotes 451 rows 2021-01-08T00:00:01.076Z 2021-01-08T00:00:46.674Z"],
    );
}
