"""Correlation without boundaries, the primitive behind the filters of ``scipy.ndimage`` and ``scipy.signal``.

``y[i] = sum_k w[k] x[i + k]`` where the kernel fits inside `x`.  Both of its adjoints are correlations again, so
that every order of derivative is compiled code.  Boundary modes are gathers around it (`extend`).
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage  # noqa: F401  (its modules set up the compiled one)
from scipy.ndimage import _nd_image

from .._registry import pullback, pushforward
from ..samples import Sample, array

NEAREST, WRAP, REFLECT, MIRROR, CONSTANT, GRID_WRAP, GRID_CONSTANT = range(7)  # scipy.ndimage's codes

__all__ = ["boundary", "extend", "valid_correlate"]


def valid_correlate(x, w):
    """Correlate `x` with the kernel `w` of the same number of axes, keeping only whole overlaps."""
    out = tuple(n - k + 1 for n, k in zip(x.shape, w.shape, strict=True))
    if min(out) < 1 or x.size == 0:
        return np.zeros(tuple(max(n, 0) for n in out), np.result_type(x, w))
    if np.iscomplexobj(x) or np.iscomplexobj(w):
        raise TypeError("valid_correlate takes real arrays; correlate real and imaginary parts apart")
    whole = np.empty(x.shape, np.result_type(x, w, np.float64))
    w64 = np.ascontiguousarray(w, np.float64)
    if sum(k > 1 for k in w.shape) <= 1:
        _nd_image.correlate1d(x, np.ravel(w64), int(np.argmax(w.shape)), whole, CONSTANT, 0.0, 0)
    else:
        _nd_image.correlate(x, w64, whole, CONSTANT, 0.0, [0] * x.ndim)
    y = whole[tuple(slice(k // 2, k // 2 + n) for k, n in zip(w.shape, out, strict=True))]
    return y.astype(np.result_type(x, w), copy=False)


def _flip(w):
    return w[(slice(None, None, -1),) * w.ndim]


@pullback(valid_correlate, argnums=(0, 1),
          samples=[Sample((array(7), array(3))), Sample((array(5, 6), array(2, 3))),
                   Sample((array(5, 6), array(1, 4)))])
def _valid_correlate_pull(y, y_bar, x, w, active=(True, True)):
    x_bar = valid_correlate(np.pad(y_bar, [(k - 1, k - 1) for k in w.shape]), _flip(w)) if active[0] else None
    return x_bar, valid_correlate(x, y_bar) if active[1] else None


@pushforward(valid_correlate, argnums=(0, 1))
def _valid_correlate_push(y, tangents, x, w):
    terms = [valid_correlate(x_dot, w_) for x_dot, w_ in ((tangents[0], w), (x, tangents[1]))
             if x_dot is not None and w_ is not None]
    return terms[0] if len(terms) == 1 else terms[0] + terms[1]




def boundary(i, n, mode):
    """The pixels that indices `i`, outside ``0 … n-1`` too, stand for; -1 where it is the constant."""
    if mode == NEAREST:
        return np.clip(i, 0, n - 1)
    if mode in (WRAP, GRID_WRAP):
        return i % n
    if mode == REFLECT:
        j = i % (2 * n)
        return np.where(j < n, j, 2 * n - 1 - j)
    if mode == MIRROR:
        j = i % max(2 * (n - 1), 1)
        return np.where(j < n, j, 2 * (n - 1) - j)
    return np.where((i >= 0) & (i < n), i, -1)


def extend(x, axis, left, right, mode, cval):
    """`x` with `left` and `right` more pixels along `axis`, filled in as `mode` says."""
    index = boundary(np.arange(-left, x.shape[axis] + right), x.shape[axis], mode)
    wide = np.take(x, np.maximum(index, 0), axis=axis)
    if mode not in (CONSTANT, GRID_CONSTANT):
        return wide
    shape = [1] * x.ndim
    shape[axis] = len(index)
    return np.where(np.reshape(index >= 0, shape), wide, cval)
