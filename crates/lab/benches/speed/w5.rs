//! W5: VaR and CVaR of scenarios of fifty assets, drawn (normal numbers included) and given; beside numpy.
use std::process::Command;
use std::time::Instant;

use qframe_lab::scenarios::draw;
use qframe_quant::covariance::{Covariance, Returns};
use qframe_quant::risk::garch::{Garch, Model};
use qframe_quant::risk::{Confidence, Quantile, Shock, Simulation, historical, outcomes, simulated};

use super::cpu::{best_and_median, seconds};

const SCRIPT: &str = include_str!("w5.py");
const ASSETS: usize = 50;
const ROUNDS: usize = 5;

pub(crate) fn run(scenarios: usize) {
    let simulation = simulation(scenarios);
    let at = [Confidence::new(0.95).unwrap()];
    let tail = |mut drawn: Vec<f64>| simulated(&mut drawn, &at).unwrap()[0];
    let (drawn, figures) = best(|| tail(outcomes(&simulation)));
    let given = Returns::new(given(scenarios), ASSETS).unwrap();
    let weights = [1.0 / ASSETS as f64; ASSETS];
    let (looked, _) = best(|| historical(&given.portfolio(&weights), Quantile::Linear, &at).unwrap()[0]);
    drop(given);
    let numpy = numpy(scenarios);
    for (place, (name, ours)) in [("montecarlo", drawn), ("historical", looked)].into_iter().enumerate() {
        let beside = match &numpy {
            Some((version, rows)) => {
                let theirs = rows[place].0;
                format!("numpy={theirs:.3}s ratio={:.2} (numpy {version}, CPU time)", theirs / ours)
            }
            None => "numpy=skipped (no Python with numpy; `cargo xtask bench` installs it)".to_owned(),
        };
        println!("w5 {name} scenarios={scenarios} assets={ASSETS} ours={ours:.3}s {beside}");
    }
    if let Some((_, rows)) = &numpy {
        let gap = (figures.var - rows[0].1).abs();
        let error = figures.errors.unwrap().0;
        assert!(gap < 10.0 * error, "both draw from one distribution: {} and {}", figures.var, rows[0].1);
    }
    threads(&simulation, scenarios);
    garch();
}

/// The same scenarios on one thread and on two, by the clock on the wall.
fn threads(simulation: &Simulation, scenarios: usize) {
    let timed = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let one = |_| {
            let begin = Instant::now();
            let sum: f64 = pool.install(|| draw(simulation)).iter().sum();
            (begin.elapsed().as_secs_f64(), sum)
        };
        (0..ROUNDS).map(one).fold((f64::INFINITY, 0.0), |best, one| if one.0 < best.0 { one } else { best })
    };
    let (one, two) = (timed(1), timed(2));
    assert!(one.1 == two.1, "the same bytes on one thread or two");
    println!("w5 threads scenarios={scenarios} one={:.3}s two={:.3}s ratio={:.2}", one.0, two.0, one.0 / two.0);
}

/// As many returns as arch is timed with.
fn garch() {
    let returns: Vec<f64> = given(2_147).into_iter().take(2_147).collect();
    for model in [Model::GARCH, Model::GARCH_T, Model::GJR, Model::GJR_T] {
        let (taken, fitted) = best(|| Garch::fit(&returns, model));
        let end = fitted.map_or_else(|error| error.to_string(), |garch| format!("{:.1}", garch.log_likelihood));
        println!("w5 fit {} returns={} ours={:.2}ms (log likelihood {end})", model.name(), returns.len(), taken * 1e3);
    }
}

fn simulation(scenarios: usize) -> Simulation {
    let cell = |place: usize| if place / ASSETS == place % ASSETS { 1e-4 } else { 3e-5 };
    let rows: Vec<f64> = (0..ASSETS * ASSETS).map(cell).collect();
    let covariance = Covariance::new(ASSETS, &rows).unwrap();
    let weights = [1.0 / ASSETS as f64; ASSETS];
    Simulation::new(&covariance, &[0.0; ASSETS], &weights, Shock::Normal, scenarios, 42).unwrap()
}

/// Returns whose volatility comes in clusters: an asset's drawn outcomes, row by row.
fn given(scenarios: usize) -> Vec<f64> {
    let one = Covariance::new(1, &[1e-4]).unwrap();
    let count = scenarios * ASSETS;
    let simulation = Simulation::new(&one, &[0.0], &[1.0], Shock::Normal, count, 7).unwrap();
    let mut variance = 1.0;
    let mut cluster = |value: f64| {
        let value = value * f64::sqrt(variance);
        variance = 0.05 + 0.08 * value * value * 1e4 + 0.87 * variance;
        value
    };
    outcomes(&simulation).into_iter().map(&mut cluster).collect()
}

fn best<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let (first, mut result) = seconds(&mut work);
    let mut all = vec![first];
    for _ in 1..ROUNDS {
        let (taken, next) = seconds(&mut work);
        all.push(taken);
        result = next;
    }
    (best_and_median(all).0, result)
}

/// The version, and of each question the seconds and the VaR. `None` where Python (`QFRAME_NUMPY_PYTHON`, else `python3`) has
/// no numpy.
fn numpy(scenarios: usize) -> Option<(String, Vec<(f64, f64)>)> {
    let python = std::env::var_os("QFRAME_NUMPY_PYTHON").unwrap_or_else(|| "python3".into());
    let words = [scenarios, ASSETS, ROUNDS].map(|number| number.to_string());
    let output = Command::new(python).args(["-c", SCRIPT]).args(words).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines();
    let version = lines.next()?.to_owned();
    let row = |line: &str| {
        let mut numbers = line.split(' ').map(|number| number.parse::<f64>().ok());
        Some((numbers.next()??, numbers.next()??))
    };
    let rows: Vec<(f64, f64)> = lines.map(row).collect::<Option<_>>()?;
    (rows.len() == 2).then_some((version, rows))
}
