//! The local exchange: laws of its core, its wire, and real clients on it.
mod book;
mod clients;
mod faults;
mod laws;
mod market;
mod usdm;
mod usdm_clients;
mod usdm_frames;
mod usdm_laws;
mod wire;
