"""Runs hftbacktest on rows that come over standard input, in its own layout of 64 bytes a row, and says how long it took.

Prints its version, then the seconds of the feed alone, those of a market maker, and how many trades that one made.
"""

import sys
import time

import numpy
from numba import njit

import hftbacktest
from hftbacktest import BUY, GTX, LIMIT, SELL, BacktestAsset, ROIVectorMarketDepthBacktest, event_dtype
from hftbacktest.data import correct_event_order, validate_event_order

EVERY = 100_000_000
rows = numpy.frombuffer(sys.stdin.buffer.read(), event_dtype).copy()
rows = correct_event_order(
    rows, numpy.argsort(rows["exch_ts"], kind="mergesort"), numpy.argsort(rows["local_ts"], kind="mergesort")
)
validate_event_order(rows)
prices = rows["px"][rows["px"] > 0]


def backtest():
    asset = (
        BacktestAsset()
        .data([rows])
        .linear_asset(1.0)
        .constant_order_latency(5_000_000, 5_000_000)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(0.1)
        .lot_size(0.001)
        .last_trades_capacity(0)
        .roi_lb(float(prices.min()) * 0.9)
        .roi_ub(float(prices.max()) * 1.1)
    )
    return ROIVectorMarketDepthBacktest([asset])


@njit
def feed(hbt):
    while hbt.elapse(EVERY) == 0:
        pass


@njit
def maker(hbt):
    number = 0
    while hbt.elapse(EVERY) == 0:
        hbt.clear_inactive_orders(0)
        depth = hbt.depth(0)
        if depth.best_bid_tick <= 0 or depth.best_ask_tick <= 0:
            continue
        middle = (depth.best_bid + depth.best_ask) / 2.0
        held = hbt.position(0)
        bid = round(middle * (1.0 - 0.0001 - held * 0.0001) / 0.1)
        ask = round(middle * (1.0 + 0.0001 - held * 0.0001) / 0.1)
        has_bid = False
        has_ask = False
        orders = hbt.orders(0)
        values = orders.values()
        while values.has_next():
            order = values.get()
            wanted = bid if order.side == BUY else ask
            full = held >= 1.0 if order.side == BUY else held <= -1.0
            if order.price_tick == wanted and not full:
                if order.side == BUY:
                    has_bid = True
                else:
                    has_ask = True
            elif order.cancellable:
                hbt.cancel(0, order.order_id, False)
        if not has_bid and held < 1.0:
            number += 1
            hbt.submit_buy_order(0, number, bid * 0.1, 0.01, GTX, LIMIT, False)
        if not has_ask and held > -1.0:
            number += 1
            hbt.submit_sell_order(0, number, ask * 0.1, 0.01, GTX, LIMIT, False)


def best(run):
    took = []
    trades = 0
    for _ in range(8):
        hbt = backtest()
        begin = time.thread_time()
        run(hbt)
        took.append(time.thread_time() - begin)
        trades = hbt.state_values(0).num_trades
        hbt.close()
    # The first one is compiled.
    return min(took[1:]), trades


alone, _ = best(feed)
quoting, trades = best(maker)
print(hftbacktest.__version__, alone, quoting, trades)
