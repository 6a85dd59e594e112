"""Sorting and searching by value: sort, partition, unique, interpolation in a table, counts with weights.

Where values tie, cotangents follow the elements in the order `np.argsort` gives them.
"""

from __future__ import annotations

import numpy as np

from .._registry import linear, pullback, pushforward
from ..samples import Sample, array
from .indexing import along, scatter


def source_of(y, a, axis):
    """For each element of `y`, a rearrangement of `a` along `axis`, the position in `a` it came from."""
    order = np.argsort(a, axis=axis)
    ahead = np.moveaxis(y, axis, 0)
    if np.all(ahead[1:] >= ahead[:-1]):
        return order
    place = np.argsort(y, axis=axis)
    source = np.empty_like(order)
    np.put_along_axis(source, place, order, axis)
    return source


def grouped(y, y_bar, a, kth, axis):
    """For each element of a partition `y` a position in `a` to which its cotangent may go; None if that takes sorting.

    ``argpartition`` splits `a` at the same places as ``partition``; within the parts, the two may leave the elements in
    different orders, which does not matter where the cotangents are the same.
    """
    source = np.argpartition(a, kth, axis=axis)
    if np.array_equal(np.take_along_axis(a, source, axis), y):
        return source
    bar, n = np.moveaxis(y_bar, axis, 0), np.shape(a)[axis]
    start = 0
    for k in [*np.unique(np.asarray(kth) % n), n]:
        if not np.all(bar[start:k] == bar[start:start + 1]):
            return None
        start = k + 1
    return None if np.any(np.isnan(y)) else source


def rearranged(y, y_bar, a, axis=-1, kth=None):
    """Send each cotangent to where the element came from."""
    if axis is None:
        return np.reshape(rearranged(y, y_bar, np.ravel(a), 0, kth), np.shape(a))
    axis = axis % np.ndim(a)
    source = grouped(y, y_bar, a, kth, axis) if kth is not None and np.size(a) else None
    if source is None:
        source = source_of(y, a, axis)
    return scatter(y_bar, along(source, axis, np.shape(a)) if np.ndim(a) > 1 else (source,), np.shape(a), True)


def rearranged_pushforward(y, tangents, a, axis=-1, *args, **kwargs):
    """Take the tangents along."""
    flat, axis = (np.ravel, 0) if axis is None else (np.asarray, axis)
    return np.take_along_axis(flat(tangents[0]), source_of(y, flat(a), axis), axis)


def sort_pullback(y, y_bar, a, axis=-1, kind=None, order=None, *, stable=None):
    """Send each cotangent to where the element came from."""
    return rearranged(y, y_bar, a, axis)


def sort_pushforward(y, tangents, a, axis=-1, kind=None, order=None, *, stable=None):
    """Take the tangents along."""
    return rearranged_pushforward(y, tangents, a, axis)


def partition_pullback(y, y_bar, a, kth, axis=-1, kind="introselect", order=None):
    """Send each cotangent to where the element came from."""
    return rearranged(y, y_bar, a, axis, kth)


def partition_pushforward(y, tangents, a, kth, axis=-1, kind="introselect", order=None):
    """Take the tangents along."""
    return rearranged_pushforward(y, tangents, a, axis)


def ties(a, *args, **kwargs):
    """Zero where two elements are equal."""
    return np.diff(np.sort(a, axis=None))


def spaced(*shape):
    """An array of numbers far enough apart to keep their order when moved a little."""
    return (np.random.default_rng(0).permutation(int(np.prod(shape))) * 0.4 - 0.9).reshape(shape)


TIES = "elements that tie are taken in the order of argsort"
pullback(np.sort, samples=[Sample((array(5),)), Sample((array(3, 4), 0)), Sample((array(2, 3), None)),
                           Sample((array(0),)), Sample((array(4),), {"kind": "stable"})],
         kinks=ties, convention=TIES)(sort_pullback)
pushforward(np.sort)(sort_pushforward)
pullback(np.partition, samples=[Sample((spaced(7), 3)), Sample((spaced(3, 5), (1, 3), 1)), Sample((spaced(3, 4), 2, 0)),
                                Sample((spaced(2, 3), 2, None))], kinks=ties, convention=TIES)(partition_pullback)
pushforward(np.partition)(partition_pushforward)


# ---- distinct values ---------------------------------------------------------------------------------------------


def _first(y, a):
    """The first position in `a` of each of the distinct values `y`."""
    return np.argmax(np.reshape(a, (1, -1)) == np.reshape(y, (-1, 1)), axis=1)


_unique_hash = getattr(np._core._multiarray_umath, "_unique_hash", None)
if _unique_hash is not None:  # NumPy 2.3; real numbers are left to the sorting path as of 2.4

    @pullback(_unique_hash, kinks=ties, convention="the first of equal elements",
              samples=[Sample((array(1, dtype=complex),))])
    def unique(y, y_bar, arr, *, equal_nan=True):
        """Cotangents go to the first element of each value."""
        return np.reshape(scatter(y_bar, (_first(y, arr),), (np.size(arr),)), np.shape(arr))

    @pushforward(_unique_hash)
    def unique_pushforward(y, tangents, arr, *, equal_nan=True):
        """The tangent of the first element of each value."""
        return np.ravel(tangents[0])[_first(y, arr)]


# ---- interpolation in a table ------------------------------------------------------------------------------------


def _segment(x, xp):
    """For each `x` the index of the piece it lies in, where it lies, and masks for outside left and right."""
    x, xp = np.asarray(x), np.asarray(xp)
    n = np.shape(xp)[0]
    i = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, max(n - 2, 0))
    return i, np.minimum(i + 1, n - 1), x < xp[0], x > xp[-1]


def interp(y, y_bar, x, xp, fp, left=None, right=None, active=(True,) * 5):
    """Linear in the values; slope of the piece in the point; outside, the ends take all."""
    i, j, below, above = _segment(x, xp)
    x, xp, fp = np.asarray(x), np.asarray(xp), np.asarray(fp)
    inside = ~(below | above)
    width = np.where(i == j, 1.0, xp[j] - xp[i])
    t = np.where(inside, (x - xp[i]) / width, 0.0)
    slope = (fp[j] - fp[i]) / width
    g = np.where(inside, y_bar, 0.0)
    x_bar = np.real(np.conjugate(slope) * g)
    low, high = np.where(below, y_bar, 0.0), np.where(above, y_bar, 0.0)
    fp_bar = scatter((1 - t) * g, (i,), np.shape(fp)) + scatter(t * g, (j,), np.shape(fp))
    first, last = np.arange(np.size(fp)) == 0, np.arange(np.size(fp)) == np.size(fp) - 1
    fp_bar = fp_bar + (first * np.sum(low) if left is None else 0.0) + (last * np.sum(high) if right is None else 0.0)
    xp_bar = scatter(-(1 - t) * x_bar, (i,), np.shape(xp)) + scatter(-t * x_bar, (j,), np.shape(xp))
    return (np.reshape(x_bar, np.shape(x)), xp_bar, fp_bar, np.sum(low) if left is not None else None,
            np.sum(high) if right is not None else None)


table = (np.array([0.0, 0.5, 1.2, 2.0]), array(4))
interp_samples = [
    Sample((np.array([0.1, 0.7, 1.9, -1.0, 3.0]), *table)), Sample((0.6, *table)),
    Sample((np.array([[0.1, 0.7], [-1.0, 3.0]]), *table, 0.5, -0.25)), Sample((np.zeros(0), *table)),
]
for f, cases in (
    (np._core.multiarray.interp, interp_samples),
    (np._core.multiarray.interp_complex, [
        Sample((s.args[0], table[0], array(4, dtype=complex), *map(complex, s.args[3:]))) for s in interp_samples]),
):
    pullback(f, argnums=(0, 1, 2, 3, 4), samples=cases, kinks=lambda x, xp, *args: np.ravel(x)[:, None] - np.ravel(xp),
             convention="at a node the piece to its right")(interp)


# ---- counts ------------------------------------------------------------------------------------------------------

linear(np.bincount, argnum=1, adjoint=lambda y_bar, x, weights=None, minlength=0: y_bar[np.asarray(x)],
       samples=[Sample((np.array([0, 2, 2, 1]), array(4))), Sample((np.array([0, 2]), array(2)), {"minlength": 5})])
