//! The report that a terminal shows: what was loaded, the figures read first, all statistics, the equity curve.
use std::io::{BufWriter, Write};
use std::mem::discriminant;

use qframe_model::breaker::TradingState;
use qframe_model::count::counted;
use qframe_model::event::{Event, Report};
use qframe_model::refusal::Refusal;
use qframe_model::time::TimeFrame;
use qframe_quant::performance::Statistics;

use super::breakers::{Control, TripRow};
use super::charges::{self, Charges};
use super::costs::{self, Costs};
use super::track::Track;
use super::{Facts, ReportError, ended, plot, poor_data, text};
use crate::dataset::DataSet;

/// How a terminal is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Which signs it may show.
    pub look: Look,
    /// How many columns it has; the curve uses 40 to 200 of them.
    pub width: usize,
}

/// Which signs a terminal may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    /// Pictures, lines and dots of Unicode.
    #[default]
    Rich,
    /// ASCII only: for `--plain`, for files and pipes.
    Plain,
}

impl Default for Style {
    fn default() -> Self {
        Self { look: Look::Rich, width: 80 }
    }
}

impl Style {
    /// A picture and its space, where pictures are shown.
    fn picture(self, picture: &'static str) -> String {
        if self.look == Look::Rich { format!("{picture} ") } else { String::new() }
    }
}

/// Says that data is being read, before it is: `from` is a file's name, or says what else it is.
///
/// # Errors
/// [`ReportError::Write`] where `out` does not take it.
pub fn loading(
    name: &str,
    frame: Option<TimeFrame>,
    from: &str,
    style: Style,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let frame = frame.map_or_else(String::new, |frame| format!(" {frame}"));
    Ok(writeln!(out, "{}Loading {name}{frame} ({from})...", style.picture("📊"))?)
}

/// Says how many bars were read, and of which time.
///
/// # Errors
/// [`ReportError::Write`] where `out` does not take it.
pub fn loaded(set: &DataSet, style: Style, out: &mut dyn Write) -> Result<(), ReportError> {
    let (first, last) = (set.bars()[0].time, set.bars()[set.bars().len() - 1].time);
    writeln!(out, "{}Loaded {}", style.picture("✅"), counted(set.bars().len(), "bar"))?;
    Ok(writeln!(out, "   Period: {first:#} to {last:#}")?)
}

/// Writes everything that follows a run: [`summary`], [`statistics`], [`curve`].
///
/// # Errors
/// [`ReportError::Write`] where `out` does not take it.
pub fn terminal(facts: &Facts<'_>, style: Style, out: &mut dyn Write) -> Result<(), ReportError> {
    let mut out = BufWriter::new(out);
    summary(facts, style, &mut out)?;
    writeln!(out)?;
    statistics(facts, &mut out)?;
    writeln!(out)?;
    curve(facts, style, &mut out)?;
    Ok(out.flush()?)
}

/// Writes the figures that are read first.
///
/// # Errors
/// [`ReportError::Write`] where `out` does not take it.
pub fn summary(facts: &Facts<'_>, style: Style, out: &mut dyn Write) -> Result<(), ReportError> {
    let (setup, figures) = (facts.backtest.setup(), &facts.outcome.statistics);
    let last = facts.outcome.curve.last().unwrap_or(setup.cash);
    writeln!(out, "{}Portfolio Performance:", style.picture("💰"))?;
    writeln!(out, "   Initial Capital: {}", text::money(setup.cash, setup.currency))?;
    writeln!(out, "   Final Value: {}", text::money(last, setup.currency))?;
    let [own, hold] = [figures.return_pct, figures.buy_and_hold_pct].map(text::percent);
    writeln!(out, "   Total Return: {own}        (Buy & Hold: {hold})")?;
    writeln!(out, "   Sharpe Ratio: {}", text::number(figures.sharpe, 2))?;
    writeln!(out, "   Max Drawdown: {}", text::percent(figures.max_drawdown_pct))?;
    writeln!(out, "{}Trading Statistics:", style.picture("📊"))?;
    writeln!(out, "   Total Trades: {}", figures.trades)?;
    writeln!(out, "   Win Rate: {}", text::percent(figures.win_rate_pct))?;
    Ok(writeln!(out, "   Average Return per Trade: {}", text::percent(figures.avg_trade_pct))?)
}

/// Writes all statistics, a line each: names to the left, values to the right.
///
/// # Errors
/// [`ReportError::Write`] where `out` does not take it.
pub fn statistics(facts: &Facts<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let currency = facts.backtest.setup().currency;
    let charges = Charges::of(&facts.outcome.account)?;
    let receivables = charges.receivables;
    let charges = charges.rows().map(|(name, amount)| (name, text::amount(amount, currency)));
    let costs = Costs::of(facts)?;
    let note = costs.and_then(|costs| costs.note());
    let costs = costs.map(|costs| costs.rows(currency));
    let rows = rows(&facts.outcome.statistics).into_iter().chain(charges);
    let rows: Vec<_> = rows.chain(costs.into_iter().flatten()).chain(luck(facts)).collect();
    write!(out, "{}", table(&rows))?;
    note.map_or(Ok(()), |note| writeln!(out, "{note}"))?;
    refusals(facts, out)?;
    breakers(facts, out)?;
    poor_data(facts).try_for_each(|sentence| writeln!(out, "{sentence}"))?;
    super::lookahead::line(facts, out)?;
    for left in ended::left(facts)?.iter().filter(|left| left.counts()) {
        writeln!(out, "{left}.")?;
    }
    match open_orders(facts)? {
        0 => {}
        1 => writeln!(out, "1 order is open at the end.")?,
        open => writeln!(out, "{open} orders are open at the end.")?,
    }
    if !receivables.is_zero() {
        let amount = text::amount(receivables, currency);
        writeln!(out, "Dividends of {amount} are due at the end and not paid yet: they count in the equity.")?;
    }
    match facts.outcome.account.open_positions() {
        0 => Ok(()),
        1 => Ok(writeln!(out, "1 position is open at the end: it counts in the equity, not in the trades.")?),
        open => {
            Ok(writeln!(out, "{open} positions are open at the end: they count in the equity, not in the trades.")?)
        }
    }
}

/// How the rows on luck are computed.
pub(super) const LUCK: [(&str, &str); 2] = [
    (
        "Prob. Sharpe > 0 [%]",
        "Probability that the true Sharpe ratio of daily returns (of each bar where bars are longer) is above zero, given their number, skewness and kurtosis \
         (Bailey and Lopez de Prado 2012). Many tries make any ratio likelier.",
    ),
    (
        "Min. Track Record",
        "Returns, a day or a longer bar each, that it takes to be 95 % sure of that; undefined where the ratio is not above zero (the same paper).",
    ),
];

/// Whether the Sharpe ratio is more than luck.
fn luck(facts: &Facts<'_>) -> [(&'static str, String); 2] {
    let track = Track::of(facts);
    let of = |name| track.metric(name);
    let length = of("minimum_track_record_length").map(f64::ceil);
    let probable = text::number(of("probabilistic_sharpe_ratio").map(|share| share * 100.0), 2);
    [(LUCK[0].0, probable), (LUCK[1].0, text::number(length, 0))]
}

/// Says what was not traded, by reason: the first words of each refusal stand for its kind.
fn refusals(facts: &Facts<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let mut reasons: Vec<(Refusal, u64)> = Vec::new();
    for event in facts.outcome.journal.iter() {
        let (Event::Refused { refusal, .. } | Event::Reported(Report::Rejected { refusal, .. })) = event? else {
            continue;
        };
        // Nothing was to be done: that is no failure to tell of.
        if refusal == Refusal::AlreadyThere {
            continue;
        }
        match reasons.iter_mut().find(|(known, _)| discriminant(known) == discriminant(&refusal)) {
            Some((_, count)) => *count += 1,
            None => reasons.push((refusal, 1)),
        }
    }
    for (refusal, count) in reasons {
        let orders = if count == 1 { "1 order was" } else { &format!("{count} orders were") };
        writeln!(out, "{orders} refused; the first: {refusal}.")?;
    }
    Ok(())
}

/// No more trips are listed; the JSON has all.
const TRIPS_MAX: usize = 10;

/// Says what risk control did beside refusing.
fn breakers(facts: &Facts<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let control = Control::of(&facts.outcome.journal)?;
    if let Some((count, refusal)) = control.withdrawn {
        let orders = if count == 1 { "1 order was" } else { &format!("{count} orders were") };
        writeln!(out, "{orders} withdrawn by the risk check; the first: {refusal}.")?;
    }
    for tripped in control.trips.iter().take(TRIPS_MAX) {
        let symbol = TripRow::of(facts, tripped).symbol().map_or_else(String::new, |symbol| format!("{symbol} "));
        write!(out, "Circuit breaker at {:#}: {symbol}{}", tripped.trip.time, tripped.trip)?;
        match tripped.rearmed {
            Some(time) => writeln!(out, "; was re-armed at {time:#}.")?,
            None => writeln!(out, ".")?,
        }
    }
    match control.trips.len() {
        all if all > TRIPS_MAX => writeln!(out, "{} more trips; --json has them all.", all - TRIPS_MAX)?,
        _ => {}
    }
    match control.state {
        TradingState::Normal => Ok(()),
        state => Ok(writeln!(out, "Trading is {state} at the end.")?),
    }
}

/// Orders that were sent and have not ended.
fn open_orders(facts: &Facts<'_>) -> Result<u64, ReportError> {
    let mut open = 0_u64;
    for event in facts.outcome.journal.iter() {
        match event? {
            Event::Submitted(_) => open += 1,
            Event::Reported(
                Report::Filled { done: true, .. }
                | Report::Cancelled { .. }
                | Report::Rejected { .. }
                | Report::Expired { .. },
            ) => open = open.saturating_sub(1),
            _ => {}
        }
    }
    Ok(open)
}

/// The statistics alone, a line each.
pub(crate) fn statistics_text(statistics: &Statistics) -> String {
    table(&rows(statistics))
}

fn rows(statistics: &Statistics) -> [(&'static str, String); 32] {
    statistics.rows().map(|(name, value)| (name, text::statistic(name, value)))
}

/// Names to the left, values to the right.
fn table(rows: &[(&str, String)]) -> String {
    let names = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let values = rows.iter().map(|(_, value)| value.len()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("{name:<names$}  {value:>values$}\n")).collect()
}

/// Writes how each statistic is computed, as wide as the terminal.
///
/// # Errors
/// [`ReportError::Write`] where `out` does not take it.
pub fn conventions(facts: &Facts<'_>, style: Style, out: &mut dyn Write) -> Result<(), ReportError> {
    let others = charges::CONVENTIONS.into_iter().chain(costs::CONVENTIONS).chain(LUCK);
    let others = others.map(|(name, sentence)| (name, sentence.to_owned()));
    for (name, sentence) in facts.outcome.statistics.conventions().into_iter().chain(others) {
        writeln!(out, "{name}")?;
        for line in wrapped(&sentence, style.width.clamp(plot::WIDTH_MIN, plot::WIDTH_MAX) - 4) {
            writeln!(out, "    {line}")?;
        }
    }
    Ok(())
}

/// The lines of a sentence, broken between words; a longer word stands alone.
fn wrapped(sentence: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in sentence.split(' ') {
        match lines.last_mut().filter(|line| line.chars().count() + 1 + word.chars().count() <= width) {
            Some(line) => *line = format!("{line} {word}"),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Draws the equity curve.
///
/// # Errors
/// [`ReportError::Write`] where `out` does not take it.
pub fn curve(facts: &Facts<'_>, style: Style, out: &mut dyn Write) -> Result<(), ReportError> {
    let setup = facts.backtest.setup();
    writeln!(out, "{}Equity [{}]", style.picture("📈"), setup.currency)?;
    for line in plot::lines(&facts.outcome.curve, setup.currency, style) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
