//! `qframe risk`: how much a book can lose, why, and what would be too much.
mod advice;
mod assess;
mod book;
mod exposure;
mod forecasts;
mod gauge;
mod measure;
mod page;
mod sections;
mod stress;

use std::io::{self, Write};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use qframe_lab::report::write_atomically;
use qframe_model::assessment::{Recommendation, RiskAssessment};
use qframe_model::number::Cash;
use qframe_model::time::Time;
use qframe_quant::covariance::Estimator;
use qframe_quant::risk::garch::Model;
use qframe_quant::risk::{Confidence, RiskError};
use serde::Serialize;

use crate::error::Error;
use crate::run::panel::{Age, Prices};
use crate::run::target::check_new;
use crate::run::values::{SHARE_FROM, per_cent, unsigned};
use assess::Limits;
use book::Book;
use gauge::Gauges;
use measure::{Figure, Method, Part, Settings, Unmeasured};
use stress::{Closing, Reversed, Scenario, Shock, Window};

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  qframe risk --prices prices.csv\n  \
    qframe risk --prices prices.csv --positions book.csv --cash 10000 --shock class:tech=-10%,AAPL=-20% --report risk.html\n  \
    qframe risk --prices prices.csv --weights weights.csv --confidence 95,99 --horizon 1,10 --window 2008-09-01..2008-11-28\n  \
    qframe risk --equity equity.csv --method historical,garch --backtest 500 --json\n\n\
    A loss is a number above zero. weights.csv: symbol,weight (cash among them), the sum is one. book.csv: symbol,quantity and,\n\
    if known, time,class,currency,volume (units a day); price is for qframe portfolio rebalance. equity.csv: time,equity.")]
pub(crate) struct Args {
    #[command(flatten)]
    prices: Prices,
    #[command(flatten)]
    age: Age,
    /// What is held: symbol,weight rows that sum to one; `cash` needs no price [all assets alike].
    #[arg(long, value_name = "FILE", conflicts_with_all = ["positions", "equity"], help_heading = "Book")]
    weights: Option<PathBuf>,
    /// What is held: symbol,quantity rows in units, worth what the last prices say.
    #[arg(long, value_name = "FILE", conflicts_with = "equity", help_heading = "Book")]
    positions: Option<PathBuf>,
    /// Cash beside the positions.
    #[arg(long, value_name = "AMOUNT", requires = "positions", help_heading = "Book")]
    cash: Option<Cash>,
    /// One series instead of prices: time,equity rows, such as the equity file of a backtest.
    #[arg(long, value_name = "FILE", conflicts_with = "prices", help_heading = "Book")]
    equity: Option<PathBuf>,
    /// An asset of the prices that the book is held against: beta, tracking error. It is not held unless the book says so.
    #[arg(long, value_name = "NAME", requires = "prices", help_heading = "Book")]
    benchmark: Option<String>,
    /// Probabilities, in percent, with which a loss is not exceeded.
    #[arg(long, value_name = "PERCENT,…", value_delimiter = ',', default_value = "95,99", value_parser = per_cent, help_heading = "Measure")]
    confidence: Vec<f64>,
    /// Observations that positions are held for.
    #[arg(long, value_name = "NUMBER,…", value_delimiter = ',', default_value = "1,10", help_heading = "Measure")]
    horizon: Vec<usize>,
    /// How to measure.
    #[arg(long, value_name = "METHOD,…", value_delimiter = ',', default_value = "all", help_heading = "Measure")]
    method: Vec<Method>,
    /// How many scenarios a simulation draws.
    #[arg(long, value_name = "NUMBER", default_value_t = 100_000, help_heading = "Measure")]
    scenarios: usize,
    /// Where chance begins: the same seed gives the same figures.
    #[arg(long, value_name = "NUMBER", default_value_t = 42, help_heading = "Measure")]
    seed: u64,
    /// How the covariance is estimated.
    #[arg(long, value_name = "NAME", default_value = "ledoit-wolf", help_heading = "Measure")]
    covariance: Covariances,
    /// The model of volatility behind the method garch.
    #[arg(long, value_name = "NAME", default_value = "garch", help_heading = "Measure")]
    garch: Models,
    /// What an observation weighs for volatility, compared with the next newer one (0.94: RiskMetrics' days).
    #[arg(long, value_name = "NUMBER", default_value_t = 0.94, help_heading = "Measure")]
    decay: f64,
    /// The same for age-weighted history.
    #[arg(long, value_name = "NUMBER", default_value_t = 0.99, help_heading = "Measure")]
    age_decay: f64,
    /// Mean length of the stretches of history that the bootstrap joins [third root of the observations].
    #[arg(long, value_name = "NUMBER", help_heading = "Measure")]
    block: Option<f64>,
    /// Forecast each observation from as many before it, and test what came.
    #[arg(long, value_name = "WINDOW", num_args = 0..=1, default_missing_value = "500", help_heading = "Measure")]
    backtest: Option<usize>,
    /// Moves at once: AAPL=-20%, class:NAME=, currency:NAME=, factor:NAME= (by each asset's beta), all=; commas join them.
    #[arg(long, value_name = "MOVES", allow_hyphen_values = true, help_heading = "Stress")]
    shock: Vec<String>,
    /// A time of history that the positions are held through, from the last price before it, as 2008-09-01..2008-11-28.
    #[arg(long, value_name = "FROM..TO", help_heading = "Stress")]
    window: Vec<String>,
    /// Find the likeliest way to lose so much.
    #[arg(long, value_name = "PERCENT", default_value = "10%", help_heading = "Stress")]
    reverse: String,
    /// The share of the daily volume that closing a position may take.
    #[arg(long, value_name = "PERCENT", default_value = "10%", help_heading = "Stress")]
    participation: String,
    /// A limit of the assessment: var, drawdown, stress, leverage, position, days-to-close, currency or disagreement.
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Assessment")]
    limit: Vec<String>,
    /// A metric that was measured elsewhere: market, credit, liquidity, operational, concentration, currency or model.
    #[arg(long, value_name = "RISK:NAME=VALUE/LIMIT", help_heading = "Assessment")]
    metric: Vec<String>,
    /// Write all of it as one HTML page.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write over a report that is there.
    #[arg(long, requires = "report")]
    force: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Covariances {
    Sample,
    Ewma,
    LedoitWolf,
    Denoised,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Models {
    Garch,
    GarchT,
    Gjr,
    GjrT,
}

/// All that came of it.
#[derive(Debug, Serialize)]
struct Answer {
    /// First and last price.
    from: Time,
    to: Time,
    observations: usize,
    horizons: Vec<usize>,
    holdings: Vec<Held>,
    /// What the book is worth, where that is known.
    value: Option<f64>,
    #[serde(rename = "risk")]
    figures: Vec<Figure>,
    unmeasured: Vec<Unmeasured>,
    contributions: Vec<Part>,
    exposure: exposure::Held,
    correlation: Option<exposure::Correlations>,
    volatility: Option<forecasts::Fitted>,
    stress: Vec<Scenario>,
    reverse: Option<Reversed>,
    liquidity: Vec<Closing>,
    backtest: Vec<forecasts::Held>,
    assessment: Option<Assessed>,
    /// What makes a figure less than it looks.
    warnings: Vec<String>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Held {
    symbol: String,
    weight: f64,
    quantity: Option<String>,
    value: Option<String>,
}

/// The assessment with what follows from it.
#[derive(Debug, Serialize)]
struct Assessed {
    score: f64,
    level: String,
    metrics: Vec<Judged>,
    /// Which others there would be, and why they are not told.
    unmeasured: Vec<String>,
    recommendations: Vec<String>,
    /// The same in numbers.
    steps: Vec<Recommendation>,
}

#[derive(Debug, Serialize)]
struct Judged {
    risk: String,
    name: String,
    value: f64,
    limit: f64,
    used: f64,
    level: String,
}

/// Scenarios at most: eight bytes each, and their order.
const SCENARIOS_MAX: usize = 50_000_000;

impl Args {
    pub(crate) fn run(self) -> Result<(), Error> {
        self.check_flags()?;
        let shocks = self.shock.iter().map(|word| Shock::parse(word)).collect::<Result<Vec<_>, _>>()?;
        let windows = self.window.iter().map(|word| Window::parse(word)).collect::<Result<Vec<_>, _>>()?;
        let limits = Limits::parse(&self.limit, &self.metric)?;
        let loss = share("--reverse", &self.reverse)?;
        let participation = share("--participation", &self.participation)?;
        self.check_report()?;
        let mut settings = self.settings()?;
        let book = Book::load(&self)?;
        settings.block = self.block.unwrap_or_else(|| (book.returns.observations() as f64).cbrt().round().max(1.0));
        let mut answer = self.answer(&book, &settings)?;
        answer.stress = stress::scenarios(&book, &settings, &windows, &shocks)?;
        match stress::reversed(&book, &settings, loss) {
            Ok(reversed) => answer.reverse = Some(reversed),
            Err(why) => answer.notes.push(why),
        }
        answer.liquidity = stress::closings(&book, participation);
        let gauges = Gauges {
            settings: &settings,
            methods: gauge::vars(&answer).map(|(method, _)| method).collect(),
            windows: &windows,
            shocks: &shocks,
            participation,
            bar: ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_message("sizes of positions"),
        };
        answer.assessment = Some(judged(assess::assess(&book, &answer, &limits, &gauges)));
        gauges.bar.finish_and_clear();
        self.tell(&answer)
    }

    /// What a flag needs conflicts with another one that is given: clap asks for it no more, and the flag would be passed over.
    fn check_flags(&self) -> Result<(), Error> {
        if let Some(cash) = self.cash.filter(|_| self.positions.is_none()) {
            let whose =
                if self.weights.is_some() { "of weights it is a row cash,0.2" } else { "a curve has its own in it" };
            return Err(Error::usage("--cash", cash, format!("it is for --positions; {whose}: leave it out")));
        }
        match self.benchmark.as_ref().filter(|_| self.equity.is_some()) {
            Some(name) => {
                let why = "it is for --prices, of which it is an asset; an equity curve has none: leave it out";
                Err(Error::usage("--benchmark", name, why))
            }
            None => Ok(()),
        }
    }

    fn settings(&self) -> Result<Settings, Error> {
        let confidence = |percent: &f64| {
            let why = "expected percent above 50 and below 100, as 95";
            Confidence::new(percent / 100.0).map_err(|_| Error::usage("--confidence", percent, why))
        };
        if let Some(horizon) = self.horizon.iter().find(|horizon| !(1..=1_000).contains(*horizon)) {
            return Err(Error::usage("--horizon", horizon, "expected 1 to 1000 observations"));
        }
        if !(1_000..=SCENARIOS_MAX).contains(&self.scenarios) {
            let why = format!("expected 1000 to {SCENARIOS_MAX}");
            return Err(Error::usage("--scenarios", self.scenarios, why));
        }
        for (flag, decay) in [("--decay", self.decay), ("--age-decay", self.age_decay)] {
            if !(decay > 0.0 && decay < 1.0) {
                return Err(Error::usage(flag, decay, "expected a number above 0 and below 1, as 0.94"));
            }
        }
        if let Some(block) = self.block.filter(|block| !(*block >= 1.0 && block.is_finite())) {
            return Err(Error::usage("--block", block, "expected at least 1"));
        }
        if let Some(window) = self.backtest.filter(|window| *window < 50) {
            return Err(Error::usage("--backtest", window, "expected at least 50 observations, as 500"));
        }
        let mut methods = Vec::new();
        for method in &self.method {
            let named = if *method == Method::All { &Method::EACH[..] } else { std::slice::from_ref(method) };
            methods.extend(named.iter().filter(|method| !methods.contains(*method)).copied().collect::<Vec<_>>());
        }
        Ok(Settings {
            methods,
            named: self.method.iter().filter(|method| **method != Method::All).copied().collect(),
            confidences: once(&self.confidence).iter().map(confidence).collect::<Result<_, _>>()?,
            horizons: once(&self.horizon),
            scenarios: self.scenarios,
            seed: self.seed,
            estimator: match self.covariance {
                Covariances::Sample => Estimator::Sample,
                Covariances::Ewma => Estimator::Ewma(self.decay),
                Covariances::LedoitWolf => Estimator::LedoitWolf,
                Covariances::Denoised => Estimator::Denoised,
            },
            age_decay: self.age_decay,
            ewma_decay: self.decay,
            model: match self.garch {
                Models::Garch => Model::GARCH,
                Models::GarchT => Model::GARCH_T,
                Models::Gjr => Model::GJR,
                Models::GjrT => Model::GJR_T,
            },
            block: 1.0,
        })
    }

    /// Finds out before the work whether the page can be written, and that it takes nothing away.
    fn check_report(&self) -> Result<(), Error> {
        let Some(path) = &self.report else { return Ok(()) };
        let place = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        let given = self
            .prices
            .prices
            .iter()
            .map(|word| PathBuf::from(word.0.rsplit_once('=').map_or(&*word.0, |(_, path)| path)));
        let inputs = [&self.weights, &self.positions, &self.equity].into_iter().flatten().cloned().chain(given);
        if inputs.map(|input| place(&input)).any(|input| input == place(path)) {
            return Err(Error::usage("--report", path.display(), "it is read from; name another file"));
        }
        check_new("--report", path, self.force)
    }

    /// Tests of forecasts, where they were asked for. Methods that fail are noted, unless they were named.
    fn forecasts(
        &self,
        book: &Book,
        settings: &Settings,
        notes: &mut Vec<String>,
    ) -> Result<Vec<forecasts::Held>, Error> {
        let Some(window) = self.backtest else { return Ok(Vec::new()) };
        let refused = |error| Error::Refused(format!("--backtest {window}: {}", book.told(error)));
        let (rows, without) = forecasts::held(book, settings, window).map_err(refused)?;
        for (method, error) in without {
            // The expansion is no quantile on some windows of any series.
            let is_wanted = settings.named.contains(&method) && !matches!(error, RiskError::Expansion { .. });
            if is_wanted || rows.is_empty() {
                return Err(refused(error));
            }
            notes.push(format!("no test of forecasts by {}: {}", method.name(), book.told(error)));
        }
        Ok(rows)
    }

    fn answer(&self, book: &Book, settings: &Settings) -> Result<Answer, Error> {
        let measured = watched(book, settings);
        // Of all methods those are left out that cannot measure this book; one that was named is wanted.
        let wanted = |one: &&Unmeasured| measured.figures.is_empty() || settings.named.contains(&one.method);
        let whys: Vec<&Unmeasured> = measured.unmeasured.iter().filter(wanted).collect();
        if !whys.is_empty() {
            return Err(Error::Several(whys.into_iter().map(|one| one.told(&settings.horizons)).collect()));
        }
        let mut notes = noted(book);
        let mut or_note = |what: &str, why: String| notes.push(format!("no {what}: {why}"));
        let (contributions, without) = measure::parts(book, settings, &measured.figures);
        for (method, error) in without {
            or_note(&format!("contributions by {}", method.name()), book.told(error));
        }
        let correlation = exposure::correlations(book, settings)
            .and_then(|found| found.map_err(|error| or_note("correlations", book.told(error))).ok());
        let volatility = settings.methods.contains(&Method::Garch).then(|| forecasts::fitted(book, settings));
        let volatility =
            volatility.and_then(|fitted| fitted.map_err(|error| or_note("volatility", book.told(error))).ok());
        let backtest = self.forecasts(book, settings, &mut notes)?;
        let holding = |holding: &book::Holding| Held {
            symbol: holding.symbol.clone(),
            weight: holding.weight,
            quantity: holding.quantity.map(|quantity| quantity.to_string()),
            value: holding.value.map(|value| value.to_string()),
        };
        Ok(Answer {
            from: book.times[0],
            to: book.times[book.times.len() - 1],
            observations: book.returns.observations(),
            horizons: settings.horizons.clone(),
            holdings: book.holdings.iter().map(holding).collect(),
            value: book.base,
            figures: measured.figures,
            unmeasured: measured.unmeasured,
            contributions,
            exposure: exposure::held(book, settings),
            correlation,
            volatility,
            stress: Vec::new(),
            reverse: None,
            liquidity: Vec::new(),
            backtest,
            assessment: None,
            warnings: measure::warnings(book, settings),
            notes,
        })
    }

    fn tell(&self, answer: &Answer) -> Result<(), Error> {
        let sections = sections::of(answer);
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, answer).map_err(io::Error::from)?;
            writeln!(out)?;
        } else {
            sections::print(answer, &sections, &mut out)?;
        }
        let Some(path) = &self.report else { return Ok(()) };
        let written = write_atomically(path, |out| Ok(page::write(answer, &sections, out)?));
        written.map_err(|error| Error::Refused(format!("--report {error}")))?;
        if !self.json {
            writeln!(out, "report written: {}", path.display())?;
        }
        Ok(())
    }
}

/// Measures with a progress bar where a person waits; it shows itself after a second.
fn watched(book: &Book, settings: &Settings) -> measure::Measured {
    let steps = settings.methods.len() * settings.horizons.len();
    let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} figures {eta}") {
        bar.set_style(style);
    }
    let mut done = 0;
    let measured = measure::measure(book, settings, || {
        done += 1;
        if bar.elapsed().as_millis() > 1_000 {
            bar.set_position(done);
        }
    });
    bar.finish_and_clear();
    measured
}

/// A share of the command line: above 0, at most 1.
fn share(flag: &str, word: &str) -> Result<f64, Error> {
    let share = stress::fraction(word).filter(|share| *share > 0.0 && *share <= 1.0);
    let share = share.ok_or_else(|| Error::usage(flag, word, "expected a share above 0 and up to 100%, as 10%"))?;
    unsigned(word, SHARE_FROM).map_or(Ok(share), |why| Err(Error::usage(flag, word, why)))
}

fn judged((entity, unmeasured): (RiskAssessment, Vec<String>)) -> Assessed {
    let metric = |metric: &qframe_model::assessment::Metric| Judged {
        risk: metric.risk().to_string(),
        name: metric.name().to_owned(),
        value: metric.value(),
        limit: metric.limit(),
        used: metric.used(),
        level: metric.level().to_string(),
    };
    Assessed {
        score: entity.score(),
        level: entity.level().to_string(),
        metrics: entity.metrics.iter().map(metric).collect(),
        unmeasured,
        recommendations: entity.recommendations.iter().map(ToString::to_string).collect(),
        steps: entity.recommendations,
    }
}

/// Each value once, in the order of the first ones.
fn once<T: PartialEq + Copy>(values: &[T]) -> Vec<T> {
    let mut once = Vec::new();
    for value in values {
        if !once.contains(value) {
            once.push(*value);
        }
    }
    once
}

/// What there is to say of a book before it is measured.
fn noted(book: &Book) -> Vec<String> {
    let mut notes = book.notes.clone();
    let (observations, assets) = (book.returns.observations(), book.returns.assets());
    if observations <= assets {
        notes.push(format!(
            "{observations} observations of {assets} {}: correlations are guesses; give more history",
            if assets == 1 { "asset" } else { "assets" }
        ));
    }
    notes
}
