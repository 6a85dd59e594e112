"""Linear algebra after the rule tests of Mooncake, Enzyme and Zygote, and the programs of Checkpointing.jl.

Rows of the published tests: BLAS and LAPACK by every side, triangle, transposition and stride, chains of products,
determinants of definite, indefinite and singular matrices, decompositions, reductions along axes, gathers and scatters.
"""

import itertools
import math

import numpy as np
import scipy.linalg as sl
import scipy.special as sp
from scipy.linalg import blas, lapack

from ._case import Corpus, cvec, make, mat, vec

case = Corpus(__name__)


def spd(n):
    return make(lambda r: (lambda a: a @ a.T + n * np.eye(n))(r.normal(size=(n, n))))


for p in 'dz':
    v = (lambda n: vec(n)) if p == 'd' else lambda n: cvec(n)
    m = (lambda *s: mat(*s)) if p == 'd' else lambda *s: cvec(*s)
    G = lambda n, p=p: getattr(blas, p + n)
    for tr in (0, 1, 2):
        for inc in (1, 2):

            def gemv(a, x, y, tr=tr, inc=inc, f=G('gemv')):
                return f(0.7, a, x, beta=0.3, y=y, trans=tr, incx=inc, incy=1)
            na, nb = (3, 4) if tr == 0 else (4, 3)
            case.add(gemv, m(3, 4), v(4 * inc if tr == 0 else 3 * inc), v(3 if tr == 0 else 4), name=f'{p}gemv{tr}{inc}', slow=p == 'z' and inc == 2)
    for lo in (0, 1):

        def symv(a, x, lo=lo, f=G('symv' if p == 'd' else 'hemv')):
            return f(0.7, a, x, lower=lo)
        case.add(symv, m(3, 3), v(3), name=f'{p}symv{lo}', complex_step=False)
        for tr in (0, 1, 2):

            def trmv(a, x, lo=lo, tr=tr, f=G('trmv')):
                return f(a, x, lower=lo, trans=tr, diag=lo)

            def trsv(a, x, lo=lo, tr=tr, f=G('trsv')):
                return f(a + 3 * np.eye(3), x, lower=lo, trans=tr)
            case.add(trmv, m(3, 3), v(3), name=f'{p}trmv{lo}{tr}', complex_step=False, slow=tr != lo)
            case.add(trsv, m(3, 3), v(3), name=f'{p}trsv{lo}{tr}', complex_step=False, slow=tr != lo)

            def trsm(a, b, lo=lo, tr=tr, f=G('trsm')):
                return f(0.7, a + 3 * np.eye(3), b, lower=lo, trans_a=tr, side=lo)
            case.add(trsm, m(3, 3), m(3, 3), name=f'{p}trsm{lo}{tr}', complex_step=False, slow=tr != lo)
    for ta, tb in itertools.product((0, 1, 2), (0, 2)):

        def gemm(a, b, c, ta=ta, tb=tb, f=G('gemm')):
            return f(0.7, a, b, beta=0.3, c=c, trans_a=ta, trans_b=tb)
        case.add(gemm, m(3, 3), m(3, 3), m(3, 3), name=f'{p}gemm{ta}{tb}', complex_step=False, slow=ta != tb)

    def syrk(a, f=G('syrk' if p == 'd' else 'herk')):
        return f(0.7, a)
    case.add(syrk, m(3, 2), name=p + 'syrk', complex_step=False)

    def ax(x, y, f=G('axpy'), g=G('scal'), h=getattr(blas, 'dnrm2' if p == 'd' else 'dznrm2'), k=getattr(blas, 'ddot' if p == 'd' else 'zdotc')):
        return f(x, y.copy(), a=0.4) * h(x) + g(0.3, x.copy()) * k(x, y)
    case.add(ax, v(4), v(4), name=p + 'level1', complex_step=False)


@case(mat(4, 4), mat(4, 2))
def getrs(a, b):
    lu, piv, info = lapack.dgetrf(a)
    x, info = lapack.dgetrs(lu, piv, b)
    return x


@case(mat(3, 3))
def getri(a):
    lu, piv, info = lapack.dgetrf(a)
    x, info = lapack.dgetri(lu, piv)
    return x


@case(spd(3), mat(3, 2), complex_step=False)
def potrs(a, b):
    c, info = lapack.dpotrf(a, lower=1)
    x, info = lapack.dpotrs(c, b, lower=1)
    return x


@case(spd(3), complex_step=False)
def potri(a):
    c, info = lapack.dpotrf(a)
    x, info = lapack.dpotri(c)
    return np.triu(x)


@case(mat(3, 3), mat(3, 2))
def trtrs(a, b):
    return lapack.dtrtrs(a + 3 * np.eye(3), b, lower=1, trans=1)[0]


@case(spd(4))
def logdet_pd(a):
    return np.linalg.slogdet(a)[1] + sl.det(a) * 0.01


@case(make(lambda r: -(lambda a: a @ a.T + 3 * np.eye(3))(r.normal(size=(3, 3)))))
def logdet_nd(a):
    s, l = np.linalg.slogdet(a)
    return s * l + np.linalg.det(a)


@case(mat(5, 5))
def logdet_indef(a):
    s, l = np.linalg.slogdet(a)
    return s * l


@case(np.diag([0.0, 2.0, 3.0]), gradient=np.diag([6.0, 0, 0]), differences=False)
def det_sing(a):
    return np.linalg.det(a)


@case(mat(3, 3), vec(3), vec(3))
def chain1(a, u, v):
    return u @ a @ a.T @ v + (u[:, None] @ v[None] @ a).trace() + u @ np.diag(v) @ a @ u


@case(mat(3, 3), mat(3, 3))
def chain2(a, b):
    return (np.triu(a) @ np.tril(b) @ a.T @ np.diag(np.diag(b)) * 2).sum() + np.linalg.multi_dot([a, b, a, b.T])[0, 1]


@case(mat(2, 3, 4), mat(4, 5), mat(2, 5, 3))
def bmm(a, b, c):
    return (a @ b @ c).sum(0)


@case(mat(2, 3, 4), mat(2, 4, 3))
def eins(a, b):
    return np.einsum('bij,bjk->bik', a, b).sum(0) + np.einsum('bij,bji->i', a, b) + np.tensordot(a, b, ((0, 2), (0, 1)))


@case(vec(3), vec(4))
def outers(a, b):
    return np.outer(a, b) * np.multiply.outer(a, b) + np.add.outer(a, b) + np.inner(a, a) * np.dot(b, b) + np.vdot(a, a)


@case(vec(3), vec(3))
def crossp(a, b):
    return np.cross(a, b)


@case(mat(3, 3), mat(3, 2))
def solve(a, b):
    return np.linalg.solve(a + 3 * np.eye(3), b)


@case(mat(3, 3), mat(2, 3))
def rdiv(a, b):
    return np.linalg.solve((a + 3 * np.eye(3)).T, b.T).T


@case(mat(5, 3), vec(5))
def lstsq(a, b):
    return np.linalg.lstsq(a, b, rcond=None)[0]


@case(mat(3, 5), vec(3))
def lstsq_wide(a, b):
    return np.linalg.lstsq(a, b, rcond=None)[0]


@case(mat(5, 3))
def pinv_t(a):
    return np.linalg.pinv(a)


@case(mat(3, 5))
def pinv_w(a):
    return np.linalg.pinv(a)


@case(spd(3), complex_step=False)
def cholk(a):
    return np.linalg.cholesky(a)


@case(spd(3), complex_step=False)
def cholk_sum(a):
    return (np.linalg.cholesky((a + a.T) / 2) ** 2 * np.arange(9.0).reshape(3, 3)).sum()


@case(mat(3, 3))
def eigsym(a):
    w, v = np.linalg.eigh(a + a.T)
    return (w ** 3).sum() + (v ** 4).sum()


@case(mat(3, 3))
def eigvals(a):
    return np.sum(np.abs(np.linalg.eigvals(a)) ** 2)


@case(mat(4, 3))
def svdk(a):
    u, s, v = np.linalg.svd(a, full_matrices=False)
    return s.sum() + (np.abs(u) ** 3).sum()


@case(mat(4, 3))
def qrk(a):
    q, r = np.linalg.qr(a)
    return np.abs(r) + q.sum()


@case(mat(3, 3))
def expm(a):
    return sl.expm(a)


@case(spd(3), complex_step=False)
def logm(a):
    return sl.logm(a)


@case(spd(3), complex_step=False)
def sqrtm(a):
    return sl.sqrtm(a)


@case(mat(3, 3))
def mpow(a):
    return np.linalg.matrix_power(a, 3) + np.linalg.matrix_power(a + 3 * np.eye(3), -2)


@case(mat(3, 3))
def norms(a):
    return np.linalg.norm(a) + np.linalg.norm(a, 'nuc') + np.linalg.norm(a, 2) + np.linalg.norm(a, 1) + np.linalg.norm(a, np.inf) + np.linalg.norm(a[0], 3) + np.linalg.norm(a, axis=1).sum() + np.linalg.norm(a[0], 1)


@case(np.zeros(3), gradient=np.zeros(3), differences=False, nested=False)
def norm0(x):
    return np.linalg.norm(x)


@case(mat(3, 3), mat(2, 2), mat(3, 2))
def lyap(a, b, c):
    return sl.solve_sylvester(a + 5 * np.eye(3), b, c)


@case(mat(3, 3), mat(3, 3))
def clyap(a, q):
    return sl.solve_continuous_lyapunov(a - 5 * np.eye(3), q)


@case(vec(3), vec(3), vec(4))
def toep(c, r, b):
    return sl.toeplitz(c, r).sum() * b.sum() + sl.circulant(c).sum(0) @ r


@case(mat(3, 4), mat(3, 4))
def cats(a, b):
    return np.concatenate([a, b]).sum(0) + np.vstack([a, b[:1]])[3] + np.hstack([a, b])[0, 2:6] + np.stack([a, b], 1)[0, 1] + np.block([[a], [b]])[5] + np.concatenate([a, np.zeros((0, 4))])[0]


@case(mat(3, 4))
def dims(a):
    return a.sum(0) * a.mean(0) + a.var(0, ddof=1) + a.std(0) + a.prod(0) + a.max(0) + a.min(0) + np.cumsum(a, 0)[1] + np.cumprod(a, 0)[2] + np.ptp(a, 0) + np.median(a, 0)


@case(vec(6))
def sorts(x):
    return np.sort(x) * np.arange(6) + x[np.argsort(-x)] ** 2 + np.partition(x, 2)[2] + np.flip(x) + np.roll(x, 2) + np.repeat(x[:3], 2) + np.tile(x[:2], 3) + np.diff(x, append=x[0]) + np.take(x, [0, 0, 1, 2, 2, 5])


@case(mat(3, 4))
def idx(a):
    return a[[0, 0, 2]].sum() + a[:, [1, 1]].sum() + a[[0, 1, 0], [2, 3, 2]].prod() + a[a > 0].sum() + a[1, ::-1] @ a[2] + a[..., None, 0].sum() + a[np.ix_([0, 2], [1, 3])].prod() + np.take_along_axis(a, np.argsort(a, 1), 1)[0, 0]


@case(mat(3, 4))
def setidx(a):
    b = np.zeros((3, 4))
    b[[0, 2]] = a[:2]
    b[:, 1] += a[:, 0]
    np.add.at(b, ([0, 0, 1], [1, 1, 2]), a[0, :3])
    b[b > 0.3] *= 2
    b[1, ::2] = a[2, ::2] ** 2
    np.put(b, [0, 5], a[0, :2])
    np.fill_diagonal(b, a[:, 3])
    return b


@case(mat(3, 4), mat(4, 3))
def outs(a, b):
    o = np.empty((3, 3))
    np.matmul(a, b, out=o)
    np.multiply(o, o.T, out=o)
    np.add(o, 1, out=o[:, ::-1])
    np.dot(a, b, out=o) if o[0, 0] > 1000000000.0 else None
    o2 = np.zeros(3)
    np.sum(o, axis=0, out=o2)
    np.exp(o2 * 0.1, out=o2)
    return o2


@case(mat(3, 3))
def ufmeth(a):
    return np.add.reduce(a, 1) + np.multiply.accumulate(a, 0)[-1] + np.add.reduceat(a[0], [0, 1, 2]) + np.maximum.reduce(a, 0) + np.subtract.outer(a[0], a[1]).sum(0)


@case(mat(3, 3))
def whereclip(a):
    return np.where(a > 0, a ** 2, -a) + np.clip(a, -0.3, 0.4) + np.select([a > 0.5, a > 0], [a, 2 * a], 3 * a) + np.piecewise(a, [a < 0, a >= 0], [lambda v: v ** 2, lambda v: v]) + np.nan_to_num(a) + np.abs(a)


@case(vec(8))
def fft(x):
    return np.abs(np.fft.fft(x)) ** 2 + np.real(np.fft.ifft(x * np.fft.fft(x))) + np.fft.irfft(np.fft.rfft(x) * 2, 8)


@case(mat(4, 3))
def dists(x):
    d = x[:, None] - x[None]
    return np.sqrt((d ** 2).sum(-1) + 0.001).sum() + np.abs(d).sum()


@case(vec(3))
def lsexp(x):
    return sp.logsumexp(x) + sp.logsumexp(np.stack([x, x]), axis=0, b=np.array([[1.0], [2.0]])).sum() + np.logaddexp(x, x).sum() + sp.softmax(x)[0] + sp.log_softmax(x)[1]


@case(np.array([1.5, 1.5]), gradient=np.array([0.5, 0.5]))
def tie(x):
    return np.logaddexp(x[0], x[1])


@case(np.array([1.0, 1.0]), gradient=np.array([0.5, 0.5]))
def tie2(x):
    return sp.logsumexp(x)


@case(100, 0.5, argnums=1, nested=False, slow=True)
def heat_sum(n, lam):
    T = np.zeros(n)
    T[0] = 20.0
    nT = T.copy()
    for _ in range(500):
        nT[1:-1] = T[1:-1] + lam * (T[:-2] - 2 * T[1:-1] + T[2:])
        nT[0] = T[0]
        nT[-1] = T[-1]
        T, nT = (nT, T)
    return T.sum()


@case(2.0, gradient=1024.0, differences=False, nested=False)
def multilevel(x):
    for o in range(2):
        for i in range(5):
            x = 2.0 * math.sqrt(x) * math.sqrt(x)
    return x


@case(np.array([i / (1 + i) for i in range(1, 11)]), gradient=np.array([(1 + i) / i / 11 for i in range(1, 11)]))
def speel(x):
    y = 1.0
    for v in x:
        y *= v
    return y


@case(1.0, 9.81)
def ball(h, g):
    t = math.sqrt(2 * h / g)
    v = -g * t * -0.8
    dt = 0.01
    y = 0.0
    for _ in range(20):
        y += v * dt
        v -= g * dt
    return y + t


@case(0.7)
def steady(k):
    x = np.array([1.0, 0.5])
    for _ in range(60):
        f = np.array([k - x[0] * x[1], x[0] - 2 * x[1]])
        J = np.array([[-x[1], -x[0]], [1.0, -2.0]])
        dx = np.linalg.solve(J, -f)
        x = x + dx
        if np.linalg.norm(dx) < 1e-13:
            break
    return x.sum()


@case(np.array([1.5, 0.8]), 0.1)
def implicit_euler(p, h):
    y = 1.0
    for _ in range(10):
        z = y
        for _ in range(20):
            r = z - y - h * (-p[0] * z ** 3 + p[1])
            z -= r / (1 + 3 * h * p[0] * z * z)
            if abs(r) < 1e-15:
                break
        y = z
    return y


@case(np.array([1.5, 1.0, 3.0, 1.0]))
def lv_rk45(p):
    y = np.array([1.0, 1.0])
    t, h = (0.0, 0.1)
    f = lambda y: np.array([p[0] * y[0] - p[1] * y[0] * y[1], -p[2] * y[1] + p[3] * y[0] * y[1]])
    while t < 0.5 - 1e-12:
        k1 = f(y)
        k2 = f(y + h / 2 * k1)
        k3 = f(y + 3 * h / 4 * k2)
        y1 = y + h * (2 * k1 + 3 * k2 + 4 * k3) / 9
        k4 = f(y1)
        y = y1
        t += h
    return y.sum()
