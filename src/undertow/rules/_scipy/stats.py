"""Rules of ``scipy.stats``: its compiled leaves, and methods of distributions that call compiled integrands.

Everything else in ``scipy.stats`` is Python and followed through its source.
"""

from __future__ import annotations

import numpy as np
import scipy.special as sp
import scipy.stats as st
from scipy.special import _ufuncs

from .._callables import attach, below, bottom, through_source, unknown
from .._registry import elementwise, substitute
from ..samples import Domain, Sample, positive
from ._private import private

_ansari_swilk_statistics, _stats, _stats_pythran = map(
    private, ("scipy.stats._ansari_swilk_statistics", "scipy.stats._stats", "scipy.stats._stats_pythran"))

# ---- kernel density estimates ---------------------------------------------------------------------------------------


def exponents(points, xi, factor):
    """``-|L**-1 (x_j - p_i)|**2 / 2`` for each j, i, and the logarithm of the normal density's constant."""
    import scipy.linalg

    white = scipy.linalg.solve_triangular(factor, np.asarray(points).T, lower=True)
    at = scipy.linalg.solve_triangular(factor, np.asarray(xi).T, lower=True)
    squares = np.sum((at[:, :, None] - white[:, None, :]) ** 2, axis=0)
    return -squares / 2, -np.sum(np.log(np.diagonal(factor))) - len(factor) / 2 * np.log(2 * np.pi)


def kernel_estimate(native):
    """The rule of one instance of ``gaussian_kernel_estimate``."""

    def program(points, values, xi, cho_cov, dtype, _=0):
        found = below(native, points, values, xi, cho_cov, dtype, _)
        power, constant = exponents(points, xi, np.asarray(cho_cov))
        return attach(found, np.exp(power + constant) @ np.asarray(values))

    return program


def kernel_estimate_log(native):
    """The rule of one instance of ``gaussian_kernel_estimate_log``."""

    def program(points, values, xi, cho_cov, dtype, _=0):
        found = below(native, points, values, xi, cho_cov, dtype, _)
        power, constant = exponents(points, xi, np.asarray(cho_cov))
        terms = power[:, :, None] + np.log(np.asarray(values))[None, :, :]
        return attach(found, sp.logsumexp(terms, axis=1) + constant)

    return program


for precision in ("float", "double", "long double"):
    substitute(_stats.gaussian_kernel_estimate[precision])(kernel_estimate(_stats.gaussian_kernel_estimate[precision]))
    substitute(_stats.gaussian_kernel_estimate_log[precision])(
        kernel_estimate_log(_stats.gaussian_kernel_estimate_log[precision]))

# ---- densities ------------------------------------------------------------------------------------------------------


def log_kv(order, x):
    """Logarithm of the modified Bessel function, which is even in its order."""
    return np.log(sp.kve(np.abs(order), x)) - x


def hyperbolic(x, p, a, b):
    """Logarithm of the density of the generalised hyperbolic distribution."""
    root = np.sqrt(1 + x * x)
    width = np.sqrt((a - b) * (a + b))
    constant = p * np.log(width) - np.log(2 * np.pi) / 2 - (p - 0.5) * np.log(a) - log_kv(p, width)
    return constant + b * x + log_kv(p - 0.5, a * root) + (p - 0.5) * np.log(root)


@substitute(_stats.genhyperbolic_logpdf)
def genhyperbolic_logpdf(x, p, a, b):
    """By modified Bessel functions."""
    return attach(below(_stats.genhyperbolic_logpdf, x, p, a, b), hyperbolic(x, p, a, b))


@substitute(_stats.genhyperbolic_pdf)
def genhyperbolic_pdf(x, p, a, b):
    """By modified Bessel functions."""
    return attach(below(_stats.genhyperbolic_pdf, x, p, a, b), np.exp(hyperbolic(x, p, a, b)))


@substitute(_stats.geninvgauss_logpdf)
def geninvgauss_logpdf(x, p, b):
    """By a modified Bessel function."""
    formula = (p - 1) * np.log(x) - b * (x + 1 / x) / 2 - np.log(2.0) - log_kv(p, b)
    return attach(below(_stats.geninvgauss_logpdf, x, p, b), formula)


# ---- distribution functions ----------------------------------------------------------------------------------------


def _turn(x):
    """`x` less full turns, in (-pi, pi]."""
    return x - 2 * np.pi * np.round(x / (2 * np.pi))


def _von_mises_density(kappa, x):
    return np.exp(kappa * (np.cos(x) - 1)) / (2 * np.pi * sp.i0e(kappa))


def _von_mises_dkappa(y, kappa, x):
    """Integral of the density's derivative from 0: the density is even, and full turns do not depend on `kappa`."""
    t, w = np.polynomial.legendre.leggauss(120)
    x = np.asarray(_turn(x))[..., None]
    kappa = np.asarray(kappa)[..., None]
    end = np.sign(x) * np.minimum(np.abs(x), 14 / np.sqrt(kappa + 1e-300))
    nodes = end * (t + 1) / 2
    slope = np.cos(nodes) - sp.i1e(kappa) / sp.i0e(kappa)
    return np.sum(end / 2 * w * slope * _von_mises_density(kappa, nodes), axis=-1)


elementwise(_stats.von_mises_cdf, _von_mises_dkappa, lambda y, kappa, x: _von_mises_density(kappa, x),
            samples=(positive, Domain(-3.0, 3.0)))


def integrated(name, density, upper=False):
    """A distribution function, or its complement, as the integral of a density, one point at a time."""

    def program(self, x, *shapes):
        import scipy.integrate

        found = below(getattr(type(self), name), self, x, *shapes)
        low, high = self._get_support(*shapes)

        def single(x, low, high, *shapes):
            ends = (x, high) if upper else (low, x)
            return scipy.integrate.quad(lambda t: density(t, *shapes), *ends)[0]

        return attach(found, np.vectorize(single, otypes=[np.float64])(x, low, high, *shapes))

    return program


DENSITIES = {st.geninvgauss: lambda t, p, b: np.exp(_stats.geninvgauss_logpdf(t, p, b)),
             st.genhyperbolic: lambda t, p, a, b: _stats.genhyperbolic_pdf(t, p, a, b)}
for distribution, density in DENSITIES.items():
    for name in ("_cdf", "_sf"):
        if name in vars(type(distribution)):
            substitute(vars(type(distribution))[name], cite="integral of the density")(
                integrated(name, density, name == "_sf"))

# ---- probabilities of two variables, counts -------------------------------------------------------------------------


def _normal_density(x):
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def _beyond_dh(y, h, k, r):
    finite = np.isfinite(h)
    at = np.where(finite, h, 0.0)
    return np.where(finite, -_normal_density(at) * sp.ndtr(-(k - r * at) / np.sqrt((1 - r) * (1 + r))), 0.0)


def _beyond_dr(y, h, k, r):
    """Plackett 1954: the derivative in the correlation is the density."""
    s = (1 - r) * (1 + r)
    finite = np.isfinite(h) & np.isfinite(k)
    h, k = np.where(finite, h, 0.0), np.where(finite, k, 0.0)
    return np.where(finite, np.exp(-(h * h - 2 * r * h * k + k * k) / (2 * s)) / (2 * np.pi * np.sqrt(s)), 0.0)


elementwise(getattr(_ufuncs, "_bivariate_normal_cdf", None) or _stats_pythran._bvnu, _beyond_dh, lambda y, h, k, r: _beyond_dh(y, k, h, r), _beyond_dr,
            samples=[Sample((0.3, -0.4, 0.5)), Sample((-1.1, 0.2, -0.7))], cite="Plackett 1954")


@substitute(_stats_pythran._poisson_binom, samples=[])
def _poisson_binom(k, args, tp):
    """Probabilities of the number of successes, one trial after the other."""
    found = below(_stats_pythran._poisson_binom, k, args, tp)
    p = np.asarray(args)
    mass = np.ones((1, *np.shape(p)[1:]))
    none = np.zeros((1, *np.shape(p)[1:]))
    for i in range(len(p)):
        mass = np.concatenate([mass * (1 - p[i]), none]) + np.concatenate([none, mass * p[i]])
    if tp == "cdf":
        mass = np.cumsum(mass, axis=0)
    return attach(found, np.take_along_axis(mass, np.clip(np.asarray(k)[None], 0, len(p)), axis=0)[0])


# ---- summaries ------------------------------------------------------------------------------------------------------


@substitute(_stats_pythran.siegelslopes)
def siegelslopes(y, x, method):
    """Medians of medians of slopes."""
    y, x = np.asarray(y), np.asarray(x)
    slopes = []
    for i in range(len(x)):
        others = x != x[i]
        slopes.append(np.median((y[others] - y[i]) / (x[others] - x[i])))
    slope = np.median(np.stack(slopes))
    if method == "hierarchical":
        return slope, np.median(y - slope * x)
    heights = [np.median((y[i] * x[x != x[i]] - y[x != x[i]] * x[i]) / (x[x != x[i]] - x[i])) for i in range(len(x))]
    return slope, np.median(np.stack(heights))


@substitute(_ansari_swilk_statistics.swilk)
def swilk(x, a, init=0, n1=-1):
    """The statistic of Shapiro and Wilk is a ratio of quadratic forms; its level is not differentiated."""
    w, level, fault = below(_ansari_swilk_statistics.swilk, x, a, init, n1)
    if fault or n1 >= 0:
        return unknown(w, np.sum(x), "the sample is degenerate"), unknown(level, np.sum(x), "as above"), fault
    x = np.asarray(x)
    half = len(a)
    spread = x[len(x) - half:][::-1] - x[:half]
    formula = np.sum(np.abs(a) * spread) ** 2 / np.sum((x - np.mean(x)) ** 2)
    return attach(w, formula), unknown(level, formula, "the level of the test of Shapiro and Wilk has no rule"), fault

# ---- families whose shape may be zero ---------------------------------------------------------------------------------
# SciPy takes the limit on a branch of its own, which does not depend on the shape; next to it, quotients cancel.


def log1p_over(x, c):
    """``log(1 + c x) / c``, and `x` for ``c == 0``."""
    zero = c == 0
    return np.where(zero, x, np.log1p(c * x) / np.where(zero, 1.0, c))


def expm1_over(x, c):
    """``(exp(c x) - 1) / c``, and `x` for ``c == 0``."""
    zero = c == 0
    return np.where(zero, x, np.expm1(c * x) / np.where(zero, 1.0, c))


def _near_zero(u, series, formula):
    """A series for small `u`, elsewhere a formula."""
    small = np.abs(u) < 0.02
    v, w = np.where(small, u, 0.0), np.where(small, 1.0, u)
    total = 0.0 * v
    for a in reversed(series):
        total = total * v + a
    return np.where(small, total, formula(w))


_LOG = [(-1.0) ** (k + 1) * (k + 1) / (k + 2) for k in range(10)]
_EXP = [(k + 1) / float(np.prod(np.arange(1, k + 3))) for k in range(10)]
elementwise(log1p_over, lambda y, x, c: 1 / (1 + c * x),
            lambda y, x, c: x * x * _near_zero(c * x, _LOG, lambda u: (u / (1 + u) - np.log1p(u)) / (u * u)),
            samples=[Sample((0.7, 0.0)), Sample((-0.8, 0.9)), Sample((1.3, -1e-3))])
elementwise(expm1_over, lambda y, x, c: np.exp(c * x),
            lambda y, x, c: x * x * _near_zero(c * x, _EXP, lambda u: (u * np.exp(u) - np.expm1(u)) / (u * u)),
            samples=[Sample((0.7, 0.0)), Sample((-0.8, 0.9)), Sample((1.3, -1e-3))])


def limits_included(method, formula):
    """The rule of a method ``_method(self, x, *shapes)``: its value, and the derivative of a formula where it is finite."""

    def program(self, x, *shapes):
        found = below(method, self, x, *shapes)
        with np.errstate(all="ignore"):
            exact = formula(x, *shapes)
        return attach(found, np.where(np.isfinite(found) & np.isfinite(exact), exact, 0.0))

    return program


def _gev_log(x, c):
    return -log1p_over(x, -c)


def _kappa4_log(x, h, k):
    """Logarithms of ``t = (1 - k x)**(1 / k)``, of ``1 - k x``, and of the distribution function."""
    log_t = _gev_log(x, k)
    return log_t, np.log1p(-k * x), _gev_log(np.exp(log_t), h)


def _kappa4_logpdf(x, h, k):
    log_t, base, logcdf = _kappa4_log(x, h, k)
    return log_t - base + logcdf - np.log1p(-h * np.exp(log_t))


def _skewnorm_logpdf(x, a):
    return np.log(2.0) - x * x / 2 - np.log(2 * np.pi) / 2 + sp.log_ndtr(a * x)


FORMULAS = {
    (st.genextreme, "_loglogcdf"): _gev_log,
    (st.genextreme, "_logpdf"): lambda x, c: -np.exp(_gev_log(x, c)) + _gev_log(x, c) - np.log1p(-c * x),
    (st.genextreme, "_ppf"): lambda q, c: expm1_over(-np.log(-np.log(q)), -c),
    (st.genextreme, "_isf"): lambda q, c: expm1_over(-np.log(-np.log1p(-q)), -c),
    (st.genpareto, "_logpdf"): lambda x, c: -(c + 1) * log1p_over(x, c),
    (st.skewnorm, "_logpdf"): _skewnorm_logpdf,
    (st.skewnorm, "_pdf"): lambda x, a: np.exp(_skewnorm_logpdf(x, a)),
    (st.kappa4, "_logpdf"): _kappa4_logpdf,
    (st.kappa4, "_pdf"): lambda x, h, k: np.exp(_kappa4_logpdf(x, h, k)),
    (st.kappa4, "_logcdf"): lambda x, h, k: _kappa4_log(x, h, k)[2],
    (st.kappa4, "_cdf"): lambda x, h, k: np.exp(_kappa4_log(x, h, k)[2]),
    (st.kappa4, "_ppf"): lambda q, h, k: -expm1_over(np.log(-expm1_over(np.log(q), h)), k),
}
for (distribution, name), formula in FORMULAS.items():
    if name in vars(type(distribution)):
        method = vars(type(distribution))[name]
        substitute(method, cite="the limit at a shape of zero included")(limits_included(method, formula))

# ---- the studentized range -----------------------------------------------------------------------------------------
# Both integrals by the trapezoidal rule, which converges exponentially for them; the one over the scale is taken in its
# logarithm, between bounds beyond which its density has fallen by e^-38.

_Z = np.linspace(-9.0, 9.0, 160)


def _scales(df):
    """Logarithms of the scale and the step between them, on a new last axis."""
    low = -(38 / df + 9 / np.sqrt(2 * df))
    high = np.log1p(76 / df + 2 * np.sqrt(76 / df)) / 2
    step = (high - low) / 299
    return low[..., None] + step[..., None] * np.arange(300.0), step


def _studentized(q, k, df, density):
    q, k, df = q + 0 * k + 0 * df, k + 0 * q + 0 * df, df + 0 * q + 0 * k
    u, step = bottom(_scales, df)
    df, k = df[..., None], k[..., None, None]
    s = np.exp(u)
    weight = np.exp(np.log(2.0) + df / 2 * np.log(df / 2) - sp.gammaln(df / 2) + df * (u - s * s / 2)) * step[..., None]
    shift = _Z - (q[..., None] * s)[..., None]
    phi = np.exp(-_Z * _Z / 2) * ((_Z[1] - _Z[0]) / np.sqrt(2 * np.pi))
    right = shift > 0  # where both functions are close to one
    between = np.where(right, sp.ndtr(-shift) - sp.ndtr(-_Z), sp.ndtr(_Z) - sp.ndtr(shift))
    power = np.log(np.maximum(between, 1e-300))
    if density:
        inner = k * (k - 1) * phi * np.exp((k - 2) * power - shift * shift / 2) * (s[..., None] / np.sqrt(2 * np.pi))
    else:
        inner = k * phi * np.exp((k - 1) * power)
    return np.sum(weight * np.sum(inner, axis=-1), axis=-1)


for name, density in (("_cdf", False), ("_pdf", True)):
    substitute(vars(type(st.studentized_range))[name], cite="Lund and Lund 1983")(limits_included(
        vars(type(st.studentized_range))[name],
        lambda q, k, df, density=density: _studentized(*map(np.asarray, (q, k, df)), density)))

# ---- Pearson's third family next to the normal distribution ----------------------------------------------------------
# SciPy takes the normal distribution for a skew of less than 1.6e-5; the derivatives are those of the expansion in the skew
# (Edgeworth, Cornish and Fisher: Abramowitz and Stegun 26.2.48 and 26.2.49) with excess 3/2 of its square.


def _edgeworth(x):
    """The terms of the density over the normal one, and of the distribution function over the normal density."""
    h2, h3, h4 = x * x - 1, x**3 - 3 * x, x**4 - 6 * x * x + 3
    h5, h6 = x**5 - 10 * x**3 + 15 * x, x**6 - 15 * x**4 + 45 * x * x - 15
    return (h3 / 6, h4 / 16 + h6 / 72), (-h2 / 6, -h3 / 16 - h5 / 72)


def _normal(x):
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def _of_logpdf(x, c):
    first, second = _edgeworth(x)[0]
    return c * first + c * c * (second - first * first / 2)


def _of_cdf(x, c):
    first, second = _edgeworth(x)[1]
    return _normal(x) * (c * first + c * c * second)


def _of_ppf(q, c):
    z = sp.ndtri(q)
    return c * (z * z - 1) / 6 + c * c * ((z**3 - 3 * z) / 16 - (2 * z**3 - 5 * z) / 36)


def next_to_normal(method, expansion):
    """The rule of a method of Pearson's third family: its source, and for small skews the expansion besides."""

    def program(self, x, skew):
        found = through_source(method, self, x, skew)
        small = np.abs(skew) < 1.6e-5
        if not np.any(small):
            return found
        return attach(below(method, self, x, skew), found + np.where(small, expansion(x, np.where(small, skew, 0.0)), 0.0))

    return program


for name, expansion in {"_logpdf": _of_logpdf, "_cdf": _of_cdf, "_ppf": _of_ppf,
                        "_sf": lambda x, c: -_of_cdf(x, c), "_isf": lambda q, c: _of_ppf(1 - q, c)}.items():
    if name in vars(type(st.pearson3)):
        method = vars(type(st.pearson3))[name]
        substitute(method, cite="Abramowitz and Stegun 26.2")(next_to_normal(method, expansion))
