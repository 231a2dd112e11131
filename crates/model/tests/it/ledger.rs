//! The ledger: every entry sums to zero, and a refused entry leaves no trace.
use proptest::prelude::*;
use qframe_model::ids::CommodityId;
use qframe_model::ledger::{Book, Entry, Ledger, Transfer};
use qframe_model::number::Cash;

const BOOKS: [Book; 11] = [
    Book::Assets,
    Book::Capital,
    Book::Trading,
    Book::Fees,
    Book::Funding,
    Book::Interest,
    Book::Dividends,
    Book::Splits,
    Book::Conversion,
    Book::Receivables,
    Book::Rollover,
];
const COMMODITIES: u16 = 3;

fn book() -> impl Strategy<Value = Book> {
    proptest::sample::select(BOOKS.as_slice())
}

fn transfer(amounts: impl Strategy<Value = i128>) -> impl Strategy<Value = Transfer> {
    (0..COMMODITIES, book(), book(), amounts).prop_map(|(commodity, from, to, attos)| Transfer {
        commodity: CommodityId(commodity),
        from,
        to,
        amount: Cash::from_attos(attos),
    })
}

fn entry(amounts: impl Strategy<Value = i128> + Clone) -> impl Strategy<Value = Entry> {
    proptest::collection::vec(transfer(amounts), 1..=3).prop_map(|transfers| {
        transfers[1..].iter().fold(Entry::new(transfers[0]), |entry, transfer| entry.and(*transfer))
    })
}

proptest! {
    #[test]
    fn sums_to_zero_and_overflow_leaves_it_unchanged(entries in proptest::collection::vec(entry(any::<i128>()), 1..30)) {
        let mut ledger = Ledger::new(COMMODITIES.into());
        for entry in &entries {
            let before = ledger.clone();
            if ledger.post(entry).is_err() {
                prop_assert_eq!(&ledger, &before, "a refused entry left a trace");
            }
            prop_assert_eq!(ledger.check(), Ok(()));
        }
    }

    #[test]
    fn equals_the_fold_of_its_transfers(entries in proptest::collection::vec(entry(-1_000_000i128..1_000_000), 0..30)) {
        let mut ledger = Ledger::new(COMMODITIES.into());
        entries.iter().for_each(|entry| ledger.post(entry).unwrap());
        let moved = |commodity, book| -> i128 {
            let transfers = entries.iter().flat_map(Entry::transfers).filter(|t| t.commodity == commodity);
            transfers.map(|t| t.amount.attos() * (i128::from(t.to == book) - i128::from(t.from == book))).sum()
        };
        for commodity in (0..COMMODITIES).map(CommodityId) {
            for book in BOOKS {
                prop_assert_eq!(ledger.balance(commodity, book).attos(), moved(commodity, book), "{} {:?}", commodity, book);
            }
        }
    }
}

/// The two sides of a transfer were read before either was written, so a book that paid itself grew from nothing.
#[test]
fn a_book_that_pays_itself_stays_as_it_is() {
    let mut ledger = Ledger::new(1);
    let (commodity, amount) = (CommodityId(0), Cash::ONE);
    ledger.post(&Entry::new(Transfer { commodity, from: Book::Fees, to: Book::Fees, amount })).unwrap();
    assert_eq!(ledger, Ledger::new(1));
    assert_eq!(ledger.check(), Ok(()));
}
