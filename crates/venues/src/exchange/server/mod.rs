//! The exchange on a socket: requests, WebSockets and the replay's clock around a [`Venue`] and [`Advanced`], with or without
//! TLS. What a request is for, its address says.
mod counted;
pub mod fault;
mod hub;
mod patience;
mod replay;
mod socket;
pub mod tls;
mod venue;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, FromRequestParts, Request as HttpRequest, State, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use qframe_model::time::Time;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;

use super::advanced::{self, Advanced};
use super::binance::{Answer, Fault, Request};
use super::core::Refusal;
use fault::{Draws, Faults};
use hub::Hub;
use patience::{BODY, Patient, Pulse};
pub use replay::{Progress, Recorded, Row, Source, Speed, Traded, decimal_step, measure, recorded, recorded_marks};
use replay::{Updates, play};
use tls::{Tls, TlsListener};
pub use venue::Venue;

/// The longest body of a request.
const BODY_MAX: usize = 65_536;

/// How an exchange is served.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// How fast its markets go.
    pub speed: Speed,
    /// Rows before this instant are there at the start.
    pub from: Option<Time>,
    /// The replay begins when somebody listens to a stream.
    pub waits: bool,
    /// What goes wrong.
    pub faults: Faults,
    /// The wall clock at the start, by which timestamps of requests are judged.
    pub now: Time,
}

/// The exchange that is served, by the protocols that it speaks.
#[derive(Debug)]
pub struct House {
    /// Binance's, spot or futures, which has the core.
    pub venue: Venue,
    /// Coinbase's, over the same core where that is of the spot market.
    pub advanced: Advanced,
    /// The certificate, where it speaks TLS.
    pub tls: Option<Tls>,
}

impl<V: Into<Venue>> From<V> for House {
    fn from(venue: V) -> Self {
        Self { venue: venue.into(), advanced: Advanced::default(), tls: None }
    }
}

/// A running exchange. Dropping it ends it.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Shared,
    stop: Arc<AtomicBool>,
    ended: watch::Sender<bool>,
    replay: Option<JoinHandle<()>>,
    serving: tokio::task::JoinHandle<()>,
}

/// How it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Of the replay.
    pub progress: Progress,
    /// The replay's clock.
    pub now: Time,
    /// Open WebSockets.
    pub connections: usize,
    /// Frames that were sent.
    pub frames: u64,
    /// WebSockets that were cut since they did not take their frames.
    pub slow: u64,
    /// Requests that were answered.
    pub requests: u64,
}

/// What all tasks share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    state: Arc<Mutex<Inner>>,
    faults: Faults,
    requests: Arc<AtomicU64>,
}

/// The wall clock as it was at the start, gone on since.
#[derive(Debug, Clone, Copy)]
struct Wall {
    start: Time,
    since: Instant,
}

impl Wall {
    /// Milliseconds since the epoch.
    fn millis(self) -> i64 {
        let passed = i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.start.nanos().div_euclid(1_000_000).saturating_add(passed)
    }
}

/// The exchange and its listeners: behind one lock, so that frames are in the order of what happened.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) venue: Venue,
    advanced: Advanced,
    /// Signs of life that were sent.
    beats: u64,
    hub: Hub,
    progress: Progress,
    draws: Draws,
    wall: Wall,
}

impl Server {
    /// Starts an exchange on the running tokio runtime.
    ///
    /// # Errors
    /// Where the address cannot be listened on, or the rows before the start cannot be read.
    pub async fn start(house: impl Into<House>, source: Source, settings: Settings) -> std::io::Result<Self> {
        let House { venue, advanced, tls } = house.into();
        let listener = TcpListener::bind(settings.address).await?;
        let address = listener.local_addr()?;
        let draws = Draws::new(settings.faults.seed, 0);
        let wall = Wall { start: settings.now, since: Instant::now() };
        let inner =
            Inner { venue, advanced, beats: 0, hub: Hub::default(), progress: Progress::default(), draws, wall };
        let state = Arc::new(Mutex::new(inner));
        let shared = Shared { state, faults: settings.faults, requests: Arc::default() };
        let mut updates = Updates::new(source);
        let held = shared.lock().warm(&mut updates, settings.from).map_err(std::io::Error::other)?;
        let (stop, (ended, mut wait)) = (Arc::new(AtomicBool::new(false)), watch::channel(false));
        let (playing, stops) = (shared.clone(), Arc::clone(&stop));
        let rows = Updates::new(Box::new(held.into_iter().map(Ok).chain(updates.flat_map(|update| match update {
            Ok(rows) => rows.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        }))));
        let replay = std::thread::Builder::new()
            .name("replay".to_owned())
            .spawn(move || play(&playing, rows, settings.speed, settings.waits, &stops))?;
        let router = Router::new().fallback(heard).with_state(shared.clone());
        let router = router.into_make_service_with_connect_info::<Pulse>();
        let end = async move {
            let _ = wait.wait_for(|ended| *ended).await;
        };
        // It ends with the shutdown; an error of accepting is retried inside.
        let serving = tokio::spawn(async move {
            let _ = match tls {
                None => axum::serve(Patient::new(listener), router).with_graceful_shutdown(end).await,
                Some(tls) => {
                    axum::serve(Patient::new(TlsListener::new(listener, &tls)), router)
                        .with_graceful_shutdown(end)
                        .await
                }
            };
        });
        Ok(Self { address, shared, stop, ended, replay: Some(replay), serving })
    }

    /// How it goes.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let inner = self.shared.lock();
        Facts {
            progress: inner.progress.clone(),
            now: inner.venue.now(),
            connections: inner.hub.connections(),
            frames: inner.hub.sent,
            slow: inner.hub.slow,
            requests: self.shared.requests.load(Ordering::Relaxed),
        }
    }

    /// Looks at the exchange between two events.
    pub fn look<T>(&self, look: impl FnOnce(&Venue) -> T) -> T {
        look(&self.shared.lock().venue)
    }

    /// Ends it: WebSockets are closed, requests that are being answered are answered.
    pub async fn stop(mut self) {
        self.end();
        let patience = std::time::Duration::from_secs(2);
        let _ = tokio::time::timeout(patience, &mut self.serving).await;
        if let Some(replay) = self.replay.take() {
            let _ = tokio::task::spawn_blocking(move || replay.join()).await;
        }
    }

    fn end(&self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.ended.send(true);
        self.shared.lock().hub.close_all();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
        self.serving.abort();
    }
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // A task that panicked left a whole exchange: nothing is changed in two steps that can panic between them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Takes all rows before `from` in; the first update that is not before it comes back.
    fn warm(&mut self, updates: &mut Updates, from: Option<Time>) -> Result<Vec<Row>, String> {
        let Some(from) = from else { return Ok(Vec::new()) };
        for update in updates.by_ref() {
            let rows = update?;
            if rows.first().is_some_and(|(_, tick)| tick.time() >= from) {
                return Ok(rows);
            }
            self.feed(&rows);
        }
        Ok(Vec::new())
    }

    /// The market moves.
    fn feed(&mut self, rows: &[Row]) {
        self.progress.rows += rows.len() as u64;
        for (product, tick) in rows {
            if let Err(overflow) = self.venue.tick(*product, tick) {
                self.progress.fault = Some(overflow.to_string());
            }
        }
        self.publish();
    }

    /// Time passes.
    fn pass(&mut self, time: Time) {
        if let Err(overflow) = self.venue.advance(time) {
            self.progress.fault = Some(overflow.to_string());
        }
        self.publish();
    }

    /// What happened goes to those who listen.
    fn publish(&mut self) {
        self.expire();
        let made = self.venue.frames(&self.advanced, |topic| self.hub.is_wanted(topic));
        made.iter().for_each(|(topic, value)| self.hub.send(topic, value));
    }

    /// Ends orders whose time is over by the wall clock.
    fn expire(&mut self) {
        let wall = self.wall.millis();
        match &mut self.venue {
            Venue::Spot(binance) => self.advanced.expire(&mut binance.core, wall),
            Venue::Usdm(usdm) => {
                if let Err(overflow) = usdm.futures.expire(wall) {
                    self.progress.fault = Some(overflow.to_string());
                }
            }
        }
    }

    fn answer_advanced(&mut self, request: &advanced::Request, faults: &Faults) -> advanced::Answer {
        if self.draws.hits(faults.http500) {
            return advanced::Fault::Wanted.into();
        }
        let places = request.method == "POST" && request.path.ends_with("/orders");
        if places && self.draws.hits(faults.reject) {
            return Advanced::refusal();
        }
        let Some(core) = self.venue.core_mut() else {
            return advanced::Fault::NotFound(
                "a spot market: futures are played, which Coinbase's side does not know".to_owned(),
            )
            .into();
        };
        let answer = self.advanced.answer(core, request, self.wall.millis());
        self.publish();
        answer
    }

    fn answer(&mut self, request: &Request, faults: &Faults) -> Answer {
        let failed = |fault: &Fault| Answer { status: fault.status(), body: fault.body(), used: 0 };
        if self.draws.hits(faults.http500) {
            return failed(&Fault::Wanted);
        }
        let orders = request.method == "POST"
            && ["/api/v3/order", "/fapi/v1/order", "/fapi/v1/algoOrder"]
                .iter()
                .any(|path| request.path.starts_with(path));
        if orders && self.draws.hits(faults.reject) {
            return failed(&Fault::Order(Refusal::Wanted));
        }
        let answer = self.venue.answer(request, self.wall.millis());
        self.publish();
        answer
    }
}

/// A whole head is there: its clock stops until it is answered. What was upgraded has no more heads.
async fn heard(ConnectInfo(pulse): ConnectInfo<Pulse>, state: State<Shared>, request: HttpRequest) -> Response {
    pulse.heard();
    let response = answer(state, request).await;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        pulse.answered();
    }
    response
}

async fn answer(State(shared): State<Shared>, request: HttpRequest) -> Response {
    let (mut parts, body) = request.into_parts();
    let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or_default().to_owned());
    if is_socket(&path) || parts.headers.contains_key(header::UPGRADE) {
        return match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) => {
                upgrade.max_message_size(BODY_MAX).on_upgrade(move |socket| socket::serve(shared, socket, path, query))
            }
            Err(refused) => refused.into_response(),
        };
    }
    if path.starts_with(advanced::ROOT) {
        return answer_advanced(&shared, &parts.method, &parts.headers, path, query, body).await;
    }
    let request = match read(&parts.method, &parts.headers, path, query, body).await {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    if !shared.faults.delay.is_zero() {
        tokio::time::sleep(shared.faults.delay).await;
    }
    shared.requests.fetch_add(1, Ordering::Relaxed);
    let answer = shared.lock().answer(&request, &shared.faults);
    respond(&answer)
}

fn is_socket(path: &str) -> bool {
    ["/ws", "/stream", "/ws-api", "/ws-fapi"]
        .iter()
        .any(|root| routed(path).strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Futures have addresses for books, for the rest of the market, and for users; here they all are one.
fn routed(path: &str) -> &str {
    ["/public", "/market", "/private"].iter().find_map(|root| path.strip_prefix(root)).unwrap_or(path)
}

async fn answer_advanced(
    shared: &Shared,
    method: &axum::http::Method,
    headers: &HeaderMap,
    path: String,
    query: String,
    body: Body,
) -> Response {
    let request = match read(method, headers, path, query, body).await {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = text(header::AUTHORIZATION).split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let request = advanced::Request {
        method: request.method,
        host: text(header::HOST).to_owned(),
        path: request.path,
        query: request.query,
        token: token.map(|(_, token)| token.trim().to_owned()),
        body: request.body,
    };
    if !shared.faults.delay.is_zero() {
        tokio::time::sleep(shared.faults.delay).await;
    }
    shared.requests.fetch_add(1, Ordering::Relaxed);
    let answer = shared.lock().answer_advanced(&request, &shared.faults);
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (kind, body) = match answer.body {
        advanced::Body::Json(value) => ("application/json", value.to_string()),
        advanced::Body::Text(text) => ("text/plain; charset=utf-8", text),
    };
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

async fn read(
    method: &axum::http::Method,
    headers: &HeaderMap,
    path: String,
    query: String,
    body: Body,
) -> Result<Request, Response> {
    let refused = |text: &'static str| (StatusCode::BAD_REQUEST, text).into_response();
    let body = tokio::time::timeout(BODY, to_bytes(body, BODY_MAX)).await.map_err(|_| {
        let text = "a body that took over 30 seconds";
        (StatusCode::REQUEST_TIMEOUT, [(header::CONNECTION, "close")], text).into_response()
    })?;
    let body = body.map_err(|_| refused("a body of over 64 KiB"))?;
    let body = String::from_utf8(body.to_vec()).map_err(|_| refused("a body that is no UTF-8"))?;
    let key = headers.get("x-mbx-apikey").and_then(|key| key.to_str().ok()).map(str::to_owned);
    Ok(Request { method: method.as_str().to_owned(), path, key, query, body })
}

fn respond(answer: &Answer) -> Response {
    let mut response = (
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        [(header::CONTENT_TYPE, "application/json;charset=UTF-8")],
        answer.body.to_string(),
    )
        .into_response();
    let used = HeaderValue::from(answer.used);
    response.headers_mut().insert("x-mbx-used-weight", used.clone());
    response.headers_mut().insert("x-mbx-used-weight-1m", used);
    if answer.status == 429 {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    }
    response
}
