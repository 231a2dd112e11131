"""python-binance trades on the local exchange: arguments are its address, the key and the secret."""
import asyncio
import sys

from binance import AsyncClient, BinanceSocketManager
from binance.client import Client
from binance.exceptions import BinanceAPIException

HTTP, KEY, SECRET = sys.argv[1:4]
WS = HTTP.replace("http", "ws")
Client.API_URL = AsyncClient.API_URL = HTTP + "/api"
client = Client(KEY, SECRET)
symbol = client.get_exchange_info()["symbols"][0]["symbol"]
info = client.get_symbol_info(symbol)
step = next(one for one in info["filters"] if one["filterType"] == "LOT_SIZE")["stepSize"]
tick = next(one for one in info["filters"] if one["filterType"] == "PRICE_FILTER")["tickSize"]
places = lambda text: len(text.rstrip("0").split(".")[1])
book = client.get_order_book(symbol=symbol)
low = f"{float(book['bids'][0][0]) * 0.9:.{places(tick)}f}"
amount = f"{20 / float(low) + 3 * float(step):.{places(step)}f}"
assert client.get_klines(symbol=symbol, interval="1m") and client.get_recent_trades(symbol=symbol)
order = client.create_order(symbol=symbol, side="BUY", type="LIMIT", timeInForce="GTC", quantity=amount, price=low)
assert order["status"] == "NEW" and client.get_open_orders(symbol=symbol)[0]["orderId"] == order["orderId"]
assert client.cancel_order(symbol=symbol, orderId=order["orderId"])["status"] == "CANCELED"
market = client.order_market_buy(symbol=symbol, quantity=amount)
assert market["status"] == "FILLED" and float(market["fills"][0]["price"]) > 0, market
assert client.order_market_sell(symbol=symbol, quantity=amount)["status"] == "FILLED"
assert client.create_test_order(symbol=symbol, side="BUY", type="LIMIT", timeInForce="GTC", quantity=amount, price=low) == {}
last = float(client.get_symbol_ticker(symbol=symbol)["price"])
price = lambda factor: f"{last * factor:.{places(tick)}f}"
pair = client.create_oco_order(
    symbol=symbol, side="SELL", quantity=amount, aboveType="LIMIT_MAKER", abovePrice=price(1.1),
    belowType="STOP_LOSS_LIMIT", belowStopPrice=price(0.9), belowPrice=price(0.89), belowTimeInForce="GTC",
)
assert len(client.get_open_orders(symbol=symbol)) == 2, pair
client.cancel_order(symbol=symbol, orderId=pair["orders"][0]["orderId"])
assert not client.get_open_orders(symbol=symbol)
assert client.get_my_trades(symbol=symbol) and client.get_account()["balances"]
try:
    client.create_order(symbol=symbol, side="BUY", type="LIMIT", timeInForce="GTC", quantity="1000", price=low[:-1] + "15")
    raise AssertionError("a price off the tick went through")
except BinanceAPIException as error:
    assert error.code == -1013, error


async def streams():
    BinanceSocketManager.STREAM_URL = WS + "/"
    peer = await AsyncClient.create(KEY, SECRET)
    try:
        async with BinanceSocketManager(peer).trade_socket(symbol) as socket:
            assert (await asyncio.wait_for(socket.recv(), 20))["e"] == "trade"
    finally:
        await peer.close_connection()


asyncio.run(streams())
print("done", symbol)
