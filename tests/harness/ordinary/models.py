"""Models with state, lists of arrays, user-written algebra."""

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ._case import Programs

case = Programs()

# 2-D heat with ghost cells class, in-place
class Grid:
    def __init__(self, nx, ny, dx):
        self.nx, self.ny, self.dx = nx, ny, dx
        self.data = np.zeros((nx+2, ny+2))
    @property
    def interior(self):
        return self.data[1:-1, 1:-1]
    @interior.setter
    def interior(self, v):
        self.data[1:-1, 1:-1] = v
    def apply_bc(self, kind="neumann"):
        d = self.data
        if kind == "neumann":
            d[0, :] = d[1, :]; d[-1, :] = d[-2, :]
            d[:, 0] = d[:, 1]; d[:, -1] = d[:, -2]
        elif kind == "periodic":
            d[0], d[-1] = d[-2], d[1]
            d[:, 0], d[:, -1] = d[:, -2], d[:, 1]
    def laplacian(self):
        d = self.data
        return (d[2:, 1:-1] + d[:-2, 1:-1] + d[1:-1, 2:] + d[1:-1, :-2] - 4*d[1:-1, 1:-1])/self.dx**2
@case(np.random.default_rng(0).random((5, 6)), 0.1)
def heat_grid(u0, alpha):
    g = Grid(5, 6, 1.0)
    g.interior = u0
    for n in range(4):
        g.apply_bc("periodic" if n % 2 else "neumann")
        g.interior = g.interior + 0.2*alpha*g.laplacian()
    return (g.interior**2).sum()

# Kalman RTS smoother storing lists of arrays
@case(np.array([0.1, 0.5]), np.linspace(0, 1, 8))
def rts(logq, ys):
    A = np.array([[1.0, 0.1], [0.0, 1.0]]); C = np.array([[1.0, 0.0]])
    Q = np.exp(logq[0])*np.eye(2); R = np.exp(logq[1])*np.eye(1)
    m = np.zeros(2); P = np.eye(2)
    ms, Ps, mps, Pps = [], [], [], []
    for y in ys:
        mp = A @ m; Pp = A @ P @ A.T + Q
        S = C @ Pp @ C.T + R
        K = np.linalg.solve(S.T, C @ Pp.T).T
        m = mp + (K @ (np.array([y]) - C @ mp))
        P = Pp - K @ S @ K.T
        ms.append(m); Ps.append(P); mps.append(mp); Pps.append(Pp)
    for t in range(len(ys)-2, -1, -1):
        G = np.linalg.solve(Pps[t+1].T, A @ Ps[t].T).T
        m = ms[t] + G @ (m - mps[t+1])
        ms[t] = m
    return sum(np.sum(mm**2) for mm in ms)

# named tuple params with _replace
class OU(NamedTuple):
    theta: float
    mu: float
    sigma: float
@case(OU(0.5, 1.0, 0.3), np.linspace(0.5, 1.5, 10), 0.1)
def ou_loglik(p, x, dt):
    q = p._replace(sigma=p.sigma*1.1)
    a = math.exp(-q.theta*dt)
    var = q.sigma**2*(1 - a*a)/(2*q.theta)
    ll = 0.0
    for i in range(1, len(x)):
        mean = q.mu + (x[i-1] - q.mu)*a
        ll += -0.5*math.log(2*math.pi*var) - (x[i] - mean)**2/(2*var)
    return ll

# defaultdict accumulation and sorted
@case(np.array([1.0, 2.0, 3.0, 4.0]), [0, 1, 0, 2])
def group_sum(x, labels):
    acc = defaultdict(float)
    counts = defaultdict(int)
    for v, k in zip(x, labels):
        acc[k] += v
        counts[k] += 1
    means = {k: acc[k]/counts[k] for k in sorted(acc)}
    return sum(m**2 for m in means.values())

# pendulum double w/ odeint-like generic integrator with *args
def euler_cromer(f, y0, ts, *args, **opts):
    y = np.array(y0, dtype=float)
    out = np.empty((len(ts), len(y)))
    out[0] = y
    for i, (ta, tb) in enumerate(zip(ts[:-1], ts[1:]), start=1):
        n = opts.get("substeps", 1)
        h = (tb - ta)/n
        for k in range(n):
            y = y + h*np.asarray(f(y, ta + k*h, *args))
        out[i] = y
    return out
def double_pendulum(y, t, m1, m2, l1, l2, g=9.81):
    th1, z1, th2, z2 = y
    c, s = np.cos(th1-th2), np.sin(th1-th2)
    z1dot = (m2*g*np.sin(th2)*c - m2*s*(l1*z1**2*c + l2*z2**2) - (m1+m2)*g*np.sin(th1))/l1/(m1 + m2*s**2)
    z2dot = ((m1+m2)*(l1*z1**2*s - g*np.sin(th2) + g*np.sin(th1)*c) + m2*l2*z2**2*s*c)/l2/(m1 + m2*s**2)
    return z1, z1dot, z2, z2dot
@case(np.array([1.0, 0.0, 0.5, 0.0]), 1.0, 1.2)
def pendulum(y0, m1, m2):
    ts = np.linspace(0, 0.5, 6)
    sol = euler_cromer(double_pendulum, y0, ts, m1, m2, 1.0, 0.8, substeps=4)
    return sol[-1] @ sol[-1]

# RK45 adaptive with butcher tableau tuples
C_ = (0, 1/5, 3/10, 4/5, 8/9, 1)
A_ = ((), (1/5,), (3/40, 9/40), (44/45, -56/15, 32/9), (19372/6561, -25360/2187, 64448/6561, -212/729), (9017/3168, -355/33, 46732/5247, 49/176, -5103/18656))
B_ = (35/384, 0, 500/1113, 125/192, -2187/6784, 11/84)
E_ = (71/57600, 0, -71/16695, 71/1920, -17253/339200, 22/525, -1/40)
@case(np.array([2.0, 0.0]), 1.5)
def rk45_adaptive(y0, mu):
    def f(t, y):
        return np.array([y[1], mu*(1 - y[0]**2)*y[1] - y[0]])
    t, y, h, tend = 0.0, y0.copy(), 0.05, 1.0
    nacc = nrej = 0
    while t < tend:
        h = min(h, tend - t)
        k = []
        for ci, ai in zip(C_, A_):
            yi = y.copy()
            for aij, kj in zip(ai, k):
                yi = yi + h*aij*kj
            k.append(f(t + ci*h, yi))
        ynew = y + h*sum(b*kj for b, kj in zip(B_, k))
        k.append(f(t + h, ynew))
        err = h*np.abs(sum(e*kj for e, kj in zip(E_, k)))
        scale = 1e-4 + 1e-4*np.maximum(np.abs(y), np.abs(ynew))
        en = np.sqrt(np.mean((err/scale)**2))
        if en <= 1:
            t += h; y = ynew; nacc += 1
        else:
            nrej += 1
        h *= min(5.0, max(0.2, 0.9*(en + 1e-10)**-0.2))
    return y.sum()

# conv net by hand, im2col
def im2col(x, k):
    H, W = x.shape
    cols = [x[i:H-k+1+i, j:W-k+1+j].ravel() for i in range(k) for j in range(k)]
    return np.stack(cols)
@case(np.random.default_rng(1).random((7, 7)), np.random.default_rng(2).normal(size=(3, 9)), np.random.default_rng(3).normal(size=(75,)))
def convnet(img, W, head):
    h = W @ im2col(img, 3)
    h = np.where(h > 0, h, 0.01*h)
    logit = h.reshape(-1) @ head
    return np.logaddexp(0, -logit)

# PageRank power iteration to convergence
@case(np.random.default_rng(4).random((5, 5)), 0.85)
def pagerank(A, d):
    M = A/A.sum(axis=0)
    n = M.shape[1]
    v = np.ones(n)/n
    for it in range(1000):
        vn = d*M @ v + (1-d)/n
        if np.linalg.norm(vn - v, 1) < 1e-14:
            v = vn
            break
        v = vn
    return v

# gillespie-like tau deterministic, stoich matrix
STOICH = np.array([[-1, 1, 0], [0, -1, 1], [1, 0, -1]])
@case(np.array([0.3, 0.2, 0.5]), np.array([100., 10, 0]))
def ssa_mean(k, x0):
    x = x0.astype(float)
    traj = []
    for _ in range(30):
        a = k*x
        x = x + 0.05*(STOICH.T @ a)
        traj.append(x)
    traj = np.array(traj)
    return np.percentile(traj[:, 2], 50) + traj[-1, 0]

# geometry: polygon area / centroid, zip with shifted list
@case([(0.0, 0.0), (2.0, 0.1), (2.5, 1.5), (0.5, 1.2)])
def polygon(pts):
    area = cx = cy = 0.0
    for (x0, y0), (x1, y1) in zip(pts, pts[1:] + pts[:1]):
        cr = x0*y1 - x1*y0
        area += cr; cx += (x0+x1)*cr; cy += (y0+y1)*cr
    area *= 0.5
    return {"area": area, "centroid": (cx/(6*area), cy/(6*area))}

# B-spline de Boor
@case([0.0, 1.0, -1.0, 2.0, 0.5, 1.0], 1.7)
def deboor(c, x, p=3):
    t = [0, 0, 0, 0, 1, 2, 3, 3, 3, 3]
    k = next(i for i in range(p, len(t)-p-1) if t[i] <= x < t[i+1])
    d = [c[j + k - p] for j in range(p+1)]
    for r in range(1, p+1):
        for j in range(p, r-1, -1):
            alpha = (x - t[j+k-p])/(t[j+1+k-r] - t[j+k-p])
            d[j] = (1-alpha)*d[j-1] + alpha*d[j]
    return d[p]

# logistic regression IRLS w/ assert and isinstance handling
def as_design(X):
    if isinstance(X, (list, tuple)):
        X = np.asarray(X, dtype=float)
    assert X.ndim == 2, f"expected 2-D, got {X.ndim}"
    if not np.all(np.isfinite(X)):
        raise ValueError("non-finite")
    return np.c_[np.ones(X.shape[0]), X]
@case(np.random.default_rng(5).normal(size=(20, 2)), (np.arange(20) % 3 == 0).astype(float))
def irls(X, y):
    Z = as_design(X)
    w = np.zeros(Z.shape[1])
    for _ in range(6):
        eta = Z @ w
        mu = 1/(1 + np.exp(-eta))
        s = mu*(1-mu)
        H = (Z.T*s) @ Z + 1e-3*np.eye(Z.shape[1])
        w = w + np.linalg.solve(H, Z.T @ (y - mu))
    return w

# truss solver with dict nodes
@case({"A": np.array([0., 0]), "B": np.array([2., 0]), "C": np.array([1., 1.5])}, np.array([1.0, 2.0, 1.5]))
def truss(nodes, EA):
    names = list(nodes)
    index = {n: i for i, n in enumerate(names)}
    elems = [("A", "B"), ("B", "C"), ("A", "C")]
    K = np.zeros((6, 6))
    for (a, b), ea in zip(elems, EA):
        d = nodes[b] - nodes[a]
        L = np.sqrt(np.dot(d, d)); c, s = d/L
        T = np.array([[c*c, c*s], [c*s, s*s]])*ea/L
        ia, ib = 2*index[a], 2*index[b]
        K[ia:ia+2, ia:ia+2] += T; K[ib:ib+2, ib:ib+2] += T
        K[ia:ia+2, ib:ib+2] -= T; K[ib:ib+2, ia:ia+2] -= T
    free = [2, 4, 5]
    u = np.linalg.solve(K[np.ix_(free, free)], np.array([0.0, 0.0, -1.0]))
    return u

# autodiff tape written by a user: class Value micrograd (closures list) -- hard
class Node:
    def __init__(self, v, parents=()):
        self.v = v; self.parents = parents; self.g = 0.0
    def __add__(self, o):
        o = o if isinstance(o, Node) else Node(o)
        return Node(self.v + o.v, ((self, 1.0), (o, 1.0)))
    def __mul__(self, o):
        o = o if isinstance(o, Node) else Node(o)
        return Node(self.v*o.v, ((self, o.v), (o, self.v)))
    def backward(self, g=1.0):
        self.g += g
        for p, d in self.parents:
            p.backward(g*d)
@case(1.5, 2.0)
def micrograd(a, b):
    x, y = Node(a), Node(b)
    z = (x*y + x)*y + 3.0
    z.backward()
    return z.v + x.g*y.g

# time-stepping with callbacks list and kwargs
class Simulation:
    def __init__(self, **params):
        self.__dict__.update(params)
        self.t = 0.0
        self.callbacks = []
        self.log = {"t": [], "E": []}
    def on_step(self, cb):
        self.callbacks.append(cb)
        return cb
    def run(self, n):
        for _ in range(n):
            self.v -= self.k/self.m*self.x*self.dt
            self.x += self.v*self.dt
            self.t += self.dt
            for cb in self.callbacks:
                cb(self)
@case(2.0, 0.7)
def sim_callbacks(k, x0):
    sim = Simulation(k=k, m=1.0, x=x0, v=0.0, dt=0.01)
    @sim.on_step
    def record(s):
        s.log["t"].append(s.t)
        s.log["E"].append(0.5*s.m*s.v**2 + 0.5*s.k*s.x**2)
    sim.run(20)
    return sum(sim.log["E"])/len(sim.log["E"])

# Thomas algorithm & Crank-Nicolson
def thomas(a, b, c, d):
    n = len(d)
    cp, dp = np.empty(n), np.empty(n)
    cp[0] = c[0]/b[0]; dp[0] = d[0]/b[0]
    for i in range(1, n):
        m = b[i] - a[i]*cp[i-1]
        cp[i] = c[i]/m if i < n-1 else 0.0
        dp[i] = (d[i] - a[i]*dp[i-1])/m
    x = dp
    for i in reversed(range(n-1)):
        x[i] -= cp[i]*x[i+1]
    return x
@case(0.3, 0.05, 100.0)
def crank_nicolson_option(sigma, r, K):
    M, N, Smax, T = 20, 10, 300.0, 1.0
    S = np.linspace(0, Smax, M+1); dt = T/N
    V = np.maximum(S - K, 0)
    j = np.arange(1, M)
    al = 0.25*dt*(sigma**2*j**2 - r*j); be = -0.5*dt*(sigma**2*j**2 + r); ga = 0.25*dt*(sigma**2*j**2 + r*j)
    for n in range(N):
        rhs = al*V[:-2] + (1+be)*V[1:-1] + ga*V[2:]
        V[0] = 0.0; V[-1] = Smax - K*np.exp(-r*(n+1)*dt)
        rhs[0] += al[0]*V[0]; rhs[-1] += ga[-1]*V[-1]
        V[1:-1] = thomas(-al, 1-be, -ga, rhs)
    return np.interp(105.0, S, V)

# Legendre/associated recursion with memo dict
@case(0.4)
def legendre_memo(x):
    memo = {0: 1.0, 1: x}
    def P(n):
        if n not in memo:
            memo[n] = ((2*n-1)*x*P(n-1) - (n-1)*P(n-2))/n
        return memo[n]
    return sum(P(n)/(n+1) for n in range(8))

# quaternion class with __matmul__, __getitem__, __len__, classmethod
class Quat:
    def __init__(self, w, x, y, z):
        self.q = np.array([w, x, y, z])
    @classmethod
    def from_axis_angle(cls, axis, angle):
        s = np.sin(angle/2)
        a = axis/np.linalg.norm(axis)
        return cls(np.cos(angle/2), *(s*a))
    def __mul__(self, o):
        w1, x1, y1, z1 = self.q; w2, x2, y2, z2 = o.q
        return Quat(w1*w2-x1*x2-y1*y2-z1*z2, w1*x2+x1*w2+y1*z2-z1*y2, w1*y2-x1*z2+y1*w2+z1*x2, w1*z2+x1*y2-y1*x2+z1*w2)
    def conj(self):
        return Quat(self.q[0], *-self.q[1:])
    def rotate(self, v):
        return (self*Quat(0.0, *v)*self.conj()).q[1:]
    def __getitem__(self, i):
        return self.q[i]
    def __len__(self):
        return 4
@case(np.array([1.0, 2.0, 0.5]), 0.7, np.array([0.3, -0.2, 1.0]))
def quaternion(axis, ang, v):
    q = Quat.from_axis_angle(axis, ang)
    return q.rotate(v) @ np.arange(1., 4) + q[0]*len(q)

# particle filter style resampling w/ searchsorted on const weights
@case(np.linspace(-1, 1, 10), 0.4)
def systematic_resample(x, s):
    w = np.exp(-0.5*(x/s)**2); w /= w.sum()
    c = np.cumsum(w)
    n = len(w)
    pos = (np.arange(n) + 0.5)/n
    idx = np.zeros(n, dtype=int)
    i = j = 0
    while i < n:
        if pos[i] < c[j]:
            idx[i] = j
            i += 1
        else:
            j += 1
    return np.mean(x[idx]**2) + w @ x

# string-dispatch and dictionary of functions
KERNELS = {
    "rbf": lambda r, l: np.exp(-0.5*(r/l)**2),
    "matern32": lambda r, l: (1 + np.sqrt(3)*r/l)*np.exp(-np.sqrt(3)*r/l),
}
class GP:
    def __init__(self, kernel="rbf", lengthscale=1.0, noise=0.1):
        self.kernel = KERNELS[kernel]
        self.l, self.noise = lengthscale, noise
    def _K(self, A, B):
        r = np.sqrt(((A[:, None, :] - B[None, :, :])**2).sum(-1) + 1e-12)
        return self.kernel(r, self.l)
    def nll(self, X, y):
        K = self._K(X, X) + self.noise**2*np.eye(len(X))
        L = np.linalg.cholesky(K)
        a = np.linalg.solve(L.T, np.linalg.solve(L, y))
        return 0.5*y @ a + np.log(np.diag(L)).sum() + 0.5*len(X)*np.log(2*np.pi)
@case(np.array([0.2, -1.0]), np.random.default_rng(6).random((6, 2)), np.random.default_rng(7).normal(size=6))
def gp_nll(theta, X, y):
    tot = 0.0
    for name in KERNELS:
        tot += GP(name, lengthscale=np.exp(theta[0]), noise=np.exp(theta[1])).nll(X, y)
    return tot

# snow model with state dataclass, replace
@dataclass(frozen=True)
class Snow:
    swe: float
    liquid: float = 0.0
@case(np.array([3.0, 0.5]), np.sin(np.arange(30.)/3)*5, np.abs(np.cos(np.arange(30.)))*4)
def snow(theta, T, P):
    ddf, tt = theta
    s = Snow(10.0)
    q = np.zeros(len(T))
    for i, (temp, prec) in enumerate(zip(T, P)):
        rain, snowfall = (prec, 0.0) if temp > tt else (0.0, prec)
        melt = min(s.swe, max(0.0, ddf*(temp - tt)))
        s = replace(s, swe=s.swe + snowfall - melt, liquid=s.liquid*0.9 + rain + melt)
        q[i] = 0.1*s.liquid
    return q.mean() + s.swe
