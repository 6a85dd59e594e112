"""The primitives below the rules of ``scipy.sparse``: products of a compressed matrix with a dense one, and the integer
work (which stored number goes where) that carries no derivative.

The adjoint of a product by rows is the product by columns with the same three arrays, so that a cotangent has the
sparsity of what it belongs to and costs one more product.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse  # noqa: F401  (sets up the compiled module)

from .._registry import pullback, pushforward, zero_derivative
from ..samples import Sample, array
from ._private import private

st = private("scipy.sparse._sparsetools")

__all__ = ["dot_columns", "dot_rows", "dot_triples", "expansion", "found_in", "lines", "relocated", "run_on", "st", "union"]

# ---- products ------------------------------------------------------------------------------------------------------

_POINTERS, _INDICES = np.array([0, 2, 2, 5]), np.array([1, 3, 0, 1, 3])
_COMPRESSED = [Sample((3, _POINTERS, _INDICES, array(5), array(4))),
               Sample((3, _POINTERS, _INDICES, array(5), array(4, 2))),
               Sample((3, _POINTERS, _INDICES, array(5, dtype=complex), array(4, 2, dtype=complex)))]
_TRANSPOSED = [Sample((4, _POINTERS, _INDICES, s.args[3], s.args[4][:3])) for s in _COMPRESSED]


def _product(vector: Any, vectors: Any, size: int, pointers: Any, indices: Any, data: Any, x: Any, by_rows: bool) -> Any:
    y = np.zeros((size, *np.shape(x)[1:]), np.result_type(data, x))
    rows, columns = size, len(x)
    if np.ndim(x) == 1:
        vector(rows, columns, pointers, indices, data, x, y)
    else:
        vectors(rows, columns, x.shape[1], pointers, indices, data, np.ravel(x), np.ravel(y))
    return y


def dot_rows(size: int, pointers: Any, indices: Any, data: Any, x: Any) -> Any:
    """``A @ x`` for `A` stored by rows."""
    return _product(st.csr_matvec, st.csr_matvecs, size, pointers, indices, data, x, True)


def dot_columns(size: int, pointers: Any, indices: Any, data: Any, x: Any) -> Any:
    """``A @ x`` for `A` stored by columns."""
    return _product(st.csc_matvec, st.csc_matvecs, size, pointers, indices, data, x, False)


def dot_triples(size: int, rows: Any, columns: Any, data: Any, x: Any) -> Any:
    """``A @ x`` for `A` stored as triples, in any order and with duplicates."""
    y = np.zeros((size, *np.shape(x)[1:]), np.result_type(data, x))
    np.add.at(y, rows, (data if np.ndim(x) == 1 else data[:, None]) * x[columns])
    return y


def lines(pointers: Any) -> Any:
    """The row (column) of each stored number, from the pointers to the first of each row (column)."""
    return np.repeat(np.arange(len(pointers) - 1), np.diff(pointers))


def _pairs(y_bar: Any, x: Any, rows: Any, columns: Any) -> Any:
    product = y_bar[rows] * np.conj(x[columns])
    return product if np.ndim(x) == 1 else np.sum(product, axis=1)


@pullback(dot_rows, argnums=(3, 4), samples=_COMPRESSED)
def _dot_rows_pull(y, y_bar, size, pointers, indices, data, x, active=(True, True)):
    """``A_bar[i, j] = y_bar[i] conj(x[j])`` where `A` stores a number, ``x_bar = A^H y_bar``."""
    data_bar = _pairs(y_bar, x, lines(pointers), indices) if active[0] else None
    return data_bar, dot_columns(len(x), pointers, indices, np.conj(data), y_bar) if active[1] else None


@pullback(dot_columns, argnums=(3, 4), samples=_TRANSPOSED)
def _dot_columns_pull(y, y_bar, size, pointers, indices, data, x, active=(True, True)):
    data_bar = _pairs(y_bar, x, indices, lines(pointers)) if active[0] else None
    return data_bar, dot_rows(len(x), pointers, indices, np.conj(data), y_bar) if active[1] else None


@pullback(dot_triples, argnums=(3, 4), samples=[
    Sample((3, np.array([0, 2, 2, 0]), np.array([1, 1, 0, 1]), array(4), array(2))),
    Sample((3, np.array([0, 2, 2, 0]), np.array([1, 1, 0, 1]), array(4), array(2, 3)))])
def _dot_triples_pull(y, y_bar, size, rows, columns, data, x, active=(True, True)):
    data_bar = _pairs(y_bar, x, rows, columns) if active[0] else None
    return data_bar, dot_triples(len(x), columns, rows, np.conj(data), y_bar) if active[1] else None


def _bilinear(f: Any) -> None:
    @pushforward(f, argnums=(3, 4))
    def push(y, tangents, size, pointers, indices, data, x):
        data_dot, x_dot = tangents
        y_dot = 0.0
        if data_dot is not None:
            y_dot = y_dot + f(size, pointers, indices, data_dot, x)
        if x_dot is not None:
            y_dot = y_dot + f(size, pointers, indices, data, x_dot)
        return y_dot


for _f in (dot_rows, dot_columns, dot_triples):
    _bilinear(_f)


# ---- integer work: no derivative -------------------------------------------------------------------------------------


def relocated(f: Any, args: tuple, data: int, indices: tuple, out: int | None) -> tuple[list, Any, Any]:
    """Run a routine that only moves stored numbers on their positions, counted from 1.

    Returns the integers it would have written to the arguments at `indices`; in the place of the numbers written to
    the argument `out` the positions they come from, 0 for what it filled with zeros; and its result.
    """
    work = list(args)
    x = np.asarray(args[data])
    for k in indices:
        work[k] = np.zeros(args[k].shape, args[k].dtype)
    if out is not None:
        work[out] = np.zeros(args[out].shape, np.int64)
    work[data] = np.arange(1, x.size + 1).reshape(x.shape)
    result = f(*work)
    return [work[k] for k in indices], None if out is None else work[out], result


def run_on(f: Any, args: tuple, outputs: tuple) -> list:
    """Run a routine on copies of the arguments at `outputs` and return these."""
    work = list(args)
    for k in outputs:
        work[k] = np.array(args[k], copy=True)
    f(*work)
    return [work[k] for k in outputs]


def union(columns: int, pointers_a: Any, indices_a: Any, pointers_b: Any, indices_b: Any) -> tuple:
    """The places where either of two matrices stores a number, in the order of rows.

    Returns the slots of the numbers of each matrix, and rows and columns of the slots.
    """
    used_a, used_b = int(pointers_a[-1]), int(pointers_b[-1])
    keys_a = lines(pointers_a) * columns + indices_a[:used_a]
    keys_b = lines(pointers_b) * columns + indices_b[:used_b]
    keys = np.union1d(keys_a, keys_b)
    return np.searchsorted(keys, keys_a), np.searchsorted(keys, keys_b), keys // columns, keys % columns


def expansion(columns: int, pointers_a: Any, indices_a: Any, pointers_b: Any, indices_b: Any, pointers_c: Any,
              indices_c: Any) -> tuple:
    """The products of stored numbers of which ``C = A @ B`` is the sum: positions in A, in B and in C."""
    used = int(pointers_a[-1])
    counts = np.diff(pointers_b)[indices_a[:used]]
    in_a = np.repeat(np.arange(used), counts)
    starts = np.asarray(pointers_b)[indices_a[:used]]
    in_b = np.arange(len(in_a)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(starts, counts)
    keys = lines(pointers_a)[in_a] * columns + np.asarray(indices_b)[in_b]
    return in_a, in_b, found_in(lines(pointers_c) * columns + indices_c[:int(pointers_c[-1])], keys)


def found_in(stored: Any, keys: Any) -> Any:
    """Where each of `keys` stands in `stored`, in any order; -1 where it does not."""
    if len(stored) == 0:
        return np.full(np.shape(keys), -1)
    order = np.argsort(stored, kind="stable")
    places = np.minimum(np.searchsorted(stored, keys, sorter=order), len(stored) - 1)
    return np.where(stored[order[places]] == keys, order[places], -1)


zero_derivative(relocated, run_on, union, expansion, found_in)
