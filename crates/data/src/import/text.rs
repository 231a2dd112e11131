//! Rows of text, a line each: cells are found once and read where they lie.
use std::borrow::Cow;
use std::cell::Cell;
use std::io::Read;

use memchr::memchr;
use qframe_model::number::{Price, Volume};

use super::cells::Cells;
use super::desk::Desk;
use super::fault::{ImportFault, RECORDING};
use super::open::unreadable;
use super::table::Table;
use crate::bad_row::RowFault;
use crate::csv::fields::split;
use crate::csv::mark::Mark;
use crate::csv::number::{Nanos, NumberFault, Plain, scan, scan_long};
use crate::csv::source::Blocks;
use crate::error::FileFault;

/// Spare bytes behind a line that was copied: numbers are read in windows.
const PAD: usize = 32;

pub(super) fn read(reader: Box<dyn Read + '_>, desk: &mut Desk<'_, '_>) -> Result<(), ImportFault> {
    // Blocks tell faults in words; what unpacking met is kept here as it was.
    let broken = Cell::new(None);
    let told = |fault: FileFault| broken.take().unwrap_or(ImportFault::File(fault));
    let mut blocks = Blocks::new(Watched { reader, broken: &broken }, desk.file).map_err(told)?;
    let first = match blocks.next() {
        Err(FileFault::LineTooLong(_)) => return Err(long_line(1, &mut blocks, &broken)),
        first => first.map_err(told)?.ok_or(FileFault::Empty)?,
    };
    if is_recording(first.lines()) {
        let remedy = "leave --dialect out, or name the dialect recording; in an archive, unpack it first";
        return Err(ImportFault::Foreign(RECORDING, remedy));
    }
    let table = Table::of_text(first.lines()).ok_or_else(|| unknown(first.lines()))?;
    if !desk.begin(&table)? {
        return Ok(());
    }
    if table.row.is_empty() {
        return Err(FileFault::HeaderOnly(table.header.join(",")).into());
    }
    let (before, separator, mark) = (table.lines_before, table.separator, table.mark);
    let mut lines = Lines { number: 0, before, separator, mark, row: Line::default() };
    lines.take(first.text, first.start, first.end, desk)?;
    loop {
        match blocks.next() {
            Ok(Some(block)) => lines.take(block.text, block.start, block.end, desk)?,
            Ok(None) => return Ok(()),
            Err(FileFault::LineTooLong(_)) => return Err(long_line(lines.number + 1, &mut blocks, &broken)),
            Err(fault) => return Err(told(fault)),
        }
    }
}

/// A line without an end; of packed data it may be that all of it is a bomb, which is told instead.
fn long_line<R: Read>(line: u64, blocks: &mut Blocks<R>, broken: &Cell<Option<ImportFault>>) -> ImportFault {
    const LOOK_MAX: u64 = 1 << 28;
    blocks.pass_over(LOOK_MAX);
    broken.take().filter(|fault| matches!(fault, ImportFault::Bomb(..))).unwrap_or(ImportFault::LongLine(line))
}

/// Lines of a time and a message in JSON, or the note of a stream's address before them.
pub(super) fn is_recording(text: &[u8]) -> bool {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let message = line[digits..].trim_ascii_start();
    let is_note = line.starts_with(b"wss://") || line.starts_with(b"ws://");
    is_note || digits >= 10 && (message.starts_with(b"{") || message.starts_with(b": {"))
}

fn unknown(text: &[u8]) -> ImportFault {
    let line = text.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let shown: String = String::from_utf8_lossy(&line[..line.len().min(200)]).trim().chars().take(60).collect();
    ImportFault::Unknown(format!("no separator among the first lines, which begin with {shown:?}"))
}

/// Keeps what unpacking met: readers above know only the system's errors.
struct Watched<'a, R> {
    reader: R,
    broken: &'a Cell<Option<ImportFault>>,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.reader.read(buffer).map_err(|error| {
            if error.kind() == std::io::ErrorKind::Interrupted {
                return error;
            }
            let fault = unreadable(error);
            let words = std::io::Error::other(fault.to_string());
            self.broken.set(Some(fault));
            words
        })
    }
}

/// Where we are in the file.
struct Lines {
    number: u64,
    /// Lines before the first row.
    before: u64,
    separator: u8,
    mark: Mark,
    row: Line,
}

impl Lines {
    /// Reads the rows of a block of whole lines.
    fn take(&mut self, text: &[u8], start: usize, end: usize, desk: &mut Desk<'_, '_>) -> Result<(), ImportFault> {
        let mut at = start;
        while at < end {
            let length = memchr(b'\n', &text[at..end]).unwrap_or(end - at);
            self.number += 1;
            if self.number > self.before {
                self.line(text, at, at + length, desk)?;
            }
            at += length + 1;
        }
        Ok(())
    }

    fn line(&mut self, text: &[u8], start: usize, end: usize, desk: &mut Desk<'_, '_>) -> Result<(), ImportFault> {
        let length = text[start..end].trim_ascii_end().len();
        let line = &text[start..start + length];
        if line.is_empty() || line[0] == b'#' {
            return Ok(());
        }
        let shown = || String::from_utf8_lossy(&line[..line.len().min(400)]).into_owned();
        if memchr(b'"', line).is_some() {
            return match self.row.quoted(line, self.separator) {
                Ok(copy) => self.give(&copy, 0, &shown, desk),
                Err(fault) => {
                    desk.refuse_line(self.number, &shown(), fault);
                    Ok(())
                }
            };
        }
        self.row.cut(text, start, start + length, self.separator);
        self.give(text, start, &shown, desk)
    }

    fn give(
        &self,
        text: &[u8],
        start: usize,
        shown: &dyn Fn() -> String,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ImportFault> {
        let (found, expected) = (self.row.cells.len(), desk.columns());
        if found != expected {
            desk.refuse_line(self.number, &shown(), RowFault::FieldCount(found, expected));
            return Ok(());
        }
        let row = TextRow { text, mark: self.mark, cells: &self.row.cells };
        desk.take(&row, self.number, |at| self.row.cells.get(at).map_or(1, |cell| cell.0 - start + 1))
    }
}

/// The places of the cells of a line.
#[derive(Default)]
struct Line {
    cells: Vec<(usize, usize)>,
}

impl Line {
    fn cut(&mut self, text: &[u8], start: usize, end: usize, separator: u8) {
        self.cells.clear();
        let mut at = start;
        loop {
            let stop = memchr(separator, &text[at..end]).map_or(end, |length| at + length);
            self.cells.push(trimmed(text, at, stop));
            if stop == end {
                return;
            }
            at = stop + 1;
        }
    }

    /// A line with quotes is copied without them.
    fn quoted(&mut self, line: &[u8], separator: u8) -> Result<Vec<u8>, RowFault> {
        let fields = split(line, separator).map_err(|_| RowFault::BrokenQuote)?;
        let mut copy = Vec::with_capacity(line.len() + fields.len() + PAD);
        self.cells.clear();
        for field in &fields {
            self.cells.push((copy.len(), copy.len() + field.text.len()));
            copy.extend_from_slice(field.text.as_bytes());
            copy.push(b'\n');
        }
        copy.resize(copy.len() + PAD, 0);
        Ok(copy)
    }
}

fn trimmed(text: &[u8], mut start: usize, mut end: usize) -> (usize, usize) {
    while start < end && text[start].is_ascii_whitespace() {
        start += 1;
    }
    while start < end && text[end - 1].is_ascii_whitespace() {
        end -= 1;
    }
    (start, end)
}

/// A row of text; more bytes follow it.
struct TextRow<'a> {
    text: &'a [u8],
    mark: Mark,
    cells: &'a [(usize, usize)],
}

impl TextRow<'_> {
    fn plain(&self, at: usize) -> Option<Plain> {
        if self.mark != Mark::Point {
            // A point would be no fault to it.
            return None;
        }
        let (start, end) = *self.cells.get(at)?;
        let (plain, stop) = scan(self.text, start).or_else(|| scan_long(self.text, start))?;
        (stop == end).then_some(plain)
    }
}

impl Cells for TextRow<'_> {
    fn text(&self, at: usize) -> Cow<'_, str> {
        let (start, end) = self.cells.get(at).copied().unwrap_or_default();
        String::from_utf8_lossy(&self.text[start..end])
    }

    fn nanos(&self, at: usize) -> Result<Nanos, NumberFault> {
        self.mark.read(&self.text(at))
    }

    fn plain_price(&self, at: usize) -> Option<Price> {
        self.plain(at)?.price()
    }

    fn plain_volume(&self, at: usize) -> Option<Volume> {
        self.plain(at)?.volume()
    }

    fn is_empty(&self, at: usize) -> bool {
        self.cells.get(at).is_none_or(|(start, end)| start == end)
    }
}
