//! Connections as Coinbase has them: subscriptions, what they tell at once, signs of life. All messages of one are counted.
use std::time::Duration;

use qframe_model::time::Time;
use serde_json::{Value, json};

use super::Inner;
use super::hub::STREAMS;
use crate::exchange::advanced::channel::{Channel, Subject, heartbeat, subscriptions};
use crate::exchange::binance::stream::Topic;

/// How often a sign of life comes.
pub(super) const BEAT: Duration = Duration::from_secs(1);
/// Under which name a connection keeps its signs of life.
const BEATS: &str = "heartbeats:";

impl Inner {
    /// Carries a client's message out; what is refused is answered.
    pub(super) fn ask(&mut self, id: u64, text: &str) -> Option<Value> {
        let refused = |why: &str| Some(json!({ "type": "error", "message": why }));
        let Some(core) = self.venue.spot().map(|binance| &binance.core) else {
            return refused("futures are played, which Coinbase's side does not know");
        };
        let asked = match self.advanced.asked(core, text, self.wall.millis()) {
            Ok(asked) => asked,
            Err(why) => return refused(&why),
        };
        let named = asked.subjects.into_iter().map(|(product, subject)| (name(&product, &subject), subject));
        for (name, subject) in named {
            if !asked.subscribes {
                self.hub.unsubscribe(id, &name);
                continue;
            }
            if !self.hub.subscribe(id, &name, Topic::Channel(subject)) {
                return refused(&format!("more than {STREAMS} subscriptions"));
            }
            let first = self.venue.spot().and_then(|binance| self.advanced.first(&binance.core, &subject));
            if let Some(first) = first {
                self.hub.tell(id, &first);
            }
        }
        let told = subscriptions(&self.hub.names(id), self.wall_time());
        self.hub.tell(id, &told);
        None
    }

    /// A sign of life, for who wants it; and orders whose time is over end, also where nothing else happens.
    pub(super) fn beat(&mut self, id: u64) {
        self.publish();
        if self.hub.names(id).iter().any(|name| name == BEATS) {
            self.beats += 1;
            let told = heartbeat(self.wall_time(), self.beats);
            self.hub.tell(id, &told);
        }
    }

    fn wall_time(&self) -> Time {
        Time::from_nanos(self.wall.millis().saturating_mul(1_000_000))
    }
}

/// The name of a subscription. One to a user's orders of all products takes the place of another one's.
fn name(product: &str, subject: &Subject) -> String {
    debug_assert!(subject.channel != Channel::Heartbeats || product.is_empty());
    format!("{}:{product}", subject.channel.name())
}
