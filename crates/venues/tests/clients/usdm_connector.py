"""binance-futures-connector trades perpetuals on the local exchange: arguments are its address, the key and the secret."""
import json
import sys
import threading

from binance.error import ClientError
from binance.um_futures import UMFutures
from binance.websocket.um_futures.websocket_client import UMFuturesWebsocketClient

HTTP, KEY, SECRET = sys.argv[1:4]
client = UMFutures(KEY, SECRET, base_url=HTTP)
info = client.exchange_info()["symbols"][0]
symbol, places = info["symbol"], info["pricePrecision"]
bid = float(client.depth(symbol, limit=5)["bids"][0][0])
low = f"{bid * 0.9:.{places}f}"
amount = f"{100 / float(low) + 2 * 10 ** -info['quantityPrecision']:.{info['quantityPrecision']}f}"
now = client.time()["serverTime"]
assert client.ping() == {} and client.klines(symbol, "1m") and client.trades(symbol) and client.agg_trades(symbol)
assert float(client.mark_price(symbol)["markPrice"]) > 0 and client.ticker_24hr_price_change(symbol)["symbol"] == symbol
assert client.book_ticker(symbol)["symbol"] == symbol and client.open_interest(symbol) and client.funding_rate(symbol) is not None
assert client.change_leverage(symbol=symbol, leverage=20)["leverage"] == 20
assert client.get_position_mode() == {"dualSidePosition": False}
assert client.get_multi_asset_mode() == {"multiAssetsMargin": False}
assert client.change_margin_type(symbol=symbol, marginType="ISOLATED")["code"] == 200
order = client.new_order(
    symbol=symbol, side="BUY", type="LIMIT", timeInForce="GTD", goodTillDate=now + 700_000, quantity=amount, price=low
)
assert order["timeInForce"] == "GTD" and order["goodTillDate"] > now, order
assert client.query_order(symbol, orderId=order["orderId"])["status"] == "NEW" and len(client.get_orders(symbol=symbol)) == 1
assert client.cancel_order(symbol, orderId=order["orderId"])["status"] == "CANCELED"
batch = client.new_batch_order([
    {"symbol": symbol, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": amount, "price": low} for _ in range(2)
])
assert all(one["status"] == "NEW" for one in batch), batch
assert client.cancel_open_orders(symbol)["code"] == 200
bought = client.new_order(symbol=symbol, side="BUY", type="MARKET", quantity=amount, newOrderRespType="RESULT")
assert bought["status"] == "FILLED" and float(bought["avgPrice"]) > 0, bought
held = client.get_position_risk(symbol=symbol)[0]
assert held["marginType"] == "isolated" and 0 < float(held["liquidationPrice"]) < float(held["markPrice"]), held
assert client.modify_isolated_position_margin(symbol=symbol, amount=5, type=1)["code"] == 200
more = client.get_position_risk(symbol=symbol)[0]
assert abs(float(more["isolatedWallet"]) - float(held["isolatedWallet"]) - 5) < 1e-9, more
assert client.account()["assets"] and client.balance() and client.get_account_trades(symbol) and client.get_income_history()
assert client.leverage_brackets(symbol=symbol) and client.commission_rate(symbol)["takerCommissionRate"]
assert client.get_all_orders(symbol) and client.force_orders() == []
heard, told = threading.Event(), []
listen = client.new_listen_key()["listenKey"]


def on_message(_, text):
    told.append(json.loads(text))
    if told[-1].get("e") == "ORDER_TRADE_UPDATE":
        heard.set()


stream = UMFuturesWebsocketClient(stream_url=HTTP.replace("http", "ws"), on_message=on_message)
stream.agg_trade(symbol=symbol.lower())
stream.user_data(listen_key=listen)
for _ in range(60):
    if sum("result" in one for one in told) > 1:
        break
    heard.wait(0.1)
sold = client.new_order(
    symbol=symbol, side="SELL", type="MARKET", quantity=amount, reduceOnly="true", newOrderRespType="RESULT"
)
assert sold["status"] == "FILLED", sold
assert heard.wait(10) and any(one.get("e") == "aggTrade" for one in told), told
stream.stop()
assert client.get_position_risk(symbol=symbol) == [], "its third version tells of positions only"
assert client.change_margin_type(symbol=symbol, marginType="CROSSED")["code"] == 200
try:
    client.new_order(symbol=symbol, side="BUY", type="LIMIT", timeInForce="GTC", quantity="1000", price=low + "00015")
    raise AssertionError("a price off the tick went through")
except ClientError as error:
    assert error.error_code == -4014, error
print("done", symbol)
