//! How files are stored, and that the map of the tree is whole.
use super::Finding;
use super::tree::{File, Tree};

const FILE_BYTES_MAX: usize = 1 << 20;
/// Texts of others stay as they were given.
const TEXTS_OF_OTHERS: &str = "/LICENSES/";
const MAP: &str = "ARCHITECTURE.md";

/// Files too large for a repository.
pub(super) fn weight(tree: &Tree) -> Vec<Finding> {
    let heavy = tree.files.iter().filter(|file| file.bytes > FILE_BYTES_MAX);
    heavy
        .map(|file| {
            finding(file, 1, format!("{} bytes, 1 MiB is allowed", file.bytes), "make it, or load it, where it is used")
        })
        .collect()
}

/// Lines that end in white space, line ends that are not LF, and a last line without one: the first of each file.
pub(super) fn white_space(tree: &Tree) -> Vec<Finding> {
    let texts = tree.texts(&[""]).filter(|(file, _)| !file.path.contains(TEXTS_OF_OTHERS));
    texts.filter_map(|(file, text)| fault(file, text)).collect()
}

fn fault(file: &File, text: &str) -> Option<Finding> {
    let bad = text.split('\n').enumerate().find(|(_, line)| line.ends_with(char::is_whitespace));
    if let Some((place, line)) = bad {
        let (what, advice) = match line.ends_with('\r') {
            true => ("the line ends with CR LF", "store the file with LF ends"),
            false => ("white space at the end of the line", "take it out"),
        };
        return Some(finding(file, place + 1, what.to_owned(), advice));
    }
    let is_open = !text.is_empty() && !text.ends_with('\n');
    is_open.then(|| finding(file, text.lines().count(), "the last line has no end".to_owned(), "end it with LF"))
}

/// Crates that the map does not name.
pub(super) fn architecture(tree: &Tree) -> Vec<Finding> {
    let map = tree.file(MAP).and_then(|file| file.text.as_deref()).unwrap_or_default();
    let missing = tree.packages.iter().filter(|package| !map.contains(&format!("`{}`", package.folder)));
    missing
        .map(|package| Finding {
            path: MAP.to_owned(),
            line: 1,
            what: format!("`{}` is not named", package.folder),
            advice: "give it a line in the map, in backticks",
        })
        .collect()
}

fn finding(file: &File, line: usize, what: String, advice: &'static str) -> Finding {
    Finding { path: file.path.clone(), line, what, advice }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn large_files_fail() {
        check(weight, &Tree::of(&[("a.bin", &"a".repeat(1 << 20))]), &[]);
        check(weight, &Tree::of(&[("a.bin", &"a".repeat((1 << 20) + 1))]), &["a.bin:1"]);
    }

    #[test]
    fn lines_end_with_lf_alone() {
        let check = |text: &str, expected: &[&str]| check(white_space, &Tree::of(&[("a.txt", text)]), expected);
        check("", &[]);
        check("a\n\nb\n", &[]);
        check("a\nb \nc\t\n", &["a.txt:2"]);
        check("a\r\nb\n", &["a.txt:1"]);
        check("a\nb", &["a.txt:2"]);
    }

    #[test]
    fn texts_of_others_stay_as_they_are() {
        check(white_space, &Tree::of(&[("data/LICENSES/a.txt", "a \r\n")]), &[]);
    }

    #[test]
    fn the_map_names_each_crate() {
        let tree = || Tree::of(&[(MAP, "| `crates/model` | nouns |\n")]).with("qframe-model", "");
        check(architecture, &tree(), &[]);
        check(architecture, &tree().with("xtask", ""), &["ARCHITECTURE.md:1"]);
    }
}
