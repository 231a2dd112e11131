//! The limits that orders, positions and the account must hold, as a user sets them.
use qframe_model::number::{Cash, Quantity, Rate};
use qframe_model::symbol::Symbol;

use super::breaker::Breaker;

/// What a run is held to. Each limit is off until it is set. What only reduces a position is refused by none, but
/// for a price that gives too much away.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limits {
    /// Of every symbol.
    pub symbol: SymbolLimits,
    /// Of symbols with limits of their own: what one of them sets stands in place of what `symbol` says.
    pub symbols: Vec<(Symbol, SymbolLimits)>,
    /// Of the account.
    pub portfolio: PortfolioLimits,
    /// The circuit breakers, by their numbers.
    pub breakers: Vec<Breaker>,
}

/// The limits of one symbol: of each of its orders, and of the position that all of them can lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SymbolLimits {
    /// The most units of one order.
    pub order_quantity: Option<Quantity>,
    /// The largest value of one order, in the reporting currency.
    pub order_value: Option<Cash>,
    /// How far an order's prices may be from the market, as a share of it; of an exit how much its limit may give away. What
    /// protects an entry is not judged by it.
    pub collar: Option<Rate>,
    /// The most units of a position, long or short.
    pub position_quantity: Option<Quantity>,
    /// The largest value of one position, in the reporting currency.
    pub position_value: Option<Cash>,
    /// The largest value of one position over the equity.
    pub concentration: Option<Rate>,
    /// The most orders that are open at once.
    pub open_orders: Option<u32>,
}

/// The most units of one order and of one position, which hold whatever price a fill comes at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitLimits {
    /// Of an order.
    pub order: Quantity,
    /// Of a position, long or short.
    pub position: Quantity,
}

impl UnitLimits {
    /// No limits.
    pub const OFF: Self = Self { order: Quantity::MAX, position: Quantity::MAX };
}

/// The limits of the account, and of the strategy that trades on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PortfolioLimits {
    /// The largest value of all positions, each counted above zero, in the reporting currency.
    pub gross: Option<Cash>,
    /// The largest value of long less short positions, on either side, in the reporting currency.
    pub net: Option<Cash>,
    /// The largest gross exposure over equity.
    pub leverage: Option<Rate>,
    /// The most orders that are open at once.
    pub open_orders: Option<u32>,
    /// The most orders within any second.
    pub orders_per_second: Option<u32>,
    /// The most orders within any minute.
    pub orders_per_minute: Option<u32>,
    /// The loss since the last equity before the UTC day, or the deposit, at which only reducing orders pass.
    pub daily_loss: Option<Rate>,
    /// The drawdown from the highest equity, the deposit among it, at which only reducing orders pass.
    pub drawdown: Option<Rate>,
}

impl Limits {
    /// The limits of a symbol.
    #[must_use]
    pub fn of(&self, symbol: &Symbol) -> SymbolLimits {
        let own = self.symbols.iter().find(|(other, _)| other == symbol);
        own.map_or(self.symbol, |(_, own)| own.or(&self.symbol))
    }

    /// True where one of them asks how far positions can go.
    pub(super) fn reach(&self) -> bool {
        // Of an order alone: its own units and value need the same count.
        let of_orders =
            |own: &SymbolLimits| SymbolLimits { collar: None, open_orders: None, ..*own } != SymbolLimits::default();
        let PortfolioLimits { gross, net, leverage, .. } = self.portfolio;
        let symbols = of_orders(&self.symbol) || self.symbols.iter().any(|(_, own)| of_orders(own));
        symbols || gross.is_some() || net.is_some() || leverage.is_some()
    }

    /// True where none is set.
    #[must_use]
    pub fn are_off(&self) -> bool {
        let off = SymbolLimits::default();
        let symbols = self.symbol == off && self.symbols.iter().all(|(_, own)| *own == off);
        symbols && self.portfolio == PortfolioLimits::default() && self.breakers.is_empty()
    }
}

impl SymbolLimits {
    /// Those that count units.
    #[must_use]
    pub fn in_units(&self) -> UnitLimits {
        let UnitLimits { order, position } = UnitLimits::OFF;
        let (order, position) = (self.order_quantity.unwrap_or(order), self.position_quantity.unwrap_or(position));
        UnitLimits { order, position }
    }

    /// What is set here, and what `other` sets where this is silent.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            order_quantity: self.order_quantity.or(other.order_quantity),
            order_value: self.order_value.or(other.order_value),
            collar: self.collar.or(other.collar),
            position_quantity: self.position_quantity.or(other.position_quantity),
            position_value: self.position_value.or(other.position_value),
            concentration: self.concentration.or(other.concentration),
            open_orders: self.open_orders.or(other.open_orders),
        }
    }
}

impl PortfolioLimits {
    /// The stricter of each pair: a strategy's own limits within those of the house.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        fn stricter<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
            match (one, other) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            }
        }
        Self {
            gross: stricter(self.gross, other.gross),
            net: stricter(self.net, other.net),
            leverage: stricter(self.leverage, other.leverage),
            open_orders: stricter(self.open_orders, other.open_orders),
            orders_per_second: stricter(self.orders_per_second, other.orders_per_second),
            orders_per_minute: stricter(self.orders_per_minute, other.orders_per_minute),
            daily_loss: stricter(self.daily_loss, other.daily_loss),
            drawdown: stricter(self.drawdown, other.drawdown),
        }
    }
}
