//! A local exchange: recorded markets that real clients of Binance trade on.
pub mod binance;
pub mod core;
pub mod server;
pub mod usdm;
