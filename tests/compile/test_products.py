"""Matrix products become calls of BLAS, in the forward and in the reverse sweep."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from undertow._compile import compile_pullback, compile_pushforward


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


def inner_sums(a, b):
    out = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                out[i, j] += a[i, k] * b[k, j]
    return out


def inner_rows(a, b):
    out = np.ones((a.shape[0], b.shape[1]), a.dtype)
    for k in range(a.shape[1]):
        for i in range(a.shape[0]):
            for j in range(b.shape[1]):
                out[i, j] -= a[i, k] * b[k, j]
    return out


def carried(a, b):
    out = np.empty((a.shape[0], b.shape[1]), a.dtype)
    for j in range(b.shape[1]):
        for i in range(a.shape[0]):
            s = 0.0
            for k in range(a.shape[1]):
                s += a[i, k] * b[k, j]
            out[i, j] = s
    return out


def backwards(a, b):
    out = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1] - 1, -1, -1):
                out[i, j] += a[i, k] * b[k, j]
    return out


def into_itself(a, b):
    out = a.copy()
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            for j in range(b.shape[1]):
                out[i, j] += out[i, k] * b[k, j]
    return out


@pytest.mark.parametrize(("f", "dtype"), [*((f, np.float64) for f in (
    inner_sums, inner_rows, carried, backwards, into_itself)), (inner_sums, np.float32), (inner_rows, np.float32)])
@pytest.mark.parametrize("shape", [(17, 30, 30), (65, 300, 41), (12, 1, 9), (5, 0, 8)])
def test_written_loops_give_the_same_bits(f, shape, dtype):
    """A product written as loops has the sums of the loops, to the last bit, whatever computes it."""
    m, n, k = shape
    n = k if f is into_itself else n
    rng = np.random.default_rng(m)
    a, b = (rng.standard_normal(s).astype(dtype) for s in ((m, k), (k, n)))

    def loss(a, b):
        c = f(a, b)
        return np.sum(c * c), c

    compiled = compile_pullback(loss, (a, b), (True, True))
    (_, found), bars = compiled.value_and_pullback((a, b), (1.0, np.zeros((m, n), dtype)))
    expected = f(a, b)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    if min(shape) > 16:
        assert ("ordered_product" in compiled.source) == (f in (inner_sums, inner_rows, carried))
    if f in (inner_sums, inner_rows, carried):
        sign = -2 if f is inner_rows else 2
        for bar, wanted in zip(bars, (sign * expected @ b.T, sign * a.T @ expected), strict=True):
            np.testing.assert_allclose(bar, wanted, rtol=1e-9 if dtype == np.float64 else 2e-3, atol=1e-3)


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


def batched(a, b):
    return np.sum(np.einsum("kij,nkj->nki", a, b) ** 3)


def stacked(a, b):
    return np.sum(np.sin(a @ b[:, 1:, 2:]) * 2.0)


def into_a_part(a, b):
    out = np.ones((a.shape[0] + 3, b.shape[1] + 2))
    out[2:-1, 1:-1] = a[:, 1:] @ b[1:]
    return np.sum(out ** 2)


@pytest.mark.parametrize(("f", "shapes"), [(batched, ((4, 12, 11), (30, 4, 11))), (stacked, ((3, 20, 15), (3, 16, 23))),
                                           (into_a_part, ((17, 19), (19, 21)))])
def test_products_of_parts(f, shapes):
    """Stacks and parts of arrays are multiplied where they lie."""
    rng = np.random.default_rng(0)
    a, b = (rng.random(s) for s in shapes)
    da, db = (rng.random(s) for s in shapes)
    compiled = compile_pullback(f, (a, b), (True, True))
    value, bars = compiled.value_and_pullback((a, b), 1.0)
    assert value == pytest.approx(f(a, b), rel=1e-13)
    assert compiled.source.count("product_f64") >= 2
    h = 1e-4
    central = [(f(a + s * h * da, b + s * h * db) - f(a - s * h * da, b - s * h * db)) / (2 * s * h) for s in (1, 2)]
    wanted = (4 * central[0] - central[1]) / 3
    assert np.sum(bars[0] * da) + np.sum(bars[1] * db) == pytest.approx(wanted, rel=1e-9)


def squared(a):
    return np.sum((a @ a.T) ** 2)


@pytest.mark.parametrize("width", [1, 2])
def test_hessian_of_products(width):
    """The pushforward of a pullback goes through the products in it."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((20, 20)) / 5
    d = rng.standard_normal((20, 20) + (width,) * (width > 1))

    _, _, (product,) = compile_pushforward(squared, (a,), (True,), width).hessian_product((a,), (d,))
    for k in range(width):
        v = d if width == 1 else d[..., k]
        found = product if width == 1 else product[..., k]  # of 4 a a' a
        np.testing.assert_allclose(found, 4 * (v @ a.T @ a + a @ v.T @ a + a @ a.T @ v), rtol=1e-10, atol=1e-10)


def test_kernel():
    """The native product for any strides and extents."""
    import ctypes

    import llvmlite.binding as llvm

    from undertow._compile.runtime.kernels import KEEP, MINUS, provide, symbol

    rng = np.random.default_rng(0)
    for kind, dtype, tol, ordered in (("double", np.float64, 1e-11, False), ("float", np.float32, 1e-3, False),
                                      ("double", np.float64, 0.0, True), ("float", np.float32, 0.0, True)):
        provide(kind, ordered)
        whole, at = ctypes.c_int64, ctypes.c_void_p
        run = ctypes.CFUNCTYPE(None, *[whole] * 3, *[at, whole, whole] * 3, whole)(
            llvm.address_of_symbol(symbol(kind, ordered)))

        def matrix(m, n, dtype=dtype):
            form = rng.integers(0, 4)
            if form == 0:
                return rng.standard_normal((m, n)).astype(dtype)
            if form == 1:
                return rng.standard_normal((n, m)).astype(dtype).T
            return rng.standard_normal((m, 3, n) if form == 2 else (2 * m, 3 * n)).astype(dtype)[
                (slice(None), 1) if form == 2 else (slice(None, None, 2), slice(None, None, 3))]

        for trial in range(200):
            m, n, k = map(int, rng.integers(0, 40 if trial % 20 else 600, 3))
            a, b, c = matrix(m, k), matrix(k, n), matrix(m, n)
            how = trial % 4
            wanted = c.copy() if how & KEEP else np.zeros_like(c)
            if ordered:  # term by term
                for p in range(k):
                    wanted += (-1 if how & MINUS else 1) * np.multiply.outer(a[:, p], b[p])
            else:
                wanted = wanted + (-1 if how & MINUS else 1) * (a.astype(float) @ b)
            run(m, n, k, *(x for v in (a, b, c) for x in (v.ctypes.data, *(s // v.itemsize for s in v.strides))), how)
            np.testing.assert_allclose(c, wanted, rtol=tol, atol=tol)


def batch(x, w):
    return np.sum(np.tanh(x @ w.T) ** 2)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("m", [1, 3, 8, 11])
def test_few_rows_times_rows(m, dtype):
    """Sums along the memory of both operands, for extents that fill registers and that do not."""
    rng = np.random.default_rng(m)
    for n, k in ((64, 64), (67, 83), (130, 201)):
        x, w = ((rng.random(s) / k).astype(dtype) for s in ((m, k), (n, k)))
        compiled = compile_pullback(batch, (x, w), (True, True))
        value, bars = compiled.value_and_pullback((x, w), 1.0)
        assert value == pytest.approx(batch(x, w), rel=1e-11 if dtype == np.float64 else 1e-4)
        t = np.tanh(x @ w.T)
        g = 2 * t * (1 - t * t)
        for bar, expected in zip(bars, (g @ w, g.T @ x), strict=True):
            np.testing.assert_allclose(bar, expected, rtol=1e-10 if dtype == np.float64 else 1e-3)


def convolved(x, w):
    out = np.empty((x.shape[0], x.shape[1] - w.shape[0] + 1, x.shape[2] - w.shape[1] + 1, w.shape[3]))
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            part = x[:, i:i + w.shape[0], j:j + w.shape[1], :, np.newaxis]
            out[:, i, j, :] = np.sum(part * w[np.newaxis], axis=(1, 2, 3))
    flat = np.reshape(out, (x.shape[0], out.shape[1] * out.shape[2] * out.shape[3]))
    return np.sum(np.tanh(flat @ flat.T))


@pytest.mark.parametrize("channels", [1, 3, 12])
def test_sums_of_products_over_neighbouring_axes(channels):
    """Loops through neighbouring axes become one; reshaped operands are copied once."""
    rng = np.random.default_rng(channels)
    x, w = 0.1 * rng.random((3, 6, 7, channels)), 0.1 * rng.random((2, 3, channels, 17))
    compiled = compile_pullback(convolved, (x, w), (True, True))
    value, bars = compiled.value_and_pullback((x, w), 1.0)
    assert value == pytest.approx(convolved(x, w), rel=1e-12)
    assert "product_f64(total" in compiled.source
    for k, bar in enumerate(bars):
        d = rng.standard_normal(bar.shape)
        step = [x + 0j, w + 0j]
        step[k] = step[k] + 1e-30j * d
        out = np.zeros((3, 5, 5, 17), complex)
        for i in range(5):
            for j in range(5):
                out[:, i, j] = np.sum(step[0][:, i:i + 2, j:j + 3, :, None] * step[1][None], axis=(1, 2, 3))
        flat = out.reshape(3, -1)
        expected = np.sum(np.tanh(flat @ flat.T)).imag / 1e-30
        assert np.sum(bar * d) == pytest.approx(expected, rel=1e-10)
