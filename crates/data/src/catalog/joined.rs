//! The rows of one security out of the sets of all its tickers.
use std::ops::Range;

use qframe_model::market::{Bar, CorporateAction, DatedAction};
use qframe_model::time::{Time, TimeFrame};

use super::{Catalog, CatalogError, SetFacts};
use crate::rows::{DataKey, Kind, Rows};
use crate::securities::{Securities, Security};

/// Bars of a security in one piece, and where they are from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Joined {
    /// Oldest first: the bars of the parts, one behind the other.
    pub bars: Vec<Bar>,
    /// The parts, oldest first.
    pub parts: Vec<Part>,
    /// Stretches of its listings of which there is no bar: the ticker, and when.
    pub absent: Vec<(String, Range<Time>)>,
    /// Bars under a ticker of it that are left out, since what it was called at their time has some.
    pub passed: Vec<(String, u64)>,
}

/// The bars of one ticker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The data set that they are from.
    pub set: SetFacts,
    /// The times for which they stand.
    pub range: Range<Time>,
    /// How many there are.
    pub bars: usize,
}

impl Catalog {
    /// The data sets of a security's tickers, of a kind.
    ///
    /// # Errors
    /// [`CatalogError::System`] where a folder cannot be read.
    pub fn sets_of(&self, security: &Security, venue: &str, kind: Kind) -> Result<Vec<DataKey>, CatalogError> {
        let tickers = security.tickers();
        let is_its = |key: &DataKey| key.kind == kind && key.venue == venue && tickers.contains(&key.symbol.as_str());
        Ok(self.keys()?.into_iter().filter(is_its).collect())
    }

    /// The bars of a security in a range of time: under each ticker those of its time.
    ///
    /// # Errors
    /// As [`Catalog::bars`].
    pub fn bars_of(
        &self,
        (securities, security): (&Securities, &Security),
        (venue, kind, frame): (&str, Kind, TimeFrame),
        range: &Range<Time>,
    ) -> Result<Joined, CatalogError> {
        let (mut joined, sets) = (Joined::default(), self.sets_of(security, venue, kind)?);
        let set = |ticker: &str| {
            let is_its = |key: &&DataKey| key.symbol.as_str() == ticker && key.frame == Some(frame);
            sets.iter().find(is_its)
        };
        for stretch in securities.stretches(security) {
            let part = stretch.range.start.max(range.start)..stretch.range.end.min(range.end);
            if part.is_empty() {
                continue;
            }
            let is_listed = security.listings().iter().any(|listing| listing.from == stretch.range.start);
            let before = joined.bars.len();
            for ticker in &stretch.tickers {
                let Some(key) = set(ticker) else { continue };
                if joined.bars.len() > before {
                    let passed = self.bars(key, part.clone())?.len();
                    if passed > 0 {
                        joined.passed.push(((*ticker).to_owned(), passed as u64));
                    }
                    continue;
                }
                self.read_bars(key, part.clone(), &mut joined.bars)?;
                if let (true, Some(set)) = (joined.bars.len() > before, self.facts(key)?) {
                    joined.parts.push(Part { set, range: part.clone(), bars: joined.bars.len() - before });
                }
            }
            if let (true, true, Some(ticker)) = (is_listed, joined.bars.len() == before, stretch.tickers.first()) {
                joined.absent.push(((*ticker).to_owned(), part));
            }
        }
        Ok(joined)
    }

    /// The dividends and splits of a security, oldest first; those of an instant are as the first of its filings tells them.
    ///
    /// # Errors
    /// As [`Catalog::scan`].
    pub fn actions_of(
        &self,
        (securities, security): (&Securities, &Security),
        venue: &str,
    ) -> Result<Vec<DatedAction>, CatalogError> {
        let mut actions: Vec<DatedAction> = Vec::new();
        for (ticker, range) in securities.filings(security) {
            let Ok(symbol) = ticker.parse() else { continue };
            let key = DataKey { kind: Kind::Actions, venue: venue.to_owned(), symbol, frame: None };
            let told = actions.len();
            for rows in self.scan(&key, range)? {
                let Rows::Actions(mut rows) = rows? else { continue };
                rows.retain(|row| !actions[..told].iter().any(|known| is_same(known, row)));
                actions.append(&mut rows);
            }
        }
        actions.sort_by_key(|row| (row.time, matches!(row.action, CorporateAction::Split(_))));
        Ok(actions)
    }
}

/// Of one instant and one kind: two filings that tell of it tell of the same.
fn is_same(a: &DatedAction, b: &DatedAction) -> bool {
    a.time == b.time && std::mem::discriminant(&a.action) == std::mem::discriminant(&b.action)
}
