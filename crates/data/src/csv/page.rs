//! Small files of rows under a header, read one line after the other.
use std::io::Read;

use super::careful::Fault;
use super::source::Blocks;
use super::text_of;
use crate::error::{DataError, FileFault};

/// Reads a page: `headed` understands the header, `take` each row after it. Empty lines are passed over.
pub(super) fn read_page<P>(
    reader: impl Read,
    name: &str,
    headed: impl Fn(&[u8]) -> Result<P, FileFault>,
    take: impl Fn(&mut P, &[u8]) -> Result<(), Fault>,
) -> Result<P, DataError> {
    let (mut line_number, mut header, mut page, mut rows) = (0, None, None, 0_u64);
    let mut blocks = Blocks::new(reader, name).map_err(|fault| fault.in_file(name, 1))?;
    while let Some(block) = blocks.next().map_err(|fault| fault.in_file(name, line_number + 1))? {
        for line in block.lines().split_inclusive(|byte| *byte == b'\n') {
            line_number += 1;
            let line = line.trim_ascii_end();
            match &mut page {
                _ if line.is_empty() => {}
                None => {
                    page = Some(headed(line).map_err(|fault| fault.in_file(name, line_number))?);
                    header = Some((text_of(line), line_number));
                }
                Some(page) => {
                    take(page, line).map_err(|fault| DataError::Entry(fault.at(name, line_number)))?;
                    rows += 1;
                }
            }
        }
    }
    match (page, header) {
        (Some(page), _) if rows > 0 => Ok(page),
        (_, Some((header, line))) => Err(FileFault::HeaderOnly(header).in_file(name, line)),
        (_, None) => Err(FileFault::Empty.in_file(name, 1)),
    }
}
