//! Orders with a target weight that turn the position: they close first, and size what they open with what is left.
use qframe_engine::venue::Settings;
use qframe_engine::{Context, Ticket};
use qframe_model::ids::InstrumentId;
use qframe_model::number::{Quantity, Rate};
use qframe_model::order::{OrderKind, Size, TimeInForce};

use crate::script::{FLAT, bars, p, run_with, stock};
use crate::several::{run_several, two_shares};

const TEN: Size = Size::Units(Quantity::whole(10));
/// So many units sold short are a tenth of 9,950, what the account is worth after ten units fell from 100 to 95.
const SHORT: &str = "10.47368421";

fn weight(percent: i64) -> Size {
    Size::TargetWeight(Rate::percent(percent))
}

/// Ten units are held when the ticket meets the bar of day 2; two bars of 100 follow.
fn check(what: &str, settings: Settings, bar: [f64; 4], ticket: Ticket, expected: &[&str]) {
    let script = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(TEN),
        1 => _ = context.send(ticket),
        _ => {}
    };
    let run = run_with(stock(), settings, &bars(&[FLAT, FLAT, bar, FLAT, FLAT]), script);
    assert_eq!(run.reports()[1..], *expected, "{what}");
}

fn shorts() -> Settings {
    Settings { allow_short: true, ..Settings::default() }
}

#[test]
fn a_turn_inside_the_range_is_at_one_price() {
    // The second part of a limit filled at the limit, where the bar never was; that of a stop at the next open.
    let sell = |kind| Ticket::sell(weight(-10)).kind(kind);
    let turns = |what: &str, bar, kind, at: &str, short: &str| {
        let closes = format!("day 2 2 sell 10 at {at} in part");
        let opens = format!("day 2 2 sell {short} at {at}");
        check(what, shorts(), bar, sell(kind), &["accepted 2", &closes, &opens]);
    };
    let (falls, rises) = ([100.0, 100.0, 94.0, 96.0], [100.0, 106.0, 100.0, 104.0]);
    turns("stop-limit", falls, OrderKind::StopLimit { trigger: p(95.0), limit: p(90.0) }, "95", SHORT);
    turns(
        "limit-if-touched",
        rises,
        OrderKind::LimitIfTouched { trigger: p(105.0), limit: p(90.0) },
        "105",
        "9.571428571",
    );
    turns("stop", falls, OrderKind::Stop(p(95.0)), "95", SHORT);
    turns("if touched", rises, OrderKind::MarketIfTouched(p(105.0)), "105", "9.571428571");
}

#[test]
fn a_turn_fills_whole_or_not_at_all() {
    // It closed, and then could not open.
    let turn = Ticket::sell(weight(-100)).time_in_force(TimeInForce::Fok);
    let forbidden = "rejected 2: selling 100 with 0 held would be short; allow short sales to do that";
    check("shorts forbidden", Settings::default(), FLAT, turn, &[forbidden]);
    let capped = |percent| Settings { volume_cap: Some(Rate::percent(percent)), ..shorts() };
    check("no volume for both", capped(10), FLAT, turn, &["rejected 2: fill-or-kill, and it cannot fill whole"]);
    let whole = ["day 2 2 sell 10 at 100 in part", "day 2 2 sell 100 at 100"];
    check("volume for both", capped(11), FLAT, turn, &whole);
    check("all there is", shorts(), FLAT, turn, &whole);
}

#[test]
fn a_turn_that_fills_at_once_does_not_wait_for_its_second_part() {
    let settings = Settings { volume_cap: Some(Rate::percent(1)), ..shorts() };
    let turn = Ticket::sell(weight(-10)).stop(p(95.0)).time_in_force(TimeInForce::Ioc);
    let expected = ["accepted 2", "day 2 2 sell 10 at 95 in part", "cancelled 2 Immediate"];
    check("the close took the volume", settings, [100.0, 100.0, 94.0, 96.0], turn, &expected);
}

/// Half of it was done before another order took the money, or it was refused before another one freed it.
#[test]
fn a_whole_turn_waits_for_what_frees_money() {
    let turn = |context: &mut Context<'_>| {
        context.send(Ticket::sell(weight(-90)).on(InstrumentId(0)).time_in_force(TimeInForce::Fok));
    };
    let run = |other: i64, first: bool, then: fn(&mut Context<'_>)| {
        let script = move |day: usize, context: &mut Context<'_>| match day {
            0 => {
                context.send(Ticket::buy(weight(50)).on(InstrumentId(0)));
                context.send(Ticket::buy(weight(other)).on(InstrumentId(1)));
            }
            1 if first => {
                turn(context);
                then(context);
            }
            1 => {
                then(context);
                turn(context);
            }
            _ => {}
        };
        let run = run_several(two_shares(), shorts(), &[&[FLAT; 4], &[FLAT; 4]], script);
        run.reports()
            .into_iter()
            .filter(|line| line.starts_with("day 2") || line.contains("fill-or-kill"))
            .collect::<Vec<_>>()
    };
    let buys: fn(&mut Context<'_>) =
        |context| _ = context.send(Ticket::buy(Size::Units(Quantity::whole(40))).on(InstrumentId(1)));
    let whole = "rejected 4: fill-or-kill, and it cannot fill whole";
    assert_eq!(run(0, false, buys), ["day 2 3 buy 40 at 100", whole]);
    let sells: fn(&mut Context<'_>) = |context| _ = context.send(Ticket::sell(Size::Close).on(InstrumentId(1)));
    let turned =
        |order: u32| [format!("day 2 {order} sell 50 at 100 in part"), format!("day 2 {order} sell 90 at 100")];
    let [closes, opens] = turned(3);
    assert_eq!(run(50, true, sells), ["day 2 4 sell 50 at 100", &closes, &opens]);
    let [closes, opens] = turned(4);
    assert_eq!(run(50, false, sells), ["day 2 3 sell 50 at 100", &closes, &opens]);
}
