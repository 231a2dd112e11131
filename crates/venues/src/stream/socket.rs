//! Sessions with sockets and a clock: a task a connection, rows over a bounded channel.
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use qframe_app::Arrival;
use qframe_model::time::Time;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, interval, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::StreamError;
use super::counts::Counts;
use super::fill::Source;
use super::market::{Answer, Ask};
use super::plan::{Line, Wanted};
use super::record::Recorder;
use super::session::{Deed, Session, Timings};
use crate::sign::CoinbaseKey;

/// Batches of rows that wait for whoever takes them; a slow taker slows the sockets, and loses nothing.
const BATCHES: usize = 1_024;
/// Messages that are read before their rows are handed on.
const READ_AT_ONCE: usize = 64;
/// The longest message: a book of Coinbase is a few megabytes.
const MESSAGE_MAX: usize = 64 << 20;
/// Questions over REST that are open at once; the others wait.
const ASKS_MAX: usize = 8;
/// Who does not take what is sent within this is gone.
const SEND: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(50);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How to stream.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Another address than the exchange's own: `ws://127.0.0.1:9000`.
    pub ws_url: Option<String>,
    /// The same of its REST API.
    pub base_url: Option<String>,
    /// Where raw messages are recorded.
    pub record: Option<PathBuf>,
    /// A key for Coinbase Advanced; the channels here need none.
    pub key: Option<CoinbaseKey>,
    /// Other timings than those of the feed.
    pub timings: Option<Timings>,
}

/// A live stream. Dropping it ends its tasks and closes its sockets.
pub struct Stream {
    batches: mpsc::Receiver<Vec<Arrival>>,
    shared: Arc<Mutex<Shared>>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// What the tasks tell.
#[derive(Default)]
struct Shared {
    counts: Vec<Counts>,
    recorded: Vec<u64>,
    end: Option<StreamError>,
}

impl Stream {
    /// Connects, in tasks of their own, and goes on until it is dropped or the exchange refuses what is wanted. `now` is the
    /// time of day; from it on the steady clock counts.
    ///
    /// # Errors
    /// [`StreamError`] where that cannot be had, an address is none, or the recording cannot be made.
    pub fn open(wanted: &Wanted, settings: &Settings, now: Time) -> Result<Self, StreamError> {
        let lines = Line::plan(wanted)?;
        let (sender, batches) = mpsc::channel(BATCHES);
        let (stop, stopped) = watch::channel(false);
        let counts = vec![Counts::default(); lines.len()];
        let shared = Arc::new(Mutex::new(Shared { counts, recorded: vec![0; lines.len()], end: None }));
        let clock = Clock::new(now);
        let mut drivers = Vec::new();
        for (number, line) in lines.into_iter().enumerate() {
            let name = line.name(number + 1);
            let base = settings.ws_url.as_deref().unwrap_or_else(|| line.host());
            let url = address(base, line.path)?;
            let source = Arc::new(Source::new(line.feed, settings.base_url.as_deref())?);
            let recorder = settings.record.as_deref().map(|folder| Recorder::new(folder, &name, clock.now()));
            let recorder = recorder.transpose().map_err(|error| StreamError::Recording(error.to_string()))?;
            let timings = settings.timings.unwrap_or_else(|| Timings::of(line.feed));
            let session = Session::new(line, name, timings, fastrand::u64(..), clock.now())
                .with_key(settings.key.clone())
                .recording(recorder.is_some());
            let (rows, shared, stopped) = (sender.clone(), Arc::clone(&shared), stopped.clone());
            let sockets = [None, None];
            let (opening, asking, waiting) = (JoinSet::new(), JoinSet::new(), Vec::new());
            let (number, told) = (number, Instant::now());
            drivers.push(Driver {
                number,
                session,
                url,
                source,
                recorder,
                rows,
                shared,
                stopped,
                sockets,
                opening,
                asking,
                waiting,
                clock,
                told,
            });
        }
        let tasks = drivers.into_iter().map(|driver| tokio::spawn(driver.run())).collect();
        Ok(Self { batches, shared, stop, tasks })
    }

    /// The next rows; `None` once it is over.
    pub async fn next(&mut self) -> Option<Vec<Arrival>> {
        self.batches.recv().await
    }

    /// What each connection did, as of the last half second.
    #[must_use]
    pub fn counts(&self) -> Vec<Counts> {
        self.shared.lock().map(|shared| shared.counts.clone()).unwrap_or_default()
    }

    /// Lines of the recording that are on disk.
    #[must_use]
    pub fn recorded(&self) -> u64 {
        self.shared.lock().map(|shared| shared.recorded.iter().sum()).unwrap_or_default()
    }

    /// Why it is over, where it is.
    #[must_use]
    pub fn end(&self) -> Option<StreamError> {
        self.shared.lock().ok().and_then(|shared| shared.end.clone())
    }

    /// Asks the connections to close; rows that are under way still come from [`Stream::next`], then `None`.
    pub fn stop(&self) {
        let _ = self.stop.send(true);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// The time of day as it was at the start, and what has passed since: it never jumps.
#[derive(Debug, Clone, Copy)]
struct Clock {
    start: Time,
    at: Instant,
}

impl Clock {
    fn new(start: Time) -> Self {
        Self { start, at: Instant::now() }
    }

    fn now(&self) -> Time {
        let passed = i64::try_from(self.at.elapsed().as_nanos()).unwrap_or(i64::MAX);
        Time::from_nanos(self.start.nanos().saturating_add(passed))
    }
}

/// Drives one session.
struct Driver {
    number: usize,
    session: Session,
    url: String,
    source: Arc<Source>,
    recorder: Option<Recorder>,
    rows: mpsc::Sender<Vec<Arrival>>,
    shared: Arc<Mutex<Shared>>,
    stopped: watch::Receiver<bool>,
    sockets: [Option<Socket>; 2],
    opening: JoinSet<(usize, Result<Socket, String>)>,
    asking: JoinSet<(Ask, Result<Answer, String>)>,
    waiting: Vec<Ask>,
    clock: Clock,
    told: Instant,
}

/// What happened.
enum Event {
    Came(usize, Option<Result<Message, Error>>),
    Opened(usize, Result<Box<Socket>, String>),
    Answered(Ask, Result<Answer, String>),
    Tick,
    Stop,
}

impl Driver {
    async fn run(mut self) {
        let end = self.drive().await;
        for socket in self.sockets.iter_mut().flatten() {
            let _ = timeout(Duration::from_millis(500), socket.close(None)).await;
        }
        self.recorder_end().await;
        self.tell();
        if let (Err(error), Ok(mut shared)) = (end, self.shared.lock()) {
            shared.end = Some(error);
        }
    }

    /// Goes on until it is stopped, nobody takes the rows any more, or it cannot.
    async fn drive(&mut self) -> Result<(), StreamError> {
        let mut ticks = interval(TICK);
        loop {
            match self.event(&mut ticks).await {
                Event::Stop => return Ok(()),
                Event::Tick => self.session.tick(self.clock.now()),
                Event::Opened(link, Ok(socket)) => {
                    self.sockets[link] = Some(*socket);
                    self.session.opened(link, self.clock.now());
                }
                Event::Opened(link, Err(why)) => self.session.broke(link, &why, self.clock.now()),
                Event::Answered(ask, answer) => self.session.answered(&ask, answer, self.clock.now()),
                Event::Came(link, came) => self.came(link, came),
            }
            self.do_deeds().await?;
            self.hand_on().await?;
            if self.told.elapsed() >= Duration::from_millis(200) {
                self.tell();
            }
            if self.rows.is_closed() {
                return Ok(());
            }
        }
    }

    async fn event(&mut self, ticks: &mut tokio::time::Interval) -> Event {
        let Self { sockets: [first, second], opening, asking, stopped, .. } = self;
        tokio::select! {
            came = next(first) => Event::Came(0, came),
            came = next(second) => Event::Came(1, came),
            Some(opened) = opening.join_next() => match opened {
                Ok((link, socket)) => Event::Opened(link, socket.map(Box::new)),
                Err(_) => Event::Tick,
            },
            Some(answered) = asking.join_next() => match answered {
                Ok((ask, answer)) => Event::Answered(ask, answer),
                Err(_) => Event::Tick,
            },
            _ = ticks.tick() => Event::Tick,
            _ = stopped.wait_for(|stopped| *stopped) => Event::Stop,
        }
    }

    /// Takes in what came, and what else is there already.
    fn came(&mut self, link: usize, mut came: Option<Result<Message, Error>>) {
        for read in 1.. {
            let now = self.clock.now();
            match came {
                Some(Ok(Message::Text(text))) => self.session.message(link, text.as_bytes(), now),
                Some(Ok(Message::Binary(bytes))) => self.session.message(link, &bytes, now),
                Some(Ok(Message::Close(frame))) => {
                    let why = frame.map(|frame| format!(": {} {}", u16::from(frame.code), frame.reason));
                    self.sockets[link] = None;
                    return self.session.broke(
                        link,
                        &format!("the exchange closed it{}", why.unwrap_or_default()),
                        now,
                    );
                }
                Some(Ok(_)) => self.session.heard(link, now),
                Some(Err(error)) => {
                    self.sockets[link] = None;
                    return self.session.broke(link, &error.to_string(), now);
                }
                None => {
                    self.sockets[link] = None;
                    return self.session.broke(link, "the connection ended", now);
                }
            }
            let Some(socket) = self.sockets[link].as_mut().filter(|_| read < READ_AT_ONCE) else { return };
            match socket.next().now_or_never() {
                Some(more) => came = more,
                None => return,
            }
        }
    }

    async fn do_deeds(&mut self) -> Result<(), StreamError> {
        for deed in self.session.take_deeds() {
            match deed {
                Deed::Open(link) => {
                    let url = self.url.clone();
                    self.opening.spawn(async move { (link, open(&url).await) });
                }
                Deed::Send(link, text) => self.send(link, Message::text(text)).await,
                Deed::Ping(link) => self.send(link, Message::Ping(Vec::new().into())).await,
                Deed::Close(link) => self.sockets[link] = None,
                Deed::Ask(ask) => self.waiting.push(ask),
                Deed::End(words) => return Err(StreamError::Refused(words)),
            }
        }
        while self.asking.len() < ASKS_MAX && !self.waiting.is_empty() {
            let (ask, source, clock) = (self.waiting.remove(0), Arc::clone(&self.source), self.clock);
            let line = self.session.line().clone();
            self.asking.spawn(async move {
                let answer = source.ask(&line, &ask, || clock.now()).await;
                (ask, answer)
            });
        }
        Ok(())
    }

    async fn send(&mut self, link: usize, message: Message) {
        let Some(socket) = &mut self.sockets[link] else { return };
        let why = match timeout(SEND, socket.send(message)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it takes nothing".to_owned(),
        };
        self.sockets[link] = None;
        self.session.broke(link, &why, self.clock.now());
    }

    /// Rows to whoever takes them, lines to the disk.
    async fn hand_on(&mut self) -> Result<(), StreamError> {
        if let Some(recorder) = &self.recorder {
            let (lines, refused) = (self.session.take_recorded(), self.session.take_refused());
            recorder.write(lines, refused).await.map_err(StreamError::Recording)?;
        }
        let rows = self.session.take_rows();
        if !rows.is_empty() {
            // Where nobody is there any more, the loop ends.
            let _ = self.rows.send(rows).await;
        }
        Ok(())
    }

    fn tell(&mut self) {
        self.told = Instant::now();
        let Ok(mut shared) = self.shared.lock() else { return };
        if let Some(counts) = shared.counts.get_mut(self.number) {
            counts.clone_from(self.session.counts());
        }
        let written = self.recorder.as_ref().map_or(0, Recorder::written);
        if let Some(recorded) = shared.recorded.get_mut(self.number) {
            *recorded = written.max(*recorded);
        }
    }

    /// Writes what is left of the recording.
    async fn recorder_end(&mut self) {
        let _ = self.hand_on().await;
        if let Some(recorder) = self.recorder.take() {
            let written = tokio::task::spawn_blocking(move || recorder.finish()).await.unwrap_or_default();
            if let Some(recorded) =
                self.shared.lock().ok().as_mut().and_then(|shared| shared.recorded.get_mut(self.number))
            {
                *recorded = written;
            }
        }
    }
}

async fn next(socket: &mut Option<Socket>) -> Option<Result<Message, Error>> {
    match socket {
        Some(socket) => socket.next().await,
        None => std::future::pending().await,
    }
}

async fn open(url: &str) -> Result<Socket, String> {
    let config = WebSocketConfig::default().max_message_size(Some(MESSAGE_MAX)).max_frame_size(Some(MESSAGE_MAX));
    match connect_async_with_config(url, Some(config), true).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => {
            let body = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            let body: String = body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(120).collect();
            Err(format!("{url}: no stream there; it answers {} {body:?}", answer.status()))
        }
        Err(error) => Err(format!("{url}: {error}")),
    }
}

/// The address of a line.
fn address(base: &str, path: &str) -> Result<String, StreamError> {
    let url = reqwest::Url::parse(base).map_err(|error| StreamError::Address(format!("{base}: {error}")))?;
    if !matches!(url.scheme(), "ws" | "wss") || !url.has_host() {
        return Err(StreamError::Address(format!("{base}: expected ws:// or wss:// and a host")));
    }
    // The library's own provider of cryptography is named once for the process.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Ok(format!("{}{path}", base.trim_end_matches('/')))
}
