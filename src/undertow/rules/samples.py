"""Domains and sample arguments at which the generated tests check rules."""

from __future__ import annotations

import numpy as np

from ._registry import Sample

__all__ = ["Domain", "Sample", "above_one", "array", "definite", "integer", "invertible", "nonzero",
           "positive", "real", "unit"]


class Domain:
    """An open interval from which test arguments are drawn; combine several, one an argument, in a tuple."""

    def __init__(self, low: float, high: float, name: str = "", *, integer: bool = False, avoid: float | None = None):
        self.low, self.high, self.name, self.integer, self.avoid = low, high, name, integer, avoid

    def draw(self, rng: np.random.Generator, shape: tuple = ()) -> np.ndarray:
        """Random points of the domain, float64 or int64."""
        if self.integer:
            return rng.integers(int(self.low), int(self.high) + 1, shape)
        x = rng.uniform(self.low, self.high, shape)
        if self.avoid is not None:
            x = np.where(abs(x - self.avoid) < 0.2, x + 0.4, x)
        return x

    def __repr__(self) -> str:
        return self.name or f"Domain({self.low}, {self.high})"


real = Domain(-2.0, 2.0, "real")
nonzero = Domain(-2.0, 2.0, "nonzero", avoid=0.0)
positive = Domain(0.3, 2.5, "positive")
unit = Domain(-0.9, 0.9, "unit")
above_one = Domain(1.2, 3.0, "above_one")
integer = Domain(0, 4, "integer", integer=True)


def array(*shape: int, seed: int = 0, dtype: type = np.float64) -> np.ndarray:
    """An array of distinct numbers away from zero, the same ones at each call."""
    rng = np.random.default_rng([seed, *shape])
    x = rng.uniform(0.3, 1.8, shape) * np.where(rng.random(shape) < 0.4, -1.0, 1.0)
    if np.issubdtype(dtype, np.complexfloating):
        x = x + 1j * rng.uniform(-1.0, 1.0, shape)
    return np.asarray(x, dtype=dtype)


def definite(n: int, *batch: int, dtype: type = np.float64) -> np.ndarray:
    """A symmetric (Hermitian) positive definite matrix with simple eigenvalues."""
    a = array(*batch, n, n, seed=7, dtype=dtype)
    return a @ np.conj(np.swapaxes(a, -1, -2)) + np.diag(np.arange(1.0, n + 1.0)).astype(dtype)


def invertible(n: int, *batch: int, dtype: type = np.float64) -> np.ndarray:
    """A well-conditioned matrix with simple eigenvalues."""
    return array(*batch, n, n, seed=8, dtype=dtype) + np.diag(np.arange(2.0, n + 2.0) * 1.5).astype(dtype)
