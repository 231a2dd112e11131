//! `qframe backtest`: understand, run, report.
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use qframe_data::quality::Grade;
use qframe_engine::{RiskBudget, Sizing};
use qframe_lab::lookahead::quick;
use qframe_lab::registry::{Assets, StrategySpec};
use qframe_lab::report::{self, Facts, Look, ReportError, Style, real_path, write_atomically};
use qframe_lab::{Blind, Outcome};
use qframe_model::count::counted;

use crate::error::{Error, FOR_SMALLER_AMOUNTS};
use crate::run::data::Source;
use crate::run::measured;
use crate::run::plan::{Plan, names_stop};
use crate::run::raw::{Raw, Word};
use crate::run::target::check_again;

pub(crate) fn run(raw: Raw, own: &[StrategySpec]) -> Result<(), Error> {
    let raw = raw.with_file()?;
    run_words(&raw, own).map_err(|error| raw.from_file.blame(error))
}

fn run_words(raw: &Raw, own: &[StrategySpec]) -> Result<(), Error> {
    let files = files(raw);
    check_apart(&files, raw)?;
    for Asked { flag, path, mark, .. } in &files {
        check_again(flag, path, raw.force, mark)?;
    }
    let plan = Plan::new(raw, own)?;
    let strategy = plan.strategy()?;
    plan.backtest.check_length(&strategy)?;
    let style = style(raw.plain);
    if raw.json {
        warn(&plan, &mut io::stderr().lock())?;
    } else {
        announce(&plan, style, &mut io::stdout().lock())?;
    }
    let mut outcome = watch(&plan, |backtest| backtest.run_as(strategy, plan.header()))?;
    if !raw.no_lookahead_check {
        outcome.lookahead = Some(quick(&plan.backtest, &outcome, &|part| plan.strategy_on(part)));
    }
    report(&plan, &outcome, &files, style, raw.json)
}

type Form = fn(&Facts<'_>, &mut dyn Write) -> Result<(), ReportError>;

/// A file that is asked for.
struct Asked<'a> {
    flag: &'static str,
    path: &'a Path,
    form: Form,
    /// What an earlier one has near its beginning.
    mark: &'static str,
}

fn files(raw: &Raw) -> Vec<Asked<'_>> {
    let asked: [(_, _, Form, _); 4] = [
        ("--report", &raw.report, report::html, "QFrame backtest</title>"),
        ("--trades", &raw.trades, report::csv::trades, "symbol,side,size,entry_time,"),
        ("--equity", &raw.equity, report::csv::equity, "time,equity,cash,exposure,"),
        ("--orders", &raw.orders, report::csv::orders, "id,time,symbol,side,kind,size,"),
    ];
    let given = asked.into_iter().filter_map(|(flag, path, form, mark)| Some((flag, path.as_deref()?, form, mark)));
    given.map(|(flag, path, form, mark)| Asked { flag, path, form, mark }).collect()
}

/// No file is written twice, and none over what it was made from.
fn check_apart(files: &[Asked<'_>], raw: &Raw) -> Result<(), Error> {
    let named =
        |word: &'_ Word| real_path(Path::new(word.0.trim().split_once('=').map_or(word.0.trim(), |(_, path)| path)));
    let lists = [
        ("--data", &raw.data),
        ("--dividends", &raw.dividends),
        ("--splits", &raw.splits),
        ("--funding", &raw.funding),
        ("--interest", &raw.interest),
    ];
    let mut read: Vec<_> =
        lists.iter().flat_map(|(from, words)| words.iter().map(|word| (*from, named(word)))).collect();
    read.extend(measured::files(raw).map(|(from, path)| (from, real_path(&path))));
    read.extend(raw.config.iter().map(|path| ("--config", real_path(path))));
    for (place, Asked { flag, path, .. }) in files.iter().enumerate() {
        let path_now = real_path(path);
        if let Some((from, _)) = read.iter().find(|(_, read)| path_now.is_file() && *read == path_now) {
            return Err(Error::usage(flag, path.display(), format!("it is a file of {from}; name another one")));
        }
        let twice = files[..place].iter().find(|other| real_path(other.path) == path_now && !is_stream(&path_now));
        if let Some(other) = twice {
            let other = other.flag;
            return Err(Error::usage(flag, path.display(), format!("{other} writes it too; name another one")));
        }
    }
    Ok(())
}

/// Something like `/dev/null`, which takes everything.
fn is_stream(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Plain where it is asked for, where the terminal says that it can do no more, and where nobody looks.
pub(crate) fn style(plain: bool) -> Style {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let seen = io::stdout().is_terminal() && !plain && !is_dumb;
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let width = columns.or_else(|| Term::stdout().size_checked().map(|(_, columns)| usize::from(columns)));
    Style { look: if seen { Look::Rich } else { Look::Plain }, width: width.unwrap_or(Style::default().width) }
}

/// What the reader did to a series, a sentence each.
fn odd(source: &Source) -> Vec<String> {
    let facts = &source.set.origin().facts;
    let skipped = &facts.skipped;
    let mut odd: Vec<String> = skipped
        .by_reason
        .iter()
        .map(|(reason, count)| format!("skipped {}: {reason}", counted(*count, "row")))
        .collect();
    if skipped.frame_is_guessed {
        odd.push("the time frame is a guess: rows without a time were skipped between all bars; mend them".to_owned());
    }
    if skipped.total > 0 && facts.gaps.missing > 0 {
        odd.push(facts.gaps.to_string());
    }
    odd.extend(facts.rounding());
    let poor = source.set.origin().quality.as_ref().filter(|quality| quality.grade >= Grade::Low);
    odd.extend(poor.map(|quality| format!("the data is of quality {}: {}", quality.grade, quality.reasons.join("; "))));
    odd
}

/// Says on standard error what was left out of the data: standard output holds the object alone.
fn warn(plan: &Plan<'_>, out: &mut dyn Write) -> Result<(), Error> {
    for source in &plan.sources {
        for odd in odd(source) {
            writeln!(out, "warning: {}: {odd}", source.set.origin().name)?;
        }
    }
    for file in plan.calendars.files.iter().filter(|file| file.is_odd()) {
        writeln!(out, "warning: {file}")?;
    }
    for note in of_the_run(plan) {
        writeln!(out, "warning: {note}")?;
    }
    Ok(())
}

/// What to know of the strategy and the rules on this data, a sentence each.
fn of_the_run(plan: &Plan<'_>) -> Vec<String> {
    let mut notes = plan.valued.clone();
    let (venue, bars) = (&plan.backtest.setup().venue, plan.backtest.data()[0].bars());
    if let (Some(first), Some(last)) = (bars.first(), bars.last()) {
        let ways = [("--latency", &venue.latency), ("--answer-latency", &venue.answer)];
        notes.extend(ways.into_iter().filter_map(|(flag, way)| measured::note(flag, way, first.time, last.time)));
    }
    for Blind { breaker, instrument, lack } in plan.backtest.blind() {
        let symbol = instrument.map_or("", |id| plan.backtest.instruments()[id.index()].symbol().as_str());
        notes.push(format!("the breaker {breaker} does not watch {symbol}: {lack}"));
    }
    notes.extend(plan.backtest.ended().iter().map(ToString::to_string));
    let dead = plan.sources.iter().map(|source| source.set.origin().facts.zero_volume).sum::<u64>();
    if plan.backtest.setup().venue.volume_cap.is_some() && dead > 0 {
        notes.push(format!("{} without volume; with --volume-cap nothing can fill there", counted(dead, "bar")));
    }
    if let (Assets::One, [first, _, ..]) = (plan.spec.assets, plan.backtest.instruments()) {
        let (strategy, first) = (plan.spec.name, first.symbol());
        notes.push(format!("{strategy} trades one symbol: {first}; of the others only buy & hold knows"));
    }
    notes.extend(without_stop(plan));
    notes
}

/// A size that is counted from a distance, where nothing stands at that distance.
fn without_stop(plan: &Plan<'_>) -> Option<String> {
    let (strategy, sizing) = (plan.spec.name, plan.backtest.setup().sizing);
    let Sizing::Risk(RiskBudget { heat, .. }) = sizing else { return None };
    let counts = heat.map_or("", |_| "; each counts as one budget of the heat, however much it has lost");
    let told = || {
        format!("{strategy} has no stop (stop = 0): {sizing} says how much it buys, and nothing sells it there{counts}")
    };
    (!names_stop(plan.spec, &plan.parameters)?).then(told)
}

/// Says what was loaded, and what is known to be wrong with it.
fn announce(plan: &Plan<'_>, style: Style, out: &mut dyn Write) -> Result<(), Error> {
    for source in &plan.sources {
        let Source { set, from, known, made, .. } = source;
        let name = set.instrument().symbol().as_str();
        report::loading(name, Some(set.frame()), from, style, out).map_err(told)?;
        report::loaded(set, style, out).map_err(told)?;
        let facts = &set.origin().facts;
        if known.is_empty() && facts.skipped.total == 0 && facts.gaps.missing > 0 {
            writeln!(out, "   Note: {}", facts.gaps)?;
        }
        for note in odd(source).iter().chain(made).chain(known) {
            writeln!(out, "   Note: {note}")?;
        }
    }
    for file in &plan.calendars.files {
        writeln!(out, "   With {file}")?;
    }
    if let Some(interest) = plan.interest.told() {
        writeln!(out, "   With {interest}")?;
    }
    for rolls in &plan.rolls {
        writeln!(out, "   With {rolls}")?;
    }
    for note in of_the_run(plan) {
        writeln!(out, "   Note: {note}")?;
    }
    Ok(writeln!(out)?)
}

/// Runs with a progress bar where a person waits; it shows itself after a second.
fn watch(
    plan: &Plan<'_>,
    run: impl FnOnce(&qframe_lab::Backtest) -> Result<Outcome, qframe_lab::RunError>,
) -> Result<Outcome, Error> {
    let bars = plan.backtest.data().iter().map(|set| set.bars().len()).max().unwrap_or(0);
    let bar = ProgressBar::with_draw_target(Some(bars as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} bars {eta}") {
        bar.set_style(style);
    }
    let shown = bar.clone();
    let watched = plan.backtest.watched(move |points| {
        if shown.elapsed().as_millis() > 1_000 {
            shown.set_position(points as u64);
        }
    });
    let outcome = run(&watched);
    bar.finish_and_clear();
    Ok(outcome?)
}

fn report(plan: &Plan<'_>, outcome: &Outcome, files: &[Asked<'_>], style: Style, json: bool) -> Result<(), Error> {
    let header = plan.header();
    let facts = Facts {
        backtest: &plan.backtest,
        outcome,
        strategy: plan.spec.name,
        parameters: &header.parameters,
        settings: &plan.settings,
    };
    // The result is told before the files are written, and each file whatever became of the others: a full disk takes no
    // more than what was to be on it.
    let shown = show(&facts, style, json);
    let (mut written, mut failed) = (Vec::new(), Vec::new());
    for Asked { flag, path, form, .. } in files {
        match write_atomically(path, |out| form(&facts, out)) {
            Ok(()) => written.push(format!("{} written: {}", flag.trim_start_matches('-'), path.display())),
            Err(error) => failed.push(format!("{flag} {error}")),
        }
    }
    let listed = shown.and_then(|()| if json { Ok(()) } else { list(&written) });
    match listed {
        Err(error) if failed.is_empty() => Err(told(error)),
        Err(error) if !is_closed_pipe(&error) => {
            failed.insert(0, told(error).to_string());
            Err(Error::Several(failed))
        }
        _ if failed.is_empty() => Ok(()),
        _ => Err(Error::Several(failed)),
    }
}

/// The result on standard output, whole or not at all.
fn show(facts: &Facts<'_>, style: Style, json: bool) -> Result<(), ReportError> {
    let mut out = io::stdout().lock();
    if json {
        report::json(facts, &mut out)?;
    } else {
        let mut text = Vec::new();
        report::terminal(facts, style, &mut text)?;
        out.write_all(&text)?;
    }
    Ok(out.flush()?)
}

fn list(written: &[String]) -> Result<(), ReportError> {
    let mut out = io::stdout().lock();
    for line in written {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// A reader that has seen enough.
fn is_closed_pipe(error: &ReportError) -> bool {
    matches!(error, ReportError::Write(error) if error.kind() == io::ErrorKind::BrokenPipe)
}

pub(crate) fn told(error: ReportError) -> Error {
    match error {
        ReportError::Write(error) => error.into(),
        ReportError::Fold(_) => Error::Refused(format!("{error}{FOR_SMALLER_AMOUNTS}")),
        other => Error::refused(other),
    }
}
