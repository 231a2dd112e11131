//! A look so short that every backtest can afford it.
use qframe_engine::Keep;
use qframe_model::count::counted;
use qframe_model::event::Header;
use qframe_model::time::Time;
use serde::Serialize;

use super::cut::{Parted, Run, events_by, first_point, instant, parted};
use super::{Build, Difference, LookError};
use crate::backtest::Backtest;
use crate::outcome::Outcome;

/// What a quick look found: it cuts at two instants at most, and early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "found", rename_all = "kebab-case")]
pub enum Quick {
    /// No cut changed anything before it.
    Nothing {
        /// How many cuts.
        cuts: usize,
        /// Events that were compared, from the first on.
        events: u64,
        /// The last cut.
        until: Time,
    },
    /// A cut changed what was before it.
    LookAhead {
        /// The first that changed.
        decision: Difference,
    },
    /// Nothing was compared.
    NotChecked {
        /// Why.
        reason: String,
    },
}

/// Where nobody waits for so many more points, a short run may be looked at longer.
const POINTS_FREE: usize = 2_500;
/// One cut may be as far in as this share of the points, two half as far: a fifth of the run's time in all.
const SHARE: usize = 5;

impl Quick {
    /// A sentence for a report.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Nothing { cuts, events, until } => format!(
                "Look-ahead: none in a quick check ({}, {}, until {until:#}); qframe lookahead looks \
                 at all the data.",
                counted(*cuts, "cut"),
                counted(*events, "event")
            ),
            Self::LookAhead { decision } => format!(
                "Look-ahead: with the data cut at {:#} the strategy decides otherwise at {:#}: {}, where all the data gave \
                 {}. Do not trust the result; qframe lookahead names the row it needed.",
                decision.known_until, decision.time, decision.part, decision.whole
            ),
            Self::NotChecked { reason } => format!("Look-ahead: not checked ({reason})."),
        }
    }

    /// True where a result is not to be believed.
    #[must_use]
    pub const fn is_found(&self) -> bool {
        matches!(self, Self::LookAhead { .. })
    }

    /// Nothing was compared, for this reason.
    #[must_use]
    pub fn not_checked(reason: &str) -> Self {
        Self::NotChecked { reason: reason.to_owned() }
    }
}

/// Cuts the data of a run that is done at one or two of its first decisions, and compares what came before. It takes at
/// most a fifth of the time that the run took, or the time of a few thousand bars.
#[must_use]
pub fn quick(backtest: &Backtest, outcome: &Outcome, build: &Build<'_>) -> Quick {
    if backtest.setup().keep != Keep::All {
        return Quick::not_checked("the run kept no journal");
    }
    let points = chosen(backtest, outcome);
    let mut seen = (0, 0, Time::EPOCH);
    for point in points {
        let Some(known) = instant(backtest, point) else { continue };
        match compare(backtest, outcome, build, point, known) {
            Ok(None) => seen = (seen.0 + 1, events_by(&outcome.curve, point), known),
            Ok(Some(found)) => return Quick::LookAhead { decision: found.difference(backtest, known) },
            Err(error) => return Quick::not_checked(&error.to_string()),
        }
    }
    let (cuts, events, until) = seen;
    if cuts == 0 {
        Quick::not_checked("nothing was decided early enough")
    } else {
        Quick::Nothing { cuts, events, until }
    }
}

/// The first decision and the last one that is near enough; or the first alone, twice as far in.
fn chosen(backtest: &Backtest, outcome: &Outcome) -> Vec<usize> {
    let count = outcome.curve.len();
    let limit = |share: usize| (count / share).max(POINTS_FREE).min(count.saturating_sub(1));
    let Some(first) = first_point(backtest, outcome.warm_up) else { return Vec::new() };
    let steps = outcome.curve.progress().iter().map(|step| step.0);
    let mut decided = steps.skip_while(|point| *point < first).take_while(|point| *point < limit(SHARE));
    let Some(one) = decided.next() else { return Vec::new() };
    let other = decided.take_while(|point| *point < limit(2 * SHARE)).last();
    std::iter::once(one).chain(other).collect()
}

fn compare(
    backtest: &Backtest,
    outcome: &Outcome,
    build: &Build<'_>,
    point: usize,
    known: Time,
) -> Result<Option<Parted>, LookError> {
    let part = |fed: bool| {
        let sets = backtest.data().iter();
        sets.map(|set| if fed { set.begun_by(known) } else { set.known_by(known) }).collect::<Option<Vec<_>>>()
    };
    let (Some(knows), Some(fed)) = (part(false), part(true)) else { return Ok(None) };
    let strategy = build(&backtest.on(knows))?;
    let run = Run::of(backtest.on(fed).simulate(strategy, Header::default())?);
    Ok(parted((&outcome.journal, events_by(&outcome.curve, point)), (&run.journal, run.events_by(point)))?)
}
