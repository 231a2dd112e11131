//! Streams against a server that speaks each protocol and fails in each way.
pub(crate) mod faults;
mod messages;
mod replay;
mod values;
mod venue;
