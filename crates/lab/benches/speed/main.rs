//! How fast the hot paths are, each beside a bare hand-written loop over the same rows in the same process.
//! `cargo xtask bench` runs all; a name (`w1`, `w2`) runs one, a number changes how many bars.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark measures and prints, and stops at what should not be"
)]
mod market;
mod memory;
mod w1;
mod w2;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let bars = words.iter().find_map(|word| word.parse().ok());
    let names: Vec<&str> = words.iter().map(String::as_str).filter(|word| word.parse::<usize>().is_err()).collect();
    let wanted = |name: &str| names.is_empty() || names.contains(&name);
    // First, since a peak never falls again.
    if wanted("memory") {
        memory::run(bars.unwrap_or(10_000_000));
    }
    if wanted("w1") {
        w1::run(bars.unwrap_or(1_000_000));
    }
    if wanted("w2") {
        w2::run(bars.unwrap_or(100_000));
    }
}
