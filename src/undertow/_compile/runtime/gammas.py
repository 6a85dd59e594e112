"""Derivatives of the logarithm of the gamma function, for generated code."""

from __future__ import annotations

import math
from typing import Any

from numba.extending import register_jitable

__all__ = ["NAMES"]

# Bernoulli numbers B2, B4, ..., B20
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
_FAR = 1e5  # further left of zero the recurrence would take too long


@register_jitable
def polygamma(n: Any, x: Any) -> Any:
    r"""The derivative of order ``n + 1`` of ``log|gamma|``: recurrence to the right, then the asymptotic series.

    .. math:: \psi_n(x) = \psi_n(x + 1) - (-1)^n n!\, x^{-n - 1}

    References
    ----------
    .. [1] DLMF 5.15.5 and 5.15.8-9. https://dlmf.nist.gov/5.15
    """
    if x != x or x < -_FAR or (x <= 0.0 and x == math.floor(x)):
        return math.nan
    sign, factorial = 1.0, 1.0
    for k in range(int(n)):
        sign, factorial = -sign, factorial * (k + 1.0)
    total = 0.0
    while x < 12.0 + n:
        total -= sign * factorial / x ** (n + 1.0)
        x += 1.0
    if n == 0.0:
        found, term = math.log(x) - 0.5 / x, 1.0  # term: (2k + n - 1)! / (2k)! before its first step
    else:
        found, term = factorial / n / x**n + 0.5 * factorial / x ** (n + 1.0), factorial / n
    square = x * x
    power = x**n
    for k in range(10):
        m = 2.0 * (k + 1.0)
        if n == 0.0:
            step = 1.0 / m
        else:
            term *= (m + n - 1.0) * (m + n - 2.0) / (m * (m - 1.0))
            step = term
        power *= square
        piece = step * _BERNOULLI[k] / power
        found = found - piece if n == 0.0 else found + piece
    return total + (found if n == 0.0 else -sign * found)


NAMES = {"polygamma": polygamma}
