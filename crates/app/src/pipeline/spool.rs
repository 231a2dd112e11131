//! Rows that wait on the disk: appended at the end, read from the front, gone when they are written.
//!
//! `FOLDER/NUMBER.rows` holds records of rows, each with its length and a hash; a file is ended at some megabytes, and taken
//! away when its last row is written. `FOLDER/read` says how far the first one is. What was appended is with the system when
//! [`Spool::append`] returns: a killed process loses none of it (a power cut may lose what the system had not flushed). A
//! record that is cut short, or altered, ends its file, and the bytes behind it are counted.
use std::collections::VecDeque;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::record;
use crate::Arrival;

/// A file is ended when it is so long, or an eighth of what may be there: its rows take room until its last one is written.
const FILE_BYTES: u64 = 8 << 20;
/// The first number; files that must come before others go below it.
const FIRST: u64 = 1 << 32;

/// Why rows are not on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpoolError {
    /// The stated size is reached.
    Full {
        /// That size, in bytes.
        bytes_max: u64,
    },
    /// Another process writes there.
    Taken(PathBuf),
    /// The system refuses: what was done, where, and its words.
    System {
        /// Such as `writing`.
        doing: &'static str,
        /// A file or a folder.
        path: PathBuf,
        /// Its words.
        why: String,
    },
}

impl fmt::Display for SpoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { bytes_max } => {
                write!(f, "the spool holds its {bytes_max} bytes; give it more, or mend the sink")
            }
            Self::Taken(folder) => {
                write!(f, "{}: another process spools there; end it, or name another folder", folder.display())
            }
            Self::System { doing, path, why } => {
                write!(f, "{doing} {}: {why}; check the disk and its permissions", path.display())
            }
        }
    }
}

impl std::error::Error for SpoolError {}

/// Rows on the disk, oldest first. One process at a time has a folder.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    _lock: File,
    bytes_max: u64,
    files: VecDeque<Piece>,
    /// The last file, where it is still written.
    writer: Option<File>,
    /// How far the first file is read.
    read: Place,
    damaged: u64,
    unreadable: u64,
}

/// One file.
#[derive(Debug)]
struct Piece {
    number: u64,
    /// Up to the first damaged record.
    bytes: u64,
    /// Rows that are not written yet.
    rows: u64,
}

/// A place in the first file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Place {
    number: u64,
    offset: u64,
    /// Rows of the record there that are written.
    skip: u64,
}

impl Spool {
    /// Opens a folder, makes it where there is none, and finds what an earlier process left.
    ///
    /// # Errors
    /// [`SpoolError::Taken`], or [`SpoolError::System`].
    pub fn open(folder: &Path, bytes_max: u64) -> Result<Self, SpoolError> {
        let failed = |error| system("opening", folder, &error);
        fs::create_dir_all(folder).map_err(failed)?;
        let lock =
            File::options().write(true).create(true).truncate(false).open(folder.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::Taken(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut spool = Self {
            folder: folder.to_owned(),
            _lock: lock,
            bytes_max,
            files: VecDeque::new(),
            writer: None,
            read: Place::default(),
            damaged: 0,
            unreadable: 0,
        };
        spool.find().map_err(failed)?;
        Ok(spool)
    }

    /// How many rows wait.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|piece| piece.rows).sum()
    }

    /// How many bytes the files have.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|piece| piece.bytes).sum()
    }

    /// True where half of what may be there is.
    #[must_use]
    pub fn is_filling(&self) -> bool {
        self.bytes() >= self.bytes_max / 2
    }

    /// Bytes that were found damaged, and cannot be read.
    #[must_use]
    pub const fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Rows that were appended, and do not read any more.
    #[must_use]
    pub const fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Puts rows behind all others.
    ///
    /// # Errors
    /// [`SpoolError`]: none of them is there.
    pub fn append(&mut self, rows: &[Arrival]) -> Result<(), SpoolError> {
        if rows.is_empty() {
            return Ok(());
        }
        let record = record::encode(rows).map_err(|why| self.refused(why))?;
        let length = record.len() as u64;
        if self.bytes() + length > self.bytes_max {
            return Err(SpoolError::Full { bytes_max: self.bytes_max });
        }
        let long = FILE_BYTES.min(self.bytes_max / 8);
        let is_long = self.files.back().is_some_and(|piece| piece.bytes >= long);
        if is_long || self.writer.is_none() {
            let number = self.files.back().map_or(FIRST.max(self.read.number), |piece| piece.number) + 1;
            self.writer = Some(self.create(number)?);
            self.files.push_back(Piece { number, bytes: 0, rows: 0 });
        }
        let (Some(file), Some(piece)) = (&mut self.writer, self.files.back_mut()) else { return Ok(()) };
        if let Err(error) = file.write_all(&record) {
            // What is half there is cut off; where that fails too, its hash ends the file.
            let _ = file.set_len(piece.bytes);
            self.writer = None;
            if piece.bytes == 0 {
                let number = piece.number;
                self.files.pop_back();
                let _ = fs::remove_file(self.path(number));
            }
            return Err(system("writing", &self.folder, &error));
        }
        piece.bytes += length;
        piece.rows += rows.len() as u64;
        Ok(())
    }

    /// As [`Spool::append`]; the stated size does not hold for them.
    ///
    /// # Errors
    /// [`SpoolError::System`]: none of them is there.
    pub fn append_beyond(&mut self, rows: &[Arrival]) -> Result<(), SpoolError> {
        let bytes_max = std::mem::replace(&mut self.bytes_max, u64::MAX);
        let done = self.append(rows);
        self.bytes_max = bytes_max;
        done
    }

    /// Puts rows before all others, of which none may have been read. The stated size does not hold for them.
    ///
    /// # Errors
    /// [`SpoolError::System`]: none of them is there.
    pub fn put_first(&mut self, rows: &[Arrival]) -> Result<(), SpoolError> {
        let Some(first) = self.files.front().map(|piece| piece.number) else {
            return self.append_beyond(rows);
        };
        let record = record::encode(rows).map_err(|why| self.refused(why))?;
        let number = first - 1;
        // A mark above the new file would have the next process take it for read.
        self.mark(Place { number, offset: 0, skip: 0 })?;
        let mut file = self.create(number)?;
        if let Err(error) = file.write_all(&record) {
            let _ = fs::remove_file(self.path(number));
            return Err(system("writing", &self.folder, &error));
        }
        self.files.push_front(Piece { number, bytes: record.len() as u64, rows: rows.len() as u64 });
        Ok(())
    }

    /// The oldest rows, at most `count`; they stay until [`Spool::advance`].
    ///
    /// # Errors
    /// [`SpoolError::System`] where the disk does not read. A file that is damaged is passed over, and its bytes counted.
    pub fn peek(&mut self, count: usize) -> Result<Vec<Arrival>, SpoolError> {
        let mut rows = Vec::new();
        while rows.is_empty()
            && let Some(piece) = self.files.front()
        {
            let place = if self.read.number == piece.number { self.read } else { Place::default() };
            let path = self.path(piece.number);
            let mut reader = Records::open(&path, place.offset).map_err(|error| system("reading", &path, &error))?;
            let mut skip = place.skip;
            while rows.len() < count {
                let Some(found) = reader.next().map_err(|error| system("reading", &path, &error))? else { break };
                rows.extend(found.into_iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)));
                skip = 0;
            }
            if rows.is_empty() {
                self.damaged += piece.bytes - place.offset;
                self.unreadable += piece.rows;
                self.take_first_away();
            }
        }
        rows.truncate(count);
        Ok(rows)
    }

    /// Takes the oldest rows away: so many as the last [`Spool::peek`] gave.
    ///
    /// # Errors
    /// [`SpoolError::System`]: they are gone for this process, and come again in the next.
    pub fn advance(&mut self, mut count: u64) -> Result<(), SpoolError> {
        while count > 0
            && let Some(piece) = self.files.front_mut()
        {
            if count >= piece.rows {
                count -= piece.rows;
                self.take_first_away();
                continue;
            }
            piece.rows -= count;
            let number = piece.number;
            let mut place = if self.read.number == number { self.read } else { Place { number, offset: 0, skip: 0 } };
            let path = self.path(number);
            let failed = |error| system("reading", &path, &error);
            let mut file = File::open(&path).map_err(failed)?;
            place.skip += count;
            while let Some(head) = record::Head::read(&mut file, place.offset).map_err(failed)?
                && place.skip >= head.rows
            {
                place.skip -= head.rows;
                place.offset += head.length();
            }
            return self.mark(place);
        }
        Ok(())
    }

    /// Reads what there is: every record is looked at once.
    fn find(&mut self) -> io::Result<()> {
        let mark = fs::read_to_string(self.folder.join("read")).unwrap_or_default();
        let words: Vec<u64> = mark.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        if let [number, offset, skip] = words[..] {
            self.read = Place { number, offset, skip };
        }
        let entries = fs::read_dir(&self.folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut numbers: Vec<u64> = entries.filter_map(|name| name.strip_suffix(".rows")?.parse().ok()).collect();
        numbers.sort_unstable();
        for number in numbers {
            let path = self.path(number);
            if number < self.read.number {
                fs::remove_file(path)?;
                continue;
            }
            let place = if number == self.read.number { self.read } else { Place::default() };
            let length = fs::metadata(&path)?.len();
            let mut reader = Records::open(&path, place.offset.min(length))?;
            let mut rows = 0;
            while let Some(found) = reader.next()? {
                rows += found.len() as u64;
            }
            let rows = rows.saturating_sub(place.skip);
            self.damaged += length - reader.offset;
            if rows == 0 {
                fs::remove_file(path)?;
            } else {
                self.files.push_back(Piece { number, bytes: reader.offset, rows });
            }
        }
        Ok(())
    }

    /// The process may be killed between the two: a mark below the first file says nothing.
    fn take_first_away(&mut self) {
        let Some(piece) = self.files.pop_front() else { return };
        if self.files.is_empty() {
            self.writer = None;
        }
        // One that stays is read again by the next process, and its rows are written twice.
        let _ = fs::remove_file(self.path(piece.number));
    }

    fn mark(&mut self, place: Place) -> Result<(), SpoolError> {
        self.read = place;
        let (path, beside) = (self.folder.join("read"), self.folder.join("read.new"));
        let written = fs::write(&beside, format!("{} {} {}\n", place.number, place.offset, place.skip));
        written.and_then(|()| fs::rename(&beside, &path)).map_err(|error| system("writing", &path, &error))
    }

    fn create(&self, number: u64) -> Result<File, SpoolError> {
        let path = self.path(number);
        let opened = File::options().write(true).create(true).truncate(true).open(&path);
        opened.map_err(|error| system("writing", &path, &error))
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:020}.rows"))
    }

    fn refused(&self, why: String) -> SpoolError {
        SpoolError::System { doing: "encoding for", path: self.folder.clone(), why }
    }
}

/// The records of a file, from an offset on; none behind a damaged one.
struct Records {
    file: File,
    offset: u64,
}

impl Records {
    fn open(path: &Path, offset: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, offset })
    }

    fn next(&mut self) -> io::Result<Option<Vec<Arrival>>> {
        let Some(head) = record::Head::read(&mut self.file, self.offset)? else { return Ok(None) };
        let mut body = Vec::new();
        (&mut self.file).take(head.body).read_to_end(&mut body)?;
        let rows = head.decode(&body);
        self.offset += rows.as_ref().map_or(0, |_| head.length());
        Ok(rows)
    }
}

fn system(doing: &'static str, path: &Path, error: &io::Error) -> SpoolError {
    SpoolError::System { doing, path: path.to_owned(), why: error.to_string() }
}
