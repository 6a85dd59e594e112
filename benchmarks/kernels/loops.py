"""Scalar loops."""

from __future__ import annotations

import math

import numpy as np

from . import kernel


@kernel(lambda r, n: (r.random(n),), small=10, large=4096)
def sum_of_sines(x):
    s = 0.0
    for i in range(len(x)):
        s += math.sin(x[i])
    return s


@kernel(lambda r, n: (r.random((n, n, 2)), 3.4, 1.0, 10.0, 0.001, 10), small=5, large=32)
def brusselator_loops(u0, a, b, alpha, dt, steps):
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
    return np.sum(u * u)


@kernel(lambda r, n: (r.random((n, 5)),), small=4, large=30)
def nbody_loops(state):
    n = state.shape[0]
    s = state.copy()
    for _ in range(5):
        for i in range(n):
            fx = fy = 0.0
            for j in range(n):
                if i == j:
                    continue
                dx = s[j, 1] - s[i, 1]
                dy = s[j, 2] - s[i, 2]
                r2 = dx * dx + dy * dy + 0.01
                inv = s[j, 0] / (r2 * math.sqrt(r2))
                fx += dx * inv
                fy += dy * inv
            s[i, 3] += 0.01 * fx
            s[i, 4] += 0.01 * fy
        for i in range(n):
            s[i, 1] += 0.01 * s[i, 3]
            s[i, 2] += 0.01 * s[i, 4]
    return np.sum(s * s)


@kernel(lambda r, n: (r.random(n),), small=10, large=200)
def insertion_sort(a):
    a = a.copy()
    for i in range(1, len(a)):
        key = a[i]
        j = i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    s = 0.0
    for i, v in enumerate(a):
        s += (i + 1) * v
    return s


@kernel(lambda r, n: (r.random(n), r.random(n), r.random(n)), small=10, large=500)
def sorted_forms(x, y, w):
    order = np.argsort(x)
    ranked = np.sort(y)
    best = np.argmax(w)
    return np.cumsum(x[order] * ranked)[-1] * w[best] + x[::-1] @ y + np.sum(x[::2]) * np.mean(y[1::3])


@kernel(lambda r, n: (r.random(n),), small=6, large=400)
def option_binomial(p):
    n = len(p) - 1
    up = np.exp(0.1 / math.sqrt(n + 1))
    values = np.maximum(100.0 * p * up - 60.0, 0.0)
    for i in range(n, 0, -1):
        values[:i] = 0.99 * (0.5 * values[1:i + 1] + 0.5 * values[:i])
    return values[0]


@kernel(lambda r, n: (r.random(n), np.zeros(n, np.int64)), small=8, large=300)
def histogram_scatter(w, bins):
    for i in range(len(bins)):
        bins[i] = (i * 7) % 5
    h = np.zeros(5)
    np.add.at(h, bins, w)
    g = np.zeros(5)
    for i, b in enumerate(bins):
        g[b] += w[i] * h[b]
    h[bins[:3]] += 1.5
    return np.sum(h * g)


@kernel(lambda r, n: (r.random(n),), small=9, large=300)
def simpson(y):
    n = len(y)
    s = y[0] + y[-1]
    s += 4 * np.sum(y[1:-1:2])
    s += 2 * np.sum(y[2:-2:2])
    try:
        return s / (3 * (n - 1))
    except ZeroDivisionError:
        return 0.0


@kernel(lambda r, n: (r.random(n) + 1,), small=5, large=300)
def newton_roots(c):
    total = 0.0
    for k, a in enumerate(c):
        x = 1.0
        for it in range(50):
            fx = x**3 - a
            if abs(fx) < 1e-12:
                break
            x -= fx / (3 * x**2)
        else:
            raise RuntimeError(f"no convergence for {k}")
        total += x
    return total
