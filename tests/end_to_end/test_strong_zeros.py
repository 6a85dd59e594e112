"""An exact zero stays zero in the sweep, even beside an infinite factor."""

import math

import numpy as np
import pytest

import undertow as ut

PROGRAMS = {
    "distances": lambda x: np.sum(np.sum((x[:, None, None] - x[None, :, None]) ** 2, axis=-1) ** 0.5),
    "roots": lambda x: np.sum(np.sqrt((x - x) ** 2) + np.sqrt((x - x) * (x - x))) + x[0] ** 2,
    "numbers": lambda x: math.sqrt((x[0] - x[0]) * (x[1] - x[1])) + x[0] * x[1],
    "power of a number": lambda x: ((x[0] - x[0]) ** 2) ** 0.5 + x[0] * x[1],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_finite(name):
    f, x, h = PROGRAMS[name], np.array([0.7, 1.3, 2.1]), 1e-6
    expected = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(3)]
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(ut.grad(f)(x), expected, atol=1e-8)
        np.testing.assert_allclose([ut.jvp(f, (x,), (e,))[1] for e in np.eye(3)], expected, atol=1e-8)


def test_infinite_slopes_stay_infinite():
    with np.errstate(all="ignore"):
        assert ut.grad(np.sqrt)(np.float64(0.0)) == np.inf
        assert ut.grad(lambda x: np.sum(np.sqrt(2.0 * x)))(np.zeros(2)).tolist() == [np.inf, np.inf]


@pytest.mark.parametrize("f", [
    lambda x: 0.0 * math.sqrt(x), lambda x: np.sqrt(x) * 0.0, lambda x: x * math.sqrt(x), lambda x: math.sqrt(x) / math.inf,
    lambda x: abs(math.sqrt(x)), lambda x: math.cos(math.sqrt(x)), lambda x: np.cos(np.sqrt(x)), lambda x: np.sqrt(x) ** 3])
@pytest.mark.parametrize("kind", [float, np.float64])
def test_both_modes_agree_where_a_factor_is_zero_and_the_other_infinite(f, kind):
    with np.errstate(all="ignore"):
        assert ut.grad(f, tier="record")(kind(0.0)) == ut.jvp(f, (kind(0.0),), (1.0,), tier="record")[1] == 0.0


INNER = {
    "dot": lambda v: np.dot(v, v), "method": lambda v: v.dot(v), "vdot": lambda v: np.vdot(v, v), "inner": lambda v: np.inner(v, v),
    "matmul": lambda v: np.matmul(v, v), "einsum": lambda v: np.einsum("i,i->", v, v), "tensordot": lambda v: np.tensordot(v, v, 1),
    "convolve": lambda v: np.convolve(v, v)[2], "rows": lambda v: np.diag(np.dot(v[None], v[:, None])).sum(),
}


@pytest.mark.parametrize("name", INNER)
@pytest.mark.parametrize("nested", [False, True])
def test_lengths_at_the_origin(name, nested):
    """Products of zeros below an infinite slope, beside parts whose slope is finite."""
    def length(v):
        return INNER[name](v) ** 0.5 + np.sum(v * np.arange(1.0, 4.0)) + 0.5 * np.sum(v ** 2)

    with np.errstate(all="ignore"):
        if nested:
            rate = ut.grad(lambda s: np.sum(ut.grad(lambda v: length(s * v), tier="record")(np.zeros(3))), tier="record")
            assert rate(1.5) == 6.0
        else:
            np.testing.assert_array_equal(ut.grad(length)(np.zeros(3)), [1.0, 2.0, 3.0])
            np.testing.assert_array_equal(ut.grad(lambda v: np.sum(np.sqrt(np.dot(np.diag([0.0, 1.0, 2.0]), v))))(np.ones(3)),
                                          [0.0, 0.5, 1 / np.sqrt(2.0)])
