//! What a security was called, and when. A ticker is no name of its own: FB became META, and USO, AAA and FB are used again
//! by others. A security has an id that never changes; tickers are what it is listed under for a time.
use qframe_model::time::Time;

/// The id of a security: its first ticker and its first day, such as `AAPL 19980102`. No two begin with one ticker on one day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecurityId(pub String);

impl std::fmt::Display for SecurityId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
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

/// A security and all it was called, oldest first, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security {
    /// Its name for good.
    pub id: SecurityId,
    /// Listings, each beginning where the one before ends.
    pub listings: Vec<Listing>,
}

impl Security {
    /// Of listings in order of time. `None` where there are none.
    #[must_use]
    pub fn new(listings: Vec<Listing>) -> Option<Self> {
        let first = listings.first()?;
        let (year, month, day) = first.from.date();
        let id = SecurityId(format!("{} {year:04}{month:02}{day:02}", first.ticker));
        Some(Self { id, listings })
    }

    /// What it was called at an instant.
    #[must_use]
    pub fn listing_at(&self, time: Time) -> Option<&Listing> {
        self.listings.iter().find(|listing| listing.from <= time && time < listing.until)
    }
}

/// The security that a ticker meant at an instant.
#[must_use]
pub fn find<'a>(securities: &'a [Security], ticker: &str, time: Time) -> Option<&'a Security> {
    securities.iter().find(|security| security.listing_at(time).is_some_and(|listing| listing.ticker == ticker))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticker_means_another_security_at_another_time() {
        let day = |text: &str| text.parse::<Time>().unwrap();
        let listed = |ticker: &str, from: &str, until: Time| Listing {
            ticker: ticker.to_owned(),
            exchange: "Q".to_owned(),
            from: day(from),
            until,
        };
        let meta =
            Security::new(vec![listed("FB", "2012-05-18", day("2022-06-09")), listed("META", "2022-06-09", Time::MAX)]);
        let fund = Security::new(vec![listed("FB", "2023-01-10", Time::MAX)]);
        let all = [meta.unwrap(), fund.unwrap()];
        let check = |ticker: &str, time: &str, expected: Option<&str>| {
            let found = find(&all, ticker, day(time)).map(|security| security.id.0.as_str());
            assert_eq!(found, expected, "{ticker} on {time}");
        };
        check("FB", "2012-05-17", None);
        check("FB", "2022-06-08", Some("FB 20120518"));
        check("FB", "2022-06-09", None);
        check("META", "2022-06-09", Some("FB 20120518"));
        check("FB", "2024-01-01", Some("FB 20230110"));
        assert_eq!(Security::new(Vec::new()), None);
    }
}
