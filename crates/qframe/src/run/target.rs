//! Files that a command writes: never over one that is there, unless asked.
use std::io::Read;
use std::path::Path;

use qframe_lab::report::check_writable;

use crate::error::Error;

/// How much of a file is looked at to tell what wrote it.
const HEAD: u64 = 16 << 10;

/// Refuses a place that cannot be written, and a file that is there unless `force` says otherwise. A pipe or a device is
/// no file, and an empty one holds nothing: writing takes nothing away.
pub(crate) fn check_new(flag: &str, path: &Path, force: bool) -> Result<(), Error> {
    if is_full(path) && !force {
        let why = "it is there; write over it with --force, or name another file";
        return Err(Error::Refused(format!("{flag} {}: {why}", path.display())));
    }
    check_writable(path).map_err(|error| Error::Refused(format!("{flag} {error}")))
}

/// The same for the answers of a command that is run again and again: an earlier answer of the same flag, which has `mark` near
/// its beginning, is written over.
pub(crate) fn check_again(flag: &str, path: &Path, force: bool, mark: &str) -> Result<(), Error> {
    if is_full(path) && !force && !has(path, mark) {
        let why = "it is there, and no earlier run wrote it; write over it with --force, or name another file";
        return Err(Error::Refused(format!("{flag} {}: {why}", path.display())));
    }
    check_new(flag, path, true)
}

fn is_full(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0)
}

fn has(path: &Path, mark: &str) -> bool {
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && head.windows(mark.len()).any(|part| part == mark.as_bytes())
}
