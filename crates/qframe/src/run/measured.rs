//! `--latency recorded:FILE` and `--answer-latency recorded:FILE`: latencies that were measured.
use std::path::{Path, PathBuf};

use qframe_data::read_latencies;
use qframe_engine::venue::Latency;
use qframe_model::time::{Span, Time};

use super::raw::{Raw, Word};
use super::values::Given;
use crate::error::Error;

const PREFIX: &str = "recorded:";

/// Which way words go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Orders,
    Answers,
}

/// The measurements of a file; `None` for a word that names none.
pub(super) fn latency(given: Given<'_>, way: Way) -> Option<Result<Latency, Error>> {
    let path = given.word.strip_prefix(PREFIX)?.trim();
    if path.is_empty() {
        return Some(Err(given.wrong("expected a file, such as recorded:latency.csv")));
    }
    let read = read_latencies(path).map_err(Error::from);
    Some(read.map(|read| {
        let rows = if way == Way::Orders { read.orders } else { read.answers };
        Latency::Recorded(rows.into())
    }))
}

/// The same word with its file beside another one, where it names any.
pub(super) fn beside(word: Word, folder: &Path) -> Word {
    let moved = word.0.trim().strip_prefix(PREFIX).map(|path| folder.join(path.trim()));
    moved.map_or(word, |path| Word(format!("{PREFIX}{}", path.display())))
}

/// The files that are read for latencies, and the flags that name them.
pub(crate) fn files(raw: &Raw) -> impl Iterator<Item = (&'static str, PathBuf)> + '_ {
    let words = [("--latency", &raw.latency), ("--answer-latency", &raw.answer_latency)];
    let file = |(flag, word): (_, &Option<Word>)| Some((flag, word.as_ref()?.0.trim().strip_prefix(PREFIX)?.into()));
    words.into_iter().filter_map(file)
}

/// The words of a report: equal rows have equal words.
pub(super) fn words(rows: &[(Time, Span)]) -> String {
    let mut hasher = blake3::Hasher::new();
    for (time, span) in rows {
        hasher.update(&time.nanos().to_le_bytes());
        hasher.update(&span.nanos().to_le_bytes());
    }
    format!("{PREFIX}{} rows, content {}", rows.len(), &hasher.finalize().to_hex()[..12])
}

/// What to know of measurements on data of a period: that none of them is of it.
pub(crate) fn note(flag: &str, latency: &Latency, first: Time, last: Time) -> Option<String> {
    let Latency::Recorded(rows) = latency else { return None };
    let (from, to) = (rows.first()?.0, rows.last()?.0);
    (to < first || last < from).then(|| {
        format!(
            "{flag}: measured from {from} to {to}, and the data is of another time: the nearest of them holds for all"
        )
    })
}
