//! Portfolios: what a target may be, and how an account stands.
use std::collections::BTreeMap;

use qframe_model::ids::InstrumentId;
use qframe_model::number::{Cash, Rate};
use qframe_model::portfolio::{
    Bounds, Constraints, Drift, Portfolio, PortfolioError, Snapshot, Weights, drift, turnover,
};
use qframe_model::time::Time;

use crate::world::{account, buy, instruments, read, sell};

pub(crate) fn weights(rows: &[(u16, &str)]) -> Weights {
    rows.iter().map(|(id, weight)| (InstrumentId(*id), read(weight))).collect()
}

#[test]
fn a_target_is_told_everything_it_breaks() {
    let bounds = Bounds {
        positions: Some(2),
        weight: Some(Rate::percent(50)),
        sector_weight: Some(Rate::percent(60)),
        leverage: Some(Rate::ONE),
        cash_floor: Some(Rate::percent(10)),
        drawdown: Some(Rate::percent(20)),
    };
    let sectors = BTreeMap::from([(0, "tech"), (1, "tech"), (2, "energy")]);
    let portfolio = Portfolio {
        name: "core".to_owned(),
        constraints: Constraints::new(bounds).unwrap(),
        sectors: sectors.into_iter().map(|(id, sector)| (InstrumentId(id), sector.to_owned())).collect(),
    };
    let listed = instruments(&["AAPL", "MSFT", "XOM", "BTC/USD:USD"]);
    let check = |target: &[(u16, &str)], drawdown: &str, expected: &[&str]| {
        let found = portfolio.check(&weights(target), &listed, read(drawdown));
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{target:?}");
    };
    check(&[], "0.5", &[]);
    check(&[(0, "0.5"), (2, "0.4")], "0.19", &[]);
    check(&[(0, "0.5"), (1, "0"), (3, "0.5")], "0", &[]);
    check(&[(0, "0.1"), (1, "0.1"), (2, "0.1")], "0", &["3 positions: at most 2 are allowed"]);
    check(
        &[(0, "0.3"), (1, "-0.6")],
        "0",
        &[
            "weight -0.6 of MSFT: at most 0.5 either way is allowed",
            "weight 0.9 of the sector tech: at most 0.6 is allowed",
        ],
    );
    check(
        &[(2, "0.5"), (3, "-0.6")],
        "0",
        &["weight -0.6 of BTC/USD:USD: at most 0.5 either way is allowed", "leverage 1.1: at most 1 is allowed"],
    );
    check(&[(0, "0.5"), (2, "0.45")], "0", &["0.05 of the equity left as money: at least 0.1 must be"]);
    check(&[(0, "0.5")], "0.2", &["drawdown 0.2 is at the limit 0.2: only an empty target is allowed"]);
    check(&[(9, "0.5")], "0", &["no instrument has the number 9"]);
}

#[test]
fn bounds_that_nothing_keeps_to_are_refused() {
    let check = |bounds: Bounds, refused: &str| assert_eq!(Constraints::new(bounds).unwrap_err().to_string(), refused);
    let off = Bounds::default();
    check(Bounds { weight: Some(Rate::ZERO), ..off }, "the bound weight is 0: expected more than zero");
    check(Bounds { leverage: Some(-Rate::ONE), ..off }, "the bound leverage is -1: expected more than zero");
    check(Bounds { cash_floor: Some(Rate::percent(101)), ..off }, "the bound cash_floor is 1.01: expected 0 to 1");
    check(Bounds { drawdown: Some(Rate::ZERO), ..off }, "the bound drawdown is 0: expected more than zero, up to 1");
}

#[test]
fn a_snapshot_measures_the_account() {
    let mut account = account(&["AAPL", "MSFT"], 10_000);
    account.fill(&buy(0, "20", "250")).unwrap();
    account.fill(&sell(1, "10", "100")).unwrap();
    account.mark(InstrumentId(1), read("120")).unwrap();
    let snapshot = Snapshot::of(&account, Time::EPOCH, Cash::whole(12_250)).unwrap();
    assert_eq!((snapshot.equity, snapshot.cash, snapshot.exposure), (read("9800"), read("6000"), read("6200")));
    assert_eq!(snapshot.weights, weights(&[(0, "0.510204082"), (1, "-0.12244898")]));
    assert_eq!(snapshot.drawdown, read("0.2"));
    assert_eq!(Snapshot::of(&account, Time::EPOCH, Cash::ZERO).unwrap().drawdown, Rate::ZERO);
    let drifts = drift(&snapshot.weights, &weights(&[(0, "0.5"), (1, "0")]));
    assert_eq!(drifts.iter().map(Drift::gap).collect::<Vec<_>>(), [read("-0.010204082"), read("0.12244898")]);
    assert_eq!(turnover(&drifts), read("0.066326531"));
    account.mark(InstrumentId(1), read("2000")).unwrap();
    assert_eq!(Snapshot::of(&account, Time::EPOCH, Cash::ZERO), Err(PortfolioError::NoEquity(read("-9000"))));
}
