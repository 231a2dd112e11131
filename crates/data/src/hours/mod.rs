//! When markets trade: 24/7, the stock exchanges of New York, the futures of CME and CBOT, and the forex week.
//!
//! A calendar is rules and a short table of exceptions, so it answers for any year; the rules are those of 1993 on, and were
//! compared, session by session, with two other calendars up to 2027 (docs/hours.md says where they differ).
mod cme;
mod expected;
mod farm;
mod holidays;
mod new_york;
mod nights;

use std::ops::Range;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Weekday};
use chrono_tz::Tz;
use qframe_model::time::{Span, Time, TimeFrame};

pub use expected::Expected;
pub use nights::{Settlement, nights};

/// The trading hours of a market.
#[derive(Debug)]
pub struct Hours {
    name: &'static str,
    about: &'static str,
    /// `None` where the market never closes.
    clock: Option<Clock>,
}

/// The wall clock of a market, and what is open by it on each date.
#[derive(Debug)]
struct Clock {
    zone: Tz,
    day: fn(NaiveDate) -> Option<Day>,
}

/// The hours of one session in minutes of local time from the midnight that its date begins with; the evening before counts
/// below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Day {
    open: i64,
    pause: Option<(i64, i64)>,
    close: i64,
}

/// One session: a day of trading, under the date it is accounted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Midnight UTC of its date. A session of CME or of the forex week opens on the evening before.
    pub day: Time,
    /// When it opens.
    pub open: Time,
    /// When trading stops and goes on again within it.
    pub pause: Option<(Time, Time)>,
    /// When it closes.
    pub close: Time,
}

/// No market of these was ever closed for longer, other than before it existed.
const CLOSED_DAYS_MAX: u64 = 14;

static ALL: [Hours; 6] = [
    Hours { name: "24/7", about: "never closed, days from midnight to midnight UTC", clock: None },
    Hours {
        name: "NYSE",
        about: "9:30 to 16:00 in New York, half days to 13:00, its holidays; Nasdaq keeps the same",
        clock: Some(Clock { zone: chrono_tz::America::New_York, day: new_york::stocks }),
    },
    Hours {
        name: "CME",
        about: "equity index futures on Globex, Sunday 17:00 to Friday 16:00 in Chicago with its daily break and holidays",
        clock: Some(Clock { zone: chrono_tz::America::Chicago, day: cme::equity_index }),
    },
    Hours {
        name: "grains",
        about: "grains and oilseeds of CBOT, 19:00 to 7:45 and 8:30 to 13:20 in Chicago with its holidays",
        clock: Some(Clock { zone: chrono_tz::America::Chicago, day: farm::grains }),
    },
    Hours {
        name: "livestock",
        about: "cattle and hogs of CME, 8:30 to 13:05 in Chicago with its holidays",
        clock: Some(Clock { zone: chrono_tz::America::Chicago, day: farm::livestock }),
    },
    Hours {
        name: "forex",
        about: "Sunday 17:00 to Friday 17:00 in New York, but for Christmas and New Year",
        clock: Some(Clock { zone: chrono_tz::America::New_York, day: new_york::currencies }),
    },
];

impl Hours {
    /// The hours of a name as [`Rules::hours`](qframe_model::instrument::Rules) has it, in any case: `24/7`, `NYSE` (also
    /// `Nasdaq`), `CME`, `grains`, `livestock`, `forex`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        let name = if name.eq_ignore_ascii_case("nasdaq") { "NYSE" } else { name };
        ALL.iter().find(|hours| hours.name.eq_ignore_ascii_case(name))
    }

    /// All there are.
    #[must_use]
    pub const fn all() -> &'static [Self] {
        &ALL
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What they are, in a sentence.
    #[must_use]
    pub const fn about(&self) -> &'static str {
        self.about
    }

    /// True where the market never closes.
    #[must_use]
    pub const fn never_close(&self) -> bool {
        self.clock.is_none()
    }

    /// True where it closes every evening and opens in the morning.
    #[must_use]
    pub fn rests_at_night(&self) -> bool {
        self.name == "NYSE"
    }

    /// The session of the UTC date that holds `day`; `None` where the market is closed on it.
    #[must_use]
    pub fn session(&self, day: Time) -> Option<Session> {
        let midnight = TimeFrame::DAY.open_of(day);
        match &self.clock {
            None => Some(Session { day: midnight, open: midnight, pause: None, close: midnight + Span::DAY }),
            Some(clock) => clock.session(date_of(day)),
        }
    }

    /// The session that holds an instant, its pause included; `None` between sessions.
    #[must_use]
    pub fn session_at(&self, time: Time) -> Option<Session> {
        // A session lies within the UTC date of its own, the evening before it and the night behind it.
        let around = [time, time + Span::DAY, time - Span::DAY];
        around.into_iter().filter_map(|day| self.session(day)).find(|s| s.open <= time && time < s.close)
    }

    /// True where trading goes on at an instant.
    #[must_use]
    pub fn is_open(&self, time: Time) -> bool {
        let paused = |session: &Session| session.pause.is_some_and(|(from, to)| from <= time && time < to);
        self.session_at(time).is_some_and(|session| !paused(&session))
    }

    /// The first session that opens after an instant; `None` only at the end of time.
    #[must_use]
    pub fn next(&self, time: Time) -> Option<Session> {
        let days = (0..=CLOSED_DAYS_MAX as i64).map(|day| time + Span::from_nanos(day * Span::DAY.nanos()));
        days.filter_map(|day| self.session(day)).find(|session| session.open > time)
    }

    /// The last session that closed at or before an instant; `None` only at the beginning of time.
    #[must_use]
    pub fn previous(&self, time: Time) -> Option<Session> {
        let days = (-1..=CLOSED_DAYS_MAX as i64).map(|day| time - Span::from_nanos(day * Span::DAY.nanos()));
        days.filter_map(|day| self.session(day)).find(|session| session.close <= time)
    }

    /// When the session that holds an instant closes, or the next one where the market is closed.
    #[must_use]
    pub fn close_after(&self, time: Time) -> Option<Time> {
        self.session_at(time).or_else(|| self.next(time)).map(|session| session.close)
    }

    /// The sessions that have an instant in `range`, oldest first.
    pub fn sessions(&self, range: Range<Time>) -> impl Iterator<Item = Session> + '_ {
        let (first, last) = (date_of(range.start - Span::DAY), date_of(range.end + Span::DAY));
        let days = first.iter_days().take_while(move |day| *day <= last);
        let sessions = days.filter_map(|day| self.session(midnight(day)?));
        sessions.filter(move |session| session.close > range.start && session.open < range.end)
    }

    /// The stretches in which trading goes on and that have an instant in `range`, oldest first, those that touch made one:
    /// a plain table for whoever must not know this module.
    #[must_use]
    pub fn stretches(&self, range: Range<Time>) -> Vec<Range<Time>> {
        if self.never_close() {
            return vec![Time::MIN..Time::MAX];
        }
        let mut stretches: Vec<Range<Time>> = Vec::new();
        let parts = self.sessions(range.clone()).flat_map(|Session { open, pause, close, .. }| {
            let (stop, resume) = pause.unwrap_or((close, close));
            [open..stop, resume..close]
        });
        for part in parts.filter(|part| part.start < part.end && part.end > range.start && part.start < range.end) {
            match stretches.last_mut().filter(|last| last.end >= part.start) {
                Some(last) => last.end = last.end.max(part.end),
                None => stretches.push(part),
            }
        }
        stretches
    }

    /// The opening instants in `range` of the bars on the grid of UTC that are expected: see [`Expected`].
    pub fn opens_in(&self, range: Range<Time>, frame: TimeFrame) -> impl Iterator<Item = Time> + use<> {
        let expected = Expected::new(self, range.clone(), frame);
        let first = frame.open_of(range.start);
        let first = if first < range.start { first + frame.span() } else { first };
        let steps = std::iter::successors(Some(first), move |time| Some(*time + frame.span()));
        steps.take_while(move |time| *time < range.end).filter(move |time| expected.holds(*time))
    }
}

impl Clock {
    fn session(&self, date: NaiveDate) -> Option<Session> {
        let day = (self.day)(date)?;
        let at = |minutes| self.instant(date.and_hms_opt(0, 0, 0)? + TimeDelta::minutes(minutes));
        let pause = match day.pause {
            Some((from, to)) => Some((at(from)?, at(to)?)),
            None => None,
        };
        Some(Session { day: midnight(date)?, open: at(day.open)?, pause, close: at(day.close)? })
    }

    /// Clocks change on Sundays at two: no session of ours opens or closes then, so a local time is one instant.
    fn instant(&self, local: NaiveDateTime) -> Option<Time> {
        self.zone.from_local_datetime(&local).earliest()?.timestamp_nanos_opt().map(Time::from_nanos)
    }
}

fn date_of(time: Time) -> NaiveDate {
    DateTime::from_timestamp_nanos(time.nanos()).date_naive()
}

fn midnight(date: NaiveDate) -> Option<Time> {
    Time::from_date(date.year(), date.month(), date.day())
}

fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The date before; the date itself at the beginning of time.
fn eve(date: NaiveDate) -> NaiveDate {
    date.checked_sub_days(Days::new(1)).unwrap_or(date)
}
