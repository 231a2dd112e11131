//! All files of a data set in the place of those there were, at once.
//!
//! The new files are written into a folder of their own. Moving that folder to `.fresh` is the commit: from then on it alone is
//! the set, for every reader. What follows only tidies: its files are put where other programs look for them, the old ones go,
//! and `.fresh` with them. A process that is killed there leaves that to the next writer, and to the next opening.
//!
//! Each whole has a number, its turn. A reader that finds another turn than the one it began with has rows of two wholes before
//! it, and says so instead of handing them out.
use std::fs;
use std::path::Path;

use super::CatalogError;
use super::place::{PARTIAL, Place};
use super::written::{make_folder, replace, sync_folder};

/// The file with the turn.
const TURN: &str = ".turn";

/// The folder that a whole is written into; empty. The caller holds the lock.
pub(super) fn aside(place: &Place) -> Result<Place, CatalogError> {
    let folder = place.folder.join(format!("{PARTIAL}-whole"));
    make_folder(&folder)?;
    Ok(Place { folder, ..place.clone() })
}

/// Makes what was written aside the whole set. The caller holds the lock.
pub(super) fn commit(place: &Place, aside: &Place) -> Result<(), CatalogError> {
    let next = turn(place)?.wrapping_add(1);
    let (file, partial) = (aside.folder.join(TURN), aside.folder.join(PARTIAL));
    replace(&file, &partial, |out| write!(out, "{next}"))?;
    moved(&aside.folder, &place.fresh())?;
    sync_folder(&place.folder)?;
    finish(place)
}

/// Puts the files of a commit in their place, where there is one. The caller holds the lock.
pub(super) fn finish(place: &Place) -> Result<(), CatalogError> {
    let fresh = place.fresh();
    if !fresh.is_dir() {
        return Ok(());
    }
    let new = Place::files_in(&fresh)?;
    for (period, path) in Place::files_in(&place.folder)? {
        if !new.iter().any(|(other, _)| *other == period) {
            fs::remove_file(&path).map_err(|error| CatalogError::system("taking away", &path, &error))?;
        }
    }
    for (period, path) in &new {
        twin(path, &place.folder.join(PARTIAL), &place.file(*period))?;
    }
    if fresh.join(TURN).exists() {
        twin(&fresh.join(TURN), &place.folder.join(PARTIAL), &place.folder.join(TURN))?;
    }
    sync_folder(&place.folder)?;
    // Moved in one step, so that nobody takes the half of it for a whole.
    let gone = place.folder.join(format!("{PARTIAL}-gone"));
    moved(&fresh, &gone)?;
    sync_folder(&place.folder)?;
    fs::remove_dir_all(&gone).map_err(|error| CatalogError::system("taking away", &gone, &error))
}

/// Which whole a reader sees; 0 before the first one.
pub(super) fn turn(place: &Place) -> Result<u64, CatalogError> {
    for path in [place.fresh().join(TURN), place.folder.join(TURN)] {
        match fs::read_to_string(&path) {
            Ok(text) => {
                return text.trim().parse().map_err(|_| CatalogError::broken(&path, "expected a number"));
            }
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(CatalogError::system("reading", &path, &error)),
        }
    }
    Ok(0)
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

/// The same file under another name, in the place of what stood there. Where the system knows no second names, a copy.
fn twin(from: &Path, partial: &Path, to: &Path) -> Result<(), CatalogError> {
    let failed = |error: std::io::Error| CatalogError::system("writing", to, &error);
    if fs::hard_link(from, partial).is_err() {
        fs::copy(from, partial).and_then(|_| fs::File::open(partial)?.sync_all()).map_err(failed)?;
    }
    fs::rename(partial, to).map_err(failed)?;
    // Renaming a file to another name of its own does nothing, and leaves both.
    match fs::remove_file(partial) {
        Err(error) if !is_absent(&error) => Err(failed(error)),
        _ => Ok(()),
    }
}

fn moved(from: &Path, to: &Path) -> Result<(), CatalogError> {
    fs::rename(from, to).map_err(|error| CatalogError::system("writing", to, &error))
}
