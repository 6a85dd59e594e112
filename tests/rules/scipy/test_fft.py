"""Rules of `scipy.fft` against differences."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft as sf
from checks import arguments, check

from undertow.rules import lookup
from undertow.rules._scipy import fft  # noqa: F401


@pytest.mark.parametrize(("rule", "k"), list(arguments("_scipy.fft")))
def test_rule_against_differences(rule, k):
    """Adjoint and pushforward agree with extrapolated differences for every norm, length and axis."""
    check(rule, k)


@pytest.mark.parametrize("f", [sf.hfft, sf.ihfft, sf.hfftn, sf.ihfftn, sf.hfft2, sf.ihfft2])
def test_hermitian_transforms_equal_their_programs(f):
    """The programs that stand for transforms of Hermitian input give the same values."""
    rule = lookup(f)
    for args, kwargs in rule.samples:
        np.testing.assert_allclose(rule.pull(*args, **kwargs), f(*args, **kwargs), atol=1e-12)
