//! Orders against bars: the scan, the execution, and what a fill does to other orders.
use qframe_model::account::Account;
use qframe_model::event::{CancelReason, Report};
use qframe_model::fill::{Fill, Liquidity};
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Overflow, Price, Quantity, Rate};
use qframe_model::order::{OrderKind, Purpose, TimeInForce};
use qframe_model::refusal::Refusal;
use qframe_model::time::Time;

use super::settings::{FillPrice, Unaffordable};
use super::sizing::{Rest, Sized, Sizer};
use super::working::{Look, Step, Touch, Working};
use super::{SimVenue, Stage};

impl SimVenue {
    /// Looks at the orders from the cursor on, until one of them has something to report.
    pub(super) fn scan(&mut self, step: Step, account: &Account) -> Result<(), Overflow> {
        while self.cursor < self.orders.len() && self.pending.is_empty() {
            let place = self.cursor;
            self.cursor += 1;
            self.meet(place, step, account)?;
        }
        Ok(())
    }

    fn meet(&mut self, place: usize, step: Step, account: &Account) -> Result<(), Overflow> {
        let working = &self.orders[place];
        if working.dead || working.asleep {
            return Ok(());
        }
        let Some((bar, look)) = self.look(working, step) else { return Ok(()) };
        match look {
            Look::Rest => self.end_if_immediate(place, step, &bar),
            Look::Wake => {
                let order = self.orders[place].id();
                self.orders[place].triggered = true;
                self.orders[place].born_in_range = step != Step::Open;
                self.pending.push_back(Report::Triggered { order, time: self.time_of(place, step, &bar) });
            }
            Look::Fill(touch) => self.execute(place, step, &bar, touch, account)?,
        }
        Ok(())
    }

    /// What the market does to an order in this step; `None` where the order does not meet it.
    fn look(&self, working: &Working, step: Step) -> Option<(Bar, Look)> {
        let listing = &self.listings[working.order.instrument.index()];
        if matches!(self.stage, Stage::ReduceAfterDecision | Stage::AfterDecision) {
            let bar = listing.last.filter(|_| working.order.kind == OrderKind::Market && working.bars_to_wait == 0)?;
            let now = listing.closes >= working.active_from;
            return now.then_some((bar, Look::Fill(Touch { price: bar.close, taker: true })));
        }
        let bar = listing.bar?;
        if working.bars_to_wait > 0 {
            return None;
        }
        if working.active_from > bar.time {
            // It arrived inside the bar: of all its prices only the close is known to come later.
            let late = step == Step::Close && working.active_from <= listing.closes;
            let close = Bar { open: bar.close, high: bar.close, low: bar.close, ..bar };
            return late.then(|| (bar, working.look(Step::Open, &close, false)));
        }
        if working.order.kind == OrderKind::MarketOnOpen
            && listing.last.is_some_and(|last| last.time.day() == bar.time.day())
        {
            return None;
        }
        if working.order.kind == OrderKind::MarketOnClose && listing.closes.day() == bar.time.day() {
            return None;
        }
        Some((bar, working.look(step, &bar, self.settings.fill == FillPrice::Worst)))
    }

    /// Immediate-or-cancel and fill-or-kill orders do not outlive their first open.
    fn end_if_immediate(&mut self, place: usize, step: Step, bar: &Bar) {
        let working = &self.orders[place];
        let (order, time) = (working.id(), bar.time);
        let late = step == Step::Close && working.active_from > bar.time;
        let over = late || (step == Step::Open && self.stage == Stage::Open);
        match working.order.time_in_force {
            TimeInForce::Ioc if over => {
                self.end(place, Report::Cancelled { order, time, reason: CancelReason::Immediate }, time);
            }
            TimeInForce::Fok if over => {
                self.end(place, Report::Rejected { order, time, refusal: Refusal::CannotFillWhole }, time);
            }
            _ => {}
        }
    }

    /// Fills as much of an order as the money, the volume and its own terms allow.
    fn execute(
        &mut self,
        place: usize,
        step: Step,
        bar: &Bar,
        touch: Touch,
        account: &Account,
    ) -> Result<(), Overflow> {
        let working = self.orders[place];
        let (price, sized) = self.price_and_size(&working, bar, touch, account)?;
        if matches!(self.stage, Stage::Reduce | Stage::ReduceAfterDecision) && !reduces(&working, &sized, account) {
            return Ok(());
        }
        let time = self.time_of(place, step, bar);
        match sized {
            Sized::Drop(reason) => {
                self.end(place, Report::Cancelled { order: working.id(), time, reason }, time);
                Ok(())
            }
            Sized::Refuse(refusal) => {
                self.refuse(place, refusal, time);
                Ok(())
            }
            Sized::Fill { side, quantity, rest } => {
                let (quantity, rest) =
                    self.cap(&working, bar, account.instrument(working.order.instrument).rules().lot, quantity, rest);
                self.orders[place].triggered = true;
                if quantity.is_zero() {
                    self.end_if_immediate(place, step, bar);
                    return Ok(());
                }
                if working.order.time_in_force == TimeInForce::Fok && matches!(rest, Rest::Later | Rest::Unpaid) {
                    self.refuse(place, Refusal::CannotFillWhole, time);
                    return Ok(());
                }
                let liquidity = if touch.taker { Liquidity::Taker } else { Liquidity::Maker };
                let fill = self.fill(account, &working, side, quantity, price, liquidity, time)?;
                self.record(place, fill, rest, step, account);
                Ok(())
            }
        }
    }

    fn refuse(&mut self, place: usize, refusal: Refusal, time: Time) {
        let working = &self.orders[place];
        let order = working.id();
        let report = if working.filled.is_zero() {
            Report::Rejected { order, time, refusal }
        } else {
            Report::Cancelled { order, time, reason: CancelReason::Refused(refusal) }
        };
        self.end(place, report, time);
        // Of a turn that closed and may not open, nothing is left to protect.
        self.cancel_where(time, CancelReason::Parent, |other| other.asleep && other.order.parent == Some(order));
    }

    /// Sizes at the market's price; where crossing costs, again at the price after it.
    fn price_and_size(
        &self,
        working: &Working,
        bar: &Bar,
        touch: Touch,
        account: &Account,
    ) -> Result<(Price, Sized), Overflow> {
        let mut sizer = Sizer {
            account,
            fees: &self.settings.fees,
            volume_30d: self.volume_30d(bar.time),
            allow_short: self.settings.allow_short,
            clip: self.settings.unaffordable == Unaffordable::Clip,
            id: working.order.instrument,
            price: touch.price,
            liquidity: if touch.taker { Liquidity::Taker } else { Liquidity::Maker },
        };
        let sized = sizer.size(working)?;
        let Sized::Fill { side, quantity, .. } = sized else { return Ok((touch.price, sized)) };
        if !touch.taker {
            return Ok((touch.price, sized));
        }
        let instrument = account.instrument(working.order.instrument);
        let Ok(slipped) = self.settings.crossing.apply(instrument, bar, side, touch.price, quantity) else {
            // The slippage leaves nothing of the price.
            return Ok((touch.price, Sized::Refuse(Refusal::BadPrice(Price::ZERO))));
        };
        // A limit holds, whatever the slippage.
        sizer.price = match working.order.kind {
            OrderKind::Limit(limit)
            | OrderKind::Iceberg { limit, .. }
            | OrderKind::StopLimit { limit, .. }
            | OrderKind::LimitIfTouched { limit, .. }
                if side.prefers(limit, slipped) =>
            {
                limit
            }
            _ => slipped,
        };
        Ok(if sizer.price == touch.price { (touch.price, sized) } else { (sizer.price, sizer.size(working)?) })
    }

    /// No more than the share of the bar's volume that fills may take.
    fn cap(&self, working: &Working, bar: &Bar, lot: Quantity, quantity: Quantity, rest: Rest) -> (Quantity, Rest) {
        let Some(share) = self.settings.volume_cap else { return (quantity, rest) };
        let offered = bar.volume.quantity().share(share.nanos().into(), Rate::ONE.nanos().into());
        let used = self.listings[working.order.instrument.index()].used;
        let left = offered.and_then(|offered| offered.minus(used)).unwrap_or(Quantity::ZERO).max(Quantity::ZERO);
        let left = left.floor_to(lot);
        if quantity <= left { (quantity, rest) } else { (left, Rest::Later) }
    }

    /// A fill's label in time: the bar's opening instant inside a bar, its closing instant at the close.
    fn time_of(&self, place: usize, step: Step, bar: &Bar) -> Time {
        let working = &self.orders[place];
        let closes = self.listings[working.order.instrument.index()].closes;
        if step == Step::Close { closes } else { bar.time.max(working.active_from) }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a fill, each named once")]
    fn fill(
        &mut self,
        account: &Account,
        working: &Working,
        side: Side,
        quantity: Quantity,
        price: Price,
        liquidity: Liquidity,
        time: Time,
    ) -> Result<Fill, Overflow> {
        let id = working.order.instrument;
        let sizer = Sizer {
            account,
            fees: &self.settings.fees,
            volume_30d: self.volume_30d(time),
            allow_short: true,
            clip: false,
            id,
            price,
            liquidity,
        };
        let fee = sizer.fee(quantity)?;
        self.count_traded(time, account.instrument(id).value(price, quantity)?)?;
        let (order, purpose) = (working.id(), working.purpose());
        Ok(Fill {
            order,
            instrument: id,
            time,
            side,
            price,
            quantity,
            fee,
            fee_in: account.quote_of(id),
            liquidity,
            purpose,
        })
    }

    /// Reports a fill, then ends what it ends and wakes what it wakes.
    fn record(&mut self, place: usize, fill: Fill, rest: Rest, step: Step, account: &Account) {
        let working = &mut self.orders[place];
        // What cannot overflow: the fill was sized within the order.
        working.filled = working.filled.plus(fill.quantity).unwrap_or(Quantity::MAX);
        let (id, immediate) = (working.id(), working.order.time_in_force == TimeInForce::Ioc);
        let (group, reduce_only) = (working.order.group, working.order.reduce_only);
        let listing = &mut self.listings[fill.instrument.index()];
        listing.used = listing.used.plus(fill.quantity).unwrap_or(Quantity::MAX);
        let done = rest == Rest::Nothing;
        self.pending.push_back(Report::Filled { fill, done });
        match rest {
            Rest::Nothing => self.orders[place].dead = true,
            Rest::Reversal => self.cursor = place,
            Rest::Unpaid => self.end_rest(place, CancelReason::Clipped, fill.time),
            Rest::Later if immediate => self.end_rest(place, CancelReason::Immediate, fill.time),
            Rest::Later => {}
        }
        if let Some(group) = group.filter(|_| done || !reduce_only) {
            self.cancel_where(fill.time, CancelReason::Group, |other| {
                other.order.group == Some(group) && other.id() != id
            });
        }
        if let Some(entry) = self.orders[place].order.parent.filter(|_| done && reduce_only) {
            // The protection has closed what there was: the rest of the entry would be without it.
            self.cancel_where(fill.time, CancelReason::Closed, |other| other.id() == entry);
        }
        // First what protected the position that is gone, then what protects the one that came: a turn has both.
        self.drop_orphans(&fill, id, account);
        self.wake_children(&fill, step, account);
    }

    fn end_rest(&mut self, place: usize, reason: CancelReason, time: Time) {
        let order = self.orders[place].id();
        self.end(place, Report::Cancelled { order, time, reason }, time);
    }

    /// Orders that waited for this one are live from here on; inside a range the stops among them are tried again. What
    /// protects a position that the fill has not opened yet, since it closed the other side first, waits for it.
    fn wake_children(&mut self, fill: &Fill, step: Step, account: &Account) {
        let in_range = matches!(step, Step::Stops | Step::Limits);
        let held = account.position(fill.instrument).quantity;
        let after = held.plus(fill.signed()).unwrap_or(held);
        let opened = !after.is_zero() && Side::of(after) == fill.side;
        let mut woke = false;
        for working in &mut self.orders {
            let order = &working.order;
            let protects = order.reduce_only && order.instrument == fill.instrument && order.side != fill.side;
            if working.asleep && order.parent == Some(fill.order) && (opened || !protects) {
                working.asleep = false;
                working.born_in_range = in_range;
                working.follow(fill.price);
                woke = true;
            }
        }
        if woke && in_range {
            self.stage = Stage::First;
            self.cursor = 0;
        }
    }

    /// A position that is closed or turned takes its protective orders with it.
    fn drop_orphans(&mut self, fill: &Fill, id: OrderId, account: &Account) {
        let held = account.position(fill.instrument).quantity;
        let after = held.plus(fill.signed()).unwrap_or(held);
        let gone = after.is_zero() || (!held.is_zero() && after.is_negative() != held.is_negative());
        if gone {
            self.drop_protection(fill.instrument, id, fill.time);
        }
    }

    fn drop_protection(&mut self, instrument: InstrumentId, but: OrderId, time: Time) {
        self.cancel_where(time, CancelReason::NothingToClose, |other| {
            let protects = other.order.reduce_only && other.order.parent.is_some() && !other.asleep;
            protects && other.order.instrument == instrument && other.id() != but
        });
    }

    /// A fill of the whole position that no order of ours asked for.
    pub(super) fn forced_fill(
        &mut self,
        account: &Account,
        id: InstrumentId,
        price: Price,
        time: Time,
        purpose: Purpose,
    ) -> Result<Fill, Overflow> {
        let held = account.position(id).quantity;
        let order = qframe_model::order::Order {
            id: OrderId(0),
            instrument: id,
            side: Side::of(held).opposite(),
            size: qframe_model::order::Size::Close,
            kind: OrderKind::Market,
            time_in_force: TimeInForce::Gtc,
            post_only: false,
            reduce_only: true,
            parent: None,
            group: None,
            purpose,
            time,
        };
        let working = Working::new(order, time, 0);
        self.fill(account, &working, order.side, held.abs(), price, Liquidity::Taker, time)
    }

    pub(super) fn force(&mut self, _account: &Account, fill: Fill) {
        self.pending.push_back(Report::Forced(fill));
        self.drop_protection(fill.instrument, OrderId(0), fill.time);
    }
}

/// True where the fill would make its position smaller.
fn reduces(working: &Working, sized: &Sized, account: &Account) -> bool {
    let held = account.position(working.order.instrument).quantity;
    matches!(sized, Sized::Fill { side, .. } if !held.is_zero() && Side::of(held) != *side)
}
