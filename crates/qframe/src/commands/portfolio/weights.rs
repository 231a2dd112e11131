//! Weights of a user, by symbol: words of the command line, or a file.
use std::path::Path;

use qframe_model::number::Rate;
use qframe_model::parameter::nearest;

use crate::commands::table::{SYMBOL, Table, WEIGHT, WEIGHTS};
use crate::error::Error;
use crate::run::raw::Word;
use crate::run::values::{self, SHARE_FROM, WEIGHT_FROM};

/// Weights by symbol: `A=20%`, or a file `symbol,weight`. One that is not named has `unnamed`.
pub(super) fn weights(flag: &str, words: &[Word], names: &[String], unnamed: f64) -> Result<Vec<f64>, Error> {
    by_symbol((flag, WEIGHT_FROM), words, names, unnamed)
}

/// Parts of a whole by symbol, in any proportion: 2 is twice as much as 1.
pub(super) fn parts(flag: &str, words: &[Word], names: &[String], unnamed: f64) -> Result<Vec<f64>, Error> {
    by_symbol((flag, Rate::MAX), words, names, unnamed)
}

fn by_symbol((flag, from): (&str, Rate), words: &[Word], names: &[String], unnamed: f64) -> Result<Vec<f64>, Error> {
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
            let weight = values::share(weight, from).map_err(wrong)?;
            put(known(symbol.trim(), names).map_err(wrong)?, weight.to_f64(), &wrong)?;
            continue;
        }
        let table = Table::read(flag, Path::new(word))?.of(WEIGHTS)?;
        let (symbol, weight) = (table.needed(SYMBOL, "symbol,weight")?, table.needed(WEIGHT, "symbol,weight")?);
        for row in table.rows() {
            let wrong = |why: String| table.wrong(row, symbol, why);
            let asset = known(table.text(row, symbol), names).map_err(wrong)?;
            let rate = Rate::parse(table.text(row, weight)).map_err(|error| table.wrong(row, weight, error))?;
            put(asset, rate.to_f64(), &wrong)?;
        }
    }
    Ok(weights.into_iter().map(|weight| weight.unwrap_or(unnamed)).collect())
}

/// The place of a symbol, or why it is none.
pub(super) fn known(symbol: &str, names: &[String]) -> Result<usize, String> {
    names.iter().position(|name| name == symbol).ok_or_else(|| {
        if symbol.eq_ignore_ascii_case("cash") {
            return "money has no price here: what the weights leave stays money, and --cash says what there is; leave it out".to_owned();
        }
        let near = nearest(symbol, names.iter().map(String::as_str));
        let hint = near.map_or_else(String::new, |name| format!("; did you mean {name}?"));
        format!("{symbol} has no prices; expected one of the {} symbols of --prices{hint}", names.len())
    })
}

/// `20%`, `5bp` or `0.2`.
pub(super) fn share(flag: &str, word: &str) -> Result<f64, Error> {
    share_below(flag, word, SHARE_FROM)
}

/// The same of a weight, or of a sum of them: 1 is all there is.
pub(super) fn weight(flag: &str, word: &str) -> Result<f64, Error> {
    share_below(flag, word, WEIGHT_FROM)
}

/// A share that has its sign from some number on.
pub(super) fn share_below(flag: &str, word: &str, from: Rate) -> Result<f64, Error> {
    values::share(word, from).map(Rate::to_f64).map_err(|why| Error::usage(flag, word, why))
}

/// A share within a range, which the sentence says.
pub(super) fn share_within(
    flag: &str,
    word: &str,
    is_within: impl Fn(f64) -> bool,
    expected: &str,
) -> Result<f64, Error> {
    let value = share(flag, word)?;
    if is_within(value) { Ok(value) } else { Err(Error::usage(flag, word, expected)) }
}
