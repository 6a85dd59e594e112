"""Simulations, filters and small classes."""

import itertools
import math
from collections import namedtuple
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from functools import reduce

import numpy as np

from ._case import Programs

case = Programs()

# ODE integrator with class state
class RK4:
    def __init__(self, rhs, dt):
        self.rhs = rhs; self.dt = dt; self.t = 0.0; self.nsteps = 0
    def step(self, y):
        h = self.dt
        k1 = self.rhs(self.t, y)
        k2 = self.rhs(self.t + h/2, y + h/2*k1)
        k3 = self.rhs(self.t + h/2, y + h/2*k2)
        k4 = self.rhs(self.t + h, y + h*k3)
        self.t += h
        self.nsteps += 1
        return y + h/6*(k1 + 2*k2 + 2*k3 + k4)
    def integrate(self, y0, tmax):
        y = y0.copy()
        history = [y.copy()]
        while self.t < tmax - 1e-12:
            y = self.step(y)
            history.append(y.copy())
        return np.array(history)

@case(np.array([1.0, 0.5, 0.2]))
def lorenz_class(p):
    def rhs(t, y):
        x, yy, z = y
        return np.array([10.0*(yy - x), x*(28.0 - z) - yy, x*yy - 8/3*z])
    integ = RK4(rhs, 0.01)
    hist = integ.integrate(p, 0.2)
    return hist[:, 0].mean() + integ.nsteps * 0.1

# finite volumes (Burgers, minmod)
def minmod(a, b):
    return np.where(a*b > 0, np.where(np.abs(a) < np.abs(b), a, b), 0.0)

@case(np.sin(np.linspace(0, 6.0, 40)) + 1.5)
def burgers_fv(u0):
    n = u0.size
    dx = 1.0/n
    u = u0.copy()
    t = 0.0
    tend = 0.02
    while t < tend:
        dt = 0.4*dx/np.max(np.abs(u))
        if t + dt > tend:
            dt = tend - t
        du = minmod(u - np.roll(u, 1), np.roll(u, -1) - u)
        uL = u + 0.5*du
        uR = np.roll(u - 0.5*du, -1)
        a = np.maximum(np.abs(uL), np.abs(uR))
        flux = 0.5*(0.5*uL**2 + 0.5*uR**2) - 0.5*a*(uR - uL)
        u = u - dt/dx*(flux - np.roll(flux, 1))
        t += dt
    return np.sum(u**2)

# MCMC loglik with dict params
@case({"mu": 0.3, "log_sigma": -0.2, "beta": np.array([0.1, -0.4])}, np.random.default_rng(0).normal(size=(30, 2)), np.random.default_rng(1).normal(size=30))
def loglik_dict(params, X, y):
    mu = params["mu"]; sigma = np.exp(params["log_sigma"])
    resid = y - mu - X @ params["beta"]
    ll = -0.5*np.sum((resid/sigma)**2) - len(y)*np.log(sigma) - 0.5*len(y)*np.log(2*np.pi)
    prior = 0.0
    for name, v in params.items():
        if name == "beta":
            prior -= 0.5*np.sum(v**2)
        else:
            prior -= 0.5*v**2/10.0
    return ll + prior

# SEIR epidemiology with namedtuple
State = namedtuple("State", "S E I R")
@dataclass
class Params:
    beta: float
    sigma: float
    gamma: float
    N: float = 1000.0
    def r0(self):
        return self.beta/self.gamma
    @property
    def incubation(self):
        return 1.0/self.sigma

def seir_step(s, p, dt):
    inf = p.beta*s.S*s.I/p.N
    return State(s.S - dt*inf, s.E + dt*(inf - p.sigma*s.E), s.I + dt*(p.sigma*s.E - p.gamma*s.I), s.R + dt*p.gamma*s.I)

@case(0.5, 0.2, 0.1)
def seir(beta, sigma, gamma):
    p = Params(beta, sigma, gamma)
    s = State(S=990.0, E=5.0, I=5.0, R=0.0)
    peak = 0.0
    for day in range(100):
        s = seir_step(s, p, 0.5)
        if s.I > peak:
            peak = s.I
    return {"peak": peak, "r0": p.r0(), "inc": p.incubation, "final": s.R}

# orbital mechanics: Kepler solver
class ConvergenceError(Exception):
    pass
def kepler(M, e, tol=1e-12, maxiter=50):
    E = M if e < 0.8 else math.pi
    for i in range(maxiter):
        f = E - e*math.sin(E) - M
        fp = 1 - e*math.cos(E)
        dE = f/fp
        E -= dE
        if abs(dE) < tol:
            break
    else:
        raise ConvergenceError(f"no convergence after {maxiter} iterations: {dE!r}")
    return E

@case(1.0, 0.3, 0.5)
def orbit_position(a, e, M):
    E = kepler(M, e)
    nu = 2*math.atan2(math.sqrt(1+e)*math.sin(E/2), math.sqrt(1-e)*math.cos(E/2))
    r = a*(1 - e*math.cos(E))
    return r*math.cos(nu), r*math.sin(nu)

# circuit nodal analysis with component classes
class Component:
    def __init__(self, name, a, b, value):
        self.name, self.a, self.b, self.value = name, a, b, value
    def conductance(self):
        raise NotImplementedError
    def stamp(self, G, I):
        g = self.conductance()
        if self.a > 0: G[self.a-1, self.a-1] += g
        if self.b > 0: G[self.b-1, self.b-1] += g
        if self.a > 0 and self.b > 0:
            G[self.a-1, self.b-1] -= g
            G[self.b-1, self.a-1] -= g
class Resistor(Component):
    def conductance(self):
        return 1.0/self.value
class CurrentSource(Component):
    def stamp(self, G, I):
        if self.a > 0: I[self.a-1] -= self.value
        if self.b > 0: I[self.b-1] += self.value

@case(np.array([10.0, 22.0, 33.0, 47.0, 0.5]))
def circuit(v):
    comps = [Resistor("R1", 1, 0, v[0]), Resistor("R2", 1, 2, v[1]), Resistor("R3", 2, 3, v[2]), Resistor("R4", 3, 0, v[3]), CurrentSource("I1", 0, 1, v[4])]
    n = max(max(c.a, c.b) for c in comps)
    G = np.zeros((n, n)); I = np.zeros(n)
    for c in comps:
        c.stamp(G, I)
    x = np.linalg.solve(G, I)
    return x

# HMM forward
@case(np.array([0.6, 0.4]), np.array([[0.7, 0.3], [0.4, 0.6]]), np.array([[0.5, 0.4, 0.1], [0.1, 0.3, 0.6]]), np.array([0, 1, 2, 1, 0, 2]))
def hmm_forward(pi, A, B, obs):
    T = len(obs); N = len(pi)
    alpha = np.zeros((T, N)); c = np.zeros(T)
    alpha[0] = pi*B[:, obs[0]]
    c[0] = 1.0/alpha[0].sum()
    alpha[0] *= c[0]
    for t in range(1, T):
        for j in range(N):
            alpha[t, j] = np.dot(alpha[t-1], A[:, j])*B[j, obs[t]]
        c[t] = 1.0/alpha[t].sum()
        alpha[t] *= c[t]
    return -np.sum(np.log(c))

# Viterbi score
@case(np.log(np.array([0.6, 0.4])), np.log(np.array([[0.7, 0.3], [0.4, 0.6]])), np.log(np.array([[0.5, 0.4, 0.1], [0.1, 0.3, 0.6]])), [0, 1, 2, 1])
def viterbi(logpi, logA, logB, obs):
    V = [{}]
    path = {}
    states = range(len(logpi))
    for s in states:
        V[0][s] = logpi[s] + logB[s][obs[0]]
        path[s] = [s]
    for t in range(1, len(obs)):
        V.append({})
        newpath = {}
        for s in states:
            prob, prev = max((V[t-1][s0] + logA[s0][s] + logB[s][obs[t]], s0) for s0 in states)
            V[t][s] = prob
            newpath[s] = path[prev] + [s]
        path = newpath
    prob, state = max((V[-1][s], s) for s in states)
    return prob

# NN by hand with list of layers
class Layer:
    def __init__(self, W, b, activation):
        self.W, self.b, self.activation = W, b, activation
    def __call__(self, x):
        z = x @ self.W + self.b
        return self.activation(z)
class MLP:
    def __init__(self, layers):
        self.layers = layers
    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
relu = lambda z: np.maximum(z, 0)
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e/e.sum(axis=1, keepdims=True)
_r = np.random.default_rng(3)
@case([(_r.normal(size=(4, 8)), np.zeros(8)), (_r.normal(size=(8, 3)), np.zeros(3))], _r.normal(size=(10, 4)), np.array([0,1,2,0,1,2,0,1,2,0]))
def mlp_loss(params, X, labels):
    acts = [np.tanh]*(len(params)-1) + [softmax]
    net = MLP([Layer(W, b, a) for (W, b), a in zip(params, acts)])
    p = net.forward(X)
    return -np.mean(np.log(p[np.arange(len(labels)), labels])) + 1e-3*sum(np.sum(W**2) for W, b in params)

# spectral derivative via DCT-like matrix
@case(np.linspace(0.1, 1, 12))
def cheb_diff(u):
    N = len(u) - 1
    x = np.cos(np.pi*np.arange(N+1)/N)
    c = np.hstack([2, np.ones(N-1), 2])*(-1)**np.arange(N+1)
    X = np.tile(x, (N+1, 1)).T
    dX = X - X.T
    D = np.outer(c, 1/c)/(dX + np.eye(N+1))
    D = D - np.diag(D.sum(axis=1))
    return np.linalg.norm(D @ u)

# image filter with padding
@case(np.random.default_rng(4).random((9, 8)), np.array([[1., 2, 1], [2, 4, 2], [1, 2, 1]]))
def image_filter(img, kernel):
    kernel = kernel/kernel.sum()
    kh, kw = kernel.shape
    padded = np.pad(img, ((kh//2, kh//2), (kw//2, kw//2)), mode="edge")
    out = np.zeros_like(img)
    for (i, j), _ in np.ndenumerate(img):
        out[i, j] = np.sum(padded[i:i+kh, j:j+kw]*kernel)
    gx = np.gradient(out, axis=0)
    return np.sum(gx**2)

# FEM assembly 1D
@case(np.linspace(1.0, 2.0, 8))
def fem1d(E):
    ne = len(E); nn = ne + 1
    K = np.zeros((nn, nn)); f = np.zeros(nn)
    h = 1.0/ne
    gauss = [(-1/np.sqrt(3), 1.0), (1/np.sqrt(3), 1.0)]
    for e in range(ne):
        ke = np.zeros((2, 2)); fe = np.zeros(2)
        for xi, w in gauss:
            N = np.array([0.5*(1-xi), 0.5*(1+xi)])
            B = np.array([-1/h, 1/h])
            ke += E[e]*np.outer(B, B)*w*h/2
            fe += N*w*h/2
        dofs = [e, e+1]
        K[np.ix_(dofs, dofs)] += ke
        f[dofs] += fe
    free = np.arange(1, nn)
    u = np.zeros(nn)
    u[free] = np.linalg.solve(K[np.ix_(free, free)], f[free])
    return u[-1]

# molecular dynamics LJ
class System:
    def __init__(self, pos, vel, eps=1.0, sig=1.0):
        self.pos = pos; self.vel = vel; self.eps = eps; self.sig = sig
        self.forces = np.zeros_like(pos)
        self.energy = 0.0
    def compute_forces(self):
        self.forces[:] = 0
        self.energy = 0.0
        n = len(self.pos)
        for i in range(n - 1):
            for j in range(i + 1, n):
                d = self.pos[i] - self.pos[j]
                r2 = np.dot(d, d)
                sr6 = (self.sig**2/r2)**3
                self.energy += 4*self.eps*(sr6**2 - sr6)
                f = 24*self.eps*(2*sr6**2 - sr6)/r2*d
                self.forces[i] += f
                self.forces[j] -= f
    def step(self, dt):
        self.vel += 0.5*dt*self.forces
        self.pos += dt*self.vel
        self.compute_forces()
        self.vel += 0.5*dt*self.forces
    @property
    def kinetic(self):
        return 0.5*np.sum(self.vel**2)

@case(np.array([[0., 0, 0], [1.1, 0, 0], [0, 1.2, 0.1], [1.0, 1.1, 0.9]]), np.full((4, 3), 0.01))
def lj_md(pos, vel):
    s = System(pos.copy(), vel.copy())
    s.compute_forces()
    for _ in range(5):
        s.step(0.002)
    return s.energy + s.kinetic

# EKF class
class EKF:
    def __init__(self, x, P, Q, R):
        self.x, self.P, self.Q, self.R = x, P, Q, R
        self.loglik = 0.0
    def predict(self, dt):
        F = np.array([[1, dt], [0, 1]])
        self.x = F @ self.x
        self.P = F @ self.P @ F.T + self.Q
    def update(self, z):
        h = np.array([np.sqrt(self.x[0]**2 + 1)])
        H = np.array([[self.x[0]/h[0], 0.0]])
        S = H @ self.P @ H.T + self.R
        K = self.P @ H.T @ np.linalg.inv(S)
        y = z - h
        self.x = self.x + K @ y
        self.P = (np.eye(2) - K @ H) @ self.P
        self.loglik += -0.5*(y @ np.linalg.solve(S, y) + np.log(np.linalg.det(S)))
@case(np.array([0.1, 0.2]), np.linspace(1, 1.5, 6))
def ekf(logs, zs):
    kf = EKF(np.array([0.5, 0.1]), np.eye(2), np.diag(np.exp([logs[0], logs[0]])), np.array([[np.exp(logs[1])]]))
    for z in zs:
        kf.predict(0.1)
        kf.update(np.array([z]))
    return kf.loglik

# binomial option tree
@case(100.0, 105.0, 0.05, 0.2, 1.0)
def binomial_american(S, K, r, sigma, T, n=30, kind="put"):
    dt = T/n
    u = np.exp(sigma*np.sqrt(dt)); d = 1/u
    p = (np.exp(r*dt) - d)/(u - d)
    disc = np.exp(-r*dt)
    prices = [S*u**j*d**(n-j) for j in range(n+1)]
    if kind == "put":
        vals = [max(K - s, 0.0) for s in prices]
    elif kind == "call":
        vals = [max(s - K, 0.0) for s in prices]
    else:
        raise ValueError(f"unknown kind {kind}")
    for i in range(n-1, -1, -1):
        for j in range(i+1):
            cont = disc*(p*vals[j+1] + (1-p)*vals[j])
            s = S*u**j*d**(i-j)
            ex = K - s if kind == "put" else s - K
            vals[j] = max(cont, ex)
    return vals[0]

# glacier flow (SIA)
@case(np.maximum(0, 300*(1 - np.linspace(-1.2, 1.2, 31)**2)), 1e-3)
def glacier(H, mb):
    H = H.copy(); n = H.size
    A = 1e-16; rho = 910.; g = 9.81; dx = 1000.; ng = 3
    Gam = 2.*A*(rho*g)**ng/(ng+2)
    b = np.linspace(200, 0, n)
    for it in range(10):
        s = b + H
        Hs = 0.5*(H[1:] + H[:-1])
        ds = np.diff(s)/dx
        D = Gam*Hs**(ng+2)*np.abs(ds)**(ng-1)
        q = -D*ds
        dt = min(1.0, 0.1*dx**2/(D.max() + 1e-3))
        H[1:-1] -= dt*np.diff(q)/dx
        H += mb*dt
        H[H < 0] = 0.0
    return H.sum()

# hydrology bucket model
@dataclass
class Bucket:
    smax: float
    k: float
    beta: float = 2.0
    storage: float = 0.0
    outflow: list = field(default_factory=list)
    def update(self, rain, pet):
        frac = min(self.storage/self.smax, 1.0)
        runoff = rain*frac**self.beta
        et = pet*frac
        self.storage = max(self.storage + rain - runoff - et, 0.0)
        base = self.k*self.storage
        self.storage -= base
        self.outflow.append(runoff + base)
@case(np.array([100.0, 0.05, 1.5]), np.abs(np.sin(np.arange(40.)))*10, np.full(40, 2.0), np.ones(40))
def bucket(theta, rain, pet, obs):
    m = Bucket(theta[0], theta[1], beta=theta[2], storage=50.0)
    for r, e in zip(rain, pet):
        m.update(r, e)
    sim = np.asarray(m.outflow)
    return 1 - np.sum((sim - obs)**2)/np.sum((obs - obs.mean())**2 + 1)

# ray tracing with vector class
class Vec:
    def __init__(self, x, y, z):
        self.x, self.y, self.z = x, y, z
    def __add__(self, o): return Vec(self.x+o.x, self.y+o.y, self.z+o.z)
    def __sub__(self, o): return Vec(self.x-o.x, self.y-o.y, self.z-o.z)
    def __mul__(self, k): return Vec(self.x*k, self.y*k, self.z*k)
    __rmul__ = __mul__
    def __neg__(self): return Vec(-self.x, -self.y, -self.z)
    def dot(self, o): return self.x*o.x + self.y*o.y + self.z*o.z
    def norm(self): return math.sqrt(self.dot(self))
    def __abs__(self): return self.norm()
    def unit(self): return self*(1/self.norm())
    def __getitem__(self, i): return (self.x, self.y, self.z)[i]
    def __iter__(self): return iter((self.x, self.y, self.z))
class Sphere:
    def __init__(self, c, r): self.c, self.r = c, r
    def hit(self, o, d):
        oc = o - self.c
        b = oc.dot(d); c = oc.dot(oc) - self.r**2
        disc = b*b - c
        if disc < 0:
            return None
        t = -b - math.sqrt(disc)
        return t if t > 1e-6 else None
@case(1.0, 0.5)
def raytrace(r, lx):
    scene = [Sphere(Vec(0, 0, 5), r), Sphere(Vec(1, 0.5, 4), 0.5)]
    light = Vec(lx, 1, -1).unit()
    total = 0.0
    for iy in range(5):
        for ix in range(5):
            d = Vec((ix-2)/5, (iy-2)/5, 1.0).unit()
            best = None; obj = None
            for s in scene:
                t = s.hit(Vec(0, 0, 0), d)
                if t is not None and (best is None or t < best):
                    best, obj = t, s
            if obj is not None:
                p = d*best
                n = (p - obj.c).unit()
                total += max(0.0, n.dot(light)) + 0.1*abs(-n)
    return total

# chemistry kinetics with stoichiometry from dicts
REACTIONS = [({"A": 1}, {"B": 1}, 0), ({"B": 2}, {"B": 1, "C": 1}, 1), ({"B": 1, "C": 1}, {"A": 1, "C": 1}, 2)]
@case(np.array([0.04, 3.0, 1.0]))
def kinetics(k):
    conc = {"A": 1.0, "B": 0.0, "C": 0.0}
    for _ in range(50):
        rates = {s: 0.0 for s in conc}
        for reac, prod_, ki in REACTIONS:
            r = k[ki]
            for s, nu in reac.items():
                r = r*conc[s]**nu
            for s, nu in reac.items():
                rates[s] -= nu*r
            for s, nu in prod_.items():
                rates[s] += nu*r
        for s in conc:
            conc[s] += 0.01*rates[s]
    return conc["C"]

# gradient descent w/ callbacks & closures
@case(np.array([0.5, -0.3]))
def inner_opt(theta):
    calls = 0
    def f(x):
        nonlocal calls
        calls += 1
        return (x[0] - theta[0])**2 + 10*(x[1] - theta[1]*x[0])**2
    def g(x):
        return np.array([2*(x[0]-theta[0]) - 20*theta[1]*(x[1]-theta[1]*x[0]), 20*(x[1]-theta[1]*x[0])])
    x = np.zeros(2)
    history = []
    for it in range(20):
        step = 1.0
        fx = f(x); gx = g(x)
        while f(x - step*gx) > fx - 0.5*step*(gx @ gx):
            step *= 0.5
            if step < 1e-8:
                break
        x = x - step*gx
        history.append(fx)
    return x.sum() + history[-1] + 0*calls

# dual numbers
class Dual:
    def __init__(self, v, d=0.0): self.v, self.d = v, d
    def _lift(o): return o if isinstance(o, Dual) else Dual(o)
    def __add__(self, o):
        o = Dual._lift(o); return Dual(self.v+o.v, self.d+o.d)
    __radd__ = __add__
    def __mul__(self, o):
        o = Dual._lift(o); return Dual(self.v*o.v, self.v*o.d + self.d*o.v)
    __rmul__ = __mul__
    def __pow__(self, n): return Dual(self.v**n, n*self.v**(n-1)*self.d)
    def __sub__(self, o): return self + (-1)*o
    def __truediv__(self, o):
        o = Dual._lift(o); return Dual(self.v/o.v, (self.d*o.v - self.v*o.d)/o.v**2)
    def __lt__(self, o): return self.v < (o.v if isinstance(o, Dual) else o)
def dsin(x): return Dual(math.sin(x.v), math.cos(x.v)*x.d)
@case(0.7, 1.3)
def dual_newton(a, x0):
    x = x0
    for _ in range(8):
        X = Dual(x, 1.0)
        y = X**3 - a*X + dsin(X) - 1
        x = x - y.v/y.d
    return x

# generator/itertools pair sums
@case(np.array([[0., 0], [1, 0.2], [0.3, 1.1], [1.2, 1.3]]), np.array([1., -1, 2, -0.5]))
def coulomb(pos, q):
    e = 0.0
    for i, j in itertools.combinations(range(len(q)), 2):
        r = np.linalg.norm(pos[i] - pos[j])
        e += q[i]*q[j]/r
    e += sum(qi*p[0] for qi, p in zip(q, pos))
    e += reduce(lambda a, b: a*b, [1 + 0.1*x for x in q])
    return e

# polynomial / Horner / functional
@case([1.0, -2.0, 0.5, 3.0], 0.7)
def horner(c, x):
    val = reduce(lambda acc, ck: acc*x + ck, c, 0.0)
    der = sum(k*ck*x**(k-1) for k, ck in enumerate(reversed(c)) if k > 0)
    third = list(map(lambda t: t**2, c))
    fourth = list(filter(lambda t: t > 0, c))
    return val + der + sum(third) + len(fourth)

# Enum/ match
class Scheme(Enum):
    EULER = 1
    HEUN = 2
    RK4 = 4
@case(0.3)
def scheme_match(k, scheme=Scheme.HEUN):
    y = 1.0; h = 0.1
    f = lambda y: -k*y + 0.1*y**2
    for _ in range(20):
        match scheme:
            case Scheme.EULER:
                y = y + h*f(y)
            case Scheme.HEUN:
                k1 = f(y); k2 = f(y + h*k1)
                y = y + h/2*(k1 + k2)
            case _:
                raise ValueError("scheme")
    return y

# IntEnum & constants in class
class Idx(IntEnum):
    X = 0
    Y = 1
    VX = 2
    VY = 3
@case(np.array([0.0, 1.0, 3.0, 4.0]))
def projectile(s):
    s = s.copy(); dt = 0.01; drag = 0.1
    while s[Idx.Y] > 0:
        v = math.hypot(s[Idx.VX], s[Idx.VY])
        s[Idx.X] += dt*s[Idx.VX]
        s[Idx.Y] += dt*s[Idx.VY]
        s[Idx.VX] -= dt*drag*v*s[Idx.VX]
        s[Idx.VY] -= dt*(9.81 + drag*v*s[Idx.VY])
    return s[Idx.X]
