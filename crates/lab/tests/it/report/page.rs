//! The page: it loads nothing, shows the statistics as they are, and lets no text of a user become markup.
use qframe_engine::{Breaker, Limits, Trigger};
use qframe_lab::strategies::Mode;
use qframe_lab::{Setup, report};
use qframe_model::breaker::TradingState;
use qframe_model::event::Event;
use qframe_model::number::{Cash, Rate};
use qframe_model::time::Span;
use qframe_quant::performance::Value;

use super::{EVIL, Run};

/// The page in two parts: its markup, and what stands in its scripts.
fn split(page: &str) -> (String, Vec<String>) {
    let (mut markup, mut scripts, mut rest) = (String::new(), Vec::new(), page);
    while let Some((before, script)) = rest.split_once("<script ") {
        let (inside, after) = script.split_once("</script>").unwrap();
        markup.push_str(before);
        scripts.push(inside.to_owned());
        rest = after;
    }
    (markup + rest, scripts)
}

fn data(scripts: &[String]) -> serde_json::Value {
    let block = scripts.iter().find_map(|script| script.strip_prefix("type=\"application/json\" id=\"data\">"));
    serde_json::from_str(block.unwrap()).unwrap()
}

#[test]
fn it_asks_the_network_for_nothing() {
    let (markup, scripts) = split(&Run::bitcoin().written(report::html));
    assert!(!markup.contains("http:") && !markup.contains("https:") && !markup.contains("url("));
    for attribute in ["src=", "href="] {
        let targets: Vec<&str> = markup.split(&format!(" {attribute}\"")).skip(1).collect();
        assert!(targets.iter().all(|target| target.starts_with("data:,\"")), "{attribute}");
    }
    assert!(markup.contains("content=\"default-src 'none'; script-src 'nonce-"));
    // The data, the library, our own: none names another source.
    assert_eq!(scripts.len(), 3);
    assert!(scripts.iter().all(|script| !script.split('>').next().unwrap().contains("src")));
    assert!(!scripts[2].contains("http") && !scripts[2].contains("fetch(") && !scripts[2].contains("innerHTML"));
}

#[test]
fn names_of_files_and_strategies_stay_text() {
    let page = Run::bitcoin().written(report::html);
    assert!(!page.contains(EVIL) && !page.contains("<img"));
    let escaped = "&lt;script&gt;alert(1)&lt;/script&gt;";
    for place in [format!("<title>{escaped} –"), format!("<h1>{escaped}</h1>"), format!("<dd>{escaped}</dd>")] {
        assert!(page.contains(&place), "{place}");
    }
    assert!(page.contains("<dd>a&quot;&#39;&gt;&lt;img src=x onerror=alert(2)&gt;&amp;.csv</dd>"));
}

/// The cell behind the heading of a row.
fn cell<'a>(markup: &'a str, name: &str) -> &'a str {
    let row = format!("<tr><th scope=\"row\">{}</th><td>", name.replace('&', "&amp;"));
    markup.split_once(&row).unwrap_or_else(|| panic!("{name} is on the page")).1.split("</td>").next().unwrap()
}

fn check_statistics(run: &Run) {
    let (markup, _) = split(&run.written(report::html));
    for ((name, value), (_, convention)) in
        run.outcome.statistics.rows().into_iter().zip(run.outcome.statistics.conventions())
    {
        let shown = cell(&markup, name);
        let number = || shown.replace(',', "").parse::<f64>().unwrap();
        match value {
            None => assert_eq!(shown, "-", "{name}"),
            Some(Value::Count(count)) => assert_eq!(number(), count as f64, "{name}"),
            Some(Value::Number(exact)) => {
                let decimals = shown.split_once('.').unwrap().1.len() as i32;
                assert!((number() - exact).abs() <= 0.500_001 * 10f64.powi(-decimals), "{name}: {shown} is {exact}");
            }
            Some(Value::Time(_)) => assert_eq!(shown.len(), "2014-12-01".len(), "{name}"),
            Some(Value::Duration(ns)) => assert!(shown.starts_with(&(ns / 86_400_000_000_000).to_string()), "{name}"),
        }
        let convention = convention.replace('&', "&amp;").replace('\'', "&#39;");
        assert!(markup.contains(&format!("<td>{convention}</td>")), "{name}: {convention}");
    }
}

#[test]
fn its_numbers_are_the_statistics() {
    check_statistics(&Run::bitcoin());
    check_statistics(&Run::without_trades());
    check_statistics(&Run::of(&["AAPL", "KO"], (10, 30), Mode::LongShort));
}

#[test]
fn its_curves_begin_and_end_where_the_run_does() {
    let run = Run::bitcoin();
    let data = data(&split(&run.written(report::html)).1);
    let curve = &run.outcome.curve;
    let drawn = data["equity"]["y"].as_array().unwrap();
    for (drawn, exact) in [(drawn.first(), curve.equity_at(0)), (drawn.last(), curve.last().unwrap())] {
        let (drawn, exact) = (drawn.unwrap().as_f64().unwrap(), exact.to_f64());
        assert!((drawn / exact - 1.0).abs() < 1e-8, "{drawn} is {exact}");
    }
    let hold = data["hold"]["y"].as_array().unwrap().last().unwrap().as_f64().unwrap();
    let hold_pct = run.outcome.statistics.buy_and_hold_pct.unwrap();
    assert!((hold / 10_000.0 - 1.0 - hold_pct / 100.0).abs() < 1e-6, "buy & hold ends at {hold}");
    let deepest = data["drawdown"]["y"].as_array().unwrap().iter().map(|y| y.as_f64().unwrap()).fold(0.0, f64::min);
    assert!((deepest - run.outcome.statistics.max_drawdown_pct.unwrap()).abs() < 1e-6);
    let counted: u64 = data["returns"]["y"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(counted, run.outcome.statistics.trades);
    assert_eq!(data["trades"]["pnl"].as_array().unwrap().len(), run.outcome.trades.len());
}

#[test]
fn a_long_run_is_thinned_and_says_so() {
    let run = Run::of(&["EUR/USD"], (10, 30), Mode::LongFlat);
    let (markup, scripts) = split(&run.written(report::html));
    assert!(markup.contains("of each of 2,000 stretches of 6,225 points"));
    assert!(data(&scripts)["equity"]["x"].as_array().unwrap().len() <= 4_002);
    let (markup, _) = split(&Run::bitcoin().written(report::html));
    assert!(!markup.contains("stretches of"), "a short one is drawn whole");
}

#[test]
fn it_tells_what_is_known_of_the_data() {
    let (markup, _) = split(&Run::bitcoin().written(report::html));
    for text in
        ["bars absent: 12, holes: 1", "<dt>bars without volume</dt><dd>38</dd>", "times name no zone: read as UTC"]
    {
        assert!(markup.contains(text), "{text}");
    }
}

#[test]
fn a_run_without_trades_says_that() {
    let (markup, scripts) = split(&Run::without_trades().written(report::html));
    assert!(markup.contains("No trade was closed.") && !markup.contains("id=\"trades\""));
    assert_eq!(data(&scripts)["trades"]["pnl"], serde_json::json!([]));
}

/// The page once kept silent about orders that were not taken.
#[test]
fn it_tells_of_refused_orders_and_why() {
    let (markup, _) = split(&Run::bitcoin().written(report::html));
    assert!(markup.contains("<details class=\"card\"><summary><h2>Refused orders: none</h2>"));
    let check = |largest: i64, fast: usize, note: &str| {
        let mut limits = Limits::default();
        limits.symbol.order_value = Some(Cash::whole(largest));
        let run = Run::under(Setup { limits, ..Setup::default() }, &["BTC/USD"], (fast, 5 * fast), Mode::LongFlat);
        let refused = run.outcome.journal.iter().filter(|event| matches!(event, Ok(Event::Refused { .. }))).count();
        let (markup, _) = split(&run.written(report::html));
        assert!(markup.contains(&format!("<details class=\"card\" open><summary><h2>Refused orders: {refused}</h2>")));
        let table = markup.split_once("<table class=\"refused\">").unwrap().1.split("</table>").next().unwrap();
        assert_eq!(table.matches("<tr><td>").count(), refused.min(20));
        assert!(table.contains("<td>BTC/USD</td><td>buy market, target weight 1</td><td>order value "), "{table}");
        assert!(markup.contains(note), "{refused} refused");
    };
    check(100, 2, "The first 20 of them; the orders as CSV are complete.");
    check(100, 40, "By the risk check when they were sent");
}

/// What tripped stood in the JSON and on the terminal only.
#[test]
fn it_tells_of_trips_and_what_armed_again() {
    let (markup, _) = split(&Run::bitcoin().written(report::html));
    assert!(!markup.contains("Circuit breakers"), "a run without any says nothing of them");
    let check = |share: i64, days: Option<i64>, few: std::ops::Range<usize>, cells: &str| {
        let cool_down = days.map(|days| Span::from_seconds(days * 86_400));
        let trigger = Trigger::Drawdown(Rate::percent(share));
        let breakers = vec![Breaker { trigger, then: TradingState::Flattening, cool_down }];
        let setup = Setup { limits: Limits { breakers, ..Limits::default() }, ..Setup::default() };
        let run = Run::under(setup, &["BTC/USD"], (10, 50), Mode::LongFlat);
        let trips = run.outcome.journal.iter().filter(|event| matches!(event, Ok(Event::Tripped(_)))).count();
        let (markup, _) = split(&run.written(report::html));
        assert!(few.contains(&trips), "{share} % gave {trips} trips");
        let title = match trips {
            0 => "none tripped".to_owned(),
            1 => "1 trip".to_owned(),
            all => format!("{all} trips"),
        };
        assert!(markup.contains(&format!("<h2>Circuit breakers: {title}</h2>")));
        let rows = markup
            .split_once("Trips of circuit breakers")
            .map_or("", |(_, rest)| rest.split("</table>").next().unwrap());
        assert_eq!(rows.matches("<tr><td>").count(), trips);
        assert!(rows.contains(cells), "{rows}");
    };
    let by_hand = "%</td><td>15%</td><td>flattening</td><td>by hand</td><td>–</td></tr>";
    check(15, None, 1..2, by_hand);
    check(15, Some(90), 2..100, "<td>flattening</td><td>from 20");
    check(99, None, 0..1, "");
}

#[test]
fn equal_runs_give_equal_pages() {
    assert!(Run::bitcoin().written(report::html) == Run::bitcoin().written(report::html));
}
