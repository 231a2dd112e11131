//! Rows as lines of InfluxDB's line protocol.
//!
//! `trades,venue=binance,symbol=BTC/USDT,side=buy price=100.5,quantity=2,id=7i,at=1700000000000000000i,received=…i STAMP`:
//! the measurement is the kind; venue, symbol, time frame and side are tags, so there are no more series than data sets, twice.
//! Numbers are written with all their digits (the server makes 64-bit floats of them: 15 digits come back). After the syntax
//! of <https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/>.
use std::collections::HashMap;
use std::fmt::{self, Write};
use std::sync::Arc;

use qframe_app::{Arrival, Row};
use qframe_data::DataKey;
use qframe_model::market::{Quote, Trade};
use qframe_model::time::Time;

const MICRO: i64 = 1_000;
const MILLI: i64 = 1_000_000;

/// Why a row has no line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineFault {
    /// A name that no tag can have: empty, with a line break in it, or with a backslash at its end.
    Tag(String),
    /// A number of a trade above 2^63 - 1.
    Number(u64),
    /// Changes of a book have no place among points in time.
    Book,
}

impl LineFault {
    /// The reason, without its value.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Tag(_) => "a name that no tag can have",
            Self::Number(_) => "a number above 2^63 - 1",
            Self::Book => "a change of a book",
        }
    }
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(name) => write!(f, "{name:?} is no tag; expected text on one line with no backslash at its end"),
            Self::Number(id) => write!(f, "the number {id}; expected at most {}", i64::MAX),
            Self::Book => f.write_str("changes of a book have no place here; expected bars, trades, quotes or funding"),
        }
    }
}

impl std::error::Error for LineFault {}

/// Writes lines. Points of one series and one nanosecond overwrite each other, and many trades share a millisecond, so
/// stamps are made so that the same row always gets the same one, and others another:
///
/// - a trade whose time is a whole millisecond is stamped that plus its number modulo 1 000 000, in nanoseconds; of
///   another, its microsecond plus its number modulo 1 000. Two trades meet only where a million, or a thousand, numbers lie
///   between them within the same instant. One without a number is counted up from its instant.
/// - a quote is stamped so with the nanoseconds of its arrival in the place of a number.
///
/// The venue's own time is the field `at`; the stamp is less than a millisecond after it.
#[derive(Debug, Default)]
pub struct Encoder {
    /// Of trades without numbers: their last instant, and how many it had.
    unnumbered: HashMap<Arc<DataKey>, (Time, i64)>,
}

impl Encoder {
    /// Puts the line of a row, with its line break, behind a text.
    ///
    /// # Errors
    /// [`LineFault`]; the text is as it was.
    pub fn line(&mut self, arrival: &Arrival, text: &mut String) -> Result<(), LineFault> {
        let before = text.len();
        let done = self.series(arrival, text).and_then(|()| self.point(arrival, text));
        if done.is_err() {
            text.truncate(before);
        }
        done
    }

    fn series(&self, Arrival { key, row, .. }: &Arrival, text: &mut String) -> Result<(), LineFault> {
        text.push_str(key.kind.name());
        tag(text, "venue", &key.venue)?;
        tag(text, "symbol", key.symbol.as_str())?;
        if let Some(frame) = key.frame {
            tag(text, "timeframe", &frame.to_string())?;
        }
        if let Row::Trade(trade) = row {
            tag(text, "side", &trade.side.to_string())?;
        }
        Ok(())
    }

    fn point(&mut self, arrival: &Arrival, text: &mut String) -> Result<(), LineFault> {
        let received = arrival.received.nanos();
        let (written, stamp) = match &arrival.row {
            Row::Bar(bar) => {
                let volume = bar.volume.quantity();
                let (open, high, low, close) = (bar.open, bar.high, bar.low, bar.close);
                let written = write!(text, " open={open},high={high},low={low},close={close},volume={volume}");
                (written, bar.time.nanos())
            }
            Row::Trade(trade) => {
                let id = i64::try_from(trade.id).map_err(|_| LineFault::Number(trade.id))?;
                let (price, quantity, at) = (trade.price, trade.quantity.quantity(), trade.time.nanos());
                let written = write!(text, " price={price},quantity={quantity},id={id}i,at={at}i");
                (written, self.of_trade(&arrival.key, trade, id))
            }
            Row::Quote(quote) => {
                let (bid, ask, at) = (quote.bid, quote.ask, quote.time.nanos());
                let (bids, asks) = (bid.quantity.quantity(), ask.quantity.quantity());
                let (bid, ask) = (bid.price, ask.price);
                let written = write!(text, " bid={bid},bid_size={bids},ask={ask},ask_size={asks},at={at}i");
                (written, of_quote(quote, received))
            }
            Row::Funding(funding) => {
                let mark = funding.mark.map(|mark| format!(",mark={mark}")).unwrap_or_default();
                (write!(text, " rate={}{mark}", funding.rate), funding.time.nanos())
            }
            Row::Book(_) => return Err(LineFault::Book),
        };
        // Writing to a text does not fail.
        let _ = written.and_then(|()| writeln!(text, ",received={received}i {stamp}"));
        Ok(())
    }

    fn of_trade(&mut self, key: &Arc<DataKey>, trade: &Trade, id: i64) -> i64 {
        if id > 0 {
            return spread(trade.time, id);
        }
        let (instant, count) = self.unnumbered.entry(Arc::clone(key)).or_insert((trade.time, -1));
        *count = if *instant == trade.time { *count + 1 } else { 0 };
        *instant = trade.time;
        spread(trade.time, *count)
    }
}

fn of_quote(quote: &Quote, received: i64) -> i64 {
    // Where the venue says no time, the time of arrival is the time.
    if quote.time.nanos() == received { received } else { spread(quote.time, received) }
}

/// An instant, to the millisecond or microsecond that it is known to, and a number in what is below.
fn spread(time: Time, number: i64) -> i64 {
    let nanos = time.nanos();
    let room = if nanos % MILLI == 0 { MILLI } else { MICRO };
    nanos.saturating_sub(nanos.rem_euclid(room)).saturating_add(number.rem_euclid(room))
}

/// `,name=value`, with a backslash before each `,`, `=` and space.
fn tag(text: &mut String, name: &str, value: &str) -> Result<(), LineFault> {
    if value.is_empty() || value.ends_with('\\') || value.contains(char::is_control) {
        return Err(LineFault::Tag(value.to_owned()));
    }
    text.extend([",", name, "="]);
    for letter in value.chars() {
        if matches!(letter, ',' | '=' | ' ') {
            text.push('\\');
        }
        text.push(letter);
    }
    Ok(())
}
