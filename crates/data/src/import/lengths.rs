//! The lengths that an Arrow file tells, held against the file. Its reader believes them: it asks for as much memory as they
//! say, and a damaged one ends the process.
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use arrow_ipc::{Block, root_as_footer, root_as_message};

use super::fault::ImportFault;

/// What ends an Arrow file, behind the length of its footer.
const MAGIC: &[u8] = b"ARROW1";
/// The most bytes of a column in a batch once it is unpacked.
const UNPACKED_MAX: i64 = 1 << 30;
/// The longest footer and the longest head of a batch.
const HEAD_MAX: u64 = 64 << 20;

/// Checks the places of batches in the file and those of columns in batches.
pub(super) fn check(file: &mut File) -> Result<(), ImportFault> {
    let size = file.metadata().map_err(|error| damaged(&error.to_string()))?.len();
    let tail = read(file, size.checked_sub(10).ok_or_else(|| damaged("it is too short"))?, 10)?;
    if !tail.ends_with(MAGIC) {
        return Err(damaged("its end is missing"));
    }
    let length = tail.first_chunk().map_or(-1, |length| i32::from_le_bytes(*length));
    let length = u64::try_from(length).ok().filter(|length| *length <= size - 10);
    let length = length.ok_or_else(|| damaged("its footer is longer than the file"))?;
    let bytes = read(file, size - 10 - length, length)?;
    let footer = root_as_footer(&bytes).map_err(|error| damaged(&error.to_string()))?;
    let blocks = footer.recordBatches().into_iter().flatten().chain(footer.dictionaries().into_iter().flatten());
    for block in blocks {
        check_block(file, size, block)?;
    }
    file.seek(SeekFrom::Start(0)).map(|_| ()).map_err(|error| damaged(&error.to_string()))
}

fn check_block(file: &mut File, size: u64, block: &Block) -> Result<(), ImportFault> {
    let outside = || damaged("a batch is outside of it");
    let parts = [block.offset(), i64::from(block.metaDataLength()), block.bodyLength()].map(u64::try_from);
    let [Ok(offset), Ok(head), Ok(body)] = parts else { return Err(outside()) };
    let start = offset.checked_add(head).ok_or_else(outside)?;
    if start.checked_add(body).is_none_or(|end| end > size) {
        return Err(outside());
    }
    let bytes = read(file, offset, head)?;
    // A length of four bytes stands before the message, and since Arrow 0.15 a mark of four more before that.
    let skipped = if bytes.starts_with(&[0xff; 4]) { 8 } else { 4 };
    let message =
        root_as_message(bytes.get(skipped..).unwrap_or_default()).map_err(|error| damaged(&error.to_string()))?;
    let dictionary = message.header_as_dictionary_batch().and_then(|batch| batch.data());
    let Some(batch) = message.header_as_record_batch().or(dictionary) else { return Ok(()) };
    for buffer in batch.buffers().into_iter().flatten() {
        let (Ok(from), Ok(length)) = (u64::try_from(buffer.offset()), u64::try_from(buffer.length())) else {
            return Err(damaged("a column is outside of its batch"));
        };
        if from.checked_add(length).is_none_or(|end| end > body) {
            return Err(damaged("a column is outside of its batch"));
        }
        if batch.compression().is_some() && length >= 8 {
            let unpacked = read(file, start + from, 8)?;
            let unpacked = unpacked.first_chunk().map_or(0, |length| i64::from_le_bytes(*length));
            if !(-1..=UNPACKED_MAX).contains(&unpacked) {
                return Err(damaged("a column says that it unpacks to more than a gibibyte"));
            }
        }
    }
    Ok(())
}

fn read(file: &mut File, at: u64, length: u64) -> Result<Vec<u8>, ImportFault> {
    if length > HEAD_MAX {
        return Err(damaged("its footer, or the head of a batch, is over 64 MiB"));
    }
    let mut bytes = Vec::new();
    let done = file.seek(SeekFrom::Start(at)).and_then(|_| file.take(length).read_to_end(&mut bytes));
    match done {
        Ok(found) if found as u64 == length => Ok(bytes),
        Ok(_) => Err(damaged("it breaks off")),
        Err(error) => Err(damaged(&error.to_string())),
    }
}

fn damaged(what: &str) -> ImportFault {
    ImportFault::Damaged("Arrow file", what.to_owned())
}
