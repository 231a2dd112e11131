//! What the exchange does with connections that are not as they should be.
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use qframe_venues::exchange::server::fault::Faults;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::clients::{source, start};
use super::market::binance;

const PING: &[u8] = b"GET /api/v3/ping HTTP/1.1\r\nhost: x\r\n\r\n";

/// Asks on a connection that stays; true where it was answered.
async fn is_answered(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 1_024];
    let read = async {
        stream.write_all(PING).await?;
        stream.read(&mut answer).await
    };
    matches!(read.await, Ok(read) if answer[..read].starts_with(b"HTTP/1.1 200"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_dribbles_is_cut_and_an_idle_connection_stays() {
    let server = start(binance(), source(), Faults::default()).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    assert!(is_answered(&mut idle).await && is_answered(&mut slow).await);
    let began = Instant::now();
    slow.write_all(b"GET /api/v3/ping HTTP/1.1\r\nx: ").await.unwrap();
    while began.elapsed() < Duration::from_secs(20) {
        let mut byte = [0; 1];
        match timeout(Duration::from_millis(200), slow.read(&mut byte)).await {
            Ok(_) => break,
            Err(_) => _ = slow.write_all(b"a").await,
        }
    }
    let took = began.elapsed().as_secs_f64();
    assert!((9.0..15.0).contains(&took), "{took}");
    assert!(is_answered(&mut idle).await, "it said nothing for as long, and may");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binary_message_is_refused_by_its_code() {
    let server = start(binance(), source(), Faults::default()).await;
    for path in ["ws/aaausdt@trade", "stream", "ws-api/v3", ""] {
        let (mut socket, _) = connect_async(format!("ws://{}/{path}", server.address)).await.unwrap();
        socket.send(Message::Binary(b"{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":1}".to_vec().into())).await.unwrap();
        let closed = async {
            loop {
                match socket.next().await {
                    Some(Ok(Message::Close(frame))) => return frame.unwrap(),
                    Some(Ok(_)) => {}
                    end => panic!("/{path}: {end:?}"),
                }
            }
        };
        let frame = timeout(Duration::from_secs(10), closed).await.unwrap();
        assert_eq!((u16::from(frame.code), frame.reason.contains("text")), (1003, true), "/{path}");
    }
    sleep(Duration::from_millis(100)).await;
    assert_eq!(server.facts().connections, 0);
    server.stop().await;
}
