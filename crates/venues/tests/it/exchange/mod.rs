//! The local exchange: laws of its core, its wire, and real clients on it.
mod advanced_channels;
mod advanced_clients;
mod advanced_laws;
mod advanced_wire;
mod book;
mod clients;
mod faults;
mod laws;
mod market;
mod orders;
mod usdm;
mod usdm_clients;
mod usdm_frames;
mod usdm_laws;
mod users;
mod wire;
