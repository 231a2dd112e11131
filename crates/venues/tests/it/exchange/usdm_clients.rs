//! Real clients trade perpetuals on the exchange, as [`clients`](super::clients) says.
use qframe_venues::exchange::server::fault::Faults;

use super::clients::check_with;
use super::usdm::usdm;

#[tokio::test(flavor = "multi_thread")]
async fn ccxt_trades_perpetuals() {
    check_with(usdm(), "ccxt", "usdm_ccxt.py", Faults::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ccxt_watches_perpetuals() {
    check_with(usdm(), "ccxt", "usdm_streams.py", Faults::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_binance_trades_perpetuals() {
    check_with(usdm(), "python-binance", "usdm_python_binance.py", Faults::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn binance_futures_connector_trades_perpetuals() {
    check_with(usdm(), "binance-futures-connector", "usdm_connector.py", Faults::default()).await;
}
