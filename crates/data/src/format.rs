//! Bars as a file of their own, in the format that its name asks for.
use std::io::{Error, Result, Write};
use std::path::Path;

use qframe_model::market::Bar;

use crate::catalog::{Columns, write_columns};
use crate::csv::write_bars;

/// How bars are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text: exact decimals, RFC 3339.
    Csv,
    /// The same, packed.
    Gzip,
    /// Parquet with exact decimals, as in the catalog.
    Parquet,
    /// Arrow IPC, also called feather.
    Arrow,
}

impl Format {
    /// By the ending of a name: `.parquet`, `.arrow` or `.feather`, `.gz`; any other is text.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        match ending.as_str() {
            "parquet" | "pq" => Self::Parquet,
            "arrow" | "feather" => Self::Arrow,
            "gz" => Self::Gzip,
            _ => Self::Csv,
        }
    }

    /// Writes bars; an import reads each format back as it was.
    ///
    /// # Errors
    /// What the writer refuses.
    pub fn write(self, out: impl Write + Send, bars: &[Bar]) -> Result<()> {
        match self {
            Self::Csv => write_bars(out, bars),
            Self::Gzip => {
                let mut packed = flate2::write::GzEncoder::new(out, flate2::Compression::default());
                write_bars(&mut packed, bars)?;
                packed.finish()?.flush()
            }
            Self::Parquet => write_columns(bars, Columns::Parquet, out).map_err(Error::other),
            Self::Arrow => write_columns(bars, Columns::Arrow, out).map_err(Error::other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rows;
    use crate::import::{Wish, import};
    use qframe_model::number::{Price, Volume};
    use qframe_model::time::Time;

    #[test]
    fn every_format_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let bar = |day: i64| {
            let at = |nanos: i64| Price::from_nanos(nanos + day);
            let time = Time::from_seconds(86_400 * day);
            let volume = Volume::from_digits(15, 1).unwrap();
            Bar { time, open: at(2_000), high: at(3_000), low: at(1_000), close: at(2_500), volume }
        };
        let mut bars: Vec<Bar> = (18_000..18_100).map(bar).collect();
        for wide in [false, true] {
            if wide {
                bars[50].high = Price::MAX;
            }
            for ending in ["csv", "csv.gz", "parquet", "arrow"] {
                let path = folder.path().join(format!("BTCUSDT-1d.{ending}"));
                Format::of(&path).write(std::fs::File::create(&path).unwrap(), &bars).unwrap();
                let mut back = Vec::new();
                let answers = import(&path, &Wish::default(), &mut |_, rows| {
                    if let Rows::Bars(rows) = rows {
                        back.extend(rows);
                    }
                    Ok(())
                });
                answers.into_iter().for_each(|answer| _ = answer.unwrap());
                assert_eq!(back, bars, "{ending}");
            }
        }
    }
}
