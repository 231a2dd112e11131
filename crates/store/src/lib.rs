//! Stores outside the process: where live rows go. Each is a [`Sink`](qframe_app::pipeline::Sink) that writes a batch and
//! says what became of it; waiting, trying again and spooling is the pipeline's.
mod catalog;
mod influx;
mod redis;

pub use catalog::CatalogSink;
pub use influx::{Encoder, Influx, InfluxError, LineFault};
pub use redis::{RedisError, RedisSink};
