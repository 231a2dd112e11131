//! What a user may ask of the futures exchange: orders, positions, balances, income, settings.
use qframe_model::number::Cash;
use serde_json::{Value, json};

use super::error::{Fault, Setting};
use super::futures::Futures;
use super::margin::{BRACKETS, Bracket, Exposure, Holding, Standing};
use super::market::contract;
use super::order::{Record, Refusal};
use super::orders::{self, ALGO_NAMES, NAMES, find, flag, open_here};
use super::words::{
    algo, break_even, cause, eight, entry, execution, income, margin_type, millis, order, symbol, withdrawable,
};
use crate::exchange::binance::account::Bounds;
use crate::exchange::binance::{Fault as Asked, Parameters};

/// The addresses that want a signature.
pub(super) const PRIVATE: [&str; 28] = [
    "order",
    "order/test",
    "batchOrders",
    "openOrder",
    "openOrders",
    "allOpenOrders",
    "allOrders",
    "userTrades",
    "algoOrder",
    "openAlgoOrders",
    "allAlgoOrders",
    "algoOpenOrders",
    "leverage",
    "leverageBracket",
    "marginType",
    "positionMargin",
    "positionSide/dual",
    "multiAssetsMargin",
    "account",
    "accountConfig",
    "symbolConfig",
    "balance",
    "positionRisk",
    "income",
    "commissionRate",
    "forceOrders",
    "adlQuantile",
    "rateLimit/order",
];

/// Answers an address of a user; `None` where it is none. `version`: `v1`, `v2`, `v3`.
///
/// # Errors
/// The [`Fault`] of a parameter, or the exchange's refusal.
pub(super) fn answer(
    futures: &mut Futures,
    user: usize,
    (method, version, path): (&str, &str, &str),
    ask: &Parameters,
) -> Result<Option<(Value, u32)>, Fault> {
    Ok(Some(match (method, path) {
        ("POST", "order") => (orders::place(futures, user, ask, false)?, 1),
        ("POST", "order/test") => (orders::test(futures, user, ask)?, 1),
        ("POST", "batchOrders") => (orders::place_all(futures, user, ask)?, 5),
        ("DELETE", "batchOrders") => (orders::cancel_some(futures, user, ask)?, 1),
        ("GET", "order") => (one(futures, user, ask, false)?, 1),
        ("GET", "openOrder") => (one(futures, user, ask, true)?, 1),
        ("DELETE", "order") => (orders::cancel(futures, user, ask)?, 1),
        ("GET", "openOrders") => (told(futures, open_here(futures, user, ask, false)?, order), 1),
        ("DELETE", "allOpenOrders") => (cancel_all(futures, user, ask, false)?, 1),
        ("GET", "allOrders") => (all(futures, user, ask, false)?, 5),
        ("POST", "algoOrder") => (orders::place(futures, user, ask, true)?, 1),
        ("GET", "algoOrder") => {
            let found = find(futures, user, ask, ALGO_NAMES)?.ok_or(Asked::NoOrder)?;
            (algo(futures, found), 1)
        }
        ("DELETE", "algoOrder") => (orders::cancel_algo(futures, user, ask)?, 1),
        ("GET", "openAlgoOrders") => (told(futures, open_here(futures, user, ask, true)?, algo), 1),
        ("GET", "allAlgoOrders") => (all(futures, user, ask, true)?, 5),
        ("DELETE", "algoOpenOrders") => (cancel_all(futures, user, ask, true)?, 1),
        ("GET", "forceOrders") => (forced(futures, user, ask)?, 20),
        ("GET", "userTrades") => (executions(futures, user, ask)?, 5),
        ("GET", "income") => (incomes(futures, user, ask)?, 30),
        ("POST", "leverage") => (set_leverage(futures, user, ask)?, 1),
        ("GET", "account") => (account(futures, user, version)?, 5),
        ("GET", "balance") => (balance(futures, user)?, 5),
        ("GET", "positionRisk") => (positions(futures, user, version, ask)?, 5),
        _ => return settings(futures, user, (method, path), ask),
    }))
}

/// What a user may set, and what is set.
fn settings(
    futures: &mut Futures,
    user: usize,
    (method, path): (&str, &str),
    ask: &Parameters,
) -> Result<Option<(Value, u32)>, Fault> {
    Ok(Some(match (method, path) {
        ("POST", "marginType") => (set_margin_type(futures, user, ask)?, 1),
        ("POST", "positionMargin") => (move_margin(futures, user, ask)?, 1),
        ("GET", "positionSide/dual") => (json!({ "dualSidePosition": false }), 30),
        ("POST", "positionSide/dual") => {
            ask.need("dualSidePosition")?;
            return Err(if flag(ask, "dualSidePosition")? {
                Asked::Unsupported("hedge mode; positions here are one-way").into()
            } else {
                Fault::Unchanged(Setting::PositionSide)
            });
        }
        ("GET", "multiAssetsMargin") => (json!({ "multiAssetsMargin": false }), 30),
        ("POST", "multiAssetsMargin") => {
            ask.need("multiAssetsMargin")?;
            return Err(if flag(ask, "multiAssetsMargin")? {
                Asked::Unsupported("margin in several assets").into()
            } else {
                Fault::Unchanged(Setting::Assets)
            });
        }
        ("GET", "leverageBracket") => (brackets(futures, ask)?, 1),
        ("GET", "commissionRate") => (commission(futures, ask)?, 20),
        ("GET", "accountConfig") => (
            json!({
                "feeTier": 0, "canTrade": true, "canDeposit": false, "canWithdraw": false, "dualSidePosition": false,
                "updateTime": 0, "multiAssetsMargin": false, "tradeGroupId": -1,
            }),
            5,
        ),
        ("GET", "symbolConfig") => (configuration(futures, user, ask)?, 5),
        ("GET", "adlQuantile" | "rateLimit/order") => (json!([]), 5),
        _ => return Ok(None),
    }))
}

fn told(futures: &Futures, records: Vec<&Record>, tell: impl Fn(&Futures, &Record) -> Value) -> Value {
    records.into_iter().map(|record| tell(futures, record)).collect()
}

fn one(futures: &Futures, user: usize, ask: &Parameters, only_open: bool) -> Result<Value, Fault> {
    let found = find(futures, user, ask, NAMES)?.filter(|found| !only_open || found.status.is_open());
    Ok(order(futures, found.ok_or(Asked::NoOrder)?))
}

fn cancel_all(futures: &mut Futures, user: usize, ask: &Parameters, conditional: bool) -> Result<Value, Fault> {
    contract(futures, ask)?;
    orders::cancel_all(futures, user, ask, conditional)
}

fn all(futures: &Futures, user: usize, ask: &Parameters, conditional: bool) -> Result<Value, Fault> {
    let product = futures.product(&contract(futures, ask)?.market.product.name);
    let bounds = Bounds::new(ask, if conditional { "algoId" } else { "orderId" })?;
    let kind = |one: &&Record| if conditional { one.ticket.algo } else { !one.ticket.algo || one.works };
    let wanted =
        futures.orders(user).filter(|one| Some(one.ticket.product) == product && bounds.hold(one.id, one.time));
    let wanted = bounds.cut(wanted.filter(kind).collect());
    Ok(if conditional { told(futures, wanted, algo) } else { told(futures, wanted, order) })
}

/// Orders with which the exchange closed positions.
fn forced(futures: &Futures, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let only = ask.get("symbol").map(|_| contract(futures, ask)).transpose()?;
    let product = only.and_then(|only| futures.product(&only.market.product.name));
    let here = |one: &&Record| one.forced && product.is_none_or(|product| one.ticket.product == product);
    Ok(told(futures, futures.orders(user).filter(here).collect(), order))
}

fn executions(futures: &Futures, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let product = futures.product(&contract(futures, ask)?.market.product.name);
    let (of, bounds) = (ask.whole::<u64>("orderId")?, Bounds::new(ask, "fromId")?);
    let wanted = futures.executions(user).filter(|one| {
        Some(one.product) == product && of.is_none_or(|of| one.order == of) && bounds.hold(one.id, one.time)
    });
    Ok(bounds.cut(wanted.collect()).into_iter().map(|one| execution(futures, one)).collect())
}

fn incomes(futures: &Futures, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let (kind, bounds) = (ask.get("incomeType"), Bounds::new(ask, "fromId")?);
    let only = ask.get("symbol").map(|_| contract(futures, ask)).transpose()?;
    let product = only.and_then(|only| futures.product(&only.market.product.name));
    let wanted = futures.incomes(user).filter(|one| {
        kind.is_none_or(|kind| kind == cause(one.cause))
            && (product.is_none() || one.product == product)
            && bounds.hold(one.id, one.time)
    });
    Ok(bounds.cut(wanted.collect()).into_iter().map(|one| income(futures, one)).collect())
}

fn set_leverage(futures: &mut Futures, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let product = place(futures, ask)?;
    let leverage: u32 = ask.whole("leverage")?.ok_or(Asked::Mandatory("leverage"))?;
    let most = futures.set_leverage(user, product, leverage)?;
    Ok(json!({ "leverage": leverage, "maxNotionalValue": most.to_string(), "symbol": symbol(futures, product) }))
}

fn set_margin_type(futures: &mut Futures, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let product = place(futures, ask)?;
    let isolated = match ask.need("marginType")? {
        "CROSSED" => false,
        "ISOLATED" => true,
        _ => return Err(Asked::Value("marginType").into()),
    };
    match futures.set_isolated(user, product, isolated)? {
        true => Ok(json!({ "code": 200, "msg": "success" })),
        false => Err(Fault::Unchanged(Setting::MarginType)),
    }
}

fn move_margin(futures: &mut Futures, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let product = place(futures, ask)?;
    let amount = ask.need_decimal::<Cash>("amount")?;
    if amount.is_negative() {
        return Err(Refusal::NoAmount.into());
    }
    let kind = ask.whole::<u8>("type")?.ok_or(Asked::Mandatory("type"))?;
    let moved = match kind {
        1 => amount,
        2 => -amount,
        _ => return Err(Asked::Value("type").into()),
    };
    futures.move_margin(user, product, moved)?;
    Ok(json!({ "amount": amount.to_f64(), "code": 200, "msg": "Successfully modify position margin.", "type": kind }))
}

fn place(futures: &Futures, ask: &Parameters) -> Result<usize, Fault> {
    let name = &contract(futures, ask)?.market.product.name;
    Ok(futures.product(name).ok_or(Asked::Symbol)?)
}

/// One asset of a user, as balances and accounts tell it.
fn asset(futures: &Futures, user: usize, place: usize) -> Result<(Value, Standing), Fault> {
    let asset = futures.assets()[place];
    let one = futures.standing(user, asset)?;
    let (wallet, available) = (eight(one.wallet), one.available()?);
    let shared = one.wallet.minus(one.apart.margin)?;
    let value = json!({
        "asset": asset, "walletBalance": wallet, "unrealizedProfit": eight(one.unrealised),
        "marginBalance": eight(one.balance()?), "maintMargin": eight(one.maintenance),
        "initialMargin": eight(one.initial.plus(one.orders)?), "positionInitialMargin": eight(one.initial),
        "openOrderInitialMargin": eight(one.orders), "crossWalletBalance": eight(shared),
        "crossUnPnl": eight(one.unrealised.minus(one.apart.unrealised)?),
        "availableBalance": eight(available.max(Cash::ZERO)),
        "maxWithdrawAmount": eight(withdrawable(available, shared)), "marginAvailable": true,
        "updateTime": millis(futures.now()),
    });
    Ok((value, one))
}

fn account(futures: &Futures, user: usize, version: &str) -> Result<Value, Fault> {
    let (mut assets, mut sum) = (Vec::new(), Standing::default());
    for place in 0..futures.assets().len() {
        let (value, one) = asset(futures, user, place)?;
        assets.push(value);
        sum.wallet = sum.wallet.plus(one.wallet)?;
        sum.unrealised = sum.unrealised.plus(one.unrealised)?;
        sum.initial = sum.initial.plus(one.initial)?;
        sum.orders = sum.orders.plus(one.orders)?;
        sum.maintenance = sum.maintenance.plus(one.maintenance)?;
        sum.losses = sum.losses.plus(one.losses)?;
        sum.apart.margin = sum.apart.margin.plus(one.apart.margin)?;
        sum.apart.unrealised = sum.apart.unrealised.plus(one.apart.unrealised)?;
        sum.apart.initial = sum.apart.initial.plus(one.apart.initial)?;
    }
    let mut positions = Vec::new();
    for product in 0..futures.contracts().len() {
        positions.extend(position(futures, user, product, version)?);
    }
    let (wallet, available) = (eight(sum.wallet), sum.available()?);
    let shared = sum.wallet.minus(sum.apart.margin)?;
    Ok(json!({
        "feeTier": 0, "canTrade": true, "canDeposit": false, "canWithdraw": false, "updateTime": 0,
        "multiAssetsMargin": false, "tradeGroupId": -1,
        "totalInitialMargin": eight(sum.initial.plus(sum.orders)?), "totalMaintMargin": eight(sum.maintenance),
        "totalWalletBalance": wallet, "totalUnrealizedProfit": eight(sum.unrealised),
        "totalMarginBalance": eight(sum.balance()?), "totalPositionInitialMargin": eight(sum.initial),
        "totalOpenOrderInitialMargin": eight(sum.orders), "totalCrossWalletBalance": eight(shared),
        "totalCrossUnPnl": eight(sum.unrealised.minus(sum.apart.unrealised)?), "availableBalance": eight(available.max(Cash::ZERO)),
        "maxWithdrawAmount": eight(withdrawable(available, shared)),
        "assets": assets, "positions": positions,
    }))
}

fn balance(futures: &Futures, user: usize) -> Result<Value, Fault> {
    let row = |place: usize| -> Result<Value, Fault> {
        let (one, _) = asset(futures, user, place)?;
        Ok(json!({
            "accountAlias": "qframe", "asset": one["asset"], "balance": one["walletBalance"],
            "crossWalletBalance": one["crossWalletBalance"], "crossUnPnl": one["crossUnPnl"],
            "availableBalance": one["availableBalance"], "maxWithdrawAmount": one["maxWithdrawAmount"],
            "marginAvailable": true, "updateTime": one["updateTime"],
        }))
    };
    (0..futures.assets().len()).map(row).collect()
}

fn positions(futures: &Futures, user: usize, version: &str, ask: &Parameters) -> Result<Value, Fault> {
    let only = ask.get("symbol").map(|_| contract(futures, ask)).transpose()?;
    let mut rows = Vec::new();
    for (product, one) in futures.contracts().iter().enumerate() {
        if only.is_none_or(|only| only.market.product == one.market.product) {
            rows.extend(position(futures, user, product, version)?);
        }
    }
    Ok(Value::Array(rows))
}

/// One contract of a user. The third version tells only of positions and of contracts with open orders.
fn position(futures: &Futures, user: usize, product: usize, version: &str) -> Result<Option<Value>, Fault> {
    let (contract, holding) = (&futures.contracts()[product], futures.holding(user, product));
    let Exposure { notional, unrealised, initial, orders, maintenance, bids, asks, .. } =
        futures.exposure(user, product)?;
    let units = holding.position.quantity;
    if version == "v3" && units.is_zero() && bids.is_zero() && asks.is_zero() {
        return Ok(None);
    }
    let entry = entry(contract, &holding.position);
    let gone = futures.liquidation_price(user, product)?.unwrap_or_default();
    let most = Bracket::most(holding.leverage).to_string();
    let margin = holding.isolated.unwrap_or_default();
    let with_profit = if holding.isolated.is_some() { margin.plus(unrealised)? } else { margin };
    Ok(Some(json!({
        "symbol": symbol(futures, product), "positionSide": "BOTH", "positionAmt": units.to_string(),
        "entryPrice": eight(entry), "breakEvenPrice": eight(break_even(futures, entry, units)),
        "markPrice": eight(contract.price().unwrap_or_default()),
        "unRealizedProfit": eight(unrealised), "unrealizedProfit": eight(unrealised), "liquidationPrice": eight(gone),
        "leverage": holding.leverage.to_string(), "maxNotional": most, "maxNotionalValue": most,
        "marginType": margin_type(&holding), "isolated": holding.isolated.is_some(), "isAutoAddMargin": "false",
        "isolatedMargin": eight(with_profit), "isolatedWallet": eight(margin),
        "notional": eight(notional), "marginAsset": contract.market.product.quote,
        "initialMargin": eight(initial.plus(orders)?), "maintMargin": eight(maintenance),
        "positionInitialMargin": eight(initial), "openOrderInitialMargin": eight(orders),
        "adl": 0, "bidNotional": eight(bids), "askNotional": eight(asks), "updateTime": millis(futures.now()),
    })))
}

fn brackets(futures: &Futures, ask: &Parameters) -> Result<Value, Fault> {
    let row = |(place, one): (usize, &Bracket)| {
        json!({
            "bracket": place + 1, "initialLeverage": one.leverage, "notionalCap": one.cap, "notionalFloor": one.floor,
            "maintMarginRatio": one.rate.to_f64(), "cum": one.less,
        })
    };
    let rows: Value = BRACKETS.iter().enumerate().map(row).collect();
    let tell = |name: &str| json!({ "symbol": name, "notionalCoef": 1.0, "brackets": rows });
    Ok(match ask.get("symbol") {
        Some(_) => json!([tell(&contract(futures, ask)?.market.product.name)]),
        None => futures.contracts().iter().map(|one| tell(&one.market.product.name)).collect(),
    })
}

fn commission(futures: &Futures, ask: &Parameters) -> Result<Value, Fault> {
    let rates = futures.commission();
    Ok(json!({
        "symbol": contract(futures, ask)?.market.product.name,
        "makerCommissionRate": rates.maker.to_string(), "takerCommissionRate": rates.taker.to_string(),
        "rpiCommissionRate": "0",
    }))
}

fn configuration(futures: &Futures, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let only = ask.get("symbol").map(|_| contract(futures, ask)).transpose()?;
    let chosen = futures.contracts().iter().enumerate();
    let chosen = chosen.filter(|(_, one)| only.is_none_or(|only| only.market.product == one.market.product));
    let row = |(product, _): (usize, &super::Contract)| {
        let Holding { leverage, isolated, .. } = futures.holding(user, product);
        let kind = if isolated.is_some() { "ISOLATED" } else { "CROSSED" };
        json!({
            "symbol": symbol(futures, product), "marginType": kind, "isAutoAddMargin": false, "leverage": leverage,
            "maxNotionalValue": Bracket::most(leverage).to_string(),
        })
    };
    Ok(chosen.map(row).collect())
}
