//! Orders against bars: the scan, the execution, and what a fill does to other orders.
use qframe_model::account::Account;
use qframe_model::event::{CancelReason, Report};
use qframe_model::fill::{Fill, Liquidity};
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Overflow, Price, Quantity, Rate};
use qframe_model::order::{Order, OrderKind, Purpose, Size, TimeInForce};
use qframe_model::refusal::Refusal;
use qframe_model::time::Time;

use super::children::{Inside, closes};
use super::pricing::Taker;
use super::settings::{FillPrice, Intrabar, Unaffordable};
use super::sizing::{Deal, Rest, Sized, Sizer};
use super::working::{Look, Step, Touch, Working, against};
use super::{SimVenue, Stage};

/// What the market and the account let an order do.
#[derive(Clone, Copy)]
struct Offer {
    price: Price,
    liquidity: Liquidity,
    sized: Sized,
}

impl SimVenue {
    /// Looks at the orders from the cursor on, until one of them has something to report.
    #[inline(always)]
    pub(super) fn scan(&mut self, step: Step, account: &Account) -> Result<(), Overflow> {
        while self.cursor < self.orders.len() && self.pending.is_empty() {
            let place = self.cursor;
            self.cursor += 1;
            let working = &self.orders[place];
            if !working.dead && !working.asleep {
                self.meet(place, step, account)?;
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn meet(&mut self, place: usize, step: Step, account: &Account) -> Result<(), Overflow> {
        let working = &self.orders[place];
        let Some(bar) = self.bar_for(working.order.instrument) else { return Ok(()) };
        match self.look(working, step, &bar) {
            None => {}
            Some(Look::Rest) => self.end_if_immediate(place, step, &bar),
            Some(look) => self.answer(place, step, &bar, look, account)?,
        }
        Ok(())
    }

    /// Does what a bar does to an order.
    pub(super) fn answer(
        &mut self,
        place: usize,
        step: Step,
        bar: &Bar,
        look: Look,
        account: &Account,
    ) -> Result<(), Overflow> {
        match look {
            Look::Rest => {}
            Look::Wake(market) => {
                let order = self.orders[place].id();
                let working = &mut self.orders[place];
                let told = working.woken_before;
                (working.triggered, working.woken_before) = (true, true);
                working.born_at = (step != Step::Open).then_some(market);
                let time = self.time_of(place, step, bar);
                if !told {
                    self.pending.push(Report::Triggered { order, time });
                }
                // Its limit was not reached at its trigger.
                self.end_immediate(place, time);
            }
            Look::Fill(touch) => self.execute(place, step, bar, touch, account)?,
        }
        Ok(())
    }

    /// True where the close that was just decided on is matched.
    pub(super) fn is_decided(&self) -> bool {
        matches!(self.stage, Stage::ReduceAfterDecision | Stage::AfterDecision)
    }

    /// The bar that orders of an instrument meet now.
    #[inline]
    fn bar_for(&self, id: InstrumentId) -> Option<Bar> {
        let listing = &self.listings[id.index()];
        if self.is_decided() { listing.last } else { listing.matched() }
    }

    /// True where an order lets those that reduce fill first: it is none of them, turns its position whole or not at all, or
    /// was sent after one that waits in the same instrument.
    #[inline(never)]
    fn waits(&mut self, place: usize, sized: Sized, account: &Account) -> bool {
        let working = &self.orders[place];
        let id = working.order.instrument;
        let turns = matches!(sized, Sized::Fill { rest: Rest::Reversal, .. });
        let whole = turns && working.order.time_in_force == TimeInForce::Fok;
        let waits = whole || self.held_back.contains(&id) || !reduces(working, &sized, account);
        if waits {
            self.held_back.push(id);
        }
        waits
    }

    /// What reduces has filled; now comes what waited for that.
    pub(super) fn let_all(&mut self) -> Stage {
        self.held_back.clear();
        match self.stage {
            Stage::ReduceAtWorst => Stage::AtWorst,
            Stage::ReduceAfterDecision => Stage::AfterDecision,
            _ => Stage::Open,
        }
    }

    /// What a bar does to an order in this step; `None` where the order does not meet it.
    #[inline(always)]
    pub(super) fn look(&self, working: &Working, step: Step, bar: &Bar) -> Option<Look> {
        let listing = &self.listings[working.order.instrument.index()];
        let decided = self.is_decided();
        if let (Step::Close, TimeInForce::Gtd(until)) = (step, working.order.time_in_force)
            && (if decided { listing.closed } else { listing.closes }) >= until
        {
            // Its time ran out inside the bar: it ends at the next open.
            return None;
        }
        if working.bars_to_wait > 0 {
            return None;
        }
        if decided {
            let now = working.order.kind == OrderKind::Market && listing.closed >= working.active_from;
            return now.then_some(Look::Fill(Touch { price: bar.close, taker: true, offered: None }));
        }
        if working.active_from > bar.time {
            return self.look_late(working, step, bar);
        }
        match working.order.kind {
            OrderKind::Market => {}
            OrderKind::MarketOnOpen if !self.opens_session(working.order.instrument) => return None,
            OrderKind::MarketOnClose if !self.closes_session(working.order.instrument) => return None,
            _ => {}
        }
        let look = working.look(step, bar, self.settings.fill == FillPrice::Worst);
        if (look, step, self.settings.intrabar) == (Look::Rest, Step::Limits, Intrabar::TargetFirst)
            && working.born_at.is_some()
            && working.order.kind != OrderKind::MarketOnClose
            && (working.waits_for_trigger() || !working.is_immediate())
        {
            // Where the close proves that the price came there after it, that was before the stop.
            return Some(working.look(Step::Close, bar, false));
        }
        Some(look)
    }

    /// It arrived inside the bar: of all its prices only the close is known to come later.
    fn look_late(&self, working: &Working, step: Step, bar: &Bar) -> Option<Look> {
        let listing = &self.listings[working.order.instrument.index()];
        let late = step == Step::Close && working.active_from < listing.closes;
        match working.order.kind {
            // It follows from that close on.
            OrderKind::MarketOnOpen | OrderKind::TrailingStop(_) => return None,
            OrderKind::MarketOnClose if !self.closes_session(working.order.instrument) => return None,
            OrderKind::MarketOnClose => return late.then(|| working.look(Step::Close, bar, false)),
            _ => {}
        }
        let close = Bar { open: bar.close, high: bar.close, low: bar.close, ..*bar };
        late.then(|| working.look(Step::Open, &close, false))
    }

    /// True where the bar being matched is the first one of its session; of its day in UTC where no sessions are known.
    fn opens_session(&self, id: InstrumentId) -> bool {
        let listing = &self.listings[id.index()];
        let (Some(bar), Some(last)) = (listing.bar, listing.last) else { return true };
        match self.settings.sessions_of(id) {
            Some(sessions) => sessions.within(bar.time, listing.closes).is_some_and(|own| listing.closed <= own.start),
            None => last.time.day() != bar.time.day(),
        }
    }

    /// True where the session is over when the bar being matched closes; its day in UTC where no sessions are known.
    fn closes_session(&self, id: InstrumentId) -> bool {
        let listing = &self.listings[id.index()];
        let Some(bar) = listing.bar else { return false };
        match self.settings.sessions_of(id) {
            Some(sessions) => sessions.within(bar.time, listing.closes).is_some_and(|own| own.end <= listing.closes),
            None => listing.closes.day() != bar.time.day(),
        }
    }

    /// Fills as much of an order as the money, the volume and its own terms allow.
    pub(super) fn execute(
        &mut self,
        place: usize,
        step: Step,
        bar: &Bar,
        touch: Touch,
        account: &Account,
    ) -> Result<(), Overflow> {
        let Offer { price, liquidity, sized } = self.offer(&self.orders[place], bar, touch, account)?;
        if self.stage.is_for_reducing() && step != Step::Stops && self.waits(place, sized, account) {
            return Ok(());
        }
        if step.is_in_range() && self.carry.is_needed() && self.comes_by(place, (step, touch.price), bar, account)? {
            self.cursor = place;
            return Ok(());
        }
        let working = &self.orders[place];
        let time = self.time_of(place, step, bar);
        let (side, deal, rest) = match sized {
            Sized::Fill { side, deal, rest } => (side, deal, rest),
            Sized::Drop(reason) => {
                self.end(place, Report::Cancelled { order: working.id(), time, reason }, time);
                return Ok(());
            }
            Sized::Refuse(refusal) => {
                self.refuse(place, refusal, time);
                return Ok(());
            }
        };
        let (order, instrument, purpose) = (working.id(), working.order.instrument, working.purpose());
        let whole_only = working.order.time_in_force == TimeInForce::Fok;
        if deal.quantity.is_zero() {
            self.orders[place].triggered = true;
            // The next level may have a whole lot.
            if !self.walks(place) {
                self.end_immediate(place, time);
            }
        } else if whole_only
            && let Some(refusal) =
                self.why_not_whole(place, (bar, touch), Offer { price, liquidity, sized }, account)?
        {
            self.refuse(place, refusal, time);
        } else {
            let (Deal { quantity, value, fee }, fee_in) = (deal, account.quote_of(instrument));
            self.count_traded(time, value)?;
            self.convert_for(account, instrument, side, &deal, time)?;
            let fill = Fill { order, instrument, time, side, price, quantity, fee, fee_in, liquidity, purpose };
            self.inside = None;
            if step != Step::Open {
                self.leave_the_open(place, &fill, (step, touch.price), bar, account);
            }
            self.record(place, fill, value.plus(fee)?, rest, (step, touch.price), account);
        }
        Ok(())
    }

    /// Why an offer is not all that a fill-or-kill order wants; `None` where it is, or where the order goes on to the next level.
    #[cold]
    fn why_not_whole(
        &self,
        place: usize,
        (bar, touch): (&Bar, Touch),
        offer: Offer,
        account: &Account,
    ) -> Result<Option<Refusal>, Overflow> {
        let Sized::Fill { side, deal: closes, rest } = offer.sized else { return Ok(None) };
        match rest {
            Rest::Later | Rest::Unpaid | Rest::Beyond if !self.walks(place) => {
                return Ok(Some(Refusal::CannotFillWhole));
            }
            Rest::Reversal if !self.walks(place) => {}
            _ => return Ok(None),
        }
        let working = &self.orders[place];
        let sizer = self.sizer(account, working.order.instrument, offer.price, offer.liquidity, bar.time);
        let (working, after) = sizer.half_turned(working, (side, closes), bar.time)?;
        let left = self.left_for(&working, bar, touch, account);
        Ok(match self.offer(&working, bar, touch, &after)?.sized {
            Sized::Fill { deal, rest: Rest::Nothing, .. } => {
                let both = closes.quantity.plus(deal.quantity)?;
                left.is_some_and(|left| both > left).then_some(Refusal::CannotFillWhole)
            }
            Sized::Refuse(refusal) => Some(refusal),
            _ => Some(Refusal::CannotFillWhole),
        })
    }

    pub(super) fn refuse(&mut self, place: usize, refusal: Refusal, time: Time) {
        let working = &self.orders[place];
        let order = working.id();
        let report = if working.filled.is_zero() {
            Report::Rejected { order, time, refusal }
        } else {
            Report::Cancelled { order, time, reason: CancelReason::Refused(refusal) }
        };
        self.end(place, report, time);
    }

    /// What the market and the account let an order do: sized at the market's price and, where crossing costs, again at
    /// the price after it; no more than the volume allows.
    #[inline(always)]
    fn offer(&self, working: &Working, bar: &Bar, touch: Touch, account: &Account) -> Result<Offer, Overflow> {
        let liquidity = if touch.taker { Liquidity::Taker } else { Liquidity::Maker };
        let mut sizer = self.sizer(account, working.order.instrument, touch.price, liquidity, bar.time);
        let mut sized = sizer.size(working)?;
        if let (Sized::Fill { side, deal, .. }, true) = (sized, touch.taker && !self.is_free()) {
            let crossing = &self.settings.crossing;
            let taker = self.taker(account, working.order.instrument, bar, side, touch.price, deal.quantity);
            match crossing.apply(&taker) {
                Ok(slipped) => {
                    sizer.price = working.limited(side, slipped);
                    sized = sizer.size(working)?;
                }
                // The slippage leaves nothing of the price, and the way out is open all the same.
                Err(_)
                    if side == Side::Sell && deal.quantity <= account.position(working.order.instrument).quantity =>
                {
                    sizer.price = working.limited(side, taker.instrument.rules().tick);
                    sized = sizer.size(working)?;
                }
                // The same of what opens, or it takes the price beyond its range.
                Err(_) => sized = Sized::Refuse(crossing.refusal(&taker)),
            }
        }
        if let Sized::Fill { side, deal, .. } = sized
            && let Some(left) = self.left_for(working, bar, touch, account)
            && deal.quantity > left
        {
            sized = Sized::Fill { side, deal: sizer.deal(left)?, rest: Rest::Later };
        }
        Ok(Offer { price: sizer.price, liquidity, sized })
    }

    /// True where every taker gets the market's price.
    fn is_free(&self) -> bool {
        self.settings.crossing.is_free() && self.settings.spreads.is_empty()
    }

    /// What takes so much at a price of a bar, with half of the recorded spread there.
    fn taker<'a>(
        &self,
        account: &'a Account,
        id: InstrumentId,
        bar: &'a Bar,
        side: Side,
        price: Price,
        quantity: Quantity,
    ) -> Taker<'a> {
        let own = self.settings.spreads.iter().find(|spreads| spreads.instrument == id);
        let half_spread = own.map_or(Price::ZERO, |spreads| spreads.half_at(bar, price));
        Taker { instrument: account.instrument(id), bar, half_spread, side, price, quantity }
    }

    pub(super) fn sizer<'a>(
        &'a self,
        account: &'a Account,
        id: InstrumentId,
        price: Price,
        liquidity: Liquidity,
        time: Time,
    ) -> Sizer<'a> {
        Sizer {
            account,
            fees: &self.settings.fees,
            volume_30d: if self.traded.is_empty() { Cash::ZERO } else { self.volume_30d(time) },
            allow_short: self.settings.allow_short,
            clip: self.settings.unaffordable == Unaffordable::Clip,
            convert: self.settings.convert,
            most: self.most.get(id.index()),
            opened: &self.opened,
            id,
            price,
            liquidity,
        }
    }

    /// What the market has for an order, in whole lots; `None` where it has all that is wanted.
    #[inline]
    fn left_for(&self, working: &Working, bar: &Bar, touch: Touch, account: &Account) -> Option<Quantity> {
        let id = working.order.instrument;
        match (touch.offered, self.settings.volume_cap) {
            (Some(offered), _) => Some(offered.floor_to(account.instrument(id).rules().lot)),
            (None, Some(share)) => Some(self.volume_left(id, bar, share, account)),
            (None, None) => None,
        }
    }

    /// What fills may still take of a bar's volume, in whole lots.
    #[inline(never)]
    fn volume_left(&self, id: InstrumentId, bar: &Bar, share: Rate, account: &Account) -> Quantity {
        let offered = bar.volume.quantity().share(share.nanos().into(), Rate::ONE.nanos().into());
        let left = offered.and_then(|offered| offered.minus(self.listings[id.index()].used));
        left.unwrap_or(Quantity::ZERO).max(Quantity::ZERO).floor_to(account.instrument(id).rules().lot)
    }

    /// A fill's label in time: the bar's opening instant inside a bar, its closing instant at the close.
    pub(super) fn time_of(&self, place: usize, step: Step, bar: &Bar) -> Time {
        let working = &self.orders[place];
        let listing = &self.listings[working.order.instrument.index()];
        match (step, self.stage) {
            (_, Stage::Arrive | Stage::Tick) => self.now,
            (Step::Close, Stage::ReduceAfterDecision | Stage::AfterDecision) => listing.closed,
            (Step::Close, _) => listing.closes,
            _ => bar.time.max(working.active_from),
        }
    }

    /// Notes where a fill behind the open finds the market.
    #[cold]
    fn leave_the_open(
        &mut self,
        place: usize,
        fill: &Fill,
        (step, price): (Step, Price),
        bar: &Bar,
        account: &Account,
    ) {
        let id = fill.instrument;
        let again = step.is_in_range() && self.orders[place].born_at.is_some();
        self.listings[id.index()].after_open = true;
        self.inside = Some(Inside { id, price, again });
        if step.is_in_range() {
            let held = account.position(id).quantity;
            let opens = held.is_zero() || Side::of(held) == fill.side || fill.quantity > held.abs();
            self.stand_by(place, price, bar, opens);
        }
    }

    /// Where the market of an order is while a fill inside a range is answered; `None` where its bar is not being matched. Of
    /// another instrument only the range is known, and its worst price counts.
    pub(super) fn market_inside(&self, order: &Order) -> Option<Price> {
        let bar = self.listings[order.instrument.index()].matched()?;
        Some(match self.inside {
            Some(inside) if inside.id == order.instrument => inside.price,
            _ => against(order.side, &bar),
        })
    }

    /// Reports a fill, then ends what it ends and wakes what it wakes.
    #[inline(always)]
    fn record(&mut self, place: usize, fill: Fill, paid: Cash, rest: Rest, met: (Step, Price), account: &Account) {
        let working = &mut self.orders[place];
        // What cannot overflow: the fill was sized within the order.
        working.filled = working.filled.plus(fill.quantity).unwrap_or(Quantity::MAX);
        working.spent = working.spent.plus(paid).unwrap_or(Cash::MAX);
        let listing = &mut self.listings[fill.instrument.index()];
        listing.used = listing.used.plus(fill.quantity).unwrap_or(Quantity::MAX);
        let done = rest == Rest::Nothing;
        self.pending.push(Report::Filled { fill, done });
        match rest {
            Rest::Nothing => self.bury(place),
            // The other direction meets the same touch: it is not triggered before that.
            Rest::Reversal => self.cursor = place,
            Rest::Unpaid | Rest::Beyond | Rest::Later => self.orders[place].triggered = true,
        }
        if self.alive == 0 {
            // What follows is about other orders.
            return;
        }
        self.tell_others(place, &fill, rest, met, account);
    }

    /// What a fill ends and wakes among the other orders.
    #[inline(never)]
    fn tell_others(&mut self, place: usize, fill: &Fill, rest: Rest, met: (Step, Price), account: &Account) {
        let working = &self.orders[place];
        let (id, immediate) = (working.id(), working.order.time_in_force == TimeInForce::Ioc);
        let Order { group, reduce_only, parent, size, .. } = working.order;
        let done = rest == Rest::Nothing;
        if let Some(group) = group.filter(|_| done || !reduce_only) {
            self.cancel_where(fill.time, CancelReason::Group, |other| {
                other.order.group == Some(group) && other.id() != id
            });
        }
        if let Some(entry) = parent.filter(|_| done && reduce_only && (size == Size::Close || closes(fill, account))) {
            // The protection has closed what the entry opened: the rest of it would be without.
            self.cancel_where(fill.time, CancelReason::Closed, |other| {
                other.id() == entry && other.order.instrument == fill.instrument
            });
        }
        if let Some(entry) = parent.filter(|_| !self.opened.is_empty()) {
            self.count_closed(entry, fill);
        }
        // First what protected the position that is gone, then what protects the one that came: a turn has both.
        self.drop_orphans(fill, id, account);
        self.wake_children(fill, met, account);
        match rest {
            Rest::Unpaid => self.end_rest(place, CancelReason::Clipped, fill.time),
            Rest::Beyond => self.end_rest(place, CancelReason::Limited, fill.time),
            Rest::Later if immediate && !self.walks(place) => self.end_rest(place, CancelReason::Immediate, fill.time),
            // What would protect a position that it did not open has nothing to wait for.
            Rest::Nothing => {
                self.cancel_where(fill.time, CancelReason::Parent, |other| {
                    other.asleep && other.order.parent == Some(id)
                });
            }
            _ => {}
        }
    }

    fn end_rest(&mut self, place: usize, reason: CancelReason, time: Time) {
        // Protection that closed what there was has withdrawn the rest of the entry already.
        if self.orders[place].dead {
            return;
        }
        let order = self.orders[place].id();
        self.end(place, Report::Cancelled { order, time, reason }, time);
    }

    /// A fill of the whole position that no order of ours asked for. It takes, and crosses as a taker does; a settlement
    /// is no trade in the market and does not.
    pub(super) fn forced_fill(
        &mut self,
        account: &Account,
        id: InstrumentId,
        bar: &Bar,
        price: Price,
        time: Time,
        purpose: Purpose,
    ) -> Result<Fill, Overflow> {
        let (held, instrument) = (account.position(id).quantity, account.instrument(id));
        let side = Side::of(held).opposite();
        self.inside = Some(Inside { id, price, again: self.stage.is_in_range() });
        let crosses = purpose != Purpose::Expiry && !self.is_free();
        let taker = self.taker(account, id, bar, side, price, held.abs());
        let crossed = crosses.then(|| self.settings.crossing.apply(&taker));
        let price = match crossed {
            None => price,
            // The slippage leaves nothing of the price, and the position must go.
            Some(Err(_)) if side == Side::Sell => instrument.rules().tick,
            Some(slipped) => slipped?,
        };
        let deal = self.sizer(account, id, price, Liquidity::Taker, time).deal(held.abs())?;
        self.count_traded(time, deal.value)?;
        Ok(Fill {
            order: OrderId(0),
            instrument: id,
            time,
            side,
            price,
            quantity: deal.quantity,
            fee: deal.fee,
            fee_in: account.quote_of(id),
            liquidity: Liquidity::Taker,
            purpose,
        })
    }

    pub(super) fn force(&mut self, _account: &Account, fill: Fill) {
        self.pending.push(Report::Forced(fill));
        self.drop_protection(fill.instrument, OrderId(0), fill.time);
    }
}

/// True where the fill would make its position smaller.
fn reduces(working: &Working, sized: &Sized, account: &Account) -> bool {
    let held = account.position(working.order.instrument).quantity;
    matches!(sized, Sized::Fill { side, .. } if !held.is_zero() && Side::of(held) != *side)
}
