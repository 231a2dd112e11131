//! Redis: the latest row of each data set by key, and every row on a channel a symbol.
//!
//! `qframe:KIND:VENUE:SYMBOL` (of bars `…:FRAME` behind it) holds the latest row, until it expires; `qframe:VENUE:SYMBOL` is the
//! channel. Both are JSON with exact numbers as text. A row whose answer was lost is published again.
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use qframe_app::pipeline::{Refusal, Sink, SinkError};
use qframe_app::{Arrival, Row};
use qframe_data::{DataKey, Kind};
use qframe_model::time::{Time, TimeFrame};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Pipeline};
use serde::{Serialize, Serializer};

/// Connecting, and each answer, takes no longer.
const DEADLINE: Duration = Duration::from_secs(5);

/// An address that is none of Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisError(String);

impl fmt::Display for RedisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no address of Redis: {}; expected redis://HOST:6379/0", self.0)
    }
}

impl std::error::Error for RedisError {}

/// A database of Redis. It takes all kinds of rows but changes of books.
pub struct RedisSink {
    client: Client,
    connection: Option<MultiplexedConnection>,
    expiry: Duration,
    /// The time of each latest row: one that comes late is published, and does not take its place.
    latest: HashMap<Arc<DataKey>, Time>,
}

impl RedisSink {
    /// A client of the server at an address. Rows expire after a while; bars that much after the next one was due.
    ///
    /// # Errors
    /// [`RedisError`]. Whether a server is there shows at the first write.
    pub fn new(address: &str, expiry: Duration) -> Result<Self, RedisError> {
        let client = Client::open(address).map_err(|error| RedisError(error.to_string()))?;
        Ok(Self { client, connection: None, expiry: expiry.max(Duration::from_millis(1)), latest: HashMap::new() })
    }

    async fn run(&mut self, commands: &Pipeline) -> redis::RedisResult<()> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let config = AsyncConnectionConfig::new();
                let config = config.set_connection_timeout(Some(DEADLINE)).set_response_timeout(Some(DEADLINE));
                self.client.get_multiplexed_async_connection_with_config(&config).await?
            }
        };
        // A connection that failed is not used again.
        commands.exec_async(&mut connection).await?;
        self.connection = Some(connection);
        Ok(())
    }

    fn expiry_of(&self, key: &DataKey) -> u64 {
        let frames = Duration::from_secs(key.frame.map_or(0, TimeFrame::seconds).into()) * 2;
        u64::try_from((self.expiry + frames).as_millis()).unwrap_or(u64::MAX)
    }
}

impl Sink for RedisSink {
    fn takes(&self, kind: Kind) -> bool {
        !matches!(kind, Kind::Book | Kind::Actions)
    }

    /// One round trip: each row published, and of each data set the last one set.
    async fn write(&mut self, batch: &[Arrival]) -> Result<(), SinkError> {
        let mut commands = Pipeline::with_capacity(batch.len() + 8);
        let mut latest: HashMap<&DataKey, String> = HashMap::new();
        let mut refused = Vec::new();
        for (place, arrival) in batch.iter().enumerate() {
            match serde_json::to_string(&Message::of(arrival)) {
                Ok(text) => {
                    let key = &*arrival.key;
                    commands.cmd("PUBLISH").arg(format!("qframe:{}:{}", key.venue, key.symbol)).arg(&text).ignore();
                    let last = self.latest.entry(Arc::clone(&arrival.key)).or_insert(Time::MIN);
                    if arrival.row.time() >= *last {
                        *last = arrival.row.time();
                        latest.insert(key, text);
                    }
                }
                Err(error) => refused.push(Refusal { place, reason: "no JSON", text: error.to_string() }),
            }
        }
        for (key, text) in latest {
            let frame = key.frame.map(|frame| format!(":{frame}")).unwrap_or_default();
            let name = format!("qframe:{}:{}:{}{frame}", key.kind, key.venue, key.symbol);
            commands.cmd("SET").arg(name).arg(text).arg("PX").arg(self.expiry_of(key)).ignore();
        }
        if !commands.is_empty() {
            self.run(&commands).await.map_err(|error| SinkError::later(format!("Redis: {error}")))?;
        }
        if refused.is_empty() { Ok(()) } else { Err(SinkError::Refused(refused)) }
    }
}

/// A row as others read it.
#[derive(Serialize)]
struct Message<'a> {
    kind: &'static str,
    venue: &'a str,
    symbol: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeframe: Option<String>,
    /// When it reached us.
    received: Time,
    #[serde(serialize_with = "plain")]
    row: &'a Row,
}

impl<'a> Message<'a> {
    fn of(Arrival { key, row, received }: &'a Arrival) -> Self {
        Self {
            kind: key.kind.name(),
            venue: &key.venue,
            symbol: key.symbol.as_str(),
            timeframe: key.frame.map(|frame| frame.to_string()),
            received: *received,
            row,
        }
    }
}

/// The row without the name of its kind, which the message has.
fn plain<S: Serializer>(row: &Row, serializer: S) -> Result<S::Ok, S::Error> {
    match row {
        Row::Bar(row) => row.serialize(serializer),
        Row::Trade(row) => row.serialize(serializer),
        Row::Quote(row) => row.serialize(serializer),
        Row::Book(row) => row.serialize(serializer),
        Row::Funding(row) => row.serialize(serializer),
    }
}
