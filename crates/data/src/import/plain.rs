//! Files of no publisher in particular: their columns have names that say what they are.
use super::dialect::{Dialect, Layout, Reader};
use super::part::{BarColumns, DeltaColumns, LevelColumns, Part, QuoteColumns, Taker, TradeColumns};
use super::place::Place;
use super::table::Table;
use crate::csv::columns::{EX_DATES, PAY_DATES, time_column};
use crate::rows::Kind;

/// Names of columns that tell when a row was known here.
const RECEIVED: [&str; 6] = ["localtimestamp", "received", "receivedat", "recvtime", "tsrecv", "tsinit"];
const SIZES: [&str; 6] = ["quantity", "qty", "amount", "size", "volume", "vol"];
const SIDES: [&str; 4] = ["side", "takerside", "aggressorside", "direction"];
const BUYER_RESTED: [&str; 5] = ["isbuyermaker", "buyermaker", "buyerismaker", "isbuyerrested", "m"];

pub(super) const SYMBOLS: [&str; 5] = ["symbol", "ticker", "instrument", "pair", "market"];

/// Columns by their names.
pub(super) fn named(dialect: Dialect, table: &Table, place: &Place) -> Option<Layout> {
    if !table.has_header() {
        return None;
    }
    let time = time(table).or_else(|| table.find(&EX_DATES))?;
    let side = place.side.unwrap_or(Kind::Bars);
    let parts = bars(table, time, side)
        .map(|bars| vec![bars])
        .or_else(|| quotes(table, time).map(|quotes| vec![quotes]))
        .or_else(|| deltas(table, time).map(|deltas| vec![deltas]))
        .or_else(|| levels(table, time).map(|levels| vec![levels]))
        .or_else(|| trades(table, time).map(|trades| vec![trades]))
        .or_else(|| funding(table, time).map(|funding| vec![funding]))
        .or_else(|| actions(table, time))?;
    let mut why = Vec::new();
    if dialect == Dialect::Csv {
        why.push(format!("{} separated, by the names of its columns", table.separator_name()));
        if table.lines_before > 1 {
            why.push(format!("header on line {}, the lines before are comments", table.lines_before));
        }
    }
    match &parts[0] {
        // The day that entitles is not always the first of the days in a row.
        Part::Dividends { time, paid, .. } => {
            why.extend(said(table, &parts, *time));
            why.extend(paid.map(|at| format!("paid on the days of column {:?}", table.header[at])));
        }
        _ => why.extend(said(table, &parts, time)),
    }
    if table.find(&["filled"]).is_some() {
        why.push("which bars a repair filled in, by the column \"filled\", is left out".to_owned());
    }
    if side != Kind::Bars && parts[0].kind() == side {
        why.push(format!("bars of {side}, by the name of the file"));
    }
    let symbol_column = table.find(&SYMBOLS);
    Some(Layout { symbol_column, ..Layout::new(dialect, Reader::Rows(parts), table, why) })
}

/// Six columns that begin with a time, with nothing said about them.
pub(super) fn unnamed(table: &Table, place: &Place) -> Option<Layout> {
    let numbers = (1..6).all(|at| table.number(at).is_some());
    let fits = !table.has_header() && table.width() == 6 && numbers;
    let kind = place.side.unwrap_or(Kind::Bars);
    let bars = Part::Bars(BarColumns { kind, time: 0, prices: [1, 2, 3, 4], volume: Some(5) });
    let why = vec!["no header: taken as time, open, high, low, close, volume".to_owned()];
    fits.then(|| Layout::new(Dialect::Csv, Reader::Rows(vec![bars]), table, why))
}

/// The column of times; a data frame keeps its index under a name of its own.
pub(super) fn time(table: &Table) -> Option<usize> {
    let index = || {
        table.find(&[
            "indexlevel0",
            "tsevent",
            "transacttime",
            "transactiontime",
            "eventtime",
            "opentime",
            "datetimeutc",
        ])
    };
    time_column(&table.names).or_else(index)
}

/// What there is to say of the columns: names that stand twice, and those that are left out.
pub(super) fn said(table: &Table, parts: &[Part], time: usize) -> Vec<String> {
    let mut why = vec![format!(
        "{} by columns, time from {:?}",
        parts.iter().map(|part| part.kind().name()).collect::<Vec<_>>().join(" and "),
        table.header[time]
    )];
    for (at, name) in table.header.iter().enumerate() {
        if !name.is_empty() && table.header[..at].contains(name) {
            why.push(format!("the name {name:?} stands twice: its first column is read"));
        }
    }
    why
}

pub(super) fn bars(table: &Table, time: usize, kind: Kind) -> Option<Part> {
    let column = |name: &'static str| table.find(&[name, &name[..1]]);
    let prices = [column("open")?, column("high")?, column("low")?, column("close")?];
    Some(Part::Bars(BarColumns { kind, time, prices, volume: volume(table) }))
}

/// Units before money: `volume_btc` before `volume` beside it, and any before `volume_usd`.
fn volume(table: &Table) -> Option<usize> {
    const MONEY: [&str; 12] =
        ["usd", "usdt", "usdc", "busd", "eur", "gbp", "jpy", "quote", "currency", "quoteasset", "dai", "tusd"];
    let rank = |name: &str| match name.strip_prefix("volume") {
        Some(unit) if MONEY.contains(&unit) => 2,
        Some("") => 1,
        Some(_) => 0,
        None if name == "vol" || name == "v" || name == "basevolume" => 1,
        None => 3,
    };
    let best = table.names.iter().enumerate().min_by_key(|(_, name)| rank(name))?;
    (rank(best.1) < 3).then_some(best.0)
}

fn quotes(table: &Table, time: usize) -> Option<Part> {
    let bid = table.find(&["bid", "bidprice", "bidpx", "bestbid", "bestbidprice"])?;
    let ask = table.find(&["ask", "askprice", "askpx", "bestask", "bestaskprice"])?;
    let bid_size =
        table.find(&["bidsize", "bidqty", "bidamount", "bidquantity", "bidvolume", "bestbidqty", "bestbidsize"]);
    let ask_size =
        table.find(&["asksize", "askqty", "askamount", "askquantity", "askvolume", "bestaskqty", "bestasksize"]);
    Some(Part::Quotes(QuoteColumns { time, received: table.find(&RECEIVED), bid, bid_size, ask, ask_size }))
}

pub(super) fn trades(table: &Table, time: usize) -> Option<Part> {
    let side = table.find(&SIDES).map(Taker::Side);
    let taker = side.or_else(|| table.find(&BUYER_RESTED).map(Taker::BuyerRested)).unwrap_or(Taker::Unknown);
    Some(Part::Trades(TradeColumns {
        time,
        received: table.find(&RECEIVED),
        id: table.find(&["tradeid", "id", "aggtradeid", "tid"]),
        price: table.find(&["price", "px", "tradeprice"])?,
        quantity: table.find(&SIZES)?,
        taker,
    }))
}

/// Our own export of a book: what tells it from trades is that an update has a last change.
fn deltas(table: &Table, time: usize) -> Option<Part> {
    Some(Part::Deltas(DeltaColumns {
        time,
        received: table.find(&["received"])?,
        sequence: table.find(&["sequence"])?,
        side: table.find(&["side"])?,
        price: table.find(&["price"])?,
        quantity: table.find(&["qty"])?,
        last: table.find(&["last"])?,
    }))
}

fn levels(table: &Table, time: usize) -> Option<Part> {
    Some(Part::Levels(LevelColumns {
        time,
        received: table.find(&RECEIVED),
        sequence: table.find(&["sequence", "seq", "updateid"]),
        snapshot: table.find(&["issnapshot", "snapshot"])?,
        side: table.find(&["side"])?,
        price: table.find(&["price", "px"])?,
        quantity: table.find(&SIZES)?,
    }))
}

pub(super) fn funding(table: &Table, time: usize) -> Option<Part> {
    let rate = table.find(&["fundingrate", "lastfundingrate", "rate"])?;
    Some(Part::Funding { time, rate, mark: table.find(&["markprice", "mark"]) })
}

/// Dividends, splits or both. They fall due on the ex-date where there is one.
pub(super) fn actions(table: &Table, time: usize) -> Option<Vec<Part>> {
    let (time, paid) = (table.find(&EX_DATES).unwrap_or(time), table.find(&PAY_DATES));
    if let (Some(action), Some(value)) = (table.find(&["action"]), table.find(&["value"])) {
        return Some(vec![Part::Actions { time, action, value, paid }]);
    }
    let dividends = table.find(&["dividends", "dividend", "amount", "cashamount"]);
    let dividends = dividends.map(|amount| Part::Dividends { time, amount, paid });
    let splits = table.find(&["stocksplits", "splits", "split", "ratio"]).map(|ratio| Part::Splits { time, ratio });
    let parts: Vec<Part> = dividends.into_iter().chain(splits).collect();
    (!parts.is_empty()).then_some(parts)
}
