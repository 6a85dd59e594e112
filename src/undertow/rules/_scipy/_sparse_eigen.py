"""Rules of the eigenvalue and singular value solvers of ``scipy.sparse.linalg``: simple eigenvalues and their vectors.

The solver runs one level down.  An eigenpair of ``A v = w M v`` moves as the bordered system says,

    (A - w M) dv - dw M v = -(dA - w dM) v,    v^H M dv = -(v^H dM v) / 2,

which is regular where the eigenvalue is simple (Magnus 1985, theorems 1 and 2; Andrew, Chu and Lancaster 1993).  For a
Hermitian problem ``dw = v^H (dA - w dM) v`` needs no system.  Vectors that are determined up to a phase alone are
refused where the phase matters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sl

from .._callables import active, attach, below, constant, refused, unknown
from .._registry import Refused, pullback, pushforward, substitute, zero_derivative
from ..samples import Sample
from ._sparse_solvers import Method, entries, inverse_times

CITE = "Magnus 1985, theorem 1; Andrew, Chu and Lancaster 1993"


def up_to_phase(v: Any) -> Any:
    """Vectors whose phases are arbitrary."""
    return np.array(v)


@pullback(up_to_phase, samples=[Sample((np.ones((3, 2)),))], convention="refuses losses that depend on the phase")
def _up_to_phase_pull(y, y_bar, v):
    turn = np.imag(np.sum(np.conj(v) * y_bar, axis=0))
    if np.any(np.abs(turn) > 1e-8 * np.linalg.norm(y_bar)):
        raise Refused("the result depends on the phase of a complex eigenvector, which is arbitrary").error()
    return y_bar


@pushforward(up_to_phase)
def _up_to_phase_push(y, tangents, v):
    """Here it is not known whether the phase matters: the tangent of complex vectors is not a number."""
    return np.nan * tangents[0] if np.iscomplexobj(v) else tangents[0]


def told_apart(w: Any) -> Any:
    """Eigenvalues: repeated ones have a derivative together, not each."""
    return np.array(w)


def equal_pairs(w: Any) -> Any:
    """Which eigenvalues are equal to which others."""
    close = np.abs(w[:, None] - w) <= 1e-9 * np.max(np.abs(w), initial=1e-300)
    return close & ~np.eye(len(w), dtype=bool)


zero_derivative(equal_pairs)


@pullback(told_apart, samples=[Sample((np.array([1.0, 2.0, 4.0]),))],
          convention="refuses losses that weigh repeated eigenvalues differently")
def _told_apart_pull(y, y_bar, w):
    if np.any(equal_pairs(w) & (np.abs(y_bar[:, None] - y_bar) > 1e-9 * np.max(np.abs(y_bar)))):
        raise Refused("eigenvalues are repeated, and the result weighs them differently").error()
    return y_bar


@pushforward(told_apart)
def _told_apart_push(y, tangents, w):
    return np.where(np.any(equal_pairs(w), axis=1), np.nan, 1.0) * tangents[0]


def times(A: Any, x: Any) -> Any:
    """``A @ x`` for anything the solvers take; the identity for None."""
    if A is None:
        return x
    return A @ x if sp.issparse(A) or isinstance(A, np.ndarray) else sl.aslinearoperator(A).matmat(x)


def written_out(A: Any, n: int) -> Any:
    """`A` as a sparse matrix."""
    if A is None:
        return sp.eye_array(n, format="csc")
    return sp.csc_array(entries(A))


def bordered(A: Any, M: Any, w: Any, v: Any) -> Any:
    """The matrix of the system for one eigenpair."""
    n = len(v)
    mass = written_out(M, n)
    column = np.reshape(mass @ v, (n, 1))
    corner = [[written_out(A, n) - w * mass, -column], [np.conj(column).T, np.zeros((1, 1))]]
    return full_pattern(corner)


def full_pattern(blocks: Any) -> Any:
    """A block matrix by columns in which the dense blocks keep their zeros."""
    parts = [[b if sp.issparse(b) else _stored(b) for b in row] for row in blocks]
    return sp.csc_array(sp.block_array(parts, format="csc"))


def _stored(b: Any) -> Any:
    rows, columns = np.indices(b.shape)
    return sp.coo_array((np.ravel(b), (np.ravel(rows), np.ravel(columns))), shape=b.shape)


def moved(matrix: Any, right: Any) -> Any:
    """The solution of a bordered system with a constant matrix."""
    matrix.sum_duplicates()
    return inverse_times(Method(), matrix.indptr, matrix.indices, matrix.data, right)


def is_simple(w: Any, j: int) -> bool:
    """Whether no other eigenvalue found is equal to the one at `j`."""
    others = np.abs(np.delete(w, j) - w[j])
    return bool(np.all(others > 1e-9 * max(np.max(np.abs(w)), 1e-300)))


def hermitian_pairs(A: Any, M: Any, w: Any, v: Any, vectors: bool, what: str) -> tuple:
    """Eigenvalues and vectors of a Hermitian problem, found one level down, with their derivatives."""
    mass = times(M, v)
    miss = times(A, v) - w * mass
    if not active(miss):
        return w, v
    if np.linalg.norm(constant(miss)) > 1e-2 * np.linalg.norm(constant(times(A, v))):
        raise refused("what was returned are not eigenpairs; let it converge (tol, maxiter)", what)
    values = attach(w, np.real(np.sum(np.conj(v) * miss, axis=0)) / constant(np.real(np.sum(np.conj(v) * mass, axis=0))))
    values = told_apart(values)
    if not vectors:
        return values, v
    length = -0.5 * np.sum(np.conj(v) * mass, axis=0)
    columns = []
    for j in range(len(w)):
        if not below(is_simple, w, j):
            columns.append(unknown(v[:, j], miss[0, 0] * 1.0, "the eigenvalue is repeated, so its vectors are arbitrary"))
            continue
        right = np.concatenate([-miss[:, j], length[j:j + 1]])
        columns.append(attach(v[:, j], moved(below(bordered, A, M, w[j], v[:, j]), right)[:-1]))
    found = np.stack(columns, axis=1)
    return values, up_to_phase(found) if np.iscomplexobj(v) else found


@substitute(sl.eigsh, cite=CITE, convention="refuses the vectors of repeated eigenvalues")
def eigsh(A, k=6, M=None, sigma=None, which="LM", v0=None, ncv=None, maxiter=None, tol=0, return_eigenvectors=True,
          Minv=None, OPinv=None, mode="normal", rng=None):
    """Some eigenvalues of a Hermitian matrix."""
    if mode == "buckling":
        raise refused("mode='buckling' has no rule", "eigsh")
    rest = (sigma, which, v0, ncv, maxiter, tol)
    last = {"Minv": Minv, "OPinv": OPinv, "mode": mode, "rng": rng}
    w, v = below(sl.eigsh, A, k, M, *rest, True, **last)
    values, vectors = hermitian_pairs(A, M, w, v, return_eigenvectors, "eigsh")
    if return_eigenvectors:
        return values, vectors
    alone = below(sl.eigsh, A, k, M, *rest, False, **last)
    return attach(alone, values[below(nearest, alone, w)])


def nearest(x: Any, y: Any) -> Any:
    """Where in `y` each element of `x` is found, each place once."""
    places, free = [], list(range(len(y)))
    for value in x:
        best = min(free, key=lambda i: abs(y[i] - value))
        free.remove(best)
        places.append(best)
    return np.array(places)


@substitute(sl.lobpcg, cite=CITE, convention="refuses the vectors of repeated eigenvalues")
def lobpcg(A, X, B=None, M=None, Y=None, tol=None, maxiter=None, largest=True, verbosityLevel=0, retLambdaHistory=False,
           retResidualNormsHistory=False, restartControl=20):
    """Some eigenvalues of a Hermitian matrix; the preconditioner and the start do not matter."""
    w, v, *rest = below(sl.lobpcg, A, X, B, M, Y, tol, maxiter, largest, verbosityLevel, retLambdaHistory,
                        retResidualNormsHistory, restartControl)
    if Y is not None:
        raise refused("constraints (Y) have no rule", "lobpcg")
    return (*hermitian_pairs(A, B, w, v, True, "lobpcg"), *rest)


@substitute(sl.eigs, cite=CITE, convention="refuses repeated eigenvalues, and losses that depend on phases")
def eigs(A, k=6, M=None, sigma=None, which="LM", v0=None, ncv=None, maxiter=None, tol=0, return_eigenvectors=True,
         Minv=None, OPinv=None, OPpart=None, rng=None):
    """Some eigenvalues of any matrix."""
    rest = (sigma, which, v0, ncv, maxiter, tol)
    last = {"Minv": Minv, "OPinv": OPinv, "OPpart": OPpart, "rng": rng}
    w, v = below(sl.eigs, A, k, M, *rest, True, **last)
    miss = times(A, v) - w * times(M, v)
    if active(miss):
        if np.linalg.norm(constant(miss)) > 1e-2 * np.linalg.norm(constant(times(A, v))):
            raise refused("what was returned are not eigenpairs; let it converge (tol, maxiter)", "eigs")
        values, columns = [], []
        for j in range(len(w)):
            if not below(is_simple, w, j):
                raise refused("an eigenvalue is repeated", "eigs")
            change = moved(below(bordered, A, M, w[j], v[:, j]), np.append(-miss[:, j], 0.0))
            values.append(change[-1])
            columns.append(attach(v[:, j], change[:-1]))
        w, v = attach(w, np.stack(values)), up_to_phase(np.stack(columns, axis=1))
    if return_eigenvectors:
        return w, v
    alone = below(sl.eigs, A, k, M, *rest, False, **last)
    return attach(alone, w[below(nearest, alone, constant(w))])


def bordered_svd(A: Any, u: Any, s: Any, v: Any) -> Any:
    """The matrix of the system for one singular triple: that of the eigenpair of ``[[0, A], [A^H, 0]]``."""
    matrix = sp.csc_array(entries(A))
    m, n = matrix.shape
    left, right = np.reshape(u, (m, 1)), np.reshape(v, (n, 1))
    return full_pattern([[-s * sp.eye_array(m), matrix, -left], [matrix.conj().T, -s * sp.eye_array(n), -right],
                         [np.conj(left).T, np.conj(right).T, np.zeros((1, 1))]])


@substitute(sl.svds, cite=CITE, convention="refuses the vectors of repeated or zero singular values")
def svds(A, k=6, ncv=None, tol=0, which="LM", v0=None, maxiter=None, return_singular_vectors=True, solver="arpack",
         rng=None, options=None, *, random_state=None):
    """Some singular values and vectors."""
    rest = (k, ncv, tol, which, v0, maxiter)
    last = {"solver": solver, "options": options}
    if random_state is not None:
        last["random_state"] = random_state
    elif rng is not None:
        last["rng"] = rng
    u, s, vh = below(sl.svds, A, *rest, True, **last)
    v = np.conj(vh).T
    along, back = times(A, v), np.conj(np.conj(u).T @ A).T if sp.issparse(A) or isinstance(A, np.ndarray) else \
        sl.aslinearoperator(A).rmatmat(u)
    if active(along):
        miss, other = along - s * u, back - s * v
        values = attach(s, np.real(np.sum(np.conj(u) * miss, axis=0)))
        left, right = [], []
        for j in range(len(s) if return_singular_vectors else 0):
            if np.iscomplexobj(u) or s[j] <= 1e-10 * np.max(s) or not below(is_simple, s, j):
                anchor = miss[0, 0] * 1.0
                left.append(unknown(u[:, j], anchor, "singular vectors of complex matrices, and of repeated or zero "
                                                     "singular values, are arbitrary"))
                right.append(unknown(v[:, j], anchor, "the same"))
                continue
            right_side = np.concatenate([-miss[:, j], -other[:, j], np.zeros(1)])
            change = moved(below(bordered_svd, A, u[:, j], s[j], v[:, j]), right_side)
            left.append(attach(u[:, j], change[:len(u)]))
            right.append(attach(v[:, j], change[len(u):-1]))
        s = told_apart(values)
        if return_singular_vectors:
            u, vh = np.stack(left, axis=1), np.stack(right, axis=0)
    if return_singular_vectors is True:
        return u, s, vh
    if return_singular_vectors == "u":
        return u, s, None
    if return_singular_vectors == "vh":
        return None, s, vh
    return s
