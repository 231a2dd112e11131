//! From a size to units, at the price of the fill and with the money that is there.
use qframe_model::account::{Account, MarginKind};
use qframe_model::event::{CancelReason, Report};
use qframe_model::fill::{Fill, Liquidity};
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::Instrument;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Overflow, Price, Quantity, Rate, Rounding};
use qframe_model::order::{OrderKind, Size};
use qframe_model::refusal::Refusal;
use qframe_model::time::Time;

use super::children::Opened;
use super::convert::{convertible, spare};
use super::fees::{FeeBasis, Fees};
use super::working::Working;
use crate::risk::UnitLimits;

/// What is to be done with an order that the market touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sized {
    /// Fill this much.
    Fill {
        side: Side,
        deal: Deal,
        /// What is left for later: nothing, a second part, or a rest that cannot be paid for.
        rest: Rest,
    },
    /// Withdraw it.
    Drop(CancelReason),
    /// Refuse it.
    Refuse(Refusal),
}

/// So many units at a price, what they are worth in the quote currency, and the fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Deal {
    pub quantity: Quantity,
    pub value: Cash,
    pub fee: Cash,
}

/// What remains of an order after a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    Nothing,
    /// The position was closed; the other direction is sized anew.
    Reversal,
    /// More than the account can pay for.
    Unpaid,
    /// More units than a limit allows.
    Beyond,
    /// More than the market offered.
    Later,
}

/// Everything that sizing looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizer<'a> {
    pub account: &'a Account,
    pub fees: &'a Fees,
    pub volume_30d: Cash,
    pub allow_short: bool,
    pub clip: bool,
    pub convert: bool,
    pub most: Option<&'a UnitLimits>,
    pub opened: &'a [Opened],
    pub id: InstrumentId,
    pub price: Price,
    pub liquidity: Liquidity,
}

impl Sizer<'_> {
    fn instrument(&self) -> &Instrument {
        self.account.instrument(self.id)
    }

    /// An order that turns a position, and the account, when it has closed what there was: with these it opens.
    #[cold]
    pub(super) fn half_turned(
        &self,
        working: &Working,
        (side, closes): (Side, Deal),
        time: Time,
    ) -> Result<(Working, Account), Overflow> {
        let (order, instrument, purpose) = (working.id(), working.order.instrument, working.purpose());
        let Deal { quantity, fee, .. } = closes;
        let (price, liquidity, fee_in) = (self.price, self.liquidity, self.account.quote_of(instrument));
        let fill = Fill { order, instrument, time, side, price, quantity, fee, fee_in, liquidity, purpose };
        let mut after = self.account.clone();
        after.apply(&Report::Filled { fill, done: false })?;
        Ok((Working { filled: working.filled.plus(quantity)?, ..*working }, after))
    }

    /// The step for `working` at this price. An order trades on its own side only: a price that was set for buying says
    /// nothing about selling. Targets at the market go either way.
    pub(super) fn size(&self, working: &Working) -> Result<Sized, Overflow> {
        let order = &working.order;
        let at_market = matches!(order.kind, OrderKind::Market | OrderKind::MarketOnOpen | OrderKind::MarketOnClose);
        let either_way = at_market && matches!(order.size, Size::TargetWeight(_) | Size::TargetUnits(_));
        let sized = self.units(working);
        match sized {
            Ok(Sized::Fill { side, .. }) if side != order.side && !either_way => Ok(match order.size {
                Size::Close => Sized::Drop(CancelReason::NothingToClose),
                _ => Sized::Refuse(Refusal::AlreadyThere),
            }),
            _ => sized,
        }
    }

    #[inline(always)]
    fn units(&self, working: &Working) -> Result<Sized, Overflow> {
        let held = self.account.position(self.id).quantity;
        let side = working.order.side;
        match working.order.size {
            Size::Units(units) => self.step(working, side, units.minus(working.filled)?, self.clip),
            Size::Close => match self.left_to_close(working, held.abs()) {
                Quantity::ZERO => Ok(Sized::Drop(CancelReason::NothingToClose)),
                units => self.step(working, Side::of(held).opposite(), units, true),
            },
            Size::Budget(budget) => self.spend(working, side, budget.minus(working.spent)?, self.clip),
            Size::Equity(share) => {
                let budget = self.equity_in_quote()?.at_rate(share)?.minus(working.spent)?;
                self.spend(working, side, budget, self.clips(share))
            }
            Size::TargetUnits(units) => self.target(working, units.minus(held)?),
            Size::TargetWeight(weight) => self.target_weight(working, held, weight),
        }
    }

    /// All that is held; of an exit that waited for its entry, what that has opened.
    fn left_to_close(&self, working: &Working, held: Quantity) -> Quantity {
        let own = |opened: &&Opened| Some(opened.entry) == working.order.parent && opened.instrument == self.id;
        self.opened.iter().find(own).map_or(held, |opened| opened.quantity.min(held))
    }

    fn target(&self, working: &Working, step: Quantity) -> Result<Sized, Overflow> {
        if step.abs() < self.instrument().rules().lot {
            return Ok(Sized::Refuse(Refusal::AlreadyThere));
        }
        self.step(working, Side::of(step), step.abs(), self.clip)
    }

    /// A weight of the other direction closes first; what opens is sized with the equity after that.
    #[inline(always)]
    fn target_weight(&self, working: &Working, held: Quantity, weight: Rate) -> Result<Sized, Overflow> {
        if weight.is_zero() && held.is_zero() {
            return Ok(Sized::Refuse(Refusal::AlreadyThere));
        }
        let side = if weight.is_negative() { Side::Sell } else { Side::Buy };
        if !held.is_zero() && (weight.is_zero() || held.is_negative() != weight.is_negative()) {
            let rest = if weight.is_zero() { Rest::Nothing } else { Rest::Reversal };
            return Ok(Sized::Fill { side: Side::of(held).opposite(), deal: self.deal(held.abs())?, rest });
        }
        let budget = self.equity_in_quote()?.at_rate(weight.abs())?;
        if held.is_zero() {
            return self.spend(working, side, budget, self.clips(weight));
        }
        let wanted = self.instrument().affordable(budget.max(Cash::ZERO), self.price).ok_or(Overflow("a target"))?;
        match wanted.minus(held.abs())? {
            more if more.is_positive() => self.step(working, side, more, self.clips(weight)),
            less if less.is_negative() => self.step(working, side.opposite(), less.abs(), true),
            _ => Ok(Sized::Refuse(Refusal::AlreadyThere)),
        }
    }

    /// A share of the equity that the margin carries means as much of it as there is, since fees and other positions take
    /// theirs; more than that is asked for as an amount is, and refused unless clipping is on.
    fn clips(&self, share: Rate) -> bool {
        let (share, initial) = (share.abs().nanos(), self.instrument().rules().margin.initial.nanos());
        let one = i128::from(Rate::ONE.nanos());
        self.clip || i128::from(share) * i128::from(initial) <= one * one
    }

    /// As many units as `budget` pays for, fee included.
    #[inline(always)]
    fn spend(&self, working: &Working, side: Side, budget: Cash, clip: bool) -> Result<Sized, Overflow> {
        let deal = self.afford(budget.max(Cash::ZERO), Rate::ONE)?;
        if deal.quantity.is_zero() {
            let needed = self.cost(self.instrument().rules().lot)?;
            return Ok(Sized::Refuse(Refusal::NotEnough { needed, free: budget }));
        }
        self.deal_for(working, side, deal, clip)
    }

    #[inline(always)]
    fn step(&self, working: &Working, side: Side, quantity: Quantity, clip: bool) -> Result<Sized, Overflow> {
        self.deal_for(working, side, self.deal(quantity)?, clip)
    }

    /// Splits into what reduces the position, which is always possible, and what opens, which must be allowed and paid.
    #[inline(always)]
    fn deal_for(&self, working: &Working, side: Side, whole: Deal, clip: bool) -> Result<Sized, Overflow> {
        let held = self.account.position(self.id).quantity;
        let turns = !held.is_zero() && Side::of(held) != side;
        let reduces = if turns { whole.quantity.min(held.abs()) } else { Quantity::ZERO };
        if working.order.reduce_only || reduces == whole.quantity {
            return Ok(match reduces {
                Quantity::ZERO => Sized::Refuse(Refusal::NothingToReduce),
                _ => Sized::Fill { side, deal: self.part(&whole, reduces)?, rest: Rest::Nothing },
            });
        }
        if side == Side::Sell && !self.allow_short && !self.instrument().kind().is_derivative() {
            return Ok(Sized::Refuse(Refusal::ShortNotAllowed { held, asked: whole.quantity }));
        }
        let opens = self.part(&whole, whole.quantity.minus(reduces)?)?;
        if let Some(most) = self.most
            && let Some(cut) = self.cut(working, (side, clip), (reduces, opens.quantity), *most)?
        {
            return Ok(cut);
        }
        let free = self.free_for(side, held, reduces)?;
        let needed = opens.value.at_rate(self.instrument().rules().margin.initial)?.plus(opens.fee)?;
        if needed <= free {
            return Ok(self.opening(working, side, whole, opens.value, Rest::Nothing));
        }
        if !clip {
            return Ok(Sized::Refuse(Refusal::NotEnough { needed, free }));
        }
        let payable = self.part(&opens, opens.quantity.min(self.afford_with(free)?))?;
        let fits = self.part(&whole, reduces.plus(payable.quantity)?)?;
        if fits.quantity.is_zero() {
            return Ok(Sized::Refuse(Refusal::NotEnough { needed, free }));
        }
        Ok(self.opening(working, side, fits, payable.value, Rest::Unpaid))
    }

    /// Where the price makes more units of an order than a limit allows: it fills up to that.
    #[cold]
    fn cut(
        &self,
        working: &Working,
        (side, clip): (Side, bool),
        (reduces, opens): (Quantity, Quantity),
        UnitLimits { order, position }: UnitLimits,
    ) -> Result<Option<Sized>, Overflow> {
        let kept = self.account.position(self.id).quantity.abs().minus(reduces)?;
        let (by_order, by_position) = (order.minus(working.filled)?.minus(reduces)?, position.minus(kept)?);
        if opens <= by_order.min(by_position) {
            return Ok(None);
        }
        let room = by_order.min(by_position).max(Quantity::ZERO).floor_to(self.instrument().rules().lot);
        let fits = reduces.plus(room)?;
        if fits.is_zero() {
            return Ok(Some(Sized::Refuse(if by_position < opens {
                Refusal::PositionQuantity { quantity: kept.plus(opens)?, limit: position }
            } else {
                Refusal::OrderQuantity { quantity: working.filled.plus(opens)?, limit: order }
            })));
        }
        Ok(Some(match self.deal_for(working, side, self.deal(fits)?, clip)? {
            Sized::Fill { side, deal, rest: Rest::Nothing } => Sized::Fill { side, deal, rest: Rest::Beyond },
            sized => sized,
        }))
    }

    /// A fill whose part that opens is worth `value`.
    #[inline(always)]
    fn opening(&self, working: &Working, side: Side, deal: Deal, value: Cash, rest: Rest) -> Sized {
        let minimum = self.instrument().rules().min_notional;
        if value < minimum {
            return Sized::Refuse(Refusal::BelowMinNotional { value, minimum });
        }
        // What is left of an order may be less than an order may be.
        let bounds = self.instrument().rules().bounds;
        match bounds.check_quantity(deal.quantity) {
            Err(refusal) if working.filled.is_zero() => Sized::Refuse(refusal),
            _ => Sized::Fill { side, deal, rest },
        }
    }

    /// So many units at this price.
    #[inline(always)]
    pub(super) fn deal(&self, quantity: Quantity) -> Result<Deal, Overflow> {
        let value = self.instrument().value(self.price, quantity)?;
        Ok(Deal { quantity, value, fee: self.fee_on(value, quantity)? })
    }

    /// So many units of a deal; the usual part is the whole.
    #[inline]
    fn part(&self, whole: &Deal, quantity: Quantity) -> Result<Deal, Overflow> {
        if quantity == whole.quantity { Ok(*whole) } else { self.deal(quantity) }
    }

    /// The money that may open a position on `side`, in the quote currency.
    fn free_for(&self, side: Side, held: Quantity, reduces: Quantity) -> Result<Cash, Overflow> {
        let free = self.free(held, reduces)?;
        let pays_in_full = !self.allow_short && !self.instrument().kind().is_derivative() && side == Side::Buy;
        if !pays_in_full {
            return Ok(free);
        }
        // A cash account cannot owe a currency, whatever the rest of it is worth; and units that a position is made of are
        // not money: paying with them would sell it without a word.
        let quote = self.account.quote_of(self.id);
        let there = if quote == self.account.reporting() {
            self.account.ledger().assets(quote)
        } else {
            spare(self.account, quote)?
        };
        let others = if self.convert { convertible(self.account, quote)? } else { Cash::ZERO };
        Ok(free.min(there.plus(others)?))
    }

    /// The most units that the free money opens.
    fn afford_with(&self, free: Cash) -> Result<Quantity, Overflow> {
        if free.is_positive() {
            self.afford(free, self.instrument().rules().margin.initial).map(|deal| deal.quantity)
        } else {
            Ok(Quantity::ZERO)
        }
    }

    /// The equity at this price that no position's initial margin holds, in the quote currency.
    #[inline]
    fn free(&self, held: Quantity, reduces: Quantity) -> Result<Cash, Overflow> {
        let others = self.account.margin_used_without(self.id, MarginKind::Initial)?;
        let others = self.account.from_reporting(self.account.quote_of(self.id), others)?;
        let free = self.equity_in_quote()?.minus(others)?;
        if held.is_zero() {
            return Ok(free);
        }
        let instrument = self.instrument();
        let kept = held.abs().minus(reduces)?;
        let own = instrument.value(self.price, kept)?.at_rate(instrument.rules().margin.initial)?;
        let closing_fee = if reduces.is_zero() { Cash::ZERO } else { self.deal(reduces)?.fee };
        free.minus(own)?.minus(closing_fee)
    }

    #[inline]
    fn equity_in_quote(&self) -> Result<Cash, Overflow> {
        let equity = self.account.equity_at(self.id, self.price)?;
        self.account.from_reporting(self.account.quote_of(self.id), equity)
    }

    /// The most whole lots whose margin and fee `budget` pays.
    #[inline(always)]
    fn afford(&self, budget: Cash, margin: Rate) -> Result<Deal, Overflow> {
        let instrument = self.instrument();
        let lot = instrument.rules().lot;
        let value_for = |rate: Rate| budget.scaled(Rate::ONE.nanos().into(), rate.nanos().into(), Rounding::Down);
        let units = |value: Cash| instrument.affordable(value, self.price).unwrap_or(Quantity::ZERO);
        let most = match self.fees {
            Fees::Percent { maker, taker } => {
                let fee = if self.liquidity == Liquidity::Maker { *maker } else { *taker };
                units(value_for(margin.plus(fee)?)?)
            }
            _ => units(value_for(margin)?),
        };
        let pays = |deal: &Deal| Ok(deal.value.at_rate(margin)?.plus(deal.fee)? <= budget);
        let deal = self.deal(most)?;
        if most.is_zero() || pays(&deal)? {
            return Ok(deal);
        }
        // The closed form is at most a lot off by rounding; other fee models are not known before they are asked. More
        // units never cost less, so that halving finds the most.
        let (mut fits, mut breaks) = (0, most.nanos() / lot.nanos());
        while breaks - fits > 1 {
            let middle = fits + (breaks - fits) / 2;
            if pays(&self.deal(Quantity::from_nanos(middle * lot.nanos()))?)? { fits = middle } else { breaks = middle }
        }
        self.deal(Quantity::from_nanos(fits * lot.nanos()))
    }

    fn cost(&self, quantity: Quantity) -> Result<Cash, Overflow> {
        let deal = self.deal(quantity)?;
        deal.value.plus(deal.fee)
    }

    #[inline(always)]
    fn fee_on(&self, value: Cash, quantity: Quantity) -> Result<Cash, Overflow> {
        let (price, liquidity, volume_30d) = (self.price, self.liquidity, self.volume_30d);
        self.fees.fee(&FeeBasis { value, quantity, price, liquidity, volume_30d })
    }
}
