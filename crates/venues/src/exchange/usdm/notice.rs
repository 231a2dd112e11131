//! What happens at the futures exchange, for those who listen.
use qframe_model::currency::Currency;
use qframe_model::number::Cash;
use qframe_model::time::Time;

use super::margin::Holding;
use super::order::{Cause, Execution, Record};
use crate::exchange::core;

/// Why an order is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It was taken.
    Taken,
    /// Its trigger was touched.
    Triggered,
    /// It traded.
    Traded(Execution),
    /// Its user withdrew it.
    Cancelled,
    /// The exchange ended it.
    Expired,
    /// It only reduces, and wants no more than the position that is left.
    Cut,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// In a market.
    Market(core::Notice),
    /// Mark prices are told.
    Marks(Time),
    /// Something happened to an order.
    Order {
        /// The order, as it is after it.
        order: Box<Record>,
        /// What.
        happened: Happened,
        /// When.
        time: Time,
    },
    /// What a user has changed.
    Account {
        /// Whose.
        user: usize,
        /// When.
        time: Time,
        /// Why.
        cause: Cause,
        /// The asset, its wallet now, and by how much it changed apart from profit and commission.
        wallet: (Currency, Cash, Cash),
        /// The contract that changed, what is held of it now, and its unrealised profit.
        holding: Option<(usize, Holding, Cash)>,
    },
    /// A user has another leverage.
    Leverage {
        /// Whose.
        user: usize,
        /// When.
        time: Time,
        /// Of which contract.
        product: usize,
        /// It.
        leverage: u32,
    },
    /// A user's margin is nearly gone.
    MarginCall {
        /// Whose.
        user: usize,
        /// When.
        time: Time,
        /// Of which asset.
        asset: Currency,
        /// Of which contract alone, where that has margin of its own.
        alone: Option<usize>,
    },
}
