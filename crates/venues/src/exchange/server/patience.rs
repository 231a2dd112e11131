//! Connections that say nothing are cut, and no more than so many are there at once.
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Nothing is heard for so long: a WebSocket that lives answers a ping every 20 seconds.
const SILENCE: Duration = Duration::from_secs(90);
/// The most connections; who comes then waits.
const CONNECTIONS: usize = 1_024;

/// A listener whose connections are cut when they are silent.
pub(super) struct Patient<L> {
    listener: L,
    room: Arc<Semaphore>,
}

/// A connection that must say something now and then.
pub(super) struct Heard<T> {
    stream: T,
    cut: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
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
        (Heard { stream, cut: Box::pin(sleep(SILENCE)), _place: place }, peer)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Heard<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() {
            self.cut.as_mut().reset(Instant::now() + SILENCE);
        } else if self.cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Heard<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
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

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_cut_and_who_speaks_is_not() {
        let (mut client, stream) = tokio::io::duplex(64);
        let mut heard = Heard { stream, cut: Box::pin(sleep(SILENCE)), _place: None };
        for _ in 0..5 {
            tokio::time::advance(SILENCE - Duration::from_secs(1)).await;
            client.write_all(b"a").await.unwrap();
            assert_eq!(heard.read_u8().await.unwrap(), b'a');
        }
        assert_eq!(heard.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
