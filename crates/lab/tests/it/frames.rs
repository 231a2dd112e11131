//! Bars of several lengths in one run: each opens and closes at its own instant.
use qframe_engine::{Context, Market, Strategy, Ticket};
use qframe_lab::{Backtest, DataSet, Origin, Outcome, Setup, customary};
use qframe_model::event::{Event, Report};
use qframe_model::fill::Fill;
use qframe_model::ids::{InstrumentId, SeriesId};
use qframe_model::instrument::Margin;
use qframe_model::market::Bar;
use qframe_model::number::{Price, Quantity, Volume};
use qframe_model::order::{Purpose, Size};
use qframe_model::time::{Time, TimeFrame};

fn hour(hour: i64) -> Time {
    Time::from_seconds(hour * 3_600)
}

fn price(value: f64) -> Price {
    Price::from_f64(value).unwrap()
}

/// Bars that open at so many hours, with `[open, high, low, close]`.
fn set(symbol: &str, frame: TimeFrame, rows: impl IntoIterator<Item = (i64, [f64; 4])>) -> DataSet {
    let bar = |(at, [open, high, low, close]): (i64, [f64; 4])| Bar {
        time: hour(at),
        open: price(open),
        high: price(high),
        low: price(low),
        close: price(close),
        volume: Volume::from_digits(1_000, 0).unwrap(),
    };
    let instrument = customary(symbol.parse().unwrap(), None, Margin::FULL).unwrap();
    DataSet::of(instrument, frame, rows.into_iter().map(bar).collect(), Origin::default()).unwrap()
}

/// Hours that rise by one from `first`, the price being 100 and the hour.
fn hourly(symbol: &str, hours: std::ops::Range<i64>) -> DataSet {
    let row = |hour: i64| {
        let price = 100.0 + hour as f64;
        (hour, [price, price + 0.5, price - 0.5, price + 0.25])
    };
    set(symbol, TimeFrame::HOUR, hours.map(row))
}

fn days(symbol: &str, opens: &[f64]) -> DataSet {
    let row = |(day, open): (usize, &f64)| (24 * day as i64, [*open, open + 9.0, open - 9.0, open + 5.0]);
    set(symbol, TimeFrame::DAY, opens.iter().enumerate().map(row))
}

/// Asks for something at the end of an instant.
struct At<F>(F);

impl<F: FnMut(i64, &mut Context<'_>)> Strategy for At<F> {
    fn on_market(&mut self, _market: &Market<'_>, _context: &mut Context<'_>) {}
    fn on_instant(&mut self, context: &mut Context<'_>) {
        let now = context.now().since(Time::EPOCH).nanos() / 3_600_000_000_000;
        (self.0)(now, context);
    }
}

fn run(data: &[DataSet], decide: impl FnMut(i64, &mut Context<'_>)) -> Outcome {
    Backtest::new(data.to_vec(), Setup::default()).unwrap().run(At(decide)).unwrap()
}

fn fills(outcome: &Outcome) -> Vec<Fill> {
    let fill = |event: Event| match event {
        Event::Reported(Report::Filled { fill, .. }) => Some(fill),
        _ => None,
    };
    outcome.journal.iter().filter_map(|event| fill(event.unwrap())).collect()
}

fn buy_one(context: &mut Context<'_>, instrument: u16) {
    context.send(Ticket::buy(Size::Units(Quantity::ONE)).on(InstrumentId(instrument)));
}

#[test]
fn an_order_for_a_long_bar_fills_at_its_open_before_the_short_bars_in_it() {
    let data = [hourly("BTC/USD", 0..72), days("ETH/USD", &[50.0, 60.0, 70.0])];
    let outcome = run(&data, |now, context| {
        if now == 24 {
            buy_one(context, 1);
        }
        if now == 30 {
            buy_one(context, 0);
        }
    });
    let seen: Vec<_> = fills(&outcome).iter().map(|fill| (fill.instrument.0, fill.time, fill.price)).collect();
    // The day's open first, although its bar closes eighteen hours after the hour's fill.
    assert_eq!(seen, [(1, hour(24), price(60.0)), (0, hour(30), price(130.0))]);
    let equity = |at: i64| outcome.curve.equity()[outcome.curve.place_of(hour(at - 1))].to_string();
    assert_eq!(equity(25), "10000", "within the day it is worth its open");
    assert_eq!(equity(48), "10022.25", "then its close: 5 of it, and 17.25 of the other");
}

#[test]
fn an_order_sent_inside_a_long_bar_meets_only_its_close() {
    let data = [hourly("BTC/USD", 0..72), days("ETH/USD", &[50.0, 60.0, 70.0])];
    let outcome = run(&data, |now, context| {
        if now == 29 {
            buy_one(context, 1);
        }
    });
    let seen: Vec<_> = fills(&outcome).iter().map(|fill| (fill.time, fill.price)).collect();
    assert_eq!(seen, [(hour(48), price(65.0))]);
}

#[test]
fn a_finer_frame_says_which_came_first() {
    // The day touches the stop at 90 and the target at 110; by the hours the target came first.
    let path = [100.0, 111.0, 100.0, 89.0];
    let hours = path.iter().zip(24..).map(|(price, hour)| (hour, [*price, *price, *price, *price]));
    let first = [(0, [100.0, 100.0, 100.0, 100.0])];
    let day = set("BTC/USD", TimeFrame::DAY, [(0, [100.0, 100.0, 100.0, 100.0]), (24, [100.0, 111.0, 89.0, 89.0])]);
    let fine = set("BTC/USD", TimeFrame::HOUR, first.into_iter().chain(hours));
    let exit = |data: &[DataSet]| {
        let outcome = run(data, |now, context| {
            if now == 24 {
                let entry = Ticket::buy(Size::Units(Quantity::ONE)).on(InstrumentId(0));
                context.bracket(entry, price(90.0), price(110.0));
            }
        });
        outcome.trades.iter().map(|trade| (trade.reason, trade.exit_price)).collect::<Vec<_>>()
    };
    assert_eq!(exit(std::slice::from_ref(&day)), [(Purpose::StopLoss, price(90.0))]);
    assert_eq!(exit(&[day, fine]), [(Purpose::TakeProfit, price(111.0))]);
}

#[test]
fn a_short_day_closes_when_the_next_one_opens() {
    // The clocks change: the second day has 23 hours.
    let data = [set("BTC/USD", TimeFrame::DAY, [5, 29, 52, 76].map(|at| (at, [100.0 + at as f64; 4])))];
    let outcome = run(&data, |now, context| {
        if now == 52 {
            buy_one(context, 0);
        }
    });
    let seen: Vec<_> = fills(&outcome).iter().map(|fill| (fill.time, fill.price)).collect();
    assert_eq!(seen, [(hour(52), price(152.0))], "not a day late");
}

/// Trades both symbols on every close of the hours.
struct Busy;

impl Strategy for Busy {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let Some(bar) = market.bar() else { return };
        let hours = bar.time.since(Time::EPOCH).nanos() / 3_600_000_000_000;
        if context.series() == SeriesId(0) {
            buy_one(context, (hours % 2) as u16);
            if hours % 5 == 0 {
                context.target_in(InstrumentId(1), qframe_model::number::Rate::percent(hours % 7));
            }
        }
    }
}

#[test]
fn cutting_the_data_at_any_hour_changes_nothing_before() {
    let long = |days: usize| -> Vec<f64> { (0..days).map(|day| 20.0 + day as f64).collect() };
    let of = |hours: i64| {
        let data = vec![hourly("BTC/USD", 0..hours), days("ETH/USD", &long((hours as usize).div_euclid(24)))];
        Backtest::new(data, Setup::default()).unwrap().run(Busy).unwrap()
    };
    let whole = of(24 * 5);
    for hours in 25..24 * 5 {
        let cut = of(hours);
        // After the last whole day the other run has a day's open that this one does not know.
        let known = hours as usize / 24 * 24;
        assert_eq!(cut.curve.equity()[..known], whole.curve.equity()[..known], "cut after {hours} hours");
    }
}
