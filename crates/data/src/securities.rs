//! What a security was called, and when. A ticker is no name of its own: FB became META, and USO, AAA and FB are used again
//! by others. A security has an id that never changes; tickers are what it is listed under for a time.
//!
//! Rows are stored by the ticker that they came under. Whose they are is told here: rows under a ticker are those of the
//! security that was listed under it at their time. Where nobody was, they are of the only one that ever had the ticker, and of nobody
//! where there were several.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use qframe_model::currency::Currency;
use qframe_model::time::Time;

/// The id of a security: its first ticker and its first day, `AAPL:1998-01-02`. No two begin with one ticker on one day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecurityId {
    ticker: String,
    day: Time,
}

impl SecurityId {
    /// The first ticker.
    #[must_use]
    pub fn ticker(&self) -> &str {
        &self.ticker
    }
}

impl fmt::Display for SecurityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.day.date();
        f.pad(&format!("{}:{year:04}-{month:02}-{day:02}", self.ticker))
    }
}

/// A text is no id of a security.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityIdError(String);

impl fmt::Display for SecurityIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no id of a security (expected its first ticker and first day, such as FB:2012-05-18)",
            self.0
        )
    }
}

impl std::error::Error for SecurityIdError {}

/// Small letters are as good as large ones.
impl FromStr for SecurityId {
    type Err = SecurityIdError;
    fn from_str(text: &str) -> Result<Self, SecurityIdError> {
        let parsed = || {
            let (ticker, day) = text.split_once(':')?;
            let ticker: Currency = ticker.to_ascii_uppercase().parse().ok()?;
            let day: Time = Some(day).filter(|day| day.len() == "2012-05-18".len())?.parse().ok()?;
            Some(Self { ticker: ticker.as_str().to_owned(), day })
        };
        parsed().ok_or_else(|| SecurityIdError(text.to_owned()))
    }
}

/// Under what a security is listed, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The ticker, in capital letters.
    pub ticker: String,
    /// The exchange, as the source writes it; empty where it does not.
    pub exchange: String,
    /// Midnight UTC of its first day.
    pub from: Time,
    /// Midnight UTC of the day after its last one; [`Time::MAX`] while it is listed.
    pub until: Time,
}

impl Listing {
    fn overlaps(&self, other: &Self) -> bool {
        self.ticker == other.ticker && self.from < other.until && other.from < self.until
    }
}

/// A security and all it was called, oldest first, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security {
    id: SecurityId,
    /// Under what name the source files its dividends and splits of all time: LEAN's `META` for what began as FB, and `FB.1` for
    /// one that is gone. `None`: by the ticker of their time, as prices are.
    filed: Option<String>,
    listings: Vec<Listing>,
}

impl Security {
    /// Of listings in order of time. `None` where there are none, where one ends before it begins or before the one
    /// before it does, or where a ticker is none.
    #[must_use]
    pub fn new(listings: Vec<Listing>, filed: Option<String>) -> Option<Self> {
        let first = listings.first()?;
        let in_order = listings.windows(2).all(|pair| pair[0].until <= pair[1].from);
        let is_one = |listing: &Listing| listing.from < listing.until && listing.ticker.parse::<Currency>().is_ok();
        if !in_order || !listings.iter().all(is_one) {
            return None;
        }
        let id = SecurityId { ticker: first.ticker.clone(), day: first.from };
        Some(Self { id, filed, listings })
    }

    /// Its name for good.
    #[must_use]
    pub const fn id(&self) -> &SecurityId {
        &self.id
    }

    /// What it is called today, or was last.
    #[must_use]
    pub fn ticker(&self) -> &str {
        self.listings.last().map_or(self.id.ticker(), |listing| &listing.ticker)
    }

    /// All it was called, oldest first.
    #[must_use]
    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }

    /// The name under which the source files its dividends and splits.
    #[must_use]
    pub fn filed(&self) -> Option<&str> {
        self.filed.as_deref()
    }

    /// What it was called at an instant.
    #[must_use]
    pub fn listing_at(&self, time: Time) -> Option<&Listing> {
        self.listings.iter().find(|listing| listing.from <= time && time < listing.until)
    }

    /// Its tickers, the last one first, each once.
    #[must_use]
    pub fn tickers(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let all = self.listings.iter().rev().map(|listing| listing.ticker.as_str());
        all.filter(|ticker| seen.insert(*ticker)).collect()
    }

    /// True where this tells all that `other` does, and perhaps what came later: the last listing of `other` may end.
    #[must_use]
    pub fn continues(&self, other: &Self) -> bool {
        let (Some(last), count) = (other.listings.last(), other.listings.len()) else { return false };
        let Some(now) = self.listings.get(count - 1) else { return false };
        let ends_as_told = now.until == last.until || last.until == Time::MAX;
        self.listings[..count - 1] == other.listings[..count - 1]
            && (&now.ticker, now.from) == (&last.ticker, last.from)
            && ends_as_told
    }
}

/// `FB:2012-05-18: FB from 2012-05-18, META from 2022-06-09`
impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.id)?;
        for (place, listing) in self.listings.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{} from {:#}", listing.ticker, listing.from)?;
        }
        match self.listings.last() {
            Some(last) if last.until != Time::MAX => write!(f, " until {:#}", last.until),
            _ => Ok(()),
        }
    }
}

/// Rows of a stretch of time that are a security's: those under the first of these tickers that has any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch<'a> {
    /// The stretch.
    pub range: Range<Time>,
    /// What it was called then comes first. Another ticker of it counts where no other security ever had that.
    pub tickers: Vec<&'a str>,
}

/// The securities of a venue, by their ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Securities {
    by_id: BTreeMap<SecurityId, Security>,
    by_ticker: BTreeMap<String, BTreeSet<SecurityId>>,
}

impl Securities {
    /// Of securities in any order; of two with one id, the last.
    #[must_use]
    pub fn new(all: Vec<Security>) -> Self {
        let mut securities = Self::default();
        all.into_iter().for_each(|security| securities.put(security));
        securities
    }

    /// All of them, by id.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &Security> {
        self.by_id.values()
    }

    /// The one of an id.
    #[must_use]
    pub fn get(&self, id: &SecurityId) -> Option<&Security> {
        self.by_id.get(id)
    }

    /// Puts one in the place of that of its id, if there is one.
    pub fn put(&mut self, security: Security) {
        self.take_away(&security.id);
        for ticker in security.tickers() {
            self.by_ticker.entry(ticker.to_owned()).or_default().insert(security.id.clone());
        }
        self.by_id.insert(security.id.clone(), security);
    }

    /// Takes one away; false where there was none.
    pub fn take_away(&mut self, id: &SecurityId) -> bool {
        let Some(gone) = self.by_id.remove(id) else { return false };
        for ticker in gone.tickers() {
            if let Some(ids) = self.by_ticker.get_mut(ticker) {
                ids.remove(id);
            }
        }
        true
    }

    /// All that were ever called so.
    #[must_use]
    pub fn called(&self, ticker: &str) -> Vec<&Security> {
        self.by_ticker.get(ticker).into_iter().flatten().filter_map(|id| self.get(id)).collect()
    }

    /// The security that a ticker meant at an instant.
    #[must_use]
    pub fn find(&self, ticker: &str, time: Time) -> Option<&Security> {
        let is_then = |security: &&Security| security.listing_at(time).is_some_and(|listing| listing.ticker == ticker);
        self.called(ticker).into_iter().find(is_then)
    }

    /// Another one that is listed under a ticker of this one at the same time, and that listing: one of the two is wrong.
    #[must_use]
    pub fn contested(&self, security: &Security) -> Option<(&Security, &Listing)> {
        let tickers = security.tickers();
        let others = tickers.into_iter().flat_map(|ticker| self.called(ticker));
        others
            .filter(|other| other.id != security.id)
            .flat_map(|other| other.listings.iter().map(move |listing| (other, listing)))
            .find(|(_, theirs)| security.listings.iter().any(|ours| ours.overlaps(theirs)))
    }

    /// Where a security's rows are, from the beginning of time to its end, without a hole.
    #[must_use]
    pub fn stretches<'a>(&self, security: &'a Security) -> Vec<Stretch<'a>> {
        let alone: Vec<&str> = security.tickers().into_iter().filter(|ticker| self.called(ticker).len() < 2).collect();
        let of = |range: Range<Time>, first: &'a str, listed: bool| {
            let first_counts = listed || alone.contains(&first);
            let own = Some(first).filter(|_| first_counts);
            let others = alone.iter().copied().filter(|ticker| *ticker != first);
            Stretch { range, tickers: own.into_iter().chain(others).collect() }
        };
        let (mut at, mut stretches) = (Time::MIN, Vec::new());
        for listing in &security.listings {
            if at < listing.from {
                stretches.push(of(at..listing.from, &listing.ticker, false));
            }
            stretches.push(of(listing.from..listing.until, &listing.ticker, true));
            at = listing.until;
        }
        if at < Time::MAX {
            stretches.push(of(at..Time::MAX, security.ticker(), false));
        }
        stretches
    }

    /// Under which tickers, and when, the dividends and splits of a security are; the first one wins where two tell the same.
    #[must_use]
    pub fn filings<'a>(&self, security: &'a Security) -> Vec<(&'a str, Range<Time>)> {
        const ALL: Range<Time> = Time::MIN..Time::MAX;
        let is_filed = |ticker: &str| self.all().any(|other| other.filed() == Some(ticker));
        let filed = security.filed().map(|name| (name, ALL));
        let by_time = security.listings.iter().rev().filter(|listing| !is_filed(&listing.ticker));
        let range = |listing: &'a Listing| {
            let is_alone = self.called(&listing.ticker).len() < 2;
            (listing.ticker.as_str(), if is_alone { ALL } else { listing.from..listing.until })
        };
        let mut filings: Vec<(&str, Range<Time>)> = filed.into_iter().chain(by_time.map(range)).collect();
        // A ticker that was had twice and is nobody else's is read once.
        let mut seen = BTreeSet::new();
        filings.retain(|(ticker, range)| seen.insert((*ticker, range.start, range.end)));
        filings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn security(listings: &[(&str, &str, &str)], filed: Option<&str>) -> Security {
        let listing = |(ticker, from, until): &(&str, &str, &str)| Listing {
            ticker: (*ticker).to_owned(),
            exchange: "Q".to_owned(),
            from: day(from),
            until: if until.is_empty() { Time::MAX } else { day(until) },
        };
        Security::new(listings.iter().map(listing).collect(), filed.map(str::to_owned)).unwrap()
    }

    /// FB meant three companies; META was a fund before it was the second of them.
    fn all() -> Securities {
        Securities::new(vec![
            security(&[("FB", "2012-05-18", "2022-06-09"), ("META", "2022-06-09", "")], Some("META")),
            security(&[("FB", "1999-09-29", "2003-03-29")], Some("FB.1")),
            security(&[("FB", "2023-01-10", "")], None),
            security(&[("META", "2021-06-30", "2022-01-31"), ("METV", "2022-01-31", "")], None),
            security(&[("OLD", "2001-01-01", "2005-01-01"), ("NEW", "2006-01-01", "")], None),
        ])
    }

    #[test]
    fn a_ticker_means_another_security_at_another_time() {
        let all = all();
        let check = |ticker: &str, time: &str, expected: Option<&str>| {
            let found = all.find(ticker, day(time)).map(|security| security.id().to_string());
            assert_eq!(found.as_deref(), expected, "{ticker} on {time}");
        };
        check("FB", "2012-05-17", None);
        check("FB", "2022-06-08", Some("FB:2012-05-18"));
        check("FB", "2022-06-09", None);
        check("META", "2022-06-09", Some("FB:2012-05-18"));
        check("META", "2021-07-01", Some("META:2021-06-30"));
        check("FB", "2024-01-01", Some("FB:2023-01-10"));
        assert_eq!(Security::new(Vec::new(), None), None);
        for id in all.all().map(|security| security.id().to_string()) {
            assert_eq!(id.to_lowercase().parse::<SecurityId>().unwrap().to_string(), id);
        }
        for text in ["FB", "FB:", "FB:2012", "FB:2012-13-01", ":2012-05-18", "F B:2012-05-18", "..:2012-05-18"] {
            assert!(text.parse::<SecurityId>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_instant_of_a_ticker_is_of_one_security_at_most() {
        let all = all();
        let mut claims = Vec::new();
        for security in all.all() {
            let stretches = all.stretches(security);
            assert_eq!((stretches[0].range.start, stretches[stretches.len() - 1].range.end), (Time::MIN, Time::MAX));
            assert!(stretches.windows(2).all(|pair| pair[0].range.end == pair[1].range.start));
            claims.extend(stretches.into_iter().map(|stretch| (security.id(), stretch)));
        }
        for (id, one) in &claims {
            for (_, two) in claims.iter().filter(|(other, _)| other != id) {
                let meet = one.range.start < two.range.end && two.range.start < one.range.end;
                let shared = one.tickers.iter().find(|ticker| two.tickers.contains(ticker));
                assert!(!meet || shared.is_none(), "{id} shares {shared:?} in {:?} and {:?}", one.range, two.range);
            }
        }
        let of = |id: &str, time: &str| {
            let stretches = all.stretches(all.get(&id.parse().unwrap()).unwrap());
            stretches.into_iter().find(|stretch| stretch.range.contains(&day(time))).unwrap().tickers
        };
        assert_eq!(of("FB:2012-05-18", "2013-01-01"), ["FB"]);
        assert_eq!(of("FB:2012-05-18", "2024-01-01"), ["META"]);
        assert_eq!(of("FB:2012-05-18", "2001-01-01"), [""; 0]);
        assert_eq!(of("OLD:2001-01-01", "2005-06-01"), ["NEW", "OLD"]);
        assert_eq!(of("OLD:2001-01-01", "2002-06-01"), ["OLD", "NEW"]);
    }

    #[test]
    fn dividends_are_where_the_source_files_them() {
        let all = all();
        let of = |id: &str| all.filings(all.get(&id.parse().unwrap()).unwrap());
        let whole = Time::MIN..Time::MAX;
        assert_eq!(of("FB:2012-05-18"), [("META", whole.clone()), ("FB", day("2012-05-18")..day("2022-06-09"))]);
        assert_eq!(of("META:2021-06-30"), [("METV", whole.clone())]);
        assert_eq!(of("OLD:2001-01-01"), [("NEW", whole.clone()), ("OLD", whole)]);
    }

    #[test]
    fn later_histories_continue_earlier_ones() {
        let (early, late) =
            (&[("FB", "2012-05-18", "")][..], &[("FB", "2012-05-18", "2022-06-09"), ("META", "2022-06-09", "")][..]);
        let check = |now: &[(&str, &str, &str)], before: &[(&str, &str, &str)], expected: bool| {
            assert_eq!(security(now, None).continues(&security(before, None)), expected, "{now:?} after {before:?}");
        };
        check(late, early, true);
        check(early, early, true);
        check(early, late, false);
        check(&[("FB", "2012-05-18", "2020-01-01")], late, false);
        let contested =
            all().contested(&security(&[("FB", "2003-03-28", "2003-03-30")], None)).map(|(id, _)| id.id().to_string());
        assert_eq!(contested.as_deref(), Some("FB:1999-09-29"));
    }
}
