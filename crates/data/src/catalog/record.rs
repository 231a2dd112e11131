//! What the catalog asks of a row, whatever its kind.
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::Field;
use qframe_model::time::Time;

use super::decimal::Width;
use crate::rows::Rows;

/// What tells a row from others of the same instant.
pub(super) type Identity = [u64; 6];

/// A row as it is stored.
pub(super) trait Record: Copy + PartialEq + std::fmt::Debug + 'static {
    /// The rows of a batch; `None` where they are of another kind.
    fn of(rows: Rows) -> Option<Vec<Self>>;
    /// The rows of a batch as they stand there; `None` where they are of another kind.
    fn list(rows: &Rows) -> Option<&[Self]>;
    /// True where each batch tells of an instant all that its source knows: its rows of it are then compared as a whole with
    /// those that are stored, and those of two batches never are of one telling.
    const IS_TOLD_BY_DAY: bool = false;
    /// The batch of rows.
    fn rows(list: Vec<Self>) -> Rows;
    /// When.
    fn time(&self) -> Time;
    /// The order among rows of one instant; equal ranks stay as they came.
    fn rank(&self) -> u64 {
        0
    }
    /// What tells it from others of the same instant.
    fn identity(&self) -> Identity {
        Identity::default()
    }
    /// True where an identity may stand several times at one instant: the first is then compared with the first, and so on.
    fn repeats(&self) -> bool {
        false
    }
    /// The 64-bit words that a content hash goes over, in the order of the fields.
    fn words(&self) -> impl IntoIterator<Item = u64>;
    /// True where 64-bit columns hold it.
    fn is_narrow(&self) -> bool;
    /// The columns.
    fn fields(width: Width) -> Vec<Field>;
    /// The rows as those columns.
    fn columns(rows: &[Self], width: Width) -> Vec<ArrayRef>;
    /// The rows of a batch of those columns, behind what is in `rows`.
    fn read(batch: &RecordBatch, rows: &mut Vec<Self>) -> Result<(), String>;
}

/// Runs `$body` with `$record` as the type of a kind's rows.
macro_rules! of_kind {
    ($kind:expr, $record:ident => $body:expr) => {
        match $kind {
            crate::rows::Kind::Bars | crate::rows::Kind::Bids | crate::rows::Kind::Asks => {
                type $record = qframe_model::market::Bar;
                $body
            }
            crate::rows::Kind::Trades => {
                type $record = qframe_model::market::Trade;
                $body
            }
            crate::rows::Kind::Quotes => {
                type $record = qframe_model::market::Quote;
                $body
            }
            crate::rows::Kind::Book => {
                type $record = qframe_model::market::BookDelta;
                $body
            }
            crate::rows::Kind::Funding => {
                type $record = qframe_model::market::FundingRate;
                $body
            }
            crate::rows::Kind::Actions => {
                type $record = qframe_model::market::DatedAction;
                $body
            }
        }
    };
}
pub(super) use of_kind;
