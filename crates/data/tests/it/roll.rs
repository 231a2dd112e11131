//! Contracts made into one series: what a rolled position earns, what is known when, and the roll of ES in December 2013.
use std::path::Path;

use proptest::prelude::*;
use qframe_data::import::{Wish, import};
use qframe_data::{Contract, RollAdjust, RollError, RollRule, Rolled, Rows, roll};
use qframe_model::market::Bar;
use qframe_model::number::{Price, Quantity, Volume};
use qframe_model::symbol::SymbolParts;
use qframe_model::time::Time;

fn day(number: i64) -> Time {
    Time::from_seconds(86_400 * number)
}

fn bar(number: i64, quarters: i64, volume: i64) -> Bar {
    let price = Price::from_nanos(quarters * 250_000_000);
    let volume = Volume::new(Quantity::whole(volume)).unwrap();
    Bar { time: day(number), open: price, high: price, low: price, close: price, volume }
}

/// A contract that expires on this day, with these days, prices and volumes.
fn contract(expiry: i64, rows: &[(i64, i64, i64)]) -> Contract {
    let (year, month, date) = day(expiry).date();
    Contract {
        symbol: format!("ES-{year:04}{month:02}{date:02}").parse().unwrap(),
        expiry: day(expiry),
        bars: rows.iter().map(|(number, price, volume)| bar(*number, *price, *volume)).collect(),
        open_interest: Vec::new(),
    }
}

fn three() -> Vec<Contract> {
    vec![
        contract(5, &[(1, 400, 90), (2, 404, 80), (3, 408, 30), (4, 412, 5), (5, 416, 1)]),
        contract(9, &[(1, 410, 1), (2, 414, 20), (3, 418, 60), (4, 422, 90), (5, 426, 90), (6, 430, 90)]),
        contract(13, &[(4, 440, 1), (5, 444, 2), (6, 448, 95), (7, 452, 99)]),
    ]
}

#[test]
fn the_three_rules() {
    let check = |contracts: &[Contract], rule, expected: &[(i64, &str, &str)]| {
        let rolled = roll(contracts, rule, RollAdjust::None).unwrap();
        let found: Vec<_> = rolled
            .rolls
            .iter()
            .map(|roll| (roll.day.day(), roll.from_close.to_string(), roll.to_close.unwrap().to_string()))
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(day, from, to)| (*day, from.to_string(), to.to_string())).collect();
        assert_eq!(found, expected, "{rule:?}");
    };
    // On day 3 the second one traded more, so it is held from day 4 on; day 7 follows on day 6.
    check(&three(), RollRule::Volume, &[(4, "102", "104.5"), (7, "107.5", "112")]);
    check(&three(), RollRule::Date { days_before: 3 }, &[(2, "100", "102.5"), (6, "106.5", "111")]);
    check(&three(), RollRule::Date { days_before: 0 }, &[(5, "103", "105.5")]);
    let mut open = three();
    assert_eq!(roll(&open, RollRule::OpenInterest, RollAdjust::None), Err(RollError::NoOpenInterest));
    open[0].open_interest = vec![(day(1), 100), (day(2), 50)];
    open[1].open_interest = vec![(day(1), 60), (day(2), 60), (day(3), 90)];
    // What was open at the end of day 2 is known on day 3, and acted on the day after.
    check(&open, RollRule::OpenInterest, &[(4, "102", "104.5")]);
    open.swap(0, 2);
    check(&open, RollRule::OpenInterest, &[(4, "102", "104.5")]);
}

/// ES of January 2020 has a Sunday with 143 lots of June and one of September, and none of March, which trades a million a day.
#[test]
fn a_thin_contract_does_not_end_the_liquid_one() {
    let check = |contracts: &[Contract], expected: &[i64], days: &[i64]| {
        let rolled = roll(contracts, RollRule::Volume, RollAdjust::None).unwrap();
        let rolls: Vec<i64> = rolled.rolls.iter().map(|roll| roll.day.day()).collect();
        let bars: Vec<i64> = rolled.bars.iter().map(|bar| bar.time.day()).collect();
        assert_eq!((rolls.as_slice(), bars.as_slice()), (expected, days), "{contracts:?}");
    };
    let front = [(1, 400, 1_000), (2, 404, 900), (4, 408, 950), (5, 408, 800), (8, 410, 100)];
    let thin = contract(99, &[(3, 420, 143), (6, 420, 1)]);
    check(&[contract(40, &front), thin.clone()], &[], &[1, 2, 4, 5, 8]);
    // Nor where the period begins on that day.
    check(&[contract(40, &front[2..]), thin], &[], &[4, 5, 8]);
    // A contract that fell silent is left for one that trades more than it did, or for three days.
    let later = |volume: i64| contract(99, &(1..9).map(|day| (day, 420, volume)).collect::<Vec<_>>());
    check(&[contract(40, &front[..2]), later(899)], &[6], &[1, 2, 6, 7, 8]);
    check(&[contract(40, &front[..2]), later(901)], &[3], &[1, 2, 3, 4, 5, 6, 7, 8]);
    // One that has not traded yet is waited for three days, and was never held.
    check(&[contract(40, &[(8, 410, 1)]), later(9)], &[], &[4, 5, 6, 7, 8]);
}

#[test]
fn open_interest_is_compared_where_it_is_known() {
    let rolls = |held: &[(i64, u64)], other: &[(i64, u64)]| {
        let mut contracts = three();
        let dated = |rows: &[(i64, u64)]| rows.iter().map(|(number, open)| (day(*number), *open)).collect();
        (contracts[0].open_interest, contracts[1].open_interest) = (dated(held), dated(other));
        let rolled = roll(&contracts[..2], RollRule::OpenInterest, RollAdjust::None).unwrap();
        rolled.rolls.iter().map(|roll| roll.day.day()).collect::<Vec<_>>()
    };
    assert_eq!(rolls(&[(1, 100), (2, 50)], &[(1, 60), (2, 60)]), [4]);
    // Of the one that is held nothing is known for that day: it is left when it expires.
    assert_eq!(rolls(&[(1, 100)], &[(1, 60), (2, 160)]), [6]);
    assert_eq!(rolls(&[], &[(1, 60), (2, 160)]), [6]);
}

#[test]
fn the_jump_is_taken_out() {
    let closes = |adjust| {
        let rolled = roll(&three(), RollRule::Volume, adjust).unwrap();
        rolled.bars.iter().map(|bar| bar.close.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(closes(RollAdjust::None), ["100", "101", "102", "105.5", "106.5", "107.5", "113"]);
    assert_eq!(closes(RollAdjust::Difference), ["107", "108", "109", "110", "111", "112", "113"]);
    let ratio = closes(RollAdjust::Ratio);
    assert_eq!((ratio[2].as_str(), ratio[6].as_str()), ("108.874418605", "113"));
}

/// ES of December 2013 stops at 14:30 UTC on its last day and March goes on to the night: the closes of that day's bars are
/// eight hours apart, and the adjusted series earned the 6.25 points that the market moved in them. Those of an hour's bar,
/// half an hour.
#[test]
fn a_roll_is_priced_at_one_instant() {
    let hourly = |expiry: i64, rows: &[(i64, i64)]| {
        let mut contract = contract(expiry, &[]);
        let at = |(hour, price): &(i64, i64)| Bar { time: Time::from_seconds(3_600 * hour), ..bar(0, *price, 5) };
        contract.bars = rows.iter().map(at).collect();
        contract
    };
    let check = |old: &[(i64, i64)], new: &[(i64, i64)], expected: (i64, &str, Option<&str>)| {
        let contracts = [hourly(0, old), hourly(9, new)];
        let rolled = roll(&contracts, RollRule::Date { days_before: 0 }, RollAdjust::None).unwrap();
        let roll = &rolled.rolls[0];
        let hour = roll.at.nanos() / 3_600_000_000_000;
        let to = roll.to_close.map(|price| price.to_string());
        assert_eq!((hour, roll.from_close.to_string().as_str(), to.as_deref()), expected, "{old:?} {new:?}");
        if to.is_some() {
            check_earned(&contracts, RollRule::Date { days_before: 0 });
        }
    };
    check(&[(12, 400), (14, 404)], &[(12, 390), (14, 394), (22, 420), (30, 440)], (12, "100", Some("97.5")));
    // There is no earlier hour by which both had traded.
    check(&[(12, 400), (14, 404)], &[(13, 394), (22, 420), (30, 440)], (14, "101", Some("98.5")));
    check(&[(12, 400), (14, 404)], &[(9, 394), (14, 396), (30, 440)], (12, "100", Some("98.5")));
    // Bars of days.
    check(&[(-24, 400), (0, 404)], &[(-24, 394), (0, 420), (48, 440)], (-24, "100", Some("98.5")));
    // They never had a price together.
    check(&[(12, 400), (14, 404)], &[(15, 394), (30, 440)], (14, "101", None));
}

#[test]
fn what_cannot_be_is_refused() {
    let apart = [contract(2, &[(1, 400, 9), (2, 404, 9)]), contract(9, &[(5, 410, 1)])];
    assert_eq!(roll(&[], RollRule::Volume, RollAdjust::None), Err(RollError::NoBars));
    assert_eq!(roll(&[contract(5, &[])], RollRule::Volume, RollAdjust::None), Err(RollError::NoBars));
    assert_eq!(roll(&apart, RollRule::Volume, RollAdjust::None).unwrap().bars.len(), 3);
    let error = roll(&apart, RollRule::Volume, RollAdjust::Ratio).unwrap_err().to_string();
    assert!(error.starts_with("1970-01-06: ES-19700110 had no price yet when ES-19700103 was left"), "{error}");
    let deep = [contract(2, &[(1, 4, 9), (2, 400, 9)]), contract(9, &[(2, 300, 1), (3, 300, 1)])];
    let error = roll(&deep, RollRule::Volume, RollAdjust::Difference).unwrap_err();
    assert_eq!(error, RollError::OutOfRange(day(1)));
}

/// What one contract held all the time earned from the first close to the last, contract by contract, in nanos.
fn earned(contracts: &[Contract], rolled: &Rolled) -> i64 {
    let last = |symbol, until: Time| {
        let contract = contracts.iter().find(|contract| contract.symbol == symbol).unwrap();
        contract.bars.iter().rev().find(|bar| bar.time <= until).unwrap().close.nanos()
    };
    let first = contracts.iter().find(|contract| contract.symbol == rolled.first).unwrap();
    let first_time = rolled.bars[0].time;
    let mut bought = first.bars.iter().find(|bar| bar.time == first_time).unwrap().close.nanos();
    let (mut sum, mut held) = (0, rolled.first.clone());
    for roll in &rolled.rolls {
        // Sold and bought at one instant, whatever either does behind it.
        sum += last(held, roll.at) - bought;
        (bought, held) = (last(roll.to.clone(), roll.at), roll.to.clone());
    }
    sum + last(held, Time::MAX) - bought
}

fn check_earned(contracts: &[Contract], rule: RollRule) {
    let rolled = roll(contracts, rule, RollAdjust::Difference).unwrap();
    let (first, last) = (rolled.bars[0].close, rolled.bars[rolled.bars.len() - 1].close);
    assert_eq!(last.nanos() - first.nanos(), earned(contracts, &rolled), "{rule:?}");
}

/// Contracts on every day up to their expiries, ten days apart, at prices and volumes that `numbers` give.
fn chain(numbers: &[(i64, i64)]) -> Vec<Contract> {
    let days = numbers.len() as i64 / 3;
    let one = |which: i64| {
        let expiry = 8 + 10 * which;
        let rows: Vec<_> = (0..days.min(expiry + 1))
            .map(|day| {
                let (price, volume) = numbers[(3 * day + which) as usize];
                (day, 8_000 + price, volume)
            })
            .collect();
        contract(expiry, &rows)
    };
    (0..3).map(one).collect()
}

proptest! {
    #[test]
    fn a_rolled_position_earns_what_its_contracts_earn(
        numbers in prop::collection::vec((0..2_000i64, 0..50i64), 9..84),
        days_before in 0..7u32,
        cut in 1..28usize,
    ) {
        let contracts = chain(&numbers);
        let date = RollRule::Date { days_before };
        for rule in [RollRule::Volume, date] {
            check_earned(&contracts, rule);
            // What was decided until a day does not change with what comes after it.
            let end = day(cut as i64);
            let known: Vec<Contract> = contracts
                .iter()
                .map(|contract| Contract {
                    bars: contract.bars.iter().filter(|bar| bar.time < end).copied().collect(),
                    ..contract.clone()
                })
                .collect();
            let (all, part) = (roll(&contracts, rule, RollAdjust::None).unwrap(), roll(&known, rule, RollAdjust::None).unwrap());
            let until = all.rolls.iter().filter(|roll| roll.day < end).count();
            prop_assert_eq!(&all.rolls[..until], &part.rolls[..]);
            prop_assert_eq!(&all.bars[..part.bars.len()], &part.bars[..]);
        }
        // By ratio, what a share of the wealth earns is what it earns in the contracts.
        let (raw, scaled) = (
            roll(&contracts, RollRule::Volume, RollAdjust::None).unwrap(),
            roll(&contracts, RollRule::Volume, RollAdjust::Ratio).unwrap(),
        );
        let jumps: f64 = raw.rolls.iter().map(|roll| roll.ratio().unwrap().to_f64()).product();
        let growth = |rolled: &Rolled| rolled.bars[rolled.bars.len() - 1].close.to_f64() / rolled.bars[0].close.to_f64();
        prop_assert!((growth(&scaled) * jumps / growth(&raw) - 1.0).abs() < 1e-9);
    }
}

#[test]
fn the_roll_of_december_2013() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/futures/lean/cme/daily/es_trade.zip");
    if !path.exists() {
        println!("skipped: no es_trade.zip");
        return;
    }
    let mut contracts: Vec<Contract> = Vec::new();
    for answer in import(&path, &Wish::default(), &mut |key, rows| {
        let (SymbolParts::Listed { expiry: Some(expiry), .. }, Rows::Bars(mut bars)) = (key.symbol.parts(), rows)
        else {
            return Ok(());
        };
        bars.retain(|bar| bar.time < "2014-01-01".parse().unwrap());
        contracts.push(Contract { symbol: key.symbol.clone(), expiry, bars, open_interest: Vec::new() });
        Ok(())
    }) {
        answer.unwrap();
    }
    let rolled = roll(&contracts, RollRule::Volume, RollAdjust::Difference).unwrap();
    let said: Vec<_> = rolled.rolls.iter().map(|roll| format!("{:#} {} {}", roll.day, roll.from, roll.to)).collect();
    assert_eq!(said, ["2013-12-15 ES-20131220 ES-20140321"]);
    check_earned(&contracts, RollRule::Volume);
    check_earned(&contracts, RollRule::Date { days_before: 8 });
}
