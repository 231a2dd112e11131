//! Several series in one order: by the instants at which bars open and close.
use qframe_model::ids::SeriesId;
use qframe_model::market::Bar;
use qframe_model::time::Time;

use crate::dataset::DataSet;

/// Walks the instants at which bars of several series open and close. What closes at an instant comes before what opens
/// at it: a decision at a close meets the opens of the same instant. Longer frames come first.
#[derive(Debug)]
pub(crate) struct Feed<'a> {
    series: Vec<Cursor<'a>>,
    closing: Vec<(SeriesId, &'a Bar)>,
    opening: Vec<(SeriesId, &'a Bar, Time)>,
}

/// One instant at which bars open or close.
#[derive(Debug)]
pub(crate) enum Moment<'f, 'a> {
    /// These open; the third is when each will close.
    Opens(&'f [(SeriesId, &'a Bar, Time)]),
    /// These close.
    Closes(&'f [(SeriesId, &'a Bar)]),
}

#[derive(Debug)]
struct Cursor<'a> {
    id: SeriesId,
    set: &'a DataSet,
    /// The bar that is the next to open or, where `open`, to close.
    place: usize,
    open: bool,
}

impl<'a> Feed<'a> {
    pub(crate) fn new(data: &'a [DataSet]) -> Self {
        let cursor = |(place, set)| Cursor { id: SeriesId(place as u16), set, place: 0, open: false };
        let mut series: Vec<_> = data.iter().enumerate().map(cursor).collect();
        // A strategy that trades on the short frame has then seen the long bar that closed with it.
        series.sort_by_key(|cursor| std::cmp::Reverse(cursor.set.frame()));
        Self { series, closing: Vec::new(), opening: Vec::new() }
    }

    /// When the next instant is.
    pub(crate) fn peek(&self) -> Option<Time> {
        self.series.iter().filter_map(Cursor::next).min()
    }

    /// The next instant; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<(Time, Moment<'_, 'a>)> {
        // False sorts before true: closes come first.
        let (time, opens) = self.series.iter().filter_map(|cursor| Some((cursor.next()?, !cursor.open))).min()?;
        let due = |cursor: &Cursor<'_>| cursor.open != opens && cursor.next() == Some(time);
        self.opening.clear();
        self.closing.clear();
        for cursor in self.series.iter_mut().filter(|cursor| due(cursor)) {
            let bar = &cursor.set.bars()[cursor.place];
            if opens {
                cursor.open = true;
                self.opening.push((cursor.id, bar, cursor.set.closes(cursor.place)));
            } else {
                (cursor.open, cursor.place) = (false, cursor.place + 1);
                self.closing.push((cursor.id, bar));
            }
        }
        Some((time, if opens { Moment::Opens(&self.opening) } else { Moment::Closes(&self.closing) }))
    }
}

impl Cursor<'_> {
    /// When its bar opens or, where it is open, closes.
    fn next(&self) -> Option<Time> {
        let bar = self.set.bars().get(self.place)?;
        Some(if self.open { self.set.closes(self.place) } else { bar.time })
    }
}

#[cfg(test)]
mod tests {
    use qframe_model::instrument::Margin;
    use qframe_model::number::Price;
    use qframe_model::time::TimeFrame;

    use super::*;
    use crate::dataset::Origin;

    /// Bars that open at these hours.
    fn set(frame: TimeFrame, hours: &[i64]) -> DataSet {
        let bar = |hour: &i64| Bar {
            time: Time::from_seconds(hour * 3_600),
            open: Price::ONE,
            high: Price::ONE,
            low: Price::ONE,
            close: Price::ONE,
            ..Bar::default()
        };
        let instrument = crate::dataset::customary("BTC/USD".parse().unwrap(), None, Margin::FULL).unwrap();
        DataSet::of(instrument, frame, hours.iter().map(bar).collect(), Origin::default()).unwrap()
    }

    fn walk(data: &[DataSet]) -> Vec<String> {
        let hour = |time: Time| time.nanos() / 3_600_000_000_000;
        let mut feed = Feed::new(data);
        let mut seen = Vec::new();
        while let Some((time, moment)) = feed.next() {
            seen.push(match moment {
                Moment::Opens(bars) => bars.iter().map(|bar| format!("{} {} opens", hour(time), bar.0)).collect(),
                Moment::Closes(bars) => bars.iter().map(|bar| format!("{} {} closes", hour(time), bar.0)).collect(),
            });
        }
        seen.into_iter().map(|group: Vec<String>| group.join(", ")).collect()
    }

    #[test]
    fn closes_come_before_opens_and_long_frames_before_short_ones() {
        let hours: Vec<i64> = (22..26).collect();
        let seen = walk(&[set(TimeFrame::HOUR, &hours), set(TimeFrame::DAY, &[0, 24])]);
        let expected = [
            "0 1 opens",
            "22 0 opens",
            "23 0 closes",
            "23 0 opens",
            "24 1 closes, 24 0 closes",
            "24 1 opens, 24 0 opens",
            "25 0 closes",
            "25 0 opens",
            "26 0 closes",
            "48 1 closes",
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_bar_closes_when_the_next_one_opens() {
        let seen = walk(&[set(TimeFrame::DAY, &[5, 28, 52])]);
        assert_eq!(seen, ["5 0 opens", "28 0 closes", "28 0 opens", "52 0 closes", "52 0 opens", "76 0 closes"]);
    }
}
