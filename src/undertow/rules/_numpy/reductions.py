"""Reductions and scans: sum, prod, mean, var, max, cumsum, … as functions, array methods and ``ufunc.reduce``."""

from __future__ import annotations

import numpy as np

from .._registry import linear, pullback, pushforward
from ..samples import Sample, array
from .indexing import along, scatter
from .ufuncs import conj

# ---- axes ---------------------------------------------------------------------------------------------------


def axes_of(a, axis) -> tuple:
    """`axis` as a tuple of nonnegative integers; None means all of them."""
    ndim = np.ndim(a)
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return tuple(int(i) % ndim for i in axes) if ndim else ()


def restore(y, a, axis, keepdims=False):
    """`y`, the result of a reduction of `a`, with the reduced axes put back as length one."""
    axes = axes_of(a, axis)
    return np.reshape(y, tuple(1 if i in axes else n for i, n in enumerate(np.shape(a))))


def spread(y_bar, a, axis, where=True):
    """The cotangent of a sum: `y_bar` copied along the reduced axes, zero where `where` is false."""
    x_bar = np.broadcast_to(restore(y_bar, a, axis), np.shape(a))
    return x_bar if where is True else np.where(where, x_bar, 0.0)


def count(a, axis, where=True):
    """Number of elements a reduction of `a` runs over; an array with the reduced axes kept where it varies."""
    if where is True:
        return int(np.prod([np.shape(a)[i] for i in axes_of(a, axis)], dtype=np.int64))
    return np.sum(np.broadcast_to(where, np.shape(a)), axis=axes_of(a, axis), keepdims=True)


def _given(initial) -> bool:
    return initial is not None and initial is not np._NoValue


axis_samples = [
    Sample((array(3, 4),)),
    Sample((array(3, 4), 1)),
    Sample((array(2, 3, 4), -2), {"keepdims": True}),
    Sample((array(2, 3, 4), (0, 2))),
    Sample((array(5),), {"dtype": np.float64}),
    Sample((array(1, 1), 0)),
    Sample((array(),)),
    Sample((array(3, 4), 1), {"where": np.arange(12).reshape(3, 4) % 3 > 0, "initial": 0.5}),
]
empty_samples = [Sample((array(0),)), Sample((array(0, 3), 0)), Sample((array(2, 0), 0), {"keepdims": True})]

# ---- sum and mean -------------------------------------------------------------------------------------------


def sum_pullback(y, y_bar, a, axis=None, dtype=None, out=None, keepdims=False, initial=0, where=True,
                 active=(True, False)):
    """Copy the cotangent along the summed axes."""
    return spread(y_bar, a, axis, _where(where)), np.sum(y_bar) if active[1] else None


def sum_pushforward(y, tangents, a, axis=None, dtype=None, out=None, keepdims=False, initial=0, where=True):
    """Sum the tangents."""
    a_dot, initial_dot = tangents
    if a_dot is None:
        return np.broadcast_to(initial_dot, np.shape(y))
    return np.sum(a_dot, axis=axis, keepdims=_keeps(keepdims), where=_where(where),
                  initial=0 if initial_dot is None else initial_dot)


def _keeps(keepdims) -> bool:
    return False if keepdims is np._NoValue else keepdims


def _where(where):
    return True if where is np._NoValue else where


for f in (np.sum, np.ndarray.sum):
    pullback(f, argnums=(0, 5), like=("a",), samples=axis_samples + empty_samples)(sum_pullback)
    pushforward(f, argnums=(0, 5))(sum_pushforward)


def mean_adjoint(y_bar, a, axis=None, dtype=None, out=None, keepdims=False, *, where=True):
    """Share the cotangent among the averaged elements."""
    where = _where(where)
    return spread(restore(y_bar, a, axis) / count(a, axis, where), a, axis, where)


mean_samples = axis_samples[:-1] + [Sample((array(3, 4), 1), {"where": np.arange(12).reshape(3, 4) % 3 > 0})]
for f in (np.mean, np.ndarray.mean):
    linear(f, adjoint=mean_adjoint, samples=mean_samples)

# ---- variance -----------------------------------------------------------------------------------------------


def _deviation(a, axis, mean, where):
    """``a - mean`` (zero where masked out), and the count, with the reduced axes kept."""
    where = _where(where)
    n = count(a, axis, where)
    if mean is None or mean is np._NoValue:
        mean = np.sum(a, axis=axes_of(a, axis), keepdims=True, where=where) / n
    d = a - mean
    return (d if where is True else np.where(where, d, 0.0)), n


def var_pullback(y, y_bar, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=None,
                 correction=None):
    """``2 (a - mean) / (n - ddof)``: the mean's own dependence on `a` cancels, or it was given as a constant."""
    ddof = ddof if correction is None or correction is np._NoValue else correction
    d, n = _deviation(a, axis, mean, where)
    return d * (restore(y_bar, a, axis) * (2 / (n - ddof)))


def var_pushforward(y, tangents, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=None,
                    correction=None):
    """``2 Re <a - mean, a_dot> / (n - ddof)``."""
    ddof = ddof if correction is None or correction is np._NoValue else correction
    d, n = _deviation(a, axis, mean, where)
    inner = np.sum(np.real(conj(d) * tangents[0]), axis=axes_of(a, axis), keepdims=True)
    return np.reshape(2 * inner / (n - ddof), np.shape(y))


def std_pullback(y, y_bar, a, *args, **kwargs):
    """Through the variance; 0 where the deviation is 0."""
    return var_pullback(y, _half_over(y_bar, y), a, *args, **kwargs)


def std_pushforward(y, tangents, a, *args, **kwargs):
    """Through the variance; 0 where the deviation is 0."""
    return _half_over(var_pushforward(y, tangents, a, *args, **kwargs), y)


def _half_over(x, y):
    zero = y == 0
    return np.where(zero, 0.0, x / (2 * np.where(zero, 1.0, y))) if np.any(zero) else x / (2 * y)


var_samples = [
    Sample((array(3, 4),)), Sample((array(3, 4), 1), {"ddof": 1}), Sample((array(2, 3, 4), (0, 2)), {"keepdims": True}),
    Sample((array(3, 4), 0), {"where": np.arange(12).reshape(3, 4) % 5 > 0}),
    Sample((array(3, 4), 1), {"mean": array(3, 1)}), Sample((array(6),), {"correction": 1}),
]
method_samples = [s for s in var_samples if "correction" not in s.kwargs]
for f, pull, push, cases in ((np.var, var_pullback, var_pushforward, var_samples),
                             (np.std, std_pullback, std_pushforward, var_samples),
                             (np.ndarray.var, var_pullback, var_pushforward, method_samples),
                             (np.ndarray.std, std_pullback, std_pushforward, method_samples)):
    pullback(f, samples=cases)(pull)
    pushforward(f)(push)

# ---- products -----------------------------------------------------------------------------------------------


def others(x, axis):
    """For each element of `x` the product of the others along one axis, right where there are zeros."""
    ones = np.ones_like(np.take(x, [0], axis=axis)) if np.shape(x)[axis] else x
    n = np.shape(x)[axis]
    if n == 0:
        return x
    before = np.concatenate([ones, np.take(np.cumprod(x, axis=axis), np.arange(n - 1), axis=axis)], axis=axis)
    flipped = np.flip(x, axis)
    after = np.concatenate([ones, np.take(np.cumprod(flipped, axis=axis), np.arange(n - 1), axis=axis)], axis=axis)
    return before * np.flip(after, axis)


def _gathered(x, axes):
    """`x` with `axes` moved last and merged, and the shape before merging."""
    rest = [i for i in range(np.ndim(x)) if i not in axes]
    moved = np.transpose(x, rest + list(axes))
    return np.reshape(moved, moved.shape[: len(rest)] + (-1,)), moved.shape, np.argsort(rest + list(axes))


def _regular(y, a) -> bool:
    """Whether the products of the others are quotients."""
    return bool(np.size(a) and np.all(y != 0) and np.all(np.isfinite(y)))


def _partials(y, a, axis, initial, where):
    """Product of everything but one element, for each element."""
    where = _where(where)
    factors = a if where is True else np.where(where, a, 1.0)
    scale = initial if _given(initial) else 1.0
    if _regular(y, a):
        p = restore(y, a, axis) / factors
    else:
        axes = axes_of(a, axis)
        if np.size(a) == 0 or not axes:
            p = scale * np.ones(np.shape(a))
        else:
            merged, shape, back = _gathered(factors, axes)
            p = scale * np.transpose(np.reshape(others(merged, -1), shape), back)
    return p if where is True else np.where(where, p, 0.0)


def prod_pullback(y, y_bar, a, axis=None, dtype=None, out=None, keepdims=False, initial=1, where=True,
                  active=(True, False)):
    """``y / a`` where no element is zero, else the products of the other elements."""
    a_bar = None
    if active[0] and where is True and _regular(y, a):
        a_bar = restore(conj(y) * y_bar, a, axis) / conj(a)
    elif active[0]:
        a_bar = conj(_partials(y, a, axis, initial, where)) * restore(y_bar, a, axis)
    initial_bar = None
    if active[1]:
        alone = np.prod(a, axis=axis, keepdims=_keeps(keepdims), where=_where(where))
        initial_bar = np.sum(conj(alone) * y_bar)
    return a_bar, initial_bar


def prod_pushforward(y, tangents, a, axis=None, dtype=None, out=None, keepdims=False, initial=1, where=True):
    """Sum over the elements of tangent times the product of the others."""
    y_dot = 0.0
    if tangents[0] is not None:
        terms = _partials(y, a, axis, initial, where) * tangents[0]
        y_dot = np.reshape(np.sum(terms, axis=axes_of(a, axis)), np.shape(y))
    if tangents[1] is not None:
        y_dot = y_dot + tangents[1] * np.prod(a, axis=axis, keepdims=_keeps(keepdims), where=_where(where))
    return y_dot


zeros_in = [Sample((array(5) * np.array([1, 0, 1, 1, 1]),)),
            Sample((array(2, 3, 2) * (np.arange(12).reshape(2, 3, 2) % 4 > 0), (0, 1)))]
for f in (np.prod, np.ndarray.prod):
    pullback(f, argnums=(0, 5), samples=axis_samples + empty_samples + zeros_in,
             convention="exact where elements are zero")(prod_pullback)
    pushforward(f, argnums=(0, 5))(prod_pushforward)

# ---- scans --------------------------------------------------------------------------------------------------


def reverse_cumsum(x, axis):
    """Sum over this and the later elements."""
    return np.flip(np.cumsum(np.flip(x, axis), axis=axis), axis)


def cumsum_adjoint(y_bar, a, axis=None, dtype=None, out=None):
    """The transposed scan runs backwards."""
    if axis is None:
        return np.reshape(reverse_cumsum(y_bar, 0), np.shape(a))
    return reverse_cumsum(y_bar, axis)


scan_samples = [Sample((array(3, 4),)), Sample((array(3, 4), 1)), Sample((array(2, 3, 4), -2)), Sample((array(1),)),
                Sample((array(0),)), Sample((array(3, 0), 1))]
for f in (np.cumsum, np.ndarray.cumsum):
    linear(f, adjoint=cumsum_adjoint, samples=scan_samples)


def _scan_back(y_bar, a, axis):
    """Adjoint of the recurrence ``y[i] = y[i-1] a[i]``, element by element along `axis`: exact at zeros."""
    x, g = np.moveaxis(a, axis, 0), np.moveaxis(y_bar, axis, 0)
    before = np.concatenate([np.ones_like(x[:1]), np.cumprod(x, axis=0)[:-1]])
    carried = [g[-1]]
    for i in range(len(x) - 1, 0, -1):
        carried.append(g[i - 1] + conj(x[i]) * carried[-1])
    return np.moveaxis(conj(before) * np.stack(carried[::-1]), 0, axis)


def cumprod_pullback(y, y_bar, a, axis=None, dtype=None, out=None):
    """``reverse_cumsum(conj(y) y_bar) / conj(a)`` where nothing vanishes, else the recurrence run backwards."""
    flat, axis = (np.ravel(a), 0) if axis is None else (a, axis)
    if np.size(y) == 0:
        return None
    if np.all(y != 0) and np.all(np.isfinite(y)):
        x_bar = reverse_cumsum(conj(y) * y_bar, axis) / conj(flat)
    else:
        x_bar = _scan_back(y_bar, flat, axis)
    return np.reshape(x_bar, np.shape(a))


def cumprod_pushforward(y, tangents, a, axis=None, dtype=None, out=None):
    """``y cumsum(a_dot / a)`` where nothing vanishes, else the recurrence with its tangent."""
    a_dot, axis = (np.ravel(tangents[0]), 0) if axis is None else (tangents[0], axis)
    flat = np.reshape(a, np.shape(a_dot))
    if np.size(y) == 0:
        return y
    if np.all(y != 0) and np.all(np.isfinite(y)):
        return y * np.cumsum(a_dot / flat, axis=axis)
    x, d, p = (np.moveaxis(v, axis, 0) for v in (flat, a_dot, y))
    tangent = [d[0]]
    for i in range(1, len(x)):
        tangent.append(tangent[-1] * x[i] + p[i - 1] * d[i])
    return np.moveaxis(np.stack(tangent), 0, axis)


zero_scans = [Sample((array(5) * np.array([1, 1, 0, 1, 1]),)), Sample((array(3, 4) * (np.arange(4) != 1), 1))]
for f in (np.cumprod, np.ndarray.cumprod):
    pullback(f, samples=scan_samples + zero_scans, convention="exact where elements are zero")(cumprod_pullback)
    pushforward(f)(cumprod_pushforward)

# ---- extrema ------------------------------------------------------------------------------------------------


def _winners(y, a, axis, initial, where):
    """The elements that attain the extremum, whether `initial` does, and how many there are."""
    top = restore(y, a, axis)
    attains = a == top
    if np.any(np.isnan(top)):
        attains = attains | (np.isnan(a) & np.isnan(top))
    if where is not True:
        attains = attains & where
    if axis is None:  # counting is quicker than adding
        number = np.reshape(np.count_nonzero(attains), np.shape(top))
    else:
        number = np.sum(attains, axis=axes_of(a, axis), keepdims=True)
    own = (top == initial) if _given(initial) else np.zeros_like(number)
    return attains, own, np.maximum(number + own, 1)


def _only_winner(y, a, axis, first, extremum):
    """The places of the elements that attain the extremum, if each is alone; None where they may be several.

    Parameters
    ----------
    first, extremum : callables
        ``np.argmax`` and ``np.max``, or ``np.argmin`` and ``np.min``.
    """
    if np.size(a) == 0 or not isinstance(a, np.ndarray) or a.ndim == 0 or a.dtype.kind != "f":
        return None
    if axis is None:
        if not a.flags.c_contiguous or np.isnan(y):
            return None
        flat, i = np.reshape(a, -1), first(a)
        for rest in (flat[:i], flat[i + 1:]):  # two passes of a reduction are quicker than one comparison
            if rest.size and extremum(rest) == y:
                return None
        return tuple([np.reshape(k, 1) for k in np.unravel_index(i, a.shape)])
    if isinstance(axis, tuple) or np.count_nonzero(a == restore(y, a, axis)) != np.size(y):
        return None
    axis = axis % a.ndim
    return along(np.expand_dims(first(a, axis), axis), axis, a.shape)


def extremum_pullback(y, y_bar, a, axis=None, initial=None, where=True, active=(True, False), functions=None):
    """Cotangents go to the elements that attain the extremum, in equal parts; they are few."""
    if functions and where is True and not _given(initial):
        places = _only_winner(y, a, axis, *functions)
        if places is not None:
            return scatter(np.reshape(y_bar, np.broadcast_shapes(*map(np.shape, places))), places, np.shape(a), True), None
    attains, own, number = _winners(y, a, axis, initial, _where(where))
    share = restore(y_bar, a, axis) / number
    places = np.nonzero(attains) if np.ndim(a) else ()
    a_bar = attains * share
    if places:
        a_bar = scatter(np.broadcast_to(share, np.shape(a))[places], places, np.shape(a), True)
    return a_bar, np.sum(own * share) if active[1] else None


def extremum_pushforward(y, tangents, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    """The mean of the tangents of the elements that attain the extremum."""
    attains, own, number = _winners(y, a, axis, initial, _where(where))
    y_dot = 0.0
    if tangents[0] is not None:
        y_dot = np.sum(attains * tangents[0], axis=axes_of(a, axis), keepdims=True)
    if tangents[1] is not None:
        y_dot = y_dot + own * tangents[1]
    return np.reshape(y_dot / number, np.shape(y))


extremum_samples = [Sample(s.args, {k: v for k, v in s.kwargs.items() if k != "dtype"}) for s in axis_samples]


def max_pullback(y, y_bar, a, axis=None, out=None, keepdims=False, initial=None, where=True, active=(True, False)):
    """To the largest elements."""
    return extremum_pullback(y, y_bar, a, axis, initial, _where(where), active, (np.argmax, np.max))


def min_pullback(y, y_bar, a, axis=None, out=None, keepdims=False, initial=None, where=True, active=(True, False)):
    """To the smallest elements."""
    return extremum_pullback(y, y_bar, a, axis, initial, _where(where), active, (np.argmin, np.min))


for f in (np.max, np.min, np.ndarray.max, np.ndarray.min, np.amax, np.amin):
    pullback(f, argnums=(0, 4), samples=extremum_samples, convention="ties share evenly",
             kinks=lambda a, *args, **kwargs: np.diff(np.sort(a, axis=None)))(
        min_pullback if "min" in f.__name__ else max_pullback)
    pushforward(f, argnums=(0, 4))(extremum_pushforward)
