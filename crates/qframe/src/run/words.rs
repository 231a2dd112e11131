//! The settings of a run in words, for reports and the journal. Equal settings have equal words, however they were
//! written: `--fee 10bp`, `--fee 0.10%` and no `--fee` are all `0.1%`.
use qframe_engine::venue::{Fees, Latency, Slippage, Spread};
use qframe_lab::{RateSeries, Setup};
use qframe_model::currency::Currency;
use qframe_model::number::{Cash, Rate};
use qframe_model::time::{Span, Time};

use super::calendars::Calendars;
use super::data::{self, Source, Wish};
use super::interest::Interest;
use super::limits;
use super::measured;
use super::raw::Raw;
use super::rolls::Rolls;
use super::values::{ALL, NONE, name_of, percent};
use super::venue;
use crate::error::Error;

type Words = Vec<(String, String)>;

/// Every setting by the name of its flag.
pub(super) fn words(
    raw: &Raw,
    setup: &Setup,
    wish: &Wish,
    (sources, calendars, interest, rolls): (&[Source], &Calendars, &Interest, &Rolls),
) -> Result<Words, Error> {
    let account = account(raw, setup, sources)?;
    let rest = [
        ("dividends", calendars.words("dividends")),
        ("splits", calendars.words("splits")),
        ("funding", calendars.words("funding")),
        ("interest", interest.words()),
        ("interest-markup", interest.markup()),
        ("from", bound(wish.from)),
        ("to", bound(wish.until)),
        ("timeframe", of_all(sources, |source| source.set.frame().to_string())),
        ("on-bad-row", name_of(&data::ON_BAD_ROW, &wish.on_bad_row).to_owned()),
        ("offsets", name_of(&data::OFFSETS, &wish.offsets).to_owned()),
        ("close-column", wish.close_column.clone().unwrap_or_else(none)),
        ("roll-costs", rolls.words()),
        ("benchmark", "buy-and-hold".to_owned()),
        ("risk-free", percent(venue::risk_free(raw)?)),
    ];
    // A run on what has no id says nothing of ids: its words are those of before.
    let ids: Vec<String> = sources.iter().filter_map(|source| source.set.origin().security.clone()).collect();
    let ids = Some(("security", ids.join(", "))).filter(|(_, ids)| !ids.is_empty());
    let rest = rest.into_iter().chain(ids);
    // No more does one in which everything is valued by what it trades.
    let rest = rest.chain(rates(setup).map(|rates| ("rates", rates)));
    // Where nobody said otherwise a contract is as its exchange made it.
    let multiplier = wish.multiplier.map(|multiplier| ("multiplier", multiplier.to_string()));
    let rest = rest.chain(multiplier);
    // So do runs without the limits that came later.
    let rest = rest.chain(limits::words(&setup.limits)).chain(limits::words_of_breakers(setup));
    let rest = rest.chain(limits::words_of_symbols(raw, &setup.limits));
    let all = account.into_iter().chain(trading(setup)).chain(first_limits(setup)).chain(rest);
    Ok(all.map(|(name, word)| (name.to_owned(), word)).collect())
}

fn account(raw: &Raw, setup: &Setup, sources: &[Source]) -> Result<[(&'static str, String); 12], Error> {
    let currency: Currency = setup.currency;
    Ok([
        ("cash", setup.cash.to_string()),
        ("currency", currency.to_string()),
        ("size", setup.sizing.to_string()),
        ("seed", setup.seed.to_string()),
        ("lot", of_all(sources, |source| source.set.instrument().rules().lot.to_string())),
        ("tick", of_all(sources, |source| source.set.instrument().rules().tick.to_string())),
        ("allow-short", setup.venue.allow_short.to_string()),
        ("leverage", venue::leverage(raw)?.to_string()),
        ("maintenance", percent(venue::margin(raw)?.maintenance)),
        ("borrow-rate", percent(setup.venue.borrow_rate)),
        ("unaffordable", name_of(&venue::UNAFFORDABLE, &setup.venue.unaffordable).to_owned()),
        ("convert", setup.venue.convert.to_string()),
    ])
}

fn trading(setup: &Setup) -> [(&'static str, String); 10] {
    [
        ("fee", fee(&setup.venue.fees)),
        ("slippage", slippage(setup.venue.crossing.slippage)),
        ("spread", spread(setup.venue.crossing.spread)),
        ("fill", name_of(&venue::FILLS, &setup.venue.fill).to_owned()),
        ("intrabar", name_of(&venue::INTRABARS, &setup.venue.intrabar).to_owned()),
        ("latency", latency(&setup.venue.latency)),
        ("answer-latency", latency(&setup.venue.answer)),
        ("queue", name_of(&venue::QUEUES, &setup.venue.queue).to_owned()),
        ("volume-cap", setup.venue.volume_cap.map_or_else(none, percent)),
        ("at-end", name_of(&venue::ENDS, &setup.at_end).to_owned()),
    ]
}

fn first_limits(setup: &Setup) -> [(&'static str, String); 6] {
    let (symbol, portfolio) = (&setup.limits.symbol, &setup.limits.portfolio);
    let amount = |amount: Option<Cash>| amount.map_or_else(none, |amount| amount.to_string());
    let share = |share: Option<Rate>| share.map_or_else(none, percent);
    [
        ("max-order", amount(symbol.order_value)),
        ("max-position", amount(symbol.position_value)),
        ("max-leverage", portfolio.leverage.map_or_else(none, |times| times.to_string())),
        ("collar", share(symbol.collar)),
        ("daily-loss", share(portfolio.daily_loss)),
        ("max-drawdown", share(portfolio.drawdown)),
    ]
}

/// What values the currencies that nothing in the run prices; nothing where there is none.
fn rates(setup: &Setup) -> Option<String> {
    let sources = setup.rates.iter().flat_map(RateSeries::sources);
    let words: Vec<&str> = sources.map(|(words, _)| words.as_str()).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

fn none() -> String {
    NONE.to_owned()
}

/// What is the same for all series once, else one for each.
fn of_all(sources: &[Source], word: impl Fn(&Source) -> String) -> String {
    let words: Vec<String> = sources.iter().map(word).collect();
    match words.as_slice() {
        [first, rest @ ..] if rest.iter().all(|other| other == first) => first.clone(),
        all => all.join(", "),
    }
}

fn fee(fees: &Fees) -> String {
    match fees {
        Fees::Percent { maker, taker } if maker == taker => percent(*taker),
        Fees::Percent { maker, taker } => format!("{},{}", percent(*maker), percent(*taker)),
        Fees::PerUnit { each, minimum } if minimum.is_zero() => format!("{each}/unit"),
        Fees::PerUnit { each, minimum } => format!("{each}/unit:{minimum}"),
        Fees::Tiered(_) | Fees::Custom(_) => "of one's own".to_owned(),
    }
}

fn slippage(slippage: Slippage) -> String {
    match slippage {
        Slippage::None => none(),
        Slippage::Fixed(price) => price.to_string(),
        Slippage::Pips(pips) => format!("{pips}pip"),
        Slippage::Share(share) => percent(share),
        Slippage::VolumeShare { factor } => format!("volume:{factor}"),
        Slippage::SquareRoot { factor } => format!("sqrt:{factor}"),
    }
}

fn spread(spread: Spread) -> String {
    match spread {
        Spread::Share(share) => percent(share),
        Spread::Pips(pips) => format!("{pips}pip"),
    }
}

fn latency(latency: &Latency) -> String {
    match latency {
        Latency::None => none(),
        Latency::Time(span) => span_word(*span),
        Latency::Bars(1) => "1bar".to_owned(),
        Latency::Bars(bars) => format!("{bars}bars"),
        Latency::Feed => "feed".to_owned(),
        Latency::Recorded(rows) => measured::words(rows),
        Latency::Drawn { quantiles, .. } => {
            format!("drawn:{}", quantiles.iter().map(|span| span_word(*span)).collect::<Vec<_>>().join(","))
        }
    }
}

/// In the longest unit that it is a multiple of.
fn span_word(span: Span) -> String {
    let whole = venue::UNITS.iter().find(|(_, nanos)| span.nanos() % nanos == 0);
    whole.map_or_else(|| format!("{}ns", span.nanos()), |(unit, nanos)| format!("{}{unit}", span.nanos() / nanos))
}

fn bound(time: Time) -> String {
    if time == Time::MIN || time == Time::MAX { ALL.to_owned() } else { time.to_string() }
}
