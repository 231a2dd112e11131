//! What `--interest` means: rates of currencies, and the nights on which pairs of a run pay and earn them.
use std::fmt::Write as _;

use qframe_data::hours::{Settlement, nights};
use qframe_data::read_rates;
use qframe_engine::venue::{Night, Rollover};
use qframe_lab::Backtest;
use qframe_model::currency::Currency;
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::{Instrument, Kind};
use qframe_model::number::Rate;
use qframe_model::time::{Span, Time};

use super::raw::{Raw, Word};
use super::values::{Given, given, percent};
use crate::error::Error;

/// Rates by currency, each from an instant on.
#[derive(Debug, Default)]
pub(crate) struct Interest {
    rates: Vec<(Currency, Vec<(Time, Rate)>)>,
    markup: Rate,
    /// Rows of files that are of no currency.
    left_out: u64,
    pub(super) rollover: Vec<Rollover>,
}

/// The flag, in messages.
const FLAG: &str = "--interest";
const MOST: Rate = Rate::percent(1_000);

/// Reads what is given, and joins it with the pairs of `market`; nothing where all rates are zero.
pub(super) fn load(raw: &Raw, market: &Backtest) -> Result<Interest, Error> {
    let markup = given("--interest-markup", &raw.interest_markup);
    let mut interest = Interest {
        markup: markup.map_or(Ok(Rate::ZERO), |given| given.share(Rate::ZERO, Rate::percent(50)))?,
        ..Interest::default()
    };
    let words: Vec<&Word> = raw.interest.iter().filter(|word| !word.is_none()).collect();
    for Word(word) in &words {
        interest.read(Given { flag: FLAG, word: word.trim() })?;
    }
    if let (Some(markup), true, false) = (markup, words.is_empty(), interest.markup.is_zero()) {
        return Err(markup.wrong(format!("it is taken off the rates of {FLAG}, such as {FLAG} EUR=2.5% USD=4%")));
    }
    if words.is_empty() || interest.is_nothing() {
        return Ok(interest);
    }
    let pairs = (0..).map(InstrumentId).zip(market.instruments()).filter(|(_, pair)| pair.kind() == Kind::Forex);
    interest.rollover = pairs.map(|(id, pair)| interest.of(id, pair, market)).collect::<Result<_, _>>()?;
    if interest.rollover.is_empty() {
        let why = "no currency pair is traded, such as EUR/USD; shares and money that is owed pay --borrow-rate";
        return Err(Error::usage(FLAG, words[0].0.trim(), why));
    }
    Ok(interest)
}

impl Interest {
    /// The setting in words: each currency, in the order of their names; constants as they can be written.
    pub(super) fn words(&self) -> String {
        let word = |(currency, rows): &(Currency, Vec<(Time, Rate)>)| match rows.as_slice() {
            [(Time::MIN, rate)] => format!("{currency}={}", percent(*rate)),
            [(first, _), .., (last, _)] => format!("{currency}: {} rates from {first:#} to {last:#}", rows.len()),
            [(first, rate)] => format!("{currency}: {} from {first:#}", percent(*rate)),
            [] => currency.to_string(),
        };
        let mut words: Vec<String> = self.rates.iter().filter(|_| !self.rollover.is_empty()).map(word).collect();
        words.sort();
        let is_plain = |(_, rows): &(Currency, Vec<(Time, Rate)>)| matches!(rows.as_slice(), [(Time::MIN, _)]);
        let divider = if self.rates.iter().all(is_plain) { "," } else { "; " };
        if words.is_empty() { "none".to_owned() } else { words.join(divider) }
    }

    pub(super) fn markup(&self) -> String {
        percent(if self.rollover.is_empty() { Rate::ZERO } else { self.markup })
    }

    /// What the run says of it, where it pays any.
    pub(crate) fn told(&self) -> Option<String> {
        let nights = self.rollover.iter().map(|pair| pair.nights.len()).max()?;
        let mut told = format!("interest at {nights} ends of days, 17:00 in New York ({})", self.words());
        if !self.markup.is_zero() {
            let _ = write!(told, ", less {} a year on either side", self.markup());
        }
        if self.left_out > 0 {
            let _ = write!(told, "; {} rows of no currency, left out", self.left_out);
        }
        Some(told)
    }

    fn is_nothing(&self) -> bool {
        self.markup.is_zero() && self.rates.iter().flat_map(|(_, rows)| rows).all(|(_, rate)| rate.is_zero())
    }

    /// `EUR=2.5%`, several of them with commas between, or a file.
    fn read(&mut self, given: Given<'_>) -> Result<(), Error> {
        if !given.word.contains('=') {
            let rates = read_rates(given.word)?;
            self.left_out += rates.left_out;
            return rates.currencies.into_iter().try_for_each(|(currency, rows)| self.add(given, currency, rows));
        }
        for part in given.word.split(',') {
            let (currency, rate) = part.split_once('=').ok_or_else(|| given.wrong(FORM))?;
            let currency = currency.trim().parse::<Currency>().map_err(|error| given.wrong(error))?;
            let rate = given.share_of(rate.trim(), -Rate::ONE, MOST)?;
            self.add(given, currency, vec![(Time::MIN, rate)])?;
        }
        Ok(())
    }

    fn add(&mut self, given: Given<'_>, currency: Currency, rows: Vec<(Time, Rate)>) -> Result<(), Error> {
        if self.rates.iter().any(|(known, _)| *known == currency) {
            return Err(given.wrong(format!("{currency} has rates already; keep one of them")));
        }
        self.rates.push((currency, rows));
        Ok(())
    }

    /// The nights of a pair: from its first bar to the opening of its last one.
    fn of(&self, instrument: InstrumentId, pair: &Instrument, market: &Backtest) -> Result<Rollover, Error> {
        let sets = || market.data().iter().filter(|set| set.instrument().symbol() == pair.symbol());
        let first = sets().filter_map(|set| set.bars().first()).map(|bar| bar.time).min().unwrap_or(Time::MAX);
        let last = sets().filter_map(|set| set.bars().last()).map(|bar| bar.time).max().unwrap_or(first);
        let (base, quote) = (pair.base(), pair.quote());
        let settlement = Settlement::of(base.as_str(), quote.as_str());
        let ends = nights(first..last + Span::from_nanos(1), settlement);
        let night = |(time, days)| Ok(Night { time, days, rates: [self.rate(base, time)?, self.rate(quote, time)?] });
        Ok(Rollover {
            instrument,
            years: [year_of(base), year_of(quote)],
            markup: self.markup,
            nights: ends.map(night).collect::<Result<_, Error>>()?,
        })
    }

    fn rate(&self, currency: Currency, time: Time) -> Result<Rate, Error> {
        let rows = self.rates.iter().find(|(known, _)| *known == currency).map(|(_, rows)| rows.as_slice());
        let rows = rows.ok_or_else(|| {
            Error::usage(FLAG, self.words_given(), format!("no rate of {currency}; add {currency}=RATE, such as 2.5%"))
        })?;
        let known = rows.partition_point(|(from, _)| *from <= time).checked_sub(1).and_then(|place| rows.get(place));
        known.map(|(_, rate)| *rate).ok_or_else(|| {
            let begins = rows.first().map_or(Time::MAX, |(first, _)| *first);
            let why =
                format!("the rates of {currency} begin at {begins:#}, and one is due at {time:#}; begin --from then");
            Error::usage(FLAG, self.words_given(), why)
        })
    }

    fn words_given(&self) -> String {
        self.rates.iter().map(|(currency, _)| currency.to_string()).collect::<Vec<_>>().join(", ")
    }
}

const FORM: &str = "expected CURRENCY=RATE, such as EUR=2.5%, or a file of currency,date,rate";

/// Days of a year of interest. Money of these is counted in years of 365 days, that of others in years of 360 (OpenGamma,
/// Interest Rate Instruments and Market Conventions Guide, deposits by currency).
fn year_of(currency: Currency) -> u16 {
    const LONG: [&str; 8] = ["AUD", "CAD", "GBP", "HKD", "NZD", "PLN", "SGD", "ZAR"];
    if LONG.contains(&currency.as_str()) { 365 } else { 360 }
}
