//! A stop that is farther away where the market is wild.
use qframe_model::parameter::{ParameterError, ParameterSpec, Parameters};
use qframe_quant::indicators::{Atr, Indicator, Ohlcv};

use super::{Protection, check_positive, of_indicator, refused};

/// So many average true ranges (Wilder's) from the last price: the Turtles took 2, over 20 bars.
#[derive(Debug, Clone)]
pub struct RangeStop {
    range: Atr,
    count: f64,
}

impl RangeStop {
    pub(super) const PARAMETER: ParameterSpec = ParameterSpec::number(
        "stop-atr",
        "the stop in average true ranges of the entry's bars; 0: none",
        0.0,
        0.0,
        100.0,
    );

    /// `count` average true ranges of the last `window` bars.
    ///
    /// # Errors
    /// [`ParameterError`] unless `count` is above zero and `window` in `1..=100_000`.
    pub fn new(count: f64, window: usize) -> Result<Self, ParameterError> {
        check_positive("stop-atr", count)?;
        Ok(Self { range: Atr::new(window).map_err(of_indicator("window"))?, count })
    }

    /// The parameter's value, `None` where it is 0; refused beside a stop in per cent.
    pub(super) fn read(parameters: &Parameters, window: usize) -> Result<Option<Self>, ParameterError> {
        match (parameters.number("stop-atr")?, parameters.number("stop")?) {
            (0.0, _) => Ok(None),
            (count, 0.0) => Self::new(count, window).map(Some),
            (count, stop) => Err(refused("stop", stop, format!("0 beside stop-atr = {count}"))),
        }
    }

    pub(super) fn warm_up(&self) -> usize {
        self.range.warm_up()
    }

    pub(super) fn startup(&self) -> usize {
        self.range.memory()
    }

    /// Takes a bar: this protection with the stop where it is now.
    #[inline]
    pub(super) fn update(&mut self, bar: Ohlcv, protection: Protection) -> Option<Protection> {
        let range = self.range.update(bar)?;
        Some(protection.stopped_at(range * self.count / bar.close))
    }
}
