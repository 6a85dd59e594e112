"""Every nonsmooth primitive states where its derivative is a choice, or where it jumps."""

from __future__ import annotations

import math

import numpy as np
import pytest

from undertow import rules
from undertow.rules import lookup

rules.load()
NONSMOOTH = [
    np.absolute, np.fabs, math.fabs, abs, np.maximum, np.minimum, np.fmax, np.fmin, np.sign, np.floor, np.ceil, np.trunc,
    np.rint, np.round, np.heaviside, np.copysign, np.mod, np.fmod, np.divmod, np.modf, np.hypot, np.max, np.min, np.amax,
    np.amin, np.ndarray.max, np.ndarray.min, np.sort, np.partition, np.linalg.norm, np._core.umath.clip, np.argmax,
    np.argsort, np.floor_divide, np.signbit, np.greater, np.arctan2, math.floor, math.ceil, math.fmod, math.copysign,
    math.hypot, math.dist, math.remainder,
]


@pytest.mark.parametrize("f", NONSMOOTH, ids=lambda f: f.__name__)
def test_nonsmooth_primitives_say_where(f):
    """Its kinks or its jumps are in the registry."""
    rule = lookup(f)
    assert rule.kinks or rule.jumps


@pytest.mark.parametrize("f", [np.absolute, np.maximum, np.sign, np.max, math.hypot, np.linalg.norm], ids=lambda f: f.__name__)
def test_conventions_are_stated(f):
    """What is returned there, in words."""
    assert lookup(f).convention


def test_kinks_vanish_where_the_choice_is():
    """The functions are zero exactly there."""
    x = np.array([-1.0, 0.0, 2.0])
    assert np.array_equal(lookup(np.absolute).kinks(x) == 0, x == 0)
    assert np.array_equal(lookup(np.sign).jumps(x) == 0, x == 0)
    assert lookup(math.hypot).kinks(0.0, 0.0) == 0
    assert lookup(math.hypot).kinks(0.0, 1.0) != 0
