//! The channels of one symbol: the range to break out of, the range to fall back through, and the stop of an entry.
use qframe_model::parameter::ParameterError;
use qframe_quant::indicators::{Bands, Donchian, Indicator, Ohlcv};

use super::{Protection, RangeStop, of_indicator, refused};

/// Highest highs and lowest lows, as they were before a bar.
#[derive(Debug, Clone)]
pub(super) struct Channels {
    entry: Donchian,
    exit: Donchian,
    range_stop: Option<RangeStop>,
    last: Option<(Bands, Bands)>,
}

impl Channels {
    pub(super) fn new(entry: usize, exit: usize) -> Result<Self, ParameterError> {
        if exit > entry {
            return Err(refused("exit", exit, format!("at most entry = {entry}")));
        }
        let (entry, exit) =
            (Donchian::new(entry).map_err(of_indicator("entry"))?, Donchian::new(exit).map_err(of_indicator("exit"))?);
        Ok(Self { entry, exit, range_stop: None, last: None })
    }

    pub(super) fn stop_by(&mut self, range: Option<RangeStop>) {
        self.range_stop = range;
    }

    pub(super) fn warm_up(&self) -> usize {
        (self.entry.warm_up() + 1).max(self.range_stop.as_ref().map_or(0, RangeStop::warm_up))
    }

    pub(super) fn startup(&self) -> usize {
        self.warm_up().max(self.range_stop.as_ref().map_or(0, RangeStop::startup))
    }

    /// Takes a bar: the channels to enter and to leave by as they were before it, and what stands behind an entry on it.
    #[inline]
    pub(super) fn update(&mut self, bar: Ohlcv, protection: Protection) -> Option<(Bands, Bands, Protection)> {
        let channels = self.entry.update(bar).zip(self.exit.update(bar));
        let protection = match &mut self.range_stop {
            Some(stop) => stop.update(bar, protection),
            None => Some(protection),
        };
        let (entry, exit) = std::mem::replace(&mut self.last, channels)?;
        Some((entry, exit, protection?))
    }
}
