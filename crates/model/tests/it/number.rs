//! Exact numbers: text and back, overflow as a refusal, products against a second way of computing them.
use ethnum::I256;
use proptest::prelude::*;
use qframe_model::number::{Cash, Price, Quantity, Rate, Rounding, Volume, mul_div, parse_decimal};

use crate::world::read;

/// Printing then parsing gives the value back, whatever it is.
fn check_text<T>(value: &T)
where
    T: std::fmt::Display + std::fmt::Debug + std::str::FromStr<Err: std::fmt::Debug> + PartialEq,
{
    let text = value.to_string();
    assert_eq!(&text.parse::<T>().expect(&text), value, "{text}");
}

proptest! {
    #[test]
    fn text_gives_every_number_back(small in any::<i64>(), large in any::<i128>(), digits in 0u64..1 << 60, decimals in 0u32..=9) {
        check_text(&Price::from_nanos(small));
        check_text(&Rate::from_nanos(small));
        check_text(&Quantity::from_nanos(large));
        check_text(&Cash::from_attos(large));
        check_text(&Volume::from_digits(digits, decimals).unwrap());
    }

    #[test]
    fn parsing_never_panics(text in ".*") {
        let _ = (text.parse::<Price>(), text.parse::<Cash>(), text.parse::<Quantity>(), text.parse::<Volume>());
        let _ = (Rate::parse(&text), parse_decimal(&text, 18), parse_decimal(&text, 0));
    }

    #[test]
    fn parsing_of_what_looks_like_numbers_never_panics(text in "[-+]?[0-9]{0,40}[.]?[0-9]{0,40}([eE][-+]?[0-9]{0,12})?(%|bp|bps)?") {
        let _ = (text.parse::<Price>(), text.parse::<Cash>(), text.parse::<Quantity>(), text.parse::<Volume>());
        let _ = (Rate::parse(&text), parse_decimal(&text, 18), parse_decimal(&text, 0));
    }

    #[test]
    fn mul_div_agrees_with_256_bits(a in any::<i128>(), b in any::<i128>(), c in any::<i128>(), shift in 0u32..128) {
        // Shifted, so that quotients inside the range are as frequent as those outside.
        let (a, b) = (a >> (shift / 2), b >> shift);
        for rounding in [Rounding::Down, Rounding::Up, Rounding::HalfEven] {
            prop_assert_eq!(mul_div(a, b, c, rounding), by_definition(a, b, c, rounding), "{} * {} / {} {:?}", a, b, c, rounding);
        }
    }

    #[test]
    fn mul_div_of_small_numbers_meets_every_tie(a in -50i128..50, b in -50i128..50, c in -12i128..12) {
        for rounding in [Rounding::Down, Rounding::Up, Rounding::HalfEven] {
            prop_assert_eq!(mul_div(a, b, c, rounding), by_definition(a, b, c, rounding), "{} * {} / {} {:?}", a, b, c, rounding);
        }
    }

    #[test]
    fn price_times_quantity_is_the_integer_product(price in any::<i64>(), quantity in any::<i128>(), shift in 0u32..128) {
        let quantity = quantity >> shift;
        let product = I256::from(price) * I256::from(quantity);
        let value = Price::from_nanos(price).times(Quantity::from_nanos(quantity));
        prop_assert_eq!(value.map(Cash::attos), i128::try_from(product).ok());
    }

    #[test]
    fn what_is_bought_costs_no_more_than_the_budget(budget in 0i128..1 << 100, price in 1i64..) {
        let (budget, price) = (Cash::from_attos(budget), Price::from_nanos(price));
        let units = budget.units_at(price).unwrap();
        prop_assert!(price.times(units).unwrap() <= budget);
        let one_more = units.plus(Quantity::from_nanos(1)).unwrap();
        prop_assert!(price.times(one_more).is_none_or(|cost| cost > budget));
    }

    #[test]
    fn lots_go_towards_zero(quantity in any::<i128>(), lot in 1i128..1 << 60) {
        let floored = Quantity::from_nanos(quantity).floor_to(Quantity::from_nanos(lot)).nanos();
        prop_assert!(floored % lot == 0 && floored.unsigned_abs() <= quantity.unsigned_abs());
        prop_assert!(quantity.abs_diff(floored) < lot as u128);
    }

    #[test]
    fn volume_keeps_what_it_takes(nanos in any::<i128>(), shift in 0u32..128, bits in any::<u64>()) {
        let quantity = Quantity::from_nanos(nanos >> shift);
        if let Ok(volume) = Volume::new(quantity) {
            prop_assert_eq!(volume.quantity(), quantity);
            prop_assert_eq!(Volume::from_bits(volume.bits()), Ok(volume));
        }
        if let Ok(volume) = Volume::from_bits(bits) {
            prop_assert_eq!(Volume::new(volume.quantity()), Ok(volume));
        }
    }

    #[test]
    fn floats_come_back(nanos in -(1i64 << 50)..1 << 50) {
        let price = Price::from_nanos(nanos);
        prop_assert_eq!(Price::from_f64(price.to_f64()), Some(price));
    }

    /// The halves of a small negative number once cancelled: -51 units came out as -51.000000512.
    #[test]
    fn floats_are_near_on_both_sides_of_zero(units in any::<i128>(), shift in 0u32..128) {
        let units = units >> shift;
        let (quantity, cash) = (Quantity::from_nanos(units), Cash::from_attos(units));
        prop_assert!((quantity.to_f64() - units as f64 / 1e9).abs() <= 2.0 * f64::EPSILON * quantity.to_f64().abs());
        prop_assert!((cash.to_f64() - units as f64 / 1e18).abs() <= 2.0 * f64::EPSILON * cash.to_f64().abs());
    }

    #[test]
    fn floats_never_panic(value in any::<f64>()) {
        let _ = (Price::from_f64(value), Cash::from_f64(value), Quantity::from_f64(value), Rate::from_f64(value));
    }
}

/// The quotient by its definition in 256 bits: the integer nearest in the asked direction.
fn by_definition(a: i128, b: i128, c: i128, rounding: Rounding) -> Option<i128> {
    if c == 0 {
        return None;
    }
    let (product, divisor) = (I256::from(a) * I256::from(b), I256::from(c));
    let negative = (product < 0) != (divisor < 0);
    let (product, divisor) = (product.unsigned_abs(), divisor.unsigned_abs());
    let (down, rest) = (product / divisor, product % divisor);
    let up = match rounding {
        Rounding::Down => false,
        Rounding::Up => rest != 0,
        Rounding::HalfEven => rest * 2 > divisor || (rest * 2 == divisor && down % 2 == 1),
    };
    let magnitude = I256::try_from(down + u128::from(up)).ok()?;
    i128::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// The ends of the ranges print as they parse: the most negative value has no positive twin.
#[test]
fn text_gives_the_ends_back() {
    for nanos in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX] {
        check_text(&Price::from_nanos(nanos));
        check_text(&Rate::from_nanos(nanos));
    }
    for units in [i128::MIN, i128::MIN + 1, -1, 0, 1, i128::MAX] {
        check_text(&Quantity::from_nanos(units));
        check_text(&Cash::from_attos(units));
    }
}

#[test]
fn coins_of_many_digits_fit_and_multiply_exactly() {
    fn check(price: &str, quantity: &str, cost: &str) {
        let value = read::<Price>(price).times(read(quantity));
        assert_eq!(value, Some(read(cost)), "{price} x {quantity}");
        assert_eq!(value.unwrap().per_unit(read(quantity)), Some(read(price)));
        assert_eq!(read::<Volume>(quantity).quantity(), read(quantity));
    }
    check("0.00000001", "1000000000000", "10000");
    check("0.00002417", "999999999999.5", "24169999.999987915");
    check("1000000000", "0.00000001", "10");
    check("1670000000", "0.12345678", "206172822.6");
    check("9000000000", "18000000000", "162000000000000000000");
    check("0.000000001", "0.000000001", "0.000000000000000001");
}

#[test]
fn beyond_the_range_is_a_refusal() {
    let (most, least) = (Cash::MAX, Cash::from_attos(i128::MIN));
    assert!(most.plus(Cash::from_attos(1)).is_err());
    assert!(least.minus(Cash::from_attos(1)).is_err());
    assert!(most.at_rate(Rate::percent(101)).is_err());
    assert!(Price::MAX.plus(Price::from_nanos(1)).is_err());
    assert!(Price::MAX.times(Quantity::MAX).is_none());
    assert!(Cash::from_quantity(Quantity::MAX).is_err());
    assert!(Cash::ONE.scaled(1, 0, Rounding::Down).is_err());
    assert!(Cash::ONE.units_at(Price::ZERO).is_none());
    assert!(Cash::MAX.per_unit(Quantity::from_nanos(1)).is_none());
    assert!(Volume::new(Quantity::from_nanos(-1)).is_err());
    assert!(Volume::new(Quantity::MAX).is_err());
    assert_eq!((-least, least.abs()), (Cash::MAX, Cash::MAX), "the end without a twin goes to the nearest");
    for value in [f64::NAN, f64::INFINITY, -1e300, 9.3e9] {
        assert_eq!(Price::from_f64(value), None, "{value}");
    }
}

#[test]
fn ratios_are_the_fractions_that_were_meant() {
    let check = |text: &str, new, old| assert_eq!(read::<Rate>(text).fraction(), (new, old), "{text}");
    check("0.333333333", 1, 3);
    check("0.066666667", 1, 15);
    check("1.166666667", 7, 6);
    check("0.001001001", 1, 999);
    check("1.5", 3, 2);
    check("4", 4, 1);
    check("0", 0, 1);
    check("-0.666666667", -2, 3);
    // Of no fraction with a denominator up to a thousand: as they stand.
    check("0.333333334", 333_333_334, 1_000_000_000);
    check("0.000999001", 999_001, 1_000_000_000);
    check("1.000000001", 1_000_000_001, 1_000_000_000);
    check("0.000000001", 1, 1_000_000_000);
}

proptest! {
    /// Every small fraction comes back from its nine decimals, in its lowest terms.
    #[test]
    fn a_small_fraction_outlives_its_decimals(new in 1i128..100_000, old in 1i128..=1_000) {
        let nanos = mul_div(new, 1_000_000_000, old, Rounding::HalfEven).unwrap();
        let (above, below) = Rate::from_nanos(i64::try_from(nanos).unwrap()).fraction();
        prop_assert_eq!(above * old, new * below);
        prop_assert!(below <= old);
    }

    /// Whatever it is, its nine decimals are those of the rate.
    #[test]
    fn a_fraction_rounds_to_its_rate(nanos in any::<i64>(), shift in 0u32..64) {
        let rate = Rate::from_nanos(nanos >> shift);
        let (new, old) = rate.fraction();
        prop_assert!(old > 0);
        prop_assert_eq!(mul_div(new, 1_000_000_000, old, Rounding::HalfEven), Some(rate.nanos().into()));
    }
}

#[test]
fn rates_read_their_units() {
    let check = |text: &str, nanos| assert_eq!(Rate::parse(text).map(Rate::nanos), Ok(nanos), "{text}");
    check("0.2%", 2_000_000);
    check("5bp", 500_000);
    check("5 bps", 500_000);
    check("-1.5%", -15_000_000);
    check("0.002", 2_000_000);
    assert!(Rate::parse("0.00000001%").is_err(), "more decimals than are kept");
    assert!(Rate::parse("%").is_err());
}
