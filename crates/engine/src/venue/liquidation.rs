//! Positions that the margin no longer carries.
//!
//! Of the bars of an instant only the corners are known together: where all open and where all close. In between they are
//! taken to move as one market, each at the same share of its own way: down to their lows, up to their highs, and straight
//! from their opens to their closes. So positions that fall together break the margin together, and one that covers another
//! does so inside the bars too.
use qframe_model::account::Account;
use qframe_model::fill::Fill;
use qframe_model::ids::InstrumentId;
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Overflow, Price};
use qframe_model::order::Purpose;

use super::pricing::worse_tick;
use super::working::against;
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

/// A place on a way: so many of its steps, which are the nanos of the longest way.
#[derive(Debug, Clone, Copy)]
struct Place {
    way: Way,
    step: i64,
    steps: i64,
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

    /// Closes a position before an order inside the range fills, where the markets come by the prices that break the margin on
    /// the way to its price.
    #[cold]
    pub(super) fn breaks_first(
        &mut self,
        order: usize,
        bar: &Bar,
        price: Price,
        account: &Account,
    ) -> Result<bool, Overflow> {
        let id = self.orders[order].order.instrument;
        let (way, towards) =
            if price < self.first_of(id, bar) { (Way::Down, Side::Sell) } else { (Way::Up, Side::Buy) };
        let holds = self.held_bars(account).next().is_some();
        let breaks = if holds { self.breaking(account, way)? } else { None };
        let Some(place) = breaks else { return Ok(false) };
        if !towards.prefers(self.tick_at(id, bar, towards, place), price) {
            return Ok(false);
        }
        self.liquidate_at(account, place)?;
        // The order meets the range all the same, where it is more than a way out.
        self.cursor = order;
        Ok(true)
    }

    /// Notes a fill inside a bar that opens or enlarges its position: what the bar did before was not with it.
    #[cold]
    pub(super) fn note_entry(&mut self, fill: &Fill, bar: &Bar, market: Price, account: &Account) {
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

    /// Where a bar begins for the margin: at its open, or behind that, where its position was opened or enlarged in it.
    fn first_of(&self, id: InstrumentId, bar: &Bar) -> Price {
        match self.carry.entries[id.index()] {
            (time, market) if time == bar.time => market,
            _ => bar.open,
        }
    }

    /// The price of an instrument at a place.
    fn price_at(&self, id: InstrumentId, bar: &Bar, place: Place) -> Price {
        let first = self.first_of(id, bar).nanos();
        if place.step == 0 {
            return Price::from_nanos(first);
        }
        let whole = i128::from(place.way.end(bar).nanos()) - i128::from(first);
        Price::from_nanos(first + (whole * i128::from(place.step) / i128::from(place.steps)) as i64)
    }

    /// The tick there, or else the next one that is worse for `side`; off the grid a bar may end before that.
    fn tick_at(&self, id: InstrumentId, bar: &Bar, side: Side, place: Place) -> Price {
        let price = self.price_at(id, bar, place);
        if place.step == 0 {
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
        let steps = self.held_bars(account).map(length).max().unwrap_or(0) as i64;
        let at = |step: i64| Place { way, step, steps };
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
        let others: Vec<_> = self.held_bars(account).filter(|(other, _)| *other != id).collect();
        for (other, bar) in others {
            self.carry.entries[other.index()] = (bar.time, self.price_at(other, &bar, place));
        }
        let fill = self.forced_fill(account, id, &bar, price, bar.time, Purpose::Liquidation)?;
        self.force(account, fill);
        Ok(())
    }
}
