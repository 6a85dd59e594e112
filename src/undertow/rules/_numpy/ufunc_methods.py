"""The methods of universal functions, ``reduce, accumulate, outer, reduceat, at``, for every ufunc with a rule.

Those of ``add, multiply, maximum, minimum`` are the reductions and scans of `reductions`; of the others they are
programs that do what the compiled loop does, in the same order, so that values agree to the last bit.
"""

from __future__ import annotations

import numpy as np

from .._registry import linear, lookup, substitute, zero_derivative
from ..samples import Sample, array
from . import reductions
from .indexing import scatter

# ---- sums over runs -------------------------------------------------------------------------------------------


def segments(indices, n):
    """For each run of ``reduceat`` the elements in it: ``(element, run)`` pairs as two arrays."""
    indices = np.asarray(indices)
    ends = np.append(indices[1:], n)
    runs = [np.arange(i, j) if j > i else np.array([i]) for i, j in zip(indices, ends, strict=True)]
    return np.concatenate(runs), np.repeat(np.arange(len(runs)), [len(r) for r in runs])


def add_reduceat_adjoint(y_bar, array, indices, axis=0, dtype=None):
    """Each element gets the cotangents of the runs it is in."""
    element, run = segments(indices, np.shape(array)[axis])
    index = (slice(None),) * (axis % array.ndim) + (element,)
    return scatter(np.take(y_bar, run, axis), index, np.shape(array))


def add_reduceat(array, indices, axis=0, dtype=None):
    """``np.add.reduceat`` as a primitive."""
    return np.add.reduceat(array, indices, axis, dtype)


linear(add_reduceat, adjoint=add_reduceat_adjoint,
       samples=[Sample((array(8), [0, 4, 1, 5, 2, 6, 3, 7])), Sample((array(2, 4), [0, 2], 1))])


def flat_call(ufunc, method, args, kwargs):
    """A method of a ufunc that has derivative zero, or whose arguments are not numbers of the reals."""
    return getattr(ufunc, method)(*args, **kwargs)


zero_derivative(flat_call, samples=[Sample((np.less, "outer", (array(3), array(2)), {}))])


def is_flat(ufunc) -> bool:
    """Whether the results of `ufunc` carry no derivative."""
    rule = lookup(ufunc)
    return rule is not None and rule.kind == "zero"


zero_derivative(is_flat, samples=[Sample((np.less,))])

REDUCTIONS = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}
SCANS = {np.add: np.cumsum, np.multiply: np.cumprod}

# Extrema that pass over what is not a number, and what cannot be one.
PASSING_NAN = {np.fmax: (np.max, -np.inf), np.fmin: (np.min, np.inf)}

# ---- the methods ------------------------------------------------------------------------------------------------


def check_axes(ufunc, ndim, axis):
    """Raise what NumPy raises if `ufunc` cannot be reduced over these axes."""
    ufunc.reduce(np.ones((1,) * ndim), axis=axis)


zero_derivative(check_axes, samples=[Sample((np.add, 2, 0))])


def _last(array, axis):
    """`array` with the axes `axis` merged into a first one, and the tuple of them."""
    axes = reductions.axes_of(array, axis)
    rest = [i for i in range(array.ndim) if i not in axes]
    moved = np.transpose(array, list(axes) + rest)
    return moved.reshape((-1, *moved.shape[len(axes):])), axes


def reduce(ufunc, array, axis=0, dtype=None, out=None, keepdims=False, initial=np._NoValue, where=True):
    """``ufunc.reduce``: a reduction with a rule, or a fold from the left."""
    out = out[0] if isinstance(out, tuple) else out
    if is_flat(ufunc):
        return flat_call(ufunc, "reduce", (array, axis, dtype, out, keepdims, initial, where), {})
    if ufunc in REDUCTIONS:
        extra = {} if dtype is None else {"dtype": dtype}
        return REDUCTIONS[ufunc](array, axis=axis, out=out, keepdims=keepdims, initial=initial, where=where, **extra)
    array = np.asarray(array) if dtype is None else np.asarray(array).astype(dtype)
    if ufunc in PASSING_NAN and initial is np._NoValue and where is True and array.dtype.kind == "f" and array.size:
        extremum, beyond = PASSING_NAN[ufunc]
        missing = np.isnan(array)
        found = extremum(np.where(missing, beyond, array), axis=axis, keepdims=keepdims)
        return _deliver(np.where(np.all(missing, axis=axis, keepdims=keepdims), np.nan, found), out)
    check_axes(ufunc, array.ndim, axis)
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
    if out is None:
        return result[()] if isinstance(result, np.ndarray) and result.ndim == 0 else result
    out[...] = result
    return out


def accumulate(ufunc, array, axis=0, dtype=None, out=None):
    """``ufunc.accumulate``: a scan with a rule, or a fold from the left that keeps every step."""
    out = out[0] if isinstance(out, tuple) else out
    if is_flat(ufunc):
        return flat_call(ufunc, "accumulate", (array, axis, dtype, out), {})
    if ufunc in SCANS:
        return SCANS[ufunc](array, axis=axis, dtype=dtype, out=out)
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
    out = out[0] if isinstance(out, tuple) else out
    if is_flat(ufunc):
        return flat_call(ufunc, "reduceat", (array, indices, axis, dtype, out), {})
    if ufunc is np.add:
        return _deliver(add_reduceat(array, indices, axis, dtype), out)
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
    if is_flat(ufunc):
        return flat_call(ufunc, "at", (a, indices, *others), {})
    shape = selection_shape(indices, a.shape)
    flat = [np.ravel(np.broadcast_to(b, shape)) for b in others]
    for chosen, where in rounds(indices, a.shape):
        a[where] = ufunc(a[where], *(b[chosen] for b in flat))


square = array(3, 4)
for method, program, cases in (
    ("reduce", reduce, [Sample((f, square, axis)) for f in (np.add, np.logaddexp, np.fmax) for axis in (0, None)]
     + [Sample((np.subtract, square, 1)),
        Sample((np.hypot, square, 1), {"keepdims": True, "initial": 0.5, "where": square > 0}),
        Sample((np.maximum, square, (0, 1))), Sample((np.logical_and, square))]),
    ("accumulate", accumulate, [Sample((f, square, 1)) for f in (np.add, np.multiply, np.maximum, np.divide)]),
    ("outer", outer, [Sample((np.hypot, array(3), square)), Sample((np.multiply, array(), array(2)))]),
    ("reduceat", reduceat, [Sample((f, array(8), [0, 4, 1, 5])) for f in (np.add, np.multiply, np.logaddexp)]),
    ("at", at, [Sample((f, array(4), [0, 2, 2, 0], array(4, seed=1))) for f in (np.add, np.multiply, np.maximum)]
     + [Sample((np.negative, array(4), [1, 1, 2])), Sample((np.subtract, square, (slice(None), [0, 0]), array(3, 1)))]),
):
    substitute(getattr(np.ufunc, method), samples=cases)(program)
