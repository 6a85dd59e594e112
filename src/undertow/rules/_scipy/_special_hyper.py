"""Derivatives of hypergeometric functions and harmonic numbers in their parameters.

Term by term, by the recursion of the terms and its derivative, where the series converges fast (DLMF 13.2.2, 15.2.1,
16.2.1); by Euler's integral with a double exponential rule elsewhere (DLMF 13.4.4, 15.6.1).
"""

from __future__ import annotations

import numpy as np
import scipy.special as sp

from ._quadrature import column, half_line, unit_nodes
from ._special_order import require, zeta_s

__all__ = ["harmonic_da", "hyp0f1_db", "hyp1f1_da", "hyp1f1_db", "hyp2f1_da", "hyp2f1_db", "hyp2f1_dc", "hyperu_da",
           "hyperu_db", "ratio_da"]

_REAL = "the derivative of a hypergeometric function in a parameter is known for real arguments only"


def _series(upper, lower, z, count):
    """Sum of ``(upper)_k / (lower)_k z^k / k!``, and its derivatives in each upper and lower parameter."""
    one = np.ones_like(sum(upper) + sum(lower) + z) if upper else np.ones_like(sum(lower) + z)
    term, total = one, one
    slopes = [0.0 * one for _ in (*upper, *lower)]
    sums = list(slopes)
    for k in range(count):
        ratio = z / (k + 1)
        for a in upper:
            ratio = ratio * (a + k)
        for b in lower:
            ratio = ratio / (b + k)
        new = []
        for i, slope in enumerate(slopes):
            if i < len(upper):
                rest = z / (k + 1)
                for j, a in enumerate(upper):
                    rest = rest * (a + k) if j != i else rest
                for b in lower:
                    rest = rest / (b + k)
                new.append(slope * ratio + term * rest)
            else:
                new.append((slope - term / (lower[i - len(upper)] + k)) * ratio)
        term, slopes = term * ratio, new
        total = total + term
        sums = [s + t for s, t in zip(sums, slopes, strict=True)]
    return total, sums


def _length(z):
    return 40 + int(2.2 * np.max(np.abs(z), initial=0.0))


def hyp0f1_db(y, b, z):
    """``d/db 0F1(b; z)``."""
    require(np.isrealobj(z) & (np.max(np.abs(z), initial=0.0) < 1e4), _REAL)
    return _series((), (b,), z, 40 + int(2 * np.sqrt(np.max(np.abs(z), initial=0.0))))[1][0]


def _hyp1f1(a, b, z):
    """``dM/da`` and ``dM/db``; by Kummer's transformation for z < 0 (DLMF 13.2.39)."""
    require(np.isrealobj(z) & (np.max(np.abs(z), initial=0.0) < 600), _REAL + ", and |z| < 600")
    negative = z < 0
    p, x = np.where(negative, b - a, a), np.abs(z)
    dp, db = _series((p,), (b,), x, _length(z))[1]
    scale = np.where(negative, np.exp(np.minimum(z, 0.0)), 1.0)
    return np.where(negative, -dp, dp) * scale, (db + np.where(negative, dp, 0.0)) * scale


def hyp1f1_da(y, a, b, z):
    """``dM/da``."""
    return _hyp1f1(a, b, z)[0]


def hyp1f1_db(y, a, b, z):
    """``dM/db``."""
    return _hyp1f1(a, b, z)[1]


def _hyp2f1(a, b, c, z):
    """Derivatives of ``2F1(a, b; c; z)`` in a, b, c: by the series unless it takes thousands of terms."""
    require(np.isrealobj(z) & np.all(z < 1), _REAL + ", and z < 1")
    if np.all((z > -99) & (z < 0.99)):
        return _pfaff(a, b, c, z)
    if np.all((c - b > 0.3) & (b > 0.3)):
        return _euler(a, b, c, z)
    require(np.all((c - a > 0.3) & (a > 0.3)), "the derivative of hyp2f1 in a parameter is known for -99 < z < 0.99, "
            "and beyond where b or a, and what it lacks to c, exceeds 0.3")
    db, da, dc = _euler(b, a, c, z)
    return da, db, dc


def _pfaff(a, b, c, z):
    """By the series in z, or in ``z / (z - 1)`` where z is negative (DLMF 15.8.1)."""
    turned = z < -0.5
    w, q = np.where(turned, z / (z - 1), z), np.where(turned, c - b, b)
    count = 60 + int(-40 / np.log(np.max(np.abs(w), initial=0.1)))
    value, (da, dq, dc) = _series((a, q), (c,), w, count)
    log = np.where(turned, np.log1p(-np.where(turned, z, 0.0)), 0.0)
    scale = np.exp(-a * log)
    return scale * (da - log * value), scale * np.where(turned, -dq, dq), scale * (dc + np.where(turned, dq, 0.0))


def _euler(a, b, c, z):
    u, v, w = unit_nodes(320)
    al, bl, cl, zl = column(a, b, c, z)
    base = np.log1p(-zl * u)
    mass = w * np.exp((bl - 1) * np.log(u) + (cl - bl - 1) * np.log(v) - al * base - sp.betaln(bl, cl - bl))
    value = np.sum(mass, axis=-1)
    inner = sp.psi(c - b)
    return (-np.sum(mass * base, axis=-1), np.sum(mass * (np.log(u) - np.log(v)), axis=-1) - value * (sp.psi(b) - inner),
            np.sum(mass * np.log(v), axis=-1) - value * (inner - sp.psi(c)))


def hyp2f1_da(y, a, b, c, z):
    """``dF/da``."""
    return _hyp2f1(a, b, c, z)[0]


def hyp2f1_db(y, a, b, c, z):
    """``dF/db``."""
    return _hyp2f1(a, b, c, z)[1]


def hyp2f1_dc(y, a, b, c, z):
    """``dF/dc``."""
    return _hyp2f1(a, b, c, z)[2]


def _hyperu(a, b, x, factor):
    require(np.all(a > 0) & np.all(x > 0), "the derivative of hyperu in a parameter is known for a > 0, x > 0 only")
    one = np.ones_like(a + b + x)

    def integrand(t, a, b, x):
        log_t, log_1 = np.log(t), np.log1p(t)
        return np.exp(-x * t + (a - 1) * log_t + (b - a - 1) * log_1 - sp.gammaln(a)) * factor(log_t, log_1)

    return half_line(integrand, a * one, b * one, x * one)


def hyperu_da(y, a, b, x):
    """``dU/da``."""
    return _hyperu(a, b, x, lambda log_t, log_1: log_t - log_1) - sp.psi(a) * y


def hyperu_db(y, a, b, x):
    """``dU/db``."""
    return _hyperu(a, b, x, lambda log_t, log_1: log_1)


def harmonic_da(y, n, a):
    """``d/da`` of ``1 + 2**-a + … + n**-a``, a difference of Hurwitz's zeta function."""
    require(np.all(a != 1), "the derivative of a generalised harmonic number in its power is not taken at the power 1")
    n = np.asarray(n, dtype=float)
    return zeta_s(a, np.ones_like(n)) - zeta_s(a, n + 1)


def ratio_da(y, j, k, n, a):
    """``d/da`` of ``(j**-a + … + k**-a) / (1 + … + n**-a)``."""
    j, k, n = (np.asarray(v, dtype=float) for v in (j, k, n))
    require(np.all(a != 1), "the derivative of a generalised harmonic number in its power is not taken at the power 1")
    total = sp.zeta(1.0 * a, 1.0) - sp.zeta(1.0 * a, n + 1) if np.all(a > 1) else _direct(n, a)
    return (zeta_s(a, j) - zeta_s(a, k + 1) - y * (zeta_s(a, np.ones_like(n)) - zeta_s(a, n + 1))) / total


def _direct(n, a):
    k = np.arange(1.0, float(np.max(n)) + 1)
    a, n = column(a, n)
    return np.sum(np.where(k <= n, k**-a, 0.0), axis=-1)
