//! Text files of bars. Two paths read a row: [`fast`] knows plain rows and gives up on anything else, [`careful`] reads
//! everything that is accepted at all and says what is wrong with the rest.
mod calendar;
pub(crate) mod careful;
pub(crate) mod clock;
pub(crate) mod columns;
mod dialect;
mod every;
mod fast;
pub(crate) mod fields;
mod figures;
mod latency;
pub(crate) mod mark;
pub(crate) mod number;
mod page;
mod rates;
pub(crate) mod source;
pub(crate) mod stamp;
pub(crate) mod tape;
mod wide;
mod write;

use std::io::Read;
use std::path::Path;

use qframe_model::time::TimeFrame;

pub use calendar::{Calendar, CalendarKind, read_calendar, read_calendar_from};
pub(crate) use every::{Every, Seen, every_row, every_row_from};
pub use figures::{FigureColumn, Figures, read_figures, read_figures_from};
pub use latency::{Latencies, read_latencies, read_latencies_from};
pub use rates::{Rates, read_rates, read_rates_from};
pub(crate) use tape::{common_step, frame_of};
pub use wide::{Wide, is_wide, read_wide, read_wide_from};
pub use write::{header, write_bars, write_rows};

use crate::error::{DataError, FileFault};
use crate::loaded::Loaded;
pub(crate) use source::open;
use source::{Block, Blocks};
use tape::Tape;

/// How to read a file. The default takes any known dialect and stops at the first bad row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options<'a> {
    /// The length of a bar; none: the most common step between rows.
    pub time_frame: Option<TimeFrame>,
    /// What to do with a row that is no bar.
    pub on_bad_row: OnBadRow,
    /// Whether one file may mix offsets from UTC.
    pub offsets: Offsets,
    /// For a file with no open, high and low: the column that holds the closes. Each bar is then flat, with no volume.
    pub close_column: Option<&'a str>,
}

/// What to do with a row that is no bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBadRow {
    /// Refuse the file.
    #[default]
    Stop,
    /// Pass over the row and count it by reason. Mixed offsets and mixed epoch units still refuse the file: they say
    /// that its times are not understood.
    Skip,
}

/// Whether one file may mix offsets from UTC, as exports in local time do around the changes of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Offsets {
    /// One offset a file: a mixture is often two files pasted together.
    #[default]
    One,
    /// Each time is turned into UTC by its own offset.
    Mixed,
}

/// Reads a file of bars, plain or gzip.
///
/// # Errors
/// [`DataError`]: no such file, no text, no known columns; or the first row that is no bar, unless bad rows are skipped.
pub fn read_bars(path: impl AsRef<Path>, options: &Options<'_>) -> Result<Loaded, DataError> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let (file, bytes) = open(path).map_err(|fault| fault.in_file(&name, 1))?;
    read(file, Some(bytes), &name, options)
}

/// Reads bars from anything that yields the bytes of such a file; `name` stands in messages where a path would.
///
/// # Errors
/// As [`read_bars`].
pub fn read_bars_from(reader: impl Read, name: &str, options: &Options<'_>) -> Result<Loaded, DataError> {
    read(reader, None, name, options)
}

/// `bytes`: the length of the input, where it is known; it only saves memory.
fn read(reader: impl Read, bytes: Option<u64>, name: &str, options: &Options<'_>) -> Result<Loaded, DataError> {
    let refused = |fault: FileFault, line| fault.in_file(name, line);
    let mut blocks = Blocks::new(reader, name).map_err(|fault| refused(fault, 1))?;
    let bytes = bytes.filter(|_| !blocks.is_gzip());
    let first = blocks.next().map_err(|fault| refused(fault, 1))?.ok_or_else(|| refused(FileFault::Empty, 1))?;
    let found = dialect::find(first.lines(), options.close_column).map_err(|(fault, line)| refused(fault, line))?;
    let mut tape = Tape::new(found.dialect, name, *options);
    let rest = Block { text: first.text, start: first.start + found.length, end: first.end };
    tape.take(&rest)?;
    tape.reserve(bytes, rest.end - rest.start);
    while let Some(block) = blocks.next().map_err(|fault| refused(fault, tape.next_line()))? {
        tape.take(&block)?;
    }
    tape.finish()
}

/// A line as messages show it: not all of an endless one.
fn text_of(line: &[u8]) -> String {
    String::from_utf8_lossy(&line[..line.len().min(400)]).into_owned()
}

/// A name with a sign in the place of every control character, which would speak to a terminal.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { char::REPLACEMENT_CHARACTER } else { sign }).collect()
}
