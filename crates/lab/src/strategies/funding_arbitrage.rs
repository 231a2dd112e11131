//! Funding arbitrage: holds the coin and sells its perpetual short while longs pay shorts enough for it.
use std::collections::VecDeque;

use qframe_engine::{Context, Market, Strategy};
use qframe_model::market::Side;
use qframe_model::parameter::{ParameterError, ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;

use super::legs::{Held, Legs};
use super::{COUNT_MAX, check_below, check_count, check_positive, is_waiting};
use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};

/// What a [`FundingArbitrage`] goes by. Rates are shares of the position's value at each payment: 0.0001 is 0.01 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FundingRules {
    /// The last payments whose mean is looked at.
    pub payments: usize,
    /// The mean that opens the position.
    pub entry: f64,
    /// The mean at or below which it is closed.
    pub exit: f64,
    /// The value of both legs together over the equity; above 1 only where the margin lets it.
    pub gross: f64,
}

/// Buys the first series, the coin, and sells the second, its perpetual, for the same value: prices cancel but for the
/// basis between the two, and what remains is the funding, which shorts receive where its rate is above zero.
///
/// Both legs are of so many units of the coin, whole lots of each, by the last price of the perpetual. It opens both where the mean of the last `payments` rates is `entry` or more, and closes both where it is `exit` or less.
/// It knows a rate when it fell due, paid or not, and decides when the bars close: what opens a position is never earned
/// by it. A leg that stands alone (a liquidation) is closed. The units are set when the legs are opened, and stay. Without
/// a funding calendar of the second series it does nothing.
#[derive(Debug, Clone)]
pub struct FundingArbitrage {
    rules: FundingRules,
    rates: VecDeque<f64>,
    legs: Legs,
    /// Which of the two closed a bar at this instant.
    closed: [bool; 2],
}

impl FundingArbitrage {
    /// An arbitrage by these rules.
    ///
    /// # Errors
    /// [`ParameterError`] unless `payments` is in `1..=10_000`, `exit < entry` and `gross` is above zero.
    pub fn new(rules: FundingRules) -> Result<Self, ParameterError> {
        check_count("payments", rules.payments, 1, COUNT_MAX as usize)?;
        check_positive("gross", rules.gross)?;
        check_below("exit", rules.exit, "entry", rules.entry)?;
        let legs = Legs::FIRST_TWO;
        Ok(Self { rules, rates: VecDeque::with_capacity(rules.payments), legs, closed: [false; 2] })
    }

    /// The mean of the last rates, when there are enough.
    fn mean(&self) -> Option<f64> {
        let count = self.rules.payments;
        (self.rates.len() == count).then(|| self.rates.iter().sum::<f64>() / count as f64)
    }
}

impl Strategy for FundingArbitrage {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        match (market, context.series().index()) {
            (Market::Funding(funding), 1) => {
                if self.rates.len() == self.rules.payments {
                    self.rates.pop_front();
                }
                self.rates.push_back(funding.rate.to_f64());
            }
            (Market::Bar(_), place @ 0..=1) => {
                self.legs.0[place] = context.instrument();
                self.closed[place] = true;
            }
            _ => {}
        }
    }

    fn on_instant(&mut self, context: &mut Context<'_>) {
        if std::mem::take(&mut self.closed) != [true; 2] || is_waiting(context) {
            return;
        }
        let Some(mean) = self.mean() else { return };
        match self.legs.held(context) {
            Held::Nothing if mean >= self.rules.entry => _ = self.legs.open_equal(self.rules.gross / 2.0, context),
            Held::Both(Side::Buy) if mean > self.rules.exit => {}
            Held::Nothing => {}
            Held::Both(_) | Held::Broken => self.legs.close(context),
        }
    }
}

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "funding-arbitrage",
    about: "holds a coin and sells its perpetual short while funding pays for it; the size multiplies gross",
    kind: StrategyKind::Arbitrage,
    parameters: &[
        ParameterSpec::whole("payments", "last payments whose mean rate is looked at", 9, 1, COUNT_MAX),
        ParameterSpec::number("entry", "mean rate that opens both legs: 0.0001 is 0.01 %", 0.000_2, -0.1, 0.1),
        ParameterSpec::number("exit", "mean rate at or below which both are closed", 0.000_05, -0.1, 0.1),
        ParameterSpec::number("gross", "value of both legs over the equity; above 1 needs margin", 0.9, 0.01, 100.0),
    ],
    assets: Assets::Two,
    needs: Needs::Funding,
    build,
};

fn build(parameters: &Parameters, market: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    Ok(Box::new(FundingArbitrage::new(FundingRules {
        payments: parameters.count("payments")?,
        entry: parameters.number("entry")?,
        exit: parameters.number("exit")?,
        gross: parameters.number("gross")? * market.share(SPEC.name)?.to_f64(),
    })?))
}
