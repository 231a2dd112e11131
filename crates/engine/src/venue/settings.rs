//! The rules of a simulated venue.
use std::ops::Range;
use std::sync::Arc;

use qframe_model::ids::InstrumentId;
use qframe_model::market::{Bar, CorporateAction};
use qframe_model::number::{Price, Rate};
use qframe_model::time::{Span, Time, TimeFrame};

use super::fees::Fees;
use super::latency::Latency;
use super::pricing::Crossing;
use super::queue::Queue;
use super::rollover::Rollover;
use super::rolls::ContractRoll;

/// At which price of a bar a market order fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FillPrice {
    /// The open of the next bar.
    #[default]
    NextOpen,
    /// The close that the decision was made on. Only honest where one can trade at the close.
    SameClose,
    /// The worst price of the next bar.
    Worst,
}

/// Which comes first where a bar touches a stop and a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Intrabar {
    /// The stop: the pessimist's choice.
    #[default]
    StopFirst,
    /// The limit.
    TargetFirst,
}

/// What happens to an order that the account cannot pay for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unaffordable {
    /// Refused, with the amount that is missing.
    #[default]
    Refuse,
    /// Filled as far as the money goes; the rest is cancelled and recorded.
    Clip,
}

/// Payments between the two sides of a perpetual.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Funding {
    /// Of which instrument.
    pub instrument: Option<InstrumentId>,
    /// When, and at which rate: longs pay a positive one. Ascending in time.
    pub schedule: Vec<(Time, Rate)>,
    /// The mark prices that the venue valued positions at, where it says so; ascending in time. Else it is the last mark here.
    pub marks: Vec<(Time, Price)>,
}

impl Funding {
    /// The venue's mark price at an instant of the schedule.
    pub(super) fn mark_at(&self, time: Time) -> Option<Price> {
        self.marks.binary_search_by_key(&time, |(time, _)| *time).ok().map(|place| self.marks[place].1)
    }

    /// The instant that a recorded time means. Venues write down some milliseconds more than the full hour at which
    /// funding is due; the bar that opens there must not miss it.
    #[must_use]
    pub const fn instant(recorded: Time) -> Time {
        Time::from_nanos(recorded.nanos() - recorded.nanos().rem_euclid(1_000_000_000))
    }
}

/// What bid and ask were apart, bar by bar, where the bars are those half-way between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spreads {
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// By the opening instants of its bars, ascending: the spread at the open, and at the close. A bar that is not here has
    /// none.
    pub rows: Arc<[(Time, [Price; 2])]>,
}

impl Spreads {
    /// What a taker pays of the spread: half of that at the open for the price of the open, half of the wider one anywhere
    /// else in the bar. So a buy at the open is at the ask's, and a sale at the bid's.
    pub(super) fn half_at(&self, bar: &Bar, price: Price) -> Price {
        let found = self.rows.binary_search_by_key(&bar.time, |(time, _)| *time);
        let [open, close] = found.map_or([Price::ZERO; 2], |place| self.rows[place].1);
        let spread = if price == bar.open { open } else { open.max(close) };
        Price::from_nanos(spread.nanos() / 2)
    }
}

/// When an instrument trades: orders on open and on close go by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// From the open to the close of each, ascending, none over another.
    pub table: Arc<[Range<Time>]>,
}

impl Sessions {
    /// The first session that has an instant in `from..until`.
    pub(super) fn within(&self, from: Time, until: Time) -> Option<&Range<Time>> {
        let place = self.table.partition_point(|session| session.end <= from);
        self.table.get(place).filter(|session| session.start < until)
    }

    /// True where `now` is in a session that began at `since` or later; in a day in UTC where there are no sessions.
    pub(super) fn opened(own: Option<&Self>, since: Time, now: Time) -> bool {
        match own {
            Some(own) => own.within(now, now + Span::from_nanos(1)).is_some_and(|session| session.start >= since),
            None => TimeFrame::DAY.open_of(now) >= since,
        }
    }

    /// The first close after an instant, that of its day in UTC where there are no sessions; `None` after the last one.
    pub(super) fn close_after(own: Option<&Self>, time: Time) -> Option<Time> {
        match own {
            Some(own) => own.within(time, Time::MAX).map(|session| session.end),
            None => Some(TimeFrame::DAY.open_of(time) + Span::DAY),
        }
    }
}

/// The rules of a simulated venue. The default charges nothing and fills at the next open.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where market orders fill.
    pub fill: FillPrice,
    /// What a fill costs.
    pub fees: Fees,
    /// What crossing the spread costs.
    pub crossing: Crossing,
    /// How long orders are on their way.
    pub latency: Latency,
    /// How long the venue's answers are on their way. Where bars are matched they take no time.
    pub answer: Latency,
    /// Who stands in front of a resting order, where ticks are matched.
    pub queue: Queue,
    /// The largest share of a bar's volume that all fills of an instrument may take; the rest waits.
    pub volume_cap: Option<Rate>,
    /// Which comes first inside a bar.
    pub intrabar: Intrabar,
    /// Whether shares and coins that are not held may be sold.
    pub allow_short: bool,
    /// What happens to what cannot be paid.
    pub unaffordable: Unaffordable,
    /// Whether a purchase in a currency that a cash account lacks is paid from its other currencies, at the last marks.
    pub convert: bool,
    /// Interest a year on short positions and owed money.
    pub borrow_rate: Rate,
    /// Recorded spreads: takers pay half of them, beside what [`Settings::crossing`] says.
    pub spreads: Vec<Spreads>,
    /// Trading sessions. An instrument without them has days in UTC.
    pub sessions: Vec<Sessions>,
    /// Funding of perpetuals.
    pub funding: Vec<Funding>,
    /// Interest of currency pairs that are held overnight.
    pub rollover: Vec<Rollover>,
    /// Rolls of series of many contracts, ascending in time: what each costs its holder.
    pub rolls: Vec<ContractRoll>,
    /// Dividends and splits, ascending in time: at the first bar that opens at or after the instant.
    pub actions: Vec<(Time, InstrumentId, CorporateAction)>,
}

impl Settings {
    /// The sessions of an instrument, where it has any.
    pub(super) fn sessions_of(&self, id: InstrumentId) -> Option<&Sessions> {
        self.sessions.iter().find(|sessions| sessions.instrument == id)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            fill: FillPrice::default(),
            fees: Fees::NONE,
            crossing: Crossing::default(),
            latency: Latency::default(),
            answer: Latency::default(),
            queue: Queue::default(),
            volume_cap: None,
            intrabar: Intrabar::default(),
            allow_short: false,
            unaffordable: Unaffordable::default(),
            convert: false,
            borrow_rate: Rate::ZERO,
            spreads: Vec::new(),
            sessions: Vec::new(),
            funding: Vec::new(),
            rollover: Vec::new(),
            rolls: Vec::new(),
            actions: Vec::new(),
        }
    }
}
