"""Runs TA-Lib on columns that come over standard input: their length, five columns of floats, then a name a line.

Each name is answered with the seconds of CPU time of one call and its last value.
"""

import sys
import time

import numpy
import talib

print(talib.__version__, flush=True)
stream = sys.stdin.buffer
count = int(stream.readline())
_, high, low, close, volume = (numpy.frombuffer(stream.read(8 * count)).copy() for _ in range(5))
calls = {
    "SMA": lambda: talib.SMA(close, 30),
    "RSI": lambda: talib.RSI(close, 14),
    "MACD": lambda: talib.MACD(close, 12, 26, 9)[0],
    "STDDEV": lambda: talib.STDDEV(close, 20),
    "OBV": lambda: talib.OBV(close, volume),
    "MFI": lambda: talib.MFI(high, low, close, volume, 14),
    "STOCH": lambda: talib.STOCH(high, low, close, 14, 3, 0, 3, 0)[0],
}
for line in stream:
    call = calls[line.decode().strip()]
    begin = time.thread_time()
    values = call()
    print(time.thread_time() - begin, float(values[-1]), flush=True)
