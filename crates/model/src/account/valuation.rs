//! What holdings are worth: prices come in, the equity follows.
use super::{Account, REPORTING};
use crate::ids::{CommodityId, InstrumentId};
use crate::market::Bar;
use crate::number::{Cash, Overflow, Price, Quantity, Rounding};

/// The way from a price to a holding's worth, chosen when the holding changes so that a mark need not choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Valuation {
    /// Nothing is held.
    #[default]
    Nothing,
    /// So many nanos of units, fewer than [`FEW`], at the price itself: their product is the worth and cannot overflow.
    Units(i64),
    /// Anything else: [`Account::worth`].
    General,
}

/// Fewer nanos of units than this times any price are less than 2^125; an equity under [`ROOMY`], less one such product and
/// plus another, cannot leave 128 bits.
const FEW: u64 = 1 << 62;
const ROOMY: u128 = 1 << 124;

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
            Valuation::Units(nanos) => {
                holding.position.observe(bar);
                let value = Cash::from_attos(i128::from(bar.close.nanos()) * i128::from(nanos));
                let old = std::mem::replace(&mut holding.value, value);
                self.equity = self.equity.minus(old)?.plus(value)?;
                Ok(())
            }
            Valuation::General => self.mark_bar_in_general(id, bar),
        }
    }

    /// Takes closed bars of an instrument, one after the other; the equity after each goes to `curve`. The same as
    /// [`Account::mark_bar`] for each.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn mark_bars(&mut self, id: InstrumentId, bars: &[Bar], curve: &mut Vec<Cash>) -> Result<(), Overflow> {
        let holding = &mut self.holdings[id.index()];
        let Some(last) = bars.last() else { return Ok(()) };
        match holding.valuation {
            Valuation::Nothing => {
                holding.mark = Some(last.close);
                curve.resize(curve.len() + bars.len(), self.equity);
            }
            Valuation::Units(nanos) if self.equity.attos().unsigned_abs() < ROOMY => {
                let value = |bar: &Bar| i128::from(bar.close.nanos()) * i128::from(nanos);
                let rest = self.equity.attos() - holding.value.attos();
                curve.extend(bars.iter().map(|bar| Cash::from_attos(rest + value(bar))));
                holding.position.observe_all(bars);
                (holding.mark, holding.value) = (Some(last.close), Cash::from_attos(value(last)));
                self.equity = Cash::from_attos(rest + value(last));
            }
            Valuation::Units(_) | Valuation::General => {
                for bar in bars {
                    self.mark_bar_in_general(id, bar)?;
                    curve.push(self.equity);
                }
            }
        }
        Ok(())
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
            Valuation::Units(nanos) => Cash::from_attos(i128::from(price.nanos()) * i128::from(nanos)),
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
        let plain = holding.base.is_some()
            && holding.quote == REPORTING.index()
            && instrument.rules().multiplier == Quantity::ONE;
        holding.valuation = match i64::try_from(holding.units.nanos()) {
            // Its price may be the rate of another holding's currency.
            _ if !self.single_currency => Valuation::General,
            _ if holding.units.is_zero() && (holding.base.is_some() || holding.position.is_flat()) => {
                Valuation::Nothing
            }
            Ok(nanos) if plain && nanos.unsigned_abs() < FEW => Valuation::Units(nanos),
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
            instrument.value(price, holding.units)?
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
        self.holdings[by.index()].units = self.ledger.claims(commodity)?.to_quantity();
        self.choose_valuation(by)?;
        self.revalue(by)
    }
}
