//! A catalog to try something out in: it begins with what another one holds, and is gone when it is dropped.
//!
//! Its files are links to those of the other one. A catalog never writes into a file that is there: each is written beside
//! its place and moved over it, so what takes the place of a link leaves the file behind it as it was.
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::place::entries;
use super::written::make_folder;
use super::{Catalog, CatalogError};

/// The catalog, and the folder that goes with it.
#[derive(Debug)]
pub struct Trial {
    catalog: Catalog,
    /// Locked while this lives, also against its own sweeping.
    _held: File,
}

/// The file that tells a folder that is used from one that was left.
const HELD: &str = ".held";

/// What is kept beside the files of a data set, and for whole venues.
const FOLDERS: [&str; 3] = ["securities", "findings", "open-interest"];

impl Trial {
    /// Of a catalog, or of none, in a folder that is not there yet. What is written into it needs room there. Folders beside it that a
    /// killed process left are taken away: those whose names begin as this one's does, up to the first digit.
    ///
    /// # Errors
    /// [`CatalogError::System`] where the folder is there, or links cannot be made in it.
    pub fn new(of: Option<&Catalog>, folder: PathBuf) -> Result<Self, CatalogError> {
        if let Some(above) = folder.parent() {
            make_folder(above)?;
        }
        sweep(&folder);
        let making = |error| CatalogError::system("making", &folder, &error);
        fs::create_dir(&folder).map_err(making)?;
        let held = File::create(folder.join(HELD)).map_err(making)?;
        held.lock().map_err(making)?;
        let trial = Self { catalog: Catalog { root: folder }, _held: held };
        if let Some(of) = of {
            trial.link(of)?;
        }
        Ok(trial)
    }

    /// The catalog.
    #[must_use]
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn link(&self, of: &Catalog) -> Result<(), CatalogError> {
        let [securities, findings, open_interest] = FOLDERS;
        link_files(&of.root.join(securities), &self.catalog.root.join(securities))?;
        for (venue, path) in entries(&of.root.join(open_interest))? {
            link_files(&path, &self.catalog.root.join(open_interest).join(venue))?;
        }
        for key in of.keys()? {
            let (from, to) = (of.place(&key)?, self.catalog.place(&key)?);
            for (period, path) in from.files()? {
                link(&path, &to.file(period))?;
            }
            link_files(&from.folder.join(findings), &to.folder.join(findings))?;
        }
        Ok(())
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        // A folder that stays is in nobody's way: the next trial has one of its own.
        let _ = fs::remove_dir_all(&self.catalog.root);
    }
}

/// Takes away what nobody holds; what does not go is in nobody's way.
fn sweep(folder: &Path) {
    let (Some(above), Some(name)) = (folder.parent(), folder.file_name().and_then(|name| name.to_str())) else {
        return;
    };
    let begin = name.split(|c: char| c.is_ascii_digit()).next().unwrap_or(name);
    if begin.len() == name.len() {
        return;
    }
    for (_, left) in entries(above).unwrap_or_default().into_iter().filter(|(name, _)| name.starts_with(begin)) {
        let held = File::open(left.join(HELD));
        if held.is_ok_and(|held| held.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(&left);
        }
    }
}

fn link_files(from: &Path, to: &Path) -> Result<(), CatalogError> {
    entries(from)?
        .into_iter()
        .filter(|(_, path)| path.is_file())
        .try_for_each(|(name, path)| link(&path, &to.join(name)))
}

fn link(from: &Path, to: &Path) -> Result<(), CatalogError> {
    to.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| CatalogError::system("making", to, &error))?;
    let linked = std::path::absolute(from).and_then(|from| symbolic(&from, to));
    linked.map_err(|error| CatalogError::system("linking", to, &error))
}

#[cfg(unix)]
fn symbolic(from: &Path, to: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

/// Links of names need a right of their own on other systems; a second name of the file does as well.
#[cfg(not(unix))]
fn symbolic(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
}
