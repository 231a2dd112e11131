//! Durations as ISO 8601 text.

use std::fmt::Write;

const UNITS: [(i128, char); 3] = [(3_600_000_000_000, 'H'), (60_000_000_000, 'M'), (1_000_000_000, 'S')];

/// A duration in nanoseconds as ISO 8601: `P597D`, `P1DT2H`, `PT0.25S`, `-PT5M`; zero is `PT0S`.
///
/// Days are 24 hours; months and years are not used because their length varies.
#[must_use]
pub fn iso_duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let mut rest = i128::from(nanoseconds).abs();
    let days = rest / i128::from(super::DAY_NS);
    rest %= i128::from(super::DAY_NS);
    let time = clock_part(rest);
    match (days, time.is_empty()) {
        (0, true) => "PT0S".to_owned(),
        (0, false) => format!("{sign}PT{time}"),
        (_, true) => format!("{sign}P{days}D"),
        (_, false) => format!("{sign}P{days}DT{time}"),
    }
}

/// Hours, minutes and seconds that are not zero.
fn clock_part(mut rest: i128) -> String {
    let mut text = String::new();
    for (unit, letter) in UNITS {
        let (whole, below) = (rest / unit, rest % unit);
        // Writing to a String cannot fail.
        if letter == 'S' && below > 0 {
            let digits = format!("{below:09}");
            let _ = write!(text, "{whole}.{}S", digits.trim_end_matches('0'));
        } else if whole > 0 {
            let _ = write!(text, "{whole}{letter}");
        }
        rest = below;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::iso_duration;

    #[test]
    fn durations_read_as_iso_8601() {
        let hour = 3_600_000_000_000;
        let rows = [
            (597 * 24 * hour, "P597D"),
            (26 * hour, "P1DT2H"),
            (0, "PT0S"),
            (hour / 60, "PT1M"),
            (90 * 1_000_000_000, "PT1M30S"),
            (250_000_000, "PT0.25S"),
            (1, "PT0.000000001S"),
            (-5 * hour / 60, "-PT5M"),
            (i64::MIN, "-P106751DT23H47M16.854775808S"),
        ];
        for (nanoseconds, text) in rows {
            assert_eq!(iso_duration(nanoseconds), text);
        }
    }
}
