//! Technical indicators: one value in, at most one value out.
//!
//! Every indicator obeys the same laws, proved for all of them by one test:
//! - the first value comes with input number [`Indicator::warm_up`], and each later input gives one;
//! - a batch gives the values that streaming gives, bit for bit, and leaves the indicator as streaming would;
//! - finite inputs give finite outputs, also on a constant series and on zero volume.

mod error;
mod row;

mod extreme;
mod range;
mod smooth;
mod spread;
mod talib;
mod volume;
mod window;

pub use error::{PERIOD_MAX, ParameterError};
pub use extreme::{Bands, Cloud, Donchian, Extreme, Highest, Ichimoku, Lowest, Stochastic, StochasticValue};
pub use range::{Atr, HeikinAshi, Keltner, SuperTrend, Trend, TrueRange};
pub use row::{Bars, Columns, LengthError, Ohlcv, Pairs, Row, Series, SessionBars};
pub use smooth::{Ema, Macd, MacdValue, Rsi, Wilder};
pub use spread::{Bollinger, StdDev, Variance, ZScore};
pub use talib::{
    AccumulationDistribution, Adx, Adxr, Apo, Aroon, AroonOscillator, AroonValue, BalanceOfPower, Beta, Cci,
    ChaikinOscillator, Cmo, Correlation, Dema, Doji, Dx, Engulfing, Hammer, HilbertTrendline, Kama, LinearRegression,
    LinearRegressionSlope, MinusDi, MinusDm, Momentum, Natr, ParabolicSar, PlusDi, PlusDm, Ppo, Roc, StochasticFast,
    StochasticRsi, T3, Tema, TimeSeriesForecast, Trima, Trix, UltimateOscillator, WilliamsR, Wma,
};
pub use volume::{Mfi, Obv, RollingVwap, SessionVwap};
pub use window::{Sma, Sum};

/// The columns an indicator's batch form reads.
pub type ColumnsOf<'a, I> = <<I as Indicator>::Input as Row>::Columns<'a>;

/// A causal function of a series: its value at an input depends on that input and the ones before it.
pub trait Indicator: Clone {
    /// One observation: a price, a bar, a pair.
    type Input: Row;
    /// What one observation yields.
    type Output: Copy;

    /// Takes the next input; `None` until [`warm_up`](Self::warm_up) inputs have arrived.
    fn update(&mut self, input: Self::Input) -> Option<Self::Output>;

    /// Number of inputs up to and including the one that gives the first value (at least 1).
    fn warm_up(&self) -> usize;

    /// Forgets every input and keeps the parameters and the memory.
    fn reset(&mut self);

    /// Starts over and takes every row; `out` then holds one value per row from the returned index on.
    ///
    /// The indicator afterwards stands where that many [`update`](Self::update)s would have left it, so a live series goes on
    /// from its history. The index is `warm_up() - 1`, also when `out` stays empty because there were too few rows.
    fn batch_into(&mut self, columns: ColumnsOf<'_, Self>, out: &mut Vec<Self::Output>) -> usize {
        self.reset();
        out.clear();
        // A state of the loop's own stays in registers; one behind a reference goes through memory at every row.
        let mut own = self.clone();
        let (head, tail) = columns.divide(self.warm_up() - 1);
        for row in head.rows() {
            own.update(row);
        }
        // Room is made before the loop: between values pushed one by one a call for more might come, and for that the state
        // would be written to memory each time.
        out.extend(tail.rows().map(|row| warmed(own.update(row))));
        *self = own;
        self.warm_up() - 1
    }

    /// [`batch_into`](Self::batch_into) with a buffer of its own.
    fn batch(&mut self, columns: ColumnsOf<'_, Self>) -> Series<Self::Output> {
        let mut values = Vec::new();
        let first = self.batch_into(columns, &mut values);
        Series { first, values }
    }
}

/// A mean of the last inputs, which can be compared with another one of its kind.
pub trait Average: Indicator<Input = f64, Output = f64> {
    /// Inputs until those before them weigh nothing, or less than a billionth: what a series that begins live should be fed first.
    fn memory(&self) -> usize {
        self.warm_up()
    }

    /// As [`update`](Indicator::update), to within two units in the last place where that saves a division: enough to tell
    /// which of two averages is above the other.
    #[inline(always)]
    fn update_near(&mut self, input: f64) -> Option<f64> {
        self.update(input)
    }
}

/// A value that the warm-up law promises. The check also tells the compiler that the warm-up is over, which halves the loop.
#[inline(always)]
fn warmed<T>(value: Option<T>) -> T {
    match value {
        Some(value) => value,
        None => unreachable!("an indicator gives a value for every input after its warm-up"),
    }
}
