//! A traded quantity in eight bytes.
use super::{NumberError, Overflow, Quantity};

/// The traded quantity of a stored row: a non-negative [`Quantity`] packed into 64 bits (60 bits of digits, 4 bits that
/// count the decimals), so that a bar takes six words. Exact for up to 18 digits, whatever the place of the point:
/// 1e12 SHIB and 1e-8 BTC both fit. Always normalised (no trailing zero), so equal volumes are equal bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Volume(u64);

const DECIMAL_BITS: u32 = 4;
const DECIMALS_MASK: u64 = (1 << DECIMAL_BITS) - 1;
const DIGITS_MAX: i128 = (1 << (64 - DECIMAL_BITS)) - 1;
const POWERS: [u64; 10] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

impl Volume {
    /// No trade.
    pub const ZERO: Self = Self(0);

    /// Packs `digits` x 10^-`decimals`. `None` for more than nine decimals or more digits than 60 bits hold.
    #[must_use]
    #[inline]
    pub fn from_digits(mut digits: u64, mut decimals: u32) -> Option<Self> {
        if digits == 0 {
            return Some(Self::ZERO);
        }
        while decimals > 0 && digits.is_multiple_of(10) {
            digits /= 10;
            decimals -= 1;
        }
        let fits = decimals <= Quantity::DECIMALS && i128::from(digits) <= DIGITS_MAX;
        fits.then_some(Self(digits << DECIMAL_BITS | u64::from(decimals)))
    }

    /// Packs a quantity.
    ///
    /// # Errors
    /// [`Overflow`] where it is negative or needs more than 18 digits.
    pub fn new(quantity: Quantity) -> Result<Self, Overflow> {
        let refused = Overflow("a volume");
        let (mut digits, mut decimals) = (quantity.nanos(), Quantity::DECIMALS);
        while decimals > 0 && digits % 10 == 0 {
            digits /= 10;
            decimals -= 1;
        }
        let digits = u64::try_from(digits).map_err(|_| refused)?;
        Self::from_digits(digits, decimals).ok_or(refused)
    }

    /// The quantity, exactly.
    #[must_use]
    #[inline]
    pub fn quantity(self) -> Quantity {
        let power = POWERS[9 - self.decimals()];
        Quantity::from_nanos(i128::from(self.0 >> DECIMAL_BITS) * i128::from(power))
    }

    /// The nearest `f64`.
    #[must_use]
    #[inline]
    pub fn to_f64(self) -> f64 {
        (self.0 >> DECIMAL_BITS) as f64 / POWERS[self.decimals()] as f64
    }

    /// True where nothing traded.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The 64 bits inside, for stores.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// From the 64 bits of [`Volume::bits`].
    ///
    /// # Errors
    /// [`Overflow`] where no volume has these bits.
    pub fn from_bits(bits: u64) -> Result<Self, Overflow> {
        let decimals = (bits & DECIMALS_MASK) as u32;
        let volume = Self::from_digits(bits >> DECIMAL_BITS, decimals).filter(|volume| volume.0 == bits);
        volume.ok_or(Overflow("a stored volume"))
    }

    fn decimals(self) -> usize {
        // Constructors keep it at nine or less; the bound is for the optimiser.
        ((self.0 & DECIMALS_MASK) as usize).min(9)
    }
}

impl std::str::FromStr for Volume {
    type Err = NumberError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // 60 bits of digits are 1.15e18.
        Self::new(text.parse()?).map_err(|_| NumberError::too_large(text, 1.1e18))
    }
}

crate::serial::text_or_number!(Volume, u64, |volume: &Volume| volume.0, Volume::from_bits);

impl std::fmt::Display for Volume {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.quantity().fmt(f)
    }
}

impl std::fmt::Debug for Volume {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Volume({self})")
    }
}
