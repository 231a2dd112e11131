//! How fast the hot paths are, each beside a bare hand-written loop over the same rows in the same process.
//! `cargo xtask bench` runs all; a name (`memory`, `catalog`, `w1` to `w6`, `book`, `portfolio`) runs one, a number changes how many bars.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark measures and prints, and stops at what should not be"
)]
mod bare;
mod book;
mod cpu;
mod hftbacktest;
mod market;
mod memory;
mod parquet;
mod portfolio;
mod talib;
mod w1;
mod w2;
mod w3;
mod w4;
mod w5;
mod w6;

struct Benchmark {
    name: &'static str,
    run: fn(usize),
    /// Where no number is given.
    bars: usize,
}

/// Memory comes first: a peak never falls again. So `catalog`, whose peak is to stay under 500 MB, is run by its name alone.
const ALL: [Benchmark; 11] = [
    Benchmark { name: "memory", run: memory::run, bars: 10_000_000 },
    Benchmark { name: "catalog", run: parquet::trades, bars: 100_000_000 },
    Benchmark { name: "w1", run: w1::run, bars: 1_000_000 },
    Benchmark { name: "w2", run: w2::run, bars: 100_000 },
    Benchmark { name: "w3", run: w3::run, bars: 1_000_000 },
    Benchmark { name: "w3", run: parquet::run, bars: 1_000_000 },
    Benchmark { name: "w4", run: w4::run, bars: 1_000_000 },
    Benchmark { name: "w5", run: w5::run, bars: 1_000_000 },
    Benchmark { name: "w6", run: w6::run, bars: 10_000_000 },
    Benchmark { name: "book", run: book::run, bars: 1_000_000 },
    // The number is that of assets.
    Benchmark { name: "portfolio", run: portfolio::run, bars: 500 },
];

fn main() {
    // Cargo adds flags of its own.
    let words = std::env::args().skip(1).filter(|word| !word.starts_with('-')).map(|word| word.to_lowercase());
    let (numbers, names): (Vec<String>, Vec<String>) = words.partition(|word| word.parse::<usize>().is_ok());
    let bars = numbers.first().and_then(|number| number.parse().ok());
    let known = ALL.map(|benchmark| benchmark.name);
    for name in &names {
        // `live` needs sockets: it is a benchmark of the program.
        let is_known = known.contains(&name.as_str()) || name == "live";
        assert!(is_known, "no benchmark `{name}`; there are {} and live", known.join(", "));
    }
    // Its peak is to stay under 500 MB, whatever others took: it runs by its name alone.
    let wanted = |name: &str| if names.is_empty() { name != "catalog" } else { names.iter().any(|n| n == name) };
    for benchmark in ALL.iter().filter(|one| wanted(one.name)) {
        (benchmark.run)(bars.unwrap_or(benchmark.bars));
    }
}
