"""Initial value problems whose solver is compiled: the derivative is that of the exact flow.

The solver's result is within its tolerance of the exact solution; its derivative is taken to be that of the exact
solution, computed by a method of order 8 (Dormand and Prince; Hairer, Nørsett and Wanner 1993, section II.10) whose
steps are chosen with a relative tolerance of 1e-10 where nothing is recorded, then repeated with the user's function
recorded: discretise, then differentiate.  Where more than `LIMIT` steps would be needed the problem is stiff, and the
recorded method is Radau's with a tolerance of 1e-8.  Both must agree with the solver, or the derivative is refused.
"""

from __future__ import annotations

import itertools

import numpy as np
import scipy.integrate as si
from scipy.integrate._ivp import dop853_coefficients as table

from .._callables import active, attach, bottom, constant, moving, refused, through_source
from .._registry import zero_derivative

__all__ = ["flow", "with_flow"]

LIMIT = 3000
STAGES = table.N_STAGES
A, B, C = table.A[:STAGES, :STAGES], table.B, table.C[:STAGES]


def mesh(rhs, y0, times):
    """For each interval between times, the fractions at which steps end; None if there would be too many."""
    fractions: list[list[float]] = [[] for _ in times[1:]]
    y = np.array(y0, float)
    for i, (a, b) in enumerate(itertools.pairwise(times)):
        if a == b:
            continue
        scale = np.max(np.abs(y), initial=0.0)
        solver = si.DOP853(rhs, a, y, b, rtol=1e-10, atol=1e-12 * (scale + 1e-3))
        while solver.status == "running":
            solver.step()
            fractions[i].append(float((solver.t - a) / (b - a)))
            if sum(map(len, fractions)) > LIMIT + len(times) or solver.status == "failed":
                return None
        fractions[i][-1] = 1.0
        y = solver.y
    return fractions


def flow(rhs, y0, times):
    """Values at `times` of the solution of ``y' = rhs(t, y)``, recorded; stacked along the first axis."""
    y = np.asarray(y0, dtype=float)
    fractions = bottom(mesh, rhs, y, times)
    if fractions is None:
        found = through_source(si.solve_ivp, rhs, (times[0], times[-1]), y, method="Radau", t_eval=np.asarray(times),
                               rtol=1e-8, atol=1e-10)
        return found.y.T
    values = [y]
    for i, ends in enumerate(fractions):
        a, length, start = times[i], times[i + 1] - times[i], 0.0
        if not ends and moving(length):  # two times that are equal here and move apart
            ends = [1.0]
        for end in ends:
            y = step(rhs, a + start * length, y, (end - start) * length)
            start = end
        values.append(y)
    return np.stack(values)


def step(rhs, t, y, h):
    """One step of order 8."""
    k = [np.asarray(rhs(t, y), dtype=float)]
    for i in range(1, STAGES):
        k.append(np.asarray(rhs(t + C[i] * h, y + h * (A[i, :i] @ np.stack(k))), dtype=float))
    return y + h * (B @ np.stack(k))


def agrees(found, exact):
    """Whether two solutions are the same up to the tolerance of a solver."""
    scale = np.max(np.abs(found), axis=0, initial=0.0) + 1e-6
    return bool(np.all(np.abs(np.asarray(found) - exact) <= 1e-3 * scale))


zero_derivative(agrees)


def with_flow(found, rhs, y0, times, what):
    """What a solver found at `times`, with the derivative of the flow."""
    exact = flow(rhs, y0, times)
    if not active(exact):
        return found
    if not agrees(found, constant(exact)):
        raise refused("a second solution with a small tolerance differs from it by more than a thousandth: tighten rtol "
                      "and atol; the derivative of a chaotic solution is not meaningful", what)
    return attach(found, exact)
