//! A run in two steps: [`raw`] is what was written (flags and configuration), the other files are what it means.
pub(crate) mod calendars;
pub(crate) mod catalog;
mod config;
pub(crate) mod data;
pub(crate) mod plan;
pub(crate) mod raw;
#[cfg_attr(not(test), expect(dead_code, reason = "`data stream` takes these flags"))]
pub(crate) mod sinks;
mod stored;
mod ticks;
mod values;
mod venue;
mod words;
