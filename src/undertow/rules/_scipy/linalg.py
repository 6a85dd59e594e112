"""Derivatives of ``scipy.linalg`` by mathematics: factorisations, solves, functions of matrices.

Sources, cited by equation at each rule:

* Giles 2008: M. Giles, Collected matrix derivative results for forward and reverse mode AD, Oxford NA-08/01.
* Murray 2016: I. Murray, Differentiation of the Cholesky decomposition, arXiv:1602.07527.
* Walter and Lehmann 2018: Algorithmic differentiation of linear algebra functions, arXiv:1001.1654.
* Boeddeker et al. 2017: On the computation of complex-valued gradients, arXiv:1701.00392.
* Golub and Pereyra 1973: The differentiation of pseudo-inverses, SIAM J. Numer. Anal. 10.
* Mathias 1996: A chain rule for matrix functions, SIAM J. Matrix Anal. Appl. 17.
* de Hoog, Anderssen and Lukas 2011: Differentiation of matrix functionals using triangular factorization.
* Kao and Hennequin 2020: Automatic differentiation of Sylvester, Lyapunov, and algebraic Riccati equations.

Conventions: a factor that exists only up to a phase or sign (complex eigenvectors, singular vectors) is refused
where the cotangent depends on the choice; vectors of a repeated eigenvalue are refused where they matter.
Rules work on stacks of matrices wherever scipy does.  A rule that names ``residuals`` has scipy run on copies, so
that ``overwrite_*`` does not destroy what its pullback reads.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg as sl

from .._callables import below, verified
from .._numpy.linalg import check_repeated, cholesky_bar as bar_of_lower
from .._registry import Refused, pullback, pushforward, refuse, substitute, unbroadcast
from ..samples import Sample, array, definite, invertible
from . import _linalg_blas_stored, _linalg_derived, _linalg_lapack, _linalg_structured, _linalg_wrappers  # noqa: F401  (registers rules)
from ._linalg_tools import bar_of_triangle, diagonal, herm, transpose, tri

_complex_definite = definite(3, dtype=complex)
_triangle = np.tril(invertible(3))


# ---- solves (Giles 2008, section 2.3.1) ----------------------------------------------------------------------------


def _read_part(a_bar, assume_a, lower):
    """The cotangent on the entries that scipy reads under an assumption on the matrix."""
    if assume_a in ("upper triangular", "lower triangular"):
        return tri(a_bar, assume_a == "lower triangular")
    if assume_a == "diagonal":
        return a_bar * np.eye(a_bar.shape[-1])
    if assume_a == "tridiagonal":
        n = a_bar.shape[-1]
        return a_bar * (abs(np.subtract.outer(np.arange(n), np.arange(n))) <= 1)
    if assume_a in ("sym", "symmetric"):
        return bar_of_triangle(a_bar, lower, hermitian=False)
    if assume_a in ("her", "hermitian", "pos", "positive definite"):
        return bar_of_triangle(a_bar, lower)
    return a_bar


def _solve_forward(a, b, lower=False, overwrite_a=False, overwrite_b=False, check_finite=True, assume_a=None,
                   transposed=False):
    structure = {} if assume_a is None else {"assume_a": assume_a}
    return sl.solve(a, b, lower=lower, check_finite=check_finite, transposed=transposed, **structure), None


def _as_columns(b):
    """A vector as a matrix of one column; scipy takes only one-dimensional `b` for a vector."""
    return b[:, None] if np.ndim(b) == 1 else b


_SOLVE = [Sample((invertible(3), array(3))), Sample((invertible(3), array(3, 2))),
          Sample((invertible(3, 2), array(2, 3, 2))), Sample((invertible(3), array(3)), {"transposed": True}),
          Sample((definite(3), array(3, 2)), {"assume_a": "pos"}),
          Sample((definite(3), array(3)), {"assume_a": "sym", "lower": True}),
          Sample((_complex_definite, array(3, dtype=complex)), {"assume_a": "her", "lower": True}),
          Sample((_triangle, array(3)), {"assume_a": "lower triangular"}),
          Sample((invertible(3, dtype=complex), array(3, dtype=complex)))]


@pullback(sl.solve, argnums=(0, 1), forward=_solve_forward, samples=_SOLVE, cite="Giles 2008, 2.3.1")
def _solve_pull(y, y_bar, a, b, lower=False, overwrite_a=False, overwrite_b=False, check_finite=True, assume_a=None,
                transposed=False, active=(True, True), residuals=None):
    if a.size == 1 and a.ndim < 2:
        a, g = np.reshape(a, (1, 1)), y_bar
        b_bar = y_bar / np.conj(a[0, 0])
        return np.reshape(-np.sum(b_bar * np.conj(y)), a.shape), b_bar
    g = _as_columns(y_bar) if b.ndim == 1 else y_bar
    # The adjoint system has the structure of the original one; conj(A) of a Hermitian matrix is read the same way.
    if assume_a in ("upper triangular", "lower triangular", "tridiagonal"):
        b_bar = sl.solve(herm(a), g, assume_a={"upper triangular": "lower triangular",
                                               "lower triangular": "upper triangular"}.get(assume_a, assume_a))
    elif assume_a in (None, "gen", "general", "banded", "diagonal"):
        b_bar = sl.solve(a if transposed else herm(a), g)
    else:
        b_bar = np.conj(sl.solve(a, np.conj(g), lower=lower, assume_a=assume_a)) if assume_a in ("sym", "symmetric") \
            else sl.solve(a, g, lower=lower, assume_a=assume_a)
    if np.ndim(b) == 1:
        b_bar = b_bar[..., 0]
        y = y[..., None]
    a_bar = None
    if active[0]:
        a_bar = -_as_columns(b_bar) @ herm(y) if np.ndim(b) == 1 and np.ndim(a) == 2 else \
            -(b_bar[..., None] if np.ndim(b) == 1 else b_bar) @ herm(y)
        a_bar = transpose(a_bar) if transposed else a_bar
        a_bar = unbroadcast(_read_part(a_bar, assume_a, lower), np.shape(a))
    return a_bar, unbroadcast(b_bar, np.shape(b))


@pushforward(sl.solve, argnums=(0, 1))
def _solve_push(y, tangents, a, b, lower=False, overwrite_a=False, overwrite_b=False, check_finite=True, assume_a=None,
                transposed=False):
    a_dot, b_dot = tangents
    right = 0.0 if b_dot is None else b_dot
    if a_dot is not None:
        if assume_a in ("sym", "symmetric", "her", "hermitian", "pos", "positive definite"):
            strict = tri(a_dot, lower, 1)
            other = transpose(strict) if assume_a in ("sym", "symmetric") else herm(strict)
            d = diagonal(a_dot)
            d = d if assume_a in ("sym", "symmetric") else np.real(d)
            a_dot = strict + other + d[..., None] * np.eye(a.shape[-1])
        else:
            a_dot = _read_part(a_dot, assume_a, lower)
        a_dot = transpose(a_dot) if transposed else a_dot
        moved = (a_dot @ y[..., None])[..., 0] if np.ndim(b) == 1 else a_dot @ y
        right = right - moved
    keywords = {"lower": lower, "assume_a": assume_a, "transposed": transposed}
    if np.ndim(b) == 1 and np.ndim(right) > 1:
        return sl.solve(a, right[..., None], **keywords)[..., 0]
    return sl.solve(a, right, **keywords)


def _solve_triangular_forward(a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=True):
    return sl.solve_triangular(a, b, trans, lower, unit_diagonal, check_finite=check_finite), None


@pullback(sl.solve_triangular, argnums=(0, 1), forward=_solve_triangular_forward, cite="Giles 2008, 2.3.1",
          samples=[Sample((invertible(3), array(3))), Sample((invertible(3), array(3, 2)), {"lower": True}),
                   Sample((invertible(3), array(3, 2), 1), {"lower": True, "unit_diagonal": True}),
                   Sample((invertible(3, dtype=complex), array(3, dtype=complex), "C")),
                   Sample((invertible(3, dtype=complex), array(3, dtype=complex), "T"))])
def _solve_triangular_pull(y, y_bar, a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False,
                           check_finite=True, residuals=None):
    return triangular_bars(y, y_bar, a, b, {"N": 0, "T": 1, "C": 2}.get(trans, trans), lower, unit_diagonal)


def triangular_bars(y, y_bar, a, b, trans, lower, unit_diagonal):
    """Cotangents of the triangle read and of the right-hand side in ``op(A) y = b``."""
    if trans == 1:
        b_bar = np.conj(sl.solve_triangular(a, np.conj(y_bar), 0, lower, unit_diagonal))
    else:
        b_bar = sl.solve_triangular(a, y_bar, 2 - trans, lower, unit_diagonal)
    vector = np.ndim(b) == 1
    g = -_as_columns(b_bar) @ herm(_as_columns(y)) if vector else -b_bar @ herm(y)
    a_bar = g if trans == 0 else transpose(g) if trans == 1 else herm(g)
    return unbroadcast(tri(a_bar, lower, int(unit_diagonal)), np.shape(a)), unbroadcast(b_bar, np.shape(b))


def _inv_forward(a, overwrite_a=False, check_finite=True, *, assume_a=None, lower=False):
    return sl.inv(a, check_finite=check_finite, assume_a=assume_a, lower=lower), None


@pullback(sl.inv, forward=_inv_forward, cite="Giles 2008, 2.2.3",
          samples=[Sample((invertible(3),)), Sample((invertible(3, 2),)), Sample((invertible(3, dtype=complex),)),
                   Sample((definite(3),), {"assume_a": "pos"}),
                   Sample((_complex_definite,), {"assume_a": "her", "lower": True})])
def _inv_pull(y, y_bar, a, overwrite_a=False, check_finite=True, *, assume_a=None, lower=False, residuals=None):
    return _read_part(-herm(y) @ y_bar @ herm(y), assume_a, lower)


@pullback(sl.det, forward=lambda a, overwrite_a=False, check_finite=True: (sl.det(a, check_finite=check_finite), None),
          cite="Giles 2008, 2.2.4",
          samples=[Sample((invertible(3),)), Sample((invertible(3, 2),)), Sample((invertible(3, dtype=complex),)),
                   Sample((np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 2.0]) + np.diag([1.0, 0.0, 0.0]),))])
def _det_pull(y, y_bar, a, overwrite_a=False, check_finite=True, residuals=None):
    """``conj(det) A^-H``; of a singular matrix, the matrix of cofactors."""
    scale = (np.asarray(y_bar))[..., None, None]
    size = np.prod(np.sqrt(np.sum(abs(a) ** 2, axis=-1)), axis=-1)
    if np.all(abs(y) > 1e-9 * size):
        return scale * np.conj(np.asarray(y))[..., None, None] * herm(sl.inv(a))
    return scale * np.conj(_cofactors(a))


def _cofactors(a):
    n = a.shape[-1]
    keep = [np.delete(np.arange(n), i) for i in range(n)]
    rows = []
    for i in range(n):
        minors = [(-1.0) ** (i + j) * sl.det(a[..., keep[i][:, None], keep[j][None, :]]) for j in range(n)] \
            if n > 1 else [np.ones(a.shape[:-2])]
        rows.append(np.stack([np.asarray(m) for m in minors], axis=-1))
    return np.stack(rows, axis=-2)


# ---- Cholesky, LU, QR ----------------------------------------------------------------------------------------------


def _half_lower(x):
    """Lower triangle with the diagonal halved and real: Murray's Phi."""
    return tri(x, True, 1) + 0.5 * np.real(diagonal(x))[..., None] * np.eye(x.shape[-1])


def cholesky_bar(factor, factor_bar, lower):
    """Cotangent of the triangle that Cholesky's factorisation reads (Murray 2016, equation 9)."""
    if lower:
        return bar_of_lower(tri(factor, True), tri(factor_bar, True))
    return herm(bar_of_lower(herm(tri(factor, False)), herm(tri(factor_bar, False))))


_CHOLESKY = [Sample((definite(3),)), Sample((definite(3),), {"lower": True}), Sample((_complex_definite,)),
             Sample((definite(3, 2),), {"lower": True}), Sample((_complex_definite, True))]


@pullback(sl.cholesky, samples=_CHOLESKY, cite="Murray 2016, equation 9",
          forward=lambda a, lower=False, overwrite_a=False, check_finite=True:
          (sl.cholesky(a, lower, check_finite=check_finite), None))
def _cholesky_pull(y, y_bar, a, lower=False, overwrite_a=False, check_finite=True, residuals=None):
    return cholesky_bar(y, y_bar, lower)


@pushforward(sl.cholesky)
def _cholesky_push(y, tangents, a, lower=False, overwrite_a=False, check_finite=True):
    """``L_dot = L Phi(L^-1 A_dot L^-H)`` (Murray 2016, equation 8)."""
    strict = tri(tangents[0], lower, 1)
    a_dot = strict + herm(strict) + np.real(diagonal(tangents[0]))[..., None] * np.eye(a.shape[-1])
    c = y if lower else herm(y)
    middle = sl.solve_triangular(c, herm(sl.solve_triangular(c, a_dot, 0, True)), 0, True)
    c_dot = c @ _half_lower(herm(middle))
    return c_dot if lower else herm(c_dot)


@pullback(sl.cho_factor, samples=[Sample((definite(3),)), Sample((_complex_definite, True))],
          cite="Murray 2016, equation 9",
          forward=lambda a, lower=False, overwrite_a=False, check_finite=True:
          (sl.cho_factor(a, lower, check_finite=check_finite), None))
def _cho_factor_pull(y, y_bar, a, lower=False, overwrite_a=False, check_finite=True, residuals=None):
    """The other triangle of the result holds what was in the matrix."""
    c_bar = y_bar[0]
    return cholesky_bar(y[0], c_bar, lower) + tri(c_bar, not lower, 1)


def _cho_solve_forward(c_and_lower, b, overwrite_b=False, check_finite=True):
    return sl.cho_solve(c_and_lower, b, check_finite=check_finite), None


@pullback(sl.cho_solve, argnums=(0, 1), sequences=(0,), forward=_cho_solve_forward, cite="Giles 2008, 2.3.1",
          samples=[Sample(((_triangle, True), array(3))), Sample(((transpose(_triangle), False), array(3, 2))),
                   Sample(((_triangle + 0.3j * np.tril(array(3, 3), -1), True), array(3, 2, dtype=complex)))])
def _cho_solve_pull(y, y_bar, c_and_lower, b, overwrite_b=False, check_finite=True, residuals=None):
    c, lower = c_and_lower
    b_bar = sl.cho_solve((c, lower), y_bar)
    left, right = _as_columns(b_bar), _as_columns(y)
    g = -left @ herm(right)
    g = g + herm(g)  # cotangent of A = L L^H or U^H U
    factor = tri(c, lower)
    c_bar = g @ factor if lower else factor @ g
    return [tri(c_bar, lower), None], b_bar


def lu_bar(lower, upper, lower_bar, upper_bar):
    """Cotangent of ``L U`` for ``L`` m × k unit lower and ``U`` k × n upper trapezoidal, ``k = min(m, n)``.

    De Hoog, Anderssen and Lukas 2011 for the square part; what lies beyond it is ``L2 = A2 U^-1``, ``U2 = L^-1 A2``.
    The last pivot of a square matrix is what remains of it, ``A22 - L21 U12``: nothing is divided by it, it may be zero.
    """
    k = lower.shape[-1]
    if k > 1 and lower.shape[-2] == k == upper.shape[-1]:
        rest = upper_bar[..., -1:, -1:]
        row, column = lower[..., -1:, :-1], upper[..., :-1, -1:]
        row_bar = lower_bar[..., -1:, :-1] - rest @ herm(column)
        column_bar = upper_bar[..., :-1, -1:] - herm(row) @ rest
        low, up = lower[..., :-1, :-1], upper[..., :-1, :-1]
        beyond = sl.solve_triangular(low, column_bar, 2, True, True)
        below = herm(sl.solve_triangular(up, herm(row_bar), 0, False))
        inner = lu_bar_square(low, up, lower_bar[..., :-1, :-1] - beyond @ herm(column),
                              upper_bar[..., :-1, :-1] - herm(row) @ below)
        return np.concatenate([np.concatenate([inner, beyond], axis=-1), np.concatenate([below, rest], axis=-1)], axis=-2)
    low, low_bar, up, up_bar = lower[..., :k, :], lower_bar[..., :k, :], upper[..., :k], upper_bar[..., :k]
    parts = []
    if upper.shape[-1] > k:
        beyond = sl.solve_triangular(low, upper_bar[..., k:], 2, True, True)
        low_bar = low_bar - beyond @ herm(upper[..., k:])
    if lower.shape[-2] > k:
        below = herm(sl.solve_triangular(up, herm(lower_bar[..., k:, :]), 0, False))
        up_bar = up_bar - herm(lower[..., k:, :]) @ below
        parts.append(below)
    tall = np.concatenate([lu_bar_square(low, up, low_bar, up_bar), *parts], axis=-2)
    return np.concatenate([tall, beyond], axis=-1) if upper.shape[-1] > k else tall


def lu_bar_square(low, up, low_bar, up_bar):
    """Cotangent of ``L U`` where both are square."""
    middle = tri(herm(low) @ low_bar, True, 1) + tri(up_bar @ herm(up), False)
    middle = sl.solve_triangular(low, middle, 2, True, True)
    return herm(sl.solve_triangular(up, herm(middle), 0, False))


_LU = [Sample((invertible(3),)), Sample((array(4, 3),)), Sample((array(3, 5),)),
       Sample((invertible(3, dtype=complex),))]


@pullback(sl.lu, cite="de Hoog, Anderssen and Lukas 2011; Walter and Lehmann 2018",
          samples=[*_LU, Sample((array(4, 3), True)), Sample((array(4, 3),), {"p_indices": True})],
          forward=lambda a, permute_l=False, overwrite_a=False, check_finite=True, p_indices=False:
          (sl.lu(a, permute_l, False, check_finite, p_indices), None))
def _lu_pull(y, y_bar, a, permute_l=False, overwrite_a=False, check_finite=True, p_indices=False, residuals=None):
    lower, upper = y[-2], y[-1]
    lower_bar = np.zeros(lower.shape) if y_bar[-2] is None else y_bar[-2]
    upper_bar = np.zeros(upper.shape) if y_bar[-1] is None else y_bar[-1]
    p = sl.lu(a, p_indices=True)[0]  # a = l[p] @ u
    if permute_l:
        inverse = np.argsort(p, axis=-1)
        lower = np.take_along_axis(lower, inverse[..., None], axis=-2)
        lower_bar = np.take_along_axis(lower_bar, inverse[..., None], axis=-2)
    bar = lu_bar(lower, upper, lower_bar, upper_bar)
    return np.take_along_axis(bar, p[..., None], axis=-2)


def row_order(piv, rows):
    """Row order that a LAPACK pivot vector stands for: ``A[order] = L U``."""
    order = np.arange(rows)
    for i, j in enumerate(piv):
        order[[i, j]] = order[[j, i]]
    return order


@pullback(sl.lu_factor, samples=[Sample((invertible(3),)), Sample((invertible(3, dtype=complex),))],
          forward=lambda a, overwrite_a=False, check_finite=True: (sl.lu_factor(a, check_finite=check_finite), None),
          cite="de Hoog, Anderssen and Lukas 2011")
def _lu_factor_pull(y, y_bar, a, overwrite_a=False, check_finite=True, residuals=None):
    packed, piv = y
    if np.ndim(packed) != 2 or packed.shape[0] != packed.shape[1]:
        raise Refused("lu_factor has a rule for one square matrix; use lu for stacks and other shapes").error()
    eye = np.eye(packed.shape[-1])
    bar = lu_bar(tri(packed, True, 1) + eye, tri(packed, False), tri(y_bar[0], True, 1), tri(y_bar[0], False))
    return bar[np.argsort(row_order(piv, len(packed)))]


@pullback(sl.lu_solve, argnums=(0, 1), sequences=(0,), cite="Giles 2008, 2.3.1",
          forward=lambda lu_and_piv, b, trans=0, overwrite_b=False, check_finite=True:
          (sl.lu_solve(lu_and_piv, b, trans, check_finite=check_finite), None),
          samples=[Sample(((invertible(3), np.array([1, 2, 2], dtype=np.int32)), array(3), t)) for t in (0, 1)]
          + [Sample(((invertible(3, dtype=complex), np.array([1, 2, 2], dtype=np.int32)),
                     array(3, 2, dtype=complex), t)) for t in (0, 1, 2)])
def _lu_solve_pull(y, y_bar, lu_and_piv, b, trans=0, overwrite_b=False, check_finite=True, residuals=None):
    packed, piv = lu_and_piv
    if np.ndim(packed) != 2:
        raise Refused("lu_solve has a rule for one matrix, not for stacks").error()
    conj_back = trans == 1
    g = np.conj(y_bar) if conj_back else y_bar
    b_bar = sl.lu_solve((packed, piv), g, 0 if trans else 2)
    b_bar = np.conj(b_bar) if conj_back else b_bar
    full_bar = -_as_columns(b_bar) @ herm(_as_columns(y))
    full_bar = full_bar if trans == 0 else transpose(full_bar) if trans == 1 else herm(full_bar)
    permuted = full_bar[row_order(piv, len(packed))]  # cotangent of L U
    eye = np.eye(packed.shape[-1])
    low, up = tri(packed, True, 1) + eye, tri(packed, False)
    return [tri(permuted @ herm(up), True, 1) + tri(herm(low) @ permuted, False), None], b_bar


def qr_bar(q, r, q_bar, r_bar):
    """Cotangent of ``Q R`` with ``Q`` m × n, ``R`` n × n (Walter and Lehmann 2018, section 3.3).

    Complex: LAPACK makes the diagonal of ``R`` real, which fixes the phases.
    """
    m = r @ herm(r_bar) - herm(q_bar) @ q
    low = tri(m, True, 1)
    middle = low + herm(low) + np.real(diagonal(m))[..., None] * np.eye(m.shape[-1])
    inside = q_bar + q @ middle
    return herm(sl.solve_triangular(r, herm(inside), 0, False))


def _qr_bars(a, y_bar, q, r, q_bar, r_bar):
    k, n = r.shape[-2:]
    q_bar = np.zeros_like(q) if q_bar is None else q_bar
    r_bar = np.zeros_like(r) if r_bar is None else r_bar
    if n <= k:
        return qr_bar(q, r, q_bar, tri(r_bar, False))
    # R = [R1 R2] with R2 = Q^H A2
    second = a[..., k:]
    q_bar = q_bar + second @ herm(r_bar[..., k:])
    return np.concatenate([qr_bar(q, r[..., :k], q_bar, tri(r_bar[..., :k], False)), q @ r_bar[..., k:]], axis=-1)


_QR_MODES = "qr has a rule for its modes 'full', 'r' and 'economic'"


@pullback(sl.qr, cite="Walter and Lehmann 2018, section 3.3",
          samples=[Sample((invertible(3),)), Sample((array(4, 3),), {"mode": "economic"}),
                   Sample((array(4, 3),), {"mode": "r"}), Sample((array(3, 5),)),
                   Sample((array(4, 3) * [1.0, 4.0, 15.0],), {"mode": "economic", "pivoting": True}),
                   Sample((invertible(3, dtype=complex),)),
                   Sample((array(4, 3, dtype=complex),), {"mode": "economic"})],
          forward=lambda a, overwrite_a=False, lwork=None, mode="full", pivoting=False, check_finite=True:
          (sl.qr(a, False, lwork, mode, pivoting, check_finite), None))
def _qr_pull(y, y_bar, a, overwrite_a=False, lwork=None, mode="full", pivoting=False, check_finite=True,
             residuals=None):
    if mode == "raw":
        raise Refused(_QR_MODES).error()
    m, n = a.shape[-2:]
    k = min(m, n)
    y, y_bar = (tuple(y), tuple(y_bar)) if isinstance(y, tuple | list) else ((y,), (y_bar,))
    order = y[-1] if pivoting else None
    b = a if order is None else np.take_along_axis(a, order[..., None, :], axis=-1)
    if mode == "r":
        r, r_bar = y[0][..., :k, :], y_bar[0]
        r_bar = r_bar[..., :k, :]
        q = herm(sl.solve_triangular(r[..., :k], herm(b[..., :k]), 2, False))
        q_bar = None
    else:
        q, r, q_bar, r_bar = y[0], y[1], y_bar[0], y_bar[1]
        if q.shape[-1] > k:
            if q_bar is not None and np.any(q_bar[..., k:] != 0):
                raise Refused("the columns of Q beyond the rank of A are not determined: use mode='economic'").error()
            q_bar = None if q_bar is None else q_bar[..., :k]
            r_bar = None if r_bar is None else r_bar[..., :k, :]
            q, r = q[..., :k], r[..., :k, :]
    bar = _qr_bars(b, y_bar, q, r, q_bar, r_bar)
    if order is None:
        return bar
    return np.take_along_axis(bar, np.argsort(order, axis=-1)[..., None, :], axis=-1)


# ---- singular values and eigenvalues -------------------------------------------------------------------------------


def resolvent(gaps, numerators, what):
    """``numerators / gaps``, zero where the numerator is; refused where a gap closes under a numerator that matters."""
    size = np.max(abs(gaps), initial=0.0)
    closed = abs(gaps) <= 1e-13 * size
    eye = np.eye(gaps.shape[-2], gaps.shape[-1], dtype=bool)
    matters = abs(numerators) > 1e-10 * np.max(abs(numerators), initial=0.0)
    if np.any(closed & matters & ~eye):
        raise Refused(f"the {what} of equal values are not determined, and the result depends on them").error()
    return np.where(closed | eye, 0.0, numerators / np.where(closed | eye, 1.0, gaps))


def _check_gauge(imaginary, scale, what):
    if np.any(abs(imaginary) > 1e-7 * (1.0 + np.max(abs(scale), initial=0.0))):
        raise Refused(f"the phases of complex {what} are not determined, and the result depends on them").error()


def svd_bar(u, s, vh, u_bar, s_bar, vh_bar):
    """Cotangent of ``U diag(s) V^H`` (thin), Giles 2008 section 3.3 and Walter and Lehmann 2018 section 3.5."""
    check_repeated(s, s_bar, u_bar, vh_bar, function="svd")
    k = s.shape[-1]
    diag = 0.0 if s_bar is None else s_bar[..., None] * np.eye(k)
    if u_bar is None and vh_bar is None:
        return u @ (diag * np.ones_like(s)[..., None]) @ vh
    u_bar = np.zeros_like(u) if u_bar is None else u_bar
    v, v_bar = herm(vh), np.zeros_like(herm(vh)) if vh_bar is None else herm(vh_bar)
    left, right = herm(u) @ u_bar, herm(v) @ v_bar
    if np.iscomplexobj(u):
        _check_gauge(np.imag(diagonal(left) + diagonal(right)), np.abs(left) + np.abs(right), "singular vectors")
    si, sj = s[..., :, None], s[..., None, :]
    gaps = sj * sj - si * si
    skew_left, skew_right = left - herm(left), right - herm(right)
    # (F∘(skew_left)) S + S (F∘skew_right), the numerators kept together so that equal values may cancel
    middle = resolvent(gaps, skew_left * sj + si * skew_right, "singular vectors")
    if np.iscomplexobj(u):
        middle = middle + 1j * (np.imag(diagonal(left)) / s)[..., None] * np.eye(k)
    bar = u @ (middle + diag) @ vh
    if u.shape[-2] > k:
        rest = u_bar - u @ left
        bar = bar + (rest / s[..., None, :]) @ vh
    if v.shape[-2] > k:
        rest = v_bar - v @ right
        bar = bar + (u / s[..., None, :]) @ herm(rest)
    return bar


def _svd_forward(a, full_matrices=True, compute_uv=True, overwrite_a=False, check_finite=True, lapack_driver="gesdd"):
    if compute_uv:
        y = sl.svd(a, full_matrices, True, False, check_finite, lapack_driver)
        return y, None
    # the plain run's own values, and the vectors the pullback needs
    return sl.svd(a, full_matrices, False, False, check_finite, lapack_driver), sl.svd(a, full_matrices=False)


@pullback(sl.svd, forward=_svd_forward, absent=True, cite="Giles 2008, 3.3; Walter and Lehmann 2018, 3.5",
          convention="vectors of equal singular values are refused where they matter; singular values at zero have the "
                     "derivative of the branch that LAPACK's vectors show",
          samples=[Sample((array(3, 3),)), Sample((array(4, 3), False)), Sample((array(3, 5), False)),
                   Sample((array(4, 3),), {"compute_uv": False}),
                   Sample((array(4, 3, dtype=complex),), {"compute_uv": False})])
def _svd_pull(y, y_bar, a, full_matrices=True, compute_uv=True, overwrite_a=False, check_finite=True,
              lapack_driver="gesdd", residuals=None):
    if not compute_uv:
        u, s, vh = residuals
        return svd_bar(u, s, vh, None, y_bar, None)
    u, s, vh = y
    u_bar, s_bar, vh_bar = y_bar
    k = s.shape[-1]
    beyond = "the singular vectors beyond the rank are not determined: use full_matrices=False"
    if u.shape[-1] > k:
        if u_bar is not None and np.any(u_bar[..., k:] != 0):
            raise Refused(beyond).error()
        u, u_bar = u[..., :k], None if u_bar is None else u_bar[..., :k]
    if vh.shape[-2] > k:
        if vh_bar is not None and np.any(vh_bar[..., k:, :] != 0):
            raise Refused(beyond).error()
        vh, vh_bar = vh[..., :k, :], None if vh_bar is None else vh_bar[..., :k, :]
    return svd_bar(u, s, vh, u_bar, s_bar, vh_bar)


def eigh_bars(w, v, w_all, v_all, w_bar, v_bar, generalised):
    """Cotangents of `A` and `B` in ``A v = w B v``, ``V^H B V = 1``; Giles 2008, section 3.1, and its B-weighted form.

    `w`, `v` may be some of the pairs `w_all`, `v_all`.
    """
    check_repeated(w, w_bar, v_bar, function="eigh")
    w_bar = np.zeros_like(w) if w_bar is None else w_bar
    a_bar = (v * w_bar[..., None, :]) @ herm(v)
    b_bar = -(v * (w * w_bar)[..., None, :]) @ herm(v) if generalised else None
    if v_bar is None:
        return a_bar, b_bar
    k_all = herm(v_all) @ v_bar
    own = np.sum(np.conj(v) * v_bar, axis=-2)
    if np.iscomplexobj(v):
        _check_gauge(np.imag(own), k_all, "eigenvectors")
    gaps = w[..., None, :] - w_all[..., :, None]
    same = gaps == 0
    numerators = np.where(same & (abs(k_all - own[..., None, :]) <= 1e-14 * (1 + abs(own[..., None, :]))), 0.0, k_all)
    x = _resolvent_subset(gaps, numerators, w, w_all)
    a_bar = a_bar + v_all @ x @ herm(v)
    if generalised:
        b_bar = b_bar - v_all @ (x * w[..., None, :]) @ herm(v) - (v * (np.real(own) / 2)[..., None, :]) @ herm(v)
    return a_bar, b_bar


def _resolvent_subset(gaps, numerators, w, w_all):
    """`resolvent` where the columns are the pairs `w`, found among the rows `w_all` by position of the closest."""
    rows = np.arange(w_all.shape[-1])
    # the pairs asked for are consecutive: the first one's place tells the others'
    first = np.argmin(abs(w_all - w[..., :1]), axis=-1)
    place = first[..., None] + np.arange(w.shape[-1])
    own = rows[:, None] == place[..., None, :]
    size = np.max(abs(w_all), initial=0.0)
    closed = abs(gaps) <= 1e-13 * size
    matters = abs(numerators) > 1e-10 * np.max(abs(numerators), initial=0.0)
    if np.any(closed & matters & ~own):
        raise Refused("eigenvectors of equal eigenvalues are not determined, and the result depends on them").error()
    skip = closed | own
    return np.where(skip, 0.0, numerators / np.where(skip, 1.0, gaps))


def _eigh_forward(a, b=None, *, lower=True, eigvals_only=False, overwrite_a=False, overwrite_b=False, type=1,
                  check_finite=True, subset_by_index=None, subset_by_value=None, driver=None):
    y = sl.eigh(a, b, lower=lower, eigvals_only=eigvals_only, type=type, check_finite=check_finite,
                subset_by_index=subset_by_index, subset_by_value=subset_by_value, driver=driver)
    whole = not eigvals_only and subset_by_index is None and subset_by_value is None
    return y, (y if whole else sl.eigh(a, b, lower=lower, type=type, check_finite=False))


@pullback(sl.eigh, argnums=(0, 1), forward=_eigh_forward, absent=True, cite="Giles 2008, 3.1",
          convention="vectors of equal eigenvalues are refused where they matter",
          samples=[Sample((definite(3),)), Sample((definite(3), None), {"eigvals_only": True}),
                   Sample((invertible(3) + transpose(invertible(3)), definite(3)), {"lower": False}),
                   Sample((_complex_definite, definite(3)), {"eigvals_only": True}),
                   Sample((definite(4),), {"subset_by_index": (1, 2)})])
def _eigh_pull(y, y_bar, a, b=None, *, lower=True, eigvals_only=False, overwrite_a=False, overwrite_b=False, type=1,
               check_finite=True, subset_by_index=None, subset_by_value=None, driver=None, residuals=None):
    if type != 1 and b is not None:
        raise Refused("eigh has a rule for type=1, A v = w B v").error()
    w_all, v_all = residuals
    if eigvals_only:
        w, w_bar, v_bar = y, y_bar, None
        first = np.argmin(abs(w_all - w[..., :1]), axis=-1)[..., None] if w.shape[-1] else 0
        v = np.take_along_axis(v_all, (first + np.arange(w.shape[-1]))[..., None, :], axis=-1)
    else:
        (w, v), (w_bar, v_bar) = y, y_bar
    a_bar, b_bar = eigh_bars(w, v, w_all, v_all, w_bar, v_bar, b is not None)
    return bar_of_triangle(a_bar, lower), None if b is None else bar_of_triangle(b_bar, lower)


def _eig_forward(a, b=None, left=False, right=True, overwrite_a=False, overwrite_b=False, check_finite=True,
                 homogeneous_eigvals=False):
    y = sl.eig(a, b, left, right, check_finite=check_finite, homogeneous_eigvals=homogeneous_eigvals)
    return y, (y if right and not left else sl.eig(a, b))


@pullback(sl.eig, argnums=(0, 1), forward=_eig_forward, absent=True, cite="Boeddeker et al. 2017, equation 4.77",
          samples=[Sample((invertible(3),), {"right": False}), Sample((array(3, 3),), {"right": False}),
                   Sample((definite(3) + np.triu(array(3, 3), 1),)),
                   Sample((invertible(3), definite(3)), {"right": False})])
def _eig_pull(y, y_bar, a, b=None, left=False, right=True, overwrite_a=False, overwrite_b=False, check_finite=True,
              homogeneous_eigvals=False, residuals=None):
    if left or homogeneous_eigvals:
        raise Refused("left eigenvectors and homogeneous eigenvalues have no rule").error()
    w, v = residuals
    w_bar, v_bar = y_bar if right else (y_bar, None)
    check_repeated(w, w_bar, v_bar, function="eig")
    w_bar = np.zeros_like(w) if w_bar is None else w_bar
    if b is not None and v_bar is not None:
        raise Refused("eigenvectors of a generalised unsymmetric problem have no rule; its eigenvalues have").error()
    middle = w_bar[..., None] * np.eye(w.shape[-1])
    if v_bar is not None:
        k = herm(v) @ v_bar
        if np.iscomplexobj(v):
            _check_gauge(np.imag(diagonal(k)), k, "eigenvectors")
        normalised = k - (herm(v) @ v) * np.real(diagonal(k))[..., None, :]
        gaps = np.conj(w[..., None, :] - w[..., :, None])
        middle = middle + resolvent(gaps, normalised, "eigenvectors")
    if b is None:
        return sl.solve(herm(v), middle @ herm(v)), None
    # w = eig(B^-1 A): with C = B^-1 A, A_bar = B^-H C_bar and B_bar = -A_bar C^H
    c_bar = sl.solve(herm(v), middle @ herm(v))
    a_bar = sl.solve(herm(b), c_bar)
    return a_bar, -a_bar @ herm(sl.solve(b, a))


# ---- pseudo-inverse and least squares ------------------------------------------------------------------------------


@pullback(sl.pinv, cite="Golub and Pereyra 1973, equation 4.12", convention="the rank is taken as constant",
          samples=[Sample((array(4, 3),)), Sample((array(3, 5),)), Sample((array(4, 3, dtype=complex),)),
                   Sample((array(4, 3),), {"return_rank": True})])
def _pinv_pull(y, y_bar, a, *, atol=None, rtol=None, return_rank=False, check_finite=True):
    if return_rank:
        y, y_bar = y[0], y_bar[0]
    g = herm(y_bar)
    left, right = np.eye(a.shape[-2]) - a @ y, np.eye(a.shape[-1]) - y @ a
    return -herm(y) @ y_bar @ herm(y) + left @ g @ y @ herm(y) + herm(y) @ y @ g @ right


@pullback(sl.lstsq, argnums=(0, 1), cite="Golub and Pereyra 1973, equation 4.12",
          convention="the rank is taken as constant",
          forward=lambda a, b, cond=None, overwrite_a=False, overwrite_b=False, check_finite=True, lapack_driver=None:
          (sl.lstsq(a, b, cond, False, False, check_finite, lapack_driver), None),
          samples=[Sample((array(5, 3), array(5))), Sample((array(5, 3), array(5, 2))), Sample((array(3, 5), array(3))),
                   Sample((array(5, 3, dtype=complex), array(5, dtype=complex)))])
def _lstsq_pull(y, y_bar, a, b, cond=None, overwrite_a=False, overwrite_b=False, check_finite=True,
                lapack_driver=None, residuals=None):
    x, x_bar = y[0], y_bar[0]
    residual_bar, s_bar = y_bar[1], y_bar[3]
    vector = np.ndim(b) == 1
    x, target = _as_columns(x), _as_columns(b)
    # with the rank that lstsq itself found: its cutoff is relative to the largest singular value
    rank = int(y[2])
    u, s, vh = sl.svd(a, full_matrices=False)
    keep = np.arange(s.shape[-1]) < rank
    inverse = herm(vh) @ (np.where(keep, 1 / np.where(keep, s, 1.0), 0.0)[:, None] * herm(u))
    rest = target - a @ x
    a_bar = np.zeros(a.shape)
    b_bar = np.zeros_like(target)
    if x_bar is not None:
        g = _as_columns(x_bar)
        b_bar = herm(inverse) @ g
        a_bar = -b_bar @ herm(x) + rest @ herm(inverse @ b_bar) + (herm(inverse) @ x) @ herm(g - inverse @ (a @ g))
    if residual_bar is not None and np.size(residual_bar):
        g = 2 * rest * np.reshape(residual_bar, (1, -1))
        b_bar, a_bar = b_bar + g, a_bar - g @ herm(x)
    if s_bar is not None and y[3] is not None:
        a_bar = a_bar + (u * s_bar) @ vh
    return a_bar, b_bar[:, 0] if vector else b_bar


# ---- functions of matrices (Mathias 1996: f([[A, E], [0, A]]) holds the derivative along E) ------------------------


def _block(a, e):
    upper = np.concatenate([a, e], axis=-1)
    lower = np.concatenate([np.zeros_like(a), a], axis=-1)
    return np.concatenate([upper, lower], axis=-2)


def frechet(function, a, e):
    """Derivative of a primary matrix function at `a` along `e`, for stacks."""
    n = a.shape[-1]
    shape = np.broadcast_shapes(a.shape, e.shape)
    both = np.result_type(a, e, np.float64)  # at single precision the block's own accuracy would be lost
    big = _block(np.broadcast_to(a, shape).astype(both), np.broadcast_to(e, shape).astype(both))
    return function(big)[..., :n, n:]


@pullback(sl.expm, cite="Mathias 1996, theorem 2.1; Al-Mohy and Higham 2009",
          samples=[Sample((array(3, 3),)), Sample((array(2, 3, 3),)), Sample((array(3, 3, dtype=complex),))])
def _expm_pull(y, y_bar, a):
    return frechet(sl.expm, herm(a), y_bar)


@pushforward(sl.expm)
def _expm_push(y, tangents, a):
    return frechet(sl.expm, a, tangents[0])


def _logm(a):
    return sl.logm(a)


@pullback(sl.logm, cite="Mathias 1996, theorem 2.1",
          samples=[Sample((definite(3),)), Sample((invertible(3, dtype=complex),))])
def _logm_pull(y, y_bar, a, disp=None):
    return frechet(_logm, herm(a), y_bar)


@pushforward(sl.logm)
def _logm_push(y, tangents, a, disp=None):
    return frechet(_logm, a, tangents[0])


def _each(solver, *stacks):
    """A solver of single matrices over stacks of them."""
    batch = np.broadcast_shapes(*[m.shape[:-2] for m in stacks])
    if not batch:
        return solver(*stacks)
    flat = [np.reshape(np.broadcast_to(m, batch + m.shape[-2:]), (-1, *m.shape[-2:])) for m in stacks]
    solved = np.stack([solver(*items) for items in zip(*flat, strict=True)])
    return np.reshape(solved, batch + solved.shape[-2:])


@pullback(sl.sqrtm, cite="S dS + dS S = dA; Higham 2008, section 6.1",
          samples=[Sample((definite(3),)), Sample((invertible(3, dtype=complex),))])
def _sqrtm_pull(y, y_bar, a, disp=None, blocksize=None):
    root = herm(y)
    return _each(sl.solve_sylvester, root, root, y_bar)


@pullback(sl.fractional_matrix_power, argnums=(0, 1), cite="Mathias 1996, theorem 2.1",
          samples=[Sample((definite(3), 0.7)), Sample((invertible(3), -1.3)), Sample((definite(3), 2.5))])
def _fractional_power_pull(y, y_bar, a, t, active=(True, True)):
    a_bar = frechet(lambda m: sl.fractional_matrix_power(m, t), herm(a), y_bar) if active[0] else None
    t_bar = np.real(np.sum(np.conj(y_bar) * (sl.logm(a) @ y))) if active[1] else None
    return a_bar, t_bar


@substitute(sl.expm_frechet, samples=[Sample((array(3, 3), array(3, 3, seed=1)))])
def _expm_frechet(A, E, method=None, compute_expm=True, check_finite=True):
    A, E = np.asarray(A), np.asarray(E)
    along = frechet(sl.expm, A, E)
    return (sl.expm(A), along) if compute_expm else along


# ---- matrix equations (Kao and Hennequin 2020) ---------------------------------------------------------------------


@pullback(sl.solve_sylvester, argnums=(0, 1, 2), cite="Kao and Hennequin 2020, section 3",
          samples=[Sample((invertible(3), invertible(2), array(3, 2))),
                   Sample((invertible(3, dtype=complex), invertible(2, dtype=complex), array(3, 2, dtype=complex)))])
def _sylvester_pull(y, y_bar, a, b, q):
    q_bar = sl.solve_sylvester(herm(a), herm(b), y_bar)
    return -q_bar @ herm(y), -herm(y) @ q_bar, q_bar


@pullback(sl.solve_continuous_lyapunov, argnums=(0, 1), cite="Kao and Hennequin 2020, section 3",
          samples=[Sample((invertible(3), definite(3))),
                   Sample((invertible(3, dtype=complex), array(3, 3, dtype=complex)))])
def _lyapunov_pull(y, y_bar, a, q):
    """``A X + X A^H = Q``."""
    q_bar = sl.solve_continuous_lyapunov(herm(a), y_bar)
    return -q_bar @ herm(y) - herm(q_bar) @ y, q_bar


@pullback(sl.solve_discrete_lyapunov, argnums=(0, 1), cite="Kao and Hennequin 2020, section 3",
          samples=[Sample((0.2 * array(3, 3), definite(3))),
                   Sample((0.2 * array(3, 3, dtype=complex), _complex_definite))])
def _discrete_lyapunov_pull(y, y_bar, a, q, method=None):
    """``A X A^H - X + Q = 0``."""
    q_bar = sl.solve_discrete_lyapunov(herm(a), y_bar)
    return q_bar @ a @ herm(y) + herm(q_bar) @ a @ y, q_bar


@pullback(sl.solve_continuous_are, argnums=(0, 1, 2, 3), cite="Kao and Hennequin 2020, section 4",
          samples=[Sample((array(3, 3), array(3, 2), definite(3), definite(2)))])
def _care_pull(y, y_bar, a, b, q, r, e=None, s=None, balanced=True):
    """``A^H X + X A - X B R^-1 B^H X + Q = 0``."""
    if e is not None or s is not None:
        raise Refused("solve_continuous_are has a rule without e and s").error()
    gain = sl.solve(r, herm(b) @ y)  # K = R^-1 B^H X
    closed = a - b @ gain
    # (A - B K)^H dX + dX (A - B K) = -dQ - dA^H X - X dA + …
    q_bar = -sl.solve_continuous_lyapunov(closed, (y_bar + herm(y_bar)) / 2)
    twice = y @ (q_bar + herm(q_bar))
    return twice, -twice @ herm(gain), q_bar, gain @ q_bar @ herm(gain)


# ---- what is refused -----------------------------------------------------------------------------------------------

refuse(sl.rsf2csf, sl.qz, sl.ordqz, sl.cossin,
       reason="this factorisation has no rule: its factors are fixed by the algorithm rather than by the matrix; "
              "differentiate eig, lu, qr or solve instead")


@substitute(sl.funm, cite="Higham 2008, theorem 3.11", convention="refuses repeated eigenvalues")
def funm(A, func, disp=True):
    """``V f(w) V^-1``, where the eigenvalues differ."""
    a = np.asarray(A)
    given = below(sl.funm, a, func, disp)
    w, v = np.linalg.eig(a)
    found = (v * func(w)) @ np.linalg.inv(v)
    result = given if disp else given[0]
    found = np.real(found) if np.isrealobj(result) else found
    result = verified(result, found, "funm")
    return result if disp else (result, given[1])
