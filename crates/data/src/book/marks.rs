//! Mark prices in a recorded stream: what a unit of a perpetual's position was worth, and what fell due next.
use std::path::Path;

use qframe_model::number::{Price, Rate};
use qframe_model::symbol::Symbol;
use qframe_model::time::Time;

use super::decode::Decoder;
use super::frame::Content;
use super::lines::{Line, Lines};
use super::names::symbol;
use crate::error::DataError;

/// One message of a mark price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkRow {
    /// Of what.
    pub symbol: Symbol,
    /// When it was so, by the exchange's clock; where that is not told, when it came.
    pub time: Time,
    /// The mark price.
    pub price: Price,
    /// What longs will pay to shorts, as a share of it.
    pub rate: Rate,
    /// When.
    pub due: Time,
}

/// The mark prices of a recorded stream in the order of its lines, and how many more there are than `most`. Lines that are
/// no such message are passed over: [`Recording`](super::Recording) says what is wrong with them.
///
/// # Errors
/// [`DataError::File`] where the file cannot be read.
pub fn read_marks(path: impl AsRef<Path>, most: usize) -> Result<(Vec<MarkRow>, u64), DataError> {
    let (mut lines, mut decoder) = (Lines::open(path.as_ref())?, Decoder::default());
    let (mut rows, mut more) = (Vec::new(), 0);
    let finder = memchr::memmem::Finder::new("markPriceUpdate");
    while lines.advance()? {
        let Line::Message(raw, received, _) = lines.line() else { continue };
        if finder.find(raw).is_none() {
            continue;
        }
        let known = decoder.decode(raw, |frame| {
            let Content::Mark { mark, rate, due } = frame.content else { return };
            let (Some(symbol), Some(time)) = (symbol(frame.feed, frame.name), frame.time.or(received)) else { return };
            if rows.len() < most {
                rows.push(MarkRow { symbol, time, price: mark, rate, due });
            } else {
                more += 1;
            }
        });
        // A message with a fault is counted where the recording is read.
        drop(known);
    }
    Ok((rows, more))
}
