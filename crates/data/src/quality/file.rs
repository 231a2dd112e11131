//! A file of any format that import reads, looked at set by set: nothing of it is stored.
use std::collections::BTreeMap;
use std::path::Path;

use qframe_model::market::Bar;
use qframe_model::symbol::Symbol;
use qframe_model::time::{Time, TimeFrame};

use super::audit::{Audit, audit_from};
use super::stream::{Market, StreamCheck};
use super::tally::Report;
use crate::import::{Dialect, Findings, Import, ImportError, ImportFault, Wish, import, names_symbols, text_pieces};
use crate::rows::{DataKey, Rows};

/// One data set of a file.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The file; a member of an archive behind a `:`.
    pub file: String,
    /// What it is.
    pub key: DataKey,
    /// False where nothing says what was traded: the symbol of the key is none.
    pub is_named: bool,
    /// How the file was understood, a sentence each.
    pub why: Vec<String>,
    /// The times of the first and of the last row.
    pub period: Option<(Time, Time)>,
    /// What its good rows tell.
    pub content: Content,
    /// What was wrong with the rows of the file; of a file of several sets it stands with the first.
    pub findings: Findings,
}

/// Good rows.
#[derive(Debug, Clone)]
pub enum Content {
    /// Bars, to be judged as a whole.
    Bars(Box<Audit>),
    /// Rows of another kind, judged as they came.
    Rows(Box<Report>),
}

/// What a file holds, and what of it could not be read.
#[derive(Debug, Clone, Default)]
pub struct LookedInto {
    /// Its data sets.
    pub sets: Vec<Looked>,
    /// Files that are known and hold no rows: what they are.
    pub empty: Vec<(String, Dialect)>,
    /// Those that are no data, or broken.
    pub refused: Vec<ImportError>,
}

/// What a symbol is called where nothing names it.
const UNNAMED: &str = "UNNAMED";

/// Reads a file as an import does; `market` tells what is known of a set, and whether its symbol is one.
#[must_use]
pub fn look_into(path: &Path, wish: &Wish, market: &mut dyn FnMut(&DataKey, bool) -> Market) -> LookedInto {
    let looked = look(path, wish, true, market);
    let nameless = |error: &ImportError| matches!(error.fault, ImportFault::NoSymbol(_)) && error.handed == 0;
    if looked.sets.is_empty() && looked.refused.iter().any(nameless) && wish.symbol.is_none() {
        let symbol = UNNAMED.parse::<Symbol>().ok();
        return look(path, &Wish { symbol, ..wish.clone() }, false, market);
    }
    looked
}

/// True where a file of text may hold bars of several instruments: it has a column that says of what each row is.
#[must_use]
pub fn may_hold_several(path: &Path) -> bool {
    names_symbols(path)
}

/// What comes of one set while its file is read.
enum Gathered {
    Bars(Vec<Bar>),
    Rows(Box<StreamCheck>),
}

fn look(path: &Path, wish: &Wish, is_named: bool, market: &mut dyn FnMut(&DataKey, bool) -> Market) -> LookedInto {
    // Members of an archive come one after the other, and a set of one may go on in the next.
    let mut gathered: BTreeMap<DataKey, Gathered> = BTreeMap::new();
    let mut sink = |key: &DataKey, rows: Rows| {
        let known = gathered.entry(key.clone());
        let known = known.or_insert_with(|| match StreamCheck::new(key.kind, market(key, is_named)) {
            Some(check) => Gathered::Rows(Box::new(check)),
            None => Gathered::Bars(Vec::new()),
        });
        match (known, rows) {
            (Gathered::Bars(bars), Rows::Bars(more)) => bars.extend(more),
            (Gathered::Rows(check), rows) => check.push(&rows),
            (Gathered::Bars(_), _) => {}
        }
        Ok(())
    };
    let mut into = LookedInto::default();
    let mut files: Vec<Import> = Vec::new();
    for answer in import(path, wish, &mut sink) {
        match answer {
            Ok(import) if import.sets.is_empty() => into.empty.push((import.file, import.dialect)),
            Ok(import) => files.push(import),
            // Nothing was imported of it.
            Err(error) => into.refused.push(ImportError { handed: 0, ..error }),
        }
    }
    let mut placed = placed(path, &files);
    for import in files {
        let audit = placed.remove(&import.file);
        into.take(import, is_named, audit, &mut gathered);
    }
    into
}

impl LookedInto {
    /// The sets of a file or of a member, each with what was gathered of it.
    fn take(
        &mut self,
        import: Import,
        is_named: bool,
        mut audit: Option<Audit>,
        gathered: &mut BTreeMap<DataKey, Gathered>,
    ) {
        let Import { file, sets, why, mut findings, .. } = import;
        for set in sets {
            let rows = gathered.remove(&set.key);
            let content = match (audit.take(), rows) {
                (Some(audit), _) => {
                    // It tells each row of the file itself.
                    findings = Findings::default();
                    Content::Bars(Box::new(audit))
                }
                (None, Some(Gathered::Rows(check))) => Content::Rows(Box::new(check.finish())),
                (None, Some(Gathered::Bars(bars))) => Content::Bars(Box::new(audit_of(&file, bars, set.key.frame))),
                (None, None) => {
                    // An earlier member of the archive began the set, and has its rows.
                    let earlier = self.sets.iter_mut().find(|looked| looked.key == set.key);
                    earlier.into_iter().for_each(|looked| looked.add(&file, set.period, std::mem::take(&mut findings)));
                    continue;
                }
            };
            let why = if let Content::Bars(audit) = &content
                && !audit.why.is_empty()
            {
                audit.why.clone()
            } else {
                why.clone()
            };
            let findings = std::mem::take(&mut findings);
            self.sets.push(Looked {
                file: file.clone(),
                key: set.key,
                is_named,
                why,
                period: set.period,
                content,
                findings,
            });
        }
    }
}

impl Looked {
    fn add(&mut self, file: &str, period: Option<(Time, Time)>, findings: Findings) {
        self.why.push(format!("goes on in {file}"));
        let both = self.period.zip(period).map(|(own, more)| (own.0.min(more.0), own.1.max(more.1)));
        self.period = both.or(self.period).or(period);
        self.findings.extend(findings);
    }
}

/// Text of plain bars within packed data is looked at line by line, as a plain file of it is.
fn placed(path: &Path, files: &[Import]) -> BTreeMap<String, Audit> {
    const PLAIN: [Dialect; 4] = [Dialect::Csv, Dialect::CryptoDataDownload, Dialect::BinanceKlines, Dialect::Yahoo];
    let is_plain = |import: &&Import| import.sets.len() == 1 && PLAIN.contains(&import.dialect);
    let wanted: Vec<&Import> =
        files.iter().filter(is_plain).filter(|import| import.sets[0].key.kind.is_bars()).collect();
    let mut audits = BTreeMap::new();
    if wanted.is_empty() {
        return audits;
    }
    text_pieces(path, &mut |name, reader| {
        if wanted.iter().any(|import| import.file == name)
            && let Ok(audit) = audit_from(reader, name, None)
        {
            audits.insert(name.to_owned(), audit);
        }
    });
    audits
}

/// Bars of batches that mostly are in order; of those of one time, the first stays.
fn audit_of(file: &str, mut bars: Vec<Bar>, frame: Option<TimeFrame>) -> Audit {
    bars.sort_by_key(|bar| bar.time);
    bars.dedup_by_key(|bar| bar.time);
    Audit::of_bars(file, bars, frame.unwrap_or(TimeFrame::DAY))
}
