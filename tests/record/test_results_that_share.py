"""Several results of one primitive, of which some are its arguments or views of them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import undertow as ut

X = np.array([0.1, 0.4, 0.9])


def several(z):
    first, second = np.atleast_1d(z[:], z[1])
    return np.sum(first.ravel() ** 2) + second[0] ** 3


def written_after(z):
    v = z[1:]
    first, _ = np.atleast_1d(v, 2.0)
    v *= 3.0
    return np.sum(first.reshape(-1) ** 2)


def whole_and_view(z):
    v = z[:2]
    first, second = np.atleast_2d(z, v)
    return np.sum(np.broadcast_to(first, (2, 3)) ** 2) + np.sum(v.ravel() ** 3) + np.sum(second)


def shape_parameter(z):
    return np.sum(scipy.stats.gamma.pdf(0.3, z[:]))


def quantile(z):
    return np.sum(scipy.stats.norm.ppf(z[0:3]))


@pytest.mark.parametrize("f", [several, written_after, whole_and_view, shape_parameter, quantile])
def test_shared_results(f):
    h = 1e-6
    expected = [(f(X + h * e) - f(X - h * e)) / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(ut.grad(f, tier="record")(X.copy()), expected, rtol=1e-6)
    forward = [ut.jvp(f, (X.copy(),), (e,))[1] for e in np.eye(3)]
    np.testing.assert_allclose(forward, expected, rtol=1e-6)
