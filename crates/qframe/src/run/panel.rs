//! What `--prices` means: a table of closes, or several series of bars; brought to the same instants.
use std::path::{Path, PathBuf};

use clap::Args;
use qframe_data::{Align, Closes, Panel, Resampling, is_wide, quiet_days, read_wide, resample_closes};
use qframe_model::count::counted;
use qframe_model::number::Price;
use qframe_model::time::{Span, Time, TimeFrame};

use super::data::{self, Wish};
use super::raw::{Raw, Word};
use super::venue;
use crate::error::Error;

/// The flags of the prices of several assets.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Prices {
    /// Prices: a table date,A,B,… of closes; or bars of an asset each: a file, a bundled sample, or SYMBOL or SYMBOL@VENUE of
    /// the catalog. SYMBOL= before a file of bars gives its name.
    #[arg(long, num_args = 1.., value_name = "FILE|SYMBOL=FILE|SAMPLE|SYMBOL@VENUE", help_heading = "Data")]
    pub(crate) prices: Vec<Word>,
    /// An instant at which an asset has no price: inner (left out) or ffill (its last price stands in) [inner].
    #[arg(long, value_name = "inner|ffill", value_parser = align, default_value = "inner", hide_default_value = true, help_heading = "Data")]
    pub(crate) align: Align,
    /// Only prices at or after this time.
    #[arg(long, value_name = "TIME", help_heading = "Data")]
    pub(crate) from: Option<Word>,
    /// Only prices before this time (a date alone: its whole day is in).
    #[arg(long, value_name = "TIME", help_heading = "Data")]
    pub(crate) to: Option<Word>,
    /// Make longer bars of the bars, and longer steps of a table, such as 1w.
    #[arg(long, value_name = "FRAME", help_heading = "Data")]
    pub(crate) timeframe: Option<Word>,
    /// A row that does not read: stop, or skip and count [stop].
    #[arg(long, value_name = "stop|skip", help_heading = "Data")]
    pub(crate) on_bad_row: Option<Word>,
    /// The folder of the catalog [$XDG_DATA_HOME/qframe/catalog, else ~/.local/share/qframe/catalog].
    #[arg(long, value_name = "DIR", env = "QFRAME_CATALOG", help_heading = "Data")]
    pub(crate) catalog: Option<PathBuf>,
    /// Observations a year, to annualise [252 or 365 of days, by whether there are Saturdays; 52 of weeks, 12 of months, 4 of
    /// quarters].
    #[arg(long, value_name = "NUMBER", help_heading = "Data")]
    pub(crate) periods: Option<f64>,
}

/// How old a price may be at which something is valued or traded.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Age {
    /// How many days the price of what is held or wanted may be older than the newest of all [5; of longer bars one bar].
    #[arg(long, value_name = "DAYS", help_heading = "Data")]
    max_age: Option<u32>,
}

/// Prices, and what is to say of them.
#[derive(Debug)]
pub(crate) struct Priced {
    pub(crate) panel: Panel,
    /// Observations a year.
    pub(crate) periods: f64,
    /// Sentences.
    pub(crate) notes: Vec<String>,
}

impl Age {
    /// True where the user set it.
    pub(crate) const fn is_given(self) -> bool {
        self.max_age.is_some()
    }

    /// Refuses the first asset that is used and whose price is too old: one that ended itself, or one that had newer prices,
    /// which are cut off where another ends.
    ///
    /// # Errors
    /// Refused: the asset, the date of its price, how old that is and what to do.
    pub(crate) fn check(self, panel: &Panel, is_used: impl Fn(usize) -> bool) -> Result<(), Error> {
        let (newest, most) =
            (panel.newest(), self.max_age.map_or_else(|| quiet_days(panel.periods_per_year()), i64::from));
        let is_old = |asset: &usize| panel.age_in_days(*asset) > most && is_used(*asset);
        let Some(used) = (0..panel.assets()).find(is_old) else { return Ok(()) };
        let ended = |asset: &usize| newest.day() - panel.ends[*asset].day() > most;
        let first = (0..panel.assets()).filter(ended).min_by_key(|asset| panel.ends[*asset]);
        let is_own = |asset: &usize| panel.ends[*asset] == panel.priced(*asset) && is_old(asset);
        let Some(asset) = (0..panel.assets()).find(is_own).or_else(|| first.filter(|asset| is_used(*asset))) else {
            let others: Vec<usize> = (0..panel.assets()).filter(|asset| ended(asset) && !is_used(*asset)).collect();
            return Err(cut_off(panel, used, first, &others, most));
        };
        let (name, priced, age) = (&panel.names[asset], panel.priced(asset), panel.age_in_days(asset));
        Err(Error::Refused(format!(
            "--prices {name}: its price is of {priced:#}, {age} days older than the newest of {newest:#}; expected {most} days at \
             most: bring newer prices, leave it out, or allow it with --max-age {age}"
        )))
    }
}

/// Prices at common instants alone end where those of the `first` asset do: what has to go is that one, and not what is used.
fn cut_off(panel: &Panel, used: usize, first: Option<usize>, ended: &[usize], most: i64) -> Error {
    let (newest, age, used) = (panel.newest(), panel.age_in_days(used), &panel.names[used]);
    let expected = format!("{age} days before the newest price of {newest:#}; expected {most} days at most for {used}");
    let (what, names) = match first {
        Some(first) => {
            let what = format!(" {}: it ends at {:#}, and the table with it", panel.names[first], panel.ends[first]);
            (what, ended.iter().map(|asset| panel.names[*asset].as_str()).collect::<Vec<_>>().join(" and "))
        }
        None => {
            let most_often = panel.aligned.worst.as_ref().map_or("another", |(name, _)| name);
            let what =
                format!(": the last instant of them all is {:#}", panel.times.last().copied().unwrap_or_default());
            (what, format!("{most_often} (absent most often)"))
        }
    };
    Error::Refused(format!(
        "--prices{what}, {expected}: leave out {names}, fill forward (--align ffill), or allow it with --max-age {age}"
    ))
}

impl Prices {
    /// Reads and aligns them.
    ///
    /// # Errors
    /// [`Error`]: a flag that cannot be, a file or a name that gives no prices, frames that differ, nothing in common.
    pub(crate) fn load(&self) -> Result<Priced, Error> {
        if let Some(periods) = self.periods.filter(|periods| !(periods.is_finite() && *periods > 0.0)) {
            return Err(Error::usage("--periods", periods, "expected a number above zero, such as 252"));
        }
        let raw = self.raw();
        let wish = Wish::new(&raw, venue::margin(&raw)?)?;
        let (mut series, mut notes) = (Vec::new(), Vec::new());
        let (mut tables, mut frames): (Vec<&str>, Vec<(String, TimeFrame)>) = (Vec::new(), Vec::new());
        for word in &self.prices {
            let path = word.0.trim();
            if Path::new(path).is_file() && is_wide(path)? {
                tables.push(path);
                series.extend(table(path, &wish, &mut notes)?);
                continue;
            }
            let raw = Raw { data: vec![word.clone()], ..raw.clone() };
            for source in data::load(&raw, &wish).map_err(of_prices)? {
                let (name, set) = (source.set.instrument().symbol().to_string(), &source.set);
                let skipped = set.origin().facts.skipped.total;
                notes.extend(
                    (skipped > 0).then(|| format!("{name}: {} left out", counted(skipped as usize, "bad row"))),
                );
                frames.push((name.clone(), set.frame()));
                series.push((name, set.bars().iter().map(|bar| (bar.time, bar.close)).collect()));
            }
        }
        same_frames(&tables, &frames)?;
        let panel = Panel::new(&series, self.align).map_err(|error| told(&error, self.align))?;
        let aligned = &panel.aligned;
        notes.extend((aligned.dropped + aligned.filled > 0).then(|| aligned.to_string()));
        notes.extend(old(&panel));
        let periods = self.periods.unwrap_or_else(|| panel.periods_per_year());
        Ok(Priced { panel, periods, notes })
    }

    fn raw(&self) -> Raw {
        Raw {
            from: self.from.clone(),
            to: self.to.clone(),
            timeframe: self.timeframe.clone(),
            on_bad_row: self.on_bad_row.clone(),
            catalog: self.catalog.clone(),
            ..Raw::default()
        }
    }
}

/// The columns of a table, in longer steps where they were asked for, within a period.
fn table(path: &str, wish: &Wish, notes: &mut Vec<String>) -> Result<Vec<Closes>, Error> {
    let wide = read_wide(path, wish.on_bad_row)?;
    if wide.rounded > 0 {
        notes.push(format!("{path}: {} numbers have more than nine decimals: rounded", wide.rounded));
    }
    notes.extend((wide.skipped > 0).then(|| format!("{path}: {} left out", counted(wide.skipped, "bad row"))));
    let (frame, first, last) = (wide.time_frame(), wide.times.first().copied(), wide.times.last().copied());
    let mut series = wide.into_series();
    if let (Some(to), Some(last)) = (wish.frame.filter(|to| frame != Some(*to)), last) {
        longer(path, &mut series, (frame, to, last), notes)?;
    }
    for (_, rows) in &mut series {
        rows.retain(|(time, _): &(Time, Price)| wish.from <= *time && *time < wish.until);
    }
    match (first, last) {
        (Some(first), Some(last)) if last < wish.from || wish.until <= first => {
            let why = format!("no prices between --from and --to; it has {first:#} to {last:#}");
            Err(Error::Refused(format!("--prices {path}: {why}")))
        }
        _ => Ok(series),
    }
}

/// The closes of longer periods, as bars of the table's own step would have them: a period that is not over is left out.
fn longer(
    path: &str,
    series: &mut [Closes],
    (frame, to, last): (Option<TimeFrame>, TimeFrame, Time),
    notes: &mut Vec<String>,
) -> Result<(), Error> {
    let wrong = |why: String| Error::usage("--timeframe", to, why);
    let Some(from) = frame else {
        return Err(wrong(format!("the instants of {path} are not apart by a time frame; leave it out")));
    };
    let how = Resampling { from, to, known_until: last + from.span() };
    for (_, rows) in series {
        *rows = resample_closes(rows, &how).map_err(|error| wrong(format!("{error} (the data {path} is {from})")))?;
    }
    let open = to.open_of(last);
    notes.push(format!("{path}: closes of {from} made into closes of {to}"));
    let is_unfinished = open + to.span() > how.known_until;
    notes.extend(is_unfinished.then(|| format!("the last close of {to}, from {open:#}, is unfinished and left out")));
    Ok(())
}

/// The asset whose last price is the oldest, where that is older than a few quiet days.
fn old(panel: &Panel) -> Option<String> {
    let oldest = (0..panel.assets()).max_by_key(|asset| panel.newest().day() - panel.ends[*asset].day())?;
    let (end, newest) = (panel.ends[oldest], panel.newest());
    let age = newest.day() - end.day();
    let told = || format!("{} has no price after {end:#}, {age} days before the newest of all", panel.names[oldest]);
    (age > quiet_days(panel.periods_per_year())).then(told)
}

/// Bars of different lengths close at different instants, whatever they are called by.
fn same_frames(tables: &[&str], frames: &[(String, TimeFrame)]) -> Result<(), Error> {
    let Some((first, frame)) = frames.first() else { return Ok(()) };
    if let Some((other, length)) = frames.iter().find(|(_, length)| length != frame) {
        // Short bars make long ones, and never the other way.
        let longest = frames.iter().map(|(_, length)| *length).max_by_key(|length| length.span()).unwrap_or(*frame);
        let why =
            format!("{first} has bars of {frame}, {other} of {length}; expected one length: --timeframe {longest}");
        return Err(Error::Refused(format!("--prices: {why}")));
    }
    match tables.first() {
        Some(table) if frame.span() < Span::DAY => Err(Error::Refused(format!(
            "--prices: {table} is a table of closes, {first} has bars of {frame}, which are called by their openings; \
             expected days beside a table: --timeframe 1d"
        ))),
        _ => Ok(()),
    }
}

/// What the reader of bars says, by the flag that it is here.
fn of_prices(error: Error) -> Error {
    // Its flag for a column of closes is not here: a table of them needs none.
    let here = |text: String| {
        text.replace("--data ", "--prices ").replace(", or name one of closes with --close-column NAME", "")
    };
    match error {
        Error::Usage { flag, value, why } if flag == "--data" => {
            Error::Usage { flag: "--prices".to_owned(), value, why }
        }
        Error::Refused(why) => Error::Refused(here(why)),
        other => other,
    }
}

fn told(error: &qframe_data::PanelError, align: Align) -> Error {
    let flag = match (error, align) {
        (qframe_data::PanelError::NothingInCommon(_), Align::Inner) => " (--align ffill)",
        _ => "",
    };
    Error::Refused(format!("--prices: {error}{flag}"))
}

fn align(word: &str) -> Result<Align, String> {
    match word {
        "inner" => Ok(Align::Inner),
        "ffill" => Ok(Align::ForwardFill),
        _ => Err("expected inner (leave instants out) or ffill (fill forward)".to_owned()),
    }
}
