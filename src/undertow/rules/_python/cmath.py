"""Partial derivatives of the functions of `cmath`; all but a few are holomorphic."""

from __future__ import annotations

import cmath
import math

from .._registry import elementwise, pullback, pushforward, zero_derivative
from ..samples import Sample, real, unit

LN10 = math.log(10.0)
points = [Sample((0.4 + 0.3j,)), Sample((-0.7 + 0.2j,)), Sample((0.5 - 0.6j,))]

elementwise(cmath.exp, lambda y, z: y, samples=points)
elementwise(cmath.log, lambda y, z, base=None: 1 / z if base is None else 1 / (z * cmath.log(base)),
            lambda y, z, base: -y / (base * cmath.log(base)), samples=[*points, Sample((0.4 + 0.3j, 2.0 + 1.0j))])
elementwise(cmath.log10, lambda y, z: 1 / (LN10 * z), samples=points)
elementwise(cmath.sqrt, lambda y, z: 0.5 / y if y else complex(math.inf), samples=points)
elementwise(cmath.sin, lambda y, z: cmath.cos(z), samples=points)
elementwise(cmath.cos, lambda y, z: -cmath.sin(z), samples=points)
elementwise(cmath.tan, lambda y, z: 1 + y * y, samples=points)
elementwise(cmath.asin, lambda y, z: 1 / (cmath.sqrt(1 - z) * cmath.sqrt(1 + z)), samples=points)
elementwise(cmath.acos, lambda y, z: -1 / (cmath.sqrt(1 - z) * cmath.sqrt(1 + z)), samples=points)
elementwise(cmath.atan, lambda y, z: 1 / (1 + z * z), samples=points)
elementwise(cmath.sinh, lambda y, z: cmath.cosh(z), samples=points)
elementwise(cmath.cosh, lambda y, z: cmath.sinh(z), samples=points)
elementwise(cmath.tanh, lambda y, z: 1 - y * y, samples=points)
elementwise(cmath.asinh, lambda y, z: 1 / cmath.sqrt(1 + z * z), samples=points)
elementwise(cmath.acosh, lambda y, z: 1 / (cmath.sqrt(z - 1) * cmath.sqrt(z + 1)), samples=points)
elementwise(cmath.atanh, lambda y, z: 1 / ((1 - z) * (1 + z)), samples=points)

# The argument of z is Im log z: its derivative along dz is Im(dz / z) = Re(-i dz / z).
elementwise(cmath.phase, lambda y, z: -1j / z if z else 0j, samples=points, convention="0 at the origin")


@pullback(cmath.polar, samples=points, convention="0 at the origin")
def polar(y, y_bar, z):
    """Modulus along ``z/|z|``, phase across it."""
    r, r_bar, phi_bar = y[0], y_bar[0], y_bar[1]
    if not r:
        return 0j
    direction = z / r
    return (0.0 if r_bar is None else r_bar) * direction + (0.0 if phi_bar is None else phi_bar) * 1j * direction / r


@pushforward(cmath.polar)
def polar_pushforward(y, tangents, z):
    """Components of the tangent along and across ``z/|z|``."""
    if not y[0]:
        return 0.0, 0.0
    q = tangents[0] * z.conjugate() / y[0]
    return q.real, q.imag / y[0]


@pullback(cmath.rect, argnums=(0, 1), samples=[Sample((1.5, 0.4)), Sample((0.5, -2.0))])
def rect(y, y_bar, r, phi):
    """``y = r e^{i phi}``."""
    direction = cmath.rect(1.0, phi)
    along = (y_bar * direction.conjugate()).real
    return along, (y_bar * (1j * y).conjugate()).real


@pushforward(cmath.rect, argnums=(0, 1))
def rect_pushforward(y, tangents, r, phi):
    """Along the ray and across it."""
    r_dot, phi_dot = (0.0 if t is None else t for t in tangents)
    return r_dot * cmath.rect(1.0, phi) + phi_dot * 1j * y


zero_derivative(cmath.isfinite, cmath.isinf, cmath.isnan, samples=real)
zero_derivative(cmath.isclose, samples=(real, unit))
