//! An order that works at the simulated venue, and when the market touches it.
use qframe_model::ids::OrderId;
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Price, Quantity, Rate, Rounding, mul_div};
use qframe_model::order::{Order, OrderKind, Purpose, TimeInForce, Trail};
use qframe_model::refusal::Refusal;
use qframe_model::time::Time;

use super::pricing::worse_tick;

/// The steps through a bar, in order. Within [`Step::Stops`] and [`Step::Limits`] the path is not known; which comes
/// first is a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// The first price.
    Open,
    /// Market orders at the worst price of the range, where they fill there.
    Worst,
    /// Stops against the range.
    Stops,
    /// Limits against the range.
    Limits,
    /// The last price.
    Close,
}

impl Step {
    /// True where orders meet the range of a bar.
    pub(super) const fn is_in_range(self) -> bool {
        matches!(self, Self::Worst | Self::Stops | Self::Limits)
    }
}

/// Where and how an order executes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Touch {
    pub price: Price,
    pub taker: bool,
    /// What the market offers there, where it says so.
    pub offered: Option<Quantity>,
}

/// What a look at the market did to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing.
    Rest,
    /// Its trigger was touched at this price; it rests as a limit now.
    Wake(Price),
    /// It executes.
    Fill(Touch),
}

/// An order that works at the venue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Working {
    pub order: Order,
    pub filled: Quantity,
    /// Money that its fills took, fees included.
    pub spent: Cash,
    /// From this instant on the venue has it.
    pub active_from: Time,
    /// Bars still to wait, by a latency counted in bars.
    pub bars_to_wait: u32,
    /// The order it waits for has not filled yet.
    pub asleep: bool,
    /// Where the market was when it was made awake inside the range of the bar being matched: what happened before is not for
    /// it.
    pub born_at: Option<Price>,
    /// The day in UTC that it first could meet, or that on which its session began, counted from 1970-01-01: for what lives
    /// no longer.
    pub day: Option<i32>,
    /// Its trigger was touched.
    pub triggered: bool,
    /// That was told, though it may have slept again since.
    pub woken_before: bool,
    /// It met the market at least once without filling: it rests now, and is a maker.
    pub rested: bool,
    /// It has ended, and goes when the bar is done.
    pub dead: bool,
    /// The level of a trailing stop.
    pub trail: Option<Price>,
}

/// Each order is moved a few times on its way: sixteen bytes more cost a backtest a twentieth of its speed.
const _: () = assert!(size_of::<Working>() <= 240);

impl Working {
    pub(super) const fn new(order: Order, active_from: Time, bars_to_wait: u32) -> Self {
        Self {
            order,
            filled: Quantity::ZERO,
            spent: Cash::ZERO,
            active_from,
            bars_to_wait,
            asleep: order.parent.is_some(),
            born_at: None,
            day: None,
            triggered: false,
            woken_before: false,
            rested: false,
            dead: false,
            trail: None,
        }
    }

    /// Waits again for the order that it protects a position of.
    pub(super) const fn sleep(&mut self) {
        (self.asleep, self.triggered, self.rested) = (true, false, false);
        (self.born_at, self.trail, self.day) = (None, None, None);
    }

    pub(super) const fn id(&self) -> OrderId {
        self.order.id
    }

    /// Whether the market touches this order in `step` of `bar`. `worst`: market orders take the bar's worst price.
    pub(super) fn look(&self, step: Step, bar: &Bar, worst: bool) -> Look {
        let side = self.order.side;
        let at_worst = worst && self.order.kind == OrderKind::Market;
        match self.order.kind {
            // Once touched it is a market order, also where the volume did not let it fill at once.
            OrderKind::Stop(_) | OrderKind::TrailingStop(_) | OrderKind::MarketIfTouched(_) if self.triggered => {
                if step == Step::Open { taker(bar.open) } else { Look::Rest }
            }
            OrderKind::Market | OrderKind::MarketOnOpen => match step {
                // What a fill inside the range made awake waits for the next one.
                Step::Worst if at_worst && self.born_at.is_none() => taker(against(side, bar)),
                Step::Open if !at_worst => taker(bar.open),
                _ => Look::Rest,
            },
            OrderKind::MarketOnClose => {
                if step == Step::Close {
                    taker(bar.close)
                } else {
                    Look::Rest
                }
            }
            OrderKind::Limit(limit) | OrderKind::Iceberg { limit, .. } => self.look_limit(step, bar, limit),
            OrderKind::Stop(trigger) => self.look_stop(step, bar, trigger),
            OrderKind::TrailingStop(_) => self.trail.map_or(Look::Rest, |level| self.look_stop(step, bar, level)),
            OrderKind::MarketIfTouched(trigger) => self.look_touched(step, bar, trigger),
            OrderKind::StopLimit { trigger, limit } | OrderKind::LimitIfTouched { trigger, limit } => {
                self.look_two_prices(step, bar, trigger, limit)
            }
        }
    }

    /// The limit that holds for it now: none before its trigger is touched.
    pub(super) const fn limit(&self) -> Option<Price> {
        match self.order.kind {
            OrderKind::Limit(limit) | OrderKind::Iceberg { limit, .. } => Some(limit),
            OrderKind::StopLimit { limit, .. } | OrderKind::LimitIfTouched { limit, .. } if self.triggered => {
                Some(limit)
            }
            _ => None,
        }
    }

    /// True where it fills when it first can, or not at all.
    pub(super) const fn is_immediate(&self) -> bool {
        matches!(self.order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok)
    }

    /// True where a price must touch its trigger first.
    pub(super) const fn waits_for_trigger(&self) -> bool {
        let has_trigger = matches!(
            self.order.kind,
            OrderKind::Stop(_)
                | OrderKind::StopLimit { .. }
                | OrderKind::TrailingStop(_)
                | OrderKind::MarketIfTouched(_)
                | OrderKind::LimitIfTouched { .. }
        );
        has_trigger && !self.triggered
    }

    /// A price that is no worse than the order's limit, where it has one: a limit holds, whatever the slippage.
    pub(super) fn limited(&self, side: Side, price: Price) -> Price {
        match self.order.kind {
            OrderKind::Limit(limit)
            | OrderKind::Iceberg { limit, .. }
            | OrderKind::StopLimit { limit, .. }
            | OrderKind::LimitIfTouched { limit, .. }
                if side.prefers(limit, price) =>
            {
                limit
            }
            _ => price,
        }
    }

    fn look_limit(&self, step: Step, bar: &Bar, limit: Price) -> Look {
        let side = self.order.side;
        let reached = |price: Price| price == limit || side.prefers(price, limit);
        let meets = |price| Look::Fill(Touch { price, taker: !self.rested && !self.order.post_only, offered: None });
        let rested = Look::Fill(Touch { price: limit, taker: false, offered: None });
        match (step, self.born_at) {
            (Step::Open, _) if reached(bar.open) => meets(bar.open),
            (Step::Stops | Step::Limits, Some(market)) if reached(market) => meets(market),
            (Step::Limits, None) if reached(favour(side, bar)) => rested,
            (Step::Close, Some(_)) if reached(bar.close) => rested,
            _ => Look::Rest,
        }
    }

    /// A stop fills at its trigger, or where the market was that had passed it already: at the open, or when it was made awake.
    fn look_stop(&self, step: Step, bar: &Bar, trigger: Price) -> Look {
        let side = self.order.side;
        let passed = |price: &Price| *price == trigger || side.prefers(trigger, *price);
        match step {
            Step::Open if passed(&bar.open) => taker(bar.open),
            Step::Stops if passed(&against(side, bar)) => taker(self.born_at.filter(passed).unwrap_or(trigger)),
            Step::Limits => self.born_at.filter(passed).map_or(Look::Rest, taker),
            _ => Look::Rest,
        }
    }

    fn look_touched(&self, step: Step, bar: &Bar, trigger: Price) -> Look {
        match self.look_limit(step, bar, trigger) {
            Look::Fill(touch) => taker(touch.price),
            rest => rest,
        }
    }

    /// Stop-limit and limit-if-touched: first the trigger, then the limit. Inside a range the price after the trigger is
    /// known only at the trigger itself: a limit that is not reached there waits for the next bar.
    fn look_two_prices(&self, step: Step, bar: &Bar, trigger: Price, limit: Price) -> Look {
        if self.triggered {
            return self.look_limit(step, bar, limit);
        }
        let side = self.order.side;
        let woken = match self.order.kind {
            OrderKind::StopLimit { .. } => self.look_stop(step, bar, trigger),
            _ => self.look_touched(step, bar, trigger),
        };
        match woken {
            Look::Fill(touch) if touch.price == limit || side.prefers(touch.price, limit) => Look::Fill(touch),
            Look::Fill(touch) => Look::Wake(touch.price),
            rest => rest,
        }
    }

    /// Moves a trailing stop behind the best price of a bar that it lived through; `grid` has each instrument's tick.
    #[inline]
    pub(super) fn follow(&mut self, best: Price, grid: &[Price]) {
        if let OrderKind::TrailingStop(trail) = self.order.kind {
            self.trail_behind(trail, best, grid[self.order.instrument.index()]);
        }
    }

    #[cold]
    fn trail_behind(&mut self, trail: Trail, best: Price, tick: Price) {
        let Some(level) = trail_level(self.order.side, trail, best, tick) else { return };
        self.trail = Some(match (self.trail, self.order.side) {
            (None, _) => level,
            (Some(old), Side::Sell) => old.max(level),
            (Some(old), Side::Buy) => old.min(level),
        });
    }

    /// The purpose that a fill of this order carries.
    pub(super) const fn purpose(&self) -> Purpose {
        match (self.order.kind, self.order.purpose) {
            (OrderKind::TrailingStop(_), Purpose::Signal | Purpose::StopLoss) => Purpose::TrailingStop,
            (_, purpose) => purpose,
        }
    }
}

const fn taker(price: Price) -> Look {
    Look::Fill(Touch { price, taker: true, offered: None })
}

/// The bar's worst price for a side.
pub(super) const fn against(side: Side, bar: &Bar) -> Price {
    match side {
        Side::Buy => bar.high,
        Side::Sell => bar.low,
    }
}

/// The bar's best price for a side.
pub(super) const fn favour(side: Side, bar: &Bar) -> Price {
    against(side.opposite(), bar)
}

/// The first tick that the market reaches no earlier than the exact level.
pub(crate) fn trail_level(side: Side, trail: Trail, best: Price, tick: Price) -> Option<Price> {
    let best = i128::from(best.nanos());
    let distance = match trail {
        Trail::Distance(distance) => distance.nanos().into(),
        Trail::Share(rate) => mul_div(best, rate.nanos().into(), Rate::ONE.nanos().into(), Rounding::Up)?,
    };
    let level = match side {
        Side::Sell => best - distance,
        Side::Buy => best + distance,
    };
    worse_tick(side, level, tick)
}

/// A post-only order that would take at the last price.
pub(super) fn would_take(order: &Order, market: Option<Price>) -> Option<Refusal> {
    let (OrderKind::Limit(limit) | OrderKind::Iceberg { limit, .. }, true, Some(market)) =
        (order.kind, order.post_only, market)
    else {
        return None;
    };
    let takes = match order.side {
        Side::Buy => limit > market,
        Side::Sell => limit < market,
    };
    takes.then_some(Refusal::WouldTake { limit, market })
}
