//! What the flags and the `[limits]` of a configuration mean: limits of orders, symbols, strategies and the account, and
//! circuit breakers.
use qframe_engine::{Breaker, Limits, PortfolioLimits, SymbolLimits};
use qframe_lab::{Blind, RunError, Setup};
use qframe_model::number::Rate;
use qframe_model::parameter::nearest;
use qframe_model::symbol::Symbol;
use serde::Deserialize;

use super::breakers::{Asked, Said, asked, command_word};
use super::raw::Raw;
use super::values::{Given, NONE};
use super::venue::{LEAST, LEVERAGE_MAX};
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
pub(super) const ROWS_MAX: u32 = 100_000;

/// A word of the `[limits]` of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LimitWord {
    /// Its keys below `limits`: `[max-order]`, or `[symbol, BTC/USD, max-order]`.
    keys: Vec<String>,
    /// Which of a list it is, from 1.
    place: Option<usize>,
    word: String,
}

impl LimitWord {
    /// Its place in the file, as its line is kept under.
    fn path(&self) -> String {
        let place = self.place.map(|place| format!("[{place}]")).unwrap_or_default();
        format!("limits.{}{place}", self.keys.join("."))
    }
}

/// The table `[limits]`, with `[limits.symbol.NAME]` and `[limits.strategy.NAME]` in it. What stands there is judged later,
/// where its line is known.
pub(crate) fn section<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<LimitWord>, D::Error> {
    let toml::Value::Table(all) = toml::Value::deserialize(deserializer)? else {
        return Err(serde::de::Error::custom("expected a table: a line [limits], then lines such as max-leverage = 2"));
    };
    let mut words = Vec::new();
    for (key, value) in all {
        take(&mut words, vec![key], value);
    }
    Ok(words)
}

/// Takes a value, or what stands in a table of a kind or of a name.
fn take(words: &mut Vec<LimitWord>, keys: Vec<String>, value: toml::Value) {
    let is_of_names = keys.len() < 3 && ["symbol", "strategy"].contains(&keys[0].as_str());
    match value {
        toml::Value::Table(table) if is_of_names => {
            for (key, value) in table {
                take(words, keys.iter().cloned().chain([key]).collect(), value);
            }
        }
        toml::Value::Array(list) if keys == [BREAKER] && !list.is_empty() => {
            let word = |(place, value)| LimitWord { keys: keys.clone(), place: Some(place + 1), word: text(value) };
            words.extend(list.into_iter().enumerate().map(word));
        }
        value => words.push(LimitWord { keys, place: None, word: text(value) }),
    }
}

fn text(value: toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}

/// The limits of a run of this strategy: those of the file, and the flags over them. Breakers are [`control`]'s.
pub(super) fn limits(raw: &Raw, strategy: &str) -> Result<Limits, Error> {
    let (mut limits, mut own) = (Limits::default(), PortfolioLimits::default());
    for word in &raw.limits {
        let path = word.path();
        let given = Given { flag: &path, word: &word.word };
        match word.keys.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [BREAKER] => check_once(raw, BREAKER, given)?,
            [kind @ ("symbol" | "strategy")] | [kind, _] => {
                let why = "and in it lines such as max-order-quantity = 5 or max-leverage = 2";
                return Err(given.wrong(format!("expected a table [limits.{kind}.NAME], {why}")));
            }
            [key] => {
                let known =
                    set_symbol(&mut limits.symbol, key, given)? || set_portfolio(&mut limits.portfolio, key, given)?;
                check_known(known, key, given, [&OF_SYMBOL[..], &OF_PORTFOLIO, &[BREAKER, "symbol", "strategy"]])?;
                check_once(raw, key, given)?;
            }
            ["symbol", name, key] => {
                let wrong = |error| Error::usage(&format!("limits.symbol.{name}"), "", error);
                let symbol: Symbol = name.parse().map_err(wrong)?;
                let known = set_symbol(of_symbol(&mut limits, symbol), key, given)?;
                check_known(known, key, given, [&OF_SYMBOL[..], &[], &[]])?;
            }
            [_, name, key] => {
                check_name(&["limits", "strategy", name].join("."), name, &[strategy])?;
                let known = set_portfolio(&mut own, key, given)?;
                check_known(known, key, given, [&OF_PORTFOLIO[..], &[], &[]])?;
            }
            _ => {}
        }
    }
    for (flag, word) in raw.limit_flags() {
        if let Some(word) = word {
            let (key, given) = (flag.trim_start_matches('-'), Given { flag, word: word.0.trim() });
            let _known =
                set_symbol(&mut limits.symbol, key, given)? || set_portfolio(&mut limits.portfolio, key, given)?;
            // A flag wins over the file, over what that says of one symbol too; what the file says of all does not.
            for (_, own) in limits.symbols.iter_mut().filter(|_| line_above(raw, key).is_none()) {
                let _known = set_symbol(own, key, given)?;
            }
        }
    }
    limits.portfolio = limits.portfolio.and(&own);
    // Those of which a flag took back everything.
    limits.symbols.retain(|(_, own)| *own != SymbolLimits::default());
    Ok(limits)
}

/// What tables of symbols take off of what holds for all, with `none`. A flag wins over them.
fn taken_off<'a>(raw: &'a Raw, limits: &Limits) -> Vec<(Symbol, &'a str)> {
    let is_flag =
        |key: &str| raw.limit_flags().iter().any(|(flag, word)| word.is_some() && flag.trim_start_matches('-') == key);
    let holds = |key: &str| without(limits.symbol, key) != limits.symbol;
    let tables = raw.limits.iter().filter(|word| word.word == NONE).filter_map(|word| match &word.keys[..] {
        [kind, name, key] if kind == "symbol" => Some((name.parse().ok()?, key.as_str())),
        _ => None,
    });
    let is_off = |(_, key): &(Symbol, &str)| holds(key) && (line_above(raw, key).is_some() || !is_flag(key));
    tables.filter(is_off).collect()
}

/// All but the limit of this name.
fn without(mut limits: SymbolLimits, key: &str) -> SymbolLimits {
    let _read = set_symbol(&mut limits, key, Given { flag: key, word: NONE });
    limits
}

/// Where a symbol's table takes off what holds for all, each symbol of the run gets all of its limits as its own.
pub(super) fn apart(raw: &Raw, limits: Limits, symbols: &[Symbol]) -> Limits {
    let off = taken_off(raw, &limits);
    if off.is_empty() {
        return limits;
    }
    let own = |symbol: &Symbol| {
        let keys = off.iter().filter(|(of, _)| of == symbol);
        (symbol.clone(), keys.fold(limits.of(symbol), |own, (_, key)| without(own, key)))
    };
    Limits { symbols: symbols.iter().map(own).collect(), symbol: SymbolLimits::default(), ..limits }
}

/// The circuit breakers of a run, and what a person says to them.
pub(super) fn control(raw: &Raw) -> Result<(Vec<Breaker>, Said), Error> {
    let (mut breakers, mut said) = (Vec::new(), Said::new());
    for (flag, word) in breaker_words(raw) {
        match asked(Given { flag: &flag, word })? {
            Asked::Breaker(breaker) => breakers.push(breaker),
            Asked::Commands(more) => said.extend(more),
        }
    }
    said.sort_by_key(|(time, _)| *time);
    Ok((breakers, said))
}

/// What the run says of a breaker or a command, with the word that asked for it.
pub(super) fn refused(raw: &Raw, error: &RunError) -> Error {
    let (part, why) = match *error {
        RunError::Blind(Blind { breaker, lack, .. }) => {
            (Asked::Breaker(breaker), format!("it would never trip: {lack}"))
        }
        RunError::Unheard { time, command, last } => {
            (Asked::Commands(vec![(time, command)]), format!("nobody would hear it: the data is over at {last:#}"))
        }
        _ => return Error::refused(error),
    };
    let asks = |(flag, word): &(String, &str)| asked(Given { flag, word }).is_ok_and(|asked| asked.has(&part));
    let found = breaker_words(raw).into_iter().find(asks);
    found.map_or_else(|| Error::refused(error), |(flag, word)| Error::usage(&flag, word, why))
}

/// The words that ask for breakers, each with the place to blame.
fn breaker_words(raw: &Raw) -> Vec<(String, &str)> {
    let of_file = raw.limits.iter().filter(|word| word.keys == [BREAKER]).map(|word| (word.path(), word.word.as_str()));
    let of_flags = raw.breaker.iter().map(|word| ("--breaker".to_owned(), word.0.as_str()));
    let words: Vec<_> = if raw.breaker.is_empty() { of_file.collect() } else { of_flags.collect() };
    words.into_iter().flat_map(|(place, all)| split(all).into_iter().map(move |word| (place.clone(), word))).collect()
}

/// Several in one word, as reports print them. Each begins with a letter; what stands behind the space of an instant does not.
fn split(all: &str) -> Vec<&str> {
    let begins = |place: &usize| all[*place..].trim_start().starts_with(|c: char| c.is_ascii_alphabetic());
    let cuts = all.match_indices(char::is_whitespace).map(|(place, _)| place).filter(begins);
    let places: Vec<usize> = std::iter::once(0).chain(cuts).chain([all.len()]).collect();
    let words = places.windows(2).map(|cut| all[cut[0]..cut[1]].trim());
    words.filter(|word| !word.is_empty() && *word != NONE).collect()
}

/// Refuses a table of a symbol that the run does not have: what it says would hold nothing.
pub(super) fn check_symbols(raw: &Raw, symbols: &[&Symbol]) -> Result<(), Error> {
    let names: Vec<&str> = symbols.iter().map(|symbol| symbol.as_str()).collect();
    raw.limits.iter().try_for_each(|word| match &word.keys[..] {
        [kind, name, _] if kind == "symbol" => check_name(&format!("limits.symbol.{name}"), name, &names),
        _ => Ok(()),
    })
}

fn check_name(table: &str, name: &str, of_run: &[&str]) -> Result<(), Error> {
    if of_run.contains(&name) {
        return Ok(());
    }
    let hint = nearest(name, of_run.iter().copied()).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
    let why = format!(
        "it is not in this run, which has {}{hint}; limits of what does not run would hold nothing",
        of_run.join(", ")
    );
    Err(Error::usage(table, "", why))
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
        "max-order" => limits.order_value = given.or_none(Given::amount)?,
        "max-order-quantity" => limits.order_quantity = given.or_none(Given::quantity)?,
        "collar" => limits.collar = given.or_none(|given| given.share(LEAST, Rate::ONE))?,
        "max-position" => limits.position_value = given.or_none(Given::amount)?,
        "max-position-quantity" => limits.position_quantity = given.or_none(Given::quantity)?,
        "max-concentration" => limits.concentration = given.or_none(|given| given.share(LEAST, LEVERAGE_MAX))?,
        "max-open-orders-of-symbol" => limits.open_orders = given.or_none(count)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn set_portfolio(limits: &mut PortfolioLimits, key: &str, given: Given<'_>) -> Result<bool, Error> {
    match key {
        "max-gross" => limits.gross = given.or_none(Given::amount)?,
        "max-net" => limits.net = given.or_none(Given::amount)?,
        "max-leverage" => limits.leverage = given.or_none(|given| given.times(LEAST, LEVERAGE_MAX))?,
        "max-open-orders" => limits.open_orders = given.or_none(count)?,
        "max-orders-per-second" => limits.orders_per_second = given.or_none(count)?,
        "max-orders-per-minute" => limits.orders_per_minute = given.or_none(count)?,
        "daily-loss" => limits.daily_loss = given.or_none(|given| given.share(LEAST, Rate::ONE))?,
        "max-drawdown" => limits.drawdown = given.or_none(|given| given.share(LEAST, Rate::ONE))?,
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

/// Refuses a limit that the file has above its tables as well: one of the two would hold in silence.
fn check_once(raw: &Raw, key: &str, given: Given<'_>) -> Result<(), Error> {
    let twice = |line| given.wrong(format!("{key} stands in line {line} too; keep one of the two"));
    line_above(raw, key).map_or(Ok(()), |line| Err(twice(line)))
}

/// Where the file says this of all outside of `[limits]`, and no flag does.
fn line_above(raw: &Raw, key: &str) -> Option<usize> {
    raw.from_file.keys.iter().find_map(|(name, line)| (name == key).then_some(*line))
}

fn count(given: Given<'_>) -> Result<u32, Error> {
    let count = given.word.replace('_', "").parse().ok().filter(|count| (1..=ROWS_MAX).contains(count));
    count.ok_or_else(|| given.wrong(format!("expected a whole number from 1 to {ROWS_MAX}")))
}

/// The breakers, and what a person says to them, each as it could be written.
pub(super) fn words_of_breakers(setup: &Setup) -> Option<(&'static str, String)> {
    let breakers = setup.limits.breakers.iter().map(ToString::to_string);
    let all: Vec<String> = breakers.chain(setup.commands.iter().map(command_word)).collect();
    (!all.is_empty()).then(|| (BREAKER, all.join(" ")))
}

/// The limits that are set by the names of their flags, each as it could be written.
pub(super) fn words(limits: &Limits) -> Vec<(&'static str, String)> {
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
    ];
    newer.into_iter().filter_map(|(name, word)| Some((name, word?))).collect()
}

/// The symbols with limits of their own, in words; nothing where there are none.
pub(super) fn words_of_symbols(raw: &Raw, limits: &Limits) -> Option<(&'static str, String)> {
    let (off, mut named) = (taken_off(raw, limits), limits.clone());
    off.iter().for_each(|(symbol, _)| {
        of_symbol(&mut named, symbol.clone());
    });
    let own = named.symbols.iter().map(|(symbol, own)| {
        let of = Limits { symbol: *own, ..Limits::default() };
        let older = [
            ("max-order", own.order_value.map(|most| most.to_string())),
            ("collar", own.collar.map(super::values::percent)),
            ("max-position", own.position_value.map(|most| most.to_string())),
        ];
        let older = older.into_iter().filter_map(|(name, word)| Some((name, word?)));
        let off = off.iter().filter(|(of, _)| of == symbol).map(|(_, key)| format!("{key} {NONE}"));
        let all: Vec<String> =
            older.chain(words(&of)).map(|(name, word)| format!("{name} {word}")).chain(off).collect();
        format!("{symbol}: {}", all.join(", "))
    });
    let own: Vec<String> = own.collect();
    (!own.is_empty()).then(|| ("limits-of-symbols", own.join("; ")))
}
