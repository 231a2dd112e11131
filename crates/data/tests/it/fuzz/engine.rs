//! Inputs: texts that are right, changed in a few places.
use super::runs;

/// Which text, and what is done to it: the kind of change, the place, a byte for it.
pub(crate) type Input = (u8, Vec<(u8, u16, u8)>);

/// What tends to break a reader.
const TOKENS: [&str; 32] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "\\u0000",
    "\n",
    "null",
    "-1",
    "1e999",
    "99999999999999999999",
    "0.0000000000000001",
    "\"pu\":0,",
    "\"data\":{",
    "\"events\":[",
    "NaN",
    "\u{feff}",
    "🦀",
    "18446744073709551615",
    "\"\"",
    "true",
    "-",
    "&",
    "=",
    "%",
    "%00",
    "&quantity=9223372036",
    "&price=0.00000001",
    "9223372036854775807",
    "2020-01-01T00:00:00Z",
];

/// Runs a target on so many inputs made of `seeds`, then on a quarter as many of arbitrary bytes. The target is told which
/// seed it was. Memory must not grow with them.
pub(crate) fn fuzz<S: AsRef<[u8]> + std::panic::RefUnwindSafe>(
    seeds: &[S],
    target: impl Fn(usize, &[u8]) + std::panic::RefUnwindSafe,
) {
    let runs = runs();
    let before = resident();
    let which = |seed: usize| seed % seeds.len();
    let mutated = |(seed, changes): &Input| target(which((*seed).into()), &mutate(seeds, *seed, changes));
    bolero::check!().with_type::<Input>().with_iterations(runs).for_each(mutated);
    let arbitrary = |bytes: &Vec<u8>| target(which(bytes.len()), bytes);
    bolero::check!().with_type::<Vec<u8>>().with_iterations(runs / 4).for_each(arbitrary);
    if let (Some(before), Some(after)) = (before, resident()) {
        println!("{runs} inputs; memory {} MiB, before {} MiB", after >> 10, before >> 10);
        assert!(after < before + (512 << 10), "memory grew from {before} to {after} KiB");
    }
}

/// The peak of resident memory in KiB, where the system tells it.
pub(crate) fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

/// A text with changes made to it.
pub(crate) fn mutate<S: AsRef<[u8]>>(seeds: &[S], seed: u8, changes: &[(u8, u16, u8)]) -> Vec<u8> {
    let pick = |number: u8| seeds[usize::from(number) % seeds.len()].as_ref();
    let mut text = pick(seed).to_vec();
    for (kind, place, byte) in changes.iter().take(16) {
        let at = usize::from(*place) % (text.len() + 1);
        let end = (at + usize::from(*byte)).min(text.len());
        match kind % 8 {
            0 if at < text.len() => text[at] = *byte,
            1 => _ = text.drain(at..end),
            2 => text.insert(at, *byte),
            3 => text.truncate(at),
            4 => {
                let part = text[at..end].to_vec();
                text.splice(at..at, part);
            }
            5 => _ = text.splice(at..at, TOKENS[usize::from(*byte) % TOKENS.len()].bytes()),
            6 => {
                text.truncate(at);
                text.extend_from_slice(&pick(*byte)[at.min(pick(*byte).len())..]);
            }
            // A digit of another size, or the same many times: numbers stay numbers.
            _ => {
                if let Some(digit) = text[at..].iter().position(u8::is_ascii_digit) {
                    text.splice(at + digit..at + digit, std::iter::repeat_n(b'0' + byte % 10, usize::from(byte % 24)));
                }
            }
        }
    }
    text.truncate(1 << 16);
    text
}
