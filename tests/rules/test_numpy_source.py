"""NumPy functions written in Python, differentiated through their source: gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.polynomial import Polynomial, chebyshev, hermite, hermite_e, laguerre, legendre, polynomial
from rule_harness import ridders

import undertow as ut
from undertow.rules.samples import array, definite, invertible

if not hasattr(ut, "grad"):
    pytest.skip("needs the operators", allow_module_level=True)
VECTOR, MATRIX, CUBE = array(6), array(3, 4), array(2, 3, 4)
SPACED = np.array([0.9, -1.3, 0.2, 2.1, -0.4, 1.5])
HOLED = np.array([0.9, np.nan, 0.2, 2.1, np.nan, 1.5])
TABLE = np.array([-2.0, -0.5, 0.4, 1.1, 3.0])
POSITIVE = np.abs(VECTOR) + 0.2
A, B = invertible(3), array(3, seed=4)


def filled(x):
    """Memory written through ``a.flat`` with a step."""
    a = np.zeros((3, 3)) + x[0]
    np.fill_diagonal(a, x[1:4])
    return a


def put_along(x):
    """Writes through an index of positions."""
    a = x.reshape(2, 3) * 1.0
    np.put_along_axis(a, np.array([[0], [2]]), x[:2, None] ** 2, axis=1)
    return a


CASES = {
    "angle": (lambda x: np.angle(x + 1j * x[::-1]), VECTOR), "append": (lambda x: np.append(x, x[:2] ** 2), VECTOR),
    "apply_along_axis": (lambda x: np.apply_along_axis(lambda v: np.cumsum(v * v), 1, x), MATRIX),
    "apply_over_axes": (lambda x: np.apply_over_axes(np.sum, x, [0, 2]), CUBE),
    "array_split": (lambda x: np.array_split(x, 4)[1], VECTOR), "atleast_2d": (lambda x: np.atleast_2d(x), VECTOR),
    "average": (lambda x: np.average(x, weights=x * x), VECTOR),
    "average axis": (lambda x: np.average(x, axis=1, weights=[1.0, 2.0, 0.5, 1.5]), MATRIX),
    "block": (lambda x: np.block([[x, x * 2], [np.ones((1, 8))]]), MATRIX),
    "broadcast_arrays": (lambda x: np.broadcast_arrays(x, np.ones((2, 6)))[0], VECTOR),
    "clip": (lambda x: np.clip(x, -0.5, 1.0), SPACED), "clip bound": (lambda x: np.clip(x, None, x[2]), SPACED),
    "column_stack": (lambda x: np.column_stack([x, x * x]), VECTOR),
    "convolve": (lambda x: np.convolve(x, x[:3], "same"), VECTOR),
    "corrcoef": (lambda x: np.corrcoef(x), MATRIX), "correlate": (lambda x: np.correlate(x, x[:4], "full"), VECTOR),
    "cov": (lambda x: np.cov(x), MATRIX), "cov weights": (lambda x: np.cov(x, aweights=[1.0, 2.0, 0.5, 1.5]), MATRIX),
    "cross": (lambda x: np.cross(x[:3], x[3:]), VECTOR), "cumulative_sum": (lambda x: np.cumulative_sum(x), VECTOR),
    "cumulative_prod": (lambda x: np.cumulative_prod(x, include_initial=True), VECTOR),
    "delete": (lambda x: np.delete(x, [1, 3]), VECTOR), "diag": (lambda x: np.diag(x, 1), VECTOR),
    "diff": (lambda x: np.diff(x, 2, prepend=0.0), VECTOR), "ediff1d": (lambda x: np.ediff1d(x, to_end=x[:1]), VECTOR),
    "expand_dims": (lambda x: np.expand_dims(x, (0, 2)), VECTOR), "fill_diagonal": (filled, VECTOR),
    "full": (lambda x: np.full((2, 3), x[1]), VECTOR), "full_like": (lambda x: np.full_like(x, x[1]), VECTOR),
    "geomspace": (lambda x: np.geomspace(x[0], x[1], 5), POSITIVE),
    "gradient": (lambda x: np.gradient(x, x * x + np.arange(6.0) * 4), SPACED),
    "gradient 2-D": (lambda x: np.gradient(x, 0.3, axis=1, edge_order=2), MATRIX),
    "histogram weights": (lambda x: np.histogram(SPACED, bins=TABLE, weights=x)[0], VECTOR),
    "i0": (lambda x: np.i0(x), VECTOR), "imag": (lambda x: np.imag(x * (1 + 2j)), VECTOR),
    "insert": (lambda x: np.insert(x, 2, x[0] ** 2), VECTOR),
    "interp": (lambda x: np.interp(x, TABLE, TABLE**2), SPACED),
    "interp period": (lambda x: np.interp(x, TABLE, np.sin(TABLE), period=7.0), SPACED),
    "interp table": (lambda x: np.interp([0.1, 0.7], TABLE, x[:5]), VECTOR),
    "kaiser": (lambda x: np.kaiser(5, x[0]), POSITIVE),
    "linspace": (lambda x: np.linspace(x[0], x[1], 5), VECTOR),
    "linspace arrays": (lambda x: np.linspace(x[:2], x[2:4], 4, endpoint=False), VECTOR),
    "linspace step": (lambda x: np.linspace(x[0], x[1], 5, retstep=True)[1], VECTOR),
    "logspace": (lambda x: np.logspace(x[0], x[1], 4), VECTOR), "median": (lambda x: np.median(x), SPACED),
    "median axis": (lambda x: np.median(x, axis=1), MATRIX),
    "meshgrid": (lambda x: np.meshgrid(x[:2], x[2:])[1], VECTOR),
    "moveaxis": (lambda x: np.moveaxis(x, 0, -1), CUBE), "nan_to_num": (lambda x: np.nan_to_num(x * x), VECTOR),
    "nancumprod": (lambda x: np.nancumprod(x), VECTOR), "nancumsum": (lambda x: np.nancumsum(x), VECTOR),
    "nanmax": (lambda x: np.nanmax(x, axis=0), MATRIX), "nanmin": (lambda x: np.nanmin(x), MATRIX),
    "nanmean": (lambda x: np.nanmean(np.where(np.isnan(HOLED), np.nan, x)), VECTOR),
    "nanmedian": (lambda x: np.nanmedian(np.where(np.isnan(HOLED), np.nan, x)), SPACED),
    "nanquantile": (lambda x: np.nanquantile(np.where(np.isnan(HOLED), np.nan, x), 0.3), SPACED),
    "nanstd": (lambda x: np.nanstd(np.where(np.isnan(HOLED), np.nan, x), ddof=1), VECTOR),
    "nansum": (lambda x: np.nansum(np.where(np.isnan(HOLED), np.nan, x)), VECTOR),
    "nanvar": (lambda x: np.nanvar(x, axis=1), MATRIX),
    **{f"pad {mode}": (lambda x, mode=mode: np.pad(x, ((1, 2), (2, 1)), mode), MATRIX)
       for mode in ("constant", "edge", "linear_ramp", "mean", "reflect", "symmetric", "wrap", "maximum")},
    "percentile": (lambda x: np.percentile(x, [10, 55]), SPACED),
    **{f"quantile {m}": (lambda x, m=m: np.quantile(x, 0.37, method=m), SPACED)
       for m in ("linear", "hazen", "weibull", "median_unbiased", "midpoint", "lower", "inverted_cdf")},
    "quantile level": (lambda x: np.quantile(SPACED, 0.3 + 0.01 * x[0]), VECTOR),
    "piecewise": (lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda t: t * t, np.exp]), VECTOR),
    "poly": (lambda x: np.poly(x[:3]), VECTOR), "polyadd": (lambda x: np.polyadd(x[:2], x[2:]), VECTOR),
    "polyder": (lambda x: np.polyder(x), VECTOR), "polydiv": (lambda x: np.polydiv(x, x[:3])[1], VECTOR),
    "polyfit": (lambda x: np.polyfit(np.arange(6.0), x, 2), VECTOR), "polyint": (lambda x: np.polyint(x), VECTOR),
    "polymul": (lambda x: np.polymul(x[:3], x[3:]), VECTOR), "polyval": (lambda x: np.polyval(x[:3], x), VECTOR),
    "poly1d": (lambda x: (np.poly1d(x[:3]) * np.poly1d(x[3:]))(x[1]), VECTOR), "ptp": (lambda x: np.ptp(x), SPACED),
    "put_along_axis": (put_along, VECTOR), "real": (lambda x: np.real(x * (1 + 2j)), VECTOR),
    "real_if_close": (lambda x: np.real_if_close(x + 0j), VECTOR), "resize": (lambda x: np.resize(x, (4, 4)), VECTOR),
    "rollaxis": (lambda x: np.rollaxis(x, 2), CUBE), "roots": (lambda x: np.abs(np.roots(x[:4])), VECTOR),
    "rot90": (lambda x: np.rot90(x), MATRIX),
    "select": (lambda x: np.select([x < 0, x < 1], [x * x, x**3], 7.0), VECTOR),
    "sinc": (lambda x: np.sinc(x), VECTOR), "split": (lambda x: np.split(x, [2, 3])[2], VECTOR),
    "stack": (lambda x: np.stack([x, x * x], axis=1), VECTOR), "trapezoid": (lambda x: np.trapezoid(x, x**2), VECTOR),
    "tri": (lambda x: np.triu(x, 1) + np.tril(x), MATRIX),
    "trim_zeros": (lambda x: np.trim_zeros(np.append(x, 0.0)), VECTOR),
    "unique": (lambda x: np.unique(x), SPACED),
    "unique inverse": (lambda x: np.unique(x, return_inverse=True)[0], SPACED),
    "unstack": (lambda x: np.unstack(x)[1], MATRIX), "unwrap": (lambda x: np.unwrap(4 * x), SPACED),
    "vander": (lambda x: np.vander(x, 3), VECTOR), "vectorize": (lambda x: np.vectorize(lambda t: t * t)(x), VECTOR),
    "linalg.cond": (lambda x: np.linalg.cond(x), A), "linalg.cond 1": (lambda x: np.linalg.cond(x, 1), A),
    "linalg.cross": (lambda x: np.linalg.cross(x[:3], x[3:]), VECTOR),
    "linalg.matrix_power": (lambda x: np.linalg.matrix_power(x, 3), A),
    "linalg.matrix_power -2": (lambda x: np.linalg.matrix_power(x, -2), A),
    "linalg.matrix_norm": (lambda x: np.linalg.matrix_norm(x, ord="nuc"), CUBE),
    "linalg.multi_dot": (lambda x: np.linalg.multi_dot([x, x.T, x]), MATRIX),
    "linalg.tensorinv": (lambda x: np.linalg.tensorinv(x.reshape(3, 3, 1), 1), A),
    "linalg.tensorsolve": (lambda x: np.linalg.tensorsolve(x.reshape(3, 1, 3), np.ones((3, 1))), A),
    "linalg.vector_norm": (lambda x: np.linalg.vector_norm(x, axis=(0, 2), ord=3), CUBE),
    "linalg.eigh": (lambda x: np.linalg.eigh(x + x.T).eigenvalues, definite(3)),
    "linalg.lstsq": (lambda x: np.linalg.lstsq(x, B, rcond=None)[0], A),
    "fft.fftn": (lambda x: np.abs(np.fft.fftn(x)), CUBE),
    "Polynomial": (lambda x: (Polynomial(x[:3]) ** 2).deriv()(x), VECTOR),
    "Polynomial.fit": (lambda x: Polynomial.fit(np.arange(6.0), x, 2)(1.5), VECTOR),
    "polyvalfromroots": (lambda x: polynomial.polyvalfromroots(x[:2], x[2:]), VECTOR),
    "polyval2d": (lambda x: polynomial.polyval2d(x[:2], x[2:4], MATRIX), VECTOR),
    "chebval": (lambda x: chebyshev.chebval(x[:2], x[2:]), VECTOR),
    "legval": (lambda x: legendre.legval(x[:2], x[2:]), VECTOR),
    "hermval": (lambda x: hermite.hermval(x[:2], x[2:]), VECTOR),
    "hermeval": (lambda x: hermite_e.hermeval(x[:2], x[2:]), VECTOR),
    "lagval": (lambda x: laguerre.lagval(x[:2], x[2:]), VECTOR),
    "chebmul": (lambda x: chebyshev.chebmul(x[:3], x[3:]), VECTOR),
    "chebfit": (lambda x: chebyshev.chebfit(np.arange(6.0), x, 2), VECTOR),
    "chebint": (lambda x: chebyshev.chebint(x), VECTOR), "legder": (lambda x: legendre.legder(x), VECTOR),
}
MISSING = {"cumulative_sum": "cumulative_sum", "cumulative_prod": "cumulative_prod", "unstack": "unstack"}


def paired(f):
    """A loss: the results paired with fixed weights."""

    def loss(x):
        y = np.asarray(f(x))
        return np.sum(y * np.cos(np.arange(y.size)).reshape(y.shape))

    return loss


@pytest.mark.parametrize("name", CASES)
def test_gradient(name):
    """Along a random direction, against extrapolated differences."""
    if name in MISSING and not hasattr(np, MISSING[name]):
        pytest.skip("newer NumPy")
    f, x = CASES[name]
    v = np.random.default_rng(0).standard_normal(x.shape)
    loss = paired(f)
    exact, error = ridders(lambda t: np.asarray(loss(x + t * v)))
    value, gradient = ut.value_and_grad(loss)(x)
    assert value == loss(x)
    np.testing.assert_allclose(np.sum(gradient * v), exact, rtol=1e-7, atol=1e-9 + 10 * error)


@pytest.mark.parametrize("name", CASES)
def test_forward_mode(name):
    """Forward agrees with reverse."""
    if name in MISSING and not hasattr(np, MISSING[name]):
        pytest.skip("newer NumPy")
    f, x = CASES[name]
    v = np.random.default_rng(0).standard_normal(x.shape)
    loss = paired(f)
    _, along = ut.jvp(loss, (x,), (v,))
    np.testing.assert_allclose(along, np.sum(ut.grad(loss)(x) * v), rtol=1e-9, atol=1e-11)
