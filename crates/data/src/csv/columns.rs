//! Column names to what they hold.
use crate::error::FileFault;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Time,
    Open,
    High,
    Low,
    Close,
    Volume,
    /// Left out.
    Other,
}

/// The day from which a share trades without its dividend; the day of record is another one, and left out.
pub(crate) const EX_DATES: [&str; 4] = ["exdate", "exdividenddate", "exdivdate", "dateex"];
/// The day on which a dividend is paid.
pub(crate) const PAY_DATES: [&str; 6] = ["paydate", "paymentdate", "payabledate", "datepaid", "paid", "payment"];

/// Names of time columns, the best first: a file with several has the same instant in each.
const TIMES: [&str; 16] = [
    "time",
    "opentime",
    "timestamp",
    "datetime",
    "date",
    "gmttime",
    "dateutc",
    "unix",
    "unixtimestamp",
    "ts",
    "t",
    "index",
    "exdate",
    "calctime",
    "fundingtime",
    "datum",
];
const PRICES: [(Role, &str); 4] =
    [(Role::Open, "open"), (Role::High, "high"), (Role::Low, "low"), (Role::Close, "close")];
/// Endings of volume columns that count money, not units.
const QUOTES: [&str; 12] =
    ["usd", "usdt", "usdc", "busd", "eur", "gbp", "jpy", "quote", "currency", "quoteasset", "dai", "tusd"];

/// A refusal shows so many names, each in part.
const NAMES_SHOWN: usize = 24;

/// The columns of a file: one role each, and what to say about the choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) roles: Vec<Role>,
    pub(super) why: Vec<String>,
}

/// Names the columns of a header. `close`: the column of closes, for files without open, high and low.
///
/// # Errors
/// [`FileFault::UnknownColumns`] with what was seen and what is absent.
pub(super) fn name(header: &[&str], close: Option<&str>) -> Result<Columns, FileFault> {
    let plain: Vec<String> = header.iter().map(|name| plain_name(name)).collect();
    let mut columns = Columns { roles: vec![Role::Other; header.len()], why: Vec::new() };
    let mut absent = Vec::new();
    match time_column(&plain) {
        Some(at) => columns.take(at, Role::Time, header),
        None => absent.push("time"),
    }
    if let Some(wanted) = close {
        match header.iter().position(|name| name.eq_ignore_ascii_case(wanted)) {
            Some(at) if columns.roles[at] == Role::Other => columns.take(at, Role::Close, header),
            _ => absent.push("the closes asked for"),
        }
        columns.why.push("closes only: open, high and low are the close, the volume is zero".to_owned());
    } else {
        for (role, wanted) in PRICES {
            match plain.iter().position(|name| name == wanted || *name == wanted[..1]) {
                Some(at) => columns.take(at, role, header),
                None => absent.push(wanted),
            }
        }
        match volume_column(&plain) {
            Some(at) => columns.take(at, Role::Volume, header),
            None => columns.why.push("no volume: zero".to_owned()),
        }
    }
    if !absent.is_empty() {
        let seen = header.iter().take(NAMES_SHOWN).map(|name| shorten(name)).collect();
        return Err(FileFault::UnknownColumns(seen, absent));
    }
    columns.say_what_is_left_out(header, &plain);
    Ok(columns)
}

/// The columns of a file without a header: six (time to volume), or the twelve of Binance's klines.
pub(super) fn unnamed(count: usize) -> Option<Columns> {
    let about = match count {
        6 => "no header: taken as time, open, high, low, close, volume",
        12 => "no header: taken as the twelve columns of Binance klines",
        _ => return None,
    };
    let mut roles = vec![Role::Time, Role::Open, Role::High, Role::Low, Role::Close, Role::Volume];
    roles.resize(count, Role::Other);
    Some(Columns { roles, why: vec![about.to_owned()] })
}

/// `Volume_(BTC)` and `volume btc` are the same name.
pub(crate) fn plain_name(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn shorten(name: &str) -> String {
    name.chars().take(40).collect()
}

/// The best-named one; data frames write their index first and without a name.
pub(crate) fn time_column(plain: &[String]) -> Option<usize> {
    let named = TIMES.iter().find_map(|time| plain.iter().position(|name| name == time));
    named.or_else(|| plain.first().filter(|name| name.is_empty()).map(|_| 0))
}

/// Units before money: `volume_btc` before `volume` beside it, and any before `volume_usd`.
fn volume_column(plain: &[String]) -> Option<usize> {
    let rank = |name: &str| match name.strip_prefix("volume") {
        Some(unit) if QUOTES.contains(&unit) => 2,
        Some("") => 1,
        Some(_) => 0,
        None if name == "vol" || name == "v" || name == "basevolume" => 1,
        None => 3,
    };
    let best = plain.iter().enumerate().min_by_key(|(_, name)| rank(name))?;
    (rank(best.1) < 3).then_some(best.0)
}

impl Columns {
    fn take(&mut self, at: usize, role: Role, header: &[&str]) {
        self.roles[at] = role;
        if plain_name(header[at]) != format!("{role:?}").to_lowercase() {
            self.why.push(format!("{} from column {} {:?}", format!("{role:?}").to_lowercase(), at + 1, header[at]));
        }
    }

    fn say_what_is_left_out(&mut self, header: &[&str], plain: &[String]) {
        let others = || (0..header.len()).filter(|at| self.roles[*at] == Role::Other);
        let names: Vec<String> = others().map(|at| shorten(header[at])).collect();
        let adjusted = others().any(|at| plain[at].starts_with("adj"));
        if !names.is_empty() {
            self.why.push(format!("columns left out: {}", names.join(", ")));
        }
        if adjusted {
            self.why.push("the adjusted close is left out: prices are those of the close column".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_known_dialects() {
        let check = |header: &str, expected: &str| {
            let names: Vec<&str> = header.split(',').collect();
            let letters: Option<String> = name(&names, None).ok().map(|columns| {
                columns.roles.iter().map(|role| if *role == Role::Other { '-' } else { letter(*role) }).collect()
            });
            assert_eq!(letters.as_deref().unwrap_or("refused"), expected, "{header}");
        };
        check("time,open,high,low,close,volume", "tohlcv");
        check("Date,Open,High,Low,Close,Adj Close,Volume", "tohlc-v");
        check(",Open,High,Low,Close,Volume", "tohlcv");
        check("date,symbol,open,high,low,close,volume_btc,volume", "t-ohlcv-");
        check("unix,date,symbol,open,high,low,close,Volume USDT,Volume BTC", "-t-ohlc-v");
        check("unix,date,symbol,open,high,low,close,Volume ETH,Volume BTC", "-t-ohlcv-");
        check("Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency),Weighted_Price", "tohlcv--");
        check("open_time,open,high,low,close,volume,close_time,quote_volume,count", "tohlcv---");
        check("open_time,open,high,low,close,volume,open_time.1,open_time", "tohlcv--");
        check("timestamp,open,high,low,close", "tohlc");
        check("t,o,h,l,c,v", "tohlcv");
        check("CLOSE,LOW,HIGH,OPEN,TIME", "clhot");
        check("time,AAPL,AMD", "refused");
        check("open,high,low,close", "refused");
    }

    fn letter(role: Role) -> char {
        format!("{role:?}").to_lowercase().chars().next().unwrap()
    }
}
