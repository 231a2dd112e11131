//! hftbacktest behind Python, on the same rows.
use std::io::Write;
use std::process::{Command, Stdio};

use qframe_model::market::{BookChange, Side, Tick};

const SCRIPT: &str = include_str!("hftbacktest.py");

/// The flags of its rows: what it is, and on which side.
const BUY: u64 = 1 << 29;
const SELL: u64 = 1 << 28;
const DEPTH: u64 = 1;
const TRADE: u64 = 2;
const CLEAR: u64 = 3;

/// How long it took, in CPU time.
pub(crate) struct Hftbacktest {
    pub(crate) version: String,
    pub(crate) feed: f64,
    pub(crate) maker: f64,
    pub(crate) trades: String,
}

impl Hftbacktest {
    /// `None` where Python (`QFRAME_HFT_PYTHON`, else `python3`) has no hftbacktest.
    pub(crate) fn run(ticks: &[Tick]) -> Option<Self> {
        let python = std::env::var_os("QFRAME_HFT_PYTHON").unwrap_or_else(|| "python3".into());
        let mut command = Command::new(python);
        command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().ok()?;
        let bytes: Vec<u8> = ticks.iter().flat_map(row).collect();
        // Where it ends before it has read all, its answer says so.
        let _ = child.stdin.take()?.write_all(&bytes);
        let output = child.wait_with_output().ok()?;
        let answer = String::from_utf8(output.stdout).ok()?;
        let words: Vec<&str> = answer.split_whitespace().collect();
        let [version, feed, maker, trades] = words.as_slice() else { return None };
        Some(Self {
            version: (*version).to_owned(),
            feed: feed.parse().ok()?,
            maker: maker.parse().ok()?,
            trades: (*trades).to_owned(),
        })
    }
}

fn row(tick: &Tick) -> [u8; 64] {
    let side = |side| if side == Side::Buy { BUY } else { SELL };
    let (event, price, quantity) = match tick {
        Tick::Trade(trade) => (TRADE | side(trade.side), trade.price.to_f64(), trade.quantity.to_f64()),
        Tick::Book(delta) => match delta.change {
            BookChange::Clear => (CLEAR, 0.0, 0.0),
            BookChange::Level(of, level) => (DEPTH | side(of), level.price.to_f64(), level.quantity.to_f64()),
        },
        Tick::Quote(_) => (0, 0.0, 0.0),
    };
    let words = [
        event.to_le_bytes(),
        tick.time().nanos().to_le_bytes(),
        tick.received().nanos().to_le_bytes(),
        price.to_le_bytes(),
        quantity.to_le_bytes(),
        [0; 8],
        [0; 8],
        [0; 8],
    ];
    let mut bytes = [0; 64];
    bytes.as_chunks_mut::<8>().0.iter_mut().zip(words).for_each(|(place, word)| *place = word);
    bytes
}
