//! Resampling an equity curve to days, weeks, months and years as it streams by.

use super::DAY_NS;

/// How a curve is resampled before its returns are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frequency {
    /// The last value of each UTC day that has one.
    Day,
    /// The last value of each week, Monday to Sunday.
    Week,
    /// The last value of each calendar month.
    Month,
    /// The last value of each calendar year.
    Year,
    /// The value of each bar, longer than a day, of so many nanoseconds.
    Bar(i64),
}

impl Frequency {
    /// Those that [`Calendar`] keeps, in its order.
    const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Year];

    /// The frequency of bars whose median distance is this many whole days, as backtesting.py has it; of others that are longer
    /// than a day their own.
    pub(super) fn of(spacing_days: Option<i64>, bar_ns: Option<i64>) -> Self {
        match (spacing_days, bar_ns) {
            (Some(7), _) => Self::Week,
            (Some(31), _) => Self::Month,
            (Some(365), _) => Self::Year,
            (_, Some(bar_ns)) if bar_ns > DAY_NS => Self::Bar(bar_ns),
            _ => Self::Day,
        }
    }

    /// Returns in a year; of days as the market trades on weekends. backtesting.py counts 252 or 365 of any that are no days,
    /// weeks of 7, months of 31 or years of 365 days.
    pub(super) fn periods_per_year(self, weekends: bool) -> f64 {
        match self {
            Self::Day if weekends => 365.0,
            Self::Day => 252.0,
            Self::Week => 52.0,
            Self::Month => 12.0,
            Self::Year => 1.0,
            Self::Bar(ns) => match ns / DAY_NS {
                7 => 52.0,
                26..=33 => 12.0,
                85..=97 => 4.0,
                175..=190 => 2.0,
                360..=370 => 1.0,
                _ => 365.0 * DAY_NS as f64 / ns as f64,
            },
        }
    }

    /// The bin that a day (counted from 1970-01-01) belongs to.
    fn bin(self, day: i64) -> i64 {
        match self {
            // Bars that are longer than a day open on days of their own.
            Self::Day | Self::Bar(_) => day,
            // 1970-01-01 was a Thursday.
            Self::Week => (day + 3).div_euclid(7),
            Self::Month => months_since_year_zero(day),
            Self::Year => months_since_year_zero(day).div_euclid(12),
        }
    }

    /// Adjective for a sentence.
    pub(super) fn word(self) -> String {
        match self {
            Self::Day => "daily".to_owned(),
            Self::Week => "weekly".to_owned(),
            Self::Month => "monthly".to_owned(),
            Self::Year => "yearly".to_owned(),
            Self::Bar(ns) if ns % DAY_NS == 0 => format!("{}-day", ns / DAY_NS),
            Self::Bar(ns) => format!("{}-hour", ns as f64 / DAY_NS as f64 * 24.0),
        }
    }

    /// Where [`Calendar`] keeps it.
    fn place(self) -> usize {
        match self {
            Self::Day | Self::Bar(_) => 0,
            Self::Week => 1,
            Self::Month => 2,
            Self::Year => 3,
        }
    }
}

/// 12 × year + month (0 to 11) of a day counted from 1970-01-01, proleptic Gregorian.
///
/// Formula: Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`.
pub(super) fn months_since_year_zero(day: i64) -> i64 {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months counted from March, so that the leap day is the last of the year.
    let month = (5 * day_of_year + 2) / 153;
    12 * (year_of_era + era * 400) + month + 2
}

/// Returns of one frequency: count, mean and spread in one pass (Welford), and what Sortino needs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Returns {
    first: f64,
    last: f64,
    bins: u64,
    mean: f64,
    squares: f64,
    downside: f64,
    /// A return of -100 % or worse: a geometric mean does not exist.
    ruined: bool,
}

impl Returns {
    fn close(&mut self, equity: f64) {
        if self.bins == 0 {
            self.first = equity;
        } else {
            self.take(equity / self.last - 1.0);
        }
        self.last = equity;
        self.bins += 1;
    }

    fn take(&mut self, change: f64) {
        let delta = change - self.mean;
        // `bins` counts the values closed before, hence the returns including this one.
        self.mean += delta / self.bins as f64;
        self.squares += delta * (change - self.mean);
        self.downside += change.min(0.0).powi(2);
        self.ruined |= change <= -1.0;
    }

    /// Number of returns.
    pub(super) fn count(&self) -> u64 {
        self.bins.saturating_sub(1)
    }

    /// (last / first)^(1/n) - 1; 0 when a return was -100 % or worse.
    pub(super) fn geometric_mean(&self) -> Option<f64> {
        match self.count() {
            0 => None,
            _ if self.ruined => Some(0.0),
            count => Some(((self.last / self.first).ln() / count as f64).exp() - 1.0),
        }
    }

    /// Variance with ddof 1.
    pub(super) fn variance(&self) -> Option<f64> {
        (self.count() > 1).then(|| self.squares / (self.count() - 1) as f64)
    }

    /// Root of the mean square of the losses; gains count as 0.
    pub(super) fn downside(&self) -> Option<f64> {
        (self.count() > 0).then(|| (self.downside / self.count() as f64).sqrt())
    }
}

/// The resampled returns of a stream at the four frequencies; which one counts is known only at the end.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    day: i64,
    /// Points counted when this day began.
    points_before: u64,
    /// Points on Saturdays and on Sundays.
    weekend_points: [u64; 2],
    returns: [Returns; 4],
}

impl Calendar {
    /// Begins with the day of the first point.
    pub(super) fn starting(time_ns: i64) -> Self {
        let day = time_ns.div_euclid(DAY_NS);
        Self { day, points_before: 0, weekend_points: [0; 2], returns: [Returns::default(); 4] }
    }

    /// First instant after the current day.
    pub(super) fn day_end(&self) -> i64 {
        self.day.saturating_add(1).saturating_mul(DAY_NS)
    }

    /// A point of a later day arrived: the value before it, point number `points`, was the last of its day.
    pub(super) fn turn(&mut self, time_ns: i64, equity: f64, points: u64) {
        let next = time_ns.div_euclid(DAY_NS);
        for (frequency, returns) in Frequency::ALL.iter().zip(&mut self.returns) {
            if frequency.bin(self.day) != frequency.bin(next) {
                returns.close(equity);
            }
        }
        self.count_weekend(points);
        self.day = next;
    }

    fn count_weekend(&mut self, points: u64) {
        // Monday is 0; 1970-01-01 was a Thursday.
        if let Ok(day) = usize::try_from((self.day + 3).rem_euclid(7) - 5) {
            self.weekend_points[day] += points - self.points_before;
        }
        self.points_before = points;
    }

    /// The returns at a frequency when `equity` is the last value, and whether the market trades on weekends: on both days,
    /// and with more than 60 % of their fair share of the points. Mondays that begin on Sunday by UTC are no weekend.
    pub(super) fn finish(&self, frequency: Frequency, equity: f64, points: u64) -> (Returns, bool) {
        let mut end = self.clone();
        end.count_weekend(points);
        let mut returns = end.returns[frequency.place()];
        returns.close(equity);
        let [saturdays, sundays] = end.weekend_points;
        let share = (saturdays + sundays) as f64 / points as f64;
        (returns, saturdays > 0 && sundays > 0 && share > 2.0 / 7.0 * 0.6)
    }
}

#[cfg(test)]
mod tests {
    use super::{Frequency, months_since_year_zero};

    #[test]
    fn bins_of_known_days() {
        // 1969-12-31, 1970-01-01, 2000-02-29, 2000-03-01, 2024-12-31
        let rows = [(-1, 1969, 12), (0, 1970, 1), (11_016, 2000, 2), (11_017, 2000, 3), (20_088, 2024, 12)];
        for (day, year, month) in rows {
            assert_eq!(months_since_year_zero(day), 12 * year + month - 1, "day {day}");
            assert_eq!(Frequency::Year.bin(day), year, "day {day}");
        }
        // Sunday 1970-01-04 ends the week that Monday 1970-01-05 does not belong to.
        assert_eq!(Frequency::Week.bin(3), Frequency::Week.bin(0));
        assert_eq!(Frequency::Week.bin(4), Frequency::Week.bin(3) + 1);
    }
}
