//! One WebSocket: streams of the market, the stream of a user, or requests.
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout_at};

use super::fault::Draws;
use super::hub::{Form, Frame, STREAMS};
use super::{Inner, Shared, counted, routed};
use crate::exchange::binance::control::{self, Control};
use crate::exchange::binance::stream::Topic;

/// How often a client is pinged, and how long it may be silent then.
const PING: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(60);
/// Codes of RFC 6455 for an end: a message of a kind that is not taken, and all else.
const UNSUPPORTED: u16 = 1003;
const POLICY: u16 = 1008;
/// How long one frame may take to go.
const SENDING: Duration = Duration::from_secs(10);

/// Serves a WebSocket until one side ends it.
pub(super) async fn serve(shared: Shared, mut socket: WebSocket, path: String, query: String) {
    let path = routed(&path);
    let form = match path.split('/').nth(1) {
        Some("ws-api" | "ws-fapi") => Form::Api,
        Some("stream") => Form::Combined,
        Some("ws") => Form::Raw,
        _ => Form::Counted,
    };
    let opened = shared.lock().hub.open(form);
    let Some((id, frames)) = opened else { return close(&mut socket, 1013, "too many connections").await };
    let asked = shared.lock().open(id, form, path, &query);
    let (code, why) = match asked {
        Ok(()) => {
            Connection { shared: shared.clone(), id, form, draws: Draws::new(shared.faults.seed, id) }
                .run(&mut socket, frames)
                .await
        }
        Err(why) => {
            shared.lock().hub.close(id);
            return close(&mut socket, POLICY, &why).await;
        }
    };
    shared.lock().hub.close(id);
    close(&mut socket, code, why).await;
}

struct Connection {
    shared: Shared,
    id: u64,
    form: Form,
    draws: Draws,
}

impl Connection {
    /// Carries frames and requests; the code and the reason of its end.
    async fn run(&mut self, socket: &mut WebSocket, mut frames: mpsc::Receiver<Frame>) -> (u16, &'static str) {
        let began = Instant::now();
        let cut = self.shared.faults.disconnect.map(|after| began + after);
        let far = began + Duration::from_secs(86_400);
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = began;
        let mut beats = interval(counted::BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                frame = frames.recv() => {
                    let Some((made, text)) = frame else { return (POLICY, "closed by the exchange") };
                    if self.send(socket, made, text.as_ref()).await.is_err() {
                        return (POLICY, "a frame could not be sent");
                    }
                }
                message = socket.recv() => {
                    heard = Instant::now();
                    let answer = match message {
                        Some(Ok(Message::Text(text))) => self.answer(text.as_str()),
                        Some(Ok(Message::Close(_))) => {
                            // Reading on sends the answer to it.
                            let _ = timeout_at(Instant::now() + SENDING, socket.recv()).await;
                            return (POLICY, "closed by the client");
                        }
                        Some(Ok(Message::Binary(_))) => return (UNSUPPORTED, "messages are text, in JSON; this one was binary"),
                        Some(Err(_)) | None => return (POLICY, "closed by the client"),
                        Some(Ok(_)) => None,
                    };
                    if let Some(answer) = answer
                        && !deliver(socket, &answer).await
                    {
                        return (POLICY, "an answer could not be sent");
                    }
                }
                _ = beats.tick(), if self.form == Form::Counted => self.shared.lock().beat(self.id),
                _ = ping.tick() => {
                    if heard.elapsed() > SILENCE {
                        return (POLICY, "no answer to a ping");
                    }
                    if socket.send(Message::Ping(Vec::new().into())).await.is_err() {
                        return (POLICY, "a ping could not be sent");
                    }
                }
                // A connection lives for a day, as at the exchange.
                () = sleep_until(cut.unwrap_or(far)) => return (POLICY, "disconnected"),
            }
        }
    }

    /// Sends a frame: late, twice or never, where such faults were asked for.
    async fn send(&mut self, socket: &mut WebSocket, made: Instant, text: &str) -> Result<(), ()> {
        let faults = self.shared.faults;
        if !faults.delay.is_zero() {
            sleep_until(made + faults.delay).await;
        }
        let times = match (self.draws.hits(faults.drop), self.draws.hits(faults.duplicate)) {
            (true, _) => 0,
            (false, true) => 2,
            (false, false) => 1,
        };
        for _ in 0..times {
            if !deliver(socket, text).await {
                return Err(());
            }
        }
        Ok(())
    }

    /// What is answered at once; the answers of Coinbase stand in line with the other messages.
    fn answer(&self, text: &str) -> Option<String> {
        let mut inner = self.shared.lock();
        match self.form {
            Form::Counted => return inner.ask(self.id, text).map(|refused| refused.to_string()),
            Form::Raw | Form::Combined => return Some(inner.control(self.id, text).to_string()),
            Form::Api => {}
        }
        let wall = inner.wall.millis();
        let (answer, user) = inner.venue.answer_frame(text, wall);
        if let Some(user) = user {
            inner.hub.subscribe(self.id, "0", Topic::User(user));
        }
        inner.publish();
        Some(answer.to_string())
    }
}

impl Inner {
    /// Subscribes to what the address names.
    fn open(&mut self, id: u64, form: Form, path: &str, query: &str) -> Result<(), String> {
        if matches!(form, Form::Api | Form::Counted) {
            return Ok(());
        }
        for name in control::names(path, query) {
            // Clients number their addresses (`/ws/0`): only what can be a stream must be one.
            if !self.subscribe(id, &name) && name.contains('@') {
                return Err(format!("no stream {name}"));
            }
        }
        Ok(())
    }

    fn subscribe(&mut self, id: u64, name: &str) -> bool {
        let topic = if self.venue.is_stream(name) {
            Some(Topic::Stream(name.to_owned()))
        } else {
            self.venue.listener(name, self.wall.millis()).map(Topic::User)
        };
        topic.is_some_and(|topic| self.hub.subscribe(id, name, topic))
    }

    /// Carries out `SUBSCRIBE` and its kin.
    fn control(&mut self, id: u64, text: &str) -> Value {
        let (number, control) = match control::read(text) {
            Ok(understood) => understood,
            Err(refusal) => return refusal,
        };
        match control {
            Control::Subscribe(names) => {
                for name in names {
                    if !self.subscribe(id, &name) {
                        let why = format!("Invalid request: no stream {name}, or more than {STREAMS} of them");
                        return control::refused(&number, &why);
                    }
                }
            }
            Control::Unsubscribe(names) => names.iter().for_each(|name| self.hub.unsubscribe(id, name)),
            Control::List => return json!({ "result": self.hub.names(id), "id": number }),
            Control::Combined(combined) => {
                self.hub.set_form(id, if combined { Form::Combined } else { Form::Raw });
            }
        }
        json!({ "result": null, "id": number })
    }
}

async fn deliver(socket: &mut WebSocket, text: &str) -> bool {
    let sent = timeout_at(Instant::now() + SENDING, socket.send(Message::Text(text.into()))).await;
    matches!(sent, Ok(Ok(())))
}

async fn close(socket: &mut WebSocket, code: u16, why: &str) {
    let frame = CloseFrame { code, reason: why.into() };
    let _ = timeout_at(Instant::now() + SENDING, socket.send(Message::Close(Some(frame)))).await;
}
