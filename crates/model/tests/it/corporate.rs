//! Splits and dividends: more shares are not more money; a dividend is.
use qframe_model::account::Account;
use qframe_model::currency::Currency;
use qframe_model::ids::{CommodityId, InstrumentId};
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::ledger::{Book, Entry, Transfer};
use qframe_model::number::{Cash, Rate};

use crate::world::{account, buy, read, sell};

const AAPL: InstrumentId = InstrumentId(0);

#[test]
fn a_split_changes_units_and_no_money() {
    fn check(trade: &str, ratio: &str, units: &str, mark: &str, average: &str) {
        let mut account = account(&["AAPL"], 100_000);
        let fill = if let Some(sold) = trade.strip_prefix('-') { sell(0, sold, "400") } else { buy(0, trade, "400") };
        account.fill(&fill).unwrap();
        account.mark(AAPL, read("500")).unwrap();
        let (equity, cost) = (account.equity(), account.position(AAPL).cost);
        account.split(AAPL, read(ratio)).unwrap();
        let position = *account.position(AAPL);
        assert_eq!((account.equity(), position.cost), (equity, cost), "{trade} split {ratio}");
        assert_eq!(position.quantity, read(units));
        assert_eq!(account.mark_of(AAPL), Some(read(mark)));
        assert_eq!(position.average_price(account.instrument(AAPL)), Some(read(average)));
        assert_eq!(account.ledger().check(), Ok(()));
        assert_eq!(account.ledger().assets(CommodityId(1)), Cash::from_quantity(position.quantity).unwrap());
    }
    check("10", "4", "40", "125", "100");
    check("-10", "4", "-40", "125", "100");
    check("10", "0.1", "1", "5000", "4000");
    check("5", "0.1", "0.5", "5000", "4000");
    check("10", "1.25", "12.5", "400", "320");
    // Ratios without nine decimals: one for three took 0.0000001 of 300 shares, and left 99 whole ones.
    check("300", "0.333333333", "100", "1500", "1200");
    check("-300", "0.166666667", "-50", "3000", "2400");
    check("700", "0.142857143", "100", "3500", "2800");
    check("1500", "0.066666667", "100", "7500", "6000");
    check("30", "1.333333333", "40", "375", "300");
}

#[test]
fn the_mark_after_a_split_is_a_price_that_can_be_quoted() {
    fn check(mark: &str, ratio: &str, after: &str) {
        let rules = Rules { tick: read("0.01"), ..Rules::default() };
        let share = Instrument::new(read("AAPL"), Currency::USD, rules).unwrap();
        let mut account = Account::open([share].into(), Currency::USD).unwrap();
        account.mark(AAPL, read(mark)).unwrap();
        account.split(AAPL, read(ratio)).unwrap();
        assert_eq!(account.mark_of(AAPL), Some(read(after)), "{mark} split {ratio}");
    }
    check("500.05", "3", "166.68");
    check("500.05", "0.3", "1666.83");
    check("0.02", "100", "0.01");
}

#[test]
fn a_split_contract_keeps_its_profit() {
    let mut account = account(&["GOOG/USD:USD"], 1_000);
    account.fill(&buy(0, "10", "2000")).unwrap();
    account.mark(AAPL, read("2100")).unwrap();
    account.split(AAPL, read("20")).unwrap();
    assert_eq!((account.equity(), account.cash()), (Cash::whole(2_000), Cash::whole(1_000)));
    let trade = account.fill(&sell(0, "200", "105")).unwrap().unwrap();
    assert_eq!((trade.pnl, account.cash()), (Cash::whole(1_000), Cash::whole(2_000)));
}

/// A split by zero was booked in the ledger before the division by it was refused.
#[test]
fn a_split_by_nothing_is_refused_and_changes_nothing() {
    let mut account = account(&["AAPL"], 100_000);
    account.fill(&buy(0, "10", "400")).unwrap();
    let (ledger, position) = (account.ledger().clone(), *account.position(AAPL));
    for ratio in ["0", "-2"] {
        assert!(account.split(AAPL, read::<Rate>(ratio)).is_err(), "{ratio}");
        assert_eq!((account.ledger(), account.position(AAPL)), (&ledger, &position), "{ratio}");
    }
}

#[test]
fn a_dividend_is_received_on_shares_held_and_owed_on_shares_short() {
    fn check(trade: &qframe_model::fill::Fill, each: &str, cash: &str) {
        let mut account = account(&["AAPL"], 10_000);
        account.fill(trade).unwrap();
        let equity = account.equity();
        pay(&mut account, read(each));
        assert_eq!(account.cash(), read(cash));
        let received = account.equity().minus(equity).unwrap();
        assert_eq!(account.ledger().balance(account.reporting(), Book::Dividends), -received);
        assert_eq!(account.ledger().check(), Ok(()));
    }
    check(&buy(0, "10", "400"), "0.24", "6002.4");
    check(&sell(0, "10", "400"), "0.24", "13997.6");
}

/// Pays `each` on every share held, as the venue reports it: the amount that the account pays, negative to receive.
fn pay(account: &mut Account, each: Cash) {
    let held = account.position(AAPL).quantity;
    let amount = each.scaled((-held).nanos(), 1_000_000_000, qframe_model::number::Rounding::HalfEven).unwrap();
    let transfer = Transfer { commodity: account.reporting(), from: Book::Assets, to: Book::Dividends, amount };
    account.post(&Entry::new(transfer)).unwrap();
}
