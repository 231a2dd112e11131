//! The answer as tables: what a terminal and a page show.
use std::io::{self, Write};

use qframe_lab::report::exact_percent;

use super::Answer;
use super::measure::{Method, Part};

/// A table under its title. The first column is text, the others are numbers.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) title: String,
    pub(super) columns: Vec<String>,
    /// A cell has at most two lines: the figure, and what belongs to it.
    pub(super) rows: Vec<Vec<String>>,
    /// Rows that a terminal shows; a page shows all.
    pub(super) shown: usize,
    /// What to know of it.
    pub(super) note: Option<String>,
}

/// Correlations of more holdings than these are in the JSON alone.
const CORRELATED_MAX: usize = 12;
/// Rows of a list that may be long, on a terminal.
const ROWS_MAX: usize = 15;

/// All sections that have rows, in reading order.
pub(super) fn of(answer: &Answer) -> Vec<Section> {
    let sections = [
        risk(answer),
        contributions(answer),
        exposure(answer),
        sizes(answer),
        stress(answer),
        reverse(answer),
        correlation(answer),
        liquidity(answer),
        volatility(answer),
        backtest(answer),
        assessment(answer),
    ];
    sections.into_iter().flatten().filter(|section| !section.rows.is_empty()).collect()
}

/// Prints them as text.
pub(super) fn print(answer: &Answer, sections: &[Section], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", headline(answer))?;
    for Section { title, columns, rows, shown, note } in sections {
        let more = rows.len().saturating_sub(*shown);
        let one_line = |row: &Vec<String>| row.iter().map(|cell| cell.replace('\n', " ")).collect::<Vec<_>>();
        let rows: Vec<Vec<String>> = rows.iter().take(*shown).map(one_line).collect();
        let width = |place: usize| {
            let cells = rows.iter().map(|row| row[place].chars().count());
            cells.chain([columns[place].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns.len()).map(width).collect();
        let line = |cells: &[String]| {
            let cell = |(place, cell): (usize, &String)| match place {
                0 => format!("{cell:<width$}", width = widths[place]),
                _ => format!("{cell:>width$}", width = widths[place]),
            };
            format!("  {}", cells.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ")).trim_end().to_owned()
        };
        writeln!(out, "\n{title}\n{}", line(columns))?;
        rows.iter().try_for_each(|row| writeln!(out, "{}", line(row)))?;
        if more > 0 {
            writeln!(out, "  and {more} more (--report, --json)")?;
        }
        note.iter().try_for_each(|note| writeln!(out, "  {note}"))?;
    }
    let advice = answer.assessment.iter().flat_map(|assessed| &assessed.recommendations);
    advice.into_iter().try_for_each(|advice| writeln!(out, "  -> {advice}"))?;
    answer.warnings.iter().try_for_each(|warning| writeln!(out, "warning: {warning}"))?;
    answer.notes.iter().try_for_each(|note| writeln!(out, "note: {note}"))
}

/// What was measured, in a line.
pub(super) fn headline(answer: &Answer) -> String {
    let Answer { from, to, observations, holdings, value, .. } = answer;
    let worth = value.map_or_else(String::new, |value| format!(", worth {}", money(value)));
    let what = if holdings.len() == 1 { holdings[0].symbol.clone() } else { format!("{} holdings", holdings.len()) };
    format!("Risk of {what}{worth}: {observations} observations, {from:#} to {to:#}. Losses are above zero.")
}

fn section(title: &str, columns: &[&str], rows: Vec<Vec<String>>) -> Section {
    let columns = columns.iter().map(|column| (*column).to_owned()).collect();
    Section { title: title.to_owned(), columns, rows, shown: usize::MAX, note: None }
}

/// A row a method and horizon, a pair of columns a confidence.
fn risk(answer: &Answer) -> Option<Section> {
    let mut levels: Vec<f64> = Vec::new();
    let (mut rows, mut rules): (Vec<Vec<String>>, Vec<String>) = (Vec::new(), Vec::new());
    for one in &answer.figures {
        if !levels.contains(&one.confidence) {
            levels.push(one.confidence);
        }
        let head = [one.method.name(), one.horizon.to_string()];
        if rows.last().is_none_or(|row| row[..2] != head) {
            rows.push(head.to_vec());
            rules.push(one.rule.to_owned());
        }
        let cells = [(one.var, one.var_error, one.var_money), (one.cvar, one.cvar_error, one.cvar_money)].map(cell);
        rows.last_mut().into_iter().for_each(|row| row.extend(cells.clone()));
    }
    rows.iter_mut().zip(rules).for_each(|(row, rule)| row.push(rule));
    let mut columns = vec!["method".to_owned(), "horizon".to_owned()];
    columns.extend(
        levels
            .into_iter()
            .flat_map(|level| [format!("VaR {}", exact_percent(level)), format!("CVaR {}", exact_percent(level))]),
    );
    columns.push("over the horizon".to_owned());
    let whys: Vec<String> = answer.unmeasured.iter().map(|one| one.told(&answer.horizons)).collect();
    let mut notes = vec!["± is one standard error of a figure that was drawn by chance.".to_owned()];
    notes.retain(|_| answer.figures.iter().any(|one| one.var_error.is_some()));
    notes.extend((!whys.is_empty()).then(|| format!("Not measured: {}", whys.join("; "))));
    Some(Section {
        title: "Value at risk".to_owned(),
        columns,
        rows,
        shown: usize::MAX,
        note: (!notes.is_empty()).then(|| notes.join(" ")),
    })
}

/// A loss, its standard error, and the same in money.
fn cell((loss, error, worth): (f64, Option<f64>, Option<f64>)) -> String {
    let error = error.map(|error| format!("±{:.3}", 100.0 * error));
    let worth = worth.map(|worth| format!("({})", money(worth)));
    let beside: Vec<String> = [error, worth].into_iter().flatten().collect();
    format!("{}\n{}", percent(loss), beside.join(" ")).trim_end().to_owned()
}

/// Of one method, the normal one if it was asked for: its parts are the smoothest. All of them are in the JSON.
fn contributions(answer: &Answer) -> Option<Section> {
    let normal = answer.contributions.iter().find(|part| part.method == Method::Normal);
    let first = normal.or(answer.contributions.first()).filter(|_| answer.holdings.len() > 1)?;
    let mut parts: Vec<&Part> = answer
        .contributions
        .iter()
        .filter(|part| part.method == first.method && part.confidence == first.confidence)
        .collect();
    parts.sort_by(|a, b| b.component_var.total_cmp(&a.component_var));
    let whole: f64 = parts.iter().map(|part| part.component_var).sum();
    let weight =
        |symbol: &str| answer.holdings.iter().find(|held| held.symbol == symbol).map_or(0.0, |held| held.weight);
    let row = |part: &&Part| {
        vec![
            part.symbol.clone(),
            percent(weight(&part.symbol)),
            percent(part.component_var),
            // The parts of nothing are no shares.
            if whole.abs() > 1e-12 { format!("{:.1}%", 100.0 * part.component_var / whole) } else { "-".to_owned() },
            percent(part.component_cvar),
            format!("{:.4}", part.marginal_var),
            part.incremental_var.map_or_else(String::new, percent),
        ]
    };
    let columns = ["symbol", "weight", "component VaR", "share", "component CVaR", "marginal VaR", "incremental VaR"];
    let title = format!("Where it comes from ({}, {})", first.method.name(), exact_percent(first.confidence));
    let section = section(&title, &columns, parts.iter().map(row).collect());
    Some(Section { shown: ROWS_MAX, ..section })
}

fn exposure(answer: &Answer) -> Option<Section> {
    let held = &answer.exposure;
    let or_dash = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), percent);
    let mut rows = vec![
        ("gross", percent(held.gross)),
        ("net", percent(held.net)),
        ("leverage", format!("{:.2}", held.leverage)),
        ("concentration (HHI)", format!("{:.4}", held.concentration_hhi)),
        (
            "effective number of positions",
            held.effective_number.map_or_else(|| "-".to_owned(), |number| format!("{number:.1}")),
        ),
        ("volatility a year", or_dash(held.volatility)),
        ("drawdown at risk", or_dash(held.drawdown_at_risk)),
        ("conditional drawdown at risk", or_dash(held.conditional_drawdown_at_risk)),
    ];
    let names = held.benchmark.as_ref().map(|one| format!("beta to {}", one.name));
    if let (Some(one), Some(name)) = (&held.benchmark, &names) {
        rows.push((name, format!("{:.3}", one.beta)));
        rows.push(("correlation", format!("{:.3}", one.correlation)));
        rows.push(("tracking error a year", percent(one.tracking_error)));
    }
    let rows = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    let mut section = section("Exposure", &["", "value"], rows);
    section.note = not_measured(&held.unmeasured);
    Some(section)
}

fn not_measured(whys: &[String]) -> Option<String> {
    (!whys.is_empty()).then(|| format!("Not measured: {}", whys.join("; ")))
}

fn sizes(answer: &Answer) -> Option<Section> {
    let held = Some(&answer.exposure).filter(|_| answer.holdings.len() > 1)?;
    let kinds = [("class ", &held.by_class), ("currency ", &held.by_currency), ("", &held.by_asset)];
    let rows = kinds.into_iter().flat_map(|(kind, sizes)| {
        sizes.iter().map(move |size| {
            let mut row = vec![format!("{kind}{}", size.name), percent(size.net), percent(size.gross)];
            row.extend(size.money.map(money));
            row
        })
    });
    let columns = ["of", "net", "gross", "money"];
    let section = section("Sizes", &columns[..if answer.value.is_some() { 4 } else { 3 }], rows.collect());
    Some(Section { shown: held.by_class.len() + held.by_currency.len() + ROWS_MAX, ..section })
}

fn stress(answer: &Answer) -> Option<Section> {
    let row = |one: &super::Scenario| {
        let worst =
            one.worst.as_ref().map_or_else(String::new, |(symbol, part)| format!("{symbol} {}", percent(*part)));
        let mut row = vec![one.name.clone(), percent(one.loss)];
        row.extend(one.loss_money.map(money));
        row.push(worst);
        row
    };
    let with_money = ["scenario", "loss", "money", "most from"];
    let columns = if answer.value.is_some() { &with_money[..] } else { &["scenario", "loss", "most from"] };
    Some(section("Stress", columns, answer.stress.iter().map(row).collect()))
}

fn reverse(answer: &Answer) -> Option<Section> {
    let found = answer.reverse.as_ref()?;
    let mut moves: Vec<&(String, f64)> = found.returns.iter().collect();
    moves.sort_by(|a, b| a.1.total_cmp(&b.1));
    let rows = moves.into_iter().map(|(symbol, value)| vec![symbol.clone(), percent(*value)]).collect();
    let mut section =
        section(&format!("The likeliest way to lose {}", percent(found.loss)), &["symbol", "return"], rows);
    section.shown = ROWS_MAX;
    let deviations = found.deviations;
    // Where a price is at its end, larger losses have fewer ways than a normal distribution knows.
    let of = if found.returns.iter().any(|(_, value)| *value <= -1.0) { "of at most" } else { "of" };
    // Beyond some 38 standard deviations no number is small enough.
    let probability =
        if found.probability > 0.0 { format!("{of} {:.1e}", found.probability) } else { "below 1e-300".to_owned() };
    section.note = Some(format!(
        "{deviations:.1} standard deviations of one observation; were returns normal, a probability {probability}"
    ));
    Some(section)
}

fn correlation(answer: &Answer) -> Option<Section> {
    let found = answer.correlation.as_ref()?;
    let condition = found
        .condition_number
        .map_or_else(|| "no inverse".to_owned(), |number| format!("condition number {number:.1}"));
    if found.names.len() > CORRELATED_MAX {
        let values = found.matrix.iter().enumerate().flat_map(|(row, values)| values[..row].to_vec());
        let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        let rows =
            vec![vec!["mean correlation".to_owned(), format!("{:.3}", sum / count)], vec![condition, String::new()]];
        return Some(section("Correlation (the matrix is in the JSON)", &["", "value"], rows));
    }
    let columns: Vec<&str> = std::iter::once("").chain(found.names.iter().map(String::as_str)).collect();
    let row = |(name, values): (&String, &Vec<f64>)| {
        std::iter::once(name.clone()).chain(values.iter().map(|value| format!("{value:.2}"))).collect()
    };
    let mut section = section("Correlation", &columns, found.names.iter().zip(&found.matrix).map(row).collect());
    section.note = Some(condition);
    Some(section)
}

fn liquidity(answer: &Answer) -> Option<Section> {
    let mut slowest: Vec<&super::Closing> = answer.liquidity.iter().collect();
    slowest.sort_by(|a, b| b.days.total_cmp(&a.days));
    let rows = slowest.into_iter().map(|one| vec![one.symbol.clone(), format!("{:.2}", one.days)]);
    let section = section("Liquidity", &["symbol", "days to close"], rows.collect());
    Some(Section { shown: ROWS_MAX, ..section })
}

fn volatility(answer: &Answer) -> Option<Section> {
    let fitted = answer.volatility.as_ref()?;
    let row = |one: &super::forecasts::Parameter| {
        let error = one.error.map_or_else(String::new, |error| format!("{error:.3e}"));
        vec![one.name.to_owned(), format!("{:.6e}", one.value), error]
    };
    let rows = fitted.parameters.iter().map(row).collect();
    let mut section = section(&format!("Volatility: {}", fitted.model), &["parameter", "value", "robust error"], rows);
    let ahead = fitted.forecast.last().copied().unwrap_or(fitted.volatility);
    let steps = fitted.forecast.len();
    section.note = Some(format!(
        "persistence {:.4}; volatility now {}, forecast {} observations ahead {}; AIC {:.1}, BIC {:.1}",
        fitted.persistence,
        percent(fitted.volatility),
        steps,
        percent(ahead),
        fitted.aic,
        fitted.bic
    ));
    Some(section)
}

fn backtest(answer: &Answer) -> Option<Section> {
    let row = |one: &super::forecasts::Held| {
        let p = |value: f64| format!("{value:.3}");
        let mut row = vec![
            one.method.name(),
            exact_percent(one.confidence),
            one.exceeded.to_string(),
            format!("{:.1}", one.expected),
        ];
        row.extend([p(one.kupiec_p), p(one.independence_p), p(one.conditional_p), one.light.to_owned()]);
        row
    };
    let columns =
        ["method", "confidence", "exceeded", "expected", "Kupiec p", "independence p", "conditional p", "light"];
    let mut section = section("Forecasts of the next observation", &columns, answer.backtest.iter().map(row).collect());
    let count = answer.backtest.first().map_or(0, |one| one.observations);
    section.note = Some(format!(
        "{count} forecasts; a p below 0.05 speaks against the method. Student's t and GARCH are fitted every {} observations.",
        super::forecasts::REFIT
    ));
    Some(section)
}

fn assessment(answer: &Answer) -> Option<Section> {
    let assessed = answer.assessment.as_ref()?;
    let row = |one: &super::Judged| {
        vec![
            format!("{} ({})", one.name, one.risk),
            number(one.value, 4),
            number(one.limit, 4),
            format!("{:.0}%", 100.0 * one.used),
            one.level.clone(),
        ]
    };
    let title = format!("Assessment: {} (score {:.0} of 100)", assessed.level, assessed.score);
    let rows = assessed.metrics.iter().map(row).collect();
    let mut section = section(&title, &["metric", "value", "limit", "used", "level"], rows);
    section.note = not_measured(&assessed.unmeasured);
    Some(section)
}

fn percent(value: f64) -> String {
    format!("{}%", number(100.0 * value, 2))
}

/// A number of so many decimals; nothing is neither above nor below zero.
fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let is_nothing = text.bytes().all(|digit| matches!(digit, b'-' | b'0' | b'.'));
    if is_nothing { text.trim_start_matches('-').to_owned() } else { text }
}

/// Money with its thousands apart.
fn money(value: f64) -> String {
    let text = format!("{:.2}", value.abs());
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let groups: Vec<&str> =
        whole.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    format!("{}{}.{cents}", if value < 0.0 { "-" } else { "" }, groups.join(","))
}
