"""The functions of `statistics` that compute with fractions: exact sums, of which the derivative is that of the formula."""

from __future__ import annotations

import math
import statistics

from ._registry import elementwise, pullback
from .samples import Domain, Sample, positive, real

numbers = [Sample(([0.5, 1.25, 2.0],)), Sample(((0.3, 0.4, 1.1, 0.7),))]


@pullback(statistics.mean, sequences=(0,), samples=numbers, like=("data",))
def mean(y, y_bar, data):
    """Each datum gets ``1/n``."""
    return [y_bar / len(data) for _ in data]


def _moment(y_bar, data, center, divisor):
    middle = sum(data) / len(data) if center is None else center
    return [y_bar * 2.0 * (x - middle) / divisor for x in data]


@pullback(statistics.variance, sequences=(0,), samples=numbers)
def variance(y, y_bar, data, xbar=None):
    """``2 (x - mean) / (n - 1)``."""
    return _moment(y_bar, data, xbar, len(data) - 1)


@pullback(statistics.pvariance, sequences=(0,), samples=numbers)
def pvariance(y, y_bar, data, mu=None):
    """``2 (x - mean) / n``."""
    return _moment(y_bar, data, mu, len(data))


@pullback(statistics.stdev, sequences=(0,), samples=numbers, convention="0 where all data are equal")
def stdev(y, y_bar, data, xbar=None):
    """The variance's by the chain rule of the root."""
    return _moment(0.5 * y_bar / y if y else 0.0, data, xbar, len(data) - 1)


@pullback(statistics.pstdev, sequences=(0,), samples=numbers, convention="0 where all data are equal")
def pstdev(y, y_bar, data, mu=None):
    """The variance's by the chain rule of the root."""
    return _moment(0.5 * y_bar / y if y else 0.0, data, mu, len(data))


@pullback(statistics.harmonic_mean, sequences=(0,), samples=numbers)
def harmonic_mean(y, y_bar, data, weights=None):
    """``y² w / (x² Σw)``."""
    parts = [1.0] * len(data) if weights is None else weights
    whole = sum(parts)
    return [y_bar * (y / x) ** 2 * w / whole for x, w in zip(data, parts, strict=True)]


def _inverse_slope(y, p, mu, sigma):
    """One over the density at the quantile `y`."""
    return sigma * math.sqrt(2 * math.pi) * math.exp(0.5 * ((y - mu) / sigma) ** 2)


elementwise(statistics._normal_dist_inv_cdf, _inverse_slope, lambda y, p, mu, sigma: 1.0,
            lambda y, p, mu, sigma: (y - mu) / sigma, samples=(Domain(0.05, 0.95), real, positive))
