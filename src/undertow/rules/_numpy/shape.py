"""Rearranging arrays: copies, joins, repetition, diagonals.

Results that are views of their argument carry no rule in the record tier, where derivatives follow memory; the
rules hold for both.  Each function is linear and, but for memory-dependent orders, its own pushforward.
"""

from __future__ import annotations

import numpy as np

from .._registry import linear, pullback, pushforward, unbroadcast
from ..samples import Sample, array
from .indexing import scatter

pair, cube = array(2, 3), array(2, 3, 4)

# ---- copies -------------------------------------------------------------------------------------------------

linear(np.copy, adjoint=lambda y_bar, a, order="K", subok=False: y_bar, samples=[Sample((pair,)), Sample((cube.T,))])
linear(np.ndarray.copy, adjoint=lambda y_bar, a, order="C": y_bar, samples=[Sample((pair,))])
linear(np.ndarray.__copy__, adjoint=lambda y_bar, a: y_bar, samples=[Sample((pair,))])
linear(np.ndarray.__deepcopy__, adjoint=lambda y_bar, a, memo=None: y_bar, samples=[Sample((pair, {}))])
linear(np.ndarray.astype,
       adjoint=lambda y_bar, a, dtype, order="K", casting="unsafe", subok=True, copy=True: y_bar,
       samples=[Sample((pair, np.float64)), Sample((pair, complex))])
if hasattr(np, "astype"):  # NumPy 2.1
    linear(np.astype, adjoint=lambda y_bar, a, dtype, *, copy=True, device=None: y_bar,
           samples=[Sample((pair, np.float64)), Sample((pair, complex))])

# ---- reshapes -----------------------------------------------------------------------------------------------


def memory_order(a, order) -> tuple:
    """``(permutation, order)``: reading `a` in `order` is reading the permuted array in C or F order."""
    axes = tuple(range(np.ndim(a)))
    if order in ("C", "F", None):
        return axes, order or "C"
    if order == "A":
        return axes, "F" if a.flags.f_contiguous and not a.flags.c_contiguous else "C"
    return tuple(sorted(axes, key=lambda i: -abs(a.strides[i]))), "C"


def _reread(x, a, order, shape):
    """`x`, shaped like `a`, read in the `order` that `a` has in memory."""
    axes, order = memory_order(a, order)
    return np.reshape(np.transpose(x, axes), shape, order=order)


def _rewrite(y_bar, shape, axes, order):
    """The inverse of `_reread`."""
    x_bar = np.reshape(y_bar, [shape[i] for i in axes], order=order)
    return np.transpose(x_bar, np.argsort(axes))


def _reshaping(f, samples, order_of):
    """Register `f`, a reshape whose order of reading is ``order_of(*args, **kwargs)``."""

    def forward(a, *args, **kwargs):
        """The result, and the order in which it was read; the values need not be kept."""
        return f(a, *args, **kwargs), (np.shape(a), *memory_order(a, order_of(*args, **kwargs)))

    def pull(y, y_bar, a, *args, residuals, **kwargs):
        """Write in the order that was read."""
        return _rewrite(y_bar, *residuals)

    def push(y, tangents, a, *args, **kwargs):
        """Read the tangent as the argument is read."""
        return _reread(tangents[0], a, order_of(*args, **kwargs), np.shape(y))

    pullback(f, samples=samples, forward=forward)(pull)
    pushforward(f)(push)


orders = [Sample((cube,)), Sample((cube, "F")), Sample((np.moveaxis(cube, 0, 1),), {"order": "K"}),
          Sample((np.asfortranarray(cube),), {"order": "A"}), Sample((array(),)), Sample((array(0, 2),))]
_reshaping(np.ravel, orders, lambda order="C": order)
_reshaping(np.ndarray.ravel, orders, lambda order="C": order)
_reshaping(np.ndarray.flatten, orders, lambda order="C": order)
_reshaping(np.reshape, [Sample((cube, (4, 6))), Sample((cube, -1)), Sample((cube, (6, 4)), {"order": "F"}),
                        Sample((np.asfortranarray(cube), (6, 4)), {"order": "A"}), Sample((array(0, 2), (2, 0)))],
           lambda shape=None, order="C", **kwargs: order)
_reshaping(np.ndarray.reshape, [Sample((cube, 4, 6)), Sample((cube, (-1,))), Sample((cube, 6, 4), {"order": "F"})],
           lambda *shape, order="C", copy=None: order)

linear(np.squeeze, adjoint=lambda y_bar, a, axis=None: np.reshape(y_bar, np.shape(a)),
       samples=[Sample((array(1, 3, 1),)), Sample((array(1, 3, 1), 0))])
linear(np.ndarray.squeeze, adjoint=lambda y_bar, a, axis=None: np.reshape(y_bar, np.shape(a)),
       samples=[Sample((array(1, 3, 1),)), Sample((array(1, 3, 1), 0))])
linear(np.expand_dims, adjoint=lambda y_bar, a, axis: np.reshape(y_bar, np.shape(a)),
       samples=[Sample((pair, 0)), Sample((pair, (0, 3)))])
for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    pullback(f, argnums=slice(0, None), samples=[Sample((array(3),)), Sample((array(),)), Sample((cube,))], keep=("y",),
             like=("arys",))(
        lambda y, y_bar, *arys: tuple(np.reshape(g, np.shape(a)) for g, a in zip(
            y_bar if len(arys) > 1 else (y_bar,), arys, strict=True)))

# ---- axes ---------------------------------------------------------------------------------------------------


def transpose_adjoint(y_bar, a, axes=None):
    """The inverse permutation."""
    return np.transpose(y_bar) if axes is None else np.transpose(y_bar, np.argsort([i % a.ndim for i in axes]))


def transpose_method(y_bar, a, *axes):
    """The inverse permutation."""
    axes = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
    return transpose_adjoint(y_bar, a, axes or None)


linear(np.transpose, adjoint=transpose_adjoint, samples=[Sample((cube,)), Sample((cube, (1, -1, 0)))])
linear(np.permute_dims, adjoint=transpose_adjoint, samples=[Sample((cube,)), Sample((cube, (1, -1, 0)))])
linear(np.ndarray.transpose, adjoint=transpose_method,
       samples=[Sample((cube,)), Sample((cube, 1, -1, 0)), Sample((cube, (2, 0, 1))), Sample((cube, None))])
for f in (np.swapaxes, np.ndarray.swapaxes):
    linear(f, adjoint=lambda y_bar, a, axis1, axis2: np.swapaxes(y_bar, axis1, axis2), samples=[Sample((cube, 0, -1))])
linear(np.moveaxis, adjoint=lambda y_bar, a, source, destination: np.moveaxis(y_bar, destination, source),
       samples=[Sample((cube, 0, -1)), Sample((cube, (0, 1), (2, 0)))])
linear(np.matrix_transpose, adjoint=lambda y_bar, x: np.matrix_transpose(y_bar), samples=[Sample((cube,))])
linear(np.linalg.matrix_transpose, adjoint=lambda y_bar, x: np.matrix_transpose(y_bar), samples=[Sample((cube,))])

linear(np.flip, adjoint=lambda y_bar, m, axis=None: np.flip(y_bar, axis),
       samples=[Sample((cube,)), Sample((cube, 1)), Sample((cube, (0, -1)))])
linear(np.fliplr, adjoint=lambda y_bar, m: np.fliplr(y_bar), samples=[Sample((cube,))])
linear(np.flipud, adjoint=lambda y_bar, m: np.flipud(y_bar), samples=[Sample((cube,))])
linear(np.rot90, adjoint=lambda y_bar, m, k=1, axes=(0, 1): np.rot90(y_bar, -k, axes),
       samples=[Sample((pair,)), Sample((cube, 3, (2, 0)))])
linear(np.roll, adjoint=lambda y_bar, a, shift, axis=None: np.roll(y_bar, np.negative(shift), axis),
       samples=[Sample((cube, 5)), Sample((cube, -1, 1)), Sample((cube, (1, 2), (0, 2))), Sample((array(0), 1))])
linear(np.fft.fftshift, adjoint=lambda y_bar, x, axes=None: np.fft.ifftshift(y_bar, axes),
       samples=[Sample((cube,)), Sample((cube, 1))])
linear(np.fft.ifftshift, adjoint=lambda y_bar, x, axes=None: np.fft.fftshift(y_bar, axes),
       samples=[Sample((cube,)), Sample((cube, 1))])

# ---- repetition ---------------------------------------------------------------------------------------------

linear(np.broadcast_to, adjoint=lambda y_bar, array, shape, subok=False: unbroadcast(y_bar, np.shape(array)),
       samples=[Sample((array(3), (2, 3))), Sample((array(2, 1), (4, 2, 3))), Sample((array(), (2,)))])


def repeat_adjoint(y_bar, a, repeats, axis=None):
    """Sum the copies."""
    shape = (np.size(a),) if axis is None else np.shape(a)
    axis = 0 if axis is None else axis % len(shape)
    n = shape[axis]
    if np.size(repeats) == 1:
        r = int(np.reshape(repeats, ()))
        split = np.reshape(y_bar, shape[:axis] + (n, r) + shape[axis + 1:])
        if r > 16:
            return np.reshape(np.sum(split, axis=axis + 1), np.shape(a))
        total = np.zeros(shape)  # few copies: adding slices is faster than summing a short axis
        for j in range(r):
            total = total + split[(slice(None),) * (axis + 1) + (j,)]
        return np.reshape(total, np.shape(a))
    index = (slice(None),) * axis + (np.repeat(np.arange(n), repeats),)
    return np.reshape(scatter(y_bar, index, shape), np.shape(a))


def tile_adjoint(y_bar, A, reps):
    """Sum the copies."""
    reps = tuple(np.ravel(reps))
    ndim = max(len(reps), np.ndim(A))
    reps = (1,) * (ndim - len(reps)) + reps
    shape = (1,) * (ndim - np.ndim(A)) + np.shape(A)
    split = np.reshape(y_bar, [int(n) for pair in zip(reps, shape, strict=True) for n in pair])
    return np.reshape(np.sum(split, axis=tuple(range(0, 2 * ndim, 2))), np.shape(A))


repeat_samples = [Sample((pair, 3)), Sample((pair, 2, 1)), Sample((pair, [2, 0, 1], 1)), Sample((array(3), [1, 0, 2])),
                  Sample((array(), 3)), Sample((pair, [2], -1)), Sample((pair, 0, 0))]
for f in (np.repeat, np.ndarray.repeat):
    linear(f, adjoint=repeat_adjoint, samples=repeat_samples)
linear(np.tile, adjoint=tile_adjoint, samples=[Sample((pair, 2)), Sample((pair, (2, 1, 3))), Sample((cube, (2,))),
                                               Sample((array(), 3))])

# ---- joins --------------------------------------------------------------------------------------------------


def _split(y_bar, arrays, axis, shape_of=np.shape):
    """Pieces of `y_bar` along `axis`, one for each of `arrays` lifted to ``shape_of(array)``."""
    ends = np.cumsum([shape_of(a)[axis] for a in arrays])[:-1]
    return [np.reshape(p, np.shape(a)) for p, a in zip(np.split(y_bar, ends, axis), arrays, strict=True)]


def concatenate_adjoint(y_bar, arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    """Cut the cotangent where the arrays were joined."""
    return _split(y_bar, arrays, axis) if axis is not None else _split(y_bar, arrays, 0, lambda a: (a.size,))


def stack_adjoint(y_bar, arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    """One slice for each array."""
    return list(np.moveaxis(y_bar, axis, 0))


def _at_least(ndim, trailing=0):
    """Shapes as ``np.atleast_{1,2,3}d`` make them; `trailing` axes of length one come after a vector's."""

    def lifted(a):
        shape = np.shape(a)
        missing = ndim - len(shape)
        if missing <= 0:
            return shape
        after = min(trailing, missing) if shape else 0
        return (1,) * (missing - after) + shape + (1,) * after

    return lifted


def hstack_adjoint(y_bar, tup, *, dtype=None, casting="same_kind"):
    """Vectors are joined along their only axis, others along the second."""
    lifted = _at_least(1)
    return _split(y_bar, tup, 0 if len(tup) and len(lifted(tup[0])) == 1 else 1, lifted)


join_samples = [Sample(([array(2, 3), array(1, 3)],)), Sample(([array(2, 3), array(2, 1)], 1)),
                Sample(([array(2, 3), array(2)], None)), Sample(([array(3), array(0), array(1)],))]
for f in (np.concatenate, np.concat):
    linear(f, adjoint=concatenate_adjoint, sequences=(0,), samples=join_samples)
linear(np.stack, adjoint=stack_adjoint, sequences=(0,),
       samples=[Sample(([array(2), array(2, seed=1)],)), Sample(([pair, array(2, 3, seed=1)], -1)),
                Sample(([array(), array(seed=1)],))])
linear(np.hstack, adjoint=hstack_adjoint, sequences=(0,),
       samples=[Sample(([array(3), array(2)],)), Sample(([pair, array(2, 1)],)), Sample(([array(), array(2)],))])
linear(np.vstack, adjoint=lambda y_bar, tup, *, dtype=None, casting="same_kind": _split(y_bar, tup, 0, _at_least(2)),
       sequences=(0,), samples=[Sample(([array(3), array(2, 3)],)), Sample(([array(), array(1, seed=1)],))])
linear(np.dstack, adjoint=lambda y_bar, tup: _split(y_bar, tup, 2, _at_least(3, trailing=1)),
       sequences=(0,), samples=[Sample(([array(3), array(3, seed=1)],)), Sample(([pair, array(2, 3, 2)],))])
linear(np.column_stack,
       adjoint=lambda y_bar, tup: _split(y_bar, tup, 1, lambda a: a.shape if a.ndim > 1 else (a.size, 1)),
       sequences=(0,), samples=[Sample(([array(3), array(3, 2)],))])

# ---- diagonals and triangles --------------------------------------------------------------------------------


def diag_adjoint(y_bar, v, k=0):
    """Build from, or take, the diagonal; a matrix need not be square."""
    if np.ndim(v) == 1:
        return np.diagonal(y_bar, k)
    return _on_diagonal(y_bar, np.shape(v), k)


def _on_diagonal(y_bar, shape, offset):
    """An array of `shape` with the last axis of `y_bar` on the diagonal of the last two."""
    n = np.shape(y_bar)[-1]
    rows = np.arange(n) + max(-offset, 0)
    return scatter(y_bar, (..., rows, rows + offset), shape)


def diagonal_adjoint(y_bar, a, offset=0, axis1=0, axis2=1):
    """Put the cotangent back on the diagonal."""
    shape = np.shape(a)
    rest = [n for i, n in enumerate(shape) if i not in (axis1 % a.ndim, axis2 % a.ndim)]
    return np.moveaxis(_on_diagonal(y_bar, (*rest, shape[axis1], shape[axis2]), offset), (-2, -1), (axis1, axis2))


linear(np.diag, adjoint=diag_adjoint, samples=[Sample((array(3),)), Sample((array(2), -1)), Sample((array(3, 4), 1)),
                                               Sample((array(4, 2), -1))])
linear(np.diagflat, adjoint=lambda y_bar, v, k=0: np.reshape(np.diagonal(y_bar, k), np.shape(v)),
       samples=[Sample((pair,)), Sample((array(2), 1))])
diagonal_samples = [Sample((array(3, 4),)), Sample((cube, 1, 2, 0)), Sample((cube, -1, 0, 1))]
for f in (np.diagonal, np.ndarray.diagonal):
    linear(f, adjoint=diagonal_adjoint, samples=diagonal_samples)
linear(np.linalg.diagonal, adjoint=lambda y_bar, x, *, offset=0: diagonal_adjoint(y_bar, x, offset, -2, -1),
       samples=[Sample((cube,)), Sample((cube,), {"offset": 1})])
for f in (np.tril, np.triu):
    linear(f, adjoint=lambda y_bar, m, k=0, f=f: np.sum(f(y_bar, k), axis=0) if np.ndim(m) == 1 else f(y_bar, k),
           samples=[Sample((array(3, 4),)), Sample((array(3),)), Sample((cube, 1)), Sample((array(3, 3), -1))])
