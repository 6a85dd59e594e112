"""No NaN where a derivative, or a stated convention, exists: each kink and singular point has a known answer."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
from rule_harness import vjp

from undertow import rules
from undertow._errors import RefusedRuleError

rules.load()
inf, nan = np.inf, np.nan
clip = np._core.umath.clip


def cotangents(f, *args, y_bar=1.0, **kwargs):
    """Cotangents of the arguments of `f`."""
    rule = rules.lookup(f)
    with np.errstate(all="ignore"):
        y = f(*args, **kwargs)
        y_bar = y_bar if isinstance(y, tuple) else np.full(np.shape(y), y_bar)[()]
        return vjp(rule, y, y_bar, args, kwargs)


KNOWN = [
    (np.power, (0.0, 0.0), (0.0, 0.0)), (np.power, (0.0, 2), (0.0, 0.0)), (np.power, (0.0, 1), (1.0, 0.0)),
    (np.power, (0.0, 2.5), (0.0, 0.0)), (np.power, (0.0, 0), (0.0, 0.0)), (np.power, (-2.0, 3), (12.0, nan)),
    (np.power, (0.0, 0.5), (inf, 0.0)), (np.float_power, (0.0, 3.0), (0.0, 0.0)), (np.sqrt, (0.0,), (inf,)),
    (np.cbrt, (0.0,), (inf,)), (np.absolute, (0.0,), (0.0,)), (np.absolute, (0j,), (0.0,)), (np.fabs, (0.0,), (0.0,)),
    (np.hypot, (0.0, 0.0), (0.0, 0.0)), (np.hypot, (1e200, 1e200), (math.sqrt(0.5),) * 2),
    (np.hypot, (3e-200, 4e-200), (0.6, 0.8)), (np.arctan2, (0.0, 0.0), (0.0, 0.0)),
    (np.arctan2, (3e-180, 4e-180), (1.6e179, -1.2e179)), (np.maximum, (1.0, 1.0), (0.5, 0.5)),
    (np.minimum, (1.0, 1.0), (0.5, 0.5)), (np.maximum, (2.0, 1.0), (1.0, 0.0)), (np.fmax, (nan, 1.0), (0.0, 1.0)),
    (np.fmin, (1.0, nan), (1.0, 0.0)), (np.maximum, (nan, 1.0), (1.0, 0.0)), (np.maximum, (-inf, -inf), (0.5, 0.5)),
    (np.logaddexp, (1.5, 1.5), (0.5, 0.5)), (np.logaddexp, (-inf, 1.0), (0.0, 1.0)),
    (np.logaddexp, (-inf, -inf), (0.5, 0.5)), (np.logaddexp, (inf, 0.0), (1.0, 0.0)),
    (np.logaddexp, (inf, inf), (0.5, 0.5)), (np.logaddexp, (1000.0, 0.0), (1.0, 0.0)),
    (np.logaddexp2, (-inf, 3.0), (0.0, 1.0)), (clip, (0.5, 0.5, 1.0), (0.5, 0.5, 0.0)),
    (clip, (1.0, 0.5, 1.0), (0.5, 0.0, 0.5)),
    (clip, (3.0, 2.0, 1.0), (0.0, 0.0, 1.0)), (np.reciprocal, (2.0,), (-0.25,)), (np.tanh, (800.0,), (0.0,)),
    (np.exp, (-inf,), (0.0,)), (np.copysign, (-2.0, 1.0), (-1.0,)), (np.copysign, (-2.0, -1.0), (1.0,)),
    (np.copysign, (2.0, -1.0), (-1.0,)), (np.copysign, (2.0, 1.0), (1.0,)), (np.heaviside, (0.0, 0.3), (1.0,)),
    (math.pow, (0.0, 0.0), (0.0, 0.0)), (math.pow, (0.0, 2.0), (0.0, 0.0)), (math.sqrt, (0.0,), (inf,)),
    (math.fabs, (0.0,), (0.0,)), (math.hypot, (0.0, 0.0), (0.0, 0.0)), (math.atan2, (0.0, 0.0), (0.0, 0.0)),
    (math.asin, (1.0,), (inf,)), (math.acosh, (1.0,), (inf,)), (math.dist, ([1.0], [1.0]), ([0.0], [0.0])),
    (math.prod, ([0.0, 3.0, 0.0],), ([0.0, 0.0, 0.0], None)), (cmath.phase, (0j,), (0.0,)),
    (np.sign, (0.0,), (None,)), (np.sign, (0j,), (0.0,)),
]


@pytest.mark.parametrize(("f", "args", "expected"), KNOWN, ids=lambda x: getattr(x, "__name__", None) or str(x))
def test_scalar_singular_points(f, args, expected):
    """Derivatives at kinks, poles and limits."""
    found = cotangents(f, *args)
    for g, e in zip(found, expected, strict=False):
        if e is None:
            assert g is None
        else:
            np.testing.assert_allclose(g, e, rtol=1e-12)


ARRAYS = [
    (np.max, (np.array([1.0, 3.0, 3.0]),), [0.0, 0.5, 0.5]),
    (np.min, (np.array([[1.0, 1.0], [2.0, 1.0]]), 1), [[0.5, 0.5], [0, 1]]),
    (np.prod, (np.array([0.0, 2.0, 3.0]),), [6.0, 0.0, 0.0]), (np.prod, (np.array([0.0, 0.0, 3.0]),), [0.0, 0.0, 0.0]),
    (np.prod, (np.array([1e-200, 1e-200, 1e200]),), [1.0, 1.0, 0.0]), (np.std, (np.ones(3),), [0.0, 0.0, 0.0]),
    (np.cumprod, (np.array([2.0, 0.0, 3.0]),), [1.0, 8.0, 0.0]), (np.linalg.norm, (np.zeros(3),), [0.0, 0.0, 0.0]),
    (np.linalg.norm, (np.zeros((2, 2)),), np.zeros((2, 2))), (np.linalg.norm, (np.array([0.0, 2.0]), 1), [0.0, 1.0]),
    (np.linalg.norm, (np.array([2.0, -2.0]), inf), [0.5, -0.5]), (np.linalg.norm, (np.zeros(2), 3), [0.0, 0.0]),
    (np.linalg.norm, (np.array([0.0, 2.0]), 3), [0.0, 1.0]),
    (np.linalg.det, (np.ones((2, 2)),), [[1.0, -1.0], [-1.0, 1.0]]),
    (np.linalg.det, (np.ones((3, 3)),), np.zeros((3, 3))), (np.linalg.det, (np.zeros((1, 1)),), [[1.0]]),
    (np.sort, (np.array([2.0, 1.0, 1.0]),), [1.0, 1.0, 1.0]), (np.linalg.eigvalsh, (np.eye(3),), np.eye(3)),
]


@pytest.mark.parametrize(("f", "args", "expected"), ARRAYS, ids=lambda x: getattr(x, "__name__", None))
def test_array_singular_points(f, args, expected):
    """Ties, zeros and degenerate matrices."""
    np.testing.assert_allclose(cotangents(f, *args)[0], expected, atol=1e-12)


def test_slogdet_of_a_singular_matrix_is_flat():
    """The other matrices of a batch keep their derivative."""
    a = np.stack([np.ones((2, 2)), np.diag([1.0, 2.0])])
    found = cotangents(np.linalg.slogdet, a, y_bar=(None, np.ones(2)))[0]
    np.testing.assert_allclose(found, [np.zeros((2, 2)), np.diag([1.0, 0.5])])


@pytest.mark.parametrize(("f", "args", "y_bar"), [
    (np.linalg.eigh, (np.eye(2),), (None, np.array([[0.3, 0.5], [0.1, -0.2]]))),
    (np.linalg.eig, (np.array([[1.0, 1.0], [0.0, 1.0]]),), (np.ones(2), None)),
    (np.linalg.eigvals, (np.array([[1.0, 1.0], [0.0, 1.0]]),), np.ones(2)),
    (np.linalg.svd, (np.eye(2),), (np.array([[0.3, 0.5], [0.1, -0.2]]), None, None)),
    (np.linalg.svd, (np.ones((3, 2)), False), (np.arange(6.0).reshape(3, 2), None, None)),
    (np.linalg.svd, (np.arange(8.0).reshape(4, 2),), (np.arange(16.0).reshape(4, 4) ** 2, None, None)),
    (np.linalg.qr, (np.ones((3, 2)),), (np.ones((3, 2)), None)),
    (np.linalg.qr, (np.arange(6.0).reshape(3, 2), "raw"), (None, None)),
])
def test_undefined_derivatives_are_refused(f, args, y_bar):
    """Bases that LAPACK chose at will carry no derivative."""
    y = f(*args)
    with pytest.raises(RefusedRuleError):
        vjp(rules.lookup(f), y, y_bar, args, {})


def test_projectors_of_repeated_eigenvalues_are_differentiable():
    """A loss that does not depend on the basis passes, and agrees with the resolvent formula."""
    rng = np.random.default_rng(0)
    q = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    a = q @ np.diag([1.0, 1.0, 3.0, 5.0]) @ q.T
    w, v = np.linalg.eigh(a)
    g = rng.standard_normal((4, 4))
    p_bar = g + g.T
    v_bar = np.zeros((4, 4))
    v_bar[:, :2] = 2 * p_bar @ v[:, :2]
    a_bar = vjp(rules.lookup(np.linalg.eigh), (w, v), (None, v_bar), (a,), {})[0]
    half = sum(np.outer(v[:, i], v[:, j]) * (v[:, i] @ p_bar @ v[:, j]) / (w[i] - w[j]) for i in (0, 1) for j in (2, 3))
    whole = half + half.T
    np.testing.assert_allclose(a_bar, 2 * np.tril(whole, -1) + np.diag(np.diag(whole)), atol=1e-9)
