"""Iterations that run side by side: which loops, and that values and derivatives are those of the loops as written."""

from __future__ import annotations

import math

import numpy as np
import pytest
from harness.interpreted import run

import undertow as ut
from undertow._compile import compile_pullback
from undertow._compile.emit.python import emit
from undertow._compile.ir.verify import verify
from undertow._compile.transforms.lanes import widen
from undertow._compile.transforms.simplify import resolve

numba = pytest.importorskip("numba")


def source_of(f, *args, mode="gradient"):
    """Generated source, every argument of floats differentiated."""
    compiled = compile_pullback(f, args, tuple(np.asarray(a).dtype.kind == "f" for a in args))
    return compiled.variant(compiled.values(args)).source(mode)


def sides(f, *args):
    """How many loops over blocks a gradient has."""
    return source_of(f, *args).count("for block")


def check(f, *args):
    """Value and gradient of the native code against the program as Python runs it, differentiated by complex steps."""
    active = [k for k, a in enumerate(args) if np.asarray(a).dtype.kind == "f"]
    compiled = compile_pullback(f, args, tuple(k in active for k in range(len(args))))
    copies = [np.array(a) if isinstance(a, np.ndarray) else a for a in args]
    expected = f(*copies)
    given = [np.array(a) if isinstance(a, np.ndarray) else a for a in args]
    value, bars = compiled.value_and_pullback(tuple(given), 1.0)
    assert compiled.primal(compiled.values(tuple(np.array(a) if isinstance(a, np.ndarray) else a for a in args))) \
        == pytest.approx(expected, rel=1e-12)
    assert value == pytest.approx(expected, rel=1e-12)
    for after, wanted in zip(given, copies, strict=True):
        np.testing.assert_allclose(after, wanted, rtol=1e-12)
    _, reference = ut.value_and_grad(f, argnums=tuple(active), tier="record")(*[
        np.array(a) if isinstance(a, np.ndarray) else a for a in args])
    for k, bar in zip(active, reference, strict=True):
        np.testing.assert_allclose(bars[k], bar, rtol=1e-9, atol=1e-12 * (1 + np.max(np.abs(bar), initial=0.0)))


def normal(*shape):
    return np.random.default_rng(len(shape) + sum(shape)).standard_normal(shape)


# ---- programs: an outer loop over points, short loops inside
def triangle(x, w):
    total = 0.0
    c = np.zeros(x.shape[1])
    for i in range(x.shape[0]):
        for k in range(x.shape[1]):
            c[k] = x[i, k] - w[k, 0]
        s = 0.0
        for k in range(x.shape[1]):
            t = w[k, k] * c[k]
            for j in range(k):
                t += w[k, j] * c[j]
            s += math.exp(-0.1 * t * t)
        total += s
    return total


def ordered(x, w):
    total = 0.0
    for i in range(x.shape[0]):
        s = 1.0
        for k in range(len(w)):
            s = s * 0.5 + math.sin(x[i] * w[k])
        total += s
    return total


def choose(x, w):
    total = 0.0
    for i in range(x.shape[0]):
        s = 0.0
        for k in range(len(w)):
            t = s + x[i] * w[k]
            if t > 0.5:
                s = t - 0.25 * s * w[k]
            elif t < -0.5:
                s = 0.5 * t
        total += s * s
    return total


def pairs(x, w):
    total = 0.0
    for i in range(x.shape[0]):
        for k in range(len(w)):
            d = x[i] - w[k]
            total += math.exp(-d * d)
    return total


def three(x, w):
    total = 0.0
    for i in range(x.shape[0]):
        for k in range(len(w)):
            for j in range(len(w)):
                total += math.sin(x[i] * w[k] + w[j])
            total = total + x[i]
    return total


def largest(x, w):
    top = -1.0
    for i in range(x.shape[0]):
        s = x[i]
        for k in range(len(w)):
            s = math.sin(s) + w[k]
        if s > top:
            top = s
    return top


def conditional(x, w):
    total = 0.0
    for i in range(x.shape[0]):
        s = x[i]
        for k in range(len(w)):
            s = math.sin(s) + w[k]
        if s > 0.2:
            total += s * s
    return total


def masked(x, w):
    out = np.zeros(len(w))
    total = 0.0
    for i in range(x.shape[0]):
        s = x[i]
        for k in range(len(w)):
            s = math.cos(s + w[k])
            if s > 0.2:
                out[k] = s * w[k]
            else:
                out[k] = 0.3 * s
        s = 0.0
        for k in range(len(w)):
            s += out[k] * out[k]
        total += s
    return total


def results(x, w):
    y = np.zeros(len(x))
    for i in range(len(x)):
        s = x[i]
        for k in range(len(w)):
            s = s + 0.1 * w[k] * math.tanh(s)
        y[i] = s
    return np.sum(y * y)


def inplace(x, w):
    for i in range(len(x)):
        for k in range(len(w)):
            x[i] = x[i] + 0.1 * w[k] * math.tanh(x[i])
    return x[0] + np.sum(x)


def columns(x, w):
    total = 0.0
    for j in range(x.shape[1]):
        s = 0.0
        for i in range(x.shape[0]):
            s = math.sqrt(s * s + 1.0) + x[i, j] * w[i]
        total += s
    return total


def buffer(x, w, b):
    total = 0.0
    for i in range(x.shape[0]):
        for k in range(len(b)):
            b[k] = x[i] * w[k]
        for k in range(1, len(b)):
            b[k] = b[k] + 0.5 * math.sin(b[k - 1])
        total += b[len(b) - 1]
    return total * b[0]


def numbered(x, w):
    total = 0.0
    for i in range(x.shape[0]):
        s = x[i] * i
        for k in range(len(w)):
            s = math.sin(s + w[k] * (i + 1) / (k + 1))
        total += s
    return total


def last(x, w):
    s = 0.0
    total = 0.0
    for i in range(x.shape[0]):
        s = x[i]
        for k in range(len(w)):
            s = math.sin(s + w[k])
        total += s * s
    return total * s


def downwards(x, w):
    y = np.zeros(len(x))
    for i in range(len(x) - 1, -1, -1):
        s = x[i]
        for k in range(len(w)):
            s = math.sin(s) * w[k]
        y[i] = s
    return np.sum(y)


def backwards(x, w):
    b = np.zeros(len(w))
    s = 0.0
    total = 0.0
    for i in range(len(x) - 1, -1, -1):
        s = 0.0
        for k in range(len(w)):
            b[k] = x[i] * w[k]
            s = 0.5 * s + b[k]
        total += s
    return total * s + b[0] * b[1]


def shifted(x, w):
    total = 0.0
    for i in range(2, x.shape[0] - 1):
        s = 0.0
        for k in range(len(w)):
            s = 0.9 * s * s + w[k] * (x[i - 2] + x[i + 1])
            s = math.exp(-s * s)
        total += s
    return total


def steps(x, w):
    v = x.copy()
    for _ in range(3):
        for i in range(len(v)):
            s = v[i]
            for k in range(len(w)):
                s = s + 0.1 * math.sin(s) * w[k]
            v[i] = s
    return np.sum(v * v)


def whole(x, w):
    s = 1.0
    for i in range(len(x)):
        t = 0.0
        for k in range(len(w)):
            t = math.sin(t + x[i] * w[k])
        s = s - t
    return s


def count(x, w):
    total = 0.0
    n = 0
    for i in range(len(x)):
        t = x[i]
        m = 0
        for k in range(len(w)):
            t = math.sin(t * w[k])
            if t > 0.1:
                m += 1
        n += m
        total += t
    return total * n


ALIKE = [triangle, ordered, choose, pairs, largest, conditional, three, masked, results, inplace, columns, numbered, last, backwards, shifted, steps, whole, count]


def arguments(f, n, m):
    x = normal(n, m) if f is triangle else normal(m, n) if f is columns else normal(n)
    return (x, normal(m, m) if f is triangle else normal(m))


@pytest.mark.parametrize("f", ALIKE, ids=lambda f: f.__name__)
def test_loops_over_points_run_side_by_side(f):
    """Values and gradients with and without remaining iterations, and with none at all."""
    assert sides(f, *arguments(f, 40, 3)) >= 1
    for n in (40, 32, 35, 5, 3):
        check(f, *arguments(f, n, 3))


@pytest.mark.parametrize("f", [triangle, ordered, columns, whole], ids=lambda f: f.__name__)
def test_loops_that_do_not_run(f):
    """No iterations inside or outside."""
    check(f, *arguments(f, 0, 3))
    check(f, *arguments(f, 20, 0 if f is not triangle else 1))


def test_a_work_array_of_the_caller_is_left_as_by_the_last_iteration():
    assert sides(buffer, normal(40), normal(4), normal(4)) >= 1
    for n in (40, 32, 35, 3):
        check(buffer, normal(n), normal(4), normal(4))


@pytest.mark.parametrize("f", ALIKE, ids=lambda f: f.__name__)
def test_accesses_of_lanes_are_inside(f):
    """Run by Python itself, with every access checked."""
    for n in (33, 32, 3, 0):
        args = arguments(f, max(n, 1) if f in (last, inplace) else n, 3)
        compiled = compile_pullback(f, args, (True, True))
        values = compiled.values(args)
        variant = compiled.variant(values)
        function = resolve(variant.function("gradient"), {})
        assert widen(function, 16) or n < 16
        verify(function)
        shadows = [np.zeros_like(a) for a in args]
        copies = [np.array(a) for a in args]
        run(emit(function), function.name, *copies, *shadows, 1.0)
        _, reference = ut.value_and_grad(f, argnums=(0, 1), tier="record")(*(np.array(a) for a in args))
        for bar, wanted in zip(shadows, reference, strict=True):
            np.testing.assert_allclose(bar, wanted, rtol=1e-9, atol=1e-12)


def table(x, w, k):
    total = 0.0
    for i in range(len(x)):
        t = x[i]
        for j in range(len(w)):
            t = math.sin(t + w[k[i]]) * w[j]
        total += t
    return total


def flat(x, w, d):
    total = 0.0
    for i in range(len(x) // d):
        t = 0.0
        for j in range(d):
            t = math.sin(t + x[i * d + j] * w[j])
        total += t
    return total


def forces(x, m):
    n = len(m)
    f = np.zeros((n, 2))
    for i in range(n):
        for j in range(n):
            if j != i:
                r = 0.1
                for k in range(2):
                    r += (x[j, k] - x[i, k]) ** 2
                q = m[j] / (r * math.sqrt(r))
                for k in range(2):
                    f[i, k] += q * (x[j, k] - x[i, k])
    total = 0.0
    for i in range(n):
        for k in range(2):
            total += f[i, k] ** 2
    return total


def test_indices_of_lanes_own():
    """Tables and flat arrays are read element by element; cotangents that meet in one element are all added."""
    for n in (40, 32, 5):
        k = np.arange(n) * 7 % 3
        check(table, normal(n), normal(3), k)
        check(flat, normal(n * 3), normal(3), 3)
    assert "gather(" in source_of(table, normal(40), normal(3), np.arange(40) % 3)
    assert "scatter(" in source_of(table, normal(40), normal(3), np.arange(40) % 3)
    assert "gather(" in source_of(flat, normal(120), normal(3), 3)


def test_lanes_that_skip_an_iteration():
    assert sides(forces, normal(40, 2), normal(40)) >= 1
    for n in (40, 32, 5):
        check(forces, normal(n, 2), normal(n) ** 2)


# ---- programs that stay as they are
def recurrence(x, w):
    s = 0.0
    for i in range(len(x)):
        for k in range(len(w)):
            s = math.sin(s + x[i] * w[k])
    return s


def neighbours(x, w):
    v = x.copy()
    for i in range(1, len(v)):
        for k in range(len(w)):
            v[i] = math.sin(v[i] + v[i - 1] * w[k])
    return np.sum(v)


def carried_buffer(x, w):
    b = np.zeros(len(w))
    total = 0.0
    for i in range(len(x)):
        for k in range(len(w)):
            b[k] = 0.5 * b[k] + math.sin(x[i] * w[k])
        total += b[0]
    return total + np.sum(b)


def partly(x, w):
    b = np.zeros(len(w))
    total = 0.0
    for i in range(len(x)):
        for k in range(1, len(w)):
            b[k] = math.sin(x[i] * w[k])
        for k in range(len(w) - 1):
            total += b[k] * b[k + 1]
        b[0] = total
    return total


def ragged(x, w):
    total = 0.0
    for i in range(len(x)):
        t = x[i]
        for k in range(i % 3):
            t = math.sin(t + w[k])
        total += t
    return total


def histogram(x, w, k):
    h = np.zeros(4)
    for i in range(len(x)):
        t = x[i]
        for j in range(len(w)):
            t = math.sin(t + w[j])
        h[k[i]] = h[k[i]] + t
    return np.sum(h * h)


@pytest.mark.parametrize("f", [recurrence, neighbours, carried_buffer, partly, ragged], ids=lambda f: f.__name__)
def test_iterations_that_depend_on_each_other_run_one_by_one(f):
    x, w = normal(40), normal(4)
    assert sides(f, x, w) == 0
    check(f, x, w)


def test_scattered_sums_run_one_by_one():
    x, w, k = normal(40), normal(3), np.arange(40) % 4
    check(histogram, x, w, k)


# ---- meanings
def test_infinite_and_undefined_numbers_stay_in_their_lane():
    """One point of many that overflows is an exception, as without lanes; others are not disturbed."""
    x = normal(40)
    x[7] = np.nan
    compiled = compile_pullback(ordered, (x, normal(3)), (True, True))
    value, (x_bar, _) = compiled.value_and_pullback((x, normal(3)), 1.0)
    assert math.isnan(value)
    assert np.isnan(x_bar[7]) and np.isfinite(np.delete(x_bar, 7)).all()


def overflowing(x, w):
    total = 0.0
    for i in range(len(x)):
        t = x[i]
        for k in range(len(w)):
            t = math.exp(t * w[k])
        total += t
    return total


def test_exceptions_are_those_of_the_loop():
    x = np.full(40, 0.5)
    check(overflowing, x, normal(2))
    x[20] = 1e4
    with pytest.raises(OverflowError):
        ut.value_and_grad(overflowing)(x, np.ones(2))


def guarded(x, w):
    total = 0.0
    for i in range(len(x)):
        t = x[i]
        for k in range(len(w)):
            if t > 0.0:
                t = math.log(t) + w[k]
            else:
                t = math.sin(t)
        total += t
    return total


def test_what_a_lane_does_not_run_cannot_fail():
    """The logarithm of a negative number, in lanes that take the other branch, is no error."""
    check(guarded, normal(40), normal(3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_short_numbers(dtype):
    x, w = normal(40).astype(dtype), normal(3).astype(dtype)
    value, bars = compile_pullback(whole, (x, w), (True, True)).value_and_pullback((x, w), 1.0)
    exact, reference = ut.value_and_grad(whole, argnums=(0, 1), tier="record")(x.astype(float), w.astype(float))
    rtol = 1e-4 if dtype == np.float32 else 1e-9
    assert value == pytest.approx(exact, rel=rtol)
    for bar, wanted in zip(bars, reference, strict=True):
        assert bar.dtype == dtype
        np.testing.assert_allclose(bar, wanted, rtol=rtol, atol=rtol)


def test_sums_of_the_program_keep_their_order():
    """Numbers of very different size: any other order would show."""
    x = normal(64) * 10.0 ** (np.arange(64) % 17 * 2 - 16)
    w = normal(2)

    def scaled(x, w):
        total = 0.0
        for i in range(len(x)):
            t = 0.0
            for k in range(len(w)):
                t = t * w[k] + x[i]
            total += t
        return total

    compiled = compile_pullback(scaled, (x, w), (True, True))
    assert "for block" in source_of(scaled, x, w)
    assert compiled.value_and_pullback((x, w), 1.0)[0] == scaled(x, w)


def test_forward_mode_is_as_it_was():
    x, w = normal(40), normal(3)
    compiled = compile_pullback(whole, (x, w), (True, True))
    variant = compiled.variant(compiled.values((x, w)))
    assert "block" not in variant.source("pushforward 1")
    assert "block" in variant.source("primal")
