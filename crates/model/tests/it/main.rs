//! The laws of the model: what must hold for every number, entry, fill and text, and not only for the examples.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

mod account;
mod book;
mod corporate;
mod currencies;
mod event;
mod ledger;
mod number;
mod order;
mod portfolio;
mod position;
mod rebalance;
mod serial;
mod signal;
mod strategy;
mod text;
mod world;
