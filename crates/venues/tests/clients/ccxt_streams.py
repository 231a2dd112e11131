"""ccxt.pro watches the local exchange: arguments are its address, the key and the secret."""
import asyncio

import ccxt.pro

from pointed import client


async def main():
    ex = client(ccxt.pro.binance)
    try:
        symbol = next(iter(await ex.load_markets()))
        seen = 0
        for _ in range(5):
            book = await ex.watch_order_book(symbol)
            assert book["bids"][0][0] < book["asks"][0][0], "a crossed book"
        while seen < 5:
            seen += len(await ex.watch_trades(symbol))
        assert await ex.watch_ticker(symbol) and await ex.watch_ohlcv(symbol, "1m")
        low = ex.price_to_precision(symbol, book["bids"][0][0] * 0.9)
        market = ex.market(symbol)
        amount = ex.amount_to_precision(symbol, max(20 / float(low), 3 * (market["limits"]["amount"]["min"] or 0)))
        watched = asyncio.ensure_future(ex.watch_orders(symbol))
        balance = asyncio.ensure_future(ex.watch_balance())
        await asyncio.sleep(1)
        order = await ex.create_order(symbol, "limit", "buy", amount, low)
        told = await asyncio.wait_for(watched, 10)
        assert told[-1]["id"] == order["id"] and told[-1]["status"] == "open", told
        assert (await asyncio.wait_for(balance, 10))[market["quote"]]["used"] > 0
        await ex.cancel_order(order["id"], symbol)
        told = await asyncio.wait_for(ex.watch_orders(symbol), 10)
        assert told[-1]["status"] == "canceled", told
        print("done", symbol, "trades", seen)
    finally:
        await ex.close()


asyncio.run(main())
