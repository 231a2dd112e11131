//! Invented messages of exchanges, in the form of the real ones.

/// `10:2 9:1` as a side of a message.
fn side(levels: &str) -> String {
    let level = |level: &str| level.split_once(':').map(|(price, quantity)| format!("[\"{price}\",\"{quantity}\"]"));
    levels.split_whitespace().filter_map(level).collect::<Vec<_>>().join(",")
}

pub(crate) fn spot(first: u64, last: u64, bids: &str, asks: &str) -> String {
    let (bids, asks) = (side(bids), side(asks));
    format!(r#"{{"e":"depthUpdate","E":5,"s":"BTCUSDT","U":{first},"u":{last},"b":[{bids}],"a":[{asks}]}}"#)
}

pub(crate) fn futures(first: u64, last: u64, previous: u64, bids: &str, asks: &str) -> String {
    let (bids, asks) = (side(bids), side(asks));
    format!(
        r#"{{"stream":"x","data":{{"e":"depthUpdate","E":5,"T":4,"s":"BTCUSD_PERP","U":{first},"u":{last},"pu":{previous},"b":[{bids}],"a":[{asks}]}}}}"#
    )
}

pub(crate) fn snapshot(last: u64, bids: &str, asks: &str) -> String {
    format!(r#"{{"lastUpdateId":{last},"bids":[{}],"asks":[{}]}}"#, side(bids), side(asks))
}

pub(crate) fn futures_snapshot(last: u64, bids: &str, asks: &str) -> String {
    format!(r#"{{"lastUpdateId":{last},"E":5,"T":4,"bids":[{}],"asks":[{}]}}"#, side(bids), side(asks))
}

pub(crate) fn exchange(bids: &str, asks: &str) -> String {
    format!(r#"{{"type":"snapshot","product_id":"BTC-USD","bids":[{}],"asks":[{}]}}"#, side(bids), side(asks))
}

pub(crate) fn exchange_update(word: &str, price: &str, quantity: &str) -> String {
    format!(
        r#"{{"type":"l2update","product_id":"BTC-USD","changes":[["{word}","{price}","{quantity}"]],"time":"2026-01-01T00:00:00Z"}}"#
    )
}

pub(crate) fn advanced(sequence: u64, kind: &str, product: &str, updates: &[(&str, &str, &str)]) -> String {
    let one = |(side, price, quantity): &(&str, &str, &str)| {
        format!(r#"{{"side":"{side}","event_time":"x","price_level":"{price}","new_quantity":"{quantity}"}}"#)
    };
    let updates: Vec<String> = updates.iter().map(one).collect();
    format!(
        r#"{{"channel":"l2_data","timestamp":"2026-01-01T00:00:00Z","sequence_num":{sequence},"events":[{{"type":"{kind}","product_id":"{product}","updates":[{}]}}]}}"#,
        updates.join(",")
    )
}

pub(crate) fn heartbeat(sequence: u64) -> String {
    format!(
        r#"{{"channel":"heartbeats","timestamp":"2026-01-01T00:00:00Z","sequence_num":{sequence},"events":[{{"current_time":"x","heartbeat_counter":1}}]}}"#
    )
}
