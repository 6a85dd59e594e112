"""Indices that are objects: asked once, in order, and what asking changes is recorded."""

from __future__ import annotations

import numpy as np
import pytest

import undertow as ut


class Asked:
    """An index that writes to an array when it is asked."""

    asked = 0

    def __init__(self, array):
        self.array = array

    def __index__(self):
        Asked.asked += 1
        self.array[0] += 1.0
        self.array[1] = self.array[0] * 2.0
        return 1


def read(x):
    b = x * 1.0
    return b[Asked(b)] * 3.0 + b[0]


def stored(x):
    b, c = x * 1.0, x * x
    c[Asked(b)] = b[0] * c[0]
    return c[1] + b[0] * b[1]


def in_a_slice(x):
    b, c = x * 1.0, x * x
    return c[Asked(b):].sum() * b[1]


def in_a_tuple(x):
    b, c = x * 1.0, np.outer(x, x)
    return c[Asked(b), 0] * b[1]


def of_a_list(x):
    b = x * 1.0
    return [x[0], x[1] * x[0]][Asked(b)] * b[1]


def of_a_constant(x):
    b = x * 1.0
    return np.arange(3.0)[Asked(b)] * b[1] + np.arange(3.0)[Asked(b):].sum() * b[0]


def in_place(x):
    b, c = x * 1.0, x * x
    c[Asked(b)] *= b[0]
    c[:Asked(b)] += b[1]
    return c.sum()


@pytest.mark.parametrize("f", [read, stored, in_a_slice, in_a_tuple, of_a_list, of_a_constant, in_place])
def test_asked_as_often_as_in_the_plain_run(f):
    x, h = np.array([1.5, 2.5]), 1e-6
    expected = [(f(x + h * e) - f(x - h * e)) / (2.0 * h) for e in np.eye(2)]
    Asked.asked = 0
    value = f(x)
    often, Asked.asked = Asked.asked, 0
    found, gradient = ut.value_and_grad(f)(x)
    assert Asked.asked == often and found == value
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose([ut.jvp(f, (x,), (e,))[1] for e in np.eye(2)], expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ut.hessian(f)(x), ut.jacobian(ut.grad(f), mode="reverse")(x), atol=1e-12)


class Lazy:
    """An array of another library: ``__index__`` only answers for one element."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return self.values

    def __index__(self):
        return self.values.item()


class Column:
    """An array of another library."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return self.values


@pytest.mark.parametrize("kind", [Lazy, Column])
def test_index_that_is_an_array(kind):
    f = lambda x: np.sum(x[kind([1, 0, 1])] ** 2)
    x = np.array([1.5, 2.5])
    np.testing.assert_allclose(ut.grad(f, tier="record")(x), [3.0, 10.0])
