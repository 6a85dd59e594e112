"""Fixed quadrature rules for derivatives that are integrals and have no closed form.

All of them are sums over nodes on a new last axis, written in NumPy, so that they can be differentiated again.
The double exponential rules (Takahasi and Mori 1974) converge faster than any power of the step for integrands
that are analytic inside the interval, whatever algebraic or logarithmic singularity sits at its ends.
"""

from __future__ import annotations

import functools

import numpy as np

__all__ = ["column", "half_line", "half_line_nodes", "unit_nodes"]


@functools.lru_cache(maxsize=16)
def unit_nodes(n: int = 160):
    """Tanh-sinh nodes of (0, 1): ``(u, v, w)`` with ``v = 1 - u`` to full relative accuracy."""
    t = np.linspace(-4.6, 4.6, n)
    s = np.pi / 2 * np.sinh(t)
    u = 1 / (1 + np.exp(-2 * s))
    v = 1 / (1 + np.exp(2 * s))
    w = (t[1] - t[0]) * np.pi * np.cosh(t) * u * v
    keep = (w > 1e-300) & (u > 1e-280) & (v > 1e-280)
    nodes = u[keep], v[keep], w[keep]
    for a in nodes:
        a.setflags(write=False)
    return nodes


@functools.lru_cache(maxsize=16)
def half_line_nodes(n: int = 160):
    """Nodes and weights of (0, inf) for integrands that decay like a power at both ends."""
    t = np.linspace(-5.4, 5.4, n)
    x = np.exp(np.pi / 2 * np.sinh(t))
    w = (t[1] - t[0]) * np.pi / 2 * np.cosh(t) * x
    for a in (x, w):
        a.setflags(write=False)
    return x, w


def column(*args):
    """The arguments with an axis of length one appended, for broadcasting against nodes."""
    return tuple(np.asarray(a)[..., None] for a in args)


def half_line(integrand, *args):
    """Integral of ``integrand(t, *args)`` over t in (0, inf), elementwise in the broadcast `args`."""
    t, w = half_line_nodes()
    return np.sum(w * integrand(t, *column(*args)), axis=-1)
