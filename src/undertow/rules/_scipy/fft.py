"""Rules of ``scipy.fft``: every transform is linear, and its adjoint is another transform.

With the unscaled transform ``F``, ``F^H`` is the unscaled inverse: the adjoint of a transform is the opposite one with
``norm`` exchanged ("backward" and "forward").  Real transforms keep half a spectrum: the adjoint of `rfft` puts zeros
in the other half, that of `irfft` counts the entries twice that stand for two.
"""

from __future__ import annotations

import numpy as np
import scipy.fft as sf
from scipy.fft import _fftlog_backend

from .._callables import below, verified
from .._registry import linear, substitute
from ..samples import Sample, array
from ._private import private

_basic = private("scipy.fft._pocketfft.basic", "scipy.fft._duccfft.basic")
_real = private("scipy.fft._pocketfft.realtransforms", "scipy.fft._duccfft.realtransforms")
SWAPPED = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


def _fit(g, x, axes):
    """Cut or fill with zeros along `axes` to the shape of `x`: the adjoint of filling and cutting."""
    for axis in axes:
        n = x.shape[axis]
        if g.shape[axis] > n:
            g = np.take(g, np.arange(n), axis=axis)
        elif g.shape[axis] < n:
            width = [(0, 0)] * g.ndim
            width[axis] = (0, n - g.shape[axis])
            g = np.pad(g, width)
    return g


def _axes(x, s, axes):
    """The axes of an n-dimensional transform, as scipy reads ``s`` and ``axes``."""
    if axes is not None:
        return tuple(axes) if np.iterable(axes) else (axes,)
    if s is not None:
        return tuple(range(x.ndim - (len(s) if np.iterable(s) else 1), x.ndim))
    return tuple(range(x.ndim))


def _half_weights(n, count, ndim, axis):
    """How many entries of the whole spectrum each entry of the half spectrum stands for."""
    k = np.arange(count)
    w = np.where((k == 0) | (2 * k == n), 1.0, 2.0)
    shape = [1] * ndim
    shape[axis] = count
    return w.reshape(shape)


def _fill_spectrum(g, n, axis):
    width = [(0, 0)] * g.ndim
    width[axis] = (0, n - g.shape[axis])
    return np.pad(g, width)


# ---- one axis ------------------------------------------------------------------------------------------------------


def _fft_adjoint(inverse):
    def adjoint(y_bar, x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
        return _fit(inverse(y_bar, axis=axis, norm=SWAPPED[norm], workers=workers), x, (axis,))

    return adjoint


def _rfft_adjoint(y_bar, x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    n = x.shape[axis] if n is None else n
    return _fit(np.real(sf.ifft(_fill_spectrum(y_bar, n, axis), axis=axis, norm=SWAPPED[norm])), x, (axis,))


def _irfft_adjoint(y_bar, x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    n = y_bar.shape[axis]
    half = sf.rfft(y_bar, axis=axis, norm=SWAPPED[norm])
    return _fit(half * _half_weights(n, half.shape[axis], half.ndim, axis), x, (axis,))


_ONE = [{}, {"n": 7}, {"n": 3}, {"norm": "ortho"}, {"norm": "forward", "axis": 0}]
_REAL = [Sample((array(4, 5),), k) for k in _ONE]
_COMPLEX = [Sample((array(4, 5, dtype=complex),), k) for k in _ONE]
_HALF = [*_COMPLEX, Sample((array(3, 4, dtype=complex),), {"n": 8}), Sample((array(4, dtype=complex),), {"n": 5})]

linear(sf.fft, adjoint=_fft_adjoint(sf.ifft), samples=_REAL + _COMPLEX)
linear(sf.ifft, adjoint=_fft_adjoint(sf.fft), samples=_REAL + _COMPLEX)
linear(sf.rfft, adjoint=_rfft_adjoint, samples=_REAL)
linear(sf.irfft, adjoint=_irfft_adjoint, samples=_HALF)

# ---- several axes --------------------------------------------------------------------------------------------------


def _fftn_adjoint(inverse, default=None):
    def adjoint(y_bar, x, s=None, axes=default, norm=None, overwrite_x=False, workers=None, *, plan=None):
        axes = _axes(x, s, axes)
        return _fit(inverse(y_bar, axes=axes, norm=SWAPPED[norm], workers=workers), x, axes)

    return adjoint


def _rfftn_adjoint(default=None):
    def adjoint(y_bar, x, s=None, axes=default, norm=None, overwrite_x=False, workers=None, *, plan=None):
        axes = _axes(x, s, axes)
        n = x.shape[axes[-1]] if s is None else s[-1] if np.iterable(s) else s
        whole = _fill_spectrum(y_bar, n, axes[-1])
        return _fit(np.real(sf.ifftn(whole, axes=axes, norm=SWAPPED[norm])), x, axes)

    return adjoint


def _irfftn_adjoint(default=None):
    def adjoint(y_bar, x, s=None, axes=default, norm=None, overwrite_x=False, workers=None, *, plan=None):
        axes = _axes(x, s, axes)
        half = sf.rfftn(y_bar, axes=axes, norm=SWAPPED[norm])
        weights = _half_weights(y_bar.shape[axes[-1]], half.shape[axes[-1]], half.ndim, axes[-1])
        return _fit(half * weights, x, axes)

    return adjoint


_MANY = [{}, {"s": (3, 6)}, {"axes": (0, 1), "norm": "ortho"}, {"s": (5, 2), "axes": (1, 0), "norm": "forward"}]
_REAL_N = [Sample((array(4, 5),), k) for k in _MANY]
_COMPLEX_N = [Sample((array(4, 5, dtype=complex),), k) for k in _MANY]

linear(sf.fftn, adjoint=_fftn_adjoint(sf.ifftn), samples=_REAL_N + _COMPLEX_N)
linear(sf.ifftn, adjoint=_fftn_adjoint(sf.fftn), samples=_REAL_N + _COMPLEX_N)
linear(sf.fft2, adjoint=_fftn_adjoint(sf.ifftn, (-2, -1)), samples=_REAL_N + _COMPLEX_N)
linear(sf.ifft2, adjoint=_fftn_adjoint(sf.fftn, (-2, -1)), samples=_REAL_N + _COMPLEX_N)
linear(sf.rfftn, adjoint=_rfftn_adjoint(), samples=_REAL_N)
linear(sf.rfft2, adjoint=_rfftn_adjoint((-2, -1)), samples=_REAL_N)
linear(sf.irfftn, adjoint=_irfftn_adjoint(), samples=_COMPLEX_N)
linear(sf.irfft2, adjoint=_irfftn_adjoint((-2, -1)), samples=_COMPLEX_N)

# ---- Hermitian input: by definition the transforms above of the conjugate ------------------------------------------


@substitute(sf.hfft, samples=_HALF)
def _hfft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return sf.irfft(np.conj(x), n, axis, SWAPPED[norm])


@substitute(sf.ihfft, samples=_REAL)
def _ihfft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return np.conj(sf.rfft(x, n, axis, SWAPPED[norm]))


@substitute(sf.hfftn, samples=_COMPLEX_N)
def _hfftn(x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return sf.irfftn(np.conj(x), s, axes, SWAPPED[norm])


@substitute(sf.ihfftn, samples=_REAL_N)
def _ihfftn(x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return np.conj(sf.rfftn(x, s, axes, SWAPPED[norm]))


@substitute(sf.hfft2, samples=_COMPLEX_N)
def _hfft2(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    return sf.irfftn(np.conj(x), s, axes, SWAPPED[norm])


@substitute(sf.ihfft2, samples=_REAL_N)
def _ihfft2(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    return np.conj(sf.rfftn(x, s, axes, SWAPPED[norm]))


# ---- sine and cosine transforms ------------------------------------------------------------------------------------


INVERSE_TYPE = {1: 1, 2: 3, 3: 2, 4: 4}


def _scale_entry(g, axis, index, factor):
    shape = [1] * g.ndim
    shape[axis] = g.shape[axis]
    w = np.ones(g.shape[axis])
    w[index] = factor
    return g * w.reshape(shape)


def _transposed(g, sine, kind, axis, norm, orthogonalize):
    """The transpose of one sine or cosine transform along one axis, resizing apart.

    Orthogonalised transforms are symmetric (types 1, 4) or each other's transpose (2, 3).  Otherwise types 2 and 3
    differ by a factor two on the entry that the sum of type 3 counts once, type 1 of the cosine on its two ends.
    """
    transform = sf.dst if sine else sf.dct
    edge = -1 if sine else 0
    if orthogonalize is None:
        orthogonalize = norm == "ortho"
    other = INVERSE_TYPE[kind]
    if orthogonalize or kind == 4 or (kind == 1 and sine):
        return transform(g, other, axis=axis, norm=norm, orthogonalize=orthogonalize)
    if kind == 2:
        return transform(_scale_entry(g, axis, edge, 2.0), 3, axis=axis, norm=norm, orthogonalize=False)
    if kind == 3:
        return _scale_entry(transform(g, 2, axis=axis, norm=norm, orthogonalize=False), axis, edge, 0.5)
    ends = [0, -1]
    inner = transform(_scale_entry(g, axis, ends, 2.0), 1, axis=axis, norm=norm, orthogonalize=False)
    return _scale_entry(inner, axis, ends, 0.5)


def _orthogonal(x, norm, orthogonalize):
    # scipy (1.17 at least) does not pass `orthogonalize` on for complex arrays; the derivative is of what it computes
    unset = orthogonalize is None or np.issubdtype(x.dtype, np.complexfloating)
    return norm == "ortho" if unset else orthogonalize


def _one_axis(sine, inverse):
    def adjoint(y_bar, x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, orthogonalize=None):
        flag = _orthogonal(x, norm, orthogonalize)
        kind, scale = (INVERSE_TYPE[type], SWAPPED[norm]) if inverse else (type, norm)
        return _fit(_transposed(y_bar, sine, kind, axis, scale, flag), x, (axis,))

    return adjoint


def _all_axes(sine, inverse):
    def adjoint(y_bar, x, type=2, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, orthogonalize=None):
        flag = _orthogonal(x, norm, orthogonalize)
        kind, scale = (INVERSE_TYPE[type], SWAPPED[norm]) if inverse else (type, norm)
        axes = _axes(x, s, axes)
        for axis in axes:
            y_bar = _transposed(y_bar, sine, kind, axis, scale, flag)
        return _fit(y_bar, x, axes)

    return adjoint


_TRIG = [Sample((array(4, 5),), {"type": t, "norm": norm, **more}) for t in (1, 2, 3, 4)
         for norm, more in (("backward", {}), ("ortho", {"axis": 0}), ("forward", {"n": 7}),
                            ("ortho", {"orthogonalize": False, "n": 3}), ("backward", {"orthogonalize": True}))]
_TRIG_N = [Sample((array(4, 5),), {"type": t, **more}) for t in (1, 2, 3, 4)
           for more in ({}, {"norm": "ortho", "axes": (1,)}, {"s": (3, 6), "norm": "forward"})]
for _name, _sine in (("dct", False), ("dst", True)):
    for _prefix, _inverse in (("", False), ("i", True)):
        linear(getattr(sf, f"{_prefix}{_name}"), adjoint=_one_axis(_sine, _inverse), samples=_TRIG)
        linear(getattr(sf, f"{_prefix}{_name}n"), adjoint=_all_axes(_sine, _inverse), samples=_TRIG_N)



def _hankel(native, source):
    """The logarithmic Hankel transform: linear in the function; its parameters are followed too."""

    @substitute(native, cite="Hamilton 2000, appendix B")
    def program(a, dln, mu, offset=0.0, bias=0.0):
        value = below(native, a, dln, mu, offset, bias)
        found = source(np.asarray(a), dln, mu, offset=offset, bias=bias)
        return verified(value, found, "the Hankel transform")


_hankel(sf.fht, _fftlog_backend.fht)
_hankel(sf.ifht, _fftlog_backend.ifht)


# ---- what `scipy.fftpack` and programs that keep `functools.partial` objects of SciPy's call ---------------------------


@substitute(_basic.c2c, samples=[Sample((True, array(6))), Sample((False, array(6)))])
def _c2c(forward, x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return (sf.fft if forward else sf.ifft)(x, n, axis, norm, workers=workers, plan=plan)


@substitute(_basic.c2cn, samples=[Sample((True, array(3, 4)))])
def _c2cn(forward, x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return (sf.fftn if forward else sf.ifftn)(x, s, axes, norm, workers=workers, plan=plan)


@substitute(_basic.r2c, samples=[Sample((True, array(6))), Sample((False, array(6)))])
def _r2c(forward, x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return (sf.rfft if forward else sf.ihfft)(x, n, axis, norm, workers=workers, plan=plan)


@substitute(_basic.c2r, samples=[Sample((False, array(4))), Sample((True, array(4)))])
def _c2r(forward, x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return (sf.hfft if forward else sf.irfft)(x, n, axis, norm, workers=workers, plan=plan)


@substitute(_real._r2r, samples=[Sample((True, _real.pfft.dct, array(6))), Sample((False, _real.pfft.dst, array(6)))])
def _r2r(forward, transform, x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, orthogonalize=None):
    cosine = transform is _real.pfft.dct
    f = (sf.dct if cosine else sf.dst) if forward else (sf.idct if cosine else sf.idst)
    return f(x, type, n, axis, norm, workers=workers, orthogonalize=orthogonalize)


@substitute(_basic.r2r_fftpack, samples=[Sample((True, array(5))), Sample((True, array(6))), Sample((False, array(6)))])
def _r2r_fftpack(forward, x, n=None, axis=-1, norm=None, overwrite_x=False):
    """Real and imaginary parts of a real transform side by side, without those that are zero."""
    x = np.moveaxis(np.asarray(x), axis, -1)
    n = x.shape[-1] if n is None else n
    if forward:
        y = sf.rfft(x, n, norm=norm)
        pairs = np.stack([y.real, y.imag], -1).reshape(*y.shape[:-1], -1)
        packed = np.concatenate([pairs[..., :1], pairs[..., 2:n + 1]], -1)
        return np.moveaxis(packed, -1, axis)
    x = x[..., :n] if x.shape[-1] >= n else np.concatenate([x, np.zeros((*x.shape[:-1], n - x.shape[-1]))], -1)
    zero = np.zeros((*x.shape[:-1], 1))
    pairs = np.concatenate([x[..., :1], zero, x[..., 1:], *([zero] if n % 2 == 0 else [])], -1).reshape(*x.shape[:-1], -1, 2)
    return np.moveaxis(sf.irfft(pairs[..., 0] + 1j * pairs[..., 1], n, norm=norm), -1, axis)
