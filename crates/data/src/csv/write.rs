//! The plain format: a header, one bar a line, exact decimals, RFC 3339.
use std::io::{BufWriter, Result, Write};

use qframe_model::market::Bar;

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
