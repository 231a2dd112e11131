//! What was said of a data set when its rows came: `findings/` beside its files, a file of JSON lines for each source.
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use qframe_model::time::Time;
use serde::{Deserialize, Serialize};

use super::place::{PARTIAL, Place, entries};
use super::written::replace;
use super::{Catalog, CatalogError, lock};
use crate::defect::{Defect, Finding};
use crate::rows::DataKey;

/// Something to know of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// A sentence: how a file was understood, what was left out.
    Note(String),
    /// A row that was refused, or is odd.
    Finding(Finding),
}

impl Remark {
    /// The source of what a repair did: a finding for each change.
    pub const REPAIR: &'static str = "repair";
}

/// A line of a file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The first: which version, and what the remarks are about.
    Source {
        version: u32,
        name: String,
    },
    Note(String),
    Finding {
        defect: Defect,
        file: Option<String>,
        line: Option<u64>,
        time: Option<Time>,
        text: String,
    },
}

const VERSION: u32 = 1;

impl Catalog {
    /// Keeps what is to say of the rows of one source (a file, as it is named), in the place of what was kept of it
    /// before: an import that is done twice says nothing twice. Returns how many remarks there are. Memory holds one.
    ///
    /// # Errors
    /// [`CatalogError::System`] where they cannot be written.
    pub fn keep_remarks(
        &self,
        key: &DataKey,
        source: &str,
        remarks: impl IntoIterator<Item = Remark>,
    ) -> Result<u64, CatalogError> {
        let place = self.place(key)?;
        let _lock = lock::hold(&place)?;
        let path = file_of(&place, source);
        let mut remarks = remarks.into_iter().peekable();
        if remarks.peek().is_none() {
            return match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(CatalogError::system("taking away", &path, &error))
                }
                _ => Ok(0),
            };
        }
        let mut count = 0;
        replace(&path, &place.folder.join(format!("{PARTIAL}-findings")), |out| {
            write(out, &Line::Source { version: VERSION, name: source.to_owned() })?;
            for remark in remarks {
                write(out, &Line::from(remark))?;
                count += 1;
            }
            Ok(())
        })?;
        Ok(count)
    }

    /// Takes away remarks that are not true any more; the others stay as they are. Memory holds those of one source of them.
    ///
    /// # Errors
    /// As [`Catalog::keep_remarks`], and where a file does not read.
    pub fn drop_remarks(&self, key: &DataKey, is_over: impl Fn(&Remark) -> bool) -> Result<(), CatalogError> {
        for (_, path) in entries(&self.place(key)?.folder.join(FOLDER))? {
            let is_touched =
                |read: Result<(Arc<str>, Remark), _>| read.as_ref().is_ok_and(|(_, remark)| is_over(remark));
            if !Reading::new(path.clone()).any(is_touched) {
                continue;
            }
            let all: Vec<(Arc<str>, Remark)> = Reading::new(path).collect::<Result<_, _>>()?;
            let Some(source) = all.first().map(|(source, _)| Arc::clone(source)) else { continue };
            let left = all.into_iter().map(|(_, remark)| remark).filter(|remark| !is_over(remark));
            self.keep_remarks(key, &source, left)?;
        }
        Ok(())
    }

    /// What was kept of a data set: each remark behind the name of its source.
    ///
    /// # Errors
    /// [`CatalogError`] where a folder does not read; the iterator's, where a file does not.
    pub fn remarks(
        &self,
        key: &DataKey,
    ) -> Result<impl Iterator<Item = Result<(Arc<str>, Remark), CatalogError>>, CatalogError> {
        let mut files = entries(&self.place(key)?.folder.join(FOLDER))?;
        files.sort();
        Ok(files.into_iter().flat_map(|(_, path)| Reading::new(path)))
    }
}

const FOLDER: &str = "findings";

/// Names of sources are paths of any length: a hash of one always is a name of a file.
fn file_of(place: &Place, source: &str) -> PathBuf {
    let name = &blake3::hash(source.as_bytes()).to_hex()[..32];
    place.folder.join(FOLDER).join(format!("{name}.jsonl"))
}

fn write(out: &mut dyn Write, line: &Line) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

impl From<Remark> for Line {
    fn from(remark: Remark) -> Self {
        match remark {
            Remark::Note(text) => Self::Note(text),
            Remark::Finding(Finding { defect, file, line, time, text }) => {
                Self::Finding { defect, file: file.map(|file| file.to_string()), line, time, text }
            }
        }
    }
}

/// The remarks of a file. Ends after the first error.
struct Reading {
    path: PathBuf,
    lines: Option<std::io::Lines<BufReader<File>>>,
    source: Arc<str>,
    failed: Option<CatalogError>,
}

impl Reading {
    fn new(path: PathBuf) -> Self {
        let opened = File::open(&path).map(BufReader::new).map(BufRead::lines);
        let failed = opened.as_ref().err().map(|error| CatalogError::system("reading", &path, error));
        Self { lines: opened.ok(), source: "".into(), failed, path }
    }

    fn read(&mut self) -> Result<Option<(Arc<str>, Remark)>, CatalogError> {
        while let Some(line) = self.lines.as_mut().and_then(Iterator::next) {
            match parse(&self.path, line)? {
                Line::Source { version: VERSION, name } => self.source = name.into(),
                Line::Source { version, .. } => {
                    return Err(CatalogError::Newer { path: self.path.clone(), version: version.to_string() });
                }
                Line::Note(text) => return Ok(Some((Arc::clone(&self.source), Remark::Note(text)))),
                Line::Finding { defect, file, line, time, text } => {
                    let finding = Finding { defect, file: file.map(Into::into), line, time, text };
                    return Ok(Some((Arc::clone(&self.source), Remark::Finding(finding))));
                }
            }
        }
        Ok(None)
    }
}

impl Iterator for Reading {
    type Item = Result<(Arc<str>, Remark), CatalogError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.failed.take().map_or_else(|| self.read(), Err);
        if read.is_err() {
            self.lines = None;
        }
        read.transpose()
    }
}

fn parse(path: &Path, line: std::io::Result<String>) -> Result<Line, CatalogError> {
    let line = line.map_err(|error| CatalogError::system("reading", path, &error))?;
    serde_json::from_str(&line).map_err(|error| CatalogError::broken(path, error))
}
