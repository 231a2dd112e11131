//! Statistics of closed trades, one trade at a time.

/// A trade that was opened and closed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClosedTrade {
    /// Index of the bar in which it was opened.
    pub entry_bar: u64,
    /// Index of the bar in which it was closed; not before `entry_bar`.
    pub exit_bar: u64,
    /// When it was opened, nanoseconds since the epoch.
    pub entry_ns: i64,
    /// When it was closed, nanoseconds since the epoch.
    pub exit_ns: i64,
    /// Profit or loss after fees, in account currency.
    pub pnl: f64,
    /// Profit or loss after fees over the entry value (0.01 is 1 %).
    pub return_fraction: f64,
    /// Fees of entry and exit, in account currency.
    pub commission: f64,
}

/// Everything the summary needs to know of the closed trades. Memory grows only with gaps between trades.
#[derive(Debug, Clone, Default)]
pub struct TradeStats {
    count: u64,
    commission: f64,
    pnl: Moments,
    gains: Part,
    losses: Part,
    returns: ReturnSums,
    duration_sum: i128,
    duration_max: Option<i64>,
    /// Bars covered by trades: disjoint, ascending, both ends included.
    exposed: Vec<(u64, u64)>,
}

/// Mean and sum of squared deviations (Welford).
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    mean: f64,
    squares: f64,
}

/// The winning or the losing trades by money.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    count: u64,
    sum: f64,
}

impl Part {
    fn take(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
    }

    fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct ReturnSums {
    sum: f64,
    sum_of_logs: f64,
    gained: f64,
    lost: f64,
    best: Option<f64>,
    worst: Option<f64>,
    ruined: bool,
}

impl ReturnSums {
    fn take(&mut self, value: f64) {
        self.sum += value;
        self.gained += value.max(0.0);
        self.lost -= value.min(0.0);
        self.best = Some(self.best.map_or(value, |best| best.max(value)));
        self.worst = Some(self.worst.map_or(value, |worst| worst.min(value)));
        self.ruined |= value <= -1.0;
        if !self.ruined {
            self.sum_of_logs += value.ln_1p();
        }
    }
}

impl TradeStats {
    /// No trade yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a trade; trades come in the order of their exits.
    pub fn push(&mut self, trade: &ClosedTrade) {
        self.count += 1;
        self.commission += trade.commission;
        let delta = trade.pnl - self.pnl.mean;
        self.pnl.mean += delta / self.count as f64;
        self.pnl.squares += delta * (trade.pnl - self.pnl.mean);
        if trade.pnl > 0.0 {
            self.gains.take(trade.pnl);
        } else if trade.pnl < 0.0 {
            self.losses.take(trade.pnl);
        }
        self.returns.take(trade.return_fraction);
        let duration = trade.exit_ns.saturating_sub(trade.entry_ns);
        self.duration_sum += i128::from(duration);
        self.duration_max = Some(self.duration_max.map_or(duration, |longest| longest.max(duration)));
        self.cover(trade.entry_bar, trade.exit_bar);
    }

    fn cover(&mut self, mut from: u64, mut to: u64) {
        debug_assert!(from <= to, "a trade closes in its entry bar or later");
        while let Some(&(first, last)) = self.exposed.last() {
            if last < from {
                break;
            }
            debug_assert!(first <= to, "trades come in the order of their exits");
            (from, to) = (from.min(first), to.max(last));
            self.exposed.pop();
        }
        self.exposed.push((from, to));
    }

    /// Number of closed trades.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Bars in which a closed trade was open; entry and exit bar both count.
    #[must_use]
    pub fn exposed_bars(&self) -> u64 {
        self.exposed.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// Fees of the closed trades.
    #[must_use]
    pub fn commission(&self) -> f64 {
        self.commission
    }

    /// Share of trades with a profit, 0 to 1.
    #[must_use]
    pub fn win_rate(&self) -> Option<f64> {
        self.per_trade(self.gains.count as f64)
    }

    /// Largest return of a trade, as a fraction.
    #[must_use]
    pub fn best(&self) -> Option<f64> {
        self.returns.best
    }

    /// Smallest return of a trade, as a fraction.
    #[must_use]
    pub fn worst(&self) -> Option<f64> {
        self.returns.worst
    }

    /// Geometric mean of the trades' returns; 0 when a trade lost 100 % or more.
    #[must_use]
    pub fn geometric_mean(&self) -> Option<f64> {
        let mean_log = self.per_trade(self.returns.sum_of_logs)?;
        Some(if self.returns.ruined { 0.0 } else { mean_log.exp() - 1.0 })
    }

    /// Arithmetic mean of the trades' returns.
    #[must_use]
    pub fn expectancy(&self) -> Option<f64> {
        self.per_trade(self.returns.sum)
    }

    /// Longest trade, nanoseconds.
    #[must_use]
    pub fn duration_max_ns(&self) -> Option<i64> {
        self.duration_max
    }

    /// Mean length of a trade, nanoseconds, rounded down.
    #[must_use]
    pub fn duration_mean_ns(&self) -> Option<i64> {
        let mean = self.duration_sum.checked_div(i128::from(self.count))?;
        i64::try_from(mean).ok()
    }

    /// Sum of the positive returns over the sum of the negative ones, without its sign.
    #[must_use]
    pub fn profit_factor(&self) -> Option<f64> {
        (self.returns.lost > 0.0).then(|| self.returns.gained / self.returns.lost)
    }

    /// System Quality Number: √n × mean profit / its standard deviation (ddof 1). Van Tharp, "Trade Your Way to Financial Freedom".
    #[must_use]
    pub fn system_quality(&self) -> Option<f64> {
        if self.count < 2 || self.pnl.squares <= 0.0 {
            return None;
        }
        let deviation = (self.pnl.squares / (self.count - 1) as f64).sqrt();
        Some((self.count as f64).sqrt() * self.pnl.mean / deviation)
    }

    /// Kelly's share: w - (1 - w) / (mean win / mean loss), with w the win rate, over money. Kelly 1956.
    #[must_use]
    pub fn kelly(&self) -> Option<f64> {
        let wins = self.win_rate()?;
        Some(wins - (1.0 - wins) / (self.gains.mean()? / -self.losses.mean()?))
    }

    fn per_trade(&self, sum: f64) -> Option<f64> {
        (self.count > 0).then(|| sum / self.count as f64)
    }
}
