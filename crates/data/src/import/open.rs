//! Bytes in: what a path holds, unpacked and told apart by its first bytes, never by its name alone.
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use super::fault::ImportFault;
use crate::csv::source;
use crate::error::FileFault;

/// One file to read: as it lies there, or a member of an archive.
pub(super) struct Piece<'a> {
    pub(super) name: String,
    pub(super) body: Body<'a>,
}

/// What kind of bytes it holds.
pub(super) enum Body<'a> {
    Text(Box<dyn Read + 'a>),
    Json(Box<dyn Read + 'a>),
    Parquet(File),
    Arrow(File),
}

/// Packed within packed is read; deeper is a trick.
const DEPTH_MAX: u32 = 2;
/// Real market data shrinks by less than this.
const GROWTH_MAX: u64 = 300;
/// So much may come out of however little.
const GROWTH_FREE: u64 = 64 << 20;
/// The first bytes tell the format.
const HEAD: usize = 4_096;

/// Formats that are known by their first bytes and not read, and what to do with them.
const FOREIGN: [(&[u8], &str, &str); 9] = [
    (b"FEA1", "a Feather file of version 1", "write it as version 2 (the default since 2020)"),
    (b"\xfd7zXZ", "xz data", "unpack it first"),
    (b"BZh", "bzip2 data", "unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it first"),
    (b"SQLite format 3", "an SQLite database", "export a table as CSV"),
    (b"\x89HDF", "an HDF5 file", "export it as Parquet or CSV"),
    (b"\x80\x04\x95", "a Python pickle", "export it as Parquet or CSV: a pickle can run code"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "export the sheet as CSV"),
    (b"%PDF", "a PDF", "export the table as CSV"),
];

/// Opens a path and hands each piece of it to `each`.
pub(super) fn pieces(path: &Path, each: &mut dyn FnMut(Piece<'_>)) -> Result<(), ImportFault> {
    // Of what is no file, a pipe for example, the end cannot be looked at, and one that nobody writes to is never there.
    if std::fs::metadata(path).is_ok_and(|facts| !facts.is_file() && !facts.is_dir()) {
        return Err(ImportFault::Foreign("a pipe or a device", "write what comes out of it to a file first"));
    }
    let (mut file, length) = source::open(path)?;
    let name = path.display().to_string();
    let head = head_of(&mut file)?;
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    match Packing::of(&head) {
        Packing::Zip => zip(file, &name, each),
        Packing::Parquet => {
            each(Piece { name, body: Body::Parquet(file) });
            Ok(())
        }
        Packing::Arrow => {
            each(Piece { name, body: Body::Arrow(file) });
            Ok(())
        }
        _ if head.is_empty() && name.ends_with(".gz") => Err(FileFault::EmptyGzip.into()),
        _ if head.is_empty() => Err(FileFault::Empty.into()),
        _ => stream(Box::new(file), length, name, DEPTH_MAX, each),
    }
}

/// How bytes are packed, by the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
    Zip,
    Parquet,
    Arrow,
}

impl Packing {
    fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'P', b'K', 3 | 5, 4 | 6, ..] => Self::Zip,
            [b'P', b'A', b'R', b'1', ..] => Self::Parquet,
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Self::Arrow,
            _ => Self::Plain,
        }
    }
}

/// A stream of bytes, packed or not.
fn stream<'a>(
    mut reader: Box<dyn Read + 'a>,
    packed: u64,
    name: String,
    depth: u32,
    each: &mut dyn FnMut(Piece<'_>),
) -> Result<(), ImportFault> {
    let head = head_of(&mut reader)?;
    let packing = Packing::of(&head);
    let foreign = FOREIGN.iter().find(|(magic, ..)| head.starts_with(magic));
    if let Some((_, format, remedy)) = foreign {
        return Err(ImportFault::Foreign(format, remedy));
    }
    let json = head.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'[' | b'{'));
    let whole: Box<dyn Read + 'a> = Box::new(Cursor::new(head).chain(reader));
    match packing {
        Packing::Plain => {
            each(Piece { name, body: if json { Body::Json(whole) } else { Body::Text(whole) } });
            Ok(())
        }
        Packing::Gzip | Packing::Zstd if depth == 0 => {
            Err(ImportFault::Foreign("packed again and again", "unpack it first"))
        }
        Packing::Gzip => {
            let unpacked = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole));
            let reader = Box::new(Unpacked::new(unpacked, "gzip", packed));
            stream(reader, packed.saturating_mul(GROWTH_MAX), name, depth - 1, each)
        }
        Packing::Zstd => {
            let unpacked = zstd::Decoder::new(whole).map_err(|error| ImportFault::Packed("zstd", error.to_string()))?;
            let reader = Box::new(Unpacked::new(unpacked, "zstd", packed));
            stream(reader, packed.saturating_mul(GROWTH_MAX), name, depth - 1, each)
        }
        Packing::Zip => Err(ImportFault::Foreign("a zip archive within packed data", "unpack it first")),
        Packing::Parquet | Packing::Arrow => {
            Err(ImportFault::Foreign("a file of columns within packed data", "unpack it first (it is packed inside)"))
        }
    }
}

/// Each member of an archive; one that cannot be read does not hide the others.
fn zip(file: File, name: &str, each: &mut dyn FnMut(Piece<'_>)) -> Result<(), ImportFault> {
    let damaged = |error: ZipError| ImportFault::Packed("zip", error.to_string());
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    if archive.file_names().any(|member| member == "xl/workbook.xml") {
        return Err(ImportFault::Foreign("an Excel workbook", "export the sheet as CSV"));
    }
    let (mut members, mut failed) = (0u32, None);
    for at in 0..archive.len() {
        match archive.by_index(at) {
            Ok(member) if member.is_dir() || is_hidden(member.name()) => {}
            Ok(member) => {
                members += 1;
                // Names go to the terminal: what steers it does not.
                let plain = member.name().replace(char::is_control, "\u{fffd}");
                let (member_name, packed) = (format!("{name}:{plain}"), member.compressed_size());
                let reader = Box::new(Unpacked::new(member, "zip", packed));
                let done = stream(reader, packed.saturating_mul(GROWTH_MAX), member_name, DEPTH_MAX - 1, each);
                failed = failed.or(done.err());
            }
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => {
                failed = failed.or(Some(ImportFault::Locked));
            }
            Err(error) => failed = failed.or(Some(damaged(error))),
        }
    }
    match failed {
        Some(fault) => Err(fault),
        None if members == 0 => Err(ImportFault::EmptyArchive),
        None => Ok(()),
    }
}

/// What a Mac puts beside each member.
fn is_hidden(member: &str) -> bool {
    member.starts_with("__MACOSX/") || member.rsplit('/').next().is_some_and(|file| file.starts_with('.'))
}

fn head_of(reader: &mut dyn Read) -> Result<Vec<u8>, ImportFault> {
    let mut head = Vec::with_capacity(HEAD);
    reader.take(HEAD as u64).read_to_end(&mut head).map_err(unreadable)?;
    Ok(head)
}

/// What was met while bytes were read: [`Unpacked`] says it in its own words.
pub(super) fn unreadable(error: std::io::Error) -> ImportFault {
    match error.downcast::<Broken>() {
        Ok(broken) => broken.0,
        Err(error) => FileFault::Unreadable(error.to_string()).into(),
    }
}

/// A fault of unpacking on its way through readers that know only the errors of the system.
#[derive(Debug)]
struct Broken(ImportFault);

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::error::Error for Broken {}

/// Unpacked bytes, counted against the packed ones.
struct Unpacked<R> {
    reader: R,
    packing: &'static str,
    packed: u64,
    given: u64,
}

impl<R> Unpacked<R> {
    const fn new(reader: R, packing: &'static str, packed: u64) -> Self {
        Self { reader, packing, packed, given: 0 }
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let wrapped = |fault| std::io::Error::other(Broken(fault));
        let read = self.reader.read(buffer);
        let count = read.map_err(|error| match error.downcast::<Broken>() {
            Ok(broken) => wrapped(broken.0),
            Err(error) => wrapped(ImportFault::Packed(self.packing, error.to_string())),
        })?;
        self.given += count as u64;
        if self.given > GROWTH_FREE.saturating_add(self.packed.saturating_mul(GROWTH_MAX)) {
            return Err(wrapped(ImportFault::Bomb(self.given, self.packed)));
        }
        Ok(count)
    }
}
