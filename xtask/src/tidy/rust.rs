//! Rust text split into code and comments, so that a rule does not take a string or a comment for code.
//!
//! It knows where strings, characters and comments end, and nothing else of the language; rustfmt's indentation does
//! the rest.

/// A file's lines, three times: each line has the same length in `code` and `comments` as in the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rust {
    /// With blanks for comments and for what stands in quotes.
    pub(super) code: Vec<String>,
    /// With blanks for the rest.
    pub(super) comments: Vec<String>,
    /// True for the lines of tests.
    pub(super) tests: Vec<bool>,
}

impl Rust {
    pub(super) fn read(path: &str, text: &str) -> Self {
        let (code, comments) = Scanner::new(text).split();
        let lines = |bytes: &[u8]| -> Vec<String> {
            String::from_utf8_lossy(bytes).split('\n').map(|line| line.trim_end().to_owned()).collect()
        };
        let code = lines(&code);
        let tests = if is_test_file(path) { vec![true; code.len()] } else { test_lines(&code) };
        Self { comments: lines(&comments), tests, code }
    }

    /// The last line of the item that begins at `first`: the closing brace with its indentation, or the `;` of an item
    /// without a body. `None` where the file ends before.
    pub(super) fn end_of_item(&self, first: usize) -> Option<usize> {
        end_of_item(&self.code, first)
    }
}

/// True below a folder `tests` or `benches`, and for a module file `tests.rs`.
fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "benches" | "tests.rs"))
}

/// The lines of the items under `#[cfg(test)]`.
fn test_lines(code: &[String]) -> Vec<bool> {
    let mut tests = vec![false; code.len()];
    for first in (0..code.len()).filter(|&line| code[line].trim_start().starts_with("#[cfg(test)]")) {
        let after =
            (first + 1..code.len()).find(|&line| !matches!(code[line].trim_start().as_bytes(), [] | [b'#', ..]));
        let last = after.and_then(|item| end_of_item(code, item)).unwrap_or(code.len() - 1);
        tests[first..=last].fill(true);
    }
    tests
}

fn end_of_item(code: &[String], first: usize) -> Option<usize> {
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let own = indentation(&code[first]);
    (first..code.len()).find(|&place| {
        let line = code[place].as_str();
        let closes = if place == first { line.ends_with('}') } else { line.trim_start().starts_with('}') };
        indentation(line) == own && (closes || line.ends_with(';'))
    })
}

/// Walks over the text once and copies each byte to where it belongs.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    code: Vec<u8>,
    comments: Vec<u8>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        let blanks: Vec<u8> = text.bytes().map(|byte| if byte == b'\n' { byte } else { b' ' }).collect();
        Self { text: text.as_bytes(), at: 0, code: blanks.clone(), comments: blanks }
    }

    fn split(mut self) -> (Vec<u8>, Vec<u8>) {
        while self.at < self.text.len() {
            match self.text[self.at..] {
                [b'/', b'/', ..] => self.line_comment(),
                [b'/', b'*', ..] => self.block_comment(),
                [b'"', ..] => self.quoted(),
                [b'r', ..] if !self.is_in_word() && self.raw_hashes().is_some() => self.raw(),
                [b'\'', ..] => self.quote(),
                _ => self.code(),
            }
        }
        (self.code, self.comments)
    }

    /// One byte of code.
    fn code(&mut self) {
        self.code[self.at] = self.text[self.at];
        self.at += 1;
    }

    fn comment(&mut self, end: usize) {
        self.comments[self.at..end].copy_from_slice(&self.text[self.at..end]);
        self.at = end;
    }

    fn line_comment(&mut self) {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        self.comment(self.at + length);
    }

    fn block_comment(&mut self) {
        let (mut depth, mut end) = (0, self.at);
        loop {
            match self.text[end..] {
                [b'/', b'*', ..] => (depth, end) = (depth + 1, end + 2),
                [b'*', b'/', ..] => (depth, end) = (depth - 1, end + 2),
                [] => break,
                _ => end += 1,
            }
            if depth == 0 {
                break;
            }
        }
        self.comment(end);
    }

    /// `"…"`: the quotes are code, what stands in them is not.
    fn quoted(&mut self) {
        self.code();
        loop {
            match self.text[self.at..] {
                [b'"', ..] => return self.code(),
                [b'\\', _, ..] => self.at += 2,
                [] => return,
                _ => self.at += 1,
            }
        }
    }

    /// True where the byte before belongs to the same word; `b` and `c` before a raw string do not.
    fn is_in_word(&self) -> bool {
        let is_word = |place: usize| self.text[place].is_ascii_alphanumeric() || self.text[place] == b'_';
        match self.at {
            0 => false,
            at if matches!(self.text[at - 1], b'b' | b'c') => at > 1 && is_word(at - 2),
            at => is_word(at - 1),
        }
    }

    /// How many `#` stand between `r` and the quote, where a quote follows.
    fn raw_hashes(&self) -> Option<usize> {
        let rest = &self.text[self.at + 1..];
        let hashes = rest.iter().take_while(|&&byte| byte == b'#').count();
        (rest.get(hashes) == Some(&b'"')).then_some(hashes)
    }

    /// `r#"…"#`.
    fn raw(&mut self) {
        let hashes = self.raw_hashes().unwrap_or_default();
        let end = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
        let first = self.at + 1 + hashes + 1;
        let inside = self.text[first..].windows(end.len()).position(|window| window == end);
        self.at = inside.map_or(self.text.len(), |length| first + length + end.len());
    }

    /// `'a'`, or the `'` of a lifetime.
    fn quote(&mut self) {
        self.code();
        let rest = &self.text[self.at..];
        let length = match rest {
            // Past the escape's first byte, which may be a quote itself.
            [b'\\', _, after @ ..] => after.iter().position(|&byte| byte == b'\'').map(|more| more + 2),
            _ => {
                let character = 1 + rest.iter().skip(1).take_while(|&&byte| byte & 0xC0 == 0x80).count();
                (rest.get(character) == Some(&b'\'')).then_some(character)
            }
        };
        self.at += length.map_or(0, |length| length + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_has_no_strings_and_no_comments() {
        let check = |text: &str, code: &str| assert_eq!(Rust::read("a.rs", text).code, [code], "{text}");
        check("let a = 1; // todo!()", "let a = 1;");
        check("a(/* b /* c */ d */ e)", "a(                  e)");
        check(r#"a("b\"c", d)"#, r#"a("    ", d)"#);
        check(r##"a(r#"b"c"#, d)"##, "a(        , d)");
        check(r##"a(br"b", r#type)"##, "a(b    , r#type)");
        check("a('\"', '\\'', '\\\\', 'é', 'x)", "a('  , '   , '   , '   , 'x)");
        check("for<'a> fn(&'a str) -> \"x\"", "for<'a> fn(&'a str) -> \" \"");
    }

    #[test]
    fn comments_have_no_code() {
        let rust = Rust::read("a.rs", "let a = \"// b\"; // é c\n/* d\ne */ f");
        assert_eq!(rust.comments, ["                // é c", "/* d", "e */"]);
    }

    #[test]
    fn tests_are_known_by_their_attribute_and_by_their_folder() {
        let text = "fn a() {}\n#[cfg(test)]\n#[expect(x)]\nmod tests {\n    fn b() {\n    }\n}\nfn c() {}";
        assert_eq!(Rust::read("crates/a/src/b.rs", text).tests, [false, true, true, true, true, true, true, false]);
        let other = Rust::read("crates/a/src/b.rs", "#[cfg(test)]\nmod tests;\nfn c() {}");
        assert_eq!(other.tests, [true, true, false]);
        assert_eq!(Rust::read("crates/a/tests/it/main.rs", "mod b;").tests, [true]);
        assert_eq!(Rust::read("crates/a/src/b/tests.rs", "mod b;").tests, [true]);
    }
}
