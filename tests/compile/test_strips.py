"""Loops that multiply a matrix with a vector in each iteration become products of strips, triangles included."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from undertow._compile import compile_pullback, compile_pushforward


def upper(a, b):
    c = np.zeros((a.shape[1], a.shape[1]), a.dtype)
    for i in range(a.shape[1]):
        c[i:, i] = a[:, i] @ b[:, i:] / 3.0
        c[i, i:] = c[i:, i]
    return c


def next_ones(a, b):
    c = np.zeros((a.shape[1], a.shape[1]), a.dtype)
    for i in range(a.shape[1] - 1):
        c[i + 1:, i] = c[i, i + 1:] = a[:, i] @ b[:, i + 1:]
    return c


def lower(a, b):
    c = np.ones((a.shape[0], a.shape[0]), a.dtype)
    for i in range(a.shape[0]):
        c[i, :i + 1] *= 0.5
        for k in range(a.shape[1]):
            c[i, :i + 1] += 1.5 * a[i, k] * b[:i + 1, k]
    return c


def lower_by_elements(a, b):
    c = np.ones((a.shape[0], a.shape[0]), a.dtype)
    for i in range(a.shape[0]):
        c[i, i] = 2.0
        for j in range(i):
            for k in range(a.shape[1]):
                c[i, j] -= a[i, k] * b[j, k]
    return c


def downwards(a, b):
    c = np.zeros((a.shape[0], a.shape[0]), a.dtype)
    for i in range(a.shape[0] - 1, -1, -1):
        c[i, 0] = a[i, 0]
        for j in range(i, a.shape[0]):
            s = a[0, 0] * 0.0
            for k in range(a.shape[1]):
                s += a[i, k] * b[j, k]
            c[i, j] += s
    return c


def matrix_and_columns(a, b):
    c = np.empty((a.shape[0], b.shape[0]), a.dtype)
    scale = np.empty(b.shape[0], a.dtype)
    for j in range(b.shape[0]):
        v = a @ b[j]
        scale[j] = v[0] + 2.0
        c[:, j] = v * scale[j]
    return c


def sums_of_outer(a, b):
    c = np.zeros((a.shape[1], b.shape[1]), a.dtype)
    norm = a[0, 0] * 0.0
    for k in range(a.shape[0]):
        w = a[k] * 2.0
        norm = norm + w[0]
        c += np.outer(w, b[k])
    return c + norm


def growing_sums(a, b):
    c = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    n = min(a.shape[1], b.shape[0], a.shape[0])
    for i in range(n):
        c[i] = a[i, :i] @ b[:i]
        c[i, 0] += a[i, 0]
    return c


def depends_on_itself(a, b):
    c = np.ones((a.shape[0], a.shape[1]), a.dtype)
    for i in range(1, a.shape[0]):
        c[i] = c[:i].T @ a[:i, 0] * 0.01 + b[i]
    return c


def bands(a, b):
    n = min(a.shape)
    c = np.zeros((a.shape[0], n), a.dtype)
    for i in range(n - 4 if n > 4 else 0):
        for k in range(a.shape[0]):
            for j in range(4):
                c[k, i + j] += a[k, i] * b[k, i + j]
    return c


TAKEN = (upper, next_ones, lower, lower_by_elements, matrix_and_columns)


def total(c):
    return np.sum(c * c * c) + np.sum(c)


LOSSES = {
    upper: lambda a, b: total(upper(a, b)),
    next_ones: lambda a, b: total(next_ones(a, b)),
    lower: lambda a, b: total(lower(a, b)),
    lower_by_elements: lambda a, b: total(lower_by_elements(a, b)),
    downwards: lambda a, b: total(downwards(a, b)),
    matrix_and_columns: lambda a, b: total(matrix_and_columns(a, b)),
    sums_of_outer: lambda a, b: total(sums_of_outer(a, b)),
    growing_sums: lambda a, b: total(growing_sums(a, b)),
    depends_on_itself: lambda a, b: total(depends_on_itself(a, b)),
    bands: lambda a, b: total(bands(a, b)),
}


def along(f, args, d):
    """Derivative in a direction, by a complex step."""
    h = 1e-30
    return f(*(x + 1j * h * v for x, v in zip(args, d, strict=True))).imag / h


@pytest.mark.parametrize("f", list(LOSSES))
@pytest.mark.parametrize("shape", [(70, 60), (97, 96), (1, 1), (48, 49), (13, 50), (3, 0)])
def test_strips(f, shape):
    """Values are those of the program, to the last bit where it wrote loops; derivatives those of a complex step."""
    if 0 in shape and f in (downwards, sums_of_outer, growing_sums, matrix_and_columns, depends_on_itself):
        pytest.skip("the program needs elements")
    rng = np.random.default_rng(shape[0])
    args = tuple(rng.standard_normal(shape) / 4 for _ in range(2))
    loss = LOSSES[f]
    compiled = compile_pullback(loss, args, (True, True))
    value, bars = compiled.value_and_pullback(args, 1.0)
    assert value == pytest.approx(loss(*args), rel=1e-12, abs=1e-12)
    if f in TAKEN and shape == (70, 60):
        assert compiled.source.count("product_f64(") >= 2
        assert "strip" in compiled.source
    for _ in range(3):
        d = [rng.standard_normal(shape) for _ in args]
        found = sum(np.sum(x * y) for x, y in zip(bars, d, strict=True))
        assert found == pytest.approx(along(loss, args, d), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("f", [lower, lower_by_elements, downwards, bands])
def test_values_have_the_same_bits(f):
    """Sums that the program orders keep their order, also beside infinities that other iterations read."""
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((101, 67)), rng.standard_normal((101, 67))
    b[60, 3], b[99, 5], a[80, 7] = np.inf, np.nan, -np.inf

    compiled = compile_pullback(f, (a, b), (True, True))
    with np.errstate(invalid="ignore"):
        expected = f(a, b)
    found, _ = compiled.value_and_pullback((a, b), np.zeros(expected.shape))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("f", [upper, lower, matrix_and_columns])
def test_hessians_of_strips(f):
    """The pushforward of the pullback goes through the strips."""
    rng = np.random.default_rng(2)
    args = tuple(rng.standard_normal((52, 50)) / 4 for _ in range(2))
    d = tuple(rng.standard_normal((52, 50)) for _ in range(2))
    loss = LOSSES[f]
    _, _, products = compile_pushforward(loss, args, (True, True), 1).hessian_product(args, d)
    compiled = compile_pullback(loss, args, (True, True))
    h = 1e-3
    bars = [compiled.value_and_pullback(tuple(x + s * h * v for x, v in zip(args, d, strict=True)), 1.0)[1]
            for s in (1, -1, 2, -2)]
    for k, product in enumerate(products):
        wanted = (8 * (bars[0][k] - bars[1][k]) - (bars[2][k] - bars[3][k])) / (12 * h)
        np.testing.assert_allclose(product, wanted, rtol=1e-6, atol=1e-6 * np.max(np.abs(wanted)))


def in_place(a, b):
    for i in range(a.shape[1]):
        a[:, i] *= 0.5
        b[i] += a[:, i] @ a[:, i:].copy() @ b[i:, 0]
    return np.sum(b * b)


def test_what_iterations_hand_on_stays():
    """Iterations that read what earlier ones have written are not taken apart wrongly."""
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((20, 55)) / 9, rng.standard_normal((55, 3))
    compiled = compile_pullback(in_place, (a, b), (True, True))
    value, bars = compiled.value_and_pullback((a.copy(), b.copy()), 1.0)
    assert value == pytest.approx(in_place(a.copy(), b.copy()), rel=1e-12)
    d = [rng.standard_normal(x.shape) for x in (a, b)]
    found = sum(np.sum(x * y) for x, y in zip(bars, d, strict=True))
    assert found == pytest.approx(along(in_place, (a + 0j, b + 0j), d), rel=1e-9)


def test_what_is_taped_has_the_axes_it_changes_with():
    """A factor of an outer product is kept as a vector for each iteration."""
    rng = np.random.default_rng(4)
    args = rng.standard_normal((40, 30)), rng.standard_normal((40, 35))
    compiled = compile_pullback(LOSSES[sums_of_outer], args, (True, True))
    compiled.value_and_pullback(args, 1.0)
    assert "value_tape[k, i_2]" in compiled.source or "value_tape[k, i]" in compiled.source
