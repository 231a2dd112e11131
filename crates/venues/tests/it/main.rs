//! Tests of the crate as its users see it.
mod download;
mod exchange;
mod server;
mod signatures;
