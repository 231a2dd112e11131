//! Text from outside made harmless: in HTML, and inside a script's data block.
use std::fmt;
use std::io::{self, Write};

/// Prints a text so that HTML shows it as it is, in content and in double-quoted attributes.
pub(super) struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(place) = rest.find(['<', '>', '&', '"', '\'']) {
            f.write_str(&rest[..place])?;
            f.write_str(match rest.as_bytes()[place] {
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'&' => "&amp;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &rest[place + 1..];
        }
        f.write_str(rest)
    }
}

/// Passes JSON on so that no text in it can end or open an element: `<` becomes `\u003c`, which only ever stands in texts.
pub(super) struct InScript<W>(pub W);

impl<W: Write> Write for InScript<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (place, part) in bytes.split(|byte| *byte == b'<').enumerate() {
            if place > 0 {
                self.0.write_all(b"\\u003c")?;
            }
            self.0.write_all(part)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        let check = |text: &str, expected: &str| assert_eq!(Escaped(text).to_string(), expected);
        check(
            "<script>alert('é' & \"b\")</script>",
            "&lt;script&gt;alert(&#39;é&#39; &amp; &quot;b&quot;)&lt;/script&gt;",
        );
        check("plain", "plain");
        check("", "");
    }

    #[test]
    fn json_in_a_script_stays_json() {
        let mut out = Vec::new();
        serde_json::to_writer(InScript(&mut out), &["</script><!--", "a<b"]).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains('<'), "{text}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), ["</script><!--", "a<b"]);
    }
}
