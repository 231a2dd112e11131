//! Real InfluxDB 1.6 and VictoriaMetrics: what was written is read back.
use std::collections::BTreeMap;
use std::time::Duration;

use qframe_app::Row;
use qframe_app::pipeline::{Sink, SinkError};
use qframe_data::Kind;
use qframe_model::market::Trade;
use qframe_store::Influx;
use serde_json::Value;

use crate::made::{START, arrival, key, mixed, options, runtime, send, service, trade, trades};

/// A database of its own for each test.
async fn query(server: &str, query: &str) -> Value {
    let url = format!("{server}/query");
    let words = [("q", query), ("epoch", "ns"), ("db", &name())];
    let answer = client().post(url).query(&words).send().await;
    serde_json::from_slice(&answer.unwrap().bytes().await.unwrap()).unwrap()
}

fn name() -> String {
    format!("qframe_{}_{}", std::process::id(), std::thread::current().name().unwrap_or("x").replace("::", "_"))
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::new()
}

/// The rows of the only series of an answer, as maps.
fn rows(answer: &Value) -> Vec<BTreeMap<String, Value>> {
    let series = &answer["results"][0]["series"][0];
    let names: Vec<String> =
        series["columns"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    let values = series["values"].as_array().unwrap().iter();
    values.map(|row| names.iter().cloned().zip(row.as_array().unwrap().iter().cloned()).collect()).collect()
}

#[test]
fn influxdb_gives_back_every_row_with_its_values() {
    let Some(server) = service("QFRAME_TEST_INFLUX") else { return };
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        query(&server, &format!("CREATE DATABASE {}", name())).await;
        let influx = Influx::new(&format!("{server}?db={}", name()), None).unwrap();
        let stats = send(influx, mixed(3_000), folder.path(), options()).await;
        assert_eq!((stats.passed, stats.sinks[0].written), (12_000, 12_000), "{stats:#?}");
        for kind in ["trades", "quotes", "bars", "funding"] {
            let count = query(&server, &format!("SELECT count(received) FROM {kind}")).await;
            assert_eq!(rows(&count)[0]["count"], 3_000, "{kind}");
        }
        let series = query(&server, "SHOW SERIES").await;
        assert_eq!(
            series["results"][0]["series"][0]["values"].as_array().unwrap().len(),
            5,
            "no more than data sets, and sides"
        );
        let found = rows(&query(&server, "SELECT * FROM trades").await);
        let mut found: BTreeMap<u64, _> = found.into_iter().map(|row| (row["id"].as_u64().unwrap(), row)).collect();
        for id in 1..=3_000 {
            let (row, Trade { time, received, price, quantity, side, .. }) = (found.remove(&id).unwrap(), trade(id));
            assert_eq!((row["at"].as_i64(), row["received"].as_i64()), (Some(time.nanos()), Some(received.nanos())));
            // The shortest text of the server's float is the exact decimal.
            assert_eq!(row["price"].to_string(), price.to_string());
            let size: qframe_model::number::Quantity = row["quantity"].to_string().parse().unwrap_or_default();
            assert!(size == quantity.quantity() || row["quantity"].as_f64() == Some(quantity.to_f64()), "{row:?}");
            assert_eq!(row["side"], side.to_string().as_str());
        }
        assert!(found.is_empty());
        query(&server, &format!("DROP DATABASE {}", name())).await;
    });
}

#[test]
fn influxdb_refuses_rows_of_another_type_and_keeps_the_others() {
    let Some(server) = service("QFRAME_TEST_INFLUX") else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        query(&server, &format!("CREATE DATABASE {}", name())).await;
        let client = client();
        // Somebody else wrote text there, in the day of the second half of the rows.
        let day = START + 86_400_000_000_000;
        let line = format!("funding mark=\"dear\" {day}");
        client
            .post(format!("{server}/write?db={}", name()))
            .body(line)
            .send()
            .await
            .unwrap()
            .error_for_status()
            .unwrap();
        let mut influx = Influx::new(&format!("{server}?db={}", name()), None).unwrap();
        let key = key(Kind::Funding, "BTC/USDT:USDT");
        let batch: Vec<_> = (0..60).map(|number| arrival(&key, Row::Funding(crate::made::funding(number)))).collect();
        let Err(SinkError::Refused(refused)) = influx.write(&batch).await else { panic!("no conflict of types") };
        let count = query(&server, "SELECT count(rate) FROM funding").await;
        assert_eq!(rows(&count)[0]["count"], 60 - refused.len());
        assert!(
            !refused.is_empty()
                && refused.len() < 60
                && refused.iter().all(|row| row.reason == "a field of another type")
        );
        let absent = Influx::new(&format!("{server}?db=absent"), None).unwrap().write(&batch).await;
        assert!(
            matches!(&absent, Err(SinkError::Later { why, .. }) if why.contains("database not found")),
            "{absent:?}"
        );
        query(&server, &format!("DROP DATABASE {}", name())).await;
    });
}

#[test]
fn victoria_metrics_gives_back_every_row() {
    let Some(server) = service("QFRAME_TEST_VICTORIA") else { return };
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        for path in ["?db=q", "/api/v2/write?org=o&bucket=b"] {
            // It keeps a row twice that is written twice, so each run has a symbol of its own.
            let base = if path.starts_with('?') { "A" } else { "B" };
            let symbol = &format!("{base}{}/USDT", std::process::id());
            let influx = Influx::new(&format!("{server}{path}"), Some("any")).unwrap();
            let stats = send(influx, trades(symbol, 1..2_001), folder.path(), options()).await;
            assert_eq!(stats.sinks[0].written, 2_000, "{stats:#?}");
            let client = client();
            client.get(format!("{server}/internal/force_flush")).send().await.unwrap();
            tokio::time::sleep(Duration::from_millis(500)).await;
            let wanted = format!("{{__name__=\"trades_price\",symbol=\"{symbol}\"}}");
            let url =
                reqwest::Url::parse_with_params(&format!("{server}/api/v1/export"), [("match[]", wanted)]).unwrap();
            let text = client.get(url).send().await.unwrap().text().await.unwrap();
            let (mut found, mut expected) = (Vec::new(), Vec::new());
            for line in text.lines() {
                let series: Value = serde_json::from_str(line).unwrap();
                found.extend(series["values"].as_array().unwrap().iter().map(Value::to_string));
            }
            expected.extend((1..=2_000).map(|id| trade(id).price.to_string()));
            found.sort();
            expected.sort();
            assert!(found == expected, "{} rows", found.len());
        }
    });
}
