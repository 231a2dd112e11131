//! What stands behind positions: brackets, margin that is needed, the price at which it is gone.
//!
//! Cross margin: all positions of a user in one asset share its wallet, but for those that have margin of their own (isolated).
//! Formulas as Binance documents them for USD-M futures
//! (one-way mode, single-asset mode).
use qframe_model::currency::Currency;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Overflow, Price, Quantity, Rate, Rounding};
use qframe_model::position::Position;

use super::Futures;

/// Positions of up to `cap` (in the quote asset) may have this leverage, and need this share to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bracket {
    /// The highest leverage.
    pub leverage: u32,
    /// Where it begins.
    pub floor: i64,
    /// Where it ends.
    pub cap: i64,
    /// The share of a position's value that keeps it.
    pub rate: Rate,
    /// What is taken off, so that the margin has no step where a bracket begins.
    pub less: i64,
}

const fn bracket(leverage: u32, floor: i64, cap: i64, points: i64, less: i64) -> Bracket {
    Bracket { leverage, floor, cap, rate: Rate::basis_points(points), less }
}

/// The brackets of every contract here.
pub const BRACKETS: [Bracket; 10] = [
    bracket(125, 0, 50_000, 40, 0),
    bracket(100, 50_000, 250_000, 50, 50),
    bracket(50, 250_000, 1_000_000, 100, 1_300),
    bracket(20, 1_000_000, 10_000_000, 250, 16_300),
    bracket(10, 10_000_000, 20_000_000, 500, 266_300),
    bracket(5, 20_000_000, 50_000_000, 1_000, 1_266_300),
    bracket(4, 50_000_000, 100_000_000, 1_250, 2_516_300),
    bracket(3, 100_000_000, 200_000_000, 1_500, 5_016_300),
    bracket(2, 200_000_000, 300_000_000, 2_500, 25_016_300),
    bracket(1, 300_000_000, 500_000_000, 5_000, 100_016_300),
];

impl Bracket {
    /// The bracket of a position that is worth so much; beyond the last one: the last one.
    #[must_use]
    pub fn of(notional: Cash) -> Self {
        let holds = |one: &&Self| notional <= Cash::whole(one.cap);
        BRACKETS.iter().find(holds).copied().unwrap_or(BRACKETS[BRACKETS.len() - 1])
    }

    /// The most that a position may be worth at a leverage.
    #[must_use]
    pub fn most(leverage: u32) -> Cash {
        let cap = BRACKETS.iter().filter(|one| one.leverage >= leverage).map(|one| one.cap).max();
        Cash::whole(cap.unwrap_or(0))
    }
}

/// What a user holds of one contract, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// The position.
    pub position: Position,
    /// How many times a position may be worth what stands behind it.
    pub leverage: u32,
    /// What closed units brought so far, before fees.
    pub realised: Cash,
    /// What stands behind it alone, without unrealised profit; none where it shares the wallet.
    pub isolated: Option<Cash>,
}

impl Default for Holding {
    fn default() -> Self {
        Self { position: Position::default(), leverage: 20, realised: Cash::ZERO, isolated: None }
    }
}

/// One contract of a user at the mark price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exposure {
    /// What the position is worth; negative is short.
    pub notional: Cash,
    /// Profit that is not realised.
    pub unrealised: Cash,
    /// What the position needs at its leverage.
    pub initial: Cash,
    /// What open orders need beyond that.
    pub orders: Cash,
    /// What keeps the position.
    pub maintenance: Cash,
    /// Worth of open orders to buy.
    pub bids: Cash,
    /// Worth of open orders to sell.
    pub asks: Cash,
    /// What open orders would lose at once: they pay more than the mark price.
    pub losses: Cash,
}

impl Exposure {
    /// The most that the position can come to be worth by its open orders.
    pub(super) fn reach(&self) -> Result<Cash, Overflow> {
        let (long, short) = (self.notional.plus(self.bids)?.abs(), self.notional.minus(self.asks)?.abs());
        Ok(long.max(short))
    }
}

/// One asset of a user: its wallet, and the sums over the contracts that are paid in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// What was paid in, and realised since.
    pub wallet: Cash,
    /// Profit that is not realised.
    pub unrealised: Cash,
    /// What positions need at their leverage.
    pub initial: Cash,
    /// What open orders need beyond that.
    pub orders: Cash,
    /// What keeps the positions.
    pub maintenance: Cash,
    /// What open orders would lose at once.
    pub losses: Cash,
    /// How much of this is of positions with margin of their own.
    pub apart: Apart,
}

/// The sums over the positions that have margin of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Apart {
    /// That margin: a part of the wallet.
    pub margin: Cash,
    /// Their profit that is not realised.
    pub unrealised: Cash,
    /// What they need at their leverage.
    pub initial: Cash,
    /// What keeps them.
    pub maintenance: Cash,
}

impl Standing {
    /// Wallet and unrealised profit.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn balance(&self) -> Result<Cash, Overflow> {
        self.wallet.plus(self.unrealised)
    }

    /// What stands behind the positions that share the wallet.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn cross(&self) -> Result<Cash, Overflow> {
        self.balance()?.minus(self.apart.margin)?.minus(self.apart.unrealised)
    }

    /// What new orders may use; negative where margin is short.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn available(&self) -> Result<Cash, Overflow> {
        let shared = self.initial.minus(self.apart.initial)?;
        self.cross()?.minus(shared)?.minus(self.orders)?.minus(self.losses)
    }

    /// What positions and orders need together.
    pub(super) fn needed(&self) -> Result<Cash, Overflow> {
        self.initial.plus(self.orders)?.plus(self.losses)
    }
}

/// An order that is only thought of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thought {
    pub(super) product: usize,
    pub(super) side: Side,
    pub(super) quantity: Quantity,
    pub(super) price: Price,
}

impl Futures {
    /// One contract of a user at the mark price.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn exposure(&self, user: usize, product: usize) -> Result<Exposure, Overflow> {
        self.exposure_with(user, product, None)
    }

    /// One asset of a user.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn standing(&self, user: usize, asset: Currency) -> Result<Standing, Overflow> {
        self.standing_with(user, asset, None)
    }

    pub(super) fn standing_with(
        &self,
        user: usize,
        asset: Currency,
        thought: Option<Thought>,
    ) -> Result<Standing, Overflow> {
        let mut sum = Standing { wallet: self.wallet(user, asset), ..Standing::default() };
        for product in 0..self.contracts.len() {
            if self.contracts[product].market.product.quote != asset {
                continue;
            }
            let one = self.exposure_with(user, product, thought.filter(|thought| thought.product == product))?;
            sum.unrealised = sum.unrealised.plus(one.unrealised)?;
            sum.initial = sum.initial.plus(one.initial)?;
            sum.orders = sum.orders.plus(one.orders)?;
            sum.maintenance = sum.maintenance.plus(one.maintenance)?;
            sum.losses = sum.losses.plus(one.losses)?;
            if let Some(margin) = self.holding(user, product).isolated {
                sum.apart.margin = sum.apart.margin.plus(margin)?;
                sum.apart.unrealised = sum.apart.unrealised.plus(one.unrealised)?;
                sum.apart.initial = sum.apart.initial.plus(one.initial)?;
                sum.apart.maintenance = sum.apart.maintenance.plus(one.maintenance)?;
            }
        }
        Ok(sum)
    }

    pub(super) fn exposure_with(
        &self,
        user: usize,
        product: usize,
        thought: Option<Thought>,
    ) -> Result<Exposure, Overflow> {
        let (contract, holding) = (&self.contracts[product], self.holding(user, product));
        let Some(mark) = contract.price() else { return Ok(Exposure::default()) };
        let position = holding.position;
        let value = |price: Price, units: Quantity| price.times(units).ok_or(Overflow("a value"));
        let notional = value(mark, position.quantity)?;
        let mut one = Exposure {
            notional,
            unrealised: notional.minus(position.cost)?,
            initial: at_leverage(notional.abs(), holding.leverage)?,
            maintenance: maintenance(notional)?,
            ..Exposure::default()
        };
        let mut add = |side: Side, price: Price, units: Quantity| -> Result<(), Overflow> {
            let (sum, above) = match side {
                Side::Buy => (&mut one.bids, price.nanos() - mark.nanos()),
                Side::Sell => (&mut one.asks, mark.nanos() - price.nanos()),
            };
            *sum = sum.plus(value(price.max(Price::ZERO), units)?)?;
            one.losses = one.losses.plus(value(Price::from_nanos(above.max(0)), units)?)?;
            Ok(())
        };
        for order in self.open_orders(user).filter(|order| order.ticket.product == product) {
            if order.works && !order.reduces() {
                add(order.ticket.side, order.bound, order.left())?;
            }
        }
        if let Some(new) = thought {
            add(new.side, new.price, new.quantity)?;
        }
        one.orders = at_leverage(one.reach()?, holding.leverage)?.minus(one.initial)?.max(Cash::ZERO);
        Ok(one)
    }

    /// The mark price at which a position's margin is gone, all else being as it is; `None` where there is no such price.
    ///
    /// With wallet W (or the position's own margin, and no others), the other contracts' profit U and maintenance M, cost C, units q, rate r and deduction d of the
    /// bracket: W + U + q p - C = M + |q| p r - d.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn liquidation_price(&self, user: usize, product: usize) -> Result<Option<Price>, Overflow> {
        let Holding { position, isolated, .. } = self.holding(user, product);
        if position.is_flat() {
            return Ok(None);
        }
        let own = self.exposure(user, product)?;
        let bracket = Bracket::of(own.notional.abs());
        let behind = match isolated {
            Some(margin) => margin,
            None => {
                let all = self.standing(user, self.contracts[product].market.product.quote)?;
                let kept = all.maintenance.minus(all.apart.maintenance)?.minus(own.maintenance)?;
                all.cross()?.minus(own.unrealised)?.minus(kept)?
            }
        };
        let left = position.cost.minus(behind)?.minus(Cash::whole(bracket.less))?;
        let short = position.quantity.is_negative();
        let share =
            if short { Rate::ONE.nanos() + bracket.rate.nanos() } else { Rate::ONE.nanos() - bracket.rate.nanos() };
        let units = position.quantity.share(share.into(), Rate::ONE.nanos().into())?;
        Ok(left.per_unit(units).filter(|price| price.is_positive()))
    }
}

/// What keeps a position that is worth so much.
fn maintenance(notional: Cash) -> Result<Cash, Overflow> {
    let bracket = Bracket::of(notional.abs());
    Ok(notional.abs().at_rate(bracket.rate)?.minus(Cash::whole(bracket.less))?.max(Cash::ZERO))
}

pub(super) fn at_leverage(notional: Cash, leverage: u32) -> Result<Cash, Overflow> {
    notional.scaled(1, leverage.max(1).into(), Rounding::Up)
}
