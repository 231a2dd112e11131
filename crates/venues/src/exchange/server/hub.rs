//! Who listens to what, and the frames on their way to them.
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::exchange::binance::stream::Topic;

/// How many frames may wait for one connection.
const WAITING: usize = 4_096;
/// The most connections.
const CONNECTIONS: usize = 512;
/// The most streams of one connection.
pub(super) const STREAMS: usize = 1_024;

/// A frame and when it was made.
pub(super) type Frame = (Instant, Arc<str>);

/// How a connection wants its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// The event alone.
    Raw,
    /// With the stream's name around it.
    Combined,
    /// As the WebSocket API sends events of a user.
    Api,
    /// As Coinbase does: all messages of the connection are counted.
    Counted,
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Hub {
    connections: BTreeMap<u64, Connection>,
    listeners: HashMap<Topic, HashSet<u64>>,
    opened: u64,
    /// Connections that were cut since they did not take their frames.
    pub(super) slow: u64,
    /// Frames handed to connections.
    pub(super) sent: u64,
}

#[derive(Debug)]
struct Connection {
    form: Form,
    sender: mpsc::Sender<Frame>,
    /// How many messages were counted.
    counted: u64,
    /// By the name that the client gave it: a stream's, or a listen key.
    topics: BTreeMap<String, Topic>,
}

impl Hub {
    /// A new connection: its number and where its frames come; `None` where there are too many.
    pub(super) fn open(&mut self, form: Form) -> Option<(u64, mpsc::Receiver<Frame>)> {
        if self.connections.len() >= CONNECTIONS {
            return None;
        }
        let (sender, receiver) = mpsc::channel(WAITING);
        self.opened += 1;
        self.connections.insert(self.opened, Connection { form, sender, counted: 0, topics: BTreeMap::new() });
        Some((self.opened, receiver))
    }

    pub(super) fn close(&mut self, id: u64) {
        let Some(connection) = self.connections.remove(&id) else { return };
        for topic in connection.topics.into_values() {
            self.forget(id, &topic);
        }
    }

    /// Ends all connections.
    pub(super) fn close_all(&mut self) {
        self.connections.clear();
        self.listeners.clear();
    }

    /// False where the connection has as many streams as it may.
    pub(super) fn subscribe(&mut self, id: u64, name: &str, topic: Topic) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        if connection.topics.len() >= STREAMS {
            return false;
        }
        connection.topics.insert(name.to_owned(), topic.clone());
        self.listeners.entry(topic).or_default().insert(id);
        true
    }

    pub(super) fn unsubscribe(&mut self, id: u64, name: &str) {
        let topic = self.connections.get_mut(&id).and_then(|connection| connection.topics.remove(name));
        if let Some(topic) = topic {
            self.forget(id, &topic);
        }
    }

    /// The names that a connection subscribed to.
    pub(super) fn names(&self, id: u64) -> Vec<String> {
        self.connections.get(&id).map_or_else(Vec::new, |connection| connection.topics.keys().cloned().collect())
    }

    pub(super) fn set_form(&mut self, id: u64, form: Form) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.form = form;
        }
    }

    pub(super) fn is_wanted(&self, topic: &Topic) -> bool {
        self.listeners.contains_key(topic)
    }

    pub(super) fn is_listened_to(&self) -> bool {
        !self.listeners.is_empty()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.len()
    }

    /// True where a connection's frames wait: a replay without a clock lets it catch up.
    pub(super) fn is_crowded(&self) -> bool {
        self.connections.values().any(|connection| connection.sender.capacity() < WAITING / 2)
    }

    /// Cuts the connections that are behind.
    pub(super) fn cut_crowded(&mut self) {
        let crowded = self.connections.iter().filter(|(_, connection)| connection.sender.capacity() < WAITING / 2);
        let behind: Vec<u64> = crowded.map(|(id, _)| *id).collect();
        self.slow += behind.len() as u64;
        behind.into_iter().for_each(|id| self.close(id));
    }

    /// Hands a frame to all who listen. Who has no room for it is cut: it would miss something otherwise.
    pub(super) fn send(&mut self, topic: &Topic, value: &Value) {
        let Some(listeners) = self.listeners.get(topic) else { return };
        let (now, event) = (Instant::now(), value.to_string());
        let mut texts: HashMap<(Form, String), Arc<str>> = HashMap::new();
        let mut full = Vec::new();
        for id in listeners {
            let Some(connection) = self.connections.get_mut(id) else { continue };
            if connection.form == Form::Counted {
                self.sent += 1;
                if !connection.count(&event) {
                    full.push(*id);
                }
                continue;
            }
            for (name, _) in connection.topics.iter().filter(|(_, own)| *own == topic) {
                let text = texts.entry((connection.form, name.clone())).or_insert_with(|| match connection.form {
                    Form::Raw | Form::Counted => event.as_str().into(),
                    Form::Combined => format!("{{\"stream\":{},\"data\":{event}}}", Value::from(name.as_str())).into(),
                    Form::Api => format!("{{\"subscriptionId\":0,\"event\":{event}}}").into(),
                });
                self.sent += 1;
                if connection.sender.try_send((now, Arc::clone(text))).is_err() {
                    full.push(*id);
                }
            }
        }
        self.slow += full.len() as u64;
        full.into_iter().for_each(|id| self.close(id));
    }

    /// Hands a message to one connection that counts its messages.
    pub(super) fn tell(&mut self, id: u64, value: &Value) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        self.sent += 1;
        if !connection.count(&value.to_string()) {
            self.slow += 1;
            self.close(id);
        }
    }

    fn forget(&mut self, id: u64, topic: &Topic) {
        if let Some(ids) = self.listeners.get_mut(topic) {
            // Another name of the same connection may mean the same.
            let still = self.connections.get(&id).is_some_and(|one| one.topics.values().any(|own| own == topic));
            if !still {
                ids.remove(&id);
            }
            if ids.is_empty() {
                self.listeners.remove(topic);
            }
        }
    }
}

impl Connection {
    /// Queues an object with its number in the connection's sequence. False where there is no room for it.
    fn count(&mut self, object: &str) -> bool {
        let text = format!("{{\"sequence_num\":{},{}", self.counted, object.trim_start_matches('{'));
        self.counted += 1;
        self.sender.try_send((Instant::now(), text.into())).is_ok()
    }
}
