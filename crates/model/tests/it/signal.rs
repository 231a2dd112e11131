//! Signals: what holds together, what counts, who wins.
use proptest::prelude::*;
use qframe_model::conflicts::{Lost, Yielded, resolve};
use qframe_model::ids::InstrumentId;
use qframe_model::number::Rate;
use qframe_model::signal::{Action, Confidence, Signal, SignalError, Strength, Terms};
use qframe_model::signals::{Method, Unfit, Vote, VoteError, aggregate, by_priority, priority, validate};
use qframe_model::time::Time;

use crate::serial;
use crate::world::read;

fn terms(action: &str) -> Terms {
    Terms::new(read(action), InstrumentId(0), Time::from_seconds(100), read("100"))
}

/// `buy high 0.8`: on instrument 0, at second 100.
fn signal(text: &str) -> Signal {
    let words: Vec<&str> = text.split(' ').collect();
    let strength = Strength::new(words[2].parse().unwrap()).unwrap();
    Signal::new(Terms { confidence: read(words[1]), strength, ..terms(words[0]) }).unwrap()
}

fn signals(rows: &[&str]) -> Vec<Signal> {
    rows.iter().map(|row| signal(row)).collect()
}

#[test]
fn stops_and_targets_stand_on_their_sides() {
    fn check(action: &str, stop: &str, target: &str, refused: &str) {
        let price = |text: &str| if text.is_empty() { None } else { Some(read(text)) };
        let made = Signal::new(Terms { stop_loss: price(stop), take_profit: price(target), ..terms(action) });
        assert_eq!(made.err().map_or(String::new(), |error| error.to_string()), refused, "{action} {stop} {target}");
    }
    check("buy", "95", "110", "");
    check("buy", "", "", "");
    check("sell", "105", "90", "");
    check("buy", "100", "110", "a stop of 100 to buy at 100: expected it below the price");
    check("buy", "95", "99", "a target of 99 to buy at 100: expected it above the price");
    check("sell", "95", "90", "a stop of 95 to sell at 100: expected it above the price");
    check("sell", "105", "110", "a target of 110 to sell at 100: expected it below the price");
    check("hold", "95", "", "a stop or target of 95 with the action hold, which opens nothing to protect");
    check("close", "", "110", "a stop or target of 110 with the action close, which opens nothing to protect");
}

#[test]
fn other_terms_that_do_not_hold_are_refused() {
    let check = |terms: Terms, refused: &str| assert_eq!(Signal::new(terms).unwrap_err().to_string(), refused);
    let zero = Some(read("0"));
    check(Terms { quantity: zero, ..terms("buy") }, "quantity 0: expected more than zero");
    check(
        Terms { expiry: Some(Time::from_seconds(100)), ..terms("buy") },
        "an expiry of 1970-01-01T00:01:40Z for a signal of 1970-01-01T00:01:40Z: expected it later",
    );
    let notes = (0..17).map(|n| (n.to_string(), String::new())).collect();
    check(Terms { notes, ..terms("buy") }, "17 notes on one signal: expected 16 or fewer");
    let word = "long".parse::<Action>().unwrap_err().to_string();
    assert_eq!(word, "\"long\" is not an action (expected buy, sell, hold, close)");
}

#[test]
fn strength_is_a_share() {
    for (value, kept) in [(0.0, "0"), (-0.0, "0"), (0.3, "0.3"), (1.0, "1"), (1e-12, "0")] {
        assert_eq!(Strength::new(value).map(|strength| strength.to_string()), Ok(kept.to_owned()), "{value}");
    }
    for value in [-0.1, 1.000_000_000_1, f64::NAN, f64::INFINITY] {
        assert_eq!(Strength::new(value), Err(SignalError::Strength(value.to_string())));
    }
    assert!(serde_json::from_str::<Strength>("\"1.1\"").is_err());
}

#[test]
fn a_signal_counts_while_it_is_strong_and_young() {
    fn check(row: &str, now: i64, unfit: Option<Unfit>) {
        let signal =
            Signal::new(Terms { expiry: Some(Time::from_seconds(200)), ..signal(row).terms().clone() }).unwrap();
        let now = Time::from_seconds(now);
        assert_eq!(validate(&signal, now).err(), unfit, "{row} at {now}");
        assert_eq!(signal.is_expired(now), matches!(unfit, Some(Unfit::Expired { .. })));
    }
    let (time, expiry) = (Time::from_seconds(100), Time::from_seconds(200));
    check("buy low 0.3", 100, None);
    check("close low 1", 199, None);
    check("buy low 0.3", 200, Some(Unfit::Expired { expiry, now: expiry }));
    check("buy low 0.3", 99, Some(Unfit::FromTheFuture { time, now: Time::from_seconds(99) }));
    check("hold high 1", 100, Some(Unfit::Hold));
    check("buy high 0.299999999", 100, Some(Unfit::TooWeak(Strength::new(0.299_999_999).unwrap())));
    assert!(!signal("hold high 1").is_actionable());
}

#[test]
fn risk_reward_is_target_over_stop() {
    let with = |stop: Option<&str>, target: Option<&str>| {
        let (stop_loss, take_profit) = (stop.map(read), target.map(read));
        Signal::new(Terms { stop_loss, take_profit, ..terms("buy") }).unwrap().risk_reward()
    };
    assert_eq!(with(Some("95"), Some("115")), Some(3.0));
    assert_eq!((with(Some("95"), None), with(None, Some("115"))), (None, None));
}

#[test]
fn the_surer_then_the_stronger_then_the_earlier_is_first() {
    let mut rows = signals(&["buy low 1", "buy high 0.5", "sell high 0.9", "buy high 0.5"]);
    rows[1] = Signal::new(Terms { time: Time::from_seconds(101), ..rows[1].terms().clone() }).unwrap();
    assert_eq!(by_priority(&rows), [2, 3, 1, 0]);
}

#[test]
fn strategies_vote() {
    fn check(method: Method, votes: &[(&str, i64)], expected: &str) {
        let rows: Vec<Signal> = votes.iter().map(|(row, _)| signal(row)).collect();
        let weigh = |(signal, (_, weight)): (_, &(&str, i64))| Vote { signal, weight: Rate::percent(*weight) };
        let verdict = aggregate(&rows.iter().zip(votes).map(weigh).collect::<Vec<_>>(), method).unwrap();
        let terms = verdict.signal.terms();
        let said = format!("{} {} {}, {} agree", terms.action, terms.confidence, terms.strength, verdict.agreed);
        assert_eq!(said, expected, "{method:?} of {votes:?}");
    }
    use Method::{Consensus, Strongest, WeightedVote};
    let three = [("buy high 0.8", 50), ("buy low 0.4", 25), ("sell very_high 1", 25)];
    check(WeightedVote, &three, "buy low 0.5, 0.75 agree");
    check(Strongest, &three, "sell very_high 1, 0.25 agree");
    check(Consensus(Rate::percent(75)), &three, "buy low 0.5, 0.75 agree");
    check(Consensus(Rate::percent(76)), &three, "hold low 0, 0 agree");
    check(WeightedVote, &[("buy high 0.5", 50), ("sell high 0.5", 50)], "hold low 0, 0 agree");
    check(WeightedVote, &[("hold high 1", 60), ("sell high 1", 40)], "hold low 0, 0.6 agree");
    check(WeightedVote, &[("buy high 0", 50)], "hold low 0, 0 agree");
    check(Strongest, &[("buy high 0.5", 10), ("sell high 0.5", 90)], "buy high 0.5, 0.1 agree");
    check(WeightedVote, &[("close medium 0.9", 10)], "close medium 0.9, 1 agree");
}

#[test]
fn votes_that_are_no_question_are_refused() {
    let (one, weight) = (signal("buy high 1"), Rate::ONE);
    let two = Signal::new(Terms { instrument: InstrumentId(1), ..terms("buy") }).unwrap();
    let check = |votes: &[Vote<'_>], method, refused| assert_eq!(aggregate(votes, method).unwrap_err(), refused);
    check(&[], Method::Strongest, VoteError::None);
    let both = [Vote { signal: &one, weight }, Vote { signal: &two, weight }];
    check(&both, Method::Strongest, VoteError::Mixed(InstrumentId(0), InstrumentId(1)));
    check(&[Vote { signal: &one, weight: Rate::ZERO }], Method::WeightedVote, VoteError::Weight(Rate::ZERO));
    let share = Rate::percent(101);
    check(&both[..1], Method::Consensus(share), VoteError::Share(share));
}

#[test]
fn contradictions_end_with_one_direction() {
    fn check(rows: &[&str], kept: &[usize], lost: &[(usize, usize, &str)]) {
        let resolution = resolve(&signals(rows));
        assert_eq!(resolution.kept, kept, "{rows:?}");
        let word = |reason: &Yielded| match reason {
            Yielded::Closing => "closing",
            Yielded::Outranked { .. } => "outranked",
            Yielded::Tied => "tied",
        };
        let told: Vec<_> =
            resolution.lost.iter().map(|Lost { place, to, reason }| (*place, *to, word(reason))).collect();
        assert_eq!(told, lost, "{rows:?}");
    }
    check(&[], &[], &[]);
    check(&["buy high 1", "buy low 0.4", "hold high 1"], &[0, 1, 2], &[]);
    check(&["buy high 0.5", "sell medium 1", "sell high 0.4"], &[0], &[(1, 0, "outranked"), (2, 0, "outranked")]);
    check(&["buy high 0.5", "buy low 0.1", "sell high 0.4"], &[0, 1], &[(2, 0, "outranked")]);
    check(&["buy high 0.5", "sell high 0.5"], &[], &[(0, 1, "tied"), (1, 0, "tied")]);
    check(&["buy very_high 1", "close low 0.3", "sell low 1"], &[1], &[(0, 1, "closing"), (2, 1, "closing")]);
}

prop_compose! {
    fn any_signal()(
        action in 0usize..4, instrument in 0u16..3, second in 0i64..3, strength in 0u8..=4, confidence in 0usize..4,
    ) -> Signal {
        let action = [Action::Buy, Action::Sell, Action::Hold, Action::Close][action];
        let confidence = [Confidence::Low, Confidence::Medium, Confidence::High, Confidence::VeryHigh][confidence];
        let strength = Strength::new(f64::from(strength) / 4.0).unwrap();
        let terms = Terms::new(action, InstrumentId(instrument), Time::from_seconds(second), read("100"));
        Signal::new(Terms { strength, confidence, ..terms }).unwrap()
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_in_silence(signals in proptest::collection::vec(any_signal(), 0..20)) {
        let resolution = resolve(&signals);
        let mut all: Vec<usize> = resolution.lost.iter().map(|lost| lost.place).chain(resolution.kept.clone()).collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..signals.len()).collect::<Vec<_>>());
        let kept = |action, of: u16| {
            let kept = resolution.kept.iter().map(|place| signals[*place].terms());
            kept.filter(|terms| terms.action == action && terms.instrument == InstrumentId(of)).count()
        };
        for of in 0..3 {
            let directions = [Action::Buy, Action::Sell, Action::Close].map(|action| usize::from(kept(action, of) > 0));
            prop_assert!(directions.iter().sum::<usize>() <= 1);
        }
    }

    #[test]
    fn the_order_of_asking_does_not_matter(signals in proptest::collection::vec(any_signal(), 1..10), weights in proptest::collection::vec(1i64..100, 10)) {
        let votes: Vec<Vote<'_>> = signals.iter().zip(&weights)
            .filter(|(signal, _)| signal.terms().instrument == signals[0].terms().instrument)
            .map(|(signal, weight)| Vote { signal, weight: Rate::percent(*weight) }).collect();
        let turned: Vec<Vote<'_>> = votes.iter().rev().copied().collect();
        for method in [Method::WeightedVote, Method::Consensus(Rate::percent(60))] {
            let (a, b) = (aggregate(&votes, method).unwrap(), aggregate(&turned, method).unwrap());
            prop_assert_eq!((a.signal.terms().action, a.signal.terms().strength, a.agreed), (b.signal.terms().action, b.signal.terms().strength, b.agreed));
            prop_assert!(a.agreed <= Rate::ONE);
        }
        let order = by_priority(&signals);
        prop_assert!(order.windows(2).all(|pair| priority(&signals[pair[0]], &signals[pair[1]]).is_le()));
    }

    #[test]
    fn signals_come_back(signal in any_signal(), note in ".*") {
        let terms = Terms { notes: [("why".to_owned(), note)].into(), ..signal.terms().clone() };
        serial::check(&Signal::new(terms).unwrap());
    }
}
