"""Value and gradient of compiled kernels as a ratio to the primal compiled by Numba, in one run on one core."""

from __future__ import annotations

import math
import time

import numba
import numpy as np

from undertow._compile import compile_pullback


def sum_of_sines(x):
    s = 0.0
    for i in range(len(x)):
        s += math.sin(x[i])
    return s


def heat(u, steps):
    v = u.copy()
    w = u.copy()
    for _ in range(steps):
        for i in range(1, len(v) - 1):
            w[i] = v[i] + 0.1 * (v[i + 1] - 2.0 * v[i] + v[i - 1])
        for i in range(1, len(v) - 1):
            v[i] = w[i]
    s = 0.0
    for i in range(len(v)):
        s += v[i] * v[i]
    return s


def brusselator(u0, a, b, alpha, dt, steps):
    u = u0.copy()
    du = np.zeros_like(u)
    n = u.shape[0]
    for _ in range(steps):
        for i in range(n):
            up = i - 1 if i > 0 else n - 1
            down = i + 1 if i < n - 1 else 0
            for j in range(n):
                left = j - 1 if j > 0 else n - 1
                right = j + 1 if j < n - 1 else 0
                x = u[i, j, 0]
                y = u[i, j, 1]
                du[i, j, 0] = alpha * (u[up, j, 0] + u[down, j, 0] + u[i, left, 0] + u[i, right, 0] - 4 * x) \
                    + b + x * x * y - (a + 1) * x
                du[i, j, 1] = alpha * (u[up, j, 1] + u[down, j, 1] + u[i, left, 1] + u[i, right, 1] - 4 * y) \
                    + a * x - x * x * y
        for i in range(n):
            for j in range(n):
                for k in range(2):
                    u[i, j, k] += dt * du[i, j, k]
    s = 0.0
    for i in range(n):
        for j in range(n):
            for k in range(2):
                s += u[i, j, k] ** 2
    return s


def best(f, seconds=0.5):
    """Shortest of many runs."""
    shortest, end = math.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        f()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest


def main():
    rng = np.random.default_rng(0)
    n = 32
    cases = [(sum_of_sines, (rng.random(4096),)), (heat, (rng.random(1000), 1000)),
             (brusselator, (rng.random((n, n, 2)), 3.4, 1.0, 0.01 * n * n / 10, 0.01, 100))]
    print(f"{'kernel':14s} {'primal ms':>10s} {'gradient ms':>12s} {'ratio':>6s} {'first call s':>13s}")
    for f, args in cases:
        primal = numba.njit(f)
        expected = primal(*args)
        start = time.perf_counter()
        compiled = compile_pullback(f, args, (True,) + (False,) * (len(args) - 1))
        value, _ = compiled.value_and_pullback(args, 1.0)
        first = time.perf_counter() - start
        np.testing.assert_allclose(value, expected, rtol=1e-10)
        p, g = best(lambda: primal(*args)), best(lambda: compiled.value_and_pullback(args, 1.0))
        print(f"{f.__name__:14s} {p * 1e3:10.3f} {g * 1e3:12.3f} {g / p:6.2f} {first:13.2f}")


if __name__ == "__main__":
    main()
