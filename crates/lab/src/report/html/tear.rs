//! The tables of a tear sheet: metrics, drawdowns, years, where profit came from, what costs it bears.
use std::io::Write;

use qframe_model::time::Time;

use super::escape::Escaped;
use crate::report::attribution::{Row, Table, is_telling};
use crate::report::costs::{self, Costs};
use crate::report::tear::shown;
use crate::report::track::{Compared, Track};
use crate::report::trailing::{Trailing, trailing};
use crate::report::{ReportError, text};

/// How many drawdowns the page lists.
pub(super) const LISTED: usize = 10;
/// What stands for a table of the returns of a single point.
pub(super) const NONE: &str = "<p class=\"note\">There are no returns.</p>";

/// Writes a table with this head; the class says how it looks.
pub(super) fn table(class: &str, head: &[&str], rows: &[Vec<String>], out: &mut impl Write) -> Result<(), ReportError> {
    write!(out, "<div class=\"wide\"><table class=\"{class}\"><thead><tr>")?;
    for name in head {
        write!(out, "<th scope=\"col\">{}</th>", Escaped(name))?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for row in rows {
        write!(out, "<tr>")?;
        for (place, cell) in row.iter().enumerate() {
            let cell = Escaped(cell);
            match place {
                0 => write!(out, "<th scope=\"row\">{cell}</th>")?,
                _ => write!(out, "<td>{cell}</td>")?,
            }
        }
        writeln!(out, "</tr>")?;
    }
    Ok(writeln!(out, "</tbody></table></div>")?)
}

/// Writes all metrics, each with its definition.
pub(super) fn metrics(track: &Track, metrics: &[Compared], out: &mut impl Write) -> Result<(), ReportError> {
    writeln!(out, "<section class=\"card\"><h2>Metrics</h2>")?;
    if metrics.is_empty() {
        return Ok(writeln!(out, "{NONE}</section>")?);
    }
    let beside = track.beside.as_ref();
    let mut head = vec!["Name", "Value"];
    head.extend(beside.map(|beside| beside.name.as_str()));
    head.push("How it is computed");
    let row = |metric: &Compared| {
        let mut row = vec![metric.own.name.to_owned(), shown(metric.own.unit, metric.own.value)];
        row.extend(
            beside.map(|_| metric.benchmark.map_or_else(String::new, |value| shown(metric.own.unit, Some(value)))),
        );
        let aliases: Vec<&str> = metric.own.aliases().collect();
        let also = if aliases.is_empty() { String::new() } else { format!("; also {}", aliases.join(", ")) };
        row.push(format!("{}{also}", metric.own.convention));
        row
    };
    let class = if beside.is_some() { "statistics beside" } else { "statistics" };
    table(class, &head, &metrics.iter().map(row).collect::<Vec<_>>(), out)?;
    let options = track.options;
    writeln!(
        out,
        "<p class=\"note\">Of simple {} returns by the names of quantstats; {} periods a year, a risk-free rate of {} a year, \
         {} confidence, a target Sharpe ratio of {}. Statistics above may follow another convention: each says which.</p></section>",
        track.word(),
        text::short(options.periods_per_year),
        text::exact_percent(options.risk_free),
        text::exact_percent(options.confidence),
        options.target_sharpe
    )?;
    Ok(())
}

/// Writes the deepest drawdowns.
pub(super) fn drawdowns(track: &Track, out: &mut impl Write) -> Result<(), ReportError> {
    writeln!(out, "<section class=\"card\"><h2>Deepest drawdowns</h2>")?;
    let episodes = track.drawdowns(LISTED);
    if episodes.is_empty() {
        return Ok(writeln!(out, "<p class=\"note\">There is none.</p></section>")?);
    }
    let date = |ns: i64| format!("{:#}", Time::from_nanos(ns));
    let row = |episode: &qframe_quant::performance::Episode| {
        let end = episode.recovery_ns.map_or_else(|| "not yet".to_owned(), date);
        let length = episode.recovery_ns.unwrap_or(episode.end_ns) - episode.peak_ns;
        vec![
            text::percent(Some(episode.depth * 100.0)),
            date(episode.peak_ns),
            date(episode.trough_ns),
            end,
            text::duration(length),
        ]
    };
    let rows: Vec<_> = episodes.iter().map(row).collect();
    table("list", &["Depth", "Peak", "Lowest", "Recovered", "Length"], &rows, out)?;
    Ok(writeln!(
        out,
        "<p class=\"note\">From the last point at the peak to the first one at or above it again.</p></section>"
    )?)
}

/// Writes the returns of the years, and those up to the end.
pub(super) fn years(track: &Track, out: &mut impl Write) -> Result<(), ReportError> {
    writeln!(out, "<section class=\"card\"><h2>Yearly returns</h2>")?;
    if track.values.len() < 2 {
        return Ok(writeln!(out, "{NONE}</section>")?);
    }
    let beside = track.beside.as_ref();
    let mut head = vec!["Year", "Return"];
    if let Some(beside) = beside {
        head.extend([beside.name.as_str(), "Ahead by"]);
    }
    let percent = |share: Option<f64>| share.map_or_else(String::new, |share| text::percent(Some(share * 100.0)));
    let row = |(year, own, market): (i64, f64, Option<f64>)| {
        let mut row = vec![year.to_string(), percent(Some(own))];
        if beside.is_some() {
            row.extend([percent(market), percent(market.map(|market| own - market))]);
        }
        row
    };
    table("list", &head, &track.years().into_iter().rev().map(row).collect::<Vec<_>>(), out)?;
    head[0] = "Up to the end";
    let row = |trailing: Trailing| {
        let mut row = vec![trailing.span.name(), percent(trailing.own)];
        if beside.is_some() {
            let ahead = trailing.own.zip(trailing.benchmark).map(|(own, market)| own - market);
            row.extend([percent(trailing.benchmark), percent(ahead)]);
        }
        row
    };
    let spans = trailing(track).into_iter().filter(|trailing| trailing.own.is_some());
    table("list", &head, &spans.map(row).collect::<Vec<_>>(), out)?;
    Ok(writeln!(out, "</section>")?)
}

/// Writes where profit came from.
pub(super) fn attribution(
    tables: &[Table],
    currency: qframe_model::currency::Currency,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    if tables.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section class=\"card\"><h2>Where profit came from</h2><div class=\"tables\">")?;
    for (what, rows) in tables.iter().filter(is_telling) {
        let row = |row: &Row| {
            vec![
                row.name.clone(),
                text::count(row.trades),
                row.pnl.map_or_else(|| text::UNDEFINED.to_owned(), |pnl| text::money(pnl, currency)),
                text::percent(Some(row.win_rate_pct)),
                text::percent(row.avg_return_pct),
            ]
        };
        let name = format!("By {what}");
        let head = [name.as_str(), "Trades", "Profit", "Win rate", "Mean return"];
        table("list", &head, &rows.iter().map(row).collect::<Vec<_>>(), out)?;
    }
    Ok(writeln!(
        out,
        "</div><p class=\"note\">Closed trades, after fees; other currencies at the rates of the exits. The profits of a table add up to that of all closed trades.</p></section>"
    )?)
}

/// Writes what costs the trades bear.
pub(super) fn costs(
    costs: Option<Costs>,
    currency: qframe_model::currency::Currency,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let Some(costs) = costs else { return Ok(()) };
    writeln!(out, "<section class=\"card\"><h2>What costs it bears</h2>")?;
    let rows = costs.rows(currency).into_iter().zip(costs::CONVENTIONS);
    let rows: Vec<_> =
        rows.map(|((name, value), (_, convention))| vec![name.to_owned(), value, convention.to_owned()]).collect();
    table("statistics", &["Name", "Value", "How it is computed"], &rows, out)?;
    if let Some(note) = costs.note() {
        writeln!(out, "<p class=\"note\">{note}</p>")?;
    }
    Ok(writeln!(out, "</section>")?)
}
