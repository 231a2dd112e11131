//! The data block of the page: what its script draws, thinned where a picture needs no more.
use std::io::Write;

use qframe_model::currency::Currency;
use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::time::Time;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::escape::InScript;
use super::marks::{self, Opening};
use crate::dataset::DataSet;
use crate::report::chance::Chance;
use crate::report::figures::{Histogram, buy_and_hold};
use crate::report::periods::Periods;
use crate::report::track::{Rolling, Track};
use crate::report::{Facts, ReportError, text, thin, trades};

/// Stretches that a curve is thinned to: two points each, more than the widest window has pixels.
pub(super) const STRETCHES: usize = 2_000;
/// Stretches of all price charts together: many instruments share them.
const PRICE_STRETCHES: usize = 20_000;
/// Trades that are marked in one price chart.
pub(super) const MARKED: usize = 300;
/// Trades that the page lists; the newest ones where there are more.
pub(super) const LISTED: usize = 100_000;

/// Writes the block as JSON that no text in it can leave.
pub(super) fn write(facts: &Facts<'_>, rolling: Option<&Rolling>, out: &mut impl Write) -> Result<(), ReportError> {
    Ok(serde_json::to_writer(InScript(out), &Block { facts, rolling })?)
}

/// What is drawn of a curve by itself.
pub(super) struct Drawn<'a> {
    pub track: &'a Track,
    pub rolling: Option<&'a Rolling>,
    pub periods: &'a [Periods],
    pub chance: Option<&'a Chance>,
}

/// Writes the block of a curve by itself.
pub(super) fn write_track(drawn: &Drawn<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    let Drawn { track, rolling, periods, chance } = *drawn;
    let all = |value: &dyn Fn(usize) -> f64| line(track.values.len(), STRETCHES, |place| track.times_ns[place], value);
    let below = qframe_quant::performance::drawdown_series(&track.values);
    let hold = track.beside.as_ref().and_then(|beside| {
        let scale = track.values[*beside.places.first()?] / beside.values.first()?;
        let time = |place: usize| track.times_ns[beside.places[place]];
        Some(line(beside.values.len(), STRETCHES, time, |place| beside.values[place] * scale))
    });
    let percents = track.returns().iter().map(|change| change * 100.0).collect();
    let sheet = Sheet {
        money: Money { before: "", behind: String::new(), decimals: 2 },
        names: Names {
            own: &track.name,
            hold: track.beside.as_ref().map_or("", |beside| &beside.name),
            counted: "returns",
        },
        prices: [],
        equity: all(&|place| track.values[place]),
        hold,
        drawdown: all(&|place| below[place] * 100.0),
        rolling: rolling.map(Windows::of),
        returns: returns(Histogram::over(percents)),
        periods: periods.iter().map(Quarters::of).collect(),
        chance: chance.map(Depths::of),
    };
    Ok(serde_json::to_writer(InScript(out), &sheet)?)
}

/// The same names as those of [`Block`].
#[derive(Serialize)]
struct Sheet<'a> {
    money: Money,
    names: Names<'a>,
    prices: [(); 0],
    equity: Line,
    hold: Option<Line>,
    drawdown: Line,
    rolling: Option<Windows>,
    returns: Bars,
    periods: Vec<Quarters>,
    chance: Option<Depths>,
}

/// What the curves are called, and what the histogram counts.
#[derive(Serialize)]
struct Names<'a> {
    own: &'a str,
    hold: &'a str,
    counted: &'a str,
}

const NAMES: Names<'static> = Names { own: "Equity", hold: "Buy & hold", counted: "trades" };

struct Block<'a> {
    facts: &'a Facts<'a>,
    rolling: Option<&'a Rolling>,
}

impl Serialize for Block<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let currency = self.facts.backtest.setup().currency;
        let mut block = serializer.serialize_struct("Block", 9)?;
        block.serialize_field("money", &Money::of(currency))?;
        block.serialize_field("names", &NAMES)?;
        block.serialize_field("prices", &Prices(self.facts))?;
        block.serialize_field("equity", &equity(self.facts))?;
        block.serialize_field("hold", &hold(self.facts))?;
        block.serialize_field("drawdown", &drawdown(self.facts))?;
        block.serialize_field("rolling", &self.rolling.map(Windows::of))?;
        block.serialize_field("returns", &returns(Histogram::of(self.facts)))?;
        block.serialize_field("trades", &Trades(self.facts))?;
        block.end()
    }
}

#[derive(Serialize)]
struct Money {
    before: &'static str,
    behind: String,
    decimals: usize,
}

impl Money {
    fn of(currency: Currency) -> Self {
        let (before, behind) = text::marks(currency);
        Self { before, behind, decimals: text::decimals(currency) }
    }
}

/// A curve: milliseconds since the epoch and values.
#[derive(Serialize)]
struct Line {
    x: Vec<i64>,
    y: Vec<f64>,
}

/// What a picture shows of a value: nine digits.
fn shown(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10f64.powf(8.0 - value.abs().log10().floor());
    if scale.is_finite() { (value * scale).round() / scale } else { value }
}

const NANOS_PER_MILLI: i64 = 1_000_000;

fn line(count: usize, stretches: usize, time: impl Fn(usize) -> i64, value: impl Fn(usize) -> f64) -> Line {
    let places = thin::places(count, stretches, &value);
    Line {
        x: places.iter().map(|place| time(*place).div_euclid(NANOS_PER_MILLI)).collect(),
        y: places.iter().map(|place| shown(value(*place))).collect(),
    }
}

fn over_the_curve(facts: &Facts<'_>, value: impl Fn(usize) -> f64) -> Line {
    let curve = &facts.outcome.curve;
    line(curve.len(), STRETCHES, |place| curve.time(place).nanos(), value)
}

fn equity(facts: &Facts<'_>) -> Line {
    let curve = &facts.outcome.curve;
    over_the_curve(facts, |place| curve.equity_at(place).to_f64())
}

fn hold(facts: &Facts<'_>) -> Line {
    let hold = buy_and_hold(facts);
    over_the_curve(facts, |place| hold[place])
}

fn drawdown(facts: &Facts<'_>) -> Line {
    let equity: Vec<f64> = facts.outcome.curve.equity().map(Cash::to_f64).collect();
    let below = qframe_quant::performance::drawdown_series(&equity);
    over_the_curve(facts, |place| below[place] * 100.0)
}

/// The figures of rolling windows; volatility in per cent.
#[derive(Serialize)]
struct Windows {
    sharpe: Line,
    sortino: Line,
    volatility: Line,
    beta: Option<Line>,
}

impl Windows {
    fn of(rolling: &Rolling) -> Self {
        let of = |times: &[i64], values: &[f64], scale: f64| {
            line(values.len(), STRETCHES, |place| times[place], |place| values[place] * scale)
        };
        Self {
            sharpe: of(&rolling.times_ns, &rolling.sharpe, 1.0),
            sortino: of(&rolling.times_ns, &rolling.sortino, 1.0),
            volatility: of(&rolling.times_ns, &rolling.volatility, 100.0),
            beta: rolling.beta.as_ref().map(|(times, values)| of(times, values, 1.0)),
        }
    }
}

/// The bars of the histogram: their middles, and their width.
#[derive(Serialize)]
struct Bars {
    x: Vec<f64>,
    step: f64,
    y: Vec<u64>,
}

fn returns(Histogram { first, step, counts }: Histogram) -> Bars {
    Bars { x: (0..counts.len()).map(|bar| shown(first + (bar as f64 + 0.5) * step)).collect(), step, y: counts }
}

/// A box of the box plot, in per cent.
#[derive(Serialize)]
struct Quarters {
    name: &'static str,
    q1: f64,
    median: f64,
    q3: f64,
    low: f64,
    high: f64,
    outside: Vec<f64>,
}

impl Quarters {
    fn of(periods: &Periods) -> Self {
        let spread = &periods.spread;
        let [low, high] = spread.whiskers().map(percent);
        let [q1, median, q3] = [spread.q1, spread.median, spread.q3].map(percent);
        let outside = spread.outliers.iter().copied();
        Self { name: periods.name, q1, median, q3, low, high, outside: outside.map(percent).collect() }
    }
}

/// The drawdowns of simulated paths, in per cent, and the curve's own.
#[derive(Serialize)]
struct Depths {
    bars: Bars,
    own: f64,
}

impl Depths {
    fn of(chance: &Chance) -> Self {
        let depths = &chance.found.drawdowns;
        let own = depths.first().copied().map_or(0.0, percent);
        Self { bars: returns(Histogram::over(depths.iter().map(|depth| depth * 100.0).collect())), own }
    }
}

struct Prices<'a>(&'a Facts<'a>);

impl Serialize for Prices<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data = self.0.backtest.data();
        let stretches = (PRICE_STRETCHES / data.len()).clamp(200, STRETCHES);
        let openings = marks::openings(self.0);
        serializer.collect_seq(data.iter().map(|set| series(self.0, set, stretches, &openings)))
    }
}

/// A price chart: the closes of a series, and the places in the list of trades that are marked in it.
#[derive(Serialize)]
struct PriceChart<'a> {
    name: String,
    symbol: &'a str,
    decimals: usize,
    close: Line,
    marked: Vec<usize>,
    entries: Entries,
}

/// The fills by which the marked trades were opened: the trade's place in the list, milliseconds, price and size.
#[derive(Default, Serialize)]
struct Entries {
    trade: Vec<usize>,
    x: Vec<i64>,
    y: Vec<f64>,
    size: Vec<f64>,
}

/// Fills that are marked for one trade at most: evenly out of more.
const FILLS_MARKED: usize = 20;

/// Of a trade whose fills nobody kept, its average.
fn entries(facts: &Facts<'_>, marked: &[usize], openings: &[Vec<Opening>]) -> Entries {
    let mut entries = Entries::default();
    let mut mark = |place: usize, (time, price, size): (Time, Price, Quantity)| {
        entries.trade.push(place);
        entries.x.push(time.nanos().div_euclid(NANOS_PER_MILLI));
        entries.y.push(shown(price.to_f64()));
        entries.size.push(shown(size.to_f64()));
    };
    for place in marked {
        let trade = &listed(facts)[*place];
        let (own, instrument) = (&openings[trade.instrument.index()], trade.instrument.index());
        let count = marks::of(own, trade).count();
        let some = marks::of(own, trade).step_by(count.div_ceil(FILLS_MARKED).max(1));
        some.for_each(|opening| mark(*place, (opening.time, opening.price, opening.quantity)));
        let average = trade.entry_price(&facts.backtest.instruments()[instrument]).filter(|_| count == 0);
        average.into_iter().for_each(|price| mark(*place, (trade.entry_time, price, trade.quantity)));
    }
    entries
}

fn series<'a>(facts: &Facts<'a>, set: &'a DataSet, stretches: usize, openings: &[Vec<Opening>]) -> PriceChart<'a> {
    let bars = set.bars();
    let marked = marked(facts, set);
    PriceChart {
        name: format!("{} {}", set.instrument().symbol(), set.frame()),
        symbol: set.instrument().symbol().as_str(),
        decimals: text::price_decimals(bars[bars.len() - 1].close),
        close: line(bars.len(), stretches, |place| bars[place].time.nanos(), |place| bars[place].close.to_f64()),
        entries: entries(facts, &marked, openings),
        marked,
    }
}

/// The trades of an instrument that are drawn, as places in the list of the page: the largest gain or loss of each
/// stretch of its trades.
fn marked(facts: &Facts<'_>, set: &DataSet) -> Vec<usize> {
    let instruments = facts.backtest.instruments();
    let listed = listed(facts).iter().enumerate();
    let own: Vec<_> = listed
        .filter(|(_, trade)| instruments[trade.instrument.index()].symbol() == set.instrument().symbol())
        .collect();
    let largest = |stretch: &[(usize, &qframe_model::position::ClosedTrade)]| {
        stretch.iter().max_by_key(|(_, trade)| trade.pnl.abs()).map(|(place, _)| *place)
    };
    own.chunks(own.len().div_ceil(MARKED).max(1)).filter_map(largest).collect()
}

/// The closed trades that the page lists.
pub(super) fn listed<'a>(facts: &Facts<'a>) -> &'a [qframe_model::position::ClosedTrade] {
    let trades = &facts.outcome.trades;
    &trades[trades.len().saturating_sub(LISTED)..]
}

/// The list of trades, a column at a time.
struct Trades<'a>(&'a Facts<'a>);

impl Serialize for Trades<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (instruments, trades) = (self.0.backtest.instruments(), listed(self.0));
        let of = |trade: &qframe_model::position::ClosedTrade| &instruments[trade.instrument.index()];
        let excursion = |trade| trades::excursions(trade, of(trade));
        let millis = |time: Time| time.nanos().div_euclid(NANOS_PER_MILLI);
        let price = |price: Price| shown(price.to_f64());
        let mut columns = serializer.serialize_struct("Trades", 14)?;
        columns.serialize_field("symbols", &Each(instruments.iter().map(|own| own.symbol().as_str())))?;
        columns.serialize_field("moneys", &Each(instruments.iter().map(|own| Money::of(own.quote()))))?;
        columns.serialize_field("symbol", &Each(trades.iter().map(|trade| trade.instrument.index())))?;
        columns.serialize_field("side", &Each(trades.iter().map(|trade| trades::side(trade.side))))?;
        columns.serialize_field("size", &Each(trades.iter().map(|trade| shown(trade.quantity.to_f64()))))?;
        columns.serialize_field("entry", &Each(trades.iter().map(|trade| millis(trade.entry_time))))?;
        columns.serialize_field("exit", &Each(trades.iter().map(|trade| millis(trade.exit_time))))?;
        columns.serialize_field("from", &Each(trades.iter().map(|trade| trade.entry_price(of(trade)).map(price))))?;
        columns.serialize_field("to", &Each(trades.iter().map(|trade| price(trade.exit_price))))?;
        columns.serialize_field("pnl", &Each(trades.iter().map(|trade| shown(trade.pnl.to_f64()))))?;
        columns.serialize_field("return", &Each(trades.iter().map(|trade| trade.return_share().map(percent))))?;
        columns.serialize_field("fee", &Each(trades.iter().map(|trade| shown(trade.fees.to_f64()))))?;
        columns.serialize_field("reason", &Each(trades.iter().map(|trade| trade.reason.to_string())))?;
        columns
            .serialize_field("mae", &Each(trades.iter().map(|trade| excursion(trade).map(|(mae, _)| shown(mae)))))?;
        columns
            .serialize_field("mfe", &Each(trades.iter().map(|trade| excursion(trade).map(|(_, mfe)| shown(mfe)))))?;
        columns.end()
    }
}

fn percent(share: f64) -> f64 {
    shown(share * 100.0)
}

/// A sequence that is written as it is read.
struct Each<I>(I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for Each<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}
