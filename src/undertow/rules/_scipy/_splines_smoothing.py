"""The derivative of FITPACK's smoothing splines, with the knots that it chose among the points of the data.

For its knots, FITPACK minimises ``|W (y - B c)|^2 + q |D c|^2``, where D takes the jumps of the highest derivative at the
interior knots, and looks for the q at which the first term is `s`, to one part in a thousand (Dierckx 1993, section 5.2.4).
The derivative is that of these two conditions at the coefficients and the residual that it returned.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._callables import active, attach, below, constant, refused
from ._splines import basis, width_of

__all__ = ["knots_in_data", "smoothed"]


def knots_in_data(t: Any, x: Any, k: int, low: Any, high: Any) -> Any:
    """Knots that move with the points they were taken from."""
    interior = constant(t)[k + 1:len(t) - k - 1]
    place = np.minimum(below(np.searchsorted, x, interior), len(x) - 1)
    found = np.asarray(x)[place]
    if not np.array_equal(constant(found), interior):
        raise refused("the knots of the smoothing spline are not among the points", "FITPACK")
    return np.concatenate([np.zeros(k + 1) + low, found, np.zeros(k + 1) + high])


def dense(rows: Any, begin: Any, n: int) -> Any:
    """A matrix of `n` columns from the nonzero part of each row."""
    full = np.zeros((len(rows), n))
    full[np.arange(len(rows))[:, None], np.asarray(begin)[:, None] + np.arange(rows.shape[1])] = rows
    return full


def jumps(t: Any, k: int, n: int) -> Any:
    """The jump of the `k`-th derivative of each B-spline at each interior knot."""
    pieces = np.arange(k, n)
    return np.diff(dense(basis(t, k, t[k:n], pieces, k), pieces - k, n), axis=0)


def smoothed(c: Any, fp: Any, t: Any, x: Any, y: Any, w: Any, k: int, s: Any, what: str) -> Any:
    """Coefficients, one column for each curve, with the derivative of the data.

    Parameters
    ----------
    c, fp : ndarray, float
        What FITPACK returned: coefficients and residual.
    t, x, y, w, s
        Knots, points, values (one column a curve), weights and smoothing factor.
    """
    n = len(t) - k - 1
    piece, begin = width_of(t, k, x)
    design = dense(basis(t, k, x, piece) * w[:, None], begin, n)
    miss = y * w[:, None] - design @ c
    rough = jumps(t, k, n)
    bend = rough.T @ (rough @ c)
    pull = design.T @ miss
    q = below(multiplier, pull, bend, what)
    stationary = pull - q * bend
    constraint = s * 1.0 - np.sum(miss * miss)
    if not (active(stationary) or active(constraint)):
        return c
    matrix, h = below(normal, design, rough, q), constant(bend)
    along = below(np.linalg.solve, matrix, h)
    step = np.linalg.solve(matrix, stationary)
    change = (np.sum(h * step) + constraint / (2 * q)) / below(inner, h, along)
    return attach(c, step - along * change)


def multiplier(pull: Any, bend: Any, what: str) -> Any:
    """The `q` at which the coefficients are stationary."""
    q = np.sum(pull * bend) / np.sum(bend * bend)
    if not np.max(np.abs(pull - q * bend)) <= 1e-6 * np.max(np.abs(pull)):
        raise refused("the coefficients do not satisfy the conditions of a smoothing spline", what)
    return q


def normal(design: Any, rough: Any, q: Any) -> Any:
    """The matrix of the normal equations."""
    return design.T @ design + q * (rough.T @ rough)


def inner(x: Any, y: Any) -> Any:
    """The sum of products."""
    return np.sum(x * y)
