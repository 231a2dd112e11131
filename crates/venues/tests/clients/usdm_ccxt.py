"""ccxt trades perpetuals on the local exchange: arguments are its address, the key and the secret."""

import ccxt

from pointed import client


def refused(kind, code, call, *args, **params):
    try:
        call(*args, **params)
    except kind as error:
        assert str(code) in str(error), error
        return error
    raise AssertionError(f"{call.__name__}{args} went through; expected {kind.__name__}")


def position(symbol):
    return next((one for one in ex.fetch_positions([symbol]) if one["contracts"]), None)


ex = client(ccxt.binanceusdm, default="swap", market="linear")
symbol = next(iter(ex.load_markets()))
market = ex.market(symbol)
quote = market["settle"]
assert market["swap"] and market["linear"] and market["precision"]["price"] > 0 and market["limits"]["cost"]["min"] > 0, market
assert ex.fetch_time() > 0 and ex.fetch_ohlcv(symbol, "1m") and ex.fetch_mark_ohlcv(symbol, "1m")
book = ex.fetch_order_book(symbol, 20)
assert book["bids"][0][0] < book["asks"][0][0], book
rate = ex.fetch_funding_rate(symbol)
assert rate["markPrice"] > 0 and rate["fundingTimestamp"] > rate["timestamp"] and rate["fundingRate"] is not None, rate
ex.fetch_funding_rate_history(symbol)
assert ex.fetch_trades(symbol, limit=3) and ex.fetch_ticker(symbol)["last"] > 0 and ex.fetch_bids_asks([symbol])
assert int(ex.set_leverage(10, symbol)["leverage"]) == 10
refused(ccxt.BadRequest, -4028, ex.fapiPrivatePostLeverage, {"symbol": market["id"], "leverage": 500})
try:
    ex.set_margin_mode("cross", symbol)
except ccxt.MarginModeAlreadySet:
    pass
assert ex.set_margin_mode("isolated", symbol)["code"] == 200 and ex.set_margin_mode("cross", symbol)["code"] == 200
refused(ccxt.ExchangeError, -1020, ex.set_position_mode, True, symbol)
assert ex.fetch_leverages([symbol])[symbol]["longLeverage"] == 10 and ex.fetch_trading_fee(symbol)["taker"] > 0
assert ex.fetch_market_leverage_tiers(symbol)[0]["maxLeverage"] == 125
before = ex.fetch_balance()[quote]
assert before["total"] > 0 and position(symbol) is None

low = ex.price_to_precision(symbol, book["bids"][0][0] * 0.9)
amount = ex.amount_to_precision(symbol, max(100 / float(low), 3 * (market["limits"]["amount"]["min"] or 0)))
resting = ex.create_order(symbol, "limit", "buy", amount, low)
assert resting["status"] == "open", resting
assert [one["id"] for one in ex.fetch_open_orders(symbol)] == [resting["id"]]
used = ex.fetch_balance()[quote]["used"]
assert abs(used - float(low) * float(amount) / 10) < 1e-6, used
assert ex.cancel_order(resting["id"], symbol)["status"] == "canceled"
assert ex.fetch_order(resting["id"], symbol)["status"] == "canceled" and not ex.fetch_open_orders(symbol)
refused(ccxt.OrderNotFound, -2011, ex.cancel_order, resting["id"], symbol)

bought = ex.create_order(symbol, "market", "buy", amount)
assert bought["status"] == "closed" and bought["filled"] == float(amount), bought
held = position(symbol)
assert held["side"] == "long" and held["contracts"] == float(amount) and held["marginMode"] == "cross", held
assert abs(held["entryPrice"] - bought["average"]) < 1e-6 * bought["average"] and held["liquidationPrice"] is None, held
assert held["leverage"] == 10 and held["initialMargin"] > 0 and held["maintenanceMargin"] > 0, held
trades = ex.fetch_my_trades(symbol)
assert sum(one["amount"] for one in trades) == float(amount) and trades[0]["fee"]["currency"] == quote
refused(ccxt.ExchangeError, -2022, ex.create_order, symbol, "market", "buy", amount, None, {"reduceOnly": True})
high = ex.price_to_precision(symbol, book["asks"][0][0] * 1.1)
profit = ex.create_order(symbol, "market", "sell", amount, None, {"takeProfitPrice": high, "reduceOnly": True})
stop = ex.create_order(symbol, "market", "sell", amount, None, {"stopLossPrice": low, "reduceOnly": True})
trail = ex.create_order(symbol, "market", "sell", amount, None, {"trailingPercent": 5, "reduceOnly": True})
waiting = ex.fetch_open_orders(symbol, params={"trigger": True})
assert {one["id"] for one in waiting} == {profit["id"], stop["id"], trail["id"]}, waiting
assert ex.fetch_order(stop["id"], symbol, {"trigger": True})["triggerPrice"] == float(low)
refused(ccxt.ExchangeError, -2021, ex.create_order, symbol, "market", "sell", amount, None, {"stopLossPrice": high})
ex.cancel_order(trail["id"], symbol, {"trigger": True})
ex.cancel_all_orders(symbol, {"trigger": True})
assert not ex.fetch_open_orders(symbol, params={"trigger": True})
sold = ex.create_order(symbol, "market", "sell", 5 * float(amount), None, {"reduceOnly": True})
assert sold["status"] == "closed" and sold["filled"] == float(amount), sold
assert position(symbol) is None

after = ex.fetch_balance()[quote]
income = ex.fapiPrivateGetIncome({"limit": 100})
earned = sum(float(one["income"]) for one in income if one["incomeType"] in ("REALIZED_PNL", "COMMISSION", "FUNDING_FEE"))
assert abs(after["total"] - before["total"] - earned) < 1e-6, (after, before, earned)
maker = ex.create_order(symbol, "limit", "buy", amount, low, {"postOnly": True, "clientOrderId": "mine-1"})
assert ex.fetch_order(None, symbol, {"origClientOrderId": "mine-1"})["id"] == maker["id"]
refused(ccxt.InvalidOrder, -5022, ex.create_order, symbol, "limit", "buy", amount, high, {"postOnly": True})
refused(ccxt.ExchangeError, -2019, ex.create_order, symbol, "limit", "buy", 100 * before["total"] / float(low), low)
two = ex.create_orders([
    {"symbol": symbol, "type": "limit", "side": "buy", "amount": float(amount), "price": float(low)} for _ in range(2)
])
assert [one["status"] for one in two] == ["open", "open"], two
ex.cancel_orders([one["id"] for one in two], symbol)
ex.cancel_all_orders(symbol)
assert not ex.fetch_open_orders(symbol) and len(ex.fetch_orders(symbol)) >= 5
for name in ("apiKey", "secret"):
    stranger = client(ccxt.binanceusdm, default="swap", market="linear")
    setattr(stranger, name, "another")
    refused(ccxt.AuthenticationError, "", stranger.fetch_balance)
print("done", symbol)
