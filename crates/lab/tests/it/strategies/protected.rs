//! Stops and targets behind the entries of strategies that take them.
use qframe_engine::venue::{Fees, Settings};
use qframe_engine::{Context, Limits, Market, RiskBudget, Sizing, Strategy};
use qframe_lab::registry::registry;
use qframe_lab::{Backtest, DataSet, Outcome, Setup};
use qframe_model::fill::Fill;
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Price, Rate};
use qframe_model::order::{OrderKind, Purpose};
use qframe_model::position::ClosedTrade;
use qframe_quant::indicators::{Atr, Indicator, Ohlcv};

use super::{build, closes, orders, sample, setup};

const NAMES: [&str; 5] =
    ["ma-crossover", "donchian-breakout", "mean-reversion", "bollinger-reversion", "rsi-reversion"];

/// Looks at every instant: a position has its stop and its target behind it, and nothing stands behind no position.
struct Watched<S>(S);

impl<S: Strategy> Strategy for Watched<S> {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let held = context.position().quantity;
        let count = |which: fn(&OrderKind) -> bool| {
            let protects = context.orders().iter().filter(|open| open.order.reduce_only && which(&open.order.kind));
            protects.filter(|open| held.is_zero() || open.order.side == Side::of(held).opposite()).count()
        };
        let stops = count(|kind| matches!(kind, OrderKind::Stop(_)));
        let targets = count(|kind| matches!(kind, OrderKind::Limit(_)));
        let expected = usize::from(!held.is_zero());
        assert_eq!(
            (stops, targets),
            (expected, expected),
            "{} holding {held} at {}",
            context.instrument().0,
            context.now()
        );
        self.0.on_market(market, context);
    }
    fn warm_up(&self) -> usize {
        self.0.warm_up()
    }
    fn on_fill(&mut self, fill: &Fill, context: &mut Context<'_>) {
        self.0.on_fill(fill, context);
    }
}

fn run(name: &str, given: &[(&str, &str)], set: &DataSet, setup: Setup) -> Outcome {
    let backtest = Backtest::new(vec![set.clone()], setup).unwrap();
    backtest.run(Watched(build(name, given, &backtest))).unwrap()
}

fn numbers(bar: &Bar) -> Ohlcv {
    let [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(Price::to_f64);
    Ohlcv { open, high, low, close, volume: 0.0 }
}

fn count(outcome: &Outcome, reason: Purpose) -> usize {
    outcome.trades.iter().filter(|trade| trade.reason == reason).count()
}

#[test]
fn these_strategies_take_a_stop_and_a_target() {
    for spec in registry() {
        let has_stop = spec.parameters.iter().any(|parameter| parameter.name == "stop");
        assert_eq!(has_stop, NAMES.contains(&spec.name), "{}", spec.name);
    }
}

#[test]
fn positions_end_at_their_stop_and_at_their_target_and_are_never_without_them() {
    for name in NAMES {
        let (mut stopped, mut taken) = (0, 0);
        for symbol in ["BTC/USD", "GOOGL", "EUR/USD"] {
            for mode in ["long-flat", "long-short"] {
                let near = if symbol == "EUR/USD" { "0.5" } else { "4" };
                let given = [("mode", mode), ("stop", near), ("target", near)];
                let outcome = run(name, &given, &sample(symbol), setup(true));
                outcome.account.ledger().check().unwrap();
                stopped += count(&outcome, Purpose::StopLoss);
                taken += count(&outcome, Purpose::TakeProfit);
            }
        }
        assert!(stopped > 20 && taken > 20, "{name}: {stopped} stopped, {taken} taken");
    }
}

/// What a trade lost, as a share of the equity at the decision to enter it.
fn loss_share(outcome: &Outcome, set: &DataSet, trade: &ClosedTrade) -> f64 {
    let entered = set.bars().iter().position(|bar| bar.time == trade.entry_time).unwrap();
    -trade.pnl.to_f64() / outcome.curve.equity_at(entered - 1).to_f64()
}

/// Sizing by risk needs a stop; before these strategies took one it could not be had from the command line.
#[test]
fn a_stop_without_a_gap_loses_the_risk_that_was_asked_for() {
    let set = sample("BTC/USD");
    let venue = Settings { fees: Fees::flat(Rate::ZERO), ..Settings::default() };
    let setup = Setup { sizing: Sizing::Risk(RiskBudget::of(Rate::percent(1))), venue, ..Setup::default() };
    for (name, given) in NAMES.map(|name| (name, ("stop", "5"))).into_iter().chain([(NAMES[1], ("stop-atr", "2"))]) {
        let given = [given, ("target", "500")];
        let outcome = run(name, &given, &set, setup.clone());
        let stopped = outcome.trades.iter().filter(|trade| trade.reason == Purpose::StopLoss);
        let losses: Vec<f64> = stopped.map(|trade| loss_share(&outcome, &set, trade)).collect();
        // These prices hardly ever gap: a stop loses what was risked.
        let about = losses.iter().filter(|loss| (0.009..0.011).contains(*loss)).count();
        assert!(losses.len() > 5 && about * 10 >= losses.len() * 8, "{name} {given:?}: {losses:?}");
    }
}

#[test]
fn a_side_that_was_stopped_is_not_bought_back_before_the_price_is() {
    for (name, window) in [("bollinger-reversion", 20), ("mean-reversion", 50)] {
        let set = sample("BTC/USD");
        let outcome = run(name, &[("stop", "3"), ("target", "500")], &set, setup(true));
        let place = |time| set.bars().iter().position(|bar| bar.time == time).unwrap();
        let mean = |bar: usize| closes(&set)[bar + 1 - window..=bar].iter().sum::<f64>() / window as f64;
        let pairs = outcome.trades.windows(2).filter(|pair| pair[0].reason == Purpose::StopLoss);
        let mut seen = 0;
        for pair in pairs {
            let (stopped, entered) = (place(pair[0].exit_time), place(pair[1].entry_time));
            // Within a fifth of a deviation of the mean, at the strictest: nearer than three per cent in these prices.
            let back = (stopped..entered).any(|bar| set.bars()[bar].close.to_f64() > mean(bar) * 0.97);
            assert!(back, "{name}: stopped at {}, back at {}", pair[0].exit_time, pair[1].entry_time);
            seen += 1;
        }
        assert!(seen > 3, "{name}: {seen} entries after a stop");
    }
}

#[test]
fn a_stop_by_range_is_farther_where_the_market_is_wild() {
    let set = sample("BTC/USD");
    let outcome = run("donchian-breakout", &[("stop-atr", "2"), ("target", "500")], &set, setup(true));
    let mut range = Atr::new(20).unwrap();
    let ranges: Vec<Option<f64>> = set.bars().iter().map(|bar| range.update(numbers(bar))).collect();
    let stops = orders(&outcome).into_iter().filter_map(|order| match order.kind {
        OrderKind::Stop(price) => Some((order.time, price)),
        _ => None,
    });
    let mut seen = 0;
    for (time, price) in stops {
        let bar = set.bars().iter().position(|bar| bar.time + set.frame().span() == time).unwrap();
        let expected = set.bars()[bar].close.to_f64() - 2.0 * ranges[bar].unwrap();
        assert!((price.to_f64() / expected - 1.0).abs() < 1e-4, "{price} at {time}, expected {expected}");
        seen += 1;
    }
    assert!(seen > 10, "{seen} stops");
}

#[test]
fn what_protects_a_refused_entry_is_gone_with_it() {
    let mut limits = Limits::default();
    limits.symbol.order_value = Some(Cash::whole(1_000));
    let outcome =
        run("rsi-reversion", &[("stop", "4"), ("target", "4")], &sample("GOOGL"), Setup { limits, ..setup(true) });
    let sent = orders(&outcome);
    assert!(sent.is_empty(), "{} orders behind entries that were refused", sent.len());
}
