//! Who may import whom. The reasons stand in ARCHITECTURE.md; a change of this table is a change of the design.
use super::Finding;
use super::tree::{Package, Tree};

/// What a crate may import of ours, without the `qframe-` before each name.
struct Direction {
    name: &'static str,
    imports: &'static [&'static str],
    /// Its tests, benches and examples may import these as well.
    tests: &'static [&'static str],
}

const fn direction(name: &'static str, imports: &'static [&'static str], tests: &'static [&'static str]) -> Direction {
    Direction { name, imports, tests }
}

/// From the inside to the outside. `ml` to `api` are on their way; their directions stand already.
#[rustfmt::skip]
const DIRECTIONS: &[Direction] = &[
    direction("model",  &[], &[]),
    direction("quant",  &[], &[]),
    direction("engine", &["model"], &["quant", "data"]),
    direction("data",   &["model"], &[]),
    direction("lab",    &["model", "quant", "engine", "data"], &[]),
    direction("ml",     &["model", "quant", "engine", "data", "lab"], &[]),
    direction("app",    &["model", "quant", "engine", "data", "lab"], &[]),
    direction("store",  &["model", "data", "app"], &["engine", "lab"]),
    direction("venues", &["model", "engine", "data", "app"], &["lab"]),
    direction("api",    &["model", "app", "quant"], &["engine", "lab"]),
    direction("qframe", &["model", "quant", "engine", "data", "lab", "ml", "app", "store", "venues", "api"], &[]),
    direction("xtask",  &[], &[]),
];

/// The crates that know no runtime and no driver, in tests neither.
const WITHOUT_RUNTIME: [&str; 5] = ["model", "quant", "engine", "data", "lab"];
const RUNTIMES: [&str; 9] =
    ["tokio", "async-std", "smol", "futures", "futures-util", "axum", "hyper", "reqwest", "sqlx"];

/// Imports of ours against the direction.
pub(super) fn directions(tree: &Tree) -> Vec<Finding> {
    tree.packages.iter().flat_map(|package| against_direction(tree, package)).collect()
}

fn against_direction(tree: &Tree, package: &Package) -> Vec<Finding> {
    let own = short(&package.name);
    let Some(direction) = DIRECTIONS.iter().find(|direction| direction.name == own) else {
        let what = format!("`{own}` has no import direction");
        let advice = "give it a line in xtask/src/tidy/imports.rs and its reason in ARCHITECTURE.md";
        return vec![Finding { path: package.manifest(), line: 1, what, advice }];
    };
    let is_ours = |name: &str| tree.packages.iter().any(|package| package.name == name);
    let ours = package.dependencies.iter().filter(|dependency| is_ours(&dependency.name));
    let against = ours.filter(|dependency| {
        let name = short(&dependency.name);
        !(direction.imports.contains(&name) || dependency.dev && direction.tests.contains(&name))
    });
    against
        .map(|dependency| {
            let what = format!("`{own}` imports `{}`", short(&dependency.name));
            let advice = "turn the direction round: see \"Who may import whom\" in ARCHITECTURE.md";
            Finding { line: package.line_of(tree, &dependency.name), path: package.manifest(), what, advice }
        })
        .collect()
}

/// Runtimes and drivers in crates that know none.
pub(super) fn runtimes(tree: &Tree) -> Vec<Finding> {
    let inner = tree.packages.iter().filter(|package| WITHOUT_RUNTIME.contains(&short(&package.name)));
    let pairs = inner.flat_map(|package| package.dependencies.iter().map(move |dependency| (package, dependency)));
    let runtimes = pairs.filter(|(_, dependency)| RUNTIMES.contains(&dependency.name.as_str()));
    runtimes
        .map(|(package, dependency)| Finding {
            line: package.line_of(tree, &dependency.name),
            path: package.manifest(),
            what: format!("`{}` depends on `{}`", short(&package.name), dependency.name),
            advice: "async and drivers stay outside: put it into app, store, venues or api",
        })
        .collect()
}

fn short(name: &str) -> &str {
    name.strip_prefix("qframe-").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;
    use crate::workspace::Workspace;

    /// A tree with every crate, `name` of them with dependencies.
    fn tree(name: &str, dependencies: &str) -> Tree {
        let others = DIRECTIONS.iter().map(|direction| direction.name).filter(|other| *other != name);
        let full =
            |name: &str| if matches!(name, "qframe" | "xtask") { name.to_owned() } else { format!("qframe-{name}") };
        others.fold(Tree::default(), |tree, other| tree.with(&full(other), "")).with(&full(name), dependencies)
    }

    #[test]
    fn imports_go_one_way() {
        let allowed = |name: &str, dependencies: &str| check(directions, &tree(name, dependencies), &[]);
        allowed("engine", "qframe-model blake3 | qframe-quant qframe-data proptest");
        allowed("lab", "qframe-model qframe-quant qframe-engine qframe-data");
        allowed("api", "qframe-model qframe-app qframe-quant axum | qframe-lab");
        allowed("qframe", "qframe-lab qframe-api qframe-store");
        let against = |name: &str, dependencies: &str| {
            assert_eq!(directions(&tree(name, dependencies)).len(), 1, "{name} -> {dependencies}");
        };
        against("model", "qframe-quant");
        against("model", "| qframe-engine");
        against("quant", "qframe-model");
        against("engine", "qframe-data");
        against("data", "qframe-engine");
        against("data", "| qframe-engine");
        against("lab", "qframe-app");
        against("store", "qframe-model qframe-venues");
        against("store", "qframe-quant");
        against("venues", "| qframe-store");
        against("api", "qframe-store");
        against("lab", "qframe");
        against("xtask", "qframe-model");
    }

    #[test]
    fn a_new_crate_needs_a_direction() {
        check(directions, &Tree::default().with("qframe-new", ""), &["crates/new/Cargo.toml:1"]);
    }

    #[test]
    fn the_inner_crates_know_no_runtime() {
        check(runtimes, &tree("app", "tokio").with("qframe-engine", "blake3"), &[]);
        check(runtimes, &Tree::default().with("qframe-engine", "tokio"), &["crates/engine/Cargo.toml:1"]);
        check(runtimes, &Tree::default().with("qframe-lab", "| sqlx"), &["crates/lab/Cargo.toml:1"]);
    }

    #[test]
    fn a_finding_names_the_line_of_the_manifest() {
        let manifest = "[dependencies]\nqframe-engine-more = \"1\"\nqframe-engine.workspace = true\n";
        let tree = Tree::of(&[("crates/data/Cargo.toml", manifest)])
            .with("qframe-engine", "")
            .with("qframe-data", "qframe-engine");
        check(directions, &tree, &["crates/data/Cargo.toml:3"]);
    }

    /// The design itself: this workspace, as cargo lists it.
    #[test]
    fn this_workspace_imports_one_way() {
        let tree = Tree::read(&Workspace::find().unwrap()).unwrap();
        assert!(tree.packages.iter().any(|package| package.name == "qframe-model"), "cargo lists the crates");
        check(directions, &tree, &[]);
        check(runtimes, &tree, &[]);
    }
}
