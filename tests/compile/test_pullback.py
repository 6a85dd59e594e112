"""Compiled pullbacks of small programs against complex-step-free oracles: Richardson differences of the plain program."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("numba")

from undertow._compile import NotCompilable, compile_pullback


def directional(f, x, direction):
    """Richardson-extrapolated central difference of ``f`` along `direction`."""
    def central(h):
        return (f(x + h * direction) - f(x - h * direction)) / (2 * h)

    h = 1e-3
    a, b, c = central(h), central(h / 2), central(h / 4)
    first, second = (4 * b - a) / 3, (4 * c - b) / 3
    return (16 * second - first) / 15


def check(f, x, *rest, tol=1e-8):
    """The value is the program's; the gradient pairs with a random direction as differences do."""
    args = (x.copy(), *(r.copy() if isinstance(r, np.ndarray) else r for r in rest))
    plain = (x.copy(), *(r.copy() if isinstance(r, np.ndarray) else r for r in rest))
    compiled = compile_pullback(f, args, (True,) + (False,) * len(rest))
    value, bars = compiled.value_and_pullback(args, 1.0)
    expected = f(*plain)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    for a, b in zip(args, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)  # memory ends as the program leaves it
    d = np.random.default_rng(7).standard_normal(x.shape)

    def along(y):
        return f(y.copy(), *(r.copy() if isinstance(r, np.ndarray) else r for r in rest))

    np.testing.assert_allclose(np.sum(bars[0] * d), directional(along, x, d), rtol=tol, atol=tol)
    return compiled


def sum_of_sines(x):
    s = 0.0
    for i in range(len(x)):
        s += math.sin(x[i])
    return s


def matmul(a):
    n, m = a.shape
    c = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            for k in range(m):
                c[i, j] += a[i, k] * a[j, k]
    return np.sum(c * c)


def lu(a):
    n = a.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    s = 0.0
    for i in range(n):
        s += a[i, i] ** 2 + a[i, 0]
    return s


def gauss_seidel(b):
    n = len(b)
    x = np.zeros(n)
    for _ in range(5):
        for i in range(n):
            t = b[i] * b[i]
            if i > 0:
                t += x[i - 1]
            if i < n - 1:
                t += x[i + 1]
            x[i] = t / 4.0
    return np.sum(x * x)


def insertion_sort(a):
    for i in range(1, len(a)):
        key = a[i]
        j = i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    s = 0.0
    for i in range(len(a)):
        s += (i + 1) * a[i]
    return s


def parity_branch(x):
    s = 1.0
    for i in range(len(x)):
        if i % 2 == 0:
            s = s * x[i] + 1.0
        else:
            s = np.sin(s) + x[i]
    return s


def scan(x):
    y = np.empty(len(x))
    acc = 1.0
    for i in range(len(x)):
        acc = acc * x[i] + 0.5
        y[i] = acc * acc
    return y.sum()


def floyd_warshall(d):
    n = d.shape[0]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if d[i, k] + d[k, j] < d[i, j]:
                    d[i, j] = d[i, k] + d[k, j]
    return np.sum(d)


def logsumexp(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


def early_return(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i] * x[i]
        if s > 1.5:
            return s * x[0]
    return s


def while_newton(x):
    total = 0.0
    for i in range(len(x)):
        y = 1.0
        n = 0
        while abs(y * y - x[i]) > 1e-13 and n < 50:
            y = 0.5 * (y + x[i] / y)
            n += 1
        total += y
    return total


def heat_slices(u):
    for _ in range(4):
        u[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u**2)


def array_expression(x):
    y = np.exp(x[1:]) * x[:-1] + np.tanh(x[1:])
    return np.sum(np.where(y > 0, y, 0.1 * y)) + np.maximum(x, 0.2).sum() + (x @ x)


def rk4_step(y, k, t, h):
    k[0] = y[1]
    k[1] = -math.sin(t) - y[0] * y[0]
    for i in range(2):
        y[i] += h * k[i]


def buffers(y):
    k = np.zeros(2)
    for s in range(6):
        rk4_step(y, k, 0.1 * s, 0.1)
    return y[0] * y[1]


def n_body(p):
    n = p.shape[0]
    e = 0.0
    for i in range(n):
        for j in range(i + 1, n):
            r = 0.01
            for k in range(3):
                r += (p[i, k] - p[j, k]) ** 2
            e -= 1.0 / np.sqrt(r)
    return e


def triangular_tape(x):
    s = 0.0
    for i in range(len(x)):
        t = x[i]
        for j in range(i):
            t = t * x[j] + math.sin(t)
        s += t
    return s


def break_in_nested_loop(x):
    s = 0.0
    for i in range(len(x)):
        t = x[i]
        for j in range(10):
            t = t * x[i] + math.exp(-t)
            if t > 1.2 or j > i:
                break
        if x[i] > 0.5:
            u = t * t
            s += math.sqrt(u + 1.0) * t
        else:
            s -= t**1.5
        last = t * s
    return s * last


def unequal_paths(x):
    w = np.zeros(len(x))
    for k in range(3):
        for i in range(len(x)):
            if i == k:
                continue
            w[i] = w[i] * x[i] + x[k] / (1.0 + w[k] ** 2)
    best = w[0]
    for i in range(1, len(x)):
        best = max(best, w[i])
    return best + np.mean(w)


def strided(x):
    y = np.zeros(len(x))
    y[::2] = x[::2] ** 2
    y[1::2] = np.sin(x[1::2]) * y[:-1:2]
    for i in range(len(x) - 1, 0, -2):
        y[i] *= y[i - 1]
    return (y[::-1] * x).sum()


def local_buffers(x):
    total = 0.0
    for i in range(len(x)):
        row = np.empty(3)
        for j in range(3):
            row[j] = x[i] ** (j + 1)
        row[1] *= row[0]
        total += np.dot(row, row)
    return total


def two_dimensional(x):
    a = x[:, None] * x[None, :]
    a[1:, :] += a[:-1, :] ** 2
    return a.sum(axis=0).max() + np.sum(a.mean(axis=1) ** 2)


class Scale:
    """An object with state that a loop changes."""

    def __init__(self, w):
        self.w = w
        self.k = 2.0

    def apply(self, x):
        return self.w * x + self.k


def object_state(x):
    scale = Scale(x[0])
    s = 0.0
    for i in range(len(x)):
        scale.k = scale.k * x[i]
        s += scale.apply(x[i])
    return s


def views_of_the_argument(x):
    y = x
    y[0] = y[1] * y[2]
    z = x[:3]
    z *= x[3:6]
    x[1:] = x[:-1] * 2
    x[:-1] += x[1:]
    return np.sum(x * x)


def gather(x):
    index = np.array([0, 2, 2, 1, -1, 3, 0])
    y = x[index] * x
    return np.sum(y**2)


VECTORS = [object_state, views_of_the_argument, gather, break_in_nested_loop, unequal_paths, strided, local_buffers, two_dimensional, sum_of_sines, gauss_seidel, insertion_sort, parity_branch, scan, logsumexp, early_return, while_newton,
           heat_slices, array_expression, triangular_tape]


@pytest.mark.parametrize("f", VECTORS, ids=lambda f: f.__name__)
def test_gradient_of_vector_program(f):
    """Loops, branches, in-place updates and expressions over one array."""
    check(f, np.random.default_rng(3).uniform(0.3, 0.9, 7))


@pytest.mark.parametrize("f", [matmul, floyd_warshall, n_body], ids=lambda f: f.__name__)
def test_gradient_of_matrix_program(f):
    """Nested loops over two axes."""
    shape = (4, 3) if f is not floyd_warshall else (4, 4)
    check(f, np.random.default_rng(4).uniform(0.3, 0.9, shape))


def test_gradient_of_lu_in_place():
    """The factorisation overwrites what it reads."""
    check(lu, np.random.default_rng(5).uniform(0.3, 0.9, (4, 4)) + 4 * np.eye(4))


def test_gradient_through_reused_buffers():
    """A scratch array written again in each step."""
    check(buffers, np.array([0.4, 0.7]))


def test_linear_stencil_uses_no_tape():
    """Nothing of a linear loop is required in the reverse sweep."""
    def program(du, u):
        for i in range(1, len(u) - 1):
            du[i] = u[i] * u[i] * (u[i + 1] - u[i - 1])

    args = (np.zeros(6), np.linspace(0.1, 0.9, 6))
    compiled = compile_pullback(program, args, (True, True))
    compiled.value_and_pullback(args, None)
    assert compiled.explain["taped"] == []


def test_shared_written_memory_is_refused():
    """Two arguments that overlap, one of them written."""
    def program(a, b):
        a[0] = b[1] * 2.0
        return a[0]

    x = np.ones(4)
    compiled = compile_pullback(program, (x, np.ones(4)), (True, True))
    with pytest.raises(NotCompilable, match="shares memory"):
        compiled.value_and_pullback((x, x), 1.0)


def test_exception_leaves_memory_as_it_was():
    """The interpreter must find the arguments unchanged to raise as the program does."""
    def program(a, n):
        for i in range(n):
            a[i] = a[i] * 2.0
        return a[0]

    x = np.arange(4.0)
    compiled = compile_pullback(program, (x, 4), (True, False))
    with pytest.raises(NotCompilable):
        compiled.value_and_pullback((x, 6), 1.0)
    np.testing.assert_array_equal(x, np.arange(4.0))


def test_division_by_a_python_zero_leaves():
    """``1.0 / 0.0`` raises for Python floats and is inf for NumPy's."""
    def program(x):
        return 1.0 / x

    compiled = compile_pullback(program, (2.0,), (True,))
    assert compiled.value_and_pullback((2.0,), 1.0) == (0.5, (-0.25,))
    with pytest.raises(NotCompilable):
        compiled.value_and_pullback((0.0,), 1.0)


def test_shadow_goes_from_after_the_call_to_before_it():
    """The value alone, then the pullback into a shadow that is given."""
    def program(a):
        for i in range(1, len(a)):
            a[i] = a[i] * a[i - 1]

    x = np.array([2.0, 3.0, 4.0])
    compiled = compile_pullback(program, (x,), (True,))
    before = x.copy()
    values = compiled.values((x,))
    compiled.primal(values)
    np.testing.assert_array_equal(x, [2.0, 6.0, 24.0])
    shadow = np.array([0.0, 0.0, 1.0])
    x[...] = before
    compiled.run(values, None, {compiled.ir.params[0]: shadow})
    np.testing.assert_array_equal(x, [2.0, 6.0, 24.0])
    np.testing.assert_allclose(shadow, [12.0, 8.0, 6.0])


def test_unknown_call_is_refused_with_its_line():
    """What cannot be typed names its place."""
    def program(x):
        return np.linalg.eigvals(x)

    with pytest.raises(NotCompilable) as info:
        compile_pullback(program, (np.eye(2),), (True,))
    assert info.value.lineno > 0


def test_pending_expression_is_read_before_a_call_changes_it():
    """``2 * a`` belongs to the time before the call, which overwrites `a`."""
    def overwrite(a):
        a[0] = 10.0
        return a[1]

    def program(x):
        a = x * 1.0
        return np.sum(a * 2.0 + overwrite(a))

    check(program, np.array([1.0, 2.0, 3.0]))


def test_changed_global_is_seen():
    """What is captured is guarded."""
    namespace = {"scale": 2.0}

    def program(x):
        return scale * x  # noqa: F821

    import types

    f = types.FunctionType(program.__code__, namespace)
    assert compile_pullback(f, (3.0,), (True,)).value_and_pullback((3.0,), 1.0) == (6.0, (2.0,))
    namespace["scale"] = 5.0
    assert compile_pullback(f, (3.0,), (True,)).value_and_pullback((3.0,), 1.0) == (15.0, (5.0,))


def test_closure_lambda_and_tuple_arguments():
    """Free variables, nested functions and nested arguments."""
    power = 3

    def program(pair):
        square = lambda t: t * t
        x, y = pair
        return square(x) * y**power

    compiled = compile_pullback(program, ((2.0, 3.0),), (True,))
    value, (bars,) = compiled.value_and_pullback(((2.0, 3.0),), 1.0)
    assert value == 108.0
    assert bars == (108.0, 108.0)


def test_nested_conditional_expression():
    """The inner expression's value reaches the outer one; the type is that of the branch that ran."""
    def program(v):
        return 1 if v > 10 else v * v if v > 0 else 1.0

    compiled = compile_pullback(program, (0.4,), (True,))
    for x in (0.4, 12.0, -1.0):
        value, (bar,) = compiled.value_and_pullback((x,), 1.0)
        assert (value, type(value)) == (program(x), type(program(x)))
        assert bar == (2 * x if 0 < x <= 10 else 0.0)


def test_type_of_an_empty_sum():
    """A sum that starts with a Python number is one for an empty array, and NumPy's for others."""
    def program(x):
        s = 0
        for i in range(len(x)):
            s += x[i]
        return s

    compiled = compile_pullback(program, (np.ones(3),), (True,))
    for n in (0, 3):
        value = compiled.value_and_pullback((np.ones(n),), 1.0)[0]
        assert (value, type(value)) == (n, type(program(np.ones(n))))


def test_recursion_is_refused_at_once():
    """A recursive program is not unrolled without end."""
    def program(x, n=30):
        return x if n < 2 else fibonacci(x, n)

    with pytest.raises(NotCompilable, match="recursion"):
        compile_pullback(program, (1.0,), (True,))


def fibonacci(x, n):
    return x if n < 2 or x > 5.0 else fibonacci(x, n - 1) + fibonacci(x, n - 2)
