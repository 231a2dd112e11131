//! Returns by day, week, month, quarter and year: a box each, and what they come to.
use std::io::Write;

use super::sections::{Chart, chart};
use super::tear::table;
use crate::report::periods::Periods;
use crate::report::tear::shown;
use crate::report::{ReportError, text};

/// The figures of the table, and what their columns are called.
const FIGURES: [(&str, &str); 6] = [
    ("Expected", "expected_return"),
    ("Best", "best"),
    ("Worst", "worst"),
    ("Gained", "win_rate"),
    ("Mean gain", "avg_win"),
    ("Mean loss", "avg_loss"),
];

/// Writes the picture and the table; nothing where there are no returns.
pub(super) fn section(periods: &[Periods], out: &mut impl Write) -> Result<(), ReportError> {
    if periods.is_empty() {
        return Ok(());
    }
    writeln!(out, "<div class=\"pair\">")?;
    let median =
        |own: &Periods| format!("{} {}", own.name.to_lowercase(), text::percent(Some(own.spread.median * 100.0)));
    let medians: Vec<String> = periods.iter().map(median).collect();
    let boxes = Chart {
        id: "periods",
        title: "Spread of returns by period".to_owned(),
        alternative: format!("Box plots of the returns; the medians: {}.", medians.join(", ")),
        note: "A box holds the middle half, its line is the median; whiskers reach to the last return within one and a half \
               times the box beyond it, points are outside."
            .to_owned(),
    };
    chart(&boxes, out)?;
    writeln!(out, "<section class=\"card\"><h2>Returns by period</h2>")?;
    let head: Vec<&str> = ["Period", "Number"].into_iter().chain(FIGURES.map(|(title, _)| title)).collect();
    let row = |own: &Periods| {
        let figure =
            |(_, name): (&str, &str)| own.figure(name).map_or_else(String::new, |(unit, value)| shown(unit, value));
        [own.name.to_owned(), text::count(own.count)].into_iter().chain(FIGURES.map(figure)).collect()
    };
    table("list", &head, &periods.iter().map(row).collect::<Vec<_>>(), out)?;
    let weeks = if periods[0].name == "Daily" { " Weeks end with their Monday." } else { "" };
    Ok(writeln!(
        out,
        "<p class=\"note\">Compounded within calendar periods, UTC; expected is the geometric mean, gained the share of the \
         periods with a gain among those that are not zero.{weeks} The first and the last period may be cut.</p></section></div>"
    )?)
}
