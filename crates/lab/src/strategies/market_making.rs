//! Market making: a bid below and an ask above a fair price, both leaning against what is held.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::market::Side;
use qframe_model::number::Rate;
use qframe_model::parameter::{ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;
use qframe_model::time::{Span, Time};

use super::quote::Quote;
use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};

/// What a [`MarketMaking`] is set to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarketMakingRules {
    /// From the fair price to either quote, as a share of it.
    pub half_spread: f64,
    /// How far both quotes move against the largest position, as a share of the price; less for less.
    pub skew: f64,
    /// The equity's share in one quote.
    pub size: Rate,
    /// The largest position, in quotes; at it only the other side is quoted.
    pub most: u32,
    /// Quotes stand at least so long.
    pub refresh: Span,
}

/// Quotes around the micro-price, which is the middle of bid and ask leaning to the side with less behind it:
/// `(bid * ask_size + ask * bid_size) / (bid_size + ask_size)`. A quote never takes: it stays behind the other side's best.
#[derive(Debug, Clone)]
pub struct MarketMaking {
    rules: MarketMakingRules,
    next: Time,
    bid: Quote,
    ask: Quote,
}

impl MarketMaking {
    /// Quotes by these rules.
    #[must_use]
    pub const fn new(rules: MarketMakingRules) -> Self {
        Self { rules, next: Time::MIN, bid: Quote(None), ask: Quote(None) }
    }

    fn requote(&mut self, context: &mut Context<'_>) -> Option<()> {
        let book = context.tape()?.book();
        let (best_bid, best_ask) = (book.bid()?, book.ask()?);
        let (bid, ask) = (best_bid.price.to_f64(), best_ask.price.to_f64());
        let (bids, asks) = (best_bid.quantity.to_f64(), best_ask.quantity.to_f64());
        let fair = (bid * asks + ask * bids) / (bids + asks);
        let budget = context.equity().at_rate(self.rules.size).ok()?;
        let units = context.instruments()[context.instrument().index()].affordable(budget, best_ask.price)?;
        let held = context.position().quantity.to_f64() / units.to_f64().max(f64::MIN_POSITIVE);
        let (most, rules) = (f64::from(self.rules.most), self.rules);
        let centre = fair * (1.0 - rules.skew * (held / most).clamp(-1.0, 1.0));
        let wanted_bid = context.price(centre * (1.0 - rules.half_spread));
        let wanted_ask = context.price(centre * (1.0 + rules.half_spread));
        let bid = (held < most && wanted_bid < best_ask.price).then_some(wanted_bid);
        let ask = (held > -most && wanted_ask > best_bid.price).then_some(wanted_ask);
        self.bid.place(Side::Buy, bid, units, context);
        self.ask.place(Side::Sell, ask, units, context);
        Some(())
    }
}

impl Strategy for MarketMaking {
    #[inline]
    fn on_market(&mut self, _market: &Market<'_>, context: &mut Context<'_>) {
        if context.now() >= self.next && self.requote(context).is_some() {
            self.next = context.now() + self.rules.refresh;
        }
    }
}

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "market-making",
    about: "quotes both sides of an order book around its fair price and leans against what it holds",
    kind: StrategyKind::MarketMaking,
    parameters: &[
        ParameterSpec::number("half-spread", "from the fair price to a quote, in basis points", 2.0, 0.0, 1_000.0),
        ParameterSpec::number(
            "skew",
            "how far the largest position moves both quotes, in basis points",
            2.0,
            0.0,
            1_000.0,
        ),
        ParameterSpec::number("quote-size", "the equity's share in one quote, in percent", 5.0, 0.01, 100.0),
        ParameterSpec::whole("most", "the largest position, in quotes", 5, 1, 1_000),
        ParameterSpec::whole("refresh", "quotes stand at least so many milliseconds", 100, 0, 3_600_000),
    ],
    assets: Assets::One,
    needs: Needs::Book,
    build,
};

fn build(parameters: &Parameters, _: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    let percent = parameters.number("quote-size")?;
    Ok(Box::new(MarketMaking::new(MarketMakingRules {
        half_spread: parameters.number("half-spread")? / 10_000.0,
        skew: parameters.number("skew")? / 10_000.0,
        size: Rate::from_f64(percent / 100.0).unwrap_or(Rate::ZERO),
        most: u32::try_from(parameters.count("most")?).unwrap_or(u32::MAX),
        refresh: Span::from_nanos(parameters.count("refresh")? as i64 * 1_000_000),
    })))
}
