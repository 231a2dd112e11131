//! The rows of one data set while its file is read: brought in order, held against each other, handed on.
use qframe_model::market::{Bar, BookDelta, CorporateAction, DatedAction, Dividend, FundingRate, Quote, Trade};
use qframe_model::number::Cash;
use qframe_model::time::{Time, TimeFrame};

use super::bookwork::{Changes, Tape};
use super::desk::Findings;
use super::part::Row;
use super::{Sink, Twice};
use crate::csv::tape::{common_step, frame_of, step_text};
use crate::defect::{Defect, Finding};
use crate::rows::{DataKey, Kind, Rows};

use super::fault::ImportFault;

/// So many times of refused rows are enough to tell a frame by.
const REFUSED_MAX: usize = 1 << 20;

/// The rows that were not handed on yet, and what was counted of those that were.
#[derive(Debug)]
pub(super) struct Shelf {
    piles: Piles,
    changes: Changes,
    tape: Tape,
    /// When rows of bars were that could be none, until the frame is known.
    refused: Vec<Time>,
    pub(super) rows: u64,
    pub(super) merged: u64,
    pub(super) period: Option<(Time, Time)>,
    /// Of bars: known when the first rows are handed on.
    pub(super) frame: Option<TimeFrame>,
}

#[derive(Debug)]
enum Piles {
    Bars(Pile<Bar>),
    Trades(Pile<Trade>),
    Quotes(Pile<Quote>),
    Book(Pile<BookDelta>),
    Funding(Pile<FundingRate>),
    Actions(Pile<DatedAction>),
}

/// How the time frame of bars was found.
pub(super) enum Framed {
    Given(TimeFrame),
    /// The file's name says so; the rows are asked as well.
    Hinted(TimeFrame),
    /// A folder says so: that holds where the rows do not tell, since one of them may be named `m1` for another reason.
    Shelved(TimeFrame),
    Unknown,
}

/// What handing on needs to know.
pub(super) struct Handing<'a, 's> {
    pub(super) file: &'a str,
    pub(super) twice: Twice,
    /// More rows follow: those of the last instant wait for the others of it.
    pub(super) more: bool,
    pub(super) findings: &'a mut Findings,
    pub(super) sink: &'a mut Sink<'s>,
}

impl Shelf {
    pub(super) fn new(kind: Kind) -> Self {
        let piles = match kind {
            Kind::Bars | Kind::Bids | Kind::Asks => Piles::Bars(Pile::default()),
            Kind::Trades => Piles::Trades(Pile::default()),
            Kind::Quotes => Piles::Quotes(Pile::default()),
            Kind::Book => Piles::Book(Pile::default()),
            Kind::Funding => Piles::Funding(Pile::default()),
            Kind::Actions => Piles::Actions(Pile::default()),
        };
        let (changes, tape) = (Changes::default(), Tape::default());
        Self { piles, changes, tape, refused: Vec::new(), rows: 0, merged: 0, period: None, frame: None }
    }

    /// Puts a row on; the time of the row before it where this one goes against the order of the file.
    pub(super) fn put(&mut self, row: Row, line: u64) -> Option<(Time, Time)> {
        match (&mut self.piles, row) {
            (Piles::Bars(pile), Row::Bar(bar)) => pile.put(bar, line),
            (Piles::Trades(pile), Row::Trade { time, received, id, price, quantity, side }) => {
                let side = self.tape.side(price, side);
                pile.put(Trade { time, received, id: id.unwrap_or(0), price, quantity, side }, line)
            }
            (Piles::Quotes(pile), Row::Quote(quote)) => pile.put(quote, line),
            (Piles::Book(pile), Row::Level { time, received, sequence, snapshot, side, level }) => {
                let mut odd = None;
                let mut give = |delta, line| odd = odd.or(pile.put(delta, line));
                self.changes.take((time, received, sequence), snapshot, side, level, line, &mut give);
                odd
            }
            (Piles::Book(pile), Row::LadderEnds) => {
                self.changes.end_ladder(&mut |delta, line| _ = pile.put(delta, line));
                None
            }
            (Piles::Book(pile), Row::Delta(delta)) => pile.put(delta, line),
            (Piles::Funding(pile), Row::Funding(rate)) => pile.put(rate, line),
            (Piles::Actions(pile), Row::Action(action)) => pile.put(action, line),
            // A part gives rows of its own kind only.
            _ => None,
        }
    }

    /// A row of bars was refused: without its time, good rows around many bad ones would look further apart than they are.
    pub(super) fn note_refused(&mut self, time: Time) {
        if self.frame.is_none() && self.refused.len() < REFUSED_MAX {
            self.refused.push(time);
        }
    }

    /// How many rows lie here.
    pub(super) const fn len(&self) -> usize {
        match &self.piles {
            Piles::Bars(pile) => pile.rows.len(),
            Piles::Trades(pile) => pile.rows.len(),
            Piles::Quotes(pile) => pile.rows.len(),
            Piles::Book(pile) => pile.rows.len(),
            Piles::Funding(pile) => pile.rows.len(),
            Piles::Actions(pile) => pile.rows.len(),
        }
    }

    /// The file is over: what was held back is put on.
    pub(super) fn close(&mut self) {
        if let Piles::Book(pile) = &mut self.piles {
            self.changes.end(&mut |delta, line| _ = pile.put(delta, line));
        }
    }

    /// Orders the rows that lie here, merges what stands twice, and hands them on.
    pub(super) fn hand_on(
        &mut self,
        key: &DataKey,
        framed: &Framed,
        handing: &mut Handing<'_, '_>,
    ) -> Result<(), ImportFault> {
        if self.len() == 0 {
            return Ok(());
        }
        let merged = &mut self.merged;
        let rows = match &mut self.piles {
            Piles::Bars(pile) => Rows::Bars(pile.settle(merged, handing)),
            Piles::Trades(pile) => Rows::Trades(pile.settle(merged, handing)),
            Piles::Quotes(pile) => Rows::Quotes(pile.settle(merged, handing)),
            Piles::Book(pile) => Rows::Book(pile.settle(merged, handing)),
            Piles::Funding(pile) => Rows::Funding(pile.settle(merged, handing)),
            Piles::Actions(pile) => Rows::Actions(pile.settle(merged, handing)),
        };
        if let Rows::Bars(bars) = &rows
            && self.frame.is_none()
        {
            self.frame = Some(frame_of_bars(bars, std::mem::take(&mut self.refused), framed)?);
        }
        if let Rows::Actions(actions) = &rows {
            tell_several(actions, handing);
        }
        let (count, first, last) = extent(&rows);
        self.rows += count;
        self.period = match self.period {
            None => first.zip(last),
            Some((from, until)) => {
                Some((first.map_or(from, |first| first.min(from)), last.map_or(until, |last| last.max(until))))
            }
        };
        let key = DataKey { frame: self.frame, ..key.clone() };
        (handing.sink)(&key, rows).map_err(ImportFault::NotTaken)
    }
}

/// The time frame that was given, or the most common step between rows, those that could be no bars among them.
fn frame_of_bars(bars: &[Bar], refused: Vec<Time>, framed: &Framed) -> Result<TimeFrame, ImportFault> {
    let common = common_step(bars.iter().map(|bar| bar.time).chain(refused));
    match (framed, common) {
        (Framed::Given(frame), Some(step)) if step < frame.span().nanos() => {
            Err(ImportFault::OtherFrame(*frame, step_text(step)))
        }
        (Framed::Given(frame), _) => Ok(*frame),
        (Framed::Shelved(frame), None) => Ok(*frame),
        (Framed::Hinted(frame), step) if step.is_none_or(|step| step >= frame.span().nanos()) => Ok(*frame),
        (_, Some(step)) => {
            frame_of(step).ok_or_else(|| ImportFault::NoFrame(format!("rows lie {} apart", step_text(step))))
        }
        (_, None) => Err(ImportFault::NoFrame("one row only".to_owned())),
    }
}

/// Says of which days there are several dividends, in order of time.
fn tell_several(actions: &[DatedAction], handing: &mut Handing<'_, '_>) {
    let each = |dated: &DatedAction| match dated.action {
        CorporateAction::Dividend(dividend) => Some(dividend.each.to_string()),
        CorporateAction::Split(_) => None,
    };
    for day in actions.chunk_by(|a, b| a.time == b.time) {
        let paid: Vec<String> = day.iter().filter_map(each).collect();
        if paid.len() > 1 {
            let text = format!("{} dividends of one day, {}: each counts", paid.len(), paid.join(" and "));
            let (defect, file, time) = (Defect::SeveralDividends, Some(handing.file.into()), Some(day[0].time));
            handing.findings.add(Finding { defect, file, line: None, time, text });
        }
    }
}

fn extent(rows: &Rows) -> (u64, Option<Time>, Option<Time>) {
    fn ends<T: Dated>(rows: &[T]) -> (u64, Option<Time>, Option<Time>) {
        (rows.len() as u64, rows.first().map(Dated::time), rows.last().map(Dated::time))
    }
    match rows {
        Rows::Bars(rows) => ends(rows),
        Rows::Trades(rows) => ends(rows),
        Rows::Quotes(rows) => ends(rows),
        Rows::Book(rows) => ends(rows),
        Rows::Funding(rows) => ends(rows),
        Rows::Actions(rows) => ends(rows),
    }
}

/// A row with a time, and what makes two rows the same one.
trait Dated: Copy + PartialEq {
    /// The place of a row among the others: its time, then what tells rows of one time apart.
    type Place: Ord;
    /// Whether rows of one place are one row; else each is, in the order of the file.
    const ONE_A_PLACE: bool;
    /// False for a row that nothing tells from an equal one: both are kept.
    fn is_told(&self) -> bool {
        Self::ONE_A_PLACE
    }
    fn time(&self) -> Time;
    fn place(&self) -> Self::Place;
}

impl Dated for Bar {
    type Place = Time;
    const ONE_A_PLACE: bool = true;
    fn time(&self) -> Time {
        self.time
    }
    fn place(&self) -> Time {
        self.time
    }
}

impl Dated for Trade {
    type Place = (Time, u64);
    const ONE_A_PLACE: bool = true;
    fn time(&self) -> Time {
        self.time
    }
    fn place(&self) -> (Time, u64) {
        (self.time, self.id)
    }
    /// Without a number, two equal trades of an instant may both have been.
    fn is_told(&self) -> bool {
        self.id != 0
    }
}

impl Dated for Quote {
    type Place = Time;
    const ONE_A_PLACE: bool = false;
    fn time(&self) -> Time {
        self.time
    }
    fn place(&self) -> Time {
        self.time
    }
}

impl Dated for BookDelta {
    type Place = Time;
    const ONE_A_PLACE: bool = false;
    fn time(&self) -> Time {
        self.time
    }
    fn place(&self) -> Time {
        self.time
    }
}

impl Dated for FundingRate {
    type Place = Time;
    const ONE_A_PLACE: bool = true;
    fn time(&self) -> Time {
        self.time
    }
    fn place(&self) -> Time {
        self.time
    }
}

impl Dated for DatedAction {
    /// A split behind the dividends of its day; those are told apart by their amounts and days of payment.
    type Place = (Time, bool, Option<(Cash, Option<Time>)>);
    const ONE_A_PLACE: bool = true;
    fn time(&self) -> Time {
        self.time
    }
    fn place(&self) -> Self::Place {
        match self.action {
            CorporateAction::Dividend(Dividend { each, paid }) => (self.time, false, Some((each, paid))),
            CorporateAction::Split(_) => (self.time, true, None),
        }
    }
}

/// Rows with their lines, as they came.
#[derive(Debug)]
struct Pile<T> {
    rows: Vec<(T, u64)>,
    /// True where times fall; known from the first two that differ.
    newest_first: Option<bool>,
    last: Option<Time>,
    sorted: bool,
}

impl<T> Default for Pile<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), newest_first: None, last: None, sorted: true }
    }
}

impl<T: Dated> Pile<T> {
    /// The time before and the time of a row that goes against the order.
    fn put(&mut self, row: T, line: u64) -> Option<(Time, Time)> {
        let time = row.time();
        let before = self.last.replace(time).filter(|last| *last != time);
        self.rows.push((row, line));
        let before = before?;
        let falls = time < before;
        self.sorted &= !falls;
        let against = falls != *self.newest_first.get_or_insert(falls);
        against.then_some((before, time))
    }

    fn settle(&mut self, merged: &mut u64, handing: &mut Handing<'_, '_>) -> Vec<T> {
        if !T::ONE_A_PLACE && self.newest_first == Some(true) {
            self.rows.reverse();
        }
        if !self.sorted || T::ONE_A_PLACE {
            // Both a file in order and one turned round are one run to it.
            self.rows.sort_by_key(|(row, _)| row.place());
        }
        self.sorted = true;
        let waiting = if handing.more { self.of_last_instant() } else { Vec::new() };
        let mut settled: Vec<T> = Vec::with_capacity(self.rows.len());
        for (row, line) in self.rows.drain(..) {
            let twice = settled.last().filter(|last| row.is_told() && last.place() == row.place());
            match twice {
                None => settled.push(row),
                Some(last) if *last == row => {
                    *merged += 1;
                    handing.findings.add(finding(
                        Defect::DuplicateSame,
                        handing.file,
                        line,
                        row.time(),
                        "stands twice: merged",
                    ));
                }
                Some(_) => {
                    let text = match handing.twice {
                        Twice::KeepFirst => "stands twice with other values: the first is kept",
                        Twice::KeepLast => "stands twice with other values: the last is kept",
                    };
                    handing.findings.add(finding(Defect::DuplicateDifferent, handing.file, line, row.time(), text));
                    if let (Twice::KeepLast, Some(last)) = (handing.twice, settled.last_mut()) {
                        *last = row;
                    }
                }
            }
        }
        self.rows = waiting;
        settled
    }

    /// Takes the rows off that share the time of the row that came last.
    fn of_last_instant(&mut self) -> Vec<(T, u64)> {
        let Some(last) = self.last else { return Vec::new() };
        let start = self.rows.partition_point(|(row, _)| row.time() < last);
        let end = self.rows.partition_point(|(row, _)| row.time() <= last);
        // An instant that fills the memory alone does not wait.
        if end - start == self.rows.len() {
            return Vec::new();
        }
        self.rows.splice(start..end, std::iter::empty()).collect()
    }
}

fn finding(defect: Defect, file: &str, line: u64, time: Time, text: &str) -> Finding {
    Finding { defect, file: Some(file.into()), line: Some(line), time: Some(time), text: text.to_owned() }
}
