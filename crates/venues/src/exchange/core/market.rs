//! One product's market: its book, its tape, its bars, and the venue that matches users' orders against them.
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use qframe_engine::venue::{Made, Owner, Prevention, Settings, SimVenue};
use qframe_engine::{OpenOrders, RiskControl, risk};
use qframe_model::account::Account;
use qframe_model::book::OrderBook;
use qframe_model::event::Report;
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::market::{BookChange, Level, Side, Tick, Trade};
use qframe_model::number::{Cash, Overflow, Price, Quantity, Volume};
use qframe_model::order::Order;
use qframe_model::refusal::Refusal;
use qframe_model::time::{Span, Time};

use super::aggregates::{Aggregate, Aggregates};
use super::candles::{Candles, INTERVALS, Interval};
use super::notice::{Notice, Pace};
use super::product::Product;

/// The most trades that are kept; the oldest go.
const TRADES: usize = 2_000;
/// The one instrument of a market's venue.
const HERE: InstrumentId = InstrumentId(0);

/// One product's market.
#[derive(Debug, Clone)]
pub struct Market {
    /// What is traded.
    pub product: Product,
    pub(super) place: usize,
    /// The book as it is shown: what is recorded and not taken, and what users' orders show.
    book: OrderBook,
    /// Whole updates of the book so far.
    update: u64,
    /// Levels that may be shown otherwise since the last update.
    touched: BTreeSet<(bool, Price)>,
    /// True between two changes of one recorded update.
    is_partial: bool,
    windows: [Window; 3],
    has_levels: bool,
    best: Option<(Level, Level)>,
    trades: VecDeque<Trade>,
    aggregates: Aggregates,
    /// How many of all trades users made: the numbers of recorded ones move by as many.
    made: u64,
    /// Prices of the tape that orders which wait have not seen.
    fresh: Vec<Price>,
    candles: Candles,
    venue: SimVenue,
    /// The market's side of every trade: it never runs out of money, since wallets are judged before.
    ledger: Account,
}

/// Levels that changed since they were told.
#[derive(Debug, Clone, Default)]
struct Window {
    told: u64,
    bids: BTreeSet<Price>,
    asks: BTreeSet<Price>,
}

impl Market {
    pub(in crate::exchange) fn new(place: usize, product: Product) -> Result<Self, String> {
        let refused = |error: &dyn std::fmt::Display| format!("{}: {error}", product.symbol);
        let rules = Rules { tick: product.tick, lot: product.lot, ..Rules::default() };
        let instrument =
            Instrument::new(product.symbol.clone(), product.quote, rules).map_err(|error| refused(&error))?;
        // Users sell what the wallet knows that they have; here they have nothing.
        let settings = Settings { allow_short: true, ..Settings::default() };
        let mut venue = SimVenue::new(settings, std::slice::from_ref(&instrument));
        venue.serve_users(HERE);
        let mut ledger = Account::open(Arc::from([instrument]), product.quote).map_err(|error| refused(&error))?;
        let plenty = Cash::whole(50_000_000_000_000_000);
        ledger.deposit(ledger.reporting(), plenty).map_err(|error| refused(&error))?;
        Ok(Self {
            product,
            place,
            book: OrderBook::default(),
            update: 0,
            touched: BTreeSet::new(),
            is_partial: false,
            windows: Default::default(),
            has_levels: false,
            best: None,
            trades: VecDeque::new(),
            aggregates: Aggregates::default(),
            made: 0,
            fresh: Vec::new(),
            candles: Candles::default(),
            venue,
            ledger,
        })
    }

    /// The book as it is.
    #[must_use]
    pub const fn book(&self) -> &OrderBook {
        &self.book
    }

    /// How many updates made it.
    #[must_use]
    pub const fn update(&self) -> u64 {
        self.update
    }

    /// The last trades, oldest first.
    #[must_use]
    pub const fn trades(&self) -> &VecDeque<Trade> {
        &self.trades
    }

    /// What each order took at one price, oldest first; the newest may still grow.
    #[must_use]
    pub const fn aggregates(&self) -> &VecDeque<Aggregate> {
        self.aggregates.kept()
    }

    /// The bars.
    #[must_use]
    pub const fn candles(&self) -> &Candles {
        &self.candles
    }

    pub(in crate::exchange) fn candles_mut(&mut self) -> &mut Candles {
        &mut self.candles
    }

    /// The last price; half-way between bid and ask where nothing has traded.
    #[must_use]
    pub fn last(&self) -> Option<Price> {
        self.trades.back().map(|trade| trade.price).or_else(|| self.book.middle())
    }

    /// The price that triggers look at.
    pub(super) fn signal(&self) -> Option<Price> {
        self.last()
    }

    /// The average price of the last five minutes, by bars of a minute; the last price where nothing traded in them.
    #[must_use]
    pub fn average(&self, now: Time) -> Option<Price> {
        let (mut value, mut volume) = (Cash::ZERO, Quantity::ZERO);
        let since = now - Span::from_seconds(300);
        let minute = Interval::place("1m").unwrap_or_default();
        let recent = self.candles.of(minute).iter().rev();
        for one in recent.take_while(|one| INTERVALS[minute].end_of(one.open_time) > since) {
            value = value.plus(one.value).unwrap_or(Cash::MAX);
            volume = volume.plus(one.volume).unwrap_or(Quantity::MAX);
        }
        value.per_unit(volume).or_else(|| self.last())
    }

    /// The prices that were traded since this was asked last.
    pub(super) fn take_fresh(&mut self) -> Vec<Price> {
        std::mem::take(&mut self.fresh)
    }

    /// Nobody waits for a price.
    pub(super) fn forget_fresh(&mut self) {
        self.fresh.clear();
    }

    /// Takes a row of the market in.
    pub(in crate::exchange) fn tick(&mut self, tick: &Tick, notices: &mut VecDeque<Notice>) {
        match tick {
            Tick::Trade(trade) => {
                let trade = Trade { id: trade.id.saturating_add(self.made), ..*trade };
                self.trade(trade, None, !self.product.trades_are_sums, notices);
            }
            Tick::Quote(_) if self.has_levels => {}
            Tick::Quote(quote) => {
                self.touch_all();
                self.touch(Side::Buy, quote.bid.price);
                self.touch(Side::Sell, quote.ask.price);
            }
            Tick::Book(delta) => {
                self.has_levels = true;
                match delta.change {
                    BookChange::Clear => self.touch_all(),
                    BookChange::Level(side, level) => self.touch(side, level.price),
                }
                self.is_partial = !delta.last;
            }
        }
        self.venue.tick(HERE, tick);
        if self.venue.is_silent() {
            self.show(notices);
        }
    }

    /// All reports are taken: what users made is told, and the book is shown as it is now. True where there are more
    /// reports to take, since triggers look at what users made.
    pub(in crate::exchange) fn settled(&mut self, time: Time, notices: &mut VecDeque<Notice>) -> bool {
        let goes_on = self.tell_made(time, notices);
        if !goes_on {
            self.show(notices);
        }
        goes_on
    }

    fn tell_made(&mut self, time: Time, notices: &mut VecDeque<Notice>) -> bool {
        let made = self.venue.take_made(HERE);
        for Made { taker, side, price, quantity } in &made {
            let id = self.trades.back().map_or(0, |trade| trade.id).saturating_add(1);
            let quantity = Volume::new(*quantity).unwrap_or_default();
            self.made += 1;
            let trade = Trade { time, received: time, id, price: *price, quantity, side: *side };
            self.trade(trade, *taker, true, notices);
        }
        if !made.is_empty() {
            self.venue.look_again(HERE);
        }
        !made.is_empty()
    }

    /// The book that is shown becomes what is there.
    fn show(&mut self, notices: &mut VecDeque<Notice>) {
        for (side, price) in self.venue.take_changed(HERE) {
            self.touch(side, price);
        }
        if self.is_partial || self.touched.is_empty() {
            return;
        }
        for (buys, price) in std::mem::take(&mut self.touched) {
            let side = if buys { Side::Buy } else { Side::Sell };
            let quantity = Volume::new(self.venue.shown(HERE, side, price)).unwrap_or_default();
            self.book.set(side, Level { price, quantity });
            for window in &mut self.windows {
                if buys {
                    window.bids.insert(price)
                } else {
                    window.asks.insert(price)
                };
            }
        }
        self.updated(notices);
    }

    fn trade(&mut self, trade: Trade, taker: Option<OrderId>, is_part: bool, notices: &mut VecDeque<Notice>) {
        let ended = self.aggregates.trade(&trade, taker, is_part);
        self.tell(ended, notices);
        if self.trades.len() == TRADES {
            self.trades.pop_front();
        }
        self.trades.push_back(trade);
        self.fresh.truncate(TRADES);
        self.fresh.push(trade.price);
        self.candles.trade(&trade);
        notices.push_back(Notice::Trade { product: self.place, trade });
        if !is_part {
            self.tell_aggregate(notices);
        }
    }

    /// The newest sum of trades is over.
    pub(in crate::exchange) fn tell_aggregate(&mut self, notices: &mut VecDeque<Notice>) {
        let ended = self.aggregates.close();
        self.tell(ended, notices);
    }

    fn tell(&self, ended: Option<Aggregate>, notices: &mut VecDeque<Notice>) {
        let product = self.place;
        notices.extend(ended.map(|aggregate| Notice::Aggregate { product, aggregate }));
    }

    fn touch(&mut self, side: Side, price: Price) {
        self.touched.insert((side == Side::Buy, price));
    }

    fn touch_all(&mut self) {
        self.touched.extend(self.book.levels(Side::Buy).map(|level| (true, level.price)));
        self.touched.extend(self.book.levels(Side::Sell).map(|level| (false, level.price)));
    }

    /// A whole update is in.
    fn updated(&mut self, notices: &mut VecDeque<Notice>) {
        self.update += 1;
        let best = self.book.bid().zip(self.book.ask());
        if let (true, Some((bid, ask))) = (best != self.best, best) {
            notices.push_back(Notice::Quote { product: self.place, update: self.update, bid, ask });
        }
        self.best = best;
    }

    /// Tells what changed in the book since it was told at this pace.
    pub(in crate::exchange) fn tell_depth(&mut self, pace: Pace, time: Time, notices: &mut VecDeque<Notice>) {
        let window = &mut self.windows[pace as usize];
        if window.told == self.update {
            return;
        }
        let (first, last) = (window.told + 1, self.update);
        window.told = last;
        let now = |side: Side, prices: BTreeSet<Price>| {
            let level = |price| Level { price, quantity: self.book.quantity_at(side, price) };
            prices.into_iter().map(level).collect::<Vec<_>>()
        };
        let mut bids = now(Side::Buy, std::mem::take(&mut window.bids));
        bids.reverse();
        let asks = now(Side::Sell, std::mem::take(&mut window.asks));
        notices.push_back(Notice::Depth { product: self.place, time, pace, first, last, bids, asks });
    }

    /// What taking comes to, by the book that is shown: units, the worst price, what they cost. Stops at `units`, or where
    /// `money` buys no further lot. What `but` offers is not counted.
    pub(in crate::exchange) fn walk_past(
        &self,
        but: Option<usize>,
        side: Side,
        units: Quantity,
        money: Option<Cash>,
    ) -> Result<(Quantity, Price, Cash), Overflow> {
        let (mut taken, mut worst, mut cost) = (Quantity::ZERO, Price::ZERO, Cash::ZERO);
        for level in self.book.levels(side.opposite()) {
            let own = but
                .map_or(Quantity::ZERO, |user| self.venue.shown_of(HERE, side.opposite(), level.price, number(user)));
            let others = level.quantity.quantity().minus(own)?;
            if !others.is_positive() {
                continue;
            }
            let mut part = others.min(units.minus(taken)?);
            if let Some(money) = money {
                part = part.min(money.minus(cost)?.units_at(level.price).unwrap_or(Quantity::ZERO));
            }
            let part = part.floor_to(self.product.lot);
            if !part.is_positive() {
                break;
            }
            (taken, worst) = (taken.plus(part)?, level.price);
            cost = cost.plus(level.price.times(part).ok_or(Overflow("a value"))?)?;
        }
        Ok((taken, worst, cost))
    }

    /// Hands an order to the venue; it meets the book at once.
    pub(in crate::exchange) fn submit(
        &mut self,
        order: &Order,
        user: usize,
        prevention: Prevention,
    ) -> Result<(), Refusal> {
        let order = Order { instrument: HERE, ..*order };
        let approved = risk::approve(&order, &self.ledger, &OpenOrders::default(), &mut RiskControl::default())?;
        self.venue.submit_of(Owner { user: number(user), prevention }, &approved);
        self.venue.arrive(order.time);
        Ok(())
    }

    pub(in crate::exchange) fn cancel(&mut self, order: OrderId, time: Time) {
        self.venue.cancel(order, time);
        self.venue.arrive(time);
    }

    /// An open order wants no more than so many units from here on.
    pub(in crate::exchange) fn cut(&mut self, order: OrderId, most: Quantity) -> Result<(), Overflow> {
        self.venue.cut(order, most)
    }

    /// What the venue says next.
    pub(in crate::exchange) fn next_report(&mut self) -> Result<Option<Report>, Overflow> {
        self.venue.next_report(&self.ledger).map(Option::<&Report>::copied)
    }
}

/// A user's number as the venue has it.
fn number(user: usize) -> u32 {
    u32::try_from(user).unwrap_or(u32::MAX)
}
