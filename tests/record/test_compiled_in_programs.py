"""Functions that a differentiated program compiles itself, and functions compiled for declared types."""

from __future__ import annotations

import numpy as np
import pytest

import undertow as ut

numba = pytest.importorskip("numba")

X = np.array([1.5, 2.5])


def product(u, w):
    return u * w + u**2


def first_times_second(u, out):
    out[0] = u[0] * u[1]


def decorated_inside(x):
    @numba.njit
    def squares(v):
        s = 0.0
        for i in range(v.shape[0]):
            s += v[i] ** 2
        return s

    return squares(x)


def elementwise_inside(x):
    return np.sum(numba.vectorize(product)(x, 2.0 * x))


def pieces_inside(x):
    return np.sum(numba.guvectorize(["float64[:],float64[:]"], "(n)->()")(first_times_second)(x))


def captured(x):
    k = x[0] * 2

    @numba.njit
    def scaled(v):
        return k * v

    return scaled(x[1])


def captured_elementwise(x):
    k = x[0] * 2

    @numba.vectorize
    def scaled(v):
        return k * v

    return np.sum(scaled(x))


@numba.njit("float64(int32,float64)")
def with_integer(n, x):
    return n * x + x**n


@numba.njit(["float64(int32,float64)", "float64(float64,float64)"])
def with_either(n, x):
    return n * x + x**n


@pytest.mark.parametrize(("f", "expected"), [
    (decorated_inside, [3.0, 5.0]),
    (elementwise_inside, [9.0, 15.0]),
    (pieces_inside, [2.5, 1.5]),
    (captured, [5.0, 3.0]),
    (captured_elementwise, [11.0, 3.0]),
    (lambda x: with_integer(x[0], x[1]), [0.0, 2.0]),  # the first argument is cut to 1
    (lambda x: with_either(x[0], x[1]), [2.5 + 2.5**1.5 * np.log(2.5), 1.5 + 1.5 * 2.5**0.5]),
])
def test_compiled_in_programs(f, expected):
    value, gradient = ut.value_and_grad(f, tier="record")(X.copy())
    assert value == pytest.approx(f(X.copy()), rel=1e-14)
    np.testing.assert_allclose(gradient, expected, rtol=1e-13)
    np.testing.assert_allclose([ut.jvp(f, (X.copy(),), (e,))[1] for e in np.eye(2)], expected, rtol=1e-13)
