//! A run that stops early, of a strategy that knows no more than was known by then.
use std::collections::BTreeSet;

use qframe_engine::{Engine, Journal, JournalError, RiskControl, Strategy};
use qframe_model::event::{Event, Header};
use qframe_model::time::Time;

use super::{Build, Difference, Extent, LookError, words};
use crate::backtest::Backtest;
use crate::dataset::DataSet;
use crate::feed::{Feed, Moment};
use crate::outcome::Curve;
use crate::registry::BuildError;

/// What a run wrote, and how much of it by each point of its curve.
pub(super) struct Run {
    pub(super) journal: Journal,
    pub(super) curve: Curve,
}

impl Run {
    pub(super) fn of<S: Strategy>((engine, curve): (Engine<S, RiskControl>, Curve)) -> Self {
        Self { journal: engine.into_results().1, curve }
    }

    /// How many events there were when a point's bars had closed.
    pub(super) fn events_by(&self, point: usize) -> u64 {
        events_by(&self.curve, point)
    }
}

pub(super) fn events_by(curve: &Curve, point: usize) -> u64 {
    let steps = curve.progress();
    let after = steps.partition_point(|(step, _)| *step <= point);
    after.checked_sub(1).map_or(0, |last| steps[last].1)
}

/// The run on all the data.
pub(super) struct Whole<'a> {
    pub(super) backtest: &'a Backtest,
    pub(super) run: Run,
    /// When the bars of each point close.
    pub(super) instants: Vec<Time>,
}

/// The instants at which bars close, as the points of a curve stand for them.
pub(super) fn instants(backtest: &Backtest) -> impl Iterator<Item = Time> + '_ {
    let mut feed = Feed::new(backtest.data());
    std::iter::from_fn(move || {
        loop {
            if let (time, Moment::Closes(_)) = feed.next()? {
                return Some(time);
            }
        }
    })
}

/// Where two runs part: the number of the event, and what each wrote there.
pub(super) struct Parted {
    pub(super) event: u64,
    pub(super) whole: Option<Event>,
    pub(super) part: Option<Event>,
}

/// The first event that is not the same; `of_whole` and `of_part` are how many count. The header, which names the data, is
/// not compared.
pub(super) fn parted(
    (whole, of_whole): (&Journal, u64),
    (part, of_part): (&Journal, u64),
) -> Result<Option<Parted>, JournalError> {
    let (mut one, mut other) = (whole.iter().take(of_whole as usize), part.iter().take(of_part as usize));
    for event in 0..of_whole.max(of_part) {
        let (whole, part) = (one.next().transpose()?, other.next().transpose()?);
        if event > 0 && whole != part {
            return Ok(Some(Parted { event, whole, part }));
        }
    }
    Ok(None)
}

impl Parted {
    /// In words; `known_until` is what the other run knew.
    pub(super) fn difference(&self, backtest: &Backtest, known_until: Time) -> Difference {
        let told = |event: &Option<Event>| {
            event.as_ref().map_or_else(|| "nothing".to_owned(), |event| words::event(event, backtest))
        };
        // Of two, the earlier is the one that the other run did not have.
        let times = [&self.whole, &self.part].into_iter().flatten().filter_map(words::time);
        Difference {
            event: self.event,
            time: times.min().unwrap_or(known_until),
            known_until,
            whole: told(&self.whole),
            part: told(&self.part),
        }
    }
}

impl<'a> Whole<'a> {
    pub(super) fn new(backtest: &'a Backtest, run: Run) -> Self {
        Self { backtest, run, instants: instants(backtest).collect() }
    }

    /// Where another run on all the data parts from this one.
    pub(super) fn repeats(&self, again: &Run) -> Result<Option<Difference>, LookError> {
        let counted = |run: &Run| run.journal.events();
        let found = parted((&self.run.journal, counted(&self.run)), (&again.journal, counted(again)))?;
        let end = self.instants.last().copied().unwrap_or_default();
        Ok(found.map(|found| found.difference(self.backtest, end)))
    }

    /// Where the run up to a point parts from this one, if the strategy is made for what was known by `known`; or why it
    /// was not made.
    pub(super) fn cut(
        &self,
        build: &Build<'_>,
        point: usize,
        known: Time,
    ) -> Result<Result<Option<Parted>, BuildError>, LookError> {
        let data = self.backtest.data().iter().map(|set| set.known_by(known)).collect();
        self.cut_knowing(build, point, data)
    }

    /// As [`Whole::cut`], where the strategy knows this data.
    pub(super) fn cut_knowing(
        &self,
        build: &Build<'_>,
        point: usize,
        known: Option<Vec<DataSet>>,
    ) -> Result<Result<Option<Parted>, BuildError>, LookError> {
        let fed = self.backtest.data().iter().map(|set| set.begun_by(self.instants[point])).collect();
        let (Some(known), Some(fed)) = (known, fed) else { return Ok(Ok(None)) };
        let strategy = match build(&self.backtest.on(known)) {
            Ok(strategy) => strategy,
            Err(error) => return Ok(Err(error)),
        };
        let part = Run::of(self.backtest.on(fed).simulate(strategy, Header::default())?);
        let counted = |run: &Run| run.events_by(point);
        Ok(Ok(parted((&self.run.journal, counted(&self.run)), (&part.journal, counted(&part)))?))
    }
}

/// The points to cut at, ascending.
pub(super) struct Cuts(BTreeSet<usize>);

/// So many of the first decisions are always cut at: who needs the future for all of them is found at the first.
const FIRST: usize = 4;
/// So many times the wanted number is drawn at most.
const TRIES: usize = 8;

impl Cuts {
    /// Draws points: the first decisions, then in turn one at which something was decided and any.
    ///
    /// # Errors
    /// [`LookError::NoCut`].
    pub(super) fn draw(whole: &Whole<'_>, warm_up: usize, extent: Extent) -> Result<Self, LookError> {
        let bars = whole.backtest.data().iter().map(|set| set.bars().len()).min().unwrap_or(0);
        let first = first_point(whole.backtest, warm_up);
        // After the last point nothing comes that could be needed.
        let last = whole.instants.len().saturating_sub(1);
        let Some(first) = first.filter(|first| *first < last) else {
            return Err(LookError::NoCut { bars, warm_up });
        };
        let stirred: Vec<usize> = whole
            .run
            .curve
            .progress()
            .iter()
            .map(|step| step.0)
            .filter(|point| (first..last).contains(point))
            .collect();
        let mut points: BTreeSet<usize> = stirred.iter().copied().take(FIRST.min(extent.cuts.div_ceil(2))).collect();
        let (mut draws, wanted) = (Draws(extent.seed), extent.cuts.clamp(1, last - first));
        // What was drawn before is drawn anew, for a while: where all decisions are taken, others come in turn.
        for turn in 0..TRIES * wanted {
            if points.len() >= wanted {
                break;
            }
            let drawn = stirred.get(draws.below(stirred.len())).filter(|_| turn % 2 == 0);
            points.insert(drawn.copied().unwrap_or_else(|| first + draws.below(last - first)));
        }
        Ok(Self(points))
    }

    pub(super) fn points(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().copied()
    }
}

/// The first point at which every series has more bars than the warm-up.
pub(super) fn first_point(backtest: &Backtest, warm_up: usize) -> Option<usize> {
    let has = |set: &DataSet| (set.bars().len() > warm_up).then(|| set.closes(warm_up));
    let time = backtest.data().iter().map(has).collect::<Option<Vec<Time>>>()?.into_iter().max()?;
    Some(match backtest.data() {
        [_] => warm_up,
        _ => instants(backtest).take_while(|instant| *instant < time).count(),
    })
}

/// When the bars of a point close.
pub(super) fn instant(backtest: &Backtest, point: usize) -> Option<Time> {
    match backtest.data() {
        [set] => (point < set.bars().len()).then(|| set.closes(point)),
        _ => instants(backtest).nth(point),
    }
}

/// Numbers that look random and follow from a seed: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators", OOPSLA 2014).
pub(super) struct Draws(pub(super) u64);

impl Draws {
    /// A number below `count`; 0 where that is 0.
    pub(super) const fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        if count == 0 { 0 } else { (mixed % count as u64) as usize }
    }
}
