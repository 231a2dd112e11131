//! The simulated venue: it takes approved orders, matches them against bars and reports what became of them.
//!
//! A bar happens at two instants. A driver gives [`SimVenue::open_bar`] each bar that opens at one, and
//! [`SimVenue::close_bar`] each that closes at one; after either it asks [`SimVenue::next_report`] until it is `None`,
//! applying each report to the engine before it asks again: the venue sizes and checks every fill against the account as
//! it is at that fill. Opens match at the first, ranges and closes at the second, so that bars of different lengths meet
//! in the order of their instants. Orders sent on a bar are never matched against that bar's past.
//! An instrument that is [fed ticks](SimVenue::feed_ticks) is matched against its trades, quotes and book instead.
mod carry;
mod children;
mod convert;
mod fees;
mod intake;
mod latency;
mod lifetime;
mod liquidation;
mod matching;
mod pricing;
mod queue;
mod rollover;
mod rolls;
mod settings;
mod sizing;
mod ticks;
mod walk;
mod working;

use std::collections::VecDeque;

use qframe_model::account::Account;
use qframe_model::event::{CancelReason, Report};
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::{Instrument, Kind};
use qframe_model::market::Bar;
use qframe_model::number::{Cash, Overflow, Price, Quantity};
use qframe_model::order::Purpose;
use qframe_model::time::{Span, Time};

pub use fees::{FeeBasis, FeeModel, Fees, Tier};
pub use latency::Latency;
pub use pricing::{Crossing, Slippage, Spread};
pub use queue::Queue;
pub use rollover::{Night, Rollover};
pub use rolls::ContractRoll;
pub use settings::{FillPrice, Funding, Intrabar, Sessions, Settings, Spreads, Unaffordable};

use carry::Carry;
use children::{Inside, Opened};
use intake::Leave;
use ticks::{Live, Met, Wire};
pub use ticks::{Made, Owner, Prevention};
pub(crate) use working::trail_level;
use working::{Step, Working};

use crate::risk::UnitLimits;

/// Where the venue stands in the bars of one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing to do.
    Idle,
    /// Orders whose time ran out end.
    Expire,
    /// Dividends, splits, funding and interest, before any bar opens.
    Due,
    /// The same, as the bars open.
    Carry,
    /// Positions that the margin no longer carries, at the open.
    LiquidateAtOpen,
    /// Orders that reduce a position fill at the open first: they pay for the others.
    Reduce,
    /// All orders at the open.
    Open,
    /// Market orders at the worst price of the range, where they fill there: first those that reduce a position.
    ReduceAtWorst,
    /// Then all of them.
    AtWorst,
    /// Stops, or limits, inside the range.
    First,
    /// Positions that the stops did not save, before the limits inside the range.
    LiquidateBetween,
    /// The other of the two.
    Second,
    /// Positions that the margin no longer carries, inside the range.
    LiquidateInRange,
    /// Orders for the close, and settlements.
    Close,
    /// Market orders on the close that was just decided on: first those that reduce a position.
    ReduceAfterDecision,
    /// Then all of them.
    AfterDecision,
    /// What reached the venue by now.
    Arrive,
    /// Orders of the instrument that a tick moved.
    Tick,
}

impl Stage {
    /// True where orders meet the range of a bar.
    const fn is_in_range(self) -> bool {
        self.is_at_worst()
            || matches!(self, Self::First | Self::LiquidateBetween | Self::Second | Self::LiquidateInRange)
    }

    /// True before what waits inside the range is met.
    const fn is_at_worst(self) -> bool {
        matches!(self, Self::ReduceAtWorst | Self::AtWorst)
    }

    /// True where only what reduces a position fills.
    const fn is_for_reducing(self) -> bool {
        matches!(self, Self::Reduce | Self::ReduceAtWorst | Self::ReduceAfterDecision)
    }
}

/// What the venue knows of an instrument.
#[derive(Debug, Clone, Copy, Default)]
struct Listing {
    /// The bar that has opened and not yet closed.
    bar: Option<Bar>,
    /// When it closes.
    closes: Time,
    /// True where it is among those being matched now.
    matched: bool,
    /// The bar before it, for marks and sessions.
    last: Option<Bar>,
    /// When that one closed.
    closed: Time,
    /// Units that this bar's fills took of its volume.
    used: Quantity,
    /// True where one of them was not at its open.
    after_open: bool,
}

impl Listing {
    /// The bar, where it is being matched now.
    fn matched(&self) -> Option<Bar> {
        self.bar.filter(|_| self.matched)
    }

    /// The last price that is known at a step of the bars of an instant.
    fn price(&self, step: Step) -> Option<Price> {
        let close = self.last.map(|bar| bar.close);
        self.matched().map(|bar| if step == Step::Close { bar.close } else { bar.open }).or(close)
    }
}

/// So long after its last bar an instrument has ended; weekends and holidays are shorter.
const QUIET: Span = Span::from_seconds(5 * 86_400);

/// A venue that matches orders against recorded bars.
#[derive(Debug, Clone)]
pub struct SimVenue {
    settings: Settings,
    listings: Vec<Listing>,
    /// The tick of each instrument.
    grid: Vec<Price>,
    /// The instruments whose bars are being matched.
    group: Vec<InstrumentId>,
    /// True where the bars being matched have closed: their ranges follow their opens.
    closing: bool,
    orders: Vec<Working>,
    /// How many of them have not ended.
    alive: usize,
    /// True where one of them may run out of time.
    timed: bool,
    /// Reports, the first `told` of which have been told.
    pending: Vec<Report>,
    told: usize,
    stage: Stage,
    cursor: usize,
    /// Where the last fill found the market, where that was behind the open.
    inside: Option<Inside>,
    /// What is open of entries whose exits wait here.
    opened: Vec<Opened>,
    /// What the way through the ranges met in this stage without a report: by step, and the place of the order.
    passed: Vec<(Step, usize)>,
    /// Where an order waits until those that reduce have filled: those behind it in the same instrument do not pass it.
    held_back: Vec<InstrumentId>,
    carry: Carry,
    /// What the owner's limits let an order and a position of each instrument have; empty where they let all.
    most: Vec<UnitLimits>,
    /// Value traded by day, newest last, for fees that fall with it.
    traded: VecDeque<(i64, Cash)>,
    /// The instruments that are fed ticks.
    lives: Vec<Option<Box<Live>>>,
    /// What is on its way here, in the order of arrival.
    wires: VecDeque<Wire>,
    /// Cancellations on their way to orders that meet bars.
    leaving: Vec<Leave>,
    /// How many words have been on their way: each draws its own latency.
    draws: u64,
    /// When the last of them arrives, where latencies vary.
    last_word: Time,
    /// The instant of the last tick or arrival.
    now: Time,
    /// How long the last tick took to come to us.
    feed: Span,
    /// The instrument and what moved it, where a tick is matched.
    met: Option<(InstrumentId, Met)>,
    /// The place of the order that has just arrived and meets the book.
    fresh: Option<usize>,
    /// The next close that an order on ticks waits for.
    closes: Option<Time>,
}

impl SimVenue {
    /// A venue that lists `instruments`.
    #[must_use]
    pub fn new(settings: Settings, instruments: &[Instrument]) -> Self {
        Self {
            carry: Carry::new(&settings, instruments),
            settings,
            listings: vec![Listing::default(); instruments.len()],
            grid: instruments.iter().map(|instrument| instrument.rules().tick).collect(),
            group: Vec::new(),
            closing: false,
            orders: Vec::new(),
            alive: 0,
            timed: false,
            pending: Vec::new(),
            told: 0,
            stage: Stage::Idle,
            cursor: 0,
            inside: None,
            opened: Vec::new(),
            passed: Vec::new(),
            held_back: Vec::new(),
            most: Vec::new(),
            traded: VecDeque::new(),
            lives: vec![None; instruments.len()],
            wires: VecDeque::new(),
            leaving: Vec::new(),
            draws: 0,
            last_word: Time::MIN,
            now: Time::MIN,
            feed: Span::default(),
            met: None,
            fresh: None,
            closes: None,
        }
    }

    /// Fills open no more than these limits of each instrument.
    pub(crate) fn hold_to(&mut self, most: Vec<UnitLimits>) {
        let are_off = most.iter().all(|limits| *limits == UnitLimits::OFF);
        self.most = if are_off { Vec::new() } else { most };
    }

    /// True where no order waits and holding costs nothing: bars can be [passed](SimVenue::pass) by.
    #[must_use]
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.orders.is_empty() && self.pending.is_empty() && !self.carry.is_needed()
    }

    /// True where [`SimVenue::next_report`] would have nothing to say.
    #[must_use]
    #[inline]
    pub fn is_silent(&self) -> bool {
        self.stage == Stage::Idle && self.pending.is_empty()
    }

    /// True while bars are matched.
    pub(crate) fn meets_bars(&self) -> bool {
        !self.group.is_empty()
    }

    /// Notes a whole bar that nothing waits for; of one that was matched it keeps what happened in it.
    #[inline]
    pub fn pass(&mut self, id: InstrumentId, bar: &Bar, closes: Time) {
        let listing = &mut self.listings[id.index()];
        if listing.last.is_none_or(|last| last.time < bar.time) {
            *listing = Listing { last: Some(*bar), closed: closes, ..Listing::default() };
        }
    }

    /// Takes a bar that opens at this instant; [`SimVenue::next_report`] begins to match when all of them are in.
    #[inline]
    pub fn open_bar(&mut self, id: InstrumentId, bar: &Bar, closes: Time) {
        let listing = &mut self.listings[id.index()];
        (listing.bar, listing.closes, listing.matched) = (Some(*bar), closes, true);
        (listing.used, listing.after_open) = (Quantity::ZERO, false);
        self.inside = None;
        self.group.push(id);
        self.enter(if self.timed { Stage::Expire } else { self.first_stage() });
    }

    /// The bar that opened closes at this instant; [`SimVenue::next_report`] begins to match when all of them are in.
    /// A bar may be closed as it is opened, where nothing happens in between.
    #[inline]
    pub fn close_bar(&mut self, id: InstrumentId) {
        self.closing = true;
        let listing = &mut self.listings[id.index()];
        if !listing.matched {
            listing.matched = true;
            self.group.push(id);
            self.enter(self.range_stage());
        }
    }

    /// True where market orders fill on the close that the strategy just saw.
    #[inline]
    pub fn matches_decisions(&self) -> bool {
        self.settings.fill == FillPrice::SameClose
    }

    /// Lets market orders fill on the close that the strategy just saw, where the settings say so.
    #[inline]
    pub fn after_decision(&mut self) {
        if self.matches_decisions() && !self.orders.is_empty() {
            self.enter(Stage::ReduceAfterDecision);
        }
    }

    /// The next thing the venue has to say; `None` when it waits for the market.
    ///
    /// # Errors
    /// [`Overflow`] where a fill cannot be counted exactly.
    #[inline]
    pub fn next_report(&mut self, account: &Account) -> Result<Option<&Report>, Overflow> {
        if self.is_silent() { Ok(None) } else { self.advance(account) }
    }

    fn advance(&mut self, account: &Account) -> Result<Option<&Report>, Overflow> {
        loop {
            if self.told < self.pending.len() {
                self.told += 1;
                return Ok(self.pending.get(self.told - 1));
            }
            self.pending.clear();
            self.told = 0;
            if self.stage == Stage::Idle {
                return Ok(None);
            }
            self.work(account)?;
            if self.pending.is_empty() {
                self.enter_next();
            }
        }
    }

    /// Does what the stage has to do next; leaves reports, or nothing where the stage is over.
    fn work(&mut self, account: &Account) -> Result<(), Overflow> {
        let (first, second) = match self.settings.intrabar {
            Intrabar::StopFirst => (Step::Stops, Step::Limits),
            Intrabar::TargetFirst => (Step::Limits, Step::Stops),
        };
        let step = match self.stage {
            Stage::Reduce | Stage::Open => Step::Open,
            Stage::ReduceAtWorst | Stage::AtWorst => Step::Worst,
            Stage::First => return self.walk(first, account),
            Stage::Second => return self.walk(second, account),
            Stage::Close | Stage::ReduceAfterDecision | Stage::AfterDecision => Step::Close,
            _ => return self.work_apart(account),
        };
        self.scan(step, account)?;
        if self.stage == Stage::Close && self.pending.is_empty() { self.settle(account) } else { Ok(()) }
    }

    /// The stages in which orders do not meet a bar.
    #[inline(never)]
    fn work_apart(&mut self, account: &Account) -> Result<(), Overflow> {
        match self.stage {
            Stage::Expire => {
                self.expire();
                Ok(())
            }
            Stage::Due | Stage::Carry => self.charge(account),
            Stage::LiquidateAtOpen | Stage::LiquidateBetween | Stage::LiquidateInRange => self.liquidate(account),
            Stage::Arrive => self.receive(account),
            Stage::Tick => self.scan_tick(account),
            _ => Ok(()),
        }
    }

    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.cursor = 0;
        self.passed.clear();
    }

    fn enter_next(&mut self) {
        let over = self.alive == 0 && !self.carry.is_needed();
        let next = match self.stage {
            Stage::Open if !self.closing => {
                self.leave_open();
                Stage::Idle
            }
            Stage::Open | Stage::AtWorst | Stage::First | Stage::Second if over => {
                self.close_bars();
                Stage::Idle
            }
            Stage::Expire => self.first_stage(),
            Stage::Carry => Stage::LiquidateAtOpen,
            Stage::LiquidateAtOpen => self.open_stage(),
            Stage::Reduce | Stage::ReduceAtWorst | Stage::ReduceAfterDecision => self.let_all(),
            Stage::Open => self.range_stage(),
            Stage::AtWorst => Stage::First,
            Stage::First if self.carry.is_needed() && self.settings.intrabar == Intrabar::StopFirst => {
                Stage::LiquidateBetween
            }
            Stage::First | Stage::LiquidateBetween => Stage::Second,
            Stage::Second if self.carry.is_needed() => Stage::LiquidateInRange,
            Stage::Second | Stage::LiquidateInRange => {
                self.let_go(Step::Close);
                Stage::Close
            }
            Stage::Close => {
                self.close_bars();
                Stage::Idle
            }
            Stage::Arrive | Stage::Tick => {
                self.leave_ticks();
                Stage::Idle
            }
            Stage::AfterDecision | Stage::Due | Stage::Idle => {
                self.drop_dead();
                Stage::Idle
            }
        };
        self.enter(next);
    }

    /// The stage after the expiries.
    #[inline]
    fn first_stage(&self) -> Stage {
        if self.carry.is_needed() { Stage::Carry } else { self.open_stage() }
    }

    /// Where only one bar opens, nothing else waits for the money that its orders free.
    #[inline]
    fn open_stage(&self) -> Stage {
        if self.group.len() > 1 { Stage::Reduce } else { Stage::Open }
    }

    /// The first stage behind the opens.
    #[inline]
    fn range_stage(&self) -> Stage {
        match self.settings.fill {
            FillPrice::Worst if self.group.len() > 1 => Stage::ReduceAtWorst,
            FillPrice::Worst => Stage::AtWorst,
            _ => Stage::First,
        }
    }

    #[inline]
    fn drop_dead(&mut self) {
        if self.alive == 0 {
            self.orders.clear();
            self.leaving.clear();
            self.timed = false;
        } else if self.alive < self.orders.len() {
            self.orders.retain(|working| !working.dead);
        }
    }

    /// The bars have opened; what comes of them waits for their close.
    fn leave_open(&mut self) {
        self.drop_dead();
        for id in self.group.drain(..) {
            self.listings[id.index()].matched = false;
        }
    }

    /// What lived through the bars rests now; trailing stops follow; the bars are past.
    #[inline(always)]
    fn close_bars(&mut self) {
        self.drop_dead();
        self.closing = false;
        for working in &mut self.orders {
            let listing = &self.listings[working.order.instrument.index()];
            let Some(bar) = listing.matched() else { continue };
            let in_time = working.active_from <= bar.time;
            let waits = in_time && working.bars_to_wait > 0;
            if waits {
                working.bars_to_wait -= 1;
            }
            if !working.asleep {
                working.rested = in_time && !waits;
                if !working.rested {
                    // What happened before it arrived is not for it.
                    working.trail = None;
                }
                // Of a bar in which it arrived, or was made awake, only the close is known to be behind that.
                let whole = working.rested && working.born_at.is_none();
                let best = if whole { working::favour(working.order.side, &bar) } else { bar.close };
                working.follow(best, &self.grid);
            }
            working.born_at = None;
        }
        self.leave_bars();
        for id in self.group.drain(..) {
            let listing = &mut self.listings[id.index()];
            (listing.last, listing.closed) = (listing.bar.take(), std::mem::take(&mut listing.closes));
            listing.matched = false;
        }
    }

    fn bury(&mut self, place: usize) {
        self.orders[place].dead = true;
        self.alive -= 1;
    }

    /// Ends an order with `report`; what still sleeps behind it ends with it, since nothing will wake it.
    fn end(&mut self, place: usize, report: Report, time: Time) {
        self.bury(place);
        let id = self.orders[place].id();
        self.pending.push(report);
        self.cancel_where(time, CancelReason::Parent, |working| working.asleep && working.order.parent == Some(id));
    }

    fn cancel_where(&mut self, time: Time, reason: CancelReason, which: impl Fn(&Working) -> bool) {
        for place in 0..self.orders.len() {
            if !self.orders[place].dead && which(&self.orders[place]) {
                let order = self.orders[place].id();
                self.end(place, Report::Cancelled { order, time, reason }, time);
            }
        }
    }

    /// Closes every open position at the last bar's close, or at its open: the end of the data. What was opened after that
    /// open closes at the close all the same.
    ///
    /// # Errors
    /// [`Overflow`] where a fill cannot be counted exactly.
    pub fn close_all(&mut self, account: &Account, purpose: Purpose, at_open: bool) -> Result<(), Overflow> {
        let end = self.listings.iter().map(|listing| listing.closed).max().unwrap_or_default();
        for place in 0..self.listings.len() {
            let id = InstrumentId(place as u16);
            let (position, listing) = (account.position(id), self.listings[place]);
            let (false, Some(bar)) = (position.is_flat(), listing.last) else { continue };
            let open = at_open && position.opened <= bar.time && !listing.after_open;
            let (price, time) = match end.since(listing.closed) > QUIET {
                // Its bars ended before the others': it goes when they do, at the last price it had.
                true => (bar.close, end),
                false if open => (bar.open, bar.time),
                false => (bar.close, listing.closed),
            };
            let fill = self.forced_fill(account, id, &bar, price, time, purpose)?;
            self.force(account, fill);
        }
        Ok(())
    }

    /// The end of the data: futures settle at their last price where that end lies on their last day, or behind it. Nobody can
    /// hold them longer, though the bars stop at the close of the market, hours before the day is over.
    ///
    /// # Errors
    /// [`Overflow`] where a fill cannot be counted exactly.
    pub fn settle_at_end(&mut self, account: &Account, now: Time) -> Result<(), Overflow> {
        for place in 0..self.listings.len() {
            let id = InstrumentId(place as u16);
            let (position, last) = (account.position(id), self.listings[place].last);
            let (false, Some(bar), Kind::Future { expiry }) = (position.is_flat(), last, account.instrument(id).kind())
            else {
                continue;
            };
            if now + Span::DAY > expiry {
                let fill = self.forced_fill(account, id, &bar, bar.close, now, Purpose::Expiry)?;
                self.force(account, fill);
            }
        }
        Ok(())
    }

    fn volume_30d(&self, now: Time) -> Cash {
        let recent = self.traded.iter().filter(|(day, _)| day + 30 > now.day());
        let sum = recent.into_iter().try_fold(Cash::ZERO, |sum, (_, value)| sum.plus(*value));
        sum.unwrap_or(Cash::MAX)
    }

    #[inline]
    fn count_traded(&mut self, time: Time, value: Cash) -> Result<(), Overflow> {
        if self.settings.fees.needs_volume() { self.add_traded(time, value) } else { Ok(()) }
    }

    #[inline(never)]
    fn add_traded(&mut self, time: Time, value: Cash) -> Result<(), Overflow> {
        while self.traded.front().is_some_and(|(day, _)| day + 30 <= time.day()) {
            self.traded.pop_front();
        }
        match self.traded.back_mut() {
            Some((day, sum)) if *day == time.day() => *sum = sum.plus(value)?,
            _ => self.traded.push_back((time.day(), value)),
        }
        Ok(())
    }
}
