"""Wherever Python or C code takes an iterable apart, an active array inside keeps its derivative."""

import collections
import contextlib
import contextvars
import functools
import itertools
import math
import operator

import numpy as np
import pytest

import undertow as ut

X = np.array([0.7, 0.3, 0.55])


def comprehensions(x):
    pairs = [x[:2], x[1:]]
    return (sum([a * b for a, b in pairs]) + sum({a * b for a, b in pairs}) + sum(dict(pairs).values())
            + sum(a * b for a, b in pairs if a > 0.5))


def nested_targets(x):
    pairs = [x[:2], x[1:]]
    total = sum(a * c for (a, b), c in zip(pairs, x, strict=False)) + sum(a * b[0] for a, *b in [x, x])
    total += sum(i * a * b for i, (a, b) in enumerate(np.outer(x, x)[:, :2]))
    return total + sum(i * a * b * c for i, ((a, b), c) in enumerate([(x[:2], x[2]), (x[1:], x[0])]))


def with_targets(x):
    with contextlib.nullcontext(x) as (a, b, c), contextlib.nullcontext([x[:2], a]) as ((d, e), f):
        return a * b + c * d + e * f


def stored_by_with(x):
    class Box:
        pass

    box = Box()
    with contextlib.nullcontext(x[0]) as box.first, contextlib.nullcontext(box.first * x[1]) as box.second:
        return box.first * box.second


def functions_of_pairs(x):
    pairs = [x[:2], x[1:]]
    return (sum(itertools.starmap(operator.mul, pairs)) + sum(itertools.starmap(lambda a, b: a * b, np.outer(x, x)[:, :2]))
            + sum(dict(pairs).values()) + sum(dict(np.outer(x, x)[:, :2]).values()))


def updates(x):
    table = {}
    table.update([x[:2], x[1:]])
    items = set()
    items.update(x, x[:2])
    queue = collections.deque()
    queue.extend(x)
    row = []
    operator.iconcat(row, x)
    return sum(table.values()) + sum(items) + sum(queue) + sum(row)


def chains(x):
    return (sum(itertools.chain.from_iterable([x, x[:2]])) + sum(itertools.chain.from_iterable(np.outer(x, x)))
            + sum(dict.fromkeys(x, 1.0)) + sum(tuple.__new__(tuple, x)))


def named(x):
    Point = collections.namedtuple("Point", "a b c")
    p = Point._make(x)
    return p.a * p.b + sum(p._replace(c=x[0])) + Point(*x).c


def broadcasts(x):
    return sum(a * b for a, b in np.broadcast(x[:, None], x[:2])) * np.broadcast(x, x).size


def arrays_win_over_lists(x):
    numbers, queue = [1.0, 2.0, 3.0], collections.deque(x)
    numbers += x
    queue += x
    return (numbers * x).sum() + queue.sum()


def generators_without_derivatives(x):
    return (math.fsum((d := i - 1.5) * d for i in [1, 2, 3]) * x[0] + math.prod(i * i for i in [1.0, 2.0]) * x[1]
            + functools.reduce(operator.add, (i for i in [1, 2])) * x[2])


@pytest.mark.parametrize("f", [
    comprehensions, nested_targets, with_targets, stored_by_with, functions_of_pairs, updates, chains, named, broadcasts,
    arrays_win_over_lists, generators_without_derivatives], ids=lambda f: f.__name__)
def test_gradient(f):
    h = 1e-6
    expected = [(f(X + h * e) - f(X - h * e)) / (2 * h) for e in np.eye(3)]
    value, gradient = ut.value_and_grad(f)(X)
    assert value == f(X)
    np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(ut.jacobian(f, mode="forward")(X), gradient, rtol=1e-12)


def test_unpacking_errors_are_those_of_the_plain_run():
    def f(x):
        return sum(a * b for a, b in [x])

    with pytest.raises(ValueError, match="too many values to unpack"):
        ut.grad(f)(X)
    with pytest.raises(ValueError, match="not enough values to unpack"):
        ut.grad(f)(X[:1])


def callable_objects(x):
    numbers = np.vectorize(lambda i, j: x[int(i)] * x[int(j)])
    return np.fromfunction(numbers, (3, 3)).sum() + np.vectorize(lambda i: x[i])(np.arange(3)).sum()


def memory(x):
    return np.array(memoryview(x)).sum() * x[0] + np.asarray(memoryview(x)[1:]).prod()


def context_variables(x):
    scale = contextvars.ContextVar("scale", default=x[0])
    token = scale.set(x[1])
    inside = contextvars.copy_context().run(lambda: scale.get() * x[2])
    scale.reset(token)
    return inside + scale.get() ** 2


@pytest.mark.parametrize("f", [callable_objects, memory, context_variables], ids=lambda f: f.__name__)
def test_what_holds_values_for_others(f):
    test_gradient(f)


class Outputs(dict):
    """A namespace that writes into arrays."""

    def __init__(self, inputs, outputs):
        self.inputs, self.outputs = inputs, outputs

    def __getitem__(self, name):
        return self.inputs[name] if name in self.inputs else self.outputs[name]

    def __setitem__(self, name, value):
        self.outputs[name][:] = value


def text_in_a_namespace(x):
    outputs = {"y": np.zeros(2), "z": np.zeros(1)}
    exec("y = a ** 2", {}, Outputs({"a": x[:2]}, outputs))
    exec(CODE, {}, Outputs({"a": x[2:]}, outputs))
    return outputs["y"].sum() * outputs["z"][0] + eval("a * a", {}, Outputs({"a": x[1]}, {}))


CODE = compile("z = a ** 3", "<a file>", "exec")


def test_namespaces_of_text_are_recorded():
    test_gradient(text_in_a_namespace)
