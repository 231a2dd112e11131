//! Hostile answers, messages and requests: no panic, nothing without bound. `QFRAME_FUZZ_RUNS` says how many each target takes;
//! `cargo xtask fuzz` sets it.
mod answers;
/// The same inputs as for the decoders of files.
#[path = "../../../../data/tests/it/fuzz/engine.rs"]
mod engine;
mod heads;
mod requests;
mod sessions;

/// How many, where nobody says.
const RUNS: usize = 500;

fn runs() -> usize {
    std::env::var("QFRAME_FUZZ_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS)
}
