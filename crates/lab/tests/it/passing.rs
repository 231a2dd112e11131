//! A strategy that passes over quiet bars leaves what it leaves where it sees them all.
use qframe_engine::{Context, Market, Sizing, Strategy};
use qframe_lab::strategies::{MaCrossover, Mode};
use qframe_lab::{Backtest, DataSet, Origin, Outcome, Setup};
use qframe_model::currency::Currency;
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::number::{Cash, Rate};
use qframe_quant::indicators::{Average, Ema, Sma};

/// Sees every bar.
struct EveryBar<S>(S);

impl<S: Strategy> Strategy for EveryBar<S> {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        self.0.on_market(market, context);
    }
    fn warm_up(&self) -> usize {
        self.0.warm_up()
    }
}

fn check<A: Average>(what: &str, setup: Setup, fast: A, slow: A, mode: Mode) {
    check_on(DataSet::sample("BTC/USD").unwrap(), what, setup, fast, slow, mode);
}

fn check_on<A: Average>(set: DataSet, what: &str, setup: Setup, fast: A, slow: A, mode: Mode) {
    let backtest = Backtest::new(vec![set], setup).unwrap();
    let strategy = MaCrossover::new(fast, slow, mode);
    let passing = backtest.run(strategy.clone()).unwrap();
    let seeing = backtest.run(EveryBar(strategy)).unwrap();
    assert!(passing.curve.points().eq(seeing.curve.points()), "{what}");
    assert_eq!(passing.journal.hash(), seeing.journal.hash(), "{what}");
    let highs = |outcome: &Outcome| outcome.trades.iter().map(|trade| (trade.high, trade.low)).collect::<Vec<_>>();
    assert_eq!(highs(&passing), highs(&seeing), "{what}");
    assert!(!passing.trades.is_empty(), "{what}: the strategy trades");
}

#[test]
fn passing_over_bars_changes_nothing() {
    let sma = |bars| Sma::new(bars).unwrap();
    let ema = |bars| Ema::new(bars).unwrap();
    check("simple", Setup::default(), sma(10), sma(20), Mode::LongFlat);
    check("exponential", Setup::default(), ema(3), ema(7), Mode::LongFlat);
    let whole = Setup { sizing: Sizing::Cash(Cash::whole(500)), ..Setup::default() };
    check("a part of the money", whole, sma(2), sma(9), Mode::LongFlat);
    let sizing = Sizing::Volatility { target: 0.5, window: 20, cap: Rate::ONE };
    check("sized on history", Setup { sizing, ..Setup::default() }, sma(5), sma(15), Mode::LongFlat);
    let mut limited = Setup::default();
    limited.limits.portfolio.drawdown = Some(Rate::percent(30));
    check("within limits", limited, sma(10), sma(20), Mode::LongFlat);
    let mut short = Setup::default();
    short.venue.allow_short = true;
    check("both ways", short, sma(10), sma(20), Mode::LongShort);
}

/// The bars of the sample as those of a future of so many units a contract.
fn future(multiplier: &str) -> DataSet {
    let sample = DataSet::sample("BTC/USD").unwrap();
    let rules = Rules { multiplier: multiplier.parse().unwrap(), ..Rules::default() };
    let contract = Instrument::new("BTC-20301220".parse().unwrap(), Currency::USD, rules).unwrap();
    DataSet::of(contract, sample.frame(), sample.bars().to_vec(), Origin::default()).unwrap()
}

#[test]
fn passing_over_bars_of_a_future_changes_nothing() {
    let sma = |bars| Sma::new(bars).unwrap();
    check_on(future("5"), "whole contracts", Setup::default(), sma(10), sma(20), Mode::LongShort);
    // Its worth is rounded at every mark.
    check_on(future("0.000000003"), "parts of units", Setup::default(), sma(10), sma(20), Mode::LongShort);
}
