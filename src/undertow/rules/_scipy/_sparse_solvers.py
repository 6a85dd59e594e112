"""Rules of ``scipy.sparse.linalg``: linear systems, by whatever method they are solved.

A solver runs one level down and gives `x` to the last bit.  Its derivative is that of the equation: ``A x = b`` gives
``A dx = db - dA x``, so that `x` gets the derivative of ``inverse_times(A0, b - A x0)`` with `A0` and `x0` held constant.
`A` may be sparse, dense or a `LinearOperator`; the cotangent of a sparse one has its sparsity, because the residual is a
sparse product.  (Giles 2008, 2.3.1.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sl

from .._callables import active, attach, below, constant, option, refused, unknown
from .._registry import Refused, pullback, pushforward, substitute, zero_derivative
from ..samples import Sample, array
from ._sparse_kernels import lines

CITE = "Giles 2008, 2.3.1"


def by_iteration():
    """Whether the user asks for derivatives of the iterations."""
    return not option.implicit.get()


zero_derivative(by_iteration)
LARGE = 2000  # the order up to which operators without entries are written out as matrices

# ---- the primitive ---------------------------------------------------------------------------------------------------


class Method:
    """How systems with one matrix are solved: a factorisation made once, or an iteration."""

    def __init__(self, iteration: Any = None, options: dict | None = None) -> None:
        self.iteration, self.options = iteration, options or {}
        self.made: dict[Any, Any] = {}

    def solve(self, pointers: Any, indices: Any, data: Any, b: Any, trans: str) -> Any:
        """``op(A)**-1 b`` for `A` in compressed columns."""
        n = len(pointers) - 1
        if np.iscomplexobj(b) and not np.iscomplexobj(data):
            return self.solve(pointers, indices, data, np.real(b), trans) + 1j * self.solve(
                pointers, indices, data, np.imag(b), trans)
        matrix = sp.csc_array((np.array(data, np.result_type(data, b)), indices, pointers), shape=(n, n))
        if self.iteration is not None and b.ndim == 1:
            operator = matrix if trans == "N" else matrix.T if trans == "T" else matrix.conj().T
            x, info = self.iteration(operator, np.array(b), **self.options)
            if info == 0:
                return x
        return self.factor(matrix).solve(np.array(b, dtype=np.result_type(data, b), order="F"), trans)

    def factor(self, matrix: Any) -> Any:
        """The factorisation, made once for the same numbers."""
        held = self.made.get("factor")
        if held is None or held[0].dtype != matrix.dtype or not np.array_equal(held[0], matrix.data):
            with np.errstate(all="ignore"):
                held = self.made["factor"] = (matrix.data, sl.splu(matrix))
        return held[1]

    def adjoint(self) -> Method:
        """The method for a transposed matrix: what steers an iteration may not fit it."""
        other = Method(self.iteration, {k: v for k, v in self.options.items() if k in ("rtol", "atol", "maxiter")})
        other.made = self.made
        return other


_COLUMNS = np.array([0, 2, 4, 6, 9]), np.array([0, 1, 1, 3, 2, 0, 0, 2, 3])
_NUMBERS = np.array([4.0, 1.0, 5.0, 0.7, 6.0, -0.4, 0.3, 1.1, 7.0])


def inverse_times(method: Any, pointers: Any, indices: Any, data: Any, b: Any, trans: str = "N") -> Any:
    """``op(A)**-1 b`` for `A` in compressed columns, canonical; `op` as in ``SuperLU.solve``."""
    return method.solve(pointers, indices, data, b, trans)


@pullback(inverse_times, argnums=(3, 4), cite=CITE, samples=lambda: [
    Sample((Method(), *_COLUMNS, _NUMBERS, array(4))), Sample((Method(), *_COLUMNS, _NUMBERS, array(4, 2), "T")),
    Sample((Method(), *_COLUMNS, _NUMBERS + 0.2j, array(4, dtype=complex), "H")),
    Sample((Method(sl.gmres, {"rtol": 1e-13}), *_COLUMNS, _NUMBERS, array(4)))])
def _inverse_times_pull(y, y_bar, method, pointers, indices, data, b, trans="N", active=(True, True)):
    """``b_bar = op(A)**-H y_bar``, ``A_bar = -b_bar y^H`` where `A` stores a number."""
    if trans == "T":
        b_bar = np.conj(inverse_times(method.adjoint(), pointers, indices, data, np.conj(y_bar), "N"))
    else:
        b_bar = inverse_times(method.adjoint(), pointers, indices, data, y_bar, "H" if trans == "N" else "N")
    if not active[0]:
        return None, b_bar
    columns = lines(pointers)
    if trans == "N":
        product = -b_bar[indices] * np.conj(y[columns])
    elif trans == "T":
        product = -np.conj(y[indices]) * b_bar[columns]
    else:
        product = -y[indices] * np.conj(b_bar[columns])
    return product if y.ndim == 1 else np.sum(product, axis=1), b_bar


@pushforward(inverse_times, argnums=(3, 4))
def _inverse_times_push(y, tangents, method, pointers, indices, data, b, trans="N"):
    data_dot, right = tangents
    if data_dot is not None:
        n = len(pointers) - 1
        a_dot = sp.csc_array((data_dot, indices, pointers), shape=(n, n))
        moved = (a_dot if trans == "N" else a_dot.T if trans == "T" else a_dot.conj().T) @ y
        right = -moved if right is None else right - moved
    return inverse_times(method, pointers, indices, data, right, trans)


# ---- what is solved with ----------------------------------------------------------------------------------------------


def entries(A: Any) -> Any:
    """`A` as a canonical matrix by columns, or as a dense array."""
    if sp.issparse(A):
        A = A.tocsc(copy=True)
        A.sum_duplicates()
        return A
    if isinstance(A, np.ndarray):
        return np.asarray(A)
    operator = sl.aslinearoperator(A)
    if max(operator.shape) > LARGE:
        raise Refused(f"derivatives of solutions with a LinearOperator of order above {LARGE} are not taken: pass the "
                      "matrix, or a smaller operator").error()
    return np.stack([operator.matvec(e) for e in np.eye(operator.shape[1])], axis=1)  # as solvers call it


def times_inverse(A: Any, r: Any, method: Any = None) -> Any:
    """``A0**-1 r`` with `A` held constant on this level."""
    matrix = below(entries, A)
    if sp.issparse(matrix):
        return inverse_times(method or Method(), matrix.indptr, matrix.indices, matrix.data, r)
    return np.linalg.solve(matrix, r)


def followed(A: Any, x: Any, b: Any, method: Any, what: str, tolerance: float = 1e-2) -> Any:
    """`x`, found one level down, with the derivative that ``A x = b`` gives it."""
    r = b - A @ x
    if not active(r):
        return x
    miss, size = np.linalg.norm(constant(r)), np.linalg.norm(constant(b))
    if miss > tolerance * size:
        raise refused("what was returned does not solve the system; let it converge (rtol, maxiter)", what)
    if miss > 1e-9 * size:  # where the solver stopped early, the derivative is taken at the solution
        x0 = x + constant(times_inverse(A, constant(r), method))
        r = b - A @ x0
    return attach(x, times_inverse(A, r, method))


def _dense(b: Any) -> Any:
    return b.toarray() if sp.issparse(b) else np.asarray(b)


def solved_into(x: Any, A: Any, b: Any, method: Any, what: str) -> Any:
    """The solution of any form of a direct solver: vector, columns, or sparse columns."""
    right = _dense(b)
    if sp.issparse(x):
        full = followed(A, x.toarray(), right, method, what)
        coordinates = x.tocoo()
        found = sp.coo_array((full[coordinates.coords], coordinates.coords), shape=x.shape)
        return type(x)(found.asformat(x.format))
    return followed(A, x, np.reshape(right, x.shape), method, what)


# ---- direct solvers ----------------------------------------------------------------------------------------------------


@substitute(sl.spsolve, cite=CITE)
def spsolve(A, b, permc_spec=None, use_umfpack=True):
    """Any combination of sparse and dense right-hand sides."""
    if sp.issparse(A) and A.format in ("csc", "csr"):
        A.sum_duplicates()
    x = below(sl.spsolve, A, b, permc_spec, use_umfpack)
    return solved_into(x, A, b, Method(), "spsolve")


@substitute(sl.spsolve_triangular, cite=CITE)
def spsolve_triangular(A, b, lower=True, overwrite_A=False, overwrite_b=False, unit_diagonal=False):
    """Only the triangle is read."""
    x = below(sl.spsolve_triangular, A, b, lower, False, False, unit_diagonal)
    triangle = sp.tril(A, -1 if unit_diagonal else 0) if lower else sp.triu(A, 1 if unit_diagonal else 0)
    triangle = triangle.tocsc()
    if unit_diagonal:
        triangle = triangle + sp.eye_array(A.shape[0], format="csc")
    x = followed(triangle, x, np.reshape(np.asarray(b), x.shape), Method(), "spsolve_triangular")
    if overwrite_b and isinstance(b, np.ndarray) and b.dtype == x.dtype:
        b[...] = x
        return b
    return x


def solve_with(made, rhs, trans):
    """Solve with a factorisation, or with what stands for one on a lower level."""
    return made.solve(rhs, trans)


class Factorisation:
    """Stands for a `SuperLU` whose matrix is active."""

    def __init__(self, made, matrix):
        self.made, self.matrix, self.method = made, matrix, Method()
        self.shape, self.nnz, self.perm_r, self.perm_c = made.shape, made.nnz, made.perm_r, made.perm_c

    def solve(self, rhs, trans="N"):
        """``op(A)**-1 rhs``."""
        A = self.matrix if trans == "N" else self.matrix.T if trans == "T" else self.matrix.conj().T
        x = below(solve_with, self.made, rhs, trans)
        return followed(A, x, rhs, None, "SuperLU.solve")

    @property
    def L(self):
        """The unit lower triangular factor."""
        return self.factors()[0]

    @property
    def U(self):
        """The upper triangular factor."""
        return self.factors()[1]

    def factors(self):
        """``Pr A Pc = L U``, by a dense factorisation whose pivots are those found."""
        n = self.shape[0]
        if n > LARGE:
            raise refused(f"the factors of a matrix of order above {LARGE} have no derivative rule; solve() has", "splu")
        rows, columns = np.argsort(self.perm_r), np.argsort(self.perm_c)
        dense = self.matrix.toarray()[rows][:, columns]
        lower, upper = lu_of(dense)
        held_l, held_u = self.made.L.tocoo(), self.made.U.tocoo()
        return (sp.csc_array((lower[held_l.coords], held_l.coords), shape=(n, n)),
                sp.csc_array((upper[held_u.coords], held_u.coords), shape=(n, n)))


def lu_of(a):
    """``L U = A`` without exchanging rows."""
    lower, upper = np.eye(len(a)), np.array(a)
    for k in range(len(a) - 1):
        factor = upper[k + 1:, k] / upper[k, k]
        lower[k + 1:, k] = factor
        upper[k + 1:, k:] -= np.outer(factor, upper[k, k:])
    return lower, upper


@pullback(lu_of, cite="de Hoog, Anderssen and Lukas 2011", samples=[
    Sample((np.array([[4.0, 1.0, 0.3], [0.5, 5.0, -0.7], [1.2, 0.4, 6.0]]),))])
def _lu_of_pull(y, y_bar, a):
    """``L^-H (tril(L^H L_bar, -1) + triu(U_bar U^H)) U^-H``."""
    (lower, upper), (lower_bar, upper_bar) = y, y_bar
    middle = np.zeros_like(upper)
    if lower_bar is not None:
        middle = middle + np.tril(np.conj(lower.T) @ lower_bar, -1)
    if upper_bar is not None:
        middle = middle + np.triu(upper_bar @ np.conj(upper.T))
    left = np.linalg.solve(np.conj(lower.T), middle)
    return np.conj(np.linalg.solve(upper, np.conj(left.T)).T)


SuperLU = sl.SuperLU


@pullback(SuperLU.solve, argnums=(1,), cite=CITE, samples=lambda: [
    Sample((sl.splu(sp.csc_array((_NUMBERS, _COLUMNS[1], _COLUMNS[0]), shape=(4, 4))), array(4))),
    Sample((sl.splu(sp.csc_array((_NUMBERS, _COLUMNS[1], _COLUMNS[0]), shape=(4, 4))), array(4, 2), "T"))])
def _superlu_solve(y, y_bar, self, rhs, trans="N"):
    """The transposed system; the factorisation is constant."""
    if trans == "T":
        return np.conj(self.solve(np.conj(y_bar)))
    return self.solve(y_bar, "H" if trans == "N" else "N")


@substitute(sl.splu, cite=CITE)
def splu(A, permc_spec=None, diag_pivot_thresh=None, relax=None, panel_size=None, options=None):
    """The factorisation, and an object like it whose solutions follow the matrix."""
    made = below(sl.splu, A, permc_spec, diag_pivot_thresh, relax, panel_size, dict(options or {}))
    if not (sp.issparse(A) and active(A.tocsc().data)):
        return made
    matrix = A.tocsc()
    return Factorisation(made, matrix)


class Incomplete:
    """Stands for an incomplete factorisation of an active matrix: good for preconditioning."""

    def __init__(self, made, anchor):
        self.made, self.anchor = made, anchor
        self.shape, self.nnz, self.perm_r, self.perm_c = made.shape, made.nnz, made.perm_r, made.perm_c

    def solve(self, rhs, trans="N"):
        """An approximate solution, which has no derivative rule."""
        x = below(solve_with, self.made, rhs, trans)
        return unknown(x, np.sum(self.anchor) + 0 * np.sum(rhs), "an incomplete factorisation solves approximately")


@substitute(sl.spilu)
def spilu(A, drop_tol=None, fill_factor=None, drop_rule=None, permc_spec=None, diag_pivot_thresh=None, relax=None,
          panel_size=None, options=None):
    """A preconditioner: it does not change what a solver converges to."""
    made = below(sl.spilu, A, drop_tol, fill_factor, drop_rule, permc_spec, diag_pivot_thresh, relax, panel_size, options)
    if not (sp.issparse(A) and active(A.tocsc().data)):
        return made
    return Incomplete(made, A.tocsc().data)


# ---- iterative solvers ---------------------------------------------------------------------------------------------------


def _iterative(native: Any, takes_tolerance: bool = True) -> None:
    @substitute(native, cite="implicit function theorem: " + CITE)
    def program(A, b, *args, **kwargs):
        if by_iteration():
            raise Refused("the iterations of sparse solvers are not followed; use the implicit derivative").error()
        x, info = below(native, A, b, *args, **kwargs)
        shift = kwargs.get("shift", 0.0)
        operator = sl.aslinearoperator(A) if not (sp.issparse(A) or isinstance(A, np.ndarray)) else A
        right = np.reshape(np.asarray(b), x.shape)
        if shift:
            operator = operator - shift * sp.eye_array(x.size)
        tight = {"rtol": 1e-12, "maxiter": 20 * max(x.size, 10)} if takes_tolerance else {}
        method = Method(native, tight) if x.size > 5000 else Method()
        return followed(operator, x, right, method, native.__name__), info


for _solver in (sl.cg, sl.gmres, sl.bicgstab, sl.minres, sl.bicg, sl.cgs, sl.lgmres, sl.gcrotmk, sl.qmr, sl.tfqmr):
    _iterative(_solver)


def _least_squares(native: Any) -> None:
    @substitute(native, cite="Golub and Pereyra 1973, by the normal equations")
    def program(A, b, damp=0.0, *args, **kwargs):
        result = below(native, A, b, damp, *args, **kwargs)
        x = result[0]
        operator = A if sp.issparse(A) or isinstance(A, np.ndarray) else sl.aslinearoperator(A)
        adjoint = np.conj(operator).T if isinstance(operator, np.ndarray) else operator.conj().T if sp.issparse(
            operator) else operator.H
        r = adjoint @ (np.reshape(np.asarray(b), (-1,)) - operator @ x) - damp**2 * x
        if not (active(r) or active(b)):
            return result
        matrix = below(_normal, A, damp)
        change = below(np.linalg.cond, matrix) if matrix.shape[0] <= 200 else 0.0
        if change > 1e13:
            raise refused("the matrix does not have full column rank", native.__name__)
        x = attach(x, np.linalg.solve(matrix, r))
        return (x, *(unknown(v, x[0], "only the solution has a derivative") if isinstance(v, (float, np.ndarray)) else v
                     for v in result[1:]))


def _normal(A: Any, damp: float) -> Any:
    matrix = entries(A)
    matrix = matrix.toarray() if sp.issparse(matrix) else matrix
    return np.conj(matrix.T) @ matrix + damp**2 * np.eye(matrix.shape[1])


for _solver in (sl.lsqr, sl.lsmr):
    _least_squares(_solver)
