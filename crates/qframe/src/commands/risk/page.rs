//! The answer as one HTML page that needs nothing else: tables, and bars of the losses.
use std::fmt;
use std::io::{self, Write};

use qframe_lab::report::exact_percent;

use super::Answer;
use super::sections::{Section, headline};

const STYLE: &str = "\
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{max-width:80rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
table{border-collapse:separate;border-spacing:0;font-variant-numeric:tabular-nums;display:block;overflow-x:auto}
th,td{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #8884;white-space:nowrap}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:Canvas}
small{display:block;opacity:.75}
@media(max-width:40rem){th,td{padding:.2rem .4rem}}
svg{max-width:100%;height:auto}svg text{fill:currentColor;font:12px system-ui,sans-serif}
.var{fill:#3b82f6}.cvar{fill:#ef4444}.note{opacity:.75}";

/// Writes it. Words of files are escaped, and the page may load nothing.
pub(super) fn write(answer: &Answer, sections: &[Section], out: &mut (dyn Write + Send)) -> io::Result<()> {
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
    )?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(
        out,
        "<title>Risk – QFrame</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n<body>"
    )?;
    writeln!(out, "<h1>Risk</h1>\n<p>{}</p>", Escaped(&headline(answer)))?;
    bars(answer, out)?;
    for section in sections {
        table(section, out)?;
    }
    let advice = answer.assessment.iter().flat_map(|assessed| &assessed.recommendations);
    list(advice, out)?;
    let warnings: Vec<String> = answer.warnings.iter().map(|warning| format!("Warning: {warning}")).collect();
    list(&warnings, out)?;
    list(&answer.notes, out)?;
    writeln!(out, "</body>\n</html>")
}

fn table(Section { title, columns, rows, note, .. }: &Section, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h2>{}</h2>\n<table>\n<thead><tr>", Escaped(title))?;
    columns.iter().try_for_each(|column| write!(out, "<th>{}</th>", Escaped(column)))?;
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for row in rows {
        write!(out, "<tr>")?;
        row.iter().try_for_each(|cell| match cell.split_once('\n') {
            Some((figure, beside)) => write!(out, "<td>{}<small>{}</small></td>", Escaped(figure), Escaped(beside)),
            None => write!(out, "<td>{}</td>", Escaped(cell)),
        })?;
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table>")?;
    note.iter().try_for_each(|note| writeln!(out, "<p class=\"note\">{}</p>", Escaped(note)))
}

fn list<'a>(lines: impl IntoIterator<Item = &'a String>, out: &mut dyn Write) -> io::Result<()> {
    let lines: Vec<&String> = lines.into_iter().collect();
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "<ul>")?;
    lines.into_iter().try_for_each(|line| writeln!(out, "<li>{}</li>", Escaped(line)))?;
    writeln!(out, "</ul>")
}

/// VaR and CVaR of the first horizon and confidence, a pair of bars a method.
fn bars(answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = answer.figures.first() else { return Ok(()) };
    let alike = |one: &&super::Figure| one.horizon == first.horizon && one.confidence == first.confidence;
    let figures: Vec<&super::Figure> = answer.figures.iter().filter(alike).collect();
    let most = figures.iter().map(|one| one.var.max(one.cvar)).fold(f64::MIN_POSITIVE, f64::max);
    let height = 34 * figures.len();
    let level = exact_percent(first.confidence);
    writeln!(out, "<h2>VaR (blue) and CVaR (red), {level}, horizon {}</h2>", first.horizon)?;
    writeln!(
        out,
        "<svg viewBox=\"0 0 720 {height}\" width=\"720\" height=\"{height}\" role=\"img\" aria-label=\"VaR and CVaR by method\">"
    )?;
    for (place, one) in figures.iter().enumerate() {
        let (top, name) = (34 * place, one.method.name());
        writeln!(out, "<text x=\"0\" y=\"{}\">{}</text>", top + 19, Escaped(&name))?;
        for (class, value, y) in [("var", one.var, top + 3), ("cvar", one.cvar, top + 17)] {
            let width = 480.0 * (value / most).max(0.0);
            writeln!(out, "<rect class=\"{class}\" x=\"130\" y=\"{y}\" width=\"{width:.1}\" height=\"12\"/>")?;
            writeln!(out, "<text x=\"{:.1}\" y=\"{}\">{:.2}%</text>", 136.0 + width, y + 10, 100.0 * value)?;
        }
    }
    writeln!(out, "</svg>")
}

/// A text that no browser takes for anything else.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other => write!(f, "{other}"),
        })
    }
}
