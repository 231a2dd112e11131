//! TLS in front of the exchange: a certificate that is given, or one that is made for this machine alone.
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use rcgen::CertifiedKey;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a client may take to agree on keys, and how many do so at once.
const HANDSHAKE: Duration = Duration::from_secs(10);
const HANDSHAKES: usize = 512;
/// Connections that wait to be served.
const WAITING: usize = 64;

/// Why there is no TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsError {
    /// There is no certificate in the text.
    Certificate(String),
    /// There is no private key in the text.
    Key(String),
    /// The two do not belong together, or are of a kind that is not taken.
    Pair(String),
    /// None could be made.
    Making(String),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(why) => write!(f, "no certificate in PEM: {why}"),
            Self::Key(why) => write!(f, "no private key in PEM: {why}"),
            Self::Pair(why) => write!(f, "the certificate and the key are no pair: {why}"),
            Self::Making(why) => write!(f, "no certificate could be made: {why}"),
        }
    }
}

impl std::error::Error for TlsError {}

/// A certificate and its key, ready to be served.
#[derive(Debug, Clone)]
pub struct Tls(Arc<ServerConfig>);

impl Tls {
    /// Of a chain of certificates, the server's first, and its key; both PEM.
    ///
    /// # Errors
    /// [`TlsError`], as it says.
    pub fn new(certificates: &str, key: &str) -> Result<Self, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates.as_bytes()).collect();
        let chain = chain.map_err(|error| TlsError::Certificate(error.to_string()))?;
        if chain.is_empty() {
            return Err(TlsError::Certificate("there is no such block".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| TlsError::Key(error.to_string()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| TlsError::Pair(error.to_string()))?;
        let config = config.with_no_client_auth().with_single_cert(chain, key);
        let mut config = config.map_err(|error| TlsError::Pair(error.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    /// A certificate of its own for `localhost` and `addresses`, and its key; both PEM. Who trusts it trusts nobody else.
    ///
    /// # Errors
    /// [`TlsError::Making`].
    pub fn make(addresses: &[String]) -> Result<(String, String), TlsError> {
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        names.extend(addresses.iter().filter(|address| !names.contains(address)).cloned().collect::<Vec<_>>());
        let made = rcgen::generate_simple_self_signed(names);
        let CertifiedKey { cert, signing_key } = made.map_err(|error| TlsError::Making(error.to_string()))?;
        Ok((cert.pem(), signing_key.serialize_pem()))
    }
}

/// A listener whose connections have agreed on keys before they are served. One that does not agree holds up no other.
pub(super) struct TlsListener {
    address: io::Result<SocketAddr>,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    accepting: tokio::task::JoinHandle<()>,
}

impl TlsListener {
    pub(super) fn new(listener: TcpListener, tls: &Tls) -> Self {
        let (sender, ready) = mpsc::channel(WAITING);
        let (acceptor, room) = (TlsAcceptor::from(Arc::clone(&tls.0)), Arc::new(Semaphore::new(HANDSHAKES)));
        let address = listener.local_addr();
        let accepting = tokio::spawn(async move {
            let mut listener = listener;
            // The semaphore is never closed.
            while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
                let (stream, peer) = Listener::accept(&mut listener).await;
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    let agreed = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
                    drop(permit);
                    if let Ok(Ok(stream)) = agreed {
                        let _ = sender.send((stream, peer)).await;
                    }
                });
            }
        });
        Self { address, ready, accepting }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            // Nobody accepts any more: it is being shut down.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.address.as_ref().copied().map_err(|error| io::Error::new(error.kind(), error.to_string()))
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
