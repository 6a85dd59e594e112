"""Loops cut into pieces for threads; random programs on threads are in `test_random_programs` and `test_gather`."""

from __future__ import annotations

import numpy as np
import pytest

import undertow as ut
from undertow import _compile
from undertow._compile import compile_pullback

numba = pytest.importorskip("numba")


@pytest.fixture
def threads():
    token = _compile.options.set(_compile.Options(threads=True))
    yield
    _compile.options.reset(token)


def pieces(f, args, active):
    """Generated source of a pullback and of its loops that are cut."""
    compiled = compile_pullback(f, args, active)
    variant = compiled.variant(compiled.values(args))
    return compiled, variant, variant.source("pullback")


def rows(u, steps):
    v = u.copy()
    for _ in range(steps):
        w = v.copy()
        for i in range(1, v.shape[0] - 1):
            for j in range(1, v.shape[1] - 1):
                v[i, j] = w[i, j] + 0.1 * (w[i - 1, j] + w[i + 1, j] + w[i, j - 1] + w[i, j + 1] - 4.0 * w[i, j])
    return np.sum(v * v)


def scatter(u, k):
    v = np.zeros(len(u))
    for i in range(len(u)):
        v[k[i]] = 2.0 * u[i]
    return v[0] * v[1]


def prefix(u):
    v = u.copy()
    for i in range(1, len(v)):
        v[i] = v[i] + 0.5 * v[i - 1]
    return v[len(v) - 1]


def test_rows_of_a_stencil_are_cut(threads):
    """The adjoint of a two-dimensional stencil has no private copies."""
    _, _, source = pieces(rows, (np.ones((6, 6)), 2), (True, False))
    assert "prange" in source and "_part" not in source


@pytest.mark.parametrize(("f", "args", "active"), [(scatter, (np.ones(4), np.array([0, 1, 0, 1])), (True, False)),
                                             (prefix, (np.ones(4),), (True,))], ids=["scatter", "prefix"])
def test_what_may_meet_stays_serial(threads, f, args, active):
    """Writes through an index, and recurrences: the loop itself is not cut."""
    _, _, source = pieces(f, args, active)
    main = source.split("\n\n\n")[0]
    line = 2.0 if f is scatter else 0.5
    assert f"{line} *" in main  # the loop's statement is in the serial part


@numba.njit(parallel=True)
def weighted(x, w):
    s = 0.0
    for i in numba.prange(x.shape[0]):
        t = 0.0
        for k in range(w.shape[0]):
            t += np.sin(x[i] * w[k])
        s += t * t
    return s


def weights_gradient(x, w):
    t, c = np.sin(np.outer(x, w)).sum(1), np.cos(np.outer(x, w))
    return 2 * t * (c @ w), (2 * t[:, None] * c * x[:, None]).sum(0)


def test_prange_on_several_threads():
    """Value and adjoint of a ``prange`` loop, natively, as in every run; each thread adds to weights of its own."""
    rng = np.random.default_rng(0)
    x, w = rng.random(20_000), rng.random(5)
    f = ut.value_and_grad(weighted, (0, 1), tier="compile")
    value, (x_bar, w_bar) = f(x, w)
    np.testing.assert_allclose(value, weighted(x, w), rtol=1e-12)
    for found, expected in zip((x_bar, w_bar), weights_gradient(x, w), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10)
    for _ in range(5):
        again = f(x, w)
        assert again[0] == value and (again[1][1] == w_bar).all() and (again[1][0] == x_bar).all()
    source = ut.source(weighted, (0, 1))(x, w)
    assert source.count("prange(") == 1  # forward and reverse sweep are one loop


def map_of(x):
    return np.sum(np.sin(x) * x)


def test_threads_for_a_map():
    """Opt-in for plain NumPy."""
    x = np.linspace(0.0, 1.0, 30_000)
    plain = ut.value_and_grad(map_of, tier="compile")(x)
    f = ut.value_and_grad(map_of, tier="compile")
    with ut.threads(2):
        assert "prange" in ut.source(map_of)(x)
        first, second = f(x), f(x)
    assert "prange" not in ut.source(map_of)(x)
    assert first[0] == second[0]
    np.testing.assert_allclose(first[0], plain[0], rtol=1e-12)
    np.testing.assert_allclose(first[1], plain[1], rtol=1e-12)


def failing(x, k):
    s = 0.0
    for i in numba.prange(len(x)):
        s += x[k[i]]
    return s


def test_exceptions_leave_from_threads():
    """An index out of bounds in one piece is the program's IndexError."""
    x, k = np.ones(20_000), np.zeros(20_000, int)
    f = ut.grad(failing, tier="compile")
    assert f(x, k)[0] == 20_000
    k[15_000] = 20_000
    with pytest.raises((IndexError, ut.UndertowError)):
        f(x, k)


