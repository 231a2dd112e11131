//! Circuit breakers: what trips them, what trading may do then, and what re-arms them.
use std::fmt;

use qframe_model::account::Account;
use qframe_model::breaker::{Cause, Rearm, TradingState, Trip};
use qframe_model::event::{Event, Report};
use qframe_model::number::{Cash, Rate};
use qframe_model::order::Order;
use qframe_model::refusal::Refusal;
use qframe_model::time::{Span, Time};

use super::Sight;
use super::measure::{Frames, Measure, Reading};
use crate::input::Command;

/// A circuit breaker as a user sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// When it trips.
    pub trigger: Trigger,
    /// What trading may do then.
    pub then: TradingState,
    /// How long it stays at least; `None`: until a person re-arms it.
    pub cool_down: Option<Span>,
}

/// When a breaker trips: where its reading is at the threshold or beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The equity is so far below its highest.
    Drawdown(Rate),
    /// The equity fell so far within a time.
    Loss {
        /// As a share of where it fell from.
        share: Rate,
        /// The window, in 64 slices: the oldest counts whole.
        within: Span,
    },
    /// The volatility of a symbol: root mean square of the log returns of its bars.
    Volatility(Usually),
    /// The spread of a symbol's book on ticks, over its middle.
    Spread(Usually),
    /// The volume of a symbol's bars, at the threshold or below.
    Volume(Usually),
    /// The mean of Pearson's correlations of the log returns of all pairs of symbols that are held.
    Correlation {
        /// From -1 to 1.
        least: Rate,
        /// Over so many bars.
        bars: u32,
    },
    /// The mean of how much worse than its named price, or else the mark, each taker filled.
    Slippage {
        /// As a share of the price.
        share: Rate,
        /// Over so many fills.
        fills: u32,
    },
    /// The share of orders that the venue rejected.
    Rejects {
        /// Of those that ended.
        share: Rate,
        /// Over so many of them.
        orders: u32,
    },
    /// No row of a symbol for so long, by the rows of the others or its own next one.
    Stale(Span),
    /// So many bars of a symbol missing in a row.
    Gap(u32),
    /// The close of a bar, or the price of a tick, so far from the one before.
    Jump(Rate),
    /// An instant.
    At(Time),
}

/// The mean of the last rows against that of the rows before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usually {
    /// So many times as much.
    pub times: Rate,
    /// The last rows, one at least.
    pub last: u32,
    /// The rows before those, one at least.
    pub before: u32,
}

/// A breaker, and its trip where it has tripped.
#[derive(Debug, Clone)]
pub struct Watched {
    /// As it was set.
    pub breaker: Breaker,
    /// `None` while it is armed.
    pub trip: Option<Trip>,
    measure: Measure,
    /// True where it was to flatten, and all is flat.
    over: bool,
}

/// All breakers of a run, and the state that they leave trading in.
#[derive(Debug, Clone)]
pub(super) struct Breakers {
    all: Vec<Watched>,
    /// What a person asked for, and whether all is flat.
    hand: Option<(Trip, bool)>,
    state: TradingState,
    frames: Frames,
}

impl Breakers {
    pub(super) fn new(breakers: &[Breaker]) -> Self {
        let watched = |breaker: &Breaker| {
            let measure = Measure::of(breaker.trigger);
            Watched { breaker: *breaker, trip: None, measure, over: false }
        };
        let all = breakers.iter().map(watched).collect();
        Self { all, hand: None, state: TradingState::Normal, frames: Frames::default() }
    }

    pub(super) fn all(&self) -> &[Watched] {
        &self.all
    }

    pub(super) const fn state(&self) -> TradingState {
        self.state
    }

    /// Why an order that opens does not pass: the strictest trip, the earliest of those.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        if self.state == TradingState::Normal {
            return None;
        }
        let (trip, _) = self.trips().find(|(trip, over)| state_of(trip, *over) == self.state)?;
        let Trip { cause, value, threshold, time: since, .. } = *trip;
        Some(Refusal::Tripped { state: self.state, cause, value, threshold, since })
    }

    pub(super) fn observe(&mut self, sight: &Sight<'_>, events: &mut Vec<Event>) {
        if self.all.is_empty() {
            return;
        }
        let sight = Sight { row: self.frames.pick(sight.row), ..*sight };
        for (place, watched) in self.all.iter_mut().enumerate() {
            let reading = watched.measure.see(&sight);
            watched.judge(place as u16, reading, sight.now, events);
        }
        self.settle(sight.now, events);
    }

    pub(super) fn hear(&mut self, report: &Report, asked: Option<&Order>, account: &Account) {
        self.all.iter_mut().for_each(|watched| watched.measure.hear(report, asked, account));
    }

    pub(super) fn pay(&mut self, now: Time, amount: Cash) {
        self.all.iter_mut().for_each(|watched| watched.measure.pay(now, amount));
    }

    pub(super) fn obey(&mut self, command: Command, sight: &Sight<'_>, events: &mut Vec<Event>) {
        let time = sight.now;
        match command {
            Command::Trip(TradingState::Normal) | Command::Rearm => {
                for (place, watched) in self.all.iter_mut().enumerate() {
                    watched.rearm(place as u16, time, true, events);
                }
                if self.hand.take().is_some() {
                    events.push(Event::Rearmed { breaker: None, cause: Cause::Hand, time, by_hand: true });
                }
            }
            Command::Trip(then) => {
                let (value, threshold, rearms) = (Rate::ZERO, Rate::ZERO, Rearm::ByHand);
                let (breaker, instrument) = (None, None);
                let trip = Trip { breaker, cause: Cause::Hand, time, instrument, value, threshold, then, rearms };
                self.hand = Some((trip, false));
                events.push(Event::Tripped(trip));
            }
        }
        self.settle(time, events);
    }

    pub(super) fn flattened(&mut self, now: Time, events: &mut Vec<Event>) {
        self.all.iter_mut().filter(|watched| watched.trip.is_some()).for_each(|watched| watched.over = true);
        if let Some((_, over)) = &mut self.hand {
            *over = true;
        }
        self.settle(now, events);
    }

    fn trips(&self) -> impl Iterator<Item = (&Trip, bool)> {
        let set = self.all.iter().filter_map(|watched| Some((watched.trip.as_ref()?, watched.over)));
        set.chain(self.hand.iter().map(|(trip, over)| (trip, *over)))
    }

    /// The strictest of all trips is the state; a change of it is told.
    fn settle(&mut self, time: Time, events: &mut Vec<Event>) {
        let state = self.trips().map(|(trip, over)| state_of(trip, over)).max().unwrap_or_default();
        if state != self.state {
            self.state = state;
            events.push(Event::StateChanged { time, state });
        }
    }
}

fn state_of(trip: &Trip, over: bool) -> TradingState {
    if over && trip.then == TradingState::Flattening { TradingState::Halted } else { trip.then }
}

impl Watched {
    fn judge(&mut self, place: u16, reading: Option<Reading>, now: Time, events: &mut Vec<Event>) {
        let beyond = reading.filter(|(value, _)| self.breaker.trigger.is_reached(*value));
        match self.trip {
            None => {
                let Some((value, instrument)) = beyond else { return };
                let Breaker { trigger, then, cool_down } = self.breaker;
                let rearms = cool_down.map_or(Rearm::ByHand, |span| Rearm::After(now + span));
                let (cause, threshold) = (trigger.cause(), trigger.threshold());
                let breaker = Some(place);
                let trip = Trip { breaker, cause, time: now, instrument, value, threshold, then, rearms };
                (self.trip, self.over) = (Some(trip), false);
                events.push(Event::Tripped(trip));
            }
            Some(Trip { rearms: Rearm::After(time), then, .. }) if now >= time => {
                let still_flattening = then == TradingState::Flattening && !self.over;
                if !still_flattening && (beyond.is_none() || self.measure.begins_anew()) {
                    self.rearm(place, now, false, events);
                }
            }
            Some(_) => {}
        }
    }

    fn rearm(&mut self, breaker: u16, time: Time, by_hand: bool, events: &mut Vec<Event>) {
        if self.trip.take().is_some() {
            self.measure.restart();
            let cause = self.breaker.trigger.cause();
            events.push(Event::Rearmed { breaker: Some(breaker), cause, time, by_hand });
        }
    }
}

impl Trigger {
    /// What it watches.
    #[must_use]
    pub const fn cause(&self) -> Cause {
        match self {
            Self::Drawdown(_) => Cause::Drawdown,
            Self::Loss { .. } => Cause::Loss,
            Self::Volatility(_) => Cause::Volatility,
            Self::Spread(_) => Cause::Spread,
            Self::Volume(_) => Cause::Volume,
            Self::Correlation { .. } => Cause::Correlation,
            Self::Slippage { .. } => Cause::Slippage,
            Self::Rejects { .. } => Cause::Rejects,
            Self::Stale(_) => Cause::Stale,
            Self::Gap(_) => Cause::Gap,
            Self::Jump(_) => Cause::Jump,
            Self::At(_) => Cause::Schedule,
        }
    }

    /// What its reading is compared with, in the unit of its cause.
    #[must_use]
    pub const fn threshold(&self) -> Rate {
        match *self {
            Self::Drawdown(share)
            | Self::Loss { share, .. }
            | Self::Correlation { least: share, .. }
            | Self::Slippage { share, .. }
            | Self::Rejects { share, .. }
            | Self::Jump(share) => share,
            Self::Volatility(usually) | Self::Spread(usually) | Self::Volume(usually) => usually.times,
            Self::Stale(span) => Rate::from_nanos(span.nanos()),
            Self::Gap(bars) => Rate::from_nanos(bars as i64 * Rate::ONE.nanos()),
            Self::At(_) => Rate::ZERO,
        }
    }

    fn is_reached(&self, value: Rate) -> bool {
        if self.cause().trips_below() { value <= self.threshold() } else { value >= self.threshold() }
    }
}

/// Prints as `--breaker` reads it.
impl fmt::Display for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.trigger.cause())?;
        let threshold = self.trigger.threshold();
        match self.trigger {
            Trigger::Drawdown(_) | Trigger::Jump(_) => write!(f, ":{}", Percent(threshold)),
            Trigger::Loss { within, .. } => write!(f, ":{}/{}", Percent(threshold), Length(within)),
            Trigger::Volatility(usually) | Trigger::Spread(usually) | Trigger::Volume(usually) => {
                write!(f, ":{threshold}x/{}/{}", usually.last, usually.before)
            }
            Trigger::Correlation { bars, .. } => write!(f, ":{threshold}/{bars}"),
            Trigger::Slippage { fills: count, .. } | Trigger::Rejects { orders: count, .. } => {
                write!(f, ":{}/{count}", Percent(threshold))
            }
            Trigger::Stale(span) => write!(f, ":{}", Length(span)),
            Trigger::Gap(bars) => write!(f, ":{bars}"),
            Trigger::At(time) => write!(f, ":{time}"),
        }?;
        let then = match self.then {
            TradingState::Flattening => "flatten",
            TradingState::Halted => "halt",
            TradingState::ReduceOnly | TradingState::Normal => "reduce-only",
        };
        write!(f, ":{then}")?;
        self.cool_down.map_or(Ok(()), |span| write!(f, ":{}", Length(span)))
    }
}

struct Percent(Rate);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", Rate::from_nanos(self.0.nanos().saturating_mul(100)))
    }
}

/// A span in the longest unit that it is a multiple of.
struct Length(Span);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000)];
        let whole = units.into_iter().find(|(_, nanos)| self.0.nanos() % nanos == 0);
        let (unit, nanos) = whole.unwrap_or(("ms", 1_000_000));
        write!(f, "{}{unit}", self.0.nanos() / nanos)
    }
}
