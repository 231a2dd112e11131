//! Closed trades as a reader of a list wants them: one row, the same in JSON, CSV and on the page.
use qframe_model::currency::Currency;
use qframe_model::instrument::Instrument;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::position::ClosedTrade;
use qframe_model::symbol::Symbol;
use qframe_model::time::Time;
use qframe_quant::performance::iso_duration;
use serde::Serialize;

use super::Facts;

/// One trade. The names of the fields are the names of JSON's keys and of the CSV's columns.
#[derive(Debug, Serialize)]
pub(super) struct TradeRow<'a> {
    pub symbol: &'a Symbol,
    pub side: &'static str,
    pub size: Quantity,
    pub entry_time: Time,
    pub exit_time: Time,
    pub entry_price: Option<Price>,
    pub exit_price: Price,
    pub pnl: Cash,
    pub return_pct: Option<f64>,
    pub fee: Cash,
    pub duration: String,
    pub exit_reason: String,
    pub mae_pct: Option<f64>,
    pub mfe_pct: Option<f64>,
    /// Of `pnl` and `fee`.
    pub currency: Currency,
}

/// The names of a row's fields, in their order.
pub(super) const COLUMNS: [&str; 15] = [
    "symbol",
    "side",
    "size",
    "entry_time",
    "exit_time",
    "entry_price",
    "exit_price",
    "pnl",
    "return_pct",
    "fee",
    "duration",
    "exit_reason",
    "mae_pct",
    "mfe_pct",
    "currency",
];

/// How the columns that need a word are computed.
pub(super) const CONVENTIONS: [(&str, &str); 5] = [
    (
        "entry_time",
        "When the position left zero, by its first fill: what is added later is averaged into the entry price, and what is closed in parts was opened then.",
    ),
    ("return_pct", "Profit after all fees over what the units cost, in per cent; null where they cost nothing."),
    (
        "mae_pct",
        "Maximum adverse excursion: the worst price while the position was open against the average entry price that held at that moment, in per cent, 0 or negative; a bar counts whole where the position was open at its close.",
    ),
    (
        "mfe_pct",
        "Maximum favourable excursion: the best price while the position was open against the average entry price that held at that moment, in per cent, 0 or positive; a bar counts whole where the position was open at its close.",
    ),
    (
        "currency",
        "What pnl and fee are counted in, exactly: that of the symbol. Where trades are added up, it is in the currency of the report, each at the rate of its exit.",
    ),
];

/// The closed trades of a run, in the order of their closing.
pub(super) fn rows<'a>(facts: &Facts<'a>) -> impl ExactSizeIterator<Item = TradeRow<'a>> {
    let instruments = facts.backtest.instruments();
    facts.outcome.trades.iter().map(|trade| row(trade, &instruments[trade.instrument.index()]))
}

fn row<'a>(trade: &ClosedTrade, instrument: &'a Instrument) -> TradeRow<'a> {
    let (mae_pct, mfe_pct) = excursions(trade, instrument).unzip();
    TradeRow {
        symbol: instrument.symbol(),
        side: side(trade.side),
        size: trade.quantity,
        entry_time: trade.entry_time,
        exit_time: trade.exit_time,
        entry_price: trade.entry_price(instrument),
        exit_price: trade.exit_price,
        pnl: trade.pnl,
        return_pct: trade.return_share().map(|share| share * 100.0),
        fee: trade.fees,
        duration: iso_duration(trade.exit_time.since(trade.entry_time).nanos()),
        exit_reason: trade.reason.to_string(),
        mae_pct,
        mfe_pct,
        currency: instrument.quote(),
    }
}

/// What a position is called.
pub(super) const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "long",
        Side::Sell => "short",
    }
}

/// The largest move against the position and the largest one for it, in per cent of the average entry price that held at that
/// moment: what was added later changed nothing of the moves before.
pub(super) fn excursions(trade: &ClosedTrade, instrument: &Instrument) -> Option<(f64, f64)> {
    let entry = trade.entry_price(instrument)?.to_f64();
    let up = (trade.high.to_f64() / entry - 1.0).max(trade.before.risen.to_f64()) * 100.0;
    let down = (trade.low.to_f64() / entry - 1.0).min(trade.before.fallen.to_f64()) * 100.0;
    let (adverse, favourable) = match trade.side {
        Side::Buy => (down, up),
        Side::Sell => (-up, -down),
    };
    // 0.0 first: a move of zero is not printed as -0.
    (entry > 0.0).then(|| (0f64.min(adverse), 0f64.max(favourable)))
}
