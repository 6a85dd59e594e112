"""Arrays of a class of one's own, numbers beside objects, mappings, predicates of compiled code."""

import copy

import numpy as np
import pytest

import undertow as ut


class Measured(np.ndarray):
    """An array with a unit, kept through views, copies and ufuncs."""

    def __new__(cls, values, unit="m"):
        x = np.array(values, float).view(cls)
        x.unit = unit
        return x

    def __array_finalize__(self, other):
        self.unit = getattr(other, "unit", None)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = [x.view(np.ndarray) if isinstance(x, Measured) else x for x in inputs]
        result = super().__array_ufunc__(ufunc, method, *plain, **kwargs)
        result = np.asarray(result).view(Measured)
        result.unit = self.unit
        return result

    def __getitem__(self, index):
        return super().__getitem__(index)

    def __pow__(self, n):
        return super().__pow__(n)


class Gain:
    def __init__(self, k):
        self.k = k

    def __mul__(self, other):
        return Gain(self.k * other)

    def __rmul__(self, other):
        return Gain(other * self.k)

    def __rtruediv__(self, other):
        return Gain(other / self.k)


class Settings:
    def __init__(self, **values):
        self.values = values

    def keys(self):
        return self.values.keys()

    def __getitem__(self, key):
        return self.values[key] * 2.0


def total(x):
    return float(np.sum(np.asarray(x)))


PROGRAMS = {
    "operators": lambda x: total((np.float64(2.0) * Measured(x) + 1.0) ** 2 / Measured(x)),
    "items": lambda x: total(Measured(x)[1:] * Measured(x)[0]) + float(Measured(x)[2]),
    "copies": lambda x: total(Measured(x).copy() * copy.deepcopy(Measured(x)) * copy.copy(Measured(x))),
    "methods": lambda x: total(Measured(x).reshape(3, 1).T) + float(Measured(x).sum()),
    "ufunc methods": lambda x: float(np.add.reduce(Measured(x) * Measured(x))),
    "functions": lambda x: total(np.concatenate([Measured(x), np.sqrt(Measured(x))]) * 2.0),
    "number and object": lambda x: float((np.float64(2.0) * Gain(x[0])).k + (np.complex128(3.0) / Gain(x[1])).k.real),
    "array and object": lambda x: float(sum(g.k for g in np.array([1.0, 4.0]) * Gain(x[0])) + (np.array(2.0) * Gain(x[1])).k),
    "object and array": lambda x: float(np.sum((Gain(x[0]) * np.array([1.0, 4.0])).k)),
    "mappings": lambda x: sum(dict(Settings(a=x[0], b=x[1])).values()) * {**Settings(c=x[2])}["c"],
    "exact text": lambda x: x[0] * len(str(type(x))) + x[1] * float(np.isscalar(x)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_against_differences(name):
    f, x, h = PROGRAMS[name], np.array([0.7, 1.3, 2.1]), 1e-5
    expected = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(3)]
    value, gradient = ut.value_and_grad(f)(x)
    assert value == f(x)
    np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-8)
    for i, e in enumerate(np.eye(3)):
        np.testing.assert_allclose(ut.jvp(f, (x,), (e,))[1], expected[i], rtol=1e-7, atol=1e-8)


def test_units_survive():
    units = []

    def f(x):
        q = Measured(x, "km")
        units.extend(getattr(y, "unit", None) for y in (q, q.copy(), q[1:], q * 2.0, q.T, q.reshape(3, 1), copy.copy(q)))
        return float(q.sum())

    ut.grad(f)(np.ones(3))
    assert units == ["km"] * 7


def test_a_large_integer_is_the_number_itself():
    import fractions

    with pytest.raises(ut.UndertowError):
        ut.grad(lambda x: float(fractions.Fraction(int(x * 2.0**60), 2**60)))(0.7)
    assert ut.grad(lambda x: x * int(x))(2.7) == 2.0


def test_ufuncs_that_numba_compiled():
    numba = pytest.importorskip("numba")

    def pure(a, b):
        return a * b + np.sin(a) if a > 0.5 else b

    compiled = numba.vectorize(pure)
    x = np.array([0.7, 1.3, 0.1])
    expected = np.where(x > 0.5, 2.0 + np.cos(x), 0.0)
    np.testing.assert_allclose(ut.grad(lambda x: np.sum(compiled(x, 2.0)))(x), expected)
    np.testing.assert_allclose(ut.jvp(lambda x: compiled(x, 2.0), (x,), (np.ones(3),))[1], expected)
    assert ut.grad(lambda x: compiled(x, 2.0))(np.float64(0.7)) == pytest.approx(2.0 + np.cos(0.7))
