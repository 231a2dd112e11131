//! What is said of look-ahead: one sentence, where somebody looked.
use std::io::Write;

use super::{Facts, ReportError};
use crate::lookahead::Quick;

/// Writes the sentence as a line.
pub(super) fn line(facts: &Facts<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let Some(found) = &facts.outcome.lookahead else { return Ok(()) };
    Ok(writeln!(out, "{}", found.sentence())?)
}

/// Writes the sentence as a paragraph, which calls where there is something to call for.
pub(super) fn paragraph(facts: &Facts<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    let Some(found) = &facts.outcome.lookahead else { return Ok(()) };
    let role = if Quick::is_found(found) { " role=\"alert\"" } else { "" };
    let sentence = super::html::escaped(&found.sentence());
    Ok(writeln!(out, "<p class=\"note\"{role}>{sentence}</p>")?)
}
