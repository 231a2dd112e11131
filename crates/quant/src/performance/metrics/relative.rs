//! Metrics of a series beside a benchmark.
use super::sample::{Sample, wealth};
use super::{Metric, MetricOptions, Unit, metric, ratio};

/// All metrics of a series beside a benchmark's returns of the same periods: as many of them, finite. Empty where there are
/// none or the numbers of returns differ.
#[must_use]
pub fn relative_metrics(returns: &[f64], benchmark: &[f64], options: &MetricOptions) -> Vec<Metric> {
    let active: Vec<f64> = returns.iter().zip(benchmark).map(|(own, market)| own - market).collect();
    let (Some(own), Some(market), Some(active)) = (Sample::of(returns), Sample::of(benchmark), Sample::of(&active))
    else {
        return Vec::new();
    };
    if returns.len() != benchmark.len() {
        return Vec::new();
    }
    let pair = Pair { own, market, active, options };
    pair.line().into_iter().chain(pair.captures()).collect()
}

/// Pearson's correlation; `None` where one of the two does not vary.
pub(super) fn correlation(left: &[f64], right: &[f64]) -> Option<f64> {
    let (own, other) = (Sample::of(left)?, Sample::of(right)?);
    ratio(covariance(&own, &other), own.deviation()? * other.deviation()?)
}

/// ddof 1.
fn covariance(left: &Sample<'_>, right: &Sample<'_>) -> f64 {
    let products = left.values.iter().zip(right.values).map(|(a, b)| (a - left.mean) * (b - right.mean));
    products.sum::<f64>() / (left.count - 1.0)
}

struct Pair<'a> {
    own: Sample<'a>,
    market: Sample<'a>,
    active: Sample<'a>,
    options: &'a MetricOptions,
}

impl Pair<'_> {
    fn line(&self) -> Vec<Metric> {
        let (own, market, periods) = (&self.own, &self.market, self.options.periods_per_year);
        let beta = market.deviation().and_then(|deviation| ratio(covariance(own, market), deviation * deviation));
        let alpha = beta.map(|beta| (own.mean - beta * market.mean) * periods);
        let correlation = correlation(own.values, market.values);
        let total = wealth(own.values).last().map_or(0.0, |wealth| wealth - 1.0);
        let treynor = beta.and_then(|beta| ratio(total - self.options.risk_free, beta));
        let error = self.active.deviation();
        let information = error.and_then(|error| ratio(self.active.mean, error));
        let number = |name, value, convention| metric(name, Unit::Number, value, convention);
        vec![
            number("beta", beta, "covariance / variance of the benchmark (ddof 1)"),
            metric("alpha", Unit::Share, alpha, "(mean - beta x mean of the benchmark) x periods, not compounded"),
            number("correlation", correlation, "Pearson"),
            number("r_squared", correlation.map(|correlation| correlation * correlation), "square of the correlation"),
            number("treynor_ratio", treynor, "(comp - rf) / beta, not annualised"),
            number("information_ratio", information, "mean / standard deviation (ddof 1) of r - benchmark, a period"),
            metric(
                "tracking_error",
                Unit::Share,
                error.map(|error| error * periods.sqrt()),
                "standard deviation (ddof 1) of r - benchmark x sqrt(periods)",
            ),
        ]
    }

    /// Growth a year of the returns of the periods whose benchmark holds.
    fn growth(&self, of: &Sample<'_>, holds: fn(f64) -> bool) -> Option<f64> {
        let chosen = of.values.iter().zip(self.market.values).filter(|(_, market)| holds(**market));
        let chosen: Vec<f64> = chosen.map(|(value, _)| *value).collect();
        let wealth = *wealth(&chosen).last()?;
        (wealth > 0.0).then(|| wealth.powf(self.options.periods_per_year / chosen.len() as f64) - 1.0)
    }

    fn capture(&self, holds: fn(f64) -> bool) -> Option<f64> {
        ratio(self.growth(&self.own, holds)?, self.growth(&self.market, holds)?)
    }

    fn batting(&self, holds: fn(f64) -> bool) -> Option<f64> {
        let chosen = self.active.values.iter().zip(self.market.values).filter(|(_, market)| holds(**market));
        let (won, all) = chosen.fold((0.0, 0.0), |(won, all), (active, _)| (won + f64::from(*active > 0.0), all + 1.0));
        ratio(won, all)
    }

    fn captures(&self) -> Vec<Metric> {
        let (up, down) = (self.capture(|market| market > 0.0), self.capture(|market| market < 0.0));
        let both = up.zip(down).and_then(|(up, down)| ratio(up, down));
        let share = |name, value, convention| metric(name, Unit::Share, value, convention);
        vec![
            metric(
                "up_capture",
                Unit::Number,
                up,
                "growth a year where the benchmark rose, over the benchmark's there",
            ),
            metric("down_capture", Unit::Number, down, "the same where the benchmark fell"),
            metric("up_down_capture", Unit::Number, both, "up_capture / down_capture"),
            share("batting_average", self.batting(|_| true), "share of the periods ahead of the benchmark"),
            share(
                "batting_average_up",
                self.batting(|market| market >= 0.0),
                "the same where the benchmark did not fall",
            ),
            share("batting_average_down", self.batting(|market| market < 0.0), "the same where the benchmark fell"),
        ]
    }
}
