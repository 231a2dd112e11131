//! Backtests in which orders meet ticks: what holds of them whatever the market does.
use std::path::Path;

use qframe_data::book::read_ticks;
use qframe_engine::venue::{Fees, Funding, Latency, Night, Queue, Rollover, Settings};
use qframe_engine::{Context, Market, Strategy};
use qframe_lab::strategies::{MaCrossover, MarketMaking, MarketMakingRules, Mode};
use qframe_lab::{Backtest, DataSet, Origin, Outcome, Setup};
use qframe_model::currency::Currency;
use qframe_model::event::{Event, Report};
use qframe_model::ids::{CommodityId, InstrumentId};
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::ledger::Book;
use qframe_model::market::{CorporateAction, Dividend, Level, Quote, Side, Tick, Trade};
use qframe_model::number::{Cash, Price, Quantity, Rate, Volume};
use qframe_model::order::Size;
use qframe_model::time::{Span, Time, TimeFrame};
use qframe_quant::indicators::Sma;

fn ms(count: i64) -> Span {
    Span::from_nanos(count * 1_000_000)
}

fn price(tenths: i64) -> Price {
    Price::from_nanos(tenths * 100_000_000)
}

/// Quotes a step apart around a price that walks, and trades at them; known 3 ms after they happen.
pub(crate) fn walk(count: usize, seed: u64) -> Vec<Tick> {
    let (mut state, mut middle) = (seed, 10_000_i64);
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let row = |place: usize| {
        let time = Time::from_seconds(1_700_000_000) + ms(200 * place as i64);
        middle += random(5) as i64 - 2;
        let level = |tenths: i64, units: u64| Level {
            price: price(tenths),
            quantity: Volume::from_digits(units + 1, 1).unwrap(),
        };
        let received = time + ms(3);
        if random(2) == 0 {
            return Tick::Quote(Quote {
                time,
                received,
                bid: level(middle - 1, random(50)),
                ask: level(middle + 1, random(50)),
            });
        }
        let side = if random(2) == 0 { Side::Buy } else { Side::Sell };
        let Level { price, quantity } = level(if side == Side::Buy { middle + 1 } else { middle - 1 }, random(20));
        Tick::Trade(Trade { time, received, id: place as u64, price, quantity, side })
    };
    (0..count).map(row).collect()
}

pub(crate) fn instrument(symbol: &str) -> Instrument {
    let rules = Rules { tick: price(1), lot: Quantity::from_nanos(1_000_000), ..Rules::default() };
    Instrument::new(symbol.parse().unwrap(), Currency::USD, rules).unwrap()
}

fn set(symbol: &str, ticks: Vec<Tick>) -> DataSet {
    DataSet::of_ticks(instrument(symbol), TimeFrame::SECOND, ticks, Origin::default()).unwrap().unwrap()
}

fn setup(data: &[DataSet], venue: Settings) -> Backtest {
    let setup = Setup { cash: Cash::whole(100_000), currency: data[0].instrument().quote(), venue, ..Setup::default() };
    Backtest::new(data.to_vec(), setup).unwrap()
}

fn maker() -> MarketMaking {
    MarketMaking::new(MarketMakingRules {
        half_spread: 0.0002,
        skew: 0.0002,
        size: Rate::percent(2),
        most: 5,
        refresh: ms(100),
    })
}

fn slow() -> Settings {
    let latency = Latency::Drawn { quantiles: [ms(1), ms(4), ms(30)].into(), seed: 5 };
    Settings {
        fees: Fees::flat(Rate::from_nanos(100_000)),
        latency: latency.clone(),
        answer: latency,
        queue: Queue::ByDepth(2),
        allow_short: true,
        ..Settings::default()
    }
}

fn made(data: &[DataSet], venue: Settings) -> Outcome {
    setup(data, venue).run(maker()).unwrap()
}

#[test]
fn bars_of_ticks_hold_what_was_known_while_they_were_open() {
    let data = set("BTC/USD", walk(400, 1));
    let trades: Vec<Trade> = walk(400, 1)
        .into_iter()
        .filter_map(|tick| match tick {
            Tick::Trade(trade) => Some(trade),
            _ => None,
        })
        .collect();
    let of = |time: Time| trades.iter().filter(move |trade| TimeFrame::SECOND.open_of(trade.received) == time);
    let mut counted = 0;
    for bar in data.bars() {
        counted += of(bar.time).count();
        let prices = || of(bar.time).map(|trade| trade.price);
        assert_eq!((Some(bar.open), Some(bar.close)), (prices().next(), prices().next_back()));
        assert_eq!((Some(bar.high), Some(bar.low)), (prices().max(), prices().min()));
    }
    assert_eq!(counted, trades.len(), "each trade is in one bar");
}

#[test]
fn strategies_of_bars_and_of_books_run_on_ticks() {
    let data = [set("BTC/USD", walk(6_000, 2))];
    let crossover = MaCrossover::new(Sma::new(5).unwrap(), Sma::new(20).unwrap(), Mode::LongFlat);
    let outcome = setup(&data, slow()).run(crossover).unwrap();
    assert!(outcome.trades.len() > 5, "{}", outcome.trades.len());
    outcome.account.ledger().check().unwrap();
    let outcome = made(&data, slow());
    assert!(outcome.trades.len() > 20, "{}", outcome.trades.len());
    outcome.account.ledger().check().unwrap();
    assert_eq!(outcome.curve.len(), data[0].bars().len(), "one point a bar");
}

/// The events of a run up to an instant: to the last one before it that the strategy wrote, whose time is that of the run.
fn events_before(outcome: &Outcome, until: Time) -> Vec<Event> {
    let mut events: Vec<Event> = outcome.journal.iter().map(Result::unwrap).skip(1).collect();
    let is_before = |event: &Event| match event {
        Event::Submitted(order) | Event::Refused { order, .. } => order.time < until,
        Event::CancelRequested { time, .. } => *time < until,
        _ => false,
    };
    events.truncate(events.iter().rposition(is_before).map_or(0, |last| last + 1));
    events
}

/// A run on the first rows writes what the run on all of them writes, byte for byte, as far as no later row can have
/// happened. The first event has the hash of the data, and is left out.
fn check_no_look_ahead(ticks: &[Tick], venue: &Settings, cuts: &[usize]) {
    let unknown = Instrument::new("BTC/USD".parse().unwrap(), Currency::USD, Rules::default()).unwrap();
    let run = |ticks: &[Tick]| {
        let set = DataSet::of_ticks(unknown.clone(), TimeFrame::SECOND, ticks.to_vec(), Origin::default());
        made(&[set.unwrap().unwrap()], venue.clone())
    };
    let whole: Vec<Event> = run(ticks).journal.iter().map(Result::unwrap).skip(1).collect();
    for cut in cuts {
        let until = ticks[*cut..].iter().map(Tick::time).min().unwrap();
        let part = events_before(&run(&ticks[..*cut]), until);
        assert!(part.len() > 5 && whole.starts_with(&part), "cut after {cut} of {}: {}", ticks.len(), part.len());
    }
}

#[test]
fn what_comes_later_changes_no_byte_before_it() {
    let mut state = 11_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % below) as usize
    };
    for seed in 0..6 {
        let mut ticks = walk(1_500, seed);
        // The clock turns out to be behind, and prices to be finer, only in the second half.
        for (place, tick) in ticks.iter_mut().enumerate().skip(800) {
            let fine = |price: &mut Price| *price = Price::from_nanos(price.nanos() + 10_000_000 * (place as i64 % 3));
            match tick {
                Tick::Trade(trade) => {
                    trade.received = trade.received - ms(40);
                    fine(&mut trade.price);
                }
                Tick::Quote(quote) => {
                    quote.received = quote.received - ms(40);
                    fine(&mut quote.ask.price);
                }
                Tick::Book(_) => {}
            }
        }
        let cuts: Vec<usize> = (0..8).map(|_| 60 + random(1_400)).collect();
        check_no_look_ahead(&ticks, &slow(), &cuts);
        // The first trade comes late: bars before it are of quotes.
        let quotes = ticks.iter().enumerate().filter(|(place, tick)| *place > 700 || matches!(tick, Tick::Quote(_)));
        let ticks: Vec<Tick> = quotes.map(|(_, tick)| *tick).collect();
        check_no_look_ahead(&ticks, &slow(), &cuts.iter().map(|cut| cut * ticks.len() / 1_500).collect::<Vec<_>>());
    }
}

#[test]
fn equal_runs_are_equal_and_latency_is_not_free() {
    let data = [set("BTC/USD", walk(4_000, 4)), set("ETH/USD", walk(4_000, 5))];
    let (one, two) = (made(&data, slow()), made(&data, slow()));
    assert_eq!(one.journal.hash(), two.journal.hash());
    let other = made(&data, Settings { latency: Latency::Time(Span::SECOND), ..slow() });
    assert_ne!(one.journal.hash(), other.journal.hash());
}

#[test]
fn clocks_that_disagree_are_put_right_and_rows_out_of_order_are_refused() {
    let early = |tick: &mut Tick| match tick {
        Tick::Trade(trade) => trade.received = trade.time - ms(40),
        Tick::Quote(quote) => quote.received = quote.time - ms(40),
        Tick::Book(delta) => delta.received = delta.time - ms(40),
    };
    let mut ticks = walk(50, 6);
    ticks.iter_mut().for_each(early);
    let data = set("BTC/USD", ticks.clone());
    assert!(data.origin().notes[0].contains("up to 40.0 ms before they happened"), "{:?}", data.origin().notes);
    ticks.swap(10, 30);
    let refused = DataSet::of_ticks(instrument("BTC/USD"), TimeFrame::SECOND, ticks, Origin::default()).unwrap_err();
    assert!(refused.to_string().contains("sort the rows"), "{refused}");
}

/// Buys once, and counts the funding that it is told of.
#[derive(Default)]
struct Holder {
    sent: bool,
    told: std::rc::Rc<std::cell::Cell<usize>>,
}

impl Strategy for Holder {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        if matches!(market, Market::Funding(_)) {
            self.told.set(self.told.get() + 1);
        }
        if !self.sent && market.bar().is_some() {
            self.sent = true;
            context.buy(Size::Units(Quantity::ONE));
        }
    }
}

#[test]
fn funding_is_paid_and_told_on_ticks() {
    let data = [set("BTC/USD:USD", walk(400, 8))];
    let first = data[0].bars()[0].time;
    let schedule =
        vec![(first + Span::from_seconds(20), Rate::percent(1)), (first + Span::from_seconds(40), Rate::percent(1))];
    let funding = Funding { instrument: Some(InstrumentId(0)), schedule, ..Funding::default() };
    let backtest = setup(&data, Settings { funding: vec![funding], ..Settings::default() });
    let holder = Holder::default();
    let told = std::rc::Rc::clone(&holder.told);
    let outcome = backtest.run(holder).unwrap();
    assert_eq!(told.get(), 2);
    let paid = outcome.journal.iter().filter(|event| {
        matches!(event, Ok(Event::Reported(Report::Charged { book: Book::Funding, amount, .. })) if amount.is_positive())
    });
    assert_eq!(paid.count(), 2, "a long pays a rate above zero");
}

/// As on bars: due first, in the cash later; and what the broker's night costs.
#[test]
fn dividends_and_nights_are_booked_on_ticks() {
    let data = [set("ACME", walk(400, 8))];
    let first = data[0].bars()[0].time;
    let after = |seconds| first + Span::from_seconds(seconds);
    let dividend = Dividend { each: Cash::ONE, paid: Some(after(40)) };
    let night = Night { time: after(60), days: 1, rates: [Rate::ZERO, Rate::percent(36)] };
    let rollover =
        Rollover { instrument: InstrumentId(0), years: [360; 2], markup: Rate::ZERO, nights: [night].into() };
    let actions = vec![(after(20), InstrumentId(0), CorporateAction::Dividend(dividend))];
    let venue = Settings { actions, rollover: vec![rollover], ..slow() };
    let outcome = setup(&data, venue).run(Holder::default()).unwrap();
    let booked: Vec<(Book, Cash)> = outcome
        .journal
        .iter()
        .filter_map(|event| match event.unwrap() {
            Event::Reported(Report::Charged { book, amount, .. } | Report::Accrued { book, amount, .. }) => {
                Some((book, amount))
            }
            _ => None,
        })
        .collect();
    let [(Book::Dividends, due), (Book::Receivables, paid), (Book::Rollover, cost)] = booked[..] else {
        panic!("{booked:?}")
    };
    assert!(due.is_negative() && due == paid && cost.is_positive());
    outcome.account.ledger().check().unwrap();
    assert!(outcome.account.ledger().balance(CommodityId(0), Book::Receivables).is_zero());
}

#[test]
fn a_recorded_book_makes_a_market() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/book/hftbacktest/usdm/btcusdt_20240808.gz");
    let Ok(rows) = read_ticks(&path, None) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let ticks: Vec<Tick> = rows.filter_map(Result::ok).filter(|tick| !matches!(tick, Tick::Quote(_))).collect();
    let fast = Settings { latency: Latency::Time(ms(5)), answer: Latency::Time(ms(5)), ..Settings::default() };
    check_no_look_ahead(&ticks[..60_000], &fast, &[7_777, 23_456, 41_000, 59_999]);
    let data = [set("BTC/USDT:USDT", ticks)];
    let outcome =
        made(&data, Settings { latency: Latency::Time(ms(5)), answer: Latency::Time(ms(5)), ..Settings::default() });
    assert!(outcome.trades.len() > 10, "{}", outcome.trades.len());
    outcome.account.ledger().check().unwrap();
    // More in front of us is never better than less: who trades only by trades fills no more than by depth.
    let units = |queue| {
        let outcome = made(&data, Settings { queue, latency: Latency::Time(ms(5)), ..Settings::default() });
        outcome.trades.len()
    };
    assert!(units(Queue::TradesOnly) <= units(Queue::ByDepth(3)) + 2);
}
