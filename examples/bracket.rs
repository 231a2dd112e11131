//! An entry with its protection: a stop 5 % below and a target 15 % above, live from the bar of the entry on.
use qframe::prelude::*;

struct Breakout {
    highest: Highest,
    before: Option<f64>,
}

impl Strategy for Breakout {
    fn on_market(&mut self, market: &Market, context: &mut Context) {
        let Some(close) = market.close() else { return };
        let highest = self.before;
        self.before = self.highest.update(close);
        if highest.is_some_and(|highest| close > highest) && context.is_flat() && context.orders().is_empty() {
            let (stop, target) = (context.price(close * 0.95), context.price(close * 1.15));
            context.bracket(Ticket::buy(Size::Equity(Rate::percent(50))), stop, target);
        }
    }
}

fn main() -> Result {
    let data = vec![DataSet::sample("GOOGL")?];
    let strategy = Breakout { highest: Highest::new(20)?, before: None };
    let outcome = Backtest::new(data, Setup::default())?.run(strategy)?;
    for trade in &outcome.trades {
        println!("{:#} to {:#}: {:.2} ({})", trade.entry_time, trade.exit_time, trade.pnl, trade.reason);
    }
    Ok(())
}
