"""Objects with state: attributes, properties, descriptors, slots, dataclasses, operators, objects as arguments."""

import dataclasses
import enum
import types
import weakref
from typing import NamedTuple

import numpy as np

from ._case import Corpus, make, mat, vec

case = Corpus(__name__)


class Particle:
    charge = 1.5

    def __init__(self, position, velocity):
        self.position = position
        self.velocity = velocity
        self.history = []

    def step(self, dt):
        self.history.append(self.position)
        self.position = self.position + dt * self.velocity
        self.velocity -= dt * self.charge * self.position
        return self

    @property
    def energy(self):
        return 0.5 * (self.position**2 + self.velocity**2)

    @energy.setter
    def energy(self, value):
        self.velocity *= (value / self.energy) ** 0.5


@case(0.4, 1.1)
def particle_steps(x, v):
    p = Particle(x, v)
    for _ in range(4):
        p.step(0.1).step(0.05)
    return p.energy + p.history[2] * p.velocity


@case(0.4, 1.1)
def property_setter(x, v):
    p = Particle(x, v)
    p.energy = x * v
    return p.velocity


@case(vec(2), vec(2))
def particle_with_array_state(x, v):
    p = Particle(x, v)
    p.step(0.1)
    p.step(0.2)
    return p.position @ p.history[0] + p.velocity.sum()


@case(make(lambda r: Particle(r.uniform(0, 1, 3), r.uniform(0, 1, 3))), 0.3)
def object_argument(p, dt):
    p.step(dt)
    p.position[1] *= p.velocity[0]
    p.scale = dt
    return (p.energy).sum()


@case(0.4, 1.3)
def attribute_access_by_name(x, v):
    p = Particle(x, v)
    for name in ("position", "velocity"):
        setattr(p, name, getattr(p, name) * 2)
    p.__dict__["extra"] = p.position
    delattr(p, "history")
    return p.extra * vars(p)["velocity"] + getattr(p, "missing", x) + hasattr(p, "history")


@case(0.4)
def class_attribute_shadowed_and_changed(x):
    class Counter:
        total = 0.0

        def add(self, v):
            Counter.total += v
            self.total = self.total * 2
            return self

    a, b = Counter(), Counter()
    a.add(x)
    b.add(x * x)
    return a.total + b.total * Counter.total


@dataclasses.dataclass
class Gaussian:
    mean: float
    std: float = 1.0
    data: np.ndarray = dataclasses.field(default_factory=lambda: np.array([0.5, -0.2]))

    def __post_init__(self):
        self.variance = self.std**2

    def logpdf(self, x):
        return -0.5 * ((x - self.mean) ** 2 / self.variance + np.log(2 * np.pi * self.variance))


@case(0.3, 1.4)
def dataclass_made_inside(mean, std):
    g = Gaussian(mean, std)
    g.data *= mean
    h = dataclasses.replace(g, mean=2 * mean)
    return g.logpdf(g.data).sum() + h.logpdf(std) + len(dataclasses.fields(h))


@case(make(lambda r: Gaussian(0.3, 1.4, r.normal(size=4))))
def dataclass_argument(g):
    g.data -= g.mean
    return g.logpdf(g.data).sum() + g.std


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: float
    b: tuple

    def scaled(self, s):
        return Frozen(self.a * s, tuple(v * s for v in self.b))


@case(0.8, 1.7)
def frozen_dataclass(x, s):
    f = Frozen(x, (x * x, 2.0)).scaled(s)
    return f.a * f.b[0] + f.b[1] * hash("k") * 0 + f.b[1]


@dataclasses.dataclass(order=True, slots=True)
class Item:
    weight: float
    name: str = dataclasses.field(compare=False, default="")


@case(vec(4))
def ordered_dataclasses(x):
    items = sorted(Item(v, str(i)) for i, v in enumerate(x))
    best = max(items)
    return items[0].weight * 3 + best.weight * (int(best.name) + 1) + (items[0] == Item(items[0].weight))


class Slotted:
    __slots__ = ("a", "b", "unset")

    def __init__(self, a, b):
        self.a, self.b = a, b


@case(vec(3), 0.6)
def slots(x, s):
    o = Slotted(x, s)
    o.a[0] = o.b
    o.b *= o.a[1]
    del o.a
    return o.b * x.sum() + hasattr(o, "unset")


class Polar(NamedTuple):
    r: float
    phi: float

    def cartesian(self):
        return self.r * np.cos(self.phi), self.r * np.sin(self.phi)


@case(make(lambda r: Polar(1.3, 0.4)))
def named_tuple_argument(p):
    x, y = p.cartesian()
    return x * y**2 + p.r


class Dual:
    """A user's own dual numbers: operator overloading on both sides, in place, comparison, indexing, calling."""

    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    __radd__ = __add__

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)

    __rmul__ = __mul__

    def __neg__(self):
        return Dual(-self.value, -self.slope)

    def __pow__(self, n):
        return Dual(self.value**n, n * self.value ** (n - 1) * self.slope)

    def __lt__(self, other):
        return self.value < getattr(other, "value", other)

    def __iadd__(self, other):
        self.value += getattr(other, "value", other)
        self.slope += getattr(other, "slope", 0.0)
        return self

    def __float__(self):
        return float(self.value)

    def __bool__(self):
        return self.value != 0


@case(0.7)
def users_own_dual_numbers(x):
    d = Dual(x, 1.0)
    y = 3 * d * d + d**3 + (-d) + 2.0
    y += d
    alias = y
    alias += 1.0
    return y.slope * y.value + (d < 5) + (10 > d) + bool(d)


class Vector3:
    def __init__(self, *components):
        self.components = list(components)

    def __getitem__(self, i):
        return self.components[i]

    def __setitem__(self, i, value):
        self.components[i] = value * 2

    def __len__(self):
        return len(self.components)

    def __iter__(self):
        return iter(self.components)

    def __contains__(self, v):
        return any(v == c for c in self.components)

    def __matmul__(self, other):
        return sum(a * b for a, b in zip(self, other, strict=True))

    def __call__(self, t):
        return sum(c * t**k for k, c in enumerate(self))

    def __getattr__(self, name):
        if name in "xyz" and len(name) == 1:
            return self.components["xyz".index(name)]
        raise AttributeError(name)

    def __xor__(self, other):
        a, b = self, other
        return Vector3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)


@case(vec(3), vec(3))
def users_vector_class(a, b):
    u, v = Vector3(*a), Vector3(*b)
    u[1] = v[0]
    w = u ^ v
    return w @ u + w @ Vector3(1.0, 2.0, 3.0) + u(0.3) + (a[0] in u) + sum(w) * len(w) + [*w][2]


class Positive:
    """A data descriptor that stores what it is given elsewhere."""

    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner=None):
        return self if instance is None else getattr(instance, self.name) * 1.5

    def __set__(self, instance, value):
        if not value > 0:
            raise ValueError(f"{self.name} must be positive")
        setattr(instance, self.name, value**2)


class Spring:
    stiffness = Positive()
    mass = Positive()

    def __init__(self, stiffness, mass):
        self.stiffness, self.mass = stiffness, mass

    @property
    def frequency(self):
        return (self.stiffness / self.mass) ** 0.5


@case(1.2, 0.7)
def descriptors(k, m):
    s = Spring(k, m)
    s.mass = s.stiffness * m
    s.stiffness += m
    return s.frequency + Spring.stiffness.__get__(s)


class Lazy:
    """A non-data descriptor: computed once, then found in the instance."""

    def __init__(self, function):
        self.function = function

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        value = self.function(instance)
        instance.__dict__[self.name] = value
        return value


class Matrix:
    def __init__(self, a):
        self.a = a

    @Lazy
    def inverse(self):
        return np.linalg.inv(self.a + 3 * np.eye(len(self.a)))


@case(mat(3, 3))
def lazy_attribute(a):
    m = Matrix(a)
    first = m.inverse
    a[0, 0] = 9.0
    return (first @ m.inverse).sum() + m.a[0, 0] * a[1, 1]


class Tracked:
    """Attribute access through __getattribute__ and __setattr__."""

    def __init__(self):
        object.__setattr__(self, "log", {})

    def __setattr__(self, name, value):
        self.log[name] = value * 3

    def __getattribute__(self, name):
        if name == "log":
            return object.__getattribute__(self, name)
        return self.log[name] + 1


@case(0.4)
def attribute_protocol(x):
    t = Tracked()
    t.a = x
    t.b = t.a * x
    return t.b * t.a


class Method(enum.Enum):
    EULER = 1
    HEUN = 2

    def step(self, f, y, h):
        if self is Method.EULER:
            return y + h * f(y)
        return y + h / 2 * (f(y) + f(y + h * f(y)))


@case(0.8)
def enumeration_with_methods(y):
    for method in Method:
        y = method.step(lambda v: -v * v, y, 0.1)
    return y * Method["HEUN"].value


class Node:
    def __init__(self, value, parent=None):
        self.value, self.children = value, []
        self.parent = None if parent is None else weakref.ref(parent)
        if parent is not None:
            parent.children.append(self)

    def total(self):
        own = self.value * (self.parent().value if self.parent else 1.0)
        return own + sum(child.total() for child in self.children)


@case(vec(4))
def linked_tree_with_weak_references(x):
    root = Node(x[0])
    left, _ = Node(x[1], root), Node(x[2], root)
    Node(x[3], left)
    left.value *= root.value
    return root.total()


@case(make(lambda r: types.SimpleNamespace(a=r.normal(size=3), b=0.4, child=types.SimpleNamespace(c=r.normal()))))
def nested_objects_argument(o):
    o.child.c = o.child.c * o.b
    o.a[:] = np.sin(o.a) * o.child.c
    o.b, o.old = o.a[0], o.b
    return o.a.sum() * o.old + o.b


@case(0.9)
def cyclic_objects(x):
    class Ring:
        pass

    a, b = Ring(), Ring()
    a.next, b.next = b, a
    a.v, b.v = x, x * x
    a.me = a
    a.next.next.me.v *= 3
    return a.v + b.next.v * b.v


@case(vec(3))
def optional_fields(x):
    class Model:
        bias = None

        def __init__(self, w, scale=None):
            self.w, self.scale = w, scale

        def __call__(self, v):
            y = self.w @ v
            if self.bias is not None:
                y = y + self.bias
            return y if self.scale is None else y * self.scale

    plain, scaled = Model(x), Model(x * 2, scale=x[0])
    scaled.bias = x[1]
    return plain(x) + scaled(x)


@case(0.6)
def bound_and_unbound_methods(x):
    p = Particle(x, 1.0)
    step = p.step
    step(0.1)
    Particle.step(p, dt=0.2)
    getter = Particle.energy.fget
    p.custom = types.MethodType(lambda self, k: self.position * k, p)
    return getter(p) + p.custom(3)


@case(0.6)
def index_and_slice_protocol(x):
    class Signal:
        def __getitem__(self, key):
            if isinstance(key, slice):
                return [self[i] for i in range(*key.indices(4))]
            return x ** (key + 1)

        def __len__(self):
            return 4

    s = Signal()
    return sum(s[1:3]) + s[-1 + 1] * len(s) + sum(v for v, _ in zip(iter(s), range(3), strict=False))


@case(vec(4))
def user_array_subclassing_nothing(x):
    class Wrapped:
        def __init__(self, a):
            self.a = a

        def __array__(self, dtype=None, copy=None):
            return self.a * 2

    return np.sum(np.asarray(Wrapped(x)) * x)


@case(vec(3))
def exception_object_carries_value(x):
    class Found(Exception):
        def __init__(self, value):
            super().__init__("found")
            self.value = value

    try:
        for v in x:
            if v * v > 0:
                raise Found(v * x[1])
    except Found as f:
        return f.value * 2
    return 0.0
