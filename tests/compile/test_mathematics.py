"""The module `math` in native code, with two derivatives, against mpmath."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

pytest.importorskip("numba")

import undertow as ut
from undertow._compile.runtime.gammas import polygamma


def program(x, y):
    fraction, whole = math.modf(7.0 * x)
    return (math.cbrt(x) + math.exp2(y) * math.gamma(x) + y * math.lgamma(x * y) + math.log(x, y + 3.0)
            + math.fmod(9.0 * x, y) * x + fraction * y + whole + math.hypot(x, y, x * y))


def precise(x, y):
    root = mp.cbrt(x) if x > 0 else -mp.cbrt(-x)
    fraction = 7 * x - int(7 * float(x))
    return (root + 2**y * mp.gamma(x) + y * mp.loggamma(x * y).real + mp.log(x) / mp.log(y + 3)
            + (9 * x - int(9 * float(x) / float(y)) * y) * x + fraction * y + int(7 * float(x)) + mp.sqrt(x * x + y * y + (x * y)**2))


@pytest.mark.parametrize("point", [(0.73, 0.45), (3.3, 1.9), (11.2, -0.6)])
def test_values_and_two_derivatives(point):
    """Each function of `math` that the compile tier knows by a formula of its own."""
    v = (1.0, -0.7)
    value, gradient = ut.value_and_grad(program, (0, 1), tier="compile")(*point)
    second = ut.hvp(program, point, v, tier="compile")
    with mp.workdps(40):
        wanted = [mp.diff(precise, point, n) for n in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2))]
        np.testing.assert_allclose(value, float(precise(*map(mp.mpf, point))), rtol=1e-13)
    first, curvature = [float(w) for w in wanted[:2]], [float(w) for w in wanted[2:]]
    np.testing.assert_allclose(gradient, first, rtol=1e-11)
    np.testing.assert_allclose(second, [curvature[0] - 0.7 * curvature[1], curvature[1] - 0.7 * curvature[2]], rtol=1e-9)


@pytest.mark.parametrize("n", range(4))
def test_polygamma(n):
    """Right and left of zero, near poles and far away."""
    for x in (1e-3, 0.1, 0.5, 1.0, 2.3, 7.7, 13.0, 50.0, 1e4, 1e8, -0.5, -3.3, -20.7):
        np.testing.assert_allclose(polygamma(float(n), x), float(mp.polygamma(n, mp.mpf(x))), rtol=1e-13)


@pytest.mark.parametrize(("f", "x"), [(math.gamma, -3.0), (math.gamma, 200.0), (math.lgamma, 0.0),
                                      (lambda x: math.fmod(x, 0.0), 1.0)])
def test_errors_are_those_of_python(f, x):
    """Poles, overflow and division by zero raise as in the plain run."""
    with pytest.raises((ValueError, OverflowError)) as plain:
        f(x)
    for _ in range(3):
        with pytest.raises(type(plain.value)) as found:
            ut.grad(lambda x: f(x) * x)(x)
        assert str(found.value) == str(plain.value)


@pytest.mark.parametrize("f", [np.logaddexp, np.logaddexp2])
def test_logaddexp_has_no_kink_where_both_are_equal(f):
    """Two derivatives at a tie: shares of one half, curvature of one quarter."""
    def total(x):
        return f(x[0], x[1])

    scale = 1.0 if f is np.logaddexp else np.log(2.0)
    x = np.array([1.5, 1.5])
    np.testing.assert_allclose(ut.grad(total, tier="compile")(x), [0.5, 0.5])
    np.testing.assert_allclose(ut.hvp(total, (x,), (np.array([1.0, 0.0]),), tier="compile"), [0.25 * scale, -0.25 * scale])
    np.testing.assert_allclose(ut.grad(total, tier="compile")(np.array([np.inf, np.inf])), [0.5, 0.5])
