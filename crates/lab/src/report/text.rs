//! Numbers, money, times and durations as people read them. Nothing here is read back by a program.
use std::fmt::Display;

use qframe_model::currency::Currency;
use qframe_model::number::{Cash, Price};
use qframe_model::time::{Span, Time};
use qframe_quant::performance::Value;

/// Stands for a figure that is not defined.
pub(super) const UNDEFINED: &str = "-";

/// A decimal text with its thousands separated by commas: `-1234567.50` becomes `-1,234,567.50`.
pub(super) fn grouped(number: &str) -> String {
    let (sign, unsigned) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = unsigned.split_at(unsigned.find('.').unwrap_or(unsigned.len()));
    let mut text = String::with_capacity(number.len() + whole.len() / 3);
    text.push_str(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

/// The decimals that amounts of a currency are shown with.
pub(super) fn decimals(currency: Currency) -> usize {
    if matches!(currency.as_str(), "BTC" | "ETH" | "BNB" | "SOL") { 8 } else { 2 }
}

/// What stands before an amount of a currency, and what behind it. A sign that is not ASCII is spelt out.
pub(super) fn marks(currency: Currency) -> (&'static str, String) {
    match currency.as_str() {
        "USD" => ("$", String::new()),
        other => ("", format!(" {other}")),
    }
}

/// An amount without its currency, as a row of statistics under a name that says the unit.
pub(super) fn amount(amount: Cash, currency: Currency) -> String {
    let decimals = decimals(currency);
    let text = grouped(&format!("{amount:.decimals$}"));
    if is_zero(&text) { text.trim_start_matches('-').to_owned() } else { text }
}

/// An amount of a currency: `-$1,234.50`, `1,234.50 EUR`.
pub(super) fn money(amount: Cash, currency: Currency) -> String {
    let ((before, behind), decimals) = (marks(currency), decimals(currency));
    let digits = grouped(&format!("{:.decimals$}", amount.abs()));
    let sign = if amount.is_negative() && !is_zero(&digits) { "-" } else { "" };
    format!("{sign}{before}{digits}{behind}")
}

/// From here on a number is shown with a power of ten: a day's gain over a year of minutes has 200 digits.
const LARGE: f64 = 1e15;

/// A share in per cent with as few digits as mean just that share: 0.95 is `95%`, 0.999999999 is `99.9999999%`.
#[must_use]
pub fn exact_percent(share: f64) -> String {
    let percent = share * 100.0;
    let texts = (0..=17_usize).map(|decimals| format!("{percent:.decimals$}"));
    let means_it = |text: &String| text.parse::<f64>().is_ok_and(|percent| percent / 100.0 == share);
    texts.into_iter().find(means_it).unwrap_or_else(|| percent.to_string()) + "%"
}

/// A number with so many decimals; undefined where it is none. Zero has no sign.
pub(super) fn number(value: Option<f64>, decimals: usize) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else { return UNDEFINED.to_owned() };
    if value.abs() >= LARGE {
        return format!("{value:.decimals$e}");
    }
    let text = grouped(&format!("{value:.decimals$}"));
    if is_zero(&text) { text.trim_start_matches('-').to_owned() } else { text }
}

/// At most two decimals, and none of a whole number: `252`, `26.07`.
pub(super) fn short(value: f64) -> String {
    format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn is_zero(number: &str) -> bool {
    !number.bytes().any(|byte| byte.is_ascii_digit() && byte != b'0')
}

/// A percentage with its sign: `12.34%`.
pub(super) fn percent(value: Option<f64>) -> String {
    let text = number(value, 2);
    if text == UNDEFINED { text } else { text + "%" }
}

/// `1 daily return`, `2,147 daily returns`.
pub(super) fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// How many, with thousands separated.
pub(super) fn count(value: impl Display) -> String {
    grouped(&value.to_string())
}

/// Days and the time of day: `1781 days`, `1 day 02:30:00`, `00:05:00`, `00:00:00.25`.
pub(super) fn duration(nanos: i64) -> String {
    let (sign, nanos) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
    let day = Span::DAY.nanos().unsigned_abs();
    let (days, rest) = (nanos / day, nanos % day);
    let seconds = rest / 1_000_000_000;
    let fraction = match rest % 1_000_000_000 {
        0 => String::new(),
        below => format!(".{}", format!("{below:09}").trim_end_matches('0')),
    };
    let clock = format!("{:02}:{:02}:{:02}{fraction}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let unit = if days == 1 { "day" } else { "days" };
    match (days, rest) {
        (0, _) => format!("{sign}{clock}"),
        (_, 0) => format!("{sign}{days} {unit}"),
        _ => format!("{sign}{days} {unit} {clock}"),
    }
}

/// A figure of the summary under its name, which says the unit.
pub(super) fn statistic(name: &str, value: Option<Value>) -> String {
    match value {
        None => UNDEFINED.to_owned(),
        Some(Value::Time(nanos)) => format!("{:#}", Time::from_nanos(nanos)),
        Some(Value::Duration(nanos)) => duration(nanos),
        Some(Value::Count(value)) => count(value),
        Some(Value::Number(value)) => number(Some(value), if name.ends_with(']') { 2 } else { 4 }),
    }
}

/// The decimals that prices about as large as this one are shown with.
pub(super) fn price_decimals(price: Price) -> usize {
    match price.to_f64().abs() {
        high if high >= 1_000.0 => 2,
        middle if middle >= 1.0 => 4,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_reads_as_money() {
        let check = |amount: &str, currency: &str, expected: &str| {
            assert_eq!(money(amount.parse().unwrap(), currency.parse().unwrap()), expected);
        };
        check("10000", "USD", "$10,000.00");
        check("-1234567.005", "USD", "-$1,234,567.00");
        check("-0.001", "USD", "$0.00");
        check("999.999", "EUR", "1,000.00 EUR");
        check("0.5", "BTC", "0.50000000 BTC");
    }

    #[test]
    fn numbers_have_no_signed_zero_and_no_nan() {
        let rows = [
            (Some(-0.001), "0.00"),
            (Some(-1234.5), "-1,234.50"),
            (Some(f64::NAN), "-"),
            (None, "-"),
            (Some(-1.234e228), "-1.23e228"),
        ];
        for (value, text) in rows {
            assert_eq!(number(value, 2), text, "{value:?}");
        }
    }

    /// 99.9999999 % once read as 100 %.
    #[test]
    fn a_share_keeps_the_digits_that_it_was_given_with() {
        for percent in ["95", "99", "97.5", "99.9", "99.9999999", "50.000001", "0"] {
            let share = percent.parse::<f64>().unwrap() / 100.0;
            assert_eq!(exact_percent(share), format!("{percent}%"));
        }
        assert!(exact_percent(f64::NAN).contains("NaN"));
    }

    #[test]
    fn durations_read_as_days_and_a_clock() {
        let second = 1_000_000_000;
        let rows = [
            (1781 * 86_400 * second, "1781 days"),
            (86_400 * second, "1 day"),
            (95_400 * second, "1 day 02:30:00"),
            (300 * second, "00:05:00"),
            (-second / 4, "-00:00:00.25"),
        ];
        for (nanos, text) in rows {
            assert_eq!(duration(nanos), text);
        }
    }
}
