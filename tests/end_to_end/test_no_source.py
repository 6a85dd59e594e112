"""Functions whose text is not to be had are interpreted from their bytecode."""

import numpy as np
import pytest

import undertow as ut

TEXT = """
import math
scale = 2.0
def straight(x, k=2.0, *rest, m=1.0, **more):
    return k * math.sin(x) ** 2 + m * x / (1.0 + x)
def forwards(*args, **kwargs):
    return straight(*args, **kwargs)
def branches(x):
    total = 0.0
    for i in range(4):
        if i % 2 and x > 0.1:
            total += x ** i
        elif not i:
            total -= 3 * x
        else:
            continue
    while abs(total) < 100.0:
        total = total * 2.0 + x
    return total if total is not None else 0.0
def arrays(x):
    a = np.zeros(4)
    a[1:3] = x * np.array([1.0, 2.0])
    a[0], a[3] = x, a[1] * a[2]
    a *= scale
    a[:2] += a[2:]
    first, *rest = a
    return first + sum(v * w for v, w in zip(rest, a[::-1])) + len(f"{x:.3f} {x!r}")
def nested(x):
    def inner(y, z=x):
        return y * z + x
    table = {"a": inner(x), **{"b": [inner(v) for v in (x, 2.0 * x)]}}
    pick = lambda t: t["b"][1]
    return table["a"] * pick(table) + max(table["b"], key=lambda v: -v)
def compares(x):
    ok = x in [1.0, 2.0] or x is None
    y = x if not ok and 0.0 < x < 9.0 else -x
    return y * y
class Base:
    def value(self, x):
        return self.gain * x
class Derived(Base):
    def __init__(self, gain):
        self.gain = gain
    def value(self, x):
        return super().value(x) + x ** 3
def objects(x):
    d = Derived(x)
    d.gain += 1.0
    return d.value(x)
"""
scope = {"np": np}
exec(compile(TEXT, "<nowhere>", "exec"), scope)
NAMES = ("straight", "forwards", "branches", "arrays", "nested", "compares", "objects")


@pytest.mark.parametrize("name", NAMES)
def test_interpreted(name):
    f, x = scope[name], 0.7
    expected = sum(w * (f(x + s * 1e-3) - f(x - s * 1e-3)) for s, w in ((1, 0.75), (2, -0.15), (3, 1 / 60))) / 1e-3
    value, slope = ut.value_and_grad(f)(x)
    assert value == f(x)
    assert slope == pytest.approx(expected, rel=1e-9)
    assert ut.derivative(f)(x) == pytest.approx(expected, rel=1e-9)
    assert ut.grad(ut.grad(f))(x) == pytest.approx((ut.grad(f)(x + 1e-5) - ut.grad(f)(x - 1e-5)) / 2e-5, rel=1e-6, abs=1e-6)


def test_code_objects():
    expression = compile("a * a + b", "<expression>", "eval")
    program = compile("c = a ** 3\nc += 2 * a", "<program>", "exec")

    def f(a, b):
        names = {"a": a}
        exec(program, names)
        return eval(expression) + names["c"]

    assert ut.grad(f, argnums=(0, 1))(2.0, 1.0) == pytest.approx((4.0 + 12.0 + 2.0, 1.0))


def test_exceptions_and_generators_are_refused():
    names = {}
    exec(compile("def f(x):\n    try:\n        return x * x\n    except ValueError:\n        return x\n", "<no>", "exec"), names)
    with pytest.raises(ut.UndertowError):
        ut.grad(names["f"])(1.0)
