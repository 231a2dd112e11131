//! Which columns make which rows: one reader for each kind.
use qframe_model::market::{
    Bar, BarFault, BookChange, BookDelta, CorporateAction, DatedAction, Dividend, FundingRate, Level, Quote, Side,
};
use qframe_model::number::{Cash, Price, Rate, Volume};
use qframe_model::time::Time;

use super::cells::{Cells, Fault, Reading};
use crate::bad_row::RowFault;
use crate::csv::number::Nanos;
use crate::rows::Kind;

/// The columns of one kind of rows in a file; it may hold several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Bars(BarColumns),
    Trades(TradeColumns),
    Quotes(QuoteColumns),
    /// The best levels of both sides, all of them in each row.
    Ladder(LadderColumns),
    /// A level in each row.
    Levels(LevelColumns),
    /// A change in each row, as our own exports write it.
    Deltas(DeltaColumns),
    Funding {
        time: usize,
        rate: usize,
        mark: Option<usize>,
    },
    Dividends {
        time: usize,
        amount: usize,
        /// The day of payment.
        paid: Option<usize>,
    },
    Splits {
        time: usize,
        ratio: usize,
    },
    /// Dividends and splits, each with its name, as our own exports write them.
    Actions {
        time: usize,
        action: usize,
        value: usize,
        paid: Option<usize>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BarColumns {
    pub(super) kind: Kind,
    pub(super) time: usize,
    /// Open, high, low and close.
    pub(super) prices: [usize; 4],
    pub(super) volume: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TradeColumns {
    pub(super) time: usize,
    pub(super) received: Option<usize>,
    pub(super) id: Option<usize>,
    pub(super) price: usize,
    pub(super) quantity: usize,
    pub(super) taker: Taker,
}

/// Where it stands who took liquidity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taker {
    /// A word.
    Side(usize),
    /// True where the buyer's order rested.
    BuyerRested(usize),
    /// Nowhere.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QuoteColumns {
    pub(super) time: usize,
    pub(super) received: Option<usize>,
    pub(super) bid: usize,
    pub(super) bid_size: Option<usize>,
    pub(super) ask: usize,
    pub(super) ask_size: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LadderColumns {
    pub(super) time: usize,
    pub(super) received: Option<usize>,
    /// Side, price and amount.
    pub(super) levels: Vec<(Side, usize, usize)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LevelColumns {
    pub(super) time: usize,
    pub(super) received: Option<usize>,
    pub(super) sequence: Option<usize>,
    /// A flag, or the word `snap`.
    pub(super) snapshot: usize,
    pub(super) side: usize,
    pub(super) price: usize,
    pub(super) quantity: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DeltaColumns {
    pub(super) time: usize,
    pub(super) received: usize,
    pub(super) sequence: usize,
    /// `buy`, `sell` or `clear`.
    pub(super) side: usize,
    pub(super) price: usize,
    pub(super) quantity: usize,
    pub(super) last: usize,
}

/// A row, with what only its neighbours can tell left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    Bar(Bar),
    Trade {
        time: Time,
        received: Time,
        id: Option<u64>,
        price: Price,
        quantity: Volume,
        side: Option<Side>,
    },
    Quote(Quote),
    /// A level of a book; `snapshot`: the book is told anew.
    Level {
        time: Time,
        received: Time,
        sequence: Option<u64>,
        snapshot: bool,
        side: Side,
        level: Level,
    },
    /// All levels that were handed out since the last one are one state of the book.
    LadderEnds,
    Delta(BookDelta),
    Funding(FundingRate),
    Action(DatedAction),
}

impl Part {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Bars(columns) => columns.kind,
            Self::Trades(_) => Kind::Trades,
            Self::Quotes(_) => Kind::Quotes,
            Self::Ladder(_) | Self::Levels(_) | Self::Deltas(_) => Kind::Book,
            Self::Funding { .. } => Kind::Funding,
            Self::Dividends { .. } | Self::Splits { .. } | Self::Actions { .. } => Kind::Actions,
        }
    }

    /// The time of a row of bars that is none: it still tells how far rows lie apart.
    pub(super) fn time_of<C: Cells>(&self, row: &mut Reading<'_, C>) -> Option<Time> {
        if let Self::Bars(columns) = self { row.time(columns.time).ok() } else { None }
    }

    /// Reads a row; most give one, some none, a ladder many. `give` gets nothing of a row that is refused.
    pub(super) fn read<C: Cells>(&self, row: &mut Reading<'_, C>, give: &mut impl FnMut(Row)) -> Result<(), Fault> {
        match self {
            Self::Bars(columns) => columns.read(row)?.into_iter().for_each(|bar| give(Row::Bar(bar))),
            Self::Trades(columns) => give(columns.read(row)?),
            Self::Quotes(columns) => give(Row::Quote(columns.read(row)?)),
            Self::Ladder(columns) => columns.read(row, give)?,
            Self::Levels(columns) => give(columns.read(row)?),
            Self::Deltas(columns) => give(Row::Delta(columns.read(row)?)),
            Self::Funding { time, rate, mark } => give(Row::Funding(funding(row, *time, *rate, *mark)?)),
            Self::Dividends { time, amount, paid } => dividend(row, *time, *amount, *paid)?.into_iter().for_each(give),
            Self::Splits { time, ratio } => split(row, *time, *ratio)?.into_iter().for_each(give),
            Self::Actions { time, action, value, paid } => match row.cells.text(*action).as_ref() {
                "dividend" => dividend(row, *time, *value, *paid)?.into_iter().for_each(give),
                "split" => split(row, *time, *value)?.into_iter().for_each(give),
                _ => return Err((*action, RowFault::NotA("action", "dividend or split"))),
            },
        }
        Ok(())
    }
}

impl BarColumns {
    /// `None` where no price stands there at all: nobody quoted this side.
    fn read<C: Cells>(&self, row: &mut Reading<'_, C>) -> Result<Option<Bar>, Fault> {
        if self.prices.iter().all(|at| row.cells.is_empty(*at)) && self.kind != Kind::Bars {
            return Ok(None);
        }
        let time = row.time(self.time)?;
        let [open, high, low, close] = self.prices;
        let bar = Bar {
            time,
            open: row.positive(open, "open")?,
            high: row.positive(high, "high")?,
            low: row.positive(low, "low")?,
            close: row.positive(close, "close")?,
            volume: row.volume_or_zero(self.volume, "volume")?,
        };
        bar.check().map_err(|fault| self.place(fault))?;
        Ok(Some(bar))
    }

    /// The column that a check of the whole bar complains about.
    fn place(&self, fault: BarFault) -> Fault {
        let column = |field: &str| match field {
            "open" => self.prices[0],
            "high" => self.prices[1],
            "low" => self.prices[2],
            _ => self.prices[3],
        };
        match fault {
            BarFault::NotPositive(field, _) => (column(field), RowFault::NotPositive(field)),
            BarFault::HighBelowLow(high, low) => (self.prices[1], RowFault::HighBelowLow(high, low)),
            BarFault::Outside(field, _, low, high) => (column(field), RowFault::Outside(field, low, high)),
        }
    }
}

impl TradeColumns {
    fn read<C: Cells>(&self, row: &mut Reading<'_, C>) -> Result<Row, Fault> {
        let time = row.time(self.time)?;
        let received = self.received.map_or(Ok(time), |at| row.time(at))?;
        let id = self.id.map(|at| row.whole(at, "id")).transpose()?;
        let price = row.positive(self.price, "price")?;
        let quantity = row.volume(self.quantity, "quantity")?;
        if quantity.is_zero() {
            return Err((self.quantity, RowFault::NotA("quantity", "more than zero")));
        }
        let side = match self.taker {
            Taker::Side(at) => Some(row.side(at)?),
            Taker::BuyerRested(at) => Some(if row.is_true(at)? { Side::Sell } else { Side::Buy }),
            Taker::Unknown => None,
        };
        Ok(Row::Trade { time, received, id, price, quantity, side })
    }
}

impl QuoteColumns {
    fn read<C: Cells>(&self, row: &mut Reading<'_, C>) -> Result<Quote, Fault> {
        let time = row.time(self.time)?;
        let received = self.received.map_or(Ok(time), |at| row.time(at))?;
        let bid =
            Level { price: row.positive(self.bid, "bid")?, quantity: row.volume_or_zero(self.bid_size, "bid size")? };
        let ask =
            Level { price: row.positive(self.ask, "ask")?, quantity: row.volume_or_zero(self.ask_size, "ask size")? };
        Ok(Quote { time, received, bid, ask })
    }
}

impl LadderColumns {
    fn read<C: Cells>(&self, row: &mut Reading<'_, C>, give: &mut impl FnMut(Row)) -> Result<(), Fault> {
        let time = row.time(self.time)?;
        let received = self.received.map_or(Ok(time), |at| row.time(at))?;
        let mut levels = Vec::with_capacity(self.levels.len());
        for (side, price, amount) in &self.levels {
            // Thin books have fewer levels than columns.
            if row.cells.is_empty(*price) {
                continue;
            }
            let level = Level { price: row.positive(*price, "price")?, quantity: row.volume(*amount, "amount")? };
            levels.push(Row::Level { time, received, sequence: None, snapshot: true, side: *side, level });
        }
        levels.into_iter().for_each(&mut *give);
        give(Row::LadderEnds);
        Ok(())
    }
}

impl LevelColumns {
    fn read<C: Cells>(&self, row: &mut Reading<'_, C>) -> Result<Row, Fault> {
        let time = row.time(self.time)?;
        let received = self.received.map_or(Ok(time), |at| row.time(at))?;
        let sequence = self.sequence.map(|at| row.whole(at, "sequence")).transpose()?;
        let snapshot = match row.cells.text(self.snapshot).as_ref() {
            "snap" => true,
            "set" => false,
            _ => row.is_true(self.snapshot)?,
        };
        let level =
            Level { price: row.positive(self.price, "price")?, quantity: row.volume(self.quantity, "quantity")? };
        Ok(Row::Level { time, received, sequence, snapshot, side: row.side(self.side)?, level })
    }
}

impl DeltaColumns {
    fn read<C: Cells>(&self, row: &mut Reading<'_, C>) -> Result<BookDelta, Fault> {
        let change = if row.cells.text(self.side) == "clear" {
            BookChange::Clear
        } else {
            let (side, price) = (row.side(self.side)?, row.positive(self.price, "price")?);
            BookChange::Level(side, Level { price, quantity: row.volume(self.quantity, "quantity")? })
        };
        let (time, received) = (row.time(self.time)?, row.time(self.received)?);
        let (sequence, last) = (row.whole(self.sequence, "sequence")?, row.is_true(self.last)?);
        Ok(BookDelta { time, received, sequence, change, last })
    }
}

fn rate(rounded: &mut u64, number: Nanos) -> Option<Rate> {
    *rounded += u64::from(number.rounded);
    i64::try_from(number.value).ok().map(Rate::from_nanos)
}

fn funding<C: Cells>(
    row: &mut Reading<'_, C>,
    time: usize,
    at: usize,
    mark: Option<usize>,
) -> Result<FundingRate, Fault> {
    let (time, number) = (row.time(time)?, row.number(at, "rate")?);
    let rate = rate(row.rounded, number).ok_or((at, RowFault::TooLarge("rate")))?;
    if rate.abs() >= Rate::ONE {
        return Err((at, RowFault::NotA("rate", "a share between -1 and 1, such as 0.0001 for 0.01 %")));
    }
    let mark = mark.filter(|at| !row.cells.is_empty(*at)).map(|at| row.positive(at, "mark price")).transpose()?;
    Ok(FundingRate { time, rate, mark })
}

/// Nothing where the day has none: zero or empty.
fn dividend<C: Cells>(
    row: &mut Reading<'_, C>,
    time: usize,
    at: usize,
    paid: Option<usize>,
) -> Result<Option<Row>, Fault> {
    if row.cells.is_empty(at) {
        return Ok(None);
    }
    let number = row.number(at, "dividend")?;
    match number.value {
        0 => Ok(None),
        ..0 => Err((at, RowFault::NotPositive("dividend"))),
        value => {
            // Money is finer than prices: our own exports have its eighteen places.
            let exact = number.rounded.then(|| row.cells.text(at).parse::<Cash>().ok()).flatten();
            *row.rounded += u64::from(number.rounded && exact.is_none());
            let amount = exact.or_else(|| value.checked_mul(1_000_000_000).map(Cash::from_attos));
            let amount = amount.ok_or((at, RowFault::TooLarge("dividend")))?;
            let time = row.time(time)?;
            let paid = paid.filter(|at| !row.cells.is_empty(*at)).map(|at| paid_on(row, at, time)).transpose()?;
            let action = CorporateAction::Dividend(Dividend { each: amount, paid });
            Ok(Some(Row::Action(DatedAction { time, action })))
        }
    }
}

fn paid_on<C: Cells>(row: &mut Reading<'_, C>, at: usize, due: Time) -> Result<Time, Fault> {
    let paid = row.time(at)?;
    if paid < due { Err((at, RowFault::NotA("day of payment", "the ex-date or a later day"))) } else { Ok(paid) }
}

/// Nothing where the day has none: zero, one or empty.
fn split<C: Cells>(row: &mut Reading<'_, C>, time: usize, at: usize) -> Result<Option<Row>, Fault> {
    if row.cells.is_empty(at) {
        return Ok(None);
    }
    let number = Nanos::of_ratio(&row.cells.text(at)).map_or_else(|| row.number(at, "split"), Ok)?;
    let ratio = rate(row.rounded, number).ok_or((at, RowFault::TooLarge("split")))?;
    if ratio.is_zero() || ratio == Rate::ONE {
        return Ok(None);
    }
    if ratio.is_negative() {
        return Err((at, RowFault::NotPositive("split")));
    }
    Ok(Some(Row::Action(DatedAction { time: row.time(time)?, action: CorporateAction::Split(ratio) })))
}
