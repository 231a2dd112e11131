//! What is refused, word for word: a message names the place, the value, what was expected and what to try.
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use qframe_data::{OnBadRow, Options, read_bars, read_bars_from};

#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expected: &str) {
    let refused = read_bars_from(bytes.as_ref(), "x.csv", &Options::default()).unwrap_err();
    assert_eq!(refused.to_string(), expected);
}

/// Four good fields and a bad row behind them.
#[track_caller]
fn check_row(row: &str, expected: &str) {
    let text = format!("time,open,high,low,close,volume\n2014-12-01,4,6,3,5,7\n2014-12-02,4,6,3,5,7\n{row}\n");
    check(text, &format!("x.csv:4:{expected}; mend the row, or pass over bad rows (on_bad_row: Skip)"));
}

#[test]
fn rows() {
    let fields = "has 5 fields; expected 6, as in the header";
    check_row("2014-12-03,4,6,3,5", &format!("1: \"2014-12-03,4,6,3,5\" {fields}"));
    check_row("2014-12-03,4,6,3,5,7,8", "1: \"2014-12-03,4,6,3,5,7,8\" has 7 fields; expected 6, as in the header");
    check_row(
        "2014-12-03,\"4,6,3,5,7",
        "12: \"2014-12-03,\\\"4,6,3,5,7\" has a quote that does not close; expected \"…\" around a whole field",
    );
    check_row("2014-12-03,4,abc,3,5,7", "14: \"abc\" is no number for the high; expected digits such as 370.25");
    check_row("2014-12-03,4,6,3,,7", "18: \"\" is no number for the close; expected digits such as 370.25");
    check_row("2014-12-03,NaN,6,3,5,7", "12: \"NaN\" is no finite number for the open; expected digits such as 370.25");
    check_row("2014-12-03,4,inf,3,5,7", "14: \"inf\" is no finite number for the high; expected digits such as 370.25");
    check_row("2014-12-03,4,6,-3,5,7", "16: \"-3\" is not above zero; expected a price for the low");
    check_row("2014-12-03,4,6,0.0,5,7", "16: \"0.0\" is not above zero; expected a price for the low");
    check_row("2014-12-03,4,1e10,3,5,7", "14: \"1e10\" is out of range for the high; expected less than 9.2e9");
    check_row("2014-12-03,4,6,3,5,1.5e19", "20: \"1.5e19\" is out of range for the volume; expected less than 1.15e18");
    check_row(
        "2014-12-03,0.0000000123,6,3,5,7",
        "12: \"0.0000000123\" is too fine for the open: nine decimals would change it by over a millionth; quote a larger unit",
    );
    check_row("2014-12-03,4,6,3,5,-7", "20: \"-7\" is below zero; expected a traded quantity");
    check_row("2014-12-03,4,2,3,5,7", "14: \"2\" says high 2 below low 3; are columns swapped?");
    check_row("2014-12-03,9,6,3,5,7", "12: \"9\" is the open, outside low 3 to high 6; expected it between them");
    check_row("2014-12-03,4,6,3,2,7", "18: \"2\" is the close, outside low 3 to high 6; expected it between them");
}

#[test]
fn times() {
    check_row("2014-12-02,4,6,3,5,7", "1: \"2014-12-02\" stands twice, with the same values; expected one row a time");
    check_row("2014-12-02,4,6,3,4,7", "1: \"2014-12-02\" stands twice, with other values; expected one row a time");
    check_row(
        "2014-12-01,4,6,3,5,7",
        "1: \"2014-12-01\" follows 2014-12-02T00:00:00Z; expected a later time, as in the rows before: sort the file by time",
    );
    let no_time =
        "is not a time; expected a date, RFC 3339, a 12-hour stamp such as 2017-07-01 11-PM, or epoch s, ms, us, ns";
    for time in ["2014-02-30", "01/12/2014", "yesterday", ""] {
        check_row(&format!("{time},4,6,3,5,7"), &format!("1: {time:?} {no_time}"));
    }
    // It was said to be none.
    for time in ["9999-01-05", "1500-01-05T10:00:00"] {
        let expected = format!("1: {time:?} is out of range; expected a time from 1677-09-22 to 2262-04-11");
        check_row(&format!("{time},4,6,3,5,7"), &expected);
    }
    let zones = |first: &str| format!("time,open,high,low,close\n{first},1,1,1,1\n2014-12-03T00:00:00+02:00,1,1,1,1\n");
    check(
        zones("2014-12-02"),
        "x.csv:3:1: \"2014-12-03T00:00:00+02:00\" has +02:00, the first row no zone; expected one zone in a file",
    );
    check(
        zones("2014-12-02T00:00:00+01:00"),
        "x.csv:3:1: \"2014-12-03T00:00:00+02:00\" has +02:00, the first row +01:00; expected one zone in a file, or take \
         each offset at its word (offsets: Mixed)",
    );
    check(
        "time,open,high,low,close\n1417392000,1,1,1,1\n1417478400000,1,1,1,1\n",
        "x.csv:3:1: \"1417478400000\" looks like milliseconds, the first row like seconds; expected one unit in a file",
    );
    check(
        "time,open,high,low,close\n2014-12-01,1,1,1,1\n",
        "x.csv:2:1: one row only: no time frame to see; expected rows in steps of whole seconds, up to \
         366 days, or give the time frame (time_frame)",
    );
    let hours = "time,open,high,low,close\n2014-12-01T00:00:00Z,1,1,1,1\n2014-12-01T01:00:00Z,1,1,1,1\n";
    let options = Options { time_frame: "1d".parse().ok(), ..Options::default() };
    let refused = read_bars_from(hours.as_bytes(), "x.csv", &options).unwrap_err().to_string();
    assert_eq!(refused, "x.csv:3:1: rows lie 1h apart, the time frame given is 1d; give the file's own, then resample");
}

#[test]
fn files_without_bars() {
    check("", "x.csv:1:1: empty; expected a header and rows, is the export complete?");
    check("\n\n", "x.csv:1:1: empty; expected a header and rows, is the export complete?");
    check(
        "time,open,high,low,close\n",
        "x.csv:1:1: the header \"time,open,high,low,close\" and no row; is the export complete?",
    );
    check(
        "time,bid,ask\n2014-12-01,1,2\n",
        "x.csv:1:1: no column for open, high, low, close among [\"time\", \"bid\", \"ask\"]; expected a header such as \
         time,open,high,low,close,volume: rename the columns, or name one of closes (close_column)",
    );
    check(
        "hello\n",
        "x.csv:1:1: no column for time, open, high, low, close among [\"hello\"]; expected a header such as \
         time,open,high,low,close,volume: rename the columns, or name one of closes (close_column)",
    );
    check(b"\xff\xfet\0i\0m\0e\0", "x.csv:1:1: UTF-16 text (little-endian); expected UTF-8, save it as UTF-8");
    check(b"\xfe\xff\0t\0i\0m\0e", "x.csv:1:1: UTF-16 text (big-endian); expected UTF-8, save it as UTF-8");
    check(b"PAR1\x15\x04\x15", "x.csv:1:1: a Parquet file; expected rows of text, export it as CSV");
    check(b"PK\x03\x04", "x.csv:1:1: a zip archive; expected rows of text, export it as CSV");
    check("[[1509836520000,0.1]]", "x.csv:1:1: JSON; expected rows of text, export it as CSV");
    check([7, 0, 9], "x.csv:1:2: a zero byte, as in binary data; expected text, export it as CSV");
    // Of a text with one such byte the place said where the file begins.
    let text = "\u{feff}time,open,high,low,close\n2014-12-01,4,6,3,5\n2014-12-02,4,\0,3,5\n";
    check(text, "x.csv:3:14: a zero byte, as in binary data; expected text, export it as CSV");
    let options = Options { on_bad_row: OnBadRow::Skip, ..Options::default() };
    let refused = read_bars_from("time,open,high,low,close\nx,1,1,1,1\n".as_bytes(), "x.csv", &options).unwrap_err();
    assert!(refused.to_string().starts_with("no bar in 1 row; the first: x.csv:2:1: \"x\" is not a time"));
}

#[test]
fn a_header_that_is_not_understood() {
    // It was taken for a comment and the rows for those of a file without a header: a column named open became the close.
    let check = |before: &str, header: &str, line: u64, absent: &str| {
        let text = format!("{before}{header}\n2014-12-01,4,6,3,5,7\n2014-12-02,4,6,3,5,7\n");
        let seen: Vec<&str> = header.split(',').map(str::trim).collect();
        let expected = format!(
            "x.csv:{line}:1: no column for {absent} among {seen:?}; expected a header such as \
             time,open,high,low,close,volume: rename the columns, or name one of closes (close_column)"
        );
        assert_eq!(crate::read(&text).unwrap_err().to_string(), expected);
        let skip = Options { on_bad_row: OnBadRow::Skip, ..Options::default() };
        assert_eq!(read_bars_from(text.as_bytes(), "x.csv", &skip).unwrap_err().to_string(), expected);
    };
    check("", "time,price,high,low,open,volume", 1, "close");
    check("", "time,open,high,low,klose,volume", 1, "close");
    check("", "a,b,c,d,e,f", 1, "time, open, high, low");
    check("", "# time, price, high, low, open, volume", 1, "close");
    // Names of rows have no name of their own in R; the index of a data frame may stand in a line of its own.
    check("", "open,high,low,klose,volume", 1, "time, close");
    check("", "Price,Close,High,Low,Open,Volume", 1, "time");
    check("Created on 10-17-2019,https://x.com\n\n", "time,price,high,low,open,volume", 3, "close");
}

#[test]
fn paths() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let check = |name: &str, expected: &str| {
        let refused = read_bars(at(name), &Options::default()).unwrap_err().to_string();
        assert_eq!(refused.replace(&at("").display().to_string(), ""), expected);
    };
    std::fs::create_dir(at("folder")).unwrap();
    std::fs::write(at("none.csv.gz"), "").unwrap();
    check("missing.csv", "missing.csv: no such file; check the path");
    check("folder", "folder: a directory; expected one file, name one in it");
    check("none.csv.gz", "none.csv.gz: zero bytes; expected gzip data, download it again");

    let text = "time,open,high,low,close\n".to_owned()
        + &(0..5_000).map(|day| format!("{},1,2,1,2\n", day * 86_400)).collect::<String>();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    let mut bytes = encoder.finish().unwrap();
    std::fs::write(at("whole.csv.gz"), &bytes).unwrap();
    assert_eq!(read_bars(at("whole.csv.gz"), &Options::default()).unwrap().bars.len(), 5_000);
    std::fs::write(at("cut.csv.gz"), &bytes[..bytes.len() / 2]).unwrap();
    check("cut.csv.gz", "cut.csv.gz:1:1: the gzip data breaks off here; download it again");
    // What is behind the end was taken for a member that breaks off, or for damage.
    for behind in [&b"x"[..], b"\0\0\0\0", b"more than a header"] {
        std::fs::write(at("more.csv.gz"), [&bytes, behind].concat()).unwrap();
        let refused = read_bars(at("more.csv.gz"), &Options::default()).unwrap_err().to_string();
        assert!(refused.contains("the gzip data is whole and something else follows it"), "{refused}");
    }
    let mut second = GzEncoder::new(Vec::new(), Compression::default());
    second.write_all(format!("{},1,2,1,2\n", 5_000 * 86_400).as_bytes()).unwrap();
    std::fs::write(at("two.csv.gz"), [bytes.clone(), second.finish().unwrap()].concat()).unwrap();
    assert_eq!(read_bars(at("two.csv.gz"), &Options::default()).unwrap().bars.len(), 5_001);
    let end = bytes.len() - 5;
    bytes[end] ^= 0xff;
    std::fs::write(at("damaged.csv.gz"), &bytes).unwrap();
    let refused = read_bars(at("damaged.csv.gz"), &Options::default()).unwrap_err().to_string();
    assert!(refused.contains("the gzip data is damaged here"), "{refused}");
}

#[cfg(unix)]
#[test]
fn no_permission() {
    use std::os::unix::fs::PermissionsExt;
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(file.path()).is_ok() {
        println!("skipped: this user reads everything");
        return;
    }
    let refused = read_bars(file.path(), &Options::default()).unwrap_err().to_string();
    assert!(refused.ends_with(": no permission to read it; check its owner and mode"), "{refused}");
}

#[test]
fn line_ends_of_carriage_returns() {
    // They were read as one long header, and the file as one without a row.
    for text in ["time,open,high,low,close\r2014-12-01,4,6,3,5\r2014-12-02,4,6,3,5\r", "\u{feff}time,open\r1,2"] {
        check(text, "x.csv:1:1: line ends of CR alone; expected LF or CRLF, save it with those");
    }
}
