//! Accounts of several currencies: what a coin is worth over one price and over two, and fees in other coins.
use std::sync::Arc;

use qframe_model::account::{Account, AccountError};
use qframe_model::currency::Currency;
use qframe_model::fill::Fill;
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::Instrument;
use qframe_model::ledger::Book;
use qframe_model::number::{Cash, Price};

use crate::world::{account, buy, currency, instruments, read, sell};

#[test]
fn a_coin_priced_in_another_coin_is_worth_both_prices() {
    let mut account = account(&["BTC/USD", "ETH/BTC"], 100_000);
    account.fill(&buy(0, "2", "30000")).unwrap();
    account.fill(&buy(1, "10", "0.05")).unwrap();
    assert_eq!(account.ledger().assets(currency(&account, "BTC")), read("1.5"));
    let check = |account: &Account, cash: &str, equity: &str, exposure: &str| {
        assert_eq!(account.cash(), read(cash));
        assert_eq!(account.equity(), read(equity));
        assert_eq!(account.gross_exposure(), Ok(read(exposure)), "positions of 2 BTC and 10 ETH");
    };
    check(&account, "40000", "100000", "75000");
    account.mark(InstrumentId(0), read("40000")).unwrap();
    // 40,000 + 1.5 BTC at 40,000 + 10 ETH at 0.05 BTC of 40,000 each.
    check(&account, "40000", "120000", "100000");
    account.mark(InstrumentId(1), read("0.06")).unwrap();
    check(&account, "40000", "124000", "104000");
    account.fill(&sell(1, "10", "0.06")).unwrap();
    check(&account, "40000", "124000", "80000");
    assert_eq!(account.equity_at(InstrumentId(0), read("40000")), Ok(account.equity()));
}

/// The chain from ETH over BTC to USD was followed one link far: ETH 10 at 0.05 BTC came out as USD 0.5.
#[test]
fn an_amount_reaches_the_reporting_currency_over_two_prices() {
    let mut account = account(&["BTC/USD", "ETH/BTC"], 100_000);
    account.mark(InstrumentId(0), read("40000")).unwrap();
    account.mark(InstrumentId(1), read("0.05")).unwrap();
    let eth = currency(&account, "ETH");
    assert_eq!(account.to_reporting(eth, Cash::whole(10)), Ok(Cash::whole(20_000)));
    assert_eq!(account.from_reporting(eth, Cash::whole(20_000)), Ok(Cash::whole(10)));
}

/// A fund's ticker may be a coin's code: the share BTC does not price the coin BTC.
#[test]
fn a_share_does_not_price_a_currency_of_its_name() {
    let (btc, usd) = (read("BTC"), Currency::USD);
    let refused = AccountError::NoRate { currency: btc, reporting: usd };
    assert_eq!(Account::open(instruments(&["BTC", "ETH/BTC"]), usd).err(), Some(refused));
    assert!(Account::open(instruments(&["BTC", "BTC/USD", "ETH/BTC"]), usd).is_ok());
}

#[test]
fn an_unpriced_currency_is_refused() {
    let check = |symbols: &[&str], reporting: &str, refused: Option<&str>| {
        let error = Account::open(instruments(symbols), read(reporting)).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), refused, "{symbols:?} in {reporting}");
    };
    let advice = "nothing prices BTC in USD; add the pair BTC/USD to the data or report in BTC";
    check(&["ETH/BTC"], "USD", Some(advice));
    check(&["ETH/BTC", "BTC/USD:USD"], "USD", Some(advice));
    check(&["ETH/BTC"], "BTC", None);
    check(&["ETH/BTC", "BTC/USD"], "USD", None);
    check(&["BTC/USD", "ETH/BTC"], "USD", None);
}

#[test]
fn a_fee_in_the_coin_itself_leaves_fewer_coins() {
    let mut account = account(&["BTC/USD"], 100_000);
    let (btc, id) = (currency(&account, "BTC"), InstrumentId(0));
    let paid = |fill: Fill, fee: &str| Fill { fee: read(fee), fee_in: btc, ..fill };
    account.fill(&paid(buy(0, "1", "50000"), "0.001")).unwrap();
    assert_eq!(account.ledger().assets(btc), read("0.999"));
    assert_eq!(account.ledger().balance(btc, Book::Fees), read("0.001"));
    assert_eq!(account.equity(), read("99950"), "the fee is worth 50 USD");
    assert_eq!(account.position(id).entry_fees, read("50"));
    let trade = account.fill(&sell(0, "0.999", "60000")).unwrap().unwrap();
    assert_eq!(trade.pnl, read("9940.05"), "0.999 x 10,000 less 0.999 of the fee of 50");
    assert_eq!(account.ledger().assets(btc), Cash::ZERO);
    assert_eq!(account.equity(), read("109940"));
    assert_eq!(account.position(id).quantity, read("0.001"), "bought 1 and sold 0.999");
}

#[test]
fn a_fee_in_a_third_coin_is_valued_at_its_price() {
    let mut account = account(&["BTC/USD", "BNB/USD"], 100_000);
    account.fill(&buy(1, "10", "500")).unwrap();
    let fee_in = currency(&account, "BNB");
    account.fill(&Fill { fee: read("0.1"), fee_in, ..buy(0, "1", "50000") }).unwrap();
    assert_eq!(account.position(InstrumentId(0)).entry_fees, Cash::whole(50));
    assert_eq!(account.ledger().assets(fee_in), read("9.9"));
    assert_eq!(account.equity(), Cash::whole(99_950));
}

#[test]
fn two_listings_of_one_coin_share_the_coins_and_not_the_position() {
    let listed: Arc<[Instrument]> = instruments(&["BTC/USD", "BTC/USDT", "USDT/USD"]);
    let mut account = Account::open(listed, Currency::USD).unwrap();
    account.deposit(account.reporting(), Cash::whole(100_000)).unwrap();
    account.fill(&buy(2, "50000", "1")).unwrap();
    account.fill(&buy(0, "1", "40000")).unwrap();
    account.fill(&buy(1, "1", "41000")).unwrap();
    assert_eq!(account.ledger().assets(currency(&account, "BTC")), Cash::whole(2));
    // 10,000 USD + 9,000 USDT + 2 BTC at the price in USD: the listing in the reporting currency prices the coin.
    assert_eq!(account.equity(), Cash::whole(99_000));
    account.mark(InstrumentId(1), read("45000")).unwrap();
    assert_eq!(account.equity(), Cash::whole(99_000));
    account.mark(InstrumentId(0), read("45000")).unwrap();
    assert_eq!(account.equity(), Cash::whole(109_000));
}

#[test]
fn coins_of_many_digits_are_counted_exactly() {
    let mut shib = account(&["SHIB/USD"], 1_000_000);
    shib.fill(&buy(0, "1000000000000", "0.00000001")).unwrap();
    shib.mark(InstrumentId(0), read("0.00000003")).unwrap();
    assert_eq!((shib.cash(), shib.equity()), (Cash::whole(990_000), Cash::whole(1_020_000)));
    let mut account = Account::open(instruments(&["BTC/IDR"]), read("IDR")).unwrap();
    account.deposit(account.reporting(), Cash::whole(5_000_000_000)).unwrap();
    account.fill(&buy(0, "2.5", "1670000000")).unwrap();
    account.mark(InstrumentId(0), read("1670000000.5")).unwrap();
    assert_eq!((account.cash(), account.equity()), (Cash::whole(825_000_000), read("5000000001.25")));
}

#[test]
fn a_conversion_at_the_rate_changes_no_equity() {
    let mut account = account(&["EUR/USD", "ADS/EUR"], 1_000);
    account.mark(InstrumentId(0), read("1.25")).unwrap();
    let (usd, eur) = (account.reporting(), currency(&account, "EUR"));
    account.convert((usd, read("500")), (eur, read("400"))).unwrap();
    assert_eq!((account.cash(), account.ledger().assets(eur)), (read("500"), read("400")));
    assert_eq!(account.equity(), read("1000"));
    let book = |commodity| account.ledger().balance(commodity, Book::Conversion);
    assert_eq!((book(usd), book(eur)), (read("500"), read("-400")));
    assert_eq!(account.ledger().check(), Ok(()));
    // It is money, not a trade: nothing is held of the pair, and its price moves what the money is worth.
    assert!(account.position(InstrumentId(0)).is_flat());
    account.mark(InstrumentId(0), read("1.5")).unwrap();
    assert_eq!(account.equity(), read("1100"));
    let before = account.ledger().clone();
    for (given, got) in [("0", "1"), ("1", "0"), ("-1", "-1")] {
        assert!(account.convert((usd, read(given)), (eur, read(got))).is_err(), "{given} for {got}");
    }
    assert_eq!(account.ledger(), &before);
}

/// Foreign money counted in whole 1e-9, and every conversion at an uneven rate lost some of it.
#[test]
fn conversions_and_trades_at_the_marks_keep_equity_to_the_last_digit() {
    let mut account = account(&["EUR/USD", "ADS/EUR"], 10_000);
    let (rate, price) = (read::<Price>("1.08333"), read::<Price>("7.77"));
    account.mark(InstrumentId(0), rate).unwrap();
    account.mark(InstrumentId(1), price).unwrap();
    let (usd, eur) = (account.reporting(), currency(&account, "EUR"));
    for times in 1..=5 {
        let wanted = read::<Cash>("871.234567890123456789");
        let given = account.to_reporting(eur, wanted).unwrap();
        account.convert((usd, given), (eur, wanted)).unwrap();
        account.fill(&Fill { fee_in: eur, ..buy(1, "87.654321", "7.77") }).unwrap();
        let lost = account.equity().minus(Cash::whole(10_000)).unwrap();
        assert!(lost.abs() <= Cash::from_attos(times + 2), "{lost} after {times}");
        assert_eq!(account.equity_at(InstrumentId(1), price), Ok(account.equity()));
    }
}

#[test]
fn what_is_free_is_there_and_secures_nothing() {
    let mut account = account(&["EUR/USD", "ADS/EUR"], 1_000);
    account.mark(InstrumentId(0), read("2")).unwrap();
    let (usd, eur) = (account.reporting(), currency(&account, "EUR"));
    account.convert((usd, read("600")), (eur, read("300"))).unwrap();
    assert_eq!((account.free_of(usd), account.free_of(eur)), (Ok(read("400")), Ok(read("300"))));
    account.fill(&buy(1, "2", "100")).unwrap();
    assert_eq!((account.free_of(usd), account.free_of(eur)), (Ok(read("400")), Ok(read("100"))));
    // Owed in EUR: what is there in USD answers for it.
    account.fill(&buy(1, "2", "100")).unwrap();
    assert_eq!((account.free_of(usd), account.free_of(eur)), (Ok(read("200")), Ok(Cash::ZERO)));
}
