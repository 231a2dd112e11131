//! Words that the code and the docs do without, names that say nothing, and paths of one machine.
use std::borrow::Cow;

use super::Finding;
use super::markdown;
use super::tree::{File, Tree};

/// A word, and where it is not allowed.
struct Ban {
    word: &'static str,
    place: Place,
    /// Only below these folders; everywhere where there are none.
    under: &'static [&'static str],
    advice: &'static str,
}

/// Which part of the files is searched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Rust code, that of tests too.
    Code,
    /// Rust code that is not of tests.
    CodeOutsideTests,
    /// Rust comments and Markdown.
    Prose,
}

impl Ban {
    const fn new(word: &'static str, place: Place, under: &'static [&'static str], advice: &'static str) -> Self {
        Self { word, place, under, advice }
    }
}

const EVERYWHERE: &[&str] = &[];
/// These crates give the same answer on every machine.
const PURE: &[&str] = &["crates/model/src/", "crates/engine/src/"];

/// These are called, and do not speak for themselves.
const LIBRARIES: &[&str] =
    &["crates/model/src/", "crates/quant/src/", "crates/engine/src/", "crates/data/src/", "crates/lab/src/"];

const FINISH: &str = "finish it, or take it out";
const REFUSE: &str = "return an error, or assert with a sentence";
const ARGUMENT: &str = "this crate is pure: take it as an argument";

#[rustfmt::skip]
const BANS: &[Ban] = &[
    Ban::new("todo!", Place::Code, EVERYWHERE, FINISH),
    Ban::new("unimplemented!", Place::Code, EVERYWHERE, FINISH),
    Ban::new("dbg!", Place::Code, EVERYWHERE, FINISH),
    Ban::new("#[ignore", Place::Code, EVERYWHERE, "make the test pass, or take it out"),
    Ban::new("TODO", Place::Prose, EVERYWHERE, FINISH),
    Ban::new("FIXME", Place::Prose, EVERYWHERE, FINISH),
    Ban::new(".unwrap()", Place::CodeOutsideTests, EVERYWHERE, REFUSE),
    Ban::new(".expect(", Place::CodeOutsideTests, EVERYWHERE, REFUSE),
    Ban::new("println!", Place::CodeOutsideTests, LIBRARIES, "write to what the caller hands in"),
    Ban::new("eprintln!", Place::CodeOutsideTests, LIBRARIES, "return it to the caller, who knows where to say it"),
    Ban::new("SystemTime::now", Place::CodeOutsideTests, PURE, ARGUMENT),
    Ban::new("Instant::now", Place::CodeOutsideTests, PURE, ARGUMENT),
    Ban::new("std::env", Place::CodeOutsideTests, PURE, ARGUMENT),
    Ban::new("std::fs", Place::CodeOutsideTests, PURE, ARGUMENT),
    Ban::new("std::net", Place::CodeOutsideTests, PURE, ARGUMENT),
    Ban::new("std::thread", Place::CodeOutsideTests, PURE, ARGUMENT),
    Ban::new("std::process", Place::CodeOutsideTests, PURE, ARGUMENT),
    Ban::new("async fn", Place::CodeOutsideTests, PURE, "this crate knows no runtime: async stays outside"),
];

/// Lines with a banned word.
pub(super) fn banned(tree: &Tree) -> Vec<Finding> {
    tree.files
        .iter()
        .flat_map(|file| [Place::Code, Place::CodeOutsideTests, Place::Prose].map(|place| (file, place)))
        .flat_map(in_place)
        .collect()
}

fn in_place((file, place): (&File, Place)) -> Vec<Finding> {
    let applies = |ban: &&Ban| {
        ban.place == place && (ban.under.is_empty() || ban.under.iter().any(|folder| file.path.starts_with(folder)))
    };
    let bans: Vec<&Ban> = BANS.iter().filter(applies).collect();
    let lines = place.lines(file).into_iter().enumerate();
    let hits = lines.flat_map(|(number, line)| {
        bans.iter()
            .filter(move |ban| has_word(&line, ban.word))
            .map(move |ban| finding(file, number, format!("`{}`", ban.word), ban.advice))
    });
    hits.collect()
}

impl Place {
    /// The lines of a file that are searched; the others are blank.
    fn lines(self, file: &File) -> Vec<Cow<'_, str>> {
        let Some(rust) = &file.rust else {
            let is_prose = self == Self::Prose && file.path.ends_with(".md");
            let lines = file.text.as_deref().filter(|_| is_prose).map(markdown::prose).unwrap_or_default();
            return lines.into_iter().map(Cow::Owned).collect();
        };
        match self {
            Self::Code => rust.code.iter().map(Cow::from).collect(),
            Self::Prose => rust.comments.iter().map(Cow::from).collect(),
            Self::CodeOutsideTests => {
                let lines = rust.code.iter().zip(&rust.tests);
                lines.map(|(line, test)| if *test { Cow::default() } else { spelled_out(line) }).collect()
            }
        }
    }
}

/// `use std::{env, fs};` as `std::env std::fs`; other lines as they are.
fn spelled_out(line: &str) -> Cow<'_, str> {
    match line.split_once("std::{") {
        Some((_, names)) => names.split(',').map(|name| format!("std::{} ", name.trim())).collect(),
        None => Cow::Borrowed(line),
    }
}

/// True where the line has the word, not as a part of a longer one.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    let joins = |a: Option<char>, b: Option<char>| a.is_some_and(is_letter) && b.is_some_and(is_letter);
    line.match_indices(word).any(|(place, _)| {
        let (before, after) = (&line[..place], &line[place + word.len()..]);
        !joins(before.chars().next_back(), word.chars().next())
            && !joins(word.chars().next_back(), after.chars().next())
    })
}

fn finding(file: &File, place: usize, what: String, advice: &'static str) -> Finding {
    Finding { path: file.path.clone(), line: place + 1, what, advice }
}

/// They name the place of a thing in a program, and not the thing.
const EMPTY_NAMES: [&str; 7] = ["Manager", "Service", "Handler", "Helper", "Util", "Common", "Base"];

/// Types with a name that says nothing.
pub(super) fn type_names(tree: &Tree) -> Vec<Finding> {
    let sources = tree.files.iter().filter_map(|file| Some((file, file.rust.as_ref()?)));
    let lines =
        sources.flat_map(|(file, rust)| rust.code.iter().enumerate().map(move |(place, line)| (file, place, line)));
    let named = lines.filter_map(|(file, place, line)| Some((file, place, type_name(line)?)));
    let empty = named.filter(|(_, _, name)| EMPTY_NAMES.iter().any(|end| name.trim_end_matches('s').ends_with(end)));
    empty
        .map(|(file, place, name)| finding(file, place, format!("the name `{name}`"), "use the trader's noun for it"))
        .collect()
}

/// The name of the type that the line declares.
fn type_name(line: &str) -> Option<&str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let declares = |word: &&str| ["struct", "enum", "trait", "union", "type"].contains(word);
    let name = words.get(words.iter().position(declares)? + 1)?;
    name.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
}

/// The first folder of a path that only one machine has.
const MACHINE_FOLDERS: [&str; 4] = ["home", "root", "work", "tmp"];
/// Where such paths are looked for.
const WRITTEN: [&str; 9] = [".rs", ".md", ".toml", ".py", ".sh", ".ts", ".json", ".yml", ".yaml"];

/// Paths of one machine, outside tests.
pub(super) fn machine_paths(tree: &Tree) -> Vec<Finding> {
    let lines = tree.texts(&WRITTEN).flat_map(|(file, text)| {
        let is_test = |place: usize| file.rust.as_ref().is_some_and(|rust| rust.tests.get(place) == Some(&true));
        text.lines()
            .enumerate()
            .filter(move |(place, _)| !is_test(*place))
            .map(move |(place, line)| (file, place, line))
    });
    let hits = lines.filter_map(|(file, place, line)| Some((file, place, machine_folder(line)?)));
    hits.map(|(file, place, folder)| {
        finding(file, place, format!("the path `/{folder}/…`"), "take it from the user, or from `std::env::temp_dir()`")
    })
    .collect()
}

fn machine_folder(line: &str) -> Option<&'static str> {
    let starts_path = |before: &str| {
        !before.ends_with(|letter: char| {
            letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-' | '*' | '}' | '~' | '/' | '>')
        })
    };
    let has = |folder: &&str| line.match_indices(&format!("/{folder}/")).any(|(place, _)| starts_path(&line[..place]));
    MACHINE_FOLDERS.into_iter().find(has)
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    const ORDER: &str = "crates/store/src/order.rs";
    const MODEL: &str = "crates/model/src/order.rs";

    #[test]
    fn words_are_banned_where_they_count() {
        let check = |path: &str, text: &str, lines: &[usize]| {
            let expected: Vec<String> = lines.iter().map(|line| format!("{path}:{line}")).collect();
            let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
            check(banned, &Tree::of(&[(path, text)]), &expected);
        };
        check(ORDER, "fn a() {\n    todo!()\n}", &[2]);
        check(ORDER, "unimplemented!();", &[1]);
        check(ORDER, "dbg!(a);", &[1]);
        check(ORDER, "let todo = \"todo!() TODO\";", &[]);
        check(ORDER, "// TODO: all", &[1]);
        check(ORDER, "/* a\nFIXME */", &[2]);
        check(ORDER, "#[cfg(test)]\nmod tests {\n    #[ignore = \"slow\"]\n}", &[3]);
        check("docs/a.md", "# A\nTODO\n`TODO`\n```\nFIXME\n```", &[2]);
        check("docs/a.csv", "TODO", &[]);
        check(ORDER, "a.unwrap();\na.expect(\"b\");", &[1, 2]);
        check(ORDER, "a.unwrap_or(b);\na.expected(b);\n// a.unwrap()", &[]);
        check(ORDER, "#[cfg(test)]\nmod tests {\n    a.unwrap();\n}\na.unwrap();", &[5]);
        check("crates/store/tests/it/main.rs", "a.unwrap();", &[]);
    }

    #[test]
    fn the_pure_crates_read_no_clock_and_no_file() {
        for word in
            ["SystemTime::now()", "Instant::now()", "std::env::var(a)", "std::fs::read(a)", "use std::net::Ipv4Addr;"]
        {
            check(banned, &Tree::of(&[(MODEL, word)]), &["crates/model/src/order.rs:1"]);
            check(banned, &Tree::of(&[(ORDER, word)]), &[]);
        }
        for word in ["std::thread::spawn(a)", "use std::{fmt, process};", "pub async fn a() {}"] {
            check(banned, &Tree::of(&[("crates/engine/src/a.rs", word)]), &["crates/engine/src/a.rs:1"]);
        }
        check(banned, &Tree::of(&[(MODEL, "#[cfg(test)]\nmod tests {\n    std::fs::read(a);\n}")]), &[]);
    }

    #[test]
    fn names_say_what_a_thing_is() {
        let check = |text: &str, expected: &[&str]| check(type_names, &Tree::of(&[("a.rs", text)]), expected);
        check("struct OrderManager;", &["a.rs:1"]);
        check("pub(crate) enum Util<T> {", &["a.rs:1"]);
        check("pub unsafe trait RiskHelpers: Copy {", &["a.rs:1"]);
        check("/// A\ntype PriceBase = u8;", &["a.rs:2"]);
        check("struct Database;\nstruct ManagerOfMoney;\n// struct Helper;\nlet a = Helper;", &[]);
    }

    #[test]
    fn no_path_belongs_to_one_machine() {
        let check =
            |path: &str, text: &str, expected: &[&str]| check(machine_paths, &Tree::of(&[(path, text)]), expected);
        check("a.md", "see\n`/home/ada/data`", &["a.md:2"]);
        check("a.rs", "let a = \"/tmp/b\";\n// /root/c", &["a.rs:1", "a.rs:2"]);
        check("a.toml", "path = '/work/a'", &["a.toml:1"]);
        check("a.rs", "#[cfg(test)]\nmod tests {\n    a(\"/tmp/b\");\n}", &[]);
        check("a.md", "crates/work/a https://a.org/home/b ~/work/ target/tmp/", &[]);
    }
}
