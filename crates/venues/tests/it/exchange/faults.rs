//! Faults: the same for the same seed, and as often as was asked for.
use qframe_model::number::Rate;
use qframe_venues::exchange::server::fault::{Draws, Faults};

#[test]
fn equal_seeds_give_equal_faults() {
    let draw = |seed, stream| {
        let mut draws = Draws::new(seed, stream);
        (0..10_000).map(|_| draws.hits(Rate::percent(10))).collect::<Vec<_>>()
    };
    assert_eq!(draw(7, 1), draw(7, 1));
    assert_ne!(draw(7, 1), draw(8, 1));
    assert_ne!(draw(7, 1), draw(7, 2));
    let hits = draw(7, 1).into_iter().filter(|hit| *hit).count();
    assert!((900..1_100).contains(&hits), "{hits} of 10000 at 10%");
    let mut draws = Draws::new(1, 1);
    assert!((0..1_000).all(|_| !draws.hits(Rate::ZERO)) && (0..1_000).all(|_| draws.hits(Rate::ONE)));
}

#[test]
fn faults_are_read_and_refused() {
    let faults: Faults = "disconnect=5s, delay=200ms,duplicate=1%,drop=0.5%,reject=2%,http500=100%".parse().unwrap();
    assert_eq!(faults.disconnect.map(|span| span.as_secs()), Some(5));
    assert_eq!((faults.delay.as_millis(), faults.http500), (200, Rate::ONE));
    for text in [
        "drop",
        "drop=x",
        "drop=101%",
        "drop=-1%",
        "delay=5",
        "delay=1h",
        "flood=1%",
        "disconnect=0s",
        "drop=1%,drop=2%",
    ] {
        let error = text.parse::<Faults>().unwrap_err().to_string();
        assert!(error.contains("expected some of"), "{text}: {error}");
    }
}
