//! What the words of `--breaker` mean: `TRIGGER[:THRESHOLD][:STATE[:COOL-DOWN]]`, or what a person does, `manual:TIME:STATE`.
use qframe_engine::{Breaker, Command, Trigger, Usually};
use qframe_model::breaker::TradingState;
use qframe_model::number::Rate;
use qframe_model::parameter::nearest;
use qframe_model::time::{Span, Time};

use super::limits::ROWS_MAX;
use super::values::{self, Given, SHARE_FROM};
use super::venue::UNITS;
use crate::error::Error;

const THEN: [(&str, TradingState); 3] =
    [("reduce-only", TradingState::ReduceOnly), ("halt", TradingState::Halted), ("flatten", TradingState::Flattening)];
/// Each trigger with what it means where nothing more is said.
const TRIGGERS: [(&str, &str); 12] = [
    ("drawdown", "15%"),
    ("loss", "5%/15m"),
    ("volatility", "3x/20/500"),
    ("spread", "5x/20/500"),
    ("volume", "0.1x/20/500"),
    ("correlation", "0.9/60"),
    ("slippage", "0.5%/20"),
    ("rejects", "50%/20"),
    ("stale", "5m"),
    ("gap", "3"),
    ("jump", "20%"),
    ("at", ""),
];

/// What a word of `--breaker` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    Breaker(Breaker),
    Commands(Said),
}

/// What a person says, and when.
pub(super) type Said = Vec<(Time, Command)>;

impl Asked {
    /// True where it asks for all that `part` does.
    pub(super) fn has(&self, part: &Self) -> bool {
        match (self, part) {
            (Self::Breaker(one), Self::Breaker(other)) => one == other,
            (Self::Commands(all), Self::Commands(some)) => some.iter().all(|said| all.contains(said)),
            _ => false,
        }
    }
}

pub(super) fn asked(given: Given<'_>) -> Result<Asked, Error> {
    match given.word.split_once(':').unwrap_or((given.word, "")) {
        (MANUAL, rest) => manual(given, rest).map(Asked::Commands),
        _ => breaker(given).map(Asked::Breaker),
    }
}

const MANUAL: &str = "manual";
const REARM: &str = "rearm";

/// `TIME[:reduce-only|halt|flatten[:TIME]]` or `TIME:rearm`.
fn manual(given: Given<'_>, rest: &str) -> Result<Said, Error> {
    let time = |text: &str| -> Result<Time, Error> {
        text.parse().map_err(|error| {
            given.wrong(format!(
                "{error}; expected manual:2019-01-01:halt (or reduce-only, flatten), then perhaps when all is armed again: \
                 manual:2019-01-01:halt:2019-02-01; or that alone: manual:2019-02-01:rearm"
            ))
        })
    };
    // An instant may hold colons, so the state is looked for by its name.
    let parts: Vec<&str> = rest.split(':').collect();
    let is_state = |part: &&str| *part == REARM || THEN.iter().any(|(name, _)| name == part);
    let Some(place) = parts.iter().position(is_state) else {
        return Ok(vec![(time(rest)?, Command::Trip(TradingState::Halted))]);
    };
    let (from, until) = (time(&parts[..place].join(":"))?, parts[place + 1..].join(":"));
    let stop = THEN.iter().find(|(name, _)| *name == parts[place]).map(|(_, state)| Command::Trip(*state));
    match (stop, until.as_str()) {
        (Some(stop), "") => Ok(vec![(from, stop)]),
        (Some(stop), until) => match time(until)? {
            until if until > from => Ok(vec![(from, stop), (until, Command::Rearm)]),
            until => Err(given.wrong(format!("armed again at {until:#}, before it is stopped at {from:#}"))),
        },
        (None, "") => Ok(vec![(from, Command::Rearm)]),
        (None, more) => Err(given.wrong(format!("{more:?} behind rearm: leave it out"))),
    }
}

/// As it can be written.
pub(super) fn command_word((time, command): &(Time, Command)) -> String {
    let word = match command {
        Command::Trip(state) => THEN.iter().find(|(_, then)| then == state).map_or(REARM, |(name, _)| name),
        Command::Rearm => REARM,
    };
    format!("{MANUAL}:{time}:{word}")
}

/// `TRIGGER[:THRESHOLD][:reduce-only|halt|flatten[:COOL-DOWN]]`.
fn breaker(given: Given<'_>) -> Result<Breaker, Error> {
    let mut parts: Vec<&str> = given.word.split(':').collect();
    let then = |part: &str| THEN.iter().find(|(name, _)| *name == part).map(|(_, then)| *then);
    let mut cool_down = None;
    if let [.., before, last] = parts[..]
        && then(before).is_some()
    {
        cool_down =
            Some(span(last).ok_or_else(|| given.wrong(format!("{last}: expected a time to cool down, such as 1h")))?);
        parts.pop();
    }
    let state = parts.last().and_then(|part| then(part)).filter(|_| parts.len() > 1);
    if state.is_some() {
        parts.pop();
    }
    let name = Given { word: parts[0], ..given };
    let names: Vec<(&'static str, (&str, &str))> =
        TRIGGERS.iter().map(|(name, means)| (*name, (*name, *means))).collect();
    let (name, means) = name.one_of(&names).map_err(|_| trigger_unknown(given, parts[0]))?;
    let threshold = if parts.len() > 1 { parts[1..].join(":") } else { means.to_owned() };
    let form = if name == "at" { "an instant, such as at:2020-03-12T00:00:00Z" } else { means };
    let trigger = trigger(name, &threshold).ok_or_else(|| {
        given.wrong(format!(
            "{threshold:?} is no threshold of {name}: expected {form}, then perhaps \
             :reduce-only, :halt or :flatten, then perhaps a time to cool down, such as :1h"
        ))
    })?;
    Ok(Breaker { trigger, then: state.unwrap_or(TradingState::Halted), cool_down })
}

fn trigger_unknown(given: Given<'_>, name: &str) -> Error {
    let names: Vec<&str> = TRIGGERS.iter().map(|(name, _)| *name).chain([MANUAL]).collect();
    let hint = nearest(name, names.iter().copied()).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
    given.wrong(format!("there is no breaker {name:?}{hint} (there are {})", names.join(", ")))
}

fn trigger(name: &str, threshold: &str) -> Option<Trigger> {
    let parts: Vec<&str> = threshold.split('/').collect();
    let above_zero = |text: &str| values::share(text, SHARE_FROM).ok().filter(|rate| rate.is_positive());
    let share = |text: &str| above_zero(text).filter(|rate| *rate <= Rate::ONE);
    let rows = |text: &str| text.parse().ok().filter(|rows| (1..=ROWS_MAX).contains(rows));
    let usually = || match *parts.as_slice() {
        [times, last, before] => {
            let times = Rate::parse(times.strip_suffix('x')?).ok().filter(|times| times.is_positive())?;
            Some(Usually { times, last: rows(last)?, before: rows(before)? })
        }
        _ => None,
    };
    match (name, parts.as_slice()) {
        ("drawdown", [text]) => Some(Trigger::Drawdown(share(text)?)),
        ("loss", [text, within]) => Some(Trigger::Loss { share: share(text)?, within: span(within)? }),
        ("volatility", _) => Some(Trigger::Volatility(usually()?)),
        ("spread", _) => Some(Trigger::Spread(usually()?)),
        ("volume", _) => Some(Trigger::Volume(usually()?)),
        ("correlation", [least, bars]) => {
            let least = Rate::parse(least).ok().filter(|least| -Rate::ONE <= *least && *least <= Rate::ONE)?;
            Some(Trigger::Correlation { least, bars: rows(bars).filter(|bars| *bars > 1)? })
        }
        ("slippage", [text, fills]) => Some(Trigger::Slippage { share: share(text)?, fills: rows(fills)? }),
        ("rejects", [text, orders]) => Some(Trigger::Rejects { share: share(text)?, orders: rows(orders)? }),
        ("stale", [text]) => Some(Trigger::Stale(span(text)?)),
        ("gap", [text]) => Some(Trigger::Gap(rows(text)?)),
        ("jump", [text]) => Some(Trigger::Jump(above_zero(text)?)),
        ("at", _) => Some(Trigger::At(threshold.parse::<Time>().ok()?)),
        _ => None,
    }
}

/// A time above zero: `200ms`, `30s`, `15m`, `1h`, `2d`.
fn span(text: &str) -> Option<Span> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = text.split_at(digits);
    let nanos = UNITS.iter().find_map(|(name, nanos)| (*name == unit).then_some(*nanos))?;
    let span = Span::from_nanos(count.parse::<i64>().ok()?.checked_mul(nanos)?);
    (span > Span::ZERO && span.nanos() <= 3_660 * Span::DAY.nanos()).then_some(span)
}

#[cfg(test)]
mod tests {
    use super::{Asked, asked, command_word};
    use crate::run::values::Given;

    fn read(word: &str) -> Asked {
        asked(Given { flag: "--breaker", word }).unwrap()
    }

    #[test]
    fn what_is_printed_can_be_read() {
        for word in [
            "drawdown:15%:flatten:90d",
            "loss:5%/15m:halt",
            "volatility:3x/20/500:reduce-only:1d",
            "spread:2.5x/20/500:halt",
            "volume:0.1x/5/50:halt:30s",
            "correlation:-0.5/60:halt",
            "slippage:0.5%/20:halt",
            "rejects:50%/20:halt",
            "stale:5m:halt:1h",
            "gap:3:flatten",
            "jump:120%:halt",
            "at:2020-03-12T09:30:00Z:flatten:200ms",
            "manual:2020-03-12T09:30:00Z:flatten",
            "manual:2020-03-12T09:30:00Z:rearm",
        ] {
            let again = match read(word) {
                Asked::Breaker(breaker) => breaker.to_string(),
                Asked::Commands(said) => said.iter().map(command_word).collect(),
            };
            assert_eq!(again, word);
        }
        assert_eq!(read("manual:2020-03-12"), read("manual:2020-03-12T00:00:00Z:halt"));
    }
}
