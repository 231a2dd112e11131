//! Metrics of one series.
use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use super::sample::{Sample, falls, wealth};
use super::{Metric, MetricOptions, Unit, metric, minimum_track_record, probabilistic_sharpe, ratio};

/// All metrics of a series of simple returns, in groups: growth, spread, risk-adjusted, wins and losses, tails, falls,
/// significance. Empty for an empty series. What a return that is not
/// finite enters is not defined.
#[must_use]
pub fn metrics(returns: &[f64], options: &MetricOptions) -> Vec<Metric> {
    let Some(sample) = Sample::of(returns) else { return Vec::new() };
    let all = Metrics { falls: falls(returns), sample, options };
    let groups = [all.growth(), all.spread(), all.adjusted(), all.wins(), all.payoffs(), all.tails(), all.falls()];
    groups.into_iter().flatten().chain(all.significance()).collect()
}

/// The confidence of the serenity index's pitfall, which is no choice in quantstats.
const PITFALL: f64 = 0.95;

struct Metrics<'a> {
    sample: Sample<'a>,
    falls: Vec<f64>,
    options: &'a MetricOptions,
}

const fn is_gain(value: f64) -> bool {
    value > 0.0
}

const fn is_loss(value: f64) -> bool {
    value < 0.0
}

impl Metrics<'_> {
    fn total(&self) -> f64 {
        wealth(self.sample.values).last().map_or(0.0, |wealth| wealth - 1.0)
    }

    /// Growth a year of a wealth after so many returns; -1 where nothing is left, `None` where something is owed.
    fn a_year(&self, total: f64) -> Option<f64> {
        let years = self.sample.count / self.options.periods_per_year;
        (total >= -1.0).then(|| (1.0 + total).powf(1.0 / years) - 1.0)
    }

    fn exposure(&self) -> f64 {
        (self.sample.count_where(|value| value != 0.0) / self.sample.count * 100.0).ceil() / 100.0
    }

    fn excess(&self) -> Vec<f64> {
        self.sample.less(self.options.a_period(self.options.risk_free))
    }

    fn growth(&self) -> Vec<Metric> {
        let (sample, total) = (&self.sample, self.total());
        let mean = (total >= -1.0).then(|| (1.0 + total).powf(1.0 / sample.count) - 1.0);
        let excess = self.excess();
        let excess_growth = wealth(&excess).last().and_then(|wealth| self.a_year(wealth - 1.0));
        let rar = excess_growth.and_then(|growth| ratio(growth, self.exposure()));
        vec![
            metric("comp", Unit::Share, Some(total), "product of 1 + r, less 1"),
            metric("cagr", Unit::Share, self.a_year(total), "(1 + comp)^(periods a year / n) - 1"),
            metric("rar", Unit::Share, rar, "cagr of the returns over the risk-free rate, by the exposure"),
            metric("geometric_mean", Unit::Share, mean, "(1 + comp)^(1/n) - 1, a period"),
            metric("avg_return", Unit::Share, sample.mean_where(|r| r != 0.0), "mean of the returns that are not zero"),
            metric("best", Unit::Share, Some(sample.most()), "largest return"),
            metric("worst", Unit::Share, Some(sample.least()), "smallest return"),
            metric(
                "exposure",
                Unit::Share,
                Some(self.exposure()),
                "share of returns not zero, up to the next per cent",
            ),
        ]
    }

    fn spread(&self) -> Vec<Metric> {
        let (sample, root) = (&self.sample, self.options.periods_per_year.sqrt());
        let logs: Vec<f64> = sample.values.iter().map(|value| value.ln_1p()).collect();
        let log_deviation = Sample::of(&logs).and_then(|logs| logs.deviation());
        let deviation = sample.deviation_or_zero();
        vec![
            metric(
                "volatility",
                Unit::Share,
                deviation.map(|d| d * root),
                "standard deviation (ddof 1) x sqrt(periods)",
            ),
            metric(
                "implied_volatility",
                Unit::Share,
                log_deviation.map(|deviation| deviation * root),
                "standard deviation (ddof 1) of log returns x sqrt(periods), over all of them",
            ),
            metric(
                "downside_risk",
                Unit::Share,
                Some(sample.downside() * root),
                "sqrt(mean of min(r, 0)^2) x sqrt(periods) (empyrical's name)",
            ),
            metric("skew", Unit::Number, sample.skew(), "adjusted for the size of the sample, as pandas"),
            metric("kurtosis", Unit::Number, sample.excess_kurtosis(), "less 3, adjusted for the size, as pandas"),
            metric(
                "stability",
                Unit::Number,
                self.stability(),
                "R2 of a line through the sums of log returns (empyrical)",
            ),
        ]
    }

    /// R² of the least-squares line of cumulated log returns against time.
    fn stability(&self) -> Option<f64> {
        let sum = |sum: &mut f64, value: &f64| {
            *sum += value.ln_1p();
            Some(*sum)
        };
        let sums: Vec<f64> = self.sample.values.iter().scan(0.0, sum).collect();
        let places: Vec<f64> = (0..sums.len()).map(|place| place as f64).collect();
        super::relative::correlation(&sums, &places).map(|correlation| correlation * correlation)
    }

    /// Mean over standard deviation, a period.
    fn sharpe(&self, excess: &Sample<'_>) -> Option<f64> {
        ratio(excess.mean, excess.deviation()?)
    }

    fn adjusted(&self) -> Vec<Metric> {
        let (options, total) = (self.options, self.total());
        let excess = self.excess();
        let Some(excess) = Sample::of(&excess) else { return Vec::new() };
        let (root, penalty) = (options.periods_per_year.sqrt(), autocorrelation_penalty(excess.values));
        let sharpe = self.sharpe(&excess).map(|sharpe| sharpe * root);
        let sortino = ratio(excess.mean, excess.downside()).map(|sortino| sortino * root);
        let smart = |value: Option<f64>| value.zip(penalty).map(|(value, penalty)| value / penalty);
        let threshold = options.a_period(options.required_return);
        let above = excess.less(threshold);
        let part = |sign: f64| above.iter().map(|value| (sign * value).max(0.0)).sum::<f64>();
        let calmar = self.a_year(total).zip(self.deepest()).and_then(|(growth, deepest)| ratio(growth, -deepest));
        let number = |name, value, convention| metric(name, Unit::Number, value, convention);
        vec![
            number("sharpe", sharpe, "mean / standard deviation (ddof 1) of r - rf x sqrt(periods)"),
            number("smart_sharpe", smart(sharpe), "sharpe / autocorr_penalty"),
            number("sortino", sortino, "mean of r - rf / sqrt(mean of min(r - rf, 0)^2) x sqrt(periods)"),
            number("smart_sortino", smart(sortino), "sortino / autocorr_penalty"),
            number("adjusted_sortino", sortino.map(|value| value / 2f64.sqrt()), "sortino / sqrt(2) (Schwager)"),
            number(
                "autocorr_penalty",
                penalty,
                "sqrt(1 + 2 sum (n - k)/n |c|^k), c: correlation with the return before",
            ),
            number("omega", ratio(part(1.0), part(-1.0)), "gains over losses of r - rf around the required return"),
            number("calmar", calmar, "cagr / |max_drawdown|"),
            number("risk_return_ratio", self.sharpe(&self.sample), "mean / standard deviation (ddof 1), a period"),
        ]
    }

    fn wins(&self) -> Vec<Metric> {
        let sample = &self.sample;
        let rate = self.win_rate();
        let ruin = rate.map(|rate| ((1.0 - rate) / (1.0 + rate)).powf(sample.count));
        let runs = |holds: fn(f64) -> bool| Some(sample.longest_run(holds) as f64);
        vec![
            metric("win_rate", Unit::Share, rate, "gains / returns that are not zero"),
            metric("avg_win", Unit::Share, sample.mean_where(is_gain), "mean of the gains"),
            metric("avg_loss", Unit::Share, sample.mean_where(is_loss), "mean of the losses"),
            metric("consecutive_wins", Unit::Count, runs(is_gain), "most gains in a row"),
            metric("consecutive_losses", Unit::Count, runs(is_loss), "most losses in a row"),
            metric("risk_of_ruin", Unit::Share, ruin, "((1 - win_rate) / (1 + win_rate))^n"),
        ]
    }

    fn win_rate(&self) -> Option<f64> {
        ratio(self.sample.count_where(is_gain), self.sample.count_where(|value| value != 0.0))
    }

    fn payoffs(&self) -> Vec<Metric> {
        let sample = &self.sample;
        let (gains, losses) = (sample.sum_where(is_gain), -sample.sum_where(is_loss));
        let payoff =
            sample.mean_where(is_gain).zip(sample.mean_where(is_loss)).and_then(|(win, loss)| ratio(win, -loss));
        let factor = ratio(gains, losses);
        let kelly = payoff.zip(self.win_rate()).and_then(|(payoff, rate)| ratio(payoff * rate - (1.0 - rate), payoff));
        let cpc = factor.zip(payoff).zip(self.win_rate()).map(|((factor, payoff), rate)| factor * payoff * rate);
        let common = factor.zip(self.tail_ratio()).map(|(factor, tail)| factor * tail);
        let per_count = |holds: fn(f64) -> bool| ratio(sample.mean_where(holds)?.abs(), sample.count_where(holds));
        let profit = per_count(|r| r >= 0.0).zip(per_count(is_loss)).and_then(|(win, loss)| ratio(win, loss));
        let number = |name, value, convention| metric(name, Unit::Number, value, convention);
        vec![
            number("payoff_ratio", payoff, "avg_win / |avg_loss|"),
            number("profit_factor", factor, "sum of gains / |sum of losses|"),
            number("profit_ratio", profit, "(mean / count of r >= 0) / |mean / count of r < 0|"),
            number(
                "gain_to_pain_ratio",
                ratio(sample.sum(), losses),
                "sum of returns / |sum of losses|, a period each",
            ),
            number("cpc_index", cpc, "profit_factor x win_rate x payoff_ratio"),
            number("common_sense_ratio", common, "profit_factor x tail_ratio"),
            metric("kelly_criterion", Unit::Share, kelly, "win_rate - (1 - win_rate) / payoff_ratio"),
        ]
    }

    fn tail_ratio(&self) -> Option<f64> {
        ratio(self.sample.quantile(0.95), self.sample.quantile(0.05)).map(f64::abs)
    }

    fn tails(&self) -> Vec<Metric> {
        let (sample, share) = (&self.sample, 1.0 - self.options.confidence);
        let normal = Normal::standard();
        let score = normal.inverse_cdf(share);
        let deviation = sample.deviation_or_zero();
        let at_risk = deviation.map(|deviation| sample.mean + score * deviation);
        let shortfall = deviation.map(|deviation| sample.mean - deviation * normal.pdf(score) / share);
        let quantile = sample.quantile(share);
        let outlier = |share: f64, holds: fn(f64) -> bool| {
            sample.mean_where(holds).and_then(|mean| ratio(sample.quantile(share), mean))
        };
        vec![
            metric("value_at_risk", Unit::Share, at_risk, "normal: mean + z standard deviations (ddof 1), a period"),
            metric("conditional_value_at_risk", Unit::Share, shortfall, "normal: mean below value_at_risk, a period"),
            metric(
                "expected_shortfall_historical",
                Unit::Share,
                sample.mean_where(|value| value <= quantile),
                "mean of the returns at or below their (1 - confidence) quantile (linear)",
            ),
            metric("tail_ratio", Unit::Number, self.tail_ratio(), "|95 % quantile / 5 % quantile|, linear"),
            metric("outlier_win_ratio", Unit::Number, outlier(0.99, |r| r >= 0.0), "99 % quantile / mean of r >= 0"),
            metric("outlier_loss_ratio", Unit::Number, outlier(0.01, is_loss), "1 % quantile / mean of r < 0"),
        ]
    }

    fn falls(&self) -> Vec<Metric> {
        let (sample, options, total) = (&self.sample, self.options, self.total());
        let deepest = self.deepest();
        let squares: f64 = self.falls.iter().map(|fall| fall * fall).sum();
        let ulcer = ratio(squares, sample.count - 1.0).map(f64::sqrt);
        let performance = ulcer.and_then(|ulcer| ratio(total - options.risk_free, ulcer));
        let recovery = deepest.and_then(|deepest| ratio((sample.sum() - options.risk_free).abs(), -deepest));
        let below = self.falls.iter().fold((0_usize, 0), |(longest, run), fall| {
            let run = if *fall < 0.0 { run + 1 } else { 0 };
            (longest.max(run), run)
        });
        let longest = deepest.map(|_| below.0 as f64);
        vec![
            metric("max_drawdown", Unit::Share, deepest, "least of wealth / highest wealth before - 1, from 1 on"),
            metric("longest_drawdown", Unit::Count, longest, "most returns in a row below a peak"),
            metric("ulcer_index", Unit::Number, ulcer, "sqrt(sum of squared drawdowns / (n - 1))"),
            metric("ulcer_performance_index", Unit::Number, performance, "(comp - rf) / ulcer_index (Martin)"),
            metric(
                "serenity_index",
                Unit::Number,
                self.serenity(ulcer),
                "(sum of r - rf) / (ulcer_index x pitfall), the pitfall at 95 % whatever the confidence",
            ),
            metric("recovery_factor", Unit::Number, recovery, "|sum of r - rf| / |max_drawdown|"),
        ]
    }

    /// The least of the falls; `None` where wealth grew beyond a number, and with it what lies below.
    fn deepest(&self) -> Option<f64> {
        let are_known = self.falls.iter().all(|fall| fall.is_finite());
        are_known.then(|| self.falls.iter().copied().fold(0.0, f64::min))
    }

    /// KeyQuant's: the pitfall is the normal expected shortfall of the drawdowns over the deviation of the returns, always at
    /// [`PITFALL`], so that the index of two sheets is one figure.
    fn serenity(&self, ulcer: Option<f64>) -> Option<f64> {
        let falls = Sample::of(&self.falls)?;
        let normal = Normal::standard();
        let share = 1.0 - PITFALL;
        let shortfall = falls.mean - falls.deviation()? * normal.pdf(normal.inverse_cdf(share)) / share;
        let pitfall = -shortfall / self.sample.deviation()?;
        ratio(self.sample.sum() - self.options.risk_free, ulcer? * pitfall)
    }

    fn significance(&self) -> Vec<Metric> {
        let (options, sample) = (self.options, &self.sample);
        let excess = self.excess();
        let Some(excess) = Sample::of(&excess) else { return Vec::new() };
        let shape = excess.skew().zip(excess.excess_kurtosis().map(|excess| excess + 3.0));
        let target = options.target_sharpe / options.periods_per_year.sqrt();
        let probable = |value: Option<f64>, target: f64| {
            let ((skew, kurtosis), value) = shape.zip(value)?;
            probabilistic_sharpe(value, target, skew, kurtosis, sample.values.len())
        };
        let sharpe = self.sharpe(&excess);
        let sortino = ratio(excess.mean, excess.downside());
        let track = shape.zip(sharpe).and_then(|((skew, kurtosis), sharpe)| {
            minimum_track_record(sharpe, target, skew, kurtosis, options.confidence)
        });
        let share = |name, value, convention| metric(name, Unit::Share, value, convention);
        vec![
            share(
                "probabilistic_sharpe_ratio",
                probable(sharpe, target),
                "probability that the true Sharpe ratio is above the target (Bailey and Lopez de Prado 2012)",
            ),
            share(
                "probabilistic_sortino_ratio",
                probable(sortino, 0.0),
                "the same formula with the Sortino ratio, above 0",
            ),
            share(
                "probabilistic_adjusted_sortino_ratio",
                probable(sortino.map(|value| value / 2f64.sqrt()), 0.0),
                "the same formula with the adjusted Sortino ratio, above 0",
            ),
            metric(
                "minimum_track_record_length",
                Unit::Count,
                track,
                "returns needed to be confident that the true Sharpe ratio is above the target (the same paper)",
            ),
        ]
    }
}

/// What correlation with the return before makes of a deviation: √(1 + 2 Σ (n-k)/n |c|ᵏ).
fn autocorrelation_penalty(returns: &[f64]) -> Option<f64> {
    let count = returns.len();
    if returns.iter().any(|change| !change.is_finite()) {
        return None;
    }
    let before = returns.get(..count.checked_sub(1)?)?;
    let coefficient = super::relative::correlation(before, &returns[1..]).map_or(0.0, f64::abs);
    // Far powers of a coefficient below 1 are nothing.
    let mut power = 1.0;
    let terms = (1..count).map(|lag| {
        power *= coefficient;
        (count - lag) as f64 / count as f64 * power
    });
    Some((1.0 + 2.0 * terms.take_while(|term| *term > 0.0).sum::<f64>()).sqrt())
}
