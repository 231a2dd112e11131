//! Exchange rates for currencies that no instrument of a run prices: the pairs of the catalog that value them.
use qframe_data::{Catalog, DataKey, Kind};
use qframe_lab::{Backtest, DataSet, RateSeries, RateStep, Setup, customary};
use qframe_model::account::{Account, AccountError};
use qframe_model::currency::Currency;
use qframe_model::instrument::{Instrument, Margin};
use qframe_model::symbol::{Symbol, SymbolParts};
use qframe_model::time::{Span, Time, TimeFrame};

use super::data::Wish;
use super::stored;
use super::values::Given;
use crate::error::Error;

/// Rates are read from so long before the first bar on: the last one that was known then counts.
const BEFORE: Span = Span::from_seconds(14 * 86_400);
/// A rate that is no older was not worth a word: weekends and holidays.
const STILL: Span = Span::from_seconds(5 * 86_400);

/// The rates that `market` lacks, and a sentence on each.
pub(super) fn load(market: &Backtest, setup: &Setup, wish: &Wish) -> Result<(Vec<RateSeries>, Vec<String>), Error> {
    let mut instruments: Vec<Instrument> = market.instruments().to_vec();
    let (mut rates, mut told): (Vec<RateSeries>, _) = (Vec::new(), Vec::new());
    while let Err(AccountError::NoRate { currency, reporting }) =
        Account::open(instruments.clone().into(), setup.currency)
    {
        let missing = Missing { currency, reporting, period: Period::of(market) };
        let shelf = Shelf::open(wish)?;
        let (rate, note) = shelf.as_ref().map_or(Ok(None), |shelf| missing.find(shelf, wish))?.ok_or_else(|| {
            let root = wish.catalog.path().map(|path| path.display().to_string()).unwrap_or_default();
            missing.refused(&root, shelf.is_some())
        })?;
        if instruments.iter().any(|known| known.symbol() == rate.instrument().symbol()) {
            return Err(missing.refused("", false));
        }
        instruments.push(rate.instrument().clone());
        rates.push(rate);
        told.push(note);
    }
    Ok((rates, told))
}

/// The bars of the run, from the first opening to the last close; the length of its shortest bars.
#[derive(Debug, Clone, Copy)]
struct Period {
    from: Time,
    until: Time,
    frame: TimeFrame,
}

impl Period {
    fn of(market: &Backtest) -> Self {
        let bars = || market.data().iter().map(|set| (set.bars(), set.frame()));
        let from = bars().filter_map(|(bars, _)| bars.first()).map(|bar| bar.time).min();
        let until = bars().filter_map(|(bars, frame)| Some(bars.last()?.time + frame.span())).max();
        let frame = market.data().iter().map(DataSet::frame).min();
        Self {
            from: from.unwrap_or(Time::EPOCH),
            until: until.unwrap_or(Time::EPOCH),
            frame: frame.unwrap_or(TimeFrame::DAY),
        }
    }
}

/// A pair of the catalog that bars of trades, or of bids and asks, are there of.
#[derive(Debug, Clone)]
struct Pair {
    base: Currency,
    quote: Currency,
    key: DataKey,
}

/// A catalog and its pairs.
struct Shelf {
    catalog: Catalog,
    pairs: Vec<Pair>,
}

impl Shelf {
    fn open(wish: &Wish) -> Result<Option<Self>, Error> {
        if !wish.catalog.path().is_ok_and(|path| path.is_dir()) {
            return Ok(None);
        }
        let catalog: Catalog = wish.catalog.open()?;
        let keys: Vec<DataKey> = catalog.keys()?;
        let has_asks = |key: &DataKey| keys.iter().any(|other| *other == DataKey { kind: Kind::Asks, ..key.clone() });
        let pair = |key: &DataKey| match key.symbol.parts() {
            SymbolParts::Pair { base, quote } if key.kind == Kind::Bars || key.kind == Kind::Bids && has_asks(key) => {
                Some(Pair { base, quote, key: key.clone() })
            }
            _ => None,
        };
        let pairs = keys.iter().filter_map(pair).collect();
        Ok(Some(Self { catalog, pairs }))
    }

    /// True where there are rows from before the first bar on, and not only of long before it.
    fn reaches(&self, key: &DataKey, period: Period) -> Result<bool, Error> {
        let facts = self.catalog.facts(key)?;
        Ok(facts.is_some_and(|facts| facts.first < period.from && facts.last >= period.from - BEFORE))
    }

    /// The pairs between two currencies, the better ones first: as they are before the other way round, bars not longer than
    /// those of the run before longer ones, then the longest; then by venue.
    fn between(&self, from: Currency, to: Currency, frame: TimeFrame) -> Vec<(&Pair, bool)> {
        let is_inverse = |pair: &Pair| pair.base == to;
        let fits = |pair: &&Pair| (pair.base, pair.quote) == (from, to) || (pair.base, pair.quote) == (to, from);
        let mut found: Vec<&Pair> = self.pairs.iter().filter(fits).collect();
        found.sort_by_key(|pair| {
            let own = pair.key.frame.map_or(0, TimeFrame::seconds);
            let distance = if own <= frame.seconds() { (0, frame.seconds() - own) } else { (1, own) };
            (is_inverse(pair), distance, pair.key.kind != Kind::Bars, pair.key.venue.clone())
        });
        found.into_iter().map(|pair| (pair, is_inverse(pair))).collect()
    }

    /// The currencies that have a pair with this one, those of most trade first.
    fn neighbours(&self, of: Currency) -> Vec<Currency> {
        let other = |pair: &Pair| match (pair.base == of, pair.quote == of) {
            (true, _) => Some(pair.quote),
            (_, true) => Some(pair.base),
            _ => None,
        };
        let mut found: Vec<Currency> = self.pairs.iter().filter_map(other).collect();
        let rank =
            |currency: &Currency| ["USD", "EUR"].iter().position(|usual| *usual == currency.as_str()).unwrap_or(2);
        found.sort_by_key(|currency| (rank(currency), *currency));
        found.dedup();
        found
    }
}

/// A currency that nothing prices.
struct Missing {
    currency: Currency,
    reporting: Currency,
    period: Period,
}

impl Missing {
    /// One pair, else two over another currency; of several the first that reaches back to the first bar.
    fn find(&self, shelf: &Shelf, wish: &Wish) -> Result<Option<(RateSeries, String)>, Error> {
        let (from, to) = (self.currency, self.reporting);
        if let Some(step) = self.step(shelf, (from, to), wish)? {
            return self.made(&[step]);
        }
        for over in shelf.neighbours(from).into_iter().filter(|over| *over != to) {
            if let (Some(first), Some(second)) =
                (self.step(shelf, (from, over), wish)?, self.step(shelf, (over, to), wish)?)
            {
                return self.made(&[first, second]);
            }
        }
        Ok(None)
    }

    fn step(&self, shelf: &Shelf, (from, to): (Currency, Currency), wish: &Wish) -> Result<Option<RateStep>, Error> {
        for (pair, is_inverse) in shelf.between(from, to, self.period.frame) {
            let name = pair.key.name();
            let wish = Wish {
                tick: None,
                multiplier: None,
                lot: None,
                margin: Margin::FULL,
                from: self.period.from - BEFORE,
                until: self.period.until,
                frame: pair.key.frame,
                grain: None,
                catalog: wish.catalog.clone(),
                on_bad_row: wish.on_bad_row,
                offsets: wish.offsets,
                close_column: None,
            };
            if !shelf.reaches(&pair.key, self.period)? {
                continue;
            }
            let series = stored::load(&name, &Given { flag: "--data", word: &name }, &wish)?;
            let Some(series) = series else { continue };
            let known = series.loaded.bars.first().map(|bar| bar.time + series.loaded.time_frame.span());
            if known.is_none_or(|known| known > self.period.from) {
                continue;
            }
            let symbol: Symbol = pair.key.symbol.clone();
            let instrument = customary(symbol, None, Margin::FULL).map_err(Error::refused)?;
            let set = DataSet::new(instrument, series.loaded, &name);
            if let Some(pair) = set {
                return Ok(Some(RateStep { pair, is_inverse }));
            }
        }
        Ok(None)
    }

    fn made(&self, steps: &[RateStep]) -> Result<Option<(RateSeries, String)>, Error> {
        let Some(series) = RateSeries::new(self.currency, self.reporting, steps).map_err(Error::refused)? else {
            return Ok(None);
        };
        let names: Vec<String> = steps.iter().map(named).collect();
        let mut note = format!("{} is valued in {} by {}", self.currency, self.reporting, names.join(" and "));
        note.push_str(" of the catalog, at its last close; it is not traded");
        let still = series.stillness(self.period.from, self.period.until);
        if let Some((since, span)) = still.filter(|(_, span)| *span > STILL) {
            note.push_str(&format!("; it stood still for {} days from {since:#} on", span.nanos() / Span::DAY.nanos()));
        }
        Ok(Some((series, note)))
    }

    fn refused(&self, root: &str, has_catalog: bool) -> Error {
        let Self { currency, reporting, period } = self;
        let from = period.from;
        let catalog = if has_catalog {
            format!(
                "the catalog {root} has no bars from {from:#} on of {currency}/{reporting}, {reporting}/{currency}, or of both over a third currency"
            )
        } else {
            "there is no catalog to take a rate from".to_owned()
        };
        Error::Refused(format!(
            "nothing prices {currency} in {reporting}: {catalog}; import that pair (`qframe data import FILE --symbol \
             {currency}/{reporting}`), give it with --data, or report in another currency with --currency"
        ))
    }
}

fn named(step: &RateStep) -> String {
    let (name, frame) = (&step.pair.origin().name, step.pair.frame());
    if step.is_inverse { format!("1 / {name} {frame}") } else { format!("{name} {frame}") }
}
