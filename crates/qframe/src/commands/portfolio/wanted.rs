//! The flags of an objective, and of what is expected of the assets.
use clap::{Args, ValueEnum};
use qframe_quant::covariance::{CovarianceError, Estimator, Returns};
use qframe_quant::portfolio::{Estimates, Linkage, Objective, PortfolioError, View, annual_means, posterior};

use super::weights::{known, parts, share, share_within, weights};
use crate::error::Error;
use crate::run::panel::Priced;
use crate::run::raw::Word;

/// What is wanted.
#[derive(Debug, Clone, Args)]
pub(super) struct Wanted {
    /// What the weights are to be [min-variance].
    #[arg(long, value_enum, value_name = "NAME", help_heading = "Objective")]
    objective: Option<Goal>,
    /// The return a year without risk, for max-sharpe and the Sharpe ratio [0%].
    #[arg(long, value_name = "SHARE", help_heading = "Objective", allow_hyphen_values = true)]
    risk_free: Option<Word>,
    /// The least return a year, for target-return.
    #[arg(long, value_name = "SHARE", help_heading = "Objective", allow_hyphen_values = true)]
    target_return: Option<Word>,
    /// The largest volatility a year, for target-risk.
    #[arg(long, value_name = "SHARE", help_heading = "Objective")]
    target_risk: Option<Word>,
    /// How much a unit of variance weighs against two of return, for utility; and of the market, for --view [2.5].
    #[arg(long, value_name = "NUMBER", help_heading = "Objective")]
    aversion: Option<f64>,
    /// Shares of risk in any proportion, for risk-budgets: SYMBOL=2 …, others have 1; or a file symbol,weight.
    #[arg(long, num_args = 1.., value_name = "FILE|SYMBOL=SHARE", help_heading = "Objective")]
    budgets: Vec<Word>,
    /// Which losses are the worst, for min-cvar [95%].
    #[arg(long, value_name = "SHARE", help_heading = "Objective")]
    confidence: Option<Word>,
    /// How clusters are joined, for hrp [single].
    #[arg(long, value_enum, value_name = "NAME", help_heading = "Objective")]
    linkage: Option<Joining>,
    /// How many clusters, for herc [where the tree's joins grow most].
    #[arg(long, value_name = "NUMBER", help_heading = "Objective")]
    clusters: Option<usize>,
    /// How covariances are estimated [sample].
    #[arg(long, value_enum, value_name = "NAME", help_heading = "Expectations")]
    covariance: Option<Way>,
    /// What an older return weighs against the next, for --covariance ewma [0.94].
    #[arg(long, value_name = "NUMBER", help_heading = "Expectations")]
    decay: Option<f64>,
    /// A view of your own: A=8% (it returns so much a year) or A-B=2% (it beats the other); @70% behind it says how sure [@50%].
    /// Expectations are then those of Black and Litterman.
    #[arg(long, num_args = 1.., value_name = "VIEW", help_heading = "Expectations")]
    view: Vec<Word>,
    /// The weights of the market, for --view: SYMBOL=WEIGHT …, or a file symbol,weight [the same each].
    #[arg(long, num_args = 1.., value_name = "FILE|SYMBOL=WEIGHT", help_heading = "Expectations")]
    market: Vec<Word>,
    /// How unsure the market's expectations are, as a share of the covariance, for --view [0.05].
    #[arg(long, value_name = "NUMBER", help_heading = "Expectations")]
    tau: Option<f64>,
}

/// Variance against return, where nobody says.
const AVERSION: f64 = 2.5;
/// An older return against the next (RiskMetrics' days).
const DECAY: f64 = 0.94;
/// How unsure the market is (He and Litterman).
const TAU: f64 = 0.05;
/// The twentieth of the losses.
const CONFIDENCE: f64 = 0.95;

/// The objectives by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Goal {
    EqualWeight,
    InverseVolatility,
    MinVariance,
    MaxSharpe,
    TargetReturn,
    TargetRisk,
    Utility,
    RiskParity,
    RiskBudgets,
    Hrp,
    Herc,
    MaxDiversification,
    MinCvar,
    Kelly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Joining {
    Single,
    Ward,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    Sample,
    Ewma,
    LedoitWolf,
    Denoised,
}

impl Wanted {
    /// The objective for these assets.
    pub(super) fn objective(&self, names: &[String]) -> Result<Objective, Error> {
        self.check_flags(names.len())?;
        self.check_expectations()?;
        let needed = |flag, word: &Option<Word>, example: &str, is_within: fn(f64) -> bool, expected: &str| match word {
            Some(word) => share_within(flag, &word.0, is_within, expected),
            None => Err(Error::usage(flag, "", format!("it is needed for this objective, such as {flag} {example}"))),
        };
        Ok(match self.goal() {
            Goal::EqualWeight => Objective::EqualWeight,
            Goal::InverseVolatility => Objective::InverseVolatility,
            Goal::MinVariance => Objective::MinVariance,
            Goal::MaxSharpe => Objective::MaxSharpe { risk_free: self.risk_free()? },
            Goal::TargetReturn => {
                let (word, expected) = (&self.target_return, "expected a finite share");
                Objective::TargetReturn(needed("--target-return", word, "10%", f64::is_finite, expected)?)
            }
            Goal::TargetRisk => {
                let (word, expected) = (&self.target_risk, "expected a share above zero, such as 15%");
                Objective::TargetRisk(needed("--target-risk", word, "15%", |most| most > 0.0, expected)?)
            }
            Goal::Utility => Objective::Utility { aversion: self.aversion()? },
            Goal::RiskParity => Objective::RiskParity,
            Goal::RiskBudgets => Objective::RiskBudgets(self.budgets(names)?),
            Goal::Hrp => Objective::Hierarchical(match self.linkage {
                None | Some(Joining::Single) => Linkage::Single,
                Some(Joining::Ward) => Linkage::Ward,
            }),
            Goal::Herc => Objective::EqualRiskClusters(self.clusters),
            Goal::MaxDiversification => Objective::MaxDiversification,
            Goal::MinCvar => {
                let expected = "expected a share above 0% and below 100%, such as 95%";
                let given = self.confidence.as_ref();
                let given = given.map(|word| share_within("--confidence", &word.0, is_part, expected)).transpose()?;
                Objective::MinCvar { confidence: given.unwrap_or(CONFIDENCE) }
            }
            Goal::Kelly => Objective::Kelly,
        })
    }

    /// Shares of risk: each above zero.
    fn budgets(&self, names: &[String]) -> Result<Vec<f64>, Error> {
        let shares = parts("--budgets", &self.budgets, names, 1.0)?;
        let Some(asset) = shares.iter().position(|share| *share <= 0.0) else { return Ok(shares) };
        let is_of = |word: &&Word| word.0.split_once('=').is_some_and(|(symbol, _)| symbol.trim() == names[asset]);
        let given = self.budgets.iter().find(is_of).or(self.budgets.first()).map_or("", |word| word.0.as_str());
        let why = format!("the share of {} is {}; expected one above zero", names[asset], shares[asset]);
        Err(Error::usage("--budgets", given, why))
    }

    fn aversion(&self) -> Result<f64, Error> {
        above_zero("--aversion", self.aversion.unwrap_or(AVERSION), "2.5")
    }

    fn goal(&self) -> Goal {
        self.objective.unwrap_or(Goal::MinVariance)
    }

    /// A flag of another objective would be passed over in silence.
    fn check_flags(&self, assets: usize) -> Result<(), Error> {
        let goal = self.goal();
        let given = [
            ("--target-return", self.target_return.is_some(), goal == Goal::TargetReturn, "target-return"),
            ("--target-risk", self.target_risk.is_some(), goal == Goal::TargetRisk, "target-risk"),
            ("--budgets", !self.budgets.is_empty(), goal == Goal::RiskBudgets, "risk-budgets"),
            ("--clusters", self.clusters.is_some(), goal == Goal::Herc, "herc"),
            ("--linkage", self.linkage.is_some(), goal == Goal::Hrp, "hrp"),
            ("--confidence", self.confidence.is_some(), goal == Goal::MinCvar, "min-cvar"),
        ];
        if let Some((flag, .., name)) = given.iter().find(|(_, given, is_used, _)| *given && !is_used) {
            let why = format!("it belongs to --objective {name} alone; name that, or leave it out");
            return Err(Error::usage(flag, "", why));
        }
        if self.aversion.is_some() && goal != Goal::Utility && self.view.is_empty() {
            let why = "it belongs to --objective utility and to --view; name one, or leave it out";
            return Err(Error::usage("--aversion", "", why));
        }
        match self.clusters.filter(|clusters| !(1..=assets).contains(clusters)) {
            Some(clusters) => {
                Err(Error::usage("--clusters", clusters, format!("expected 1 to {assets}, a cluster an asset")))
            }
            None => Ok(()),
        }
    }

    /// Flags of expectations that are of no use to the others.
    fn check_expectations(&self) -> Result<(), Error> {
        let (is_seen, is_weighted) = (!self.view.is_empty(), self.covariance == Some(Way::Ewma));
        let given = [
            ("--market", !self.market.is_empty() && !is_seen, "--view alone; name a view"),
            ("--tau", self.tau.is_some() && !is_seen, "--view alone; name a view"),
            ("--decay", self.decay.is_some() && !is_weighted, "--covariance ewma alone; name that"),
        ];
        match given.iter().find(|(_, is_useless, _)| *is_useless) {
            Some((flag, _, whose)) => Err(Error::usage(flag, "", format!("it belongs to {whose}, or leave it out"))),
            None => Ok(()),
        }
    }

    /// Which flags of an objective stand on the command line.
    const fn of_objective(&self) -> [(&'static str, bool); 8] {
        [
            ("--objective", self.objective.is_some()),
            ("--target-return", self.target_return.is_some()),
            ("--target-risk", self.target_risk.is_some()),
            ("--budgets", !self.budgets.is_empty()),
            ("--confidence", self.confidence.is_some()),
            ("--linkage", self.linkage.is_some()),
            ("--clusters", self.clusters.is_some()),
            ("--aversion", self.aversion.is_some()),
        ]
    }

    /// Which flags of expectations do.
    const fn of_expectations(&self) -> [(&'static str, bool); 6] {
        [
            ("--risk-free", self.risk_free.is_some()),
            ("--covariance", self.covariance.is_some()),
            ("--decay", self.decay.is_some()),
            ("--view", !self.view.is_empty()),
            ("--market", !self.market.is_empty()),
            ("--tau", self.tau.is_some()),
        ]
    }

    /// The frontier is of the least risk of every return: no objective changes it.
    pub(super) fn check_frontier(&self) -> Result<(), Error> {
        let of_views = |flag: &str| flag == "--aversion" && !self.view.is_empty();
        if let Some((flag, _)) = self.of_objective().iter().find(|(flag, given)| *given && !of_views(flag)) {
            let why = "the frontier has no objective: it is the least risk of every return; leave it out";
            return Err(Error::usage(flag, "", why));
        }
        self.check_expectations()
    }

    /// A flag of what weights are to be, where they are given; else one that no plan of trades is made with.
    pub(super) fn unused(&self, weights_are_given: bool) -> Option<(&'static str, &'static str)> {
        let mut all = self.of_objective().into_iter().chain(self.of_expectations());
        match weights_are_given {
            true => all
                .find(|(_, given)| *given)
                .map(|(flag, _)| (flag, "the weights are those of --weights; leave one of the two out")),
            false => (self.risk_free.is_some() && self.goal() != Goal::MaxSharpe)
                .then_some(("--risk-free", "it belongs to --objective max-sharpe alone; name that, or leave it out")),
        }
    }

    /// The files that are read for it.
    pub(super) fn words(&self) -> impl Iterator<Item = (&'static str, &Word)> {
        let budgets = self.budgets.iter().map(|word| ("--budgets", word));
        budgets.chain(self.market.iter().map(|word| ("--market", word)))
    }

    /// The rate without risk.
    pub(super) fn risk_free(&self) -> Result<f64, Error> {
        self.risk_free.as_ref().map_or(Ok(0.0), |word| share("--risk-free", &word.0))
    }

    /// What is expected of the assets.
    pub(super) fn estimates(&self, priced: &Priced) -> Result<Estimates, Error> {
        let (panel, names) = (&priced.panel, &priced.panel.names);
        if panel.times.len() < 3 {
            let why = format!("{} instants of prices; expected at least three", panel.times.len());
            return Err(Error::Refused(format!("--prices: {why}")));
        }
        let returns = Returns::new(panel.returns(), panel.assets()).map_err(|error| named(error, priced))?;
        let estimator = match self.covariance {
            None | Some(Way::Sample) => Estimator::Sample,
            Some(Way::Ewma) => Estimator::Ewma(self.decay.unwrap_or(DECAY)),
            Some(Way::LedoitWolf) => Estimator::LedoitWolf,
            Some(Way::Denoised) => Estimator::Denoised,
        };
        let covariance = estimator.estimate(&returns).map_err(|error| named(error, priced))?.scaled(priced.periods);
        let means = annual_means(&returns, priced.periods);
        let (means, covariance) = if self.view.is_empty() {
            (means, covariance)
        } else {
            let equal = 1.0 / names.len() as f64;
            let unnamed = if self.market.is_empty() { equal } else { 0.0 };
            let market = weights("--market", &self.market, names, unnamed)?;
            let sum: f64 = market.iter().sum();
            if (sum - 1.0).abs() > 1e-6 || market.iter().any(|weight| *weight < 0.0) {
                let given: Vec<&str> = self.market.iter().map(|word| word.0.as_str()).collect();
                let why = format!("a sum of {sum}; expected weights of the whole market: none below zero, together 1");
                return Err(Error::usage("--market", given.join(" "), why));
            }
            let views = self.view.iter().map(|word| view(&word.0, names)).collect::<Result<Vec<_>, _>>()?;
            let tau = above_zero("--tau", self.tau.unwrap_or(TAU), "0.05")?;
            posterior(&covariance, &market, (self.aversion()?, tau), &views).map_err(|error| refused(error, priced))?
        };
        Estimates::new(names.clone(), means, covariance, returns).map_err(|error| refused(error, priced))
    }

    /// How the expectations came about.
    pub(super) fn told(&self) -> String {
        let covariance = match self.covariance {
            None | Some(Way::Sample) => "sample".to_owned(),
            Some(Way::Ewma) => format!("exponentially weighted ({})", self.decay.unwrap_or(DECAY)),
            Some(Way::LedoitWolf) => "shrunk (Ledoit-Wolf)".to_owned(),
            Some(Way::Denoised) => "denoised".to_owned(),
        };
        let means = if self.view.is_empty() { "geometric means of the past" } else { "Black-Litterman" };
        format!("covariance: {covariance}; expected returns: {means}")
    }
}

/// `A=8%@70%` or `A-B=2%`. A symbol may have a hyphen of its own, so whole names are tried first.
fn view(word: &str, names: &[String]) -> Result<View, Error> {
    let wrong = |why: String| Error::usage("--view", word, why);
    let (subject, rest) = word.split_once('=').ok_or_else(|| wrong("expected A=8% or A-B=2%@70%".to_owned()))?;
    let (value, confidence) = rest.split_once('@').unwrap_or((rest, "50%"));
    let subject = subject.trim();
    let pair =
        |(at, _): (usize, &str)| Some((known(&subject[..at], names).ok()?, known(&subject[at + 1..], names).ok()?));
    let places = match (known(subject, names), subject.match_indices('-').find_map(pair)) {
        (Ok(place), _) => vec![(place, 1.0)],
        (_, Some((first, second))) if first == second => {
            return Err(wrong(format!("{} against itself says nothing; expected two symbols", names[first])));
        }
        (_, Some((first, second))) => vec![(first, 1.0), (second, -1.0)],
        (Err(why), None) => return Err(wrong(why)),
    };
    let (value, confidence) = (share("--view", value)?, share("--view", confidence)?);
    if !is_part(confidence) {
        return Err(wrong("a view is sure by more than 0% and less than 100%; expected A=8%@70%".to_owned()));
    }
    Ok(View { weights: places, value, confidence })
}

fn above_zero(flag: &str, value: f64, example: &str) -> Result<f64, Error> {
    let is_above = value > 0.0 && value.is_finite();
    if is_above {
        Ok(value)
    } else {
        Err(Error::usage(flag, value, format!("expected a number above zero, such as {example}")))
    }
}

/// More than nothing and less than all.
fn is_part(share: f64) -> bool {
    share > 0.0 && share < 1.0
}

/// A refusal of the optimisers, with the names of the assets.
pub(super) fn refused(error: PortfolioError, priced: &Priced) -> Error {
    match error {
        PortfolioError::Covariance(error) => named(error, priced),
        other => Error::refused(other),
    }
}

/// What is wrong with returns or a covariance: the maths counts assets, people name them.
fn named(error: CovarianceError, priced: &Priced) -> Error {
    let name = |asset: usize| priced.panel.names.get(asset).map_or("?", String::as_str);
    let shrink = "; try --covariance ledoit-wolf, fewer assets, or a longer history";
    Error::Refused(match error {
        CovarianceError::Constant { asset } => {
            format!("--prices: the price of {} does not change; leave it out", name(asset))
        }
        CovarianceError::TooFew { observations, assets } => {
            format!("--prices: {observations} returns of {assets} assets; expected more returns than assets{shrink}")
        }
        CovarianceError::Faded { decay, effective, assets } => format!(
            "--prices: a decay of {decay} leaves {effective:.2} effective returns of {assets} assets; expected more returns than \
             assets: raise --decay, try --covariance ledoit-wolf, or fewer assets"
        ),
        CovarianceError::NotPositive { eigenvalue, assets: [first, second] } => format!(
            "--prices: the covariance is not positive definite: the smallest eigenvalue of its correlations is \
             {eigenvalue:.3e}, of a portfolio mostly of {} and {}; leave one of them out{shrink}",
            name(first),
            name(second)
        ),
        CovarianceError::Decay(decay) => {
            return Error::usage("--decay", decay, "expected a number above 0 and below 1, such as 0.94");
        }
        other => format!("--prices: {other}"),
    })
}
