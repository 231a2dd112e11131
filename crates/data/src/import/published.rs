//! Files of publishers: what is particular to each.
use qframe_model::market::Side;

use super::dialect::{Dialect, Layout, Reader};
use super::part::{BarColumns, LadderColumns, LevelColumns, Part, QuoteColumns, Taker, TradeColumns};
use super::place::{Place, venue};
use super::plain;
use super::spelling::{Contract, from_column};
use super::table::{Carrier, Table};
use crate::rows::Kind;

/// An epoch number of these or later years, in seconds: the first bitcoin was younger.
const SECONDS: std::ops::Range<f64> = 1_000_000_000.0..10_000_000_000.0;

fn binance() -> Option<String> {
    Some("binance".to_owned())
}

/// Perpetuals of Binance are named as its spot pairs are; the folder tells.
fn contract(place: &Place) -> Contract {
    place.contract.unwrap_or(Contract::Spot)
}

fn is_epoch(table: &Table, at: usize) -> bool {
    table.number(at).is_some_and(|number| number >= SECONDS.start)
}

pub(super) fn tardis(table: &Table, _: &Place) -> Option<Layout> {
    if !table.has(&["exchange", "symbol", "timestamp", "localtimestamp"]) {
        return None;
    }
    let (time, received) = (table.find(&["timestamp"])?, table.find(&["localtimestamp"]));
    let part = ladder(table, time, received)
        .or_else(|| tardis_levels(table, time, received))
        .or_else(|| {
            let (bid, ask) = (table.find(&["bidprice"])?, table.find(&["askprice"])?);
            let (bid_size, ask_size) = (table.find(&["bidamount"]), table.find(&["askamount"]));
            Some(Part::Quotes(QuoteColumns { time, received, bid, bid_size, ask, ask_size }))
        })
        .or_else(|| {
            let time = table.find(&["fundingtimestamp"])?;
            Some(Part::Funding { time, rate: table.find(&["fundingrate"])?, mark: table.find(&["markprice"]) })
        })
        .or_else(|| plain::trades(table, time))?;
    let exchange = table.row.get(table.find(&["exchange"])?).cloned().unwrap_or_default().to_lowercase();
    let (name, market) = exchange.split_once('-').unwrap_or((&exchange, ""));
    let contract = match market {
        "futures" | "swap" | "linear" | "perp" => Contract::Linear,
        "delivery" | "inverse" => Contract::Inverse,
        _ if name == "bitmex" => Contract::Inverse,
        _ => Contract::Spot,
    };
    let venue = venue(name).or_else(|| (!name.is_empty()).then(|| name.to_owned()));
    let why = vec![format!(
        "Tardis columns, {} of {exchange}; times are microseconds, local_timestamp is when it came in",
        part.kind()
    )];
    let symbol_column = table.find(&["symbol"]);
    Some(Layout {
        venue,
        symbol_column,
        contract,
        ..Layout::new(Dialect::Tardis, Reader::Rows(vec![part]), table, why)
    })
}

/// `asks[0].price, asks[0].amount, bids[0].price, …`: the names lost their signs.
fn ladder(table: &Table, time: usize, received: Option<usize>) -> Option<Part> {
    let mut levels = Vec::new();
    for depth in 0..table.width() {
        for (side, name) in [(Side::Sell, "asks"), (Side::Buy, "bids")] {
            let price = table.names.iter().position(|known| *known == format!("{name}{depth}price"));
            let amount = table.names.iter().position(|known| *known == format!("{name}{depth}amount"));
            levels.extend(price.zip(amount).map(|(price, amount)| (side, price, amount)));
        }
        if levels.len() < 2 * (depth + 1) {
            break;
        }
    }
    (!levels.is_empty()).then_some(Part::Ladder(LadderColumns { time, received, levels }))
}

fn tardis_levels(table: &Table, time: usize, received: Option<usize>) -> Option<Part> {
    let snapshot = table.find(&["issnapshot"])?;
    let (side, price, quantity) = (table.find(&["side"])?, table.find(&["price"])?, table.find(&["amount"])?);
    Some(Part::Levels(LevelColumns { time, received, sequence: None, snapshot, side, price, quantity }))
}

pub(super) fn depth(table: &Table, place: &Place) -> Option<Layout> {
    let part = Part::Levels(LevelColumns {
        time: table.find(&["timestamp"])?,
        received: None,
        sequence: Some(table.find(&["lastupdateid"])?),
        snapshot: table.find(&["updatetype"])?,
        side: table.find(&["side"])?,
        price: table.find(&["price"])?,
        quantity: table.find(&["qty"])?,
    });
    let why = vec![
        "Binance's depth: a level a row, the sequence is last_update_id".to_owned(),
        "Binance publishes it for futures only: a perpetual".to_owned(),
    ];
    let symbol_column = table.find(&["symbol"]);
    let contract = place.contract.unwrap_or(Contract::Linear);
    let layout = Layout::new(Dialect::BinanceDepth, Reader::Rows(vec![part]), table, why);
    Some(Layout { venue: binance(), symbol_column, contract, ..layout })
}

/// `agg_trade_id, price, quantity, first_trade_id, last_trade_id, transact_time, is_buyer_maker[, is_best_match]`.
pub(super) fn agg_trades(table: &Table, _: &Place) -> Option<Layout> {
    let named = table.has(&["price", "quantity", "firsttradeid", "lasttradeid", "isbuyermaker"]);
    let unnamed = !table.has_header() && matches!(table.width(), 7 | 8) && table.is_bool(6) && is_epoch(table, 5);
    let at = |name: &str, place: usize| if table.has_header() { table.find(&[name]) } else { Some(place) };
    let time = if named { table.find(&["transacttime", "timestamp", "time"])? } else { 5 };
    let part = Part::Trades(TradeColumns {
        time,
        received: None,
        id: Some(if named { table.find(&["aggtradeid", "id"])? } else { 0 }),
        price: at("price", 1)?,
        quantity: at("quantity", 2)?,
        taker: Taker::BuyerRested(at("isbuyermaker", 6)?),
    });
    let why = vec!["Binance's aggregate trades: fills of one order at one price are one row; where the buyer rested, the taker sold".to_owned()];
    let layout =
        Layout { venue: binance(), ..Layout::new(Dialect::BinanceAggTrades, Reader::Rows(vec![part]), table, why) };
    (named || unnamed).then_some(layout)
}

/// `id, price, qty, quote_qty, time, is_buyer_maker[, is_best_match]`.
pub(super) fn trades(table: &Table, _: &Place) -> Option<Layout> {
    let named = table.has(&["id", "price", "qty", "time", "isbuyermaker"]);
    let unnamed = !table.has_header() && matches!(table.width(), 6 | 7) && table.is_bool(5) && is_epoch(table, 4);
    let at = |name: &str, place: usize| if table.has_header() { table.find(&[name]) } else { Some(place) };
    let part = Part::Trades(TradeColumns {
        time: at("time", 4)?,
        received: None,
        id: Some(at("id", 0)?),
        price: at("price", 1)?,
        quantity: at("qty", 2)?,
        taker: Taker::BuyerRested(at("isbuyermaker", 5)?),
    });
    let why = vec!["Binance's trades; where the buyer rested, the taker sold".to_owned()];
    let layout =
        Layout { venue: binance(), ..Layout::new(Dialect::BinanceTrades, Reader::Rows(vec![part]), table, why) };
    (named || unnamed).then_some(layout)
}

pub(super) fn book_ticker(table: &Table, _: &Place) -> Option<Layout> {
    let part = Part::Quotes(QuoteColumns {
        time: table.find(&["transactiontime", "eventtime", "timestamp"])?,
        received: None,
        bid: table.find(&["bestbidprice"])?,
        bid_size: Some(table.find(&["bestbidqty"])?),
        ask: table.find(&["bestaskprice"])?,
        ask_size: Some(table.find(&["bestaskqty"])?),
    });
    let why = vec!["Binance's book ticker: the best bid and ask after each change".to_owned()];
    Some(Layout { venue: binance(), ..Layout::new(Dialect::BinanceBookTicker, Reader::Rows(vec![part]), table, why) })
}

pub(super) fn funding(table: &Table, place: &Place) -> Option<Layout> {
    let time = table.find(&["fundingtime", "calctime"])?;
    let part = plain::funding(table, time)?;
    let why =
        vec!["Binance's funding rates: shares of the value that longs paid, at the time they were due".to_owned()];
    let symbol = place
        .symbol
        .clone()
        .and_then(|symbol| from_column(symbol.as_str(), place.contract.unwrap_or(Contract::Linear)));
    let symbol_column = table.find(&["symbol"]);
    let layout = Layout::new(Dialect::BinanceFunding, Reader::Rows(vec![part]), table, why);
    Some(Layout { venue: binance(), symbol, symbol_column, contract: Contract::Linear, ..layout })
}

pub(super) fn klines(table: &Table, place: &Place) -> Option<Layout> {
    let named = table.find(&["opentime"]).is_some() && table.names.iter().any(|name| name.starts_with("takerbuy"));
    let unnamed = !table.has_header() && table.width() == 12 && is_epoch(table, 0) && is_epoch(table, 6);
    let header = if named { "with their header" } else { "without a header" };
    let mut why = vec![format!("Binance's klines, {header}")];
    let part = if named {
        let time = table.find(&["opentime"])?;
        let part = plain::bars(table, time, Kind::Bars)?;
        why.extend(plain::said(table, std::slice::from_ref(&part), time));
        part
    } else {
        Part::Bars(BarColumns { kind: Kind::Bars, time: 0, prices: [1, 2, 3, 4], volume: Some(5) })
    };
    why.push(
        "the volume is counted in the base currency; each epoch time is read by its magnitude (ms, us since 2025)"
            .to_owned(),
    );
    let symbol = place.symbol.clone().filter(|_| contract(place) != Contract::Spot);
    let symbol = symbol.and_then(|symbol| from_column(symbol.as_str(), contract(place)));
    let layout = Layout {
        venue: binance(),
        symbol,
        ..Layout::new(Dialect::BinanceKlines, Reader::Rows(vec![part]), table, why)
    };
    (named || unnamed).then_some(layout)
}

pub(super) fn crypto_data_download(table: &Table, place: &Place) -> Option<Layout> {
    if !table.comment.to_ascii_lowercase().contains("cryptodatadownload") {
        return None;
    }
    let time = plain::time(table)?;
    let part = plain::bars(table, time, Kind::Bars)?;
    let mut why = vec![format!("a comment of CryptoDataDownload before the header on line {}", table.lines_before)];
    why.extend(plain::said(table, std::slice::from_ref(&part), time));
    let symbol_column = table.find(&["symbol"]);
    let layout = Layout::new(Dialect::CryptoDataDownload, Reader::Rows(vec![part]), table, why);
    Some(Layout { symbol_column, contract: contract(place), ..layout })
}

pub(super) fn yahoo(table: &Table, _: &Place) -> Option<Layout> {
    let adjusted = table.find(&["adjclose", "adjustedclose"]);
    let actions = table.has(&["dividends", "stocksplits"]);
    if adjusted.is_none() && !actions {
        return None;
    }
    let time = plain::time(table)?;
    let mut parts = vec![plain::bars(table, time, Kind::Bars)?];
    let mut why = vec!["Yahoo's columns".to_owned()];
    if actions {
        parts.push(Part::Dividends { time, amount: table.find(&["dividends"])?, paid: None });
        parts.push(Part::Splits { time, ratio: table.find(&["stocksplits"])? });
        why.push("dividends and splits are a set of their own".to_owned());
    }
    why.extend(plain::said(table, &parts[..1], time));
    why.push(
        "prices are those of the close column: adjusted for splits already, not for dividends; Adj Close is left out"
            .to_owned(),
    );
    why.push("a local midnight is the day of the exchange, stored by its date at 00:00 UTC".to_owned());
    let mut layout = Layout::new(Dialect::Yahoo, Reader::Rows(parts), table, why);
    layout.stamps.days_by_date = true;
    layout.venue = Some("yahoo".to_owned());
    Some(layout)
}

pub(super) fn kraken_trades(table: &Table, _: &Place) -> Option<Layout> {
    let seconds = table.number(0).is_some_and(|time| SECONDS.contains(&time));
    let fits = !table.has_header() && table.carrier == Carrier::Text && table.width() == 3 && seconds;
    let taker = Taker::Unknown;
    let part = Part::Trades(TradeColumns { time: 0, received: None, id: None, price: 1, quantity: 2, taker });
    let why = vec![
        "Kraken's archive of trades: epoch seconds, price, volume".to_owned(),
        "trades have no number: equal ones of an instant are all kept".to_owned(),
        "nothing says who took liquidity: by the tick rule, up is bought and down is sold".to_owned(),
    ];
    fits.then(|| Layout {
        venue: Some("kraken".to_owned()),
        ..Layout::new(Dialect::KrakenTrades, Reader::Rows(vec![part]), table, why)
    })
}

pub(super) fn kraken_bars(table: &Table, place: &Place) -> Option<Layout> {
    let seconds = table.number(0).is_some_and(|time| SECONDS.contains(&time));
    let fits = !table.has_header() && table.width() == 7 && seconds && table.row[6].parse::<u64>().is_ok();
    let part = Part::Bars(BarColumns { kind: Kind::Bars, time: 0, prices: [1, 2, 3, 4], volume: Some(5) });
    let why = vec!["Kraken's archive of bars: time, open, high, low, close, volume, count of trades".to_owned()];
    let layout = Layout::new(Dialect::KrakenBars, Reader::Rows(vec![part]), table, why);
    // Its files are named by the minutes of a bar: XBTUSD_60.csv.
    let minutes = place.stem.rsplit('_').next().and_then(|word| word.parse::<u32>().ok());
    let frame = minutes.and_then(|minutes| qframe_model::time::TimeFrame::from_seconds(minutes.checked_mul(60)?));
    fits.then(|| Layout { venue: Some("kraken".to_owned()), frame, ..layout })
}

pub(super) fn true_fx(table: &Table, _: &Place) -> Option<Layout> {
    let pair = table.row.first().is_some_and(|cell| cell.len() == 7 && cell.as_bytes()[3] == b'/');
    let fits = !table.has_header() && table.width() == 4 && pair;
    let (bid_size, ask_size) = (None, None);
    let part = Part::Quotes(QuoteColumns { time: 1, received: None, bid: 2, bid_size, ask: 3, ask_size });
    let why = vec!["TrueFX ticks: pair, time, bid, ask; UTC".to_owned()];
    let layout = Layout::new(Dialect::TrueFx, Reader::Rows(vec![part]), table, why);
    fits.then(|| Layout { venue: Some("truefx".to_owned()), symbol_column: Some(0), ..layout })
}

pub(super) fn freqtrade(table: &Table, place: &Place) -> Option<Layout> {
    let named = place.stem.split_once('-').is_some_and(|(pair, frame)| pair.contains('_') && !frame.is_empty());
    let feather = table.carrier == Carrier::Arrow && table.names == ["date", "open", "high", "low", "close", "volume"];
    let json = table.carrier == Carrier::Json && !table.has_header() && table.width() == 6;
    let part = Part::Bars(BarColumns { kind: Kind::Bars, time: 0, prices: [1, 2, 3, 4], volume: Some(5) });
    let why = vec![format!(
        "freqtrade's {} of bars, named by its pair and time frame",
        if feather { "feather" } else { "JSON" }
    )];
    (named && (feather || json) && place.frame.is_some())
        .then(|| Layout::new(Dialect::Freqtrade, Reader::Rows(vec![part]), table, why))
}

pub(super) fn ccxt(table: &Table, place: &Place) -> Option<Layout> {
    let arrays = table.carrier == Carrier::Json && !table.has_header();
    let fits = arrays && matches!(table.width(), 6 | 12) && is_epoch(table, 0);
    let part = Part::Bars(BarColumns {
        kind: place.side.unwrap_or(Kind::Bars),
        time: 0,
        prices: [1, 2, 3, 4],
        volume: Some(5),
    });
    let mut why = vec!["JSON arrays of time, open, high, low, close, volume, as ccxt hands them out".to_owned()];
    if table.width() == 12 {
        why.push("the twelve fields of Binance's klines".to_owned());
    }
    fits.then(|| Layout::new(Dialect::Ccxt, Reader::Rows(vec![part]), table, why))
}
