//! The registry: names, defaults, refusals, and a strategy of one's own beside the bundled ones.
use qframe_engine::{Context, Market, RiskBudget, Sizing, Strategy};
use qframe_lab::registry::{
    AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec, find, find_among, registry,
};
use qframe_model::market::Side;
use qframe_model::number::{Cash, Quantity, Rate};
use qframe_model::parameter::{ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;

use super::{backtest, sample};

const MARKET: MarketInfo = MarketInfo {
    instruments: 1,
    leads: Vec::new(),
    can_short: true,
    has_book: true,
    has_funding: true,
    sizing: Sizing::Equity(Rate::ONE),
};

#[test]
fn every_entry_is_complete_and_builds_with_its_defaults() {
    for (place, spec) in registry().iter().enumerate() {
        assert!(registry()[..place].iter().all(|other| other.name != spec.name), "{} comes twice", spec.name);
        assert!(!spec.about.is_empty() && !spec.about.ends_with('.'), "{}: {}", spec.name, spec.about);
        let instruments = if spec.assets == Assets::Two { 2 } else { 3 };
        let market = MarketInfo { instruments, ..MARKET };
        let strategy = spec.strategy(&Parameters::defaults(spec.parameters), &market);
        let strategy = strategy.unwrap_or_else(|error| panic!("{}: {error}", spec.name));
        assert!(strategy.warm_up() < 300, "{} needs {} bars", spec.name, strategy.warm_up());
        assert_eq!(find(spec.name).unwrap().name, spec.name);
    }
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest_and_all() {
    let check = |name: &str, says: &str| {
        let error = find(name).unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}");
        assert!(registry().iter().all(|spec| error.contains(spec.name)), "{error}");
    };
    check("ma-crosover", "there is no strategy \"ma-crosover\"; did you mean ma-crossover? (there are buy-and-hold, ");
    check("Pairs", "there is no strategy \"Pairs\"; did you mean pairs? (there are ");
    check("martingale", "there is no strategy \"martingale\" (there are ");
}

#[test]
fn parameters_that_do_not_go_together_are_refused_in_a_sentence() {
    let check = |name: &str, given: &[(&str, &str)], market: MarketInfo, says: &str| {
        let spec = find(name).unwrap();
        let parsed = Parameters::parse(spec.parameters, given).map_err(BuildError::from);
        let error = parsed.and_then(|parameters| spec.strategy(&parameters, &market)).err().unwrap();
        assert_eq!(error.to_string(), says);
    };
    let of = |instruments| MarketInfo { instruments, ..MARKET };
    let long_only = |instruments| MarketInfo { instruments, can_short: false, ..MARKET };
    check("ma-crossover", &[("fast", "30")], MARKET, "fast = \"30\": expected less than slow = 20");
    check("ma-crossover", &[("fast", "0")], MARKET, "fast = \"0\": expected a whole number from 1 to 100000");
    check(
        "ma-crossover",
        &[("quick", "5")],
        MARKET,
        "there is no parameter \"quick\" (expected fast, slow, average, mode, stop, target)",
    );
    check(
        "ma-crossover",
        &[("average", "smaa")],
        MARKET,
        "average = \"smaa\": expected one of sma, ema; did you mean sma?",
    );
    check("donchian-breakout", &[("exit", "21")], MARKET, "exit = \"21\": expected at most entry = 20");
    check(
        "mean-reversion",
        &[("exit", "0.7")],
        MARKET,
        "exit = \"0.7\": expected less than entry in the calmest regime = 0.7",
    );
    check("mean-reversion", &[("usual", "20")], MARKET, "volatility = \"20\": expected less than usual = 20");
    check("rsi-reversion", &[("exit", "30")], MARKET, "oversold = \"30\": expected less than exit = 30");
    check("rsi-reversion", &[("exit", "70")], MARKET, "exit = \"70\": expected less than overbought = 70");
    check("pairs", &[("exit", "2")], of(2), "exit = \"2\": expected less than entry = 2");
    check("pairs", &[], of(3), "pairs wants two symbols; it is given 3");
    check("momentum-rotation", &[("top", "5")], of(4), "top = \"5\": expected at most the number of symbols, 4");
    check("momentum-rotation", &[], of(1), "momentum-rotation wants 2 symbols or more; it is given 1");
    check(
        "pairs",
        &[],
        long_only(2),
        "pairs sells short, and this account does not; allow short sales or choose perpetuals",
    );
    check(
        "rsi-reversion",
        &[("mode", "long-short")],
        long_only(1),
        "mode long-short sells short, and this account does not; allow short sales or choose perpetuals",
    );
}

#[test]
fn a_size_that_a_strategy_cannot_honour_is_refused() {
    let check = |name: &str, instruments: usize, sizing: Sizing, says: Option<&str>| {
        let spec = find(name).unwrap();
        let market = MarketInfo { instruments, sizing, ..MARKET };
        let error = spec.strategy(&Parameters::defaults(spec.parameters), &market).err();
        assert_eq!(error.map(|error| error.to_string()).as_deref(), says, "{name} {sizing}");
    };
    let (share, units) = (Sizing::Equity(Rate::percent(50)), Sizing::Units(Quantity::whole(7)));
    let (risk, cash) = (Sizing::Risk(RiskBudget::of(Rate::percent(1))), Sizing::Cash(Cash::whole(5_000)));
    let weights = |who: &str, size: &str| {
        Some(format!(
            "{who} weighs its positions itself, and size {size} says nothing to that; give the share of the equity \
             that it may use in all, such as 50%"
        ))
    };
    for (name, instruments) in [
        ("vol-target", 1),
        ("futures-trend", 1),
        ("funding-arbitrage", 2),
        ("pairs", 2),
        ("momentum-rotation", 3),
        ("portfolio", 3),
    ] {
        check(name, instruments, share, None);
        check(name, instruments, units, weights(name, "7").as_deref());
        check(name, instruments, cash, weights(name, "cash:5000").as_deref());
        check(name, instruments, risk, weights(name, "risk:1%").as_deref());
    }
    check("buy-and-hold", 2, cash, weights("buy-and-hold of several symbols", "cash:5000").as_deref());
    check("buy-and-hold", 1, cash, None);
    let no_stop = "size risk:1% counts from a stop, and buy-and-hold enters without one; set its parameter stop where it \
                   has one, or give a share of the equity, such as 50%";
    check("buy-and-hold", 1, risk, Some(no_stop));
}

/// A strategy as a user writes it: buys on the n-th bar.
struct Nth {
    bar: usize,
    seen: usize,
}

impl Strategy for Nth {
    fn on_market(&mut self, _: &Market<'_>, context: &mut Context<'_>) {
        self.seen += 1;
        if self.seen == self.bar {
            context.enter(Side::Buy);
        }
    }
}

const NTH: StrategySpec = StrategySpec {
    name: "nth",
    about: "buys on the n-th bar",
    kind: StrategyKind::Custom,
    parameters: &[ParameterSpec::whole("bar", "the bar to buy on", 5, 1, 1000)],
    assets: Assets::One,
    needs: Needs::Bars,
    build: nth,
};

fn nth(parameters: &Parameters, _: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    Ok(Box::new(Nth { bar: parameters.count("bar")?, seen: 0 }))
}

#[test]
fn what_a_strategy_cannot_act_without_is_asked_for() {
    let bare = MarketInfo { instruments: 2, has_book: false, has_funding: false, ..MARKET };
    for spec in registry().iter().filter(|spec| spec.assets.fit(2)) {
        let built = spec.strategy(&Parameters::defaults(spec.parameters), &bare);
        let lacks = built.err().filter(|error| matches!(error, BuildError::Lacks { .. }));
        let says = lacks.map(|error| error.to_string()).unwrap_or_default();
        let expected = match spec.name {
            "market-making" => {
                "market-making acts on quotes or an order book, and there is none; give a recorded stream"
            }
            "funding-arbitrage" => "funding-arbitrage acts on funding, and there is none; give a perpetual's with",
            _ => "",
        };
        assert!(says.starts_with(expected) && says.is_empty() == expected.is_empty(), "{}: {says}", spec.name);
        assert_eq!(spec.needs == Needs::Bars, expected.is_empty());
    }
}

#[test]
fn a_strategy_of_ones_own_stands_beside_the_bundled_ones() {
    let own = [NTH];
    assert_eq!(find_among(&own, "pairs").unwrap().name, "pairs");
    assert!(find_among(&own, "nht").unwrap_err().to_string().contains("did you mean nth?"));
    let spec = find_among(&own, "nth").unwrap();
    let data = sample("GOOGL");
    let backtest = backtest(std::slice::from_ref(&data), false);
    let parameters = Parameters::parse(spec.parameters, &[("bar", "7")]).unwrap();
    let strategy = spec.strategy(&parameters, &MarketInfo::of(&backtest)).unwrap();
    let outcome = backtest.run(strategy).unwrap();
    assert_eq!(super::fills(&outcome)[0].time, data.bars()[7].time);
}
