//! Words on their way to a venue that matches bars: what they find there, and in which order they come.
use qframe_engine::venue::{Latency, Settings};
use qframe_engine::{AtEnd, Context, Limits, Market, PortfolioLimits, Strategy, SymbolLimits, Ticket};
use qframe_model::event::{Event, Report};
use qframe_model::fill::Fill;
use qframe_model::ids::{OrderId, SeriesId};
use qframe_model::market::Side;
use qframe_model::number::{Cash, Rate};
use qframe_model::order::{OrderKind, Size, TimeInForce, Trail};
use qframe_model::time::{Span, Time};

use crate::script::{FLAT, bars, p, run_within, simulator, stock};
use crate::several::units;

const HOUR: i64 = 3_600;

fn hours(count: i64) -> Latency {
    Latency::Time(Span::from_seconds(count * HOUR))
}

/// What is told but for what is accepted.
fn told(latency: Latency, prices: &[[f64; 4]], script: impl FnMut(usize, &mut Context<'_>)) -> Vec<String> {
    told_within(Limits::default(), latency, prices, script)
}

/// As [`told`], within limits.
fn told_within(
    limits: Limits,
    latency: Latency,
    prices: &[[f64; 4]],
    script: impl FnMut(usize, &mut Context<'_>),
) -> Vec<String> {
    let settings = Settings { latency, allow_short: true, ..Settings::default() };
    let lines = run_within(limits, settings, &bars(prices), script).reports();
    lines.into_iter().filter(|line| !line.starts_with("accepted")).collect()
}

fn up_to(value: i64) -> Limits {
    Limits {
        symbol: SymbolLimits { position_value: Some(Cash::whole(value)), ..SymbolLimits::default() },
        ..Limits::default()
    }
}

/// It followed the price of when it was sent, and sold at once behind a fall from before it was there.
#[test]
fn a_trailing_stop_follows_from_its_arrival() {
    let trails = |side: Side| {
        move |day: usize, context: &mut Context<'_>| match day {
            0 => _ = context.send(Ticket::new(side, units(10))),
            3 => {
                let stop = OrderKind::TrailingStop(Trail::Distance(p(5.0)));
                context.send(Ticket::new(side.opposite(), Size::Close).reduce_only().kind(stop));
            }
            _ => {}
        }
    };
    let falls =
        [[100.0, 100.0, 80.0, 80.0], [80.0, 80.0, 79.0, 80.0], [80.0, 81.0, 79.0, 80.0], [80.0, 80.0, 74.0, 74.0]];
    let falls = [&[FLAT; 4][..], &falls].concat();
    for latency in [Latency::Bars(1), hours(24), hours(30), hours(1)] {
        let fills = told(latency.clone(), &falls, trails(Side::Buy));
        assert_eq!(fills.last().unwrap(), "day 7 2 sell 10 at 76", "{latency:?}");
    }
    let up = |[open, high, low, close]: [f64; 4]| [200.0 - open, 200.0 - low, 200.0 - high, 200.0 - close];
    let rises: Vec<_> = falls.iter().copied().map(up).collect();
    assert_eq!(told(hours(30), &rises, trails(Side::Sell)).last().unwrap(), "day 7 2 buy 10 at 124");
}

/// It took no time on bars: an order was gone before the venue had heard of it.
#[test]
fn a_cancellation_is_on_its_way_as_an_order_is() {
    let withdraws = |kind: OrderKind| {
        move |day: usize, context: &mut Context<'_>| match day {
            0 => _ = context.send(Ticket::buy(units(10)).kind(kind)),
            3 => context.cancel(OrderId(1)),
            _ => {}
        }
    };
    let limit = withdraws(OrderKind::Limit(p(90.0)));
    let (filled, gone) = ("1 buy 10 at 90", "cancelled 1 Requested");
    let dips_on = |day: usize| {
        let mut days = [FLAT; 8];
        days[day] = [100.0, 100.0, 80.0, 80.0];
        days
    };
    for (latency, day, fills) in [
        (Latency::None, 4, false),
        (Latency::Bars(1), 4, true),
        (Latency::Bars(1), 5, false),
        (Latency::Bars(2), 5, true),
        (Latency::Bars(2), 6, false),
        // In the bar in which it arrives nothing says what came first.
        (hours(1), 4, true),
        (hours(1), 5, false),
        (hours(24), 4, true),
        (hours(24), 5, false),
        (hours(30), 5, true),
        (hours(30), 6, false),
    ] {
        let expected = if fills { format!("day {day} {filled}") } else { gone.to_owned() };
        assert_eq!(told(latency.clone(), &dips_on(day), limit), [expected], "{latency:?}, on day {day}");
    }
    // It comes before the close of its bar.
    let on_close = |day: usize, context: &mut Context<'_>| {
        if day == 3 {
            let order = context.send(Ticket::buy(units(10)).kind(OrderKind::MarketOnClose));
            context.cancel(order);
        }
    };
    assert_eq!(told(hours(30), &[FLAT; 8], on_close), [gone]);
    // The data ends first.
    assert_eq!(told(Latency::Bars(9), &[FLAT; 8], limit), [gone]);
}

/// Each drew its own latency: the way out came first and was refused, and stops came days behind their entries.
#[test]
fn words_do_not_overtake_one_another() {
    let days = Span::from_seconds(3 * 86_400);
    let in_and_out = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.buy(units(10));
            context.send(Ticket::sell(units(10)).reduce_only());
        }
    };
    let guarded = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.bracket(Ticket::buy(units(10)), p(90.0), p(200.0));
        }
    };
    let falls = [FLAT, FLAT, FLAT, FLAT, FLAT, [85.0; 4]];
    for seed in 0..24 {
        let drawn = Latency::Drawn { quantiles: [Span::from_seconds(60), days].into(), seed };
        let fills = told(drawn.clone(), &[FLAT; 9], in_and_out);
        assert!(fills.len() == 2 && fills[1].ends_with("2 sell 10 at 100"), "{seed}: {fills:?}");
        let fills = told(drawn, &falls, guarded);
        assert_eq!(fills[1..], ["day 5 2 sell 10 at 85", "cancelled 3 Group"], "{seed}: {fills:?}");
    }
    // What was slow when the purchase was sent is fast when the sale is.
    let recorded = [(Time::EPOCH, days), (Time::EPOCH + Span::from_seconds(2 * 86_400), Span::SECOND)];
    let one_after_the_other = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(10)),
        1 => _ = context.send(Ticket::sell(units(10)).reduce_only()),
        _ => {}
    };
    let fills = told(Latency::Recorded(recorded.into()), &[FLAT; 9], one_after_the_other);
    assert_eq!(fills, ["day 4 1 buy 10 at 100", "day 4 2 sell 10 at 100"]);
}

/// One that arrived with a bar's close met that close and lived through the next day as well.
#[test]
fn what_arrives_with_a_close_is_for_the_next_day() {
    let day_limit = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.send(Ticket::buy(units(10)).limit(p(95.0)).time_in_force(TimeInForce::Day));
        }
    };
    let dips = [100.0, 100.0, 94.0, 94.0];
    assert_eq!(told(hours(24), &[FLAT, dips, FLAT, FLAT], day_limit), ["expired 1"]);
    assert_eq!(told(hours(24), &[FLAT, FLAT, dips, FLAT], day_limit), ["day 2 1 buy 10 at 95"]);
    assert_eq!(told(hours(24), &[FLAT, FLAT, FLAT, dips], day_limit), ["expired 1"]);
}

/// What could only reduce was withdrawn at the open that it waited for, and was on its way again when that was over.
#[test]
fn an_exit_that_goes_on_stands_where_it_stood() {
    let short = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.send(Ticket::sell(units(90))),
        3 => _ = context.send(Ticket::buy(units(90)).stop(p(110.0))),
        _ => {}
    };
    let gap = [FLAT, FLAT, FLAT, FLAT, FLAT, FLAT, FLAT, [130.0, 170.0, 130.0, 165.0], [165.0; 4]];
    let long = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.send(Ticket::buy(units(60))),
        3 => _ = context.send(Ticket::sell(units(60)).limit(p(112.0)).post_only()),
        _ => {}
    };
    let trails = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.send(Ticket::sell(units(90))),
        3 => {
            let stop = OrderKind::TrailingStop(Trail::Distance(p(10.0)));
            context.send(Ticket::buy(units(90)).kind(stop));
        }
        _ => {}
    };
    for latency in [Latency::None, hours(1), hours(30), Latency::Bars(1)] {
        let fills = told_within(up_to(11_000), latency.clone(), &gap, short);
        assert_eq!(fills[1..], ["cancelled 2 Requested", "day 7 3 buy 90 at 130"], "{latency:?}");
        let fills = told_within(up_to(7_500), latency.clone(), &gap, long);
        assert_eq!(fills[1..], ["cancelled 2 Requested", "day 7 3 sell 60 at 130"], "{latency:?}");
        let fills = told_within(up_to(11_000), latency.clone(), &gap, trails);
        assert_eq!(fills[1..], ["cancelled 2 Requested", "day 7 3 buy 90 at 130"], "{latency:?}");
    }
}

/// What the risk check withdrew at a close filled at the next open, before the venue had heard of it.
#[test]
fn what_the_risk_check_withdraws_fills_no_more() {
    let losing = PortfolioLimits { daily_loss: Some(Rate::percent(90)), ..PortfolioLimits::default() };
    let limits = Limits { portfolio: losing, ..up_to(6_000) };
    let buys = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.buy(units(50));
        }
    };
    let rises = [FLAT, [100.0, 125.0, 100.0, 125.0], [125.0, 125.0, 115.0, 120.0], [120.0; 4]];
    for latency in [hours(24), hours(30), Latency::Bars(1)] {
        assert_eq!(
            told_within(limits.clone(), latency.clone(), &rises, buys),
            ["cancelled 1 Requested"],
            "{latency:?}"
        );
    }
}

/// It came back under a new number, since the risk check withdrew it a second time.
#[test]
fn what_its_owner_withdrew_does_not_come_back() {
    let script = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(10)),
        3 => _ = context.send(Ticket::sell(units(10)).stop(p(70.0))),
        6 => context.cancel(OrderId(2)),
        _ => {}
    };
    let (high, low) = ([160.0; 4], [60.0; 4]);
    let days = [FLAT, FLAT, FLAT, FLAT, FLAT, FLAT, FLAT, high, high, high, low, low];
    for latency in [Latency::None, hours(1), hours(30), Latency::Bars(1), Latency::Bars(2)] {
        let fills = told_within(up_to(1_500), latency.clone(), &days, script);
        assert_eq!(fills[1..], ["cancelled 2 Requested"], "{latency:?}");
    }
}

/// Sends two orders on day 0, and answers the fill of the second.
struct Answers<F>([Ticket; 2], F);

impl<F: FnMut(&mut Context<'_>)> Strategy for Answers<F> {
    fn on_market(&mut self, _market: &Market<'_>, context: &mut Context<'_>) {
        if context.now() == Time::EPOCH + Span::DAY {
            self.0.iter().for_each(|ticket| _ = context.send(*ticket));
        }
    }

    fn on_fill(&mut self, fill: &Fill, context: &mut Context<'_>) {
        if fill.order == OrderId(2) {
            (self.1)(context);
        }
    }
}

/// The fills of a strategy that answers, and the equity in the end.
fn answered(
    latency: Latency,
    prices: &[[f64; 4]],
    orders: [Ticket; 2],
    answer: impl FnMut(&mut Context<'_>),
) -> (Vec<String>, String) {
    let settings = Settings { latency, ..Settings::default() };
    let mut simulator = simulator(Answers(orders, answer), stock(), settings);
    bars(prices).iter().for_each(|bar| _ = simulator.bar(SeriesId(0), bar).unwrap());
    let equity = simulator.end(AtEnd::Keep, &[]).unwrap().to_string();
    let fill = |event: Event| match event {
        Event::Reported(Report::Filled { fill, .. }) => {
            Some(format!("day {} {} at {}", fill.time.day(), fill.order, fill.price))
        }
        Event::Reported(Report::Cancelled { order, .. }) => Some(format!("cancelled {order}")),
        _ => None,
    };
    (simulator.engine().journal().iter().filter_map(|event| fill(event.unwrap())).collect(), equity)
}

/// It was sent at the bar's opening, since that is the fill's label, and met the close at which the fill was known.
#[test]
fn the_answer_to_a_fill_inside_a_bar_goes_out_at_its_close() {
    let falls = [FLAT, FLAT, FLAT, FLAT, [100.0, 100.0, 94.0, 97.0], [80.0; 4], [70.0; 4], [60.0; 4]];
    let orders = [Ticket::buy(units(1)), Ticket::buy(units(10)).limit(p(95.0))];
    let sells = |context: &mut Context<'_>| _ = context.send(Ticket::sell(units(10)).reduce_only());
    let last = |latency| answered(latency, &falls, orders, sells).0.pop().unwrap();
    assert_eq!(last(Latency::None), "day 5 3 at 80");
    assert_eq!(last(hours(1)), "day 6 3 at 80", "at the close of day 5");
    assert_eq!(last(hours(20)), "day 6 3 at 80");
    assert_eq!(last(hours(24)), "day 6 3 at 70");
    assert_eq!(last(Latency::Bars(1)), "day 6 3 at 70");
}

/// A cancellation carried the instant of the close, an order that of the fill.
#[test]
fn a_cancellation_and_an_order_of_one_answer_travel_together() {
    let orders = [Ticket::buy(units(50)).limit(p(80.0)), Ticket::buy(units(1)).limit(p(95.0))];
    let replaces = |context: &mut Context<'_>| {
        context.cancel(OrderId(1));
        context.send(Ticket::buy(units(2)).limit(p(85.0)));
    };
    let last = [[95.0, 95.0, 78.0, 90.0], [90.0; 4], [90.0; 4]];
    for (opens, at) in [(94.0, "94"), (100.0, "95")] {
        let falls = [&[FLAT, FLAT, FLAT, [opens, 100.0, 93.0, 95.0]][..], &last].concat();
        for latency in [hours(1), hours(20)] {
            let (fills, _) = answered(latency.clone(), &falls, orders, replaces);
            let filled = format!("day 3 2 at {at}");
            if opens < 95.0 {
                assert_eq!(fills, [&filled, "cancelled 1", "day 4 3 at 85"], "{latency:?}");
            } else {
                // Known at the close, both arrive inside the next bar: the cancellation comes behind its range.
                assert_eq!(fills, [&filled, "day 4 1 at 80"], "{latency:?}");
            }
        }
    }
}
