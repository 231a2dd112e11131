//! Signals: what a strategy sees in the market and would do about it. A signal is an opinion; an order is a deed.
mod error;
mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::InstrumentId;
use crate::number::{Price, Quantity};
use crate::time::Time;

pub use error::SignalError;
pub use words::{Action, Confidence, Strength};

/// How many notes a signal carries at most.
pub const NOTES_MAX: usize = 16;

/// What a signal says. [`Signal::new`] checks it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What to do.
    pub action: Action,
    /// On what.
    pub instrument: InstrumentId,
    /// When it was seen.
    pub time: Time,
    /// The market at that time, in the quote currency.
    pub price: Price,
    /// How strongly, 0..=1.
    pub strength: Strength,
    /// How surely.
    pub confidence: Confidence,
    /// Units, above zero; `None` leaves the size to the portfolio.
    pub quantity: Option<Quantity>,
    /// Where the opinion is wrong: below the price to buy, above it to sell.
    pub stop_loss: Option<Price>,
    /// Where the opinion has come true: above the price to buy, below it to sell.
    pub take_profit: Option<Price>,
    /// From this instant on the signal counts no more.
    pub expiry: Option<Time>,
    /// Notes by name, at most [`NOTES_MAX`].
    pub notes: BTreeMap<String, String>,
}

impl Terms {
    /// Full strength, medium confidence and no options: the start of a struct update.
    #[must_use]
    pub const fn new(action: Action, instrument: InstrumentId, time: Time, price: Price) -> Self {
        Self {
            action,
            instrument,
            time,
            price,
            strength: Strength::FULL,
            confidence: Confidence::Medium,
            quantity: None,
            stop_loss: None,
            take_profit: None,
            expiry: None,
            notes: BTreeMap::new(),
        }
    }
}

/// Terms that hold together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Terms", into = "Terms")]
pub struct Signal(Terms);

impl Signal {
    /// A signal of these terms.
    ///
    /// # Errors
    /// [`SignalError`] where stop and target do not stand on their sides of the price, a quantity is not above zero, the
    /// expiry is not after the signal, or there are too many notes.
    pub fn new(terms: Terms) -> Result<Self, SignalError> {
        if let Some(quantity) = terms.quantity.filter(|quantity| !quantity.is_positive()) {
            return Err(SignalError::Quantity(quantity));
        }
        check_protection(&terms)?;
        if let Some(expiry) = terms.expiry.filter(|expiry| *expiry <= terms.time) {
            return Err(SignalError::Expiry { time: terms.time, expiry });
        }
        if terms.notes.len() > NOTES_MAX {
            return Err(SignalError::TooManyNotes(terms.notes.len()));
        }
        Ok(Self(terms))
    }

    /// What it says.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.0
    }

    /// True where acting on it is worth while: not hold, and a strength of 0.3 or more.
    #[must_use]
    pub fn is_actionable(&self) -> bool {
        self.0.action != Action::Hold && self.0.strength >= Strength::ACTIONABLE
    }

    /// True from its expiry on.
    #[must_use]
    pub fn is_expired(&self, now: Time) -> bool {
        self.0.expiry.is_some_and(|expiry| now >= expiry)
    }

    /// The distance to the target over the distance to the stop; `None` unless both are named.
    #[must_use]
    pub fn risk_reward(&self) -> Option<f64> {
        let distance = |to: Price| i128::from(to.nanos()).abs_diff(i128::from(self.0.price.nanos())) as f64;
        Some(distance(self.0.take_profit?) / distance(self.0.stop_loss?))
    }

    /// The same opinion, held as strongly and as surely as told: every strength and confidence suits every signal.
    pub(crate) fn held(&self, strength: Strength, confidence: Confidence) -> Self {
        Self(Terms { strength, confidence, ..self.0.clone() })
    }

    /// No opinion.
    pub(crate) fn hold(instrument: InstrumentId, time: Time, price: Price) -> Self {
        let terms = Terms::new(Action::Hold, instrument, time, price);
        Self(Terms { strength: Strength::ZERO, confidence: Confidence::Low, ..terms })
    }
}

fn check_protection(terms: &Terms) -> Result<(), SignalError> {
    let (action, price) = (terms.action, terms.price);
    let Some(side) = action.side() else {
        let named = terms.stop_loss.or(terms.take_profit);
        return named.map_or(Ok(()), |level| Err(SignalError::NothingToProtect { action, level }));
    };
    if let Some(stop) = terms.stop_loss.filter(|stop| !side.prefers(*stop, price)) {
        return Err(SignalError::StopLoss { action, price, stop });
    }
    if let Some(target) = terms.take_profit.filter(|target| !side.opposite().prefers(*target, price)) {
        return Err(SignalError::TakeProfit { action, price, target });
    }
    Ok(())
}

impl TryFrom<Terms> for Signal {
    type Error = SignalError;
    fn try_from(terms: Terms) -> Result<Self, SignalError> {
        Self::new(terms)
    }
}

impl From<Signal> for Terms {
    fn from(signal: Signal) -> Self {
        signal.0
    }
}
