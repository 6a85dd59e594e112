"""Small numerical programs, plain Python and NumPy: what the compile tier is measured with.

Each entry of `PROGRAMS` is ``name: (function, arguments, which arguments are differentiated)``.
"""

from __future__ import annotations

import math

import numpy as np


def sum_of_sines(x):
    s = 0.0
    for i in range(len(x)):
        s += math.sin(x[i])
    return s


def parity_branch(x):
    s = 0.0
    for i in range(x.shape[0]):
        if i % 2 == 0:
            s += x[i] * x[i]
        else:
            s += 3.0 * x[i]
    return s


def matmul(a, b):
    n, m, p = a.shape[0], a.shape[1], b.shape[1]
    c = np.zeros((n, p))
    for i in range(n):
        for j in range(p):
            for k in range(m):
                c[i, j] += a[i, k] * b[k, j]
    s = 0.0
    for i in range(n):
        for j in range(p):
            s += c[i, j] * c[i, j]
    return s


def insertion_sort(x):
    a = x.copy()
    for i in range(1, len(a)):
        v = a[i]
        j = i - 1
        while j >= 0 and a[j] > v:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = v
    s = 0.0
    for i in range(len(a)):
        s += (i + 1) * a[i]
    return s


def lu_in_place(a0):
    a = a0.copy()
    n = a.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            a[i, k] = a[i, k] / a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    s = 0.0
    for k in range(n):
        s += math.log(abs(a[k, k]))
    return s


def gauss_seidel(b, sweeps):
    n = b.shape[0]
    u = np.zeros((n, n))
    for _ in range(sweeps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - b[i, j])
    s = 0.0
    for i in range(n):
        for j in range(n):
            s += u[i, j] ** 2
    return s


def lorenz96(u, f, out):
    n = len(u)
    for i in range(n):
        out[i] = (u[(i + 1) % n] - u[i - 2]) * u[i - 1] - u[i] + f


def rk4(u0, f, dt, steps):
    n = len(u0)
    u = u0.copy()
    k1, k2, k3, k4, w = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    for _ in range(steps):
        lorenz96(u, f, k1)
        for i in range(n):
            w[i] = u[i] + 0.5 * dt * k1[i]
        lorenz96(w, f, k2)
        for i in range(n):
            w[i] = u[i] + 0.5 * dt * k2[i]
        lorenz96(w, f, k3)
        for i in range(n):
            w[i] = u[i] + dt * k3[i]
        lorenz96(w, f, k4)
        for i in range(n):
            u[i] += dt / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i])
    s = 0.0
    for i in range(n):
        s += u[i] * u[i]
    return s


def nbody(x0, v0, m, dt, steps):
    x = x0.copy()
    v = v0.copy()
    n = len(m)
    for _ in range(steps):
        for i in range(n):
            for j in range(i + 1, n):
                dx = x[i, 0] - x[j, 0]
                dy = x[i, 1] - x[j, 1]
                dz = x[i, 2] - x[j, 2]
                d2 = dx * dx + dy * dy + dz * dz
                mag = dt / (d2 * math.sqrt(d2))
                v[i, 0] -= dx * m[j] * mag
                v[i, 1] -= dy * m[j] * mag
                v[i, 2] -= dz * m[j] * mag
                v[j, 0] += dx * m[i] * mag
                v[j, 1] += dy * m[i] * mag
                v[j, 2] += dz * m[i] * mag
        for i in range(n):
            for k in range(3):
                x[i, k] += dt * v[i, k]
    e = 0.0
    for i in range(n):
        e += 0.5 * m[i] * (v[i, 0] ** 2 + v[i, 1] ** 2 + v[i, 2] ** 2)
        for j in range(i + 1, n):
            dx = x[i, 0] - x[j, 0]
            dy = x[i, 1] - x[j, 1]
            dz = x[i, 2] - x[j, 2]
            e -= m[i] * m[j] / math.sqrt(dx * dx + dy * dy + dz * dz)
    return e


def floyd_warshall(w):
    d = w.copy()
    n = d.shape[0]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                t = d[i, k] + d[k, j]
                if t < d[i, j]:
                    d[i, j] = t
    s = 0.0
    for i in range(n):
        for j in range(n):
            s += d[i, j]
    return s


def scan(x):
    n = len(x)
    y = np.empty(n)
    total = 0.0
    for i in range(n):
        total = 0.9 * total + x[i]
        y[i] = total
    s = 0.0
    for i in range(n):
        s += y[i] * y[i]
    return s


def logsumexp(x):
    m = x[0]
    for i in range(1, len(x)):
        if x[i] > m:
            m = x[i]
    s = 0.0
    for i in range(len(x)):
        s += math.exp(x[i] - m)
    return m + math.log(s)


def fft(re0, im0):
    re, im = re0.copy(), im0.copy()
    n = len(re)
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j |= bit
        if i < j:
            t = re[i]
            re[i] = re[j]
            re[j] = t
            t = im[i]
            im[i] = im[j]
            im[j] = t
    size = 2
    while size <= n:
        half = size // 2
        angle = -2.0 * math.pi / size
        for start in range(0, n, size):
            for k in range(half):
                c = math.cos(angle * k)
                s = math.sin(angle * k)
                a = start + k
                b = a + half
                xr = re[b] * c - im[b] * s
                xi = re[b] * s + im[b] * c
                re[b] = re[a] - xr
                im[b] = im[a] - xi
                re[a] += xr
                im[a] += xi
        size *= 2
    total = 0.0
    for i in range(n):
        total += (i + 1) * (re[i] * re[i] + im[i] * im[i])
    return total


def euler_ode(x0, v0, k, dt, steps):
    x, v = x0, v0
    for _ in range(steps):
        x, v = x + dt * v, v - dt * (k * math.sin(x) + 0.1 * v)
    return x * x + v * v


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


def heat_slices(u, steps):
    v = u.copy()
    for _ in range(steps):
        v[1:-1] = v[1:-1] + 0.1 * (v[2:] - 2.0 * v[1:-1] + v[:-2])
    return np.sum(v * v)


def brusselator_rhs(u, du, a, b, alpha):
    n = u.shape[0]
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


def brusselator(u0, a, b, alpha, dt, steps):
    u = u0.copy()
    du = np.zeros_like(u)
    n = u.shape[0]
    for _ in range(steps):
        brusselator_rhs(u, du, a, b, alpha)
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


def _programs():
    rng = np.random.default_rng(0)
    n = 32
    well = rng.random((48, 48)) + 48 * np.eye(48)
    return {
        "sum of sines": (sum_of_sines, (rng.random(4096),), (True,)),
        "parity branch": (parity_branch, (rng.random(4096),), (True,)),
        "matmul loops": (matmul, (rng.random((48, 48)), rng.random((48, 48))), (True, True)),
        "insertion sort": (insertion_sort, (rng.random(200),), (True,)),
        "LU in place": (lu_in_place, (well,), (True,)),
        "Gauss-Seidel": (gauss_seidel, (rng.random((n, n)), 50), (True, False)),
        "RK4 buffers": (rk4, (rng.random(64), 8.0, 0.01, 100), (True, True, False, False)),
        "n-body": (nbody, (rng.random((8, 3)) * 10, rng.random((8, 3)), rng.random(8) + 0.5, 0.01, 50),
                   (True, True, True, False, False)),
        "Floyd-Warshall": (floyd_warshall, (rng.random((48, 48)),), (True,)),
        "scan": (scan, (rng.random(4096),), (True,)),
        "logsumexp": (logsumexp, (rng.random(4096),), (True,)),
        "FFT loops": (fft, (rng.random(512), rng.random(512)), (True, True)),
        "Euler ODE": (euler_ode, (1.0, 0.5, 2.0, 0.001, 10000), (True, True, True, False, False)),
        "heat loops": (heat, (rng.random(1000), 1000), (True, False)),
        "heat slices": (heat_slices, (rng.random(1000), 1000), (True, False)),
        "Brusselator": (brusselator, (rng.random((n, n, 2)), 3.4, 1.0, 0.01 * n * n / 10, 0.01, 100),
                        (True,) + (False,) * 5),
    }


PROGRAMS = _programs()
