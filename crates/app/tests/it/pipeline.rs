//! The pipeline under faults: a clock that is turned by hand, stores that fail by a seed.
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use qframe_app::pipeline::{Heard, Pipeline, Refusal, Rules, Sink, SinkError, SinkOptions, SinkStats};
use qframe_app::{Arrival, Row};
use qframe_data::Kind;
use qframe_model::market::{BookChange, Side};
use tokio::time::sleep;

use crate::made::{arrival, change, key, level, numbers, trades};

/// What a store does with a batch.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Write,
    /// Writes it, and the answer is lost.
    WriteAndFail,
    Fail,
    Limit,
    Hang,
    Slow,
    /// Refuses the rows whose number this divides.
    Refuse(u64),
    /// Takes no more rows than this.
    TooLarge(usize),
}

/// A store in memory that answers by a script, and then writes.
#[derive(Clone, Default)]
struct Store {
    answers: Arc<Mutex<Vec<Answer>>>,
    rows: Arc<Mutex<Vec<Arrival>>>,
}

impl Store {
    fn of(mut answers: Vec<Answer>) -> Self {
        answers.reverse();
        Self { answers: Arc::new(Mutex::new(answers)), rows: Arc::default() }
    }

    fn numbers(&self) -> Vec<u64> {
        numbers(&self.rows.lock().unwrap())
    }
}

impl Sink for Store {
    async fn write(&mut self, batch: &[Arrival]) -> Result<(), SinkError> {
        let answer = self.answers.lock().unwrap().pop().unwrap_or(Answer::Write);
        let write = || self.rows.lock().unwrap().extend_from_slice(batch);
        match answer {
            Answer::Write => write(),
            Answer::WriteAndFail => {
                write();
                return Err(SinkError::later("the connection broke"));
            }
            Answer::Fail => return Err(SinkError::later("no answer")),
            Answer::Limit => {
                return Err(SinkError::Later { why: "429".to_owned(), after: Some(Duration::from_secs(7)) });
            }
            Answer::Hang => pending().await,
            Answer::Slow => {
                sleep(Duration::from_secs(3)).await;
                write();
            }
            Answer::Refuse(divisor) => {
                let ids = numbers(batch);
                let bad = |place: &usize| ids[*place].is_multiple_of(divisor);
                let good = (0..batch.len()).filter(|place| !bad(place)).map(|place| batch[place].clone());
                self.rows.lock().unwrap().extend(good);
                let refusal = |place| Refusal { place, reason: "a bad row", text: "no".to_owned() };
                return Err(SinkError::Refused((0..batch.len()).filter(bad).map(refusal).collect()));
            }
            Answer::TooLarge(most) if batch.len() > most => return Err(SinkError::TooLarge("413".to_owned())),
            Answer::TooLarge(_) => write(),
        }
        Ok(())
    }
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        3 => Just(Answer::Write),
        1 => Just(Answer::WriteAndFail),
        1 => Just(Answer::Fail),
        1 => Just(Answer::Limit),
        1 => Just(Answer::Hang),
        1 => Just(Answer::Slow),
        1 => (2..9_u64).prop_map(Answer::Refuse),
        1 => (1..20_usize).prop_map(Answer::TooLarge),
    ]
}

fn options(batch_rows: usize, memory_rows: usize) -> SinkOptions {
    SinkOptions { batch_rows, memory_rows, queue_rows: 64, ..SinkOptions::default() }
}

/// Every row has one fate.
fn check_sum(stats: &SinkStats) {
    let fates = stats.written + stats.spooled + stats.refused.total() + stats.lost_rows() + stats.waiting;
    assert_eq!(stats.given + stats.taken_up, fates, "{stats:#?}");
}

/// In a runtime of one thread whose clock jumps to the next thing that is due.
fn paused<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Two stores that fail in their own ways, rows in bursts, an end at any time, and a second process that takes up the
    /// rest: each row comes to each store once, or is counted; in order.
    #[test]
    fn every_row_has_one_fate(
        answers in proptest::collection::vec(answer(), 0..25),
        bursts in proptest::collection::vec((1..120_u64, 0..4_000_u64), 1..12),
        batch in 1..50_usize,
        memory in prop_oneof![Just(0_usize), 1..200_usize],
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (faulty, sound) = (Store::of(answers), Store::default());
        let total: u64 = bursts.iter().map(|(rows, _)| rows).sum();
        let stats = paused(async {
            let mut pipeline = Pipeline::new(Rules::default());
            pipeline.add_sink("faulty", faulty.clone(), folder.path(), options(batch, memory)).unwrap();
            pipeline.add_sink("sound", sound.clone(), folder.path(), options(batch, memory)).unwrap();
            let (feed, running) = pipeline.start();
            let mut rows = trades("BTC/USDT", 1..total + 1).into_iter();
            for (count, pause) in bursts {
                for row in rows.by_ref().take(count.try_into().unwrap()) {
                    feed.send(row).await.unwrap();
                }
                sleep(Duration::from_millis(pause)).await;
                running.stats().sinks.iter().for_each(|sink| assert!(sink.waiting <= total));
            }
            running.finish().await
        });
        stats.sinks.iter().for_each(check_sum);
        prop_assert_eq!((stats.received, stats.passed, stats.depth), (total, total, 0));
        prop_assert!(stats.sinks.iter().all(|sink| sink.waiting == 0 && sink.given == total && sink.lost_rows() == 0));
        prop_assert_eq!(sound.numbers(), (1..=total).collect::<Vec<_>>());
        // The next process; the store is well again.
        faulty.answers.lock().unwrap().clear();
        let again = paused(async {
            let mut pipeline = Pipeline::new(Rules::default());
            pipeline.add_sink("faulty", faulty.clone(), folder.path(), options(batch, memory)).unwrap();
            let (feed, running) = pipeline.start();
            sleep(Duration::from_secs(60)).await;
            drop(feed);
            running.finish().await
        });
        again.sinks.iter().for_each(check_sum);
        prop_assert_eq!(again.sinks[0].taken_up, stats.sinks[0].spooled);
        prop_assert_eq!(again.sinks[0].spooled, 0);
        let refused = stats.sinks[0].refused.total();
        prop_assert_eq!(stats.sinks[0].written + again.sinks[0].written + refused, total);
        // What was written twice was written twice in one piece; without that, numbers rise.
        let mut seen = std::collections::BTreeSet::new();
        let mut last = 0;
        for number in faulty.numbers() {
            if seen.insert(number) {
                prop_assert!(number > last, "{number} after {last}");
                last = number;
            }
        }
        prop_assert!(seen.len() as u64 + refused >= total, "a row is nowhere");
    }
}

#[test]
fn a_store_that_never_answers_costs_no_more_than_its_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let (hung, sound) = (Store::of(vec![Answer::Hang; 10_000]), Store::default());
    let size = 64 << 10;
    let stats = paused(async {
        let mut pipeline = Pipeline::new(Rules::default());
        let of = SinkOptions { spool_bytes: size, ..options(100, 150) };
        pipeline.add_sink("hung", hung.clone(), folder.path(), of).unwrap();
        pipeline.add_sink("sound", sound.clone(), folder.path(), options(100, 150)).unwrap();
        let (feed, running) = pipeline.start();
        for row in trades("BTC/USDT", 1..20_001) {
            feed.send(row).await.unwrap();
            // The queue, what is taken at once, memory and a batch.
            assert!(running.stats().sinks[0].waiting <= 64 + 1_024 + 150 + 100);
        }
        let stats = running.stats();
        assert!(stats.sinks[0].spool_bytes <= size && stats.sinks[0].lost["the spool is full"] > 0, "{stats:#?}");
        running.finish().await
    });
    stats.sinks.iter().for_each(check_sum);
    assert_eq!(sound.numbers().len(), 20_000, "the other one has them all");
    assert!(stats.sinks[0].spooled > 500 && stats.sinks[0].written == 0);
}

/// A stream of a book that fills the spool of a store which is down: what came behind the loss was added to what came before
/// it, and the store had a book that never was, without a word.
#[test]
fn a_store_never_has_a_book_that_never_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(vec![Answer::Fail; 8]);
    let book = key(Kind::Book, "BTC/USDT");
    let row = |second: i64, kind, last| arrival(&book, change(second, second.cast_unsigned(), kind, last));
    let clear = |second| row(second, BookChange::Clear, false);
    let level = |second: i64| {
        row(
            second,
            BookChange::Level(Side::Sell, level(&format!("{}", 100 + second % 7), second.cast_unsigned())),
            true,
        )
    };
    let stats = paused(async {
        let mut pipeline = Pipeline::new(Rules::default());
        let of = SinkOptions { spool_bytes: 16 << 10, ..options(100, 0) };
        pipeline.add_sink("store", store.clone(), folder.path(), of).unwrap();
        let (feed, running) = pipeline.start();
        // A whole book, changes beyond what there is room for, more when the store is there again, and a whole book.
        feed.send(clear(1)).await.unwrap();
        for second in 2..4_000 {
            feed.send(level(second)).await.unwrap();
        }
        sleep(Duration::from_secs(600)).await;
        assert!(running.stats().sinks[0].lost["the spool is full"] > 0);
        for second in 4_000..4_050 {
            feed.send(level(second)).await.unwrap();
        }
        feed.send(clear(4_050)).await.unwrap();
        for second in 4_051..4_060 {
            feed.send(level(second)).await.unwrap();
        }
        sleep(Duration::from_secs(60)).await;
        running.finish().await
    });
    check_sum(&stats.sinks[0]);
    assert!(stats.sinks[0].lost["a change of its book was lost"] >= 50, "{:?}", stats.sinks[0].lost);
    let rows = store.rows.lock().unwrap();
    let deltas = rows.iter().map(|arrival| if let Row::Book(delta) = arrival.row { delta } else { panic!() });
    let (mut sequence, mut is_known, mut ends) = (0, false, 0);
    for delta in deltas {
        match (delta.change, delta.last) {
            (BookChange::Clear, is_lost) => (is_known, ends) = (!is_lost, ends + u64::from(is_lost)),
            _ => assert!(is_known && delta.sequence == sequence + 1, "{sequence} is followed by {}", delta.sequence),
        }
        sequence = delta.sequence;
    }
    assert!(is_known && sequence == 4_059 && ends == 1, "{is_known} {sequence} {ends}");
}

/// Rows come slower than the spool fills, and faster than the pause between two commits allows.
#[test]
fn a_spool_that_fills_is_written_before_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::default();
    let stats = paused(async {
        let mut pipeline = Pipeline::new(Rules::default());
        let linger = Duration::from_secs(1_000_000);
        let of = SinkOptions { spool_bytes: 64 << 10, linger, ..options(100_000, 0) };
        pipeline.add_sink("store", store.clone(), folder.path(), of).unwrap();
        let (feed, running) = pipeline.start();
        for rows in trades("BTC/USDT", 1..20_001).chunks(50) {
            for row in rows {
                feed.send(row.clone()).await.unwrap();
            }
            sleep(Duration::from_millis(100)).await;
        }
        running.finish().await
    });
    assert_eq!((stats.sinks[0].lost_rows(), store.numbers().len()), (0, 20_000), "{:?}", stats.sinks[0].lost);
}

#[test]
fn a_store_that_was_down_gets_everything_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(vec![Answer::Fail; 40]);
    let stats = paused(async {
        let mut pipeline = Pipeline::new(Rules::default());
        pipeline.add_sink("store", store.clone(), folder.path(), options(500, 1_000)).unwrap();
        let (feed, running) = pipeline.start();
        for row in trades("BTC/USDT", 1..10_001) {
            feed.send(row).await.unwrap();
        }
        sleep(Duration::from_secs(5)).await;
        let down = running.stats().sinks.remove(0);
        assert!(down.is_down && down.last_failure.as_deref() == Some("no answer") && down.written == 0);
        assert_eq!((down.spooled, down.waiting), (10_000, 0), "what waits is on the disk");
        sleep(Duration::from_secs(3_600)).await;
        running.finish().await
    });
    assert_eq!(store.numbers(), (1..=10_000).collect::<Vec<_>>());
    let sink = &stats.sinks[0];
    assert!(!sink.is_down && sink.failures == 40 && sink.spool_bytes == 0, "{sink:#?}");
}

#[test]
fn a_pause_that_a_store_asks_for_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(vec![Answer::Limit]);
    paused(async {
        let mut pipeline = Pipeline::new(Rules::default());
        pipeline.add_sink("store", store.clone(), folder.path(), options(1, 10)).unwrap();
        let (feed, running) = pipeline.start();
        feed.send(trades("BTC/USDT", 1..2).remove(0)).await.unwrap();
        sleep(Duration::from_millis(6_900)).await;
        assert_eq!(store.numbers(), [] as [u64; 0]);
        sleep(Duration::from_millis(500)).await;
        assert_eq!(store.numbers(), [1]);
        drop(running);
    });
}

#[test]
fn a_pipeline_that_is_dropped_leaves_its_rows_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(vec![Answer::Hang; 10]);
    paused(async {
        let mut pipeline = Pipeline::new(Rules::default());
        pipeline.add_sink("store", store.clone(), folder.path(), options(10, 20)).unwrap();
        let (feed, running) = pipeline.start();
        for row in trades("BTC/USDT", 1..101) {
            feed.send(row).await.unwrap();
        }
        sleep(Duration::from_secs(1)).await;
        drop(running);
        sleep(Duration::from_secs(1)).await;
        assert!(feed.send(trades("BTC/USDT", 101..102).remove(0)).await.is_err(), "it has ended");
    });
    let mut spool = qframe_app::pipeline::Spool::open(&folder.path().join("store"), 1 << 30).unwrap();
    let mut found = Vec::new();
    while spool.rows() > 0 {
        let rows = spool.peek(1_000).unwrap();
        spool.advance(rows.len() as u64).unwrap();
        found.extend(numbers(&rows));
    }
    assert_eq!(found, (1..=100).collect::<Vec<_>>());
}

#[test]
fn a_strategy_that_is_slow_is_told_what_it_missed() {
    paused(async {
        let mut pipeline = Pipeline::new(Rules::default());
        let mut tap = pipeline.add_tap(10);
        let (feed, running) = pipeline.start();
        for row in trades("BTC/USDT", 1..101) {
            feed.send(row).await.unwrap();
        }
        sleep(Duration::from_secs(1)).await;
        assert_eq!((running.stats().taps[0].given, running.stats().taps[0].missed), (10, 90));
        for _ in 0..10 {
            assert!(matches!(tap.next().await, Some(Heard::Row(_))));
        }
        feed.send(trades("BTC/USDT", 101..102).remove(0)).await.unwrap();
        assert_eq!(tap.next().await, Some(Heard::Missed(90)));
        assert!(matches!(tap.next().await, Some(Heard::Row(_))));
        running.finish().await;
        assert_eq!(tap.next().await, None);
    });
}
