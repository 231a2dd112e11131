//! The application's laws: what becomes of each row, whatever fails.
#[cfg(test)]
mod gate;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod made;
#[cfg(test)]
mod pipeline;
#[cfg(test)]
mod spool;
