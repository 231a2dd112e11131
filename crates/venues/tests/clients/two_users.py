"""Two users of ccxt meet on the local exchange: arguments are its address, the key of one and the secret of both."""

import ccxt

from pointed import client


one, other = client(ccxt.binance), client(ccxt.binance, "second")
symbol = next(iter(one.load_markets()))
other.load_markets()
base, quote = symbol.split("/")
rich = {ex: ex.fetch_balance() for ex in (one, other)}

# Nobody else is between 99.90 and 100.10.
bid = one.create_order(symbol, "limit", "buy", 1.5, 100.0)
assert other.fetch_order_book(symbol)["bids"][0][:2] == [100.0, 1.5], "the other user sees it as the best bid"
assert other.fetch_bids_asks([symbol])[symbol]["bid"] == 100.0
sold = other.create_order(symbol, "limit", "sell", 0.5, 99.95)
assert sold["status"] == "closed" and sold["average"] == 100.0, sold
assert one.fetch_order(bid["id"], symbol)["filled"] == 0.5
assert one.fetch_order_book(symbol)["bids"][0][:2] == [100.0, 1.0]
assert other.create_order(symbol, "market", "sell", 1.0)["average"] == 100.0
assert one.fetch_order(bid["id"], symbol)["status"] == "closed"
assert one.fetch_order_book(symbol)["bids"][0][0] < 100.0
mine, yours = one.fetch_my_trades(symbol), other.fetch_my_trades(symbol)
assert [t["takerOrMaker"] for t in mine] == ["maker"] * 2 and [t["takerOrMaker"] for t in yours] == ["taker"] * 2
assert sum(t["amount"] for t in mine) == sum(t["amount"] for t in yours) == 1.5
assert any(t["price"] == 100.0 and t["side"] == "sell" for t in one.fetch_trades(symbol, limit=50))
for asset in (base, quote):
    have = sum(ex.fetch_balance()[asset]["total"] for ex in (one, other))
    had = sum(rich[ex][asset]["total"] for ex in (one, other))
    fees = sum(t["fee"]["cost"] for t in mine + yours if t["fee"]["currency"] == asset)
    assert abs(had - have - fees) < 1e-8, (asset, had, have, fees)

# Nobody trades with himself: the order that rested ends.
ask = one.create_order(symbol, "limit", "sell", 1.0, 100.05)
own = one.create_order(symbol, "limit", "buy", 1.0, 100.05)
assert one.fetch_order(ask["id"], symbol)["info"]["status"] == "EXPIRED_IN_MATCH"
assert one.fetch_order(own["id"], symbol)["status"] == "open"
one.cancel_all_orders(symbol)

# A part of an iceberg shows; a stop at the market and one that follows wait.
part = one.create_order(symbol, "limit", "sell", 1.0, 100.05, {"icebergQty": 0.2})
assert other.fetch_order_book(symbol)["asks"][0][:2] == [100.05, 0.2]
assert other.create_order(symbol, "limit", "buy", 1.0, 100.05)["filled"] == 1.0
assert one.fetch_order(part["id"], symbol)["status"] == "closed"
stop = one.create_order(symbol, "market", "sell", 0.5, None, {"stopLossPrice": 90})
trail = one.create_order(symbol, "market", "sell", 0.5, None, {"trailingPercent": 1, "stopLossOrTakeProfit": "stopLoss"})
kinds = {order["info"]["type"] for order in one.fetch_open_orders(symbol)}
assert kinds == {"STOP_LOSS"}, kinds
assert one.fetch_order(trail["id"], symbol)["info"]["trailingDelta"] == 100, trail
assert len(one.cancel_all_orders(symbol)) == 2
print("done", symbol)
