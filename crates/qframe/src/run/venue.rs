//! What the flags of the venue and the account mean.
use qframe_engine::venue::{
    Crossing, Fees, FillPrice, Intrabar, Latency, Queue, Settings, Slippage, Spread, Unaffordable,
};
use qframe_engine::{AtEnd, RiskBudget, Sizing};
use qframe_model::instrument::Margin;
use qframe_model::number::{Cash, Price, Rate, Rounding, mul_div};
use qframe_model::time::Span;

use super::measured::{self, Way};
use super::raw::Raw;
use super::values::{FEE_FROM, Given, NONE, given, percent, unsigned};
use crate::error::Error;

/// What a fill costs where nothing is said: a run without fees would flatter every strategy that trades often.
pub(super) const FEE: &str = "0.1%";

/// The largest multiple of the equity that can be asked for.
pub(super) const LEVERAGE_MAX: Rate = Rate::percent(100_000);
/// The smallest share above zero.
pub(super) const LEAST: Rate = Rate::from_nanos(1);
/// No order is longer on its way.
const LATENCY_MAX: Span = Span::from_seconds(366 * 86_400);
const LATENCY_MAX_BARS: u32 = 100_000;

pub(super) const FILLS: [(&str, FillPrice); 3] =
    [("next-open", FillPrice::NextOpen), ("close", FillPrice::SameClose), ("worst", FillPrice::Worst)];
pub(super) const INTRABARS: [(&str, Intrabar); 2] =
    [("stop-first", Intrabar::StopFirst), ("target-first", Intrabar::TargetFirst)];
pub(super) const UNAFFORDABLE: [(&str, Unaffordable); 2] =
    [("refuse", Unaffordable::Refuse), ("clip", Unaffordable::Clip)];
pub(super) const ENDS: [(&str, AtEnd); 3] =
    [("keep", AtEnd::Keep), ("close", AtEnd::CloseAtClose), ("open", AtEnd::CloseAtOpen)];
pub(super) const QUEUES: [(&str, Queue); 6] = [
    ("risk-averse", Queue::RiskAverse),
    ("trades-only", Queue::TradesOnly),
    ("depth:1", Queue::ByDepth(1)),
    ("depth:2", Queue::ByDepth(2)),
    ("depth:3", Queue::ByDepth(3)),
    ("depth", Queue::ByDepth(1)),
];
/// More pips than that are a slip of the hand.
const PIPS_MAX: Price = Price::from_nanos(1_000_000_000_000);
/// Units of a span, longest first, in nanoseconds.
pub(super) const UNITS: [(&str, i64); 6] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
];

pub(super) fn settings(raw: &Raw) -> Result<Settings, Error> {
    let default = Settings::default();
    Ok(Settings {
        fill: given("--fill", &raw.fill).map_or(Ok(default.fill), |fill| fill.one_of(&FILLS))?,
        fees: fees(given("--fee", &raw.fee).unwrap_or(Given { flag: "--fee", word: FEE }))?,
        crossing: Crossing {
            slippage: given("--slippage", &raw.slippage).map_or(Ok(Slippage::None), slippage)?,
            spread: given("--spread", &raw.spread).map_or(Ok(Spread::default()), spread)?,
        },
        latency: given("--latency", &raw.latency).map_or(Ok(Latency::None), |given| latency(given, seed(raw)?))?,
        answer: given("--answer-latency", &raw.answer_latency).map_or(Ok(Latency::None), |given| answer(given, raw))?,
        queue: given("--queue", &raw.queue).map_or(Ok(default.queue), |queue| queue.one_of(&QUEUES))?,
        volume_cap: given("--volume-cap", &raw.volume_cap)
            .map_or(Ok(None), |cap| cap.or_none(|cap| cap.share(LEAST, Rate::ONE)))?,
        intrabar: given("--intrabar", &raw.intrabar).map_or(Ok(default.intrabar), |order| order.one_of(&INTRABARS))?,
        allow_short: given("--allow-short", &raw.allow_short).map_or(Ok(false), Given::flag)?,
        unaffordable: given("--unaffordable", &raw.unaffordable)
            .map_or(Ok(default.unaffordable), |what| what.one_of(&UNAFFORDABLE))?,
        convert: given("--convert", &raw.convert).map_or(Ok(false), Given::flag)?,
        borrow_rate: share(given("--borrow-rate", &raw.borrow_rate), Rate::percent(1_000))?.unwrap_or(Rate::ZERO),
        ..default
    })
}

/// A share from zero to `most`, where the flag is given.
fn share(given: Option<Given<'_>>, most: Rate) -> Result<Option<Rate>, Error> {
    given.map(|given| given.share(Rate::ZERO, most)).transpose()
}

fn fees(given: Given<'_>) -> Result<Fees, Error> {
    if let Some((each, rest)) = given.word.split_once("/unit") {
        let amount = |text: &str| match text.parse::<Cash>() {
            Ok(cash) if !cash.is_negative() => Ok(cash),
            _ => Err(given.wrong("expected an amount a unit, and a minimum where there is one, such as 0.005/unit:1")),
        };
        let minimum = if rest.is_empty() { Ok(Cash::ZERO) } else { amount(rest.strip_prefix(':').unwrap_or("none")) }?;
        return Ok(Fees::PerUnit { each: amount(each)?, minimum });
    }
    let rate = |part: &str| {
        let rate = given.share_of(part, Rate::ZERO, Rate::ONE)?;
        unsigned(part, FEE_FROM).map_or(Ok(rate), |why| Err(given.wrong(why)))
    };
    match given.word.split_once(',') {
        Some((maker, taker)) => Ok(Fees::Percent { maker: rate(maker)?, taker: rate(taker)? }),
        None => rate(given.word).map(Fees::flat),
    }
}

fn spread(given: Given<'_>) -> Result<Spread, Error> {
    Ok(match pips(given)? {
        Some(pips) => Spread::Pips(pips),
        None => Spread::Share(given.share(Rate::ZERO, Rate::ONE)?),
    })
}

/// `1.2pip`.
fn pips(given: Given<'_>) -> Result<Option<Price>, Error> {
    let number = given.word.strip_suffix("pips").or_else(|| given.word.strip_suffix("pip"));
    let parse = |number: &str| match number.parse::<Price>() {
        Ok(pips) if !pips.is_negative() && pips <= PIPS_MAX => Ok(pips),
        _ => Err(given.wrong("expected pips from 0 to 1000, such as 1.2pip")),
    };
    number.map(parse).transpose()
}

fn slippage(given: Given<'_>) -> Result<Slippage, Error> {
    let factor = |text: &str| match text.parse::<f64>() {
        Ok(factor) if (0.0..=100.0).contains(&factor) => Ok(factor),
        _ => Err(given.wrong("expected a factor from 0 to 100, such as volume:0.1 or sqrt:0.02")),
    };
    let slippage = if given.word == NONE {
        Slippage::None
    } else if let Some(pips) = pips(given)? {
        Slippage::Pips(pips)
    } else if let Some(text) = given.word.strip_prefix("volume:") {
        Slippage::VolumeShare { factor: factor(text)? }
    } else if let Some(text) = given.word.strip_prefix("sqrt:") {
        Slippage::SquareRoot { factor: factor(text)? }
    } else if given.word.ends_with(['%', 'p', 's']) {
        Slippage::Share(given.share(Rate::ZERO, Rate::percent(50))?)
    } else {
        Slippage::Fixed(given.parse()?)
    };
    match slippage {
        Slippage::Fixed(price) if price.is_negative() => {
            Err(given.wrong("expected zero or more: 5bp, 0.1%, or an amount such as 0.01"))
        }
        Slippage::Fixed(price) | Slippage::Pips(price) if price.is_zero() => Ok(Slippage::None),
        Slippage::Share(share) if share.is_zero() => Ok(Slippage::None),
        Slippage::VolumeShare { factor: 0.0 } | Slippage::SquareRoot { factor: 0.0 } => Ok(Slippage::None),
        some => Ok(some),
    }
}

/// The seed of everything random.
pub(super) fn seed(raw: &Raw) -> Result<u64, Error> {
    let expected = format!("expected a whole number from 0 to {}", u64::MAX);
    given("--seed", &raw.seed).map_or(Ok(0), |given| given.word.parse().map_err(|_| given.wrong(expected)))
}

/// Orders and answers draw from different sequences.
fn answer(given: Given<'_>, raw: &Raw) -> Result<Latency, Error> {
    if let Some(measured) = measured::latency(given, Way::Answers) {
        return measured;
    }
    match latency(given, !seed(raw)?)? {
        Latency::Bars(_) => Err(given.wrong("expected a time, such as 5ms, feed, drawn:1ms,2ms,10ms or recorded:FILE")),
        latency => Ok(latency),
    }
}

fn latency(given: Given<'_>, seed: u64) -> Result<Latency, Error> {
    if given.word == "feed" {
        return Ok(Latency::Feed);
    }
    if let Some(measured) = measured::latency(given, Way::Orders) {
        return measured;
    }
    let Some(words) = given.word.strip_prefix("drawn:") else { return constant(given, given.word) };
    let span = |word: &str| match constant(given, word)? {
        Latency::Time(span) => Ok(span),
        Latency::None => Ok(Span::default()),
        _ => Err(given.wrong("expected times, such as drawn:1ms,2ms,10ms")),
    };
    let quantiles: Vec<Span> = words.split(',').map(span).collect::<Result<_, Error>>()?;
    if !quantiles.is_sorted() {
        return Err(given.wrong("expected times that rise, such as drawn:1ms,2ms,10ms"));
    }
    Ok(Latency::Drawn { quantiles: quantiles.into(), seed })
}

fn constant(given: Given<'_>, word: &str) -> Result<Latency, Error> {
    let wrong = || {
        given.wrong(
            "expected a time or a number of bars, such as 200ms, 2s, 5m, 1h or 2bars; feed, drawn:1ms,2ms,10ms or \
             recorded:FILE",
        )
    };
    if word == NONE {
        return Ok(Latency::None);
    }
    let digits = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
    let (count, unit) = word.split_at(digits);
    let nanos = UNITS.iter().find_map(|(name, nanos)| (*name == unit).then_some(*nanos));
    if count.is_empty() || nanos.is_none() && !["bar", "bars"].contains(&unit) {
        return Err(wrong());
    }
    // More digits than a count holds are more than is allowed too.
    let count: i64 = count.parse().unwrap_or(i64::MAX);
    let bars = u32::try_from(count).ok().filter(|bars| *bars <= LATENCY_MAX_BARS);
    let span = nanos.map(|nanos| Span::from_nanos(count.saturating_mul(nanos)));
    match (span, bars) {
        _ if count == 0 => Ok(Latency::None),
        (Some(span), _) if span <= LATENCY_MAX => Ok(Latency::Time(span)),
        (None, Some(bars)) => Ok(Latency::Bars(bars)),
        _ => Err(given.wrong(format!("expected at most {LATENCY_MAX_BARS} bars or 366 days"))),
    }
}

/// How many times the equity positions may be worth.
pub(super) fn leverage(raw: &Raw) -> Result<Rate, Error> {
    given("--leverage", &raw.leverage).map_or(Ok(Rate::ONE), |given| given.times(Rate::ONE, LEVERAGE_MAX))
}

/// The risk-free rate a year.
pub(super) fn risk_free(raw: &Raw) -> Result<Rate, Error> {
    given("--risk-free", &raw.risk_free).map_or(Ok(Rate::ZERO), |given| given.share(-Rate::percent(50), Rate::ONE))
}

/// The margin rates that `--leverage` and `--maintenance` mean.
pub(super) fn margin(raw: &Raw) -> Result<Margin, Error> {
    let (one, times) = (i128::from(Rate::ONE.nanos()), i128::from(leverage(raw)?.nanos()));
    let share = mul_div(one, one, times, Rounding::Down).and_then(|share| i64::try_from(share).ok());
    let initial = share.map_or(Rate::ONE, Rate::from_nanos);
    let half = Rate::from_nanos((initial.nanos() / 2).max(1));
    let default = if initial == Rate::ONE { Margin::FULL.maintenance } else { half };
    let maintenance = given("--maintenance", &raw.maintenance).map(|given| given.share(LEAST, initial)).transpose()?;
    Ok(Margin { initial, maintenance: maintenance.unwrap_or(default) })
}

pub(super) fn sizing(raw: &Raw) -> Result<Sizing, Error> {
    let Some(given) = given("--size", &raw.size) else { return Ok(Sizing::default()) };
    let share = |text: &str, most: Rate| given.share_of(text, LEAST, most);
    let parts: Vec<&str> = given.word.split(':').collect();
    match *parts.as_slice() {
        [share_of_equity] if share_of_equity.ends_with('%') => {
            Ok(Sizing::Equity(share(share_of_equity, LEVERAGE_MAX)?))
        }
        [_] => given.quantity().map(Sizing::Units),
        ["cash", amount] => Given { word: amount, ..given }.amount().map(Sizing::Cash).map_err(|_| size_form(given)),
        ["risk", part, ref rest @ ..] => Ok(Sizing::Risk(risk_budget(given, share(part, Rate::ONE)?, rest)?)),
        ["kelly", start, cap] => {
            let (start, cap) = (share(start, LEVERAGE_MAX)?, share(cap, LEVERAGE_MAX)?);
            if start > cap {
                let why = format!("it begins with {}, above its cap of {}", percent(start), percent(cap));
                return Err(given.wrong(format!("{why}; the cap comes last: kelly:10%:50%")));
            }
            Ok(Sizing::Kelly { start, cap })
        }
        ["volatility", target, window, ref cap @ ..] if cap.len() <= 1 => {
            let window = window.parse().ok().filter(|window| (2..=100_000).contains(window));
            Ok(Sizing::Volatility {
                target: share(target, LEVERAGE_MAX)?.to_f64(),
                window: window.ok_or_else(|| size_form(given))?,
                cap: cap.first().map_or(Ok(Rate::ONE), |cap| share(cap, LEVERAGE_MAX))?,
            })
        }
        _ => Err(size_form(given)),
    }
}

/// `risk:1%`, then perhaps `:atr:2:14`, then perhaps `:heat:6%`.
fn risk_budget(given: Given<'_>, share: Rate, rest: &[&str]) -> Result<RiskBudget, Error> {
    let heat = |text: &str| given.share_of(text, LEAST, Rate::ONE);
    let budget = RiskBudget::of(share);
    match *rest {
        [] => Ok(budget),
        ["heat", most] => Ok(RiskBudget { heat: Some(heat(most)?), ..budget }),
        ["atr", times, window, ref rest @ ..] => {
            let times = Rate::parse(times).ok().filter(|times| times.is_positive());
            let window = window.parse().ok().filter(|window| (1..=100_000).contains(window));
            let range = times.zip(window).ok_or_else(|| size_form(given))?;
            let heat = match *rest {
                [] => None,
                ["heat", most] => Some(heat(most)?),
                _ => return Err(size_form(given)),
            };
            Ok(RiskBudget { range: Some(range), heat, ..budget })
        }
        _ => Err(size_form(given)),
    }
}

fn size_form(given: Given<'_>) -> Error {
    given.wrong("expected 100%, units such as 2.5, cash:5000, risk:1%, risk:1%:atr:2:14:heat:6%, volatility:20%:30 or kelly:10%:50%")
}

pub(super) fn at_end(raw: &Raw) -> Result<AtEnd, Error> {
    given("--at-end", &raw.at_end).map_or(Ok(AtEnd::Keep), |given| given.one_of(&ENDS))
}
