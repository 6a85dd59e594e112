"""Python's own idioms in numerical programs."""

import math
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from functools import lru_cache, wraps

import numpy as np
from numba import njit, prange, vectorize

from ._case import Programs

case = Programs()

# numba style
@njit(cache=False)
def laplace(u, out, dx):
    n, m = u.shape
    for i in range(1, n-1):
        for j in range(1, m-1):
            out[i, j] = (u[i+1, j] + u[i-1, j] + u[i, j+1] + u[i, j-1] - 4*u[i, j])/dx**2
@njit(parallel=True, fastmath=False)
def gs_step(u, v, du, dv, F, k):
    for i in prange(u.shape[0]):
        for j in range(u.shape[1]):
            uvv = u[i, j]*v[i, j]*v[i, j]
            u[i, j] += 0.1*(0.16*du[i, j] - uvv + F*(1-u[i, j]))
            v[i, j] += 0.1*(0.08*dv[i, j] + uvv - (F+k)*v[i, j])
@njit
def gray_scott_core(u, v, F, k, nsteps):
    du = np.zeros_like(u); dv = np.zeros_like(v)
    for _ in range(nsteps):
        laplace(u, du, 1.0); laplace(v, dv, 1.0)
        gs_step(u, v, du, dv, F, k)
    return u, v
@case(np.random.default_rng(0).random((6, 6)), np.random.default_rng(1).random((6, 6)), 0.04, 0.06)
def gray_scott(u0, v0, F, k):
    u, v = gray_scott_core(u0.copy(), v0.copy(), F, k, 5)
    return (u*v).sum()

@vectorize(["float64(float64, float64)"])
def vmax0(a, b):
    return a*b if a > b else a + b
@case(np.array([1.0, -2, 3.0]), np.array([0.5, 0.5, 4.0]))
def use_vectorize(a, b):
    return vmax0(a, b).sum()

def logged(f):
    @wraps(f)
    def wrapper(*args, **kwargs):
        r = f(*args, **kwargs)
        return r
    return wrapper
@logged
def sat_vapor(T):
    return 0.6108*np.exp(17.27*T/(T + 237.3))
@lru_cache(maxsize=None)
def factorial_(n):
    return 1 if n < 2 else n*factorial_(n-1)
@case(np.linspace(5, 25, 10), 0.6)
def penman(T, rh):
    es = sat_vapor(T)
    ea = rh*es
    series = sum((-0.1)**k/factorial_(k) for k in range(6))
    return np.sum(es - ea)*series

# abstract hierarchy
class Potential(ABC):
    @abstractmethod
    def energy(self, r): ...
    def force(self, r, h=1e-3):
        return -(self.energy(r+h) - self.energy(r-h))/(2*h)
class Morse(Potential):
    name = "morse"
    def __init__(self, D, a, r0):
        super().__init__()
        self.D, self.a, self.r0 = D, a, r0
    def energy(self, r):
        return self.D*(1 - np.exp(-self.a*(r - self.r0)))**2
class ShiftedMorse(Morse):
    name = "shifted"
    def __init__(self, D, a, r0, shift):
        super().__init__(D, a, r0)
        self.shift = shift
    def energy(self, r):
        return super().energy(r) - self.shift
@case(1.2, 0.9, 1.1)
def hierarchy(D, a, r0):
    pots = [Morse(D, a, r0), ShiftedMorse(D, a, r0, shift=0.3*D)]
    tot = 0.0
    for p in pots:
        if isinstance(p, ShiftedMorse):
            tot += 2*p.energy(1.5)
        else:
            tot += p.energy(1.5) + p.force(1.3)
        if p.name == "shifted":
            tot += 1.0
    return tot

# LSTM ADBench-like growing list read by index
@case(np.random.default_rng(2).normal(size=(4, 3))*0.3, np.random.default_rng(3).normal(size=(7, 3)), np.zeros(3))
def growing_states(W, xs, s0):
    states = [s0]
    for t in range(len(xs)):
        z = states[t]*W[0] + xs[t]*W[1]
        states.append(np.tanh(z)*W[2] + W[3])
    total = 0.0
    for t in range(len(xs)):
        total += np.sum(states[t+1]**2)
    return total

def construct_l(d, icf):
    constructL_Lparamidx = d
    def make_col(i):
        nonlocal constructL_Lparamidx
        nelems = d - i - 1
        col = np.concatenate([np.zeros(i + 1), icf[constructL_Lparamidx:(constructL_Lparamidx + nelems)]])
        constructL_Lparamidx += nelems
        return col
    columns = [make_col(i) for i in range(d)]
    return np.column_stack(columns)
@case(np.linspace(0.1, 1, 6))
def gmm_cols(icf):
    return np.sum(construct_l(3, icf)**2)

def fattr(d, icf):
    fattr.idx = d
    def make_col(i):
        n = d - i - 1
        col = np.concatenate([np.zeros(i+1), icf[fattr.idx:fattr.idx+n]])
        fattr.idx += n
        return col
    return np.column_stack([make_col(i) for i in range(d)])
@case(np.linspace(0.1, 1, 6))
def gmm_fattr(icf):
    return np.sum(fattr(3, icf)**2)

# deque history / Adams-Bashforth
@case(1.0, 0.3)
def adams_bashforth(y0, k):
    f = lambda y: -k*y*y
    hist = deque(maxlen=2)
    y = y0; h = 0.05
    hist.append(f(y))
    y = y + h*hist[-1]
    for i in range(30):
        hist.append(f(y))
        y = y + h*(1.5*hist[-1] - 0.5*hist[-2])
    return y

# set / dict membership
@case(np.array([[0., 1], [1, 0], [1, 1], [0, 0.5]]), np.array([1.0, 2, 3, 4]))
def graph_laplacian(pos, m):
    edges = [(0, 1), (1, 2), (2, 3), (3, 0)]
    neighbors = {}
    for i, j in edges:
        neighbors.setdefault(i, []).append(j)
        neighbors.setdefault(j, []).append(i)
    e = 0.0
    for i, ns in neighbors.items():
        for j in ns:
            d = pos[i] - pos[j]
            e += 0.5*m[i]*np.sqrt(d @ d)
    pinned = {0, 2}
    for i in range(len(m)):
        if i not in pinned:
            e += m[i]**2
    return e

# while True w/ convergence + try/except
@case(2.0, 5.0)
def sqrt_newton(a, b):
    def safe_div(x, y):
        try:
            return x/y
        except ZeroDivisionError:
            return 0.0
    x = a; it = 0
    while True:
        xn = 0.5*(x + safe_div(b, x))
        it += 1
        if abs(xn - x) < 1e-12*abs(x) or it > 100:
            break
        x = xn
    return xn

# recursion: adaptive simpson
def _simpson(f, a, fa, b, fb):
    m = 0.5*(a+b); fm = f(m)
    return m, fm, abs(b-a)/6*(fa + 4*fm + fb)
def _asr(f, a, fa, b, fb, eps, whole, m, fm, depth):
    lm, flm, left = _simpson(f, a, fa, m, fm)
    rm, frm, right = _simpson(f, m, fm, b, fb)
    delta = left + right - whole
    if depth <= 0 or abs(delta) <= 15*eps:
        return left + right + delta/15
    return _asr(f, a, fa, m, fm, eps/2, left, lm, flm, depth-1) + _asr(f, m, fm, b, fb, eps/2, right, rm, frm, depth-1)
@case(1.3)
def adaptive_simpson(k):
    f = lambda x: math.exp(-k*x)*math.sin(3*x)
    a, b = 0.0, 2.0
    fa, fb = f(a), f(b)
    m, fm, whole = _simpson(f, a, fa, b, fb)
    return _asr(f, a, fa, b, fb, 1e-6, whole, m, fm, 8)

# walrus, star unpack, chained compare
@case(np.array([3.0, 1.0, 2.0, 5.0]))
def walrus_star(x):
    first, *mid, last = x
    s = first*last
    if (n := len(mid)) > 1:
        s += n*mid[0]
    for a, *rest in [(x[0], x[1], x[2]), (x[1], x[2], x[3])]:
        s += a*sum(rest)
    if 0 < s < 100:
        s = s**2
    return s

# ufunc methods
@case(np.linspace(0.1, 1, 9).reshape(3, 3), np.array([0, 2, 0]))
def ufunc_methods(a, idx):
    out = np.zeros(3)
    np.add.at(out, idx, a[:, 0])
    r = np.multiply.reduce(a, axis=1)
    c = np.add.accumulate(a[0])
    o = np.multiply.outer(a[0], a[1])
    m = np.maximum.reduce(a)
    s = np.subtract.outer(a[0], a[1])
    return out @ r + c.sum() + o.trace() + m.sum() + np.abs(s).sum()

# np.vectorize, np.frompyfunc
@case(np.linspace(-1, 1, 5))
def npvec(x):
    def heav(t, a):
        return a*t*t if t > 0 else 0.0
    g = np.vectorize(heav)
    return g(x, 2.0).sum()

# ndindex, nditer, nested conditionals
@case(np.random.default_rng(5).random((4, 5)))
def ising_like(J):
    e = 0.0
    for i, j in np.ndindex(*J.shape):
        for di, dj in ((0, 1), (1, 0)):
            ii, jj = (i + di) % J.shape[0], (j + dj) % J.shape[1]
            e -= J[i, j]*J[ii, jj]
    return e

# boolean masks both sides
@case(np.linspace(-2, 2.1, 11))
def masks(x):
    y = np.empty_like(x)
    neg = x < 0
    y[neg] = x[neg]**2
    y[~neg] = np.sqrt(x[~neg] + 0.1)
    small = np.abs(x) < 0.5
    y[neg & small] *= 3
    idx = np.where(small)[0]
    z = y[idx]
    cnt = np.count_nonzero(neg)
    return y.sum() + z.prod() + cnt

# slices held in variables
@case(np.random.default_rng(6).random((6, 7)))
def held_slices(u):
    inner = (slice(1, -1), slice(1, -1))
    N = (slice(2, None), slice(1, -1)); S = (slice(None, -2), slice(1, -1))
    ix = np.s_[1:-1, 2:]
    jx = np.s_[1:-1, :-2]
    lap = u[N] + u[S] + u[ix] + u[jx] - 4*u[inner]
    v = u.copy()
    v[inner] += 0.1*lap
    return (v**2).sum()

# complex impedance
@case(10.0, 0.6, 0.3, 0.2)
def impedance(R, C, L, f):
    w = 2*np.pi*f
    Z = R + 1j*w*L + 1/(1j*w*C)
    return abs(Z), np.angle(Z)

@case(np.linspace(0.1, 1, 8))
def dft_complex(x):
    N = len(x)
    X = np.zeros(N, dtype=complex)
    for k in range(N):
        for n in range(N):
            X[k] += x[n]*np.exp(-2j*np.pi*k*n/N)
    return X

@case(1.5, 2.0)
def returns_complex(a, b):
    z = complex(a, b)
    return z*z + 1/z

# returns dataclass
@dataclass
class Fit:
    slope: float
    intercept: float
    resid: np.ndarray
@case(np.arange(6.0), np.array([1., 2.1, 2.9, 4.2, 5.0, 6.1]))
def linfit(x, y):
    xm, ym = x.mean(), y.mean()
    slope = np.sum((x-xm)*(y-ym))/np.sum((x-xm)**2)
    b = ym - slope*xm
    return Fit(slope, b, y - slope*x - b)

@case(np.arange(6.0))
def returns_views(x):
    return x[1:3], x[::-2], x[None, 1:].T, x.reshape(2, 3)[:, 1]

@case(np.arange(1, 7.0) + 0.3, 0.3)
def returns_mixed(x, k):
    n = 0
    out = []
    for v in x:
        if v > 2:
            out.append(v*k); n += 1
    return {"vals": out, "n": n, "arr": np.array(out), "tag": "done", "nested": (x*k, [k, 2.0])}

# module-level constants dict/list/array/object
COEF = {"a": 1.5, "b": [0.1, 0.2, 0.3]}
TABLE = [(0.0, 1.0), (1.0, 3.0), (2.0, 2.0)]
NODES, WEIGHTS = np.polynomial.legendre.leggauss(5)
GL = {5: (NODES, WEIGHTS)}
class Config:
    dt = 0.01
    steps = 10
    gains = (1.0, 2.0)
CFG = Config()
@case(0.8)
def module_consts(x):
    y = COEF["a"]*x
    for k, b in enumerate(COEF["b"]):
        y += b*x**k
    for (x0, y0), (x1, y1) in zip(TABLE, TABLE[1:]):
        if x0 <= x < x1:
            y += y0 + (y1-y0)*(x-x0)/(x1-x0)
    xs, ws = GL[5]
    y += np.sum(ws*np.exp(-x*xs**2))
    for _ in range(CFG.steps):
        y += CFG.dt*CFG.gains[1]*x
    return y
