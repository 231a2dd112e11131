//! Bars of different lengths beside each other: what happens inside a longer one.
use std::sync::Arc;

use qframe_engine::venue::{Settings, SimVenue};
use qframe_engine::{
    AtEnd, Context, Engine, EngineSetup, Keep, Market, RiskControl, Series, Simulator, Sizing, Strategy, Ticket,
};
use qframe_model::currency::Currency;
use qframe_model::event::{Event, Header, Report};
use qframe_model::ids::{InstrumentId, OrderId, SeriesId};
use qframe_model::instrument::Instrument;
use qframe_model::market::Bar;
use qframe_model::number::Cash;
use qframe_model::order::{OrderKind, Trail};
use qframe_model::time::{Span, Time, TimeFrame};

use crate::script::{FLAT, bars, p};
use crate::several::{two_shares, units};

const HOURLY: InstrumentId = InstrumentId(0);
const DAILY: InstrumentId = InstrumentId(1);

/// Speaks at the close of each hour, counted from 1.
struct Hourly<F>(F);

impl<F: FnMut(i64, &mut Context<'_>)> Strategy for Hourly<F> {
    fn on_market(&mut self, _market: &Market<'_>, _context: &mut Context<'_>) {}

    fn on_instant(&mut self, context: &mut Context<'_>) {
        (self.0)(context.now().since(Time::EPOCH).nanos() / 3_600_000_000_000, context);
    }
}

/// The fills of a script over a share with an hourly bar of 100 and one with these days.
fn fills(days: &[[f64; 4]], script: impl FnMut(i64, &mut Context<'_>)) -> Vec<String> {
    let instruments: Arc<[Instrument]> = two_shares().into();
    let frames = [TimeFrame::from_seconds(3_600).unwrap(), TimeFrame::DAY];
    let series = [HOURLY, DAILY].into_iter().zip(frames);
    let series = series.map(|(instrument, frame)| Series { instrument, frame, matched: true }).collect();
    let venue = SimVenue::new(Settings::default(), &instruments);
    let setup =
        EngineSetup { instruments, series, reporting: Currency::USD, sizing: Sizing::default(), keep: Keep::All };
    let mut simulator = Simulator::new(Engine::new(Hourly(script), RiskControl::default(), setup).unwrap(), venue);
    simulator.start(Time::EPOCH, Header::default(), Cash::whole(10_000)).unwrap();
    let [hour, day] = frames.map(TimeFrame::span);
    for daily in bars(days) {
        let mut now = daily.time;
        while now < daily.time + day {
            let hourly = Bar { time: now, ..bars(&[FLAT])[0] };
            let opens = [(SeriesId(0), &hourly, now + hour), (SeriesId(1), &daily, now + day)];
            simulator.open(now, if now == daily.time { &opens } else { &opens[..1] }).unwrap();
            now = now + hour;
            let closes = [(SeriesId(1), &daily), (SeriesId(0), &hourly)];
            simulator.close(now, if now == daily.time + day { &closes } else { &closes[1..] }).unwrap();
        }
    }
    simulator.end(AtEnd::Keep, &[]).unwrap();
    let line = |event: Event| match event {
        Event::Reported(Report::Filled { fill, .. }) => {
            let hour = fill.time.since(Time::EPOCH).nanos() / Span::from_seconds(3_600).nanos();
            Some(format!("hour {hour}: {} {} {} at {}", fill.order, fill.side, fill.quantity, fill.price))
        }
        Event::Reported(Report::Cancelled { order, .. }) => Some(format!("cancelled {order}")),
        _ => None,
    };
    simulator.engine().journal().iter().filter_map(|event| line(event.unwrap())).collect()
}

/// A stop that had rested for most of a day was gone with the word, and the day's range with it.
#[test]
fn what_is_withdrawn_inside_a_bar_has_lived_through_its_range() {
    let script = |last: i64| {
        move |hour: i64, context: &mut Context<'_>| match hour {
            1 => _ = context.send(Ticket::buy(units(10)).on(DAILY)),
            25 => _ = context.send(Ticket::sell(units(10)).stop(p(95.0)).on(DAILY)),
            _ if hour == last => context.cancel(OrderId(2)),
            _ => {}
        }
    };
    let falls = [FLAT, FLAT, [100.0, 100.0, 80.0, 85.0], [85.0; 4]];
    let bought = "hour 24: 1 buy 10 at 100";
    assert_eq!(fills(&falls, script(71)), [bought, "hour 48: 2 sell 10 at 95"], "at 23:00 of the day");
    assert_eq!(fills(&falls, script(48)), [bought, "cancelled 2"], "before it");
    let falls = [FLAT, [100.0, 100.0, 80.0, 85.0], [85.0; 4]];
    assert_eq!(fills(&falls, script(30)), [bought, "cancelled 2"], "it was sent in this day, and meets its close only");
}

/// What woke inside a day met the range of before.
#[test]
fn what_wakes_inside_a_bar_meets_its_close_only() {
    let guarded = |kind: OrderKind| {
        move |hour: i64, context: &mut Context<'_>| match hour {
            1 => _ = context.send(Ticket::buy(units(10)).on(DAILY)),
            34 => {
                let entry = context.send(Ticket::buy(units(1)).on(HOURLY));
                context.send(Ticket::sell(units(10)).kind(kind).on(DAILY).after(entry));
            }
            _ => {}
        }
    };
    let days = [FLAT, [100.0, 120.0, 80.0, 100.0], [100.0, 104.0, 100.0, 101.0], [101.0, 101.0, 90.0, 92.0]];
    let bought = ["hour 24: 1 buy 10 at 100", "hour 34: 2 buy 1 at 100"];
    let check = |kind, then: &str| assert_eq!(fills(&days, guarded(kind)), [&bought[..], &[then]].concat());
    check(OrderKind::Stop(p(95.0)), "hour 72: 3 sell 10 at 95");
    check(OrderKind::Limit(p(103.0)), "hour 48: 3 sell 10 at 103");
    check(OrderKind::Limit(p(99.0)), "hour 48: 3 sell 10 at 100");
    check(OrderKind::TrailingStop(Trail::Distance(p(5.0))), "hour 72: 3 sell 10 at 99");
}
