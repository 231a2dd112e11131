//! Whether a strategy sells short.
use qframe_model::market::Side;
use qframe_model::parameter::{ParameterSpec, Parameters};

use crate::registry::{BuildError, MarketInfo};

/// What a signal to sell does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Closes the long position.
    #[default]
    LongFlat,
    /// Turns into a short position.
    LongShort,
}

impl Mode {
    pub(super) const PARAMETER: ParameterSpec = ParameterSpec::text(
        "mode",
        "long-flat: a signal to sell closes what is held; long-short: it also sells short",
        "long-flat",
        &["long-flat", "long-short"],
    );

    /// The parameter's value; refused where the market does not let it sell short.
    pub(super) fn read(parameters: &Parameters, market: &MarketInfo) -> Result<Self, BuildError> {
        match parameters.text("mode")? {
            "long-short" => market.check_short("mode long-short").map(|()| Self::LongShort),
            _ => Ok(Self::LongFlat),
        }
    }

    /// The position that this mode takes where `wanted` is the signal: flat in place of a short one it does not take.
    #[inline]
    pub(super) fn allowed(self, wanted: Option<Side>) -> Option<Side> {
        wanted.filter(|side| self == Self::LongShort || *side == Side::Buy)
    }
}
