"""ccxt.pro watches perpetuals on the local exchange: arguments are its address, the key and the secret."""
import asyncio

import ccxt.pro

from pointed import client


async def main():
    ex = client(ccxt.pro.binanceusdm, default="swap", market="linear")
    within = lambda wanted: asyncio.wait_for(wanted, 20)
    try:
        symbol = next(iter(await ex.load_markets()))
        seen = 0
        for _ in range(5):
            book = await within(ex.watch_order_book(symbol))
            assert book["bids"][0][0] < book["asks"][0][0], "a crossed book"
        while seen < 5:
            seen += len(await within(ex.watch_trades(symbol)))
        assert await within(ex.watch_ticker(symbol)) and await within(ex.watch_ohlcv(symbol, "1m"))
        assert (await within(ex.watch_bids_asks([symbol])))[symbol]["bid"] > 0
        assert (await within(ex.watch_mark_price(symbol)))["markPrice"] > 0
        low = ex.price_to_precision(symbol, book["bids"][0][0] * 0.9)
        market = ex.market(symbol)
        amount = ex.amount_to_precision(symbol, max(100 / float(low), 3 * (market["limits"]["amount"]["min"] or 0)))
        watched = asyncio.ensure_future(ex.watch_orders(symbol))
        await asyncio.sleep(1)
        order = await ex.create_order(symbol, "limit", "buy", amount, low)
        told = await within(watched)
        assert told[-1]["id"] == order["id"] and told[-1]["status"] == "open", told
        watched = asyncio.ensure_future(ex.watch_orders(symbol))
        await asyncio.sleep(0.2)
        await ex.cancel_order(order["id"], symbol)
        told = await within(watched)
        assert told[-1]["status"] == "canceled", told

        async def held():
            while not (told := await within(ex.watch_positions([symbol]))):
                pass
            return told[-1]

        positions = asyncio.ensure_future(held())
        balance = asyncio.ensure_future(ex.watch_balance())
        own = asyncio.ensure_future(ex.watch_my_trades(symbol))
        await asyncio.sleep(1)
        await ex.create_order(symbol, "market", "buy", amount)
        long = await within(positions)
        assert long["side"] == "long" and long["contracts"] == float(amount), long
        assert (await within(balance))[market["settle"]]["total"] > 0
        assert sum(one["amount"] for one in await within(own)) == float(amount)
        positions = asyncio.ensure_future(held())
        await asyncio.sleep(0.2)
        await ex.create_order(symbol, "market", "sell", amount, None, {"reduceOnly": True})
        flat = await within(positions)
        assert not flat["contracts"], flat
        print("done", symbol, "trades", seen)
    finally:
        await ex.close()


asyncio.run(main())
