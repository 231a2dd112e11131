//! Which security a name of the catalog means: its id (`FB:2012-05-18`), or a ticker that it has or had.
use std::ops::Range;

use qframe_data::catalog::Joined;
use qframe_data::securities::{Securities, Security, SecurityId};
use qframe_data::{Catalog, DataKey, Kind};
use qframe_model::count::counted;
use qframe_model::currency::Currency;
use qframe_model::market::DatedAction;
use qframe_model::symbol::Symbol;
use qframe_model::time::{Time, TimeFrame};

use super::data::Source;
use crate::error::Error;

/// A security of a venue, beside the others there.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) venue: String,
    pub(crate) security: Security,
    others: Securities,
    /// What is to say of how it was chosen.
    pub(crate) why: Option<String>,
}

/// The security that a name means in a period; `None` where the catalog knows of none. `flag` gave the name.
pub(crate) fn named(catalog: &Catalog, flag: &str, name: &str, period: &Range<Time>) -> Result<Option<Held>, Error> {
    let (word, venue) = name.split_once('@').map_or((name, None), |(word, venue)| (word, Some(venue)));
    let mut venues = catalog.venues_of_securities()?;
    venues.retain(|known| venue.is_none_or(|venue| venue.eq_ignore_ascii_case(known)));
    let id = word.parse::<SecurityId>().ok();
    if id.is_none() && word.to_ascii_uppercase().parse::<Currency>().is_err() {
        // A pair or a contract is no share.
        return Ok(None);
    }
    let mut found = Vec::new();
    for venue in venues {
        let others = catalog.securities(&venue)?;
        let meant: Vec<Security> = match &id {
            Some(id) => others.get(id).into_iter().cloned().collect(),
            None => others.called(&word.to_ascii_uppercase()).into_iter().cloned().collect(),
        };
        if !meant.is_empty() {
            found.push((venue, others, meant));
        }
    }
    if found.len() > 1 {
        // A ticker alone goes by the venues that have rows of it, which tell themselves.
        let venues: Vec<String> = found.iter().map(|(venue, ..)| format!("{word}@{venue}")).collect();
        let why = format!("several venues have it: {}; write one of these", venues.join(", "));
        return if id.is_some() { Err(Error::usage(flag, name, why)) } else { Ok(None) };
    }
    // A ticker that other venues have rows of is ambiguous in the first place.
    let rows = if id.is_some() { Vec::new() } else { catalog.find(name, None, None)? };
    if found.first().is_some_and(|(venue, ..)| rows.iter().any(|key| key.venue != *venue)) {
        return Ok(None);
    }
    let Some((venue, others, meant)) = found.pop() else {
        return if id.is_some() { Err(unknown(flag, name)) } else { Ok(None) };
    };
    let (security, why) = match meant.as_slice() {
        [one] => (one.clone(), None),
        _ => chosen(flag, name, &venue, &meant, period)?,
    };
    Ok(Some(Held { venue, security, others, why }))
}

fn unknown(flag: &str, name: &str) -> Error {
    let why = "the catalog knows no security of this id; `qframe data list --securities` lists them";
    Error::Refused(format!("{flag} {name}: {why}").trim_start().to_owned())
}

/// Two securities of one name would be one instrument.
pub(super) fn check_names(sources: &[Source]) -> Result<(), Error> {
    let named = |source: &Source| source.held.as_ref().map(|held| format!("{}@{}", held.security.id(), held.venue));
    for (place, one) in sources.iter().enumerate() {
        let symbol = one.set.instrument().symbol();
        let twin = sources[..place].iter().find(|two| two.set.instrument().symbol() == symbol);
        if let Some((a, b)) = twin.and_then(|twin| named(twin).zip(named(one))).filter(|(a, b)| a != b) {
            let ticker = symbol.as_str().split('@').next().unwrap_or_default();
            let why = format!("{a} and {b} are both called {ticker}; name one anew, such as {ticker}.1={b}");
            return Err(Error::usage("--data", symbol, why));
        }
    }
    Ok(())
}

/// Of several that had a ticker, the one that had it in the period.
fn chosen(
    flag: &str,
    name: &str,
    venue: &str,
    meant: &[Security],
    period: &Range<Time>,
) -> Result<(Security, Option<String>), Error> {
    let ticker = name.split('@').next().unwrap_or_default();
    let had = |security: &&Security| {
        let is_then = |from: Time, until: Time| from < period.end && period.start < until;
        let mut listings = security.listings().iter();
        listings.any(|listing| listing.ticker.eq_ignore_ascii_case(ticker) && is_then(listing.from, listing.until))
    };
    if let [one] = meant.iter().filter(had).collect::<Vec<_>>().as_slice() {
        let others = meant.len() - 1;
        let why = format!("{ticker} is {one} by the period of the run; {others} others were called so at other times");
        return Ok(((*one).clone(), Some(why)));
    }
    let each: Vec<String> = meant.iter().map(|one| format!("{one} ({}@{venue})", one.id())).collect();
    let first = meant.first().map(|one| one.id().to_string()).unwrap_or_default();
    let why = format!(
        "several securities were called {ticker}: {}; write the id of one, such as {first}@{venue}, or a period in which \
         one of them had the ticker",
        each.join("; ")
    );
    Err(Error::usage(if flag.is_empty() { "SYMBOL" } else { flag }, name, why))
}

impl Held {
    /// True where the rows of its ticker are all its own, and all there are: nothing is to be joined.
    pub(crate) fn is_plain(&self) -> bool {
        let tickers = self.security.tickers();
        matches!(tickers.as_slice(), [one] if self.others.called(one).len() == 1)
    }

    /// The name of its sets, where one ticker is all it ever had; with the venue where that was written.
    pub(crate) fn plain_name(&self, written: &str) -> String {
        let ticker = self.security.ticker();
        if written.contains('@') { format!("{ticker}@{}", self.venue) } else { ticker.to_owned() }
    }

    /// The name of the sets that hold the ticks, bids and asks of a period in which its ticker stayed what it was: those are not joined.
    pub(crate) fn name_within(&self, period: &Range<Time>) -> Result<String, Error> {
        let mut listings = self.security.listings().iter();
        let is_whole = |from: Time, until: Time| from <= period.start && (period.end <= until || until == Time::MAX);
        match listings.find(|listing| is_whole(listing.from, listing.until)) {
            Some(listing) => Ok(format!("{}@{}", listing.ticker, self.venue)),
            None if self.is_plain() => Ok(format!("{}@{}", self.security.ticker(), self.venue)),
            None => {
                let why = "bids, asks and ticks are read under one ticker; choose --from and --to within one listing";
                Err(Error::Refused(format!("--data {}: {why}", self.security)))
            }
        }
    }

    /// Its name in a run: what it is called today, or was last.
    pub(crate) fn symbol(&self) -> Result<Symbol, Error> {
        self.security.ticker().parse().map_err(Error::refused)
    }

    /// The sets of its tickers.
    pub(crate) fn keys(&self, catalog: &Catalog, kind: Kind) -> Result<Vec<DataKey>, Error> {
        Ok(catalog.sets_of(&self.security, &self.venue, kind)?)
    }

    /// The length of the bars that are read: what is asked for can be made of it, and the longest of these.
    pub(crate) fn frame(
        &self,
        keys: &[DataKey],
        flag: &str,
        name: &str,
        wanted: Option<TimeFrame>,
    ) -> Result<TimeFrame, Error> {
        let mut frames: Vec<TimeFrame> = keys.iter().filter_map(|key| key.frame).collect();
        frames.sort();
        frames.dedup();
        let divides = |own: &&TimeFrame| wanted.is_some_and(|wanted| wanted.seconds().is_multiple_of(own.seconds()));
        match (frames.iter().rfind(divides), frames.as_slice()) {
            (Some(frame), _) | (None, [frame]) => Ok(*frame),
            (None, []) => Err(Error::Refused(format!("{}: the catalog has no bars of it", self.security))),
            (None, _) => {
                let all = frames.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let flag = if flag.is_empty() { "SYMBOL" } else { flag };
                Err(Error::usage(flag, name, format!("there are bars of {all}; choose with --timeframe")))
            }
        }
    }

    pub(crate) fn bars(
        &self,
        catalog: &Catalog,
        (kind, frame): (Kind, TimeFrame),
        range: &Range<Time>,
    ) -> Result<Joined, Error> {
        Ok(catalog.bars_of((&self.others, &self.security), (&self.venue, kind, frame), range)?)
    }

    /// Its dividends and splits, whatever it was called.
    pub(crate) fn actions(&self, catalog: &Catalog) -> Result<Vec<DatedAction>, Error> {
        Ok(catalog.actions_of((&self.others, &self.security), &self.venue)?)
    }

    /// Another security that is called today, or was last, as this one: what is stored under that name would be mixed.
    pub(crate) fn namesake(&self) -> Option<&Security> {
        let is_other = |other: &&Security| other.id() != self.security.id() && other.ticker() == self.security.ticker();
        self.others.all().find(is_other)
    }

    /// Of what the bars are, a sentence each.
    pub(crate) fn notes(&self, joined: &Joined) -> Vec<String> {
        let mut notes = vec![format!("security {}", self.security)];
        notes.extend(self.why.clone());
        for part in &joined.parts {
            let (first, last) = (part.range.start.max(part.set.first), part.range.end.min(part.set.last));
            notes.push(format!("{} of {} from {first:#} to {last:#}", counted(part.bars, "bar"), part.set.key));
        }
        notes.extend(joined.absent.iter().map(|(ticker, range)| {
            let until = if range.end == Time::MAX { "on".to_owned() } else { format!("to {:#}", range.end) };
            format!(
                "the catalog has no bars of {ticker}@{} from {:#} {until}: those are absent",
                self.venue, range.start
            )
        }));
        notes.extend(joined.passed.iter().map(|(ticker, rows)| {
            format!("{} under {ticker} left out: what it was called then has its own", counted(*rows, "bar"))
        }));
        notes
    }
}
