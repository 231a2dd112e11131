//! Every row of a file, the bad ones included, in the order in which they stand: for whoever judges the file and takes
//! nothing out of it.
use std::io::Read;
use std::path::Path;

use memchr::memchr;
use qframe_model::market::Bar;
use qframe_model::time::Time;

use super::Offsets;
use super::careful::{self, Fault};
use super::clock::Clock;
use super::dialect::{self, Dialect};
use super::fast::Plan;
use super::source::{self, Block, Blocks};
use crate::bad_row::BadRow;
use crate::error::{DataError, FileFault};

/// A row of a file.
pub(crate) enum Seen {
    /// A bar.
    Bar(Bar),
    /// Numbers that make no bar: what they are, and why not.
    Broken(Bar, Box<BadRow>),
    /// Not even that, with its time where it has one.
    Unread(Option<Time>, Box<BadRow>),
}

/// What the file as a whole told.
pub(crate) struct Every {
    /// How it was understood, a sentence each.
    pub(crate) why: Vec<String>,
    /// Empty lines.
    pub(crate) blank_lines: u64,
}

/// Reads a file, plain or gzip, and hands out each row with its line.
pub(crate) fn every_row(
    path: &Path,
    close_column: Option<&str>,
    take: &mut dyn FnMut(u64, Seen),
) -> Result<Every, DataError> {
    let name = path.display().to_string();
    let (file, _) = source::open(path).map_err(|fault| fault.in_file(&name, 1))?;
    every_row_from(file, &name, close_column, take)
}

pub(crate) fn every_row_from(
    reader: impl Read,
    name: &str,
    close_column: Option<&str>,
    take: &mut dyn FnMut(u64, Seen),
) -> Result<Every, DataError> {
    let refused = |fault: FileFault, line| fault.in_file(name, line);
    let mut blocks = Blocks::new(reader, name).map_err(|fault| refused(fault, 1))?;
    let first = blocks.next().map_err(|fault| refused(fault, 1))?.ok_or_else(|| refused(FileFault::Empty, 1))?;
    let found = dialect::find(first.lines(), close_column).map_err(|(fault, line)| refused(fault, line))?;
    let rest = Block { text: first.text, start: first.start + found.length, end: first.end };
    let mut pass = Pass::new(found.dialect, name, take);
    pass.block(&rest);
    while let Some(block) = blocks.next().map_err(|fault| refused(fault, pass.line + 1))? {
        pass.block(&block);
    }
    let mut why = pass.dialect.columns.why;
    why.push(pass.clock.why());
    Ok(Every { why, blank_lines: pass.blank_lines })
}

struct Pass<'a> {
    name: &'a str,
    dialect: Dialect,
    plan: Option<Plan>,
    clock: Clock,
    line: u64,
    blank_lines: u64,
    take: &'a mut dyn FnMut(u64, Seen),
}

impl<'a> Pass<'a> {
    fn new(dialect: Dialect, name: &'a str, take: &'a mut dyn FnMut(u64, Seen)) -> Self {
        let (plan, clock, line) = (Plan::of(&dialect), Clock::new(Offsets::Mixed), dialect.lines_before);
        Self { name, dialect, plan, clock, line, blank_lines: 0, take }
    }

    fn block(&mut self, block: &Block<'_>) {
        let mut at = block.start;
        while at < block.end {
            self.line += 1;
            let plain = self.plan.as_ref().and_then(|plan| plan.row::<true>(&mut self.clock, &block.text[at..]));
            match plain {
                Some((bar, rest)) if bar.check().is_ok() => {
                    (self.take)(self.line, Seen::Bar(bar));
                    at = block.text.len() - rest.len();
                }
                _ => {
                    let length = memchr(b'\n', &block.text[at..block.end]).unwrap_or(block.end - at);
                    self.other(&block.text[at..at + length]);
                    at += length + 1;
                }
            }
        }
    }

    fn other(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            self.blank_lines += 1;
            return;
        }
        let at = |fault: Fault| fault.at(self.name, self.line);
        let seen = match careful::values(line, &self.dialect, &mut self.clock) {
            Ok((row, None)) => Seen::Bar(row.bar),
            Ok((row, Some(broken))) => Seen::Broken(row.bar, at(broken)),
            Err(fault) => {
                let row = at(fault);
                Seen::Unread(careful::time(line, &self.dialect, &self.clock), row)
            }
        };
        (self.take)(self.line, seen);
    }
}
