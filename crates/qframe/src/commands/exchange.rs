//! `qframe exchange`: a local exchange that real clients of Binance, its spot market or its USD-M futures, and of Coinbase trade
//! on.
mod secure;

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use qframe_model::count::counted;
use qframe_model::currency::Currency;
use qframe_model::market::{Bar, FundingRate};
use qframe_model::number::{Cash, Rate};
use qframe_model::time::{Time, TimeFrame};
use qframe_venues::exchange::advanced::{self, Advanced};
use qframe_venues::exchange::binance::{Binance, Key, Proof};
use qframe_venues::exchange::core::{Commission, Core, Product};
use qframe_venues::exchange::server::fault::Faults;
use qframe_venues::exchange::server::{
    Facts, House, Recorded, Server, Settings, Source, Speed, Traded, Venue, recorded, recorded_marks,
};
use qframe_venues::exchange::usdm::{Futures, Mark, Usdm};
use serde::Serialize;

use self::secure::{Secure, UserKey};
use super::data::now;
use crate::error::Error;
use crate::run::catalog::{Narrowed, Root};
use crate::run::replay::{Terms, market, merged};
use crate::run::values::{FEE_FROM, SHARE_FROM, share};

/// The key and the secret where none is named.
const KEY: (&str, &str) = ("qframe-key", "qframe-secret");

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples: qframe exchange --replay recording.jsonl.gz --port 8080\n          \
                                    qframe exchange --replay BTC/USDT --replay ETH/USDT --timeframe 1m --speed 60x\n          \
                                    qframe exchange --replay recording.gz --fault disconnect=30s,drop=1%,http500=1% --seed 7\n          \
                                    qframe exchange --replay BTC/USDT:USDT --market usdm --funding-rate 0.01%\n          \
                                    qframe exchange --replay BTC/USD --timeframe 1m --coinbase-key key.json \\\n              \
                                    --tls self-signed --tls-cert cert.pem --tls-key cert.key\n\n\
It speaks Binance's spot API (REST below /api/v3, streams at /ws and /stream, the WebSocket API at /ws-api/v3) and Coinbase's\n\
Advanced Trade API (REST below /api/v3/brokerage, its WebSocket at /); or, where perpetuals are played, Binance's of its USD-M\n\
futures (/fapi/v1 to v3, the same streams, /ws-fapi/v1). Point a client's addresses at it; what it prints says how. It ends\n\
with Ctrl-C.")]
pub(crate) struct Exchange {
    /// What it plays: a recorded stream by its path (a folder: its files as one), or a name of the catalog. May be given
    /// several times.
    #[arg(long, value_name = "PATH|NAME", required = true)]
    replay: Vec<String>,
    /// Which market it is [that of what is played]: spot, or usdm for perpetuals with margin and funding.
    #[arg(long, value_enum)]
    market: Option<MarketKind>,
    /// How fast: 1x, 10x, or max for as fast as listeners take it.
    #[arg(long, default_value = "1x")]
    speed: Speed,
    /// The market at the start: all rows before this time are there already.
    #[arg(long, value_name = "TIME")]
    from: Option<Time>,
    /// Begin to play when somebody listens to a stream.
    #[arg(long)]
    wait: bool,
    /// Where it listens; 0 takes a free port.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The address it listens on.
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// A user's key and secret; the secret of an Ed25519 key is the path of its public PEM file. May be given several times.
    #[arg(long = "key", value_name = "KEY=SECRET")]
    keys: Vec<String>,
    /// What each user has [100000 of each quote asset; on the spot market 10 of each base asset]. May be given several times.
    #[arg(long = "fund", value_name = "ASSET=AMOUNT")]
    funds: Vec<String>,
    /// What orders that rest pay, as a share [0.1%; usdm 0.02%].
    #[arg(long, value_name = "RATE", value_parser = |word: &str| share(word, FEE_FROM))]
    maker: Option<Rate>,
    /// What orders that take pay, as a share [0.1%; usdm 0.05%].
    #[arg(long, value_name = "RATE", value_parser = |word: &str| share(word, FEE_FROM))]
    taker: Option<Rate>,
    /// What longs of a perpetual pay shorts every eight hours where no funding was recorded.
    #[arg(long, value_name = "RATE", default_value = "0.01%", value_parser = |word: &str| share(word, SHARE_FROM), allow_hyphen_values = true)]
    funding_rate: Rate,
    /// The least an order may be worth, in the quote asset; without it what the catalog knows of the instrument, else
    /// 5 of a dollar's kind, and none of another.
    #[arg(long, value_name = "AMOUNT")]
    min_notional: Option<Cash>,
    /// What goes wrong: disconnect=5s, delay=200ms, duplicate=1%, drop=1%, reject=1%, http500=1%.
    #[arg(long = "fault", value_name = "FAULTS", default_value = "")]
    faults: Faults,
    /// Equal seeds give equal faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What of a name's data is played: bars, trades, quotes or book.
    #[arg(long)]
    kind: Option<qframe_data::Kind>,
    /// The length of the bars that are played, such as 1m.
    #[arg(long, value_name = "FRAME")]
    timeframe: Option<TimeFrame>,
    #[command(flatten)]
    secure: Secure,
    #[command(flatten)]
    root: Root,
    /// Print JSON: a line at the start, and one at the end.
    #[arg(long)]
    json: bool,
}

/// The market that an exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum MarketKind {
    /// Pairs.
    Spot,
    /// Perpetuals.
    Usdm,
}

impl MarketKind {
    /// The market of what is played: all of it is one kind.
    fn of(products: &[Product]) -> Result<Self, Error> {
        let perpetuals = products.iter().filter(|one| Traded::own(&one.symbol) == Traded::Perpetual).count();
        if perpetuals > 0 && perpetuals < products.len() {
            let all: Vec<_> = products.iter().map(|one| one.symbol.to_string()).collect();
            let why =
                "pairs and perpetuals are played; say --market spot or --market usdm to trade all of them as one of it";
            return Err(Error::usage("--replay", all.join(", "), why));
        }
        Ok(if perpetuals > 0 { Self::Usdm } else { Self::Spot })
    }

    const fn traded(self) -> Traded {
        match self {
            Self::Spot => Traded::Spot,
            Self::Usdm => Traded::Perpetual,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::Usdm => "usdm",
        }
    }

    /// Where its REST and its WebSocket API are.
    const fn addresses(self) -> (&'static str, &'static str) {
        match self {
            Self::Spot => ("api/v3", "ws-api/v3"),
            Self::Usdm => ("fapi", "ws-fapi/v1"),
        }
    }

    /// What resting and taking orders pay where nothing is said.
    const fn commission(self) -> (Rate, Rate) {
        match self {
            Self::Spot => (Rate::basis_points(10), Rate::basis_points(10)),
            Self::Usdm => (Rate::basis_points(2), Rate::basis_points(5)),
        }
    }
}

/// The markets that are played.
struct Play {
    kind: MarketKind,
    products: Vec<Product>,
    history: Vec<(usize, TimeFrame, Vec<Bar>)>,
    /// Mark prices and funding of perpetuals, as recorded.
    carried: Vec<(Vec<Mark>, Vec<FundingRate>)>,
    source: Source,
    about: Vec<String>,
}

#[derive(Serialize)]
struct Start<'a> {
    market: &'static str,
    url: String,
    stream_url: String,
    api_url: String,
    keys: Vec<&'a str>,
    coinbase_keys: Vec<CoinbaseKey<'a>>,
    tls_cert: Option<&'a Path>,
    symbols: Vec<&'a str>,
    speed: String,
}

#[derive(Serialize)]
struct CoinbaseKey<'a> {
    name: &'a str,
    file: Option<&'a Path>,
}

/// How clients get in.
struct Doors {
    kind: MarketKind,
    keys: Vec<String>,
    coinbase: Vec<UserKey>,
    certificate: Option<PathBuf>,
}

#[derive(Serialize)]
struct End {
    rows: u64,
    over: bool,
    fault: Option<String>,
    now: Time,
    requests: u64,
    frames: u64,
    cut_for_slowness: u64,
}

impl Exchange {
    pub(crate) fn run(self) -> Result<(), Error> {
        self.check()?;
        let mut play = self.play()?;
        let (mut venue, keys) = self.venue(&mut play)?;
        let coinbase = self.secure.keys()?;
        let advanced = self.advanced(&mut venue, &play, &coinbase)?;
        let (tls, certificate) = self.secure.tls(self.host)?.unzip();
        let doors = Doors { kind: play.kind, keys, coinbase, certificate };
        let settings = Settings {
            address: SocketAddr::new(self.host, self.port),
            speed: self.speed,
            from: self.from,
            waits: self.wait,
            faults: Faults { seed: self.seed, ..self.faults },
            now: now(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let Play { products, source, about, .. } = play;
        runtime.block_on(async {
            let signals = Signals::new()?;
            let server = Server::start(House { venue, advanced, tls }, source, settings).await;
            let server = server.map_err(|error| {
                let advice = "; choose another port with --port, or 0 for a free one";
                let advice = if error.kind() == io::ErrorKind::AddrInUse { advice } else { "" };
                Error::refused(format!("listening on {}: {error}{advice}", settings.address))
            })?;
            self.tell_start(&server, &doors, &products, &about)?;
            signals.wait().await;
            let facts = server.facts();
            server.stop().await;
            self.tell_end(&facts)
        })
    }

    /// Recordings and names of the catalog as one replay.
    fn play(&self) -> Result<Play, Error> {
        let mut play = Play {
            kind: MarketKind::Spot,
            products: Vec::new(),
            history: Vec::new(),
            carried: Vec::new(),
            source: Box::new(std::iter::empty()),
            about: Vec::new(),
        };
        let terms = Terms { traded: self.market.map(MarketKind::traded), min_notional: self.min_notional };
        let (mut streams, mut end): (Vec<Source>, _) = (Vec::new(), Time::MIN);
        for name in &self.replay {
            let path = Path::new(name);
            let first = play.products.len();
            if path.exists() {
                self.is_as_recorded()?;
                let Recorded { products, rows, refused, last } = recorded(path, terms.traded, terms.min_notional)?;
                end = end.max(last);
                if products.is_empty() {
                    let why = "no pair and no perpetual with a trade, a quote or a whole book is in it; `qframe data book` says why";
                    return Err(Error::refused(format!("--replay {name}: {why}")));
                }
                let left = if refused > 0 {
                    format!(", {} refused (`qframe data book` shows them)", counted(refused, "line"))
                } else {
                    String::new()
                };
                play.about.push(format!("{name}{left}"));
                let (marks, more) = recorded_marks(path, &products)?;
                if more > 0 {
                    play.about
                        .push(format!("{name}: {more} mark prices are more than are played; the book gives those"));
                }
                play.carried.extend(marks.into_iter().map(|marks| (marks, Vec::new())));
                play.products.extend(products);
                streams.push(Box::new(rows.map(move |row| row.map(|(product, tick)| (first + product, tick)))));
            } else if path.extension().is_some() && name.parse::<qframe_model::symbol::Symbol>().is_err() {
                return Err(Error::refused(format!("--replay {name}: there is no such file")));
            } else {
                let catalog = self.root.open()?;
                let by = Narrowed { kind: self.kind, frame: self.timeframe };
                let one = market(&catalog, name, by, self.from, terms)?;
                play.about.push(one.about);
                end = end.max(one.last);
                play.products.push(one.product);
                play.carried.push((Vec::new(), one.funding));
                play.history.extend(one.history.map(|(frame, bars)| (first, frame, bars)));
                streams.push(Box::new(one.rows.map(move |row| row.map(|tick| (first, tick)))));
            }
        }
        let mut names: Vec<&str> = play.products.iter().map(|product| product.name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::usage("--replay", twice[0], "it is there twice; play each market once"));
        }
        self.begins_before(end)?;
        play.kind = MarketKind::of(&play.products)?;
        play.source = merged(streams);
        Ok(play)
    }

    /// What is known to be wrong before anything is read.
    fn check(&self) -> Result<(), Error> {
        use qframe_data::Kind;
        if let Some(kind) =
            self.kind.filter(|kind| !matches!(kind, Kind::Bars | Kind::Trades | Kind::Quotes | Kind::Book))
        {
            return Err(Error::usage("--kind", kind, "expected bars, trades, quotes or book"));
        }
        for (flag, rate) in [("--maker", self.maker), ("--taker", self.taker)] {
            if let Some(rate) = rate.filter(|rate| !(-Rate::ONE..=Rate::ONE).contains(rate)) {
                return Err(Error::usage(flag, rate, "expected a share of at most 100%, such as 0.1%"));
            }
        }
        Ok(())
    }

    fn begins_before(&self, end: Time) -> Result<(), Error> {
        let Some(from) = self.from.filter(|from| *from > end) else { return Ok(()) };
        let why = format!("nothing is left to play; what is played ends at {end:#}");
        Err(Error::usage("--from", format!("{from:#}"), why))
    }

    /// A recording has one form: nothing is to be chosen of it.
    fn is_as_recorded(&self) -> Result<(), Error> {
        let why = "a recording is played as it is; leave it out, or name data of the catalog";
        match (self.kind, self.timeframe) {
            (Some(kind), _) => Err(Error::usage("--kind", kind, why)),
            (_, Some(frame)) => Err(Error::usage("--timeframe", frame, why)),
            _ => Ok(()),
        }
    }

    /// The exchange with its users, and the names of their keys.
    fn venue(&self, play: &mut Play) -> Result<(Venue, Vec<String>), Error> {
        let (maker, taker) = play.kind.commission();
        let commission = Commission { maker: self.maker.unwrap_or(maker), taker: self.taker.unwrap_or(taker) };
        let funds = self.funds(play.kind, &play.products)?;
        let names = |keys: &[Key]| keys.iter().map(|key| key.name.clone()).collect();
        if play.kind == MarketKind::Spot {
            let mut core = Core::new(play.products.clone(), commission).map_err(Error::Refused)?;
            for (product, frame, bars) in &play.history {
                bars.iter().for_each(|bar| core.history(*product, *frame, bar));
            }
            let keys = self.keys(|| core.open(&funds).map_err(Error::refused))?;
            let names = names(&keys);
            return Ok((Binance::new(core, keys).into(), names));
        }
        let mut futures = Futures::new(play.products.clone(), commission, self.funding_rate).map_err(Error::Refused)?;
        for (product, frame, bars) in &play.history {
            bars.iter().for_each(|bar| futures.history(*product, *frame, bar));
        }
        for (product, (marks, fundings)) in std::mem::take(&mut play.carried).into_iter().enumerate() {
            futures.record(product, marks, fundings);
        }
        if let Some((asset, _)) = funds.iter().find(|(asset, _)| !futures.assets().contains(asset)) {
            return Err(Error::usage("--fund", asset, "no contract here is paid in it; margin is in the quote asset"));
        }
        let keys = self.keys(|| futures.open(&funds).map_err(Error::refused))?;
        let names = names(&keys);
        Ok((Usdm::new(futures, keys).into(), names))
    }

    /// A user for each key.
    fn keys(&self, mut open: impl FnMut() -> Result<usize, Error>) -> Result<Vec<Key>, Error> {
        let mut keys: Vec<Key> = Vec::new();
        let given = if self.keys.is_empty() { vec![format!("{}={}", KEY.0, KEY.1)] } else { self.keys.clone() };
        for pair in &given {
            let Some((name, secret)) = pair.split_once('=').filter(|(name, _)| !name.is_empty()) else {
                return Err(Error::usage("--key", pair, "expected KEY=SECRET"));
            };
            if keys.iter().any(|key| key.name == name) {
                return Err(Error::usage("--key", name, "it is there twice; each user has a name of his own"));
            }
            let path = PathBuf::from(secret);
            let secret = if path.is_file() {
                std::fs::read_to_string(&path).map_err(|error| Error::file("reading", &path, &error))?
            } else {
                secret.to_owned()
            };
            let proof = Proof::new(&secret).map_err(|error| Error::usage("--key", name, error))?;
            keys.push(Key { name: name.to_owned(), user: open()?, proof });
        }
        Ok(keys)
    }

    /// The side of Coinbase, each of its users with a wallet of its own.
    fn advanced(&self, venue: &mut Venue, play: &Play, keys: &[UserKey]) -> Result<Advanced, Error> {
        let Venue::Spot(Binance { core, .. }) = venue else {
            return match keys.first() {
                None => Ok(Advanced::default()),
                Some(key) => {
                    Err(Error::usage("--coinbase-key", &key.name, "futures are played; Coinbase's side has none"))
                }
            };
        };
        let funds = self.funds(play.kind, &play.products)?;
        let mut known = Vec::new();
        for key in keys {
            let user = core.open(&funds).map_err(Error::refused)?;
            known.push(advanced::Key { name: key.name.clone(), user, public: key.public.clone() });
        }
        Ok(Advanced::new(core, known))
    }

    fn funds(&self, kind: MarketKind, products: &[Product]) -> Result<Vec<(Currency, Cash)>, Error> {
        let mut funds: Vec<(Currency, Cash)> = Vec::new();
        for pair in &self.funds {
            let read =
                pair.split_once('=').and_then(|(asset, amount)| Some((asset.parse().ok()?, amount.parse().ok()?)));
            let read = read.filter(|(_, amount): &(Currency, Cash)| !amount.is_negative());
            funds.push(read.ok_or_else(|| Error::usage("--fund", pair, "expected ASSET=AMOUNT, such as USDT=5000"))?);
        }
        if !funds.is_empty() {
            return Ok(funds);
        }
        let quotes = products.iter().map(|product| (product.quote, Cash::whole(100_000)));
        let bases = products.iter().filter(|_| kind == MarketKind::Spot).map(|product| (product.base, Cash::whole(10)));
        for (asset, amount) in quotes.chain(bases) {
            if !funds.iter().any(|(known, _)| *known == asset) {
                funds.push((asset, amount));
            }
        }
        Ok(funds)
    }

    fn tell_start(&self, server: &Server, doors: &Doors, products: &[Product], about: &[String]) -> Result<(), Error> {
        let (at, keys) = (server.address, &doors.keys);
        let (http, ws) = if doors.certificate.is_some() { ("https", "wss") } else { ("http", "ws") };
        let (rest, api) = doors.kind.addresses();
        let mut out = io::stdout().lock();
        if self.json {
            let coinbase = doors.coinbase.iter();
            let start = Start {
                market: doors.kind.name(),
                url: format!("{http}://{at}"),
                stream_url: format!("{ws}://{at}"),
                api_url: format!("{ws}://{at}/{api}"),
                keys: keys.iter().map(String::as_str).collect(),
                coinbase_keys: coinbase.map(|key| CoinbaseKey { name: &key.name, file: key.file.as_deref() }).collect(),
                tls_cert: doors.certificate.as_deref(),
                symbols: products.iter().map(|product| product.symbol.as_str()).collect(),
                speed: self.speed.to_string(),
            };
            serde_json::to_writer(&mut out, &start).map_err(|error| Error::refused(&error))?;
            writeln!(out)?;
            return Ok(out.flush()?);
        }
        writeln!(
            out,
            "Exchange at {http}://{at}, market {}, speed {}\n  \
             Binance: {http}://{at}/{rest}, streams {ws}://{at}/ws, WebSocket API {ws}://{at}/{api}",
            doors.kind.name(),
            self.speed
        )?;
        about.iter().try_for_each(|one| writeln!(out, "  plays {one}"))?;
        for product in products {
            writeln!(
                out,
                "  {}: tick {}, lot {}, orders from {} {}",
                product.symbol, product.tick, product.lot, product.min_notional, product.quote
            )?;
        }
        let secret = if self.keys.is_empty() { format!(", secret {}", KEY.1) } else { String::new() };
        writeln!(out, "  key {}{secret}", keys.join(", "))?;
        tell_doors(&mut out, at, [http, ws], doors)?;
        let key = keys.first().map_or(KEY.0, String::as_str);
        writeln!(out, "\nWith ccxt (Python):\n{}", snippet(doors.kind, [http, ws], at, key))?;
        Ok(out.flush()?)
    }

    fn tell_end(&self, facts: &Facts) -> Result<(), Error> {
        let mut out = io::stdout().lock();
        let Facts { progress, now, frames, slow, requests, .. } = facts.clone();
        if self.json {
            let end = End {
                rows: progress.rows,
                over: progress.over,
                fault: progress.fault,
                now,
                requests,
                frames,
                cut_for_slowness: slow,
            };
            serde_json::to_writer(&mut out, &end).map_err(|error| Error::refused(&error))?;
            writeln!(out)?;
        } else {
            let over = if progress.over { "all of it" } else { "not all of it" };
            writeln!(
                out,
                "Played {} to {now} ({over}); answered {}, sent {}.",
                counted(progress.rows, "row"),
                counted(requests, "request"),
                counted(frames, "frame")
            )?;
            if slow > 0 {
                writeln!(out, "{slow} connections were cut: they did not take their frames.")?;
            }
        }
        match facts.progress.fault.as_deref() {
            Some(fault) => Err(Error::refused(format!("the replay ended early: {fault}"))),
            None => Ok(out.flush()?),
        }
    }
}

/// The users of Coinbase, whom clients are to trust, and how one of theirs is pointed here.
fn tell_doors(out: &mut impl Write, at: SocketAddr, [http, ws]: [&str; 2], doors: &Doors) -> Result<(), Error> {
    if doors.kind == MarketKind::Spot {
        writeln!(out, "  Coinbase Advanced Trade: {http}://{at}/api/v3/brokerage, WebSocket {ws}://{at}")?;
    }
    for UserKey { name, file, .. } in &doors.coinbase {
        let file = file.as_ref().map_or(String::new(), |file| format!(" in {}", file.display()));
        writeln!(out, "  key of Coinbase {name}{file}")?;
    }
    if let Some(certificate) = &doors.certificate {
        let certificate = certificate.display();
        writeln!(out, "  TLS: clients trust {certificate} with SSL_CERT_FILE={certificate} (qframe, curl, OpenSSL),")?;
        writeln!(
            out,
            "  REQUESTS_CA_BUNDLE={certificate} (Python requests), NODE_EXTRA_CA_CERTS={certificate} (Node)"
        )?;
    }
    if let Some(key) = doors.coinbase.iter().find_map(|key| key.file.as_ref()) {
        writeln!(out, "\nWith coinbase-advanced-py:\n{}", coinbase_snippet(at, ws, key))?;
    }
    Ok(())
}

/// How ccxt is pointed here.
fn snippet(kind: MarketKind, [http, ws]: [&str; 2], at: SocketAddr, key: &str) -> String {
    let (class, market, types) = match kind {
        MarketKind::Spot => ("binance", "spot", "spot"),
        MarketKind::Usdm => ("binanceusdm", "swap", "linear"),
    };
    format!(
        "  import ccxt, re\n  \
         ex = ccxt.{class}({{'apiKey': '{key}', 'secret': '…', 'options': {{'defaultType': '{market}',\n      \
         'fetchMarkets': {{'types': ['{types}']}}, 'fetchCurrencies': False, 'fetchMargins': False}}}})\n  \
         ex.has['fetchCurrencies'] = False\n  \
         fix = lambda u: {{k: fix(v) for k, v in u.items()}} if isinstance(u, dict) else re.sub(\n      \
         r'^ws+://[^/]+', '{ws}://{at}', re.sub(r'^https?://[^/]+', '{http}://{at}', u))\n  \
         ex.urls['api'] = fix(ex.urls['api'])\n  \
         ex.load_markets()"
    )
}

/// How coinbase-advanced-py is pointed here; its REST client speaks TLS only.
fn coinbase_snippet(at: SocketAddr, ws: &str, key: &Path) -> String {
    let (key, tls) = (key.display(), if ws == "wss" { "" } else { "   # needs --tls-cert and --tls-key" });
    format!(
        "  from coinbase.rest import RESTClient\n  \
         from coinbase.websocket import WSClient\n  \
         rest = RESTClient(key_file='{key}', base_url='{at}'){tls}\n  \
         stream = WSClient(key_file='{key}', base_url='{ws}://{at}', on_message=print)"
    )
}

/// What ends the program in good order.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn wait(mut self) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn wait(self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
