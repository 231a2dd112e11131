//! Does a strategy decide on what it could know? The data is cut at an instant, the strategy is made anew for what was
//! known by then, and every event up to the cut must be what it was with all the data.
//!
//! What the engine is fed cannot be looked ahead in; what a strategy was made with can. A strategy that reads files, a
//! network, a clock or other memory of the process by itself keeps what it read there, whatever is cut here: that is not
//! seen, unless it makes two runs on equal data differ.
mod bisect;
mod cut;
mod quick;
mod warm;
mod words;

use std::fmt;

use qframe_engine::JournalError;
use qframe_model::count::counted;
use qframe_model::event::Header;
use qframe_model::time::{Time, TimeFrame};
use serde::Serialize;

use crate::backtest::{Backtest, RunError};
use crate::registry::{AnyStrategy, BuildError};
use cut::{Cuts, Run, Whole};

pub use quick::{Quick, quick};
pub use warm::{Enough, STRENGTH_TOLERANCE, WarmUp};

/// Makes the strategy for the data that it may know.
pub type Build<'a> = dyn Fn(&Backtest) -> Result<AnyStrategy, BuildError> + 'a;

/// What is examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// How many instants the data is cut at, one at least.
    pub cuts: usize,
    /// Which instants are drawn.
    pub seed: u64,
}

impl Default for Extent {
    fn default() -> Self {
        Self { cuts: 20, seed: 0 }
    }
}

/// What came of an examination.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Examined {
    /// Instants at which the data was cut.
    pub cuts: usize,
    /// Cuts for which the strategy could not be made, with the first reason.
    pub skipped: Option<(usize, String)>,
    /// The first and the last cut.
    pub span: Option<(Time, Time)>,
    /// Events of the whole run that were compared, from its first on.
    pub events: u64,
    /// The first decision that changed, where one did.
    pub verdict: Verdict,
    /// Whether the strategy's warm-up is long enough.
    pub warm_up: WarmUp,
}

/// Whether the future was needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "found", rename_all = "kebab-case")]
pub enum Verdict {
    /// No cut changed anything before it.
    Nothing,
    /// A decision needed rows that came later.
    LookAhead {
        /// The first that changed.
        decision: Difference,
        /// The rows without which it is another, in the order of the series; one, unless several are needed that became
        /// known together.
        needed: Vec<NeededRow>,
    },
    /// Two runs on all the data differ: the strategy draws, reads a clock, or remembers the run before.
    NotRepeatable {
        /// The first that changed.
        decision: Difference,
    },
}

/// Where two runs part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The number of the event in the journal, from 0.
    pub event: u64,
    /// When it was decided.
    pub time: Time,
    /// The last instant that the other run knew.
    pub known_until: Time,
    /// What was decided with all the data.
    pub whole: String,
    /// What was decided without what came later.
    pub part: String,
}

/// A row that a decision needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NeededRow {
    /// Of which symbol.
    pub symbol: String,
    /// The length of its bars.
    pub timeframe: TimeFrame,
    /// Its number among the bars of the run, from 1; a tick is named by the bar that it is in.
    pub row: usize,
    /// When the bar opened.
    pub time: Time,
    /// When it was known.
    pub known: Time,
    /// How many bars of its series later than the last one that was known at the decision.
    pub ahead: usize,
}

/// Why nothing could be examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookError {
    /// The strategy was not made for all the data.
    Build(BuildError),
    /// The run on all the data.
    Run(RunError),
    /// A journal does not read.
    Journal(JournalError),
    /// There is no instant at which the strategy has all that it needs and rows are still to come.
    NoCut {
        /// Bars of the shortest series.
        bars: usize,
        /// Bars that the strategy needs before it can act.
        warm_up: usize,
    },
}

impl fmt::Display for LookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(error) => error.fmt(f),
            Self::Run(error) => error.fmt(f),
            Self::Journal(error) => error.fmt(f),
            Self::NoCut { bars, warm_up } => write!(
                f,
                "{} cannot be cut: the strategy needs {warm_up} before it can act, and one must come after; use \
                 more data or shorter parameters",
                counted(*bars, "bar")
            ),
        }
    }
}

impl std::error::Error for LookError {}

impl From<BuildError> for LookError {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

impl From<RunError> for LookError {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

impl From<JournalError> for LookError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// Cuts the data at drawn instants, half of them at instants at which the strategy decided something, and compares every
/// event up to each cut with the run on all the data; then looks for a warm-up that is too short. Equal data, strategy and
/// extent give an equal answer. `told` is given the steps that are done and how many there are.
///
/// It takes about as long as half a run for each cut, and holds the journal of one run and the instants of its bars.
///
/// # Errors
/// [`LookError`] where the run on all the data cannot be made, or is too short to be cut.
pub fn examine(
    backtest: &Backtest,
    build: &Build<'_>,
    extent: Extent,
    told: &mut dyn FnMut(usize, usize),
) -> Result<Examined, LookError> {
    let strategy = build(backtest)?;
    let warm_up = strategy.warm_up();
    // The sizing looks back as well.
    let declared = strategy.startup().max(backtest.setup().sizing.lookback());
    let whole = Whole::new(backtest, Run::of(backtest.simulate(strategy, Header::default())?));
    let steps = extent.cuts + 2;
    told(1, steps);
    let again = Run::of(backtest.simulate(build(backtest)?, Header::default())?);
    let mut examined = Examined {
        cuts: 0,
        skipped: None,
        span: None,
        events: 0,
        verdict: Verdict::Nothing,
        warm_up: WarmUp::not_examined(declared, "the run does not repeat itself"),
    };
    if let Some(decision) = whole.repeats(&again)? {
        examined.verdict = Verdict::NotRepeatable { decision };
        return Ok(examined);
    }
    drop(again);
    for (step, point) in Cuts::draw(&whole, warm_up, extent)?.points().enumerate() {
        told(step + 2, steps);
        let time = whole.instants[point];
        match whole.cut(build, point, time)? {
            Err(reason) => examined.skip(&reason),
            Ok(found) => {
                examined.cuts += 1;
                examined.span = Some((examined.span.map_or(time, |span| span.0), time));
                examined.events = whole.run.events_by(point);
                if let Some(found) = found {
                    examined.verdict = bisect::verdict(&whole, build, point, &found)?;
                    break;
                }
            }
        }
    }
    examined.warm_up = warm::examine(&whole, build, declared, extent.seed)?;
    told(steps, steps);
    Ok(examined)
}

impl Examined {
    fn skip(&mut self, reason: &BuildError) {
        let (count, _) = self.skipped.get_or_insert_with(|| (0, reason.to_string()));
        *count += 1;
    }
}
