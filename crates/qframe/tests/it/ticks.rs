//! Backtests on recorded streams and on ticks of the catalog.
use crate::program::Program;

/// A stream of invented messages: a snapshot, then quotes that move and trades at them.
fn stream() -> String {
    let mut lines = vec![
        r#"1723161254000000000 {"e":"depthUpdate","E":1723161253900,"s":"BTCUSDT","U":1,"u":2,"b":[],"a":[]}"#.to_owned(),
        r#"1723161254010000000 {"lastUpdateId":2,"bids":[["100.0","3"],["99.5","9"]],"asks":[["100.5","2"],["101.0","9"]]}"#.to_owned(),
    ];
    for place in 0..400_i64 {
        let (time, id) = (1_723_161_255_000 + place * 100, place + 3);
        let nanos = (time + 5) * 1_000_000;
        let units = 1 + place % 7;
        lines.push(format!(
            r#"{nanos} {{"e":"depthUpdate","E":{time},"s":"BTCUSDT","U":{id},"u":{id},"b":[["100.0","{units}"]],"a":[["100.5","{}"]]}}"#,
            9 - units
        ));
        let (price, maker) = if place % 3 == 0 { ("100.0", true) } else { ("100.5", false) };
        let (trade, nanos, done) = (place + 1, nanos + 20_000_000, time + 20);
        lines.push(format!(
            r#"{nanos} {{"e":"trade","E":{time},"s":"BTCUSDT","t":{trade},"p":"{price}","q":"2","T":{done},"m":{maker},"M":true}}"#
        ));
    }
    lines.join("\n") + "\n"
}

fn shown(program: &Program, words: &str) -> String {
    let answer = program.run(&format!("backtest {words}"));
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    answer.out()
}

#[test]
fn a_recorded_stream_is_traded_on() {
    let program = Program::new();
    program.write("stream.txt", stream());
    let base = "--data stream.txt --strategy market-making --param half-spread=25 --param refresh=0 --cash 100000";
    let out = shown(&program, &format!("{base} --fee 0 --allow-short --plain"));
    assert!(out.contains("400 trades, 0 quotes and 402 other messages of BTC/USDT; orders meet book"), "{out}");
    assert!(out.contains("its tick is not known: quotes go by the step of the prices seen so far"), "{out}");
    let known = shown(&program, &format!("{base} --tick 0.5 --allow-short --plain"));
    assert!(!known.contains("tick is not known"), "{known}");
    let json = |words: &str| -> serde_json::Value {
        serde_json::from_str(&shown(&program, &format!("{base} --allow-short {words} --json"))).unwrap()
    };
    let one = json("--latency 5ms --answer-latency drawn:1ms,2ms,9ms --queue depth:2 --seed 3");
    assert!(one["stats"]["# Trades"].as_f64().unwrap() > 3.0, "{}", one["stats"]);
    assert_eq!(one["settings"]["answer-latency"], "drawn:1ms,2ms,9ms");
    assert_eq!(one["settings"]["queue"], "depth:2");
    let again = json("--latency 5ms --answer-latency drawn:1ms,2ms,9ms --queue depth:2 --seed 3");
    assert_eq!(one["journal"], again["journal"]);
    assert_ne!(
        one["journal"],
        json("--latency 5ms --answer-latency drawn:1ms,2ms,9ms --queue depth:2 --seed 4")["journal"]
    );
    let bars = shown(&program, "--data stream.txt --grain trades --timeframe 2s --param fast=2 --param slow=5 --plain");
    assert!(bars.contains("orders meet trades"), "{bars}");
}

#[test]
fn wrong_words_for_ticks_say_what_is_expected() {
    let program = Program::new();
    program.write("stream.txt", stream());
    let check = |words: &str, expected: &str| {
        let answer = program.run(&format!("backtest --data stream.txt {words}"));
        assert_ne!(answer.code(), 0, "{words}");
        assert!(answer.error().contains(expected), "{words}: {}", answer.error());
    };
    check("--grain candles", "expected bars, trades, quotes, book");
    check("--queue first", "risk-averse");
    check("--latency drawn:5ms,1ms", "expected times that rise");
    check("--latency drawn:", "drawn:1ms,2ms,10ms");
    check("--answer-latency 2bars", "expected a time");
    check("--latency 1bar", "give a time, such as 5ms");
    check("--fill close", "not a bar's prices");
    check("--at-end open", "there is no last open");
    check("--from 2030-01-01", "no price in it between --from and --to");
    check("--grain quotes --symbol", "unexpected argument");
    check("--tick 0", "expected a price above zero");
    let book = "market-making acts on quotes or an order book, and there is none; give a recorded stream";
    check("--strategy market-making --allow-short --grain trades", book);
}

#[test]
fn ticks_of_the_catalog_are_traded_on_by_name() {
    let program = Program::new();
    let mut rows = String::from("time,id,price,qty,side\n");
    for place in 0..600 {
        let (minute, second) = (place / 60, place % 60);
        let (price, side) = (100 + (place / 40) % 5, if place % 2 == 0 { "buy" } else { "sell" });
        rows += &format!("2024-03-01T00:{minute:02}:{second:02}Z,{},{price},1.5,{side}\n", place + 1);
    }
    program.write("trades.csv", rows);
    let imported = program.run("data import trades.csv --symbol BTC/USDT --venue binance --kind trades");
    assert_eq!(imported.code(), 0, "{}{}", imported.out(), imported.error());
    let words = "--data BTC/USDT@binance --grain trades --timeframe 10s --param fast=2 --param slow=6 --plain";
    let out = shown(&program, words);
    assert!(out.contains("600 trades; orders meet trades"), "{out}");
    assert!(out.contains("catalog, binance, content "), "{out}");
}

#[test]
fn a_stream_in_the_catalog_is_the_stream() {
    let program = Program::new();
    program.write("stream.txt", stream());
    for new in ["400 new", "nothing new"] {
        let imported = program.run("data import stream.txt");
        assert_eq!(imported.code(), 0, "{}", imported.error());
        assert!(new != "nothing new" || imported.out().contains(new), "{}", imported.out());
    }
    let run = |data: &str, period: &str| {
        let words = "--strategy market-making --param half-spread=25 --param refresh=0 --cash 100000 --allow-short";
        let out = shown(&program, &format!("--data {data} --grain book {words} --latency 5ms --json {period}"));
        serde_json::from_str::<serde_json::Value>(&out).unwrap()
    };
    let trades = |data: &str| run(data, "")["trades"].take();
    let prices = |trades: &serde_json::Value| -> Vec<_> {
        let rows = trades.as_array().unwrap().iter();
        rows.map(|trade| (trade["entry_time"].clone(), trade["entry_price"].clone(), trade["pnl"].clone())).collect()
    };
    // A period that begins between an update and the trade behind it, and one that a row came into that happened before it.
    for from in ["54:16.010", "54:16.003"] {
        let period = format!("--from 2024-08-08T23:{from}Z --to 2024-08-08T23:54:40Z");
        let orders = |data: &str| {
            run(data, &format!("{period} --orders orders.csv"));
            std::fs::read_to_string(program.path("orders.csv")).unwrap().replace("@binance", "")
        };
        let (direct, stored) = (orders("stream.txt"), orders("BTC/USDT@binance"));
        assert!(direct.lines().count() > 10 && direct == stored, "{from}: {direct}\n{stored}");
    }
    let (direct, stored) = (trades("stream.txt"), trades("BTC/USDT@binance"));
    assert!(prices(&direct).len() > 3, "{direct}");
    assert!(prices(&direct) == prices(&stored), "the catalog gives other trades than the stream");
}

/// A run over one day read the book of all days before it.
#[test]
fn a_book_is_read_from_its_last_snapshot_on() {
    let program = Program::new();
    let day = |later: i64| {
        let moved = |digits: &str, unit: i64| (digits.parse::<i64>().unwrap() + later * 86_400 * unit).to_string();
        let line = |line: &str| {
            let mut line = line.replacen(&line[..19], &moved(&line[..19], 1_000_000_000), 1);
            for name in ["\"E\":", "\"T\":"] {
                if let Some(at) = line.find(name).map(|at| at + name.len()) {
                    line = format!("{}{}{}", &line[..at], moved(&line[at..at + 13], 1_000), &line[at + 13..]);
                }
            }
            line + "\n"
        };
        stream().lines().map(line).collect::<String>()
    };
    for later in [0, 1, 9] {
        program.write("stream.txt", day(later));
        let imported = program.run("data import stream.txt");
        assert_eq!(imported.code(), 0, "{}", imported.error());
    }
    let words = "--data BTC/USDT@binance --grain book --strategy market-making --param half-spread=25 --param refresh=0 --cash 100000 \
                 --allow-short --json";
    let run = |period: &str| {
        let out: serde_json::Value = serde_json::from_str(&shown(&program, &format!("{words} {period}"))).unwrap();
        assert!(out["stats"]["# Trades"].as_f64().unwrap() > 3.0, "{period}: {}", out["stats"]);
        out["trades"].clone()
    };
    // In the middle of a recording, and some days behind it.
    let periods = ["--from 2024-08-09T23:54:16.010Z --to 2024-08-09", "--from 2024-08-12"];
    let whole = periods.map(run);
    let first = find(&program.path("catalog"), "2024-08-08.parquet", "book").unwrap();
    let bytes = std::fs::read(&first).unwrap();
    // Its rows are gone, its footer is not.
    let footer = bytes.len() - 8 - u32::from_le_bytes(bytes[bytes.len() - 8..][..4].try_into().unwrap()) as usize;
    let damaged = [vec![0; footer], bytes[footer..].to_vec()].concat();
    std::fs::write(&first, damaged).unwrap();
    assert!(periods.map(run) == whole, "the rows of the first day were read");
}

fn find(folder: &std::path::Path, name: &str, within: &str) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).find_map(|path| match path.is_dir() {
        true => find(&path, name, within),
        false => (path.ends_with(name) && path.to_str()?.contains(within)).then_some(path),
    })
}

#[test]
fn an_update_is_not_undone_by_the_snapshot_before_it() {
    // The snapshot has no time of the exchange's, so it carried its receipt: later than the update that followed it.
    let program = Program::new();
    let update = |nanos: u64, time: u64, id: u64, bids: &str, asks: &str| {
        format!(r#"{nanos} {{"e":"depthUpdate","E":{time},"s":"BTCUSDT","U":{id},"u":{id},"b":[{bids}],"a":[{asks}]}}"#)
    };
    let mut lines = vec![
        r#"1723161254000000000 {"lastUpdateId":102,"bids":[["100.00","3"]],"asks":[["101.00","500"]]}"#.to_owned(),
        update(
            1_723_161_254_020_000_000,
            1_723_161_253_990,
            103,
            r#"["100.00","7"]"#,
            r#"["101.00","0"],["102.00","900"]"#,
        ),
    ];
    for second in 1..4 {
        let (nanos, time) = (1_723_161_254_000_000_000 + second * 1_000_000_000, 1_723_161_253_970 + second * 1_000);
        lines.push(update(nanos, time, 103 + second, &format!(r#"["99.00","{second}"]"#), ""));
    }
    program.write("stream.txt", lines.join("\n") + "\n");
    for data in ["stream.txt", "BTC/USDT@binance"] {
        let words = format!("--data {data} --grain book --strategy buy-and-hold --fee 0 --at-end close --json");
        let out: serde_json::Value = serde_json::from_str(&shown(&program, &words)).unwrap();
        assert_eq!(out["trades"][0]["entry_price"], "102", "{data}: {}", out["trades"]);
        assert_eq!(program.run("data import stream.txt").code(), 0);
    }
}

/// The trades of a recording come before its snapshot: they met the book of a recording of a month before.
#[test]
fn a_book_of_another_recording_is_forgotten() {
    let program = Program::new();
    let early = |line: &str| line.replace("\"10", "\"2").replace("\"99.", "\"19.").replace("17231612", "17204832");
    program.write("old.txt", stream().lines().take(9).map(early).collect::<Vec<_>>().join("\n") + "\n");
    let mut lines: Vec<String> = stream().lines().map(str::to_owned).collect();
    let first = r#"{"e":"trade","E":1723161252900,"s":"BTCUSDT","t":0,"p":"100.5","q":"2","T":1723161252900,"m":false,"M":true}"#;
    lines.insert(0, format!("1723161252905000000 {first}"));
    program.write("new.txt", lines.join("\n") + "\n");
    for file in ["old.txt", "new.txt"] {
        assert_eq!(program.run(&format!("data import {file}")).code(), 0);
    }
    let words =
        "--data BTC/USDT@binance --grain book --strategy buy-and-hold --fee 0 --json --at-end close --from 2024-08-08";
    let out: serde_json::Value = serde_json::from_str(&shown(&program, words)).unwrap();
    assert_eq!(out["trades"][0]["entry_price"], "100.54524536", "{}", out["trades"]);
}

#[test]
fn what_a_stream_lacks_is_said() {
    let program = Program::new();
    program.write("stream.txt", stream() + "1723161999000000000 {\"e\":\"trade\"}\n");
    let out = shown(&program, "--data stream.txt --strategy buy-and-hold --plain");
    assert!(out.contains("(lines refused: 1; `qframe data book` tells where)"), "{out}");
}

#[test]
fn rows_of_another_symbol_are_not_mixed_in() {
    // One symbol was given for a file of two, and the prices of both stood in its bars.
    let program = Program::new();
    let rows = "symbol,time,open,high,low,close,volume\n\
                AAPL,2024-01-01,1,1,1,1,5\nMSFT,2024-01-01,400,400,400,400,5\n\
                AAPL,2024-01-02,1,1,1,1,5\nMSFT,2024-01-02,400,400,400,400,5\nMSFT,2024-01-03,400,400,400,400,5\n";
    program.write("two.csv", rows);
    let imported = program.run("data import two.csv --symbol AAPL --venue x --timeframe 1d --json");
    assert_eq!(imported.code(), 0, "{}", imported.error());
    assert!(imported.out().contains("that of the first row"), "{}", imported.out());
    let shown = program.run("data show AAPL --rows 9");
    assert!(!shown.out().contains("400"), "{}", shown.out());
}

#[test]
fn a_check_looks_at_every_kind_of_rows() {
    // A book passed every grade: nothing had looked at it.
    let program = Program::new();
    program.write("stream.txt", stream());
    assert_eq!(program.run("data import stream.txt").code(), 0);
    let all = program.run("data check BTC/USDT@binance");
    assert_eq!((all.code(), all.error()), (0, String::new()));
    for source in ["BTC/USDT@binance --kind book", "stream.txt --kind book"] {
        let book = program.run(&format!("data check {source} --at-least high"));
        assert_eq!(book.code(), 0, "{}", book.error());
        assert!(book.out().contains("rows, book from") && book.out().contains("grade HIGH"), "{}", book.out());
    }
}

#[test]
fn latencies_are_those_of_a_file() {
    let program = Program::new();
    program.write("stream.txt", stream());
    // Both ways 4 ms until the 10th second of the stream, 40 ms from then on.
    let (start, later) = (1_723_161_254_000_000_000_i64, 1_723_161_265_000_000_000_i64);
    let spans = format!("time,entry,answer\n{start},4ms,4ms\n{later},40ms,40ms\n");
    program.write("spans.csv", &spans);
    let stamp = |sent: i64, ms: i64| format!("{sent},{},{}", sent + ms * 1_000_000, sent + 2 * ms * 1_000_000);
    // Answers of the second row left the venue 40 ms later than those of the spans.
    let stamps = format!("req_ts,exch_ts,resp_ts\n{}\n{}\n", stamp(start - 4_000_000, 4), stamp(later, 40));
    program.write("stamps.csv", &stamps);
    program.write("run.toml", "latency = \"recorded:spans.csv\"\nanswer-latency = \"recorded:spans.csv\"\n");
    program.write("old.csv", "time,entry,answer\n2020-01-01,4ms,4ms\n");
    let base = "--data stream.txt --strategy market-making --param half-spread=25 --param refresh=0 --cash 100000";
    let json = |words: &str| -> serde_json::Value {
        serde_json::from_str(&shown(&program, &format!("{base} --allow-short {words} --json"))).unwrap()
    };
    let measured = json("--latency recorded:spans.csv --answer-latency recorded:spans.csv");
    let settings = |run: &serde_json::Value| run["settings"]["latency"].as_str().unwrap().to_owned();
    assert!(settings(&measured).starts_with("recorded:2 rows, content "), "{}", settings(&measured));
    let constant = json("--latency 4ms --answer-latency 4ms");
    assert_ne!(measured["trades"], constant["trades"]);
    let old = json("--latency recorded:old.csv --answer-latency recorded:old.csv");
    assert_eq!(old["trades"], constant["trades"], "the nearest measurement holds");
    assert_eq!(json("--config run.toml")["journal"], measured["journal"], "beside the configuration");
    let stamped = json("--latency recorded:stamps.csv --answer-latency recorded:spans.csv");
    assert_ne!(settings(&stamped), settings(&measured), "other rows, other words");
    let words = format!("backtest {base} --allow-short --latency recorded:old.csv --json");
    assert!(program.run(&words).error().contains("--latency: measured from 2020-01-01"), "{words}");

    let check = |words: &str, code: i32, expected: &str| {
        let answer = program.run(&format!("backtest {base} --allow-short {words}"));
        assert_eq!(answer.code(), code, "{words}: {}", answer.error());
        assert!(answer.error().contains(expected), "{words}: {}", answer.error());
    };
    program.write("bad.csv", "time,entry,answer\n2024-01-01,4ms,4ms\n2024-01-02,fast,4ms\n");
    check(
        "--latency recorded:bad.csv",
        1,
        "bad.csv:3:12: \"fast\" is no entry; expected a whole number of nanoseconds",
    );
    check("--answer-latency recorded:none.csv", 1, "none.csv");
    check("--latency recorded:", 2, "expected a file, such as recorded:latency.csv");
    check("--latency recorded:spans.csv --trades spans.csv", 2, "it is a file of --latency; name another one");
}

#[test]
fn what_is_on_its_way_at_the_end_is_listed_with_its_reason() {
    let program = Program::new();
    program.write("stream.txt", stream());
    let base = "--data stream.txt --strategy market-making --param half-spread=25 --param refresh=0 --cash 100000";
    shown(&program, &format!("{base} --allow-short --latency 2s --orders orders.csv --plain"));
    let orders = std::fs::read_to_string(program.path("orders.csv")).unwrap();
    assert!(orders.contains("the data ended while it was on its way"), "{orders}");
    assert!(orders.lines().skip(1).all(|line| !line.contains(",submitted,")), "{orders}");
}

#[test]
fn poor_ticks_are_told_of_in_the_report() {
    let program = Program::new();
    let row = |place: i64| format!("2024-03-01T00:{:02}:{:02}Z,{},100,1.5,buy\n", place / 60, place % 60, place + 1);
    let good: String = (0..600).map(row).collect();
    let head = "time,id,price,qty,side\n";
    program.write("good.csv", format!("{head}{good}"));
    program.write("late.csv", format!("{head}{good}2024-03-09T00:00:00Z,601,100,1.5,buy\n"));
    for name in ["good", "late"] {
        let imported = program.run(&format!("data import {name}.csv --symbol BTC/USDT --venue {name} --kind trades"));
        assert_eq!(imported.code(), 0, "{}", imported.error());
    }
    let words = |venue: &str| format!("--data BTC/USDT@{venue} --grain trades --timeframe 10s --strategy buy-and-hold");
    let json = |venue: &str| -> serde_json::Value {
        serde_json::from_str(&shown(&program, &format!("{} --json", words(venue)))).unwrap()
    };
    assert_eq!(json("good")["data"][0]["quality"]["grade"], "HIGH");
    assert_eq!(json("late")["data"][0]["quality"]["grade"], "LOW");
    let out = shown(&program, &format!("{} --plain", words("late")));
    assert!(out.contains("the data is of quality LOW: LOW for seconds of silence"), "{out}");
}

/// Dealers of currencies quote prices alone.
#[test]
fn quotes_without_sizes_are_traded_on() {
    let program = Program::new();
    let row = |place: i64| format!("2014-05-01T00:{:02}:{:02}Z,1.3867,1.3868\n", place / 60, place % 60);
    program.write("ticks.csv", format!("time,bid,ask\n{}", (0..600).map(row).collect::<String>()));
    let imported = program.run("data import ticks.csv --symbol EUR/USD --venue here --kind quotes");
    assert_eq!(imported.code(), 0, "{}", imported.error());
    let words = "--data EUR/USD@here --grain quotes --strategy buy-and-hold --size 1000 --fee 0 --orders o.csv --plain";
    let out = shown(&program, words);
    assert!(out.contains("sizes of quotes that nobody wrote down, taken as boundless"), "{out}");
    let orders = std::fs::read_to_string(program.path("o.csv")).unwrap();
    assert!(orders.contains("filled,1000,1.3868,0,"), "{orders}");
}
