//! Relative links in Markdown lead somewhere, and the book lists its pages.
use super::Finding;
use super::markdown;
use super::tree::{File, Tree};

const BOOK: &str = "docs/";
const SUMMARY: &str = "docs/SUMMARY.md";

/// Links that lead nowhere.
pub(super) fn targets(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, line, target) in links(tree) {
        let Some(what) = fault(tree, file, &target) else { continue };
        let advice = "correct the link, or write what it leads to";
        findings.push(Finding { path: file.path.clone(), line, what, advice });
    }
    findings
}

/// Every link with its file and line.
fn links(tree: &Tree) -> impl Iterator<Item = (&File, usize, String)> {
    tree.texts(&[".md"]).flat_map(|(file, text)| {
        let lines = markdown::prose(text).into_iter().enumerate();
        lines.flat_map(move |(place, line)| {
            let targets: Vec<String> = markdown::targets(&line).into_iter().map(str::to_owned).collect();
            targets.into_iter().map(move |target| (file, place + 1, target))
        })
    })
}

/// What is wrong with a link.
fn fault(tree: &Tree, from: &File, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let Some(path) = resolve(&from.path, path) else { return Some(format!("`{target}` leads out of the tree")) };
    let file = tree.file(&path);
    let folder = format!("{path}/");
    if file.is_none() && !path.is_empty() && !tree.files.iter().any(|file| file.path.starts_with(&folder)) {
        return Some(format!("`{target}` is not there"));
    }
    let text = file.filter(|file| file.path.ends_with(".md"))?.text.as_deref()?;
    let missing = anchor.filter(|anchor| !markdown::anchors(text).iter().any(|other| other == anchor))?;
    Some(format!("`{path}` has no heading `#{missing}`"))
}

/// The path from the root that a link in `from` means. `None` outside of the tree.
fn resolve(from: &str, link: &str) -> Option<String> {
    if link.is_empty() {
        return Some(from.to_owned());
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    (!link.starts_with('/')).then(|| parts.join("/"))
}

/// Pages of the book that its summary does not list.
pub(super) fn summary(tree: &Tree) -> Vec<Finding> {
    let listed: Vec<String> = links(tree)
        .filter(|(file, _, _)| file.path == SUMMARY)
        .filter_map(|(file, _, target)| resolve(&file.path, &target))
        .collect();
    let pages = tree.texts(&[".md"]).filter(|(file, _)| file.path.starts_with(BOOK) && file.path != SUMMARY);
    let lost = pages.filter(|(file, _)| !listed.contains(&file.path));
    lost.map(|(file, _)| Finding {
        path: file.path.clone(),
        line: 1,
        what: "the book does not list this page".to_owned(),
        advice: "add it to docs/SUMMARY.md",
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn links_lead_somewhere() {
        let check = |line: &str, dead: bool| {
            let tree =
                Tree::of(&[("docs/a.md", line), ("docs/b.md", "# One two"), ("src/c.rs", ""), ("README.md", "")]);
            let expected: &[&str] = if dead { &["docs/a.md:1"] } else { &[] };
            check(targets, &tree, expected);
        };
        check("[a](b.md) [b](b.md#one-two) [c](../src/c.rs) [d](../src) [e](../README.md) [f](https://a.b/c)", false);
        check("`[a](nothing.md)`", false);
        check("[a](c.md)", true);
        check("[a](b.md#two)", true);
        check("[a](#b)", true);
        check("[a](../../b.md)", true);
        check("[a](/docs/b.md)", true);
        check("[a]: c.md", true);
    }

    #[test]
    fn the_book_lists_its_pages() {
        let tree = Tree::of(&[(SUMMARY, "- [A](a.md)"), ("docs/a.md", ""), ("docs/b/c.md", ""), ("README.md", "")]);
        check(summary, &tree, &["docs/b/c.md:1"]);
    }
}
