//! One series of bars with what is known about it.
use std::sync::Arc;

use qframe_data::quality::{BookCheck, Market, QuoteCheck, Report, TradeCheck};
use qframe_data::samples::{self, UnknownSample};
use qframe_data::{Facts, Loaded, Pattern};
use qframe_model::currency::Currency;
use qframe_model::instrument::{Instrument, InstrumentError, Margin, Rules};
use qframe_model::market::{Bar, Tick};
use qframe_model::number::Quantity;
use qframe_model::symbol::{Symbol, SymbolParts};
use qframe_model::time::{Time, TimeFrame};

use crate::ticks::{BadTicks, Ticks};

/// Where rows came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// A file name, or the name of a bundled sample.
    pub name: String,
    /// What the reader found out, a sentence each.
    pub notes: Vec<String>,
    /// What the reader counted.
    pub facts: Facts,
    /// How good the bars are, where somebody looked.
    pub quality: Option<Report>,
    /// The id of the security, which stays where its ticker changes.
    pub security: Option<String>,
}

/// Bars of one instrument in one time frame: oldest first, times strictly rising, at least one. Cheap to clone.
#[derive(Debug, Clone)]
pub struct DataSet {
    instrument: Instrument,
    frame: TimeFrame,
    bars: Arc<Vec<Bar>>,
    /// How many of them are its own: the head of a longer series shares its rows.
    count: usize,
    hash: blake3::Hash,
    origin: Arc<Origin>,
    overlaps: bool,
    ticks: Option<Arc<Ticks>>,
}

/// Currencies of states: a pair of two of them trades by forex rules.
const FIAT: [&str; 10] = ["USD", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "NZD", "SEK", "NOK"];

/// The instrument of a symbol by the customs of its kind: coins in steps of 1e-8, shares and forex in whole units; shares
/// are quoted in dollars; listed futures have the multiplier and the tick of their rulebook, where it is known.
///
/// # Errors
/// [`InstrumentError`] where the margin rates do not go together or the contract is inverse.
pub fn customary(symbol: Symbol, lot: Option<Quantity>, margin: Margin) -> Result<Instrument, InstrumentError> {
    let fiat = |currency: Currency| FIAT.contains(&currency.as_str());
    let (is_forex, usual, hours) = match symbol.parts() {
        SymbolParts::Pair { base, quote } if fiat(base) && fiat(quote) => (true, Quantity::ONE, "forex"),
        SymbolParts::Pair { .. } | SymbolParts::Contract { .. } => (false, Quantity::from_nanos(10), "24/7"),
        SymbolParts::Listed { .. } => (false, Quantity::ONE, "NYSE"),
    };
    let rules = Rules { lot: lot.unwrap_or(usual), margin, hours, ..Rules::default() };
    let rules = match symbol.parts() {
        SymbolParts::Listed { expiry: Some(_), .. } => crate::contracts::rules(&symbol, rules),
        _ => rules,
    };
    if is_forex { Instrument::forex(symbol, rules) } else { Instrument::new(symbol, Currency::USD, rules) }
}

impl DataSet {
    /// A bundled sample, such as `BTC/USD` or `AAPL`, with the customary rules of its kind.
    ///
    /// # Errors
    /// [`UnknownSample`] with the names there are.
    pub fn sample(name: &str) -> Result<Self, UnknownSample> {
        let sample = samples::find(name)?;
        let set = sample.load().ok().and_then(|loaded| {
            let instrument = customary(sample.name.parse().ok()?, None, Margin::FULL).ok()?;
            Self::new(instrument, loaded, sample.name)
        });
        Ok(set.unwrap_or_else(|| unreachable!("a bundled sample reads: its tests passed")))
    }

    /// Bars as a reader checked them. `None` where there are none.
    #[must_use]
    pub fn new(instrument: Instrument, loaded: Loaded, name: &str) -> Option<Self> {
        let origin = Origin { name: name.to_owned(), notes: loaded.why, facts: loaded.facts, ..Origin::default() };
        Self::of(instrument, loaded.time_frame, loaded.bars, origin)
    }

    /// Bars from anywhere else. `None` where there are none, or where their times do not rise.
    #[must_use]
    pub fn of(instrument: Instrument, frame: TimeFrame, bars: Vec<Bar>, origin: Origin) -> Option<Self> {
        let rising = bars.windows(2).all(|pair| pair[0].time < pair[1].time);
        if bars.is_empty() || !rising {
            return None;
        }
        let overlaps = bars.windows(2).any(|pair| pair[1].time < pair[0].time + frame.span());
        Some(Self {
            instrument,
            frame,
            hash: hash(&bars),
            count: bars.len(),
            bars: Arc::new(bars),
            origin: Arc::new(origin),
            overlaps,
            ticks: None,
        })
    }

    /// Ticks, and the bars that they make: orders meet the ticks, and what acts on bars sees those of `frame`. A bar holds
    /// what became known while it was open; where nothing trades, prices are those half-way between bid and ask. `None`
    /// where there is no price at all.
    ///
    /// # Errors
    /// [`BadTicks`] with the first row that is out of order.
    pub fn of_ticks(
        instrument: Instrument,
        frame: TimeFrame,
        ticks: Vec<Tick>,
        mut origin: Origin,
    ) -> Result<Option<Self>, BadTicks> {
        let ticks = Ticks::new(ticks)?;
        origin.notes.extend(ticks.note());
        let Some(set) = Self::of(instrument, frame, ticks.bars(frame), origin) else { return Ok(None) };
        Ok(Some(Self { hash: ticks.hash(), ticks: Some(Arc::new(ticks)), ..set }))
    }

    /// The bars that open in `from..until`. `None` where there are none.
    #[must_use]
    pub fn between(&self, from: Time, until: Time) -> Option<Self> {
        let first = self.bars().partition_point(|bar| bar.time < from);
        let last = self.bars().partition_point(|bar| bar.time < until);
        if first == 0 && last == self.bars().len() {
            return Some(self.clone());
        }
        let bars = self.bars().get(first..last)?.to_vec();
        Self::of(self.instrument.clone(), self.frame, bars, (*self.origin).clone())
    }

    /// What was known at an instant: the bars that had closed, the ticks that came before it. `None` where there is no bar.
    pub(crate) fn known_by(&self, time: Time) -> Option<Self> {
        if self.ticks.is_some() {
            return self.of_these(|tick| tick.received() < time);
        }
        let begun = self.bars().partition_point(|bar| bar.time <= time);
        let last = begun.checked_sub(1)?;
        self.head(if self.closes(last) <= time { begun } else { last })
    }

    /// What had begun by an instant, known or not: bars that had opened, ticks that had happened.
    pub(crate) fn begun_by(&self, time: Time) -> Option<Self> {
        if self.ticks.is_some() {
            return self.of_these(|tick| tick.time() <= time);
        }
        self.head(self.bars().partition_point(|bar| bar.time <= time))
    }

    /// The first bars. They are shared and not read, so the hash is made of the whole's and their number.
    fn head(&self, count: usize) -> Option<Self> {
        if count == 0 || count == self.count {
            return (count > 0).then(|| self.clone());
        }
        let hash = blake3::keyed_hash(self.hash.as_bytes(), &(count as u64).to_le_bytes());
        Some(Self { count, hash, ..self.clone() })
    }

    /// Some of the ticks with the bars that they make, under a hash as of [`DataSet::head`].
    fn of_these(&self, keep: impl Fn(&Tick) -> bool) -> Option<Self> {
        let rows: Vec<Tick> = self.ticks()?.rows().iter().filter(|tick| keep(tick)).copied().collect();
        let hash = blake3::keyed_hash(self.hash.as_bytes(), &(rows.len() as u64).to_le_bytes());
        let ticks = Ticks::new(rows).ok()?;
        let bars = ticks.bars(self.frame);
        let (count, bars) = (bars.len(), Arc::new(bars));
        (count > 0).then(|| Self { count, bars, hash, ticks: Some(Arc::new(ticks)), ..self.clone() })
    }

    /// True where orders meet ticks, and the bars only inform.
    #[must_use]
    pub const fn is_of_ticks(&self) -> bool {
        self.ticks.is_some()
    }

    /// True where orders meet quotes or a book.
    #[must_use]
    pub fn has_book(&self) -> bool {
        self.ticks().is_some_and(Ticks::have_book)
    }

    /// The ticks, where orders are matched on them.
    pub(crate) fn ticks(&self) -> Option<&Ticks> {
        self.ticks.as_deref()
    }

    /// The same bars, of a security that has an id.
    #[must_use]
    pub fn of_security(self, id: Option<String>) -> Self {
        Self { origin: Arc::new(Origin { security: id, ..(*self.origin).clone() }), ..self }
    }

    /// The same bars, with what was found to be wrong with them. What is absent by the hours of a market takes the place of
    /// what the reader counted, which knows no holidays.
    #[must_use]
    pub fn judged(self, quality: Report) -> Self {
        let mut origin = (*self.origin).clone();
        if matches!(quality.gaps.pattern, Pattern::Hours(_)) {
            origin.facts.gaps = quality.gaps;
        }
        origin.quality = Some(quality);
        Self { origin: Arc::new(origin), ..self }
    }

    /// What is wrong with its ticks, each reason with the kind of rows that it is about; `None` where orders meet bars.
    #[must_use]
    pub fn check_ticks(&self, market: &Market) -> Option<Report> {
        let ticks = self.ticks()?;
        let (mut trades, mut quotes, mut book) =
            (TradeCheck::new(market), QuoteCheck::new(market), BookCheck::new(market));
        for tick in ticks.rows() {
            match tick {
                Tick::Trade(trade) => trades.push(trade),
                Tick::Quote(quote) => quotes.push(quote),
                Tick::Book(delta) => book.push(delta),
            }
        }
        let reports = [(trades.finish(), "trades"), (quotes.finish(), "quotes"), (book.finish(), "book")];
        let of = |(report, kind): (Report, &str)| Report {
            reasons: report.reasons.iter().map(|reason| format!("{reason}, {kind}")).collect(),
            ..report
        };
        reports.into_iter().filter(|(report, _)| report.rows > 0).map(of).reduce(Report::beside)
    }

    /// What trades.
    #[must_use]
    pub const fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// The length of a bar.
    #[must_use]
    pub const fn frame(&self) -> TimeFrame {
        self.frame
    }

    /// The rows.
    #[must_use]
    pub fn bars(&self) -> &[Bar] {
        &self.bars[..self.count]
    }

    /// When a bar closes: after its frame, or when the next one opens where that is earlier. A day on which the clocks
    /// change has 23 hours.
    pub(crate) fn closes(&self, place: usize) -> Time {
        let closes = self.bars()[place].time + self.frame.span();
        self.bars().get(place + 1).map_or(closes, |next| closes.min(next.time))
    }

    /// True where a bar opens before the one before it is as long as the frame says: that one closes early.
    pub(crate) const fn overlaps(&self) -> bool {
        self.overlaps
    }

    /// The rows, and behind a head those of the whole.
    pub(crate) fn shared_bars(&self) -> Arc<Vec<Bar>> {
        Arc::clone(&self.bars)
    }

    /// Where they came from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// BLAKE3 over the rows: equal where and only where all rows are.
    #[must_use]
    pub const fn hash(&self) -> blake3::Hash {
        self.hash
    }
}

/// Six little-endian words a bar, in the order of its fields.
fn hash(bars: &[Bar]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut bytes = Vec::with_capacity(1024 * 48);
    for block in bars.chunks(1024) {
        bytes.clear();
        for bar in block {
            for price in [bar.time.nanos(), bar.open.nanos(), bar.high.nanos(), bar.low.nanos(), bar.close.nanos()] {
                bytes.extend_from_slice(&price.to_le_bytes());
            }
            bytes.extend_from_slice(&bar.volume.bits().to_le_bytes());
        }
        hasher.update(&bytes);
    }
    hasher.finalize()
}
