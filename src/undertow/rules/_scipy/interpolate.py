"""Programs that stand for the compiled leaves of ``scipy.interpolate``: piecewise polynomials, here and in its relatives.

`CubicSpline`, `PchipInterpolator`, `Akima1DInterpolator` and `PPoly` run through their source down to them.  B-splines are
in `_splines`, FITPACK in `_splines_fitpack`, grids and scattered points in `_scattered`.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import scipy.interpolate  # noqa: F401  (its modules set up the compiled one)
from scipy.interpolate import _ppoly

from .._callables import active, attach, below, constant
from .._registry import substitute
from . import _scattered, _splines, _splines_fitpack  # noqa: F401  (registers rules)


@substitute(_ppoly.evaluate, convention="at a breakpoint, the piece to its right (the last piece at the last one)")
def _evaluate(c, x, xp, dx, extrapolate, out):
    pieces = len(x) - 1
    if x[-1] >= x[0]:
        piece = np.searchsorted(x, xp, side="right") - 1
        outside = (xp < x[0]) | (xp > x[-1])
    else:
        piece = pieces - np.searchsorted(x[::-1], xp, side="left")
        outside = (xp > x[0]) | (xp < x[-1])
    piece = np.clip(piece, 0, pieces - 1)
    s = (xp - x[piece])[:, None]
    order = c.shape[0]
    value = np.zeros((len(xp), c.shape[2]), c.dtype)
    for k in range(order - dx):
        power = order - 1 - k
        factor = 1.0
        for j in range(dx):
            factor = factor * (power - j)
        value = value * s + factor * c[k, piece, :]
    if not extrapolate:
        value = np.where(outside[:, None], np.nan, value)
    out[...] = np.where(np.isnan(xp)[:, None], np.nan, value)


def primitive_of(c, x):
    """Coefficients of the antiderivative that vanishes at the first breakpoint and is continuous."""
    order = len(c)
    powers = np.reshape(np.arange(order, 0, -1), (-1,) + (1,) * (c.ndim - 1))
    raised = c / powers
    h = np.diff(x)[:, None]
    gain = 0.0
    for k in range(order):
        gain = (gain + raised[k]) * h
    start = np.concatenate([np.zeros((1, *gain.shape[1:])), np.cumsum(gain, axis=0)[:-1]])
    return np.concatenate([raised, start[None]])


@substitute(_ppoly.integrate)
def _integrate(c, x, a, b, extrapolate, out):
    lift = primitive_of(c, x)
    ends = np.stack([np.asarray(a, float), np.asarray(b, float)])
    values = np.zeros((2, c.shape[2]), c.dtype)
    _evaluate(lift, x, ends, 0, extrapolate, values)
    out[...] = values[1] - values[0]


@substitute(_ppoly.fix_continuity)
def _fix_continuity(c, x, order):
    """Derivatives up to `order` go on from piece to piece: the highest first, each by a sum along the pieces."""
    top, h = len(c) - 1, np.diff(x)[:, None]
    for d in range(order, -1, -1):
        gain = 0.0
        for m in range(d + 1, top + 1):
            gain = gain + math.comb(m, d) * c[top - m] * h ** (m - d)
        c[top - d, 1:] = c[top - d, 0] + np.cumsum(gain[:-1], axis=0)


@substitute(_ppoly.real_roots, cite="implicit function theorem")
def _real_roots(c, x, y, discontinuity, extrapolate):
    """Roots move by the slope there; those that stand for a jump, with their breakpoint."""
    found = below(_ppoly.real_roots, c, x, y, discontinuity, extrapolate)
    return [_moved_roots(r, c[:, :, k:k + 1], x, y) for k, r in enumerate(found)]


def _moved_roots(roots, c, x, y):
    if len(roots) == 0:
        return roots
    value, slope = np.zeros((len(roots), 1), c.dtype), np.zeros((len(roots), 1), c.dtype)
    _evaluate(c, x, roots, 0, True, value)
    miss = value[:, 0] - y
    if not (active(miss) or active(x)):
        return roots
    below(_ppoly.evaluate, c, x, roots, 1, True, slope)
    steep = constant(slope[:, 0])
    jump = np.abs(constant(miss)) > 1e-6 * (np.abs(steep) + np.max(np.abs(constant(c))))
    change = np.where(np.isnan(roots) | jump, 0.0, -miss / np.where(steep == 0, np.nan, steep))
    return attach(roots, np.where(jump, x[np.argmin(np.abs(roots[:, None] - constant(x)), axis=1)], change))


@substitute(_ppoly.evaluate_bernstein, convention="at a breakpoint, the piece to its right (the last piece at the last one)",
            cite="Farin 2002, section 4.2: the algorithm of de Casteljau")
def _evaluate_bernstein(c, x, xp, nu, extrapolate, out):
    piece = np.clip(np.searchsorted(x, xp, side="right") - 1, 0, len(x) - 2)
    outside = (xp < x[0]) | (xp > x[-1])
    h = (x[piece + 1] - x[piece])[:, None]
    s = (xp - x[piece])[:, None] / h
    values = [c[k, piece, :] for k in range(c.shape[0])]
    for _m in range(nu):
        degree = len(values) - 1
        values = [degree * (b - a) / h for a, b in itertools.pairwise(values)] if degree else [0.0 * values[0]]
    while len(values) > 1:
        values = [(1.0 - s) * a + s * b for a, b in itertools.pairwise(values)]
    value = values[0]
    if not extrapolate:
        value = np.where(outside[:, None], np.nan, value)
    out[...] = np.where(np.isnan(xp)[:, None], np.nan, value)


@substitute(_ppoly.evaluate_nd, convention="at a breakpoint, the piece to its right (the last piece at the last one)")
def _evaluate_nd(c, xs, ks, xp, dx, extrapolate, out):
    """`c` has one axis for the powers of all variables, one for their pieces, one for the polynomials."""
    ks = [int(k) for k in ks]
    pieces, outside, local = 0, np.zeros(len(xp), bool), []
    for d, x in enumerate(xs):
        piece = np.clip(np.searchsorted(x, xp[:, d], side="right") - 1, 0, len(x) - 2)
        outside = outside | (xp[:, d] < x[0]) | (xp[:, d] > x[-1]) | np.isnan(xp[:, d])
        pieces = pieces * (len(x) - 1) + piece
        local.append(xp[:, d] - x[piece])
    total = np.zeros((len(xp), c.shape[2]), c.dtype)
    for flat in range(c.shape[0]):
        weight = 1.0
        for d, index in enumerate(np.unravel_index(flat, ks)):
            power, order = ks[d] - 1 - int(index), int(dx[d])
            if power < order:
                weight = None
                break
            weight = weight * math.perm(power, order) * local[d] ** (power - order)
        if weight is not None:
            total = total + np.reshape(weight + np.zeros(len(xp)), (-1, 1)) * c[flat, pieces]
    bad = np.isnan(xp).any(axis=1) if extrapolate else outside
    out[...] = np.where(bad[:, None], np.nan, total)
