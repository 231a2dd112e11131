//! scratch
use qframe_engine::venue::*;
use qframe_engine::*;
use qframe_model::{currency::Currency, event::Header, ids::*, instrument::*, market::Bar, number::*, time::*};
use std::time::Instant;

struct Sma {
    ring: Vec<f64>,
    at: usize,
    sum: f64,
    full: bool,
    inv: f64,
}
impl Sma {
    fn new(n: usize) -> Self {
        Self { ring: vec![0.0; n], at: 0, sum: 0.0, full: false, inv: 1.0 / n as f64 }
    }
    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.sum += x - self.ring[self.at];
        self.ring[self.at] = x;
        self.at += 1;
        if self.at == self.ring.len() {
            self.at = 0;
            self.full = true;
        }
        if self.full { Some(self.sum * self.inv) } else { None }
    }
}
struct Cross {
    fast: Sma,
    slow: Sma,
    last: Option<(f64, f64)>,
}
impl Strategy for Cross {
    #[inline]
    fn on_market(&mut self, market: &Market<'_>, ctx: &mut Context<'_>) {
        let Some(close) = market.close() else { return };
        let (f, s) = (self.fast.update(close), self.slow.update(close));
        let (Some(f), Some(s)) = (f, s) else { return };
        if let Some((pf, ps)) = self.last.replace((f, s)) {
            if pf < ps && f > s && ctx.is_flat() {
                ctx.target(Rate::ONE);
            } else if pf > ps && f < s && ctx.is_long() {
                ctx.close();
            }
        }
    }
}
fn bars(n: usize) -> Vec<Bar> {
    let mut x: u64 = 88172645463325252;
    let mut p: f64 = 100.0;
    let mut out = Vec::with_capacity(n);
    let mut u = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        (x >> 11) as f64 / (1u64 << 53) as f64
    };
    for i in 0..n {
        let o = p;
        p *= 1.0 + 0.002 * (u() + u() + u() + u() - 2.0);
        let c = p;
        let h = o.max(c) * (1.0 + 0.0005 * u());
        let l = o.min(c) * (1.0 - 0.0005 * u());
        let r = |v: f64| Price::from_f64((v * 100.0).round() / 100.0).unwrap();
        out.push(Bar {
            time: Time::from_seconds(60 * i as i64),
            open: r(o),
            high: r(h),
            low: r(l),
            close: r(c),
            volume: Volume::from_digits(100, 0).unwrap(),
        });
    }
    out
}
fn bare(bars: &[Bar]) -> (f64, usize) {
    let close: Vec<f64> = bars.iter().map(|b| b.close.to_f64()).collect();
    let open: Vec<f64> = bars.iter().map(|b| b.open.to_f64()).collect();
    let mut equity = vec![0.0; close.len()];
    let t = Instant::now();
    let (mut fs, mut ss, mut pf, mut ps) = (0.0, 0.0, f64::NAN, f64::NAN);
    let (mut cash, mut q, mut want, mut n) = (1e9, 0.0, 0, 0);
    for i in 0..close.len() {
        if want == 1 && q == 0.0 {
            q = (cash / (open[i] * 1.0001) as f64).floor();
            cash -= q * open[i] * 1.0001;
            n += 1;
        } else if want == -1 && q > 0.0 {
            cash += q * open[i] * 0.9999;
            q = 0.0;
            n += 1;
        }
        want = 0;
        fs += close[i];
        ss += close[i];
        if i >= 10 {
            fs -= close[i - 10];
        }
        if i >= 30 {
            ss -= close[i - 30];
        }
        if i >= 29 {
            let (f, s) = (fs / 10.0, ss / 30.0);
            if pf < ps && f > s {
                want = 1
            } else if pf > ps && f < s {
                want = -1
            }
            pf = f;
            ps = s;
        }
        equity[i] = cash + q * close[i];
    }
    let e = t.elapsed();
    println!("bare {:.1} M bars/s", close.len() as f64 / e.as_secs_f64() / 1e6);
    (*equity.last().unwrap(), n)
}
fn main() {
    let n: usize = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(1_000_000);
    let bars = bars(n);
    let mut curve: Vec<Cash> = Vec::with_capacity(bars.len());
    for _ in 0..std::env::var("REPS").map_or(3, |r| r.parse().unwrap()) {
        curve.clear();
        println!("{:?}", bare(&bars));
        let rules = Rules::default();
        let inst: std::sync::Arc<[Instrument]> =
            vec![Instrument::new("AAPL".parse().unwrap(), Currency::USD, rules).unwrap()].into();
        let s = Cross { fast: Sma::new(10), slow: Sma::new(30), last: None };
        let series = vec![Series { instrument: InstrumentId(0), frame: TimeFrame::MINUTE, matched: true }];
        let keep = if std::env::var("COUNT").is_ok() { Keep::Count } else { Keep::All };
        let engine = Engine::new(s, Limits::default(), inst.clone(), series, Currency::USD, keep).unwrap();
        let venue =
            SimVenue::new(Settings { fees: Fees::flat(Rate::parse("1bp").unwrap()), ..Settings::default() }, &inst);
        let mut sim = Simulator::new(engine, venue);
        let t = Instant::now();
        sim.start(Time::EPOCH, Header::default(), Cash::whole(1_000_000_000)).unwrap();
        for bar in &bars {
            curve.push(sim.bar(SeriesId(0), bar).unwrap());
        }
        sim.end(AtEnd::Keep).unwrap();
        let e = t.elapsed();
        println!(
            "engine {:.1} M bars/s  equity {} trades {} events {} bytes {} hash {}",
            n as f64 / e.as_secs_f64() / 1e6,
            curve.last().unwrap(),
            sim.engine().trades().len(),
            sim.engine().journal().events(),
            sim.engine().journal().bytes(),
            sim.engine().journal().hash()
        );
    }
}
