//! Equity over the bars of one series, kept as what was held.
use std::ops::Range;

use qframe_model::account::Line;
use qframe_model::market::Bar;
use qframe_model::number::Cash;

/// The equity after each bar of one series, exactly. Between fills and charges it is a [`Line`] over the close, and that is
/// what is kept: a stretch takes as much memory as two amounts, however many bars it has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EquityCurve {
    stretches: Vec<Stretch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    /// The place after its last bar.
    end: usize,
    rest: Cash,
    units: i64,
}

impl Stretch {
    const fn line(&self) -> Line {
        Line { rest: self.rest, units: self.units }
    }
}

impl EquityCurve {
    /// An empty curve with room for so many stretches.
    #[must_use]
    pub fn with_room_for(stretches: usize) -> Self {
        Self { stretches: Vec::with_capacity(stretches) }
    }

    /// How many bars it spans.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.stretches.last().map_or(0, |last| last.end)
    }

    /// True where it spans none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stretches.is_empty()
    }

    /// Appends bars over which the equity followed a line.
    #[inline]
    pub(crate) fn follow(&mut self, line: Line, bars: usize) {
        match self.stretches.last_mut() {
            Some(last) if last.line() == line => last.end += bars,
            _ if bars == 0 => {}
            _ => self.stretches.push(Stretch { end: self.len() + bars, rest: line.rest, units: line.units }),
        }
    }

    /// Appends a bar: by the line where its close is on that, as an amount of its own otherwise.
    #[inline]
    pub(crate) fn push(&mut self, equity: Cash, line: Option<Line>, bar: &Bar) {
        let line = line.filter(|line| line.at(bar.close) == equity);
        self.follow(line.unwrap_or(Line::level(equity)), 1);
    }

    /// Gives the last bar another equity.
    pub fn replace_last(&mut self, equity: Cash) {
        let Some(mut last) = self.stretches.pop() else { return };
        last.end -= 1;
        if last.end > self.len() {
            self.stretches.push(last);
        }
        self.follow(Line::level(equity), 1);
    }

    /// The line at a bar.
    ///
    /// # Panics
    /// Beyond the last bar.
    #[must_use]
    pub fn line(&self, place: usize) -> Line {
        self.stretches[self.stretches.partition_point(|stretch| stretch.end <= place)].line()
    }

    /// The lines over a range of places, each with its part of the range.
    #[inline]
    pub fn lines(&self, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, Line)> + '_ {
        let first = self.stretches.partition_point(|stretch| stretch.end <= range.start);
        let mut start = range.start;
        self.stretches[first..].iter().map_while(move |stretch| {
            let part = start..stretch.end.min(range.end);
            start = part.end;
            (!part.is_empty()).then(|| (part, stretch.line()))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use qframe_model::number::Price;

    use super::*;

    proptest! {
        /// Three kinds of steps: bars that follow a line, a bar on its line or beside it, the last bar given anew.
        #[test]
        fn it_is_a_list_of_amounts(steps in proptest::collection::vec((0..3, -2i64..3, 0usize..4, 0i128..3), 0..40)) {
            let (mut curve, mut bars, mut amounts) = (EquityCurve::default(), Vec::new(), Vec::new());
            for (kind, units, count, rest) in steps {
                let line = Line { rest: Cash::from_attos(rest), units };
                for _ in 0..count {
                    bars.push(Bar { close: Price::from_nanos(1 + (bars.len() * 7 % 5) as i64), ..Bar::default() });
                    let close = bars[bars.len() - 1].close;
                    match kind {
                        0 => curve.follow(line, 1),
                        1 => curve.push(line.at(close), Some(line), &bars[bars.len() - 1]),
                        _ => curve.push(Cash::from_attos(rest), Some(line), &bars[bars.len() - 1]),
                    }
                    amounts.push(if kind == 2 { Cash::from_attos(rest) } else { line.at(close) });
                }
                if let (2, Some(last)) = (kind, amounts.last_mut()) {
                    *last = Cash::from_attos(-rest);
                    curve.replace_last(*last);
                }
            }
            prop_assert_eq!(curve.len(), amounts.len());
            let at = |place: usize| curve.line(place).at(bars[place].close);
            prop_assert!((0..bars.len()).map(at).eq(amounts.iter().copied()));
            for start in 0..bars.len() {
                let parts = curve.lines(start..bars.len());
                let read = parts.flat_map(|(part, line)| bars[part].iter().map(move |bar| line.at(bar.close)));
                prop_assert!(read.eq(amounts[start..].iter().copied()), "from {}", start);
                prop_assert_eq!(curve.lines(start..start).count(), 0);
            }
        }
    }

    #[test]
    fn bars_of_one_line_are_one_stretch() {
        let mut curve = EquityCurve::default();
        curve.follow(Line::level(Cash::ONE), 0);
        assert!(curve.is_empty());
        curve.replace_last(Cash::ZERO);
        assert!(curve.is_empty());
        curve.follow(Line::level(Cash::ONE), 1_000);
        curve.push(Cash::ONE, None, &Bar::default());
        assert_eq!((curve.stretches.len(), curve.len()), (1, 1_001));
    }
}
