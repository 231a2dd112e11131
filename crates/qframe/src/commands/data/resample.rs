//! `qframe data resample`: longer bars out of shorter ones, or bars out of trades and quotes.
use std::io::Write;
use std::path::{Path, PathBuf};

use qframe_data::catalog::Catalog;
use qframe_data::{DataKey, Kind, OnBadRow, Options, QuoteBars, Resampling, Rows, TradeBars, read_bars, resample};
use qframe_model::count::counted;
use qframe_model::market::Bar;
use qframe_model::time::{Span, Time, TimeFrame};
use serde::Serialize;

use super::import::OnConflict;
use super::out;
use super::subject::{Known, Subject};
use crate::error::Error;
use crate::run::security::Held;
use crate::run::target::check_new;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples: qframe data resample prices_1m.csv --to 1h --out prices_1h.csv\n          \
                        qframe data resample BTC/USDT@binance --to 1m --from-trades\n\n\
The last period is left out where it is not over. Periods without any row are absent, not filled.")]
pub(crate) struct Args {
    /// A file of bars, or a name of the catalog such as BTC/USDT@binance
    #[arg(value_name = "SYMBOL|FILE")]
    subject: String,
    /// The frame of the new bars, such as 1h
    #[arg(long, value_name = "FRAME")]
    to: String,
    /// Make them of the trades of the catalog
    #[arg(long, conflicts_with = "from_quotes")]
    from_trades: bool,
    /// Make bars of bid and ask of the quotes of the catalog
    #[arg(long)]
    from_quotes: bool,
    /// The file that is written: CSV, or by its ending .csv.gz, .parquet or .arrow; bids and asks are two, NAME.bids.csv and
    /// NAME.asks.csv (default: FILE.FRAME.csv where a file is read, else bars go into the catalog)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    /// What becomes of bars of the catalog that are there already with other values
    #[arg(long, value_enum, value_name = "HOW", default_value = "refuse")]
    on_conflict: OnConflict,
    #[command(flatten)]
    known: Known,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answer {
    from: String,
    rows: u64,
    written: Vec<Written>,
    unfinished: Option<Time>,
}

#[derive(Serialize)]
struct Written {
    name: String,
    bars: usize,
}

impl Args {
    pub(crate) fn run(self) -> Result<(), Error> {
        let to: TimeFrame = self.to.parse().map_err(|error| Error::usage("--to", &self.to, error))?;
        let kind = match (self.from_trades, self.from_quotes) {
            (true, _) => Some(Kind::Trades),
            (_, true) => Some(Kind::Quotes),
            _ => None,
        };
        let known = self.known.read()?;
        let kind = kind.or_else(|| [Kind::Trades, Kind::Quotes].into_iter().find(|kind| known.wants_only(*kind)));
        let subjects = known.subjects(&self.subject)?;
        let answer = match subjects.as_slice() {
            [Subject::Security(catalog, held)] => self.security(catalog, held, to)?,
            [Subject::File(path, _)] if kind.is_none() => self.file(path, to)?,
            [Subject::File(path, _)] => {
                let why = "trades and quotes are read from the catalog; `qframe data import` puts a file into it";
                return Err(Error::usage("--from-trades", path.display(), why));
            }
            sets => self.set(sets, kind, to)?,
        };
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &answer).map_err(std::io::Error::from)?;
            return Ok(writeln!(out)?);
        }
        for Written { name, bars } in &answer.written {
            writeln!(
                out,
                "{} of {} made into {} of {to}: {name}",
                counted(answer.rows, "row"),
                answer.from,
                counted(*bars, "bar")
            )?;
        }
        match answer.unfinished {
            Some(time) => Ok(writeln!(out, "the last bar, from {time:#}, is unfinished and left out")?),
            None => Ok(()),
        }
    }

    fn file(&self, path: &Path, to: TimeFrame) -> Result<Answer, Error> {
        let options = Options { on_bad_row: OnBadRow::Stop, ..Options::default() };
        let loaded = read_bars(path, &options)?;
        let how = Resampling { from: loaded.time_frame, to, known_until: loaded.known_until() };
        let made = resample(&loaded.bars, &how).map_err(|error| Error::usage("--to", to, error))?;
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.{to}.csv", path.display())));
        if out.canonicalize().ok().is_some_and(|out| path.canonicalize().ok() == Some(out)) {
            return Err(Error::usage("--out", out.display(), "it is the file that is read; name another"));
        }
        let written = vec![self.saved(&out, &made.bars)?];
        let (from, rows) = (path.display().to_string(), loaded.bars.len() as u64);
        Ok(Answer { from, rows, written, unfinished: made.unfinished.map(|bar| bar.time) })
    }

    /// All that a security has, whatever it was called.
    fn security(&self, catalog: &Catalog, held: &Held, to: TimeFrame) -> Result<Answer, Error> {
        let Some(out) = &self.out else {
            let why = "bars of several tickers are no set of one; write a file with --out FILE, or name a ticker: each set has \
                       its own bars, and a run joins them";
            return Err(Error::Refused(format!("{}: {why}", held.security)));
        };
        let keys = held.keys(catalog, Kind::Bars)?;
        let from = held.frame(&keys, "--to", &self.to, Some(to))?;
        let joined = held.bars(catalog, (Kind::Bars, from), &(Time::MIN..Time::MAX))?;
        let known_until = joined.bars.last().map_or(Time::MAX, |bar| bar.time + from.span());
        let made = resample(&joined.bars, &Resampling { from, to, known_until });
        let made = made.map_err(|error| Error::usage("--to", to, error))?;
        let written = vec![self.saved(out, &made.bars)?];
        let (from, rows) = (format!("{} {from}", held.security), joined.bars.len() as u64);
        Ok(Answer { from, rows, written, unfinished: made.unfinished.map(|bar| bar.time) })
    }

    /// The set that is asked for: of trades, of quotes, or of the longest bars that the new ones are a multiple of. Bids and asks
    /// go together.
    fn set(&self, sets: &[Subject], kind: Option<Kind>, to: TimeFrame) -> Result<Answer, Error> {
        let fits = |key: &DataKey| match key.frame {
            Some(frame) => kind.is_none() && frame < to && to.seconds().is_multiple_of(frame.seconds()),
            None => Some(key.kind) == kind,
        };
        let sets = sets.iter().filter_map(|subject| match subject {
            Subject::Set(catalog, key) if fits(key) => Some((catalog, key)),
            _ => None,
        });
        let mut sets: Vec<_> = sets.collect();
        if sets.iter().any(|(_, key)| key.kind == Kind::Bars) {
            // Bids and asks beside bars of trades are meant where --kind says so.
            sets.retain(|(_, key)| key.kind == Kind::Bars);
        }
        let Some((catalog, first)) = sets.iter().max_by_key(|(_, key)| key.frame) else {
            let why = format!("the catalog has no rows of {} that such bars can be made of", self.subject);
            return Err(Error::usage("--to", to, why));
        };
        let is_side = |key: &DataKey| matches!(key.kind, Kind::Bids | Kind::Asks);
        let goes_with =
            |key: &DataKey| key.venue == first.venue && (key.kind == first.kind || is_side(key) && is_side(first));
        if let Some((_, other)) = sets.iter().find(|(_, other)| !goes_with(other)) {
            let why = format!("it is {first} and {other}; say which with @venue, --kind or --timeframe");
            return Err(Error::usage("SYMBOL|FILE", &self.subject, why));
        }
        let longest =
            |kind: Kind| sets.iter().map(|(_, key)| *key).filter(|key| key.kind == kind).max_by_key(|key| key.frame);
        let from: Vec<&DataKey> = Kind::ALL.into_iter().filter_map(longest).collect();
        let (mut made, mut rows, mut unfinished) = (Vec::new(), 0, None);
        for key in &from {
            let (bars, count, open) = self.made(catalog, key, to)?;
            let keyed = |(kind, bars)| (DataKey { kind, frame: Some(to), ..(*key).clone() }, bars);
            made.extend(bars.into_iter().map(keyed));
            (rows, unfinished) = (rows + count, open.or(unfinished));
        }
        let written = match &self.out {
            Some(out) => {
                let file = |(key, bars): &(DataKey, Vec<Bar>)| {
                    let path = if made.len() > 1 { beside(out, key.kind) } else { out.clone() };
                    self.saved(&path, bars)
                };
                made.iter().map(file).collect::<Result<_, _>>()?
            }
            None => {
                made.iter().try_for_each(|(key, bars)| self.check_known(catalog, key, bars))?;
                made.into_iter().map(|(key, bars)| self.stored(catalog, &key, bars)).collect::<Result<_, _>>()?
            }
        };
        let names: Vec<String> = from.iter().map(ToString::to_string).collect();
        Ok(Answer { from: names.join(" and "), rows, written, unfinished })
    }

    fn saved(&self, path: &Path, bars: &[Bar]) -> Result<Written, Error> {
        check_new("--out", path, self.force)?;
        out::write(path, bars).map(|name| Written { name, bars: bars.len() })
    }

    fn made(&self, catalog: &Catalog, key: &DataKey, to: TimeFrame) -> Result<Made, Error> {
        if matches!(key.kind, Kind::Trades | Kind::Quotes) {
            return streamed(catalog, key, to);
        }
        let bars = catalog.bars(key, Time::MIN..Time::MAX).map_err(Error::refused)?;
        let from = key.frame.unwrap_or(to);
        let known_until = bars.last().map_or(Time::MAX, |bar| bar.time + from.span());
        let made = resample(&bars, &Resampling { from, to, known_until });
        let made = made.map_err(|error| Error::usage("--to", to, error))?;
        Ok((vec![(key.kind, made.bars)], bars.len() as u64, made.unfinished.map(|bar| bar.time)))
    }

    /// Refuses to change bars that are there: they may be a publisher's own.
    fn check_known(&self, catalog: &Catalog, key: &DataKey, bars: &[Bar]) -> Result<(), Error> {
        let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return Ok(()) };
        let range = first.time..last.time + Span::DAY;
        let known = catalog.bars(key, range).map_err(Error::refused)?;
        let differs =
            |bar: &&Bar| known.binary_search_by_key(&bar.time, |bar| bar.time).is_ok_and(|at| known[at] != **bar);
        let count = bars.iter().filter(differs).count();
        match bars.iter().find(differs) {
            Some(bar) if self.on_conflict == OnConflict::Refuse => Err(Error::Refused(format!(
                "{key}: {count} of {} bars are there already with other values, the first at {:#}; nothing was written: \
                 --on-conflict replace puts the new ones in their place, keep adds only those that are not there, and \
                 --out FILE writes a file",
                bars.len(),
                bar.time
            ))),
            _ => Ok(()),
        }
    }

    fn stored(&self, catalog: &Catalog, key: &DataKey, bars: Vec<Bar>) -> Result<Written, Error> {
        let count = bars.len();
        let merged = catalog.merge(key, std::iter::once(Rows::Bars(bars)), self.on_conflict.into());
        merged.map(|_| Written { name: key.to_string(), bars: count }).map_err(Error::refused)
    }
}

/// The name of a file with what it holds before its endings: `eurusd.bids.csv`.
fn beside(out: &Path, kind: Kind) -> PathBuf {
    let name = out.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (stem, endings) = name.split_once('.').unwrap_or((&name, "csv"));
    out.with_file_name(format!("{stem}.{kind}.{endings}"))
}

type Made = (Vec<(Kind, Vec<Bar>)>, u64, Option<Time>);

/// Bars of trades, or of bids and asks. The last period counts as unfinished: nothing tells that it was over.
fn streamed(catalog: &Catalog, key: &DataKey, to: TimeFrame) -> Result<Made, Error> {
    let (mut trades, mut quotes) = (TradeBars::new(to), QuoteBars::new(to));
    let (mut bars, mut bids, mut asks, mut count) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for rows in catalog.scan(key, Time::MIN..Time::MAX).map_err(Error::refused)? {
        match rows.map_err(Error::refused)? {
            Rows::Trades(rows) => {
                count += rows.len() as u64;
                for row in &rows {
                    bars.extend(trades.push(row).map_err(Error::refused)?);
                }
            }
            Rows::Quotes(rows) => {
                count += rows.len() as u64;
                for [bid, ask] in rows
                    .iter()
                    .filter_map(|row| quotes.push(row).transpose())
                    .map(|made| made.map_err(Error::refused))
                    .collect::<Result<Vec<_>, _>>()?
                {
                    bids.push(bid);
                    asks.push(ask);
                }
            }
            _ => {}
        }
    }
    if key.kind == Kind::Quotes {
        let unfinished = quotes.finish().map(|[bid, _]| bid.time);
        return Ok((vec![(Kind::Bids, bids), (Kind::Asks, asks)], count, unfinished));
    }
    let unfinished = trades.finish().map_err(Error::refused)?.map(|bar| bar.time);
    Ok((vec![(Kind::Bars, bars)], count, unfinished))
}
