//! A curve drawn with letters: dots of Braille (two by four in a cell) or plain stars, money at the left, dates below.
use qframe_model::currency::Currency;
use qframe_model::time::{Span, Time};

use super::figures::round_up;
use super::terminal::{Look, Style};
use super::text;
use super::track::Track;
use crate::outcome::Curve;

/// The least and the most columns that a picture takes.
pub(super) const WIDTH_MIN: usize = 40;
pub(super) const WIDTH_MAX: usize = 200;

/// How many lines the curve is high.
const HEIGHT: usize = 12;
/// How many steps the money is divided into at most.
const STEPS: f64 = 5.0;
/// How many columns are at least from one date to the next: the first stands behind its mark, the others around theirs.
const DATE_ROOM: usize = 17;

/// What is drawn: so many points with their times and values; `mark` stands before each value of the scale.
struct Points<'a> {
    count: usize,
    time: &'a dyn Fn(usize) -> Time,
    value: &'a dyn Fn(usize) -> f64,
    mark: &'static str,
}

/// The picture of an equity curve, line by line, none wider than the style's width (but never narrower than 40).
pub(super) fn lines(curve: &Curve, currency: Currency, style: Style) -> Vec<String> {
    let (time, value) = (|place| curve.time(place), |place: usize| curve.equity_at(place).to_f64());
    drawn(&Points { count: curve.len(), time: &time, value: &value, mark: text::marks(currency).0 }, style)
}

/// The picture of any curve.
pub(super) fn lines_of(track: &Track, style: Style) -> Vec<String> {
    let (time, value) = (|place: usize| Time::from_nanos(track.times_ns[place]), |place: usize| track.values[place]);
    drawn(&Points { count: track.values.len(), time: &time, value: &value, mark: "" }, style)
}

fn drawn(curve: &Points<'_>, style: Style) -> Vec<String> {
    let scale = Scale::of(curve);
    let labels = scale.labels(curve.mark);
    let margin = labels.iter().map(|label| label.as_ref().map_or(0, String::len)).max().unwrap_or(0);
    let columns = style.width.clamp(WIDTH_MIN, WIDTH_MAX).saturating_sub(margin + 2).max(10);
    let (rule, tick) = if style.look == Look::Rich { ("│", "┤") } else { ("|", "+") };
    let drawn = Raster::of(curve, &scale, columns, style.look).lines();
    let mut lines: Vec<String> = labels
        .iter()
        .zip(drawn)
        .map(|(label, cells)| {
            let edge = if label.is_some() { tick } else { rule };
            let line = format!("{:>margin$} {edge}{cells}", label.as_deref().unwrap_or_default());
            line.trim_end().to_owned()
        })
        .collect();
    lines.extend(dates(curve, margin, columns, style.look));
    lines
}

/// From money to lines: round numbers at the top and at the bottom.
struct Scale {
    bottom: f64,
    top: f64,
    step: f64,
}

impl Scale {
    fn of(curve: &Points<'_>) -> Self {
        let values = || (0..curve.count).map(curve.value);
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        // A curve that does not move stands in the middle of something.
        let spread = if high > low { high - low } else { high.abs().max(1.0) * 0.02 };
        let step = round_up(spread / STEPS);
        let (bottom, top) = ((low / step).floor() * step, (high / step).ceil() * step);
        if top > bottom { Self { bottom, top, step } } else { Self { bottom: bottom - step, top: top + step, step } }
    }

    /// Where a value stands between 0 (the bottom) and `dots - 1` (the top).
    fn dot(&self, value: f64, dots: usize) -> usize {
        let share = (value - self.bottom) / (self.top - self.bottom);
        (share * (dots - 1) as f64).round().clamp(0.0, (dots - 1) as f64) as usize
    }

    /// The label of each line from the top, where it has one.
    fn labels(&self, mark: &str) -> Vec<Option<String>> {
        let mut labels = vec![None; HEIGHT];
        let steps = ((self.top - self.bottom) / self.step).round() as usize;
        for step in 0..=steps {
            let value = self.bottom + step as f64 * self.step;
            labels[HEIGHT - 1 - self.dot(value, HEIGHT)] = Some(self.label(value, mark));
        }
        labels
    }

    fn label(&self, value: f64, mark: &str) -> String {
        let (unit, name) = match value.abs().max(self.step) {
            large if large >= 1e9 => (1e9, "B"),
            large if large >= 1e7 => (1e6, "M"),
            _ => (1.0, ""),
        };
        let decimals = (-(self.step / unit).log10().floor()).clamp(0.0, 9.0) as usize;
        let sign = if value < 0.0 { "-" } else { "" };
        format!("{sign}{mark}{}{name}", text::number(Some(value.abs() / unit), decimals))
    }
}

/// Dots that are set or not, from the bottom, a column at a time.
struct Raster {
    look: Look,
    columns: Vec<Vec<bool>>,
}

impl Raster {
    /// Dots across and down in one cell.
    const fn cell(look: Look) -> (usize, usize) {
        match look {
            Look::Rich => (2, 4),
            Look::Plain => (1, 1),
        }
    }

    /// Each column covers what its points cover, and reaches to the column before it.
    fn of(curve: &Points<'_>, scale: &Scale, cells: usize, look: Look) -> Self {
        let (across, down) = Self::cell(look);
        let (width, height, count) = (cells * across, HEIGHT * down, curve.count);
        let mut columns: Vec<Vec<bool>> = Vec::with_capacity(width);
        let mut before: Option<(usize, usize)> = None;
        for column in 0..width {
            let first = column * count / width;
            let points = first..((column + 1) * count / width).max(first + 1).min(count);
            let dots = points.map(|place| scale.dot((curve.value)(place), height));
            let (mut low, mut high) = dots.fold((height, 0), |(low, high), dot| (low.min(dot), high.max(dot)));
            if let Some((low_before, high_before)) = before {
                (low, high) = (low.min(high_before + 1), high.max(low_before.saturating_sub(1)));
            }
            before = Some((low, high));
            columns.push((0..height).map(|dot| low <= dot && dot <= high).collect());
        }
        Self { look, columns }
    }

    /// The cells of each line, from the top.
    fn lines(&self) -> Vec<String> {
        let (across, _) = Self::cell(self.look);
        let line = |row: usize| self.columns.chunks(across).map(|columns| self.sign(columns, row)).collect();
        (0..HEIGHT).map(line).collect()
    }

    fn sign(&self, columns: &[Vec<bool>], row: usize) -> char {
        let (_, down) = Self::cell(self.look);
        let is_set = |column: usize, line: usize| {
            let dot = (HEIGHT - 1 - row) * down + (down - 1 - line);
            columns.get(column).is_some_and(|column| column[dot])
        };
        if self.look == Look::Plain {
            return if is_set(0, 0) { '*' } else { ' ' };
        }
        // Unicode numbers the dots of a cell: 1 2 3 7 down the left, 4 5 6 8 down the right.
        const BITS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
        let bits = (0..2).flat_map(|column| (0..4).map(move |line| (column, line)));
        let bits: u32 =
            bits.filter(|(column, line)| is_set(*column, *line)).map(|(column, line)| BITS[column][line]).sum();
        if bits == 0 { ' ' } else { char::from_u32(0x2800 + bits).unwrap_or(' ') }
    }
}

/// The line below the curve, and the dates below it.
fn dates(curve: &Points<'_>, margin: usize, columns: usize, look: Look) -> [String; 2] {
    let (corner, rule, tick) = if look == Look::Rich { ('└', '─', '┬') } else { ('+', '-', '+') };
    let count = ((columns - 1) / DATE_ROOM + 1).clamp(2, 7).min(curve.count);
    let mut axis = vec![rule; columns];
    let mut below = vec![' '; columns];
    let gaps = count.saturating_sub(1).max(1);
    let times: Vec<Time> = (0..count).map(|mark| (curve.time)(mark * (curve.count - 1) / gaps)).collect();
    for (mark, date) in labels(&times).into_iter().enumerate() {
        let place = mark * (columns - 1) / gaps;
        axis[place] = tick;
        let start = place.saturating_sub(date.len() / 2).min(columns.saturating_sub(date.len()));
        for (offset, sign) in date.chars().enumerate().filter(|(offset, _)| start + offset < columns) {
            below[start + offset] = sign;
        }
    }
    let text = |signs: Vec<char>| signs.into_iter().collect::<String>();
    [format!("{:margin$} {corner}{}", "", text(axis)), format!("{:margin$}  {}", "", text(below)).trim_end().to_owned()]
}

/// Dates; the day and the minute, or the second, where dates would repeat themselves or a few days have times within.
fn labels(times: &[Time]) -> Vec<String> {
    let (day, texts) = (Span::DAY.nanos(), times.iter().map(ToString::to_string));
    let texts: Vec<String> = texts.collect();
    let of = |range: std::ops::Range<usize>| -> Vec<String> {
        texts.iter().map(|text| text.get(range.clone()).unwrap_or(text).replace('T', " ")).collect()
    };
    let is_daily = times.iter().all(|time| time.nanos() % day == 0);
    let is_long = times.last().zip(times.first()).is_some_and(|(last, first)| last.since(*first).nanos() > 3 * day);
    let repeats = |labels: &Vec<String>| labels.windows(2).any(|pair| pair[0] == pair[1]);
    let dates = Some(of(0..10)).filter(|dates| (is_daily || is_long) && !repeats(dates));
    dates.or_else(|| Some(of(5..16)).filter(|minutes| !repeats(minutes))).unwrap_or_else(|| of(11..19))
}
