//! A fee of one's own: a cent a share, at least one dollar, at most half a percent of the value.
use std::sync::Arc;

use qframe::prelude::*;

#[derive(Debug)]
struct Broker;

impl FeeModel for Broker {
    fn fee(&self, basis: &FeeBasis) -> std::result::Result<Cash, Overflow> {
        let cents = Price::from_nanos(10_000_000).times(basis.quantity).ok_or(Overflow("a fee"))?;
        Ok(cents.max(Cash::ONE).min(basis.value.at_rate(Rate::basis_points(50))?))
    }
}

fn main() -> Result {
    let venue = Venue { fees: Fees::Custom(Arc::new(Broker)), ..Venue::default() };
    let backtest = Backtest::new(vec![DataSet::sample("AAPL")?], Setup { venue, ..Setup::default() })?;
    let crossover = MaCrossover::new(Ema::new(20)?, Ema::new(50)?, Mode::LongFlat);
    let outcome = backtest.run(crossover)?;
    println!("{} trades, {:.2} paid in fees", outcome.trades.len(), outcome.statistics.commissions);
    Ok(())
}
