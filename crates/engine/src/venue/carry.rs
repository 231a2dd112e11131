//! What holding costs and brings between trades: dividends, splits, funding, interest, settlement.
use std::collections::VecDeque;

use qframe_model::account::{Account, Commodity};
use qframe_model::event::{CancelReason, Report};
use qframe_model::fill::{Fill, Liquidity};
use qframe_model::ids::{CommodityId, InstrumentId, OrderId};
use qframe_model::instrument::{Instrument, Kind};
use qframe_model::ledger::Book;
use qframe_model::market::{CorporateAction, Dividend, FundingRate, Side};
use qframe_model::number::{Cash, Overflow, Price, Quantity, Rate, Rounding};
use qframe_model::order::Purpose;
use qframe_model::time::{Span, Time};

use super::settings::Settings;
use super::{SimVenue, Stage};

/// How far the schedules are worked off.
#[derive(Debug, Clone, Default)]
pub(super) struct Carry {
    needed: bool,
    next_action: usize,
    /// Actions that fell due inside a bar of their instrument: they wait for its end.
    waiting: Vec<(Time, InstrumentId, CorporateAction)>,
    /// What fell due and is paid later.
    claims: Vec<Claim>,
    next_funding: Vec<usize>,
    pub(super) next_night: Vec<usize>,
    pub(super) next_roll: usize,
    /// What fell due and was not told yet.
    told: VecDeque<(InstrumentId, FundingRate)>,
    accrued_to: Option<Time>,
    /// The first expiry of all contracts.
    first_expiry: Option<Time>,
    /// The instant at which bars are about to open.
    due: Option<Time>,
    /// What was split last, and when: a fraction of a lot may remain.
    split: Option<(Time, InstrumentId)>,
    /// The bar of each instrument inside which a fill came last, its own or one of another that moves with it, and where the
    /// market was.
    pub(super) places: Vec<(Time, Price)>,
}

/// Money that is due to the account (negative: that it owes), until it is paid.
#[derive(Debug, Clone, Copy)]
struct Claim {
    paid: Time,
    instrument: InstrumentId,
    commodity: CommodityId,
    amount: Cash,
}

impl Carry {
    pub(super) fn new(settings: &Settings, instruments: &[Instrument]) -> Self {
        let margined = |instrument: &Instrument| {
            instrument.kind().is_derivative() || instrument.rules().margin.initial < Rate::ONE
        };
        let needed = settings.allow_short
            || settings.borrow_rate.is_positive()
            || !settings.funding.is_empty()
            || !settings.actions.is_empty()
            || !settings.rollover.is_empty()
            || !settings.rolls.is_empty()
            || instruments.iter().any(margined);
        let next_funding = vec![0; settings.funding.len()];
        let next_night = vec![0; settings.rollover.len()];
        let places = vec![(Time::MIN, Price::ZERO); instruments.len()];
        let first_expiry = instruments.iter().filter_map(expiry_of).min();
        Self { needed, next_funding, next_night, places, first_expiry, ..Self::default() }
    }

    /// True where holding can cost or bring anything at all.
    #[inline]
    pub(super) const fn is_needed(&self) -> bool {
        self.needed
    }
}

impl SimVenue {
    /// Before bars open at this instant, where the account is marked at their opens before they are matched: what fell due
    /// counts at the marks of before. Alone, a bar brings it along.
    pub fn fall_due(&mut self, time: Time) {
        if self.carry.is_needed() {
            self.carry.due = Some(time);
            self.enter(Stage::Due);
        }
    }

    /// The next funding that fell due and was not told yet, oldest first for each instrument: market data, as a bar is.
    #[inline]
    pub fn next_funding(&mut self) -> Option<(InstrumentId, FundingRate)> {
        self.carry.told.pop_front()
    }

    /// Charges what fell due up to the opening of the bars: one thing at a call, since each depends on the one before.
    pub(super) fn charge(&mut self, account: &Account) -> Result<(), Overflow> {
        let opens = self.group.iter().filter_map(|id| Some(self.listings[id.index()].bar?.time)).min();
        let Some(now) = opens.or(self.carry.due) else { return Ok(()) };
        while self.pending.is_empty() {
            let worked = self.pay(now)
                || self.act(account, now)?
                || self.fund(account, now)?
                || self.roll_over(account, now)?
                || self.roll_contracts(account, now)?
                || self.settle_until(account, now)?;
            if !worked {
                return self.accrue(account, now);
            }
        }
        Ok(())
    }

    /// Pays the first claim whose day has come.
    fn pay(&mut self, now: Time) -> bool {
        let due = self.carry.claims.iter().enumerate().filter(|(_, claim)| claim.paid <= now);
        let Some((place, _)) = due.min_by_key(|(_, claim)| claim.paid) else { return false };
        let Claim { paid, instrument, commodity, amount } = self.carry.claims.remove(place);
        let book = Book::Receivables;
        self.pending.push(Report::Charged { instrument, time: paid, book, commodity, amount: -amount });
        true
    }

    fn act(&mut self, account: &Account, now: Time) -> Result<bool, Overflow> {
        if let Some((time, instrument)) = self.carry.split.take() {
            self.pay_out_fraction(account, instrument, time);
            return Ok(true);
        }
        let Some((time, instrument, action)) = self.due_action(now) else { return Ok(false) };
        let held = account.position(instrument).quantity;
        match action {
            _ if held.is_zero() && matches!(action, CorporateAction::Dividend(_)) => {}
            CorporateAction::Dividend(Dividend { each, paid }) => {
                let amount = each.scaled((-held).nanos(), Quantity::ONE.nanos(), Rounding::HalfEven)?;
                let (commodity, book) = (account.quote_of(instrument), Book::Dividends);
                self.pending.push(match paid.filter(|paid| *paid > time) {
                    Some(paid) => {
                        self.carry.claims.push(Claim { paid, instrument, commodity, amount: -amount });
                        Report::Accrued { instrument, time, book, commodity, amount }
                    }
                    None => Report::Charged { instrument, time, book, commodity, amount },
                });
            }
            CorporateAction::Split(ratio) => {
                self.cancel_where(time, CancelReason::Split, |working| working.order.instrument == instrument);
                self.pending.push(Report::Split { instrument, time, ratio });
                self.carry.split = Some((time, instrument));
            }
        }
        Ok(true)
    }

    /// The next action that is due. The prices of a bar that is open are of one scale: what falls due inside it waits.
    fn due_action(&mut self, now: Time) -> Option<(Time, InstrumentId, CorporateAction)> {
        let listings = &self.listings;
        let is_open = |id: InstrumentId| listings[id.index()].bar.is_some() && !listings[id.index()].matched;
        if let Some(place) = self.carry.waiting.iter().position(|(_, id, _)| !is_open(*id)) {
            return Some(self.carry.waiting.remove(place));
        }
        loop {
            let next = *self.settings.actions.get(self.carry.next_action).filter(|(time, ..)| *time <= now)?;
            self.carry.next_action += 1;
            if !is_open(next.1) {
                return Some(next);
            }
            self.carry.waiting.push(next);
        }
    }

    /// Cash in lieu: what a split left of a lot could not be ordered any more, and is paid out at the mark, without a fee.
    fn pay_out_fraction(&mut self, account: &Account, instrument: InstrumentId, time: Time) {
        let held = account.position(instrument).quantity.abs();
        let whole = held.floor_to(account.instrument(instrument).rules().lot);
        let (Ok(quantity), Some(price)) = (held.minus(whole), account.mark_of(instrument)) else { return };
        if quantity.is_zero() {
            return;
        }
        self.pending.push(Report::Forced(Fill {
            order: OrderId(0),
            instrument,
            time,
            side: Side::of(account.position(instrument).quantity).opposite(),
            price,
            quantity,
            fee: Cash::ZERO,
            fee_in: account.quote_of(instrument),
            liquidity: Liquidity::Taker,
            purpose: Purpose::CashInLieu,
        }));
    }

    fn fund(&mut self, account: &Account, now: Time) -> Result<bool, Overflow> {
        for (funding, next) in self.settings.funding.iter().zip(&mut self.carry.next_funding) {
            let (Some(instrument), Some(&(time, rate))) = (funding.instrument, funding.schedule.get(*next)) else {
                continue;
            };
            if time > now {
                continue;
            }
            *next += 1;
            let held = account.position(instrument).quantity;
            let mark = funding.mark_at(time).or_else(|| account.mark_of(instrument));
            self.carry.told.push_back((instrument, FundingRate { time, rate, mark }));
            if let (false, Some(mark)) = (held.is_zero(), mark) {
                let amount = account.instrument(instrument).value(mark, held)?.at_rate(rate)?;
                let commodity = account.quote_of(instrument);
                self.pending.push(Report::Charged { instrument, time, book: Book::Funding, commodity, amount });
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Interest on what is owed, once a day: shares sold short and money below zero, but for pairs that are rolled over.
    fn accrue(&mut self, account: &Account, now: Time) -> Result<(), Overflow> {
        let since = *self.carry.accrued_to.get_or_insert(now);
        if self.settings.borrow_rate.is_zero() || now.day() == since.day() {
            return Ok(());
        }
        self.carry.accrued_to = Some(now);
        let (rate, span) = (self.settings.borrow_rate, now.since(since));
        for (place, instrument) in account.instruments().iter().enumerate() {
            let id = InstrumentId(place as u16);
            let held = account.position(id).quantity;
            let owes = held.is_negative() && !instrument.kind().is_derivative() && !self.is_rolled(id);
            if let (true, Some(mark)) = (owes, account.mark_of(id)) {
                let amount = interest(instrument.value(mark, held.abs())?, rate, span)?;
                self.charge_interest(account, id, now, amount);
            }
        }
        for (place, commodity) in account.commodities().iter().enumerate() {
            let id = CommodityId(place as u16);
            let owed = borrowed(account, id)?.minus(self.owed_for_pairs(account, id)?)?;
            if let (true, Commodity::Currency(_)) = (owed.is_positive(), commodity) {
                let (instrument, amount) = (InstrumentId(0), interest(owed, rate, span)?);
                self.pending.push(Report::Charged {
                    instrument,
                    time: now,
                    book: Book::Interest,
                    commodity: id,
                    amount,
                });
            }
        }
        Ok(())
    }

    fn charge_interest(&mut self, account: &Account, instrument: InstrumentId, time: Time, amount: Cash) {
        let commodity = account.quote_of(instrument);
        self.pending.push(Report::Charged { instrument, time, book: Book::Interest, commodity, amount });
    }

    /// Settles futures whose expiry the bars reached, at their last close; also those that have no bars any more.
    #[inline(never)]
    pub(super) fn settle(&mut self, account: &Account) -> Result<(), Overflow> {
        let now = self.group.iter().map(|id| self.listings[id.index()].closes).max();
        now.map_or(Ok(()), |now| self.settle_until(account, now).map(drop))
    }

    /// Settles a contract whose expiry has come; then what was ordered of it ends. False where there is nothing to do.
    #[inline]
    fn settle_until(&mut self, account: &Account, now: Time) -> Result<bool, Overflow> {
        if self.carry.first_expiry.is_none_or(|expiry| now < expiry) {
            return Ok(false);
        }
        for place in 0..self.listings.len() {
            let (id, listing) = (InstrumentId(place as u16), self.listings[place]);
            if self.lives[place].is_some() || !has_expired(account.instrument(id), now) {
                continue;
            }
            // A bar that only opens now has no close yet.
            let bar = listing.matched().filter(|_| self.stage == Stage::Close).or(listing.last);
            match bar.filter(|_| !account.position(id).is_flat()) {
                Some(bar) => {
                    let fill = self.forced_fill(account, id, &bar, bar.close, now, Purpose::Expiry)?;
                    self.force(account, fill);
                }
                None => self.end_orders_of(id, now),
            }
            if !self.pending.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Nothing trades after a settlement.
    pub(super) fn end_orders_of(&mut self, contract: InstrumentId, time: Time) {
        self.cancel_where(time, CancelReason::Settled, |working| working.order.instrument == contract);
    }
}

/// A year for interest: 365 days.
const YEAR: Span = Span::from_seconds(365 * 86_400);

/// What an amount bears at `rate` a year, for a span: rounded once.
fn interest(amount: Cash, rate: Rate, span: Span) -> Result<Cash, Overflow> {
    let [part, whole] =
        [(rate, span), (Rate::ONE, YEAR)].map(|(rate, span)| i128::from(rate.nanos()) * i128::from(span.nanos()));
    amount.scaled(part, whole, Rounding::HalfEven)
}

fn expiry_of(instrument: &Instrument) -> Option<Time> {
    if let Kind::Future { expiry } = instrument.kind() { Some(expiry) } else { None }
}

/// True for a contract that nobody can hold or trade any more.
pub(super) fn has_expired(instrument: &Instrument, now: Time) -> bool {
    expiry_of(instrument).is_some_and(|expiry| now >= expiry)
}

/// What is owed of a commodity beyond what was sold short of it, at whichever venue: that has paid as a position.
fn borrowed(account: &Account, commodity: CommodityId) -> Result<Cash, Overflow> {
    let ids = (0..account.instruments().len()).map(|place| InstrumentId(place as u16));
    let held = ids.filter(|id| account.base_of(*id) == Some(commodity)).map(|id| account.position(id).quantity);
    held.filter(|held| held.is_negative())
        .try_fold(-account.ledger().assets(commodity), |owed, short| owed.plus(Cash::from_quantity(short)?))
}
