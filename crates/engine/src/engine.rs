//! One step: an input changes the state, writes events, and hands out intents.
mod judge;
mod watch;

use std::collections::BinaryHeap;

use qframe_model::account::Account;
use qframe_model::event::{EVENT_VERSION, Event, EventRef, Header, Report};
use qframe_model::ids::{CommodityId, InstrumentId, OrderId, SeriesId};
use qframe_model::market::{Bar, FundingRate, Tick};
use qframe_model::number::{Cash, Overflow, Price};
use qframe_model::position::ClosedTrade;
use qframe_model::refusal::Refusal;
use qframe_model::time::Time;

use crate::context::Context;
use crate::curve::EquityCurve;
use crate::history::History;
use crate::input::{EngineError, EngineSetup, Input, Intent, Series};
use crate::journal::Journal;
use crate::orders::OpenOrders;
use crate::risk::{RiskCheck, Row, UnitLimits};
use crate::state::State;
use crate::strategy::{Market, Pass, Quiet, Strategy};
use crate::tape::Seen;

/// The engine: `S` decides, `R` judges, the journal remembers.
#[derive(Debug, Clone)]
pub struct Engine<S, R> {
    strategy: S,
    risk: R,
    series: Vec<Series>,
    state: State,
    pub(crate) intents: Vec<Intent>,
    journal: Journal,
    /// True where the risk check wants to see every row.
    watched: bool,
    /// True where it judges again what it let pass.
    judges: bool,
    /// The earliest instant at which a position that does not close is closed again.
    closes: Time,
    /// The buffers are reused.
    told: Vec<Event>,
    beyond: Vec<(OrderId, Refusal)>,
    /// Orders that were withdrawn and only make a position smaller: what is left of them is sent again, so that it can do
    /// nothing else, once the venue has let them go.
    exits: Vec<OrderId>,
    /// Orders that their owner withdrew: they are not sent again.
    unwanted: Vec<OrderId>,
    /// What such an order was called, and what it is called since.
    renumbered: Vec<(OrderId, OrderId)>,
}

impl<S: Strategy, R: RiskCheck> Engine<S, R> {
    /// An engine with an empty account.
    ///
    /// # Errors
    /// [`EngineError::Account`] where a currency has no rate.
    pub fn new(strategy: S, risk: R, setup: EngineSetup) -> Result<Self, EngineError> {
        let account = Account::open(setup.instruments, setup.reporting).map_err(EngineError::Account)?;
        let depth = strategy.lookback().max(setup.sizing.lookback());
        let state = State {
            now: Time::MIN,
            account,
            orders: OpenOrders::default(),
            history: History::new(setup.series.len(), depth),
            trades: Vec::new(),
            sizing: setup.sizing,
            requests: Vec::new(),
            last_order: 0,
            timers: BinaryHeap::new(),
            parents: Vec::new(),
            over: false,
            tapes: Vec::new(),
        };
        let journal = Journal::new(setup.keep);
        let (watched, judges) = (risk.watches(), risk.judges_again());
        Ok(Self {
            strategy,
            risk,
            series: setup.series,
            state,
            intents: Vec::new(),
            journal,
            watched,
            judges,
            closes: Time::MIN,
            told: Vec::new(),
            beyond: Vec::new(),
            exits: Vec::new(),
            unwanted: Vec::new(),
            renumbered: Vec::new(),
        })
    }

    /// Makes room for the trades of a run, so that they are not moved while it grows. Room that stays empty is not touched,
    /// and takes no memory of the machine.
    #[must_use]
    pub fn with_room_for(mut self, trades: usize) -> Self {
        self.state.trades.reserve_exact(trades);
        self
    }

    /// Takes one input.
    ///
    /// # Errors
    /// [`EngineError`] where the state could not stay exact or the event could not be recorded; the engine must not be
    /// fed further then.
    pub fn step(&mut self, input: Input) -> Result<(), EngineError> {
        match input {
            Input::Start(time, header) => self.start(time, header),
            Input::Deposit(time, commodity, amount) => self.deposit(time, commodity, amount),
            Input::Open(series, time, price) => self.open(series, time, price),
            Input::Close(series, time, bar) => self.close(series, time, &bar),
            Input::Bar(series, time, bar) => self.bar(series, time, &bar),
            Input::Tick(id, tick) => self.tick(id, &tick).map(drop),
            Input::Funding(id, rate) => self.funding(id, &rate),
            Input::Report(report) => self.report(&report),
            Input::Instant(time) => self.instant(time),
            Input::End(time) => self.end(time),
            Input::Rate(id, time, price) => self.rate(id, time, price),
            Input::Opened(time) => self.opened(time),
            Input::Command(time, command) => self.obey(time, command),
            Input::Order(time, ticket) => self.order(time, ticket),
            Input::Cancel(time, order) => self.cancel_at(time, order),
        }
    }

    fn start(&mut self, time: Time, header: Header) -> Result<(), EngineError> {
        self.state.now = time;
        self.journal.record(&Event::Started(Header { version: EVENT_VERSION, ..header }))?;
        self.call_alone(S::on_start).map(drop)
    }

    fn deposit(&mut self, time: Time, commodity: CommodityId, amount: Cash) -> Result<(), EngineError> {
        self.state.now = time;
        if amount.is_negative() {
            let (needed, free) = (-amount, self.exact(|state| state.account.free_of(commodity))?);
            if needed > free {
                let refusal = Refusal::NotEnough { needed, free };
                return Ok(self.journal.record(&Event::WithdrawalRefused { time, commodity, amount, refusal })?);
            }
        }
        self.exact(|state| state.account.deposit(commodity, amount))?;
        let worth = self.exact(|state| state.account.to_reporting(commodity, amount))?;
        self.risk.paid(time, worth);
        Ok(self.journal.record(&Event::Deposited { time, commodity, amount })?)
    }

    fn open(&mut self, series: SeriesId, time: Time, price: Price) -> Result<(), EngineError> {
        self.state.now = self.state.now.max(time);
        let instrument = self.series[series.index()].instrument;
        self.exact(|state| state.account.mark(instrument, price))
    }

    /// A bar closed at `time`: the mark moves. The same as [`Input::Close`], for hot loops.
    ///
    /// # Errors
    /// As [`Engine::step`].
    pub fn close(&mut self, series: SeriesId, time: Time, bar: &Bar) -> Result<(), EngineError> {
        self.state.now = time;
        let Series { instrument, matched, .. } = self.series[series.index()];
        if matched { self.exact(|state| state.account.mark_bar(instrument, bar)) } else { Ok(()) }
    }

    /// A bar closed at `time`: the mark moves, then the strategy sees it. The same as [`Input::Bar`], for hot loops.
    ///
    /// # Errors
    /// As [`Engine::step`].
    #[inline]
    pub fn bar(&mut self, series: SeriesId, time: Time, bar: &Bar) -> Result<(), EngineError> {
        self.bar_of(series, self.series[series.index()], time, bar).map(drop)
    }

    /// As [`Engine::bar`]; true where the strategy asked for something.
    #[inline(always)]
    pub(crate) fn bar_of(&mut self, id: SeriesId, of: Series, time: Time, bar: &Bar) -> Result<bool, EngineError> {
        self.state.now = time;
        if of.matched {
            self.exact(|state| state.account.mark_bar(of.instrument, bar))?;
        }
        // Before the strategy speaks: what it asks for on this bar is judged by what this bar lost. The bar counts to the
        // day it opened in, also where it closes at midnight.
        if self.watched {
            self.watch(bar.time, Row::Bar(of.instrument, of.frame, bar))?;
        }
        self.state.history.push(id, bar);
        self.call(Some(id), of.instrument, |strategy, context| strategy.on_market(&Market::Bar(bar), context))
    }

    /// Lets the strategy pass over bars on which it asks for nothing; `curve` follows the equity. Gives how many it passed,
    /// `None` where it never passes any, something waits, or the equity is no line over the price.
    #[inline]
    pub(crate) fn pass(
        &mut self,
        id: SeriesId,
        of: Series,
        bars: &[Bar],
        curve: &mut EquityCurve,
    ) -> Result<Option<usize>, EngineError> {
        if self.watched || !of.matched || !self.state.timers.is_empty() || !self.state.parents.is_empty() {
            return Ok(None);
        }
        let Some(line) = self.state.account.line(of.instrument) else { return Ok(None) };
        let mut quiet = Quiet::new(bars);
        let count = match self.strategy.pass(&mut quiet) {
            Pass::Never => return Ok(None),
            Pass::Over => bars.len() - quiet.left(),
            Pass::Met => (bars.len() - quiet.left()).saturating_sub(1),
        };
        let passed = &bars[..count];
        if let Some(last) = passed.last() {
            self.state.now = last.time + of.frame.span();
            self.exact(|state| state.account.mark_bars(of.instrument, passed))?;
            curve.follow(line, count);
            self.state.history.extend(id, passed);
        }
        Ok(Some(count))
    }

    /// A tick is known: the mark moves, then the strategy sees it. Changes of a book are taken in one by one; the strategy
    /// sees the last one of an update, when the book is whole. The same as [`Input::Tick`], for hot loops; true where the
    /// strategy saw it, and the instant is to be closed.
    ///
    /// # Errors
    /// As [`Engine::step`].
    #[inline]
    pub fn tick(&mut self, id: InstrumentId, tick: &Tick) -> Result<bool, EngineError> {
        let price = match self.state.tape(id).take_in(tick) {
            Seen::Part => return Ok(false),
            Seen::Whole(price) => price,
        };
        self.state.now = tick.received();
        if let Some(price) = price
            && self.state.account.mark_of(id) != Some(price)
        {
            self.exact(|state| state.account.mark_bar(id, &flat(price)))?;
        }
        if self.watched || self.judges {
            self.watch_tick(id)?;
        }
        let market = match tick {
            Tick::Trade(trade) => Market::Trade(trade),
            Tick::Quote(quote) => Market::Quote(quote),
            Tick::Book(delta) => Market::Book(delta),
        };
        let series = self.traded_on(id);
        self.call(series, id, |strategy, context| strategy.on_market(&market, context))?;
        Ok(true)
    }

    /// The funding of a perpetual is known: the strategy sees it. Paying it is the venue's report.
    ///
    /// # Errors
    /// As [`Engine::step`].
    pub fn funding(&mut self, id: InstrumentId, rate: &FundingRate) -> Result<(), EngineError> {
        self.state.now = self.state.now.max(rate.time);
        let series = self.traded_on(id);
        self.call(series, id, |strategy, context| strategy.on_market(&Market::Funding(rate), context)).map(drop)
    }

    /// A venue speaks, and it is heard at `time`: later than what it speaks of happened.
    ///
    /// # Errors
    /// As [`Engine::step`].
    pub fn hear(&mut self, time: Time, report: &Report) -> Result<(), EngineError> {
        self.state.now = self.state.now.max(time);
        self.report(report)
    }

    fn rate(&mut self, id: InstrumentId, time: Time, price: Price) -> Result<(), EngineError> {
        self.state.now = self.state.now.max(time);
        self.exact(|state| state.account.mark(id, price))
    }

    /// When the strategy wants to be called next.
    #[must_use]
    #[inline]
    pub fn next_timer(&self) -> Option<Time> {
        self.state.timers.peek().map(|timer| timer.0)
    }

    /// All rows of this instant are in. The same as [`Input::Instant`], for hot loops.
    ///
    /// # Errors
    /// As [`Engine::step`].
    #[inline]
    pub fn instant(&mut self, time: Time) -> Result<(), EngineError> {
        self.state.now = time;
        self.close_instant().map(drop)
    }

    /// As [`Engine::instant`], at the time of the last row; true where something was asked for.
    #[inline(always)]
    pub(crate) fn close_instant(&mut self) -> Result<bool, EngineError> {
        if !self.state.timers.is_empty() {
            self.ring()?;
        }
        let asked = self.call_alone(S::on_instant)?;
        // After the strategy: the first slice of what it has just begun is due.
        if !self.state.parents.is_empty() {
            self.work_parents()?;
        }
        Ok(asked || self.has_intents())
    }

    /// Calls the strategy for each timer whose time has come.
    #[inline(never)]
    fn ring(&mut self) -> Result<(), EngineError> {
        while self.state.timers.peek().is_some_and(|timer| timer.0 <= self.state.now) {
            self.state.timers.pop();
            self.call_alone(S::on_timer)?;
        }
        Ok(())
    }

    fn end(&mut self, time: Time) -> Result<(), EngineError> {
        self.state.now = time;
        // Nothing is taken any more: what the last hook asks for is refused.
        self.state.over = true;
        self.call_alone(S::on_end)?;
        Ok(self.journal.record(&Event::Ended { time, equity: self.state.account.equity() })?)
    }

    /// A venue speaks. What the state allows is applied; the rest is kept as an event and not applied.
    ///
    /// # Errors
    /// As [`Engine::step`].
    pub fn report(&mut self, report: &Report) -> Result<(), EngineError> {
        if self.watched {
            self.hear_risk(report);
        }
        let worth = self.worth_of_part(report)?;
        let exit = if self.exits.is_empty() { None } else { self.let_go(report) };
        if let Err(refusal) = self.state.orders.step(report, worth) {
            return Ok(self.journal.record(&Event::ReportRefused { report: *report, refusal })?);
        }
        self.journal.append(EventRef::Reported(report))?;
        let (Report::Filled { fill, .. } | Report::Forced(fill)) = report else {
            self.exact(|state| state.account.apply(report))?;
            if let Report::Split { instrument, time, .. } = report {
                self.stop_at_split(*instrument, *time)?;
            }
            return exit.map_or(Ok(()), |exit| self.send_again(&exit));
        };
        self.state.now = self.state.now.max(fill.time);
        let trade = self.exact(|state| state.account.apply(report))?;
        if let Some(trade) = trade {
            self.state.trades.push(trade);
        }
        let series = self.traded_on(fill.instrument);
        self.call(series, fill.instrument, |strategy, context| strategy.on_fill(fill, context)).map(drop)
    }

    /// Changes the state; a number that leaves its range ends the run.
    #[inline(always)]
    fn exact<T>(&mut self, change: impl FnOnce(&mut State) -> Result<T, Overflow>) -> Result<T, EngineError> {
        change(&mut self.state).map_err(|overflow| EngineError::Overflow(overflow, self.state.now))
    }

    /// The series of an instrument whose bars it is traded on; `None` where it is fed without bars.
    fn traded_on(&self, instrument: InstrumentId) -> Option<SeriesId> {
        let of = |series: &Series| series.instrument == instrument;
        let matched = self.series.iter().position(|series| of(series) && series.matched);
        // An instrument that is fed ticks has bars that only inform.
        matched.or_else(|| self.series.iter().position(of)).map(|place| SeriesId(place as u16))
    }

    /// A call that belongs to no row: the context shows the first series.
    #[inline(always)]
    fn call_alone(&mut self, hook: impl FnOnce(&mut S, &mut Context<'_>)) -> Result<bool, EngineError> {
        let first = self.series.first();
        let instrument = first.map_or(InstrumentId(0), |series| series.instrument);
        self.call(first.map(|_| SeriesId(0)), instrument, hook)
    }

    /// Lets the strategy speak, then judges what it asked for; true where it asked for something.
    #[inline(always)]
    fn call(
        &mut self,
        series: Option<SeriesId>,
        instrument: InstrumentId,
        hook: impl FnOnce(&mut S, &mut Context<'_>),
    ) -> Result<bool, EngineError> {
        hook(&mut self.strategy, &mut Context { state: &mut self.state, series, instrument });
        if self.state.requests.is_empty() {
            return Ok(false);
        }
        self.judge()?;
        Ok(true)
    }

    /// What everything is worth at the last marks.
    #[must_use]
    #[inline]
    pub const fn equity(&self) -> Cash {
        self.state.account.equity()
    }

    /// The intents since the last call, for the driver to carry.
    #[inline]
    pub fn intents(&mut self) -> std::vec::Drain<'_, Intent> {
        self.intents.drain(..)
    }

    /// True where an intent waits.
    #[must_use]
    #[inline]
    pub fn has_intents(&self) -> bool {
        !self.intents.is_empty()
    }

    /// The time of the last input.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.state.now
    }

    /// True where all intents are new orders.
    #[inline]
    pub(crate) fn has_plain_intents(&self) -> bool {
        self.renumbered.is_empty() && self.intents.iter().all(|intent| matches!(intent, Intent::Submit(_)))
    }

    /// The order for which this one goes on: an exit that the risk check withdrew, and that can only reduce now.
    pub(crate) fn continued(&self, id: OrderId) -> Option<OrderId> {
        self.renumbered.iter().rev().find(|(_, now)| *now == id).map(|(before, _)| *before)
    }

    /// The account.
    #[must_use]
    #[inline]
    pub const fn account(&self) -> &Account {
        &self.state.account
    }

    /// The series that the engine is fed.
    #[must_use]
    #[inline]
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// The orders that are alive.
    #[must_use]
    pub const fn orders(&self) -> &OpenOrders {
        &self.state.orders
    }

    /// The trades that were closed, in the order of their closing.
    #[must_use]
    pub fn trades(&self) -> &[ClosedTrade] {
        &self.state.trades
    }

    /// The risk check: its circuit breakers.
    #[must_use]
    pub const fn risk(&self) -> &R {
        &self.risk
    }

    /// The limits in units of each instrument.
    pub(crate) fn in_units(&self) -> Vec<UnitLimits> {
        let instruments = self.state.account.instruments().iter();
        instruments.map(|instrument| self.risk.in_units(instrument.symbol())).collect()
    }

    /// True where there are limits that orders are held to again at each open that they wait for.
    #[inline]
    pub(crate) const fn judges(&self) -> bool {
        self.judges
    }

    /// True where [`Input::Opened`] has something to judge: orders wait, and there are limits.
    #[must_use]
    #[inline]
    pub fn judges_again(&self) -> bool {
        self.judges && !self.state.orders.is_empty()
    }

    /// The journal.
    #[must_use]
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The strategy.
    #[must_use]
    pub const fn strategy(&self) -> &S {
        &self.strategy
    }

    /// Takes the engine apart: the trades and the journal, without a copy.
    #[must_use]
    pub fn into_results(self) -> (Vec<ClosedTrade>, Journal, Account) {
        (self.state.trades, self.journal, self.state.account)
    }
}

/// A bar in which only one price happened.
fn flat(price: Price) -> Bar {
    Bar { open: price, high: price, low: price, close: price, ..Bar::default() }
}
