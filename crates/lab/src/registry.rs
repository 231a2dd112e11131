//! The strategies by name: what each is for, what it lets one set, and how it is built.
//!
//! A strategy of one's own is a [`StrategySpec`] of the same form; [`find_among`] looks through both lists.
use std::fmt;

use qframe_engine::{RiskBudget, Sizing, Strategy};
use qframe_model::ids::SeriesId;
use qframe_model::number::Rate;
use qframe_model::parameter::{ParameterError, ParameterSpec, Parameters, nearest};
use qframe_model::strategy::StrategyKind;

use crate::backtest::{Backtest, Setup};
use crate::strategies;

/// A strategy chosen at run time.
pub type AnyStrategy = Box<dyn Strategy + Send>;

/// A strategy as a list shows it.
#[derive(Debug, Clone, Copy)]
pub struct StrategySpec {
    /// Its name: lower case, words joined by hyphens.
    pub name: &'static str,
    /// What it does, in a sentence without a full stop.
    pub about: &'static str,
    /// What it lives on.
    pub kind: StrategyKind,
    /// What one may set, with defaults and ranges.
    pub parameters: &'static [ParameterSpec],
    /// How many symbols it wants.
    pub assets: Assets,
    /// What it cannot act without.
    pub needs: Needs,
    /// Makes one of parameters that were parsed by `parameters`; it refuses those that do not go together. It may count
    /// on the number of symbols where it is called through [`StrategySpec::strategy`].
    pub build: fn(&Parameters, &MarketInfo) -> Result<AnyStrategy, BuildError>,
}

impl StrategySpec {
    /// The strategy with these parameters, for this market.
    ///
    /// # Errors
    /// [`BuildError`] where the market or the parameters are not for it.
    pub fn strategy(&self, parameters: &Parameters, market: &MarketInfo) -> Result<AnyStrategy, BuildError> {
        if !self.assets.fit(market.instruments) {
            let (strategy, wanted, given) = (self.name, self.assets, market.instruments);
            return Err(BuildError::Symbols { strategy, wanted, given });
        }
        if !self.needs.are_met(market) {
            return Err(BuildError::Lacks { strategy: self.name, needs: self.needs });
        }
        (self.build)(parameters, market)
    }
}

/// How many symbols a strategy wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assets {
    /// One; of several it trades the first and does not look at the others.
    One,
    /// Two, no more and no less.
    Two,
    /// So many or more.
    AtLeast(usize),
}

impl Assets {
    /// True where a strategy can be given so many symbols.
    #[must_use]
    pub const fn fit(self, symbols: usize) -> bool {
        match self {
            Self::One => symbols >= 1,
            Self::Two => symbols == 2,
            Self::AtLeast(least) => symbols >= least,
        }
    }
}

impl fmt::Display for Assets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One => f.pad("one symbol"),
            Self::Two => f.pad("two symbols"),
            Self::AtLeast(1) => f.pad("one symbol or more"),
            Self::AtLeast(least) => write!(f, "{least} symbols or more"),
        }
    }
}

/// What a strategy cannot act without: where that is missing it would run to the end and do nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Bars, which all data has.
    Bars,
    /// Best quotes or an order book of the first symbol.
    Book,
    /// Funding of one of the symbols.
    Funding,
}

impl Needs {
    /// True where the market has it.
    #[must_use]
    pub const fn are_met(self, market: &MarketInfo) -> bool {
        match self {
            Self::Bars => true,
            Self::Book => market.has_book,
            Self::Funding => market.has_funding,
        }
    }
}

impl Needs {
    const fn remedy(self) -> &'static str {
        match self {
            Self::Bars => "give data",
            Self::Book => "give a recorded stream, or a name of the catalog, with --grain quotes or book",
            Self::Funding => "give a perpetual's with --funding FILE, or a name of the catalog that has it",
        }
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bars => "bars",
            Self::Book => "quotes or an order book",
            Self::Funding => "funding",
        })
    }
}

/// What a strategy may know of its market before the first row.
#[derive(Debug, Clone, PartialEq)]
pub struct MarketInfo {
    /// How many instruments there are.
    pub instruments: usize,
    /// The first series of each instrument: what a strategy goes by that trades every symbol on one time frame.
    pub leads: Vec<SeriesId>,
    /// True where all of them can be sold short.
    pub can_short: bool,
    /// True where orders of the first one meet quotes or a book.
    pub has_book: bool,
    /// True where one of them pays funding.
    pub has_funding: bool,
    /// How large entries are.
    pub sizing: Sizing,
}

impl MarketInfo {
    /// The market of a backtest.
    #[must_use]
    pub fn of(backtest: &Backtest) -> Self {
        let instruments = backtest.instruments();
        let derivatives = instruments.iter().all(|instrument| instrument.kind().is_derivative());
        let Setup { venue, sizing, .. } = backtest.setup();
        let first = |id: usize| backtest.series().iter().position(|series| series.instrument.index() == id);
        Self {
            instruments: instruments.len(),
            leads: (0..instruments.len()).filter_map(|id| Some(SeriesId(first(id)? as u16))).collect(),
            can_short: derivatives || venue.allow_short,
            has_book: backtest.data()[0].has_book(),
            has_funding: !venue.funding.is_empty(),
            sizing: *sizing,
        }
    }

    /// The share of the equity that a strategy with weights of its own may use in all: it multiplies them by this.
    ///
    /// # Errors
    /// [`BuildError::Weights`] where the sizing is no share of the equity.
    pub fn share(&self, strategy: &'static str) -> Result<Rate, BuildError> {
        match self.sizing {
            Sizing::Equity(share) => Ok(share),
            other => Err(BuildError::Weights { strategy, sizing: other.to_string() }),
        }
    }

    /// For what enters without a stop.
    ///
    /// # Errors
    /// [`BuildError::NoStop`] where the sizing counts from one.
    pub fn check_no_stop(&self, strategy: &'static str) -> Result<(), BuildError> {
        match self.sizing {
            Sizing::Risk(RiskBudget { range: None, .. }) => {
                Err(BuildError::NoStop { strategy, sizing: self.sizing.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// For what sells short by its nature.
    ///
    /// # Errors
    /// [`BuildError::NoShortSales`] where this market does not let it.
    pub const fn check_short(&self, what: &'static str) -> Result<(), BuildError> {
        if self.can_short { Ok(()) } else { Err(BuildError::NoShortSales(what)) }
    }
}

/// Why a strategy is not built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildError {
    /// A parameter, or two that do not go together.
    Parameter(ParameterError),
    /// Too few symbols, or too many.
    Symbols {
        /// Of which strategy.
        strategy: &'static str,
        /// How many it wants.
        wanted: Assets,
        /// How many there are.
        given: usize,
    },
    /// This sells short, and the account does not.
    NoShortSales(&'static str),
    /// The strategy weighs its positions itself, and the sizing is no share of the equity to weigh them by.
    Weights {
        /// Which strategy.
        strategy: &'static str,
        /// As it was asked for.
        sizing: String,
    },
    /// The strategy acts on what this market does not have.
    Lacks {
        /// Which strategy.
        strategy: &'static str,
        /// What it needs.
        needs: Needs,
    },
    /// The sizing counts from a stop, and the strategy has none.
    NoStop {
        /// Which strategy.
        strategy: &'static str,
        /// As it was asked for.
        sizing: String,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(error) => error.fmt(f),
            Self::Symbols { strategy, wanted, given } => write!(f, "{strategy} wants {wanted}; it is given {given}"),
            Self::NoShortSales(what) => {
                write!(f, "{what} sells short, and this account does not; allow short sales or choose perpetuals")
            }
            Self::Weights { strategy, sizing } => write!(
                f,
                "{strategy} weighs its positions itself, and size {sizing} says nothing to that; give the share of the \
                 equity that it may use in all, such as 50%"
            ),
            Self::Lacks { strategy, needs } => {
                write!(f, "{strategy} acts on {needs}, and there is none; {}", needs.remedy())
            }
            Self::NoStop { strategy, sizing } => write!(
                f,
                "size {sizing} counts from a stop, and {strategy} enters without one; set its parameter stop where it \
                 has one, or give a share of the equity, such as 50%"
            ),
        }
    }
}

impl std::error::Error for BuildError {}

impl From<ParameterError> for BuildError {
    fn from(error: ParameterError) -> Self {
        Self::Parameter(error)
    }
}

/// No strategy has this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownStrategy {
    /// The name as it was given.
    pub name: String,
    /// A name that was perhaps meant.
    pub nearest: Option<&'static str>,
    /// All names, in the order of the lists.
    pub known: Vec<&'static str>,
}

impl fmt::Display for UnknownStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no strategy {:?}", self.name)?;
        if let Some(nearest) = self.nearest {
            write!(f, "; did you mean {nearest}?")?;
        }
        write!(f, " (there are {})", self.known.join(", "))
    }
}

impl std::error::Error for UnknownStrategy {}

/// The strategies that come with QFrame.
#[must_use]
pub fn registry() -> &'static [StrategySpec] {
    &strategies::ALL
}

/// The bundled strategy of this name.
///
/// # Errors
/// [`UnknownStrategy`] with the nearest name and all there are.
pub fn find(name: &str) -> Result<&'static StrategySpec, UnknownStrategy> {
    find_among(&[], name)
}

/// The strategy of this name among one's own and the bundled ones; one's own come first.
///
/// # Errors
/// As [`find`].
pub fn find_among<'a>(own: &'a [StrategySpec], name: &str) -> Result<&'a StrategySpec, UnknownStrategy> {
    let all = || own.iter().chain(registry());
    all().find(|spec| spec.name == name).ok_or_else(|| UnknownStrategy {
        name: name.to_owned(),
        nearest: nearest(name, all().map(|spec| spec.name)),
        known: all().map(|spec| spec.name).collect(),
    })
}
