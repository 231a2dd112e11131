//! Tests of the crate as its users see it.
mod download;
mod server;
mod signatures;
mod stream;
