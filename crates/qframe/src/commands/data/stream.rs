//! `qframe data stream`: live data of an exchange, shown, recorded, kept.
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use qframe_app::pipeline::{Feed, Rules, Stats};
use qframe_model::symbol::Symbol;
use qframe_model::time::TimeFrame;
use qframe_venues::sign::CoinbaseKey;
use qframe_venues::stream::{Arrival, Channel, Counts, Latencies, Settings, Stream, StreamError, Wanted};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Exchange;
use super::subject::now;
use crate::error::Error;
use crate::run::catalog::Root;
use crate::run::sinks::{self, Sinks};

/// In nanoseconds.
const DAY: u64 = 86_400_000_000_000;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples: qframe data stream binance BTC/USDT ETH/USDT:USDT --channel trades,quotes,book --for 60s\n          \
                        qframe data stream coinbase BTC/USD --channel trades,book --record tape/\n\n\
Books are shown only while they are whole: a missed update loses one until a snapshot makes it good again. Missed trades\n\
and bars are asked for over REST. Ctrl-C ends. Rows that were lost on the way to a store, as its spool was full, are told of\n\
at the end, with exit code 1. What is recorded is read by `data import` and `data book`. Coinbase Advanced\n\
takes a key from COINBASE_KEY_NAME and COINBASE_KEY_SECRET; these channels need none."
)]
pub(crate) struct Args {
    /// Which exchange.
    #[arg(value_enum)]
    exchange: Exchange,
    /// What: BTC/USDT, BTC/USDT:USDT for a perpetual.
    #[arg(value_name = "SYMBOL", required = true)]
    symbols: Vec<Symbol>,
    /// What is told of each: trades, quotes, book, bars, funding.
    #[arg(long = "channel", value_name = "CHANNELS", value_delimiter = ',', default_value = "trades,quotes")]
    channels: Vec<Channel>,
    /// The length of the bars, such as 1m.
    #[arg(long, value_name = "FRAME", default_value = "1m")]
    timeframe: TimeFrame,
    /// Record the raw messages in this folder, a file a connection.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Put the rows into the catalog.
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    root: Root,
    #[command(flatten)]
    sinks: Sinks,
    /// Another address than the exchange's own, such as ws://127.0.0.1:9000.
    #[arg(long, value_name = "URL")]
    ws_url: Option<String>,
    /// The same of its REST API, which gives snapshots and what was missed.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// How long, such as 60s or 1h; without it until Ctrl-C.
    #[arg(long = "for", value_name = "TIME")]
    duration: Option<TimeFrame>,
    /// Print a line of JSON a second, and a last one.
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<(), Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(self.stream())
    }

    async fn stream(&self) -> Result<(), Error> {
        let keep = if self.keep { Some(self.root.make()?) } else { None };
        let pipeline = self.sinks.pipeline(Rules::default(), keep)?;
        let mut stream =
            Stream::open(&self.wanted(), &self.settings()?, now()).map_err(|error| self.refused(&error))?;
        let (feed, running) = pipeline.start();
        let mut shown = Shown::new(self.json);
        let mut ticks = tokio::time::interval(Duration::from_millis(500));
        let end = self.duration.map(|length| Duration::from_secs(u64::from(length.seconds())));
        let mut end = Box::pin(async move {
            match end {
                Some(end) => tokio::time::sleep(end).await,
                None => std::future::pending().await,
            }
        });
        let mut interrupted = Box::pin(interrupted());
        let mut stopped = false;
        loop {
            tokio::select! {
                batch = stream.next() => {
                    let Some(rows) = batch else { break };
                    shown.take(&rows);
                    hand(&feed, rows).await?;
                }
                _ = ticks.tick() => {
                    shown.show(&stream, &running.stats(), false)?;
                }
                () = &mut end, if !stopped => (stopped, _) = (true, stream.stop()),
                () = &mut interrupted, if !stopped => (stopped, _) = (true, stream.stop()),
            }
        }
        let stats = running.finish().await;
        shown.show(&stream, &stats, true)?;
        // The words were right: what ended it, such as a full disk, is no wrong usage.
        let ended = stream.end().map(Error::refused);
        let whys: Vec<String> = ended.iter().map(Error::to_string).chain(sinks::losses(&stats)).collect();
        if !whys.is_empty() {
            return Err(Error::Several(whys));
        }
        let counts = stream.counts();
        let trouble = |counts: &Counts| counts.trouble.as_ref().map(|(_, why)| why.clone());
        match counts.iter().filter(|counts| counts.connects == 0).find_map(trouble) {
            Some(why) => Err(Error::Refused(format!("no connection: {why}"))),
            None => Ok(()),
        }
    }

    fn wanted(&self) -> Wanted {
        use qframe_venues::stream::Exchange as Of;
        let exchange = match self.exchange {
            Exchange::Binance => Of::Binance,
            Exchange::Coinbase => Of::Coinbase,
            Exchange::CoinbaseAdvanced => Of::CoinbaseAdvanced,
        };
        let mut channels = self.channels.clone();
        channels.sort();
        channels.dedup();
        Wanted { exchange, symbols: self.symbols.clone(), channels, frame: self.timeframe }
    }

    fn settings(&self) -> Result<Settings, Error> {
        let of = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let key = match (of("COINBASE_KEY_NAME"), of("COINBASE_KEY_SECRET"), self.exchange) {
            (Some(name), Some(secret), Exchange::CoinbaseAdvanced) => {
                let key = CoinbaseKey::new(&name, &secret);
                Some(key.map_err(|error| Error::usage("COINBASE_KEY_SECRET", "", error))?)
            }
            _ => None,
        };
        let (ws_url, base_url, record) = (self.ws_url.clone(), self.base_url.clone(), self.record.clone());
        Ok(Settings { ws_url, base_url, record, key, timings: None })
    }

    fn refused(&self, error: &StreamError) -> Error {
        match error {
            StreamError::Wanted(_) => Error::usage("SYMBOL", self.symbols.first().map_or("", Symbol::as_str), error),
            StreamError::Address(_) => Error::usage("--ws-url, --base-url", "", error),
            StreamError::Recording(_) => {
                Error::usage("--record", self.record.as_deref().unwrap_or("".as_ref()).display(), error)
            }
            StreamError::Refused(_) => Error::refused(error),
        }
    }
}

/// Ctrl-C, or the system's wish that it ends.
pub(super) async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut wish) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return,
            _ = wish.recv() => return,
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Hands rows to the pipeline, in their order.
async fn hand(feed: &Feed, rows: Vec<Arrival>) -> Result<(), Error> {
    for row in rows {
        let ended = |_| Error::Refused("the pipeline of rows ended before the stream".to_owned());
        feed.send(row).await.map_err(ended)?;
    }
    Ok(())
}

/// What a person, or a program, sees of it.
struct Shown {
    json: bool,
    terminal: bool,
    began: Instant,
    printed: Instant,
    lines: usize,
    before: Vec<Counts>,
    /// From the receipt of a message to the hands of whoever takes its rows.
    hands: Latencies,
}

impl Shown {
    fn new(json: bool) -> Self {
        let terminal = !json && std::io::stdout().is_terminal();
        let now = Instant::now();
        Self { json, terminal, began: now, printed: now, lines: 0, before: Vec::new(), hands: Latencies::default() }
    }

    fn take(&mut self, rows: &[Arrival]) {
        let now = now();
        if let Some(last) = rows.last() {
            self.hands.add(now.since(last.received).nanos());
        }
    }

    fn show(&mut self, stream: &Stream, stats: &Stats, last: bool) -> Result<(), Error> {
        let since = self.printed.elapsed();
        let due = last || (self.json && since.as_millis() >= 950) || self.terminal;
        if !due {
            return Ok(());
        }
        self.printed = Instant::now();
        let counts = stream.counts();
        let mut out = std::io::stdout().lock();
        if self.json {
            let connections: Vec<Value> = counts.iter().map(told).collect();
            let answer = json!({
                "end": last, "seconds": self.began.elapsed().as_secs_f64(), "recorded": stream.recorded(),
                "to_taker_us": micros(&self.hands), "connections": connections, "pipeline": sinks::told(stats),
            });
            writeln!(out, "{answer}")?;
            return Ok(out.flush()?);
        }
        let mut text = self.table(&counts, stream.recorded(), since, last);
        sinks::lines(stats).iter().for_each(|line| {
            text.push_str(line);
            text.push('\n');
        });
        if self.terminal && self.lines > 0 {
            write!(out, "\x1b[{}A\x1b[J", self.lines)?;
        }
        self.lines = text.lines().count();
        self.before = counts;
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    fn table(&self, counts: &[Counts], recorded: u64, since: Duration, last: bool) -> String {
        let mut text = String::new();
        let whole = if last { self.began.elapsed() } else { since }.as_secs_f64().max(0.001);
        for (place, of) in counts.iter().enumerate() {
            let state = if last {
                "ended"
            } else if of.up {
                "up"
            } else {
                "down"
            };
            text.push_str(&format!(
                "{}: {state}, {} messages, {} connections, {} breaks, {} changes, {} gaps, {} repeated, {} filled, {} missed, \
                 {} refused\n",
                of.line, of.messages, of.connects, of.cuts, of.handovers, of.gaps, of.repeated, of.filled, of.missed, of.refused
            ));
            text.push_str(&format!("  from the exchange {}{}\n", age(&of.latency), clock(of)));
            for (reason, count) in &of.reasons {
                text.push_str(&format!("  refused {count}: {reason}\n"));
            }
            if let Some((time, why)) = &of.trouble {
                text.push_str(&format!("  {time}: {why}\n"));
            }
            let width = of.subjects.iter().map(|subject| subject.symbol.as_str().len()).max().unwrap_or(0).max(6);
            let unit = if last { "all" } else { "a second" };
            text.push_str(&format!(
                "  {:<width$} {:>9} {:>9} {:>9} {:>6} {:>7}  book   ({unit})\n",
                "symbol", "trades", "quotes", "book", "bars", "funding"
            ));
            for (row, subject) in of.subjects.iter().enumerate() {
                let before = self.before.get(place).and_then(|before| before.subjects.get(row)).filter(|_| !last);
                let rate = |now: u64, was: Option<u64>| match last {
                    true => now.to_string(),
                    false => format!("{:.1}", (now - was.unwrap_or(0)) as f64 / whole),
                };
                let book = if subject.whole { "whole" } else { "-" };
                text.push_str(&format!(
                    "  {:<width$} {:>9} {:>9} {:>9} {:>6} {:>7}  {book}\n",
                    subject.symbol.as_str(),
                    rate(subject.trades, before.map(|before| before.trades)),
                    rate(subject.quotes, before.map(|before| before.quotes)),
                    rate(subject.book, before.map(|before| before.book)),
                    subject.bars,
                    subject.funding
                ));
            }
        }
        text.push_str(&format!("in hand {} after the receipt; {recorded} lines recorded\n", spread(&self.hands)));
        text
    }
}

fn micros(latencies: &Latencies) -> Value {
    let of = |percent| latencies.percentile(percent).map(|nanos| nanos as f64 / 1_000.0);
    json!({"p50": of(50), "p99": of(99), "count": latencies.count()})
}

/// The name of what messages took to come: of those that a replay brings, their times are of the recording, and the difference
/// is an age.
fn named(latencies: &Latencies) -> &'static str {
    let is_old = latencies.count() > 0 && latencies.percentile(50).is_some_and(|nanos| nanos > DAY);
    if is_old { "age_us" } else { "latency_us" }
}

/// As [`spread`]; of messages that are days old, which a replay brings, there is no latency to speak of.
fn age(latencies: &Latencies) -> String {
    match latencies.percentile(50).filter(|_| latencies.count() > 0) {
        Some(nanos) if nanos > DAY => format!("{} days old: a replay", nanos / DAY),
        _ => spread(latencies),
    }
}

fn spread(latencies: &Latencies) -> String {
    let of = |percent| latencies.percentile(percent).filter(|_| latencies.count() > 0);
    let told = |nanos: u64| match nanos {
        0..10_000_000 => format!("{:.0} us", nanos as f64 / 1e3),
        _ => format!("{:.0} ms", nanos as f64 / 1e6),
    };
    of(50).zip(of(99)).map_or("-".to_owned(), |(half, most)| format!("p50 {}, p99 {}", told(half), told(most)))
}

fn clock(of: &Counts) -> String {
    let millis = of.clock_ahead.map(|ahead| ahead.nanos() as f64 / 1e6);
    millis.map_or_else(String::new, |millis| format!(", the clock here {millis:+.0} ms"))
}

fn told(of: &Counts) -> Value {
    let reasons: BTreeMap<&str, u64> = of.reasons.iter().copied().collect();
    let symbol = |of: &qframe_venues::stream::SubjectCounts| {
        json!({
            "symbol": of.symbol.as_str(), "trades": of.trades, "quotes": of.quotes, "book": of.book, "bars": of.bars,
            "funding": of.funding, "whole": of.whole,
        })
    };
    json!({
        "name": of.line, "up": of.up, "messages": of.messages, "bytes": of.bytes, "connects": of.connects, "cuts": of.cuts,
        "handovers": of.handovers, "gaps": of.gaps, "crossed": of.crossed, "resyncs": of.resyncs, "repeated": of.repeated,
        "filled": of.filled, "missed": of.missed, "refused": of.refused, "reasons": reasons, "unasked": of.unasked,
        "clock_ahead_ms": of.clock_ahead.map(|ahead| ahead.nanos() as f64 / 1e6), named(&of.latency): micros(&of.latency),
        "trouble": of.trouble.as_ref().map(|(_, why)| why), "symbols": of.subjects.iter().map(symbol).collect::<Vec<_>>(),
    })
}
