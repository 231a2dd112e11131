//! Trading hours: days that are known, and the laws between the ways to ask for them.
use proptest::prelude::*;
use qframe_data::hours::{Expected, Hours};
use qframe_model::time::{Span, Time, TimeFrame};

/// A session in UTC, or `closed`.
#[track_caller]
fn check(name: &str, day: &str, expected: &str) {
    let found = Hours::named(name).unwrap().session(day.parse().unwrap());
    let text = found.map_or("closed".to_owned(), |s| match s.pause {
        Some((from, to)) => format!("{} to {}, not {from} to {to}", s.open, s.close),
        None => format!("{} to {}", s.open, s.close),
    });
    assert_eq!(text.replace(":00Z", ""), expected, "{name} {day}");
}

#[test]
fn new_york_keeps_its_holidays() {
    check("NYSE", "2024-07-02", "2024-07-02T13:30 to 2024-07-02T20:00");
    check("nasdaq", "2024-07-03", "2024-07-03T13:30 to 2024-07-03T17:00");
    check("NYSE", "2024-01-02", "2024-01-02T14:30 to 2024-01-02T21:00");
    // The clocks change on 10 March 2024.
    check("NYSE", "2024-03-08", "2024-03-08T14:30 to 2024-03-08T21:00");
    check("NYSE", "2024-03-11", "2024-03-11T13:30 to 2024-03-11T20:00");
    check("NYSE", "1997-01-20", "1997-01-20T14:30 to 1997-01-20T21:00");
    // In 2002 Independence Day was a Thursday: the Friday was short, and its eve was not.
    check("NYSE", "2002-07-03", "2002-07-03T13:30 to 2002-07-03T20:00");
    check("NYSE", "2002-07-05", "2002-07-05T13:30 to 2002-07-05T17:00");
    check("NYSE", "2002-09-11", "2002-09-11T16:00 to 2002-09-11T20:00");
    check("NYSE", "2005-06-01", "2005-06-01T13:30 to 2005-06-01T19:56");
    check("NYSE", "2021-12-31", "2021-12-31T14:30 to 2021-12-31T21:00");
    let closed = "2024-07-04 1998-01-19 2024-03-29 2023-04-07 2022-06-20 2023-01-02 2021-12-24 2001-09-11 2001-09-14 2004-06-11 \
                  2007-01-02 2012-10-29 2012-10-30 2018-12-05 2025-01-09 2024-11-28 2024-07-06 2024-07-07 2026-07-03";
    for day in closed.split_whitespace() {
        check("NYSE", day, "closed");
    }
    let half = "1998-11-27 2003-12-26 2013-07-03 2019-12-24 2026-11-27";
    for day in half.split_whitespace() {
        let close = Hours::named("NYSE").unwrap().session(day.parse().unwrap()).unwrap().close;
        assert!(close.to_string().contains("T17:00") || close.to_string().contains("T18:00"), "{day} {close}");
    }
}

#[test]
fn chicago_trades_through_the_night() {
    check("CME", "2024-07-02", "2024-07-01T22:00 to 2024-07-02T21:00");
    check("CME", "2024-07-01", "2024-06-30T22:00 to 2024-07-01T21:00");
    check("CME", "2024-07-03", "2024-07-02T22:00 to 2024-07-03T17:15");
    check("CME", "2024-07-04", "2024-07-03T22:00 to 2024-07-04T17:00");
    check("CME", "2013-07-04", "2013-07-03T22:00 to 2013-07-04T15:30");
    check("CME", "2024-03-29", "closed");
    check("CME", "2026-04-03", "2026-04-02T22:00 to 2026-04-03T13:15");
    check("CME", "2025-01-09", "2025-01-08T23:00 to 2025-01-09T14:30");
    check("CME", "2013-10-08", "2013-10-07T22:00 to 2013-10-08T21:15, not 2013-10-08T20:15 to 2013-10-08T20:30");
    check("CME", "2021-06-25", "2021-06-24T22:00 to 2021-06-25T21:00, not 2021-06-25T20:15 to 2021-06-25T20:30");
    check("CME", "2021-06-28", "2021-06-27T22:00 to 2021-06-28T21:00");
    check("CME", "2010-06-15", "2010-06-14T20:30 to 2010-06-15T20:15, not 2010-06-14T21:30 to 2010-06-14T22:00");
    check("CME", "2010-06-14", "2010-06-13T22:00 to 2010-06-14T20:15");
}

#[test]
fn what_grows_and_what_grazes_has_sessions_of_its_own() {
    check("grains", "2024-07-02", "2024-07-02T00:00 to 2024-07-02T18:20, not 2024-07-02T12:45 to 2024-07-02T13:30");
    check("grains", "2024-07-03", "2024-07-03T00:00 to 2024-07-03T17:05, not 2024-07-03T12:45 to 2024-07-03T13:30");
    check("grains", "2024-07-04", "closed");
    check("grains", "2024-07-05", "2024-07-05T13:30 to 2024-07-05T18:20");
    // The evening of a Monday that is a holiday belongs to the Tuesday.
    check("grains", "2024-05-27", "closed");
    check("grains", "2024-05-28", "2024-05-28T00:00 to 2024-05-28T18:20, not 2024-05-28T12:45 to 2024-05-28T13:30");
    check("grains", "2013-10-07", "2013-10-07T00:00 to 2013-10-07T18:15, not 2013-10-07T12:45 to 2013-10-07T13:30");
    check("grains", "2012-10-09", "2012-10-08T22:00 to 2012-10-09T19:00");
    check("grains", "2011-10-11", "2011-10-10T23:00 to 2011-10-11T18:15, not 2011-10-11T12:15 to 2011-10-11T14:30");
    check("livestock", "2024-07-02", "2024-07-02T13:30 to 2024-07-02T18:05");
    check("livestock", "2024-11-29", "2024-11-29T14:30 to 2024-11-29T18:05");
    check("livestock", "2015-06-01", "2015-06-01T14:05 to 2015-06-01T21:00");
    check("livestock", "2015-06-05", "2015-06-05T13:00 to 2015-06-05T18:55");
    check("livestock", "2014-06-03", "2014-06-02T22:00 to 2014-06-03T21:00");
}

#[test]
fn the_forex_week() {
    check("forex", "2024-07-01", "2024-06-30T21:00 to 2024-07-01T21:00");
    check("forex", "2024-07-04", "2024-07-03T21:00 to 2024-07-04T21:00");
    check("forex", "2024-12-25", "closed");
    check("forex", "2024-07-06", "closed");
    check("24/7", "2024-07-06T11:00:00Z", "2024-07-06T00:00 to 2024-07-07T00:00");
    let hours = Hours::named("forex").unwrap();
    let week = hours.stretches("2024-07-02".parse().unwrap().."2024-07-09".parse().unwrap());
    let text: Vec<_> = week.iter().map(|s| format!("{} {}", s.start, s.end)).collect();
    assert_eq!(
        text,
        ["2024-07-01T21:00:00Z 2024-07-05T21:00:00Z", "2024-07-07T21:00:00Z 2024-07-09T21:00:00Z"],
        "sessions that touch are one stretch"
    );
    assert!(Hours::named("XETRA").is_none());
}

#[test]
fn what_comes_next_and_what_came_before() {
    let hours = Hours::named("NYSE").unwrap();
    let at = |text: &str| text.parse::<Time>().unwrap();
    let friday = at("2024-07-05T20:00:00Z");
    assert_eq!(hours.next(friday).unwrap().open, at("2024-07-08T13:30:00Z"));
    assert_eq!(hours.previous(friday).unwrap().close, friday);
    assert_eq!(hours.previous(at("2001-09-16")).unwrap().day, at("2001-09-10"));
    assert_eq!(hours.close_after(at("2024-07-03T16:59:00Z")), Some(at("2024-07-03T17:00:00Z")));
    assert_eq!(hours.close_after(at("2024-07-03T17:00:00Z")), Some(at("2024-07-05T20:00:00Z")));
    assert!(!hours.is_open(at("2024-07-05T13:29:59Z")) && hours.is_open(at("2024-07-05T13:30:00Z")));
    let cme = Hours::named("CME").unwrap();
    assert!(!cme.is_open(at("2013-10-08T20:20:00Z")) && cme.is_open(at("2013-10-08T20:30:00Z")));
    for hours in Hours::all() {
        // The ends of time are no reason to panic.
        let _ = (hours.next(Time::MAX), hours.previous(Time::MIN), hours.is_open(Time::MIN), hours.session(Time::MAX));
    }
}

#[test]
fn bars_that_are_expected() {
    let count = |name: &str, frame: &str, from: &str, until: &str| {
        let range = from.parse().unwrap()..until.parse().unwrap();
        Hours::named(name).unwrap().opens_in(range, frame.parse().unwrap()).count()
    };
    assert_eq!(count("NYSE", "1d", "2024-01-01", "2025-01-01"), 252);
    assert_eq!(count("NYSE", "1m", "2024-07-01", "2024-07-08"), 3 * 390 + 210);
    assert_eq!(count("NYSE", "1h", "2024-07-02", "2024-07-03"), 7);
    assert_eq!(count("NYSE", "1w", "2024-07-01", "2024-07-15"), 2);
    assert_eq!(count("forex", "1h", "2024-07-01", "2024-07-08"), 4 * 24 + 21 + 3);
    assert_eq!(count("forex", "1d", "2024-07-01", "2024-07-08"), 5);
    assert_eq!(count("CME", "1m", "2013-10-08", "2013-10-09"), 1_440 - 15 - 45);
    assert_eq!(count("24/7", "1h", "2024-07-01", "2024-07-08"), 168);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn bars_between_are_those_that_are_expected(
        name in prop::sample::select(vec!["24/7", "NYSE", "CME", "forex"]),
        frame in prop::sample::select(vec!["5m", "15m", "1h", "4h", "1d"]),
        start in 900_000_000i64..1_800_000_000,
        offset in 0i64..3_600,
        steps in 1i64..700,
    ) {
        let (hours, frame) = (Hours::named(name).unwrap(), frame.parse::<TimeFrame>().unwrap());
        let from = Time::from_seconds(start / 3_600 * 3_600 + offset);
        let at = |step: i64| from + Span::from_nanos(frame.span().nanos() * step);
        let expected = Expected::new(hours, from..at(steps), frame);
        let one_by_one = (1..steps).filter(|step| expected.holds(at(*step))).count() as u64;
        prop_assert_eq!(expected.between(from, at(steps)), one_by_one);
    }

    #[test]
    fn sessions_rise_and_agree(
        name in prop::sample::select(vec!["24/7", "NYSE", "CME", "forex"]),
        start in 700_000_000i64..1_800_000_000,
    ) {
        let hours = Hours::named(name).unwrap();
        let from = Time::from_seconds(start);
        let until = from + Span::from_seconds(40 * 86_400);
        let sessions: Vec<_> = hours.sessions(from..until).collect();
        prop_assert!(sessions.windows(2).all(|pair| pair[0].close <= pair[1].open));
        for session in &sessions {
            prop_assert_eq!(hours.session_at(session.open), Some(*session));
            prop_assert_eq!(hours.session(session.day), Some(*session));
            prop_assert_eq!(hours.next(session.open - Span::from_nanos(1)), Some(*session));
            prop_assert_eq!(hours.previous(session.close), Some(*session));
        }
        let open = hours.stretches(from..until).iter().any(|stretch| stretch.contains(&from));
        prop_assert_eq!(open, hours.is_open(from));
    }
}

/// A week has seven days of interest, whatever the clocks of New York do.
#[test]
fn nights_end_at_five_in_new_york() {
    use qframe_data::hours::{Settlement, nights};
    let check = |from: &str, to: &str, settlement: Settlement, expected: &str| {
        let range = from.parse::<Time>().unwrap()..to.parse::<Time>().unwrap();
        let told: Vec<String> = nights(range, settlement).map(|(time, days)| format!("{time} {days}")).collect();
        assert_eq!(told.join(", "), expected, "{from} {to}");
    };
    let spot = Settlement::of("EUR", "USD");
    // On the tenth of March 2024 the clocks went forward.
    check(
        "2024-03-06",
        "2024-03-13",
        spot,
        "2024-03-06T22:00:00Z 3, 2024-03-07T22:00:00Z 1, 2024-03-08T22:00:00Z 1, 2024-03-11T21:00:00Z 1, \
         2024-03-12T21:00:00Z 1",
    );
    check("2024-03-06T22:00:00.000000001Z", "2024-03-07T22:00:00Z", spot, "");
    check("2024-11-01", "2024-11-05", spot, "2024-11-01T21:00:00Z 1, 2024-11-04T22:00:00Z 1");
    let next = Settlement::of("USD", "CAD");
    check("2024-01-10", "2024-01-12", next, "2024-01-10T22:00:00Z 1, 2024-01-11T22:00:00Z 3");
    for (settlement, year) in [(spot, 2021), (next, 2024)] {
        let start = Time::from_date(year, 1, 4).unwrap();
        let weeks = start..start + Span::from_seconds(52 * 7 * 86_400);
        assert_eq!(nights(weeks, settlement).map(|(_, days)| u32::from(days)).sum::<u32>(), 52 * 7);
    }
}
