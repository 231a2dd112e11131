//! The program as a user runs it.
#[cfg(test)]
mod docs;
#[cfg(test)]
mod program;
#[cfg(test)]
mod refusals;
