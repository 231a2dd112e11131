//! One pass over an equity curve.

use std::ops::Range;

use super::benchmark::Benchmark;
use super::calendar::{Calendar, Frequency, Returns};
use super::drawdown::Drawdowns;
use super::log::{log_ratio, product};
use super::{DAY_NS, Statistics, TradeStats};

/// Points that are digested together; backtesting.py's 100 points for the spacing of the bars must fit in.
const BLOCK: usize = 128;
/// backtesting.py takes the spacing of the bars from the last 100 points.
const SPACING_POINTS: usize = 100;

/// What the caller may choose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurveOptions {
    /// Index of the point whose benchmark price begins buy and hold: the first bar on which every indicator has a value.
    pub benchmark_start: u64,
    /// Risk-free rate a year as a fraction (0.02 is 2 %), between -1 and 1.
    pub risk_free: f64,
    /// What one unit of the currency is in the values that are pushed: 100 where they are cents.
    pub unit: f64,
    /// What there was before the first point, in the values that are pushed: returns and falls count from there. `None`: the
    /// first point.
    pub begin: Option<f64>,
    /// Length of a bar in nanoseconds: bars that are longer than a day have returns of their own. `None`: the summary goes by
    /// the distances of the points alone, as backtesting.py does.
    pub bar_ns: Option<i64>,
}

impl Default for CurveOptions {
    fn default() -> Self {
        Self { benchmark_start: 0, risk_free: 0.0, unit: 1.0, begin: None, bar_ns: None }
    }
}

/// Accumulates an equity curve in constant memory; [`finish`](Self::finish) may be called at any point.
///
/// A point is only laid down when it arrives; every 128 points a block is digested with vector instructions.
#[derive(Debug, Clone)]
pub struct CurveStats {
    options: CurveOptions,
    points: u64,
    /// First instant that belongs to a later day than the last point.
    day_end: i64,
    /// Ring of times: the last [`BLOCK`] points.
    times: [i64; BLOCK],
    /// Slot 0 holds the last point of the block before, so that every return of a block has both its ends.
    equity: [f64; BLOCK + 1],
    /// Log returns of the benchmark.
    market: [f64; BLOCK],
    first: Point,
    benchmark: Benchmark,
    drawdowns: Drawdowns,
    /// The sum of log returns of the equity times those of the benchmark.
    cross: f64,
    calendar: Calendar,
}

#[derive(Debug, Clone, Copy, Default)]
struct Point {
    time: i64,
    equity: f64,
}

impl CurveStats {
    /// An empty curve.
    #[must_use]
    pub fn new(options: CurveOptions) -> Self {
        Self::beside(options, Benchmark::new(options.benchmark_start))
    }

    /// An empty curve beside a benchmark whose prices are known: many curves share its logarithms, see
    /// [`push_beside`](Self::push_beside).
    #[must_use]
    pub fn beside(options: CurveOptions, benchmark: Benchmark) -> Self {
        Self {
            options,
            points: 0,
            day_end: i64::MIN,
            times: [0; BLOCK],
            equity: [0.0; BLOCK + 1],
            market: [0.0; BLOCK],
            first: Point::default(),
            benchmark,
            drawdowns: Drawdowns::default(),
            cross: 0.0,
            calendar: Calendar::starting(0),
        }
    }

    /// Adds the point at the close of a bar: its time (nanoseconds since the epoch, later than the one before), the equity and the
    /// benchmark's price, both finite; the first equity and all prices above zero.
    #[inline]
    pub fn push(&mut self, time_ns: i64, equity: f64, benchmark_price: f64) {
        debug_assert!(benchmark_price.is_finite(), "a benchmark is made of finite numbers");
        let market = self.benchmark.push(benchmark_price);
        self.push_beside(time_ns, equity, market);
    }

    /// As [`push`](Self::push), with the log return of the benchmark since the point before; 0 at the first.
    #[inline]
    pub fn push_beside(&mut self, time_ns: i64, equity: f64, market: f64) {
        debug_assert!(equity.is_finite(), "a curve is made of finite numbers");
        let slot = self.points as usize % BLOCK;
        self.times[slot] = time_ns;
        self.equity[slot + 1] = equity;
        self.market[slot] = market;
        self.take_laid(slot, 1);
    }

    /// As [`push_beside`](Self::push_beside) for as many points as there are returns of the benchmark. `lay` is asked for the
    /// times and the equity of the points in a range, into slices of that length. A block is laid down at once, which is faster.
    pub fn push_all(&mut self, market: &[f64], lay: impl Fn(Range<usize>, &mut [i64], &mut [f64])) {
        let mut done = 0;
        while done < market.len() {
            let slot = self.points as usize % BLOCK;
            let count = (BLOCK - slot).min(market.len() - done);
            let (times, equity) = (&mut self.times[slot..slot + count], &mut self.equity[slot + 1..=slot + count]);
            lay(done..done + count, times, equity);
            self.market[slot..slot + count].copy_from_slice(&market[done..done + count]);
            self.take_laid(slot, count);
            done += count;
        }
    }

    /// Takes in points that have been laid down from `slot` on.
    #[inline]
    fn take_laid(&mut self, slot: usize, count: usize) {
        let before = self.points;
        // Times rise: where the last is of the same day, all are.
        if self.times[slot + count - 1] >= self.day_end {
            for place in 0..count {
                self.points = before + place as u64;
                if self.times[slot + place] >= self.day_end {
                    self.turn_day(slot + place);
                }
            }
        }
        self.points = before + count as u64;
        if slot + count == BLOCK {
            self.digest(BLOCK);
        }
    }

    /// The first point of a day: the one before was the last of its day.
    #[inline(never)]
    fn turn_day(&mut self, slot: usize) {
        let time = self.times[slot];
        if self.points == 0 {
            let equity = self.options.begin.unwrap_or(self.equity[slot + 1]);
            self.first = Point { time, equity };
            self.equity[0] = equity;
            self.drawdowns = Drawdowns::starting(time, equity);
            self.calendar = Calendar::starting(time);
        } else {
            self.calendar.turn(time, self.equity[slot], self.points);
        }
        self.day_end = self.calendar.day_end();
    }

    /// Takes in the first `count` points of the block, which ends at the last point.
    #[inline(never)]
    fn digest(&mut self, count: usize) {
        let before = self.points - count as u64;
        let equity = &self.equity[..=count];
        self.cross += product(equity, &self.market[..count]);
        self.drawdowns.take(&equity[1..], &self.times[..count], before);
        self.equity[0] = equity[count];
    }

    /// The curve with its last, incomplete block digested, and its last point.
    fn settled(&self) -> (Self, Point) {
        let mut end = self.clone();
        let pending = self.points as usize % BLOCK;
        if pending > 0 {
            end.digest(pending);
        }
        let last = self.times[(self.points as usize - 1) % BLOCK];
        let point = Point { time: last, equity: end.equity[0] };
        (end, point)
    }

    /// Number of points so far.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.points
    }

    /// The summary of the points so far and of the trades closed in them; `None` before the first point.
    #[must_use]
    pub fn finish(&self, trades: &TradeStats) -> Option<Statistics> {
        if self.points == 0 {
            return None;
        }
        let (end, last) = self.settled();
        let spacing = self.spacing();
        let frequency = Frequency::of(spacing.map(|ns| ns.div_euclid(DAY_NS)), self.options.bar_ns);
        let (returns, weekends) = self.calendar.finish(frequency, last.equity, self.points);
        let mut summary = Statistics::blank(self.first.time, last.time, self.options.risk_free);
        summary.frequency = frequency;
        summary.periods_per_year = frequency.periods_per_year(weekends);
        let resolution = resolution(spacing.unwrap_or(1));
        let falls = end.drawdowns.ending(last.time, self.points);
        end.totals(&mut summary, last);
        annual(&mut summary, &returns, falls.deepest);
        drawdowns(&mut summary, &falls, resolution);
        end.market(&mut summary, last);
        self.trades(&mut summary, trades, resolution);
        if end.drawdowns.lowest <= 0.0 {
            summary.forget_growth();
        }
        Some(summary)
    }

    fn totals(&self, summary: &mut Statistics, last: Point) {
        summary.equity_final = last.equity / self.options.unit;
        summary.equity_peak = self.drawdowns.peak / self.options.unit;
        summary.return_pct = percent(last.equity / self.first.equity - 1.0);
        summary.buy_and_hold_pct = self.benchmark.hold().and_then(percent);
        // Whole seconds of calendar time, as backtesting.py counts them; a year has 365.25 days.
        let seconds = (last.time - self.first.time).div_euclid(1_000_000_000);
        let years = seconds as f64 / 86_400.0 / 365.25;
        let growth = (last.equity / self.first.equity).powf(1.0 / years);
        summary.cagr_pct = (years > 0.0).then_some(growth - 1.0).and_then(percent);
    }

    /// Beta from log returns, and Jensen's alpha over the whole time.
    fn market(&self, summary: &mut Statistics, last: Point) {
        if self.points < 3 {
            return;
        }
        let count = self.points as f64 - 1.0;
        let (market, square) = (self.benchmark.log_return(), self.benchmark.square());
        let own = log_ratio(last.equity, self.first.equity);
        summary.beta = ratio(self.cross - market * own / count, square - market * market / count);
        let risk_free = self.options.risk_free * 100.0;
        if let (Some(beta), Some(hold), Some(own)) = (summary.beta, summary.buy_and_hold_pct, summary.return_pct) {
            summary.alpha_pct = Some(own - risk_free - beta * (hold - risk_free));
        }
    }

    fn trades(&self, summary: &mut Statistics, trades: &TradeStats, resolution: i64) {
        let of = |value: Option<f64>| value.and_then(percent);
        summary.exposure_pct = trades.exposed_bars() as f64 / self.points as f64 * 100.0;
        summary.commissions = trades.commission();
        summary.trades = trades.count();
        summary.win_rate_pct = of(trades.win_rate());
        summary.best_trade_pct = of(trades.best());
        summary.worst_trade_pct = of(trades.worst());
        summary.avg_trade_pct = of(trades.geometric_mean());
        summary.max_trade_duration = trades.duration_max_ns().map(|ns| round_up(ns, resolution));
        summary.avg_trade_duration = trades.duration_mean_ns().map(|ns| round_up(ns, resolution));
        summary.profit_factor = trades.profit_factor();
        summary.expectancy_pct = of(trades.expectancy());
        summary.sqn = trades.system_quality();
        summary.kelly = trades.kelly();
    }

    /// Median distance of the last points in nanoseconds.
    fn spacing(&self) -> Option<i64> {
        let kept = SPACING_POINTS.min(self.points as usize);
        let time = |back: usize| self.times[(self.points as usize - 1 - back) % BLOCK];
        let mut gaps: Vec<i64> = (1..kept).map(|back| time(back - 1) - time(back)).collect();
        gaps.sort_unstable();
        let middle = gaps.len() / 2;
        match gaps.len() {
            0 => None,
            odd if odd % 2 == 1 => Some(gaps[middle]),
            _ => Some(i64::midpoint(gaps[middle - 1], gaps[middle])),
        }
    }
}

/// Annual return and volatility of compounded returns (<https://dx.doi.org/10.2139/ssrn.3054517>), and their ratios.
fn annual(summary: &mut Statistics, returns: &Returns, deepest: f64) {
    let (periods, risk_free) = (summary.periods_per_year, summary.risk_free);
    let Some(mean) = returns.geometric_mean() else { return };
    let annual = (1.0 + mean).powf(periods) - 1.0;
    summary.annual_return_pct = percent(annual);
    let volatility = returns.variance().map(|variance| {
        let growth = (1.0 + mean).powi(2);
        ((variance + growth).powf(periods) - growth.powf(periods)).sqrt()
    });
    summary.volatility_pct = volatility.and_then(percent);
    summary.sharpe = volatility.and_then(|volatility| ratio(annual - risk_free, volatility));
    summary.sortino = returns.downside().and_then(|downside| ratio(annual - risk_free, downside * periods.sqrt()));
    summary.calmar = ratio(annual, deepest);
}

fn drawdowns(summary: &mut Statistics, falls: &Drawdowns, resolution: i64) {
    summary.max_drawdown_pct = Some(if falls.deepest > 0.0 { -falls.deepest * 100.0 } else { 0.0 });
    summary.avg_drawdown_pct = falls.mean_depth().and_then(|depth| percent(-depth));
    summary.max_drawdown_duration = falls.duration_max().map(|ns| round_up(ns, resolution));
    summary.avg_drawdown_duration = falls.duration_mean().map(|ns| round_up(ns, resolution));
}

/// A fraction as per cent, if it is a number.
fn percent(fraction: f64) -> Option<f64> {
    Some(fraction * 100.0).filter(|percent| percent.is_finite())
}

/// A ratio, if it is a number.
fn ratio(numerator: f64, denominator: f64) -> Option<f64> {
    let value = numerator / denominator;
    (denominator != 0.0 && value.is_finite()).then_some(value)
}

/// The largest of day, hour, minute, second, milli-, micro- and nanosecond that divides a spacing.
fn resolution(spacing: i64) -> i64 {
    let units = [DAY_NS, 3_600_000_000_000, 60_000_000_000, 1_000_000_000, 1_000_000, 1_000];
    units.into_iter().find(|unit| spacing % unit == 0).unwrap_or(1)
}

/// The next multiple of `unit`.
fn round_up(duration: i64, unit: i64) -> i64 {
    duration.div_euclid(unit).saturating_add(i64::from(duration.rem_euclid(unit) > 0)).saturating_mul(unit)
}
