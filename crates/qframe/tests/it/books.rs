//! `qframe data book`: its JSON, and what it refuses.
use crate::program::Program;

const STREAM: &str = "\
1723161254000000000 {\"lastUpdateId\":102,\"bids\":[[\"9\",\"3.70\"]],\"asks\":[[\"11\",\"1.5\"]]}
1723161254100000000 {\"e\":\"depthUpdate\",\"E\":1723161255300,\"s\":\"BTCUSDT\",\"U\":103,\"u\":104,\"b\":[[\"9\",\"4\"]],\"a\":[]}
1723161254200000000 {\"e\":\"depthUpdate\",\"E\":1723161255300,\"s\":\"BTCUSDT\",\"U\":106,\"u\":106,\"b\":[],\"a\":[]}
no message
";

#[test]
fn the_object_that_is_printed() {
    let program = Program::new();
    program.write("stream.txt", STREAM);
    let lines: Vec<&str> = STREAM.lines().collect();
    program.write("good.txt", lines[..2].join("\n"));
    let answer = program.run("data book good.txt --json");
    assert_eq!(answer.code(), 0, "{}", answer.error());
    let object: serde_json::Value = serde_json::from_str(&answer.out()).unwrap();
    let figures = ["events", "snapshots", "gaps", "crossed", "resyncs", "best_bid_ask_checked", "best_bid_ask_equal"];
    assert_eq!(figures.map(|name| object[name].as_u64().unwrap()), [2, 1, 0, 0, 0, 0, 0]);
    assert_eq!(object["last"]["bids"], serde_json::json!([["9", "4"]]));
    assert_eq!(object["last"]["asks"], serde_json::json!([["11", "1.5"]]));
    let answer = program.run("data book stream.txt --json");
    let object: serde_json::Value = serde_json::from_str(&answer.out()).unwrap();
    assert_eq!(
        (&object["gaps"], &object["refused"], &object["last"]),
        (&1.into(), &1.into(), &serde_json::Value::Null)
    );
    assert_eq!(object["losses"][0]["text"], "gap: expected an update after 104, found one after 105");
    assert!(object["findings"][0].as_str().unwrap().starts_with("stream.txt:4:1: \"no message\""));
}

#[test]
fn wrong_words_and_wrong_files() {
    let program = Program::new();
    program.write("stream.txt", STREAM);
    program.write("prices.csv", "time,open,high,low,close\n2020-01-01,1,2,1,2\n");
    program.write("empty.gz", "");
    let check = |words: &str, code: i32, part: &str| {
        let answer = program.run(words);
        assert_eq!(answer.code(), code, "{words}: {}", answer.error());
        assert!(answer.error().contains(part), "{words}: {}", answer.error());
        assert_eq!(answer.out(), "", "{words}");
    };
    check("data book", 2, "<FILE>");
    check("data book stream.txt --depth x", 2, "--depth");
    check("data book stream.txt --symbol btc", 2, "is not a symbol");
    check("data book stream.txt --symbol ETH/USDT", 2, "not in the files; there are BTC/USDT");
    check("data book stream.txt --symbol BTC/USDT@coinbase", 2, "not in the files");
    check("data book nowhere.txt", 1, "nowhere.txt: no such file");
    check("data book .", 1, "a directory");
    check("data book empty.gz", 1, "zero bytes");
    check("data book prices.csv", 1, "prices.csv:1:1: no message of an exchange in 2 lines: \"time,open");
}

/// A stream that was joined in the middle has updates and no snapshot; the answer was a row of zeros.
#[test]
fn updates_without_a_snapshot_are_said_to_make_no_book() {
    let program = Program::new();
    let updates = STREAM.lines().skip(1).take(1).collect::<String>();
    program.write("stream.txt", updates);
    let answer = program.run("data book stream.txt");
    let told = answer.out();
    assert_eq!(answer.code(), 1, "{told}");
    assert!(
        answer.error().contains("stream.txt: no book was rebuilt: 1 update of the book and no"),
        "{}",
        answer.error()
    );
    assert!(told.contains("1 update of the book and no snapshot to join them to: no book was built"), "{told}");
    let object: serde_json::Value = serde_json::from_str(&program.run("data book stream.txt --json").out()).unwrap();
    assert!(object["symbols"][0]["bookless"].as_str().unwrap().contains("no snapshot"), "{object}");
    let refused = program.run("data import stream.txt");
    assert!(
        refused.code() == 1 && refused.error().contains("BTC/USDT: 1 update of the book and no snapshot"),
        "{}",
        refused.error()
    );
}
