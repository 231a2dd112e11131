//! What holding costs and brings: interest, splits, forced closes and what they cost.
use qframe_engine::venue::{Crossing, Fees, Funding, Night, Rollover, Settings, Slippage};
use qframe_engine::{AtEnd, Context, Ticket};
use qframe_model::event::{Event, Report};
use qframe_model::ids::{CommodityId, InstrumentId, SeriesId};
use qframe_model::instrument::{Instrument, Margin, Rules};
use qframe_model::market::{Bar, CorporateAction, Dividend, Side};
use qframe_model::number::{Cash, Quantity, Rate};
use qframe_model::order::Size;
use qframe_model::time::{Span, Time};

use crate::script::{Run, Script, bars, instrument, p, run_with, simulator, stock};
use crate::several::{run_several, units};

const FLAT: [f64; 4] = [100.0; 4];

/// 365 % a year: one hundredth a day.
fn lending() -> Settings {
    Settings { allow_short: true, borrow_rate: Rate::percent(365), ..Settings::default() }
}

pub(crate) fn half_margin() -> Rules {
    Rules { margin: Margin { initial: Rate::percent(50), maintenance: Rate::percent(25) }, ..Rules::default() }
}

/// What was charged: day, amount, commodity.
fn interest(run: &Run) -> Vec<(i64, String, CommodityId)> {
    let charged = |event: &Event| match event {
        Event::Reported(Report::Charged { time, amount, commodity, .. }) => {
            Some((time.day(), amount.to_string(), *commodity))
        }
        _ => None,
    };
    run.events.iter().filter_map(charged).collect()
}

#[test]
fn interest_is_charged_on_money_that_is_owed() {
    let buys = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.send(Ticket::buy(units(150)).on(InstrumentId(0)));
        }
    };
    // 150 at 100 are paid with 10,000 and 5,000 of the broker's; the interest is owed too.
    let run = run_several(vec![instrument("AAPL", half_margin())], lending(), &[&[FLAT; 4]], buys);
    let usd = CommodityId(0);
    assert_eq!(interest(&run), [(2, "50".to_owned(), usd), (3, "50.5".to_owned(), usd)]);
    assert_eq!(run.engine_equity.to_string(), "9899.5");
}

/// The rate of a day was cut to nine decimals before it was applied: 0.01 % a year lost a third of a percent of itself.
#[test]
fn interest_is_rounded_once() {
    let check = |rate: i64, short: &str, owed: &str| {
        let settings = Settings { allow_short: true, borrow_rate: Rate::basis_points(rate), ..Settings::default() };
        let sells = |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                context.sell(units(8));
            }
        };
        let run = run_with(stock(), settings.clone(), &bars(&[FLAT; 3]), sells);
        assert_eq!(interest(&run), [(2, short.to_owned(), CommodityId(0))], "{rate}");
        // 108 at 100 are paid with 800 of the broker's.
        let run = run_with(instrument("AAPL", half_margin()), settings, &bars(&[FLAT; 3]), buys(units(108)));
        assert_eq!(interest(&run), [(2, owed.to_owned(), CommodityId(0))], "{rate}");
    };
    check(300, "0.065753424657534247", "0.065753424657534247");
    check(1, "0.000219178082191781", "0.000219178082191781");
}

#[test]
fn interest_on_another_currency_is_charged_in_it() {
    let instruments = vec![instrument("EUR/USD", Rules::default()), instrument("ADS/EUR", half_margin())];
    let eur = CommodityId(1);
    let buys = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.send(Ticket::buy(units(10)).on(InstrumentId(1)));
        }
    };
    let run = run_several(instruments, lending(), &[&[[2.0; 4]; 4], &[FLAT; 4]], buys);
    // 1,000 EUR are owed from day 1 on; a EUR is 2 USD.
    assert_eq!(interest(&run), [(2, "10".to_owned(), eur), (3, "10.1".to_owned(), eur)]);
    assert_eq!(run.engine_equity.to_string(), "9959.8");
}

/// BTC sold short at one venue hid the BTC that were owed for a purchase of ETH: they paid no interest.
#[test]
fn interest_is_charged_on_what_is_owed_beyond_the_shorts() {
    let instruments = ["BTC/USD@a", "BTC/USD@b", "ETH/BTC"].map(|symbol| instrument(symbol, half_margin())).to_vec();
    let trade = |ticket: &'static [(i64, u16)]| {
        move |day: usize, context: &mut Context<'_>| {
            for (count, id) in ticket.iter().filter(|_| day == 0) {
                let ticket = if *count < 0 { Ticket::sell(units(-count)) } else { Ticket::buy(units(*count)) };
                context.send(ticket.on(InstrumentId(*id)));
            }
        }
    };
    let check = |what: &str, orders: &'static [(i64, u16)], expected: &[(&str, u16)]| {
        let run = run_several(instruments.clone(), lending(), &[&[FLAT; 3], &[FLAT; 3], &[[0.5; 4]; 3]], trade(orders));
        let expected: Vec<_> =
            expected.iter().map(|(amount, id)| (2, (*amount).to_owned(), CommodityId(*id))).collect();
        assert_eq!(interest(&run), expected, "{what}");
    };
    let (usd, btc) = (0, 1);
    check("short", &[(-4, 0)], &[("4", usd)]);
    check("short at one venue, long at the other", &[(-4, 0), (4, 1)], &[("4", usd)]);
    check("less than the short is owed in all", &[(-4, 0), (3, 1)], &[("4", usd)]);
    check("owed for a purchase", &[(10, 2)], &[("0.05", btc)]);
    check("short, and owed for a purchase", &[(-4, 0), (10, 2)], &[("4", usd), ("0.05", btc)]);
    check("and covered by the other venue", &[(-4, 0), (10, 2), (5, 1)], &[("4", usd)]);
}

fn contract(initial: i64) -> Rules {
    let margin = Margin { initial: Rate::percent(initial), maintenance: Rate::percent(initial / 2) };
    Rules { margin, tick: p(0.25), ..Rules::default() }
}

fn slipping(distance: f64) -> Settings {
    Settings {
        crossing: Crossing { slippage: Slippage::Fixed(p(distance)), ..Crossing::default() },
        ..Settings::default()
    }
}

fn buys(size: Size) -> impl Fn(usize, &mut Context<'_>) {
    move |day, context| {
        if day == 0 {
            context.buy(size);
        }
    }
}

#[test]
fn a_forced_close_crosses_as_any_taker_does() {
    let liquidated = |slip: f64, low: f64| {
        let bars = bars(&[FLAT, FLAT, [low, 100.0, low, low]]);
        run_with(instrument("BTC/USD:USD", contract(10)), slipping(slip), &bars, buys(units(900))).reports()
    };
    assert_eq!(liquidated(1.0, 92.0)[1], "day 2 liquidation sell 900 at 91");
    assert_eq!(liquidated(1.1, 92.0)[1], "day 2 liquidation sell 900 at 90.75", "down to the next tick");
}

#[test]
fn a_position_goes_whatever_the_slippage_leaves() {
    // The entry at 100 could pay the slippage; the gap to 50 cannot.
    let bars = bars(&[FLAT, FLAT, [50.0; 4]]);
    let run = run_with(instrument("BTC/USD:USD", contract(10)), slipping(60.0), &bars, |day, context| {
        if day == 0 {
            context.buy(units(100));
        }
    });
    assert_eq!(run.reports(), ["day 1 1 buy 100 at 160", "day 2 liquidation sell 100 at 0.25"]);
}

#[test]
fn the_end_of_data_crosses_and_a_settlement_does_not() {
    let mut simulator = simulator(Script(0, buys(units(1))), stock(), slipping(1.0));
    let bars = bars(&[FLAT; 2]);
    for bar in &bars {
        simulator.bar(SeriesId(0), bar).unwrap();
    }
    simulator.end(AtEnd::CloseAtClose, &[(SeriesId(0), &bars[1])]).unwrap();
    assert_eq!(simulator.engine().trades()[0].exit_price, p(99.0));
    let future = instrument("ES-19700102", contract(50));
    let settled = run_with(future, slipping(1.0), &bars, buys(units(1))).reports();
    assert_eq!(settled, ["day 1 1 buy 1 at 101", "day 2 expiry sell 1 at 100"]);
}

/// Minutes of a contract's last day stop at the close of the market, hours before the day is over: its position settled only
/// where other data went on, and stayed open at the end of its own.
#[test]
fn a_contract_settles_where_the_data_ends_on_its_last_day() {
    let check = |contract_of: &str, at_end: AtEnd, expected: &[&str]| {
        let half = Span::from_seconds(43_200);
        let bars: Vec<Bar> = bars(&[FLAT; 3]).into_iter().map(|bar| Bar { time: bar.time + half, ..bar }).collect();
        let future = instrument(contract_of, contract(50));
        let mut simulator = simulator(Script(0, buys(units(1))), future, slipping(1.0));
        for bar in &bars {
            simulator.bar(SeriesId(0), bar).unwrap();
        }
        simulator.end(at_end, &[(SeriesId(0), &bars[2])]).unwrap();
        let trades = simulator.engine().trades().iter();
        let closed: Vec<String> = trades.map(|trade| format!("{} at {}", trade.exit_time, trade.exit_price)).collect();
        assert_eq!(closed, expected, "{contract_of} {at_end:?}");
    };
    for at_end in [AtEnd::Keep, AtEnd::CloseAtClose, AtEnd::CloseAtOpen] {
        // The last bar closes at noon of 4 January; a settlement crosses nothing.
        check("ES-19700104", at_end, &["1970-01-04T12:00:00Z at 100"]);
    }
    check("ES-19700105", AtEnd::Keep, &[]);
    check("ES-19700105", AtEnd::CloseAtClose, &["1970-01-04T12:00:00Z at 99"]);
}

/// A broker's least fee can be more than a sale brings: the position goes all the same, and the rest of the fee is owed.
#[test]
fn a_fee_that_a_sale_does_not_bring_is_owed() {
    let fees = Fees::PerUnit { each: Cash::ZERO, minimum: Cash::whole(60) };
    let trade = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(Size::Equity(Rate::ONE)),
        1 => _ = context.close(),
        2 => _ = context.buy(Size::Equity(Rate::ONE)),
        3 => _ = context.target(Rate::percent(50)),
        4 => _ = context.buy(units(1)),
        _ => {}
    };
    // 99 units at 100 and the fee leave 40; worth 0.1 each they bring 9.90.
    let dime = [0.1; 4];
    let rules = Rules { lot: Quantity::ONE, ..Rules::default() };
    let settings = Settings { fees, ..Settings::default() };
    let run = run_with(instrument("AAPL", rules), settings, &bars(&[FLAT, FLAT, dime, dime, dime, dime]), trade);
    let owed = |needed: &str, missing: &str, order: i32| {
        format!("rejected {order}: needs {needed}, -10.10 is free, {missing} is missing")
    };
    let expected = [
        "day 1 1 buy 99 at 100".to_owned(),
        "day 2 2 sell 99 at 0.1".to_owned(),
        owed("60.10", "70.20", 3),
        "rejected 4: needs 60.10, -5.05 is free, 65.15 is missing".to_owned(),
        owed("60.10", "70.20", 5),
    ];
    assert_eq!(run.reports(), expected);
    assert_eq!(run.engine_equity.to_string(), "-10.1");
}

/// A share of an equity below zero is less than nothing: it was sized as so many units less, and a purchase of them.
#[test]
fn what_is_owed_buys_nothing() {
    let gap = [FLAT, FLAT, [400.0; 4], [400.0; 4], [400.0; 4], [400.0; 4]];
    let trade = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.sell(units(90)),
        2 => _ = context.buy(Size::Equity(Rate::ONE)),
        3 => _ = context.target(Rate::ONE),
        4 => _ = context.target(-Rate::ONE),
        _ => {}
    };
    let settings = Settings { allow_short: true, ..Settings::default() };
    let run = run_with(stock(), settings, &bars(&gap), trade);
    let reports = run.reports();
    assert_eq!(reports[..2], ["day 1 1 sell 90 at 100", "day 2 liquidation buy 90 at 400"]);
    assert_eq!(reports.len(), 5, "{reports:?}");
    assert!(reports[2..].iter().all(|line| line.contains("is missing")), "{reports:?}");
}

fn split(day: i64, ratio: i64) -> Settings {
    let at = Time::from_seconds(86_400 * day);
    Settings {
        actions: vec![(at, InstrumentId(0), CorporateAction::Split(Rate::percent(ratio)))],
        ..Settings::default()
    }
}

/// The open of the day of a split was marked before the shares were split: it was divided once more, and what was sized
/// at that open was sized on half of the money.
#[test]
fn a_split_among_several_shares_divides_the_price_once() {
    let shares = ["AAPL", "KO"].map(|symbol| instrument(symbol, Rules::default())).to_vec();
    let half = [50.0; 4];
    let run = run_several(shares, split(2, 200), &[&[FLAT, FLAT, half, half], &[FLAT; 4]], |day, context| match day {
        0 => _ = context.send(Ticket::buy(units(50)).on(InstrumentId(0))),
        1 => _ = context.target_in(InstrumentId(1), Rate::percent(40)),
        _ => {}
    });
    assert_eq!(run.reports(), ["day 1 1 buy 50 at 100", "split 2", "day 2 2 buy 40 at 100"]);
    assert_eq!(run.engine_equity.to_string(), "10000");
}

#[test]
fn a_fraction_that_a_split_leaves_is_paid_out() {
    let share = |tick: f64| instrument("AAPL", Rules { lot: Quantity::ONE, tick: p(tick), ..Rules::default() });
    let check = |what: &str, ratio: i64, tick: f64, side: Side, expected: &[&str], equity: &str| {
        let settings = Settings { allow_short: true, fees: Fees::flat(Rate::percent(1)), ..split(2, ratio) };
        let trade = move |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                context.send(Ticket::new(side, units(7)));
            }
        };
        let after = [10_000.0 / ratio as f64; 4];
        let run = run_with(share(tick), settings, &bars(&[FLAT, FLAT, after]), trade);
        assert_eq!(run.reports()[1..], *expected, "{what}");
        assert_eq!(run.engine_equity.to_string(), equity, "{what}: but for the fee of 7 and the price's last digit");
    };
    check("whole shares", 200, 0.01, Side::Buy, &["split 2"], "9993");
    let paid = ["split 1.5", "day 2 cash_in_lieu sell 0.5 at 66.666666667"];
    check("three for two", 150, 1e-9, Side::Buy, &paid, "9993.0000000035");
    let owed = ["split 1.5", "day 2 cash_in_lieu buy 0.5 at 66.666666667"];
    check("three for two, short", 150, 1e-9, Side::Sell, &owed, "9992.9999999965");
    let reverse = ["split 0.1", "day 2 cash_in_lieu sell 0.7 at 1000"];
    check("less than a share", 10, 0.01, Side::Buy, &reverse, "9993");
}

/// Nine decimals of one for three took 0.0000001 of 300 shares: one of the hundred was no whole one, and was sold.
#[test]
fn a_reverse_split_keeps_whole_shares() {
    let share = instrument("AAPL", Rules { lot: Quantity::ONE, tick: p(0.01), ..Rules::default() });
    let third = Rate::from_nanos(333_333_333);
    let actions = vec![(Time::from_seconds(2 * 86_400), InstrumentId(0), CorporateAction::Split(third))];
    let settings = Settings { actions, ..Settings::default() };
    let low = [10.0; 4];
    let run = run_with(share, settings, &bars(&[low, low, [30.0; 4]]), |day, context| {
        if day == 0 {
            context.send(Ticket::buy(units(300)));
        }
    });
    assert_eq!(run.reports(), ["day 1 1 buy 300 at 10", "split 0.333333333"]);
    assert_eq!(run.engine_equity, Cash::whole(10_000));
}

/// What fell due met the marks of before where a symbol ran alone, and those of the open where it had company.
#[test]
fn company_changes_nothing_that_falls_due() {
    let at = |day: i64| Time::from_seconds(86_400 * day);
    let id = InstrumentId(0);
    let actions = vec![
        (at(2), id, CorporateAction::Dividend(Dividend::at_once(Cash::whole(2)))),
        (at(3), id, CorporateAction::Split(Rate::percent(300))),
    ];
    let funding =
        vec![Funding { instrument: Some(id), schedule: vec![(at(4), Rate::percent(1))], ..Funding::default() }];
    let settings = Settings { actions, funding, fees: Fees::flat(Rate::percent(1)), ..lending() };
    let share = || instrument("AAPL", Rules { lot: Quantity::ONE, tick: p(0.01), ..half_margin() });
    let prices = [FLAT, FLAT, [98.0; 4], [33.0; 4], [35.0; 4], [34.0; 4], [36.0; 4]];
    for targets in [[150, 120, 100, 100, 50], [-50, -80, -60, -60, -10]] {
        let script = move |day: usize, context: &mut Context<'_>| {
            if let Some(target) = targets.get(day) {
                context.target_in(InstrumentId(0), Rate::percent(*target));
            }
        };
        let alone = run_with(share(), settings.clone(), &bars(&prices), script);
        let company = vec![share(), instrument("KO", Rules::default())];
        let beside = run_several(company, settings.clone(), &[&prices, &[FLAT; 7]], script);
        assert_eq!((beside.reports(), beside.equity), (alone.reports(), alone.equity), "{targets:?}");
    }
}

/// Two for each share on day 2, paid on day 4.
fn paid_later() -> Settings {
    let at = |day: i64| Time::from_seconds(86_400 * day);
    let dividend = Dividend { each: Cash::whole(2), paid: Some(at(4)) };
    Settings {
        allow_short: true,
        actions: vec![(at(2), InstrumentId(0), CorporateAction::Dividend(dividend))],
        ..Settings::default()
    }
}

#[test]
fn a_dividend_is_due_on_its_day_and_paid_on_another() {
    let check = |what: &str, days: usize, orders: [i64; 3], reports: &[&str], equity: &[&str]| {
        let trade = move |day: usize, context: &mut Context<'_>| match orders.get(day) {
            Some(count) if *count < 0 => _ = context.sell(units(-count)),
            Some(count) if *count > 0 => _ = context.buy(units(*count)),
            _ => {}
        };
        let run = run_with(stock(), paid_later(), &bars(&[FLAT; 6][..days]), trade);
        let told: Vec<String> = run.reports().into_iter().filter(|line| line.contains("iv")).collect();
        assert_eq!(told, reports, "{what}");
        let found: Vec<String> = run.equity.iter().map(ToString::to_string).collect();
        assert_eq!(found, equity, "{what}");
    };
    let (due, paid) = ("day 2 Dividends -100 is due", "day 4 Receivables -100");
    let rises = ["10000", "10000", "10100", "10100", "10100", "10100"];
    check("held", 6, [50, 0, 0], &[due, paid], &rises);
    check("sold before it is paid", 6, [50, 0, -50], &[due, paid], &rises);
    check("the data ends before it is paid", 4, [50, 0, 0], &[due], &rises[..4]);
    check("bought on the day", 6, [0, 50, 0], &[], &["10000"; 6]);
    let falls = ["10000", "10000", "9900", "9900", "9900", "9900"];
    check("short", 6, [-50, 0, 0], &["day 2 Dividends 100 is due", "day 4 Receivables 100"], &falls);
}

#[test]
fn what_is_due_buys_nothing_before_it_is_paid() {
    let mut seen = Vec::new();
    let spend = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.buy(units(100));
        }
        let account = context.account();
        let due = account.ledger().balance(CommodityId(0), qframe_model::ledger::Book::Receivables);
        seen.push(format!("{} and {due}", account.cash()));
        if day == 2 || day == 4 {
            context.buy(units(1));
        }
    };
    let settings = Settings { allow_short: false, ..paid_later() };
    let run = run_with(stock(), settings, &bars(&[FLAT; 6]), spend);
    assert_eq!(run.reports()[2], "rejected 2: needs 100.00, 0.00 is free, 100.00 is missing");
    assert_eq!(seen, ["10000 and 0", "0 and 0", "0 and 200", "0 and 200", "200 and 0", "100 and 0"]);
}

/// A split between the two days changes the units, and not what is due.
#[test]
fn a_split_leaves_what_is_due() {
    let mut settings = paid_later();
    settings.actions.push((
        Time::from_seconds(86_400 * 3),
        InstrumentId(0),
        CorporateAction::Split(Rate::percent(200)),
    ));
    let half = [50.0; 4];
    let run = run_with(stock(), settings, &bars(&[FLAT, FLAT, FLAT, half, half]), buys(units(10)));
    assert_eq!(run.reports()[1..], ["day 2 Dividends -20 is due", "split 2", "day 4 Receivables -20"]);
    assert_eq!(run.engine_equity.to_string(), "10020");
}

/// A pair over four days, 1 % and 4.6 % a year of 360 days: one hundredth of the value a day, three on the second night.
fn overnight(rates: [i64; 2], markup: i64) -> Settings {
    let night = |day: i64, days| Night {
        time: Time::from_seconds(86_400 * day - 7_200),
        days,
        rates: rates.map(Rate::percent),
    };
    let nights = [night(1, 1), night(2, 3), night(3, 1)];
    let rollover =
        Rollover { instrument: InstrumentId(0), years: [360; 2], markup: Rate::percent(markup), nights: nights.into() };
    Settings { allow_short: true, rollover: vec![rollover], ..Settings::default() }
}

fn pair() -> Instrument {
    let margin = Margin { initial: Rate::percent(10), maintenance: Rate::percent(5) };
    Instrument::forex("EUR/USD".parse().unwrap(), Rules { margin, ..Rules::default() }).unwrap()
}

#[test]
fn pairs_pay_and_earn_interest_overnight() {
    let two = [2.0; 4];
    let check = |what: &str, rates: [i64; 2], markup: i64, count: i64, expected: &[&str], equity: &str| {
        let trade = move |day: usize, context: &mut Context<'_>| match day {
            0 if count < 0 => _ = context.sell(units(-count)),
            0 => _ = context.buy(units(count)),
            _ => {}
        };
        let run = run_with(pair(), overnight(rates, markup), &bars(&[two; 5]), trade);
        assert_eq!(run.reports()[1..], *expected, "{what}");
        assert_eq!(run.engine_equity.to_string(), equity, "{what}");
    };
    // 1,800 at 2 are worth 3,600. What is bought at midnight of day 1 is held over the second night, of three days.
    check("long, the quote pays more", [10, 20], 0, 1_800, &["day 1 Rollover 3", "day 2 Rollover 1"], "9996");
    check("short, the same", [10, 20], 0, -1_800, &["day 1 Rollover -3", "day 2 Rollover -1"], "10004");
    check("the broker takes of both", [10, 20], 10, -1_800, &[], "10000");
    check("and more", [10, 20], 20, -1_800, &["day 1 Rollover 3", "day 2 Rollover 1"], "9996");
    check("equal rates", [20, 20], 0, 1_800, &[], "10000");
}

/// Money that is owed for a pair pays there, and not at the rate of loans on top.
#[test]
fn a_pair_pays_its_interest_once() {
    let buy = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.buy(units(18_000));
        }
    };
    let settings = |rates| Settings { borrow_rate: Rate::percent(365), ..overnight(rates, 0) };
    let run = run_with(pair(), settings([10, 20]), &bars(&[[2.0; 4]; 4]), buy);
    // 26,000 are owed, and all of it for the pair.
    assert_eq!(run.reports()[1..], ["day 1 Rollover 30", "day 2 Rollover 10"]);
    let short = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.sell(units(18_000));
        }
    };
    let run = run_with(pair(), settings([10, 20]), &bars(&[[2.0; 4]; 4]), short);
    assert_eq!(run.reports()[1..], ["day 1 Rollover -30", "day 2 Rollover -10"]);
}
