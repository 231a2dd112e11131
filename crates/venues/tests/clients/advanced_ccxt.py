"""ccxt's coinbase trades on the local exchange over TLS: arguments are its address (host and port), the file of the key, and
the certificate."""
import json
import sys

import ccxt

AT, KEY_FILE, CERTIFICATE = sys.argv[1:4]
with open(KEY_FILE) as file:
    key = json.load(file)
ex = ccxt.coinbase({"apiKey": key["name"], "secret": key["privateKey"]})
# It hands what stands here to requests, which takes a path too.
ex.validateServerSsl = CERTIFICATE
ex.urls["api"]["rest"] = f"https://{AT}"
# What ccxt would ask the older API below /v2 for.
ex.has["fetchCurrencies"] = False
ex.options["fetchTime"] = "v3PublicGetBrokerageTime"
ex.options["fetchBalance"] = "v3PrivateGetBrokerageAccounts"


def refused(kind, call, *args, **params):
    try:
        call(*args, **params)
    except kind as error:
        return error
    raise AssertionError(f"{call.__name__}{args} went through; expected {kind.__name__}")


symbol = next(iter(ex.load_markets()))
market = ex.market(symbol)
base, quote = market["base"], market["quote"]
assert market["precision"]["price"] > 0 and market["taker"] > 0, market
assert ex.fetch_time() > 0
book = ex.fetch_order_book(symbol, 20)
assert book["bids"][0][0] < book["asks"][0][0], book
trades = ex.fetch_trades(symbol, limit=3)
assert trades and ex.fetch_ticker(symbol)["last"] > 0
assert ex.fetch_ohlcv(symbol, "1m", since=trades[0]["timestamp"] - 300_000, limit=10)
before = ex.fetch_balance()
low = ex.price_to_precision(symbol, book["bids"][0][0] * 0.9)
amount = ex.amount_to_precision(symbol, 50 / float(low))
resting = ex.create_order(symbol, "limit", "buy", amount, low)
assert [one["id"] for one in ex.fetch_open_orders(symbol)] == [resting["id"]]
assert ex.fetch_balance()[quote]["used"] >= float(low) * float(amount)
ex.cancel_order(resting["id"], symbol)
assert ex.fetch_order(resting["id"], symbol)["status"] == "canceled" and not ex.fetch_open_orders(symbol)
assert ex.fetch_balance()[quote] == before[quote]
bought = ex.fetch_order(ex.create_order(symbol, "market", "buy", 40, None, {"createMarketBuyOrderRequiresPrice": False})["id"], symbol)
assert bought["status"] == "closed" and bought["fee"]["currency"] == quote, bought
after = ex.fetch_balance()
assert abs(after[base]["total"] - before[base]["total"] - bought["filled"]) < 1e-9
assert abs(before[quote]["total"] - after[quote]["total"] - bought["cost"] - float(bought["fee"]["cost"])) < 1e-6
assert ex.fetch_my_trades(symbol)[0]["takerOrMaker"] == "taker"
sold = ex.create_order(symbol, "market", "sell", ex.amount_to_precision(symbol, bought["filled"]))
assert ex.fetch_order(sold["id"], symbol)["status"] == "closed"
stop = ex.create_order(symbol, "limit", "sell", amount, low, {"stopLossPrice": low})
assert ex.fetch_order(stop["id"], symbol)["triggerPrice"] == float(low)
ex.cancel_orders([stop["id"]], symbol)
refused(ccxt.InsufficientFunds, ex.create_order, symbol, "limit", "buy", 100 * before[quote]["total"] / float(low), low)
refused(ccxt.ExchangeError, ex.fetch_order, "nonsense", symbol)
assert len(ex.fetch_orders(symbol)) >= 4 and len(ex.fetch_closed_orders(symbol)) >= 2
ex.apiKey = "organizations/another"
refused(ccxt.AuthenticationError, ex.fetch_balance)
print("done", symbol)
