"""Operators between numbers of different types: no type on either side may take the value of an active number alone."""

from __future__ import annotations

import operator
import warnings

import numpy as np
import pytest

import undertow as ut

PLAIN = [2, 2.0, True, 1 + 1j, np.float64(2), np.float32(2), np.longdouble(2), np.int64(2), np.uint8(2), np.complex64(1 + 1j),
         np.complex128(1 + 1j), np.clongdouble(1 + 1j)]
ACTIVE = {"float": float, "float64": np.float64, "float32": np.float32, "complex": lambda x: complex(x, 2 * x),
          "complex128": lambda x: x * (1 + 2j), "complex64": lambda x: np.complex64(x * (1 + 2j))}
OPERATORS = ["add", "sub", "mul", "truediv", "pow"]


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("kind", ACTIVE)
@pytest.mark.parametrize("number", PLAIN, ids=lambda v: type(v).__name__)
def test_first_derivative(number, kind, op):
    """Reverse and forward against differences, the active number on either side and in place."""
    f = getattr(operator, op)
    sides = [lambda v: f(number, v), lambda v: f(v, number), lambda v: getattr(operator, "i" + op)(number, v)]
    for side in sides:
        def loss(x, side=side):
            z = side(ACTIVE[kind](x[0]))
            return 1.0 * z.real + 2.0 * z.imag

        x, h = np.array([1.3]), 2.0**-8
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            exact = float((loss(x + h) - loss(x - h)) / (2 * h))
            reverse, (_, forward) = ut.grad(loss)(x)[0], ut.jvp(loss, (x,), (np.ones(1),))
        np.testing.assert_allclose([reverse, forward], exact, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("number", [1j, np.complex128(1 + 1j), 1.5], ids=repr)
def test_second_derivative(number, op):
    """A plain complex number beside numbers that an outer level follows."""
    f = getattr(operator, op)

    def loss(v):
        z = f(number, v * v)
        w = f(f(z, number), v)
        return abs(w) ** 2 + w.real**3

    h = 1e-4
    exact = (ut.grad(loss)(1.3 + h) - ut.grad(loss)(1.3 - h)) / (2 * h)
    for outer in (ut.grad, ut.derivative):
        for inner in (ut.grad, ut.derivative):
            np.testing.assert_allclose(outer(inner(loss))(1.3), exact, rtol=1e-5)


@pytest.mark.parametrize(("f", "gradient"), [
    (lambda x: np.exp(x) / 0.0, np.inf), (lambda x: np.exp(x) // 0.0, 0.0), (lambda x: np.exp(0.0) // x, 0.0),
    (lambda x: np.float64(-1.0) / (x * 0.0), None), (lambda x: np.complex128(x) / 0.0, None),
    (lambda x: x ** (x * 0.0), 0.0),
], ids=range(6))
def test_division_by_zero_of_numpy_numbers_is_no_exception(f, gradient):
    """A number of NumPy on either side divides by a zero of Python as NumPy does."""
    with np.errstate(all="ignore"):
        def loss(x):
            return np.real(f(x))

        value, found = ut.value_and_grad(loss, tier="record")(1.5)
        np.testing.assert_equal(value, loss(1.5))
        np.testing.assert_equal(ut.jvp(loss, (1.5,), (1.0,), tier="record")[0], value)
        if gradient is not None:
            assert found == gradient
