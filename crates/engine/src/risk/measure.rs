//! What circuit breakers read: of the account, of each symbol's rows, of executions.
use qframe_model::account::Account;
use qframe_model::event::Report;
use qframe_model::fill::Liquidity;
use qframe_model::ids::InstrumentId;
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Price, Rate};
use qframe_model::order::Order;
use qframe_model::refusal::Refusal;
use qframe_model::time::{Time, TimeFrame};

use super::breaker::{Trigger, Usually};
use super::losses::{Highs, loss_share};
use super::reach::Named;
use super::window::{Mean, Usual};
use super::{Row, Sight};
use crate::tape::Tape;

/// A reading in the unit of its cause, and the symbol that it is of.
pub(super) type Reading = (Rate, Option<InstrumentId>);

/// What a trigger is measured with. A symbol's part is made with its first row.
#[derive(Debug, Clone)]
pub(super) enum Measure {
    Peak(Option<Cash>),
    Highs(Box<Highs>),
    Usual(Usually, Stat, Vec<SymbolRows>),
    /// Over so many bars; the last is what was read when all bars of an instant were in.
    Together(u32, Vec<SymbolRows>, Option<f64>),
    Slippage(Mean),
    Rejects(Mean),
    Silence(Vec<Option<Time>>),
    Gap(Vec<Option<Time>>),
    Jump(Vec<Option<Price>>),
    At(Time, bool),
}

/// What is compared with what is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stat {
    /// Squared returns: the ratio of volatilities is the root of theirs.
    Volatility,
    Volume,
    Spread,
}

/// The rows of one symbol.
#[derive(Debug, Clone)]
pub(super) struct SymbolRows {
    usual: Option<Usual>,
    returns: Option<Mean>,
    last: Option<(Time, f64)>,
}

impl Measure {
    pub(super) fn of(trigger: Trigger) -> Self {
        match trigger {
            Trigger::Drawdown(_) => Self::Peak(None),
            Trigger::Loss { within, .. } => Self::Highs(Box::new(Highs::new(within))),
            Trigger::Volatility(usually) => Self::Usual(usually, Stat::Volatility, Vec::new()),
            Trigger::Volume(usually) => Self::Usual(usually, Stat::Volume, Vec::new()),
            Trigger::Spread(usually) => Self::Usual(usually, Stat::Spread, Vec::new()),
            Trigger::Correlation { bars, .. } => Self::Together(bars, Vec::new(), None),
            Trigger::Slippage { fills, .. } => Self::Slippage(Mean::new(fills)),
            Trigger::Rejects { orders, .. } => Self::Rejects(Mean::new(orders)),
            Trigger::Stale(_) => Self::Silence(Vec::new()),
            Trigger::Gap(_) => Self::Gap(Vec::new()),
            Trigger::Jump(_) => Self::Jump(Vec::new()),
            Trigger::At(time) => Self::At(time, false),
        }
    }

    /// Takes a row in; the worst reading there is now, `None` where there is none.
    pub(super) fn see(&mut self, sight: &Sight<'_>) -> Option<Reading> {
        let equity = sight.account.equity();
        match (self, sight.row) {
            (Self::Peak(peak), _) => {
                let high = peak.map_or(equity, |peak| peak.max(equity));
                *peak = Some(high);
                Some((loss_share(high, equity), None))
            }
            (Self::Highs(highs), _) => {
                highs.see(sight.now, equity);
                Some((highs.loss(sight.now), None))
            }
            (Self::Usual(usually, quantity, symbols), row) => {
                see_usual((*usually, *quantity), symbols, row);
                let ratios = symbols.iter().map(|symbol| symbol.usual.as_ref().and_then(Usual::ratio));
                let root = |ratio: f64| if *quantity == Stat::Volatility { ratio.sqrt() } else { ratio };
                let low = *quantity == Stat::Volume;
                worst(ratios.map(|ratio| ratio.map(|ratio| rate(root(ratio)))), low)
            }
            (Self::Together(bars, symbols, last), row) => {
                if let Row::Bar(id, _, bar) = row {
                    let symbol =
                        at(symbols, id, || SymbolRows { usual: None, returns: Some(Mean::new(*bars)), last: None });
                    symbol.take_return(bar);
                }
                *last = together(symbols, sight.account).unwrap_or(*last);
                last.map(|mean| (rate(mean), None))
            }
            (Self::Slippage(mean) | Self::Rejects(mean), _) => mean.get().map(|mean| (rate(mean), None)),
            (Self::Silence(last), row) => {
                let silent = last.iter().map(|last| Some(Rate::from_nanos(sight.now.since((*last)?).nanos())));
                let reading = worst(silent, false);
                if let Row::Bar(id, ..) | Row::Tick(id, _) = row {
                    *at(last, id, || None) = Some(sight.now);
                }
                reading
            }
            (Self::Gap(last), Row::Bar(id, frame, bar)) => {
                let before = at(last, id, || None).replace(bar.time)?;
                let missing = bar.time.since(before).nanos() / frame.span().nanos() - 1;
                Some((Rate::from_nanos(missing.max(0).saturating_mul(Rate::ONE.nanos())), Some(id)))
            }
            (Self::Jump(last), Row::Bar(id, _, Bar { close, .. })) => jump(last, id, *close),
            (Self::Jump(last), Row::Tick(id, tape)) => jump(last, id, price_of(tape)?),
            (Self::At(time, done), _) => (sight.now >= *time && !*done).then_some((Rate::ZERO, None)),
            (Self::Gap(_) | Self::Jump(_), _) => None,
        }
    }

    /// Hears what a venue says, at the marks of before.
    pub(super) fn hear(&mut self, report: &Report, asked: Option<&Order>, account: &Account) {
        match (self, report) {
            (Self::Slippage(mean), Report::Filled { fill, .. }) if fill.liquidity == Liquidity::Taker => {
                // Of an order that names its price, that is what it wanted; of another, the market.
                let wanted = asked.and_then(|order| Named::of(order).wanted()).or(account.mark_of(fill.instrument));
                if let Some(wanted) = wanted.filter(|wanted| wanted.is_positive()) {
                    let worse = fill.price.to_f64() / wanted.to_f64() - 1.0;
                    mean.push(if fill.side == Side::Buy { worse } else { -worse });
                }
            }
            // What is already there is no failure.
            (Self::Rejects(_), Report::Rejected { refusal: Refusal::AlreadyThere, .. }) => {}
            (Self::Rejects(mean), Report::Rejected { .. }) => mean.push(1.0),
            (
                Self::Rejects(mean),
                Report::Filled { done: true, .. } | Report::Cancelled { .. } | Report::Expired { .. },
            ) => {
                mean.push(0.0);
            }
            _ => {}
        }
    }

    /// Money that the owner pays in is no gain; with the first of it measuring begins.
    pub(super) fn pay(&mut self, now: Time, amount: Cash) {
        match self {
            Self::Peak(peak) => *peak = Some(peak.map_or(amount, |peak| peak.plus(amount).unwrap_or(peak))),
            Self::Highs(highs) => highs.pay(now, amount),
            _ => {}
        }
    }

    /// True where what was read before would be read for ever: losses do not go away by waiting, nor do executions get
    /// better where there are none.
    pub(super) const fn begins_anew(&self) -> bool {
        matches!(self, Self::Peak(_) | Self::Highs(_) | Self::Slippage(_) | Self::Rejects(_) | Self::At(..))
    }

    /// Begins anew where it does so.
    pub(super) fn restart(&mut self) {
        match self {
            Self::Peak(peak) => *peak = None,
            Self::Highs(highs) => highs.restart(),
            Self::Slippage(mean) | Self::Rejects(mean) => mean.restart(),
            Self::At(_, done) => *done = true,
            _ => {}
        }
    }
}

impl SymbolRows {
    /// The return of a bar; nothing of the first.
    fn take_return(&mut self, bar: &Bar) {
        let close = bar.close.to_f64();
        if let (Some((_, last)), Some(returns)) = (self.last.replace((bar.time, close)), &mut self.returns) {
            returns.push((close / last).ln());
        }
    }
}

fn see_usual((usually, quantity): (Usually, Stat), symbols: &mut Vec<SymbolRows>, row: Row<'_>) {
    let new = || SymbolRows { usual: Some(Usual::new(usually.last, usually.before)), returns: None, last: None };
    let (id, value) = match (quantity, row) {
        (Stat::Volume, Row::Bar(id, _, bar)) => (id, Some(bar.volume.to_f64())),
        (Stat::Volatility, Row::Bar(id, _, bar)) => {
            let close = bar.close.to_f64();
            let last = at(symbols, id, new).last.replace((bar.time, close));
            (id, last.map(|(_, last)| (close / last).ln().powi(2)))
        }
        (Stat::Spread, Row::Tick(id, tape)) => (id, spread_of(tape)),
        _ => return,
    };
    if let (Some(value), Some(usual)) = (value.filter(|value| value.is_finite()), &mut at(symbols, id, new).usual) {
        usual.push(value);
    }
}

/// The mean of the correlations of all pairs that are held; no mean without a pair, and nothing at all until their last bars
/// are of one instant.
fn together(symbols: &[SymbolRows], account: &Account) -> Option<Option<f64>> {
    let held = |place: usize| !account.position(InstrumentId(place as u16)).is_flat();
    let (mut sum, mut pairs) = (0.0, 0);
    for (place, one) in symbols.iter().enumerate().filter(|(place, _)| held(*place)) {
        for (_, other) in symbols.iter().enumerate().skip(place + 1).filter(|(place, _)| held(*place)) {
            let time = |symbol: &SymbolRows| symbol.last.map(|(time, _)| time);
            if time(one) != time(other) {
                return None;
            }
            if let (Some(mine), Some(its)) = (&one.returns, &other.returns)
                && let Some(correlation) = mine.correlation(its)
            {
                (sum, pairs) = (sum + correlation, pairs + 1);
            }
        }
    }
    Some((pairs > 0).then(|| sum / f64::from(pairs)))
}

fn jump(last: &mut Vec<Option<Price>>, id: InstrumentId, price: Price) -> Option<Reading> {
    let before = at(last, id, || None).replace(price)?;
    Some((rate((price.to_f64() / before.to_f64() - 1.0).abs()), Some(id)))
}

fn price_of(tape: &Tape) -> Option<Price> {
    tape.book().middle().or(tape.trade().map(|trade| trade.price))
}

/// Bid to ask as a share of the middle.
fn spread_of(tape: &Tape) -> Option<f64> {
    let (bid, ask) = (tape.book().bid()?, tape.book().ask()?);
    let (bid, ask) = (bid.price.to_f64(), ask.price.to_f64());
    Some((ask - bid).max(0.0) * 2.0 / (ask + bid))
}

/// The largest reading, or the least; of equal ones the first.
fn worst(readings: impl Iterator<Item = Option<Rate>>, low: bool) -> Option<Reading> {
    let all = readings.enumerate().filter_map(|(place, reading)| Some((reading?, Some(InstrumentId(place as u16)))));
    all.reduce(|worst, next| if (next.0 < worst.0) == low && next.0 != worst.0 { next } else { worst })
}

/// The part of a symbol, made with its first row.
fn at<T>(parts: &mut Vec<T>, id: InstrumentId, new: impl Fn() -> T) -> &mut T {
    while parts.len() <= id.index() {
        parts.push(new());
    }
    &mut parts[id.index()]
}

fn rate(value: f64) -> Rate {
    Rate::from_f64(value).unwrap_or(if value.is_nan() { Rate::ZERO } else { Rate::MAX })
}

/// The shortest time frame of each symbol: the bars that breakers read. Longer ones only inform.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames(Vec<Option<TimeFrame>>);

impl Frames {
    /// The row, or none where it is a longer bar.
    pub(super) fn pick<'a>(&mut self, row: Row<'a>) -> Row<'a> {
        let Row::Bar(id, frame, _) = row else { return row };
        let shortest = at(&mut self.0, id, || None);
        *shortest = Some(shortest.map_or(frame, |shortest| shortest.min(frame)));
        if *shortest == Some(frame) { row } else { Row::None }
    }
}
