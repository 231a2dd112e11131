//! The summary: thirty-two figures with backtesting.py's names, in its order.

use super::Frequency;

/// Names in the order of the report.
pub const NAMES: [&str; 32] = [
    "Start",
    "End",
    "Duration",
    "Exposure Time [%]",
    "Equity Final [$]",
    "Equity Peak [$]",
    "Commissions [$]",
    "Return [%]",
    "Buy & Hold Return [%]",
    "Return (Ann.) [%]",
    "Volatility (Ann.) [%]",
    "CAGR [%]",
    "Sharpe Ratio",
    "Sortino Ratio",
    "Calmar Ratio",
    "Alpha [%]",
    "Beta",
    "Max. Drawdown [%]",
    "Avg. Drawdown [%]",
    "Max. Drawdown Duration",
    "Avg. Drawdown Duration",
    "# Trades",
    "Win Rate [%]",
    "Best Trade [%]",
    "Worst Trade [%]",
    "Avg. Trade [%]",
    "Max. Trade Duration",
    "Avg. Trade Duration",
    "Profit Factor",
    "Expectancy [%]",
    "SQN",
    "Kelly Criterion",
];

/// One figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// An instant, nanoseconds since the epoch.
    Time(i64),
    /// A length of time, nanoseconds.
    Duration(i64),
    /// A number; the name says its unit.
    Number(f64),
    /// How many.
    Count(u64),
}

impl Value {
    /// The figure as a number to compare by: nanoseconds for times and durations.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Time(ns) | Self::Duration(ns) => ns as f64,
            Self::Number(number) => number,
            Self::Count(count) => count as f64,
        }
    }
}

/// Summary of a backtest. Percentages are in per cent, durations and times in nanoseconds, `None` is undefined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    /// Time of the first point.
    pub start_ns: i64,
    /// Time of the last point.
    pub end_ns: i64,
    /// Share of bars in which a trade that was closed later was open.
    pub exposure_pct: f64,
    /// Last equity.
    pub equity_final: f64,
    /// Highest equity.
    pub equity_peak: f64,
    /// Fees of the closed trades.
    pub commissions: f64,
    /// Total return.
    pub return_pct: Option<f64>,
    /// Total return of the benchmark from its start.
    pub buy_and_hold_pct: Option<f64>,
    /// Annualised geometric mean return.
    pub annual_return_pct: Option<f64>,
    /// Annualised volatility of compounded returns.
    pub volatility_pct: Option<f64>,
    /// Compound annual growth over calendar time.
    pub cagr_pct: Option<f64>,
    /// Annual return over annual volatility.
    pub sharpe: Option<f64>,
    /// Annual return over annual downside deviation.
    pub sortino: Option<f64>,
    /// Annual return over the deepest drawdown.
    pub calmar: Option<f64>,
    /// Jensen's alpha over the whole time.
    pub alpha_pct: Option<f64>,
    /// Slope of the equity's log returns on the benchmark's.
    pub beta: Option<f64>,
    /// Deepest drawdown, 0 or negative.
    pub max_drawdown_pct: Option<f64>,
    /// Mean depth of the drawdowns, negative.
    pub avg_drawdown_pct: Option<f64>,
    /// Longest drawdown.
    pub max_drawdown_duration: Option<i64>,
    /// Mean length of the drawdowns.
    pub avg_drawdown_duration: Option<i64>,
    /// Number of closed trades.
    pub trades: u64,
    /// Share of trades with a profit.
    pub win_rate_pct: Option<f64>,
    /// Largest return of a trade.
    pub best_trade_pct: Option<f64>,
    /// Smallest return of a trade.
    pub worst_trade_pct: Option<f64>,
    /// Geometric mean of the trades' returns.
    pub avg_trade_pct: Option<f64>,
    /// Longest trade.
    pub max_trade_duration: Option<i64>,
    /// Mean length of a trade.
    pub avg_trade_duration: Option<i64>,
    /// Gained returns over lost ones.
    pub profit_factor: Option<f64>,
    /// Arithmetic mean of the trades' returns.
    pub expectancy_pct: Option<f64>,
    /// System Quality Number.
    pub sqn: Option<f64>,
    /// Kelly's share of the capital.
    pub kelly: Option<f64>,
    /// Frequency at which the returns were taken.
    pub frequency: Frequency,
    /// Factor of the annual figures.
    pub periods_per_year: f64,
    /// Risk-free rate a year, as a fraction.
    pub risk_free: f64,
}

impl Statistics {
    /// Everything undefined or zero, to be filled in.
    pub(super) fn blank(start_ns: i64, end_ns: i64, risk_free: f64) -> Self {
        Self {
            start_ns,
            end_ns,
            exposure_pct: 0.0,
            equity_final: 0.0,
            equity_peak: 0.0,
            commissions: 0.0,
            return_pct: None,
            buy_and_hold_pct: None,
            annual_return_pct: None,
            volatility_pct: None,
            cagr_pct: None,
            sharpe: None,
            sortino: None,
            calmar: None,
            alpha_pct: None,
            beta: None,
            max_drawdown_pct: None,
            avg_drawdown_pct: None,
            max_drawdown_duration: None,
            avg_drawdown_duration: None,
            trades: 0,
            win_rate_pct: None,
            best_trade_pct: None,
            worst_trade_pct: None,
            avg_trade_pct: None,
            max_trade_duration: None,
            avg_trade_duration: None,
            profit_factor: None,
            expectancy_pct: None,
            sqn: None,
            kelly: None,
            frequency: Frequency::Day,
            periods_per_year: 252.0,
            risk_free,
        }
    }

    /// Makes undefined what is built from compounded returns: an equity that fell to zero or below has none.
    pub(super) fn forget_growth(&mut self) {
        (self.annual_return_pct, self.volatility_pct, self.cagr_pct) = (None, None, None);
        (self.sharpe, self.sortino, self.calmar) = (None, None, None);
        (self.alpha_pct, self.beta) = (None, None);
    }

    /// Every figure with its name, in the order of the report.
    #[must_use]
    pub fn rows(&self) -> [(&'static str, Option<Value>); 32] {
        let number = |value: Option<f64>| value.map(Value::Number);
        let duration = |value: Option<i64>| value.map(Value::Duration);
        let values = [
            Some(Value::Time(self.start_ns)),
            Some(Value::Time(self.end_ns)),
            Some(Value::Duration(self.end_ns - self.start_ns)),
            number(Some(self.exposure_pct)),
            number(Some(self.equity_final)),
            number(Some(self.equity_peak)),
            number(Some(self.commissions)),
            number(self.return_pct),
            number(self.buy_and_hold_pct),
            number(self.annual_return_pct),
            number(self.volatility_pct),
            number(self.cagr_pct),
            number(self.sharpe),
            number(self.sortino),
            number(self.calmar),
            number(self.alpha_pct),
            number(self.beta),
            number(self.max_drawdown_pct),
            number(self.avg_drawdown_pct),
            duration(self.max_drawdown_duration),
            duration(self.avg_drawdown_duration),
            Some(Value::Count(self.trades)),
            number(self.win_rate_pct),
            number(self.best_trade_pct),
            number(self.worst_trade_pct),
            number(self.avg_trade_pct),
            duration(self.max_trade_duration),
            duration(self.avg_trade_duration),
            number(self.profit_factor),
            number(self.expectancy_pct),
            number(self.sqn),
            number(self.kelly),
        ];
        std::array::from_fn(|index| (NAMES[index], values[index]))
    }

    /// The figure of a name: outside `None` for an unknown name, inside `None` for an undefined figure.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Option<Value>> {
        self.rows().into_iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }
}
