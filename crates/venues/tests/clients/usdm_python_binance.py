"""python-binance trades perpetuals on the local exchange: arguments are its address, the key and the secret."""
import asyncio
import sys

from binance import AsyncClient, BinanceSocketManager
from binance.client import Client
from binance.exceptions import BinanceAPIException

HTTP, KEY, SECRET = sys.argv[1:4]
WS = HTTP.replace("http", "ws")
Client.FUTURES_URL = AsyncClient.FUTURES_URL = HTTP + "/fapi"
client = Client(KEY, SECRET, ping=False)
info = client.futures_exchange_info()["symbols"][0]
symbol, places = info["symbol"], info["pricePrecision"]
book = client.futures_order_book(symbol=symbol, limit=5)
low = f"{float(book['bids'][0][0]) * 0.9:.{places}f}"
high = f"{float(book['asks'][0][0]) * 1.1:.{places}f}"
amount = f"{100 / float(low) + 2 * 10 ** -info['quantityPrecision']:.{info['quantityPrecision']}f}"
assert client.futures_ping() == {} and client.futures_time()["serverTime"] > 0
assert client.futures_klines(symbol=symbol, interval="1m") and client.futures_recent_trades(symbol=symbol)
assert float(client.futures_mark_price(symbol=symbol)["markPrice"]) > 0
client.futures_funding_rate(symbol=symbol)
assert client.futures_change_leverage(symbol=symbol, leverage=20)["leverage"] == 20
assert client.futures_get_position_mode() == {"dualSidePosition": False}
order = client.futures_create_order(symbol=symbol, side="BUY", type="LIMIT", timeInForce="GTC", quantity=amount, price=low)
assert order["status"] == "NEW" and client.futures_get_open_orders(symbol=symbol)[0]["orderId"] == order["orderId"]
assert client.futures_cancel_order(symbol=symbol, orderId=order["orderId"])["status"] == "CANCELED"
market = client.futures_create_order(symbol=symbol, side="SELL", type="MARKET", quantity=amount, newOrderRespType="RESULT")
assert market["status"] == "FILLED" and float(market["avgPrice"]) > 0, market
held = next(one for one in client.futures_position_information(symbol=symbol) if float(one["positionAmt"]))
assert float(held["positionAmt"]) == -float(amount) and float(held["liquidationPrice"]) > float(held["markPrice"]), held
stop = client.futures_create_order(symbol=symbol, side="BUY", type="STOP_MARKET", stopPrice=high, closePosition="true")
waiting = client.futures_get_open_orders(symbol=symbol, conditional=True)
assert [one["algoId"] for one in waiting] == [stop["algoId"]], waiting
client.futures_cancel_order(symbol=symbol, algoId=stop["algoId"])
assert client.futures_create_order(
    symbol=symbol, side="BUY", type="MARKET", quantity=amount, reduceOnly="true", newOrderRespType="RESULT"
)["status"] == "FILLED"
try:
    client.futures_create_order(symbol=symbol, side="BUY", type="LIMIT", timeInForce="GTC", quantity="1000", price=low + "00015")
    raise AssertionError("a price off the tick went through")
except BinanceAPIException as error:
    assert error.code == -4014, error
assert client.futures_account_trades(symbol=symbol) and client.futures_account()["assets"]
assert client.futures_income_history() and client.futures_account_balance()[0]["asset"] == info["marginAsset"]
assert client.futures_leverage_bracket(symbol=symbol)[0]["brackets"] and client.futures_get_all_orders(symbol=symbol)


async def streams():
    BinanceSocketManager.FSTREAM_URL = WS + "/"
    peer = AsyncClient(KEY, SECRET)
    try:
        manager = BinanceSocketManager(peer)
        async with manager.aggtrade_futures_socket(symbol) as socket:
            told = await asyncio.wait_for(socket.recv(), 20)
            assert told.get("data", told)["e"] == "aggTrade", told
    finally:
        await peer.close_connection()


asyncio.run(streams())
print("done", symbol)
