//! Positions that the margin no longer carries.
//!
//! Bars of an instant go as one market ([`super::walk`]): so positions that fall together break the margin together, and one
//! that covers another does so inside the bars too.
use qframe_model::account::Account;
use qframe_model::ids::InstrumentId;
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Overflow, Price};
use qframe_model::order::Purpose;

use super::pricing::worse_tick;
use super::walk::{Place, Share, Way};
use super::working::against;
use super::{SimVenue, Stage};

impl SimVenue {
    /// Closes one position where the equity no longer covers the maintenance margin: at the opens where the markets gapped,
    /// else at the prices that break it.
    pub(super) fn liquidate(&mut self, account: &Account) -> Result<(), Overflow> {
        let ways: &[Way] = match self.stage {
            Stage::LiquidateAtOpen => &[Way::Stand],
            Stage::LiquidateBetween => &[Way::Down, Way::Up],
            _ => &[Way::Down, Way::Up, Way::Close],
        };
        for way in ways {
            if let Some(place) = self.breaking(account, *way)? {
                return self.liquidate_at(account, place);
            }
        }
        Ok(())
    }

    /// The matched bars of what is held, each with its instrument.
    fn held_bars<'a>(&'a self, account: &'a Account) -> impl Iterator<Item = (InstrumentId, Bar)> + 'a {
        let held = self.group.iter().copied().filter(|id| !account.position(*id).is_flat());
        held.filter_map(|id| Some((id, self.listings[id.index()].matched()?)))
    }

    /// The tick at a place, or else the next one that is worse for `side`; off the grid a bar may end before that.
    pub(super) fn tick_at(&self, id: InstrumentId, bar: &Bar, side: Side, place: Place) -> Price {
        let price = self.price_at(id, bar, place);
        if price == bar.open {
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

    /// The first place on a way that breaks the margin of what is held of these bars.
    pub(super) fn breaking(&self, account: &Account, way: Way) -> Result<Option<Place>, Overflow> {
        let length = |(id, bar): (InstrumentId, Bar)| {
            let first = self.first_of(id, &bar);
            way.end(&bar).unwrap_or(first).nanos().abs_diff(first.nanos())
        };
        // Its steps are the nanos of the longest way.
        let Some(steps) = self.held_bars(account).map(length).max() else { return Ok(None) };
        let steps = i128::from(steps);
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

    /// The position that has lost most at a place.
    pub(super) fn loses_most(&self, account: &Account, place: Place) -> Result<Option<(InstrumentId, Bar)>, Overflow> {
        let mut most: Option<(Cash, InstrumentId, Bar)> = None;
        for (id, bar) in self.held_bars(account) {
            let price = self.price_at(id, &bar, place);
            let gain = account.position(id).unrealised(account.instrument(id), price)?;
            let gain = account.to_reporting(account.quote_of(id), gain)?;
            if most.is_none_or(|(least, ..)| gain < least) {
                most = Some((gain, id, bar));
            }
        }
        Ok(most.map(|(_, id, bar)| (id, bar)))
    }

    /// Closes the position that has lost most there. The others go on from where they are.
    #[cold]
    pub(super) fn liquidate_at(&mut self, account: &Account, place: Place) -> Result<(), Overflow> {
        let Some((id, bar)) = self.loses_most(account, place)? else { return Ok(()) };
        let side = Side::of(account.position(id).quantity).opposite();
        let price = self.tick_at(id, &bar, side, place);
        self.stand_at(place);
        let fill = self.forced_fill(account, id, &bar, price, bar.time, Purpose::Liquidation)?;
        self.force(account, fill);
        Ok(())
    }
}
