//! Which exchange is served: one match between the socket and the protocols.
use qframe_model::market::Tick;
use qframe_model::number::Overflow;
use qframe_model::time::Time;
use serde_json::Value;

use crate::exchange::advanced::Advanced;
use crate::exchange::binance::stream::{self as spot, Topic};
use crate::exchange::binance::{Answer, Binance, Request};
use crate::exchange::core::Core;
use crate::exchange::usdm::{Usdm, stream as futures};

/// An exchange behind its addresses.
#[derive(Debug)]
pub enum Venue {
    /// Binance's spot market.
    Spot(Binance),
    /// Binance's USD-M futures.
    Usdm(Usdm),
}

impl From<Binance> for Venue {
    fn from(binance: Binance) -> Self {
        Self::Spot(binance)
    }
}

impl From<Usdm> for Venue {
    fn from(usdm: Usdm) -> Self {
        Self::Usdm(usdm)
    }
}

impl Venue {
    /// The spot exchange, where it is that.
    #[must_use]
    pub const fn spot(&self) -> Option<&Binance> {
        match self {
            Self::Spot(binance) => Some(binance),
            Self::Usdm(_) => None,
        }
    }

    /// The futures exchange, where it is that.
    #[must_use]
    pub const fn usdm(&self) -> Option<&Usdm> {
        match self {
            Self::Usdm(usdm) => Some(usdm),
            Self::Spot(_) => None,
        }
    }

    /// The replay's clock.
    #[must_use]
    pub const fn now(&self) -> Time {
        match self {
            Self::Spot(binance) => binance.core.now(),
            Self::Usdm(usdm) => usdm.futures.now(),
        }
    }

    pub(super) fn tick(&mut self, product: usize, tick: &Tick) -> Result<(), Overflow> {
        match self {
            Self::Spot(binance) => binance.core.tick(product, tick),
            Self::Usdm(usdm) => usdm.futures.tick(product, tick),
        }
    }

    pub(super) fn advance(&mut self, time: Time) -> Result<(), Overflow> {
        match self {
            Self::Spot(binance) => {
                binance.core.advance(time);
                Ok(())
            }
            Self::Usdm(usdm) => usdm.futures.advance(time),
        }
    }

    /// What both protocols of the spot market trade on.
    pub(super) const fn core_mut(&mut self) -> Option<&mut Core> {
        match self {
            Self::Spot(binance) => Some(&mut binance.core),
            Self::Usdm(_) => None,
        }
    }

    /// What happened since the last call, as frames for those who listen.
    pub(super) fn frames(&mut self, advanced: &Advanced, wanted: impl Fn(&Topic) -> bool) -> Vec<(Topic, Value)> {
        match self {
            Self::Spot(binance) => {
                let notices: Vec<_> = binance.core.notices().collect();
                let mut made = Vec::new();
                for notice in &notices {
                    made.extend(spot::frames(&binance.core, notice, &wanted));
                    let told = advanced.messages(&binance.core, notice, |to| wanted(&Topic::Channel(*to)));
                    made.extend(told.into_iter().map(|(to, value)| (Topic::Channel(to), value)));
                }
                made
            }
            Self::Usdm(usdm) => {
                let notices: Vec<_> = usdm.futures.notices().collect();
                notices.iter().flat_map(|notice| futures::frames(&usdm.futures, notice, &wanted)).collect()
            }
        }
    }

    pub(super) fn answer(&mut self, request: &Request, wall: i64) -> Answer {
        match self {
            Self::Spot(binance) => binance.answer(request, wall),
            Self::Usdm(usdm) => usdm.answer(request, wall),
        }
    }

    pub(super) fn answer_frame(&mut self, text: &str, wall: i64) -> (Value, Option<usize>) {
        match self {
            Self::Spot(binance) => binance.answer_frame(text, wall),
            Self::Usdm(usdm) => (usdm.answer_frame(text, wall), None),
        }
    }

    pub(super) fn is_stream(&self, name: &str) -> bool {
        match self {
            Self::Spot(binance) => spot::is_stream(&binance.core, name),
            Self::Usdm(usdm) => futures::is_stream(&usdm.futures, name),
        }
    }

    pub(super) fn listener(&self, key: &str, wall: i64) -> Option<usize> {
        match self {
            Self::Spot(binance) => binance.listener(key, wall),
            Self::Usdm(usdm) => usdm.listener(key, wall),
        }
    }
}
