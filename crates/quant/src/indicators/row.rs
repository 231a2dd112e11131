//! What goes in and what comes out: rows, columns of rows, series of results.

use std::fmt;

/// One observation that an indicator reads.
pub trait Row: Copy + 'static {
    /// A batch of them: one slice a column.
    type Columns<'a>: Columns<Row = Self>;
}

/// A batch of rows, one slice a column, all of one length.
pub trait Columns: Copy {
    /// What one index of all the columns makes.
    type Row;

    /// Number of rows.
    fn count(self) -> usize;

    /// The first `at` rows (all, if there are fewer) and the rest.
    fn divide(self, at: usize) -> (Self, Self);

    /// The rows in order.
    fn rows(self) -> impl Iterator<Item = Self::Row>;
}

impl Row for f64 {
    type Columns<'a> = &'a [f64];
}

impl Columns for &[f64] {
    type Row = f64;

    fn count(self) -> usize {
        self.len()
    }

    fn divide(self, at: usize) -> (Self, Self) {
        self.split_at(at.min(self.len()))
    }

    #[inline]
    fn rows(self) -> impl Iterator<Item = f64> {
        self.iter().copied()
    }
}

/// One bar as numbers: prices in quote currency, volume in base units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Ohlcv {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Traded quantity, 0 or more.
    pub volume: f64,
}

impl Ohlcv {
    /// (high + low + close) / 3.
    #[inline]
    #[must_use]
    pub fn typical(self) -> f64 {
        (self.high + self.low + self.close) / 3.0
    }

    /// (high + low + 2 × close) / 4.
    #[inline]
    #[must_use]
    pub fn weighted(self) -> f64 {
        (self.high + self.low + self.close * 2.0) / 4.0
    }

    /// (high + low) / 2.
    #[inline]
    #[must_use]
    pub fn median(self) -> f64 {
        f64::midpoint(self.high, self.low)
    }
}

/// Bars as five columns of one length.
#[derive(Debug, Clone, Copy)]
pub struct Bars<'a> {
    pub(super) open: &'a [f64],
    pub(super) high: &'a [f64],
    pub(super) low: &'a [f64],
    pub(super) close: &'a [f64],
    pub(super) volume: &'a [f64],
}

/// Columns of different lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LengthError {
    /// Name of the column that differs from the first.
    pub column: &'static str,
    /// Its length.
    pub length: usize,
    /// Length of the first column.
    pub expected: usize,
}

impl fmt::Display for LengthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {} has {} rows; expected {}, as in the first column", self.column, self.length, self.expected)
    }
}

impl std::error::Error for LengthError {}

fn same(column: &'static str, length: usize, expected: usize) -> Result<(), LengthError> {
    if length == expected { Ok(()) } else { Err(LengthError { column, length, expected }) }
}

impl<'a> Bars<'a> {
    /// Five columns seen as bars.
    ///
    /// # Errors
    /// [`LengthError`] names the first column whose length is not that of `open`.
    pub fn new(
        open: &'a [f64],
        high: &'a [f64],
        low: &'a [f64],
        close: &'a [f64],
        volume: &'a [f64],
    ) -> Result<Self, LengthError> {
        for (name, column) in [("high", high), ("low", low), ("close", close), ("volume", volume)] {
            same(name, column.len(), open.len())?;
        }
        Ok(Self { open, high, low, close, volume })
    }

    /// First prices.
    #[must_use]
    pub fn open(&self) -> &'a [f64] {
        self.open
    }

    /// Highest prices.
    #[must_use]
    pub fn high(&self) -> &'a [f64] {
        self.high
    }

    /// Lowest prices.
    #[must_use]
    pub fn low(&self) -> &'a [f64] {
        self.low
    }

    /// Last prices.
    #[must_use]
    pub fn close(&self) -> &'a [f64] {
        self.close
    }

    /// Traded quantities.
    #[must_use]
    pub fn volume(&self) -> &'a [f64] {
        self.volume
    }
}

impl Row for Ohlcv {
    type Columns<'a> = Bars<'a>;
}

impl Columns for Bars<'_> {
    type Row = Ohlcv;

    fn count(self) -> usize {
        self.open.len()
    }

    fn divide(self, at: usize) -> (Self, Self) {
        let (open, open_rest) = self.open.divide(at);
        let (high, high_rest) = self.high.divide(at);
        let (low, low_rest) = self.low.divide(at);
        let (close, close_rest) = self.close.divide(at);
        let (volume, volume_rest) = self.volume.divide(at);
        let rest = Self { open: open_rest, high: high_rest, low: low_rest, close: close_rest, volume: volume_rest };
        (Self { open, high, low, close, volume }, rest)
    }

    #[inline]
    fn rows(self) -> impl Iterator<Item = Ohlcv> {
        // One index over slices of one length: nested zips would keep an index each.
        let count = self.open.len();
        let (high, low, close, volume) =
            (&self.high[..count], &self.low[..count], &self.close[..count], &self.volume[..count]);
        let open = self.open;
        (0..count).map(move |at| Ohlcv {
            open: open[at],
            high: high[at],
            low: low[at],
            close: close[at],
            volume: volume[at],
        })
    }
}

/// Two series side by side, as correlation and beta read them.
#[derive(Debug, Clone, Copy)]
pub struct Pairs<'a> {
    pub(super) left: &'a [f64],
    pub(super) right: &'a [f64],
}

impl<'a> Pairs<'a> {
    /// Two columns seen as pairs.
    ///
    /// # Errors
    /// [`LengthError`] when the columns differ in length.
    pub fn new(left: &'a [f64], right: &'a [f64]) -> Result<Self, LengthError> {
        same("right", right.len(), left.len())?;
        Ok(Self { left, right })
    }

    /// First of each pair.
    #[must_use]
    pub fn left(&self) -> &'a [f64] {
        self.left
    }

    /// Second of each pair.
    #[must_use]
    pub fn right(&self) -> &'a [f64] {
        self.right
    }
}

impl Row for (f64, f64) {
    type Columns<'a> = Pairs<'a>;
}

impl Columns for Pairs<'_> {
    type Row = (f64, f64);

    fn count(self) -> usize {
        self.left.len()
    }

    fn divide(self, at: usize) -> (Self, Self) {
        let (left, left_rest) = self.left.divide(at);
        let (right, right_rest) = self.right.divide(at);
        (Self { left, right }, Self { left: left_rest, right: right_rest })
    }

    #[inline]
    fn rows(self) -> impl Iterator<Item = (f64, f64)> {
        self.left.iter().copied().zip(self.right.iter().copied())
    }
}

/// Bars with the number of the session each belongs to.
#[derive(Debug, Clone, Copy)]
pub struct SessionBars<'a> {
    sessions: &'a [i64],
    bars: Bars<'a>,
}

impl<'a> SessionBars<'a> {
    /// A session number for every bar.
    ///
    /// # Errors
    /// [`LengthError`] when there are not as many session numbers as bars.
    pub fn new(sessions: &'a [i64], bars: Bars<'a>) -> Result<Self, LengthError> {
        same("sessions", sessions.len(), bars.count())?;
        Ok(Self { sessions, bars })
    }
}

impl Row for (i64, Ohlcv) {
    type Columns<'a> = SessionBars<'a>;
}

impl Columns for SessionBars<'_> {
    type Row = (i64, Ohlcv);

    fn count(self) -> usize {
        self.sessions.len()
    }

    fn divide(self, at: usize) -> (Self, Self) {
        let (sessions, sessions_rest) = self.sessions.split_at(at.min(self.sessions.len()));
        let (bars, bars_rest) = self.bars.divide(at);
        (Self { sessions, bars }, Self { sessions: sessions_rest, bars: bars_rest })
    }

    fn rows(self) -> impl Iterator<Item = (i64, Ohlcv)> {
        self.sessions.iter().copied().zip(self.bars.rows())
    }
}

/// What a batch yields: `values[k]` belongs to input `first + k`. Nothing is padded.
#[derive(Debug, Clone, PartialEq)]
pub struct Series<T> {
    /// Index of the first input that has a value.
    pub first: usize,
    /// One value for each input from there on.
    pub values: Vec<T>,
}

impl<T: Copy> Series<T> {
    /// The value at an input, `None` in the warm-up or past the end.
    #[must_use]
    pub fn at(&self, input: usize) -> Option<T> {
        self.values.get(input.checked_sub(self.first)?).copied()
    }
}
