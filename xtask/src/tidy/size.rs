//! A file is a noun and a function fits the screen.
use super::tree::{File, Tree};
use super::{Finding, rust::Rust};

/// A file's wall, and from where on it is told.
const FILE_LINES_MAX: usize = 600;
const FILE_LINES_NOTE: usize = 400;
/// A function's wall, from `fn` to the closing brace.
const FUNCTION_LINES_MAX: usize = 60;
/// What the walls stand for.
const SOURCES: [&str; 5] = [".rs", ".py", ".ts", ".js", ".sh"];

/// Files over the wall.
pub(super) fn files(tree: &Tree) -> Vec<Finding> {
    let over = lengths(tree).filter(|(_, lines)| *lines > FILE_LINES_MAX);
    over.map(|(file, lines)| Finding {
        path: file.path.clone(),
        line: lines,
        what: format!("the file has {lines} lines, {FILE_LINES_MAX} are allowed"),
        advice: "split it by its nouns",
    })
    .collect()
}

/// Files that come near the wall.
pub(super) fn notes(tree: &Tree) -> Vec<String> {
    let near = lengths(tree).filter(|(_, lines)| (FILE_LINES_NOTE + 1..=FILE_LINES_MAX).contains(lines));
    near.map(|(file, lines)| format!("{} has {lines} lines (250 read well)", file.path)).collect()
}

fn lengths(tree: &Tree) -> impl Iterator<Item = (&File, usize)> {
    tree.texts(&SOURCES).map(|(file, text)| (file, text.lines().count()))
}

/// Functions over the wall.
pub(super) fn functions(tree: &Tree) -> Vec<Finding> {
    let sources = tree.files.iter().filter_map(|file| Some((file, file.rust.as_ref()?)));
    sources.flat_map(|(file, rust)| long_functions(file, rust)).collect()
}

fn long_functions(file: &File, rust: &Rust) -> Vec<Finding> {
    let starts = rust.code.iter().enumerate().filter_map(|(place, line)| Some((place, function_name(line)?)));
    let lengths = starts.filter_map(|(first, name)| Some((first, name, rust.end_of_item(first)? + 1 - first)));
    let over = lengths.filter(|(_, _, lines)| *lines > FUNCTION_LINES_MAX);
    over.map(|(first, name, lines)| Finding {
        path: file.path.clone(),
        line: first + 1,
        what: format!("`{name}` has {lines} lines, {FUNCTION_LINES_MAX} are allowed"),
        advice: "take its steps out by their names; a table belongs into a const",
    })
    .collect()
}

/// The name of the function that begins on the line.
fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.trim_start().split_once("fn ").or_else(|| line.trim_start().split_once("fn\t"))?;
    let is_qualifier = |word: &str| {
        word.starts_with("pub")
            || ["const", "async", "unsafe", "extern", "default", "in"].contains(&word)
            || word.starts_with('"')
            || word.ends_with(')')
    };
    let name = after.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()?;
    (before.split_whitespace().all(is_qualifier) && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn long_files_fail_and_longer_ones_are_noted() {
        let tree =
            |lines: usize| Tree::of(&[("crates/a/src/b.rs", &"a\n".repeat(lines)), ("a.csv", &"1\n".repeat(999))]);
        check(files, &tree(600), &[]);
        check(files, &tree(601), &["crates/a/src/b.rs:601"]);
        assert_eq!(notes(&tree(400)).len(), 0);
        assert_eq!(notes(&tree(401)), ["crates/a/src/b.rs has 401 lines (250 read well)"]);
        assert_eq!(notes(&tree(601)).len(), 0, "it fails already");
    }

    #[test]
    fn long_functions_fail() {
        let tree = |head: &str, lines: usize| {
            let body = "        a();\n".repeat(lines - 2);
            Tree::of(&[("a.rs", &format!("impl A {{\n    {head} {{\n{body}    }}\n\n    fn next() {{}}\n}}\n"))])
        };
        check(functions, &tree("fn a()", 60), &[]);
        check(functions, &tree("fn a()", 61), &["a.rs:2"]);
        check(functions, &tree("pub(in crate::b) const unsafe extern \"C\" fn a<T>(b: [u8; 3]) -> T", 61), &["a.rs:2"]);
        check(functions, &tree("pub(crate) async fn a()", 61), &["a.rs:2"]);
        check(functions, &tree("let a: fn ()", 61), &[]);
        check(functions, &tree("// fn a()", 61), &[]);
    }

    #[test]
    fn a_function_without_a_body_ends_at_its_semicolon() {
        let text =
            format!("trait A {{\n    fn a(\n        b: u8,\n    ) -> u8;\n{}}}\n", "    const B: u8 = 1;\n".repeat(80));
        check(functions, &Tree::of(&[("a.rs", &text)]), &[]);
    }
}
