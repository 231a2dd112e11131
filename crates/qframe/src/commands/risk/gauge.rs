//! What the assessment looks at, read of any book: of the one that is held, and of one in which a position is smaller.
use std::collections::BTreeMap;

use indicatif::ProgressBar;
use qframe_quant::risk::exposure::drawdown_at_risk;

use super::Answer;
use super::book::{Book, Holding};
use super::measure::{self, Method, Settings};
use super::stress::{self, Scenario, Shock, Window};

/// How readings are made.
#[derive(Debug)]
pub(super) struct Gauges<'a> {
    pub(super) settings: &'a Settings,
    /// The methods that have a VaR of the book at the first confidence and horizon.
    pub(super) methods: Vec<Method>,
    pub(super) windows: &'a [Window],
    pub(super) shocks: &'a [Shock],
    /// The share of the daily volume that closing may take.
    pub(super) participation: f64,
    /// Told of every reading: a book is measured many times until a size is found.
    pub(super) bar: ProgressBar,
}

impl Gauges<'_> {
    /// A metric of the whole book, by its name; nothing where it cannot be measured.
    pub(super) fn read(&self, metric: &str, book: &Book) -> Option<f64> {
        if self.bar.elapsed().as_millis() > 1_000 {
            self.bar.tick();
        }
        // Of nothing held nothing is lost, and nothing can be fitted to it.
        if gross(book) == 0.0 {
            return Some(0.0);
        }
        match metric {
            "var" => self.var(book),
            "drawdown" => self.drawdown(book),
            "stress" => self.stress(book).map(|one| one.loss.max(0.0)),
            "leverage" => Some(gross(book)),
            "currency" => foreign(book),
            _ => None,
        }
    }

    /// The largest VaR of all methods at the first confidence and horizon. The seed is that of the first measure, so that
    /// only the book differs.
    fn var(&self, book: &Book) -> Option<f64> {
        let var = |most: f64, method: &Method| Some(measure::first_var(book, self.settings, *method)?.max(most));
        self.methods.iter().try_fold(0.0, var)
    }

    pub(super) fn drawdown(&self, book: &Book) -> Option<f64> {
        let found = drawdown_at_risk(&book.series(), &self.settings.confidences[..1]).ok()?;
        Some(found[0].var.max(0.0))
    }

    /// The worst scenario of a book.
    pub(super) fn stress(&self, book: &Book) -> Option<Scenario> {
        worst(&stress::moves(book, self.windows, self.shocks).ok()?).cloned()
    }

    /// Of the slowest position.
    pub(super) fn days(&self, book: &Book) -> Option<f64> {
        stress::closings(book, self.participation).iter().map(|one| one.days).reduce(f64::max)
    }
}

/// VaR of each method at the first confidence and horizon that were measured. A gain uses nothing of a limit of losses.
pub(super) fn vars(answer: &Answer) -> impl Iterator<Item = (Method, f64)> {
    let first = answer.figures.first().map(|first| (first.horizon, first.confidence));
    let of_first = answer.figures.iter().filter(move |one| Some((one.horizon, one.confidence)) == first);
    of_first.map(|one| (one.method, one.var.max(0.0)))
}

/// The scenario of history and shocks that loses most.
pub(super) fn worst(scenarios: &[Scenario]) -> Option<&Scenario> {
    scenarios.iter().filter(|one| one.kind != "model").max_by(|a, b| a.loss.total_cmp(&b.loss))
}

/// All positions over the book's worth.
pub(super) fn gross(book: &Book) -> f64 {
    book.holdings.iter().map(|holding| holding.weight.abs()).sum()
}

/// The largest position over the book's worth.
pub(super) fn largest(book: &Book) -> Option<f64> {
    book.holdings.iter().map(|holding| holding.weight.abs()).reduce(f64::max)
}

/// The share of the gross that is not in the largest currency; what has no currency may all be in that one.
pub(super) fn foreign(book: &Book) -> Option<f64> {
    let sizes = currencies(book);
    let foreign = sizes.values().sum::<f64>() - sizes.values().copied().reduce(f64::max)?;
    let all = gross(book);
    Some(if all > 0.0 { foreign / all } else { 0.0 })
}

/// What is held and lacks a word that others have: nothing of the whole book is known by the words of the others.
pub(super) fn without<T>(book: &Book, word: impl Fn(&Holding) -> Option<T>) -> Vec<&str> {
    let lacks = |holding: &&Holding| holding.weight != 0.0 && word(holding).is_none();
    let names: Vec<&str> = book.holdings.iter().filter(lacks).map(|holding| &*holding.symbol).collect();
    if book.holdings.iter().any(|holding| word(holding).is_some()) { names } else { Vec::new() }
}

/// The currency of which most is held.
pub(super) fn home(book: &Book) -> Option<String> {
    let largest = currencies(book).into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(largest.0.to_owned())
}

fn currencies(book: &Book) -> BTreeMap<&str, f64> {
    let mut sizes = BTreeMap::new();
    for holding in &book.holdings {
        if let Some(currency) = &holding.currency {
            *sizes.entry(currency.as_str()).or_default() += holding.weight.abs();
        }
    }
    sizes
}
