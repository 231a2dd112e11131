//! The strategies that come with QFrame, each in its own file.
mod ma_crossover;

pub use ma_crossover::{MaCrossover, Mode};
