//! The returns of the months as a table whose cells are coloured by their size.
use std::io::Write;

use qframe_quant::performance::MonthlyReturn;

use super::tear::NONE;
use crate::report::{ReportError, text};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A return (as a share) from which on a cell has its full colour.
const FULL: f64 = 0.15;

/// Writes the section: the table, and how it reads.
pub(super) fn section(months: &[MonthlyReturn], out: &mut impl Write) -> Result<(), ReportError> {
    writeln!(out, "<section class=\"card\"><h2>Monthly returns [%]</h2>")?;
    if months.is_empty() {
        return Ok(writeln!(out, "{NONE}</section>")?);
    }
    table(months, out)?;
    let note = "By calendar month, UTC; the last column is the year. Blue gains, orange loses.";
    Ok(writeln!(out, "<p class=\"note\">{note}</p></section>")?)
}

/// Writes the table: a row a year, newest first, and the return of each year behind it.
fn table(months: &[MonthlyReturn], out: &mut impl Write) -> Result<(), ReportError> {
    writeln!(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Monthly returns\">")?;
    writeln!(out, "<table class=\"months\"><thead><tr><th scope=\"col\">Year</th>")?;
    for name in MONTHS {
        write!(out, "<th scope=\"col\">{name}</th>")?;
    }
    writeln!(out, "<th scope=\"col\" class=\"total\">Year</th></tr></thead><tbody>")?;
    let years: Vec<&[MonthlyReturn]> = months.chunk_by(|one, next| one.year == next.year).collect();
    for year in years.into_iter().rev() {
        row(year, out)?;
    }
    Ok(writeln!(out, "</tbody></table></div>")?)
}

fn row(year: &[MonthlyReturn], out: &mut impl Write) -> Result<(), ReportError> {
    let number = year.first().map_or(0, |month| month.year);
    write!(out, "<tr><th scope=\"row\">{number}</th>")?;
    for month in 1..=12 {
        cell(year.iter().find(|own| own.month == month).map(|own| own.return_fraction), "", out)?;
    }
    let grown = year.iter().fold(1.0, |grown, month| grown * (1.0 + month.return_fraction));
    cell(Some(grown - 1.0), " total", out)?;
    Ok(writeln!(out, "</tr>")?)
}

fn cell(share: Option<f64>, class: &str, out: &mut impl Write) -> Result<(), ReportError> {
    let Some(share) = share else { return Ok(write!(out, "<td class=\"none{class}\"></td>")?) };
    let colour = match share {
        0.0 => "flat",
        gained if gained > 0.0 => "gain",
        _ => "loss",
    };
    let strength = (share.abs() / FULL).min(1.0) * 100.0;
    let shown = percent(share * 100.0);
    Ok(write!(out, "<td class=\"{colour}{class}\" style=\"--w:{strength:.0}\">{shown}</td>")?)
}

/// A cell is narrow: beyond a thousand there are no decimals, beyond a million a power of ten.
fn percent(value: f64) -> String {
    match value.abs() {
        huge if huge >= 1e6 && huge.is_finite() => format!("{value:.1e}"),
        large if large >= 1e3 => text::number(Some(value), 0),
        _ => text::number(Some(value), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    /// The column of the years once cut off what was above a thousand.
    #[test]
    fn a_cell_is_never_wider_than_seven_signs() {
        let rows = [(-0.04, "0.0"), (-12.34, "-12.3"), (999.94, "999.9"), (12_345.6, "12,346"), (2.5e6, "2.5e6")];
        for (value, text) in rows {
            assert_eq!(percent(value), text);
        }
        assert!([1e300, -999_999.0, 999_999.4, -1e6].iter().all(|value| percent(*value).len() <= 8));
    }
}
