"""Plain programs that stand for linear algebra of NumPy and SciPy.

Small systems are solved by loops, which the backend unrolls and vectorises; larger ones by routines of LAPACK. Which of
the two it is, the extents of a call decide, and only that is compiled. Where a program raises, compiled code is left, and
NumPy raises its own exception.
"""

from __future__ import annotations

import numpy as np

from ..routines.linear import (
    cholesky_factor,
    complex_factor,
    complex_solved,
    condition,
    determinant,
    factor,
    log_determinant,
    orthonormal,
    singular,
    solved,
    spectrum,
    triangular,
)

__all__ = ["COMPLEX", "PROGRAMS"]

_Slogdet = type(np.linalg.slogdet(np.eye(1)))
_QR = type(np.linalg.qr(np.eye(1)))
_Eigh = type(np.linalg.eigh(np.eye(1)))
_SVD = type(np.linalg.svd(np.eye(1)))
_SMALL = 48  # extents up to which loops are faster than LAPACK
_SMALL_CHOLESKY = 80
_SAME = 1e-13  # relative distance of eigenvalues or singular values that counts as none
_RANK = 1e-10  # and of a singular matrix
_RCOND = 1e-14  # reciprocal condition from which on SciPy is certain not to warn


def _square(a):
    if a.shape[0] != a.shape[1]:
        raise np.linalg.LinAlgError


# ---- systems
def _eliminate(lu, x):
    """Gaussian elimination with row exchanges, of `lu` in place and along with it of `x`; the sign of the exchanges."""
    n = lu.shape[0]
    m = x.shape[1]
    sign = 1.0
    for k in range(n):
        best = abs(lu[k, k])
        p = k
        for i in range(k + 1, n):
            if abs(lu[i, k]) > best:
                best = abs(lu[i, k])
                p = i
        if not best > 0.0:
            raise np.linalg.LinAlgError
        if p != k:
            sign = -sign
            for j in range(n):
                t = lu[k, j]
                lu[k, j] = lu[p, j]
                lu[p, j] = t
            for j in range(m):
                t = x[k, j]
                x[k, j] = x[p, j]
                x[p, j] = t
        for i in range(k + 1, n):
            factor = lu[i, k] / lu[k, k]
            for j in range(k + 1, n):
                lu[i, j] -= factor * lu[k, j]
            for j in range(m):
                x[i, j] -= factor * x[k, j]
    return sign


def _well_conditioned(triangle):
    """Leave compiled code where the diagonal of a triangle of full rank may be that of a matrix of less."""
    d = np.abs(np.diag(triangle))
    if not np.min(d) > _RANK * np.max(d):
        raise np.linalg.LinAlgError


def _solve_matrix(a, b, careful=False):
    """The solution for the columns of `b`; where `careful`, compiled code is left if the matrix is almost singular."""
    _square(a)
    x = np.array(b)
    if a.shape[0] != x.shape[0]:
        raise ValueError
    n = a.shape[0]
    if n <= _SMALL:
        lu = np.array(a)
        _eliminate(lu, x)
        if careful:
            _well_conditioned(lu)
        for i in range(n - 1, -1, -1):
            for j in range(x.shape[1]):
                total = x[i, j]
                for k in range(i + 1, n):
                    total -= lu[i, k] * x[k, j]
                x[i, j] = total / lu[i, i]
    else:
        lu, piv, info = factor(a)
        if info[0] != 0:
            raise np.linalg.LinAlgError
        if careful:
            rcond, _, _, _ = condition(lu, np.array([np.max(np.sum(np.abs(a), axis=1))]))
            if not rcond[0] > _RCOND:
                raise np.linalg.LinAlgError
        x[:, :] = solved(lu, piv, b.T, transposed=False)[0].T
    return x


def _solve_complex(a, b):
    """As `_solve_matrix`; either may be real."""
    _square(a)
    if a.shape[0] != b.shape[0]:
        raise ValueError
    lu, piv, info = complex_factor(a)
    if info[0] != 0:
        raise np.linalg.LinAlgError
    return complex_solved(lu, piv, b.T, transposed=False)[0].T


def complex_solve(a, b):
    if a.ndim == 3:
        if a.shape[0] != b.shape[0]:
            raise ValueError
        out = np.zeros((a.shape[0], a.shape[1], b.shape[2]), dtype=np.complex128)
        for k in range(a.shape[0]):
            out[k] = _solve_complex(a[k], b[k])
        return out
    if b.ndim == 1:
        return _solve_complex(a, b[:, None])[:, 0]
    return _solve_complex(a, b)


def complex_inv(a):
    if a.ndim == 3:
        out = np.zeros(a.shape, dtype=np.complex128)
        for k in range(a.shape[0]):
            out[k] = complex_inv(a[k])
        return out
    return _solve_complex(a, np.eye(a.shape[0]))


def solve(a, b):
    if a.ndim == 3:
        if b.ndim == 3:
            if a.shape[0] != b.shape[0]:
                raise ValueError
        out = np.zeros((a.shape[0], a.shape[1], b.shape[-1]), dtype=a.dtype)
        for k in range(a.shape[0]):
            out[k] = _solve_matrix(a[k], b[k] if b.ndim == 3 else b)
        return out
    if b.ndim == 3:
        raise NotImplementedError
    if b.ndim == 1:
        return _solve_matrix(a, b[:, None])[:, 0]
    return _solve_matrix(a, b)


def inv(a):
    if a.ndim == 3:
        out = np.zeros(a.shape, dtype=a.dtype)
        for k in range(a.shape[0]):
            out[k] = inv(a[k])
        return out
    return _solve_matrix(a, np.eye(a.shape[0], dtype=a.dtype))


def slogdet(a):
    if a.ndim == 3:
        signs, logs = np.zeros(a.shape[0]), np.zeros(a.shape[0])
        for k in range(a.shape[0]):
            sign, log = slogdet(a[k])
            signs[k] = sign
            logs[k] = log
        return _Slogdet(signs, logs)
    _square(a)
    sign = 1.0
    total = 0.0
    if a.shape[0] <= _SMALL:
        lu = np.array(a)
        sign = _eliminate(lu, np.zeros((a.shape[0], 0)))
        for i in range(lu.shape[0]):
            if lu[i, i] < 0.0:
                sign = -sign
            total += np.log(np.abs(lu[i, i]))
    else:
        s, d = log_determinant(a)
        if s[0] == 0.0:
            raise np.linalg.LinAlgError
        sign = 1.0 if s[0] > 0.0 else -1.0
        total += d[0]
    return _Slogdet(np.float64(sign), np.float64(total))


def det(a):
    if a.ndim == 3:
        out = np.zeros(a.shape[0])
        for k in range(a.shape[0]):
            out[k] = det(a[k])
        return out
    _square(a)
    product = np.float64(1.0)
    if a.shape[0] <= _SMALL:
        lu = np.array(a)
        product = product * _eliminate(lu, np.zeros((a.shape[0], 0)))
        for i in range(lu.shape[0]):
            product = product * lu[i, i]
    else:
        d = determinant(a)
        if d[0] == 0.0:
            raise np.linalg.LinAlgError
        product = product * d[0]
    return product


def _lower_factor(a):
    """The lower Cholesky factor of the matrix whose lower triangle `a` has."""
    _square(a)
    n = a.shape[0]
    low = np.zeros((n, n), dtype=a.dtype)
    if n <= _SMALL_CHOLESKY:
        for j in range(n):
            d = a[j, j]
            for k in range(j):
                d -= low[j, k] * low[j, k]
            if not d > 0.0:
                raise np.linalg.LinAlgError
            low[j, j] = np.sqrt(d)
            for i in range(j + 1, n):
                t = a[i, j]
                for k in range(j):
                    t -= low[i, k] * low[j, k]
                low[i, j] = t / low[j, j]
    else:
        found = cholesky_factor(a)
        if found[0, 0] != found[0, 0]:
            raise np.linalg.LinAlgError
        low[:, :] = found
    return low


def cholesky(a, *, upper=False):
    if a.ndim == 3:
        out = np.zeros(a.shape, dtype=a.dtype)
        for k in range(a.shape[0]):
            out[k] = cholesky(a[k], upper=upper)
        return out
    return _lower_factor(a.T).T if upper else _lower_factor(a)


def matrix_power(a, n):
    _square(a)
    if n < 0:
        return matrix_power(inv(a), -n)
    if n == 0:
        return np.eye(a.shape[0], dtype=a.dtype)
    out = a
    for _ in range(n - 1):
        out = out @ a
    return out


# ---- eigenvalues and singular values
def _apart(w):
    """Leave compiled code where values are not distinct: their derivatives depend on more than these."""
    apart = _SAME * np.max(np.abs(w))
    for i in range(w.shape[0]):
        if w[i] != w[i]:
            raise np.linalg.LinAlgError
        if i > 0:
            if abs(w[i] - w[i - 1]) <= apart:
                raise np.linalg.LinAlgError


def eigh(a, UPLO="L"):
    _square(a)
    w, v = spectrum(a if UPLO in "Ll" else a.T)
    _apart(w)
    return _Eigh(w, v)


def eigvalsh(a, UPLO="L"):
    if a.ndim == 3:
        return eigvalsh_of_stack(a, UPLO)
    return eigh(a, UPLO)[0]


def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    if hermitian:
        raise NotImplementedError
    if full_matrices:
        if compute_uv:
            _square(a)
    u, s, vt = singular(a)
    _apart(s)
    if s.shape[0] > 0:
        if not s[s.shape[0] - 1] > 0.0:
            raise np.linalg.LinAlgError
    if not compute_uv:
        return s
    return _SVD(u, s, vt)


def svdvals(x):
    return svd(x, True, False)


def qr(a, mode="reduced"):
    if a.shape[0] < a.shape[1]:
        raise NotImplementedError
    if mode == "complete":
        _square(a)
    q, r, _, _ = orthonormal(a)
    d = np.abs(np.diag(r))
    if not np.min(d) > _SAME * np.max(d):
        raise np.linalg.LinAlgError
    if mode == "r":
        return r
    return _QR(q, r)


def _tall_factors(a):
    """Orthonormal columns and triangle of a tall matrix that has certainly full rank."""
    if a.shape[0] < a.shape[1]:
        raise NotImplementedError
    q, r, _, _ = orthonormal(a)
    _well_conditioned(r)
    return q, r


def _least_squares(a, b):
    q, r = _tall_factors(a)
    return triangular(r, (q.T @ b).T, upper=True, transposed=False, unit=False).T


def lstsq(a, b, rcond=None):
    if rcond is not None:
        if rcond > _RANK:
            raise NotImplementedError
    if a.shape[0] != b.shape[0]:
        raise ValueError
    rows = b[:, None] if b.ndim == 1 else b
    x = _least_squares(a, rows)
    rest = np.zeros(rows.shape[1] if a.shape[0] > a.shape[1] else 0, dtype=a.dtype)
    if a.shape[0] > a.shape[1]:
        rest += np.sum((rows - a @ x) ** 2, axis=0)
    _, s, _ = singular(a)
    return (x[:, 0] if b.ndim == 1 else x), rest, a.shape[1], s


def pinv(a, rcond=None, hermitian=False):
    if hermitian:
        raise NotImplementedError
    if rcond is not None:
        if rcond > _RANK:
            raise NotImplementedError
    out = np.zeros((a.shape[1], a.shape[0]), dtype=a.dtype)
    if a.shape[0] >= a.shape[1]:
        q, r = _tall_factors(a)
        out[:, :] = triangular(r, q, upper=True, transposed=False, unit=False).T
    else:
        q, r = _tall_factors(a.T)
        out[:, :] = triangular(r, q, upper=True, transposed=False, unit=False)
    return out


def eigvalsh_of_stack(a, UPLO):
    out = np.zeros(a.shape[:2], dtype=a.dtype)
    for k in range(a.shape[0]):
        out[k] = eigh(a[k], UPLO)[0]
    return out


def cond(x, p=None):
    s = svd(x, True, False)
    if p is not None:
        if p != 2:
            raise NotImplementedError
    return s[0] / s[s.shape[0] - 1]


def matrix_norm(a, ord):
    if ord == 2:
        return np.max(svd(a, True, False))
    if ord == "nuc":
        return np.sum(svd(a, True, False))
    if ord == 1:
        return np.max(np.sum(np.abs(a), axis=0))
    if ord == np.inf:
        return np.max(np.sum(np.abs(a), axis=1))
    raise NotImplementedError


def multi_dot(arrays):
    out = arrays[0]
    for k in range(1, len(arrays)):
        out = out @ arrays[k]
    return out


# function: (stand-in, numbers of axes that its arguments may have)
_STACK = (2, 3)
PROGRAMS = {
    np.linalg.solve: (solve, (_STACK, (1, 2, 3))), np.linalg.inv: (inv, (_STACK,)), np.linalg.cond: (cond, ((2,),)),
    np.linalg.cholesky: (cholesky, (_STACK,)), np.linalg.det: (det, (_STACK,)), np.linalg.slogdet: (slogdet, (_STACK,)),
    np.linalg.matrix_power: (matrix_power, ((2,), (0,))), np.linalg.eigh: (eigh, ((2,),)),
    np.linalg.eigvalsh: (eigvalsh, (_STACK,)), np.linalg.svd: (svd, ((2,),)), np.linalg.svdvals: (svdvals, ((2,),)),
    np.linalg.qr: (qr, ((2,),)), np.linalg.lstsq: (lstsq, ((2,), (1, 2))), np.linalg.pinv: (pinv, ((2,),)),
    np.linalg.multi_dot: (multi_dot, ()),
}
# the same for complex numbers
COMPLEX = {np.linalg.solve: complex_solve, np.linalg.inv: complex_inv}
