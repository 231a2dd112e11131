//! What if: the book in worlds that were, and in worlds that are asked for.
use qframe_lab::report::exact_percent;
use qframe_model::time::{Span, Time};
use qframe_quant::covariance::Covariance;
use qframe_quant::risk::stress::{by_factor, days_to_close, reverse, worse};
use qframe_quant::risk::{Confidence, RiskError, normal_contributions};
use serde::Serialize;

use super::book::{Book, Holding, unknown};
use super::measure::Settings;
use crate::error::Error;
use crate::run::values::{SHARE_FROM, unsigned};

/// A scenario and what the book loses in it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) kind: &'static str,
    /// The instant of the price before the first move, where it is a stretch of history.
    pub(super) counted_from: Option<Time>,
    /// A loss, as a fraction of the book and in money.
    pub(super) loss: f64,
    pub(super) loss_money: Option<f64>,
    /// The holding that loses most, and its part of the loss.
    pub(super) worst: Option<(String, f64)>,
}

/// The likeliest way to lose so much.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Reversed {
    pub(super) loss: f64,
    pub(super) deviations: f64,
    pub(super) probability: f64,
    /// Return of each holding in it, -1 at least.
    pub(super) returns: Vec<(String, f64)>,
}

/// How long a position takes to close.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Closing {
    pub(super) symbol: String,
    pub(super) days: f64,
}

/// A time of history, of the command line.
#[derive(Debug, Clone)]
pub(super) struct Window {
    word: String,
    from: Time,
    to: Time,
    /// What is before this is in it: of a date alone the whole day is.
    until: Time,
}

/// A shock of the command line: moves that happen at once.
#[derive(Debug, Clone)]
pub(super) struct Shock {
    word: String,
    moves: Vec<(Target, f64)>,
}

#[derive(Debug, Clone)]
enum Target {
    All,
    Symbol(String),
    Class(String),
    Currency(String),
    Factor(String),
}

/// Observations of the worst stretches that are looked for.
const STRETCHES: [usize; 3] = [1, 5, 20];

impl Shock {
    /// `AAPL=-20%,class:tech=-10%`: a symbol, `class:`, `currency:`, `factor:` or `all`, and a move.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub(super) fn parse(word: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Error::usage("--shock", word, why);
        let one = |part: &str| {
            let (target, change) = part.rsplit_once('=').ok_or_else(|| {
                wrong(
                    "expected moves such as AAPL=-20%, class:tech=-10%, currency:EUR=-5%, factor:SPY=-10% or all=-10%",
                )
            })?;
            let change = fraction(change).ok_or_else(|| wrong("expected a move in percent, as -20%"))?;
            if let Some(why) = unsigned(part.rsplit('=').next().unwrap_or(part), SHARE_FROM) {
                return Err(wrong(&why));
            }
            if change < -1.0 {
                return Err(wrong("a price falls by 100% at most"));
            }
            let target = match target.trim().split_once(':') {
                Some(("class", name)) => Target::Class(name.to_owned()),
                Some(("currency", name)) => Target::Currency(name.to_owned()),
                Some(("factor", name)) => Target::Factor(name.to_owned()),
                _ if target.trim() == "all" => Target::All,
                _ => Target::Symbol(target.trim().to_owned()),
            };
            Ok((target, change))
        };
        Ok(Self { word: word.to_owned(), moves: word.split(',').map(one).collect::<Result<_, _>>()? })
    }

    /// The return of each holding. Where several moves name a holding, the last counts.
    fn returns(&self, book: &Book) -> Result<Vec<f64>, Error> {
        let mut returns = vec![0.0; book.holdings.len()];
        for (target, change) in &self.moves {
            let meant: Box<dyn Fn(&Holding) -> bool> = match target {
                Target::All => Box::new(|_| true),
                Target::Symbol(name) => Box::new(move |holding| holding.symbol == *name),
                Target::Class(name) => Box::new(move |holding| holding.class.as_deref() == Some(name)),
                Target::Currency(name) => Box::new(move |holding| holding.currency.as_deref() == Some(name)),
                Target::Factor(name) => {
                    returns = self.factor(book, name, *change)?;
                    continue;
                }
            };
            let mut hit = false;
            for (own, _) in returns.iter_mut().zip(&book.holdings).filter(|(_, holding)| meant(holding)) {
                (*own, hit) = (*change, true);
            }
            if !hit {
                return Err(Error::usage(
                    "--shock",
                    &self.word,
                    "nothing that is held is meant; name a symbol, or a class or currency of the positions file",
                ));
            }
        }
        Ok(returns)
    }

    /// What a beta took to the end of its price, in words.
    fn stopped(&self, book: &Book, returns: &[f64]) -> String {
        let names: Vec<&str> = book
            .holdings
            .iter()
            .zip(returns)
            .filter(|(_, value)| **value <= -1.0)
            .map(|(one, _)| &*one.symbol)
            .collect();
        let by_factor = self.moves.iter().any(|(target, _)| matches!(target, Target::Factor(_)));
        if !by_factor || names.is_empty() {
            return String::new();
        }
        format!(" (at -100%, the most that a price falls: {})", some(&names))
    }

    fn factor(&self, book: &Book, name: &str, change: f64) -> Result<Vec<f64>, Error> {
        let Some((names, all)) = &book.panel else {
            return Err(Error::usage("--shock", &self.word, "a factor needs --prices that hold it"));
        };
        let place = names.iter().position(|other| other == name);
        let place = place.ok_or_else(|| Error::usage("--shock", &self.word, unknown(name, names)))?;
        by_factor(&book.returns, &all.asset(place), change).map_err(|error| Error::Refused(book.told(error)))
    }
}

/// A few names, and that there are more.
pub(super) fn some(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// `-20%` or `-0.2`.
pub(super) fn fraction(text: &str) -> Option<f64> {
    let text = text.trim();
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    value.is_finite().then_some(value)
}

impl Window {
    /// `FROM..TO`, two dates, which may be the same day.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub(super) fn parse(word: &str) -> Result<Self, Error> {
        let wrong = |why: String| Error::usage("--window", word, why);
        let (from, to) =
            word.split_once("..").ok_or_else(|| wrong("expected FROM..TO, as 2008-09-01..2008-11-28".to_owned()))?;
        let time = |text: &str| text.parse::<Time>().map_err(|error| wrong(error.to_string()));
        let (from, to, end) = (time(from.trim())?, time(to.trim())?, to.trim());
        let until = to + if end.len() == "2008-11-28".len() { Span::DAY } else { Span::from_nanos(1) };
        if from >= until {
            return Err(wrong("expected the first time before the second, or the same day".to_owned()));
        }
        Ok(Self { word: word.to_owned(), from, to, until })
    }
}

/// What [`moves`] gives, and worse correlations and volatilities.
///
/// # Errors
/// Those of [`moves`].
pub(super) fn scenarios(
    book: &Book,
    settings: &Settings,
    windows: &[Window],
    shocks: &[Shock],
) -> Result<Vec<Scenario>, Error> {
    let mut scenarios = moves(book, windows, shocks)?;
    scenarios.extend(worlds(book, settings));
    Ok(scenarios)
}

/// The worst stretches of history, the windows and the shocks that were asked for.
///
/// # Errors
/// [`Error`]: a window without prices, a shock that means nothing.
pub(super) fn moves(book: &Book, windows: &[Window], shocks: &[Shock]) -> Result<Vec<Scenario>, Error> {
    let mut scenarios = Vec::new();
    for length in STRETCHES.into_iter().filter(|length| *length < book.times.len()) {
        let starts = 0..book.times.len() - length;
        let stretch = |start: usize| (start, lost(book, &held(book, start, start + length)));
        let worst = starts.map(stretch).max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((start, _)) = worst {
            let name = format!("worst {length} of history: {}", days(book, start, start + length));
            scenarios.push(between(book, name, "history", (start, start + length)));
        }
    }
    for window in windows {
        scenarios.push(through(book, window)?);
    }
    for shock in shocks {
        let returns = shock.returns(book)?;
        scenarios.push(scenario(
            book,
            format!("shock {}{}", shock.word, shock.stopped(book, &returns)),
            "shock",
            &returns,
        ));
    }
    Ok(scenarios)
}

/// The positions held through a time of history, from the last price before it. What lies beyond the prices is cut off, and that
/// is said.
fn through(book: &Book, window: &Window) -> Result<Scenario, Error> {
    let (first, last) = (book.times[0], book.times[book.times.len() - 1]);
    let before = book.times.iter().rposition(|time| *time < window.from);
    let (start, end) = (before.unwrap_or(0), book.times.iter().rposition(|time| *time < window.until).unwrap_or(0));
    if start >= end {
        let why = format!("no price in it that has one before it; the prices go from {first:#} to {last:#}");
        return Err(Error::usage("--window", &window.word, why));
    }
    let mut name = format!("window {}", days(book, start, end));
    if before.is_none() || window.to > last {
        let Window { from, to, .. } = window;
        name += &format!(" (cut: {from:#} to {to:#} was asked for, the prices go from {first:#} to {last:#})");
    }
    Ok(between(book, name, "window", (start, end)))
}

/// The instants of the moves between two prices, as a window takes them, and of the price that they are counted from.
fn days(book: &Book, start: usize, end: usize) -> String {
    let (base, first, last) = (book.times[start], book.times[start + 1], book.times[end]);
    // A date alone is all of its day: where there are several prices a day, each is told by its instant.
    let is_date = |time: &Time| time.nanos() % Span::DAY.nanos() == 0;
    let told = |time: Time| if book.times.iter().all(is_date) { format!("{time:#}") } else { time.to_string() };
    let all = if first == last { told(first) } else { format!("{} to {}", told(first), told(last)) };
    format!("{all}, counted from {}", told(base))
}

fn between(book: &Book, name: String, kind: &'static str, (start, end): (usize, usize)) -> Scenario {
    Scenario { counted_from: Some(book.times[start]), ..scenario(book, name, kind, &held(book, start, end)) }
}

/// What positions that nobody touches earn between two instants.
fn held(book: &Book, start: usize, end: usize) -> Vec<f64> {
    let assets = book.returns.assets();
    let mut growth = vec![1.0; assets];
    for row in book.returns.as_slice()[start * assets..end * assets].chunks_exact(assets) {
        growth.iter_mut().zip(row).for_each(|(growth, value)| *growth *= 1.0 + value);
    }
    growth.into_iter().map(|growth| growth - 1.0).collect()
}

fn lost(book: &Book, returns: &[f64]) -> f64 {
    -book.holdings.iter().zip(returns).map(|(holding, value)| holding.weight * value).sum::<f64>()
}

fn scenario(book: &Book, name: String, kind: &'static str, returns: &[f64]) -> Scenario {
    let loss = lost(book, returns);
    let parts = book.holdings.iter().zip(returns).map(|(holding, value)| (&holding.symbol, -holding.weight * value));
    let worst = parts.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, part)| *part > 0.0);
    let worst = worst.map(|(symbol, part)| (symbol.clone(), part));
    Scenario { name, kind, counted_from: None, loss, loss_money: book.base.map(|base| base * loss), worst }
}

/// Normal VaR of the first confidence and horizon, in worse worlds. Nothing where there is no covariance.
fn worlds(book: &Book, settings: &Settings) -> Vec<Scenario> {
    let Ok(covariance) = settings.estimator.estimate(&book.returns) else { return Vec::new() };
    let (weights, means) = (book.weights(), book.returns.means());
    let (at, horizon): (Confidence, usize) = (settings.confidences[0], settings.horizons[0]);
    // Correlations of one let shorts hedge longs; against the book, every position loses together. A short is then held as long
    // of what moves the other way, whose mean is that of the price with the other sign: a price that rises costs it.
    let against: Vec<f64> = weights.iter().map(|weight| weight.abs()).collect();
    let turned: Vec<f64> = means.iter().zip(&weights).map(|(mean, weight)| mean * weight.signum()).collect();
    let mut cases = vec![
        ("correlations of one", 1.0, 1.0, (&weights, &means)),
        ("volatilities doubled", 0.0, 2.0, (&weights, &means)),
        ("both", 1.0, 2.0, (&weights, &means)),
    ];
    if against != weights {
        cases.push(("every position against the book", 1.0, 1.0, (&against, &turned)));
    }
    let measured = cases.into_iter().filter_map(|(name, share, factor, (weights, means))| {
        let covariance = worse(&covariance, share, factor).ok()?;
        let parts = normal_contributions(&covariance.covariances(weights), means, weights, at, horizon);
        let loss = parts.iter().map(|part| part.var).sum::<f64>();
        let most = book.holdings.iter().zip(&parts).max_by(|a, b| a.1.var.total_cmp(&b.1.var));
        let worst = most.map(|(holding, part)| (holding.symbol.clone(), part.var));
        let name = format!("normal VaR {}, {name}", exact_percent(at.value()));
        Some(Scenario {
            name,
            kind: "model",
            counted_from: None,
            loss,
            loss_money: book.base.map(|base| base * loss),
            worst,
        })
    });
    measured.collect()
}

/// So many standard deviations are none that could come about: what moves so little moves by rounding.
const DEVIATIONS_MAX: f64 = 1e6;

/// The likeliest way to lose the fraction `loss` in one observation.
///
/// # Errors
/// A sentence on why there is none.
pub(super) fn reversed(book: &Book, settings: &Settings, loss: f64) -> Result<Reversed, String> {
    let lost = exact_percent(loss);
    let covariance: Covariance = settings
        .estimator
        .estimate(&book.returns)
        .map_err(|error| format!("no likeliest way to lose {lost}: {}", book.told(error.into())))?;
    let found = match reverse(&covariance, &book.weights(), loss) {
        Ok(found) if found.deviations < DEVIATIONS_MAX => found,
        Err(RiskError::OutOfReach { most, .. }) => {
            let most = most.map(|most| format!(", and with all of them there the book loses {:.2}%", 100.0 * most));
            return Err(format!("no way to lose {lost}: prices fall by 100% at most{}", most.unwrap_or_default()));
        }
        _ => {
            let why = "the book hardly moves, and no multiple of its usual move loses that much";
            return Err(format!("no way to lose {lost}: {why}"));
        }
    };
    let returns = book.names().into_iter().zip(found.returns).collect();
    Ok(Reversed { loss, deviations: found.deviations, probability: found.probability, returns })
}

/// Days to close every position whose volume is known, with `share` of the volume.
pub(super) fn closings(book: &Book, share: f64) -> Vec<Closing> {
    book.holdings.iter().filter_map(|holding| closing(holding, share)).collect()
}

/// The same of one position.
pub(super) fn closing(holding: &Holding, share: f64) -> Option<Closing> {
    let days = days_to_close(holding.quantity?.to_f64(), holding.volume?, share).ok()?;
    Some(Closing { symbol: holding.symbol.clone(), days })
}
