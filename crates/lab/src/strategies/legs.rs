//! Two positions that belong together: one bought, the other sold short.
use qframe_engine::{Context, Ticket};
use qframe_model::ids::InstrumentId;
use qframe_model::market::Side;
use qframe_model::number::{Quantity, Rate};
use qframe_model::order::{Purpose, Size};

/// The instruments of the first and the second leg.
#[derive(Debug, Clone, Copy)]
pub(super) struct Legs(pub(super) [InstrumentId; 2]);

/// What is held of two legs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// Neither.
    Nothing,
    /// Both, the first on this side and the second on the other.
    Both(Side),
    /// One alone, or both on one side.
    Broken,
}

impl Legs {
    /// Those of the first two series, until their bars tell.
    pub(super) const FIRST_TWO: Self = Self([InstrumentId(0), InstrumentId(1)]);

    pub(super) fn held(self, context: &Context<'_>) -> Held {
        let [first, second] = self.0.map(|id| context.position_in(id).quantity);
        match (first.is_zero(), second.is_zero()) {
            (true, true) => Held::Nothing,
            (false, false) if first.is_negative() != second.is_negative() => Held::Both(Side::of(first)),
            _ => Held::Broken,
        }
    }

    /// Opens both, the first on `side`; `values` are shares of the equity. The bought leg waits for the sold one, and ends
    /// with it where the venue refuses the short sale.
    pub(super) fn open(self, side: Side, values: [f64; 2], context: &mut Context<'_>) {
        let [Some(first), Some(second)] = values.map(Rate::from_f64) else { return };
        let legs = [(self.0[0], first), (self.0[1], second)];
        let [bought, sold] = if side == Side::Buy { legs } else { [legs[1], legs[0]] };
        let short = context.send(Ticket::sell(Size::TargetWeight(-sold.1)).on(sold.0));
        context.send(Ticket::buy(Size::TargetWeight(bought.1)).on(bought.0).after(short));
    }

    /// Buys the first and sells the second, its contract, of so many units of the first, whole lots of each: as many as `value`, a
    /// share of the equity, sells of the second. The bought leg waits for the sold one. Nothing where that is no lot.
    pub(super) fn open_equal(self, value: f64, context: &mut Context<'_>) -> Option<()> {
        let [coin, perpetual] = self.0;
        let budget = context.equity().at_rate(Rate::from_f64(value)?).ok()?;
        let contract = context.account().instrument(perpetual);
        let lot = context.account().instrument(coin).rules().lot;
        let contracts = contract.affordable(budget, context.price_of(perpetual)?)?;
        let units = contracts.share(contract.rules().multiplier.nanos(), Quantity::ONE.nanos()).ok()?.floor_to(lot);
        if units.is_positive() {
            let short = context.send(Ticket::sell(Size::Units(contracts)).on(perpetual));
            context.send(Ticket::buy(Size::Units(units)).on(coin).after(short));
        }
        Some(())
    }

    /// Closes what is held of both.
    pub(super) fn close(self, context: &mut Context<'_>) {
        self.0.into_iter().for_each(|id| _ = context.close_in(id, Purpose::Signal));
    }
}
