//! The models of volatility, and whether forecasts of value at risk held on the days after them.
use qframe_quant::risk::backtest::{Exceedances, Light};
use qframe_quant::risk::garch::{Garch, Model};
use qframe_quant::risk::{
    Confidence, CornishFisher, Moments, Normal, Quantile, RiskError, StudentT, age_weighted, historical,
};
use serde::Serialize;

use super::book::Book;
use super::measure::{Method, Settings, Without};

/// A fitted model.
#[derive(Debug, Serialize)]
pub(super) struct Fitted {
    pub(super) model: &'static str,
    pub(super) parameters: Vec<Parameter>,
    pub(super) log_likelihood: f64,
    pub(super) aic: f64,
    pub(super) bic: f64,
    pub(super) persistence: f64,
    /// Of the last observation and of those to come, up to the longest horizon.
    pub(super) volatility: f64,
    pub(super) forecast: Vec<f64>,
}

/// A parameter and its robust standard error.
#[derive(Debug, Serialize)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) value: f64,
    pub(super) error: Option<f64>,
}

/// How the forecasts of one method did.
#[derive(Debug, Serialize)]
pub(super) struct Held {
    pub(super) method: Method,
    pub(super) confidence: f64,
    pub(super) observations: usize,
    pub(super) exceeded: usize,
    pub(super) expected: f64,
    pub(super) kupiec_p: f64,
    pub(super) independence_p: f64,
    pub(super) conditional_p: f64,
    pub(super) light: &'static str,
}

/// Observations between two fits of a model; each one would change next to nothing.
pub(super) const REFIT: usize = 20;

/// The model of the command line, fitted to the book.
///
/// # Errors
/// Those of [`Garch::fit`].
pub(super) fn fitted(book: &Book, settings: &Settings) -> Result<Fitted, RiskError> {
    let garch = Garch::fit(&book.series(), settings.model)?;
    let longest = settings.horizons.iter().copied().max().unwrap_or(1);
    let p = garch.parameters;
    let Model { asymmetric, student } = garch.model;
    let mut values = vec![("mu", p.mu), ("omega", p.omega), ("alpha", p.alpha)];
    values.extend(asymmetric.then_some(("gamma", p.gamma)));
    values.push(("beta", p.beta));
    values.extend(p.nu.filter(|_| student).map(|nu| ("nu", nu)));
    let parameter = |(place, (name, value)): (usize, (&'static str, f64))| Parameter {
        name,
        value,
        error: garch.errors.get(place).copied(),
    };
    Ok(Fitted {
        model: garch.model.name(),
        parameters: values.into_iter().enumerate().map(parameter).collect(),
        log_likelihood: garch.log_likelihood,
        aic: garch.aic(),
        bic: garch.bic(),
        persistence: p.persistence(),
        volatility: garch.volatilities.last().copied().unwrap_or_default(),
        forecast: garch.forecast(longest).into_iter().map(f64::sqrt).collect(),
    })
}

/// Forecasts each observation from the `window` before it, by every method that needs no scenarios, and counts what went beyond.
///
/// # Errors
/// [`RiskError`] of the first forecast that cannot be made.
pub(super) fn held(book: &Book, settings: &Settings, window: usize) -> Result<(Vec<Held>, Without), RiskError> {
    let series = book.series();
    if series.len() < window + 2 {
        return Err(RiskError::TooFew { observations: series.len(), needed: window + 2 });
    }
    let (mut rows, mut without) = (Vec::new(), Vec::new());
    for method in &settings.methods {
        if matches!(method, Method::MonteCarlo | Method::MonteCarloT | Method::Bootstrap | Method::All) {
            continue;
        }
        for at in &settings.confidences {
            let mut forecaster = Forecaster { method: *method, settings, at: *at, window, fitted: None };
            let forecasts: Result<Vec<f64>, RiskError> =
                (window..series.len()).map(|day| forecaster.forecast(&series[day - window..day], day)).collect();
            // A method that fails on some windows is left out whole, as a mean over the others would flatter it.
            let forecasts = match forecasts {
                Ok(forecasts) => forecasts,
                Err(error) => {
                    without.push((*method, error));
                    break;
                }
            };
            rows.push(row(*method, *at, &Exceedances::new(&series[window..], &forecasts, *at)?));
        }
    }
    Ok((rows, without))
}

struct Forecaster<'a> {
    method: Method,
    settings: &'a Settings,
    at: Confidence,
    window: usize,
    /// Parameters and innovations of the last fit.
    fitted: Option<Fit>,
}

enum Fit {
    Student(StudentT),
    Garch(Box<Garch>),
}

impl Forecaster<'_> {
    fn forecast(&mut self, before: &[f64], day: usize) -> Result<f64, RiskError> {
        let at = self.at;
        let refit = (day - self.window).is_multiple_of(REFIT);
        Ok(match self.method {
            Method::OrderStatistic => historical(before, Quantile::Order, &[at])?[0].var,
            Method::AgeWeighted => age_weighted(before, self.settings.age_decay, &[at])?[0].var,
            Method::Ewma => Normal::ewma(before, self.settings.ewma_decay)?.tail(at, 1).var,
            Method::Normal => {
                let Moments { mean, deviation, .. } = Moments::of(before)?;
                Normal { mean, deviation }.tail(at, 1).var
            }
            Method::CornishFisher => CornishFisher(Moments::of(before)?).tail(at, 1)?.var,
            Method::StudentT => {
                if refit {
                    self.fitted = Some(Fit::Student(StudentT::fit(before)?));
                }
                match &self.fitted {
                    Some(Fit::Student(student)) => student.tail(at, 1)?.var,
                    _ => 0.0,
                }
            }
            Method::Garch => {
                match (&self.fitted, refit) {
                    (Some(Fit::Garch(garch)), false) => self.fitted = Some(Fit::Garch(Box::new(garch.over(before)?))),
                    // A window on which the search fails keeps the last parameters.
                    (before_fit, _) => {
                        let fresh = match (Garch::fit(before, self.settings.model), before_fit) {
                            (Err(RiskError::NoFit { .. }), Some(Fit::Garch(garch))) => garch.over(before)?,
                            (fresh, _) => fresh?,
                        };
                        self.fitted = Some(Fit::Garch(Box::new(fresh)));
                    }
                }
                match &self.fitted {
                    // One observation ahead the volatility is known: no scenarios are needed.
                    Some(Fit::Garch(garch)) => {
                        let innovation = historical(&garch.innovations, Quantile::Order, &[at])?[0].var;
                        innovation * garch.next_variance().sqrt() - garch.parameters.mu
                    }
                    _ => 0.0,
                }
            }
            _ => historical(before, Quantile::Linear, &[at])?[0].var,
        })
    }
}

fn row(method: Method, at: Confidence, exceedances: &Exceedances) -> Held {
    Held {
        method,
        confidence: at.value(),
        observations: exceedances.observations(),
        exceeded: exceedances.count(),
        expected: exceedances.expected(),
        kupiec_p: exceedances.kupiec().p_value,
        independence_p: exceedances.independence().p_value,
        conditional_p: exceedances.conditional().p_value,
        light: match exceedances.light() {
            Light::Green => "green",
            Light::Yellow => "yellow",
            Light::Red => "red",
        },
    }
}
