//! The files and crates of the workspace, as the rules see them.
use std::path::Path;

use serde_json::Value;

use super::rust::Rust;
use crate::error::XtaskError;
use crate::workspace::{Workspace, output};

/// A folder that is not walked where git cannot list the files.
const NOT_OURS: [&str; 5] = [".git", "target", "book", "node_modules", "__pycache__"];

/// What the rules look at.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) files: Vec<File>,
    pub(super) packages: Vec<Package>,
}

/// A file that is tracked, or would be.
#[derive(Debug)]
pub(super) struct File {
    /// From the root, with `/`.
    pub(super) path: String,
    pub(super) bytes: usize,
    /// `None` where it is not UTF-8 text.
    pub(super) text: Option<String>,
    /// Where it is Rust.
    pub(super) rust: Option<Rust>,
}

/// A crate of the workspace.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    /// Of its folder, from the root.
    pub(super) folder: String,
    pub(super) dependencies: Vec<Dependency>,
}

/// What a crate depends on.
#[derive(Debug)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// True where only its tests, benches and examples do.
    pub(super) dev: bool,
}

impl Tree {
    pub(super) fn read(workspace: &Workspace) -> Result<Self, XtaskError> {
        let paths = match tracked(workspace)? {
            Some(paths) => paths,
            None => walked(&workspace.root)?,
        };
        let mut files = Vec::new();
        for path in paths {
            let full = workspace.root.join(&path);
            // A file that git still lists may be gone, and a link or a submodule is no file.
            if full.symlink_metadata().is_ok_and(|data| data.is_file()) {
                let bytes = std::fs::read(&full).map_err(|error| XtaskError::Read { path: full, error })?;
                files.push(File::new(path, bytes));
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files, packages: packages(workspace)? })
    }

    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Every text file whose name ends so.
    pub(super) fn texts<'a>(&'a self, endings: &'a [&str]) -> impl Iterator<Item = (&'a File, &'a str)> {
        let ends = |file: &File| endings.iter().any(|ending| file.path.ends_with(ending));
        self.files.iter().filter(move |file| ends(file)).filter_map(|file| Some((file, file.text.as_deref()?)))
    }
}

impl File {
    fn new(path: String, bytes: Vec<u8>) -> Self {
        let count = bytes.len();
        let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
        let rust = text.as_deref().filter(|_| path.ends_with(".rs")).map(|text| Rust::read(&path, text));
        Self { path, bytes: count, text, rust }
    }
}

impl Package {
    pub(super) fn manifest(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    /// Where the manifest names the dependency.
    pub(super) fn line_of(&self, tree: &Tree, dependency: &str) -> usize {
        let text = tree.file(&self.manifest()).and_then(|file| file.text.as_deref()).unwrap_or_default();
        let names = |line: &str| line.strip_prefix(dependency).is_some_and(|rest| rest.starts_with(['.', ' ', '=']));
        text.lines().position(names).map_or(1, |place| place + 1)
    }
}

/// The files that git tracks or would track. `None` where this is no repository.
fn tracked(workspace: &Workspace) -> Result<Option<Vec<String>>, XtaskError> {
    if !workspace.root.join(".git").exists() || !crate::workspace::is_installed("git") {
        return Ok(None);
    }
    let mut git = workspace.program("git");
    let listed = output(git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
    Ok(listed.map(|text| text.split_terminator('\0').map(str::to_owned).collect()))
}

/// Every file below the root but what is built.
fn walked(root: &Path) -> Result<Vec<String>, XtaskError> {
    let (mut folders, mut paths) = (vec![String::new()], Vec::new());
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        let failed = |error| XtaskError::Read { path: path.clone(), error };
        for entry in std::fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let below = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            match entry.file_type().map_err(failed)? {
                kind if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) => folders.push(below),
                kind if kind.is_file() => paths.push(below),
                _ => {}
            }
        }
    }
    Ok(paths)
}

/// The crates of the workspace, as cargo lists them.
fn packages(workspace: &Workspace) -> Result<Vec<Package>, XtaskError> {
    let wrong = |what: &str| XtaskError::Metadata(what.to_owned());
    let text = output(workspace.cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
    let text = text.ok_or_else(|| wrong("it failed"))?;
    let metadata: Value = serde_json::from_str(&text).map_err(|error| wrong(&error.to_string()))?;
    let root = metadata["workspace_root"].as_str().ok_or_else(|| wrong("no workspace_root"))?;
    let packages = metadata["packages"].as_array().ok_or_else(|| wrong("no packages"))?;
    packages.iter().map(|value| package(value, root).ok_or_else(|| wrong("a package that does not read"))).collect()
}

fn package(value: &Value, root: &str) -> Option<Package> {
    let manifest = Path::new(value["manifest_path"].as_str()?);
    let folder = manifest.parent()?.strip_prefix(root).ok()?.to_string_lossy().replace('\\', "/");
    let dependencies = value["dependencies"].as_array()?.iter().map(|value| {
        Some(Dependency { name: value["name"].as_str()?.to_owned(), dev: value["kind"].as_str() == Some("dev") })
    });
    Some(Package {
        name: value["name"].as_str()?.to_owned(),
        folder,
        dependencies: dependencies.collect::<Option<_>>()?,
    })
}

#[cfg(test)]
impl Tree {
    /// Of files made up for a test.
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File::new((*path).to_owned(), text.as_bytes().to_vec());
        Self { files: files.iter().map(file).collect(), packages: Vec::new() }
    }

    /// With a crate that depends on `dependencies`; those after `|` only in its tests.
    pub(super) fn with(mut self, name: &str, dependencies: &str) -> Self {
        let (normal, dev) = dependencies.split_once('|').unwrap_or((dependencies, ""));
        let list = |text: &str, dev| -> Vec<Dependency> {
            text.split_whitespace().map(|name| Dependency { name: name.to_owned(), dev }).collect()
        };
        let folder = name.strip_prefix("qframe-").map_or_else(|| name.to_owned(), |short| format!("crates/{short}"));
        let dependencies = list(normal, false).into_iter().chain(list(dev, true)).collect();
        self.packages.push(Package { name: name.to_owned(), folder, dependencies });
        self
    }
}
