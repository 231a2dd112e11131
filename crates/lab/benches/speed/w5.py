"""Monte Carlo and historical figures by numpy: their CPU time, best of the rounds, a line for each question.

The covariance is the one that the Rust side makes: 1e-4 on the diagonal, 3e-5 beside it; weights are alike.
"""

import os

for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ[library + "_NUM_THREADS"] = "1"

import sys
import time

import numpy

scenarios, assets, rounds = (int(word) for word in sys.argv[1:4])
covariance = numpy.full((assets, assets), 3e-5) + numpy.eye(assets) * 7e-5
weights = numpy.full(assets, 1 / assets)


def tail(outcomes):
    quantile = numpy.quantile(outcomes, 0.05)
    return -quantile, -outcomes[outcomes <= quantile].mean()


def monte_carlo():
    normals = numpy.random.Generator(numpy.random.PCG64(42)).standard_normal((scenarios, assets))
    return tail(normals @ numpy.linalg.cholesky(covariance).T @ weights)


history = numpy.random.Generator(numpy.random.PCG64(7)).standard_normal((scenarios, assets)) * 0.01


def historical():
    return tail(history @ weights)


print(numpy.__version__, flush=True)
for work in (monte_carlo, historical):
    best = None
    for _ in range(rounds):
        begin = time.thread_time()
        figures = work()
        taken = time.thread_time() - begin
        best = taken if best is None else min(best, taken)
    print(best, *figures, flush=True)
