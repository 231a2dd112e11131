//! Data sets by the names people type: `BTC/USDT`, `BTC/USDT@binance`.
use qframe_model::parameter::nearest;
use qframe_model::time::TimeFrame;

use super::{Catalog, CatalogError};
use crate::rows::{DataKey, Kind};

impl Catalog {
    /// The data sets of a name: a symbol, and `@` and a venue where only one is meant; small letters are as good as large
    /// ones. Of a kind or a time frame where one is given. What was made of other sets (`usa.split`) is found without its
    /// venue only where there is nothing else.
    ///
    /// # Errors
    /// [`CatalogError::System`] where a folder cannot be read.
    pub fn find(&self, name: &str, kind: Option<Kind>, frame: Option<TimeFrame>) -> Result<Vec<DataKey>, CatalogError> {
        let (symbol, venue) = split(name);
        let mut keys = self.keys()?;
        keys.retain(|key| {
            key.symbol.as_str().eq_ignore_ascii_case(symbol)
                && venue.map_or(!key.is_kept(), |venue| key.venue.eq_ignore_ascii_case(venue))
                && kind.is_none_or(|kind| key.kind == kind)
                && (frame.is_none() || key.frame == frame)
        });
        if venue.is_none() && keys.iter().any(|key| !key.is_made()) {
            keys.retain(|key| !key.is_made());
        }
        Ok(keys)
    }

    /// The known name nearest to one that is not there: with a venue where that has one.
    ///
    /// # Errors
    /// [`CatalogError::System`] where a folder cannot be read.
    pub fn suggest(&self, name: &str) -> Result<Option<String>, CatalogError> {
        let with_venue = split(name).1.is_some();
        let named = |key: &DataKey| if with_venue { key.name() } else { key.symbol.to_string() };
        let names: Vec<String> = self.keys()?.iter().map(named).collect();
        Ok(nearest(name, names.iter().map(String::as_str)).map(str::to_owned))
    }
}

impl DataKey {
    /// The set that keeps the rows of this one as they were before a repair. It is found by its venue only.
    #[must_use]
    pub fn kept(&self) -> Self {
        Self { venue: format!("{}{KEPT}", self.venue), ..self.clone() }
    }

    /// The set whose rows this one keeps; `None` where it keeps none.
    #[must_use]
    pub fn of_kept(&self) -> Option<Self> {
        self.venue.strip_suffix(KEPT).map(|venue| Self { venue: venue.to_owned(), ..self.clone() })
    }

    /// True for what was made of the rows of another set: that one's venue stands before a dot.
    fn is_made(&self) -> bool {
        self.venue.contains('.')
    }

    fn is_kept(&self) -> bool {
        self.venue.ends_with(KEPT)
    }

    /// Its symbol and venue, as one types them: `BTC/USDT@binance`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}@{}", self.symbol, self.venue)
    }
}

/// Behind the venue of rows as they were.
const KEPT: &str = ".orig";

fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once('@').map_or((name, None), |(symbol, venue)| (symbol, Some(venue)))
}
