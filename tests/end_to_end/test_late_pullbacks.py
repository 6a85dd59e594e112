"""Pullbacks called when the world has moved on: right, or refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import undertow as ut


def single(cotangents):
    return cotangents[0] if isinstance(cotangents, tuple) else cotangents


X = np.array([0.3, 0.5, 0.2])


def mutating(x, scratch, weights):
    """Reads and writes its argument, a buffer of the caller's, and constants of the caller's."""
    scratch[:] = x * weights
    x[1:] *= scratch[:-1]
    scratch += x
    return np.sin(scratch).sum() * x[2]


def differences(f, x, h=1e-6):
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(x.size)])


def test_constants_that_the_tape_reads_may_change():
    scratch, weights = np.zeros(3), np.array([2.0, -1.0, 0.5])
    want = differences(lambda x: mutating(x, np.zeros(3), weights.copy()), X)
    x = X.copy()
    _, pullback = ut.vjp(lambda x: mutating(x, scratch, weights), x)
    for array in (x, scratch, weights):
        array[:] = np.nan
    for _ in range(3):
        np.testing.assert_allclose(single(pullback(1.0)), want, atol=1e-9)
    for array in (x, scratch, weights):
        assert np.isnan(array).all()


def test_result_containers_may_change():
    def f(x):
        return {"a": x * x, "b": [x[0], np.sin(x)], "n": 3}

    value, pullback = ut.vjp(f, X.copy())
    bars = {"a": np.ones(3), "b": [2.0, np.ones(3)], "n": 0}
    want = 2 * X + np.cos(X) + np.array([2.0, 0, 0])
    del value["b"]
    value["a"][:] = 7.0
    value["c"] = 1.0
    np.testing.assert_allclose(single(pullback(bars)), want)


def test_argument_containers_may_change():
    argument = {"a": X.copy(), "k": 2.0}
    _, pullback = ut.vjp(lambda d: (d["a"] ** 2).sum() * d["k"], argument)
    argument["a"] = None
    argument["z"] = 1.0
    found = single(pullback(1.0))
    np.testing.assert_allclose(found["a"], 4 * X)
    np.testing.assert_allclose(found["k"], (X**2).sum())


def test_a_result_at_two_places_has_two_cotangents():
    value, pullback = ut.vjp(lambda x: (y := x * x, y), X.copy())
    assert value[0] is value[1]
    u, v = np.array([1.0, 0, 0]), np.array([1.0, 2.0, 0])
    np.testing.assert_allclose(single(pullback((u, v))), 2 * X * (u + v))
    np.testing.assert_allclose(single(pullback((u, u))), 4 * X * u)
    np.testing.assert_allclose(single(pullback((u, None))), 2 * X * u)


def test_an_argument_at_two_places_has_one_tangent():
    x = X.copy()
    _, dot = ut.jvp(lambda p: (p[0] * p[1]).sum(), ((x, x),), ((np.ones(3), np.ones(3)),))
    assert dot == pytest.approx(2 * X.sum())
    with pytest.raises(ut.ArgumentError, match="different tangents"):
        ut.jvp(lambda p: (p[0] * p[1]).sum(), ((x, x),), ((np.ones(3), np.zeros(3)),))


def test_wrong_structures_are_told():
    _, pullback = ut.vjp(lambda x: (x, [x[0]]), X.copy())
    with pytest.raises(ut.ArgumentError):
        pullback((np.ones(3), [1.0, 2.0]))
    with pytest.raises(ut.ArgumentError):
        pullback(np.ones(3))
    with pytest.raises(ut.ArgumentError):
        pullback((np.ones(2), [1.0]))


def test_one_pullback_from_many_threads():
    x = np.linspace(0.1, 1.0, 40)

    def f(x):
        y = x * 1.0
        for _ in range(10):
            y[1:] += np.sin(y[:-1]) * y[1:]
        return y

    _, pullback = ut.vjp(f, x)
    rows = np.eye(40)[:12]
    want = [single(pullback(r)) for r in rows]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda r: single(pullback(r)), np.concatenate([rows, rows])))
    for got, expected in zip(found, want + want, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_derivatives_of_several_orders_in_threads_at_once():
    results, errors = {}, []
    f = lambda x: (np.sin(x) * x[::-1]).sum() * x[0]

    def work(k):
        try:
            x = X + 0.01 * k
            for _ in range(5):
                results[k] = (ut.grad(f)(x), ut.hessian(f)(x), ut.jvp(f, (x,), (np.ones(3),))[1])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors
    for k, (gradient, hessian, slope) in results.items():
        x = X + 0.01 * k
        np.testing.assert_allclose(gradient, ut.grad(f)(x), rtol=1e-12)
        np.testing.assert_allclose(hessian, ut.hessian(f)(x), rtol=1e-12)
        assert slope == pytest.approx(gradient.sum())


# ---- inside and after other derivatives --------------------------------------------------------------------------


def test_an_older_pullback_inside_a_derivative():
    _, pullback = ut.vjp(lambda x: np.sin(x), X.copy())
    weights = np.array([1.0, 2.0, 3.0])
    found = ut.grad(lambda w: (single(pullback(w * w)) * weights).sum())(X.copy())
    np.testing.assert_allclose(found, 2 * X * np.cos(X) * weights)
    _, slope = ut.jvp(lambda w: single(pullback(w * w)).sum(), (X.copy(),), (np.ones(3),))
    assert slope == pytest.approx((2 * X * np.cos(X)).sum())


def test_an_older_linear_map_inside_a_derivative():
    _, linear = ut.linearize(lambda x: x * x, X.copy())
    np.testing.assert_allclose(ut.grad(lambda v: linear(v * v).sum())(X.copy()), 4 * X * X)
    np.testing.assert_allclose(ut.grad(lambda v: linear.pullback(v * v).sum())(X.copy()), 4 * X * X)


def test_cotangents_are_cast_on_the_level_they_belong_to():
    """A cotangent of another dtype is converted without losing what an outer derivative follows."""
    def outer(w):
        _, pullback = ut.vjp(lambda z: z * (1 + 2j), X.astype(complex))
        return np.real(single(pullback(w))).sum()

    np.testing.assert_allclose(ut.grad(outer)(X.copy()), np.ones(3))
    single_precision = X.astype(np.float32)

    def lower(w):
        _, pullback = ut.vjp(lambda z: z * z, single_precision)
        return single(pullback(w)).sum()

    np.testing.assert_allclose(ut.grad(lower)(X.copy()), 2 * X, rtol=1e-6)


@pytest.mark.parametrize("outer", ["grad", "jvp"])
def test_a_pullback_that_outlives_the_derivative_around_it(outer):
    kept = []

    def f(x):
        y, pullback = ut.vjp(lambda t: t * t * x, x * 2.0)
        kept.append(pullback)
        return np.sum(y)

    if outer == "grad":
        ut.grad(f)(X.copy())
    else:
        ut.jvp(f, (X.copy(),), (np.ones(3),))
    with pytest.raises(ut.StaleError):
        kept[0](np.ones(3))


# ---- errors -----------------------------------------------------------------------------------------------------


class Trouble(Exception):
    pass


@pytest.mark.parametrize("run", [
    lambda f, x: ut.grad(f)(x), lambda f, x: ut.vjp(f, x), lambda f, x: ut.jvp(f, (x,), (np.ones(3),)),
    lambda f, x: ut.hessian(f)(x), lambda f, x: ut.jacobian(f, mode="reverse")(x)])
def test_arguments_after_an_error_of_the_program(run):
    box = {"values": [0.0]}

    def f(x):
        x[0] *= 5.0
        box["values"].append(x[0])
        if x[0] > 1.0:
            raise Trouble(x[1])
        return x.sum()

    plain, x = X.copy(), X.copy()
    with pytest.raises(Trouble) as expected:
        f(plain)
    box["values"] = [0.0]
    with pytest.raises(Trouble) as found:
        run(f, x)
    np.testing.assert_array_equal(x, plain)
    assert found.value.args == expected.value.args
    assert type(found.value.args[0]) is np.float64
    assert type(box["values"][-1]) is np.float64
    assert ut.grad(lambda x: (x * x).sum())(X.copy()) == pytest.approx(2 * X)


def test_a_derivative_after_a_refusal_is_right():
    def refused(x):
        x[0] = 2.0
        return np.frombuffer(x.tobytes())[0]

    x = X.copy()
    with pytest.raises(ut.UndertowError):
        ut.grad(refused)(x)
    for _ in range(2):
        np.testing.assert_allclose(ut.grad(lambda x: (x**3).sum())(X.copy()), 3 * X**2)


def test_an_error_in_a_rule_leaves_the_final_state():
    """The sweep undoes writes; where it fails on its way, the written values come back all the same."""
    @ut.rules.pullback(faulty)
    def broken(y, y_bar, x):
        raise Trouble("in the rule")

    def f(x):
        x *= 2.0
        y = x * faulty(x)
        x *= 3.0
        return (x * y).sum()

    x = X.copy()
    try:
        with pytest.raises(Exception, match="in the rule"):
            ut.grad(f)(x)
    finally:
        ut.rules.forget(faulty)
    np.testing.assert_array_equal(x, X * 2.0 * 3.0)


def faulty(x):
    return x * 1.0
