//! The local exchange: laws of its core, its wire, and real clients on it.
mod advanced_channels;
mod advanced_clients;
mod advanced_laws;
pub(crate) mod advanced_wire;
mod book;
pub(crate) mod clients;
mod faults;
pub(crate) mod laws;
pub(crate) mod market;
mod orders;
mod sockets;
pub(crate) mod usdm;
mod usdm_clients;
mod usdm_frames;
pub(crate) mod usdm_laws;
mod usdm_margin;
mod users;
mod wire;
