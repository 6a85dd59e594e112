"""Known answers that other tools publish for polynomials, tensors and long loops.

After ForwardDiff (`MiscTest`), DifferentiationInterfaceTest (default scenarios) and Checkpointing.jl (heat, Speelpenning,
multilevel), as plain Python without checkpoints; nested derivatives with known answers are in `test_confusion.py`.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import undertow as ut


def test_jacobian_of_a_jacobian():
    """Of the sine of each element: minus the sine, on the diagonal of a tensor."""
    x = np.array([0.3, -0.8, 1.7])
    found = ut.jacobian(lambda v: ut.jacobian(np.sin)(v))(x)
    wanted = np.zeros((3, 3, 3))
    wanted[np.arange(3), np.arange(3), np.arange(3)] = -np.sin(x)
    np.testing.assert_allclose(found, wanted, atol=1e-14)


@pytest.mark.parametrize("n", [6, 7])
def test_polynomial_of_all_pairs(n):
    """``sum_ij x_i^4 x_j^6``, by arrays and by loops: gradient, Hessian and its products in closed form."""
    def by_arrays(x):
        return ((x**4)[:, None] * (x**6)[None]).sum()

    def by_loops(x):
        total = 0.0
        for a in x:
            for b in x:
                total += a**4 * b**6
        return total

    x, v = np.arange(1.0, n + 1) / n, np.linspace(-1.0, 1.0, n)
    s4, s6, d4, d6 = np.sum(x**4), np.sum(x**6), 4 * x**3, 6 * x**5
    hessian = np.outer(d4, d6) + np.outer(d6, d4) + np.diag(12 * x**2 * s6 + 30 * x**4 * s4)
    for f in (by_arrays, by_loops):
        np.testing.assert_allclose(ut.grad(f)(x), d4 * s6 + d6 * s4, rtol=1e-12)
        np.testing.assert_allclose(ut.hessian(f)(x), hessian, rtol=1e-11)
        np.testing.assert_allclose(ut.hvp(f, (x,), (v,)), hessian @ v, rtol=1e-10, atol=1e-12)


def heat(temperature, steps):
    """Explicit steps; the ends are held."""
    temperature = temperature.copy()
    for _ in range(steps):
        temperature[1:-1] += 0.5 * (temperature[:-2] - 2.0 * temperature[1:-1] + temperature[2:])
    return temperature


def heat_by_elements(temperature, steps):
    last, following = temperature.copy(), temperature.copy()
    for _ in range(steps):
        for i in range(len(last)):
            last[i] = following[i]
        for i in range(1, len(last) - 1):
            following[i] = last[i] + 0.5 * (last[i - 1] - 2.0 * last[i] + last[i + 1])
    return following


@pytest.mark.parametrize("program", [heat, heat_by_elements])
def test_heat_with_the_published_norms(program):
    """500 steps: norms of the temperatures and of the gradient as published, to eleven digits."""
    start = np.zeros(100)
    start[0] = 20.0
    found = ut.grad(lambda t: program(t, 500).sum())(start)
    assert abs(np.linalg.norm(program(start, 500)) - 66.21987468492061) < 1e-11
    assert abs(np.linalg.norm(found[1:-1]) - 6.970279349365908) < 1e-11


def test_speelpenning():
    """The product of i / (1 + i) is 1 / 11; the gradient is the product over the variable."""
    x = np.arange(1.0, 11.0) / np.arange(2.0, 12.0)

    def product(x):
        y = 1.0
        for v in x:
            y *= v
        return y

    value, gradient = ut.value_and_grad(product)(x)
    assert abs(value - 1 / 11) < 1e-15
    np.testing.assert_allclose(gradient, value / x, rtol=1e-14)


def test_ten_doublings():
    """``2 sqrt(x) sqrt(x)`` ten times over: the slope is 1024."""
    def f(x):
        for _ in range(2):
            for _ in range(5):
                x = 2.0 * math.sqrt(x) * math.sqrt(x)
        return x

    assert abs(ut.grad(f)(2.0) - 1024.0) < 1e-10
