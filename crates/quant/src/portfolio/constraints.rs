//! What weights have to keep to.
use std::fmt;

use super::PortfolioError;

/// Bounds of the weights. [`Constraints::long_only`] is the usual start; what is off is `None` or zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraints {
    /// What the weights sum to: 1 for a portfolio that is paid for, 0 for one whose shorts pay its longs.
    pub budget: f64,
    /// The least weight of each asset; below zero it may be sold short.
    pub lower: Vec<f64>,
    /// The largest weight of each asset.
    pub upper: Vec<f64>,
    /// Bounds of sums of weights.
    pub groups: Vec<Group>,
    /// The weights that are held now: turnover and costs are counted from them. Empty: nothing is held.
    pub current: Vec<f64>,
    /// The largest share that changes hands: half the sum of `|weight - current|`.
    pub turnover: Option<f64>,
    /// The largest sum of absolute weights.
    pub gross: Option<f64>,
    /// Cost of trading, as a share of what is traded: `cost * sum |weight - current|`.
    pub linear_cost: f64,
    /// Cost of moving the market: `cost * sum (weight - current)²`.
    pub quadratic_cost: f64,
    /// The most assets held.
    pub positions: Option<usize>,
    /// No weight is held that is smaller, long or short.
    pub smallest: Option<f64>,
}

/// A bound of the sum of some weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// How messages call it.
    pub name: String,
    /// Places of its assets.
    pub members: Vec<usize>,
    /// The least sum.
    pub least: Option<f64>,
    /// The largest sum.
    pub most: Option<f64>,
}

/// One demand on the weights, as messages say it.
#[derive(Debug, Clone, PartialEq)]
pub enum Clause {
    /// The weights sum to this.
    Budget(f64),
    /// An asset has at least this weight.
    AtLeast(String, f64),
    /// An asset has at most this weight.
    AtMost(String, f64),
    /// A group sums to at least this.
    GroupAtLeast(String, f64),
    /// A group sums to at most this.
    GroupAtMost(String, f64),
    /// At most this share changes hands.
    Turnover(f64),
    /// The absolute weights sum to at most this.
    Gross(f64),
    /// At most so many assets are held.
    Positions(usize),
    /// No weight is smaller.
    Smallest(f64),
    /// The expected return, net of costs, is at least this.
    Return(f64),
    /// The volatility is at most this.
    Risk(f64),
    /// The expected return, net of costs, is above this: the rate without risk of what the weights sum to.
    Excess(f64),
}

/// How far a weight may be off a bound before it breaks it.
const SLACK: f64 = 1e-9;

impl Constraints {
    /// Weights from 0 to 1 that sum to 1.
    #[must_use]
    pub fn long_only(assets: usize) -> Self {
        Self::within(assets, 0.0, 1.0)
    }

    /// Weights from `lower` to `upper` that sum to 1.
    #[must_use]
    pub fn within(assets: usize, lower: f64, upper: f64) -> Self {
        Self {
            budget: 1.0,
            lower: vec![lower; assets],
            upper: vec![upper; assets],
            groups: Vec::new(),
            current: Vec::new(),
            turnover: None,
            gross: None,
            linear_cost: 0.0,
            quadratic_cost: 0.0,
            positions: None,
            smallest: None,
        }
    }

    /// The weight held now of an asset.
    #[must_use]
    pub fn held(&self, asset: usize) -> f64 {
        self.current.get(asset).copied().unwrap_or(0.0)
    }

    /// The demands that weights break: a name, a weight and two bounds an asset.
    #[must_use]
    pub fn broken(&self, names: &[String], weights: &[f64]) -> Vec<Clause> {
        let mut broken = Vec::new();
        let sum: f64 = weights.iter().sum();
        broken.extend(((sum - self.budget).abs() > SLACK).then_some(Clause::Budget(self.budget)));
        for (asset, weight) in weights.iter().enumerate() {
            let (name, lower, upper) = (|| names[asset].clone(), self.lower[asset], self.upper[asset]);
            broken.extend((*weight < lower - SLACK).then(|| Clause::AtLeast(name(), lower)));
            broken.extend((*weight > upper + SLACK).then(|| Clause::AtMost(name(), upper)));
        }
        for group in &self.groups {
            let sum: f64 = group.members.iter().map(|member| weights[*member]).sum();
            let (name, is_over) = (|| group.name.clone(), |value: f64| value > SLACK);
            let least = group.least.filter(|least| is_over(least - sum));
            let most = group.most.filter(|most| is_over(sum - most));
            broken.extend(least.map(|least| Clause::GroupAtLeast(name(), least)));
            broken.extend(most.map(|most| Clause::GroupAtMost(name(), most)));
        }
        let gross: f64 = weights.iter().map(|weight| weight.abs()).sum();
        let held = weights.iter().filter(|weight| weight.abs() > SLACK);
        let smallest = held.clone().map(|weight| weight.abs()).fold(f64::INFINITY, f64::min);
        broken.extend(self.turnover.filter(|most| self.traded(weights) / 2.0 > most + SLACK).map(Clause::Turnover));
        broken.extend(self.gross.filter(|most| gross > most + SLACK).map(Clause::Gross));
        broken.extend(self.positions.filter(|most| held.count() > *most).map(Clause::Positions));
        broken.extend(self.smallest.filter(|least| smallest < least - SLACK).map(Clause::Smallest));
        broken
    }

    /// The sum of all changes of weight.
    fn traded(&self, weights: &[f64]) -> f64 {
        weights.iter().enumerate().map(|(asset, weight)| (weight - self.held(asset)).abs()).sum()
    }

    /// What trading takes from the return, by the linear costs and the quadratic ones.
    #[must_use]
    pub fn share_paid(&self, weights: &[f64]) -> f64 {
        let squares = weights.iter().enumerate().map(|(asset, weight)| (weight - self.held(asset)).powi(2));
        self.linear_paid(weights) + self.quadratic_cost * squares.sum::<f64>()
    }

    /// What the linear costs take of it.
    pub(super) fn linear_paid(&self, weights: &[f64]) -> f64 {
        self.linear_cost * self.traded(weights)
    }

    /// True where only the sum and each weight are bounded, and nothing costs.
    pub(super) fn is_box(&self) -> bool {
        let costs = self.linear_cost > 0.0 || self.quadratic_cost > 0.0;
        self.groups.is_empty() && self.turnover.is_none() && self.gross.is_none() && !costs
    }

    /// Numbers that are none, lists of other lengths, shares below zero.
    pub(super) fn check(&self, assets: usize) -> Result<(), PortfolioError> {
        for (what, list) in
            [("lower bounds", &self.lower), ("upper bounds", &self.upper), ("weights held", &self.current)]
        {
            let is_unset = what == "weights held" && list.is_empty();
            if list.len() != assets && !is_unset {
                return Err(PortfolioError::Length { what, found: list.len(), expected: assets });
            }
            if let Some(value) = list.iter().find(|value| !value.is_finite()) {
                return Err(PortfolioError::Number { what, value: *value, expected: "finite numbers" });
            }
        }
        let shares = [
            ("the turnover", self.turnover),
            ("the gross cap", self.gross),
            ("the linear cost", Some(self.linear_cost)),
            ("the quadratic cost", Some(self.quadratic_cost)),
            ("the smallest weight", self.smallest),
        ];
        let bad = |value: &f64| !(value.is_finite() && *value >= 0.0);
        if let Some((what, value)) = shares.iter().find_map(|(what, value)| Some((*what, value.filter(bad)?))) {
            return Err(PortfolioError::Number { what, value, expected: "zero or more" });
        }
        if !self.budget.is_finite() {
            return Err(PortfolioError::Number { what: "the sum", value: self.budget, expected: "a finite number" });
        }
        let members = self.groups.iter().flat_map(|group| &group.members);
        match members.into_iter().find(|member| **member >= assets) {
            Some(member) => Err(PortfolioError::Length { what: "assets", found: assets, expected: member + 1 }),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget(sum) => write!(f, "the weights sum to {sum}"),
            Self::AtLeast(name, least) => write!(f, "{name} at least {least}"),
            Self::AtMost(name, most) => write!(f, "{name} at most {most}"),
            Self::GroupAtLeast(name, least) => write!(f, "group {name} at least {least}"),
            Self::GroupAtMost(name, most) => write!(f, "group {name} at most {most}"),
            Self::Turnover(most) => write!(f, "turnover at most {most}"),
            Self::Gross(most) => write!(f, "absolute weights at most {most}"),
            Self::Positions(1) => f.write_str("at most 1 position"),
            Self::Positions(most) => write!(f, "at most {most} positions"),
            Self::Smallest(least) => write!(f, "no weight smaller than {least}"),
            Self::Return(least) => write!(f, "a return of at least {least} a year"),
            Self::Risk(most) => write!(f, "a volatility of at most {most} a year"),
            // A product, which need not be as short as its factors.
            Self::Excess(floor) => write!(f, "a return above {} a year", (floor * 1e12).round() / 1e12 + 0.0),
        }
    }
}
