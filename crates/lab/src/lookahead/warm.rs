//! Is a warm-up long enough? A strategy that has seen all the rows before an instant, and one that has seen only its
//! warm-up, begin to trade at that instant from the same account: they must decide the same.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::event::{Event, Header};
use qframe_model::fill::Fill;
use qframe_model::number::Price;
use qframe_model::order::{Order, OrderKind, Size};
use qframe_model::time::{Span, Time};
use serde::Serialize;

use super::cut::{Draws, Parted, Run, Whole};
use super::{Build, Difference, LookError};
use crate::dataset::DataSet;
use crate::registry::AnyStrategy;

/// Signals are the same where their sides are and their strengths are not further apart than this; weights of orders too.
/// Prices may be this share apart.
pub const STRENGTH_TOLERANCE: f64 = 1e-6;

/// At so many instants the two begin.
const STARTS: usize = 5;
/// The two are compared over so many bars at least, and over so many times the warm-up.
const BARS_LEAST: usize = 1_000;
const TIMES: usize = 10;

/// What came of the examination of a warm-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WarmUp {
    /// The bars that the strategy says it needs before it can act.
    pub declared: usize,
    /// At how many instants it was begun.
    pub starts: usize,
    /// Decisions that were compared with the declared warm-up.
    pub decisions: usize,
    /// Where it first decided otherwise, with the declared warm-up.
    pub differs: Option<Difference>,
    /// What would be enough.
    pub enough: Enough,
}

/// How many bars are enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Enough {
    /// As many as are declared.
    Declared,
    /// More than are declared: with so many, the declared number doubled so often, it decides the same.
    Bars {
        /// How many.
        bars: usize,
    },
    /// Not even so many, and twice as many are not there: perhaps it counts from the first row, or remembers for ever.
    NotEven {
        /// The most that were tried.
        bars: usize,
    },
    /// It was not looked at.
    NotExamined {
        /// Why.
        reason: String,
    },
}

impl WarmUp {
    pub(super) fn not_examined(declared: usize, reason: &str) -> Self {
        let enough = Enough::NotExamined { reason: reason.to_owned() };
        Self { declared, starts: 0, decisions: 0, differs: None, enough }
    }
}

/// Compares at drawn instants, doubling the warm-up until nothing differs.
pub(super) fn examine(whole: &Whole<'_>, build: &Build<'_>, declared: usize, seed: u64) -> Result<WarmUp, LookError> {
    if whole.backtest.data().iter().any(DataSet::is_of_ticks) {
        return Ok(WarmUp::not_examined(declared, "a book cannot be begun in the middle: give bars"));
    }
    let mut trials = Vec::new();
    let count = whole.instants.len();
    let mut draws = Draws(seed ^ 0x5eed);
    // More bars must be there than are declared, or both would see the same.
    let first = (count / 2).max(declared + 1);
    if first >= count {
        return Ok(WarmUp::not_examined(declared, "the data has no more bars than are declared"));
    }
    for _ in 0..STARTS {
        let point = first + draws.below((count - first) / 2);
        trials.extend(Trial::new(whole, build, declared, point)?);
    }
    if trials.is_empty() {
        return Ok(WarmUp::not_examined(declared, "too few bars for a second start"));
    }
    let mut answer = WarmUp { declared, starts: trials.len(), decisions: 0, differs: None, enough: Enough::Declared };
    answer.decisions = trials.iter().map(|trial| trial.decisions.len()).sum();
    if answer.decisions == 0 {
        return Ok(WarmUp::not_examined(declared, "nothing was decided after the starts"));
    }
    let (mut bars, mut last) = (declared, declared);
    loop {
        let mut differs = None;
        for trial in &trials {
            match trial.with(bars)? {
                None if bars == declared => {
                    let reason = "a series has no more bars before a start than are declared";
                    return Ok(WarmUp::not_examined(declared, reason));
                }
                None => return Ok(WarmUp { enough: Enough::NotEven { bars: last }, ..answer }),
                Some(found) => differs = differs.or(found),
            }
        }
        match differs {
            None if bars == declared => return Ok(answer),
            None => return Ok(WarmUp { enough: Enough::Bars { bars }, ..answer }),
            Some(found) => answer.differs = answer.differs.or(Some(found)),
        }
        (last, bars) = (bars, (bars * 2).max(1));
    }
}

/// One instant at which two begin to trade, and what the one decides that has seen everything before.
struct Trial<'a> {
    whole: &'a Whole<'a>,
    build: &'a Build<'a>,
    from: Time,
    until: Time,
    decisions: Vec<Event>,
}

impl<'a> Trial<'a> {
    fn new(
        whole: &'a Whole<'a>,
        build: &'a Build<'a>,
        declared: usize,
        point: usize,
    ) -> Result<Option<Self>, LookError> {
        let last = whole.instants.len().saturating_sub(1);
        let from = whole.instants[point];
        let until = whole.instants[(point + BARS_LEAST.max(TIMES * declared)).min(last)];
        let trial = Self { whole, build, from, until, decisions: Vec::new() };
        let decisions = trial.decisions(Time::MIN)?;
        Ok(decisions.map(|decisions| Self { decisions, ..trial }))
    }

    /// Where the one that saw `bars` bars before decides otherwise; `None` where there are not more bars than that.
    fn with(&self, bars: usize) -> Result<Option<Option<Difference>>, LookError> {
        let before = |set: &DataSet| {
            let seen = set.known_by(self.from - Span::from_nanos(1)).map_or(0, |head| head.bars().len());
            // With as many as there are it would be the same run.
            seen.checked_sub(bars).filter(|first| *first > 0).map(|first| set.bars()[first].time)
        };
        let starts: Option<Vec<Time>> = self.whole.backtest.data().iter().map(before).collect();
        let Some(start) = starts.and_then(|starts| starts.into_iter().min()) else { return Ok(None) };
        let Some(short) = self.decisions(start)? else { return Ok(None) };
        let count = self.decisions.len().max(short.len());
        let differs = (0..count).find(|place| match (self.decisions.get(*place), short.get(*place)) {
            (Some(one), Some(other)) => !is_same(one, other),
            _ => true,
        });
        Ok(Some(differs.map(|place| {
            let (whole, part) = (self.decisions.get(place).cloned(), short.get(place).cloned());
            Parted { event: place as u64, whole, part }.difference(self.whole.backtest, self.from)
        })))
    }

    /// What a strategy decides that sees the rows from `start` on and begins to trade at `from`; `None` where a series has
    /// no such rows.
    fn decisions(&self, start: Time) -> Result<Option<Vec<Event>>, LookError> {
        let sets = self.whole.backtest.data().iter().map(|set| set.begun_by(self.until)?.between(start, Time::MAX));
        let Some(sets) = sets.collect::<Option<Vec<DataSet>>>() else { return Ok(None) };
        let backtest = self.whole.backtest.on(sets);
        let late = Late { inner: (self.build)(&backtest)?, from: self.from };
        let run = Run::of(backtest.simulate(late, Header::default())?);
        let mut decisions = Vec::new();
        for event in run.journal.iter() {
            let event = event?;
            if is_decision(&event) {
                decisions.push(event);
            }
        }
        Ok(Some(decisions))
    }
}

const fn is_decision(event: &Event) -> bool {
    matches!(
        event,
        Event::Signalled { .. }
            | Event::Submitted(_)
            | Event::Refused { .. }
            | Event::CancelRequested { .. }
            | Event::Scheduled { .. }
    )
}

/// Equal but for the numbers of orders and the last digits of what is computed.
fn is_same(one: &Event, other: &Event) -> bool {
    match (one, other) {
        (
            Event::Signalled { time, instrument, strength },
            Event::Signalled { time: at, instrument: on, strength: other },
        ) => {
            let is_near = (strength - other).abs() <= STRENGTH_TOLERANCE;
            time == at && instrument == on && is_near && strength.signum() == other.signum()
        }
        (Event::Submitted(one), Event::Submitted(other))
        | (Event::Refused { order: one, .. }, Event::Refused { order: other, .. }) => is_same_order(one, other),
        (Event::CancelRequested { time, .. }, Event::CancelRequested { time: other, .. }) => time == other,
        (
            Event::Scheduled { time, instrument, side, .. },
            Event::Scheduled { time: at, instrument: on, side: other, .. },
        ) => time == at && instrument == on && side == other,
        _ => false,
    }
}

fn is_same_order(one: &Order, other: &Order) -> bool {
    let facts = |order: &Order| (order.time, order.instrument, order.side, order.purpose, order.reduce_only);
    let sizes = match (one.size, other.size) {
        (Size::TargetWeight(one), Size::TargetWeight(other)) | (Size::Equity(one), Size::Equity(other)) => {
            (one.to_f64() - other.to_f64()).abs() <= STRENGTH_TOLERANCE
        }
        (one, other) => std::mem::discriminant(&one) == std::mem::discriminant(&other),
    };
    let kinds = std::mem::discriminant(&one.kind) == std::mem::discriminant(&other.kind);
    facts(one) == facts(other) && sizes && kinds && is_near(price(one), price(other))
}

/// The price that the order waits for.
const fn price(order: &Order) -> Option<Price> {
    match order.kind {
        OrderKind::Limit(price)
        | OrderKind::Stop(price)
        | OrderKind::StopLimit { trigger: price, .. }
        | OrderKind::MarketIfTouched(price)
        | OrderKind::LimitIfTouched { trigger: price, .. }
        | OrderKind::Iceberg { limit: price, .. } => Some(price),
        OrderKind::Market | OrderKind::TrailingStop(_) | OrderKind::MarketOnOpen | OrderKind::MarketOnClose => None,
    }
}

fn is_near(one: Option<Price>, other: Option<Price>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one.to_f64() - other.to_f64()).abs() <= STRENGTH_TOLERANCE * one.to_f64().abs(),
        (one, other) => one == other,
    }
}

/// A strategy that sees every row and says nothing before an instant.
struct Late {
    inner: AnyStrategy,
    from: Time,
}

impl Late {
    fn hush(&self, context: &mut Context<'_>) {
        if context.now() < self.from {
            context.take_back();
        }
    }
}

impl Strategy for Late {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        self.inner.on_market(market, context);
        self.hush(context);
    }
    fn lookback(&self) -> usize {
        self.inner.lookback()
    }
    fn warm_up(&self) -> usize {
        // How long it is made to wait is what is examined.
        0
    }
    fn on_start(&mut self, context: &mut Context<'_>) {
        self.inner.on_start(context);
        context.take_back();
    }
    fn on_fill(&mut self, fill: &Fill, context: &mut Context<'_>) {
        self.inner.on_fill(fill, context);
        self.hush(context);
    }
    fn on_timer(&mut self, context: &mut Context<'_>) {
        self.inner.on_timer(context);
        self.hush(context);
    }
    fn on_instant(&mut self, context: &mut Context<'_>) {
        self.inner.on_instant(context);
        self.hush(context);
    }
    fn on_end(&mut self, context: &mut Context<'_>) {
        self.inner.on_end(context);
    }
}
