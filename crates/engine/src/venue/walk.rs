//! The way through the ranges of the bars of an instant: in which order it meets what waits there.
//!
//! Of these bars only the corners are known together: where all open and where all close. In between they are taken to move
//! as one market, each at the same share of its own way: down to their lows, up to their highs, and straight to their closes.
//! What fills behind the opens leaves all of them where they are then; the next ways begin there.
use std::cmp::Ordering;

use qframe_model::account::Account;
use qframe_model::ids::InstrumentId;
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Overflow, Price};
use qframe_model::order::OrderKind;

use super::SimVenue;
use super::settings::Intrabar;
use super::working::{Look, Step, Touch, Working};

/// Where the bars of an instant go together, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Nowhere.
    Stand,
    Down,
    Up,
    Close,
}

impl Way {
    /// Where a bar goes on it; `None` where it stands.
    pub(super) const fn end(self, bar: &Bar) -> Option<Price> {
        match self {
            Self::Stand => None,
            Self::Down => Some(bar.low),
            Self::Up => Some(bar.high),
            Self::Close => Some(bar.close),
        }
    }

    /// Who meets the market there, whose price gets worse on it.
    const fn side(self) -> Side {
        if matches!(self, Self::Up) { Side::Buy } else { Side::Sell }
    }
}

/// A part of a way, `whole` above nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub part: i128,
    pub whole: i128,
}

impl Share {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.part * other.whole).cmp(&(other.part * self.whole))
    }
}

/// Where all bars are that go together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub way: Way,
    pub share: Share,
}

/// An order that the ranges touch, and where.
#[derive(Debug, Clone, Copy)]
struct Met {
    order: usize,
    look: Look,
    id: InstrumentId,
    bar: Bar,
    price: Price,
    at: Place,
    /// False where the market is beyond it already: its share counts from the open.
    ahead: bool,
}

impl Met {
    /// What is nearer on the same way comes first, wherever the bars are: others that move them change nothing.
    fn cmp(&self, other: &Self) -> Ordering {
        let ways = self.at.way.cmp(&other.at.way).then(self.ahead.cmp(&other.ahead));
        ways.then(self.at.share.cmp(&other.at.share))
    }
}

impl SimVenue {
    /// Lets the ranges meet orders in the order of the way, until one has something to report.
    #[inline(never)]
    pub(super) fn walk(&mut self, step: Step, account: &Account) -> Result<(), Overflow> {
        while self.pending.is_empty() {
            let Some(next) = self.next_met(step, |_| true) else {
                self.end_woken(step);
                break;
            };
            self.pass_by(next, step, account)?;
        }
        Ok(())
    }

    /// Does what the way does to an order; one that has nothing to report is not met again.
    fn pass_by(&mut self, met: Met, step: Step, account: &Account) -> Result<(), Overflow> {
        self.answer(met.order, step, &met.bar, met.look, account)?;
        if self.pending.is_empty() {
            self.passed.push((step, met.order));
        }
        Ok(())
    }

    /// The first on the way, of those that were not met yet and are asked for; of several at one place the one that was sent first.
    fn next_met(&self, step: Step, asked: impl Fn(Way) -> bool) -> Option<Met> {
        let met = self.orders.iter().enumerate().filter_map(|(order, working)| {
            let waits = !working.dead && !working.asleep && !self.passed.contains(&(step, order));
            let bar = self.listings[working.order.instrument.index()].matched().filter(|_| waits)?;
            let look = self.look(working, step, &bar)?;
            let (Look::Fill(Touch { price, .. }) | Look::Wake(price)) = look else { return None };
            Some(self.met_at(order, (look, price), bar))
        });
        met.filter(|met| asked(met.at.way)).min_by(Met::cmp)
    }

    /// What was made awake inside the range and rests may have been immediate.
    fn end_woken(&mut self, step: Step) {
        for order in 0..self.orders.len() {
            let working = &self.orders[order];
            if let (Some(_), false, false) = (working.born_at, working.dead, working.asleep)
                && let Some(bar) = self.listings[working.order.instrument.index()].matched()
                && self.look(working, step, &bar) == Some(Look::Rest)
            {
                self.end_if_immediate(order, step, &bar);
            }
        }
    }

    /// Where the way meets an order at a price.
    fn met_at(&self, order: usize, (look, price): (Look, Price), bar: Bar) -> Met {
        let working = &self.orders[order];
        let (id, first) = (working.order.instrument, self.first_of(working.order.instrument, &bar));
        let (way, is_there) = (way_to(working), working.born_at == Some(price));
        let distance = |from: Price| {
            let behind = i128::from(price.nanos()) - i128::from(from.nanos());
            if way == Way::Down { -behind } else { behind }
        };
        let ahead = !is_there && distance(first) > 0;
        let from = if ahead { first } else { bar.open };
        let end = way.end(&bar).unwrap_or(from);
        let whole = i128::from(end.nanos().abs_diff(from.nanos())).max(1);
        let share = Share { part: distance(from).max(0), whole };
        // What is made awake where the market is fills there, before that goes anywhere.
        let way = if is_there { Way::Stand } else { way };
        Met { order, look, id, bar, price, at: Place { way, share }, ahead }
    }

    /// Lets happen what the way comes by before it meets an order: the liquidation, and what comes before that. True where that has
    /// something to report; the order is looked at again behind it.
    #[cold]
    pub(super) fn comes_by(
        &mut self,
        order: usize,
        (step, price): (Step, Price),
        bar: &Bar,
        account: &Account,
    ) -> Result<bool, Overflow> {
        let own = self.met_at(order, (Look::Rest, price), *bar);
        // A target that is told to come first has its own way only.
        let own_way_only = step == Step::Limits && self.settings.intrabar == Intrabar::TargetFirst;
        let ways =
            [Way::Down, Way::Up].into_iter().filter(|way| *way == own.at.way || *way < own.at.way && !own_way_only);
        for way in ways {
            let Some(breaks) = self.breaking(account, way)? else { continue };
            if !self.is_before(breaks, &own, account)? {
                continue;
            }
            while step != Step::Stops
                && let Some((step, met)) = self.next_before(breaks, own_way_only, account)?
            {
                self.pass_by(met, step, account)?;
                if !self.pending.is_empty() {
                    return Ok(true);
                }
            }
            self.liquidate_at(account, breaks)?;
            return Ok(!self.pending.is_empty());
        }
        Ok(false)
    }

    /// What is met before the liquidation: the stops in front of it. With the target first only those of its own way, behind all
    /// targets of the other one, which do not wait for a limit that lies behind the liquidation.
    fn next_before(
        &self,
        breaks: Place,
        own_way_only: bool,
        account: &Account,
    ) -> Result<Option<(Step, Met)>, Overflow> {
        if own_way_only && let Some(target) = self.next_met(Step::Limits, |way| way > breaks.way) {
            return Ok(Some((Step::Limits, target)));
        }
        let Some(stop) = self.next_met(Step::Stops, |way| !own_way_only || way == breaks.way) else { return Ok(None) };
        Ok((!self.is_before(breaks, &stop, account)?).then_some((Step::Stops, stop)))
    }

    /// True where the margin breaks before an order is met; in the instrument that goes, a tick before, since that closes at a
    /// tick.
    fn is_before(&self, breaks: Place, met: &Met, account: &Account) -> Result<bool, Overflow> {
        if breaks.way != met.at.way || !met.ahead {
            return Ok(breaks.way < met.at.way);
        }
        let (side, goes) = (breaks.way.side(), self.loses_most(account, breaks)?.map(|(id, _)| id));
        Ok(match goes == Some(met.id) {
            true => side.prefers(self.tick_at(met.id, &met.bar, side, breaks), met.price),
            false => breaks.share.cmp(&met.at.share).is_lt(),
        })
    }

    /// An order fills inside the range: all bars are where that was met. What it opens behind them goes from its price on.
    #[cold]
    pub(super) fn stand_by(&mut self, order: usize, price: Price, bar: &Bar, opens: bool) {
        let Met { id, at, ahead, .. } = self.met_at(order, (Look::Rest, price), *bar);
        if ahead {
            self.stand_at(at);
        }
        if ahead || opens {
            self.carry.places[id.index()] = (bar.time, price);
        }
    }

    /// All bars go on from a place.
    pub(super) fn stand_at(&mut self, place: Place) {
        for which in 0..self.group.len() {
            let id = self.group[which];
            if let Some(bar) = self.listings[id.index()].matched() {
                self.carry.places[id.index()] = (bar.time, self.price_at(id, &bar, place));
            }
        }
    }

    /// Where a bar is: at its open, or behind that, where the last fill inside the bars left it.
    pub(super) fn first_of(&self, id: InstrumentId, bar: &Bar) -> Price {
        match self.carry.places[id.index()] {
            (time, market) if time == bar.time => market,
            _ => bar.open,
        }
    }

    /// The price of an instrument at a place.
    pub(super) fn price_at(&self, id: InstrumentId, bar: &Bar, place: Place) -> Price {
        let first = self.first_of(id, bar);
        let (Share { part, whole }, end) = (place.share, place.way.end(bar).unwrap_or(first));
        let way = i128::from(end.nanos()) - i128::from(first.nanos());
        Price::from_nanos(first.nanos() + (way * part / whole) as i64)
    }
}

/// Where the market goes to meet an order: what wants a better price than now is met where it gets better.
fn way_to(working: &Working) -> Way {
    let touched = matches!(working.order.kind, OrderKind::MarketIfTouched(_) | OrderKind::LimitIfTouched { .. });
    let is_better = touched || working.limit().is_some();
    if is_better == (working.order.side == Side::Buy) { Way::Down } else { Way::Up }
}
