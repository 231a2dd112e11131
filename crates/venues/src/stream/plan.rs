//! What is wanted, and which connections and subscriptions give it.
use std::fmt;
use std::str::FromStr;

use qframe_data::book::Feed;
use qframe_model::symbol::{Symbol, SymbolParts};
use qframe_model::time::{Time, TimeFrame};
use serde_json::json;

use super::StreamError;
use crate::sign::{CoinbaseKey, nonce};

/// The most connections of one stream.
const LINES_MAX: usize = 20;
/// So many streams are asked for in one message.
const PARAMS: usize = 100;

/// An exchange, by the protocol that its streams speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// Binance: spot and USD-M futures, by the symbol.
    Binance,
    /// The Exchange feed of Coinbase.
    Coinbase,
    /// The Advanced Trade feed of Coinbase.
    CoinbaseAdvanced,
}

/// What is told of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Trades of the tape; of Binance, the sums of an order's trades at one price.
    Trades,
    /// The best bid and ask.
    Quotes,
    /// The order book.
    Book,
    /// Bars that are over.
    Bars,
    /// The funding of perpetuals.
    Funding,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Trades, Self::Quotes, Self::Book, Self::Bars, Self::Funding];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trades => "trades",
            Self::Quotes => "quotes",
            Self::Book => "book",
            Self::Bars => "bars",
            Self::Funding => "funding",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Channel {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|channel| channel.name() == text);
        found.ok_or_else(|| format!("`{text}` is no channel; there are {}", names()))
    }
}

/// What to stream.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// From where.
    pub exchange: Exchange,
    /// Of what, without a venue.
    pub symbols: Vec<Symbol>,
    /// What is told of each.
    pub channels: Vec<Channel>,
    /// The length of bars.
    pub frame: TimeFrame,
}

/// One connection of a stream: to where, and what it is to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whose rules its messages follow.
    pub feed: Feed,
    /// What stands behind the host in its address.
    pub path: &'static str,
    /// Symbols with the exchange's names of them.
    pub subjects: Vec<(Symbol, String)>,
    /// What is told of each.
    pub channels: Vec<Channel>,
    /// The length of bars.
    pub frame: TimeFrame,
}

impl Line {
    /// The connections that give what is wanted.
    ///
    /// # Errors
    /// [`StreamError::Wanted`] where the exchange has no such symbol, channel or time frame, or it is too much.
    pub fn plan(wanted: &Wanted) -> Result<Vec<Self>, StreamError> {
        let mut lines: Vec<Self> = Vec::new();
        if wanted.symbols.is_empty() || wanted.channels.is_empty() {
            return Err(StreamError::Wanted("nothing; name a symbol and a channel".to_owned()));
        }
        for symbol in &wanted.symbols {
            let (feed, name) = subject(wanted.exchange, symbol)?;
            check_frame(feed, wanted)?;
            for (path, channels) in routes(feed) {
                let channels: Vec<Channel> =
                    channels.iter().copied().filter(|channel| wanted.channels.contains(channel)).collect();
                if channels.is_empty() {
                    continue;
                }
                let room = |line: &&mut Self| {
                    line.feed == feed
                        && line.path == *path
                        && (line.subjects.len() + 1) * line.channels.len() <= streams_max(feed)
                };
                let entry = (symbol.clone(), name.clone());
                if lines.iter().any(|line| line.path == *path && line.subjects.contains(&entry)) {
                    continue;
                }
                match lines.iter_mut().find(room) {
                    Some(line) => line.subjects.push(entry),
                    None => lines.push(Self { feed, path, subjects: vec![entry], channels, frame: wanted.frame }),
                }
            }
        }
        let told = |channel: &Channel| lines.iter().any(|line| line.channels.contains(channel));
        if let Some(channel) = wanted.channels.iter().find(|channel| !told(channel)) {
            return Err(StreamError::Wanted(format!("{channel} of these symbols: the exchange does not stream them")));
        }
        if lines.len() > LINES_MAX {
            let why = format!("{} connections; the most is {LINES_MAX}, so name fewer symbols", lines.len());
            return Err(StreamError::Wanted(why));
        }
        Ok(lines)
    }

    /// Where the exchange serves it, without a path.
    #[must_use]
    pub const fn host(&self) -> &'static str {
        match self.feed {
            Feed::BinanceSpot => "wss://stream.binance.com:9443",
            Feed::BinanceFutures => "wss://fstream.binance.com",
            Feed::CoinbaseExchange => "wss://ws-feed.exchange.coinbase.com",
            Feed::CoinbaseAdvanced => "wss://advanced-trade-ws.coinbase.com",
        }
    }

    /// What it is called in counts and in the names of files.
    #[must_use]
    pub fn name(&self, number: usize) -> String {
        format!("{}-{number}", self.feed.name().replace(' ', "-"))
    }

    /// True for what is told of the symbols of this line.
    #[must_use]
    pub fn has(&self, channel: Channel) -> bool {
        self.channels.contains(&channel)
    }

    /// The messages that ask for all of it. Those of Binance are numbered from 1.
    pub(super) fn subscriptions(&self, key: Option<&CoinbaseKey>, now: Time) -> Vec<String> {
        let names: Vec<&str> = self.subjects.iter().map(|(_, name)| name.as_str()).collect();
        match self.feed {
            Feed::BinanceSpot | Feed::BinanceFutures => {
                let streams: Vec<String> = names.iter().flat_map(|name| self.streams(name)).collect();
                let message = |(place, params): (usize, &[String])| {
                    json!({"method": "SUBSCRIBE", "params": params, "id": place + 1}).to_string()
                };
                streams.chunks(PARAMS).enumerate().map(message).collect()
            }
            Feed::CoinbaseExchange => {
                let mut channels = vec!["heartbeat"];
                channels.extend(self.channels.iter().map(|channel| match channel {
                    Channel::Trades => "matches",
                    Channel::Quotes => "ticker",
                    _ => "level2_batch",
                }));
                vec![json!({"type": "subscribe", "product_ids": names, "channels": channels}).to_string()]
            }
            Feed::CoinbaseAdvanced => {
                let channels = self.channels.iter().map(|channel| match channel {
                    Channel::Trades => "market_trades",
                    Channel::Quotes => "ticker",
                    Channel::Bars => "candles",
                    _ => "level2",
                });
                let message = |channel: &str| {
                    let mut message = json!({"type": "subscribe", "product_ids": names, "channel": channel});
                    let seconds = u64::try_from(now.nanos() / 1_000_000_000).unwrap_or(0);
                    if let Some(Ok(token)) = key.map(|key| key.token(seconds, &nonce(), None)) {
                        message["jwt"] = token.into();
                    }
                    message.to_string()
                };
                std::iter::once("heartbeats").chain(channels).map(message).collect()
            }
        }
    }

    /// The names of Binance's streams of a symbol.
    fn streams(&self, name: &str) -> Vec<String> {
        let name = name.to_lowercase();
        let stream = |channel: &Channel| match channel {
            Channel::Trades => format!("{name}@aggTrade"),
            Channel::Quotes => format!("{name}@bookTicker"),
            Channel::Book => format!("{name}@depth@100ms"),
            Channel::Bars => format!("{name}@kline_{}", self.frame),
            Channel::Funding => format!("{name}@markPrice@1s"),
        };
        self.channels.iter().map(stream).collect()
    }
}

/// Which feed tells of a symbol, and its name there.
fn subject(exchange: Exchange, symbol: &Symbol) -> Result<(Feed, String), StreamError> {
    let refused = |expected: &str| StreamError::Wanted(format!("{symbol} does not trade there; expected {expected}"));
    if symbol.venue().is_some() {
        return Err(refused("no venue behind an @: the exchange is named already"));
    }
    match (exchange, symbol.parts()) {
        (Exchange::Binance, SymbolParts::Pair { base, quote }) => Ok((Feed::BinanceSpot, format!("{base}{quote}"))),
        (Exchange::Binance, SymbolParts::Contract { base, quote, settle, expiry }) if quote == settle => {
            let day = expiry.and_then(|_| symbol.as_str().split_once('-')).map(|(_, day)| format!("_{day}"));
            Ok((Feed::BinanceFutures, format!("{base}{quote}{}", day.unwrap_or_default())))
        }
        (Exchange::Binance, _) => Err(refused("BTC/USDT (spot), or BTC/USDT:USDT (a USD-M future)")),
        (Exchange::Coinbase, SymbolParts::Pair { base, quote }) => {
            Ok((Feed::CoinbaseExchange, format!("{base}-{quote}")))
        }
        (Exchange::CoinbaseAdvanced, SymbolParts::Pair { base, quote }) => {
            Ok((Feed::CoinbaseAdvanced, format!("{base}-{quote}")))
        }
        (Exchange::CoinbaseAdvanced, SymbolParts::Contract { base, settle, expiry: None, .. })
            if settle.as_str() == "USDC" =>
        {
            Ok((Feed::CoinbaseAdvanced, format!("{base}-PERP-INTX")))
        }
        _ => Err(refused("a pair such as BTC/USD")),
    }
}

/// The addresses of a feed, each with what is told there.
const fn routes(feed: Feed) -> &'static [(&'static str, &'static [Channel])] {
    use Channel::{Bars, Book, Funding, Quotes, Trades};
    match feed {
        Feed::BinanceSpot => &[("/stream", &[Trades, Quotes, Book, Bars])],
        Feed::BinanceFutures => &[("/public/stream", &[Quotes, Book]), ("/market/stream", &[Trades, Bars, Funding])],
        Feed::CoinbaseExchange => &[("", &[Trades, Quotes, Book])],
        Feed::CoinbaseAdvanced => &[("", &[Trades, Quotes, Book, Bars])],
    }
}

const fn streams_max(feed: Feed) -> usize {
    match feed {
        Feed::BinanceSpot => 1_024,
        Feed::BinanceFutures => 200,
        // No number is documented for channels without a key.
        Feed::CoinbaseExchange | Feed::CoinbaseAdvanced => 300,
    }
}

fn check_frame(feed: Feed, wanted: &Wanted) -> Result<(), StreamError> {
    if !wanted.channels.contains(&Channel::Bars) {
        return Ok(());
    }
    const SPOT: &str = "1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w";
    let expected = match feed {
        Feed::BinanceSpot => SPOT,
        Feed::BinanceFutures => &SPOT[3..],
        Feed::CoinbaseAdvanced => "5m",
        Feed::CoinbaseExchange => {
            let why = "bars of Coinbase Exchange: it streams none; take coinbase-advanced, or make them of trades";
            return Err(StreamError::Wanted(why.to_owned()));
        }
    };
    let frame = wanted.frame.to_string();
    if expected.split(' ').any(|known| known == frame) {
        return Ok(());
    }
    Err(StreamError::Wanted(format!("bars of {frame}: {feed} streams {expected}")))
}
