//! What a person says to the circuit breakers in the course of a run.
use qframe_engine::Command;
use qframe_model::time::Time;

/// Hands out commands as their instants come, before anything else of that instant.
#[derive(Debug)]
pub(crate) struct Hand(Vec<(Time, Command)>);

impl Hand {
    /// Of one instant, in the order in which they are written.
    pub(crate) fn new(commands: &[(Time, Command)]) -> Self {
        let mut left = commands.to_vec();
        left.reverse();
        left.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
        Self(left)
    }

    /// Gives what is said up to `time`.
    #[inline]
    pub(crate) fn advance<E>(
        &mut self,
        time: Time,
        mut give: impl FnMut(Time, Command) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some((at, command)) = self.0.pop_if(|(at, _)| *at <= time) {
            give(at, command)?;
        }
        Ok(())
    }
}
