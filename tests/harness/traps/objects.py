"""Defaults, globals, classes, objects, containers as arguments."""

import dataclasses

import numpy as np

from ._case import Traps

case = Traps()


def default_mutable(x, acc=[]):
    acc.append(1.0)
    return x * sum(acc)


@case(2.0)
def calls_mutable_default(x):
    default_mutable.__defaults__[0].clear()
    return default_mutable(x) + default_mutable(x)


def arr_default(x, w=np.array([1.0, 2.0])):
    w[0] += 1
    return x * w[0]


@case(2.0)
def calls_array_default(x):
    arr_default.__defaults__[0][0] = 1.0
    return arr_default(x) + arr_default(x)


COUNTER = {"n": 0}


@case(2.0)
def global_dict(x):
    COUNTER["n"] = 0
    for _ in range(3):
        COUNTER["n"] += 1
    return x * COUNTER["n"]


GARR = np.array([1.0, 2.0, 3.0])


@case(2.0)
def global_array_write(x):
    GARR[:] = [1, 2, 3]
    GARR[0] = x
    GARR[1] *= x
    return GARR.sum()


@case(2.0)
def global_array_result(x):
    GARR[:] = [1, 2, 3]
    return (x * GARR)[0]


class Box:
    k = 2.0

    def __init__(self, v):
        self.v = v

    def scaled(self, x):
        return self.k * x * self.v


class Sub(Box):
    k = 3.0


@case(lambda: Sub(2.0), 3.0)
def subclass_attr(b, x):
    return b.scaled(x)


class Shadow(Box):
    def __init__(self, v):
        super().__init__(v)
        self.k = 7.0


@case(lambda: Shadow(2.0), 3.0)
def instance_shadows_class(b, x):
    return b.scaled(x)


class WithProp:
    def __init__(self, v):
        self._v = v

    @property
    def v(self):
        return self._v * 2

    @v.setter
    def v(self, z):
        self._v = z / 2


@case(lambda: WithProp(2.0), 3.0)
def prop_set(b, x):
    b.v = x
    return b.v * b._v


class GA:
    def __init__(self):
        self.a = 1.0

    def __getattr__(self, n):
        return 5.0


@case(lambda: GA(), 3.0)
def getattr_obj(b, x):
    return b.zz * x


class SA:
    def __init__(self):
        self.a = 1.0

    def __setattr__(self, n, v):
        object.__setattr__(self, n, v * 2)


@case(3.0)
def setattr_obj(x):
    s = SA()
    s.a = x
    return s.a


class SA2(SA):
    pass


@case(3.0)
def setattr_inherited(x):
    s = SA2()
    s.a = x
    return s.a


class Slots:
    __slots__ = ("a",)

    def __init__(self, a):
        self.a = a


@case(3.0)
def slots_obj(x):
    s = Slots(x)
    s.a *= 2
    return s.a


class SubSlots(Slots):
    pass


@case(3.0)
def sub_slots_obj(x):
    s = SubSlots(x)
    s.a *= 2
    s.b = x
    return s.a * s.b


class New:
    def __new__(cls, *a):
        o = object.__new__(cls)
        o.z = 5.0
        return o

    def __init__(self, a):
        self.a = a


@case(3.0)
def new_obj(x):
    return New(x).z * x


class Eq:
    def __init__(self, v):
        self.v = v

    def __eq__(self, o):
        return self.v > 1


@case(3.0)
def eq_obj(x):
    return x * 2 if Eq(x) == Eq(x) else x


class Radd:
    def __init__(self, v):
        self.v = v

    def __radd__(self, o):
        return self.v + 10 * o

    def __add__(self, o):
        return self.v + o

    def __iadd__(self, o):
        self.v += 100 * o
        return self


@case(3.0)
def radd_obj(x):
    return 2.0 + Radd(x)


@case(3.0)
def iadd_obj(x):
    r = Radd(x)
    q = r
    r += x
    return q.v


@case(3.0)
def iadd_sub(x):
    d = {"r": Radd(x)}
    q = d["r"]
    d["r"] += x
    return q.v


class Lenny:
    def __init__(self, v):
        self.v = v

    def __len__(self):
        return 0

    def __contains__(self, x):
        return True

    def __iter__(self):
        return iter((1.0, 2.0))

    def __call__(self, x):
        return x * self.v

    def __neg__(self):
        return -5.0


@case(3.0)
def len_truth(x):
    return x if Lenny(x) else 2 * x


@case(3.0)
def neg_obj(x):
    return -Lenny(x) * x


@case(3.0)
def iter_obj(x):
    s = 0.0
    for v in Lenny(x):
        s += v * x
    return s


@case(3.0)
def call_obj(x):
    return Lenny(x)(x)


@case(3.0)
def in_obj(x):
    return x if 4.0 in Lenny(x) else 2 * x


@dataclasses.dataclass
class DC:
    a: float
    b: list = dataclasses.field(default_factory=list)


@case(3.0)
def dc_factory(x):
    d = DC(x)
    d.b.append(x)
    e = DC(x)
    return len(e.b) * x + d.b[0]


@case(lambda: [1.0, 2.0], 3.0)
def list_mutated(l, x):
    l.append(x)
    l[0] = x * 2
    return sum(l)


@case(lambda: [np.array([1.0, 2.0])], 3.0)
def list_of_array_mutated(l, x):
    l[0][1] = x
    l[0] = l[0] * 2
    return l[0].sum()


@case(lambda: {"a": 1.0}, 3.0)
def dict_mutated(d, x):
    d["b"] = x
    d["a"] += x
    return d["a"] * d["b"]


@case(lambda: Box(2.0), 3.0)
def obj_rebound(b, x):
    b.v = b.v * x
    return b.v**2


@case(lambda: Box(2.0), 3.0)
def obj_new_attr(b, x):
    b.w = b.v * x
    return b.w**2


@case(lambda: Box(np.array([1.0, 2.0])), 3.0)
def obj_array_rebound(b, x):
    old = b.v
    b.v = b.v * x
    old[0] = 100.0
    return b.v.sum()


@case(lambda: Box(np.array([1.0, 2.0])), 3.0)
def obj_array_aug(b, x):
    b.v *= x
    return b.v.sum()


@case(lambda: Box(2.0), 3.0)
def obj_del(b, x):
    del b.v
    return x * 2


@case(lambda: Box(0.0), 3.0)
def obj_rebound_and_an_infinite_slope(b, x):
    b.v = b.v + 1.0
    return np.sqrt(x - 3.0) + x


@case(lambda: [1.0], 3.0)
def list_grown_and_an_infinite_slope(items, x):
    items.append(2.0)
    return np.sqrt(np.float64(x) - 3.0) * 2.0 + len(items)
