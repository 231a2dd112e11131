//! An order as a strategy writes it.
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::market::Side;
use qframe_model::number::Price;
use qframe_model::order::{Order, OrderKind, Purpose, Size, TimeInForce};
use qframe_model::time::Time;

/// An order to be sent: [`Ticket::buy`] or [`Ticket::sell`], then what differs from a plain market order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    instrument: Option<InstrumentId>,
    side: Side,
    size: Size,
    kind: OrderKind,
    time_in_force: TimeInForce,
    post_only: bool,
    reduce_only: bool,
    parent: Option<OrderId>,
    group: Option<OrderId>,
    purpose: Purpose,
}

impl Ticket {
    /// A market order on `side`.
    #[must_use]
    pub const fn new(side: Side, size: Size) -> Self {
        Self {
            instrument: None,
            side,
            size,
            kind: OrderKind::Market,
            time_in_force: TimeInForce::Gtc,
            post_only: false,
            reduce_only: false,
            parent: None,
            group: None,
            purpose: Purpose::Signal,
        }
    }

    pub(crate) const fn sized(mut self, size: Size) -> Self {
        self.size = size;
        self
    }

    pub(crate) const fn reducing(mut self, only: bool) -> Self {
        self.reduce_only = only;
        self
    }

    pub(crate) const fn is_reduce_only(&self) -> bool {
        self.reduce_only
    }

    pub(crate) const fn side(&self) -> Side {
        self.side
    }

    /// The instrument it names, or `other` where it names none.
    pub(crate) fn instrument_or(&self, other: InstrumentId) -> InstrumentId {
        self.instrument.unwrap_or(other)
    }

    /// A market order to buy.
    #[must_use]
    pub const fn buy(size: Size) -> Self {
        Self::new(Side::Buy, size)
    }

    /// A market order to sell.
    #[must_use]
    pub const fn sell(size: Size) -> Self {
        Self::new(Side::Sell, size)
    }

    /// On this instrument instead of the one being delivered.
    #[must_use]
    pub const fn on(mut self, instrument: InstrumentId) -> Self {
        self.instrument = Some(instrument);
        self
    }

    /// Of this kind instead of a market order.
    #[must_use]
    pub const fn kind(mut self, kind: OrderKind) -> Self {
        self.kind = kind;
        self
    }

    /// A limit order.
    #[must_use]
    pub const fn limit(self, price: Price) -> Self {
        self.kind(OrderKind::Limit(price))
    }

    /// A stop order.
    #[must_use]
    pub const fn stop(self, price: Price) -> Self {
        self.kind(OrderKind::Stop(price))
    }

    /// Living this long instead of until cancelled.
    #[must_use]
    pub const fn time_in_force(mut self, time_in_force: TimeInForce) -> Self {
        self.time_in_force = time_in_force;
        self
    }

    /// Refused where it would take liquidity.
    #[must_use]
    pub const fn post_only(mut self) -> Self {
        self.post_only = true;
        self
    }

    /// Never opens or turns a position.
    #[must_use]
    pub const fn reduce_only(mut self) -> Self {
        self.reduce_only = true;
        self
    }

    /// Asleep until `parent` has filled.
    #[must_use]
    pub const fn after(mut self, parent: OrderId) -> Self {
        self.parent = Some(parent);
        self
    }

    /// In a group: when one order of it fills, the others die. The number is the group's first order.
    #[must_use]
    pub const fn group(mut self, group: OrderId) -> Self {
        self.group = Some(group);
        self
    }

    /// Sent for this reason: what the trade list shows where it closes a position.
    #[must_use]
    pub const fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// The order that it makes: with its number, on the instrument it names or else on `instrument`, sent at `time`.
    pub(crate) fn order(self, id: OrderId, instrument: InstrumentId, time: Time) -> Order {
        Order {
            id,
            instrument: self.instrument_or(instrument),
            side: self.side,
            size: self.size,
            kind: self.kind,
            time_in_force: self.time_in_force,
            post_only: self.post_only,
            reduce_only: self.reduce_only,
            parent: self.parent,
            group: self.group,
            purpose: self.purpose,
            time,
        }
    }
}
