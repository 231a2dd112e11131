//! Orders as users send them, and as the exchange keeps them.
use std::fmt;

use qframe_engine::venue::Prevention;
use qframe_model::currency::Currency;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::time::Time;

use super::log::{Named, Owned};

/// How much a market order wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Units of the base asset.
    Base(Quantity),
    /// So much of the quote asset.
    Quote(Cash),
}

/// How long what does not fill at once stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Until it is cancelled.
    Gtc,
    /// Not at all.
    Ioc,
    /// All of it fills at once, or nothing.
    Fok,
}

/// When and at which price an order may fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// At once, at the price there is.
    Market(Amount),
    /// At this price or better.
    Limit {
        /// Units.
        quantity: Quantity,
        /// The limit.
        price: Price,
        /// How long it stays.
        stay: Stay,
    },
    /// A limit that is refused where it would take.
    Maker {
        /// Units.
        quantity: Quantity,
        /// The limit.
        price: Price,
    },
    /// A limit once the last price touches the trigger.
    Triggered {
        /// Units.
        quantity: Quantity,
        /// Wakes it.
        trigger: Price,
        /// The limit from then on.
        price: Price,
        /// How long it stays then.
        stay: Stay,
        /// True where the trigger lies in the order's favour: below the market to buy, above it to sell.
        takes_profit: bool,
    },
    /// At the market once the last price touches the trigger; to buy at no more than a twentieth above it.
    Stop {
        /// Units.
        quantity: Quantity,
        /// Wakes it.
        trigger: Price,
        /// As of [`Terms::Triggered`].
        takes_profit: bool,
    },
    /// A limit, or at the market, once the last price has come back by a share from its best.
    Trailing {
        /// Units.
        quantity: Quantity,
        /// The share, in hundredths of a percent.
        delta: u32,
        /// The price at which it begins to follow; at once where there is none.
        start: Option<Price>,
        /// The limit from its trigger on; at the market where there is none.
        price: Option<Price>,
        /// How long it stays then.
        stay: Stay,
        /// As of [`Terms::Triggered`], for the price at which it begins.
        takes_profit: bool,
    },
}

impl Terms {
    /// True where it waits for a price before it comes to the book.
    #[must_use]
    pub const fn has_trigger(&self) -> bool {
        matches!(self, Self::Triggered { .. } | Self::Stop { .. } | Self::Trailing { .. })
    }

    /// The price that it names; `None` at the market.
    #[must_use]
    pub const fn limit(&self) -> Option<Price> {
        match *self {
            Self::Market(_) | Self::Stop { .. } => None,
            Self::Limit { price, .. } | Self::Maker { price, .. } | Self::Triggered { price, .. } => Some(price),
            Self::Trailing { price, .. } => price,
        }
    }

    /// The price that wakes it, or at which it begins to follow.
    #[must_use]
    pub const fn trigger(&self) -> Option<Price> {
        match *self {
            Self::Triggered { trigger, .. } | Self::Stop { trigger, .. } => Some(trigger),
            Self::Trailing { start, .. } => start,
            _ => None,
        }
    }

    /// True where the trigger lies in the order's favour.
    #[must_use]
    pub const fn takes_profit(&self) -> bool {
        match *self {
            Self::Triggered { takes_profit, .. }
            | Self::Stop { takes_profit, .. }
            | Self::Trailing { takes_profit, .. } => takes_profit,
            _ => false,
        }
    }
}

/// How an order behaves beside its terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Manner {
    /// Where it would trade with another order of its own user.
    pub prevention: Prevention,
    /// Units that it shows at a time; all where it does not say.
    pub display: Option<Quantity>,
}

/// What a user asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Which product.
    pub product: usize,
    /// Buy or sell.
    pub side: Side,
    /// When, how much, at which price.
    pub terms: Terms,
    /// The user's own name for it.
    pub name: Option<String>,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It waits for another order of its list to fill.
    Pending,
    /// Nothing of it is filled.
    New,
    /// A part is filled.
    PartiallyFilled,
    /// All is filled.
    Filled,
    /// The user withdrew it.
    Cancelled,
    /// The exchange ended it, by its own terms.
    Expired,
    /// It would have traded with another order of its own user.
    Prevented,
}

impl Status {
    /// True while it can fill.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::New | Self::PartiallyFilled)
    }
}

/// An order that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number, from 1.
    pub id: u64,
    /// The user's own name for it, or one that the exchange made.
    pub name: String,
    /// Whose it is.
    pub user: usize,
    /// Of which product.
    pub product: usize,
    /// Buy or sell.
    pub side: Side,
    /// As it was asked for.
    pub terms: Terms,
    /// How it behaves beside its terms.
    pub manner: Manner,
    /// Units in all.
    pub quantity: Quantity,
    /// Where it stands.
    pub status: Status,
    /// Units filled.
    pub filled: Quantity,
    /// What they were worth, in the quote asset.
    pub value: Cash,
    /// How many executions it has.
    pub fills: u64,
    /// The commissions of all of them; in the quote asset where its user pays them so.
    pub fees: Cash,
    /// What still stands behind it: of the quote asset to buy, of the base asset to sell.
    pub locked: Cash,
    /// The price that a unit was locked at, to buy.
    pub(super) bound: Price,
    /// True once its trigger was touched, and from the start where it has none.
    pub works: bool,
    /// When it was taken.
    pub time: Time,
    /// When it changed last.
    pub updated: Time,
    /// The list that it belongs to.
    pub list: Option<u64>,
}

impl Record {
    /// The price that it named; zero at the market.
    #[must_use]
    pub fn price(&self) -> Price {
        self.terms.limit().unwrap_or(Price::ZERO)
    }

    /// The price that wakes it.
    #[must_use]
    pub const fn trigger(&self) -> Option<Price> {
        self.terms.trigger()
    }
}

/// One execution of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Execution {
    /// Its number, from 1.
    pub id: u64,
    /// Of which order.
    pub order: u64,
    /// Whose.
    pub user: usize,
    /// Of which product.
    pub product: usize,
    /// Buy or sell.
    pub side: Side,
    /// When.
    pub time: Time,
    /// At which price.
    pub price: Price,
    /// Units.
    pub quantity: Quantity,
    /// What they were worth.
    pub value: Cash,
    /// What the exchange took.
    pub commission: Cash,
    /// Of which asset: what the user received.
    pub commission_in: Currency,
    /// True where the order rested in the book.
    pub maker: bool,
}

/// Why the exchange does not do what a user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// An order against a filter of its product, by the filter's name.
    Filter(&'static str),
    /// More than the user has.
    Insufficient,
    /// A maker's order that would take.
    WouldTake,
    /// A trigger that the price has touched already.
    WouldTrigger,
    /// An open order has that name.
    DuplicateName,
    /// No such order, or one that has ended.
    Unknown,
    /// The book has nothing to trade with.
    NoLiquidity,
    /// Prices of a list's orders that do not lie around the market.
    ListPrices,
    /// The user has as many open orders as may be.
    TooManyOpen,
    /// It would show more than there is of it.
    ShowsMore,
    /// Terms that do not go together.
    Combination,
    /// The exchange keeps as many orders as it can.
    Full,
    /// A number beyond the range.
    Overflow,
    /// A fault that was asked for.
    Wanted,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter(name) => write!(f, "Filter failure: {name}"),
            Self::Insufficient => f.write_str("Account has insufficient balance for requested action."),
            Self::WouldTake => f.write_str("Order would immediately match and take."),
            Self::WouldTrigger => f.write_str("Stop price would trigger immediately."),
            Self::DuplicateName => f.write_str("Duplicate order sent."),
            Self::Unknown => f.write_str("Unknown order sent."),
            Self::NoLiquidity => f.write_str("No orders on book for symbol."),
            Self::ListPrices => f.write_str("The relationship of the prices for the orders is not correct."),
            Self::TooManyOpen => f.write_str("Filter failure: MAX_NUM_ORDERS"),
            Self::Combination => f.write_str("Unsupported order combination"),
            Self::ShowsMore => f.write_str("IcebergQty exceeds QTY."),
            Self::Full => {
                f.write_str("Too many new orders; the exchange keeps no more of them until it is started anew.")
            }
            Self::Overflow => f.write_str("Order amount is beyond what can be counted."),
            Self::Wanted => f.write_str("Order refused; a fault that --fault asked for."),
        }
    }
}

impl std::error::Error for Refusal {}

impl Owned for Record {
    fn user(&self) -> usize {
        self.user
    }
}

impl Named for Record {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Owned for Execution {
    fn user(&self) -> usize {
        self.user
    }
}
