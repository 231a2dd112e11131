//! Connections that say nothing, or dribble, are cut, and no more than so many are there at once.
//!
//! Bytes that come where no request is being answered begin a head, and its clock; [`Pulse::heard`] stops it once the whole
//! head is there. The bytes alone do not tell: only who reads the protocol knows where a head ends.
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Nothing is heard for so long: a WebSocket that lives answers a ping every 20 seconds.
const SILENCE: Duration = Duration::from_secs(90);
/// From the first byte of a request to the last of its head.
const HEAD: Duration = Duration::from_secs(10);
/// How long the whole body of a request may take.
pub(super) const BODY: Duration = Duration::from_secs(30);
/// How long a client may take nothing of what is written to it.
const STUCK: Duration = Duration::from_secs(30);
/// The most connections; who comes then waits.
const CONNECTIONS: usize = 1_024;

/// A listener whose connections are cut when they are silent or slow.
pub(super) struct Patient<L> {
    listener: L,
    room: Arc<Semaphore>,
}

/// A connection that must say something now and then, and a whole head soon.
pub(super) struct Heard<T> {
    stream: T,
    cut: Pin<Box<Sleep>>,
    pulse: Pulse,
    counted: u64,
    /// When something was heard last.
    last: Instant,
    /// When the head that is not there yet began.
    head: Option<Instant>,
    stuck: Option<Pin<Box<Sleep>>>,
    _place: Option<OwnedSemaphorePermit>,
}

/// How many heads and answers a connection has had: odd while a request is being answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// A whole head is there.
    pub(super) fn heard(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// The answer is made: what comes now is the next head.
    pub(super) fn answered(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

impl<L> Patient<L> {
    pub(super) fn new(listener: L) -> Self {
        Self { listener, room: Arc::new(Semaphore::new(CONNECTIONS)) }
    }
}

impl<L: Listener> Listener for Patient<L> {
    type Io = Heard<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // The semaphore is never closed.
        let place = Arc::clone(&self.room).acquire_owned().await.ok();
        let (stream, peer) = self.listener.accept().await;
        (Heard::new(stream, place), peer)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

impl<L: Listener> Connected<IncomingStream<'_, Patient<L>>> for Pulse {
    fn connect_info(stream: IncomingStream<'_, Patient<L>>) -> Self {
        stream.io().pulse.clone()
    }
}

impl<T> Heard<T> {
    fn new(stream: T, place: Option<OwnedSemaphorePermit>) -> Self {
        let cut = Box::pin(sleep(SILENCE));
        let (pulse, last) = (Pulse::default(), Instant::now());
        Self { stream, cut, pulse, counted: 0, last, head: None, stuck: None, _place: place }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Heard<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let (now, count) = (Instant::now(), self.pulse.count());
        if count != self.counted {
            // The head that was being read is there, and perhaps answered already.
            (self.head, self.counted) = (None, count);
        }
        if read.is_ready() {
            self.last = now;
            if count % 2 == 0 {
                self.head.get_or_insert(now);
            }
        }
        let silent = self.last + SILENCE;
        let until = self.head.map_or(silent, |began| silent.min(began + HEAD));
        if until <= now {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if read.is_pending() {
            self.cut.as_mut().reset(until);
            // It is not due, and wakes this task when it is.
            let _ = self.cut.as_mut().poll(cx);
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Heard<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if written.is_ready() {
            self.stuck = None;
        } else if self.stuck.get_or_insert_with(|| Box::pin(sleep(STUCK))).as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Speaks every so often; how often it was heard, and how long until it was cut.
    async fn speaks(every: Duration, pulse: impl Fn(&Pulse)) -> (usize, Duration) {
        let (mut client, stream) = tokio::io::duplex(64);
        let (mut heard, began) = (Heard::new(stream, None), Instant::now());
        for times in 0..20 {
            tokio::time::advance(every).await;
            client.write_all(b"a").await.unwrap();
            match heard.read_u8().await {
                Ok(_) => pulse(&heard.pulse),
                Err(_) => return (times, began.elapsed()),
            }
        }
        assert_eq!(heard.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        (20, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_cut_and_who_speaks_is_not() {
        let nearly = SILENCE - SECOND;
        assert_eq!(speaks(nearly, Pulse::heard).await, (20, nearly * 20 + SILENCE), "a WebSocket");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_dribbles_is_cut() {
        assert_eq!(speaks(SECOND, |_| ()).await, (10, SECOND * 11), "ten seconds from its first byte");
        let (mut client, stream) = tokio::io::duplex(64);
        let (mut heard, began) = (Heard::new(stream, None), Instant::now());
        client.write_all(b"GET").await.unwrap();
        heard.read_exact(&mut [0; 3]).await.unwrap();
        assert!(heard.read_u8().await.is_err());
        assert_eq!(began.elapsed(), HEAD, "though nothing more comes");
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_waits_for_its_next_head() {
        let (mut client, stream) = tokio::io::duplex(64);
        let mut heard = Heard::new(stream, None);
        for _ in 0..5 {
            client.write_all(b"GET").await.unwrap();
            heard.read_exact(&mut [0; 3]).await.unwrap();
            heard.pulse.heard();
            heard.pulse.answered();
            assert!(tokio::time::timeout(HEAD * 6, heard.read_u8()).await.is_err(), "nobody asks");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_cut() {
        let (_client, stream) = tokio::io::duplex(64);
        let (mut heard, began) = (Heard::new(stream, None), Instant::now());
        assert!(heard.write_all(&[0; 65]).await.is_err());
        assert_eq!(began.elapsed(), STUCK);
    }
}
