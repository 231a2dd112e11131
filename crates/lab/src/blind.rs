//! What circuit breakers cannot read of the data of a run: one that can never trip must not look as if it watched.
use std::fmt;

use qframe_engine::{Breaker, Series, Trigger, Usually};
use qframe_model::ids::InstrumentId;
use qframe_model::market::Tick;
use qframe_model::time::{Span, Time, TimeFrame};

use crate::backtest::Backtest;
use crate::dataset::DataSet;

/// A breaker with nothing to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blind {
    /// As it was set.
    pub breaker: Breaker,
    /// The symbol that it cannot read, while it reads others; `None` where it reads none.
    pub instrument: Option<InstrumentId>,
    /// Why.
    pub lack: Lack,
}

/// Why a breaker has nothing to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// There are no bids and asks.
    Quotes,
    /// The bars have no volume.
    Volume,
    /// There are no two symbols that are traded.
    Pair,
    /// There are fewer rows than it compares.
    Rows {
        /// What it needs.
        needed: u64,
        /// The most that a symbol has.
        there: u64,
    },
    /// No two rows lie within its time.
    Apart {
        /// The time from row to row.
        frame: TimeFrame,
    },
    /// The last row is before its instant.
    Over {
        /// When that is known.
        last: Time,
    },
}

/// Prints as what it reads, what there is, and what to try.
impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quotes => {
                f.write_str("it reads bids and asks, and the data has none: give it quotes or a book, or leave it out")
            }
            Self::Volume => f.write_str("it reads volume, and the bars have none: take others, or leave it out"),
            Self::Pair => f.write_str(
                "it reads pairs of symbols that are held, and only one is traded: add another, or leave it out",
            ),
            Self::Rows { needed, there } => {
                write!(f, "it needs {needed} rows of a symbol, and there are {there}: compare fewer, or take more data")
            }
            Self::Apart { frame } => {
                write!(
                    f,
                    "the bars are {frame} apart, and no two lie within its time: make it longer, or take shorter bars"
                )
            }
            Self::Over { last } => write!(f, "the data is over at {last:#}: take an instant before"),
        }
    }
}

/// The breakers of a run that cannot read all that they watch.
pub(crate) fn blind(backtest: &Backtest) -> Vec<Blind> {
    let market = Rows::of(backtest);
    let of = |breaker: &Breaker| {
        let breaker = *breaker;
        let lacks = market.lacks(breaker.trigger);
        lacks.into_iter().map(move |(instrument, lack)| Blind { breaker, instrument, lack })
    };
    backtest.setup().limits.breakers.iter().flat_map(of).collect()
}

/// When the last row of a run is known.
pub(crate) fn end(backtest: &Backtest) -> Time {
    let end_of = |set: &DataSet| {
        let closes = set.bars().last().map_or(Time::MIN, |bar| bar.time + set.frame().span());
        closes.max(set.ticks().and_then(|ticks| ticks.rows().last()).map_or(Time::MIN, Tick::received))
    };
    backtest.data().iter().map(end_of).fold(Time::MIN, Time::max)
}

/// What breakers read of a run: of each symbol the shortest bars, and its ticks.
struct Rows<'a> {
    symbols: Vec<(InstrumentId, &'a DataSet)>,
    end: Time,
}

type Lacks = Vec<(Option<InstrumentId>, Lack)>;

impl<'a> Rows<'a> {
    fn of(backtest: &'a Backtest) -> Self {
        let all = backtest.series().iter().zip(backtest.data());
        let shortest = all.filter(|(series, _)| series.matched);
        let symbols = shortest.map(|(Series { instrument, .. }, set)| (*instrument, set)).collect();
        Self { symbols, end: end(backtest) }
    }

    fn lacks(&self, trigger: Trigger) -> Lacks {
        let whole = |lack: Option<Lack>| lack.into_iter().map(|lack| (None, lack)).collect();
        match trigger {
            Trigger::Volatility(usually) => self.of_each(|set| rows(span_of(usually) + 1, set.bars().len())),
            Trigger::Volume(usually) => self.of_each(|set| {
                let none = set.bars().iter().all(|bar| bar.volume.is_zero());
                none.then_some(Lack::Volume).or_else(|| rows(span_of(usually), set.bars().len()))
            }),
            Trigger::Spread(usually) => self.of_each(|set| {
                let ticks = set.ticks().map_or(&[][..], |ticks| ticks.rows());
                let first = ticks.iter().position(|tick| !matches!(tick, Tick::Trade(_)));
                first.map_or(Some(Lack::Quotes), |first| rows(span_of(usually), ticks.len() - first))
            }),
            Trigger::Correlation { bars, .. } => whole(self.lack_of_pairs(bars)),
            Trigger::Loss { within, .. } => whole(self.lack_of_time(within)),
            Trigger::At(time) => whole((time > self.end).then_some(Lack::Over { last: self.end })),
            Trigger::Drawdown(_)
            | Trigger::Slippage { .. }
            | Trigger::Rejects { .. }
            | Trigger::Stale(_)
            | Trigger::Gap(_)
            | Trigger::Jump(_) => Vec::new(),
        }
    }

    /// What the symbols lack; of all, where none can be read.
    fn of_each(&self, lack: impl Fn(&DataSet) -> Option<Lack>) -> Lacks {
        let lacks = self.symbols.iter().filter_map(|(id, set)| Some((Some(*id), lack(set)?)));
        let lacks: Lacks = lacks.collect();
        match lacks.first() {
            Some((_, lack)) if lacks.len() == self.symbols.len() => vec![(None, *lack)],
            _ => lacks,
        }
    }

    fn lack_of_pairs(&self, bars: u32) -> Option<Lack> {
        let mut counts: Vec<usize> = self.symbols.iter().map(|(_, set)| set.bars().len()).collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        // Both of a pair need them.
        counts.get(1).map_or(Some(Lack::Pair), |there| rows(u64::from(bars) + 1, *there))
    }

    fn lack_of_time(&self, within: Span) -> Option<Lack> {
        let frame = self.symbols.iter().map(|(_, set)| set.frame()).min()?;
        let on_ticks = self.symbols.iter().any(|(_, set)| set.ticks().is_some());
        (!on_ticks && frame.span() > within).then_some(Lack::Apart { frame })
    }
}

fn span_of(usually: Usually) -> u64 {
    u64::from(usually.last) + u64::from(usually.before)
}

fn rows(needed: u64, there: usize) -> Option<Lack> {
    let there = there as u64;
    (there < needed).then_some(Lack::Rows { needed, there })
}
