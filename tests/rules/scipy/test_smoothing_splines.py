"""Smoothing splines of FITPACK against their definition: knots held, the residual held at what FITPACK stopped at."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.interpolate as si
from differences import richardson
from scipy.optimize import brentq

import undertow as ut

rng = np.random.default_rng(2)
X = np.sort(rng.uniform(0, 6, 40))
Y = np.sin(X) + 0.2 * rng.standard_normal(40)
W = rng.uniform(0.7, 1.4, 40)
AT = np.array([0.9, 2.2, 3.1, 5.3])


def design(t, k, x, nu=0):
    """All B-splines at points, or their derivatives."""
    return np.stack([si.BSpline(t, c, k).derivative(nu)(x) if nu else si.BSpline(t, c, k)(x)
                     for c in np.eye(len(t) - k - 1)], axis=-1)


def defined(x, y, w, s, t, k, at):
    """The smoothing spline with knots `t` at `at`, from its definition."""
    b = design(t, k, x) * w[:, None]
    middles = 0.5 * (t[k:-k - 1] + t[k + 1:-k])
    jumps = np.diff(design(t, k, middles, k), axis=0)
    jumps = jumps / np.max(np.abs(jumps))
    y = y * w if y.ndim == 1 else y * w[:, None]

    def fit(log_q):
        return np.linalg.solve(b.T @ b + np.exp(log_q) * jumps.T @ jumps, b.T @ y)

    log_q = brentq(lambda v: np.sum((y - b @ fit(v)) ** 2) - s, -40, 25, xtol=1e-13, rtol=1e-14)
    return design(t, k, at) @ fit(log_q)


FITS = {
    "splrep": lambda x, y, w, s, k: si.splev(AT, si.splrep(x, y, w=w, s=s, k=k)),
    "UnivariateSpline": lambda x, y, w, s, k: si.UnivariateSpline(x, y, w=w, s=s, k=k)(AT),
    "set_smoothing_factor": lambda x, y, w, s, k: again(si.UnivariateSpline(x, y, w=w, s=6.0, k=k), s)(AT),
}


def again(spline, s):
    """The spline with another smoothing factor."""
    spline.set_smoothing_factor(s)
    return spline


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("k", [3, 2])
@pytest.mark.parametrize("what", ["y", "x", "w", "s"])
def test_curve(name, k, what):
    """The derivative in the data, their points, weights and the smoothing factor."""
    given = {"x": X, "y": Y, "w": W, "s": np.array(1.5)}
    t, c, _ = si.splrep(X, Y, w=W, s=1.5, k=k)
    assert len(t) > 2 * k + 2
    place = np.searchsorted(X, t[k + 1:-k - 1])
    reached = np.sum((W * (Y - si.splev(X, (t, c, k)))) ** 2)  # 1.5 to one part in a thousand
    v = np.sin(2.0 * np.arange(40.0) + 1.0) * 0.3 if what != "s" else np.array(1.0)
    weight = np.cos(np.arange(len(AT)) + 1.0)

    def loss(value):
        args = {**given, what: value}
        return weight @ FITS[name](args["x"], args["y"], args["w"], args["s"][()] if what == "s" else 1.5, k)

    def oracle(step):
        args = {**given, what: given[what] + step * v}
        x = args["x"]
        knots = np.concatenate([np.full(k + 1, x[0]), x[place], np.full(k + 1, x[-1])])
        return weight @ defined(x, args["y"], args["w"], reached + float(args["s"]) - 1.5, knots, k, AT)

    expected, error = richardson(oracle, 0.0, 1e-2, 5)
    start = given[what]
    found = ut.grad(loss)(start)
    np.testing.assert_allclose(np.sum(found * v), expected, rtol=1e-5, atol=1e-7 + 10 * error)
    np.testing.assert_allclose(ut.jvp(loss, (start,), (v,))[1], np.sum(found * v), rtol=1e-8)


def test_parametric_curve():
    """`splprep` with smoothing, in the coordinates."""
    points = np.stack([Y, np.cos(X)])
    (t, c, k), u = si.splprep(points, s=1.0)
    v, at, weight = 0.3 * np.sin(np.arange(80.0)).reshape(2, 40), np.array([0.2, 0.55, 0.8]), np.cos(np.arange(6.0))

    def loss(p):
        tck, _ = si.splprep([p[0], p[1]], s=1.0, u=u)
        return weight @ np.concatenate(si.splev(at, tck))

    reached = sum(np.sum((p - q) ** 2) for p, q in zip(points, si.splev(u, (t, c, k)), strict=True))

    def oracle(step):
        y = defined(u, (points + step * v).T, np.ones(40), reached, t, k, at)
        return weight @ y.T.ravel()

    expected, error = richardson(oracle, 0.0, 1e-2, 5)
    np.testing.assert_allclose(np.sum(ut.grad(loss)(points) * v), expected, rtol=1e-5, atol=1e-7 + 10 * error)


def test_second_order():
    """The Hessian of a functional of the fit."""
    def loss(y):
        return np.sum(si.UnivariateSpline(X, y, s=1.5)(AT) ** 2)

    t, c, _ = si.splrep(X, Y, s=1.5)
    reached = np.sum((Y - si.splev(X, (t, c, 3))) ** 2)
    v = np.sin(2.0 * np.arange(40.0) + 1.0) * 0.3

    def oracle(step):
        return np.sum(defined(X, Y + step * v, np.ones(40), reached, t, 3, AT) ** 2)

    h = 1e-2
    expected = (-oracle(2 * h) + 16 * oracle(h) - 30 * oracle(0.0) + 16 * oracle(-h) - oracle(-2 * h)) / (12 * h * h)
    np.testing.assert_allclose(np.sum(ut.hvp(loss, (Y,), (v,)) * v), expected, rtol=1e-5)
