"""Rules of ``scipy.stats``: its compiled leaves, and methods of distributions that call compiled integrands.

Everything else in ``scipy.stats`` is Python and followed through its source.
"""

from __future__ import annotations

import numpy as np
import scipy.special as sp
import scipy.stats as st
from scipy.stats import _ansari_swilk_statistics, _stats, _stats_pythran

from .._callables import attach, below, unknown
from .._registry import elementwise, substitute
from ..samples import Domain, Sample, positive

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
    return -_normal_density(h) * sp.ndtr(-(k - r * h) / np.sqrt((1 - r) * (1 + r)))


def _beyond_dr(y, h, k, r):
    """Plackett 1954: the derivative in the correlation is the density."""
    s = (1 - r) * (1 + r)
    finite = np.isfinite(h) & np.isfinite(k)
    h, k = np.where(finite, h, 0.0), np.where(finite, k, 0.0)
    return np.where(finite, np.exp(-(h * h - 2 * r * h * k + k * k) / (2 * s)) / (2 * np.pi * np.sqrt(s)), 0.0)


elementwise(_stats_pythran._bvnu, _beyond_dh, lambda y, h, k, r: _beyond_dh(y, k, h, r), _beyond_dr,
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
