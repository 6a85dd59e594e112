"""Rules for banded, tridiagonal and Toeplitz matrices of ``scipy.linalg``: cotangents live on the band.

A band is addressed by (diagonal, column): ``A[j - d, j]`` lies in row ``u - d`` of a general or upper form and
``A[j + d, j]`` in row ``d`` of a lower form.  The formulas are those of dense solves (Giles 2008, 2.3.1).
"""

from __future__ import annotations

import numpy as np
import scipy.linalg as sl

from .._registry import pullback, substitute
from ..samples import Sample, array
from ._linalg_tools import bar_of_triangle, herm


def _columns(b):
    return b[:, None] if np.ndim(b) == 1 else b


def _offsets(rows, upper, n):
    """Row indices ``i = j - d`` of the entries of a band, clipped, and where they are inside the matrix."""
    j = np.arange(n)[None, :]
    i = j - (upper - np.arange(rows))[:, None]
    inside = (i >= 0) & (i < n)
    return np.where(inside, i, 0), j, inside


def band_adjoint(l_and_u, ab):
    """The conjugate transpose of a banded matrix, in banded form with the two widths exchanged."""
    low, up = l_and_u
    n = ab.shape[-1]
    # diagonal -d of the transpose holds diagonal d of A: entry (row low + d, column i) is conj(A[i, i + d])
    d = np.arange(low + up + 1)[:, None] - low
    column = np.arange(n)[None, :] + d
    inside = (column >= 0) & (column < n)
    return np.where(inside, np.conj(ab[up - d, np.where(inside, column, 0)]), 0.0)


@pullback(sl.solve_banded, argnums=(1, 2), cite="Giles 2008, 2.3.1",
          forward=lambda l_and_u, ab, b, overwrite_ab=False, overwrite_b=False, check_finite=True:
          (sl.solve_banded(l_and_u, ab, b, check_finite=check_finite), None),
          samples=[Sample(((1, 1), array(3, 5) + [[0], [4], [0]], array(5))),
                   Sample(((2, 1), array(4, 5) + [[0], [6], [0], [0]], array(5, 2))),
                   Sample(((0, 2), array(3, 4) + [[0], [0], [4]], array(4))),
                   Sample(((1, 1), array(3, 5, dtype=complex) + [[0], [4], [0]], array(5, dtype=complex)))])
def _solve_banded_pull(y, y_bar, l_and_u, ab, b, overwrite_ab=False, overwrite_b=False, check_finite=True,
                       residuals=None):
    low, up = l_and_u
    b_bar = sl.solve_banded((up, low), band_adjoint(l_and_u, ab), y_bar)
    i, j, inside = _offsets(low + up + 1, up, ab.shape[-1])
    products = -np.sum(_columns(b_bar)[i] * np.conj(_columns(y))[j], axis=-1)
    return np.where(inside, products, 0.0), b_bar


def _hermitian_band_bar(left, right, rows, lower):
    """Band of ``left right^H + right left^H`` with the diagonal counted once, as the triangle that is stored."""
    i, j, inside = _stored(rows, left.shape[0], lower)
    d = np.arange(rows)[:, None] if lower else rows - 1 - np.arange(rows)[:, None]
    one = np.sum(left[i] * np.conj(right)[j], axis=-1)
    both = one + np.sum(right[i] * np.conj(left)[j], axis=-1)
    return np.where(inside, np.where(d == 0, np.real(one), both), 0.0)


def _definite_band(lower):
    band = np.array([[0.0, 0.3, -0.2, 0.5], [3.0, 4.0, 5.0, 3.5]])
    return np.array([[3.0, 4.0, 5.0, 3.5], [0.3, -0.2, 0.5, 0.0]]) if lower else band


@pullback(sl.solveh_banded, argnums=(0, 1), cite="Giles 2008, 2.3.1",
          forward=lambda ab, b, overwrite_ab=False, overwrite_b=False, lower=False, check_finite=True:
          (sl.solveh_banded(ab, b, lower=lower, check_finite=check_finite), None),
          samples=[Sample((_definite_band(False), array(4))),
                   Sample((_definite_band(True), array(4, 2)), {"lower": True}),
                   Sample((np.array([[0, 0, .2, .1], [0, .3j, .2, .5], [3.0, 4, 5, 3]]), array(4, dtype=complex)))])
def _solveh_banded_pull(y, y_bar, ab, b, overwrite_ab=False, overwrite_b=False, lower=False, check_finite=True,
                        residuals=None):
    b_bar = sl.solveh_banded(ab, y_bar, lower=lower)
    return _hermitian_band_bar(-_columns(b_bar), _columns(y), ab.shape[0], lower), b_bar


def _dense_triangle(cb, lower):
    rows, n = cb.shape
    dense = np.zeros((n, n), cb.dtype)
    for d in range(rows):
        dense = dense + (np.diag(cb[d, : n - d], -d) if lower else np.diag(cb[rows - 1 - d, d:], d))
    return dense


def _stored(rows, n, lower):
    """Row and column of each entry of a stored triangle, and which entries are in the matrix."""
    if not lower:
        return _offsets(rows, rows - 1, n)
    j = np.arange(n)[None, :]
    i = j + np.arange(rows)[:, None]
    inside = i < n
    return np.where(inside, i, 0), j, inside


def _band_of(dense, rows, lower):
    """The stored form of one triangle of a dense matrix."""
    i, j, inside = _stored(rows, dense.shape[-1], lower)
    return np.where(inside, dense[i, j], 0.0)


@pullback(sl.cholesky_banded, cite="Murray 2016, equation 9 (the pullback is dense)",
          forward=lambda ab, overwrite_ab=False, lower=False, check_finite=True:
          (sl.cholesky_banded(ab, lower=lower, check_finite=check_finite), None),
          samples=[Sample((_definite_band(False),)), Sample((_definite_band(True),), {"lower": True})])
def _cholesky_banded_pull(y, y_bar, ab, overwrite_ab=False, lower=False, check_finite=True, residuals=None):
    from .linalg import cholesky_bar

    bar = cholesky_bar(_dense_triangle(y, lower), _dense_triangle(y_bar, lower), lower)
    outside = ~_stored(*ab.shape, lower)[2]  # what is stored outside the matrix is copied
    return _band_of(bar, ab.shape[0], lower) + np.where(outside, y_bar, 0.0)


@pullback(sl.cho_solve_banded, argnums=(0, 1), sequences=(0,), cite="Giles 2008, 2.3.1",
          forward=lambda cb_and_lower, b, overwrite_b=False, check_finite=True:
          (sl.cho_solve_banded(cb_and_lower, b, check_finite=check_finite), None),
          samples=[Sample(((_definite_band(False), False), array(4))),
                   Sample(((_definite_band(True), True), array(4, 2)))])
def _cho_solve_banded_pull(y, y_bar, cb_and_lower, b, overwrite_b=False, check_finite=True, residuals=None):
    cb, lower = cb_and_lower
    b_bar = sl.cho_solve_banded((cb, lower), y_bar)
    left, right = -_columns(b_bar), _columns(y)
    factor = _dense_triangle(cb, lower)
    g = left @ herm(right) + right @ herm(left)
    return [_band_of(g @ factor if lower else factor @ g, cb.shape[0], lower), None], b_bar


@pullback(sl.eigh_tridiagonal, argnums=(0, 1), cite="Giles 2008, 3.1", absent=True,
          convention="vectors of equal eigenvalues are refused where they matter",
          samples=[Sample((array(4) + np.arange(4), array(3))), Sample((array(4), array(3), True)),
                   Sample((array(4) + np.arange(4), array(3)), {"select": "i", "select_range": (1, 2)})])
def _eigh_tridiagonal_pull(y, y_bar, d, e, eigvals_only=False, select="a", select_range=None, check_finite=True,
                           tol=0.0, lapack_driver="auto"):
    from .linalg import eigh_bars

    w_all, v_all = sl.eigh_tridiagonal(d, e)
    w, w_bar, v_bar = (y, y_bar, None) if eigvals_only else (y[0], *y_bar)
    first = int(np.argmin(abs(w_all - w[0]))) if len(w) else 0
    v = v_all[:, first:first + len(w)] if eigvals_only else y[1]
    bar, _ = eigh_bars(w, v, w_all, v_all, w_bar, v_bar, False)
    return np.diagonal(bar), np.diagonal(bar, 1) + np.diagonal(bar, -1)


@pullback(sl.eig_banded, cite="Giles 2008, 3.1", absent=True,
          convention="vectors of equal eigenvalues are refused where they matter",
          forward=lambda a_band, lower=False, eigvals_only=False, overwrite_a_band=False, select="a", select_range=None,
          max_ev=0, check_finite=True: (sl.eig_banded(a_band, lower, eigvals_only, False, select, select_range, max_ev,
                                                      check_finite), None),
          samples=[Sample((_definite_band(False),)), Sample((_definite_band(True), True, True))])
def _eig_banded_pull(y, y_bar, a_band, lower=False, eigvals_only=False, overwrite_a_band=False, select="a",
                     select_range=None, max_ev=0, check_finite=True, residuals=None):
    from .linalg import eigh_bars

    w_all, v_all = sl.eig_banded(a_band, lower)
    w, w_bar, v_bar = (y, y_bar, None) if eigvals_only else (y[0], *y_bar)
    first = int(np.argmin(abs(w_all - w[0]))) if len(w) else 0
    v = v_all[:, first:first + len(w)] if eigvals_only else y[1]
    bar, _ = eigh_bars(w, v, w_all, v_all, w_bar, v_bar, False)
    return _band_of(bar_of_triangle(bar, lower), a_band.shape[0], lower)


# ---- matrices made of vectors: scipy builds them with as_strided, which shows nothing of what is read --------------


@substitute(sl.toeplitz, samples=[Sample((array(4),)), Sample((array(4), array(3)))])
def _toeplitz(c, r=None):
    c = np.asarray(c)
    r = np.conjugate(c) if r is None else np.asarray(r)
    n, m = c.shape[-1], r.shape[-1]
    values = np.concatenate((c[..., ::-1], r[..., 1:]), axis=-1)
    return values[..., n - 1 - np.arange(n)[:, None] + np.arange(m)]


@substitute(sl.circulant, samples=[Sample((array(4),)), Sample((array(2, 3),))])
def _circulant(c):
    c = np.atleast_1d(c)
    n = c.shape[-1]
    return c[..., (np.arange(n)[:, None] - np.arange(n)) % n]


@substitute(sl.hankel, samples=[Sample((array(4),)), Sample((array(4), array(3)))])
def _hankel(c, r=None):
    c = np.asarray(c)
    r = np.zeros_like(c) if r is None else np.asarray(r)
    n, m = c.shape[-1], r.shape[-1]
    values = np.concatenate((c, r[..., 1:]), axis=-1)
    return values[..., np.arange(n)[:, None] + np.arange(m)]
