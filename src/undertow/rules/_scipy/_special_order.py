"""Derivatives of special functions with respect to an order or a parameter, as series and integrals.

Bessel functions in their order: for small argument the ascending series (DLMF 10.2.2, 10.25.2) differentiated
term by term, otherwise Schläfli's integrals (DLMF 10.9.6-7, 10.32.4, 10.32.9) differentiated under the sign.
Hurwitz's zeta function in `s`: Euler and Maclaurin's formula (DLMF 25.11.28) differentiated.
Carlson's integrals: DLMF 19.18.1 and their definitions (19.16) differentiated under the sign.
"""

from __future__ import annotations

import functools

import numpy as np
import scipy.special as sp

from .._registry import Refused, elementwise
from ..samples import positive
from ._quadrature import column, half_line, unit_nodes

__all__ = ["bessel_orders", "require", "zeta_s"]


def require(condition, reason: str) -> None:
    """Refuse the derivative at values outside the domain where it is known."""
    if not np.all(condition):
        raise Refused(reason).error()


# ---- Bessel functions ----------------------------------------------------------------------------------------------

_DOMAIN = "the derivative of a Bessel function in its order is known for real x > 0 and order > -1 only"


def _checked(v, x):
    require(np.isrealobj(x), _DOMAIN)
    require((x > 0) & (v > -1), _DOMAIN)
    return v * np.ones_like(x), x * np.ones_like(v)


@functools.lru_cache(maxsize=32)
def _gauss(n: int):
    """Gauss-Legendre nodes of (0, pi)."""
    t, w = np.polynomial.legendre.leggauss(n)
    t, w = np.pi / 2 * (t + 1), np.pi / 2 * w
    t.setflags(write=False)
    w.setflags(write=False)
    return t, w


def _angles(v, x):
    largest = float(np.max(abs(x) + abs(v), initial=0.0))
    require(largest < 1500, "the order's derivative of an oscillating Bessel function is known below x + v = 1500")
    return _gauss(32 * (2 + int(largest) // 32))


def _tail(v, x, hyperbolic, inverse, growth):
    """Nodes and weights in t for integrals of ``exp(growth·v·t - x·hyperbolic(t))`` over (0, inf)."""
    u, _, w = unit_nodes(480)
    end = inverse((60.0 + 8 * abs(v)) / x)[..., None]
    t = end * u
    v, x = column(v, x)
    return t, w * end * np.exp(growth * v * t - x * hyperbolic(t)), w * end * np.exp(-v * t - x * hyperbolic(t))


def _cosh1(t):
    return 2 * np.sinh(t / 2) ** 2


def _arccosh1(c):
    return 2 * np.arcsinh(np.sqrt(c / 2))


def _series(v, x, sign, scale):
    """``d/dv sum_k sign^k (x/2)^(2k+v) / (k! gamma(v+k+1)) · exp(scale)``."""
    k = np.arange(40 + int(np.max(x, initial=0.0)), dtype=float)
    v, x, scale = column(v, x, scale)
    log_half = np.log(x / 2)
    term = np.exp((2 * k + v) * log_half - sp.gammaln(k + 1) - sp.gammaln(v + k + 1) + scale)
    return np.sum(sign**k * term * (log_half - sp.psi(v + k + 1)), axis=-1)


def _choose(small, v, x, series, integral):
    """Evaluate the series where `small`, the integral elsewhere, each at harmless values where it is not taken."""
    if np.all(small):
        return series(v, x)
    if not np.any(small):
        return integral(v, x)
    inside = series(np.where(small, v, 1.0), np.where(small, x, 1.0))
    return np.where(small, inside, integral(np.where(small, 1.0, v), np.where(small, 10.0, x)))


def _jv_dv(v, x):
    v, x = _checked(v, x)

    def integral(v, x):
        theta, w = _angles(v, x)
        t, _, decay = _tail(v, x, np.sinh, np.arcsinh, -1)
        wave = np.sum(w * theta * np.sin(column(v)[0] * theta - column(x)[0] * np.sin(theta)), axis=-1)
        return (-wave / np.pi - np.cos(np.pi * v) * np.sum(decay, axis=-1)
                + np.sin(np.pi * v) / np.pi * np.sum(t * decay, axis=-1))

    return _choose((x < 6) | (x * x < 4 * (v + 1)), v, x, lambda v, x: _series(v, x, -1.0, 0.0 * x), integral)


def _yv_dv(v, x):
    v, x = _checked(v, x)
    theta, w = _angles(v, x)
    t, grow, decay = _tail(v, x, np.sinh, np.arcsinh, 1)
    wave = np.sum(w * theta * np.cos(column(x)[0] * np.sin(theta) - column(v)[0] * theta), axis=-1)
    tail = np.sum(t * grow, axis=-1) - np.cos(np.pi * v) * np.sum(t * decay, axis=-1)
    return -(wave + tail) / np.pi + np.sin(np.pi * v) * np.sum(decay, axis=-1)


def _ive_dv(v, x):
    v, x = _checked(v, x)

    def integral(v, x):
        # On (0, pi) the integrand is peaked at zero with width x^(-1/2): map the nodes quadratically.
        theta, w = _gauss(256)
        theta, w = theta * theta / np.pi, w * 2 * theta / np.pi
        t, _, decay = _tail(v, x, _cosh1, _arccosh1, -1)
        decay = decay * np.exp(-2 * column(x)[0])
        n, y = column(v, x)
        wave = np.sum(w * theta * np.exp(-2 * y * np.sin(theta / 2) ** 2) * np.sin(n * theta), axis=-1)
        return (-wave / np.pi - np.cos(np.pi * v) * np.sum(decay, axis=-1)
                + np.sin(np.pi * v) / np.pi * np.sum(t * decay, axis=-1))

    return _choose(x < 150, v, x, lambda v, x: _series(v, x, 1.0, -x), integral)


def _kve_dv(v, x):
    require(np.isrealobj(x), _DOMAIN)
    require(x > 0, _DOMAIN)
    v, x = v * np.ones_like(x), x * np.ones_like(v)
    # The integrand is even and entire: the trapezoidal rule converges exponentially.
    n = 320
    step = _arccosh1((60.0 + 8 * abs(v)) / x) / n
    t = step[..., None] * np.arange(1, n + 1)
    v, x = column(v, x)
    fall = x * _cosh1(t)
    return step * np.sum(t * (np.exp(v * t - fall) - np.exp(-v * t - fall)), axis=-1) / 2


bessel_orders = {
    "jv": lambda y, v, x: _jv_dv(v, x), "jve": lambda y, v, x: _jv_dv(v, x),
    "yv": lambda y, v, x: _yv_dv(v, x), "yve": lambda y, v, x: _yv_dv(v, x),
    "iv": lambda y, v, x: _ive_dv(v, x) * np.exp(x), "ive": lambda y, v, x: _ive_dv(v, x),
    "kv": lambda y, v, x: _kve_dv(v, x) * np.exp(-x), "kve": lambda y, v, x: _kve_dv(v, x),
}

# ---- zeta ----------------------------------------------------------------------------------------------------------

_BERNOULLI = sp.bernoulli(20)[2::2]


def zeta_s(s, q):
    """``d/ds zeta(s, q)`` for real ``s != 1``, ``q > 0``."""
    require((q > 0) & np.isrealobj(s), "the derivative of zeta in s is known for real s and q > 0 only")
    s, q = s * np.ones_like(q), q * np.ones_like(s)
    n = 12
    a = q + n
    log_a = np.log(a)
    head = q[..., None] + np.arange(n)
    total = -np.sum(np.log(head) * head ** -s[..., None], axis=-1)
    total = total - a ** (1 - s) * (log_a / (s - 1) + 1 / (s - 1) ** 2) - log_a * a**-s / 2
    product, slope = s, np.ones_like(s)  # s(s+1)…(s+2j-2) and its derivative
    factorial = 2.0
    for j, b in enumerate(_BERNOULLI, 1):
        total = total + b / factorial * a ** (-s - 2 * j + 1) * (slope - product * log_a)
        for shift in (2 * j - 1, 2 * j):
            product, slope = product * (s + shift), slope * (s + shift) + product
        factorial *= (2 * j + 1) * (2 * j + 2)
    return total


# ---- Carlson's integrals -------------------------------------------------------------------------------------------


def _real(*args):
    require(np.all([np.isrealobj(a) for a in args]), "Carlson integrals have rules for real arguments only")


def _rd(x, y, z, power_x, power_z):
    _real(x, y, z)
    return half_line(lambda t, x, y, z: (t + x) ** -power_x * (t + y) ** -0.5 * (t + z) ** -power_z, x, y, z)


def _rj(x, y, z, p, power_x, power_p):
    _real(x, y, z, p)
    require(p > 0, "the derivative of Cauchy's principal value of elliprj (p < 0) is not known")
    return half_line(lambda t, x, y, z, p: (t + x) ** -power_x * ((t + y) * (t + z)) ** -0.5 * (t + p) ** -power_p,
                     x, y, z, p)


def _rc(x, y, power_x, power_y):
    _real(x, y)
    require(y > 0, "the derivative of Cauchy's principal value of elliprc (y < 0) is not known")
    return half_line(lambda t, x, y: (t + x) ** -power_x * (t + y) ** -power_y, x, y)


def _rg_dx(x, y, z):
    return (3 * sp.elliprf(x, y, z) - x * sp.elliprd(y, z, x)) / 12


elementwise(sp.elliprf, lambda r, x, y, z: -sp.elliprd(y, z, x) / 6, lambda r, x, y, z: -sp.elliprd(x, z, y) / 6,
            lambda r, x, y, z: -sp.elliprd(x, y, z) / 6, samples=(positive, positive, positive))
elementwise(sp.elliprd, lambda r, x, y, z: -0.75 * _rd(x, y, z, 1.5, 1.5),
            lambda r, x, y, z: -0.75 * _rd(y, x, z, 1.5, 1.5), lambda r, x, y, z: -2.25 * _rd(x, y, z, 0.5, 2.5),
            samples=(positive, positive, positive), holomorphic=False)
elementwise(sp.elliprj, lambda r, x, y, z, p: -0.75 * _rj(x, y, z, p, 1.5, 1.0),
            lambda r, x, y, z, p: -0.75 * _rj(y, x, z, p, 1.5, 1.0),
            lambda r, x, y, z, p: -0.75 * _rj(z, x, y, p, 1.5, 1.0),
            lambda r, x, y, z, p: -1.5 * _rj(x, y, z, p, 0.5, 2.0),
            samples=(positive, positive, positive, positive), holomorphic=False)
elementwise(sp.elliprc, lambda r, x, y: -0.25 * _rc(x, y, 1.5, 1.0), lambda r, x, y: -0.5 * _rc(x, y, 0.5, 2.0),
            samples=(positive, positive), holomorphic=False)
elementwise(sp.elliprg, lambda r, x, y, z: _rg_dx(x, y, z), lambda r, x, y, z: _rg_dx(y, x, z),
            lambda r, x, y, z: _rg_dx(z, x, y), samples=(positive, positive, positive))
