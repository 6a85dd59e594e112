"""Independent oracles for rules: differences with an error estimate."""

from __future__ import annotations

import numpy as np


def richardson(f, x, h=0.05, levels=7):
    """Derivative of `f` at the number `x` by Ridders' extrapolation; returns (derivative, error estimate)."""
    table = []
    best, error = None, np.inf
    for i in range(levels):
        row = [(np.asarray(f(x + h)) - np.asarray(f(x - h))) / (2 * h)]
        h /= 2
        for j in range(i):
            row.append(row[j] + (row[j] - table[-1][j]) / (4.0 ** (j + 1) - 1))
        if table:
            estimate = max(np.max(abs(row[-1] - table[-1][-1])), np.max(abs(row[-1] - row[-2])))
            if estimate < error:
                best, error = row[-1], estimate
        table.append(row)
    return best, error


def directional(f, args, argnum, direction, h=1e-2, levels=6):
    """Derivative of ``f(*args)`` along `direction` in argument `argnum`; returns (derivative, error estimate)."""
    args = list(args)

    def along(t):
        moved = list(args)
        moved[argnum] = args[argnum] + t * direction
        return f(*moved)

    return richardson(along, 0.0, h, levels)
