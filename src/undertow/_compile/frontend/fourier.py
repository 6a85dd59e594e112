"""Plain programs that stand for ``numpy.fft`` and the transforms of ``scipy.fft`` that take the same arguments."""

from __future__ import annotations

import numpy as np

from ..routines.fourier import from_half, to_half_even, to_half_odd, transform

__all__ = ["PROGRAMS", "SCIPY"]


def _factor(n, norm, inverse):
    if norm == "ortho":
        return 1.0 / np.sqrt(n)
    if norm == "forward":
        return 1.0 if inverse else 1.0 / n
    if norm is None or norm == "backward":
        return 1.0 / n if inverse else 1.0
    raise ValueError


def _rows(a, axis, n):
    """The first `n` elements along an axis as rows; zeros stand for what is not there."""
    t = a if a.ndim == 1 else np.swapaxes(a, axis, -1)
    have = t.shape[-1]
    rows = np.reshape(t, (t.size // max(have, 1), have))
    if n is None:
        return rows
    if n < 1:
        raise ValueError
    out = np.zeros((rows.shape[0], n), dtype=a.dtype)
    m = min(n, have)
    out[:, :m] = rows[:, :m]
    return out


def _back(rows, a, axis):
    """The inverse of `_rows`, for rows of any length."""
    if a.ndim == 1:
        return rows[0]
    t = np.swapaxes(a, axis, -1)
    return np.swapaxes(np.reshape(rows, (*t.shape[:-1], rows.shape[1])), axis, -1)


def _complex(a, n, axis, norm, inverse):
    rows = _rows(a, axis, n)
    if rows.shape[1] < 1:
        raise ValueError
    return _back(transform(rows, inverse=inverse) * _factor(rows.shape[1], norm, inverse), a, axis)


def fft(a, n=None, axis=-1, norm=None):
    return _complex(a, n, axis, norm, False)


def ifft(a, n=None, axis=-1, norm=None):
    return _complex(a, n, axis, norm, True)


def rfft(a, n=None, axis=-1, norm=None):
    rows = _rows(a, axis, n)
    n = rows.shape[1]
    if n < 1:
        raise ValueError
    out = np.zeros((rows.shape[0], n // 2 + 1), dtype=np.complex128)
    if n % 2 == 0:
        out[:, :] = to_half_even(rows)
    else:
        out[:, :] = to_half_odd(rows)
    return _back(out * _factor(n, norm, False), a, axis)


def irfft(a, n=None, axis=-1, norm=None):
    length = 2 * (a.shape[axis] - 1) if n is None else n
    if length < 1:
        raise ValueError
    rows = _rows(a, axis, length // 2 + 1)
    return _back(from_half(rows, length) * _factor(length, norm, True), a, axis)


def fftn(a, s=None, axes=None, norm=None):
    if s is not None:
        raise NotImplementedError
    for axis in (0, 1, 2)[:a.ndim] if axes is None else axes:
        a = fft(a, None, axis, norm)
    return a


def ifftn(a, s=None, axes=None, norm=None):
    if s is not None:
        raise NotImplementedError
    for axis in (0, 1, 2)[:a.ndim] if axes is None else axes:
        a = ifft(a, None, axis, norm)
    return a


def fft2(a, s=None, axes=(-2, -1), norm=None):
    return fftn(a, s, axes, norm)


def ifft2(a, s=None, axes=(-2, -1), norm=None):
    return ifftn(a, s, axes, norm)


def rfft2(a, s=None, axes=(-2, -1), norm=None):
    if s is not None:
        raise NotImplementedError
    return fft(rfft(a, None, axes[1], norm), None, axes[0], norm)


def irfft2(a, s=None, axes=(-2, -1), norm=None):
    if s is not None:
        raise NotImplementedError
    return irfft(ifft(a, None, axes[0], norm), None, axes[1], norm)


def fftfreq(n, d=1.0):
    out = np.zeros(n)
    for k in range(n):
        out[k] = (k if k < (n - 1) // 2 + 1 else k - n) * (1.0 / (n * d))
    return out


def rfftfreq(n, d=1.0):
    out = np.zeros(n // 2 + 1)
    for k in range(n // 2 + 1):
        out[k] = k * (1.0 / (n * d))
    return out


_ANY = ((1, 2, 3),)
_PLANE = ((2, 3),)
PROGRAMS = {
    np.fft.fft: (fft, _ANY), np.fft.ifft: (ifft, _ANY), np.fft.rfft: (rfft, _ANY), np.fft.irfft: (irfft, _ANY),
    np.fft.fft2: (fft2, _PLANE), np.fft.ifft2: (ifft2, _PLANE), np.fft.rfft2: (rfft2, _PLANE),
    np.fft.irfft2: (irfft2, _PLANE), np.fft.fftn: (fftn, _ANY), np.fft.ifftn: (ifftn, _ANY),
    np.fft.fftfreq: (fftfreq, ()), np.fft.rfftfreq: (rfftfreq, ()),
}
SCIPY = {name: (f, _ANY) for name, f in (("fft", fft), ("ifft", ifft), ("rfft", rfft), ("irfft", irfft), ("fftn", fftn),
                                        ("ifftn", ifftn))} | {
    name: (f, _PLANE) for name, f in (("fft2", fft2), ("ifft2", ifft2), ("rfft2", rfft2), ("irfft2", irfft2))}
