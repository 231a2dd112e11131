//! Bars half-way between those of bid and ask, and what the two were apart.
use qframe_model::market::Bar;
use qframe_model::number::{Price, Volume};
use qframe_model::time::Time;

/// Bars half-way between those of bid and ask, and what the two were apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MidBars {
    /// Each price is half of the sum of both, towards zero at the ninth decimal; no volume: bid and ask have none in common.
    pub bars: Vec<Bar>,
    /// The ask less the bid at the open and at the close of each bar; zero where the bid was above the ask.
    pub spreads: Vec<(Time, [Price; 2])>,
    /// Bars of one side without one of the other: left out.
    pub alone: usize,
    /// Bars whose bid was above their ask, at the open or at the close.
    pub crossed: usize,
}

/// Joins the bars of both sides that open at one instant; both oldest first.
#[must_use]
pub fn mid_bars(bids: &[Bar], asks: &[Bar]) -> MidBars {
    let mut made = MidBars::default();
    let mut rest = asks.iter().peekable();
    for bid in bids {
        while rest.next_if(|ask| ask.time < bid.time).is_some() {}
        let Some(ask) = rest.next_if(|ask| ask.time == bid.time) else { continue };
        made.bars.push(Bar {
            time: bid.time,
            open: middle(bid.open, ask.open),
            high: middle(bid.high, ask.high),
            low: middle(bid.low, ask.low),
            close: middle(bid.close, ask.close),
            volume: Volume::ZERO,
        });
        let apart = [(bid.open, ask.open), (bid.close, ask.close)];
        made.crossed += usize::from(apart.iter().any(|(bid, ask)| bid > ask));
        let spread = |(bid, ask): (Price, Price)| ask.minus(bid).unwrap_or(Price::ZERO).max(Price::ZERO);
        made.spreads.push((bid.time, apart.map(spread)));
    }
    made.alone = bids.len() + asks.len() - 2 * made.bars.len();
    made
}

/// Half of a sum that would not fit.
fn middle(a: Price, b: Price) -> Price {
    Price::from_nanos(i64::midpoint(a.nanos(), b.nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(second: i64, prices: [i64; 4]) -> Bar {
        let [open, high, low, close] = prices.map(|price| Price::from_nanos(price * 10_000));
        Bar { time: Time::from_seconds(second), open, high, low, close, volume: Volume::ZERO }
    }

    #[test]
    fn both_sides_of_an_instant_are_joined() {
        let bids = [bar(1, [10, 14, 8, 12]), bar(2, [10, 10, 10, 10]), bar(4, [20, 20, 20, 20])];
        let asks = [bar(0, [1, 1, 1, 1]), bar(1, [14, 18, 10, 13]), bar(4, [18, 22, 18, 22])];
        let made = mid_bars(&bids, &asks);
        assert_eq!((made.bars.len(), made.alone, made.crossed), (2, 2, 1));
        assert_eq!(made.bars[0], Bar { close: Price::from_nanos(125_000), ..bar(1, [12, 16, 9, 0]) });
        let spreads = made.spreads.iter().map(|(_, pair)| pair.map(|price| price.nanos() / 10_000)).collect::<Vec<_>>();
        assert_eq!(spreads, [[4, 1], [0, 2]]);
        made.bars.iter().for_each(|bar| bar.check().unwrap());
    }
}
