//! Every dialect in a few invented rows: recognised, named, read.
use std::io::Write;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use qframe_data::Rows;
use qframe_data::import::{Dialect, Wish, dialects, import};
use qframe_model::market::Side;

use super::{rows, told};

/// Writes a file under its path and holds what the import says, dialect first, against `expected`.
#[track_caller]
fn check(path: &str, text: &str, expected: &[&str]) {
    check_bytes(path, text.as_bytes(), expected);
}

#[track_caller]
fn check_bytes(path: &str, bytes: &[u8], expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(told(&file, &Wish::default()).lines().collect::<Vec<_>>(), expected, "{path}");
    // Asked for by its name, it is the same.
    let dialect: Dialect = expected[0].split(':').next().unwrap().parse().unwrap();
    let named = Wish { dialect: Some(dialect), ..Wish::default() };
    assert_eq!(told(&file, &named).lines().collect::<Vec<_>>(), expected, "{path} as {dialect}");
    for answer in import(&file, &named, &mut |_, _| Ok(())) {
        assert!(!answer.unwrap().why.is_empty(), "{path} does not say why");
    }
}

/// Numbers of much of Europe: the columns are separated by another sign.
#[test]
fn decimal_commas() {
    let check = |path: &str, text: &str, expected: &str| {
        check(path, text, &[expected]);
        // What the rows are does not hang on the sign.
        check(path, &text.replace(',', ".").replace(';', ","), &[expected]);
    };
    let bars = "time;open;high;low;close;volume\n2020-01-01;1,5;2,25;1,125;2;0\n2020-01-02;2;2,5;1;2,5;3,5\n";
    check("AAPL.csv", bars, "csv: AAPL@unknown bars 1d 2 rows 2020-01-01 2020-01-02");
    let klines = KLINES.replace(',', ";").replace("5.5", "5,5");
    let klines = format!("1637971200000;{klines}\n1637971260000;{klines}\n");
    let expected = "binance-klines: BTC/USDT@binance bars 1m 2 rows 2021-11-27 2021-11-27T00:01:00Z";
    check("BTCUSDT-1m-2021-11-27.csv", &klines, expected);
    let quotes = "time;bid;ask\n2020-01-01;1,5;1,75\n2020-01-02;1,25;1,5\n";
    check("EURUSD.csv", quotes, "csv: EUR/USD@unknown quotes 2 rows 2020-01-01 2020-01-02");
    let paid = "ex_date;amount\n2020-01-01;0,125\n2020-04-02;1,5\n";
    check("AAPL.csv", paid, "csv: AAPL@unknown actions 2 rows 2020-01-01 2020-04-02");
}

const KLINES: &str = "1,2,1,2,5.5,1637971259999,9,3,1,2,0";

#[test]
fn binance() {
    let bars = |first: &str, second: &str| format!("{first},{KLINES}\n{second},{KLINES}\n");
    check(
        "BTCUSDT-1m-2021-11-27.csv",
        &bars("1637971200000", "1637971260000"),
        &["binance-klines: BTC/USDT@binance bars 1m 2 rows 2021-11-27 2021-11-27T00:01:00Z"],
    );
    // Microseconds since 2025; a file of both is read row by row.
    check(
        "um/BTCUSDT-1d-2025-01.csv",
        &bars("1735603200000", "1735689600000000"),
        &["binance-klines: BTC/USDT:USDT@binance bars 1d 2 rows 2024-12-31 2025-01-01"],
    );
    let header = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n";
    check(
        "ETHUSDT-1h-2022.csv",
        &format!("{header}{}", bars("1637971200000", "1637974800000")),
        &["binance-klines: ETH/USDT@binance bars 1h 2 rows 2021-11-27 2021-11-27T01:00:00Z"],
    );
    check(
        "BTCUSDT-aggTrades-2021-11-27.csv",
        "7,54000.1,0.5,10,12,1637971200000,True,True\n8,54000.2,0.1,13,13,1637971200001,False,True\n",
        &["binance-aggtrades: BTC/USDT@binance trades 2 rows 2021-11-27 2021-11-27T00:00:00.001Z"],
    );
    check(
        "BTCUSDT-aggTrades-2021.csv",
        "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n7,54000.1,0.5,10,12,1637971200000,true\n",
        &["binance-aggtrades: BTC/USDT@binance trades 1 rows 2021-11-27 2021-11-27"],
    );
    check(
        "BTCUSDT-trades-2021-11-27.csv",
        "7,54000.1,0.5,27000.05,1637971200000,True,True\n8,54000.2,0.1,5400.02,1637971200001,False,True\n",
        &["binance-trades: BTC/USDT@binance trades 2 rows 2021-11-27 2021-11-27T00:00:00.001Z"],
    );
    check(
        "BTCUSDT-bookTicker-2023-05-16.csv",
        "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n9,27000,1,27000.1,2,1684195200000,1684195200003\n",
        &["binance-bookticker: BTC/USDT@binance quotes 1 rows 2023-05-16 2023-05-16"],
    );
    check(
        "BTCUSDT-fundingRate-2023-05.csv",
        "calc_time,funding_interval_hours,last_funding_rate\n1682899200000,8,0.0001\n",
        &["binance-funding: BTC/USDT:USDT@binance funding 1 rows 2023-05-01 2023-05-01"],
    );
    check(
        "depth.csv",
        "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty,pu\nBTCUSDT,1667346579146,1,5,b,snap,20377.0,1,-1\n",
        &["binance-depth: BTC/USDT:USDT@binance book 2 rows 2022-11-01T23:49:39.146Z 2022-11-01T23:49:39.146Z"],
    );
}

#[test]
fn yahoo_and_cryptodatadownload() {
    check(
        "KAP-IL-1d.csv",
        "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits\n2022-03-28 00:00:00+01:00,2,3,1,2,1.9,10,0.0,2.0\n\
         2022-03-25 00:00:00+00:00,2,3,1,2,1.9,10,0.25,0.0\n2022-03-24 00:00:00+00:00,2,3,1,2,1.9,10,0.0,0.0\n",
        &[
            "yahoo: KAP.IL@yahoo bars 1d 3 rows 2022-03-24 2022-03-28",
            "yahoo: KAP.IL@yahoo actions 2 rows 2022-03-25 2022-03-28",
        ],
    );
    check(
        "Coinbase_BTCUSD_1h.csv",
        "Timestamps are UTC timezone,https://www.CryptoDataDownload.com\ndate,symbol,open,high,low,close,volume_btc,volume\n\
         2019-10-17 12-PM,BTCUSD,2,3,1,2,5,9\n2019-10-17 11-AM,BTCUSD,2,3,1,2,5,9\n2019-10-17 12-AM,BTCUSD,2,3,1,2,5,9\n",
        &["cryptodatadownload: BTC/USD@coinbase bars 1h 3 rows 2019-10-17 2019-10-17T12:00:00Z"],
    );
}

#[test]
fn lean() {
    let daily = "20140605 00:00,6400000,6500000,6300000,6450000,100\n";
    check("usa/daily/aapl.csv", daily, &["lean: AAPL@usa bars 1d 1 rows 2014-06-05 2014-06-05"]);
    check(
        "usa/minute/aapl/20140605_trade.csv",
        "34200000,6400000,6500000,6300000,6450000,100\n",
        &["lean: AAPL@usa bars 1m 1 rows 2014-06-05T13:30:00Z 2014-06-05T13:30:00Z"],
    );
    // Nobody bid in the first minute.
    check(
        "usa/minute/aapl/20140605_quote.csv",
        "34200000,,,,,,1000000,1000000,1000000,1000000,5\n34260000,990000,990000,990000,990000,2,1000000,1000000,1000000,1000000,5\n",
        &[
            "lean: AAPL@usa bids 1m 1 rows 2014-06-05T13:31:00Z 2014-06-05T13:31:00Z",
            "lean: AAPL@usa asks 1m 2 rows 2014-06-05T13:30:00Z 2014-06-05T13:31:00Z",
        ],
    );
    check(
        "fxcm/daily/eurusd.csv",
        "20140605 00:00,1,2,1,2,0,1,2,1,2,0\n",
        &[
            "lean: EUR/USD@fxcm bids 1d 1 rows 2014-06-05T05:00:00Z 2014-06-05T05:00:00Z",
            "lean: EUR/USD@fxcm asks 1d 1 rows 2014-06-05T05:00:00Z 2014-06-05T05:00:00Z",
        ],
    );
    check(
        "oanda/tick/eurusd/20140501_quote.csv",
        "292,1.38676,1.38686\n",
        &["lean: EUR/USD@oanda quotes 1 rows 2014-05-01T00:00:00.292Z 2014-05-01T00:00:00.292Z"],
    );
    check(
        "cme/daily/es_trade_201312.csv",
        "20131006 00:00,1,2,1,2,9\n",
        &["lean: ES-20131220@cme bars 1d 1 rows 2013-10-06 2013-10-06"],
    );
    check(
        "nymex/daily/cl_trade_201312.csv",
        "20131006 00:00,1,2,1,2,9\n",
        &["lean: CL-20131231@nymex bars 1d 1 rows 2013-10-06 2013-10-06"],
    );
    check("cme/daily/es_openinterest_201312.csv", "20131006 00:00,9\n", &["lean-beside: no rows"]);
    check(
        "usa/factor_files/aapl.csv",
        "20140606,0.9,0.0357143,645.57\n20501231,0.9,0.25,0\n",
        &["lean-factors: AAPL@usa actions 1 rows 2014-06-09 2014-06-09"],
    );
    check(
        "usa/map_files/meta.csv",
        "20120518,fb,Q\n20220608,fb,Q\n20501231,meta,Q\n",
        &["lean-map: no rows FB:2012-05-18"],
    );
    check("usa/map_files/fb.1.csv", "19990929,fb\n20030328,fb\n", &["lean-map: no rows FB:1999-09-29"]);
    check(
        "binance/margin_interest/btcusdt.csv",
        "20221213 00:00:00,0.0001\n",
        &["lean-funding: BTC/USDT:USDT@binance funding 1 rows 2022-12-13 2022-12-13"],
    );
    check("cme/margins/ES.csv", "date,initial,maintenance\n20120326,4375,3500\n", &["lean-beside: no rows"]);
}

#[test]
fn kraken_truefx_freqtrade_and_ccxt() {
    check(
        "BCHEUR.csv",
        "1672531436,90.5,1.1\n1672531436,90.4,1\n",
        &["kraken-trades: BCH/EUR@kraken trades 2 rows 2023-01-01T00:03:56Z 2023-01-01T00:03:56Z"],
    );
    check(
        "XBTUSD_60.csv",
        "1672531200,2,3,1,2,5.5,7\n",
        &["kraken-bars: BTC/USD@kraken bars 1h 1 rows 2023-01-01 2023-01-01"],
    );
    check(
        "ticks.csv",
        "EUR/USD,20130101 22:00:00.295,1.31,1.32\n",
        &["truefx: EUR/USD@truefx quotes 1 rows 2013-01-01T22:00:00.295Z 2013-01-01T22:00:00.295Z"],
    );
    let arrays = "[[1509836520000, 0.00162008, 0.00162008, 0.00162, 0.00162, 108.5], [1509836580000, 0.00161, 0.00162, 0.00161, 0.00161, 82]]";
    check(
        "binance/LTC_BTC-1m.json",
        arrays,
        &["freqtrade: LTC/BTC@binance bars 1m 2 rows 2017-11-04T23:02:00Z 2017-11-04T23:03:00Z"],
    );
    check("LTCBTC.json", arrays, &["ccxt: LTC/BTC@unknown bars 1m 2 rows 2017-11-04T23:02:00Z 2017-11-04T23:03:00Z"]);
}

#[test]
fn tardis() {
    let head = "exchange,symbol,timestamp,local_timestamp";
    check(
        "trades.csv",
        &format!(
            "{head},id,side,price,amount\nderibit,BTC-PERPETUAL,1585699200000000,1585699200000500,7,buy,6400.5,10\nderibit,ETH-PERPETUAL,1585699200000000,1585699200000500,8,sell,130,1\n"
        ),
        &[
            "tardis: BTC/USD:BTC@deribit trades 1 rows 2020-04-01 2020-04-01",
            "tardis: ETH/USD:ETH@deribit trades 1 rows 2020-04-01 2020-04-01",
        ],
    );
    check(
        "l2.csv",
        &format!(
            "{head},is_snapshot,side,price,amount\nderibit,BTC-PERPETUAL,1585699200000000,1585699200000500,true,ask,6400.5,10\n\
             deribit,BTC-PERPETUAL,1585699200000000,1585699200000500,true,bid,6400,10\nderibit,BTC-PERPETUAL,1585699200000001,1585699200000600,false,bid,6400,0\n"
        ),
        &["tardis: BTC/USD:BTC@deribit book 4 rows 2020-04-01 2020-04-01T00:00:00.000001Z"],
    );
    check(
        "quotes.csv",
        &format!(
            "{head},ask_amount,ask_price,bid_price,bid_amount\nbinance-futures,BTCUSDT,1585699200000000,1585699200000500,1,6401,6400,2\n"
        ),
        &["tardis: BTC/USDT:USDT@binance quotes 1 rows 2020-04-01 2020-04-01"],
    );
    check(
        "book_snapshot_5.csv",
        &format!(
            "{head},asks[0].price,asks[0].amount,bids[0].price,bids[0].amount\nbinance,BTCUSDT,1585699200000000,1585699200000500,6401,1,6400,2\n"
        ),
        &["tardis: BTC/USDT@binance book 3 rows 2020-04-01 2020-04-01"],
    );
}

#[test]
fn columns_of_known_names() {
    check(
        "MSFT.csv",
        ";Open;High;Low;Close\n2020-01-01;1;2;1;2\n2020-01-02;1;2;1;2\n",
        &["csv: MSFT@unknown bars 1d 2 rows 2020-01-01 2020-01-02"],
    );
    check(
        "usdjpy-m1-bid.csv",
        "timestamp,open,high,low,close\n2013-02-01 00:00:00+00:00,91,92,91,91\n",
        &["csv: USD/JPY@unknown bids 1m 1 rows 2013-02-01 2013-02-01"],
    );
    check("MSFT.csv", "time,amount\n2020-01-01,0.5\n", &["csv: MSFT@unknown actions 1 rows 2020-01-01 2020-01-01"]);
    check("MSFT.csv", "time,ratio\n2020-01-01,4\n", &["csv: MSFT@unknown actions 1 rows 2020-01-01 2020-01-01"]);
    check("MSFT.csv", "time,ratio\n2020-01-01,4:1\n", &["csv: MSFT@unknown actions 1 rows 2020-01-01 2020-01-01"]);
    let events = "Date,Stock Splits\n2020-01-01,1:3\n2021-01-01,3/2\n";
    check("MSFT.csv", events, &["csv: MSFT@unknown actions 2 rows 2020-01-01 2021-01-01"]);
    check(
        "MSFT.jsonl",
        "{\"time\":\"2020-01-01\",\"open\":1,\"high\":2,\"low\":1,\"close\":2}\n{\"time\":\"2020-01-02\",\"open\":1,\"high\":2,\"low\":1,\"close\":2}\n",
        &["json: MSFT@unknown bars 1d 2 rows 2020-01-01 2020-01-02"],
    );
}

/// Bars as pandas and polars write them: an index of its own name, times of any unit.
fn frame() -> RecordBatch {
    let time: ArrayRef =
        Arc::new(TimestampMillisecondArray::from(vec![1_637_971_200_000, 1_637_971_260_000]).with_timezone("UTC"));
    let number = |values: [f64; 2]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    RecordBatch::try_from_iter([
        ("open", number([0.00162008, 1.0])),
        ("high", number([2.0, 2.0])),
        ("low", number([0.001, 1.0])),
        ("close", number([1.1, 1.0])),
        ("volume", number([12345678.12345678, 1.0])),
        ("__index_level_0__", time),
    ])
    .unwrap()
}

#[test]
fn parquet_and_arrow() {
    let batch = frame();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    check_bytes(
        "BTCUSDT.parquet",
        &bytes,
        &["parquet: BTC/USDT@unknown bars 1m 2 rows 2021-11-27 2021-11-27T00:01:00Z"],
    );
    let mut bytes = Vec::new();
    let mut writer = arrow_ipc::writer::FileWriter::try_new(&mut bytes, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    check_bytes("BTCUSDT.feather", &bytes, &["arrow: BTC/USDT@unknown bars 1m 2 rows 2021-11-27 2021-11-27T00:01:00Z"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("BTCUSDT.feather");
    std::fs::File::create(&path).unwrap().write_all(&bytes).unwrap();
    let (_, Rows::Bars(bars)) = rows(&path, &Wish::default()).remove(0) else { panic!("no bars") };
    assert_eq!(
        (bars[0].open.to_string(), bars[0].volume.to_string()),
        ("0.00162008".into(), "12345678.12345678".into())
    );
    let trades = RecordBatch::try_from_iter([
        ("ts_event", Arc::new(Int64Array::from(vec![1_637_971_200_000_000_000])) as ArrayRef),
        ("price", Arc::new(StringArray::from(vec!["54000.1"])) as ArrayRef),
        ("size", Arc::new(StringArray::from(vec!["0.5"])) as ArrayRef),
        ("side", Arc::new(StringArray::from(vec!["SELL"])) as ArrayRef),
    ])
    .unwrap();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, trades.schema(), None).unwrap();
    writer.write(&trades).unwrap();
    writer.close().unwrap();
    check_bytes("BTCUSDT.parquet", &bytes, &["parquet: BTC/USDT@unknown trades 1 rows 2021-11-27 2021-11-27"]);
}

#[test]
fn who_took_liquidity() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, text: &str, expected: &[Side]| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let (_, Rows::Trades(trades)) = rows(&path, &Wish::default()).remove(0) else { panic!("no trades") };
        assert_eq!(trades.iter().map(|trade| trade.side).collect::<Vec<_>>(), expected, "{name}");
    };
    use Side::{Buy, Sell};
    // Where the buyer rested, the taker sold.
    check(
        "BTCUSDT-aggTrades.csv",
        "7,5,1,10,12,1637971200000,True,True\n8,5,1,13,13,1637971200001,False,True\n",
        &[Sell, Buy],
    );
    check(
        "BCHEUR.csv",
        "1672531436,90,1\n1672531437,91,1\n1672531438,90,1\n1672531439,90,1\n1672531440,91,1\n",
        &[Buy, Buy, Sell, Sell, Buy],
    );
}

#[test]
fn every_dialect_is_in_the_docs() {
    let book = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/import.md")).unwrap();
    for about in dialects() {
        assert!(
            book.contains(&format!("| `{}` | {} |", about.name, about.recognised)),
            "docs/import.md lacks | `{}` | {} |",
            about.name,
            about.recognised
        );
    }
}
