"""Rules of the built-in numerical functions and of `operator`."""

from __future__ import annotations

import builtins
import operator

import numpy as np

from .._numpy.ufuncs import power_base, power_exponent
from .._registry import elementwise, zero_derivative
from ..samples import nonzero, positive, real

elementwise(operator.add, lambda y, a, b: 1.0, lambda y, a, b: 1.0, samples=(real, real))
elementwise(operator.sub, lambda y, a, b: 1.0, lambda y, a, b: -1.0, samples=(real, real))
elementwise(operator.mul, lambda y, a, b: b, lambda y, a, b: a, samples=(real, real))
elementwise(operator.truediv, lambda y, a, b: 1 / b, lambda y, a, b: -y / b, samples=(real, nonzero))
elementwise(operator.neg, lambda y, x: -1.0, samples=real)
elementwise(operator.pos, lambda y, x: 1.0, samples=real)
elementwise(operator.mod, lambda y, a, b: 1.0, lambda y, a, b: -(a // b), samples=(real, positive),
            jumps=lambda a, b: a % b, convention="derivative of the branch taken")
for f in (operator.pow, builtins.pow):
    elementwise(f, power_base, power_exponent, samples=(positive, real))
for f in (operator.abs, builtins.abs):
    elementwise(f, lambda y, x: np.conjugate(np.sign(x)), samples=nonzero, kinks=lambda x: x, convention="0 at 0")
zero_derivative(operator.floordiv, jumps=lambda a, b: a % b, samples=(real, positive))
