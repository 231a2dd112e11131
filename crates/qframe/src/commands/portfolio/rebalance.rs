//! `qframe portfolio rebalance`: the trades from what is held to what is wanted, in whole lots, in exact money.
use std::io::{self, Write};
use std::path::PathBuf;

use qframe_lab::customary;
use qframe_model::account::Account;
use qframe_model::currency::Currency;
use qframe_model::fill::{Fill, Liquidity};
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::instrument::{Instrument, Margin};
use qframe_model::market::Side;
use qframe_model::number::{Cash, NumberError, Price, Quantity, Rate};
use qframe_model::order::Purpose;
use qframe_model::portfolio::{Plan, Rebalance, Snapshot, Weights, drift, turnover};
use qframe_model::symbol::{Symbol, SymbolParts};
use qframe_model::time::Time;
use qframe_quant::portfolio::optimise;
use serde_json::{Value, json};

use super::limits::Limits;
use super::lots::{Closed, Lots};
use super::wanted::{Wanted, refused};
use super::weights::weights;
use crate::error::Error;
use crate::run::panel::{Age, Priced, Prices};
use crate::run::raw::Word;
use crate::run::values::{FEE_FROM, SHARE_FROM, share, unsigned};

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  qframe portfolio rebalance --prices closes.csv --cash 100000 --objective risk-parity
  qframe portfolio rebalance --prices closes.csv --positions held.csv --weights target.csv --band 2% --fee 5bp --tax 25%
  qframe portfolio rebalance --prices closes.csv --positions held.csv --objective min-variance --turnover 20% --json

held.csv has a row a purchase: symbol,quantity and, where they are known, price,time. Sales close the oldest first. Columns
class, currency and volume may stand there too: they are for qframe risk.")]
pub(crate) struct Args {
    #[command(flatten)]
    prices: Prices,
    /// What is held: a file symbol,quantity,price,time, a row a purchase [nothing].
    #[arg(long, value_name = "FILE")]
    positions: Option<PathBuf>,
    /// The money there is.
    #[arg(long, value_name = "AMOUNT", default_value = "0")]
    cash: Cash,
    /// The currency of prices and money.
    #[arg(long, value_name = "CODE", default_value = "USD")]
    currency: Currency,
    /// The weights wanted: a file symbol,weight, or SYMBOL=WEIGHT; what is not named is sold [those of --objective].
    #[arg(long, num_args = 1.., value_name = "FILE|SYMBOL=WEIGHT")]
    weights: Vec<Word>,
    /// A weight this near to its target is left alone.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = part)]
    band: Rate,
    /// The fee expected on each trade.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = fee)]
    fee: Rate,
    /// The smallest step of a quantity [1 for shares, 0.00000001 for coins].
    #[arg(long, value_name = "UNITS", value_parser = lot)]
    lot: Option<Quantity>,
    /// The tax on gains; losses of other sales count against them. It is told, and not taken from the money.
    #[arg(long, value_name = "SHARE", value_parser = tax)]
    tax: Option<Rate>,
    #[command(flatten)]
    age: Age,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    limits: Limits,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A plan, and what it does to the account.
struct Planned {
    plan: Plan,
    account: Account,
    before: Weights,
    target: Weights,
    closed: Vec<Closed>,
    gain: Cash,
    unknown: bool,
    fees: Cash,
}

impl Args {
    pub(crate) fn run(&self) -> Result<(), Error> {
        self.check_flags()?;
        let mut priced = self.prices.load()?;
        let last = priced.panel.times.last().copied().unwrap_or_default();
        let lots = match &self.positions {
            Some(path) => Lots::read(path, &priced.panel, self.currency)?,
            None => Lots::none(priced.panel.assets()),
        };
        priced.notes.extend(lots.notes(&priced.panel.names));
        let account = self.account(&priced, &lots)?;
        let now = Snapshot::of(&account, last, Cash::ZERO)
            .map_err(|error| Error::Refused(format!("{error}; say what there is with --cash and --positions")))?;
        let held: Vec<f64> = (0..priced.panel.assets()).map(|asset| share_of(&now.weights, asset).to_f64()).collect();
        let target = self.target(&priced, &held)?;
        // What is held or wanted is traded at prices of its day, and not at those of an asset that ended long ago.
        let is_traded = |asset| [&now.weights, &target].iter().any(|weights| !share_of(weights, asset).is_zero());
        self.age.check(&priced.panel, is_traded)?;
        let planned = self.plan(account, now.weights, target, lots, last)?;
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &self.object(&priced, &planned)).map_err(io::Error::from)?;
            return Ok(writeln!(out)?);
        }
        Ok(self.text(&priced, &planned, &mut out)?)
    }

    /// Weights that are given leave nothing to be found: flags that say how would be passed over in silence.
    fn check_flags(&self) -> Result<(), Error> {
        let are_given = !self.weights.is_empty();
        let of_limits = || {
            let flag = self.limits.given().filter(|_| are_given)?;
            Some((flag, "the weights are those of --weights; leave one of the two out"))
        };
        match self.wanted.unused(are_given).or_else(of_limits) {
            Some((flag, why)) => Err(Error::usage(flag, "", why)),
            None => Ok(()),
        }
    }

    /// The account with what is held, at the last prices.
    fn account(&self, priced: &Priced, lots: &Lots) -> Result<Account, Error> {
        let panel = &priced.panel;
        let instruments = panel.names.iter().map(|name| self.instrument(name)).collect::<Result<Vec<_>, _>>()?;
        let mut account = Account::open(instruments.into(), self.currency).map_err(Error::refused)?;
        let prices = panel.row(panel.times.len() - 1);
        let mut money = self.cash;
        for (asset, price) in prices.iter().enumerate() {
            let quantity = lots.held(asset).map_err(Error::refused)?;
            let value = account.instrument(id(asset)).value(*price, quantity).map_err(Error::refused)?;
            money = money.plus(value).map_err(Error::refused)?;
            account.mark(id(asset), *price).map_err(Error::refused)?;
        }
        account.deposit(account.reporting(), money).map_err(Error::refused)?;
        for (asset, price) in prices.iter().enumerate() {
            let quantity = lots.held(asset).map_err(Error::refused)?;
            if !quantity.is_zero() {
                book(&mut account, asset, (Side::of(quantity), quantity.abs(), *price), Cash::ZERO)?;
            }
        }
        Ok(account)
    }

    fn instrument(&self, name: &str) -> Result<Instrument, Error> {
        let wrong = |why: String| Error::Refused(format!("--prices {name}: {why}"));
        let symbol: Symbol = name.parse().map_err(|error| wrong(format!("{error}")))?;
        let usual = customary(symbol.clone(), self.lot, Margin::FULL).map_err(|error| wrong(error.to_string()))?;
        let (quote, own) = (usual.quote(), self.currency);
        match symbol.parts() {
            _ if quote == own => Ok(usual),
            // The customs quote shares in dollars; a table of them says nothing.
            SymbolParts::Listed { expiry: None, .. } => {
                Instrument::new(symbol, own, usual.rules().clone()).map_err(|error| wrong(error.to_string()))
            }
            _ => Err(wrong(format!(
                "its prices are in {quote}; expected all in one currency: --currency {quote}, not {own}"
            ))),
        }
    }

    fn target(&self, priced: &Priced, held: &[f64]) -> Result<Weights, Error> {
        let names = &priced.panel.names;
        let wanted = if self.weights.is_empty() {
            let objective = self.wanted.objective(names)?;
            self.limits.check_rule(&objective)?;
            let estimates = self.wanted.estimates(priced)?;
            let constraints = self.limits.constraints(names, held)?;
            optimise(&estimates, &objective, &constraints).map_err(|error| refused(error, priced))?.weights
        } else {
            let wanted = weights("--weights", &self.weights, names, 0.0)?;
            let sum: f64 = wanted.iter().sum();
            if sum > 1.0 + 1e-6 && wanted.iter().all(|weight| *weight >= 0.0) {
                let why = format!("the weights sum to {sum:.6}; expected 1 at most, the rest stays money");
                return Err(Error::Refused(format!("--weights: {why}")));
            }
            wanted
        };
        let rate = |weight: f64| {
            Rate::from_f64(weight).ok_or_else(|| Error::Refused(format!("weight {weight} is out of range")))
        };
        (0..names.len()).map(|asset| Ok((id(asset), rate(wanted[asset])?))).collect()
    }

    fn plan(
        &self,
        mut account: Account,
        before: Weights,
        target: Weights,
        mut lots: Lots,
        time: Time,
    ) -> Result<Planned, Error> {
        let plan = Rebalance { band: self.band, fee: self.fee }.plan(&account, &target).map_err(Error::refused)?;
        let (mut closed, mut gain, mut fees, mut unknown) = (Vec::new(), Cash::ZERO, Cash::ZERO, false);
        for trade in &plan.trades {
            let asset = trade.instrument.index();
            let row = (trade.side, trade.quantity, trade.price);
            let part = lots.trade(asset, row, time).map_err(Error::refused)?;
            gain = gain.plus(part.gain).map_err(Error::refused)?;
            fees = fees.plus(trade.fee).map_err(Error::refused)?;
            unknown |= !part.unknown.is_zero();
            book(&mut account, asset, row, trade.fee)?;
            closed.push(part);
        }
        Ok(Planned { plan, account, before, target, closed, gain, unknown, fees })
    }

    /// The tax on the gain of all sales; none on a loss.
    fn due(&self, planned: &Planned) -> Option<Cash> {
        let gain = planned.gain.max(Cash::ZERO);
        gain.at_rate(self.tax?).ok()
    }

    fn object(&self, priced: &Priced, planned: &Planned) -> Value {
        let after = after(planned);
        let trade = |(trade, closed): (&qframe_model::portfolio::PlannedTrade, &Closed)| {
            json!({
                "side": trade.side.to_string(),
                "symbol": priced.panel.names[trade.instrument.index()],
                "quantity": trade.quantity.to_string(),
                "price": trade.price.to_string(),
                "value": trade.value.to_string(),
                "fee": trade.fee.to_string(),
                "closes": closed.quantity.to_string(),
                "gain": closed.gain.to_string(),
                "of_unknown_cost": closed.unknown.to_string(),
            })
        };
        let weight = |(asset, name): (usize, &String)| {
            json!({
                "symbol": name,
                "before": share_of(&planned.before, asset).to_f64(),
                "target": share_of(&planned.target, asset).to_f64(),
                "after": share_of(&after, asset).to_f64(),
            })
        };
        let skipped = planned.plan.skipped.iter().map(|skipped| {
            json!({"symbol": priced.panel.names[skipped.instrument.index()], "why": skipped.reason.to_string()})
        });
        json!({
            "currency": self.currency.to_string(),
            "notes": priced.notes,
            "trades": planned.plan.trades.iter().zip(&planned.closed).map(trade).collect::<Vec<_>>(),
            "left": skipped.collect::<Vec<_>>(),
            "weights": priced.panel.names.iter().enumerate().map(weight).collect::<Vec<_>>(),
            "cash_before": self.cash.to_string(),
            "cash_after": planned.account.cash().to_string(),
            "equity_after": planned.account.equity().to_string(),
            "fees": planned.fees.to_string(),
            "turnover": turnover(&drift(&planned.before, &after)).to_f64(),
            "realised_gain": planned.gain.to_string(),
            "tax_due": self.due(planned).map(|due| due.to_string()),
        })
    }

    fn text(&self, priced: &Priced, planned: &Planned, out: &mut dyn Write) -> io::Result<()> {
        let (names, after) = (&priced.panel.names, after(planned));
        for note in &priced.notes {
            writeln!(out, "Note: {note}")?;
        }
        let last = priced.panel.times.last().copied().unwrap_or_default();
        let count = planned.plan.trades.len();
        writeln!(out, "{count} {} at the prices of {last:#}", if count == 1 { "trade" } else { "trades" })?;
        for (trade, closed) in planned.plan.trades.iter().zip(&planned.closed) {
            let name = &names[trade.instrument.index()];
            write!(out, "  {:<4} {:>14} {name:<12}", trade.side.to_string(), trade.quantity.to_string())?;
            write!(out, " at {:>12}, value {:>14.2}, fee {:.2}", trade.price.to_string(), trade.value, trade.fee)?;
            writeln!(out, "{}", told(closed))?;
        }
        for skipped in &planned.plan.skipped {
            writeln!(out, "  left {}: {}", names[skipped.instrument.index()], skipped.reason)?;
        }
        let width = names.iter().map(String::len).max().unwrap_or(0).max(6);
        writeln!(out, "\n{:<width$}  {:>9}  {:>9}  {:>9}", "Symbol", "Before", "Target", "After")?;
        for (asset, name) in names.iter().enumerate() {
            let shares = [&planned.before, &planned.target, &after].map(|weights| share_of(weights, asset));
            if shares.iter().any(|share| !share.is_zero()) {
                let [before, target, after] = shares.map(|share| super::percent(share.to_f64()));
                writeln!(out, "{name:<width$}  {before:>9}  {target:>9}  {after:>9}")?;
            }
        }
        let traded = turnover(&drift(&planned.before, &after)).to_f64();
        writeln!(out, "\nCash {:.2} -> {:.2} {}", self.cash, planned.account.cash(), self.currency)?;
        writeln!(
            out,
            "Equity {:.2}, fees {:.2}, turnover {}",
            planned.account.equity(),
            planned.fees,
            super::percent(traded)
        )?;
        let partly = if planned.unknown { ", without what has no known cost" } else { "" };
        match self.due(planned) {
            Some(due) => writeln!(out, "Realised gain {:.2}{partly}, tax due {due:.2}", planned.gain),
            None => writeln!(out, "Realised gain {:.2}{partly}", planned.gain),
        }
    }
}

fn told(closed: &Closed) -> String {
    if closed.quantity.is_zero() {
        return String::new();
    }
    if closed.unknown == closed.quantity {
        return ", of unknown cost".to_owned();
    }
    format!(", gain {:.2}", closed.gain)
}

/// The weights once all is traded; none where nothing is left to weigh.
fn after(planned: &Planned) -> Weights {
    Snapshot::of(&planned.account, Time::EPOCH, Cash::ZERO).map_or_else(|_| Weights::new(), |snapshot| snapshot.weights)
}

fn book(
    account: &mut Account,
    asset: usize,
    (side, quantity, price): (Side, Quantity, Price),
    fee: Cash,
) -> Result<(), Error> {
    let instrument = id(asset);
    let fee_in = account.quote_of(instrument);
    let (order, time, liquidity, purpose) = (OrderId(0), Time::EPOCH, Liquidity::Taker, Purpose::Signal);
    let fill = Fill { order, instrument, time, side, price, quantity, fee, fee_in, liquidity, purpose };
    account.fill(&fill).map(drop).map_err(Error::refused)
}

fn share_of(weights: &Weights, asset: usize) -> Rate {
    weights.get(&id(asset)).copied().unwrap_or(Rate::ZERO)
}

fn id(asset: usize) -> InstrumentId {
    InstrumentId(asset as u16)
}

fn tax(word: &str) -> Result<Rate, String> {
    let tax = share(word, SHARE_FROM)?;
    let is_share = tax >= Rate::ZERO && tax <= Rate::ONE;
    if is_share { Ok(tax) } else { Err("expected 0% to 100% of a gain, as 25%".to_owned()) }
}

/// A band of all, or a fee that takes all, would leave nothing to trade.
fn part(word: &str) -> Result<Rate, String> {
    let part = share(word, SHARE_FROM)?;
    let is_part = part >= Rate::ZERO && part < Rate::ONE;
    if is_part { Ok(part) } else { Err("expected 0% or more and less than 100%, as 2%".to_owned()) }
}

fn lot(word: &str) -> Result<Quantity, String> {
    let lot: Quantity = word.parse().map_err(|error: NumberError| error.to_string())?;
    if lot.is_positive() { Ok(lot) } else { Err("expected a step above zero, as 1".to_owned()) }
}

/// The same of a fee, where a plain number is refused sooner.
fn fee(word: &str) -> Result<Rate, String> {
    part(word).and_then(|fee| unsigned(word, FEE_FROM).map_or(Ok(fee), Err))
}
