"""`scipy.fftpack`: multiplication of spectra, on which its pseudo-differential operators are built (`diff`, `hilbert`, …)."""

from __future__ import annotations

import numpy as np
from scipy.fftpack import convolve as spectra

from .._registry import Sample, linear, substitute
from ..samples import array

_samples = [Sample((array(6), array(6, seed=1))), Sample((array(7), array(7, seed=1)))]


def scaled(x, omega):
    """The spectrum of `x` times real numbers: a symmetric matrix."""
    return spectra.convolve(np.array(x), omega)


def turned(x, omega):
    """The spectrum of `x` with real and imaginary parts exchanged, times real numbers."""
    return spectra.convolve(np.array(x), omega, swap_real_imag=1)


def both(x, omega_real, omega_imag):
    """The sum of the two."""
    return spectra.convolve_z(np.array(x), omega_real, omega_imag)


def _transposed(omega):
    """Factors of the transposed map: those of real to imaginary parts and those of imaginary to real parts change places."""
    swapped = np.array(omega, float)
    inner = slice(1, swapped.size - (swapped.size % 2 == 0))
    swapped[inner] = swapped[inner].reshape(-1, 2)[:, ::-1].ravel()
    return swapped


linear(scaled, adjoint=lambda y_bar, x, omega: scaled(y_bar, omega), samples=_samples)
linear(turned, adjoint=lambda y_bar, x, omega: turned(y_bar, _transposed(omega)), samples=_samples)
linear(both, adjoint=lambda y_bar, x, omega_real, omega_imag: both(y_bar, omega_real, _transposed(omega_imag)),
       samples=[Sample((array(6), array(6, seed=1), array(6, seed=2))), Sample((array(7), array(7, seed=1), array(7, seed=2)))])


@substitute(spectra.convolve)
def _convolve(x, omega, swap_real_imag=0, overwrite_x=0):
    """Nothing is overwritten."""
    return turned(x, omega) if swap_real_imag else scaled(x, omega)


@substitute(spectra.convolve_z)
def _convolve_z(x, omega_real, omega_imag, overwrite_x=0):
    return both(x, omega_real, omega_imag)
