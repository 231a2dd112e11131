//! What a user has, may do and pays.
use qframe_model::currency::Currency;
use qframe_model::number::Cash;
use serde_json::{Value, json};

use super::error::Fault;
use super::request::Query;
use super::words::user_id;
use crate::exchange::core::{Balance, Core};

/// The accounts of a user: one for each asset that it has or the exchange trades.
pub(super) fn all(core: &Core, user: usize, ask: &Query) -> Result<Value, Fault> {
    let assets = assets(core, user);
    let from = ask.whole::<usize>("cursor")?.unwrap_or(0);
    let limit = ask.limit(49, 250)?;
    let rows: Vec<Value> = assets.iter().skip(from).take(limit).map(|asset| account(core, user, *asset)).collect();
    let next = from.saturating_add(rows.len());
    let has_next = next < assets.len();
    Ok(json!({
        "has_next": has_next, "cursor": if has_next { next.to_string() } else { String::new() }, "size": rows.len(),
        "accounts": rows,
    }))
}

pub(super) fn one(core: &Core, user: usize, id: &str) -> Result<Value, Fault> {
    let found = assets(core, user).into_iter().find(|asset| account_id(user, *asset) == id);
    let asset = found.ok_or_else(|| Fault::NotFound(format!("account {id:?}")))?;
    Ok(json!({ "account": account(core, user, asset) }))
}

pub(super) fn permissions(user: usize) -> Value {
    json!({
        "can_view": true, "can_trade": true, "can_transfer": false, "portfolio_uuid": user_id(user),
        "portfolio_type": "DEFAULT",
    })
}

pub(super) fn portfolio(user: usize) -> Value {
    json!({ "name": "Default", "uuid": user_id(user), "type": "DEFAULT", "deleted": false })
}

/// What the user traded and paid in all, and what it pays. Sums are of all quote assets, as if each were a dollar.
pub(super) fn summary(core: &Core, user: usize) -> Value {
    let sum = |of: fn(&crate::exchange::core::Record) -> Cash| {
        core.orders(user).map(of).fold(Cash::ZERO, |sum, one| sum.plus(one).unwrap_or(Cash::MAX)).to_f64()
    };
    let (volume, fees, rates) = (sum(|order| order.value), sum(|order| order.fees), core.commission());
    json!({
        "total_volume": volume, "total_fees": fees,
        "fee_tier": {
            "pricing_tier": "Local", "usd_from": "0", "usd_to": "", "taker_fee_rate": rates.taker.to_string(),
            "maker_fee_rate": rates.maker.to_string(), "aop_from": "", "aop_to": "",
        },
        "margin_rate": null, "goods_and_services_tax": null, "advanced_trade_only_volume": volume,
        "advanced_trade_only_fees": fees, "coinbase_pro_volume": 0, "coinbase_pro_fees": 0, "total_balance": "",
        "has_promo_fee": false,
    })
}

fn assets(core: &Core, user: usize) -> Vec<Currency> {
    let owned = core.wallets().of(user).into_iter().flat_map(|wallet| wallet.keys().copied());
    let traded = core.markets().iter().flat_map(|market| [market.product.base, market.product.quote]);
    let mut assets: Vec<Currency> = owned.chain(traded).collect();
    assets.sort_unstable();
    assets.dedup();
    assets
}

fn account(core: &Core, user: usize, asset: Currency) -> Value {
    let Balance { free, locked } = core.wallets().balance(user, asset);
    let is_money = matches!(asset.as_str(), "USD" | "EUR" | "GBP" | "CAD" | "SGD");
    json!({
        "uuid": account_id(user, asset), "name": format!("{asset} Wallet"), "currency": asset,
        "available_balance": { "value": free.to_string(), "currency": asset }, "default": true, "active": true,
        "created_at": "1970-01-01T00:00:00Z", "updated_at": core.now(), "deleted_at": null,
        "type": if is_money { "ACCOUNT_TYPE_FIAT" } else { "ACCOUNT_TYPE_CRYPTO" }, "ready": true,
        "hold": { "value": locked.to_string(), "currency": asset }, "retail_portfolio_id": user_id(user),
        "platform": "ACCOUNT_PLATFORM_CONSUMER",
    })
}

/// The name of an account: its asset in hexadecimal, behind the user.
fn account_id(user: usize, asset: Currency) -> String {
    let mut bytes = [0; 16];
    for (place, byte) in asset.as_str().bytes().enumerate() {
        bytes[place.min(15)] = byte;
    }
    let number = u128::from_be_bytes(bytes) ^ ((user as u128) << 64 | user as u128);
    let text = format!("{number:032x}");
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}
