//! Small files that a user writes by hand, such as tables and configurations: read whole.
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use qframe_data::FileFault;

use crate::error::Error;

/// More bytes than any such file has.
const BYTES_MAX: u64 = 64 << 20;

/// The text of a file, or of a pipe.
///
/// # Errors
/// Refused: no such file, a folder, a device (it may never end), no UTF-8, too large.
pub(crate) fn text(flag: &str, path: &Path) -> Result<String, Error> {
    let told = |error: io::Error| {
        let why = match error.kind() {
            ErrorKind::NotFound => FileFault::Missing.to_string(),
            ErrorKind::PermissionDenied => FileFault::Denied.to_string(),
            ErrorKind::IsADirectory => FileFault::Directory.to_string(),
            ErrorKind::InvalidData => "no text in UTF-8; save it as such".to_owned(),
            _ => error.to_string(),
        };
        Error::Refused(format!("{flag} {}: {why}", path.display()))
    };
    let file = File::open(path).map_err(told)?;
    if is_device(&file.metadata().map_err(told)?) {
        return Err(Error::Refused(format!("{flag} {}: {}", path.display(), FileFault::Device)));
    }
    let mut text = String::new();
    let bytes = file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(told)?;
    if bytes as u64 > BYTES_MAX {
        return Err(Error::Refused(format!(
            "{flag} {}: over {BYTES_MAX} bytes; expected a small file",
            path.display()
        )));
    }
    Ok(text)
}

#[cfg(unix)]
fn is_device(facts: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    facts.file_type().is_char_device() || facts.file_type().is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: &Metadata) -> bool {
    false
}
