//! Calendars of dividends, splits and funding rates: what is read, and what is refused, word for word.
use proptest::prelude::*;
use qframe_data::CalendarKind::{self, Dividends, Funding, Splits};
use qframe_data::read_calendar_from;

#[track_caller]
fn check(kind: CalendarKind, text: &str, expected: &str) {
    let calendar = read_calendar_from(text.as_bytes(), "x.csv", kind).unwrap_or_else(|refused| panic!("{refused}"));
    let rows: Vec<String> = calendar.rows.iter().map(|(time, rate)| format!("{time:#} {rate}")).collect();
    assert_eq!(format!("{}; rounded {}", rows.join(", "), calendar.rounded), expected, "{text:?}");
}

#[track_caller]
fn refused(kind: CalendarKind, text: &str, expected: &str) {
    let refused = read_calendar_from(text.as_bytes(), "x.csv", kind).unwrap_err();
    assert_eq!(refused.to_string(), expected, "{text:?}");
}

#[test]
fn calendars_of_several_exports_are_read() {
    check(Dividends, "time,amount\n2018-02-09,0.63\n2018-05-11,0.73\n", "2018-02-09 0.63, 2018-05-11 0.73; rounded 0");
    check(
        Dividends,
        "Date,Dividends\r\n2018-02-09 00:00:00-05:00,\"0.1575\"\r\n\r\n2018-05-11 00:00:00-04:00,0.1825",
        "2018-02-09T05:00:00Z 0.1575, 2018-05-11T04:00:00Z 0.1825; rounded 0",
    );
    check(
        Dividends,
        "time;amount\n2018-02-09;0,625\n2018-05-11;1,125\n",
        "2018-02-09 0.625, 2018-05-11 1.125; rounded 0",
    );
    check(Splits, "\u{feff}Date;Stock Splits\n2014-06-09;7\n2020-08-31;4.0\n", "2014-06-09 7, 2020-08-31 4; rounded 0");
    // New for old, as it is often written.
    check(
        Splits,
        "time,ratio\n2014-06-09,7:1\n2020-08-31,3:2\n2021-08-31,1/3\n2022-08-31,1 : 1.5\n2023-08-31,1:3000\n",
        "2014-06-09 7, 2020-08-31 1.5, 2021-08-31 0.333333333, 2022-08-31 0.666666667, 2023-08-31 0.000333333; rounded 1",
    );
    check(
        Funding,
        "calc_time,funding_interval_hours,last_funding_rate\n1577836800000,8,-0.00012359\n1577865600000,8,0.00001234567\n",
        "2020-01-01 -0.00012359, 2020-01-01T08:00:00Z 0.000012346; rounded 1",
    );
}

#[test]
fn dividends_may_be_paid_on_another_day() {
    let check = |text: &str, due: &str, paid: &str| {
        let calendar = read_calendar_from(text.as_bytes(), "x.csv", Dividends).unwrap();
        let dues: Vec<String> = calendar.rows.iter().map(|(time, _)| format!("{time:#}")).collect();
        let due_of = |place: &usize| calendar.rows[*place].0;
        let days: Vec<String> =
            calendar.paid.iter().map(|(place, paid)| format!("{:#} {paid:#}", due_of(place))).collect();
        assert_eq!((dues.join(", ").as_str(), days.join(", ").as_str()), (due, paid), "{text:?}");
    };
    let one = "2018-02-09 2018-02-15";
    check("time,amount,pay_date\n2018-02-09,0.63,2018-02-15\n", "2018-02-09", one);
    check(
        "record_date,ex_date,Payment Date,amount\n2018-02-12,2018-02-09,2018-02-15,0.63\n2018-05-14,2018-05-11,,0.73\n",
        "2018-02-09, 2018-05-11",
        one,
    );
    // Of two on one day each keeps its own.
    check(
        "time,amount,pay_date\n2018-02-09,0.63,2018-02-15\n2018-02-09,1,2018-03-01\n2018-02-09,1,\n",
        "2018-02-09, 2018-02-09, 2018-02-09",
        "2018-02-09 2018-02-15, 2018-02-09 2018-03-01",
    );
    refused(
        Dividends,
        "time,amount,pay_date\n2018-02-09,0.63,2018-02-08\n",
        "x.csv:2:17: \"2018-02-08\" is no day of payment; expected the ex-date or a later day; mend the row",
    );
}

#[test]
fn what_is_no_calendar_is_refused() {
    let amounts = |rows: &str| format!("time,amount\n{rows}\n");
    let empty = "empty; expected a header and rows, is the export complete?";
    refused(Dividends, "", &format!("x.csv:1:1: {empty}"));
    refused(Dividends, "\n\n", &format!("x.csv:1:1: {empty}"));
    refused(Dividends, "time,amount\n\n", "x.csv:1:1: the header \"time,amount\" and no row; is the export complete?");
    refused(
        Splits,
        "time,amount\n2018-01-01,1\n",
        "x.csv:1:1: no such columns among [\"time\", \"amount\"]; expected a header such as time,ratio: rename the columns",
    );
    // An ordinary and a special dividend are two; the same row again is a slip, or nobody can tell.
    check(Dividends, &amounts("2018-01-01,1\n2018-01-01,2"), "2018-01-01 1, 2018-01-01 2; rounded 0");
    refused(
        Dividends,
        &amounts("2018-01-01,1\n2018-01-01,2\n2018-01-01,1.0"),
        "x.csv:4:1: \"2018-01-01\" stands twice with the same dividend of 1; take one row away, or write their sum where \
         both were paid; mend the row",
    );
    refused(
        Splits,
        "time,ratio\n2018-01-01,2\n2018-01-01,4\n",
        "x.csv:3:1: \"2018-01-01\" stands twice; expected one row a time; mend the row",
    );
    refused(
        Dividends,
        &amounts("2018-01-02,1\n2018-01-01,2"),
        "x.csv:3:1: \"2018-01-01\" follows 2018-01-02T00:00:00Z; expected a later time, as in the rows before: sort the file \
         by time; mend the row",
    );
}

#[test]
fn numbers_that_no_calendar_has_are_refused() {
    let amounts = |rows: &str| format!("time,amount\n{rows}\n");
    let above = "is no amount; expected more than zero, such as 0.22 for each share; mend the row";
    refused(Dividends, &amounts("2018-01-02,0"), &format!("x.csv:2:12: \"0\" {above}"));
    refused(Dividends, &amounts("2018-01-02,-1"), &format!("x.csv:2:12: \"-1\" {above}"));
    refused(
        Splits,
        "time,ratio\n2018-01-02,0\n",
        "x.csv:2:12: \"0\" is no ratio; expected more than zero, such as 4 where one share becomes four, or 1:3; mend the row",
    );
    for pair in ["0:3", "1:0", "-1:3", "1:3:2", "1:", "a/3"] {
        refused(
            Splits,
            &format!("time,ratio\n2018-01-02,{pair}\n"),
            &format!("x.csv:2:12: {pair:?} is no number for the ratio; expected digits such as 370.25; mend the row"),
        );
    }
    refused(
        Funding,
        "time,rate\n2018-01-02,1:3\n",
        "x.csv:2:12: \"1:3\" is no number for the rate; expected digits such as 370.25; mend the row",
    );
    refused(
        Funding,
        "time,rate\n2018-01-02,1.5\n",
        "x.csv:2:12: \"1.5\" is no rate; expected a share between -1 and 1, such as 0.0001 for 0.01 %; mend the row",
    );
    refused(
        Funding,
        "time,rate\n2018-01-02,0.01%\n",
        "x.csv:2:12: \"0.01%\" is no number for the rate; expected digits such as 370.25; mend the row",
    );
    refused(
        Funding,
        "time,rate\n2018-01-02\n",
        "x.csv:2:1: \"2018-01-02\" has 1 fields; expected 2, as in the header; mend the row",
    );
    refused(
        Funding,
        "time,rate\n2018-01-02,1e40\n",
        "x.csv:2:12: \"1e40\" is out of range for the rate; expected less than 9.2e9; mend the row",
    );
}

#[test]
fn skipped_rows_do_not_stretch_the_time_frame() {
    // Every other row of a daily file was bad: the bars lay two days apart, and were taken for bars of two days.
    let check_rows = |bad_row: &str, bad: &dyn Fn(u32) -> bool, expected: &str| {
        let row = |day: u32| {
            let time = format!("2014-12-{day:02}");
            let row = if bad(day) { bad_row } else { "TIME,1,1,1,1" };
            row.replace("TIME", &time) + "\n"
        };
        let text = format!("time,open,high,low,close\n{}", (1..=28).map(row).collect::<String>());
        let options = qframe_data::Options { on_bad_row: qframe_data::OnBadRow::Skip, ..Default::default() };
        let loaded = qframe_data::read_bars_from(text.as_bytes(), "x.csv", &options).unwrap();
        let (guessed, missing) = (loaded.facts.skipped.frame_is_guessed, loaded.facts.gaps.missing);
        let of_frame: Vec<&String> = loaded.why.iter().filter(|why| why.starts_with("time frame")).collect();
        assert_eq!(format!("{}, guessed {guessed}, absent {missing}", of_frame[0]), expected);
    };
    let check = |bad: &dyn Fn(u32) -> bool, expected: &str| check_rows("TIME,1,oops,1,1", bad, expected);
    check(&|_| false, "time frame 1d: the most common step between rows, guessed false, absent 0");
    check(&|day| day == 5, "time frame 1d: the most common step between rows, guessed false, absent 1");
    let by_sides = "time frame 1d: the most common step between rows that lie side by side";
    let every_other = |day: u32| day.is_multiple_of(2) && day < 28 || day == 27;
    check(&every_other, &format!("{by_sides}, guessed false, absent 14"));
    check_rows(
        "soon,1,1,1,1",
        &every_other,
        "time frame 2d: a guess, as rows were skipped between all others, guessed true, absent 0",
    );
    check_rows("soon,1,1,1,1", &|day| day % 2 == 0 && day < 26, &format!("{by_sides}, guessed false, absent 12"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        rows in "(20[0-9]{2}-0[1-9]-1[0-9](,[-0-9.eT:]{0,14}){3}\n){0,3}",
        bytes in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        for kind in [Dividends, Splits, Funding] {
            let _ = read_calendar_from(&bytes[..], "x.csv", kind);
            let text = format!("time,amount,ratio,rate\n{rows}");
            let Ok(calendar) = read_calendar_from(text.as_bytes(), "x.csv", kind) else { continue };
            prop_assert_eq!(calendar.rows.len(), rows.lines().count());
            let rises = |a: &(_, _), b: &(_, _)| a.0 < b.0 || kind == Dividends && a.0 == b.0;
            prop_assert!(calendar.rows.is_sorted_by(rises));
        }
    }
}

#[test]
fn interest_rates_are_read() {
    let check = |text: &str, expected: &str| {
        let told = match qframe_data::read_rates_from(text.as_bytes(), "x.csv") {
            Ok(rates) => {
                let row = |(time, rate): &(_, _)| format!("{time:#} {rate}");
                let of = |(currency, rows): &(_, Vec<_>)| {
                    format!("{currency}: {}", rows.iter().map(row).collect::<Vec<_>>().join(", "))
                };
                let all: Vec<String> = rates.currencies.iter().map(of).collect();
                format!("{}; left out {}", all.join("; "), rates.left_out)
            }
            Err(refused) => refused.to_string(),
        };
        assert_eq!(told, expected, "{text:?}");
    };
    check(
        "currency,date,rate\nUSD,2024-01-01,5.25%\nEUR,2024-01-01,-0.005\nUSD,2024-06-01,525bp\n",
        "USD: 2024-01-01 0.0525, 2024-06-01 0.0525; EUR: 2024-01-01 -0.005; left out 0",
    );
    check(
        "LOCATION,INDICATOR,TIME,Value\nUSA,STINT,2020-01,1.63\nDEU,STINT,2020-01,-0.39\nUSA,STINT,2020-Q1,1.5\nEA19,STINT,\
         2020-01,-0.39\n",
        "USD: 2020-01-01 0.0163; EUR: 2020-01-01 -0.0039; left out 2",
    );
    let rate = "is no rate; expected a share a year between -1 and 1, such as 2.5% or 0.025; mend the row";
    check("currency,date,rate\nUSD,2024-01-01,5.25\n", &format!("x.csv:2:16: \"5.25\" {rate}"));
    check("currency,date,rate\nUSD,2024-01-01,x\n", &format!("x.csv:2:16: \"x\" {rate}"));
    check(
        "currency,date,rate\nusd,2024-01-01,1%\n",
        "x.csv:2:1: \"usd\" is no currency; expected a code such as USD; mend the row",
    );
    check(
        "currency,date,rate\nUSD,2024-01-01,1%\nUSD,2024-01-01,2%\n",
        "x.csv:3:5: \"2024-01-01\" stands twice; expected one row a time; mend the row",
    );
    check(
        "date,rate\n2024-01-01,1%\n",
        "x.csv:1:1: no such columns among [\"date\", \"rate\"]; expected a header such as currency,date,rate: rename the columns",
    );
}
