//! Words on their way to a venue that matches bars: what they find there, and in which order they come.
use qframe_engine::venue::{Latency, Settings};
use qframe_engine::{Context, Ticket};
use qframe_model::ids::OrderId;
use qframe_model::market::Side;
use qframe_model::order::{OrderKind, Size, TimeInForce, Trail};
use qframe_model::time::{Span, Time};

use crate::script::{FLAT, bars, p, run_with, stock};
use crate::several::units;

const HOUR: i64 = 3_600;

fn hours(count: i64) -> Latency {
    Latency::Time(Span::from_seconds(count * HOUR))
}

/// What is told but for what is accepted.
fn told(latency: Latency, prices: &[[f64; 4]], script: impl FnMut(usize, &mut Context<'_>)) -> Vec<String> {
    let settings = Settings { latency, allow_short: true, ..Settings::default() };
    let lines = run_with(stock(), settings, &bars(prices), script).reports();
    lines.into_iter().filter(|line| !line.starts_with("accepted")).collect()
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
