"""Matrix products for generated code, by the BLAS that Numba finds in SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["NAMES"]

_SMALL = 4096  # multiplications below which a call of BLAS costs more than loops


@njit(error_model="numpy", nogil=True)
def _n(a: Any) -> Any:
    return a


@njit(error_model="numpy", nogil=True)
def _t(a: Any) -> Any:
    return a.T


def _maker(first: Any, second: Any) -> Any:
    @njit(error_model="numpy", nogil=True)
    def gemm(c: Any, a: Any, b: Any, m: int, n: int, k: int) -> None:
        """``c += op(a) @ op(b)`` over the first m, n and k places of the axes."""
        if m <= 0 or n <= 0 or k <= 0:
            return
        whole = c.shape[0] == m and c.shape[1] == n and a.size == m * k and b.size == k * n
        if whole and m * n * k > _SMALL:
            product = np.dot(first(np.ascontiguousarray(a)), second(np.ascontiguousarray(b)))
            for i in range(m):
                for j in range(n):
                    c[i, j] += product[i, j]
            return
        left, right = first(a), second(b)
        for i in range(m):
            for p in range(k):
                x = left[i, p]
                for j in range(n):
                    c[i, j] += x * right[p, j]

    return gemm


NAMES: dict[str, Any] = {f"gemm_{x}{y}": _maker(f, g) for x, f in (("n", _n), ("t", _t)) for y, g in (("n", _n), ("t", _t))}
