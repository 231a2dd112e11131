//! The end of the page: the settings of the run, what is known of its data, and what it can be checked by.
use std::io::Write;

use super::escape::Escaped;
use crate::dataset::DataSet;
use crate::report::ended::{self, Left};
use crate::report::{Facts, ReportError, text};

/// Writes the settings beside the facts of the data.
pub(super) fn settings_and_data(facts: &Facts<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    writeln!(out, "<div class=\"pair\">\n<section class=\"card\"><h2>Settings</h2>")?;
    list(facts.settings.iter(), out)?;
    writeln!(out, "</section>\n<section class=\"card\"><h2>Data</h2>")?;
    let left = ended::left(facts)?;
    for set in facts.backtest.data() {
        series(set, out)?;
        let own = left.iter().filter(|left| left.ended.symbol == *set.instrument().symbol());
        sentences("Where its prices end", own.map(|left| format!("{left}.")), out)?;
    }
    Ok(writeln!(out, "</section>\n</div>")?)
}

fn list<'a>(pairs: impl Iterator<Item = &'a (String, String)>, out: &mut impl Write) -> Result<(), ReportError> {
    writeln!(out, "<dl class=\"facts\">")?;
    for (name, value) in pairs {
        writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", Escaped(name), Escaped(value))?;
    }
    Ok(writeln!(out, "</dl>")?)
}

/// Everything that is odd about a series is said, and that nothing is where nothing is.
fn series(set: &DataSet, out: &mut impl Write) -> Result<(), ReportError> {
    let (bars, origin) = (set.bars(), set.origin());
    let facts = &origin.facts;
    let name = format!("{} {}", set.instrument().symbol(), set.frame());
    writeln!(out, "<h3>{}</h3>", Escaped(&name))?;
    let mut pairs = vec![
        ("source".to_owned(), origin.name.clone()),
        ("period".to_owned(), format!("{:#} to {:#}", bars[0].time, bars[bars.len() - 1].time)),
        ("bars".to_owned(), text::count(bars.len())),
        ("rows read".to_owned(), text::count(facts.rows)),
        ("gaps".to_owned(), facts.gaps.to_string()),
        ("rows skipped".to_owned(), text::count(facts.skipped.total)),
    ];
    for (reason, count) in &facts.skipped.by_reason {
        pairs.push((format!("skipped for {reason}"), text::count(count)));
    }
    let counted = [
        ("bars without volume", facts.zero_volume),
        ("values rounded", facts.rounded),
        ("blank lines", facts.blank_lines),
    ];
    let counted = counted.into_iter().filter(|(_, count)| *count > 0);
    pairs.extend(counted.map(|(what, count)| (what.to_owned(), text::count(count))));
    if let Some(quality) = &origin.quality {
        pairs.push(("quality".to_owned(), quality.grade.to_string()));
        pairs.extend(quality.counts.iter().map(|count| (count.defect.to_string(), text::count(count.rows))));
    }
    pairs.push(("hash of the bars".to_owned(), set.hash().to_string()));
    list(pairs.iter(), out)?;
    let skipped = facts.skipped.first.iter().map(ToString::to_string);
    sentences("What the reader found", origin.notes.iter().cloned(), out)?;
    sentences("The first skipped rows", skipped, out)?;
    let quality = origin.quality.as_ref();
    let found = quality
        .into_iter()
        .flat_map(|quality| &quality.counts)
        .flat_map(|count| count.first.iter().map(|finding| format!("{}: {finding}", count.defect)));
    sentences("How good the data is", quality.into_iter().flat_map(|quality| quality.reasons.iter().cloned()), out)?;
    sentences("The first rows with a defect", found, out)
}

/// Says above everything that the result hangs on poor data, or on prices that ended, where it does.
pub(super) fn poor_data(facts: &Facts<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    let left = ended::left(facts)?.into_iter().filter(Left::counts).map(|left| format!("{left}."));
    for sentence in crate::report::poor_data(facts).chain(left) {
        writeln!(out, "<p class=\"note\" role=\"alert\">{}</p>", Escaped(&sentence))?;
    }
    Ok(())
}

fn sentences(title: &str, lines: impl Iterator<Item = String>, out: &mut impl Write) -> Result<(), ReportError> {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "<h4>{title}</h4>\n<ul class=\"notes\">")?;
    for line in lines {
        writeln!(out, "<li>{}</li>", Escaped(&line))?;
    }
    Ok(writeln!(out, "</ul>")?)
}

/// Writes what the run can be checked by.
pub(super) fn footer(facts: &Facts<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    let journal = &facts.outcome.journal;
    writeln!(
        out,
        "<footer><p>Journal: {} events, hash <code>{}</code>. Equal data, settings and seed give this hash again.</p>\n\
         <p>This page is complete in itself and asks the network for nothing. Times are UTC. Charts by plotly.js (MIT).</p></footer>\n</main>",
        text::count(journal.events()),
        journal.hash()
    )?;
    Ok(())
}
