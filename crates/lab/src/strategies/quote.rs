//! A quote: one limit order that never takes, moved to where it should be.
use qframe_engine::{Context, Ticket};
use qframe_model::ids::OrderId;
use qframe_model::market::Side;
use qframe_model::number::{Price, Quantity};
use qframe_model::order::Size;

/// The order that stands, and its price.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quote(pub(super) Option<(OrderId, Price)>);

impl Quote {
    /// Moves it where it is not where it should be; nothing stands where no price is wanted.
    pub(super) fn place(&mut self, side: Side, wanted: Option<Price>, units: Quantity, context: &mut Context<'_>) {
        let stands = self.0.filter(|(order, _)| context.orders().get(*order).is_some());
        if stands.map(|(_, price)| price) == wanted {
            self.0 = stands;
            return;
        }
        if let Some((order, _)) = stands {
            context.cancel(order);
        }
        let price = wanted.filter(|_| units.is_positive());
        let ticket = |price| Ticket::new(side, Size::Units(units)).limit(price).post_only();
        self.0 = price.map(|price| (context.send(ticket(price)), price));
    }
}
