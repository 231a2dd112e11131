//! What the flags of the venue, the account and the risk limits mean.
use qframe_engine::venue::{Crossing, Fees, FillPrice, Intrabar, Latency, Settings, Slippage, Unaffordable};
use qframe_engine::{AtEnd, Limits, Sizing};
use qframe_model::instrument::Margin;
use qframe_model::number::{Cash, Rate};
use qframe_model::time::Span;

use super::raw::Raw;
use super::values::{Given, given};
use crate::error::Error;

/// What a fill costs where nothing is said: a run without fees would flatter every strategy that trades often.
pub(super) const FEE: &str = "0.1%";

/// The largest multiple of the equity that can be asked for.
const LEVERAGE_MAX: Rate = Rate::percent(100_000);

pub(super) fn settings(raw: &Raw) -> Result<Settings, Error> {
    let default = Settings::default();
    Ok(Settings {
        fill: given("--fill", &raw.fill).map_or(Ok(default.fill), |fill| {
            fill.one_of(&[
                ("next-open", FillPrice::NextOpen),
                ("close", FillPrice::SameClose),
                ("worst", FillPrice::Worst),
            ])
        })?,
        fees: fees(given("--fee", &raw.fee).unwrap_or(Given { flag: "--fee", word: FEE }))?,
        crossing: Crossing {
            slippage: given("--slippage", &raw.slippage).map_or(Ok(Slippage::None), slippage)?,
            spread: share(given("--spread", &raw.spread), Rate::ONE)?.unwrap_or(Rate::ZERO),
        },
        latency: given("--latency", &raw.latency).map_or(Ok(Latency::None), latency)?,
        volume_cap: share(given("--volume-cap", &raw.volume_cap), Rate::ONE)?,
        intrabar: given("--intrabar", &raw.intrabar).map_or(Ok(default.intrabar), |order| {
            order.one_of(&[("stop-first", Intrabar::StopFirst), ("target-first", Intrabar::TargetFirst)])
        })?,
        allow_short: given("--allow-short", &raw.allow_short).map_or(Ok(false), Given::flag)?,
        unaffordable: given("--unaffordable", &raw.unaffordable).map_or(Ok(default.unaffordable), |what| {
            what.one_of(&[("refuse", Unaffordable::Refuse), ("clip", Unaffordable::Clip)])
        })?,
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
        // `--fee 1` is a hundred percent, and hardly ever meant.
        let bare = part.trim().ends_with(|c: char| c.is_ascii_digit());
        if bare && rate >= Rate::percent(10) {
            Err(given.wrong(format!("write {part}% or {part}bp")))
        } else {
            Ok(rate)
        }
    };
    match given.word.split_once(',') {
        Some((maker, taker)) => Ok(Fees::Percent { maker: rate(maker)?, taker: rate(taker)? }),
        None => rate(given.word).map(Fees::flat),
    }
}

fn slippage(given: Given<'_>) -> Result<Slippage, Error> {
    let factor = |text: &str| match text.parse::<f64>() {
        Ok(factor) if (0.0..=100.0).contains(&factor) => Ok(factor),
        _ => Err(given.wrong("expected a factor from 0 to 100, such as volume:0.1 or sqrt:0.02")),
    };
    if let Some(text) = given.word.strip_prefix("volume:") {
        return Ok(Slippage::VolumeShare { factor: factor(text)? });
    }
    if let Some(text) = given.word.strip_prefix("sqrt:") {
        return Ok(Slippage::SquareRoot { factor: factor(text)? });
    }
    if given.word.ends_with(['%', 'p', 's']) {
        return given.share(Rate::ZERO, Rate::percent(50)).map(Slippage::Share);
    }
    let price: qframe_model::number::Price = given.parse()?;
    if price.is_negative() {
        return Err(given.wrong("expected zero or more: 5bp, 0.1%, or an amount such as 0.01"));
    }
    Ok(Slippage::Fixed(price))
}

fn latency(given: Given<'_>) -> Result<Latency, Error> {
    let wrong = || given.wrong("expected a time or a number of bars, such as 200ms, 2s, 1m or 1bar");
    let digits = given.word.find(|c: char| !c.is_ascii_digit()).unwrap_or(given.word.len());
    let (count, unit) = given.word.split_at(digits);
    let count: u32 = count.parse().map_err(|_| wrong())?;
    let nanos = |unit: i64| Latency::Time(Span::from_nanos(i64::from(count).saturating_mul(unit)));
    match unit {
        "bar" | "bars" => Ok(Latency::Bars(count)),
        "ms" => Ok(nanos(1_000_000)),
        "s" => Ok(nanos(1_000_000_000)),
        "m" => Ok(nanos(60_000_000_000)),
        _ => Err(wrong()),
    }
}

/// The margin rates that `--leverage` and `--maintenance` mean.
pub(super) fn margin(raw: &Raw) -> Result<Margin, Error> {
    let initial = match given("--leverage", &raw.leverage) {
        None => Rate::ONE,
        Some(given) => {
            let times = given.share(Rate::ONE, LEVERAGE_MAX)?;
            Cash::ONE
                .scaled(Rate::ONE.nanos().into(), times.nanos().into(), qframe_model::number::Rounding::Up)
                .map_or(Rate::ONE, |share| {
                    Rate::from_nanos(i64::try_from(share.attos() / 1_000_000_000).unwrap_or(i64::MAX))
                })
        }
    };
    let half = Rate::from_nanos((initial.nanos() / 2).max(1));
    let default = if initial == Rate::ONE { Margin::FULL.maintenance } else { half };
    let least = Rate::from_nanos(1);
    let maintenance = given("--maintenance", &raw.maintenance).map(|given| given.share(least, initial)).transpose()?;
    Ok(Margin { initial, maintenance: maintenance.unwrap_or(default) })
}

pub(super) fn sizing(raw: &Raw) -> Result<Sizing, Error> {
    let Some(given) = given("--size", &raw.size) else { return Ok(Sizing::default()) };
    let least = Rate::from_nanos(1);
    let share = |text: &str, most: Rate| given.share_of(text, least, most);
    let parts: Vec<&str> = given.word.split(':').collect();
    match *parts.as_slice() {
        [share_of_equity] if share_of_equity.ends_with('%') => {
            Ok(Sizing::Equity(share(share_of_equity, LEVERAGE_MAX)?))
        }
        [_] => given.quantity().map(Sizing::Units),
        ["cash", amount] => Given { word: amount, ..given }.amount().map(Sizing::Cash).map_err(|_| size_form(given)),
        ["risk", part] => Ok(Sizing::Risk(share(part, Rate::ONE)?)),
        ["kelly", start, cap] => {
            Ok(Sizing::Kelly { start: share(start, LEVERAGE_MAX)?, cap: share(cap, LEVERAGE_MAX)? })
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

fn size_form(given: Given<'_>) -> Error {
    given.wrong("expected 100%, units such as 2.5, cash:5000, risk:1%, volatility:20%:30 or kelly:10%:50%")
}

pub(super) fn limits(raw: &Raw) -> Result<Limits, Error> {
    let amount = |flag, word| given(flag, word).map(Given::amount).transpose();
    let least = Rate::from_nanos(1);
    let within = |flag, word, most| given(flag, word).map(|given| given.share(least, most)).transpose();
    let mut limits = Limits::default();
    limits.order_value = amount("--max-order", &raw.max_order)?;
    limits.position_value = amount("--max-position", &raw.max_position)?;
    limits.leverage = within("--max-leverage", &raw.max_leverage, LEVERAGE_MAX)?;
    limits.collar = within("--collar", &raw.collar, Rate::ONE)?;
    limits.daily_loss = within("--daily-loss", &raw.daily_loss, Rate::ONE)?;
    limits.drawdown = within("--max-drawdown", &raw.max_drawdown, Rate::ONE)?;
    Ok(limits)
}

pub(super) fn at_end(raw: &Raw) -> Result<AtEnd, Error> {
    let choices = [("keep", AtEnd::Keep), ("close", AtEnd::CloseAtClose), ("open", AtEnd::CloseAtOpen)];
    given("--at-end", &raw.at_end).map_or(Ok(AtEnd::Keep), |given| given.one_of(&choices))
}
