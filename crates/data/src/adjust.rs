//! Prices of a share on one scale: bars before a split in the units of the last bar, and, for total return, with what was
//! paid out counted as if it had been put back into the share.
//!
//! A split of `r` divides the prices before it by `r` and multiplies their volumes. A dividend of `D` multiplies the prices
//! before it by `(C - D) / C`, where `C` is the last close before it: so much is left of the wealth when it is paid, and as
//! much grows from there on as if `D` had bought shares at `C - D` (CRSP's "factor to adjust price", with the ordinary
//! dividends in it). The dividends between two bars count together, each in the units of its own instant.
//!
//! Factors are decimals of [`Factor::DECIMALS`] digits, rounded half-even once for each step; adjusted prices and volumes
//! are rounded half-even to nine. The way back rounds to the grid of the raw bars, which [`Adjustment::is_reversible`]
//! says is exact.
use std::fmt;

use qframe_model::market::{Bar, CorporateAction, DatedAction};
use qframe_model::number::{Cash, Price, Quantity, Rate, Rounding, Volume, mul_div};
use qframe_model::time::Time;

/// What is taken out of the prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjust {
    /// Nothing.
    None,
    /// Splits.
    Split,
    /// Splits and dividends.
    TotalReturn,
}

impl Adjust {
    /// All of them by name.
    pub const ALL: [(&'static str, Self); 3] =
        [("none", Self::None), ("split", Self::Split), ("total-return", Self::TotalReturn)];

    /// Its name on the command line and behind the venue of the bars that were made: `usa.split`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Split => "split",
            Self::TotalReturn => "total-return",
        }
    }
}

/// What a number is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factor(i128);

impl Factor {
    /// Digits behind the point.
    pub const DECIMALS: u32 = 24;
    /// Changes nothing.
    pub const ONE: Self = Self(10i128.pow(Self::DECIMALS));

    /// Multiplied by a fraction; `None` where it becomes zero or too large.
    #[must_use]
    pub fn times(self, above: i128, below: i128) -> Option<Self> {
        mul_div(self.0, above, below, Rounding::HalfEven).filter(|value| *value > 0).map(Self)
    }

    /// A number multiplied by it.
    #[must_use]
    pub fn of(self, number: i128) -> Option<i128> {
        mul_div(number, self.0, Self::ONE.0, Rounding::HalfEven)
    }

    /// The multiple of `grid` nearest to a number divided by it.
    fn out_of(self, number: i128, grid: i128) -> Option<i128> {
        mul_div(number, Self::ONE.0, self.0.checked_mul(grid)?, Rounding::HalfEven)?.checked_mul(grid)
    }

    /// The nearest `f64`.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / Self::ONE.0 as f64
    }
}

/// With a precision, the digits behind it are left out.
impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / Self::ONE.0, self.0 % Self::ONE.0);
        let digits = format!("{part:0width$}", width = Self::DECIMALS as usize);
        let digits = f.precision().and_then(|places| digits.get(..places)).unwrap_or(&digits);
        match digits.trim_end_matches('0') {
            "" => write!(f, "{whole}"),
            digits => write!(f, "{whole}.{digits}"),
        }
    }
}

/// From one scale of prices to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The first bar behind it.
    pub time: Time,
    /// What prices before it are multiplied by, the later steps included.
    pub price: Factor,
    /// What volumes before it are multiplied by, the later steps included.
    pub volume: Factor,
}

/// Why bars cannot be adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdjustError {
    /// A split into nothing, or a dividend below zero.
    Action(DatedAction),
    /// What was paid out is not less than the last close before.
    TooMuch(Time, Price),
    /// A factor, a price or a volume outside its range.
    OutOfRange(Time),
}

impl fmt::Display for AdjustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action(DatedAction { time, action: CorporateAction::Split(ratio) }) => {
                write!(f, "{time:#}: a split into {ratio}; expected a ratio above zero")
            }
            Self::Action(DatedAction { time, action: CorporateAction::Dividend(dividend) }) => {
                write!(f, "{time:#}: a dividend of {}; expected zero or more", dividend.each)
            }
            Self::TooMuch(time, close) => {
                write!(
                    f,
                    "{time:#}: dividends not less than the close before, {close}; are the prices adjusted already?"
                )
            }
            Self::OutOfRange(time) => write!(f, "{time:#}: the adjusted price or volume leaves the range of numbers"),
        }
    }
}

impl std::error::Error for AdjustError {}

/// The scales of a series of raw bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    steps: Vec<Step>,
    outside: usize,
    price_grid: i128,
    volume_grid: i128,
}

impl Adjustment {
    /// Of raw bars, oldest first, and of what fell due; dividends of an instant count before its splits.
    ///
    /// # Errors
    /// [`AdjustError`] for the first action that cannot be.
    pub fn new(bars: &[Bar], actions: &[DatedAction], how: Adjust) -> Result<Self, AdjustError> {
        let wanted = |dated: &&DatedAction| match dated.action {
            CorporateAction::Split(_) => how != Adjust::None,
            CorporateAction::Dividend(_) => how == Adjust::TotalReturn,
        };
        let mut actions: Vec<DatedAction> = actions.iter().filter(wanted).copied().collect();
        actions.sort_by_key(|dated| (dated.time, matches!(dated.action, CorporateAction::Split(_))));
        // What falls due before there is a bar, or behind the last one, is on no scale of these bars.
        let place = |dated: &DatedAction| bars.partition_point(|bar| bar.time < dated.time);
        let all = actions.len();
        actions.retain(|dated| (1..bars.len()).contains(&place(dated)));
        let outside = all - actions.len();
        let mut steps = Vec::new();
        let (mut price, mut volume) = (Factor::ONE, Factor::ONE);
        for group in actions.chunk_by(|a, b| place(a) == place(b)).rev() {
            let at = place(&group[0]);
            let scale = Scale::new(bars[at - 1].close, group)?;
            let out_of_range = AdjustError::OutOfRange(group[0].time);
            (price, volume) = scale.over(price, volume).ok_or(out_of_range)?;
            steps.push(Step { time: bars[at].time, price, volume });
        }
        steps.reverse();
        let nanos = |bar: &Bar| [bar.open, bar.high, bar.low, bar.close].map(|price| i128::from(price.nanos()));
        let price_grid = bars.iter().flat_map(nanos).fold(0, divisor).max(1);
        let volume_grid = bars.iter().map(|bar| bar.volume.quantity().nanos()).fold(0, divisor).max(1);
        Ok(Self { steps, outside, price_grid, volume_grid })
    }

    /// The steps, oldest first.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How many of the actions that were asked for fell due before the second or behind the last bar.
    #[must_use]
    pub const fn outside(&self) -> usize {
        self.outside
    }

    /// The raw bars on the scale of the last one.
    ///
    /// # Errors
    /// [`AdjustError::OutOfRange`] where a price becomes zero.
    pub fn apply(&self, bars: &[Bar]) -> Result<Vec<Bar>, AdjustError> {
        self.each(bars, |number, factor, _| factor.of(number))
    }

    /// Adjusted bars as they were.
    ///
    /// # Errors
    /// [`AdjustError::OutOfRange`] where these bars are none that were adjusted so.
    pub fn undo(&self, bars: &[Bar]) -> Result<Vec<Bar>, AdjustError> {
        self.each(bars, |number, factor, grid| factor.out_of(number, grid))
    }

    /// True where [`Adjustment::undo`] gives back exactly what [`Adjustment::apply`] was given: no factor is so small that two
    /// prices or volumes of the raw grid become one.
    #[must_use]
    pub fn is_reversible(&self) -> bool {
        let holds = |factor: Factor, grid| factor.of(grid).is_some_and(|step| step > 1);
        self.steps.iter().all(|step| holds(step.price, self.price_grid) && holds(step.volume, self.volume_grid))
    }

    fn each(&self, bars: &[Bar], scaled: impl Fn(i128, Factor, i128) -> Option<i128>) -> Result<Vec<Bar>, AdjustError> {
        let mut steps = self.steps.iter().peekable();
        let mut made = Vec::with_capacity(bars.len());
        for bar in bars {
            while steps.next_if(|step| step.time <= bar.time).is_some() {}
            let Some(step) = steps.peek() else {
                made.push(*bar);
                continue;
            };
            let price = |price: Price| {
                let nanos = scaled(price.nanos().into(), step.price, self.price_grid)?;
                i64::try_from(nanos).ok().filter(|nanos| *nanos > 0).map(Price::from_nanos)
            };
            let volume = || {
                let nanos = scaled(bar.volume.quantity().nanos(), step.volume, self.volume_grid)?;
                packed(nanos)
            };
            let scaled = || {
                let (open, high, low, close) = (price(bar.open)?, price(bar.high)?, price(bar.low)?, price(bar.close)?);
                Some(Bar { time: bar.time, open, high, low, close, volume: volume()? })
            };
            made.push(scaled().ok_or(AdjustError::OutOfRange(bar.time))?);
        }
        Ok(made)
    }
}

/// Splits that the prices do not show: the price behind them is nearer to the close before than to its share of it. Such
/// prices are adjusted already. The price is the median of open, close and next open: the first bar of a day may begin with
/// a price of the day before. Splits of less than three into two are too small to tell: they go with the others.
#[must_use]
pub fn unseen_splits(bars: &[Bar], actions: &[DatedAction]) -> Vec<DatedAction> {
    let is_seen = |dated: &DatedAction| {
        let CorporateAction::Split(ratio) = dated.action else { return None };
        let at = bars.partition_point(|bar| bar.time < dated.time);
        let (before, after) = (bars.get(at.checked_sub(1)?)?, bars.get(at)?);
        let mut behind = [after.open, after.close, bars.get(at + 1).map_or(after.close, |next| next.open)];
        behind.sort();
        let (fell, ratio) = ((before.close.to_f64() / behind[1].to_f64()).ln(), ratio.to_f64().ln());
        (ratio.abs() > TELLING.ln()).then_some(fell.abs() >= (fell - ratio).abs())
    };
    let told: Vec<(&DatedAction, Option<bool>)> = actions.iter().map(|dated| (dated, is_seen(dated))).collect();
    let none_seen = told.iter().all(|(_, seen)| *seen != Some(true)) && told.iter().any(|(_, seen)| seen.is_some());
    let is_split = |dated: &DatedAction| matches!(dated.action, CorporateAction::Split(_));
    let unseen = told.iter().filter(|(dated, seen)| *seen == Some(false) || none_seen && is_split(dated));
    unseen.map(|(dated, _)| **dated).collect()
}

/// Three into two, less a little.
const TELLING: f64 = 1.45;

/// What falls due between two bars, as fractions of prices and of volumes.
struct Scale {
    close: i128,
    /// What is left of the close, in the units it was counted in.
    left: i128,
    splits: Vec<Rate>,
}

impl Scale {
    fn new(close: Price, group: &[DatedAction]) -> Result<Self, AdjustError> {
        let time = group[0].time;
        let out_of_range = AdjustError::OutOfRange(time);
        let close_attos = i128::from(close.nanos()) * ATTOS;
        let mut scale = Self { close: close_attos, left: close_attos, splits: Vec::new() };
        for dated in group {
            match dated.action {
                CorporateAction::Split(ratio) if ratio.is_positive() => scale.splits.push(ratio),
                CorporateAction::Dividend(dividend) if !dividend.each.is_negative() => {
                    let whole = scale.in_old_units(dividend.each).ok_or(out_of_range)?;
                    scale.left = scale.left.checked_sub(whole).ok_or(out_of_range)?;
                }
                _ => return Err(AdjustError::Action(*dated)),
            }
        }
        if scale.left > 0 { Ok(scale) } else { Err(AdjustError::TooMuch(time, close)) }
    }

    /// Of a payment on each unit of now, the payment on each unit of the close.
    fn in_old_units(&self, amount: Cash) -> Option<i128> {
        self.splits.iter().try_fold(amount.attos(), |amount, ratio| {
            let (new, old) = ratio.fraction();
            mul_div(amount, new, old, Rounding::HalfEven)
        })
    }

    fn over(&self, price: Factor, volume: Factor) -> Option<(Factor, Factor)> {
        let left = price.times(self.left, self.close)?;
        self.splits.iter().try_fold((left, volume), |(price, volume), ratio| {
            let (new, old) = ratio.fraction();
            Some((price.times(old, new)?, volume.times(new, old)?))
        })
    }
}

/// Cash has nine decimals more than prices.
const ATTOS: i128 = 1_000_000_000;

/// A volume of at most the digits that one holds: those behind are rounded off.
fn packed(nanos: i128) -> Option<Volume> {
    let volume = |nanos| Volume::new(Quantity::from_nanos(nanos)).ok();
    let coarser = (1..=9u32).map(|digits| 10i128.pow(digits));
    volume(nanos).or_else(|| {
        coarser.into_iter().find_map(|unit| volume(mul_div(nanos, 1, unit, Rounding::HalfEven)?.checked_mul(unit)?))
    })
}

/// The greatest common divisor: Euclid.
fn divisor(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
