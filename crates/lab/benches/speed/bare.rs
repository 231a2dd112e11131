//! Indicators as one writes them by hand: one loop each, nothing kept for the next bar, no care for rounding. The
//! value of a bar goes to its place in `out`, which is as long as the bars.
use super::w4::Columns;

pub(crate) fn sma(close: &[f64], period: usize, out: &mut [f64]) {
    let mut sum: f64 = close[..period].iter().sum();
    out[period - 1] = sum / period as f64;
    for bar in period..close.len() {
        sum += close[bar] - close[bar - period];
        out[bar] = sum / period as f64;
    }
}

pub(crate) fn rsi(close: &[f64], period: usize, out: &mut [f64]) {
    let (mut gain, mut loss) = (0.0, 0.0);
    let keep = 1.0 - 1.0 / period as f64;
    for bar in 1..close.len() {
        let change = close[bar] - close[bar - 1];
        if bar <= period {
            gain += change.max(0.0) / period as f64;
            loss += (-change).max(0.0) / period as f64;
        } else {
            gain = gain * keep + change.max(0.0) / period as f64;
            loss = loss * keep + (-change).max(0.0) / period as f64;
        }
        if bar >= period {
            out[bar] = 100.0 * gain / (gain + loss);
        }
    }
}

/// The line, its signal and their distance are computed; only the line is kept.
pub(crate) fn macd(close: &[f64], out: &mut [f64]) {
    let (mut fast, mut slow, mut signal) = (close[0], close[0], 0.0);
    for (price, out) in close.iter().zip(out) {
        fast += (price - fast) * (2.0 / 13.0);
        slow += (price - slow) * (2.0 / 27.0);
        signal += (fast - slow - signal) * (2.0 / 10.0);
        std::hint::black_box(fast - slow - signal);
        *out = fast - slow;
    }
}

pub(crate) fn stddev(close: &[f64], period: usize, out: &mut [f64]) {
    // Around the first price, so that squares do not swallow the spread.
    let (origin, count) = (close[0], period as f64);
    let (mut sum, mut squares) = (0.0, 0.0);
    for bar in 0..close.len() {
        let entering = close[bar] - origin;
        sum += entering;
        squares += entering * entering;
        if bar >= period {
            let leaving = close[bar - period] - origin;
            sum -= leaving;
            squares -= leaving * leaving;
        }
        if bar + 1 >= period {
            let mean = sum / count;
            out[bar] = (squares / count - mean * mean).max(0.0).sqrt();
        }
    }
}

pub(crate) fn obv(Columns { close, volume, .. }: &Columns, out: &mut [f64]) {
    let mut total = volume[0];
    out[0] = total;
    for bar in 1..close.len() {
        if close[bar] > close[bar - 1] {
            total += volume[bar];
        } else if close[bar] < close[bar - 1] {
            total -= volume[bar];
        }
        out[bar] = total;
    }
}

pub(crate) fn mfi(Columns { high, low, close, volume, .. }: &Columns, period: usize, out: &mut [f64]) {
    let typical = |bar: usize| (high[bar] + low[bar] + close[bar]) / 3.0;
    let flow = |bar: usize| (typical(bar) * volume[bar], typical(bar) > typical(bar - 1));
    let (mut rising, mut all) = (0.0, 0.0);
    for (bar, out) in out.iter_mut().enumerate().skip(1) {
        let (money, up) = flow(bar);
        all += money;
        rising += if up { money } else { 0.0 };
        if bar > period {
            let (money, up) = flow(bar - period);
            all -= money;
            rising -= if up { money } else { 0.0 };
        }
        if bar >= period {
            *out = 100.0 * rising / all;
        }
    }
}

pub(crate) fn stochastic(Columns { high, low, close, .. }: &Columns, out: &mut [f64]) {
    let (mut fast, mut slow) = ([0.0; 3], [0.0; 3]);
    for bar in 13..close.len() {
        let window = bar - 13..=bar;
        let top = high[window.clone()].iter().fold(f64::MIN, |top, price| top.max(*price));
        let bottom = low[window].iter().fold(f64::MAX, |bottom, price| bottom.min(*price));
        fast[bar % 3] = 100.0 * (close[bar] - bottom) / (top - bottom);
        slow[bar % 3] = fast.iter().sum::<f64>() / 3.0;
        std::hint::black_box(slow.iter().sum::<f64>() / 3.0);
        if bar >= 17 {
            out[bar] = slow[bar % 3];
        }
    }
}
