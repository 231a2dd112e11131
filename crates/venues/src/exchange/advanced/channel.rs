//! Channels of the WebSocket: what may be subscribed to, what is told at once, and what happens as messages.
//!
//! Messages lack the `sequence_num`: it counts all messages of a connection, and the connection adds it.
use std::collections::BTreeSet;

use qframe_model::market::{Level, Side};
use qframe_model::time::Time;
use serde_json::{Value, json};

use super::words::{Told, candle, change, product_id, product_of, trade};
use super::{Advanced, Unproven};
use crate::exchange::core::candles::Interval;
use crate::exchange::core::{Core, Market, Notice, Pace};

/// The length of the bars of the channel of candles.
const BARS: &str = "5m";
/// Bars and trades that a subscription tells at once.
const PAST: usize = 100;

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// That the connection lives, every second.
    Heartbeats,
    /// The last price, the best prices and the day, at each trade.
    Ticker,
    /// The same, every five seconds.
    TickerBatch,
    /// Trades of the tape.
    MarketTrades,
    /// The book, and its changes every 50 ms.
    Level2,
    /// Bars of five minutes, every second.
    Candles,
    /// The products, every second.
    Status,
    /// A user's orders.
    User,
}

/// All of them with their names.
const CHANNELS: [(&str, Channel); 8] = [
    ("heartbeats", Channel::Heartbeats),
    ("ticker", Channel::Ticker),
    ("ticker_batch", Channel::TickerBatch),
    ("market_trades", Channel::MarketTrades),
    ("level2", Channel::Level2),
    ("candles", Channel::Candles),
    ("status", Channel::Status),
    ("user", Channel::User),
];

impl Channel {
    /// Its name in a subscription.
    #[must_use]
    pub fn name(self) -> &'static str {
        CHANNELS.iter().find(|(_, channel)| *channel == self).map_or("", |(name, _)| name)
    }

    /// Its name in a message.
    fn told_as(self) -> &'static str {
        if self == Self::Level2 { "l2_data" } else { self.name() }
    }
}

/// To whom a message goes: who subscribed to a channel of a product, or a user to all its orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The channel.
    pub channel: Channel,
    /// The product; all of them where there is none.
    pub product: Option<usize>,
    /// Whose orders; none for what is public.
    pub user: Option<usize>,
}

/// A message of a client, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// True to subscribe.
    pub subscribes: bool,
    /// To what, each with the product's name.
    pub subjects: Vec<(String, Subject)>,
}

impl Advanced {
    /// Understands a message of a client. `wall`: milliseconds of the wall clock.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn asked(&self, core: &Core, text: &str, wall: i64) -> Result<Asked, String> {
        let fields: Value = serde_json::from_str(text).map_err(|_| "the message is no JSON".to_owned())?;
        let subscribes = match fields["type"].as_str() {
            Some("subscribe") => true,
            Some("unsubscribe") => false,
            _ => return Err("expected a type of subscribe or unsubscribe".to_owned()),
        };
        let name = fields["channel"].as_str().unwrap_or_default();
        let found = CHANNELS.iter().find(|(known, _)| *known == name);
        let names = || CHANNELS.map(|(name, _)| name).join(", ");
        let (_, channel) =
            found.ok_or_else(|| format!("channel {name:?} is not offered; expected one of {}", names()))?;
        // A token is judged wherever there is one; only a user's channel cannot do without.
        let token = fields["jwt"].as_str().filter(|token| !token.is_empty());
        let user = match self.listener(token, wall) {
            Ok(user) => Some(user).filter(|_| *channel == Channel::User),
            Err(Unproven::Missing) if *channel != Channel::User => None,
            Err(why) => return Err(format!("authentication failure: {why}")),
        };
        let ids: Vec<&str> = fields["product_ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let of = |product| Subject { channel: *channel, product, user };
        let mut subjects = Vec::new();
        match channel {
            Channel::Heartbeats => subjects.push((String::new(), of(None))),
            Channel::User if ids.is_empty() => subjects.push((String::new(), of(None))),
            _ if ids.is_empty() => {
                let all = core.markets().iter().enumerate();
                subjects.extend(all.map(|(place, market)| (product_id(&market.product), of(Some(place)))));
            }
            _ => {
                // Who names a product twice hears of it once.
                for id in ids.into_iter().collect::<BTreeSet<_>>() {
                    let place = product_of(core, id).ok_or_else(|| format!("{id:?} is not a valid product"))?;
                    subjects.push((id.to_owned(), of(Some(place))));
                }
            }
        }
        Ok(Asked { subscribes, subjects })
    }

    /// What a new subscription tells at once.
    #[must_use]
    pub fn first(&self, core: &Core, subject: &Subject) -> Option<Value> {
        let at = |product: usize| core.markets().get(product);
        let event = match (subject.channel, subject.product) {
            (Channel::User, _) => {
                let open = core.open_orders(subject.user?);
                let wanted = open.filter(|order| subject.product.is_none_or(|product| product == order.product));
                let told = wanted.filter_map(|order| Told::new(core, &self.orders, order));
                let rows = told.map(|told| told.message(&core.markets()[told.record.product].product));
                json!({ "type": "snapshot", "orders": rows.collect::<Value>(), "positions": positions() })
            }
            (Channel::Level2, Some(product)) => {
                let (market, now) = (at(product)?, core.now());
                let bids = market.book().levels(Side::Buy).map(|level| update("bid", level, now));
                let asks = market.book().levels(Side::Sell).map(|level| update("offer", level, now));
                let id = product_id(&market.product);
                json!({ "type": "snapshot", "product_id": id, "updates": bids.chain(asks).collect::<Value>() })
            }
            (Channel::MarketTrades, Some(product)) => {
                let (market, id) = (at(product)?, product_id(&at(product)?.product));
                let last = market.trades().iter().rev().take(PAST).map(|one| trade(&id, one));
                json!({ "type": "snapshot", "trades": last.collect::<Value>() })
            }
            (Channel::Candles, Some(product)) => {
                let (market, id) = (at(product)?, product_id(&at(product)?.product));
                let bars = market.candles().of(Interval::place(BARS)?).iter().rev().filter(|bar| bar.trades > 0);
                json!({ "type": "snapshot", "candles": bars.take(PAST).map(|bar| of_product(candle(bar), &id)).collect::<Value>() })
            }
            (Channel::Ticker | Channel::TickerBatch, Some(product)) => {
                json!({ "type": "snapshot", "tickers": [ticker(core, at(product)?)] })
            }
            (Channel::Status, Some(product)) => json!({ "type": "snapshot", "products": [status(at(product)?)] }),
            _ => return None,
        };
        Some(message(subject.channel, core.now(), &event))
    }

    /// What a notice becomes: messages with whom they go to. `wanted` says whether anybody listens.
    pub fn messages(&self, core: &Core, notice: &Notice, wanted: impl Fn(&Subject) -> bool) -> Vec<(Subject, Value)> {
        let (product, user, channels) = told_of(notice);
        let mut made = Vec::new();
        for channel in channels.iter().copied() {
            // Only a user may listen to all products under one name.
            for product in [Some(product), None].into_iter().take(if user.is_some() { 2 } else { 1 }) {
                let subject = Subject { channel, product, user };
                if wanted(&subject)
                    && let Some(event) = self.event(core, notice, channel)
                {
                    made.push((subject, message(channel, core.now(), &event)));
                }
            }
        }
        made
    }

    /// What a channel tells of a notice.
    fn event(&self, core: &Core, notice: &Notice, channel: Channel) -> Option<Value> {
        let market = |product: &usize| core.markets().get(*product);
        let id = |product: &usize| market(product).map(|market| product_id(&market.product));
        Some(match (channel, notice) {
            (Channel::Ticker | Channel::TickerBatch, Notice::Trade { product, .. } | Notice::Day { product, .. }) => {
                json!({ "type": "update", "tickers": [ticker(core, market(product)?)] })
            }
            (Channel::MarketTrades, Notice::Trade { product, trade: one }) => {
                json!({ "type": "update", "trades": [trade(&id(product)?, one)] })
            }
            (Channel::Level2, Notice::Depth { product, time, bids, asks, .. }) => {
                let bids = bids.iter().map(|level| update("bid", *level, *time));
                let asks = asks.iter().map(|level| update("offer", *level, *time));
                let updates: Value = bids.chain(asks).collect();
                json!({ "type": "update", "product_id": id(product)?, "updates": updates })
            }
            (Channel::Candles, Notice::Candle { product, candle: bar, .. }) if bar.trades > 0 => {
                json!({ "type": "update", "candles": [of_product(candle(bar), &id(product)?)] })
            }
            (Channel::Status, Notice::Day { product, .. }) => {
                json!({ "type": "update", "products": [status(market(product)?)] })
            }
            (Channel::User, Notice::Order { order, .. }) => {
                // Of a bracket's two orders the first is told; a notice has the order as it was at its time.
                let first = order.list.and_then(|list| core.list(list)).map_or(order.id, |ids| ids[0]);
                let record = if first == order.id { &**order } else { core.order(first)? };
                let told = Told::new(core, &self.orders, record)?.message(&market(&order.product)?.product);
                json!({ "type": "update", "orders": [told], "positions": positions() })
            }
            _ => return None,
        })
    }
}

/// Of which product a notice is, of which user, and which channels tell of it.
fn told_of(notice: &Notice) -> (usize, Option<usize>, &'static [Channel]) {
    match notice {
        Notice::Trade { product, .. } => (*product, None, &[Channel::MarketTrades, Channel::Ticker]),
        Notice::Depth { product, pace: Pace::Batch, .. } => (*product, None, &[Channel::Level2]),
        Notice::Candle { product, interval, .. } if Interval::place(BARS) == Some(*interval) => {
            (*product, None, &[Channel::Candles])
        }
        Notice::Day { product, time } if time.nanos().div_euclid(1_000_000_000) % 5 == 0 => {
            (*product, None, &[Channel::TickerBatch, Channel::Status])
        }
        Notice::Day { product, .. } => (*product, None, &[Channel::Status]),
        Notice::Order { order, .. } => (order.product, Some(order.user), &[Channel::User]),
        _ => (0, None, &[]),
    }
}

/// What a connection has subscribed to, by channel. `names`: as the connection keeps them, `channel:product`.
#[must_use]
pub fn subscriptions(names: &[String], wall: Time) -> Value {
    let mut of = serde_json::Map::new();
    for name in names {
        let (channel, product) = name.split_once(':').unwrap_or((name, ""));
        let entry = of.entry(channel).or_insert_with(|| json!([]));
        if let Value::Array(products) = entry {
            // Channels without products are told with their own name, as Coinbase does.
            products.push(json!(if product.is_empty() { channel } else { product }));
        }
    }
    envelope("subscriptions", wall, &json!({ "subscriptions": of }))
}

/// A sign of life, the `count`th.
#[must_use]
pub fn heartbeat(wall: Time, count: u64) -> Value {
    // As Go prints a time.
    let time = format!("{wall}").replace('T', " ").replace('Z', " +0000 UTC");
    envelope(
        "heartbeats",
        wall,
        &json!({ "current_time": format!("{time} m=+{count}.000000000"), "heartbeat_counter": count }),
    )
}

fn message(channel: Channel, time: Time, event: &Value) -> Value {
    envelope(channel.told_as(), time, event)
}

fn envelope(channel: &str, time: Time, event: &Value) -> Value {
    json!({ "channel": channel, "client_id": "", "timestamp": time, "events": [event] })
}

fn update(side: &str, level: Level, time: Time) -> Value {
    json!({
        "side": side, "event_time": time, "price_level": level.price.to_string(),
        "new_quantity": level.quantity.quantity().to_string(),
    })
}

fn ticker(core: &Core, market: &Market) -> Value {
    let (bid, ask) = (market.book().bid().unwrap_or_default(), market.book().ask().unwrap_or_default());
    let day = market.candles().day(core.now());
    let of = |price: fn(&crate::exchange::core::candles::Candle) -> String| {
        day.as_ref().map_or_else(|| "0".to_owned(), price)
    };
    json!({
        "type": "ticker", "product_id": product_id(&market.product),
        "price": market.last().unwrap_or_default().to_string(), "volume_24_h": of(|day| day.volume.to_string()),
        "low_24_h": of(|day| day.low.to_string()), "high_24_h": of(|day| day.high.to_string()),
        "low_52_w": of(|day| day.low.to_string()), "high_52_w": of(|day| day.high.to_string()),
        "price_percent_chg_24_h": change(day), "best_bid": bid.price.to_string(),
        "best_bid_quantity": bid.quantity.quantity().to_string(), "best_ask": ask.price.to_string(),
        "best_ask_quantity": ask.quantity.quantity().to_string(),
    })
}

fn status(market: &Market) -> Value {
    let (one, id) = (&market.product, product_id(&market.product));
    json!({
        "product_type": "SPOT", "id": id, "base_currency": one.base, "quote_currency": one.quote,
        "base_increment": one.lot.to_string(), "quote_increment": one.tick.to_string(), "display_name": id,
        "status": "online", "status_message": "", "min_market_funds": one.min_notional.to_string(),
    })
}

fn positions() -> Value {
    json!({ "perpetual_futures_positions": [], "expiring_futures_positions": [] })
}

fn of_product(mut row: Value, id: &str) -> Value {
    row["product_id"] = json!(id);
    row
}
