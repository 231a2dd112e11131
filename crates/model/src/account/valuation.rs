//! What holdings are worth: prices come in, the equity follows.
use super::{Account, Holding, REPORTING};
use crate::ids::{CommodityId, InstrumentId};
use crate::market::Bar;
use crate::number::{Cash, Overflow, Price, Quantity, Rounding};

/// The way from a price to a holding's worth, chosen when the holding changes so that a mark need not choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Valuation {
    /// Nothing is held.
    #[default]
    Nothing,
    /// The worth is a line over the price: so many nanos of units, fewer than [`FEW`], less the holding's basis. It cannot
    /// overflow.
    Line(i64),
    /// Anything else: [`Account::worth`].
    General,
}

/// Fewer nanos of units than this times any price are less than 2^125; an equity under [`ROOMY`], less one such product and
/// plus another, cannot leave 128 bits.
const FEW: u64 = 1 << 62;
const ROOMY: u128 = 1 << 124;

/// The equity while nothing but the price of one instrument moves: a line over that price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The equity at a price of nothing.
    pub rest: Cash,
    /// Nanos of units by which it grows with the price: negative for short, nothing where the price does not matter.
    pub units: i64,
}

impl Line {
    /// An equity that no price moves.
    #[must_use]
    #[inline]
    pub const fn level(equity: Cash) -> Self {
        Self { rest: equity, units: 0 }
    }

    /// The equity at a price.
    #[must_use]
    #[inline]
    pub fn at(self, price: Price) -> Cash {
        Cash::from_attos(self.rest.attos() + i128::from(price.nanos()) * i128::from(self.units))
    }
}

impl Account {
    /// Takes a new price of an instrument into the equity.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    #[inline]
    pub fn mark(&mut self, id: InstrumentId, price: Price) -> Result<(), Overflow> {
        self.holdings[id.index()].mark = Some(price);
        if self.single_currency { self.revalue(id) } else { self.revalue_all() }
    }

    /// Takes a closed bar of an instrument: its close is the new mark, its range widens the position's extremes.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    #[inline(always)]
    pub fn mark_bar(&mut self, id: InstrumentId, bar: &Bar) -> Result<(), Overflow> {
        let holding = &mut self.holdings[id.index()];
        holding.mark = Some(bar.close);
        match holding.valuation {
            Valuation::Nothing => Ok(()),
            Valuation::Line(units) => {
                holding.position.observe(bar);
                let value = holding.on_line(units, bar.close);
                let old = std::mem::replace(&mut holding.value, value);
                self.equity = self.equity.minus(old)?.plus(value)?;
                Ok(())
            }
            Valuation::General => self.mark_bar_in_general(id, bar),
        }
    }

    /// Takes closed bars of an instrument, one after the other: the same as [`Account::mark_bar`] for each. Between them the
    /// equity follows [`Account::line`].
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn mark_bars(&mut self, id: InstrumentId, bars: &[Bar]) -> Result<(), Overflow> {
        let Some((last, before)) = bars.split_last() else { return Ok(()) };
        let holding = &mut self.holdings[id.index()];
        match holding.valuation {
            Valuation::Nothing => {}
            Valuation::Line(_) => holding.position.observe_all(before),
            Valuation::General => before.iter().try_for_each(|bar| self.mark_bar_in_general(id, bar))?,
        }
        self.mark_bar(id, last)
    }

    /// The equity as it follows the price of an instrument; `None` where that is no line, or one that could leave the range.
    #[must_use]
    #[inline]
    pub fn line(&self, id: InstrumentId) -> Option<Line> {
        let holding = &self.holdings[id.index()];
        match holding.valuation {
            Valuation::Nothing => Some(Line::level(self.equity)),
            Valuation::Line(units) if self.equity.attos().unsigned_abs() < ROOMY => {
                let rest = self.equity.attos() - holding.value.attos() - holding.basis.attos();
                Some(Line { rest: Cash::from_attos(rest), units })
            }
            Valuation::Line(_) | Valuation::General => None,
        }
    }

    #[cold]
    #[inline(never)]
    fn mark_bar_in_general(&mut self, id: InstrumentId, bar: &Bar) -> Result<(), Overflow> {
        let holding = &mut self.holdings[id.index()];
        if !holding.position.is_flat() {
            holding.position.observe(bar);
        }
        self.mark(id, bar.close)
    }

    #[inline]
    pub(super) fn revalue(&mut self, id: InstrumentId) -> Result<(), Overflow> {
        let holding = &self.holdings[id.index()];
        let (old, Some(price)) = (holding.value, holding.mark) else { return Ok(()) };
        let value = match holding.valuation {
            Valuation::Nothing => return Ok(()),
            Valuation::Line(units) => holding.on_line(units, price),
            Valuation::General => self.worth(id, price)?,
        };
        self.equity = self.equity.minus(old)?.plus(value)?;
        self.holdings[id.index()].value = value;
        Ok(())
    }

    /// Chooses the valuation anew after units or position changed, and takes what is no longer held out of the equity.
    #[inline]
    pub(super) fn choose_valuation(&mut self, id: InstrumentId) -> Result<(), Overflow> {
        let (holding, instrument) = (&mut self.holdings[id.index()], &self.instruments[id.index()]);
        let (held, basis) = match holding.base {
            Some(_) => (holding.held(), Cash::ZERO),
            None => (holding.position.quantity, holding.position.cost),
        };
        let roomy = basis.attos().unsigned_abs() < ROOMY;
        holding.basis = basis;
        holding.valuation = match line_units(held, instrument.rules().multiplier) {
            // Its price may be the rate of another holding's currency.
            _ if !self.single_currency => Valuation::General,
            _ if held.is_zero() => Valuation::Nothing,
            Some(units) if roomy && holding.quote == REPORTING.index() => Valuation::Line(units),
            _ => Valuation::General,
        };
        if holding.valuation == Valuation::Nothing {
            let gone = std::mem::take(&mut holding.value);
            self.equity = self.equity.minus(gone)?;
        }
        Ok(())
    }

    #[cold]
    fn revalue_all(&mut self) -> Result<(), Overflow> {
        (0..self.holdings.len()).try_for_each(|place| self.revalue(InstrumentId(place as u16)))
    }

    /// What this instrument's holding is worth at `price`, in the reporting currency.
    #[inline]
    pub(super) fn worth(&self, id: InstrumentId, price: Price) -> Result<Cash, Overflow> {
        let (holding, instrument) = (&self.holdings[id.index()], &self.instruments[id.index()]);
        let value = if holding.base.is_some() {
            instrument.value_of(price, holding.owned)?
        } else {
            holding.position.unrealised(instrument, price)?
        };
        self.in_reporting(holding.quote, value)
    }

    /// An amount of commodity `place` in the reporting currency, by the last mark of the instrument that prices it.
    #[inline]
    pub(super) fn in_reporting(&self, place: usize, amount: Cash) -> Result<Cash, Overflow> {
        if place == REPORTING.index() { Ok(amount) } else { self.converted(place, amount) }
    }

    #[cold]
    pub(super) fn converted(&self, place: usize, amount: Cash) -> Result<Cash, Overflow> {
        // Before its first mark a currency counts nothing: nothing can have been traded in it yet.
        let Some(by) = self.priced_by[place] else { return Ok(Cash::ZERO) };
        let rate = self.mark_of(by).unwrap_or(Price::ZERO);
        let value = amount.scaled(i128::from(rate.nanos()), i128::from(Price::ONE.nanos()), Rounding::HalfEven)?;
        // ETH over ETH/BTC is in BTC, and BTC over BTC/USD in USD: every quote currency is one price from the end.
        self.in_reporting(self.holdings[by.index()].quote, value)
    }

    /// Reads again how many units of a commodity the ledger owns, for the instrument that prices it.
    #[inline]
    pub(super) fn recount(&mut self, commodity: CommodityId) -> Result<(), Overflow> {
        self.priced_by[commodity.index()].map_or(Ok(()), |by| self.recount_for(by, commodity))
    }

    #[inline(always)]
    fn recount_for(&mut self, by: InstrumentId, commodity: CommodityId) -> Result<(), Overflow> {
        self.holdings[by.index()].owned = self.ledger.claims(commodity)?;
        self.choose_valuation(by)?;
        self.revalue(by)
    }
}

impl Holding {
    /// The units of what is owned, towards zero. Nearly always they are the position, and a product is cheaper than a division.
    #[inline(always)]
    fn held(&self) -> Quantity {
        let position = self.position.quantity;
        if Cash::from_quantity(position) == Ok(self.owned) { position } else { self.owned.to_quantity() }
    }

    /// The worth of so many nanos of units, less the basis.
    #[inline(always)]
    pub(super) fn on_line(&self, units: i64, price: Price) -> Cash {
        Cash::from_attos(i128::from(price.nanos()) * i128::from(units) - self.basis.attos())
    }
}

/// Units times the multiplier in whole nanos, few enough for a line; `None` where a value would be rounded.
#[inline]
fn line_units(held: Quantity, multiplier: Quantity) -> Option<i64> {
    let units = match multiplier {
        Quantity::ONE => held.nanos(),
        multiplier => {
            let product = held.nanos().checked_mul(multiplier.nanos())?;
            (product % Quantity::ONE.nanos() == 0).then(|| product / Quantity::ONE.nanos())?
        }
    };
    i64::try_from(units).ok().filter(|units| units.unsigned_abs() < FEW)
}
