//! Each dependency has a written reason and a user.
use super::Finding;
use super::tree::Tree;
use super::words::has_word;

const MANIFEST: &str = "Cargo.toml";
const REASONS: &str = "DEPENDENCIES.md";
const NOT_WRITTEN: &str = "one line in DEPENDENCIES.md: crate, version, where, why";

/// A line of `[workspace.dependencies]` that is not of ours.
struct Declared<'a> {
    name: &'a str,
    version: &'a str,
    line: usize,
}

/// A row of the table in DEPENDENCIES.md.
struct Reason<'a> {
    name: &'a str,
    version: &'a str,
    line: usize,
}

/// Dependencies without a row, with another version in it, or with a row and not there any more.
pub(super) fn reasons(tree: &Tree) -> Vec<Finding> {
    let (declared, reasons) = (declared(text(tree, MANIFEST)), reasons_of(text(tree, REASONS)));
    let mut findings = Vec::new();
    for Declared { name, version, line } in &declared {
        match reasons.iter().find(|reason| reason.name == *name) {
            None => findings.push(finding(MANIFEST, *line, format!("`{name}` has no reason"), NOT_WRITTEN)),
            Some(reason) if reason.version != *version => {
                let what = format!("`{name}` is {version} in the manifest and {} here", reason.version);
                findings.push(finding(REASONS, reason.line, what, "write the version of the manifest"));
            }
            Some(_) => {}
        }
    }
    let gone = reasons.iter().filter(|reason| !declared.iter().any(|declared| declared.name == reason.name));
    findings.extend(gone.map(|reason| {
        let what = format!("`{}` is not in [workspace.dependencies]", reason.name);
        finding(REASONS, reason.line, what, "take the row out")
    }));
    findings
}

/// Dependencies that no crate uses, and those that a crate has past the workspace.
pub(super) fn users(tree: &Tree) -> Vec<Finding> {
    let declared = declared(text(tree, MANIFEST));
    let is_used =
        |name: &str| tree.packages.iter().flat_map(|package| &package.dependencies).any(|used| used.name == name);
    let unused = declared.iter().filter(|declared| !is_used(declared.name));
    let mut findings: Vec<Finding> = unused
        .map(|Declared { name, line, .. }| finding(MANIFEST, *line, format!("no crate uses `{name}`"), "take it out"))
        .collect();
    for package in &tree.packages {
        let is_ours = |name: &str| tree.packages.iter().any(|package| package.name == name);
        let is_declared = |name: &str| declared.iter().any(|declared| declared.name == name);
        let foreign = package.dependencies.iter().map(|dependency| dependency.name.as_str());
        for name in foreign.filter(|name| !is_ours(name) && !is_declared(name)) {
            let what = format!("`{name}` is not in [workspace.dependencies]");
            findings.push(finding(&package.manifest(), 1, what, "declare it there and use `workspace = true`"));
        }
    }
    findings
}

/// Dependencies that a crate declares and never names in its code.
pub(super) fn imported(tree: &Tree) -> Vec<Finding> {
    let pairs = tree.packages.iter().flat_map(|package| package.dependencies.iter().map(move |used| (package, used)));
    let idle = pairs.filter(|(package, dependency)| {
        let (folder, name) = (format!("{}/", package.folder), dependency.name.replace('-', "_"));
        let code =
            tree.files.iter().filter(|file| file.path.starts_with(&folder)).filter_map(|file| file.rust.as_ref());
        !code.flat_map(|rust| &rust.code).any(|line| has_word(line, &name))
    });
    idle.map(|(package, dependency)| {
        let (path, what) = (package.manifest(), format!("the code of this crate never names `{}`", dependency.name));
        finding(&path, package.line_of(tree, &dependency.name), what, "take it out of the manifest")
    })
    .collect()
}

fn text<'a>(tree: &'a Tree, path: &str) -> &'a str {
    tree.file(path).and_then(|file| file.text.as_deref()).unwrap_or_default()
}

fn finding(path: &str, line: usize, what: String, advice: &'static str) -> Finding {
    Finding { path: path.to_owned(), line, what, advice }
}

/// The dependencies of the workspace that come from a registry: a line each.
fn declared(manifest: &str) -> Vec<Declared<'_>> {
    let lines = manifest.lines().enumerate().skip_while(|(_, line)| line.trim() != "[workspace.dependencies]").skip(1);
    let section = lines.take_while(|(_, line)| !line.starts_with('['));
    let pairs = section.filter_map(|(place, line)| Some((place + 1, line.split_once('=')?)));
    let named = pairs.filter(|(_, (name, _))| !name.trim_start().starts_with('#'));
    named
        .filter_map(|(line, (name, value))| Some(Declared { name: name.trim(), version: version(value)?, line }))
        .collect()
}

/// `"1.2"` or `{ version = "1.2", … }`.
fn version(value: &str) -> Option<&str> {
    let value = value.trim();
    let quoted = value.strip_prefix('"').or_else(|| value.split_once("version = \"").map(|(_, rest)| rest))?;
    quoted.split('"').next()
}

/// The rows that begin with a name in backticks.
fn reasons_of(table: &str) -> Vec<Reason<'_>> {
    let rows = table.lines().enumerate().filter_map(|(place, line)| Some((place + 1, line.strip_prefix("| `")?)));
    let split = rows.filter_map(|(line, row)| Some((line, row.split_once('`')?)));
    split
        .filter_map(|(line, (name, rest))| Some(Reason { name, version: rest.split('|').nth(1)?.trim(), line }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    const DECLARED: &str = "\
[workspace.dependencies]
qframe-model = { path = \"crates/model\" }
# numbers
ethnum = \"1.5\"
serde = { version = \"1\", features = [\"derive\"] }

[workspace.lints.rust]
unsafe_code = \"forbid\"
";

    #[test]
    fn each_dependency_has_its_reason() {
        let check = |table: &str, expected: &[&str]| {
            check(reasons, &Tree::of(&[(MANIFEST, DECLARED), (REASONS, table)]), expected);
        };
        check("| `ethnum` | 1.5 | model | wide |\n| `serde` | 1 | model | text |", &[]);
        check("| `ethnum` | 1.5 | model | wide |\nserde is good", &["Cargo.toml:5"]);
        check("| `ethnum` | 1.4 | model | wide |\n| `serde` | 1 | model | text |", &["DEPENDENCIES.md:1"]);
        check("| `ethnum` | 1.5 | a | b |\n| `serde` | 1 | a | b |\n| `rand` | 1 | a | b |", &["DEPENDENCIES.md:3"]);
    }

    #[test]
    fn each_dependency_has_a_user() {
        let tree = |dependencies: &str| Tree::of(&[(MANIFEST, DECLARED)]).with("qframe-model", dependencies);
        check(users, &tree("serde | ethnum"), &[]);
        check(users, &tree("serde"), &["Cargo.toml:4"]);
        check(users, &tree("serde ethnum rand"), &["crates/model/Cargo.toml:1"]);
        check(users, &tree("serde ethnum").with("qframe-lab", "qframe-model"), &[]);
    }

    #[test]
    fn a_crate_names_what_it_depends_on() {
        let tree = |code: &str| Tree::of(&[("crates/model/src/lib.rs", code)]).with("qframe-model", "rand_pcg ta-lib");
        check(imported, &tree("use rand_pcg::Pcg64;\nuse ta_lib as talib;"), &[]);
        check(imported, &tree("use rand_pcg::Pcg64;\n// ta_lib"), &["crates/model/Cargo.toml:1"]);
    }
}
