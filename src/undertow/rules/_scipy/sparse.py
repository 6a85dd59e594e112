"""Programs that stand for ``scipy.sparse._sparsetools``: the compiled routines add into preallocated arrays.

Only the routines of products and of conversions to dense arrays are covered; the others are refused by the engine.
Index arrays are integers and carry no derivative, so a cotangent of the data has the sparsity of the data.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import _sparsetools as st

from .._registry import substitute


def _lines(pointers):
    """The row (column) of each stored entry, from a row (column) pointer array."""
    return np.repeat(np.arange(len(pointers) - 1), np.diff(pointers))


@substitute(st.csr_matvec)
def _csr_matvec(n_row, n_col, Ap, Aj, Ax, Xx, Yx):
    used = Ap[n_row]
    np.add.at(Yx, _lines(Ap), Ax[:used] * Xx[Aj[:used]])


@substitute(st.csc_matvec)
def _csc_matvec(n_row, n_col, Ap, Ai, Ax, Xx, Yx):
    used = Ap[n_col]
    np.add.at(Yx, Ai[:used], Ax[:used] * Xx[_lines(Ap)])


@substitute(st.csr_matvecs)
def _csr_matvecs(n_row, n_col, n_vecs, Ap, Aj, Ax, Xx, Yx):
    used = Ap[n_row]
    x, y = np.reshape(Xx, (n_col, n_vecs)), np.reshape(Yx, (n_row, n_vecs))
    np.add.at(y, _lines(Ap), Ax[:used, None] * x[Aj[:used]])


@substitute(st.csc_matvecs)
def _csc_matvecs(n_row, n_col, n_vecs, Ap, Ai, Ax, Xx, Yx):
    used = Ap[n_col]
    x, y = np.reshape(Xx, (n_col, n_vecs)), np.reshape(Yx, (n_row, n_vecs))
    np.add.at(y, Ai[:used], Ax[:used, None] * x[_lines(Ap)])


@substitute(st.coo_matvec)
def _coo_matvec(nnz, Ai, Aj, Ax, Xx, Yx):
    np.add.at(Yx, Ai[:nnz], Ax[:nnz] * Xx[Aj[:nnz]])


@substitute(st.csr_todense)
def _csr_todense(n_row, n_col, Ap, Aj, Ax, Bx):
    used = Ap[n_row]
    np.add.at(Bx, (_lines(Ap), Aj[:used]), Ax[:used])
