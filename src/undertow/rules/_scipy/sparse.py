"""Programs that stand for ``scipy.sparse._sparsetools``, whose routines write into preallocated arrays.

SciPy's Python source of sparse arrays runs recorded down to these routines.  Index arrays are integers and carry no
derivative; a cotangent of the data has the sparsity of the data.  Three kinds:

* routines that move stored numbers (conversions, slices, transposes) run on the numbers' positions, and the numbers
  follow by one gather;
* products go to the primitives of `_sparse_kernels`;
* sums and products of two sparse matrices find the places of the result first, then combine the numbers there.

Where a number that depends on the inputs is exactly zero, scipy may drop it from the result; here it stays as a
stored zero, because its derivative is not zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse  # noqa: F401  (sets up the compiled module)

from .._numpy.indexing import scatter
from .._registry import substitute, zero_derivative
from . import _sparse_csgraph, _sparse_eigen, _sparse_lil, _sparse_solvers  # noqa: F401  (registers rules)
from ._sparse_kernels import (
    dot_columns,
    dot_rows,
    dot_triples,
    expansion,
    found_in,
    lines,
    relocated,
    run_on,
    st,
    union,
)

# ---- routines that move numbers -----------------------------------------------------------------------------------


def pick(x, places):
    """The numbers at `places` counted from 1 in the flattened `x`, 0 at place 0."""
    flat = np.ravel(x)
    if np.all(places > 0):
        return flat[places - 1]
    if flat.size == 0:
        return np.zeros(places.shape, x.dtype)
    return np.where(places > 0, flat[np.maximum(places - 1, 0)], 0)


def _moves(f: Any, data: int, indices: tuple, out: int) -> None:
    """Register a routine that moves the numbers of argument `data` to argument `out`."""

    @substitute(f)
    def program(*args):
        written, places, result = relocated(f, args, data, indices, out)
        for k, values in zip(indices, written):
            args[k][...] = values
        args[out][...] = pick(args[data], places)
        return result


_moves(st.coo_tocsr, 5, (6, 7), 8)
_moves(st.csr_tocsc, 4, (5, 6), 7)
_moves(st.bsr_tocsr, 6, (7, 8), 9)
_moves(st.bsr_transpose, 6, (7, 8), 9)
_moves(st.csr_row_index, 4, (5,), 6)
_moves(st.csr_row_slice, 5, (6,), 7)
_moves(st.csr_column_index2, 4, (5,), 6)
_moves(st.csr_hstack, 5, (6, 7), 8)
_moves(st.dia_tocsr, 5, (8, 9), 7)


@substitute(st.get_csr_submatrix)
def _get_csr_submatrix(n_row, n_col, Ap, Aj, Ax, ir0, ir1, ic0, ic1):
    _, _, (pointers, indices, places) = relocated(
        st.get_csr_submatrix, (n_row, n_col, Ap, Aj, Ax, ir0, ir1, ic0, ic1), 4, (), None)
    return pointers, indices, pick(Ax, places)


def _sorts(f: Any, indices: int, data: int) -> None:
    """Register a routine that sorts indices and numbers in place."""

    @substitute(f)
    def program(*args):
        positions = np.arange(1, np.size(args[data]) + 1).reshape(np.shape(args[data]))
        work = (*args[:data], positions)
        ordered, places = run_on(f, work, (indices, data))
        x = np.array(args[data])
        args[indices][...] = ordered
        args[data][...] = np.reshape(pick(x, places), np.shape(x))


_sorts(st.csr_sort_indices, 2, 3)
_sorts(st.bsr_sort_indices, 5, 6)


@substitute(st.csr_sum_duplicates)
def _csr_sum_duplicates(n_row, n_col, Ap, Aj, Ax):
    used = int(Ap[n_row])
    pointers, indices = run_on(st.csr_sum_duplicates, (n_row, n_col, Ap, Aj, np.ones(len(Ax))), (2, 3))
    first = found_in(lines(pointers) * n_col + indices[:int(pointers[n_row])], lines(Ap) * n_col + Aj[:used])
    total = scatter(Ax[:used], (first,), (int(pointers[n_row]),))
    Ap[...] = pointers
    Aj[...] = indices
    Ax[:len(total)] = total


@substitute(st.csr_eliminate_zeros, convention="zeros that depend on the inputs stay stored")
def _csr_eliminate_zeros(n_row, n_col, Ap, Aj, Ax):
    pass


@substitute(st.csr_tobsr)
def _csr_tobsr(n_row, n_col, R, C, Ap, Aj, Ax, Bp, Bj, Bx):
    used, across = int(Ap[n_row]), n_col // C
    pointers, indices = run_on(st.csr_tobsr, (n_row, n_col, R, C, Ap, Aj, np.ones(len(Ax)), Bp, Bj, np.zeros(len(Bx))),
                               (7, 8))
    rows, columns = lines(Ap), Aj[:used]
    block = found_in(lines(pointers) * across + indices, (rows // R) * across + columns // C)
    Bp[...] = pointers
    Bj[...] = indices
    Bx[...] = scatter(Ax[:used], ((block * R + rows % R) * C + columns % C,), (len(Bx),))


# ---- dense results ---------------------------------------------------------------------------------------------------


@substitute(st.csr_todense)
def _csr_todense(n_row, n_col, Ap, Aj, Ax, Bx):
    used = int(Ap[n_row])
    Bx += scatter(Ax[:used], (lines(Ap), Aj[:used]), Bx.shape)


@substitute(st.coo_todense)
def _coo_todense(n_row, n_col, nnz, Ai, Aj, Ax, Bx, fortran):
    places = Ai + n_row * Aj.astype(np.intp) if fortran else Ai.astype(np.intp) * n_col + Aj
    Bx += scatter(Ax[:nnz], (places[:nnz],), Bx.shape)


@substitute(st.coo_todense_nd)
def _coo_todense_nd(strides, nnz, ndim, coords, Ax, Bx, fortran):
    places = np.asarray(strides).astype(np.intp) @ np.reshape(coords, (ndim, nnz))
    Bx += scatter(Ax[:nnz], (places,), Bx.shape)


@substitute(st.csr_diagonal)
def _csr_diagonal(k, n_row, n_col, Ap, Aj, Ax, Yx):
    rows, columns = lines(Ap), Aj[:int(Ap[n_row])]
    on = np.flatnonzero(columns - rows == k)
    Yx[...] = scatter(Ax[on], (rows[on] - max(0, -k),), Yx.shape)


@substitute(st.bsr_diagonal)
def _bsr_diagonal(k, n_brow, n_bcol, R, C, Ap, Aj, Ax, Yx):
    rows, columns = _bsr_places(n_brow, R, C, Ap, Aj)
    on = np.flatnonzero(columns - rows == k)
    Yx += scatter(np.ravel(Ax)[on], (rows[on] - max(0, -k),), Yx.shape)


@substitute(st.csr_sample_values)
def _csr_sample_values(n_row, n_col, Ap, Aj, Ax, n_samples, Bi, Bj, Bx):
    used = int(Ap[n_row])
    keys, stored = (Bi % n_row).astype(np.intp) * n_col + Bj % n_col, lines(Ap) * n_col + Aj[:used]
    distinct, slot = np.unique(stored, return_inverse=True)
    place = found_in(distinct, keys)
    total = scatter(Ax[:used], (slot,), (len(distinct) + 1,))
    Bx[...] = total[place]  # place -1 is the zero at the end


# ---- products with dense vectors and matrices ------------------------------------------------------------------------


@substitute(st.csr_matvec)
def _csr_matvec(n_row, n_col, Ap, Aj, Ax, Xx, Yx):
    Yx += np.reshape(dot_rows(n_row, Ap, *_used(Ap, Aj, Ax), np.ravel(Xx)), Yx.shape)


@substitute(st.csc_matvec)
def _csc_matvec(n_row, n_col, Ap, Ai, Ax, Xx, Yx):
    Yx += np.reshape(dot_columns(n_row, Ap, *_used(Ap, Ai, Ax), np.ravel(Xx)), Yx.shape)


@substitute(st.csr_matvecs)
def _csr_matvecs(n_row, n_col, n_vecs, Ap, Aj, Ax, Xx, Yx):
    Yx += np.reshape(dot_rows(n_row, Ap, *_used(Ap, Aj, Ax), np.reshape(Xx, (n_col, n_vecs))), Yx.shape)


@substitute(st.csc_matvecs)
def _csc_matvecs(n_row, n_col, n_vecs, Ap, Ai, Ax, Xx, Yx):
    Yx += np.reshape(dot_columns(n_row, Ap, *_used(Ap, Ai, Ax), np.reshape(Xx, (n_col, n_vecs))), Yx.shape)


def _used(pointers, indices, data):
    """Indices and numbers without the room behind them."""
    used = int(pointers[-1])
    return (indices, data) if len(data) == used == len(indices) else (indices[:used], data[:used])


@substitute(st.coo_matvec)
def _coo_matvec(nnz, Ai, Aj, Ax, Xx, Yx):
    Yx += np.reshape(dot_triples(Yx.size, Ai[:nnz], Aj[:nnz], Ax[:nnz], np.ravel(Xx)), Yx.shape)


@substitute(st.coo_matvec_nd)
def _coo_matvec_nd(nnz, ndim, strides, coords, Ax, Xx, Yx):
    coords = np.reshape(coords, (ndim, nnz))
    rows = np.asarray(strides).astype(np.intp) @ coords[:-1]
    Yx += np.reshape(dot_triples(Yx.size, rows, coords[-1], Ax[:nnz], np.ravel(Xx)), Yx.shape)


@substitute(st.coo_matmat_dense)
def _coo_matmat_dense(nnz, n_col, Ai, Aj, Ax, Bx, Yx):
    right = np.reshape(Bx, (-1, n_col))
    Yx += np.reshape(dot_triples(Yx.size // n_col, Ai[:nnz], Aj[:nnz], Ax[:nnz], right), Yx.shape)


@substitute(st.coo_matmat_dense_nd)
def _coo_matmat_dense_nd(nnz, ndim, n_col, other_shape, result_shape, coords, Ax, Bx, Yx):
    """The leading axes number the matrices of a stack."""
    coords = np.reshape(coords, (ndim, nnz))
    stack = np.zeros(nnz, np.intp)
    for axis in range(ndim - 2):
        stack = stack * int(result_shape[axis]) + coords[axis]
    rows = stack * int(result_shape[-2]) + coords[-2]
    columns = stack * int(other_shape[-2]) + coords[-1]
    product = dot_triples(Yx.size // n_col, rows, columns, Ax[:nnz], np.reshape(Bx, (-1, n_col)))
    Yx += np.reshape(product, Yx.shape)


def _dia_triples(n_row, n_col, offsets, diags):
    """Rows, columns and numbers of the diagonals inside the matrix."""
    rows = np.arange(diags.shape[1]) - np.reshape(offsets, (-1, 1))
    columns = np.arange(diags.shape[1]) + 0 * rows
    inside = (rows >= 0) & (rows < n_row) & (columns < n_col)
    return rows[inside], columns[inside], diags[inside]


@substitute(st.dia_matvec)
def _dia_matvec(n_row, n_col, n_diags, L, offsets, diags, Xx, Yx):
    Yx += np.reshape(dot_triples(n_row, *_dia_triples(n_row, n_col, offsets, diags), np.ravel(Xx)), Yx.shape)


@substitute(st.dia_matvecs)
def _dia_matvecs(n_row, n_col, n_diags, L, offsets, diags, n_vecs, Xx, Yx):
    right = np.reshape(Xx, (n_col, n_vecs))
    Yx += np.reshape(dot_triples(n_row, *_dia_triples(n_row, n_col, offsets, diags), right), Yx.shape)


@substitute(st.dia_matmat)
def _dia_matmat(a_rows, a_cols, a_diags, a_length, a_offsets, a_data, b_cols, b_diags, b_length, b_offsets, b_data):
    """Diagonal ``k`` times diagonal ``l`` adds to diagonal ``k + l``."""
    sums = np.add.outer(np.asarray(a_offsets), np.asarray(b_offsets))
    offsets = np.unique(sums[(sums > -a_rows) & (sums < b_cols)]).astype(np.asarray(a_offsets).dtype)
    length = min(a_rows + int(offsets[-1]), b_cols) if len(offsets) else 0
    out = np.zeros((len(offsets), max(length, 0)), np.result_type(a_data, b_data))
    columns = np.arange(max(length, 0))
    for k in range(a_diags):
        for m in range(b_diags):
            place = np.searchsorted(offsets, sums[k, m])
            if place == len(offsets) or offsets[place] != sums[k, m]:
                continue
            middle = columns - b_offsets[m]  # the column of A and row of B
            rows = middle - a_offsets[k]
            on = np.flatnonzero((columns < b_length) & (middle >= 0) & (middle < min(a_cols, a_length)) & (rows >= 0)
                                & (rows < a_rows))
            out[place, on] += a_data[k, middle[on]] * b_data[m, columns[on]]
    return offsets, np.ravel(out)


def _bsr_places(n_brow, R, C, Ap, Aj):
    """Row and column of each number in the flattened blocks."""
    used = int(Ap[n_brow])
    rows = (lines(Ap) * R)[:, None, None] + np.arange(R)[:, None] + np.zeros(C, np.intp)
    columns = (Aj[:used].astype(np.intp) * C)[:, None, None] + np.arange(C) + np.zeros((R, 1), np.intp)
    return np.ravel(rows), np.ravel(columns)


@substitute(st.bsr_matvec)
def _bsr_matvec(n_brow, n_bcol, R, C, Ap, Aj, Ax, Xx, Yx):
    rows, columns = _bsr_places(n_brow, R, C, Ap, Aj)
    Yx += np.reshape(dot_triples(n_brow * R, rows, columns, np.ravel(Ax)[:len(rows)], np.ravel(Xx)), Yx.shape)


@substitute(st.bsr_matvecs)
def _bsr_matvecs(n_brow, n_bcol, n_vecs, R, C, Ap, Aj, Ax, Xx, Yx):
    rows, columns = _bsr_places(n_brow, R, C, Ap, Aj)
    right = np.reshape(Xx, (n_bcol * C, n_vecs))
    Yx += np.reshape(dot_triples(n_brow * R, rows, columns, np.ravel(Ax)[:len(rows)], right), Yx.shape)


# ---- two sparse matrices -----------------------------------------------------------------------------------------------


@substitute(st.csr_matmat)
def _csr_matmat(n_row, n_col, Ap, Aj, Ax, Bp, Bj, Bx, Cp, Cj, Cx):
    pointers, indices = run_on(
        st.csr_matmat, (n_row, n_col, Ap, Aj, np.ones(len(Aj)), Bp, Bj, np.ones(len(Bj)), Cp, Cj, np.ones(len(Cj))), (8, 9))
    in_a, in_b, in_c = expansion(n_col, Ap, Aj, Bp, Bj, pointers, indices)
    used = int(pointers[n_row])
    Cp[...] = pointers
    Cj[...] = indices
    Cx[:used] = scatter(Ax[in_a] * Bx[in_b], (in_c,), (used,))


@substitute(st.bsr_matmat)
def _bsr_matmat(maxnnz, n_brow, n_bcol, R, C, N, Ap, Aj, Ax, Bp, Bj, Bx, Cp, Cj, Cx):
    """The blocks of the result are sums of products of blocks."""
    ones = np.ones(len(Aj)), np.ones(len(Bj)), np.ones(maxnnz)
    pointers, indices = run_on(st.csr_matmat, (n_brow, n_bcol, Ap, Aj, ones[0], Bp, Bj, ones[1], Cp, Cj, ones[2]), (8, 9))
    in_a, in_b, in_c = expansion(n_bcol, Ap, Aj, Bp, Bj, pointers, indices)
    used = int(pointers[n_brow])
    left, right = np.reshape(Ax, (-1, R, N)), np.reshape(Bx, (-1, N, C))
    Cp[...] = pointers
    Cj[...] = indices
    np.ravel(Cx)[:used * R * C] = np.ravel(scatter(left[in_a] @ right[in_b], (in_c,), (used, R, C)))


def stored(value, slot_a, slot_b, both):
    """Which places of the union a result stores: where both matrices do, or where either does."""
    if not both:
        return np.arange(len(value))
    here = np.zeros((2, len(value)), bool)
    here[0, slot_a] = True
    here[1, slot_b] = True
    return np.flatnonzero(here[0] & here[1])


zero_derivative(stored)


def canonical(n_row, pointers, indices):
    """Whether indices are sorted and none is there twice."""
    return bool(st.csr_has_canonical_format(n_row, pointers, indices))


def meeting(n_row, n_col, Ap, Aj, Bp, Bj, both):
    """The places of the result, and the positions counted from 1 of the numbers that meet there, 0 for none.

    The routine of sums finds them: it adds positions, those of the second matrix in multiples of a large number.
    """
    used_a, used_b = int(Ap[-1]), int(Bp[-1])
    base = used_a + 1
    pointers = np.zeros(len(Ap), Ap.dtype)
    indices, codes = np.zeros(used_a + used_b, Aj.dtype), np.zeros(used_a + used_b, np.int64)
    st.csr_plus_csr(n_row, n_col, Ap, Aj[:used_a], np.arange(1, base), Bp, Bj[:used_b],
                    np.arange(1, used_b + 1) * base, pointers, indices, codes)
    total = int(pointers[-1])
    indices, in_b, in_a = indices[:total], codes[:total] // base, codes[:total] % base
    if not both:
        return pointers, indices, in_a, in_b
    kept = (in_a > 0) & (in_b > 0)
    counts = np.concatenate([[0], np.cumsum(kept)])
    return counts[pointers].astype(pointers.dtype), indices[kept], in_a[kept], in_b[kept]


zero_derivative(canonical, meeting)


def rows_at(x, places):
    """Rows of `x` at places counted from 1, zeros at 0."""
    if np.all(places > 0):
        return x[places - 1]
    picked = x[np.maximum(places - 1, 0)] if len(x) else np.zeros((len(places), *x.shape[1:]), x.dtype)
    return np.where(np.reshape(places > 0, (-1,) + (1,) * (x.ndim - 1)), picked, 0)


def _combines(csr: Any, bsr: Any, combine: Any, both: bool = False) -> None:
    """Register the elementwise operation of two matrices stored by rows, and by rows of blocks."""

    def result(n_row, n_col, Ap, Aj, Ax, Bp, Bj, Bx, Cp, Cj):
        """Combine the numbers, which may be blocks, and write the places; `Ax`, `Bx` have a row for each."""
        if canonical(n_row, Ap, Aj) and canonical(n_row, Bp, Bj):
            pointers, indices, in_a, in_b = meeting(n_row, n_col, Ap, Aj, Bp, Bj, both)
            Cp[...] = pointers
            Cj[:len(indices)] = indices
            return combine(rows_at(Ax, in_a), rows_at(Bx, in_b))
        slot_a, slot_b, rows, columns = union(n_col, Ap, Aj, Bp, Bj)
        shape = (len(rows), *Ax.shape[1:])
        value = combine(scatter(Ax[:len(slot_a)], (slot_a,), shape), scatter(Bx[:len(slot_b)], (slot_b,), shape))
        kept = stored(value, slot_a, slot_b, both)
        Cp[0] = 0
        Cp[1:] = np.cumsum(np.bincount(rows[kept], minlength=n_row))
        Cj[:len(kept)] = columns[kept]
        return value[kept]

    @substitute(csr)
    def csr_program(n_row, n_col, Ap, Aj, Ax, Bp, Bj, Bx, Cp, Cj, Cx):
        value = result(n_row, n_col, Ap, Aj, Ax, Bp, Bj, Bx, Cp, Cj)
        Cx[:len(value)] = value

    @substitute(bsr)
    def bsr_program(n_brow, n_bcol, R, C, Ap, Aj, Ax, Bp, Bj, Bx, Cp, Cj, Cx):
        value = result(n_brow, n_bcol, Ap, Aj, np.reshape(Ax, (-1, R * C)), Bp, Bj, np.reshape(Bx, (-1, R * C)), Cp, Cj)
        np.ravel(Cx)[:value.size] = np.ravel(value)


def _quotient(a, b):
    """As the routine divides: by the zeros of what the divisor does not store, too."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return a / b


_combines(st.csr_plus_csr, st.bsr_plus_bsr, lambda a, b: a + b)
_combines(st.csr_minus_csr, st.bsr_minus_bsr, lambda a, b: a - b)
_combines(st.csr_elmul_csr, st.bsr_elmul_bsr, lambda a, b: a * b, both=True)
_combines(st.csr_maximum_csr, st.bsr_maximum_bsr, lambda a, b: np.maximum(a, b))
_combines(st.csr_minimum_csr, st.bsr_minimum_bsr, lambda a, b: np.minimum(a, b))
_combines(st.csr_eldiv_csr, st.bsr_eldiv_bsr, _quotient)


def _compares(f: Any, indices: tuple, out: int) -> None:
    """Register a comparison: its result is boolean."""

    @substitute(f)
    def program(*args):
        for k, values in zip((*indices, out), run_on(f, args, (*indices, out))):
            args[k][...] = values


for _op in ("ne", "lt", "gt", "le", "ge"):
    _compares(getattr(st, f"csr_{_op}_csr"), (8, 9), 10)
    _compares(getattr(st, f"bsr_{_op}_bsr"), (10, 11), 12)


# ---- scaling in place ----------------------------------------------------------------------------------------------------


@substitute(st.csr_scale_rows)
def _csr_scale_rows(n_row, n_col, Ap, Aj, Ax, Xx):
    Ax[:int(Ap[n_row])] *= Xx[lines(Ap)]


@substitute(st.csr_scale_columns)
def _csr_scale_columns(n_row, n_col, Ap, Aj, Ax, Xx):
    used = int(Ap[n_row])
    Ax[:used] *= Xx[Aj[:used]]


@substitute(st.bsr_scale_rows)
def _bsr_scale_rows(n_brow, n_bcol, R, C, Ap, Aj, Ax, Xx):
    rows, _ = _bsr_places(n_brow, R, C, Ap, Aj)
    np.ravel(Ax)[:len(rows)] *= Xx[rows]


@substitute(st.bsr_scale_columns)
def _bsr_scale_columns(n_brow, n_bcol, R, C, Ap, Aj, Ax, Xx):
    _, columns = _bsr_places(n_brow, R, C, Ap, Aj)
    np.ravel(Ax)[:len(columns)] *= Xx[columns]
