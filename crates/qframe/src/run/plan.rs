//! A run that is understood: data, rules, strategy, and the words to print for each.
use qframe_lab::registry::{AnyStrategy, MarketInfo, StrategySpec, find_among};
use qframe_lab::{Backtest, Setup};
use qframe_model::event::Header;
use qframe_model::number::{Cash, Rate};
use qframe_model::parameter::Parameters;

use super::data::{Source, load};
use super::raw::{Pair, Raw};
use super::values::{Given, given};
use super::venue;
use crate::error::Error;

/// What is run when nothing else is asked for.
const STRATEGY: &str = "ma-crossover";

/// See the [module](self).
pub(crate) struct Plan<'a> {
    pub(crate) backtest: Backtest,
    pub(crate) spec: &'a StrategySpec,
    pub(crate) parameters: Parameters,
    pub(crate) sources: Vec<Source>,
    /// The settings as they were written or defaulted, by name: for reports and the journal.
    pub(crate) settings: Vec<(String, String)>,
}

impl<'a> Plan<'a> {
    /// Understands the words; everything that can be refused without running is refused here.
    pub(crate) fn new(raw: &Raw, own: &'a [StrategySpec]) -> Result<Self, Error> {
        let name = raw.strategy.as_ref().map_or(STRATEGY, |word| word.0.as_str());
        let spec = find_among(own, name).map_err(|error| Error::usage("--strategy", name, error))?;
        let given_parameters: Vec<(&str, &str)> =
            raw.param.iter().map(|Pair(name, value)| (name.as_str(), value.as_str())).collect();
        let parameters = Parameters::parse(spec.parameters, &given_parameters)
            .map_err(|error| Error::usage("--param", "", error))?;
        given("--benchmark", &raw.benchmark).map_or(Ok(()), |given| given.one_of(&[("buy-and-hold", ())]))?;
        let setup = setup(raw)?;
        let sources = load(raw, venue::margin(raw)?)?;
        let currency = match given("--currency", &raw.currency) {
            Some(given) => given.parse()?,
            None => sources[0].set.instrument().quote(),
        };
        let settings = words(raw, &setup, currency);
        let sets = sources.iter().map(|source| source.set.clone()).collect();
        let backtest = Backtest::new(sets, Setup { currency, ..setup }).map_err(Error::refused)?;
        Ok(Self { backtest, spec, parameters, sources, settings })
    }

    /// The strategy, made anew.
    pub(crate) fn strategy(&self) -> Result<AnyStrategy, Error> {
        let built = self.spec.strategy(&self.parameters, &MarketInfo::of(&self.backtest));
        built.map_err(|error| Error::usage("--strategy", self.spec.name, error))
    }

    /// What the journal says of the run.
    pub(crate) fn header(&self) -> Header {
        let parameters = self.parameters.iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
        Header { strategy: self.spec.name.to_owned(), parameters, settings: self.settings.clone(), ..Header::default() }
    }
}

fn setup(raw: &Raw) -> Result<Setup, Error> {
    let default = Setup::default();
    Ok(Setup {
        cash: given("--cash", &raw.cash).map_or(Ok(default.cash), Given::amount)?,
        venue: venue::settings(raw)?,
        sizing: venue::sizing(raw)?,
        limits: venue::limits(raw)?,
        at_end: venue::at_end(raw)?,
        seed: given("--seed", &raw.seed).map_or(Ok(0), Given::parse)?,
        risk_free: given("--risk-free", &raw.risk_free)
            .map_or(Ok(Rate::ZERO), |given| given.share(-Rate::percent(50), Rate::ONE))?
            .to_f64(),
        ..default
    })
}

/// Every setting by its flag's name: what was written, or the default.
fn words(raw: &Raw, setup: &Setup, currency: qframe_model::currency::Currency) -> Vec<(String, String)> {
    let cash: Cash = setup.cash;
    let mut words = vec![
        ("cash".to_owned(), cash.to_string()),
        ("currency".to_owned(), currency.to_string()),
        ("size".to_owned(), setup.sizing.to_string()),
        ("seed".to_owned(), setup.seed.to_string()),
    ];
    let given = [
        ("lot", &raw.lot, "by instrument"),
        ("allow-short", &raw.allow_short, "false"),
        ("leverage", &raw.leverage, "1"),
        ("maintenance", &raw.maintenance, "by leverage"),
        ("borrow-rate", &raw.borrow_rate, "0%"),
        ("unaffordable", &raw.unaffordable, "refuse"),
        ("fee", &raw.fee, venue::FEE),
        ("slippage", &raw.slippage, "none"),
        ("spread", &raw.spread, "0"),
        ("fill", &raw.fill, "next-open"),
        ("intrabar", &raw.intrabar, "stop-first"),
        ("latency", &raw.latency, "none"),
        ("volume-cap", &raw.volume_cap, "none"),
        ("at-end", &raw.at_end, "keep"),
        ("max-order", &raw.max_order, "none"),
        ("max-position", &raw.max_position, "none"),
        ("max-leverage", &raw.max_leverage, "none"),
        ("collar", &raw.collar, "none"),
        ("daily-loss", &raw.daily_loss, "none"),
        ("max-drawdown", &raw.max_drawdown, "none"),
        ("from", &raw.from, "all"),
        ("to", &raw.to, "all"),
        ("timeframe", &raw.timeframe, "the data's"),
        ("on-bad-row", &raw.on_bad_row, "stop"),
        ("benchmark", &raw.benchmark, "buy-and-hold"),
        ("risk-free", &raw.risk_free, "0%"),
    ];
    let text = |(name, word, default): (&str, &Option<super::raw::Word>, &str)| {
        (name.to_owned(), word.as_ref().map_or(default, |word| word.0.as_str()).to_owned())
    };
    words.extend(given.into_iter().map(text));
    words
}
