//! What each task does, for `cargo xtask help`.

/// Without a task's name.
pub(crate) const OVERVIEW: &str = "\
Checks, benchmarks and set-up of the QFrame workspace.

Usage: cargo xtask <task> [words]

  test   install what the tests need where it is missing, then run every check
  ci     run every check and install nothing
  tidy   run the rules of the house that clippy does not know
  bench  run the speed benchmarks
  book   build the book from docs/
  fuzz   run the decoders on hostile bytes
  help   this page, or `help <task>`

Exit codes: 0 done, 1 a check failed, 2 wrong usage.";

/// The page of a task.
pub(crate) fn page(task: &str) -> Option<&'static str> {
    match task {
        "test" => Some(TEST),
        "ci" => Some(CI),
        "tidy" => Some(TIDY),
        "bench" => Some(BENCH),
        "book" => Some(BOOK),
        "fuzz" => Some(FUZZ),
        _ => None,
    }
}

const TEST: &str = "\
Installs what the tests need where it is missing, then runs every check and stops at the first that fails.

Usage: cargo xtask test [-- <words for the test runner>]

The checks, in order: fmt, clippy (warnings denied), tidy, tests, doc tests, docs (warnings denied), examples.
As root, apt-get installs packages of the system; otherwise the tests that need them are skipped, and it says so.
cargo-nextest is installed where it is missing; where that fails, `cargo test` runs the tests.
The last line has the counts that the test runner gave: `12 passed, 0 failed`.

Environment: CI=true builds without incremental files; QFRAME_SKIP_BROWSER=1 skips the browser test, and
_REDIS, _INFLUX and _VICTORIA in its place those of the sinks. Their servers run on free ports while the tests do.
QFRAME_CLIENTS names the folder of the Python clients of the local exchange, else they are put below target/clients.
Example: cargo xtask test -- ledger";

const CI: &str = "\
Runs every check of `cargo xtask test` and installs nothing.

Usage: cargo xtask ci [-- <words for the test runner>]";

const TIDY: &str = "\
Runs the rules of the house that clippy does not know. It changes no file.

Usage: cargo xtask tidy

imports        each crate imports only the crates of ours below it
file length    600 lines at most, a note from 400
function       60 lines at most
words          nothing unfinished, no unwrap outside tests, no clock or file in the pure crates
names          no Manager, Service, Handler, Helper, Util, Common, Base
machine paths  no path of one machine
dependencies   each has its reason and version in DEPENDENCIES.md; what is declared is used
links          relative links in Markdown lead somewhere; docs/SUMMARY.md lists each page
form           no file over 1 MiB, LF line ends, no trailing white space
architecture   ARCHITECTURE.md names each crate

A finding reads `file:line: what; what to do`.";

const BENCH: &str = "\
Runs the speed benchmarks. Each line has our speed, that of a bare loop, and their ratio.

Usage: cargo xtask bench [names] [number of bars]

memory  peak memory of a long run over the columns that went in
w1      a crossover of averages, bar by bar
w2      a thousand of them, on one and on two threads
w3      a CSV text to checked bars
w4      indicators, also beside TA-Lib in C: pip installs it below target/ where it is missing
w5      value at risk of scenarios of fifty assets, also beside numpy; fits of GARCH
w6      ticks of an order book through the engine, also beside hftbacktest, which pip installs likewise
book    messages of exchanges to a checked order book, and changes of a book; QFRAME_RECORDING names a recorded stream
live    rows through the live pipeline, and how long a trade takes from an exchange's socket to a strategy

Without a name all run; without a number each takes its usual one.
Example: cargo xtask bench w1 10000000";

const BOOK: &str = "\
Builds the book from docs/ into book/ with mdbook.

Usage: cargo xtask book [--install]

--install  install mdbook with cargo where it is missing (it takes some minutes)";

const FUZZ: &str = "\
Runs the decoders on texts that are right but for a few changes, and on arbitrary bytes. A panic, an answer that
contradicts itself or memory that grows is a failure; the smallest input that was found is printed.

Usage: cargo xtask fuzz [target] [--runs N]

frames            messages of exchanges, one by one
recordings        streams of them into books and rows
bars              CSV files
calendars         dividends, splits and funding rates
numbers_and_names prices, quantities, times, symbols
imports::import_texts    each dialect of the import
imports::import_columns  Parquet, Arrow, zip
heads::heads             heads of requests to the local exchange, over a socket
sessions::sessions       whatever can happen to a live stream, in any order
answers::bars_and_listings  answers of exchanges over REST: bars, instruments, clocks
answers::trades          the same of trades that a stream missed
requests::spot           series of signed requests to the local exchange, and of subscriptions: Binance spot
requests::usdm           the same on USD-M futures
requests::coinbase       the same on Coinbase's side

Without a target all run; without a number 100000 inputs each, and a quarter as many of arbitrary bytes. An input of
`requests` is a series of up to twelve, and one of `heads` a connection: slower, so give a number.
Example: cargo xtask fuzz frames --runs 1000000";
