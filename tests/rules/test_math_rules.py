"""`math` and `cmath` against mpmath: another implementation, to full precision."""

from __future__ import annotations

import cmath
import math

import mpmath
import pytest

from undertow import rules

rules.load()
REAL = {
    "acos": 0.3, "acosh": 1.7, "asin": -0.4, "asinh": 0.9, "atan": -2.3, "atanh": 0.6, "cbrt": 2.5, "cos": 2.1,
    "cosh": 1.3, "erf": 0.7, "erfc": 2.4, "exp": 1.1, "exp2": 0.7, "expm1": 1e-4, "gamma": 3.3, "lgamma": 0.4,
    "log": 2.2, "log10": 3.4, "log1p": 1e-5, "log2": 0.8, "sin": 0.9, "sinh": -1.1, "sqrt": 2.2, "tan": 0.8,
    "tanh": 0.3,
}
SAME = {"lgamma": lambda x: mpmath.log(abs(mpmath.gamma(x))), "exp2": lambda x: mpmath.power(2, x),
        "log2": lambda x: mpmath.log(x, 2), "log10": mpmath.log10}
COMPLEX = ("acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp", "log", "log10", "sin", "sinh",
           "sqrt", "tan", "tanh")


@pytest.mark.parametrize("name", REAL)
def test_real_partials(name):
    """Relative error of a few units in the last place."""
    f = getattr(math, name, None)
    if f is None:
        pytest.skip("newer Python")
    x = REAL[name]
    with mpmath.workdps(40):
        expected = float(mpmath.diff(SAME.get(name) or getattr(mpmath, name), mpmath.mpf(x)))
    assert rules.lookup(f).partials[0](f(x), x) == pytest.approx(expected, rel=4e-15)


@pytest.mark.parametrize("name", ["gamma", "lgamma"])
@pytest.mark.parametrize("x", [1e-3, 0.5, 1.0, 1.4616321449683623, 2.0, 9.99, 50.5, 160.0, -0.5, -3.7, -20.25])
def test_digamma(name, x):
    """Over the range where gamma is finite, the reflected side included."""
    f = getattr(math, name)
    with mpmath.workdps(40):
        psi = mpmath.digamma(mpmath.mpf(x))
        expected = float(psi * mpmath.gamma(mpmath.mpf(x)) if name == "gamma" else psi)
    assert rules.lookup(f).partials[0](f(x), x) == pytest.approx(expected, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("name", COMPLEX)
@pytest.mark.parametrize("z", [0.4 + 0.3j, -1.7 + 0.2j, 1.5 - 0.6j, -0.3 - 2.0j])
def test_complex_partials(name, z):
    """On both sides of the branch cuts."""
    f = getattr(cmath, name)
    with mpmath.workdps(40):
        expected = complex(mpmath.diff(getattr(mpmath, name), mpmath.mpc(z)))
    found = rules.lookup(f).partials[0](f(z), z)
    assert abs(found - expected) <= 1e-14 * abs(expected)
