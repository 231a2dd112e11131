//! The plain format: a header, one bar a line, exact decimals, RFC 3339.
use std::io::{BufWriter, Result, Write};

use qframe_model::market::{Bar, BookChange, CorporateAction, Dividend, Level};

use crate::rows::{Kind, Rows};

/// The columns, in the order of every file this project writes.
const HEADER: &str = "time,open,high,low,close,volume";

/// Writes bars as text that [`read_bars`](crate::read_bars) reads back bit for bit.
///
/// # Errors
/// What the writer refuses.
pub fn write_bars(writer: impl Write, bars: &[Bar]) -> Result<()> {
    let mut writer = BufWriter::new(writer);
    writeln!(writer, "{HEADER}")?;
    for Bar { time, open, high, low, close, volume } in bars {
        writeln!(writer, "{time},{open},{high},{low},{close},{volume}")?;
    }
    writer.flush()
}

/// The columns of a kind, as [`write_rows`] writes them.
#[must_use]
pub const fn header(kind: Kind) -> &'static str {
    match kind {
        Kind::Bars | Kind::Bids | Kind::Asks => HEADER,
        Kind::Trades => "time,id,price,qty,side,received",
        Kind::Quotes => "time,bid,bid_qty,ask,ask_qty,received",
        Kind::Book => "time,sequence,side,price,qty,last,received",
        Kind::Funding => "time,rate,mark",
        Kind::Actions => "time,action,value,paid",
    }
}

/// Writes rows as text, one a line under [`header`], which it does not write: exact decimals, RFC 3339. A change of a book
/// that clears it has the side `clear`, and no price.
///
/// # Errors
/// What the writer refuses.
pub fn write_rows(mut writer: impl Write, rows: &Rows) -> Result<()> {
    let writer = &mut writer;
    match rows {
        Rows::Bars(rows) => rows.iter().try_for_each(|bar| {
            let Bar { time, open, high, low, close, volume } = bar;
            writeln!(writer, "{time},{open},{high},{low},{close},{volume}")
        }),
        Rows::Trades(rows) => rows.iter().try_for_each(|trade| {
            let (price, quantity, side) = (trade.price, trade.quantity, trade.side);
            writeln!(writer, "{},{},{price},{quantity},{side},{}", trade.time, trade.id, trade.received)
        }),
        Rows::Quotes(rows) => rows.iter().try_for_each(|quote| {
            let (bid, ask) = (quote.bid, quote.ask);
            let levels = format_args!("{},{},{},{}", bid.price, bid.quantity, ask.price, ask.quantity);
            writeln!(writer, "{},{levels},{}", quote.time, quote.received)
        }),
        Rows::Book(rows) => rows.iter().try_for_each(|delta| {
            write!(writer, "{},{},", delta.time, delta.sequence)?;
            match delta.change {
                BookChange::Clear => writer.write_all(b"clear,,")?,
                BookChange::Level(side, Level { price, quantity }) => write!(writer, "{side},{price},{quantity}")?,
            }
            writeln!(writer, ",{},{}", delta.last, delta.received)
        }),
        Rows::Funding(rows) => rows.iter().try_for_each(|funding| {
            let mark = funding.mark.map(|mark| mark.to_string()).unwrap_or_default();
            writeln!(writer, "{},{},{mark}", funding.time, funding.rate)
        }),
        Rows::Actions(rows) => rows.iter().try_for_each(|dated| match dated.action {
            CorporateAction::Dividend(Dividend { each, paid }) => {
                let paid = paid.map(|paid| paid.to_string()).unwrap_or_default();
                writeln!(writer, "{},dividend,{each},{paid}", dated.time)
            }
            CorporateAction::Split(ratio) => writeln!(writer, "{},split,{ratio},", dated.time),
        }),
    }
}
