//! Bars of a security for a run, whatever it was called: the sets of all its tickers in one piece.
use qframe_data::{Catalog, Facts, Kind, Loaded};
use qframe_model::count::counted;
use qframe_model::symbol::Symbol;

use super::catalog::none;
use super::data::{Series, Wish};
use super::security::Held;
use super::stored::range;
use super::values::Given;
use crate::error::Error;

/// The bars of a security that has, or had, several tickers, or whose ticker others had.
pub(super) fn load(catalog: &Catalog, held: Held, name: &str, given: &Given<'_>, wish: &Wish) -> Result<Series, Error> {
    let keys = held.keys(catalog, Kind::Bars)?;
    if keys.is_empty() {
        return Err(none(catalog, given.flag, name)?);
    }
    let frame = held.frame(&keys, given.flag, name, wish.frame)?;
    let range = range(wish, frame);
    let joined = held.bars(catalog, (Kind::Bars, frame), &range)?;
    let mut known = held.notes(&joined);
    let (Some(first), Some(last), [begun, .., ended] | [begun @ ended]) =
        (joined.bars.first(), joined.bars.last(), joined.parts.as_slice())
    else {
        let why = format!("no bars of {} between --from and --to; {}", held.security, known.split_off(1).join("; "));
        return Err(Error::Refused(format!("--data {name}: {why}")));
    };
    // Rows outside the range are there, and say that the market was open then: only their prices were not read.
    let lived_before = held.security.listings()[0].from < range.start && begun.set.first < range.start;
    let begins = if lived_before { range.start } else { first.time };
    let ends = last.time + frame.span();
    let ends = if range.end <= ended.set.last && held.security.listing_at(range.end).is_some() {
        ends.max(range.end)
    } else {
        ends
    };
    let why = joined.parts.iter().map(|part| {
        let (key, hash, read) = (&part.set.key, part.set.hash.to_hex(), part.bars);
        format!("{key} of the catalog, content {hash}: {read} of {} read", counted(part.set.rows, "bar"))
    });
    let why = why.collect();
    let key = ended.set.key.clone();
    let mut loaded = Loaded { bars: joined.bars, time_frame: frame, why, facts: Facts::default() };
    loaded.facts.rows = loaded.bars.len() as u64;
    loaded.facts.gaps = loaded.gaps_within(begins, ends);
    let symbol = held.symbol()?;
    let with_venue = format!("{symbol}@{}", held.venue);
    let with_venue = Some(with_venue).filter(|full| name.contains('@') && full.parse::<Symbol>().is_ok());
    Ok(Series {
        market: begins..ends,
        rules: catalog.instrument(&symbol, &held.venue)?,
        known,
        key: Some(key),
        ..Series::new(
            loaded,
            format!("catalog, {}, security {}", held.venue, held.security.id()),
            with_venue.unwrap_or_else(|| symbol.to_string()),
        )
    }
    .of(held))
}
