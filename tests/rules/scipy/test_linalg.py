"""Rules of `scipy.linalg` against differences, and their conventions at degenerate points."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg as sl
from checks import arguments, check
from differences import richardson

from undertow._errors import RefusedRuleError
from undertow.rules import lookup, registered
from undertow.rules._scipy import linalg  # noqa: F401

# Single precision chooses other signs of eigenvectors, and warns of its accuracy in functions of matrices.
SKIP = {sl.eig: ("float32",), sl.logm: ("float32",), sl.fractional_matrix_power: ("float32",),
        sl.eig_banded: ("float32",)}
# The matrices must stay symmetric, which random directions do not respect; tested on their own below.
SYMMETRIC = {(sl.solve_continuous_are, 2), (sl.solve_continuous_are, 3)}
CASES = [c for c in [*arguments("_linalg"), *arguments("_scipy.linalg")]
         if (c.values[0].function, c.values[1]) not in SYMMETRIC]


@pytest.mark.parametrize(("rule", "k"), CASES)
def test_rule_against_differences(rule, k):
    """Pullback and pushforward agree with extrapolated differences."""
    check(rule, k, SKIP.get(rule.function, ()))


@pytest.mark.parametrize("k", [2, 3])
def test_riccati_along_symmetric_directions(k):
    """The weights of a Riccati equation move in the space of symmetric matrices."""
    rule = lookup(sl.solve_continuous_are)
    args = list(rule.samples[0].args)
    x = sl.solve_continuous_are(*args)
    x_bar = np.arange(9.0).reshape(3, 3)
    direction = np.ones_like(args[k]) + np.diag(np.arange(len(args[k])))

    def f(t):
        moved = list(args)
        moved[k] = args[k] + t * direction
        return np.sum(x_bar * sl.solve_continuous_are(*moved))

    expected, error = richardson(f, 0.0)
    np.testing.assert_allclose(np.sum(rule.pull(x, x_bar, *args)[k] * direction), expected, rtol=1e-8, atol=10 * error)


def test_repeated_eigenvalues_are_refused_where_the_vectors_matter():
    """Values alone have a symmetric function's derivative; vectors do not."""
    rule = lookup(sl.eigh)
    a = np.diag([1.0, 1.0, 2.0])
    y, residuals = rule.forward(a)
    a_bar, _ = rule.pull(y, (np.ones(3), None), a, residuals=residuals)
    np.testing.assert_allclose(a_bar, np.eye(3), atol=1e-12)
    with pytest.raises(RefusedRuleError, match="not determined"):
        rule.pull(y, (None, np.arange(9.0).reshape(3, 3)), a, residuals=residuals)


def test_phase_of_complex_vectors_is_refused():
    """A cotangent that turns a singular vector by a phase asks for what LAPACK happens to choose."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((3, 3)) + 1j * rng.standard_normal((3, 3))
    y = sl.svd(a)
    with pytest.raises(RefusedRuleError, match="phases"):
        lookup(sl.svd).pull(y, (1j * y[0], None, None), a)


def test_determinant_of_a_singular_matrix_has_cofactors():
    """The derivative exists where the inverse does not."""
    a = np.zeros((2, 2))
    a[0, 0] = 3.0
    np.testing.assert_allclose(lookup(sl.det).pull(0.0, 1.0, a), [[0.0, 0.0], [0.0, 3.0]])


# ---- programs that stand for compiled routines: same values, same effect on memory ----------------------------------

SUBSTITUTES = [r for r in registered() if r.kind == "substitute" and "_linalg" in r.pull.__module__ and r.samples]


@pytest.mark.parametrize("rule", SUBSTITUTES, ids=lambda r: r.name)
def test_substitute_has_the_same_value(rule):
    """The program and the routine agree to rounding, and return the same types."""
    for args, kwargs in rule.samples:
        theirs = rule.function(*copies(args), **kwargs)
        ours = rule.pull(*copies(args), **kwargs)
        for a, b in zip(*(v if isinstance(v, tuple) else (v,) for v in (ours, theirs)), strict=True):
            single = np.asarray(a).dtype.char in "fF"
            np.testing.assert_allclose(a, b, rtol=1e-4 if single else 1e-10)
            if np.ndim(b):
                assert a.dtype == b.dtype


def copies(args):
    return [np.array(a, order="F") if isinstance(a, np.ndarray) else a for a in args]


@pytest.mark.parametrize(("name", "at", "args", "kwargs"), [
    ("daxpy", 1, (np.arange(3.0), np.ones(3)), {"a": 2.0}),
    ("dscal", 1, (3.0, np.arange(3.0)), {}),
    ("dgemv", 4, (2.0, np.arange(6.0).reshape(2, 3), np.ones(3), 0.5, np.ones(2)), {"overwrite_y": 1}),
    ("dgemm", 4, (2.0, np.eye(2), np.eye(2), 0.5, np.asfortranarray(np.arange(4.0).reshape(2, 2))), {"overwrite_c": 1}),
    ("dtrsv", 1, (np.eye(3) + np.tri(3), np.arange(3.0)), {"lower": 1, "overwrite_x": 1}),
    ("dger", 5, (2.0, np.arange(2.0), np.arange(3.0), 1, 1, np.ones((2, 3), order="F")), {"overwrite_a": 1}),
])
def test_blas_program_writes_where_the_routine_writes(name, at, args, kwargs):
    """The destination argument ends in the same state and is returned itself."""
    function = getattr(sl.blas, name)
    theirs, ours = copies(args), copies(args)
    expected, got = function(*theirs, **kwargs), lookup(function).pull(*ours, **kwargs)
    np.testing.assert_allclose(got, expected)
    np.testing.assert_allclose(ours[at], theirs[at])
    assert np.shares_memory(got, ours[at]) == np.shares_memory(expected, theirs[at])
