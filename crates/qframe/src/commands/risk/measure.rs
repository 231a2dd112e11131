//! Value at risk by every method that was asked for.
use qframe_lab::report::exact_percent;
use qframe_lab::scenarios::draw;
use qframe_quant::covariance::Estimator;
use qframe_quant::risk::garch::{Garch, Model};
use qframe_quant::risk::{
    Confidence, Contribution, CornishFisher, Filtered, Moments, Normal, Quantile, RiskError, Shock, Simulation,
    StudentT, Tail, age_weighted, contributions, historical, incremental, normal_contributions, over, simulated,
};
use serde::Serialize;

use super::book::Book;

/// How a loss is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Method {
    All,
    Historical,
    OrderStatistic,
    AgeWeighted,
    Ewma,
    Normal,
    CornishFisher,
    StudentT,
    Garch,
    MonteCarlo,
    MonteCarloT,
    Bootstrap,
}

impl Method {
    /// All but [`Method::All`].
    pub(super) const EACH: [Self; 11] = [
        Self::Historical,
        Self::OrderStatistic,
        Self::AgeWeighted,
        Self::Ewma,
        Self::Normal,
        Self::CornishFisher,
        Self::StudentT,
        Self::Garch,
        Self::MonteCarlo,
        Self::MonteCarloT,
        Self::Bootstrap,
    ];

    /// Its name, as on the command line.
    pub(super) fn name(self) -> String {
        clap::ValueEnum::to_possible_value(&self).map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// How it gets from one observation to a horizon.
    pub(super) const fn rule(self) -> &'static str {
        match self {
            Self::Historical | Self::OrderStatistic | Self::AgeWeighted | Self::All => "overlapping returns",
            Self::Ewma | Self::Normal | Self::CornishFisher | Self::StudentT => "square root of time",
            Self::MonteCarlo | Self::MonteCarloT => "covariance times horizon",
            Self::Garch | Self::Bootstrap => "simulated paths",
        }
    }
}

/// How to measure.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) methods: Vec<Method>,
    /// Those of them that were asked for by their names: each must give a figure.
    pub(super) named: Vec<Method>,
    pub(super) confidences: Vec<Confidence>,
    pub(super) horizons: Vec<usize>,
    pub(super) scenarios: usize,
    pub(super) seed: u64,
    pub(super) estimator: Estimator,
    /// Decay of the age weights.
    pub(super) age_decay: f64,
    /// Decay of the volatility.
    pub(super) ewma_decay: f64,
    pub(super) model: Model,
    /// Mean length of the bootstrap's stretches.
    pub(super) block: f64,
}

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Figure {
    pub(super) method: Method,
    pub(super) rule: &'static str,
    pub(super) horizon: usize,
    pub(super) confidence: f64,
    /// Losses as fractions of the book.
    pub(super) var: f64,
    pub(super) cvar: f64,
    pub(super) var_error: Option<f64>,
    pub(super) cvar_error: Option<f64>,
    /// The same in money.
    pub(super) var_money: Option<f64>,
    pub(super) cvar_money: Option<f64>,
}

/// A method that gives no figure, at which horizons, and why.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Unmeasured {
    pub(super) method: Method,
    pub(super) horizons: Vec<usize>,
    pub(super) why: String,
}

/// What one holding adds.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Part {
    pub(super) method: Method,
    pub(super) confidence: f64,
    pub(super) symbol: String,
    pub(super) component_var: f64,
    pub(super) component_cvar: f64,
    pub(super) marginal_var: f64,
    pub(super) marginal_cvar: f64,
    /// The VaR less that of the book without it; of methods that need no scenarios.
    pub(super) incremental_var: Option<f64>,
}

/// Everything measured.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub(super) figures: Vec<Figure>,
    pub(super) unmeasured: Vec<Unmeasured>,
}

/// Figures of all methods, horizons and confidences; `done` is told after each.
pub(super) fn measure(book: &Book, settings: &Settings, mut done: impl FnMut()) -> Measured {
    let mut measured = Measured::default();
    for horizon in &settings.horizons {
        for method in &settings.methods {
            match tails(book, settings, *method, *horizon) {
                Ok(tails) => {
                    let rows = tails.into_iter().zip(&settings.confidences);
                    measured.figures.extend(rows.map(|(tail, at)| figure(book, *method, *horizon, *at, tail)));
                }
                Err(error) => {
                    let of_assets = matches!(method, Method::MonteCarlo | Method::MonteCarloT | Method::Bootstrap);
                    let why = if of_assets { book.told(error) } else { book.told_whole(error) };
                    measured.leave_out(*method, *horizon, why);
                }
            }
            done();
        }
    }
    measured
}

impl Measured {
    /// A method is left out once, however many horizons it fails at for one reason.
    fn leave_out(&mut self, method: Method, horizon: usize, why: String) {
        match self.unmeasured.iter_mut().find(|one| one.method == method && one.why == why) {
            Some(one) => one.horizons.push(horizon),
            None => self.unmeasured.push(Unmeasured { method, horizons: vec![horizon], why }),
        }
    }
}

impl Unmeasured {
    /// A sentence of it; `horizons` are all that were asked for.
    pub(super) fn told(&self, horizons: &[usize]) -> String {
        let name = self.method.name();
        match &self.horizons[..] {
            all if all == horizons => format!("{name}: {}", self.why),
            some => {
                let some: Vec<String> = some.iter().map(ToString::to_string).collect();
                format!("{name}, horizon {}: {}", some.join(" and "), self.why)
            }
        }
    }
}

/// Outcomes beyond the VaR without which a quantile of history is one or two days' luck.
const BEYOND_MIN: f64 = 5.0;

/// Where history is too short for its confidence: overlapping returns of h observations count as one h-th of them.
pub(super) fn warnings(book: &Book, settings: &Settings) -> Vec<String> {
    let observations = book.returns.observations();
    let mut few = Vec::new();
    for method in &settings.methods {
        let known = match method {
            // As many equal weights as say as much: (Σ w)² / Σ w² (Kish 1965).
            Method::AgeWeighted => effective(settings.age_decay, observations),
            Method::Historical | Method::OrderStatistic => observations as f64,
            _ => continue,
        };
        for horizon in &settings.horizons {
            for at in &settings.confidences {
                let beyond = known / *horizon as f64 * at.tail();
                let level = exact_percent(at.value());
                let told = || format!("{} {beyond:.1} (horizon {horizon}, {level})", method.name());
                few.extend((beyond < BEYOND_MIN - 1e-9).then(told));
            }
        }
    }
    let told = format!(
        "fewer than {BEYOND_MIN} independent outcomes lie beyond these figures of history, which makes them chance: {}; give \
         more history, or a lower confidence",
        few.join(", ")
    );
    if few.is_empty() { Vec::new() } else { vec![told] }
}

/// (Σ w)² / Σ w² of weights that fall by `decay`.
fn effective(decay: f64, count: usize) -> f64 {
    let all = (1.0 - decay.powf(count as f64)) / (1.0 - decay);
    all * all * (1.0 - decay * decay) / (1.0 - decay.powf(2.0 * count as f64))
}

/// The VaR of one method at the first confidence and horizon; nothing where it has none.
pub(super) fn first_var(book: &Book, settings: &Settings, method: Method) -> Option<f64> {
    let first = Settings { confidences: settings.confidences[..1].to_vec(), ..settings.clone() };
    Some(tails(book, &first, method, settings.horizons[0]).ok()?[0].var)
}

fn figure(book: &Book, method: Method, horizon: usize, confidence: Confidence, tail: Tail) -> Figure {
    Figure {
        method,
        rule: method.rule(),
        horizon,
        confidence: confidence.value(),
        var: tail.var,
        cvar: tail.cvar,
        var_error: tail.errors.map(|errors| errors.0),
        cvar_error: tail.errors.map(|errors| errors.1),
        var_money: book.base.map(|base| base * tail.var),
        cvar_money: book.base.map(|base| base * tail.cvar),
    }
}

fn tails(book: &Book, settings: &Settings, method: Method, horizon: usize) -> Result<Vec<Tail>, RiskError> {
    let (weights, at) = (book.weights(), &settings.confidences);
    let held = || Ok::<_, RiskError>(over(&book.returns, horizon)?.portfolio(&weights));
    let all = |tail: &dyn Fn(Confidence) -> Result<Tail, RiskError>| at.iter().map(|at| tail(*at)).collect();
    match method {
        Method::All | Method::Historical => historical(&held()?, Quantile::Linear, at),
        Method::OrderStatistic => historical(&held()?, Quantile::Order, at),
        Method::AgeWeighted => age_weighted(&held()?, settings.age_decay, at),
        Method::Ewma => {
            let normal = Normal::ewma(&book.series(), settings.ewma_decay)?;
            all(&|at| Ok(normal.tail(at, horizon)))
        }
        Method::Normal => {
            let Moments { mean, deviation, .. } = Moments::of(&book.series())?;
            all(&|at| Ok(Normal { mean, deviation }.tail(at, horizon)))
        }
        Method::CornishFisher => {
            let bent = CornishFisher(Moments::of(&book.series())?);
            all(&|at| bent.tail(at, horizon))
        }
        Method::StudentT => {
            let student = StudentT::fit(&book.series())?;
            all(&|at| student.tail(at, horizon))
        }
        Method::Garch => {
            let garch = Garch::fit(&book.series(), settings.model)?;
            simulated(&mut draw(&Filtered::new(garch, horizon, settings.scenarios, settings.seed)?), at)
        }
        Method::MonteCarlo | Method::MonteCarloT | Method::Bootstrap => {
            simulated(&mut draw(&simulation(book, settings, method, horizon)?), at)
        }
    }
}

/// The scenarios of a method that draws all assets.
fn simulation(book: &Book, settings: &Settings, method: Method, horizon: usize) -> Result<Simulation, RiskError> {
    let (weights, scenarios, seed) = (book.weights(), settings.scenarios, settings.seed);
    if method == Method::Bootstrap {
        return Simulation::bootstrap(book.returns.clone(), &weights, horizon, settings.block, scenarios, seed);
    }
    let covariance = settings.estimator.estimate(&book.returns)?.scaled(horizon as f64);
    let means: Vec<f64> = book.returns.means().iter().map(|mean| mean * horizon as f64).collect();
    let shock = match method {
        // A covariance exists above two degrees of freedom.
        Method::MonteCarloT => Shock::Student(StudentT::fit(&book.series())?.freedom.max(2.1)),
        _ => Shock::Normal,
    };
    Simulation::new(&covariance, &means, &weights, shock, scenarios, seed)
}

/// Methods that have no figures, and why.
pub(super) type Without = Vec<(Method, RiskError)>;

/// Which holding the first horizon's figures come from, by each method that can tell. A method without a figure there has said
/// why.
///
/// Behind them the methods that have none.
pub(super) fn parts(book: &Book, settings: &Settings, figures: &[Figure]) -> (Vec<Part>, Without) {
    let (mut parts, mut without) = (Vec::new(), Vec::new());
    let is_measured =
        |method: &&Method| figures.iter().any(|one| one.method == **method && one.horizon == settings.horizons[0]);
    for method in settings.methods.iter().filter(is_measured) {
        let before = parts.len();
        if let Err(error) = parts_by(book, settings, *method, &mut parts) {
            parts.truncate(before);
            without.push((*method, error));
        }
    }
    (parts, without)
}

fn parts_by(book: &Book, settings: &Settings, method: Method, parts: &mut Vec<Part>) -> Result<(), RiskError> {
    let (weights, horizon) = (book.weights(), settings.horizons[0]);
    match method {
        Method::OrderStatistic => {
            let held = over(&book.returns, horizon)?;
            for at in &settings.confidences {
                let var = |weights: &[f64]| {
                    Ok::<_, RiskError>(historical(&held.portfolio(weights), Quantile::Order, &[*at])?[0].var)
                };
                let added = incremental(&weights, var)?;
                push(parts, book, (method, *at), &contributions(&held, &weights, *at)?, Some(&added));
            }
        }
        Method::Normal => {
            // Of the returns themselves, as the figure is: the components sum to it, however many assets there are.
            let (means, covariances) = (book.returns.means(), book.returns.covariances(&weights));
            for at in &settings.confidences {
                let of = normal_contributions(&covariances, &means, &weights, *at, horizon);
                let normal = |weights: &[f64]| Normal::sample(&book.returns.portfolio(weights));
                let var = |weights: &[f64]| Ok::<_, RiskError>(normal(weights).tail(*at, horizon).var);
                push(parts, book, (method, *at), &of, Some(&incremental(&weights, var)?));
            }
        }
        Method::MonteCarlo | Method::MonteCarloT | Method::Bootstrap => {
            let simulation = simulation(book, settings, method, horizon)?;
            let outcomes = draw(&simulation);
            for at in &settings.confidences {
                push(parts, book, (method, *at), &simulation.contributions(&outcomes, *at)?, None);
            }
        }
        _ => {}
    }
    Ok(())
}

fn push(
    parts: &mut Vec<Part>,
    book: &Book,
    (method, at): (Method, Confidence),
    contributions: &[Contribution],
    added: Option<&[f64]>,
) {
    for (asset, (holding, one)) in book.holdings.iter().zip(contributions).enumerate() {
        parts.push(Part {
            method,
            confidence: at.value(),
            symbol: holding.symbol.clone(),
            component_var: one.var,
            component_cvar: one.cvar,
            marginal_var: one.marginal_var,
            marginal_cvar: one.marginal_cvar,
            incremental_var: added.map(|added| added[asset]),
        });
    }
}
