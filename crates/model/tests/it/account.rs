//! The account: equity moves with prices and fees and with nothing else, and the ledger explains all of it.
use proptest::prelude::*;
use qframe_model::account::{Account, Line};
use qframe_model::currency::Currency;
use qframe_model::fill::Fill;
use qframe_model::ids::{CommodityId, InstrumentId};
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::ledger::{Book, Entry, Ledger, Transfer};
use qframe_model::market::Side;
use qframe_model::number::{Cash, Price, Quantity};

use crate::world::{account, currency, fill, instruments, read};

/// Something that happens to one of five instruments.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Mark(InstrumentId, Price),
    Fill(Fill),
}

const DEPOSIT: i64 = 1_000_000;

/// A spot pair, a stock, a perpetual, the pair at another venue and a future of 50 units a contract, all in USD.
fn five_kinds() -> Account {
    let es = Rules { multiplier: Quantity::whole(50), ..Rules::default() };
    let mut instruments = instruments(&["BTC/USD", "AAPL", "ETH/USD:USD", "BTC/USD@kraken"]).to_vec();
    instruments.push(Instrument::new(read("ES-20301220"), Currency::USD, es).unwrap());
    let mut account = Account::open(instruments.into(), Currency::USD).unwrap();
    account.deposit(account.reporting(), Cash::whole(DEPOSIT)).unwrap();
    account
}

prop_compose! {
    fn happening()(
        marks in any::<bool>(), buys in any::<bool>(), id in 0u16..5,
        units in 1i128..1 << 60, price in 1i64..1 << 50, fee in -(1i128 << 60)..1 << 80,
    ) -> Happening {
        let (side, price) = (if buys { Side::Buy } else { Side::Sell }, Price::from_nanos(price));
        let fill = Fill { fee: Cash::from_attos(fee), ..fill(id, side, Quantity::from_nanos(units), price) };
        if marks { Happening::Mark(InstrumentId(id), price) } else { Happening::Fill(fill) }
    }
}

/// What a step must do to the equity: units held before x how far the price moved, less the fee.
fn gain(account: &Account, id: InstrumentId, price: Price, fee: Cash) -> Cash {
    let (held, from) = (account.position(id).quantity, account.mark_of(id).unwrap_or(Price::ZERO));
    let moved = account.instrument(id).value(price.minus(from).unwrap(), held).unwrap();
    moved.minus(fee).unwrap()
}

proptest! {
    #[test]
    fn equity_moves_with_prices_and_fees_alone(happenings in proptest::collection::vec(happening(), 0..40)) {
        let mut account = five_kinds();
        for happening in happenings {
            let before = account.equity();
            let expected = match happening {
                Happening::Mark(id, price) => {
                    let gain = gain(&account, id, price, Cash::ZERO);
                    account.mark(id, price).unwrap();
                    gain
                }
                Happening::Fill(fill) => {
                    let gain = gain(&account, fill.instrument, fill.price, fill.fee);
                    account.fill(&fill).unwrap();
                    gain
                }
            };
            prop_assert_eq!(account.equity(), before.plus(expected).unwrap(), "{:?}", happening);
            prop_assert_eq!(account.ledger().check(), Ok(()));
            let open = (0..5).filter(|id| !account.position(InstrumentId(*id)).is_flat()).count();
            prop_assert_eq!(account.open_positions(), open);
            for id in (0..5).map(InstrumentId) {
                let (line, mut moved) = (account.line(id), account.clone());
                let price = read("1234.5");
                moved.mark(id, price).unwrap();
                prop_assert!(line.is_none_or(|line| line.at(price) == moved.equity()), "{:?} at {}", line, price);
            }
        }
    }

    #[test]
    fn the_account_is_the_fold_of_its_entries(happenings in proptest::collection::vec(happening(), 0..40)) {
        let mut account = five_kinds();
        let mut fold = Ledger::new(account.commodities().len());
        let paid_in = Transfer { commodity: CommodityId(0), from: Book::Capital, to: Book::Assets, amount: Cash::whole(DEPOSIT) };
        fold.post(&Entry::new(paid_in)).unwrap();
        for happening in happenings {
            if let Happening::Fill(fill) = happening {
                let trade = account.fill(&fill).unwrap();
                let gain = trade.map(|trade| trade.pnl.plus(trade.fees).unwrap());
                fold.post(&entry(&account, &fill, gain.unwrap_or(Cash::ZERO))).unwrap();
            }
        }
        prop_assert_eq!(account.ledger(), &fold);
    }

    #[test]
    fn closing_everything_turns_the_equity_into_cash(happenings in proptest::collection::vec(happening(), 0..40)) {
        let mut account = five_kinds();
        for happening in happenings {
            match happening {
                Happening::Mark(id, price) => account.mark(id, price).unwrap(),
                Happening::Fill(fill) => { account.fill(&fill).unwrap(); }
            }
        }
        let equity = account.equity();
        for id in 0..5 {
            let held = account.position(InstrumentId(id)).quantity;
            if let (false, Some(mark)) = (held.is_zero(), account.mark_of(InstrumentId(id))) {
                account.fill(&fill(id, Side::of(held).opposite(), held.abs(), mark)).unwrap();
            }
        }
        prop_assert_eq!((account.cash(), account.equity(), account.open_positions()), (equity, equity, 0));
        prop_assert_eq!(account.gross_exposure().unwrap(), Cash::ZERO);
    }

    #[test]
    fn fees_in_the_coin_cost_what_the_coin_is_worth(
        steps in proptest::collection::vec((any::<bool>(), 1i128..1 << 60, 1i64..1 << 50, 0i128..1 << 50), 0..30),
    ) {
        let mut account = account(&["BTC/USD"], DEPOSIT);
        let btc = currency(&account, "BTC");
        for (buys, units, price, fee) in steps {
            let side = if buys { Side::Buy } else { Side::Sell };
            let (price, fee) = (Price::from_nanos(price), Quantity::from_nanos(fee));
            let coins = Quantity::from_nanos(account.ledger().assets(btc).attos() / 1_000_000_000);
            let moved = price.minus(account.mark_of(InstrumentId(0)).unwrap_or(Price::ZERO)).unwrap();
            let gain = moved.times(coins).unwrap().minus(price.times(fee).unwrap()).unwrap();
            let expected = account.equity().plus(gain).unwrap();
            let fill = fill(0, side, Quantity::from_nanos(units), price);
            account.fill(&Fill { fee: Cash::from_quantity(fee).unwrap(), fee_in: btc, ..fill }).unwrap();
            prop_assert_eq!(account.equity(), expected);
        }
    }

    #[test]
    fn amounts_beyond_the_range_are_refused_and_never_panic(
        steps in proptest::collection::vec((0u16..5, any::<bool>(), 1i128.., any::<i64>(), any::<i128>()), 0..20),
    ) {
        let mut account = five_kinds();
        for (id, buys, units, price, fee) in steps {
            let side = if buys { Side::Buy } else { Side::Sell };
            let fill = fill(id, side, Quantity::from_nanos(units), Price::from_nanos(price));
            let _ = account.fill(&Fill { fee: Cash::from_attos(fee), ..fill });
            let _ = (account.mark(InstrumentId(id), fill.price), account.equity(), account.gross_exposure());
            prop_assert_eq!(account.ledger().check(), Ok(()));
        }
    }
}

/// What a fill moves, by the kind of its instrument: commodities 1 to 3 are the coin, the share, and the coin at its venue.
fn entry(account: &Account, fill: &Fill, gain: Cash) -> Entry {
    let move_of = |commodity, from, to, amount| Transfer { commodity: CommodityId(commodity), from, to, amount };
    let fee = move_of(0, Book::Assets, Book::Fees, fill.fee);
    if account.instrument(fill.instrument).kind().is_derivative() {
        return Entry::new(move_of(0, Book::Trading, Book::Assets, gain)).and(fee);
    }
    let given = account.instrument(fill.instrument).value(fill.price, fill.signed()).unwrap();
    let got = Cash::from_quantity(fill.signed()).unwrap();
    Entry::new(move_of(0, Book::Assets, Book::Trading, given))
        .and(move_of(if fill.instrument.0 == 3 { 3 } else { fill.instrument.0 + 1 }, Book::Trading, Book::Assets, got))
        .and(fee)
}

#[test]
fn equity_is_a_line_over_the_price_of_whole_contracts() {
    let mut account = five_kinds();
    let (future, price) = (InstrumentId(4), read::<Price>("5000.25"));
    assert_eq!(account.line(future), Some(Line::level(Cash::whole(DEPOSIT))));
    account.fill(&fill(4, Side::Sell, Quantity::whole(3), price)).unwrap();
    let line = account.line(future).unwrap();
    assert_eq!(line.units, -150_000_000_000);
    assert_eq!(line.at(read("4990.25")), Cash::whole(DEPOSIT + 1_500));
}

#[test]
fn what_is_rounded_is_no_line() {
    let tenth = Rules { multiplier: read("0.1"), ..Rules::default() };
    let future = Instrument::new(read("ES-20301220"), Currency::USD, tenth).unwrap();
    let mut account = Account::open(vec![future].into(), Currency::USD).unwrap();
    account.fill(&fill(0, Side::Buy, read("0.000000010"), read("5000"))).unwrap();
    assert!(account.line(InstrumentId(0)).is_some());
    account.fill(&fill(0, Side::Buy, read("0.000000001"), read("5000"))).unwrap();
    assert_eq!(account.line(InstrumentId(0)), None);
}
