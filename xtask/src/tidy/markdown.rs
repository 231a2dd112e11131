//! What the rules need of Markdown: its prose, its links and its headings.

/// The lines, with blanks for code: fences and what stands in backticks.
pub(super) fn prose(text: &str) -> Vec<String> {
    let mut fence: Option<&str> = None;
    let lines = text.lines().map(|line| {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, None) => return without_code(line),
            (None, mark) => fence = mark,
            (open, mark) if open == mark => fence = None,
            _ => {}
        }
        String::new()
    });
    lines.collect()
}

fn without_code(line: &str) -> String {
    let blank =
        |(place, part): (usize, &str)| if place % 2 == 1 { " ".repeat(part.len() + 2) } else { part.to_owned() };
    line.split('`').enumerate().map(blank).collect()
}

/// The targets of the links of a line of prose: `[text](target "title")`, `![text](target)`, `[name]: target`.
pub(super) fn targets(line: &str) -> Vec<&str> {
    let inline = line.match_indices("](").filter_map(|(place, _)| line[place + 2..].split(')').next());
    let reference = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    let all = inline.chain(reference.map(|(_, target)| target));
    all.filter_map(|target| target.split_whitespace().next()).map(|target| target.trim_matches(['<', '>'])).collect()
}

/// The anchors of the headings, as GitHub and mdBook make them.
pub(super) fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for (line, prose) in text.lines().zip(prose(text)) {
        if !prose.starts_with('#') {
            continue;
        }
        let anchor = anchor(line.trim_start_matches('#').trim());
        let twins = anchors.iter().filter(|other| **other == anchor).count();
        anchors.push(if twins == 0 { anchor } else { format!("{anchor}-{twins}") });
    }
    anchors
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        letter if letter.is_alphanumeric() || matches!(letter, '-' | '_') => Some(letter),
        _ => None,
    });
    kept.collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_has_no_code() {
        let text = "a `b` c\n```sh\nd\n~~~\n```\ne";
        assert_eq!(prose(text), ["a     c", "", "", "", "", "e"]);
    }

    #[test]
    fn links_have_targets() {
        let check = |line: &str, expected: &[&str]| assert_eq!(targets(line), expected, "{line}");
        check("see [a](b.md) and ![c](d/e.png \"f\")", &["b.md", "d/e.png"]);
        check("[a]: <b.md> 'c'", &["b.md"]);
        check("a[0] (b)", &[]);
    }

    #[test]
    fn headings_have_anchors() {
        let text = "# Who may import whom\n## `model`: nouns & rules\n```\n# no heading\n```\n# A\n# A\n";
        assert_eq!(anchors(text), ["who-may-import-whom", "model-nouns--rules", "a", "a-1"]);
    }
}
