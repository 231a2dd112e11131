//! Engine and simulated venue joined: the loop of backtests and paper trading.
use std::fmt;

use qframe_model::event::Header;
use qframe_model::ids::{CommodityId, InstrumentId, SeriesId};
use qframe_model::market::Bar;
use qframe_model::number::{Cash, Overflow, Price};
use qframe_model::order::Purpose;
use qframe_model::time::Time;

use crate::curve::EquityCurve;
use crate::engine::Engine;
use crate::input::{Command, EngineError, Input, Intent, Series};
use crate::risk::RiskCheck;
use crate::strategy::Strategy;
use crate::venue::SimVenue;

/// Why a simulation stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SimulatorError {
    /// The engine stopped.
    Engine(EngineError),
    /// The venue could not count a fill exactly.
    Venue(Overflow, Time),
}

impl fmt::Display for SimulatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(error) => error.fmt(f),
            Self::Venue(overflow, time) => write!(f, "at {time}: {overflow}; use smaller amounts or another unit"),
        }
    }
}

impl std::error::Error for SimulatorError {}

impl From<EngineError> for SimulatorError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

/// What becomes of open positions when the data ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AtEnd {
    /// They stay open, valued at the last close, and are no closed trades.
    #[default]
    Keep,
    /// They are closed at the last close.
    CloseAtClose,
    /// They are closed at the last bar's open, as backtesting.py's `finalize_trades` does.
    CloseAtOpen,
}

/// Bars that a strategy may pass over at once: they are read twice, so they should fit into the nearest cache.
const PASS_MAX: usize = 512;

/// An engine and a simulated venue that carry each other's words.
#[derive(Debug, Clone)]
pub struct Simulator<S, R> {
    engine: Engine<S, R>,
    venue: SimVenue,
    now: Time,
}

impl<S: Strategy, R: RiskCheck> Simulator<S, R> {
    /// Joins an engine and a venue that list the same instruments.
    #[must_use]
    pub fn new(engine: Engine<S, R>, mut venue: SimVenue) -> Self {
        venue.hold_to(engine.in_units());
        Self { engine, venue, now: Time::MIN }
    }

    /// Begins the run: `header` into the journal, `cash` of the reporting currency into the account.
    ///
    /// # Errors
    /// [`SimulatorError`] where the engine stops.
    pub fn start(&mut self, time: Time, header: Header, cash: Cash) -> Result<(), SimulatorError> {
        self.now = time;
        self.engine.step(Input::Start(time, header))?;
        self.engine.step(Input::Deposit(time, CommodityId(0), cash))?;
        self.carry()
    }

    /// A bar of the only series opens, and closes with nothing in between. Gives the equity after it.
    ///
    /// # Errors
    /// [`SimulatorError`] where the engine or the venue stops; the run cannot go on then.
    pub fn bar(&mut self, id: SeriesId, bar: &Bar) -> Result<Cash, SimulatorError> {
        self.bar_of(id, self.engine.series()[id.index()], bar)?;
        Ok(self.engine.equity())
    }

    /// Bars of the only series, one after the other: `curve` follows the equity, and the place of each at which something
    /// happened goes to `stirred`, with the number of events so far.
    ///
    /// # Errors
    /// As [`Simulator::bar`].
    #[inline]
    pub fn run(
        &mut self,
        id: SeriesId,
        bars: &[Bar],
        curve: &mut EquityCurve,
        mut stirred: impl FnMut(usize, u64),
    ) -> Result<(), SimulatorError> {
        let series = self.engine.series()[id.index()];
        let mut rest = bars;
        let mut passes = true;
        while !rest.is_empty() {
            if passes && self.venue.is_idle() {
                let block = &rest[..rest.len().min(PASS_MAX)];
                let passed = self.engine.pass(id, series, block, curve)?;
                passes = passed.is_some();
                rest = &rest[passed.unwrap_or(0)..];
            }
            let Some((bar, later)) = rest.split_first() else { break };
            if self.bar_of(id, series, bar)? {
                stirred(curve.len(), self.engine.journal().events());
                // What waited may be gone.
                passes = true;
            }
            let account = self.engine.account();
            curve.push(account.equity(), account.line(series.instrument), bar);
            rest = later;
        }
        Ok(())
    }

    /// A person stops trading, or lets it go on.
    ///
    /// # Errors
    /// As [`Simulator::bar`].
    pub fn command(&mut self, time: Time, command: Command) -> Result<(), SimulatorError> {
        self.now = self.now.max(time);
        self.engine.step(Input::Command(time, command))?;
        self.carry()
    }

    /// True where anything but the price moved: the journal says more.
    #[inline(always)]
    fn bar_of(&mut self, id: SeriesId, series: Series, bar: &Bar) -> Result<bool, SimulatorError> {
        let (closes, events) = (bar.time + series.frame.span(), self.engine.journal().events());
        let idle = self.venue.is_idle();
        if !idle {
            self.meet(id, series, bar, closes)?;
        }
        let asked = self.engine.bar_of(id, series, closes, bar)?;
        let asked = self.engine.close_instant()? || asked;
        // Where nothing was asked for, there is nothing to carry: what waited at the venue has met the bar before.
        if asked || self.venue.matches_decisions() && !idle {
            self.answer(id, series, bar, idle)?;
        }
        Ok(self.engine.journal().events() != events)
    }

    /// Matches what waits at the venue against a whole bar.
    #[inline(never)]
    fn meet(&mut self, id: SeriesId, series: Series, bar: &Bar, closes: Time) -> Result<(), SimulatorError> {
        if series.matched && self.engine.judges() {
            // What falls due may be answered with an order for this open.
            self.now = bar.time;
            self.venue.fall_due(bar.time);
            self.drain()?;
            if self.engine.judges_again() {
                self.engine.step(Input::Open(id, bar.time, bar.open))?;
                self.judge_again(bar.time)?;
            }
        }
        self.now = closes;
        if series.matched {
            self.venue.open_bar(series.instrument, bar, closes);
            self.venue.close_bar(series.instrument);
        }
        self.drain()?;
        self.tell_funding()
    }

    /// What waits for the opens is judged at them: a gap must not carry it past a limit.
    fn judge_again(&mut self, time: Time) -> Result<(), SimulatorError> {
        self.engine.step(Input::Opened(time))?;
        self.send();
        Ok(())
    }

    /// What fell due while the bars were open.
    #[inline(always)]
    fn tell_funding(&mut self) -> Result<(), SimulatorError> {
        while let Some((id, rate)) = self.venue.next_funding() {
            self.engine.funding(id, &rate)?;
        }
        Ok(())
    }

    /// Carries what the strategy answered to the bar.
    #[inline(never)]
    fn answer(&mut self, id: SeriesId, series: Series, bar: &Bar, idle: bool) -> Result<(), SimulatorError> {
        let closes = bar.time + series.frame.span();
        self.now = closes;
        // The venue sees a bar that nothing waited for only now that something will wait on it.
        if idle {
            self.venue.pass(series.instrument, bar, closes);
        }
        self.carry()?;
        self.mark_again(id, closes, bar)
    }

    /// A fill on the close that was decided on leaves its price, after slippage, as the mark: the close is what it is worth.
    fn mark_again(&mut self, id: SeriesId, closes: Time, bar: &Bar) -> Result<(), SimulatorError> {
        if self.venue.matches_decisions() { Ok(self.engine.close(id, closes, bar)?) } else { Ok(()) }
    }

    /// An exchange rate is known from now on: it values, and nothing trades on it.
    ///
    /// # Errors
    /// As [`Simulator::bar`].
    pub fn rate(&mut self, id: InstrumentId, time: Time, price: Price) -> Result<(), SimulatorError> {
        Ok(self.engine.step(Input::Rate(id, time, price))?)
    }

    /// The instant at which these bars open, at most one of each series; `closes` says when each will close.
    ///
    /// # Errors
    /// As [`Simulator::bar`].
    pub fn open(&mut self, time: Time, bars: &[(SeriesId, &Bar, Time)]) -> Result<(), SimulatorError> {
        self.now = time;
        self.venue.fall_due(time);
        self.drain()?;
        for &(id, bar, _) in bars {
            let series = self.engine.series()[id.index()];
            if series.matched {
                // Orders at the open are sized on what everything is worth at this instant, not at the last close.
                self.engine.step(Input::Open(id, time, bar.open))?;
            }
        }
        if self.engine.judges_again() {
            self.judge_again(time)?;
        }
        for &(id, bar, closes) in bars {
            let series = self.engine.series()[id.index()];
            if series.matched {
                self.venue.open_bar(series.instrument, bar, closes);
            }
        }
        self.drain()
    }

    /// The instant at which these bars close, longer time frames first: orders meet their ranges, then the strategy sees
    /// them. Gives the equity after it.
    ///
    /// # Errors
    /// As [`Simulator::bar`].
    pub fn close(&mut self, time: Time, bars: &[(SeriesId, &Bar)]) -> Result<Cash, SimulatorError> {
        self.now = time;
        // All orders meet the market before any strategy call: nothing sent at this instant can fill in its past.
        for (id, _) in bars {
            let series = self.engine.series()[id.index()];
            if series.matched {
                self.venue.close_bar(series.instrument);
            }
        }
        self.drain()?;
        self.tell_funding()?;
        for (id, bar) in bars {
            self.engine.close(*id, time, bar)?;
        }
        for (id, bar) in bars {
            self.engine.bar(*id, time, bar)?;
        }
        self.engine.instant(time)?;
        self.carry()?;
        bars.iter().try_for_each(|(id, bar)| self.mark_again(*id, time, bar))?;
        Ok(self.engine.equity())
    }

    /// Takes the engine's intents to the venue, and the venue's answers back, until both are silent.
    #[inline(always)]
    fn carry(&mut self) -> Result<(), SimulatorError> {
        if self.engine.has_intents() {
            self.send();
            self.drain()?;
        }
        self.venue.after_decision();
        self.drain()
    }

    #[inline(always)]
    fn drain(&mut self) -> Result<(), SimulatorError> {
        loop {
            let report = self.venue.next_report(self.engine.account());
            let Some(report) = report.map_err(|overflow| SimulatorError::Venue(overflow, self.now))? else {
                return Ok(());
            };
            self.engine.report(report)?;
            if self.engine.has_intents() {
                self.send();
            }
        }
    }

    #[inline(always)]
    fn send(&mut self) {
        send(&mut self.engine, &mut self.venue);
    }

    /// Ends the run; `last` are the last bars, at which open positions may be closed. Contracts on their last day settle.
    ///
    /// # Errors
    /// [`SimulatorError`] where the engine or the venue stops.
    pub fn end(&mut self, at_end: AtEnd, last: &[(SeriesId, &Bar)]) -> Result<Cash, SimulatorError> {
        for (id, bar) in last {
            let series = self.engine.series()[id.index()];
            if series.matched {
                self.venue.pass(series.instrument, bar, bar.time + series.frame.span());
            }
        }
        self.venue.end_wires(self.engine.now());
        let settled = self.venue.settle_at_end(self.engine.account(), self.engine.now());
        settled.map_err(|overflow| SimulatorError::Venue(overflow, self.now))?;
        self.drain()?;
        if at_end != AtEnd::Keep {
            let closed = self.venue.close_all(self.engine.account(), Purpose::EndOfData, at_end == AtEnd::CloseAtOpen);
            closed.map_err(|overflow| SimulatorError::Venue(overflow, self.now))?;
            self.drain()?;
        }
        self.engine.step(Input::End(self.engine.now()))?;
        Ok(self.engine.equity())
    }

    /// The engine: account, trades, journal.
    #[must_use]
    #[inline]
    pub const fn engine(&self) -> &Engine<S, R> {
        &self.engine
    }

    /// Takes the engine out.
    #[must_use]
    pub fn into_engine(self) -> Engine<S, R> {
        self.engine
    }
}

/// Takes the engine's intents to the venue.
#[inline(always)]
pub(crate) fn send<S: Strategy, R: RiskCheck>(engine: &mut Engine<S, R>, venue: &mut SimVenue) {
    if !engine.has_plain_intents() {
        return send_each(engine, venue);
    }
    for intent in &engine.intents {
        if let Intent::Submit(order) = intent {
            venue.submit(order);
        }
    }
    engine.intents.clear();
}

/// Takes intents to the venue of which one is no new order.
#[cold]
fn send_each<S: Strategy, R: RiskCheck>(engine: &mut Engine<S, R>, venue: &mut SimVenue) {
    for intent in std::mem::take(&mut engine.intents) {
        match intent {
            Intent::Submit(order) => match engine.continued(order.get().id) {
                None => venue.submit(&order),
                Some(before) => venue.go_on(&order, before),
            },
            Intent::Cancel(order) if engine.orders().get(order).is_some_and(|open| open.withdrawn) => {
                venue.revoke(order, engine.now());
            }
            Intent::Cancel(order) => venue.cancel(order, engine.now()),
        }
    }
}
