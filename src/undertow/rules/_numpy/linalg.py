"""Linear algebra: derivatives by mathematics, batched as NumPy batches, never element by element.

Notation: ``^H`` is the conjugate transpose, ``o`` the elementwise product, ``X_bar`` the cotangent of `X`.

Conventions at degenerate points
--------------------------------
* Functions that read one triangle of a matrix (``cholesky, eigh, eigvalsh``) have derivative zero in the other, as the
  program has; a loss that depends on a symmetric matrix sees no difference.
* Repeated eigenvalues or singular values: eigenvalues are differentiated along the eigenvectors that were computed;
  cotangents of eigenvectors are refused unless the loss does not depend on the choice of basis.
* Vectors that LAPACK determines up to a phase are differentiated with the phase LAPACK gives them (some component is
  real) where that can be seen from the result, and refused otherwise unless the loss does not depend on it.
* ``det`` is a polynomial and exact at singular matrices; ``slogdet`` of a singular matrix has derivative 0.
* ``pinv`` and ``lstsq`` hold the rank fixed.

Sources
-------
Giles 2008: "An extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation", Oxford NA-08/01, with section numbers.  Murray 2016: arXiv:1602.07527.  Boeddeker et al. 2017:
arXiv:1701.00392.  Wan and Zhang 2019: arXiv:1909.02659.  Roberts and Roberts 2020: arXiv:2009.10071.  Golub and
Pereyra 1973: SIAM J. Numer. Anal. 10, 413.
"""

from __future__ import annotations

import numpy as np

from ..._errors import RefusedRuleError
from .._callables import moving
from .._registry import linear, pullback, pushforward, substitute, unbroadcast
from ..samples import Sample, array, definite, invertible
from .reductions import others
from .ufuncs import conj, ratio

solve, norm = np.linalg.solve, np.linalg.norm


def H(x):
    """Conjugate transpose of the last two axes."""
    return conj(np.swapaxes(x, -1, -2))


def diagonal(x):
    """Diagonals of the last two axes."""
    return np.diagonal(x, 0, -2, -1)


def diagonal_matrix(x):
    """Matrices with `x` on the diagonal."""
    return np.expand_dims(x, -1) * np.eye(np.shape(x)[-1])


def fold(s, uplo="L"):
    """The cotangent of the one triangle that is read, from `s`, the cotangent of the whole Hermitian matrix."""
    both = s + H(s)
    half = np.tril(both, -1) if uplo.upper() == "L" else np.triu(both, 1)
    return half + diagonal_matrix(np.real(diagonal(s)))


def hermitian(a, uplo="L"):
    """The Hermitian matrix that LAPACK reads from one triangle of `a` (used on tangents too)."""
    half = np.tril(a, -1) if uplo.upper() == "L" else np.triu(a, 1)
    return half + H(half) + diagonal_matrix(np.real(diagonal(a)))


_whole = hermitian  # the name is a keyword of pinv and svd


def undefined(function, why):
    """The error for a point at which a derivative does not exist."""
    return RefusedRuleError(f"`np.linalg.{function}` has no derivative here", why=why, fixes=(
        "use a loss that does not depend on the choice: projectors, or eigenvalues alone",
        "move off the degenerate point: A + 1e-10 * np.diag(np.arange(n))"))


def small(x, scale) -> bool:
    """Whether `x` is rounding noise beside `scale`."""
    return not np.size(x) or bool(np.max(np.abs(x)) <= 1e-9 * (np.max(np.abs(scale)) if np.size(scale) else 0.0))


# ---- solve, inv, det -------------------------------------------------------------------------------------------

complex_matrix = invertible(3, dtype=complex)
square_samples = [Sample((invertible(3),)), Sample((invertible(2, 4),)), Sample((invertible(1),)),
                  Sample((complex_matrix,)), Sample((np.zeros((0, 3, 3)),))]


@pullback(np.linalg.solve, argnums=(0, 1), like=("b",), cite="Giles 2008, 2.3.1", samples=[
    Sample((invertible(3), array(3))), Sample((invertible(3), array(3, 2))), Sample((invertible(3, 4), array(3, 2))),
    Sample((invertible(3), array(4, 3, 2))), Sample((invertible(3, 4, 1), array(5, 3, 1))),
    Sample((complex_matrix, array(3, dtype=complex))), Sample((complex_matrix, array(3, 2))),
    Sample((invertible(3), array(3, 0))), Sample((invertible(2, 5), array(2)))])
def solve_pullback(y, y_bar, a, b):
    """``B_bar = A^-H Y_bar``, ``A_bar = -B_bar Y^H``."""
    if np.ndim(a) == 2 and np.ndim(b) <= 2:
        b_bar = solve(conj(a).T, y_bar)
        return (b_bar[:, None] * -conj(y) if np.ndim(b) == 1 else b_bar @ -conj(y).T), b_bar
    if np.ndim(b) == 1:
        b_bar = solve(H(a), np.expand_dims(y_bar, -1))
        return unbroadcast(-b_bar @ conj(np.expand_dims(y, -2)), np.shape(a)), unbroadcast(b_bar[..., 0], np.shape(b))
    b_bar = solve(H(a), y_bar)
    return unbroadcast(-b_bar @ H(y), np.shape(a)), unbroadcast(b_bar, np.shape(b))


@pushforward(np.linalg.solve, argnums=(0, 1), cite="Giles 2008, 2.3.1")
def solve_pushforward(y, tangents, a, b):
    """``A Y_dot = B_dot - A_dot Y``."""
    a_dot, b_dot = tangents
    rhs = 0.0 if b_dot is None else b_dot
    if a_dot is not None:
        rhs = rhs - (a_dot @ np.expand_dims(y, -1))[..., 0] if np.ndim(b) == 1 else rhs - a_dot @ y
    if np.ndim(b) == 1:
        return solve(a, np.expand_dims(rhs, -1))[..., 0]
    return solve(a, np.broadcast_to(rhs, np.shape(y)))


def inv(y, y_bar, a, signature=None):
    """``A_bar = -Y^H Y_bar Y^H``."""
    return -H(y) @ y_bar @ H(y)


def inv_pushforward(y, tangents, a, signature=None):
    """``Y_dot = -Y A_dot Y``."""
    return -y @ tangents[0] @ y


for f in (np.linalg.inv, np.linalg._umath_linalg.inv):  # np.linalg.cond calls the ufunc
    pullback(f, samples=square_samples, cite="Giles 2008, 2.2.3")(inv)
    pushforward(f, cite="Giles 2008, 2.2.3")(inv_pushforward)


def _svd_with_sign(a):
    """``U, s, V^H`` and ``det(U) det(V^H)``."""
    u, s, vh = np.linalg.svd(a)
    return u, s, vh, np.expand_dims(np.linalg.det(u) * np.linalg.det(vh), (-2, -1))


def singular_cofactors(a):
    """Cofactors of any matrix: ``det(U) det(V^H) conj(U diag(p) V^H)``, ``p[i]`` the product of the other ``s``."""
    u, s, vh, scale = _svd_with_sign(a)
    return scale * conj((u * np.expand_dims(others(s, -1), -2)) @ vh)


def moved_cofactors(a, e):
    """The differential of the cofactors of `a` along `e`, exact for matrices of any rank.

    With ``M = U^H e V`` and ``p[i, j]`` the product of the singular values but two, it is that of the cofactors of
    ``diag(s) + M``: ``sum_j p[i, j] M[j, j]`` on the diagonal and ``-p[i, j] M[j, i]`` off it.
    """
    u, s, vh, scale = _svd_with_sign(a)
    eye = np.eye(np.shape(s)[-1])
    p = others(np.where(eye == 1, 1.0, np.expand_dims(s, -2)), -1) * (1 - eye)
    m = H(u) @ e @ H(vh)
    inner = diagonal_matrix((p @ np.expand_dims(diagonal(m), -1))[..., 0]) - p * np.swapaxes(m, -1, -2)
    return scale * (conj(u) @ inner @ conj(vh))


pullback(singular_cofactors, samples=[Sample((invertible(3),)), Sample((np.ones((3, 3)),)), Sample((np.zeros((2, 2)),)),
                                      Sample((complex_matrix,)), Sample((np.arange(18.0).reshape(2, 3, 3),))])(
    lambda y, y_bar, a: conj(moved_cofactors(a, conj(y_bar))))
pushforward(singular_cofactors)(lambda y, tangents, a: moved_cofactors(a, tangents[0]))
# Linear in `e` and symmetric; an active `a` (third derivatives at a singular matrix) is refused.
linear(moved_cofactors, argnum=1, adjoint=lambda y_bar, a, e: conj(moved_cofactors(a, conj(y_bar))),
       samples=[Sample((np.ones((3, 3)), array(3, 3))), Sample((complex_matrix, array(3, 3, dtype=complex)))])


def cofactors(a, d):
    """The matrices of cofactors, ``d det(A) / dA``, for the determinant `d`: ``d A^-T``, or by singular values.

    The sums of moduli bound the condition number from above.
    """
    if np.ndim(a) == 2:
        if d != 0:
            inverse = np.linalg.inv(a)
            if np.abs(inverse).sum() * np.abs(a).sum() < 1e8:
                return d * inverse.T
    elif np.all(d != 0):
        inverse = np.linalg.inv(a)
        if np.all(np.abs(inverse).sum((-2, -1)) * np.abs(a).sum((-2, -1)) < 1e8):
            return np.expand_dims(d, (-2, -1)) * np.swapaxes(inverse, -1, -2)
    return singular_cofactors(a)


singular = [Sample((np.array([[1.0, 2.0], [2.0, 4.0]]),)), Sample((np.arange(9.0).reshape(3, 3),)),
            Sample((np.ones((3, 3)),))]


@pullback(np.linalg.det, samples=square_samples + singular, cite="Giles 2008, 2.2.4",
          convention="the polynomial's derivative, at singular matrices too")
def det(y, y_bar, a):
    """The cofactors."""
    return (y_bar if np.ndim(a) == 2 else np.expand_dims(y_bar, (-2, -1))) * conj(cofactors(a, y))


@pushforward(np.linalg.det, cite="Giles 2008, 2.2.4")
def det_pushforward(y, tangents, a):
    """The cofactors times the tangent."""
    return np.sum(cofactors(a, y) * tangents[0], axis=(-2, -1))


def _inverse_or_zero(a, y):
    """Inverses, and 0 for the singular ones, which `y`, the result of slogdet, marks by the sign 0."""
    flat = y[0] == 0
    if not np.any(flat):
        return np.linalg.inv(a)
    flat = np.expand_dims(flat, (-2, -1))
    return np.where(flat, 0.0, np.linalg.inv(np.where(flat, np.eye(np.shape(a)[-1]), a)))


@pullback(np.linalg.slogdet, samples=square_samples + [Sample((definite(3),)), Sample((-invertible(3),))],
          cite="Giles 2008, 2.2.4", convention="0 for a singular matrix")
def slogdet(y, y_bar, a):
    """``A^-H`` times the cotangent of the logarithm; a complex phase turns with its imaginary part."""
    sign_bar, log_bar = y_bar
    t_bar = 0.0 if log_bar is None else log_bar
    if np.iscomplexobj(a) and sign_bar is not None:
        t_bar = t_bar - 1j * np.imag(conj(sign_bar) * y[0])
    return np.expand_dims(t_bar, (-2, -1)) * H(_inverse_or_zero(a, y))


@pushforward(np.linalg.slogdet, cite="Giles 2008, 2.2.4")
def slogdet_pushforward(y, tangents, a):
    """``t = tr(A^-1 A_dot)``: its real part is the tangent of the logarithm, its imaginary part turns the sign."""
    t = np.sum(np.swapaxes(_inverse_or_zero(a, y), -1, -2) * tangents[0], axis=(-2, -1))
    return (1j * np.imag(t) * y[0] if np.iscomplexobj(a) else np.zeros(np.shape(y[0]))), np.real(t)


# ---- Cholesky ----------------------------------------------------------------------------------------------------


def phi(x):
    """The lower triangle, half of the diagonal."""
    return np.tril(x) - 0.5 * diagonal_matrix(diagonal(x))


BLOCK = 64


def cholesky_bar(low, low_bar):
    """The cotangent of the lower triangle of the Hermitian matrix whose factor is `low`: ``L^-H phi(L^H L_bar) L^-1``.

    A large matrix is taken in blocks of columns, from the last to the first, which costs a quarter of the formula
    (Murray 2016, section 4).
    """
    if np.ndim(low) > 2 or np.shape(low)[-1] <= BLOCK:
        p = phi(H(low) @ low_bar)
        return fold(solve(H(low), H(solve(H(low), H(p)))))
    bar, n = np.tril(low_bar), np.shape(low)[-1]
    for end in range(n, 0, -BLOCK):
        start = max(0, end - BLOCK)
        block, left = low[start:end, start:end], low[start:end, :start]
        inverse = np.linalg.inv(block)
        if end < n:
            below = bar[end:, start:end] @ inverse
            bar[end:, start:end] = below
            bar[end:, :start] -= below @ left
            bar[start:end, :start] -= H(below) @ low[end:, :start]
            bar[start:end, start:end] -= np.tril(H(below) @ low[end:, start:end])
        square = fold(H(inverse) @ phi(H(block) @ bar[start:end, start:end]) @ inverse)
        bar[start:end, start:end] = square
        bar[start:end, :start] -= (square + H(square)) @ left
    return bar


@pullback(np.linalg.cholesky, cite="Murray 2016, section 3", samples=[
    Sample((definite(3),)), Sample((definite(2, 4),)), Sample((definite(3, dtype=complex),)), Sample((definite(1),)),
    Sample((definite(3),), {"upper": True}), Sample((definite(3, dtype=complex),), {"upper": True})],
    convention="reads one triangle")
def cholesky(y, y_bar, a, *, upper=False):
    """The cotangent of the triangle that is read."""
    return H(cholesky_bar(H(y), H(y_bar))) if upper else cholesky_bar(y, y_bar)


@pushforward(np.linalg.cholesky, cite="Murray 2016, section 3")
def cholesky_pushforward(y, tangents, a, *, upper=False):
    """``L_dot = L phi(L^-1 A_dot L^-H)``."""
    low = H(y) if upper else y
    a_dot = hermitian(tangents[0], "U" if upper else "L")
    low_dot = low @ phi(solve(low, H(solve(low, a_dot))))
    return H(low_dot) if upper else low_dot


# ---- eigenvalues ---------------------------------------------------------------------------------------------------


def gaps(w):
    """``F[i, j] = 1 / (w[j] - w[i])`` where the two differ, else 0; and where they do not."""
    difference = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    scale = np.max(np.abs(w), axis=-1, initial=0.0)
    same = np.abs(difference) <= 1e-13 * np.expand_dims(scale, (-2, -1))
    return np.where(same, 0.0, 1 / np.where(same, 1.0, difference)), same


def _fixed_phase(v, v_bar, row, function):
    """`v_bar` with the turning of each column that keeps its component in `row` real.

    Eigenvectors move as ``V_dot - i V diag(theta)`` where theta keeps the phase that LAPACK gave them.
    """
    c = np.imag(np.sum(conj(v_bar) * v, axis=-2, keepdims=True))
    if small(c, v_bar):
        return v_bar
    pivot = np.take(v, [row], -2)
    if np.any(np.abs(np.imag(pivot)) > 1e-14) or np.any(np.abs(pivot) < 1e-12):
        raise undefined(function, "the loss depends on the phase of a complex eigenvector, which is arbitrary.")
    place = np.reshape(np.arange(np.shape(v)[-2]) == row % max(np.shape(v)[-2], 1), (-1, 1))
    return v_bar + place * (1j * c / np.real(pivot))


def check_repeated(w, values_bar, *vectors_bar, function):
    """Refuse what cotangents at repeated eigenvalues or singular values `w` do not tell.

    A function such as ``V f(w) V^H`` varies within the eigenspace with ``f'``, which neither the cotangent of `w` (its
    diagonal alone) nor that of `V` shows; second derivatives of functions of `w` alone hold its divided differences too.
    """
    same = gaps(w)[1] & ~np.eye(np.shape(w)[-1], dtype=bool)
    if not np.any(same):
        return
    vectors = any(x is not None for x in vectors_bar)
    moves = any(map(moving, (values_bar, *vectors_bar)))
    if moving(w) and (moves or vectors) or vectors and moves:  # the latter: transposed to push a tangent forward
        raise undefined(function, "values are repeated: first derivatives do not tell how they and their vectors split.")
    if values_bar is not None and vectors:
        used = values_bar != 0
        if np.any(same & (np.expand_dims(used, -1) | np.expand_dims(used, -2))):
            raise undefined(function, "values are repeated and the loss depends on them and on their vectors together.")


def eigh_core(w, v, w_bar, v_bar, uplo, function="eigh"):
    """``V (diag(w_bar) + F o (V^H V_bar)) V^H``."""
    check_repeated(w, w_bar, v_bar, function=function)
    inner = 0.0 if w_bar is None else diagonal_matrix(w_bar)
    if v_bar is not None:
        if np.iscomplexobj(v):
            v_bar = _fixed_phase(v, v_bar, 0 if uplo.upper() == "L" else -1, function)
        f, same = gaps(w)
        m = H(v) @ v_bar
        if not small(np.where(same & ~np.eye(np.shape(w)[-1], dtype=bool), m - H(m), 0.0), v_bar):
            raise undefined(function, "eigenvalues are repeated and the loss depends on the choice of eigenvectors.")
        inner = inner + f * m
    return v @ inner @ H(v)


eigh_samples = [Sample((definite(3),)), Sample((definite(3, 2), "U")), Sample((definite(1),)),
                Sample((definite(3, dtype=complex),)), Sample((definite(3, dtype=complex), "U"))]


@pullback(np.linalg.eigh, samples=eigh_samples, cite="Giles 2008, 3.1", absent=True,
          convention="reads one triangle; refuses eigenvectors of repeated eigenvalues")
def eigh(y, y_bar, a, UPLO="L"):
    """``V (diag(w_bar) + F o (V^H V_bar)) V^H``, folded onto the triangle that is read."""
    return fold(eigh_core(y[0], y[1], y_bar[0], y_bar[1], UPLO), UPLO)


@pushforward(np.linalg.eigh, cite="Giles 2008, 3.1")
def eigh_pushforward(y, tangents, a, UPLO="L"):
    """``w_dot = diag(V^H A_dot V)``, ``V_dot = V (F o (V^H A_dot V))``."""
    w, v = y
    inner = H(v) @ hermitian(tangents[0], UPLO) @ v
    f, same = gaps(w)
    if not small(np.where(same & ~np.eye(np.shape(w)[-1], dtype=bool), inner, 0.0), inner):
        raise undefined("eigh", "eigenvalues are repeated, so the eigenvectors do not move smoothly.")
    v_dot = v @ (f * inner)
    if np.iscomplexobj(v):
        row = 0 if UPLO.upper() == "L" else -1
        pivot = np.real(np.take(v, [row], -2))
        lost = np.abs(pivot) < 1e-12
        if not small(np.where(lost, np.imag(v_dot), 0.0), v_dot) or not small(np.where(lost, np.imag(v), 0.0), v):
            raise undefined("eigh", "the phase of a complex eigenvector is arbitrary where its component that LAPACK "
                                    "keeps real is zero.")
        v_dot = v_dot - 1j * v * np.where(lost, 0.0, np.imag(np.take(v_dot, [row], -2)) / np.where(lost, 1.0, pivot))
    return np.real(diagonal(inner)), v_dot


@pullback(np.linalg.eigvalsh, samples=eigh_samples, cite="Giles 2008, 3.1",
          convention="reads one triangle; repeated eigenvalues along the computed eigenvectors")
def eigvalsh(y, y_bar, a, UPLO="L"):
    """``V diag(w_bar) V^H``."""
    check_repeated(y, y_bar, function="eigvalsh")
    v = np.linalg.eigh(a, UPLO)[1]
    return fold((v * np.expand_dims(y_bar, -2)) @ H(v), UPLO)


@pushforward(np.linalg.eigvalsh, cite="Giles 2008, 3.1")
def eigvalsh_pushforward(y, tangents, a, UPLO="L"):
    """``diag(V^H A_dot V)``."""
    v = np.linalg.eigh(a, UPLO)[1]
    return np.real(np.sum(conj(v) * (hermitian(tangents[0], UPLO) @ v), axis=-2))


def _pivots(v):
    """In each column a one where the largest component is, which LAPACK makes real."""
    return np.arange(np.shape(v)[-2])[:, None] == np.expand_dims(np.argmax(np.abs(v), axis=-2), -2)


def _simple(w, v, function):
    """Refuse defective matrices."""
    if np.size(v) and np.max(np.linalg.cond(v)) > 1e12:
        raise undefined(function, "the matrix is defective: it has no basis of eigenvectors.")
    return gaps(w)


@pullback(np.linalg.eig, samples=[
    Sample((invertible(3),)), Sample((invertible(2, 3),)), Sample((complex_matrix,)), Sample((invertible(1),)),
    Sample((np.array([[0.5, 2.0, 0.1], [-1.5, 0.2, 0.3], [0.4, 0.7, 1.0]]),))],
    cite="Giles 2008, 3.1; normalisation: Boeddeker et al. 2017", absent=True,
    convention="refuses defective matrices and eigenvectors of repeated eigenvalues")
def eig(y, y_bar, a):
    """``V^-H (diag(w_bar) + conj(F) o (V^H V_bar)) V^H``; columns keep norm 1 and a real largest component."""
    w, v = y
    w_bar, v_bar = y_bar
    check_repeated(w, w_bar, v_bar, function="eig")
    f, same = _simple(w, v, "eig")
    inner = 0.0 if w_bar is None else diagonal_matrix(w_bar)
    if v_bar is not None:
        along = np.sum(conj(v_bar) * v, axis=-2, keepdims=True)
        pivots = _pivots(v)
        top = np.sum(pivots * np.real(v), axis=-2, keepdims=True)
        v_bar = v_bar - np.real(along) * v + pivots * (1j * np.imag(along) / top)
        m = H(v) @ v_bar
        if not small(np.where(same & ~np.eye(np.shape(w)[-1], dtype=bool), m, 0.0), v_bar):
            raise undefined("eig", "eigenvalues are repeated and the loss depends on the choice of eigenvectors.")
        inner = inner + conj(f) * m
    return solve(H(v), inner @ H(v))


@pushforward(np.linalg.eig, cite="Giles 2008, 3.1; normalisation: Boeddeker et al. 2017")
def eig_pushforward(y, tangents, a):
    """``w_dot = diag(V^-1 A_dot V)``; the columns' own share of ``V_dot`` keeps their normalisation."""
    w, v = y
    f, same = _simple(w, v, "eig")
    inner = solve(v, tangents[0] @ v)
    if not small(np.where(same & ~np.eye(np.shape(w)[-1], dtype=bool), inner, 0.0), inner):
        raise undefined("eig", "eigenvalues are repeated, so the eigenvectors do not move smoothly.")
    raw = v @ (f * inner)
    pivots = _pivots(v)
    turn = np.sum(pivots * np.imag(raw), axis=-2, keepdims=True) / np.sum(pivots * np.real(v), axis=-2, keepdims=True)
    return diagonal(inner), raw - v * (np.real(np.sum(conj(v) * raw, axis=-2, keepdims=True)) + 1j * turn)


def _matched(w, a):
    """Eigenvectors in the order of the eigenvalues `w`, which another LAPACK path computed."""
    found, v = np.linalg.eig(a)
    order = np.argmin(np.abs(np.expand_dims(w, -1) - np.expand_dims(found, -2)), axis=-1)
    if np.any(np.sort(order, axis=-1) != np.arange(np.shape(w)[-1])):
        raise undefined("eigvals", "eigenvalues are repeated, so they cannot be told apart.")
    v = np.take_along_axis(v, np.expand_dims(order, -2), axis=-1)
    _simple(w, v, "eigvals")
    return v


@pullback(np.linalg.eigvals, cite="Giles 2008, 3.1", convention="refuses defective matrices", samples=[
    Sample((invertible(3),)), Sample((invertible(2, 3),)), Sample((complex_matrix,)),
    Sample((np.array([[0.5, 2.0, 0.1], [-1.5, 0.2, 0.3], [0.4, 0.7, 1.0]]),))])
def eigvals(y, y_bar, a):
    """``V^-H diag(w_bar) V^H``."""
    v = _matched(y, a)
    return solve(H(v), np.expand_dims(y_bar, -1) * H(v))


@pushforward(np.linalg.eigvals, cite="Giles 2008, 3.1")
def eigvals_pushforward(y, tangents, a):
    """``diag(V^-1 A_dot V)``."""
    v = _matched(y, a)
    return diagonal(solve(v, tangents[0] @ v))


# ---- singular values ------------------------------------------------------------------------------------------------


def _absorb(q, q_bar, k, function):
    """The cotangent of the first `k` columns of `q`, with that of the others, which span their complement.

    The others move as ``-Q (Q_dot^H N)``, in whatever basis: a loss that depends on the basis is refused.
    """
    head, tail, tail_bar = q[..., :k], q[..., k:], q_bar[..., k:]
    m = H(tail) @ tail_bar
    if not small(m - H(m), q_bar):
        raise undefined(function, "the loss depends on the basis of the complement, which is arbitrary.")
    return q_bar[..., :k] - tail @ (H(tail_bar) @ head)


def _svd_phase(u, v, u_bar, v_bar):
    """The coefficient of ``i Im diag(U^H A_dot V) / s`` in the loss, and the phases' share moved to one side.

    Only the difference of the phases of ``u_j`` and ``v_j`` is determined; LAPACK makes the first component of
    the one or the other real.
    """
    cu = np.imag(np.sum(conj(u_bar) * u, axis=-2, keepdims=True))
    cv = np.imag(np.sum(conj(v_bar) * v, axis=-2, keepdims=True))
    both = cu + cv
    if not small(both, np.concatenate([u_bar, v_bar], axis=-2)):
        for x in (v, u):
            if np.all(np.abs(np.imag(x[..., 0, :])) < 1e-14) and np.all(np.abs(x[..., 0, :]) > 1e-12):
                place = np.reshape(np.arange(np.shape(x)[-2]) == 0, (-1, 1)) * (1j * both / np.real(x[..., :1, :]))
                return (u_bar, v_bar + place) if x is v else (u_bar + place, v_bar)
        raise undefined("svd", "the loss depends on the phase of a complex singular vector, which is arbitrary.")
    return u_bar, v_bar


def svd_core(u, s, vh, u_bar, s_bar, vh_bar):
    """Cotangent of ``A = U diag(s) V^H``, thin, from those of its factors."""
    v = H(vh)
    check_repeated(s, s_bar, u_bar, vh_bar, function="svd")
    if u_bar is None and vh_bar is None:
        return (u * np.expand_dims(s_bar, -2)) @ vh
    u_bar = np.zeros_like(u) if u_bar is None else u_bar
    v_bar = np.zeros_like(v) if vh_bar is None else H(vh_bar)
    k = np.shape(s)[-1]
    if np.iscomplexobj(u):
        u_bar, v_bar = _svd_phase(u, v, u_bar, v_bar)
    mu, mv = H(u) @ u_bar, H(v) @ v_bar
    f, same = gaps(s * s)
    if not small(np.where(same & ~np.eye(k, dtype=bool), mu - H(mu), 0.0), u_bar) or not small(
            np.where(same & ~np.eye(k, dtype=bool), mv - H(mv), 0.0), v_bar):
        raise undefined("svd", "singular values are repeated and the loss depends on the choice of vectors.")
    rows, columns = np.expand_dims(s, -2), np.expand_dims(s, -1)
    inner = (f * (mu - H(mu))) * rows + columns * (f * (mv - H(mv)))
    if s_bar is not None:
        inner = inner + diagonal_matrix(s_bar)
    rest_u, rest_v = u_bar - u @ mu, v_bar - v @ mv
    # by shape, not by value: the pushforward is the transpose of this map, taken at zero cotangents
    singular_part = np.shape(u)[-2] > k or np.shape(vh)[-1] > k or np.iscomplexobj(u)
    if singular_part and np.any(s <= 1e-14 * np.max(s, axis=-1, keepdims=True, initial=0.0)):
        if not small(rest_u, u_bar) or not small(rest_v, v_bar) or np.iscomplexobj(u):
            raise undefined("svd", "a singular value is zero, so its vectors do not move smoothly.")
        singular_part = False
    if np.iscomplexobj(u):
        inner = inner + 1j * diagonal_matrix(np.imag(diagonal(mu)) / s)
    a_bar = u @ inner @ vh
    if singular_part:
        a_bar = a_bar + (rest_u / rows) @ vh + (u / rows) @ H(rest_v)
    return a_bar


def _thin(y, y_bar, a):
    """The thin factors and their cotangents."""
    u, s, vh = y
    u_bar, s_bar, vh_bar = y_bar
    k = np.shape(s)[-1]
    if u_bar is not None:
        u_bar = _absorb(u, u_bar, k, "svd")
    if vh_bar is not None:
        vh_bar = H(_absorb(H(vh), H(vh_bar), k, "svd"))
    return u[..., :k], s, vh[..., :k, :], u_bar, s_bar, vh_bar


@pullback(np.linalg.svd, cite="Giles 2008, 3.2; vectors: Wan and Zhang 2019", absent=True,
          convention="refuses vectors of repeated or zero singular values", samples=[
              Sample((array(3, 3),), {"full_matrices": False}), Sample((array(4, 3),), {"full_matrices": False}),
              Sample((array(3, 4),), {"full_matrices": False}), Sample((array(2, 3, 3),)),
              Sample((array(4, 3),), {"compute_uv": False}), Sample((definite(3),), {"hermitian": True}),
              Sample((definite(3),), {"hermitian": True, "compute_uv": False})])
def svd(y, y_bar, a, full_matrices=True, compute_uv=True, hermitian=False):
    """Singular values along ``u v^H``; vectors by the gaps between squared singular values."""
    if not compute_uv:
        return _values_only(y, y_bar, a, hermitian)
    a_bar = svd_core(*_thin(y, y_bar, a))
    return fold(a_bar) if hermitian else a_bar


def _phase_turn(u, v, u_dot, v_dot):
    """The angles by which both vectors turn, so that the component LAPACK makes real stays real."""
    for x, x_dot in ((v, v_dot), (u, u_dot)):
        if np.all(np.abs(np.imag(x[..., 0, :])) < 1e-14) and np.all(np.abs(x[..., 0, :]) > 1e-12):
            return -np.imag(x_dot[..., :1, :]) / np.real(x[..., :1, :])
    raise undefined("svd", "the phases of complex singular vectors are arbitrary.")


@pushforward(np.linalg.svd, cite="Giles 2008, 3.2; Wan and Zhang 2019")
def svd_pushforward(y, tangents, a, full_matrices=True, compute_uv=True, hermitian=False):
    """With ``P = U^H A_dot V``: ``s_dot = Re diag(P)``, and skew ``U^H U_dot`` and ``V^H V_dot`` by the gaps of ``s^2``."""
    a_dot = _whole(tangents[0]) if hermitian else tangents[0]
    if not compute_uv:
        u, _, vh = np.linalg.svd(a, full_matrices=False, hermitian=hermitian)
        return np.real(diagonal(H(u) @ a_dot @ H(vh)))
    full_u, s, full_vh = y
    k = np.shape(s)[-1]
    full_v = H(full_vh)
    u, v = full_u[..., :k], full_v[..., :k]
    p = H(u) @ a_dot @ v
    f, same = gaps(s * s)
    if not small(np.where(same & ~np.eye(k, dtype=bool), p, 0.0), p):
        raise undefined("svd", "singular values are repeated, so the vectors do not move smoothly.")
    columns, rows = np.expand_dims(s, -2), np.expand_dims(s, -1)
    rest_u, rest_v = a_dot @ v - u @ p, H(a_dot) @ u - v @ H(p)
    if np.any(s <= 1e-14 * np.max(s, axis=-1, keepdims=True, initial=0.0)) and not (
            small(rest_u, a_dot) and small(rest_v, a_dot)):
        raise undefined("svd", "a singular value is zero, so its vectors do not move smoothly.")
    inverse = 1.0 / np.where(columns == 0, 1.0, columns)
    u_dot = u @ (f * (p * columns + rows * H(p))) + rest_u * inverse
    v_dot = v @ (f * (rows * p + H(p) * columns)) + rest_v * inverse
    if np.iscomplexobj(u):
        u_dot = u_dot + u * (1j * np.expand_dims(np.imag(diagonal(p)), -2) * inverse)
        turn = 1j * _phase_turn(u, v, u_dot, v_dot)
        u_dot, v_dot = u_dot + u * turn, v_dot + v * turn
    u_dot, v_dot = _complemented(full_u, u_dot, k), _complemented(full_v, v_dot, k)
    return u_dot, np.real(diagonal(p)), H(v_dot)


def _complemented(q, head_dot, k):
    """The tangent of all columns from that of the first `k`: the others keep spanning their complement."""
    tail = q[..., k:]
    return np.concatenate([head_dot, -q[..., :k] @ (H(head_dot) @ tail)], axis=-1) if np.shape(tail)[-1] else head_dot


def _values_only(s, s_bar, a, hermitian=False):
    check_repeated(s, s_bar, function="svd")
    u, _, vh = np.linalg.svd(a, full_matrices=False, hermitian=hermitian)
    a_bar = (u * np.expand_dims(s_bar, -2)) @ vh
    return fold(a_bar) if hermitian else a_bar


@pullback(np.linalg.svdvals, cite="Giles 2008, 3.2", samples=[Sample((array(4, 3),)), Sample((array(2, 3, 4),)),
                                                             Sample((array(3, 4, dtype=complex),))])
def svdvals(y, y_bar, x):
    """``U diag(s_bar) V^H``."""
    return _values_only(y, y_bar, x)


# ---- QR -------------------------------------------------------------------------------------------------------------


def qr_core(q, r, q_bar, r_bar):
    """Cotangent of a tall ``A = Q R`` whose `R` has a real diagonal."""
    if np.size(r) and np.any(np.abs(diagonal(r)) <= 1e-14 * np.max(np.abs(r))):
        raise undefined("qr", "the matrix does not have full rank.")
    m = r_bar @ H(r) - H(q) @ q_bar
    upper = np.triu(m, 1)
    return H(solve(r, H(q_bar + q @ (upper + H(upper) + diagonal_matrix(np.real(diagonal(m)))))))


qr_samples = [Sample((array(4, 3),)), Sample((array(3, 3),)), Sample((array(3, 5),)), Sample((array(2, 4, 3),)),
              Sample((array(4, 3, dtype=complex),)), Sample((array(3, 4, dtype=complex),)), Sample((array(4, 3), "r")),
              Sample((array(3, 5), "r")), Sample((array(3, 3), "complete"))]


@pullback(np.linalg.qr, samples=qr_samples, cite="Roberts and Roberts 2020, equations for both shapes",
          convention="refuses rank-deficient matrices and mode 'raw'")
def qr(y, y_bar, a, mode="reduced"):
    """``(Q_bar + Q C) R^-H`` with `C` Hermitian, its upper triangle that of ``R_bar R^H - Q^H Q_bar``."""
    if mode == "raw":
        raise RefusedRuleError("`np.linalg.qr` with mode='raw' has no derivative rule", fixes=(
            "use the factors: np.linalg.qr(a)",))
    if mode == "r":
        (q, r), (q_bar, r_bar) = np.linalg.qr(a), (None, y_bar)
    else:
        (q, r), (q_bar, r_bar) = y, y_bar
    m, n = np.shape(a)[-2:]
    k = min(m, n)
    q_bar = np.zeros_like(q) if q_bar is None else q_bar
    r_bar = np.zeros_like(r) if r_bar is None else r_bar
    if np.shape(q)[-1] > k:
        q_bar = _absorb(q, q_bar, k, "qr")
        q, r, r_bar = q[..., :k], r[..., :k, :], r_bar[..., :k, :]
    r_bar = np.triu(r_bar)
    if m >= n:
        return qr_core(q, r, q_bar, r_bar)
    right_bar = r_bar[..., m:]
    left_bar = qr_core(q, r[..., :m], q_bar + a[..., m:] @ H(right_bar), r_bar[..., :m])
    return np.concatenate([left_bar, q @ right_bar], axis=-1)


# ---- pseudo-inverse and least squares -------------------------------------------------------------------------------


@pullback(np.linalg.pinv, cite="Golub and Pereyra 1973, equation (4.12)", convention="the rank is held fixed", samples=[
    Sample((array(4, 3),)), Sample((array(3, 4),)), Sample((invertible(3),)), Sample((array(2, 4, 3),)),
    Sample((array(4, 3, dtype=complex),)), Sample((definite(3),), {"hermitian": True})])
def pinv(y, y_bar, a, rcond=None, hermitian=False, *, rtol=None):
    """``-P^H P_bar P^H + (I - A P) P_bar^H P P^H + P^H P P_bar^H (I - P A)``."""
    a = _whole(a) if hermitian else a
    g = H(y_bar)
    left, right = g @ y, y @ g
    a_bar = -H(y) @ y_bar @ H(y) + (left - a @ (y @ left)) @ H(y) + H(y) @ (right - (right @ y) @ a)
    return fold(a_bar) if hermitian else a_bar


@pushforward(np.linalg.pinv, cite="Golub and Pereyra 1973, equation (4.12)")
def pinv_pushforward(y, tangents, a, rcond=None, hermitian=False, *, rtol=None):
    """``-P A_dot P + P P^H A_dot^H (I - A P) + (I - P A) A_dot^H P^H P``."""
    a, a_dot = (_whole(a), _whole(tangents[0])) if hermitian else (a, tangents[0])
    m, n = np.eye(np.shape(a)[-2]), np.eye(np.shape(a)[-1])
    return (-y @ a_dot @ y + y @ (H(y) @ H(a_dot)) @ (m - a @ y) + (n - y @ a) @ H(a_dot) @ (H(y) @ y))


@pullback(np.linalg.lstsq, argnums=(0, 1), cite="Golub and Pereyra 1973, equation (4.12)",
          convention="the rank is held fixed", samples=[
              Sample((array(5, 3), array(5))), Sample((array(5, 3), array(5, 2))), Sample((array(3, 5), array(3))),
              Sample((array(5, 3), array(5)), {"rcond": 1e-10}),
              Sample((array(5, 3, dtype=complex), array(5, 2, dtype=complex)))])
def lstsq(y, y_bar, a, b, rcond=None):
    """Through ``x = P b``, the sums of squared residuals by the envelope theorem, and the singular values."""
    x, _, _, s = y
    x_bar, sums_bar, _, s_bar = y_bar
    vector = np.ndim(b) == 1
    x, rhs = (np.expand_dims(v, -1) if vector else v for v in (x, b))
    a_bar, b_bar = np.zeros(np.shape(a)), np.zeros(np.shape(rhs))
    r = rhs - a @ x
    if x_bar is not None:
        x_bar = np.expand_dims(x_bar, -1) if vector else x_bar
        p = np.linalg.pinv(a, rcond=np.finfo(a.dtype).eps * max(np.shape(a)) if rcond is None else rcond)
        b_bar = H(p) @ x_bar
        a_bar = -b_bar @ H(x) + r @ H(p @ b_bar) + (H(p) @ x) @ H(x_bar - H(a) @ b_bar)
    if sums_bar is not None and np.size(sums_bar):
        b_bar = b_bar + 2 * r * sums_bar
        a_bar = a_bar - 2 * (r * sums_bar) @ H(x)
    if s_bar is not None:
        a_bar = a_bar + _values_only(s, s_bar, a)
    return a_bar, np.reshape(b_bar, np.shape(b))


# ---- norms ----------------------------------------------------------------------------------------------------------


def vector_norm_bar(x, y, y_bar, order, axis):
    """The gradient of a vector norm times its cotangent, both with the axis kept."""
    if order is None or order == 2:
        return ratio(y_bar, y) * x
    if order == 0:
        return np.zeros_like(x)
    size, direction = np.abs(x), np.sign(x)
    if order in (np.inf, -np.inf):
        top = size == y
        return y_bar * direction * (top / np.maximum(np.sum(top, axis=axis, keepdims=True), 1))
    if order == 1:
        return y_bar * direction
    zero = size == 0
    base = np.where(zero, 1.0, size) / np.where(y == 0, 1.0, y)
    return y_bar * direction * np.where(zero, 0.0, base ** (order - 1.0))


def matrix_norm_bar(x, y, y_bar, order):
    """The gradient of a matrix norm times its cotangent; the last two axes are the matrix, kept in `y`."""
    if order in (None, "fro", "f"):
        return ratio(y_bar, y) * x
    if order in (1, -1, np.inf, -np.inf):
        axis = -2 if abs(order) == 1 else -1
        sums = np.sum(np.abs(x), axis=axis, keepdims=True)
        top = sums == y
        return y_bar * np.sign(x) * (top / np.maximum(np.sum(top, axis=(-2, -1), keepdims=True), 1))
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    if order == "nuc":
        return y_bar * ((u * np.expand_dims(np.sign(s), -2)) @ vh)
    weight = s == (np.max if order == 2 else np.min)(s, axis=-1, keepdims=True)
    weight = weight / np.sum(weight, axis=-1, keepdims=True)
    return y_bar * ((u * np.expand_dims(weight, -2)) @ vh)


norm_samples = [Sample((array(4),), {"ord": p}) for p in (None, 2, 1, 3, 2.5, 0.5, -1, np.inf, -np.inf, 0)] + [
    Sample((array(3, 4),)), Sample((array(2, 3, 4),)), Sample((array(2, 3, 4),), {"axis": 1, "ord": 3}),
    Sample((array(3, 4),), {"axis": 0, "keepdims": True}), Sample((array(3, 4, dtype=complex),))] + [
    Sample((array(3, 4), p)) for p in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)] + [
    Sample((array(2, 3, 4), p, (2, 0))) for p in ("nuc", 2, 1)] + [
    Sample((array(2, 3, 4), 2, (0, 1)), {"keepdims": True})]


@pullback(np.linalg.norm, samples=norm_samples, kinks=lambda x, *args, **kwargs: x,
          cite="Giles 2008, 3.2 for 2 and nuc", convention="0 at the zero vector; ties share evenly")
def norm_pullback(y, y_bar, x, ord=None, axis=None, keepdims=False):
    """The unit vector of the dual norm."""
    x = x if hasattr(x, "ndim") else np.asarray(x)
    if axis is None and (ord is None or x.ndim == 1 or (x.ndim == 2 and ord in ("fro", "f"))):
        shape = (1,) * x.ndim
        bar = vector_norm_bar(x, np.reshape(y, shape), np.reshape(y_bar, shape), ord if x.ndim == 1 else None,
                              tuple(range(x.ndim)))
        return bar
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(i % x.ndim for i in axes)
    kept = [1 if i in axes else n for i, n in enumerate(x.shape)]
    y, y_bar = np.reshape(y, kept), np.reshape(y_bar, kept)
    if len(axes) == 1:
        return vector_norm_bar(x, y, y_bar, ord, axes[0])
    moved = (np.moveaxis(v, axes, (-2, -1)) for v in (x, y, y_bar))
    return np.moveaxis(matrix_norm_bar(*moved, ord), (-2, -1), axes)


linear(np.linalg.trace, samples=[Sample((array(3, 3),)), Sample((array(2, 3, 4),), {"offset": 1})],
       adjoint=lambda y_bar, x, *, offset=0, dtype=None: np.expand_dims(y_bar, (-2, -1)) * np.eye(
           np.shape(x)[-2], np.shape(x)[-1], offset))


# The functions below `np.linalg`, which array-API namespaces call directly.
_core = np.linalg._umath_linalg


@substitute(_core.solve, samples=[Sample((invertible(3), array(3, 2)))])
def core_solve(a, b, *, signature=None):
    """Columns."""
    return np.linalg.solve(a, b)


@substitute(_core.solve1, samples=[Sample((invertible(3), array(3)))])
def core_solve1(a, b, *, signature=None):
    """Vectors."""
    return np.linalg.solve(a, np.expand_dims(b, -1))[..., 0]
