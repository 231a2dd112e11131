//! The stores, against real ones where they are there: `cargo xtask test` starts them and says where by a variable each.
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod influx;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod lines;
#[cfg(test)]
mod made;
#[cfg(test)]
mod redis;
#[cfg(test)]
mod served;
