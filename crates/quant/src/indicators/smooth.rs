//! Exponential averages and what is built from two of them.

use super::{Average, Indicator, ParameterError, error};

/// value ← value × keep + input × take, seeded with the mean of the first inputs as TA-Lib does.
#[derive(Debug, Clone)]
struct Decay {
    take: f64,
    keep: f64,
    period: usize,
    /// Inputs still missing from the seed.
    missing: usize,
    value: f64,
}

impl Decay {
    fn new(period: usize, take: f64) -> Self {
        Self { take, keep: 1.0 - take, period, missing: period, value: 0.0 }
    }

    /// Inputs until those before them weigh less than a billionth.
    fn memory(&self) -> usize {
        // With a period of 1, nothing is kept: the logarithm is infinite, and the share nothing.
        self.period + (1e-9_f64.ln() / self.keep.ln()).ceil() as usize
    }

    fn reset(&mut self) {
        (self.missing, self.value) = (self.period, 0.0);
    }

    #[inline(always)]
    fn update(&mut self, input: f64) -> Option<f64> {
        if self.missing > 0 {
            return self.seed(input);
        }
        self.value = self.value * self.keep + input * self.take;
        Some(self.value)
    }

    #[inline(always)]
    fn seed(&mut self, input: f64) -> Option<f64> {
        self.value += input;
        self.missing -= 1;
        if self.missing > 0 {
            return None;
        }
        self.value /= self.period as f64;
        Some(self.value)
    }
}

/// Exponential moving average: weight 2 / (period + 1) on the newest value, seeded with the mean of the first `period` values.
#[derive(Debug, Clone)]
pub struct Ema(Decay);

impl Ema {
    /// An average over `period` values.
    ///
    /// # Errors
    /// [`ParameterError::Period`] unless `period` is in `1..=100_000`.
    pub fn new(period: usize) -> Result<Self, ParameterError> {
        let period = error::period("period", period, 1)?;
        Ok(Self(Decay::new(period, 2.0 / (period as f64 + 1.0))))
    }
}

impl Average for Ema {
    fn memory(&self) -> usize {
        self.0.memory()
    }
}

/// Wilder's smoothing: weight 1 / period on the newest value, seeded with the mean of the first `period` values.
///
/// J. Welles Wilder, "New Concepts in Technical Trading Systems", 1978.
#[derive(Debug, Clone)]
pub struct Wilder(Decay);

impl Wilder {
    /// An average over `period` values.
    ///
    /// # Errors
    /// [`ParameterError::Period`] unless `period` is in `1..=100_000`.
    pub fn new(period: usize) -> Result<Self, ParameterError> {
        let period = error::period("period", period, 1)?;
        Ok(Self(Decay::new(period, 1.0 / period as f64)))
    }

    /// Inputs until those before them weigh less than a billionth.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.0.memory()
    }
}

macro_rules! decaying {
    ($name:ident) => {
        impl Indicator for $name {
            type Input = f64;
            type Output = f64;

            #[inline(always)]
            fn update(&mut self, input: f64) -> Option<f64> {
                self.0.update(input)
            }

            fn warm_up(&self) -> usize {
                self.0.period
            }

            fn reset(&mut self) {
                self.0.reset();
            }
        }
    };
}

decaying!(Ema);
decaying!(Wilder);

/// What MACD yields, in the units of the price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MacdValue {
    /// Fast less slow average.
    pub macd: f64,
    /// Average of `macd`.
    pub signal: f64,
    /// `macd` less `signal`.
    pub histogram: f64,
}

/// Moving average convergence divergence (Gerald Appel): EMA(fast) - EMA(slow), and the EMA of that.
///
/// Both averages have their first value at the same input, as in TA-Lib: the fast one skips the first `slow - fast` inputs.
#[derive(Debug, Clone)]
pub struct Macd {
    fast: Decay,
    slow: Decay,
    signal: Decay,
    /// Inputs that the fast average does not see.
    skip: usize,
}

impl Macd {
    /// Usual periods: 12, 26, 9.
    ///
    /// # Errors
    /// [`ParameterError`] unless `1 <= fast < slow <= 100_000` and `signal` is in `1..=100_000`.
    pub fn new(fast: usize, slow: usize, signal: usize) -> Result<Self, ParameterError> {
        error::ordered(("fast", fast), ("slow", slow))?;
        let signal = Ema::new(error::period("signal", signal, 1)?)?.0;
        Ok(Self { fast: Ema::new(fast)?.0, slow: Ema::new(slow)?.0, signal, skip: slow - fast })
    }
}

impl Indicator for Macd {
    type Input = f64;
    type Output = MacdValue;

    #[inline(always)]
    fn update(&mut self, input: f64) -> Option<MacdValue> {
        let slow = self.slow.update(input);
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        let macd = self.fast.update(input)? - slow?;
        let signal = self.signal.update(macd)?;
        Some(MacdValue { macd, signal, histogram: macd - signal })
    }

    fn warm_up(&self) -> usize {
        self.slow.period + self.signal.period - 1
    }

    fn reset(&mut self) {
        self.skip = self.slow.period - self.fast.period;
        self.fast.reset();
        self.slow.reset();
        self.signal.reset();
    }
}

/// Relative Strength Index, 0 to 100; 50 where the price has never moved.
///
/// 100 × gain / (gain + loss), each a [`Wilder`] average of the moves up and down. J. Welles Wilder, 1978.
#[derive(Debug, Clone)]
pub struct Rsi {
    last: Option<f64>,
    gain: Decay,
    loss: Decay,
}

impl Rsi {
    /// Usual period: 14.
    ///
    /// # Errors
    /// [`ParameterError::Period`] unless `period` is in `2..=100_000`.
    pub fn new(period: usize) -> Result<Self, ParameterError> {
        let average = Wilder::new(error::period("period", period, 2)?)?.0;
        Ok(Self { last: None, gain: average.clone(), loss: average })
    }

    /// Inputs until those before them weigh less than a billionth: what a series that begins live should be fed first.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.gain.memory() + 1
    }
}

impl Indicator for Rsi {
    type Input = f64;
    type Output = f64;

    #[inline(always)]
    fn update(&mut self, input: f64) -> Option<f64> {
        let change = input - self.last.replace(input)?;
        let up = if change > 0.0 { change } else { 0.0 };
        // Both take their input before either may end the function.
        let (gain, loss) = (self.gain.update(up), self.loss.update(up - change));
        let (gain, loss) = (gain?, loss?);
        let total = gain + loss;
        Some(if total > 0.0 { 100.0 * (gain / total) } else { 50.0 })
    }

    fn warm_up(&self) -> usize {
        self.gain.period + 1
    }

    fn reset(&mut self) {
        self.last = None;
        self.gain.reset();
        self.loss.reset();
    }
}
