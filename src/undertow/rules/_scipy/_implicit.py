"""The implicit function theorem, for programs that iterate to a point where a condition holds.

If ``F(x, p) = 0`` and ``dF/dx`` is regular, then ``dx/dp = -(dF/dx)**-1 dF/dp`` (Griewank and Walther 2008, chapter 15;
Blondel and others 2022, arXiv:2105.15183).  `x` is what the solver returns, to the last bit; ``F`` is evaluated again at
the solution, recorded, so that `p` is everything the user's functions depend on.  The solver stops within its tolerance;
where that would be seen in the derivative, Newton steps on ``F`` bring the point at which the derivatives are taken to
the solution.  A point from which they lead away is refused.
"""

from __future__ import annotations

import numpy as np

from .._callables import active, attach, calculus, constant, left_behind, refused
from .._registry import zero_derivative

LEFT = "a function stored it while a solver iterated: how it depends on what is differentiated is not known"
__all__ = ["converged", "implicit", "kkt", "measure", "optimum"]

# How far the solver may have stopped, how exactly the condition must be met, and where Newton's method may end.
FAR, CLOSE, EXACT, TINY = 1e-2, 1e-6, 1e-9, 1e-12


def measure(step, x):
    """Largest relative component of a step, as a plain number."""
    step, x = np.asarray(step), np.asarray(x)
    if step.size == 0:
        return 0.0
    return float(np.max(np.abs(step))) / max(float(np.max(np.abs(x))), 1e-300)


def size_of(x):
    """Largest component, as a plain number."""
    return float(np.max(np.abs(x), initial=0.0))


def regular(matrix):
    """Whether a linear system with this matrix can be solved."""
    if not np.all(np.isfinite(matrix)):
        return False
    if np.ndim(matrix) != 2:
        return bool(np.all(matrix != 0))
    return matrix.shape[0] > 300 or not matrix.size or bool(np.linalg.cond(matrix) < 1e14)


zero_derivative(measure, size_of, regular)


def linearised(condition, x, elementwise, always):
    """``F(x)`` and ``dF/dx``: the diagonal if `F` maps each element by itself, None if `F` is constant unless `always`."""
    r, pull = calculus.vjp(condition, x)
    if not active(r) and not always:
        return r, None
    if elementwise or not isinstance(x, np.ndarray):
        return r, np.conj(pull(np.ones_like(r) if isinstance(r, np.ndarray) else type(r)(1)))
    if r.shape != x.shape:
        raise refused(f"the condition has {r.size} equations for {x.size} unknowns", "the solver")
    rows = [pull(e) for e in np.eye(x.size, dtype=r.dtype)]
    return r, np.stack(rows) if rows else np.zeros((0, 0))


def solved(matrix, r):
    """The step that a linear system asks for."""
    return np.linalg.solve(matrix, r) if np.ndim(matrix) == 2 else r / matrix


def implicit(condition, x, what, elementwise=False):
    """`x`, a constant of this level, with the derivative that ``condition(x) == 0`` gives it."""
    return converged(condition, x, what, elementwise)[0]


def converged(condition, x, what, elementwise=False, always=False):
    """The same, and the point that satisfies the condition to rounding, with the same derivative.

    Parameters
    ----------
    condition : callable
        Maps a number to a number, or a vector to a vector of the same length; with `elementwise` also arrays.
    x : float, complex or array
        The solution, found one level below.
    what : str
        Name of the solver, for errors.
    always : bool
        Check the condition also where it does not depend on anything active.
    """
    point, previous, shift = x, np.inf, 0.0
    for _ in range(12):
        r, matrix = linearised(condition, point, elementwise, always)
        if matrix is None:
            return x, x
        slope = constant(matrix)
        if not regular(slope):
            raise refused("the Jacobian at the solution is singular, so that the solution has no derivative", what)
        step = solved(slope, constant(r))
        size = measure(step, point)
        if size <= EXACT or size > 0.3 * previous:
            break
        previous, shift = size, shift + size_of(step)
        point = point - step
    if not (size <= CLOSE or size_of(step) <= TINY) or shift > FAR * (1 + size_of(x)):
        raise refused("the point returned does not satisfy the condition that is solved; let it converge (tolerances, "
                      "maxiter), or differentiate through the iterations", what)
    change = -solved(slope, r)
    left_behind(np.sum(change), LEFT)
    return attach(x, change), attach(point, change)


# ---- optima ----------------------------------------------------------------------------------------------------------


def choose(gaps, gradient, normals, equalities):
    """Which inequalities hold with equality at an optimum, and the multipliers; None where that is not clear.

    ``gaps >= 0`` are the values of the inequalities, `normals` the gradients of equalities and inequalities in rows.
    """
    scale = 1 + np.max(np.abs(gradient), initial=0.0)
    held = np.concatenate([np.ones(equalities, bool), gaps <= 1e-3])
    for _ in range(len(held) + 1):
        if not held.any():
            return held, np.zeros(0)
        multipliers = np.linalg.lstsq(normals[held].T, gradient, rcond=None)[0]
        where = np.flatnonzero(held)
        loose = [(m, i) for m, i in zip(multipliers, where, strict=True)
                 if i >= equalities and m <= max(gaps[i - equalities], 0.0) + 1e-9 * scale]
        if not loose:
            return held, multipliers
        m, i = min(loose)
        if abs(m) <= 1e-7 * scale and gaps[i - equalities] <= 1e-8:
            return None, multipliers
        held[i] = False
    return held, multipliers


zero_derivative(choose)


def kkt(objective, x, equality, inequality, what):
    """An optimum with constraints, and its multipliers: derivative of the equations of Karush, Kuhn and Tucker.

    `equality` and `inequality` map `x` to vectors that vanish, or are not negative; None for none.  The inequalities that
    hold with equality stay so nearby if their multipliers are positive; otherwise the derivative is refused.

    Returns
    -------
    x, point, multipliers
        As of `converged`; multipliers of equalities and inequalities, zero for those that do not hold with equality.
    """
    def rows(x):
        parts = [np.ravel(part(x)) for part in (equality, inequality) if part is not None]
        return np.concatenate(parts) if parts else np.zeros(0)

    values = constant(rows(x))
    count = 0 if equality is None else constant(np.ravel(equality(x))).size
    if values.size == 0:
        return *optimum(objective, x, what), np.zeros(0)
    gradient = constant(calculus.grad(objective)(x))
    normals = constant(calculus.jacobian(rows)(x))
    held, multipliers = choose(values[count:], gradient, normals, count)
    if held is None:
        raise refused("a constraint holds with equality without being needed: the solution has a kink there", what)
    n = x.size

    def condition(z):
        def lagrangian(x):
            return objective(x) - np.dot(z[n:], rows(x)[held])

        return np.concatenate([calculus.grad(lagrangian)(z[:n]), rows(z[:n])[held]])

    if not np.any(held):
        return *optimum(objective, x, what, True), np.zeros(values.size)
    z, point = converged(condition, np.concatenate([x, multipliers]), what)
    full = np.zeros(values.size)
    full[held] = point[n:]
    return z[:n], point[:n], full


def optimum(objective, x, what, always=False):
    """A point where the gradient vanishes, as of `converged`."""
    return converged(lambda x: calculus.grad(objective)(x), x, what, always=always)
