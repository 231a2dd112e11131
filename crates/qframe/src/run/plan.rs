//! A run that is understood: data, rules, strategy, and the words to print for each.
use qframe_engine::venue::Spreads;
use qframe_engine::{Breaker, Limits, RiskBudget, Sizing, Trigger};
use qframe_lab::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec, find_among};
use qframe_lab::{Backtest, Blind, Lack, RunError, Setup};
use qframe_model::event::Header;
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::Instrument;
use qframe_model::parameter::{ParameterError, Parameters};

use super::calendars::{self, Calendars};
use super::data::{Source, Wish, load, sessions};
use super::interest::{self, Interest};
use super::limits;
use super::rates;
use super::raw::{Pair, Raw, Word};
use super::rolls;
use super::ticks;
use super::values::{Given, given};
use super::venue;
use super::words::words;
use crate::error::Error;

/// What is run when nothing else is asked for.
const STRATEGY: &str = "ma-crossover";

/// See the [module](self).
pub(crate) struct Plan<'a> {
    pub(crate) backtest: Backtest,
    pub(crate) spec: &'a StrategySpec,
    pub(crate) parameters: Parameters,
    pub(crate) sources: Vec<Source>,
    pub(crate) calendars: Calendars,
    pub(crate) interest: Interest,
    /// What rolling costs, a sentence on each series.
    pub(crate) rolls: Vec<String>,
    /// What values currencies that nothing in the run prices, a sentence each.
    pub(crate) valued: Vec<String>,
    /// The settings by name, one spelling for each: for reports and the journal.
    pub(crate) settings: Vec<(String, String)>,
}

impl<'a> Plan<'a> {
    /// Understands the words; everything that can be refused without running is refused here.
    pub(crate) fn new(raw: &Raw, own: &'a [StrategySpec]) -> Result<Self, Error> {
        let name = raw.strategy.as_ref().map_or(STRATEGY, |word| word.0.as_str());
        let spec = find_among(own, name).map_err(|error| Error::usage("--strategy", name, error))?;
        let mut given_parameters: Vec<(&str, &str)> =
            raw.param.iter().map(|Pair(name, value)| (name.as_str(), value.as_str())).collect();
        given_parameters.extend(raw.objective.iter().map(|Word(objective)| ("objective", objective.as_str())));
        let parameters = Parameters::parse(spec.parameters, &given_parameters)
            .map_err(|error| wrong_parameter(raw, spec, &error))?;
        given("--benchmark", &raw.benchmark).map_or(Ok(()), |given| given.one_of(&[("buy-and-hold", ())]))?;
        let mut setup = setup(raw, spec.name)?;
        let wish = Wish::new(raw, venue::margin(raw)?)?;
        let mut sources = load(raw, &wish)?;
        let symbols: Vec<_> = sources.iter().map(|source| source.set.instrument().symbol()).collect();
        limits::check_symbols(raw, &symbols)?;
        if sources.iter().any(|source| source.set.is_of_ticks()) {
            ticks::check_words(&setup)?;
        }
        setup.currency = match given("--currency", &raw.currency) {
            Some(given) => given.parse()?,
            None => sources[0].set.instrument().quote(),
        };
        let sets: Vec<_> = sources.iter().map(|source| source.set.clone()).collect();
        let market = Backtest::new(sets, setup.clone()).map_err(|error| refused(raw, &error))?;
        check_pairs(raw, spec, &market)?;
        let is_own = own.iter().any(|one| one.name == spec.name);
        check_window(raw, &market, names_stop(spec, &parameters).unwrap_or(is_own))?;
        let (rates, valued) = rates::load(&market, &setup, &wish)?;
        setup.rates = rates;
        let calendars = calendars::load(raw, &market, &wish.catalog, &sources)?;
        let interest = interest::load(raw, &market)?;
        for source in &mut sources {
            source.judge(&calendars.of(source.set.instrument(), &market));
        }
        setup.venue.actions.clone_from(&calendars.actions);
        setup.venue.funding.clone_from(&calendars.funding);
        let rolls = rolls::load(raw, &market, &wish.catalog, &sources)?;
        setup.venue.rolls.clone_from(&rolls.rows);
        setup.venue.rollover.clone_from(&interest.rollover);
        setup.venue.spreads = spreads(&sources, &market);
        setup.venue.sessions = sessions(&sources, &market);
        let settings = words(raw, &setup, &wish, (&sources, &calendars, &interest, &rolls))?;
        let symbols: Vec<_> = market.instruments().iter().map(|instrument| instrument.symbol().clone()).collect();
        setup.limits = limits::apart(raw, setup.limits, &symbols);
        let sets = sources.iter().map(|source| source.set.clone()).collect();
        let backtest = Backtest::new(sets, setup).map_err(Error::refused)?;
        Ok(Self { backtest, spec, parameters, sources, calendars, interest, rolls: rolls.told, valued, settings })
    }

    /// The strategy, made anew for the market of a part of the data.
    pub(crate) fn strategy_on(&self, part: &Backtest) -> Result<AnyStrategy, BuildError> {
        self.spec.strategy(&self.parameters, &MarketInfo::of(part))
    }

    /// The strategy, made anew.
    pub(crate) fn strategy(&self) -> Result<AnyStrategy, Error> {
        self.strategy_on(&self.backtest).map_err(|error| match error {
            BuildError::Parameter(error) => Error::usage("--param", "", error),
            BuildError::NoShortSales(_) => Error::usage("--allow-short", "", error),
            BuildError::Lacks { needs: Needs::Funding, .. } => Error::usage("--funding", "", error),
            BuildError::Symbols { .. } | BuildError::Lacks { .. } => Error::usage("--data", "", error),
            BuildError::Weights { .. } | BuildError::NoStop { .. } => Error::usage("--size", "", error),
        })
    }

    /// What the journal says of the run.
    pub(crate) fn header(&self) -> Header {
        let parameters = self.parameters.iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
        Header { strategy: self.spec.name.to_owned(), parameters, settings: self.settings.clone(), ..Header::default() }
    }
}

/// The flag that a wrong parameter came from.
fn wrong_parameter(raw: &Raw, spec: &StrategySpec, error: &ParameterError) -> Error {
    const OBJECTIVE: &str = "objective";
    let Some(given) = given("--objective", &raw.objective) else { return Error::usage("--param", "", error) };
    match error {
        ParameterError::Unknown { name, .. } if name == OBJECTIVE => {
            given.wrong(format!("{} has no objective; take --strategy portfolio", spec.name))
        }
        ParameterError::Refused { name: OBJECTIVE, .. } => Error::usage(given.flag, "", error),
        ParameterError::Twice(name) if name == OBJECTIVE => {
            given.wrong("--param objective says it too; keep one of them")
        }
        _ => Error::usage("--param", "", error),
    }
}

/// What the data and the rules do not go together in, with the word that asked for it.
fn refused(raw: &Raw, error: &RunError) -> Error {
    match error {
        RunError::Twice(_) => Error::usage("--data", "", error),
        RunError::NoPips(_) => {
            let words = [given("--spread", &raw.spread), given("--slippage", &raw.slippage)];
            let pips = words.into_iter().flatten().find(|given| given.word.contains("pip"));
            pips.map_or_else(|| Error::refused(error), |given| given.wrong(error))
        }
        _ => limits::refused(raw, error),
    }
}

/// Refuses what looks at several positions where only one symbol is traded: it would hold nothing.
fn check_pairs(raw: &Raw, spec: &StrategySpec, market: &Backtest) -> Result<(), Error> {
    let setup = market.setup();
    let is_of_one = spec.assets == Assets::One;
    if market.instruments().len() > 1 && !is_of_one {
        return Ok(());
    }
    if let (Sizing::Risk(RiskBudget { heat: Some(_), .. }), Some(given)) = (setup.sizing, given("--size", &raw.size)) {
        let why = match is_of_one {
            true => format!("{} trades one symbol: leave :heat out, or take donchian-breakout on several", spec.name),
            false => "there is one: leave :heat out, or give more with --data".to_owned(),
        };
        return Err(given.wrong(format!("heat is what the positions of several symbols may lose together, and {why}")));
    }
    let pairs = |breaker: &&Breaker| matches!(breaker.trigger, Trigger::Correlation { .. });
    let blind = |breaker: &Breaker| RunError::Blind(Blind { breaker: *breaker, instrument: None, lack: Lack::Pair });
    let found = setup.limits.breakers.iter().find(pairs);
    found.map_or(Ok(()), |breaker| Err(limits::refused(raw, &blind(breaker))))
}

/// True where the strategy's entries name a stop; `None` where no parameter of it says so.
pub(crate) fn names_stop(spec: &StrategySpec, parameters: &Parameters) -> Option<bool> {
    let mut stops = spec.parameters.iter().filter(|one| ["stop", "stop-atr"].contains(&one.name)).peekable();
    stops.peek()?;
    Some(stops.any(|stop| parameters.number(stop.name).is_ok_and(|far| far > 0.0)))
}

/// Refuses a size that looks back on more bars than a symbol has: it would refuse every entry. A stop stands for a range.
fn check_window(raw: &Raw, market: &Backtest, names_stop: bool) -> Result<(), Error> {
    let (sizing, traded) = (market.setup().sizing, market.series().iter().zip(market.data()));
    let there = traded.filter(|(series, _)| series.matched).map(|(_, set)| set.bars().len()).max().unwrap_or(0);
    let is_used = sizing.lookback() > 0 && !(names_stop && matches!(sizing, Sizing::Risk(_)));
    match given("--size", &raw.size).filter(|_| is_used && there <= sizing.lookback()) {
        Some(given) => {
            // An entry fills on the bar behind the one that it was decided on.
            let needed = sizing.lookback() + 1;
            let why = format!("it needs {needed} bars of a symbol before an entry can fill, and there are {there}");
            Err(given.wrong(format!("{why}: look back on fewer, or take more data")))
        }
        None => Ok(()),
    }
}

/// The recorded spreads of those series that have them; the shortest bars of a symbol are those that are traded on.
fn spreads(sources: &[Source], market: &Backtest) -> Vec<Spreads> {
    let mut quoted: Vec<&Source> = sources.iter().filter(|source| !source.spreads.is_empty()).collect();
    quoted.sort_by_key(|source| source.set.frame());
    let mut found: Vec<Spreads> = Vec::new();
    for source in quoted {
        let is_its = |instrument: &Instrument| instrument.symbol() == source.set.instrument().symbol();
        let place = market.instruments().iter().position(is_its).map(|place| InstrumentId(place as u16));
        if let Some(instrument) = place.filter(|id| found.iter().all(|spreads| spreads.instrument != *id)) {
            found.push(Spreads { instrument, rows: source.spreads.clone().into() });
        }
    }
    found
}

fn setup(raw: &Raw, strategy: &str) -> Result<Setup, Error> {
    let default = Setup::default();
    let (breakers, commands) = limits::control(raw)?;
    Ok(Setup {
        cash: given("--cash", &raw.cash).map_or(Ok(default.cash), Given::amount)?,
        venue: venue::settings(raw)?,
        sizing: venue::sizing(raw)?,
        limits: Limits { breakers, ..limits::limits(raw, strategy)? },
        commands,
        at_end: venue::at_end(raw)?,
        seed: venue::seed(raw)?,
        risk_free: venue::risk_free(raw)?.to_f64(),
        ..default
    })
}
