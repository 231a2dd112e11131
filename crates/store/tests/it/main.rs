//! The stores, against real ones where they are there: `cargo xtask test` starts them and says where by a variable each.
mod catalog;
mod influx;
mod lines;
mod made;
mod redis;
mod served;
