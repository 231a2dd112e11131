//! How many of what, in words.

/// `1 row`, `12 rows`: a count and its noun, which makes its plural with an s.
#[must_use]
pub fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_has_no_s() {
        assert_eq!([0_usize, 1, 2].map(|count| counted(count, "bar")), ["0 bars", "1 bar", "2 bars"]);
    }
}
