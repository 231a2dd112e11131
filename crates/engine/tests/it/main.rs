//! The engine and the simulated venue, seen from outside.
mod laws;
mod orders;
mod script;
mod venue;
