//! What a run leaves behind: figures, trades, the equity curve, the journal.
use qframe::prelude::*;

fn main() -> Result {
    let backtest = Backtest::new(vec![DataSet::sample("EUR/USD")?], Setup::default())?;
    let outcome = backtest.run(MaCrossover::new(Sma::new(24)?, Sma::new(120)?, Mode::LongFlat))?;

    println!("Sharpe ratio {:.2}", outcome.statistics.sharpe.unwrap_or_default());
    let best = outcome.trades.iter().max_by_key(|trade| trade.pnl);
    println!("best trade {:.2}", best.map_or(Cash::ZERO, |trade| trade.pnl));

    let (time, equity) = outcome.curve.points().min_by_key(|(_, equity)| *equity).ok_or("no points")?;
    println!("lowest equity {equity:.2} on {time}");

    println!("{} events, hash {}", outcome.journal.events(), outcome.journal.hash());
    let refused = outcome.journal.iter().filter(|event| matches!(event, Ok(Event::Refused { .. })));
    println!("{} orders refused", refused.count());
    Ok(())
}
