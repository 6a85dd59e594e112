"""Fourier transforms and special functions in native code: values of the libraries, derivatives of differences."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.fft as sfft
import scipy.special as sp

pytest.importorskip("numba")

import undertow as ut
from undertow import _compile

_R = np.random.default_rng(4)
X = _R.uniform(0.3, 3.0, 11)
C = _R.normal(size=(2, 4, 5))


def spectrum(x):
    return np.sum(np.abs(np.fft.rfft(x)) ** 3) + np.sum(np.abs(np.fft.rfft(x[1:])) ** 3)


def complex_transforms(x):
    y = np.fft.fft(x) * np.arange(len(x))
    return np.sum(np.abs(y) ** 2) + np.sum(np.sin(np.fft.ifft(y * (1 + 2j), norm="ortho").real))


def back(x):
    k = np.fft.rfftfreq(len(x)) * 1j
    y, z = np.fft.irfft(k * np.fft.rfft(x), len(x)), np.fft.irfft(np.fft.rfft(x) * (1 + 1j))
    return np.sum(np.sin(y)) + np.sum(z**3) + np.sum(np.fft.irfft(np.fft.rfft(x), len(x) - 3, norm="forward") ** 3)


def planes(c):
    a = c[0]
    return np.sum(np.abs(np.fft.fft2(a)) ** 3) + np.sum(np.fft.ifft2(np.fft.fft2(a) ** 2).real ** 2) + np.sum(
        np.abs(np.fft.rfft2(a)) ** 3) + np.sum(np.fft.irfft2(np.fft.rfft2(a) ** 2) ** 2)


def axes(c):
    return np.sum(np.abs(np.fft.fft(c, axis=1)) ** 3) + np.sum(np.abs(np.fft.rfft(c, 8, axis=0)) ** 3) + np.sum(
        np.abs(np.fft.fftn(c)) ** 3) + np.sum(np.abs(sfft.rfft(c, axis=2, norm="forward")) ** 3)


def spectral_steps(x):
    """A partial differential equation by transforms, step by step."""
    k = np.fft.fftfreq(len(x), 1.0 / len(x))
    for _ in range(3):
        x = x + 1e-4 * np.fft.ifft(-k**2 * np.fft.fft(x)).real - 0.01 * x * np.fft.ifft(1j * k * np.fft.fft(x)).real
    return np.sum(x**3)


def gammas(x):
    return np.sum(sp.erf(x) + sp.gammaln(x) * sp.expit(x) + sp.digamma(x) + sp.gamma(x) + sp.betaln(x, 2.0))


def bessels(x):
    return np.sum(sp.j0(x) + sp.j1(x) * sp.i0(x) + sp.i1(x) + sp.jv(2, x) + sp.i0e(x) + sp.xlogy(x, x + 1))


def probabilities(x):
    return np.sum(sp.ndtr(x) + sp.log_ndtr(x) + sp.ndtri(x / 9) + sp.erfinv(x / 9) + sp.gammainc(2.0, x) + sp.entr(x)
                  + sp.rel_entr(x, x + 1) + sp.erfcx(x) + sp.logit(x / 9) + sp.huber(1.0, x) + np.cbrt(x))


def sums_of_exponentials(x):
    return sp.logsumexp(x) ** 2 + np.sum(sp.softmax(x) ** 2) + np.sum(sp.log_softmax(x) ** 2)


def rows_of_exponentials(c):
    a = c[0]
    return np.sum(sp.logsumexp(a, axis=1) ** 2) + np.sum(sp.softmax(a, axis=0) ** 2) + sp.logsumexp(
        a, axis=0, keepdims=True)[0, 1]


def one_by_one(x):
    total = 0.0
    for v in x:
        total += sp.gammaln(v) * sp.j0(total)
    return total


CASES = {f.__name__: (f, x) for x, fs in (
    (X, (spectrum, complex_transforms, back, spectral_steps, gammas, bessels, probabilities, sums_of_exponentials, one_by_one)),
    (C, (planes, axes, rows_of_exponentials))) for f in fs}
QUICK = ("spectrum", "spectral_steps", "gammas", "one_by_one")


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in CASES])
def test_derivatives_are_those_of_differences(name):
    f, x = CASES[name]
    d = np.random.default_rng(3).normal(size=x.shape)
    h = 1e-3
    expected = sum(c * (f(x + k * h * d) - f(x - k * h * d)) for k, c in ((1, 45), (2, -9), (3, 1))) / (60 * h)
    for _ in range(2):
        value, bar = ut.value_and_grad(f, tier="compile")(x)
        np.testing.assert_allclose(value, f(x), rtol=1e-12)
        np.testing.assert_allclose(np.vdot(bar, d), expected, rtol=1e-7)
    assert not _compile.defects


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_both_tiers_agree_in_all_modes(name):
    f, x = CASES[name]
    d = np.random.default_rng(3).normal(size=x.shape)
    close = {"rtol": 1e-9, "atol": 1e-10}
    np.testing.assert_allclose(ut.grad(f, tier="compile")(x), ut.grad(f, tier="record")(x), **close)
    np.testing.assert_allclose(ut.jvp(f, (x,), (d,), tier="compile")[1], ut.jvp(f, (x,), (d,), tier="record")[1], **close)
    np.testing.assert_allclose(ut.hvp(f, (x,), (d,), tier="compile"), ut.hvp(f, (x,), (d,), tier="record"), **close)


def test_partials_that_a_rule_does_not_know_are_left_to_the_recorder():
    def f(x):
        return np.sum(sp.gammainc(x, 2.0))

    np.testing.assert_allclose(ut.grad(f)(X[:2]), ut.grad(f, tier="record")(X[:2]), rtol=1e-9)


def test_wrong_lengths_raise_as_in_numpy():
    def f(x):
        return np.sum(np.abs(np.fft.fft(x, 0)))

    with pytest.raises(ValueError, match="Invalid number of FFT data points"):
        ut.grad(f)(X)


@pytest.mark.slow
def test_numbers_are_those_of_the_universal_functions():
    """To the last bit, also at points outside of the domain."""
    from numba import njit

    from undertow._compile.routines.ufuncs import operation
    from undertow._compile.runtime.library import named

    points = [-1.5, -1.0, 0.0, 0.3, 1.0, 2.5, 7.0, np.inf, np.nan]
    checked = 0
    for f in {f for f in vars(sp).values() if isinstance(f, np.ufunc)}:
        name = operation(f)
        if name is None or f.nin > 2:
            continue
        call = named(name)
        native = njit(lambda x, call=call: call(x)) if f.nin == 1 else njit(lambda x, y, call=call: call(x, y))
        for x in points:
            for args in [(x,)] if f.nin == 1 else [(x, y) for y in points[::2]]:
                with np.errstate(all="ignore"), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    expected = f(*args)
                np.testing.assert_equal(native(*args), expected, err_msg=f"{f.__name__}{args}")
        checked += 1
    assert checked > 80
