//! Many signals at once: which still count, in which order, what several strategies say together, and who gives way.
//!
//! Pure functions over slices. Places are places in the slice given; sums are exact, so no answer depends on the order
//! in which signals were handed in, except where a tie is stated to go to the first.
use std::cmp::Ordering;
use std::fmt;

use crate::ids::InstrumentId;
use crate::number::Rate;
use crate::signal::{Action, Confidence, Signal, Strength};
use crate::time::Time;

/// Why a signal is not acted on now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// Its time is over.
    Expired {
        /// When it expired.
        expiry: Time,
        /// The present.
        now: Time,
    },
    /// It was seen after the present.
    FromTheFuture {
        /// When it says it was seen.
        time: Time,
        /// The present.
        now: Time,
    },
    /// It asks for nothing.
    Hold,
    /// It is weaker than [`Strength::ACTIONABLE`].
    TooWeak(Strength),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { expiry, now } => write!(f, "the signal expired at {expiry}; it is {now}"),
            Self::FromTheFuture { time, now } => write!(f, "the signal is of {time}; it is only {now}"),
            Self::Hold => f.write_str("the signal says hold"),
            Self::TooWeak(strength) => {
                write!(f, "strength {strength} is below {}, from where a signal counts", Strength::ACTIONABLE)
            }
        }
    }
}

impl std::error::Error for Unfit {}

/// Checks that a signal may be acted on at `now`.
///
/// # Errors
/// The first reason why not: its time, then what it asks, then its strength.
pub fn validate(signal: &Signal, now: Time) -> Result<(), Unfit> {
    let terms = signal.terms();
    if terms.time > now {
        return Err(Unfit::FromTheFuture { time: terms.time, now });
    }
    if let Some(expiry) = terms.expiry.filter(|_| signal.is_expired(now)) {
        return Err(Unfit::Expired { expiry, now });
    }
    match terms.action {
        Action::Hold => Err(Unfit::Hold),
        _ if !signal.is_actionable() => Err(Unfit::TooWeak(terms.strength)),
        _ => Ok(()),
    }
}

/// Who is served first: the surer, then the stronger, then the earlier signal.
#[must_use]
pub fn priority(a: &Signal, b: &Signal) -> Ordering {
    rank(b).cmp(&rank(a)).then(a.terms().time.cmp(&b.terms().time))
}

/// The places of `signals` by [`priority`]; equals keep their order.
#[must_use]
pub fn by_priority(signals: &[Signal]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..signals.len()).collect();
    places.sort_by(|a, b| priority(&signals[*a], &signals[*b]));
    places
}

fn rank(signal: &Signal) -> (Confidence, Strength) {
    (signal.terms().confidence, signal.terms().strength)
}

/// One strategy's signal and how much its word counts.
#[derive(Debug, Clone, Copy)]
pub struct Vote<'a> {
    /// What it says.
    pub signal: &'a Signal,
    /// How much it counts, above zero; only ratios matter.
    pub weight: Rate,
}

/// How several votes become one signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The action with the largest sum of weight x strength; a tie is a hold.
    WeightedVote,
    /// The first by [`priority`], weights apart.
    Strongest,
    /// As [`Method::WeightedVote`], and hold unless this share of all weights stands behind the action.
    Consensus(Rate),
}

/// What several strategies say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The terms of the first signal by [`priority`] among those that agree, with the common strength
    /// (weight x strength of those over all weights) and the least confidence among them; for
    /// [`Method::Strongest`] that signal as it is. Hold with strength zero where nothing won.
    pub signal: Signal,
    /// The share of all weights that stands behind the action, 0..=1.
    pub agreed: Rate,
}

/// Why votes cannot be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoteError {
    /// No votes.
    None,
    /// Votes on two instruments.
    Mixed(InstrumentId, InstrumentId),
    /// A weight that is not above zero.
    Weight(Rate),
    /// A share outside 0..=1.
    Share(Rate),
}

impl fmt::Display for VoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no signals to count"),
            Self::Mixed(a, b) => write!(f, "signals on instruments {a} and {b} are not one question; count each apart"),
            Self::Weight(weight) => write!(f, "weight {weight}: expected more than zero"),
            Self::Share(share) => write!(f, "consensus share {share}: expected 0 to 1"),
        }
    }
}

impl std::error::Error for VoteError {}

/// Counts votes on one instrument.
///
/// # Errors
/// [`VoteError`] for no votes, two instruments, a weight not above zero, a share outside 0..=1.
pub fn aggregate(votes: &[Vote<'_>], method: Method) -> Result<Verdict, VoteError> {
    check(votes, method)?;
    let action = match method {
        Method::Strongest => Some(best(votes, |_| true).signal.terms().action),
        Method::WeightedVote | Method::Consensus(_) => most_voted(votes),
    };
    let total = sum(votes, |vote| i128::from(vote.weight.nanos()));
    let weight = |action| sum(votes, |vote| if said(vote, action) { i128::from(vote.weight.nanos()) } else { 0 });
    let needed = if let Method::Consensus(share) = method { share } else { Rate::ZERO };
    let action = action.filter(|action| share_of(weight(*action), total) >= needed);
    let Some(action) = action.filter(|action| *action != Action::Hold) else {
        return Ok(Verdict { signal: hold(votes), agreed: share_of(weight(Action::Hold), total) });
    };
    let leader = best(votes, |vote| said(vote, action)).signal;
    let signal = if method == Method::Strongest { leader.clone() } else { common(votes, leader, total) };
    Ok(Verdict { signal, agreed: share_of(weight(action), total) })
}

fn check(votes: &[Vote<'_>], method: Method) -> Result<(), VoteError> {
    let first = votes.first().ok_or(VoteError::None)?.signal.terms().instrument;
    if let Some(other) = votes.iter().map(|vote| vote.signal.terms().instrument).find(|other| *other != first) {
        return Err(VoteError::Mixed(first, other));
    }
    if let Some(vote) = votes.iter().find(|vote| !vote.weight.is_positive()) {
        return Err(VoteError::Weight(vote.weight));
    }
    match method {
        Method::Consensus(share) if !(Rate::ZERO..=Rate::ONE).contains(&share) => Err(VoteError::Share(share)),
        _ => Ok(()),
    }
}

fn said(vote: &Vote<'_>, action: Action) -> bool {
    vote.signal.terms().action == action
}

/// Exact: a strength and a weight are 64-bit integers, so 128 bits hold the sum of any slice that fits a memory.
fn sum(votes: &[Vote<'_>], of: impl Fn(&Vote<'_>) -> i128) -> i128 {
    votes.iter().map(of).sum()
}

/// Weight x strength behind an action.
fn voice(votes: &[Vote<'_>], action: Action) -> i128 {
    let strength = |vote: &Vote<'_>| i128::from(vote.signal.terms().strength.rate().nanos());
    sum(votes, |vote| if said(vote, action) { i128::from(vote.weight.nanos()) * strength(vote) } else { 0 })
}

/// The action with the largest voice; `None` where two share it or all are silent.
fn most_voted(votes: &[Vote<'_>]) -> Option<Action> {
    let mut voices =
        [Action::Buy, Action::Sell, Action::Hold, Action::Close].map(|action| (voice(votes, action), action));
    voices.sort_by_key(|(voice, _)| std::cmp::Reverse(*voice));
    (voices[0].0 > voices[1].0).then_some(voices[0].1)
}

/// The first by priority of the votes that `wanted` lets through; the first vote where it lets none through.
fn best<'a>(votes: &[Vote<'a>], wanted: impl Fn(&Vote<'_>) -> bool) -> Vote<'a> {
    let better = |a: Vote<'a>, b: Vote<'a>| if priority(b.signal, a.signal) == Ordering::Less { b } else { a };
    votes.iter().copied().filter(wanted).reduce(better).unwrap_or(votes[0])
}

fn common(votes: &[Vote<'_>], leader: &Signal, total: i128) -> Signal {
    let action = leader.terms().action;
    let nanos = voice(votes, action) / total;
    let rate = i64::try_from(nanos).map_or(Rate::ONE, Rate::from_nanos);
    let agreeing = votes.iter().filter(|vote| said(vote, action)).map(|vote| vote.signal.terms().confidence);
    let confidence = agreeing.min().unwrap_or(Confidence::Low);
    leader.held(Strength::try_from(rate).unwrap_or(Strength::FULL), confidence)
}

/// No opinion, at the price and time of the latest vote.
fn hold(votes: &[Vote<'_>]) -> Signal {
    let latest = votes.iter().map(|vote| vote.signal.terms()).max_by_key(|terms| terms.time);
    let terms = latest.unwrap_or(votes[0].signal.terms());
    Signal::hold(terms.instrument, terms.time, terms.price)
}

/// `part / whole` towards zero; both are sums of weights, the whole above zero.
fn share_of(part: i128, whole: i128) -> Rate {
    i64::try_from(part * i128::from(Rate::ONE.nanos()) / whole).map_or(Rate::ONE, Rate::from_nanos)
}
