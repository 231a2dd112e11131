//! Every kind of file that is read, and how the reader says that it understood it.
use qframe_data::{Offsets, OnBadRow, Options, RowOrder, read_bars_from};

use crate::read;

/// Two bars an hour or a day apart in some dialect; `expected` is their plain form, `why` what must be said.
#[track_caller]
fn check(text: &str, expected: &str, why: &str) {
    let loaded = read(text).unwrap_or_else(|refused| panic!("{refused}"));
    let mut written = Vec::new();
    qframe_data::write_bars(&mut written, &loaded.bars).unwrap();
    let written = String::from_utf8(written).unwrap();
    let rows: Vec<&str> = written.lines().skip(1).collect();
    assert_eq!(rows.join(" "), expected, "{text}");
    assert!(loaded.why.join("; ").contains(why), "{:?} does not say {why:?}", loaded.why);
}

const DAYS: &str = "2014-12-01T00:00:00Z,370,378,360,371.5,15.01 2014-12-02T00:00:00Z,371.5,372,371,371,0";
const HOURS: &str = "2017-07-01T22:00:00Z,370,378,360,371.5,15.01 2017-07-01T23:00:00Z,371.5,372,371,371,0";

#[test]
fn separators_quotes_and_line_ends() {
    check(
        "time,open,high,low,close,volume\n2014-12-01,370,378,360,371.5,15.01\n2014-12-02,371.5,372,371,371,0",
        DAYS,
        "comma",
    );
    check(
        "TIME;OPEN;HIGH;LOW;CLOSE;VOLUME\r\n2014-12-01;370;378;360;371.5;15.01\r\n2014-12-02;371.5;372;371;371;0\r\n",
        DAYS,
        "semicolon",
    );
    check(
        "date\topen\thigh\tlow\tclose\tvolume\n2014-12-01\t370\t378\t360\t371.5\t15.01\n2014-12-02\t371.5\t372\t371\t371\t0\n",
        DAYS,
        "tab",
    );
    check(
        "\u{feff}time,open,high,low,close,volume\n\"2014-12-01\",\"370\",378,360,\"371.5\",15.01\n2014-12-02,371.5,372,371,371,0\n",
        DAYS,
        "",
    );
    check(
        "time, open, high, low, close, volume\n2014-12-01, 370, 378, 360, 371.5, 15.01\n2014-12-02 ,371.5, 372,371,371,0\n",
        DAYS,
        "",
    );
    check(
        "\ntime,open,high,low,close,volume\n\n2014-12-01,370,378,360,371.5,15.01\n\r\n2014-12-02,371.5,372,371,371,0\n\n\n",
        DAYS,
        "",
    );
}

#[test]
fn decimal_commas() {
    let head = "Date;Open;High;Low;Close;Volume\n";
    let rows = "2014-12-01;370;378;360;371,5;15,01\n2014-12-02;371,5;372;371;371;0\n";
    check(&format!("{head}{rows}"), DAYS, "semicolon separated; numbers have a decimal comma");
    check(rows, DAYS, "decimal comma");
    check(&format!("{head}{rows}").replace(';', "\t"), DAYS, "decimal comma");
    let dotted = head.replace("Date", "Datum") + "01.12.2014;370;378;360;371,5;15,01\n2014.12.02;371,5;372;371;371;0\n";
    check(&dotted, DAYS, "decimal comma");
    let quoted = "Date,Open,High,Low,Close,Volume\n2014-12-01,370,378,360,\"371,5\",\"15,01\"\n2014-12-02,\"371,5\",372,371,371,0\n";
    check(quoted, DAYS, "comma separated; numbers have a decimal comma");
    let refused = |rows: &str, place: &str, text: &str| {
        let refused = read(&format!("{head}{rows}")).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("x.csv:{place}: \"{text}\" is no number for the")), "{refused}");
        assert!(refused.contains("its comma may divide decimals or thousands"), "{refused}");
    };
    // Sixty-one thousand, or sixty-one and a bit.
    refused("2014-12-01;61,800;61,900;61,700;61,850;1\n", "2:12", "61,800");
    refused("2014-12-01;370;378;360;371,5;15.01\n2014-12-02;371,5;372;371;371;0\n", "2:24", "371,5");
    refused("2014-12-01;370;378;360;371,5;15\n2014-12-02;1.371;1.372;1.371;1.371;0\n", "2:24", "371,5");
    // Points between thousands are read where they can be nothing else.
    let thousands = "2014-12-01;1.370;1.378;1.360;1.371,5;15,01\n2014-12-02;1.371,5;1.372;1.371;1.371;0\n";
    let plain = rows.replace(";3", ";13");
    let (grouped, plain) = (read(&format!("{head}{thousands}")).unwrap(), read(&format!("{head}{plain}")).unwrap());
    assert_eq!(grouped.bars, plain.bars);
    assert!(grouped.why.iter().any(|why| why.contains("points between thousands")), "{:?}", grouped.why);
    // Else one may be decimal: no row with such a number is read, however late it comes.
    let many: String = (1..29).map(|day| format!("2014-12-{day:02};999,5;999,5;999,5;999,5;1\n")).collect();
    refused(&format!("{many}2014-12-29;1.371;1.372;1.371;1.371;0\n"), "30:12", "1.371");
    refused(&format!("{many}2014-12-29;1.371,5;1.372;1.371;1.371;0\n"), "30:20", "1.372");
}

#[test]
fn clocks() {
    let with = |header: &str, first: &str, second: &str| {
        format!("{header},open,high,low,close,volume\n{first},370,378,360,371.5,15.01\n{second},371.5,372,371,371,0\n")
    };
    let days = |header: &str, first: &str, second: &str, why: &str| check(&with(header, first, second), DAYS, why);
    let hours = |header: &str, first: &str, second: &str, why: &str| check(&with(header, first, second), HOURS, why);
    days("unix", "1417392000", "1417478400", "seconds");
    days("Unix Timestamp", "1417392000.0", "1417478400.0", "seconds");
    days("timestamp", "1417392000000", "1417478400000", "milliseconds");
    days("open_time", "1417392000000000", "1417478400000000", "microseconds");
    days("ts", "1417392000000000000", "1417478400000000000", "nanoseconds");
    days("date", "20141201", "20141202", "no zone");
    days("Date", "2014-12-01T00:00:00Z", "2014-12-02T00:00:00Z", "times are UTC");
    days("datetime", "2014-12-01 00:00:00.000", "2014-12-02 00:00:00.000", "no zone");
    days("", "2014-12-01 09:00:00+09:00", "2014-12-02 09:00:00+09:00", "offset +09:00");
    hours("date", "2017-07-01 10-PM", "2017-07-01 11-PM", "no zone");
    hours("date", "2017-07-01 17:00:00-05:00", "2017-07-01 18:00:00-05:00", "offset -05:00");
    hours("date", "2017-07-01T22:00", "2017-07-01T23:00", "time frame 1h");
}

#[test]
fn headers() {
    check(
        "Created on 10-17-2019,https://www.CryptoDataDownload.com\ndate,symbol,open,high,low,close,volume_btc,volume\n\
         2014-12-02,BTCUSD,371.5,372,371,371,0,0\n2014-12-01,BTCUSD,370,378,360,371.5,15.01,5543.2\n",
        DAYS,
        "header on line 2, the lines before are comments; time from column 1 \"date\"; volume from column 7 \"volume_btc\"",
    );
    check(
        "Date,Open,High,Low,Close,Adj Close,Volume\n2014-12-01,370,378,360,371.5,99,15.01\n2014-12-02,371.5,372,371,371,98,0\n",
        DAYS,
        "the adjusted close is left out",
    );
    check(
        "close,note,low,high,volume,open,time\n371.5,\"a,b\",360,378,15.01,370,2014-12-01\n371,c,371,372,0,371.5,2014-12-02\n",
        DAYS,
        "columns left out: note",
    );
    check(
        "1417392000000,370,378,360,371.5,15.01\n1417478400000,371.5,372,371,371,0\n",
        DAYS,
        "no header: taken as time",
    );
    check(
        "bars of X, by the day\n1417392000000,370,378,360,371.5,15.01\n1417478400000,371.5,372,371,371,0\n",
        DAYS,
        "rows from line 2 on, the lines before are comments; no header: taken as time",
    );
    check(
        "1417392000000,370.0,378,360,371.5,15.01,1417478399999,1.03,79,19523.0,0.5,0\n\
         1417478400000,371.5,372,371,371,0.00000000,1417564799999,1.03,79,19523.0,0.5,0\n",
        DAYS,
        "twelve columns of Binance klines",
    );
}

#[test]
fn float_noise_is_rounded_and_counted() {
    let text = "time,open,high,low,close,volume\n2014-12-01,1.0586600000000002,1.1,1,1.1,1e-12\n\
                2014-12-02,1.1,1.1,1.1,1.1,1.5E+3\n2014-12-03,1,1,1,1,1234567890.1234567890\n";
    let loaded = read(text).unwrap();
    assert_eq!(loaded.facts.rounded, 3);
    assert_eq!(loaded.bars[0].open.to_string(), "1.05866");
    assert_eq!((loaded.bars[1].volume.to_string(), loaded.facts.zero_volume), ("1500".to_owned(), 1));
    assert_eq!(loaded.bars[2].volume.to_string(), "1234567890.12345679");
}

#[test]
fn newest_first_is_turned_round_and_said() {
    let loaded =
        read("time,open,high,low,close\n2014-12-03,1,1,1,1\n2014-12-02,1,1,1,1\n2014-12-01,1,1,1,1\n").unwrap();
    assert_eq!(loaded.facts.order, RowOrder::NewestFirst);
    assert!(loaded.why.contains(&"newest first: turned round".to_owned()));
    assert!(loaded.first() < loaded.last());
}

#[test]
fn bad_rows_are_skipped_by_reason_when_asked() {
    let text = "time,open,high,low,close\n2014-12-01,1,1,1,1\n2014-12-02,1,1,1\n2014-12-02,x,1,1,1\n2014-12-02,1,1,1,NaN\n\
                2014-12-02,2,2,2,2\n2014-12-02,2,2,2,2\n2014-12-01,2,2,2,2\n2014-12-03,0,1,1,1\n2014-12-03,3,3,3,y\n2014-12-03,3,3,3,3\n";
    let options = Options { on_bad_row: OnBadRow::Skip, ..Options::default() };
    let loaded = read_bars_from(text.as_bytes(), "x.csv", &options).unwrap();
    let skipped = &loaded.facts.skipped;
    assert_eq!((loaded.bars.len(), loaded.facts.rows, skipped.total, skipped.first.len()), (3, 10, 7, 5));
    let reasons = [
        ("wrong number of fields", 1),
        ("text in a number", 2),
        ("NaN or infinity", 1),
        ("duplicate time", 1),
        ("unsorted time", 1),
        ("price not above zero", 1),
    ];
    assert_eq!(skipped.by_reason, reasons);
}

#[test]
fn a_bad_row_at_the_top_of_a_file_without_a_header_is_a_row() {
    // Up to nine of them were taken for comments, under stop and under skip alike.
    let rows = "2020-01-02,4,6,3,5,7\n2020-01-03,4,6,3,5,7\n2020-01-04,4,6,3,5,7\n";
    let check = |bad: &str, lines: u64, first: &str| {
        let text = format!("{bad}\n{rows}");
        let refused = read(&text).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("x.csv:{first}")), "{refused}");
        assert!(refused.ends_with("pass over bad rows (on_bad_row: Skip)"), "{refused}");
        let options = Options { on_bad_row: OnBadRow::Skip, ..Options::default() };
        let loaded = read_bars_from(text.as_bytes(), "x.csv", &options).unwrap();
        assert_eq!((loaded.bars.len(), loaded.facts.skipped.total), (3, lines), "{text}");
        let about = loaded.why.join("; ");
        assert!(about.contains("no header") && !about.contains("header on line"), "{about}");
    };
    check("2019-12-31,99,abc,97,100,999", 1, "1:15: \"abc\" is no number for the high");
    check("2019-12-31,99,100,97,NaN,999", 1, "1:22: \"NaN\" is no finite number for the close");
    check("2019-12-31,99,100,97,,999", 1, "1:22: \"\" is no number for the close");
    check("2019-12-31,99,100,97,999", 1, "1:1: \"2019-12-31,99,100,97,999\" has 5 fields");
    check("31/12/2019,99,100,97,98,999", 1, "1:1: \"31/12/2019\" is not a time");
    check("2019-12-31,\"99,100,97,98,999", 1, "1:12: ");
    check("97,98,999", 1, "1:1: \"97,98,999\" has 3 fields");
    check(&["2019-12-31,99,abc,97,100,999"; 9].join("\n"), 9, "1:15: ");
    check("bars of X\n\n2019-12-31,99,abc,97,100,999\n\n", 1, "3:15: ");
}

#[test]
fn offsets_may_be_mixed_when_asked() {
    let text = "time,open,high,low,close\n2024-03-30T00:00:00+01:00,1,1,1,1\n2024-03-31T00:00:00+01:00,1,1,1,1\n\
                2024-04-01T00:00:00+02:00,1,1,1,1\n2024-04-02T00:00:00+02:00,1,1,1,1\n";
    let options = Options { offsets: Offsets::Mixed, ..Options::default() };
    let loaded = read_bars_from(text.as_bytes(), "x.csv", &options).unwrap();
    assert_eq!(loaded.time_frame.to_string(), "1d");
    assert_eq!(loaded.last().unwrap().to_string(), "2024-04-01T22:00:00Z");
}

#[test]
fn a_column_of_closes_makes_flat_bars() {
    let text = "time,AAPL,AMD\n2013-01-02,16.814,2.53\n2013-01-03,16.602,2.49\n";
    let options = Options { close_column: Some("amd"), ..Options::default() };
    let loaded = read_bars_from(text.as_bytes(), "x.csv", &options).unwrap();
    let bar = loaded.bars[1];
    assert_eq!((bar.open, bar.high, bar.low, bar.close.to_string()), (bar.close, bar.close, bar.close, "2.49".into()));
    assert!(loaded.why.iter().any(|line| line.starts_with("closes only")));
}
