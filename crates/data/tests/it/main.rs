//! The public face of the crate: what it reads, what it refuses, and the laws that hold between its parts.
#[cfg(test)]
mod adjust;
#[cfg(test)]
mod aggregate;
#[cfg(test)]
mod book_rules;
#[cfg(test)]
mod books;
#[cfg(test)]
mod calendars;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod dialects;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod hours;
#[cfg(test)]
mod import;
#[cfg(test)]
mod latencies;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod panel;
#[cfg(test)]
mod quality;
#[cfg(test)]
mod quality_files;
#[cfg(test)]
mod quality_streams;
#[cfg(test)]
mod real_files;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod roll;
#[cfg(test)]
mod streams;

#[cfg(test)]
use qframe_data::{DataError, Loaded, Options, read_bars_from};

#[cfg(test)]
fn read(text: &str) -> Result<Loaded, DataError> {
    read_bars_from(text.as_bytes(), "x.csv", &Options::default())
}
