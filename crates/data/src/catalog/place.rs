//! Where things stand: `ROOT/KIND/VENUE/SYMBOL/FRAME/PERIOD.parquet`; what is no bar has no frame.
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use qframe_model::time::{Span, Time, TimeFrame};

use super::CatalogError;
use crate::rows::{DataKey, Kind};

/// What the files that are being written are called, until they are whole.
pub(super) const PARTIAL: &str = ".partial";

/// The folder of files that are whole, and are taking the place of all others of their set.
const FRESH: &str = ".fresh";

/// A stretch of time whose rows stand in one file. Its name sorts as its time does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// The first instant.
    pub start: Time,
    /// The first instant behind it; [`Time::MAX`] is in the last one.
    pub end: Time,
    step: Step,
}

/// How long the period of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Step {
    All,
    Year,
    Month,
    Day,
}

impl Period {
    /// The one that holds a time, by the rule of the data set: ticks by the day; bars under a minute by the month, under an
    /// hour by the year; everything else in one.
    #[must_use]
    pub fn of(key: &DataKey, time: Time) -> Self {
        let step = match (key.kind, key.frame) {
            (Kind::Trades | Kind::Quotes | Kind::Book, _) => Step::Day,
            (_, Some(frame)) if frame < TimeFrame::MINUTE => Step::Month,
            (_, Some(frame)) if frame < TimeFrame::HOUR => Step::Year,
            _ => Step::All,
        };
        Self::at(step, time.date())
    }

    /// The one of a file name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let mut parts = name.splitn(3, '-');
        let mut next = || parts.next().map(|part| part.parse::<u32>().ok());
        let (year, month, day) = (next(), next(), next());
        let found = match (name, year, month, day) {
            ("all", ..) => Self::at(Step::All, (1970, 1, 1)),
            (_, Some(Some(year)), None, None) => Self::at(Step::Year, (year.try_into().ok()?, 1, 1)),
            (_, Some(Some(year)), Some(Some(month)), None) => Self::at(Step::Month, (year.try_into().ok()?, month, 1)),
            (_, Some(Some(year)), Some(Some(month)), Some(Some(day))) => {
                Self::at(Step::Day, (year.try_into().ok()?, month, day))
            }
            _ => return None,
        };
        (found.to_string() == name).then_some(found)
    }

    fn at(step: Step, (year, month, day): (i32, u32, u32)) -> Self {
        let date = |year, month, day| Time::from_date(year, month, day);
        let after = |start: Time| start + Span::DAY;
        let (start, end) = match step {
            Step::All => (None, None),
            Step::Year => (date(year, 1, 1), date(year + 1, 1, 1)),
            Step::Month if month == 12 => (date(year, 12, 1), date(year + 1, 1, 1)),
            Step::Month => (date(year, month, 1), date(year, month + 1, 1)),
            // The very first midnight is before the first instant.
            Step::Day => {
                (date(year, month, day), date(year, month, day).map(after).or_else(|| date(year, month, day + 1)))
            }
        };
        // The first and the last period of all are cut off by the range of times.
        Self { start: start.unwrap_or(Time::MIN), end: end.unwrap_or(Time::MAX), step }
    }

    pub(super) fn holds(self, time: Time) -> bool {
        self.start <= time && (time < self.end || self.end == Time::MAX)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A period that the range of times cuts off is named by the first instant there is.
        let (year, month, day) = if self.start == Time::MIN { Time::MIN.date() } else { self.start.date() };
        match self.step {
            Step::All => f.pad("all"),
            Step::Year => write!(f, "{year:04}"),
            Step::Month => write!(f, "{year:04}-{month:02}"),
            Step::Day => write!(f, "{year:04}-{month:02}-{day:02}"),
        }
    }
}

/// A data set and its folder.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) key: DataKey,
    pub(super) folder: PathBuf,
    pub(super) lock: PathBuf,
}

impl Place {
    /// # Errors
    /// [`CatalogError::Key`] where the key is no name of a data set.
    pub(super) fn of(root: &Path, key: &DataKey) -> Result<Self, CatalogError> {
        let refused = |why| Err(CatalogError::Key(key.to_string(), why));
        if let Err(why) = check_venue(&key.venue) {
            return refused(why);
        }
        if key.symbol.venue().is_some() {
            return refused("expected the symbol without its venue");
        }
        if key.kind.is_bars() != key.frame.is_some() {
            return refused("expected a time frame for bars, and none for anything else");
        }
        let mut parts = vec![key.kind.name().to_owned(), escape(&key.venue), escape(key.symbol.as_str())];
        parts.extend(key.frame.map(|frame| frame.to_string()));
        let folder = parts.iter().fold(root.to_owned(), |folder, part| folder.join(part));
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        Ok(Self { key: key.clone(), folder, lock: Self::lock(root, &parts) })
    }

    /// The lock of what has this path below the root. None of the parts has a space in it.
    pub(super) fn lock(root: &Path, parts: &[&str]) -> PathBuf {
        root.join(".locks").join(parts.join(" "))
    }

    /// The folder of a whole that takes the place of the set's files.
    pub(super) fn fresh(&self) -> PathBuf {
        self.folder.join(FRESH)
    }

    pub(super) fn file(&self, period: Period) -> PathBuf {
        self.folder.join(format!("{period}.parquet"))
    }

    /// The files there are, oldest first: those of a whole that is taking its place, where there is one.
    pub(super) fn files(&self) -> Result<Vec<(Period, PathBuf)>, CatalogError> {
        let fresh = self.fresh();
        let folder = if fresh.is_dir() { &fresh } else { &self.folder };
        Self::files_in(folder)
    }

    /// Whether there are any; a killed import leaves a folder without.
    pub(super) fn has_files(&self) -> Result<bool, CatalogError> {
        Ok(!self.files()?.is_empty())
    }

    /// The files that a folder holds.
    pub(super) fn files_in(folder: &Path) -> Result<Vec<(Period, PathBuf)>, CatalogError> {
        let mut files: Vec<(Period, PathBuf)> = entries(folder)?
            .into_iter()
            .filter_map(|(name, path)| Some((Period::named(name.strip_suffix(".parquet")?)?, path)))
            .collect();
        files.sort();
        Ok(files)
    }
}

/// The keys of all folders, with files or without, in the order of their names.
pub(super) fn keys(root: &Path) -> Result<Vec<DataKey>, CatalogError> {
    let mut keys = Vec::new();
    for kind in Kind::ALL {
        for (venue, path) in entries(&root.join(kind.name()))? {
            let Some(venue) = unescape(&venue).filter(|venue| check_venue(venue).is_ok()) else { continue };
            for (symbol, path) in entries(&path)? {
                let Some(Ok(symbol)) = unescape(&symbol).map(|symbol| symbol.parse()) else { continue };
                let key = DataKey { kind, venue: venue.clone(), symbol, frame: None };
                if !kind.is_bars() {
                    keys.push(key);
                    continue;
                }
                let frames = entries(&path)?.into_iter().filter_map(|(frame, _)| frame.parse().ok());
                keys.extend(frames.map(|frame| DataKey { frame: Some(frame), ..key.clone() }));
            }
        }
    }
    keys.sort();
    Ok(keys)
}

/// Small letters, digits and what joins them, beginning with one of those: never `..`, nor a path.
pub(super) fn check_venue(venue: &str) -> Result<(), &'static str> {
    let lawful = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    let begins = venue.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit());
    if begins && venue.len() <= VENUE_MAX && venue.bytes().all(lawful) {
        return Ok(());
    }
    Err("expected a venue of small letters, digits, `-`, `_` and `.`, such as binance")
}

/// A venue's own name, and what was made of its rows behind it.
const VENUE_MAX: usize = 100;

/// Names and paths of what is in a folder; nothing where there is none.
pub(super) fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, CatalogError> {
    let failed = |error: std::io::Error| CatalogError::system("reading", folder, &error);
    let list = match fs::read_dir(folder) {
        Ok(list) => list,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(failed(error)),
    };
    let named = |entry: fs::DirEntry| Some((entry.file_name().into_string().ok()?, entry.path()));
    list.map(|entry| entry.map(named).map_err(failed)).filter_map(Result::transpose).collect()
}

/// A name that is one part of a path: what is not a letter, a digit, `-`, `_` or a point inside is `%` and two digits.
pub(super) fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len() + 4);
    for (place, byte) in name.bytes().enumerate() {
        match byte {
            b'.' if place == 0 => escaped.push_str("%2E"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => escaped.push(char::from(byte)),
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

/// The name that [`escape`] made this of.
pub(super) fn unescape(escaped: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
    }
    String::from_utf8(bytes).ok().filter(|name| escape(name) == escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_turn_back() {
        for name in ["BTC/USDT", "BTC/USDT:USDT-261225", "BRK.B", "..", ".", "A_B", "ES-20131220", "x%2Fy"] {
            let escaped = escape(name);
            assert_eq!(unescape(&escaped).as_deref(), Some(name), "{escaped}");
            assert!(!escaped.starts_with('.') && !escaped.contains('/'), "{escaped}");
        }
        for text in ["%", "%2", "%zz", "%41", "a/b"] {
            assert_eq!(unescape(text), None, "{text}");
        }
    }

    #[test]
    fn periods_are_named_by_what_they_hold() {
        let check = |kind: Kind, frame: Option<&str>, time: &str, name: &str| {
            let frame = frame.map(|frame| frame.parse().unwrap());
            let key = DataKey { kind, venue: "x".to_owned(), symbol: "A".parse().unwrap(), frame };
            let time = time.parse::<Time>().unwrap();
            let period = Period::of(&key, time);
            assert_eq!(period.to_string(), name);
            assert!(period.holds(time));
            assert_eq!(Period::named(name), Some(period));
        };
        check(Kind::Trades, None, "2021-01-08T23:59:59.999999999Z", "2021-01-08");
        check(Kind::Trades, None, "1969-12-31T23:59:59Z", "1969-12-31");
        check(Kind::Trades, None, "2020-02-29", "2020-02-29");
        check(Kind::Trades, None, "1677-09-21T23:00:00Z", "1677-09-21");
        check(Kind::Trades, None, "2262-04-11T23:00:00Z", "2262-04-11");
        check(Kind::Bars, Some("1s"), "2021-12-31", "2021-12");
        check(Kind::Bars, Some("5m"), "2021-12-31", "2021");
        check(Kind::Bars, Some("5m"), "1677-12-31", "1677");
        check(Kind::Bids, Some("1h"), "2021-12-31", "all");
        check(Kind::Funding, None, "2021-12-31", "all");
        for name in ["", "21", "2021-1", "2021-13", "2021-02-30", "all-1", "2021-01-08-1", "+021", "x"] {
            assert_eq!(Period::named(name), None, "{name}");
        }
    }
}
