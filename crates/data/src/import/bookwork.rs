//! What only the neighbours of a row tell: which change of a book ends an update, where a snapshot begins, and who took
//! liquidity in a trade where nobody wrote it down.
use qframe_model::market::{BookChange, BookDelta, Level, Side};
use qframe_model::number::Price;
use qframe_model::time::Time;

/// Levels of one file on their way to changes of a book: one is held back until the next tells whether it was the last.
#[derive(Debug, Default)]
pub(super) struct Changes {
    held: Option<(BookDelta, u64)>,
    update: Option<Update>,
    /// The snapshot that is being told.
    snapshot: Option<Update>,
}

/// Rows of one update share these.
type Update = (Time, Time, Option<u64>);

impl Changes {
    /// Takes a level in; what is known now goes to `give` with its line.
    pub(super) fn take(
        &mut self,
        update: Update,
        snapshot: bool,
        side: Side,
        level: Level,
        line: u64,
        give: &mut impl FnMut(BookDelta, u64),
    ) {
        if self.update != Some(update) {
            self.end(give);
            self.update = Some(update);
        }
        let delta = |change| BookDelta {
            time: update.0,
            received: update.1,
            sequence: update.2.unwrap_or(0),
            change,
            last: false,
        };
        if snapshot && self.snapshot != Some(update) {
            self.hold((delta(BookChange::Clear), line), give);
        }
        self.snapshot = snapshot.then_some(update);
        self.hold((delta(BookChange::Level(side, level)), line), give);
    }

    /// The update is over.
    pub(super) fn end(&mut self, give: &mut impl FnMut(BookDelta, u64)) {
        if let Some((mut delta, line)) = self.held.take() {
            delta.last = true;
            give(delta, line);
        }
    }

    /// A row was a whole book: the next one is another, whatever its times say.
    pub(super) fn end_ladder(&mut self, give: &mut impl FnMut(BookDelta, u64)) {
        self.end(give);
        (self.update, self.snapshot) = (None, None);
    }

    fn hold(&mut self, next: (BookDelta, u64), give: &mut impl FnMut(BookDelta, u64)) {
        if let Some((delta, line)) = self.held.replace(next) {
            give(delta, line);
        }
    }
}

/// Fills in what a tape of trades leaves out.
#[derive(Debug)]
pub(super) struct Tape {
    price: Price,
    side: Side,
}

impl Default for Tape {
    fn default() -> Self {
        Self { price: Price::ZERO, side: Side::Buy }
    }
}

impl Tape {
    /// Who took liquidity, by the tick rule where nobody wrote it down: above the price before it was bought, below it
    /// sold, else as before.
    pub(super) fn side(&mut self, price: Price, said: Option<Side>) -> Side {
        let by_tick = match price.cmp(&self.price) {
            std::cmp::Ordering::Greater => Side::Buy,
            std::cmp::Ordering::Less => Side::Sell,
            std::cmp::Ordering::Equal => self.side,
        };
        (self.price, self.side) = (price, said.unwrap_or(by_tick));
        self.side
    }
}
