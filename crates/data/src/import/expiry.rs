//! The day on which a listed future expires, where a file tells only its month.
use qframe_model::time::{Span, Time};

/// Roots of equity index futures that expire on the third Friday of their month (CME rulebook, chapters 358 to 361).
const THIRD_FRIDAY: [&str; 10] = ["ES", "NQ", "YM", "RTY", "EMD", "MES", "MNQ", "MYM", "M2K", "SP"];

/// The last day of the contract; true where it is known by rule, false where it is the last day of the month.
pub(super) fn of(root: &str, year: i32, month: u32) -> Option<(Time, bool)> {
    let first = Time::from_date(year, month, 1)?;
    if THIRD_FRIDAY.contains(&root) {
        // The epoch was a Thursday: Friday is the day after it.
        let until_friday = (8 - first.day().rem_euclid(7)) % 7;
        return Some((first + days(until_friday + 14), true));
    }
    let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    Some((Time::from_date(year, month, 1)? - Span::DAY, false))
}

const fn days(count: i64) -> Span {
    Span::from_seconds(count * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn third_fridays_and_ends_of_months() {
        let check = |root: &str, year: i32, month: u32, expected: &str| {
            assert_eq!(
                of(root, year, month).map(|(day, _)| format!("{day:#}")).unwrap(),
                expected,
                "{root} {year}-{month}"
            );
        };
        check("ES", 2013, 12, "2013-12-20");
        check("ES", 2014, 3, "2014-03-21");
        check("ES", 2020, 3, "2020-03-20");
        check("NQ", 2024, 3, "2024-03-15");
        check("GC", 2024, 2, "2024-02-29");
        check("CL", 2023, 12, "2023-12-31");
    }
}
