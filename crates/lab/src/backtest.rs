//! The runner: data and rules in, an outcome out.
use std::fmt;
use std::sync::Arc;

use qframe_engine::venue::{Settings, SimVenue};
use qframe_engine::{
    AtEnd, Command, Engine, EngineError, EngineSetup, EquityCurve, Keep, Limits, RiskControl, Series, Simulator,
    SimulatorError, Sizing, Strategy, TickSimulator,
};
use qframe_model::currency::Currency;
use qframe_model::event::Header;
use qframe_model::ids::{InstrumentId, SeriesId};
use qframe_model::instrument::Instrument;
use qframe_model::number::Cash;
use qframe_model::time::Time;

use crate::blind::{self, Blind, Lack};
use crate::dataset::DataSet;
use crate::feed::{Feed, Moment};
use crate::hand::Hand;
use crate::outcome::{Curve, Outcome, Progress};
use crate::rates::{RateFeed, RateSeries};
use crate::ticks::{Phase, TickFeed};

/// The rules of a run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What the account begins with, in the reporting currency.
    pub cash: Cash,
    /// What equity is counted in.
    pub currency: Currency,
    /// What values the currencies that no instrument of the run prices.
    pub rates: Vec<RateSeries>,
    /// The simulated venue: fees, slippage, fills.
    pub venue: Settings,
    /// How large entries are.
    pub sizing: Sizing,
    /// The risk limits.
    pub limits: Limits,
    /// What a person says to the circuit breakers, and when; of one instant before anything else.
    pub commands: Vec<(Time, Command)>,
    /// What becomes of open positions at the end of the data.
    pub at_end: AtEnd,
    /// What the journal keeps.
    pub keep: Keep,
    /// The seed of everything random.
    pub seed: u64,
    /// Risk-free rate a year, as a fraction.
    pub risk_free: f64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            cash: Cash::whole(10_000),
            currency: Currency::USD,
            rates: Vec::new(),
            venue: Settings::default(),
            sizing: Sizing::default(),
            limits: Limits::default(),
            commands: Vec::new(),
            at_end: AtEnd::default(),
            keep: Keep::default(),
            seed: 0,
            risk_free: 0.0,
        }
    }
}

/// Why a run could not be made, or stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunError {
    /// There is no data.
    NoData,
    /// The account would begin with nothing.
    NoCash(Cash),
    /// The same instrument came twice in one time frame.
    Twice(String),
    /// Costs in pips for an instrument that has none.
    NoPips(String),
    /// A circuit breaker that can never trip on this data.
    Blind(Blind),
    /// A command that would never be heard.
    Unheard {
        /// When it is said.
        time: Time,
        /// Which.
        command: Command,
        /// When the data is over.
        last: Time,
    },
    /// Fewer bars than the strategy needs before it can act.
    TooShort {
        /// Which series: its symbol, the length of its bars, where they are from.
        data: String,
        /// How many there are.
        bars: usize,
        /// How many are needed.
        needed: usize,
    },
    /// The engine or the venue stopped.
    Stopped(SimulatorError),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => f.write_str("there is no data in the chosen period; widen it or choose other data"),
            Self::NoCash(cash) => write!(f, "cash {cash}: expected more than zero"),
            Self::Twice(name) => write!(f, "{name} was given twice; keep one of them"),
            Self::NoPips(name) => {
                write!(
                    f,
                    "{name} is no pair of currencies and has no pips; give its spread and slippage as shares: 5bp"
                )
            }
            Self::Blind(Blind { breaker, lack, .. }) => write!(f, "the breaker {breaker} would never trip: {lack}"),
            Self::Unheard { time, last, .. } => {
                write!(f, "nobody would hear a command at {time:#}: {}", Lack::Over { last: *last })
            }
            Self::TooShort { data, bars, needed } => write!(
                f,
                "{data}: {bars} {} too few: the strategy needs {needed} before it can act; use shorter parameters or more data",
                if *bars == 1 { "bar is" } else { "bars are" }
            ),
            Self::Stopped(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RunError {}

impl From<SimulatorError> for RunError {
    fn from(error: SimulatorError) -> Self {
        Self::Stopped(error)
    }
}

impl From<EngineError> for RunError {
    fn from(error: EngineError) -> Self {
        Self::Stopped(error.into())
    }
}

/// A strategy's place to run: data and rules, used as often as wanted.
#[derive(Debug, Clone)]
pub struct Backtest {
    data: Vec<DataSet>,
    setup: Setup,
    instruments: Arc<[Instrument]>,
    series: Vec<Series>,
    watch: Option<Watch>,
}

/// Is told how many instants have passed.
#[derive(Clone)]
struct Watch(Arc<dyn Fn(usize) + Send + Sync>);

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// A watch is told once in so many instants.
const WATCH_EVERY: usize = 1 << 16;

/// Fewer bars than most strategies let go by for each trade.
const BARS_A_TRADE: usize = 16;

impl Backtest {
    /// Joins data and rules.
    ///
    /// # Errors
    /// [`RunError`] for no data, no cash, an instrument that comes twice in one time frame, a circuit breaker that has
    /// nothing to read or a command that comes too late.
    pub fn new(data: Vec<DataSet>, setup: Setup) -> Result<Self, RunError> {
        if data.is_empty() {
            return Err(RunError::NoData);
        }
        if !setup.cash.is_positive() {
            return Err(RunError::NoCash(setup.cash));
        }
        let mut instruments: Vec<Instrument> = Vec::new();
        let mut series: Vec<Series> = Vec::new();
        for set in &data {
            let known = instruments.iter().position(|known| known.symbol() == set.instrument().symbol());
            let place = known.unwrap_or_else(|| {
                instruments.push(set.instrument().clone());
                instruments.len() - 1
            });
            if setup.venue.crossing.is_in_pips() && set.instrument().pip().is_none() {
                return Err(RunError::NoPips(set.instrument().symbol().to_string()));
            }
            let instrument = InstrumentId(place as u16);
            if series.iter().any(|other| other.instrument == instrument && other.frame == set.frame()) {
                return Err(RunError::Twice(format!("{} {}", set.instrument().symbol(), set.frame())));
            }
            series.push(Series { instrument, frame: set.frame(), matched: false });
        }
        for place in 0..series.len() {
            let shortest =
                |other: &Series| other.instrument != series[place].instrument || other.frame >= series[place].frame;
            series[place].matched = series.iter().all(shortest);
        }
        let backtest = Self { data, setup, instruments: instruments.into(), series, watch: None };
        backtest.check_control().map(|()| backtest)
    }

    /// The circuit breakers that cannot read a symbol of the data, while they read others.
    #[must_use]
    pub fn blind(&self) -> Vec<Blind> {
        blind::blind(self)
    }

    /// Refuses what would stand there and do nothing.
    fn check_control(&self) -> Result<(), RunError> {
        let blind = self.blind().into_iter().find(|blind| blind.instrument.is_none());
        blind.map_or(Ok(()), |blind| Err(RunError::Blind(blind)))?;
        let last = blind::end(self);
        let late = self.setup.commands.iter().find(|(time, _)| *time > last);
        late.map_or(Ok(()), |(time, command)| Err(RunError::Unheard { time: *time, command: *command, last }))
    }

    /// The same with another journal.
    #[must_use]
    pub fn keeping(&self, keep: Keep) -> Self {
        Self { setup: Setup { keep, ..self.setup.clone() }, ..self.clone() }
    }

    /// The same rules on parts of the same series, in the same order; nobody watches.
    pub(crate) fn on(&self, data: Vec<DataSet>) -> Self {
        Self { data, watch: None, ..self.clone() }
    }

    /// The same with `watch` called now and then with the number of instants that have passed, for progress displays.
    #[must_use]
    pub fn watched(&self, watch: impl Fn(usize) + Send + Sync + 'static) -> Self {
        Self { watch: Some(Watch(Arc::new(watch))), ..self.clone() }
    }

    /// The data.
    #[must_use]
    pub fn data(&self) -> &[DataSet] {
        &self.data
    }

    /// The rules.
    #[must_use]
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The instruments, by their numbers.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// The instruments, and behind them the exchange rates that value.
    pub(crate) fn valued(&self) -> Arc<[Instrument]> {
        let rates = self.setup.rates.iter().map(RateSeries::instrument);
        if self.setup.rates.is_empty() {
            Arc::clone(&self.instruments)
        } else {
            self.instruments.iter().chain(rates).cloned().collect()
        }
    }

    /// The exchange rates, to be handed out as they become known.
    pub(crate) fn rates(&self) -> RateFeed<'_> {
        RateFeed::new(&self.setup.rates, self.instruments.len())
    }

    /// The series, by their numbers.
    #[must_use]
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// Runs a strategy. Equal data, rules and strategies give equal outcomes, on any machine and any number of threads.
    ///
    /// # Errors
    /// [`RunError`] where the data is shorter than the strategy's warm-up, or where numbers leave their range.
    pub fn run<S: Strategy>(&self, strategy: S) -> Result<Outcome, RunError> {
        self.run_as(strategy, Header::default())
    }

    /// As [`Backtest::run`], with the strategy's name, parameters and settings for the journal.
    ///
    /// # Errors
    /// As [`Backtest::run`].
    pub fn run_as<S: Strategy>(&self, strategy: S, header: Header) -> Result<Outcome, RunError> {
        let warm_up = strategy.warm_up();
        let (engine, curve) = self.simulate(strategy, header)?;
        Ok(Outcome::new(self, engine, curve, warm_up))
    }

    /// As [`Backtest::run`], without the statistics: the engine as it ended, and the equity curve.
    ///
    /// # Errors
    /// As [`Backtest::run`].
    pub fn simulate<S: Strategy>(
        &self,
        strategy: S,
        header: Header,
    ) -> Result<(Engine<S, RiskControl>, Curve), RunError> {
        self.check_length(&strategy)?;
        let (setup, instruments) = (&self.setup, self.valued());
        let venue = SimVenue::new(setup.venue.clone(), &instruments);
        let engine = Engine::new(
            strategy,
            RiskControl::from(setup.limits.clone()),
            EngineSetup {
                instruments,
                series: self.fed(),
                reporting: setup.currency,
                sizing: setup.sizing,
                keep: setup.keep,
            },
        )?;
        let start = self.data.iter().map(|set| set.bars()[0].time).min().unwrap_or(Time::EPOCH);
        if self.data.iter().any(|set| set.ticks().is_some()) {
            return self.simulate_ticks(engine, venue, start, header);
        }
        let mut simulator = Simulator::new(engine.with_room_for(self.likely_trades()), venue);
        simulator.start(start, self.header(header), setup.cash)?;
        let mut curve = self.feed(&mut simulator)?;
        let ends: Vec<_> = self
            .data
            .iter()
            .enumerate()
            .map(|(n, set)| (SeriesId(n as u16), &set.bars()[set.bars().len() - 1]))
            .collect();
        let last = simulator.end(setup.at_end, &ends)?;
        curve.replace_last(last);
        Ok((simulator.into_engine(), curve))
    }

    /// More trades than most runs make: what room is made for.
    fn likely_trades(&self) -> usize {
        self.data.iter().map(|set| set.bars().len()).sum::<usize>() / BARS_A_TRADE
    }

    /// The series as the engine is fed them: where orders meet ticks, bars only inform.
    fn fed(&self) -> Vec<Series> {
        let on_ticks =
            |id| self.data.iter().zip(&self.series).any(|(set, of)| of.instrument == id && set.is_of_ticks());
        let fed = self.series.iter().map(|of| Series { matched: of.matched && !on_ticks(of.instrument), ..*of });
        fed.collect()
    }

    /// As [`Backtest::simulate`], where orders of some instruments meet ticks.
    fn simulate_ticks<S: Strategy>(
        &self,
        engine: Engine<S, RiskControl>,
        venue: SimVenue,
        start: Time,
        header: Header,
    ) -> Result<(Engine<S, RiskControl>, Curve), RunError> {
        let fed = || self.data.iter().zip(&self.series).filter_map(|(set, of)| Some((of.instrument, set.ticks()?)));
        let mut simulator = TickSimulator::new(engine, venue, fed().map(|(id, _)| id).collect());
        let start = fed().filter_map(|(_, ticks)| Some(ticks.rows().first()?.time())).fold(start, Time::min);
        simulator.start(start, self.header(header), self.setup.cash)?;
        let (mut bars, mut ticks) = (Feed::new(&self.data), TickFeed::new(fed()));
        let (mut times, mut equity, mut progress) = (Vec::new(), Vec::new(), Progress::default());
        let (mut rates, mut hand) = (self.rates(), Hand::new(&self.setup.commands));
        let step = self.series.iter().map(|series| series.frame.span()).min().unwrap_or_default();
        while let Some(time) = bars.peek().or_else(|| ticks.peek().map(|_| Time::MAX)) {
            // Of one instant: what happens at the venue, the bars that close or open, what is known here.
            while let Some(next) = ticks.peek().filter(|next| *next < (time, Phase::Known)) {
                hand.advance(next.0, |time, command| simulator.command(time, command))?;
                let Some((id, tick)) = ticks.take(next) else { break };
                match next.1 {
                    Phase::Happens => simulator.happen(id, tick)?,
                    Phase::Known => simulator.tick(id, tick)?,
                }
            }
            if let Some(time) = bars.peek() {
                hand.advance(time, |time, command| simulator.command(time, command))?;
                rates.advance(time, |id, price| simulator.rate(id, time, price))?;
            }
            match bars.next() {
                Some((time, Moment::Opens(opening))) => simulator.open(time, opening)?,
                Some((time, Moment::Closes(closing))) => {
                    equity.push(simulator.close(time, closing)?);
                    progress.note(times.len(), simulator.engine().journal().events());
                    let opened = closing.iter().map(|(_, bar)| bar.time).max().unwrap_or(time);
                    let later = times.last().is_none_or(|last| opened > *last);
                    times.push(if later { opened } else { time - step });
                    self.tell_at(times.len());
                }
                None => {}
            }
        }
        let mut curve = Curve::of_many(times, equity, progress);
        curve.replace_last(simulator.end(self.setup.at_end)?);
        Ok((simulator.into_engine(), curve))
    }

    /// Checks that there are more bars than the strategy's warm-up: [`Backtest::run`] does it too.
    ///
    /// # Errors
    /// [`RunError::TooShort`].
    pub fn check_length(&self, strategy: &impl Strategy) -> Result<(), RunError> {
        let needed = strategy.warm_up();
        let shortest = self.data.iter().min_by_key(|set| set.bars().len());
        shortest.filter(|set| set.bars().len() <= needed).map_or(Ok(()), |set| {
            let (symbol, name) = (set.instrument().symbol().as_str(), &set.origin().name);
            let from = if name.is_empty() || name == symbol { String::new() } else { format!(" from {name}") };
            let data = format!("{symbol} {}{from}", set.frame());
            Err(RunError::TooShort { data, bars: set.bars().len(), needed: needed + 1 })
        })
    }

    fn header(&self, header: Header) -> Header {
        let name = |set: &DataSet| (format!("{} {}", set.instrument().symbol(), set.frame()), set.hash().to_string());
        let rates = self.setup.rates.iter().flat_map(RateSeries::sources).cloned();
        Header { data: self.data.iter().map(name).chain(rates).collect(), seed: self.setup.seed, ..header }
    }

    fn tell(&self, points: usize) {
        if let Some(watch) = &self.watch {
            watch.0(points);
        }
    }

    fn tell_at(&self, points: usize) {
        if points.is_multiple_of(WATCH_EVERY) {
            self.tell(points);
        }
    }

    /// Feeds every row in order; gives the equity after each instant.
    fn feed<S: Strategy>(&self, simulator: &mut Simulator<S, RiskControl>) -> Result<Curve, RunError> {
        // A trade stirs the bars of two orders and of their two fills.
        let mut progress = Progress::with_room_for(4 * self.likely_trades());
        progress.note(0, simulator.engine().journal().events());
        if let [set] = self.data.as_slice()
            && !set.overlaps()
            && self.setup.rates.is_empty()
            && self.setup.commands.is_empty()
        {
            let mut equity = EquityCurve::with_room_for(2 * self.likely_trades());
            for block in set.bars().chunks(WATCH_EVERY) {
                simulator.run(SeriesId(0), block, &mut equity, |point, events| progress.note(point, events))?;
                self.tell(equity.len());
            }
            return Ok(Curve::of_one(set, equity, progress));
        }
        let mut feed = Feed::new(&self.data);
        let (mut times, mut equity) = (Vec::new(), Vec::new());
        let step = self.series.iter().map(|series| series.frame.span()).min().unwrap_or_default();
        let (mut rates, mut hand) = (self.rates(), Hand::new(&self.setup.commands));
        while let Some((time, moment)) = feed.next() {
            hand.advance(time, |time, command| simulator.command(time, command))?;
            rates.advance(time, |id, price| simulator.rate(id, time, price))?;
            match moment {
                Moment::Opens(bars) => simulator.open(time, bars)?,
                Moment::Closes(bars) => {
                    equity.push(simulator.close(time, bars)?);
                    progress.note(times.len(), simulator.engine().journal().events());
                    // A point carries the opening of the bar that closes, the shortest of several, as of a series alone.
                    let opened = bars.iter().map(|(_, bar)| bar.time).max().unwrap_or(time);
                    let later = times.last().is_none_or(|last| opened > *last);
                    times.push(if later { opened } else { time - step });
                    self.tell_at(times.len());
                }
            }
        }
        Ok(Curve::of_many(times, equity, progress))
    }
}
