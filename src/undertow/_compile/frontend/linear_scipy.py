"""Plain programs that stand for functions of ``scipy.linalg``, by their names: SciPy is not imported for them.

What they do not know they leave to SciPy: warnings for matrices that are almost singular, options that write to
arguments, numbers that are not finite.
"""

from __future__ import annotations

import numpy as np

from ..routines.linear import banded_factor, banded_solved, factor, solved, spectrum_by_columns, triangular
from . import linear

__all__ = ["KEEPS_INTEGERS", "SCIPY", "hidden", "shown"]

KEEPS_INTEGERS = frozenset(("toeplitz", "circulant", "hankel"))

_SMALL = 16  # extents up to which loops are faster than a call


def hidden(x):
    """An array that the program cannot look into: it stands for something else."""
    raise NotImplementedError


def shown(x):
    """The inverse of `hidden`."""
    raise NotImplementedError


def _plain(check_finite, *arrays):
    if check_finite:
        for a in arrays:
            if not np.all(np.isfinite(a)):
                raise ValueError


def _refuse(*options):
    for option in options:
        if option:
            raise NotImplementedError


def solve(a, b, lower=False, overwrite_a=False, overwrite_b=False, check_finite=True, assume_a=None, transposed=False):
    _refuse(overwrite_a, overwrite_b)
    _plain(check_finite, a, b)
    if assume_a in ("pos", "positive definite"):
        return cho_solve(cho_factor(a, lower), b)
    if assume_a not in (None, "gen", "general"):
        raise NotImplementedError
    m = a.T if transposed else a
    if b.ndim == 1:
        return linear._solve_matrix(m, b[:, None], True)[:, 0]
    return linear._solve_matrix(m, b, True)


def inv(a, overwrite_a=False, check_finite=True):
    _refuse(overwrite_a)
    _plain(check_finite, a)
    return linear._solve_matrix(a, np.eye(a.shape[0], dtype=a.dtype), True)


def det(a, overwrite_a=False, check_finite=True):
    _refuse(overwrite_a)
    _plain(check_finite, a)
    return linear.det(a)


def cholesky(a, lower=False, overwrite_a=False, check_finite=True):
    _refuse(overwrite_a)
    _plain(check_finite, a)
    return linear._lower_factor(a) if lower else linear._lower_factor(a.T).T


def cho_factor(a, lower=False, overwrite_a=False, check_finite=True):
    _refuse(overwrite_a)
    _plain(check_finite, a)
    c = np.array(a)
    low = linear._lower_factor(a if lower else a.T)
    for i in range(a.shape[0]):
        for j in range(i + 1):
            if lower:
                c[i, j] = low[i, j]
            else:
                c[j, i] = low[i, j]
    return c, lower


def cho_solve(c_and_lower, b, overwrite_b=False, check_finite=True):
    _refuse(overwrite_b)
    c, lower = c_and_lower
    _plain(check_finite, c, b)
    rows = b[None, :] if b.ndim == 1 else b.T
    if lower:
        x = _triangle_rows(c, _triangle_rows(c, rows, False, False, False), False, True, False)
    else:
        x = _triangle_rows(c, _triangle_rows(c, rows, True, True, False), True, False, False)
    return x[0] if b.ndim == 1 else x.T


def _triangle_rows(a, rows, upper, transposed, unit):
    """Solutions for the right-hand sides that are the rows of an array."""
    n = a.shape[0]
    if n != a.shape[1] or n != rows.shape[1]:
        raise ValueError
    for i in range(n):
        if not unit:
            if a[i, i] == 0.0:
                raise np.linalg.LinAlgError
    x = np.array(rows)
    if n <= _SMALL:
        down = upper == transposed
        for r in range(x.shape[0]):
            for k in range(n):
                i = k if down else n - 1 - k
                total = x[r, i]
                for m in range(k):
                    j = m if down else n - 1 - m
                    total -= (a[j, i] if transposed else a[i, j]) * x[r, j]
                x[r, i] = total if unit else total / a[i, i]
    else:
        x[:, :] = triangular(a, rows, upper=upper, transposed=transposed, unit=unit)
    return x


def solve_triangular(a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=True):
    _refuse(overwrite_b)
    _plain(check_finite, a, b)
    transposed = trans in (1, 2, "T", "C")
    rows = b[None, :] if b.ndim == 1 else b.T
    x = _triangle_rows(a, rows, not lower, transposed, bool(unit_diagonal))
    return x[0] if b.ndim == 1 else x.T


def lu_factor(a, overwrite_a=False, check_finite=True):
    _refuse(overwrite_a)
    _plain(check_finite, a)
    linear._square(a)
    lu, piv, info = factor(a)
    if info[0] != 0:
        raise np.linalg.LinAlgError
    return hidden(lu), hidden(piv)


def lu_solve(lu_and_piv, b, trans=0, overwrite_b=False, check_finite=True):
    _refuse(overwrite_b)
    _plain(check_finite, b)
    lu, piv = lu_and_piv
    rows = b[None, :] if b.ndim == 1 else b.T
    x, _ = solved(shown(lu), shown(piv), rows, transposed=trans in (1, 2))
    return x[0] if b.ndim == 1 else x.T


def solve_banded(l_and_u, ab, b, overwrite_ab=False, overwrite_b=False, check_finite=True):
    _refuse(overwrite_ab, overwrite_b)
    _plain(check_finite, ab, b)
    l, u = l_and_u
    n = ab.shape[1]
    if ab.shape[0] != l + u + 1:
        raise ValueError
    w = np.zeros((n, 2 * l + u + 1), dtype=ab.dtype)
    w[:, l:] = ab.T
    f, piv, info = banded_factor(w, l, u)
    if info[0] != 0:
        raise np.linalg.LinAlgError
    rows = b[None, :] if b.ndim == 1 else b.T
    x, _ = banded_solved(f, piv, l, u, rows, transposed=False)
    return x[0] if b.ndim == 1 else x.T


def eigh(a, b=None, lower=True, eigvals_only=False, overwrite_a=False, overwrite_b=False, type=1, check_finite=True,
         subset_by_index=None, subset_by_value=None, driver=None):
    _refuse(overwrite_a)
    if b is not None or subset_by_index is not None or subset_by_value is not None:
        raise NotImplementedError
    _plain(check_finite, a)
    if eigvals_only:
        return linear.eigh(a, "L" if lower else "U")[0]
    if driver not in (None, "evr"):
        raise NotImplementedError
    linear._square(a)
    w, z, _, _, _, _, _, info = spectrum_by_columns(a.T, lower=lower)
    if info[0] != 0:
        raise np.linalg.LinAlgError
    linear._apart(w)
    return w, z.T


def eigvalsh(a, b=None, lower=True, overwrite_a=False, overwrite_b=False, type=1, check_finite=True):
    return eigh(a, b, lower, True, overwrite_a, overwrite_b, type, check_finite)


def svd(a, full_matrices=True, compute_uv=True, overwrite_a=False, check_finite=True, lapack_driver="gesdd"):
    _refuse(overwrite_a)
    _plain(check_finite, a)
    if not compute_uv:
        return linear.svd(a, True, False)
    u, s, vt = linear.svd(a, full_matrices, True)
    return u, s, vt


def svdvals(a, overwrite_a=False, check_finite=True):
    _refuse(overwrite_a)
    _plain(check_finite, a)
    return linear.svd(a, True, False)


def qr(a, overwrite_a=False, lwork=None, mode="full", pivoting=False, check_finite=True):
    _refuse(overwrite_a, pivoting)
    _plain(check_finite, a)
    if mode == "full":
        linear._square(a)
    if mode not in ("full", "economic"):
        raise NotImplementedError
    q, r = linear.qr(a)
    return q, r


def pinv(a, atol=None, rtol=None, return_rank=False, check_finite=True):
    _refuse(return_rank)
    if atol is not None or rtol is not None:
        raise NotImplementedError
    _plain(check_finite, a)
    return linear.pinv(a)


_PADE = (64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0,
         10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0)


def expm(A):
    """Scaling and squaring with the approximant of order 13 (Higham 2005)."""
    linear._square(A)
    n = A.shape[0]
    size = np.max(np.sum(np.abs(A), axis=0))
    if not np.isfinite(size):
        raise ValueError
    halvings = 0
    while size > 5.371920351148152:
        size = 0.5 * size
        halvings += 1
    a = A * 0.5 ** halvings
    eye = np.eye(n)
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    c = _PADE
    odd = a @ (a6 @ (c[13] * a6 + c[11] * a4 + c[9] * a2) + c[7] * a6 + c[5] * a4 + c[3] * a2 + c[1] * eye)
    even = a6 @ (c[12] * a6 + c[10] * a4 + c[8] * a2) + c[6] * a6 + c[4] * a4 + c[2] * a2 + c[0] * eye
    out = linear._solve_matrix(even - odd, even + odd)
    for _ in range(halvings):
        out = out @ out
    return out


def toeplitz(c, r=None):
    row = c if r is None else r
    out = np.zeros((len(c), len(row)), dtype=c.dtype)
    for i in range(len(c)):
        for j in range(len(row)):
            out[i, j] = c[i - j] if i >= j else row[j - i]
    return out


def circulant(c):
    n = len(c)
    out = np.zeros((n, n), dtype=c.dtype)
    for i in range(n):
        for j in range(n):
            out[i, j] = c[i - j] if i >= j else c[i - j + n]
    return out


def hankel(c, r=None):
    m = len(c)
    n = m if r is None else len(r)
    out = np.zeros((m, n), dtype=c.dtype)
    for i in range(m):
        for j in range(n):
            if i + j < m:
                out[i, j] = c[i + j]
            elif r is not None:
                out[i, j] = r[i + j - m + 1]
    return out


def block_diag(*arrs):
    rows = 0
    columns = 0
    for a in arrs:
        rows += a.shape[0]
        columns += a.shape[1]
    out = np.zeros((rows, columns))
    rows = 0
    columns = 0
    for a in arrs:
        out[rows:rows + a.shape[0], columns:columns + a.shape[1]] = a
        rows += a.shape[0]
        columns += a.shape[1]
    return out


def lstsq(a, b, cond=None, overwrite_a=False, overwrite_b=False, check_finite=True, lapack_driver=None):
    _refuse(overwrite_a, overwrite_b)
    if cond is not None:
        raise NotImplementedError
    _plain(check_finite, a, b)
    if a.shape[0] != b.shape[0]:
        raise ValueError
    rows = b[:, None] if b.ndim == 1 else b
    x = linear._least_squares(a, rows)
    rest = np.sum((rows - a @ x) ** 2, axis=0)
    s = linear.singular(a)[1]
    if b.ndim == 1:
        return x[:, 0], rest[0], a.shape[1], s
    return x, rest, a.shape[1], s


def norm(a, ord=None, axis=None, keepdims=False, check_finite=True):
    _plain(check_finite, a)
    return np.linalg.norm(a, ord, axis, keepdims)


def solve_toeplitz(c_or_cr, b, check_finite=True):
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, c_or_cr)
    _plain(check_finite, c, r, b)
    return linear.solve(toeplitz(c, r), b)


SCIPY = {
    "hankel": (hankel, ((1,), (1,))), "block_diag": (block_diag, ((2,),) * 9), "lstsq": (lstsq, ((2,), (1, 2))),
    "norm": (norm, ((1, 2),)), "solve_toeplitz": (solve_toeplitz, ()),
    "solve": (solve, ((2,), (1, 2))), "inv": (inv, ((2,),)), "det": (det, ((2,),)), "cholesky": (cholesky, ((2,),)),
    "cho_factor": (cho_factor, ((2,),)), "cho_solve": (cho_solve, ()), "lu_factor": (lu_factor, ((2,),)),
    "lu_solve": (lu_solve, ()), "solve_triangular": (solve_triangular, ((2,), (1, 2))),
    "solve_banded": (solve_banded, ()), "eigh": (eigh, ((2,),)), "eigvalsh": (eigvalsh, ((2,),)), "svd": (svd, ((2,),)),
    "svdvals": (svdvals, ((2,),)), "qr": (qr, ((2,),)), "pinv": (pinv, ((2,),)), "expm": (expm, ((2,),)),
    "toeplitz": (toeplitz, ((1,), (1,))), "circulant": (circulant, ((1,),)),
}
