//! Listen keys: by them a user's own stream is asked for.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::error::Fault;
use super::request::Parameters;
use crate::exchange::core::Refusal;

/// How long a listen key lives after it was asked for or kept alive: an hour, in milliseconds.
const LISTEN_MILLIS: i64 = 3_600_000;
/// The most listen keys that live at a time.
const LISTEN_MAX: usize = 1_000;

/// All listen keys.
#[derive(Debug, Default)]
pub(in crate::exchange) struct Listens {
    /// Whose each is, and until when, in milliseconds of the wall clock.
    keys: BTreeMap<String, (usize, i64)>,
    made: u64,
}

impl Listens {
    /// Makes a key of a user, keeps one alive, or closes it.
    ///
    /// # Errors
    /// [`Fault::ListenKey`] where the user has no such key.
    pub(in crate::exchange) fn carry_out(
        &mut self,
        user: usize,
        method: &str,
        ask: &Parameters,
        wall: i64,
    ) -> Result<Value, Fault> {
        self.keys.retain(|_, (_, until)| *until > wall);
        if method == "POST" {
            if self.keys.len() >= LISTEN_MAX {
                return Err(Fault::Order(Refusal::Full));
            }
            self.made += 1;
            let name = format!("{}{}", crate::sign::nonce(), self.made);
            self.keys.insert(name.clone(), (user, wall + LISTEN_MILLIS));
            return Ok(json!({ "listenKey": name }));
        }
        let name = ask.need("listenKey")?;
        let known = self.keys.get_mut(name).filter(|(owner, _)| *owner == user).ok_or(Fault::ListenKey)?;
        match method {
            "PUT" => known.1 = wall + LISTEN_MILLIS,
            "DELETE" => {
                self.keys.remove(name);
            }
            _ => return Err(Fault::Method),
        }
        Ok(json!({}))
    }

    /// The newest key of a user that lives.
    pub(in crate::exchange) fn of(&self, user: usize, wall: i64) -> Option<&str> {
        let own = self.keys.iter().filter(|(_, (owner, until))| *owner == user && *until > wall);
        own.max_by_key(|(_, (_, until))| *until).map(|(name, _)| name.as_str())
    }

    /// Whose a key is.
    pub(in crate::exchange) fn listener(&self, key: &str, wall: i64) -> Option<usize> {
        self.keys.get(key).filter(|(_, until)| *until > wall).map(|(user, _)| *user)
    }
}
