"""Programs that stand for the compiled leaves of ``scipy.interpolate``: evaluation of piecewise polynomials.

`CubicSpline`, `PchipInterpolator`, `Akima1DInterpolator` and `PPoly` run through their source down to it.
"""

from __future__ import annotations

import numpy as np
import scipy.interpolate  # noqa: F401  (its modules set up the compiled one)
from scipy.interpolate import _ppoly

from .._registry import substitute


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
