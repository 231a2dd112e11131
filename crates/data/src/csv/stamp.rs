//! One calendar time stamp of any form that is read, byte by byte.
use qframe_model::time::{Span, Time};

use crate::bad_row::Zone;

/// Reads a date, a date and time with or without a zone, or a 12-hour stamp. `None` where the text is none of these.
///
/// Forms: `2014-12-01`, `2014/12/01`, `2014.12.01`, `20141201`, `01.12.2014` (points: the day comes first); then `T`, `t` or a space and `09`, `09:30`, `09:30:15.25`, with
/// `Z`, ` UTC`, `+02:00`, `+0200`, `+02` or nothing behind it; or `11-PM`, `11:30 PM`.
pub(crate) fn read(text: &str) -> Option<(Time, Zone)> {
    let (midnight, rest) = date(text)?;
    if rest.is_empty() {
        return Some((midnight, Zone::Unstated));
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, pm) = twelve_hour(rest);
    let (hours, rest) = two_digits(clock)?;
    let hours = match pm {
        None => Some(hours).filter(|h| *h < 24),
        Some(pm) => Some(hours % 12 + if pm { 12 } else { 0 }).filter(|_| (1..=12).contains(&hours)),
    }?;
    let (minutes, rest) = after_colon(rest)?;
    let (seconds, rest) = after_colon(rest)?;
    let (nanos, rest) = fraction(rest)?;
    let zone = zone(rest)?;
    let ahead = if let Zone::Offset(seconds) = zone { i64::from(seconds) } else { 0 };
    let since_midnight = (hours * 3_600 + minutes * 60 + seconds - ahead) * Span::SECOND.nanos() + nanos;
    Some((Time::from_nanos(midnight.nanos().checked_add(since_midnight)?), zone))
}

/// The date in front, at midnight UTC, and what follows it.
fn date(text: &str) -> Option<(Time, &str)> {
    if let Some(found) = day_first(text) {
        return Some(found);
    }
    let (year, rest) = digits(text, 4)?;
    let divider = rest.chars().next().filter(|c| matches!(c, '-' | '/' | '.'));
    let step = |rest: &'_ str| -> Option<usize> { divider.map_or(Some(0), |d| rest.starts_with(d).then_some(1)) };
    let (month, rest) = digits(&rest[step(rest)?..], 2)?;
    let (day, rest) = digits(&rest[step(rest)?..], 2)?;
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let midnight = Time::from_date(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
    // Eight digits alone could be an epoch of 1970: they are a date only where a market could have traded.
    let plausible = divider.is_some() || (1900..2200).contains(&year);
    plausible.then_some((midnight, rest))
}

/// A date as it is written in much of Europe: `01.12.2014`.
fn day_first(text: &str) -> Option<(Time, &str)> {
    let (day, rest) = digits(text, 2)?;
    let (month, rest) = digits(rest.strip_prefix('.')?, 2)?;
    let (year, rest) = digits(rest.strip_prefix('.')?, 4)?;
    let midnight = Time::from_date(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
    Some((midnight, rest))
}

/// Cuts off `AM` or `PM` with the space or dash before it; true for PM.
fn twelve_hour(text: &str) -> (&str, Option<bool>) {
    let Some(at) = text.len().checked_sub(2).filter(|at| text.is_char_boundary(*at)) else { return (text, None) };
    let (clock, half) = text.split_at(at);
    let pm = if half.eq_ignore_ascii_case("pm") {
        true
    } else if half.eq_ignore_ascii_case("am") {
        false
    } else {
        return (text, None);
    };
    (clock.strip_suffix([' ', '-']).unwrap_or(clock), Some(pm))
}

fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let head = text.get(..count).filter(|head| head.bytes().all(|b| b.is_ascii_digit()))?;
    Some((head.parse().ok()?, &text[count..]))
}

fn two_digits(text: &str) -> Option<(i64, &str)> {
    digits(text, 2)
}

/// `:30` and what follows, or zero where there is no colon.
fn after_colon(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix(':') else { return Some((0, text)) };
    two_digits(rest).filter(|(value, _)| *value < 60)
}

/// `.25` in nanoseconds (further digits are dropped: no clock keeps them), or zero where there is no point.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    let nanos = rest.bytes().take(count.min(9)).fold(0, |sum, b| sum * 10 + i64::from(b - b'0'));
    (count > 0).then(|| (nanos * 10i64.pow(9 - count.min(9) as u32), &rest[count..]))
}

fn zone(text: &str) -> Option<Zone> {
    let text = text.strip_prefix(' ').unwrap_or(text);
    match text {
        "" => return Some(Zone::Unstated),
        "Z" | "z" | "UTC" | "GMT" => return Some(Zone::Offset(0)),
        _ => {}
    }
    let sign = match text.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = two_digits(&text[1..])?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let (minutes, rest) = if rest.is_empty() { (0, rest) } else { two_digits(rest)? };
    let known = rest.is_empty() && hours < 24 && minutes < 60;
    known.then_some(Zone::Offset(i32::try_from(sign * (hours * 3_600 + minutes * 60)).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, Zone)>) {
        let found = read(text).map(|(time, zone)| (time.to_string(), zone));
        assert_eq!(found, expected.map(|(time, zone)| (time.to_owned(), zone)), "{text:?}");
    }

    #[test]
    fn reads_what_files_hold() {
        check("01.12.2014 09:30", Some(("2014-12-01T09:30:00Z", Unstated)));
        check("2014.12.01", Some(("2014-12-01T00:00:00Z", Unstated)));
        use Zone::{Offset, Unstated};
        check("2014-12-01", Some(("2014-12-01T00:00:00Z", Unstated)));
        check("2014/12/01 09:30", Some(("2014-12-01T09:30:00Z", Unstated)));
        check("20141201", Some(("2014-12-01T00:00:00Z", Unstated)));
        check("20141201 09:30", Some(("2014-12-01T09:30:00Z", Unstated)));
        check("2017-07-01 11-PM", Some(("2017-07-01T23:00:00Z", Unstated)));
        check("2017-07-01 12-AM", Some(("2017-07-01T00:00:00Z", Unstated)));
        check("2017-07-01 12-PM", Some(("2017-07-01T12:00:00Z", Unstated)));
        check("2017-07-01 01:30 am", Some(("2017-07-01T01:30:00Z", Unstated)));
        check("2018-01-01 00:00:00+00:00", Some(("2018-01-01T00:00:00Z", Offset(0))));
        check("2018-01-01T00:00:00.000Z", Some(("2018-01-01T00:00:00Z", Offset(0))));
        check("2018-01-01T00:00:00.25+0530", Some(("2017-12-31T18:30:00.250Z", Offset(19_800))));
        check("2018-01-01 00:00:00-05", Some(("2018-01-01T05:00:00Z", Offset(-18_000))));
        check("2018-01-01 00:00:00 UTC", Some(("2018-01-01T00:00:00Z", Offset(0))));
        check("2018-01-01 00:00:00.1234567899", Some(("2018-01-01T00:00:00.123456789Z", Unstated)));
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            "x",
            "2014",
            "2014-13-01",
            "2014-02-30",
            "2014-12-1",
            "01/12/2014",
            "30.02.2014",
            "01.12.14",
            "2014-12-01T",
            "17000101",
            "2014-12-01 24:00",
            "2014-12-01 13-PM",
            "2014-12-01 00-AM",
            "2014-12-01 09:60",
            "2014-12-01 09:30:00 EST",
            "2014-12-01 09:30:00+",
            "2014-12-01 09:30:00+25:00",
            "2014-12-01 09:30:00.",
            "2014-12-01-01",
            "2014-12/01",
            "9999-12-31",
            "1417392000",
            "141739200",
            "2014-12-011",
            "20\u{e9}4-12-01",
            "2014-12-01 09:30:0\u{e9}",
        ] {
            check(text, None);
        }
    }
}
