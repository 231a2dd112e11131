//! Indicators that weigh prices by volume.

use super::window::Window;
use super::{Indicator, Ohlcv, ParameterError, error};

/// On-balance volume (Joseph Granville): the sum of volumes, each with the sign of the bar's price change. The first bar counts up.
#[derive(Debug, Clone, Default)]
pub struct Obv {
    close: Option<f64>,
    volume: f64,
}

impl Obv {
    /// Every bar gives a value.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Indicator for Obv {
    type Input = Ohlcv;
    type Output = f64;

    #[inline(always)]
    fn update(&mut self, bar: Ohlcv) -> Option<f64> {
        let signed = match self.close.replace(bar.close) {
            // Two selections instead of a branch that no processor can guess.
            Some(close) => {
                let up = if bar.close > close { bar.volume } else { 0.0 };
                let down = if bar.close < close { bar.volume } else { 0.0 };
                up - down
            }
            None => bar.volume,
        };
        self.volume += signed;
        Some(self.volume)
    }

    fn warm_up(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        (self.close, self.volume) = (None, 0.0);
    }
}

/// Money flow index, 0 to 100: the share of typical price × volume that came on rising typical prices; 0 where no money flowed.
#[derive(Debug, Clone)]
pub struct Mfi {
    typical: Option<f64>,
    /// Money that flowed on rising and on falling prices.
    flows: Window<2>,
    /// Inputs in a row without a flow; after a window of them the sums hold nothing but rounding.
    idle: usize,
}

impl Mfi {
    /// Usual period: 14.
    ///
    /// # Errors
    /// [`ParameterError::Period`] unless `period` is in `2..=100_000`.
    pub fn new(period: usize) -> Result<Self, ParameterError> {
        Ok(Self { typical: None, flows: Window::new(error::period("period", period, 2)?)?, idle: 0 })
    }
}

impl Indicator for Mfi {
    type Input = Ohlcv;
    type Output = f64;

    #[inline(always)]
    fn update(&mut self, bar: Ohlcv) -> Option<f64> {
        let typical = bar.typical();
        let before = self.typical.replace(typical)?;
        let change = typical - before;
        // The same three prices may round to two typical prices; such a change is none (TA-Lib's tolerance).
        let still = change.abs() <= 1e-14 * (typical.abs() + before.abs());
        let flow = if still { 0.0 } else { typical * bar.volume };
        let up = if change > 0.0 { flow } else { 0.0 };
        self.idle = if flow == 0.0 { self.idle + 1 } else { 0 };
        let sums = self.flows.slide([up, flow - up])?;
        let [rising, falling] = sums.map(|sum| if sum > 0.0 { sum } else { 0.0 });
        let total = rising + falling;
        let flowed = total > 0.0 && self.idle < self.flows.period();
        Some(if flowed { 100.0 * (rising / total) } else { 0.0 })
    }

    fn warm_up(&self) -> usize {
        self.flows.period() + 1
    }

    fn reset(&mut self) {
        (self.typical, self.idle) = (None, 0);
        self.flows.reset();
    }
}

/// Volume-weighted average price of the last `period` bars, each at its typical price; the plain mean where no volume traded.
#[derive(Debug, Clone)]
pub struct RollingVwap {
    /// Money, volume and typical price.
    window: Window<3>,
    /// Bars in a row without volume.
    idle: usize,
}

impl RollingVwap {
    /// An average over `period` bars.
    ///
    /// # Errors
    /// [`ParameterError::Period`] unless `period` is in `1..=100_000`.
    pub fn new(period: usize) -> Result<Self, ParameterError> {
        Ok(Self { window: Window::new(period)?, idle: 0 })
    }
}

impl Indicator for RollingVwap {
    type Input = Ohlcv;
    type Output = f64;

    #[inline(always)]
    fn update(&mut self, bar: Ohlcv) -> Option<f64> {
        let typical = bar.typical();
        self.idle = if bar.volume == 0.0 { self.idle + 1 } else { 0 };
        let [money, volume, prices] = self.window.slide([typical * bar.volume, bar.volume, typical])?;
        let traded = volume > 0.0 && self.idle < self.window.period();
        Some(if traded { money / volume } else { prices / self.window.period() as f64 })
    }

    fn warm_up(&self) -> usize {
        self.window.period()
    }

    fn reset(&mut self) {
        self.window.reset();
        self.idle = 0;
    }
}

/// Volume-weighted average price since the session began; a bar whose session number differs from the one before begins a session.
/// The typical price of the bar where nothing has traded yet.
#[derive(Debug, Clone, Default)]
pub struct SessionVwap {
    session: i64,
    money: f64,
    volume: f64,
}

impl SessionVwap {
    /// Every bar gives a value. A session number may be the day counted from the epoch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Indicator for SessionVwap {
    type Input = (i64, Ohlcv);
    type Output = f64;

    #[inline(always)]
    fn update(&mut self, (session, bar): (i64, Ohlcv)) -> Option<f64> {
        if session != self.session {
            *self = Self { session, ..Self::default() };
        }
        self.money += bar.typical() * bar.volume;
        self.volume += bar.volume;
        Some(if self.volume > 0.0 { self.money / self.volume } else { bar.typical() })
    }

    fn warm_up(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}
