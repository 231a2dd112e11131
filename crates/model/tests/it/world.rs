//! The small worlds that the tests trade in.
use std::sync::Arc;

use qframe_model::account::Account;
use qframe_model::currency::Currency;
use qframe_model::fill::{Fill, Liquidity};
use qframe_model::ids::{CommodityId, InstrumentId, OrderId};
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::market::Side;
use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::order::Purpose;
use qframe_model::time::Time;

/// A value from its text; every type of the model reads its own text.
pub(crate) fn read<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no {}", std::any::type_name::<T>()))
}

/// Instruments with free rules, stocks in USD.
pub(crate) fn instruments(symbols: &[&str]) -> Arc<[Instrument]> {
    symbols.iter().map(|symbol| Instrument::new(read(symbol), Currency::USD, Rules::default()).unwrap()).collect()
}

/// An account over `symbols` that reports in USD and holds `cash` USD.
pub(crate) fn account(symbols: &[&str], cash: i64) -> Account {
    let mut account = Account::open(instruments(symbols), Currency::USD).unwrap();
    account.deposit(account.reporting(), Cash::whole(cash)).unwrap();
    account
}

/// The number of a currency that the account knows.
pub(crate) fn currency(account: &Account, code: &str) -> CommodityId {
    account.currency(read(code)).unwrap_or_else(|| panic!("the account has no {code}"))
}

/// A fill without a fee, paid in the reporting currency.
pub(crate) fn fill(instrument: u16, side: Side, quantity: Quantity, price: Price) -> Fill {
    Fill {
        order: OrderId(1),
        instrument: InstrumentId(instrument),
        time: Time::EPOCH,
        side,
        price,
        quantity,
        fee: Cash::ZERO,
        fee_in: CommodityId(0),
        liquidity: Liquidity::Taker,
        purpose: Purpose::Signal,
    }
}

/// A purchase of texts.
pub(crate) fn buy(instrument: u16, quantity: &str, price: &str) -> Fill {
    fill(instrument, Side::Buy, read(quantity), read(price))
}

/// A sale of texts.
pub(crate) fn sell(instrument: u16, quantity: &str, price: &str) -> Fill {
    fill(instrument, Side::Sell, read(quantity), read(price))
}
