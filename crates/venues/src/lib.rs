//! Exchanges: history and metadata over REST, streams, signatures; a local exchange that speaks their protocols.
pub mod backoff;
pub mod exchange;
pub mod history;
pub mod http;
pub mod pace;
pub mod rest;
pub mod sign;
pub mod stream;
