"""Every special method that Python's protocols look up, in classes that carry varying values."""

import abc
import collections.abc
import contextlib
import copy
import enum
import functools
import math
import numbers
import operator
import types
import typing

import numpy as np

from ._case import Corpus, make, mat, pos, vec

case = Corpus(__name__)


class Poly:
    """Polynomials with every operator."""

    __slots__ = ("c",)

    def __init__(self, *c):
        self.c = list(c)

    def __call__(self, t):
        return functools.reduce(lambda a, b: a * t + b, reversed(self.c), 0.0)

    def __len__(self):
        return len(self.c)

    def __getitem__(self, k):
        return self.c[k]

    def __setitem__(self, k, v):
        self.c[k] = v

    def __delitem__(self, k):
        del self.c[k]

    def __iter__(self):
        yield from self.c

    def __reversed__(self):
        return iter(self.c[::-1])

    def __contains__(self, v):
        return any(v == c for c in self.c)

    def __add__(self, other):
        if not isinstance(other, Poly):
            return NotImplemented
        n = max(len(self), len(other))
        a, b = self.c + [0.0] * (n - len(self)), other.c + [0.0] * (n - len(other))
        return Poly(*map(operator.add, a, b))

    def __radd__(self, other):
        return Poly(self.c[0] + other, *self.c[1:])

    def __mul__(self, other):
        if isinstance(other, numbers.Real):
            return Poly(*(c * other for c in self.c))
        out = [0.0] * (len(self) + len(other) - 1)
        for i, a in enumerate(self):
            for j, b in enumerate(other):
                out[i + j] += a * b
        return Poly(*out)

    __rmul__ = __mul__

    def __imul__(self, s):
        self.c[:] = [c * s for c in self.c]
        return self

    def __neg__(self):
        return self * -1.0

    def __pos__(self):
        return Poly(*self.c)

    def __sub__(self, other):
        return self + -other

    def __pow__(self, n, modulus=None):
        out = Poly(1.0)
        for _ in range(n):
            out = out * self
            if modulus is not None:
                out.c = out.c[:modulus]
        return out

    def __rpow__(self, base):
        return base ** self.c[0]

    def __matmul__(self, other):
        return self(other) if not isinstance(other, Poly) else sum(map(operator.mul, self, other))

    def __rmatmul__(self, other):
        return other * self.c[-1]

    def __truediv__(self, s):
        return self * (1 / s)

    def __floordiv__(self, s):
        return Poly(*(c // s for c in self.c))

    def __mod__(self, s):
        return Poly(*(c % s for c in self.c))

    def __divmod__(self, s):
        return self // s, self % s

    def __abs__(self):
        return math.hypot(*self.c)

    def __float__(self):
        return float(self.c[0])

    def __complex__(self):
        return complex(self.c[0], self.c[1])

    def __round__(self, digits=None):
        return Poly(*(round(c, digits or 0) for c in self.c))

    def __trunc__(self):
        return int(self.c[0])

    def __bool__(self):
        return any(c != 0 for c in self.c)

    def __eq__(self, other):
        return isinstance(other, Poly) and self.c == other.c

    def __hash__(self):
        return hash(tuple(self.c))

    def __lt__(self, other):
        return self(1.0) < other(1.0)

    def __invert__(self):
        return Poly(*self.c[1:])

    def __lshift__(self, v):
        self.c.append(v)
        return self

    def __rshift__(self, n):
        return Poly(*self.c[n:])

    def __and__(self, other):
        return Poly(*(a for a, b in zip(self, other)))

    def __or__(self, other):
        return Poly(*self.c, *other.c)

    def __xor__(self, other):
        return self(other(0.5))

    def __format__(self, spec):
        return "+".join(format(c, spec) for c in self.c)


@case(vec(3), 0.7)
def all_arithmetic(x, t):
    p, q = Poly(*x), Poly(t, 1.0)
    r = p * q - q * 2.0 + (1.0 + p) / 3.0
    r *= t
    return (r(t), (q**3)(t), pow(p, 3, 2)(t), 2.0**q, p @ t, t @ p, p @ q, abs(p), (~p)(t), (p << t)(t), (p >> 1)(t),
            (p & q)(2.0), (p | q)(0.3), p ^ q, (+p)[1], (p // 0.3)(t), (p % 0.3)(t), divmod(p, 0.4)[1](t))


@case(vec(4))
def container_protocol(x):
    p = Poly(*x)
    p[1] = p[0] * p[2]
    del p[2]
    total = sum(a * k for k, a in enumerate(reversed(p)))
    first, *rest = p
    return total + first * len(rest) + (x[1] in p) * x[0] + p[-1] ** 2 + max(p) + sorted(p)[1] * 2


@case(vec(3))
def conversions_of_objects(x):
    p = Poly(*x)
    z = complex(p)
    assert f"{p:.2f}".count("+") == 2
    return float(p) * 2 + z.real * z.imag + math.sin(p) + np.float64(p) + (p if p else 0.0)[1] + math.floor(p.c[0])


@case(vec(4))
def ordering_and_hashing(x):
    ps = [Poly(x[i], x[i - 1] * i) for i in range(4)]
    ps.sort()
    best = max(ps, key=lambda p: p(0.2))
    table = {p: k for k, p in enumerate(ps)}
    return ps[0](0.5) * best(2.0) + table[ps[2]] * x[0] + min(ps)(3.0) + len({*ps, ps[1]})


class Attributes:
    """All of attribute access."""

    kinds: typing.ClassVar = ("a", "b")

    def __init__(self, **values):
        object.__setattr__(self, "store", {})
        for k, v in values.items():
            setattr(self, k, v)

    def __getattr__(self, name):
        if name.startswith("twice_"):
            return 2 * getattr(self, name.removeprefix("twice_"))
        try:
            return self.store[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name, value):
        self.store[name] = value * 1.0

    def __delattr__(self, name):
        self.store["deleted"] = self.store.pop(name)

    def __dir__(self):
        return sorted(self.store)


@case(1.3, -0.4)
def attribute_methods(a, b):
    o = Attributes(a=a, b=b)
    o.a *= o.twice_b
    del o.b
    o.c = getattr(o, "b", 5.0) * o.a
    return o.c + o.deleted * sum(getattr(o, n) for n in dir(o)) + hasattr(o, "nothing")


class Positive:
    """A descriptor that keeps a logarithm."""

    def __set_name__(self, owner, name):
        self.slot = "_" + name

    def __get__(self, obj, owner=None):
        return self if obj is None else math.exp(obj.__dict__[self.slot])

    def __set__(self, obj, value):
        obj.__dict__[self.slot] = math.log(value)

    def __delete__(self, obj):
        obj.__dict__[self.slot] = 0.0


class Unit(type):
    """A metaclass whose calls, items and operators are overloaded."""

    @classmethod
    def __prepare__(mcls, name, bases, **kw):
        return {"scale": kw.get("scale", 1.0)}

    def __new__(mcls, name, bases, space, **kw):
        return super().__new__(mcls, name, bases, dict(space))

    def __init__(cls, name, bases, space, **kw):
        super().__init__(name, bases, space)

    def __call__(cls, *args):
        made = super().__call__(*args)
        made.calls = getattr(made, "calls", 0) + 1
        return made

    def __getitem__(cls, s):
        return Unit(cls.__name__ + "_", (cls,), {}, scale=cls.scale * s)

    def __mul__(cls, v):
        return cls(v)

    def __instancecheck__(cls, x):
        return hasattr(x, "size") and super().__instancecheck__(x)


class Length(metaclass=Unit, scale=2.0):
    size = Positive()

    def __init__(self, size):
        self.size = size * self.scale


@case(1.7, 0.6)
def metaclasses_and_descriptors(a, b):
    half = Length[b]
    x, y = Length(a), half(a)
    z = Length * b
    x.size += y.size
    total = x.size * z.size
    del z.size
    return total + z.size + isinstance(y, Length) * y.scale + x.calls


class Lazy:
    """``__missing__``, ``__length_hint__``, ``__index__``, ``__contains__`` by iteration."""

    def __init__(self, values):
        self.values, self.at = values, 0

    def __iter__(self):
        self.at = 0
        return self

    def __next__(self):
        if self.at == len(self.values):
            raise StopIteration(self.values[-1])
        self.at += 1
        return self.values[self.at - 1]

    def __length_hint__(self):
        return 100

    def __index__(self):
        return 1


class Defaults(dict):
    def __missing__(self, key):
        self[key] = value = self["base"] ** key
        return value


@case(vec(3))
def lazy_protocols(x):
    lazy, d = Lazy(x), Defaults(base=x[0])
    total = sum(list(lazy)) * x[lazy] + d[2] * d[3] + operator.length_hint(lazy)
    return total + sum(d.values()) + (x[2] in lazy) * x[1] + x[: lazy.__index__() + 1].sum()


class Celsius(float):
    """A number with a unit."""

    def __new__(cls, v, unit="C"):
        made = super().__new__(cls, v)
        made.unit = unit
        return made

    def __add__(self, other):
        return Celsius(float.__add__(self, other), self.unit)


@case(2.5, either=True)
def float_subclass_keeps_its_class(x):
    c = Celsius(x) + 1.0
    return c * 2.0 if c.unit == "C" else 0.0


class Vec(typing.NamedTuple):
    x: float
    y: float = 0.5

    @property
    def norm(self):
        return math.hypot(self.x, self.y)

    def __add__(self, o):
        return Vec(self.x + o.x, self.y + o.y)

    def __mul__(self, s):
        return self._replace(x=self.x * s, y=self.y * s)


@case(0.8)
def named_tuple_with_methods(a):
    v = Vec(a) + Vec(1.0, a) * a
    x, y = v * 2.0
    return v.norm * x + y + sum(Vec._make([a, a * a])) + v._asdict()["y"] * max(v)


class Shade(float, enum.Enum):
    DARK = 0.25
    LIGHT = 0.75

    def blend(self, v):
        return self * v + (1 - self.value) * v**2


class Way(enum.Flag):
    UP = enum.auto()
    DOWN = enum.auto()


@case(1.2)
def enumerations_that_compute(x):
    w = Way.UP | Way.DOWN
    return sum(s.blend(x) for s in Shade) * (2.0 if Way.UP in w else 1.0) + Shade.DARK * x + Shade(0.75) * x


class Metre(float):
    pass


class Sample(np.float64):
    pass


@case(1.3, np.float64(0.45))
def numbers_of_inheriting_classes_are_constants(x, y):
    m, s, k = Metre(2.0), Sample(3.0), Way.UP.value
    total = m * x + x / m - s * y + y**s + k * x + y * k
    total += sum([x, m, y]) + math.hypot(m, x) + np.multiply(m, x) + np.arctan2(s, y) + divmod(m, x)[1] + pow(m, y)
    return total * max(x, m) + (np.array([x, y]) * s).sum() + m % y + (1j * s * x).imag


class Base(abc.ABC):
    @property
    @abc.abstractmethod
    def rate(self): ...

    @functools.cached_property
    def squared(self):
        return self.rate**2

    scaled = functools.partialmethod(lambda self, k, v: self.rate * k * v, 3.0)

    @classmethod
    def of(cls, *args):
        return cls(*args)

    @staticmethod
    def twice(v):
        return v * 2


class Rate(Base):
    def __init__(self, r):
        self._r = r

    @property
    def rate(self):
        return self._r

    @rate.setter
    def rate(self, v):
        self._r = v * self._r

    @rate.deleter
    def rate(self):
        self._r = 1.0


@case(0.7)
def properties_of_every_kind(x):
    r = Rate.of(x)
    y = r.squared * r.scaled(x)
    r.rate = 2.0
    y += r.squared * r.rate + Base.twice(r.rate)
    del r.rate
    return y * r.rate + super(Rate, r).squared


class Ring(collections.abc.MutableSequence):
    def __init__(self, values):
        self.values = list(values)

    def __getitem__(self, i):
        if isinstance(i, slice):
            return Ring(self.values[i])
        if i >= 2 * len(self.values):
            raise IndexError(i)
        return self.values[i % len(self.values)]

    def __setitem__(self, i, v):
        self.values[i % len(self.values)] = v

    def __delitem__(self, i):
        del self.values[i]

    def __len__(self):
        return len(self.values)

    def insert(self, i, v):
        self.values.insert(i, v)


@case(vec(4))
def mutable_sequence_mixins(x):
    r = Ring(x)
    r.append(r[5] * 2)
    r.extend([x[0], x[1] ** 2])
    r.reverse()
    r += [x[3]]
    top = r.pop()
    r.insert(0, top * r[9])
    r[-9] = r[1] + r.pop(2)
    return sum(v * k for k, v in enumerate(r)) + r.index(r[2]) + sum(r[1:3]) * r.count(x[0])


@case(vec(3))
def user_dictionary_and_string(x):
    class Bag(collections.UserDict):
        def __setitem__(self, k, v):
            super().__setitem__(k.lower(), v * 2)

    b = Bag(A=x[0])
    b.update({"B": x[1]})
    b |= {"C": x[2]}
    b.setdefault("d", b["a"] * b["b"])
    return b.pop("C") * b["d"] + sum(b.values()) + len(collections.UserString("ab") * 2)


@case(vec(4))
def counters_and_chain_maps(x):
    c = collections.Counter(a=x[0], b=x[1])
    c.update({"a": x[2]})
    c.subtract(b=x[3] * 2)
    d = collections.ChainMap({"a": c["a"] * 2}, c, {"z": x[0]})
    e = d.new_child({"b": d["a"]})
    return e["a"] * e["z"] + e["b"] + sum(c.values()) + c["nothing"]


class Scope(contextlib.AbstractContextManager, contextlib.ContextDecorator):
    def __init__(self, log, factor):
        self.log, self.factor = log, factor

    def __enter__(self):
        self.log.append(self.factor)
        return self

    def __exit__(self, kind, error, trace):
        self.log[-1] = self.log[-1] * (error.args[0] if error else 1.0)
        return kind is ValueError


@case(1.4, 0.3)
def context_managers_that_swallow(x, y):
    log = []

    @Scope(log, y)
    def inner(v):
        return v * len(log)

    with Scope(log, x) as s, contextlib.suppress(KeyError):
        raise ValueError(x * y) if x > 0 else KeyError
    with contextlib.ExitStack() as stack:
        stack.enter_context(Scope(log, y * 2))
        stack.callback(lambda: log.append(x**2))
        stack.push(lambda *e: log.append(y**3) or True)
        raise IndexError
    return inner(x) + sum(v * (k + 1) for k, v in enumerate(log)) + s.factor


@case(0.9)
def copies_by_hooks(x):
    class Node:
        def __init__(self, v, kids=()):
            self.v, self.kids = v, list(kids)

        def __copy__(self):
            return Node(self.v * 2, self.kids)

        def __deepcopy__(self, memo):
            return Node(self.v * 3, copy.deepcopy(self.kids, memo))

        def __getstate__(self):
            return self.v

    n = Node(x, [Node(x * x)])
    a, b = copy.copy(n), copy.deepcopy(n)
    a.kids[0].v *= 5
    return a.v * b.v + n.kids[0].v + b.kids[0].v


@case(vec(3))
def class_getitem_and_generic(x):
    T = typing.TypeVar("T")

    class Box(typing.Generic[T]):
        def __init__(self, v: T) -> None:
            self.v = v

        def map(self, f: typing.Callable[[T], T]) -> "Box[T]":
            return type(self)(f(self.v))

        def __class_getitem__(cls, k):
            return super().__class_getitem__(k)

    return Box[np.ndarray](x).map(np.sin).map(lambda v: v * 2).v


@case(vec(3))
def module_and_namespace_objects(x):
    m = types.ModuleType("m")
    m.__dict__.update(a=x[0])
    exec("def f(v):\n    return v * 2", ns := {})
    n = types.SimpleNamespace(b=x[1], c=types.MappingProxyType({"k": x[2]}))
    n.b *= m.a
    m.a = n.b + 1
    return m.a * n.c["k"] + vars(n)["b"] ** 2 + len(ns)


class Signal(np.lib.mixins.NDArrayOperatorsMixin):
    """An array with a sampling rate, by ``__array_ufunc__`` and ``__array_function__``."""

    def __init__(self, data, rate):
        self.data, self.rate = np.asarray(data), rate

    def __array__(self, dtype=None, copy=None):
        return np.array(self.data, dtype)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kw):
        plain = [i.data if isinstance(i, Signal) else i for i in inputs]
        result = getattr(ufunc, method)(*plain, **kw)
        if out is not None:
            out[0].data[...] = result
            return out[0]
        return Signal(result, self.rate) if method == "__call__" else result

    def __array_function__(self, func, kinds, args, kw):
        args = [[v.data if isinstance(v, Signal) else v for v in a] if isinstance(a, list)
                else a.data if isinstance(a, Signal) else a for a in args]
        return func(*args, **kw) * self.rate


@case(vec(4), 2.0)
def signals_by_array_protocols(x, rate):
    s = Signal(x, rate)
    t = np.sin(s) * 2 + s**2 - 1.0
    t += s
    np.multiply(t, s, out=t)
    return np.sum(t), np.concatenate([s, t]), np.add.reduce(s), (s > 0).data.sum() * t.rate, np.asarray(t)[1]


class Tagged(np.ndarray):
    def __new__(cls, values, tag):
        made = np.asarray(values).view(cls)
        made.tag = tag
        return made

    def __array_finalize__(self, parent):
        self.tag = getattr(parent, "tag", None)

    def __array_wrap__(self, array, context=None, scalar=False):
        return array if scalar else super().__array_wrap__(array, context, scalar)


@case(vec(4), 1.5)
def tagged_arrays_keep_their_tag(x, w):
    t = Tagged(x, w)
    u = np.exp(t[1:]) * t.tag
    u[0] = u.tag
    t[:] = 2 * t
    return (u.sum() * u.tag, x, t.T.tag * w)


@case(pos(3))
def iterators_with_state_and_results(x):
    def numbers():
        total = 0.0
        try:
            for v in x:
                total += yield v * 2
        except GeneratorExit:
            x[0] = total
            raise
        except ValueError as e:
            yield e.args[0] * total
        return total

    def outer():
        return (yield from numbers()) * 3

    g = numbers()
    a = next(g) + g.send(x[1]) + g.send(x[2])
    g.close()
    h = outer()
    next(h), h.send(x[1])
    b = h.throw(ValueError(x[2]))
    try:
        next(h)
    except StopIteration as stop:
        return a * b + stop.value


@case(mat(2, 2))
def in_place_operators_of_objects(m):
    class Acc:
        def __init__(self, v):
            self.v = v

        def __iadd__(self, o):
            self.v = self.v + o
            return self

        def __imatmul__(self, o):
            return Acc(self.v @ o)

        def __isub__(self, o):
            return o * 2

        def __ipow__(self, n):
            self.v **= n
            return self

    a = b = Acc(m * 1.0)
    a += m
    a **= 2
    a @= m
    c = {"k": b}
    c["k"] += 1.0
    b -= m[0]
    return a.v.sum() + c["k"].v.sum() * b.sum()


@case(make(lambda r: [0.3, 0.8, 0.1]))
def comparison_chains_of_objects(v):
    calls = []

    class N:
        def __init__(self, x):
            self.x = x

        def __lt__(self, o):
            calls.append(self.x * o.x)
            return self.x < o.x

        def __le__(self, o):
            return N(self.x - o.x)

        def __bool__(self):
            calls.append(self.x)
            return self.x < 0

    a, b, c = map(N, v)
    r = (a < b < c) or (c <= a) and (a <= b)
    return sum(c * (i + 1) for i, c in enumerate(calls)) + r.x
