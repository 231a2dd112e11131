//! Entries are as large as what they may lose.
use std::sync::Arc;

use qframe_engine::venue::{Settings, SimVenue};
use qframe_engine::{
    Context, Engine, EngineSetup, Keep, Market, RiskBudget, RiskControl, Series, Simulator, Sizing, Strategy, Ticket,
};
use qframe_model::currency::Currency;
use qframe_model::event::{Event, Header};
use qframe_model::ids::{InstrumentId, SeriesId};
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Rate};
use qframe_model::order::Size;
use qframe_model::time::{Span, Time, TimeFrame};

use crate::script::{bars, instrument, p};

/// On the bar of this number, enters each symbol in turn; with a stop so far below the price where there is one.
struct Enters {
    at: usize,
    seen: usize,
    stop: Option<f64>,
}

impl Strategy for Enters {
    fn on_market(&mut self, _market: &Market<'_>, context: &mut Context<'_>) {
        self.seen += 1;
        if self.seen.div_ceil(2) != self.at {
            return;
        }
        let price = context.price_of(context.instrument()).unwrap();
        let stop = self.stop.map(|below| p(price.to_f64() - below));
        let entry = context.enter_with_stop(Side::Buy, stop);
        if let (Some(entry), Some(stop)) = (entry, stop) {
            context.send(Ticket::sell(Size::Close).reduce_only().stop(stop).after(entry));
        }
    }
}

fn check(what: &str, budget: RiskBudget, (at, stop): (usize, Option<f64>), expected: &[&str]) {
    let instruments: Arc<[Instrument]> =
        Arc::new([instrument("AAA", Rules::default()), instrument("BBB", Rules::default())]);
    let venue = SimVenue::new(Settings { allow_short: true, ..Settings::default() }, &instruments);
    let of = |place| Series { instrument: InstrumentId(place), frame: TimeFrame::DAY, matched: true };
    let setup = EngineSetup {
        instruments,
        series: vec![of(0), of(1)],
        reporting: Currency::USD,
        sizing: Sizing::Risk(budget),
        keep: Keep::All,
    };
    let engine = Engine::new(Enters { at, seen: 0, stop }, RiskControl::default(), setup).unwrap();
    let mut simulator = Simulator::new(engine, venue);
    simulator.start(Time::EPOCH, Header::default(), Cash::whole(10_000)).unwrap();
    // True ranges of 4, and of 6 where the price came from below.
    for bar in bars(&[[100.0, 102.0, 98.0, 100.0], [100.0, 102.0, 98.0, 98.0], [100.0, 104.0, 100.0, 100.0]]) {
        day(&mut simulator, &bar);
    }
    let told = simulator.engine().journal().iter().filter_map(|event| match event.unwrap() {
        Event::Submitted(order) => match order.size {
            Size::TargetUnits(units) => Some(units.to_string()),
            _ => None,
        },
        Event::Refused { refusal, .. } => Some(refusal.to_string()),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), expected, "{what}");
}

fn day(simulator: &mut Simulator<Enters, RiskControl>, bar: &Bar) {
    let closes = bar.time + Span::DAY;
    simulator.open(bar.time, &[(SeriesId(0), bar, closes), (SeriesId(1), bar, closes)]).unwrap();
    simulator.close(closes, &[(SeriesId(0), bar), (SeriesId(1), bar)]).unwrap();
}

#[test]
fn an_entry_loses_its_budget_at_its_stop() {
    let one = RiskBudget::of(Rate::percent(1));
    check("2 below the price, 1 % of 10,000", one, (1, Some(2.0)), &["50", "50"]);
    let no_size = "the sizing rule gives no size: it needs a stop that the strategy does not name, a price that moves, or trades \
                   that gained";
    check("no stop", one, (1, None), &[no_size, no_size]);
    let ranges = RiskBudget { range: Some((Rate::percent(200), 2)), ..one };
    check("two mean ranges of (4 + 6) / 2", ranges, (3, None), &["10", "10"]);
    check("a stop is better than a range", ranges, (3, Some(2.0)), &["50", "50"]);
    // It was said to need a stop.
    let short = "the size looks back on 3 bars, and there are 2 so far";
    check("not enough bars yet", ranges, (2, None), &[short, short]);
    let hot = RiskBudget { heat: Some(Rate::basis_points(150)), ..one };
    check("half of it is left for the second", hot, (1, Some(2.0)), &["50", "25"]);
    let full = RiskBudget { heat: Some(Rate::percent(1)), ..one };
    let refused = "0.0100 of the equity is at risk already, the limit is 0.01";
    check("nothing is left for the second", full, (1, Some(2.0)), &["50", refused]);
}
