//! Tests of the crate as its users see it.
#[cfg(test)]
mod download;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod server;
#[cfg(test)]
mod signatures;
#[cfg(test)]
mod stream;
