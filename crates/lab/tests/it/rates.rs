//! Exchange rates that value and are not traded.
use qframe_engine::venue::{Fees, Settings};
use qframe_engine::{Context, Market, Strategy, Ticket};
use qframe_lab::report::{self, Facts, csv};
use qframe_lab::{Backtest, DataSet, Origin, RateSeries, RateStep, Setup, customary};
use qframe_model::currency::Currency;
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::Margin;
use qframe_model::market::{Bar, CorporateAction, Dividend};
use qframe_model::number::{Cash, Price, Quantity, Rate, Volume};
use qframe_model::order::Size;
use qframe_model::time::{Time, TimeFrame};

fn day(day: i64) -> Time {
    Time::from_seconds(day * 86_400)
}

/// Daily bars that open and close at these prices.
fn set(symbol: &str, first: i64, rows: &[[f64; 2]]) -> DataSet {
    let price = |value: f64| Price::from_f64(value).unwrap();
    let bar = |(number, [open, close]): (i64, &[f64; 2])| Bar {
        time: day(number),
        open: price(*open),
        high: price(open.max(*close)),
        low: price(open.min(*close)),
        close: price(*close),
        volume: Volume::from_digits(1_000, 0).unwrap(),
    };
    let instrument = customary(symbol.parse().unwrap(), None, Margin::FULL).unwrap();
    let origin = Origin { name: symbol.to_owned(), ..Origin::default() };
    DataSet::of(instrument, TimeFrame::DAY, (first..).zip(rows).map(bar).collect(), origin).unwrap()
}

fn code(text: &str) -> Currency {
    text.parse().unwrap()
}

#[test]
fn rates_are_direct_inverse_or_over_a_third_currency() {
    let step = |symbol: &str, first: i64, closes: &[f64], is_inverse: bool| RateStep {
        pair: set(symbol, first, &closes.iter().map(|close| [1.0, *close]).collect::<Vec<_>>()),
        is_inverse,
    };
    let check = |steps: &[RateStep], expected: &[(i64, &str)]| {
        let series = RateSeries::new(code("EUR"), code("JPY"), steps).unwrap().unwrap();
        let rows: Vec<_> = series.rows().iter().map(|(time, rate)| (time.day(), rate.to_string())).collect();
        let expected: Vec<_> = expected.iter().map(|(day, rate)| (*day, (*rate).to_owned())).collect();
        assert_eq!(rows, expected);
    };
    check(&[step("EUR/JPY", 0, &[160.0, 161.0], false)], &[(1, "160"), (2, "161")]);
    check(&[step("JPY/EUR", 0, &[0.008], true)], &[(1, "125")]);
    // What is known of both: the second begins a day later.
    let both =
        |first, second| [step("EUR/USD", 0, &[1.5, 1.25, 1.0], first), step("USD/JPY", 1, &[150.0, 160.0], second)];
    check(&both(false, false), &[(2, "187.5"), (3, "160")]);
    check(&both(true, false), &[(2, "120"), (3, "160")]);
    check(&both(false, true), &[(2, "0.008333333"), (3, "0.00625")]);
    check(&both(true, true), &[(2, "0.005333333"), (3, "0.00625")]);
}

/// Buys ten on the first bar, and notes what there is to trade.
#[derive(Clone, Default)]
struct Ten {
    seen: usize,
    rows: usize,
}

impl Strategy for Ten {
    fn on_market(&mut self, _: &Market<'_>, context: &mut Context<'_>) {
        if self.rows == 0 {
            context.send(Ticket::buy(Size::Units(Quantity::whole(10))));
        }
        self.rows += 1;
        self.seen = self.seen.max(context.instruments().len());
    }
}

/// A share in dollars in an account of euros: each close is valued at the rate that was known then, each purchase at that of
/// the close before. The dividend that is due is valued too.
#[test]
fn an_account_in_another_currency_is_valued_without_a_look_ahead() {
    let shares = set("ACME", 2, &[[100.0; 2]; 5]);
    // Closes of the days 1, 2, 3 and so on: known from 2, 3, 4 on.
    let pair = set("EUR/USD", 1, &[[9.0, 2.0], [9.0, 4.0], [9.0, 5.0], [9.0, 8.0], [9.0, 10.0], [9.0, 3.0]]);
    let steps = [RateStep { pair, is_inverse: true }];
    let rate = RateSeries::new(code("USD"), code("EUR"), &steps).unwrap().unwrap();
    assert_eq!(rate.stillness(day(2), day(7)).unwrap().1.nanos(), 86_400 * 1_000_000_000);
    let dividend = Dividend { each: Cash::whole(4), paid: Some(day(20)) };
    let actions = vec![(day(5), InstrumentId(0), CorporateAction::Dividend(dividend))];
    let venue = Settings { convert: true, actions, ..Settings::default() };
    let setup = Setup { currency: code("EUR"), cash: Cash::whole(1_000), rates: vec![rate], venue, ..Setup::default() };
    let backtest = Backtest::new(vec![shares], setup).unwrap();
    let (engine, _) = backtest.simulate(Ten::default(), Default::default()).unwrap();
    assert_eq!(engine.strategy().seen, 1, "the pair is not there to trade");
    let outcome = backtest.run(Ten::default()).unwrap();
    // 1,000 dollars are 250 euros at the open of day 3, when 4 was the last close.
    let equity: Vec<String> = outcome.curve.equity().map(|equity| equity.to_string()).collect();
    assert_eq!(equity, ["1000", "950", "875", "854", "1096.66666632"]);
    let facts = Facts { backtest: &backtest, outcome: &outcome, strategy: "ten", parameters: &[], settings: &[] };
    let mut out = Vec::new();
    csv::equity(&facts, &mut out).unwrap();
    for line in String::from_utf8(out).unwrap().lines().skip(1) {
        let of = |column: usize| line.split(',').nth(column).unwrap().parse::<Cash>().unwrap();
        assert_eq!(of(1), of(2).plus(of(3)).unwrap().plus(of(10)).unwrap(), "{line}");
    }
    let header = outcome.journal.iter().next().unwrap().unwrap();
    let text = serde_json::to_string(&header).unwrap();
    assert!(text.contains("EUR/USD 1d values USD in EUR"), "{text}");
}

/// Buys ten shares in yen and one in dollars on the first day, and sells them on the third.
#[derive(Clone, Default)]
struct InAndOut(usize);

impl Strategy for InAndOut {
    fn on_market(&mut self, _: &Market<'_>, _: &mut Context<'_>) {}

    fn on_instant(&mut self, context: &mut Context<'_>) {
        self.0 += 1;
        for (instrument, units) in [(0, 10), (1, 1)] {
            let (id, size) = (InstrumentId(instrument), Size::Units(Quantity::whole(units)));
            match self.0 {
                1 => drop(context.send(Ticket::buy(size).on(id))),
                3 => drop(context.send(Ticket::sell(size).on(id))),
                _ => {}
            }
        }
    }
}

/// Profits and fees in yen were added to those in dollars as if a yen were one.
#[test]
fn trades_of_several_currencies_add_up_in_that_of_the_report() {
    let flat = |prices: [f64; 5]| prices.map(|price| [price; 2]);
    let data = vec![
        set("TM/JPY", 0, &flat([1_000.0, 1_000.0, 1_000.0, 1_500.0, 1_500.0])),
        set("US/USD", 0, &flat([100.0, 100.0, 100.0, 90.0, 90.0])),
        set("JPY/USD", 0, &flat([0.01, 0.01, 0.01, 0.02, 0.04])),
    ];
    let venue = Settings { convert: true, fees: Fees::flat(Rate::percent(1)), ..Settings::default() };
    let backtest = Backtest::new(data, Setup { venue, ..Setup::default() }).unwrap();
    let outcome = backtest.run(InAndOut::default()).unwrap();
    // 5,000 yen less fees of 100 and 150, at 0.02; -10 dollars less 1 and 0.9.
    let statistics = &outcome.statistics;
    assert_eq!(outcome.trades.iter().map(|trade| trade.pnl.to_string()).collect::<Vec<_>>(), ["4750", "-11.9"]);
    assert!((statistics.commissions - 6.9).abs() < 1e-12, "{}", statistics.commissions);
    assert!((statistics.kelly.unwrap() - (0.5 - 0.5 / (95.0 / 11.9))).abs() < 1e-12);
    let quality = 2f64.sqrt() * 41.55 / (2.0 * 53.45f64.powi(2)).sqrt();
    assert!((statistics.sqn.unwrap() - quality).abs() < 1e-12, "{:?}", statistics.sqn);
    let facts = Facts { backtest: &backtest, outcome: &outcome, strategy: "both", parameters: &[], settings: &[] };
    let written = |write: fn(&Facts<'_>, &mut dyn std::io::Write) -> Result<(), report::ReportError>| {
        let mut out = Vec::new();
        write(&facts, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let json: serde_json::Value = serde_json::from_str(&written(report::json)).unwrap();
    assert_eq!(json["attribution"]["side"][0]["pnl"], "83.1");
    assert_eq!(json["attribution"]["asset"][0]["pnl"], "95");
    for (trade, [pnl, fee, currency]) in [["4750", "250", "JPY"], ["-11.9", "1.9", "USD"]].into_iter().enumerate() {
        let trade = &json["trades"][trade];
        assert_eq!([&trade["pnl"], &trade["fee"], &trade["currency"]], [pnl, fee, currency]);
    }
    assert!(written(csv::trades).lines().nth(1).unwrap().ends_with(",JPY"));
    let page = written(report::html);
    assert!(page.contains("$95.00") && !page.contains("$4,750"), "the page adds up in dollars");
    assert!(page.contains(r#""moneys":[{"before":"","behind":" JPY","decimals":2},{"before":"$""#));
}
