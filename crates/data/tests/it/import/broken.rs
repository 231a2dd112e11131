//! Files that are wrong or broken: each refusal says what, and what to try; nothing hangs and nothing fills the memory.
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, TimestampMillisecondArray};
use qframe_data::Kind;
use qframe_data::import::{Dialect, Wish, find_files, import};

use super::told;

const BARS: &str =
    "time,open,high,low,close,volume\n2020-01-01,1,2,1,2,5\n2020-01-02,2,3,1,2,5\n2020-01-03,2,3,1,2,5\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A Parquet file of one column, whose dictionary says it has more values than it has bytes.
fn lying_parquet() -> Vec<u8> {
    let times: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![1_637_971_200_000, 1_637_971_260_000]));
    let batch = RecordBatch::try_from_iter([("time", times)]).unwrap();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    // Thrift: a dictionary page, 16 bytes, 16 when packed; its own head says 2 values (twice the number is written).
    let head = [0x15, 0x04, 0x15, 0x20, 0x15, 0x20, 0x4c, 0x15, 0x04];
    let at = bytes.windows(head.len()).position(|window| window == head).unwrap();
    bytes[at + head.len() - 1] = 2 * 63;
    bytes
}

#[track_caller]
fn check(name: &str, bytes: &[u8], wish: &Wish, expected: &str) {
    let folder = Folder::new();
    let found = told(&folder.file(name, bytes), wish);
    assert!(found.contains(expected), "{name}: {found}\nexpected {expected}");
}

#[test]
fn packed_files_that_are_whole_are_read() {
    let expected = "csv: AAPL@unknown bars 1d 3 rows 2020-01-01 2020-01-03";
    let plain = Wish::default();
    check("AAPL.csv", BARS.as_bytes(), &plain, expected);
    check("AAPL.csv.gz", &gzip(BARS.as_bytes()), &plain, expected);
    check("AAPL.csv.zst", &zstd::encode_all(BARS.as_bytes(), 1).unwrap(), &plain, expected);
    check("x.zip", &zip(&[("AAPL.csv", BARS.as_bytes())]), &plain, expected);
    check("x.zip", &zip(&[("AAPL.csv.gz", &gzip(BARS.as_bytes()))]), &plain, expected);
    // The first bytes tell, not the name.
    check("AAPL.csv", &gzip(BARS.as_bytes()), &plain, expected);
}

/// Whatever lay below a folder named for a machine (`m1`) became bars of a minute.
#[test]
fn a_folder_names_no_frame_against_the_rows() {
    let plain = Wish::default();
    check("m1/AAPL.csv", BARS.as_bytes(), &plain, "AAPL@unknown bars 1d 3 rows");
    let one = "time,open,high,low,close\n2020-01-01,1,1,1,1\n".as_bytes();
    check("daily/AAPL.csv", one, &plain, "AAPL@unknown bars 1d 1 rows");
}

#[test]
fn broken_files_are_refused_by_what_is_wrong() {
    let plain = Wish::default();
    let (packed, zst) = (gzip(BARS.as_bytes()), zstd::encode_all(BARS.as_bytes(), 1).unwrap());
    let archive = zip(&[("AAPL.csv", BARS.as_bytes())]);
    check("AAPL.csv", b"", &plain, "empty");
    check("AAPL.csv.gz", b"", &plain, "zero bytes");
    check("AAPL.csv", b"\0\x01\x02,\0", &plain, "line 1, column 1: a zero byte");
    check("AAPL.csv", b"time,price\n1,\0", &plain, "line 2, column 3: a zero byte");
    check("AAPL.csv", b"hello\nworld\n", &plain, "no dialect recognises it");
    check("AAPL.csv", b"a,b,c\n1,2,3\n", &plain, "no dialect recognises it: columns a, b, c");
    check("AAPL.csv", b"time,open,high,low,close\n", &plain, "and no row");
    check("AAPL.csv.gz", &packed[..packed.len() / 2], &plain, "the gzip data breaks off or is damaged");
    check("AAPL.csv.zst", &zst[..zst.len() / 2], &plain, "the zstd data breaks off or is damaged");
    check("x.zip", &archive[..archive.len() / 2], &plain, "the zip data breaks off or is damaged");
    check("x.zip", &zip(&[]), &plain, "no file in it");
    check("book.xlsx", &zip(&[("xl/workbook.xml", b"<x/>")]), &plain, "an Excel workbook; export the sheet as CSV");
    check("AAPL.json", b"[[1,2,3", &plain, "the JSON is damaged");
    check("AAPL.json", b"[]", &plain, "no row in it");
    check("AAPL.parquet", b"PAR1xxxxPAR1", &plain, "the Parquet file is damaged");
    check("AAPL.parquet", &lying_parquet(), &plain, "a dictionary of 16 bytes says it has 63 values");
    check("AAPL.feather", b"ARROW1\0\0xxxx", &plain, "the Arrow file is damaged");
    check("BTCUSDT.gz", &gzip(b"1723161255000000000 {\"e\":\"trade\"}\n"), &plain, "expected a recorded stream");
    check("AAPL.csv", b"SQLite format 3\0", &plain, "an SQLite database; export a table as CSV");
    check("AAPL.csv", "time,open,high,low,close\n2020-01-01,x,1,1,1\n".as_bytes(), &plain, "nothing of use in 1 row");
    check("20200101,1,2,1,2,5.csv", b"20200101 00:00,1,2,1,2,5\n", &plain, "rows as LEAN writes them, in no folder");
}

#[test]
fn a_bomb_is_stopped() {
    let lines = b"2020-01-01,1,2,1,2,5\n".repeat(4 << 20);
    let bomb = [b"time,open,high,low,close,volume\n".as_slice(), &lines].concat();
    let days = Wish { frame: "1d".parse().ok(), ..Wish::default() };
    check("AAPL.csv.zst", &zstd::encode_all(&bomb[..], 3).unwrap(), &days, "more than market data ever shrinks");
}

#[test]
fn flags_that_contradict_the_file_are_refused() {
    let bars = BARS.as_bytes();
    let of = |kind| Wish { kind: Some(kind), ..Wish::default() };
    check("AAPL.csv", bars, &of(Kind::Trades), "it holds bars, not trades");
    check("AAPL.csv", bars, &of(Kind::Bids), "AAPL@unknown bids 1d 3 rows");
    let yahoo = Wish { dialect: Some(Dialect::Yahoo), ..Wish::default() };
    check(
        "AAPL.csv",
        bars,
        &yahoo,
        "it is not yahoo: columns time, open, high, low, close, volume; expected a column Adj Close",
    );
    let minutes = Wish { frame: "1w".parse().ok(), ..Wish::default() };
    check("AAPL.csv", bars, &minutes, "rows lie 1d apart, the time frame given is 1w");
    check("prices.csv", bars, &Wish::default(), "nothing says what was traded");
    check(
        "AAPL.csv",
        b"time,open,high,low,close\n2020-01-01,1,1,1,1\n",
        &Wish::default(),
        "one row only: no time frame to see",
    );
}

#[test]
fn rows_that_are_none_are_findings_and_the_others_come_in() {
    let text = "time,open,high,low,close,volume\n2020-01-01,1,2,1,2,5\n2020-01-02,1,1,2,1,5\n2020-01-03,NaN,1,1,1,5\n\
                2020-01-04,1,2,1,3,5\n2020-01-05,1,2,1\n2020-01-06,-1,2,1,2,5\nsoon,1,2,1,2,5\n2020-01-07,1,2,1,2,5\n\
                2020-01-07,1,2,1,2,5\n2020-01-07,1,2,1,1,5\n2020-01-02,1,2,1,2,5\n";
    check(
        "AAPL.csv",
        text.as_bytes(),
        &Wish::default(),
        "csv: AAPL@unknown bars 1d 3 rows 2020-01-01 2020-01-07, 1 merged; 2 unreadable, 1 not a number, 1 price not above zero, \
         1 high below low, 1 open or close outside low to high, 1 duplicate, same values, 1 duplicate, other values, 1 out of order",
    );
    let folder = Folder::new();
    let path = folder.file("AAPL.csv", text.as_bytes());
    let answers = import(&path, &Wish::default(), &mut |_, _| Ok(()));
    let kept = &answers[0].as_ref().unwrap().findings.kept;
    assert!(
        kept[0].text.ends_with("AAPL.csv:3:14: \"1\" says high 1 below low 2; are columns swapped?"),
        "{}",
        kept[0].text
    );
}

#[test]
fn paths_are_looked_through() {
    let folder = Folder::new();
    folder.file("a/AAPL.csv", BARS.as_bytes());
    folder.file("a/deeper/MSFT.csv.gz", &gzip(BARS.as_bytes()));
    folder.file("a/readme.md", b"x");
    folder.file("a/.hidden.csv", b"x");
    folder.file("b/readme.md", b"x");
    let found = find_files(&[folder.0.path().join("a"), folder.0.path().join("b")]);
    let names: Vec<&str> = found.files.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert_eq!((names, found.passed_over, found.refused.len()), (vec!["AAPL.csv", "MSFT.csv.gz"], 3, 1));
    assert!(found.refused[0].to_string().contains("a directory with no file of market data in it"));
    let answers = import(Path::new("no/such.csv"), &Wish::default(), &mut |_, _| Ok(()));
    assert!(answers[0].as_ref().unwrap_err().to_string().contains("no such file"));
}

/// Each of these was refused for another reason, was lost in silence, or took a minute.
#[test]
fn hostile_files_are_told_for_what_they_are() {
    let plain = Wish::default();
    let long = format!("{BARS}2020-01-04,1,2,1,2,{}\n2020-01-05,1,2,1,2,5\n", "1".repeat(3 << 19));
    check("AAPL.csv", long.as_bytes(), &plain, "line 5 is longer than a mebibyte");
    let zeros = vec![b'0'; 70 << 20];
    check("AAPL.csv.zst", &zstd::encode_all(&zeros[..], 1).unwrap(), &plain, "more than market data ever shrinks");
    let wide = format!("time,open,high,low,close{}\n2020-01-01,1,2,1,2{}\n", ",x".repeat(9_000), ",1".repeat(9_000));
    check("AAPL.csv", wide.as_bytes(), &plain, "9005 columns, where 4096 are more than market data has");
    let row = format!("[[\"{}\",1,2,1,2,5]]", "9".repeat(17 << 20));
    check("AAPL.json", row.as_bytes(), &plain, "row 1 has over 16 mebibytes of JSON");
    let decimals = "time;open;high;low;close\n2020-01-01;1,5;2,5;1,5;2,5\n2020-01-02;1,5;2,5;1,5;2,5\n";
    let thousands = decimals.replace(",5", ",500");
    check("AAPL.csv", thousands.as_bytes(), &plain, "\"1,500\" is no number for the open: its comma may divide");
    let trades = "time;price;amount\n1672531200;1.500;2,5\n1672531201;1.500;2,5\n";
    check("BCHEUR.csv", trades.as_bytes(), &plain, "\"2,5\" is no number for the quantity: its comma may divide");
    let snapshot = b"1723161999000000000 {\"lastUpdateId\":1,\"bids\":[[\"5\",\"1\"]],\"asks\":[[\"6\",\"1\"]]}\n";
    check("stream.txt", snapshot, &plain, "a snapshot of no symbol, and no message names one");
    // A quote without an end, right below the names, was taken for a comment.
    let quote = BARS.replacen("2020-01-01,1,", "2020-01-01,\"1,", 1);
    check("AAPL.csv", quote.as_bytes(), &plain, "unreadable");
}

#[cfg(unix)]
#[test]
fn pipes_do_not_wait_and_links_do_not_lead_round() {
    let folder = Folder::new();
    let file = folder.file("AAPL.csv", BARS.as_bytes());
    for link in ["one", "two"] {
        std::os::unix::fs::symlink(folder.0.path(), folder.0.path().join(link)).unwrap();
    }
    assert_eq!(find_files(&[folder.0.path().to_owned()]).files, [file]);
    let told = told(Path::new("/dev/zero"), &Wish::default());
    assert!(told.contains("a pipe or a device"), "{told}");
}

/// A recorder that was killed, or met a full disk, left a file of which nothing could be read.
#[test]
fn a_recording_that_breaks_off_is_one_up_to_there() {
    let folder = Folder::new();
    let line = |id: u32| {
        let time = 1_700_000_000_000_u64 + u64::from(id) * 10;
        format!(
            r#"{}.{:03}: {{"stream":"btcusdt@trade","data":{{"e":"trade","E":{time},"s":"BTCUSDT","t":{id},"p":"{}.5","q":"0.25","T":{time},"m":true,"M":true}}}}"#,
            time / 1_000,
            time % 1_000,
            100 + id * id % 17
        ) + "\n"
    };
    let text: String = (1..=2_000).map(line).collect();
    let (packed, zst) = (gzip(text.as_bytes()), zstd::encode_all(text.as_bytes(), 1).unwrap());
    let members: Vec<u8> = text.as_bytes().chunks(10_000).flat_map(gzip).collect();
    let check = |name: &str, whole: &[u8]| {
        let path = folder.file(name, &whole[..whole.len() * 3 / 4]);
        let mut rows = 0;
        let answers = import(&path, &Wish::default(), &mut |_, batch| {
            rows += batch.len();
            Ok(())
        });
        let [Ok(import)] = answers.as_slice() else { panic!("{name}: {}", told(&path, &Wish::default())) };
        assert!((200..2_000).contains(&rows), "{name}: {rows}");
        let finding = import.findings.kept.first().map(ToString::to_string).unwrap_or_default();
        assert!(finding.contains(&format!("{}", rows + 1)) && finding.contains("breaks off here"), "{name}: {finding}");
    };
    check("one.gz", &packed);
    check("members.gz", &members);
    check("one.zst", &zst);
    // What is damaged in the middle may have become wrong rows; and nothing is nothing.
    let mut flipped = packed.clone();
    flipped[packed.len() / 2] ^= 0xff;
    for (name, bytes) in [("flipped.gz", &flipped[..]), ("head.gz", &packed[..30])] {
        let path = folder.file(name, bytes);
        let answers = import(&path, &Wish::default(), &mut |_, _| panic!("{name}: rows of damaged data"));
        assert!(matches!(answers.as_slice(), [Err(_)]), "{name}: {}", told(&path, &Wish::default()));
    }
}
