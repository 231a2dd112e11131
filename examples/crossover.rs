//! A moving-average crossover: the strategy of the README, and a program that runs it.
use qframe::prelude::*;

/// The fast average and the slow one.
struct Cross(Sma, Sma);

impl Strategy for Cross {
    fn on_market(&mut self, market: &Market, context: &mut Context) {
        let Some(close) = market.close() else { return };
        let (Some(fast), Some(slow)) = (self.0.update(close), self.1.update(close)) else { return };
        if fast > slow && context.is_flat() {
            context.enter(Side::Buy);
        } else if fast < slow {
            context.close();
        }
    }
}

fn main() -> Result {
    let strategy = Cross(Sma::new(10)?, Sma::new(20)?);
    let data = vec![DataSet::sample("BTC/USD")?];
    println!("{}", Backtest::new(data, Setup::default())?.run(strategy)?);
    Ok(())
}
