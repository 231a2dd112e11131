//! The catalog as a sink: each batch is merged, data set by data set, and that is a commit.
use std::collections::BTreeMap;
use std::sync::Arc;

use qframe_app::pipeline::{Refusal, Sink, SinkError};
use qframe_app::{Arrival, Row};
use qframe_data::{Catalog, CatalogError, Conflict, DataKey, Kind, Rows};
use qframe_model::market::{BookDelta, Quote, Trade};
use qframe_model::time::{Span, Time};

/// A catalog that live rows are added to. A row that is there stays: one of the same identity with other values is refused.
///
/// Give it large batches, since each rewrites a day of each data set, and no memory
/// ([`SinkOptions::memory_rows`](qframe_app::pipeline::SinkOptions::memory_rows)), so that rows wait on the disk for theirs.
pub struct CatalogSink {
    catalog: Catalog,
    /// Where each book ends.
    books: Books,
}

type Books = BTreeMap<Arc<DataKey>, Time>;

impl CatalogSink {
    /// Rows go to this catalog.
    #[must_use]
    pub const fn new(catalog: Catalog) -> Self {
        Self { catalog, books: Books::new() }
    }
}

impl Sink for CatalogSink {
    fn takes(&self, kind: Kind) -> bool {
        kind != Kind::Actions
    }

    async fn write(&mut self, batch: &[Arrival]) -> Result<(), SinkError> {
        let (catalog, rows, mut books) = (self.catalog.clone(), batch.to_vec(), self.books.clone());
        // Where the answer is given up, the merge goes on; it is done again then, and changes nothing.
        let done = tokio::task::spawn_blocking(move || Ok((merge(&catalog, &rows, &mut books)?, books))).await;
        let (refused, books) = done.map_err(SinkError::later)??;
        self.books = books;
        if refused.is_empty() { Ok(()) } else { Err(SinkError::Refused(refused)) }
    }
}

/// Rows of one data set, with their places in the batch.
type Part = Vec<(usize, Row)>;

/// Merges a batch. Gives the rows that the catalog cannot have.
fn merge(catalog: &Catalog, batch: &[Arrival], books: &mut Books) -> Result<Vec<Refusal>, SinkError> {
    let mut parts: BTreeMap<Arc<DataKey>, Part> = BTreeMap::new();
    for (place, arrival) in batch.iter().enumerate() {
        parts.entry(Arc::clone(&arrival.key)).or_default().push((place, arrival.row));
    }
    let mut refused = Vec::new();
    for (key, mut part) in parts {
        if key.kind == Kind::Book {
            let end = books.entry(Arc::clone(&key)).or_insert(Time::MIN);
            *end = keep_in_order(&mut part, *end);
        } else {
            part.sort_by_key(|(_, row)| row.time());
        }
        let refuse = |place: usize, reason, text: &str| Refusal { place, reason, text: text.to_owned() };
        let Some(rows) = rows(part.iter().map(|(_, row)| row)) else {
            let expected = format!("expected {}", key.kind);
            refused.extend(part.iter().map(|(place, _)| refuse(*place, "rows of another kind", &expected)));
            continue;
        };
        match catalog.merge(&key, std::iter::once(rows), Conflict::Keep) {
            Ok(merged) if merged.differing == 0 => {}
            Ok(_) => {
                let absent = absent(catalog, &key, &part).map_err(SinkError::later)?;
                let text = format!("{key} has another row in its place, which stays");
                refused.extend(absent.into_iter().map(|place| refuse(place, "stored with other values", &text)));
            }
            Err(error @ (CatalogError::Key(..) | CatalogError::OtherKind(_))) => {
                let text = error.to_string();
                refused.extend(part.iter().map(|(place, _)| refuse(*place, "no data set", &text)));
            }
            Err(error) => return Err(SinkError::later(error)),
        }
    }
    Ok(refused)
}

/// Puts the times of a book in the order of its rows: each is no later than those that follow, and no earlier than the end
/// of those that were stored. Gives the new end.
fn keep_in_order(part: &mut Part, end: Time) -> Time {
    let mut next = Time::MAX;
    for (_, row) in part.iter_mut().rev() {
        if let Row::Book(delta) = row {
            delta.time = delta.time.min(next);
            next = delta.time;
            delta.time = delta.time.max(end);
        }
    }
    part.last().map_or(end, |(_, row)| row.time().max(end))
}

/// Which rows are not stored, whenever they were received.
fn absent(catalog: &Catalog, key: &DataKey, part: &Part) -> Result<Vec<usize>, CatalogError> {
    let (Some((_, first)), Some((_, last))) = (part.first(), part.last()) else { return Ok(Vec::new()) };
    let mut left: BTreeMap<Time, Vec<(usize, Row)>> = BTreeMap::new();
    for (place, row) in part {
        left.entry(row.time()).or_default().push((*place, timeless(*row)));
    }
    for rows in catalog.scan(key, first.time()..last.time() + Span::from_nanos(1))? {
        for stored in each(rows?) {
            let Some(given) = left.get_mut(&stored.time()) else { continue };
            given.retain(|(_, row)| *row != timeless(stored));
        }
    }
    Ok(left.into_values().flatten().map(|(place, _)| place).collect())
}

/// The row as if it had been received at once.
fn timeless(row: Row) -> Row {
    match row {
        Row::Trade(row) => Row::Trade(Trade { received: row.time, ..row }),
        Row::Quote(row) => Row::Quote(Quote { received: row.time, ..row }),
        Row::Book(row) => Row::Book(BookDelta { received: row.time, ..row }),
        Row::Bar(_) | Row::Funding(_) => row,
    }
}

/// Rows of the kind that the first one has; `None` where there are none, or others among them.
fn rows<'a>(all: impl Iterator<Item = &'a Row> + Clone) -> Option<Rows> {
    let first = all.clone().next()?;
    macro_rules! of {
        ($variant:ident, $rows:ident) => {
            Rows::$rows(
                all.map(|row| if let Row::$variant(row) = row { Some(*row) } else { None }).collect::<Option<_>>()?,
            )
        };
    }
    Some(match first {
        Row::Bar(_) => of!(Bar, Bars),
        Row::Trade(_) => of!(Trade, Trades),
        Row::Quote(_) => of!(Quote, Quotes),
        Row::Book(_) => of!(Book, Book),
        Row::Funding(_) => of!(Funding, Funding),
    })
}

fn each(rows: Rows) -> Vec<Row> {
    match rows {
        Rows::Bars(rows) => rows.into_iter().map(Row::Bar).collect(),
        Rows::Trades(rows) => rows.into_iter().map(Row::Trade).collect(),
        Rows::Quotes(rows) => rows.into_iter().map(Row::Quote).collect(),
        Rows::Book(rows) => rows.into_iter().map(Row::Book).collect(),
        Rows::Funding(rows) => rows.into_iter().map(Row::Funding).collect(),
        Rows::Actions(_) => Vec::new(),
    }
}
