//! Several symbols: every 21 bars, half of the money into each of the two stocks that rose most over the last 63.
use qframe::prelude::*;

const LOOKBACK: usize = 63;

struct Rotation {
    instants: usize,
}

impl Strategy for Rotation {
    fn lookback(&self) -> usize {
        LOOKBACK
    }

    fn on_market(&mut self, _market: &Market, _context: &mut Context) {}

    fn on_instant(&mut self, context: &mut Context) {
        self.instants += 1;
        if self.instants < LOOKBACK || !self.instants.is_multiple_of(21) {
            return;
        }
        let rise = |series: u16| {
            let bars = context.history_of(SeriesId(series));
            bars[bars.len() - 1].close.to_f64() / bars[0].close.to_f64()
        };
        let mut ranked: Vec<(f64, u16)> = (0..4).map(|series| (rise(series), series)).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (place, (_, series)) in ranked.into_iter().enumerate() {
            let weight = if place < 2 { Rate::percent(50) } else { Rate::ZERO };
            context.target_in(InstrumentId(series), weight);
        }
    }
}

fn main() -> Result {
    let data = ["AAPL", "KO", "PFE", "XOM"].into_iter().map(DataSet::sample).collect::<std::result::Result<_, _>>()?;
    println!("{}", Backtest::new(data, Setup::default())?.run(Rotation { instants: 0 })?);
    Ok(())
}
