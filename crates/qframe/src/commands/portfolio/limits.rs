//! The flags of constraints, and the same words in a TOML file.
use std::path::PathBuf;

use clap::Args;
use qframe_model::number::Rate;
use qframe_quant::portfolio::{Constraints, Group, Objective};
use serde::Deserialize;

use super::weights::{known, share, share_below, weight, weights};
use crate::error::Error;
use crate::run::raw::{Word, words};
use crate::run::small;
use crate::run::values::{FEE_FROM, SHARE_FROM, WEIGHT_FROM};

/// What the weights have to keep to. Each is off until it is given; a flag wins over the file.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Limits {
    /// A TOML file of constraints, with the names of these flags: bounds = ["0:30%", "AAPL=0:10%"].
    #[arg(long, value_name = "FILE", help_heading = "Constraints")]
    #[serde(skip)]
    constraints: Option<PathBuf>,
    /// The least and the largest weight, of all or of SYMBOL [0:1]; below zero it may be sold short
    /// (--bounds=-10%:30%).
    #[arg(long, num_args = 1.., value_name = "[SYMBOL=]LEAST:MOST", help_heading = "Constraints")]
    #[serde(deserialize_with = "words")]
    bounds: Vec<Word>,
    /// Bounds of the sum of some weights: tech=AAPL,MSFT:10%:40%; either bound may be left empty.
    #[arg(long, num_args = 1.., value_name = "NAME=SYMBOLS:LEAST:MOST", help_heading = "Constraints")]
    #[serde(deserialize_with = "words")]
    group: Vec<Word>,
    /// The weights held now: a file symbol,weight, or SYMBOL=WEIGHT.
    #[arg(long, num_args = 1.., value_name = "FILE|SYMBOL=WEIGHT", help_heading = "Constraints")]
    #[serde(deserialize_with = "words")]
    current: Vec<Word>,
    /// The largest share that changes hands: half the sum of all changes of weight.
    #[arg(long, value_name = "SHARE", help_heading = "Constraints")]
    turnover: Option<Word>,
    /// The largest sum of absolute weights, such as 150%.
    #[arg(long, value_name = "SHARE", help_heading = "Constraints")]
    gross: Option<Word>,
    /// Cost of trading, as a share of what is traded: 10bp.
    #[arg(long, value_name = "SHARE", help_heading = "Constraints")]
    cost: Option<Word>,
    /// Cost that grows with the square of each change of weight.
    #[arg(long, value_name = "FACTOR", help_heading = "Constraints")]
    impact: Option<Word>,
    /// The most assets held; which ones is searched for.
    #[arg(long, value_name = "NUMBER", help_heading = "Constraints")]
    max_positions: Option<Word>,
    /// No smaller weight is held: an asset has at least this much, or nothing.
    #[arg(long, value_name = "SHARE", help_heading = "Constraints")]
    min_weight: Option<Word>,
    /// What the weights sum to [1].
    #[arg(long, value_name = "SHARE", help_heading = "Constraints", allow_hyphen_values = true)]
    sum: Option<Word>,
}

impl Limits {
    /// Refuses what changes nothing: trading is counted from what is held, and a rule knows no costs.
    pub(super) fn check_held(&self, objective: Option<&Objective>) -> Result<(), Error> {
        let limits = self.clone().with_file()?;
        let from_nothing = limits.current.is_empty();
        let given = [("--cost", &limits.cost), ("--turnover", &limits.turnover)];
        if let Some((flag, _)) = given.iter().find(|(_, word)| word.is_some() && from_nothing) {
            let why = "it counts from the weights held now: give them with --current, or leave it out";
            return Err(self.placed(Error::usage(flag, "", why)));
        }
        limits.check_costs(objective).and_then(|()| limits.check_current(objective)).map_err(|error| self.placed(error))
    }

    /// What is held now is read where trading is bounded or costs something; a cost of nothing is none. What is no number is told
    /// elsewhere.
    fn check_current(&self, objective: Option<&Objective>) -> Result<(), Error> {
        let is_some = |word: &Option<Word>| word.as_ref().is_some_and(|word| share("", &word.0).ok() != Some(0.0));
        if self.current.is_empty() || self.turnover.is_some() || is_some(&self.cost) || is_some(&self.impact) {
            return Ok(());
        }
        let costs = if objective.is_some_and(Objective::is_rule) { "" } else { ", or --cost or --impact above zero" };
        let why = format!("nothing counts from it: give --turnover{costs}, or leave it out");
        Err(Error::usage("--current", "", why))
    }

    /// Costs move optima; the weights of a rule they leave where they are.
    fn check_costs(&self, objective: Option<&Objective>) -> Result<(), Error> {
        let given = [("--cost", &self.cost), ("--impact", &self.impact)];
        match (given.iter().find(|(_, word)| word.is_some()), objective.filter(|objective| objective.is_rule())) {
            (Some((flag, _)), Some(rule)) => {
                let why = format!(
                    "{} is a rule, which knows no costs; choose another objective, or leave it out",
                    rule.name()
                );
                Err(Error::usage(flag, "", why))
            }
            _ => Ok(()),
        }
    }

    /// The same where what is held is known.
    pub(super) fn check_rule(&self, objective: &Objective) -> Result<(), Error> {
        let limits = self.clone().with_file()?;
        limits
            .check_costs(Some(objective))
            .and_then(|()| limits.check_current(Some(objective)))
            .map_err(|error| self.placed(error))
    }

    /// The first flag that is given, the file among them.
    pub(super) fn given(&self) -> Option<&'static str> {
        let given = [
            ("--constraints", self.constraints.is_some()),
            ("--bounds", !self.bounds.is_empty()),
            ("--group", !self.group.is_empty()),
            ("--current", !self.current.is_empty()),
            ("--turnover", self.turnover.is_some()),
            ("--gross", self.gross.is_some()),
            ("--cost", self.cost.is_some()),
            ("--impact", self.impact.is_some()),
            ("--max-positions", self.max_positions.is_some()),
            ("--min-weight", self.min_weight.is_some()),
            ("--sum", self.sum.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
    }

    /// What is wrong with a word of the file, by its place there.
    fn placed(&self, error: Error) -> Error {
        let (Some(path), Error::Usage { flag, value, why }) = (&self.constraints, &error) else { return error };
        let lists = [("--bounds", &self.bounds), ("--group", &self.group), ("--current", &self.current)];
        let words = [
            ("--turnover", &self.turnover),
            ("--gross", &self.gross),
            ("--cost", &self.cost),
            ("--impact", &self.impact),
            ("--max-positions", &self.max_positions),
            ("--min-weight", &self.min_weight),
            ("--sum", &self.sum),
        ];
        let is_own = lists.iter().any(|(name, list)| name == flag && !list.is_empty())
            || words.iter().any(|(name, word)| name == flag && word.is_some());
        let text = small::text(flag, path).unwrap_or_default();
        let key = flag.trim_start_matches('-');
        let line = text.lines().position(|line| line.split('=').next().is_some_and(|name| name.trim() == key));
        let Some(first) = line.filter(|_| !is_own) else { return error };
        // The value may stand on a line of its own in a list.
        let stands =
            |(place, line): (usize, &str)| Some((place, line.find(value.trim()).filter(|_| !value.is_empty())?));
        let (line, column) = text.lines().enumerate().skip(first).find_map(stands).unwrap_or((first, 0));
        let value = if value.is_empty() { String::new() } else { format!(" {value}") };
        Error::Refused(format!("{}:{}:{}: {key}{value}: {why}", path.display(), line + 1, column + 1))
    }

    /// What they mean for these assets. `held` are the weights held now where no flag says.
    pub(super) fn constraints(&self, names: &[String], held: &[f64]) -> Result<Constraints, Error> {
        let limits = self.clone().with_file()?;
        limits.meant(names, held).map_err(|error| self.placed(error))
    }

    fn meant(&self, names: &[String], held: &[f64]) -> Result<Constraints, Error> {
        let limits = self;
        let mut constraints = Constraints::long_only(names.len());
        // Those of all assets first: one of an asset alone is not undone by them, in whatever order they stand.
        let (of_one, of_all): (Vec<&Word>, Vec<&Word>) = limits.bounds.iter().partition(|word| word.0.contains('='));
        let mut bounded = Vec::new();
        for Word(word) in of_all.into_iter().chain(of_one) {
            bound(word, names, &mut bounded, &mut constraints)?;
        }
        for Word(word) in &limits.group {
            let group = group(word, names)?;
            if constraints.groups.iter().any(|other| other.name == group.name) {
                let why = format!("group {} is named twice; expected each name once", group.name);
                return Err(Error::usage("--group", word, why));
            }
            constraints.groups.push(group);
        }
        let one = |flag, word: &Option<Word>, from| match word {
            Some(Word(word)) => match share_below(flag, word, from)? {
                share if share >= 0.0 => Ok(Some(share)),
                _ => Err(Error::usage(flag, word, "expected zero or more")),
            },
            None => Ok(None),
        };
        constraints.current = match limits.current.as_slice() {
            [] => held.to_vec(),
            words => weights("--current", words, names, 0.0)?,
        };
        constraints.turnover = one("--turnover", &limits.turnover, SHARE_FROM)?;
        constraints.gross = one("--gross", &limits.gross, WEIGHT_FROM)?;
        constraints.linear_cost = one("--cost", &limits.cost, FEE_FROM)?.unwrap_or(0.0);
        // Neither a factor nor what all weights sum to is a share.
        constraints.quadratic_cost = one("--impact", &limits.impact, Rate::MAX)?.unwrap_or(0.0);
        constraints.smallest = one("--min-weight", &limits.min_weight, SHARE_FROM)?;
        constraints.budget = limits.sum.as_ref().map_or(Ok(1.0), |word| share_below("--sum", &word.0, Rate::MAX))?;
        let (sum, most) = (constraints.current.iter().sum::<f64>(), constraints.budget.max(1.0));
        if !limits.current.is_empty() && sum > most + 1e-6 {
            let given: Vec<&str> = limits.current.iter().map(|word| word.0.as_str()).collect();
            let why = format!("a sum of {sum}; expected {most} at most: what is missing there is money");
            return Err(Error::usage("--current", given.join(" "), why));
        }
        constraints.positions = match &limits.max_positions {
            None => None,
            Some(Word(word)) => match word.trim().parse() {
                Ok(count) if count > 0 => Some(count),
                _ => {
                    return Err(Error::usage(
                        "--max-positions",
                        word,
                        "expected a whole number above zero, such as 10",
                    ));
                }
            },
        };
        Ok(constraints)
    }

    /// The files that are read for it.
    pub(super) fn words(&self) -> impl Iterator<Item = (&'static str, &Word)> {
        self.current.iter().map(|word| ("--current", word))
    }

    /// The file of constraints.
    pub(super) fn file(&self) -> Option<&std::path::Path> {
        self.constraints.as_deref()
    }

    fn with_file(self) -> Result<Self, Error> {
        let Some(path) = &self.constraints else { return Ok(self) };
        let text = small::text("--constraints", path)?;
        let file: Self = toml::from_str(&text).map_err(|error| {
            let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
            let line_start = before.rfind('\n').map_or(0, |end| end + 1);
            let (line, column) = (before.matches('\n').count() + 1, before.len() - line_start + 1);
            Error::Refused(format!("{}:{line}:{column}: {}", path.display(), error.message()))
        })?;
        let list = |own: Vec<Word>, other: Vec<Word>| if own.is_empty() { other } else { own };
        Ok(Self {
            bounds: list(self.bounds, file.bounds),
            group: list(self.group, file.group),
            current: list(self.current, file.current),
            turnover: self.turnover.or(file.turnover),
            gross: self.gross.or(file.gross),
            cost: self.cost.or(file.cost),
            impact: self.impact.or(file.impact),
            max_positions: self.max_positions.or(file.max_positions),
            min_weight: self.min_weight.or(file.min_weight),
            sum: self.sum.or(file.sum),
            constraints: None,
        })
    }
}

/// Sets the bounds of one asset, or of all. `bounded` are those that were set before: a second word would undo the first.
fn bound(
    word: &str,
    names: &[String],
    bounded: &mut Vec<Option<usize>>,
    constraints: &mut Constraints,
) -> Result<(), Error> {
    let wrong = |why: String| Error::usage("--bounds", word, why);
    let (symbol, range) = word.split_once('=').map_or((None, word), |(symbol, range)| (Some(symbol.trim()), range));
    let form = || wrong("expected LEAST:MOST, such as 0:30%, or SYMBOL=LEAST:MOST".to_owned());
    let (least, most) = range.rsplit_once(':').ok_or_else(form)?;
    let (least, most) = (weight("--bounds", least)?, weight("--bounds", most)?);
    let place = symbol.map(|symbol| known(symbol, names).map_err(wrong)).transpose()?;
    if bounded.contains(&place) {
        let what = symbol.map_or("the bounds of all assets are", |_| "it is");
        return Err(wrong(format!("{what} named twice; expected one LEAST:MOST")));
    }
    bounded.push(place);
    let places = place.map_or(0..names.len(), |place| place..place + 1);
    constraints.lower[places.clone()].fill(least);
    constraints.upper[places].fill(most);
    Ok(())
}

fn group(word: &str, names: &[String]) -> Result<Group, Error> {
    let wrong = |why: String| Error::usage("--group", word, why);
    let form =
        || wrong("expected NAME=SYMBOLS:LEAST:MOST, such as tech=AAPL,MSFT:10%:40% or tech=AAPL,MSFT::40%".to_owned());
    let (name, rest) = word.split_once('=').ok_or_else(form)?;
    // Symbols of futures have colons of their own: the bounds are behind the last two.
    let (rest, most) = rest.rsplit_once(':').ok_or_else(form)?;
    let (symbols, least) = rest.rsplit_once(':').ok_or_else(form)?;
    let mut members = Vec::new();
    for symbol in symbols.split(',').map(str::trim) {
        let place = known(symbol, names).map_err(wrong)?;
        if members.contains(&place) {
            return Err(wrong(format!("{symbol} stands twice; expected each symbol once")));
        }
        members.push(place);
    }
    let one = |text: &str| (!text.trim().is_empty()).then(|| weight("--group", text)).transpose();
    Ok(Group { name: name.trim().to_owned(), members, least: one(least)?, most: one(most)? })
}
