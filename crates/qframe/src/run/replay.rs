//! Rows of the catalog as a market that is played: trades, quotes and books as they were, bars as what may have made them.

use qframe_data::{Catalog, DataKey, Kind, Rows};
use qframe_model::market::{Bar, FundingRate, Level, Quote, Side, Tick, Trade};
use qframe_model::number::{Cash, Price, Quantity, Volume};
use qframe_model::symbol::Symbol;
use qframe_model::time::{Span, Time, TimeFrame};
use qframe_venues::exchange::core::Product;
use qframe_venues::exchange::server::{Row, Traded, decimal_step, measure};

use super::catalog::{Narrowed, the_one};
use crate::error::Error;

/// Rows that are looked at for ticks and lots.
const MEASURED: usize = 20_000;

/// How a market is traded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// As what; none: as what it is.
    pub(crate) traded: Option<Traded>,
    /// The least that an order may be worth, in the quote asset.
    pub(crate) min_notional: Option<Cash>,
}

/// A market of the catalog.
pub(crate) struct Market {
    pub(crate) product: Product,
    pub(crate) rows: Box<dyn Iterator<Item = Result<Tick, String>> + Send>,
    /// Its bars before the start.
    pub(crate) history: Option<(TimeFrame, Vec<Bar>)>,
    /// Funding of a perpetual, where the catalog has it.
    pub(crate) funding: Vec<FundingRate>,
    /// What its rows are, for people.
    pub(crate) about: String,
    /// The time of its last row.
    pub(crate) last: Time,
}

/// The market of a name: its book with its trades where both are there, else quotes with trades, else one of them.
pub(crate) fn market(
    catalog: &Catalog,
    name: &str,
    by: Narrowed,
    from: Option<Time>,
    terms: Terms,
) -> Result<Market, Error> {
    let has = |kind| Ok::<_, Error>(!catalog.find(name, Some(kind), None)?.is_empty());
    let mut kinds = Vec::new();
    for kind in [Kind::Book, Kind::Quotes, Kind::Trades] {
        let fits = by.kind.is_none_or(|wanted| wanted == kind) && by.frame.is_none();
        // A book has its best quotes in it.
        if fits && has(kind)? && !(kind == Kind::Quotes && kinds.contains(&Kind::Book)) {
            kinds.push(kind);
        }
    }
    if kinds.is_empty() {
        return of_bars(catalog, name, by, from, terms);
    }
    let mut keys = Vec::new();
    for kind in &kinds {
        keys.push(the_one(catalog, "--replay", name, Narrowed { kind: Some(*kind), frame: None })?);
    }
    let product = product_of(catalog, &keys, terms)?;
    let mut streams = Vec::new();
    for key in &keys {
        streams.push(ticks(catalog, key)?.peekable());
    }
    let rows = std::iter::from_fn(move || {
        let received = |row: &Result<Tick, String>| row.as_ref().ok().map(Tick::received);
        let waiting = (0..streams.len()).filter_map(|place| Some((streams[place].peek().map(received)?, place)));
        let place = waiting.min()?.1;
        streams[place].next()
    });
    let about = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" with ");
    let rows: Box<dyn Iterator<Item = _> + Send> = if kinds == [Kind::Trades] {
        let tick = product.tick;
        Box::new(rows.flat_map(move |row| match row {
            Ok(Tick::Trade(trade)) => vec![Ok(quote_around(&trade, tick)), Ok(Tick::Trade(trade))],
            other => vec![other],
        }))
    } else {
        Box::new(rows)
    };
    let funding = funding(catalog, name, &product)?;
    Ok(Market { product, rows, history: None, funding, about, last: last_of(catalog, &keys)? })
}

fn of_bars(catalog: &Catalog, name: &str, by: Narrowed, from: Option<Time>, terms: Terms) -> Result<Market, Error> {
    let key = the_one(catalog, "--replay", name, Narrowed { kind: Some(Kind::Bars), ..by })?;
    let frame = key.frame.unwrap_or(TimeFrame::MINUTE);
    let product = product_of(catalog, std::slice::from_ref(&key), terms)?;
    let start = from.unwrap_or(Time::MIN);
    let history = catalog.bars(&key, Time::MIN..start)?;
    let scan = catalog.scan(&key, start..Time::MAX)?;
    let (tick, lot) = (product.tick, product.lot);
    let mut number = 0;
    let rows = scan.flat_map(move |rows| match rows {
        Ok(Rows::Bars(bars)) => {
            bars.iter().flat_map(|bar| path(bar, frame, tick, lot, &mut number)).map(Ok).collect::<Vec<_>>()
        }
        Ok(_) => Vec::new(),
        Err(error) => vec![Err(error.to_string())],
    });
    let about = format!("{key}: four trades for each bar, with a spread of one tick");
    let funding = funding(catalog, name, &product)?;
    let last = last_of(catalog, std::slice::from_ref(&key))?;
    Ok(Market { product, rows: Box::new(rows), history: Some((frame, history)), funding, about, last })
}

fn last_of(catalog: &Catalog, keys: &[DataKey]) -> Result<Time, Error> {
    let mut last = Time::MIN;
    for key in keys {
        last = last.max(catalog.facts(key)?.map_or(Time::MIN, |facts| facts.last));
    }
    Ok(last)
}

/// Four trades that make a bar, each with a quote around it: first to the nearer end, then to the farther one.
fn path(bar: &Bar, frame: TimeFrame, tick: Price, lot: Quantity, number: &mut u64) -> Vec<Tick> {
    let rises = bar.close >= bar.open;
    let prices =
        if rises { [bar.open, bar.low, bar.high, bar.close] } else { [bar.open, bar.high, bar.low, bar.close] };
    let whole = bar.volume.quantity();
    let part = Quantity::from_nanos(whole.nanos() / 4).floor_to(lot);
    let rest = Quantity::from_nanos(whole.nanos() - 3 * part.nanos());
    let quarter = Span::from_nanos(frame.span().nanos() / 4);
    let (mut time, mut ticks) = (bar.time, Vec::new());
    for (place, price) in prices.into_iter().enumerate() {
        let quantity = Volume::new(if place == 0 { rest } else { part }).unwrap_or(Volume::ZERO);
        let side = if place > 0 && price < prices[place - 1] { Side::Sell } else { Side::Buy };
        *number += 1;
        let trade = Trade { time, received: time, id: *number, price, quantity, side };
        ticks.push(quote_around(&trade, tick));
        if !quantity.is_zero() {
            ticks.push(Tick::Trade(trade));
        }
        time = time + quarter;
    }
    ticks
}

/// Where no quotes were recorded: the taker's side is at the trade's price, the other one tick away, as much as traded.
fn quote_around(trade: &Trade, tick: Price) -> Tick {
    let away = |by: i64| Price::from_nanos((trade.price.nanos() + by).max(tick.nanos()));
    let (bid, ask) = match trade.side {
        Side::Buy => (away(-tick.nanos()), trade.price),
        Side::Sell => (trade.price, away(tick.nanos())),
    };
    let level = |price| Level { price, quantity: trade.quantity };
    Tick::Quote(Quote { time: trade.time, received: trade.received, bid: level(bid), ask: level(ask) })
}

type Stream = Box<dyn Iterator<Item = Result<Tick, String>> + Send>;

fn ticks(catalog: &Catalog, key: &DataKey) -> Result<Stream, Error> {
    let scan = catalog.scan(key, Time::MIN..Time::MAX)?;
    Ok(Box::new(scan.flat_map(|rows| match rows {
        Ok(rows) => of_rows(rows).into_iter().map(Ok).collect::<Vec<_>>(),
        Err(error) => vec![Err(error.to_string())],
    })))
}

fn of_rows(rows: Rows) -> Vec<Tick> {
    match rows {
        Rows::Trades(rows) => rows.into_iter().map(Tick::Trade).collect(),
        Rows::Quotes(rows) => rows.into_iter().map(Tick::Quote).collect(),
        Rows::Book(rows) => rows.into_iter().map(Tick::Book).collect(),
        Rows::Bars(_) | Rows::Funding(_) | Rows::Actions(_) => Vec::new(),
    }
}

/// The product of data sets: its tick and lot as the catalog knows them, else as its first rows have them.
fn product_of(catalog: &Catalog, keys: &[DataKey], terms: Terms) -> Result<Product, Error> {
    let Some(key) = keys.first() else { return Err(Error::refused("nothing to replay")) };
    let facts = catalog.instrument(&key.symbol, &key.venue)?;
    let mut steps = [0, 0];
    for key in keys {
        for rows in catalog.scan(key, Time::MIN..Time::MAX)?.take(1) {
            match rows? {
                Rows::Bars(bars) => bars.iter().take(MEASURED).for_each(|bar| measure_bar(&mut steps, bar)),
                rows => of_rows(rows).iter().take(MEASURED).for_each(|tick| measure(&mut steps, tick)),
            }
        }
    }
    let [tick, lot] = steps.map(decimal_step);
    let tick =
        facts.as_ref().and_then(|facts| facts.tick).unwrap_or(Price::from_nanos(i64::try_from(tick).unwrap_or(1)));
    let lot = facts.as_ref().and_then(|facts| facts.lot).unwrap_or(Quantity::from_nanos(lot));
    let terms =
        Terms { min_notional: terms.min_notional.or(facts.as_ref().and_then(|facts| facts.min_notional)), ..terms };
    let product = product(&key.symbol, tick, lot, terms)?;
    Ok(Product { bounds: facts.map(|facts| facts.bounds()).unwrap_or_default(), ..product })
}

fn measure_bar(steps: &mut [i128; 2], bar: &Bar) {
    for price in [bar.open, bar.high, bar.low, bar.close] {
        let (time, received, id, side) = (bar.time, bar.time, 0, Side::Buy);
        measure(steps, &Tick::Trade(Trade { time, received, id, price, quantity: bar.volume, side }));
    }
}

/// A pair is traded as spot and a perpetual as that, where nothing else is said.
fn product(symbol: &Symbol, tick: Price, lot: Quantity, terms: Terms) -> Result<Product, Error> {
    let traded = terms.traded.unwrap_or_else(|| Traded::own(symbol));
    traded.product(symbol, tick, lot, terms.min_notional).ok_or_else(|| {
        let why = "the local exchange trades spot pairs, such as BTC/USDT, and perpetuals, such as BTC/USDT:USDT";
        Error::refused(format!("--replay {symbol}: {why}"))
    })
}

/// The funding of a perpetual under the name by which its rows were asked for.
fn funding(catalog: &Catalog, name: &str, product: &Product) -> Result<Vec<FundingRate>, Error> {
    if Traded::own(&product.symbol) == Traded::Spot || catalog.find(name, Some(Kind::Funding), None)?.is_empty() {
        return Ok(Vec::new());
    }
    let key = the_one(catalog, "--replay", name, Narrowed { kind: Some(Kind::Funding), frame: None })?;
    let mut all = Vec::new();
    for rows in catalog.scan(&key, Time::MIN..Time::MAX)? {
        if let Rows::Funding(rows) = rows? {
            all.extend(rows);
        }
    }
    Ok(all)
}

/// Several markets as one, in the order in which their rows became known.
pub(crate) fn merged(
    streams: Vec<Box<dyn Iterator<Item = Result<Row, String>> + Send>>,
) -> Box<dyn Iterator<Item = Result<Row, String>> + Send> {
    let mut streams: Vec<_> = streams.into_iter().map(Iterator::peekable).collect();
    Box::new(std::iter::from_fn(move || {
        let received = |row: &Result<Row, String>| row.as_ref().ok().map(|row| row.1.received());
        let waiting = (0..streams.len()).filter_map(|place| Some((streams[place].peek().map(received)?, place)));
        let place = waiting.min()?.1;
        streams[place].next()
    }))
}
