"""What NumPy and Python do between a program and the special methods of packages it uses."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from numpy.testing import assert_allclose

import undertow as ut

X = np.array([0.7, 1.3, 0.4])
SEEN: list = []


class Watched(np.ndarray):
    """An array subclass that notes what its ``__array_ufunc__`` is given."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        SEEN.append((ufunc, method, len(inputs), {k: v for k, v in kwargs.items() if k in ("axis", "out", "dtype")}))
        bare = [i.view(np.ndarray) if isinstance(i, Watched) else i for i in inputs]
        kwargs.pop("out", None)
        return getattr(ufunc, method)(*bare, **kwargs)

    def __pow__(self, p, mod=None, /):
        return super().__pow__(p, mod)


class Unit:
    """What multiplies sequences and numbers from the right."""

    def __rmul__(self, other):
        return 3.0 * np.asarray(other)


class Wrapped:
    """Numbers behind the protocols of NumPy."""

    def __init__(self, values):
        self.values = values

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return Wrapped(getattr(ufunc, method)(*(i.values if isinstance(i, Wrapped) else i for i in inputs), **kwargs))

    def __rmul__(self, other):
        return Wrapped(other * self.values)


DT = [("weight", float), ("cost", int)]
PROGRAMS = {
    "power with a modulus": lambda x: (x.view(Watched) ** 2.5).sum(),
    "options by position": lambda x: np.add.reduce(x.view(Watched), 0, None, None) * x[0],
    "out that is None": lambda x: np.multiply(x.view(Watched), 2.0, out=None).sum() * x[1],
    "mean": lambda x: x.view(Watched).mean() * x[2],
    "sequence times object": lambda x: ([x[0], x[1], 2.0] * Unit()).sum() * x[0],
    "number times object": lambda x: (x[0] * Wrapped(x)).values.sum() + (np.float64(2.0) * Wrapped(x)).values.prod(),
    "records": lambda x: np.array([(x[0], 2), (x[1] * x[2], 3)], dtype=DT)["weight"].prod(),
    "nested records": lambda x: np.array([[(x[0] ** 2, 2)]], dtype=DT)[0, 0]["weight"] * x[1],
    "an empty list as index": lambda x: filled(x),
    "numbers of whole arrays": lambda x: x[0] * float(np.asarray(2)) + complex(np.asarray(3)).real * x[1],
    "float of a subclass": lambda x: float(x.view(Watched)[:1].reshape(())) * x[1],
}


def filled(x):
    """Writes to no place at all."""
    y = x * 2.0
    y[[]] = x[1]
    return y.sum() * y[0]


@pytest.mark.parametrize("name", PROGRAMS)
def test_protocols_are_followed(name):
    f = PROGRAMS[name]
    SEEN.clear()
    value = f(X)
    plain = list(SEEN)
    SEEN.clear()
    found, gradient = ut.value_and_grad(f)(X)
    assert_allclose(found, value, rtol=1e-15)
    assert plain == SEEN
    expected = [(f(X + 1e-6 * e) - f(X - 1e-6 * e)) / 2e-6 for e in np.eye(3)]
    assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)
    assert_allclose([float(ut.jvp(f, (X,), (e,))[1]) for e in np.eye(3)], gradient, rtol=1e-12, atol=1e-12)


def test_types_of_converted_numbers():
    def f(x):
        kinds.extend(map(type, (float(np.asarray(2)), np.float64(np.asarray(x)), np.float64([x]), complex(np.array(1)))))
        return x * float(np.asarray(2))

    kinds: list = []
    assert ut.grad(f)(1.5) == 2.0
    assert kinds == [float, np.float64, np.ndarray, complex]


class Metres(np.ndarray):
    """Numbers with a power of a unit; sums ask for the same one."""

    power = 0

    def __array_finalize__(self, other):
        self.power = getattr(other, "power", 0)

    def of(self, power):
        self.power = power
        return self

    def __add__(self, other):
        assert self.power == getattr(other, "power", 0), "sums of different units"
        return super().__add__(other)

    def __truediv__(self, other):
        return super().__truediv__(other).of(self.power - getattr(other, "power", 0))

    def __mul__(self, other):
        return super().__mul__(other).of(self.power + getattr(other, "power", 0))


def test_tangents_have_no_units():
    def f(x):
        a, b = x.view(Metres).of(1), (x * x).view(Metres).of(2)
        return (a / b + (a * b).of(-1)).view(np.ndarray).sum()

    expected = -1.0 / X**2 + 3.0 * X**2
    assert_allclose(ut.grad(f)(X), expected, rtol=1e-13)
    assert_allclose([float(ut.jvp(f, (X,), (e,))[1]) for e in np.eye(3)], expected, rtol=1e-13)


class Reserved(np.ndarray):
    """An array that answers no function of NumPy but one."""

    def __array_function__(self, function, types, args, kwargs):
        if function is not np.sum:
            raise TypeError(f"{function.__name__} is not for this array")
        return np.sum(args[0].view(np.ndarray))



def test_only_the_program_asks_arrays_about_functions():
    def f(x):
        y = np.asanyarray(x.view(Reserved))
        return np.sum(y[:2]) * y.view(np.ndarray)[0]

    assert_allclose(ut.grad(f)(X), [2 * X[0] + X[1], X[0], 0.0])


def test_wrappers_written_in_c():
    wrapt = pytest.importorskip("wrapt")

    @wrapt.decorator
    def doubled(wrapped, instance, args, kwargs):
        return 2.0 * wrapped(*args, **kwargs)

    class Model:
        @doubled
        def squared(self, x):
            return x * x

    @doubled
    def cubed(x):
        return x**3

    assert ut.grad(lambda x: Model().squared(x) + cubed(x) + Model.squared(Model(), x))(1.5) == 4 * 2 * 1.5 + 6 * 1.5**2


class Doubling:
    """A descriptor written in Python."""

    def __get__(self, instance, owner):
        return 2.0 * instance.x


class Base:
    """Attributes that are computed."""

    doubled = Doubling()
    plain = 4.0

    def __init__(self, x):
        self.x = x

    @property
    def squared(self):
        return self.x * self.x

    @functools.cached_property
    def cubed(self):
        return self.x**3

    @classmethod
    def made(cls, x):
        return cls(x)


class Derived(Base):
    """What asks its base class for them."""

    @property
    def squared(self):
        return super().squared

    @property
    def doubled(self):
        return super().doubled

    @property
    def cubed(self):
        return super().cubed

    @classmethod
    def made(cls, x):
        return super().made(x * super().plain)


def test_attributes_of_base_classes():
    def f(x):
        d = Derived(x)
        return d.squared + d.doubled + d.cubed + Derived.made(x).squared

    assert_allclose(ut.grad(f)(1.5), 2 * 1.5 + 2 + 3 * 1.5**2 + 2 * 16 * 1.5, rtol=1e-14)
    assert_allclose(ut.jvp(f, (1.5,), (1.0,))[1], 2 * 1.5 + 2 + 3 * 1.5**2 + 2 * 16 * 1.5, rtol=1e-14)


class Noting(type):
    """A metaclass that makes instances by ``type.__call__``."""

    def __call__(cls, *args):
        made = type.__call__(cls, *args)
        made.noted = made.x * 2.0
        return made


class Noted(metaclass=Noting):
    """An instance of which is made by its metaclass."""

    def __init__(self, x):
        self.x = x * x


def test_metaclasses_that_make_instances():
    assert ut.grad(lambda x: Noted(x).noted + Noted(x).x)(1.5) == 9.0


@dataclasses.dataclass
class Checked:
    """A class whose generated constructor meets its own ``__setattr__``."""

    x: float

    def __setattr__(self, name, value):
        super().__setattr__(name, float(value) * 2.0)


def test_generated_constructors_store_as_the_class_says():
    assert ut.grad(lambda x: Checked(x).x * x)(1.5) == 6.0


class Provider:
    """Gives its memory by NumPy's array interface alone."""

    def __init__(self, n):
        self.kept = np.arange(1.0, n + 1)
        self.__array_interface__ = self.kept.__array_interface__


def test_memory_behind_an_array_interface_is_read_but_not_written():
    provider = Provider(3)
    np.testing.assert_array_equal(ut.grad(lambda x: np.sum(np.asarray(provider)[::2] * x), tier="record")(np.ones(2)), [1.0, 3.0])

    def through_another_array(x):
        np.asarray(provider)[:] = x * x
        return np.sum(provider.kept)

    with pytest.raises(ut.UndertowError, match="memory belongs to a Provider"):
        ut.grad(through_another_array, tier="record")(np.ones(3))
