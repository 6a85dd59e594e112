"""Plain programs that stand for NumPy functions of samples: order, counts, means; and of grids and polynomials.

Where one of them raises, compiled code is left, and NumPy raises its own exception.
"""

from __future__ import annotations

import numpy as np

from . import library, linear

__all__ = ["PROGRAMS"]


# ---- order
def sort(a, axis=-1):
    if a.ndim == 1:
        return a[library.argsort(a, -1, "stable")]
    t = np.array(a if axis in (-1, 1) else a.T)
    for i in range(t.shape[0]):
        row = t[i].copy()
        t[i] = row[library.argsort(row, -1, "stable")]
    return t if axis in (-1, 1) else t.T


def argsort(a, axis=-1, kind=None):
    if a.ndim == 1:
        return library.argsort(a, -1, kind)
    t = a if axis in (-1, 1) else a.T
    out = np.zeros(t.shape, dtype=np.int64)
    for i in range(t.shape[0]):
        out[i] = library.argsort(t[i].copy(), -1, kind)
    return out if axis in (-1, 1) else out.T


def _quantile(ordered, q):
    """Between the two elements on either side, as NumPy does it."""
    n = len(ordered)
    if not 0.0 <= q <= 1.0:
        raise ValueError
    place = q * (n - 1)
    k = min(max(int(np.floor(place)), 0), n - 1)
    if k == n - 1:
        return ordered[n - 1]
    t = place - k
    low, high = ordered[k], ordered[k + 1]
    return high - (high - low) * (1 - t) if t >= 0.5 else low + (high - low) * t


def quantile(a, q, axis=None):
    if a.size == 0:
        raise ValueError
    if axis is None:
        ordered = sort(a.ravel())
        if np.ndim(q) == 0:
            return np.float64(_quantile(ordered, q))
        out = np.zeros(len(q))
        for k in range(len(q)):
            out[k] = _quantile(ordered, q[k])
        return out
    if np.ndim(q) != 0:
        raise NotImplementedError
    t = a.T if axis in (0, -a.ndim) else a
    if a.ndim == 1:
        return np.float64(_quantile(sort(a), q))
    rows = np.zeros(t.shape[0])
    for i in range(t.shape[0]):
        rows[i] = _quantile(sort(t[i].copy()), q)
    return rows


def percentile(a, q, axis=None):
    return quantile(a, q / 100.0, axis)


def median(a, axis=None):
    if axis is None or a.ndim == 1:
        return library.median(a)
    if a.ndim != 2:
        raise NotImplementedError
    t = (a.T if axis in (0, -2) else a) * 1.0
    rows = np.zeros(t.shape[0], dtype=t.dtype)
    for i in range(t.shape[0]):
        rows[i] = library.median(t[i].copy())
    return rows


def unique(ar):
    ordered = sort(ar.ravel())
    count = 0
    for k in range(len(ordered)):
        if k == 0 or ordered[k] != ordered[k - 1]:
            count += 1
    out = np.zeros(count, dtype=ar.dtype)
    count = 0
    for k in range(len(ordered)):
        if k == 0 or ordered[k] != ordered[k - 1]:
            out[count] = ordered[k]
            count += 1
    return out


def digitize(x, bins, right=False):
    for k in range(len(bins) - 1):
        if not bins[k] <= bins[k + 1]:
            raise NotImplementedError
    return library.searchsorted(bins, x, "left" if right else "right")


# ---- counts
def bincount(x, weights=None, minlength=0):
    if len(x) == 0:
        raise NotImplementedError
    most = x[0]
    for k in range(len(x)):
        if x[k] < 0:
            raise ValueError
        most = max(most, x[k])
    size = max(most + 1, minlength)
    if weights is None:
        counts = np.zeros(size, dtype=np.int64)
        for k in range(len(x)):
            counts[x[k]] += 1
        return counts
    if len(weights) != len(x):
        raise ValueError
    out = np.zeros(size)
    for k in range(len(x)):
        out[x[k]] += weights[k]
    return out


def histogram(a, bins=10, range=None, density=None, weights=None):
    if density is not None or weights is not None:
        raise NotImplementedError
    values = a.ravel()
    if len(values) == 0:
        raise NotImplementedError
    if np.ndim(bins) == 0:
        first, last = (np.min(values), np.max(values)) if range is None else range
        if not first < last:
            raise NotImplementedError
        edges = np.linspace(first, last, bins + 1)
    else:
        edges = bins
        for k in _range(len(edges) - 1):
            if not edges[k] <= edges[k + 1]:
                raise ValueError
    n = len(edges) - 1
    counts = np.zeros(n, dtype=np.int64)
    for k in _range(len(values)):
        if edges[0] <= values[k] <= edges[n]:
            counts[min(library._search(edges, values[k], "right") - 1, n - 1)] += 1
    return counts, edges


_range = range


# ---- means
def average(a, axis=None, weights=None):
    if weights is None:
        return np.mean(a, axis)
    if weights.ndim == a.ndim:
        return np.sum(a * weights, axis=axis) / np.sum(weights, axis=axis)
    if axis is None or weights.ndim != 1 or a.ndim != 2:
        raise NotImplementedError
    if axis in (0, -2):
        return np.sum(a * weights[:, None], axis=0) / np.sum(weights)
    return np.sum(a * weights, axis=1) / np.sum(weights)


def cov(m, y=None, rowvar=True, bias=False, ddof=None):
    if y is not None or m.ndim != 2:
        raise NotImplementedError
    x = m if rowvar else m.T
    less = ddof if ddof is not None else (0 if bias else 1)
    if x.shape[1] <= less or x.shape[0] == 1:
        raise ValueError
    x = x - np.mean(x, axis=1, keepdims=True)
    return x @ x.T / (x.shape[1] - less)


def corrcoef(x, y=None, rowvar=True):
    c = cov(x, y, rowvar)
    d = np.sqrt(np.diag(c))
    return np.clip(c / d[:, None] / d[None, :], -1.0, 1.0)


def nan_to_num(x, copy=True, nan=0.0):
    if not copy:
        raise NotImplementedError
    for v in x.ravel():
        if np.isinf(v):
            raise NotImplementedError
    return np.where(np.isnan(x), nan, x)


def nansum(a, axis=None):
    return np.sum(np.where(np.isnan(a), 0.0, a), axis=axis)


def nanmean(a, axis=None):
    return nansum(a, axis) / np.sum(np.where(np.isnan(a), 0.0, 1.0), axis=axis)


# ---- grids
def _along_first(f, h, edge_order):
    """Differences along the first axis, at distance `h`, or at the places `h`."""
    n = f.shape[0]
    if n < edge_order + 1:
        raise ValueError
    out = np.zeros(f.shape)
    if np.ndim(h) == 0:
        out[1:-1] = (f[2:] - f[:-2]) / (2.0 * h)
        if edge_order == 1:
            out[0] = (f[1] - f[0]) / h
            out[n - 1] = (f[n - 1] - f[n - 2]) / h
        else:
            out[0] = (-1.5 * f[0] + 2.0 * f[1] - 0.5 * f[2]) / h
            out[n - 1] = (0.5 * f[n - 3] - 2.0 * f[n - 2] + 1.5 * f[n - 1]) / h
        return out
    if edge_order != 1 or len(h) != n:
        raise NotImplementedError
    d = h[1:] - h[:-1]
    for i in range(1, n - 1):
        p, q = d[i - 1], d[i]
        out[i] = -q / (p * (p + q)) * f[i - 1] + (q - p) / (p * q) * f[i] + p / (q * (p + q)) * f[i + 1]
    out[0] = (f[1] - f[0]) / d[0]
    out[n - 1] = (f[n - 1] - f[n - 2]) / d[n - 2]
    return out


def gradient(f, *varargs, axis=None, edge_order=1):
    if f.ndim == 1:
        return _along_first(f, varargs[0] if len(varargs) > 0 else 1.0, edge_order)
    if f.ndim != 2:
        raise NotImplementedError
    h = (1.0, 1.0) if len(varargs) == 0 else (varargs[0], varargs[0] if len(varargs) == 1 else varargs[1])
    if axis is None:
        return _along_first(f, h[0], edge_order), _along_first(f.T, h[1], edge_order).T
    if axis in (0, -2):
        return _along_first(f, h[0], edge_order)
    return _along_first(f.T, h[0], edge_order).T


def trapezoid(y, x=None, dx=1.0, axis=-1):
    if y.ndim == 1:
        return library.trapezoid(y, x, dx)
    t = np.swapaxes(y, axis, -1)
    if x is None:
        return dx * np.sum(0.5 * (t[..., 1:] + t[..., :-1]), axis=-1)
    if x.ndim != 1:
        raise NotImplementedError
    return np.sum((x[1:] - x[:-1]) * (t[..., 1:] + t[..., :-1]) / 2.0, axis=-1)


def unwrap(p, discont=None, axis=-1):
    if discont is not None:
        raise NotImplementedError
    out = p * 1.0
    turn = 0.0
    for k in range(1, len(p)):
        d = p[k] - p[k - 1]
        m = np.mod(d + np.pi, 2 * np.pi) - np.pi
        if m == -np.pi and d > 0:
            m = np.pi
        if np.abs(d) >= np.pi:
            turn += np.rint((m - d) / (2 * np.pi)) * (2 * np.pi)
        out[k] = p[k] + turn
    return out


def ediff1d(ary, to_end=None, to_begin=None):
    if to_end is not None or to_begin is not None:
        raise NotImplementedError
    flat = ary.ravel()
    return flat[1:] - flat[:-1]


def take_along_axis(arr, indices, axis=-1):
    if arr.ndim == 1:
        return arr[indices]
    t, k = (arr, indices) if axis in (-1, 1) else (arr.T, indices.T)
    if t.shape[0] != k.shape[0]:
        raise NotImplementedError
    out = np.zeros(k.shape, dtype=arr.dtype)
    for i in range(k.shape[0]):
        for j in range(k.shape[1]):
            out[i, j] = t[i, k[i, j]]
    return out if axis in (-1, 1) else out.T


def select(condlist, choicelist, default=0):
    if len(condlist) != len(choicelist):
        raise ValueError
    out = default
    for k in range(len(condlist) - 1, -1, -1):
        out = np.where(condlist[k], choicelist[k], out)
    return out


def kron(a, b):
    if a.ndim != b.ndim:
        raise NotImplementedError
    if a.ndim == 1:
        return np.outer(a, b).ravel()
    return library.kron(a, b)


def correlate(a, v, mode="valid"):
    if len(a) < len(v):
        raise NotImplementedError
    return library.convolve(a, v[::-1], mode)


def sinc(x):
    y = np.pi * np.where(x == 0, 1.0e-20, x)
    return np.sin(y) / y


# ---- polynomials
def vander(x, N=None, increasing=False):
    n = len(x) if N is None else N
    out = np.zeros((len(x), n), dtype=x.dtype)
    for i in range(len(x)):
        power = x[i] * 0 + 1
        for j in range(n):
            out[i, j if increasing else n - 1 - j] = power
            power = power * x[i]
    return out


def polyfit(x, y, deg):
    if len(x) != y.shape[0]:
        raise TypeError
    a = vander(x * 1.0, deg + 1)
    scale = np.sqrt(np.sum(a * a, axis=0))
    if y.ndim == 1:
        return linear._least_squares(a / scale, y[:, None] * 1.0)[:, 0] / scale
    return linear._least_squares(a / scale, y * 1.0) / scale[:, None]


def polymul(a1, a2):
    return library.convolve(a1, a2)


def polyint(p, m=1, k=None):
    if m != 1 or k is not None:
        raise NotImplementedError
    n = len(p)
    out = np.zeros(n + 1)
    for i in range(n):
        out[i] = p[i] / (n - i)
    return out


_SOME = ((1, 2),)
PROGRAMS = {
    np.sort: (sort, _SOME), np.argsort: (argsort, _SOME), np.quantile: (quantile, ((1, 2), (0, 1))),
    np.percentile: (percentile, ((1, 2), (0, 1))), np.median: (median, ((1, 2, 3),)), np.unique: (unique, _SOME),
    np.digitize: (digitize, ((0, 1), (1,))), np.bincount: (bincount, ((1,), (0, 1))), np.histogram: (histogram, ((1, 2),)),
    np.average: (average, ((1, 2),)), np.cov: (cov, ((2,),)), np.corrcoef: (corrcoef, ((2,),)),
    np.nan_to_num: (nan_to_num, ((1, 2, 3),)), np.nansum: (nansum, ((1, 2, 3),)), np.nanmean: (nanmean, ((1, 2, 3),)),
    np.gradient: (gradient, _SOME), np.trapezoid: (trapezoid, ((1, 2, 3), (0, 1))), np.unwrap: (unwrap, ((1,),)),
    np.ediff1d: (ediff1d, ((1, 2),)), np.take_along_axis: (take_along_axis, ((1, 2), (1, 2))), np.select: (select, ()),
    np.kron: (kron, ((1, 2), (1, 2))), np.correlate: (correlate, ((1,), (1,))), np.sinc: (sinc, ((1, 2, 3),)),
    np.vander: (vander, ((1,),)), np.polyfit: (polyfit, ((1,), (1, 2))), np.polymul: (polymul, ((1,), (1,))),
    np.polyint: (polyint, ((1,),)),
}
