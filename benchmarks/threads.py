"""Value and gradient on one and on two threads: ``python benchmarks/threads.py [THREADS]``.

Wall time, each the shortest of many calls in turns. The serial program is the one without `ut.threads`.
"""

from __future__ import annotations

import math
import sys
import time

import numba
import numpy as np

import undertow as ut


def elementwise(x, y):
    return np.sum(np.exp(-x * x) * np.sin(y) + np.sqrt(x * x + y * y))


@numba.njit(parallel=True)
def pairs(x, w):
    s = 0.0
    for i in numba.prange(x.shape[0]):
        t = 0.0
        for k in range(w.shape[0]):
            t += math.sin(x[i] * w[k])
        s += t * t
    return s


@numba.njit(parallel=True)
def smooth(u, steps):
    v, w = u.copy(), u.copy()
    n, m = u.shape
    for _ in range(steps):
        for i in numba.prange(1, n - 1):
            for j in range(1, m - 1):
                w[i, j] = v[i, j] + 0.1 * (v[i - 1, j] + v[i + 1, j] + v[i, j - 1] + v[i, j + 1] - 4.0 * v[i, j]
                                           - 0.01 * v[i, j] ** 3)
        for i in numba.prange(1, n - 1):
            for j in range(1, m - 1):
                v[i, j] = w[i, j]
    return np.sum(v * v)


@numba.njit(parallel=True)
def fit(theta, x, y):
    total = 0.0
    for i in numba.prange(x.shape[0]):
        p = 0.0
        for k in range(theta.shape[0]):
            p = p * x[i] + theta[k]
        r = math.tanh(p) - y[i]
        total += r * r
    return total


def shortest(calls, seconds):
    """The shortest of many calls of each, in turns."""
    best = [math.inf] * len(calls)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for k, call in enumerate(calls):
            start = time.perf_counter()
            call()
            best[k] = min(best[k], time.perf_counter() - start)
    return best


def main():
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    rng = np.random.default_rng(0)
    programs = {
        "elementwise map": (elementwise, (rng.random(300_000), rng.random(300_000)), (0, 1)),
        "prange, weights read by all": (pairs, (rng.random(20_000), rng.random(16)), (0, 1)),
        "prange stencil, 300 x 300": (smooth, (rng.random((300, 300)), 5), 0),
        "prange fit, 8 parameters": (fit, (rng.random(8), rng.random(100_000), rng.random(100_000)), 0),
    }
    print(f"{'program':30s} {'1 thread':>10s} {threads:2d} threads   ratio")
    for name, (f, args, argnums) in programs.items():
        gradient = ut.value_and_grad(f, argnums, tier="compile")

        def run(count, gradient=gradient, args=args):
            numba.set_num_threads(count)
            with ut.threads(count):
                return gradient(*args)

        serial, parallel = run(1), run(threads)
        np.testing.assert_allclose(serial[0], parallel[0], rtol=1e-10)
        pairs_of = zip(*(g if isinstance(g, tuple) else (g,) for g in (serial[1], parallel[1])), strict=True)
        for a, b in pairs_of:
            np.testing.assert_allclose(a, b, rtol=1e-8)
        one, several = shortest([lambda run=run: run(1), lambda run=run: run(threads)], 6.0)
        print(f"{name:30s} {one * 1e3:8.3f}ms {several * 1e3:8.3f}ms {one / several:7.2f}", flush=True)


if __name__ == "__main__":
    main()
