//! Returns up to the end of a track: over the month, the year, the last months and years.
use qframe_model::time::Time;
use serde::{Serialize, Serializer};

use super::track::Track;

/// What a track returned over one span.
#[derive(Serialize)]
pub(super) struct Trailing {
    /// By quantstats' names.
    pub span: Span,
    /// `None` where the track is shorter.
    #[serde(rename = "return")]
    pub own: Option<f64>,
    /// The same of the benchmark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<f64>,
}

/// Where a span begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// With the month of the last value.
    Month,
    /// With its year.
    Year,
    /// So many months before it, on the same day of the month, or its last.
    Months(i32),
    /// With the track.
    All,
}

const SPANS: [Span; 9] = [
    Span::Month,
    Span::Months(3),
    Span::Months(6),
    Span::Year,
    Span::Months(12),
    Span::Months(36),
    Span::Months(60),
    Span::Months(120),
    Span::All,
];

impl Span {
    pub(super) fn name(self) -> String {
        match self {
            Self::Month => "MTD".to_owned(),
            Self::Year => "YTD".to_owned(),
            Self::Months(12) => "1Y".to_owned(),
            Self::Months(months) if months > 12 => format!("{}Y (ann.)", months / 12),
            Self::Months(months) => format!("{months}M"),
            Self::All => "All-time (ann.)".to_owned(),
        }
    }

    /// The place of the value that the span begins with; `None` where there is none.
    fn begins(self, times_ns: &[i64], last: Time) -> Option<usize> {
        let (year, month, day) = last.date();
        let before = |limit: Time| times_ns.partition_point(|time| *time < limit.nanos()).saturating_sub(1);
        match self {
            Self::Month => Some(before(Time::from_date(year, month, 1)?)),
            Self::Year => Some(before(Time::from_date(year, 1, 1)?)),
            Self::Months(months) => {
                let count = year * 12 + month as i32 - 1 - months;
                let date = |day| Time::from_date(count.div_euclid(12), count.rem_euclid(12) as u32 + 1, day);
                let midnight = (28..=day).rev().chain([day]).find_map(date)?;
                let limit = midnight.nanos() + last.nanos().rem_euclid(DAY_NS);
                times_ns.partition_point(|time| *time <= limit).checked_sub(1)
            }
            Self::All => Some(0),
        }
    }

    /// The growth over it, that of more than a year as one a year.
    fn growth(self, times_ns: &[i64], values: &[f64], last: Time, periods_per_year: f64) -> Option<f64> {
        let first = self.begins(times_ns, last)?;
        let total = values.last()? / values.get(first)?;
        let years = match self {
            Self::Months(months) if months > 12 => f64::from(months) / 12.0,
            Self::All => (values.len() - 1) as f64 / periods_per_year,
            _ => 1.0,
        };
        Some(total.max(0.0).powf(1.0 / years) - 1.0).filter(|growth| growth.is_finite())
    }
}

const DAY_NS: i64 = 86_400_000_000_000;

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

/// All spans, of the track and of its benchmark.
pub(super) fn trailing(track: &Track) -> Vec<Trailing> {
    let last = Time::from_nanos(track.times_ns[track.times_ns.len() - 1]);
    let periods = track.options.periods_per_year;
    let beside = track.beside.as_ref().map(|beside| {
        let times: Vec<i64> = beside.places.iter().map(|place| track.times_ns[*place]).collect();
        (times, beside.values.as_slice())
    });
    let of = |span: Span| Trailing {
        span,
        own: span.growth(&track.times_ns, &track.values, last, periods),
        benchmark: beside.as_ref().and_then(|(times, values)| span.growth(times, values, last, periods)),
    };
    SPANS.map(of).into()
}

#[cfg(test)]
mod tests {
    use super::{DAY_NS, Span};
    use qframe_model::time::Time;

    fn date(text: &str) -> i64 {
        text.parse::<Time>().unwrap().nanos()
    }

    #[test]
    fn spans_begin_with_the_value_that_was_there() {
        let times: Vec<i64> =
            ["2023-12-29", "2024-02-28", "2024-02-29", "2024-03-01", "2024-05-30", "2024-05-31"].map(date).to_vec();
        let begins = |span: Span, last: &str| span.begins(&times, Time::from_nanos(date(last)));
        assert_eq!(begins(Span::Month, "2024-05-31"), Some(3), "the last value of the month before");
        assert_eq!(begins(Span::Year, "2024-05-31"), Some(0));
        // There is no 31st of February.
        assert_eq!(begins(Span::Months(3), "2024-05-31"), Some(2));
        assert_eq!(begins(Span::Months(3), "2024-05-30"), Some(2));
        assert_eq!(begins(Span::Months(3), "2024-05-28"), Some(1));
        assert_eq!(begins(Span::Months(6), "2024-05-31"), None, "nothing was there yet");
        assert_eq!(begins(Span::Month, "2023-12-31"), Some(0), "begun in this month");
        assert_eq!(begins(Span::All, "2024-05-31"), Some(0));
        assert_eq!(date("2024-02-29") - date("2024-02-28"), DAY_NS);
    }

    #[test]
    fn what_is_longer_than_a_year_is_told_as_one_a_year() {
        let times: Vec<i64> = ["2020-06-01", "2021-06-01", "2022-06-01", "2023-06-01"].map(date).to_vec();
        let values = [100.0, 50.0, 100.0, 337.5];
        let growth = |span: Span| span.growth(&times, &values, Time::from_nanos(times[3]), 1.0);
        assert!((growth(Span::Months(36)).unwrap() - 0.5).abs() < 1e-12);
        assert!((growth(Span::All).unwrap() - 0.5).abs() < 1e-12);
        assert!((growth(Span::Months(12)).unwrap() - 2.375).abs() < 1e-12);
        assert_eq!(growth(Span::Months(60)), None);
    }
}
