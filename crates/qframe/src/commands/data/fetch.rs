//! `qframe data fetch`: history of an exchange into the catalog.
use std::io::{IsTerminal, Write};
use std::ops::Range;

use indicatif::{ProgressBar, ProgressStyle};
use qframe_data::catalog::{Catalog, InstrumentFacts};
use qframe_data::{DataKey, Kind};
use qframe_model::count::counted;
use qframe_model::symbol::Symbol;
use qframe_model::time::{Time, TimeFrame};
use qframe_venues::history::{Downloaded, Wanted, download};
use qframe_venues::rest::binance::Binance;
use qframe_venues::rest::coinbase::{Api, Coinbase};
use qframe_venues::rest::{Listing, Rest, RestError};
use serde::Serialize;

use super::stream::interrupted;
use super::subject::now;
use super::{Exchange, Period};
use crate::error::Error;
use crate::run::catalog::Root;

/// A clock that is off by more is told of: bars that seem over may not be.
const CLOCK_MILLIS: i64 = 1_000;
/// Gaps and refused rows that are printed.
const SHOWN: usize = 5;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples: qframe data fetch binance BTC/USDT ETH/USDT:USDT --timeframe 1h --from 2024-01-01\n          \
                        qframe data fetch coinbase BTC/USD --timeframe 1d\n\n\
What an address was asked for is not asked for again; a download that breaks off, or is ended by Ctrl-C, goes on where it\n\
was. --again asks again for the bars that were not there. Without --from it goes on behind the last stored bar. A bar that\n\
is not over is not stored."
)]
pub(crate) struct Args {
    /// Which exchange.
    #[arg(value_enum)]
    exchange: Exchange,
    /// What: BTC/USDT, BTC/USDT:USDT for a perpetual.
    #[arg(value_name = "SYMBOL", required = true)]
    symbols: Vec<Symbol>,
    /// The length of the bars, such as 1h.
    #[arg(long, value_name = "FRAME", default_value = "1d")]
    timeframe: TimeFrame,
    #[command(flatten)]
    period: Period,
    /// Ask again for the bars that the exchange did not have when it was asked before.
    #[arg(long, requires = "from")]
    again: bool,
    /// Another address than the exchange's own, such as http://127.0.0.1:8080.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    #[command(flatten)]
    root: Root,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What became of one symbol.
#[derive(Debug, Serialize)]
struct Answer {
    data: String,
    timeframe: TimeFrame,
    from: Time,
    to: Time,
    bars: u64,
    added: u64,
    differing: u64,
    requests: u64,
    missing: u64,
    gaps: Vec<Gap>,
    refused: Vec<String>,
    outside: u64,
    repeated: u64,
    clock_ahead_ms: i64,
}

#[derive(Debug, Serialize)]
struct Gap {
    from: Time,
    bars: u64,
}

impl Args {
    pub(crate) fn run(self) -> Result<(), Error> {
        let rest =
            self.rest().map_err(|error| Error::usage("--base-url", self.base_url.as_deref().unwrap_or(""), error))?;
        let given = self.period.range()?;
        self.symbols.iter().try_for_each(|symbol| self.check(&rest, symbol))?;
        let catalog = self.root.make()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut answers = Vec::new();
        for symbol in &self.symbols {
            let answer = runtime.block_on(self.fetch(&rest, &catalog, symbol, &given));
            // What the others brought is stored and told of, whatever becomes of this one.
            let answer = match answer {
                Err(error) => {
                    self.print(&answers)?;
                    return Err(error);
                }
                Ok(answer) => answer,
            };
            answers.push(answer);
        }
        self.print(&answers)
    }

    fn rest(&self) -> Result<Rest, RestError> {
        let coinbase = |api: Api| {
            let base = self.base_url.as_deref().unwrap_or_else(|| api.host());
            Ok(Rest::Coinbase(Coinbase::new(api, base)?))
        };
        match self.exchange {
            Exchange::Binance => {
                let hosts = self.base_url.as_deref().map_or(Binance::HOSTS, |base| [base; 2]);
                Ok(Rest::Binance(Binance::new(hosts)?))
            }
            Exchange::Coinbase => coinbase(Api::Exchange),
            Exchange::CoinbaseAdvanced => coinbase(Api::Advanced),
        }
    }

    /// What is known to be wrong before anybody is asked.
    fn check(&self, rest: &Rest, symbol: &Symbol) -> Result<(), Error> {
        if symbol.venue().is_some() {
            let why = "the exchange is named already; leave out what is behind the @";
            return Err(Error::usage("SYMBOL", symbol, why));
        }
        match rest.address(symbol, self.timeframe) {
            Err(error @ RestError::Frame { .. }) => Err(Error::usage("--timeframe", self.timeframe, error)),
            Err(error) => Err(Error::usage("SYMBOL", symbol, error)),
            Ok(_) => Ok(()),
        }
    }

    async fn fetch(
        &self,
        rest: &Rest,
        catalog: &Catalog,
        symbol: &Symbol,
        given: &Range<Time>,
    ) -> Result<Answer, Error> {
        let known = async { Ok((rest.now(symbol).await?, rest.listing(symbol).await?)) };
        let known = tokio::select! {
            known = known => known.map_err(|error: RestError| Error::Refused(format!("{symbol}: {error}"))),
            () = interrupted() => Err(Error::Refused(format!("{symbol}: interrupted"))),
        };
        let (now, listing) = known?;
        let ahead = clock_ahead(now);
        keep_listing(catalog, rest.venue(), &listing)?;
        let key = DataKey::bars(symbol.clone(), rest.venue(), self.timeframe);
        let from = if self.period.from.is_some() { given.start } else { behind_last(catalog, &key, self.timeframe)? };
        let to = given.end.min(self.timeframe.open_of(now));
        let wanted =
            Wanted { symbol: symbol.clone(), frame: self.timeframe, range: from..to.max(from), again: self.again };
        let bar = bar(symbol, &wanted);
        let mut came = 0;
        let done = download(rest, catalog, &wanted, interrupted(), |progress| {
            came = progress.bars;
            bar.set_position(progress.until.since(from).nanos().max(0) as u64 / 1_000_000_000);
            bar.set_message(counted(progress.bars, "bar"));
        });
        let done = done.await;
        bar.finish_and_clear();
        let done = done.map_err(|error| {
            let kept = "that came before are stored, and not asked for again";
            Error::Refused(format!("{symbol}: {error}; the {came} bars {kept}"))
        })?;
        Ok(answer(&key, &wanted, done, ahead))
    }

    fn print(&self, answers: &[Answer]) -> Result<(), Error> {
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, answers).map_err(std::io::Error::from)?;
            return Ok(writeln!(out)?);
        }
        for answer in answers {
            answer.print(&mut out)?;
        }
        Ok(())
    }
}

impl Answer {
    fn print(&self, out: &mut impl Write) -> Result<(), Error> {
        let Self { data, timeframe, bars, added, requests, missing, .. } = self;
        if self.from >= self.to {
            return Ok(writeln!(
                out,
                "{data} {timeframe}: nothing new; the stored bars reach to the last that is over"
            )?);
        }
        writeln!(
            out,
            "{data} {timeframe}: {} in {}, {added} new, from {:#} to {:#}",
            counted(*bars, "bar"),
            counted(*requests, "request"),
            self.from,
            self.to
        )?;
        if self.differing > 0 {
            writeln!(out, "  {} stored with other values: what is stored stays", counted(self.differing, "bar"))?;
        }
        if *missing > 0 {
            writeln!(
                out,
                "  {} in {} not at the exchange, asked twice:",
                counted(*missing, "bar"),
                counted(self.gaps.len(), "gap")
            )?;
            for Gap { from, bars } in self.gaps.iter().take(SHOWN) {
                writeln!(out, "    from {from:#}: {bars}")?;
            }
        }
        if !self.refused.is_empty() {
            writeln!(out, "  {} not stored, for being no bars:", counted(self.refused.len(), "row"))?;
            for why in self.refused.iter().take(SHOWN) {
                writeln!(out, "    {why}")?;
            }
        }
        for (count, what) in [(self.outside, "outside the range that was asked for"), (self.repeated, "twice")] {
            if count > 0 {
                writeln!(out, "  {} came {what}: left out", counted(count, "row"))?;
            }
        }
        if self.clock_ahead_ms.abs() > CLOCK_MILLIS {
            writeln!(out, "  this machine's clock is {} ms ahead of the exchange's", self.clock_ahead_ms)?;
        }
        Ok(())
    }
}

fn answer(key: &DataKey, wanted: &Wanted, done: Downloaded, clock_ahead_ms: i64) -> Answer {
    let gaps = done.gaps.iter().map(|&(from, bars)| Gap { from, bars }).collect();
    Answer {
        data: key.name(),
        timeframe: wanted.frame,
        from: wanted.range.start,
        to: wanted.range.end,
        bars: done.bars,
        added: done.added,
        differing: done.differing,
        requests: done.requests,
        missing: done.gaps.iter().map(|(_, count)| count).sum(),
        gaps,
        refused: done.refused,
        outside: done.outside,
        repeated: done.repeated,
        clock_ahead_ms,
    }
}

/// The exchange's rules of the instrument, beside what was known of it.
fn keep_listing(catalog: &Catalog, venue: &str, listing: &Listing) -> Result<(), Error> {
    let known = catalog.instrument(&listing.symbol, venue)?;
    let known = known.unwrap_or_else(|| InstrumentFacts::new(listing.symbol.clone(), venue.to_owned()));
    let facts = InstrumentFacts {
        tick: Some(listing.tick),
        lot: Some(listing.lot),
        min_quantity: Some(listing.min_quantity).filter(|units| units.is_positive()),
        max_quantity: listing.max_quantity,
        min_price: Some(listing.min_price).filter(|price| price.is_positive()),
        max_price: listing.max_price,
        min_notional: Some(listing.min_notional).filter(|value| value.is_positive()),
        ..known.clone()
    };
    if facts != known {
        catalog.set_instrument(&facts)?;
    }
    Ok(())
}

/// Where the stored bars end.
fn behind_last(catalog: &Catalog, key: &DataKey, frame: TimeFrame) -> Result<Time, Error> {
    debug_assert_eq!(key.kind, Kind::Bars);
    let why = "nothing is stored yet; say from when, such as --from 2024-01-01";
    let facts = catalog.facts(key)?.ok_or_else(|| Error::usage("--from", "", format!("{key}: {why}")))?;
    Ok(facts.files.last().map_or(Time::MIN, |file| file.last) + frame.span())
}

fn clock_ahead(exchange: Time) -> i64 {
    now().since(exchange).nanos() / 1_000_000
}

fn bar(symbol: &Symbol, wanted: &Wanted) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let seconds = wanted.range.end.since(wanted.range.start).nanos().max(0) as u64 / 1_000_000_000;
    let style = ProgressStyle::with_template("{prefix} {bar:30} {percent}% {msg} {eta}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(seconds).with_style(style).with_prefix(symbol.to_string())
}
