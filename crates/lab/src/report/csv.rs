//! Trades, equity and orders as CSV (RFC 4180): a header, a row a line, exact decimals, RFC 3339 times.
use std::fmt::Display;
use std::io::{self, BufWriter, Write};

use qframe_model::number::{Cash, Overflow, Rate, Rounding};

use super::{Facts, ReportError, fold, orders, trades};

/// Writes the closed trades with the keys of the JSON's trades as columns.
///
/// # Errors
/// [`ReportError::Write`] where `out` does not take it.
pub fn trades(facts: &Facts<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let mut out = BufWriter::new(out);
    header(&mut out, &trades::COLUMNS)?;
    for trade in trades::rows(facts) {
        let mut row = Row::begin(&mut out);
        row.text(trade.symbol.as_str())?.field(trade.side)?.field(trade.size)?;
        row.field(trade.entry_time)?.field(trade.exit_time)?.optional(trade.entry_price)?.field(trade.exit_price)?;
        row.field(trade.pnl)?.optional(trade.return_pct)?.field(trade.fee)?.field(&trade.duration)?;
        row.field(&trade.exit_reason)?
            .optional(trade.mae_pct)?
            .optional(trade.mfe_pct)?
            .field(trade.currency)?
            .end()?;
    }
    Ok(out.flush()?)
}

const EQUITY: [&str; 11] = [
    "time",
    "equity",
    "cash",
    "exposure",
    "drawdown",
    "fees",
    "funding",
    "interest",
    "dividends",
    "rollover",
    "receivables",
];

/// Writes every point of the equity curve: `exposure` is the sum of the absolute values of all positions at the closes,
/// `drawdown` the distance from the highest equity so far as a share of it (0 or negative, half-even at 1e-9), `fees` and
/// the columns behind it what was paid up to that point (dividends: received), as the statistics sum it up; `receivables` is what was due then.
///
/// # Errors
/// [`ReportError`] where the run kept no journal to fold the cash from, or `out` does not take it.
pub fn equity(facts: &Facts<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let mut out = BufWriter::new(out);
    header(&mut out, &EQUITY)?;
    let (curve, mut peak) = (&facts.outcome.curve, Cash::ZERO);
    fold::holdings(facts, |point, held| {
        let equity = curve.equity_at(point);
        peak = peak.max(equity);
        let mut row = Row::begin(&mut out);
        row.field(curve.time(point))?.field(equity)?.field(held.cash)?.field(held.exposure)?;
        row.optional(drawdown(equity, peak)?)?;
        for (_, amount) in held.charges.rows() {
            row.field(amount)?;
        }
        Ok(row.end()?)
    })?;
    Ok(out.flush()?)
}

/// `None` where there never was anything to fall from.
fn drawdown(equity: Cash, peak: Cash) -> Result<Option<Rate>, Overflow> {
    if !peak.is_positive() {
        return Ok(None);
    }
    let fall = equity.minus(peak)?;
    let share = Cash::from_attos(Rate::ONE.nanos().into()).scaled(fall.attos(), peak.attos(), Rounding::HalfEven)?;
    Ok(i64::try_from(share.attos()).ok().map(Rate::from_nanos))
}

const ORDERS: [&str; 17] = [
    "id",
    "time",
    "symbol",
    "side",
    "kind",
    "size",
    "limit",
    "trigger",
    "trail",
    "display",
    "time_in_force",
    "purpose",
    "state",
    "filled",
    "average_price",
    "fee",
    "reason",
];

/// Writes every order of the journal, the refused ones too, by ascending number: what was asked, and where it ended.
///
/// # Errors
/// [`ReportError`] where the run kept no journal, or `out` does not take it.
pub fn orders(facts: &Facts<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let mut out = BufWriter::new(out);
    header(&mut out, &ORDERS)?;
    let instruments = facts.backtest.instruments();
    for ended in orders::all(facts)? {
        let (order, (kind, limit, trigger)) = (&ended.order, ended.kind());
        let mut row = Row::begin(&mut out);
        row.field(order.id)?.field(order.time)?.text(instruments[order.instrument.index()].symbol().as_str())?;
        row.field(order.side)?.field(kind)?.field(ended.size())?.optional(limit)?.optional(trigger)?;
        row.field(ended.trail())?.field(ended.display())?.field(ended.time_in_force())?.field(order.purpose)?;
        row.field(ended.state())?.field(ended.filled)?.optional(ended.average_price())?.field(ended.fee)?;
        row.text(&ended.reason())?.end()?;
    }
    Ok(out.flush()?)
}

fn header(out: &mut impl Write, columns: &[&str]) -> io::Result<()> {
    writeln!(out, "{}", columns.join(","))
}

/// A line in the making.
struct Row<'a, W> {
    out: &'a mut W,
    is_first: bool,
}

impl<'a, W: Write> Row<'a, W> {
    const fn begin(out: &'a mut W) -> Self {
        Self { out, is_first: true }
    }

    /// A field that never needs quotes: a number, a time, a word of ours.
    fn field(&mut self, value: impl Display) -> io::Result<&mut Self> {
        if !std::mem::take(&mut self.is_first) {
            self.out.write_all(b",")?;
        }
        write!(self.out, "{value}")?;
        Ok(self)
    }

    /// A field that is empty where there is no value.
    fn optional(&mut self, value: Option<impl Display>) -> io::Result<&mut Self> {
        match value {
            Some(value) => self.field(value),
            None => self.field(""),
        }
    }

    /// A field of any text.
    fn text(&mut self, value: &str) -> io::Result<&mut Self> {
        if value.contains(['"', ',', '\n', '\r']) {
            self.field(format_args!("\"{}\"", value.replace('"', "\"\"")))
        } else {
            self.field(value)
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }
}
