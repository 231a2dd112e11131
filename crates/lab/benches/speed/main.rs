//! How fast the hot paths are, each beside a bare hand-written loop over the same rows in the same process.
//! `cargo xtask bench` runs all; a name (`w1`, `w2`) runs one; `--bars N` changes the size.
mod market;
mod w1;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wants = |name: &str| {
        arguments.iter().all(|a| a.starts_with('-') || a.parse::<usize>().is_ok())
            || arguments.iter().any(|a| a == name)
    };
    let bars = arguments.iter().find_map(|a| a.parse().ok()).unwrap_or(1_000_000);
    if wants("w1") {
        w1::run(bars);
    }
}
