//! The application between the engine and the adapters: rows that arrive, and where they go. It knows no driver.
mod arrival;
pub mod pipeline;

pub use arrival::{Arrival, Row};
