//! Highest and lowest of the last n values, and the channels made of them.
//!
//! Two values a window need comparing, whatever its length (van Herk 1992, Gil and Werman 1993): inputs are cut into blocks of n;
//! a window is the tail of one block and the head of the next, the extremes of all tails are computed once when a block ends, and
//! the extreme of the head grows by one comparison an input.

use super::{Indicator, Ohlcv, ParameterError, Sma, error};

/// Extreme of the last `period` values; `HIGHEST` says which.
#[derive(Debug, Clone)]
pub struct Extreme<const HIGHEST: bool> {
    /// Behind `at`: extremes of the last block's tails; before it: this block's values.
    ring: Box<[f64]>,
    at: usize,
    full: bool,
    head: f64,
}

/// Largest of the last `period` values.
pub type Highest = Extreme<true>;
/// Smallest of the last `period` values.
pub type Lowest = Extreme<false>;

impl<const HIGHEST: bool> Extreme<HIGHEST> {
    /// Nothing is less extreme.
    const NONE: f64 = if HIGHEST { f64::NEG_INFINITY } else { f64::INFINITY };

    /// An extreme over `period` values.
    ///
    /// # Errors
    /// [`ParameterError::Period`] unless `period` is in `1..=100_000`.
    pub fn new(period: usize) -> Result<Self, ParameterError> {
        let period = error::period("period", period, 1)?;
        Ok(Self { ring: vec![Self::NONE; period].into(), at: 0, full: false, head: Self::NONE })
    }

    #[inline(always)]
    fn pick(left: f64, right: f64) -> f64 {
        let keep = if HIGHEST { left > right } else { left < right };
        if keep { left } else { right }
    }

    /// Takes a value in; the result is meaningful once the window is full.
    #[inline(always)]
    fn slide(&mut self, value: f64) -> f64 {
        self.head = Self::pick(self.head, value);
        self.ring[self.at] = value;
        self.at += 1;
        if let Some(&tail) = self.ring.get(self.at) {
            return Self::pick(tail, self.head);
        }
        // The block is complete: its head is the whole window.
        Self::tails(&mut self.ring);
        (self.at, self.full) = (0, true);
        std::mem::replace(&mut self.head, Self::NONE)
    }

    /// Turns a block's values into the extremes of its tails.
    #[inline(never)]
    fn tails(block: &mut [f64]) {
        let mut tail = Self::NONE;
        for value in block.iter_mut().rev() {
            tail = Self::pick(tail, *value);
            *value = tail;
        }
    }
}

impl<const HIGHEST: bool> Indicator for Extreme<HIGHEST> {
    type Input = f64;
    type Output = f64;

    #[inline(always)]
    fn update(&mut self, input: f64) -> Option<f64> {
        let extreme = self.slide(input);
        self.full.then_some(extreme)
    }

    fn warm_up(&self) -> usize {
        self.ring.len()
    }

    fn reset(&mut self) {
        (self.at, self.full, self.head) = (0, false, Self::NONE);
    }
}

/// Three lines around the price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bands {
    /// Upper line.
    pub upper: f64,
    /// Middle line.
    pub middle: f64,
    /// Lower line.
    pub lower: f64,
}

/// Highest high and lowest low of the last `period` bars, this one included, and their middle (Richard Donchian).
#[derive(Debug, Clone)]
pub struct Donchian {
    high: Highest,
    low: Lowest,
}

impl Donchian {
    /// A channel over `period` bars.
    ///
    /// # Errors
    /// [`ParameterError::Period`] unless `period` is in `1..=100_000`.
    pub fn new(period: usize) -> Result<Self, ParameterError> {
        Ok(Self { high: Highest::new(period)?, low: Lowest::new(period)? })
    }
}

impl Indicator for Donchian {
    type Input = Ohlcv;
    type Output = Bands;

    #[inline(always)]
    fn update(&mut self, bar: Ohlcv) -> Option<Bands> {
        let (high, low) = (self.high.update(bar.high), self.low.update(bar.low));
        let (upper, lower) = (high?, low?);
        Some(Bands { upper, middle: f64::midpoint(upper, lower), lower })
    }

    fn warm_up(&self) -> usize {
        self.high.warm_up()
    }

    fn reset(&mut self) {
        self.high.reset();
        self.low.reset();
    }
}

/// What Ichimoku yields at a bar; the two spans are the ones to be drawn `base` bars ahead of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cloud {
    /// Tenkan-sen: middle of the short channel.
    pub conversion: f64,
    /// Kijun-sen: middle of the medium channel.
    pub base: f64,
    /// Senkou span A: middle of the two lines above.
    pub span_a: f64,
    /// Senkou span B: middle of the long channel.
    pub span_b: f64,
}

/// Ichimoku Kinkō Hyō (Goichi Hosoda): middles of three Donchian channels. The lagging span is the close itself, drawn back.
#[derive(Debug, Clone)]
pub struct Ichimoku {
    conversion: Donchian,
    base: Donchian,
    span: Donchian,
}

impl Ichimoku {
    /// Usual periods: 9, 26, 52.
    ///
    /// # Errors
    /// [`ParameterError`] unless `1 <= conversion < base < span <= 100_000`.
    pub fn new(conversion: usize, base: usize, span: usize) -> Result<Self, ParameterError> {
        error::ordered(("conversion", conversion), ("base", base))?;
        error::ordered(("base", base), ("span", span))?;
        Ok(Self { conversion: Donchian::new(conversion)?, base: Donchian::new(base)?, span: Donchian::new(span)? })
    }
}

impl Indicator for Ichimoku {
    type Input = Ohlcv;
    type Output = Cloud;

    #[inline(always)]
    fn update(&mut self, bar: Ohlcv) -> Option<Cloud> {
        let (conversion, base) = (self.conversion.update(bar), self.base.update(bar));
        let span_b = self.span.update(bar)?.middle;
        let (conversion, base) = (conversion?.middle, base?.middle);
        Some(Cloud { conversion, base, span_a: f64::midpoint(conversion, base), span_b })
    }

    fn warm_up(&self) -> usize {
        self.span.warm_up()
    }

    fn reset(&mut self) {
        self.conversion.reset();
        self.base.reset();
        self.span.reset();
    }
}

/// What the stochastic oscillators yield, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StochasticValue {
    /// The oscillator.
    pub k: f64,
    /// Its average.
    pub d: f64,
}

/// Slow stochastic (George Lane): where the close stands in the channel of the last bars, averaged twice; 0 in a channel of no
/// height. With `smooth` 1 it is the fast stochastic.
#[derive(Debug, Clone)]
pub struct Stochastic {
    high: Highest,
    low: Lowest,
    k: Sma,
    d: Sma,
}

impl Stochastic {
    /// Usual periods: 14, 3, 3.
    ///
    /// # Errors
    /// [`ParameterError::Period`] unless all three are in `1..=100_000`.
    pub fn new(period: usize, smooth: usize, signal: usize) -> Result<Self, ParameterError> {
        let k = Sma::new(error::period("smooth", smooth, 1)?)?;
        let d = Sma::new(error::period("signal", signal, 1)?)?;
        Ok(Self { high: Highest::new(period)?, low: Lowest::new(period)?, k, d })
    }
}

impl Indicator for Stochastic {
    type Input = Ohlcv;
    type Output = StochasticValue;

    #[inline(always)]
    fn update(&mut self, bar: Ohlcv) -> Option<StochasticValue> {
        let (high, low) = (self.high.update(bar.high), self.low.update(bar.low));
        let (high, low) = (high?, low?);
        let height = high - low;
        let place = if height > 0.0 { 100.0 * ((bar.close - low) / height) } else { 0.0 };
        let k = self.k.update(place)?;
        let d = self.d.update(k)?;
        Some(StochasticValue { k, d })
    }

    fn warm_up(&self) -> usize {
        self.high.warm_up() + self.k.warm_up() + self.d.warm_up() - 2
    }

    fn reset(&mut self) {
        self.high.reset();
        self.low.reset();
        self.k.reset();
        self.d.reset();
    }
}
