"""Rules of ``scipy.linalg`` by way of others: the result of SciPy, with the derivative of the equations that define it.

The function runs one level down; what is recorded are the equations at its result (`_callables.attach`), or another
factorisation with the same factors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl
from scipy.linalg import _cythonized_array_utils, interpolative, lapack

from .._callables import active, attach, below, constant, refused, unknown, verified
from .._registry import Refused, pullback, pushforward, refuse, substitute, zero_derivative
from ..samples import Sample, array
from ._linalg_tools import herm, transpose, tri

# ---- Toeplitz systems ------------------------------------------------------------------------------------------------


def toeplitz_inverse(c: Any, r: Any, b: Any) -> Any:
    """``T^-1 b`` for the Toeplitz matrix with first column `c` and first row `r`."""
    return sl.solve_toeplitz((np.array(c), np.array(r)), b)


_C, _R = np.array([4.0, 1.0, 0.5, -0.3]), np.array([4.0, -0.7, 0.2, 0.4])


@pullback(toeplitz_inverse, argnums=(0, 1, 2), cite="Giles 2008, 2.3.1",
          samples=[Sample((_C, _R, array(4))), Sample((_C, _R, array(4, 2)))])
def _toeplitz_pull(y, y_bar, c, r, b, active=(True, True, True)):
    """``b_bar = T^-H y_bar``, also Toeplitz; each diagonal of ``-b_bar y^H`` goes to its number."""
    first = np.concatenate([c[:1], r[1:]])
    b_bar = toeplitz_inverse(np.conj(first), np.conj(c), y_bar)
    if not (active[0] or active[1]):
        return None, None, b_bar
    n = len(c)
    left, right = (np.reshape(v, (n, -1)) for v in (b_bar, y))
    down = np.stack([-np.sum(left[k:] * np.conj(right[:n - k])) for k in range(n)])
    up = np.stack([0.0 * down[0], *[-np.sum(left[:n - k] * np.conj(right[k:])) for k in range(1, n)]])
    return down, up, b_bar


@pushforward(toeplitz_inverse, argnums=(0, 1, 2))
def _toeplitz_push(y, tangents, c, r, b):
    c_dot, r_dot, b_dot = tangents
    right = 0.0 if b_dot is None else b_dot
    if c_dot is not None or r_dot is not None:
        c_dot = 0.0 * c if c_dot is None else c_dot
        r_dot = 0.0 * r if r_dot is None else r_dot
        right = right - sl.toeplitz(c_dot, np.concatenate([c_dot[:1], r_dot[1:]])) @ y
    return toeplitz_inverse(c, r, right)


@substitute(sl.solve_toeplitz, cite="Giles 2008, 2.3.1")
def solve_toeplitz(c_or_cr, b, check_finite=True):
    """Levinson's recursion gives the value."""
    x = below(sl.solve_toeplitz, c_or_cr, b, check_finite)
    if isinstance(c_or_cr, tuple):
        c, r = (np.ravel(np.asarray(v)) for v in c_or_cr)
    else:
        c = np.ravel(np.asarray(c_or_cr))
        r = np.conj(c)
    found = toeplitz_inverse(c, r, np.asarray(b))
    return verified(x, found, "solve_toeplitz")


# ---- equations --------------------------------------------------------------------------------------------------------


@substitute(sl.solve_discrete_are, cite="Kao and Hennequin 2020, section 4")
def solve_discrete_are(a, b, q, r, e=None, s=None, balanced=True):
    """``X = A^H X A - A^H X B (R + B^H X B)^-1 B^H X A + Q``: the residual, and the closed loop."""
    x = below(sl.solve_discrete_are, a, b, q, r, e, s, balanced)
    if e is not None or s is not None:
        if any(map(active, (a, b, q, r, e, s))):
            raise refused("e and s have no rule", "solve_discrete_are")
        return x
    gain = np.linalg.solve(r + herm(b) @ x @ b, herm(b) @ x @ a)
    miss = herm(a) @ x @ a - x - herm(a) @ x @ b @ gain + q
    if not active(miss):
        return x
    closed = below(closed_loop, a, b, gain)
    return attach(x, sl.solve_discrete_lyapunov(closed, miss))


def closed_loop(a, b, gain):
    """``(A - B K)^H``."""
    return herm(np.asarray(a) - np.asarray(b) @ gain)


# ---- factorisations -----------------------------------------------------------------------------------------------------


def signs_of(found, native):
    """Signs or phases that turn one set of rows into another."""
    along = np.sum(np.conj(found) * native, axis=-1, keepdims=True)
    return along / np.abs(along)


zero_derivative(signs_of)


@substitute(sl.rq, cite="Walter and Lehmann 2018")
def rq(a, overwrite_a=False, lwork=None, mode="full", check_finite=True):
    """By the QR factorisation of the matrix turned over; the signs are those of LAPACK."""
    a = np.asarray(a)
    result = below(sl.rq, a, False, lwork, mode, check_finite)
    if not active(a):
        return result
    m, n = a.shape
    if m > n or (mode == "full" and m != n):
        raise refused("more rows than columns, or mode='full' of a wide matrix, have no rule; use mode='economic'", "rq")
    first, second = sl.qr(herm(a[::-1]), mode="economic")
    right, q = herm(second)[::-1, ::-1], herm(first)[::-1]
    native_r, native_q = (None, None) if mode == "r" else result
    sign = signs_of(q, native_q) if mode != "r" else signs_of(transpose(right), transpose(result))
    right = right * np.conj(transpose(sign))
    return verified(result, right, "rq") if mode == "r" else (
        verified(native_r, right, "rq"), verified(native_q, q * sign, "rq"))


@substitute(sl.qr_multiply, cite="Walter and Lehmann 2018")
def qr_multiply(a, c, mode="right", pivoting=False, conjugate=False, overwrite_a=False, overwrite_c=False):
    """The factor is formed where the derivative is followed."""
    a, c = np.asarray(a), np.asarray(c)
    result = below(sl.qr_multiply, a, c, mode, pivoting, conjugate)
    if not (active(a) or active(c)):
        return result
    q, r, *_rest = sl.qr(a, mode="economic", pivoting=pivoting)
    q = np.conj(q) if conjugate else q
    if mode == "left":
        product = q @ c[:q.shape[1]]
    else:
        product = c @ q
    return (verified(result[0], np.reshape(product, result[0].shape), "qr_multiply"),
            verified(result[1], r, "qr_multiply"), *result[2:])


@substitute(sl.matrix_balance, convention="the scaling is constant")
def matrix_balance(A, permute=True, scale=True, separate=False, overwrite_a=False):
    """``B = T^-1 A T`` with powers of two."""
    balanced, how = below(sl.matrix_balance, A, permute, scale, separate, False)
    change = below(balancing, A, permute, scale)
    found = np.linalg.solve(change, np.asarray(A) @ change)
    return verified(balanced, found, "matrix_balance"), how


def balancing(A, permute, scale):
    """The transformation."""
    return sl.matrix_balance(A, permute, scale)[1]


@substitute(sl.schur, cite="Kao and Hennequin 2020; Golub and Van Loan 2013, section 7.6",
            convention="refuses complex and repeated eigenvalues, and sort=")
def schur(a, output="real", lwork=None, overwrite_a=False, sort=None, check_finite=True):
    """``A = Z T Z^H`` with a triangular factor: the part below the diagonal says how the vectors turn."""
    result = below(sl.schur, a, output, lwork, False, sort, check_finite)
    a = np.asarray(a)
    if not active(a):
        return result
    t, z = result[0], result[1]
    if sort is not None:
        raise refused("sort= has no rule", "schur")
    if np.iscomplexobj(t) or below(blocked, t):
        anchor = np.real(np.sum(a * np.conj(a)))
        reason = "Schur vectors of complex eigenvalues are determined up to phases or rotations; use eig"
        return unknown(t, anchor, reason), unknown(z, anchor, reason)
    inside = transpose(z) @ a @ z
    turn = np.reshape(below(turning, t) @ np.ravel(inside), inside.shape)
    moved_t = inside + t @ turn - turn @ t
    return attach(t, tri(moved_t, False)), attach(z, z @ turn)


def blocked(t):
    """Whether a real triangular factor has blocks of complex pairs, or equal eigenvalues."""
    d = np.diagonal(t)
    apart = np.abs(d[:, None] - d) + np.eye(len(d)) * np.inf if len(d) > 1 else np.ones(1)
    return bool(np.any(np.diagonal(t, -1) != 0) or np.min(apart) < 1e-10 * max(np.max(np.abs(d)), 1e-300))


def turning(t, below_diagonal=0):
    """The linear map from ``Z^T dA Z`` to the skew `W` for which ``Z^T dA Z + T W - W T`` keeps the zeros of `T`.

    `T` is upper triangular, or with `below_diagonal` 1 upper Hessenberg, whose first vector does not turn.
    """
    n, first = len(t), below_diagonal
    zeros = [(i, j) for j in range(n) for i in range(n - 1, j + first, -1)]
    turns = [(i, j) for j in range(first, n) for i in range(n - 1, j, -1)]
    full = np.zeros((n * n, n * n))
    if not zeros:
        return full
    columns = []
    for i, j in turns:
        skew = np.zeros((n, n))
        skew[i, j], skew[j, i] = 1.0, -1.0
        columns.append((skew, t @ skew - skew @ t))
    rows = tuple(np.array(zeros).T)
    inverse = -np.linalg.inv(np.stack([c[rows] for _, c in columns], axis=1))
    full[:, rows[0] * n + rows[1]] = np.stack([np.ravel(s) for s, _ in columns], axis=1) @ inverse
    return full


@substitute(sl.hessenberg, cite="Golub and Van Loan 2013, theorem 7.4.2", convention="refuses complex matrices, and zeros below "
                                                                                  "the diagonal")
def hessenberg(a, calc_q=False, overwrite_a=False, check_finite=True):
    """Determined by its first vector, which is fixed, as long as nothing below the diagonal is zero."""
    result = below(sl.hessenberg, a, calc_q, False, check_finite)
    a = np.asarray(a)
    if not active(a):
        return result
    h, q = result if calc_q else below(sl.hessenberg, a, True, False, check_finite)
    n = len(a)
    if n > 2 and (np.iscomplexobj(h) or below(reduced, h)):
        anchor = np.real(np.sum(a * np.conj(a)))
        reason = "the Hessenberg form of this matrix is not unique"
        h, q = unknown(h, anchor, reason), unknown(q, anchor, reason)
    else:
        inside = transpose(q) @ a @ q
        turn = np.reshape(below(turning, h, 1) @ np.ravel(inside), inside.shape)
        moved = inside + h @ turn - turn @ h
        h, q = attach(h, np.triu(moved, -1)), attach(q, q @ turn)
    return (h, q) if calc_q else h


def reduced(h):
    """Whether a number below the diagonal is zero."""
    d = np.abs(np.diagonal(h, -1))
    return bool(np.any(d[:-1] <= 1e-12 * np.max(np.abs(h)))) if len(d) > 1 else False


@substitute(sl.signm, cite="Higham 2008, theorem 5.3")
def signm(A):
    """``N dS + dS N = dA - S dA S`` with ``N = S A``."""
    a = np.asarray(A)
    sign = below(sl.signm, a)
    right = a - sign @ a @ sign
    if not active(right):
        return sign
    stretch = sign @ constant(a)
    return attach(sign, sl.solve_sylvester(stretch, stretch, right))


def _updates(native: Any, change: Any) -> None:
    """Register an update of a QR factorisation: the factorisation of the changed matrix, with the same signs."""

    @substitute(native, cite="Walter and Lehmann 2018")
    def program(Q, R, *args, **kwargs):
        q0, r0 = result = below(native, Q, R, *args, **kwargs)
        if not any(map(active, (Q, R, *args))):
            return result
        matrix = change(np.asarray(Q) @ np.asarray(R), *args, **kwargs)
        m, n = matrix.shape
        if m < n or q0.shape[1] != n and m != q0.shape[1]:
            raise refused("factors of this shape have no rule; factor the new matrix", native.__name__)
        q, r = sl.qr(matrix, mode="economic" if q0.shape[1] == n else "full")
        k = min(m, n)
        sign = signs_of(r[:k], r0[:k])
        sign = np.concatenate([sign[:, 0], np.ones(q.shape[1] - k)])
        if q.shape[1] > k:
            return unknown(q0, np.sum(q), "the complement of the columns is arbitrary"), verified(
                r0, r * sign[:, None], native.__name__)
        return verified(q0, q * sign, native.__name__), verified(r0, r * sign[:, None], native.__name__)


def _inserted(a, u, k, which="row", *rest, **kwargs):
    u = np.asarray(u)
    for i in range(1 if u.ndim == 1 else u.shape[0 if which == "row" else 1]):
        one = u if u.ndim == 1 else u[i] if which == "row" else u[:, i]
        place = int(k) + i
        if which == "row":
            a = np.concatenate([a[:place], one[None], a[place:]])
        else:
            a = np.concatenate([a[:, :place], one[:, None], a[:, place:]], axis=1)
    return a


def _deleted(a, k, p=1, which="row", *rest, **kwargs):
    keep = np.delete(np.arange(a.shape[0 if which == "row" else 1]), np.arange(int(k), int(k) + int(p)))
    return a[keep] if which == "row" else a[:, keep]


_updates(sl.qr_insert, _inserted)
_updates(sl.qr_delete, _deleted)
_updates(sl.qr_update, lambda a, u, v, *rest, **kwargs: a + (
    np.outer(u, np.conj(v)) if np.ndim(u) == 1 else np.asarray(u) @ herm(np.asarray(v))))


@substitute(sl.ldl, cite="Murray 2016, equation 9", convention="refuses pivots of order two, and exchanged rows")
def ldl(A, lower=True, hermitian=True, overwrite_a=False, check_finite=True):
    """For a positive definite matrix, from its Cholesky factor."""
    a = np.asarray(A)
    outer, d, order = result = below(sl.ldl, a, lower, hermitian, False, check_finite)
    if not active(a):
        return result
    anchor = np.real(np.sum(a * np.conj(a)))
    if below(exchanged, outer, d, order) or not hermitian and np.iscomplexobj(a):
        reason = "exchanged rows and pivots of order two have no rule; use cholesky, eigh or lu"
        return unknown(outer, anchor, reason), unknown(d, anchor, reason), order
    turned = a if lower else a[::-1, ::-1]
    factor = sl.cholesky(turned if lower else herm(turned), lower=True)
    pivots = np.diagonal(factor)
    unit, squares = factor / pivots, np.real(pivots * np.conj(pivots))
    if not lower:
        unit, squares = unit[::-1, ::-1], squares[::-1]
    return verified(outer, unit, "ldl"), verified(d, np.diag(squares), "ldl"), order


def exchanged(outer, d, order):
    """Whether a factorisation is none of a positive definite matrix in its own order."""
    return bool(np.any(order != np.arange(len(order))) or np.any(d != np.diag(np.diagonal(d))) or np.any(
        np.real(np.diagonal(d)) <= 0))


# ---- subspaces: bases that are determined up to a rotation ----------------------------------------------------------------


def up_to_rotation(q):
    """An orthonormal basis that may be any of its subspace."""
    return np.array(q)


@pullback(up_to_rotation, samples=[Sample((np.array([[1.0], [0.0]]),))],
          convention="refuses losses that depend on the choice of basis")
def _up_to_rotation_pull(y, y_bar, q):
    inner = herm(q) @ y_bar
    if np.any(np.abs(inner - herm(inner)) > 1e-8 * (np.linalg.norm(y_bar) + 1e-300)):
        raise Refused("a basis of a subspace is determined only up to a rotation, and the result depends on it: use the "
                      "projector Q @ Q.T").error()
    return y_bar


@pushforward(up_to_rotation)
def _up_to_rotation_push(y, tangents, q):
    """Here it is not known whether the choice matters: one column has none, more are not numbers."""
    return tangents[0] if q.shape[-1] <= 1 and not np.iscomplexobj(q) else np.nan * tangents[0]


@substitute(sl.null_space, cite="Golub and Pereyra 1973", convention="the rank is constant")
def null_space(A, rcond=None, *, overwrite_a=False, check_finite=True, lapack_driver="gesdd"):
    """``A N = 0`` gives ``dN = -A^+ dA N``."""
    a = np.asarray(A)
    basis = below(sl.null_space, a, rcond, check_finite=check_finite, lapack_driver=lapack_driver)
    miss = a @ basis
    return up_to_rotation(attach(basis, -below(np.linalg.pinv, a) @ miss)) if active(miss) else basis


@substitute(sl.orth, cite="Golub and Pereyra 1973", convention="the rank is constant")
def orth(A, rcond=None):
    """``dQ = (1 - Q Q^H) dA A^+ Q``."""
    a = np.asarray(A)
    basis = below(sl.orth, a, rcond)
    along = a @ (below(np.linalg.pinv, a) @ basis)
    return up_to_rotation(attach(basis, along - basis @ (herm(basis) @ along))) if active(along) else basis


# ---- properties ---------------------------------------------------------------------------------------------------------

for _name in ("bandwidth", "issymmetric", "ishermitian"):
    zero_derivative(getattr(sl, _name), getattr(_cythonized_array_utils, _name, getattr(sl, _name)))

refuse(interpolative.interp_decomp, interpolative.svd, interpolative.id_to_svd, interpolative.estimate_rank,
       interpolative.estimate_spectral_norm, interpolative.estimate_spectral_norm_diff,
       reason="randomised low-rank approximations have no rule; use svd or qr")

# ---- LAPACK wrappers ----------------------------------------------------------------------------------------------------


def positional(names: str, args: tuple, kwargs: dict) -> dict:
    """Arguments by name."""
    return {**dict(zip(names.split(), args)), **kwargs}


def with_values(result: tuple, found: dict, anchor: Any) -> tuple:
    """The outputs of a wrapper: with derivatives, or refused where they are numbers and used."""
    out = []
    for k, value in enumerate(result):
        if k in found:
            out.append(verified(value, found[k], "the LAPACK wrapper"))
        elif isinstance(value, (float, np.inexact)) or isinstance(value, np.ndarray) and value.dtype.kind in "fc":
            out.append(unknown(value, anchor, "this output of the LAPACK wrapper has no rule"))
        else:
            out.append(value)
    return tuple(out)


def whole(a: Any, lower: Any, conjugate: bool = True) -> Any:
    """The Hermitian (or symmetric) matrix of which one triangle is given."""
    strict = tri(a, bool(lower), 1)
    d = np.diagonal(a)
    return strict + (herm(strict) if conjugate else transpose(strict)) + np.diag(np.real(d) if conjugate else d)


def _lapack(p: str) -> None:
    """Wrappers whose outputs are functions of ``scipy.linalg``, for one type."""
    he, sy = ("he", "sy") if p in "cz" else ("sy", "sy")

    def register(name: str, names: str, values: Any, first: str) -> None:
        native = getattr(lapack, p + name, None)
        if native is None:
            return

        @substitute(native)
        def program(*args, **kwargs):
            given = positional(names, args, kwargs)
            result = below(native, *args, **{k: v for k, v in kwargs.items() if not k.startswith("overwrite")})
            if not any(map(active, given.values())):
                return result
            anchor = np.real(np.sum(np.asarray(given[first]) * 1.0))
            return with_values(result, values(dict(given.items())) if result[-1] == 0 else {}, anchor)

    register("potri", "c lower", lambda g: {0: potri(g["c"], g.get("lower", 0))}, "c")
    register("trtri", "c lower unitdiag", lambda g: {0: trtri(g["c"], g.get("lower", 0), g.get("unitdiag", 0))}, "c")
    register("getri", "lu piv", lambda g: {0: sl.lu_solve((g["lu"], g["piv"]), np.eye(len(g["lu"])))}, "lu")
    for name in ("ev", "evd"):
        register(he + name, "a compute_v lower", lambda g: hermitian_eigen(g), "a")
    for name in ("gesdd", "gesvd"):
        register(name, "a compute_uv full_matrices", lambda g, name=name: singular(g, name), "a")
    if p in "sd":
        register("geev", "a compute_vl compute_vr", lambda g: _parts(sl.eigvals(np.asarray(g["a"]))), "a")
    else:
        register("geev", "a compute_vl compute_vr", lambda g: {0: sl.eigvals(np.asarray(g["a"]))}, "a")
    register("ptsv", "d e b", lambda g: {2: pt_solve(g["d"], g["e"], g["b"])}, "d")
    register("pbsv", "ab b lower", lambda g: {1: sl.solveh_banded(g["ab"], g["b"], lower=bool(g.get("lower", 0)))}, "ab")
    register(sy + "sv", "a b lower", lambda g: {2: np.linalg.solve(
        whole(np.asarray(g["a"]), g.get("lower", 0), False), _columns(g["b"])).reshape(np.shape(g["b"]))}, "a")
    if p in "cz":
        register("hesv", "a b lower", lambda g: {2: np.linalg.solve(
            whole(np.asarray(g["a"]), g.get("lower", 0)), _columns(g["b"])).reshape(np.shape(g["b"]))}, "a")

    @substitute(getattr(lapack, p + "lange"))
    def lange(norm, a):
        kind = norm.decode() if isinstance(norm, bytes) else norm
        value = below(getattr(lapack, p + "lange"), norm, a)
        order = {"1": 1, "O": 1, "I": np.inf, "F": "fro", "E": "fro"}.get(kind.upper())
        a = np.asarray(a)
        found = np.max(np.abs(a)) if order is None else np.linalg.norm(a, order)
        return verified(value, found, "lange")


def _parts(w: Any) -> dict:
    return {0: np.real(w), 1: np.imag(w)}


def _columns(b: Any) -> Any:
    return np.reshape(b, (len(b), -1))


def potri(c: Any, lower: Any) -> Any:
    """One triangle of the inverse; the other holds what was there."""
    inverse = sl.cho_solve((c, bool(lower)), np.eye(len(c)))
    return tri(inverse, bool(lower)) + tri(c, not lower, 1)


def trtri(c: Any, lower: Any, unit: Any) -> Any:
    """The inverse of a triangle; the rest holds what was there."""
    inverse = sl.solve_triangular(c, np.eye(len(c)), lower=bool(lower), unit_diagonal=bool(unit))
    rest = tri(c, not lower, 0 if unit else 1)
    return tri(inverse, bool(lower), 1 if unit else 0) + rest


def pt_solve(d: Any, e: Any, b: Any) -> Any:
    """A positive definite tridiagonal system."""
    zero = np.zeros(1)
    return sl.solveh_banded(np.stack([np.concatenate([zero, e]), d]), b)


def hermitian_eigen(given: dict) -> dict:
    """Eigenvalues, and vectors if they are asked for."""
    a, lower = np.asarray(given["a"]), bool(given.get("lower", 0))
    if not given.get("compute_v", 1):
        return {0: sl.eigvalsh(a, lower=lower)}
    w, v = sl.eigh(a, lower=lower, driver="ev")
    native = constant(v)
    return {0: w, 1: v} if native is not None else {0: w}


def singular(given: dict, driver: str) -> dict:
    """Singular values, and vectors if they are asked for."""
    if not given.get("compute_uv", 1):
        return {1: sl.svdvals(np.asarray(given["a"]))}
    found = sl.svd(np.asarray(given["a"]), full_matrices=bool(given.get("full_matrices", 1)), lapack_driver=driver)
    return dict(enumerate(found))


for _p in "sdcz":
    _lapack(_p)
