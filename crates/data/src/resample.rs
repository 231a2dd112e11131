//! Bars of one time frame made into bars of a longer one: exactly, and without making a bar up.
use std::fmt;

use qframe_model::market::Bar;
use qframe_model::number::{Overflow, Price, Volume};
use qframe_model::time::{Span, Time, TimeFrame};

/// From which frame to which, and up to when the market is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampling {
    /// The frame of the bars.
    pub from: TimeFrame,
    /// The frame wanted: a whole multiple.
    pub to: TimeFrame,
    /// A period that closes later is unfinished; [`Loaded::known_until`](crate::Loaded::known_until) gives it.
    /// [`Time::MAX`] declares every period finished.
    pub known_until: Time,
}

/// Bars of the longer frame.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resampled {
    /// Finished bars, oldest first. A period without bars is absent, not filled.
    pub bars: Vec<Bar>,
    /// What is there of the last period, where it is not over: a bar that was not known yet.
    pub unfinished: Option<Bar>,
}

/// Why bars cannot be resampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResampleError {
    /// The second frame is no whole multiple of the first.
    NoMultiple(TimeFrame, TimeFrame),
    /// The bar of this time reaches over the end of its period of that frame.
    Straddles(Time, TimeFrame),
    /// The bar of the second time does not come after that of the first.
    Unsorted(Time, Time),
    /// The market is known up to the first time only, and the last bar opens at the second.
    KnownTooEarly(Time, Time),
    /// The volume of the period of this time has too many digits.
    Volume(Time),
}

/// Makes bars of the frame `to` out of bars of the frame `from`.
///
/// The open is the first, the close the last, high and low the extremes, the volume the exact sum; the time is the
/// opening instant of the period (weeks from Monday, all in UTC). In two stages or in one, the bars are the same:
/// `resample(resample(x, a), b) == resample(x, b)` for the same `known_until`.
///
/// # Errors
/// [`ResampleError`], with the bar in question.
pub fn resample(bars: &[Bar], how: &Resampling) -> Result<Resampled, ResampleError> {
    let Resampling { from, to, known_until } = *how;
    let Some(last) = bars.last() else { return Ok(Resampled::default()) };
    if !to.seconds().is_multiple_of(from.seconds()) {
        return Err(ResampleError::NoMultiple(from, to));
    }
    if known_until <= last.time {
        return Err(ResampleError::KnownTooEarly(known_until, last.time));
    }
    check_places(bars, from, to)?;
    let periods = bars.chunk_by(|a, b| to.open_of(a.time) == to.open_of(b.time));
    let mut merged = periods.map(|period| merge(period, to)).collect::<Result<Vec<Bar>, _>>()?;
    let unfinished = merged.pop_if(|bar| bar.time + to.span() > known_until);
    Ok(Resampled { bars: merged, unfinished })
}

/// The closes of the longer frame: those of the bars that [`resample`] makes of these closes.
///
/// # Errors
/// As [`resample`].
pub fn resample_closes(closes: &[(Time, Price)], how: &Resampling) -> Result<Vec<(Time, Price)>, ResampleError> {
    let bar = |(time, close): &(Time, Price)| {
        let (open, high, low, close) = (*close, *close, *close, *close);
        Bar { time: *time, open, high, low, close, volume: Volume::ZERO }
    };
    let bars: Vec<Bar> = closes.iter().map(bar).collect();
    Ok(resample(&bars, how)?.bars.iter().map(|bar| (bar.time, bar.close)).collect())
}

/// Times rise, and each bar lies within one period.
fn check_places(bars: &[Bar], from: TimeFrame, to: TimeFrame) -> Result<(), ResampleError> {
    if let Some(pair) = bars.windows(2).find(|pair| pair[1].time <= pair[0].time) {
        return Err(ResampleError::Unsorted(pair[0].time, pair[1].time));
    }
    let end = |bar: &Bar| bar.time + from.span() - Span::from_nanos(1);
    match bars.iter().find(|bar| to.open_of(bar.time) != to.open_of(end(bar))) {
        Some(bar) => Err(ResampleError::Straddles(bar.time, to)),
        None => Ok(()),
    }
}

/// One bar out of the bars of one period (at least one).
fn merge(period: &[Bar], to: TimeFrame) -> Result<Bar, ResampleError> {
    let (first, last) = (period[0], period[period.len() - 1]);
    let refused = |_: Overflow| ResampleError::Volume(first.time);
    let mut bar = Bar { time: to.open_of(first.time), close: last.close, ..first };
    let mut volume = first.volume.quantity();
    for next in &period[1..] {
        bar.high = bar.high.max(next.high);
        bar.low = bar.low.min(next.low);
        volume = volume.plus(next.volume.quantity()).map_err(refused)?;
    }
    bar.volume = Volume::new(volume).map_err(refused)?;
    Ok(bar)
}

impl fmt::Display for ResampleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMultiple(from, to) => write!(f, "{to} is no whole multiple of {from}; choose one that is"),
            Self::Straddles(time, to) => {
                write!(f, "the bar of {time} reaches into the next {to}; its times are not on the grid of UTC")
            }
            Self::Unsorted(before, time) => write!(f, "the bar of {time} follows that of {before}; sort them by time"),
            Self::KnownTooEarly(known, last) => {
                write!(f, "the market is said to be known until {known}, but the last bar opens at {last}")
            }
            Self::Volume(time) => write!(f, "the volume of the period of {time} has more digits than a bar holds"),
        }
    }
}

impl std::error::Error for ResampleError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(time: &str, [open, high, low, close]: [i64; 4], volume: &str) -> Bar {
        let price = Price::from_nanos;
        let (open, high, low, close) = (price(open), price(high), price(low), price(close));
        Bar { time: time.parse().unwrap(), open, high, low, close, volume: volume.parse().unwrap() }
    }

    fn how(from: &str, to: &str, known_until: &str) -> Resampling {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        Resampling { from, to, known_until: known_until.parse().unwrap() }
    }

    #[test]
    fn merges_periods_and_tells_the_unfinished_one() {
        let bars = [
            bar("2024-02-29T22:00:00Z", [5, 9, 4, 6], "0.1"),
            bar("2024-02-29T23:00:00Z", [6, 7, 2, 3], "0.2"),
            bar("2024-03-02T05:00:00Z", [3, 8, 3, 8], "1"),
        ];
        let both = [bar("2024-02-29", [5, 9, 2, 3], "0.3"), bar("2024-03-02", [3, 8, 3, 8], "1")];
        let early = resample(&bars, &how("1h", "1d", "2024-03-02T06:00:00Z")).unwrap();
        assert_eq!(early, Resampled { bars: both[..1].to_vec(), unfinished: Some(both[1]) });
        let late = resample(&bars, &how("1h", "1d", "2024-03-03")).unwrap();
        assert_eq!(late, Resampled { bars: both.to_vec(), unfinished: None });
        assert_eq!(resample(&[], &how("1h", "1d", "2024-03-03")), Ok(Resampled::default()));
    }

    #[test]
    fn refuses_what_would_not_be_exact() {
        let check = |bars: &[Bar], from: &str, to: &str, text: &str| {
            let refused = resample(bars, &how(from, to, "2025-01-01")).unwrap_err();
            assert_eq!(refused.to_string(), text);
        };
        let one = |time: &str, volume: &str| bar(time, [1; 4], volume);
        check(&[one("2024-01-01", "1")], "1h", "90m", "90m is no whole multiple of 1h; choose one that is");
        check(
            &[one("2024-01-01T23:30:00Z", "1")],
            "1h",
            "1d",
            "the bar of 2024-01-01T23:30:00Z reaches into the next 1d; its times are not on the grid of UTC",
        );
        check(
            &[one("2024-01-02", "1"), one("2024-01-01", "1")],
            "1h",
            "1d",
            "the bar of 2024-01-01T00:00:00Z follows that of 2024-01-02T00:00:00Z; sort them by time",
        );
        check(
            &[one("2025-01-01", "1")],
            "1h",
            "1d",
            "the market is said to be known until 2025-01-01T00:00:00Z, but the last bar opens at 2025-01-01T00:00:00Z",
        );
        let huge = "1000000000000000000";
        check(
            &[one("2024-01-01T00:00:00Z", huge), one("2024-01-01T01:00:00Z", huge)],
            "1h",
            "1d",
            "the volume of the period of 2024-01-01T00:00:00Z has more digits than a bar holds",
        );
    }
}
