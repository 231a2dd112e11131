//! Where live rows go: the flags that say it, the pipeline that is made of them, and what became of the rows.
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use qframe_app::pipeline::{Pipeline, Rules, SinkOptions, SinkStats, SpoolError, Stats};
use qframe_data::Catalog;
use qframe_model::time::TimeFrame;
use qframe_store::{CatalogSink, Influx, RedisSink};
use serde_json::{Value, json};

use crate::error::Error;

/// The catalog commits so often, or when so many rows are there.
const CATALOG_LINGER: Duration = Duration::from_secs(10);
const CATALOG_ROWS: usize = 100_000;
/// Redis is for who wants to know at once.
const REDIS_LINGER: Duration = Duration::from_millis(5);
const REDIS_ROWS: usize = 512;
/// The name of a folder is no longer.
const NAME_MAX: usize = 100;

/// The flags that name stores of live rows.
#[derive(Debug, Clone, Args)]
pub(crate) struct Sinks {
    /// Write bars, trades, quotes and funding to InfluxDB, or what speaks its line protocol:
    /// http://USER:PASSWORD@HOST:8086?db=NAME, …/api/v2/write?org=NAME&bucket=NAME, …/api/v3/write_lp?db=NAME.
    #[arg(long, value_name = "URL", env = "QFRAME_INFLUX", hide_env_values = true)]
    influx: Option<String>,
    /// The token of InfluxDB 2 and 3; better in the environment than on the command line.
    #[arg(long, value_name = "TOKEN", env = "QFRAME_INFLUX_TOKEN", hide_env_values = true)]
    influx_token: Option<String>,
    /// Keep the latest rows in Redis, and publish every one on a channel a symbol: redis://HOST:6379/0.
    #[arg(long, value_name = "URL", env = "QFRAME_REDIS", hide_env_values = true)]
    redis: Option<String>,
    /// How long the latest rows live in Redis; bars so much longer than two of their frames.
    #[arg(long, value_name = "TIME", default_value = "1m")]
    redis_expiry: TimeFrame,
    /// Where rows wait on the disk for a store [$XDG_STATE_HOME/qframe/spool, else ~/.local/state/qframe/spool].
    #[arg(long, value_name = "DIR", env = "QFRAME_SPOOL")]
    spool: Option<PathBuf>,
    /// The most megabytes that wait for each store; rows beyond it are lost, and counted.
    #[arg(long, value_name = "MB", default_value_t = 1_024, value_parser = clap::value_parser!(u64).range(1..))]
    spool_size: u64,
}

impl Sinks {
    /// A pipeline with the stores that are named; `keep`: the catalog too. Within a runtime only.
    pub(crate) fn pipeline(&self, rules: Rules, keep: Option<Catalog>) -> Result<Pipeline, Error> {
        let mut pipeline = Pipeline::new(rules);
        if keep.is_none() && self.influx.is_none() && self.redis.is_none() {
            return Ok(pipeline);
        }
        let spools = self.path()?;
        let options = SinkOptions { spool_bytes: self.spool_size.saturating_mul(1 << 20), ..SinkOptions::default() };
        if let Some(catalog) = keep {
            let name = name("catalog", &catalog.root().display().to_string());
            // Every row goes to the disk first, so that a killed process loses none between two commits.
            let (memory_rows, batch_rows, linger) = (0, CATALOG_ROWS, CATALOG_LINGER);
            let answer_max = Duration::from_secs(300);
            let options = SinkOptions { memory_rows, batch_rows, linger, answer_max, ..options.clone() };
            refused(pipeline.add_sink(&name, CatalogSink::new(catalog), &spools, options))?;
        }
        if let Some(address) = &self.influx {
            let token = self.influx_token.as_deref();
            let sink = Influx::new(address, token).map_err(|error| Error::usage("--influx", "", error))?;
            refused(pipeline.add_sink(&name("influx", address), sink, &spools, options.clone()))?;
        }
        if let Some(address) = &self.redis {
            let expiry = Duration::from_secs(self.redis_expiry.seconds().into());
            let sink = RedisSink::new(address, expiry).map_err(|error| Error::usage("--redis", "", error))?;
            let options = SinkOptions { batch_rows: REDIS_ROWS, linger: REDIS_LINGER, ..options };
            refused(pipeline.add_sink(&name("redis", address), sink, &spools, options))?;
        }
        Ok(pipeline)
    }

    /// The folder: as given, else where programs of this user keep their state.
    fn path(&self) -> Result<PathBuf, Error> {
        let given = self.spool.clone().filter(|spool| !spool.as_os_str().is_empty());
        let of = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let own = || of("XDG_STATE_HOME").filter(|path| path.is_absolute());
        let home = || of("HOME").or_else(|| of("USERPROFILE")).map(|home| home.join(".local/state"));
        let found = given.or_else(|| own().or_else(home).map(|state| state.join("qframe/spool")));
        found.ok_or_else(|| Error::usage("--spool", "", "no home folder is known; name a folder for rows that wait"))
    }
}

/// What became of the rows, for programs.
pub(crate) fn told(stats: &Stats) -> Value {
    let sinks: Vec<Value> = stats.sinks.iter().map(told_of).collect();
    json!({
        "received": stats.received, "passed": stats.passed, "late": stats.late, "held": stats.held.counts(),
        "books_lost": stats.books_lost, "waiting": stats.depth,
        "handed_us": { "p50": micros(stats.handed.p50), "p99": micros(stats.handed.p99) },
        "sinks": sinks,
    })
}

/// The same for people: a line for the gate where it held rows, and a line a store.
pub(crate) fn lines(stats: &Stats) -> Vec<String> {
    let mut lines = Vec::new();
    if stats.held.total() > 0 {
        let counts: Vec<String> = stats.held.counts().iter().map(|(reason, rows)| format!("{rows} {reason}")).collect();
        lines.push(format!("{} of {} rows held back: {}", stats.held.total(), stats.received, counts.join(", ")));
        lines.extend(stats.held.kept().last().map(|held| format!("  the last: {}: {}", held.arrival.key, held.text)));
    }
    for sink in &stats.sinks {
        let SinkStats { name, written, waiting, spooled, .. } = sink;
        let (refused, lost) = (sink.refused.total(), sink.lost_rows());
        let mut line = format!("{name}: {written} written, {waiting} waiting, {spooled} on disk");
        for (count, word) in [(refused, "refused"), (lost, "lost")] {
            if count > 0 {
                line.push_str(&format!(", {count} {word}"));
            }
        }
        if let Some(why) = sink.last_failure.as_ref().filter(|_| sink.is_down) {
            line.push_str(&format!("; down: {why}"));
        }
        lines.push(line);
        lines.extend(
            sink.refused.kept().last().map(|held| format!("  the last refused: {}: {}", held.reason, held.text)),
        );
    }
    lines
}

/// A sentence for each store that has not got all that was for it.
pub(crate) fn losses(stats: &Stats) -> impl Iterator<Item = String> {
    let lossy = stats.sinks.iter().filter(|sink| sink.lost_rows() > 0);
    lossy.map(|sink| {
        let reasons: Vec<String> = sink.lost.iter().map(|(reason, rows)| format!("{rows} as {reason}")).collect();
        let (name, lost) = (&sink.name, sink.lost_rows());
        format!(
            "{name}: {lost} of {} rows are lost: {}; its books are cleared from there to their next whole one; try a larger \
             --spool-size, or mend the store or the disk",
            sink.given + sink.taken_up,
            reasons.join(", ")
        )
    })
}

fn told_of(sink: &SinkStats) -> Value {
    json!({
        "name": sink.name, "given": sink.given, "taken_up": sink.taken_up, "written": sink.written,
        "waiting": sink.waiting, "spooled": sink.spooled, "spool_bytes": sink.spool_bytes,
        "refused": sink.refused.counts(), "lost": sink.lost, "damaged_bytes": sink.damaged_bytes,
        "failures": sink.failures, "down": sink.is_down, "last_failure": sink.last_failure,
        "wait_us": { "p50": micros(sink.waits.p50), "p99": micros(sink.waits.p99) },
        "answer_us": { "p50": micros(sink.answers.p50), "p99": micros(sink.answers.p99) },
    })
}

fn micros(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}

/// A folder for each store, so that rows of one never go to another; no password in it.
fn name(what: &str, address: &str) -> String {
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    let address = address.rsplit_once('@').map_or(address, |(_, host)| host);
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '_' };
    let plain: String = address.trim_matches('/').chars().map(plain).collect();
    let start = plain.len().saturating_sub(NAME_MAX);
    format!("{what}-{}", &plain[start..])
}

fn refused(added: Result<(), SpoolError>) -> Result<(), Error> {
    added.map_err(|error| match &error {
        SpoolError::Taken(folder) => {
            let folder = folder.parent().unwrap_or(Path::new("")).display().to_string();
            Error::usage("--spool", folder, &error)
        }
        _ => Error::refused(error),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        sinks: Sinks,
    }

    fn parse(words: &[&str]) -> Sinks {
        Flags::try_parse_from(["x"].iter().chain(words)).map(|flags| flags.sinks).unwrap()
    }

    fn made(words: &[&str], folder: &Path) -> Result<usize, String> {
        let folder = folder.display().to_string();
        let words: Vec<&str> = words.iter().copied().chain(["--spool", &folder]).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let pipeline = parse(&words).pipeline(Rules::default(), None).map_err(|error| error.to_string())?;
            let stats = pipeline.start().1.finish().await;
            assert_eq!(told(&stats)["sinks"].as_array().map(Vec::len), Some(lines(&stats).len()));
            Ok(stats.sinks.len())
        })
    }

    #[test]
    fn flags_make_stores() {
        let folder = tempfile::tempdir().unwrap();
        let (influx, redis) = ("http://me:secret@127.0.0.1:1?db=q", "redis://127.0.0.1:1/0");
        assert_eq!(made(&[], folder.path()), Ok(0));
        assert_eq!(made(&["--influx", influx, "--redis", redis], folder.path()), Ok(2));
        let check = |words: &[&str], expected: &str| {
            let error = made(words, folder.path()).unwrap_err();
            assert!(error.contains(expected) && !error.contains("secret"), "{error}");
        };
        check(&["--influx", "http://127.0.0.1:8086"], "--influx: the address of InfluxDB does not say its database");
        check(&["--redis", "http://127.0.0.1"], "expected redis://HOST:6379/0");
        let _taken = qframe_app::pipeline::Spool::open(&folder.path().join(name("redis", redis)), 1).unwrap();
        check(&["--redis", redis], "another process spools there");
    }

    #[test]
    fn a_folder_names_its_store_and_no_password() {
        assert_eq!(name("influx", "http://me:s@c@host:8086?db=q"), "influx-host_8086_db_q");
        assert_eq!(name("redis", "redis://host/1"), "redis-host_1");
        assert!(name("catalog", &"/long".repeat(99)).len() < 120);
    }
}
