"""A client signs with an Ed25519 key: arguments are the address, the key and the private half as a PEM block."""
import sys

HTTP, KEY, PRIVATE = sys.argv[1:4]
try:
    from binance.error import ClientError as Refused
    from binance.spot import Spot

    connect = lambda private: Spot(KEY, private_key=private.encode(), base_url=HTTP)
    place = lambda client, **order: client.new_order(**order)
    account = lambda client: client.account()
    code = lambda error: error.error_code
except ImportError:
    from binance.client import Client
    from binance.exceptions import BinanceAPIException as Refused

    Client.API_URL = HTTP + "/api"
    connect = lambda private: Client(KEY, private_key=private)
    place = lambda client, **order: client.create_order(**order)
    account = lambda client: client.get_account()
    code = lambda error: error.code

from Crypto.PublicKey import ECC

client = connect(PRIVATE)
assert account(client)["canTrade"]
order = place(client, symbol="AAAUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity="1", price="90.00", newClientOrderId="mine_1")
assert order["status"] == "NEW", order
stranger = connect(ECC.generate(curve="ed25519").export_key(format="PEM"))
try:
    account(stranger)
    raise AssertionError("the signature of another key went through")
except Refused as error:
    assert code(error) == -1022, error
print("done")
