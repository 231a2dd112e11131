//! Names of instruments as publishers spell them: `BTCUSDT`, `btc_usdt`, `BTC-PERPETUAL`.
use qframe_model::symbol::Symbol;

/// Currencies that prices are counted in; longer codes first, so that USDT is not read as USD and a T.
const QUOTES: [&str; 21] = [
    "FDUSD", "USDT", "USDC", "BUSD", "TUSD", "DAI", "USD", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "NZD", "TRY",
    "BRL", "KRW", "BTC", "XBT", "ETH", "BNB",
];

/// Coins whose names tell where a joined pair is cut: `XBTUSD` is no pair of XB and TUSD.
const COINS: [&str; 44] = [
    "BTC", "XBT", "ETH", "BNB", "XRP", "ADA", "SOL", "DOGE", "DOT", "LTC", "TRX", "LINK", "AVAX", "MATIC", "POL",
    "BCH", "XLM", "ETC", "ATOM", "FIL", "EOS", "XMR", "NEO", "UNI", "AAVE", "ALGO", "BAT", "GRT", "LPT", "NEAR", "APT",
    "ARB", "OP", "SUI", "TON", "SHIB", "PEPE", "ICP", "VET", "HBAR", "USDT", "USDC", "EUR", "GBP",
];

/// What kind of contract a pair is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contract {
    /// The thing itself.
    Spot,
    /// A perpetual that pays in the quote currency.
    Linear,
    /// A perpetual that pays in the coin.
    Inverse,
}

/// A pair of two names; `None` where they are no currency codes.
pub(super) fn pair(base: &str, quote: &str, contract: Contract) -> Option<Symbol> {
    let (base, quote) = (code(base), code(quote));
    let text = match contract {
        Contract::Spot => format!("{base}/{quote}"),
        Contract::Linear => format!("{base}/{quote}:{quote}"),
        Contract::Inverse => format!("{base}/{quote}:{base}"),
    };
    text.parse().ok()
}

/// Kraken writes XBT where all others write BTC.
fn code(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    if name == "XBT" { "BTC".to_owned() } else { name }
}

/// `BTCUSDT` as a pair: cut behind a coin that is known, else before the longest quote currency that it ends with.
pub(super) fn joined(name: &str, contract: Contract) -> Option<Symbol> {
    let name = name.to_ascii_uppercase();
    let lawful = name.len() <= 15 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let cuts = || QUOTES.iter().filter_map(|quote| Some((name.strip_suffix(quote)?, *quote)));
    let known = cuts().find(|(base, _)| COINS.contains(base));
    let (base, quote) = known.or_else(|| cuts().next()).filter(|_| lawful)?;
    if base.len() < 2 || !base.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    pair(base, quote, contract)
}

/// True for a currency that prices are counted in.
pub(super) fn is_quote(name: &str) -> bool {
    QUOTES.iter().any(|quote| name.eq_ignore_ascii_case(quote))
}

/// A symbol as a column of a file has it: ccxt's own way, joined, split by a sign, or a contract of Deribit or BitMEX.
pub(super) fn from_column(text: &str, contract: Contract) -> Option<Symbol> {
    let text = text.trim();
    if let Ok(symbol) = text.to_ascii_uppercase().parse::<Symbol>()
        && text.contains('/')
    {
        return match symbol.as_str().split_once('/') {
            Some((base, quote)) if contract != Contract::Spot && !quote.contains(':') => pair(base, quote, contract),
            _ => Some(symbol),
        };
    }
    if let Some(base) = text.to_ascii_uppercase().strip_suffix("-PERPETUAL") {
        return pair(base, "USD", Contract::Inverse);
    }
    if let Some((base, quote)) = text.split_once(['-', '_'])
        && is_quote(quote)
    {
        return pair(base, quote, contract);
    }
    joined(text, contract).or_else(|| text.to_ascii_uppercase().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_spellings_of_publishers() {
        let check = |text: &str, contract: Contract, expected: &str| {
            let found = from_column(text, contract).map_or("none".to_owned(), |symbol| symbol.to_string());
            assert_eq!(found, expected, "{text}");
        };
        check("BTCUSDT", Contract::Spot, "BTC/USDT");
        check("btcusdt", Contract::Linear, "BTC/USDT:USDT");
        check("XBTUSD", Contract::Inverse, "BTC/USD:BTC");
        check("BTC-PERPETUAL", Contract::Spot, "BTC/USD:BTC");
        check("BTC-USD", Contract::Spot, "BTC/USD");
        check("BNBUSD", Contract::Spot, "BNB/USD");
        check("BTCBUSD", Contract::Spot, "BTC/BUSD");
        check("USD/JPY", Contract::Spot, "USD/JPY");
        check("ADABTC", Contract::Spot, "ADA/BTC");
        check("1000SHIBUSDT", Contract::Linear, "1000SHIB/USDT:USDT");
        check("AAPL", Contract::Spot, "AAPL");
        check("A B", Contract::Spot, "none");
    }
}
