//! The ends of the days of the currency market: at 17:00 in New York a position is settled a day later.
use std::ops::Range;

use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};
use chrono_tz::America::New_York;
use qframe_model::time::{Span, Time};

use super::{Clock, date_of, is_weekend};

/// How many working days after the trade a pair is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// One, as of USD/CAD.
    NextDay,
    /// Two, as of most pairs.
    SecondDay,
}

impl Settlement {
    /// The custom of a pair: the dollar against those of Canada, the Philippines, Russia and Turkey is settled a day after
    /// the trade, every other pair two days after.
    #[must_use]
    pub fn of(base: &str, quote: &str) -> Self {
        const NEXT_DAY: [&str; 4] = ["CAD", "PHP", "RUB", "TRY"];
        let is_next = |one: &str, other: &str| one == "USD" && NEXT_DAY.contains(&other);
        if is_next(base, quote) || is_next(quote, base) { Self::NextDay } else { Self::SecondDay }
    }
}

/// The ends of the trading days in `range`: 17:00 in New York on each weekday, and for how many days interest is due there. It
/// is three where the day of settlement goes over a weekend: on Wednesdays where that is two days after the trade, on
/// Thursdays where it is one. Bank holidays, which shift days from one night to the next, are not known here: each week has
/// its seven days.
pub fn nights(range: Range<Time>, settlement: Settlement) -> impl Iterator<Item = (Time, u8)> {
    const CLOCK: Clock = Clock { zone: New_York, day: super::new_york::currencies };
    let threefold = match settlement {
        Settlement::NextDay => Weekday::Thu,
        Settlement::SecondDay => Weekday::Wed,
    };
    let (first, last) = (date_of(range.start - Span::DAY), date_of(range.end));
    let dates = first.iter_days().take_while(move |date| *date <= last).filter(|date| !is_weekend(*date));
    let end = |date: NaiveDate| CLOCK.instant(date.and_hms_opt(0, 0, 0)? + TimeDelta::hours(17));
    let nights = dates.filter_map(move |date| Some((end(date)?, if date.weekday() == threefold { 3 } else { 1 })));
    nights.filter(move |(time, _)| range.contains(time))
}
