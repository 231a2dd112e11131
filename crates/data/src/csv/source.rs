//! Bytes in: opens a file, unpacks gzip, tells text from what is none, and hands out whole lines from a bounded buffer.
use std::fs::File;
use std::io::{BufReader, Chain, Cursor, ErrorKind, Read};
use std::path::Path;

use memchr::{memchr, memchr_iter, memrchr};

use crate::error::{BadFile, DataError, FileFault};
use crate::gzip::{Members, Trailing};

/// The longest line that is read.
const LINE_MAX: usize = 1 << 20;
/// How much is read at once: it stays in the second-level cache until it is parsed.
const CHUNK: usize = 1 << 18;
/// Spare bytes behind the text, so that a parser may look at a whole window anywhere in it.
const PAD: usize = 32;

impl FileFault {
    pub(crate) fn in_file(self, file: &str, line: u64) -> DataError {
        let line = if let Self::ZeroByte(line, _) = self { line } else { line };
        DataError::File(Box::new(BadFile { file: file.to_owned(), line, fault: self }))
    }
}

/// Opens a file and tells its length.
pub(crate) fn open(path: &Path) -> Result<(File, u64), FileFault> {
    let file = File::open(path).map_err(|error| fault_of(&error))?;
    let facts = file.metadata().map_err(|error| fault_of(&error))?;
    if facts.is_dir() {
        return Err(FileFault::Directory);
    }
    if is_endless(&facts) {
        return Err(FileFault::Device);
    }
    Ok((file, facts.len()))
}

/// A pipe ends when its writer does; `/dev/zero` never.
#[cfg(unix)]
fn is_endless(facts: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    facts.file_type().is_char_device() || facts.file_type().is_block_device()
}

#[cfg(not(unix))]
fn is_endless(_: &std::fs::Metadata) -> bool {
    false
}

fn fault_of(error: &std::io::Error) -> FileFault {
    match error.kind() {
        ErrorKind::NotFound => FileFault::Missing,
        ErrorKind::PermissionDenied => FileFault::Denied,
        ErrorKind::IsADirectory => FileFault::Directory,
        _ => FileFault::Unreadable(error.to_string()),
    }
}

/// Whole lines: `text[start..end]` ends in a line feed, and more bytes may be looked at behind it.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl<'a> Block<'a> {
    pub(crate) fn lines(&self) -> &'a [u8] {
        &self.text[self.start..self.end]
    }
}

/// The input in blocks of whole lines.
pub(crate) struct Blocks<R> {
    input: Input<R>,
    buffer: Vec<u8>,
    /// The first byte that was not handed out.
    start: usize,
    /// Behind the last byte that was read.
    end: usize,
    ended: bool,
}

enum Input<R> {
    Plain(Whole<R>),
    Gzip(Box<Members<BufReader<Whole<R>>>>),
}

/// The first bytes, which were looked at, and the rest.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

impl<R: Read> Blocks<R> {
    /// Looks at the first bytes; `name` ending in `.gz` matters only where there are none.
    pub(crate) fn new(mut reader: R, name: &str) -> Result<Self, FileFault> {
        let mut head = Vec::with_capacity(4);
        reader.by_ref().take(4).read_to_end(&mut head).map_err(|error| fault_of(&error))?;
        if head.is_empty() {
            return Err(if name.ends_with(".gz") { FileFault::EmptyGzip } else { FileFault::Empty });
        }
        let gzip = head.starts_with(&[0x1f, 0x8b]);
        let whole = Cursor::new(head).chain(reader);
        let input = if gzip { Input::Gzip(Box::new(Members::new(BufReader::new(whole)))) } else { Input::Plain(whole) };
        let mut blocks = Self { input, buffer: vec![0; LINE_MAX + CHUNK + PAD], start: 0, end: 0, ended: false };
        blocks.fill()?;
        blocks.start = text_start(&blocks.buffer[..blocks.end])?;
        Ok(blocks)
    }

    pub(crate) fn is_gzip(&self) -> bool {
        matches!(self.input, Input::Gzip(_))
    }

    /// The next whole lines; a last line without an end gets one. `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Block<'_>>, FileFault> {
        let mut fresh = self.start;
        loop {
            if let Some(last) = memrchr(b'\n', &self.buffer[fresh..self.end]) {
                return self.hand_out(fresh + last + 1).map(Some);
            }
            if self.ended {
                return self.last_line();
            }
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.end > LINE_MAX {
                return Err(FileFault::LineTooLong(LINE_MAX));
            }
            fresh = self.end;
            self.fill()?;
        }
    }

    /// Reads so many bytes, or what there is, for what is met on the way.
    pub(crate) fn pass_over(&mut self, bytes: u64) {
        let mut passed = 0;
        while passed < bytes && !self.ended {
            (self.start, self.end) = (0, 0);
            if self.fill().is_err() {
                return;
            }
            passed += self.end as u64;
        }
    }

    fn last_line(&mut self) -> Result<Option<Block<'_>>, FileFault> {
        if self.start == self.end {
            return Ok(None);
        }
        self.buffer[self.end] = b'\n';
        self.end += 1;
        self.hand_out(self.end).map(Some)
    }

    /// Only the first line can be too long: the others lie within one chunk.
    fn hand_out(&mut self, end: usize) -> Result<Block<'_>, FileFault> {
        let start = std::mem::replace(&mut self.start, end);
        if end - start > LINE_MAX && memchr(b'\n', &self.buffer[start..end]).is_some_and(|length| length > LINE_MAX) {
            return Err(FileFault::LineTooLong(LINE_MAX));
        }
        Ok(Block { text: &self.buffer, start, end })
    }

    /// Reads one chunk behind what is there, less at the end of the input.
    fn fill(&mut self) -> Result<(), FileFault> {
        let until = (self.end + CHUNK).min(self.buffer.len() - PAD);
        while self.end < until && !self.ended {
            let read = match &mut self.input {
                Input::Plain(reader) => reader.read(&mut self.buffer[self.end..until]),
                Input::Gzip(reader) => reader.read(&mut self.buffer[self.end..until]),
            };
            match read {
                Ok(0) => self.ended = true,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fault_of(&error)),
            }
        }
        Ok(())
    }

    fn fault_of(&self, error: &std::io::Error) -> FileFault {
        match (self.is_gzip(), error.kind()) {
            (true, _) if Trailing::is(error) => FileFault::BehindGzip,
            (true, ErrorKind::UnexpectedEof) => FileFault::TruncatedGzip,
            (true, ErrorKind::InvalidData | ErrorKind::InvalidInput) => FileFault::CorruptGzip(error.to_string()),
            _ => fault_of(error),
        }
    }
}

/// Where the text begins: behind a UTF-8 byte-order mark.
fn text_start(head: &[u8]) -> Result<usize, FileFault> {
    const OTHERS: [(&[u8], &str); 7] = [
        (b"PK\x03\x04", "a zip archive"),
        (b"PAR1", "a Parquet file"),
        (b"ARROW1", "an Arrow file"),
        (b"SQLite format 3", "an SQLite database"),
        (b"\x1f\x8b", "gzip data within gzip data"),
        (b"[", "JSON"),
        (b"{", "JSON"),
    ];
    match head {
        [0xff, 0xfe, ..] => return Err(FileFault::Utf16("little-endian")),
        [0xfe, 0xff, ..] => return Err(FileFault::Utf16("big-endian")),
        [0xef, 0xbb, 0xbf, text @ ..] => return text_start(text).map(|start| start + 3),
        _ => {}
    }
    if let Some((_, kind)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(FileFault::NotCsv(kind));
    }
    if let Some(place) = memchr(0, &head[..head.len().min(4_096)]) {
        let line = memrchr(b'\n', &head[..place]).map_or(0, |end| end + 1);
        let lines = memchr_iter(b'\n', &head[..line]).count();
        return Err(FileFault::ZeroByte(lines as u64 + 1, (place - line) as u64 + 1));
    }
    // One carriage return may stand before a line feed that was not read yet.
    let inner = memchr(b'\r', head).is_some_and(|place| place + 1 < head.len());
    if inner && memchr(b'\n', head).is_none() { Err(FileFault::CarriageReturns) } else { Ok(0) }
}
