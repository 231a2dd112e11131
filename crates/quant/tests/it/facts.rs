//! Values worked out by hand, refusals, and the same indicators as the `ta-lib` crate has them.

use qframe_quant::indicators::*;

#[track_caller]
fn close(ours: &[f64], theirs: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), theirs.len(), "number of values");
    for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let error = (ours - theirs).abs() / theirs.abs().max(1.0);
        assert!(error <= tolerance, "value {index}: {ours} against {theirs}, {error:e}");
    }
}

/// Five bars with easy numbers.
const BARS: [Ohlcv; 5] = [
    Ohlcv { open: 10.0, high: 12.0, low: 9.0, close: 11.0, volume: 100.0 },
    Ohlcv { open: 11.0, high: 14.0, low: 11.0, close: 13.0, volume: 200.0 },
    Ohlcv { open: 13.0, high: 13.0, low: 8.0, close: 9.0, volume: 400.0 },
    Ohlcv { open: 9.0, high: 10.0, low: 8.0, close: 9.0, volume: 0.0 },
    Ohlcv { open: 9.0, high: 16.0, low: 9.0, close: 15.0, volume: 300.0 },
];

fn over_bars<I: Indicator<Input = Ohlcv>>(indicator: Result<I, ParameterError>) -> Vec<I::Output> {
    let mut indicator = indicator.expect("valid");
    BARS.iter().filter_map(|&bar| indicator.update(bar)).collect()
}

fn over<I: Indicator<Input = f64>>(indicator: Result<I, ParameterError>, values: &[f64]) -> Vec<I::Output> {
    indicator.expect("valid").batch(values).values
}

#[test]
fn windows_by_hand() {
    let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
    close(&over(Sma::new(4), &values), &[3.5, 4.25, 4.5, 5.25, 6.5], 0.0);
    close(&over(Sum::new(4), &values), &[14.0, 17.0, 18.0, 21.0, 26.0], 0.0);
    close(&over(Highest::new(3), &[1.0, 5.0, 2.0, 3.0, 0.0]), &[5.0, 5.0, 3.0], 0.0);
    close(&over(Lowest::new(3), &[1.0, 5.0, 2.0, 3.0, 0.0]), &[1.0, 2.0, 0.0], 0.0);
    close(&over(StdDev::new(8), &values), &[2.0], 1e-15);
    close(&over(Variance::new(8), &values), &[4.0], 1e-15);
    close(&over(ZScore::new(8), &values), &[2.0], 1e-15);
    // Seed (1 + 2 + 3) / 3 = 2, then halfway to each value.
    close(&over(Ema::new(3), &[1.0, 2.0, 3.0, 6.0, 8.0]), &[2.0, 4.0, 6.0], 1e-15);
    close(&over(Wilder::new(2), &[1.0, 3.0, 6.0]), &[2.0, 4.0], 1e-15);
    // Moves +1, +3, -2: gain (1 + 3) / 2 = 2, loss 0; then 1 and 1.
    close(&over(Rsi::new(2), &[1.0, 2.0, 5.0, 3.0]), &[100.0, 50.0], 1e-13);
}

#[test]
fn bars_by_hand() {
    close(&over_bars(Ok(TrueRange::new())), &[3.0, 5.0, 2.0, 7.0], 0.0);
    close(&over_bars(Ok(Obv::new())), &[100.0, 300.0, -100.0, -100.0, 200.0], 0.0);
    let donchian = over_bars(Donchian::new(3));
    assert_eq!(donchian[0], Bands { upper: 14.0, middle: 11.0, lower: 8.0 });
    assert_eq!(donchian[2], Bands { upper: 16.0, middle: 12.0, lower: 8.0 });
    // Typical prices 32/3, 38/3, 10, 9, 40/3 with volumes 100, 200, 400, 0, 300.
    let vwap = (38.0 / 3.0 * 200.0 + 10.0 * 400.0) / 600.0;
    close(&over_bars(RollingVwap::new(3))[1..2], &[vwap], 1e-15);
    let mut session = SessionVwap::new();
    let days = [1, 1, 2, 2, 3];
    let values: Vec<f64> = days.iter().zip(BARS).filter_map(|(&day, bar)| session.update((day, bar))).collect();
    let first = 32.0 / 3.0;
    close(&values, &[first, (first * 100.0 + 38.0 / 3.0 * 200.0) / 300.0, 10.0, 10.0, 40.0 / 3.0], 1e-15);
    // Averages of close (2 bars) and true range (1 bar): 12 ± 2 × 3, then (12 + 2 × 9) / 3 = 10 ± 2 × 5.
    let keltner = over_bars(Keltner::new(2, 1, 2.0));
    close(&[keltner[0].upper, keltner[0].lower, keltner[1].upper, keltner[1].middle], &[18.0, 6.0, 20.0, 10.0], 1e-15);
    // Rising typical price 32/3 -> 38/3 with 200; falling to 10 with 400.
    let share = 100.0 * (38.0 / 3.0 * 200.0) / (38.0 / 3.0 * 200.0 + 4000.0);
    close(&over_bars(Mfi::new(2))[..1], &[share], 1e-13);
}

#[test]
fn an_outlier_leaves_no_trace() {
    // A value of 1e9 leaves rounding of about 1e2 in a running sum of squares: the spread of what follows was lost in it.
    let tail: Vec<f64> = (0..40).map(|index| f64::from(index % 5)).collect();
    let mut values = vec![1e9; 1];
    values.extend(&tail);
    let after = over(StdDev::new(10), &values);
    close(&after[1..], &over(StdDev::new(10), &tail), 1e-14);
    let money = |volume: f64, price: f64| Ohlcv { open: price, high: price, low: price, close: price, volume };
    // Money flowed, then a whole window passes without any: what rounding left in the sums is not a flow.
    for start in 0..50 {
        let flows = (start..start + 10).map(|step| money(0.1 * f64::from(step), 1.1 + 0.7 * f64::from(step)));
        let bars: Vec<Ohlcv> = flows.chain((0..4).map(|_| money(0.0, 5.0))).collect();
        let mut mfi = Mfi::new(3).expect("valid");
        assert_eq!(bars.iter().filter_map(|&bar| mfi.update(bar)).last(), Some(0.0), "from {start}");
        let mut vwap = RollingVwap::new(3).expect("valid");
        let last = bars.iter().filter_map(|&bar| vwap.update(bar)).last();
        close(&[last.expect("a value")], &[5.0], 1e-14);
    }
}

#[test]
fn refusals_say_what_and_what_was_expected() {
    let rows = [
        (Sma::new(0).err(), "period is 0; expected a number of inputs from 1 to 100000"),
        (Sma::new(100_001).err(), "period is 100001; expected a number of inputs from 1 to 100000"),
        (Rsi::new(1).err(), "period is 1; expected a number of inputs from 2 to 100000"),
        (Macd::new(26, 12, 9).err(), "fast is 26 and slow is 12; expected fast below slow"),
        (Macd::new(12, 26, 0).err(), "signal is 0; expected a number of inputs from 1 to 100000"),
        (Bollinger::new(20, f64::NAN).err(), "deviations is NaN; expected a finite number above 0"),
        (T3::new(5, 1.5).err(), "volume_factor is 1.5; expected 0 to 1"),
        (Ppo::new(26, 12).err(), "fast is 26 and slow is 12; expected fast below slow"),
        (Ichimoku::new(9, 52, 26).err(), "base is 52 and span is 26; expected base below span"),
        (ParabolicSar::new(-0.02, 0.2).err(), "acceleration is -0.02; expected a finite number above 0"),
    ];
    for (error, text) in rows {
        assert_eq!(error.map(|error| error.to_string()).as_deref(), Some(text));
    }
    let error = Bars::new(&[1.0], &[1.0], &[1.0, 2.0], &[1.0], &[1.0]).err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("column low has 2 rows; expected 1, as in the first column"));
}

/// A tape without a pattern, the same at every run.
fn walk(count: usize) -> [Vec<f64>; 5] {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut columns: [Vec<f64>; 5] = Default::default();
    let mut price = 100.0;
    for _ in 0..count {
        let (open, close) = (price, price * (0.98 + 0.04 * random()));
        let (high, low) =
            (f64::max(open, close) * (1.0 + 0.01 * random()), f64::min(open, close) * (1.0 - 0.01 * random()));
        for (column, value) in columns.iter_mut().zip([open, high, low, close, (1e6 * random()).floor()]) {
            column.push(value);
        }
        price = close;
    }
    columns
}

/// An output column of the `ta-lib` crate.
fn theirs(run: impl FnOnce(&ta_lib::Core, &mut [f64]) -> Result<ta_lib::OutRange, ta_lib::RetCode>) -> Vec<f64> {
    let mut out = vec![0.0; 5_000];
    let range = run(&ta_lib::Core::new(), &mut out).expect("valid");
    out.truncate(range.count);
    out
}

#[test]
fn our_own_loops_give_what_talib_gives() {
    let columns = walk(5_000);
    let [open, high, low, close_, volume] = &columns;
    let bars = Bars::new(open, high, low, close_, volume).expect("one length");
    let end = 4_999;
    let price = |indicator: Vec<f64>, theirs: Vec<f64>| close(&indicator, &theirs, 1e-11);
    price(over(Sma::new(30), close_), theirs(|core, out| core.sma(0, end, close_, 30, out)));
    price(over(Ema::new(20), close_), theirs(|core, out| core.ema(0, end, close_, 20, out)));
    price(over(Rsi::new(14), close_), theirs(|core, out| core.rsi(0, end, close_, 14, out)));
    price(over(StdDev::new(20), close_), theirs(|core, out| core.stddev(0, end, close_, 20, 1.0, out)));
    price(over(Highest::new(33), close_), theirs(|core, out| core.max(0, end, close_, 33, out)));
    price(over(Lowest::new(7), close_), theirs(|core, out| core.min(0, end, close_, 7, out)));
    let bar = |indicator: Series<f64>, theirs: Vec<f64>| close(&indicator.values, &theirs, 1e-11);
    bar(Obv::new().batch(bars), theirs(|core, out| core.obv(0, end, close_, volume, out)));
    bar(
        Mfi::new(14).expect("valid").batch(bars),
        theirs(|core, out| core.mfi(0, end, high, low, close_, volume, 14, out)),
    );
    bar(Atr::new(14).expect("valid").batch(bars), theirs(|core, out| core.atr(0, end, high, low, close_, 14, out)));
    let trend = SuperTrend::new(10, 3.0).expect("valid").batch(bars).values;
    let (mut line, mut side) = (vec![0.0; 5_000], vec![0; 5_000]);
    let core = ta_lib::Core::new();
    let range = core.supertrend(0, end, high, low, close_, 10, 3.0, &mut line, &mut side).expect("valid");
    close(&trend.iter().map(|trend| trend.line).collect::<Vec<_>>(), &line[..range.count], 1e-11);
    assert!(trend.iter().zip(&side).all(|(trend, &side)| trend.rising == (side == 1)), "direction");
    let candles = HeikinAshi::new().batch(bars).values;
    let [mut ha_open, mut ha_high, mut ha_low, mut ha_close] = [(); 4].map(|()| vec![0.0; 5_000]);
    core.ha(0, end, open, high, low, close_, &mut ha_open, &mut ha_high, &mut ha_low, &mut ha_close).expect("valid");
    close(&candles.iter().map(|bar| bar.open).collect::<Vec<_>>(), &ha_open, 1e-11);
    close(&candles.iter().map(|bar| bar.high).collect::<Vec<_>>(), &ha_high, 1e-11);
    close(&candles.iter().map(|bar| bar.low).collect::<Vec<_>>(), &ha_low, 1e-11);
    close(&candles.iter().map(|bar| bar.close).collect::<Vec<_>>(), &ha_close, 1e-11);
    let cloud = Ichimoku::new(9, 26, 52).expect("valid").batch(bars).values;
    let [mut tenkan, mut kijun, mut a, mut b] = [(); 4].map(|()| vec![0.0; 5_000]);
    let range = core.ichimoku(0, end, high, low, 9, 26, 52, &mut tenkan, &mut kijun, &mut a, &mut b).expect("valid");
    close(&cloud.iter().map(|cloud| cloud.span_a).collect::<Vec<_>>(), &a[..range.count], 1e-11);
    close(&cloud.iter().map(|cloud| cloud.span_b).collect::<Vec<_>>(), &b[..range.count], 1e-11);
}
