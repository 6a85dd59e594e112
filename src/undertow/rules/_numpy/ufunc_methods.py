"""The methods of universal functions, ``reduce, accumulate, outer, reduceat, at``, for every ufunc with a rule.

Those of ``add, multiply, maximum, minimum`` are the reductions and scans of `reductions`; of the others they are
programs that do what the compiled loop does, in the same order, so that values agree to the last bit.
"""

from __future__ import annotations

import numpy as np

from .._registry import linear, pullback, pushforward, zero_derivative
from ..samples import Sample, array
from . import reductions
from .indexing import scatter

# ---- ufunc.reduce and accumulate with rules of their own ------------------------------------------------------


def along_first(rule):
    """A rule of ``np.sum`` or its like for ``ufunc.reduce``, whose default axis is the first, not all."""
    if rule.__name__.endswith("pushforward"):
        return _pushing(rule)

    def pull(y, y_bar, array, axis=0, dtype=None, out=None, keepdims=False, initial=np._NoValue, where=True,
             active=(True, False)):
        """As the reduction over all axes, with another default."""
        extra = (dtype,) if "dtype" in rule.__code__.co_varnames else ()
        return rule(y, y_bar, array, axis, *extra, out, keepdims, initial, where, active=active)

    return pull


def _pushing(rule):
    def push(y, tangents, array, axis=0, dtype=None, out=None, keepdims=False, initial=np._NoValue, where=True):
        """As the reduction over all axes, with another default."""
        extra = (dtype,) if "dtype" in rule.__code__.co_varnames else ()
        return rule(y, tangents, array, axis, *extra, out, keepdims, initial, where)

    return push


reduce_samples = [Sample((array(3, 4),)), Sample((array(3, 4), 1)), Sample((array(2, 3, 4), (0, 2))),
                  Sample((array(3, 4), None), {"keepdims": True}), Sample((array(3, 4), 0), {"initial": 0.5})]
for ufunc, pull, push in (
    (np.add, reductions.sum_pullback, reductions.sum_pushforward),
    (np.multiply, reductions.prod_pullback, reductions.prod_pushforward),
    (np.maximum, reductions.extremum_pullback, reductions.extremum_pushforward),
    (np.minimum, reductions.extremum_pullback, reductions.extremum_pushforward),
):
    pullback(ufunc.reduce, argnums=(0, 5), samples=reduce_samples)(along_first(pull))
    pushforward(ufunc.reduce, argnums=(0, 5))(along_first(push))

accumulate_samples = [Sample((array(3, 4),)), Sample((array(3, 4), 1))]
linear(np.add.accumulate, samples=accumulate_samples,
       adjoint=lambda y_bar, array, axis=0, dtype=None, out=None: reductions.reverse_cumsum(y_bar, axis))
pullback(np.multiply.accumulate, samples=accumulate_samples)(
    lambda y, y_bar, array, axis=0, dtype=None, out=None: reductions.cumprod_pullback(y, y_bar, array, axis))
pushforward(np.multiply.accumulate)(
    lambda y, tangents, array, axis=0, dtype=None, out=None: reductions.cumprod_pushforward(y, tangents, array, axis))


def segments(indices, n):
    """For each run of ``reduceat`` the elements in it: ``(element, run)`` pairs as two arrays."""
    indices = np.asarray(indices)
    ends = np.append(indices[1:], n)
    runs = [np.arange(i, j) if j > i else np.array([i]) for i, j in zip(indices, ends, strict=True)]
    return np.concatenate(runs), np.repeat(np.arange(len(runs)), [len(r) for r in runs])


def add_reduceat_adjoint(y_bar, array, indices, axis=0, dtype=None, out=None):
    """Each element gets the cotangents of the runs it is in."""
    element, run = segments(indices, np.shape(array)[axis])
    index = (slice(None),) * (axis % array.ndim) + (element,)
    return scatter(np.take(y_bar, run, axis), index, np.shape(array))


linear(np.add.reduceat, adjoint=add_reduceat_adjoint,
       samples=[Sample((array(8), [0, 4, 1, 5, 2, 6, 3, 7])), Sample((array(2, 4), [0, 2], 1))])

# ---- the others, as programs ----------------------------------------------------------------------------------


def _last(array, axis):
    """`array` with the axes `axis` merged into a first one, and the tuple of them."""
    axes = reductions.axes_of(array, axis)
    rest = [i for i in range(array.ndim) if i not in axes]
    moved = np.transpose(array, list(axes) + rest)
    return moved.reshape((-1, *moved.shape[len(axes):])), axes


def reduce(ufunc, array, axis=0, dtype=None, out=None, keepdims=False, initial=np._NoValue, where=True):
    """``ufunc.reduce``: fold from the left."""
    array = np.asarray(array) if dtype is None else np.asarray(array).astype(dtype)
    parts, axes = _last(array, axis)
    chosen = None if where is True else _last(np.broadcast_to(where, array.shape), axis)[0]
    start = 0
    if initial is not np._NoValue and initial is not None:
        result = np.broadcast_to(np.asarray(initial), parts.shape[1:])
    elif len(parts) and chosen is None:
        result, start = parts[0], 1
    elif ufunc.identity is None:
        raise ValueError(f"zero-size array to reduction operation {ufunc.__name__} which has no identity"
                         if chosen is None else f"reduction operation '{ufunc.__name__}' does not have an identity, "
                         "so to use a where mask one has to specify 'initial'")
    else:
        result = np.full(parts.shape[1:], ufunc.identity, array.dtype)
    for i in range(start, len(parts)):
        step = ufunc(result, parts[i])
        result = step if chosen is None else np.where(chosen[i], step, result)
    if keepdims:
        result = np.reshape(result, [1 if i in axes else n for i, n in enumerate(array.shape)])
    return _deliver(result, out)


def _deliver(result, out):
    """`result`, written to `out` if there is one."""
    out = out[0] if isinstance(out, tuple) else out
    if out is None:
        return result[()] if isinstance(result, np.ndarray) and result.ndim == 0 else result
    out[...] = result
    return out


def accumulate(ufunc, array, axis=0, dtype=None, out=None):
    """``ufunc.accumulate``: fold from the left and keep every step."""
    array = np.asarray(array) if dtype is None else np.asarray(array).astype(dtype)
    parts = np.moveaxis(array, axis, 0)
    if len(parts) == 0:
        return _deliver(array, out)
    steps = [parts[0]]
    for part in parts[1:]:
        steps.append(ufunc(steps[-1], part))
    return _deliver(np.stack(steps, axis), out)


def outer(ufunc, a, b, **kwargs):
    """``ufunc.outer``: every pair."""
    a, b = np.asarray(a), np.asarray(b)
    return ufunc(np.reshape(a, a.shape + (1,) * b.ndim), b, **kwargs)


def reduceat(ufunc, array, indices, axis=0, dtype=None, out=None):
    """``ufunc.reduceat``: fold each run."""
    parts = np.moveaxis(np.asarray(array), axis, 0)
    ends = [*indices[1:], len(parts)]
    runs = [parts[i] if j <= i else reduce(ufunc, parts[i:j], 0, dtype) for i, j in zip(indices, ends, strict=True)]
    return _deliver(np.stack(runs, axis), out)


def rounds(indices, shape):
    """Flat positions of ``a[indices]`` and, for each, how many times it occurred before, as rounds of distinct ones.

    Returns a list of index arrays into the raveled selection: within a round no position occurs twice.
    """
    positions = np.ravel(np.arange(int(np.prod(shape))).reshape(shape)[indices])
    order = np.argsort(positions, kind="stable")
    ordered = positions[order]
    first = np.searchsorted(ordered, ordered, side="left")
    turn = np.empty(positions.size, np.intp)
    turn[order] = np.arange(positions.size) - first
    chosen = [np.flatnonzero(turn == k) for k in range(int(turn.max()) + 1)] if positions.size else []
    return [(k, np.unravel_index(positions[k], shape)) for k in chosen]


def selection_shape(indices, shape):
    """Shape of ``a[indices]`` for `a` of `shape`."""
    return np.broadcast_to(np.empty(()), shape)[indices].shape


zero_derivative(rounds, samples=[Sample((np.array([0, 1, 1]), (3,)))])
zero_derivative(selection_shape, samples=[Sample((np.array([0, 1, 1]), (3,)))])
zero_derivative(segments, samples=[Sample(([0, 2], 4))])


def at(ufunc, a, indices, *others):
    """``ufunc.at``: repeated places are visited one after the other."""
    shape = selection_shape(indices, a.shape)
    flat = [np.ravel(np.broadcast_to(b, shape)) for b in others]
    for chosen, where in rounds(indices, a.shape):
        a[where] = ufunc(a[where], *(b[chosen] for b in flat))


PROGRAMS = {"reduce": reduce, "accumulate": accumulate, "outer": outer, "reduceat": reduceat, "at": at}
