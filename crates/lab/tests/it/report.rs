//! Reports of runs on recorded prices: what is written must be what was computed, in every form of it.
mod adds;
mod charges;
mod csv;
mod edges;
mod file;
mod json;
mod page;
mod terminal;

use std::io::Write;

use qframe_data::samples;
use qframe_engine::AtEnd;
use qframe_engine::venue::{Fees, Settings};
use qframe_lab::report::{Facts, ReportError};
use qframe_lab::strategies::{MaCrossover, Mode};
use qframe_lab::{Backtest, DataSet, Outcome, Setup};
use qframe_model::currency::Currency;
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::number::Rate;
use qframe_quant::indicators::Sma;

/// A name that a browser would run, were it not escaped.
const EVIL: &str = "<script>alert(1)</script>";
/// A file's name that would break out of an attribute.
const EVIL_FILE: &str = "a\"'><img src=x onerror=alert(2)>&.csv";

/// A run, and the words it was asked for with.
struct Run {
    backtest: Backtest,
    outcome: Outcome,
    words: Vec<(String, String)>,
}

impl Run {
    /// A crossover of averages of `fast` and `slow` bars, open positions closed at the end, a fee of 0.2 %.
    fn of(names: &[&str], windows: (usize, usize), mode: Mode) -> Self {
        let venue = Settings {
            fees: Fees::flat(Rate::basis_points(20)),
            allow_short: mode == Mode::LongShort,
            ..Settings::default()
        };
        Self::under(Setup { venue, at_end: AtEnd::CloseAtClose, ..Setup::default() }, names, windows, mode)
    }

    /// The same under other rules.
    fn under(setup: Setup, names: &[&str], windows: (usize, usize), mode: Mode) -> Self {
        let sample = |name: &&str| {
            let instrument = Instrument::new(name.parse().unwrap(), Currency::USD, Rules::default()).unwrap();
            DataSet::new(instrument, samples::find(name).unwrap().load().unwrap(), EVIL_FILE).unwrap()
        };
        let backtest = Backtest::new(names.iter().map(sample).collect(), setup).unwrap();
        let strategy = MaCrossover::new(Sma::new(windows.0).unwrap(), Sma::new(windows.1).unwrap(), mode);
        let outcome = backtest.run(strategy).unwrap();
        let words = [("fast", windows.0.to_string()), ("slow", windows.1.to_string()), ("kind", EVIL.to_owned())];
        Self { backtest, outcome, words: words.map(|(name, value)| (name.to_owned(), value)).into() }
    }

    /// Bitcoin in dollars, long or flat: 30 trades and more.
    fn bitcoin() -> Self {
        Self::of(&["BTC/USD"], (10, 30), Mode::LongFlat)
    }

    /// Averages so long that they never cross.
    fn without_trades() -> Self {
        Self::of(&["BTC/USD"], (800, 1_600), Mode::LongFlat)
    }

    fn facts(&self) -> Facts<'_> {
        let (backtest, outcome) = (&self.backtest, &self.outcome);
        Facts { backtest, outcome, strategy: EVIL, parameters: &self.words, settings: &self.words }
    }

    fn written(&self, write: impl FnOnce(&Facts<'_>, &mut dyn Write) -> Result<(), ReportError>) -> String {
        let mut out = Vec::new();
        write(&self.facts(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }
}
