//! Files of market rows: read, checked, counted and written; bars of one time frame made into bars of another; the
//! bundled samples of recorded prices; and calendars of dividends, splits and funding rates.
//!
//! Nothing here trades, and nothing is repaired in silence: a row becomes a [`Bar`](qframe_model::market::Bar), or it
//! is refused with its file, line and column, or (when asked) it is passed over and counted by reason.
mod adjust;
mod aggregate;
mod bad_row;
pub mod book;
pub mod catalog;
mod csv;
mod defect;
mod error;
mod format;
mod gaps;
mod gzip;
pub mod hours;
pub mod import;
mod loaded;
mod mid;
mod pages;
mod panel;
pub mod quality;
mod resample;
mod roll;
mod rows;
pub mod samples;
pub mod securities;

pub use adjust::{Adjust, AdjustError, Adjustment, Factor, Step, unseen_splits};
pub use aggregate::{QuoteBars, TradeBars};
pub use bad_row::{BadRow, RowFault, Zone};
pub use catalog::{Catalog, CatalogError, Conflict, Merged, SetFacts};
pub use csv::printable;
pub use csv::{Calendar, CalendarKind, read_calendar, read_calendar_from};
pub use csv::{FigureColumn, Figures, read_figures, read_figures_from};
pub use csv::{Latencies, read_latencies, read_latencies_from};
pub use csv::{Offsets, OnBadRow, Options, header, read_bars, read_bars_from, write_bars, write_rows};
pub use csv::{Rates, read_rates, read_rates_from};
pub use csv::{Wide, is_wide, read_wide, read_wide_from};
pub use defect::{Defect, Finding};
pub use error::{BadFile, DataError, FileFault, Remedy};
pub use format::Format;
pub use gaps::{Gaps, Hole, Pattern};
pub use loaded::{Facts, Loaded, RowOrder, Skipped};
pub use mid::{MidBars, mid_bars};
pub use panel::{Align, Aligned, Closes, Panel, PanelError, periods_per_year, quiet_days};
pub use resample::{ResampleError, Resampled, Resampling, resample, resample_closes};
pub use roll::{Contract, Roll, RollAdjust, RollError, RollRule, Rolled, roll};
pub use rows::{DataKey, Kind, Rows};
