//! The catalog: what goes in comes out, whatever way it went in and whoever was killed on the way.
mod broken;
mod killed;
mod made;
mod rows;
mod securities;

use qframe_data::catalog::{Catalog, Conflict, Merged};
use qframe_data::{DataKey, Kind, Rows};
use qframe_model::time::Time;

const ALL: std::ops::Range<Time> = Time::MIN..Time::MAX;

fn key(kind: Kind) -> DataKey {
    let frame = kind.is_bars().then(|| "1m".parse().unwrap());
    DataKey { kind, venue: "binance".to_owned(), symbol: "BTC/USDT:USDT-261225".parse().unwrap(), frame }
}

fn catalog() -> (tempfile::TempDir, Catalog) {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(folder.path().join("catalog")).unwrap();
    (folder, catalog)
}

fn merge(catalog: &Catalog, rows: &Rows) -> Merged {
    let kind = made::kind_of(rows);
    catalog.merge(&key(kind), std::iter::once(rows.clone()), Conflict::Refuse).unwrap()
}

/// All rows of a set, in one piece.
fn stored(catalog: &Catalog, kind: Kind) -> Rows {
    let batches = catalog.scan(&key(kind), ALL).unwrap();
    batches.map(Result::unwrap).fold(made::none(kind), made::join)
}
