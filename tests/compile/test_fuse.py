"""Loops over one range become one, expressions wait for their readers, and gradients start as stores."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

import undertow as ut
from undertow._compile import compile_pullback
from undertow._compile.ir.function import walk


def two_products(a, p, r):
    s, q = r @ a, a @ p
    return np.sum(s * s) + np.sum(q * q)


def normal_equations(a, p, r):
    return np.sum(((a @ p) @ a) ** 2) + r[0]


def columns(a, p, r):
    """Additions to one element of a row, and to those beside it, in one loop."""
    out = np.zeros((a.shape[1], a.shape[1]))
    for i in range(a.shape[1]):
        out[i:, i] = a[:, i] @ a[:, i:]
    return np.sum(out * out * p) + r[0]


def chain(x, y):
    z = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            z[i, j] = np.sin(x[i, j]) * y[i, j]
    w = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            w[i, j] = z[i, j] * z[i, j] + y[i, j]
    return np.sum(w * w)


def upwind(x, y):
    """The second loop needs what the first has not written yet: the loops stay apart."""
    z = np.zeros_like(x)
    for i in range(len(x)):
        z[i] = np.sin(x[i])
    for i in range(len(x)):
        y[i] = z[len(x) - 1 - i] * y[i]
    return np.sum(y * y)


def shifted(x, y):
    """The second loop reads what the first writes one iteration later."""
    z = x.copy()
    for i in range(len(x) - 1):
        z[i] = x[i] * y[i]
    for i in range(len(x) - 1):
        y[i] = z[i + 1] * z[i]
    return np.sum(y * y) + np.sum(z)


def loops(function):
    return [op for op in walk(function.body) if op.name == "for"]


def gradients(f, args):
    copies = [tuple(np.copy(a) for a in args) for _ in range(2)]
    value, expected = ut.value_and_grad(f, argnums=(0, 1), tier="record")(*copies[0])
    native, found = ut.value_and_grad(f, argnums=(0, 1), tier="compile")(*copies[1])
    assert native == pytest.approx(value, rel=1e-13)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("f", [normal_equations, columns])
def test_products_with_vectors(f):
    rng = np.random.default_rng(4)
    gradients(f, (rng.random((7, 5)), rng.random(5), rng.random(7)))


def test_a_matrix_is_read_once_for_two_products_and_its_gradient_written_once():
    rng = np.random.default_rng(0)
    args = rng.random((12, 9)), rng.random(9), rng.random(12)
    gradients(two_products, args)
    compiled = compile_pullback(two_products, args, (True, False, False))
    compiled.value_and_pullback(args, 1.0)
    function = compiled.variants[0].function("gradient")
    assert len([op for op in loops(function) if any(x.name == "for" for x in op.regions[0].ops)]) == 2
    bar = next(p for p in function.params if p.name.endswith("_bar"))
    writes = [op.name for op in walk(function.body) if op.name in ("store", "accum") and op.operands[0] is bar]
    assert writes == ["store"]


def test_arrays_between_loops_disappear():
    rng = np.random.default_rng(1)
    args = rng.random((5, 7)), rng.random((5, 7))
    gradients(chain, args)
    compiled = compile_pullback(chain, args, (True, True))
    compiled.value_and_pullback(args, 1.0)
    function = compiled.variants[0].function("primal")
    assert not [op for op in walk(function.body) if op.name == "alloc"] and len(loops(function)) == 2


@pytest.mark.parametrize("f", [upwind, shifted])
def test_loops_that_depend_on_each_other_stay_apart(f):
    rng = np.random.default_rng(2)
    gradients(f, (rng.random(9), rng.random(9)))


def writes(a):
    a[:] = 0.5 * a
    return a.sum()


def call_that_writes(x, y):
    return np.sum(x * y + writes(y))


def positional_out(x, y):
    z = x * 1.0
    return np.sum(x * z + np.sin(y, z))


def keyword_out(x, y):
    z = x * 1.0
    return np.sum(x * z + np.add(x, y, out=z))


def method_out(x, y):
    z = x * 1.0
    return np.sum(x * z * z.clip(0.2, 0.5, z) + y)


@pytest.mark.parametrize("f", [call_that_writes, positional_out, keyword_out, method_out])
def test_expressions_are_evaluated_before_calls_that_write(f):
    rng = np.random.default_rng(3)
    gradients(f, (rng.random(6), rng.random(6)))


def returned(x, y):
    x *= y
    return x


def test_seeds_of_arguments_that_are_returned_are_added_to():
    """A shadow that is set before the sweep is not taken for zeros."""
    x, y = np.arange(1.0, 4.0), np.array([2.0, 0.5, 1.0])
    _, pullback = ut.vjp(returned, x.copy(), y, argnums=(0, 1), tier="compile")
    x_bar, y_bar = pullback(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(x_bar, y * [1.0, 2.0, 3.0])
    np.testing.assert_allclose(y_bar, x * [1.0, 2.0, 3.0])
