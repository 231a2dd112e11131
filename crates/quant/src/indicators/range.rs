//! True range and the bands that are measured in it.

use super::extreme::Bands;
use super::{Ema, Indicator, Ohlcv, ParameterError, Wilder, error};

/// The largest of high - low, |high - last close| and |low - last close|, in price units (J. Welles Wilder, 1978).
#[derive(Debug, Clone, Default)]
pub struct TrueRange {
    close: Option<f64>,
}

impl TrueRange {
    /// Its first value comes with the second bar.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Indicator for TrueRange {
    type Input = Ohlcv;
    type Output = f64;

    #[inline(always)]
    fn update(&mut self, bar: Ohlcv) -> Option<f64> {
        let close = self.close.replace(bar.close)?;
        let top = if bar.high > close { bar.high } else { close };
        let bottom = if bar.low < close { bar.low } else { close };
        Some(top - bottom)
    }

    fn warm_up(&self) -> usize {
        2
    }

    fn reset(&mut self) {
        self.close = None;
    }
}

/// Average true range: [`Wilder`]'s average of [`TrueRange`].
#[derive(Debug, Clone)]
pub struct Atr {
    range: TrueRange,
    average: Wilder,
}

impl Atr {
    /// Usual period: 14.
    ///
    /// # Errors
    /// [`ParameterError::Period`] unless `period` is in `1..=100_000`.
    pub fn new(period: usize) -> Result<Self, ParameterError> {
        Ok(Self { range: TrueRange::new(), average: Wilder::new(period)? })
    }

    /// Bars until those before them weigh less than a billionth: what a series that begins live should be fed first.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.average.memory() + 1
    }
}

impl Indicator for Atr {
    type Input = Ohlcv;
    type Output = f64;

    #[inline(always)]
    fn update(&mut self, bar: Ohlcv) -> Option<f64> {
        let range = self.range.update(bar)?;
        self.average.update(range)
    }

    fn warm_up(&self) -> usize {
        self.average.warm_up() + 1
    }

    fn reset(&mut self) {
        self.range.reset();
        self.average.reset();
    }
}

/// Keltner channel: the EMA of the close, and lines a multiple of the average true range above and below (Linda Raschke's form).
#[derive(Debug, Clone)]
pub struct Keltner {
    middle: Ema,
    range: Atr,
    multiple: f64,
}

impl Keltner {
    /// Usual parameters: 20, 10, 2.
    ///
    /// # Errors
    /// [`ParameterError`] unless both periods are in `1..=100_000` and `multiple` is finite and above 0.
    pub fn new(period: usize, atr_period: usize, multiple: f64) -> Result<Self, ParameterError> {
        let range = Atr::new(error::period("atr_period", atr_period, 1)?)?;
        Ok(Self { middle: Ema::new(period)?, range, multiple: error::positive("multiple", multiple)? })
    }
}

impl Indicator for Keltner {
    type Input = Ohlcv;
    type Output = Bands;

    #[inline(always)]
    fn update(&mut self, bar: Ohlcv) -> Option<Bands> {
        let (middle, range) = (self.middle.update(bar.close), self.range.update(bar));
        let (middle, reach) = (middle?, self.multiple * range?);
        Some(Bands { upper: middle + reach, middle, lower: middle - reach })
    }

    fn warm_up(&self) -> usize {
        self.middle.warm_up().max(self.range.warm_up())
    }

    fn reset(&mut self) {
        self.middle.reset();
        self.range.reset();
    }
}

/// What SuperTrend yields.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The line that the trend leans on, in price units.
    pub line: f64,
    /// Whether the trend is up.
    pub rising: bool,
}

/// SuperTrend (Olivier Seban): bands of a multiple of the average true range around (high + low) / 2 that only tighten, until a
/// close breaks through. It starts in an upward trend.
#[derive(Debug, Clone)]
pub struct SuperTrend {
    range: Atr,
    multiple: f64,
    /// Upper and lower line, the last close, and whether the trend is up.
    state: Option<(f64, f64, f64, bool)>,
}

impl SuperTrend {
    /// Usual parameters: 10, 3.
    ///
    /// # Errors
    /// [`ParameterError`] unless `period` is in `1..=100_000` and `multiple` is finite and above 0.
    pub fn new(period: usize, multiple: f64) -> Result<Self, ParameterError> {
        Ok(Self { range: Atr::new(period)?, multiple: error::positive("multiple", multiple)?, state: None })
    }
}

impl Indicator for SuperTrend {
    type Input = Ohlcv;
    type Output = Trend;

    #[inline(always)]
    fn update(&mut self, bar: Ohlcv) -> Option<Trend> {
        let reach = self.multiple * self.range.update(bar)?;
        let (mut upper, mut lower) = (bar.median() + reach, bar.median() - reach);
        let mut rising = true;
        if let Some((last_upper, last_lower, last_close, was_rising)) = self.state {
            // A line moves towards the price, or is set free by a close beyond it.
            upper = if upper < last_upper || last_close > last_upper { upper } else { last_upper };
            lower = if lower > last_lower || last_close < last_lower { lower } else { last_lower };
            rising = if was_rising { bar.close >= lower } else { bar.close > upper };
        }
        self.state = Some((upper, lower, bar.close, rising));
        Some(Trend { line: if rising { lower } else { upper }, rising })
    }

    fn warm_up(&self) -> usize {
        self.range.warm_up()
    }

    fn reset(&mut self) {
        self.range.reset();
        self.state = None;
    }
}

/// Heikin-Ashi candles: the close is the mean of the bar's four prices, the open the middle of the last candle; volume as it was.
/// The first candle opens in the middle of its bar's open and close.
#[derive(Debug, Clone, Default)]
pub struct HeikinAshi {
    last: Option<Ohlcv>,
}

impl HeikinAshi {
    /// Every bar gives a candle.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Indicator for HeikinAshi {
    type Input = Ohlcv;
    type Output = Ohlcv;

    #[inline(always)]
    fn update(&mut self, bar: Ohlcv) -> Option<Ohlcv> {
        let before = self.last.unwrap_or(bar);
        let open = f64::midpoint(before.open, before.close);
        let close = (bar.open + bar.high + bar.low + bar.close) / 4.0;
        let candle = Ohlcv {
            open,
            high: bar.high.max(open).max(close),
            low: bar.low.min(open).min(close),
            close,
            volume: bar.volume,
        };
        self.last = Some(candle);
        self.last
    }

    fn warm_up(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        self.last = None;
    }
}
