//! Weights of hundreds of assets: the least variance and hierarchical risk parity, beside PyPortfolioOpt.
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use qframe_quant::covariance::{Covariance, Returns};
use qframe_quant::portfolio::{Constraints, Estimates, Linkage, Objective, optimise};

use super::cpu::{best_and_median, seconds};

const SCRIPT: &str = include_str!("pypfopt.py");
const ROUNDS: usize = 15;

/// `assets` with two years more of days than there are assets.
pub(crate) fn run(assets: usize) {
    let returns = made(assets, assets + 504);
    let covariance = Covariance::sample(&returns).unwrap().scaled(252.0);
    let names: Vec<String> = (0..assets).map(|asset| format!("A{asset}")).collect();
    let peer = peer(&returns);
    let work = [("min-variance", Objective::MinVariance), ("hrp", Objective::Hierarchical(Linkage::Single))];
    for (place, (name, objective)) in work.iter().enumerate() {
        let mut times = Vec::new();
        let mut volatility = 0.0;
        for _ in 0..ROUNDS {
            let (names, covariance, returns) = (names.clone(), covariance.clone(), returns.clone());
            // The check of the covariance is part of the work, as it is for the peer.
            let (time, found) = seconds(|| {
                let estimates = Estimates::new(names, vec![0.0; assets], covariance, returns).unwrap();
                let found = optimise(&estimates, objective, &Constraints::long_only(assets)).unwrap();
                estimates.figures(&found.weights).volatility
            });
            times.push(time);
            volatility = found;
        }
        let (best, median) = best_and_median(times);
        let beside = match peer.as_ref().map(|(version, rows)| (version, rows[place])) {
            Some((version, (time, theirs))) => {
                let off = volatility / theirs - 1.0;
                assert!(off < 1e-6, "{name}: a volatility of {volatility}, theirs is {theirs}");
                format!(
                    "peer={:.2}ms ratio={:.1} volatility {off:+.1e} (PyPortfolioOpt {version})",
                    time * 1e3,
                    time / best
                )
            }
            None => "PyPortfolioOpt is not there".to_owned(),
        };
        println!("portfolio {name} of {assets}: best {:.2}ms median {:.2}ms {beside}", best * 1e3, median * 1e3);
    }
}

/// Returns with a common factor.
fn made(assets: usize, days: usize) -> Returns {
    let mut state = 7_u64;
    let mut chance = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    let betas: Vec<f64> = (0..assets).map(|_| 1.0 + chance()).collect();
    let mut values = Vec::with_capacity(assets * days);
    for _ in 0..days {
        let market = chance() * 0.03;
        values.extend(betas.iter().map(|beta| beta * market + chance() * 0.04));
    }
    Returns::new(values, assets).unwrap()
}

/// The peer's version, and of each method the seconds and the volatility. `None` where Python (`QFRAME_PYPFOPT_PYTHON`,
/// else `python3`) has it not.
fn peer(returns: &Returns) -> Option<(String, Vec<(f64, f64)>)> {
    let python = std::env::var_os("QFRAME_PYPFOPT_PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    // One thread, as ours.
    command.env("OPENBLAS_NUM_THREADS", "1").args(["-c", SCRIPT]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let mut questions = child.stdin.take()?;
    writeln!(questions, "{} {}", returns.observations(), returns.assets()).ok()?;
    let bytes: Vec<u8> = returns.as_slice().iter().flat_map(|value| value.to_le_bytes()).collect();
    questions.write_all(&bytes).ok()?;
    drop(questions);
    let mut text = String::new();
    child.stdout.take()?.read_to_string(&mut text).ok()?;
    child.wait().ok()?;
    let mut lines = text.lines();
    let version = lines.next()?.to_owned();
    let row =
        |line: &str| line.split_once(' ').and_then(|(time, value)| Some((time.parse().ok()?, value.parse().ok()?)));
    let rows: Vec<(f64, f64)> = lines.filter_map(row).collect();
    (rows.len() == 2).then_some((version, rows))
}
