//! When weights are set anew: by the calendar, when they have drifted, when the market has become wild.
use qframe_model::time::Time;
use qframe_quant::covariance::Returns;

/// The occasions of a portfolio; each is off until it is set, but for the calendar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Occasions {
    /// At the first instant of each of these, by UTC.
    pub every: Every,
    /// When a weight is further than this from its target.
    pub drift: Option<f64>,
    /// When the volatility of the newest eighth of the window rises above so many times that of all of it.
    pub volatility: Option<f64>,
}

/// Periods of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Days.
    Day,
    /// Weeks, from Monday on.
    Week,
    /// Months.
    Month,
    /// Quarters of a year.
    Quarter,
    /// Years.
    Year,
    /// None: other occasions alone count.
    Never,
}

impl Every {
    /// By their names.
    pub(super) const NAMED: [(&'static str, Self); 6] = [
        ("day", Self::Day),
        ("week", Self::Week),
        ("month", Self::Month),
        ("quarter", Self::Quarter),
        ("year", Self::Year),
        ("never", Self::Never),
    ];

    /// The number of the period that an instant is in; it rises with time.
    pub(super) fn period(self, time: Time) -> i64 {
        let (year, month, _) = time.date();
        match self {
            Self::Day => time.day(),
            // 1970-01-01, day 0, was a Thursday.
            Self::Week => (time.day() + 3).div_euclid(7),
            Self::Month => i64::from(year) * 12 + i64::from(month),
            Self::Quarter => i64::from(year) * 4 + i64::from(month - 1) / 3,
            Self::Year => i64::from(year),
            Self::Never => 0,
        }
    }
}

impl Occasions {
    /// True where a weight is too far from its target.
    pub(super) fn has_drifted(&self, gaps: impl Iterator<Item = f64>) -> bool {
        self.drift.is_some_and(|most| gaps.into_iter().any(|gap| gap.abs() > most))
    }

    /// True where the newest returns, the same weight each, vary so much more than all of them.
    pub(super) fn is_wild(&self, returns: &Returns) -> bool {
        let Some(times) = self.volatility else { return false };
        let each = vec![1.0 / returns.assets() as f64; returns.assets()];
        let all = returns.portfolio(&each);
        let newest = &all[all.len() - (all.len() / 8).max(2).min(all.len())..];
        deviation(newest) > times * deviation(&all)
    }
}

fn deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}
