"""NumPy called in the many ways people call it."""

import numpy as np
from numpy import linalg as la

from ._case import Corpus, cvec, mat, pos, vec

case = Corpus(__name__)


@case(pos(5))
def unary_ufuncs(x):
    y = x / 3
    return (np.sin(x) + np.cos(x) * np.tan(y) + np.exp(x) - np.log(x) + np.sqrt(x) + np.square(x) + np.cbrt(x)
            + np.reciprocal(x) + np.log2(x) + np.log10(x) + np.log1p(x) + np.expm1(x) + np.exp2(x) + np.sinh(x)
            + np.cosh(x) + np.tanh(x) + np.arcsin(y) + np.arccos(y) + np.arctan(x) + np.arcsinh(x) + np.arccosh(1 + x)
            + np.arctanh(y) + np.absolute(x) + np.fabs(x) + np.negative(x) + np.positive(x) + np.deg2rad(x)
            + np.rad2deg(x) + np.sinc(x) + np.i0(x) * 0 + np.real(x) + np.nan_to_num(x))


@case(pos(5), pos(5, low=0.3))
def binary_ufuncs(x, y):
    return (np.add(x, y) + np.subtract(x, y) * np.multiply(x, y) + np.divide(x, y) + np.true_divide(y, x)
            + np.power(x, y) + np.float_power(y, x) + np.arctan2(x, y) + np.hypot(x, y) + np.maximum(x, y)
            + np.minimum(x, y) + np.fmax(x, 0.9) + np.fmin(y, 0.8) + np.logaddexp(x, y) + np.logaddexp2(x, y)
            + np.copysign(x, -y) + np.mod(x, 0.31) + np.fmod(y, 0.31) + np.remainder(x, 0.43) + np.ldexp(x, 2)
            + np.heaviside(x - 1, 0.5) * x + np.floor_divide(x, 0.31) * y)


@case(pos(5))
def ufuncs_with_several_results(x):
    fraction, whole = np.modf(x * 3)
    mantissa, exponent = np.frexp(x)
    quotient, rest = np.divmod(x, 0.37)
    return fraction * x + mantissa * exponent + rest * whole + quotient * x


@case(mat(3, 4))
def ufunc_methods(a):
    return (np.add.reduce(a), np.multiply.reduce(a, axis=1), np.add.accumulate(a, axis=1), np.maximum.reduce(a, axis=0),
            np.multiply.outer(a[0], a[1]), np.add.reduceat(a[0], [0, 2]), np.subtract.outer(a[:, 0], a[0]),
            np.minimum.accumulate(a[1]), np.add.reduce(a, axis=None, initial=2.0), np.logaddexp.reduce(a[2]))


@case(mat(3, 4))
def array_methods(a):
    return (a.sum(), a.mean(axis=0), a.prod(axis=1), a.max(), a.min(axis=1), a.std(), a.var(axis=0, ddof=1), a.cumsum(),
            a.cumprod(axis=1), a.dot(a.T), a.ravel(), a.reshape(2, -1), a.transpose(), a.T, a.flatten("F"),
            a.squeeze(), a.clip(-0.5, 0.5), a.round(1) * a, a.take([1, 2], axis=1), a.repeat(2, axis=0), a.trace(),
            a.diagonal(), a.swapaxes(0, 1), a.conj(), a.copy(), a.item(3), a.compress([True, False, True], axis=0),
            a.tolist()[1], a.ptp() if hasattr(a, "ptp") else np.ptp(a))


@case(mat(2, 3, 4))
def reductions_with_all_options(a):
    return (np.sum(a, axis=(0, 2)), np.sum(a, axis=-1, keepdims=True), np.mean(a, axis=(1,)), np.sum(a, where=a > 0),
            np.max(a, axis=(0, 1)), np.amin(a, axis=2, keepdims=True), np.var(a, axis=(0, 2)),
            np.std(a, axis=1, ddof=1),
            np.prod(a, axis=0), np.nansum(a), np.nanmean(a, axis=0), np.average(a, axis=1, weights=[1.0, 2.0, 3.0]),
            np.median(a, axis=2), np.quantile(a, 0.3), np.percentile(a, [25, 60], axis=0), np.sum(a, dtype=float))


@case(mat(3, 4), mat(4, 2), vec(4))
def products(a, b, v):
    return (a @ b, a.dot(v), np.dot(v, b), np.matmul(a, b), np.inner(a, v), np.outer(v, v), np.vdot(v, v),
            np.tensordot(a, b, axes=1), np.tensordot(a, a, axes=([0, 1], [0, 1])), np.einsum("ij,jk->ki", a, b),
            np.einsum("ij,ij->i", a, a), np.einsum("i,j", v, v), np.kron(a, b), np.cross(v[:3], v[1:]),
            np.einsum(a, [0, 1], b, [1, 2], [0, 2]), np.linalg.multi_dot([a, b, b.T]), v @ v)


@case(mat(2, 3, 4), mat(4, 3))
def stacked_products(a, b):
    return a @ b, np.matmul(b, a), np.einsum("...ij,jk->...ik", a, b), np.einsum("bij,bkj->ik", a, a)


@case(mat(3, 4))
def shapes(a):
    return (a[None], a[:, None, :], np.expand_dims(a, (0, 3)), np.moveaxis(a, 0, 1), np.rollaxis(a, 1), np.rot90(a),
            np.flip(a), np.fliplr(a), np.flipud(a), np.roll(a, 1, axis=0), np.tile(a, 2),
            np.repeat(a, [1, 0, 2], axis=0),
            np.broadcast_to(a, (2, 3, 4)) * 1, np.pad(a, 1), np.pad(a, ((1, 0), (0, 2)), mode="edge"),
            np.array_split(a, 2)[0] * 2, np.block([[a, a], [a * 2, a]]), np.atleast_3d(a), np.squeeze(a[:1]))


@case(vec(5))
def creation(x):
    return (np.array([x[0], 1.0, x[2]]), np.array([[x[0], 2], [3, x[1] * x[2]]]), np.full((2, 2), x[3]),
            np.full_like(x, x[1] ** 2), np.zeros_like(x) + x, np.ones(5) * x, np.diag(x), np.diag(x, 1), np.eye(5) * x,
            np.vander(x, 3), np.tri(5) @ x, np.asarray([x, x * 2]), np.stack([x[:2], x[2:4]]), np.array(x[0]),
            np.array([x, [1, 2, 3, 4, 5]]), np.identity(5)[0] * x, np.array((x[1],) * 3), np.asarray(x[0] * 2))


@case(vec(6))
def selections(x):
    return (np.where(x > 0, x, x**2), np.where(x > 0, 1.0, x), np.select([x < -0.5, x < 0.5], [x, x**2], default=x**3),
            np.choose([0, 1, 0, 1, 0, 1], [x, -x]), np.take(x, [[0, 1], [5, 5]]), np.compress(x > 0, x),
            np.extract(x < 0, x),
            x[x > 0].sum(), np.take_along_axis(x, np.argsort(x), 0), np.maximum(x, 0), np.delete(x, 2),
            np.insert(x, 1, x[5]),
            np.unique(x), np.trim_zeros(x), np.clip(x, None, 0.3), np.flatnonzero(x > 0) * x[0])


@case(vec(7))
def calculus_on_grids(x):
    t = np.linspace(0, 1, 7)
    return (np.diff(x), np.diff(x, 2), np.gradient(x, 0.1), np.trapezoid(x, t), np.cumsum(x[::-1])[::-1],
            np.convolve(x, [1.0, -2.0, 1.0]), np.convolve(x, x[:3], mode="same"), np.correlate(x, x[:2]), np.ediff1d(x),
            np.interp([0.1, 0.55], t, x), np.polyval(x, 0.7), np.cov(x, t), np.corrcoef(x, t)[0, 1])


@case(mat(4, 4))
def linear_algebra(a):
    m = a + 4 * np.eye(4)
    s = a @ a.T + np.eye(4)
    return (la.inv(m), la.det(m), la.slogdet(m)[1], la.solve(m, a), la.solve(m, a[0]), la.cholesky(s), la.norm(a),
            la.norm(a, axis=0), la.norm(a, 1), la.norm(a[0], np.inf), la.eigvalsh(s), la.matrix_power(a, 2), la.pinv(m),
            np.trace(a), la.svd(a, compute_uv=False), la.qr(m)[1], la.lstsq(m, a[0], rcond=None)[0])


@case(cvec(4))
def complex_ufuncs(z):
    return (np.exp(z), np.sin(z), np.log(z), np.sqrt(z), z**2, z**1.5, np.conj(z), np.abs(z), np.angle(z),
            z.real, z.imag,
            np.real(z), np.imag(z), 1 / z, z * z.conj(), np.tanh(z), np.dot(z, z), np.vdot(z, z), np.sum(z), np.prod(z))


@case(vec(4), cvec(4))
def real_and_complex_together(x, z):
    w = x * z + 1j * x
    w[0] = x[1]
    w.imag[2] = x[2] ** 2
    return (w * w.conj()).real.sum() + np.abs(w).sum()


@case(vec(4))
def method_and_function_forms_mixed(x):
    y = np.add(x, 1, dtype=float)
    return np.sum(x * y, axis=0) + x.dot(y) + np.ndarray.sum(x) + np.square(x).max() + (x**2).item(1) + x.__mul__(y)[0]


@case(vec(4))
def python_builtins_on_arrays(x):
    total = sum(x) + max(x) * min(x) + abs(x).sum() + sorted(x)[1]
    return total + sum(map(float, x)) + float(x[0]) * len(x) + pow(x, 2).sum()


@case(mat(3, 3))
def matrix_polynomials(a):
    p = np.eye(3)
    total = np.zeros((3, 3))
    for k in range(5):
        total += p / (k + 1)
        p = p @ a
    return total


@case(vec(4))
def scalars_of_numpy_types(x):
    s = x[0]
    total = s * np.float64(2) + np.float32(0.5) * s + np.sin(s) + s**2
    return total + s.dtype.itemsize + np.add(s, s) + abs(s) + -s + s // 0.3


@case(vec(3))
def reads_with_numpy_integers(x):
    i = np.int64(1)
    j = np.array([0, 2])
    return x[i] * x[j].sum() * x[-i] + x[np.argmax(x)] + x[np.nonzero(x > -5)[0][1]]


@case(vec(5))
def searching_and_bins(x):
    knots = np.sort(x)
    i = np.searchsorted(knots, 0.1)
    weights, _ = np.histogram([0.1, 0.3, 0.9], bins=[0, 0.5, 1.0], weights=x[:3])
    counts = np.bincount([0, 1, 1], weights=x[:3])
    return knots[min(i, 4)] * 2 + np.digitize(0.3, knots) * x[0] + weights @ x[:2] + counts[1]


@case(vec(4), vec(4))
def comparisons_choose(x, y):
    return ((x > y) * x + (x <= y) * y).sum() + (x == x).sum() + np.isfinite(x) @ x + np.logical_and(x > 0, y > 0) @ y


@case(vec(6))
def printing_does_not_disturb(x):
    import io

    file = io.StringIO()
    print(x, x[0], f"{x[1]:.2f}", file=file)
    with np.printoptions(precision=3):
        text = str(x) + repr(x) + np.array2string(x)
    return (x * x).sum() + 0 * len(text)


@case(vec(4))
def random_noise_is_constant(x):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=4)
    order = rng.permutation(4)
    rng.shuffle(order)
    return x[order] * noise + rng.uniform(0, 1, 4) * x


@case(mat(3, 4))
def newer_names(a):
    return np.permute_dims(a, (1, 0)), np.matrix_transpose(a), a.mT, np.concat([a, a]), np.vecdot(a, a)
