"""coinbase-advanced-py trades on the local exchange over TLS: arguments are its address (host and port), the file of the key,
and the certificate."""
import json
import os
import sys
import time
import uuid
from decimal import Decimal

AT, KEY_FILE, CERTIFICATE = sys.argv[1:4]
os.environ["REQUESTS_CA_BUNDLE"] = CERTIFICATE

import jwt
from coinbase import jwt_generator
from coinbase.rest import RESTClient
from coinbase.websocket import WSClient, WebsocketResponse
from requests.exceptions import HTTPError


def refused(status, call, *args, **params):
    try:
        call(*args, **params)
    except HTTPError as error:
        assert error.response.status_code == status, error
        return str(error)
    raise AssertionError(f"{call.__name__}{args} went through; expected {status}")


def name():
    return uuid.uuid4().hex


public = RESTClient(base_url=AT)
rest = RESTClient(key_file=KEY_FILE, base_url=AT)

# What anybody may ask.
assert abs(int(public.get_unix_time().epoch_millis) / 1000 - time.time()) < 5
product = public.get_public_products().products[0]
symbol, tick, lot = product.product_id, Decimal(product.price_increment), Decimal(product.base_increment)
assert public.get_public_product(symbol).base_currency_id == symbol.split("-")[0]
book = public.get_public_product_book(symbol, limit=5).pricebook
assert len(book.bids) <= 5 and Decimal(book.bids[0].price) < Decimal(book.asks[0].price)
trades = public.get_public_market_trades(symbol, limit=3)
assert len(trades.trades) == 3 and int(trades.trades[0].trade_id) > int(trades.trades[2].trade_id)
last = int(time.mktime(time.strptime(trades.trades[0].time[:19], "%Y-%m-%dT%H:%M:%S"))) - time.timezone
bars = public.get_public_candles(symbol, str(last - 600), str(last + 60), "ONE_MINUTE").candles
assert bars and Decimal(bars[0].low) <= Decimal(bars[0].high), bars
refused(404, public.get_public_product, "NO-SUCH")
refused(400, public.get_public_candles, symbol, "0", "99999999", "ONE_MINUTE")
assert "Unauthorized" in refused(401, public.get, "/api/v3/brokerage/accounts", public=True)

# What a user may.
assert rest.get_api_key_permissions().can_trade and rest.get_transaction_summary().fee_tier["taker_fee_rate"]
assert rest.get_products().num_products >= 1 and rest.get_best_bid_ask([symbol]).pricebooks[0].product_id == symbol


def balances():
    accounts = rest.get_accounts().accounts
    return {one.currency: (Decimal(one.available_balance["value"]), Decimal(one.hold["value"])) for one in accounts}


base, quote = symbol.split("-")
before = balances()
low = str((Decimal(book.bids[0].price) * Decimal("0.9")) // tick * tick)
size = str((Decimal(50) / Decimal(low)) // lot * lot + lot)
resting = rest.limit_order_gtc_buy(name(), symbol, size, low, post_only=True)
assert resting.success, resting.to_dict()
order = rest.get_order(resting.success_response["order_id"]).order
assert (order.status, order.order_configuration.limit_limit_gtc["limit_price"]) == ("OPEN", low), order.to_dict()
held = balances()[quote][1]
assert held >= Decimal(low) * Decimal(size) and held == Decimal(order.outstanding_hold_amount), held
assert [one.order_id for one in rest.list_orders(order_status=["OPEN"]).orders] == [order.order_id]
same = rest.create_order(order.client_order_id, symbol, "BUY", {"limit_limit_gtc": {"base_size": size, "limit_price": low}})
assert same.success_response["order_id"] == order.order_id, "a name that was used means the same order"
cancelled = rest.cancel_orders([order.order_id, "nonsense"]).results
assert [one.success for one in cancelled] == [True, False], cancelled
assert rest.get_order(order.order_id).order.status == "CANCELLED" and balances() == before
account = rest.get_accounts().accounts[0]
assert rest.get_account(account.uuid).account.currency == account.currency
refused(404, rest.get_account, "00000000-0000-0000-0000-000000000000")
refused(404, rest.get_order, "nonsense")

bought = rest.market_order_buy(name(), symbol, quote_size="40")
order = rest.get_order(bought.success_response["order_id"]).order
assert order.status == "FILLED" and Decimal(order.filled_size) > 0, order.to_dict()
assert Decimal(order.total_value_after_fees) <= 40, order.to_dict()
fills = rest.get_fills(order_ids=[order.order_id]).fills
assert sum(Decimal(one.size) for one in fills) == Decimal(order.filled_size)
assert sum(Decimal(one.commission) for one in fills) == Decimal(order.total_fees) and fills[0].liquidity_indicator == "TAKER"
after = balances()
assert after[base][0] - before[base][0] == Decimal(order.filled_size), "the whole size comes; fees are paid in the quote"
assert before[quote][0] - after[quote][0] == Decimal(order.total_value_after_fees) == Decimal(order.filled_value) + Decimal(order.total_fees)
sold = rest.market_order_sell(name(), symbol, base_size=order.filled_size)
assert rest.get_order(sold.success_response["order_id"]).order.status == "FILLED"
assert balances()[base] == before[base]

price = lambda factor: str(Decimal(public.get_public_product(symbol).price) * Decimal(factor) // tick * tick)
preview = rest.preview_limit_order_gtc(symbol, "BUY", size, low)
assert not preview.errs and Decimal(preview.order_total) > Decimal(low) * Decimal(size), preview.to_dict()
many = str(Decimal(size) * 100000)
assert rest.preview_limit_order_gtc(symbol, "BUY", many, low).errs == ["PREVIEW_INSUFFICIENT_FUND"]
stop = rest.stop_limit_order_gtc_sell(name(), symbol, size, price("0.85"), price("0.9"), "STOP_DIRECTION_STOP_DOWN")
assert rest.get_order(stop.success_response["order_id"]).order.trigger_status == "STOP_PENDING", stop.to_dict()
bracket = rest.trigger_bracket_order_gtc_sell(name(), symbol, size, price("1.1"), price("0.9"))
told = rest.get_order(bracket.success_response["order_id"]).order
assert (told.status, told.order_type) == ("OPEN", "BRACKET"), told.to_dict()
soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
good = rest.limit_order_gtd_buy(name(), symbol, size, low, soon)
assert good.success, good.to_dict()
assert rest.limit_order_ioc_buy(name(), symbol, size, price("1.01")).success
kill = rest.limit_order_fok_buy(name(), symbol, size, low)
assert rest.get_order(kill.success_response["order_id"]).order.status == "CANCELLED"
assert len(rest.list_orders(order_status=["OPEN"]).orders) == 3
for wrong, error in [
    ({"limit_limit_gtc": {"base_size": "100000000", "limit_price": low}}, None),
    ({"limit_limit_gtc": {"base_size": many, "limit_price": low}}, "INSUFFICIENT_FUND"),
    ({"limit_limit_gtc": {"base_size": size, "limit_price": low + ("0001" if "." in low else ".00001")}}, "INVALID_PRICE_PRECISION"),
]:
    answer = rest.create_order(name(), symbol, "BUY", wrong)
    assert not answer.success and (error is None or answer.error_response["error"] == error), answer.to_dict()
refused(400, rest.create_order, name(), symbol, "UP", {"market_market_ioc": {"base_size": size}})
refused(400, rest.create_order, name(), symbol, "BUY", {"wish": {"base_size": size}})
pages, cursor = [], None
while True:
    page = rest.list_orders(limit=2, cursor=cursor)
    pages.append([one.order_id for one in page.orders])
    if not page.has_next:
        break
    cursor = page.cursor
assert len(pages) > 2 and len(set(sum(pages, []))) == len(sum(pages, [])) == len(rest.list_orders().orders)

# Tokens that prove nothing.
with open(KEY_FILE) as file:
    key = json.load(file)
now = int(time.time())
claims = {"sub": key["name"], "iss": "cdp", "nbf": now, "exp": now + 600, "uri": f"GET {AT}/api/v3/brokerage/accounts"}
own = jwt_generator._load_private_key(key["privateKey"])
long = jwt.encode(claims, own, algorithm=jwt_generator._algorithm_for(own), headers={"kid": key["name"], "nonce": "n"})
for broken in [
    long,
    jwt.encode({**claims, "exp": now + 60}, None, algorithm="none", headers={"kid": key["name"]}),
    jwt_generator.build_rest_jwt(f"POST {AT}/api/v3/brokerage/accounts", key["name"], key["privateKey"]),
    jwt_generator.build_rest_jwt(f"GET {AT}/api/v3/brokerage/accounts", "somebody", key["privateKey"]),
    jwt_generator.build_rest_jwt(f"GET {AT}/api/v3/brokerage/accounts", key["name"], key["privateKey"])[:-4] + "AAAA",
    "nonsense",
]:
    answer = rest.session.get(f"https://{AT}/api/v3/brokerage/accounts", headers={"Authorization": f"Bearer {broken}"})
    assert answer.status_code == 401 and "Unauthorized" in answer.text, answer.text
time.sleep(2.2)
assert rest.get_order(good.success_response["order_id"]).order.status == "EXPIRED"

# Channels.
seen, numbers, problems = {}, [], []


def on_message(text):
    fields = json.loads(text)
    if fields.get("type") == "error":
        problems.append(fields["message"])
        return
    numbers.append(fields["sequence_num"])
    if fields["channel"] != "subscriptions":
        message = WebsocketResponse(dict(fields))
        seen.setdefault(message.channel, []).extend(message.events)
    else:
        seen["subscriptions"] = fields["events"][0]["subscriptions"]


def wait(until, what, seconds=20):
    end = time.time() + seconds
    while not until():
        stream.sleep_with_exception_check(0.05)
        assert time.time() < end, f"no {what}: {list(seen)} {problems}"


stream = WSClient(key_file=KEY_FILE, base_url=f"wss://{AT}", on_message=on_message, retry=False)
stream.open()
channels = ["heartbeats", "ticker", "ticker_batch", "market_trades", "level2", "candles", "status", "user"]
stream.subscribe([symbol], channels)
for channel in ["heartbeats", "ticker", "ticker_batch", "market_trades", "l2_data", "candles", "status", "user"]:
    wait(lambda: channel in seen, channel)
wait(lambda: len(seen["subscriptions"]) == len(channels), "subscriptions")
assert seen["l2_data"][0].type == "snapshot" and len(seen["l2_data"][0].updates) > 2
snapshot = seen["user"][0]
assert snapshot.type == "snapshot" and len(snapshot.orders) == 2, snapshot.to_dict()
seen["user"] = []
mine = name()
rest.market_order_buy(mine, symbol, base_size=size)
told = lambda: [one for event in seen["user"] for one in event.orders if one.client_order_id == mine]
wait(lambda: told() and told()[-1].status == "FILLED", "fill of a user's order")
assert told()[0].status == "OPEN" and Decimal(told()[-1].cumulative_quantity) == Decimal(size)
wait(lambda: any(event.type == "update" for event in seen["l2_data"]), "changes of the book")
wait(lambda: any(event.type == "update" for event in seen["market_trades"]), "trades")
soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
mine = name()
rest.limit_order_gtd_buy(mine, symbol, size, low, soon)
wait(lambda: told() and told()[-1].status == "EXPIRED", "end of an order whose time is over")
stream.unsubscribe([symbol], ["level2"])
wait(lambda: "level2" not in seen["subscriptions"], "end of a subscription")
assert numbers == list(range(len(numbers))), "one sequence over all channels"
assert not problems, problems
stream.subscribe(["NO-SUCH"], ["ticker"])
wait(lambda: problems and "NO-SUCH" in problems[-1], "refusal of a product")
stream.close()
stranger = WSClient(api_key="somebody", api_secret=key["privateKey"], base_url=f"wss://{AT}", on_message=on_message, retry=False)
stranger.open()
stranger.subscribe([symbol], ["user"])
end = time.time() + 20
while "authentication failure" not in problems[-1] and time.time() < end:
    time.sleep(0.05)
assert "authentication failure" in problems[-1], problems
stranger.close()
print("done", symbol, len(numbers), "messages")
