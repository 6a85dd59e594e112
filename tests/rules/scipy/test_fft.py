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


@pytest.mark.parametrize("n", [6, 7])
@pytest.mark.parametrize(("name", "options"), [
    ("rfft", {}), ("rfft", {"n": 8}), ("irfft", {}), ("dct", {"norm": "ortho"}), ("idct", {}), ("dst", {"type": 1}), ("diff", {}),
    ("hilbert", {}), ("fft", {"n": 10}), ("ifft", {})])
def test_the_older_module(name, options, n):
    import scipy.fftpack as older

    import undertow as ut

    def f(x):
        y = getattr(older, name)(x, **options)
        return np.sum((np.real(y) + 0.5 * np.imag(y)) * weights[:y.size])

    weights, x = np.cos(np.arange(16.0)), np.sin(np.arange(float(n)) + 1.0)
    expected = [(f(x + e) - f(x - e)) / 2.0 for e in np.eye(n)]  # linear
    np.testing.assert_allclose(ut.grad(f)(x), expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose([float(ut.jvp(f, (x,), (e,))[1]) for e in np.eye(n)], expected, rtol=1e-12, atol=1e-13)
