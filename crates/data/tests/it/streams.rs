//! Readers that end late, come in pieces or fail: memory stays bounded and nothing is lost.
use std::cell::Cell;
use std::io::{Error, ErrorKind, Read, Result};

use proptest::prelude::*;
use qframe_data::{DataError, FileFault, Options, read_bars_from};

/// One line of 2 GB, made as it is read.
struct LongLine<'a> {
    left: u64,
    given: &'a Cell<u64>,
}

impl Read for LongLine<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = usize::try_from(self.left).unwrap().min(buffer.len());
        buffer[..count].fill(b'1');
        self.left -= count as u64;
        self.given.set(self.given.get() + count as u64);
        Ok(count)
    }
}

#[test]
fn a_line_of_two_gigabytes_is_refused_after_one_megabyte() {
    let check = |before: &str, line: u64| {
        let given = Cell::new(0);
        let reader = before.as_bytes().chain(LongLine { left: 2 << 30, given: &given });
        let Err(DataError::File(refused)) = read_bars_from(reader, "x.csv", &Options::default()) else { panic!() };
        assert_eq!((refused.line, &refused.fault), (line, &FileFault::LineTooLong(1 << 20)));
        assert!(given.get() < 4 << 20, "{} bytes were read", given.get());
    };
    check("", 1);
    check("time,open,high,low,close\n2014-12-01,1,1,1,1\n", 3);
}

#[test]
fn the_limit_of_a_line_does_not_depend_on_where_it_lies() {
    let row = |note: usize| format!("2014-12-01,1,1,1,1,{}\n", "x".repeat(note));
    for before in [0, 100_000, 250_000] {
        let check = |note: usize, fits: bool| {
            let lines = "\n".repeat(before);
            let text = format!("time,open,high,low,close,note\n{lines}{}2014-12-02,1,1,1,1,y\n", row(note));
            assert_eq!(crate::read(&text).is_ok(), fits, "{note} bytes behind {before} lines");
        };
        check((1 << 20) - 19, true);
        check((1 << 20) - 18, false);
    }
}

/// Gives `text` in pieces of the sizes of `pieces`, over and over, with an interruption before each.
struct InPieces<'a> {
    text: &'a [u8],
    pieces: std::iter::Cycle<std::slice::Iter<'a, usize>>,
    interrupted: bool,
}

impl Read for InPieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(Error::from(ErrorKind::Interrupted));
        }
        let count = self.pieces.next().unwrap().min(&self.text.len()).min(&buffer.len()).to_owned();
        let (now, later) = self.text.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.text = later;
        Ok(count)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn rows_survive_any_chunking(pieces in prop::collection::vec(1usize..5_000, 1..20), rows in 2usize..12_000) {
        let mut text = "time,open,high,low,close,volume\n".to_owned();
        for row in 0..rows {
            text += &format!("{},{row}.5,99999,0.{:04},7,{row}\n", 1_417_392_000 + 60 * row, row % 9_999 + 1);
        }
        let whole = crate::read(&text).unwrap();
        let reader = InPieces { text: text.as_bytes(), pieces: pieces.iter().cycle(), interrupted: false };
        prop_assert_eq!(whole.bars.len(), rows);
        prop_assert_eq!(read_bars_from(reader, "x.csv", &Options::default()).unwrap(), whole);
    }
}

#[test]
fn a_reader_that_fails_is_refused_with_its_words() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> Result<usize> {
            Err(Error::other("the cable is out"))
        }
    }
    let text = "time,open,high,low,close\n2014-12-01,1,1,1,1\n";
    let refused = read_bars_from(text.as_bytes().chain(Fails), "x.csv", &Options::default()).unwrap_err();
    assert_eq!(refused.to_string(), "x.csv:1:1: reading failed: the cable is out; try again, then check the disk");
}
