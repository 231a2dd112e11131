//! LEAN's factor files and map files: dividends and splits as steps of two factors, and the names of a stock over time.
//!
//! A row of a factor file holds the last trading day before something changes, the price factor and the split factor up to
//! that day, and the close of it. With the factors of the next row: `dividend = close * (1 - price factor / next price
//! factor)`, `one share becomes next split factor / split factor` (QuantConnect/Lean, Common/Data/Auxiliary:
//! `CorporateFactorRow.GetDividend`, `GetSplit`). Factors have seven decimals, so the dividend is rounded to as many
//! decimals as they hold for sure, and the split to the simplest fraction that they allow.
use qframe_model::currency::Currency;
use qframe_model::market::{CorporateAction, DatedAction, Dividend};
use qframe_model::number::{Cash, Rate};
use qframe_model::time::{Span, Time};

use super::cells::{Cells, Fault};
use super::stamps::{Stamps, Wall};
use crate::bad_row::RowFault;
use crate::securities::{Listing, Security};

/// The rows of a factor file.
#[derive(Debug, Default)]
pub(super) struct Factors {
    rows: Vec<Factor>,
}

#[derive(Debug, Clone, Copy)]
struct Factor {
    day: Time,
    price: f64,
    split: f64,
    close: f64,
}

/// Half of the last decimal of a factor.
const FACTOR_ERROR: f64 = 0.5e-7;
/// Real splits are ratios of small numbers.
const DENOMINATOR_MAX: i32 = 1_000;

impl Factors {
    pub(super) fn take<C: Cells>(&mut self, cells: &C) -> Result<(), Fault> {
        let number = |at: usize, field: &'static str| {
            let nanos = cells.nanos(at).map_err(|fault| (at, fault.of(field)))?;
            if nanos.value < 0 { Err((at, RowFault::NotPositive(field))) } else { Ok(nanos.value as f64 / 1e9) }
        };
        let day = cells.time(0, &mut Stamps::at(Wall::Utc)).map_err(|fault| (0, fault))?;
        let (price, split) = (number(1, "price factor")?, number(2, "split factor")?);
        if price == 0.0 || split == 0.0 {
            return Err((if price == 0.0 { 1 } else { 2 }, RowFault::NotPositive("factor")));
        }
        self.rows.push(Factor { day, price, split, close: number(3, "close")? });
        Ok(())
    }

    /// Dividends and splits with the line of their row, oldest first.
    pub(super) fn actions(mut self) -> Vec<(DatedAction, u64)> {
        self.rows.sort_by_key(|row| row.day);
        let mut actions = Vec::new();
        for (line, pair) in (1..).zip(self.rows.windows(2)) {
            let (row, next) = (pair[0], pair[1]);
            let time = next_weekday(row.day);
            let dividend = dividend(row, next).map(|each| CorporateAction::Dividend(Dividend::at_once(each)));
            let split = split(row.split, next.split).map(CorporateAction::Split);
            actions.extend(dividend.into_iter().chain(split).map(|action| (DatedAction { time, action }, line)));
        }
        actions
    }
}

/// The day after, or Monday. Where that is a holiday, nothing trades before the next day anyway.
fn next_weekday(day: Time) -> Time {
    // The epoch was a Thursday: Friday is day 1 of 7.
    let days = match day.day().rem_euclid(7) {
        1 => 3,
        2 => 2,
        _ => 1,
    };
    day + Span::from_seconds(days * 86_400)
}

fn dividend(row: Factor, next: Factor) -> Option<Cash> {
    let amount = row.close * (1.0 - row.price / next.price);
    let error = row.close * FACTOR_ERROR * (1.0 / next.price + row.price / (next.price * next.price));
    // The most decimals of which half a unit is more than the error.
    let decimals = (0..=5).rev().find(|decimals| 0.5 * 10f64.powi(-decimals) > error).unwrap_or(0);
    let unit = 10f64.powi(decimals);
    let rounded = Rate::from_f64((amount * unit).round() / unit)?;
    let attos = i128::from(rounded.nanos()).checked_mul(1_000_000_000)?;
    (amount > error).then(|| Cash::from_attos(attos)).filter(|amount| amount.is_positive())
}

fn split(before: f64, after: f64) -> Option<Rate> {
    let ratio = after / before;
    let error = ratio * FACTOR_ERROR * 2.0 * (1.0 / before + 1.0 / after);
    if (ratio - 1.0).abs() <= error {
        return None;
    }
    let simplest = (1..=DENOMINATOR_MAX).find_map(|below| {
        let above = (ratio * f64::from(below)).round();
        ((above / f64::from(below) - ratio).abs() <= error && above > 0.0).then(|| above / f64::from(below))
    });
    Rate::from_f64(simplest.unwrap_or(ratio)).filter(|ratio| ratio.is_positive())
}

/// The rows of a map file: the last day of each ticker; the first row has the first day.
#[derive(Debug, Default)]
pub(super) struct MapFile {
    rows: Vec<(Time, String, String)>,
}

impl MapFile {
    pub(super) fn take<C: Cells>(&mut self, cells: &C) -> Result<(), Fault> {
        let day = cells.time(0, &mut Stamps::at(Wall::Utc)).map_err(|fault| (0, fault))?;
        let ticker = cells.text(1).to_ascii_uppercase();
        if ticker.parse::<Currency>().is_err() {
            return Err((1, RowFault::NotA("ticker", "a name such as AAPL")));
        }
        self.rows.push((day, ticker, cells.text(2).into_owned()));
        Ok(())
    }

    /// `filed` is the name of the file, which that of the factors has too.
    pub(super) fn security(mut self, filed: Option<String>) -> Option<Security> {
        self.rows.sort_by_key(|(day, ..)| *day);
        let far = Time::from_date(2050, 1, 1).unwrap_or(Time::MAX);
        let mut from = self.rows.first()?.0;
        let mut listings: Vec<Listing> = Vec::new();
        for (day, ticker, exchange) in self.rows.into_iter().skip(1) {
            let until = if day >= far { Time::MAX } else { day + Span::DAY };
            if from < until {
                listings.push(Listing { ticker, exchange, from, until });
            }
            from = until;
        }
        Security::new(listings, filed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_factors_are_dividends_and_splits() {
        let day = |text: &str| text.parse::<Time>().unwrap();
        let check = |from: (f64, f64, f64), to: (f64, f64), expected: &[&str]| {
            let row = Factor { day: day("2014-06-06"), price: from.0, split: from.1, close: from.2 };
            let next = Factor { day: day("2014-08-06"), price: to.0, split: to.1, close: 1.0 };
            let found = Factors { rows: vec![row, next] }.actions();
            let found: Vec<String> = found
                .iter()
                .map(|(dated, _)| match dated.action {
                    CorporateAction::Dividend(paid) => format!("{:#} pays {}", dated.time, paid.each),
                    CorporateAction::Split(ratio) => format!("{:#} becomes {ratio}", dated.time),
                })
                .collect();
            assert_eq!(found, expected, "{from:?} {to:?}");
        };
        check((0.9, 0.0357143, 645.57), (0.9, 0.25), &["2014-06-09 becomes 7"]);
        check((0.9, 0.5, 100.0), (0.9, 0.5), &[]);
        check((0.8955, 0.5, 100.0), (0.9, 0.5), &["2014-06-09 pays 0.5"]);
        check((0.8955, 0.25, 100.0), (0.9, 1.0), &["2014-06-09 pays 0.5", "2014-06-09 becomes 4"]);
        check((1.0, 1.0, 12.0), (1.0, 0.1), &["2014-06-09 becomes 0.1"]);
        check((1.0, 0.6666667, 12.0), (1.0, 1.0), &["2014-06-09 becomes 1.5"]);
    }

    #[test]
    fn weekends_are_passed_over() {
        let check = |day: &str, next: &str| {
            assert_eq!(format!("{:#}", next_weekday(day.parse().unwrap())), next, "{day}");
        };
        check("2020-08-28", "2020-08-31");
        check("2014-08-06", "2014-08-07");
        check("2014-08-09", "2014-08-11");
        check("2014-08-10", "2014-08-11");
    }
}
