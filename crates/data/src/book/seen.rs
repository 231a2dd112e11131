//! Which numbers of a rising series were seen: as ranges, since most of them follow one another.

/// The most ranges; what lies below the lowest of them is taken for seen.
const RANGES_MAX: usize = 256;

/// Numbers that were seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// First and last of each range, in order, none next to another.
    ranges: Vec<(u64, u64)>,
    /// Numbers below it are forgotten.
    floor: u64,
}

impl Seen {
    /// Takes a number in; false where it was seen before.
    pub(super) fn add(&mut self, number: u64) -> bool {
        if let Some((_, last)) = self.ranges.last_mut()
            && last.checked_add(1) == Some(number)
        {
            *last = number;
            return true;
        }
        if number < self.floor {
            return false;
        }
        let place = self.ranges.partition_point(|(_, last)| *last < number);
        if self.ranges.get(place).is_some_and(|(first, _)| *first <= number) {
            return false;
        }
        let joins_left = place > 0 && self.ranges.get(place - 1).is_some_and(|(_, last)| last + 1 == number);
        let joins_right = self.ranges.get(place).is_some_and(|(first, _)| number + 1 == *first);
        match (joins_left, joins_right) {
            (true, true) => {
                let (_, last) = self.ranges.remove(place);
                self.ranges[place - 1].1 = last;
            }
            (true, false) => self.ranges[place - 1].1 = number,
            (false, true) => self.ranges[place].0 = number,
            (false, false) => self.ranges.insert(place, (number, number)),
        }
        if self.ranges.len() > RANGES_MAX {
            let (_, last) = self.ranges.remove(0);
            self.floor = last.saturating_add(1);
        }
        true
    }

    /// The highest.
    pub(super) fn highest(&self) -> Option<u64> {
        self.ranges.last().map(|(_, last)| *last)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Each number is new once, in whatever order they come, as a set says; only what is far below is forgotten.
    #[test]
    fn a_number_is_new_once() {
        let (mut seen, mut set, mut state) = (Seen::default(), BTreeSet::new(), 7_u64);
        for round in 0..20_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = round / 4 + (state >> 33) % 40;
            assert_eq!(seen.add(number), set.insert(number), "{number} in round {round}");
            assert_eq!(seen.highest(), set.last().copied());
        }
        let mut sparse = Seen::default();
        assert!((0..1_000).all(|number| sparse.add(number * 2)));
        assert!(!sparse.add(1), "below all ranges");
        assert!(sparse.add(u64::MAX) && !sparse.add(u64::MAX));
    }
}
