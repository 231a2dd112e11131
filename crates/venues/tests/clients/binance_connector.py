"""binance-connector trades on the local exchange: arguments are its address, the key and the secret."""
import json
import sys
import threading

from binance.error import ClientError
from binance.spot import Spot
from binance.websocket.spot.websocket_stream import SpotWebsocketStreamClient

HTTP, KEY, SECRET = sys.argv[1:4]
client = Spot(KEY, SECRET, base_url=HTTP)
symbol = client.exchange_info()["symbols"][0]["symbol"]
filters = {one["filterType"]: one for one in client.exchange_info(symbol=symbol)["symbols"][0]["filters"]}
places = lambda text: len(text.rstrip("0").split(".")[1])
step, tick = filters["LOT_SIZE"]["stepSize"], filters["PRICE_FILTER"]["tickSize"]
bid = float(client.depth(symbol, limit=5)["bids"][0][0])
low = f"{bid * 0.9:.{places(tick)}f}"
amount = f"{20 / float(low) + 3 * float(step):.{places(step)}f}"
assert client.ping() == {} and client.time()["serverTime"] > 0 and client.klines(symbol, "1m") and client.avg_price(symbol)
order = client.new_order(symbol=symbol, side="BUY", type="LIMIT", timeInForce="GTC", quantity=amount, price=low)
assert client.get_order(symbol, orderId=order["orderId"])["status"] == "NEW"
moved = client.cancel_and_replace(
    symbol=symbol, side="BUY", type="LIMIT", cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=order["orderId"],
    timeInForce="GTC", quantity=amount, price=f"{bid * 0.8:.{places(tick)}f}",
)
assert moved["cancelResult"] == moved["newOrderResult"] == "SUCCESS", moved
assert len(client.cancel_open_orders(symbol)) == 1
assert client.new_order(symbol=symbol, side="BUY", type="MARKET", quoteOrderQty="50")["status"] == "FILLED"
assert client.my_trades(symbol) and client.account()["balances"]
chain = client.new_otoco_order(
    symbol=symbol, workingType="LIMIT", workingSide="BUY", workingPrice=low, workingQuantity=amount, workingTimeInForce="GTC",
    pendingSide="SELL", pendingQuantity=amount, pendingAboveType="LIMIT_MAKER", pendingAbovePrice=f"{bid * 1.2:.{places(tick)}f}",
    pendingBelowType="STOP_LOSS", pendingBelowStopPrice=f"{bid * 0.7:.{places(tick)}f}",
)
assert [one["status"] for one in chain["orderReports"]] == ["NEW", "PENDING_NEW", "PENDING_NEW"], chain
assert client.cancel_oco_order(symbol, orderListId=chain["orderListId"])["listOrderStatus"] == "ALL_DONE"
pair = client.new_oto_order(
    symbol=symbol, workingType="LIMIT", workingSide="BUY", workingPrice=f"{bid * 1.05:.{places(tick)}f}", workingQuantity=amount,
    workingTimeInForce="IOC", pendingType="STOP_LOSS", pendingSide="SELL", pendingQuantity=amount,
    pendingStopPrice=f"{bid * 0.7:.{places(tick)}f}",
)
brought = client.get_order(symbol, orderId=pair["orders"][1]["orderId"])
assert brought["status"] == "NEW" and brought["type"] == "STOP_LOSS", brought
client.cancel_order(symbol, orderId=brought["orderId"])
assert all(one["f"] <= one["l"] for one in client.agg_trades(symbol))
heard, told = threading.Event(), []
listen = client.new_listen_key()["listenKey"]


def on_message(_, text):
    message = json.loads(text)
    told.append(message)
    if message.get("e") == "executionReport":
        heard.set()


stream = SpotWebsocketStreamClient(stream_url=HTTP.replace("http", "ws"), on_message=on_message)
stream.user_data(listen_key=listen)
for _ in range(40):
    if any("result" in one for one in told):
        break
    heard.wait(0.1)
client.new_order(symbol=symbol, side="BUY", type="MARKET", quoteOrderQty="20")
assert heard.wait(10), told
stream.stop()
try:
    client.new_order(symbol=symbol, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.00000001", price=low)
    raise AssertionError("less than a lot went through")
except ClientError as error:
    assert error.error_code == -1013 or error.error_code == -1111, error
print("done", symbol)
