//! Bars of an exchange into the catalog: only what was not asked for before at that address, page by page, so that a download
//! that breaks off goes on where it was.
use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::time::Duration;

use qframe_data::catalog::{Catalog, CatalogError, Conflict, Remark};
use qframe_data::{DataKey, Defect, Finding, Rows};
use qframe_model::market::Bar;
use qframe_model::symbol::Symbol;
use qframe_model::time::{Time, TimeFrame};
use tokio::time::Instant;

use crate::rest::{Page, Rest, RestError};

/// Bars that are held before they are stored.
const BATCH: usize = 20_000;
/// A process that is killed loses no more than what came in this time.
const COMMIT: Duration = Duration::from_secs(2);
/// Gaps that are kept one by one in the remarks of a data set.
const GAPS_MAX: usize = 1_000;
/// What the remarks say of a gap, behind its count.
const ABSENT: &str = "bars are not at the exchange, asked twice";

/// What to download.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Of what, without a venue.
    pub symbol: Symbol,
    /// How long each bar is.
    pub frame: TimeFrame,
    /// Bars that open in it; none that is not over is stored.
    pub range: Range<Time>,
    /// Ask again for what was asked for before and is not stored.
    pub again: bool,
}

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Up to which time of the range.
    pub until: Time,
    /// Bars that came so far.
    pub bars: u64,
}

/// What a download brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Downloaded {
    /// Bars that came.
    pub bars: u64,
    /// Of them, bars that were not stored before.
    pub added: u64,
    /// Bars stored before with other values: the stored ones stay.
    pub differing: u64,
    /// Requests for pages of bars.
    pub requests: u64,
    /// Rows that are no bars.
    pub refused: Vec<String>,
    /// Rows that came unasked, outside the range of their page.
    pub outside: u64,
    /// Rows that came twice in a page, the same each time.
    pub repeated: u64,
    /// Where the exchange has no bars, though it was asked twice: the first missing and how many.
    pub gaps: Vec<(Time, u64)>,
}

/// Why a download broke off. The pages that came before are stored.
#[derive(Debug)]
pub enum DownloadError {
    /// Whoever wanted it does not any more.
    Stopped,
    /// The exchange.
    Rest(RestError),
    /// The catalog.
    Catalog(CatalogError),
}

impl fmt::Display for DownloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("interrupted"),
            Self::Rest(error) => error.fmt(f),
            Self::Catalog(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DownloadError {}

impl From<RestError> for DownloadError {
    fn from(error: RestError) -> Self {
        Self::Rest(error)
    }
}

impl From<CatalogError> for DownloadError {
    fn from(error: CatalogError) -> Self {
        Self::Catalog(error)
    }
}

/// Downloads what is wanted and was not asked for yet at this address, until it is there or `stop` comes. `shown` is told
/// after every page.
///
/// # Errors
/// [`DownloadError`]: it was stopped, the exchange refuses or is not reached, or the catalog cannot be written.
pub async fn download(
    rest: &Rest,
    catalog: &Catalog,
    wanted: &Wanted,
    stop: impl Future<Output = ()>,
    mut shown: impl FnMut(Progress),
) -> Result<Downloaded, DownloadError> {
    let key = DataKey::bars(wanted.symbol.clone(), rest.venue(), wanted.frame);
    let address = rest.address(&wanted.symbol, wanted.frame)?;
    let asked = catalog.asked(&key, address)?;
    let absent = if wanted.again { absent(catalog, &key, wanted, rest.page())? } else { Vec::new() };
    let asked = absent.iter().fold(asked, |asked, absent| without(&asked, absent));
    let start = wanted.range.start;
    let mut download = Download {
        rest,
        catalog,
        wanted,
        address,
        key,
        held: Vec::new(),
        gaps: Vec::new(),
        whole: start..start,
        stored: Instant::now(),
        done: Downloaded::default(),
    };
    let ran = tokio::select! {
        ran = download.ranges(not_asked(&asked, &wanted.range), &mut shown) => ran,
        () = stop => Err(DownloadError::Stopped),
    };
    // Whatever broke it off: what came is not asked for again.
    let stored = download.store();
    ran.and(stored).map(|()| download.done)
}

/// Where no bars are stored, in few pieces: those that fit into a page of the exchange are one.
fn absent(catalog: &Catalog, key: &DataKey, wanted: &Wanted, page: usize) -> Result<Vec<Range<Time>>, CatalogError> {
    let mut absent: Vec<Range<Time>> = Vec::new();
    let mut next = wanted.range.start;
    let mut gap = |from: Time, to: Time| match absent.last_mut() {
        _ if from >= to => {}
        Some(last) if to <= later(last.start, wanted.frame, page as u64) => last.end = to,
        _ => absent.push(from..to),
    };
    for rows in catalog.scan(key, wanted.range.clone())? {
        let Rows::Bars(bars) = rows? else { continue };
        for bar in bars {
            gap(next, bar.time);
            next = later(bar.time, wanted.frame, 1);
        }
    }
    gap(next, wanted.range.end);
    Ok(absent)
}

/// What of some ranges is outside another.
fn without(ranges: &[Range<Time>], taken: &Range<Time>) -> Vec<Range<Time>> {
    ranges.iter().flat_map(|range| not_asked(std::slice::from_ref(taken), range)).collect()
}

/// The parts of a range that are outside all of `asked`, which is in order.
fn not_asked(asked: &[Range<Time>], range: &Range<Time>) -> Vec<Range<Time>> {
    let mut parts = Vec::new();
    let mut from = range.start;
    for asked in asked {
        parts.push(from..asked.start.min(range.end));
        from = from.max(asked.end);
    }
    parts.push(from..range.end);
    parts.retain(|part| !part.is_empty());
    parts
}

struct Download<'a> {
    rest: &'a Rest,
    catalog: &'a Catalog,
    wanted: &'a Wanted,
    address: &'a str,
    key: DataKey,
    /// Not stored yet.
    held: Vec<Bar>,
    /// Of the range that is not stored yet.
    gaps: Vec<(Time, u64)>,
    /// What is not stored yet, as far as it came whole.
    whole: Range<Time>,
    /// When something was stored last.
    stored: Instant,
    done: Downloaded,
}

impl Download<'_> {
    async fn ranges(
        &mut self,
        ranges: Vec<Range<Time>>,
        shown: &mut impl FnMut(Progress),
    ) -> Result<(), DownloadError> {
        for range in ranges {
            self.whole = range.start..range.start;
            while self.whole.end < range.end {
                self.next(range.end).await?;
                if self.held.len() >= BATCH || self.whole.end >= range.end || self.stored.elapsed() >= COMMIT {
                    self.store()?;
                }
                shown(Progress { until: self.whole.end, bars: self.done.bars });
            }
        }
        Ok(())
    }

    /// The next page. Between two waits it is whole, or not there: whoever stops a download stops it while it waits.
    async fn next(&mut self, end: Time) -> Result<(), DownloadError> {
        let from = self.whole.end;
        let to = later(from, self.wanted.frame, self.rest.page() as u64).min(end);
        let mut bars = self.page(from..to).await?;
        let to = match bars.is_empty() {
            true => self.next_day_with_bars(from, to, end).await?,
            false => to,
        };
        if let Some(missing) = self.missing(&bars, from..to).filter(|_| !bars.is_empty()) {
            // Asked once more: an exchange that is busy leaves out rows.
            bars.extend(self.page(missing).await?);
            bars.sort_by_key(|bar| bar.time);
            bars.dedup_by_key(|bar| bar.time);
        }
        self.note_gaps(&bars, from..to);
        self.done.bars += bars.len() as u64;
        self.held.extend(bars);
        self.whole.end = to;
        Ok(())
    }

    async fn page(&mut self, range: Range<Time>) -> Result<Vec<Bar>, DownloadError> {
        self.done.requests += 1;
        let Page { bars, refused, outside, repeated } =
            self.rest.bars(&self.wanted.symbol, self.wanted.frame, range).await?;
        self.done.refused.extend(refused);
        self.done.outside += outside;
        self.done.repeated += repeated;
        Ok(bars)
    }

    /// Behind an empty page may lie years without a bar: days are looked through first.
    async fn next_day_with_bars(&mut self, from: Time, to: Time, end: Time) -> Result<Time, DownloadError> {
        if self.wanted.frame >= TimeFrame::DAY {
            return Ok(to);
        }
        let mut day = TimeFrame::DAY.open_of(from);
        while day < end {
            let next = later(day, TimeFrame::DAY, self.rest.page() as u64);
            self.done.requests += 1;
            let days = self.rest.bars(&self.wanted.symbol, TimeFrame::DAY, day..next).await?;
            if let Some(first) = days.bars.first() {
                // A day that lies in the page had none of these bars, whatever it says of itself.
                return Ok(first.time.clamp(to, end));
            }
            day = next;
        }
        Ok(end)
    }

    /// From the first to behind the last of the bars that are not there.
    fn missing(&self, bars: &[Bar], range: Range<Time>) -> Option<Range<Time>> {
        let gaps = self.gaps(bars, range);
        let (first, _) = gaps.first()?;
        let (last, count) = gaps.last()?;
        Some(*first..later(*last, self.wanted.frame, *count))
    }

    fn note_gaps(&mut self, bars: &[Bar], range: Range<Time>) {
        let gaps = self.gaps(bars, range);
        join(&mut self.gaps, gaps, self.wanted.frame);
    }

    /// The stretches of a range that have no bar: the first missing and how many.
    fn gaps(&self, bars: &[Bar], range: Range<Time>) -> Vec<(Time, u64)> {
        let span = self.wanted.frame.span().nanos();
        let grid = self.wanted.frame.open_of(range.start);
        let mut next = if grid < range.start { grid + self.wanted.frame.span() } else { grid };
        let mut gaps = Vec::new();
        for end in bars.iter().map(|bar| bar.time).chain([range.end]) {
            let count = (end.nanos() - next.nanos() + span - 1).div_euclid(span);
            if count > 0 {
                gaps.push((next, count as u64));
            }
            next = end + self.wanted.frame.span();
        }
        gaps
    }

    fn store(&mut self) -> Result<(), DownloadError> {
        let rest = self.whole.end..self.whole.end;
        let asked = std::mem::replace(&mut self.whole, rest);
        self.stored = Instant::now();
        if asked.is_empty() {
            return Ok(());
        }
        let rows = Rows::Bars(std::mem::take(&mut self.held));
        if !rows.is_empty() {
            let merged = self.catalog.merge(&self.key, std::iter::once(rows), Conflict::Keep)?;
            self.done.added += merged.added;
            self.done.differing += merged.differing;
        }
        // What was said before of this range, here or of another address, is not so any more.
        let is_over = |remark: &Remark| {
            matches!(remark, Remark::Finding(Finding { defect: Defect::Missing, time: Some(time), text, .. })
            if asked.contains(time) && text.ends_with(ABSENT))
        };
        self.catalog.drop_remarks(&self.key, is_over)?;
        // Before the range counts as asked for: a process that is killed here asks again.
        self.keep_gaps(asked.start)?;
        Ok(self.catalog.add_asked(&self.key, self.address, asked)?)
    }

    /// Each stored range begins elsewhere, so that no download takes away what an earlier one said.
    fn keep_gaps(&mut self, start: Time) -> Result<(), DownloadError> {
        let gaps = std::mem::take(&mut self.gaps);
        if gaps.is_empty() {
            return Ok(());
        }
        let source = format!("{} from {start}", self.address);
        let finding = |(time, count): &(Time, u64)| {
            Remark::Finding(Finding::at(Defect::Missing, *time, format!("{count} {ABSENT}")))
        };
        let more = gaps.len().saturating_sub(GAPS_MAX);
        let more = (more > 0).then(|| Remark::Note(format!("{more} more gaps at the exchange, not listed")));
        self.catalog.keep_remarks(&self.key, &source, gaps.iter().take(GAPS_MAX).map(finding).chain(more))?;
        join(&mut self.done.gaps, gaps, self.wanted.frame);
        Ok(())
    }
}

/// Puts gaps behind others; those that meet become one.
fn join(gaps: &mut Vec<(Time, u64)>, more: Vec<(Time, u64)>, frame: TimeFrame) {
    for (time, count) in more {
        match gaps.last_mut() {
            Some((first, before)) if later(*first, frame, *before) == time => *before += count,
            _ => gaps.push((time, count)),
        }
    }
}

/// So many bars later, or the end of time.
fn later(time: Time, frame: TimeFrame, bars: u64) -> Time {
    let nanos = frame.span().nanos().saturating_mul(i64::try_from(bars).unwrap_or(i64::MAX));
    Time::from_nanos(time.nanos().saturating_add(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_not_asked_is() {
        let range = |start, end| Time::from_nanos(start)..Time::from_nanos(end);
        let check = |asked: &[(i64, i64)], expected: &[(i64, i64)]| {
            let asked: Vec<_> = asked.iter().map(|&(start, end)| range(start, end)).collect();
            let expected: Vec<_> = expected.iter().map(|&(start, end)| range(start, end)).collect();
            assert_eq!(not_asked(&asked, &range(10, 20)), expected, "{asked:?}");
        };
        check(&[], &[(10, 20)]);
        check(&[(0, 5), (30, 40)], &[(10, 20)]);
        check(&[(0, 12), (14, 15), (19, 40)], &[(12, 14), (15, 19)]);
        check(&[(10, 20)], &[]);
        check(&[(0, 40)], &[]);
    }
}
