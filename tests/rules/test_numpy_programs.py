"""Programs of NumPy beyond the ufuncs: masked arrays, polynomials, stacks of matrices, records, everything that indexes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.polynomial import (
    Chebyshev,
    Hermite,
    HermiteE,
    Laguerre,
    Legendre,
    Polynomial,
    chebyshev as ch,
    legendre as le,
    polynomial as P,
)
from programs import check

r = np.random.default_rng(5)
v = r.standard_normal(6)
M = r.standard_normal((3, 4))
A = r.standard_normal((3, 3)) + 3 * np.eye(3)
B = r.standard_normal((2, 3, 3)) + 2 * np.eye(3)
hole = np.array([1.0, np.nan, 2.0, 0.5, np.nan, 3.0])
pos = np.abs(v) + 0.2
PROGRAMS = {}


def add(n, f, x):
    PROGRAMS[n] = (f, x)


ma = np.ma
mk = np.array([0, 1, 0, 0, 1, 0], bool)
for n in ("sum", "mean", "var", "std", "prod", "max", "min", "cumsum", "anom", "ptp"):
    add("ma " + n, lambda x, n=n: ma.filled(getattr(ma.array(x, mask=mk), n)(), 0.0), v)
add("ma arith", lambda x: (ma.array(x, mask=mk) * 2 + ma.array(x) ** 2).filled(0.0), v)
add("ma where", lambda x: ma.where(x > 0, ma.array(x, mask=mk), x**2).filled(1.0), v)
add("ma masked_where", lambda x: ma.masked_where(x < 0, x).sum(), v)
add("ma average", lambda x: ma.average(ma.array(x, mask=mk), weights=pos), v)
add("ma median", lambda x: ma.median(ma.array(x, mask=mk)), v)
add("ma exp", lambda x: ma.exp(ma.array(x, mask=mk)).filled(0), v)
add("ma log", lambda x: ma.log(ma.array(x)).filled(0.0), v)
add("ma sqrt div", lambda x: (ma.sqrt(ma.array(x)) / ma.array(x)).filled(0.0), v)
add("ma compressed", lambda x: ma.array(x, mask=mk).compressed(), v)
add("ma dot", lambda x: ma.dot(ma.array(M), ma.array(x[:4])).filled(0.0), v)
add("ma set", lambda x: (lambda a: (a.__setitem__(0, x[1] ** 2), a.filled(0.0))[1])(ma.array(x * 1.0, mask=mk)), v)
add("ma concatenate", lambda x: ma.concatenate([ma.array(x, mask=mk), x]).filled(0.0), v)
add("ma masked_invalid", lambda x: ma.masked_invalid(x * hole).sum(), v)
add("ma data", lambda x: ma.array(x, mask=mk).data ** 2, v)
add("ma index", lambda x: ma.array(x, mask=mk)[2:].sum(), v)
add("ma polyfit", lambda x: ma.polyfit(np.arange(6.0), ma.array(x, mask=mk), 2), v)
for K in (Polynomial, Chebyshev, Legendre, Hermite, HermiteE, Laguerre):
    n = K.__name__
    add(n + " call", lambda c, K=K: K(c)(v), v[:4])
    add(n + " x", lambda x, K=K: K([1.0, 2.0, -0.5, 0.3])(x), v)
    add(n + " mul", lambda c, K=K: (K(c) * K(c[:2])).coef, v[:4])
    add(n + " deriv integ", lambda c, K=K: K(c).deriv().integ(2, k=[1.0, 2.0]).coef, v[:4])
    add(n + " fit", lambda y, K=K: K.fit(np.arange(6.0), y, 2)(1.3), v)
    add(n + " fit x", lambda x, K=K: K.fit(x, v**2, 2)(1.3), np.arange(6.0))
    add(n + " convert", lambda c, K=K: K(c).convert(kind=Polynomial).coef, v[:4])
    add(n + " roots", lambda c, K=K: np.abs(K(c).roots()), v[:4])
    add(n + " div", lambda c, K=K: (K(c) // K([1.0, 2.0])).coef, v[:4])
    add(n + " pow", lambda c, K=K: (K(c) ** 3).coef, v[:3])
    add(n + " linspace", lambda c, K=K: K(c).linspace(5)[1], v[:4])
    add(n + " domain", lambda c, K=K: K(c, domain=[0, 2.0])(v), v[:4])
add("polyval2d", lambda c: P.polyval2d(v, v, c), M)
add("polygrid2d", lambda c: P.polygrid2d(v, v[:3], c), M)
add("chebval2d", lambda c: ch.chebval2d(v, v, c), M)
add("polyvander2d", lambda x: P.polyvander2d(x, x, [1, 2]), v)
add("chebinterpolate", lambda p: ch.chebinterpolate(lambda x: np.tanh(p[0] * x), 5), v)
add("leggauss", lambda x: np.sum(le.leggauss(4)[1] * np.exp(x[0] * le.leggauss(4)[0])), v)
add("polyfromroots", lambda x: P.polyfromroots(x), v[:4])
add("poly1d ops", lambda c: (np.poly1d(c) ** 2).deriv().integ()(v), v[:4])
add("roots", lambda c: np.abs(np.roots(c)), np.array([1.0, -3.0, 2.5, 0.4]))
add("polyfit w cov", lambda y: np.polyfit(np.arange(6.0), y, 1, w=pos, cov=True)[1], v)
add("polyfit full", lambda y: np.polyfit(np.arange(6.0), y, 1, full=True)[1], v)
for n in ("nansum", "nanmean", "nanstd", "nanvar", "nanmax", "nanmin", "nanprod", "nancumsum", "nanmedian"):
    add(n, lambda x, n=n: getattr(np, n)(x * hole), v)
add("nanpercentile", lambda x: np.nanpercentile(x * hole, [20, 60]), v)
add("nanquantile ax", lambda x: np.nanquantile(x, 0.3, axis=0), M)
add("histogram w", lambda w: np.histogram(v, bins=4, weights=w)[0], v)
add("histogram density", lambda w: np.histogram(v, bins=4, weights=w, density=True)[0], pos)
add("histogram x", lambda x: np.histogram(x, bins=4)[1], v)
add("histogram2d w", lambda w: np.histogram2d(v, v**2, bins=3, weights=w)[0], v)
add("histogramdd w", lambda w: np.histogramdd(np.stack([v, v**2], 1), bins=3, weights=w)[0], v)
add("bincount w", lambda w: np.bincount([0, 1, 1, 2, 0, 3], w), v)
add("digitize", lambda x: x * np.digitize(x, [-1, 0, 1]), v)
for n in (
    "det",
    "inv",
    "cholesky",
    "eigvalsh",
    "slogdet",
    "svd",
    "qr",
    "eigh",
    "norm",
    "cond",
    "pinv",
    "matrix_power",
    "eigvals",
):

    def f(b, n=n):
        g = getattr(np.linalg, n)
        if n in ("cholesky", "eigvalsh", "eigh"):
            b = b @ np.swapaxes(b, -1, -2)
        y = g(b, -2) if n == "matrix_power" else g(b, axis=(1, 2)) if n == "norm" else g(b)
        if n == "svd":
            return y[1]
        if n == "slogdet":
            return y[1]
        if n in ("eigh",):
            return y[0]
        if n == "qr":
            return y[1]
        return np.abs(y) if n == "eigvals" else y

    add("batched " + n, f, B)
add("batched solve", lambda b: np.linalg.solve(b, M[:, :2]), B)
add("batched solve bcast", lambda m: np.linalg.solve(A, m), B)
add("lstsq", lambda a: np.linalg.lstsq(a.T, v[:4], rcond=None)[0], M)
add("tensorsolve", lambda a: np.linalg.tensorsolve(a.reshape(3, 1, 3), np.ones((3, 1))), A)
add("outer", lambda x: np.linalg.outer(x, x), v)
add("vecdot", lambda x: np.vecdot(x, x**2), M)
add("matvec", lambda x: np.matvec(M, x[:4]), v)
add("vecmat", lambda x: np.vecmat(x[:3], M), v)
add("matrix_transpose", lambda x: np.matrix_transpose(x) @ x, M)
add("einsum", lambda x: np.einsum("ij,jk,kl->il", x, x.T, x, optimize=True), M)
add("einsum path", lambda x: np.einsum("ij,ij->", x, x, optimize=np.einsum_path("ij,ij->", x, x)[0]), M)
add("einsum ell", lambda b: np.einsum("...ij,...jk->...ik", b, b), B)
add("einsum trace", lambda b: np.einsum("bii->b", b), B)
add("tensordot", lambda b: np.tensordot(b, A, axes=([1, 2], [0, 1])), B)
add("kron", lambda x: np.kron(x, A), M)
add("sliding", lambda x: np.lib.stride_tricks.sliding_window_view(x, 3).sum(1) ** 2, v)
add("as_strided", lambda x: np.lib.stride_tricks.as_strided(x * 1.0, (4, 3), (8, 8)).mean(1) ** 2, v)
add("block", lambda x: np.block([[x, x], [x**2, x]]), A)
add("apply_along", lambda x: np.apply_along_axis(lambda r: np.sort(r) ** 2, 1, x), M)
add("vectorize", lambda x: np.vectorize(lambda a, b: a * b if a > 0 else b**2)(x, x[::-1]), v)
add("vectorize sig", lambda x: np.vectorize(lambda a: np.sum(a**2), signature="(n)->()")(x), M)
add("fromfunction", lambda x: np.fromfunction(lambda i, j: i * x[0] + j * x[1], (3, 3)), v)
add("fromiter", lambda x: np.fromiter((t**2 for t in x), float), v)
add("piecewise", lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda t: t**2, np.sin]), v)
add("select", lambda x: np.select([x < -0.5, x < 0.5], [x**2, x], x**3), v)
add("choose", lambda x: np.choose([0, 1, 0, 1, 1, 0], [x, x**2]), v)
add("unwrap", lambda x: np.unwrap(np.cumsum(x * 3)), v)
add("gradient", lambda x: np.gradient(x, pos.cumsum()), v)
add("trapezoid x", lambda x: np.trapezoid(v, x), pos.cumsum())
add("interp", lambda x: np.interp(x, np.linspace(-3, 3, 7), np.cos(np.arange(7.0))), v)
add("convolve", lambda x: np.convolve(x, x, "same"), v)
add("correlate", lambda x: np.correlate(x, x, "full"), v)
add("cov", lambda x: np.cov(x, x**2), v)
add("corrcoef", lambda x: np.corrcoef(x), M)
add("percentile", lambda x: np.percentile(x, [10, 50, 90], axis=1), M)
add("quantile w", lambda x: np.quantile(x, 0.3, weights=pos, method="inverted_cdf"), v)
add("median", lambda x: np.median(x, axis=0), M)
add("average", lambda w: np.average(M, axis=1, weights=w), pos[:4])
add("unique", lambda x: np.unique(x) ** 2, v)
add("sort complex", lambda x: np.sort_complex(x).real ** 2, v)
add("lexsort", lambda x: x[np.lexsort((x,))] ** 2, v)
add("partition", lambda x: np.partition(x, 2) ** 2, v)
add("searchsorted", lambda x: x[np.searchsorted(np.sort(x), x)], v)
add(
    "put_along",
    lambda x: (lambda a: (np.put_along_axis(a, np.array([[0], [1], [2]]), x[:3, None], 1), a)[1])(np.zeros((3, 4))),
    v,
)
add("take_along", lambda x: np.take_along_axis(x, np.argsort(x, 1), 1) ** 2, M)
add("place", lambda x: (lambda a: (np.place(a, a > 0, x[:2]), a)[1])(np.arange(-2.0, 4)), v)
add("copyto where", lambda x: (lambda a: (np.copyto(a, x, where=x > 0), a)[1])(np.zeros(6)), v)
add("nditer", lambda x: sum(float(t) ** 2 for t in np.nditer(x)), v)
add("ndenumerate", lambda x: sum((i[0] * t**2 for i, t in np.ndenumerate(x))), v)
add("flat", lambda x: (lambda a: (a.flat.__setitem__(slice(0, 3), x[:3] ** 2), a)[1])(np.zeros((2, 3))), v)
add("r_", lambda x: np.r_[x, x[:2] ** 2, 1.0], v)
add("c_", lambda x: np.c_[x, x**2], v)
add("ix_", lambda x: x[np.ix_([0, 2], [1, 3])] ** 2, M)
add("mgrid", lambda x: np.mgrid[0:3, 0:2] * x[0], v)
add("meshgrid", lambda x: np.meshgrid(x, x[:2])[0] * 2, v)
add("indices", lambda x: np.indices((2, 3)) * x[0], v)
add("tril_indices", lambda x: x[np.tril_indices(3)] ** 2, M[:, :3])
add("rot90", lambda x: np.rot90(x) @ x, A)
add("roll", lambda x: np.roll(x, 2) * x, v)
add("pad", lambda x: np.pad(x, 2, "reflect") ** 2, v)
add("insert", lambda x: np.insert(x, [1, 3], x[:2] ** 2), v)
add("delete", lambda x: np.delete(x, 2) ** 2, v)
add("trim_zeros", lambda x: np.trim_zeros(np.r_[0, x, 0]) ** 2, v)
add("tile repeat", lambda x: np.tile(x, 2) * np.repeat(x, 2), v)
add("broadcast_to", lambda x: np.broadcast_to(x, (3, 6)).sum(0) ** 2, v)
add("frexp", lambda x: np.frexp(x)[0], v)
add("modf", lambda x: np.modf(x)[0] ** 2, v)
add("ldexp", lambda x: np.ldexp(x, 2), v)
add("divmod", lambda x: np.divmod(x, 0.7)[1], v)
add("float_power", lambda x: np.float_power(pos, x), v)
add("logaddexp", lambda x: np.logaddexp(x, x[::-1] ** 2), v)
add("logaddexp2", lambda x: np.logaddexp2(x, 1.0), v)
add("heaviside", lambda x: np.heaviside(x, 0.5) * x, v)
add("sinc", lambda x: np.sinc(x), v)
add("i0", lambda x: np.i0(x), v)
add("real_if_close", lambda x: np.real_if_close(x + 0j), v)
add("angle", lambda x: np.angle(x + 1j), v)
add("nan_to_num", lambda x: np.nan_to_num(x * hole), v)
add("clip", lambda x: np.clip(x, -0.5, x[0]), v)
add("cumulative_prod", lambda x: np.cumulative_prod(x), v)
add("reduceat", lambda x: np.add.reduceat(x**2, [0, 2, 4]), v)
add("outer ufunc", lambda x: np.multiply.outer(x, x), v)
add("accumulate", lambda x: np.maximum.accumulate(x) ** 2, v)
add("add.at", lambda x: (lambda a: (np.add.at(a, [0, 1, 1], x[:3]), a)[1])(np.zeros(3)), v)
add("matrix", lambda x: np.asarray(np.matrix(x) * np.matrix(x).T), M)
add("recarray", lambda x: np.rec.fromarrays([x, x**2], names="a,b").b * 2, v)
add(
    "structured",
    lambda x: (lambda a: (a.__setitem__("p", x), a["p"] ** 2)[1])(np.zeros(6, [("p", float), ("q", int)])),
    v,
)
add("chararray n/a", lambda x: x * len(np.char.add("a", "b").item()), v)
add("astype f32", lambda x: x.astype(np.float32).astype(float) * 2, v)
add("cbrt", lambda x: np.cbrt(x), v)
add("spacing", lambda x: x * np.spacing(x), v)
add("trig", lambda x: np.arctan2(x, x[::-1]) + np.hypot(x, 1), v)
add("fft", lambda x: np.abs(np.fft.fft(x)), v)
add("irfft", lambda x: np.fft.irfft(np.fft.rfft(x) * 2), v)
add("hfft", lambda x: np.fft.hfft(x + 1j * x[::-1]).real, v)
add("isin", lambda x: x * np.isin(x, v[:2]), v)
add("array_split", lambda x: np.array_split(x, 4)[1] ** 2, v)
add("memmap-like", lambda x: np.asarray(memoryview(np.arange(6.0))) * x, v)
add("ediff1d", lambda x: np.ediff1d(x) ** 2, v)
add("cross", lambda x: np.cross(x[:3], x[3:]), v)
add("trace", lambda b: np.trace(b, axis1=1, axis2=2), B)
add("diagflat", lambda x: np.diagflat(x) @ np.ones(6), v)
add("fill_diagonal", lambda x: (lambda a: (np.fill_diagonal(a, x[:3]), a)[1])(np.zeros((3, 3))), v)
add("unpackdims", lambda x: np.moveaxis(x, 0, 2) * 2, B)
add("put", lambda x: (lambda a: (np.put(a, [0, 4], x[:2]), a)[1])(np.zeros(6)), v)
add("compress", lambda x: np.compress([1, 0, 1], x, 0) ** 2, M)
add("extract", lambda x: np.extract(x > 0, x) ** 2, v)
add("argwhere", lambda x: x[np.argwhere(x > 0)[:, 0]] ** 2, v)
add("std ddof", lambda x: np.std(x, ddof=1, axis=0, keepdims=True), M)
add("linalg.trace", lambda b: np.linalg.trace(b), B)
for n in ("recarray", "astype f32", "isin"):
    PROGRAMS.pop(n)
D = np.dtype([("p", float), ("q", int), ("r", float, (2,))])


def rec(f):

    def g(x):
        a = np.zeros(3, D)
        return f(a, x)

    return g


def r1(a, x):
    t = a["p"]
    t[:2] = x[:2] ** 2
    t *= x[2]
    return a["p"] * 3


def r2(a, x):
    a["r"] = x[:3, None] * x[:2]
    return a["r"] ** 2


def r3(a, x):
    a[0] = (x[0], 3, (x[1], x[2]))
    return a["p"][0] * a[0]["r"][1]


def r4(a, x):
    a["p"][1] = x[0]
    return a[1]["p"] ** 2


def r5(a, x):
    a["p"] = x[:3]
    t = a[[0, 2]]
    t["p"] *= 2
    return t["p"] ** 2


def r6(a, x):
    a["p"] = x[:3]
    t = np.zeros(3, D)
    t[:] = a
    return sum(q["p"] ** 2 for q in t)


for n, f in (("fields", r1), ("subarray", r2), ("record", r3), ("one", r4), ("fancy", r5), ("whole", r6)):
    add("records " + n, rec(f), v)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    """Value, reverse and forward mode."""
    check(*PROGRAMS[name])
