//! The account: ledger, positions and marks of one owner, valued in one reporting currency.
//!
//! Equity is what the ledger's assets are worth at the last marks, plus the open profit of derivatives. It is kept up to
//! date with every mark and fill, so that reading it costs nothing.
mod reports;
mod valuation;

use std::fmt;
use std::sync::Arc;

use crate::currency::Currency;
use crate::fill::Fill;
use crate::ids::{CommodityId, InstrumentId};
use crate::instrument::Instrument;
use crate::ledger::{Book, Entry, Ledger, Transfer};
use crate::number::{Cash, Overflow, Price, Rate, Rounding};
use crate::position::{ClosedTrade, Position};
use crate::symbol::Symbol;
pub use valuation::Line;
use valuation::Valuation;

/// Something the ledger counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commodity {
    /// Money or a coin.
    Currency(Currency),
    /// Units of one instrument: of a share, whose name may be that of a currency, or of a coin at a venue that the symbol
    /// names, which is worth what it brings there.
    Units(Symbol),
}

impl fmt::Display for Commodity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Currency(currency) => currency.fmt(f),
            Self::Units(symbol) => symbol.fmt(f),
        }
    }
}

/// Why an account cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountError {
    /// More instruments or commodities than the dense numbers hold.
    TooMany(usize),
    /// A currency that nothing prices in the reporting currency.
    NoRate {
        /// The currency that is needed.
        currency: Currency,
        /// The currency to report in.
        reporting: Currency,
    },
}

impl fmt::Display for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany(count) => write!(f, "{count} instruments are too many (at most 30,000)"),
            Self::NoRate { currency, reporting } => write!(
                f,
                "nothing prices {currency} in {reporting}; add the pair {currency}/{reporting} to the data or report in {currency}"
            ),
        }
    }
}

impl std::error::Error for AccountError {}

/// What is known of one instrument.
#[derive(Debug, Clone, Copy, Default)]
struct Holding {
    position: Position,
    mark: Option<Price>,
    /// What of the base commodity this instrument's price values, to the last digit: all that the ledger owns where this is
    /// the pricing instrument, nothing where another one is.
    owned: Cash,
    /// How a new price becomes a new worth.
    valuation: Valuation,
    /// What a [`Valuation::Line`] takes off: the cost of a derivative's open units, nothing of what is owned.
    basis: Cash,
    /// The worth of the above (or the open profit of a derivative) in the reporting currency.
    value: Cash,
    base: Option<CommodityId>,
    quote: usize,
}

/// The ledger, the positions and the marks of one owner, and what they are worth together.
#[derive(Debug, Clone)]
pub struct Account {
    instruments: Arc<[Instrument]>,
    commodities: Vec<Commodity>,
    ledger: Ledger,
    holdings: Vec<Holding>,
    reporting: CommodityId,
    /// Which instrument prices a commodity; `None` for the reporting currency.
    priced_by: Vec<Option<InstrumentId>>,
    /// Money of the reporting currency and the sum of all holdings' values, kept up with every change of either.
    equity: Cash,
    open_positions: usize,
    /// True where every instrument is quoted in the reporting currency: then a mark moves one holding only.
    single_currency: bool,
}

const REPORTING: CommodityId = CommodityId(0);

impl Account {
    /// An empty account over `instruments`, valued in `reporting`.
    ///
    /// # Errors
    /// [`AccountError`] where a quote currency has no price in the reporting currency.
    pub fn open(instruments: Arc<[Instrument]>, reporting: Currency) -> Result<Self, AccountError> {
        if instruments.len() > 30_000 {
            return Err(AccountError::TooMany(instruments.len()));
        }
        let mut commodities = vec![Commodity::Currency(reporting)];
        let mut priced_by = vec![None];
        let single_currency = instruments.iter().all(|instrument| instrument.quote() == reporting);
        let mut holdings = Vec::with_capacity(instruments.len());
        for (place, instrument) in instruments.iter().enumerate() {
            let quote = intern(&mut commodities, &mut priced_by, Commodity::Currency(instrument.quote()));
            let base = (!instrument.kind().is_derivative())
                .then(|| intern(&mut commodities, &mut priced_by, base_commodity(instrument, &instruments)));
            let id = InstrumentId(u16::try_from(place).unwrap_or(u16::MAX));
            if let Some(base) = base.filter(|base| *base != REPORTING) {
                let prices_better = quote == REPORTING
                    && priced_by[base.index()]
                        .is_none_or(|by: InstrumentId| instruments[by.index()].quote() != reporting);
                if prices_better || priced_by[base.index()].is_none() {
                    priced_by[base.index()] = Some(id);
                }
            }
            let valuation = if single_currency { Valuation::Nothing } else { Valuation::General };
            holdings.push(Holding { base, quote: quote.index(), valuation, ..Holding::default() });
        }
        let account = Self {
            single_currency,
            ledger: Ledger::new(commodities.len()),
            instruments,
            commodities,
            holdings,
            reporting: REPORTING,
            priced_by,
            equity: Cash::ZERO,
            open_positions: 0,
        };
        account.check_rates(reporting)?;
        Ok(account)
    }

    /// Every quote currency must be the reporting one, or be priced by an instrument quoted in it.
    fn check_rates(&self, reporting: Currency) -> Result<(), AccountError> {
        for instrument in self.instruments.iter() {
            let currency = instrument.quote();
            // Not by the base's name: a share may be called as a currency is.
            let priced_by = self.currency(currency).and_then(|commodity| self.priced_by[commodity.index()]);
            let priced = priced_by.is_some_and(|by| self.instruments[by.index()].quote() == reporting);
            if currency != reporting && !priced {
                return Err(AccountError::NoRate { currency, reporting });
            }
        }
        Ok(())
    }

    /// The instruments, by their numbers.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// An instrument.
    #[must_use]
    #[inline]
    pub fn instrument(&self, id: InstrumentId) -> &Instrument {
        &self.instruments[id.index()]
    }

    /// The commodities of the ledger, by their numbers; the first is the reporting currency.
    #[must_use]
    pub fn commodities(&self) -> &[Commodity] {
        &self.commodities
    }

    /// The number of a currency of this account; `None` for one that no instrument uses.
    #[must_use]
    pub fn currency(&self, currency: Currency) -> Option<CommodityId> {
        let place = self.commodities.iter().position(|c| *c == Commodity::Currency(currency))?;
        u16::try_from(place).ok().map(CommodityId)
    }

    /// The commodity that an instrument is paid in.
    #[must_use]
    #[inline]
    pub fn quote_of(&self, id: InstrumentId) -> CommodityId {
        CommodityId(self.holdings[id.index()].quote as u16)
    }

    /// The commodity that an instrument trades; `None` for a derivative, whose base does not change hands.
    #[must_use]
    pub fn base_of(&self, id: InstrumentId) -> Option<CommodityId> {
        self.holdings[id.index()].base
    }

    /// The commodity that equity is counted in.
    #[must_use]
    pub const fn reporting(&self) -> CommodityId {
        self.reporting
    }

    /// The ledger.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The position in an instrument.
    #[must_use]
    #[inline]
    pub fn position(&self, id: InstrumentId) -> &Position {
        &self.holdings[id.index()].position
    }

    /// The last known price of an instrument.
    #[must_use]
    #[inline]
    pub fn mark_of(&self, id: InstrumentId) -> Option<Price> {
        self.holdings[id.index()].mark
    }

    /// How many instruments are held or owed.
    #[must_use]
    #[inline]
    pub const fn open_positions(&self) -> usize {
        self.open_positions
    }

    /// Money of the reporting currency that is there.
    #[must_use]
    #[inline]
    pub fn cash(&self) -> Cash {
        self.ledger.assets(self.reporting)
    }

    /// What everything is worth at the last marks, in the reporting currency.
    #[must_use]
    #[inline]
    pub const fn equity(&self) -> Cash {
        self.equity
    }

    /// The equity with one instrument at another price.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    #[inline]
    pub fn equity_at(&self, id: InstrumentId, price: Price) -> Result<Cash, Overflow> {
        match self.holdings[id.index()].valuation {
            Valuation::Nothing => Ok(self.equity),
            Valuation::Line(_) | Valuation::General => self.equity_of_held_at(id, price),
        }
    }

    fn equity_of_held_at(&self, id: InstrumentId, price: Price) -> Result<Cash, Overflow> {
        let holding = &self.holdings[id.index()];
        let worth = match holding.valuation {
            Valuation::Line(units) => holding.on_line(units, price),
            Valuation::Nothing | Valuation::General => self.worth(id, price)?,
        };
        self.equity.minus(holding.value)?.plus(worth)
    }

    /// The sum of the absolute values of all positions at the last marks, in the reporting currency.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn gross_exposure(&self) -> Result<Cash, Overflow> {
        self.sum_positions(|_, _, value| Ok(value))
    }

    /// The margin that the open positions need, at the initial or the maintenance rate.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn margin_used(&self, kind: MarginKind) -> Result<Cash, Overflow> {
        self.sum_positions(|_, instrument, value| value.at_rate(kind.of(instrument)))
    }

    /// The equity less the maintenance margin, with some instruments at other prices than their last marks: below nothing,
    /// positions are liquidated. Rates between currencies stay at their marks.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn margin_left_at(&self, price_of: impl Fn(InstrumentId) -> Option<Price>) -> Result<Cash, Overflow> {
        let mut left = self.equity;
        for (place, (holding, instrument)) in self.holdings.iter().zip(self.instruments.iter()).enumerate() {
            let id = InstrumentId(place as u16);
            let other = price_of(id);
            if let (Some(price), false) = (other, holding.valuation == Valuation::Nothing) {
                left = left.minus(holding.value)?.plus(self.worth(id, price)?)?;
            }
            if let (false, Some(price)) = (holding.position.is_flat(), other.or(holding.mark)) {
                let value = instrument.value(price, holding.position.quantity)?.abs();
                let value = self.in_reporting(holding.quote, value)?;
                left = left.minus(value.at_rate(MarginKind::Maintenance.of(instrument))?)?;
            }
        }
        Ok(left)
    }

    /// As [`Account::margin_used`], without the position in one instrument.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    #[inline]
    pub fn margin_used_without(&self, id: InstrumentId, kind: MarginKind) -> Result<Cash, Overflow> {
        let is_alone = self.open_positions <= usize::from(!self.position(id).is_flat());
        if is_alone { Ok(Cash::ZERO) } else { self.margin_used_by_others(id, kind) }
    }

    fn margin_used_by_others(&self, id: InstrumentId, kind: MarginKind) -> Result<Cash, Overflow> {
        self.sum_positions(
            |place, instrument, value| {
                if place == id.index() { Ok(Cash::ZERO) } else { value.at_rate(kind.of(instrument)) }
            },
        )
    }

    fn sum_positions(&self, of: impl Fn(usize, &Instrument, Cash) -> Result<Cash, Overflow>) -> Result<Cash, Overflow> {
        let mut sum = Cash::ZERO;
        for (place, (holding, instrument)) in self.holdings.iter().zip(self.instruments.iter()).enumerate() {
            if let (false, Some(mark)) = (holding.position.is_flat(), holding.mark) {
                let value =
                    self.in_reporting(holding.quote, instrument.value(mark, holding.position.quantity)?.abs())?;
                sum = sum.plus(of(place, instrument, value)?)?;
            }
        }
        Ok(sum)
    }

    /// An amount of a commodity in the reporting currency at the last marks.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn to_reporting(&self, commodity: CommodityId, amount: Cash) -> Result<Cash, Overflow> {
        self.in_reporting(commodity.index(), amount)
    }

    /// An amount of the reporting currency in another commodity at the last marks; nothing where that has no price yet:
    /// what cannot be valued buys nothing.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    #[inline]
    pub fn from_reporting(&self, commodity: CommodityId, amount: Cash) -> Result<Cash, Overflow> {
        if commodity == REPORTING { Ok(amount) } else { self.converted_back(commodity, amount) }
    }

    #[cold]
    fn converted_back(&self, commodity: CommodityId, amount: Cash) -> Result<Cash, Overflow> {
        let rate = self.converted(commodity.index(), Cash::ONE)?;
        if rate.is_zero() { Ok(Cash::ZERO) } else { amount.scaled(Cash::ONE.attos(), rate.attos(), Rounding::HalfEven) }
    }

    /// Records an entry that is no trade: a deposit, funding, interest, a dividend.
    ///
    /// # Errors
    /// [`Overflow`] where a balance would leave the range: nothing is then recorded. Where only a value at the marks would,
    /// the entry stands, the equity does not, and the account must not be used further.
    pub fn post(&mut self, entry: &Entry) -> Result<(), Overflow> {
        self.enter(entry)?;
        for transfer in entry.transfers() {
            self.recount(transfer.commodity)?;
        }
        Ok(())
    }

    /// Money that the owner pays in (negative: takes out).
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn deposit(&mut self, commodity: CommodityId, amount: Cash) -> Result<(), Overflow> {
        self.post(&Entry::new(Transfer { commodity, from: Book::Capital, to: Book::Assets, amount }))
    }

    /// Changes money: `given` of one currency leaves for `got` of another. At the rate of the marks the equity stays, but for
    /// what rounding takes.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range, or where an amount is not above zero; nothing is then recorded.
    pub fn convert(&mut self, given: (CommodityId, Cash), got: (CommodityId, Cash)) -> Result<(), Overflow> {
        if !given.1.is_positive() || !got.1.is_positive() {
            return Err(Overflow("a conversion of nothing or less"));
        }
        let leaves = Transfer { commodity: given.0, from: Book::Assets, to: Book::Conversion, amount: given.1 };
        let comes = Transfer { commodity: got.0, from: Book::Conversion, to: Book::Assets, amount: got.1 };
        self.post(&Entry::new(leaves).and(comes))
    }

    /// What the owner can take out of a commodity: what is there, as far as no position's initial margin needs it.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn free_of(&self, commodity: CommodityId) -> Result<Cash, Overflow> {
        let free = self.equity.minus(self.margin_used(MarginKind::Initial)?)?;
        Ok(self.ledger.assets(commodity).min(self.from_reporting(commodity, free)?).max(Cash::ZERO))
    }

    /// Books a fill: ledger, position, mark. Gives the trade that it closed.
    ///
    /// # Errors
    /// [`Overflow`] where a balance or the position would leave the range: the account is then as it was. Where only a
    /// value at the marks would, the fill stands, the equity does not, and the account must not be used further.
    #[inline]
    pub fn fill(&mut self, fill: &Fill) -> Result<Option<ClosedTrade>, Overflow> {
        let (place, instrument) = (fill.instrument.index(), &self.instruments[fill.instrument.index()]);
        let holding = &self.holdings[place];
        let quote = CommodityId(holding.quote as u16);
        let fee = self.fee_in_quote(fill, quote)?;
        let mut position = holding.position;
        let mut trade = position.apply(instrument, fill, fee)?;
        if let (Some(trade), false) = (&mut trade, self.single_currency) {
            trade.rate = self.rate_of(quote);
        }
        let paid = Transfer { commodity: fill.fee_in, from: Book::Assets, to: Book::Fees, amount: fill.fee };
        let entry = match holding.base {
            Some(base) => {
                let (given, got) = (instrument.value(fill.price, fill.signed())?, Cash::from_quantity(fill.signed())?);
                let given = Transfer { commodity: quote, from: Book::Assets, to: Book::Trading, amount: given };
                let got = Transfer { commodity: base, from: Book::Trading, to: Book::Assets, amount: got };
                Entry::of([given, got, paid])
            }
            None => {
                let gain = trade.as_ref().map_or(Ok(Cash::ZERO), |trade| trade.pnl.plus(trade.fees))?;
                Entry::new(Transfer { commodity: quote, from: Book::Trading, to: Book::Assets, amount: gain }).and(paid)
            }
        };
        self.enter(&entry)?;
        self.open_positions = self.open_positions + usize::from(!position.is_flat())
            - usize::from(!self.holdings[place].position.is_flat());
        self.holdings[place].position = position;
        // The mark first: what is counted again below is worth it.
        self.holdings[place].mark = Some(fill.price);
        let mut last = None;
        for transfer in entry.transfers() {
            if last.replace(transfer.commodity) != Some(transfer.commodity) {
                self.recount(transfer.commodity)?;
            }
        }
        if self.holdings[place].base.is_none() {
            self.choose_valuation(fill.instrument)?;
        }
        let counted =
            self.holdings[place].base.is_some_and(|base| self.priced_by[base.index()] == Some(fill.instrument));
        if !(counted && self.single_currency) {
            self.mark(fill.instrument, fill.price)?;
        }
        Ok(trade)
    }

    /// Turns each unit of a share into `ratio` units: more units, the same cost, the mark in proportion, to the nearest tick.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range, or where the ratio is not above zero; the ledger and the position are then as they were.
    pub fn split(&mut self, id: InstrumentId, ratio: Rate) -> Result<(), Overflow> {
        let holding = &self.holdings[id.index()];
        let (new, old) = ratio.fraction();
        let held = holding.position.quantity;
        if !ratio.is_positive() {
            return Err(Overflow("a split by nothing or less"));
        }
        let grown = held.share(new, old)?;
        let rescaled = |price: Price| Cash::from_attos(price.nanos().into()).scaled(old, new, Rounding::HalfEven);
        let to_price =
            |price: Price| rescaled(price).map(|p| Price::from_nanos(i64::try_from(p.attos()).unwrap_or(i64::MAX)));
        let (high, low) = (to_price(holding.position.high)?, to_price(holding.position.low)?);
        let average = to_price(holding.position.before.average)?;
        let instrument = &self.instruments[id.index()];
        let on_grid = |price| instrument.on_grid(price).max(instrument.rules().tick);
        let mark = holding.mark.map(to_price).transpose()?.map(on_grid);
        if let Some(commodity) = holding.base {
            let amount = Cash::from_quantity(grown.minus(held)?)?;
            self.enter(&Entry::new(Transfer { commodity, from: Book::Splits, to: Book::Assets, amount }))?;
        }
        let holding = &mut self.holdings[id.index()];
        (holding.position.quantity, holding.position.high, holding.position.low) = (grown, high, low);
        holding.position.before.average = average;
        holding.mark = mark;
        match holding.base {
            Some(commodity) => self.recount(commodity),
            None => self.choose_valuation(id).and_then(|()| self.revalue(id)),
        }
    }

    /// What one of a currency that something is quoted in is worth in the reporting currency at the last mark.
    #[cold]
    fn rate_of(&self, quote: CommodityId) -> Price {
        if quote == REPORTING {
            return Price::ONE;
        }
        self.priced_by[quote.index()].and_then(|by| self.mark_of(by)).unwrap_or(Price::ZERO)
    }

    /// The fee of a fill, valued in the instrument's quote currency.
    #[inline(always)]
    fn fee_in_quote(&self, fill: &Fill, quote: CommodityId) -> Result<Cash, Overflow> {
        if fill.fee_in == quote || fill.fee.is_zero() {
            return Ok(fill.fee);
        }
        let one = Price::ONE.nanos().into();
        if self.holdings[fill.instrument.index()].base == Some(fill.fee_in) {
            return fill.fee.scaled(fill.price.nanos().into(), one, Rounding::HalfEven);
        }
        self.from_reporting(quote, self.in_reporting(fill.fee_in.index(), fill.fee)?)
    }

    /// Writes an entry into the ledger and takes what it moves of the reporting currency into the equity.
    #[inline]
    fn enter(&mut self, entry: &Entry) -> Result<(), Overflow> {
        let before = self.ledger.claims(self.reporting)?;
        self.ledger.post(entry)?;
        self.equity = self.equity.plus(self.ledger.claims(self.reporting)?.minus(before)?)?;
        Ok(())
    }
}

/// Which margin is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarginKind {
    /// What opening needs.
    Initial,
    /// What keeping needs.
    Maintenance,
}

impl MarginKind {
    const fn of(self, instrument: &Instrument) -> Rate {
        match self {
            Self::Initial => instrument.rules().margin.initial,
            Self::Maintenance => instrument.rules().margin.maintenance,
        }
    }
}

fn base_commodity(instrument: &Instrument, all: &[Instrument]) -> Commodity {
    let base = instrument.base();
    // What something is quoted in is money wherever it is.
    let at_its_venue = instrument.symbol().venue().is_some() && all.iter().all(|other| other.quote() != base);
    if instrument.kind() == crate::instrument::Kind::Stock || at_its_venue {
        Commodity::Units(instrument.symbol().clone())
    } else {
        Commodity::Currency(base)
    }
}

fn intern(
    commodities: &mut Vec<Commodity>,
    priced_by: &mut Vec<Option<InstrumentId>>,
    commodity: Commodity,
) -> CommodityId {
    let place = commodities.iter().position(|known| *known == commodity).unwrap_or_else(|| {
        commodities.push(commodity);
        priced_by.push(None);
        commodities.len() - 1
    });
    CommodityId(u16::try_from(place).unwrap_or(u16::MAX))
}
