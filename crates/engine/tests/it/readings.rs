//! What circuit breakers read, by numbers worked out by hand: each trips with the first row at its threshold and not before,
//! and is armed again with the first row behind its time to cool down that is not.
use qframe_engine::venue::{Crossing, Settings, Slippage};
use qframe_engine::{Context, Limits, Ticket, Trigger, Usually};
use qframe_model::breaker::TradingState;
use qframe_model::ids::InstrumentId;
use qframe_model::market::Bar;
use qframe_model::number::{Quantity, Rate, Volume};
use qframe_model::order::Size;
use qframe_model::time::Span;

use crate::breakers::{breaker, closes, told};
use crate::script::{Run, p, run_within};
use crate::several::{run_several_within, two_shares, units};

const DAY: i64 = 86_400;

/// Reduces only while it has tripped, a day at least.
fn limits(trigger: Trigger) -> Limits {
    breaker(trigger, TradingState::ReduceOnly, Some(1))
}

fn check(what: &str, run: &Run, expected: &[(i64, &str, i64)]) {
    let lines = told(&run.events);
    let lines: Vec<&String> =
        lines.iter().filter(|line| line.contains("threshold") || line.contains("rearmed")).collect();
    let expected = expected.iter().flat_map(|(day, reading, armed)| {
        let from = (qframe_model::time::Time::EPOCH + Span::from_seconds((day + 1) * DAY)).to_string();
        [
            format!("day {day} {reading}: reduce-only; re-arms from {from} on"),
            format!("day {armed} rearmed, by hand false"),
        ]
    });
    assert_eq!(lines, expected.collect::<Vec<_>>().iter().collect::<Vec<_>>(), "{what}");
}

fn quiet(_: usize, _: &mut Context<'_>) {}

fn of_rows(what: &str, trigger: Trigger, bars: &[Bar], expected: &[(i64, &str, i64)]) {
    check(what, &run_within(limits(trigger), Settings::default(), bars, quiet), expected);
}

fn usually(times: Rate) -> Usually {
    Usually { times, last: 2, before: 4 }
}

#[test]
fn volatility_is_a_ratio_of_root_mean_squares() {
    // With v = ln(1.1)^2 the squared returns are v six times, then 4v, 4v, 16v and nothing. Of two against the four before:
    // bar 7 has 2.5v to v, 1.58; bar 8 4v to v, 2; bar 9 10v to 1.75v, 2.39; bar 10 8v to 2.5v, 1.79. A bar is known a day
    // after it opened.
    let bars = closes(&[100.0, 110.0, 100.0, 110.0, 100.0, 110.0, 100.0, 121.0, 100.0, 146.41, 146.41]);
    let twice = Trigger::Volatility(usually(Rate::percent(200)));
    of_rows("volatility", twice, &bars, &[(9, "volatility 2x is at its threshold 2x", 11)]);
    let more = Trigger::Volatility(usually(Rate::percent(239)));
    of_rows("a bar later", more, &bars, &[(10, "volatility 2.39x is at its threshold 2.39x", 11)]);
    of_rows("never", Trigger::Volatility(usually(Rate::percent(240))), &bars, &[]);
}

#[test]
fn volume_trips_below() {
    // Bar 6 has 750 to 1,000, bar 7 500 to 1,000, bar 8 750 to 875.
    let mut bars = closes(&[100.0; 10]);
    for place in [6, 7] {
        bars[place].volume = Volume::from_digits(500, 0).unwrap();
    }
    let half = Trigger::Volume(usually(Rate::percent(50)));
    of_rows("volume", half, &bars, &[(8, "volume 0.5x is at its threshold 0.5x", 9)]);
    of_rows("not as low", Trigger::Volume(usually(Rate::percent(49))), &bars, &[]);
}

#[test]
fn correlation_is_of_what_is_held() {
    // Up and down by the same share: signs of the returns are + - + - + - + - of one, - + - - + - - + of the other. Over
    // three bars that is -1 on bar 3, -1/2 on bar 4, 1/2 on bar 5, 1 on bar 6, 1/2 on bar 7, -1/2 on bar 8.
    let one = [100.0, 110.0, 100.0, 110.0, 100.0, 110.0, 100.0, 110.0, 100.0].map(|close| [close; 4]);
    let other = [133.1, 121.0, 133.1, 121.0, 110.0, 121.0, 110.0, 100.0, 110.0].map(|close| [close; 4]);
    let run = |least: Rate, held: u16| {
        let buys = move |day: usize, context: &mut Context<'_>| {
            for place in (0..held).filter(|_| day == 0) {
                context.send(Ticket::buy(units(1)).on(InstrumentId(place)));
            }
        };
        let limits = limits(Trigger::Correlation { least, bars: 3 });
        run_several_within(limits, two_shares(), Settings::default(), &[&one, &other], buys)
    };
    check("half", &run(Rate::percent(50), 2), &[(6, "correlation 0.5 is at its threshold 0.5", 9)]);
    check("whole", &run(Rate::percent(51), 2), &[(7, "correlation 1 is at its threshold 0.51", 8)]);
    check("one alone is no pair", &run(Rate::percent(50), 1), &[]);
}

#[test]
fn slippage_is_the_mean_of_the_last_fills() {
    // Each fill is a dollar worse: 1 % of the open of day 1, 0.5 % of day 2, 2 % of day 3; of two that is 0.75 %, then 1.25 %.
    let bars = closes(&[100.0, 100.0, 200.0, 50.0, 50.0, 50.0, 50.0]);
    let crossing = Crossing { slippage: Slippage::Fixed(p(1.0)), ..Crossing::default() };
    let settings = || Settings { crossing, ..Settings::default() };
    let buys = |day: usize, context: &mut Context<'_>| {
        if day < 3 {
            context.buy(Size::Units(Quantity::ONE));
        }
    };
    let run = |share| run_within(limits(Trigger::Slippage { share, fills: 2 }), settings(), &bars, buys);
    check("slippage", &run(Rate::percent(1)), &[(4, "slippage 125bp is at its threshold 100bp", 5)]);
    check("earlier", &run(Rate::basis_points(75)), &[(3, "slippage 75bp is at its threshold 75bp", 4)]);
    check("never", &run(Rate::basis_points(126)), &[]);
}

#[test]
fn poor_data_is_seen_with_the_row_that_shows_it() {
    // 19 %, then 20 %, then nothing.
    let jumps = closes(&[100.0, 119.0, 142.8, 142.8]);
    of_rows("jump", Trigger::Jump(Rate::percent(20)), &jumps, &[(3, "jump 20% is at its threshold 20%", 4)]);
    of_rows("no jump", Trigger::Jump(Rate::basis_points(2_001)), &jumps, &[]);
    // Two bars are missing, then three, then none.
    let mut holes = closes(&[100.0; 4]);
    for (bar, day) in holes.iter_mut().zip([0, 3, 7, 8]) {
        bar.time = qframe_model::time::Time::EPOCH + Span::from_seconds(day * DAY);
    }
    of_rows("gap", Trigger::Gap(3), &holes, &[(8, "gap 3 bars is at its threshold 3 bars", 9)]);
    of_rows("no gap", Trigger::Gap(4), &holes, &[]);
    let stale = |days: i64| Trigger::Stale(Span::from_seconds(days * DAY));
    of_rows("stale", stale(4), &holes, &[(8, "stale 345600s is at its threshold 345600s", 9)]);
    of_rows("not stale", stale(5), &holes, &[]);
}
