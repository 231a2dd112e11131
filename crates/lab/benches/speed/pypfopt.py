"""Runs PyPortfolioOpt on returns that come over standard input: rows and columns, then the floats row by row.

Answers with its version, then for each method the least seconds of CPU time and the volatility of its weights.
"""

import importlib.metadata
import sys
import time
import warnings

import numpy
import pandas
from pypfopt import EfficientFrontier, HRPOpt

warnings.simplefilter("ignore")
stream = sys.stdin.buffer
rows, columns = map(int, stream.readline().split())
returns = numpy.frombuffer(stream.read(8 * rows * columns)).reshape(rows, columns)
frame = pandas.DataFrame(returns, columns=[f"A{column}" for column in range(columns)])
covariance = frame.cov() * 252


def min_variance():
    return EfficientFrontier(None, covariance).min_volatility()


def hrp():
    return HRPOpt(frame, covariance).optimize()


print(importlib.metadata.version("PyPortfolioOpt"), flush=True)
for method in (min_variance, hrp):
    best, weights = float("inf"), None
    for _ in range(3):
        begin = time.process_time()
        weights = method()
        best = min(best, time.process_time() - begin)
    values = numpy.array([weights[name] for name in frame.columns])
    print(best, float(numpy.sqrt(values @ covariance.to_numpy() @ values)), flush=True)
