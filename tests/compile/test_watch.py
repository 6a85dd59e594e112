"""Native gradients that tell whether they are finite: those that are not are still left to the recorder."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

import undertow as ut


def twice(a, x):
    return np.sum(((a @ x) @ a) ** 2)


def weighted(a, w, s):
    return s * np.sum(np.where(a > 0.0, a * w, 0.0))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_finite_gradients(dtype):
    """The calls that take the short way give what the first ones gave."""
    rng = np.random.default_rng(0)
    a, x = rng.standard_normal((30, 41)).astype(dtype), rng.standard_normal(41).astype(dtype)
    run = ut.value_and_grad(twice, argnums=(0, 1), tier="compile")
    p = 2 * (a @ x) @ a
    wanted = np.outer(a @ x, p) + np.outer(a @ p, x)
    for _ in range(5):
        value, (a_bar, x_bar) = run(a, x)
        assert value == pytest.approx(twice(a, x), rel=1e-5)
        np.testing.assert_allclose(a_bar, wanted, rtol=1e-8 if dtype == np.float64 else 1e-2, atol=1e-3)
        np.testing.assert_allclose(x_bar, a.T @ (a @ p), rtol=1e-8 if dtype == np.float64 else 1e-2, atol=1e-3)
    assert "watched" in ut.source(twice)(a, x)


def test_gradients_that_are_not_finite():
    """An infinite input whose cotangent is zero gives what the recorder gives, also after finite calls."""
    rng = np.random.default_rng(1)
    a, w = rng.standard_normal((20, 30)), rng.standard_normal((20, 30))
    run = ut.value_and_grad(weighted, argnums=(0, 1, 2), tier="compile")
    record = ut.value_and_grad(weighted, argnums=(0, 1, 2), tier="record")
    bad_a, bad_w = a.copy(), w.copy()
    bad_a[3, 4] = -np.inf
    bad_w[np.unravel_index(np.argmin(a), a.shape)] = np.inf
    with np.errstate(invalid="ignore"):
        for args in ((a, w), (a, w), (a, w), (bad_a, bad_w), (a, w), (bad_a, bad_w)):
            value, bars = run(*args, 2.0)
            expected, wanted = record(*args, 2.0)
            assert value == pytest.approx(expected)
            for bar, good in zip(bars, wanted, strict=True):
                np.testing.assert_allclose(bar, good)
