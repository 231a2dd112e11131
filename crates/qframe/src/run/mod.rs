//! A run in two steps: [`raw`] is what was written (flags and configuration), the other files are what it means.
pub(crate) mod calendars;
pub(crate) mod catalog;
mod config;
pub(crate) mod data;
pub(crate) mod interest;
mod joined;
pub(crate) mod measured;
mod memory;
pub(crate) mod plan;
mod rates;
pub(crate) mod raw;
mod rolls;
pub(crate) mod security;
mod stored;
mod ticks;
mod values;
mod venue;
mod words;
