"""Programs that stand for ``scipy.sparse._csparsetools``: matrices as lists of the numbers of each row."""

from __future__ import annotations

from bisect import bisect_left

import scipy.sparse  # noqa: F401  (sets up the compiled module)

from .._registry import substitute
from ._private import private

ct = private("scipy.sparse._csparsetools")


def _checked(i, n, what):
    if i < -n or i > n - 1:
        raise IndexError(f"{what} index ({i}) out of bounds")
    return i + n if i < 0 else i


@substitute(ct.lil_get1)
def get1(M, N, rows, datas, i, j):
    """One number."""
    i, j = _checked(int(i), M, "row"), _checked(int(j), N, "column")
    row, data = rows[i], datas[i]
    place = bisect_left(row, j)
    return data[place] if place < len(data) and row[place] == j else 0


@substitute(ct.lil_insert, convention="zeros that depend on the inputs stay stored")
def insert(M, N, rows, datas, i, j, x):
    """Store one number; here an exact zero too."""
    i, j = _checked(int(i), M, "row"), _checked(int(j), N, "column")
    row, data = rows[i], datas[i]
    place = bisect_left(row, j)
    if place < len(row) and row[place] == j:
        data[place] = x
    else:
        row.insert(place, j)
        data.insert(place, x)


@substitute(ct.lil_flatten_to_array)
def flatten_to_array(x, out):
    """The lists one after the other."""
    place = 0
    for row in x:
        for value in row:
            out[place] = value
            place += 1


@substitute(ct.lil_fancy_get)
def fancy_get(M, N, rows, datas, new_rows, new_datas, i_idx, j_idx):
    """A matrix of the numbers at pairs of indices."""
    for x in range(i_idx.shape[0]):
        new_row, new_data = [], []
        for y in range(i_idx.shape[1]):
            i, j = _checked(int(i_idx[x, y]), M, "row"), _checked(int(j_idx[x, y]), N, "column")
            row = rows[i]
            place = bisect_left(row, j)
            if place < len(row) and row[place] == j:
                new_row.append(y)
                new_data.append(datas[i][place])
        new_rows[x] = new_row
        new_datas[x] = new_data


@substitute(ct.lil_fancy_set)
def fancy_set(M, N, rows, datas, i_idx, j_idx, values):
    """Store numbers at pairs of indices."""
    for x in range(i_idx.shape[0]):
        for y in range(i_idx.shape[1]):
            insert(M, N, rows, datas, i_idx[x, y], j_idx[x, y], values[x, y])


@substitute(ct.lil_get_row_ranges)
def get_row_ranges(M, N, rows, datas, new_rows, new_datas, irows, j_start, j_stop, j_stride, nj):
    """Rows cut to a range of columns."""
    if j_stride == 0:
        raise ValueError("cannot index with zero stride")
    wanted = range(j_start, j_stop, j_stride)
    for k, i in enumerate(irows):
        row, data = rows[_checked(int(i), M, "row")], datas[_checked(int(i), M, "row")]
        pairs = sorted((wanted.index(j), place) for place, j in enumerate(row) if j in wanted)
        new_rows[k] = [j for j, _ in pairs]
        new_datas[k] = [data[place] for _, place in pairs]
