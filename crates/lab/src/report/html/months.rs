//! The returns of the months as a table whose cells are coloured by their size.
use std::io::Write;

use qframe_quant::performance::MonthlyReturn;

use crate::report::{ReportError, text};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A return (as a share) from which on a cell has its full colour.
const FULL: f64 = 0.15;

/// Writes the table: a row a year, newest first, and the return of each year behind it.
pub(super) fn table(months: &[MonthlyReturn], out: &mut impl Write) -> Result<(), ReportError> {
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
    let shown = text::number(Some(share * 100.0), 1);
    Ok(write!(out, "<td class=\"{colour}{class}\" style=\"--w:{strength:.0}\">{shown}</td>")?)
}
