//! Small tables of a user: weights and positions, by the names in their header.
use std::fmt::Display;
use std::path::Path;

use qframe_model::number::Rate;
use qframe_model::parameter::nearest;

use crate::error::Error;
use crate::run::raw::Word;
use crate::run::small;

/// Rows of a file, and which of its columns are asked for.
pub(super) struct Table {
    path: String,
    rows: Vec<(usize, Vec<(usize, String)>)>,
    columns: Vec<Option<usize>>,
}

/// A value and where it stands.
pub(super) struct Cell<'a> {
    pub(super) text: &'a str,
    place: String,
}

impl Table {
    /// Reads a file with a header; the columns `needed` have to be there, those `wanted` may be.
    pub(super) fn read(path: &Path, needed: &[&str], wanted: &[&str]) -> Result<Self, Error> {
        let name = path.display().to_string();
        let text = small::text("reading", path)?;
        let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let expected = needed.iter().chain(wanted).copied().collect::<Vec<_>>().join(",");
        let Some((header, line)) = lines.next() else {
            return Err(Error::Refused(format!("{name}:1:1: empty; expected a header such as {expected}")));
        };
        let names: Vec<String> = cells(header).into_iter().map(|(_, name)| name.to_lowercase()).collect();
        let place = |wanted: &str| names.iter().position(|name| name == wanted);
        if let Some(absent) = needed.iter().find(|name| place(name).is_none()) {
            let why = format!("no column {absent} among {names:?}; expected a header such as {expected}");
            return Err(Error::Refused(format!("{name}:{line}:1: {why}")));
        }
        let columns = needed.iter().chain(wanted).map(|name| place(name)).collect();
        let mut rows = Vec::new();
        for (text, line) in lines {
            let row = cells(text);
            if row.len() != names.len() {
                let why = format!("{text:?} has {} fields; expected {}, as in the header", row.len(), names.len());
                return Err(Error::Refused(format!("{name}:{line}:1: {why}")));
            }
            rows.push((line, row));
        }
        if rows.is_empty() {
            return Err(Error::Refused(format!("{name}:{line}:1: a header and no row; expected a row a symbol")));
        }
        Ok(Self { path: name, rows, columns })
    }

    /// The rows; of each the columns asked for, in that order.
    pub(super) fn rows(&self) -> impl Iterator<Item = Vec<Option<Cell<'_>>>> {
        self.rows.iter().map(|(line, row)| {
            let cell = |column: &Option<usize>| {
                let (at, text) = row.get((*column)?)?;
                Some(Cell { text, place: format!("{}:{line}:{}", self.path, at + 1) })
            };
            self.columns.iter().map(cell).collect()
        })
    }
}

impl Cell<'_> {
    pub(super) fn wrong(&self, why: impl Display) -> Error {
        Error::Refused(format!("{}: {:?}: {why}", self.place, self.text))
    }
}

fn cells(line: &str) -> Vec<(usize, String)> {
    let mut at = 0;
    let cell = |field: &str| {
        let start = at + field.len() - field.trim_start().len();
        at += field.len() + 1;
        (start, field.trim().trim_matches('"').to_owned())
    };
    line.split(',').map(cell).collect()
}

/// Weights by symbol: `A=20%`, or a file `symbol,weight`. One that is not named has `unnamed`.
pub(super) fn weights(flag: &str, words: &[Word], names: &[String], unnamed: f64) -> Result<Vec<f64>, Error> {
    let mut weights: Vec<Option<f64>> = vec![None; names.len()];
    let mut put = |asset: usize, weight: f64, wrong: &dyn Fn(String) -> Error| {
        if weights[asset].replace(weight).is_some() {
            return Err(wrong(format!("{} is named twice; expected one weight a symbol", names[asset])));
        }
        Ok(())
    };
    for Word(word) in words {
        if let Some((symbol, weight)) = word.split_once('=') {
            let wrong = |why: String| Error::usage(flag, word, why);
            put(known(symbol.trim(), names).map_err(wrong)?, share(flag, weight)?, &wrong)?;
            continue;
        }
        for row in Table::read(Path::new(word), &["symbol", "weight"], &[])?.rows() {
            let [Some(symbol), Some(weight)] = row.as_slice() else { continue };
            let asset = known(symbol.text, names).map_err(|why| symbol.wrong(why))?;
            let rate = Rate::parse(weight.text).map_err(|error| weight.wrong(error))?;
            put(asset, rate.to_f64(), &|why| symbol.wrong(why))?;
        }
    }
    Ok(weights.into_iter().map(|weight| weight.unwrap_or(unnamed)).collect())
}

/// The place of a symbol, or why it is none.
pub(super) fn known(symbol: &str, names: &[String]) -> Result<usize, String> {
    names.iter().position(|name| name == symbol).ok_or_else(|| {
        let near = nearest(symbol, names.iter().map(String::as_str));
        let hint = near.map_or_else(String::new, |name| format!("; did you mean {name}?"));
        format!("{symbol} has no prices; expected one of the {} symbols of --prices{hint}", names.len())
    })
}

/// `20%`, `5bp` or `0.2`.
pub(super) fn share(flag: &str, word: &str) -> Result<f64, Error> {
    Rate::parse(word.trim()).map(Rate::to_f64).map_err(|error| Error::usage(flag, word, error))
}
