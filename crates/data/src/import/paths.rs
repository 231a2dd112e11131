//! From what a user names to the files in it.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::fault::{ImportError, ImportFault};
use crate::error::FileFault;

/// The files of some paths, and what was passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Files to read, in order of their names within each directory.
    pub files: Vec<PathBuf>,
    /// How many files of directories have a name that no market data has.
    pub passed_over: u64,
    /// Paths that cannot be looked into.
    pub refused: Vec<ImportError>,
}

/// Endings of files that are looked at in a directory; a file that is named itself is always looked at.
const ENDINGS: [&str; 14] =
    ["csv", "txt", "tsv", "json", "jsonl", "ndjson", "feather", "arrow", "ipc", "parquet", "pq", "zip", "gz", "zst"];
/// A tree deeper than this is no archive of data.
const DEPTH_MAX: u32 = 32;

/// Finds the files: a file is itself, a directory is every file in it and below with the name of market data.
#[must_use]
pub fn find_files(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for path in paths {
        if path.is_dir() {
            let before = found.files.len();
            found.walk(path, DEPTH_MAX, &mut BTreeSet::new());
            if found.files.len() == before
                && !found.refused.iter().any(|error| Path::new(&error.file).starts_with(path))
            {
                found.refuse(
                    path,
                    ImportFault::Foreign("a directory with no file of market data in it", "name another one"),
                );
            }
        } else {
            found.files.push(path.clone());
        }
    }
    found
}

impl Found {
    /// `seen` are the folders that were looked into, by their real names: a link back up would lead through them without end.
    fn walk(&mut self, folder: &Path, depth: u32, seen: &mut BTreeSet<PathBuf>) {
        if folder.canonicalize().is_ok_and(|real| !seen.insert(real)) {
            return;
        }
        let listed = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries: Vec<PathBuf> = match listed {
            Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return self.refuse(folder, FileFault::Denied.into());
            }
            Err(error) => return self.refuse(folder, FileFault::Unreadable(error.to_string()).into()),
        };
        entries.sort();
        for path in entries {
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if hidden {
                self.passed_over += u64::from(path.is_file());
            } else if path.is_dir() {
                if depth > 0 {
                    self.walk(&path, depth - 1, seen);
                } else {
                    self.refuse(&path, ImportFault::Foreign("a directory too deep to look into", "name it itself"));
                }
            } else if path.extension().is_some_and(|end| ENDINGS.iter().any(|known| end.eq_ignore_ascii_case(known))) {
                self.files.push(path);
            } else {
                self.passed_over += 1;
            }
        }
    }

    fn refuse(&mut self, path: &Path, fault: ImportFault) {
        self.refused.push(ImportError { file: path.display().to_string(), fault, handed: 0 });
    }
}
