//! What was written: the flags of `backtest` and the same words in a TOML file. Nothing is understood here.
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use serde::Deserialize;

use super::config::{self, Origin};
use super::limits::{self, LimitWord};
use super::values::NONE;
use super::{measured, small};
use crate::error::Error;

/// A word: any TOML value that is not a table reads as its text, so that `cash = 10000` and `--cash 10000` are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) String);

impl Word {
    /// True where it takes back what a file gave, or what the catalog has.
    pub(super) fn is_none(&self) -> bool {
        self.0.trim() == NONE
    }
}

impl FromStr for Word {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Self(text)),
            toml::Value::Table(_) | toml::Value::Array(_) => {
                Err(serde::de::Error::custom("expected a text, a number, a date or true/false"))
            }
            other => Ok(Self(other.to_string())),
        }
    }
}

/// `name=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair(pub(crate) String, pub(crate) String);

impl FromStr for Pair {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("expected name=value, such as fast=10")?;
        Ok(Self(name.trim().to_owned(), value.trim().to_owned()))
    }
}

/// Parameters in a file: a table.
fn pairs<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Pair>, D::Error> {
    let toml::Value::Table(table) = toml::Value::deserialize(deserializer)? else {
        return Err(serde::de::Error::custom("expected a table: a line [param], then lines such as fast = 10"));
    };
    let pair = |(name, value): (String, toml::Value)| match value.try_into::<Word>() {
        Ok(word) => Ok(Pair(name, word.0)),
        Err(error) => Err(serde::de::Error::custom(format_args!("{name}: {}", error.message()))),
    };
    table.into_iter().map(pair).collect()
}

/// One word or a list of them.
pub(crate) fn words<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Word>, D::Error> {
    match toml::Value::deserialize(deserializer)? {
        toml::Value::Array(list) if list.is_empty() => Err(serde::de::Error::custom("an empty list; leave it out")),
        toml::Value::Array(list) => {
            list.into_iter().map(|value| value.try_into().map_err(serde::de::Error::custom)).collect()
        }
        value => value.try_into().map(|word| vec![word]).map_err(serde::de::Error::custom),
    }
}

/// The options of a run. Each is unset until it is given; a flag wins over the file.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
#[command(after_help = "\
Examples:
  qframe backtest
  qframe backtest --data AAPL=prices.csv --strategy rsi-reversion --param window=14 --fee 0.1% --report out.html
  qframe backtest --data EUR/USD=prices.csv --strategy buy-and-hold --interest EUR=2.5% USD=4% --interest-markup 0.5%
  qframe backtest --size 50% --max-leverage 0.6 --breaker drawdown:15%:flatten:90d loss:5%/2d:halt:7d
  qframe backtest --data AAPL --data MSFT --data KO --strategy momentum-rotation --param top=2 --json")]
pub(crate) struct Raw {
    /// Prices: a file that is there, else a bundled sample (see `qframe samples`), else SYMBOL or SYMBOL@VENUE of the
    /// catalog (see `qframe data list`). SYMBOL= before it gives another name. Several make a multi-asset run.
    #[arg(long, num_args = 1.., value_name = "FILE|SYMBOL=FILE|SAMPLE|SYMBOL@VENUE")]
    #[serde(deserialize_with = "words")]
    pub(crate) data: Vec<Word>,
    /// The strategy (see `qframe strategies`).
    #[arg(long, value_name = "NAME")]
    pub(crate) strategy: Option<Word>,
    /// A parameter of the strategy.
    #[arg(long, value_name = "NAME=VALUE")]
    #[serde(deserialize_with = "pairs")]
    pub(crate) param: Vec<Pair>,
    /// What the weights of --strategy portfolio are to be: the same as --param objective=NAME.
    #[arg(long, value_name = "NAME")]
    pub(crate) objective: Option<Word>,
    /// What the account begins with [10000].
    #[arg(long, value_name = "AMOUNT", help_heading = "Account", allow_hyphen_values = true)]
    pub(crate) cash: Option<Word>,
    /// The currency to report in [the quote currency of the first instrument].
    #[arg(long, value_name = "CODE", help_heading = "Account")]
    pub(crate) currency: Option<Word>,
    /// How large an entry is: 100% of equity, units (2.5), cash:5000, risk:1%, risk:1%:atr:2:14:heat:6%,
    /// volatility:20%:30, kelly:10%:50% [100%].
    #[arg(long, value_name = "SIZE", help_heading = "Account", allow_hyphen_values = true)]
    pub(crate) size: Option<Word>,
    /// The smallest step of a quantity [1 for shares, 0.00000001 for coins].
    #[arg(long, value_name = "UNITS", help_heading = "Account", allow_hyphen_values = true)]
    pub(crate) lot: Option<Word>,
    /// The smallest step of a price [of the catalog or the contract; else that of the prices seen so far, on ticks].
    #[arg(long, value_name = "PRICE", help_heading = "Account", allow_hyphen_values = true)]
    pub(crate) tick: Option<Word>,
    /// Units that one contract of a future stands for [of the catalog; else of the exchange's rulebook, and said so].
    #[arg(long, value_name = "UNITS", help_heading = "Account", allow_hyphen_values = true)]
    pub(crate) multiplier: Option<Word>,
    /// Allow selling what is not held.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", help_heading = "Account")]
    pub(crate) allow_short: Option<Word>,
    /// How many times the equity positions may be worth [1].
    #[arg(long, value_name = "TIMES", help_heading = "Account", allow_hyphen_values = true)]
    pub(crate) leverage: Option<Word>,
    /// The share of a position's value below which the equity may not fall [30%, or half the initial margin].
    #[arg(long, value_name = "SHARE", help_heading = "Account", allow_hyphen_values = true)]
    pub(crate) maintenance: Option<Word>,
    /// Interest a year on short positions and owed money [0%].
    #[arg(long, value_name = "SHARE", help_heading = "Account", allow_hyphen_values = true)]
    pub(crate) borrow_rate: Option<Word>,
    /// What to do with an order that cannot be paid: refuse or clip [refuse].
    #[arg(long, value_name = "refuse|clip", help_heading = "Account")]
    pub(crate) unaffordable: Option<Word>,
    /// Pay for a purchase in a currency that is lacking from the account's other currencies, at the last prices.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", help_heading = "Account")]
    pub(crate) convert: Option<Word>,
    /// Fee: 0.2%, maker,taker (0.1%,0.2%), or an amount a unit with a minimum (0.005/unit:1) [0.1%].
    #[arg(long, value_name = "FEE", help_heading = "Venue", allow_hyphen_values = true)]
    pub(crate) fee: Option<Word>,
    /// Slippage: 5bp, an amount (0.01), 0.5pip of a pair of currencies, volume:FACTOR or sqrt:FACTOR [none].
    #[arg(long, value_name = "SLIPPAGE", help_heading = "Venue", allow_hyphen_values = true)]
    pub(crate) slippage: Option<Word>,
    /// Bid to ask as a share of the price or in pips (1.2pip); takers pay half [0].
    #[arg(long, value_name = "SPREAD", help_heading = "Venue", allow_hyphen_values = true)]
    pub(crate) spread: Option<Word>,
    /// Where market orders fill: next-open, close (the bar that was decided on) or worst (of the next bar) [next-open].
    #[arg(long, value_name = "next-open|close|worst", help_heading = "Venue")]
    pub(crate) fill: Option<Word>,
    /// Which comes first where a bar touches both: stop-first or target-first [stop-first].
    #[arg(long, value_name = "stop-first|target-first", help_heading = "Venue")]
    pub(crate) intrabar: Option<Word>,
    /// How long an order is on its way: 200ms, 2s, 5m, 1h or 2bars; drawn:1ms,2ms,10ms (by these quantiles and --seed),
    /// recorded:FILE (as it was measured: docs/ticks.md), on ticks also feed (as long as the last row took) [none].
    #[arg(long, value_name = "TIME", help_heading = "Venue", allow_hyphen_values = true)]
    pub(crate) latency: Option<Word>,
    /// How long the venue's answers are on their way, on ticks: as --latency, but not in bars [none].
    #[arg(long, value_name = "TIME", help_heading = "Venue", allow_hyphen_values = true)]
    pub(crate) answer_latency: Option<Word>,
    /// What moves a resting order forward in its queue, on ticks: risk-averse, trades-only or depth:N with N from 1 to 3
    /// [risk-averse].
    #[arg(long, value_name = "MODEL", help_heading = "Venue")]
    pub(crate) queue: Option<Word>,
    /// The largest share of a bar's volume that fills may take [no cap].
    #[arg(long, value_name = "SHARE", help_heading = "Venue", allow_hyphen_values = true)]
    pub(crate) volume_cap: Option<Word>,
    /// Dividends: a file of time,amount, the amount for each unit; with SYMBOL= where several are traded.
    #[arg(long, num_args = 1.., value_name = "FILE|SYMBOL=FILE", help_heading = "Venue")]
    #[serde(deserialize_with = "words")]
    pub(crate) dividends: Vec<Word>,
    /// Splits: a file of time,ratio, such as 4 where one share becomes four, or 1:3. Not for prices that are adjusted already.
    #[arg(long, num_args = 1.., value_name = "FILE|SYMBOL=FILE", help_heading = "Venue")]
    #[serde(deserialize_with = "words")]
    pub(crate) splits: Vec<Word>,
    /// Funding of a perpetual: a file of time,rate; longs pay a rate above zero to shorts.
    #[arg(long, num_args = 1.., value_name = "FILE|SYMBOL=FILE", help_heading = "Venue")]
    #[serde(deserialize_with = "words")]
    pub(crate) funding: Vec<Word>,
    /// Interest a year of the currencies of a pair, for positions held over 17:00 in New York: EUR=2.5% USD=4%, or a file of
    /// currency,date,rate.
    #[arg(long, num_args = 1.., value_name = "CURRENCY=RATE|FILE", help_heading = "Venue")]
    #[serde(deserialize_with = "words")]
    pub(crate) interest: Vec<Word>,
    /// What the broker takes of that a year, on either side [0%].
    #[arg(long, value_name = "SHARE", help_heading = "Venue", allow_hyphen_values = true)]
    pub(crate) interest_markup: Option<Word>,
    /// Rolls of a series of `qframe data roll`: charge the two trades of each to who holds it, or none [charge].
    #[arg(long, value_name = "charge|none", help_heading = "Venue")]
    pub(crate) roll_costs: Option<Word>,
    /// Dividends, splits and funding of prices out of the catalog: as the catalog has them of the same symbol and venue, or
    /// none; a file given for one of them wins, and so does none there [catalog].
    #[arg(long, value_name = "catalog|none", help_heading = "Venue")]
    pub(crate) actions: Option<Word>,
    /// Open positions at the end of the data: keep, close or open (closed at the last bar's open) [keep].
    #[arg(long, value_name = "keep|close|open", help_heading = "Venue")]
    pub(crate) at_end: Option<Word>,
    /// The largest value of one order.
    #[arg(long, value_name = "AMOUNT", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) max_order: Option<Word>,
    /// The most units of one order.
    #[arg(long, value_name = "UNITS", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) max_order_quantity: Option<Word>,
    /// The largest value of one position.
    #[arg(long, value_name = "AMOUNT", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) max_position: Option<Word>,
    /// The most units of one position, long or short.
    #[arg(long, value_name = "UNITS", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) max_position_quantity: Option<Word>,
    /// The largest value of one position over the equity.
    #[arg(long, value_name = "SHARE", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) max_concentration: Option<Word>,
    /// The largest value of all positions, longs and shorts added up.
    #[arg(long, value_name = "AMOUNT", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) max_gross: Option<Word>,
    /// The largest value of longs less shorts, on either side.
    #[arg(long, value_name = "AMOUNT", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) max_net: Option<Word>,
    /// The most orders that are open at once.
    #[arg(long, value_name = "COUNT", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) max_open_orders: Option<Word>,
    /// The most orders of one symbol that are open at once.
    #[arg(long, value_name = "COUNT", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) max_open_orders_of_symbol: Option<Word>,
    /// The most orders within any second.
    #[arg(long, value_name = "COUNT", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) max_orders_per_second: Option<Word>,
    /// The most orders within any minute.
    #[arg(long, value_name = "COUNT", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) max_orders_per_minute: Option<Word>,
    /// The largest gross exposure over equity.
    #[arg(long, value_name = "TIMES", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) max_leverage: Option<Word>,
    /// How far an order's prices may be from the market; of one that only reduces, what its limit may give away.
    #[arg(long, value_name = "SHARE", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) collar: Option<Word>,
    /// The loss of a day at which only reducing orders pass.
    #[arg(long, value_name = "SHARE", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) daily_loss: Option<Word>,
    /// The drawdown at which only reducing orders pass.
    #[arg(long, value_name = "SHARE", help_heading = "Risk limits", allow_hyphen_values = true)]
    pub(crate) max_drawdown: Option<Word>,
    /// Circuit breakers, each TRIGGER:THRESHOLD[:reduce-only|halt|flatten[:COOL-DOWN]] such as drawdown:15%:flatten,
    /// loss:5%/15m:halt:1h, volatility:3x/20/500:reduce-only:1d or at:2020-03-12:flatten; others are volume, spread,
    /// correlation, slippage, rejects, stale, gap and jump (docs/limits.md). Without a time to cool down it stays. What a
    /// person would do: manual:2018-01-10:flatten, armed again: manual:2018-01-10:flatten:2018-03-01.
    #[arg(long, num_args = 1.., value_name = "BREAKER", help_heading = "Risk limits")]
    #[serde(deserialize_with = "words")]
    pub(crate) breaker: Vec<Word>,
    /// The `[limits]` of a file.
    #[arg(skip)]
    #[serde(deserialize_with = "limits::section")]
    pub(crate) limits: Vec<LimitWord>,
    /// Only bars that open at or after this time.
    #[arg(long, value_name = "TIME", help_heading = "Data")]
    pub(crate) from: Option<Word>,
    /// Only bars that open before this time (a date alone: its whole day is in).
    #[arg(long, value_name = "TIME", help_heading = "Data")]
    pub(crate) to: Option<Word>,
    /// What orders meet: bars; or the trades, the trades and best quotes, or the trades and the book of a recorded stream
    /// [bars; book for a recorded stream].
    #[arg(long, value_name = "bars|trades|quotes|book", help_heading = "Data")]
    pub(crate) grain: Option<Word>,
    /// Make longer bars of the data, such as 1h.
    #[arg(long, value_name = "FRAME", help_heading = "Data")]
    pub(crate) timeframe: Option<Word>,
    /// A row that is no bar: stop, or skip and count [stop].
    #[arg(long, value_name = "stop|skip", help_heading = "Data")]
    pub(crate) on_bad_row: Option<Word>,
    /// Times with different offsets from UTC in one file: one (refuse them) or mixed (take each at its word) [one].
    #[arg(long, value_name = "one|mixed", help_heading = "Data")]
    pub(crate) offsets: Option<Word>,
    /// The column of closes, for files without open, high and low.
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    pub(crate) close_column: Option<Word>,
    /// What to compare with [buy-and-hold].
    #[arg(long, value_name = "buy-and-hold", help_heading = "Output")]
    pub(crate) benchmark: Option<Word>,
    /// The risk-free rate a year for the ratios [0%].
    #[arg(long, value_name = "SHARE", help_heading = "Output", allow_hyphen_values = true)]
    pub(crate) risk_free: Option<Word>,
    /// The seed of everything random [0].
    #[arg(long, value_name = "NUMBER", help_heading = "Venue", allow_hyphen_values = true)]
    pub(crate) seed: Option<Word>,
    /// Write a page with charts and tables, which opens offline.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) report: Option<PathBuf>,
    /// Write the trades as CSV.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) trades: Option<PathBuf>,
    /// Write the equity curve as CSV.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) equity: Option<PathBuf>,
    /// Write the orders as CSV.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) orders: Option<PathBuf>,
    /// Write these over files that no earlier run wrote.
    #[arg(long, help_heading = "Output")]
    pub(crate) force: bool,
    /// Print one JSON object instead of the text.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    /// No pictures and no drawing characters.
    #[arg(long, help_heading = "Output")]
    pub(crate) plain: bool,
    /// Do not look for look-ahead after the run: it takes a fifth of the run's time at most.
    #[arg(long, help_heading = "Output")]
    pub(crate) no_lookahead_check: bool,
    /// The folder of the catalog [$XDG_DATA_HOME/qframe/catalog, else ~/.local/share/qframe/catalog].
    #[arg(long, value_name = "DIR", env = "QFRAME_CATALOG", help_heading = "Data")]
    pub(crate) catalog: Option<PathBuf>,
    /// A TOML file that holds the same words; flags win over it, and none takes back a limit or a model that it gives.
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,
    /// Which words are from that file.
    #[arg(skip)]
    #[serde(skip)]
    pub(crate) from_file: Origin,
}

/// The options of one word each.
macro_rules! single {
    ($then:ident) => {
        $then! {
            strategy objective cash currency size lot tick multiplier allow_short leverage maintenance borrow_rate interest_markup unaffordable
            convert fee slippage spread fill intrabar latency answer_latency queue volume_cap actions roll_costs at_end
            max_order max_order_quantity max_position max_position_quantity max_concentration max_gross max_net max_open_orders
            max_open_orders_of_symbol max_orders_per_second max_orders_per_minute max_leverage collar daily_loss max_drawdown
            from to grain timeframe on_bad_row offsets close_column benchmark risk_free seed
        }
    };
}

impl Raw {
    /// These flags over what the configuration file says, where one is named.
    pub(crate) fn with_file(self) -> Result<Self, Error> {
        let Some(path) = self.config.clone() else { return Ok(self) };
        let text = small::text("--config", &path)?;
        let (file, keys) = config::read(&text)
            .map_err(|error| Error::usage("--config", path.display(), error.to_string().trim_end()))?;
        let keys = keys.into_iter().filter(|(key, _)| !self.says(key)).collect();
        let from_file = Origin { path: path.clone(), keys };
        Ok(Self { from_file, ..self.over(file, path.parent().unwrap_or(Path::new(""))) })
    }

    /// These words, and those of a file where these are silent. Paths of the file are relative to it.
    fn over(self, mut file: Self, folder: &Path) -> Self {
        let [latency, answer_latency] =
            [file.latency, file.answer_latency].map(|word| word.map(|word| measured::beside(word, folder)));
        (file.latency, file.answer_latency) = (latency, answer_latency);
        let mut param = file.param;
        param.retain(|Pair(name, _)| self.param.iter().all(|Pair(own, _)| own != name));
        param.extend(self.param);
        let beside = |path: Option<PathBuf>| path.map(|path| folder.join(path));
        let files = |own: Vec<Word>, file| if own.is_empty() { beside_data(file, folder) } else { own };
        macro_rules! first {
            ($($field:ident)*) => { Self { $($field: self.$field.or(file.$field),)* param,
                data: files(self.data, file.data), dividends: files(self.dividends, file.dividends),
                splits: files(self.splits, file.splits), funding: files(self.funding, file.funding),
                interest: files(self.interest, file.interest),
                breaker: if self.breaker.is_empty() { file.breaker } else { self.breaker }, limits: file.limits,
                report: self.report.or(beside(file.report)), trades: self.trades.or(beside(file.trades)),
                equity: self.equity.or(beside(file.equity)), orders: self.orders.or(beside(file.orders)),
                catalog: self.catalog.or(beside(file.catalog)),
                json: self.json || file.json, force: self.force || file.force, plain: self.plain || file.plain,
                no_lookahead_check: self.no_lookahead_check || file.no_lookahead_check, config: self.config, from_file: self.from_file } };
        }
        single!(first)
    }

    /// The limits by their flags.
    pub(crate) fn limit_flags(&self) -> [(&'static str, &Option<Word>); 15] {
        [
            ("--max-order", &self.max_order),
            ("--max-order-quantity", &self.max_order_quantity),
            ("--collar", &self.collar),
            ("--max-position", &self.max_position),
            ("--max-position-quantity", &self.max_position_quantity),
            ("--max-concentration", &self.max_concentration),
            ("--max-open-orders-of-symbol", &self.max_open_orders_of_symbol),
            ("--max-gross", &self.max_gross),
            ("--max-net", &self.max_net),
            ("--max-leverage", &self.max_leverage),
            ("--max-open-orders", &self.max_open_orders),
            ("--max-orders-per-second", &self.max_orders_per_second),
            ("--max-orders-per-minute", &self.max_orders_per_minute),
            ("--daily-loss", &self.daily_loss),
            ("--max-drawdown", &self.max_drawdown),
        ]
    }

    /// True where this key is given here.
    fn says(&self, key: &str) -> bool {
        if let Some(name) = key.strip_prefix("param.") {
            return self.param.iter().any(|Pair(own, _)| own == name);
        }
        macro_rules! given {
            ($($field:ident)*) => { [$((stringify!($field), self.$field.is_some())),*] };
        }
        let lists = [
            ("data", !self.data.is_empty()),
            ("dividends", !self.dividends.is_empty()),
            ("splits", !self.splits.is_empty()),
            ("funding", !self.funding.is_empty()),
            ("interest", !self.interest.is_empty()),
            ("breaker", !self.breaker.is_empty()),
            ("report", self.report.is_some()),
            ("trades", self.trades.is_some()),
            ("equity", self.equity.is_some()),
            ("orders", self.orders.is_some()),
            ("catalog", self.catalog.is_some()),
        ];
        let key = key.replace('-', "_");
        single!(given).iter().chain(&lists).any(|(name, given)| *given && *name == key)
    }
}

/// Files that a configuration names stand beside it; names of samples stay as they are.
fn beside_data(data: Vec<Word>, folder: &Path) -> Vec<Word> {
    let place = |path: &str| {
        let beside = folder.join(path);
        if beside.exists() { beside.display().to_string() } else { path.to_owned() }
    };
    let moved = |word: Word| match word.0.split_once('=') {
        Some((symbol, path)) => Word(format!("{symbol}={}", place(path))),
        None => Word(place(&word.0)),
    };
    data.into_iter().map(moved).collect()
}
