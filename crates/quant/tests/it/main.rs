//! The crate from outside: laws that every indicator and statistic obeys, and figures of independent libraries.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's helpers fail the test, and say what was skipped"
)]

mod covariance;
mod curve;
mod facts;
mod laws;
mod metrics;
mod oracle;
mod portfolio;
mod quantstats;
mod risk;
mod risk_oracle;
mod statistics;
mod talib;
