"""Fourier transforms: every function of `np.fft`, with `n`, axes and norms.

Each transform is linear.  The adjoint of an unnormalised transform is the unnormalised one of the other direction;
real transforms keep half of a spectrum that is symmetric, and the adjoint counts the halves accordingly.
"""

from __future__ import annotations

import numpy as np

from .._registry import linear
from ..samples import Sample, array

fft = np.fft
OTHER = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


def resized(x, shape):
    """`x` cropped, or padded with zeros at the end, to `shape`."""
    for axis, n in enumerate(shape):
        m = np.shape(x)[axis]
        if m > n:
            x = x[(slice(None),) * axis + (slice(0, n),)]
        elif m < n:
            pad = np.zeros((*np.shape(x)[:axis], n - m, *np.shape(x)[axis + 1:]))
            x = np.concatenate([x, pad], axis)
    return x


def halves(n, m, axis, ndim, edge, middle):
    """Weights of the `m` kept frequencies of `n`: `edge` at zero (and Nyquist), `middle` between."""
    weight = np.full(m, middle)
    weight[:1] = edge
    if n % 2 == 0 and m > n // 2:
        weight[n // 2:] = edge
    weight[n // 2 + 1:] = 0.0
    return np.reshape(weight, [m if i == axis % ndim else 1 for i in range(ndim)])


def _length(n, a, axis):
    return np.shape(a)[axis] if n is None else n


# ---- one axis ----------------------------------------------------------------------------------------------------

for forward, inverse in ((fft.fft, fft.ifft), (fft.ifft, fft.fft)):
    linear(forward, adjoint=lambda y_bar, a, n=None, axis=-1, norm=None, out=None, inverse=inverse: resized(
        inverse(y_bar, axis=axis, norm=OTHER[norm]), np.shape(a)),
        samples=[Sample((array(6),)), Sample((array(2, 5, dtype=complex),)),
                 Sample((array(4, 3, dtype=complex), 5, 0, "ortho")),
                 Sample((array(6, dtype=complex), 4), {"norm": "forward"}), Sample((array(1),))])


def rfft_adjoint(y_bar, a, n=None, axis=-1, norm=None, out=None):
    """The kept half of the spectrum sent back alone: half of what `irfft` gives, twice at the edges."""
    n, m = _length(n, a, axis), np.shape(y_bar)[axis]
    weight = halves(n, m, axis, np.ndim(y_bar), 1.0, 0.5)
    return resized(fft.irfft(y_bar * weight, n, axis, OTHER[norm]), np.shape(a))


def irfft_adjoint(y_bar, a, n=None, axis=-1, norm=None, out=None):
    """Frequencies between the edges stand for two."""
    n, m = np.shape(y_bar)[axis], np.shape(a)[axis]
    x_bar = fft.rfft(y_bar, n, axis, OTHER[norm])
    weight = halves(n, n // 2 + 1, axis, np.ndim(y_bar), 1.0, 2.0)
    shape = [m if i == axis % np.ndim(y_bar) else k for i, k in enumerate(np.shape(y_bar))]
    return resized(x_bar * weight, shape)


def hfft_adjoint(y_bar, a, n=None, axis=-1, norm=None, out=None):
    """``hfft(a) = irfft(conj(a))`` with the other norm."""
    return np.conjugate(irfft_adjoint(y_bar, a, n, axis, OTHER[norm]))


def ihfft_adjoint(y_bar, a, n=None, axis=-1, norm=None, out=None):
    """``ihfft(a) = conj(rfft(a))`` with the other norm."""
    return rfft_adjoint(np.conjugate(y_bar), a, n, axis, OTHER[norm])


real_samples = [Sample((array(6),)), Sample((array(5),)), Sample((array(2, 5), 6)),
                Sample((array(4, 3), 3, 0, "ortho")),
                Sample((array(6), 4), {"norm": "forward"}), Sample((array(1),)), Sample((array(2),))]
half_samples = [Sample((array(4, dtype=complex),)), Sample((array(4, dtype=complex), 7)),
                Sample((array(2, 4, dtype=complex), 5)), Sample((array(4, 3, dtype=complex), 8, 0, "ortho")),
                Sample((array(4, dtype=complex), 12), {"norm": "forward"}),
                Sample((array(4),)), Sample((array(3, dtype=complex), 1)), Sample((array(3, dtype=complex), 2))]
linear(fft.rfft, adjoint=rfft_adjoint, samples=real_samples)
linear(fft.ihfft, adjoint=ihfft_adjoint, samples=real_samples)
linear(fft.irfft, adjoint=irfft_adjoint, samples=half_samples)
linear(fft.hfft, adjoint=hfft_adjoint, samples=half_samples)

# ---- many axes ---------------------------------------------------------------------------------------------------


def _axes(a, s, axes):
    """Axes of a transform of many, nonnegative."""
    ndim = np.ndim(a)
    if axes is None:
        axes = range(ndim) if s is None else range(ndim - len(s), ndim)
    return tuple(int(i) % ndim for i in axes)


def _nd(inverse, default):
    """The adjoint of a complex transform of many axes: back along each, lengths restored."""

    def adjoint(y_bar, a, s=None, axes=default, norm=None, out=None):
        x_bar = inverse(y_bar, axes=_axes(a, s, axes), norm=OTHER[norm])
        return resized(x_bar, np.shape(a))

    return adjoint


def _rnd(default):
    """The adjoint of ``rfftn``: complex axes back, then the real one."""

    def adjoint(y_bar, a, s=None, axes=default, norm=None, out=None):
        *others, last = _axes(a, s, axes)
        n = np.shape(a)[last] if s is None or s[-1] in (None, -1) else s[-1]
        x_bar = fft.ifftn(y_bar, axes=others, norm=OTHER[norm]) if others else y_bar
        shape = [n if i == last else k for i, k in enumerate(np.shape(x_bar))]
        weight = halves(n, np.shape(x_bar)[last], last, np.ndim(x_bar), 1.0, 0.5)
        return resized(np.reshape(fft.irfft(x_bar * weight, n, last, OTHER[norm]), shape), np.shape(a))

    return adjoint


def _irnd(default):
    """The adjoint of ``irfftn``: the real axis, then complex ones."""

    def adjoint(y_bar, a, s=None, axes=default, norm=None, out=None):
        *others, last = _axes(a, s, axes)
        n = np.shape(y_bar)[last]
        x_bar = fft.rfft(y_bar, n, last, OTHER[norm]) * halves(n, n // 2 + 1, last, np.ndim(y_bar), 1.0, 2.0)
        x_bar = fft.fftn(x_bar, axes=others, norm=OTHER[norm]) if others else x_bar
        return resized(x_bar, np.shape(a))

    return adjoint


nd_samples = [Sample((array(3, 4),)), Sample((array(2, 3, 4, dtype=complex), (3, 5), (0, 2))),
              Sample((array(3, 4, dtype=complex), (5, 2), (0, 1))),
              Sample((array(2, 3, 4, dtype=complex),), {"axes": (2, 0), "norm": "ortho"}),
              Sample((array(3, 4), (2, 6)), {"axes": (1, 0), "norm": "forward"})]
real_nd_samples = [Sample((np.real(s.args[0]), *s.args[1:]), s.kwargs) for s in nd_samples]
for pair, default in (((fft.fftn, fft.ifftn), None), ((fft.fft2, fft.ifft2), (-2, -1))):
    for f, g in (pair, pair[::-1]):
        linear(f, adjoint=_nd(g, default), samples=nd_samples)
for f, default in ((fft.rfftn, None), (fft.rfft2, (-2, -1))):
    linear(f, adjoint=_rnd(default), samples=real_nd_samples)
for f, default in ((fft.irfftn, None), (fft.irfft2, (-2, -1))):
    linear(f, adjoint=_irnd(default), samples=nd_samples)
