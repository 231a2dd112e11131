//! One product's market: its book, its tape, its bars, and the venue that matches users' orders against them.
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use qframe_engine::venue::{Settings, SimVenue};
use qframe_engine::{Limits, OpenOrders, risk};
use qframe_model::account::Account;
use qframe_model::book::OrderBook;
use qframe_model::event::Report;
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::market::{BookChange, Level, Side, Tick, Trade};
use qframe_model::number::{Cash, Overflow, Price, Quantity};
use qframe_model::order::Order;
use qframe_model::refusal::Refusal;
use qframe_model::time::Time;

use super::candles::Candles;
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
    book: OrderBook,
    /// Whole updates of the book so far.
    update: u64,
    windows: [Window; 2],
    has_levels: bool,
    best: Option<(Level, Level)>,
    trades: VecDeque<Trade>,
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
        venue.feed_ticks(HERE);
        let mut ledger = Account::open(Arc::from([instrument]), product.quote).map_err(|error| refused(&error))?;
        let plenty = Cash::whole(50_000_000_000_000_000);
        ledger.deposit(ledger.reporting(), plenty).map_err(|error| refused(&error))?;
        Ok(Self {
            product,
            place,
            book: OrderBook::default(),
            update: 0,
            windows: [Window::default(), Window::default()],
            has_levels: false,
            best: None,
            trades: VecDeque::new(),
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

    /// Takes a row of the market in.
    pub(in crate::exchange) fn tick(&mut self, tick: &Tick, notices: &mut VecDeque<Notice>) {
        match tick {
            Tick::Trade(trade) => self.trade(*trade, notices),
            Tick::Quote(_) if self.has_levels => {}
            Tick::Quote(quote) => {
                let kept = [(Side::Buy, quote.bid.price), (Side::Sell, quote.ask.price)];
                self.touch_all();
                self.book.quote(quote.bid, quote.ask);
                kept.into_iter().for_each(|(side, price)| self.touch(side, price));
                self.updated(notices);
            }
            Tick::Book(delta) => {
                self.has_levels = true;
                match delta.change {
                    BookChange::Clear => self.touch_all(),
                    BookChange::Level(side, level) => self.touch(side, level.price),
                }
                self.book.apply(delta);
                if delta.last {
                    self.updated(notices);
                }
            }
        }
        self.venue.tick(HERE, tick);
    }

    fn trade(&mut self, trade: Trade, notices: &mut VecDeque<Notice>) {
        if self.trades.len() == TRADES {
            self.trades.pop_front();
        }
        self.trades.push_back(trade);
        self.candles.trade(&trade);
        notices.push_back(Notice::Trade { product: self.place, trade });
    }

    fn touch(&mut self, side: Side, price: Price) {
        for window in &mut self.windows {
            match side {
                Side::Buy => window.bids.insert(price),
                Side::Sell => window.asks.insert(price),
            };
        }
    }

    fn touch_all(&mut self) {
        for window in &mut self.windows {
            window.bids.extend(self.book.levels(Side::Buy).map(|level| level.price));
            window.asks.extend(self.book.levels(Side::Sell).map(|level| level.price));
        }
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
        let window = &mut self.windows[usize::from(pace == Pace::Slow)];
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
    /// `money` buys no further lot.
    pub(in crate::exchange) fn walk(
        &self,
        side: Side,
        units: Quantity,
        money: Option<Cash>,
    ) -> Result<(Quantity, Price, Cash), Overflow> {
        let (mut taken, mut worst, mut cost) = (Quantity::ZERO, Price::ZERO, Cash::ZERO);
        for level in self.book.levels(side.opposite()) {
            let mut part = level.quantity.quantity().min(units.minus(taken)?);
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
    pub(in crate::exchange) fn submit(&mut self, order: &Order) -> Result<(), Refusal> {
        let order = Order { instrument: HERE, ..*order };
        let approved = risk::approve(&order, &self.ledger, &OpenOrders::default(), &mut Limits::default())?;
        self.venue.submit(&approved);
        self.venue.arrive(order.time);
        Ok(())
    }

    pub(in crate::exchange) fn cancel(&mut self, order: OrderId, time: Time) {
        self.venue.cancel(order, time);
        self.venue.arrive(time);
    }

    /// What the venue says next.
    pub(in crate::exchange) fn next_report(&mut self) -> Result<Option<Report>, Overflow> {
        self.venue.next_report(&self.ledger).map(Option::<&Report>::copied)
    }
}
