//! One step of trading: an [`Input`] changes state, writes events and hands out intents.
//!
//! Backtest, paper and live trading run this same [`Engine`]; they differ in who supplies the inputs and who carries the
//! intents. [`Simulator`] joins the engine to the [`SimVenue`](venue::SimVenue) for the first two.
//! Nothing here reads a clock, a file or a socket; equal inputs give equal events.
mod context;
mod curve;
mod engine;
mod history;
mod input;
mod journal;
mod orders;
pub mod risk;
mod simulator;
mod sizing;
mod state;
mod strategy;
mod tape;
mod tick_simulator;
mod ticket;
pub mod venue;

pub use context::Context;
pub use curve::EquityCurve;
pub use engine::Engine;
pub use history::History;
pub use input::{Command, EngineError, EngineSetup, Input, Intent, Series};
pub use journal::{Journal, JournalError, Keep};
pub use orders::{OpenOrder, OpenOrders};
pub use risk::{
    Approved, Breaker, Limits, Passed, PortfolioLimits, RiskCheck, RiskControl, SymbolLimits, Trigger, Usually,
};
pub use simulator::{AtEnd, Simulator, SimulatorError};
pub use sizing::{RiskBudget, Sizing};
pub use strategy::{Market, Pass, Quiet, Strategy};
pub use tape::Tape;
pub use tick_simulator::TickSimulator;
pub use ticket::Ticket;
