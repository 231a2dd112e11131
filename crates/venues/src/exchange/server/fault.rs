//! Faults on demand: what can go wrong between an exchange and its clients, at chosen rates, the same for the same seed.
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use qframe_model::number::Rate;

/// What is to go wrong. The default is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// Every WebSocket is cut after so long.
    pub disconnect: Option<Duration>,
    /// Answers and frames come so much later.
    pub delay: Duration,
    /// The share of frames that come twice.
    pub duplicate: Rate,
    /// The share of frames that never come.
    pub drop: Rate,
    /// The share of new orders that are refused.
    pub reject: Rate,
    /// The share of requests that end in status 500; nothing was carried out then.
    pub http500: Rate,
    /// Equal seeds give equal faults.
    pub seed: u64,
}

/// A text names no fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultError(String);

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}; expected some of disconnect=5s, delay=200ms, duplicate=1%, drop=1%, reject=1%, http500=1%, with commas \
             between them",
            self.0
        )
    }
}

impl std::error::Error for FaultError {}

impl FromStr for Faults {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (mut faults, mut seen) = (Self::default(), Vec::new());
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| FaultError(format!("{part:?} has no value")))?;
            if seen.contains(&name) {
                return Err(FaultError(format!("{name:?} is there twice")));
            }
            seen.push(name);
            match name {
                "disconnect" => {
                    let span = Some(duration(value)?).filter(|span| !span.is_zero());
                    let never =
                        || FaultError(format!("{part:?} leaves no time for a connection; leave it out for none"));
                    faults.disconnect = Some(span.ok_or_else(never)?);
                }
                "delay" => faults.delay = duration(value)?,
                "duplicate" => faults.duplicate = share(value)?,
                "drop" => faults.drop = share(value)?,
                "reject" => faults.reject = share(value)?,
                "http500" => faults.http500 = share(value)?,
                _ => return Err(FaultError(format!("{name:?} is no fault"))),
            }
        }
        Ok(faults)
    }
}

fn duration(text: &str) -> Result<Duration, FaultError> {
    let refused = || FaultError(format!("{text:?} is no time such as 5s or 200ms"));
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s').ok_or_else(refused)?, 1_000),
    };
    let millis = number.parse::<u32>().map_err(|_| refused())?;
    Ok(Duration::from_millis(u64::from(millis) * unit))
}

fn share(text: &str) -> Result<Rate, FaultError> {
    let share = Rate::parse(text).ok().filter(|share| !share.is_negative() && *share <= Rate::ONE);
    share.ok_or_else(|| FaultError(format!("{text:?} is no share from 0% to 100%")))
}

/// The draws of one connection, or of the requests.
#[derive(Debug, Clone)]
pub struct Draws {
    seed: u64,
    drawn: u64,
}

impl Draws {
    /// The draws number `stream` of a seed.
    #[must_use]
    pub const fn new(seed: u64, stream: u64) -> Self {
        Self { seed: seed ^ stream.wrapping_mul(0xd605_1f8d_3c1b_92a5), drawn: 0 }
    }

    /// True in `share` of the cases.
    pub fn hits(&mut self, share: Rate) -> bool {
        self.drawn += 1;
        let part = (i128::from(splitmix(self.seed, self.drawn)) * i128::from(Rate::ONE.nanos())) >> 64;
        part < i128::from(share.nanos())
    }
}

/// The number `draw` of the sequence `seed`: SplitMix64 (Steele, Lea and Flood, 2014).
const fn splitmix(seed: u64, draw: u64) -> u64 {
    let state = seed.wrapping_add(draw.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
