//! Streams against a server that speaks each protocol and fails in each way.
mod faults;
mod fuzz;
mod messages;
mod replay;
mod venue;
