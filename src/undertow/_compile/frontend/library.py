"""Plain programs that stand for NumPy functions which are compiled code: lowered like the user's own functions.

Where one of them raises, compiled code is left, and NumPy raises its own exception.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import fourier
from .linear import PROGRAMS

__all__ = ["ANY_FLOAT", "FLOATS", "LIBRARY"]


def argsort(a, axis=-1, kind=None):
    if kind not in (None, "stable", "mergesort"):
        raise NotImplementedError
    n = len(a)
    order = np.arange(n).copy()
    spare = np.zeros(n, dtype=np.int64)
    for i in range(n):
        if a[i] != a[i]:
            raise ValueError
    width = 1
    while width < n:
        for first in range(0, n, 2 * width):
            middle = min(first + width, n)
            last = min(first + 2 * width, n)
            i = first
            j = middle
            for k in range(first, last):
                left = i < middle
                if left and j < last:
                    left = a[order[i]] <= a[order[j]]
                if left:
                    spare[k] = order[i]
                    i += 1
                else:
                    spare[k] = order[j]
                    j += 1
        order[:] = spare
        width = 2 * width
    if kind is None:
        for i in range(1, n):
            if a[order[i]] == a[order[i - 1]]:
                raise ValueError  # which of the two NumPy puts first is not ours to know
    return order


def sort(a, axis=-1):
    return a[argsort(a, -1, "stable")]


def median(a):
    n = a.size
    if n == 0:
        raise ValueError
    ordered = sort(a.ravel() * 1.0)
    if n % 2 == 1:
        return ordered[n // 2]
    return 0.5 * (ordered[n // 2 - 1] + ordered[n // 2])


def searchsorted(a, v, side="left"):
    if np.ndim(v) == 0:
        return np.int64(_search(a, v, side))
    out = np.zeros(v.shape, dtype=np.int64)
    for k in range(len(v)):
        out[k] = _search(a, v[k], side)
    return out


def _search(a, x, side):
    if x != x:
        raise ValueError  # not a number comes after all numbers
    first = 0
    last = len(a)
    while first < last:
        middle = (first + last) // 2
        goes_right = a[middle] < x if side == "left" else a[middle] <= x
        if goes_right:
            first = middle + 1
        else:
            last = middle
    return first


def polyval(p, x):
    y = x * 0.0
    for c in p:
        y = y * x + c
    return y


def trapezoid(y, x=None, dx=1.0):
    if x is None:
        return dx * np.sum(0.5 * (y[1:] + y[:-1]))
    return np.sum((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2.0)


def interp(x, xp, fp):
    if np.ndim(x) == 0:
        return _interp(x, xp, fp)
    out = np.zeros(x.shape)
    for k in range(len(x)):
        out[k] = _interp(x[k], xp, fp)
    return out


def _interp(x, xp, fp):
    n = len(xp)
    if x <= xp[0]:
        return fp[0]
    if x >= xp[n - 1]:
        return fp[n - 1]
    j = _search(xp, x, "right") - 1
    return fp[j] + (fp[j + 1] - fp[j]) / (xp[j + 1] - xp[j]) * (x - xp[j])


def isclose(a, b, rtol=1e-05, atol=1e-08):
    return (a == b) | (np.isfinite(b) & (np.abs(a - b) <= atol + rtol * np.abs(b)))


def allclose(a, b, rtol=1e-05, atol=1e-08):
    return bool(np.all(isclose(a, b, rtol, atol)))


def convolve(a, v, mode="full"):
    n = len(a)
    m = len(v)
    if n == 0 or m == 0:
        raise ValueError
    out = np.zeros(n + m - 1)
    for i in range(n):
        for j in range(m):
            out[i + j] += a[i] * v[j]
    if mode == "full":
        return out
    if mode == "same":
        longest = max(n, m)
        first = (n + m - 1 - longest) // 2
        return out[first:first + longest].copy()
    if mode == "valid":
        return out[min(n, m) - 1:max(n, m)].copy()
    raise ValueError


def kron(a, b):
    out = np.zeros((a.shape[0] * b.shape[0], a.shape[1] * b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            for k in range(b.shape[0]):
                for m in range(b.shape[1]):
                    out[i * b.shape[0] + k, j * b.shape[1] + m] = a[i, j] * b[k, m]
    return out


# stand-ins whose results have the type of their arguments whatever it is; the others are for float64 alone
ANY_FLOAT = frozenset((np.sort, np.argsort, np.median, np.searchsorted, np.isclose, np.allclose))
# stand-ins that do not give the integers that the function gives for integers
FLOATS = frozenset(("convolve", "kron", "polyval", "polymul", "correlate", "nansum", "nan_to_num", "block_diag",
                    "fftconvolve", "trapezoid", "matrix_power"))
# function: (stand-in, numbers of axes that its arguments may have)
LIBRARY: dict[Any, tuple[Any, tuple]] = {
    **PROGRAMS, **fourier.PROGRAMS,
    np.argsort: (argsort, ((1,),)), np.sort: (sort, ((1,),)), np.median: (median, ((1, 2, 3),)),
    np.searchsorted: (searchsorted, ((1,), (0, 1))), np.polyval: (polyval, ((1,), (0, 1, 2))),
    np.trapezoid: (trapezoid, ((1,), (1,))), np.interp: (interp, ((0, 1), (1,), (1,))),
    np.isclose: (isclose, ((0, 1, 2, 3), (0, 1, 2, 3))), np.allclose: (allclose, ((0, 1, 2, 3), (0, 1, 2, 3))), np.convolve: (convolve, ((1,), (1,))), np.kron: (kron, ((2,), (2,))),
}
