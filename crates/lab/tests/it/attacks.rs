//! What a reviewer broke with bars of several lengths, splits and closes. Each test begins with the story of how.
use qframe_engine::venue::{Crossing, Fees, FillPrice, Settings, Slippage};
use qframe_engine::{AtEnd, Context, Market, Sizing, Strategy, Ticket};
use qframe_lab::report::{Facts, csv};
use qframe_lab::strategies::BuyAndHold;
use qframe_lab::{Backtest, DataSet, Origin, Outcome, Setup, customary};
use qframe_model::event::{Event, Report};
use qframe_model::fill::Fill;
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::Margin;
use qframe_model::market::{Bar, CorporateAction, Dividend, Side};
use qframe_model::number::{Cash, Price, Quantity, Rate, Volume};
use qframe_model::order::{OrderKind, Size, TimeInForce};
use qframe_model::time::{Time, TimeFrame};

const HALF: Margin = Margin { initial: Rate::percent(50), maintenance: Rate::percent(25) };

fn hour(hour: i64) -> Time {
    Time::from_seconds(hour * 3_600)
}

fn hours(time: Time) -> i64 {
    time.since(Time::EPOCH).nanos() / 3_600_000_000_000
}

fn price(value: f64) -> Price {
    Price::from_f64(value).unwrap()
}

/// Bars that open at so many hours, with `[open, high, low, close]`.
fn set_on(margin: Margin, symbol: &str, frame: TimeFrame, rows: impl IntoIterator<Item = (i64, [f64; 4])>) -> DataSet {
    let bar = |(at, [open, high, low, close]): (i64, [f64; 4])| Bar {
        time: hour(at),
        open: price(open),
        high: price(high),
        low: price(low),
        close: price(close),
        volume: Volume::from_digits(1_000, 0).unwrap(),
    };
    let instrument = customary(symbol.parse().unwrap(), None, margin).unwrap();
    DataSet::of(instrument, frame, rows.into_iter().map(bar).collect(), Origin::default()).unwrap()
}

fn set(symbol: &str, frame: TimeFrame, rows: impl IntoIterator<Item = (i64, [f64; 4])>) -> DataSet {
    set_on(Margin::FULL, symbol, frame, rows)
}

/// Bars of one price.
fn flat(symbol: &str, frame: TimeFrame, at: impl IntoIterator<Item = i64>, value: f64) -> DataSet {
    set(symbol, frame, at.into_iter().map(|at| (at, [value; 4])))
}

fn days(count: i64) -> impl Iterator<Item = i64> {
    (0..count).map(|day| 24 * day)
}

fn units(count: i64) -> Size {
    Size::Units(Quantity::whole(count))
}

fn on(venue: Settings) -> Setup {
    Setup { venue, ..Setup::default() }
}

/// Asks for something at the end of an instant.
struct At<F>(F);

impl<F: FnMut(i64, &mut Context<'_>)> Strategy for At<F> {
    fn on_market(&mut self, _market: &Market<'_>, _context: &mut Context<'_>) {}
    fn on_instant(&mut self, context: &mut Context<'_>) {
        (self.0)(hours(context.now()), context);
    }
}

fn run(data: &[DataSet], setup: Setup, decide: impl FnMut(i64, &mut Context<'_>)) -> (Backtest, Outcome) {
    let backtest = Backtest::new(data.to_vec(), setup).unwrap();
    let outcome = backtest.run(At(decide)).unwrap();
    (backtest, outcome)
}

fn fills(outcome: &Outcome) -> Vec<(i64, String)> {
    let fill = |event: Event| match event {
        Event::Reported(Report::Filled { fill, .. } | Report::Forced(fill)) => Some(fill),
        _ => None,
    };
    let fills = outcome.journal.iter().filter_map(|event| fill(event.unwrap()));
    fills.map(|fill| (hours(fill.time), format!("{} {} at {}", fill.side, fill.quantity, fill.price))).collect()
}

fn refusals(outcome: &Outcome) -> usize {
    outcome.journal.iter().filter(|event| matches!(event, Ok(Event::Refused { .. }))).count()
}

/// The equity file's rows: the hour, then equity, cash and exposure, which must add up.
fn equity_file(backtest: &Backtest, outcome: &Outcome) -> Vec<[Cash; 3]> {
    let mut out = Vec::new();
    csv::equity(&Facts { backtest, outcome, strategy: "", parameters: &[], settings: &[] }, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let row = |line: &str| {
        let [equity, cash, exposure] = [1, 2, 3].map(|column| line.split(',').nth(column).unwrap().parse().unwrap());
        assert_eq!(Cash::plus(cash, exposure), Ok(equity), "{line}");
        [equity, cash, exposure]
    };
    text.lines().skip(1).map(row).collect()
}

fn always(what: &str, outcome: &Outcome, equity: i64) {
    for (time, seen) in outcome.curve.points() {
        assert_eq!(seen, Cash::whole(equity), "{what}, at {time}");
    }
}

#[test]
fn a_split_waits_for_the_end_of_an_open_bar() {
    // The share's day began at five, the split fell due at midnight: four times the units met the old scale's close.
    let rows = [(5, 400.0), (29, 400.0), (53, 100.0), (77, 100.0)].map(|(at, value)| (at, [value; 4]));
    let coin = flat("BTC/USD", TimeFrame::DAY, days(5), 100.0);
    for side in [Side::Buy, Side::Sell] {
        let actions = vec![(hour(48), InstrumentId(0), CorporateAction::Split(Rate::percent(400)))];
        let setup = on(Settings { actions, allow_short: true, ..Settings::default() });
        let data = [set_on(HALF, "AAPL", TimeFrame::DAY, rows), coin.clone()];
        let (backtest, outcome) = run(&data, setup, |now, context| {
            if now == 29 {
                context.send(Ticket::new(side, units(10)).on(InstrumentId(0)));
            }
        });
        always(&format!("{side}"), &outcome, 10_000);
        assert_eq!(outcome.account.position(InstrumentId(0)).quantity, side.signed(Quantity::whole(40)));
        assert_eq!(fills(&outcome).len(), 1, "nothing was forced");
        if side == Side::Buy {
            equity_file(&backtest, &outcome);
        }
    }
}

#[test]
fn the_file_counts_what_a_split_at_the_open_of_a_long_bar_made() {
    // Between a split and the first close after it, the file's exposure was of the new units at the old price.
    let share = set("AAPL", TimeFrame::DAY, [(0, 400.0), (24, 400.0), (48, 100.0)].map(|(at, value)| (at, [value; 4])));
    let coin = flat("BTC/USD", TimeFrame::HOUR, 46..54, 100.0);
    let actions = vec![(hour(48), InstrumentId(0), CorporateAction::Split(Rate::percent(400)))];
    let (backtest, outcome) = run(&[share, coin], on(Settings { actions, ..Settings::default() }), |now, context| {
        if now == 24 {
            context.send(Ticket::buy(units(10)).on(InstrumentId(0)));
        }
    });
    always("split", &outcome, 10_000);
    let rows = equity_file(&backtest, &outcome);
    assert_eq!(rows.last().unwrap()[2], Cash::whole(4_000));
}

#[test]
fn a_position_that_a_bar_opened_inside_cannot_close_at_its_open() {
    // A limit filled at 60 in a bar that fell from 100 was closed at its open of 100: profit from the past.
    let rows = [(0, [100.0; 4]), (24, [100.0; 4]), (48, [100.0, 100.0, 50.0, 50.0])];
    let setup = Setup { at_end: AtEnd::CloseAtOpen, ..Setup::default() };
    let (_, outcome) = run(&[set("BTC/USD", TimeFrame::DAY, rows)], setup, |now, context| {
        if now == 48 {
            context.send(Ticket::buy(units(100)).limit(price(60.0)));
        }
    });
    assert_eq!(fills(&outcome), [(48, "buy 100 at 60".to_owned()), (72, "sell 100 at 50".to_owned())]);
    assert_eq!(outcome.statistics.equity_final.to_bits(), 9_000.0_f64.to_bits());
}

/// Bids for the second symbol, and buys the first when it gets it.
struct Chain;

impl Strategy for Chain {
    fn on_market(&mut self, _market: &Market<'_>, context: &mut Context<'_>) {
        if context.now() == hour(48) && context.instrument() == InstrumentId(1) {
            context.send(Ticket::buy(units(1)).limit(price(90.0)));
        }
    }
    fn on_fill(&mut self, fill: &Fill, context: &mut Context<'_>) {
        if fill.instrument == InstrumentId(1) {
            context.send(Ticket::buy(units(1)).on(InstrumentId(0)));
        }
    }
}

#[test]
fn an_answer_to_a_fill_is_no_earlier_than_it() {
    // B's fill was known at 72 h, and A, which had no bar that day, was bought at its close of 48 h.
    let a = [(0, [100.0; 4]), (24, [100.0; 4]), (72, [140.0, 150.0, 140.0, 150.0]), (96, [150.0; 4])];
    let a = set("A", TimeFrame::DAY, a);
    let falls = (48, [100.0, 100.0, 80.0, 80.0]);
    let flat = |(at, value): (i64, f64)| (at, [value; 4]);
    let rows = [flat((0, 100.0)), flat((24, 100.0)), falls, flat((72, 80.0)), flat((96, 80.0))];
    let data = vec![a, set("B", TimeFrame::DAY, rows)];
    let setup = on(Settings { fill: FillPrice::SameClose, ..Settings::default() });
    let outcome = Backtest::new(data, setup).unwrap().run(Chain).unwrap();
    assert_eq!(fills(&outcome), [(48, "buy 1 at 90".to_owned()), (72, "buy 1 at 140".to_owned())]);
}

#[test]
fn a_day_lasts_until_the_next_one_whatever_closes_in_it() {
    // A share's bar that had opened the evening before put the day back when it closed, and its loss was forgotten.
    let mut setup = Setup::default();
    setup.limits.portfolio.daily_loss = Some(Rate::percent(5));
    let at = |hour| match hour {
        ..51 => 100.0,
        51..56 => 96.0,
        _ => 92.2,
    };
    let coin = set("BTC/USD", TimeFrame::HOUR, (24..72).map(|hour| (hour, [at(hour); 4])));
    let share = flat("AAPL", TimeFrame::DAY, [5, 29, 53, 77], 100.0);
    for data in [vec![coin.clone()], vec![coin, share]] {
        let (_, outcome) = run(&data, setup.clone(), |now, context| match now {
            26 => _ = context.send(Ticket::buy(units(100)).on(InstrumentId(0))),
            60 => _ = context.send(Ticket::buy(units(1)).limit(price(10.0)).on(InstrumentId(0))),
            _ => {}
        });
        assert_eq!(refusals(&outcome), 1, "beside {} others", data.len() - 1);
    }
}

#[test]
fn a_week_that_closes_with_a_day_starts_none() {
    // The week's row came first, with the marks of after the fall, and the day began from those.
    let mut setup = Setup::default();
    setup.limits.portfolio.daily_loss = Some(Rate::percent(5));
    let at = |hour| if hour < 240 { 100.0 } else { 90.0 };
    let coin = set("BTC/USD", TimeFrame::DAY, (4..16).map(|day| (24 * day, [at(24 * day); 4])));
    let week = flat("KO", TimeFrame::WEEK, [96, 264, 432], 50.0);
    for data in [vec![coin.clone()], vec![coin, week]] {
        let (_, outcome) = run(&data, setup.clone(), |now, context| match now {
            144 => _ = context.send(Ticket::buy(units(90)).on(InstrumentId(0))),
            264 => _ = context.send(Ticket::buy(units(1)).on(InstrumentId(0))),
            _ => {}
        });
        assert_eq!(refusals(&outcome), 1, "beside {} others", data.len() - 1);
    }
}

#[test]
fn orders_inside_a_long_bar_keep_to_their_words() {
    // Sent inside a day, a market-on-open order filled at its close, and an order good until noon at midnight.
    let hourly = flat("BTC/USD", TimeFrame::HOUR, 0..120, 100.0);
    let rising = |day: i64| 10.0 + 10.0 * day as f64;
    let long = set(
        "ETH/USD",
        TimeFrame::DAY,
        (0..5).map(|day| (24 * day, [rising(day), rising(day) + 5.0, rising(day), rising(day) + 5.0])),
    );
    let data = [hourly, long];
    let check = |what: &str, ticket: Ticket, expected: &[(i64, &str)]| {
        let (_, outcome) = run(&data, Setup::default(), |now, context| {
            if now == 29 {
                context.send(ticket.on(InstrumentId(1)));
            }
        });
        let seen = fills(&outcome);
        assert_eq!(seen.iter().map(|(at, fill)| (*at, &**fill)).collect::<Vec<_>>(), expected, "{what}");
    };
    let buy = Ticket::buy(units(1));
    check("market on open", buy.kind(OrderKind::MarketOnOpen), &[(48, "buy 1 at 30")]);
    check("market on close", buy.kind(OrderKind::MarketOnClose), &[(48, "buy 1 at 25")]);
    check("good until noon", buy.time_in_force(TimeInForce::Gtd(hour(36))), &[]);
    check("good until the close", buy.time_in_force(TimeInForce::Gtd(hour(48))), &[]);
    check("good until after it", buy.time_in_force(TimeInForce::Gtd(hour(49))), &[(48, "buy 1 at 25")]);
}

#[test]
fn trades_of_mixed_frames_are_counted_in_order() {
    // A stop inside a long day carries the day's opening, before trades that were booked earlier: counting them panicked.
    let falls = [(0, [50.0; 4]), (24, [50.0; 4]), (48, [50.0, 50.0, 40.0, 40.0]), (72, [40.0; 4])];
    let data = [flat("BTC/USD", TimeFrame::HOUR, 0..96, 100.0), set("ETH/USD", TimeFrame::DAY, falls)];
    let (_, outcome) = run(&data, Setup::default(), |now, context| match now {
        24 => _ = context.bracket(Ticket::buy(units(1)).on(InstrumentId(1)), price(45.0), price(90.0)),
        50 => _ = context.send(Ticket::buy(units(1)).on(InstrumentId(0))),
        60 => _ = context.send(Ticket::sell(Size::Close).on(InstrumentId(0))),
        _ => {}
    });
    assert_eq!((outcome.statistics.trades, outcome.statistics.exposure_pct), (2, 37.5), "25 hours and 11");
    // Held to the end, A's trade is booked last and ends first: the days between the two were counted as held.
    let exposure = |first: i64| {
        let data = [flat("A", TimeFrame::DAY, days(first), 10.0), flat("B", TimeFrame::DAY, days(10), 10.0)];
        let setup = Setup { at_end: AtEnd::CloseAtClose, ..Setup::default() };
        let (_, outcome) = run(&data, setup, |now, context| match now {
            24 => _ = context.send(Ticket::buy(units(1)).on(InstrumentId(0))),
            168 => _ = context.send(Ticket::buy(units(1)).on(InstrumentId(1))),
            192 => _ = context.send(Ticket::sell(Size::Close).on(InstrumentId(1))),
            _ => {}
        });
        (outcome.statistics.trades, outcome.statistics.exposure_pct)
    };
    assert_eq!(exposure(5), (2, 70.0), "5 days and 2");
    // What ended long before the others is held until they end.
    assert_eq!(exposure(3), (2, 90.0), "from the second day on");
}

#[test]
fn slippage_at_the_close_is_in_the_file_too() {
    // The price that was paid became the mark, and the file's exposure was counted at the close: they differed by it.
    let slippage = Slippage::Share(Rate::percent(10));
    let crossing = Crossing { slippage, ..Crossing::default() };
    let venue = Settings { fill: FillPrice::SameClose, crossing, ..Settings::default() };
    for at in [24, 72] {
        let (backtest, outcome) =
            run(&[flat("AAPL", TimeFrame::DAY, days(3), 100.0)], on(venue.clone()), |now, context| {
                if now == at {
                    context.buy(units(10));
                }
            });
        let rows = equity_file(&backtest, &outcome);
        assert_eq!(rows.last(), Some(&[9_900, 8_900, 1_000].map(Cash::whole)), "at {at}");
        assert_eq!(outcome.curve.last(), Some(Cash::whole(9_900)), "at {at}");
    }
}

#[test]
fn a_point_is_labelled_with_the_opening_of_its_bar() {
    // Bars of a day that close early were labelled a day before their close: before their opening, in the day before.
    let opens = [5, 29, 40, 52, 76];
    let (_, outcome) =
        run(&[flat("BTC/USD", TimeFrame::DAY, opens, 100.0)], Setup::default(), |now, context| match now {
            40 => _ = context.buy(units(1)),
            52 => _ = context.close(),
            _ => {}
        });
    assert_eq!(outcome.curve.points().map(|(time, _)| hours(time)).collect::<Vec<_>>(), opens);
    let trade = &outcome.trades[0];
    let places = [trade.entry_time, trade.exit_time].map(|time| outcome.curve.place_of(time));
    assert_eq!(places, [2, 3]);
}

#[test]
fn a_fee_a_unit_leaves_what_can_be_paid() {
    // Beside a price of a cent, half a cent a unit bought far less than the money pays for.
    let fees = Fees::PerUnit { each: "0.005".parse().unwrap(), minimum: Cash::ZERO };
    let data = [flat("XYZ", TimeFrame::DAY, days(4), 0.01)];
    let (_, outcome) = run(&data, on(Settings { fees, ..Settings::default() }), |now, context| {
        if now == 24 {
            context.enter(Side::Buy);
        }
    });
    assert_eq!(outcome.account.position(InstrumentId(0)).quantity, Quantity::whole(666_666));
    assert_eq!(outcome.account.cash(), "0.01".parse().unwrap());
}

/// Speaks on the daily series, the second.
struct OnDay(Vec<(i64, Option<Price>)>);

impl Strategy for OnDay {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        if let Some(bar) = market.bar()
            && hours(context.now()) == hours(bar.time) + 24
        {
            self.0.push((hours(context.now()), context.price_of(InstrumentId(0))));
        }
    }
}

#[test]
fn the_price_at_a_daily_close_is_that_close() {
    // A strategy on days beside hours of the same symbol saw the last hour's opening as the price, and set its stop on it.
    let hourly = |hour: i64| {
        let open = 100.0 + hour as f64;
        (hour, [open, open + 0.75, open, open + 0.75])
    };
    let daily = |day: i64| {
        let open = 100.0 + 24.0 * day as f64;
        (24 * day, [open, open + 23.75, open, open + 23.75])
    };
    let day = set("BTC/USD", TimeFrame::DAY, (0..3).map(daily));
    let fine = set("BTC/USD", TimeFrame::HOUR, (0..72).map(hourly));
    for data in [vec![day.clone(), fine.clone()], vec![fine, day]] {
        let strategy = OnDay(Vec::new());
        let (engine, _) =
            Backtest::new(data, Setup::default()).unwrap().simulate(strategy, Default::default()).unwrap();
        let closes = [(24, 123.75), (48, 147.75), (72, 171.75)].map(|(at, close)| (at, Some(price(close))));
        assert_eq!(engine.strategy().0, closes);
    }
}

#[test]
fn buy_and_hold_is_paid_dividends_and_split() {
    // The benchmark of a share that split four for one had lost three quarters, and beta was of that jump.
    let closes = [400.0, 410.0, 396.0, 101.0, 103.0, 99.0, 104.0, 107.0];
    let rows = closes.iter().enumerate().map(|(day, close)| (24 * day as i64, [*close; 4]));
    // Bought at the first close, as the benchmark is.
    let actions = vec![
        (hour(72), InstrumentId(0), CorporateAction::Split(Rate::percent(400))),
        (hour(120), InstrumentId(0), CorporateAction::Dividend(Dividend::at_once(Cash::whole(2)))),
    ];
    let venue = Settings { fill: FillPrice::SameClose, actions, ..Settings::default() };
    let setup = Setup { venue, sizing: Sizing::Equity(Rate::ONE), ..Setup::default() };
    let backtest = Backtest::new(vec![set_on(Margin::FULL, "AAPL", TimeFrame::DAY, rows)], setup).unwrap();
    let statistics = backtest.run(BuyAndHold::new(Rate::ONE)).unwrap().statistics;
    let (own, held) = (statistics.return_pct.unwrap(), statistics.buy_and_hold_pct.unwrap());
    assert!((own - held).abs() < 1e-9, "{own} against {held}");
    assert!((held - (4.0 * 109.0 / 400.0 - 1.0) * 100.0).abs() < 1e-9, "{held}");
    let beta = statistics.beta.unwrap();
    assert!((beta - 1.0).abs() < 1e-9, "{beta}");
}

#[test]
fn mondays_that_begin_on_sunday_have_no_weekend() {
    // Tokyo's Monday opens on Sunday at 15:00 UTC: a fifth of the days fell on a weekend, and a year had 365 of them.
    let first = 24 * 3 + 15;
    let weekdays = (0..300).filter(|day| day % 7 < 5).map(|day| first + 24 * day);
    let rows = weekdays.enumerate().map(|(place, at)| (at, [100.0 + (place % 7) as f64; 4]));
    let (_, outcome) = run(&[set("7203", TimeFrame::DAY, rows)], Setup::default(), |_, _| {});
    assert_eq!(outcome.statistics.periods_per_year, 252.0);
}
