//! Any file of market data into rows: what it is, what it says of itself, what is wrong with it.
//!
//! A path goes through four hands. `open` unpacks it into pieces (the members of an archive); `table` looks at the first
//! lines of a piece, and `dialect` says what they are and why; a carrier (`text`, `columns`, `json`) hands out rows as cells,
//! which a `part` reads into market rows; and a `shelf` for each data set brings them in order, merges what stands twice and
//! hands them on in bounded batches. Nothing is dropped: a row is handed on, or counted as merged, or a
//! [`Finding`](crate::Finding) says what is wrong with it.
mod bookwork;
mod cells;
mod columns;
mod desk;
mod dialect;
mod expiry;
mod factors;
mod fault;
mod foreign;
mod guard;
mod intake;
mod interest;
mod json;
mod lean;
mod lengths;
mod open;
mod part;
mod paths;
mod place;
mod plain;
mod published;
mod recorded;
mod shelf;
mod spelling;
mod stamps;
mod table;
mod text;

use std::io::Read;
use std::path::Path;

use qframe_model::symbol::Symbol;
use qframe_model::time::{Time, TimeFrame};

use crate::rows::{DataKey, Kind, Rows};

pub use desk::Findings;
pub use dialect::{About, Dialect, dialects};
pub use fault::{ImportError, ImportFault};
pub use foreign::Foreign;
pub use intake::{Became, Intake, Strangers};
pub use interest::{OpenInterest, open_interest};
pub use paths::{Found, find_files};

/// What is asked of an import; what is not said here is taken from the file and its path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// The instrument; without a venue.
    pub symbol: Option<Symbol>,
    /// Where it was recorded, in lower case.
    pub venue: Option<String>,
    /// The length of a bar.
    pub frame: Option<TimeFrame>,
    /// The kind of rows that is wanted of a file; of another one it is refused.
    pub kind: Option<Kind>,
    /// The dialect; none: the first one that recognises the file.
    pub dialect: Option<Dialect>,
    /// Which of two rows of one time and other values is handed on.
    pub conflict: Twice,
}

/// Which of two rows of one time and other values is handed on; the other one is a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Twice {
    /// The one that stands first in the file.
    #[default]
    KeepFirst,
    /// The one that stands last.
    KeepLast,
}

/// What came out of one file, or of one member of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The file; a member of an archive behind a `:`.
    pub file: String,
    /// How it was understood.
    pub dialect: Dialect,
    /// Why, and what was taken from where: a sentence each.
    pub why: Vec<String>,
    /// The data sets in it. None: the file is known, and holds nothing that has a kind here.
    pub sets: Vec<ImportedSet>,
    /// Of a map file: a venue, and what one of its securities was called.
    pub history: Option<(String, crate::securities::Security)>,
    /// Of a file of open interest: a venue, and that of one of its contracts.
    pub open_interest: Option<(String, OpenInterest)>,
    /// What is wrong with its rows.
    pub findings: Findings,
}

/// One data set of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedSet {
    /// What it is.
    pub key: DataKey,
    /// How many rows were handed on.
    pub rows: u64,
    /// Rows that stood there twice with the same values.
    pub merged: u64,
    /// The times of the first and of the last row.
    pub period: Option<(Time, Time)>,
}

/// Takes the rows of a set: a batch is in order, batches of one set mostly are. An error stops the import of the file.
pub type Sink<'a> = dyn FnMut(&DataKey, Rows) -> Result<(), String> + 'a;

/// Reads a file and hands its rows to `sink`, in batches of at most a few million rows. One answer for each member of
/// an archive. Rows that are handed on before an error is met stay handed on.
pub fn import(path: &Path, wish: &Wish, sink: &mut Sink<'_>) -> Vec<Result<Import, ImportError>> {
    let mut answers = Vec::new();
    let name = path.display().to_string();
    let done = open::pieces(path, &mut |piece| {
        let (file, mut handed) = (piece.name.clone(), 0);
        let mut counted = |key: &DataKey, rows: Rows| {
            let count = rows.len() as u64;
            sink(key, rows).map(|()| handed += count)
        };
        let answer = one(piece, wish, &mut counted);
        answers.push(answer.map_err(|fault| ImportError { file, fault, handed }));
    });
    if let Err(fault) = done {
        answers.push(Err(ImportError { file: name, fault, handed: 0 }));
    }
    // Messages are no rows: whoever reads recordings reads the file anew. One that breaks off is one up to there.
    let is_recorded = |answer: &Result<Import, ImportError>| match answer {
        Err(ImportError { fault: ImportFault::Packed("gzip" | "zstd", _), handed: 0, .. }) => begins_as_recording(path),
        Err(error) => error.fault.is_recording(),
        Ok(_) => false,
    };
    if let [answer] = answers.as_mut_slice()
        && is_recorded(answer)
        && wish.dialect.is_none_or(|dialect| dialect == Dialect::Recording)
    {
        *answer = recorded::read(path, wish, sink);
    }
    attach_interest(path, wish, &mut answers);
    answers
}

/// Reads a file of open interest anew: what rows of prices are read by knows nothing of it.
fn attach_interest(path: &Path, wish: &Wish, answers: &mut Vec<Result<Import, ImportError>>) {
    let is_of_it = |import: &&mut Import| {
        import.dialect == Dialect::LeanBeside && wish.kind.is_none() && interest::symbol_of(&import.file).is_some()
    };
    let found: Vec<&mut Import> = answers.iter_mut().flatten().filter(is_of_it).collect();
    if found.is_empty() {
        return;
    }
    let mut known = match open_interest(path) {
        Ok(known) => known,
        Err(error) => return answers.push(Err(error)),
    };
    for import in found {
        let symbol = interest::symbol_of(&import.file);
        let Some(at) = known.iter().position(|one| Some(&one.symbol) == symbol.as_ref()) else { continue };
        let place = place::Place::of(&import.file);
        let venue = wish.venue.clone().or(place.venue).unwrap_or_else(|| desk::UNKNOWN.to_owned());
        import.open_interest = Some((venue, known.swap_remove(at)));
    }
}

/// The pieces of a file that are text, unpacked, each with its name; what cannot be unpacked is passed over.
pub(crate) fn text_pieces(path: &Path, each: &mut dyn FnMut(&str, Box<dyn Read + '_>)) {
    // An import of the same file has told what cannot be unpacked.
    let _told = open::pieces(path, &mut |piece| {
        if let open::Body::Text(reader) = piece.body {
            each(&piece.name, reader);
        }
    });
}

/// True where the first text of a file has a column that says of what each row is.
pub(crate) fn names_symbols(path: &Path) -> bool {
    const LOOKED_AT: u64 = 1 << 16;
    let mut answer = None;
    text_pieces(path, &mut |_, reader| {
        let mut head = Vec::new();
        if answer.is_none() && reader.take(LOOKED_AT).read_to_end(&mut head).is_ok() {
            answer = table::Table::of_text(&head).map(|table| table.find(&plain::SYMBOLS).is_some());
        }
    });
    answer.unwrap_or(false)
}

/// True where the first text of a file is of a recording, as far as it can be unpacked.
fn begins_as_recording(path: &Path) -> bool {
    const LOOKED_AT: u64 = 1 << 12;
    let mut answer = None;
    text_pieces(path, &mut |_, reader| {
        let mut head = Vec::new();
        // What came before the break is there all the same.
        let _ = reader.take(LOOKED_AT).read_to_end(&mut head);
        answer.get_or_insert(text::is_recording(&head));
    });
    answer.unwrap_or(false)
}

fn one(piece: open::Piece<'_>, wish: &Wish, sink: &mut Sink<'_>) -> Result<Import, ImportFault> {
    let open::Piece { name, body } = piece;
    let mut desk = desk::Desk::new(&name, wish, sink);
    match body {
        open::Body::Text(reader) => text::read(reader, &mut desk),
        open::Body::Json(reader) => json::read(reader, &mut desk),
        open::Body::Parquet(file) => columns::parquet(file, &mut desk),
        open::Body::Arrow(file) => columns::arrow(file, &mut desk),
    }?;
    desk.finish()
}
