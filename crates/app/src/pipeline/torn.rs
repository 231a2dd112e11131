//! Books of which a sink has not got every change: from there on a store would have a book that never was.
use std::collections::HashMap;
use std::sync::Arc;

use qframe_data::DataKey;
use qframe_model::market::{BookChange, BookDelta};

use crate::{Arrival, Row};

/// The books that are torn, until a whole one begins. The first row that was lost is told of by one that clears the book.
#[derive(Debug, Default)]
pub(super) struct Torn {
    books: HashMap<Arc<DataKey>, Option<Arrival>>,
}

impl Torn {
    /// This row is lost; where it is of a book, so is that.
    pub(super) fn lose(&mut self, arrival: &Arrival) {
        let Row::Book(delta) = &arrival.row else { return };
        let clear = BookDelta { change: BookChange::Clear, last: true, ..*delta };
        let clear = Arrival { row: Row::Book(clear), ..arrival.clone() };
        self.books.entry(Arc::clone(&arrival.key)).or_insert(Some(clear));
    }

    /// False for a row that changes a torn book: it is lost too. What begins a whole book mends it.
    pub(super) fn admits(&mut self, arrival: &Arrival) -> bool {
        if self.books.is_empty() {
            return true;
        }
        let begins = matches!(&arrival.row, Row::Book(BookDelta { change: BookChange::Clear, last: false, .. }));
        // A book whose end was not told yet is whole only behind that.
        if begins && self.books.get(&arrival.key).is_some_and(Option::is_none) {
            self.books.remove(&arrival.key);
        }
        !self.books.contains_key(&arrival.key)
    }

    /// The rows that clear books, and are not told yet.
    pub(super) fn untold(&self) -> Vec<Arrival> {
        self.books.values().flatten().cloned().collect()
    }

    /// They are where they belong.
    pub(super) fn told(&mut self) {
        self.books.values_mut().for_each(|clear| *clear = None);
    }
}
