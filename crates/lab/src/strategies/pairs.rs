//! Pairs: two prices that go together, one bought and the other sold short where they have parted.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::market::Side;
use qframe_model::parameter::{ParameterError, ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;

use super::legs::{Held, Legs};
use super::line::{Line, RollingLine};
use super::{COUNT_MAX, check_below, check_count, check_positive, is_waiting};
use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};

/// What [`Pairs`] goes by. Scores are standard errors of the regression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairsRules {
    /// Bars of the regression.
    pub window: usize,
    /// The score that opens a position.
    pub entry: f64,
    /// The score within which it is closed.
    pub exit: f64,
    /// The value of both legs together over the equity; above 1 only where the margin lets it.
    pub gross: f64,
}

/// Regresses the log price of the first series on that of the second, over the last `window` common closes. The slope is
/// the hedge ratio b; the score is how far the last close is above the line (G. Vidyamurthy, "Pairs Trading", 2004).
///
/// At a score of -`entry` or less it buys gross / (1 + b) of the equity of the first and sells gross x b / (1 + b) of the
/// second, mirrored at `entry` or more; it closes both within `exit`. The units are set when the legs are opened, and
/// stay. Where b is not above zero nothing is opened, and what is open is closed. It needs short sales: where the venue
/// refuses one, the journal says so and neither leg is opened. A leg that stands alone for another reason (a liquidation)
/// is closed. Trades the first two series, on bars that close at one instant.
#[derive(Debug, Clone)]
pub struct Pairs {
    line: RollingLine,
    rules: PairsRules,
    legs: Legs,
    /// The log closes of this instant.
    closes: [Option<f64>; 2],
}

impl Pairs {
    /// Pairs by these rules.
    ///
    /// # Errors
    /// [`ParameterError`] unless `window` is in `3..=10_000`, `exit < entry`, and `entry` and `gross` are above zero.
    pub fn new(rules: PairsRules) -> Result<Self, ParameterError> {
        check_count("window", rules.window, 3, COUNT_MAX as usize)?;
        check_positive("entry", rules.entry)?;
        check_positive("gross", rules.gross)?;
        check_below("exit", rules.exit, "entry", rules.entry)?;
        let (line, legs) = (RollingLine::new(rules.window), Legs::FIRST_TWO);
        Ok(Self { line, rules, legs, closes: [None, None] })
    }

    fn is_back(&self, side: Side, line: Line) -> bool {
        let score = if side == Side::Buy { -line.score } else { line.score };
        line.slope <= 0.0 || score <= self.rules.exit
    }

    fn act(&self, line: Option<Line>, context: &mut Context<'_>) {
        let PairsRules { entry, gross, .. } = self.rules;
        match (self.legs.held(context), line) {
            (Held::Nothing, Some(Line { slope, score })) if slope > 0.0 && score.abs() >= entry => {
                let side = if score < 0.0 { Side::Buy } else { Side::Sell };
                self.legs.open(side, [gross / (1.0 + slope), gross * slope / (1.0 + slope)], context);
            }
            (Held::Both(side), Some(line)) if !self.is_back(side, line) => {}
            (Held::Nothing, _) => {}
            (Held::Both(_) | Held::Broken, _) => self.legs.close(context),
        }
    }
}

impl Strategy for Pairs {
    fn warm_up(&self) -> usize {
        self.line.warm_up()
    }

    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        if let (Some(bar), place @ 0..=1) = (market.bar(), context.series().index()) {
            self.legs.0[place] = context.instrument();
            self.closes[place] = Some(bar.close.to_f64().ln());
        }
    }

    fn on_instant(&mut self, context: &mut Context<'_>) {
        let [Some(y), Some(x)] = std::mem::take(&mut self.closes) else { return };
        let line = self.line.update(y, x);
        if !is_waiting(context) {
            self.act(line, context);
        }
    }
}

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "pairs",
    about: "buys one of two symbols and sells the other short where they have parted; the size multiplies gross",
    kind: StrategyKind::Arbitrage,
    parameters: &[
        ParameterSpec::whole("window", "bars of the regression of one log price on the other", 60, 3, COUNT_MAX),
        ParameterSpec::number("entry", "standard errors from the line that open a position", 2.0, 0.01, 10.0),
        ParameterSpec::number("exit", "standard errors from the line within which it is closed", 0.5, 0.0, 10.0),
        ParameterSpec::number("gross", "value of both legs over the equity; above 1 needs margin", 1.0, 0.01, 100.0),
    ],
    assets: Assets::Two,
    needs: Needs::Bars,
    build,
};

fn build(parameters: &Parameters, market: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    market.check_short("pairs")?;
    Ok(Box::new(Pairs::new(PairsRules {
        window: parameters.count("window")?,
        entry: parameters.number("entry")?,
        exit: parameters.number("exit")?,
        gross: parameters.number("gross")? * market.share(SPEC.name)?.to_f64(),
    })?))
}
