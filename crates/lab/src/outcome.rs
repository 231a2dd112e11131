//! What a run left behind.
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use qframe_engine::venue::FillPrice;
use qframe_engine::{Engine, EquityCurve, Journal, RiskControl, Strategy};
use qframe_model::account::{Account, Line};
use qframe_model::market::Bar;
use qframe_model::number::Cash;
use qframe_model::order::Purpose;
use qframe_model::position::ClosedTrade;
use qframe_model::time::{Span, Time};
use qframe_quant::performance::{self, Benchmark, CurveOptions, CurveStats, Statistics, TradeStats};

use crate::backtest::Backtest;
use crate::dataset::DataSet;
use crate::hold::buy_and_hold;
use crate::lookahead::Quick;

/// The equity after each instant. A point carries the opening time of its bar, as the bar itself does.
#[derive(Debug, Clone)]
pub struct Curve {
    points: Points,
    progress: Progress,
}

/// How many events the journal had after a point; points at which nothing happened are left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    steps: Vec<(usize, u64)>,
    events: u64,
}

impl Progress {
    pub(crate) fn with_room_for(points: usize) -> Self {
        Self { steps: Vec::with_capacity(points), events: 0 }
    }

    /// Notes the journal's length after a point; points come in order.
    #[inline]
    pub(crate) fn note(&mut self, point: usize, events: u64) {
        if events != self.events {
            self.events = events;
            self.steps.push((point, events));
        }
    }
}

/// One series lends its own times and closes: columns of them would cost half of the data.
#[derive(Debug, Clone)]
enum Points {
    Of(Arc<Vec<Bar>>, EquityCurve),
    Own(Vec<Time>, Vec<Cash>),
}

impl Curve {
    pub(crate) fn of_one(set: &DataSet, equity: EquityCurve, progress: Progress) -> Self {
        Self { points: Points::Of(set.shared_bars(), equity), progress }
    }

    pub(crate) const fn of_many(times: Vec<Time>, equity: Vec<Cash>, progress: Progress) -> Self {
        Self { points: Points::Own(times, equity), progress }
    }

    /// The points after which the journal was longer than before, and how many events it had then.
    pub(crate) fn progress(&self) -> &[(usize, u64)] {
        &self.progress.steps
    }

    pub(crate) fn replace_last(&mut self, equity: Cash) {
        match &mut self.points {
            Points::Of(_, curve) => curve.replace_last(equity),
            Points::Own(_, own) => own.last_mut().into_iter().for_each(|last| *last = equity),
        }
    }

    /// How many points there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.points {
            Points::Of(_, curve) => curve.len(),
            Points::Own(_, own) => own.len(),
        }
    }

    /// True where there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The equity of each point, in the reporting currency.
    pub fn equity(&self) -> impl Iterator<Item = Cash> + '_ {
        self.points().map(|(_, equity)| equity)
    }

    /// The equity of a point.
    ///
    /// # Panics
    /// Beyond the last point.
    #[must_use]
    pub fn equity_at(&self, place: usize) -> Cash {
        match &self.points {
            Points::Of(bars, curve) => curve.line(place).at(bars[place].close),
            Points::Own(_, own) => own[place],
        }
    }

    /// The equity of the last point; `None` where there is none.
    #[must_use]
    pub fn last(&self) -> Option<Cash> {
        self.len().checked_sub(1).map(|place| self.equity_at(place))
    }

    /// The time of a point.
    ///
    /// # Panics
    /// Beyond the last point.
    #[must_use]
    #[inline]
    pub fn time(&self, place: usize) -> Time {
        match &self.points {
            Points::Of(bars, _) => bars[place].time,
            Points::Own(times, _) => times[place],
        }
    }

    /// All points.
    pub fn points(&self) -> impl Iterator<Item = (Time, Cash)> + '_ {
        let (of, own) = match &self.points {
            Points::Of(bars, curve) => {
                let of = |(range, line): (Range<usize>, Line)| {
                    bars[range].iter().map(move |bar| (bar.time, line.at(bar.close)))
                };
                (Some(curve.lines(0..curve.len()).flat_map(of)), None)
            }
            Points::Own(times, own) => (None, Some(times.iter().copied().zip(own.iter().copied()))),
        };
        of.into_iter().flatten().chain(own.into_iter().flatten())
    }

    /// Lays down the times and the equity, in attos, of the points in a range.
    #[inline]
    fn lay(&self, range: Range<usize>, times: &mut [i64], equity: &mut [f64]) {
        match &self.points {
            Points::Of(bars, curve) => {
                times.iter_mut().zip(&bars[range.clone()]).for_each(|(laid, bar)| *laid = bar.time.nanos());
                for (part, line) in curve.lines(range.clone()) {
                    let laid = &mut equity[part.start - range.start..part.end - range.start];
                    let closes = bars[part].iter().map(|bar| bar.close);
                    laid.iter_mut().zip(closes).for_each(|(laid, close)| *laid = line.at(close).attos_f64());
                }
            }
            Points::Own(own_times, own) => {
                times.iter_mut().zip(&own_times[range.clone()]).for_each(|(laid, time)| *laid = time.nanos());
                equity.iter_mut().zip(&own[range]).for_each(|(laid, cash)| *laid = cash.attos_f64());
            }
        }
    }

    /// The place of the last point that is not after `time`; the first where all are.
    #[must_use]
    pub fn place_of(&self, time: Time) -> usize {
        let after = match &self.points {
            Points::Of(bars, _) => bars.partition_point(|bar| bar.time <= time),
            Points::Own(times, _) => times.partition_point(|point| *point <= time),
        };
        after.saturating_sub(1).min(self.len().saturating_sub(1))
    }
}

/// The figures, trades, curve, events and account of one run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The figures of the run.
    pub statistics: Statistics,
    /// The closed trades, in the order of their closing.
    pub trades: Vec<ClosedTrade>,
    /// The equity curve.
    pub curve: Curve,
    /// Every event.
    pub journal: Journal,
    /// The account at the end: open positions, cash, ledger.
    pub account: Account,
    /// What a look for look-ahead found, where somebody looked.
    pub lookahead: Option<Quick>,
    /// Bars that the strategy needed before it could act.
    pub(crate) warm_up: usize,
}

impl Outcome {
    pub(crate) fn new<S: Strategy>(
        backtest: &Backtest,
        engine: Engine<S, RiskControl>,
        curve: Curve,
        warm_up: usize,
    ) -> Self {
        let (trades, journal, account) = engine.into_results();
        let statistics = statistics(backtest, &trades, &curve, warm_up, None);
        Self { statistics, trades, curve, journal, account, lookahead: None, warm_up }
    }
}

/// Prints the statistics, a line each.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::report::statistics_text(&self.statistics))
    }
}

/// The benchmark of a backtest on one series, which runs of any warm-up share.
#[derive(Debug)]
pub(crate) struct SharedBenchmark {
    prices: Vec<f64>,
    logs: Vec<f64>,
    whole: Benchmark,
}

impl SharedBenchmark {
    /// `None` of several series: what a basket is made of depends on when it is bought.
    pub(crate) fn of(backtest: &Backtest) -> Option<Self> {
        if backtest.data().len() > 1 {
            return None;
        }
        let prices: Vec<f64> = buy_and_hold(backtest, 0).1.collect();
        let mut whole = Benchmark::default();
        let logs = prices.iter().map(|price| whole.push(*price)).collect();
        Some(Self { prices, logs, whole })
    }
}

/// The figures of a run; `shared` saves what every run of this backtest would compute again.
pub(crate) fn statistics(
    backtest: &Backtest,
    trades: &[ClosedTrade],
    curve: &Curve,
    warm_up: usize,
    shared: Option<&SharedBenchmark>,
) -> Statistics {
    let (start, prices) = buy_and_hold(backtest, warm_up);
    let unit = Cash::ONE.attos_f64();
    // On ticks there are fills before the first bar has closed.
    let begin = Some(backtest.setup().cash.attos_f64());
    // A point carries the opening of the shortest bar that closes at it.
    let span = backtest.data().iter().map(|set| set.frame().span()).min().unwrap_or_default();
    let (risk_free, bar_ns) = (backtest.setup().risk_free, Some(span.nanos()));
    let options = CurveOptions { benchmark_start: start as u64, risk_free, unit, begin, bar_ns };
    let mut stats = CurveStats::new(options);
    match shared {
        Some(shared) => {
            stats = CurveStats::beside(options, shared.whole.clone().bought_at(shared.prices.get(start).copied()));
            stats.push_all(&shared.logs, |range, times, equity| curve.lay(range, times, equity));
        }
        None => {
            for ((time, equity), price) in curve.points().zip(prices) {
                stats.push(time.nanos(), equity.attos_f64(), price);
            }
        }
    }
    // A fill inside a long bar carries its opening instant: it may be booked after a trade that it comes before.
    let at_close = backtest.setup().venue.fill == FillPrice::SameClose;
    let early = if at_close { span } else { Span::default() };
    let close = |time: Time| time - early;
    let mut counted: Vec<_> = trades.iter().map(|trade| counted(trade, curve, close)).collect();
    counted.sort_by_key(|trade| (trade.exit_bar, trade.exit_ns));
    let mut trade_stats = TradeStats::new();
    counted.iter().for_each(|trade| trade_stats.push(trade));
    let mut figures = stats.finish(&trade_stats).unwrap_or_else(|| unreachable!("a backtest has at least one point"));
    // Attos in an f64 by their unit are off by a last bit: what is told as money is the number nearest to the money, which
    // reading its digits gives.
    let last = curve.last().and_then(|last| last.to_string().parse().ok()).unwrap_or(figures.equity_final);
    if figures.equity_peak == figures.equity_final {
        figures.equity_peak = last;
    }
    figures.equity_final = last;
    figures
}

/// A trade with the bars that it began and ended in. What was decided on may fill at the `close`, which is the instant at which
/// the next bar may open: it belongs to the bar that closes.
fn counted(trade: &ClosedTrade, curve: &Curve, close: impl Fn(Time) -> Time) -> performance::ClosedTrade {
    let decided = matches!(trade.reason, Purpose::Signal);
    let exit = if decided { close(trade.exit_time) } else { trade.exit_time };
    // Of the reporting currency the rate is exactly 1, and changes no digit.
    let rate = trade.rate.to_f64();
    performance::ClosedTrade {
        entry_bar: curve.place_of(close(trade.entry_time)) as u64,
        exit_bar: curve.place_of(exit) as u64,
        entry_ns: trade.entry_time.nanos(),
        exit_ns: trade.exit_time.nanos(),
        pnl: trade.pnl.to_f64() * rate,
        return_fraction: trade.return_share().unwrap_or(0.0),
        commission: trade.fees.to_f64() * rate,
    }
}
