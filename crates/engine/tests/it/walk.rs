//! In which order the ranges of bars meet what waits there: that of the way, in whichever order it was sent.
use qframe_engine::Ticket;
use qframe_engine::venue::{FillPrice, Intrabar, Settings};
use qframe_model::event::{Event, Report};
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::{Instrument, Margin, Rules};
use qframe_model::market::Side;
use qframe_model::number::{Price, Rate};
use qframe_model::order::TimeInForce;

use crate::script::{FLAT, Run, instrument, p};
use crate::several::{run_several, two_shares, units};

/// An order for one of the instruments.
type Asked = (u16, Ticket);

/// Contracts of ten times leverage, kept with 5 %, at these ticks.
fn contracts(ticks: &[Price]) -> Vec<Instrument> {
    let margin = Margin { initial: Rate::percent(10), maintenance: Rate::percent(5) };
    let names = ["BTC/USD:USD", "ETH/USD:USD", "SOL/USD:USD"];
    names
        .iter()
        .zip(ticks)
        .map(|(name, tick)| instrument(name, Rules { margin, tick: *tick, ..Rules::default() }))
        .collect()
}

fn in_cents(count: usize) -> Vec<Instrument> {
    contracts(&vec![p(0.01); count])
}

/// What is held at 100 (negative: sold), then what is sent, then the bar of each.
fn run(instruments: &[Instrument], settings: &Settings, held: &[i64], bars: &[[f64; 4]], asked: &[Asked]) -> Run {
    let days: Vec<_> = bars.iter().map(|bar| [FLAT, FLAT, *bar]).collect();
    let days: Vec<&[[f64; 4]]> = days.iter().map(|days| &days[..]).collect();
    run_several(instruments.to_vec(), settings.clone(), &days, |day, context| match day {
        0 => {
            for (count, id) in held.iter().zip(0..).filter(|(count, _)| **count != 0) {
                let side = if *count < 0 { Side::Sell } else { Side::Buy };
                context.send(Ticket::new(side, units(count.abs())).on(InstrumentId(id)));
            }
        }
        1 => {
            for (id, ticket) in asked {
                context.send(ticket.on(InstrumentId(*id)));
            }
        }
        _ => {}
    })
}

/// The fills of the last day, without the numbers of their orders.
fn fills(run: &Run) -> Vec<String> {
    let line = |event: &Event| match event {
        Event::Reported(Report::Filled { fill, .. } | Report::Forced(fill)) if fill.time.day() == 2 => {
            Some(format!("{} of {}: {} at {}", fill.side, fill.instrument.0, fill.quantity, fill.price))
        }
        _ => None,
    };
    run.events.iter().filter_map(line).collect()
}

/// The same fills and the same equity in whichever order the orders are sent.
#[track_caller]
fn check(
    (instruments, settings): (&[Instrument], &Settings),
    held: &[i64],
    bars: &[[f64; 4]],
    asked: &[Asked],
    expected: &[&str],
    equity: &str,
) {
    let (mut orders, mut turns) = (asked.to_vec(), 0);
    loop {
        let run = run(instruments, settings, held, bars, &orders);
        assert_eq!((fills(&run), run.engine_equity.to_string()), (owned(expected), equity.to_owned()), "{orders:?}");
        // Each order is sent first, and last, of some.
        orders.rotate_left(1);
        turns += 1;
        if turns == asked.len() {
            orders.reverse();
        }
        if turns >= 2 * asked.len() {
            return;
        }
    }
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn sell(count: i64) -> Ticket {
    Ticket::sell(units(count)).reduce_only()
}

fn buy(count: i64) -> Ticket {
    Ticket::buy(units(count)).reduce_only()
}

/// A stop of the second one moved the first beyond both its limits, and the farther one filled: 13,200.10 and not 10,800.10.
#[test]
fn of_limits_that_the_market_has_passed_the_nearest_fills_first() {
    let asked = [
        (0, sell(400).limit(p(108.0))),
        (0, sell(400).limit(p(102.0))),
        (1, buy(1).stop(p(104.9))),
        (1, buy(1).limit(p(95.0))),
    ];
    let bars = [[100.0, 110.0, 95.0, 104.0], [100.0, 105.0, 90.0, 93.0]];
    let expected = ["buy of 1: 1 at 104.9", "buy of 1: 1 at 95", "sell of 0: 400 at 102"];
    check((&in_cents(2), &Settings::default()), &[400, -2], &bars, &asked, &expected, "10800.1");
}

/// The nearer one fills without margin, too: it filled as it was sent, and what was left of the money decided.
#[test]
fn limits_of_shares_compete_for_the_money_by_the_way() {
    let asked = [(0, Ticket::buy(units(90)).limit(p(95.0))), (1, Ticket::buy(units(90)).limit(p(99.0)))];
    for allow_short in [false, true] {
        let settings = Settings { allow_short, ..Settings::default() };
        let bars = [[100.0, 100.0, 90.0, 95.0]; 2];
        check((&two_shares(), &settings), &[0, 0], &bars, &asked, &["buy of 1: 90 at 99"], "9640");
    }
}

/// Of one symbol as of several: the low, then the high.
#[test]
fn down_comes_before_up() {
    let asked = [(0, Ticket::buy(units(10)).stop(p(105.0))), (0, Ticket::sell(units(20)).stop(p(95.0)))];
    let settings = Settings { allow_short: true, ..Settings::default() };
    let bars = [[100.0, 105.0, 95.0, 100.0]];
    let expected = ["sell of 0: 20 at 95", "buy of 0: 10 at 105"];
    check((&two_shares()[..1], &settings), &[0], &bars, &asked, &expected, "9850");
    // So a position that does not survive the way down earns nothing on the way up; a stop behind that changes nothing.
    let bars = [[100.0, 110.0, 100.0, 108.0], [100.0, 100.0, 70.0, 72.0]];
    let adds = (0, Ticket::buy(units(300)).stop(p(105.0)));
    let gone = ["sell of 1: 400 at 78.94"];
    let contracts = in_cents(2);
    let market = (&contracts[..], &Settings::default());
    check(market, &[0, 400], &bars, &[adds], &gone, "1576");
    check(market, &[0, 400], &bars, &[adds, (1, sell(400).stop(p(75.0)))], &gone, "1576");
}

/// A market order of another symbol, even one that is refused, walked to its worst price first, and a position was liquidated on
/// the way that was to be closed at the open.
#[test]
fn what_fills_at_the_open_fills_before_the_worst_price() {
    let settings = Settings { fill: FillPrice::Worst, ..Settings::default() };
    let contracts = in_cents(2);
    let bars = [[100.0, 125.0, 99.0, 100.0]; 2];
    let (exit, entry) = ((0, buy(500).limit(p(101.0))), |count| (1, Ticket::buy(units(count))));
    let closed = "buy of 0: 500 at 100";
    check((&contracts, &settings), &[-500, 0], &bars, &[exit, entry(1)], &[closed, "buy of 1: 1 at 125"], "9975");
    check((&contracts, &settings), &[-500, 0], &bars, &[exit, entry(100_000)], &[closed], "10000");
}

/// Only what was held went along, and each to a whole tick: the others fell behind with every fill.
#[test]
fn all_symbols_go_along_and_stay_at_one_share_of_their_ways() {
    // What nobody holds yet: its stop at 92 comes before the liquidation at 90.23, which the hedge then prevents.
    let bars = [[100.0, 100.0, 80.0, 81.0]; 3];
    let hedge = (1, Ticket::sell(units(300)).stop(p(92.0)));
    let hedged = ["sell of 1: 300 at 92", "sell of 2: 700 at 92"];
    let contracts3 = in_cents(3);
    let plain = Settings::default();
    check((&contracts3, &plain), &[1, 0, 700], &bars, &[hedge], &hedged, "7681");
    let first = (0, sell(1).stop(p(95.0)));
    let expected = ["sell of 0: 1 at 95", hedged[0], "sell of 2: 700 at 92"];
    check((&contracts3, &plain), &[1, 0, 700], &bars, &[hedge, first], &expected, "7695");
    // Sixty stops on the way to 99.4, beside a symbol of coarse ticks.
    let stops: Vec<Asked> = (1..=60).map(|step| (0, sell(5).stop(p(f64::from(10_000 - step) / 100.0)))).collect();
    for tick in [0.01, 0.25, 0.5] {
        let contracts = contracts(&[p(0.01), p(tick)]);
        let run = run(&contracts, &plain, &[300, 600], &[[100.0, 100.0, 88.0, 95.0]; 2], &stops);
        assert_eq!((fills(&run).len(), run.engine_equity.to_string()), (60, "6908.5".to_owned()), "{tick}");
    }
}

/// A stop that found no volume hid the next one, and the position behind that was liquidated.
#[test]
fn a_stop_without_volume_hides_no_other() {
    let settings = Settings { volume_cap: Some(Rate::percent(20)), ..Settings::default() };
    // The first takes all of the 200 units that a bar has for us; the second would sell short and finds none.
    let asked = [
        (0, sell(200).stop(p(99.5))),
        (0, Ticket::sell(units(20)).stop(p(99.0))),
        (1, sell(200).stop(p(85.0))),
        (2, sell(200).stop(p(72.0))),
    ];
    // Without the third one the margin breaks at 79.2.
    let expected = ["sell of 0: 200 at 99.5", "sell of 1: 200 at 85", "sell of 2: 200 at 72"];
    let bars = [[100.0, 100.0, 70.0, 71.0]; 3];
    check((&in_cents(3), &settings), &[200; 3], &bars, &asked, &expected, "1300");
}

/// What another symbol's order did to the place of a symbol turned its limits round: the sale came first, and was refused.
#[test]
fn other_symbols_do_not_change_the_order_of_one() {
    let own = [(0, Ticket::buy(units(10)).limit(p(97.0))), (0, Ticket::sell(units(10)).limit(p(103.0)))];
    let bars = [[100.0, 105.0, 95.0, 100.0], [100.0, 110.0, 90.0, 100.0]];
    let (bought, sold) = ("buy of 0: 10 at 97", "sell of 0: 10 at 103");
    for fill in [FillPrice::NextOpen, FillPrice::Worst] {
        let settings = Settings { fill, ..Settings::default() };
        check((&two_shares(), &settings), &[0, 0], &bars, &own, &[bought, sold], "10060");
        let beside = [&own[..], &[(1, Ticket::buy(units(1)).stop(p(110.0)))]].concat();
        check((&two_shares(), &settings), &[0, 0], &bars, &beside, &["buy of 1: 1 at 110", bought, sold], "10050");
    }
    // Market orders fill as they were sent, and what comes behind them does not follow from that.
    let settings = Settings { fill: FillPrice::Worst, allow_short: true, ..Settings::default() };
    let markets = [(0, Ticket::buy(units(1))), (1, Ticket::sell(units(1)))];
    let equity = |asked: &[Asked]| run(&two_shares(), &settings, &[0, 0], &bars, asked).engine_equity;
    assert_eq!(equity(&[&markets[..], &own].concat()), equity(&[&[markets[1], markets[0]][..], &own].concat()));
}

/// The price that breaks the margin was put to a tick of the other symbol, all of its way later: the position went at the low.
#[test]
fn a_short_way_of_another_symbol_takes_no_position_to_its_low() {
    let (falls, still) = ([100.0, 101.0, 80.0, 100.0], [100.0, 100.0, 99.99, 100.0]);
    let gone = "sell of 0: 900 at 93.56";
    let contracts = in_cents(2);
    let of = |ticket| [(1, ticket)];
    let stop = of(Ticket::sell(units(1)).stop(p(99.99)));
    let plain = Settings::default();
    check((&contracts, &plain), &[900, 0], &[falls, still], &stop, &[gone, "sell of 1: 1 at 99.99"], "4203.99");
    let limit = of(Ticket::buy(units(1)).limit(p(99.99)));
    check((&contracts, &plain), &[900, 0], &[falls, still], &limit, &[gone, "buy of 1: 1 at 99.99"], "4204.01");
    let worst = Settings { fill: FillPrice::Worst, ..Settings::default() };
    let market = of(Ticket::sell(units(1)));
    check((&contracts, &worst), &[900, 0], &[falls, still], &market, &[gone, "sell of 1: 1 at 99.99"], "4203.99");
}

/// At the worst price of several symbols what reduces fills first: a stop on the way to it waited for that, and was passed by.
#[test]
fn a_stop_on_the_way_to_a_worst_price_waits_for_nothing() {
    let worst = Settings { fill: FillPrice::Worst, ..Settings::default() };
    let asked = [(0, sell(800).stop(p(96.0))), (0, Ticket::buy(units(1))), (1, sell(10))];
    let bars = [[100.0, 101.0, 80.0, 100.0]; 2];
    let expected = ["sell of 0: 800 at 96", "sell of 1: 10 at 80", "buy of 0: 1 at 101"];
    check((&in_cents(2), &worst), &[800, 10], &bars, &asked, &expected, "6599");
    // An order that is refused changes nothing of what is liquidated.
    let bars = [[100.0, 100.0, 80.0, 95.0], [100.0, 120.0, 100.0, 101.0], [100.0, 101.0, 99.0, 100.0]];
    let gone = ["sell of 0: 480 at 88.26", "buy of 1: 450 at 104.48"];
    for count in [0, 1_000] {
        let refused = if count == 0 { buy(5) } else { Ticket::buy(units(count)) };
        check((&in_cents(3), &worst), &[480, -450, 0], &bars, &[(2, refused)], &gone, "2348.8");
    }
}

/// It expired at the next open, the first market that it could meet.
#[test]
fn a_market_order_of_a_fill_inside_a_bar_has_the_next_day() {
    let entry = Ticket::buy(units(1)).limit(p(97.0));
    let days: [&[[f64; 4]]; 2] = [&[FLAT, [100.0, 105.0, 95.0, 100.0], FLAT, FLAT], &[FLAT; 4]];
    let run = run_several(two_shares(), Settings::default(), &days, |day, context| {
        if day == 0 {
            let entry = context.send(entry.on(InstrumentId(0)));
            context.send(Ticket::buy(units(1)).time_in_force(TimeInForce::Day).after(entry).on(InstrumentId(1)));
        }
    });
    assert_eq!(fills(&run), ["buy of 1: 1 at 100"]);
}

/// It came behind all that lies on the way down, and what it would have closed was liquidated.
#[test]
fn what_wakes_where_the_market_is_fills_there() {
    for (held, sign) in [(500, 1.0), (-500, -1.0)] {
        let side = if held > 0 { Side::Sell } else { Side::Buy };
        let at = |distance: f64| p(100.0 - sign * distance);
        let bar = if held > 0 { [100.0, 100.0, 80.0, 95.0] } else { [100.0, 120.0, 100.0, 105.0] };
        let days: [&[[f64; 4]]; 1] = [&[FLAT, FLAT, bar]];
        let run = run_several(in_cents(1), Settings::default(), &days, |day, context| match day {
            0 => _ = context.send(Ticket::new(side.opposite(), units(500))),
            1 => {
                let first = context.send(Ticket::new(side, units(1)).stop(at(4.0)));
                context.send(Ticket::new(side, units(300)).limit(at(10.0)).reduce_only().after(first));
            }
            _ => {}
        });
        assert_eq!((fills(&run).len(), run.engine_equity.to_string()), (2, "7801".to_owned()), "{:?}", fills(&run));
    }
}

/// A stop near the low left the market there, and what a limit bought on the way was liquidated at the low, in debt.
#[test]
fn what_a_limit_opens_behind_the_market_goes_from_its_price() {
    let asked = [(0, sell(10).stop(p(82.0))), (1, Ticket::buy(units(900)).limit(p(95.0)))];
    let run = run(&in_cents(2), &Settings::default(), &[10, 0], &[[100.0, 100.0, 80.0, 95.0]; 2], &asked);
    // 9,820 - 900 x (95 - p) meets 5 % of 900 x p at p = 88.5146.
    let expected = ["sell of 0: 10 at 82", "buy of 1: 900 at 95", "sell of 1: 900 at 88.51"];
    assert_eq!(fills(&run), expected);
}

/// With the target first, the stop on the other way comes behind both.
#[test]
fn a_target_that_comes_first_does_not_call_the_stop() {
    let settings = Settings { intrabar: Intrabar::TargetFirst, ..Settings::default() };
    let bars = [[100.0, 112.0, 90.0, 100.0], [100.0, 140.0, 99.0, 100.0]];
    let target = (0, sell(300).limit(p(111.0)));
    let equity = |asked: &[Asked]| run(&in_cents(2), &settings, &[300, -400], &bars, asked).engine_equity.to_string();
    assert_eq!([equity(&[target, (0, sell(300).stop(p(95.0)))]), equity(&[target])], ["5524", "5524"]);
}

fn targets_first() -> Settings {
    Settings { intrabar: Intrabar::TargetFirst, ..Settings::default() }
}

/// Any stop on the other way, or one where the market stood, hid a stop in front of the liquidation.
#[test]
fn with_the_target_first_a_stop_in_front_of_the_liquidation_saves_the_position() {
    let bars = [[100.0, 112.0, 90.0, 100.0], [100.0, 140.0, 99.0, 100.0]];
    let (target, stop) = ((0, sell(300).limit(p(111.0))), (1, buy(400).stop(p(105.0))));
    for other in [sell(1).stop(p(99.5)), sell(300).stop(p(95.0)), buy(1).stop(p(120.0))] {
        let asked = [target, stop, (0, other)];
        let run = run(&in_cents(2), &targets_first(), &[300, -400], &bars, &asked);
        assert_eq!(fills(&run), ["buy of 1: 400 at 105", "sell of 0: 300 at 111"], "{other:?}");
    }
    for deep in [None, Some(82.0)] {
        let days: [&[[f64; 4]]; 1] = [&[FLAT, FLAT, [100.0, 100.0, 80.0, 95.0]]];
        let run = run_several(in_cents(1), targets_first(), &days, |day, context| match day {
            0 => _ = context.send(Ticket::buy(units(500))),
            1 => {
                let first = context.send(Ticket::buy(units(1)).limit(p(96.0)));
                context.send(sell(400).stop(p(97.0)).after(first));
                deep.map(|price| context.send(Ticket::buy(units(1)).limit(p(price))));
            }
            _ => {}
        });
        assert_eq!(fills(&run)[..2], ["buy of 0: 1 at 96", "sell of 0: 400 at 96"], "{deep:?}");
    }
}

/// A bid far below called the stop before it, even one that was refused.
#[test]
fn with_the_target_first_a_bid_behind_the_liquidation_calls_no_stop() {
    for bid in [None, Some(1), Some(100_000)] {
        let days: [&[[f64; 4]]; 1] = [&[FLAT, FLAT, [100.0, 107.0, 88.0, 94.0]]];
        let run = run_several(in_cents(1), targets_first(), &days, |day, context| {
            if day == 1 {
                context.bracket(Ticket::buy(units(850)), p(98.0), p(101.0));
                bid.map(|count| context.send(Ticket::buy(units(count)).limit(p(90.0))));
            }
        });
        let rest: &[&str] = if bid == Some(1) { &["buy of 0: 1 at 90"] } else { &[] };
        let expected = [&["buy of 0: 850 at 100", "sell of 0: 850 at 101"], rest].concat();
        assert_eq!(fills(&run), expected, "{bid:?}");
    }
}
