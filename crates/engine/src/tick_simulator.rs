//! Engine and simulated venue joined tick by tick, with the time that words take between them.
use std::collections::VecDeque;

use qframe_model::account::Account;
use qframe_model::event::{Header, Report};
use qframe_model::ids::{CommodityId, InstrumentId, SeriesId};
use qframe_model::market::{Bar, Tick};
use qframe_model::number::{Cash, Price};
use qframe_model::order::Purpose;
use qframe_model::time::{Span, Time};

use crate::engine::Engine;
use crate::input::{Command, Input};
use crate::risk::RiskCheck;
use crate::simulator::{AtEnd, SimulatorError, send};
use crate::strategy::Strategy;
use crate::venue::SimVenue;

/// An engine and a simulated venue with two clocks between them: a tick happens at the venue at its `time`, and is known
/// here when it was `received`; orders and answers are on their way as long as the venue's settings say. The venue keeps
/// its own ledger of us, since it knows of a fill before we do.
///
/// A driver hands in [`TickSimulator::happen`] and [`TickSimulator::tick`] in the order of those instants; of one instant,
/// what happens at the venue comes first.
#[derive(Debug, Clone)]
pub struct TickSimulator<S, R> {
    engine: Engine<S, R>,
    venue: SimVenue,
    /// The account as the venue has it.
    ledger: Account,
    /// What the venue said, and when it comes here; in the order of arrival.
    answers: VecDeque<(Time, Report)>,
    /// The instruments that are fed ticks.
    fed: Vec<InstrumentId>,
    now: Time,
}

impl<S: Strategy, R: RiskCheck> TickSimulator<S, R> {
    /// Joins an engine and a venue that list the same instruments; `fed` are those that ticks will come for.
    #[must_use]
    pub fn new(engine: Engine<S, R>, mut venue: SimVenue, fed: Vec<InstrumentId>) -> Self {
        venue.hold_to(engine.in_units());
        fed.iter().for_each(|id| venue.feed_ticks(*id));
        let ledger = engine.account().clone();
        Self { engine, venue, ledger, answers: VecDeque::new(), fed, now: Time::MIN }
    }

    /// Begins the run: `header` into the journal, `cash` of the reporting currency into the account.
    ///
    /// # Errors
    /// [`SimulatorError`] where the engine stops.
    pub fn start(&mut self, time: Time, header: Header, cash: Cash) -> Result<(), SimulatorError> {
        self.now = time;
        self.engine.step(Input::Start(time, header))?;
        self.engine.step(Input::Deposit(time, CommodityId(0), cash))?;
        self.ledger = self.engine.account().clone();
        self.send();
        Ok(())
    }

    /// A tick happens at the venue, at its `time`.
    ///
    /// # Errors
    /// [`SimulatorError`] where the engine or the venue stops; the run cannot go on then.
    #[inline]
    pub fn happen(&mut self, id: InstrumentId, tick: &Tick) -> Result<(), SimulatorError> {
        self.catch_up(tick.time(), false)?;
        self.venue.tick(id, tick);
        self.drain()
    }

    /// A tick is known here, at the instant it was `received`.
    ///
    /// # Errors
    /// As [`TickSimulator::happen`].
    #[inline]
    pub fn tick(&mut self, id: InstrumentId, tick: &Tick) -> Result<(), SimulatorError> {
        self.catch_up(tick.received(), true)?;
        if self.engine.tick(id, tick)? {
            self.engine.instant(tick.received())?;
            self.send();
        }
        Ok(())
    }

    /// A person stops trading, or lets it go on.
    ///
    /// # Errors
    /// As [`TickSimulator::happen`].
    pub fn command(&mut self, time: Time, command: Command) -> Result<(), SimulatorError> {
        self.catch_up(time, true)?;
        self.engine.step(Input::Command(time, command))?;
        self.send();
        Ok(())
    }

    /// An exchange rate is known from now on, here and at the venue: it values, and nothing trades on it.
    ///
    /// # Errors
    /// As [`TickSimulator::happen`].
    pub fn rate(&mut self, id: InstrumentId, time: Time, price: Price) -> Result<(), SimulatorError> {
        self.catch_up(time, false)?;
        self.mark(id, price)?;
        Ok(self.engine.step(Input::Rate(id, time, price))?)
    }

    /// The instant at which these bars open, at most one of each series; `closes` says when each will close. What holding
    /// costs falls due, and orders of instruments without ticks meet the opens.
    ///
    /// # Errors
    /// As [`TickSimulator::happen`].
    pub fn open(&mut self, time: Time, bars: &[(SeriesId, &Bar, Time)]) -> Result<(), SimulatorError> {
        self.catch_up(time, false)?;
        self.venue.fall_due(time);
        self.drain()?;
        for &(id, bar, _) in bars {
            let series = self.engine.series()[id.index()];
            if series.matched {
                self.engine.step(Input::Open(id, time, bar.open))?;
                self.mark(series.instrument, bar.open)?;
            }
        }
        if self.engine.judges_again() {
            self.engine.step(Input::Opened(time))?;
            self.send();
        }
        for &(id, bar, closes) in bars {
            let series = self.engine.series()[id.index()];
            if series.matched {
                self.venue.open_bar(series.instrument, bar, closes);
            }
        }
        self.drain()
    }

    /// The instant at which these bars close, longer ones first: orders of instruments without ticks meet their ranges, then
    /// the strategy sees them. Gives the equity after it.
    ///
    /// # Errors
    /// As [`TickSimulator::happen`].
    pub fn close(&mut self, time: Time, bars: &[(SeriesId, &Bar)]) -> Result<Cash, SimulatorError> {
        self.catch_up(time, false)?;
        for (id, _) in bars {
            let series = self.engine.series()[id.index()];
            if series.matched {
                self.venue.close_bar(series.instrument);
            }
        }
        self.drain()?;
        for (id, bar) in bars {
            let series = self.engine.series()[id.index()];
            if series.matched {
                self.mark(series.instrument, bar.close)?;
            }
        }
        self.catch_up(time, true)?;
        for (id, bar) in bars {
            self.engine.close(*id, time, bar)?;
        }
        while let Some((id, rate)) = self.venue.next_funding() {
            self.engine.funding(id, &rate)?;
        }
        for (id, bar) in bars {
            self.engine.bar(*id, time, bar)?;
        }
        self.engine.instant(time)?;
        self.send();
        // What is told of bars at once is heard at once: the next open finds it done.
        self.drain()?;
        while self.answers.front().is_some_and(|(answer, _)| *answer <= time) {
            self.hear_due()?;
            self.drain()?;
        }
        Ok(self.engine.equity())
    }

    fn mark(&mut self, id: InstrumentId, price: Price) -> Result<(), SimulatorError> {
        self.ledger.mark(id, price).map_err(|overflow| SimulatorError::Venue(overflow, self.now))
    }

    /// Ends the run: what is on its way comes to an end, contracts on their last day settle, then positions are closed at the
    /// last mark where that was asked for. What rests at the venue stays open.
    ///
    /// # Errors
    /// As [`TickSimulator::happen`].
    pub fn end(&mut self, at_end: AtEnd) -> Result<Cash, SimulatorError> {
        self.catch_up(self.now, true)?;
        self.come_to_rest()?;
        for id in self.fed.clone() {
            // Where the book is lost at the end, the last mark is all there is.
            if let Some(mark) = self.venue.mark_of(id).or(self.ledger.mark_of(id)) {
                let bar = Bar { time: self.now, open: mark, high: mark, low: mark, close: mark, ..Bar::default() };
                self.venue.pass(id, &bar, self.now);
            }
        }
        let settled = self.venue.settle_at_end(&self.ledger, self.now.max(self.engine.now()));
        settled.map_err(|overflow| SimulatorError::Venue(overflow, self.now))?;
        self.drain()?;
        self.come_to_rest()?;
        if at_end != AtEnd::Keep {
            let closed = self.venue.close_all(&self.ledger, Purpose::EndOfData, false);
            closed.map_err(|overflow| SimulatorError::Venue(overflow, self.now))?;
            self.drain()?;
            self.come_to_rest()?;
        }
        self.engine.step(Input::End(self.engine.now()))?;
        Ok(self.engine.equity())
    }

    /// Answers come here, and orders on their way come back, also those that an answer makes the strategy send.
    fn come_to_rest(&mut self) -> Result<(), SimulatorError> {
        loop {
            self.venue.end_wires(self.now.max(self.engine.now()));
            self.drain()?;
            let Some((time, report)) = self.answers.pop_front() else { return Ok(()) };
            self.hear(time, &report)?;
        }
    }

    /// Lets everything happen that is due before `until`, or also at it: arrivals at the venue, answers, timers.
    #[inline]
    fn catch_up(&mut self, until: Time, also_then: bool) -> Result<(), SimulatorError> {
        while let Some((time, what)) =
            self.next_due().filter(|(time, _)| *time < until || (also_then && *time == until))
        {
            self.now = self.now.max(time);
            match what {
                Due::Answer => {
                    if let Some((time, report)) = self.answers.pop_front() {
                        self.hear(time, &report)?;
                    }
                }
                Due::Arrival => {
                    self.venue.arrive(time);
                    self.drain()?;
                }
                Due::Timer => {
                    self.engine.instant(time.max(self.engine.now()))?;
                    self.send();
                }
            }
        }
        self.now = self.now.max(until);
        Ok(())
    }

    #[inline]
    fn next_due(&self) -> Option<(Time, Due)> {
        let answer = self.answers.front().map(|(time, _)| (*time, Due::Answer));
        let arrival = self.venue.next_arrival().map(|time| (time, Due::Arrival));
        let timer = self.engine.next_timer().map(|time| (time, Due::Timer));
        [answer, arrival, timer].into_iter().flatten().min()
    }

    /// An answer is on its way: it overtakes none of what happened before it, nor of its own order.
    fn answer(&mut self, known: Time, report: Report) {
        let is_of_it = |other: &Report| report.order().is_some() && other.order() == report.order();
        let goes_before = |other: &Report| other.time() <= report.time() || is_of_it(other);
        let before = self.answers.iter().rev().find(|(_, other)| goes_before(other)).map(|(time, _)| *time);
        let arrives = before.map_or(known, |before| before.max(known));
        // An order for bars is accepted when it is sent, with the time at which it arrives.
        let place = self.answers.partition_point(|(time, _)| *time <= arrives);
        self.answers.insert(place, (arrives, report));
    }

    /// What is told of bars is heard, and answered, at once, as where there are only bars. The clock stands: some of it has the
    /// time of their close.
    #[cold]
    fn hear_due(&mut self) -> Result<(), SimulatorError> {
        while let Some((_, report)) = self.answers.pop_front_if(|(time, _)| *time <= self.now) {
            self.engine.report(&report)?;
            self.send();
        }
        Ok(())
    }

    fn hear(&mut self, time: Time, report: &Report) -> Result<(), SimulatorError> {
        self.engine.hear(time, report)?;
        self.send();
        Ok(())
    }

    /// What the venue says goes into its own ledger at once, and on its way to us.
    #[inline]
    fn drain(&mut self) -> Result<(), SimulatorError> {
        if self.venue.is_silent() { Ok(()) } else { self.drain_all() }
    }

    fn drain_all(&mut self) -> Result<(), SimulatorError> {
        let now = self.now;
        let stopped = |overflow| SimulatorError::Venue(overflow, now);
        for id in &self.fed {
            if let Some(mark) = self.venue.mark_of(*id) {
                self.ledger.mark(*id, mark).map_err(stopped)?;
            }
        }
        while let Some(report) = self.venue.next_report(&self.ledger).map_err(stopped)? {
            let report = *report;
            self.ledger.apply(&report).map_err(stopped)?;
            let takes = self.venue.answer_takes(report.time());
            // What happened behind the open of a bar is known at its close.
            let known = if takes == Span::default() { report.time() } else { now.max(report.time()) + takes };
            self.answer(known, report);
            if self.venue.meets_bars() {
                self.hear_due()?;
            }
        }
        Ok(())
    }

    fn send(&mut self) {
        send(&mut self.engine, &mut self.venue);
    }

    /// The engine: account, trades, journal.
    #[must_use]
    pub const fn engine(&self) -> &Engine<S, R> {
        &self.engine
    }

    /// Takes the engine out.
    #[must_use]
    pub fn into_engine(self) -> Engine<S, R> {
        self.engine
    }
}

/// What can be due between two ticks, in the order in which one instant has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Answer,
    Arrival,
    Timer,
}
