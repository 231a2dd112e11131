//! `qframe data import`: files of market data into the catalog.
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use qframe_data::catalog::{Catalog, Named, Trial};
use qframe_data::import::{Became, Dialect, Foreign, Import, ImportError, Intake, Strangers, Twice, Wish, find_files};
use qframe_data::{Conflict, DataKey, Kind, Merged};
use qframe_model::count::counted;
use qframe_model::symbol::Symbol;
use qframe_model::time::TimeFrame;
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::run::catalog::Root;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples: qframe data import prices.csv --symbol AAPL --venue nasdaq
          qframe data import --dry-run downloads/        (says how all is understood, and what would be new, changes nothing)")]
pub(crate) struct Args {
    /// Files, or directories with files, plain or as .gz, .zst or .zip.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What was traded, where neither the file nor its name says so: BTC/USDT, BTC/USDT:USDT, AAPL, ES-20131220.
    #[arg(long)]
    symbol: Option<Symbol>,
    /// Where it was recorded, in small letters: binance, nasdaq.
    #[arg(long)]
    venue: Option<String>,
    /// The length of a bar, such as 1m.
    #[arg(long, value_name = "FRAME")]
    timeframe: Option<TimeFrame>,
    /// Import rows of this kind only: bars, bids, asks, trades, quotes, book, funding or actions.
    #[arg(long)]
    kind: Option<Kind>,
    /// What wrote the files; auto: the first dialect that recognises each.
    #[arg(long, default_value = "auto")]
    dialect: String,
    /// Which row is kept where one of its time is there already with other values (default: the one that is there; but
    /// bars of which over a tenth differ from those there are of another source, and none of them is taken)
    #[arg(long, value_enum, value_name = "HOW")]
    on_conflict: Option<OnConflict>,
    /// Read and report what would be new, the same and other than what is there, and change nothing. It needs as much room in
    /// the folder of temporary files as the import needs in the catalog.
    #[arg(long)]
    dry_run: bool,
    /// Say how each file was understood, and what its findings are.
    #[arg(long, short)]
    verbose: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    root: Root,
}

/// What becomes of two rows that should be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum OnConflict {
    /// The first one stays.
    Keep,
    /// The later one takes its place.
    Replace,
    /// Stop at a row that is stored with other values.
    Refuse,
}

impl From<OnConflict> for Conflict {
    fn from(how: OnConflict) -> Self {
        match how {
            OnConflict::Keep => Self::Keep,
            OnConflict::Replace => Self::Replace,
            OnConflict::Refuse => Self::Refuse,
        }
    }
}

/// Where rows go.
enum Target {
    Catalog(Catalog),
    /// In a dry run.
    Trial(Trial),
}

impl Target {
    const fn catalog(&self) -> &Catalog {
        match self {
            Self::Catalog(catalog) => catalog,
            Self::Trial(trial) => trial.catalog(),
        }
    }
}

/// What came of everything.
struct Report {
    imports: Vec<Import>,
    refused: Vec<ImportError>,
    passed_over: u64,
    became: Became,
    /// Why writing stopped; what was stored before is not in `became`.
    stopped: Option<String>,
}

impl Args {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let wish = self.wish()?;
        let target = self.target()?;
        let conflict = self.on_conflict.unwrap_or(OnConflict::Keep).into();
        let strangers = if self.on_conflict.is_some() { Strangers::Take } else { Strangers::Refuse };
        let found = find_files(&self.paths);
        let mut report = Report {
            imports: Vec::new(),
            refused: found.refused,
            passed_over: found.passed_over,
            became: Became::default(),
            stopped: None,
        };
        let mut intake = Intake::new(Some(target.catalog()), conflict, strangers);
        let bar = progress(found.files.len());
        for path in &found.files {
            bar.set_message(path.display().to_string());
            for answer in intake.take(path, &wish) {
                match answer {
                    Ok(import) => report.imports.push(import),
                    Err(error) => report.refused.push(error),
                }
            }
            bar.inc(1);
        }
        let taken = intake.finish();
        bar.finish_and_clear();
        match taken {
            Ok(became) => report.became = became,
            Err(error) => report.stopped = Some(error.to_string()),
        }
        let mut out = std::io::stdout().lock();
        if self.json {
            self.tell_json(&report, &mut out)?;
        } else {
            self.tell(&report, &mut out)?;
        }
        let contested = report.became.securities.values().flat_map(|named| &named.contested);
        let contested = contested.map(|why| format!("a security is left out: {why}"));
        let foreign = report.became.foreign.iter().map(ToString::to_string);
        let disputed = if self.on_conflict.is_none() { disputed(&report.became) } else { Vec::new() };
        let refused = report.refused.iter().map(ToString::to_string);
        let errors: Vec<String> =
            refused.chain(foreign).chain(disputed).chain(contested).chain(report.stopped).collect();
        if errors.is_empty() { Ok(()) } else { Err(Error::Several(errors)) }
    }

    /// The catalog, or one that begins as it is and goes away again.
    fn target(&self) -> Result<Target, Error> {
        if !self.dry_run {
            return Ok(Target::Catalog(self.root.make()?));
        }
        let own = if self.root.path()?.is_dir() { Some(self.root.open()?) } else { None };
        let name = format!("qframe-dry-run-{}-{}", std::process::id(), super::now().nanos());
        Ok(Target::Trial(Trial::new(own.as_ref(), std::env::temp_dir().join(name))?))
    }

    fn wish(&self) -> Result<Wish, Error> {
        let (mut symbol, mut venue) = (self.symbol.clone(), self.venue.clone());
        if let Some((name, at)) = symbol.as_ref().and_then(|symbol| symbol.as_str().split_once('@')) {
            if venue.as_ref().is_some_and(|venue| venue != at) {
                return Err(Error::usage(
                    "--venue",
                    venue.unwrap_or_default(),
                    format!("--symbol names the venue {at}; say one"),
                ));
            }
            let name: Symbol = name.parse().map_err(|error| Error::usage("--symbol", name, error))?;
            (venue, symbol) = (Some(at.to_owned()), Some(name));
        }
        if let Some(venue) = venue.as_ref().filter(|venue| format!("A@{venue}").parse::<Symbol>().is_err()) {
            return Err(Error::usage("--venue", venue, "expected small letters, digits and `-`, such as binance"));
        }
        if let Some(venue) = venue.as_ref().filter(|venue| is_derived(venue)) {
            let why =
                "sets that are made of others have such names: adjusted, rolled and mended ones; name the venue alone";
            return Err(Error::usage("--venue", venue, why));
        }
        let dialect = match self.dialect.as_str() {
            "auto" => None,
            name => Some(name.parse::<Dialect>().map_err(|error| Error::usage("--dialect", name, error))?),
        };
        let conflict = if self.on_conflict == Some(OnConflict::Replace) { Twice::KeepLast } else { Twice::KeepFirst };
        Ok(Wish { symbol, venue, frame: self.timeframe, kind: self.kind, dialect, conflict })
    }

    fn tell(&self, report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
        for import in &report.imports {
            tell_import(import, self.verbose || self.dry_run, out)?;
        }
        let sets: std::collections::BTreeSet<&DataKey> =
            report.imports.iter().flat_map(|import| &import.sets).map(|set| &set.key).collect();
        let rows: u64 = report.imports.iter().flat_map(|import| &import.sets).map(|set| set.rows).sum();
        let files = counted(report.imports.len() + report.refused.len(), "file");
        write!(out, "{files}, {}, {}", counted(sets.len(), "data set"), counted(rows, "row"))?;
        let days: usize =
            report.imports.iter().flat_map(|import| &import.open_interest).map(|(_, of)| of.rows.len()).sum();
        if days > 0 {
            write!(out, ", {} of open interest", counted(days, "day"))?;
        }
        let findings: u64 = report.imports.iter().map(|import| import.findings.total()).sum();
        if findings > 0 {
            write!(out, ", {}", counted(findings, "finding"))?;
        }
        if !report.refused.is_empty() {
            write!(out, "; {} refused", counted(report.refused.len(), "file"))?;
            let before: u64 = report.refused.iter().map(|error| error.handed).sum();
            if before > 0 {
                write!(out, " behind {} of it", counted(before, "row"))?;
            }
        }
        if !report.became.foreign.is_empty() {
            let rows: u64 = report.became.foreign.iter().map(|foreign| foreign.rows).sum();
            write!(out, "; {} of another source not taken", counted(rows, "row"))?;
        }
        if report.passed_over > 0 {
            write!(out, "; {} with other endings passed over", counted(report.passed_over, "file"))?;
        }
        let securities = report.imports.iter().filter(|import| import.history.is_some()).count();
        if securities > 0 {
            write!(out, ", {securities} {}", if securities == 1 { "security" } else { "securities" })?;
        }
        let total = total(&report.became);
        match self.dry_run {
            true if report.stopped.is_some() => writeln!(
                out,
                "; the dry run stopped: it writes beside the files of its own, in {}",
                std::env::temp_dir().display()
            ),
            true if total.added + total.replaced == 0 => {
                writeln!(out, "; a dry run: nothing would be new{}", within_brackets(&became(total)))
            }
            true => writeln!(out, "; a dry run, of which nothing stays: {}", became(total)),
            false if report.stopped.is_some() => {
                writeln!(out, "; writing stopped: what was stored until then stays, importing again completes it")
            }
            false if total.added + total.replaced == 0 => {
                writeln!(out, "; nothing new{}", within_brackets(&became(total)))
            }
            false => writeln!(out, "; {}", became(total)),
        }?;
        tell_differing(&report.became, out)
    }

    fn tell_json(&self, report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
        let files: Vec<Value> = report.imports.iter().map(file_json).collect();
        let refused: Vec<Value> = report
            .refused
            .iter()
            .map(|error| json!({"file": error.file, "why": error.fault.to_string(), "rows": error.handed}))
            .collect();
        let sets: Vec<SetRow> = report.became.rows.iter().map(SetRow::from).collect();
        let mut findings: BTreeMap<&str, u64> = BTreeMap::new();
        for (defect, count) in report.imports.iter().flat_map(|import| &import.findings.counts) {
            *findings.entry(defect.name()).or_default() += count;
        }
        let whole = json!({
            "dry_run": self.dry_run, "files": files, "sets": sets, "findings": findings, "refused": refused,
            "passed_over": report.passed_over, "stopped": report.stopped, "securities": named_json(&report.became.securities),
            "open_interest": report.became.interest.iter().map(interest_json).collect::<Vec<_>>(),
            "foreign": report.became.foreign.iter().map(foreign_json).collect::<Vec<_>>(),
        });
        serde_json::to_writer_pretty(&mut *out, &whole).map_err(std::io::Error::from)?;
        writeln!(out)
    }
}

/// Rows, days and securities that are there with other values, and which of them stay.
fn tell_differing(became: &Became, out: &mut dyn Write) -> std::io::Result<()> {
    let differing = became.rows.iter().filter(|(_, merged)| merged.differing > 0);
    differing.into_iter().try_for_each(|(key, merged)| {
        let (count, kept) = (counted(merged.differing, "row"), merged.differing - merged.replaced);
        let what = if kept > 0 {
            "those in the catalog are kept (--on-conflict replace takes the new ones)"
        } else {
            "replaced"
        };
        writeln!(out, "   {key}: {count} there with other values: {what}")
    })?;
    for (contract, merged) in became.interest.iter().filter(|(_, merged)| merged.differing > merged.replaced) {
        let count = counted(merged.differing - merged.replaced, "day");
        writeln!(
            out,
            "   open interest of {contract}: {count} there with other numbers: those in the catalog are kept"
        )?;
    }
    for (venue, named) in became.securities.iter().filter(|(_, named)| named.differing > named.replaced) {
        let count = named.differing - named.replaced;
        writeln!(out, "   securities of {venue}: {count} there with other listings: those in the catalog are kept")?;
    }
    Ok(())
}

/// Dividends and splits that were not taken, as others of their day are there: they are money, and either may be right.
fn disputed(became: &Became) -> Vec<String> {
    let sets =
        became.rows.iter().filter(|(key, merged)| key.kind == Kind::Actions && merged.differing > merged.replaced);
    let told = sets.map(|(key, merged)| {
        format!(
            "{key}: {} not taken, as others of the same day are there; say which are right with --on-conflict keep or \
             replace, and where both were paid, import one file that has both",
            counted(merged.differing - merged.replaced, "row")
        )
    });
    told.collect()
}

/// True for the name of a set that `data adjust`, `roll` or `repair` makes.
fn is_derived(venue: &str) -> bool {
    let made = ["split", "total-return", "orig"];
    venue.split_once('.').is_some_and(|(_, how)| made.contains(&how) || how.starts_with("rolled-"))
}

/// A bar that shows itself after a second, where a person waits.
fn progress(files: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr_with_hz(2));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} files {eta} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

/// A line for each data set of a file; where told, how it was understood and the first findings.
fn tell_import(import: &Import, whole: bool, out: &mut dyn Write) -> std::io::Result<()> {
    const SHOWN: usize = 5;
    let Import { file, dialect, .. } = import;
    for set in &import.sets {
        let period = set.period.map(|(first, last)| format!(" {first:#} to {last:#}")).unwrap_or_default();
        writeln!(out, "{file}: {dialect}: {}, {}{period}", set.key, counted(set.rows, "row"))?;
    }
    if let Some((venue, security)) = &import.history {
        writeln!(out, "{file}: {dialect}: security of {venue}: {security}")?;
    } else if let Some((venue, interest)) = &import.open_interest {
        let (symbol, days) = (&interest.symbol, counted(interest.rows.len(), "day"));
        writeln!(out, "{file}: {dialect}: {symbol}@{venue} open interest, {days}")?;
    } else if import.sets.is_empty() {
        writeln!(out, "{file}: {dialect}: no rows")?;
    }
    let findings: Vec<String> =
        import.findings.counts.iter().map(|(defect, count)| format!("{count} {defect}")).collect();
    if !findings.is_empty() {
        writeln!(out, "   findings: {}", findings.join(", "))?;
    }
    if whole {
        for why in &import.why {
            writeln!(out, "   {why}")?;
        }
        for finding in import.findings.kept.iter().take(SHOWN) {
            writeln!(out, "   {}: {}", finding.defect, finding.text)?;
        }
        let others = import.findings.total().saturating_sub(SHOWN as u64);
        if others > 0 {
            writeln!(out, "   and {others} more; --json lists up to 1000 of each")?;
        }
    }
    Ok(())
}

fn file_json(import: &Import) -> Value {
    let sets: Vec<Value> = import
        .sets
        .iter()
        .map(|set| {
            json!({
                "symbol": set.key.symbol.to_string(), "venue": set.key.venue, "kind": set.key.kind.name(),
                "timeframe": set.key.frame.map(|frame| frame.to_string()), "rows": set.rows, "merged": set.merged,
                "first": set.period.map(|(first, _)| first.to_string()), "last": set.period.map(|(_, last)| last.to_string()),
            })
        })
        .collect();
    let counts: BTreeMap<&str, u64> =
        import.findings.counts.iter().map(|(defect, count)| (defect.name(), *count)).collect();
    let findings: Vec<Value> = import
        .findings
        .kept
        .iter()
        .map(|finding| json!({"defect": finding.defect.name(), "line": finding.line, "text": finding.text}))
        .collect();
    let interest = import.open_interest.as_ref().map(
        |(venue, interest)| json!({"symbol": interest.symbol.to_string(), "venue": venue, "days": interest.rows.len()}),
    );
    let history = import.history.as_ref().map(|(venue, security)| super::list::Named::new(venue, security));
    json!({
        "file": import.file, "dialect": import.dialect.to_string(), "why": import.why, "sets": sets, "counts": counts,
        "findings": findings, "security": history, "open_interest": interest,
    })
}

fn foreign_json(foreign: &Foreign) -> Value {
    json!({
        "set": foreign.key.to_string(), "files": foreign.files, "rows": foreign.rows, "stored": foreign.overlap.stored,
        "given": foreign.overlap.given, "common": foreign.overlap.common, "differing": foreign.overlap.differing,
        "sources": foreign.sources,
    })
}

#[derive(Serialize)]
struct SetRow {
    symbol: String,
    venue: String,
    kind: &'static str,
    timeframe: Option<String>,
    added: u64,
    same: u64,
    differing: u64,
    replaced: u64,
}

impl From<(&DataKey, &Merged)> for SetRow {
    fn from((key, merged): (&DataKey, &Merged)) -> Self {
        Self {
            symbol: key.symbol.to_string(),
            venue: key.venue.clone(),
            kind: key.kind.name(),
            timeframe: key.frame.map(|frame| frame.to_string()),
            added: merged.added,
            same: merged.same,
            differing: merged.differing,
            replaced: merged.replaced,
        }
    }
}

fn named_json(securities: &BTreeMap<String, Named>) -> Value {
    let row = |(venue, named): (&String, &Named)| {
        let Named { added, same, differing, replaced, contested } = named;
        json!({
            "venue": venue, "added": added, "same": same, "differing": differing, "replaced": replaced,
            "contested": contested,
        })
    };
    securities.iter().map(row).collect()
}

fn interest_json((contract, merged): (&String, &Merged)) -> Value {
    let Merged { added, same, differing, replaced } = merged;
    json!({"contract": contract, "added": added, "same": same, "differing": differing, "replaced": replaced})
}

/// Of rows, days of open interest and securities together.
fn total(became: &Became) -> Merged {
    let securities = became.securities.values().map(|named| {
        let Named { added, same, differing, replaced, .. } = *named;
        Merged { added, same, differing, replaced }
    });
    let mut sum = Merged::default();
    became.rows.values().chain(became.interest.values()).copied().chain(securities).for_each(|one| sum.add(one));
    sum
}

fn within_brackets(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" ({text})") }
}

fn became(total: Merged) -> String {
    let kept = total.differing - total.replaced;
    let counts = [
        (total.added, "added"),
        (total.same, "there already"),
        (total.replaced, "replaced"),
        (kept, "there with other values"),
    ];
    let told: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    told.join(", ")
}
