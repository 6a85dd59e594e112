"""Selecting elements: take, compress, choose, where; and `scatter`, the adjoint they share."""

from __future__ import annotations

import numpy as np

from .._registry import RULES, linear, pullback, pushforward, unbroadcast
from ..samples import Sample, array


def scatter(values, index, shape, distinct=False):
    """An array of zeros of `shape` to which `values` were added at `index`; no place is repeated if `distinct`."""
    out = np.zeros(shape, np.asarray(values).dtype)
    axis = len(index) - 1
    if distinct:
        out[index] = values
    elif axis > 0 and all(type(i) is slice for i in index[:-1]) and isinstance(index[axis], np.ndarray):
        _scatter_slices(out, index[axis], np.asarray(values), axis)
    elif len(index) == 1 and len(shape) > 1 and isinstance(index[0], np.ndarray):
        _scatter_slices(out, index[0], np.asarray(values), 0)
    else:
        np.add.at(out, index, values)
    return out


def _scatter_slices(out, places, values, axis):
    """Add whole slices along one axis: those for the same place are gathered and summed at once."""
    shape = out.shape[:axis] + (places.size,) + out.shape[axis + 1:]
    values = np.broadcast_to(values, out.shape[:axis] + places.shape + out.shape[axis + 1:]).reshape(shape)
    places = places.ravel() % max(out.shape[axis], 1)
    before = (slice(None),) * axis
    if np.max(np.bincount(places), initial=0) <= 1:
        out[(*before, places)] = values
    else:
        order = np.argsort(places, kind="stable")
        ordered = places[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=-1))
        out[(*before, ordered[starts])] = np.add.reduceat(values[(*before, order)], starts, axis)


linear(scatter, adjoint=lambda y_bar, values, index, shape, distinct=False: y_bar[index],
       samples=[Sample((array(4), (np.array([0, 2, 2, 1]),), (3,))),
                Sample((array(2, 3), (slice(None), np.array([1, 1, 0])), (2, 4))),
                Sample((array(2), (np.array([2, 0]),), (3,), True))])

# ---- take ---------------------------------------------------------------------------------------------------


def _wrapped(indices, n, mode):
    """Indices as ``np.take`` reads them in `mode`."""
    indices = np.asarray(indices)
    if mode == "clip":
        return np.clip(indices, 0, n - 1)
    return indices % n if mode == "wrap" and n else indices


def take_adjoint(y_bar, a, indices, axis=None, out=None, mode="raise"):
    """Add each element's cotangents."""
    if axis is None:
        return np.reshape(scatter(y_bar, (_wrapped(indices, a.size, mode),), (a.size,)), np.shape(a))
    axis = axis % a.ndim
    index = (slice(None),) * axis + (_wrapped(indices, np.shape(a)[axis], mode),)
    return scatter(y_bar, index, np.shape(a))


take_samples = [
    Sample((array(5), [0, 2, 2])), Sample((array(2, 3), [[1, 5], [0, 0]])), Sample((array(2, 3), [2, -1], 1)),
    Sample((array(2, 3, 4), [[0, 2], [1, 1]], 1)), Sample((array(2, 3), 1, 0)), Sample((array(5), 3)),
    Sample((array(5), [7, -6]), {"mode": "wrap"}), Sample((array(5), [7, -6]), {"mode": "clip"}),
]
for f in (np.take, np.ndarray.take):
    linear(f, adjoint=take_adjoint, samples=take_samples)


def along(indices, axis, shape):
    """The index tuple of ``np.take_along_axis``."""
    index = [np.reshape(np.arange(n), [n if j == i else 1 for j in range(len(shape))]) for i, n in enumerate(shape)]
    index[axis] = indices
    return tuple(index)


def take_along_axis_adjoint(y_bar, arr, indices, axis=-1):
    """Add each element's cotangents."""
    if axis is None:
        return np.reshape(scatter(y_bar, (indices,), (arr.size,)), np.shape(arr))
    shape = list(np.shape(arr))
    axis = axis % len(shape)
    lengths = [n if np.shape(indices)[i] == 1 else np.shape(indices)[i] for i, n in enumerate(shape)]
    index = along(indices, axis, lengths)
    stretched = tuple(n if i == axis else max(n, m) for i, (n, m) in enumerate(zip(shape, lengths, strict=True)))
    return unbroadcast(scatter(y_bar, index, stretched), tuple(shape))


linear(np.take_along_axis, adjoint=take_along_axis_adjoint,
       samples=[Sample((array(2, 4), np.array([[0, 0, 3], [1, 2, 2]]), 1)), Sample((array(6), np.array([1, 1]), None)),
                Sample((array(3, 2), np.array([[0, 2]]), 0))])

# ---- masks --------------------------------------------------------------------------------------------------


def compress_adjoint(y_bar, a, condition, axis=None, out=None):
    """Put the selected elements back."""
    return take_adjoint(y_bar, a, np.flatnonzero(condition), axis)


linear(np.compress, argnum=1,
       adjoint=lambda y_bar, condition, a, axis=None, out=None: compress_adjoint(y_bar, a, condition, axis),
       samples=[Sample(([True, False, True], array(5))), Sample(([0, 1, 1], array(2, 3), 1))])
linear(np.ndarray.compress, adjoint=compress_adjoint,
       samples=[Sample((array(5), [True, False, True])), Sample((array(2, 3), [0, 1, 1], 1))])
linear(np.extract, argnum=1,
       adjoint=lambda y_bar, condition, arr: take_adjoint(y_bar, arr, np.flatnonzero(condition)),
       samples=[Sample((np.arange(6).reshape(2, 3) % 2 == 0, array(2, 3)))])


@pullback(np.where, argnums=(1, 2), like=("x", "y_"), samples=[
    Sample((np.array([True, False, True]), array(3), array(3, seed=1))),
    Sample((np.array([[True], [False]]), array(3), array())),
    Sample((True, array(2, 1), array(3))), Sample((np.zeros(0, bool), array(0), array()))],
    convention="derivative of the branch taken")
def where(y, y_bar, condition, x, y_, active=(True, True)):
    """Each branch gets the cotangents of the elements it gave, zero elsewhere."""
    x_bar = unbroadcast(np.where(condition, y_bar, 0.0), np.shape(x)) if active[0] else None
    return x_bar, unbroadcast(np.where(condition, 0.0, y_bar), np.shape(y_)) if active[1] else None


@pushforward(np.where, argnums=(1, 2))
def where_pushforward(y, tangents, condition, x, y_):
    """Select among the tangents."""
    x_dot, y_dot = (0.0 if t is None else t for t in tangents)
    return np.broadcast_to(np.where(condition, x_dot, y_dot), np.shape(y))


RULES[np.where].truths = (0,)  # ``np.where(x, x, eps)``


def choose_pullback(y, y_bar, a, choices, out=None, mode="raise"):
    """Each choice gets the cotangents of the elements it gave."""
    a = _wrapped(a, len(choices), mode)
    return [unbroadcast(np.where(a == i, y_bar, 0.0), np.shape(c)) for i, c in enumerate(choices)]


def choose_pushforward(y, tangents, a, choices, out=None, mode="raise"):
    """Choose among the tangents."""
    tangent = [np.zeros(np.shape(c)) if t is None else t for c, t in zip(choices, tangents[0], strict=True)]
    return np.choose(a, tangent, mode=mode)


selector = np.array([[0, 2, 1], [1, 0, 0]])
choose_samples = [Sample((selector, [array(2, 3), array(3), array(2, 1)])),
                  Sample((selector + 2, [array(2, 3), array(3)]), {"mode": "wrap"})]
for f in (np.choose, np.ndarray.choose):
    pullback(f, argnums=(1,), sequences=(1,), samples=choose_samples, like=("choices",))(choose_pullback)
    pushforward(f, argnums=(1,), sequences=(1,))(choose_pushforward)
