//! One market that is fed tick by tick: its book, what our fills took of it, and our places in its queues.
use qframe_model::book::OrderBook;
use qframe_model::ids::OrderId;
use qframe_model::market::{BookChange, BookDelta, Level, Side, Tick, Trade};
use qframe_model::number::{Price, Quantity};
use qframe_model::order::{OrderKind, Size};

use super::super::queue::{Place, Queue};
use super::super::working::Working;
use super::users::Users;

/// What a tick was for the orders that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Met {
    /// A trade.
    Trade(Trade),
    /// The book, whole again.
    Book,
    /// What a position is worth moved, and no order cares.
    Mark,
}

/// What the venue knows of a market that is fed tick by tick.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Live {
    book: OrderBook,
    /// The price of the last trade, and how much it was.
    last: Option<(Price, Quantity)>,
    has_trades: bool,
    has_book: bool,
    /// True where the book is fed level by level: best quotes tell nothing new.
    has_levels: bool,
    /// What our fills took of levels that have not been shown since.
    taken: Vec<(Side, Price, Quantity)>,
    /// Of either side the best price first, of one price the first that came.
    resting: Vec<Resting>,
    /// True where an order that does not rest wants to see every tick.
    pub(super) eager: bool,
    /// The mark at which positions were looked at last.
    looked_at: Option<Price>,
    /// Whose orders these are, where they are of several users who trade with one another.
    pub(super) users: Option<Box<Users>>,
}

/// What taking a quantity over several levels comes to.
#[derive(Debug, Clone)]
pub(super) struct Sweep {
    pub(super) worst: Price,
    pub(super) average: Price,
    taken: Vec<(Side, Price, Quantity)>,
}

/// A limit order of ours in the queue at its price.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resting {
    pub(super) order: OrderId,
    pub(super) side: Side,
    pub(super) price: Price,
    /// `None` where no book says what stands in front: then only a trade through the price reaches it.
    pub(super) place: Option<Place>,
    /// What of the last trade came to it.
    reached: Quantity,
    /// True where that trade was at a worse price than its own.
    passed: bool,
    /// Units that it still wants, where it counts in units: what is beyond goes to the next one behind.
    wants: Quantity,
    /// An iceberg's display, and what is left of the part that is shown.
    shown: Option<(Quantity, Quantity)>,
}

impl Resting {
    /// Units that it still wants.
    pub(super) const fn wants(&self) -> Quantity {
        self.wants
    }

    /// Units of it that are shown.
    pub(super) fn visible(&self) -> Quantity {
        self.shown.map_or(self.wants, |(_, left)| left.min(self.wants))
    }
}

impl Live {
    /// Orders of ours in the queues.
    pub(super) fn resting(&self) -> &[Resting] {
        &self.resting
    }

    /// From here on its orders are of several users, and its book is what it knows.
    pub(super) fn serve(&mut self) {
        self.has_book = true;
        self.users.get_or_insert_default();
    }

    /// A trade that was made here.
    pub(super) fn traded(&mut self, price: Price, quantity: Quantity) {
        self.has_trades = true;
        self.last = Some((price, quantity));
    }

    /// Takes a tick in. Gives what it was, where an order may care.
    #[inline]
    pub(super) fn take_in(&mut self, tick: &Tick, queue: Queue) -> Option<Met> {
        match tick {
            Tick::Trade(trade) => self.trade(trade),
            Tick::Quote(_) if self.has_levels => None,
            Tick::Quote(quote) => {
                self.has_book = true;
                for (side, level) in [(Side::Buy, quote.bid), (Side::Sell, quote.ask)] {
                    self.level(side, level, queue);
                }
                self.taken.clear();
                self.book.quote(quote.bid, quote.ask);
                self.crosses().then_some(Met::Book)
            }
            Tick::Book(delta) => self.delta(delta, queue),
        }
    }

    #[inline]
    fn delta(&mut self, delta: &BookDelta, queue: Queue) -> Option<Met> {
        (self.has_book, self.has_levels) = (true, true);
        match delta.change {
            BookChange::Clear => self.taken.clear(),
            BookChange::Level(side, level) => {
                if !self.taken.is_empty() {
                    self.taken.retain(|(of, price, _)| (*of, *price) != (side, level.price));
                }
                self.level(side, level, queue);
            }
        }
        self.book.apply(delta);
        (delta.last && self.crosses()).then_some(Met::Book)
    }

    /// A level is about to be so: our places behind it move.
    #[inline]
    fn level(&mut self, side: Side, level: Level, queue: Queue) {
        for resting in &mut self.resting {
            if resting.side != side || resting.price != level.price {
                continue;
            }
            let Some(place) = &mut resting.place else {
                // The first that is shown of its price: it came before we know, or after.
                resting.place = self.has_book.then(|| Place::behind(level.quantity.quantity()));
                continue;
            };
            place.level(queue, self.book.quantity_at(side, level.price).quantity(), level.quantity.quantity());
        }
    }

    fn trade(&mut self, trade: &Trade) -> Option<Met> {
        self.has_trades = true;
        self.last = Some((trade.price, trade.quantity.quantity()));
        let mut wakes = self.eager;
        // Who traded at a worse price would have taken ours first, as much as was traded there and no more. What one of
        // our orders takes is not there for the next one behind it.
        let mut given = Quantity::ZERO;
        for resting in &mut self.resting {
            (resting.reached, resting.passed) = (Quantity::ZERO, false);
            if resting.side == trade.side {
                continue;
            }
            let came = if resting.side.prefers(trade.price, resting.price) {
                resting.passed = true;
                // Nobody is left in front.
                resting.place = resting.place.map(|_| Place::behind(Quantity::ZERO));
                trade.quantity.quantity()
            } else if resting.price == trade.price {
                let place = resting.place.as_mut();
                place.map_or(Quantity::ZERO, |place| place.trade(trade.quantity.quantity()))
            } else {
                continue;
            };
            resting.reached = came.minus(given).unwrap_or(Quantity::ZERO).max(Quantity::ZERO).min(resting.wants);
            given = given.plus(resting.reached).unwrap_or(Quantity::MAX);
            wakes |= resting.reached.is_positive();
        }
        wakes.then_some(Met::Trade(*trade))
    }

    /// True where the book may fill one of our orders.
    #[inline]
    fn crosses(&self) -> bool {
        let reaches = |resting: &Resting| {
            let best = self.book.best(resting.side.opposite());
            best.is_some_and(|best| !resting.side.prefers(resting.price, best.price))
        };
        self.eager || self.resting.iter().any(reaches)
    }

    /// True where a position is worth something else than when this was asked last.
    pub(super) fn moved(&mut self) -> bool {
        let mark = self.mark();
        std::mem::replace(&mut self.looked_at, mark) != mark
    }

    pub(super) const fn has_book(&self) -> bool {
        self.has_book
    }

    /// The last trade: its price, and how much it was.
    pub(super) const fn last(&self) -> Option<(Price, Quantity)> {
        self.last
    }

    /// What a position is worth at: half-way between bid and ask, the last trade where there is no book.
    pub(super) fn mark(&self) -> Option<Price> {
        self.book.middle().or(self.last.map(|(price, _)| price))
    }

    /// The price that triggers look at: the last trade, or what `side` would pay where trades are not fed.
    pub(in crate::venue) fn signal(&self, side: Side) -> Option<Price> {
        if self.has_trades {
            self.last.map(|(price, _)| price)
        } else {
            self.book.best(side.opposite()).map(|level| level.price)
        }
    }

    /// What `side` can take now: the best price at which something is left, and how much.
    pub(super) fn offered(&self, side: Side) -> Option<(Price, Quantity)> {
        let of = side.opposite();
        self.book.levels(of).map(|level| (level.price, self.left(of, level))).find(|(_, left)| left.is_positive())
    }

    /// What `side` can take up to a limit, in whole lots of each level.
    pub(super) fn depth(&self, side: Side, limit: Option<Price>, lot: Quantity) -> Quantity {
        let of = side.opposite();
        let within = |level: &Level| limit.is_none_or(|limit| !side.prefers(limit, level.price));
        let levels = self.book.levels(of).take_while(within).map(|level| self.left(of, level).floor_to(lot));
        levels.fold(Quantity::ZERO, |sum, left| sum.plus(left).unwrap_or(Quantity::MAX))
    }

    /// The recorded levels of a side, best first.
    pub(super) fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.book.levels(side)
    }

    /// What of a recorded level our fills have left.
    pub(super) fn left(&self, side: Side, level: Level) -> Quantity {
        let ours = self.taken.iter().filter(|(of, price, _)| (*of, *price) == (side, level.price));
        ours.fold(level.quantity.quantity(), |left, (.., quantity)| left.minus(*quantity).unwrap_or(Quantity::ZERO))
    }

    /// Takes `quantity` over the levels that `side` trades with. Gives the worst price of them and the average, rounded
    /// against `side`; what the book does not hold goes at the worst. `None` where nothing is offered.
    pub(super) fn sweep(&self, side: Side, quantity: Quantity) -> Option<Sweep> {
        let of = side.opposite();
        let (mut rest, mut sum, mut sweep) = (quantity, 0_i128, None);
        let mut taken = Vec::new();
        for level in self.book.levels(of) {
            let part = self.left(of, level).min(rest);
            if part.is_positive() {
                sum = sum.checked_add(i128::from(level.price.nanos()).checked_mul(part.nanos())?)?;
                rest = rest.minus(part).ok()?;
                taken.push((of, level.price, part));
                sweep = Some(level.price);
            }
            if rest.is_zero() {
                break;
            }
        }
        let worst = sweep?;
        sum = sum.checked_add(i128::from(worst.nanos()).checked_mul(rest.nanos())?)?;
        let up = if side == Side::Buy { quantity.nanos() - 1 } else { 0 };
        let average = sum.checked_add(up)?.checked_div(quantity.nanos())?;
        Some(Sweep { worst, average: Price::from_nanos(i64::try_from(average).ok()?), taken })
    }

    /// What a sweep took is gone.
    pub(super) fn take_all(&mut self, sweep: Sweep) {
        self.taken.extend(sweep.taken);
    }

    /// Our fill took so much of a level; it is gone until the level is shown again.
    pub(super) fn take(&mut self, side: Side, price: Price, quantity: Quantity) {
        self.taken.push((side, price, quantity));
        if self.users.is_some() {
            let behind = |resting: &&mut Resting| resting.side == side && resting.price == price;
            let places = self.resting.iter_mut().filter(behind).filter_map(|resting| resting.place.as_mut());
            places.for_each(|place| place.pass(quantity));
            self.changed(side, price);
        }
    }

    /// A limit order that found nothing takes its place in the queue, behind what is there.
    pub(super) fn rest(&mut self, working: &Working) {
        let (Some(price), side) = (working.limit(), working.order.side) else { return };
        if self.resting.iter().any(|resting| resting.order == working.id()) {
            return;
        }
        // Quotes tell nothing of what is behind the best.
        let hidden = !self.has_levels && self.book.best(side).is_some_and(|best| side.prefers(price, best.price));
        let place = self.has_book && !hidden;
        let place = place.then(|| Place::behind(self.left_at(side, price)));
        let wants = match working.order.size {
            Size::Units(units) => units.minus(working.filled).unwrap_or(Quantity::MAX),
            _ => Quantity::MAX,
        };
        let shown = match working.order.kind {
            OrderKind::Iceberg { display, .. } => Some((display, display)),
            _ => None,
        };
        let resting =
            Resting { order: working.id(), side, price, place, reached: Quantity::ZERO, passed: false, wants, shown };
        let behind = |other: &Resting| other.side == side && side.prefers(other.price, price);
        let found = self.resting.iter().position(behind);
        self.resting.insert(found.unwrap_or(self.resting.len()), resting);
        self.changed(side, price);
    }

    /// What of the last trade came to an order, and whether the trade passed its price. Where it did not, no more than the
    /// order shows.
    pub(super) fn reached(&self, order: OrderId) -> (Quantity, bool) {
        let resting = self.resting.iter().find(|resting| resting.order == order);
        resting.map_or((Quantity::ZERO, false), |resting| match resting.shown {
            Some((_, left)) if !resting.passed => (resting.reached.min(left), false),
            _ => (resting.reached, resting.passed),
        })
    }

    /// An order in the queue was filled by so much; an iceberg that has sold what it showed goes to the back.
    pub(super) fn filled(&mut self, order: OrderId, quantity: Quantity) {
        let Some(found) = self.resting.iter().position(|resting| resting.order == order) else { return };
        let resting = &mut self.resting[found];
        let (side, price) = (resting.side, resting.price);
        let mut is_shown_anew = false;
        if resting.wants != Quantity::MAX {
            resting.wants = resting.wants.minus(quantity).unwrap_or(Quantity::ZERO).max(Quantity::ZERO);
        }
        resting.reached = resting.reached.minus(quantity).unwrap_or(Quantity::ZERO).max(Quantity::ZERO);
        if let Some((display, left)) = &mut resting.shown {
            *left = left.minus(quantity).unwrap_or(Quantity::ZERO);
            if !left.is_positive() {
                *left = *display;
                is_shown_anew = true;
            }
        }
        if is_shown_anew {
            let there = self.left_at(side, price);
            let resting = &mut self.resting[found];
            (resting.place, resting.reached) = (Some(Place::behind(there)), Quantity::ZERO);
            self.go_behind(found);
        }
        self.changed(side, price);
    }

    /// An order in the queue wants no more than so many units.
    pub(super) fn cut(&mut self, order: OrderId, most: Quantity) {
        let Some(resting) = self.resting.iter_mut().find(|resting| resting.order == order) else { return };
        (resting.wants, resting.reached) = (resting.wants.min(most), resting.reached.min(most));
        let (side, price) = (resting.side, resting.price);
        self.changed(side, price);
    }

    /// What came to an order was less than a lot.
    pub(super) fn pass_over(&mut self, order: OrderId) {
        if let Some(resting) = self.resting.iter_mut().find(|resting| resting.order == order) {
            resting.reached = Quantity::ZERO;
        }
    }

    pub(super) fn rests(&self, order: OrderId) -> bool {
        self.resting.iter().any(|resting| resting.order == order)
    }

    /// Forgets orders that have ended.
    pub(super) fn keep(&mut self, alive: impl Fn(OrderId) -> bool) {
        if let Some(users) = &mut self.users {
            let gone = self.resting.iter().filter(|resting| !alive(resting.order));
            users.changed.extend(gone.map(|resting| (resting.side, resting.price)));
            users.owners.retain(|(order, _)| alive(*order));
        }
        self.resting.retain(|resting| alive(resting.order));
    }

    /// Where there are users, an order that shows a new part goes behind all others at its price.
    fn go_behind(&mut self, place: usize) {
        if self.users.is_none() {
            return;
        }
        let own = self.resting.remove(place);
        let behind = |other: &Resting| other.side == own.side && own.side.prefers(other.price, own.price);
        let found = self.resting.iter().position(behind);
        self.resting.insert(found.unwrap_or(self.resting.len()), own);
    }

    /// What is left of the recorded level at a price; where there are no users, all that is recorded.
    pub(super) fn left_at(&self, side: Side, price: Price) -> Quantity {
        let quantity = self.book.quantity_at(side, price);
        if self.users.is_some() { self.left(side, Level { price, quantity }) } else { quantity.quantity() }
    }

    fn changed(&mut self, side: Side, price: Price) {
        if let Some(users) = &mut self.users {
            users.changed.push((side, price));
        }
    }
}
