//! The book against its limits, and what would bring it back.
use qframe_model::assessment::{Metric, RiskAssessment, RiskType};

use super::Answer;
use super::advice::advise;
use super::book::Book;
use super::gauge::{self, Gauges};
use super::stress::{self, fraction, some};
use crate::error::Error;
use crate::run::values::{SHARE_FROM, unsigned};

/// Limits that hold unless others are given: name, what it is of, limit.
pub(super) const LIMITS: [(&str, RiskType, f64); 8] = [
    ("var", RiskType::Market, 0.05),
    ("drawdown", RiskType::Market, 0.25),
    ("stress", RiskType::Market, 0.25),
    ("leverage", RiskType::Market, 2.0),
    ("position", RiskType::Concentration, 0.25),
    ("days-to-close", RiskType::Liquidity, 5.0),
    ("currency", RiskType::Currency, 0.3),
    ("disagreement", RiskType::Model, 1.0),
];

/// Those that are no shares: times the worth of the book, days, times the smallest.
const MULTIPLES: [&str; 3] = ["leverage", "days-to-close", "disagreement"];

/// Limits of the command line, and metrics that somebody else measured.
#[derive(Debug, Default)]
pub(super) struct Limits {
    own: Vec<(String, f64)>,
    others: Vec<Metric>,
}

impl Limits {
    /// `--limit var=3%` and `--metric credit:exchange=20%/50%`.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub(super) fn parse(limits: &[String], metrics: &[String]) -> Result<Self, Error> {
        let mut parsed = Self::default();
        for word in limits {
            let wrong = |why: String| Error::usage("--limit", word, why);
            let (name, limit) =
                word.split_once('=').ok_or_else(|| wrong("expected NAME=VALUE, as var=3%".to_owned()))?;
            let known = LIMITS.map(|(name, ..)| name);
            if !known.contains(&name) {
                return Err(wrong(format!("expected one of {}", known.join(", "))));
            }
            if let Some(why) = unsigned(limit, SHARE_FROM).filter(|_| !MULTIPLES.contains(&name)) {
                return Err(wrong(why));
            }
            let limit = fraction(limit).filter(|limit| *limit > 0.0);
            let limit = limit.ok_or_else(|| wrong("expected a limit above zero, as 3% or 5".to_owned()))?;
            parsed.own.push((name.to_owned(), limit));
        }
        for word in metrics {
            let wrong = |why: String| Error::usage("--metric", word, why);
            let expected = || wrong("expected RISK:NAME=VALUE/LIMIT, as credit:exchange=20%/50%".to_owned());
            let (risk, rest) = word.split_once(':').ok_or_else(expected)?;
            let (name, numbers) = rest.rsplit_once('=').ok_or_else(expected)?;
            let (value, limit) = numbers.split_once('/').ok_or_else(expected)?;
            let risk = risk.parse::<RiskType>().map_err(|error| wrong(error.to_string()))?;
            let (value, limit) = fraction(value).zip(fraction(limit)).ok_or_else(expected)?;
            parsed.others.push(Metric::new(risk, name, value, limit).map_err(|error| wrong(error.to_string()))?);
        }
        Ok(parsed)
    }

    fn of(&self, name: &str) -> (RiskType, f64) {
        let (_, risk, limit) = LIMITS.into_iter().find(|(known, ..)| *known == name).unwrap_or(LIMITS[0]);
        let own = self.own.iter().rev().find(|(known, _)| known == name);
        (risk, own.map_or(limit, |(_, limit)| *limit))
    }
}

/// Beyond a hundred times as much, or where the smallest sees no loss at all, methods have nothing in common.
const DISAGREEMENT_MAX: f64 = 100.0;

/// Everything measured, against its limits, and what to do about what is beyond them; and what was not measured, and why.
pub(super) fn assess(book: &Book, answer: &Answer, limits: &Limits, gauges: &Gauges) -> (RiskAssessment, Vec<String>) {
    let mut metrics = Vec::new();
    let mut add = |name: &str, value: Option<f64>| {
        let (risk, limit) = limits.of(name);
        metrics.extend(value.and_then(|value| Metric::new(risk, name, value, limit).ok()));
    };
    let vars: Vec<f64> = gauge::vars(answer).map(|(_, var)| var).collect();
    add("var", vars.iter().copied().reduce(f64::max));
    add("drawdown", gauges.drawdown(book));
    add("stress", gauge::worst(&answer.stress).map(|one| one.loss.max(0.0)));
    add("leverage", Some(gauge::gross(book)));
    // One series, or a single asset, is all its owner asked about.
    add("position", gauge::largest(book).filter(|_| book.holdings.len() > 1));
    let mut unmeasured = Vec::new();
    // What only some of the positions make is least of all of them, and says nothing until it is beyond the limit.
    let mut of_known = |name: &str, word: &str, value: Option<f64>, unknown: &[&str]| {
        let beyond = value.filter(|value| unknown.is_empty() || *value > limits.of(name).1);
        if let Some(value) = value.filter(|_| !unknown.is_empty()) {
            let names = some(unknown);
            let more = if beyond.is_some() { ", which is beyond its limit" } else { "" };
            unmeasured.push(format!("{name}: no {word} is known of {names}; the others alone make {value:.4}{more}"));
        }
        beyond
    };
    let unknown = gauge::without(book, |holding| stress::closing(holding, gauges.participation));
    add("days-to-close", of_known("days-to-close", "volume", gauges.days(book), &unknown));
    let unknown = gauge::without(book, |holding| holding.currency.clone());
    add("currency", of_known("currency", "currency", gauge::foreign(book), &unknown));
    add("disagreement", disagreement(&vars));
    metrics.extend(limits.others.iter().cloned());
    let own = metrics.len() - limits.others.len();
    let beyond = metrics.iter().enumerate().filter(|(_, metric)| metric.value().abs() > metric.limit());
    let recommendations =
        beyond.flat_map(|(place, metric)| advise(book, answer, gauges, metric, place < own)).collect();
    let time = book.times[book.times.len() - 1];
    (RiskAssessment { time, metrics, recommendations }, unmeasured)
}

/// The largest VaR over the smallest, less one. A VaR of nothing is no ratio: what it would be of is a hundredth of the largest.
fn disagreement(vars: &[f64]) -> Option<f64> {
    let (least, most) = (vars.iter().copied().reduce(f64::min)?, vars.iter().copied().reduce(f64::max)?);
    match vars.len() {
        1 => None,
        _ if most <= 0.0 => Some(0.0),
        _ => Some((most / least.max(most / (1.0 + DISAGREEMENT_MAX))) - 1.0),
    }
}
