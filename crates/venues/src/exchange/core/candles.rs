//! Bars of every interval that the exchange serves, made of trades as they come.
use std::collections::VecDeque;

use qframe_model::market::{Bar, Side, Trade};
use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::time::{Span, Time, TimeFrame};

/// The most bars that are kept of an interval; the oldest go.
const KEPT: usize = 2_000;

/// A length of bars, with its name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// `1m`, `1M`.
    pub name: &'static str,
    /// Seconds; zero for a month of the calendar.
    seconds: u32,
}

const fn interval(name: &'static str, seconds: u32) -> Interval {
    Interval { name, seconds }
}

/// All of them, shortest first.
pub const INTERVALS: [Interval; 16] = [
    interval("1s", 1),
    interval("1m", 60),
    interval("3m", 180),
    interval("5m", 300),
    interval("15m", 900),
    interval("30m", 1_800),
    interval("1h", 3_600),
    interval("2h", 7_200),
    interval("4h", 14_400),
    interval("6h", 21_600),
    interval("8h", 28_800),
    interval("12h", 43_200),
    interval("1d", 86_400),
    interval("3d", 259_200),
    interval("1w", 604_800),
    interval("1M", 0),
];

/// The places of one minute and one hour among them.
const MINUTE: usize = 1;
const HOUR: usize = 6;

impl Interval {
    /// Its place in [`INTERVALS`], by its name.
    #[must_use]
    pub fn place(name: &str) -> Option<usize> {
        INTERVALS.iter().position(|interval| interval.name == name)
    }

    /// When the bar that holds `time` opens.
    #[must_use]
    pub fn open_of(self, time: Time) -> Time {
        match TimeFrame::from_seconds(self.seconds) {
            Some(frame) => frame.open_of(time),
            None => month_of(time, 0).unwrap_or(time),
        }
    }

    /// When the bar that opens at `open` is over.
    #[must_use]
    pub fn end_of(self, open: Time) -> Time {
        match TimeFrame::from_seconds(self.seconds) {
            Some(frame) => open + frame.span(),
            None => month_of(open, 1).unwrap_or(Time::MAX),
        }
    }
}

/// Midnight of the first day of the month of `time`, or of a later one.
fn month_of(time: Time, later: u32) -> Option<Time> {
    let (year, month, _) = time.date();
    let months = month - 1 + later;
    Time::from_date(year + i32::try_from(months / 12).ok()?, months % 12 + 1, 1)
}

/// One bar with what Binance tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candle {
    /// When it opens.
    pub open_time: Time,
    /// The first price.
    pub open: Price,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// The last price.
    pub close: Price,
    /// Units traded.
    pub volume: Quantity,
    /// What they were worth, in the quote asset.
    pub value: Cash,
    /// How many trades.
    pub trades: u64,
    /// Units that takers bought.
    pub taker_volume: Quantity,
    /// What those were worth.
    pub taker_value: Cash,
    /// The first trade's id.
    pub first: Option<u64>,
    /// The last trade's id.
    pub last: Option<u64>,
}

impl Candle {
    /// A bar in which nothing has happened at this price.
    const fn flat(open_time: Time, price: Price) -> Self {
        Self {
            open_time,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Quantity::ZERO,
            value: Cash::ZERO,
            trades: 0,
            taker_volume: Quantity::ZERO,
            taker_value: Cash::ZERO,
            first: None,
            last: None,
        }
    }

    fn of(open_time: Time, bar: &Bar) -> Self {
        let (high, low, close) = (bar.high, bar.low, bar.close);
        let volume = bar.volume.quantity();
        // What a bar's units were worth is not known: they are valued at its close.
        let value = close.times(volume).unwrap_or(Cash::MAX);
        Self {
            high,
            low,
            close,
            volume,
            value,
            trades: u64::from(!volume.is_zero()),
            ..Self::flat(open_time, bar.open)
        }
    }

    fn add(&mut self, next: &Self) {
        self.high = self.high.max(next.high);
        self.low = self.low.min(next.low);
        self.close = next.close;
        self.volume = self.volume.plus(next.volume).unwrap_or(Quantity::MAX);
        self.value = self.value.plus(next.value).unwrap_or(Cash::MAX);
        self.trades += next.trades;
        self.taker_volume = self.taker_volume.plus(next.taker_volume).unwrap_or(Quantity::MAX);
        self.taker_value = self.taker_value.plus(next.taker_value).unwrap_or(Cash::MAX);
        self.first = self.first.or(next.first);
        self.last = next.last.or(self.last);
    }
}

/// The bars of one product.
#[derive(Debug, Clone)]
pub struct Candles {
    series: Vec<VecDeque<Candle>>,
    /// Which have changed since [`Candles::take_changed`].
    changed: [bool; INTERVALS.len()],
    /// Bars that are over and were not told of yet.
    closed: Vec<(usize, Candle)>,
}

impl Default for Candles {
    fn default() -> Self {
        Self { series: vec![VecDeque::new(); INTERVALS.len()], changed: [false; INTERVALS.len()], closed: Vec::new() }
    }
}

impl Candles {
    /// The bars of an interval, oldest first; the last one is not over.
    #[must_use]
    pub fn of(&self, interval: usize) -> &VecDeque<Candle> {
        &self.series[interval.min(INTERVALS.len() - 1)]
    }

    /// Takes a trade in.
    pub(in crate::exchange) fn trade(&mut self, trade: &Trade) {
        let volume = trade.quantity.quantity();
        let value = trade.price.times(volume).unwrap_or(Cash::MAX);
        let taken = trade.side == Side::Buy;
        let one = Candle {
            volume,
            value,
            trades: 1,
            taker_volume: if taken { volume } else { Quantity::ZERO },
            taker_value: if taken { value } else { Cash::ZERO },
            first: Some(trade.id),
            last: Some(trade.id),
            ..Candle::flat(trade.time, trade.price)
        };
        for place in 0..INTERVALS.len() {
            self.add(place, &one);
        }
    }

    /// Takes a bar of the past in: all intervals that it fits into have it.
    pub(in crate::exchange) fn history(&mut self, frame: TimeFrame, bar: &Bar) {
        for (place, interval) in INTERVALS.iter().enumerate() {
            let fits = interval.seconds.is_multiple_of(frame.seconds()) && frame <= TimeFrame::DAY;
            if fits {
                self.add(place, &Candle::of(bar.time, bar));
            }
        }
        self.closed.clear();
        self.changed = [false; INTERVALS.len()];
    }

    /// Bars that were over by `time` are told, and bars without a trade begin at the last price.
    pub(in crate::exchange) fn advance(&mut self, time: Time) {
        for (place, interval) in INTERVALS.into_iter().enumerate() {
            let Some(last) = self.series[place].back() else { continue };
            if interval.end_of(last.open_time) <= time {
                self.open(place, interval.open_of(time));
            }
        }
    }

    /// Bars that are over since the last call, then those that have changed and are not over.
    pub(in crate::exchange) fn take_changed(&mut self) -> Vec<(usize, Candle, bool)> {
        let mut told: Vec<_> = self.closed.drain(..).map(|(place, candle)| (place, candle, true)).collect();
        for (place, changed) in std::mem::take(&mut self.changed).into_iter().enumerate() {
            if let (true, Some(candle)) = (changed, self.series[place].back()) {
                told.push((place, *candle, false));
            }
        }
        told
    }

    /// Open, high, low, close and sums of the last 24 hours, by bars of a minute or the shortest ones, up to an hour, that
    /// reach as far back; `None` before the first trade.
    #[must_use]
    pub fn day(&self, now: Time) -> Option<Candle> {
        self.since(now - Span::DAY)
    }

    /// The same from an instant on.
    #[must_use]
    pub fn since(&self, since: Time) -> Option<Candle> {
        let first = |series: &VecDeque<Candle>| series.front().map_or(Time::MAX, |bar| bar.open_time.max(since));
        let series = self.series.get(MINUTE..=HOUR)?.iter().min_by_key(|series| first(series))?;
        let mut bars = series.iter().filter(|bar| bar.open_time >= since);
        let mut sum = *bars.next().or_else(|| series.back())?;
        bars.for_each(|bar| sum.add(bar));
        Some(sum)
    }

    fn add(&mut self, place: usize, one: &Candle) {
        let open = INTERVALS[place].open_of(one.open_time);
        self.open(place, open);
        self.changed[place] = true;
        match self.series[place].back_mut() {
            // Late trades count in the bar that is open: the ones before are told.
            Some(last) if last.trades > 0 => last.add(one),
            Some(last) => *last = Candle { open_time: last.open_time, ..*one },
            None => self.series[place].push_back(Candle { open_time: open, ..*one }),
        }
    }

    /// Opens the bar at `open`, and those that were skipped on the way to it.
    fn open(&mut self, place: usize, open: Time) {
        let series = &mut self.series[place];
        let mut skipped = 0;
        while let Some(last) = series.back().copied().filter(|last| last.open_time < open) {
            let next = INTERVALS[place].end_of(last.open_time);
            // After a long silence the bars in between are more than are kept.
            skipped += 1;
            let next = if skipped > KEPT { open } else { next };
            if self.closed.len() < KEPT {
                self.closed.push((place, last));
            }
            series.push_back(Candle::flat(next, last.close));
            self.changed[place] = true;
            if series.len() > KEPT {
                series.pop_front();
            }
        }
    }
}
