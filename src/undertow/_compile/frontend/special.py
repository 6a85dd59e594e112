"""Plain programs that stand for those functions of ``scipy.special`` that SciPy writes in Python."""

from __future__ import annotations

import numpy as np

__all__ = ["SCIPY"]


def logsumexp(a, axis=None, b=None, keepdims=False, return_sign=False):
    if b is not None or return_sign:
        raise NotImplementedError
    top = np.max(a, axis=axis, keepdims=True)
    if not np.all(np.isfinite(top)):
        raise NotImplementedError
    if axis is None and not keepdims:
        return np.log(np.sum(np.exp(a - top))) + np.max(a)
    total = np.log(np.sum(np.exp(a - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.sum(total, axis=axis)


def softmax(x, axis=None):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def log_softmax(x, axis=None):
    moved = x - np.max(x, axis=axis, keepdims=True)
    return moved - np.log(np.sum(np.exp(moved), axis=axis, keepdims=True))


_ANY = ((1, 2, 3),)
SCIPY = {"logsumexp": (logsumexp, _ANY), "softmax": (softmax, _ANY), "log_softmax": (log_softmax, _ANY)}
