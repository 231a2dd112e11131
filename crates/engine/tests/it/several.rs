//! Several instruments side by side, each with a bar a day.
use std::sync::Arc;

use qframe_engine::venue::{FillPrice, Settings, SimVenue};
use qframe_engine::{
    AtEnd, Context, Engine, EngineSetup, Keep, Limits, Market, RiskControl, Series, Simulator, Sizing, Strategy, Ticket,
};
use qframe_model::currency::Currency;
use qframe_model::event::{Event, Header};
use qframe_model::ids::{InstrumentId, SeriesId};
use qframe_model::instrument::{Instrument, Margin, Rules};
use qframe_model::market::{Bar, CorporateAction, Side};
use qframe_model::number::{Cash, Quantity, Rate};
use qframe_model::order::Size;
use qframe_model::time::{Span, Time, TimeFrame};

use crate::script::{Run, bars, instrument, p, stock};
use crate::tick_laws::random;

/// Speaks once a day, when all bars of the day are in.
struct Daily<F>(usize, F);

impl<F: FnMut(usize, &mut Context<'_>)> Strategy for Daily<F> {
    fn on_market(&mut self, _market: &Market<'_>, _context: &mut Context<'_>) {}
    fn on_instant(&mut self, context: &mut Context<'_>) {
        (self.1)(self.0, context);
        self.0 += 1;
    }
}

/// Runs a script over instruments, the days of each in a row, with 10,000 USD.
pub(crate) fn run_several(
    instruments: Vec<Instrument>,
    settings: Settings,
    days: &[&[[f64; 4]]],
    script: impl FnMut(usize, &mut Context<'_>),
) -> Run {
    run_several_within(Limits::default(), instruments, settings, days, script)
}

/// As [`run_several`], within limits.
pub(crate) fn run_several_within(
    limits: Limits,
    instruments: Vec<Instrument>,
    settings: Settings,
    days: &[&[[f64; 4]]],
    script: impl FnMut(usize, &mut Context<'_>),
) -> Run {
    run_several_until(AtEnd::Keep, limits, instruments, (settings, days), script)
}

fn run_several_until(
    at_end: AtEnd,
    limits: Limits,
    instruments: Vec<Instrument>,
    (settings, days): (Settings, &[&[[f64; 4]]]),
    script: impl FnMut(usize, &mut Context<'_>),
) -> Run {
    let instruments: Arc<[Instrument]> = instruments.into();
    let ids = (0..instruments.len() as u16).map(InstrumentId);
    let series: Vec<_> = ids.map(|instrument| Series { instrument, frame: TimeFrame::DAY, matched: true }).collect();
    let venue = SimVenue::new(settings, &instruments);
    let setup =
        EngineSetup { instruments, series, reporting: Currency::USD, sizing: Sizing::default(), keep: Keep::All };
    let mut simulator = Simulator::new(Engine::new(Daily(0, script), RiskControl::from(limits), setup).unwrap(), venue);
    simulator.start(Time::EPOCH, Header::default(), Cash::whole(10_000)).unwrap();
    let days: Vec<Vec<Bar>> = days.iter().map(|prices| bars(prices)).collect();
    let mut equity = Vec::new();
    for day in 0..days[0].len() {
        let opens = days[0][day].time;
        let closes = opens + Span::from_seconds(86_400);
        let group = || days.iter().zip(0..).filter_map(|(bars, place)| Some((SeriesId(place), bars.get(day)?)));
        simulator.open(opens, &group().map(|(id, bar)| (id, bar, closes)).collect::<Vec<_>>()).unwrap();
        equity.push(simulator.close(closes, &group().collect::<Vec<_>>()).unwrap());
    }
    let engine_equity = simulator.end(at_end, &[]).unwrap();
    let engine = simulator.into_engine();
    engine.account().ledger().check().unwrap();
    let events: Vec<Event> = engine.journal().iter().map(Result::unwrap).collect();
    Run { events, equity, engine_equity, hash: engine.journal().hash().to_string() }
}

const FLAT: [f64; 4] = [100.0; 4];

pub(crate) fn units(count: i64) -> Size {
    Size::Units(Quantity::whole(count))
}

pub(crate) fn two_shares() -> Vec<Instrument> {
    ["AAPL", "KO"].map(|symbol| instrument(symbol, Rules::default())).to_vec()
}

/// From all of the first share to all of the second, the purchase sent before the sale that pays for it.
fn rotate(day: usize, context: &mut Context<'_>) {
    let [first, second] = [InstrumentId(0), InstrumentId(1)];
    match day {
        0 => _ = context.send(Ticket::buy(units(100)).on(first)),
        1 => {
            context.send(Ticket::buy(units(100)).on(second));
            context.send(Ticket::sell(Size::Close).reduce_only().on(first));
        }
        _ => {}
    }
}

#[test]
fn sales_pay_for_the_purchases_of_the_same_instant() {
    let check = |fill, expected: [&str; 3]| {
        let settings = Settings { fill, ..Settings::default() };
        let run = run_several(two_shares(), settings, &[&[FLAT; 3], &[FLAT; 3]], rotate);
        assert_eq!(run.reports(), expected, "{fill:?}");
    };
    let at_the_open = ["day 1 1 buy 100 at 100", "day 2 3 sell 100 at 100", "day 2 2 buy 100 at 100"];
    check(FillPrice::NextOpen, at_the_open);
    check(FillPrice::Worst, at_the_open);
    check(FillPrice::SameClose, ["day 1 1 buy 100 at 100", "day 2 3 sell 100 at 100", "day 2 2 buy 100 at 100"]);
}

/// A stop that the whole of its bar had passed filled at the best price of that.
#[test]
fn what_wakes_on_another_share_meets_the_worst_price_of_its_bar() {
    let check = |what: &str, child: Ticket, rest: &[&str]| {
        let script = |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                let entry = context.send(Ticket::buy(units(10)).limit(p(95.0)).on(InstrumentId(0)));
                context.send(child.on(InstrumentId(1)).after(entry));
            }
        };
        let settings = Settings { allow_short: true, ..Settings::default() };
        let days: [&[[f64; 4]]; 2] = [&[FLAT, [100.0, 100.0, 94.0, 97.0]], &[FLAT, [100.0, 103.0, 98.0, 101.0]]];
        let run = run_several(two_shares(), settings, &days, script);
        let expected = [&["accepted 1", "accepted 2", "day 1 1 buy 10 at 95"], rest].concat();
        assert_eq!(run.reports(), expected, "{what}");
    };
    let sell = Ticket::sell(units(10));
    check("limit below", sell.limit(p(90.0)), &["day 1 2 sell 10 at 98"]);
    check("limit at the close", sell.limit(p(100.5)), &["day 2 2 sell 10 at 100.5"]);
    check("limit above the close", sell.limit(p(102.0)), &[]);
    check("stop", sell.stop(p(99.0)), &["day 1 2 sell 10 at 98"]);
    check("stop above", sell.stop(p(105.0)), &["day 1 2 sell 10 at 98"]);
}

/// What its entry has opened in one share says nothing of another.
#[test]
fn a_child_that_closes_another_share_closes_all_of_it() {
    let days: [&[[f64; 4]]; 2] = [&[FLAT; 4], &[FLAT; 4]];
    let run = run_several(two_shares(), Settings::default(), &days, |day, context| match day {
        0 => _ = context.send(Ticket::buy(units(30)).on(InstrumentId(1))),
        1 => {
            let [entry, ..] = context.bracket(Ticket::buy(units(10)).on(InstrumentId(0)), p(90.0), p(110.0));
            context.send(Ticket::sell(Size::Close).on(InstrumentId(1)).after(entry));
        }
        _ => {}
    });
    assert!(run.reports().contains(&"day 2 5 sell 30 at 100".to_owned()), "{:?}", run.reports());
}

#[test]
fn a_silent_share_changes_nothing_in_another() {
    // Beside it the position was closed before a purchase that was sent first and could not be paid.
    let first = InstrumentId(0);
    let script = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.send(Ticket::buy(units(100)).on(first)),
        1 => {
            context.send(Ticket::buy(units(10)).on(first));
            context.send(Ticket::sell(Size::Close).reduce_only().on(first));
        }
        _ => {}
    };
    for fill in [FillPrice::NextOpen, FillPrice::Worst, FillPrice::SameClose] {
        let settings = Settings { fill, ..Settings::default() };
        let alone = run_several(vec![stock()], settings.clone(), &[&[FLAT; 4]], script).reports();
        assert!(alone[1].starts_with("rejected 2"), "{alone:?}");
        let beside = run_several(two_shares(), settings, &[&[FLAT; 4], &[FLAT; 4]], script).reports();
        assert_eq!(alone, beside, "{fill:?}");
    }
}

#[test]
fn whatever_is_sent_a_silent_share_changes_nothing() {
    for seed in 0..300 {
        let asks = || {
            let mut random = random(seed);
            move |_: usize, context: &mut Context<'_>| {
                for _ in 0..random(4) {
                    let size = match random(6) {
                        0 => Size::Close,
                        1 => Size::TargetWeight(Rate::percent(random(200) as i64 - 100)),
                        2 => Size::TargetUnits(Quantity::whole(random(60) as i64 - 30)),
                        _ => units(1 + random(70) as i64),
                    };
                    let side = if random(2) == 0 { Side::Buy } else { Side::Sell };
                    let price = p(95.0 + random(10) as f64);
                    let ticket = Ticket::new(side, size).on(InstrumentId(0));
                    context.send(match random(5) {
                        0 => ticket.limit(price),
                        1 => ticket.stop(price),
                        2 => ticket.reduce_only(),
                        _ => ticket,
                    });
                }
            }
        };
        let mut prices = random(seed + 1);
        let mut bar = || [0; 4].map(|_| 95.0 + prices(10) as f64);
        let days: Vec<[f64; 4]> = (0..8)
            .map(|_| bar())
            .map(|[a, b, c, d]| {
                let all = [a, b, c, d];
                [a, all.into_iter().fold(a, f64::max), all.into_iter().fold(a, f64::min), d]
            })
            .collect();
        let fill = [FillPrice::NextOpen, FillPrice::Worst, FillPrice::SameClose][seed as usize % 3];
        let settings = Settings { fill, allow_short: true, ..Settings::default() };
        let fills = |run: Run| run.reports().into_iter().filter(|line| line.contains(" at ")).collect::<Vec<_>>();
        let alone = fills(run_several(vec![stock()], settings.clone(), &[&days], asks()));
        let beside = fills(run_several(two_shares(), settings, &[&days, &[FLAT; 8]], asks()));
        assert_eq!(alone, beside, "seed {seed}");
    }
}

/// The trade said that it was closed with its last bar, and the money came when the others ended.
#[test]
fn what_has_no_bars_any_more_is_closed_when_the_others_end() {
    let both = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            for id in [0, 1].map(InstrumentId) {
                context.send(Ticket::buy(units(1)).on(id));
            }
        }
    };
    let ended: &[[f64; 4]] = &[FLAT, FLAT, [103.0, 104.0, 102.0, 103.5]];
    for (at_end, last) in [
        (AtEnd::CloseAtClose, "day 10 end_of_data sell 1 at 100"),
        (AtEnd::CloseAtOpen, "day 9 end_of_data sell 1 at 100"),
    ] {
        let days: &[&[[f64; 4]]] = &[&[FLAT; 10], ended];
        let run = run_several_until(at_end, Limits::default(), two_shares(), (Settings::default(), days), both);
        assert_eq!(run.reports()[2..], [last, "day 10 end_of_data sell 1 at 103.5"]);
    }
}

#[test]
fn a_split_ends_the_orders_of_its_own_share_only() {
    let actions = vec![(Time::from_seconds(2 * 86_400), InstrumentId(0), CorporateAction::Split(Rate::percent(200)))];
    let settings = Settings { actions, ..Settings::default() };
    let rest = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            for id in [0, 1].map(InstrumentId) {
                context.send(Ticket::buy(units(1)).limit(p(90.0)).on(id));
            }
        }
    };
    let half = [50.0; 4];
    let run = run_several(two_shares(), settings, &[&[FLAT, FLAT, half, half], &[FLAT; 4]], rest);
    assert_eq!(run.reports(), ["accepted 1", "accepted 2", "cancelled 1 Split", "split 2"]);
}

/// Its data ends on its last day: the clock of the others settles it at its last price.
#[test]
fn a_contract_without_bars_settles_all_the_same() {
    let margin = Margin { initial: Rate::percent(5), maintenance: Rate::percent(2) };
    let future = instrument("ES-19700103", Rules { margin, ..Rules::default() });
    let buy = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.send(Ticket::buy(units(1)).on(InstrumentId(1)));
        }
    };
    let instruments = vec![instrument("AAPL", Rules::default()), future];
    let run = run_several(instruments, Settings::default(), &[&[FLAT; 4], &[FLAT, [104.0; 4]]], buy);
    assert_eq!(run.reports(), ["day 1 1 buy 1 at 104", "day 3 expiry sell 1 at 104"]);
}

#[test]
fn a_settled_contract_takes_no_orders() {
    let rules =
        Rules { margin: Margin { initial: Rate::percent(5), maintenance: Rate::percent(2) }, ..Rules::default() };
    let future = instrument("ES-19700103", rules);
    let late = |day: usize, context: &mut Context<'_>| {
        if day == 1 || day == 3 {
            context.send(Ticket::buy(units(1)).on(InstrumentId(0)));
        }
    };
    let run = run_several(vec![future], Settings::default(), &[&[FLAT; 5]], late);
    let settled = "refused 2: the contract has settled; roll to a later one";
    assert_eq!(run.reports(), ["day 2 1 buy 1 at 100", "day 3 expiry sell 1 at 100", settled]);
}
