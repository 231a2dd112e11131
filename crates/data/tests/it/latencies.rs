//! Measured latencies: what is read, and what is refused, word for word.
use qframe_data::{Latencies, read_latencies_from};
use qframe_model::time::{Span, Time};

fn read(text: &str) -> Latencies {
    read_latencies_from(text.as_bytes(), "x.csv").unwrap_or_else(|refused| panic!("{refused}"))
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let refused = read_latencies_from(text.as_bytes(), "x.csv").unwrap_err();
    assert!(refused.to_string().starts_with(expected), "{refused}");
}

fn rows(rows: &[(i64, i64)]) -> Vec<(Time, Span)> {
    let base = Time::from_seconds(1_723_161_254);
    rows.iter().map(|(after, span)| (base + Span::from_nanos(*after), Span::from_nanos(*span))).collect()
}

#[test]
fn spans_and_stamps_say_the_same() {
    let spans = "time,entry,answer\n1723161254000000000,2ms,3000us\n1723161254500000000,5000000,7 ms\n";
    let spans = read(spans);
    assert_eq!(spans.orders, rows(&[(0, 2_000_000), (500_000_000, 5_000_000)]));
    assert_eq!(spans.answers, rows(&[(0, 3_000_000), (500_000_000, 7_000_000)]));
    let stamps = "seq;req_ts;exch_ts;resp_ts\n\
                  1;1723161254000000000;1723161254002000000;1723161254005000000\n\
                  2;1723161254500000000;1723161254505000000;1723161254512000000\n";
    let stamps = read(stamps);
    assert_eq!(stamps.orders, spans.orders);
    assert_eq!(stamps.answers, rows(&[(2_000_000, 3_000_000), (505_000_000, 7_000_000)]));
}

#[test]
fn answers_are_in_the_order_in_which_they_left() {
    let crossed = "request,exchange,response\n\
                   2024-08-08T23:54:14Z,2024-08-08T23:54:14.009Z,2024-08-08T23:54:14.010Z\n\
                   2024-08-08T23:54:14.001Z,2024-08-08T23:54:14.002Z,2024-08-08T23:54:14.004Z\n";
    assert_eq!(read(crossed).answers, rows(&[(2_000_000, 2_000_000), (9_000_000, 1_000_000)]));
}

#[test]
fn what_is_no_measurement_is_refused_with_its_place() {
    refused("", "x.csv:1:1: empty; expected a header and rows");
    refused("time,entry,answer\n", "x.csv:1:1");
    refused(
        "time,latency\n1,2\n",
        "x.csv:1:1: no such columns among [\"time\", \"latency\"]; expected a header such as time,entry,answer or",
    );
    let spans = |row: &str| format!("time,entry,answer\n1723161254000000000,2ms,3ms\n{row}\n");
    refused(&spans("1723161254000000001,2ms"), "x.csv:3:1");
    refused(&spans("1723161254000000001,fast,3ms"), "x.csv:3:21: \"fast\" is no entry");
    refused(&spans("1723161254000000001,2ms,-3ms"), "x.csv:3:25: \"-3ms\" is no answer");
    refused(&spans("1723161254000000001,2ms,1.5ms"), "x.csv:3:25");
    refused(&spans("1723161254000000001,9999999999s,3ms"), "x.csv:3:21");
    refused(&spans("1723161253999999999,2ms,3ms"), "x.csv:3:1: \"1723161253999999999\"");
    let stamps = "request,exchange,response\n1723161254000000000,1723161253000000000,1723161255000000000\n";
    refused(stamps, "x.csv:2:21: \"1723161253000000000\" is no exchange");
}
