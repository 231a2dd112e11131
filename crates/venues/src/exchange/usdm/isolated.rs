//! Margin of one contract alone: set aside of the wallet when a position opens, given back as it closes, moved by its user.
use qframe_model::number::{Cash, Overflow, Quantity, Rounding};

use super::Futures;
use super::margin::{Holding, at_leverage};
use super::order::Refusal;

impl Holding {
    /// The position was `before` and has traded at `price`: what is closed gives its share of the margin back, what is opened
    /// takes its worth at the leverage.
    pub(super) fn stand_behind(
        &mut self,
        before: Quantity,
        price: qframe_model::number::Price,
    ) -> Result<(), Overflow> {
        let (Some(margin), now) = (self.isolated, self.position.quantity) else { return Ok(()) };
        let turned = before.is_negative() != now.is_negative();
        let kept = if turned { Quantity::ZERO } else { before.abs().min(now.abs()) };
        let left = if kept.is_zero() {
            Cash::ZERO
        } else {
            margin.scaled(kept.nanos(), before.abs().nanos(), Rounding::Down)?
        };
        let opened = price.times(now.abs().minus(kept)?).ok_or(Overflow("a value"))?;
        self.isolated = Some(left.plus(at_leverage(opened, self.leverage)?)?);
        Ok(())
    }
}

impl Futures {
    /// Gives a contract margin of its own, or lets it share the wallet. False where it is so already.
    ///
    /// # Errors
    /// [`Refusal::MarginOrders`] and [`Refusal::MarginPosition`] while there is something in that contract.
    pub fn set_isolated(&mut self, user: usize, product: usize, isolated: bool) -> Result<bool, Refusal> {
        let holding = self.holding(user, product);
        if holding.isolated.is_some() == isolated {
            return Ok(false);
        }
        if self.open_orders(user).any(|order| order.ticket.product == product) {
            return Err(Refusal::MarginOrders);
        }
        if !holding.position.is_flat() {
            return Err(Refusal::MarginPosition);
        }
        self.accounts[user].holdings[product].isolated = isolated.then_some(Cash::ZERO);
        Ok(true)
    }

    /// Moves an amount from the wallet to the margin of a position, or (negative) back.
    ///
    /// # Errors
    /// The [`Refusal`] where there is no such position, or the amount is not there; nothing has changed then.
    pub fn move_margin(&mut self, user: usize, product: usize, amount: Cash) -> Result<(), Refusal> {
        let holding = self.holding(user, product);
        let margin = holding.isolated.ok_or(Refusal::NotIsolated)?;
        if holding.position.is_flat() {
            return Err(Refusal::NoPosition);
        }
        if amount.is_zero() {
            return Err(Refusal::NoAmount);
        }
        let asset = self.contracts[product].market.product.quote;
        if amount > self.standing(user, asset)?.available()?.max(Cash::ZERO) {
            return Err(Refusal::CrossMargin);
        }
        let (own, moved) = (self.exposure(user, product)?, margin.plus(amount)?);
        // A profit that is not realised stands behind no other position, and a loss stays covered.
        if amount.is_negative() && moved.plus(own.unrealised.min(Cash::ZERO))? < own.initial {
            return Err(Refusal::IsolatedMargin);
        }
        self.accounts[user].holdings[product].isolated = Some(moved);
        Ok(())
    }
}
