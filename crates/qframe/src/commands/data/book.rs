//! `qframe data book`: the order books of a recorded stream, rebuilt and compared with the quotes in it.
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use qframe_data::book::{BookCounts, Instrument, Loss, Lost, Recording, RecordingFacts};
use qframe_model::count::counted;
use qframe_model::market::Side;
use qframe_model::symbol::Symbol;
use serde::Serialize;

use crate::error::Error;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Reads raw messages of Binance (spot, USD-M, COIN-M) and Coinbase (Exchange, Advanced Trade), one a line, with or without
the time of receipt before it; plain, gzip or Zstandard. Several files are read as one, in the order of receipt: a
snapshot may be in another file than the updates.

Examples:
  qframe data book btcusdt_20240808.gz
  qframe data book snapshots.txt stream.txt --symbol BTC/USDT --depth 3 --json")]
pub(crate) struct Args {
    /// The recordings.
    #[arg(required = true)]
    file: Vec<PathBuf>,
    /// Only this instrument, such as BTC/USDT:USDT.
    #[arg(long)]
    symbol: Option<Symbol>,
    /// How many levels of the last book to print.
    #[arg(long, default_value_t = 10)]
    depth: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is told: the sums over all instruments, the last book of the busiest, then each instrument.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    sums: Figures,
    last: Option<Last>,
    lines: u64,
    refused: u64,
    reasons: Vec<Reason>,
    findings: Vec<String>,
    losses: Vec<LossRow>,
    symbols: Vec<Row>,
}

#[derive(Serialize, Default)]
struct Figures {
    events: u64,
    snapshots: u64,
    gaps: u64,
    crossed: u64,
    resyncs: u64,
    best_bid_ask_checked: u64,
    best_bid_ask_equal: u64,
    stale_snapshots: u64,
    updates: u64,
    applied: u64,
    late: u64,
    unused: u64,
    trades: u64,
    quotes: u64,
}

#[derive(Serialize)]
struct Row {
    symbol: String,
    venue: &'static str,
    feed: &'static str,
    name: String,
    #[serde(flatten)]
    figures: Figures,
    last: Option<Last>,
    /// Why there never was a book.
    #[serde(skip_serializing_if = "Option::is_none")]
    bookless: Option<String>,
}

/// The top of a book as exact texts, best first: `["61800.2","2.909"]`.
#[derive(Serialize)]
struct Last {
    symbol: String,
    update: Option<u64>,
    bids: Vec<[String; 2]>,
    asks: Vec<[String; 2]>,
}

#[derive(Serialize)]
struct Reason {
    reason: &'static str,
    lines: u64,
}

#[derive(Serialize)]
struct LossRow {
    symbol: String,
    received: String,
    why: &'static str,
    expected: Option<u64>,
    found: Option<u64>,
    text: String,
}

impl Args {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let mut recording = Recording::open(&self.file)?;
        read(&mut recording)?;
        let wanted: Vec<&Instrument> =
            recording.books().instruments().iter().filter(|one| self.is_wanted(one)).collect();
        if let (Some(symbol), []) = (&self.symbol, wanted.as_slice()) {
            let names = recording.books().instruments().iter().map(|one| one.symbol.to_string()).collect::<Vec<_>>();
            return Err(Error::usage("--symbol", symbol, format!("not in the files; there are {}", names.join(", "))));
        }
        let losses =
            recording.books().losses().iter().filter(|lost| wanted.iter().any(|one| one.symbol == lost.symbol));
        let answer = answer(&wanted, losses, recording.facts(), self.depth);
        let mut out = BufWriter::new(io::stdout().lock());
        if self.json {
            serde_json::to_writer_pretty(&mut out, &answer).map_err(io::Error::from)?;
            writeln!(out)?;
        } else {
            answer.print(recording.facts(), &mut out)?;
        }
        out.flush()?;
        match answer.bookless(&self.file) {
            Some(why) => Err(Error::Refused(why)),
            None => Ok(()),
        }
    }

    fn is_wanted(&self, one: &Instrument) -> bool {
        self.symbol.as_ref().is_none_or(|wanted| {
            let name = wanted.as_str().split_once('@').map_or(wanted.as_str(), |(name, _)| name);
            name == one.symbol.as_str() && wanted.venue().is_none_or(|venue| venue == one.feed.venue())
        })
    }
}

/// Reads with a count where a person waits; it shows itself after a second.
fn read(recording: &mut Recording) -> Result<(), Error> {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} messages in {elapsed}") {
        bar.set_style(style);
    }
    let done = loop {
        match recording.step(|_, _| {}) {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) => break Err(error.into()),
        }
        let lines = recording.facts().lines;
        if lines.is_multiple_of(4_096) && bar.elapsed().as_millis() > 1_000 {
            bar.set_position(lines);
        }
    };
    bar.finish_and_clear();
    done
}

fn answer<'a>(
    wanted: &[&Instrument],
    losses: impl Iterator<Item = &'a Lost>,
    facts: &RecordingFacts,
    depth: usize,
) -> Answer {
    let mut sums = Figures::default();
    for one in wanted {
        sums.add(&Figures::of(one));
    }
    let busiest = wanted.iter().max_by_key(|one| one.events);
    Answer {
        sums,
        last: busiest.and_then(|one| last(one, depth)),
        lines: facts.lines,
        refused: facts.refused,
        reasons: facts.reasons.iter().map(|&(reason, lines)| Reason { reason, lines }).collect(),
        findings: facts.findings.iter().map(finding).collect(),
        losses: losses.map(loss).collect(),
        symbols: wanted.iter().map(|one| row(one, depth)).collect(),
    }
}

fn row(one: &Instrument, depth: usize) -> Row {
    Row {
        symbol: one.symbol.to_string(),
        venue: one.feed.venue(),
        feed: one.feed.name(),
        name: one.name.clone(),
        figures: Figures::of(one),
        last: last(one, depth),
        bookless: one.bookless(),
    }
}

/// The last book; none where it was not good at the end.
fn last(one: &Instrument, depth: usize) -> Option<Last> {
    let book = one.book()?;
    let levels = |side| {
        book.levels(side).take(depth).map(|level| [level.price.to_string(), level.quantity.to_string()]).collect()
    };
    let (bids, asks) = (levels(Side::Buy), levels(Side::Sell));
    Some(Last { symbol: one.symbol.to_string(), update: one.last(), bids, asks })
}

fn loss(lost: &Lost) -> LossRow {
    let (why, expected, found) = match lost.why {
        Loss::Gap(expected, found) | Loss::Messages(expected, found) => ("gap", Some(expected), Some(found)),
        Loss::Crossed(..) => ("crossed", None, None),
        Loss::TooLarge(_) => ("too large", None, None),
    };
    let (symbol, received) = (lost.symbol.to_string(), lost.stamp.received.to_string());
    LossRow { symbol, received, why, expected, found, text: lost.why.to_string() }
}

fn finding(finding: &qframe_data::Finding) -> String {
    let (file, line) = (finding.file.as_deref().unwrap_or_default(), finding.line.unwrap_or_default());
    format!("{file}:{line}:1: {}", finding.text)
}

impl Figures {
    fn of(one: &Instrument) -> Self {
        let BookCounts { snapshots, stale_snapshots, updates, applied, late, unused, gaps, crossed, resyncs } =
            one.counts();
        Self {
            events: one.events,
            snapshots,
            gaps,
            crossed,
            resyncs,
            best_bid_ask_checked: one.checked,
            best_bid_ask_equal: one.equal,
            stale_snapshots,
            updates,
            applied,
            late,
            unused,
            trades: one.trades,
            quotes: one.quotes,
        }
    }

    fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.snapshots += other.snapshots;
        self.gaps += other.gaps;
        self.crossed += other.crossed;
        self.resyncs += other.resyncs;
        self.best_bid_ask_checked += other.best_bid_ask_checked;
        self.best_bid_ask_equal += other.best_bid_ask_equal;
        self.stale_snapshots += other.stale_snapshots;
        self.updates += other.updates;
        self.applied += other.applied;
        self.late += other.late;
        self.unused += other.unused;
        self.trades += other.trades;
        self.quotes += other.quotes;
    }
}

impl Answer {
    /// Why no book was rebuilt at all; `None` where one was.
    fn bookless(&self, files: &[PathBuf]) -> Option<String> {
        let names = files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
        let why = match self.symbols.iter().find_map(|row| row.bookless.as_deref()) {
            _ if self.symbols.iter().any(|row| row.figures.snapshots > row.figures.stale_snapshots) => return None,
            Some(why) => why,
            None => "no update of a book and no snapshot; record the depth stream, and a snapshot of it",
        };
        Some(format!("{names}: no book was rebuilt: {why}"))
    }

    fn print(&self, facts: &RecordingFacts, out: &mut impl Write) -> io::Result<()> {
        if let (Some(first), Some(last)) = (facts.first, facts.last) {
            let RecordingFacts { lines, messages, others, .. } = facts;
            writeln!(
                out,
                "{} from {first} to {last}: {}, {others} of them about no market",
                counted(*lines, "line"),
                counted(*messages, "message")
            )?;
        }
        let width = self.symbols.iter().map(|row| row.symbol.len()).max().unwrap_or(0).max(6);
        writeln!(
            out,
            "\n{:<width$}  {:>9} {:>9} {:>9} {:>6} {:>6} {:>5} {:>7} {:>7} {:>8} {:>8}",
            "symbol",
            "events",
            "updates",
            "applied",
            "late",
            "unused",
            "gaps",
            "crossed",
            "resyncs",
            "checked",
            "equal"
        )?;
        for Row { symbol, figures: of, .. } in &self.symbols {
            writeln!(
                out,
                "{symbol:<width$}  {:>9} {:>9} {:>9} {:>6} {:>6} {:>5} {:>7} {:>7} {:>8} {:>8}",
                of.events,
                of.updates,
                of.applied,
                of.late,
                of.unused,
                of.gaps,
                of.crossed,
                of.resyncs,
                of.best_bid_ask_checked,
                of.best_bid_ask_equal
            )?;
        }
        for row in &self.symbols {
            row.print(out)?;
        }
        for loss in &self.losses {
            writeln!(out, "\n{} {}: {}", loss.received, loss.symbol, loss.text)?;
        }
        for Reason { reason, lines } in &self.reasons {
            writeln!(out, "\nrefused {}: {reason}", counted(*lines, "line"))?;
        }
        self.findings.iter().take(5).try_for_each(|finding| writeln!(out, "  {finding}"))
    }
}

impl Row {
    /// The last book of an instrument, bids on the left.
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let Some(last) = &self.last else {
            let why = self.bookless.as_deref().unwrap_or("no good book at the end");
            return writeln!(out, "\n{}@{} ({}): {why}", self.symbol, self.venue, self.feed);
        };
        let update = last.update.unwrap_or_default();
        writeln!(out, "\n{}@{} ({}) after update {update}", self.symbol, self.venue, self.feed)?;
        writeln!(out, "{:>18} {:>14} | {:<14} quantity", "quantity", "bid", "ask")?;
        let empty = [String::new(), String::new()];
        for place in 0..last.bids.len().max(last.asks.len()) {
            let [bid, bid_quantity] = last.bids.get(place).unwrap_or(&empty);
            let [ask, ask_quantity] = last.asks.get(place).unwrap_or(&empty);
            let line = format!("{bid_quantity:>18} {bid:>14} | {ask:<14} {ask_quantity}");
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
