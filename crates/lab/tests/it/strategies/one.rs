//! Strategies for one market: their decisions are those of their rule, worked out here bar by bar.
use std::collections::HashMap;

use qframe_engine::{Context, Market, Strategy, Ticket};
use qframe_lab::strategies::{
    DonchianBreakout, MeanReversion, MeanReversionRules, Mode, Protection, RegimeRules, RsiReversion, RsiRules,
};
use qframe_lab::{DataSet, Outcome};
use qframe_model::market::Side;
use qframe_model::number::Cash;
use qframe_model::order::{Purpose, Size};
use qframe_quant::indicators::{Bollinger, Ema, Indicator, Rsi};

use super::{backtest, closes, fills, orders, run, sample};

/// What was decided, and on which bar: a side to be on, or none to be flat.
type Decision = (usize, Option<Side>);

const LONG_FLAT: &[(&str, &str)] = &[];
const LONG_SHORT: &[(&str, &str)] = &[("mode", "long-short")];

fn decisions(outcome: &Outcome, set: &DataSet) -> Vec<Decision> {
    let span = set.frame().span();
    let places: HashMap<_, _> = set.bars().iter().enumerate().map(|(place, bar)| (bar.time + span, place)).collect();
    let decided = |order: &qframe_model::order::Order| match order.size {
        Size::Close => (places[&order.time], None),
        _ => (places[&order.time], Some(order.side)),
    };
    orders(outcome).iter().map(decided).collect()
}

/// Follows a rule from bar to bar: it says which position to have, given the one there is and how many closes it has seen.
fn follow(bars: usize, mut rule: impl FnMut(usize, Option<Side>, usize) -> Option<Side>) -> Vec<Decision> {
    let (mut held, mut age, mut decided) = (None, 0, Vec::new());
    for bar in 0..bars {
        age = if held.is_some() { age + 1 } else { 0 };
        let wanted = rule(bar, held, age);
        if wanted != held {
            decided.push((bar, wanted));
        }
        held = wanted;
    }
    decided
}

/// Without the short positions where the mode takes none.
fn in_mode(mode: &[(&str, &str)], wanted: Option<Side>) -> Option<Side> {
    wanted.filter(|side| !mode.is_empty() || *side == Side::Buy)
}

fn check(
    name: &str,
    mode: &[(&str, &str)],
    symbol: &str,
    rule: impl FnMut(usize, Option<Side>, usize) -> Option<Side>,
) {
    let set = sample(symbol);
    let expected = follow(set.bars().len(), rule);
    assert!(expected.len() > 10, "{name} on {symbol} decides {} times", expected.len());
    assert_eq!(decisions(&run(name, mode, std::slice::from_ref(&set)), &set), expected, "{name} {mode:?} on {symbol}");
}

#[test]
fn rsi_reversion_enters_where_the_index_crosses_its_level_and_nothing_is_held() {
    for (symbol, mode) in [("BTC/USD", LONG_FLAT), ("GOOGL", LONG_FLAT), ("GOOGL", LONG_SHORT), ("EUR/USD", LONG_SHORT)]
    {
        let index = Rsi::new(14).unwrap().batch(&closes(&sample(symbol)));
        check("rsi-reversion", mode, symbol, |bar, held, _| {
            let (before, now) = (index.at(bar.checked_sub(1)?)?, index.at(bar)?);
            let wanted = match held {
                None if before >= 30.0 && now < 30.0 => Some(Side::Buy),
                None if before <= 70.0 && now > 70.0 => Some(Side::Sell),
                Some(Side::Buy) if now >= 50.0 => None,
                Some(Side::Sell) if now <= 50.0 => None,
                held => held,
            };
            in_mode(mode, wanted)
        });
    }
}

#[test]
fn bollinger_reversion_enters_outside_the_bands_and_leaves_at_the_middle() {
    for (symbol, mode) in [("BTC/USD", LONG_FLAT), ("GOOGL", LONG_SHORT), ("EUR/USD", LONG_SHORT)] {
        let prices = closes(&sample(symbol));
        let bands = Bollinger::new(20, 2.0).unwrap().batch(&prices);
        check("bollinger-reversion", mode, symbol, |bar, held, _| {
            let (close, bands) = (prices[bar], bands.at(bar)?);
            let wanted = match held {
                None if close < bands.lower => Some(Side::Buy),
                None if close > bands.upper => Some(Side::Sell),
                Some(Side::Buy) if close >= bands.middle => None,
                Some(Side::Sell) if close <= bands.middle => None,
                held => held,
            };
            in_mode(mode, wanted)
        });
    }
}

#[test]
fn donchian_breakout_follows_the_channels_of_the_bars_before() {
    for (symbol, mode) in [("BTC/USD", LONG_FLAT), ("GOOGL", LONG_SHORT), ("EUR/USD", LONG_SHORT)] {
        let set = sample(symbol);
        let bars = set.bars();
        let high = |bar: usize, of: usize| bars[bar - of..bar].iter().map(|bar| bar.high).max().unwrap();
        let low = |bar: usize, of: usize| bars[bar - of..bar].iter().map(|bar| bar.low).min().unwrap();
        check("donchian-breakout", mode, symbol, |bar, held, _| {
            bar.checked_sub(20)?;
            let close = bars[bar].close;
            let wanted = match held {
                _ if close > high(bar, 20) => Some(Side::Buy),
                _ if close < low(bar, 20) => Some(Side::Sell),
                Some(Side::Buy) if close < low(bar, 10) => None,
                Some(Side::Sell) if close > high(bar, 10) => None,
                held => held,
            };
            in_mode(mode, wanted)
        });
    }
}

#[test]
fn ma_crossover_acts_where_the_averages_of_its_kind_cross() {
    for (symbol, average, mode) in [("BTC/USD", "sma", "long-flat"), ("GOOGL", "ema", "long-short")] {
        let set = sample(symbol);
        let prices = closes(&set);
        let ema = |period| Ema::new(period).unwrap().batch(&prices);
        let (fast, slow) = (ema(10), ema(20));
        // Of simple averages the exact sums: bitcoin stood at 340 for weeks, where equal averages are no cross.
        let sum = |bar: usize, period: usize| -> Option<i64> {
            let bars = set.bars().get((bar + 1).checked_sub(period)?..=bar)?;
            Some(bars.iter().map(|bar| bar.close.nanos()).sum())
        };
        let given = [("average", average), ("mode", mode)];
        check("ma-crossover", &given, symbol, |bar, held, _| {
            let above = |bar: usize| match average {
                "sma" => Some((2 * sum(bar, 10)? - sum(bar, 20)?) as f64),
                _ => Some(fast.at(bar)? - slow.at(bar)?),
            };
            match (bar.checked_sub(1).and_then(above), above(bar)) {
                (Some(before), Some(now)) if before < 0.0 && now > 0.0 => Some(Side::Buy),
                (Some(before), Some(now)) if before > 0.0 && now < 0.0 => (mode == "long-short").then_some(Side::Sell),
                _ => held,
            }
        });
    }
}

/// Mean and standard deviation (dividing by n).
fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / values.len() as f64).sqrt())
}

fn log_returns(prices: &[f64]) -> Vec<f64> {
    prices.windows(2).map(|pair| (pair[1] / pair[0]).ln()).collect()
}

/// The score of a bar and the threshold of its regime.
fn score_and_threshold(prices: &[f64], returns: &[f64], bar: usize) -> Option<(f64, f64)> {
    let usual = moments(&returns[bar.checked_sub(100)?..bar]).1;
    let now = moments(&returns[bar - 20..bar]).1;
    let threshold = match now / usual {
        ratio if ratio < 0.8 => 0.7,
        ratio if ratio > 1.25 => 1.5,
        _ => 1.0,
    };
    let (mean, deviation) = moments(&prices[bar - 49..=bar]);
    Some(((prices[bar] - mean) / deviation, threshold))
}

#[test]
fn mean_reversion_follows_score_regime_and_time() {
    for (symbol, mode) in [("BTC/USD", LONG_FLAT), ("GOOGL", LONG_SHORT), ("EUR/USD", LONG_SHORT)] {
        let prices = closes(&sample(symbol));
        let returns = log_returns(&prices);
        let is_back = |side, score: f64| if side == Side::Buy { score >= -0.2 } else { score <= 0.2 };
        let (mut spent, mut thresholds) = (None, Vec::new());
        check("mean-reversion", mode, symbol, |bar, held, age| {
            let (score, threshold) = score_and_threshold(&prices, &returns, bar)?;
            thresholds.push(threshold);
            spent = spent.filter(|side| !is_back(*side, score));
            let wanted = match held {
                Some(side) if is_back(side, score) => None,
                Some(side) if age >= 20 => {
                    spent = Some(side);
                    None
                }
                Some(side) => Some(side),
                None if score <= -threshold => Some(Side::Buy).filter(|side| spent != Some(*side)),
                None if score >= threshold => Some(Side::Sell).filter(|side| spent != Some(*side)),
                None => None,
            };
            in_mode(mode, wanted)
        });
        assert!([0.7, 1.0, 1.5].iter().all(|regime| thresholds.contains(regime)), "{symbol} has all three regimes");
    }
}

#[test]
fn the_time_exit_closes_after_so_many_bars_and_no_later() {
    for (symbol, hold) in [("BTC/USD", 20), ("GOOGL", 5), ("EUR/USD", 20), ("EUR/USD", 1)] {
        let (set, text) = (sample(symbol), hold.to_string());
        let outcome = run("mean-reversion", &[("hold", &text), ("mode", "long-short")], std::slice::from_ref(&set));
        let place = |time| set.bars().iter().position(|bar| bar.time == time).unwrap();
        let mut in_time = 0;
        for trade in outcome.trades.iter().filter(|trade| trade.reason != Purpose::Liquidation) {
            let lasted = place(trade.exit_time) - place(trade.entry_time);
            assert!(lasted <= hold, "{symbol}: a trade of {lasted} bars from {}", trade.entry_time);
            if trade.reason == Purpose::ForceExit {
                assert_eq!(lasted, hold, "{symbol}: closed in time from {}", trade.entry_time);
                in_time += 1;
            }
        }
        assert!(in_time > 3, "{symbol}: {in_time} of {} trades ended in time", outcome.trades.len());
    }
}

#[test]
fn the_volatility_target_is_moved_where_it_is_outside_its_band_and_nowhere_else() {
    for (symbol, target, cap) in [("BTC/USD", 0.4, 1.0), ("GOOGL", 0.15, 0.8), ("EUR/USD", 0.05, 1.0)] {
        let set = sample(symbol);
        let given = [("target", &*target.to_string()), ("cap", &*cap.to_string())];
        let outcome = run("vol-target", &given, std::slice::from_ref(&set));
        let (prices, fills) = (closes(&set), fills(&outcome));
        let returns = log_returns(&prices);
        let mut orders = orders(&outcome).into_iter().peekable();
        let (mut units, mut filled, mut moved) = (0.0, fills.iter().peekable(), 0);
        for (bar, row) in set.bars().iter().enumerate() {
            while let Some(fill) = filled.next_if(|fill| fill.time == row.time) {
                units += fill.signed().to_f64();
            }
            let order = orders.next_if(|order| order.time == row.time + set.frame().span());
            if bar < 20 {
                assert!(order.is_none(), "{symbol}: an order in the warm-up");
                continue;
            }
            let count = bar.min(1_000);
            let years = row.time.since(set.bars()[bar - count].time).nanos() as f64 / (365.25 * 86_400e9);
            let volatility = moments(&returns[bar - 20..bar]).1 * (count as f64 / years).sqrt();
            let wanted = f64::min(target / volatility, cap);
            let away = (wanted - units * prices[bar] / outcome.curve.equity_at(bar).to_f64()).abs();
            assert_eq!(order.is_some(), away > 0.1, "{symbol} bar {bar}: {away} away");
            if let Some(Size::TargetWeight(weight)) = order.map(|order| order.size) {
                assert!((weight.to_f64() - wanted).abs() < 1e-8, "{symbol} bar {bar}: {weight} for {wanted}");
                moved += 1;
            }
        }
        assert!(moved > 5 && orders.next().is_none(), "{symbol}: moved {moved} times");
    }
}

#[test]
fn buy_and_hold_buys_at_the_second_open_and_earns_what_the_market_does() {
    for symbol in ["BTC/USD", "GOOGL", "EUR/USD"] {
        let set = sample(symbol);
        let outcome = run("buy-and-hold", &[], std::slice::from_ref(&set));
        let [bought] = fills(&outcome)[..] else { panic!("{symbol}: one fill") };
        assert_eq!((bought.time, bought.price), (set.bars()[1].time, set.bars()[1].open), "{symbol}");
        let growth = set.bars().last().unwrap().close.to_f64() / bought.price.to_f64();
        let (equity, expected) = (outcome.curve.last().unwrap().to_f64(), 10_000.0 / 1.001 * growth);
        assert!((equity / expected - 1.0).abs() < 1e-9, "{symbol}: {equity}, expected {expected}");
    }
}

/// A strategy behind a protective stop that is never reached: an order that rests while a position is held.
struct Protected<S>(S);

impl<S: Strategy> Strategy for Protected<S> {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        self.0.on_market(market, context);
        if context.is_long() && context.orders().is_empty() {
            let stop = context.price(1.0);
            context.send(Ticket::sell(Size::Close).stop(stop).reduce_only());
        }
    }
}

#[test]
fn an_order_that_rests_does_not_hold_a_strategy() {
    let set = sample("GOOGL");
    let backtest = backtest(std::slice::from_ref(&set), true);
    let rules = RsiRules {
        window: 14,
        oversold: 30.0,
        exit: 50.0,
        overbought: 70.0,
        mode: Mode::LongFlat,
        protection: Protection::default(),
    };
    let plain = backtest.run(RsiReversion::new(rules).unwrap()).unwrap();
    let protected = backtest.run(Protected(RsiReversion::new(rules).unwrap())).unwrap();
    assert!(plain.trades.len() > 10);
    assert_eq!(protected.trades, plain.trades);
}

#[test]
fn strategies_built_by_hand_are_those_of_the_registry() {
    let set = sample("GOOGL");
    let backtest = backtest(std::slice::from_ref(&set), true);
    let by_hand = |outcome: Outcome| outcome.curve.last().unwrap();
    let check = |name: &str, equity: Cash| {
        let listed = run(name, LONG_SHORT, std::slice::from_ref(&set));
        assert_eq!(equity, listed.curve.last().unwrap(), "{name}");
    };
    let mode = Mode::LongShort;
    let rules =
        RsiRules { window: 14, oversold: 30.0, exit: 50.0, overbought: 70.0, mode, protection: Protection::default() };
    check("rsi-reversion", by_hand(backtest.run(RsiReversion::new(rules).unwrap()).unwrap()));
    let donchian = DonchianBreakout::new(20, 10, mode).unwrap();
    check("donchian-breakout", by_hand(backtest.run(donchian).unwrap()));
    let regime = RegimeRules { volatility: 20, usual: 100, calm: 0.7, wild: 1.5 };
    let rules = MeanReversionRules {
        window: 50,
        entry: 1.0,
        exit: 0.2,
        hold: 20,
        regime,
        mode,
        protection: Protection::default(),
    };
    check("mean-reversion", by_hand(backtest.run(MeanReversion::new(rules).unwrap()).unwrap()));
}
