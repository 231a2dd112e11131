//! The orders that were not taken: how many, and the first of them with the reason.
use std::io::Write;

use qframe_engine::Keep;

use super::escape::Escaped;
use crate::report::orders::{self, Ended};
use crate::report::{Facts, ReportError, text};

/// Orders that the page lists.
const LISTED: usize = 20;

/// Writes the section; it is closed where there is nothing to see.
pub(super) fn section(facts: &Facts<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    let is_kept = facts.backtest.setup().keep == Keep::All;
    let orders = if is_kept { orders::all(facts)? } else { Vec::new() };
    let refused: Vec<&Ended> = orders.iter().filter(|order| order.is_refused()).collect();
    let (title, open, note) = match refused.len() {
        0 if !is_kept => ("not known".to_owned(), "", "The run kept no journal that could tell of them.".to_owned()),
        0 => {
            ("none".to_owned(), "", "The risk check and the venue took every order with something to trade.".to_owned())
        }
        all if all > LISTED => {
            (text::count(all), " open", format!("The first {LISTED} of them; the orders as CSV are complete."))
        }
        all => {
            (text::count(all), " open", "By the risk check when they were sent, or by the venue later on.".to_owned())
        }
    };
    writeln!(out, "<details class=\"card\"{open}><summary><h2>Refused orders: {title}</h2></summary>")?;
    writeln!(out, "<p class=\"note\">{note}</p>")?;
    if !refused.is_empty() {
        table(facts, &refused[..refused.len().min(LISTED)], out)?;
    }
    Ok(writeln!(out, "</details>")?)
}

fn table(facts: &Facts<'_>, refused: &[&Ended], out: &mut impl Write) -> Result<(), ReportError> {
    writeln!(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Refused orders\">")?;
    writeln!(out, "<table class=\"refused\"><thead><tr>")?;
    for heading in ["Time", "Symbol", "Order", "Reason"] {
        write!(out, "<th scope=\"col\">{heading}</th>")?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for order in refused {
        let symbol = facts.backtest.instruments()[order.order.instrument.index()].symbol().as_str();
        let (time, asked, reason) = (format!("{:#}", order.order.time), asked(order), order.reason());
        let (symbol, reason) = (Escaped(symbol), Escaped(&reason));
        writeln!(out, "<tr><td>{time}</td><td>{symbol}</td><td>{asked}</td><td>{reason}</td></tr>")?;
    }
    Ok(writeln!(out, "</tbody></table></div>")?)
}

/// What was asked for, in words: `sell stop 274.5, close`.
fn asked(order: &Ended) -> String {
    let (kind, limit, trigger) = order.kind();
    let prices = [trigger, limit].into_iter().flatten().map(|price| format!(" {price}")).collect::<String>();
    let words = |text: &str| text.replace(['_', ':'], " ");
    format!("{} {}{prices}, {}", order.order.side, words(kind), words(&order.size()))
}
