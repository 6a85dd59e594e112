"""Give a derivative rule to a C function that is called through ctypes."""

import ctypes

import numpy as np

import undertow as ut
from undertow.rules import Sample, elementwise

libm = ctypes.CDLL(None)
libm.erf.restype, libm.erf.argtypes = ctypes.c_double, [ctypes.c_double]


def c_erf(x):
    """The error function of the C library."""
    return libm.erf(x)


def f(x):
    """Something that uses it."""
    return x * c_erf(2.0 * x) ** 2


try:
    ut.grad(f)(0.3)
except ut.ForeignCallError as error:
    print(error)

elementwise(c_erf, lambda y, x: 2.0 / np.sqrt(np.pi) * np.exp(-x * x), samples=(Sample((0.4,)),))

print("\nwith a rule:", ut.grad(f)(0.3), "and again:", ut.grad(ut.grad(f))(0.3))
h = 1e-5
assert np.isclose(ut.grad(f)(0.3), (f(0.3 + h) - f(0.3 - h)) / (2 * h), rtol=1e-8)
