//! What is wrong with data, counted by reason, and how good it is. Nothing is changed here: [`mend`] does that, when asked.
//!
//! Each detector states its formula where it stands; the thresholds of the grades are in [`Thresholds`].
mod absent;
mod actions;
mod audit;
mod depth;
mod file;
mod grade;
mod inside;
mod mend;
mod pace;
mod payments;
mod prices;
mod repeats;
mod stream;
mod tally;
mod tape;

use qframe_model::market::{Bar, DatedAction};
use qframe_model::number::Price;
use qframe_model::time::{Time, TimeFrame};

pub use absent::{Presumed, fitting};
pub use actions::ActionCheck;
pub use audit::{Audit, audit, audit_from};
pub use depth::BookCheck;
pub use file::{Content, Looked, LookedInto, look_into, may_hold_several};
pub use grade::{Grade, THRESHOLDS, Thresholds};
pub use mend::{Change, Field, Mended, Mending, mend};
pub use pace::Silence;
pub use payments::FundingCheck;
pub use stream::{Market, StreamCheck};
pub use tally::{Count, Report};
pub use tape::{QuoteCheck, TradeCheck};

use crate::defect::{Defect, Finding};
use crate::gaps::Gaps;
use crate::hours::Hours;
use crate::loaded::Skipped;
use tally::Tally;

/// What is known of the instrument and of the time of writing.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The length of a bar.
    pub frame: TimeFrame,
    /// When bars are expected; `None`: by the file's own week.
    pub hours: Option<&'static Hours>,
    /// Prices are multiples of it; `None`: not known, not checked.
    pub tick: Option<Price>,
    /// Dividends and splits that are known: a jump that one of them explains is no defect.
    pub actions: &'a [DatedAction],
    /// When the rows were written, or now: a last bar that closes later is unfinished. [`Time::MAX`] where that is not known.
    pub known_until: Time,
}

/// Looks at bars whose times rise strictly; an [`Audit`] has looked at the rows of a file before they came to that.
#[must_use]
pub fn check(bars: &[Bar], rules: &Rules<'_>) -> Report {
    let mut tally = Tally::default();
    look(bars, rules, &mut tally);
    tally.report(bars.len() as u64, absent::count(bars, rules))
}

/// The same for bars of a reader that passed over rows: those count as what was wrong with them.
#[must_use]
pub fn check_read(bars: &[Bar], rules: &Rules<'_>, skipped: &Skipped) -> Report {
    let mut tally = Tally::default();
    for (reason, rows) in &skipped.by_reason {
        let of_it = || skipped.first.iter().filter(|row| row.fault.reason() == *reason);
        let defect = of_it().next().map_or(Defect::Unreadable, audit::defect_of);
        tally.count_block(defect, *rows, || match of_it().next() {
            Some(row) => audit::finding(row),
            None => Finding { defect, file: None, line: None, time: None, text: (*reason).to_owned() },
        });
    }
    look(bars, rules, &mut tally);
    tally.report(bars.len() as u64 + skipped.total, absent::count(bars, rules))
}

/// Adds what is wrong with bars to what is known to be wrong with their rows.
fn look(bars: &[Bar], rules: &Rules<'_>, tally: &mut Tally) {
    each_alone(bars, rules, tally);
    repeats::find(bars, tally);
    prices::find(bars, rules, tally);
    let unfinished = bars.last().filter(|last| last.time + rules.frame.span() > rules.known_until);
    if let Some(last) = unfinished {
        let text = format!("a bar of {} that was written before its end, by {}", rules.frame, rules.known_until);
        tally.add(Defect::UnfinishedBar, Finding::at(Defect::UnfinishedBar, last.time, text));
    }
}

/// What a bar tells without the others: a broken one, no volume, prices between the ticks.
fn each_alone(bars: &[Bar], rules: &Rules<'_>, tally: &mut Tally) {
    // Where no bar has a volume nobody wrote it down, as with currencies.
    let has_volumes = bars.iter().any(|bar| !bar.volume.is_zero());
    let tick = rules.tick.map_or(1, Price::nanos).max(1);
    for bar in bars {
        if let Err(fault) = bar.check() {
            let defect = Defect::of_bar(&fault);
            tally.add(defect, Finding::at(defect, bar.time, fault.to_string()));
        }
        if has_volumes && bar.volume.is_zero() {
            tally.count(Defect::ZeroVolume, || Finding::at(Defect::ZeroVolume, bar.time, "no units".to_owned()));
        }
        if tick > 1 {
            let off = [bar.open, bar.high, bar.low, bar.close].into_iter().find(|price| price.nanos() % tick != 0);
            if let Some(price) = off {
                let text = || format!("{price} is no multiple of {}", Price::from_nanos(tick));
                tally.count(Defect::OffGrid, || Finding::at(Defect::OffGrid, bar.time, text()));
            }
        }
    }
}

/// The bars that are absent, by the hours of a market or by the file's own week.
#[must_use]
pub fn missing(bars: &[Bar], rules: &Rules<'_>) -> Gaps {
    absent::count(bars, rules)
}
