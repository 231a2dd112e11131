//! Where profit came from: the closed trades by asset, side, hour of entry, holding time and reason of their end.
use qframe_model::number::Cash;
use qframe_model::position::ClosedTrade;
use qframe_model::time::Span;
use serde::Serialize;

use super::{Facts, trades};

/// The trades of one kind. Profits of all rows of a table add up to that of all closed trades.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    /// What they have in common.
    pub name: String,
    pub trades: usize,
    /// After fees, in the reporting currency at the rates of the exits; `None` where it leaves the range of exact amounts.
    pub pnl: Option<Cash>,
    /// Share of the trades with a profit.
    pub win_rate_pct: f64,
    /// Mean of the returns of the trades, in per cent; `None` where no trade cost anything.
    pub avg_return_pct: Option<f64>,
}

/// A table of rows: by what, and the rows.
pub(super) type Table = (&'static str, Vec<Row>);

/// All tables; empty without trades.
pub(super) fn tables(facts: &Facts<'_>) -> Vec<Table> {
    let (instruments, trades) = (facts.backtest.instruments(), &facts.outcome.trades);
    if trades.is_empty() {
        return Vec::new();
    }
    let asset =
        |trade: &ClosedTrade| (trade.instrument.index(), instruments[trade.instrument.index()].symbol().to_string());
    let side = |trade: &ClosedTrade| {
        let name = trades::side(trade.side);
        (usize::from(name == "short"), name.to_owned())
    };
    let hour = |trade: &ClosedTrade| {
        let hour = trade.entry_time.nanos().rem_euclid(Span::DAY.nanos()) / HOUR;
        (hour as usize, format!("{hour:02}:00 to {hour:02}:59"))
    };
    let reason = |trade: &ClosedTrade| (trade.reason as usize, trade.reason.to_string());
    vec![
        ("asset", by(trades, asset)),
        ("side", by(trades, side)),
        ("hour of entry, UTC", by(trades, hour)),
        ("holding time", by(trades, held)),
        ("reason of exit", by(trades, reason)),
    ]
}

/// Whether a page shows it: a single row says what the table by asset has said already.
pub(super) fn is_telling((what, rows): &&Table) -> bool {
    *what == "asset" || rows.len() > 1
}

const HOUR: i64 = 3_600_000_000_000;

/// The steps of holding times: less than each, and what it is called.
const STEPS: [(i64, &str); 7] = [
    (60_000_000_000, "under 1 min"),
    (3_600_000_000_000, "1 min to 1 h"),
    (14_400_000_000_000, "1 h to 4 h"),
    (86_400_000_000_000, "4 h to 1 day"),
    (604_800_000_000_000, "1 to 7 days"),
    (2_592_000_000_000_000, "7 to 30 days"),
    (i64::MAX, "over 30 days"),
];

fn held(trade: &ClosedTrade) -> (usize, String) {
    let held = trade.exit_time.since(trade.entry_time).nanos();
    let step = STEPS.iter().position(|(limit, _)| held < *limit).unwrap_or(STEPS.len() - 1);
    (step, STEPS[step].1.to_owned())
}

fn by(trades: &[ClosedTrade], key: impl Fn(&ClosedTrade) -> (usize, String)) -> Vec<Row> {
    let mut groups: std::collections::BTreeMap<(usize, String), Vec<&ClosedTrade>> = std::collections::BTreeMap::new();
    for trade in trades {
        groups.entry(key(trade)).or_default().push(trade);
    }
    groups.into_iter().map(|((_, name), trades)| row(name, &trades)).collect()
}

fn row(name: String, trades: &[&ClosedTrade]) -> Row {
    let pnl = trades.iter().try_fold(Cash::ZERO, |sum, trade| sum.plus(trade.reported_pnl()?)).ok();
    let won = trades.iter().filter(|trade| trade.pnl.is_positive()).count();
    let returns: Vec<f64> = trades.iter().filter_map(|trade| trade.return_share()).collect();
    let mean = (!returns.is_empty()).then(|| returns.iter().sum::<f64>() / returns.len() as f64 * 100.0);
    Row {
        name,
        trades: trades.len(),
        pnl,
        win_rate_pct: won as f64 / trades.len() as f64 * 100.0,
        avg_return_pct: mean,
    }
}
