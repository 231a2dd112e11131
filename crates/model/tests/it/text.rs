//! Names and times: what prints also reads, and no text panics.
use proptest::prelude::*;
use qframe_model::currency::Currency;
use qframe_model::symbol::Symbol;
use qframe_model::time::{Time, TimeFrame};

proptest! {
    #[test]
    fn times_come_back(nanos in any::<i64>()) {
        let time = Time::from_nanos(nanos);
        prop_assert_eq!(time.to_string().parse::<Time>(), Ok(time));
    }

    #[test]
    fn frames_come_back_and_hold_their_instants(seconds in 1u32..=366 * 86_400, nanos in any::<i64>()) {
        let (frame, time) = (TimeFrame::from_seconds(seconds).unwrap(), Time::from_nanos(nanos));
        prop_assert_eq!(frame.to_string().parse::<TimeFrame>(), Ok(frame));
        let open = frame.open_of(time);
        prop_assert!(open <= time && time.since(open) < frame.span() || open == Time::MIN);
    }

    #[test]
    fn texts_never_panic(text in ".*") {
        let _ = (text.parse::<Time>(), text.parse::<TimeFrame>(), text.parse::<Currency>(), text.parse::<Symbol>());
    }

    #[test]
    fn what_looks_like_a_symbol_reads_or_is_refused(text in "[A-Z0-9.+/:é-]{0,24}") {
        if let Ok(symbol) = text.parse::<Symbol>() {
            prop_assert_eq!(symbol.to_string(), text);
            let _ = symbol.parts();
        }
    }
}

/// `"+1".parse::<u32>()` is 1, so `ES-2013+1+2` once was a second name of the future ES-20130102.
#[test]
fn an_expiry_is_digits_only() {
    for text in ["ES-2013+1+2", "ES-+0131220", "BTC/USDT:USDT-26+1+2"] {
        assert!(text.parse::<Symbol>().is_err(), "{text}");
    }
}

/// The bar that holds the first instant of all opens before it: the opening is cut to what there is.
#[test]
fn frames_open_at_the_ends_of_time() {
    for frame in [TimeFrame::SECOND, TimeFrame::DAY, TimeFrame::WEEK] {
        assert_eq!(frame.open_of(Time::MIN), Time::MIN, "{frame}");
        assert!(frame.open_of(Time::MAX) <= Time::MAX, "{frame}");
    }
}
