"""Discrete Fourier transforms of rows, without factors in front."""

from __future__ import annotations

from .routine import Loop, Routine

__all__ = ["from_half", "to_half_even", "to_half_odd", "transform"]

_FFT = "numpy.fft._pocketfft_umath"

transform = Routine("transform", "x(b,n)c -> y(b,n)c", lambda inverse: Loop(
    _FFT, ("ifft" if inverse else "fft",), "Dd->D", "x 1.0 y", "n n", "b"))


def transform_pull(y, x, y_bar, x_bar, inverse):
    x_bar += transform(y_bar, inverse=not inverse)


def transform_push(y, x, x_dot, y_dot, inverse):
    y_dot[:, :] = transform(x_dot, inverse=inverse)


transform.pull, transform.push = transform_pull, transform_push

# ---- real numbers: the half of the transform that determines the other
to_half_even = Routine("to_half_even", "x(b,n) -> y(b,n//2+1)c", lambda: Loop(
    _FFT, ("rfft_n_even",), "dd->D", "x 1.0 y", "n n//2+1", "b"))
to_half_odd = Routine("to_half_odd", "x(b,n) -> y(b,n//2+1)c", lambda: Loop(
    _FFT, ("rfft_n_odd",), "dd->D", "x 1.0 y", "n n//2+1", "b"))
from_half = Routine("from_half", "y(b,m)c, n -> x(b,n)", lambda: Loop(_FFT, ("irfft",), "Dd->d", "y 1.0 x", "m n", "b"))


def _weighted(y, n, factor):
    """`y` with what stands for two elements of the whole transform of `n` multiplied by `factor`."""
    out = y * factor
    out[:, 0] = y[:, 0]
    if n % 2 == 0:
        out[:, n // 2] = y[:, n // 2]
    return out


def to_half_pull(y, x, y_bar, x_bar):
    x_bar += from_half(_weighted(y_bar, x_bar.shape[1], 0.5), x_bar.shape[1])


def to_half_even_push(y, x, x_dot, y_dot):
    y_dot[:, :] = to_half_even(x_dot)


def to_half_odd_push(y, x, x_dot, y_dot):
    y_dot[:, :] = to_half_odd(x_dot)


def from_half_pull(x, y, n, x_bar, y_bar):
    if n % 2 == 0:
        y_bar += _weighted(to_half_even(x_bar), n, 2.0)
    else:
        y_bar += _weighted(to_half_odd(x_bar), n, 2.0)


def from_half_push(x, y, n, y_dot, x_dot):
    x_dot[:, :] = from_half(y_dot, n)


to_half_even.pull = to_half_odd.pull = to_half_pull
to_half_even.push, to_half_odd.push = to_half_even_push, to_half_odd_push
from_half.pull, from_half.push = from_half_pull, from_half_push
