//! Rows in, bars out: order, counts, and what becomes of a bad row.
use memchr::memchr;
use qframe_model::market::Bar;
use qframe_model::time::{Span, Time, TimeFrame};

use super::careful::{self, Fault, Row};
use super::clock::Clock;
use super::dialect::Dialect;
use super::fast::Plan;
use super::source::Block;
use super::{OnBadRow, Options};
use crate::bad_row::RowFault;
use crate::error::{DataError, FileFault};
use crate::gaps::Gaps;
use crate::loaded::{Facts, Loaded, RowOrder};

/// The bars read so far.
pub(super) struct Tape<'a> {
    name: &'a str,
    options: Options<'a>,
    dialect: Dialect,
    /// None where no row is plain.
    plan: Option<Plan>,
    clock: Clock,
    /// Whole lines behind us.
    line: u64,
    bars: Vec<Bar>,
    /// Known from the second bar on.
    order: Option<RowOrder>,
    steps: Steps,
    /// The bars with skipped rows before them, by their places.
    behind_skipped: Vec<usize>,
    /// When skipped rows were: they tell how far rows lie apart as bars do.
    skipped: Vec<Time>,
    /// True where a skipped row has no time.
    is_timeless: bool,
    facts: Facts,
}

impl<'a> Tape<'a> {
    pub(super) fn new(dialect: Dialect, name: &'a str, options: Options<'a>) -> Self {
        let (plan, clock, line) = (Plan::of(&dialect), Clock::new(options.offsets), dialect.lines_before);
        let (bars, steps, facts) = (Vec::new(), Steps::default(), Facts::default());
        let (behind_skipped, skipped, is_timeless) = (Vec::new(), Vec::new(), false);
        let order = None;
        Self {
            name,
            options,
            dialect,
            plan,
            clock,
            line,
            bars,
            order,
            steps,
            behind_skipped,
            skipped,
            is_timeless,
            facts,
        }
    }

    /// The number of the line that comes next.
    pub(super) const fn next_line(&self) -> u64 {
        self.line + 1
    }

    /// Makes room for as many bars as `bytes` of text will hold, judged by the `read` bytes so far.
    pub(super) fn reserve(&mut self, bytes: Option<u64>, read: usize) {
        let Some(bytes) = bytes.filter(|_| read > 0) else { return };
        let rows = self.bars.len() as u128 * u128::from(bytes) / read as u128;
        let rows = usize::try_from(rows + rows / 50).unwrap_or(0);
        self.bars.reserve_exact(rows.saturating_sub(self.bars.len()));
    }

    /// Reads the rows of a block.
    pub(super) fn take(&mut self, block: &Block<'_>) -> Result<(), DataError> {
        let mut at = block.start;
        while at < block.end {
            // Two paths that meet only here: a bar that could come from either would have to go through memory.
            at = match self.plain::<false>(&block.text[at..]) {
                Some((bar, rest)) if self.fits(bar) => {
                    self.push(bar);
                    block.text.len() - rest.len()
                }
                _ => self.other_row(block, at)?,
            };
            self.line += 1;
        }
        Ok(())
    }

    /// Reads a row that is not plain; the place of the next.
    #[inline(never)]
    fn other_row(&mut self, block: &Block<'_>, at: usize) -> Result<usize, DataError> {
        match self.plain::<true>(&block.text[at..]) {
            Some((bar, rest)) if self.fits(bar) => {
                self.push(bar);
                Ok(block.text.len() - rest.len())
            }
            _ => {
                let length = memchr(b'\n', &block.text[at..block.end]).unwrap_or(block.end - at);
                self.take_carefully(&block.text[at..at + length])?;
                Ok(at + length + 1)
            }
        }
    }

    #[inline(always)]
    fn plain<'b, const LONG: bool>(&mut self, text: &'b [u8]) -> Option<(Bar, &'b [u8])> {
        self.plan.as_ref()?.row::<LONG>(&mut self.clock, text)
    }

    /// By value: a reference would send the bar through memory.
    #[inline(always)]
    fn fits(&self, bar: Bar) -> bool {
        bar.check().is_ok() && self.follows(bar.time)
    }

    /// True where `time` is one step further in the order that is known; the first two bars take the careful path.
    #[inline]
    fn follows(&self, time: Time) -> bool {
        match (self.order, self.bars.last()) {
            (Some(RowOrder::OldestFirst), Some(last)) => last.time < time,
            (Some(RowOrder::NewestFirst), Some(last)) => time < last.time,
            _ => false,
        }
    }

    #[inline]
    fn push(&mut self, bar: Bar) {
        if let Some(last) = self.bars.last() {
            self.steps.add(bar.time.since(last.time).nanos().saturating_abs());
        }
        self.facts.zero_volume += u64::from(bar.volume.is_zero());
        self.bars.push(bar);
    }

    fn take_carefully(&mut self, line: &[u8]) -> Result<(), DataError> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            self.facts.blank_lines += 1;
            return Ok(());
        }
        match careful::read(line, &self.dialect, &mut self.clock).and_then(|row| self.hold_order(row, line)) {
            Ok(row) => {
                self.facts.rounded += row.rounded;
                self.push(row.bar);
                Ok(())
            }
            Err(fault) => self.refuse(fault, line),
        }
    }

    /// Holds a bar against the one before it; the second bar tells the order of the file.
    fn hold_order(&mut self, row: Row, line: &[u8]) -> Result<Row, Fault> {
        let Some(last) = self.bars.last() else { return Ok(row) };
        let time = row.bar.time;
        let seen = if last.time < time { RowOrder::OldestFirst } else { RowOrder::NewestFirst };
        let fault = match self.order {
            _ if last.time == time => RowFault::DuplicateTime(row.bar == *last),
            Some(order) if order != seen => RowFault::Unsorted(last.time, order),
            _ => {
                self.order = Some(seen);
                return Ok(row);
            }
        };
        Err(Fault::new(row.time_at.start, &String::from_utf8_lossy(&line[row.time_at]), fault))
    }

    fn refuse(&mut self, fault: Fault, line: &[u8]) -> Result<(), DataError> {
        let row = fault.at(self.name, self.line + 1);
        if self.options.on_bad_row == OnBadRow::Stop || row.fault.is_of_the_file() {
            return Err(DataError::Row(row));
        }
        self.facts.skipped.count(*row);
        let time = careful::time(line, &self.dialect, &self.clock);
        self.is_timeless |= time.is_none();
        self.skipped.extend(time);
        if self.behind_skipped.last() != Some(&self.bars.len()) {
            self.behind_skipped.push(self.bars.len());
        }
        Ok(())
    }

    /// Turns the rows into bars, oldest first, and closes the count.
    pub(super) fn finish(mut self) -> Result<Loaded, DataError> {
        self.facts.rows = self.bars.len() as u64 + self.facts.skipped.total;
        if self.bars.is_empty() {
            return Err(self.nothing());
        }
        self.facts.order = self.order.unwrap_or_default();
        let mut why = std::mem::take(&mut self.dialect.columns.why);
        why.push(self.clock.why());
        let side_by_side = self.side_by_side();
        self.facts.skipped.frame_is_guessed = side_by_side.is_none() && self.options.time_frame.is_none();
        if self.facts.order == RowOrder::NewestFirst {
            self.bars.reverse();
            why.push("newest first: turned round".to_owned());
        }
        let time_frame =
            self.time_frame(side_by_side, &mut why).map_err(|fault| fault.in_file(self.name, self.line))?;
        if !self.steps.are_all(time_frame.span()) {
            self.facts.gaps = Gaps::of(&self.bars, time_frame);
        }
        why.extend(self.facts.rounding());
        Ok(Loaded { bars: self.bars, time_frame, why, facts: self.facts })
    }

    fn nothing(&mut self) -> DataError {
        match self.facts.skipped.first.pop() {
            None => {
                let header = std::mem::take(&mut self.dialect.header);
                FileFault::HeaderOnly(header).in_file(self.name, self.line.max(1))
            }
            Some(last) => {
                self.facts.skipped.first.push(last.clone());
                let first = self.facts.skipped.first.swap_remove(0);
                DataError::NoGoodRow(self.facts.rows, Box::new(first))
            }
        }
    }

    /// The most common step between rows that lie side by side, skipped ones among them; `None` where there is no such pair.
    fn side_by_side(&self) -> Option<i64> {
        if self.behind_skipped.is_empty() {
            return self.steps.most_common();
        }
        let of_all = || common_step(self.bars.iter().map(|bar| bar.time).chain(self.skipped.iter().copied()));
        if self.is_timeless {
            let with_time = || of_all().filter(|_| !self.skipped.is_empty());
            return self.between_bars().or_else(with_time);
        }
        of_all()
    }

    /// The most common step between bars of which no row was skipped between.
    fn between_bars(&self) -> Option<i64> {
        let (mut steps, mut behind) = (Steps::default(), self.behind_skipped.iter().copied().peekable());
        for (place, pair) in (1..).zip(self.bars.windows(2)) {
            while behind.next_if(|skipped| *skipped < place).is_some() {}
            if behind.peek() != Some(&place) {
                steps.add(pair[1].time.since(pair[0].time).nanos().saturating_abs());
            }
        }
        steps.most_common()
    }

    fn time_frame(&self, side_by_side: Option<i64>, why: &mut Vec<String>) -> Result<TimeFrame, FileFault> {
        let all = self.steps.most_common();
        let common = side_by_side.or(all);
        match (self.options.time_frame, common) {
            (Some(given), Some(common)) if common < given.span().nanos() => {
                Err(FileFault::OtherTimeFrame(given, step_text(common)))
            }
            (Some(given), _) => Ok(given),
            (None, None) => Err(FileFault::NoTimeFrame("one row only".to_owned())),
            (None, Some(common)) => {
                let frame =
                    frame_of(common).ok_or_else(|| FileFault::NoTimeFrame(format!("{} steps", step_text(common))))?;
                why.push(match side_by_side {
                    None => format!("time frame {frame}: a guess, as rows were skipped between all others"),
                    _ if common == all.unwrap_or(0) => format!("time frame {frame}: the most common step between rows"),
                    _ => format!("time frame {frame}: the most common step between rows that lie side by side"),
                });
                Ok(frame)
            }
        }
    }
}

/// The most common step between instants, in whatever order they come.
pub(crate) fn common_step(times: impl Iterator<Item = Time>) -> Option<i64> {
    let mut times: Vec<Time> = times.collect();
    times.sort_unstable();
    times.dedup();
    let mut steps = Steps::default();
    times.windows(2).for_each(|pair| steps.add(pair[1].since(pair[0]).nanos()));
    steps.most_common()
}

pub(crate) fn frame_of(nanos: i64) -> Option<TimeFrame> {
    let (seconds, rest) = (nanos / Span::SECOND.nanos(), nanos % Span::SECOND.nanos());
    TimeFrame::from_seconds(u32::try_from(seconds).ok()?).filter(|_| rest == 0)
}

pub(crate) fn step_text(nanos: i64) -> String {
    frame_of(nanos).map_or_else(|| format!("{}s", nanos as f64 / 1e9), |frame| frame.to_string())
}

/// How often each step between rows was seen.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    current: i64,
    run: u64,
    counts: Vec<(i64, u64)>,
}

/// More different steps are not told apart: the most common one is among the first.
const STEPS_MAX: usize = 256;

impl Steps {
    #[inline]
    pub(crate) fn add(&mut self, step: i64) {
        if step != self.current {
            self.change(step);
        }
        self.run += 1;
    }

    #[cold]
    fn change(&mut self, step: i64) {
        self.settle();
        (self.current, self.run) = (step, 0);
    }

    fn settle(&mut self) {
        let room = self.run > 0 && self.counts.len() < STEPS_MAX;
        match self.counts.iter_mut().find(|(known, _)| *known == self.current) {
            Some((_, count)) => *count += self.run,
            None if room => self.counts.push((self.current, self.run)),
            None => {}
        }
    }

    /// `(step, count)` of every step, the run at hand included.
    fn all(&self) -> impl Iterator<Item = (i64, u64)> {
        let at_hand = self.counts.iter().find(|(step, _)| *step == self.current).map_or(0, |(_, count)| *count);
        let others = self.counts.iter().copied().filter(|(step, _)| *step != self.current);
        others.chain((self.run > 0).then_some((self.current, at_hand + self.run)))
    }

    /// The shorter one of two as common.
    pub(crate) fn most_common(&self) -> Option<i64> {
        self.all().max_by_key(|(step, count)| (*count, -step)).map(|(step, _)| step)
    }

    fn are_all(&self, span: Span) -> bool {
        self.counts.len() < STEPS_MAX && self.all().all(|(step, _)| step == span.nanos())
    }
}
