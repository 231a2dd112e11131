//! The circuit breakers: which tripped, when and at what reading, what arms each again, and when it was.
use std::io::Write;

use qframe_engine::Keep;
use qframe_model::breaker::{Cause, Rearm, TradingState};

use super::escape::Escaped;
use crate::report::breakers::{Control, Tripped};
use crate::report::{Facts, ReportError, text};

/// Trips that the page lists.
const LISTED: usize = 100;

/// Writes the section, where the run has breakers, limits that withdrew orders, or a person who spoke.
pub(super) fn section(facts: &Facts<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    let setup = facts.backtest.setup();
    let control = Control::of(&facts.outcome.journal)?;
    if setup.limits.breakers.is_empty() && control.trips.is_empty() && control.withdrawn.is_none() {
        return Ok(());
    }
    let title = match control.trips.len() {
        0 if setup.keep != Keep::All => "not known".to_owned(),
        0 => "none tripped".to_owned(),
        1 => "1 trip".to_owned(),
        all => format!("{} trips", text::count(all)),
    };
    let open = if control.trips.is_empty() { "" } else { " open" };
    writeln!(out, "<details class=\"card\"{open}><summary><h2>Circuit breakers: {title}</h2></summary>")?;
    for note in notes(facts, &control) {
        writeln!(out, "<p class=\"note\">{}</p>", Escaped(&note))?;
    }
    if !control.trips.is_empty() {
        table(facts, &control.trips[..control.trips.len().min(LISTED)], out)?;
    }
    Ok(writeln!(out, "</details>")?)
}

fn notes(facts: &Facts<'_>, control: &Control) -> Vec<String> {
    let mut notes = Vec::new();
    let breakers = &facts.backtest.setup().limits.breakers;
    let names: Vec<String> = breakers.iter().map(ToString::to_string).collect();
    if !names.is_empty() {
        notes.push(format!("Set: {}.", names.join(", ")));
    }
    for blind in facts.backtest.blind() {
        let symbol = blind.instrument.map_or("", |id| facts.backtest.instruments()[id.index()].symbol().as_str());
        notes.push(format!("The breaker {} does not watch {symbol}: {}.", blind.breaker, blind.lack));
    }
    if control.trips.len() > LISTED {
        notes.push(format!("The first {LISTED} trips; the JSON has all."));
    }
    if let Some((count, refusal)) = control.withdrawn {
        notes.push(format!("Orders withdrawn by the risk check: {count}; the first: {refusal}."));
    }
    if control.state != TradingState::Normal {
        notes.push(format!("Trading is {} at the end.", control.state));
    }
    notes
}

fn table(facts: &Facts<'_>, trips: &[Tripped], out: &mut impl Write) -> Result<(), ReportError> {
    writeln!(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Trips of circuit breakers\">")?;
    writeln!(out, "<table class=\"refused\"><thead><tr>")?;
    for heading in
        ["Time", "What tripped", "Symbol", "Reading", "Threshold", "Trading is then", "Arms again", "Was armed"]
    {
        write!(out, "<th scope=\"col\">{heading}</th>")?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for tripped in trips {
        write!(out, "<tr>")?;
        for cell in cells(facts, tripped) {
            write!(out, "<td>{}</td>", Escaped(&cell))?;
        }
        writeln!(out, "</tr>")?;
    }
    Ok(writeln!(out, "</tbody></table></div>")?)
}

fn cells(facts: &Facts<'_>, Tripped { trip, rearmed }: &Tripped) -> [String; 8] {
    let none = || "–".to_owned();
    let symbol = trip.instrument.and_then(|id| facts.backtest.instruments().get(id.index()));
    let read = |value| match trip.cause {
        Cause::Schedule | Cause::Hand => none(),
        cause => cause.reading(value),
    };
    [
        format!("{:#}", trip.time),
        if trip.cause == Cause::Hand { "a person".to_owned() } else { trip.cause.to_string() },
        symbol.map_or_else(none, |instrument| instrument.symbol().to_string()),
        read(trip.value),
        read(trip.threshold),
        trip.then.to_string(),
        match trip.rearms {
            Rearm::ByHand => "by hand".to_owned(),
            Rearm::After(time) => format!("from {time:#} on"),
        },
        rearmed.map_or_else(none, |time| format!("{time:#}")),
    ]
}
