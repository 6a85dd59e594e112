"""Programs after the tests of JAX, autograd and tangent: transformations written by hand, trees, and NumPy's wider surface."""

import collections
import functools
import math
import operator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ._case import Corpus, cvec, int_vec, make, mat, pos, vec

case = Corpus(__name__)


def scan(f, carry, xs, reverse=False):
    ys = []
    for x in reversed(xs) if reverse else xs:
        carry, y = f(carry, x)
        ys.append(y)
    return carry, np.stack(ys[::-1] if reverse else ys)


def tree_map(f, *trees):
    first = trees[0]
    if isinstance(first, dict):
        return {k: tree_map(f, *(t[k] for t in trees)) for k in sorted(first)}
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(tree_map(f, *ts) for ts in zip(*trees)))
    if isinstance(first, (list, tuple)):
        return type(first)(tree_map(f, *ts) for ts in zip(*trees))
    return None if first is None else f(*trees)


def tree_leaves(t):
    if isinstance(t, dict):
        return [leaf for k in sorted(t) for leaf in tree_leaves(t[k])]
    if isinstance(t, (list, tuple)):
        return [leaf for v in t for leaf in tree_leaves(v)]
    return [] if t is None else [t]


State = collections.namedtuple("State", "position velocity step")


@case(vec(3), mat(4, 3))
def scans_forwards_and_backwards(h, xs):
    cell = lambda h, x: (np.tanh(h * 0.9 + x), h @ x)
    h, up = scan(cell, h, xs)
    h, down = scan(cell, h, xs, reverse=True)
    return h, up * down


@case({"w": make(lambda r: r.normal(size=(2, 3))), "b": (0.3, None, [make(lambda r: r.normal(size=2))])}, 0.1)
def tree_arithmetic(p, rate):
    g = tree_map(lambda v: 2 * v, p)
    m = tree_map(np.zeros_like, p)
    for _ in range(2):
        m = tree_map(lambda a, b: 0.9 * a + b, m, g)
        p = tree_map(lambda a, b: a - rate * b, p, m)
    return functools.reduce(operator.add, (np.sum(v * v) for v in tree_leaves(p)))


@case(vec(2), vec(2))
def named_state_through_while(x, v):
    s = State(x, v, 0)
    while s.step < 5 and np.abs(s.position).max() < 3:
        a = -np.sin(s.position)
        s = s._replace(position=s.position + 0.3 * s.velocity, velocity=s.velocity + 0.3 * a, step=s.step + 1)
    return s.position * s.velocity


def vmap(f, axes=0, out=0):
    def mapped(*args):
        axis = axes if isinstance(axes, tuple) else (axes,) * len(args)
        n = next(np.shape(a)[k] for a, k in zip(args, axis) if k is not None)
        rows = [f(*(a if k is None else np.take(a, i, axis=k) for a, k in zip(args, axis))) for i in range(n)]
        return np.stack(rows, axis=out)

    return mapped


@case(mat(3, 4), mat(4, 2), vec(4))
def mapped_functions(a, b, c):
    return (vmap(np.dot)(a, a), vmap(vmap(np.dot, (None, 1)), (0, None))(a, b), vmap(np.outer, (0, None), out=1)(a, c),
            vmap(lambda r, s: np.where(s > 0, r, -r).sum(), (1, 0))(a, c))


@case(vec(4))
def polynomial_by_fold_and_by_library(x):
    c = np.array([1.0, -0.5, 0.25])
    p = np.polynomial.Polynomial(c)
    return (np.polyval(c, x), p(x), p.deriv()(x), np.polynomial.chebyshev.chebval(x, c), np.vander(x, 3) @ c,
            np.polyval(np.poly(x[:2]), 0.3), np.polyadd(x, c)[0], np.polymul(x, c), np.polynomial.hermite.hermval(x, c))


@case(vec(6), int_vec(2, 0, 0, 1, 2, 2))
def segment_sums_and_bincounts(x, ids):
    total = np.zeros(3)
    np.add.at(total, ids, x)
    top = np.full(3, -np.inf)
    np.maximum.at(top, ids, x)
    soft = np.exp(x - top[ids])
    norm = np.bincount(ids, soft, 3)
    return total, soft / norm[ids], np.add.reduceat(x, [0, 2, 3]), np.bincount(ids, weights=x * x)


@case(make(lambda r: np.array([0.3, np.nan, -0.7, 1.2])), complex_step=False, nested=False, differences=False,
      gradient=np.array([1.6, 0.0, -0.4, 3.4]))
def nan_aware_sums(x):
    return np.nansum(x) + np.nansum(x * x)


@case(pos(3, 4))
def statistics_along_axes(x):
    w = x[0]
    return (np.average(x, axis=1, weights=w), np.cov(x), np.corrcoef(x)[0], np.percentile(x, [20, 70], axis=1),
            np.quantile(x, 0.35, method="lower"), np.median(x, axis=0), np.ptp(x, 1), x.std(0, ddof=1), x.var((0, 1)),
            np.histogram(x[0], bins=3, weights=x[1])[0] * x[2, 0], np.diff(x, n=2), np.ediff1d(x[0]), np.gradient(x[1], 0.5))


@case(mat(2, 3, 4))
def axes_moved_and_merged(x):
    return (np.moveaxis(x, 0, -1).reshape(4, -1)[:, 1], np.rollaxis(x, 2).sum(1), np.einsum("abc->ca", x), x.swapaxes(0, 2)[1],
            np.rot90(x, axes=(1, 2))[0], np.flip(x, (0, 2))[0, 0], np.roll(x, (1, 2), axis=(0, 2))[0], x.transpose(2, 0, 1)[0],
            np.tensordot(x, x, axes=([0, 1], [0, 1])), np.tile(x, (1, 2, 1))[0, 3], np.repeat(x, [1, 2], axis=0)[2],
            np.apply_over_axes(np.sum, x, (0, 2)).ravel(), np.array_split(x, 2, axis=2)[0].sum(), np.kron(x[0], x[1, :1])[0])


@case(mat(3, 3), mat(3, 3))
def contraction_orders(a, b):
    return (np.einsum("ij,jk,kl->il", a, b, a), np.einsum("ii->i", a), np.einsum("ij,ij", a, b), np.einsum("...i,i", a, b[0]),
            np.einsum(a, [0, 1], b, [1, 2], [0, 2]), np.linalg.multi_dot([a, b, a]), np.vdot(a, b), np.inner(a, b)[0],
            np.einsum("ij,kj->ik", a, b, optimize=True), np.matmul(a[None], b)[0, 1], np.trace(a @ b, offset=1))


@case(vec(5), mat(5, 5))
def quadratic_programs_by_hand(x, q):
    h = q @ q.T + np.eye(5)
    c = np.linalg.cholesky(h)
    y = np.linalg.solve(c, x)
    z = np.linalg.solve(c.T, y)
    s, ld = np.linalg.slogdet(h)
    return z @ x + s * ld + np.linalg.inv(h)[0, 1] + np.linalg.norm(c) + np.linalg.det(h) * 1e-2


@case(cvec(3, 3), cvec(3))
def complex_linear_algebra(a, z):
    h = a @ a.conj().T + 2 * np.eye(3)
    y = np.linalg.solve(h, z)
    q = np.vdot(z, y)
    return (q.real, np.abs(np.linalg.eigvalsh(h)) ** 2, np.linalg.norm(a @ z), np.linalg.slogdet(h)[1], np.exp(1j * z).imag,
            np.abs(np.linalg.det(a)), np.angle(z * (2 + 1j)), (z.conj() * z).real, np.real_if_close(q * 0.5).real)


@case(0.3 + 0.4j)
def holomorphic_number(z):
    return (z**3).real + (z.conjugate() * z).imag + abs(z * z) + (1 / z).real


@case(vec(8))
def windows_and_frequencies(x):
    w = sliding_window_view(x, 4)
    f = np.fft.rfft(x * np.hanning(8))
    return (w @ np.array([1.0, 2, 0, -1]), np.abs(f) ** 2, np.fft.irfft(f * np.exp(-1j * np.arange(5)), 8),
            np.fft.fftshift(np.fft.fft(x)).imag, np.unwrap(x * 5), np.fft.fft2(x.reshape(2, 4)).real, np.sinc(x), np.i0(x))


@case(vec(4))
def predicates_and_indices(x):
    i, j = np.nonzero(np.outer(x, x) > 0)
    order = np.lexsort((x, np.round(x)))
    where = np.flatnonzero(x < 0.5)
    u, inverse = np.unique(np.round(x, 1), return_inverse=True)
    return (x[i] * x[j], x[order], x[where].sum(), np.extract(x > -2, x), np.compress([1, 0, 1], x), x[np.argmax(x)],
            x[np.searchsorted(np.sort(x), 0.0) - 1], u[inverse].sum() * x, np.triu(np.outer(x, x), 1)[0], np.digitize(x, [0.0]) * x)


@case(pos(4))
def clipping_and_safe_divisions(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.where(x > 0.1, 1 / x, np.inf)
        s = np.divide(x, x - x[0], out=np.zeros(4), where=x != x[0])
    return (r, s, np.clip(x, 0.6, 1.2), np.clip(x, x[1] - 1, None), np.nan_to_num(x), np.maximum.accumulate(x), np.fmin(x, 1.0),
            np.copysign(x, -1), np.sign(x) * x, np.heaviside(x, 0.5) * x, np.hypot(x, x[0]), np.logaddexp2(x, 1.0))


@case(vec(3))
def meshes_and_grids(x):
    a, b = np.meshgrid(x, x * 2, indexing="ij")
    c, d = np.ix_(x, x[:2])
    e = np.fromfunction(lambda i, j: i * x[0] + j, (2, 2))
    return ((a * b).sum(0), c + d, e, np.mgrid[0:2, 0:3][1] * x, np.r_[x, 0, x[:1]], np.c_[x, x], np.linspace(x[0], x[1], 4),
            np.full((2, 2), x[0]), np.full_like(x, x[2]), np.broadcast_to(x, (2, 3)), np.diag(x, 1), np.diagflat(x), np.tri(3) * x,
            np.block([[np.eye(2), x[:2, None]], [x[None, :]]]), np.select([x > 0], [x * x], 1.0), np.atleast_2d(x), np.stack([x, x]))


@case(vec(5))
def custom_derivatives_cannot_be_needed(x):
    top = np.max(x)
    lse = top + np.log(np.sum(np.exp(x - top)))
    soft = np.where(x > 30, x, np.log1p(np.exp(np.minimum(x, 30))))
    gelu = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return lse, soft, gelu, x / np.sqrt(1 + x * x), np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


@case(mat(3, 2), vec(2))
def implicit_layers_by_iteration(w, x):
    z = np.zeros(3)
    for _ in range(60):
        z = np.tanh(0.3 * (w @ w.T) @ z + w @ x)
    return z


@case(vec(2), np.arange(3.0), argnums=0)
def closures_made_in_a_comprehension(x, ts):
    fs = [lambda t, a=a: a * t + x[0] for a in x]
    gs = [functools.partial(pow, v * v + 1) for v in x]
    return [sum(f(t) for f in fs) * gs[k % 2](2) for k, t in enumerate(ts)]


@case(vec(4), 2)
def static_arguments_choose_the_program(x, n):
    table = {0: np.sum, 1: np.prod, 2: lambda v: v @ v}

    def chain(n):
        return table[n](x) if n else 1.0

    return chain(n) * chain(n - 1) + (x[:n] ** n).sum() + sum(chain(k) for k in range(n))


@case(np.float32(0.7), make(lambda r: r.normal(size=3).astype(np.float32)), rtol=2e-2, nested=False)
def mixed_precision(s, x):
    y = x * s
    z = y.astype(np.float64) * 2.0 + np.float64(0.5)
    return (z**2).sum() + float(y[0])


@case(vec(3))
def object_arrays_of_arrays(x):
    o = np.empty(3, dtype=object)
    for k in range(3):
        o[k] = x[: k + 1] * (k + 1)
    ragged = [v.sum() for v in o]
    s = sum(o[1:] * 2)if False else o[2] * ragged[1]
    return s, np.concatenate(list(o)), (np.array([x[0], x[1]], dtype=object) * 2).sum()


@case(vec(6))
def reshape_orders_and_strides(x):
    a = x.reshape(2, 3, order="F")
    b = np.asfortranarray(a)
    b[0] *= 2
    c = a.ravel("F")
    c[1] *= 3
    d = a.T.copy(order="K")
    return x, b.ravel("A"), c, d.flatten("C"), np.ravel(a, order="K"), np.reshape(b, -1, order="A")
