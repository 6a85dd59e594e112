"""Idioms of Python that change what a loop means: numbers, aliases, conditions, scopes, small objects.

Operands of conditions that are no booleans, rows swapped through views, integers beyond 64 bits, variables bound on some paths.
"""

import dataclasses
import math

import numpy as np

from ._case import Corpus, make, mat, vec

case = Corpus(__name__)


@case(1.5)
def bigint(x):
    n = 1
    for i in range(70):
        n *= 2
    return x * n / 2 ** 60


@case(1.5)
def fact(x):
    n = 1
    s = 0.0
    for i in range(1, 25):
        n *= i
        s += x ** i / n
    return s


@case(1.5, -7)
def intops(x, n):
    return x * (n // 2) + x ** 2 * (n % 3) + (n >> 1) * x + (n & 5) * x + divmod(n, 4)[0] * x + -n // 3 * x + n / 2 * x + int(-2.7) * x + round(2.5) * x + round(-3.5) * x


@case(vec(3))
def loopvar(x):
    s = 0.0
    for i in range(3):
        s += x[i]
        i = i * 2
    return s * i


@case(mat(3, 3))
def rowswap(a):
    a[0], a[1] = (a[1], a[0])
    return a * np.arange(9.0).reshape(3, 3)


@case(mat(3, 3))
def rowswap2(a):
    t = a[0]
    a[0] = a[1]
    a[1] = t
    return (a * np.arange(9.0).reshape(3, 3)).sum()


@case(mat(3, 3))
def rowswap3(a):
    t = a[0].copy()
    a[0] = a[1]
    a[1] = t
    a[[0, 2]] = a[[2, 0]]
    return (a * np.arange(9.0).reshape(3, 3)).sum()


@case(vec(5))
def revadd(a):
    a += a[::-1]
    return (a * np.arange(5.0)).sum()


@case(vec(5))
def revset(a):
    a[:] = a[::-1]
    a[1:] *= a[:-1]
    return (a * np.arange(5.0)).sum()


@case(mat(3, 3))
def mulT(a):
    a *= a.T
    a -= a[0]
    a[0] -= a.sum()
    a[:, 1] += a[1]
    return (a * np.arange(9.0).reshape(3, 3)).sum()


@case(vec(5))
def outalias(a):
    np.add(a, a[::-1], out=a)
    np.multiply(a[1:], a[:-1], out=a[1:])
    return (a * np.arange(5.0)).sum()


@case(vec(5))
def rebind(a):
    b = a
    b += 1
    b = b + a
    b *= 2
    return (a * b).sum()


@case(vec(4))
def nonloc(x):
    s = 0.0

    def add(v):
        nonlocal s
        s = s * 0.5 + v
    for v in x:
        add(v * v)
    return s


@case(vec(5))
def unpack(x):
    a, *b, c = x
    return a * b[1] + c * len(b) + sum(b)


@case(vec(3))
def andor(x):
    y = x[0] and x[1]
    z = x[2] or x[0]
    w = x[0] if 0 < x[1] < 5 else x[2]
    return y * z + w


@case(vec(4))
def walrus(x):
    s = 0.0
    i = 0
    while (v := x[i]) is not None and i < 3:
        s += v * v
        i += 1
    return s + v


@case(vec(5))
def boolsums(x):
    return x.sum() * np.sum(x > 0) + np.mean(x > 0) * x[0] + np.argmax(x) * x[1] + np.count_nonzero(x) * x[2] + np.nonzero(x > -5)[0].sum() * x[3] + (x > 0).any() * x[4]


@case(vec(6))
def slices(x):
    return x[::-1][1:4:2].sum() + x[10:].sum() + x[-3:10].prod() + x[4:1:-1] @ x[:3] + x[:0].sum() + x[None, :].sum(0) @ x[:, None].ravel()


@case(vec(4))
def tryidx(x):
    s = 0.0
    i = 0
    while True:
        try:
            s += x[i] ** 2
        except IndexError:
            break
        i += 1
    return s * i


@case(0.0, 2.0, argnums=1)
def tryzero(a, b):
    try:
        r = b / a
    except ZeroDivisionError:
        r = b * 3
    return r * b + a


@case(vec(3))
def nanmax(x):
    y = np.array([x[0], np.nan, x[1]])
    return np.nanmax(y) * np.nansum(y) + max(x[0], float('nan')) + min(x[1], float('-inf') * 0 + 1)


def fibr(n, x):
    return x if n < 2 else fibr(n - 1, x) * 0.5 + fibr(n - 2, x) * x


@case(7, 0.8)
def fib(n, x):
    return fibr(n, x)


def even(n, x):
    return x if n == 0 else odd(n - 1, x * x + 0.1)


def odd(n, x):
    return x if n == 0 else even(n - 1, math.sin(x))


@case(5, 0.8)
def mutual(n, x):
    return even(n, x)


@case(vec(4))
def lateclosure(x):
    fs = [lambda y: y * x[i] for i in range(4)]
    gs = [lambda y, i=i: y * x[i] for i in range(4)]
    return fs[0](2.0) + gs[1](3.0) * gs[2](1.0)


def default(x, acc=[]):
    acc.append(1)
    return x * len(acc) * 0 + x


@case(2.0)
def mutdefault(x):
    return default(x) * default(x)


@case(vec(6))
def comp(x):
    return sum((a * b for i, a in enumerate(x) for j, b in enumerate(x) if i < j and (i + j) % 2)) + sum({i: v ** 2 for i, v in enumerate(x)}.values())


@case(vec(4))
def forelse(x):
    for i in range(4):
        for j in range(i):
            if x[i] * x[j] > 10:
                break
        else:
            continue
        return x[i] * 100
    else:
        return x[0] * x[3]
    return x[1]


@case(make(lambda r: r.normal(size=4).astype(np.float32)), rtol=0.002, nested=False)
def f32loop(x):
    s = np.float32(0)
    for v in x:
        s += v * 2.0 * v
    return s


@case(make(lambda r: r.normal(size=4).astype(np.float32)), vec(4), rtol=0.002, nested=False)
def f32mix(x, y):
    z = x * y
    w = x * np.float32(2)
    w *= 1.5
    z[1] = x[0]
    return (z * w).sum()


@case(vec(4))
def intarr(x):
    k = np.zeros(4, dtype=int)
    k[1] = 3
    k += 2
    k[2] = 2.9
    y = x * k
    y[k[0]] = x[0]
    return y.sum() * k.sum() / k.mean()


@case(vec(5))
def mask(x):
    y = x.copy()
    m = y > 0
    y[m] = y[m] ** 2
    y[~m] *= -3
    y[m & (x < 0.5)] = 0
    return y


@case(vec(5))
def wherein(x):
    y = np.zeros(5)
    y[np.where(x > 0)] = x[x > 0] * 2
    y[np.flatnonzero(x < 0)] -= x[np.flatnonzero(x < 0)] ** 3
    return y


@case(mat(3, 4))
def bcast(a):
    return (a - a.mean(1, keepdims=True)) / (a.std(0) + 1) * a[:, :1] + a[None, 0] * a[..., -1:]


@case(vec(4))
def accum_list(x):
    hist = [x[0]]
    for i in range(1, 4):
        hist.append(hist[-1] * x[i] + hist[0])
    return np.array(hist) @ x


@case(vec(4))
def arr_of_list(x):
    return np.array([x[0], x[1] * 2, 3.0]).sum() + np.array([[x[0], 1], [x[1], x[2]]])[1, 1] ** 2 + np.asarray([v * v for v in x]).prod()


@case(vec(3))
def temp_view(x):
    y = x * 2
    z = y[1:]
    y = y + 1
    z *= 3
    return y.sum() + z.sum()


@case(vec(6))
def reshape_write(x):
    m = x.reshape(2, 3)
    m[:, 1] = m[:, 0] * m[:, 2]
    v = m.ravel()
    v[0] = 5 * v[1]
    t = m.T
    t[2] = t[0]
    f = m.T.ravel()
    f[0] = 100
    return (x * np.arange(6.0)).sum()


@case(vec(4))
def copy_on(x):
    y = np.array(x)
    z = np.asarray(x)
    y[0] = 7 * x[1]
    z[1] = x[2] * x[2]
    return (x * y * z).sum()


@case(vec(4))
def while_float(x):
    t = 0.0
    s = x[0]
    while t < 1.0:
        s = s + 0.1 * math.sin(s) * x[1]
        t += 0.1
    return s


@case(1.3)
def newton_tol(x):
    y = 1.0
    for k in range(100):
        d = (math.exp(y) - x * 3) / math.exp(y)
        y -= d
        if abs(d) < 1e-15:
            break
    return y


@dataclasses.dataclass
class P:
    x: float
    v: float

    def step(self, dt, k):
        return P(self.x + dt * self.v, self.v - dt * k * self.x)

    def energy(self):
        return 0.5 * self.v ** 2 + 0.5 * self.x ** 2


@case(1.0, 0.5, 2.0)
def particle(x, v, k):
    p = P(x, v)
    for _ in range(10):
        p = p.step(0.1, k)
    return p.energy()


class Acc:
    total = 0.0

    def __init__(self):
        self.items = []

    def __call__(self, v):
        self.items.append(v)
        self.total += v * v
        return self

    def __len__(self):
        return len(self.items)


@case(vec(4))
def accobj(x):
    a = Acc()
    for v in x:
        a(v)(v * 2)
    return a.total * len(a) + a.items[-1]


class Vec2:

    def __init__(self, x, y):
        self.x, self.y = (x, y)

    def __add__(self, o):
        return Vec2(self.x + o.x, self.y + o.y)

    def __mul__(self, s):
        return Vec2(self.x * s, self.y * s)
    __rmul__ = __mul__

    def __matmul__(self, o):
        return self.x * o.x + self.y * o.y

    def __iter__(self):
        return iter((self.x, self.y))

    def __getitem__(self, i):
        return (self.x, self.y)[i]

    def __abs__(self):
        return math.sqrt(self @ self)

    def __lt__(self, o):
        return abs(self) < abs(o)


@case(1.0, 0.5)
def vec2(a, b):
    p = Vec2(a, b)
    q = 2 * p + Vec2(b, a) * 0.3
    x, y = q
    return abs(q) + p @ q + q[1] * x + (y if p < q else 0.0)


@case(vec(4), {'lr': 0.1, 'steps': 5})
def optimizer(w, cfg):
    m = np.zeros_like(w)
    v = np.zeros_like(w)
    for t in range(1, cfg['steps'] + 1):
        g = 2 * w + np.cos(w)
        m = 0.9 * m + 0.1 * g
        v = 0.99 * v + 0.01 * g * g
        w = w - cfg['lr'] * (m / (1 - 0.9 ** t)) / (np.sqrt(v / (1 - 0.99 ** t)) + 1e-08)
    return (w * w).sum()


@case(mat(3, 3), vec(3))
def jacobi(A, b):
    A = A + 5 * np.eye(3)
    x = np.zeros(3)
    D = np.diag(A)
    R = A - np.diagflat(D)
    for _ in range(25):
        x = (b - R @ x) / D
    return x


@case(mat(3, 3), vec(3))
def cg(A, b):
    A = A @ A.T + np.eye(3)
    x = np.zeros(3)
    r = b - A @ x
    p = r.copy()
    rs = r @ r
    for _ in range(3):
        Ap = A @ p
        al = rs / (p @ Ap)
        x += al * p
        r -= al * Ap
        rn = r @ r
        if math.sqrt(rn) < 1e-10:
            break
        p = r + rn / rs * p
        rs = rn
    return x


@case(vec(5), vec(5))
def simpson(x, w):
    f = lambda t: sum((c * t ** k for k, c in enumerate(w)))
    n = 10
    h = (x[4] - x[0]) / n
    return h / 3 * (f(x[0]) + f(x[4]) + 4 * sum((f(x[0] + i * h) for i in range(1, n, 2))) + 2 * sum((f(x[0] + i * h) for i in range(2, n, 2))))


@case(vec(6))
def viterbi(x):
    a = x[:2].copy()
    T = x[2:].reshape(2, 2)
    back = []
    for t in range(4):
        s = a[:, None] + T
        back.append(s.argmax(0))
        a = s.max(0) * 0.9
    k = int(a.argmax())
    path = [k]
    for bp in reversed(back):
        k = int(bp[k])
        path.append(k)
    return a[path[0]] * (1 + sum(path))


@case(vec(5))
def softsort(x):
    s = np.sort(x)
    i = np.argsort(x)
    r = np.empty(5)
    r[i] = np.arange(5.0)
    return (s * r).sum() + (x[i][::-1] * x).sum()


@case(vec(4), 2)
def matchst(x, k):
    match k:
        case 1:
            return x[0]
        case 2 if x[0] > 100:
            return x[1]
        case 2 | 3:
            return x[2] * x[3]
        case _:
            return x.sum()


@case(vec(4))
def swaprefs(x):
    u, v = (x * 1.0, x * 2.0)
    for i in range(3):
        u[i], v[i + 1] = (v[i], u[i] * 0.5)
        u, v = (v, u)
        v[0] += u[3]
    return (u * v).sum()


@case(mat(4, 4))
def game(a):
    b = np.zeros_like(a)
    for i in range(4):
        for j in range(4):
            s = 0.0
            for di in (-1, 0, 1):
                for dj in (-1, 0, 1):
                    if di or dj:
                        s += a[(i + di) % 4, (j + dj) % 4]
            b[i, j] = s * 0.1 + a[i - 1, j - 1] * a[i, j]
    return (b * b).sum()


@case(vec(8))
def bitrev(x):
    n = 8
    r = [int(f'{i:03b}'[::-1], 2) for i in range(n)]
    return (x[r] * np.arange(8.0)).sum()


@case(2.0)
def fstring_float(x):
    s = float(f'{2.5:.2f}') * x
    return s * float('3') * len(str(12))


@case(vec(6))
def andmod(x):
    s = 0.0
    for i in range(6):
        for j in range(6):
            if i and j % 3 and (x[i] < x[j]):
                s += x[i] * x[j]
            elif not (i % 2 or j) or (x[j] and i > 4):
                s -= x[j] ** 2 * i
            if not i and (not j % 2):
                s += x[j] ** 3
    return s


@case(vec(6), 3)
def whileand(x, n):
    i = 0
    s = 0.0
    while i < 6 and (x[i] > -0.9 or n) and (not s > 100):
        s += x[i] * math.exp(x[i])
        i += 1
        if n and i % 2:
            n -= 1
    return s + n * x[0]


@case(vec(6))
def guardidx(x):
    s = 0.0
    for i in range(8):
        if i < 6 and x[i] > 0:
            s += x[i]
        if i >= 6 or x[i] < 0:
            s += 0.5 * x[0]
        t = x[i] if i < 6 and i % 2 else x[0]
        s += t * t
    return s


@case(vec(4), 0.0, argnums=0)
def floattruth(x, z):
    s = 0.0
    for v in x:
        if v and (not z):
            s += v * v
        assert v or z
        s += (1.0 if z or v else 2.0) * v
    return s


@case(vec(4), [])
def emptylist(x, l):
    return x.sum() if not l and len(x) else x[0]
