//! At which price a position goes that its margin does not carry any more.
use proptest::prelude::*;
use qframe_engine::venue::{Crossing, FillPrice, Intrabar, Settings, Slippage};
use qframe_engine::{Context, Ticket};
use qframe_model::event::{Event, Report};
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::{Instrument, Margin, Rules};
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Price, Rate};
use qframe_model::order::Size;

use crate::laws::market;
use crate::script::{FLAT, Run, bars, instrument, p, run_with};
use crate::several::{run_several, units};

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

/// It went at its bar's open, a price from before the entry, or a nano beside it: the account ended in debt.
#[test]
fn what_is_opened_inside_a_bar_goes_no_earlier_than_its_entry() {
    // 10,000 - 900 x (111 - p) meets 5 % of 900 x p at p = 105.1461988.
    let worst = Settings { fill: FillPrice::Worst, ..Settings::default() };
    let fills = ["day 1 1 buy 900 at 111", "day 1 liquidation sell 900 at 105.14"];
    check("at the worst", worst, &[FLAT, [100.0, 111.0, 99.0, 110.0]], sends(Ticket::buy(units(900))), &fills, "4726");
    // 10,000 - 800 x (120 - p) meets 5 % of 800 x p at p = 113.1578947.
    let stop = sends(Ticket::buy(units(800)).stop(p(120.0)));
    let fills = ["day 1 1 buy 800 at 120", "day 1 liquidation sell 800 at 113.15"];
    let plain = Settings::default;
    check("by a stop", plain(), &[FLAT, [100.0, 121.0, 90.0, 119.0]], &stop, &fills, "4520");
    check("the low is the open", plain(), &[FLAT, [100.0, 121.0, 100.0, 119.0]], &stop, &fills, "4520");
    check("it holds", plain(), &[FLAT, [100.0, 121.0, 113.16, 119.0]], &stop, &fills[..1], "9200");
    // 10,000 - 1,200 x (p - 80) meets 5 % of 1,200 x p at p = 84.1269841.
    let short = sends(Ticket::sell(units(1_200)).stop(p(80.0)));
    let fills = ["day 1 1 sell 1200 at 80", "day 1 liquidation buy 1200 at 84.13"];
    check("short", plain(), &[FLAT, [100.0, 110.0, 79.0, 81.0]], short, &fills, "5044");
    // 400 at 100 and 1,100 more at 120: 10,000 - 1,500 x (172,000 / 1,500 - p) meets 5 % of 1,500 x p at p = 113.6842105.
    let adds = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(400)),
        1 => _ = context.send(Ticket::buy(units(1_100)).stop(p(120.0))),
        _ => {}
    };
    let fills = ["day 1 1 buy 400 at 100", "day 2 2 buy 1100 at 120", "day 2 liquidation sell 1500 at 113.68"];
    check("enlarged", plain(), &[FLAT, FLAT, [100.0, 121.0, 90.0, 119.0]], adds, &fills, "8520");
    // What the entry lost by slippage is missing at once, at the price of the market.
    let crossing = Crossing { slippage: Slippage::Fixed(p(10.0)), ..Crossing::default() };
    let fills = ["day 1 1 buy 900 at 110", "day 1 liquidation sell 900 at 90"];
    let buy = sends(Ticket::buy(units(900)));
    let slips = Settings { crossing, ..Settings::default() };
    check("at once", slips, &[FLAT, [100.0, 111.0, 99.0, 110.0]], buy, &fills, "-8000");
}

/// Stops came first, at whichever price, and the account ended in debt.
#[test]
fn what_breaks_before_its_stop_is_liquidated() {
    // 10,000 - 900 x (100 - p) meets 5 % of 900 x p at p = 93.5672514.
    let entry = "day 1 1 buy 900 at 100";
    let guarded = |stop: f64, fills: &[&str], equity: &str| {
        let script = move |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                let entry = context.send(Ticket::buy(units(900)));
                context.send(Ticket::sell(units(900)).stop(p(stop)).reduce_only().after(entry));
            }
        };
        for intrabar in [Intrabar::StopFirst, Intrabar::TargetFirst] {
            let settings = Settings { intrabar, ..Settings::default() };
            check(
                "stop",
                settings,
                &[FLAT, FLAT, [98.0, 99.0, 80.0, 85.0]],
                script,
                &[&[entry], fills].concat(),
                equity,
            );
        }
    };
    guarded(95.0, &["day 2 2 sell 900 at 95"], "5500");
    guarded(90.0, &["day 2 liquidation sell 900 at 93.56", "cancelled 2 NothingToClose"], "4204");
    // One that does more than close it goes on from there.
    let turns = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.buy(units(900));
            context.send(Ticket::sell(units(100)).stop(p(90.0)));
        }
    };
    let shorts = Settings { allow_short: true, ..Settings::default() };
    let fills = [entry, "day 2 liquidation sell 900 at 93.56", "day 2 2 sell 100 at 90"];
    check("turns", shorts, &[FLAT, FLAT, [98.0, 99.0, 80.0, 85.0]], turns, &fills, "4704");
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

/// A worst price behind it was filled, and limits behind it before the stops: the account ended in debt.
#[test]
fn what_breaks_on_the_way_to_a_fill_goes_first() {
    // 10,000 - 900 x (100 - p) meets 5 % of 900 x p at p = 93.5672514; of a short that is p = 105.8201058.
    let falls = [FLAT, FLAT, [100.0, 100.0, 80.0, 85.0]];
    let rises = [FLAT, FLAT, [100.0, 120.0, 100.0, 115.0]];
    let worst = || Settings { fill: FillPrice::Worst, ..Settings::default() };
    let then = |entry: Ticket, other: Ticket| {
        move |day: usize, context: &mut Context<'_>| match day {
            0 => _ = context.send(entry),
            1 => _ = context.send(other),
            _ => {}
        }
    };
    let (buy, sell) = (Ticket::buy(units(900)), Ticket::sell(units(900)));
    let long = ["day 1 1 buy 900 at 100", "day 2 liquidation sell 900 at 93.56"];
    let short = ["day 1 1 sell 900 at 100", "day 2 liquidation buy 900 at 105.83"];
    let nothing = "cancelled 2 NothingToClose";
    check("closes", worst(), &falls, then(buy, Ticket::sell(Size::Close)), &[&long[..], &[nothing]].concat(), "4204");
    check("a short", worst(), &rises, then(sell, Ticket::buy(Size::Close)), &[&short[..], &[nothing]].concat(), "4753");
    for intrabar in [Intrabar::StopFirst, Intrabar::TargetFirst] {
        let settings = || Settings { intrabar, ..Settings::default() };
        let behind = then(buy, Ticket::buy(units(5)).limit(p(85.0)));
        check("behind it", settings(), &falls, behind, &[&long[..], &["day 2 2 buy 5 at 85"]].concat(), "4204");
    }
    let before = then(buy, Ticket::buy(units(5)).limit(p(97.0)));
    let fills = [long[0], "rejected 2: needs 48.50, -1430.00 is free, 1478.50 is missing", long[1]];
    let first = Settings { intrabar: Intrabar::TargetFirst, ..Settings::default() };
    check("before it", first, &falls, before, &fills, "4204");
}

const PAIR: [&str; 2] = ["BTC/USD:USD", "ETH/USD:USD"];

/// What two contracts of ten times leverage do on these days, after a first one on which they are bought (negative: sold).
fn both(orders: [i64; 2], first: &[[f64; 4]], second: &[[f64; 4]]) -> Run {
    both_and(orders, first, second, |_, _| {})
}

/// As [`both`], and a script that comes after it.
fn both_and(
    orders: [i64; 2],
    first: &[[f64; 4]],
    second: &[[f64; 4]],
    mut then: impl FnMut(usize, &mut Context<'_>),
) -> Run {
    let days = [first, second].map(|days| [&[FLAT], days].concat());
    let rules = || Rules { margin: contract().rules().margin, tick: p(0.01), ..Rules::default() };
    let pair = PAIR.map(|symbol| instrument(symbol, rules())).to_vec();
    run_several(pair, Settings::default(), &[&days[0], &days[1]], |day, context| {
        for (place, count) in orders.into_iter().enumerate().filter(|_| day == 0) {
            let ticket = if count < 0 { Ticket::sell(units(-count)) } else { Ticket::buy(units(count)) };
            context.send(ticket.on(InstrumentId(place as u16)));
        }
        then(day, context);
    })
}

fn forced(run: &Run) -> Vec<String> {
    run.reports().into_iter().filter(|line| line.contains("liquidation")).collect()
}

/// Each was looked at alone, the other one at its last price: two that fell together ended at -6,000.
#[test]
fn positions_that_fall_together_break_the_margin_together() {
    // 10,000 - 400 x (100 - p) meets 5 % of 400 x p at p = 78.947; then 5,788 - 200 x (100 - p) meets 5 % of 200 x p at p = 74.8.
    let falls = [FLAT, [100.0, 100.0, 60.0, 60.0], [100.0; 4]];
    let run = both([200, 200], &falls, &falls);
    assert_eq!(forced(&run), ["day 2 liquidation sell 200 at 78.94", "day 2 liquidation sell 200 at 74.79"]);
    // At the closes alone: one has fallen, the other was sold and has risen.
    let run = both([200, -200], &[FLAT, [100.0, 101.0, 70.0, 70.0]], &[FLAT, [100.0, 130.0, 99.0, 130.0]]);
    // At 80 and 120 the 2,000 that are left are 5 % of both; then 2,000 - 200 x (p - 120) meets 5 % of 200 x p.
    assert_eq!(forced(&run), ["day 2 liquidation sell 200 at 79.99", "day 2 liquidation buy 200 at 123.81"]);
}

/// The short was liquidated at the high, where the other leg still counted at the price of before.
#[test]
fn what_covers_a_position_covers_it_inside_the_bars() {
    let jumps = [FLAT, [100.0, 175.0, 60.0, 100.0], [100.0; 4]];
    let run = both([400, -400], &jumps, &jumps);
    assert_eq!((forced(&run), run.engine_equity), (Vec::new(), Cash::whole(10_000)));
}

/// The first instrument was closed, though the other one had lost the money.
#[test]
fn the_position_that_lost_most_goes_first() {
    let (calm, gaps) = ([FLAT; 3], [FLAT, [57.5; 4], [100.0; 4]]);
    let left = forced(&both([200, 200], &calm, &gaps));
    assert_eq!(left, ["day 2 liquidation sell 200 at 57.5"]);
    let (one, other) = (both([200, 200], &calm, &gaps), both([200, 200], &gaps, &calm));
    assert_eq!((one.engine_equity, other.engine_equity), (Cash::whole(1_500), Cash::whole(1_500)));
}

/// The order whose stop was sent first walked past the other one's, and the result went by that.
#[test]
fn stops_of_all_symbols_are_met_on_the_way() {
    let falls = [FLAT, [100.0, 100.0, 80.0, 85.0]];
    let stops = |turned: bool| {
        let run = both_and([300, 600], &falls, &falls, move |day, context| {
            let of =
                |place, count, level| Ticket::sell(units(count)).stop(p(level)).reduce_only().on(InstrumentId(place));
            let mut both = [of(0, 300, 90.0), of(1, 600, 99.0)];
            if turned {
                both.reverse();
            }
            both.into_iter().filter(|_| day == 1).for_each(|stop| _ = context.send(stop));
        });
        let fills = run.reports().into_iter().filter(|line| line.contains("sell"));
        (fills.map(|line| line.split_once("sell").unwrap().1.to_owned()).collect::<Vec<_>>(), run.engine_equity)
    };
    let expected = (vec![" 600 at 99".to_owned(), " 300 at 90".to_owned()], Cash::whole(6_400));
    assert_eq!([stops(false), stops(true)], [expected.clone(), expected]);
}

/// A fill at 81 was paid with a position at 100, and that went later at a price of before.
#[test]
fn a_fill_inside_the_bars_moves_the_others_along() {
    let (falls, limit) = ([FLAT, [100.0, 100.0, 80.0, 95.0]], Ticket::buy(units(500)).limit(p(81.0)));
    let run = both_and([0, 400], &falls, &falls, |day, context| {
        if day == 1 {
            context.send(limit.on(InstrumentId(0)));
        }
    });
    // 2,400 are left at 81, and 5 % of 900 x 81 are more. Then 2,400 - 500 x (81 - p) meets 5 % of 500 x p at p = 80.2105.
    assert_eq!(forced(&run), ["day 2 liquidation sell 400 at 81", "day 2 liquidation sell 500 at 80.21"]);
    // A stop that closes one leg leaves the other one there: it breaks on the way back to the high, and not at its open.
    let run = both_and([450, -450], &falls, &falls, |day, context| {
        if day == 1 {
            context.send(Ticket::sell(units(450)).stop(p(81.0)).reduce_only().on(InstrumentId(0)));
        }
    });
    assert_eq!(forced(&run), ["day 2 liquidation buy 450 at 98.31"]);
}

/// A sale at the worst price walked past the stop of the rest, to the liquidation behind that.
#[test]
fn a_stop_in_front_of_the_liquidation_comes_first() {
    let script = |day: usize, context: &mut Context<'_>| match day {
        0 => {
            context.buy(units(900));
        }
        1 => {
            context.send(Ticket::sell(units(900)).stop(p(95.0)).reduce_only());
        }
        2 => {
            context.send(Ticket::sell(units(100)).reduce_only());
        }
        _ => {}
    };
    let days = [FLAT, FLAT, FLAT, [98.0, 99.0, 80.0, 85.0]];
    let nothing = "rejected 3: a reduce-only order, and nothing to reduce";
    let fills = ["day 1 1 buy 900 at 100", "day 3 2 sell 900 at 95", nothing];
    let worst = Settings { fill: FillPrice::Worst, ..Settings::default() };
    check("at the worst price", worst, &days, script, &fills, "5500");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Two halves of a position go no later than the whole, and never behind the prices of their bars; the order in which
    /// instruments are listed changes nothing.
    #[test]
    fn halves_break_where_the_whole_does(rows in market(), units in 100i64..490) {
        let rows: Vec<[f64; 4]> = rows.iter().map(|bar| [bar.open, bar.high, bar.low, bar.close].map(Price::to_f64)).collect();
        let halves = both([units, units], &rows, &rows);
        let whole = both([2 * units, 0], &rows, &rows);
        let first = |run: &Run| run.events.iter().find_map(|event| match event {
            Event::Reported(Report::Forced(fill)) => Some((fill.time, fill.price)),
            _ => None,
        });
        prop_assert_eq!(first(&halves), first(&whole));
        let calm = vec![FLAT; rows.len()];
        let one = both([units, -units], &rows, &calm);
        let other = both([-units, units], &calm, &rows);
        prop_assert_eq!(one.equity, other.equity);
    }

    /// Exits of two symbols fill in whichever order they were sent: at the prices that the markets come by on one walk.
    #[test]
    fn exits_fill_in_whichever_order_they_were_sent(
        first in market(),
        second in market(),
        counts in [prop::sample::select(vec![-1i64, 1]), prop::sample::select(vec![-1, 1])],
        sizes in [50i64..480, 50i64..480],
        away in [(0.2..6.0f64, 0.2..6.0f64), (0.2..6.0, 0.2..6.0)],
    ) {
        let rows = |bars: &[Bar]| -> Vec<[f64; 4]> {
            let length = first.len().min(second.len());
            bars[..length].iter().map(|bar| [bar.open, bar.high, bar.low, bar.close].map(Price::to_f64)).collect()
        };
        let run = |places: [usize; 2]| {
            let orders = [0, 1].map(|place| counts[place] * sizes[place]);
            let run = both_and(orders, &rows(&first), &rows(&second), |day, context| {
                for place in places.into_iter().filter(|_| day == 1) {
                    let (stop, target) = (away[place].0 * counts[place] as f64, away[place].1 * counts[place] as f64);
                    let side = if counts[place] > 0 { Side::Sell } else { Side::Buy };
                    let out = Ticket::new(side, units(sizes[place])).reduce_only().on(InstrumentId(place as u16));
                    let at = |level: f64| p((level * 100.0).round() / 100.0);
                    context.send(out.stop(at(100.0 - stop)));
                    context.send(out.limit(at(100.0 + target)));
                }
            });
            let fills = run.events.iter().filter_map(|event| match event {
                Event::Reported(Report::Filled { fill, .. } | Report::Forced(fill)) => {
                    Some((fill.instrument, fill.time, fill.side, fill.quantity, fill.price))
                }
                _ => None,
            });
            let mut fills: Vec<_> = fills.collect();
            fills.sort_by_key(|(instrument, time, ..)| (instrument.0, *time));
            (fills, run.equity)
        };
        prop_assert_eq!(run([0, 1]), run([1, 0]));
    }
}
