//! Tables of closes, and series brought to the same instants.
use qframe_data::{Align, Closes, OnBadRow, Panel, PanelError, periods_per_year, read_wide_from};
use qframe_model::time::Time;

const TABLE: &str = "Date,A,B\n2024-01-02,10,20\n2024-01-03,11,\n2024-01-04,NaN,22\n2024-01-05,12.1,24.2\n";

fn series(text: &str) -> Vec<Closes> {
    read_wide_from(text.as_bytes(), "x.csv", OnBadRow::Stop).unwrap_or_else(|refused| panic!("{refused}")).into_series()
}

#[test]
fn instants_that_not_all_have_are_left_out_or_filled_and_counted() {
    let check = |align, closes: &[&str], told: &str| {
        let panel = Panel::new(&series(TABLE), align).unwrap();
        let found: Vec<String> = panel.closes.iter().map(ToString::to_string).collect();
        assert_eq!(
            (found.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), panel.times.len()),
            (closes, closes.len() / 2)
        );
        assert_eq!(panel.aligned.to_string(), told);
    };
    let worst = "; A is absent most often, 1 time";
    check(
        Align::Inner,
        &["10", "20", "12.1", "24.2"],
        &format!("2 of 4 instants left out, 0 prices filled forward{worst}"),
    );
    let filled = ["10", "20", "11", "20", "11", "22", "12.1", "24.2"];
    check(Align::ForwardFill, &filled, &format!("0 of 4 instants left out, 2 prices filled forward{worst}"));
    let returns = Panel::new(&series(TABLE), Align::Inner).unwrap().returns();
    assert!((returns[0] - 0.21).abs() < 1e-12 && (returns[1] - 0.21).abs() < 1e-12, "{returns:?}");
}

/// A row of filled prices never knows a later one: cutting the end changes no row before it.
#[test]
fn filling_looks_backwards_only() {
    let rows = |count: usize| TABLE.lines().take(count + 1).fold(String::new(), |text, line| text + line + "\n");
    let whole = Panel::new(&series(TABLE), Align::ForwardFill).unwrap();
    for count in 1..=4 {
        let part = Panel::new(&series(&rows(count)), Align::ForwardFill).unwrap();
        assert_eq!(part.closes, whole.closes[..2 * count]);
    }
}

#[test]
fn what_is_no_table_is_refused_with_its_place() {
    let check = |text: &str, expected: &str| {
        let refused = read_wide_from(text.as_bytes(), "x.csv", OnBadRow::Stop).unwrap_err().to_string();
        assert!(refused.starts_with(expected), "{refused}");
    };
    check("", "x.csv:1:1: empty");
    check("Date,A\n", "x.csv:1:1: the header \"Date,A\" and no row");
    check("A,B\n1,2\n", "x.csv:1:1: no such columns among [\"A\", \"B\"]; expected a header such as date,AAPL,MSFT");
    check("date,A,,B\n2020-01-01,1,2,3\n", "x.csv:1:1: column 3 has no name; expected a name an asset");
    check("time,open,high,low,close\n1,2\n", "x.csv:1:1: no such columns");
    check("Date,A,A\n2024-01-02,1,2\n", "x.csv:1:1: two columns are called \"A\"");
    check("Date,A,B\n2024-01-02,1\n", "x.csv:2:1: \"2024-01-02,1\" has 2 fields; expected 3");
    check("Date,A,B\n2024-01-02,1,x\n", "x.csv:2:14: \"x\" is no number for the close");
    check("Date,A,B\n2024-01-02,1,inf\n", "x.csv:2:14: \"inf\" is no finite number");
    check("Date,A,B\n2024-01-02,0,1\n", "x.csv:2:12: \"0\" is not above zero");
    check("Date,A,B\n2024-01-02,1e30,1\n", "x.csv:2:12: \"1e30\" is out of range");
    check("Date,A\n2024-01-02,1\n2024-01-02,1\n", "x.csv:3:1: \"2024-01-02\" stands twice");
    check("Date,A\n2024-01-03,1\n2024-01-02,1\n", "x.csv:3:1: \"2024-01-02\" follows");
    check("Date,A\nsoon,1\n", "x.csv:2:1: \"soon\" is not a time");
}

#[test]
fn what_cannot_be_aligned_is_refused() {
    let at = |day: i64| (Time::from_seconds(day * 86_400), "1".parse().unwrap());
    let check = |series: &[Closes], expected: fn(&PanelError) -> bool| {
        let refused = Panel::new(series, Align::Inner).unwrap_err();
        assert!(expected(&refused), "{refused}");
    };
    check(&[], |error| *error == PanelError::Empty);
    check(&[("A".into(), vec![])], |error| matches!(error, PanelError::NoPrice(name) if name == "A"));
    check(&[("A".into(), vec![at(1)]), ("A".into(), vec![at(1)])], |error| matches!(error, PanelError::NameTwice(_)));
    check(
        &[("A".into(), vec![at(1)]), ("B".into(), vec![at(2)])],
        |error| matches!(error, PanelError::NothingInCommon(ends) if ends.len() == 2),
    );
}

/// Quarters of 92 days were 3.967 a year here, and 4 in a report.
#[test]
fn a_year_has_as_many_steps_as_people_count() {
    let check = |what: &str, times: &[&str], expected: f64| {
        let times: Vec<Time> = times.iter().map(|time| time.parse().unwrap()).collect();
        assert!((periods_per_year(&times) - expected).abs() < 1e-9, "{what}: {}", periods_per_year(&times));
    };
    check("nothing to count", &["2024-01-02"], 252.0);
    check("days", &["2024-01-02", "2024-01-03", "2024-01-04"], 252.0);
    check("days with a Saturday", &["2024-01-05", "2024-01-06", "2024-01-07"], 365.0);
    check("days with a weekend between", &["2024-01-04", "2024-01-05", "2024-01-08"], 252.0);
    check("days that end at other hours", &["2024-01-02T15:32", "2024-01-03T16:01", "2024-01-04T14:59"], 252.0);
    check("weeks", &["2024-01-05", "2024-01-12", "2024-01-19"], 52.0);
    check("months", &["2024-01-31", "2024-02-29", "2024-03-28", "2024-04-30"], 12.0);
    check("quarters", &["2023-09-30", "2023-12-31", "2024-03-31", "2024-06-30"], 4.0);
    check("half-years", &["2023-06-30", "2023-12-31", "2024-06-30"], 2.0);
    check("years", &["2021-12-31", "2022-12-30", "2023-12-29"], 1.0);
    check("hours", &["2024-01-02T10:00", "2024-01-02T11:00", "2024-01-02T12:00"], 8760.0);
    check("fortnights", &["2024-01-05", "2024-01-19", "2024-02-02"], 365.0 / 14.0);
    check("five days", &["2024-01-05", "2024-01-10", "2024-01-15"], 73.0);
}
