//! A recording on disk: gzip members that are each whole, so that a process that is killed leaves a file that reads.
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use qframe_model::time::Time;
use tokio::time::Instant;

use super::session::Refused;

/// A member is written once it holds so many bytes, or so long after its first.
const MEMBER_BYTES: usize = 1 << 20;
const MEMBER_AGE: Duration = Duration::from_millis(500);
/// Pieces that wait for the disk.
const WAITING: usize = 256;
/// The most bytes of refused messages that are kept.
const REFUSED_BYTES_MAX: u64 = 64 << 20;

/// What is to be written.
enum Piece {
    Lines(Vec<u8>),
    Refused(Vec<Refused>),
}

/// Writes one file of lines, and one of refused messages beside it. Dropping it writes what it has.
pub(super) struct Recorder {
    pieces: Option<SyncSender<Piece>>,
    written: Arc<AtomicU64>,
    failure: Arc<Mutex<Option<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Makes `<folder>/<name>-<time>.gz`, which must not be there.
    pub(super) fn new(folder: &Path, name: &str, now: Time) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let stamp: String = now.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let path = folder.join(format!("{name}-{stamp}.gz"));
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        let file = file.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        let (pieces, receiver) = sync_channel(WAITING);
        let (written, failure) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(None)));
        let writer = Writer { file, refused: path.with_extension("refused.txt"), written: Arc::clone(&written) };
        let told = Arc::clone(&failure);
        let thread = std::thread::spawn(move || {
            if let Err(error) = writer.run(&receiver)
                && let Ok(mut told) = told.lock()
            {
                *told = Some(error.to_string());
            }
        });
        Ok(Self { pieces: Some(pieces), written, failure, thread: Some(thread) })
    }

    /// Lines that are on disk: a process that is killed does not lose them.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Hands lines and refused messages over; waits where the disk is slow.
    pub(super) async fn write(&self, lines: Vec<u8>, refused: Vec<Refused>) -> Result<(), String> {
        if !lines.is_empty() {
            self.send(Piece::Lines(lines)).await?;
        }
        if !refused.is_empty() {
            self.send(Piece::Refused(refused)).await?;
        }
        Ok(())
    }

    async fn send(&self, mut piece: Piece) -> Result<(), String> {
        loop {
            let Some(pieces) = &self.pieces else { return Ok(()) };
            match pieces.try_send(piece) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(back)) => piece = back,
                Err(TrySendError::Disconnected(_)) => {
                    let told = self.failure.lock().ok().and_then(|failure| failure.clone());
                    return Err(told.unwrap_or_else(|| "its thread has ended".to_owned()));
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Recorder {
    /// Writes what it has; how many lines there are then.
    pub(super) fn finish(mut self) -> u64 {
        self.pieces = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.written()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.pieces = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    file: File,
    refused: PathBuf,
    written: Arc<AtomicU64>,
}

impl Writer {
    fn run(mut self, pieces: &Receiver<Piece>) -> io::Result<()> {
        let (mut member, mut began) = (Vec::new(), Instant::now());
        let mut kept = 0;
        loop {
            let piece = pieces.recv_timeout(MEMBER_AGE.saturating_sub(began.elapsed()).max(Duration::from_millis(1)));
            match piece {
                Ok(Piece::Lines(lines)) => {
                    if member.is_empty() {
                        began = Instant::now();
                    }
                    member.extend(lines);
                }
                Ok(Piece::Refused(refused)) => self.refuse(&refused, &mut kept)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.write(&mut member),
            }
            if member.len() >= MEMBER_BYTES || (!member.is_empty() && began.elapsed() >= MEMBER_AGE) {
                self.write(&mut member)?;
            }
            if member.is_empty() {
                began = Instant::now();
            }
        }
    }

    /// Writes a whole member at once, then says so.
    fn write(&mut self, member: &mut Vec<u8>) -> io::Result<()> {
        if member.is_empty() {
            return Ok(());
        }
        let mut encoder = GzEncoder::new(Vec::with_capacity(member.len() / 8), Compression::fast());
        encoder.write_all(member)?;
        self.file.write_all(&encoder.finish()?)?;
        let lines = member.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.written.fetch_add(lines, Ordering::Release);
        member.clear();
        Ok(())
    }

    fn refuse(&self, refused: &[Refused], kept: &mut u64) -> io::Result<()> {
        let mut text = String::new();
        for Refused { time, why, raw } in refused {
            text.push_str(&format!("{time}\t{}\t{}\n", why.escape_debug(), raw.escape_debug()));
        }
        *kept += text.len() as u64;
        if *kept > REFUSED_BYTES_MAX {
            return Ok(());
        }
        OpenOptions::new().create(true).append(true).open(&self.refused)?.write_all(text.as_bytes())
    }
}
