//! The life of an order: every pair of states, once.
use qframe_model::order::OrderState::{
    self, Accepted, Cancelled, Created, Expired, Filled, PartiallyFilled, Rejected, Submitted, Triggered,
};

const STATES: [OrderState; 9] =
    [Created, Submitted, Accepted, Triggered, PartiallyFilled, Filled, Cancelled, Rejected, Expired];

/// One row a state, one column a next state, in the order of [`STATES`].
const LEGAL: [&str; 9] = [
    // C S A T P F C R E
    ".x....xx.", // created: sent, withdrawn before it was sent, or refused
    "..xxxxxxx", // submitted: the venue may report anything first
    "...xxxxxx", // accepted
    "....xxxxx", // triggered
    "...xxxx.x", // partly filled: a stop-limit of which a part filled may report its trigger late; never rejected
    ".........", // filled
    ".........", // cancelled
    ".........", // rejected
    ".........", // expired
];

#[test]
fn takes_only_legal_steps() {
    for (state, row) in STATES.into_iter().zip(LEGAL) {
        let legal: String = STATES.map(|next| if state.leads_to(next) { 'x' } else { '.' }).iter().collect();
        assert_eq!(legal, row, "from {state:?}");
    }
}

#[test]
fn ends_are_ends() {
    for state in STATES {
        let leads_on = STATES.into_iter().any(|next| state.leads_to(next));
        assert_eq!(state.is_final(), !leads_on, "{state:?}");
    }
}

/// Every state can be reached, and from every state an end can be reached.
#[test]
fn every_life_begins_and_ends() {
    let reached = |from: OrderState| {
        let mut seen = vec![from];
        let mut next = 0;
        while let Some(state) = seen.get(next).copied() {
            seen.extend(STATES.into_iter().filter(|to| state.leads_to(*to) && !seen.contains(to)).collect::<Vec<_>>());
            next += 1;
        }
        seen
    };
    assert_eq!(reached(Created).len(), STATES.len());
    for state in STATES {
        assert!(reached(state).into_iter().any(OrderState::is_final), "{state:?}");
    }
}
