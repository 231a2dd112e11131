//! Order books of exchanges: raw messages to frames, frames to books that are good or not there, recorded streams to rows.
//!
//! [`Decoder`], [`Builder`] and [`Books`] know no file and no clock, so that a live stream goes the same way as a recorded
//! one; [`Recording`] and [`Ticks`] read files.
mod binance;
mod books;
mod builder;
mod coinbase;
mod decode;
mod frame;
mod json;
mod lines;
mod marks;
mod names;
mod quick;
mod recording;
mod seen;
mod ticks;

pub use books::{Books, Instrument, Lost, UnknownName};
pub use builder::{BookCounts, Builder, Loss, Stamp};
pub use decode::Decoder;
pub use frame::{Change, Content, Feed, Frame, FrameFault, Top, Updates};
pub use marks::{MarkRow, read_marks};
pub use recording::{Recording, RecordingFacts};
pub use ticks::{Ticks, keep_in_order, read_ticks};
