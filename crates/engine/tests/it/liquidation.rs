//! At which price a position goes that its margin does not carry any more.
use qframe_engine::venue::{FillPrice, Settings};
use qframe_engine::{Context, Ticket};
use qframe_model::instrument::{Instrument, Margin, Rules};
use qframe_model::number::Rate;

use crate::script::{FLAT, bars, instrument, p, run_with};
use crate::several::units;

/// Ten times leverage, kept with 5 %, in cents.
fn contract() -> Instrument {
    let margin = Margin { initial: Rate::percent(10), maintenance: Rate::percent(5) };
    instrument("BTC/USD:USD", Rules { margin, tick: p(0.01), ..Rules::default() })
}

fn check(
    what: &str,
    settings: Settings,
    days: &[[f64; 4]],
    script: impl FnMut(usize, &mut Context<'_>),
    expected: &[&str],
    equity: &str,
) {
    let run = run_with(contract(), settings, &bars(days), script);
    let fills = run.reports().into_iter().filter(|line| !line.starts_with("accepted"));
    assert_eq!(fills.collect::<Vec<_>>(), expected, "{what}");
    assert_eq!(run.engine_equity.to_string(), equity, "{what}");
}

fn sends(ticket: Ticket) -> impl Fn(usize, &mut Context<'_>) {
    move |day, context| {
        if day == 0 {
            context.send(ticket);
        }
    }
}

/// Only the bar of the entry begins at it: the next one begins at its open, also where that is the instant of the entry.
#[test]
fn the_bar_after_the_entry_begins_at_its_open() {
    let close = Settings { fill: FillPrice::SameClose, ..Settings::default() };
    let fills = ["day 1 1 buy 900 at 100", "day 1 liquidation sell 900 at 93.56"];
    // 10,000 - 900 x (100 - p) meets 5 % of 900 x p at p = 93.5672514.
    let buy = sends(Ticket::buy(units(900)));
    check("at the close", close.clone(), &[FLAT, [95.0, 96.0, 90.0, 95.0]], &buy, &fills, "4204");
    let gap = ["day 1 1 buy 900 at 100", "day 1 liquidation sell 900 at 93"];
    check("through a gap", close, &[FLAT, [93.0, 96.0, 90.0, 95.0]], buy, &gap, "3700");
}

/// The price that breaks was found to a nano, and filled off the tick.
#[test]
fn a_liquidation_is_at_a_tick() {
    let fills = |low: f64| {
        let days = [FLAT, FLAT, [99.0, 100.0, low, 95.0]];
        run_with(contract(), Settings::default(), &bars(&days), sends(Ticket::buy(units(1_000)))).reports()
    };
    // At p = 94.7368421.
    assert_eq!(fills(90.0)[1..], ["day 2 liquidation sell 1000 at 94.73"]);
    assert_eq!(fills(94.735)[1..], ["day 2 liquidation sell 1000 at 94.735"], "no bar goes below its low");
    assert_eq!(fills(94.74).len(), 1, "it holds");
    let up = [FLAT, FLAT, [101.0, 110.0, 100.0, 105.0]];
    let short = sends(Ticket::sell(units(1_000)));
    let fills = ["day 1 1 sell 1000 at 100", "day 2 liquidation buy 1000 at 104.77"];
    check("short", Settings::default(), &up, short, &fills, "5230");
}
