//! Several series in one order: by the instant at which each bar closed, longer frames first.
use qframe_model::ids::SeriesId;
use qframe_model::market::Bar;
use qframe_model::time::Time;

use crate::dataset::DataSet;

/// Walks the instants at which bars of several series closed.
#[derive(Debug)]
pub(crate) struct Feed<'a> {
    series: Vec<Cursor<'a>>,
    group: Vec<(SeriesId, &'a Bar)>,
}

#[derive(Debug)]
struct Cursor<'a> {
    id: SeriesId,
    span: i64,
    rest: &'a [Bar],
}

impl<'a> Feed<'a> {
    pub(crate) fn new(data: &'a [DataSet]) -> Self {
        let cursor = |(place, set): (usize, &'a DataSet)| Cursor {
            id: SeriesId(place as u16),
            span: set.frame().span().nanos(),
            rest: set.bars(),
        };
        let mut series: Vec<_> = data.iter().enumerate().map(cursor).collect();
        // A strategy that trades on the short frame has then seen the long bar that closed with it.
        series.sort_by_key(|cursor| std::cmp::Reverse(cursor.span));
        Self { group: Vec::with_capacity(series.len()), series }
    }

    /// The bars of the next instant, with the instant; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<(Time, &[(SeriesId, &'a Bar)])> {
        let closes = self.series.iter().filter_map(Cursor::closes).min()?;
        self.group.clear();
        for cursor in &mut self.series {
            if cursor.closes() == Some(closes) {
                let (bar, rest) = cursor.rest.split_first()?;
                self.group.push((cursor.id, bar));
                cursor.rest = rest;
            }
        }
        Some((Time::from_nanos(closes), &self.group))
    }
}

impl Cursor<'_> {
    fn closes(&self) -> Option<i64> {
        self.rest.first().map(|bar| bar.time.nanos().saturating_add(self.span))
    }
}
