//! The exchange as Binance's spot API has it: requests in, answers and frames out. No socket and no clock is in here.
pub(in crate::exchange) mod account;
pub mod control;
pub(in crate::exchange) mod error;
pub(in crate::exchange) mod listen;
mod lists;
pub(in crate::exchange) mod market;
pub(in crate::exchange) mod request;
pub mod stream;
pub(in crate::exchange) mod terms;
pub(in crate::exchange) mod words;

use serde_json::{Value, json};

pub use error::Fault;
pub use market::WEIGHT_MAX;
pub use request::{Key, Parameters, Proof, Request, signed_frame};

use super::core::Core;
use listen::Listens;
use request::{fields_of, key_of};

/// The exchange behind its addresses.
#[derive(Debug)]
pub struct Binance {
    /// What happens.
    pub core: Core,
    keys: Vec<Key>,
    listens: Listens,
    /// The minute that is counted, and the weight used in it.
    used: (i64, u32),
}

/// What goes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The body.
    pub body: Value,
    /// The weight used in this minute, by all.
    pub used: u32,
}

impl Binance {
    /// An exchange whose users have these keys.
    #[must_use]
    pub fn new(core: Core, keys: Vec<Key>) -> Self {
        Self { core, keys, listens: Listens::default(), used: (0, 0) }
    }

    /// Answers a request of HTTP. `wall`: milliseconds of the wall clock, by which timestamps are judged.
    pub fn answer(&mut self, request: &Request, wall: i64) -> Answer {
        let minute = wall.div_euclid(60_000);
        if self.used.0 != minute {
            self.used = (minute, 0);
        }
        let done = if self.used.1 >= WEIGHT_MAX {
            Err(Fault::Weight(WEIGHT_MAX))
        } else {
            self.carry_out(request, wall, None)
        };
        let weight = done.as_ref().map_or(1, |(_, weight)| *weight);
        self.used.1 = self.used.1.saturating_add(weight);
        match done {
            Ok((body, _)) => Answer { status: 200, body, used: self.used.1 },
            Err(fault) => Answer { status: fault.status(), body: fault.body(), used: self.used.1 },
        }
    }

    /// Answers a request of the WebSocket API; a subscription to the user's own stream gives whose it is.
    pub fn answer_frame(&mut self, text: &str, wall: i64) -> (Value, Option<usize>) {
        let Ok(frame) = serde_json::from_str::<Value>(text) else {
            let fault = json!({ "code": -1135, "msg": "Invalid JSON Request" });
            return (json!({ "id": null, "status": 400, "error": fault }), None);
        };
        let id = frame["id"].clone();
        let fields = fields_of(&frame);
        let method = frame["method"].as_str().unwrap_or_default();
        let done = match method {
            "userDataStream.subscribe.signature" => {
                signed_frame(&fields, &self.keys, wall).map(|user| (json!({ "subscriptionId": 0 }), Some(user)))
            }
            "userDataStream.unsubscribe" => Ok((json!({}), None)),
            _ => self.method(method, &fields, wall).map(|result| (result, None)),
        };
        match done {
            Ok((result, user)) => (json!({ "id": id, "status": 200, "result": result }), user),
            Err(fault) => (json!({ "id": id, "status": fault.status(), "error": fault.body() }), None),
        }
    }

    /// A method of the WebSocket API by the address that does the same.
    fn method(&mut self, method: &str, fields: &[(String, String)], wall: i64) -> Result<Value, Fault> {
        let (verb, path) = match method {
            "ping" | "time" | "exchangeInfo" | "depth" | "klines" | "uiKlines" | "avgPrice" => ("GET", method),
            "trades.recent" => ("GET", "trades"),
            "trades.historical" => ("GET", "historicalTrades"),
            "trades.aggregate" => ("GET", "aggTrades"),
            "ticker.24hr" => ("GET", "ticker/24hr"),
            "ticker.price" => ("GET", "ticker/price"),
            "ticker.book" => ("GET", "ticker/bookTicker"),
            "order.place" => ("POST", "order"),
            "order.test" => ("POST", "order/test"),
            "order.status" => ("GET", "order"),
            "order.cancel" => ("DELETE", "order"),
            "order.cancelReplace" => ("POST", "order/cancelReplace"),
            "openOrders.status" => ("GET", "openOrders"),
            "openOrders.cancelAll" => ("DELETE", "openOrders"),
            "orderList.place.oco" => ("POST", "orderList/oco"),
            "orderList.place.oto" => ("POST", "orderList/oto"),
            "orderList.place.otoco" => ("POST", "orderList/otoco"),
            "orderList.status" => ("GET", "orderList"),
            "orderList.cancel" => ("DELETE", "orderList"),
            "account.status" => ("GET", "account"),
            "account.commission" => ("GET", "account/commission"),
            "allOrders" => ("GET", "allOrders"),
            "myTrades" => ("GET", "myTrades"),
            _ => return Err(Fault::Path(method.to_owned())),
        };
        let names: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let request = Request {
            method: verb.to_owned(),
            path: format!("/api/v3/{path}"),
            query: crate::sign::query(&names),
            ..Request::default()
        };
        self.carry_out(&request, wall, Some(fields)).map(|(value, _)| value)
    }

    fn carry_out(
        &mut self,
        request: &Request,
        wall: i64,
        frame: Option<&[(String, String)]>,
    ) -> Result<(Value, u32), Fault> {
        let unknown = || Fault::Path(request.path.clone());
        let rest = request.path.strip_prefix("/api/").ok_or_else(unknown)?;
        let (_, path) =
            rest.split_once('/').filter(|(version, _)| matches!(*version, "v1" | "v3")).ok_or_else(unknown)?;
        let ask = Parameters::new(request)?;
        if path == "userDataStream" {
            let user = key_of(request, &self.keys)?.user;
            return self.listens.carry_out(user, &request.method, &ask, wall).map(|value| (value, 2));
        }
        if request.method == "GET"
            && let Some(answer) = market::answer(&self.core, path, &ask, wall)?
        {
            return Ok(answer);
        }
        if !PRIVATE.contains(&path) {
            return Err(if market::answer(&self.core, path, &ask, wall).ok().flatten().is_some() {
                Fault::Method
            } else {
                unknown()
            });
        }
        let user = match frame {
            Some(fields) => signed_frame(fields, &self.keys, wall)?,
            None => ask.signed(request, &self.keys, wall)?,
        };
        account::answer(&mut self.core, user, &request.method, path, &ask)?.ok_or(Fault::Method)
    }

    /// Whose a listen key is.
    #[must_use]
    pub fn listener(&self, key: &str, wall: i64) -> Option<usize> {
        self.listens.listener(key, wall)
    }
}

/// The addresses that want a signature.
const PRIVATE: [&str; 17] = [
    "order",
    "order/test",
    "order/cancelReplace",
    "openOrders",
    "allOrders",
    "orderList/oco",
    "orderList/oto",
    "orderList/otoco",
    "order/oco",
    "orderList",
    "allOrderList",
    "openOrderList",
    "account",
    "account/commission",
    "myTrades",
    "rateLimit/order",
    "order/amend",
];
