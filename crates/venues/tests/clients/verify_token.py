"""PyJWT verifies a token that the framework made: arguments are the token, the public key's PEM file, the algorithm and the
name of the key."""
import sys

import jwt

token, public, algorithm, name = sys.argv[1:5]
with open(public) as file:
    claims = jwt.decode(token, file.read(), algorithms=[algorithm], options={"require": ["exp", "nbf", "sub", "iss"]}, issuer="cdp")
head = jwt.get_unverified_header(token)
assert claims["sub"] == head["kid"] == name and head["nonce"], (claims, head)
assert claims["uri"] == "GET api.coinbase.com/api/v3/brokerage/accounts", claims
signed, signature = token.rsplit(".", 1)
try:
    jwt.decode(signed + "." + ("A" * 8) + signature[8:], open(public).read(), algorithms=[algorithm], issuer="cdp")
    raise AssertionError("a broken signature went through")
except jwt.InvalidSignatureError:
    print("done", algorithm)
