"""Matrix products become calls of BLAS, in the forward and in the reverse sweep."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from undertow._compile import compile_pullback


def product_of_three(a, b, c):
    return np.sum(np.tanh(a @ b @ c.T) ** 2)


def loops(a, b):
    out = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                out[i, j] += a[i, k] * b[k, j]
    return np.sum(out * out)


@pytest.mark.parametrize("n", [3, 40])
@pytest.mark.parametrize("order", ["C", "F"])
def test_products_and_their_adjoints(n, order):
    """The gradient is that of the formula, for arrays in either order, by loops where they are small."""
    rng = np.random.default_rng(0)
    a, b, c = (np.asarray(rng.random(s) / n, order=order) for s in ((n, n + 2), (n + 2, n + 1), (5, n + 1)))
    compiled = compile_pullback(product_of_three, (a, b, c), (True,) * 3)
    value, bars = compiled.value_and_pullback((a, b, c), 1.0)
    assert value == pytest.approx(product_of_three(a, b, c), rel=1e-13)
    t = np.tanh(a @ b @ c.T)
    g = 2 * t * (1 - t * t)
    np.testing.assert_allclose(bars[0], g @ c @ b.T, rtol=1e-11)
    np.testing.assert_allclose(bars[1], a.T @ g @ c, rtol=1e-11)
    np.testing.assert_allclose(bars[2], g.T @ (a @ b), rtol=1e-11)
    assert ("product_f64" in compiled.source) == (n > 10)


def test_written_loops_keep_their_order():
    """The sums of a program's own loops are added in its order; those of the reverse sweep may be calls."""
    rng = np.random.default_rng(0)
    a, b = rng.random((30, 20)), rng.random((20, 25))
    compiled = compile_pullback(loops, (a, b), (True, True))
    value, bars = compiled.value_and_pullback((a, b), 1.0)
    assert value == pytest.approx(loops(a, b), rel=1e-14)
    np.testing.assert_allclose(bars[0], 2 * (a @ b) @ b.T, rtol=1e-12)
    np.testing.assert_allclose(bars[1], 2 * a.T @ (a @ b), rtol=1e-12)


def product_and_elements(x, y):
    a = np.sin(x)
    d = np.zeros_like(a)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            d[i, j] = 2.0 * a[i, j]
    c = a @ y
    return np.sum(c * c) + np.sum(d * d)


def test_an_array_used_in_a_product_and_by_elements():
    """What a product has added to a cotangent is kept by the addition that follows and covers the same array."""
    rng = np.random.default_rng(0)
    x, y = rng.random((20, 20)), rng.random((20, 20))
    compiled = compile_pullback(product_and_elements, (x, y), (True, False))
    _, (bar, _) = compiled.value_and_pullback((x, y), 1.0)
    a = np.sin(x)
    np.testing.assert_allclose(bar, (2 * a @ y @ y.T + 8 * a) * np.cos(x), rtol=1e-11)
