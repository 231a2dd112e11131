//! The strategies that come with QFrame, each in its own file with its parameters and its
//! [`StrategySpec`].
//!
//! What they have in common:
//! - they decide when a bar has closed, on that bar and the ones before it; their market orders fill at the next open,
//!   unless the venue is set otherwise;
//! - while a market order of the run is on its way they send nothing new; stops and limits that rest do not hold them;
//! - those for one market trade the first series and do not look at others, those for each trade the first series of every
//!   symbol; their entries are as large as the run's
//!   [`Sizing`](qframe_engine::Sizing) says. Those that state weights of their own multiply them by the share of the
//!   equity that it gives, and are not built where it is no share;
//! - a stop and a target are levels from the last price at the decision; what waits for a level, and not for a crossing,
//!   enters the side that a stop has closed only after the price has been back;
//! - prices must be finite and above zero, as every checked bar is; a price that stands still gives no signal.
mod bollinger_reversion;
mod buy_and_hold;
mod channels;
mod cross;
mod deadline;
mod donchian_breakout;
mod exposure;
mod funding_arbitrage;
mod futures_trend;
mod given_up;
mod legs;
mod line;
mod ma_crossover;
mod market_making;
mod mean_reversion;
mod mode;
mod momentum_rotation;
mod occasion;
mod pairs;
mod past;
mod portfolio;
mod portfolio_rules;
mod portfolio_spec;
mod protection;
mod quote;
mod range_stop;
mod realised;
mod regime;
mod rsi_reversion;
mod volatility_target;

use std::fmt::Display;

use qframe_engine::{Context, Market};
use qframe_model::ids::SeriesId;
use qframe_model::market::{Bar, Side};
use qframe_model::order::OrderKind;
use qframe_model::parameter::ParameterError;
use qframe_quant::indicators::{self, Ohlcv, StdDev};

pub use bollinger_reversion::BollingerReversion;
pub use buy_and_hold::BuyAndHold;
pub use donchian_breakout::DonchianBreakout;
pub use funding_arbitrage::{FundingArbitrage, FundingRules};
pub use futures_trend::{FuturesTrend, TrendRules};
pub use ma_crossover::MaCrossover;
pub use market_making::{MarketMaking, MarketMakingRules};
pub use mean_reversion::{MeanReversion, MeanReversionRules};
pub use mode::Mode;
pub use momentum_rotation::MomentumRotation;
pub use occasion::{Every, Occasions};
pub use pairs::{Pairs, PairsRules};
pub use portfolio::PortfolioWeights;
pub use portfolio_rules::PortfolioRules;
pub use protection::Protection;
pub use range_stop::RangeStop;
pub use regime::RegimeRules;
pub use rsi_reversion::{RsiReversion, RsiRules};
pub use volatility_target::{VolatilityRules, VolatilityTarget};

use crate::registry::StrategySpec;

/// All of them, in the order in which a list shows them.
pub(crate) static ALL: [StrategySpec; 13] = [
    buy_and_hold::SPEC,
    ma_crossover::SPEC,
    donchian_breakout::SPEC,
    mean_reversion::SPEC,
    bollinger_reversion::SPEC,
    rsi_reversion::SPEC,
    volatility_target::SPEC,
    pairs::SPEC,
    momentum_rotation::SPEC,
    portfolio_spec::SPEC,
    market_making::SPEC,
    futures_trend::SPEC,
    funding_arbitrage::SPEC,
];

/// The longest window that a strategy of ours takes: the longest that an indicator does.
const WINDOW_MAX: i64 = indicators::PERIOD_MAX as i64;
/// The longest window of those that go through all of it at once, and the most symbols that are picked.
const COUNT_MAX: i64 = 10_000;

/// The bar, where the row is one of the first series.
#[inline]
fn first_bar<'a>(market: &Market<'a>, context: &Context<'_>) -> Option<&'a Bar> {
    market.bar().filter(|_| context.series() == SeriesId(0))
}

/// The side of the position in the current instrument; none where it is flat.
#[inline]
fn held(context: &Context<'_>) -> Option<Side> {
    let quantity = context.position().quantity;
    (!quantity.is_zero()).then(|| Side::of(quantity))
}

/// True where a market order has not begun to fill: a decision now would be made on a position that is about to change.
/// One that fills over many bars does not keep a strategy from changing its mind.
#[inline]
fn is_waiting(context: &Context<'_>) -> bool {
    context.orders().iter().any(|open| open.order.kind == OrderKind::Market && open.filled.is_zero())
}

/// The same of the current instrument alone.
#[inline]
fn is_waiting_here(context: &Context<'_>) -> bool {
    let here = context.orders().iter().filter(|open| open.order.instrument == context.instrument());
    here.into_iter().any(|open| open.order.kind == OrderKind::Market && open.filled.is_zero())
}

/// Sends the order that leads from the position there is to the one that is wanted, with a signal and its protection where
/// it opens one; nothing where they agree, or where one is on its way.
#[inline]
fn pursue(context: &mut Context<'_>, protection: Protection, wanted: Option<Side>, strength: f64) {
    if wanted == held(context) || is_waiting_here(context) {
        return;
    }
    match wanted {
        Some(side) => {
            context.signal(strength.clamp(-1.0, 1.0));
            protection.enter(side, context);
        }
        None => _ = context.close(),
    }
}

#[inline]
fn numbers(bar: &Bar) -> Ohlcv {
    Ohlcv {
        open: bar.open.to_f64(),
        high: bar.high.to_f64(),
        low: bar.low.to_f64(),
        close: bar.close.to_f64(),
        volume: bar.volume.to_f64(),
    }
}

/// A standard deviation over so many values, two at least: over one it is always zero.
fn deviation(name: &'static str, window: usize) -> Result<StdDev, ParameterError> {
    check_count(name, window, 2, indicators::PERIOD_MAX)?;
    StdDev::new(window).map_err(of_indicator(name))
}

/// Refuses a count outside its bounds, which are inside.
fn check_count(name: &'static str, value: usize, least: usize, most: usize) -> Result<(), ParameterError> {
    let fits = (least..=most).contains(&value);
    if fits { Ok(()) } else { Err(refused(name, value, format!("a whole number from {least} to {most}"))) }
}

/// Refuses a parameter that is not less than its limit; `limit_name` says what the limit is.
fn check_below<T: PartialOrd + Display + Copy>(
    name: &'static str,
    value: T,
    limit_name: &str,
    limit: T,
) -> Result<(), ParameterError> {
    if value < limit { Ok(()) } else { Err(refused(name, value, format!("less than {limit_name} = {limit}"))) }
}

/// Refuses a parameter that is not a number above zero.
fn check_positive(name: &'static str, value: f64) -> Result<(), ParameterError> {
    let fits = value > 0.0 && value.is_finite();
    if fits { Ok(()) } else { Err(refused(name, value, "a number above 0".to_owned())) }
}

fn refused(name: &'static str, value: impl Display, expected: String) -> ParameterError {
    ParameterError::Refused { name, value: value.to_string(), expected, nearest: None }
}

/// What an indicator refused, by the name of the strategy's parameter that set it.
fn of_indicator(name: &'static str) -> impl Fn(indicators::ParameterError) -> ParameterError {
    move |error| match error {
        indicators::ParameterError::Period { value, least, .. } => {
            refused(name, value, format!("a whole number from {least} to {WINDOW_MAX}"))
        }
        indicators::ParameterError::Number { value, expected, .. } => refused(name, value, expected.to_owned()),
        indicators::ParameterError::Order { short, longer, long, .. } => {
            refused(name, short, format!("less than {longer} = {long}"))
        }
    }
}
