"""NumPy's functions of masked arrays ask the array's own methods; what is masked has no derivative."""

from __future__ import annotations

import numpy as np
import pytest

import undertow as ut

X = np.array([1.3, 0.4, 2.2, 5.0, 3.1, 0.9])
MASK = np.array([0, 1, 0, 0, 1, 0], bool)

CALLS = {
    "mean": np.mean, "std": np.std, "var": np.var, "sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min,
    "cumsum": np.cumsum, "cumprod": np.cumprod, "trace": lambda a: np.trace(a.reshape(2, 3)),
    "median": np.median, "average": np.average, "sort": np.sort, "nanmean": np.nanmean, "nanstd": np.nanstd,
    "nansum": np.nansum, "nan_to_num": np.nan_to_num, "copy": lambda a: np.array(a, subok=True),
    "rows": lambda a: np.mean(a.reshape(2, 3), axis=1), "columns": lambda a: np.max(a.reshape(2, 3), axis=0),
    "kept": lambda a: np.std(a, axis=0, keepdims=True),
}


def copied(a):
    b = a.copy()
    np.copyto(b, 2.0 * a, where=np.arange(6) > 2)
    return b


CALLS["copyto"] = copied


@pytest.mark.filterwarnings("ignore:.*median.*:UserWarning", "ignore:.*partition.*:UserWarning",
                            "ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("name", CALLS)
def test_masked(name):
    def f(x):
        result = CALLS[name](np.ma.masked_array(x, MASK))
        filled = np.ma.filled(result, 0.0)
        return np.sum(filled * np.cos(np.arange(np.size(filled))).reshape(np.shape(filled)))

    h = 1e-6
    expected = [(f(X + h * e) - f(X - h * e)) / (2 * h) for e in np.eye(6)]
    value, gradient = ut.value_and_grad(f, tier="record")(X.copy())
    assert value == pytest.approx(f(X.copy()), rel=1e-14)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose([ut.jvp(f, (X.copy(),), (e,))[1] for e in np.eye(6)], expected, rtol=1e-6, atol=1e-8)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_matrix_keeps_two_axes():
    def f(x):
        sums = np.sum(np.asmatrix(x.reshape(2, 3)), axis=0)
        assert sums.shape == (1, 3)
        return np.sum(np.multiply(sums, sums))

    np.testing.assert_allclose(ut.grad(f, tier="record")(X.copy()), np.tile(2 * X.reshape(2, 3).sum(0), 2))
