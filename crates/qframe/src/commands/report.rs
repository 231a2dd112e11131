//! `qframe report`: the tear sheet of any equity curve or series of returns.
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use qframe_data::{FigureColumn, Figures, printable, read_figures};
use qframe_lab::report::{
    Chance, Levels, Sheet, Track, real_path, sheet, sheet_json, sheet_terminal, write_atomically,
};
use qframe_model::count::counted;
use qframe_model::number::Rate;
use qframe_quant::performance::{MetricOptions, Shuffled, Shuffling};

use super::backtest::{style, told};
use crate::error::Error;
use crate::run::target::check_new;
use crate::run::values::{SHARE_FROM, per_cent, unsigned};

/// The flags.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  qframe report --equity equity.csv --report sheet.html
  qframe report --equity equity.csv --montecarlo 10000 --bust 30%
  qframe report --returns returns.csv --column GOOG --benchmark returns.csv --benchmark-column SP500 --json")]
pub(crate) struct Report {
    /// An equity curve: CSV with a time and a value above zero (such as --equity of a backtest writes).
    #[arg(long, value_name = "FILE", conflicts_with = "returns", required_unless_present = "returns")]
    equity: Option<PathBuf>,
    /// Simple returns: CSV with a time and a fraction (0.01) or per cents with their sign (1%).
    #[arg(long, value_name = "FILE")]
    returns: Option<PathBuf>,
    /// The header of its column [equity, value, close, … or the only one].
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// A benchmark: CSV of prices or values, or of returns where its column is called so or --returns is read.
    #[arg(long, value_name = "FILE")]
    benchmark: Option<PathBuf>,
    /// The header of the benchmark's column.
    #[arg(long, value_name = "NAME", requires = "benchmark")]
    benchmark_column: Option<String>,
    /// What the benchmark's figures are [prices, but returns where the column is called so or --returns is read].
    #[arg(long, value_name = "prices|returns", value_parser = ["prices", "returns"], requires = "benchmark")]
    benchmark_is: Option<String>,
    /// What the sheet calls the curve [the column's header or the file's name].
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Risk-free rate a year [0].
    #[arg(long, value_name = "RATE", value_parser = rate)]
    risk_free: Option<f64>,
    /// Returns a year, to annualise [252 or 365 of days, by whether there are Saturdays; 52 of weeks, 12 of months, 4 of
    /// quarters].
    #[arg(long, value_name = "NUMBER")]
    periods: Option<f64>,
    /// The Sharpe ratio a year that luck is measured against [0].
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    target_sharpe: Option<f64>,
    /// Confidence of value at risk and track record, in per cent [95].
    #[arg(long, value_name = "PERCENT", value_parser = per_cent)]
    confidence: Option<f64>,
    /// Put the returns into so many orders: how deep could it have fallen?
    #[arg(long, value_name = "PATHS")]
    montecarlo: Option<usize>,
    /// Draw the returns with replacement, so that growth differs from path to path, too.
    #[arg(long, requires = "montecarlo")]
    with_replacement: bool,
    /// Where chance comes from: equal seeds give equal figures [1].
    #[arg(long, value_name = "NUMBER", requires = "montecarlo")]
    seed: Option<u64>,
    /// A fall that ruins, as 30%: how many paths fall so far?
    #[arg(long, value_name = "SHARE", requires = "montecarlo", value_parser = fall)]
    bust: Option<f64>,
    /// A total return that is wanted, as 100%: how many paths reach it?
    #[arg(long, value_name = "SHARE", requires = "montecarlo", value_parser = wanted)]
    goal: Option<f64>,
    /// Write the sheet as one HTML file that opens offline.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long, requires = "report")]
    force: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Print ASCII without colours or pictures.
    #[arg(long)]
    plain: bool,
}

/// Paths at most: each keeps four figures.
const PATHS_MAX: usize = 1_000_000;
/// Headers that are a curve or prices.
const VALUES: [&str; 9] =
    ["equity", "value", "nav", "adjclose", "close", "price", "balance", "portfoliovalue", "total"];
/// Headers that are returns.
const RETURNS: [&str; 7] = ["return", "returns", "ret", "dailyreturn", "dailyreturns", "pctchange", "pnlpct"];

impl Report {
    pub(crate) fn run(&self) -> Result<(), Error> {
        self.check_files()?;
        let (track, notes) = self.track()?;
        let chance = self.chance(&track)?;
        let told_of = Sheet { track: &track, notes: &notes, chance: chance.as_ref() };
        if let Some(path) = &self.report {
            write_atomically(path, |out| sheet(&told_of, out))
                .map_err(|error| Error::Refused(format!("--report {error}")))?;
        }
        let mut out = io::stdout().lock();
        match self.json {
            true => sheet_json(&told_of, &mut out).map_err(told),
            false => {
                sheet_terminal(&told_of, style(self.plain), &mut out).map_err(told)?;
                match &self.report {
                    Some(path) => Ok(writeln!(out, "\nReport: {}", path.display())?),
                    None => Ok(()),
                }
            }
        }
    }

    /// Nothing is written over what is read.
    fn check_files(&self) -> Result<(), Error> {
        let Some(report) = &self.report else { return Ok(()) };
        let read = [("--equity", &self.equity), ("--returns", &self.returns), ("--benchmark", &self.benchmark)];
        let same = read.iter().find(|(_, path)| path.as_ref().is_some_and(|path| real_path(path) == real_path(report)));
        if let Some((flag, _)) = same {
            return Err(Error::usage(
                "--report",
                report.display(),
                format!("it is the file of {flag}; name another one"),
            ));
        }
        check_new("--report", report, self.force)
    }

    fn track(&self) -> Result<(Track, Vec<String>), Error> {
        let mut notes = Vec::new();
        let (flag, path, is_returns) = match (&self.equity, &self.returns) {
            (Some(path), _) => ("--equity", path, false),
            (None, Some(path)) => ("--returns", path, true),
            (None, None) => return Err(Error::usage("--equity", "", "expected a file, or --returns with one")),
        };
        let names = if is_returns { RETURNS.as_slice() } else { &VALUES };
        let figures = figures(path, self.column.as_deref(), names)?;
        if self.column.is_none() {
            check_header(path, &figures.name, is_returns)?;
        }
        let name = printable(&self.name.clone().unwrap_or_else(|| called(path, &figures, names)));
        let own = levels(flag, path, figures, is_returns, &mut notes)?;
        let benchmark = self.benchmark.as_deref().map(|path| self.beside(path, is_returns, &mut notes)).transpose()?;
        let periods = self.periods.unwrap_or_else(|| own.periods_per_year());
        let options = self.options(periods)?;
        let track = own.track(name, benchmark, options).map_err(|error| {
            let path = self.benchmark.as_deref().unwrap_or(path);
            Error::Refused(format!("--benchmark {}: {error}", path.display()))
        })?;
        if track.returns().iter().any(|change| !change.is_finite()) {
            notes.push("a return is beyond what a number holds: figures that it enters are left empty".to_owned());
        }
        if let Some(beside) = track.beside.as_ref().filter(|beside| beside.places.len() < track.values.len()) {
            let (both, all) = (beside.places.len(), track.values.len());
            notes
                .push(format!("{} has {both} of {all} instants: what is relative to it is made of those", beside.name));
        }
        Ok((track, notes))
    }

    /// What the returns come to in other orders, with a progress bar where a person waits over a second.
    fn chance(&self, track: &Track) -> Result<Option<Chance>, Error> {
        let Some(paths) = self.montecarlo else { return Ok(None) };
        if !(1..=PATHS_MAX).contains(&paths) {
            return Err(Error::usage("--montecarlo", paths, format!("expected 1 to {PATHS_MAX} paths, such as 10000")));
        }
        let (seed, with_replacement) = (self.seed.unwrap_or(1), self.with_replacement);
        let by = Shuffling { paths, seed, with_replacement, bust: self.bust, goal: self.goal };
        let bar = ProgressBar::with_draw_target(Some(paths as u64), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} paths {eta}") {
            bar.set_style(style);
        }
        let mut done = 0;
        let found = Shuffled::of(&track.returns(), &track.options, &by, || {
            done += 1;
            if done % 64 == 0 && bar.elapsed().as_millis() > 1_000 {
                bar.set_position(done);
            }
        });
        bar.finish_and_clear();
        match found {
            Some(found) => Ok(Some(Chance { by, found })),
            None => Err(Error::Refused(format!(
                "--montecarlo {paths}: the last value is below zero: a return of less than -100 % can only be the last; leave it out"
            ))),
        }
    }

    fn beside(&self, path: &Path, beside_returns: bool, notes: &mut Vec<String>) -> Result<(String, Levels), Error> {
        let names: Vec<&str> = VALUES.iter().chain(&RETURNS).copied().collect();
        let figures = figures(path, self.benchmark_column.as_deref(), &names)?;
        let is_returns = match self.benchmark_is.as_deref() {
            Some(word) => word == "returns",
            None => {
                let plain = plain(&figures.name);
                RETURNS.contains(&plain.as_str()) || (beside_returns && !VALUES.contains(&plain.as_str()))
            }
        };
        let name = called(path, &figures, &names);
        Ok((name, levels("--benchmark", path, figures, is_returns, notes)?))
    }

    fn options(&self, periods: f64) -> Result<MetricOptions, Error> {
        let confidence = self.confidence.unwrap_or(95.0);
        if !(confidence > 50.0 && confidence < 100.0) {
            return Err(Error::usage(
                "--confidence",
                confidence,
                "expected per cent above 50 and below 100, such as 95",
            ));
        }
        if !(periods.is_finite() && periods > 0.0) {
            return Err(Error::usage("--periods", periods, "expected a number above zero, such as 252"));
        }
        let target_sharpe = self.target_sharpe.unwrap_or(0.0);
        if !target_sharpe.is_finite() {
            return Err(Error::usage("--target-sharpe", target_sharpe, "expected a number, such as 1"));
        }
        let risk_free = self.risk_free.unwrap_or(0.0);
        let of_percent = confidence / 100.0;
        Ok(MetricOptions {
            periods_per_year: periods,
            risk_free,
            confidence: of_percent,
            target_sharpe,
            ..MetricOptions::default()
        })
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = Rate::parse(text).ok().filter(|rate| rate.abs() < Rate::ONE);
    rate.map(Rate::to_f64).ok_or_else(|| "expected a share a year between -1 and 1, such as 2% or 0.02".to_owned())
}

fn fall(text: &str) -> Result<f64, String> {
    let share = Rate::parse(text).ok().filter(|rate| *rate > Rate::ZERO && *rate <= Rate::ONE);
    let share = share.ok_or("expected a share above 0 and up to 100%, such as 30%")?;
    unsigned(text, SHARE_FROM).map_or(Ok(-share.to_f64()), Err)
}

fn wanted(text: &str) -> Result<f64, String> {
    let share = Rate::parse(text).ok().filter(|rate| *rate > Rate::ZERO);
    let share = share.ok_or("expected a return above 0, such as 100%")?;
    unsigned(text, SHARE_FROM).map_or(Ok(share.to_f64()), Err)
}

fn figures(path: &Path, column: Option<&str>, names: &[&str]) -> Result<Figures, Error> {
    let column = column.map_or(FigureColumn::AnyOf(names), FigureColumn::Named);
    Ok(read_figures(path, column)?)
}

/// A header as the common words are written.
fn plain(header: &str) -> String {
    header.chars().filter(|sign| sign.is_alphanumeric()).collect::<String>().to_lowercase()
}

/// Prices are no returns, nor returns prices, where the only column is called so; who names it knows better.
fn check_header(path: &Path, header: &str, is_returns: bool) -> Result<(), Error> {
    let (flag, other, are, others) = match is_returns {
        true => ("--returns", "--equity", "prices or values", VALUES.as_slice()),
        false => ("--equity", "--returns", "returns", RETURNS.as_slice()),
    };
    if !others.contains(&plain(header).as_str()) {
        return Ok(());
    }
    let header = printable(header);
    let told =
        format!("its column \"{header}\" is called as {are} are; read it with {other}, or say --column {header}");
    Err(Error::usage(flag, path.display(), told))
}

/// A header that is no common word names the curve, else the file does.
fn called(path: &Path, figures: &Figures, names: &[&str]) -> String {
    let plain = plain(&figures.name);
    let is_common = names.contains(&plain.as_str()) || plain.is_empty();
    let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    if is_common { stem } else { figures.name.clone() }
}

/// Figures as values of each day; what was done to them goes to the notes.
fn levels(
    flag: &str,
    path: &Path,
    figures: Figures,
    is_returns: bool,
    notes: &mut Vec<String>,
) -> Result<Levels, Error> {
    let (file, count) = (path.display(), figures.times.len());
    let what = if is_returns { "return" } else { "value" };
    notes.push(format!("{file}: {} of column \"{}\"", counted(count, what), figures.name));
    if figures.empty > 0 {
        notes.push(format!("{file}: {} without a figure left out", counted(figures.empty, "row")));
    }
    let made = match is_returns {
        true => Levels::of_returns(figures.times, &figures.values),
        false => Levels::of_values(figures.times, figures.values),
    };
    let made = made.map_err(|error| Error::Refused(format!("{flag} {file}: {error}")))?;
    let whole = made.len();
    let daily = made.daily();
    if daily.len() < whole {
        notes.push(format!(
            "{file}: {whole} values within days: the last of each UTC day counts, {} of them",
            daily.len()
        ));
    }
    Ok(daily)
}
