//! One line into fields, quotes included.
use std::borrow::Cow;

/// A field: where it begins in its line (bytes, from 0), and its text without quotes and outer spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    pub(crate) start: usize,
    pub(crate) text: Cow<'a, str>,
}

/// A quote does not close, or text follows the closing one; the place in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BrokenQuote(pub(crate) usize);

/// Splits a line (without its end) at `separator`; within `"…"` a separator is text and `""` is a quote.
/// Bytes that are no UTF-8 become the replacement character: they can only be refused or belong to a column left out.
pub(crate) fn split(line: &[u8], separator: u8) -> Result<Vec<Field<'_>>, BrokenQuote> {
    let mut fields = Vec::with_capacity(16);
    let mut start = 0;
    loop {
        let (field, end) = next(line, start, separator)?;
        fields.push(field);
        if end == line.len() {
            return Ok(fields);
        }
        start = end + 1;
    }
}

/// The field that begins at `start`, and the place of the separator behind it (or of the end).
fn next(line: &[u8], start: usize, separator: u8) -> Result<(Field<'_>, usize), BrokenQuote> {
    let spaces = line[start..].iter().take_while(|b| **b == b' ').count();
    if line.get(start + spaces) == Some(&b'"') {
        return quoted(line, start + spaces, separator);
    }
    let end = memchr::memchr(separator, &line[start..]).map_or(line.len(), |length| start + length);
    let text = match String::from_utf8_lossy(&line[start..end]) {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    Ok((Field { start: start + spaces, text }, end))
}

fn quoted(line: &[u8], open: usize, separator: u8) -> Result<(Field<'_>, usize), BrokenQuote> {
    let (mut at, mut text) = (open + 1, Vec::new());
    loop {
        let close = at + memchr::memchr(b'"', &line[at..]).ok_or(BrokenQuote(open))?;
        text.extend_from_slice(&line[at..close]);
        at = close + 1;
        if line.get(at) != Some(&b'"') {
            break;
        }
        text.push(b'"');
        at += 1;
    }
    at += line[at..].iter().take_while(|b| **b == b' ').count();
    if line.get(at).is_some_and(|b| *b != separator) {
        return Err(BrokenQuote(open));
    }
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    Ok((Field { start: open + 1, text: Cow::Owned(text) }, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_lines() {
        let check = |line: &str, expected: &[(usize, &str)]| {
            let fields = split(line.as_bytes(), b',').unwrap();
            let found: Vec<_> = fields.iter().map(|f| (f.start, f.text.as_ref())).collect();
            assert_eq!(found, expected, "{line:?}");
        };
        check("", &[(0, "")]);
        check("a,b", &[(0, "a"), (2, "b")]);
        check(" a , b,", &[(1, "a"), (5, "b"), (7, "")]);
        check("\"a,b\",c", &[(1, "a,b"), (6, "c")]);
        check(" \"a\"\"b\" ,c", &[(2, "a\"b"), (9, "c")]);
        check("a\"b,c", &[(0, "a\"b"), (4, "c")]);
        assert_eq!(split(b"a,\"b", b','), Err(BrokenQuote(2)));
        assert_eq!(split(b"\"a\"b,c", b','), Err(BrokenQuote(0)));
    }
}
