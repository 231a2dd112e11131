//! How long this thread computed. Unlike the clock on the wall, it does not count what others do on the same cores.
use std::time::Instant;

/// The seconds that `work` took, and what it gave. Where the system does not say (only Linux does), those of the wall.
pub(crate) fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let (begin, before) = (Instant::now(), spent_ns());
    let result = std::hint::black_box(work());
    let wall = begin.elapsed().as_secs_f64();
    let spent = before.zip(spent_ns()).map_or(wall, |(before, after)| (after - before) / 1e9);
    (spent, result)
}

/// The smallest and the middle one.
pub(crate) fn best_and_median(mut seconds: Vec<f64>) -> (f64, f64) {
    seconds.sort_by(f64::total_cmp);
    (seconds[0], seconds[seconds.len() / 2])
}

fn spent_ns() -> Option<f64> {
    // Only a thread that gives up its core has its time written down.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}
