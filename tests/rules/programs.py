"""Programs of library calls against differences: value, reverse mode and forward mode of each."""

from __future__ import annotations

import warnings

import numpy as np
from rule_harness import ridders

import undertow as ut


def paired(f):
    """A loss: the results paired with fixed weights."""

    def loss(x):
        y = np.asarray(f(x))
        w = np.cos(np.arange(y.size)).reshape(y.shape)
        if np.iscomplexobj(y):
            return np.sum(np.real(y) * w) + np.sum(np.imag(y) * w[..., ::-1])
        return np.sum(y * w)

    return loss


def check(f, x):
    """Compare along one direction: reverse with extrapolated differences, forward with reverse."""
    x = np.asarray(x, float)
    v = np.random.default_rng(0).standard_normal(x.shape)
    loss = paired(f)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = loss(x)
        exact, error = ridders(lambda t: np.asarray(loss(x + t * v)), h=0.004)
        value, gradient = ut.value_and_grad(loss)(x)
        _, along = ut.jvp(loss, (x,), (v,))
    np.testing.assert_allclose(value, plain, rtol=1e-12)
    np.testing.assert_allclose(np.sum(gradient * v), exact, rtol=1e-5, atol=1e-7 + 10 * error)
    np.testing.assert_allclose(along, np.sum(gradient * v), rtol=1e-7, atol=1e-9)


def check_second(f, x):
    """Compare a product with the Hessian of a loss that is not linear in the results with differences of its gradient."""
    x = np.asarray(x, float)
    v, w = (np.random.default_rng(k).standard_normal(x.shape) for k in (0, 1))
    base = paired(f)

    def loss(x):
        y = base(x)
        return np.sin(y) + y**2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exact, error = ridders(lambda t: np.asarray(np.sum(ut.grad(loss)(x + t * v) * w)), h=0.003, levels=5)
        found = np.sum(ut.hvp(loss, (x,), (v,)) * w)
    np.testing.assert_allclose(found, exact, rtol=1e-4, atol=1e-5 + 10 * error)
