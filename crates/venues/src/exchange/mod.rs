//! A local exchange: recorded markets that real clients of Binance and of Coinbase trade on.
pub mod advanced;
pub mod binance;
pub mod core;
pub mod server;
pub mod usdm;
