//! Every column of TA-Lib's own output on nine years of daily bars.

use crate::oracle::{self, Table};
use qframe_quant::indicators::*;

/// Largest relative difference that passes. The file has 12 significant digits.
const TOLERANCE: f64 = 1e-9;

struct Market {
    table: Table,
    columns: [Vec<f64>; 5],
}

impl Market {
    fn bars(&self) -> Bars<'_> {
        let [open, high, low, close, volume] = &self.columns;
        Bars::new(open, high, low, close, volume).expect("five columns of one table")
    }

    /// Compares one column; the values near zero are compared on the scale of `unit`.
    fn check<T: Copy>(&self, name: &str, ours: &Series<T>, unit: f64, field: impl Fn(T) -> f64) {
        let theirs = self.table.sparse(name);
        let first = theirs.iter().position(Option::is_some).expect("a defined value");
        assert_eq!(ours.first, first, "{name}: first value");
        assert_eq!(ours.values.len(), theirs.len() - first, "{name}: number of values");
        for (row, theirs) in theirs.iter().enumerate().skip(first) {
            let (ours, theirs) = (field(ours.at(row).expect("in range")), theirs.expect("defined to the end"));
            let error = oracle::relative(ours, theirs, unit);
            assert!(error <= TOLERANCE, "{name}, row {row}: {ours} against {theirs}, {error:e}");
        }
    }

    /// An indicator of closes.
    fn price<I>(&self, name: &str, indicator: Result<I, ParameterError>)
    where
        I: Indicator<Input = f64, Output = f64>,
    {
        self.check(name, &indicator.expect("valid").batch(self.bars().close()), 1e-3, |value| value);
    }

    /// An indicator of bars.
    fn bar<I>(&self, name: &str, indicator: Result<I, ParameterError>)
    where
        I: Indicator<Input = Ohlcv, Output = f64>,
    {
        self.check(name, &indicator.expect("valid").batch(self.bars()), 1e-3, |value| value);
    }

    fn candle<I>(&self, name: &str, indicator: Result<I, ParameterError>)
    where
        I: Indicator<Input = Ohlcv, Output = i32>,
    {
        let ours = indicator.expect("valid").batch(self.bars());
        // TA-Lib in C pads patterns with 0, which the file does not tell from "no pattern".
        let theirs = self.table.full(name);
        let expected: Vec<f64> = ours.values.iter().map(|&value| f64::from(value)).collect();
        assert_eq!(expected, theirs[ours.first..], "{name}");
        assert!(theirs[..ours.first].iter().all(|&value| value == 0.0), "{name}: a pattern in the warm-up");
        assert!(expected.iter().any(|&value| value != 0.0), "{name}: no pattern in nine years");
    }
}

fn market(test: &str) -> Option<Market> {
    let folder = oracle::folder(test)?;
    let data = Table::read(&folder, "data_goog.csv");
    let columns = ["Open", "High", "Low", "Close", "Volume"].map(|name| data.full(name));
    Some(Market { table: Table::read(&folder, "indicators_talib_goog.csv"), columns })
}

#[test]
fn averages_and_regressions_are_talib_s() {
    let Some(goog) = market("TA-Lib averages") else { return };
    goog.price("SMA(10)", Sma::new(10));
    goog.price("SMA(20)", Sma::new(20));
    goog.price("EMA(20)", Ema::new(20));
    goog.price("WMA(20)", Wma::new(20));
    goog.price("DEMA(20)", Dema::new(20));
    goog.price("TEMA(20)", Tema::new(20));
    goog.price("TRIMA(20)", Trima::new(20));
    goog.price("KAMA(10)", Kama::new(10));
    goog.price("T3(5,0.7)", T3::new(5, 0.7));
    goog.price("TRIX(15)", Trix::new(15));
    goog.price("HT_TRENDLINE", HilbertTrendline::new());
    goog.price("LINEARREG(14)", LinearRegression::new(14));
    goog.price("LINEARREG_SLOPE(14)", LinearRegressionSlope::new(14));
    goog.price("TSF(14)", TimeSeriesForecast::new(14));
    goog.price("SUM(20)", Sum::new(20));
    goog.price("MAX(20)", Highest::new(20));
    goog.price("MIN(20)", Lowest::new(20));
    goog.price("STDDEV(20)", StdDev::new(20));
    goog.price("VAR(20)", Variance::new(20));
    let bars = goog.bars();
    let pairs = Pairs::new(bars.high(), bars.low()).expect("one length");
    goog.check("CORREL(high,low,30)", &Correlation::new(30).expect("valid").batch(pairs), 1e-3, |value| value);
    goog.check("BETA(high,low,5)", &Beta::new(5).expect("valid").batch(pairs), 1e-3, |value| value);
}

#[test]
fn oscillators_are_talib_s() {
    let Some(goog) = market("TA-Lib oscillators") else { return };
    goog.price("ROC(10)", Roc::new(10));
    goog.price("MOM(10)", Momentum::new(10));
    goog.price("CMO(14)", Cmo::new(14));
    goog.price("RSI(14)", Rsi::new(14));
    goog.price("PPO(12,26,EMA)", Ppo::new(12, 26));
    goog.price("APO(12,26,EMA)", Apo::new(12, 26));
    goog.bar("WILLR(14)", WilliamsR::new(14));
    goog.bar("CCI(20)", Cci::new(20));
    goog.bar("ULTOSC(7,14,28)", UltimateOscillator::new(7, 14, 28));
    goog.bar("BOP", BalanceOfPower::new());
    let (bars, close) = (goog.bars(), goog.bars().close());
    let macd = Macd::new(12, 26, 9).expect("valid").batch(close);
    goog.check("MACD(12,26,9).macd", &macd, 1e-3, |value| value.macd);
    goog.check("MACD(12,26,9).signal", &macd, 1e-3, |value| value.signal);
    goog.check("MACD(12,26,9).hist", &macd, 1e-3, |value| value.histogram);
    let slow = Stochastic::new(14, 3, 3).expect("valid").batch(bars);
    goog.check("STOCH(14,3,SMA,3,SMA).slowk", &slow, 1e-3, |value| value.k);
    goog.check("STOCH(14,3,SMA,3,SMA).slowd", &slow, 1e-3, |value| value.d);
    let fast = StochasticFast::new(14, 3).expect("valid").batch(bars);
    goog.check("STOCHF(14,3,SMA).fastk", &fast, 1e-3, |value| value.k);
    goog.check("STOCHF(14,3,SMA).fastd", &fast, 1e-3, |value| value.d);
    let rsi = StochasticRsi::new(14, 5, 3).expect("valid").batch(close);
    goog.check("STOCHRSI(14,5,3,SMA).fastk", &rsi, 1e-3, |value| value.k);
    goog.check("STOCHRSI(14,5,3,SMA).fastd", &rsi, 1e-3, |value| value.d);
}

#[test]
fn ranges_trends_and_volumes_are_talib_s() {
    let Some(goog) = market("TA-Lib trends and volumes") else { return };
    goog.bar("TRANGE", Ok(TrueRange::new()));
    goog.bar("ATR(14)", Atr::new(14));
    goog.bar("NATR(14)", Natr::new(14));
    goog.bar("ADX(14)", Adx::new(14));
    goog.bar("ADXR(14)", Adxr::new(14));
    goog.bar("DX(14)", Dx::new(14));
    goog.bar("PLUS_DI(14)", PlusDi::new(14));
    goog.bar("MINUS_DI(14)", MinusDi::new(14));
    goog.bar("PLUS_DM(14)", PlusDm::new(14));
    goog.bar("MINUS_DM(14)", MinusDm::new(14));
    goog.bar("AROONOSC(14)", AroonOscillator::new(14));
    goog.bar("SAR(0.02,0.2)", ParabolicSar::new(0.02, 0.2));
    goog.bar("OBV", Ok(Obv::new()));
    goog.bar("AD", AccumulationDistribution::new());
    goog.bar("ADOSC(3,10)", ChaikinOscillator::new(3, 10));
    goog.bar("MFI(14)", Mfi::new(14));
    let bars = goog.bars();
    let aroon = Aroon::new(14).expect("valid").batch(bars);
    goog.check("AROON(14).down", &aroon, 1e-3, |value| value.down);
    goog.check("AROON(14).up", &aroon, 1e-3, |value| value.up);
    let bands = Bollinger::new(20, 2.0).expect("valid").batch(goog.bars().close());
    goog.check("BBANDS(20,2,2).upper", &bands, 1e-3, |value| value.upper);
    goog.check("BBANDS(20,2,2).middle", &bands, 1e-3, |value| value.middle);
    goog.check("BBANDS(20,2,2).lower", &bands, 1e-3, |value| value.lower);
    let all = Series { first: 0, values: bars.rows().collect::<Vec<Ohlcv>>() };
    goog.check("TYPPRICE", &all, 1e-3, Ohlcv::typical);
    goog.check("MEDPRICE", &all, 1e-3, Ohlcv::median);
    goog.check("WCLPRICE", &all, 1e-3, Ohlcv::weighted);
}

#[test]
fn candle_patterns_are_talib_s() {
    let Some(goog) = market("TA-Lib candles") else { return };
    goog.candle("CDLENGULFING", Engulfing::new());
    goog.candle("CDLDOJI", Doji::new());
    goog.candle("CDLHAMMER", Hammer::new());
}
