//! The exchange as Coinbase's Advanced Trade API has it: requests in, answers and messages out. No socket and no clock is in
//! here, and no market: the core is the one that the other side trades on.
mod account;
pub mod channel;
mod error;
mod history;
mod market;
mod order;
mod request;
mod token;
mod words;

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};

pub use error::{Body, Fault};
pub use request::Request;
pub use token::{Key, Unproven, user_of};

use super::core::Core;
use request::Query;

/// What stands before all addresses.
pub const ROOT: &str = "/api/v3/brokerage";

/// The users of this side, and what the core does not know of their orders.
#[derive(Debug, Default)]
pub struct Advanced {
    keys: Vec<Key>,
    orders: Orders,
}

/// What the core does not know of orders.
#[derive(Debug, Default)]
struct Orders {
    /// The number that a user's own name stands for: a name is used once, and sent again it means the same order.
    named: HashMap<(usize, String), u64>,
    /// When those that do not stay forever end, in milliseconds of the wall clock.
    ends: HashMap<u64, i64>,
    waiting: BTreeSet<(i64, u64)>,
    /// Those that ended so.
    expired: HashSet<u64>,
}

/// What goes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The body.
    pub body: Body,
}

impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        Self { status: fault.status(), body: fault.body() }
    }
}

impl Advanced {
    /// The side of these users. They pay commissions in the quote asset, as at Coinbase.
    #[must_use]
    pub fn new(core: &mut Core, keys: Vec<Key>) -> Self {
        keys.iter().for_each(|key| core.charge_in_quote(key.user));
        Self { keys, orders: Orders::default() }
    }

    /// Answers a request of HTTP. `wall`: milliseconds of the wall clock, by which tokens are judged and orders end.
    pub fn answer(&mut self, core: &mut Core, request: &Request, wall: i64) -> Answer {
        self.expire(core, wall);
        match self.carry_out(core, request, wall) {
            Ok(body) => Answer { status: 200, body: Body::Json(body) },
            Err(fault) => fault.into(),
        }
    }

    /// The refusal of a new order, as a fault that was asked for.
    #[must_use]
    pub fn refusal() -> Answer {
        let refused = order::refused(&Fault::Order(super::core::Refusal::Wanted), &Value::Null);
        Answer { status: 200, body: Body::Json(refused) }
    }

    /// Ends the orders whose time is over. `wall`: milliseconds of the wall clock.
    pub fn expire(&mut self, core: &mut Core, wall: i64) {
        while let Some((end, id)) = self.orders.waiting.first().copied().filter(|(end, _)| *end <= wall) {
            self.orders.waiting.remove(&(end, id));
            let Some(user) = core.order(id).filter(|order| order.status.is_open()).map(|order| order.user) else {
                continue;
            };
            // It is known to have expired before those who listen are told.
            self.orders.expired.insert(id);
            let _ = core.cancel(user, id);
        }
    }

    /// Whose the token of a subscription is. `wall`: milliseconds of the wall clock.
    ///
    /// # Errors
    /// [`Unproven`].
    pub fn listener(&self, token: Option<&str>, wall: i64) -> Result<usize, Unproven> {
        user_of(token, &self.keys, wall.div_euclid(1_000), None)
    }

    fn carry_out(&mut self, core: &mut Core, request: &Request, wall: i64) -> Result<Value, Fault> {
        let unknown = || Fault::NotFound(format!("{} {}", request.method, request.path));
        let rest = request.path.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix('/')).ok_or_else(unknown)?;
        let parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
        let ask = Query::new(&request.query);
        let open = matches!(parts.as_slice(), ["time"] | ["market", "products" | "product_book", ..]);
        if open {
            let parts = parts.strip_prefix(&["market"]).unwrap_or(&parts);
            return match request.method.as_str() {
                "GET" => market::answer(core, parts, &ask, wall)?.ok_or_else(unknown),
                _ => Err(Fault::Method),
            };
        }
        let asked = (request.method.as_str(), request.host.as_str(), request.path.as_str());
        let user = user_of(request.token.as_deref(), &self.keys, wall.div_euclid(1_000), Some(asked))?;
        let orders = &mut self.orders;
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["accounts"]) => account::all(core, user, &ask),
            ("GET", ["accounts", id]) => account::one(core, user, id),
            ("GET", ["key_permissions"]) => Ok(account::permissions(user)),
            ("GET", ["transaction_summary"]) => Ok(account::summary(core, user)),
            ("GET", ["portfolios"]) => Ok(json!({ "portfolios": [account::portfolio(user)] })),
            ("POST", ["orders"]) => order::place(core, orders, user, &request.body, wall),
            ("POST", ["orders", "preview"]) => order::preview(core, orders, user, &request.body, wall),
            ("POST", ["orders", "batch_cancel"]) => order::cancel(core, user, &request.body),
            ("GET", ["orders", "historical", "batch"]) => history::orders(core, orders, user, &ask),
            ("GET", ["orders", "historical", "fills"]) => history::fills(core, user, &ask),
            ("GET", ["orders", "historical", id]) => history::order(core, orders, user, id),
            ("GET", parts) => market::answer(core, parts, &ask, wall)?.ok_or_else(unknown),
            (_, ["orders", ..] | ["accounts", ..] | ["products", ..] | ["key_permissions" | "transaction_summary"]) => {
                Err(Fault::Method)
            }
            _ => Err(unknown()),
        }
    }
}
