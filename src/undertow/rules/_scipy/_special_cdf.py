"""Distribution functions of ``scipy.special`` and their inverses, in every continuous argument.

A distribution function's derivative in its variable is a density in closed form.  Its derivative in a shape is
the integral of the density's derivative in the shape, taken over the side of the variable that has less mass, by
a double exponential rule (`_quadrature`); relative accuracy is 1e-11 or better for shapes between 1e-3 and 1e5.
Noncentral distributions are Poisson mixtures of central ones (DLMF 8.17, Johnson, Kotz and Balakrishnan 1995,
chapters 29-31); noncentral t is an expectation over a chi variable.  Inverses follow by implicit differentiation.
"""

from __future__ import annotations

import numpy as np
import scipy.special as sp

from .._registry import Refused, elementwise, refuse, zero_derivative
from ..samples import Domain, above_one, positive, real
from ._private import private
from ._quadrature import column, unit_nodes

scu = private("scipy.special._ufuncs")

_open_unit = Domain(0.1, 0.9, "(0, 1)")
_count = Domain(0, 4, "count", integer=True)
_trials = Domain(5, 9, "trials", integer=True)
_shape = Domain(0.6, 4.0, "shape")
_COUNT = Refused("the argument is a count: the function is a step function of it")
_SQRT_2PI = np.sqrt(2 * np.pi)


def _phi(x):
    return np.exp(-x * x / 2) / _SQRT_2PI


# ---- densities and derivatives in shapes ---------------------------------------------------------------------------


def _gamma_pdf(a, x):
    """By logarithms, but at 0, where they would hide the derivative, by the power."""
    end = x == 0
    pdf = np.exp(sp.xlogy(a - 1, np.where(end, 1.0, x)) - x - sp.gammaln(a))
    return np.where(end, pdf * np.where(end, x, 1.0) ** (a - 1), pdf) if np.any(end) else pdf


def _beta_pdf(a, b, x):
    """By logarithms, but at the ends, where they would hide the derivative, by powers."""
    low, high = x == 0, x == 1
    pdf = np.exp(sp.xlogy(a - 1, np.where(low, 1.0, x)) + sp.xlog1py(b - 1, -np.where(high, 0.0, x)) - sp.betaln(a, b))
    if np.any(low | high):
        pdf = pdf * np.where(low, x, 1.0) ** np.where(low, a - 1, 1.0)
        pdf = pdf * np.where(high, 1 - x, 1.0) ** np.where(high, b - 1, 1.0)
    return pdf


def _upper_length(a, x):
    """Length beyond ``x >= a`` after which the gamma density has fallen by e^-45."""
    q = 45.0 / x
    return x * (q + np.sqrt(q * q + 2 * q))


def _gammainc_da(a, x):
    """``dP(a, x)/da``: below ``x = a`` with ``t = x u^(1/a)``, which absorbs the power at zero; above on the tail."""
    a, x = a * np.ones_like(x), x * np.ones_like(a)
    u, _, w = unit_nodes()
    low = x <= a
    xl, al = column(np.where(low, x, a), a)
    log_t = np.log(xl) + np.log(u) / al
    body = np.exp(al * np.log(xl) - sp.gammaln(al + 1) - np.exp(log_t)) * (log_t - sp.psi(al))
    below = np.sum(w * np.where(xl > 0, body, 0.0), axis=-1)
    xu, length = column(np.where(low, a, x), _upper_length(a, np.where(low, a, x)))
    t = xu + length * u
    tail = np.sum(w * length * _gamma_pdf(al, t) * (np.log(t) - sp.psi(al)), axis=-1)
    return np.where(low, below, -tail)


def _betainc_lower(a, b, x):
    """``dI_x(a, b)/da`` and ``/db`` for x below the mean."""
    u, _, w = unit_nodes()
    a, b, x = column(a, b, x)
    log_t = np.log(x) + np.log(u) / a
    t = np.exp(log_t)
    mass = w * np.exp(a * np.log(x) - sp.betaln(a, b) - np.log(a) + (b - 1) * np.log1p(-t))
    total = sp.psi(a + b)
    return (np.sum(mass * (log_t - sp.psi(a) + total), axis=-1),
            np.sum(mass * (np.log1p(-t) - sp.psi(b) + total), axis=-1))


def _betainc_shapes(a, b, x):
    """``dI_x(a, b)/da`` and ``/db``; above the mean by ``I_x(a, b) = 1 - I_{1-x}(b, a)`` (DLMF 8.17.4)."""
    one = np.ones_like(a + b + x)
    a, b, x = a * one, b * one, x * one
    low = x <= a / (a + b)
    p, q = np.where(low, a, b), np.where(low, b, a)
    y = np.where(low, x, 1 - x)
    inside = y > 0
    dp, dq = _betainc_lower(p, q, np.where(inside, y, 0.5 * p / (p + q)))
    dp, dq = np.where(inside, dp, 0.0), np.where(inside, dq, 0.0)
    return np.where(low, dp, -dq), np.where(low, dq, -dp)


def _betainc_da(a, b, x):
    return _betainc_shapes(a, b, x)[0]


def _betainc_db(a, b, x):
    return _betainc_shapes(a, b, x)[1]


# ---- a distribution function, its complement and its inverses ------------------------------------------------------


def _cdf(function, *partials, samples=None, complement=None):
    """Register ``F`` and ``1 - F`` from the partials ``p(*args)`` of `F`."""
    wrapped = [p if p is None or isinstance(p, Refused) else (lambda y, *args, _p=p: _p(*args)) for p in partials]
    elementwise(function, *wrapped, samples=samples)
    if complement is not None:
        negative = [p if p is None or isinstance(p, Refused) else (lambda y, *args, _p=p: -_p(*args))
                    for p in partials]
        elementwise(complement, *negative, samples=samples)


def _inverse(function, order, unknown, partials, *, complement=False, samples=None):
    """Register the solution for one argument of ``F(args) = p``.

    `order` names, for each argument of `function`, the position of the same argument of `F`, or "p".
    """

    def arguments(y, args):
        full = dict(zip(order, args, strict=True))
        full[unknown] = y
        return [full[i] for i in range(len(partials))]

    def slope(place):
        if place != "p" and isinstance(partials[place], Refused):
            return partials[place]

        def partial(y, *args):
            full = arguments(y, args)
            by_unknown = partials[unknown](*full)
            if place == "p":
                return (-1.0 if complement else 1.0) / by_unknown
            return -partials[place](*full) / by_unknown

        return partial

    elementwise(function, *[slope(place) for place in order], samples=samples)


_GAMMAINC = (_gammainc_da, _gamma_pdf)
_cdf(sp.gammainc, *_GAMMAINC, samples=(_shape, _shape), complement=sp.gammaincc)
_inverse(sp.gammaincinv, (0, "p"), 1, _GAMMAINC, samples=(_shape, _open_unit))
_inverse(sp.gammainccinv, (0, "p"), 1, _GAMMAINC, complement=True, samples=(_shape, _open_unit))

_BETAINC = (_betainc_da, _betainc_db, _beta_pdf)
_cdf(sp.betainc, *_BETAINC, samples=(_shape, _shape, _open_unit), complement=sp.betaincc)
_inverse(sp.betaincinv, (0, 1, "p"), 2, _BETAINC, samples=(_shape, _shape, _open_unit))
_inverse(sp.betainccinv, (0, 1, "p"), 2, _BETAINC, complement=True, samples=(_shape, _shape, _open_unit))
_inverse(sp.btdtria, ("p", 1, 2), 0, _BETAINC, samples=(_open_unit, _shape, _open_unit))
_inverse(sp.btdtrib, (0, "p", 2), 1, _BETAINC, samples=(_shape, _open_unit, _open_unit))

_CHDTR = (lambda v, x: _gammainc_da(v / 2, x / 2) / 2, lambda v, x: _gamma_pdf(v / 2, x / 2) / 2)
_cdf(sp.chdtr, *_CHDTR, samples=(_shape, _shape), complement=sp.chdtrc)
_inverse(sp.chdtri, (0, "p"), 1, _CHDTR, complement=True, samples=(_shape, _open_unit))
_inverse(sp.chdtriv, ("p", 1), 0, _CHDTR, samples=(_open_unit, _shape))

_GDTR = (lambda a, b, x: x * _gamma_pdf(b, a * x), lambda a, b, x: _gammainc_da(b, a * x),
         lambda a, b, x: a * _gamma_pdf(b, a * x))
_cdf(sp.gdtr, *_GDTR, samples=(_shape, _shape, _shape), complement=sp.gdtrc)
_inverse(sp.gdtria, ("p", 1, 2), 0, _GDTR, samples=(_open_unit, _shape, _shape))
_inverse(sp.gdtrib, (0, "p", 2), 1, _GDTR, samples=(_shape, _open_unit, _shape))
_inverse(sp.gdtrix, (0, 1, "p"), 2, _GDTR, samples=(_shape, _shape, _open_unit))

# ---- discrete distributions: continuous in the probability, step functions of the count ----------------------------

_PDTR = (_COUNT, lambda k, m: -_gamma_pdf(np.floor(k) + 1, m))
_cdf(sp.pdtr, *_PDTR, samples=(_count, positive), complement=sp.pdtrc)
_inverse(sp.pdtri, (0, "p"), 1, _PDTR, samples=(_count, _open_unit))
_inverse(sp.pdtrik, ("p", 1), 0, (lambda k, m: -_gammainc_da(k + 1, m), lambda k, m: -_gamma_pdf(k + 1, m)),
         samples=(Domain(0.5, 0.9), above_one))

_BDTR = (_COUNT, _COUNT, lambda k, n, p: -_beta_pdf(n - np.floor(k), np.floor(k) + 1, 1 - p))
_cdf(sp.bdtr, *_BDTR, samples=(_count, _trials, _open_unit), complement=sp.bdtrc)
_inverse(sp.bdtri, (0, 1, "p"), 2, _BDTR, samples=(_count, _trials, _open_unit))
_BDTR_SMOOTH = (lambda k, n, p: _betainc_db(n - k, k + 1, 1 - p) - _betainc_da(n - k, k + 1, 1 - p),
                lambda k, n, p: _betainc_da(n - k, k + 1, 1 - p), lambda k, n, p: -_beta_pdf(n - k, k + 1, 1 - p))
_inverse(sp.bdtrik, ("p", 1, 2), 0, _BDTR_SMOOTH, samples=(_open_unit, Domain(8.0, 9.0), Domain(0.4, 0.6)))
_inverse(sp.bdtrin, (0, "p", 2), 1, _BDTR_SMOOTH, samples=(above_one, _open_unit, Domain(0.4, 0.6)))

_NBDTR = (_COUNT, _COUNT, lambda k, n, p: _beta_pdf(n, np.floor(k) + 1, p))
_cdf(sp.nbdtr, *_NBDTR, samples=(_count, _trials, _open_unit), complement=sp.nbdtrc)
_inverse(sp.nbdtri, (0, 1, "p"), 2, _NBDTR, samples=(_count, _trials, _open_unit))
_NBDTR_SMOOTH = (lambda k, n, p: _betainc_db(n, k + 1, p), lambda k, n, p: _betainc_da(n, k + 1, p),
                 lambda k, n, p: _beta_pdf(n, k + 1, p))
_inverse(sp.nbdtrik, ("p", 1, 2), 0, _NBDTR_SMOOTH, samples=(Domain(0.6, 0.9), above_one, Domain(0.2, 0.4)))
_inverse(sp.nbdtrin, (0, "p", 2), 1, _NBDTR_SMOOTH, samples=(above_one, _open_unit, Domain(0.3, 0.5)))

elementwise(scu._binom_pmf, _COUNT, _COUNT, lambda y, k, n, p: y * (k - n * p) / (p * (1 - p)),
            samples=(_count, _trials, _open_unit))
_cdf(scu._binom_cdf, *_BDTR, samples=(_count, _trials, _open_unit), complement=scu._binom_sf)
elementwise(scu._nbinom_pmf, _COUNT, lambda y, k, n, p: y * (sp.psi(k + n) - sp.psi(n) + np.log(p)),
            lambda y, k, n, p: y * (n / p - k / (1 - p)), samples=(_count, positive, _open_unit))
_NBINOM = (_COUNT, lambda k, n, p: _betainc_da(n, np.floor(k) + 1, p), _NBDTR[2])
_cdf(scu._nbinom_cdf, *_NBINOM, samples=(_count, positive, _open_unit), complement=scu._nbinom_sf)
elementwise(scu._nbinom_mean, lambda y, n, p: (1 - p) / p, lambda y, n, p: -n / p**2, samples=(positive, _open_unit))
elementwise(scu._nbinom_variance, lambda y, n, p: (1 - p) / p**2, lambda y, n, p: n * (p - 2) / p**3,
            samples=(positive, _open_unit))
elementwise(scu._nbinom_skewness, lambda y, n, p: -y / (2 * n),
            lambda y, n, p: y * (0.5 / (1 - p) - 1 / (2 - p)), samples=(positive, _open_unit))
elementwise(scu._nbinom_kurtosis_excess, lambda y, n, p: -y / n, lambda y, n, p: p * (2 - p) / (n * (1 - p) ** 2),
            samples=(positive, _open_unit))
zero_derivative(scu._binom_ppf, scu._binom_isf, scu._nbinom_ppf, scu._nbinom_isf)
for _f in (scu._hypergeom_pmf, scu._hypergeom_cdf, scu._hypergeom_sf, scu._hypergeom_mean, scu._hypergeom_variance,
           scu._hypergeom_skewness):
    elementwise(_f, *[_COUNT] * _f.nin)

# ---- F and t -------------------------------------------------------------------------------------------------------


def _fdtr_dx(a, b, x):
    s = a * x + b
    return _beta_pdf(a / 2, b / 2, a * x / s) * a * b / s**2


def _fdtr_da(a, b, x):
    s = a * x + b
    return _betainc_da(a / 2, b / 2, a * x / s) / 2 + _beta_pdf(a / 2, b / 2, a * x / s) * x * b / s**2


def _fdtr_db(a, b, x):
    s = a * x + b
    return _betainc_db(a / 2, b / 2, a * x / s) / 2 - _beta_pdf(a / 2, b / 2, a * x / s) * a * x / s**2


_FDTR = (_fdtr_da, _fdtr_db, _fdtr_dx)
_cdf(sp.fdtr, *_FDTR, samples=(_shape, _shape, _shape), complement=sp.fdtrc)
_inverse(sp.fdtri, (0, 1, "p"), 2, _FDTR, samples=(_shape, _shape, _open_unit))
_inverse(sp.fdtridfd, (0, "p", 2), 1, _FDTR, samples=(_shape, Domain(0.55, 0.65), Domain(1.1, 1.4)))


def _stdtr_dt(df, t):
    return np.exp(-(df + 1) / 2 * np.log1p(t * t / df) - sp.betaln(df / 2, 0.5)) / np.sqrt(df)


def _stdtr_ddf(df, t):
    # F(t) is half of I_x(df/2, 1/2) at x = df/(df + t²) for t < 0; near t = 0 use 1 - x instead (DLMF 8.17.4)
    s = df + t * t
    tail = (_betainc_da(df / 2, 0.5, df / s) + 2 * _beta_pdf(df / 2, 0.5, df / s) * t * t / s**2) / 4
    return np.where(t == 0, 0.0, -np.sign(t) * tail)


_STDTR = (_stdtr_ddf, _stdtr_dt)
_cdf(sp.stdtr, *_STDTR, samples=(_shape, Domain(-3.0, 3.0, avoid=0.0)))
_inverse(sp.stdtrit, (0, "p"), 1, _STDTR, samples=(_shape, Domain(0.1, 0.4)))
_inverse(sp.stdtridf, ("p", 1), 0, _STDTR, samples=(Domain(0.86, 0.9), Domain(1.5, 1.8)))

# ---- normal, Cauchy, inverse Gaussian, cosine, Tukey ---------------------------------------------------------------


def _ndtri_dp(p):
    return 1 / _phi(sp.ndtri(p))


elementwise(sp.nrdtrimn, lambda y, p, s, x: -s * _ndtri_dp(p), lambda y, p, s, x: -sp.ndtri(p),
            lambda y, p, s, x: np.ones_like(y), samples=(_open_unit, positive, real))
elementwise(sp.nrdtrisd, lambda y, m, p, x: -1 / sp.ndtri(p), lambda y, m, p, x: -y / sp.ndtri(p) * _ndtri_dp(p),
            lambda y, m, p, x: 1 / sp.ndtri(p), samples=(Domain(-2.0, 0.0), Domain(0.6, 0.9), positive))


def _cauchy(function, sign):
    elementwise(function, lambda y, p, loc, scale: sign * np.pi * (scale + (y - loc) ** 2 / scale),
                lambda y, p, loc, scale: np.ones_like(y), lambda y, p, loc, scale: (y - loc) / scale,
                samples=(_open_unit, real, positive))


_cauchy(scu._cauchy_ppf, 1)
_cauchy(scu._cauchy_isf, -1)


def _invgauss_dx(x, mu, lam):
    return np.sqrt(lam / (2 * np.pi * x**3)) * np.exp(-lam * (x - mu) ** 2 / (2 * mu * mu * x))


def _invgauss_reflected(x, mu, lam):
    return np.exp(2 * lam / mu + sp.log_ndtr(-np.sqrt(lam / x) * (x / mu + 1)))


def _invgauss_dlambda(x, mu, lam):
    return (2 / mu * _invgauss_reflected(x, mu, lam)
            - _phi(np.sqrt(lam / x) * (x / mu - 1)) / np.sqrt(lam * x))


_INVGAUSS = (_invgauss_dx, lambda x, mu, lam: -2 * lam / mu**2 * _invgauss_reflected(x, mu, lam), _invgauss_dlambda)
_inverse(scu._invgauss_ppf, ("p", 1, 2), 0, _INVGAUSS, samples=(_open_unit, positive, positive))
_inverse(scu._invgauss_isf, ("p", 1, 2), 0, _INVGAUSS, complement=True, samples=(_open_unit, positive, positive))

elementwise(scu._cosine_cdf, lambda y, x: np.where(abs(x) < np.pi, 1 + np.cos(x), 0.0) / (2 * np.pi), samples=real)
elementwise(scu._cosine_invcdf, lambda y, p: 2 * np.pi / (1 + np.cos(y)), samples=_open_unit)


def _tukey(y, x, lam, value):
    # Q(p) = boxcox(p, l) - boxcox(1 - p, l); outside its range the distribution function is constant
    outside = (lam > 0) & (abs(x) * lam >= 1)
    p = np.where(outside, 0.5, y)
    return np.where(outside, 0.0, value(p, 1 - p) / (p ** (lam - 1) + (1 - p) ** (lam - 1)))


def _boxcox_dlambda(p, lam):
    log_p = np.log(p)
    return log_p * log_p * sp.hyp1f1(2.0, 3.0, lam * log_p) / 2


elementwise(sp.tklmbda, lambda y, x, lam: _tukey(y, x, lam, lambda p, q: 1.0),
            lambda y, x, lam: _tukey(y, x, lam, lambda p, q: _boxcox_dlambda(q, lam) - _boxcox_dlambda(p, lam)),
            samples=(Domain(-0.9, 0.9), Domain(-0.8, 0.9, avoid=0.0)))

# ---- beta density and quantile as Boost computes them --------------------------------------------------------------

elementwise(scu._beta_pdf, lambda y, x, a, b: y * ((a - 1) / x - (b - 1) / (1 - x)),
            lambda y, x, a, b: y * (np.log(x) - sp.psi(a) + sp.psi(a + b)),
            lambda y, x, a, b: y * (np.log1p(-x) - sp.psi(b) + sp.psi(a + b)), samples=(_open_unit, _shape, _shape))
_inverse(scu._beta_ppf, ("p", 0, 1), 2, _BETAINC, samples=(_open_unit, _shape, _shape))

# ---- skew normal (Owen 1956) ---------------------------------------------------------------------------------------


def _skewnorm_dx(x, loc, scale, a):
    z = (x - loc) / scale
    return 2 / scale * _phi(z) * sp.ndtr(a * z)


def _skewnorm_da(x, loc, scale, a):
    z = (x - loc) / scale
    return -np.exp(-z * z / 2 * (1 + a * a)) / (np.pi * (1 + a * a))


_SKEWNORM = (_skewnorm_dx, lambda x, loc, scale, a: -_skewnorm_dx(x, loc, scale, a),
             lambda x, loc, scale, a: -(x - loc) / scale * _skewnorm_dx(x, loc, scale, a), _skewnorm_da)
_SKEW = (real, real, positive, real)
_cdf(scu._skewnorm_cdf, *_SKEWNORM, samples=_SKEW)
_inverse(scu._skewnorm_ppf, ("p", 1, 2, 3), 0, _SKEWNORM, samples=(_open_unit, real, positive, real))
_inverse(scu._skewnorm_isf, ("p", 1, 2, 3), 0, _SKEWNORM, complement=True, samples=(_open_unit, real, positive, real))

# ---- Landau --------------------------------------------------------------------------------------------------------


def _landau_slope(z):
    """Derivative of the standard Landau density: the inverse Laplace integral of ``s log s`` (Landau 1944).

    With ``l = pi z/2 + log(pi/2)`` the density is ``pi/2 · 1/(2 pi i) ∫ exp(s log s + l s) ds``.  For small `l` the
    path runs through the saddle point ``s = exp(-1-l)``; for large `l` it is wrapped around the negative axis.
    """
    shift = np.pi / 2 * z + np.log(np.pi / 2)
    u, _, w = unit_nodes(320)
    saddle = shift < 1
    at = column(np.where(saddle, shift, 0.0))[0]
    centre = np.exp(-1 - at)
    length = 30 + 10 * np.sqrt(centre)
    s = centre + 1j * length * u
    low = np.sum(w * length * np.real(s * np.exp(s * np.log(s) + at * s)), axis=-1)
    far = column(np.where(saddle, 2.0, shift))[0]
    length = 45 / far
    t = length * u
    high = -np.sum(w * length * t * np.exp(-sp.xlogy(t, t) - far * t) * np.sin(np.pi * t), axis=-1)
    return np.pi / 4 * np.where(saddle, low, high)


def _landau_pdf(x, loc, scale):
    return scu._landau_pdf(x, loc, scale)


def _landau_z(x, loc, scale):
    """Standardised variable and its derivative in the scale; for this stable law a scale also moves the location."""
    return (x - loc) / scale - 2 / np.pi * np.log(scale), -(2 / np.pi + (x - loc) / scale) / scale


_LANDAU = (_landau_pdf, lambda x, loc, scale: -_landau_pdf(x, loc, scale),
           lambda x, loc, scale: scale * _landau_z(x, loc, scale)[1] * _landau_pdf(x, loc, scale))
_LANDAU_X = (Domain(-3.0, 8.0), real, positive)
_cdf(scu._landau_cdf, *_LANDAU, samples=_LANDAU_X, complement=scu._landau_sf)
_inverse(scu._landau_ppf, ("p", 1, 2), 0, _LANDAU, samples=(_open_unit, real, positive))
_inverse(scu._landau_isf, ("p", 1, 2), 0, _LANDAU, complement=True, samples=(_open_unit, real, positive))
elementwise(scu._landau_pdf, lambda y, x, loc, c: _landau_slope(_landau_z(x, loc, c)[0]) / c**2,
            lambda y, x, loc, c: -_landau_slope(_landau_z(x, loc, c)[0]) / c**2,
            lambda y, x, loc, c: (_landau_slope(_landau_z(x, loc, c)[0]) * _landau_z(x, loc, c)[1] - y) / c,
            samples=_LANDAU_X)

# ---- Kolmogorov and Smirnov ----------------------------------------------------------------------------------------


def _kolmogorov_second(x):
    """Second derivative of the survival function, by the series that converges fast at `x` (both are theta series)."""
    k = np.arange(1.0, 12.0)
    large = x > 0.8
    y = column(np.where(large, x, 1.0))[0]
    above = 2 * np.sum((-1) ** (k - 1) * (16 * k**4 * y * y - 4 * k * k) * np.exp(-2 * k * k * y * y), axis=-1)
    y = column(np.where(large | (x <= 0.03), 1.0, x))[0]
    c = (2 * k - 1) ** 2 * np.pi**2 / 8
    terms = np.exp(-c / y**2) * (2 / y**3 - 10 * c / y**5 + 4 * c * c / y**7)
    below = -_SQRT_2PI * np.sum(terms, axis=-1)
    return np.where(large, above, np.where(x <= 0.03, 0.0, below))


elementwise(sp.kolmogorov, lambda y, x: scu._kolmogp(x), samples=positive)
elementwise(scu._kolmogc, lambda y, x: -scu._kolmogp(x), samples=positive)
elementwise(scu._kolmogp, lambda y, x: _kolmogorov_second(x), samples=positive)
elementwise(sp.kolmogi, lambda y, p: 1 / scu._kolmogp(y), samples=_open_unit)
elementwise(scu._kolmogci, lambda y, p: -1 / scu._kolmogp(y), samples=_open_unit)
elementwise(sp.smirnov, _COUNT, lambda y, n, x: scu._smirnovp(n, x), samples=(_trials, _open_unit))
elementwise(scu._smirnovc, _COUNT, lambda y, n, x: -scu._smirnovp(n, x), samples=(_trials, _open_unit))
elementwise(sp.smirnovi, _COUNT, lambda y, n, p: 1 / scu._smirnovp(n, y), samples=(_trials, _open_unit))
elementwise(scu._smirnovci, _COUNT, lambda y, n, p: -1 / scu._smirnovp(n, y), samples=(_trials, _open_unit))
refuse(scu._smirnovp, reason="the second derivative of Smirnov's distribution function has no rule")

# ---- noncentral chi-square and F: Poisson mixtures -----------------------------------------------------------------


def _poisson(nc):
    """The counts `j` that matter for the noncentralities `nc`, and their weights on a new last axis."""
    if np.max(nc, initial=0.0) > 1e5:
        raise Refused("the mixture of a noncentral distribution is too long for a noncentrality above 1e5").error()
    low, high = float(np.min(nc, initial=0.0)) / 2, float(np.max(nc, initial=0.0)) / 2
    j = np.arange(max(0.0, np.floor(low - 10 * np.sqrt(low) - 20)), np.ceil(high + 10 * np.sqrt(high) + 30))
    half = column(nc)[0] / 2
    return j, np.exp(sp.xlogy(j, half) - half - sp.gammaln(j + 1))


def _mixture(nc, values):
    return np.sum(values, axis=-1) + 0 * nc


def _ncx2_pdf(x, df, nc):
    return scu._ncx2_pdf(x, df, nc)


def _ncx2_ddf(x, df, nc):
    j, w = _poisson(nc)
    x, df = column(x, df)
    return np.sum(w * _gammainc_da(df / 2 + j, x / 2 + 0 * j), axis=-1) / 2


def _ncx2_pdf_dx(y, x, df, nc):
    # from the Bessel form of the density and I_v' = I_{v+1} + v/x I_v
    return (-0.5 + (df / 2 - 1) / x) * y + nc / (2 * x) * _ncx2_pdf(x, df + 2, nc)


def _ncx2_pdf_ddf(y, x, df, nc):
    j, w = _poisson(nc)
    x, df = column(x, df)
    a = df / 2 + j
    return np.sum(w * _gamma_pdf(a, x / 2) * (np.log(x / 2) - sp.psi(a)), axis=-1) / 4


_NCX2 = (_ncx2_pdf, _ncx2_ddf, lambda x, df, nc: -_ncx2_pdf(x, df + 2, nc))
_X = (_shape, _shape, _shape)
_cdf(sp.chndtr, *_NCX2, samples=_X, complement=scu._ncx2_sf)
_inverse(sp.chndtrix, ("p", 1, 2), 0, _NCX2, samples=(_open_unit, _shape, _shape))
_inverse(scu._ncx2_isf, ("p", 1, 2), 0, _NCX2, complement=True, samples=(_open_unit, _shape, _shape))
_inverse(sp.chndtridf, (0, "p", 2), 1, _NCX2, samples=(above_one, Domain(0.2, 0.3), Domain(0.6, 1.0)))
_inverse(sp.chndtrinc, (0, 1, "p"), 2, _NCX2, samples=(Domain(4.0, 5.0), above_one, Domain(0.2, 0.4)))
elementwise(scu._ncx2_pdf, _ncx2_pdf_dx, _ncx2_pdf_ddf,
            lambda y, x, df, nc: (_ncx2_pdf(x, df + 2, nc) - y) / 2, samples=_X)


class _NoncentralF:
    """The Poisson mixture behind the noncentral F distribution at given arguments."""

    def __init__(self, d1, d2, nc, x):
        self.j, self.w = _poisson(nc)
        self.d1, self.d2, self.nc, self.x = column(d1, d2, nc, x)
        self.s = self.d1 * self.x + self.d2
        self.y = self.d1 * self.x / self.s
        self.a, self.b = self.d1 / 2 + self.j, self.d2 / 2 + 0 * self.j
        self.y_x = self.d1 * self.d2 / self.s**2
        self.y_d1, self.y_d2 = self.x * self.d2 / self.s**2, -self.d1 * self.x / self.s**2

    def total(self, terms):
        return np.sum(self.w * terms, axis=-1)

    @property
    def density(self):
        return _beta_pdf(self.a, self.b, self.y)

    @property
    def log_slope(self):
        """``d log(beta density)/dy`` for each count."""
        return (self.a - 1) / self.y - (self.b - 1) / (1 - self.y)


def _ncf_dd1(d1, d2, nc, x):
    m = _NoncentralF(d1, d2, nc, x)
    return m.total(_betainc_da(m.a, m.b, m.y) / 2 + m.density * m.y_d1)


def _ncf_dd2(d1, d2, nc, x):
    m = _NoncentralF(d1, d2, nc, x)
    return m.total(_betainc_db(m.a, m.b, m.y) / 2 + m.density * m.y_d2)


def _ncf_dnc(d1, d2, nc, x):
    # I_y(a+1, b) - I_y(a, b) = -y^a (1-y)^b / (a B(a, b))  (DLMF 8.17.20)
    m = _NoncentralF(d1, d2, nc, x)
    return -m.total(m.density * m.y * (1 - m.y) / m.a) / 2


def _ncf_dx(d1, d2, nc, x):
    m = _NoncentralF(d1, d2, nc, x)
    return m.total(m.density * m.y_x)


def _ncf_pdf_dx(p, x, d1, d2, nc):
    m = _NoncentralF(d1, d2, nc, x)
    return m.total(m.density * m.y_x * (m.log_slope * m.y_x - 2 * m.d1 / m.s))


def _ncf_pdf_dd1(p, x, d1, d2, nc):
    m = _NoncentralF(d1, d2, nc, x)
    shape = (np.log(m.y) - sp.psi(m.a) + sp.psi(m.a + m.b)) / 2
    return m.total(m.density * m.y_x * (shape + m.log_slope * m.y_d1 + 1 / m.d1 - 2 * m.x / m.s))


def _ncf_pdf_dd2(p, x, d1, d2, nc):
    m = _NoncentralF(d1, d2, nc, x)
    shape = (np.log1p(-m.y) - sp.psi(m.b) + sp.psi(m.a + m.b)) / 2
    return m.total(m.density * m.y_x * (shape + m.log_slope * m.y_d2 + 1 / m.d2 - 2 / m.s))


def _ncf_pdf_dnc(p, x, d1, d2, nc):
    m = _NoncentralF(d1, d2, nc, x)
    return m.total((_beta_pdf(m.a + 1, m.b, m.y) - m.density) * m.y_x) / 2


def _x_first(partial):
    return lambda x, d1, d2, nc: partial(d1, d2, nc, x)


_NCF = (_ncf_dd1, _ncf_dd2, _ncf_dnc, _ncf_dx)
_F = (_shape, _shape, _shape, _shape)
_cdf(sp.ncfdtr, *_NCF, samples=_F)
_cdf(scu._ncf_sf, *[(lambda x, d1, d2, nc, _p=p: -_p(d1, d2, nc, x)) for p in (_NCF[3], *_NCF[:3])], samples=_F)
_inverse(sp.ncfdtri, (0, 1, 2, "p"), 3, _NCF, samples=(_shape, _shape, _shape, _open_unit))
_inverse(scu._ncf_isf, ("p", 0, 1, 2), 3, _NCF, complement=True, samples=(_open_unit, _shape, _shape, _shape))
_inverse(sp.ncfdtridfn, ("p", 1, 2, 3), 0, _NCF)
_inverse(sp.ncfdtridfd, (0, "p", 2, 3), 1, _NCF)
_inverse(sp.ncfdtrinc, (0, 1, "p", 3), 2, _NCF)
elementwise(scu._ncf_pdf, _ncf_pdf_dx, _ncf_pdf_dd1, _ncf_pdf_dd2, _ncf_pdf_dnc, samples=_F)

# ---- noncentral t: expectation over a chi variable -----------------------------------------------------------------


def _gamma_nodes(alpha):
    """Nodes `r` and weights of the gamma distribution of shape `alpha`, split at its mean (cf. `_gammainc_da`)."""
    u, _, w = unit_nodes()
    a, length = column(alpha, _upper_length(alpha, alpha))
    below = a * np.exp(np.log(u) / a)
    above = a + length * u
    r = np.concatenate([below, above], axis=-1)
    weight = np.concatenate([w * np.exp(a * np.log(a) - sp.gammaln(a + 1) - below), w * length * _gamma_pdf(a, above)],
                            axis=-1)
    return r, weight


class _NoncentralT:
    """``T = (Z + nc)/s`` with ``s = sqrt(r/alpha)``, ``r`` gamma distributed of shape ``alpha = df/2``."""

    def __init__(self, df, nc, t):
        one = np.ones_like(df + nc + t)
        r, self.w = _gamma_nodes(df / 2 * one)
        self.df, self.nc, self.t = column(df * one, nc * one, t * one)
        self.s = np.sqrt(2 * r / self.df)
        self.z = self.t * self.s - self.nc
        self.phi = _phi(self.z)
        self.score = (np.log(r) - sp.psi(self.df / 2)) / 2
        self.s_df = -self.s / (2 * self.df)

    def mean(self, values):
        return np.sum(self.w * values, axis=-1)


def _nct_ddf(df, nc, t):
    m = _NoncentralT(df, nc, t)
    # on the side with less mass; the score has mean zero
    side = np.where(m.t > m.nc, -sp.ndtr(-m.z), sp.ndtr(m.z))
    return m.mean(m.score * side + m.phi * m.t * m.s_df)


def _nct_dnc(df, nc, t):
    m = _NoncentralT(df, nc, t)
    return -m.mean(m.phi)


def _nct_dt(df, nc, t):
    return scu._nct_pdf(t, df, nc)


def _nct_pdf_dt(y, t, df, nc):
    m = _NoncentralT(df, nc, t)
    return -m.mean(m.s**2 * m.z * m.phi)


def _nct_pdf_ddf(y, t, df, nc):
    m = _NoncentralT(df, nc, t)
    return m.mean(m.phi * (m.score * m.s + m.s_df * (1 - m.s * m.t * m.z)))


def _nct_pdf_dnc(y, t, df, nc):
    m = _NoncentralT(df, nc, t)
    return m.mean(m.s * m.z * m.phi)


_NCT = (_nct_ddf, _nct_dnc, _nct_dt)
_cdf(sp.nctdtr, *_NCT, samples=(_shape, real, real))
_cdf(scu._nct_sf, *[(lambda t, df, nc, _p=p: -_p(df, nc, t)) for p in (_NCT[2], *_NCT[:2])],
     samples=(real, _shape, real))
_inverse(sp.nctdtrit, (0, 1, "p"), 2, _NCT, samples=(_shape, real, _open_unit))
_inverse(scu._nct_isf, ("p", 0, 1), 2, _NCT, complement=True, samples=(_open_unit, _shape, real))
_inverse(sp.nctdtridf, ("p", 1, 2), 0, _NCT)
_inverse(sp.nctdtrinc, (0, "p", 2), 1, _NCT)
elementwise(scu._nct_pdf, _nct_pdf_dt, _nct_pdf_ddf, _nct_pdf_dnc, samples=(real, _shape, real))
elementwise(scu._nct_mean, lambda y, df, nc: y / 2 * (1 / df + sp.psi((df - 1) / 2) - sp.psi(df / 2)),
            lambda y, df, nc: np.sqrt(df / 2) * sp.poch(df / 2, -0.5), samples=(Domain(1.5, 4.0), real))
elementwise(scu._ncf_mean, lambda y, d1, d2, nc: -d2 * nc / (d1 * d1 * (d2 - 2)),
            lambda y, d1, d2, nc: -2 * (d1 + nc) / (d1 * (d2 - 2) ** 2), lambda y, d1, d2, nc: d2 / (d1 * (d2 - 2)),
            samples=(_shape, Domain(2.5, 5.0), _shape))
refuse(scu._nct_variance, scu._nct_skewness, scu._nct_kurtosis_excess, scu._ncf_variance, scu._ncf_skewness,
       scu._ncf_kurtosis_excess, reason="the higher moments of noncentral distributions have no rule")
