"""Compiled pushforwards against the complex step, and against compiled pullbacks; Hessian products against differences."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest

pytest.importorskip("numba")

from undertow._compile import compile_pullback, compile_pushforward


def oscillator(x, v, k):
    for _ in range(20):
        x, v = x + 0.05 * v, v - 0.05 * k * x * x
    return x * x + v


def stencil(u):
    w = np.zeros(len(u))
    for _ in range(3):
        for i in range(1, len(u) - 1):
            w[i] = u[i] * u[i + 1] - u[i - 1] ** 2
        for i in range(1, len(u) - 1):
            u[i] += 0.1 * w[i]
    s = 0.0
    for i in range(len(u)):
        s += u[i] ** 3
    return s


def bisecting(u):
    """Loops of unknown length inside one another: the tape grows."""
    s = 0.0
    for i in range(len(u)):
        x = u[i] + 1.0
        while x * x - 0.5 > 0.1:
            x = 0.5 * x + 0.05 * x * u[i]
            j = 0
            while j < i:
                s += x * x * u[j]
                j += 2
        s += x ** 3
    return s


def trigonometric(u):
    s = 0.0
    for i in range(len(u)):
        s += math.exp(u[i]) * math.sin(u[i]) / (1.0 + u[i])
    return s


def test_tangent_equals_the_complex_step():
    """A loop over carried scalars."""
    a, d = (0.7, -0.2, 1.3), (1.0, 0.5, -0.3)
    step = 1e-30
    expected = oscillator(*(x + 1j * step * t for x, t in zip(a, d, strict=True))).imag / step
    value, tangent = compile_pushforward(oscillator, a, (True,) * 3).value_and_pushforward(a, d)
    assert value == pytest.approx(oscillator(*a), rel=1e-15)
    assert tangent == pytest.approx(expected, rel=1e-13)
    assert cmath.isfinite(tangent)


@pytest.mark.parametrize("f", [stencil, bisecting, trigonometric], ids=lambda f: f.__name__)
@pytest.mark.parametrize("width", [1, 3])
def test_tangent_pairs_with_the_pullback(f, width):
    """The pushforward is the transpose of the pullback, in each direction."""
    rng = np.random.default_rng(width)
    x, d = rng.uniform(0.2, 0.9, 9), rng.standard_normal((9, width))
    _, (bar,) = compile_pullback(f, (x.copy(),), (True,)).value_and_pullback((x.copy(),), 1.0)
    tangents = (d[:, 0].copy() if width == 1 else d.copy(),)
    forward = compile_pushforward(f, (x.copy(),), (True,), width)
    value, tangent = forward.value_and_pushforward((x.copy(),), tangents)
    np.testing.assert_allclose(np.atleast_1d(tangent), np.array(bar) @ d, rtol=1e-11)
    assert value == pytest.approx(f(x.copy()), rel=1e-13)


@pytest.mark.parametrize("f", [stencil, bisecting, trigonometric], ids=lambda f: f.__name__)
def test_hessian_product_equals_differences_of_gradients(f):
    """Forward over reverse, native."""
    x = np.random.default_rng(1).uniform(0.2, 0.9, 9)
    d = np.random.default_rng(2).standard_normal(9)
    reverse = compile_pullback(f, (x.copy(),), (True,))

    def gradient(y):
        return np.array(reverse.value_and_pullback((y,), 1.0)[1][0])

    h = 1e-4
    central = [(gradient(x + k * d) - gradient(x - k * d)) / (2 * k) for k in (h, h / 2)]
    _, (bar,), (product,) = compile_pushforward(f, (x.copy(),), (True,)).hessian_product((x.copy(),), (d.copy(),))
    np.testing.assert_allclose(bar, gradient(x.copy()), rtol=1e-12)
    np.testing.assert_allclose(product, (4 * central[1] - central[0]) / 3, rtol=1e-7, atol=1e-8)


def test_hessian_product_of_numbers():
    """Scalar arguments: second derivatives of a cubic by hand."""
    def f(x, y):
        return x * x * y + y ** 3

    _, bars, products = compile_pushforward(f, (2.0, 3.0), (True, True)).hessian_product((2.0, 3.0), (1.0, 10.0))
    np.testing.assert_allclose(bars, [12.0, 4.0 + 27.0])
    np.testing.assert_allclose(products, [2 * 3.0 * 1 + 2 * 2.0 * 10, 2 * 2.0 * 1 + 6 * 3.0 * 10])


def test_mixed_second_derivatives_where_a_cotangent_is_zero():
    """A factor of 0 makes the cotangent of the other factor 0, but not the cotangent's derivative."""
    def f(x, y):
        return x * math.log(y) + x * math.sqrt(y) + x / y

    at, y = (0.0, 4.0), 4.0
    _, bars, products = compile_pushforward(f, at, (True, True)).hessian_product(at, (1.0, 0.0))
    np.testing.assert_allclose(bars, [math.log(y) + 2.0 + 0.25, 0.0], atol=1e-15)
    np.testing.assert_allclose(products, [0.0, 1 / y + 0.25 - 1 / y**2], atol=1e-15)


def test_mixed_second_derivative_of_a_power_at_exponent_zero():
    """d/dq of q x^(q-1) at q = 0 is 1/x."""
    def f(x, q):
        return x ** q

    at = (2.0, 0.0)
    _, bars, products = compile_pushforward(f, at, (True, True)).hessian_product(at, (0.0, 1.0))
    np.testing.assert_allclose(bars, [0.0, math.log(2.0)], atol=1e-15)
    np.testing.assert_allclose(products, [0.5, math.log(2.0) ** 2], atol=1e-15)


def test_second_derivative_of_nothing_is_nothing():
    """An infinite partial times a cotangent that stays 0."""
    def f(x):
        return 0.0 * math.sqrt(x) + x * x

    _, bars, products = compile_pushforward(f, (0.0,), (True,)).hessian_product((0.0,), (1.0,))
    np.testing.assert_allclose(bars, [0.0])
    np.testing.assert_allclose(products, [2.0])
