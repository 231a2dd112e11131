//! A strategy that follows a script, over bars written by hand.
use std::sync::Arc;

use qframe_engine::venue::{Settings, SimVenue};
use qframe_engine::{
    AtEnd, Context, Engine, EngineSetup, Keep, Limits, Market, RiskControl, Series, Simulator, Sizing, Strategy,
};
use qframe_model::currency::Currency;
use qframe_model::event::{Event, Header, Report};
use qframe_model::ids::{InstrumentId, SeriesId};
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::market::Bar;
use qframe_model::number::{Cash, Price, Volume};
use qframe_model::time::{Span, Time, TimeFrame};

/// A price in whole units and cents: `p(101.5)`.
pub(crate) fn p(value: f64) -> Price {
    Price::from_f64(value).unwrap()
}

/// Daily bars from `[open, high, low, close]`, 1000 units traded in each.
pub(crate) fn bars(prices: &[[f64; 4]]) -> Vec<Bar> {
    let bar = |(day, [open, high, low, close]): (usize, &[f64; 4])| Bar {
        time: Time::EPOCH + Span::from_seconds(86_400 * day as i64),
        open: p(*open),
        high: p(*high),
        low: p(*low),
        close: p(*close),
        volume: Volume::from_digits(1_000, 0).unwrap(),
    };
    prices.iter().enumerate().map(bar).collect()
}

/// A bar on which nothing moves.
pub(crate) const FLAT: [f64; 4] = [100.0; 4];

/// What to do on each bar, by its number from 0.
#[derive(Clone)]
pub(crate) struct Script<F>(pub(crate) usize, pub(crate) F);

impl<F: FnMut(usize, &mut Context<'_>)> Strategy for Script<F> {
    fn on_market(&mut self, _market: &Market<'_>, context: &mut Context<'_>) {
        (self.1)(self.0, context);
        self.0 += 1;
    }
}

/// What a run left behind.
pub(crate) struct Run {
    pub(crate) events: Vec<Event>,
    pub(crate) equity: Vec<Cash>,
    pub(crate) engine_equity: Cash,
    pub(crate) hash: String,
}

pub(crate) fn stock() -> Instrument {
    instrument("AAPL", Rules::default())
}

pub(crate) fn instrument(symbol: &str, rules: Rules) -> Instrument {
    Instrument::new(symbol.parse().unwrap(), Currency::USD, rules).unwrap()
}

/// A simulator over one daily series of `instrument`, with 10,000 in cash.
pub(crate) fn simulator<S: Strategy>(
    strategy: S,
    instrument: Instrument,
    settings: Settings,
) -> Simulator<S, RiskControl> {
    simulator_with_cash(10_000, strategy, instrument, settings, Limits::default())
}

/// As [`run_with`] over shares, within limits.
pub(crate) fn run_within(
    limits: Limits,
    settings: Settings,
    bars: &[Bar],
    script: impl FnMut(usize, &mut Context<'_>),
) -> Run {
    let mut simulator = simulator_with_cash(10_000, Script(0, script), stock(), settings, limits);
    let equity = bars.iter().map(|bar| simulator.bar(SeriesId(0), bar).unwrap()).collect();
    finish(simulator, equity)
}

/// As [`run_within`], where shares may be sold short; compares what was reported.
pub(crate) fn check_within(
    what: &str,
    limits: Limits,
    prices: &[[f64; 4]],
    script: impl FnMut(usize, &mut Context<'_>),
    expected: &[&str],
) -> Run {
    let settings = Settings { allow_short: true, ..Settings::default() };
    let run = run_within(limits, settings, &bars(prices), script);
    assert_eq!(run.reports(), expected, "{what}");
    run
}

/// The equity after each bar of a script that begins with so much.
pub(crate) fn run_with_cash(
    cash: i64,
    settings: Settings,
    bars: &[Bar],
    script: impl FnMut(usize, &mut Context<'_>),
) -> Vec<Cash> {
    let mut simulator = simulator_with_cash(cash, Script(0, script), stock(), settings, Limits::default());
    bars.iter().map(|bar| simulator.bar(SeriesId(0), bar).unwrap()).collect()
}

pub(crate) fn simulator_with_cash<S: Strategy>(
    cash: i64,
    strategy: S,
    instrument: Instrument,
    settings: Settings,
    limits: Limits,
) -> Simulator<S, RiskControl> {
    let instruments: Arc<[Instrument]> = Arc::new([instrument]);
    let venue = SimVenue::new(settings, &instruments);
    let series = vec![Series { instrument: InstrumentId(0), frame: TimeFrame::DAY, matched: true }];
    let setup =
        EngineSetup { instruments, series, reporting: Currency::USD, sizing: Sizing::default(), keep: Keep::All };
    let mut simulator = Simulator::new(Engine::new(strategy, RiskControl::from(limits), setup).unwrap(), venue);
    simulator.start(Time::EPOCH, Header::default(), Cash::whole(cash)).unwrap();
    simulator
}

/// Runs a script over bars.
pub(crate) fn run_with(
    instrument: Instrument,
    settings: Settings,
    bars: &[Bar],
    script: impl FnMut(usize, &mut Context<'_>),
) -> Run {
    let mut simulator = simulator(Script(0, script), instrument, settings);
    let equity = bars.iter().map(|bar| simulator.bar(SeriesId(0), bar).unwrap()).collect();
    finish(simulator, equity)
}

fn finish<S: Strategy>(mut simulator: Simulator<S, RiskControl>, equity: Vec<Cash>) -> Run {
    let engine_equity = simulator.end(AtEnd::Keep, &[]).unwrap();
    let engine = simulator.into_engine();
    engine.account().ledger().check().unwrap();
    let events = engine.journal().iter().map(Result::unwrap).collect();
    Run { events, equity, engine_equity, hash: engine.journal().hash().to_string() }
}

impl Run {
    /// What the venue reported, a line each: the day, what, and the details that tables compare.
    pub(crate) fn reports(&self) -> Vec<String> {
        let line = |event: &Event| match event {
            Event::Reported(report) => Some(report_line(report)),
            Event::Refused { order, refusal } => Some(format!("refused {}: {refusal}", order.id)),
            Event::ReportRefused { report, refusal } => {
                Some(format!("not applied ({refusal}): {}", report_line(report)))
            }
            _ => None,
        };
        self.events.iter().filter_map(line).collect()
    }
}

fn report_line(report: &Report) -> String {
    let day = |time: &Time| time.day();
    match report {
        Report::Accepted { order, .. } => format!("accepted {order}"),
        Report::Triggered { order, time } => format!("day {} triggered {order}", day(time)),
        Report::Filled { fill, done } => {
            let part = if *done { "" } else { " in part" };
            format!("day {} {} {} {} at {}{part}", day(&fill.time), fill.order, fill.side, fill.quantity, fill.price)
        }
        Report::Forced(fill) => {
            format!("day {} {} {} {} at {}", day(&fill.time), fill.purpose, fill.side, fill.quantity, fill.price)
        }
        Report::Cancelled { order, reason, .. } => format!("cancelled {order} {reason:?}"),
        Report::Rejected { order, refusal, .. } => format!("rejected {order}: {refusal}"),
        Report::Expired { order, .. } => format!("expired {order}"),
        Report::Charged { book, amount, time, .. } => format!("day {} {book:?} {amount}", day(time)),
        Report::Accrued { book, amount, time, .. } => format!("day {} {book:?} {amount} is due", day(time)),
        Report::Split { ratio, .. } => format!("split {ratio}"),
        Report::Converted { time, from, given, to, got } => {
            format!("day {} {given} of {from} into {got} of {to}", day(time))
        }
    }
}
