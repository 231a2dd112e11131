//! What the engine knows, and what a strategy has asked of it.
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use qframe_model::account::Account;
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::order::{Order, Size};
use qframe_model::position::ClosedTrade;
use qframe_model::refusal::Refusal;
use qframe_model::schedule::Schedule;
use qframe_model::time::Time;

use crate::history::History;
use crate::orders::OpenOrders;
use crate::sizing::Sizing;
use crate::tape::Tape;
use crate::ticket::Ticket;

/// What a strategy asked for in one call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    Submit(Order),
    /// An order that cannot even be judged: it has no size.
    Refuse(Order, Refusal),
    Cancel(OrderId),
    /// A parent order that is worked in slices.
    Work(Box<Parent>),
    Signal {
        instrument: InstrumentId,
        strength: f64,
    },
}

/// A parent order and what was sent of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parent {
    pub(crate) id: OrderId,
    pub(crate) ticket: Ticket,
    pub(crate) schedule: Schedule,
    pub(crate) slices: Vec<OrderId>,
}

impl Parent {
    /// What is left of it as one order.
    pub(crate) fn rest(&self, now: Time) -> Order {
        self.ticket.sized(Size::Units(self.schedule.left())).order(self.id, InstrumentId(0), now)
    }
}

/// Everything that a strategy may know, and where its requests wait for the risk check. The engine owns it.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) now: Time,
    pub(crate) account: Account,
    pub(crate) orders: OpenOrders,
    pub(crate) history: History,
    pub(crate) trades: Vec<ClosedTrade>,
    pub(crate) sizing: Sizing,
    /// The buffer is reused.
    pub(crate) requests: Vec<Request>,
    pub(crate) last_order: u64,
    pub(crate) timers: BinaryHeap<Reverse<Time>>,
    pub(crate) parents: Vec<Parent>,
    /// True where the run has ended.
    pub(crate) over: bool,
    /// What is known of each instrument that is fed ticks; it grows with the first one.
    pub(crate) tapes: Vec<Tape>,
}

impl State {
    /// The tape of an instrument, an empty one before its first tick.
    #[inline]
    pub(crate) fn tape(&mut self, id: InstrumentId) -> &mut Tape {
        if self.tapes.len() <= id.index() {
            self.add_tapes(id);
        }
        &mut self.tapes[id.index()]
    }

    #[cold]
    fn add_tapes(&mut self, id: InstrumentId) {
        for place in self.tapes.len()..=id.index() {
            self.tapes.push(Tape::new(self.account.instrument(InstrumentId(place as u16)).rules().tick));
        }
    }

    /// A ticket as an order: with the next number, at this instant, of whole lots, at ticks.
    #[inline]
    pub(crate) fn order(&mut self, ticket: Ticket, instrument: InstrumentId) -> Order {
        self.last_order += 1;
        let mut order = ticket.order(OrderId(self.last_order), instrument, self.now);
        let rules = self.account.instrument(order.instrument).rules();
        if let Size::Units(units) | Size::TargetUnits(units) = &mut order.size {
            *units = units.in_lots(rules.lot);
        }
        order.kind = order.kind.on_ticks(order.side, rules.tick);
        order
    }
}
