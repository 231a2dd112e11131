//! The file of `--config`: its words, each number as it is written, and the line of each key, so that a wrong value is
//! found where it stands.
use std::borrow::Cow;
use std::path::PathBuf;

use serde::Deserialize;
use toml::de::{DeTable, DeValue, Deserializer};

use super::raw::Raw;
use crate::error::Error;

/// The words of a run that a file gave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    pub(super) path: PathBuf,
    /// Key and line, from 1; `param.fast` for a parameter.
    pub(super) keys: Vec<(String, usize)>,
}

/// Reads a file; its keys come with their lines.
pub(super) fn read(text: &str) -> Result<(Raw, Vec<(String, usize)>), toml::de::Error> {
    let mut table = DeTable::parse(text)?;
    let line = |place: usize| text[..place].matches('\n').count() + 1;
    let mut keys = Vec::new();
    for (key, value) in table.get_ref() {
        keys.push((key.get_ref().to_string(), line(key.span().start)));
        let inner = value.get_ref().as_table().filter(|_| key.get_ref() == "param");
        let inner = inner.into_iter().flat_map(|table| table.iter());
        keys.extend(inner.map(|(name, _)| (format!("param.{}", name.get_ref()), line(name.span().start))));
        if key.get_ref() == "limits" {
            lines_below("limits", value.get_ref(), &line, &mut keys);
        }
    }
    for (_, value) in table.get_mut().iter_mut() {
        keep_digits(value.get_mut());
    }
    let raw = Raw::deserialize(Deserializer::from(table));
    let raw = raw.map_err(|mut error| {
        error.set_input(Some(text));
        error
    })?;
    Ok((raw, keys))
}

/// The lines of all keys in a table, each with the keys above it, and of what stands in a list.
fn lines_below(above: &str, value: &DeValue<'_>, line: &impl Fn(usize) -> usize, keys: &mut Vec<(String, usize)>) {
    for (place, value) in value.as_array().into_iter().flat_map(|list| list.iter()).enumerate() {
        keys.push((format!("{above}[{}]", place + 1), line(value.span().start)));
    }
    for (key, value) in value.as_table().into_iter().flat_map(|table| table.iter()) {
        let path = format!("{above}.{}", key.get_ref());
        lines_below(&path, value.get_ref(), line, keys);
        keys.push((path, line(key.span().start)));
    }
}

/// A number with a point as its text: read as a float, it would lose the digits behind the sixteenth.
fn keep_digits(value: &mut DeValue<'_>) {
    match value {
        DeValue::Float(float) => {
            let text = float.as_str().trim_start_matches('+').to_owned();
            *value = DeValue::String(Cow::Owned(text));
        }
        DeValue::Array(list) => list.iter_mut().for_each(|value| keep_digits(value.get_mut())),
        DeValue::Table(table) => table.iter_mut().for_each(|(_, value)| keep_digits(value.get_mut())),
        _ => {}
    }
}

impl Origin {
    /// The error with the place in the file where the wrong word is from there.
    pub(crate) fn blame(&self, error: Error) -> Error {
        let Error::Usage { flag, value, why } = error else { return self.blame_refusal(error) };
        // What is wrong with a parameter begins with its name, or says that there is none of it.
        let name = flag.trim_start_matches('-');
        let parameter = |key: &str| {
            let key = key.strip_prefix("param.").filter(|_| name == "param");
            key.is_some_and(|key| why.starts_with(&format!("{key} ")) || why.contains(&format!("no parameter {key:?}")))
        };
        let Some((_, line)) = self.keys.iter().find(|(key, _)| key == name && name != "param" || parameter(key)) else {
            return Error::Usage { flag, value, why };
        };
        let equals = if value.is_empty() { "" } else { " =" };
        Error::Usage { flag: format!("{}:{line}: {name}{equals}", self.path.display()), value, why }
    }

    /// The same for what cannot be done, where that begins with a flag that nobody gave.
    fn blame_refusal(&self, error: Error) -> Error {
        let Error::Refused(why) = &error else { return error };
        let after = |key: &str| why.strip_prefix("--")?.strip_prefix(key)?.strip_prefix(' ');
        let found = self.keys.iter().find_map(|(key, line)| Some((key, line, after(key)?)));
        let blamed = found.map(|(key, line, rest)| format!("{}:{line}: {key} = {rest}", self.path.display()));
        blamed.map_or(error, Error::Refused)
    }
}
