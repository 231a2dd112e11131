//! Hostile heads of requests, over a socket: whatever bytes come, each connection is answered or closed, and the exchange lives.
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use qframe_venues::exchange::server::fault::Faults;
use qframe_venues::exchange::server::{Server, Settings, Speed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::engine::fuzz;
use crate::exchange::clients::now;
use crate::exchange::market::binance;

const HEADS: [&str; 9] = [
    "GET /api/v3/ping HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n",
    "GET /api/v3/depth?symbol=AAAUSDT&limit=5 HTTP/1.1\r\nHost: here\r\nX-MBX-APIKEY: k\r\nAccept: */*\r\n\r\n",
    "POST /api/v3/order?symbol=AAAUSDT HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\nside=BUY&",
    "POST /api/v3/order HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nside\r\n0\r\n\r\n",
    "POST /api/v3/brokerage/orders HTTP/1.1\r\nHost: h:1\r\nAuthorization: Bearer a.b.c\r\nContent-Length: 2\r\n\r\n{}",
    "GET /ws/aaausdt@trade HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n\u{1}\u{5}hello",
    "GET /stream?streams=aaausdt@depth HTTP/1.0\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n",
    "PUT http://here/api/v3/userDataStream HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: here\r\nContent-Length: 99999999999999999999\r\nX: \u{e9}\r\n continued\r\n\r\n",
];

/// Sends the bytes, and nothing more where it `ends` then: what the exchange says first. Who ends may be answered, or taken for
/// gone.
async fn answer(address: SocketAddr, bytes: &[u8], ends: bool) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut told = vec![0; 4_096];
    let talk = async {
        stream.write_all(bytes).await?;
        if ends {
            stream.shutdown().await?;
        }
        stream.read(&mut told).await
    };
    let read = tokio::time::timeout(Duration::from_secs(5), talk).await.expect("answered or closed");
    told.truncate(read.unwrap_or(0));
    told
}

#[test]
fn heads() {
    let runtime = Runtime::new().unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let settings =
        Settings { address, speed: Speed::Times(1), from: None, waits: false, faults: Faults::default(), now: now() };
    let server = runtime.block_on(Server::start(binance(), Box::new(std::iter::empty()), settings)).unwrap();
    let ask = |bytes: &[u8], ends| runtime.block_on(answer(server.address, bytes, ends));
    let ask = std::panic::AssertUnwindSafe(ask);
    fuzz(&HEADS, |_, bytes| {
        let told = (*ask)(bytes, true);
        assert!(told.is_empty() || told.starts_with(b"HTTP/1."), "{:?}", String::from_utf8_lossy(&told));
    });
    let told = (*ask)(HEADS[0].as_bytes(), false);
    assert!(told.starts_with(b"HTTP/1.1 200"), "it lives");
    runtime.block_on(server.stop());
}
