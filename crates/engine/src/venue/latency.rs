//! How long words are on their way between us and the venue.
use std::sync::Arc;

use qframe_model::time::{Span, Time};

/// Latency models. Each way has its own: orders to the venue, answers back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Latency {
    /// No time.
    #[default]
    None,
    /// A span. An order that arrives inside a bar meets that bar's close only: nothing else is known to come after it.
    Time(Span),
    /// So many bars.
    Bars(u32),
    /// As long as the last tick of the market took to come here; no time where bars are matched.
    Feed,
    /// As it was measured: from each instant on, so long, and before the first one as long as that. Ascending in time. What
    /// is measured later is not looked at: a mean of the measurements around an instant would know the next one.
    Recorded(Arc<[(Time, Span)]>),
    /// Drawn anew each time. The quantiles are ascending and equally likely to be apart: two are the ends of a uniform
    /// distribution, and `1ms 2ms 3ms 10ms` says that a third lies above 3 ms.
    Drawn {
        /// At least one.
        quantiles: Arc<[Span]>,
        /// Equal seeds give equal draws.
        seed: u64,
    },
}

impl Latency {
    /// The time that the word number `draw` takes, sent at `now` while rows of the market take `feed`.
    pub(super) fn span(&self, now: Time, feed: Span, draw: u64) -> Span {
        match self {
            Self::None | Self::Bars(_) => Span::default(),
            Self::Time(span) => *span,
            Self::Feed => feed,
            Self::Recorded(rows) => {
                let place = rows.partition_point(|(time, _)| *time <= now);
                rows.get(place.saturating_sub(1)).map_or(Span::default(), |(_, span)| *span)
            }
            Self::Drawn { quantiles, seed } => between(quantiles, random(*seed, draw)),
        }
    }

    /// True where words take time on bars.
    pub(super) fn takes_time(&self) -> bool {
        match self {
            Self::None | Self::Feed => false,
            Self::Time(span) => *span != Span::default(),
            Self::Bars(_) | Self::Recorded(_) | Self::Drawn { .. } => true,
        }
    }

    /// True where one word may take longer than the next.
    pub(super) const fn varies(&self) -> bool {
        matches!(self, Self::Feed | Self::Recorded(_) | Self::Drawn { .. })
    }

    pub(super) const fn bars(&self) -> u32 {
        match self {
            Self::Bars(bars) => *bars,
            _ => 0,
        }
    }
}

/// The value at `random` / 2^64 of the way through the quantiles, in whole nanoseconds: no float, so that it is the same
/// on every machine.
fn between(quantiles: &[Span], random: u64) -> Span {
    let Some(last) = quantiles.len().checked_sub(1) else { return Span::default() };
    let steps = u128::from(random) * last as u128;
    let (place, part) = ((steps >> 64) as usize, i128::from(steps as u64));
    let (low, high) = (quantiles[place].nanos(), quantiles[(place + 1).min(last)].nanos());
    let above = ((i128::from(high) - i128::from(low)) * part) >> 64;
    Span::from_nanos(low + i64::try_from(above).unwrap_or(0))
}

/// The number `draw` of the sequence `seed`: SplitMix64 (Steele, Lea and Flood, 2014).
const fn random(seed: u64, draw: u64) -> u64 {
    let state = seed.wrapping_add(draw.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
