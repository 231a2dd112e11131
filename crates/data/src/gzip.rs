//! Unpacks gzip: the members of a file, one behind the other, and nothing else behind them.
use std::fmt;
use std::io::{self, BufRead, ErrorKind, Read};

use flate2::bufread::GzDecoder;

/// What a file of gzip data holds, unpacked.
pub(crate) struct Members<R>(Option<GzDecoder<R>>);

/// Something follows the last member that is none.
#[derive(Debug)]
pub(crate) struct Trailing;

impl fmt::Display for Trailing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the gzip data is whole, and something else follows it")
    }
}

impl std::error::Error for Trailing {}

impl Trailing {
    pub(crate) fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Self>)
    }
}

impl<R: BufRead> Members<R> {
    pub(crate) fn new(packed: R) -> Self {
        Self(Some(GzDecoder::new(packed)))
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let count = member.read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            match member.get_mut().fill_buf()? {
                [] => self.0 = None,
                [0x1f, ..] => self.0 = self.0.take().map(|member| GzDecoder::new(member.into_inner())),
                _ => return Err(io::Error::new(ErrorKind::InvalidData, Trailing)),
            }
        }
        Ok(0)
    }
}
