//! Measured latencies: how long orders took to a venue, and its answers back.
use std::io::Read;
use std::path::Path;

use qframe_model::time::{Span, Time};

use super::Offsets;
use super::careful::Fault;
use super::clock::Clock;
use super::columns::{plain_name, time_column};
use super::dialect::SEPARATORS;
use super::fields::{Field, split};
use super::page::read_page;
use super::source::open;
use super::text_of;
use crate::bad_row::RowFault;
use crate::error::{DataError, FileFault};
use crate::loaded::RowOrder;

/// What was measured, each way by the instants at which the word was sent, ascending; at least one row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Latencies {
    /// Orders on their way to the venue, by the clock here.
    pub orders: Vec<(Time, Span)>,
    /// Answers on their way back, by the venue's clock.
    pub answers: Vec<(Time, Span)>,
}

/// Reads measured latencies, plain or gzip: a header, then rows whose times do not fall; other columns are left out. Either
/// of these:
/// - `time,entry,answer`: an instant and two spans, such as `1500us`; a number alone is nanoseconds;
/// - `request,exchange,response` (also `req_ts,exch_ts,resp_ts`): when a request left here, when the venue took it by its
///   own clock, when its answer was here.
///
/// # Errors
/// [`DataError`] for a file without these columns, and for the first row that is no measurement.
pub fn read_latencies(path: impl AsRef<Path>) -> Result<Latencies, DataError> {
    let name = path.as_ref().display().to_string();
    let (file, _) = open(path.as_ref()).map_err(|fault| fault.in_file(&name, 1))?;
    read_latencies_from(file, &name)
}

/// Reads measured latencies from anything that yields the bytes of such a file; `name` stands in messages where a path
/// would.
///
/// # Errors
/// As [`read_latencies`].
pub fn read_latencies_from(reader: impl Read, name: &str) -> Result<Latencies, DataError> {
    let mut read = read_page(reader, name, Page::headed, Page::take)?.read;
    // Answers to two requests may leave the venue in another order than the requests left here.
    read.answers.sort_by_key(|(time, _)| *time);
    Ok(read)
}

/// Names of the columns, as [`plain_name`] leaves them.
const REQUEST: [&str; 4] = ["request", "reqts", "requesttime", "requestts"];
const EXCHANGE: [&str; 4] = ["exchange", "exchts", "exchangetime", "exchangets"];
const RESPONSE: [&str; 4] = ["response", "respts", "responsetime", "responsets"];
const ENTRY: [&str; 2] = ["entry", "entrylatency"];
const ANSWER: [&str; 4] = ["answer", "answerlatency", "response", "responselatency"];

const HEADERS: &str = "time,entry,answer or request,exchange,response";
const SPAN: &str = "a whole number of nanoseconds, or one with its unit, such as 1500us";

/// Units of a span, in nanoseconds.
const UNITS: [(&str, i64); 5] = [("", 1), ("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];

/// What the second and the third column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Spans,
    Stamps,
}

/// A file while it is read.
struct Page {
    form: Form,
    separator: u8,
    /// How many columns the header has, and the places of the three.
    columns: usize,
    places: [usize; 3],
    clock: Clock,
    read: Latencies,
}

impl Page {
    /// Understands a header.
    fn headed(line: &[u8]) -> Result<Self, FileFault> {
        let mut seen = Vec::new();
        for (separator, _) in SEPARATORS {
            let Ok(fields) = split(line, separator) else { continue };
            let plain: Vec<String> = fields.iter().map(|field| plain_name(&field.text)).collect();
            let place = |names: &[&str]| plain.iter().position(|name| names.contains(&name.as_str()));
            let stamps = [place(&REQUEST), place(&EXCHANGE), place(&RESPONSE)];
            let spans = [time_column(&plain), place(&ENTRY), place(&ANSWER)];
            for (form, places) in [(Form::Stamps, stamps), (Form::Spans, spans)] {
                if let [Some(first), Some(second), Some(third)] = places {
                    let (columns, clock) = (fields.len(), Clock::new(Offsets::Mixed));
                    let places = [first, second, third];
                    return Ok(Self { form, separator, columns, places, clock, read: Latencies::default() });
                }
            }
            if fields.len() > seen.len() {
                seen = fields.iter().map(|field| field.text.chars().take(40).collect()).collect();
            }
        }
        Err(FileFault::UnknownCalendar(seen, HEADERS))
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Fault> {
        let whole = |fault| Fault::new(0, &text_of(line), fault);
        let fields = split(line, self.separator).map_err(|_| whole(RowFault::BrokenQuote))?;
        if fields.len() != self.columns {
            return Err(whole(RowFault::FieldCount(fields.len(), self.columns)));
        }
        let [first, second, third] = self.places.map(|place| &fields[place]);
        let sent = self.time(first)?;
        if let Some((last, _)) = self.read.orders.last().filter(|(last, _)| sent < *last) {
            return Err(Fault::new(first.start, &first.text, RowFault::Unsorted(*last, RowOrder::OldestFirst)));
        }
        let (entry, taken, answer) = match self.form {
            Form::Spans => (span(second, "entry")?, sent, span(third, "answer")?),
            Form::Stamps => {
                let (taken, heard) = (self.time(second)?, self.time(third)?);
                let expected = "a time that is not before the request's: put one of the clocks right first";
                let entry = after(sent, taken, second, ("exchange", expected))?;
                (entry, taken, after(taken, heard, third, ("response", "a time that is not before the exchange's"))?)
            }
        };
        self.read.orders.push((sent, entry));
        self.read.answers.push((taken, answer));
        Ok(())
    }

    fn time(&mut self, field: &Field<'_>) -> Result<Time, Fault> {
        self.clock.careful(&field.text).map_err(|fault| Fault::new(field.start, &field.text, fault))
    }
}

fn after(
    from: Time,
    to: Time,
    field: &Field<'_>,
    (name, expected): (&'static str, &'static str),
) -> Result<Span, Fault> {
    let wrong = || Fault::new(field.start, &field.text, RowFault::NotA(name, expected));
    if to >= from { Ok(to.since(from)) } else { Err(wrong()) }
}

fn span(field: &Field<'_>, name: &'static str) -> Result<Span, Fault> {
    let text = field.text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(digits);
    let unit = UNITS.iter().find(|(known, _)| *known == unit.trim_start());
    let nanos = unit.and_then(|(_, nanos)| count.parse::<i64>().ok()?.checked_mul(*nanos));
    let wrong = || Fault::new(field.start, &field.text, RowFault::NotA(name, SPAN));
    nanos.map(Span::from_nanos).ok_or_else(wrong)
}
