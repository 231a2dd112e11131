//! What is known of an instrument at a venue: `ROOT/instruments/VENUE/SYMBOL.json`.
use std::fs;
use std::path::PathBuf;

use qframe_model::currency::Currency;
use qframe_model::instrument::Bounds;
use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::symbol::Symbol;
use qframe_model::time::{Time, TimeFrame};
use serde::{Deserialize, Serialize};

use super::place::{Place, check_venue, escape};
use super::written::replace;
use super::{Catalog, CatalogError, lock};

/// The rules of an instrument as far as its data tells them; what is absent is by the customs of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstrumentFacts {
    /// Its name, without a venue.
    pub symbol: Symbol,
    /// Where it trades, in lower case.
    pub venue: String,
    /// Such as `crypto`, `equity`, `forex`, `future`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_class: Option<String>,
    /// What its price is counted in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Prices are multiples of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<Price>,
    /// Quantities are multiples of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<Quantity>,
    /// The smallest quantity of an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_quantity: Option<Quantity>,
    /// The largest quantity of an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_quantity: Option<Quantity>,
    /// The lowest price of an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_price: Option<Price>,
    /// The highest price of an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_price: Option<Price>,
    /// The smallest value of an order in the quote currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_notional: Option<Cash>,
    /// Units of the base that one contract stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<Quantity>,
    /// The name of its trading hours: `24/7`, `NYSE`, `CME`, `forex`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// When it settles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Time>,
    /// A number of it that outlives its name: an ISIN, a FIGI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_id: Option<String>,
    /// Where it is a series of many contracts: its rolls, those of a frame oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rolls: Vec<StoredRoll>,
}

/// From one contract of a series to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredRoll {
    /// The length of the bars that were rolled: others may have other rolls. A series of before that was kept has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<TimeFrame>,
    /// The first instant of the new one.
    pub time: Time,
    /// The old and the new one.
    pub contracts: [Symbol; 2],
    /// Their last closes before; that of the old one twice where the new one had none.
    pub prices: [Price; 2],
}

impl InstrumentFacts {
    /// The rolls of its bars of a length, oldest first: those made of such bars, else of the longest shorter ones.
    pub fn rolls_of(&self, frame: Option<TimeFrame>) -> impl Iterator<Item = &StoredRoll> {
        let frames = self.rolls.iter().map(|roll| roll.frame);
        let nearest = frames.filter(|of| *of <= frame).max();
        self.rolls.iter().filter(move |roll| Some(roll.frame) == nearest)
    }

    /// The least and the most that an order may name, as far as it is known.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            min_quantity: self.min_quantity.unwrap_or(Quantity::ZERO),
            max_quantity: self.max_quantity,
            min_price: self.min_price.unwrap_or(Price::ZERO),
            max_price: self.max_price,
        }
    }

    /// An instrument of which nothing but the name is known.
    #[must_use]
    pub const fn new(symbol: Symbol, venue: String) -> Self {
        Self {
            symbol,
            venue,
            asset_class: None,
            currency: None,
            tick: None,
            lot: None,
            min_quantity: None,
            max_quantity: None,
            min_price: None,
            max_price: None,
            min_notional: None,
            multiplier: None,
            hours: None,
            expiry: None,
            security_id: None,
            rolls: Vec::new(),
        }
    }
}

/// The file. A later version may say more.
#[derive(Serialize, Deserialize)]
struct Document<T> {
    version: u32,
    instrument: T,
}

const VERSION: u32 = 1;

impl Catalog {
    /// What is known of an instrument; `None` where nothing is.
    ///
    /// # Errors
    /// [`CatalogError`] where the file does not read.
    pub fn instrument(&self, symbol: &Symbol, venue: &str) -> Result<Option<InstrumentFacts>, CatalogError> {
        let (path, _) = self.instrument_file(symbol, venue)?;
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CatalogError::system("reading", &path, &error)),
        };
        let broken = |error| CatalogError::broken(&path, error);
        let document: Document<serde_json::Value> = serde_json::from_slice(&text).map_err(broken)?;
        if document.version != VERSION {
            return Err(CatalogError::Newer { path, version: document.version.to_string() });
        }
        serde_json::from_value(document.instrument).map(Some).map_err(broken)
    }

    /// Writes what is known of an instrument over what was.
    ///
    /// # Errors
    /// [`CatalogError::System`] where the file cannot be written.
    pub fn set_instrument(&self, facts: &InstrumentFacts) -> Result<(), CatalogError> {
        let (path, lock) = self.instrument_file(&facts.symbol, &facts.venue)?;
        let _lock = lock::hold_file(&lock)?;
        let document = Document { version: VERSION, instrument: facts };
        let mut text = serde_json::to_vec_pretty(&document).map_err(|error| CatalogError::broken(&path, error))?;
        text.push(b'\n');
        replace(&path, &path.with_extension("json.partial"), |out| std::io::Write::write_all(out, &text))
    }

    /// The file, and its lock.
    fn instrument_file(&self, symbol: &Symbol, venue: &str) -> Result<(PathBuf, PathBuf), CatalogError> {
        check_venue(venue).map_err(|why| CatalogError::Key(venue.to_owned(), why))?;
        let (venue, symbol) = (escape(venue), escape(symbol.as_str()));
        let lock = Place::lock(self.root(), &["instruments", &venue, &symbol]);
        Ok((self.root().join("instruments").join(venue).join(format!("{symbol}.json")), lock))
    }
}
