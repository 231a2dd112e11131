//! Bars of several lengths in one run: each opens and closes at its own instant.
use qframe_data::periods_per_year;
use qframe_engine::venue::{Funding, Settings};
use qframe_engine::{Context, Market, Strategy, Ticket};
use qframe_lab::{Backtest, DataSet, Origin, Outcome, Setup, customary};
use qframe_model::event::{Event, Report};
use qframe_model::fill::Fill;
use qframe_model::ids::{InstrumentId, SeriesId};
use qframe_model::instrument::Margin;
use qframe_model::market::Bar;
use qframe_model::number::{Price, Quantity, Rate, Volume};
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
    let equity = |at: i64| outcome.curve.equity_at(outcome.curve.place_of(hour(at - 1))).to_string();
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
                context.target_in(InstrumentId(1), Rate::percent(hours % 7));
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
        assert!(cut.curve.points().take(known).eq(whole.curve.points().take(known)), "cut after {hours} hours");
    }
}

/// What the venue did by its own right: hour, what, how much.
fn venue_acts(outcome: &Outcome) -> Vec<(i64, &'static str, String)> {
    let hours = |time: Time| time.since(Time::EPOCH).nanos() / 3_600_000_000_000;
    let act = |event: Event| match event {
        Event::Reported(Report::Charged { time, amount, .. }) => Some((hours(time), "funding", amount.to_string())),
        Event::Reported(Report::Forced(fill)) => Some((hours(fill.time), "liquidation", fill.price.to_string())),
        _ => None,
    };
    outcome.journal.iter().filter_map(|event| act(event.unwrap())).collect()
}

#[test]
fn a_perpetual_of_long_bars_pays_and_breaks_among_short_ones() {
    // 900 at 100 with ten times leverage. 9,100 after funding, 46 of profit on the other at its last open of 171, whose 30 %
    // are kept. Both fall to their lows at once, the day from 99 to 90 and the hour to 170.5: a share t of that way breaks
    // where 9,146 - t / 2 - 900 x (1 + 9 t) meets 5 % of 900 x (99 - 9 t) and 30 % of 171 - t / 2, t = 3,739.7 / 7,695.35.
    let flat = [100.0; 4];
    let rows = [(0, flat), (24, flat), (48, [99.0, 100.0, 90.0, 91.0])];
    let margin = Margin { initial: Rate::percent(10), maintenance: Rate::percent(5) };
    let contract = customary("ETH/USD:USD".parse().unwrap(), None, margin).unwrap();
    let bars = set("ETH/USD", TimeFrame::DAY, rows).bars().to_vec();
    let days = DataSet::of(contract, TimeFrame::DAY, bars, Origin::default()).unwrap();
    // Due inside the second day: paid when an hour opens at it, on the mark of then, and not when the day does.
    let schedule = vec![(hour(32), Rate::percent(1))];
    let funding = vec![Funding { instrument: Some(InstrumentId(1)), schedule, ..Funding::default() }];
    let setup = Setup { venue: Settings { funding, ..Settings::default() }, ..Setup::default() };
    let backtest = Backtest::new(vec![hourly("BTC/USD", 0..72), days], setup).unwrap();
    let outcome = backtest
        .run(At(|now, context: &mut Context<'_>| match now {
            24 => _ = context.send(Ticket::buy(Size::Units(Quantity::whole(900))).on(InstrumentId(1))),
            25 => buy_one(context, 0),
            _ => {}
        }))
        .unwrap();
    assert_eq!(
        venue_acts(&outcome),
        [(32, "funding", "900".to_owned()), (48, "liquidation", "94.626280805".to_owned())]
    );
    let filled: Vec<_> = fills(&outcome).iter().map(|fill| (fill.instrument.0, fill.time)).collect();
    assert_eq!(filled, [(1, hour(24)), (0, hour(25))]);
    assert!(!outcome.account.position(InstrumentId(0)).is_flat(), "what was not in trouble stays");
}

/// Returns of two weeks were compounded as if a year had 365 of them; a report of the same curve has 26.
#[test]
fn a_year_has_as_many_bars_as_a_report_of_the_curve_counts() {
    for days in (2..=366).filter(|days| ![7, 31, 365].contains(days)) {
        let frame = TimeFrame::from_seconds(days * 86_400).unwrap();
        let rows = (0..40).map(|bar| (bar * i64::from(days) * 24, [100.0 + (bar % 9) as f64; 4]));
        let outcome = run(&[set("BTC/USD", frame, rows)], |now, context| {
            if now == 24 * i64::from(days) {
                context.target(Rate::ONE);
            }
        });
        let times: Vec<Time> = outcome.curve.points().map(|(time, _)| time).collect();
        let (statistics, expected) = (&outcome.statistics, periods_per_year(&times));
        assert_eq!(statistics.periods_per_year, expected, "bars of {days} days");
        let [own, other] = [statistics.annual_return_pct.unwrap(), statistics.cagr_pct.unwrap()];
        assert!((own - other).abs() < 0.1 * other.abs() + 0.1, "bars of {days} days: {own} and {other}");
    }
    let check = |days: u32, sentence: &str| {
        let frame = TimeFrame::from_seconds(days * 86_400).unwrap();
        let rows = (0..40).map(|bar| (bar * i64::from(days) * 24, [100.0; 4]));
        let outcome = run(&[set("BTC/USD", frame, rows)], |_, _| {});
        assert_eq!(outcome.statistics.conventions()[9].1, sentence);
    };
    check(7, "Geometric mean g of the weekly returns, compounded over 52 periods: (1 + g)^52 - 1.");
    check(14, "Geometric mean g of the 14-day returns, compounded over 26.07 periods: (1 + g)^26.07 - 1.");
    check(28, "Geometric mean g of the 28-day returns, compounded over 12 periods: (1 + g)^12 - 1.");
}

/// Needs five bars, and never asks for anything.
struct Five;

impl Strategy for Five {
    fn on_market(&mut self, _market: &Market<'_>, _context: &mut Context<'_>) {}
    fn warm_up(&self) -> usize {
        5
    }
}

/// Five hours were a warm-up, where the strategy reads days: buy & hold bought four days early.
#[test]
fn a_warm_up_is_counted_in_bars_of_the_first_frame() {
    let daily = days("BTC/USD", &[100.0, 120.0, 90.0, 150.0, 80.0, 200.0, 110.0, 130.0]);
    let hours = daily.bars().iter().zip(0_i64..).flat_map(|(bar, day)| {
        let close = bar.close.to_f64();
        (24 * day..24 * day + 24).map(move |hour| (hour, [close; 4]))
    });
    let [fine, other] = ["BTC/USD", "ETH/USD"].map(|symbol| set(symbol, TimeFrame::HOUR, hours.clone()));
    let hold = |data: &[DataSet]| {
        let outcome = Backtest::new(data.to_vec(), Setup::default()).unwrap().run(Five).unwrap();
        outcome.statistics.buy_and_hold_pct.unwrap()
    };
    let alone = hold(std::slice::from_ref(&daily));
    assert!((alone - (135.0 / 85.0 - 1.0) * 100.0).abs() < 1e-9, "{alone}");
    for beside in [fine.clone(), other] {
        let several = hold(&[daily.clone(), beside]);
        assert!((several - alone).abs() < 1e-9, "{several}, alone {alone}");
    }
    let hourly = hold(&[fine, daily]);
    assert!((hourly - (135.0 / 105.0 - 1.0) * 100.0).abs() < 1e-9, "the first is read: {hourly}");
}
