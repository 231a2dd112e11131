//! The import's decoders: each dialect, under the name that a file of it has.
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, TimestampMillisecondArray};
use qframe_data::import::{Wish, import};

use super::fuzz;

const KLINES: &str =
    "1637971200000,1,2,1,2,5.5,1637971259999,9,3,1,2,0\n1637971260000,1,2,1,2,5.5,1637971319999,9,3,1,2,0\n";

/// Runs files through the import, each under its name in a folder of its own.
fn fuzz_files(files: &[(&str, Vec<u8>)]) {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = files.iter().map(|(name, _)| folder.path().join(name)).collect();
    for path in &paths {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    }
    let seeds: Vec<&[u8]> = files.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    fuzz(&seeds, |which, bytes| read(&paths[which], bytes));
}

fn read(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    let mut handed = 0;
    let answers = import(path, &Wish::default(), &mut |_, rows| {
        handed += rows.len() as u64;
        Ok(())
    });
    let told: u64 = answers
        .iter()
        .map(|answer| match answer {
            Ok(import) => import.sets.iter().map(|set| set.rows).sum(),
            Err(error) => error.handed,
        })
        .sum();
    assert_eq!(told, handed, "rows that are told and rows that are handed on");
}

#[test]
fn import_texts() {
    let text = |text: &str| text.as_bytes().to_vec();
    fuzz_files(&[
        ("BTCUSDT-1m-2021-11-27.csv", text(KLINES)),
        (
            "BTCUSDT-aggTrades-2021.csv",
            text("7,54000.1,0.5,10,12,1637971200000,True,True\n8,54000.2,0.1,13,13,1637971200001,False,True\n"),
        ),
        ("BTCUSDT-trades-2021.csv", text("7,54000.1,0.5,27000.05,1637971200000,True,True\n")),
        (
            "BTCUSDT-bookTicker-2023.csv",
            text(
                "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n9,27000,1,27000.1,2,1684195200000,1684195200003\n",
            ),
        ),
        (
            "depth.csv",
            text(
                "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty,pu\nBTCUSDT,1667347199939,5,6,a,set,20472.80,0.5,4\n",
            ),
        ),
        (
            "KAP-IL-1d.csv",
            text(
                "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits\n2022-01-04 00:00:00+00:00,1,2,1,2,1.5,9,0.1,2\n",
            ),
        ),
        ("usa/daily/aapl.csv", text("20140605 00:00,6450000,6499700,6428000,6473200,70000000\n")),
        (
            "usa/minute/aapl/20140605_trade.csv",
            text("34200000,6450000,6499700,6428000,6473200,70\n34260000,6450000,6499700,6428000,6473200,70\n"),
        ),
        ("oanda/tick/eurusd/20140501_quote.csv", text("100,1.38,1.39\n200,1.38,1.39\n")),
        ("usa/factor_files/aapl.csv", text("20140606,0.9,0.25,600\n20501231,1,1,0\n")),
        ("usa/map_files/meta.csv", text("20120518,fb,Q\n20220608,fb,Q\n20501231,meta,Q\n")),
        ("BCHEUR.csv", text("1672531436,90,1\n1672531437,91,1\n")),
        ("binance/LTC_BTC-1m.json", text("[[1509836520000,0.1,0.2,0.1,0.15,5],[1509836580000,0.1,0.2,0.1,0.15,5]]")),
        ("objects.json", text("[{\"time\":\"2020-01-01\",\"open\":1,\"high\":2,\"low\":1,\"close\":2,\"volume\":3}]")),
        ("EURUSD.csv", text("EUR/USD,20130101 22:00:00.123,1.1,1.2\n")),
        ("MSFT.csv", text("time,open,high,low,close,volume\n2020-01-01,1,2,1,2,3\n")),
    ]);
}

#[test]
fn import_texts_of_ticks_and_rates() {
    let tardis = "exchange,symbol,timestamp,local_timestamp";
    let row = "deribit,BTC-PERPETUAL,1585699200000000,1585699200000500";
    let text = |text: &str| text.as_bytes().to_vec();
    fuzz_files(&[
        ("trades.csv", format!("{tardis},id,side,price,amount\n{row},7,buy,6400.5,10\n{row},8,sell,130,1\n").into()),
        (
            "l2.csv",
            format!("{tardis},is_snapshot,side,price,amount\n{row},true,ask,6400.5,10\n{row},false,bid,6400,0\n")
                .into(),
        ),
        (
            "snapshots.csv",
            format!("{tardis},asks[0].price,asks[0].amount,bids[0].price,bids[0].amount\n{row},6401,1,6400,2\n").into(),
        ),
        (
            "Coinbase_BTCUSD_1h.csv",
            text(
                "https://www.CryptoDataDownload.com\ndate,symbol,open,high,low,close,volume_btc,volume\n2019-10-17 12-PM,BTCUSD,2,3,1,2,5,9\n2019-10-17 11-AM,BTCUSD,2,3,1,2,5,9\n",
            ),
        ),
        ("XBTUSD_60.csv", text("1672531200,90,92,89,91,5.5,12\n1672534800,91,92,90,91,1.5,3\n")),
        (
            "BTCUSDT-fundingRate-2021-11.csv",
            text("calc_time,funding_interval_hours,last_funding_rate\n1635724800000,8,0.0001\n"),
        ),
        (
            "BTCUSDT.funding.csv",
            text("time,rate,mark\n2021-11-27T08:00:00Z,0.0001,54000.5\n2021-11-27T16:00:00Z,-0.0001,\n"),
        ),
        (
            "book.csv",
            text(
                "time,sequence,side,price,qty,last,received\n2021-11-27T08:00:00Z,5,clear,,,false,2021-11-27T08:00:01Z\n2021-11-27T08:00:00Z,5,buy,54000,1.5,true,2021-11-27T08:00:01Z\n",
            ),
        ),
        ("actions.csv", text("time,action,value,paid\n2021-11-26,dividend,0.22,2021-12-10\n2021-11-27,split,2,\n")),
        ("future/cme/daily/es_20131220_openinterest.csv", text("20131101 00:00,2700000\n20131104 00:00,2710000\n")),
    ]);
}

#[test]
fn import_columns() {
    let number = |values: [f64; 2]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    let time: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![1_637_971_200_000, 1_637_971_260_000]));
    let names = ["open", "high", "low", "close", "volume"];
    let columns = names.map(|name| (name, number([1.5, 1.5])));
    let batch = RecordBatch::try_from_iter(std::iter::once(("date", time)).chain(columns)).unwrap();
    let mut parquet_bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut parquet_bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let mut arrow_bytes = Vec::new();
    let mut writer = arrow_ipc::writer::FileWriter::try_new(&mut arrow_bytes, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("BTCUSDT-1m-2021.csv", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut archive, KLINES.as_bytes()).unwrap();
    let zip_bytes = archive.finish().unwrap().into_inner();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, KLINES.as_bytes()).unwrap();
    let zstd_bytes = zstd::encode_all(KLINES.as_bytes(), 1).unwrap();
    fuzz_files(&[
        ("BTCUSDT.parquet", parquet_bytes),
        ("BTCUSDT.feather", arrow_bytes),
        ("BTCUSDT.zip", zip_bytes),
        ("BTCUSDT-1m-2021-11-27.csv.gz", gzip.finish().unwrap()),
        ("BTCUSDT-1m-2021-11-28.csv.zst", zstd_bytes),
    ]);
}
