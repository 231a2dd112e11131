//! The exchanges' names of instruments as symbols: `BTCUSDT` is `BTC/USDT`, or `BTC/USDT:USDT` where it is a perpetual.
use qframe_model::symbol::Symbol;

use super::frame::Feed;

/// What Binance's pairs are quoted in; the longer of two that fit is meant.
const QUOTES: [&str; 24] = [
    "FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD1", "BIDR", "BKRW", "IDRT", "DOGE", "USDP", "USDS", "BTC", "ETH",
    "BNB", "EUR", "GBP", "TRY", "BRL", "JPY", "AUD", "RUB", "UAH", "USD",
];

/// The symbol of an instrument; `None` where the name has no form that is known.
pub(super) fn symbol(feed: Feed, name: &str) -> Option<Symbol> {
    match feed {
        Feed::BinanceSpot => pair(name).map(|(base, quote)| format!("{base}/{quote}")),
        Feed::BinanceFutures => futures(name),
        Feed::CoinbaseExchange | Feed::CoinbaseAdvanced => coinbase(name),
    }?
    .parse()
    .ok()
}

fn pair(name: &str) -> Option<(&str, &str)> {
    let quote = QUOTES.iter().find(|quote| name.len() > quote.len() && name.ends_with(**quote))?;
    Some(name.split_at(name.len() - quote.len()))
}

/// `BTCUSDT`, `BTCUSDT_210625`; margined in coin: `BTCUSD_PERP`, `BTCUSD_210625`.
fn futures(name: &str) -> Option<String> {
    let (contract, expiry) = name.split_once('_').map_or((name, ""), |(contract, expiry)| (contract, expiry));
    let expiry = if matches!(expiry, "" | "PERP") { String::new() } else { format!("-{expiry}") };
    let (base, quote) = pair(contract)?;
    match (contract.strip_suffix("USD"), name.contains('_')) {
        (Some(base), true) => Some(format!("{base}/USD:{base}{expiry}")),
        _ => Some(format!("{base}/{quote}:{quote}{expiry}")),
    }
}

/// `BTC-USD`; perpetuals of Coinbase International, `BTC-PERP-INTX`, are paid in USDC.
fn coinbase(name: &str) -> Option<String> {
    if let Some(base) = name.strip_suffix("-PERP-INTX") {
        return Some(format!("{base}/USDC:USDC"));
    }
    name.split_once('-').map(|(base, quote)| format!("{base}/{quote}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_symbols() {
        let check = |feed, name: &str, expected: Option<&str>| {
            assert_eq!(symbol(feed, name).as_ref().map(Symbol::as_str), expected, "{name}");
        };
        check(Feed::BinanceSpot, "BTCUSDT", Some("BTC/USDT"));
        check(Feed::BinanceSpot, "BLZETH", Some("BLZ/ETH"));
        check(Feed::BinanceSpot, "RUNEEUR", Some("RUNE/EUR"));
        check(Feed::BinanceSpot, "USDCUSDT", Some("USDC/USDT"));
        check(Feed::BinanceFutures, "BTCUSDT", Some("BTC/USDT:USDT"));
        check(Feed::BinanceFutures, "1000SHIBUSDT", Some("1000SHIB/USDT:USDT"));
        check(Feed::BinanceFutures, "BTCUSDT_210625", Some("BTC/USDT:USDT-210625"));
        check(Feed::BinanceFutures, "BTCUSD_PERP", Some("BTC/USD:BTC"));
        check(Feed::BinanceFutures, "DOTUSD_200925", Some("DOT/USD:DOT-200925"));
        check(Feed::CoinbaseExchange, "SKL-USD", Some("SKL/USD"));
        check(Feed::CoinbaseAdvanced, "BTC-PERP-INTX", Some("BTC/USDC:USDC"));
        for name in ["", "USDT", "btcusdt", "BTC", "A-B-C", "-", "🦀-USD"] {
            check(Feed::BinanceSpot, name, None);
            check(Feed::CoinbaseExchange, name, None);
        }
    }
}
