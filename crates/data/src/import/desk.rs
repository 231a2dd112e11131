//! One file while it is read: how it is understood, where its rows go, what was found wrong.
use std::collections::BTreeMap;
use std::sync::Arc;

use qframe_model::symbol::Symbol;

use super::cells::{Cells, Fault, Reading};
use super::dialect::{self, Layout, Reader};
use super::factors::{Factors, MapFile};
use super::fault::ImportFault;
use super::part::{Part, Row};
use super::place::Place;
use super::shelf::{Framed, Handing, Shelf};
use super::spelling::{self, Contract};
use super::table::Table;
use super::{Import, ImportedSet, Sink, Wish};
use crate::bad_row::{BadRow, RowFault};
use crate::defect::{Defect, Finding};
use crate::error::FileFault;
use crate::rows::{DataKey, Kind};

/// What is wrong with the rows of a file: all of it counted, the first ones kept with their place and text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// How many of each.
    pub counts: BTreeMap<Defect, u64>,
    /// The first ones of each, in the order in which they were found.
    pub kept: Vec<Finding>,
}

/// So many findings of each defect are kept with their text.
const KEPT: u64 = 1_000;
/// So many rows wait in memory before they are handed on: about 100 bytes each while they are sorted.
const ROWS_MAX: usize = 1 << 20;
/// A hundred levels of a book have a tenth of these.
const COLUMNS_MAX: usize = 4_096;
/// What a venue is called that nothing names.
pub(super) const UNKNOWN: &str = "unknown";
/// A file of more instruments than this has a column taken for the symbol that is none.
const SETS_MAX: usize = 1_000;

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        let count = self.counts.entry(finding.defect).or_default();
        *count += 1;
        if *count <= KEPT {
            self.kept.push(finding);
        }
    }

    /// Takes those of another file of the same set in.
    pub(crate) fn extend(&mut self, others: Self) {
        for (defect, count) in others.counts {
            *self.counts.entry(defect).or_default() += count;
        }
        self.kept.extend(others.kept);
    }

    /// How many in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// The reading of one file.
pub(super) struct Desk<'a, 's> {
    pub(super) file: &'a str,
    name: Arc<str>,
    wish: &'a Wish,
    sink: &'a mut Sink<'s>,
    place: Place,
    layout: Option<Box<Layout>>,
    symbol: Option<Symbol>,
    /// What the column of symbols says, where one symbol is given for it.
    only: Option<Box<str>>,
    venue: String,
    factors: Factors,
    map: MapFile,
    sets: Vec<Set>,
    findings: Findings,
    rows: u64,
    refused: u64,
    /// The first row that was refused.
    first_refused: Option<String>,
    rounded: u64,
    waiting: usize,
}

/// A data set of the file.
struct Set {
    kind: Kind,
    /// As the column of symbols has it.
    spelled: Option<Box<str>>,
    symbol: Symbol,
    shelf: Shelf,
}

impl<'a, 's> Desk<'a, 's> {
    pub(super) fn new(file: &'a str, wish: &'a Wish, sink: &'a mut Sink<'s>) -> Self {
        Self {
            file,
            name: file.into(),
            wish,
            sink,
            place: Place::of(file),
            layout: None,
            symbol: None,
            only: None,
            venue: String::new(),
            factors: Factors::default(),
            map: MapFile::default(),
            sets: Vec::new(),
            findings: Findings::default(),
            rows: 0,
            refused: 0,
            first_refused: None,
            rounded: 0,
            waiting: 0,
        }
    }

    /// Understands the first rows. True where rows are to be read.
    pub(super) fn begin(&mut self, table: &Table) -> Result<bool, ImportFault> {
        if table.width() > COLUMNS_MAX {
            let seen = format!("{} columns, where {COLUMNS_MAX} are more than market data has", table.width());
            return Err(ImportFault::Unknown(seen));
        }
        let mut layout = dialect::find(table, &self.place, self.wish)?;
        layout.why.extend(table.mark.why().map(str::to_owned));
        if let (Reader::Rows(parts), Some(kind)) = (&mut layout.reader, self.wish.kind) {
            choose(parts, kind)?;
        }
        let reads = !matches!(layout.reader, Reader::Nothing);
        self.symbol = self.wish.symbol.clone().or_else(|| layout.symbol.clone()).or_else(|| self.place.symbol.clone());
        if reads && self.symbol.is_none() && layout.symbol_column.is_none() {
            return Err(ImportFault::NoSymbol(format!("the name {:?} holds no symbol that is known", self.place.stem)));
        }
        let venue = self.wish.venue.clone().or_else(|| layout.venue.clone()).or_else(|| self.place.venue.clone());
        if reads && venue.is_none() {
            layout.why.push(format!("nothing names the venue: {UNKNOWN} (--venue names it)"));
        }
        self.venue = venue.unwrap_or_else(|| UNKNOWN.to_owned());
        self.layout = Some(Box::new(layout));
        Ok(reads)
    }

    /// How many columns a row has.
    pub(super) fn columns(&self) -> usize {
        self.layout.as_ref().map_or(0, |layout| layout.columns)
    }

    /// Takes a row in; `line` from 1, `column` tells where a cell begins in it. What is wrong with it becomes a finding.
    pub(super) fn take<C: Cells>(
        &mut self,
        cells: &C,
        line: u64,
        column: impl Fn(usize) -> usize,
    ) -> Result<(), ImportFault> {
        let Some(mut layout) = self.layout.take() else { return Ok(()) };
        self.rows += 1;
        let refused = match &mut layout.reader {
            Reader::Rows(_) => self.read(&mut layout, cells, line),
            Reader::Factors => self.factors.take(cells).err(),
            Reader::Map => self.map.take(cells).err(),
            Reader::Nothing => None,
        };
        self.layout = Some(layout);
        if let Some((at, fault)) = refused {
            self.refuse(line, column(at), &cells.text(at), fault);
        }
        if self.waiting >= ROWS_MAX { self.hand_on(true) } else { Ok(()) }
    }

    /// Reads every part of a row; the first fault.
    fn read<C: Cells>(&mut self, layout: &mut Layout, cells: &C, line: u64) -> Option<Fault> {
        let Reader::Rows(parts) = &layout.reader else { return None };
        let (mut fault, mut good) = (None, false);
        for part in parts {
            let set = match self.set(part.kind(), layout.symbol_column, layout.contract, cells) {
                Ok(set) => set,
                Err(unknown) => {
                    fault = Some(unknown);
                    break;
                }
            };
            let mut rounded = 0;
            let mut reading = Reading { cells, stamps: &mut layout.stamps, scale: layout.scale, rounded: &mut rounded };
            match part.read(&mut reading, &mut |row| self.put(set, row, line)) {
                Ok(()) => good = true,
                Err(wrong) => {
                    part.time_of(&mut reading).into_iter().for_each(|time| self.sets[set].shelf.note_refused(time));
                    fault = fault.or(Some(wrong));
                }
            }
            self.rounded += rounded;
        }
        self.refused += u64::from(!good);
        fault
    }

    /// Counts a line that is no row at all.
    pub(super) fn refuse_line(&mut self, line: u64, text: &str, fault: RowFault) {
        self.rows += 1;
        self.refused += 1;
        self.refuse(line, 1, text, fault);
    }

    fn refuse(&mut self, line: u64, column: usize, text: &str, fault: RowFault) {
        let defect = defect_of(&fault);
        let text: String = text.chars().take(80).collect();
        let row = BadRow { file: self.file.to_owned(), line, column, text, fault }.to_string();
        self.first_refused.get_or_insert_with(|| row.clone());
        self.findings.add(Finding { defect, file: Some(self.name.clone()), line: Some(line), time: None, text: row });
    }

    fn put(&mut self, set: usize, row: Row, line: u64) {
        self.waiting += 1;
        if let Some((before, time)) = self.sets[set].shelf.put(row, line) {
            let text = format!(
                "{}:{line}:1: {time:#} follows {before:#}, against the order of the file: put in its place",
                self.file
            );
            let (file, line, time) = (Some(self.name.clone()), Some(line), Some(time));
            self.findings.add(Finding { defect: Defect::OutOfOrder, file, line, time, text });
        }
    }

    /// The place of the set that a row belongs to.
    fn set<C: Cells>(
        &mut self,
        kind: Kind,
        column: Option<usize>,
        contract: Contract,
        cells: &C,
    ) -> Result<usize, Fault> {
        if let (Some(at), Some(_)) = (column, &self.wish.symbol) {
            // One name is given for what the rows name: rows of another one are not of it.
            let text = cells.text(at);
            if self.only.get_or_insert_with(|| text.as_ref().into()).as_ref() != text.as_ref() {
                return Err((at, RowFault::NotA("symbol", "that of the first row, since --symbol names one")));
            }
        }
        let column = column.filter(|_| self.wish.symbol.is_none());
        let spelled = column.map(|at| cells.text(at));
        let known = |set: &Set| set.kind == kind && set.spelled.as_deref() == spelled.as_deref();
        if let Some(at) = self.sets.iter().rposition(known) {
            return Ok(at);
        }
        let symbol = match (column, &spelled) {
            (Some(at), _) if self.sets.len() >= SETS_MAX => {
                return Err((at, RowFault::NotA("symbol", "one of at most 1000 in a file")));
            }
            (Some(at), Some(text)) => spelling::from_column(text, contract)
                .ok_or((at, RowFault::NotA("symbol", "a name such as BTCUSDT, BTC/USDT or AAPL")))?,
            // `begin` has refused a file where neither a column nor a name tells.
            _ => self.symbol.clone().ok_or((0, RowFault::NotA("symbol", "a name")))?,
        };
        self.sets.push(Set { kind, spelled: spelled.map(Into::into), symbol, shelf: Shelf::new(kind) });
        Ok(self.sets.len() - 1)
    }

    /// Hands on what waits; where `more` follows, all but the last instants.
    fn hand_on(&mut self, more: bool) -> Result<(), ImportFault> {
        let hint = self.layout.as_ref().and_then(|layout| layout.frame).or(self.place.frame);
        let framed = match (self.wish.frame, hint) {
            (Some(given), _) => Framed::Given(given),
            (None, Some(hint)) => Framed::Hinted(hint),
            (None, None) => self.place.folder_frame.map_or(Framed::Unknown, Framed::Shelved),
        };
        for set in &mut self.sets {
            let key = DataKey { kind: set.kind, venue: self.venue.clone(), symbol: set.symbol.clone(), frame: None };
            let twice = self.wish.conflict;
            let mut handing =
                Handing { file: self.file, twice, more, findings: &mut self.findings, sink: &mut *self.sink };
            set.shelf.hand_on(&key, &framed, &mut handing)?;
        }
        self.waiting = self.sets.iter().map(|set| set.shelf.len()).sum();
        Ok(())
    }

    /// The file is over.
    pub(super) fn finish(mut self) -> Result<Import, ImportFault> {
        let Some(layout) = self.layout.as_ref() else { return Err(FileFault::Empty.into()) };
        let (dialect, mut why) = (layout.dialect, layout.why.clone());
        let mut history = None;
        match layout.reader {
            Reader::Factors => self.put_actions(&mut why),
            Reader::Map => {
                let filed = self.symbol.as_ref().map(ToString::to_string);
                history = std::mem::take(&mut self.map).security(filed).map(|security| (self.venue.clone(), security));
            }
            Reader::Rows(_) | Reader::Nothing => {}
        }
        if self.rows > 0 && self.rows == self.refused {
            return Err(ImportFault::NoGoodRow(self.rows, self.first_refused.unwrap_or_default()));
        }
        self.sets.iter_mut().for_each(|set| set.shelf.close());
        self.hand_on(false)?;
        if self.rounded > 0 {
            why.push(format!(
                "{} numbers have more than nine decimals (of a volume: more than 18 digits): rounded",
                self.rounded
            ));
        }
        let sets = self.sets.into_iter().filter(|set| set.shelf.rows > 0).map(|set| ImportedSet {
            key: DataKey { kind: set.kind, venue: self.venue.clone(), symbol: set.symbol, frame: set.shelf.frame },
            rows: set.shelf.rows,
            merged: set.shelf.merged,
            period: set.shelf.period,
        });
        let (file, sets, findings) = (self.file.to_owned(), sets.collect(), self.findings);
        Ok(Import { file, dialect, why, sets, history, open_interest: None, findings })
    }

    /// The dividends and splits that a factor file tells.
    fn put_actions(&mut self, why: &mut Vec<String>) {
        let actions = std::mem::take(&mut self.factors).actions();
        why.push(format!("{} dividends and splits out of the steps of the factors", actions.len()));
        let Some(symbol) = self.symbol.clone() else { return };
        self.sets.push(Set { kind: Kind::Actions, spelled: None, symbol, shelf: Shelf::new(Kind::Actions) });
        for (action, line) in actions {
            self.put(self.sets.len() - 1, Row::Action(action), line);
        }
    }
}

/// Keeps the parts of a kind; `bars` are those of either side too, and `bids` or `asks` say what plain bars are.
fn choose(parts: &mut Vec<Part>, wanted: Kind) -> Result<(), ImportFault> {
    let found: Vec<Kind> = parts.iter().map(Part::kind).collect();
    if let ([Part::Bars(columns)], Kind::Bids | Kind::Asks) = (parts.as_mut_slice(), wanted)
        && columns.kind == Kind::Bars
    {
        columns.kind = wanted;
    }
    parts.retain(|part| part.kind() == wanted || wanted == Kind::Bars && part.kind().is_bars());
    if parts.is_empty() { Err(ImportFault::OtherKind(wanted, found)) } else { Ok(()) }
}

/// Under which defect a refused row is counted.
const fn defect_of(fault: &RowFault) -> Defect {
    match fault {
        RowFault::NotFinite(_) => Defect::NotANumber,
        RowFault::NotPositive(_) => Defect::NotPositive,
        RowFault::HighBelowLow(..) => Defect::HighBelowLow,
        RowFault::Outside(..) => Defect::OutsideRange,
        _ => Defect::Unreadable,
    }
}
