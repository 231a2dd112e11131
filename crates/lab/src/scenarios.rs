//! Scenarios of risk, drawn by all threads.
use qframe_quant::risk::{BLOCK, Paths, Room};
use rayon::prelude::*;

/// All outcomes. Each block has a stream of chance of its own, so they are the same on one thread or many.
#[must_use]
pub fn draw(paths: &impl Paths) -> Vec<f64> {
    let mut outcomes = vec![0.0; paths.scenarios()];
    let blocks = outcomes.par_chunks_mut(BLOCK).enumerate();
    blocks.for_each_init(Room::default, |room, (index, out)| paths.block(index, room, out));
    outcomes
}
