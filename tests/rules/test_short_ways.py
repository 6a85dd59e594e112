"""Rules that take a shorter way for large or simple arguments: each way against differences, in both modes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg

import undertow as ut

sys.path.append(str(Path(__file__).parent / "scipy"))
from differences import richardson

rng = np.random.default_rng(3)
N = 150  # more than two blocks of Cholesky's factorisation
SQUARE = rng.standard_normal((N, N))
WEIGHT = rng.standard_normal((N, N)) + 1j * rng.standard_normal((N, N))
ROW = rng.permutation(40) * 0.25
TABLE = ROW.reshape(5, 8)


def definite(x, turn):
    """A positive definite matrix that depends on a few numbers."""
    a = SQUARE * x[0] + turn * np.cos(x[1] * SQUARE)
    return a @ np.conj(a.T) + N * x[2] * np.eye(N)


def weighed(y):
    """A number that depends on all of `y`."""
    y = np.asarray(y)
    return np.sum(np.real(np.conj(WEIGHT.ravel()[:y.size].reshape(y.shape)) * y))


PROGRAMS = {
    "cholesky": lambda x: weighed(np.linalg.cholesky(definite(x, 0.0))),
    "cholesky complex": lambda x: weighed(np.linalg.cholesky(definite(x, 1j))),
    "cholesky upper": lambda x: weighed(np.linalg.cholesky(definite(x, 1j), upper=True)),
    "scipy cholesky": lambda x: weighed(scipy.linalg.cholesky(definite(x, 0.0))),
    "cho_factor": lambda x: weighed(scipy.linalg.cho_solve(scipy.linalg.cho_factor(definite(x, 0.0), lower=True), SQUARE[0])),
    "max": lambda x: np.max(ROW * np.sin(x[0] * ROW) + x[1]) ** 2,
    "min of a view": lambda x: np.min((TABLE * np.sin(x[0] * TABLE))[::2, ::3]) ** 2,
    "max of rows": lambda x: weighed(np.max(TABLE * np.sin(x[0] * TABLE), axis=1) ** 2),
    "min of columns kept": lambda x: weighed(np.min(TABLE * np.sin(x[0] * TABLE), axis=0, keepdims=True) ** 2),
    "argmax of a stack": lambda x: weighed(np.max(np.stack([TABLE * x[0], TABLE * x[1]]), axis=(0, 2)) ** 2),
    "partition": lambda x: weighed(np.partition(np.sin(x[0] * ROW), (3, 20)) ** 2),
    "smallest": lambda x: np.sum(np.partition(np.sin(x[0] * ROW) + x[1], 7)[:7]) ** 2,
    "median": lambda x: np.median(np.sin(x[0] * TABLE), axis=1) @ np.arange(5.0),
    "sort": lambda x: weighed(np.sort(np.sin(x[0] * TABLE), axis=0)),
    "clip": lambda x: weighed(np.clip(TABLE * x[0], 1.3 * x[1], 7.1) ** 2),
    "roll": lambda x: weighed(np.roll(TABLE * x[0], 3) * np.roll(TABLE * x[1], (1, 2), (0, 1))),
    "square of one": lambda x: weighed((lambda a: a * a)(TABLE * x[0] + x[1])),
    "quotients": lambda x: weighed(1.0 / (TABLE + x[0]) + x[1] / (TABLE + x[0])),
    "slices": lambda x: weighed((lambda a: a[1:] * a[:-1] + a[:-1] - a[1:])(TABLE * x[0] + x[1])),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_derivative_along_a_direction(name):
    """Reverse, forward, and reverse with a nested level."""
    f, x, v = PROGRAMS[name], np.array([0.9, 0.7, 1.2]), np.array([0.6, -0.4, 0.5])
    expected, error = richardson(lambda t: f(x + t * v), 0.0, 1e-2, 5)
    bound = {"rtol": 1e-7, "atol": 1e-8 + 10 * error}
    np.testing.assert_allclose(ut.grad(f)(x) @ v, expected, **bound)
    np.testing.assert_allclose(ut.jvp(f, (x,), (v,))[1], expected, **bound)
    second, error = richardson(lambda t: ut.grad(f)(x + t * v), 0.0, 1e-2, 5)
    np.testing.assert_allclose(ut.hvp(f, (x,), (v,)), second, rtol=1e-6, atol=1e-7 + 10 * error)


def test_ties_of_an_extremum_share():
    """The short way is for single winners."""
    np.testing.assert_array_equal(ut.grad(lambda a: np.max(a))(np.array([3.0, 1.0, 3.0])), [0.5, 0.0, 0.5])
    np.testing.assert_array_equal(ut.grad(lambda a: np.sum(np.min(a, axis=1)))(np.array([[1.0, 1.0], [3.0, 2.0]])),
                                  [[0.5, 0.5], [0.0, 1.0]])
    np.testing.assert_array_equal(ut.grad(lambda a: np.max(a))(np.array([1.0, np.inf])), [0.0, 1.0])


def test_clip_at_its_bounds():
    """Half at a bound, nothing between equal bounds."""
    g = ut.grad(lambda a: np.sum(np.clip(a, -1.0, 1.0)))(np.array([-1.0, 0.3, 1.0, 2.0]))
    np.testing.assert_array_equal(g, [0.5, 1.0, 0.5, 0.0])
    np.testing.assert_array_equal(ut.grad(lambda a: np.sum(np.clip(a, 1.0, 1.0)))(np.array([1.0, 2.0])), [0.0, 0.0])
