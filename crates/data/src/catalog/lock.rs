//! One writer a data set, among all processes. The system drops the lock with the process, so nobody has to clean up.
use std::fs::{self, File, TryLockError};
use std::path::Path;

use super::CatalogError;
use super::place::{PARTIAL, Place, entries};
use super::swap;
use super::written::make_folder;

/// Waits until no other process writes the data set, and keeps others out while the file lives.
pub(super) fn hold(place: &Place) -> Result<File, CatalogError> {
    let file = hold_file(&place.lock)?;
    clean(place)?;
    swap::finish(place)?;
    Ok(file)
}

/// The same for a lock that guards something else.
pub(super) fn hold_file(lock: &Path) -> Result<File, CatalogError> {
    let file = open(lock)?;
    file.lock().map_err(|error| CatalogError::system("locking", lock, &error))?;
    Ok(file)
}

/// Takes away what a killed writer left, unless one is at work.
pub(super) fn sweep(place: &Place) -> Result<(), CatalogError> {
    // Asking for one name is cheaper than listing a folder of thousands of files.
    let partial = |end: &&str| place.folder.join(format!("{PARTIAL}{end}")).exists();
    if !["", "-narrow", "-findings", "-whole", "-gone"].iter().any(partial) && !place.fresh().exists() {
        return Ok(());
    }
    let file = open(&place.lock)?;
    match file.try_lock() {
        Ok(()) => {
            clean(place)?;
            swap::finish(place)
        }
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(CatalogError::system("locking", &place.lock, &error)),
    }
}

/// The file of a lock stays for ever: taking it away would let two processes hold two locks of one name.
fn open(lock: &Path) -> Result<File, CatalogError> {
    lock.parent().map_or(Ok(()), make_folder)?;
    let opened = File::options().write(true).create(true).truncate(false).open(lock);
    opened.map_err(|error| CatalogError::system("locking", lock, &error))
}

fn clean(place: &Place) -> Result<(), CatalogError> {
    for (name, path) in entries(&place.folder)? {
        if name.starts_with(PARTIAL) {
            let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            gone.map_err(|error| CatalogError::system("taking away", &path, &error))?;
        }
    }
    Ok(())
}
