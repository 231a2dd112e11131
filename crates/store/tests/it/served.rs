//! What the InfluxDB sink makes of answers: from a server of ours that says them by a script.
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::read::GzDecoder;
use qframe_app::pipeline::{Sink, SinkError};
use qframe_store::{Influx, InfluxError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::made::{options, runtime, send, trades};

/// The first line and the headers of a request, and its lines.
type Request = (String, Vec<String>);

/// Answers each request as told by its lines; keeps what came.
async fn serve(answer: impl Fn(&[String]) -> String + Send + 'static) -> (String, Arc<Mutex<Vec<Request>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
    let kept = Arc::clone(&requests);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            let (head, length) = loop {
                stream.read_buf(&mut bytes).await.unwrap();
                let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
                let head = String::from_utf8(bytes.drain(..end + 4).collect()).unwrap();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                let length: usize = length.parse().unwrap();
                break (head, length);
            };
            while bytes.len() < length {
                stream.read_buf(&mut bytes).await.unwrap();
            }
            let mut text = String::new();
            GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let said = answer(&lines);
            kept.lock().unwrap().push((head, lines));
            stream.write_all(said.as_bytes()).await.unwrap();
        }
    });
    (format!("http://{address}"), requests)
}

fn said(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn each_version_is_asked_in_its_own_way() {
    let check = |path: &str, token: Option<&str>, first: &str, authorization: &str| {
        runtime().block_on(async {
            let (address, requests) = serve(|_| said("204 No Content", "", "")).await;
            let address = address.replace("//", if token.is_none() { "//me:secret@" } else { "//" });
            let mut influx = Influx::new(&format!("{address}{path}"), token).unwrap();
            influx.write(&trades("BTC/USDT", 1..4)).await.unwrap();
            let requests = requests.lock().unwrap();
            let (head, lines) = &requests[0];
            assert_eq!(head.lines().next().unwrap(), first);
            assert!(head.contains(&format!("authorization: {authorization}\r\n")), "{head}");
            assert_eq!(lines.len(), 3);
        });
    };
    // The words `me:secret` in the alphabet of basic authorization.
    check("?db=q", None, "POST /write?db=q&precision=ns HTTP/1.1", "Basic bWU6c2VjcmV0");
    let first = "POST /api/v2/write?org=o&bucket=b&precision=ns HTTP/1.1";
    check("/api/v2/write?org=o&bucket=b", Some("t"), first, "Token t");
    let first = "POST /api/v3/write_lp?db=q&precision=nanosecond HTTP/1.1";
    check("/api/v3/write_lp?db=q", Some("t"), first, "Bearer t");
}

#[test]
fn a_wrong_address_says_what_is_expected() {
    let refused = |address: &str| Influx::new(address, None).err().unwrap();
    assert!(matches!(refused("localhost"), InfluxError::Address(_)));
    assert!(matches!(refused("ftp://localhost?db=q"), InfluxError::Address(_)));
    assert!(matches!(refused("http://localhost/query?db=q"), InfluxError::Address(_)));
    assert_eq!(refused("http://localhost:8086"), InfluxError::Missing("its database: ?db=NAME"));
    assert_eq!(refused("http://h/api/v2/write?org=o"), InfluxError::Missing("its bucket: &bucket=NAME"));
    assert!(!refused("ftp://me:secret@h?db=q").to_string().contains("secret"));
    assert!(refused("localhost").to_string().contains("expected http://HOST:8086?db=NAME"));
}

#[test]
fn an_answer_says_what_becomes_of_the_batch() {
    let check = |status: &'static str, headers: &'static str, expected: fn(&SinkError) -> bool| {
        runtime().block_on(async {
            let (address, _) = serve(move |_| said(status, headers, "{\"error\":\"no\"}")).await;
            let mut influx = Influx::new(&format!("{address}?db=q"), None).unwrap();
            let error = influx.write(&trades("BTC/USDT", 1..4)).await.unwrap_err();
            assert!(expected(&error), "{status}: {error:?}");
        });
    };
    check(
        "429 Too Many Requests",
        "Retry-After: 9\r\n",
        |error| matches!(error, SinkError::Later { after: Some(after), .. } if *after == Duration::from_secs(9)),
    );
    check(
        "503 Service Unavailable",
        "Retry-After: 3\r\n",
        |error| matches!(error, SinkError::Later { after: Some(after), .. } if *after == Duration::from_secs(3)),
    );
    check("500 Internal Server Error", "", |error| matches!(error, SinkError::Later { after: None, .. }));
    check("404 Not Found", "", |error| matches!(error, SinkError::Later { why, .. } if why.contains("404")));
    check("401 Unauthorized", "", |error| matches!(error, SinkError::Later { why, .. } if why.contains("401")));
    check("413 Payload Too Large", "", |error| matches!(error, SinkError::TooLarge(_)));
    check("400 Bad Request", "", |error| matches!(error, SinkError::Refused(rows) if rows.len() == 3));
    runtime().block_on(async {
        let mut influx = Influx::new("http://me:secret@127.0.0.1:1?db=q", None).unwrap();
        let error = influx.write(&trades("BTC/USDT", 1..4)).await.unwrap_err().to_string();
        assert!(error.contains("does not answer") && !error.contains("secret"), "{error}");
    });
}

#[test]
fn bad_rows_are_found_and_the_others_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let is_bad = |line: &String| line.contains("id=77i") || line.contains("id=78i") || line.contains("id=400i");
    let stats = runtime().block_on(async {
        let (address, requests) = serve(move |lines| match lines.iter().filter(|line| is_bad(line)).count() {
            0 => said("204 No Content", "", ""),
            bad => {
                said("400 Bad Request", "", &format!("{{\"error\":\"partial write: type conflict dropped={bad}\"}}"))
            }
        })
        .await;
        let influx = Influx::new(&format!("{address}?db=q"), None).unwrap();
        let stats = send(influx, trades("BTC/USDT", 1..501), folder.path(), options()).await;
        assert!(requests.lock().unwrap().len() < 60, "halving asks few times");
        stats
    });
    let sink = &stats.sinks[0];
    assert_eq!((sink.written, sink.refused.total(), sink.failures), (497, 3, 0), "{sink:#?}");
    assert_eq!(sink.refused.counts()["a field of another type"], 3);
}

#[test]
fn a_batch_that_is_too_large_is_split() {
    let folder = tempfile::tempdir().unwrap();
    let stats = runtime().block_on(async {
        let (address, requests) = serve(|lines| match lines.len() {
            0..=20 => said("204 No Content", "", ""),
            _ => said("413 Request Entity Too Large", "", ""),
        })
        .await;
        let influx = Influx::new(&format!("{address}?db=q"), None).unwrap();
        let stats = send(influx, trades("BTC/USDT", 1..501), folder.path(), options()).await;
        let requests = requests.lock().unwrap();
        let written: usize = requests.iter().map(|(_, lines)| lines.len()).filter(|lines| *lines <= 20).sum();
        assert_eq!(written, 500);
        stats
    });
    assert_eq!((stats.sinks[0].written, stats.sinks[0].failures), (500, 0));
}
