//! Where the catalog is, and which of its data sets a name means.
use std::path::PathBuf;

use clap::Args;
use qframe_data::{Catalog, CatalogError, DataKey, Kind};
use qframe_model::time::TimeFrame;

use crate::error::Error;

/// The flag that names the catalog's folder.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Root {
    /// The folder of the catalog [$XDG_DATA_HOME/qframe/catalog, else ~/.local/share/qframe/catalog].
    #[arg(long = "catalog", value_name = "DIR", env = "QFRAME_CATALOG")]
    pub(crate) folder: Option<PathBuf>,
}

impl Root {
    /// The folder: as given, else where programs of this user keep their data.
    pub(crate) fn path(&self) -> Result<PathBuf, Error> {
        let given = self.folder.clone().filter(|folder| !folder.as_os_str().is_empty());
        let of = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // The XDG rules want a relative path there to be passed over.
        let own = || of("XDG_DATA_HOME").filter(|path| path.is_absolute());
        let home = || of("HOME").or_else(|| of("USERPROFILE")).map(|home| home.join(".local/share"));
        let found = given.or_else(|| own().or_else(home).map(|data| data.join("qframe/catalog")));
        found.ok_or_else(|| Error::usage("--catalog", "", "no home folder is known; name the catalog's folder"))
    }

    /// Opens it, and makes it where there is none.
    #[expect(dead_code, reason = "the import makes catalogs")]
    pub(crate) fn make(&self) -> Result<Catalog, Error> {
        Ok(Catalog::open(self.path()?)?)
    }

    /// Opens it where there is one.
    pub(crate) fn open(&self) -> Result<Catalog, Error> {
        let path = self.path()?;
        if path.is_dir() {
            return Ok(Catalog::open(path)?);
        }
        let why = "there is no catalog; import data first, or name its folder with --catalog DIR";
        Err(Error::Refused(format!("{}: {why}", path.display())))
    }
}

impl From<CatalogError> for Error {
    fn from(error: CatalogError) -> Self {
        Self::refused(error)
    }
}

/// What a name is to be narrowed down to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Narrowed {
    pub(crate) kind: Option<Kind>,
    pub(crate) frame: Option<TimeFrame>,
}

/// The one data set of a name: `BTC/USDT`, `BTC/USDT@binance`. `flag` is what gave the name, in messages.
pub(crate) fn the_one(catalog: &Catalog, flag: &str, name: &str, by: Narrowed) -> Result<DataKey, Error> {
    let mut found = catalog.find(name, by.kind, by.frame)?;
    if found.len() > 1 {
        return Err(several(flag, name, &found));
    }
    found.pop().map_or_else(|| Err(none(catalog, flag, name)?), Ok)
}

/// Why a name means nothing: what there is under it, or the nearest name there is.
pub(crate) fn none(catalog: &Catalog, flag: &str, name: &str) -> Result<Error, Error> {
    let others: Vec<String> = catalog.find(name, None, None)?.iter().map(ToString::to_string).collect();
    let root = catalog.root().display();
    let why = match catalog.suggest(name)? {
        _ if !others.is_empty() => format!("the catalog {root} has no such data of it; it has {}", others.join(", ")),
        Some(near) => format!("no such name in the catalog {root}; did you mean {near}?"),
        None => format!("no such name in the catalog {root}; `qframe data list` lists what there is"),
    };
    Ok(Error::Refused(format!("{flag} {name}: {why}").trim_start().to_owned()))
}

/// Why a name means too much, by the first thing that tells its sets apart.
fn several(flag: &str, name: &str, found: &[DataKey]) -> Error {
    let differ = |of: fn(&DataKey) -> String| {
        let mut all: Vec<String> = found.iter().map(of).collect();
        all.sort();
        all.dedup();
        (all.len() > 1).then(|| all.join(", "))
    };
    let flag = if flag.is_empty() { "SYMBOL" } else { flag };
    if let Some(names) = differ(DataKey::name) {
        return Error::usage(flag, name, format!("several venues have it: {names}; write one of these"));
    }
    if let Some(kinds) = differ(|key| key.kind.to_string()) {
        return Error::usage(flag, name, format!("there are {kinds} of it; choose with --kind"));
    }
    let frames = found.iter().filter_map(|key| key.frame).map(|frame| frame.to_string());
    let frames = frames.collect::<Vec<_>>().join(", ");
    Error::usage(flag, name, format!("there are bars of {frames}; choose with --timeframe"))
}
