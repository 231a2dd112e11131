//! Orders on perpetuals: as users send them, as the exchange keeps them, and why it does not take one.
use std::fmt;

use qframe_model::currency::Currency;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Price, Quantity, Rate};
use qframe_model::time::Time;

use crate::exchange::core::Prevention;
use crate::exchange::core::log::{Named, Owned};

pub use crate::exchange::core::Status;

/// The price that a trigger watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Watched {
    /// The last price of the contract.
    #[default]
    Last,
    /// The mark price.
    Mark,
}

/// When an order comes to the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// At once.
    Now,
    /// Once the price touches the trigger.
    Touch {
        /// The price that wakes it.
        trigger: Price,
        /// True where the trigger lies in the order's favour: below the market to buy, above it to sell.
        takes_profit: bool,
    },
    /// Once the price has come back by a share from its best.
    Trail {
        /// The share.
        callback: Rate,
        /// The price from which on the best is looked for; none: from the start.
        activation: Option<Price>,
    },
}

/// How long what does not fill at once stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Until it is cancelled.
    Gtc,
    /// Not at all.
    Ioc,
    /// All of it fills at once, or it is refused.
    Fok,
    /// Until it is cancelled, and it is refused where it would take.
    Gtx,
    /// Until a moment of the wall clock, in milliseconds since the epoch.
    Gtd(i64),
}

/// How much an order wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many units.
    Units(Quantity),
    /// All of the position, as it is then.
    Position,
}

/// What a user asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Which contract.
    pub product: usize,
    /// Buy or sell.
    pub side: Side,
    /// When it comes to the market.
    pub wake: Wake,
    /// What its trigger watches.
    pub watches: Watched,
    /// Its limit; none at the market.
    pub limit: Option<Price>,
    /// How long it stays.
    pub stay: Stay,
    /// How much.
    pub amount: Amount,
    /// It may only make a position smaller.
    pub reduce_only: bool,
    /// Where it would trade with another order of its own user.
    pub prevention: Prevention,
    /// The user's own name for it.
    pub name: Option<String>,
    /// True where it was sent as a conditional order of its own address (`algoOrder`).
    pub algo: bool,
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
    /// As it was asked for.
    pub ticket: Ticket,
    /// Units in all; zero for all of a position until its trigger is touched.
    pub quantity: Quantity,
    /// Where it stands.
    pub status: Status,
    /// Units filled.
    pub filled: Quantity,
    /// What they were worth.
    pub value: Cash,
    /// True once its trigger was touched, and from the start where it has none.
    pub works: bool,
    /// The best price since a trailing order was activated.
    pub best: Option<Price>,
    /// The price that margin is kept at for a unit: the limit, or the worst price that the book gave.
    pub(super) bound: Price,
    /// Its end is the exchange's doing.
    pub(super) expires: bool,
    /// True for the exchange's own order that closes a position.
    pub forced: bool,
    /// When it was taken.
    pub time: Time,
    /// When it changed last.
    pub updated: Time,
}

impl Record {
    /// Units that may still fill.
    #[must_use]
    pub fn left(&self) -> Quantity {
        Quantity::from_nanos((self.quantity.nanos() - self.filled.nanos()).max(0))
    }

    /// True while it waits for its trigger.
    #[must_use]
    pub const fn waits(&self) -> bool {
        self.status.is_open() && !self.works
    }

    /// True where it may only make a position smaller.
    #[must_use]
    pub const fn reduces(&self) -> bool {
        self.ticket.reduce_only || matches!(self.ticket.amount, Amount::Position)
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
    /// Of which contract.
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
    /// What closing units brought, before commissions.
    pub realised: Cash,
    /// True where the order rested in the book.
    pub maker: bool,
}

/// Why money came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The user paid in.
    Transfer,
    /// Units were closed.
    Realised,
    /// The exchange's fee.
    Commission,
    /// Funding was due.
    Funding,
    /// The insurance fund paid what a closed position was short of.
    Insurance,
}

/// Money that came (negative: went).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Income {
    /// Its number, from 1.
    pub id: u64,
    /// Whose.
    pub user: usize,
    /// Of which contract.
    pub product: Option<usize>,
    /// Why.
    pub cause: Cause,
    /// Of which asset.
    pub asset: Currency,
    /// How much.
    pub amount: Cash,
    /// When.
    pub time: Time,
    /// The execution that it comes from.
    pub execution: Option<u64>,
}

/// Why the exchange does not do what a user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A price that is no multiple of the tick.
    Tick,
    /// A price beyond the highest one.
    Price,
    /// A quantity with more decimals than the lot.
    Lot,
    /// A quantity below the least, or none.
    TooSmall,
    /// A quantity beyond the largest.
    TooLarge,
    /// Worth less than the least: this much.
    Notional(Cash),
    /// Not enough margin.
    Margin,
    /// An order that only reduces, and nothing to reduce.
    ReduceOnly,
    /// A maker's order that would take.
    WouldTake,
    /// All or nothing, and the book has less.
    Unfillable,
    /// A trigger that the price has touched already.
    WouldTrigger,
    /// A share outside 0.1 % to 10 %.
    Callback,
    /// An activation price on the wrong side of the market.
    Activation,
    /// An open order has that name.
    DuplicateName,
    /// No such open order.
    Unknown,
    /// The book has nothing to trade with.
    NoLiquidity,
    /// The user has as many open orders as may be.
    TooManyOpen,
    /// The user has as many waiting orders as may be.
    TooManyWaiting,
    /// A position beyond what the leverage allows.
    Position,
    /// A leverage outside 1 to 125.
    Leverage(u32),
    /// A leverage too low for the margin that is there.
    LowLeverage,
    /// A moment that is no later than in ten minutes, or beyond the last one.
    GoodTill,
    /// Another margin type while orders are open.
    MarginOrders,
    /// Another margin type while there is a position.
    MarginPosition,
    /// Margin for a contract that shares the wallet.
    NotIsolated,
    /// Margin for no position.
    NoPosition,
    /// More margin than the wallet has.
    CrossMargin,
    /// More margin than the position can spare.
    IsolatedMargin,
    /// No amount.
    NoAmount,
    /// A lower leverage for a position with margin of its own.
    IsolatedLeverage,
    /// The exchange keeps as many orders as it can.
    Full,
    /// A number beyond the range.
    Overflow,
}

impl Refusal {
    /// Binance's number for it.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Tick => -4014,
            Self::Price => -4002,
            Self::Lot => -1111,
            Self::TooSmall => -4003,
            Self::TooLarge => -4005,
            Self::Notional(_) => -4164,
            Self::Margin => -2019,
            Self::ReduceOnly => -2022,
            Self::WouldTake => -5022,
            Self::Unfillable => -5021,
            Self::WouldTrigger => -2021,
            Self::Callback => -2007,
            Self::Activation => -2021,
            Self::DuplicateName => -4116,
            Self::Unknown => -2011,
            Self::NoLiquidity => -2020,
            Self::TooManyOpen => -2025,
            Self::TooManyWaiting => -4045,
            Self::Position => -2027,
            Self::Leverage(_) => -4028,
            Self::LowLeverage => -2028,
            Self::GoodTill => -5040,
            Self::MarginOrders => -4047,
            Self::MarginPosition => -4048,
            Self::NotIsolated => -4049,
            Self::NoPosition => -4054,
            Self::CrossMargin => -4050,
            Self::IsolatedMargin => -4051,
            Self::NoAmount => -4055,
            Self::IsolatedLeverage => -4161,
            Self::Full => -1015,
            Self::Overflow => -4005,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tick => "Price not increased by tick size.",
            Self::Price => "Price greater than max price.",
            Self::Lot => "Precision is over the maximum defined for this asset.",
            Self::TooSmall => "Quantity less than or equal to zero.",
            Self::TooLarge => "Quantity greater than max quantity.",
            Self::Notional(least) => {
                return write!(
                    f,
                    "Order's notional must be no smaller than {least} (unless you choose reduce only)."
                );
            }
            Self::Margin => "Margin is insufficient.",
            Self::ReduceOnly => "ReduceOnly Order is rejected.",
            Self::WouldTake => {
                "Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be \
                 recorded in the order history"
            }
            Self::Unfillable => {
                "Due to the order could not be filled immediately, the FOK order has been rejected. The order will not be \
                 recorded in the order history"
            }
            Self::WouldTrigger | Self::Activation => "Order would immediately trigger.",
            Self::Callback => "Invalid callback rate.",
            Self::DuplicateName => "ClientOrderId is duplicated.",
            Self::Unknown => "Unknown order sent.",
            Self::NoLiquidity => "Unable to fill.",
            Self::TooManyOpen => "Reach max open order limit.",
            Self::TooManyWaiting => "Reach max stop order limit.",
            Self::Position => "Exceeded the maximum allowable position at current leverage.",
            Self::Leverage(leverage) => return write!(f, "Leverage {leverage} is not valid"),
            Self::LowLeverage => "Leverage is smaller than permitted: insufficient margin balance.",
            Self::GoodTill => {
                "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than \
                 253402300799000"
            }
            Self::MarginOrders => "Margin type cannot be changed if there exists open orders.",
            Self::MarginPosition => "Margin type cannot be changed if there exists position.",
            Self::NotIsolated => "Add margin only support for isolated position.",
            Self::NoPosition => "Cannot add position margin: position is 0.",
            Self::CrossMargin => "Cross balance insufficient.",
            Self::IsolatedMargin => "Isolated balance insufficient.",
            Self::NoAmount => "Amount must be positive.",
            Self::IsolatedLeverage => "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
            Self::Full => "Too many new orders; the exchange keeps no more of them until it is started anew.",
            Self::Overflow => "Order amount is beyond what can be counted.",
        })
    }
}

impl std::error::Error for Refusal {}

impl From<qframe_model::number::Overflow> for Refusal {
    fn from(_: qframe_model::number::Overflow) -> Self {
        Self::Overflow
    }
}

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
