//! `qframe data`: market data on disk.
mod adjust;
mod book;
mod check;
mod drop;
mod export;
mod fetch;
mod import;
mod kept;
mod list;
mod out;
mod repair;
mod resample;
mod roll;
mod show;
mod stream;
mod subject;

use clap::Subcommand;

pub(crate) use subject::now;

use crate::error::Error;

/// What to do with it.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Read files of market data, say what they are and what is wrong with them, and put their rows into the catalog.
    Import(import::Args),
    /// Rebuild the order books of a recorded stream and say how good they are.
    Book(book::Args),
    /// Fetch bars of an exchange into the catalog: only what was not fetched before.
    Fetch(fetch::Args),
    /// Stream live data of an exchange: shown, recorded, kept.
    Stream(Box<stream::Args>),
    /// List the data sets of the catalog.
    List(list::Args),
    /// Show a data set: what is known of it, its first and last rows.
    Show(show::Args),
    /// Write a data set as one file.
    Export(export::Args),
    /// Take a data set out of the catalog.
    Drop(drop::Args),
    /// Say what is wrong with data, counted by reason, and how good it is. Nothing is changed.
    Check(Box<check::Args>),
    /// Mend data by stated rules: every change is printed, and what stood there is kept.
    Repair(Box<repair::Args>),
    /// Make longer bars of shorter ones, or bars of trades and quotes.
    Resample(Box<resample::Args>),
    /// Take splits, or splits and dividends, out of the prices of a share.
    Adjust(adjust::Args),
    /// Make one series of the contracts of a future, and print its rolls.
    Roll(roll::Args),
}

impl DataCommand {
    pub(crate) fn run(self) -> Result<(), Error> {
        match self {
            Self::Import(args) => args.run(),
            Self::Book(args) => args.run(),
            Self::Fetch(args) => args.run(),
            Self::Stream(args) => args.run(),
            Self::Check(args) => args.run(),
            Self::Repair(args) => args.run(),
            Self::Resample(args) => args.run(),
            Self::Adjust(args) => args.run(),
            Self::Roll(args) => args.run(),
            Self::List(args) => args.run(),
            Self::Show(args) => args.run(),
            Self::Export(args) => args.run(),
            Self::Drop(args) => args.run(),
        }
    }
}

/// An exchange that data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Exchange {
    /// Spot (BTC/USDT) and USD-M futures (BTC/USDT:USDT).
    Binance,
    /// The Exchange API.
    Coinbase,
    /// The Advanced Trade API: more lengths of bars, and streams of them.
    CoinbaseAdvanced,
}

/// The flags that choose one data set.
#[derive(Debug, clap::Args)]
struct Which {
    /// The data set: BTC/USDT, or BTC/USDT@binance where several venues have it.
    #[arg(value_name = "SYMBOL[@VENUE]")]
    name: String,
    /// What its rows are: bars, bids, asks, trades, quotes, book, funding or actions.
    #[arg(long)]
    kind: Option<qframe_data::Kind>,
    /// The length of its bars, such as 1m.
    #[arg(long, value_name = "FRAME")]
    timeframe: Option<qframe_model::time::TimeFrame>,
    #[command(flatten)]
    root: crate::run::catalog::Root,
}

impl Which {
    fn open(&self) -> Result<(qframe_data::Catalog, qframe_data::DataKey), Error> {
        let catalog = self.root.open()?;
        let held = self.security(&catalog)?;
        let name = match &held {
            Some(held) if held.is_plain() => held.plain_name(&self.name),
            Some(held) => return Err(self.several_tickers(held)),
            None => self.name.clone(),
        };
        let by = crate::run::catalog::Narrowed { kind: self.kind, frame: self.timeframe };
        let key = crate::run::catalog::the_one(&catalog, "", &name, by)?;
        Ok((catalog, key))
    }

    /// The security, where its id is the name.
    fn security(&self, catalog: &qframe_data::Catalog) -> Result<Option<crate::run::security::Held>, Error> {
        use qframe_model::time::Time;
        let word = self.name.split('@').next().unwrap_or_default();
        if word.parse::<qframe_data::securities::SecurityId>().is_err() {
            return Ok(None);
        }
        crate::run::security::named(catalog, "", &self.name, &(Time::MIN..Time::MAX))
    }

    fn several_tickers(&self, held: &crate::run::security::Held) -> Error {
        let (security, venue) = (&held.security, &held.venue);
        let why = format!(
            "its rows are in the sets of its tickers; name one, such as {}@{venue}, or write the bars of all as a file: \
             qframe data adjust {} --mode none --out FILE",
            security.ticker(),
            self.name
        );
        Error::usage("SYMBOL", &self.name, format!("{security}: {why}"))
    }
}

/// The flags of a period.
#[derive(Debug, clap::Args)]
struct Period {
    /// Only rows at or after this time.
    #[arg(long, value_name = "TIME")]
    from: Option<qframe_model::time::Time>,
    /// Only rows before this time (a date alone: its whole day is in).
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

impl Period {
    fn range(&self) -> Result<std::ops::Range<qframe_model::time::Time>, Error> {
        use qframe_model::time::{Span, Time};
        let from = self.from.unwrap_or(Time::MIN);
        let Some(word) = &self.to else { return Ok(from..Time::MAX) };
        let to: Time = word.parse().map_err(|error| Error::usage("--to", word, error))?;
        let to = if word.len() == "2014-12-01".len() { to + Span::DAY } else { to };
        if from < to {
            Ok(from..to)
        } else {
            Err(Error::usage("--from", from, format!("it is not before --to {word}")))
        }
    }

    const fn is_given(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    let unit = UNITS.into_iter().find(|(_, unit)| bytes >= *unit);
    unit.map_or_else(|| format!("{bytes} B"), |(name, unit)| format!("{:.1} {name}", bytes as f64 / unit as f64))
}
