"""Derivatives of ``scipy.special``: one line a function.

Formulas are those of the Digital Library of Mathematical Functions (DLMF, https://dlmf.nist.gov) unless said
otherwise.  Partials are written with other special functions that have rules, so that every order follows.
Distribution functions and their inverses are in `_special_cdf`, orders of Bessel functions in `_special_order`.
"""

from __future__ import annotations

import numpy as np
import scipy.special as sp

from .._callables import active, attach, below, bottom, through_source
from .._registry import Refused, elementwise, pullback, pushforward, refuse, substitute, zero_derivative
from ..samples import Domain, Sample, above_one, positive, real, unit
from . import _special_cdf, _special_hyper as hyper, _special_order  # noqa: F401  (registers rules)
from ._private import private
from ._special_order import bessel_orders, require, zeta_s

scu = private("scipy.special._ufuncs")

_SQRT_PI = np.sqrt(np.pi)
_SQRT_2PI = np.sqrt(2 * np.pi)
_DEGREE = np.pi / 180
_open_unit = Domain(0.1, 0.9, "(0, 1)")
_degree = Domain(0, 5, "degree", integer=True)
_order = Domain(0.2, 3.0, "order")
_one_up = Domain(1, 4, "integer >= 1", integer=True)

DISCRETE = Refused("this argument is an integer: the function is not defined between integers")
PARAMETER = Refused("no derivative with respect to this parameter is known in closed form")


def _discrete_order(n):
    """The degree `n` lowered by one, kept in the domain where the factor in front vanishes."""
    return np.maximum(n - 1, 0)


def _sinhc(x):
    """``sinh(x)/x``, one at zero."""
    zero = x == 0
    safe = np.where(zero, 1.0, x)
    return np.where(zero, 1.0, np.sinh(safe) / safe)


def _sinc(x):
    zero = x == 0
    safe = np.where(zero, 1.0, x)
    return np.where(zero, 1.0, np.sin(safe) / safe)


# ---- gamma and relatives (DLMF 5) ----------------------------------------------------------------------------------


def _trigamma(x):
    return scu._zeta(2.0, x)


def _rgamma_dx(y, x):
    # 1/gamma is entire; at its zeros -n the product y·psi is 0·inf and the limit is (-1)^n n!  (DLMF 5.7.1)
    pole = (np.real(x) <= 0) & (x == np.round(np.real(x)))
    safe = np.where(pole, 0.5, x)
    n = np.where(pole, -np.real(x), 0.0)
    return np.where(pole, np.cos(np.pi * n) * sp.gamma(n + 1), -y * sp.psi(safe))


elementwise(sp.gamma, lambda y, x: y * sp.psi(x), samples=positive)
elementwise(sp.gammaln, lambda y, x: sp.psi(x), samples=positive)
elementwise(sp.loggamma, lambda y, x: sp.psi(x), samples=positive)
elementwise(sp.rgamma, _rgamma_dx, samples=[Sample((2.3,)), Sample((-1.5,)), Sample((np.array([0.4, -2.2]),))])
elementwise(sp.psi, lambda y, x: _trigamma(x), samples=positive, holomorphic=False)
elementwise(scu._zeta, lambda y, s, q: zeta_s(s, q), lambda y, s, q: -s * scu._zeta(s + 1, q),
            samples=(Domain(1.5, 5.0), positive), holomorphic=False)
elementwise(scu._riemann_zeta, lambda y, s: zeta_s(s, np.ones_like(s)), samples=Domain(1.5, 6.0), holomorphic=False)
elementwise(sp.zetac, lambda y, s: zeta_s(s, np.ones_like(s)), samples=Domain(1.5, 6.0))
zero_derivative(sp.gammasgn, jumps=lambda x: np.where(x < 0, np.sin(np.pi * x), np.minimum(abs(x), 1.0)))
elementwise(sp.beta, lambda y, a, b: y * (sp.psi(a) - sp.psi(a + b)), lambda y, a, b: y * (sp.psi(b) - sp.psi(a + b)),
            samples=(positive, positive))
elementwise(sp.betaln, lambda y, a, b: sp.psi(a) - sp.psi(a + b), lambda y, a, b: sp.psi(b) - sp.psi(a + b),
            samples=(positive, positive))
elementwise(sp.binom, lambda y, n, k: y * (sp.psi(n + 1) - sp.psi(n - k + 1)),
            lambda y, n, k: y * (sp.psi(n - k + 1) - sp.psi(k + 1)), samples=(Domain(3.2, 6.0), positive))
elementwise(sp.poch, lambda y, z, m: y * (sp.psi(z + m) - sp.psi(z)), lambda y, z, m: y * sp.psi(z + m),
            samples=(positive, positive))
elementwise(scu._lgam1p, lambda y, x: sp.psi(1 + x), samples=unit)
elementwise(scu._factorial, lambda y, x: y * sp.psi(1 + x), samples=positive)
elementwise(scu._gen_harmonic, DISCRETE, hyper.harmonic_da, samples=(_one_up, above_one))
elementwise(scu._normalized_gen_harmonic, DISCRETE, DISCRETE, DISCRETE, hyper.ratio_da,
            samples=[Sample((2, 4, 6, 1.7)), Sample((np.array([1, 3]), 5, 8, np.array([0.6, 2.2])))])

# ---- error functions (DLMF 7) --------------------------------------------------------------------------------------


def _modfresnel_dx(y, x, i):
    require(x >= 0, "scipy's value of a modified Fresnel integral at x < 0 is not the integral it stands for")
    return -np.exp(i * x * x), -2 * i * x * y[1] - np.exp(-i * np.pi / 4) / _SQRT_PI


elementwise(sp.erf, lambda y, x: 2 / _SQRT_PI * np.exp(-x * x), samples=real)
elementwise(sp.erfc, lambda y, x: -2 / _SQRT_PI * np.exp(-x * x), samples=real)
elementwise(sp.erfcx, lambda y, x: 2 * x * y - 2 / _SQRT_PI, samples=real)
elementwise(sp.erfi, lambda y, x: 2 / _SQRT_PI * np.exp(x * x), samples=real)
elementwise(sp.dawsn, lambda y, x: 1 - 2 * x * y, samples=real)
elementwise(sp.wofz, lambda y, x: -2 * x * y + 2j / _SQRT_PI, samples=[Sample((0.3 + 0.4j,)), Sample((-1.2 + 0.1j,))])
elementwise(sp.erfinv, lambda y, x: _SQRT_PI / 2 * np.exp(y * y), samples=unit)
elementwise(sp.erfcinv, lambda y, x: -_SQRT_PI / 2 * np.exp(y * y), samples=Domain(0.1, 1.9))
elementwise(sp.ndtr, lambda y, x: np.exp(-x * x / 2) / _SQRT_2PI, samples=real)
elementwise(sp.log_ndtr, lambda y, x: np.exp(-x * x / 2 - y) / _SQRT_2PI, samples=Domain(-9.0, 3.0))
elementwise(sp.ndtri, lambda y, x: _SQRT_2PI * np.exp(y * y / 2), samples=_open_unit)
elementwise(sp.ndtri_exp, lambda y, x: _SQRT_2PI * np.exp(y * y / 2 + x), samples=Domain(-9.0, -0.1))
elementwise(sp.fresnel, lambda y, x: (np.sin(np.pi / 2 * x * x), np.cos(np.pi / 2 * x * x)), nout=2, samples=real)
elementwise(sp.modfresnelp, lambda y, x: _modfresnel_dx(y, x, 1j), nout=2, samples=positive)
elementwise(sp.modfresnelm, lambda y, x: _modfresnel_dx(y, x, -1j), nout=2, samples=positive)


def _faddeeva(x, sigma, gamma):
    """``w(z)`` and ``w'(z)`` at ``z = (x + i gamma)/(sigma √2)`` (DLMF 7.19)."""
    z = (x + 1j * gamma) / (sigma * np.sqrt(2))
    w = sp.wofz(z)
    return z, w, -2 * z * w + 2j / _SQRT_PI


def _voigt_dx(y, x, sigma, gamma):
    return np.real(_faddeeva(x, sigma, gamma)[2]) / (2 * _SQRT_PI * sigma * sigma)


def _voigt_dsigma(y, x, sigma, gamma):
    z, w, dw = _faddeeva(x, sigma, gamma)
    return -np.real(w + z * dw) / (_SQRT_2PI * sigma * sigma)


def _voigt_dgamma(y, x, sigma, gamma):
    return -np.imag(_faddeeva(x, sigma, gamma)[2]) / (2 * _SQRT_PI * sigma * sigma)


elementwise(sp.voigt_profile, _voigt_dx, _voigt_dsigma, _voigt_dgamma, samples=(real, positive, positive))
elementwise(sp.owens_t, lambda y, h, a: -np.exp(-h * h / 2) / (2 * _SQRT_2PI) * sp.erf(a * h / np.sqrt(2)),
            lambda y, h, a: np.exp(-h * h / 2 * (1 + a * a)) / (2 * np.pi * (1 + a * a)), samples=(real, real))

# ---- exponential, sine and cosine integrals (DLMF 6, 8.19) ---------------------------------------------------------


def _expn_dx(y, n, x):
    # E_n' = -E_{n-1}, and E_{-1}(x) = e^{-x} (1 + x)/x²
    first = n == 0
    return -np.where(first, np.exp(-x) * (1 + x) / x**2, sp.expn(_discrete_order(n), x))


elementwise(sp.expi, lambda y, x: np.exp(x) / x, samples=positive)
elementwise(sp.exp1, lambda y, x: -np.exp(-x) / x, samples=positive)
elementwise(scu._scaled_exp1, lambda y, x: y / x + y - 1, samples=positive)
elementwise(sp.expn, DISCRETE, _expn_dx, samples=(_degree, positive))
elementwise(sp.exprel, lambda y, x: sp.hyp1f1(2.0, 3.0, x) / 2, samples=real)
elementwise(sp.sici, lambda y, x: (_sinc(x), np.cos(x) / x), nout=2, samples=positive)
elementwise(sp.shichi, lambda y, x: (_sinhc(x), np.cosh(x) / x), nout=2, samples=positive)


def _spence_dx(y, x):
    one = x == 1
    safe = np.where(one, 2.0, x)
    return np.where(one, -1.0, np.log(safe) / (1 - safe))


elementwise(sp.spence, _spence_dx, samples=positive)

# ---- Bessel functions (DLMF 10.6, 10.29) ---------------------------------------------------------------------------

elementwise(sp.j0, lambda y, x: -sp.j1(x), samples=real)
elementwise(sp.j1, lambda y, x: (sp.j0(x) - sp.jv(2.0, x)) / 2, samples=real)
elementwise(sp.y0, lambda y, x: -sp.y1(x), samples=positive)
elementwise(sp.y1, lambda y, x: (sp.y0(x) - sp.yv(2.0, x)) / 2, samples=positive)
elementwise(sp.i0, lambda y, x: sp.i1(x), samples=real)
elementwise(sp.i1, lambda y, x: (sp.i0(x) + sp.iv(2.0, x)) / 2, samples=real)
elementwise(sp.i0e, lambda y, x: sp.i1e(x) - np.sign(x) * y, samples=real, kinks=lambda x: x, convention="zero at 0")
elementwise(sp.i1e, lambda y, x: (sp.i0e(x) + sp.ive(2.0, x)) / 2 - np.sign(x) * y, samples=real)
elementwise(sp.k0, lambda y, x: -sp.k1(x), samples=positive)
elementwise(sp.k1, lambda y, x: -(sp.k0(x) + sp.kv(2.0, x)) / 2, samples=positive)
elementwise(sp.k0e, lambda y, x: y - sp.k1e(x), samples=positive)
elementwise(sp.k1e, lambda y, x: y - (sp.k0e(x) + sp.kve(2.0, x)) / 2, samples=positive)

elementwise(sp.jv, bessel_orders["jv"], lambda y, v, x: (sp.jv(v - 1, x) - sp.jv(v + 1, x)) / 2,
            samples=(_order, positive))
elementwise(sp.yv, bessel_orders["yv"], lambda y, v, x: (sp.yv(v - 1, x) - sp.yv(v + 1, x)) / 2,
            samples=(_order, positive))
elementwise(sp.iv, bessel_orders["iv"], lambda y, v, x: (sp.iv(v - 1, x) + sp.iv(v + 1, x)) / 2,
            samples=(_order, positive))
elementwise(sp.kv, bessel_orders["kv"], lambda y, v, x: -(sp.kv(v - 1, x) + sp.kv(v + 1, x)) / 2,
            samples=(_order, positive))
# The scaled functions carry exp(-|Im z|), exp(-|Re z|): not holomorphic, so rules hold on the real line.
elementwise(sp.jve, bessel_orders["jve"], lambda y, v, x: (sp.jve(v - 1, x) - sp.jve(v + 1, x)) / 2,
            samples=(_order, positive), holomorphic=False)
elementwise(sp.yve, bessel_orders["yve"], lambda y, v, x: (sp.yve(v - 1, x) - sp.yve(v + 1, x)) / 2,
            samples=(_order, positive), holomorphic=False)
elementwise(sp.ive, bessel_orders["ive"], lambda y, v, x: (sp.ive(v - 1, x) + sp.ive(v + 1, x)) / 2 - np.sign(x) * y,
            samples=(_order, positive), holomorphic=False)
elementwise(sp.kve, bessel_orders["kve"], lambda y, v, x: y - (sp.kve(v - 1, x) + sp.kve(v + 1, x)) / 2,
            samples=(_order, positive))
elementwise(sp.kn, DISCRETE, lambda y, n, x: -(sp.kv(n - 1.0, x) + sp.kv(n + 1.0, x)) / 2, samples=(_degree, positive))
elementwise(sp.yn, DISCRETE, lambda y, n, x: (sp.yv(n - 1.0, x) - sp.yv(n + 1.0, x)) / 2, samples=(_degree, positive))

_HANKEL = Refused("the order of a Hankel function has no rule: write it as jv(v, x) ± 1j*yv(v, x)")
elementwise(sp.hankel1, _HANKEL, lambda y, v, x: (sp.hankel1(v - 1, x) - sp.hankel1(v + 1, x)) / 2,
            samples=(_order, positive))
elementwise(sp.hankel2, _HANKEL, lambda y, v, x: (sp.hankel2(v - 1, x) - sp.hankel2(v + 1, x)) / 2,
            samples=(_order, positive))
elementwise(sp.hankel1e, _HANKEL, lambda y, v, x: (sp.hankel1e(v - 1, x) - sp.hankel1e(v + 1, x)) / 2 - 1j * y,
            samples=(_order, positive))
elementwise(sp.hankel2e, _HANKEL, lambda y, v, x: (sp.hankel2e(v - 1, x) - sp.hankel2e(v + 1, x)) / 2 + 1j * y,
            samples=(_order, positive))

_RATIO_ORDER = Refused("the order of a ratio of Bessel functions has no rule")
elementwise(scu._iv_ratio, _RATIO_ORDER, lambda y, v, x: 1 - y * y - (2 * v - 1) / x * y, samples=(above_one, positive))
elementwise(scu._iv_ratio_c, _RATIO_ORDER, lambda y, v, x: (1 - y) ** 2 - 1 + (2 * v - 1) / x * (1 - y),
            samples=(above_one, positive))


def _spherical(value, slope, lower, upper):
    """Rules for a spherical Bessel function and its derivative from one recurrence (DLMF 10.51.2, 10.51.5).

    ``f_n' = (lower·n·f_{n-1} + upper·(n+1)·f_{n+1}) / (2n+1)``; the derivative's derivative follows from it.
    """

    def slope_dz(y, n, z):
        down, up = slope(_discrete_order(n), z), slope(n + 1, z)
        return (lower * n * down + upper * (n + 1) * up) / (2 * n + 1)

    elementwise(value, DISCRETE, lambda y, n, z: slope(n, z), samples=(_degree, positive))
    elementwise(slope, DISCRETE, slope_dz, samples=(_degree, positive))


_spherical(scu._spherical_jn, scu._spherical_jn_d, 1, -1)
_spherical(scu._spherical_yn, scu._spherical_yn_d, 1, -1)
_spherical(scu._spherical_in, scu._spherical_in_d, 1, 1)
_spherical(scu._spherical_kn, scu._spherical_kn_d, -1, -1)

elementwise(sp.itj0y0, lambda y, x: (sp.j0(x), sp.y0(x)), nout=2, samples=positive)
elementwise(sp.iti0k0, lambda y, x: (sp.i0(x), sp.k0(x)), nout=2, samples=positive)
elementwise(sp.it2j0y0, lambda y, x: ((1 - sp.j0(x)) / x, -sp.y0(x) / x), nout=2, samples=positive)
elementwise(sp.it2i0k0, lambda y, x: ((sp.i0(x) - 1) / x, -sp.k0(x) / x), nout=2, samples=positive)
elementwise(sp.besselpoly, lambda y, a, lam, nu: sp.besselpoly(a, lam + 1, nu - 1) - sp.besselpoly(a, lam + 1, nu + 1),
            PARAMETER, PARAMETER, samples=(positive, positive, above_one))

# ---- Airy, Kelvin, Struve and parabolic cylinder functions (DLMF 9, 10.61, 11.4, 12.2) -----------------------------


def _airye_dx(y, x):
    # The scaling is exp(±2/3 x^{3/2}) for x > 0 and one for x < 0.
    ai, aip, bi, bip = y
    root = np.sqrt(np.maximum(x, 0.0))
    return aip + root * ai, x * ai + root * aip, bip - root * bi, x * bi - root * bip


def _itairy_dx(y, x):
    ai, _, bi, _ = sp.airy(x)
    ai_minus, _, bi_minus, _ = sp.airy(-x)
    return ai, bi, ai_minus, bi_minus


def _struve_dx(y, v, x, sign, function):
    # DLMF 11.4.25 and 11.4.32, symmetrised
    tail = (x / 2) ** v * sp.rgamma(v + 1.5) / _SQRT_PI
    return (function(v - 1, x) + sign * function(v + 1, x) + tail) / 2


elementwise(sp.airy, lambda y, x: (y[1], x * y[0], y[3], x * y[2]), nout=4, samples=real)
elementwise(sp.airye, _airye_dx, nout=4, samples=positive, holomorphic=False)
elementwise(sp.itairy, _itairy_dx, nout=4, samples=positive)
elementwise(sp.kelvin, lambda y, x: (y[2], y[3], 1j * y[0] - y[2] / x, 1j * y[1] - y[3] / x), nout=4, samples=positive)
elementwise(sp.ber, lambda y, x: sp.berp(x), samples=positive)
elementwise(sp.bei, lambda y, x: sp.beip(x), samples=positive)
elementwise(sp.ker, lambda y, x: sp.kerp(x), samples=positive)
elementwise(sp.kei, lambda y, x: sp.keip(x), samples=positive)
elementwise(sp.berp, lambda y, x: -sp.bei(x) - y / x, samples=positive)
elementwise(sp.beip, lambda y, x: sp.ber(x) - y / x, samples=positive)
elementwise(sp.kerp, lambda y, x: -sp.kei(x) - y / x, samples=positive)
elementwise(sp.keip, lambda y, x: sp.ker(x) - y / x, samples=positive)
_STRUVE = Refused("the order of a Struve function has no rule")
elementwise(sp.struve, _STRUVE, lambda y, v, x: _struve_dx(y, v, x, -1, sp.struve), samples=(_order, positive))
elementwise(sp.modstruve, _STRUVE, lambda y, v, x: _struve_dx(y, v, x, 1, sp.modstruve), samples=(_order, positive))
elementwise(sp.itstruve0, lambda y, x: sp.struve(0.0, x), samples=positive)
elementwise(sp.itmodstruve0, lambda y, x: sp.modstruve(0.0, x), samples=positive)
elementwise(sp.it2struve0, lambda y, x: -sp.struve(0.0, x) / x, samples=positive)
elementwise(sp.pbdv, PARAMETER, lambda y, v, x: (y[1], (x * x / 4 - v - 0.5) * y[0]), nout=2, samples=(_order, real))
elementwise(sp.pbvv, PARAMETER, lambda y, v, x: (y[1], (x * x / 4 - v - 0.5) * y[0]), nout=2, samples=(_order, real))
elementwise(sp.pbwa, PARAMETER, lambda y, a, x: (y[1], (a - x * x / 4) * y[0]), nout=2, samples=(positive, real))

# ---- elliptic integrals and functions (DLMF 19, 22) ----------------------------------------------------------------


def _ellipkinc_dm(y, phi, m):
    # DLMF 19.25.9-10 for the half period around phi, the complete integral for the whole periods.
    n = np.round(phi / np.pi)
    s, c = np.sin(phi - n * np.pi), np.cos(phi)
    return (s**3 * sp.elliprd(c * c, 1.0, 1 - m * s * s) + 2 * n * sp.elliprd(0.0, 1.0, 1 - m)) / 6


def _ellipeinc_dm(y, phi, m):
    n = np.round(phi / np.pi)
    s, c = np.sin(phi - n * np.pi), np.cos(phi)
    return -(s**3 * sp.elliprd(c * c, 1 - m * s * s, 1.0) + 2 * n * sp.elliprd(0.0, 1 - m, 1.0)) / 6


def _ellipj_dm(y, u, m):
    # F(am(u|m) | m) = u for every m, so d am/dm = -dn dF/dm  (DLMF 22.16.10)
    sn, cn, dn, am = y
    am_dm = -dn * _ellipkinc_dm(u, am, m)
    return cn * am_dm, -sn * am_dm, -(sn * sn + 2 * m * sn * cn * am_dm) / (2 * dn), am_dm


elementwise(sp.ellipk, lambda y, m: sp.elliprd(0.0, 1.0, 1 - m) / 6, samples=unit)
elementwise(sp.ellipkm1, lambda y, p: -sp.elliprd(0.0, 1.0, p) / 6, samples=positive)
elementwise(sp.ellipe, lambda y, m: -sp.elliprd(0.0, 1 - m, 1.0) / 6, samples=unit)
elementwise(sp.ellipkinc, lambda y, phi, m: 1 / np.sqrt(1 - m * np.sin(phi) ** 2), _ellipkinc_dm,
            samples=(Domain(-5.0, 5.0), unit))
elementwise(sp.ellipeinc, lambda y, phi, m: np.sqrt(1 - m * np.sin(phi) ** 2), _ellipeinc_dm,
            samples=(Domain(-5.0, 5.0), unit))
elementwise(sp.ellipj, lambda y, u, m: (y[1] * y[2], -y[0] * y[2], -m * y[0] * y[1], y[2]), _ellipj_dm, nout=4,
            samples=(Domain(-4.0, 4.0), _open_unit))
elementwise(sp.agm, lambda y, a, b: y * y * abs(a) * sp.elliprd(0.0, b * b, a * a) * 2 / (3 * np.pi),
            lambda y, a, b: y * y * abs(b) * sp.elliprd(0.0, a * a, b * b) * 2 / (3 * np.pi),
            samples=(positive, positive), cite="DLMF 19.8.5, 19.18.1")

# ---- hypergeometric functions (DLMF 13.3, 15.5, 16.3) --------------------------------------------------------------

elementwise(sp.hyp0f1, hyper.hyp0f1_db, lambda y, b, z: sp.hyp0f1(b + 1, z) / b, samples=(positive, real))
elementwise(sp.hyp1f1, hyper.hyp1f1_da, hyper.hyp1f1_db, lambda y, a, b, z: a / b * sp.hyp1f1(a + 1, b + 1, z),
            samples=(positive, above_one, real))
elementwise(sp.hyp2f1, hyper.hyp2f1_da, hyper.hyp2f1_db, hyper.hyp2f1_dc,
            lambda y, a, b, c, z: a * b / c * sp.hyp2f1(a + 1, b + 1, c + 1, z),
            samples=(positive, positive, above_one, unit))
elementwise(sp.hyperu, hyper.hyperu_da, hyper.hyperu_db, lambda y, a, b, x: -a * sp.hyperu(a + 1, b + 1, x),
            samples=(positive, positive, positive))
elementwise(sp.wright_bessel, PARAMETER, PARAMETER, lambda y, a, b, x: sp.wright_bessel(a, a + b, x),
            samples=(positive, positive, positive), cite="DLMF 10.46.1")
elementwise(sp.log_wright_bessel, PARAMETER, PARAMETER,
            lambda y, a, b, x: np.exp(sp.log_wright_bessel(a, a + b, x) - y), samples=(positive, positive, positive))

# ---- logarithms, exponentials and their combinations ---------------------------------------------------------------


def _xlogy_dy(z, x, y):
    zero = x == 0
    return np.where(zero, 0.0, x / np.where(zero, 1.0, y))


def _xlog1py_dy(z, x, y):
    zero = x == 0
    return np.where(zero, 0.0, x / np.where(zero, 1.0, 1 + y))


def _boxcox_dlambda(log_x, lam):
    """``d/dl (x^l - 1)/l = log(x)² e'(l log x)`` with ``e(u) = (e^u - 1)/u``, regular at ``l = 0``."""
    return log_x * log_x * sp.hyp1f1(2.0, 3.0, lam * log_x) / 2


def _pseudo_root(delta, r):
    return np.sqrt(1 + (r / delta) ** 2)


elementwise(sp.expm1, lambda y, x: np.exp(x), samples=real)
elementwise(sp.log1p, lambda y, x: 1 / (1 + x), samples=unit)
elementwise(sp.cosm1, lambda y, x: -np.sin(x), samples=real)
elementwise(sp.exp2, lambda y, x: np.log(2.0) * y, samples=real)
elementwise(sp.exp10, lambda y, x: np.log(10.0) * y, samples=real)
elementwise(sp.cbrt, lambda y, x: 1 / (3 * y * y), samples=positive)
elementwise(sp.powm1, lambda z, x, y: y * x ** (y - 1), lambda z, x, y: x**y * np.log(x), samples=(positive, real))
elementwise(sp.xlogy, lambda z, x, y: np.log(y), _xlogy_dy, samples=(real, positive))
elementwise(sp.xlog1py, lambda z, x, y: np.log1p(y), _xlog1py_dy, samples=(real, unit))
elementwise(sp.entr, lambda y, x: -np.log(x) - 1, samples=positive)


def _odds(x, y):
    """``x / y``, and 0 where ``x = 0``, whatever `y` is."""
    zero = x == 0
    return np.where(zero, 0.0, x / np.where(zero, 1.0, y)) if np.any(zero) else x / y


elementwise(sp.rel_entr, lambda z, x, y: np.log(x / y) + 1, lambda z, x, y: -_odds(x, y), samples=(positive, positive))
elementwise(sp.kl_div, lambda z, x, y: np.log(x / y), lambda z, x, y: 1 - _odds(x, y), samples=(positive, positive))
elementwise(sp.logit, lambda y, x: 1 / (x * (1 - x)), samples=_open_unit)
elementwise(sp.expit, lambda y, x: y * sp.expit(-x), samples=real)
elementwise(sp.log_expit, lambda y, x: sp.expit(-x), samples=real)
elementwise(scu._log1mexp, lambda y, x: -1 / np.expm1(-x), samples=Domain(-3.0, -0.1))
elementwise(scu._log1pmx, lambda y, x: -x / (1 + x), samples=unit)
elementwise(sp.boxcox, lambda y, x, lam: x ** (lam - 1), lambda y, x, lam: _boxcox_dlambda(np.log(x), lam),
            samples=(positive, real))
elementwise(sp.boxcox1p, lambda y, x, lam: (1 + x) ** (lam - 1), lambda y, x, lam: _boxcox_dlambda(np.log1p(x), lam),
            samples=(positive, real))
elementwise(sp.inv_boxcox, lambda x, y, lam: x ** (1 - lam),
            lambda x, y, lam: -_boxcox_dlambda(np.log(x), lam) * x ** (1 - lam), samples=(positive, positive))
elementwise(sp.inv_boxcox1p, lambda x, y, lam: (1 + x) ** (1 - lam),
            lambda x, y, lam: -_boxcox_dlambda(np.log1p(x), lam) * (1 + x) ** (1 - lam), samples=(positive, positive))
elementwise(sp.huber, lambda y, d, r: np.maximum(abs(r) - d, 0.0), lambda y, d, r: np.clip(r, -d, d),
            samples=(positive, Domain(-4.0, 4.0)))
elementwise(sp.pseudo_huber,
            lambda y, d, r: 2 * y / d - r * r / (d * _pseudo_root(d, r)), lambda y, d, r: r / _pseudo_root(d, r),
            samples=(positive, real))
elementwise(sp.wrightomega, lambda y, z: y / (1 + y), samples=real, cite="Corless and Jeffrey 2002")
elementwise(sp._lambertw._lambertw, lambda w, z, k, tol: np.exp(-w) / (1 + w), None, None,
            samples=[Sample((0.7 + 0j, 0, 1e-8)), Sample((0.0 + 0j, 0, 1e-8)), Sample((-2.0 + 0.4j, 1, 1e-8))],
            cite="DLMF 4.13.4")

# ---- trigonometric functions in degrees ----------------------------------------------------------------------------

elementwise(sp.sindg, lambda y, x: _DEGREE * sp.cosdg(x), samples=Domain(-80.0, 80.0))
elementwise(sp.cosdg, lambda y, x: -_DEGREE * sp.sindg(x), samples=Domain(-80.0, 80.0))
elementwise(sp.tandg, lambda y, x: _DEGREE * (1 + y * y), samples=Domain(-80.0, 80.0))
elementwise(sp.cotdg, lambda y, x: -_DEGREE * (1 + y * y), samples=Domain(10.0, 80.0))
elementwise(sp.radian, lambda y, d, m, s: _DEGREE * np.ones_like(y), lambda y, d, m, s: _DEGREE / 60 * np.ones_like(y),
            lambda y, d, m, s: _DEGREE / 3600 * np.ones_like(y), samples=(real, real, real))
elementwise(scu._sinpi, lambda y, x: np.pi * scu._cospi(x), samples=real)
elementwise(scu._cospi, lambda y, x: -np.pi * scu._sinpi(x), samples=real)
zero_derivative(sp.round, jumps=lambda x: np.mod(x, 1.0) - 0.5)

# ---- orthogonal polynomials (DLMF 18.9) ----------------------------------------------------------------------------


def _down(n, value):
    """`value`, a polynomial of degree ``n - 1`` with a factor in front, exactly zero where ``n == 0``."""
    return np.where(n == 0, 0.0, value)


def _lpmv_dx(y, m, v, x):
    # DLMF 14.10.4; singular at the ends of the interval as the function's derivative is
    return (v * x * y - (v + m) * sp.lpmv(m, v - 1, x)) / (x * x - 1)


elementwise(sp.eval_jacobi, PARAMETER, PARAMETER, PARAMETER,
            lambda y, n, a, b, x: _down(n, (n + a + b + 1) / 2 * sp.eval_jacobi(n - 1, a + 1, b + 1, x)),
            samples=(_degree, positive, positive, unit))
elementwise(sp.eval_sh_jacobi, PARAMETER, PARAMETER, PARAMETER,
            lambda y, n, p, q, x: _down(n, n * sp.eval_sh_jacobi(n - 1, p + 2, q + 1, x)),
            samples=(_degree, above_one, unit, _open_unit))
elementwise(sp.eval_gegenbauer, PARAMETER, PARAMETER,
            lambda y, n, a, x: _down(n, 2 * a * sp.eval_gegenbauer(n - 1, a + 1, x)), samples=(_degree, positive, unit))
elementwise(sp.eval_legendre, PARAMETER,
            lambda y, n, x: _down(n, (n + 1) / 2 * sp.eval_jacobi(n - 1, 1.0, 1.0, x)), samples=(_degree, unit))
elementwise(sp.eval_sh_legendre, PARAMETER,
            lambda y, n, x: _down(n, (n + 1) * sp.eval_jacobi(n - 1, 1.0, 1.0, 2 * x - 1)),
            samples=(_degree, _open_unit))
elementwise(sp.eval_chebyt, PARAMETER, lambda y, n, x: _down(n, n * sp.eval_chebyu(n - 1, x)), samples=(_degree, unit))
elementwise(sp.eval_chebyu, PARAMETER, lambda y, n, x: _down(n, 2 * sp.eval_gegenbauer(n - 1, 2.0, x)),
            samples=(_degree, unit))
elementwise(sp.eval_chebyc, PARAMETER, lambda y, n, x: _down(n, n * sp.eval_chebys(n - 1, x)), samples=(_degree, unit))
elementwise(sp.eval_chebys, PARAMETER, lambda y, n, x: _down(n, sp.eval_gegenbauer(n - 1, 2.0, x / 2)),
            samples=(_degree, unit))
elementwise(sp.eval_sh_chebyt, PARAMETER, lambda y, n, x: _down(n, 2 * n * sp.eval_sh_chebyu(n - 1, x)),
            samples=(_degree, _open_unit))
elementwise(sp.eval_sh_chebyu, PARAMETER, lambda y, n, x: _down(n, 4 * sp.eval_gegenbauer(n - 1, 2.0, 2 * x - 1)),
            samples=(_degree, _open_unit))
elementwise(sp.eval_hermite, DISCRETE, lambda y, n, x: 2 * n * sp.eval_hermite(_discrete_order(n), x),
            samples=(_degree, real))
elementwise(sp.eval_hermitenorm, DISCRETE, lambda y, n, x: n * sp.eval_hermitenorm(_discrete_order(n), x),
            samples=(_degree, real))
elementwise(sp.eval_laguerre, PARAMETER, lambda y, n, x: _down(n, -sp.eval_genlaguerre(n - 1, 1.0, x)),
            samples=(_degree, positive))
elementwise(sp.eval_genlaguerre, PARAMETER, PARAMETER,
            lambda y, n, a, x: _down(n, -sp.eval_genlaguerre(n - 1, a + 1, x)), samples=(_degree, positive, positive))
elementwise(sp.lpmv, DISCRETE, PARAMETER, _lpmv_dx, samples=(_degree, Domain(4, 6, integer=True), unit))


def _legendre_family(function, argnum, sample):
    """Rules for a `MultiUFunc` that computes its own derivatives through ``diff_n`` (scipy >= 1.15)."""

    @pushforward(function, argnums=(argnum,), samples=sample)
    def push(y, tangents, *args, diff_n=0, **kwargs):
        z_dot = tangents[0]
        every = function(*args, diff_n=diff_n + 1, **kwargs)
        upper = every[..., 1] if diff_n == 0 else every[..., 1:]
        return upper * (z_dot if diff_n == 0 else np.asarray(z_dot)[..., None])

    @pullback(function, argnums=(argnum,))
    def pull(y, y_bar, *args, diff_n=0, **kwargs):
        every = function(*args, diff_n=diff_n + 1, **kwargs)
        product = np.conj(every[..., 1]) * y_bar if diff_n == 0 else np.sum(np.conj(every[..., 1:]) * y_bar, axis=-1)
        from .._registry import unbroadcast

        return unbroadcast(np.asarray(product), np.shape(args[argnum]))


_legendre_family(sp.legendre_p, 1, [Sample((3, 0.3)), Sample((np.array([1, 2, 4]), np.array([0.1, -0.5, 0.7])))])
_legendre_family(sp.assoc_legendre_p, 2, [Sample((3, 1, 0.3)), Sample((4, 2, np.array([0.1, -0.5, 0.7])))])
_legendre_family(sp.sph_legendre_p, 2, [Sample((3, 1, 0.3)), Sample((4, 2, np.array([0.1, 0.5, 0.7])))])


def _harmonic_gradient(args, kwargs):
    every = sp.sph_harm_y(*args, **(kwargs | {"diff_n": 1}))[1]
    return every[..., 0], every[..., 1]


_HARMONIC = [Sample((3, 1, 0.3, 0.8)), Sample((3, -2, np.array([0.1, 0.5, 0.7]), 0.4))]


@pushforward(sp.sph_harm_y, argnums=(2, 3), samples=_HARMONIC)
def _sph_harm_push(y, tangents, *args, diff_n=0):
    if diff_n:
        raise Refused("sph_harm_y with diff_n has no rule: differentiate the function itself").error()
    return sum(g * t for g, t in zip(_harmonic_gradient(args, {}), tangents, strict=True) if t is not None)


@pullback(sp.sph_harm_y, argnums=(2, 3))
def _sph_harm_pull(y, y_bar, *args, diff_n=0):
    if diff_n:
        raise Refused("sph_harm_y with diff_n has no rule: differentiate the function itself").error()
    from .._registry import unbroadcast

    return tuple(unbroadcast(np.asarray(np.real(np.conj(g) * y_bar)), np.shape(a))
                 for g, a in zip(_harmonic_gradient(args, {}), args[2:], strict=True))


refuse(sp.legendre_p_all, sp.assoc_legendre_p_all, sp.sph_legendre_p_all, sp.sph_harm_y_all,
       reason="the table of all orders has no rule: call the function of one order")

# ---- Mathieu and spheroidal functions (DLMF 28.2, 28.20, 30.2) -----------------------------------------------------

_MATHIEU_Q = Refused("no derivative of a Mathieu function with respect to its parameter q is known")
for _f in (sp.mathieu_a, sp.mathieu_b):
    elementwise(_f, DISCRETE, _MATHIEU_Q)
for _f, _a in ((sp.mathieu_cem, sp.mathieu_a), (sp.mathieu_sem, sp.mathieu_b)):
    # The argument is in degrees and the second result is the derivative in radians.
    elementwise(_f, DISCRETE, _MATHIEU_Q,
                lambda y, m, q, x, _a=_a: (_DEGREE * y[1], -_DEGREE * (_a(m, q) - 2 * q * sp.cosdg(2 * x)) * y[0]),
                nout=2, samples=(_one_up, positive, Domain(5.0, 80.0)))
for _f, _a in ((sp.mathieu_modcem1, sp.mathieu_a), (sp.mathieu_modcem2, sp.mathieu_a),
               (sp.mathieu_modsem1, sp.mathieu_b), (sp.mathieu_modsem2, sp.mathieu_b)):
    elementwise(_f, DISCRETE, _MATHIEU_Q,
                lambda y, m, q, x, _a=_a: (y[1], (_a(m, q) - 2 * q * np.cosh(2 * x)) * y[0]),
                nout=2, samples=(_one_up, positive, positive))

_SPHEROIDAL_C = Refused("no derivative of a spheroidal function with respect to its parameter is known")


def _spheroidal(function, value, sign):
    """Rules from the spheroidal equation; ``sign`` is 1 for prolate and -1 for oblate functions."""

    radial = "rad" in function.__name__
    given = function.nin == 5

    def dx(y, m, n, c, *rest):
        lam, x = (rest if given else (value(m, n, c), rest[0]))
        if radial and sign < 0:
            curvature = (2 * x * y[1] - (lam - c * c * x * x - m * m / (x * x + 1)) * y[0]) / -(x * x + 1)
        else:
            curvature = (2 * x * y[1] - (lam - sign * c * c * x * x - m * m / (1 - x * x)) * y[0]) / (1 - x * x)
        return y[1], curvature

    x_domain = unit if "ang" in function.__name__ else above_one
    head = (Domain(0, 1, integer=True), Domain(2, 3, integer=True), positive)
    middle = (Refused("the characteristic value is a function of the other parameters"),) if given else ()
    samples = None if given else (*head, x_domain)
    elementwise(function, DISCRETE, DISCRETE, _SPHEROIDAL_C, *middle, dx, nout=2, samples=samples)


for _prefix, _sign in (("pro", 1), ("obl", -1)):
    _value = getattr(sp, f"{_prefix}_cv")
    elementwise(_value, DISCRETE, DISCRETE, _SPHEROIDAL_C)
    for _kind in ("ang1", "rad1", "rad2"):
        for _suffix in ("", "_cv"):
            _spheroidal(getattr(sp, f"{_prefix}_{_kind}{_suffix}"), _value, _sign)


# ---- sums of exponentials ------------------------------------------------------------------------------------------


@substitute(sp.logsumexp, convention="SciPy takes the largest terms out of the sum; the derivative is that of the whole sum")
def logsumexp(a, axis=None, b=None, keepdims=False, return_sign=False):
    """The derivative of ``log |sum(b exp(a))|``: what the program counts (ties for the maximum) varies with it."""
    x, w = np.asarray(a), 1.0 if b is None else np.asarray(b)
    if not (active(x) or active(w)) or np.iscomplexobj(x) or np.iscomplexobj(w) or bottom(_has_top, x, w) or not x.size:
        return through_source(sp.logsumexp, a, axis=axis, b=b, keepdims=keepdims, return_sign=return_sign)
    value = below(sp.logsumexp, x, axis=axis, b=b, keepdims=keepdims, return_sign=return_sign)
    top = bottom(_top, x, w, axis)
    total = np.sum(w * np.exp(np.where(np.isfinite(x) | (w != 0), x, top) - top), axis=axis, keepdims=True)
    found = np.log(np.abs(total)) + top
    if return_sign:
        return attach(value[0], np.reshape(found, np.shape(value[0]))), value[1]
    return attach(value, np.reshape(found, np.shape(value)))


def _has_top(x, w):
    """Whether an infinite term, or one that is no number, decides."""
    return bool(np.any((np.isnan(x) | (x == np.inf)) & (w != 0)))


def _top(x, w, axis):
    """The largest exponent of each sum, finite."""
    top = np.max(np.where(w != 0, x, -np.inf), axis=axis, keepdims=True)
    return np.where(np.isfinite(top), top, 0.0)
