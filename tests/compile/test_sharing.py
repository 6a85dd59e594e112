"""Rebinding, aliasing and evaluation order: compiled programs do what Python does, or are not compiled."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest

pytest.importorskip("numba")

from harness.sharing import PROGRAMS

from undertow._compile import NotCompilable, compile_pullback

QUICK = {"alias_then_write", "loop_alias", "loop_alias_write", "swap", "param_rebound_written", "lazy_then_write",
         "roll_in_place", "list_alias", "growing_while", "scatter_dup", "order_of_eval", "first_iter"}


def slope(f, x, rest, d):
    """Richardson difference along `d`."""
    def central(h):
        return (f(x + h * d, *copy.deepcopy(rest)) - f(x - h * d, *copy.deepcopy(rest))) / (2 * h)

    return (4 * central(5e-5) - central(1e-4)) / 3


@pytest.mark.parametrize(("f", "args"), [
    pytest.param(f, a, id=f.__name__, marks=() if f.__name__ in QUICK else pytest.mark.slow) for f, a in PROGRAMS])
def test_sharing(f, args):
    """Value, type, final arguments and gradient, where the program compiles."""
    mine, theirs = copy.deepcopy(args), copy.deepcopy(args)
    try:
        compiled = compile_pullback(f, mine, (True,) + (False,) * (len(args) - 1))
        value, bars = compiled.value_and_pullback(mine, 1.0)
    except NotCompilable as reason:
        assert f.__name__ not in QUICK, reason
        pytest.skip(str(reason))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = f(*theirs)
        d = np.random.default_rng(1).standard_normal(args[0].shape)
        difference = slope(f, args[0], args[1:], d)
    assert type(value) is type(expected)
    assert value == pytest.approx(expected, rel=1e-12)
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    assert np.sum(bars[0] * d) == pytest.approx(difference, rel=1e-6, abs=1e-7)
