//! What the flags and the `[limits]` of a configuration mean: limits of orders, symbols, strategies and the account, and
//! circuit breakers.
use qframe_engine::{Breaker, Limits, PortfolioLimits, SymbolLimits, Trigger, Usually};
use qframe_model::breaker::TradingState;
use qframe_model::number::Rate;
use qframe_model::parameter::nearest;
use qframe_model::symbol::Symbol;
use qframe_model::time::{Span, Time};
use serde::Deserialize;

use super::raw::{Raw, Word};
use super::values::Given;
use super::venue::{LEAST, LEVERAGE_MAX, UNITS};
use crate::error::Error;

/// The keys of a symbol's limits, and those of the account's: the names of their flags.
const OF_SYMBOL: [&str; 7] = [
    "max-order",
    "max-order-quantity",
    "collar",
    "max-position",
    "max-position-quantity",
    "max-concentration",
    "max-open-orders-of-symbol",
];
const OF_PORTFOLIO: [&str; 8] = [
    "max-gross",
    "max-net",
    "max-leverage",
    "max-open-orders",
    "max-orders-per-second",
    "max-orders-per-minute",
    "daily-loss",
    "max-drawdown",
];
const BREAKER: &str = "breaker";
/// A window has no more rows.
const ROWS_MAX: u32 = 100_000;

/// A word of the `[limits]` of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LimitWord {
    of: Of,
    key: String,
    pub(crate) word: Word,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Of {
    All,
    Symbol(String),
    Strategy(String),
}

impl LimitWord {
    /// Its key in the file.
    fn path(&self) -> String {
        match &self.of {
            Of::All => format!("limits.{}", self.key),
            Of::Symbol(name) => format!("limits.symbol.{name}.{}", self.key),
            Of::Strategy(name) => format!("limits.strategy.{name}.{}", self.key),
        }
    }
}

/// The table `[limits]`, with `[limits.symbol.NAME]` and `[limits.strategy.NAME]` in it.
pub(crate) fn section<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<LimitWord>, D::Error> {
    let custom = |text: String| serde::de::Error::custom(text);
    let tables = |value: toml::Value, what: &str| match value {
        toml::Value::Table(table) => Ok(table),
        _ => Err(custom(format!("{what}: expected a table, such as [limits.{what}.NAME]"))),
    };
    let toml::Value::Table(all) = toml::Value::deserialize(deserializer)? else {
        return Err(custom("expected a table: a line [limits], then lines such as max-leverage = 2".to_owned()));
    };
    let mut words = Vec::new();
    for (key, value) in all {
        match key.as_str() {
            "symbol" | "strategy" => {
                for (name, own) in tables(value, &key)? {
                    let of = if key == "symbol" { Of::Symbol(name) } else { Of::Strategy(name) };
                    for (key, value) in tables(own, &key)? {
                        take(&mut words, &of, &key, value).map_err(custom)?;
                    }
                }
            }
            _ => take(&mut words, &Of::All, &key, value).map_err(custom)?,
        }
    }
    Ok(words)
}

fn take(words: &mut Vec<LimitWord>, of: &Of, key: &str, value: toml::Value) -> Result<(), String> {
    let values = match value {
        toml::Value::Array(list) if key == BREAKER => list,
        other => vec![other],
    };
    for value in values {
        let word = value.try_into().map_err(|error: toml::de::Error| format!("{key}: {}", error.message()))?;
        words.push(LimitWord { of: of.clone(), key: key.to_owned(), word });
    }
    Ok(())
}

/// The limits of a run of this strategy: those of the file, and the flags over them.
pub(super) fn limits(raw: &Raw, strategy: &str) -> Result<Limits, Error> {
    let (mut limits, mut own) = (Limits::default(), PortfolioLimits::default());
    for word in &raw.limits {
        let path = word.path();
        let given = Given { flag: &path, word: word.word.0.trim() };
        match &word.of {
            Of::All if word.key == BREAKER => limits.breakers.push(breaker(given)?),
            Of::All => {
                let known = set_symbol(&mut limits.symbol, &word.key, given)?
                    || set_portfolio(&mut limits.portfolio, &word.key, given)?;
                check_known(
                    known,
                    &word.key,
                    given,
                    [&OF_SYMBOL[..], &OF_PORTFOLIO, &[BREAKER, "symbol", "strategy"]],
                )?;
            }
            Of::Symbol(name) => {
                let symbol: Symbol = name.parse().map_err(|error| given.wrong(format!("{name}: {error}")))?;
                let known = set_symbol(of_symbol(&mut limits, symbol), &word.key, given)?;
                check_known(known, &word.key, given, [&OF_SYMBOL[..], &[], &[]])?;
            }
            Of::Strategy(name) => {
                let mut unused = PortfolioLimits::default();
                let limits = if name == strategy { &mut own } else { &mut unused };
                let known = set_portfolio(limits, &word.key, given)?;
                check_known(known, &word.key, given, [&OF_PORTFOLIO[..], &[], &[]])?;
            }
        }
    }
    for (flag, word) in raw.limit_flags() {
        if let Some(word) = word {
            let (key, given) = (flag.trim_start_matches('-'), Given { flag, word: word.0.trim() });
            let _known =
                set_symbol(&mut limits.symbol, key, given)? || set_portfolio(&mut limits.portfolio, key, given)?;
            // A flag wins over the file, over what that says of one symbol too.
            for (_, own) in &mut limits.symbols {
                let _known = set_symbol(own, key, given)?;
            }
        }
    }
    if !raw.breaker.is_empty() {
        let given = |word: &Word| breaker(Given { flag: "--breaker", word: word.0.trim() });
        limits.breakers = raw.breaker.iter().map(given).collect::<Result<_, _>>()?;
    }
    limits.portfolio = limits.portfolio.and(&own);
    Ok(limits)
}

fn of_symbol(limits: &mut Limits, symbol: Symbol) -> &mut SymbolLimits {
    let place = limits.symbols.iter().position(|(other, _)| *other == symbol).unwrap_or_else(|| {
        limits.symbols.push((symbol, SymbolLimits::default()));
        limits.symbols.len() - 1
    });
    &mut limits.symbols[place].1
}

/// Sets the limit of this name; false where there is none.
fn set_symbol(limits: &mut SymbolLimits, key: &str, given: Given<'_>) -> Result<bool, Error> {
    match key {
        "max-order" => limits.order_value = Some(given.amount()?),
        "max-order-quantity" => limits.order_quantity = Some(given.quantity()?),
        "collar" => limits.collar = Some(given.share(LEAST, Rate::ONE)?),
        "max-position" => limits.position_value = Some(given.amount()?),
        "max-position-quantity" => limits.position_quantity = Some(given.quantity()?),
        "max-concentration" => limits.concentration = Some(given.share(LEAST, LEVERAGE_MAX)?),
        "max-open-orders-of-symbol" => limits.open_orders = Some(count(given)?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn set_portfolio(limits: &mut PortfolioLimits, key: &str, given: Given<'_>) -> Result<bool, Error> {
    match key {
        "max-gross" => limits.gross = Some(given.amount()?),
        "max-net" => limits.net = Some(given.amount()?),
        "max-leverage" => limits.leverage = Some(given.times(LEAST, LEVERAGE_MAX)?),
        "max-open-orders" => limits.open_orders = Some(count(given)?),
        "max-orders-per-second" => limits.orders_per_second = Some(count(given)?),
        "max-orders-per-minute" => limits.orders_per_minute = Some(count(given)?),
        "daily-loss" => limits.daily_loss = Some(given.share(LEAST, Rate::ONE)?),
        "max-drawdown" => limits.drawdown = Some(given.share(LEAST, Rate::ONE)?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn check_known(known: bool, key: &str, given: Given<'_>, names: [&[&'static str]; 3]) -> Result<(), Error> {
    let names = || names.into_iter().flatten().copied();
    if known {
        return Ok(());
    }
    let hint = nearest(key, names()).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
    Err(given.wrong(format!("there is no such limit{hint} (there are {})", names().collect::<Vec<_>>().join(", "))))
}

fn count(given: Given<'_>) -> Result<u32, Error> {
    let count = given.word.replace('_', "").parse().ok().filter(|count| (1..=ROWS_MAX).contains(count));
    count.ok_or_else(|| given.wrong(format!("expected a whole number from 1 to {ROWS_MAX}")))
}

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
    let names = TRIGGERS.map(|(name, _)| name);
    let hint = nearest(name, names.into_iter()).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
    given.wrong(format!("there is no breaker {name:?}{hint} (there are {})", names.join(", ")))
}

fn trigger(name: &str, threshold: &str) -> Option<Trigger> {
    let parts: Vec<&str> = threshold.split('/').collect();
    let share = |text: &str| Rate::parse(text).ok().filter(|rate| rate.is_positive() && *rate <= Rate::ONE);
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
        ("jump", [text]) => Some(Trigger::Jump(Rate::parse(text).ok().filter(|rate| rate.is_positive())?)),
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

/// The limits that are set by the names of their flags, each as it could be written.
pub(super) fn words(limits: &Limits) -> Vec<(&'static str, String)> {
    let breakers: Vec<String> = limits.breakers.iter().map(ToString::to_string).collect();
    let Limits { symbol, portfolio, .. } = limits;
    let newer = [
        ("max-order-quantity", symbol.order_quantity.map(|most| most.to_string())),
        ("max-position-quantity", symbol.position_quantity.map(|most| most.to_string())),
        ("max-concentration", symbol.concentration.map(super::values::percent)),
        ("max-open-orders-of-symbol", symbol.open_orders.map(|most| most.to_string())),
        ("max-gross", portfolio.gross.map(|most| most.to_string())),
        ("max-net", portfolio.net.map(|most| most.to_string())),
        ("max-open-orders", portfolio.open_orders.map(|most| most.to_string())),
        ("max-orders-per-second", portfolio.orders_per_second.map(|most| most.to_string())),
        ("max-orders-per-minute", portfolio.orders_per_minute.map(|most| most.to_string())),
        (BREAKER, (!breakers.is_empty()).then(|| breakers.join(" "))),
    ];
    newer.into_iter().filter_map(|(name, word)| Some((name, word?))).collect()
}

/// The symbols with limits of their own, in words; nothing where there are none.
pub(super) fn words_of_symbols(limits: &Limits) -> Option<(&'static str, String)> {
    let own = limits.symbols.iter().map(|(symbol, own)| {
        let of = Limits { symbol: *own, ..Limits::default() };
        let older = [
            ("max-order", own.order_value.map(|most| most.to_string())),
            ("collar", own.collar.map(super::values::percent)),
            ("max-position", own.position_value.map(|most| most.to_string())),
        ];
        let older = older.into_iter().filter_map(|(name, word)| Some((name, word?)));
        let all: Vec<String> = older.chain(words(&of)).map(|(name, word)| format!("{name} {word}")).collect();
        format!("{symbol}: {}", all.join(", "))
    });
    let own: Vec<String> = own.collect();
    (!own.is_empty()).then(|| ("limits-of-symbols", own.join("; ")))
}
