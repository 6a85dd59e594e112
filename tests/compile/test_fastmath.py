"""Sums in another order where the user asks for it, and nowhere else."""

import math

import numba
import numpy as np
import pytest

import undertow as ut

RNG = np.random.default_rng(3)


def ordered(x):
    """A sum whose order the program fixes: serial without leave to reorder it."""
    s = 0.0
    for i in range(len(x)):
        s += x[i] * x[i] / 3.0
    return s


def cancelling(x):
    """Exact in the order as written; what other orders give lies far off."""
    s = 0.0
    for i in range(len(x)):
        s += x[i]
    return s


def guarded(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] == x[i] and x[i] < math.inf:
            s += x[i] ** 2
    return s


X = RNG.random(1000)
V = RNG.standard_normal(1000)


@pytest.mark.parametrize("derivative", [
    lambda f, **o: ut.value_and_grad(f, **o)(X), lambda f, **o: (ut.grad(f, **o)(X),), lambda f, **o: ut.jvp(f, (X,), (V,), **o),
    lambda f, **o: (ut.vjp(f, X, **o)[1](2.0),), lambda f, **o: (ut.hvp(f, (X,), (V,), **o),),
    lambda f, **o: (ut.jacobian(f, **o)(X),), lambda f, **o: (ut.linearize(f, X, **o)[1](V),)],
    ids=["value_and_grad", "grad", "jvp", "vjp", "hvp", "jacobian", "linearize"])
def test_equal_to_rounding(derivative):
    for tier in ("compile", "auto", "record"):
        for fast, exact in zip(derivative(ordered, tier=tier, fastmath=True), derivative(ordered, tier=tier), strict=True):
            np.testing.assert_allclose(fast, exact, rtol=1e-12)


def test_order_is_kept_unless_asked():
    x = np.concatenate([np.full(64, 1.0), [1e17], np.full(63, 1.0), [-1e17]])
    exact = cancelling(x)
    assert ut.value_and_grad(cancelling, tier="compile")(x)[0] == exact
    value, gradient = ut.value_and_grad(cancelling, tier="compile", fastmath=True)(x)
    assert abs(value - exact) < 300 and np.all(gradient == 1.0)
    assert ut.value_and_grad(cancelling, tier="compile")(x)[0] == exact  # the next call is as strict as the first


def test_nan_and_infinity_are_kept():
    x = np.array([1.0, np.nan, np.inf, 2.0])
    value, gradient = ut.value_and_grad(guarded, tier="compile", fastmath=True)(x)
    assert value == 5.0
    np.testing.assert_array_equal(gradient, [2.0, 0.0, 0.0, 4.0])
    total, slope = ut.value_and_grad(ordered, tier="compile", fastmath=True)(x)
    assert math.isnan(total) and math.isnan(slope[1]) and slope[2] == math.inf


def test_asked_of_numba():
    relaxed = numba.njit(fastmath=True)(ordered)
    np.testing.assert_allclose(ut.grad(relaxed, tier="compile")(X), X / 1.5, rtol=1e-14)
    assert ut.source(relaxed)(X).startswith("# fastmath\n")
    assert not ut.source(ordered)(X).startswith("# fastmath")


def test_second_derivatives_and_derivative():
    np.testing.assert_allclose(ut.hessian(ordered, tier="compile", fastmath=True)(X[:5]), np.eye(5) / 1.5, rtol=1e-14)
    assert ut.derivative(lambda t: t * t * t / 3.0, tier="compile", fastmath=True)(2.0) == pytest.approx(4.0, rel=1e-15)
