//! The exchange as Binance's USD-M futures API has it: requests in, answers and frames out. No socket and no clock is in
//! here. [`Futures`] is the exchange without its wires.
mod account;
mod desk;
mod error;
mod futures;
mod isolated;
mod liquidation;
mod margin;
mod mark;
mod market;
mod notice;
mod order;
mod orders;
mod settle;
pub mod stream;
mod words;

use serde_json::{Value, json};

pub use error::{Fault, Setting};
pub use futures::Futures;
pub use margin::{Apart, BRACKETS, Bracket, Exposure, Holding, Standing};
pub use mark::{Contract, Mark};
pub use notice::{Happened, Notice};
pub use order::{Amount, Cause, Execution, Income, Record, Refusal, Status, Stay, Ticket, Wake, Watched};

use super::binance::listen::Listens;
use super::binance::request::{fields_of, key_of};
use super::binance::{Answer, Fault as Asked, Key, Parameters, Request, signed_frame};
use market::WEIGHT_MAX;

/// The futures exchange behind its addresses.
#[derive(Debug)]
pub struct Usdm {
    /// What happens.
    pub futures: Futures,
    keys: Vec<Key>,
    listens: Listens,
    /// The minute that is counted, and the weight used in it.
    used: (i64, u32),
}

impl Usdm {
    /// An exchange whose users have these keys.
    #[must_use]
    pub fn new(futures: Futures, keys: Vec<Key>) -> Self {
        Self { futures, keys, listens: Listens::default(), used: (0, 0) }
    }

    /// Answers a request of HTTP. `wall`: milliseconds of the wall clock, by which timestamps are judged.
    pub fn answer(&mut self, request: &Request, wall: i64) -> Answer {
        let minute = wall.div_euclid(60_000);
        if self.used.0 != minute {
            self.used = (minute, 0);
        }
        let done = if self.used.1 >= WEIGHT_MAX {
            Err(Asked::Weight(WEIGHT_MAX).into())
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

    /// Answers a request of the WebSocket API (`/ws-fapi/v1`).
    pub fn answer_frame(&mut self, text: &str, wall: i64) -> Value {
        let Ok(frame) = serde_json::from_str::<Value>(text) else {
            let fault = json!({ "code": -1135, "msg": "Invalid JSON Request" });
            return json!({ "id": null, "status": 400, "error": fault });
        };
        let fields = fields_of(&frame);
        match self.method(frame["method"].as_str().unwrap_or_default(), &fields, wall) {
            Ok(result) => json!({ "id": frame["id"], "status": 200, "result": result }),
            Err(fault) => json!({ "id": frame["id"], "status": fault.status(), "error": fault.body() }),
        }
    }

    /// A method of the WebSocket API by the address that does the same.
    fn method(&mut self, method: &str, fields: &[(String, String)], wall: i64) -> Result<Value, Fault> {
        let (verb, path) = match method {
            "ping" | "time" | "depth" => ("GET", format!("v1/{method}")),
            "ticker.price" => ("GET", "v1/ticker/price".to_owned()),
            "ticker.book" => ("GET", "v1/ticker/bookTicker".to_owned()),
            "order.place" => ("POST", "v1/order".to_owned()),
            "order.status" => ("GET", "v1/order".to_owned()),
            "order.cancel" => ("DELETE", "v1/order".to_owned()),
            "algoOrder.place" => ("POST", "v1/algoOrder".to_owned()),
            "algoOrder.cancel" => ("DELETE", "v1/algoOrder".to_owned()),
            "account.status" => ("GET", "v2/account".to_owned()),
            "account.balance" => ("GET", "v2/balance".to_owned()),
            "account.position" => ("GET", "v2/positionRisk".to_owned()),
            "v2/account.status" => ("GET", "v3/account".to_owned()),
            "v2/account.balance" => ("GET", "v3/balance".to_owned()),
            "v2/account.position" => ("GET", "v3/positionRisk".to_owned()),
            "userDataStream.start" => ("POST", "v1/listenKey".to_owned()),
            "userDataStream.ping" => ("PUT", "v1/listenKey".to_owned()),
            "userDataStream.stop" => ("DELETE", "v1/listenKey".to_owned()),
            _ => return Err(Asked::Path(method.to_owned()).into()),
        };
        let names: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let key = fields.iter().find(|(name, _)| name == "apiKey").map(|(_, value)| value.clone());
        let query = crate::sign::query(&names);
        let request =
            Request { method: verb.to_owned(), path: format!("/fapi/{path}"), key, query, ..Request::default() };
        self.carry_out(&request, wall, Some(fields)).map(|(value, _)| value)
    }

    fn carry_out(
        &mut self,
        request: &Request,
        wall: i64,
        frame: Option<&[(String, String)]>,
    ) -> Result<(Value, u32), Fault> {
        let unknown = || Fault::Asked(Asked::Path(request.path.clone()));
        let rest = request.path.strip_prefix("/fapi/").ok_or_else(unknown)?;
        let (version, path) =
            rest.split_once('/').filter(|(version, _)| matches!(*version, "v1" | "v2" | "v3")).ok_or_else(unknown)?;
        let (method, ask) = (request.method.as_str(), Parameters::new(request)?);
        self.futures.expire(wall)?;
        if path == "listenKey" {
            return self.listen(request, ask, wall).map(|value| (value, 1));
        }
        if !account::PRIVATE.contains(&path) {
            return match (market::answer(&self.futures, path, &ask, wall), method) {
                (Ok(None), _) => Err(unknown()),
                (Ok(Some(answer)), "GET") => Ok(answer),
                (Err(fault), "GET") => Err(fault),
                _ => Err(Asked::Method.into()),
            };
        }
        let user = match frame {
            Some(fields) => signed_frame(fields, &self.keys, wall)?,
            None => ask.signed(request, &self.keys, wall)?,
        };
        let answer = account::answer(&mut self.futures, user, (method, version, path), &ask)?;
        answer.ok_or(Fault::Asked(Asked::Method))
    }

    /// Listen keys: made, kept alive, closed. Here a user has one, and need not name it.
    fn listen(&mut self, request: &Request, ask: Parameters, wall: i64) -> Result<Value, Fault> {
        let user = key_of(request, &self.keys)?.user;
        let own = self.listens.of(user, wall).map(str::to_owned);
        let ask = match &own {
            Some(own) => ask.with("listenKey", own),
            None => ask,
        };
        // Whoever asks again has the key that there is, for another hour.
        let method = if own.is_some() && request.method == "POST" { "PUT" } else { &request.method };
        let done = self.listens.carry_out(user, method, &ask, wall)?;
        Ok(if method == "PUT" { json!({ "listenKey": ask.get("listenKey") }) } else { done })
    }

    /// Whose a listen key is.
    #[must_use]
    pub fn listener(&self, key: &str, wall: i64) -> Option<usize> {
        self.listens.listener(key, wall)
    }
}
