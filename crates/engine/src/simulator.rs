//! Engine and simulated venue joined: the loop of backtests and paper trading.
use std::fmt;

use qframe_model::event::Header;
use qframe_model::ids::{CommodityId, SeriesId};
use qframe_model::market::Bar;
use qframe_model::number::{Cash, Overflow};
use qframe_model::order::Purpose;
use qframe_model::time::Time;

use crate::engine::{Engine, EngineError, Input, Intent, Series};
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
    pub const fn new(engine: Engine<S, R>, venue: SimVenue) -> Self {
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

    /// One instant with one bar. Gives the equity after it.
    ///
    /// # Errors
    /// [`SimulatorError`] where the engine or the venue stops; the run cannot go on then.
    #[inline(always)]
    pub fn bar(&mut self, id: SeriesId, bar: &Bar) -> Result<Cash, SimulatorError> {
        let series = self.engine.series()[id.index()];
        let idle = self.venue.is_idle();
        if !idle {
            self.meet(series, bar)?;
        }
        self.engine.bar_of(id, series, bar)?;
        self.engine.close_instant()?;
        if self.engine.has_intents() || !idle {
            self.answer(series, bar, idle)?;
        }
        Ok(self.engine.equity())
    }

    /// Matches what waits at the venue against the bar.
    #[inline(never)]
    fn meet(&mut self, series: Series, bar: &Bar) -> Result<(), SimulatorError> {
        self.now = bar.time + series.frame.span();
        self.show(series, bar);
        self.drain()
    }

    /// Carries what the strategy answered to the bar.
    #[inline(never)]
    fn answer(&mut self, series: Series, bar: &Bar, idle: bool) -> Result<(), SimulatorError> {
        self.now = bar.time + series.frame.span();
        // The venue sees a bar that nothing waited for only now that something will wait on it.
        if idle {
            self.venue.pass(series.instrument, bar, self.now);
        }
        self.carry()
    }

    /// One instant with the bars that closed at it: at most one of each series, longer time frames first.
    /// Gives the equity after it.
    ///
    /// # Errors
    /// As [`Simulator::bar`].
    pub fn bars(&mut self, bars: &[(SeriesId, &Bar)]) -> Result<Cash, SimulatorError> {
        // All orders meet the market before any strategy call: nothing sent at this instant can fill in its past.
        for (id, bar) in bars {
            let series = self.engine.series()[id.index()];
            self.now = bar.time + series.frame.span();
            // Orders at the open are sized on what everything is worth at its open, not at its last close.
            if series.matched && !self.venue.is_idle() {
                self.engine.step(Input::Open(*id, bar.time, bar.open))?;
            }
            self.show(series, bar);
        }
        self.drain()?;
        for (id, bar) in bars {
            self.engine.bar(*id, bar)?;
        }
        self.engine.instant(self.now)?;
        self.carry()?;
        Ok(self.engine.equity())
    }

    /// Shows a bar to the venue.
    fn show(&mut self, series: Series, bar: &Bar) {
        if !series.matched {
            return;
        }
        let closes = bar.time + series.frame.span();
        if self.venue.is_idle() {
            self.venue.pass(series.instrument, bar, closes);
        } else {
            self.venue.open_bar(series.instrument, bar, closes);
        }
    }

    /// Takes the engine's intents to the venue, and the venue's answers back, until both are silent.
    fn carry(&mut self) -> Result<(), SimulatorError> {
        self.send();
        self.drain()?;
        self.venue.after_decision();
        self.drain()
    }

    #[inline]
    fn drain(&mut self) -> Result<(), SimulatorError> {
        loop {
            let report = self.venue.next_report(self.engine.account());
            let Some(report) = report.map_err(|overflow| SimulatorError::Venue(overflow, self.now))? else {
                return Ok(());
            };
            self.engine.report(&report)?;
            self.send();
        }
    }

    fn send(&mut self) {
        for intent in self.engine.intents() {
            match intent {
                Intent::Submit(order) => self.venue.submit(&order),
                Intent::Cancel(order) => self.venue.cancel(order, self.now),
            }
        }
    }

    /// Ends the run; `last` are the last bars, at which open positions may be closed.
    ///
    /// # Errors
    /// [`SimulatorError`] where the engine or the venue stops.
    pub fn end(&mut self, at_end: AtEnd, last: &[(SeriesId, &Bar)]) -> Result<Cash, SimulatorError> {
        if at_end != AtEnd::Keep {
            for (id, bar) in last {
                let series = self.engine.series()[id.index()];
                if series.matched {
                    self.venue.pass(series.instrument, bar, bar.time + series.frame.span());
                }
            }
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
