//! What is held, and what it was worth at every instant: positions or weights on prices, or an equity curve.
use std::path::Path;

use qframe_data::{Align, Panel, periods_per_year, printable};
use qframe_model::number::{Cash, Price, Quantity, Volume};
use qframe_model::parameter::nearest;
use qframe_model::time::Time;
use qframe_quant::covariance::{CovarianceError, Returns};
use qframe_quant::risk::RiskError;

use super::Args;
use super::stress::fraction;
use crate::commands::table::{
    CLASS, CURRENCY, POSITIONS, PRICE, QUANTITY, Row, SYMBOL, TIME, Table, VOLUME, WEIGHT, WEIGHTS,
};
use crate::error::Error;
use crate::run::panel::Prices;

/// A book and its history.
#[derive(Debug, Clone)]
pub(super) struct Book {
    /// What is held, in the order of the prices.
    pub(super) holdings: Vec<Holding>,
    /// The instants of the prices; one more than observations.
    pub(super) times: Vec<Time>,
    /// A column a holding.
    pub(super) returns: Returns,
    /// What fractions are fractions of; weights alone have no money.
    pub(super) base: Option<f64>,
    /// Returns of the benchmark, where one is named.
    pub(super) benchmark: Option<(String, Vec<f64>)>,
    /// All returns and names of the prices, for factors that are not held.
    pub(super) panel: Option<(Vec<String>, Returns)>,
    /// Observations a year.
    pub(super) periods: f64,
    /// Sentences.
    pub(super) notes: Vec<String>,
}

/// One position.
#[derive(Debug, Clone, Default)]
pub(super) struct Holding {
    pub(super) symbol: String,
    /// Its value as a share of the base; below zero for a short.
    pub(super) weight: f64,
    pub(super) quantity: Option<Quantity>,
    pub(super) value: Option<Cash>,
    pub(super) class: Option<String>,
    pub(super) currency: Option<String>,
    /// Units that trade on a day.
    pub(super) volume: Option<f64>,
}

impl Holding {
    /// Another lot of the same; weights and what is said twice in two ways are refused.
    fn add(&mut self, lot: &Self) -> Result<(), &'static str> {
        let ((Some(units), Some(worth)), (Some(more), Some(value))) =
            ((self.quantity, self.value), (lot.quantity, lot.value))
        else {
            return Err("it stands twice; expected each symbol once: add the two");
        };
        let said = |own: &Self| (own.class.clone(), own.currency.clone(), own.volume);
        if said(self) != said(lot) {
            return Err("a lot of another class, currency or volume than the one above; expected the same of each lot");
        }
        self.quantity = Some(units.plus(more).map_err(|_| "its units are out of range")?);
        self.value = Some(worth.plus(value).map_err(|_| "its value is out of range")?);
        Ok(())
    }
}

/// Cash under this name needs no price.
const CASH: &str = "cash";
/// How far from one weights may sum.
const OFF: f64 = 1e-6;

impl Book {
    /// Reads what the flags name.
    ///
    /// # Errors
    /// [`Error`]: a file with a wrong row, a symbol without prices, weights that do not sum to one, prices older than
    /// positions, too few prices.
    pub(super) fn load(args: &Args) -> Result<Self, Error> {
        if let Some(path) = &args.equity {
            return equity(path, args);
        }
        if args.prices.prices.is_empty() {
            let why = "expected --prices FILE (a table date,A,B,… or bars of an asset each), or --equity FILE";
            return Err(Error::usage("--prices", "", why));
        }
        let priced = args.prices.load()?;
        let panel = &priced.panel;
        let mut notes = priced.notes;
        let (holdings, base) = match (&args.positions, &args.weights) {
            (Some(path), _) => positions(path, panel, args)?,
            (None, Some(path)) => (weights(path, panel)?, None),
            (None, None) => {
                let held = |name: &&String| args.benchmark.as_ref() != Some(*name);
                let names: Vec<&String> = panel.names.iter().filter(held).collect();
                let weight = 1.0 / names.len().max(1) as f64;
                if names.len() > 1 {
                    notes.push(format!(
                        "no --weights and no --positions: each of the {} assets weighs the same",
                        names.len()
                    ));
                }
                let holding = |name: &String| Holding { symbol: name.clone(), weight, ..Holding::default() };
                (names.into_iter().map(holding).collect(), None)
            }
        };
        check_age(args, panel, &holdings)?;
        let all = returns(panel.returns(), &panel.names)?;
        let place = |name: &str| panel.names.iter().position(|other| other == name);
        let columns: Vec<usize> = holdings.iter().filter_map(|holding: &Holding| place(&holding.symbol)).collect();
        let values = all.rows().flat_map(|row| columns.iter().map(|column| row[*column])).collect();
        let names: Vec<String> = holdings.iter().map(|holding: &Holding| holding.symbol.clone()).collect();
        let benchmark = match &args.benchmark {
            Some(name) => {
                let column =
                    place(name).ok_or_else(|| Error::usage("--benchmark", name, unknown(name, &panel.names)))?;
                Some((name.clone(), all.asset(column)))
            }
            None => None,
        };
        Ok(Self {
            returns: returns(values, &names)?,
            holdings,
            times: panel.times.clone(),
            base,
            benchmark,
            panel: Some((panel.names.clone(), all)),
            periods: priced.periods,
            notes,
        })
    }

    /// Weights, one a holding.
    pub(super) fn weights(&self) -> Vec<f64> {
        self.holdings.iter().map(|holding| holding.weight).collect()
    }

    /// Names, one a holding.
    pub(super) fn names(&self) -> Vec<String> {
        self.holdings.iter().map(|holding| holding.symbol.clone()).collect()
    }

    /// Returns of the whole book, its weights kept.
    pub(super) fn series(&self) -> Vec<f64> {
        self.returns.portfolio(&self.weights())
    }

    /// An error of the mathematics, with the names and dates of its places.
    pub(super) fn told(&self, error: RiskError) -> String {
        told(error, &self.names(), &self.times)
    }

    /// The same of the book as one series.
    pub(super) fn told_whole(&self, error: RiskError) -> String {
        match error {
            RiskError::Covariance(CovarianceError::Constant { .. }) => {
                "the returns of the book do not vary; hold something that moves".to_owned()
            }
            other => told(other, &[], &self.times),
        }
    }
}

/// What names there are besides an unknown one.
pub(super) fn unknown(name: &str, known: &[String]) -> String {
    let near = nearest(name, known.iter().map(String::as_str));
    let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    let near = if near.is_empty() { ".".to_owned() } else { near };
    let more = if known.len() > 8 { ", …" } else { "" };
    format!("no prices of it{near} There are {}{more}", known.iter().take(8).cloned().collect::<Vec<_>>().join(", "))
}

fn told(error: RiskError, names: &[String], times: &[Time]) -> String {
    let name = |asset: usize| names.get(asset).map_or("the book", String::as_str);
    match error {
        RiskError::Covariance(CovarianceError::Constant { asset }) => {
            format!("{}: its returns do not vary; leave it out, or give it as {CASH}", name(asset))
        }
        RiskError::Covariance(CovarianceError::NotFinite { row, asset, value }) => {
            let time = times.get(row + 1).map_or_else(String::new, |time| format!(" at {time:#}"));
            format!("{}: its return{time} is {value}; expected a finite number", name(asset))
        }
        RiskError::Covariance(CovarianceError::Empty) => "expected at least three prices; give more history".to_owned(),
        // Ledoit-Wolf's covariance is positive definite, and takes more assets than observations.
        RiskError::Covariance(CovarianceError::NotPositive { eigenvalue, assets: [first, second] }) => format!(
            "the covariance is not positive definite: the smallest eigenvalue of its correlations is {eigenvalue:.3e}, of a \
             portfolio mostly of {} and {}; leave one of them out, or shrink it: --covariance ledoit-wolf",
            name(first),
            name(second)
        ),
        error @ RiskError::Covariance(CovarianceError::Faded { .. }) => {
            format!("{error}: --decay, --covariance ledoit-wolf")
        }
        error @ RiskError::Covariance(CovarianceError::TooFew { .. }) => format!("{error}: --covariance ledoit-wolf"),
        other => other.to_string(),
    }
}

fn returns(values: Vec<f64>, names: &[String]) -> Result<Returns, Error> {
    Returns::new(values, names.len())
        .map_err(|error| Error::Refused(format!("--prices: {}", told(error.into(), names, &[]))))
}

/// A thousand times the book's worth in one asset is a slip of the pen.
const WEIGHT_MAX: f64 = 1e3;

/// Prices that are too old for what is held, which without a book is every asset: one that ended long ago would be measured at its
/// full weight, standing still.
fn check_age(args: &Args, panel: &Panel, holdings: &[Holding]) -> Result<(), Error> {
    let is_held = |asset: usize| {
        let name = &panel.names[asset];
        holdings.iter().any(|holding| holding.symbol == *name && holding.weight != 0.0)
    };
    args.age.check(panel, is_held)
}

/// `symbol,weight`: shares that sum to one, cash among them.
fn weights(path: &Path, panel: &Panel) -> Result<Vec<Holding>, Error> {
    let table = Table::read("--weights", path)?.of(WEIGHTS)?;
    let column = table.needed(WEIGHT, "symbol,weight")?;
    let mut sum = 0.0;
    let holdings = rows(&table, panel, |row| {
        let weight = fraction(table.text(row, column)).filter(|weight| weight.abs() <= WEIGHT_MAX);
        let wrong =
            || table.wrong(row, column, "expected a number between -1000 and 1000, as 0.25 or 25% for a quarter");
        let weight = weight.ok_or_else(wrong)?;
        sum += weight;
        Ok(Holding { weight, ..Holding::default() })
    })?;
    if (sum - 1.0).abs() > OFF {
        let why = format!("the weights sum to {sum:.9}; expected 1: add a row {CASH},{:.9}, or scale them", 1.0 - sum);
        return Err(table.refused(why));
    }
    Ok(holdings)
}

/// `symbol,quantity`: units at the last prices; cash in money.
fn positions(path: &Path, panel: &Panel, args: &Args) -> Result<(Vec<Holding>, Option<f64>), Error> {
    let table = Table::read("--positions", path)?.of(POSITIONS)?;
    let column = table.needed(QUANTITY, "symbol,quantity")?;
    let (time, volume, paid) = (table.column(TIME), table.column(VOLUME), table.column(PRICE));
    let prices = panel.row(panel.times.len() - 1);
    let mut cash = args.cash.unwrap_or(Cash::ZERO);
    let mut holdings = rows(&table, panel, |row| {
        let symbol = symbol_of(&table, row)?;
        let place = panel.names.iter().position(|name| *name == symbol);
        // No money is a word of its own; no units are none.
        let quantity = if place.is_some() { table.units(row, column)? } else { table.value(row, column)? };
        place.map_or(Ok(None), |place| table.held_at(row, time, panel, place))?;
        table.paid(row, paid)?;
        let volume = table.traded(row, volume)?.map(Volume::to_f64);
        let price: Price = match place.and_then(|place| prices.get(place)) {
            Some(price) => *price,
            None => Price::from_f64(1.0).unwrap_or(Price::ZERO),
        };
        let value = price.times(quantity).ok_or_else(|| table.wrong(row, column, "its value is out of range"))?;
        if place.is_none() {
            cash = cash.plus(value).map_err(|_| table.wrong(row, column, "the cash is out of range"))?;
        }
        Ok(Holding { quantity: Some(quantity), value: Some(value), volume, ..Holding::default() })
    })?;
    let worth: Vec<f64> = holdings.iter().filter_map(|holding| holding.value).map(Cash::to_f64).collect();
    let base = worth.iter().sum::<f64>() + cash.to_f64();
    if base <= 0.0 {
        let why =
            format!("positions and cash are worth {base:.2}; expected more than nothing: give the cash with --cash");
        return Err(table.refused(why));
    }
    for (holding, worth) in holdings.iter_mut().zip(worth) {
        holding.weight = worth / base;
    }
    Ok((holdings, Some(base)))
}

/// A holding a row that is not cash, with the columns that every such table may have.
fn rows(
    table: &Table,
    panel: &Panel,
    mut one: impl FnMut(&Row) -> Result<Holding, Error>,
) -> Result<Vec<Holding>, Error> {
    let symbol = table.needed(SYMBOL, "symbol,weight or symbol,quantity")?;
    let (class, currency) = (table.column(CLASS), table.column(CURRENCY));
    let mut holdings: Vec<Holding> = Vec::new();
    for row in table.rows() {
        let name = table.text(row, symbol);
        let is_cash = name.eq_ignore_ascii_case(CASH) && !panel.names.iter().any(|known| known == name);
        if !is_cash && !panel.names.iter().any(|known| known == name) {
            return Err(table.wrong(row, symbol, unknown(name, &panel.names)));
        }
        let (class, currency): (Option<String>, Option<String>) =
            (table.optional(row, class)?, table.optional(row, currency)?);
        let (class, currency) = (class.map(|text| printable(&text)), currency.map(|text| printable(&text)));
        let holding = Holding { symbol: name.to_owned(), class, currency, ..one(row)? };
        let before = holdings.iter_mut().find(|other| other.symbol == name);
        match before {
            _ if is_cash => {}
            Some(before) => before.add(&holding).map_err(|why| table.wrong(row, symbol, why))?,
            None => holdings.push(holding),
        }
    }
    if holdings.is_empty() {
        return Err(table.refused("nothing but cash; expected at least one position"));
    }
    Ok(holdings)
}

fn symbol_of(table: &Table, row: &Row) -> Result<String, Error> {
    let symbol = table.needed(SYMBOL, "symbol,quantity")?;
    Ok(table.text(row, symbol).to_owned())
}

/// `time,equity`: what something was worth, above zero.
fn equity(path: &Path, args: &Args) -> Result<Book, Error> {
    let Prices { from, to, timeframe, align, on_bad_row, .. } = &args.prices;
    let given = [
        ("--from", from.is_some()),
        ("--to", to.is_some()),
        ("--timeframe", timeframe.is_some()),
        ("--on-bad-row", on_bad_row.is_some()),
        ("--align", *align != Align::Inner),
        ("--max-age", args.age.is_given()),
    ];
    if let Some((flag, _)) = given.iter().find(|(_, given)| *given) {
        return Err(Error::usage(flag, "", "it is for --prices; of an equity curve every row counts: leave it out"));
    }
    let table = Table::read("--equity", path)?;
    let time = table.needed(&["time", "date", "datetime", "timestamp", ""], "time,equity")?;
    let column = table.needed(&["equity", "value", "nav", "close"], "time,equity")?;
    let (mut times, mut values): (Vec<Time>, Vec<f64>) = (Vec::new(), Vec::new());
    for row in table.rows() {
        let (at, value) = (table.value::<Time>(row, time)?, table.value::<Cash>(row, column)?.to_f64());
        if times.last().is_some_and(|last| at <= *last) {
            return Err(table.wrong(row, time, "not after the row before; expected times that rise"));
        }
        if value <= 0.0 {
            return Err(table.wrong(row, column, "expected a value above zero; nothing can be lost of nothing"));
        }
        times.push(at);
        values.push(value);
    }
    if times.len() < 3 {
        return Err(table.refused(format!("{} rows; expected at least three", times.len())));
    }
    let periods = args.prices.periods.unwrap_or_else(|| periods_per_year(&times));
    let changes = values.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
    let name = "equity".to_owned();
    let holding = Holding { symbol: name.clone(), weight: 1.0, ..Holding::default() };
    Ok(Book {
        returns: returns(changes, std::slice::from_ref(&name))?,
        holdings: vec![holding],
        base: values.last().copied(),
        benchmark: None,
        panel: None,
        periods,
        notes: Vec::new(),
        times,
    })
}
