"""Arrays of records: fields are followed, operations on whole records are followed field by field or refused."""

from __future__ import annotations

import numpy as np
import pytest

import undertow as ut
from undertow._errors import UndertowError

KIND = np.dtype([("p", float), ("q", int)])


@pytest.mark.parametrize("whole", [
    lambda a: a[a["p"] > 0].copy()["p"], lambda a: np.sort(a, order="p")["p"], lambda a: np.concatenate([a, a])["p"],
    lambda a: np.frombuffer(a.tobytes(), float)], ids=range(4))
def test_never_silently_constant(whole):
    """A derivative, or a refusal."""

    def f(x):
        a = np.zeros(3, KIND)
        a["p"] = x
        return np.sum(whole(a) ** 2)

    with pytest.raises(UndertowError):
        ut.grad(f)(np.array([0.3, -0.4, 0.9]))


def by_attribute(x):
    """A record array: its attributes are fields."""
    r = np.recarray(2, dtype=[("a", float), ("b", float)])
    r.a = x
    r.b[:] = x * x
    total = r.a[0] * r[1].b
    for row in r:
        total = total + row.a * row.b
    return total


def by_name(x):
    r = np.zeros(2, dtype=[("a", float), ("b", float)])
    r["a"] = x
    r["b"] = x * x
    return sum(row["a"] * row["b"] for row in r) + r["a"][0] * r[1]["b"]


@pytest.mark.parametrize("f", [by_attribute, by_name])
def test_records_one_by_one(f):
    x = np.array([1.5, 2.5])
    expected = [3.0 * x[0] ** 2 + x[1] ** 2, 3.0 * x[1] ** 2 + 2.0 * x[0] * x[1]]
    np.testing.assert_allclose(ut.grad(f)(x), expected)
    np.testing.assert_allclose(ut.jvp(f, (x,), (np.array([1.0, 2.0]),))[1], expected[0] + 2.0 * expected[1])
    np.testing.assert_allclose(ut.hessian(f)(x), [[6.0 * x[0], 2.0 * x[1]], [2.0 * x[1], 6.0 * x[1] + 2.0 * x[0]]])


@pytest.mark.parametrize("convert", [np.int64, np.int32, np.intp, np.uint8, np.bool_, int, bool])
def test_conversions_to_integers_are_steps(convert):
    x = np.array([1.5, 2.5])
    assert list(ut.grad(lambda x: x[0] * convert(x[1]))(x)) == [float(convert(2.5)), 0.0]
    assert ut.jvp(lambda x: x * convert(x), (1.5,), (1.0,))[1] == 1.0
    if convert not in (int, bool):
        assert list(ut.grad(lambda x: np.sum(x * convert(x)))(x)) == list(convert(x))


def test_refusals_name_the_ufunc_where_it_lives():
    from undertow.rules._registry import name_of

    assert name_of(np.sin) == "numpy.sin"
    assert "scipy" not in name_of(np.frompyfunc(lambda x: x, 1, 1))


def test_a_record_as_a_tuple():
    def f(x):
        a = np.zeros(3, KIND)
        a["p"] = x
        number, whole = a[1].item()
        assert type(number) is float and type(whole) is int
        return number**2

    np.testing.assert_allclose(ut.grad(f)(np.array([1.0, 2.0, 3.0])), [0.0, 4.0, 0.0])
