//! Trades and quotes made into bars, one by one: any number of them in the memory of one bar. A period without any is absent.
use qframe_model::market::{Bar, Quote, Trade};
use qframe_model::number::{Price, Quantity, Volume};
use qframe_model::time::{Time, TimeFrame};

use crate::resample::ResampleError;

/// Makes bars of trades: the first price, the highest, the lowest, the last, and the exact sum of the units. Bars of a frame are
/// those that resampling the bars of a shorter one gives.
#[derive(Debug, Clone)]
pub struct TradeBars {
    frame: TimeFrame,
    open: Option<Open>,
}

/// Makes bars of the best bid and of the best ask, without volume.
#[derive(Debug, Clone)]
pub struct QuoteBars {
    frame: TimeFrame,
    open: Option<[Open; 2]>,
}

/// A bar as it grows.
#[derive(Debug, Clone, Copy)]
struct Open {
    bar: Bar,
    last: Time,
    volume: Quantity,
}

impl TradeBars {
    /// Bars of this frame.
    #[must_use]
    pub const fn new(frame: TimeFrame) -> Self {
        Self { frame, open: None }
    }

    /// Takes the next trade; the bar before it, where it begins another.
    ///
    /// # Errors
    /// [`ResampleError::Unsorted`] where it is older than the one before; [`ResampleError::Volume`] for a sum that a bar
    /// does not hold.
    pub fn push(&mut self, trade: &Trade) -> Result<Option<Bar>, ResampleError> {
        let done = self.begun_before(trade.time)?;
        match &mut self.open {
            Some(open) => open.take(trade.time, trade.price, trade.quantity)?,
            open @ None => *open = Some(Open::new(self.frame, trade.time, trade.price, trade.quantity)),
        }
        Ok(done)
    }

    /// The last bar: of a period that may not be over.
    ///
    /// # Errors
    /// [`ResampleError::Volume`] for a sum that a bar does not hold.
    pub fn finish(self) -> Result<Option<Bar>, ResampleError> {
        self.open.map(|open| open.bar()).transpose()
    }

    fn begun_before(&mut self, time: Time) -> Result<Option<Bar>, ResampleError> {
        let Some(open) = self.open else { return Ok(None) };
        if time < open.last {
            return Err(ResampleError::Unsorted(open.last, time));
        }
        if self.frame.open_of(time) == open.bar.time {
            return Ok(None);
        }
        self.open = None;
        open.bar().map(Some)
    }
}

impl QuoteBars {
    /// Bars of this frame.
    #[must_use]
    pub const fn new(frame: TimeFrame) -> Self {
        Self { frame, open: None }
    }

    /// Takes the next quote; the bars of bid and ask before it, where it begins others.
    ///
    /// # Errors
    /// [`ResampleError::Unsorted`] where it is older than the one before.
    pub fn push(&mut self, quote: &Quote) -> Result<Option<[Bar; 2]>, ResampleError> {
        let (time, prices) = (quote.time, [quote.bid.price, quote.ask.price]);
        match &mut self.open {
            Some([bid, _]) if time < bid.last => Err(ResampleError::Unsorted(bid.last, time)),
            Some(sides) if self.frame.open_of(time) == sides[0].bar.time => {
                for (side, price) in sides.iter_mut().zip(prices) {
                    side.take(time, price, Volume::ZERO)?;
                }
                Ok(None)
            }
            open => {
                let new = prices.map(|price| Open::new(self.frame, time, price, Volume::ZERO));
                Ok(open.replace(new).map(|sides| sides.map(|side| side.bar)))
            }
        }
    }

    /// The last bars of bid and ask: of a period that may not be over.
    #[must_use]
    pub fn finish(self) -> Option<[Bar; 2]> {
        self.open.map(|sides| sides.map(|side| side.bar))
    }
}

impl Open {
    fn new(frame: TimeFrame, time: Time, price: Price, volume: Volume) -> Self {
        let bar = Bar { time: frame.open_of(time), open: price, high: price, low: price, close: price, volume };
        Self { bar, last: time, volume: volume.quantity() }
    }

    fn take(&mut self, time: Time, price: Price, volume: Volume) -> Result<(), ResampleError> {
        self.last = time;
        self.bar.high = self.bar.high.max(price);
        self.bar.low = self.bar.low.min(price);
        self.bar.close = price;
        let sum = self.volume.plus(volume.quantity()).map_err(|_| ResampleError::Volume(self.bar.time))?;
        self.volume = sum;
        Ok(())
    }

    fn bar(&self) -> Result<Bar, ResampleError> {
        let volume = Volume::new(self.volume).map_err(|_| ResampleError::Volume(self.bar.time))?;
        Ok(Bar { volume, ..self.bar })
    }
}
