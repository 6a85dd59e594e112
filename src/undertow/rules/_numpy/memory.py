"""Functions that write to memory, as programs with the same effect, and those that expose raw bytes, refused."""

from __future__ import annotations

import numpy as np

from .._registry import refuse, substitute, zero_derivative
from ..samples import Sample, array


def flat_positions(indices, size, mode):
    """Flat positions as ``np.put`` reads them in `mode`."""
    indices = np.ravel(np.asarray(indices)).astype(np.intp)
    if mode == "wrap":
        return indices % size
    if mode == "clip":
        return np.clip(indices, 0, size - 1)
    wrong = indices[(indices < -size) | (indices >= size)]
    if wrong.size:
        raise IndexError(f"index {wrong[0]} is out of bounds for axis 0 with size {size}")
    return indices % size if size else indices


def check_cast(src, dst, casting):
    """Raise what NumPy raises where `casting` forbids to store `src` in `dst`."""
    source = np.asarray(src).dtype
    if not np.can_cast(source, dst.dtype, casting):
        raise TypeError(f"Cannot cast array data from {source!r} to {dst.dtype!r} according to the rule '{casting}'")


def bare(a):
    """An array of a class that inherits from ``ndarray`` as NumPy's C code writes to it, past the methods of the class."""
    return np.asarray(a) if isinstance(a, np.ndarray) and type(a) is not np.ndarray else a


def mask_of(mask, shape):
    """`mask` as a boolean array of `shape`."""
    return np.broadcast_to(np.asarray(mask, dtype=bool), shape)


zero_derivative(flat_positions, samples=[Sample(([0, -1], 5, "raise"))])
zero_derivative(check_cast, samples=[Sample((array(3), array(3), "same_kind"))])
zero_derivative(mask_of, samples=[Sample((array(3), (2, 3)))])

mask = np.array([[True, False, True], [False, False, True]])


@substitute(np.copyto, samples=[
    Sample((array(2, 3), array(3))), Sample((array(2, 3), 1.5), {"where": mask}),
    Sample((array(2, 3), array(2, 3, seed=1)), {"where": [True, False, True]}),
    Sample((array(2, 3), array(2, 3, seed=1)), {"casting": "unsafe"})])
def copyto(dst, src, casting="same_kind", where=True):
    """Assign, where `where` is true."""
    check_cast(src, dst, casting)
    dst, src = bare(dst), bare(src)
    if where is True:
        dst[...] = src
    else:
        dst[...] = np.where(mask_of(where, dst.shape), src, dst)


def _store(a, positions, values):
    """Assign `values` to flat positions."""
    a = bare(a)
    if a.ndim:
        a[np.unravel_index(positions, a.shape)] = values
    else:
        a[...] = values[-1]


def put(a, ind, v, mode="raise"):
    """Assign to flat positions, the values repeated as needed."""
    positions = flat_positions(ind, a.size, mode)
    values = np.ravel(np.asarray(v))
    if positions.size and values.size:
        if values.size != positions.size:
            values = values[np.arange(positions.size) % values.size]
        _store(a, positions, values)


put_samples = [Sample((array(2, 3), [0, -1], array(2))), Sample((array(5), [1, 3, 4], [0.5])),
               Sample((array(5), [7, -6], array(2)), {"mode": "wrap"}), Sample((array(5), 7, 0.5), {"mode": "clip"}),
               Sample((array(5), [1, 1], array(2)))]
substitute(np.put, samples=put_samples)(put)
substitute(np.ndarray.put, samples=put_samples)(put)


@substitute(np.putmask, samples=[Sample((array(2, 3), mask, array(2, 3, seed=1))),
                                 Sample((array(2, 3), mask, array(2)))])
def putmask(a, mask, values):
    """Assign where `mask` is true; values are counted along the whole array, not along the mask."""
    positions = np.flatnonzero(mask)
    values = np.ravel(np.asarray(values))
    if positions.size and values.size:
        _store(a, positions, values[positions % values.size])


@substitute(np.place, samples=[Sample((array(2, 3), mask, array(2))), Sample((array(2, 3), mask, [0.5]))])
def place(arr, mask, vals):
    """Assign the first values to the places where `mask` is true."""
    positions = np.flatnonzero(mask)
    values = np.ravel(np.asarray(vals))
    if positions.size:
        if values.size == 0:
            raise ValueError("Cannot insert from an empty array!")
        _store(arr, positions, values[np.arange(positions.size) % values.size])


substitute(np.lib._function_base_impl._place, samples=[Sample((array(2, 3), mask, array(2)))])(place)


@substitute(np.ndarray.fill, samples=[Sample((array(2, 3), 0.5))])
def fill(a, value):
    """Assign to all."""
    a = bare(a)
    a[...] = value


@substitute(np.ndarray.sort, samples=[Sample((array(5),)), Sample((array(2, 3), 0)), Sample((array(4),),
                                                                                         {"kind": "stable"})])
def sort(a, axis=-1, kind=None, order=None, *, stable=None):
    """Assign the sorted copy."""
    a = bare(a)
    a[...] = np.sort(a, axis=axis, kind=kind, order=order, stable=stable)


@substitute(np.ndarray.partition, samples=[Sample((array(5), 2)), Sample((array(3, 4), (1, 2), 0))])
def partition(a, kth, axis=-1, kind="introselect", order=None):
    """Assign the partitioned copy."""
    a = bare(a)
    a[...] = np.partition(a, kth, axis=axis, kind=kind, order=order)


@substitute(np.ndarray.tolist, samples=[Sample((array(2, 3),)), Sample((array(),)), Sample((array(3, dtype=complex),))])
def tolist(a):
    """Nested lists of Python scalars."""
    if a.ndim == 0:
        return a.item()
    if a.ndim == 1:
        return [a.item(i) for i in range(len(a))]
    return [x.tolist() for x in a]


refuse(np.ndarray.tobytes, np.ndarray.dumps, np.ndarray.byteswap, np.ndarray.setfield, np.ndarray.getfield,
       reason="it reads the bytes of the array, and bytes carry no derivative")
zero_derivative(np.ndarray.tofile, np.ndarray.dump, np.save, np.savez, np.savez_compressed)  # output, like print
refuse(np.ndarray.resize, reason="it reallocates the memory to which the derivative is tied; use np.resize")
refuse(np.packbits, np.unpackbits, reason="bits carry no derivative")
