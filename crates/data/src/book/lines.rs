//! Lines of a recording: plain, gzip or Zstandard, one message each, with what stands before it.
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use qframe_model::time::Time;

use crate::error::{BadFile, DataError, FileFault};
use crate::gzip::{Members, Trailing};

/// The longest line that is read: a book of a hundred thousand levels on either side fits.
const LINE_MAX: usize = 16 << 20;
/// How much is read at once.
const CHUNK: usize = 1 << 18;

/// The lines of one input.
pub(super) struct Lines {
    pub(super) file: String,
    input: Box<dyn BufRead + Send>,
    buffer: Vec<u8>,
    pub(super) number: u64,
    gzip: bool,
    packed: bool,
    /// What is packed breaks off: what came before was read, and is right as far as anything tells.
    pub(super) is_broken: bool,
}

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// A message, when it was received where that stands before it, and the symbol that its address asked for.
    Message(&'a [u8], Option<Time>, Option<&'a str>),
    /// A note of the recorder, such as the address of a stream; of a connection that ended, when that was.
    Note(Option<Time>),
    /// Neither.
    Neither(&'a [u8]),
    /// Longer than any message; it was passed over.
    TooLong,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let name = path.display().to_string();
        let (file, _) = crate::csv::open(path).map_err(|fault| refused(&name, 0, fault))?;
        Self::new(file, &name)
    }

    pub(super) fn new(mut reader: impl Read + Send + 'static, file: &str) -> Result<Self, DataError> {
        let mut head = Vec::with_capacity(4);
        let first = reader.by_ref().take(4).read_to_end(&mut head);
        first.map_err(|error| refused(file, 0, FileFault::Unreadable(error.to_string())))?;
        if head.is_empty() {
            return Err(refused(file, 0, if file.ends_with(".gz") { FileFault::EmptyGzip } else { FileFault::Empty }));
        }
        let gzip = head.starts_with(&[0x1f, 0x8b]);
        let zstandard = head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
        let whole = BufReader::with_capacity(CHUNK, std::io::Cursor::new(head).chain(reader));
        let input: Box<dyn BufRead + Send> = if gzip {
            Box::new(BufReader::with_capacity(CHUNK, Members::new(whole)))
        } else if zstandard {
            let decoder = zstd::stream::read::Decoder::with_buffer(whole);
            let decoder = decoder.map_err(|error| refused(file, 0, FileFault::Unreadable(error.to_string())))?;
            Box::new(BufReader::with_capacity(CHUNK, decoder))
        } else {
            Box::new(whole)
        };
        Ok(Self {
            file: file.to_owned(),
            input,
            buffer: Vec::new(),
            number: 0,
            gzip,
            packed: gzip || zstandard,
            is_broken: false,
        })
    }

    /// Moves on to the next line that is not empty; false at the end.
    pub(super) fn advance(&mut self) -> Result<bool, DataError> {
        loop {
            self.buffer.clear();
            self.number += 1;
            let mut bounded = (&mut self.input).take(LINE_MAX as u64 + 1);
            let read = bounded.read_until(b'\n', &mut self.buffer);
            let read = read.map_err(|error| self.fault(&error))?;
            if read == 0 {
                return Ok(false);
            }
            if self.buffer.len() > LINE_MAX {
                self.skip_line()?;
                return Ok(true);
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// The line at hand.
    pub(super) fn line(&self) -> Line<'_> {
        if self.buffer.len() > LINE_MAX { Line::TooLong } else { split(self.buffer.trim_ascii()) }
    }

    /// Passes over the rest of a line without keeping it.
    fn skip_line(&mut self) -> Result<(), DataError> {
        let mut ended = self.buffer.last() == Some(&b'\n');
        while !ended {
            let passed = self.input.fill_buf().map(|chunk| {
                let end = memchr::memchr(b'\n', chunk);
                ended = end.is_some() || chunk.is_empty();
                end.map_or(chunk.len(), |end| end + 1)
            });
            let length = passed.map_err(|error| self.fault(&error))?;
            self.input.consume(length);
        }
        Ok(())
    }

    fn fault(&mut self, error: &std::io::Error) -> DataError {
        // A disk that does not read has a number; what unpacking meets has none. Damaged bytes may have made wrong lines.
        let is_end = error.kind() == ErrorKind::UnexpectedEof && error.raw_os_error().is_none();
        self.is_broken = self.packed && is_end;
        let fault = match (self.gzip, error.kind()) {
            (true, _) if Trailing::is(error) => FileFault::BehindGzip,
            (true, ErrorKind::UnexpectedEof) => FileFault::TruncatedGzip,
            (true, ErrorKind::InvalidData | ErrorKind::InvalidInput) => FileFault::CorruptGzip(error.to_string()),
            _ => FileFault::Unreadable(error.to_string()),
        };
        refused(&self.file, self.number, fault)
    }
}

pub(super) fn refused(file: &str, line: u64, fault: FileFault) -> DataError {
    DataError::File(Box::new(BadFile { file: file.to_owned(), line, fault }))
}

/// Forms: `{…}`; `1723161253937085768 {…}` (nanoseconds); `1633998512.0633569: {…}` (seconds), which may have
/// `https://…?symbol=BTCUSDT -> ` before it; and notes, `wss://… <-> 1633998511.1`.
fn split(line: &[u8]) -> Line<'_> {
    let Some(brace) = memchr::memchr2(b'{', b'[', line) else {
        let is_note = [&b"wss://"[..], b"ws://", b"http"].iter().any(|head| line.starts_with(head));
        return if is_note { Line::Note(ended(line)) } else { Line::Neither(line) };
    };
    let (before, message) = line.split_at(brace);
    let before = std::str::from_utf8(before).unwrap_or_default().trim().trim_end_matches(':');
    let stamp = before.rsplit(' ').next().and_then(stamp);
    let asked = before.split_once("symbol=").map(|(_, rest)| rest.split(['&', ' ']).next().unwrap_or_default());
    Line::Message(message, stamp, asked)
}

/// `wss://… >-< 1633998511.1`: a connection ended.
fn ended(note: &[u8]) -> Option<Time> {
    std::str::from_utf8(note).ok()?.rsplit_once(" >-< ").and_then(|(_, time)| stamp(time))
}

/// Seconds with a fraction, or whole seconds, milliseconds, microseconds or nanoseconds by their size.
fn stamp(text: &str) -> Option<Time> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten();
    let value = number(whole)?;
    if fraction.is_empty() {
        // From the year 5138 on a count of seconds would be taken for one of milliseconds, and so on.
        let units =
            [(100_000_000_000, 1_000_000_000), (100_000_000_000_000, 1_000_000), (100_000_000_000_000_000, 1_000)];
        let unit = units.into_iter().find(|(below, _)| value < *below).map_or(1, |(_, unit)| unit);
        return value.checked_mul(unit).map(Time::from_nanos);
    }
    let kept = fraction.get(..fraction.len().min(9))?;
    let nanos = number(kept)? * 10i64.pow(9 - u32::try_from(kept.len()).ok()?);
    value.checked_mul(1_000_000_000)?.checked_add(nanos).map(Time::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_a_message() {
        let check = |line: &str, expected: Line<'_>| assert_eq!(split(line.as_bytes()), expected, "{line}");
        let time = |nanos| Some(Time::from_nanos(nanos));
        check("{\"a\":1}", Line::Message(b"{\"a\":1}", None, None));
        check("1723161253937085768 {}", Line::Message(b"{}", time(1_723_161_253_937_085_768), None));
        check("1633998512.0633569: {}", Line::Message(b"{}", time(1_633_998_512_063_356_900), None));
        check("1633998512: {}", Line::Message(b"{}", time(1_633_998_512_000_000_000), None));
        check("1633998512123 {}", Line::Message(b"{}", time(1_633_998_512_123_000_000), None));
        check(
            "https://x/depth?symbol=BTCUSDT&limit=1 -> 1633998512.5: {}",
            Line::Message(b"{}", time(1_633_998_512_500_000_000), Some("BTCUSDT")),
        );
        check("configuration: {}", Line::Message(b"{}", None, None));
        check("wss://x <-> 1633998511.1", Line::Note(None));
        check("ws://x/stream >-< 1633998511.5", Line::Note(time(1_633_998_511_500_000_000)));
        check("time,open", Line::Neither(b"time,open"));
        check("99999999999999999999 {}", Line::Message(b"{}", None, None));
        check("9223372036854775807.5 {}", Line::Message(b"{}", None, None));
    }
}
