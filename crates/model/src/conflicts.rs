//! Signals that contradict each other: who stays, who gives way, and why.
use std::fmt;

use crate::signal::{Action, Confidence, Signal, Strength};
use crate::signals::priority;

/// What is left of some signals once no two of them contradict each other. Every signal given is in one of the lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolution {
    /// Places of the signals that stay, ascending.
    pub kept: Vec<usize>,
    /// The signals that gave way, by ascending place.
    pub lost: Vec<Lost>,
}

/// A signal that gave way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// Its place.
    pub place: usize,
    /// The place of the signal it gave way to.
    pub to: usize,
    /// Why.
    pub reason: Yielded,
}

/// Why a signal gave way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Yielded {
    /// Another says close, and getting out comes before getting in.
    Closing,
    /// The other direction is surer, or as sure and stronger.
    Outranked {
        /// How sure this one was.
        confidence: Confidence,
        /// How strong this one was.
        strength: Strength,
    },
    /// The other direction is exactly as sure and as strong: neither is followed.
    Tied,
}

impl fmt::Display for Yielded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closing => f.write_str("another signal closes the position, and getting out comes first"),
            Self::Outranked { confidence, strength } => {
                write!(f, "confidence {confidence}, strength {strength}: the other direction has more")
            }
            Self::Tied => f.write_str("the other direction is exactly as sure and as strong, so neither is followed"),
        }
    }
}

/// Resolves conflicts, each instrument by itself:
/// 1. where one says close, every buy and sell gives way to it;
/// 2. else the first buy by [`priority`] meets the first sell: the surer, then the stronger wins, and every signal of
///    the other direction gives way. Being earlier decides nothing; equals give way to each other.
///
/// A hold contradicts nothing, and signals of one direction do not contradict each other.
#[must_use]
pub fn resolve(signals: &[Signal]) -> Resolution {
    let mut resolution = Resolution::default();
    for place in 0..signals.len() {
        match fate(signals, place) {
            None => resolution.kept.push(place),
            Some((to, reason)) => resolution.lost.push(Lost { place, to, reason }),
        }
    }
    resolution
}

/// Whom the signal gives way to, if to anyone.
fn fate(signals: &[Signal], place: usize) -> Option<(usize, Yielded)> {
    let terms = signals[place].terms();
    let first = |action: Action| {
        let rivals = (0..signals.len()).filter(|rival| {
            let rival = signals[*rival].terms();
            rival.instrument == terms.instrument && rival.action == action
        });
        rivals.min_by(|a, b| priority(&signals[*a], &signals[*b]))
    };
    let (own, other) = match terms.action {
        Action::Buy => (Action::Buy, Action::Sell),
        Action::Sell => (Action::Sell, Action::Buy),
        Action::Hold | Action::Close => return None,
    };
    if let Some(closing) = first(Action::Close) {
        return Some((closing, Yielded::Closing));
    }
    let (champion, rival) = (first(own)?, first(other)?);
    let rank = |place: usize| (signals[place].terms().confidence, signals[place].terms().strength);
    let (confidence, strength) = (terms.confidence, terms.strength);
    match rank(champion).cmp(&rank(rival)) {
        std::cmp::Ordering::Greater => None,
        std::cmp::Ordering::Less => Some((rival, Yielded::Outranked { confidence, strength })),
        std::cmp::Ordering::Equal => Some((rival, Yielded::Tied)),
    }
}
