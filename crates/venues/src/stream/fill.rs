//! What a stream missed, asked for over REST.
use qframe_data::book::Feed;
use qframe_model::time::{Span, Time};

use super::StreamError;
use super::market::{Answer, Ask};
use super::plan::Line;
use super::tape;
use crate::http::Http;
use crate::pace::Pace;
use crate::rest::binance::Binance;
use crate::rest::coinbase::{Api, Coinbase};
use crate::rest::{Rest, RestError};

/// Trades of one request.
const PAGE: &str = "1000";
/// Levels of a side of a snapshot.
const DEPTH: &str = "1000";
/// The most requests for one hole.
const PAGES_MAX: usize = 20;

/// The REST side of a stream.
#[derive(Debug)]
pub struct Source {
    http: Http,
    rest: Rest,
    base: String,
}

impl Source {
    /// The API of a feed; at `base` where that is given.
    ///
    /// # Errors
    /// [`StreamError::Address`] where that is no address.
    pub fn new(feed: Feed, base: Option<&str>) -> Result<Self, StreamError> {
        let refused = |error: RestError| StreamError::Address(error.to_string());
        let own = match feed {
            Feed::BinanceSpot => Binance::HOSTS[0],
            Feed::BinanceFutures => Binance::HOSTS[1],
            Feed::CoinbaseExchange => Api::Exchange.host(),
            Feed::CoinbaseAdvanced => Api::Advanced.host(),
        };
        let base = base.unwrap_or(own);
        let (rest, pace) = match feed {
            Feed::BinanceSpot | Feed::BinanceFutures => {
                let rest = Rest::Binance(Binance::new([base; 2]).map_err(refused)?);
                // The rest of a minute's weight is left to others at this address.
                let limit = if feed == Feed::BinanceSpot { 3_000 } else { 1_200 };
                (rest, Pace::new(limit, std::time::Duration::from_secs(60)))
            }
            Feed::CoinbaseExchange | Feed::CoinbaseAdvanced => {
                let api = if feed == Feed::CoinbaseExchange { Api::Exchange } else { Api::Advanced };
                let rest = Rest::Coinbase(Coinbase::new(api, base).map_err(refused)?);
                (rest, Pace::new(4, std::time::Duration::from_secs(1)))
            }
        };
        let http = Http::new(base, pace).map_err(|error| StreamError::Address(error.to_string()))?;
        Ok(Self { http, rest, base: base.trim_end_matches('/').to_owned() })
    }

    /// Asks. `now` reads the clock here.
    ///
    /// # Errors
    /// What went wrong, in words.
    pub async fn ask(&self, line: &Line, ask: &Ask, now: impl Fn() -> Time) -> Result<Answer, String> {
        let subject = |place: usize| line.subjects.get(place).ok_or_else(|| "no such symbol".to_owned());
        match *ask {
            Ask::Depth(place) => self.depth(line.feed, &subject(place)?.1).await,
            Ask::Trades(place, from, to) => {
                let name = &subject(place)?.1;
                let trades = match line.feed {
                    Feed::BinanceSpot | Feed::BinanceFutures => self.sums(line.feed, name, from, to).await,
                    Feed::CoinbaseExchange => self.matches(name, from, to).await,
                    Feed::CoinbaseAdvanced => self.last(name, from, to).await,
                };
                trades.map(Answer::Trades)
            }
            Ask::Bars(place, from, to) => {
                let (mut bars, mut from) = (Vec::new(), from);
                let page = i64::try_from(self.rest.page()).unwrap_or(100);
                let length = Span::from_nanos(line.frame.span().nanos().saturating_mul(page));
                for _ in 0..PAGES_MAX {
                    let end = (from + length).min(to);
                    let got = self.rest.bars(&subject(place)?.0, line.frame, from..end).await;
                    bars.extend(got.map_err(|error| error.to_string())?.bars);
                    from = end;
                    if from >= to {
                        break;
                    }
                }
                Ok(Answer::Bars(bars))
            }
            Ask::Clock => {
                let symbol = &subject(0)?.0;
                let before = now();
                let theirs = self.rest.now(symbol).await.map_err(|error| error.to_string())?;
                let half = Span::from_nanos(now().since(before).nanos() / 2);
                Ok(Answer::Clock((before + half).since(theirs)))
            }
        }
    }

    async fn depth(&self, feed: Feed, name: &str) -> Result<Answer, String> {
        let (path, weight) = match feed {
            Feed::BinanceSpot => ("/api/v3/depth", 50),
            _ => ("/fapi/v1/depth", 20),
        };
        let body = self.body(path, &[("symbol", name), ("limit", DEPTH)], weight).await?;
        Ok(Answer::Depth(format!("{}{path}?symbol={name}&limit={DEPTH}", self.base), body))
    }

    /// Sums of orders' trades of Binance, oldest first.
    async fn sums(&self, feed: Feed, name: &str, from: u64, to: u64) -> Result<Vec<String>, String> {
        let (path, weight) =
            if feed == Feed::BinanceSpot { ("/api/v3/aggTrades", 4) } else { ("/fapi/v1/aggTrades", 20) };
        let (mut messages, mut next) = (Vec::new(), from);
        for _ in 0..PAGES_MAX {
            let first = next.to_string();
            let body = self.body(path, &[("symbol", name), ("fromId", &first), ("limit", PAGE)], weight).await?;
            let page = tape::sums(&body, name, next..to)?;
            messages.extend(page.messages);
            if page.end >= to || page.end == next {
                break;
            }
            next = page.end;
        }
        Ok(messages)
    }

    /// Trades of Coinbase Exchange, which gives the newest first.
    async fn matches(&self, name: &str, from: u64, to: u64) -> Result<Vec<String>, String> {
        let path = format!("/products/{name}/trades");
        let (mut messages, mut before) = (Vec::new(), to);
        for _ in 0..PAGES_MAX {
            let end = before.to_string();
            let body = self.body(&path, &[("after", &end), ("limit", PAGE)], 1).await?;
            let page = tape::matches(&body, name, from..before)?;
            messages.extend(page.messages);
            if page.end <= from || page.end == before {
                break;
            }
            before = page.end;
        }
        messages.reverse();
        Ok(messages)
    }

    /// The last trades of Coinbase Advanced; it gives no older ones by number.
    async fn last(&self, name: &str, from: u64, to: u64) -> Result<Vec<String>, String> {
        let path = format!("/api/v3/brokerage/market/products/{name}/ticker");
        let body = self.body(&path, &[("limit", PAGE)], 1).await?;
        tape::last(&body, from..to)
    }

    async fn body(&self, path: &str, query: &[(&str, &str)], weight: u32) -> Result<Vec<u8>, String> {
        let headers = reqwest::header::HeaderMap::new();
        let body = self.http.request(&reqwest::Method::GET, path, query, &headers, weight).await;
        body.map_err(|error| error.to_string())
    }
}
