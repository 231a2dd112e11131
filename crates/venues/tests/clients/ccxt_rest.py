"""ccxt trades on the local exchange: arguments are its address, the key and the secret."""

import ccxt

from pointed import client


def refused(kind, call, *args, **params):
    try:
        call(*args, **params)
    except kind as error:
        return error
    raise AssertionError(f"{call.__name__}{args} went through; expected {kind.__name__}")


ex = client(ccxt.binance)
symbol = next(iter(ex.load_markets()))
market = ex.market(symbol)
base, quote = market["base"], market["quote"]
assert market["precision"]["price"] > 0 and market["limits"]["cost"]["min"] > 0, market
assert ex.fetch_time() > 0 and ex.fetch_ohlcv(symbol, "1s", limit=5) and ex.fetch_ohlcv(symbol, "1m")
book = ex.fetch_order_book(symbol, 20)
assert book["bids"][0][0] < book["asks"][0][0], book
assert ex.fetch_trades(symbol, limit=3) and ex.fetch_ticker(symbol)["last"] > 0 and ex.fetch_bids_asks([symbol])
before = ex.fetch_balance()
low = ex.price_to_precision(symbol, book["bids"][0][0] * 0.9)
amount = ex.amount_to_precision(symbol, max(20 / float(low), 3 * (market["limits"]["amount"]["min"] or 0)))

resting = ex.create_order(symbol, "limit", "buy", amount, low)
assert resting["status"] == "open", resting
assert [one["id"] for one in ex.fetch_open_orders(symbol)] == [resting["id"]]
locked = ex.fetch_balance()[quote]["used"]
assert abs(locked - float(low) * float(amount)) < 1e-6, locked
assert ex.cancel_order(resting["id"], symbol)["status"] == "canceled"
assert ex.fetch_order(resting["id"], symbol)["status"] == "canceled" and not ex.fetch_open_orders(symbol)
assert ex.fetch_balance()[quote] == before[quote]
refused(ccxt.OrderNotFound, ex.cancel_order, resting["id"], symbol)

bought = ex.create_order(symbol, "market", "buy", amount)
assert bought["status"] == "closed" and bought["filled"] == float(amount), bought
trades = ex.fetch_my_trades(symbol)
assert sum(one["amount"] for one in trades) == float(amount) and trades[0]["fee"]["currency"] == base
after = ex.fetch_balance()
assert abs(before[quote]["total"] - after[quote]["total"] - bought["cost"]) < 1e-6
fee = sum(one["fee"]["cost"] for one in trades)
assert abs(after[base]["total"] - before[base]["total"] - float(amount) + fee) < 1e-9
assert ex.create_order(symbol, "market", "sell", amount)["status"] == "closed"

maker = ex.create_order(symbol, "limit", "buy", amount, low, {"postOnly": True, "clientOrderId": "mine-1"})
assert ex.fetch_order(None, symbol, {"origClientOrderId": "mine-1"})["id"] == maker["id"]
refused(ccxt.InvalidOrder, ex.create_order, symbol, "limit", "buy", amount, ex.price_to_precision(symbol, book["asks"][0][0] * 1.01), {"postOnly": True})
stop = ex.create_order(symbol, "limit", "sell", amount, low, {"stopLossPrice": low})
assert ex.fetch_order(stop["id"], symbol)["type"] in ("stop_loss_limit", "stop_limit", "stop", "limit"), stop
assert len(ex.fetch_open_orders(symbol)) == 2
assert len(ex.cancel_all_orders(symbol)) == 2 and not ex.fetch_open_orders(symbol)
refused(ccxt.InsufficientFunds, ex.create_order, symbol, "limit", "buy", 100 * before[quote]["total"] / float(low), low)
assert len(ex.fetch_orders(symbol)) >= 5 and ex.fetch_closed_orders(symbol)
for name in ("apiKey", "secret"):
    stranger = client(ccxt.binance)
    setattr(stranger, name, "another")
    refused(ccxt.AuthenticationError, stranger.fetch_balance)
print("done", symbol)
