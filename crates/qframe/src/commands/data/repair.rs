//! `qframe data repair`: data mended by stated rules, every change printed, what stood there kept.
use std::collections::BTreeSet;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use qframe_data::quality::{Change, Field, Mended, Mending, mend};
use qframe_data::{Defect, Format};
use qframe_lab::report::{ReportError, write_atomically};
use qframe_model::count::counted;
use serde::Serialize;

use super::kept;
use super::subject::{Known, Subject};
use crate::error::Error;
use crate::run::target::check_new;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples: qframe data repair prices.csv --fix unit-flip,stale-repeat --out mended.csv\n          \
                        qframe data repair BTC/USDT@binance --kind bars --fill --dry-run\n\n\
A file is never changed: the mended rows are written to --out, every change to OUT.changes.csv. Rows of the catalog\n\
that change are kept in the set VENUE.orig, and --undo brings them back; rows that came since stay."
)]
pub(crate) struct Args {
    /// A file, SYMBOL=FILE, or a name of the catalog such as BTC/USDT@binance
    #[arg(value_name = "SYMBOL|FILE")]
    subject: String,
    /// What to mend, by the names that `qframe data check` counts by, such as unit-flip (default: all that have a rule)
    #[arg(long, value_name = "REASON", value_delimiter = ',')]
    fix: Vec<String>,
    /// Fill in bars that are absent: flat at the close before, without volume, each marked
    #[arg(long)]
    fill: bool,
    /// Print the changes and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Bring back the rows of the catalog as they were before the repair
    #[arg(long, conflicts_with_all = ["fix", "fill", "out"])]
    undo: bool,
    /// The file that is written: CSV, or by its ending .csv.gz, .parquet or .arrow (default: FILE.mended.csv)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    known: Known,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answer {
    name: String,
    dry_run: bool,
    written: Vec<String>,
    bars: usize,
    filled: usize,
    changes: Vec<Row>,
}

/// A change as it is written.
#[derive(Serialize)]
pub(super) struct Row {
    time: Option<qframe_model::time::Time>,
    line: Option<u64>,
    pub(super) field: &'static str,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) why: &'static str,
}

impl Args {
    pub(crate) fn run(self) -> Result<(), Error> {
        let known = self.known.read()?;
        let mending = Mending { fix: defects(&self.fix)?, fill: self.fill };
        let which = "it names several data sets; say which with @venue, --kind and --timeframe";
        if self.undo {
            let (catalog, keys) = known.kept(&self.subject)?;
            return match keys.as_slice() {
                [] => Err(Error::Refused(format!("{}: the catalog keeps nothing of a repair of it", self.subject))),
                [key] => kept::bring_back(&catalog, key, self.dry_run),
                _ => Err(Error::usage("SYMBOL|FILE", &self.subject, which)),
            };
        }
        let subjects = known.subjects(&self.subject)?;
        let [subject] = subjects.as_slice() else {
            return Err(Error::usage("SYMBOL|FILE", &self.subject, which));
        };
        if let Subject::Security(_, held) = subject {
            let names: Vec<String> =
                held.security.tickers().into_iter().map(|ticker| format!("{ticker}@{}", held.venue)).collect();
            let why = "its rows are mended where they lie, in the sets of its tickers; name one of";
            return Err(Error::usage(
                "SYMBOL|FILE",
                &self.subject,
                format!("{}: {why} {}", held.security, names.join(", ")),
            ));
        }
        let judged = known.judged(subject)?;
        let judged = judged.ok_or_else(|| Error::usage("SYMBOL|FILE", &self.subject, "only bars are mended"))?;
        let mended = mend(&judged.audit, &judged.rules(), &mending);
        let written = match subject {
            _ if self.dry_run || mended.changes.is_empty() => Vec::new(),
            Subject::File(path, _) => self.write(path, &mended)?,
            Subject::Set(catalog, key) => kept::store(catalog, key, judged.bars(), &mended)?,
            Subject::Security(..) => Vec::new(),
        };
        self.answer(&mended, written)
    }

    fn write(&self, path: &Path, mended: &Mended) -> Result<Vec<String>, Error> {
        let beside = |ending: &str, path: &Path| PathBuf::from(format!("{}.{ending}", path.display()));
        let out = self.out.clone().unwrap_or_else(|| beside("mended.csv", path));
        if let (Ok(from), Ok(to)) = (path.canonicalize(), out.canonicalize())
            && from == to
        {
            return Err(Error::usage(
                "--out",
                out.display(),
                "it is the file itself, which stays as it is; name another",
            ));
        }
        let changes = beside("changes.csv", &out);
        [&out, &changes].into_iter().try_for_each(|path| check_new("--out", path, self.force))?;
        save(&changes, |out| write_changes(mended, out))?;
        let format = Format::of(&out);
        save(&out, |out| write_bars(mended, format, out))?;
        Ok([out, changes].map(|path| path.display().to_string()).into())
    }

    fn answer(&self, mended: &Mended, written: Vec<String>) -> Result<(), Error> {
        let changes: Vec<Row> = mended.changes.iter().map(row).collect();
        let (bars, filled) = (mended.bars.len(), mended.filled.len());
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            let (name, dry_run) = (self.subject.clone(), self.dry_run);
            let answer = Answer { name, dry_run, written, bars, filled, changes };
            serde_json::to_writer_pretty(&mut out, &answer).map_err(std::io::Error::from)?;
            writeln!(out)?;
            return Ok(out.flush()?);
        }
        for Row { time, line, field, before, after, why } in &changes {
            let time = time.map_or("no time".to_owned(), |time| format!("{time:#}"));
            let line = line.map(|line| format!(" (line {line})")).unwrap_or_default();
            let before = if before.is_empty() { "nothing" } else { before };
            let after = if after.is_empty() { "left out" } else { after };
            writeln!(out, "{time}{line}: {field}: {before} -> {after}: {why}")?;
        }
        let would = if self.dry_run { ", nothing written: a dry run" } else { "" };
        writeln!(
            out,
            "{}, {filled} of them bars filled in; {}{would}",
            counted(changes.len(), "change"),
            counted(bars, "bar")
        )?;
        written.iter().try_for_each(|path| writeln!(out, "written: {path}"))?;
        Ok(out.flush()?)
    }
}

/// The defects of some words; all that have a rule where there are none. Filling is asked for by itself.
fn defects(words: &[String]) -> Result<BTreeSet<Defect>, Error> {
    let known = || Mending::KNOWN.into_iter().filter(|defect| *defect != Defect::Missing);
    if words.is_empty() {
        return Ok(known().collect());
    }
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let named = |word: &String| {
        let found = known().find(|defect| plain(defect.word()) == plain(word) || plain(defect.name()) == plain(word));
        let words = || known().map(Defect::word).collect::<Vec<_>>().join(", ");
        found.ok_or_else(|| Error::usage("--fix", word, format!("no rule mends it; there are {}", words())))
    };
    words.iter().map(named).collect()
}

pub(super) fn row(change: &Change) -> Row {
    let field = match change.field {
        Field::Row => "row",
        Field::Price(name) => name,
    };
    let (before, after) = (change.before.clone(), change.after.clone());
    Row { time: change.time, line: change.line, field, before, after, why: change.why.name() }
}

fn save(path: &Path, form: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), ReportError>) -> Result<(), Error> {
    write_atomically(path, form).map_err(|error| Error::Refused(format!("--out {error}")))
}

/// In the format of the file's name; where bars were filled in, a last column of plain text marks them, which readers leave
/// out. Other formats have none: the changes list them.
fn write_bars(mended: &Mended, format: Format, out: &mut (dyn Write + Send)) -> Result<(), ReportError> {
    if mended.filled.is_empty() || format != Format::Csv {
        return Ok(format.write(out, &mended.bars)?);
    }
    let filled: BTreeSet<_> = mended.filled.iter().collect();
    let mut out = BufWriter::new(out);
    writeln!(out, "time,open,high,low,close,volume,filled")?;
    for bar in &mended.bars {
        let mark = u8::from(filled.contains(&bar.time));
        writeln!(out, "{},{},{},{},{},{},{mark}", bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume)?;
    }
    Ok(out.flush()?)
}

fn write_changes(mended: &Mended, out: &mut dyn Write) -> Result<(), ReportError> {
    let mut out = BufWriter::new(out);
    writeln!(out, "time,line,field,before,after,why")?;
    for Row { time, line, field, before, after, why } in mended.changes.iter().map(row) {
        let time = time.map(|time| time.to_string()).unwrap_or_default();
        let line = line.map(|line| line.to_string()).unwrap_or_default();
        let [before, after] = [before, after].map(|text| text.replace('"', "\"\""));
        writeln!(out, "{time},{line},{field},\"{before}\",\"{after}\",\"{why}\"")?;
    }
    Ok(out.flush()?)
}
