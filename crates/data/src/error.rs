//! Every way a file can be refused. A message says where, what stood there, what was expected and what to try.
use std::fmt;

use qframe_model::count::counted;
use qframe_model::time::TimeFrame;

use crate::bad_row::BadRow;

/// Why there are no bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataError {
    /// The file as a whole.
    File(Box<BadFile>),
    /// A row is no bar.
    Row(Box<BadRow>),
    /// A row of a calendar is none.
    Entry(Box<BadRow>),
    /// Bad rows were to be passed over, and no row was good: how many there were, and the first.
    NoGoodRow(u64, Box<BadRow>),
}

/// A file and why it gives no bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFile {
    /// The file as it was named.
    pub file: String,
    /// The line in question, from 1.
    pub line: u64,
    /// What is wrong.
    pub fault: FileFault,
}

/// Why a file as a whole gives no bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFault {
    /// There is no such file.
    Missing,
    /// The path is a directory.
    Directory,
    /// The system does not let us read it.
    Denied,
    /// Something that may never end, such as `/dev/zero`.
    Device,
    /// Reading failed; the system's words.
    Unreadable(String),
    /// Nothing in it.
    Empty,
    /// A header, as it stands, and no row.
    HeaderOnly(String),
    /// Named `.gz` and of no length: a download that never began.
    EmptyGzip,
    /// The compressed stream stops before its end: a download that broke off.
    TruncatedGzip,
    /// The compressed stream is whole, and what follows it is no gzip data.
    BehindGzip,
    /// The compressed stream is damaged; the decoder's words.
    CorruptGzip(String),
    /// Text of 16-bit units, in this byte order.
    Utf16(&'static str),
    /// No rows of text, but this.
    NotCsv(&'static str),
    /// A zero byte, which no text holds: its line and its column, from 1.
    ZeroByte(u64, u64),
    /// Lines that end in a carriage return alone, as old Macs wrote them.
    CarriageReturns,
    /// A line longer than so many bytes; no more of it was read.
    LineTooLong(usize),
    /// The first lines name no columns that hold bars: those seen, and those that are absent.
    UnknownColumns(Vec<String>, Vec<&'static str>),
    /// The first line names no columns of a calendar: those seen, and a header with those expected.
    UnknownCalendar(Vec<String>, &'static str),
    /// The first line has a time and no one column of figures beside it: the name that was asked for, and those seen.
    NoFigure(Option<String>, Vec<String>),
    /// Two columns of prices have this name.
    NameTwice(String),
    /// This column of prices, counted from 1, has no name.
    NoName(usize),
    /// The rows do not tell their time frame, and none was given: what they tell.
    NoTimeFrame(String),
    /// The time frame given, and the closer step between the rows.
    OtherTimeFrame(TimeFrame, String),
    /// No message of an exchange in so many lines, and what was said of the first.
    NoMessages(u64, String),
    /// Several instruments, and none was named.
    SeveralSymbols(Vec<String>),
    /// No such instrument; those that are there.
    NoSuchSymbol(String, Vec<String>),
}

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            FileFault::Missing
            | FileFault::Directory
            | FileFault::Device
            | FileFault::Denied
            | FileFault::EmptyGzip => {
                write!(f, "{}: {}", self.file, self.fault)
            }
            FileFault::ZeroByte(line, column) => write!(f, "{}:{line}:{column}: {}", self.file, self.fault),
            fault => write!(f, "{}:{}:1: {fault}", self.file, self.line),
        }
    }
}

const BEHIND_GZIP: &str =
    "the gzip data is whole and something else follows it; download it again, or keep what gzip -dc gives";

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no such file; check the path"),
            Self::Directory => f.write_str("a directory; expected one file, name one in it"),
            Self::Device => f.write_str("a device; write what comes out of it to a file first"),
            Self::Denied => f.write_str("no permission to read it; check its owner and mode"),
            Self::Unreadable(reason) => write!(f, "reading failed: {reason}; try again, then check the disk"),
            Self::Empty => f.write_str("empty; expected a header and rows, is the export complete?"),
            Self::HeaderOnly(header) => write!(f, "the header {header:?} and no row; is the export complete?"),
            Self::EmptyGzip => f.write_str("zero bytes; expected gzip data, download it again"),
            Self::TruncatedGzip => f.write_str("the gzip data breaks off here; download it again"),
            Self::BehindGzip => f.write_str(BEHIND_GZIP),
            Self::CorruptGzip(reason) => write!(f, "the gzip data is damaged here ({reason}); download it again"),
            Self::Utf16(order) => write!(f, "UTF-16 text ({order}); expected UTF-8, save it as UTF-8"),
            Self::NotCsv(kind) => write!(f, "{kind}; expected rows of text, export it as CSV"),
            Self::ZeroByte(..) => f.write_str("a zero byte, as in binary data; expected text, export it as CSV"),
            Self::CarriageReturns => f.write_str("line ends of CR alone; expected LF or CRLF, save it with those"),
            Self::LineTooLong(limit) => {
                write!(
                    f,
                    "a line of over {limit} bytes, as no row is; expected one row a line, is a line end missing in it?"
                )
            }
            Self::UnknownColumns(seen, absent) => write!(
                f,
                "no column for {} among {seen:?}; expected a header such as time,open,high,low,close,volume: \
                 rename the columns",
                absent.join(", "),
            ),
            Self::NoTimeFrame(found) => {
                write!(f, "{found}: no time frame to see; expected rows in steps of whole seconds, up to 366 days")
            }
            Self::UnknownCalendar(seen, expected) => {
                write!(f, "no such columns among {seen:?}; expected a header such as {expected}: rename the columns")
            }
            Self::NoFigure(Some(name), seen) => write!(f, "no column {name:?} among {seen:?}"),
            Self::NoFigure(None, seen) => {
                write!(f, "no one column of figures among {seen:?}; expected such as time,equity or date,return")
            }
            Self::NoName(column) => write!(f, "column {column} has no name; expected a name an asset"),
            Self::NameTwice(name) => {
                write!(f, "two columns are called {name:?}; expected a name an asset: rename one")
            }
            Self::NoMessages(lines, first) => {
                write!(
                    f,
                    "no message of an exchange in {}: {first}; expected a recorded stream",
                    counted(*lines, "line")
                )
            }
            Self::SeveralSymbols(names) => {
                let first = names.first().map_or("SYMBOL", String::as_str);
                write!(f, "several instruments: {}; name one before the file, such as {first}=FILE", names.join(", "))
            }
            Self::NoSuchSymbol(wanted, names) => write!(f, "no message of {wanted}; there are {}", names.join(", ")),
            Self::OtherTimeFrame(given, found) => {
                write!(f, "rows lie {found} apart, the time frame given is {given}; give the file's own, then resample")
            }
        }
    }
}

/// An option of the reader that takes what it refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// [`OnBadRow::Skip`](crate::OnBadRow::Skip).
    SkipBadRows,
    /// [`Offsets::Mixed`](crate::Offsets::Mixed).
    MixOffsets,
    /// [`Options::close_column`](crate::Options::close_column).
    CloseColumn,
    /// [`Options::time_frame`](crate::Options::time_frame).
    TimeFrame,
    /// [`FigureColumn::Named`](crate::FigureColumn::Named).
    Figure,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SkipBadRows => "pass over bad rows (on_bad_row: Skip)",
            Self::MixOffsets => "take each offset at its word (offsets: Mixed)",
            Self::CloseColumn => "name one of closes (close_column)",
            Self::TimeFrame => "give the time frame (time_frame)",
            Self::Figure => "name the one that is meant (FigureColumn::Named)",
        })
    }
}

impl DataError {
    /// The option that takes what was refused, where there is one.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::File(file) => match file.fault {
                FileFault::UnknownColumns(..) => Some(Remedy::CloseColumn),
                FileFault::NoTimeFrame(_) => Some(Remedy::TimeFrame),
                FileFault::NoFigure(..) => Some(Remedy::Figure),
                _ => None,
            },
            Self::Row(row) => row.fault.remedy(),
            Self::Entry(_) | Self::NoGoodRow(..) => None,
        }
    }
}

/// Ends with the [remedy](DataError::remedy). `{:#}` leaves it out, for programs that call their options otherwise.
impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "{file}")?,
            Self::Row(row) | Self::Entry(row) if row.fault.is_of_the_file() => write!(f, "{row}")?,
            Self::Row(row) | Self::Entry(row) => write!(f, "{row}; mend the row")?,
            Self::NoGoodRow(rows, first) => {
                write!(f, "no bar in {}; the first: {first}", counted(*rows, "row"))?;
            }
        }
        match self.remedy() {
            Some(remedy) if !f.alternate() => write!(f, ", or {remedy}"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for DataError {}
