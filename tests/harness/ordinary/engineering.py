"""Engineering programs: objects, tables, lattices, complex numbers."""

import bisect
import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import float64, guvectorize, njit, prange

from ._case import Programs

case = Programs()

# N-body with list of body objects & itertools.combinations
class Body:
    __slots__ = ()
@dataclass
class Planet:
    name: str
    mass: float
    pos: np.ndarray
    vel: np.ndarray
    def kick(self, acc, dt):
        self.vel = self.vel + acc*dt
    def drift(self, dt):
        self.pos = self.pos + self.vel*dt
class SolarSystem:
    G = 1.0
    def __init__(self, bodies):
        self.bodies = list(bodies)
    def accelerations(self):
        acc = [np.zeros(3) for _ in self.bodies]
        for (i, a), (j, b) in itertools.combinations(enumerate(self.bodies), 2):
            d = b.pos - a.pos
            r3 = (d @ d + 1e-6)**1.5
            acc[i] += self.G*b.mass*d/r3
            acc[j] -= self.G*a.mass*d/r3
        return acc
    def step(self, dt):
        for b, a in zip(self.bodies, self.accelerations()):
            b.kick(a, dt/2)
        for b in self.bodies:
            b.drift(dt)
        for b, a in zip(self.bodies, self.accelerations()):
            b.kick(a, dt/2)
    def energy(self):
        ke = sum(0.5*b.mass*b.vel.dot(b.vel) for b in self.bodies)
        pe = 0.0
        for a, b in itertools.combinations(self.bodies, 2):
            pe -= self.G*a.mass*b.mass/np.linalg.norm(a.pos - b.pos)
        return ke + pe
@case(np.array([1.0, 0.1, 0.05]), np.array([[0., 0, 0], [1, 0, 0], [0, 1.5, 0]]), np.array([[0., 0, 0], [0, 1, 0], [-0.8, 0, 0.1]]))
def nbody_objects(m, x, v):
    s = SolarSystem(Planet(f"p{i}", mi, xi.copy(), vi.copy()) for i, (mi, xi, vi) in enumerate(zip(m, x, v)))
    for _ in range(5):
        s.step(0.01)
    return s.energy()

# 2-D lattice Boltzmann
W_LBM = np.array([4/9, 1/9, 1/9, 1/9, 1/9, 1/36, 1/36, 1/36, 1/36])
E_LBM = np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [-1, 1], [-1, -1], [1, -1]])
def feq(rho, ux, uy):
    out = np.empty((9,) + rho.shape)
    usq = ux**2 + uy**2
    for k in range(9):
        cu = E_LBM[k, 0]*ux + E_LBM[k, 1]*uy
        out[k] = W_LBM[k]*rho*(1 + 3*cu + 4.5*cu**2 - 1.5*usq)
    return out
@case(np.random.default_rng(0).random((5, 6))*0.1 + 1, 0.8)
def lbm(rho0, tau):
    f = feq(rho0, 0.05*np.ones_like(rho0), np.zeros_like(rho0))
    for step in range(3):
        rho = f.sum(axis=0)
        ux = np.tensordot(E_LBM[:, 0].astype(float), f, axes=(0, 0))/rho
        uy = np.tensordot(E_LBM[:, 1].astype(float), f, axes=(0, 0))/rho
        f += -(f - feq(rho, ux, uy))/tau
        for k, (ex, ey) in enumerate(E_LBM):
            f[k] = np.roll(np.roll(f[k], ex, axis=0), ey, axis=1)
    return (rho*ux**2).sum()

# NFW lensing-ish, piecewise with np.select / np.piecewise
@case(np.array([0.2, 0.7, 1.1, 1.8, 3.0]), 0.5)
def nfw(x, k):
    out = np.zeros_like(x)
    lo = x < 1; hi = x > 1; eq = x == 1
    xl = x[lo]; xh = x[hi]
    out[lo] = 1/(xl**2-1)*(1 - np.arccosh(1/xl)/np.sqrt(1-xl**2))
    out[hi] = 1/(xh**2-1)*(1 - np.arccos(1/xh)/np.sqrt(xh**2-1))
    out[eq] = 1/3
    return 2*k*out.sum() + np.select([x < 0.5, x < 2], [x**2, np.sin(x)], default=0.0).sum()

# SIR with events dictionary and early returns / tuple returns
def sir_rhs(t, y, beta_fn, gamma):
    s, i, r = y
    n = s + i + r
    b = beta_fn(t)
    return [-b*s*i/n, b*s*i/n - gamma*i, gamma*i]
@case(0.4, 0.1, 0.2)
def sir_lockdown(b0, gamma, b1):
    events = {20: b1, 50: b0}
    current = b0
    y = [990.0, 10.0, 0.0]
    peak, tpeak = 0.0, 0
    for day in range(80):
        if day in events:
            current = events[day]
        dy = sir_rhs(day, y, lambda t: current, gamma)
        y = [a + b for a, b in zip(y, dy)]
        if y[1] > peak:
            peak, tpeak = y[1], day
    return peak, tpeak, tuple(y)

# Levenberg-Marquardt
@case(np.linspace(0, 2, 12), np.exp(-0.7*np.linspace(0, 2, 12))*2.0 + 0.05*np.sin(np.arange(12.)))
def lm_fit(x, y):
    def residual(p):
        return p[0]*np.exp(-p[1]*x) - y
    def jac(p):
        J = np.empty((x.size, 2))
        J[:, 0] = np.exp(-p[1]*x)
        J[:, 1] = -p[0]*x*np.exp(-p[1]*x)
        return J
    p = np.array([1.0, 1.0]); lam = 1e-2
    cost = 0.5*np.sum(residual(p)**2)
    for _ in range(15):
        r, J = residual(p), jac(p)
        A = J.T @ J; g = J.T @ r
        while True:
            dp = np.linalg.solve(A + lam*np.diag(np.diag(A)), -g)
            new = 0.5*np.sum(residual(p + dp)**2)
            if new < cost or lam > 1e8:
                break
            lam *= 10
        p = p + dp
        if abs(cost - new) < 1e-14:
            break
        cost = new
        lam = max(lam/10, 1e-12)
    return p

# ray optics: complex beam parameter ABCD
@case(0.01, 1e-3, 0.5)
def gaussian_beam(w0, lam, f):
    q = 1j*np.pi*w0**2/lam
    for M in (((1, 0.3), (0, 1)), ((1, 0), (-1/f, 1)), ((1, 0.2), (0, 1))):
        (a, b), (c, d) = M
        q = (a*q + b)/(c*q + d)
    return q, (1/q).imag

# transfer-matrix multilayer (complex 2x2)
@case(np.array([1.5, 2.2, 1.38]), np.array([0.1, 0.08, 0.12]), 0.55)
def multilayer(n, d, lam):
    M = np.eye(2, dtype=complex)
    for nj, dj in zip(n, d):
        delta = 2*np.pi*nj*dj/lam
        M = M @ np.array([[np.cos(delta), 1j*np.sin(delta)/nj], [1j*nj*np.sin(delta), np.cos(delta)]])
    n0, ns = 1.0, 1.52
    num = n0*M[0, 0] + n0*ns*M[0, 1] - M[1, 0] - ns*M[1, 1]
    den = n0*M[0, 0] + n0*ns*M[0, 1] + M[1, 0] + ns*M[1, 1]
    return abs(num/den)**2

# Ising-like mean field w/ tolerance and for-else
@case(0.3, 0.8)
def mean_field(h, T):
    m = 0.5
    for k in range(200):
        new = np.tanh((h + m)/T)
        if abs(new - m) < 1e-13:
            break
        m = new
    else:
        raise RuntimeError("did not converge")
    return new

# class with __enter__, context manager timers & config stacking
class Tape:
    def __init__(self): self.items = []
    def __enter__(self): return self
    def __exit__(self, *exc): return False
    def add(self, x): self.items.append(x); return x
@case(np.array([0.5, 1.5]))
def with_tape(x):
    with Tape() as t:
        for v in x:
            t.add(v**2)
        s = sum(t.items)
    return s

# cached property & property chain
class Cylinder:
    def __init__(self, r, h): self.r, self.h = r, h
    @cached_property
    def area(self): return math.pi*self.r**2
    @property
    def volume(self): return self.area*self.h
    @staticmethod
    def moment(m, r): return 0.5*m*r*r
    @classmethod
    def unit(cls): return cls(1.0, 1.0)
@case(2.0, 3.0)
def cylinder(r, h):
    c = Cylinder(r, h)
    return c.volume + c.area + Cylinder.moment(c.volume, c.r) + Cylinder.unit().volume

# polynomials class with list coefficients and zip_longest, __call__, __eq__
class Poly:
    def __init__(self, *coef): self.coef = list(coef)
    def __call__(self, x):
        acc = 0.0
        for c in self.coef[::-1]:
            acc = acc*x + c
        return acc
    def __add__(self, o):
        return Poly(*(a + b for a, b in itertools.zip_longest(self.coef, o.coef, fillvalue=0.0)))
    def __mul__(self, o):
        res = [0.0]*(len(self.coef) + len(o.coef) - 1)
        for i, a in enumerate(self.coef):
            for j, b in enumerate(o.coef):
                res[i+j] += a*b
        return Poly(*res)
    def deriv(self):
        return Poly(*[k*c for k, c in enumerate(self.coef)][1:])
    def __len__(self): return len(self.coef)
@case(1.0, 2.0, 0.5)
def poly_class(a, b, x):
    p, q = Poly(a, b, 1.0), Poly(0.5, a)
    r = p*q + p
    return r(x) + r.deriv()(x) + len(r)

# image: bilinear interpolation with np.floor + int casting
@case(np.random.default_rng(1).random((6, 6)), np.array([1.3, 2.7, 3.2]), np.array([0.4, 2.2, 4.1]))
def bilinear(img, xs, ys):
    x0 = np.floor(xs).astype(int); y0 = np.floor(ys).astype(int)
    x1, y1 = x0 + 1, y0 + 1
    wa = (x1-xs)*(y1-ys); wb = (x1-xs)*(ys-y0); wc = (xs-x0)*(y1-ys); wd = (xs-x0)*(ys-y0)
    return np.sum(wa*img[y0, x0] + wb*img[y1, x0] + wc*img[y0, x1] + wd*img[y1, x1])

# water network: Hardy-Cross loops, dict of tuple keys
@case(np.array([1.0, 2.0, 1.5, 0.8]))
def hardy_cross(k):
    flow = {("A", "B"): 5.0, ("B", "C"): 3.0, ("A", "D"): 5.0, ("D", "C"): 2.0}
    coef = dict(zip(flow, k))
    loop = [(("A", "B"), 1), (("B", "C"), 1), (("D", "C"), -1), (("A", "D"), -1)]
    for _ in range(10):
        num = sum(s*coef[p]*flow[p]*abs(flow[p]) for p, s in loop)
        den = sum(2*coef[p]*abs(flow[p]) for p, s in loop)
        dq = -num/den
        for p, s in loop:
            flow[p] += s*dq
    return flow[("A", "B")]

# battery model: lookup table with bisect

OCV_SOC = [0.0, 0.25, 0.5, 0.75, 1.0]
OCV_V = [3.0, 3.4, 3.6, 3.8, 4.2]
def ocv(soc):
    if soc <= OCV_SOC[0]: return OCV_V[0]
    if soc >= OCV_SOC[-1]: return OCV_V[-1]
    k = bisect.bisect_right(OCV_SOC, soc) - 1
    w = (soc - OCV_SOC[k])/(OCV_SOC[k+1] - OCV_SOC[k])
    return OCV_V[k]*(1-w) + OCV_V[k+1]*w
@case(0.05, 2.1, 0.93)
def battery(R, C, soc0):
    soc, v1, e = soc0, 0.0, 0.0
    for t in range(30):
        i = 1.0 if t % 10 < 5 else 0.2
        soc -= i/C/60
        v1 += 0.1*(i*R - v1)
        v = ocv(soc) - i*R - v1
        e += v*i
    return e

# numba njit nested w/ tuple returns and parallel reductions
@njit(fastmath=True)
def pair_force(dx, dy, dz, cutoff):
    r2 = dx*dx + dy*dy + dz*dz
    if r2 > cutoff*cutoff:
        return 0.0, 0.0
    inv = 1.0/r2
    s6 = inv*inv*inv
    return 4.0*s6*(s6 - 1.0), 24.0*inv*s6*(2.0*s6 - 1.0)
@njit(parallel=True, nogil=True)
def total_energy(pos, box, cutoff):
    n = pos.shape[0]
    e = 0.0
    for i in prange(n):
        for j in range(i+1, n):
            d0 = pos[i, 0] - pos[j, 0]; d1 = pos[i, 1] - pos[j, 1]; d2 = pos[i, 2] - pos[j, 2]
            d0 -= box*np.round(d0/box); d1 -= box*np.round(d1/box); d2 -= box*np.round(d2/box)
            u, _ = pair_force(d0, d1, d2, cutoff)
            e += u
    return e
@case(np.random.default_rng(2).random((6, 3))*3.0, 4.0)
def numba_lj(pos, box):
    return total_energy(pos, box, 2.5)*1e-3

@guvectorize([(float64[:], float64, float64[:])], "(n),()->(n)")
def scale_add(x, a, out):
    for i in range(x.shape[0]):
        out[i] = x[i]*a + 1.0
@case(np.arange(6.0).reshape(2, 3), 2.5)
def use_guvectorize(x, a):
    return scale_add(x, a).sum()

# time integration registry with strings & getattr dispatch
class Stepper:
    def __init__(self, f, method="heun"):
        self.f = f
        self._step = getattr(self, f"step_{method}")
    def step_euler(self, y, h): return y + h*self.f(y)
    def step_heun(self, y, h):
        k = self.f(y)
        return y + h/2*(k + self.f(y + h*k))
    def __call__(self, y, h, n):
        for _ in range(n):
            y = self._step(y, h)
        return y
@case(np.array([1.0, 0.5]), 0.9)
def stepper(y0, w):
    A = np.array([[0.0, 1.0], [-1.0, 0.0]])
    s = Stepper(lambda y: w*(A @ y))
    e = Stepper(lambda y: w*(A @ y), "euler")
    return s(y0, 0.1, 10) @ e(y0, 0.1, 5)

# DP: knapsack-like soft DTW
@case(np.linspace(0, 1, 6), np.linspace(0.2, 1.3, 5)**2, 0.5)
def soft_dtw(x, y, gamma):
    n, m = len(x), len(y)
    R = np.full((n+1, m+1), np.inf)
    R[0, 0] = 0.0
    for i in range(1, n+1):
        for j in range(1, m+1):
            d = (x[i-1] - y[j-1])**2
            prev = np.array([R[i-1, j-1], R[i-1, j], R[i, j-1]])
            mn = prev.min()
            R[i, j] = d + mn - gamma*np.log(np.sum(np.exp(-(prev - mn)/gamma)))
    return R[n, m]

# Fourier series with nested comprehension & np.array of generator list
@case(np.linspace(0.1, 1.0, 4), 0.3)
def fourier(c, t):
    basis = [[math.sin((k+1)*t), math.cos((k+1)*t)] for k in range(len(c))]
    return sum(ck*(s + co) for ck, (s, co) in zip(c, basis)) + max(s for s, _ in basis)

# Implicit Euler with Newton, nested functions returning tuples
@case(np.array([1.0, 0.0, 0.0]), 1.0)
def robertson(y0, scale):
    def f(y):
        a, b, c = 0.04*scale, 1.0, 3.0
        r1, r2, r3 = a*y[0], b*y[1]*y[2], c*y[1]**2
        return np.array([-r1 + r2, r1 - r2 - r3, r3]), np.array([[-a, b*y[2], b*y[1]], [a, -b*y[2] - 2*c*y[1], -b*y[1]], [0, 2*c*y[1], 0]])
    y = y0.copy(); h = 1e-3
    for n in range(5):
        z = y.copy()
        for it in range(8):
            F, J = f(z)
            res = z - y - h*F
            dz = np.linalg.solve(np.eye(3) - h*J, -res)
            z = z + dz
            if np.max(np.abs(dz)) < 1e-13:
                break
        y = z
    return y

# text-ish logs and print in loop
@case(np.array([3.0, 4.0]))
def verbose_loop(x, verbose=False):
    s = 0.0
    for i, v in enumerate(x):
        s += v**2
        if verbose:
            print(f"iter {i}: {s:.3f}")
    msg = "norm={:.2f}".format(1.0)
    return np.sqrt(s) if len(msg) > 0 else 0.0
