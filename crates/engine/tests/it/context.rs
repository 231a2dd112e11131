//! Whom a context speaks of: the row that is delivered, and the first series where there is none.
use std::sync::Arc;

use qframe_engine::{Context, Engine, EngineSetup, Input, Keep, Market, RiskControl, Series, Sizing, Strategy};
use qframe_model::currency::Currency;
use qframe_model::event::Header;
use qframe_model::ids::{InstrumentId, SeriesId};
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::market::{Bar, Side, Tick, Trade};
use qframe_model::number::Volume;
use qframe_model::time::{Span, Time, TimeFrame};

use crate::script::{bars, instrument, p};

/// Notes at each call: which hook, of which instrument and series, and the closes of its history.
#[derive(Default)]
struct Witness(Vec<(&'static str, u16, u16, Vec<String>)>);

impl Witness {
    fn note(&mut self, hook: &'static str, context: &Context<'_>) {
        let closes = context.history().iter().map(|bar| bar.close.to_string()).collect();
        self.0.push((hook, context.instrument().0, context.series().0, closes));
        assert!(context.history_of(SeriesId(9)).is_empty(), "there is no such series");
    }
}

impl Strategy for Witness {
    fn lookback(&self) -> usize {
        5
    }
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let hook = if market.bar().is_some() { "bar" } else { "trade" };
        self.note(hook, context);
    }
    fn on_start(&mut self, context: &mut Context<'_>) {
        context.wake_at(Time::from_seconds(1));
        self.note("start", context);
    }
    fn on_timer(&mut self, context: &mut Context<'_>) {
        self.note("timer", context);
    }
    fn on_instant(&mut self, context: &mut Context<'_>) {
        self.note("instant", context);
    }
    fn on_end(&mut self, context: &mut Context<'_>) {
        self.note("end", context);
    }
}

#[test]
fn history_is_of_the_instrument_that_is_spoken_of() {
    // Trades of a share without bars were shown the bars of another.
    let instruments: Arc<[Instrument]> = ["KO", "AAPL", "MSFT"].map(|name| instrument(name, Rules::default())).into();
    let of = |id: u16, frame, matched| Series { instrument: InstrumentId(id), frame, matched };
    // AAPL by the week informs, and by the day is traded; KO by the day; MSFT has no bars.
    let series = vec![of(1, TimeFrame::WEEK, false), of(0, TimeFrame::DAY, true), of(1, TimeFrame::DAY, true)];
    let setup =
        EngineSetup { instruments, series, reporting: Currency::USD, sizing: Sizing::default(), keep: Keep::All };
    let mut engine = Engine::new(Witness::default(), RiskControl::default(), setup).unwrap();
    let time = Time::EPOCH + Span::from_seconds(86_400);
    let at = |price: f64| -> Bar { bars(&[[price; 4]])[0] };
    let volume = Volume::from_digits(1, 0).unwrap();
    let trade = |id: u16| {
        Input::Tick(
            InstrumentId(id),
            Tick::Trade(Trade { time, received: time, id: 1, price: p(7.0), quantity: volume, side: Side::Buy }),
        )
    };
    let inputs = [
        Input::Start(Time::EPOCH, Header::default()),
        Input::Bar(SeriesId(0), time, at(10.0)),
        Input::Bar(SeriesId(1), time, at(20.0)),
        Input::Bar(SeriesId(2), time, at(30.0)),
        trade(1),
        trade(2),
        Input::Instant(time),
        Input::End(time),
    ];
    inputs.into_iter().for_each(|input| engine.step(input).unwrap());
    let seen: Vec<_> =
        engine.strategy().0.iter().map(|(hook, id, series, closes)| (*hook, *id, *series, closes.join(" "))).collect();
    let expected = [
        ("start", 1, 0, ""),
        ("bar", 1, 0, "10"),
        ("bar", 0, 1, "20"),
        ("bar", 1, 2, "30"),
        ("trade", 1, 2, "30"),
        ("trade", 2, 0, ""),
        ("timer", 1, 0, "10"),
        ("instant", 1, 0, "10"),
        ("end", 1, 0, "10"),
    ];
    let expected = expected.map(|(hook, id, series, closes)| (hook, id, series, closes.to_owned()));
    assert_eq!(seen, expected);
}
