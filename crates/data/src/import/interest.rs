//! Open interest: how many contracts of a future are open at the end of a day. It is no row of prices, and a roll needs it.
//!
//! LEAN's files: `es_openinterest_201312.csv`, alone or in an archive, with rows `20131006 00:00,2691941` and no header.
use std::io::Read;
use std::path::Path;

use qframe_model::symbol::Symbol;
use qframe_model::time::Time;

use super::fault::{ImportError, ImportFault};
use super::{expiry, open};

/// The open interest of one contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInterest {
    /// The contract, such as `ES-20131220`.
    pub symbol: Symbol,
    /// Days (midnight UTC) and how many contracts were open when they ended; rising.
    pub rows: Vec<(Time, u64)>,
}

/// Files of open interest have a row a day: a century of them is smaller than this.
const BYTES_MAX: u64 = 4 << 20;

/// Reads the open interest of every contract in a file.
///
/// # Errors
/// [`ImportError`] for the first piece that does not read; nothing is passed over.
pub fn open_interest(path: &Path) -> Result<Vec<OpenInterest>, ImportError> {
    let failed = |file: &str, fault| ImportError { file: file.to_owned(), fault, handed: 0 };
    let mut found = Vec::new();
    let done = open::pieces(path, &mut |piece| {
        let name = piece.name.clone();
        found.push(read(piece).map_err(|fault| failed(&name, fault)));
    });
    done.map_err(|fault| failed(&path.display().to_string(), fault))?;
    found.into_iter().collect()
}

fn read(piece: open::Piece<'_>) -> Result<OpenInterest, ImportFault> {
    let symbol = symbol_of(&piece.name)
        .ok_or_else(|| ImportFault::NoSymbol("expected a name such as es_openinterest_201312.csv".to_owned()))?;
    let damaged = |why: String| ImportFault::Damaged("open interest", why);
    let open::Body::Text(text) = piece.body else {
        return Err(damaged("expected lines of text: 20131006 00:00,2691941".to_owned()));
    };
    let mut all = String::new();
    text.take(BYTES_MAX).read_to_string(&mut all).map_err(|error| damaged(error.to_string()))?;
    if all.len() as u64 == BYTES_MAX {
        return Err(damaged(format!("longer than {BYTES_MAX} bytes")));
    }
    let mut rows: Vec<(Time, u64)> = Vec::new();
    for (number, line) in (1..).zip(all.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let expected = "expected a day, later than the one before, and a whole number: 20131006 00:00,2691941";
        let wrong = || damaged(format!("line {number}: {line:?}; {expected}"));
        let row = row(line).ok_or_else(wrong)?;
        if rows.last().is_some_and(|(before, _)| row.0 <= *before) {
            return Err(wrong());
        }
        rows.push(row);
    }
    Ok(OpenInterest { symbol, rows })
}

fn row(line: &str) -> Option<(Time, u64)> {
    let (day, count) = line.trim().split_once(',')?;
    let day = day.split_once(' ').map_or(day, |(day, _)| day);
    let digits = |range: std::ops::Range<usize>| day.get(range)?.parse::<u32>().ok();
    let (year, month, date) = (digits(0..4)?, digits(4..6)?, digits(6..8)?);
    let time = Time::from_date(i32::try_from(year).ok()?, month, date).filter(|_| day.len() == 8)?;
    Some((time, count.trim().parse().ok()?))
}

/// `…/es_openinterest_201312.csv`: the root and the month of expiry.
pub(super) fn symbol_of(name: &str) -> Option<Symbol> {
    let file = name.rsplit(['/', '\\', ':']).next()?;
    let mut words = file.split(['_', '.']);
    let root = words.next()?.to_ascii_uppercase();
    if words.next() != Some("openinterest") {
        return None;
    }
    let month = words.find(|word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (day, _) = expiry::of(&root, month[..4].parse().ok()?, month[4..].parse().ok()?)?;
    let (year, month, day) = day.date();
    format!("{root}-{year:04}{month:02}{day:02}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_rows() {
        let symbol = |name: &str| symbol_of(name).map(|symbol| symbol.to_string());
        assert_eq!(symbol("a/es_openinterest.zip:es_openinterest_201312.csv").as_deref(), Some("ES-20131220"));
        assert_eq!(symbol("gc_openinterest_202402.csv").as_deref(), Some("GC-20240229"));
        assert_eq!(symbol("openinterest.csv"), None);
        assert_eq!(symbol("20131006_es_minute_openinterest_201312.csv"), None);
        let day = Time::from_date(2013, 10, 6).unwrap();
        assert_eq!(row("20131006 00:00,2691941"), Some((day, 2_691_941)));
        assert_eq!(row("20131006,7"), Some((day, 7)));
        for bad in ["", "20131306 00:00,1", "20131006", "20131006,-1", "2013-10-06,1", "20131006 00:00,1.5"] {
            assert_eq!(row(bad), None, "{bad}");
        }
    }
}
