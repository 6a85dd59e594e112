"""Small helpers shared by the rules of linear algebra.  All work on stacks of matrices."""

from __future__ import annotations

import numpy as np

__all__ = ["adjoint", "bar_of_triangle", "diagonal", "herm", "transpose", "tri"]


def transpose(x):
    """The last two axes exchanged."""
    return np.swapaxes(x, -1, -2)


def herm(x):
    """Conjugate transpose."""
    return np.conj(np.swapaxes(x, -1, -2))


adjoint = herm


def diagonal(x):
    """Diagonals of a stack."""
    return np.diagonal(x, axis1=-2, axis2=-1)


def tri(x, lower, strict=0):
    """One triangle; without its diagonal if `strict`."""
    return np.tril(x, -strict) if lower else np.triu(x, strict)


def bar_of_triangle(full, lower, hermitian=True):
    """Cotangent of the triangle that was read, from that of the symmetric matrix it stands for."""
    both = full + (herm(full) if hermitian else transpose(full))
    d = diagonal(full)
    d = np.real(d) if hermitian else d
    return tri(both, lower, 1) + d[..., None] * np.eye(full.shape[-1])
