//! Trades of positions that were added to: extremes against the average of their moment, marks at the fills.
use qframe_engine::venue::{Fees, Settings};
use qframe_engine::{Context, Market, Strategy, Ticket};
use qframe_lab::report::{self, Facts};
use qframe_lab::{Backtest, DataSet, Origin, Setup, customary};
use qframe_model::instrument::Margin;
use qframe_model::market::Bar;
use qframe_model::number::{Price, Quantity, Rate, Volume};
use qframe_model::order::Size;
use qframe_model::time::{Time, TimeFrame};
use serde_json::{Value, json};

/// Buys a unit at the second and fourth bar, sells one at the sixth and the other at the seventh.
struct Twice;

impl Strategy for Twice {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let Some(bar) = market.bar() else { return };
        let unit = Size::Units(Quantity::whole(1));
        let ticket = match bar.time.since(Time::EPOCH).nanos() / 86_400_000_000_000 {
            0 | 2 => Ticket::buy(unit),
            4 | 5 => Ticket::sell(unit),
            _ => return,
        };
        context.send(ticket);
    }
}

#[test]
fn what_is_added_changes_nothing_of_what_was() {
    let price = |value: f64| Price::from_f64(value).unwrap();
    // Bought at 100; it falls to 60 and rises to 110; bought at 80: the average is 90. It rises to 126, and is sold.
    let rows = [
        [100.0; 4],
        [100.0, 110.0, 60.0, 80.0],
        [80.0; 4],
        [80.0, 90.0, 80.0, 90.0],
        [90.0, 126.0, 81.0, 120.0],
        [120.0; 4],
        [110.0; 4],
    ];
    let bar = |(day, [open, high, low, close]): (i64, [f64; 4])| Bar {
        time: Time::from_seconds(day * 86_400),
        open: price(open),
        high: price(high),
        low: price(low),
        close: price(close),
        volume: Volume::from_digits(1_000, 0).unwrap(),
    };
    let instrument = customary("ABC".parse().unwrap(), None, Margin::FULL).unwrap();
    let bars = (0..).zip(rows).map(bar).collect();
    let data = vec![DataSet::of(instrument, TimeFrame::DAY, bars, Origin::default()).unwrap()];
    let venue = Settings { fees: Fees::flat(Rate::ZERO), ..Settings::default() };
    let backtest = Backtest::new(data, Setup { venue, ..Setup::default() }).unwrap();
    let outcome = backtest.run(Twice).unwrap();
    let facts = Facts { backtest: &backtest, outcome: &outcome, strategy: "twice", parameters: &[], settings: &[] };
    let mut out = Vec::new();
    report::json(&facts, &mut out).unwrap();
    let shown: Value = serde_json::from_slice(&out).unwrap();
    let trades = shown["trades"].as_array().unwrap();
    assert_eq!(trades.len(), 2, "{trades:?}");
    for trade in trades {
        assert_eq!(
            (&trade["entry_price"], &trade["entry_time"]),
            (&json!("90"), &json!("1970-01-02T00:00:00Z")),
            "{trade}"
        );
        let near = |name: &str, expected: f64| (trade[name].as_f64().unwrap() - expected).abs() < 1e-6;
        // 60 against 100, where the last average of 90 would say a third; 126 against 90.
        assert!(near("mae_pct", -40.0) && near("mfe_pct", 40.0), "{trade}");
    }
    let mut page = Vec::new();
    report::html(&facts, &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    let block = page.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data: Value = serde_json::from_str(block).unwrap();
    let entries = &data["prices"][0]["entries"];
    // Each of the two trades has both fills: the units that were closed are of both.
    assert_eq!(entries["trade"], json!([0, 0, 1, 1]));
    assert_eq!(entries["y"], json!([100.0, 80.0, 100.0, 80.0]));
    assert_eq!(entries["size"], json!([1.0, 1.0, 1.0, 1.0]));
}
