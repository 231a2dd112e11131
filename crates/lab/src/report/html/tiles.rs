//! The top of the page: what ran on what, and the figures that are read first.
use std::io::Write;

use super::escape::Escaped;
use crate::report::charges::Charges;
use crate::report::{Facts, ReportError, text};

/// Writes the title and what ran on which data.
pub(super) fn header(facts: &Facts<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    writeln!(out, "<header>\n<p class=\"over\">QFrame backtest</p>\n<h1>{}</h1>", Escaped(facts.strategy))?;
    writeln!(out, "<p class=\"under\">{}</p>", Escaped(&subject(facts)))?;
    if !facts.parameters.is_empty() {
        write!(out, "<p class=\"params\">")?;
        for (name, value) in facts.parameters {
            write!(out, "<span><b>{}</b> {}</span> ", Escaped(name), Escaped(value))?;
        }
        writeln!(out, "</p>")?;
    }
    Ok(writeln!(out, "</header>")?)
}

/// The data, the time it spans and how much of it there is. More than four series are counted.
fn subject(facts: &Facts<'_>) -> String {
    let (data, statistics) = (facts.backtest.data(), &facts.outcome.statistics);
    let names: Vec<String> =
        data.iter().take(4).map(|set| format!("{} {}", set.instrument().symbol(), set.frame())).collect();
    let more = if data.len() > 4 { format!(" and {} more", data.len() - 4) } else { String::new() };
    let bars: usize = data.iter().map(|set| set.bars().len()).sum();
    let [start, end] =
        [statistics.start_ns, statistics.end_ns].map(|ns| format!("{:#}", qframe_model::time::Time::from_nanos(ns)));
    format!("{}{more} · {start} to {end} · {}", names.join(", "), text::counted(bars, "bar"))
}

/// Writes the figures that are read first.
pub(super) fn tiles(facts: &Facts<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    let (setup, statistics) = (facts.backtest.setup(), &facts.outcome.statistics);
    let fees = Charges::of(&facts.outcome.account)?.fees;
    let last = facts.outcome.curve.last().unwrap_or(setup.cash);
    let tiles = [
        ("Final value", text::money(last, setup.currency), format!("from {}", text::money(setup.cash, setup.currency))),
        (
            "Total return",
            text::percent(statistics.return_pct),
            format!("buy & hold {}", text::percent(statistics.buy_and_hold_pct)),
        ),
        (
            "Sharpe ratio",
            text::number(statistics.sharpe, 2),
            format!("Sortino {}", text::number(statistics.sortino, 2)),
        ),
        (
            "Max. drawdown",
            text::percent(statistics.max_drawdown_pct),
            statistics.max_drawdown_duration.map_or("none".to_owned(), |ns| format!("longest {}", text::duration(ns))),
        ),
        ("Trades", text::count(statistics.trades), format!("fees {}", text::money(fees, setup.currency))),
        (
            "Win rate",
            text::percent(statistics.win_rate_pct),
            format!("profit factor {}", text::number(statistics.profit_factor, 2)),
        ),
    ];
    all(&tiles, out)
}

/// Writes tiles: a name, a figure, what stands below it. Each carries the number of signs that stay on one line: its size goes
/// by that.
pub(super) fn all(tiles: &[(&str, String, String)], out: &mut impl Write) -> Result<(), ReportError> {
    let longest = |text: &str| text.split(' ').map(|word| word.chars().count()).max();
    writeln!(out, "<dl class=\"tiles\">")?;
    for (name, value, below) in tiles {
        let (signs, signs_below) = (value.chars().count().max(1), longest(below).unwrap_or(0).max(1));
        writeln!(out, "<div><dt>{name}</dt><dd style=\"--signs:{signs}\">{}</dd>", Escaped(value))?;
        writeln!(out, "<dd class=\"below\" style=\"--signs:{signs_below}\">{}</dd></div>", Escaped(below))?;
    }
    Ok(writeln!(out, "</dl>")?)
}
