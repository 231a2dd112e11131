//! The orders that are alive, and their lawful steps.
use qframe_model::event::Report;
use qframe_model::ids::OrderId;
use qframe_model::number::{Cash, Overflow, Quantity};
use qframe_model::order::{Order, OrderKind, OrderState, Size};
use qframe_model::refusal::Refusal;

/// An order that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenOrder {
    /// As it was sent.
    pub order: Order,
    /// Where it stands.
    pub state: OrderState,
    /// Units filled so far.
    pub filled: Quantity,
    /// What those were worth, in the quote currency.
    pub paid: Cash,
    /// True where the risk check withdrew it, and the venue has not said so yet.
    pub withdrawn: bool,
}

impl OpenOrder {
    /// An order that has just been sent.
    pub(crate) const fn sent(order: Order) -> Self {
        Self { order, state: OrderState::Submitted, filled: Quantity::ZERO, paid: Cash::ZERO, withdrawn: false }
    }

    /// What is left of it as an order: with the units and the money that did not fill, and without a trigger that has been
    /// touched.
    pub(crate) fn rest(&self) -> Result<Order, Overflow> {
        let size = match self.order.size {
            Size::Units(units) => Size::Units(units.minus(self.filled)?),
            Size::Budget(budget) => Size::Budget(budget.minus(self.paid)?),
            other => other,
        };
        let is_touched = self.state == OrderState::Triggered || !self.filled.is_zero();
        let kind = match self.order.kind {
            OrderKind::StopLimit { limit, .. } | OrderKind::LimitIfTouched { limit, .. } if is_touched => {
                OrderKind::Limit(limit)
            }
            other => other,
        };
        Ok(Order { size, kind, ..self.order })
    }
}

/// The open orders, by ascending number.
#[derive(Debug, Clone, Default)]
pub struct OpenOrders {
    open: Vec<OpenOrder>,
}

impl OpenOrders {
    #[inline]
    pub(crate) fn insert(&mut self, order: &Order) {
        if self.open.last().is_some_and(|last| last.order.id > order.id) {
            return self.insert_before(order);
        }
        self.open.push(OpenOrder::sent(*order));
    }

    /// An order whose number was drawn before that of one which was sent already: the close that a refused target leaves
    /// goes before what was asked for after the target.
    #[cold]
    fn insert_before(&mut self, order: &Order) {
        let place = self.open.partition_point(|open| open.order.id < order.id);
        self.open.insert(place, OpenOrder::sent(*order));
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &OpenOrder> {
        self.open.iter()
    }

    /// True where none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// An open order; `None` where the number is unknown or its order has ended.
    #[must_use]
    pub fn get(&self, id: OrderId) -> Option<&OpenOrder> {
        self.place(id).map(|place| &self.open[place])
    }

    /// Notes that an open order is withdrawn.
    pub(crate) fn withdraw(&mut self, id: OrderId) {
        if let Some(place) = self.place(id) {
            self.open[place].withdrawn = true;
        }
    }

    #[inline]
    fn place(&self, id: OrderId) -> Option<usize> {
        // Most runs have one or two open orders: look at the last before searching.
        match self.open.last() {
            Some(last) if last.order.id == id => Some(self.open.len() - 1),
            _ => self.open.binary_search_by_key(&id, |open| open.order.id).ok(),
        }
    }

    /// Takes the step that a report tells, where it is legal: the state moves on, and an order that ended is gone. `worth`
    /// is what a fill in part was worth.
    #[inline(always)]
    pub(crate) fn step(&mut self, report: &Report, worth: Cash) -> Result<(), Refusal> {
        let (id, next, quantity) = match *report {
            Report::Accepted { order, .. } => (order, OrderState::Accepted, Quantity::ZERO),
            Report::Triggered { order, .. } => (order, OrderState::Triggered, Quantity::ZERO),
            Report::Filled { fill, done: true } => (fill.order, OrderState::Filled, fill.quantity),
            Report::Filled { fill, done: false } => (fill.order, OrderState::PartiallyFilled, fill.quantity),
            Report::Cancelled { order, .. } => (order, OrderState::Cancelled, Quantity::ZERO),
            Report::Rejected { order, .. } => (order, OrderState::Rejected, Quantity::ZERO),
            Report::Expired { order, .. } => (order, OrderState::Expired, Quantity::ZERO),
            Report::Forced(_)
            | Report::Charged { .. }
            | Report::Accrued { .. }
            | Report::Split { .. }
            | Report::Converted { .. } => {
                return Ok(());
            }
        };
        let place = self.place(id).ok_or(Refusal::UnknownOrder)?;
        let open = &mut self.open[place];
        let filled = open.filled.plus(quantity)?;
        let past_its_size = matches!(open.order.size, Size::Units(units) if filled > units);
        if !open.state.leads_to(next) || past_its_size {
            return Err(Refusal::IllegalStep);
        }
        if next.is_final() {
            // The last one is the usual one, and leaves without a shift.
            if place + 1 == self.open.len() { self.open.truncate(place) } else { _ = self.open.remove(place) }
        } else {
            (open.state, open.filled, open.paid) = (next, filled, open.paid.plus(worth)?);
        }
        Ok(())
    }
}
