"""Short cuts of the record tier: the same derivatives as the general way, and memory in proportion to the program's."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest

import undertow as ut

N = 200_000


def complex_step(f, x, direction, h=1e-30):
    """Directional derivative of a real-analytic function."""
    return np.imag(f(x + 1j * h * direction)) / h


def arithmetic(x):
    y = (x * 2.0 - x / 3.0 + 1.5) / (2.0 + x * x)
    y = -y + 3.0 / (y + 2.0) - x**3 + (x + 2.0) ** -1.5
    return np.sum(y * np.sin(x))


def slices(x):
    u = x.copy()
    for _ in range(4):
        u[1:-1] += 0.3 * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        u[::2] -= u[::2] * u[::2]
        u *= 1.25
        u /= 1.5
    return np.sum(u * u)


def products(x):
    a = x[:12].reshape(3, 4)
    b = a @ a.T
    v = b @ x[:3] + x[:3] @ b
    return np.sum((a.T @ v) @ a.T) + np.sum(b.T[1] * v)


def stores(x):
    a = np.zeros(8, x.dtype)
    a[0] = x[0] * x[1]
    a[1:4] = x[2:5]
    a[2] = 0.0
    b = a * a
    a[1:4] = x[5:8] * a[1:4]
    a[1] = a[0] * b[3]
    return np.sum(a * b) + a[1] * x[9]


def read_then_changed(x):
    u = x * 1.0
    total = 0.0
    for _ in range(3):
        w = u * u
        u += w
        u *= 0.5
        u -= 0.25
        total = total + np.sum(w * u)
    return total


PROGRAMS = [arithmetic, slices, products, stores, read_then_changed]
POINT = np.linspace(0.3, 1.4, 16)


@pytest.mark.parametrize("f", PROGRAMS)
def test_first_derivatives(f):
    """Reverse and forward against the complex step; the sweep may be repeated."""
    direction = np.cos(np.arange(POINT.size))
    want = complex_step(f, POINT, direction)
    value, bar = ut.value_and_grad(f, tier="record")(POINT)
    assert value == f(POINT)
    assert np.isclose(np.dot(bar, direction), want, rtol=1e-12)
    assert np.isclose(ut.jvp(f, (POINT,), (direction,))[1], want, rtol=1e-12)
    _, pullback = ut.vjp(f, POINT)
    assert np.array_equal(pullback(1.0), pullback(1.0))


@pytest.mark.parametrize("f", PROGRAMS)
def test_second_derivatives(f):
    """A recording of the first level swept by an outer derivative takes the general steps."""
    direction = np.cos(np.arange(POINT.size))
    h = 1e-4

    def slope(x):
        return ut.grad(f, tier="record")(x)

    want = (8 * (slope(POINT + h * direction) - slope(POINT - h * direction))
            - slope(POINT + 2 * h * direction) + slope(POINT - 2 * h * direction)) / (12 * h)
    assert np.allclose(ut.hvp(f, (POINT,), (direction,)), want, rtol=1e-7, atol=1e-7)
    outer = ut.grad(lambda x: np.sum(slope(x) * direction), tier="record")(POINT)
    assert np.allclose(outer, want, rtol=1e-7, atol=1e-7)


def test_zero_cotangents_of_what_is_not_finite():
    """``0 * inf`` in a sweep is found in its result, and the sweep is repeated with a look at every product."""
    x = np.array([0.0, 1.0, 2.0])

    def f(x):
        return np.sum(np.where(x > 0, x * np.log(x), 0.0))

    with np.errstate(all="ignore"):
        assert np.allclose(ut.grad(f, tier="record")(x)[1:], np.log(x[1:]) + 1.0)
        big = ut.grad(lambda x: np.sum((x * np.array([np.inf, 1.0, 1.0])) * np.array([0.0, 1.0, 1.0])), tier="record")
        assert np.array_equal(big(x), [0.0, 1.0, 1.0])
    assert math.isinf(ut.grad(lambda x: np.sqrt(x)[0] + x[1], tier="record")(np.array([0.0, 1.0]))[0])


def test_sweep_is_silent():
    """What a sweep divides by is no business of the program's floating-point warnings."""
    with np.errstate(all="raise"):
        assert ut.grad(lambda x: np.sum(np.sqrt(x)), tier="record")(np.array([0.0, 4.0]))[1] == 0.25


# ---- memory --------------------------------------------------------------------------------------------------------


def peak(run):
    """Most bytes held at once during a call, over what was held before."""
    run()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        run()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def test_arrays_that_are_not_overwritten_are_not_copied():
    """Ten products with constants hold their results and nothing more."""
    constants = [np.full(N, 1.0 + 0.01 * i) for i in range(10)]

    def f(x):
        for c in constants:
            x = x * c
        return np.sum(x)

    x = np.ones(N)
    held = peak(lambda: ut.grad(f, tier="record")(x)) / (8 * N)
    assert held < 10  # plain: two; the tape refers to the constants, results of linear operations are let go


def test_kept_arrays_are_kept_once():
    """A tape that needs each of ten results refers to them."""

    def f(x):
        for _ in range(10):
            x = np.sin(x)
        return np.sum(x)

    x = np.ones(N)
    assert peak(lambda: ut.grad(f, tier="record")(x)) / (8 * N) < 18


def test_filling_an_array_costs_the_same_an_element():
    """Element by element: bytes an element do not grow with the array."""

    def fill(x, n):
        a = np.zeros(n)
        for i in range(n):
            a[i] = x * i
        return np.sum(a)

    small, large = (peak(lambda n=n: ut.grad(fill, tier="record")(1.5, n)) / n for n in (8000, 24000))
    assert large < 1.5 * small
    assert ut.grad(fill, tier="record")(1.5, 1000) == sum(range(1000))


def test_reading_elements_takes_no_copies():
    """Reading elements of a large array holds one shadow, not one an element."""

    def read(a):
        s = 0.0
        for i in range(200):
            s = s + a[i] * a[i]
        return s

    a = np.ones(N)
    assert peak(lambda: ut.grad(read, tier="record")(a)) / (8 * N) < 5


def test_pullbacks_keep_private_what_others_can_change():
    """Results handed out and arguments may be changed before a pullback is called."""

    def f(x):
        inner = np.exp(x)
        y = inner * x
        return y * y

    x = np.array([0.5, 1.0])
    y, pullback = ut.vjp(f, x)
    want = pullback(np.ones(2))
    y *= 0.0
    x += 7.0
    assert np.array_equal(pullback(np.ones(2)), want)


def test_cotangents_given_and_got_are_the_callers():
    """A sweep neither changes the cotangent it is given nor hands out memory it uses again."""
    y_bar = np.array([1.0, 2.0])
    _, pullback = ut.vjp(lambda x: 2.0 * x + x, np.array([3.0, 4.0]))
    first = pullback(y_bar)
    first[:] = -1.0
    assert np.array_equal(y_bar, [1.0, 2.0])
    assert np.array_equal(pullback(y_bar), [3.0, 6.0])
    _, identity = ut.vjp(lambda x: x, np.array([3.0, 4.0]))
    got = identity(y_bar)
    got[:] = -1.0
    assert np.array_equal(y_bar, [1.0, 2.0])
