"""Plain programs that stand for functions of ``scipy.signal`` and ``scipy.spatial.distance``."""

from __future__ import annotations

import numpy as np

from . import library

__all__ = ["DISTANCE", "SIGNAL"]


def convolve(in1, in2, mode="full", method="auto"):
    if mode == "full":
        return library.convolve(in1, in2)
    if len(in1) < len(in2):
        raise NotImplementedError
    if mode == "valid":
        return library.convolve(in1, in2, "valid")
    first = (len(in2) - 1) // 2
    return library.convolve(in1, in2)[first:first + len(in1)].copy()


def fftconvolve(in1, in2, mode="full", axes=None):
    if axes is not None:
        raise NotImplementedError
    return convolve(in1, in2, mode)


def lfilter(b, a, x):
    n = max(len(a), len(b))
    state = np.zeros(n)
    out = np.zeros(len(x))
    for k in range(len(x)):
        y = b[0] / a[0] * x[k] + state[0]
        out[k] = y
        for j in range(1, n):
            t = state[j] if j < n - 1 else 0.0
            if j < len(b):
                t = t + b[j] / a[0] * x[k]
            if j < len(a):
                t = t - a[j] / a[0] * y
            state[j - 1] = t
    return out


def cdist(XA, XB, metric="euclidean"):
    if XA.shape[1] != XB.shape[1]:
        raise ValueError
    out = np.zeros((XA.shape[0], XB.shape[0]))
    for i in range(XA.shape[0]):
        for j in range(XB.shape[0]):
            total = 0.0
            for k in range(XA.shape[1]):
                d = XA[i, k] - XB[j, k]
                total += np.abs(d) if metric == "cityblock" else d * d
            out[i, j] = total
    if metric in ("sqeuclidean", "cityblock"):
        return out
    if metric != "euclidean":
        raise NotImplementedError
    return np.sqrt(out)


SIGNAL = {"convolve": (convolve, ((1,), (1,))), "fftconvolve": (fftconvolve, ((1,), (1,))),
          "lfilter": (lfilter, ((1,), (1,), (1,)))}
DISTANCE = {"cdist": (cdist, ((2,), (2,)))}
