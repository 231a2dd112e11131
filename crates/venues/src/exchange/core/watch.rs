//! Orders that wait at the exchange for a price, since the venue has none of their kind.
use qframe_model::market::Side;
use qframe_model::number::Price;

use super::notice::Happened;
use super::order::Status;
use super::{Core, Due};

/// What an order waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watch {
    /// A trade at the price, or beyond it.
    Touch { trigger: Price, above: bool },
    /// A trade that comes back from the best price by a share.
    Trail {
        side: Side,
        /// In hundredths of a percent.
        delta: u32,
        /// The price at which it begins, and whether that lies above.
        start: Option<(Price, bool)>,
        best: Option<Price>,
    },
}

impl Watch {
    pub(super) const fn trail(side: Side, delta: u32, start: Option<(Price, bool)>) -> Self {
        Self::Trail { side, delta, start, best: None }
    }

    /// Sees a trade. True where the order wakes.
    fn sees(&mut self, price: Price) -> bool {
        let reached = |trigger: Price, above: bool| if above { price >= trigger } else { price <= trigger };
        match self {
            Self::Touch { trigger, above } => reached(*trigger, *above),
            Self::Trail { start: Some((trigger, above)), .. } if !reached(*trigger, *above) => false,
            Self::Trail { side, delta, start, best } => {
                *start = None;
                let most = best.map_or(price, |best| if side.prefers(price, best) { price } else { best });
                *best = Some(most);
                let (price, most) = (i128::from(price.nanos()) * 10_000, i128::from(most.nanos()));
                match side {
                    Side::Buy => price >= most * i128::from(10_000 + *delta),
                    Side::Sell => price <= most * i128::from(10_000 - (*delta).min(10_000)),
                }
            }
        }
    }
}

impl Core {
    /// Orders that wait see the trades that came since the last time.
    pub(super) fn watch(&mut self, product: usize) {
        let Some(market) = self.markets.get_mut(product) else { return };
        if self.watching.is_empty() {
            return market.forget_fresh();
        }
        let fresh = market.take_fresh();
        let mut woken = Vec::new();
        let log = &self.log;
        self.watching.retain_mut(|(id, watch)| {
            let here = log.order(*id);
            match here.filter(|order| order.status.is_open()) {
                Some(order) if order.product != product => true,
                Some(_) if fresh.iter().any(|price| watch.sees(*price)) => {
                    woken.push(*id);
                    false
                }
                known => known.is_some(),
            }
        });
        let now = self.now;
        for id in woken {
            if let Some(order) = self.order_mut(id) {
                (order.works, order.updated) = (true, now);
                self.tell_order(id, Happened::Taken);
                self.due.push_back(Due::Woken(id));
                self.withdraw_partner(id);
            }
        }
    }

    /// An order that waited here comes to the venue.
    pub(super) fn wake(&mut self, id: u64) {
        let Some(order) = self.order(id).filter(|order| order.status.is_open()) else { return };
        if order.status == Status::Pending {
            return;
        }
        let plan = super::plan::woken(order);
        self.hand_over(id, &plan);
    }
}
