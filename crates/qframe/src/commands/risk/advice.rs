//! What brings a metric back to its limit: which position to close, and how much of it, measured again with the smaller book.
use std::cmp::Ordering;

use qframe_model::assessment::{Metric, Recommendation, Step};
use qframe_model::number::Quantity;

use super::Answer;
use super::book::{Book, Holding};
use super::gauge::{self, Gauges};
use super::stress;

/// Positions that are closed one after another for a metric of the whole book; where so many are not enough, all that make
/// the metric are made smaller at once.
const STEPS_MAX: usize = 5;
/// Shares of a position that are looked at where closing all of it does not help.
const GRID: [f64; 4] = [0.25, 0.5, 0.75, 1.0];
/// A reading this near below its limit is at it.
const NEAR: f64 = 1e-4;
/// Readings at most until a size is found: each halves the doubt at least every other time.
const READINGS_MAX: usize = 40;

/// What to do about a metric beyond its limit; `own` are those that are measured here.
pub(super) fn advise(book: &Book, answer: &Answer, gauges: &Gauges, metric: &Metric, own: bool) -> Vec<Recommendation> {
    let told = |step: Step| Recommendation { metric: metric.name().to_owned(), limit: metric.limit(), step };
    let steps = match metric.name() {
        _ if !own => vec![Step::Lower { by: metric.value().abs() - metric.limit() }],
        "disagreement" => believed(answer).into_iter().collect(),
        "position" | "days-to-close" => each(book, gauges, metric),
        _ => {
            let steps = closed(book, gauges, metric);
            if reaches(&steps, metric) {
                steps
            } else {
                together(book, gauges, metric).map_or(steps, |step| vec![step])
            }
        }
    };
    let steps = unless_solved(steps, metric);
    steps.into_iter().map(told).collect()
}

/// Where the last step leaves the metric; `None` where none measures it.
fn left_by(steps: &[Step]) -> Option<f64> {
    match steps.last()? {
        Step::Close { left, .. } | Step::CloseEach { left, .. } => Some(*left),
        _ => None,
    }
}

fn reaches(steps: &[Step], metric: &Metric) -> bool {
    left_by(steps).is_some_and(|left| left <= metric.limit())
}

/// The steps, and behind those that do not reach the limit a word that says so.
fn unless_solved(mut steps: Vec<Step>, metric: &Metric) -> Vec<Step> {
    let left = if steps.is_empty() { Some(metric.value()) } else { left_by(&steps) };
    steps.extend(left.filter(|left| *left > metric.limit()).map(|left| Step::Unsolved { left }));
    steps
}

/// The methods that see most and least.
fn believed(answer: &Answer) -> Option<Step> {
    let by_var = |a: &(super::Method, f64), b: &(super::Method, f64)| a.1.total_cmp(&b.1);
    let (most, least) = (gauge::vars(answer).max_by(by_var)?, gauge::vars(answer).min_by(by_var)?);
    Some(Step::Believe { most: (most.0.name(), most.1), least: (least.0.name(), least.1) })
}

/// Of a metric that each position keeps to by itself: all that do not, the worst first, each brought to the limit.
fn each(book: &Book, gauges: &Gauges, metric: &Metric) -> Vec<Step> {
    let (name, limit) = (metric.name(), metric.limit());
    let own = |holding: &Holding| match name {
        "position" => Some(holding.weight.abs()),
        _ => stress::closing(holding, gauges.participation).map(|one| one.days),
    };
    let read = |holding: &Holding| own(holding).filter(|reading| *reading > limit);
    let mut beyond: Vec<(&Holding, f64)> = book.holdings.iter().filter_map(|one| Some((one, read(one)?))).collect();
    beyond.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut most = book.holdings.iter().filter_map(own).filter(|reading| *reading <= limit).fold(0.0, f64::max);
    let mut steps = Vec::new();
    for (place, (whole, now)) in beyond.iter().enumerate() {
        let mut read = |share: f64| own(&smaller(whole, share));
        let Some((share, left)) = share(&mut read, *now, limit) else { continue };
        most = left.max(most);
        let next = beyond.get(place + 1).map_or(0.0, |(_, reading)| *reading);
        steps.push(step(whole, share, most.max(next), name));
    }
    steps
}

/// Positions to make smaller, one after another until the limit holds: the one that adds most first.
fn closed(book: &Book, gauges: &Gauges, metric: &Metric) -> Vec<Step> {
    let (name, limit) = (metric.name(), metric.limit());
    let (mut book, mut now) = (book.clone(), metric.value());
    let (mut steps, mut useless) = (Vec::new(), Vec::new());
    while now > limit && steps.len() < STEPS_MAX && useless.len() < STEPS_MAX {
        let Some(place) = heaviest(&book, gauges, name, &useless) else { break };
        let whole = book.holdings[place].clone();
        let mut read = |share: f64| {
            book.holdings[place] = smaller(&whole, share);
            gauges.read(name, &book)
        };
        let Some((share, left)) = share(&mut read, now, limit).filter(|(_, left)| *left < now) else {
            book.holdings[place] = whole;
            useless.push(place);
            continue;
        };
        book.holdings[place] = smaller(&whole, share);
        now = left;
        steps.push(step(&whole, share, now, name));
        useless.extend((share >= 1.0).then_some(place));
    }
    steps
}

/// The same share of every position that makes the metric, where no few of them are enough: of `currency` those that are
/// foreign, of others all, hedges among them, so that the book keeps its shape. With all of them closed nothing is left to
/// measure, so there is a share that is enough.
fn together(book: &Book, gauges: &Gauges, metric: &Metric) -> Option<Step> {
    let home = gauge::home(book);
    let is_meant = |one: &Holding| {
        let is_home = metric.name() == "currency" && (one.currency.is_none() || one.currency == home);
        one.weight != 0.0 && !is_home
    };
    let mut cut = book.clone();
    let mut read = |share: f64| {
        for (left, whole) in cut.holdings.iter_mut().zip(&book.holdings).filter(|(_, whole)| is_meant(whole)) {
            *left = smaller(whole, share);
        }
        gauges.read(metric.name(), &cut)
    };
    let (share, left) = share(&mut read, metric.value(), metric.limit())?;
    let mut meant: Vec<&Holding> = book.holdings.iter().filter(|one| is_meant(one)).collect();
    meant.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    let positions = meant.into_iter().map(|whole| (whole.symbol.clone(), units(whole, share))).collect();
    (left <= metric.limit()).then_some(Step::CloseEach { share, positions, left })
}

fn step(whole: &Holding, share: f64, left: f64, metric: &str) -> Step {
    let quantity = units(whole, share);
    let hedge = whole.currency.clone().filter(|_| metric == "currency");
    Step::Close { symbol: whole.symbol.clone(), share, quantity, hedge, left }
}

/// A share of a holding in units, a few more than needed but never more than there are.
fn units(whole: &Holding, share: f64) -> Option<Quantity> {
    let held = whole.quantity?.abs();
    Some(Quantity::from_f64(up(held.to_f64() * share))?.min(held))
}

/// What is left of a holding; what it is closed for is cash.
fn smaller(whole: &Holding, share: f64) -> Holding {
    let left = 1.0 - share;
    let quantity = whole.quantity.and_then(|quantity| Quantity::from_f64(quantity.to_f64() * left));
    Holding { weight: whole.weight * left, quantity, ..whole.clone() }
}

/// The place of the holding that adds most to a metric, of those that are left.
fn heaviest(book: &Book, gauges: &Gauges, metric: &str, useless: &[usize]) -> Option<usize> {
    let home = gauge::home(book);
    let series = book.series();
    let mean = series.iter().sum::<f64>() / series.len() as f64;
    // How the holding moves with the book: its part of the variance, which every method's VaR follows.
    let moving = |place: usize, holding: &Holding| {
        let own = book.returns.rows().map(|row| row[place]);
        holding.weight * own.zip(&series).map(|(own, all)| own * (all - mean)).sum::<f64>()
    };
    let losing = gauges.stress(book).filter(|_| metric == "stress").and_then(|one| one.worst).map(|(symbol, _)| symbol);
    let weight = |place: usize, holding: &Holding| match metric {
        "var" | "drawdown" => moving(place, holding),
        "stress" if losing.as_ref() == Some(&holding.symbol) => f64::INFINITY,
        "currency" if holding.currency.is_none() || holding.currency == home => 0.0,
        _ => holding.weight.abs(),
    };
    let left = book.holdings.iter().enumerate().filter(|(place, _)| !useless.contains(place));
    let weighed = left.map(|(place, holding)| (place, weight(place, holding))).filter(|(_, weight)| *weight > 0.0);
    weighed.max_by(|a, b| a.1.partial_cmp(&b.1).unwrap_or(Ordering::Equal)).map(|(place, _)| place)
}

/// The smallest share found that brings a reading to its limit, with the reading; where none does, the share that
/// leaves least. `now` is the reading at a share of nothing.
fn share(read: &mut impl FnMut(f64) -> Option<f64>, now: f64, limit: f64) -> Option<(f64, f64)> {
    let all = read(1.0);
    let (mut low, mut high) = ((0.0, now), (1.0, all.unwrap_or(f64::INFINITY)));
    if high.1 > limit {
        // What hedges as well as it risks is best closed in part.
        let readings: Vec<(f64, f64)> =
            GRID.iter().filter_map(|share| Some((*share, if *share < 1.0 { read(*share)? } else { all? }))).collect();
        let least = readings.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1))?;
        match readings.iter().position(|(_, reading)| *reading <= limit) {
            Some(0) => high = readings[0],
            Some(place) => (low, high) = (readings[place - 1], readings[place]),
            None => return Some(least),
        }
    }
    Some(between(read, low, high, limit))
}

/// The crossing of the limit between a reading above and one at or below it: a straight line through both while it serves,
/// else the middle. Always a share at which the limit holds.
fn between(
    read: &mut impl FnMut(f64) -> Option<f64>,
    mut low: (f64, f64),
    mut high: (f64, f64),
    limit: f64,
) -> (f64, f64) {
    for turn in 0..READINGS_MAX {
        if high.1 >= limit * (1.0 - NEAR) || high.0 - low.0 < 1e-6 {
            break;
        }
        // Aiming a little beyond the limit, the line ends on the side where the limit holds.
        let along = (low.1 - limit * (1.0 - NEAR / 2.0)) / (low.1 - high.1);
        let line = low.0 + (high.0 - low.0) * along;
        let middle = f64::midpoint(low.0, high.0);
        let next = if turn % 3 < 2 && line > low.0 && line < high.0 { line } else { middle };
        match read(next) {
            Some(reading) if reading <= limit => high = (next, reading),
            reading => low = (next, reading.unwrap_or(low.1)),
        }
    }
    high
}

/// The next number of six digits: a few units more than needed rather than nine decimals of them.
fn up(units: f64) -> f64 {
    let digit = 10_f64.powf(units.max(1e-9).log10().floor() - 5.0);
    (units / digit - 1e-9).ceil() * digit
}

#[cfg(test)]
mod tests {
    use qframe_model::assessment::{Metric, RiskType, Step};

    use super::{share, unless_solved};

    #[test]
    fn what_is_not_solved_says_so() {
        fn check(lefts: &[f64], expected: Option<f64>) {
            let metric = Metric::new(RiskType::Market, "var", 0.5, 0.2).unwrap();
            let close = |left: &f64| Step::Close {
                symbol: "A".to_owned(),
                share: 1.0,
                quantity: None,
                hedge: None,
                left: *left,
            };
            let steps = unless_solved(lefts.iter().map(close).collect(), &metric);
            let last = steps.last().and_then(|step| match step {
                Step::Unsolved { left } => Some(*left),
                _ => None,
            });
            assert_eq!((last, steps.len()), (expected, lefts.len() + usize::from(expected.is_some())), "{lefts:?}");
        }
        check(&[0.4, 0.2], None);
        check(&[0.4, 0.3], Some(0.3));
        check(&[], Some(0.5));
    }

    #[test]
    fn the_share_found_is_at_the_limit_and_no_more() {
        /// `reading` of a share, the limit, the share at which it is reached.
        fn check(reading: impl Fn(f64) -> f64, limit: f64, expected: f64) {
            let mut count = 0;
            let mut read = |share: f64| {
                count += 1;
                Some(reading(share))
            };
            let (found, left) = share(&mut read, reading(0.0), limit).unwrap();
            assert!((found - expected).abs() < 1e-3, "{found} is not {expected}");
            assert!((reading(found) - left).abs() < 1e-12);
            assert!(count < 30, "{count} readings");
        }
        check(|share| 10.0 - 8.0 * share, 5.0, 0.625);
        // A hedge: closing all of it is worse than closing half.
        check(|share| 10.0 * (share - 0.5).powi(2) + 1.0, 1.9, 0.2);
        // It jumps, as an order statistic of few outcomes does.
        check(|share| if share < 0.33 { 3.0 } else { 1.0 }, 2.0, 0.33);
        // Never within the limit: as near as it goes.
        check(|share| 10.0 - 2.0 * share, 5.0, 1.0);
        check(|share| (1.0 - share).powi(3), 0.001, 0.9);
    }
}
