"""ccxt's classes of Binance, pointed at the local exchange: the script's first argument is its address."""
import re
import sys

HTTP, KEY, SECRET = sys.argv[1:4]
WS = HTTP.replace("http", "ws")


def rewritten(urls):
    if isinstance(urls, dict):
        return {name: rewritten(url) for name, url in urls.items()}
    return re.sub(r"^ws+://[^/]+", WS, re.sub(r"^https?://[^/]+", HTTP, urls))


def client(kind, key=KEY, default="spot", market="spot"):
    options = {"defaultType": default, "fetchMarkets": {"types": [market]}, "fetchCurrencies": False, "fetchMargins": False}
    ex = kind({"apiKey": key, "secret": SECRET, "options": options})
    ex.has["fetchCurrencies"] = False
    ex.urls["api"] = rewritten(ex.urls["api"])
    return ex
