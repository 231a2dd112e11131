//! `qframe exchange`: it starts, answers, ends in good order, and refuses what it cannot play.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use crate::program::{Program, Running};

const STREAM: &str = "\
1723161254000000000 {\"lastUpdateId\":102,\"bids\":[[\"9.00\",\"3.70\"]],\"asks\":[[\"11.05\",\"1.5\"]]}
1723161254100000000 {\"e\":\"depthUpdate\",\"E\":1723161254100,\"s\":\"BTCUSDT\",\"U\":103,\"u\":104,\"b\":[[\"9.00\",\"4\"]],\"a\":[]}
";

fn ask(url: &str, path: &str) -> String {
    let address = url.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).unwrap();
    write!(socket, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[cfg(unix)]
#[test]
fn it_starts_answers_and_ends() {
    check_run(&[], "spot", "BTC/USDT", "/api/v3");
    // The pair of the recording, traded as a perpetual.
    check_run(&["--market", "usdm"], "usdm", "BTC/USDT:USDT", "/fapi/v1");
}

#[cfg(unix)]
fn check_run(flags: &[&str], market: &str, symbol: &str, root: &str) {
    let program = Program::new();
    program.write("stream.txt", STREAM);
    let mut command = Command::new(env!("CARGO_BIN_EXE_qframe"));
    command
        .args(["exchange", "--replay", "stream.txt", "--port", "0", "--json"])
        .args(flags)
        .current_dir(&program.folder);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let start: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!((&start["symbols"][0], &start["keys"][0]), (&symbol.into(), &"qframe-key".into()));
    assert_eq!(start["market"], market);
    let url = start["url"].as_str().unwrap();
    // The replay takes a tenth of a second.
    let shown = || ask(url, &format!("{root}/depth?symbol=BTCUSDT"));
    let became = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        shown().contains("[[\"9.00000000\",\"4.00000000\"]]")
    });
    assert!(became, "{}", shown());
    assert!(ask(url, &format!("{root}/depth?symbol=NONE")).contains("-1121"));
    let ended = Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap();
    assert!(ended.success());
    let end: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!((&end["over"], &end["fault"]), (&true.into(), &serde_json::Value::Null), "{end}");
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
}

#[test]
fn wrong_words_and_wrong_files() {
    let program = Program::new();
    program.write("stream.txt", STREAM);
    program.write("no-book.txt", STREAM.lines().last().unwrap_or_default());
    program.write("prices.csv", "time,open,high,low,close\n2020-01-01,1,2,1,2\n");
    let check = |words: &str, code: i32, part: &str| {
        let answer = program.run(&format!("exchange {words}"));
        assert_eq!(answer.code(), code, "{words}: {}", answer.error());
        assert!(answer.error().contains(part), "{words}: {}", answer.error());
        assert_eq!(answer.out(), "", "{words}");
    };
    check("", 2, "--replay");
    check("--replay stream.txt --speed 0x", 2, "expected 1x, 10x");
    check("--replay stream.txt --fault drop=2", 2, "no share from 0% to 100%");
    check("--replay stream.txt --key mine", 2, "expected KEY=SECRET");
    check("--replay stream.txt --key mine=", 2, "secret key is empty");
    check("--replay stream.txt --key one=a --key one=b", 2, "it is there twice");
    check("--replay stream.txt --fund USDT=-5", 2, "expected ASSET=AMOUNT");
    check("--replay stream.txt --replay stream.txt", 2, "play each market once");
    check("--replay stream.txt --fault disconnect=0s", 2, "leaves no time for a connection");
    check("--replay stream.txt --fault drop=1%,drop=2%", 2, "\"drop\" is there twice");
    check("--replay stream.txt --maker 200%", 2, "expected a share of at most 100%");
    check("--replay stream.txt --taker 101%", 2, "expected a share of at most 100%");
    check("--replay stream.txt --from 2030-01-01", 2, "what is played ends at 2024-08-08");
    check("--replay stream.txt --kind funding", 2, "expected bars, trades, quotes or book");
    check("--replay stream.txt --kind trades", 2, "a recording is played as it is");
    check("--replay stream.txt --timeframe 1m", 2, "a recording is played as it is");
    check("--replay nowhere.txt", 1, "no such file");
    check("--replay prices.csv", 1, "no message of an exchange");
    check("--replay no-book.txt", 1, "a whole book is in it");
    check("--replay ETH/USDT", 1, "there is no catalog");
}
