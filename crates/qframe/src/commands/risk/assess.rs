//! The book against its limits, and what would bring it back.
use qframe_model::assessment::{Metric, Recommendation, RiskAssessment, RiskLevel, RiskType};
use qframe_model::number::Quantity;

use super::Answer;
use super::book::{Book, Holding};
use super::stress::fraction;
use crate::error::Error;

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

/// Everything measured, against its limits.
pub(super) fn assess(book: &Book, answer: &Answer, limits: &Limits) -> RiskAssessment {
    let mut metrics = Vec::new();
    let mut add = |name: &str, value: Option<f64>| {
        let (risk, limit) = limits.of(name);
        metrics.extend(value.and_then(|value| Metric::new(risk, name, value, limit).ok()));
    };
    // A gain uses nothing of a limit of losses.
    let first = answer.figures.first().map(|first| (first.horizon, first.confidence));
    let of_first = answer.figures.iter().filter(|one| Some((one.horizon, one.confidence)) == first);
    let vars: Vec<f64> = of_first.map(|one| one.var.max(0.0)).collect();
    let (least, most) =
        vars.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), var| (least.min(*var), most.max(*var)));
    add("var", (!vars.is_empty()).then_some(most));
    add("drawdown", answer.exposure.as_ref().map(|held| held.drawdown_at_risk.max(0.0)));
    let history = answer.stress.iter().filter(|one| one.kind != "model").map(|one| one.loss);
    add("stress", history.reduce(f64::max).map(|loss| loss.max(0.0)));
    add("leverage", answer.exposure.as_ref().map(|held| held.leverage));
    // One series, or a single asset, is all its owner asked about.
    let largest = answer.exposure.as_ref().and_then(|held| held.by_asset.first()).map(|size| size.gross);
    add("position", largest.filter(|_| book.holdings.len() > 1));
    add("days-to-close", answer.liquidity.iter().map(|one| one.days).reduce(f64::max));
    add("currency", foreign(answer));
    add("disagreement", (vars.len() > 1 && least > 0.0).then(|| most / least - 1.0));
    metrics.extend(limits.others.iter().cloned());
    let metrics_near: Vec<&Metric> = metrics.iter().filter(|metric| metric.level() >= RiskLevel::Critical).collect();
    let recommendations = metrics_near.into_iter().filter_map(|metric| recommend(book, answer, metric)).collect();
    let time = book.times[book.times.len() - 1];
    RiskAssessment { time, metrics, recommendations }
}

/// The share of the gross that is not in the largest currency.
fn foreign(answer: &Answer) -> Option<f64> {
    let sizes = &answer.exposure.as_ref()?.by_currency;
    let all: f64 = sizes.iter().map(|size| size.gross).sum();
    Some(1.0 - sizes.first()?.gross / all).filter(|_| all > 0.0)
}

/// The position whose cut helps most, and how much of it; only of what is beyond its limit.
fn recommend(book: &Book, answer: &Answer, metric: &Metric) -> Option<Recommendation> {
    let (value, limit) = (metric.value().abs(), metric.limit());
    if value <= limit {
        return None;
    }
    let (holding, share) = match metric.name() {
        "position" => {
            let largest = book.holdings.iter().max_by(|a, b| a.weight.abs().total_cmp(&b.weight.abs()))?;
            (largest, 1.0 - limit / value)
        }
        "days-to-close" => {
            let slowest = answer.liquidity.iter().max_by(|a, b| a.days.total_cmp(&b.days))?;
            (book.holdings.iter().find(|holding| holding.symbol == slowest.symbol)?, 1.0 - limit / value)
        }
        "stress" => {
            let worst =
                answer.stress.iter().filter(|one| one.kind != "model").max_by(|a, b| a.loss.total_cmp(&b.loss))?;
            let (symbol, part) = worst.worst.as_ref()?;
            (book.holdings.iter().find(|holding| holding.symbol == *symbol)?, (value - limit) / part)
        }
        "var" => {
            // Each method's own largest part; what is above the limit, over that part: exact while the VaR is a straight line.
            let part = answer.contributions.iter().filter(|part| part.confidence == answer.figures[0].confidence);
            let part = part.max_by(|a, b| a.component_var.total_cmp(&b.component_var))?;
            let holding = book.holdings.iter().find(|holding| holding.symbol == part.symbol)?;
            (holding, (value - limit) / part.component_var.max(f64::MIN_POSITIVE))
        }
        "leverage" | "drawdown" => {
            let largest = book.holdings.iter().max_by(|a, b| a.weight.abs().total_cmp(&b.weight.abs()))?;
            let excess = if metric.name() == "leverage" {
                value - limit
            } else {
                (1.0 - limit / value) * answer.exposure.as_ref()?.gross
            };
            (largest, excess / largest.weight.abs().max(f64::MIN_POSITIVE))
        }
        _ => return None,
    };
    Some(cut(metric, holding, share))
}

fn cut(metric: &Metric, holding: &Holding, share: f64) -> Recommendation {
    let enough = share <= 1.0;
    let share = share.min(1.0);
    let quantity = holding.quantity.and_then(|quantity| Quantity::from_f64(up(quantity.to_f64().abs() * share)));
    Recommendation { metric: metric.name().to_owned(), symbol: holding.symbol.clone(), share, quantity, enough }
}

/// The next number of six digits: a few units more than needed rather than nine decimals of them.
fn up(units: f64) -> f64 {
    let digit = 10_f64.powf(units.max(1e-9).log10().floor() - 5.0);
    (units / digit - 1e-9).ceil() * digit
}
