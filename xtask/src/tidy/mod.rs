//! The rules of the house that clippy does not know, each a function from the tree to its findings.
mod dependencies;
mod form;
mod imports;
mod links;
mod markdown;
mod rust;
mod size;
mod tree;
mod words;

use std::fmt;

use crate::error::XtaskError;
use crate::workspace::Workspace;

use tree::Tree;

/// Something that a rule does not allow.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    /// From 1.
    line: usize,
    what: String,
    advice: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.path, self.line, self.what, self.advice)
    }
}

/// A rule.
type Rule = fn(&Tree) -> Vec<Finding>;

/// All of them, by the names of `cargo xtask help tidy`.
const RULES: &[(&str, Rule)] = &[
    ("imports", imports::directions),
    ("imports", imports::runtimes),
    ("file length", size::files),
    ("function length", size::functions),
    ("words", words::banned),
    ("names", words::type_names),
    ("machine paths", words::machine_paths),
    ("dependencies", dependencies::reasons),
    ("dependencies", dependencies::users),
    ("dependencies", dependencies::imported),
    ("links", links::targets),
    ("links", links::summary),
    ("form", form::weight),
    ("form", form::white_space),
    ("architecture", form::architecture),
];

/// Runs every rule and prints what they find.
pub(crate) fn run(workspace: &Workspace) -> Result<(), XtaskError> {
    let tree = Tree::read(workspace)?;
    for note in size::notes(&tree) {
        println!("note: {note}");
    }
    let mut findings = 0;
    for (name, rule) in RULES {
        for finding in rule(&tree) {
            println!("{finding} [{name}]");
            findings += 1;
        }
    }
    if findings > 0 {
        return Err(XtaskError::Untidy { findings });
    }
    println!("tidy: {} files, nothing to change", tree.files.len());
    Ok(())
}

/// Checks a rule on files made up for it: `path:line` of each finding, in order.
#[cfg(test)]
fn check(rule: Rule, tree: &Tree, expected: &[&str]) {
    let found: Vec<String> = rule(tree).iter().map(|finding| format!("{}:{}", finding.path, finding.line)).collect();
    assert_eq!(found, expected, "in {:#?}", tree.files);
}
