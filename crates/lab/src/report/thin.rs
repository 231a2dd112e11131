//! Fewer points that draw the same picture: the lowest and the highest value of each of a number of equal stretches.
//!
//! A line through them covers every pixel that the whole line covers, as long as there are not fewer stretches than
//! pixels. Only pictures are made of them; no number is.

/// The places to draw of `count` values: the first, the last, and each stretch's lowest and highest, in order.
/// All of them where there are no more than two a stretch.
pub(super) fn places(count: usize, stretches: usize, value: impl Fn(usize) -> f64) -> Vec<usize> {
    if count <= 2 * stretches {
        return (0..count).collect();
    }
    let mut places = vec![0];
    for stretch in 0..stretches {
        let (low, high) = extremes(stretch * count / stretches..(stretch + 1) * count / stretches, &value);
        places.extend([low.min(high), low.max(high)]);
    }
    places.push(count - 1);
    places.dedup();
    places
}

/// Where the lowest and the highest value of a stretch stand; the first of equal ones.
fn extremes(stretch: std::ops::Range<usize>, value: impl Fn(usize) -> f64) -> (usize, usize) {
    let (mut low, mut high) = ((stretch.start, f64::INFINITY), (stretch.start, f64::NEG_INFINITY));
    for place in stretch {
        let value = value(place);
        if value < low.1 {
            low = (place, value);
        }
        if value > high.1 {
            high = (place, value);
        }
    }
    (low.0, high.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_keeps_its_ends_and_its_spikes() {
        let value = |place: usize| if place == 777 { -5.0 } else { (place % 10) as f64 };
        let places = places(100_000, 100, value);
        assert_eq!((places.first(), places.last()), (Some(&0), Some(&99_999)));
        assert!(places.contains(&777), "the deepest point is drawn");
        assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "in order, none twice");
        assert!(places.len() <= 202);
    }

    #[test]
    fn a_short_line_is_drawn_whole() {
        assert_eq!(places(7, 4, |_| 0.0), (0..7).collect::<Vec<_>>());
        assert_eq!(places(0, 4, |_| 0.0), Vec::<usize>::new());
    }
}
