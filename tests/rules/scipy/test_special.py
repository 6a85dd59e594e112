"""Partials of `scipy.special` functions against differences, and against mpmath where an argument is a shape."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.special as sp
import scipy.special._ufuncs as scu
from differences import richardson

from undertow.rules import Refused, lookup, registered
from undertow.rules._scipy import special  # noqa: F401
from undertow.rules.samples import Domain

RULES = [r for r in registered() if r.kind == "elementwise" and r.samples is not None
         and isinstance(r.function, np.ufunc) and "scipy" in r.name]


def points(rule, count=4):
    rng = np.random.default_rng(sum(map(ord, rule.function.__name__)))
    if isinstance(rule.samples, Domain):
        return [(rule.samples.draw(rng)[()],) for _ in range(count)]
    if isinstance(rule.samples, tuple):
        return [tuple(d.draw(rng)[()] for d in rule.samples) for _ in range(count)]
    return [s.args for s in rule.samples]


CASES = [pytest.param(rule, i, id=f"{rule.function.__name__}-{i}") for rule in RULES
         for i, p in enumerate(rule.partials) if p is not None and not isinstance(p, Refused)]


# How accurately scipy itself computes these functions: the differences cannot be better.
# (The slopes that *_rad2 return do not even agree with their values; spheroidal rules are checked on *_rad1.)
ACCURACY = {"itairy": 1e-3, "_kolmogp": 1e-5, "obl_rad2": 1.0, "pro_rad2": 1.0}


def as_tuple(y):
    return y if isinstance(y, tuple) else (y,)


@pytest.mark.parametrize(("rule", "argnum"), CASES)
def test_partial_against_differences(rule, argnum):
    for args in points(rule):
        args = tuple(np.float64(a) if isinstance(a, float) else a for a in args)
        if np.ndim(args[argnum]):
            continue
        y = rule.function(*args)
        got = as_tuple(rule.partials[argnum](y, *args))

        def f(t, args=args):
            moved = list(args)
            moved[argnum] = t
            return np.stack(as_tuple(rule.function(*moved)))

        expected, error = richardson(f, args[argnum], 0.02 * (1 + abs(args[argnum])) * 0.2)
        assert np.all(np.isfinite(np.asarray(got)))
        rtol = ACCURACY.get(rule.function.__name__, 2e-7)
        np.testing.assert_allclose(np.asarray(got), expected, rtol=rtol, atol=50 * error + 1e-9)


HOLOMORPHIC = [r for r in RULES if r.holomorphic and any("D" in t.split("->")[0] for t in r.function.types)]


@pytest.mark.parametrize("rule", HOLOMORPHIC, ids=lambda r: r.function.__name__)
def test_holomorphic_partial(rule):
    """The last argument moved along the real and the imaginary axis gives the same derivative."""
    args = list(points(rule, 1)[0])
    last = len(args) - 1
    if rule.function.__name__ == "_lambertw":
        last = 0
    args[last] = complex(args[last]) + 0.3j
    if rule.function.__name__.startswith("ellip"):
        args = [complex(a) for a in args]
    args = tuple(args)
    got = np.asarray(as_tuple(rule.partials[last](rule.function(*args), *args)))
    for direction in (1.0, 1j):
        expected, error = richardson(
            lambda t: np.stack(as_tuple(rule.function(*args[:last], args[last] + t * direction, *args[last + 1:]))),
            0.0, 0.01)
        np.testing.assert_allclose(got, expected / direction, rtol=1e-7, atol=50 * error + 1e-9)


SHAPES = [
    (sp.gammainc, 0, (0.01, 0.002), lambda a, x: mpmath.gammainc(a, 0, x, regularized=True)),
    (sp.gammainc, 0, (0.3, 5.0), lambda a, x: mpmath.gammainc(a, 0, x, regularized=True)),
    (sp.gammainc, 0, (40.0, 38.0), lambda a, x: mpmath.gammainc(a, 0, x, regularized=True)),
    (sp.gammainc, 0, (150.0, 190.0), lambda a, x: mpmath.gammainc(a, 0, x, regularized=True)),
    (sp.betainc, 0, (0.02, 3.0, 1e-3), lambda a, b, x: mpmath.betainc(a, b, 0, x, regularized=True)),
    (sp.betainc, 1, (2.0, 0.05, 0.99), lambda a, b, x: mpmath.betainc(a, b, 0, x, regularized=True)),
    (sp.betainc, 0, (300.0, 200.0, 0.62), lambda a, b, x: mpmath.betainc(a, b, 0, x, regularized=True)),
    (sp.betainc, 1, (300.0, 200.0, 0.58), lambda a, b, x: mpmath.betainc(a, b, 0, x, regularized=True)),
    (sp.jv, 0, (2.3, 0.01), mpmath.besselj), (sp.jv, 0, (0.0, 11.0), mpmath.besselj),
    (sp.jv, 0, (-0.5, 4.0), mpmath.besselj), (sp.jv, 0, (40.0, 33.0), mpmath.besselj),
    (sp.jv, 0, (1.5, 250.0), mpmath.besselj),
    (sp.yv, 0, (2.3, 0.1), mpmath.bessely), (sp.yv, 0, (1.0, 40.0), mpmath.bessely),
    (sp.iv, 0, (3.7, 0.2), mpmath.besseli), (sp.iv, 0, (0.2, 90.0), mpmath.besseli),
    (sp.iv, 0, (3.2, 200.0), mpmath.besseli),
    (sp.kv, 0, (3.7, 1e-3), mpmath.besselk), (sp.kv, 0, (30.0, 2.0), mpmath.besselk),
    (sp.kv, 0, (0.4, 300.0), mpmath.besselk),
    (scu._zeta, 0, (1.1, 0.2), mpmath.zeta), (scu._zeta, 0, (9.0, 3.0), mpmath.zeta),
]


@pytest.mark.parametrize(("function", "argnum", "args", "exact"), SHAPES)
def test_shape_derivative_against_mpmath(function, argnum, args, exact):
    args = tuple(np.float64(a) for a in args)
    got = lookup(function).partials[argnum](function(*args), *args)
    with mpmath.workdps(40):
        moved = [mpmath.mpf(float(a)) for a in args]
        expected = mpmath.diff(lambda t: exact(*moved[:argnum], t, *moved[argnum + 1:]), moved[argnum])
    np.testing.assert_allclose(got, float(expected), rtol=2e-10)


def test_every_public_ufunc_has_an_entry():
    missing = [n for n in dir(sp) if isinstance(getattr(sp, n), np.ufunc) and lookup(getattr(sp, n)) is None]
    assert missing == []


def test_private_ufuncs_have_entries():
    internal = {"_sf_error_test_function", "_stirling2_inexact", "_struve_asymp_large_z", "_struve_bessel_series",
                "_struve_power_series", "_igam_fac", "_ellip_harm", "_lanczos_sum_expg_scaled"}
    missing = [n for n in dir(scu) if isinstance(getattr(scu, n), np.ufunc) and lookup(getattr(scu, n)) is None]
    assert set(missing) <= internal


def test_refused_parameter_raises_and_says_why():
    from undertow._errors import RefusedRuleError

    with pytest.raises(RefusedRuleError, match="parameter"):
        lookup(sp.wright_bessel).partials[0](1.0, 1.0, 1.0, 0.5)
