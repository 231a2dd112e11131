//! The exchange without its wires: markets that are fed rows, wallets, orders, and notices of what happens.
//!
//! Nothing here reads a clock, a file or a socket: every call says when it is. Users trade with the recorded market
//! and with one another through [`SimVenue`](qframe_engine::venue::SimVenue), by price and then by time; the book shows
//! their orders beside the recorded ones.
mod aggregates;
pub mod candles;
mod desk;
mod lists;
pub(in crate::exchange) mod log;
mod market;
mod notice;
mod order;
mod plan;
mod product;
mod settle;
mod wallet;
mod watch;

use std::collections::{BTreeSet, VecDeque};

use qframe_model::currency::Currency;
use qframe_model::market::{Bar, Tick};
use qframe_model::number::{Cash, Overflow, Rate};
use qframe_model::time::{Span, Time, TimeFrame};

pub use aggregates::Aggregate;
use lists::List;
use log::Log;
pub use market::Market;
pub use notice::{Happened, Notice, Pace};
pub use order::{Amount, Execution, Manner, Record, Refusal, Status, Stay, Terms, Ticket};
use plan::Plan;
pub use product::Product;
pub use qframe_engine::venue::Prevention;
pub use wallet::{Balance, Wallet, Wallets};
use watch::Watch;

/// How often the book's changes are told, and its slower half.
const BATCH: Span = Span::from_nanos(50_000_000);
const FAST: Span = Span::from_nanos(100_000_000);
const SLOW: Span = Span::SECOND;

/// What the exchange takes of what a user receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commission {
    /// Of orders that rested.
    pub maker: Rate,
    /// Of orders that took.
    pub taker: Rate,
}

/// What the exchange does as soon as the venue is silent.
#[derive(Debug, Clone, Copy)]
enum Due {
    /// An order that waited here comes to the venue.
    Woken(u64),
    /// The first order of a chain is filled.
    Chain(u64),
    /// An order that the first of its chain brings is next.
    Brought(u64, Plan),
    /// The other one of its pair was triggered.
    Withdrawn(u64),
}

/// The exchange.
#[derive(Debug, Clone)]
pub struct Core {
    markets: Vec<Market>,
    wallets: Wallets,
    commission: Commission,
    /// Users whose commissions are all of the quote asset, also when they buy.
    in_quote: BTreeSet<usize>,
    log: Log<Record, Execution>,
    lists: Vec<List>,
    /// Orders that wait here for a price.
    watching: Vec<(u64, Watch)>,
    /// What waits for the venue to be silent.
    due: VecDeque<Due>,
    notices: VecDeque<Notice>,
    now: Time,
}

impl Core {
    /// An exchange that lists `products`.
    ///
    /// # Errors
    /// A sentence where a product cannot be traded.
    pub fn new(products: Vec<Product>, commission: Commission) -> Result<Self, String> {
        let markets = products.into_iter().enumerate().map(|(place, product)| Market::new(place, product));
        Ok(Self {
            markets: markets.collect::<Result<_, _>>()?,
            wallets: Wallets::default(),
            commission,
            in_quote: BTreeSet::new(),
            log: Log::default(),
            lists: Vec::new(),
            watching: Vec::new(),
            due: VecDeque::new(),
            notices: VecDeque::new(),
            now: Time::EPOCH,
        })
    }

    /// A new user with these assets; its number.
    ///
    /// # Errors
    /// [`Overflow`] where the house cannot owe as much.
    pub fn open(&mut self, funds: &[(Currency, Cash)]) -> Result<usize, Overflow> {
        let user = self.wallets.open();
        funds.iter().try_for_each(|(asset, amount)| self.wallets.pay(user, *asset, *amount))?;
        Ok(user)
    }

    /// From now on a user pays commissions in the quote asset, also when it buys. Only before its first order.
    pub fn charge_in_quote(&mut self, user: usize) {
        self.in_quote.insert(user);
    }

    /// A bar of the past, before the first row.
    pub fn history(&mut self, product: usize, frame: TimeFrame, bar: &Bar) {
        if let Some(market) = self.markets.get_mut(product) {
            market.candles_mut().history(frame, bar);
        }
    }

    /// The market moves: a row of a product. Rows of one instant may come in any order; the clock never goes back.
    ///
    /// # Errors
    /// [`Overflow`] where a fill cannot be counted exactly.
    pub fn tick(&mut self, product: usize, tick: &Tick) -> Result<(), Overflow> {
        self.advance(tick.time());
        if let Some(market) = self.markets.get_mut(product) {
            market.tick(tick, &mut self.notices);
        }
        self.settle(product)
    }

    /// Time passes: what is told at intervals is told.
    pub fn advance(&mut self, time: Time) {
        if time <= self.now {
            return;
        }
        let crossed = |span: Span| time.nanos().div_euclid(span.nanos()) > self.now.nanos().div_euclid(span.nanos());
        let (batch, fast, slow) = (crossed(BATCH), crossed(FAST), crossed(SLOW));
        for market in &mut self.markets {
            market.tell_aggregate(&mut self.notices);
            if batch {
                market.tell_depth(Pace::Batch, time, &mut self.notices);
            }
            if fast {
                market.tell_depth(Pace::Fast, time, &mut self.notices);
            }
            if slow {
                market.tell_depth(Pace::Slow, time, &mut self.notices);
                market.candles_mut().advance(time);
                let product = market.place;
                for (interval, candle, closed) in market.candles_mut().take_changed() {
                    self.notices.push_back(Notice::Candle { product, time, interval, candle, closed });
                }
                self.notices.push_back(Notice::Day { product, time });
            }
        }
        self.now = time;
    }

    /// The replay's clock.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// The markets, by the numbers of their products.
    #[must_use]
    pub fn markets(&self) -> &[Market] {
        &self.markets
    }

    /// The number of a product, by the exchange's name of it.
    #[must_use]
    pub fn product(&self, name: &str) -> Option<usize> {
        self.markets.iter().position(|market| market.product.name == name)
    }

    /// All wallets.
    #[must_use]
    pub const fn wallets(&self) -> &Wallets {
        &self.wallets
    }

    /// What a fill costs.
    #[must_use]
    pub const fn commission(&self) -> Commission {
        self.commission
    }

    /// What happened since it was last taken, oldest first.
    pub fn notices(&mut self) -> std::collections::vec_deque::Drain<'_, Notice> {
        self.notices.drain(..)
    }

    /// How many notices wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.notices.len()
    }
}
