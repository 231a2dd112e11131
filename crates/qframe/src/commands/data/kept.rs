//! What a catalog keeps of repairs: of each row that changed the first state, in the set `VENUE.orig`, and a finding for each
//! change. Both are there before the set changes, so that a repair that is killed can be taken back too.
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use qframe_data::catalog::{Catalog, Remark};
use qframe_data::quality::{Change, Mended};
use qframe_data::{DataKey, Defect, Finding, Rows};
use qframe_model::count::counted;
use qframe_model::market::Bar;
use qframe_model::time::Time;

use super::repair::{Row, row};
use crate::error::Error;

/// Puts the mended rows in the place of those there are, and says what was kept of these.
pub(super) fn store(catalog: &Catalog, key: &DataKey, bars: &[Bar], mended: &Mended) -> Result<Vec<String>, Error> {
    let (kept, earlier) = (key.kept(), findings(catalog, key)?);
    // What an earlier repair made is no original.
    let made: BTreeSet<Time> = earlier.iter().filter_map(|finding| finding.time).collect();
    let after: BTreeMap<Time, &Bar> = mended.bars.iter().map(|bar| (bar.time, bar)).collect();
    let mut originals = all(catalog, &kept)?;
    let known: BTreeSet<Time> = originals.iter().map(|bar| bar.time).chain(made).collect();
    let changed = |bar: &&Bar| after.get(&bar.time) != Some(bar) && !known.contains(&bar.time);
    originals.extend(bars.iter().filter(changed));
    originals.sort_by_key(|bar| bar.time);
    if !originals.is_empty() {
        replace(catalog, &kept, originals)?;
    }
    // A repair that was killed may have said all of it.
    let said: BTreeSet<(Option<Time>, String)> = earlier.iter().map(|said| (said.time, said.text.clone())).collect();
    let new = mended.changes.iter().map(finding).filter(|new| !said.contains(&(new.time, new.text.clone())));
    let findings = earlier.into_iter().chain(new).map(Remark::Finding);
    catalog.keep_remarks(key, Remark::REPAIR, findings).map_err(Error::refused)?;
    replace(catalog, key, mended.bars.clone())?;
    Ok(vec![format!("{key}; what changed, as it was: {kept}")])
}

/// Rows of `VENUE.orig` back into their set; what was filled in goes, and what no repair touched stays.
pub(super) fn bring_back(catalog: &Catalog, key: &DataKey, dry_run: bool) -> Result<(), Error> {
    let kept = key.kept();
    let (originals, now) = (all(catalog, &kept)?, all(catalog, key)?);
    let (mut touched, mut filled) = (BTreeSet::new(), BTreeSet::new());
    for finding in findings(catalog, key)? {
        let times = if finding.defect == Defect::Missing { &mut filled } else { &mut touched };
        times.extend(finding.time);
    }
    touched.extend(originals.iter().map(|bar| bar.time));
    // A bar that took the place of one that was filled in is no repair's.
    let is_made = |bar: &Bar| touched.contains(&bar.time) || filled.contains(&bar.time) && is_flat(bar);
    let (gone, mut rows): (Vec<Bar>, Vec<Bar>) = now.into_iter().partition(is_made);
    let (back, stay) = (originals.len(), rows.len());
    rows.extend(originals);
    rows.sort_by_key(|bar| bar.time);
    if !dry_run {
        replace(catalog, key, rows)?;
        catalog.take_away(&kept).map_err(Error::refused)?;
        catalog.keep_remarks(key, Remark::REPAIR, []).map_err(Error::refused)?;
    }
    let said = if dry_run { "would be taken back" } else { "is taken back" };
    let rows = format!(
        "{} as before, in the place of {}; {} left alone",
        counted(back, "row"),
        gone.len(),
        counted(stay, "row")
    );
    Ok(writeln!(std::io::stdout(), "{key}: the repair {said}: {rows}")?)
}

/// Whether there is anything of a repair to take back.
pub(super) fn is_there(catalog: &Catalog, key: &DataKey) -> Result<bool, Error> {
    let rows = catalog.facts(&key.kept()).map_err(Error::refused)?;
    Ok(rows.is_some() || !findings(catalog, key)?.is_empty())
}

/// As a repair fills in.
fn is_flat(bar: &Bar) -> bool {
    bar.volume.is_zero() && bar.high == bar.low
}

fn all(catalog: &Catalog, key: &DataKey) -> Result<Vec<Bar>, Error> {
    catalog.bars(key, Time::MIN..Time::MAX).map_err(Error::refused)
}

/// What earlier repairs of a set did.
fn findings(catalog: &Catalog, key: &DataKey) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for remark in catalog.remarks(key).map_err(Error::refused)? {
        if let (source, Remark::Finding(finding)) = remark.map_err(Error::refused)?
            && &*source == Remark::REPAIR
        {
            findings.push(finding);
        }
    }
    Ok(findings)
}

fn finding(change: &Change) -> Finding {
    let Row { field, before, after, why, .. } = row(change);
    let text = format!("repaired for {why}: {field} {before:?} -> {after:?}");
    Finding { defect: change.why, file: None, line: None, time: change.time, text }
}

/// Other rows for a set, all at once; what was said of its sources stays.
fn replace(catalog: &Catalog, key: &DataKey, bars: Vec<Bar>) -> Result<(), Error> {
    catalog.replace(key, std::iter::once(Rows::Bars(bars))).map(drop).map_err(Error::refused)
}
