//! The body of the page: charts with a sentence each for who cannot see them, statistics, trades.
use std::io::Write;

use qframe_model::time::Time;

use super::escape::Escaped;
use super::{data, months};
use crate::report::charges::{self, Charges};
use crate::report::track::{Rolling, Track};
use crate::report::{Facts, ReportError, text, trades};

/// A chart: its place is drawn by the script.
pub(super) struct Chart {
    pub id: &'static str,
    pub title: String,
    /// What the picture shows, for who cannot see it.
    pub alternative: String,
    /// What to know about it.
    pub note: String,
}

pub(super) fn chart(chart: &Chart, out: &mut impl Write) -> Result<(), ReportError> {
    let Chart { id, title, alternative, note } = chart;
    writeln!(out, "<section class=\"card\"><h2>{}</h2><div class=\"tools\" id=\"{id}-tools\"></div>", Escaped(title))?;
    writeln!(out, "<div class=\"chart\" id=\"{id}\" role=\"img\" aria-label=\"{}\"></div>", Escaped(alternative))?;
    Ok(writeln!(out, "<p class=\"note\">{}</p></section>", Escaped(note))?)
}

/// Writes all charts and the table of months.
pub(super) fn charts(
    facts: &Facts<'_>,
    track: &Track,
    rolling: Option<&Rolling>,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    writeln!(
        out,
        "<noscript><p class=\"card\">Charts and the list of trades need JavaScript; the rest of the page does not.</p></noscript>"
    )?;
    chart(&price(facts), out)?;
    chart(&equity(facts), out)?;
    chart(&drawdown(facts), out)?;
    writeln!(out, "<div class=\"pair\">")?;
    months::section(&track.months(), out)?;
    match facts.outcome.trades.len() {
        0 => absent("Trade returns", "No trade was closed.", out)?,
        _ => chart(&returns(facts), out)?,
    }
    writeln!(out, "</div>")?;
    windows(track, rolling, out)
}

/// Writes the charts of rolling windows.
pub(super) fn windows(track: &Track, rolling: Option<&Rolling>, out: &mut impl Write) -> Result<(), ReportError> {
    let Some(rolling) = rolling else {
        return absent("Rolling Sharpe ratio", "Too few days (it needs 41), or an equity at or below zero.", out);
    };
    chart(&sharpe(track, rolling), out)?;
    writeln!(out, "<div class=\"pair\">")?;
    chart(&volatility(track, rolling), out)?;
    match &rolling.beta {
        Some((_, values)) => chart(&beta(track, rolling.window, values), out)?,
        None => absent("Rolling beta", "No benchmark, or too few instants that both have.", out)?,
    }
    Ok(writeln!(out, "</div>")?)
}

/// Says why a chart is not there.
pub(super) fn absent(title: &str, reason: &str, out: &mut impl Write) -> Result<(), ReportError> {
    Ok(writeln!(out, "<section class=\"card\"><h2>{title}</h2><p class=\"note\">{reason}</p></section>")?)
}

/// Says of a picture of `count` points whether it is thinned.
pub(super) fn thinned(count: usize) -> String {
    if count <= 2 * data::STRETCHES {
        return String::new();
    }
    format!(
        " The picture draws the lowest and the highest of each of {} stretches of {} points; every number on this page \
         is computed from all of them.",
        text::count(data::STRETCHES),
        text::count(count)
    )
}

fn price(facts: &Facts<'_>) -> Chart {
    let (data, trades) = (facts.backtest.data(), facts.outcome.trades.len());
    let bars = data.iter().map(|set| set.bars().len()).max().unwrap_or(0);
    let marks = if trades > data::MARKED {
        format!(
            " Of more than {} listed trades of an instrument, the largest gain or loss of each stretch is marked.",
            text::count(data::MARKED)
        )
    } else {
        String::new()
    };
    Chart {
        id: "price",
        title: "Price, entries and exits".to_owned(),
        alternative: format!(
            "Line chart of the closing price of {} with a mark for each entry and exit of {} trades, which are listed in the table below.",
            data.first().map_or_else(String::new, |set| set.instrument().symbol().to_string()),
            text::count(trades)
        ),
        note: format!(
            "Closes at the opening time of their bars; marks at the prices of the fills. Drag to zoom, double-click to \
             zoom out (the buttons do it on a touch screen); the charts over time move together.{marks}{}",
            thinned(bars)
        ),
    }
}

fn equity(facts: &Facts<'_>) -> Chart {
    let (setup, statistics, curve) = (facts.backtest.setup(), &facts.outcome.statistics, &facts.outcome.curve);
    let last = curve.last().unwrap_or(setup.cash);
    let (what, later) = match facts.backtest.data().len() {
        1 => ("the instrument", ""),
        _ => ("all instruments, the same money in each,", " What begins later is bought at its own first close."),
    };
    Chart {
        id: "equity",
        title: format!("Equity against buy & hold [{}]", setup.currency),
        alternative: format!(
            "Line chart of the equity: from {} to {}, a return of {}; buy and hold returned {}.",
            text::money(setup.cash, setup.currency),
            text::money(last, setup.currency),
            text::percent(statistics.return_pct),
            text::percent(statistics.buy_and_hold_pct)
        ),
        note: format!(
            "Buy & hold puts the initial capital into {what} at the close of the first bar on which the strategy could act, \
             without fees.{later}{}",
            thinned(curve.len())
        ),
    }
}

fn drawdown(facts: &Facts<'_>) -> Chart {
    let statistics = &facts.outcome.statistics;
    Chart {
        id: "drawdown",
        title: "Drawdown".to_owned(),
        alternative: format!(
            "Area chart of the distance of the equity from its highest value so far: {} at the deepest, {} on average.",
            text::percent(statistics.max_drawdown_pct),
            text::percent(statistics.avg_drawdown_pct)
        ),
        note: format!("Distance of the equity from its highest value so far.{}", thinned(facts.outcome.curve.len())),
    }
}

fn returns(facts: &Facts<'_>) -> Chart {
    let statistics = &facts.outcome.statistics;
    Chart {
        id: "returns",
        title: "Trade returns".to_owned(),
        alternative: format!(
            "Histogram of the returns of {} trades: the worst {}, the best {}, {} of them with a profit.",
            text::count(statistics.trades),
            text::percent(statistics.worst_trade_pct),
            text::percent(statistics.best_trade_pct),
            text::percent(statistics.win_rate_pct)
        ),
        note: "Returns after fees of all closed trades; zero is an edge of the bars.".to_owned(),
    }
}

/// What a line over time spans, in words.
fn span(values: &[f64], unit: &str) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("between {}{unit} and {}{unit}", text::number(Some(least), 2), text::number(Some(most), 2))
}

fn sharpe(track: &Track, rolling: &Rolling) -> Chart {
    let from = rolling.times_ns.first().map_or_else(String::new, |ns| format!("{:#}", Time::from_nanos(*ns)));
    Chart {
        id: "sharpe",
        title: "Rolling Sharpe and Sortino ratio".to_owned(),
        alternative: format!(
            "Line chart from {from} on: the Sharpe ratio {}, the Sortino ratio {}.",
            span(&rolling.sharpe, ""),
            span(&rolling.sortino, "")
        ),
        note: format!(
            "Mean of the last {} {} returns over their standard deviation (ddof 1), and over the root of the mean square of \
             their losses, times sqrt({}); no risk-free rate.",
            rolling.window,
            track.word(),
            text::short(track.options.periods_per_year)
        ),
    }
}

fn volatility(track: &Track, rolling: &Rolling) -> Chart {
    let percents: Vec<f64> = rolling.volatility.iter().map(|value| value * 100.0).collect();
    Chart {
        id: "volatility",
        title: "Rolling volatility".to_owned(),
        alternative: format!("Line chart of the volatility: {}.", span(&percents, "%")),
        note: format!(
            "Standard deviation (ddof 1) of the last {} {} returns times sqrt({}).",
            rolling.window,
            track.word(),
            text::short(track.options.periods_per_year)
        ),
    }
}

fn beta(track: &Track, window: usize, values: &[f64]) -> Chart {
    let name = track.beside.as_ref().map_or("the benchmark", |beside| &beside.name);
    Chart {
        id: "beta",
        title: format!("Rolling beta to {name}"),
        alternative: format!("Line chart of the beta: {}.", span(values, "")),
        note: format!("Covariance over the variance of {name}, of the last {window} {} returns.", track.word()),
    }
}

/// Writes all statistics, each with how it is computed.
pub(super) fn statistics(facts: &Facts<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    let statistics = &facts.outcome.statistics;
    writeln!(out, "<section class=\"card\"><h2>Statistics</h2>\n<table class=\"statistics\"><thead><tr>")?;
    writeln!(out, "<th scope=\"col\">Name</th><th scope=\"col\">Value</th><th scope=\"col\">How it is computed</th>")?;
    writeln!(out, "</tr></thead><tbody>")?;
    for ((name, value), (_, convention)) in statistics.rows().into_iter().zip(statistics.conventions()) {
        statistic(name, &text::statistic(name, value), &convention, out)?;
    }
    let charges = Charges::of(&facts.outcome.account)?.rows();
    for ((name, amount), (_, convention)) in charges.into_iter().zip(charges::CONVENTIONS) {
        statistic(name, &text::amount(amount, facts.backtest.setup().currency), convention, out)?;
    }
    Ok(writeln!(out, "</tbody></table></section>")?)
}

fn statistic(name: &str, value: &str, convention: &str, out: &mut impl Write) -> Result<(), ReportError> {
    let (name, value, convention) = (Escaped(name), Escaped(value), Escaped(convention));
    Ok(writeln!(out, "<tr><th scope=\"row\">{name}</th><td>{value}</td><td>{convention}</td></tr>")?)
}

/// What the page calls the columns that [`trades::CONVENTIONS`] explains.
const COLUMNS: [&str; 5] = ["Entry", "Return", "MAE", "MFE", "Profit and fee"];

/// Writes the place of the list of trades.
pub(super) fn trades(facts: &Facts<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    let (all, listed) = (facts.outcome.trades.len(), data::listed(facts).len());
    writeln!(out, "<section class=\"card\"><h2 id=\"trades-title\">Trades</h2>")?;
    let note = match all {
        0 => "No trade was closed.".to_owned(),
        _ if listed < all => format!(
            "The last {} of {} trades. Rounded for reading; the trades as CSV are complete and exact.",
            text::count(listed),
            text::count(all)
        ),
        _ => "Click a heading to sort by it. Rounded for reading; the trades as CSV are exact.".to_owned(),
    };
    writeln!(out, "<p class=\"note\">{note}</p>")?;
    if all > 0 {
        writeln!(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"trades-title\">")?;
        writeln!(out, "<table class=\"trades\" id=\"trades\"></table></div>")?;
        writeln!(out, "<nav class=\"pages\" id=\"trade-pages\" aria-label=\"Pages of the list of trades\"></nav>")?;
        for (column, sentence) in COLUMNS.iter().zip(trades::CONVENTIONS.map(|(_, sentence)| sentence)) {
            writeln!(out, "<p class=\"note\"><b>{column}</b> {}</p>", Escaped(sentence))?;
        }
    }
    let open = facts.outcome.account.open_positions();
    if open > 0 {
        writeln!(out, "<p class=\"note\">Positions still open at the end, in no row above: {open}.</p>")?;
    }
    Ok(writeln!(out, "</section>")?)
}
