"""What is added to a matrix's shadow in one pass waits for the next pass."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from undertow._compile import compile_pullback


def updated(a, u, v, y, x):
    a += np.outer(u, v)
    x = x + 1.5 * (y @ a)
    w = 0.5 * (a @ x)
    return np.sum(w * w) + np.sum(x * x)


def three_times(a, u, v, y, x):
    p = a @ x
    q = y @ a
    r = a @ (q * q) + p
    return np.sum(r * r * u) + np.sum(q * v)


def scaled_rows(a, u, v, y, x):
    b = a * u[:, None]
    p = b @ x
    b[:, 0] = p
    return np.sum(np.sin(b @ (v + p[0]))) + np.sum(b)


@pytest.mark.parametrize("f", [updated, three_times, scaled_rows])
@pytest.mark.parametrize("shape", [(9, 13), (40, 31), (1, 1)])
def test_gradients_of_matrices_used_several_times(f, shape):
    """The derivative in a direction is that of a complex step."""
    rng = np.random.default_rng(shape[0])
    m, n = shape
    args = tuple(rng.standard_normal(s) / 3 for s in ((m, n), m, n, m, n))
    compiled = compile_pullback(f, args, (True,) * 5)
    value, bars = compiled.value_and_pullback(tuple(x.copy() for x in args), 1.0)
    assert value == pytest.approx(f(*(x.copy() for x in args)), rel=1e-12)
    d = [rng.standard_normal(x.shape) for x in args]
    found = sum(np.sum(x * y) for x, y in zip(bars, d, strict=True))
    h = 1e-30
    wanted = f(*(x + 1j * h * v for x, v in zip(args, d, strict=True))).imag / h
    assert found == pytest.approx(wanted, rel=1e-10)


def test_one_pass_over_the_shadow():
    """Both outer products go into the matrix's shadow together."""
    rng = np.random.default_rng(0)
    args = tuple(rng.standard_normal(s) for s in ((40, 31), 40, 31, 40, 31))
    compiled = compile_pullback(updated, args, (True, False, False, False, False))
    compiled.value_and_pullback(tuple(x.copy() for x in args), 1.0)
    assert compiled.source.count("a_bar[i") == 1
