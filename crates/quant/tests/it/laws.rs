//! The laws of [`Indicator`], for every indicator of the crate.

use proptest::prelude::*;
use qframe_quant::indicators::*;

/// A result whose numbers can be looked at.
trait Numbers: Copy + std::fmt::Debug {
    fn numbers(self) -> Vec<f64>;
}

macro_rules! numbers {
    ($($type:ty: $($field:ident),+;)+) => {$(
        impl Numbers for $type {
            fn numbers(self) -> Vec<f64> {
                vec![$(self.$field),+]
            }
        }
    )+};
}

numbers! {
    Bands: upper, middle, lower;
    Cloud: conversion, base, span_a, span_b;
    MacdValue: macd, signal, histogram;
    StochasticValue: k, d;
    AroonValue: down, up;
    Ohlcv: open, high, low, close, volume;
}

impl Numbers for f64 {
    fn numbers(self) -> Vec<f64> {
        vec![self]
    }
}

impl Numbers for i32 {
    fn numbers(self) -> Vec<f64> {
        vec![self.into()]
    }
}

impl Numbers for Trend {
    fn numbers(self) -> Vec<f64> {
        vec![self.line, f64::from(u8::from(self.rising))]
    }
}

/// The tape that inputs of one type are read from.
#[derive(Debug, Clone)]
struct Tape {
    bars: [Vec<f64>; 5],
    sessions: Vec<i64>,
}

impl Tape {
    fn new(bars: impl IntoIterator<Item = Ohlcv>) -> Self {
        let mut columns: [Vec<f64>; 5] = Default::default();
        for bar in bars {
            for (column, value) in columns.iter_mut().zip([bar.open, bar.high, bar.low, bar.close, bar.volume]) {
                column.push(value);
            }
        }
        let sessions = (0..columns[0].len() as i64).map(|index| index / 7).collect();
        Self { bars: columns, sessions }
    }

    fn columns(&self) -> Bars<'_> {
        let [open, high, low, close, volume] = &self.bars;
        Bars::new(open, high, low, close, volume).expect("one length")
    }
}

/// How an input type reads the tape.
trait Reads: Row {
    fn read(tape: &Tape) -> Self::Columns<'_>;
}

impl Reads for f64 {
    fn read(tape: &Tape) -> &[f64] {
        &tape.bars[3]
    }
}

impl Reads for Ohlcv {
    fn read(tape: &Tape) -> Bars<'_> {
        tape.columns()
    }
}

impl Reads for (f64, f64) {
    fn read(tape: &Tape) -> Pairs<'_> {
        Pairs::new(&tape.bars[1], &tape.bars[2]).expect("one length")
    }
}

impl Reads for (i64, Ohlcv) {
    fn read(tape: &Tape) -> SessionBars<'_> {
        SessionBars::new(&tape.sessions, tape.columns()).expect("one length")
    }
}

fn bits<T: Numbers>(value: T) -> Vec<u64> {
    value.numbers().into_iter().map(f64::to_bits).collect()
}

/// All laws at once for one indicator on one tape.
fn obeys<I>(name: &str, indicator: Result<I, ParameterError>, tape: &Tape)
where
    I: Indicator + Clone,
    I::Input: Reads,
    I::Output: Numbers,
{
    let fresh = indicator.expect("valid parameters");
    let rows: Vec<I::Input> = I::Input::read(tape).rows().collect();
    let mut streaming = fresh.clone();
    let streamed: Vec<Option<I::Output>> = rows.iter().map(|&row| streaming.update(row)).collect();
    for (index, value) in streamed.iter().enumerate() {
        assert_eq!(value.is_some(), index + 1 >= fresh.warm_up(), "{name}: warm-up {} at {index}", fresh.warm_up());
        let finite = value.is_none_or(|value| value.numbers().into_iter().all(f64::is_finite));
        assert!(finite, "{name}: {value:?} at {index}");
    }
    let streamed: Vec<I::Output> = streamed.into_iter().flatten().collect();
    same_batch(name, &fresh, tape, &streamed);
    goes_on(name, &fresh, tape, &rows, &streamed);
    streaming.reset();
    let again: Vec<I::Output> = rows.iter().filter_map(|&row| streaming.update(row)).collect();
    same(name, "after a reset", &again, &streamed);
}

fn same<T: Numbers>(name: &str, how: &str, ours: &[T], streamed: &[T]) {
    assert_eq!(ours.len(), streamed.len(), "{name} {how}: number of values");
    for (index, (ours, streamed)) in ours.iter().zip(streamed).enumerate() {
        assert_eq!(bits(*ours), bits(*streamed), "{name} {how}: {ours:?} against {streamed:?}, value {index}");
    }
}

fn same_batch<I>(name: &str, fresh: &I, tape: &Tape, streamed: &[I::Output])
where
    I: Indicator + Clone,
    I::Input: Reads,
    I::Output: Numbers,
{
    let batch = fresh.clone().batch(I::Input::read(tape));
    assert_eq!(batch.first, fresh.warm_up() - 1, "{name}: first index of the batch");
    same(name, "in a batch", &batch.values, streamed);
}

/// A batch over any history leaves the indicator where streaming would have.
fn goes_on<I>(name: &str, fresh: &I, tape: &Tape, rows: &[I::Input], streamed: &[I::Output])
where
    I: Indicator + Clone,
    I::Input: Reads,
    I::Output: Numbers,
{
    for cut in [0, 1, fresh.warm_up() - 1, fresh.warm_up(), rows.len() / 2, rows.len()] {
        let cut = cut.min(rows.len());
        let mut indicator = fresh.clone();
        // What it saw before must not shine through.
        let seen = rows.len() / 3;
        for &row in &rows[..seen] {
            indicator.update(row);
        }
        let (history, _) = I::Input::read(tape).divide(cut);
        let mut values = indicator.batch(history).values;
        values.extend(rows[cut..].iter().filter_map(|&row| indicator.update(row)));
        same(name, &format!("after a history of {cut}"), &values, streamed);
    }
}

/// Every indicator with a line each; a new one is added here and is proved.
macro_rules! prove {
    ($tape:expr; $($indicator:expr),+ $(,)?) => { $(obeys(stringify!($indicator), $indicator, $tape);)+ };
}

fn every_indicator_obeys(tape: &Tape) {
    our_own_obey(tape);
    those_of_ta_lib_obey(tape);
}

fn our_own_obey(tape: &Tape) {
    prove!(tape;
        Sma::new(1),
        Sma::new(2),
        Sma::new(10),
        Sum::new(7),
        Sum::new(300),
        Ema::new(1),
        Ema::new(9),
        Wilder::new(14),
        Macd::new(12, 26, 9),
        Rsi::new(14),
        Highest::new(1),
        Highest::new(20),
        Lowest::new(5),
        Donchian::new(20),
        Ichimoku::new(9, 26, 52),
        Stochastic::new(14, 3, 3),
        StdDev::new(1),
        StdDev::new(20),
        Variance::new(20),
        ZScore::new(20),
        Bollinger::new(20, 2.0),
        Ok(TrueRange::new()),
        Atr::new(14),
        Keltner::new(20, 10, 2.0),
        SuperTrend::new(10, 3.0),
        Ok(HeikinAshi::new()),
        Ok(Obv::new()),
        Mfi::new(14),
        RollingVwap::new(20),
        Ok(SessionVwap::new()),
    );
}

fn those_of_ta_lib_obey(tape: &Tape) {
    prove!(tape;
        Wma::new(20),
        Dema::new(20),
        Tema::new(20),
        Trima::new(20),
        Kama::new(10),
        T3::new(5, 0.7),
        Trix::new(15),
        HilbertTrendline::new(),
        Momentum::new(10),
        Roc::new(10),
        Cmo::new(14),
        Ppo::new(12, 26),
        Apo::new(12, 26),
        WilliamsR::new(14),
        Cci::new(20),
        StochasticFast::new(14, 3),
        StochasticRsi::new(14, 5, 3),
        UltimateOscillator::new(7, 14, 28),
        Natr::new(14),
        Adx::new(14),
        Adxr::new(14),
        Dx::new(14),
        PlusDi::new(14),
        MinusDi::new(14),
        PlusDm::new(14),
        MinusDm::new(14),
        Aroon::new(14),
        AroonOscillator::new(14),
        ParabolicSar::new(0.02, 0.2),
        LinearRegression::new(14),
        LinearRegressionSlope::new(14),
        TimeSeriesForecast::new(14),
        Correlation::new(30),
        Beta::new(5),
        AccumulationDistribution::new(),
        ChaikinOscillator::new(3, 10),
        BalanceOfPower::new(),
        Engulfing::new(),
        Doji::new(),
        Hammer::new(),
    );
}

fn flat(price: f64, volume: f64) -> Ohlcv {
    Ohlcv { open: price, high: price, low: price, close: price, volume }
}

/// A bar around a price that moves by `step` (a fraction), with shadows of `reach` (a fraction).
fn bar(open: f64, step: f64, reach: f64, volume: f64) -> Ohlcv {
    let close = open * (1.0 + step);
    Ohlcv { open, high: open.max(close) * (1.0 + reach), low: open.min(close) * (1.0 - reach), close, volume }
}

#[test]
fn on_prices_that_stand_still() {
    for price in [1e-8, 0.1, 100.0, 1e9] {
        every_indicator_obeys(&Tape::new((0..700).map(|_| flat(price, 5.0))));
        every_indicator_obeys(&Tape::new((0..700).map(|_| flat(price, 0.0))));
    }
}

#[test]
fn on_an_outlier_and_silence_after_it() {
    let quiet = |index: usize| flat(if index == 100 { 1e12 } else { 3.0 }, if index < 300 { 1e9 } else { 0.0 });
    every_indicator_obeys(&Tape::new((0..900).map(quiet)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn on_random_walks(
        steps in prop::collection::vec((-0.2..0.2_f64, 0.0..0.05_f64, prop_oneof![Just(0.0), 0.0..1e6_f64]), 0..700),
        start in 1e-6..1e6_f64,
    ) {
        let mut open = start;
        every_indicator_obeys(&Tape::new(steps.into_iter().map(|(step, reach, volume)| {
            let bar = bar(open, step, reach, volume);
            open = bar.close.clamp(start * 1e-3, start * 1e3);
            bar
        })));
    }
}
