"""Loops after the integration tests of Enzyme, ADBench and the manuals of Tapenade, ADOL-C and CoDiPack.

Rows of the published tests: Enzyme's integration programs (sorting, running maxima, integrators, prefix sums, resized
buffers, FFT, substitution), each intrinsic function of CoDiPack's expression tests, aliasing and views.
"""

import math
import statistics

import numpy as np

from ._case import Corpus, int_vec, make, mat, pos, vec

case = Corpus(__name__)


@case(vec(6))
def insertsort_sum(x):
    a = x.copy()
    for i in range(1, len(a)):
        k = a[i]
        j = i - 1
        while j >= 0 and a[j] > k:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = k
    return a[0] + 2 * a[1] + 3 * a[2] + a[5] ** 2


@case(vec(6))
def insertsort_inplace(a):
    for i in range(1, len(a)):
        j = i
        while j > 0 and a[j - 1] > a[j]:
            a[j - 1], a[j] = (a[j], a[j - 1])
            j -= 1
    s = 0.0
    for i in range(len(a)):
        s += a[i] * (i + 1)
    return s


@case(vec(7))
def manymax(x):
    m = x[0]
    for v in x:
        if v > m:
            m = v
    return m * 2


@case(vec(7), vec(7))
def multivecmax(x, y):
    mx = my = -1e+30
    sx = 0.0
    for i in range(len(x)):
        if x[i] > mx:
            mx = x[i]
            sx = y[i]
        my = max(my, y[i])
    return mx * sx + my


@case(7.5)
def manydiv(x):
    for i in range(1, 9):
        x = x / (i + 1.0) + 1.0 / x
    return x


@case(2.0)
def integrateconst(x):
    dt = 0.01
    y = 1.0
    for i in range(100):
        k1 = x
        k2 = x
        y += dt * (k1 + k2) / 2
    return y


@case(1.3)
def rk4(x0):
    dt = 0.05
    x = x0
    t = 0.0
    for i in range(20):
        k1 = math.sin(t) - x
        k2 = math.sin(t + dt / 2) - (x + dt / 2 * k1)
        k3 = math.sin(t + dt / 2) - (x + dt / 2 * k2)
        k4 = math.sin(t + dt) - (x + dt * k3)
        x += dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t += dt
    return x


@case(mat(4, 4), vec(4))
def fwdsolve(a, b):
    x = np.zeros(4)
    for i in range(4):
        s = b[i]
        for j in range(i):
            s -= a[i, j] * x[j]
        x[i] = s / (a[i, i] + 3.0)
    return x


@case(3.7)
def frexp(x):
    m, e = math.frexp(x)
    return m * m * e + math.ldexp(x, 2) * m


@case(2.7)
def invsqrt(x):
    return 1 / math.sqrt(x) + x ** (-0.5)


@case(2.0)
def newton_inv(a):
    x = 0.3
    for _ in range(8):
        x = x * (2 - a * x)
    return x


@case(2.0)
def newton_while(a):
    x = a
    n = 0
    while True:
        d = (x * x - a) / (2 * x)
        x = x - d
        n += 1
        if abs(d) < 1e-14 or n > 50:
            break
    return x


@case(vec(8))
def prefix(x):
    for i in range(1, len(x)):
        x[i] += x[i - 1]
    return (x ** 2).sum()


@case(mat(4, 5))
def triple(x):
    s = 0.0
    for i in range(4):
        for j in range(i, 5):
            for k in range(j):
                s += x[i, j] * x[i, k] * (i + j - k)
    return s


@case(2.5, 3)
def datadep(x, n):
    s = 0.0
    for i in range(n):
        for j in range(i * 2):
            if (i + j) % 3 == 0:
                continue
            if j > 3:
                break
            s += x ** j / (i + 1)
        else:
            s += x
    return s


@case(vec(4))
def resize_loop(x):
    buf = np.zeros(1)
    n = 0
    for v in x:
        if n == len(buf):
            nb = np.zeros(2 * len(buf))
            nb[:n] = buf
            buf = nb
        buf[n] = v * v
        n += 1
    return buf[:n].sum()


@case(vec(5))
def entropy(x):
    e = np.exp(x)
    p = e / e.sum()
    s = 0.0
    for v in p:
        s -= v * math.log(v)
    return s


@case(vec(8))
def fft(x):
    n = len(x)
    re = x.copy()
    im = np.zeros(n)
    j = 0
    for i in range(1, n):
        b = n >> 1
        while j & b:
            j ^= b
            b >>= 1
        j ^= b
        if i < j:
            re[i], re[j] = (re[j], re[i])
    L = 2
    while L <= n:
        a = 2 * math.pi / L
        for i in range(0, n, L):
            for k in range(L // 2):
                c, s = (math.cos(a * k), -math.sin(a * k))
                ur, ui = (re[i + k], im[i + k])
                p = i + k + L // 2
                vr = re[p] * c - im[p] * s
                vi = re[p] * s + im[p] * c
                re[i + k], im[i + k] = (ur + vr, ui + vi)
                re[p], im[p] = (ur - vr, ui - vi)
        L *= 2
    return (re[1] ** 2 + im[1] ** 2) * re[2]


@case(mat(3, 3), vec(3))
def matdescent(w, x):
    for _ in range(5):
        g = np.zeros(3)
        for i in range(3):
            s = 0.0
            for j in range(3):
                s += w[i, j] * x[j]
            for j in range(3):
                g[j] += 2 * s * w[i, j]
        for j in range(3):
            x[j] -= 0.1 * g[j]
    return (x ** 2).sum()


@case(vec(4))
def splatv(x):

    def f(a, b):
        return a * b + a
    return f(*x[1:3])


@case([1.5, 2.5, 3])
def splatl(l):

    def f(a, b, n):
        return a * b ** n
    return f(*l)


@case(vec(5))
def pystats(x):
    return statistics.fmean(x) * sum(x)


@case(vec(5))
def listcopy(x):
    l = [x, x * 2]
    m = l.copy()
    m[0] = m[1] * x
    return (l[0] * m[0]).sum()


@case(2.0)
def union_ret(x):

    def g(v):
        return 1 if v > 5 else v
    return g(x) * g(3 * x) * x


@case(vec(4))
def scalar_array_ret(x):

    def g(v):
        return (float(v[0]) * 2, v * 3)
    a, b = g(x)
    return a * b.sum()


@case(pos(3))
def bessel_like(x):
    s = 0.0
    t = 1.0
    for k in range(1, 15):
        t *= -(x[0] / 2) ** 2 / k ** 2
        s += t
    return s


class Counter:

    def __init__(self):
        self.n = 0
        self.v = 0.0

    def add(self, x):
        self.n += 1
        self.v += x * self.n
        return self


@case(vec(4))
def objloop(x):
    c = Counter()
    for v in x:
        c.add(v)
    return c.v / c.n


@case(1.3, 0.4)
def codi_expr(a, b):
    return (a + b) * (a - b) / (a * b) + math.atan2(a, b) + math.pow(a, b) + math.fmod(a, b) + min(a, b) * max(a, b) + math.copysign(a, -b) + math.hypot(a, b)


@case(0.4)
def codi_un(x):
    return math.exp(x) + math.expm1(x) + math.log(x) + math.log10(x) + math.log1p(x) + math.log2(x) + math.sqrt(x) + math.cbrt(x) + math.sin(x) + math.cos(x) + math.tan(x) + math.asin(x) + math.acos(x) + math.atan(x) + math.sinh(x) + math.cosh(x) + math.tanh(x) + math.asinh(x) + math.acosh(1 + x) + math.atanh(x) + math.erf(x) + math.erfc(x) + math.gamma(x) + math.lgamma(x) + math.fabs(x) + math.exp2(x) + math.degrees(x) + math.radians(x)


@case(0.4)
def codi_np(x):
    return np.exp(x) + np.expm1(x) + np.log(x) + np.log10(x) + np.log1p(x) + np.log2(x) + np.sqrt(x) + np.cbrt(x) + np.sin(x) + np.cos(x) + np.tan(x) + np.arcsin(x) + np.arccos(x) + np.arctan(x) + np.sinh(x) + np.cosh(x) + np.tanh(x) + np.arcsinh(x) + np.arccosh(1 + x) + np.arctanh(x) + np.fabs(x) + np.exp2(x) + np.degrees(x) + np.radians(x) + np.sinc(x) + np.reciprocal(x) + np.square(x) + np.float_power(x, 3)


@case(pos(4, low=0.1, high=0.9))
def codi_npv(x):
    return (np.exp(x) + np.expm1(x) + np.log(x) + np.log10(x) + np.log1p(x) + np.log2(x) + np.sqrt(x) + np.cbrt(x) + np.sin(x) + np.cos(x) + np.tan(x) + np.arcsin(x) + np.arccos(x) + np.arctan(x) + np.sinh(x) + np.cosh(x) + np.tanh(x) + np.arcsinh(x) + np.arccosh(1 + x) + np.arctanh(x) + np.fabs(x) + np.exp2(x) + np.degrees(x) + np.radians(x) + np.sinc(x) + np.reciprocal(x) + np.square(x) + np.float_power(x, 3)).sum()


@case(pos(4, low=0.1, high=0.9), pos(4, low=0.1, high=0.9))
def binnp(a, b):
    return (np.add(a, b) * np.subtract(a, b) + np.divide(a, b) + np.power(a, b) + np.arctan2(a, b) + np.hypot(a, b) + np.fmod(a, b) + np.remainder(a, b) + np.maximum(a, b) * np.minimum(a, b) + np.fmax(a, b) * np.fmin(a, b) + np.logaddexp(a, b) + np.logaddexp2(a, b) + np.copysign(a, -b) + np.floor_divide(a, b) + np.heaviside(a, b) + np.clip(a, 0.3, b + 0.3)).sum()


@case(vec(6), int_vec(0, 2, 2, 5), argnums=0)
def gather(x, idx):
    s = 0.0
    for k in range(len(idx)):
        s += x[idx[k]] ** 2 * (k + 1)
    return s


@case(vec(4), int_vec(0, 2, 2, 1), argnums=0)
def scatter(x, idx):
    y = np.zeros(3)
    for k in range(len(idx)):
        y[idx[k]] += x[k] * x[k]
    return (y * y).sum()


@case(vec(4), int_vec(0, 2, 2, 1), argnums=0)
def scatter_over(x, idx):
    y = np.ones(3)
    for k in range(len(idx)):
        y[idx[k]] = y[idx[k]] * x[k]
    return y


@case(vec(4))
def alias_in(x):

    def f(a, b):
        for i in range(4):
            a[i] = a[i] * b[3 - i]
    f(x, x)
    return x.sum()


@case(vec(6))
def alias_view(x):
    a = x[:4]
    b = x[2:]
    for i in range(4):
        a[i] += b[i] * 2
    return (x ** 2).sum()


@case(mat(3, 3))
def alias_T(x):
    y = x.T
    for i in range(3):
        for j in range(3):
            y[i, j] = x[i, j] * 2 + y[j, i]
    return (x ** 2).sum()


@case(vec(6))
def neg_index(x):
    s = 0.0
    for i in range(1, 4):
        s += x[-i] * x[i]
        x[-i] = s
    return s + x[-1]


@case(mat(5, 4))
def rowsview(x):
    for r in x:
        r *= r[0]
    for c in x.T:
        c += c[1]
    return (x ** 2).sum()


@case(vec(5))
def whileconv(x):
    a = x.copy() * 0.1
    n = 0
    while np.max(np.abs(a)) > 0.001 and n < 30:
        a = 0.5 * a + 0.01 * np.sin(a)
        n += 1
    return (a * x).sum() * 1000.0


@case(vec(3))
def nested_cond(x):
    a, b, c = x
    if a > 0:
        if b > 0:
            r = a * b
        elif c > 0:
            r = a * c
        else:
            r = a
    else:
        r = b if b > c else c
    return r * r + (a if a > b else b if b > c else c)


@case(vec(12))
def stencil_time(u):
    v = u.copy()
    for t in range(6):
        for i in range(1, 11):
            v[i] = u[i] + 0.1 * (u[i - 1] - 2 * u[i] + u[i + 1])
        u, v = (v, u)
    return (u ** 2).sum()


@case(vec(12))
def stencil_slices(u):
    for t in range(6):
        u[1:-1] += 0.1 * (u[:-2] - 2 * u[1:-1] + u[2:])
        u[0] = u[-2]
        u[-1] = u[1]
    return (u ** 2).sum()


@case(mat(4, 4))
def lu(a):
    a = a + 4 * np.eye(4)
    for k in range(4):
        for i in range(k + 1, 4):
            a[i, k] /= a[k, k]
            for j in range(k + 1, 4):
                a[i, j] -= a[i, k] * a[k, j]
    d = 1.0
    for k in range(4):
        d *= a[k, k]
    return d


@case(mat(4, 4))
def lu_piv(a):
    n = 4
    d = 1.0
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[p, k]):
                p = i
        if p != k:
            for j in range(n):
                a[k, j], a[p, j] = (a[p, j], a[k, j])
            d = -d
        d *= a[k, k]
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            for j in range(k, n):
                a[i, j] -= f * a[k, j]
    return d


@case(mat(4, 4))
def lu_piv_rows(a):
    n = 4
    d = 1.0
    for k in range(n):
        p = k + np.argmax(np.abs(a[k:, k]))
        if p != k:
            a[[k, p]] = a[[p, k]]
            d = -d
        d *= a[k, k]
        a[k + 1:] -= np.outer(a[k + 1:, k] / a[k, k], a[k])
    return d


@case(mat(4, 4))
def chol(a):
    a = a @ a.T + np.eye(4)
    L = np.zeros((4, 4))
    for i in range(4):
        for j in range(i + 1):
            s = a[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            L[i, j] = math.sqrt(s) if i == j else s / L[j, j]
    return L


@case(mat(5, 3))
def mgs(a):
    q = a.copy()
    r = np.zeros((3, 3))
    for j in range(3):
        r[j, j] = np.linalg.norm(q[:, j])
        q[:, j] /= r[j, j]
        for k in range(j + 1, 3):
            r[j, k] = q[:, j] @ q[:, k]
            q[:, k] -= r[j, k] * q[:, j]
    return r


@case(vec(4), vec(4))
def thomas(b, d):
    n = 4
    c = np.full(n, -1.0)
    b = b + 4
    d = d.copy()
    for i in range(1, n):
        w = -1.0 / b[i - 1]
        b[i] -= w * c[i - 1]
        d[i] -= w * d[i - 1]
    x = np.empty(n)
    x[-1] = d[-1] / b[-1]
    for i in range(n - 2, -1, -1):
        x[i] = (d[i] - c[i] * x[i + 1]) / b[i]
    return x


@case(make(lambda r: r.uniform(0.1, 1, (4, 4))))
def floyd(d):
    for k in range(4):
        for i in range(4):
            for j in range(4):
                if d[i, k] + d[k, j] < d[i, j]:
                    d[i, j] = d[i, k] + d[k, j]
    return d.sum()


@case(vec(3))
def lorenz(u):
    u = u.copy()
    for _ in range(10):
        x, y, z = u
        u = u + 0.01 * np.array([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])
    return u.sum()


@case(vec(3))
def speel(x):
    p = 1.0
    for v in x:
        p = p * v
    return p
