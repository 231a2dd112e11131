//! Which rows of a live stream go on: the rules of `qframe data check` that one row and those before it can tell.
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use qframe_data::{DataKey, Defect};
use qframe_model::market::{Bar, BookChange, BookDelta, Quote, Trade};
use qframe_model::number::Price;
use qframe_model::time::{Span, Time};

use crate::{Arrival, Row};

/// A trade is held against so many numbers of its set before it.
const REMEMBERED: usize = 1 << 13;
/// So many holes in the numbers of a tape are remembered, the latest.
const HOLES: usize = 256;

/// What a stream is held to.
#[derive(Debug, Clone)]
pub struct Rules {
    /// So far may a venue's clock be ahead of ours.
    pub ahead_max: Span,
    /// The ticks that are known; prices of other sets are not held to a grid.
    pub ticks: HashMap<Arc<DataKey>, Price>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { ahead_max: Span::from_seconds(5), ticks: HashMap::new() }
    }
}

/// Why a row is not passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// What is wrong.
    pub defect: Defect,
    /// What stands there, and what was expected.
    pub text: String,
}

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Pass,
    /// A trade that was missed, by its number, and was asked for again: it goes on to stores. Who lives by the order of
    /// things does not hear of it.
    PassLate,
    /// It does not.
    Hold(Objection),
    /// It does not, and the book that it was to change is not known from here on: this row says so to those behind.
    Lose(Objection, Arrival),
}

/// Looks at rows as they come. It remembers a bounded piece of each data set.
///
/// A row that was held leaves no trace: the next one is held against the last that passed. A book of which a change
/// was held is not whole any more, so what follows is held until its next snapshot, and the grid is not asked of it.
#[derive(Debug, Default)]
pub struct Gate {
    rules: Rules,
    sets: HashMap<Arc<DataKey>, Memory>,
}

/// What is remembered of one data set.
#[derive(Debug, Default)]
struct Memory {
    last: Option<Row>,
    numbers: HashSet<u64>,
    order: VecDeque<u64>,
    /// Numbers that were passed over: from, and before.
    holes: VecDeque<(u64, u64)>,
    highest: u64,
    /// False until a snapshot begins, and after a change was held.
    has_book: bool,
}

impl Gate {
    /// A gate of these rules.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { rules, sets: HashMap::new() }
    }

    /// Judges the next row.
    pub fn judge(&mut self, arrival: &Arrival) -> Verdict {
        if !self.sets.contains_key(&arrival.key) {
            self.sets.insert(Arc::clone(&arrival.key), Memory::default());
        }
        let Some(memory) = self.sets.get_mut(&arrival.key) else { return Verdict::Pass };
        let tick = self.rules.ticks.get(&arrival.key).copied();
        let objection = alone(arrival, tick, self.rules.ahead_max).or_else(|| memory.beside(&arrival.row));
        match (objection, &arrival.row) {
            (None | Some(Objection { defect: Defect::OutOfOrder, .. }), Row::Trade(trade))
                if memory.is_missed(trade) =>
            {
                memory.number(trade.id);
                Verdict::PassLate
            }
            (None, row) => {
                memory.keep(row);
                Verdict::Pass
            }
            (Some(objection), Row::Book(delta)) if memory.has_book => {
                memory.has_book = false;
                let lost = BookDelta { change: BookChange::Clear, last: true, ..*delta };
                Verdict::Lose(objection, Arrival { row: Row::Book(lost), ..arrival.clone() })
            }
            (Some(objection), _) => Verdict::Hold(objection),
        }
    }
}

impl Memory {
    /// What those before it tell of a row.
    fn beside(&self, row: &Row) -> Option<Objection> {
        let last = self.last.as_ref();
        match (row, last) {
            (Row::Trade(trade), _) if trade.id > 0 && self.numbers.contains(&trade.id) => {
                let text = format!("the number {} came before", trade.id);
                Some(Objection { defect: Defect::DuplicateSame, text })
            }
            (Row::Book(delta), _) => self.beside_book(delta),
            (_, Some(last)) if row.time() < last.time() => Some(follows(row.time(), last.time())),
            (Row::Bar(_) | Row::Funding(_), Some(last)) if row.time() == last.time() => {
                let same = row == last;
                let defect = if same { Defect::DuplicateSame } else { Defect::DuplicateDifferent };
                let text =
                    format!("{} came before, with {} values", row.time(), if same { "the same" } else { "other" });
                Some(Objection { defect, text })
            }
            (Row::Quote(quote), Some(Row::Quote(last))) if *quote == (Quote { received: quote.received, ..*last }) => {
                Some(Objection { defect: Defect::DuplicateSame, text: "the quote before it is the same".to_owned() })
            }
            _ => None,
        }
    }

    fn beside_book(&self, delta: &BookDelta) -> Option<Objection> {
        if delta.change == BookChange::Clear {
            return None;
        }
        if !self.has_book {
            let text = "a change of a book that is not known; expected a snapshot first".to_owned();
            return Some(Objection { defect: Defect::NoSnapshot, text });
        }
        let Some(Row::Book(last)) = &self.last else { return None };
        let back = delta.sequence > 0 && delta.sequence < last.sequence;
        let text = || format!("the number {} is below {} before it", delta.sequence, last.sequence);
        back.then(|| Objection { defect: Defect::OutOfOrder, text: text() })
    }

    fn keep(&mut self, row: &Row) {
        match row {
            Row::Trade(trade) if trade.id > 0 => self.number(trade.id),
            // A row that clears with nothing behind it says that the book is not known.
            Row::Book(BookDelta { change: BookChange::Clear, last, .. }) => self.has_book = !last,
            _ => {}
        }
        self.last = Some(*row);
    }

    /// True for a number that was passed over, and came not yet.
    fn is_missed(&self, trade: &Trade) -> bool {
        let id = trade.id;
        id > 0 && id < self.highest && self.holes.iter().any(|(from, to)| (*from..*to).contains(&id))
    }

    fn number(&mut self, id: u64) {
        if self.highest > 0 && id > self.highest + 1 {
            self.holes.push_back((self.highest + 1, id));
            if self.holes.len() > HOLES {
                self.holes.pop_front();
            }
        }
        self.highest = self.highest.max(id);
        self.numbers.insert(id);
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.numbers.remove(&oldest);
        }
    }
}

/// What a row tells by itself.
fn alone(arrival: &Arrival, tick: Option<Price>, ahead_max: Span) -> Option<Objection> {
    let Arrival { key, row, received } = arrival;
    let latest = *received + ahead_max;
    let early = |time: Time| time > latest;
    let objection = |defect, text| Some(Objection { defect, text });
    if row.kind() != key.kind && !(matches!(row, Row::Bar(_)) && key.kind.is_bars()) {
        return objection(Defect::Unreadable, format!("a row of {}; expected {}", row.kind(), key.kind));
    }
    let fault = match row {
        Row::Bar(bar) => of_bar(bar, tick),
        Row::Trade(trade) => of_trade(trade, tick),
        Row::Quote(quote) => of_quote(quote, tick),
        Row::Book(BookDelta { change: BookChange::Level(_, level), .. }) => of_price("level", level.price, None),
        Row::Book(_) | Row::Funding(_) => None,
    };
    if fault.is_some() {
        return fault;
    }
    let end = match (row, key.frame) {
        (Row::Bar(bar), Some(frame)) => bar.time + frame.span(),
        _ => row.time(),
    };
    match row {
        _ if !early(end) => None,
        Row::Bar(_) => objection(Defect::UnfinishedBar, format!("ends at {end} and was received at {received}")),
        _ => objection(Defect::ReceivedEarly, format!("is of {end} and was received at {received}; set the clock")),
    }
}

fn of_bar(bar: &Bar, tick: Option<Price>) -> Option<Objection> {
    if let Err(fault) = bar.check() {
        return Some(Objection { defect: Defect::of_bar(&fault), text: fault.to_string() });
    }
    let prices = [("open", bar.open), ("high", bar.high), ("low", bar.low), ("close", bar.close)];
    prices.into_iter().find_map(|(name, price)| of_price(name, price, tick))
}

fn of_trade(trade: &Trade, tick: Option<Price>) -> Option<Objection> {
    let no_units = || Objection { defect: Defect::ZeroVolume, text: "no units; expected more than none".to_owned() };
    of_price("price", trade.price, tick).or_else(|| trade.quantity.is_zero().then(no_units))
}

fn of_quote(quote: &Quote, tick: Option<Price>) -> Option<Objection> {
    let (bid, ask) = (quote.bid.price, quote.ask.price);
    let crossed = || Objection { defect: Defect::Crossed, text: format!("bid {bid}, ask {ask}; expected it below") };
    let prices = of_price("bid", bid, tick).or_else(|| of_price("ask", ask, tick));
    prices.or_else(|| (bid >= ask).then(crossed))
}

fn of_price(name: &str, price: Price, tick: Option<Price>) -> Option<Objection> {
    if !price.is_positive() {
        let text = format!("the {name} {price}; expected above zero");
        return Some(Objection { defect: Defect::NotPositive, text });
    }
    let tick = tick.filter(|tick| tick.nanos() > 1 && price.nanos() % tick.nanos() != 0)?;
    let text = format!("the {name} {price} is no multiple of {tick}");
    Some(Objection { defect: Defect::OffGrid, text })
}

fn follows(time: Time, last: Time) -> Objection {
    Objection { defect: Defect::OutOfOrder, text: format!("{time} follows {last}; expected oldest first") }
}
