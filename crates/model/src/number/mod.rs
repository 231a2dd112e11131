//! Exact decimal numbers: prices, quantities, money and rates as integers behind newtypes.
//!
//! | type | unit inside | range | used for |
//! |---|---|---|---|
//! | [`Price`] | 1e-9 (nanos) in 64 bits | ±9.2e9 | one unit of an instrument in its quote currency |
//! | [`Quantity`] | 1e-9 (nanos) in 128 bits | ±1.7e29 | units of an instrument |
//! | [`Cash`] | 1e-18 (attos) in 128 bits | ±1.7e20 | an amount of a currency |
//! | [`Rate`] | 1e-9 (nanos) in 64 bits | ±9.2e9 | fees, weights, margins: a pure number |
//! | [`Volume`] | packed decimal in 64 bits | 18 digits | the traded quantity of a stored row |
//!
//! The units fit each other: nanos times nanos are attos, so price x quantity is exact and needs no division.
//! Overflow is a refusal ([`Overflow`]), never a wrap and never a panic. `f64` leaves through `to_f64` and comes in
//! through `from_f64`, which states its rounding.
mod arithmetic;
mod cash;
mod decimal;
mod price;
mod quantity;
mod rate;
mod text;
mod volume;

pub use arithmetic::{Rounding, mul_div};
pub use cash::Cash;
pub use price::Price;
pub use quantity::Quantity;
pub use rate::Rate;
pub use text::{NumberError, parse_decimal};
pub use volume::Volume;

/// A result left the range of its type. The sentence says which operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow(pub &'static str);

impl std::fmt::Display for Overflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} leaves the range of exact numbers", self.0)
    }
}

impl std::error::Error for Overflow {}
