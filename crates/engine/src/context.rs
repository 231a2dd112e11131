//! What a strategy sees, and how it speaks: exact state on one side, orders on the other.
use std::cmp::Reverse;

use qframe_model::account::Account;
use qframe_model::ids::{InstrumentId, OrderId, SeriesId};
use qframe_model::instrument::{Instrument, Kind};
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Price, Quantity, Rate};
use qframe_model::order::{Order, OrderKind, Purpose, Size};
use qframe_model::position::{ClosedTrade, Position};
use qframe_model::refusal::Refusal;
use qframe_model::schedule::{SLICES_MAX, Schedule};
use qframe_model::time::{Span, Time};

use crate::orders::{OpenOrder, OpenOrders};
use crate::state::{Parent, Request, State};
use crate::tape::Tape;
use crate::ticket::Ticket;

/// The state of the run as a strategy may know it at this instant, and its order entry.
///
/// Methods without an instrument speak of the one whose row is being delivered, or whose order filled. Where a call belongs
/// to no row (`on_start`, `on_instant`, `on_timer`, `on_end`) they speak of the first series and its instrument: a strategy
/// of several symbols names the one it means there.
#[derive(Debug)]
pub struct Context<'a> {
    pub(crate) state: &'a mut State,
    /// `None` for an instrument without bars.
    pub(crate) series: Option<SeriesId>,
    pub(crate) instrument: InstrumentId,
}

impl Context<'_> {
    /// This instant: the close of the bar, the time of the trade or quote.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.state.now
    }

    /// The series whose bar is being delivered. With another row, or a fill: the one that its instrument is traded on, the
    /// first where it has none. With no row: the first.
    #[must_use]
    pub fn series(&self) -> SeriesId {
        self.series.unwrap_or(SeriesId(0))
    }

    /// The instrument whose row is being delivered, or whose order filled; that of the first series where there is no row.
    #[must_use]
    pub const fn instrument(&self) -> InstrumentId {
        self.instrument
    }

    /// All instruments that trade in the run, by their numbers.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        let all = self.state.account.instruments();
        // Exchange rates stand behind them.
        &all[..all.partition_point(|instrument| instrument.kind() != Kind::Rate)]
    }

    /// What everything is worth now, in the reporting currency.
    #[must_use]
    pub const fn equity(&self) -> Cash {
        self.state.account.equity()
    }

    /// The account: cash, positions, ledger, margin.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.state.account
    }

    /// The position in the current instrument.
    #[must_use]
    #[inline]
    pub fn position(&self) -> &Position {
        self.state.account.position(self.instrument)
    }

    /// The position in another instrument.
    #[must_use]
    pub fn position_in(&self, instrument: InstrumentId) -> &Position {
        self.state.account.position(instrument)
    }

    /// The last known price of an instrument.
    #[must_use]
    pub fn price_of(&self, instrument: InstrumentId) -> Option<Price> {
        self.state.account.mark_of(instrument)
    }

    /// The book and the last trade of the current instrument; `None` where no tick of it has come.
    #[must_use]
    #[inline]
    pub fn tape(&self) -> Option<&Tape> {
        self.tape_of(self.instrument)
    }

    /// The book and the last trade of another instrument.
    #[must_use]
    #[inline]
    pub fn tape_of(&self, instrument: InstrumentId) -> Option<&Tape> {
        self.state.tapes.get(instrument.index())
    }

    /// True where the current instrument is not held.
    #[must_use]
    #[inline]
    pub fn is_flat(&self) -> bool {
        self.position().is_flat()
    }

    /// True where the current instrument is held.
    #[must_use]
    #[inline]
    pub fn is_long(&self) -> bool {
        self.position().quantity.is_positive()
    }

    /// True where the current instrument is owed.
    #[must_use]
    #[inline]
    pub fn is_short(&self) -> bool {
        self.position().quantity.is_negative()
    }

    /// The orders that are alive.
    #[must_use]
    pub const fn orders(&self) -> &OpenOrders {
        &self.state.orders
    }

    /// The trades closed so far, in the order of their closing.
    #[must_use]
    pub const fn trades(&self) -> &[ClosedTrade] {
        self.state.trades.as_slice()
    }

    /// The last bars of the current [series](Context::series), oldest first; as many as the strategy's `lookback`. None for
    /// an instrument that has no bars.
    #[must_use]
    pub fn history(&self) -> &[Bar] {
        self.series.map_or(&[], |series| self.state.history.bars(series))
    }

    /// The last bars of another series; none where there is no such series.
    #[must_use]
    pub fn history_of(&self, series: SeriesId) -> &[Bar] {
        self.state.history.bars(series)
    }

    /// A computed price on the tick grid of the current instrument, half-even. Where that is not known, and ticks are fed,
    /// the grid is that of the prices seen so far. What is no price (NaN, infinity) becomes zero, and an order with it is
    /// refused and recorded.
    #[must_use]
    pub fn price(&self, value: f64) -> Price {
        let Some(price) = Price::from_f64(value) else { return Price::ZERO };
        let seen = self.state.tapes.get(self.instrument.index()).and_then(|tape| tape.on_grid(price));
        seen.unwrap_or_else(|| self.state.account.instrument(self.instrument).on_grid(price))
    }

    /// Says what the strategy sees, apart from what it orders: above zero to buy, below to sell. Beyond -1 and 1 it is
    /// as strong as there; what is no number says nothing.
    #[inline]
    pub fn signal(&mut self, strength: f64) {
        let strength = if strength.is_nan() { 0.0 } else { strength.clamp(-1.0, 1.0) };
        self.state.requests.push(Request::Signal { instrument: self.instrument, strength });
    }

    /// Sends an order. The risk check follows at the end of the call; a refusal is an event.
    #[inline]
    pub fn send(&mut self, ticket: Ticket) -> OrderId {
        let order = self.order(ticket);
        self.state.requests.push(Request::Submit(order));
        order.id
    }

    #[inline]
    fn order(&mut self, ticket: Ticket) -> Order {
        self.state.order(ticket, self.instrument)
    }

    /// Buys at the market.
    pub fn buy(&mut self, size: Size) -> OrderId {
        self.send(Ticket::buy(size))
    }

    /// Sells at the market.
    pub fn sell(&mut self, size: Size) -> OrderId {
        self.send(Ticket::sell(size))
    }

    /// Closes the position in the current instrument at the market: see [`Context::close_in`].
    #[inline]
    pub fn close(&mut self) -> Option<OrderId> {
        self.close_in(self.instrument, Purpose::Signal)
    }

    /// Closes the position in an instrument at the market; nothing where it is flat, or is being closed so already. A market
    /// order that is still enlarging it is withdrawn.
    pub fn close_in(&mut self, instrument: InstrumentId, purpose: Purpose) -> Option<OrderId> {
        self.withdraw_begun(instrument, |order| !order.reduce_only);
        let held = self.position_in(instrument).quantity;
        let closes = |open: &OpenOrder| {
            let Order { kind, size, instrument: of, parent, .. } = open.order;
            (kind, size, of, parent) == (OrderKind::Market, Size::Close, instrument, None)
        };
        if held.is_zero() || self.orders().iter().any(closes) {
            return None;
        }
        let close = Ticket::new(Side::of(held).opposite(), Size::Close).on(instrument);
        Some(self.send(close.reduce_only().purpose(purpose)))
    }

    /// Withdraws market orders of an instrument that have begun to fill.
    #[inline]
    fn withdraw_begun(&mut self, instrument: InstrumentId, which: impl Fn(&Order) -> bool) {
        let has_begun = |open: &&OpenOrder| {
            let is_market = open.order.instrument == instrument && open.order.kind == OrderKind::Market;
            is_market && !open.filled.is_zero() && which(&open.order)
        };
        let orders = self.state.orders.iter().filter(has_begun).map(|open| Request::Cancel(open.order.id));
        self.state.requests.extend(orders);
    }

    /// Enters a position on `side` at the market, as large as the run's [`Sizing`](crate::Sizing) says; what is held of the other side is
    /// closed first. `None` where the rule gives no size, which is recorded as a refusal.
    #[inline]
    pub fn enter(&mut self, side: Side) -> Option<OrderId> {
        self.enter_with_stop(side, None)
    }

    /// As [`Context::enter`], with the price at which the position would be given up: sizing by risk needs it.
    #[inline]
    pub fn enter_with_stop(&mut self, side: Side, stop: Option<Price>) -> Option<OrderId> {
        let size = match self.state.sizing.size(self, side, stop) {
            Ok(size) => size,
            Err(refusal) => {
                let order = self.order(Ticket::new(side, Size::Equity(Rate::ZERO)));
                self.state.requests.push(Request::Refuse(order, refusal));
                return None;
            }
        };
        let turns = !self.is_flat() && Side::of(self.position().quantity) != side;
        if turns {
            self.withdraw_begun(self.instrument, |order| !order.reduce_only);
        }
        if turns && !matches!(size, Size::TargetWeight(_) | Size::TargetUnits(_)) {
            self.close();
        }
        Some(self.send(Ticket::new(side, size)))
    }

    /// Moves the position in the current instrument to this share of the equity (negative: short), at the market.
    #[inline]
    pub fn target(&mut self, weight: Rate) -> OrderId {
        self.target_in(self.instrument, weight)
    }

    /// Moves the position in an instrument to this share of the equity (negative: short), at the market. What is left of a
    /// market order that has begun to fill is withdrawn: it leads elsewhere.
    #[inline]
    pub fn target_in(&mut self, instrument: InstrumentId, weight: Rate) -> OrderId {
        self.withdraw_begun(instrument, |_| true);
        let held = self.position_in(instrument).quantity;
        let wanted = self.price_of(instrument).and_then(|price| {
            let budget = self.state.account.equity().at_rate(weight).ok()?;
            self.state.account.instrument(instrument).affordable(budget, price)
        });
        let step = wanted.and_then(|wanted| wanted.minus(held).ok()).unwrap_or(Quantity::ZERO);
        self.send(Ticket::new(Side::of(step), Size::TargetWeight(weight)).on(instrument))
    }

    /// An entry with its protection: the stop and the target wake when the entry fills, close what that has opened, and one
    /// cancels the other. Gives the numbers of entry, stop and target.
    pub fn bracket(&mut self, entry: Ticket, stop: Price, target: Price) -> [OrderId; 3] {
        let (side, on) = (entry.side().opposite(), entry.instrument_or(self.instrument));
        let exit = |parent, purpose| Ticket::new(side, Size::Close).reduce_only().on(on).after(parent).purpose(purpose);
        let entry = self.send(entry);
        let group = OrderId(entry.0 + 1);
        let stop = self.send(exit(entry, Purpose::StopLoss).stop(stop).group(group));
        let target = self.send(exit(entry, Purpose::TakeProfit).limit(target).group(group));
        [entry, stop, target]
    }

    /// Works an order in slices over a span from now on, one for each weight: equal weights are a TWAP, expected volumes
    /// a VWAP. Each slice is an order of its own with the terms of `ticket`, sent at the first instant that is not before
    /// it is due; cancelling the number given here stops the rest. The ticket's size must be a number of units; what is no
    /// schedule is refused and recorded.
    pub fn slice(&mut self, ticket: Ticket, over: Span, weights: &[u32]) -> OrderId {
        let order = self.order(ticket);
        let schedule = match order.size {
            Size::Units(units) => Schedule::new(units, self.state.now, over, weights),
            _ => None,
        };
        let ticket = ticket.on(order.instrument);
        self.state.requests.push(match schedule {
            Some(schedule) => Request::Work(Box::new(Parent { id: order.id, ticket, schedule, slices: Vec::new() })),
            None => Request::Refuse(order, Refusal::NoSchedule),
        });
        order.id
    }

    /// Works an order in `slices` equal parts over a span: a TWAP. See [`Context::slice`].
    pub fn twap(&mut self, ticket: Ticket, over: Span, slices: usize) -> OrderId {
        self.slice(ticket, over, &vec![1; slices.min(SLICES_MAX + 1)])
    }

    /// Asks for a call of `on_timer` at the first instant that is not before `time`.
    pub fn wake_at(&mut self, time: Time) {
        self.state.timers.push(Reverse(time));
    }

    /// Takes back what was asked for in this call: nothing of it is judged, sent or recorded. Timers stay.
    pub fn take_back(&mut self) {
        self.state.requests.clear();
    }

    /// Withdraws an order.
    pub fn cancel(&mut self, order: OrderId) {
        self.state.requests.push(Request::Cancel(order));
    }
}
