//! Who stands in front of a resting order.
use qframe_model::number::Quantity;

/// What moves a resting limit order forward in the queue at its price. Trades at the price always do; what was there when
/// the order arrived stands in front of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Queue {
    /// Who withdraws stands behind us: only trades bring us forward, and a level that becomes smaller than what stood in
    /// front.
    #[default]
    RiskAverse,
    /// Only trades; what the book shows after the order's arrival is not looked at.
    TradesOnly,
    /// Who withdraws stands in front of us with the probability `back^n / (front^n + back^n)` of what is behind and in
    /// front; `n` from 1 to 3. The longer the queue in front, the likelier it is that somebody in it gives up.
    ByDepth(u8),
}

/// The place of an order in the queue at its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Units in front of it.
    ahead: Quantity,
    /// Units that traded at the price since the level was last shown: the next change of the level contains them.
    traded: Quantity,
}

impl Place {
    /// Behind all that is there.
    pub(super) const fn behind(there: Quantity) -> Self {
        Self { ahead: there, traded: Quantity::ZERO }
    }

    /// So much traded at the price; gives what of it reached the order.
    pub(super) fn trade(&mut self, quantity: Quantity) -> Quantity {
        self.traded = self.traded.plus(quantity).unwrap_or(Quantity::MAX);
        let passed = quantity.minus(self.ahead).unwrap_or(Quantity::ZERO);
        self.ahead = self.ahead.minus(quantity).unwrap_or(Quantity::ZERO).max(Quantity::ZERO);
        passed.max(Quantity::ZERO)
    }

    /// Units in front of it.
    pub(super) const fn ahead(&self) -> Quantity {
        self.ahead
    }

    /// So much of what stands in front was taken, by somebody of whom the recorded levels know nothing.
    pub(super) fn pass(&mut self, quantity: Quantity) {
        self.ahead = self.ahead.minus(quantity).unwrap_or(Quantity::ZERO).max(Quantity::ZERO);
    }

    /// The level was `before` and is `after` now.
    pub(super) fn level(&mut self, queue: Queue, before: Quantity, after: Quantity) {
        let traded = std::mem::take(&mut self.traded);
        match queue {
            Queue::TradesOnly => return,
            Queue::RiskAverse => {}
            Queue::ByDepth(power) => {
                let left = before.minus(after).and_then(|left| left.minus(traded)).unwrap_or(Quantity::ZERO);
                if left.is_positive() {
                    self.withdraw(power, before, left);
                }
            }
        }
        self.ahead = self.ahead.min(after);
    }

    /// `left` units of a level of `before` were withdrawn.
    fn withdraw(&mut self, power: u8, before: Quantity, left: Quantity) {
        let behind = before.minus(self.ahead).unwrap_or(Quantity::ZERO).max(Quantity::ZERO);
        let (front, back) = (self.ahead.to_f64(), behind.to_f64());
        let raised = |value: f64| (0..power.clamp(1, 3)).fold(1.0, |product, _| product * value);
        let all = raised(front) + raised(back);
        let in_front = if all > 0.0 { raised(back) / all } else { 1.0 };
        // What cannot have been behind was in front.
        let certain = left.minus(behind).unwrap_or(Quantity::ZERO).max(Quantity::ZERO);
        let share = Quantity::from_f64(left.to_f64() * in_front).unwrap_or(left).max(certain).min(left);
        self.ahead = self.ahead.minus(share).unwrap_or(Quantity::ZERO).max(Quantity::ZERO);
    }
}
