//! A sweep's figures are those of its runs, one by one.
use qframe_lab::strategies::{MaCrossover, Mode};
use qframe_lab::{Backtest, DataSet, Setup, sweep};
use qframe_quant::indicators::Sma;

#[test]
fn a_sweep_gives_what_each_run_gives_on_any_number_of_threads() {
    let windows: Vec<(usize, usize)> = (2..8).flat_map(|fast| [(fast, 20), (fast, 55), (fast, 5_000)]).collect();
    let make = |(fast, slow): &(usize, usize)| {
        MaCrossover::new(Sma::new(*fast).unwrap(), Sma::new(*slow).unwrap(), Mode::LongFlat)
    };
    for names in [&["BTC/USD"][..], &["AAPL", "KO"]] {
        let data = names.iter().map(|name| DataSet::sample(name).unwrap()).collect();
        let backtest = Backtest::new(data, Setup::default()).unwrap();
        let single: Vec<_> = windows.iter().map(|point| backtest.run(make(point))).collect();
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let swept = pool.install(|| sweep(&backtest, &windows, make));
            for ((swept, single), point) in swept.iter().zip(&single).zip(&windows) {
                let single = single.as_ref().map(|outcome| outcome.statistics);
                match (swept, single) {
                    (Ok(swept), Ok(single)) => assert_eq!(format!("{swept:?}"), format!("{single:?}"), "{point:?}"),
                    (swept, single) => assert_eq!(swept.as_ref().err(), single.err(), "{point:?}: too few bars"),
                }
            }
        }
    }
}
