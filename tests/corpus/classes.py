"""Class machinery: inheritance, super, abstract and generic classes, metaclasses, construction."""

import abc
import collections.abc
import typing

import numpy as np

from ._case import Corpus, mat, vec

case = Corpus(__name__)


class Layer:
    count = 0

    def __init__(self, gain):
        self.gain = gain
        type(self).count += 1

    def forward(self, x):
        return self.gain * x


class Bias(Layer):
    def __init__(self, gain, shift):
        super().__init__(gain)
        self.shift = shift

    def forward(self, x):
        return super().forward(x) + self.shift


class Squared(Layer):
    def forward(self, x):
        return super().forward(x) ** 2


class Both(Bias, Squared):
    pass


@case(0.6, 1.2)
def cooperative_inheritance(g, s):
    return Both(g, s).forward(s) + Bias(s, g).forward(1.0) + Layer.forward(Squared(g), s)


class Integrator(abc.ABC):
    def __init__(self, rhs):
        self.rhs = rhs

    @abc.abstractmethod
    def step(self, y, h): ...

    def run(self, y, h, n):
        for _ in range(n):
            y = self.step(y, h)
        return y


class Euler(Integrator):
    def step(self, y, h):
        return y + h * self.rhs(y)


class Midpoint(Integrator):
    def step(self, y, h):
        return y + h * self.rhs(y + 0.5 * h * self.rhs(y))


@case(vec(2), 0.7)
def strategy_objects(y, k):
    total = 0.0
    for method in (Euler, Midpoint):
        total = total + method(lambda v: np.array([v[1], -k * v[0]])).run(y, 0.1, 4)
    return total @ total


class Registry(type):
    known = {}

    def __new__(mcs, name, bases, namespace, **options):
        cls = super().__new__(mcs, name, bases, namespace)
        cls.options = options
        mcs.known[name] = cls
        return cls

    def __call__(cls, *args):
        instance = super().__call__(*args)
        instance.scale = instance.a * 2
        return instance


@case(0.4)
def metaclass(x):
    class Thing(metaclass=Registry, factor=3):
        def __init__(self, a):
            self.a = a

    t = Registry.known["Thing"](x)
    return t.scale * t.a * Thing.options["factor"]


class Base:
    def __init_subclass__(cls, power=1, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.power = power

    def value(self, x):
        return x**self.power


class Cubic(Base, power=3):
    pass


@case(1.3)
def init_subclass(x):
    return Cubic().value(x) + Base.__subclasses__()[0]().value(x) * 2


class Interned:
    table = {}

    def __new__(cls, key, value):
        if key not in cls.table:
            instance = super().__new__(cls)
            instance.first = value
            cls.table[key] = instance
        return cls.table[key]

    def __init__(self, key, value):
        self.last = value


@case(0.8, reset=Interned.table.clear)
def constructor_returning_old_instance(x):
    a = Interned("a", x)
    b = Interned("a", x * x)
    Interned.table.clear()
    return a.first * b.last + (a is b)


class Samples(collections.abc.Sequence):
    def __init__(self, data):
        self.data = data

    def __getitem__(self, i):
        return self.data[i] * 2

    def __len__(self):
        return len(self.data)


@case(vec(4))
def abstract_sequence_mixins(x):
    s = Samples(x)
    return sum(s) * s[0] + s.index(s[2]) * x[1] + sum(reversed(s)) + s.count(s[0]) + (s[3] in s)


class Parameters(dict):
    def __getattr__(self, name):
        return self[name]

    def __setattr__(self, name, value):
        self[name] = value

    def __missing__(self, key):
        self[key] = 1.5
        return 1.5


@case(0.4)
def subclass_of_dict(x):
    p = Parameters(a=x)
    p.b = p.a * x
    return p["b"] * p["c"] + p.a + sum(p.values())


class Stack(list):
    def push(self, v):
        self.append(v * 2)
        return self

    def __add__(self, other):
        return Stack(a + b for a, b in zip(self, other, strict=True))


@case(vec(3))
def subclass_of_list(x):
    a, b = Stack(), Stack(x)
    for v in x:
        a.push(v)
    return sum(v**2 for v in a + b) + len(a) * a[0]


class Metres(float):
    def __add__(self, other):
        return Metres(float(self) + float(other))

    @property
    def feet(self):
        return float(self) * 3.28


@case(1.2, either=True)
def subclass_of_float(x):
    return (Metres(x) + Metres(2.0)).feet


T = typing.TypeVar("T")


class Box(typing.Generic[T]):
    def __init__(self, item: T) -> None:
        self.item = item

    def map(self, f: typing.Callable[[T], T]) -> "Box[T]":
        return Box[T](f(self.item))


@case(0.5)
def generic_classes_and_annotations(x: float) -> float:
    y: float = x * 2
    b: Box[float] = Box[float](y).map(lambda v: v * v)
    z: "list[float]" = [b.item]
    w: int
    w = typing.cast(int, 3)
    return z[0] * w


class Base1:
    def __init__(self, **kwargs):
        self.extra = kwargs


class WithMass(Base1):
    def __init__(self, *, mass, **kwargs):
        super().__init__(**kwargs)
        self.mass = mass * 2


class WithCharge(Base1):
    def __init__(self, *, charge, **kwargs):
        super().__init__(**kwargs)
        self.charge = charge * self.extra.get("unit", 1.0)


class Ion(WithMass, WithCharge):
    pass


@case(0.5, 1.5)
def keyword_chain_through_mro(m, q):
    i = Ion(mass=m, charge=q, unit=m)
    return i.mass * i.charge + i.extra["unit"]


class Network:
    def __init__(self, sizes, w):
        self.layers = []
        position = 0
        for a, b in zip(sizes, sizes[1:], strict=False):
            self.layers.append(w[position:position + a * b].reshape(a, b))
            position += a * b

    def __call__(self, x):
        for layer in self.layers[:-1]:
            x = np.tanh(x @ layer)
        return x @ self.layers[-1]

    def update(self, rate):
        for layer in self.layers:
            layer -= rate * layer * abs(layer)


@case(vec(14), mat(4, 2))
def network_object_with_views(w, x):
    net = Network((2, 4, 1), w[:12])
    first = net(x)
    net.update(0.1)
    return ((first - net(x) * w[12]) ** 2).sum()


@case(vec(3))
def name_mangling(x):
    class Secret:
        def __init__(self, v):
            self.__v = v

        def get(self):
            return self.__v * 2

    s = Secret(x[0])
    s._Secret__v *= x[1]
    return s.get()


@case(vec(3))
def class_body_computes(x):
    class Table:
        a = x[0] * 2
        b = a * x[1]
        rows = [v * 3 for v in x]
        for _i in range(2):
            b += a

        @staticmethod
        def total():
            return Table.a * Table.b + sum(Table.rows)

    return Table.total()


@case(0.7)
def type_called_with_three_arguments(x):
    cls = type("Made", (Layer,), {"forward": lambda self, v: self.gain * v * 2, "k": x})
    return cls(x).forward(3.0) * cls.k


@case(0.7)
def copying_of_methods_between_classes(x):
    class A:
        def f(self, v):
            return v * self.k

    class B:
        k = 2.0
        g = A.f

    B.h = lambda self, v: self.g(v) * v
    return B().h(x)


@case(vec(2))
def reduction_by_operator_overloads(x):
    class Interval:
        def __init__(self, lo, hi):
            self.lo, self.hi = lo, hi

        def __or__(self, other):
            return Interval(min(self.lo, other.lo), max(self.hi, other.hi))

        def __sub__(self, other):
            return Interval(self.lo - other.hi, self.hi - other.lo)

        def __invert__(self):
            return self.hi - self.lo

        def __rshift__(self, s):
            return Interval(self.lo + s, self.hi + s)

        def __divmod__(self, s):
            return self.lo / s, self.hi / s

        def __truediv__(self, s):
            return Interval(*divmod(self, s))

        def __ror__(self, other):
            return self.lo * other

    i = Interval(x[0], 2.0) | Interval(-3.0, x[1] + 2)
    j = (i - Interval(x[1], x[1] + 1) >> x[0]) / 2
    return ~j * ~i + (3.0 | j)
