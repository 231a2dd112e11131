//! The replay: rows of recorded markets at their own pace, at a faster one, or as fast as listeners take them.
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use qframe_data::book::{MarkRow, Recording, read_marks};
use qframe_data::{BadFile, DataError, FileFault};
use qframe_model::market::Tick;
use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::symbol::{Symbol, SymbolParts};
use qframe_model::time::{Span, Time};

use tokio::time::Instant;

use super::Shared;
use crate::exchange::core::Product;
use crate::exchange::usdm::Mark;

/// One row of a market, by the number of its product.
pub type Row = (usize, Tick);

/// Rows in the order in which they became known. An error ends them.
pub type Source = Box<dyn Iterator<Item = Result<Row, String>> + Send>;

/// Quote assets that are worth about a dollar each.
const DOLLARS: [&str; 10] = ["USD", "USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDP", "DAI", "EUR", "GBP"];

/// How fast a replay goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// So many times as fast as it happened.
    Times(u32),
    /// As fast as the slowest listener takes it.
    Max,
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let times =
            text.strip_suffix('x').and_then(|times| times.parse().ok()).filter(|times| (1..=100_000).contains(times));
        match (text, times) {
            ("max", _) => Ok(Self::Max),
            (_, Some(times)) => Ok(Self::Times(times)),
            _ => Err("expected 1x, 10x (up to 100000x) or max".to_owned()),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(times) => write!(f, "{times}x"),
            Self::Max => f.write_str("max"),
        }
    }
}

/// Where a replay stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows so far.
    pub rows: u64,
    /// True where there are no more.
    pub over: bool,
    /// Why it ended before its end.
    pub fault: Option<String>,
}

/// What a recording has to play.
pub struct Recorded {
    /// With ticks and lots as its rows have them; none where nothing in it can be played.
    pub products: Vec<Product>,
    /// Its rows.
    pub rows: Source,
    /// Lines of it that are refused.
    pub refused: u64,
    /// When its last row was received.
    pub last: Time,
}

/// Looks a recording through. `traded`: as what; none: each as what it is. `min_notional`: the least an order may be worth;
/// none: what is usual ([`Traded::product`]).
///
/// # Errors
/// [`DataError`] where it cannot be read.
pub fn recorded(path: &Path, traded: Option<Traded>, min_notional: Option<Cash>) -> Result<Recorded, DataError> {
    let files = files(path)?;
    let mut first = Recording::open(&files)?;
    let (mut steps, mut last): (Vec<[i128; 2]>, _) = (Vec::new(), Time::MIN);
    first.read(|place, tick| {
        last = last.max(tick.received());
        if steps.len() <= place {
            steps.resize(place + 1, [0; 2]);
        }
        measure(&mut steps[place], &tick);
    })?;
    let (mut products, mut places) = (Vec::new(), Vec::new());
    for (place, instrument) in first.books().instruments().iter().enumerate() {
        let [tick, lot] = steps.get(place).copied().unwrap_or_default().map(decimal_step);
        let tick = Price::from_nanos(i64::try_from(tick).unwrap_or(1));
        let trades_are_sums = instrument.last_trade().is_none_or(|(_, sums)| sums);
        let traded = traded.unwrap_or_else(|| Traded::own(&instrument.symbol));
        let product = traded.product(&instrument.symbol, tick, Quantity::from_nanos(lot), min_notional);
        let product = product.map(|product| Product { trades_are_sums, ..product });
        places.push(product.map(|product| {
            products.push(product);
            products.len() - 1
        }));
    }
    if steps.iter().all(|[price, _]| *price == 0) {
        // Nothing in it can be played.
        products.clear();
    }
    let refused = first.facts().refused;
    let mut recording = Recording::open(&files)?;
    let (mut fresh, mut ended) = (std::collections::VecDeque::new(), false);
    let rows = std::iter::from_fn(move || {
        while fresh.is_empty() && !ended {
            match recording.step(|place, tick| {
                if let Some(product) = places.get(place).copied().flatten() {
                    fresh.push_back(Ok((product, tick)));
                }
            }) {
                Ok(more) => ended = !more,
                Err(error) => {
                    ended = true;
                    fresh.push_back(Err(format!("{error:#}")));
                }
            }
        }
        fresh.pop_front()
    });
    Ok(Recorded { products, rows: Box::new(rows), refused, last })
}

/// The most mark prices of a recording that are played: a month of one a second.
const MARKS: usize = 2_700_000;

/// The mark prices of a recording by the places of `products`, and how many more than can be played.
///
/// # Errors
/// [`DataError`] where it cannot be read.
pub fn recorded_marks(path: &Path, products: &[Product]) -> Result<(Vec<Vec<Mark>>, u64), DataError> {
    let mut marks: Vec<Vec<Mark>> = vec![Vec::new(); products.len()];
    let (mut known, mut more) = (0, 0);
    for file in files(path)? {
        let (rows, beyond) = read_marks(file, MARKS - known)?;
        (known, more) = (known + rows.len(), more + beyond);
        for MarkRow { symbol, time, price, rate, due } in rows {
            if let Some(place) = products.iter().position(|product| product.symbol == symbol) {
                marks[place].push(Mark { time, price, rate, due });
            }
        }
    }
    marks.iter_mut().for_each(|marks| marks.sort_by_key(|mark| mark.time));
    Ok((marks, more))
}

/// The files of a recording: itself, or those of a folder, one for each connection.
fn files(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let unreadable = |error: std::io::Error| {
        let (file, fault) = (path.display().to_string(), FileFault::Unreadable(error.to_string()));
        DataError::File(Box::new(BadFile { file, line: 0, fault }))
    };
    let entries = std::fs::read_dir(path).and_then(Iterator::collect::<std::io::Result<Vec<_>>>).map_err(unreadable)?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    Ok(files)
}

/// What a recorded market is traded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traded {
    /// As a pair; a perpetual becomes the pair of its name: only its prices are played.
    Spot,
    /// As a perpetual; a pair becomes the perpetual of its name.
    Perpetual,
}

impl Traded {
    /// As what a market is traded where nothing else is said: as what it is.
    #[must_use]
    pub fn own(symbol: &Symbol) -> Self {
        match symbol.parts() {
            SymbolParts::Contract { .. } => Self::Perpetual,
            _ => Self::Spot,
        }
    }

    /// A market as it is traded; `None` for what is neither pair nor perpetual. Where nobody says what an order must be worth
    /// at least, it is 5 of a quote asset that is worth about a dollar, and nothing of another.
    #[must_use]
    pub fn product(self, symbol: &Symbol, tick: Price, lot: Quantity, min_notional: Option<Cash>) -> Option<Product> {
        let pair = symbol.as_str().split(['@', ':']).next()?;
        let is_dollar = |quote: &str| DOLLARS.contains(&quote);
        let usual = match symbol.parts() {
            SymbolParts::Pair { quote, .. } | SymbolParts::Contract { quote, .. } if is_dollar(quote.as_str()) => {
                Cash::whole(5)
            }
            _ => Cash::ZERO,
        };
        let min_notional = min_notional.unwrap_or(usual);
        match (self, symbol.parts()) {
            (Self::Spot, _) => Product::new(&pair.parse().ok()?, tick, lot, min_notional),
            (Self::Perpetual, SymbolParts::Pair { quote, .. }) => {
                Product::perpetual(&format!("{pair}:{quote}").parse().ok()?, tick, lot, min_notional)
            }
            (Self::Perpetual, _) => Product::perpetual(symbol, tick, lot, min_notional),
        }
    }
}

/// The greatest step that all prices, and all quantities, are multiples of.
pub fn measure([price, quantity]: &mut [i128; 2], tick: &Tick) {
    let mut level = |p: Price, q: Quantity| {
        *price = gcd(*price, p.nanos().into());
        *quantity = gcd(*quantity, q.nanos());
    };
    match tick {
        Tick::Trade(trade) => level(trade.price, trade.quantity.quantity()),
        Tick::Quote(quote) => {
            level(quote.bid.price, quote.bid.quantity.quantity());
            level(quote.ask.price, quote.ask.quantity.quantity());
        }
        Tick::Book(delta) => {
            if let qframe_model::market::BookChange::Level(_, one) = delta.change {
                level(one.price, one.quantity.quantity());
            }
        }
    }
}

/// The largest power of ten of nanos that divides a step: exchanges count in those.
#[must_use]
pub fn decimal_step(step: i128) -> i128 {
    let mut power = 1;
    while step != 0 && step % (power * 10) == 0 && power < 1_000_000_000 {
        power *= 10;
    }
    power
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Rows that belong together: the changes of one update of a book.
pub(super) struct Updates {
    source: Source,
}

impl Updates {
    pub(super) fn new(source: Source) -> Self {
        Self { source }
    }
}

impl Iterator for Updates {
    type Item = Result<Vec<Row>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut rows = Vec::new();
        for row in self.source.by_ref() {
            match row {
                Err(error) => return Some(Err(error)),
                Ok(row) => {
                    let is_whole = !matches!(row.1, Tick::Book(delta) if !delta.last);
                    rows.push(row);
                    if is_whole {
                        break;
                    }
                }
            }
        }
        (!rows.is_empty()).then_some(Ok(rows))
    }
}

/// How long a listener may hold up a replay without a clock.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest that a replay sleeps at a time.
const NAP: Duration = Duration::from_millis(50);

/// Plays updates into the exchange until they end or `stop` is set.
pub(super) fn play(shared: &Shared, updates: Updates, speed: Speed, waits: bool, stop: &Arc<AtomicBool>) {
    let stopped = || stop.load(Ordering::Relaxed);
    while waits && !shared.lock().hub.is_listened_to() && !stopped() {
        thread::sleep(Duration::from_millis(2));
    }
    let mut began: Option<(Instant, Time)> = None;
    for update in updates {
        let rows = match update {
            Ok(rows) => rows,
            Err(fault) => {
                shared.lock().progress.fault = Some(fault);
                break;
            }
        };
        let Some(received) = rows.first().map(|(_, tick)| tick.received()) else { continue };
        let (start, first) = *began.get_or_insert_with(|| (Instant::now(), received));
        match speed {
            Speed::Max => catch_up(shared, &stopped),
            Speed::Times(times) => {
                let nanos = u64::try_from(received.since(first).nanos()).unwrap_or(0) / u64::from(times);
                sleep_until(shared, start + Duration::from_nanos(nanos), times, &stopped);
            }
        }
        if stopped() {
            return;
        }
        shared.lock().feed(&rows);
    }
    let mut state = shared.lock();
    state.progress.over = true;
    // What the last second brought is told.
    let now = state.venue.now();
    state.pass(now + Span::SECOND);
}

/// Waits for those who listen; who does not move is cut.
fn catch_up(shared: &Shared, stopped: &impl Fn() -> bool) {
    let since = Instant::now();
    while shared.lock().hub.is_crowded() && !stopped() {
        if since.elapsed() > PATIENCE {
            shared.lock().hub.cut_crowded();
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Sleeps, and lets the exchange's clock go on meanwhile.
fn sleep_until(shared: &Shared, due: Instant, times: u32, stopped: &impl Fn() -> bool) {
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() || stopped() {
            return;
        }
        let nap = left.min(NAP);
        thread::sleep(nap);
        if left > NAP {
            let passed = i64::try_from(nap.as_nanos()).unwrap_or(0).saturating_mul(times.into());
            let mut state = shared.lock();
            let now = state.venue.now();
            state.pass(now + Span::from_nanos(passed));
        }
    }
}
