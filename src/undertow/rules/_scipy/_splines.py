"""Programs that stand for ``scipy.interpolate._dierckx``: B-splines in the points, the coefficients and the knots.

The B-splines that are not zero at a point follow from the recursion of de Boor (1978, chapter X, (3)), which is
differentiable in points and knots alike.  Least squares coefficients come from the compiled code, their derivative from
the normal equations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.interpolate  # noqa: F401  (its modules set up the compiled one)
import scipy.sparse as sp

from .._callables import active, attach, below, refused, unknown
from .._numpy.indexing import scatter
from .._registry import substitute, zero_derivative
from ._private import private
from ._sparse_solvers import Method, inverse_times

_bsplines, _dierckx = private("scipy.interpolate._bsplines"), private("scipy.interpolate._dierckx")

BREAKS = "at a knot, the piece to its right (the last piece at the last one)"


def intervals(t: Any, x: Any, k: int) -> Any:
    """The piece in which each point lies, counted from the first knot."""
    n = len(t) - k - 1
    return np.clip(np.searchsorted(t, x, side="right") - 1, k, n - 1)


zero_derivative(intervals)


def nonzero(t: Any, x: Any, k: int, piece: Any) -> list:
    """The values at `x` of the ``k + 1`` B-splines of degree `k` that are not zero on its piece."""
    values = [np.ones(np.shape(x))]
    for degree in range(1, k + 1):
        fresh, saved = [], 0.0
        for r in range(degree):
            above, under = t[piece + r + 1], t[piece + 1 - degree + r]
            term = values[r] / (above - under)
            fresh.append(saved + (above - x) * term)
            saved = (x - under) * term
        values = [*fresh, saved]
    return values


def differenced(t: Any, c: list, k: int, nu: int, piece: Any) -> list:
    """The coefficients of the `nu`-th derivative, of degree ``k - nu``, from those that count on each piece."""
    for m in range(nu):
        p = k - m
        fresh = []
        for q in range(1, len(c)):
            i = piece - p + q
            width = t[i + p] - t[i]
            fresh.append(p * (c[q] - c[q - 1]) / (width[:, None] if np.ndim(c[q]) > 1 else width))
        c = fresh
    return c


def spline_values(t: Any, c: Any, k: int, x: Any, nu: int = 0, piece: Any = None) -> Any:
    """A spline with rows of coefficients `c`, or its derivative, at points."""
    if nu > k:
        return np.zeros((len(x), *np.shape(c)[1:]))
    piece = intervals(t, x, k) if piece is None else piece
    local = differenced(t, [c[piece - k + q] for q in range(k + 1)], k, nu, piece)
    total = 0.0
    for b, v in zip(nonzero(t, x, k - nu, piece), local):
        total = total + (b[:, None] if np.ndim(v) > 1 else b) * v
    return total


def basis(t: Any, k: int, x: Any, piece: Any, nu: int = 0) -> Any:
    """The B-splines that are not zero at points, or their derivatives: one column each."""
    if nu == 0:
        return np.stack(nonzero(t, x, k, piece), axis=1)
    if nu > k:
        return np.zeros((len(x), k + 1))
    unit = [np.zeros((len(x), k + 1)) + np.eye(k + 1)[q] for q in range(k + 1)]
    total = 0.0
    for b, v in zip(nonzero(t, x, k - nu, piece), differenced(t, unit, k, nu, piece)):
        total = total + b[:, None] * v
    return total


@substitute(_dierckx.evaluate_spline, convention=BREAKS, cite="de Boor 1978, chapter X")
def evaluate_spline(t, c, k, x, nu, extrapolate):
    """Columns of splines at points."""
    inside = (x >= t[k]) & (x <= t[len(t) - k - 1])
    out = spline_values(t, c, int(k), np.where(np.isnan(x), t[k], x), int(nu))
    known = ~np.isnan(x) if extrapolate else inside
    return out if np.all(known) else np.where(known[:, None], out, np.nan)


@substitute(_dierckx.evaluate_all_bspl, convention=BREAKS)
def evaluate_all_bspl(t, k, xval, m, nu=0):
    """The B-splines that are not zero at one point."""
    x = np.reshape(np.asarray(xval, float), (1,))
    return basis(t, int(k), x, np.full(1, m), int(nu))[0]


def width_of(t: Any, k: int, x: Any) -> tuple:
    """Pieces of points, and where their coefficients begin."""
    piece = intervals(t, x, k)
    return piece, (piece - k).astype(np.int64)


zero_derivative(width_of)


@substitute(_dierckx.data_matrix)
def data_matrix(x, t, k, w, extrapolate=False):
    """Rows of the design matrix times weights, and where they begin."""
    _, offset, count = below(_dierckx.data_matrix, x, t, k, w, extrapolate)
    piece, _ = width_of(t, int(k), x)
    return basis(t, int(k), x, piece) * w[:, None], offset, count


@substitute(_dierckx._coloc)
def collocation(x, t, k, ab, offset=0):
    """The design matrix in LAPACK's storage of bands, transposed; `ab` is written to."""
    piece, _ = width_of(t, int(k), x)
    rows = np.arange(len(x)) + offset
    columns = (piece - k)[:, None] + np.arange(k + 1)
    ab[columns, 2 * k + rows[:, None] - columns] = basis(t, int(k), x, piece)


# ---- coefficients that interpolate or fit ------------------------------------------------------------------------------


def normal(rows: Any, begin: Any, n: int) -> Any:
    """``B^T B`` for a design matrix given by its rows and where they begin, as a canonical matrix by columns."""
    m, k = rows.shape
    places = (np.repeat(np.arange(m), k), np.ravel(np.asarray(begin)[:, None] + np.arange(k)))
    design = sp.csc_array((np.ravel(rows), places), shape=(m, n))
    matrix = sp.csc_array(design.T @ design)
    matrix.sort_indices()
    matrix.sum_duplicates()
    return matrix


def fitted(c: Any, rows: Any, begin: Any, target: Any, what: str) -> Any:
    """Coefficients `c`, found one level down, with the derivative of the least squares problem ``rows c = target``."""
    n = len(c)
    columns = np.asarray(begin)[:, None] + np.arange(rows.shape[1])
    picked = c[columns]
    miss = target - np.sum((rows[:, :, None] if c.ndim > 1 else rows) * picked, axis=1)
    weighted = (rows[:, :, None] if c.ndim > 1 else rows) * miss[:, None]
    right = scatter(weighted, (columns,), (n, *c.shape[1:]))
    if not active(right):
        return c
    matrix = below(normal, rows, begin, n)
    if below(_singular, matrix):
        raise refused("the data do not determine all coefficients", what)
    return attach(c, inverse_times(Method(), matrix.indptr, matrix.indices, matrix.data, right))


def _singular(matrix: Any) -> bool:
    d = matrix.diagonal()
    return bool(np.any(d <= 1e-14 * np.max(d)))


@substitute(_bsplines._lsq_solve_qr, cite="de Boor 1978, chapter XIV")
def lsq_solve_qr(x, y, t, k, w, periodic=False):
    """Weighted least squares with given knots."""
    if periodic:
        raise refused("periodic least squares splines have no rule", "make_lsq_spline")
    R, yw, c, fp, residuals = below(_bsplines._lsq_solve_qr, x, y, t, k, w)
    piece, begin = width_of(t, int(k), x)
    c = fitted(c, basis(t, int(k), x, piece) * w[:, None], begin, y * w[:, None], "make_lsq_spline")
    anchor = np.sum(c)
    return (*(unknown(v, anchor, "only the coefficients have a derivative") for v in (R, yw)), c,
            *(unknown(v, anchor, "only the coefficients have a derivative") for v in (fp, residuals)))


@substitute(_dierckx._norm_eq_lsq)
def norm_eq_lsq(x, t, k, y, w, ab, rhs):
    """The normal equations, their matrix in bands."""
    piece, begin = width_of(t, int(k), x)
    rows = basis(t, int(k), x, piece) * w[:, None]
    target = y * w[:, None]
    for p in range(k + 1):
        rhs += scatter(rows[:, p, None] * target, (begin + p,), rhs.shape)
        for q in range(p + 1):
            ab[:, p - q] += scatter(rows[:, p] * rows[:, q], (begin + q,), (len(ab),))


# ---- tensor products -----------------------------------------------------------------------------------------------------


@substitute(_dierckx.evaluate_ndbspline, convention=BREAKS)
def evaluate_ndbspline(xi, t, len_t, k, nu, extrapolate, c1r, num_c_tr, strides_c1, indices_k1d):
    """A tensor product spline, or a derivative, at points."""
    dimensions = xi.shape[1]
    bases, begins = [], []
    known = np.ones(len(xi), bool)
    for d in range(dimensions):
        knots, degree = t[d, :int(len_t[d])], int(k[d])
        x = np.where(np.isnan(xi[:, d]), knots[degree], xi[:, d])
        piece, begin = width_of(knots, degree, x)
        bases.append(basis(knots, degree, x, piece, int(nu[d])))
        begins.append(begin)
        known = known & ~np.isnan(xi[:, d])
        if not extrapolate:
            known = known & (xi[:, d] >= knots[degree]) & (xi[:, d] <= knots[len(knots) - degree - 1])
    total = 0.0
    for index in indices_k1d:
        weight, place = 1.0, 0
        for d in range(dimensions):
            weight = weight * bases[d][:, int(index[d])]
            place = place + (begins[d] + int(index[d])) * int(strides_c1[d])
        total = total + weight[:, None] * c1r[place[:, None] + np.arange(int(num_c_tr))]
    return total if np.all(known) else np.where(known[:, None], total, np.nan)


@substitute(_dierckx._coloc_nd)
def collocation_nd(xvals, t, len_t, k, indices_k1d, cstrides):
    """The design matrix of a tensor product spline by rows."""
    _data, indices, pointers = below(_dierckx._coloc_nd, xvals, t, len_t, k, indices_k1d, cstrides)
    columns = []
    for index in indices_k1d:
        weight = 1.0
        for d in range(xvals.shape[1]):
            knots, degree = t[d, :int(len_t[d])], int(k[d])
            piece, _ = width_of(knots, degree, xvals[:, d])
            weight = weight * nonzero(knots, xvals[:, d], degree, piece)[int(index[d])]
        columns.append(weight)
    return np.ravel(np.stack(columns, axis=1)), indices, pointers
