//! Dense numbers for what the hot path looks up: an index into a table, never a text.
use std::fmt;

/// Makes an index newtype.
macro_rules! index {
    ($(#[$doc:meta])* $name:ident, $int:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $int);

        impl $name {
            /// As a place in a table.
            #[must_use]
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

index!(
    /// An instrument of the run: its place in the list of instruments.
    InstrumentId, u16
);
index!(
    /// A stream of rows of the run (an instrument's bars of one time frame): its place in the list of series.
    SeriesId, u16
);
index!(
    /// A currency or asset of the ledger: its place in the list of commodities.
    CommodityId, u16
);
index!(
    /// An order, numbered by the engine from 1 in the order of creation.
    OrderId, u64
);
