//! A book that a client builds of a snapshot and the changes after it is the exchange's book, at every step.
use std::collections::BTreeMap;
use std::path::Path;

use qframe_model::book::OrderBook;
use qframe_model::market::{Level, Side};
use qframe_model::number::{Cash, Price, Rate, Volume};
use qframe_venues::exchange::core::{Commission, Core, Notice, Pace};
use qframe_venues::exchange::server::{Recorded, Traded, recorded};

use super::market::{at, clear, core, level};

/// A client's book, by the rule that Binance documents.
#[derive(Default)]
struct Client {
    last: Option<u64>,
    levels: [BTreeMap<Price, Volume>; 2],
}

impl Client {
    fn snapshot(book: &OrderBook, last: u64) -> Self {
        let side = |side| book.levels(side).map(|level: Level| (level.price, level.quantity)).collect();
        Self { last: Some(last), levels: [side(Side::Buy), side(Side::Sell)] }
    }

    fn update(&mut self, first: u64, last: u64, changes: [&[Level]; 2]) {
        let Some(known) = self.last else { return };
        if last <= known {
            return;
        }
        assert!(first <= known + 1, "updates {} to {} never came", known + 1, first - 1);
        for (levels, changes) in self.levels.iter_mut().zip(changes) {
            for level in changes {
                if level.quantity.is_zero() {
                    levels.remove(&level.price);
                } else {
                    levels.insert(level.price, level.quantity);
                }
            }
        }
        self.last = Some(last);
    }

    fn check(&self, book: &OrderBook, update: u64) {
        if self.last != Some(update) {
            return;
        }
        for (levels, side) in self.levels.iter().zip([Side::Buy, Side::Sell]) {
            let mut shown: Vec<_> = book.levels(side).map(|level| (level.price, level.quantity)).collect();
            shown.sort_by_key(|(price, _)| *price);
            let own: Vec<_> = levels.iter().map(|(price, quantity)| (*price, *quantity)).collect();
            assert!(
                own == shown,
                "after update {update} the {side} side differs: {} levels, {} shown",
                own.len(),
                shown.len()
            );
        }
    }
}

/// Two clients, one of each pace, follow; the slow one takes its snapshot in the middle.
fn follow(core: &mut Core, clients: &mut [Client; 2], compared: &mut u64) {
    let notices: Vec<_> = core.notices().collect();
    for notice in &notices {
        if let Notice::Depth { pace: pace @ (Pace::Fast | Pace::Slow), first, last, bids, asks, .. } = notice {
            clients[usize::from(*pace == Pace::Slow)].update(*first, *last, [bids, asks]);
        }
    }
    let market = &core.markets()[0];
    for client in clients {
        client.check(market.book(), market.update());
        *compared += u64::from(client.last == Some(market.update()));
    }
}

#[test]
fn changes_after_a_snapshot_make_the_book() {
    let mut core = core();
    let mut clients = [Client::snapshot(core.markets()[0].book(), core.markets()[0].update()), Client::default()];
    let mut compared = 0;
    for step in 0..3_000_i64 {
        let millis = 100 + step * 37;
        let side = if step % 3 == 0 { Side::Buy } else { Side::Sell };
        let cents = if side == Side::Buy { 9_990 - step * 7 % 90 } else { 10_010 + step * 11 % 90 };
        // What is told at an instant is the book before what happens at it.
        core.advance(at(millis));
        follow(&mut core, &mut clients, &mut compared);
        if step % 500 == 250 {
            // The recording lost its book and found it again.
            core.tick(0, &clear(millis)).unwrap();
        }
        core.tick(0, &level(millis, side, cents, step * 13 % 2_000, true)).unwrap();
        if step == 1_000 {
            clients[1] = Client::snapshot(core.markets()[0].book(), core.markets()[0].update());
        }
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn changes_of_a_recorded_stream_make_the_book() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/book/hftbacktest/spot/btcusdt_20240808.gz");
    if !path.exists() {
        println!("skipped: no recorded stream");
        return;
    }
    let Recorded { products, rows, refused, .. } = recorded(&path, Some(Traded::Spot), Some(Cash::ZERO)).unwrap();
    assert_eq!((products.len(), products[0].tick.to_string(), refused), (1, "0.01".to_owned(), 0));
    let mut core = Core::new(products, Commission { maker: Rate::ZERO, taker: Rate::ZERO }).unwrap();
    let mut clients = [Client::snapshot(&OrderBook::default(), 0), Client::snapshot(&OrderBook::default(), 0)];
    let (mut compared, mut count) = (0, 0);
    for row in rows.take(60_000) {
        let (product, tick) = row.unwrap();
        core.advance(tick.time());
        if core.waiting() > 0 {
            follow(&mut core, &mut clients, &mut compared);
        }
        core.tick(product, &tick).unwrap();
        count += 1;
    }
    assert!(count > 50_000 && compared > 500, "{count} rows, {compared} books compared");
}
