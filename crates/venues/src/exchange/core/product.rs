//! What is traded, and the rules that its orders must hold.
use qframe_model::currency::Currency;
use qframe_model::instrument::Bounds;
use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::symbol::{Symbol, SymbolParts};

/// A pair of assets and its filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// As ccxt writes it: `BTC/USDT`.
    pub symbol: Symbol,
    /// As the exchange writes it: `BTCUSDT`.
    pub name: String,
    /// What is bought.
    pub base: Currency,
    /// What is paid.
    pub quote: Currency,
    /// Prices are multiples of it.
    pub tick: Price,
    /// Quantities are multiples of it.
    pub lot: Quantity,
    /// The least an order may be worth, in the quote asset.
    pub min_notional: Cash,
    /// The least and the most that an order may name, as far as the venue's are known.
    pub bounds: Bounds,
    /// True where each recorded trade is all that an order took at its price.
    pub trades_are_sums: bool,
}

impl Product {
    /// The most units of one order, in lots.
    const LOTS_MAX: i128 = 900_000_000_000;

    /// A spot pair; `None` for what is none, and for a tick or lot that is not above zero.
    #[must_use]
    pub fn new(symbol: &Symbol, tick: Price, lot: Quantity, min_notional: Cash) -> Option<Self> {
        let name = symbol.as_str().split('@').next()?;
        let SymbolParts::Pair { base, quote } = symbol.parts() else { return None };
        let is_good = tick.is_positive() && lot.is_positive() && !min_notional.is_negative();
        let (symbol, name) = (name.parse().ok()?, format!("{base}{quote}"));
        is_good.then_some(Self {
            symbol,
            name,
            base,
            quote,
            tick,
            lot,
            min_notional,
            bounds: Bounds::default(),
            trades_are_sums: true,
        })
    }

    /// The most parts of an iceberg.
    pub const ICEBERG_PARTS: i64 = 10;
    /// How little and how much a trailing order may stay behind, in hundredths of a percent.
    pub const TRAILING: (u32, u32) = (10, 2_000);
    /// How far a price may be from the average, in hundredths of it.
    pub const BAND: (i64, i64) = (20, 500);

    /// The most open orders of a user.
    #[must_use]
    pub const fn orders_max(&self) -> usize {
        200
    }

    /// The most open orders of a user that wait for a price.
    #[must_use]
    pub const fn algo_orders_max(&self) -> usize {
        5
    }

    /// The lowest price that an order may name.
    #[must_use]
    pub fn price_min(&self) -> Price {
        self.tick.max(self.bounds.min_price)
    }

    /// The fewest units that an order may name.
    #[must_use]
    pub fn quantity_min(&self) -> Quantity {
        self.lot.max(self.bounds.min_quantity)
    }

    /// Judges what an order is worth.
    pub(in crate::exchange) fn takes_value(&self, value: Cash) -> bool {
        value >= self.min_notional
    }

    /// A perpetual that pays in its quote asset, such as `BTC/USDT:USDT`; `None` as [`Product::new`].
    #[must_use]
    pub fn perpetual(symbol: &Symbol, tick: Price, lot: Quantity, min_notional: Cash) -> Option<Self> {
        let SymbolParts::Contract { base, quote, settle, expiry: None } = symbol.parts() else { return None };
        let pair = Self::new(&format!("{base}/{quote}").parse().ok()?, tick, lot, min_notional)?;
        let symbol = symbol.as_str().split('@').next()?.parse().ok()?;
        (quote == settle).then_some(Self { symbol, ..pair })
    }

    /// The highest price that an order may name.
    #[must_use]
    pub fn price_max(&self) -> Price {
        let most = 1_000_000_000_000_000_i64.min(self.tick.nanos().saturating_mul(1_000_000_000));
        let most = Price::from_nanos(most / self.tick.nanos() * self.tick.nanos());
        self.bounds.max_price.map_or(most, |highest| highest.min(most))
    }

    /// The most units that an order may name.
    #[must_use]
    pub fn quantity_max(&self) -> Quantity {
        let most = Quantity::whole(9_000_000).nanos().min(self.lot.nanos().saturating_mul(Self::LOTS_MAX));
        let most = Quantity::from_nanos(most).floor_to(self.lot);
        self.bounds.max_quantity.map_or(most, |largest| largest.min(most))
    }

    /// Judges a price that an order names.
    pub(in crate::exchange) fn takes_price(&self, price: Price) -> bool {
        price >= self.price_min() && price <= self.price_max() && price.nanos() % self.tick.nanos() == 0
    }

    /// Judges a quantity that an order names.
    pub(in crate::exchange) fn takes_quantity(&self, quantity: Quantity) -> bool {
        quantity >= self.quantity_min() && quantity <= self.quantity_max() && quantity.nanos() % self.lot.nanos() == 0
    }
}
