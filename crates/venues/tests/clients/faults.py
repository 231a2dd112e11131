"""A careful client of a faulty exchange: arguments are its address, a key, a secret. It keeps a book by Binance's rule, heals
every gap, and never shows another book than the exchange's."""
import asyncio
import json
import sys

import aiohttp

HTTP = sys.argv[1]
SECONDS = 12
seen = {"frames": 0, "books": 0, "gaps": 0, "repeated": 0, "cuts": 0, "errors": 0, "compared": 0, "different": 0}


class Gap(Exception):
    pass


async def snapshot(session, symbol, limit):
    while True:
        async with session.get(f"{HTTP}/api/v3/depth?symbol={symbol}&limit={limit}") as answer:
            if answer.status == 200:
                return await answer.json()
            seen["errors"] += 1


async def event(socket):
    message = await socket.receive(timeout=10)
    if message.type != aiohttp.WSMsgType.TEXT:
        raise ConnectionError
    seen["frames"] += 1
    return json.loads(message.data)


def apply(book, last, change):
    if change["u"] <= last:
        seen["repeated"] += 1
        return last
    if change["U"] > last + 1:
        seen["gaps"] += 1
        raise Gap
    for side, levels in (("bids", change["b"]), ("asks", change["a"])):
        for price, quantity in levels:
            if float(quantity) == 0:
                book[side].pop(price, None)
            else:
                book[side][price] = quantity
    return change["u"]


async def follow(session, socket, symbol, until):
    waiting = [await event(socket)]
    shot = await snapshot(session, symbol, 5000)
    if shot["lastUpdateId"] < waiting[0]["U"]:
        return
    seen["books"] += 1
    book, last = {side: dict(shot[side]) for side in ("bids", "asks")}, shot["lastUpdateId"]
    while asyncio.get_event_loop().time() < until:
        for change in waiting:
            last = apply(book, last, change)
        shot = await snapshot(session, symbol, 20)
        if shot["lastUpdateId"] == last:
            seen["compared"] += 1
            best = sorted(book["bids"], key=float, reverse=True)[:20]
            seen["different"] += [[price, book["bids"][price]] for price in best] != shot["bids"]
        waiting = [await event(socket)]


async def main():
    until = asyncio.get_event_loop().time() + SECONDS
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(HTTP + "/api/v3/exchangeInfo") as answer:
                if answer.status == 200:
                    symbol = (await answer.json())["symbols"][0]["symbol"]
                    break
        stream = f"{HTTP.replace('http', 'ws')}/ws/{symbol.lower()}@depth@100ms"
        while asyncio.get_event_loop().time() < until:
            try:
                async with session.ws_connect(stream) as socket:
                    while asyncio.get_event_loop().time() < until:
                        try:
                            await follow(session, socket, symbol, until)
                        except Gap:
                            pass
            except ConnectionError:
                seen["cuts"] += 1
    for fault in ("gaps", "repeated", "cuts", "errors", "compared"):
        assert seen[fault] > 0, (fault, seen)
    assert seen["different"] == 0, seen
    print("done", seen)


asyncio.run(main())
