"""The public operators on every kind of argument: positions, names, structures, dtypes, layouts."""

from __future__ import annotations

import collections
import dataclasses
import math

import numpy as np
import pytest
from harness.engine import ut


def area(a, b=2.0, *, scale=1.0):
    return a * b**2 * scale


def test_grad_of_first_argument_by_default():
    assert ut.grad(area)(3.0, 2.0) == pytest.approx(4.0)


def test_grad_by_position_name_and_several():
    assert ut.grad(area, argnums=1)(3.0, 2.0) == pytest.approx(12.0)
    assert ut.grad(area, argnums=-1)(3.0, 2.0) == pytest.approx(12.0)
    assert ut.grad(area, argnums="b")(3.0, b=2.0) == pytest.approx(12.0)
    assert ut.grad(area, argnums="scale")(3.0, 2.0, scale=0.5) == pytest.approx(12.0)
    assert ut.grad(area, argnums=(0, 1))(3.0, 2.0) == pytest.approx((4.0, 12.0))
    both = ut.grad(area, argnums=("a", "scale"))(3.0, 2.0, scale=1.0)
    assert tuple(both) == pytest.approx((4.0, 12.0))


def test_inactive_arguments_may_be_anything():
    def f(x, name, table, function, n):
        return function(x) * table[name] * n

    assert ut.grad(f)(0.5, "k", {"k": 3}, math.sin, 2) == pytest.approx(6 * math.cos(0.5))


def test_value_and_grad_with_aux():
    def f(x):
        y = x * x
        return y.sum(), {"y": y, "text": "ok", "n": 3}

    x = np.array([1.0, 2.0])
    (value, aux), gradient = ut.value_and_grad(f, has_aux=True)(x)
    assert value == pytest.approx(5.0)
    assert aux["text"] == "ok" and aux["n"] == 3
    assert type(aux["y"]) is np.ndarray
    np.testing.assert_allclose(gradient, 2 * x)
    gradient, aux = ut.grad(f, has_aux=True)(x)
    np.testing.assert_allclose(gradient, 2 * x)
    np.testing.assert_allclose(aux["y"], x * x)


@dataclasses.dataclass
class Parameters:
    w: np.ndarray
    b: float
    name: str = "layer"


Pair = collections.namedtuple("Pair", "first second")


class Module:
    def __init__(self):
        self.weight = np.array([1.0, 2.0])
        self.bias = 0.5
        self.steps = 3


@pytest.mark.parametrize(("argument", "loss", "expected"), [
    ((1.0, 2.0), lambda t: t[0] * t[1], (2.0, 1.0)),
    ([1.0, [2.0, 3.0]], lambda t: t[0] * t[1][0] * t[1][1], [6.0, [3.0, 2.0]]),
    ({"a": 2.0, "b": np.array([1.0, 3.0])}, lambda t: t["a"] * t["b"].sum(),
     {"a": 4.0, "b": np.array([2.0, 2.0])}),
    (Pair(2.0, np.array([1.0])), lambda t: t.first * t.second[0], Pair(1.0, np.array([2.0]))),
    ([Pair(2.0, 3.0), {"k": (4.0,)}], lambda t: t[0].first * t[1]["k"][0], [Pair(4.0, 0.0), {"k": (2.0,)}]),
], ids=["tuple", "list", "dict", "namedtuple", "nested"])
def test_structures(argument, loss, expected):
    def same(a, b):
        assert type(a) is type(b)
        if isinstance(a, dict):
            assert a.keys() == b.keys()
            for key in a:
                same(a[key], b[key])
        elif isinstance(a, (tuple, list)):
            assert len(a) == len(b)
            for x, y in zip(a, b, strict=True):
                same(x, y)
        else:
            np.testing.assert_allclose(a, b)

    same(ut.grad(loss)(argument), expected)


def test_dataclass_argument():
    g = ut.grad(lambda p: (p.w**2).sum() * p.b)(Parameters(np.array([1.0, 2.0]), 3.0))
    assert type(g) is Parameters
    np.testing.assert_allclose(g.w, [6.0, 12.0])
    assert g.b == pytest.approx(5.0)


def test_object_with_array_attributes():
    g = ut.grad(lambda m, x: (m.weight * x).sum() * m.bias)(Module(), np.array([1.0, 3.0]))
    np.testing.assert_allclose(g.weight, [0.5, 1.5])
    assert g.bias == pytest.approx(7.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,), (2, 0, 3), (1, 1, 1, 2)])
def test_dtypes_and_shapes(dtype, shape):
    x = np.ones(shape, dtype)
    g = ut.grad(lambda a: (a * a.conj()).real.sum() * 0.5)(x)
    assert isinstance(g, np.ndarray)
    assert (g.dtype, g.shape) == (x.dtype, x.shape)
    np.testing.assert_allclose(g, x)
    assert not np.shares_memory(g, x)


@pytest.mark.parametrize("make", [
    lambda a: np.asfortranarray(a), lambda a: a[::-1, ::2], lambda a: a.T, lambda a: a[:, :1],
    lambda a: np.broadcast_to(a[0], (3, 4)), lambda a: np.lib.stride_tricks.sliding_window_view(a[0], 2)],
    ids=["fortran", "negative", "transposed", "column", "broadcast", "windows"])
def test_layouts(make):
    x = make(np.arange(12.0).reshape(3, 4) + 1)
    g = ut.grad(lambda a: (a**3).sum())(x)
    np.testing.assert_allclose(g, 3 * x**2)
    assert g.flags.writeable
    assert not np.shares_memory(g, x)


def test_gradient_of_independent_result_is_exact_zero_of_its_shape():
    g = ut.grad(lambda x, y: (y * 2.0).sum(), argnums=(0, 1))(np.ones((2, 3)), np.ones(2))
    assert g[0].shape == (2, 3) and not g[0].any()
    assert ut.grad(lambda x: 3.0)(1.0) == 0.0


def test_vjp_and_jvp_are_transposes():
    def f(x, s):
        x = x.copy()
        x[1:] *= x[:-1] * s
        return np.stack([x, x**2])

    rng = np.random.default_rng(0)
    x, s = rng.normal(size=5), 0.7
    dx, ds, w = rng.normal(size=5), 0.3, rng.normal(size=(2, 5))
    value, tangent = ut.jvp(f, (x, s), (dx, ds))
    again, pullback = ut.vjp(f, x, s)
    np.testing.assert_array_equal(value, again)
    gx, gs = pullback(w)
    assert (w * tangent).sum() == pytest.approx(gx @ dx + gs * ds)


def test_linearize_is_both():
    def f(x):
        return np.sin(x) * x[0]

    x = np.array([0.3, 0.9])
    value, linear = ut.linearize(f, x)
    np.testing.assert_allclose(value, f(x))
    jacobian = np.diag(np.cos(x) * x[0])
    jacobian[:, 0] += np.sin(x)
    v = np.array([1.0, -2.0])
    np.testing.assert_allclose(linear.pushforward(v), jacobian @ v)
    np.testing.assert_allclose(linear.pullback(v), jacobian.T @ v)


@pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
def test_jacobian_in_every_mode(mode):
    def f(x):
        y = np.zeros((3, 2))
        y[0] = x[:2] * x[2]
        y[1:, 0] = np.sin(x[1])
        return y

    x = np.array([1.0, 2.0, 3.0])
    expected = np.zeros((3, 2, 3))
    expected[0, 0] = [3, 0, 1]
    expected[0, 1] = [0, 3, 2]
    expected[1:, 0, 1] = np.cos(2.0)
    np.testing.assert_allclose(ut.jacobian(f, mode=mode)(x), expected)


def test_hessian_and_hvp():
    def f(x):
        x = x * 1.0
        x[0] *= x[1]
        return (x**3).sum()

    x = np.array([0.5, 2.0, -1.0])
    h = ut.hessian(f)(x)
    u = x[0] * x[1]
    expected = np.array([[6 * u * x[1] ** 2, 6 * u * x[0] * x[1] + 3 * u**2, 0],
                         [6 * u * x[0] * x[1] + 3 * u**2, 6 * u * x[0] ** 2 + 6 * x[1], 0], [0, 0, 6 * x[2]]])
    np.testing.assert_allclose(h, expected)
    v = np.array([1.0, 0.5, -1.0])
    np.testing.assert_allclose(ut.hvp(f, (x,), (v,)), expected @ v)


def test_derivative_of_scalar_to_array():
    np.testing.assert_allclose(ut.derivative(lambda t: np.array([t, t * t, math.sin(t)]))(0.5), [1, 1, math.cos(0.5)])


def test_stop_gradient():
    assert ut.grad(lambda x: x * ut.stop_gradient(x * x))(3.0) == pytest.approx(9.0)
    np.testing.assert_allclose(ut.grad(lambda x: (x * ut.stop_gradient(x)).sum())(np.array([1.0, 2.0])), [1.0, 2.0])


def test_check_grads_passes_and_fails():
    ut.check_grads(lambda x: np.sin(x).sum(), np.array([0.3, 0.4]))


def test_grad_of_vector_valued_function_is_an_error():
    with pytest.raises((ut.UndertowError, TypeError)):
        ut.grad(lambda x: x * 2)(np.ones(3))


def test_grad_of_integer_argument_is_an_error():
    with pytest.raises((ut.UndertowError, TypeError)):
        ut.grad(lambda n: n * 2.0)(3)


@pytest.mark.parametrize("function", [math.sin, np.sin, lambda x: x * x, "method", "partial", "callable", "builtin"])
def test_kinds_of_callables(function):
    import functools
    import operator

    class Square:
        def __call__(self, x):
            return x * x

        def method(self, x):
            return x * x

    if function == "method":
        function = Square().method
    elif function == "partial":
        function = functools.partial(operator.mul, 3.0)
    elif function == "callable":
        function = Square()
    elif function == "builtin":
        function = abs
    h = 1e-6
    want = (function(0.5 + h) - function(0.5 - h)) / (2 * h)
    assert ut.grad(function)(0.5) == pytest.approx(want, rel=1e-6)


def test_heat_equation_of_the_checkpointing_literature():
    """The known adjoint norm of Checkpointing.jl: 500 steps on 100 points."""
    def final(T):
        last = np.zeros(100)
        for _ in range(500):
            last[:] = T
            T[1:-1] = last[1:-1] + 0.5 * (last[:-2] - 2 * last[1:-1] + last[2:])
        return T.sum()

    T = np.zeros(100)
    T[0] = 20.0
    value, gradient = ut.value_and_grad(final)(T)
    assert np.linalg.norm(T) == pytest.approx(66.21987468492061, abs=1e-9)
    assert np.linalg.norm(gradient[1:-1]) == pytest.approx(6.970279349365908, abs=1e-9)


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
@pytest.mark.parametrize("tier", ["auto", "record"])
def test_jacobians_of_trees(mode, tier):
    x = np.array([0.7, 0.3, 0.55])

    def f(parameters):
        w, b = parameters["w"], parameters["b"]
        return {"first": w * b, "rest": [w @ w, (b**3, 4)]}

    for _ in range(3):
        found = ut.jacobian(f, mode=mode, tier=tier)({"w": x, "b": 2.0})
        np.testing.assert_allclose(found["first"]["w"], 2 * np.eye(3))
        np.testing.assert_allclose(found["first"]["b"], x)
        np.testing.assert_allclose(found["rest"][0]["w"], 2 * x)
        np.testing.assert_allclose(found["rest"][1][0]["b"], 12.0)
        assert found["rest"][0]["b"] == 0.0 and not found["rest"][1][0]["w"].any() and found["rest"][1][1] == 0


@pytest.mark.parametrize("tier", ["auto", "record"])
def test_hessians_of_trees(tier):
    x = np.array([0.7, 0.3])

    def f(a, b):
        return (a * b**2).sum()

    for _ in range(3):
        (aa, ab), (ba, bb) = ut.hessian(f, argnums=(0, 1), tier=tier)(x, 2.0)
        assert not aa.any()
        np.testing.assert_allclose(ab, [4.0, 4.0])
        np.testing.assert_allclose(ba, [4.0, 4.0])
        np.testing.assert_allclose(bb, 2.0)
    found = ut.hessian(lambda d: f(d["a"], d["b"]), tier=tier)({"a": x, "b": x.copy()})
    np.testing.assert_allclose(found["a"]["b"], np.diag(2 * x))
    np.testing.assert_allclose(found["b"]["b"], np.diag(2 * x))


def test_jacobians_of_what_does_not_vary():
    x = np.array([0.7, 0.3])
    assert not ut.jacobian(lambda x: 3)(x).any() and ut.jacobian(lambda x: None)(x) is None
    assert ut.jacobian(lambda x: np.arange(3))(x).shape == (3, 2)
    assert ut.jacobian(lambda x: (x[:0], x))(x)[0].shape == (0, 2)


def test_integers_in_containers_have_the_derivative_zero():
    x, places = np.array([0.7, 0.3]), np.arange(2)
    parameters = {"w": x, "n": 3, "k": places, "name": "a", "deep": [1, (2.0, None)]}

    def f(p):
        return p["w"].sum() * p["n"] * p["deep"][1][0]

    for gradient in (ut.grad(f)(parameters), ut.grad(f, tier="record")(parameters), ut.vjp(f, parameters)[1](1.0)):
        np.testing.assert_array_equal(gradient["w"], [6.0, 6.0])
        assert gradient["n"] == 0 and not gradient["k"].any() and gradient["deep"] == [0, (3.0, None)]
        assert gradient["name"] == "a"
    assert parameters["n"] == 3 and places[1] == 1
    assert ut.jvp(lambda x: (x[0], 5), (x,), (x,)) == ((0.7, 5), (0.7, 0))


@pytest.mark.parametrize("pair", [lambda x: (x, x), lambda x: (x[1:], x[:-1])], ids=["same", "overlapping"])
def test_one_array_as_two_arguments_is_two_variables(pair):
    def f(a, b):
        return (a * b**2).sum()

    a, b = pair(np.array([0.7, 0.3, 0.55]))
    one, zero = np.ones_like(a), np.zeros_like(a)
    for _ in range(3):
        np.testing.assert_allclose(ut.grad(f, (0, 1))(a, b), (b**2, 2 * a * b))
        np.testing.assert_allclose(ut.vjp(f, a, b)[1](1.0), (b**2, 2 * a * b))
        np.testing.assert_allclose(ut.jvp(f, (a, b), (one, zero))[1], (b**2).sum())
        np.testing.assert_allclose(ut.hvp(f, (a, b), (one, zero)), (zero, 2 * b))
        np.testing.assert_allclose(ut.hessian(f, (0, 1))(a, b)[0][1], np.diag(2 * b))
    np.testing.assert_allclose(ut.jacobian(lambda z: ut.grad(f, (0, 1))(z, z)[1])(a), np.diag(4 * a))
    np.testing.assert_allclose(ut.grad(lambda z: ut.jvp(f, (z, z), (z, zero))[1])(a), 3 * a**2)

    def writing(a, b):
        a *= 2
        return (a * b).sum()

    with pytest.raises(ut.UndertowError, match="shares its memory"):
        ut.grad(writing, (0, 1))(a, b)
