//! What can be traded, and its rules: grid, limits, multiplier, margin, expiry.
use serde::{Deserialize, Serialize};

use std::fmt;

use crate::currency::Currency;
use crate::number::{Cash, Overflow, Price, Quantity, Rate, Rounding, mul_div};
use crate::refusal::Refusal;
use crate::symbol::{Symbol, SymbolParts};
use crate::time::{Span, Time};

/// What kind of thing an instrument is: it decides what a fill moves in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A coin bought with a currency: both change hands.
    Spot,
    /// A currency pair: both change hands.
    Forex,
    /// A share or fund: the share and its price change hands.
    Stock,
    /// A contract with no end: a perpetual, held to the spot price by funding, or a future that is rolled. Only profits
    /// change hands.
    Perpetual,
    /// A contract that settles at its expiry: only profits change hands.
    Future {
        /// The instant of settlement: the end of the day that its symbol names, at what was its last price by then. Exchanges
        /// settle within that day, and nothing trades after it.
        expiry: Time,
    },
    /// An exchange rate that values what is held in another currency, and that nothing trades on.
    Rate,
}

impl Kind {
    /// True where only profits change hands.
    #[must_use]
    pub const fn is_derivative(self) -> bool {
        matches!(self, Self::Perpetual | Self::Future { .. })
    }
}

/// Margin rates: the share of a position's value that must be there to open it and to keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Margin {
    /// To open: 1 is fully paid, 0.1 is ten times leverage.
    pub initial: Rate,
    /// To keep: below it the position is liquidated.
    pub maintenance: Rate,
}

impl Margin {
    /// Fully paid: no leverage. A short holds its whole value as security; the floor is the 30 % of FINRA rule 4210.
    pub const FULL: Self = Self { initial: Rate::ONE, maintenance: Rate::percent(30) };
}

/// The least and the most that a venue takes of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    /// Units; zero for no limit.
    pub min_quantity: Quantity,
    /// Units; `None` for no limit.
    pub max_quantity: Option<Quantity>,
    /// The lowest price; zero for no limit.
    pub min_price: Price,
    /// The highest price; `None` for no limit.
    pub max_price: Option<Price>,
}

impl Bounds {
    /// Judges an order's units.
    ///
    /// # Errors
    /// [`Refusal::BelowMinQuantity`] and [`Refusal::AboveMaxQuantity`].
    pub fn check_quantity(&self, asked: Quantity) -> Result<(), Refusal> {
        if asked < self.min_quantity {
            return Err(Refusal::BelowMinQuantity { asked, minimum: self.min_quantity });
        }
        match self.max_quantity {
            Some(maximum) if asked > maximum => Err(Refusal::AboveMaxQuantity { asked, maximum }),
            _ => Ok(()),
        }
    }

    /// Judges a price that an order names.
    ///
    /// # Errors
    /// [`Refusal::OutsidePriceLimits`].
    pub fn check_price(&self, price: Price) -> Result<(), Refusal> {
        let is_outside = price < self.min_price || self.max_price.is_some_and(|maximum| price > maximum);
        let refusal = Refusal::OutsidePriceLimits { price, minimum: self.min_price, maximum: self.max_price };
        if is_outside { Err(refusal) } else { Ok(()) }
    }
}

/// The rules of an instrument, as a venue publishes them. [`Instrument::new`] checks them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Prices are multiples of it.
    pub tick: Price,
    /// Quantities are multiples of it.
    pub lot: Quantity,
    /// The smallest order value in the quote currency; zero for none.
    pub min_notional: Cash,
    /// Units of the base that one contract stands for: 1 for spot and stocks, 50 for ES.
    pub multiplier: Quantity,
    /// The least and the most that an order may name.
    pub bounds: Bounds,
    /// Margin rates.
    pub margin: Margin,
    /// The name of its trading hours: `24/7`, `NYSE`, `CME`, `forex`.
    pub hours: &'static str,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            tick: Price::from_nanos(1),
            lot: Quantity::from_nanos(1),
            min_notional: Cash::ZERO,
            multiplier: Quantity::ONE,
            bounds: Bounds::default(),
            margin: Margin::FULL,
            hours: "24/7",
        }
    }
}

/// Something that can be traded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    symbol: Symbol,
    kind: Kind,
    base: Currency,
    quote: Currency,
    settle: Currency,
    rules: Rules,
}

/// Why an instrument cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstrumentError {
    /// A rule that must be above zero is not.
    NotPositive(&'static str, String),
    /// Margin rates outside 0 < maintenance <= initial <= 1.
    Margin(Margin),
    /// Profits are paid in the coin itself: values are not linear in the price. Not supported.
    Inverse(Symbol),
}

impl fmt::Display for InstrumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPositive(rule, value) => write!(f, "the {rule} {value} is not above zero"),
            Self::Margin(Margin { initial, maintenance }) => write!(
                f,
                "margin rates initial {initial}, maintenance {maintenance}: expected 0 < maintenance <= initial <= 1"
            ),
            Self::Inverse(symbol) => write!(
                f,
                "{symbol} settles in its own coin (inverse contract), which is not supported; use the contract that settles in its quote currency"
            ),
        }
    }
}

impl std::error::Error for InstrumentError {}

impl Instrument {
    /// An instrument whose kind follows from its symbol: a pair is spot, a name without a date a stock quoted in `listed_in`.
    ///
    /// # Errors
    /// [`InstrumentError`] where a rule is out of range or the contract is inverse.
    pub fn new(symbol: Symbol, listed_in: Currency, rules: Rules) -> Result<Self, InstrumentError> {
        let future = |day: Time| Kind::Future { expiry: day + Span::from_seconds(86_400) };
        let (kind, base, quote, settle) = match symbol.parts() {
            SymbolParts::Pair { base, quote } => (Kind::Spot, base, quote, quote),
            SymbolParts::Contract { base, quote, settle, expiry } => {
                (expiry.map_or(Kind::Perpetual, future), base, quote, settle)
            }
            SymbolParts::Listed { name, expiry } => (expiry.map_or(Kind::Stock, future), name, listed_in, listed_in),
        };
        if settle != quote {
            return Err(InstrumentError::Inverse(symbol));
        }
        rules.check()?;
        Ok(Self { symbol, kind, base, quote, settle, rules })
    }

    /// A pair of currencies that trades by forex rules.
    ///
    /// # Errors
    /// As [`Instrument::new`].
    pub fn forex(symbol: Symbol, rules: Rules) -> Result<Self, InstrumentError> {
        let spot = Self::new(symbol, Currency::USD, rules)?;
        Ok(if spot.kind == Kind::Spot { Self { kind: Kind::Forex, ..spot } } else { spot })
    }

    /// What dealers of currencies count prices in: the fourth place behind the point, the second where the quote currency has no
    /// cents or is the forint. `None` for what is no forex pair.
    #[must_use]
    pub fn pip(&self) -> Option<Price> {
        const SECOND_PLACE: [&str; 6] = ["JPY", "HUF", "KRW", "CLP", "ISK", "VND"];
        let nanos = if SECOND_PLACE.contains(&self.quote.as_str()) { 10_000_000 } else { 100_000 };
        (self.kind == Kind::Forex).then_some(Price::from_nanos(nanos))
    }

    /// An exchange rate: it values one currency in another, and is not traded.
    ///
    /// # Errors
    /// As [`Instrument::new`], where the two are no pair.
    pub fn rate(from: Currency, to: Currency) -> Result<Self, InstrumentError> {
        let name = format!("{from}/{to}");
        let symbol = name.parse::<Symbol>().map_err(|_| InstrumentError::NotPositive("exchange rate", name))?;
        let spot = Self::new(symbol, to, Rules::default())?;
        Ok(Self { kind: Kind::Rate, ..spot })
    }

    /// A name without a date as the one series that contracts are rolled into: no end, and only profits change hands.
    ///
    /// # Errors
    /// As [`Instrument::new`].
    pub fn rolled(symbol: Symbol, listed_in: Currency, rules: Rules) -> Result<Self, InstrumentError> {
        let listed = Self::new(symbol, listed_in, rules)?;
        Ok(if listed.kind == Kind::Stock { Self { kind: Kind::Perpetual, ..listed } } else { listed })
    }

    /// Its name.
    #[must_use]
    pub const fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What is bought: the coin, the share, or what the contract follows.
    #[must_use]
    pub const fn base(&self) -> Currency {
        self.base
    }

    /// What its price is counted in.
    #[must_use]
    pub const fn quote(&self) -> Currency {
        self.quote
    }

    /// What fees and profits are paid in; today always the quote currency.
    #[must_use]
    pub const fn settle(&self) -> Currency {
        self.settle
    }

    /// Its grid, limits and margin.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The value of `quantity` units at `price` in the settlement currency; exact, but for a fractional multiplier
    /// whose product is rounded half-even at 1e-18.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range of [`Cash`].
    #[inline]
    pub fn value(&self, price: Price, quantity: Quantity) -> Result<Cash, Overflow> {
        self.multiplied(price.times(quantity).ok_or(Overflow("price x quantity"))?)
    }

    /// The value of so much of what it trades, which may be finer than a quantity; rounded half-even at 1e-18.
    pub(crate) fn value_of(&self, price: Price, owned: Cash) -> Result<Cash, Overflow> {
        self.multiplied(owned.at_rate(Rate::from_nanos(price.nanos()))?)
    }

    #[inline]
    fn multiplied(&self, value: Cash) -> Result<Cash, Overflow> {
        if self.rules.multiplier == Quantity::ONE {
            return Ok(value);
        }
        let (part, whole) = (self.rules.multiplier.nanos(), Quantity::ONE.nanos());
        value.scaled(part, whole, Rounding::HalfEven)
    }

    /// How many units `budget` buys at `price`, in whole lots, towards zero; `None` where the price is not above zero.
    #[must_use]
    pub fn affordable(&self, budget: Cash, price: Price) -> Option<Quantity> {
        let budget = match self.rules.multiplier {
            Quantity::ONE => budget.attos(),
            multiplier => mul_div(budget.attos(), Quantity::ONE.nanos(), multiplier.nanos(), Rounding::Down)?,
        };
        let units = Cash::from_attos(budget).units_at(price)?;
        price.is_positive().then(|| units.floor_to(self.rules.lot))
    }

    /// The nearest price on the tick grid, ties to the even tick.
    #[must_use]
    pub fn on_grid(&self, price: Price) -> Price {
        price.nearest(self.rules.tick)
    }
}

impl Rules {
    fn check(&self) -> Result<(), InstrumentError> {
        let refuse = |rule, value: String| Err(InstrumentError::NotPositive(rule, value));
        if !self.tick.is_positive() {
            return refuse("tick", self.tick.to_string());
        }
        if !self.lot.is_positive() {
            return refuse("lot", self.lot.to_string());
        }
        if !self.multiplier.is_positive() {
            return refuse("contract multiplier", self.multiplier.to_string());
        }
        let Margin { initial, maintenance } = self.margin;
        if !(maintenance.is_positive() && maintenance <= initial && initial <= Rate::ONE) {
            return Err(InstrumentError::Margin(self.margin));
        }
        Ok(())
    }
}
