//! Positions that the margin no longer carries.
//!
//! Of the bars of an instant only the corners are known together: where all open and where all close. In between they are
//! taken to move as one market, each at the same share of its own way: down to their lows, up to their highs, and straight
//! from their opens to their closes. So positions that fall together break the margin together, and one that covers another
//! does so inside the bars too.
use std::cmp::Ordering;

use qframe_model::account::Account;
use qframe_model::fill::Fill;
use qframe_model::ids::InstrumentId;
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Overflow, Price};
use qframe_model::order::Purpose;

use super::pricing::worse_tick;
use super::working::{Look, Step, Touch, against};
use super::{SimVenue, Stage};

/// Where the bars of an instant go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Nowhere: they stand at their opens.
    Open,
    Down,
    Up,
    Close,
}

impl Way {
    const fn end(self, bar: &Bar) -> Price {
        match self {
            Self::Open => bar.open,
            Self::Down => bar.low,
            Self::Up => bar.high,
            Self::Close => bar.close,
        }
    }
}

/// A part of a way, `whole` above nothing.
#[derive(Debug, Clone, Copy)]
struct Share {
    part: i128,
    whole: i128,
}

impl Share {
    /// Behind every end.
    const BEYOND: Self = Self { part: 2, whole: 1 };

    fn cmp(&self, other: &Self) -> Ordering {
        (self.part * other.whole).cmp(&(other.part * self.whole))
    }
}

/// Where all bars are that go together.
#[derive(Debug, Clone, Copy)]
struct Place {
    way: Way,
    share: Share,
}

impl SimVenue {
    /// Closes one position where the equity no longer covers the maintenance margin: at the opens where the markets gapped,
    /// else at the prices that break it.
    pub(super) fn liquidate(&mut self, account: &Account) -> Result<(), Overflow> {
        let ways: &[Way] = match self.stage {
            Stage::LiquidateAtOpen => &[Way::Open],
            Stage::LiquidateBetween => &[Way::Down, Way::Up],
            _ => &[Way::Down, Way::Up, Way::Close],
        };
        if self.held_bars(account).next().is_none() {
            return Ok(());
        }
        for way in ways {
            if let Some(place) = self.breaking(account, *way)? {
                return self.liquidate_at(account, place);
            }
        }
        Ok(())
    }

    /// Lets what the markets come by on the way to an order's price happen before it fills: what other symbols meet before
    /// that, the liquidation, and the stops before the liquidation. True where that has something to report; then the order
    /// is looked at again: it meets the range all the same, where it is more than a way out.
    #[cold]
    pub(super) fn comes_by(
        &mut self,
        order: usize,
        (step, price): (Step, Price),
        bar: &Bar,
        account: &Account,
    ) -> Result<bool, Overflow> {
        let id = self.orders[order].order.instrument;
        let (way, towards) = match price.cmp(&self.first_of(id, bar)) {
            // It is there: nothing comes before.
            Ordering::Equal => return Ok(false),
            Ordering::Less => (Way::Down, Side::Sell),
            Ordering::Greater => (Way::Up, Side::Buy),
        };
        let Some(own) = self.share_of(id, bar, way, price) else { return Ok(false) };
        let holds = self.held_bars(account).next().is_some();
        let breaks = if holds { self.breaking(account, way)? } else { None };
        let breaks = breaks.filter(|place| towards.prefers(self.tick_at(id, bar, towards, *place), price));
        let others = if self.group.len() > 1 && step.is_in_range() { Some((step, own)) } else { None };
        let stops = breaks.map(|place| (Step::Stops, place.share));
        // Down is walked before up, in whichever order the orders were sent.
        let below = others.filter(|_| way == Way::Up);
        let below = below.and_then(|(step, _)| self.nearest(order, Way::Down, (step, Share::BEYOND), false));
        let nearest = [others, stops].into_iter().flatten();
        let nearest = nearest.filter_map(|(step, before)| self.nearest(order, way, (step, before), stops.is_some()));
        if let Some((_, step, other)) = below.or_else(|| nearest.min_by(|(one, ..), (other, ..)| one.cmp(other)))
            && let Some(bar) = self.listings[self.orders[other].order.instrument.index()].matched()
            && let Some(look) = self.look(&self.orders[other], step, &bar)
        {
            self.answer(other, step, &bar, look, account)?;
        }
        if let (Some(place), true) = (breaks, self.pending.is_empty()) {
            self.liquidate_at(account, place)?;
        }
        let came = !self.pending.is_empty();
        if came {
            self.cursor = self.cursor.min(order);
        }
        Ok(came)
    }

    /// The order that fills first in this step on a way, before a share of it; of the same instrument only where asked for.
    fn nearest(
        &self,
        order: usize,
        way: Way,
        (step, before): (Step, Share),
        also_own: bool,
    ) -> Option<(Share, Step, usize)> {
        let id = self.orders[order].order.instrument;
        let met = self.orders.iter().enumerate().filter_map(|(place, other)| {
            let instrument = other.order.instrument;
            let bar = self.listings[instrument.index()].matched()?;
            let counts = place != order && !other.dead && !other.asleep && (also_own || instrument != id);
            let Look::Fill(Touch { price, .. }) = self.look(other, step, &bar).filter(|_| counts)? else { return None };
            Some((self.share_of(instrument, &bar, way, price)?, step, place))
        });
        met.filter(|(share, ..)| share.cmp(&before).is_lt()).min_by(|(one, ..), (other, ..)| one.cmp(other))
    }

    /// How far on a way an instrument is at a price; `None` where that lies on no part of it.
    fn share_of(&self, id: InstrumentId, bar: &Bar, way: Way, price: Price) -> Option<Share> {
        let (first, end) = (i128::from(self.first_of(id, bar).nanos()), i128::from(way.end(bar).nanos()));
        let part = i128::from(price.nanos()) - first;
        let whole = end - first;
        let lies = part * whole >= 0 && part.abs() <= whole.abs();
        lies.then(|| Share { part: part.abs(), whole: whole.abs().max(1) })
    }

    /// A fill inside the range: all that moves with its instrument is as far on its own way.
    #[cold]
    pub(super) fn move_along(&mut self, fill: &Fill, (bar, market): (&Bar, Price), account: &Account) {
        let id = fill.instrument;
        let way = if market < self.first_of(id, bar) { Way::Down } else { Way::Up };
        if let (Some(share), 2..) = (self.share_of(id, bar, way, market), self.group.len()) {
            self.stand_at(account, id, Place { way, share });
            self.carry.entries[id.index()] = (bar.time, market);
        }
        self.note_entry(fill, bar, market, account);
    }

    /// All that is held but one instrument goes on from a place.
    fn stand_at(&mut self, account: &Account, but: InstrumentId, place: Place) {
        let others: Vec<_> = self.held_bars(account).filter(|(other, _)| *other != but).collect();
        for (other, bar) in others {
            let out = Side::of(account.position(other).quantity).opposite();
            self.carry.entries[other.index()] = (bar.time, self.tick_at(other, &bar, out, place));
        }
    }

    /// Notes a fill inside a bar that opens or enlarges its position: what the bar did before was not with it.
    fn note_entry(&mut self, fill: &Fill, bar: &Bar, market: Price, account: &Account) {
        let held = account.position(fill.instrument).quantity;
        if held.is_zero() || Side::of(held) == fill.side || fill.quantity > held.abs() {
            self.carry.entries[fill.instrument.index()] = (bar.time, market);
        }
    }

    /// The matched bars of what is held, each with its instrument.
    fn held_bars<'a>(&'a self, account: &'a Account) -> impl Iterator<Item = (InstrumentId, Bar)> + 'a {
        let held = self.group.iter().copied().filter(|id| !account.position(*id).is_flat());
        held.filter_map(|id| Some((id, self.listings[id.index()].bar?)))
    }

    /// Where a bar begins for the margin: at its open, or behind that, where the last fill inside the bars left it.
    fn first_of(&self, id: InstrumentId, bar: &Bar) -> Price {
        match self.carry.entries[id.index()] {
            (time, market) if time == bar.time => market,
            _ => bar.open,
        }
    }

    /// The price of an instrument at a place.
    fn price_at(&self, id: InstrumentId, bar: &Bar, place: Place) -> Price {
        let first = self.first_of(id, bar).nanos();
        let Share { part, whole } = place.share;
        let way = i128::from(place.way.end(bar).nanos()) - i128::from(first);
        Price::from_nanos(first + (way * part / whole) as i64)
    }

    /// The tick there, or else the next one that is worse for `side`; off the grid a bar may end before that.
    fn tick_at(&self, id: InstrumentId, bar: &Bar, side: Side, place: Place) -> Price {
        let price = self.price_at(id, bar, place);
        if place.share.part == 0 {
            return price;
        }
        let (worst, tick) = (against(side, bar), worse_tick(side, price.nanos().into(), self.grid[id.index()]));
        tick.filter(|tick| !side.prefers(worst, *tick)).unwrap_or(worst)
    }

    fn is_broken(&self, account: &Account, place: Place) -> Result<bool, Overflow> {
        let price_of = |id: InstrumentId| {
            let bar = self.listings[id.index()].matched()?;
            Some(self.price_at(id, &bar, place))
        };
        Ok(account.margin_left_at(price_of)?.is_negative())
    }

    /// The first place on a way that breaks the margin.
    fn breaking(&self, account: &Account, way: Way) -> Result<Option<Place>, Overflow> {
        let length = |(id, bar): (InstrumentId, Bar)| way.end(&bar).nanos().abs_diff(self.first_of(id, &bar).nanos());
        // Its steps are the nanos of the longest way.
        let steps = i128::from(self.held_bars(account).map(length).max().unwrap_or(0));
        let at = |part: i128| Place { way, share: Share { part, whole: steps.max(1) } };
        if !self.is_broken(account, at(steps))? {
            return Ok(None);
        }
        if self.is_broken(account, at(0))? {
            return Ok(Some(at(0)));
        }
        // The beginning holds, the end does not: the line between them is crossed once, since equity less maintenance is
        // linear in prices that move as one. Halving finds where.
        let (mut holds, mut breaks) = (0, steps);
        while breaks - holds > 1 {
            let middle = holds + (breaks - holds) / 2;
            if self.is_broken(account, at(middle))? { breaks = middle } else { holds = middle }
        }
        Ok(Some(at(breaks)))
    }

    /// Closes the position that has lost most there. The others go on from where they are.
    #[cold]
    fn liquidate_at(&mut self, account: &Account, place: Place) -> Result<(), Overflow> {
        let mut most: Option<(Cash, InstrumentId, Bar)> = None;
        for (id, bar) in self.held_bars(account) {
            let price = self.price_at(id, &bar, place);
            let gain = account.position(id).unrealised(account.instrument(id), price)?;
            let gain = account.to_reporting(account.quote_of(id), gain)?;
            if most.is_none_or(|(least, ..)| gain < least) {
                most = Some((gain, id, bar));
            }
        }
        let Some((_, id, bar)) = most else { return Ok(()) };
        let side = Side::of(account.position(id).quantity).opposite();
        let price = self.tick_at(id, &bar, side, place);
        self.stand_at(account, id, place);
        let fill = self.forced_fill(account, id, &bar, price, bar.time, Purpose::Liquidation)?;
        self.force(account, fill);
        Ok(())
    }
}
