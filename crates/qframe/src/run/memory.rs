//! How much memory is free, where the system says so: what would not fit is refused before it is asked for.
use std::fs;

/// Bytes that may be taken now: what the system has left, no more than a container may have. `None` where nobody says.
pub(super) fn free() -> Option<u64> {
    let system = fs::read_to_string("/proc/meminfo").ok().and_then(|text| available(&text));
    let word = |name: &str| fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse::<u64>().ok();
    let container = word("memory.max").zip(word("memory.current")).map(|(most, taken)| most.saturating_sub(taken));
    system.into_iter().chain(container).min()
}

/// The line `MemAvailable: 123 kB`.
fn available(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Why no more rows can be held: so many are, each of so many bytes, and so much is free. `None` where more fit. A list
/// that is full is copied to one of twice its length.
pub(super) fn lacks(rows: usize, bytes: usize, free: Option<u64>) -> Option<String> {
    let needed = (rows as u64).saturating_mul(2).saturating_mul(bytes as u64);
    let free = free.filter(|free| needed > *free)?;
    let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
    Some(format!(
        "{rows} rows are read and more to come: they are held in memory, which takes {} MB for the next of them, and {} MB \
         are free; read less with --from and --to, or bars with --grain bars",
        megabytes(needed),
        megabytes(free)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_not_fit_is_refused_with_what_it_takes() {
        assert_eq!(available("MemTotal:  9 kB\nMemAvailable:     2048 kB\n"), Some(2 << 20));
        assert_eq!(available("MemAvailable: many\n"), None);
        assert_eq!(lacks(1_000_000, 64, None), None);
        assert_eq!(lacks(1_000_000, 64, Some(128_000_000)), None);
        let why = lacks(1_000_000, 64, Some(127_000_000)).unwrap();
        assert!(why.contains("takes 128 MB for the next of them, and 127 MB are free; read less with --from"), "{why}");
    }
}
