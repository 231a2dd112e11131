//! The application's laws: what becomes of each row, whatever fails.
mod gate;
mod killed;
mod made;
mod pipeline;
mod spool;
