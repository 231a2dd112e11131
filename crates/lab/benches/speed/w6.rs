//! W6: ticks of an order book through the engine, alone and with a market maker, beside hftbacktest on the same rows.
use std::path::PathBuf;

use qframe_data::book::read_ticks;
use qframe_engine::venue::{Latency, Settings};
use qframe_engine::{Context, Market, Strategy, Ticket};
use qframe_lab::{Backtest, DataSet, Origin, Setup};
use qframe_model::book::OrderBook;
use qframe_model::currency::Currency;
use qframe_model::event::Header;
use qframe_model::ids::OrderId;
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::market::{BookChange, BookDelta, Level, Side, Tick, Trade};
use qframe_model::number::{Cash, Price, Quantity, Volume};
use qframe_model::order::Size;
use qframe_model::time::{Span, Time, TimeFrame};

use super::cpu::seconds;
use super::hftbacktest::Hftbacktest;
use super::market::Uniform;

/// How often the market maker looks at its quotes.
const EVERY: Span = Span::from_nanos(100_000_000);

pub(crate) fn run(count: usize) {
    let (ticks, from) = recorded(count).unwrap_or_else(|| (made_up(count), "made up"));
    let events = ticks.len() as f64 / 1e6;
    let bare = best(|| seconds(|| bare(&ticks)).0);
    let backtest = backtest(ticks.clone());
    let simulate = |quotes: bool| {
        let (took, (engine, _)) = seconds(|| backtest.simulate(Maker::new(quotes), Header::default()).unwrap());
        (took, engine.trades().len())
    };
    let feed = best(|| simulate(false).0);
    let maker = best(|| simulate(true).0);
    let (bare, feed, maker) = (events / bare, events / feed, events / maker);
    println!("w6 events={} ({from}) bare book={bare:.1}M/s", ticks.len());
    println!("w6 feed ours={feed:.1}M/s ratio to bare={:.3}", feed / bare);
    println!("w6 maker ours={maker:.1}M/s closed trades={}", simulate(true).1);
    match Hftbacktest::run(&ticks) {
        None => println!("w6 hftbacktest is not there: skipped"),
        Some(peer) => println!(
            "w6 hftbacktest {} feed={:.1}M/s maker={:.1}M/s trades={} ours/theirs feed={:.2} maker={:.2}",
            peer.version,
            events / peer.feed,
            events / peer.maker,
            peer.trades,
            feed * peer.feed / events,
            maker * peer.maker / events
        ),
    }
}

fn best(mut run: impl FnMut() -> f64) -> f64 {
    (0..7).map(|_| run()).fold(f64::INFINITY, f64::min)
}

/// The book alone, once: nothing waits, nobody looks.
fn bare(ticks: &[Tick]) -> Option<Price> {
    let mut book = OrderBook::default();
    for tick in ticks {
        if let Tick::Book(delta) = tick {
            book.apply(delta);
        }
    }
    std::hint::black_box(book.middle())
}

fn backtest(ticks: Vec<Tick>) -> Backtest {
    let rules =
        Rules { tick: Price::from_nanos(100_000_000), lot: Quantity::from_nanos(1_000_000), ..Rules::default() };
    let instrument = Instrument::new("BTC/USDT:USDT".parse().unwrap(), Currency::USD, rules).unwrap();
    let quote = instrument.quote();
    let set = DataSet::of_ticks(instrument, TimeFrame::SECOND, ticks, Origin::default()).unwrap().unwrap();
    let latency = Latency::Time(Span::from_nanos(5_000_000));
    let venue = Settings { latency: latency.clone(), answer: latency, ..Settings::default() };
    let setup = Setup { cash: Cash::whole(1_000_000), currency: quote, venue, ..Setup::default() };
    Backtest::new(vec![set], setup).unwrap()
}

/// A recording of Binance's USD-M futures, where it is there; its trades and changes of the book.
fn recorded(count: usize) -> Option<(Vec<Tick>, &'static str)> {
    let shared = std::env::var_os("QFRAME_SHARED").map_or_else(|| PathBuf::from("../../../shared"), PathBuf::from);
    let path = shared.join("data/book/hftbacktest/usdm/btcusdt_20240808.gz");
    let rows = read_ticks(path, None).ok()?.filter_map(Result::ok).filter(|tick| !matches!(tick, Tick::Quote(_)));
    let mut ticks: Vec<Tick> = rows.take(count).collect();
    // The clock of the recording was behind the exchange's.
    let behind = ticks.iter().map(|tick| tick.time().since(tick.received())).max()?;
    ticks.iter_mut().for_each(|tick| match tick {
        Tick::Trade(trade) => trade.received = trade.received + behind,
        Tick::Quote(quote) => quote.received = quote.received + behind,
        Tick::Book(delta) => delta.received = delta.received + behind,
    });
    Some((ticks, "recorded, Binance USD-M"))
}

/// A made-up book: levels around a price that walks, and trades at its best prices.
fn made_up(count: usize) -> Vec<Tick> {
    let (mut uniform, mut middle) = (Uniform::new(), 600_000_i64);
    let level = |ticks: i64, units: u64| Level {
        price: Price::from_nanos(ticks * 100_000_000),
        quantity: Volume::from_digits(units, 3).unwrap_or_default(),
    };
    let row = |place: usize| {
        let time = Time::EPOCH + Span::from_nanos(1_000_000 * place as i64);
        let side = if uniform.next() < 0.5 { Side::Buy } else { Side::Sell };
        let sign = if side == Side::Buy { -1 } else { 1 };
        if uniform.next() < 0.02 {
            middle += if uniform.next() < 0.5 { -1 } else { 1 };
        }
        let units = (uniform.next() * 5_000.0) as u64;
        if uniform.next() < 0.2 {
            let Level { price, quantity } = level(middle - sign, units + 1);
            return Tick::Trade(Trade { time, received: time, id: place as u64, price, quantity, side });
        }
        let away = 1 + (uniform.next().powi(3) * 200.0) as i64;
        // The level that the middle has walked over goes.
        let change = if uniform.next() < 0.3 {
            (level(middle + sign, 0), side.opposite())
        } else {
            (level(middle + sign * away, units), side)
        };
        let change = BookChange::Level(change.1, change.0);
        Tick::Book(BookDelta { time, received: time, sequence: place as u64, change, last: true })
    };
    (0..count).map(row).collect()
}

/// Quotes a tenth of a per mille around the middle, leaning against what it holds; as the script beside it does.
struct Maker {
    quotes: bool,
    bid: Option<(OrderId, Price)>,
    ask: Option<(OrderId, Price)>,
}

impl Maker {
    const fn new(quotes: bool) -> Self {
        Self { quotes, bid: None, ask: None }
    }

    fn quote(&self, side: Side, context: &mut Context<'_>) -> Option<(OrderId, Price)> {
        let stands = if side == Side::Buy { self.bid } else { self.ask };
        let stands = stands.filter(|(order, _)| context.orders().get(*order).is_some());
        let Some(middle) = context.tape().and_then(|tape| tape.book().middle()) else { return stands };
        let held = context.position().quantity.to_f64();
        let sign = if side == Side::Buy { -1.0 } else { 1.0 };
        let wanted = context.price(middle.to_f64() * (1.0 + sign * 0.0001 - held * 0.0001));
        let full = -sign * held >= 1.0;
        if !full && stands.is_some_and(|(_, price)| price == wanted) {
            return stands;
        }
        if let Some((order, _)) = stands {
            context.cancel(order);
        }
        let ticket = Ticket::new(side, Size::Units(Quantity::from_nanos(10_000_000))).limit(wanted).post_only();
        (!full).then(|| (context.send(ticket), wanted))
    }
}

impl Strategy for Maker {
    fn on_start(&mut self, context: &mut Context<'_>) {
        if self.quotes {
            context.wake_at(context.now() + EVERY);
        }
    }

    #[inline]
    fn on_market(&mut self, _: &Market<'_>, _: &mut Context<'_>) {}

    fn on_timer(&mut self, context: &mut Context<'_>) {
        self.bid = self.quote(Side::Buy, context);
        self.ask = self.quote(Side::Sell, context);
        context.wake_at(context.now() + EVERY);
    }
}
