//! Many runs of one strategy with different parameters, over all cores.
use qframe_engine::{Keep, Strategy};
use qframe_model::event::Header;
use qframe_quant::performance::Statistics;
use rayon::prelude::*;

use crate::backtest::{Backtest, RunError};
use crate::outcome::{SharedBenchmark, statistics};

/// Runs `strategy(point)` for each point, on as many threads as rayon's pool has, and gives the statistics in the order of
/// the points. Each run has its own engine, account and equity curve; none keeps its events, and a curve is dropped with
/// its statistics, so memory is a curve a thread. The answer does not depend on the number of threads.
///
/// # Errors
/// In its place, the [`RunError`] of a run that could not be made.
pub fn sweep<P, S>(
    backtest: &Backtest,
    points: &[P],
    strategy: impl Fn(&P) -> S + Sync,
) -> Vec<Result<Statistics, RunError>>
where
    P: Sync,
    S: Strategy,
{
    let counted = backtest.keeping(Keep::Count);
    let benchmark = SharedBenchmark::of(&counted);
    let run = |point: &P| {
        let strategy = strategy(point);
        let warm_up = strategy.warm_up();
        let (engine, curve) = counted.simulate(strategy, Header::default())?;
        Ok(statistics(&counted, engine.trades(), &curve, warm_up, benchmark.as_ref()))
    };
    // Runs are long and of unequal length: shared out one by one, no thread ends up waiting for the other one's pile.
    points.par_iter().with_max_len(1).map(run).collect()
}
