"""Programs that stand for the compiled leaves of `scipy.interpolate`, against the leaves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import _ppoly

from undertow.rules import lookup
from undertow.rules._scipy import interpolate  # noqa: F401


@pytest.mark.parametrize("dx", [0, 1, 2, 4])
@pytest.mark.parametrize("extrapolate", [True, False])
@pytest.mark.parametrize("falling", [False, True])
def test_piecewise_polynomial_program_equals_the_routine(dx, extrapolate, falling):
    """Inside, outside, at breakpoints, at NaN, for rising and falling breakpoints."""
    c = np.random.default_rng(0).standard_normal((4, 3, 2))
    x = np.array([0.0, 1.0, 1.5, 3.0])
    x = x[::-1].copy() if falling else x
    at = np.array([-0.5, 0.0, 0.3, 1.0, 1.2, 1.5, 2.9, 3.0, 4.0, np.nan])
    theirs, ours = np.empty((len(at), 2)), np.empty((len(at), 2))
    _ppoly.evaluate(c, x, at, dx, extrapolate, theirs)
    lookup(_ppoly.evaluate).pull(c, x, at, dx, extrapolate, ours)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
