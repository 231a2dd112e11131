//! Bars beside an instrument that is fed ticks: the same as where there are only bars.
use std::sync::Arc;

use proptest::prelude::*;
use qframe_engine::venue::{FillPrice, Latency, Settings, SimVenue};
use qframe_engine::{
    AtEnd, Breaker, Context, Engine, EngineSetup, Keep, Limits, Market, RiskControl, Series, Simulator, Sizing,
    Strategy, SymbolLimits, TickSimulator, Ticket, Trigger,
};
use qframe_model::breaker::TradingState;
use qframe_model::currency::Currency;
use qframe_model::event::{Event, Header, Report};
use qframe_model::fill::Fill;
use qframe_model::ids::{InstrumentId, SeriesId};
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Rate};
use qframe_model::order::OrderKind;
use qframe_model::time::{Span, Time, TimeFrame};

use crate::laws::{Choices, choices, market, ticket};
use crate::script::{FLAT, bars, p};
use crate::several::{two_shares, units};
use crate::ticks::trade;

const ON_BARS: InstrumentId = InstrumentId(0);
const ON_TICKS: InstrumentId = InstrumentId(1);

/// Asks at each close of a day, and answers each fill.
struct Answers<A, F> {
    day: usize,
    ask: A,
    answer: F,
}

impl<A: FnMut(usize, &mut Context<'_>), F: FnMut(&Fill, &mut Context<'_>)> Strategy for Answers<A, F> {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        if let Market::Bar(_) = market {
            (self.ask)(self.day, context);
            self.day += 1;
        }
    }

    fn on_fill(&mut self, fill: &Fill, context: &mut Context<'_>) {
        (self.answer)(fill, context);
    }
}

/// The fills, and the equity at the end: of days alone, or beside ticks that say nothing new.
fn run(
    ticks: bool,
    (limits, settings): (Limits, Settings),
    days: &[Bar],
    ask: impl FnMut(usize, &mut Context<'_>),
    answer: impl FnMut(&Fill, &mut Context<'_>),
) -> (Vec<String>, Cash) {
    let instruments: Arc<[_]> = two_shares().into();
    let series = vec![Series { instrument: ON_BARS, frame: TimeFrame::DAY, matched: true }];
    let venue = SimVenue::new(settings, &instruments);
    let setup =
        EngineSetup { instruments, series, reporting: Currency::USD, sizing: Sizing::default(), keep: Keep::All };
    let engine = Engine::new(Answers { day: 0, ask, answer }, RiskControl::from(limits), setup).unwrap();
    let (day, cash) = (Span::from_seconds(86_400), Cash::whole(10_000));
    let engine = if ticks {
        let mut simulator = TickSimulator::new(engine, venue, vec![ON_TICKS]);
        simulator.start(Time::EPOCH, Header::default(), cash).unwrap();
        for bar in days {
            // Inside a bar it would be news: what answers a fill after that meets the close only.
            let before = trade(bar.time.since(Time::EPOCH).nanos() / 1_000_000, Side::Buy, 100.0, 1);
            simulator.happen(ON_TICKS, &before).unwrap();
            simulator.tick(ON_TICKS, &before).unwrap();
            simulator.open(bar.time, &[(SeriesId(0), bar, bar.time + day)]).unwrap();
            simulator.close(bar.time + day, &[(SeriesId(0), bar)]).unwrap();
        }
        simulator.end(AtEnd::Keep).unwrap();
        simulator.into_engine()
    } else {
        let mut simulator = Simulator::new(engine, venue);
        simulator.start(Time::EPOCH, Header::default(), cash).unwrap();
        for bar in days {
            simulator.open(bar.time, &[(SeriesId(0), bar, bar.time + day)]).unwrap();
            simulator.close(bar.time + day, &[(SeriesId(0), bar)]).unwrap();
        }
        simulator.end(AtEnd::Keep, &[]).unwrap();
        simulator.into_engine()
    };
    let line = |event: Event| match event {
        Event::Reported(Report::Filled { fill, .. }) => {
            let hour = fill.time.since(Time::EPOCH).nanos() / Span::from_seconds(3_600).nanos();
            Some(format!("hour {hour}: {} {} {} at {}", fill.order, fill.side, fill.quantity, fill.price))
        }
        Event::Withdrawn { order, .. } => Some(format!("withdrawn {order}")),
        Event::ReportRefused { refusal, .. } => Some(format!("not applied: {refusal}")),
        _ => None,
    };
    (engine.journal().iter().filter_map(|event| line(event.unwrap())).collect(), engine.equity())
}

fn latency() -> impl proptest::strategy::Strategy<Value = Latency> {
    let spans = [1, 3_600, 90_000, 200_000].map(|seconds| Latency::Time(Span::from_seconds(seconds)));
    prop::sample::select([&[Latency::None, Latency::Bars(1)], &spans[..]].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is asked at closes and in answer to fills, with whichever latency.
    #[test]
    fn bars_fill_as_they_do_alone(
        days in market(),
        fill in prop::sample::select(vec![FillPrice::NextOpen, FillPrice::Worst]), choices in choices(), latency in latency(), capped in any::<bool>()) {
        let volume_cap = capped.then(|| Rate::percent(1));
        let settings = Settings { allow_short: true, fill, latency, volume_cap, ..Settings::default() };
        let beside = |ticks| {
            let choices: Choices = choices.clone();
            let ask = move |day: usize, context: &mut Context<'_>| {
                if let Some(Some(choice)) = choices.get(day) {
                    let price = context.price_of(ON_BARS).unwrap().to_f64();
                    context.send(ticket(*choice, price));
                }
            };
            let answer = |fill: &Fill, context: &mut Context<'_>| {
                let near = |share: f64| p((fill.price.to_f64() * share * 100.0).round() / 100.0);
                let out = Ticket::new(fill.side.opposite(), units(3)).reduce_only();
                context.send(match fill.order.0 % 5 {
                    0 => out.stop(near(1.02)),
                    1 => out.stop(near(0.99)),
                    2 => out.limit(near(1.01)),
                    3 => out.kind(OrderKind::MarketIfTouched(near(0.985))),
                    _ => out,
                });
            };
            run(ticks, (Limits::default(), settings.clone()), &days, ask, answer)
        };
        prop_assert_eq!(beside(true), beside(false));
    }
}

/// Heard when its bar had opened, a stop above the market was filled at its own price.
#[test]
fn an_answer_to_a_fill_at_the_open_meets_that_bar() {
    let ask = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.buy(units(10));
        }
    };
    let answer = |fill: &Fill, context: &mut Context<'_>| {
        if fill.side == Side::Buy {
            context.send(Ticket::sell(units(10)).stop(p(95.0)).reduce_only());
        }
    };
    let days = bars(&[FLAT, [90.0, 91.0, 89.0, 90.0]]);
    let (fills, equity) = run(true, (Limits::default(), Settings::default()), &days, ask, answer);
    assert_eq!(fills, ["hour 24: 1 buy 10 at 90", "hour 24: 2 sell 10 at 90"]);
    assert_eq!(equity, Cash::whole(10_000));
}

/// What the risk check withdrew at the open was on its way for as long as a word of the strategy.
#[test]
fn what_is_withdrawn_at_the_open_fills_no_more() {
    let latency = Latency::Time(Span::from_seconds(3_600));
    let volume_cap = Some(Rate::percent(2));
    let settings = || Settings { latency: latency.clone(), volume_cap, ..Settings::default() };
    let symbol = SymbolLimits { position_value: Some(Cash::whole(5_000)), ..SymbolLimits::default() };
    let limits = || Limits { symbol, ..Limits::default() };
    let ask = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.buy(units(45));
        }
    };
    let days = bars(&[FLAT, FLAT, FLAT, [120.0; 4], [120.0; 4]]);
    let outcome = run(true, (limits(), settings()), &days, ask, |_, _| {});
    assert_eq!(outcome, run(false, (limits(), settings()), &days, ask, |_, _| {}));
    assert_eq!(outcome.0, ["hour 48: 1 buy 20 at 100", "hour 48: 1 buy 20 at 100", "withdrawn 1"]);
}

/// What a breaker withdrew at a close was heard of after the next open: the exit that goes on for it came too late.
#[test]
fn an_exit_that_goes_on_at_a_close_meets_the_next_open() {
    let breaker = Breaker {
        trigger: Trigger::Drawdown(Rate::from_f64(0.002).unwrap()),
        then: TradingState::ReduceOnly,
        cool_down: None,
    };
    let limits = || Limits { breakers: vec![breaker], ..Limits::default() };
    let ask = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(10)),
        1 => _ = context.send(Ticket::sell(units(10)).stop(p(95.0))),
        _ => {}
    };
    let days = bars(&[FLAT, FLAT, [100.0, 100.0, 97.0, 97.0], [97.0, 98.0, 80.0, 82.0], [82.0; 4]]);
    let outcome = run(true, (limits(), Settings::default()), &days, ask, |_, _| {});
    assert_eq!(outcome.0, ["hour 24: 1 buy 10 at 100", "withdrawn 2", "hour 72: 3 sell 10 at 95"]);
    assert_eq!(outcome, run(false, (limits(), Settings::default()), &days, ask, |_, _| {}));
}
