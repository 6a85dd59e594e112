"""Values and containers after Zygote's features, ForwardDiff's miscellany and Mooncake's types.

Rows of the published tests: complex fields, swaps and rotations, dicts and objects changed in place, cycles, every type
of argument that carries no derivative, layouts of arrays, lists that grow and shrink, overlapping copies.
"""

import collections
import copy
import dataclasses
import decimal
import enum
import fractions
import itertools
import math
import random
import typing
import weakref

import numpy as np

from ._case import Corpus, cvec, make, mat, vec

case = Corpus(__name__)


@dataclasses.dataclass
class Pair:
    a: float
    b: float


def va(a, *b):
    return a * b[0]


def kw(*, a=1, b):
    return a * b


@case(2 + 3j)
def z1(z):
    return z.real


@case(2 + 3j)
def z2(z):
    return z.real * z.imag


@case(2 + 3j)
def z3(z):
    return z.real * z.imag + z.real


@case(4 + 5j)
def z4(z):
    return abs(z * z.real) ** 2


@case(4 + 5j)
def z5(z):
    return (z * z.real * (z * z.real).conjugate()).real


@case(np.ones(3), np.ones(4), raises=ValueError)
def mism(a, b):
    return (a + b).sum()


@case(1.0)
def cfg(x):
    i = 0
    while True:
        if i > 3 and True:
            return x
        x = math.sin(x) * 2
        i += 1
        if x < -5:
            break
    return 2 * x


@case(2.0)
def swap1198(x):
    a, b = (x, 2 * x)
    for _ in range(3):
        a, b = (b, a)
    return a


@case(2.0, gradient=2.0)
def rotate1198(x):
    a, b, c = (x, 2 * x, 3 * x)
    for _ in range(4):
        a, b, c = (b, c, a)
    return a


@case(np.arange(1.0, 6), np.arange(3.0))
def zipx(x, y):
    return sum((a * b for a, b in zip(x, y)))


@case(np.arange(1.0, 6), np.arange(10.0) * 0.1)
def prodit(x, y):
    return sum((a * b for a, b in itertools.product(x, y)))


@case([1.0, 2.0, 3.0])
def mx(x):
    return max(*x)


@case(np.array([1.0, 2.0, 3.0]))
def mx2(x):
    return max(*x)


@case(np.array([1.0, 2.0, 3.0]))
def mx3(x):
    return max(x) * min(x)


@case(make(lambda r: np.ones((10, 10))), nested=False)
def accnet(x):
    xs = [x]
    for _ in range(9):
        xs.append(sum(xs))
    return (xs[-1] ** 2).sum()


@case(make(lambda r: np.ones((10, 10))), nested=False, differences=True)
def accnet2(x):
    x2 = x
    x3 = x + x2
    x4 = x + x2 + x3
    x5 = x + x2 + x3 + x4
    return (x5 * x5).sum()


@case(np.array([1.0, 2.0, 2.0]), argnums=0)
def negpow_int(x):
    return (x ** np.array([1, -1, 2])).sum()


@case(3.0)
def f760(x):
    d = {}
    for i in range(1, 5):
        d[i] = i ** x
    return sum(d.values())


@case(-1.0, gradient=6.0)
def condloc(x):
    if x > 0:
        y = 1.0
    return 6 * x if 'y' not in locals() else 2 * x


@case([(1.0, 2.0, 3.0), (4.0, 5.0, 6.0)])
def lot(x):
    return sum((math.prod(t[1:3]) for t in x))


@dataclasses.dataclass
class Mut:
    x: object


@case(make(lambda r: Mut(3.0)))
def mutw(m):
    m.x = m.x ** 2
    m.x += 1
    return m.x * m.x


@case(make(lambda r: Mut(Mut(2.0))))
def mutmut(m):
    m.x.x = m.x.x ** 3
    return m.x.x * 4


@case(make(lambda r: [Mut(2.0), Mut(3.0)]))
def mutlist(ms):
    for m in ms:
        m.x = m.x * ms[0].x
    return ms[0].x + ms[1].x


@case(make(lambda r: (lambda m: (m, m))(Mut(2.0))))
def mutalias(ms):
    ms[0].x = ms[1].x * ms[0].x
    return ms[1].x * 3


@case({1: 5.0, 2: 1.0})
def deepd(d):
    e = copy.deepcopy(d)
    e[1] = e[2] * d[1]
    return e[1] * d[1] + e[2]


@case(np.array([0.3, 0.7, 0.2, 0.9]))
def misc(x):
    return np.sum(np.sin(x)) + np.prod(np.tan(x)) * np.sum(np.sqrt(x))


@case(np.array([0.1, 0.2, 0.3]))
def rosen(x):
    s = 0.0
    for i in range(len(x) - 1):
        s += (1.0 - x[i]) ** 2 + 100.0 * (x[i + 1] - x[i] ** 2) ** 2
    return s


@case(mat(3, 3))
def inv(x):
    return np.linalg.inv(x + 3 * np.eye(3))


@case(vec(3), vec(3))
def hyp2(x, y):
    return sum((math.hypot(a, b) for a, b in zip(x, y)))


@case(0.0, gradient=0.0)
def abssq0(x):
    return abs(x) ** 2


@case(np.zeros(1), gradient=np.zeros(1))
def abssq0v(x):
    return (abs(x) ** 2).sum()


@case(2.0)
def zero_pow(x):
    return 0 ** x + 0.0 ** x + x


@case(1.0, 2.0)
def signs(x, y):
    return math.copysign(x, -y) * math.fabs(y) + math.copysign(2.0, x)


@dataclasses.dataclass
class Stable:
    x: object
    y: object


@case(make(lambda r: Stable(1.0, 2)), 5.0)
def setleft(o, v):
    o.x = v
    return v


class Slotted:
    __slots__ = ('a', 'b')


@case(2.0)
def partial_slots(x):
    s = Slotted()
    s.a = x * x
    return s.a if not hasattr(s, 'b') else s.b


@case(2.0)
def exc_obj(x):
    e = ValueError('hi', x * 2)
    return e.args[1] * x


@case(2.0)
def exc_raise(x):
    try:
        raise ValueError('hi', x * 2)
    except ValueError as e:
        return e.args[1] * x


@case(2.0)
def typevar(x):
    T = typing.TypeVar('T')
    a: list[T] = [x, x * x]
    return a[1] * a[0]


class Foo:

    def __init__(self, x):
        self.x = x


@case(3.0)
def cyc(x):
    o = Foo(x)
    o.me = o
    o.me.me.x = o.me.x * 2
    return o.x * o.me.me.me.x


@case(3.0)
def cyclist(x):
    a = [x, 2.0, 3.0]
    a[0] = a
    a[1] = x
    return a[0][0][0][1] * 3


@case(3.0)
def two_cyc(x):
    a, b = (Foo(x), Foo(x * 2))
    a.o = b
    b.o = a
    a.o.o.o.x = a.x * b.x
    return b.x * a.x


class E(enum.Enum):
    A = 1
    B = 2


NT = collections.namedtuple('NT', 'a b')


@dataclasses.dataclass(frozen=True)
class Fr:
    a: float
    b: np.ndarray


class Slot2:
    __slots__ = ('a', 'b')

    def __init__(self, a, b):
        self.a = a
        self.b = b


class Prop:

    def __init__(self, a):
        self._a = a

    @property
    def a(self):
        return self._a * 2

    @a.setter
    def a(self, v):
        self._a = v * 3


for k, v in {'bool': True, 'int': 3, 'i8': np.int8(3), 'u16': np.uint16(3), 'i64': np.int64(7), 'str': 'abc', 'none': None, 'bytes': b'ab', 'enum': E.A, 'range': range(5), 'slice': slice(1, 3), 'set': {1, 2}, 'rng': np.random.default_rng(3), 'func': math.sin, 'type': float, 'intarr': np.arange(4), 'boolarr': np.array([True]), 'frozenset': frozenset([2]), 'dec': decimal.Decimal('1.5'), 'frac': fractions.Fraction(1, 3), 'ell': ..., 'strarr': np.array(['a']), 'dt': np.datetime64('2020-01-01'), 'rand': random.Random(3), 'mod': math}.items():

    def f(v, x):
        return x * x + len(str(type(v)))
    case.add(f, make(lambda r, v=v: v), 2.5, name='inert_' + k)


for k, v in {'f16': np.float16(0.7), 'f32': np.float32(0.7), 'f64': np.float64(0.7), '0d': np.array(0.7), '1': np.array([0.7]), 'c': 0.7 + 0.2j, 'c64': np.complex64(0.7 + 0.2j)}.items():

    def sq(v):
        return v * v * 3 + v
    case.add(sq, make(lambda r, v=v: copy.copy(v)), rtol=1e-06 if k not in ('f16', 'f32', 'c64') else 0.02, name='num_' + k, nested=k not in ('f16', 'f32', 'c64'), differences=k != 'f16', gradient=None)


lay = {'T': lambda r: r.normal(size=(3, 4)).T, 'str': lambda r: r.normal(size=(8, 3))[::2], 'neg': lambda r: r.normal(size=(5, 3))[::-1], 'negneg': lambda r: r.normal(size=(5, 3))[::-1, ::-2], 'F': lambda r: np.asfortranarray(r.normal(size=(3, 3))), '3d': lambda r: r.normal(size=(2, 3, 2)).transpose(2, 0, 1), 'empty': lambda r: np.zeros((0, 3)), 'ro': lambda r: (lambda a: (a.setflags(write=False), a)[1])(r.normal(size=(2, 3))), '0d': lambda r: np.array(1.3), '1x1': lambda r: r.normal(size=(1, 1)), 'bc': lambda r: np.broadcast_to(r.normal(size=3), (2, 3))}


def layf(a):
    return (np.sin(a) * a).sum()


def laym(a):
    b = a * 2
    b[...] = b * a
    return b


def layloop(a):
    s = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[-1]):
            s += a[i, ..., j].sum() * (i + j) if a.ndim > 2 else a[i, j] ** 2 * (i + 1)
    return s


for k, b in lay.items():
    case.add(layf, make(b), name='lay_' + k)
    if k in ('str', 'neg', 'negneg', 'empty', 'ro', '1x1'):
        case.add(laym, make(b), name='laym_' + k)
    if k != '0d':
        case.add(layloop, make(b), name='layl_' + k)


@case(make(lambda r: tuple((float(i) for i in range(33)))))
def tup33(t):
    return t[0] * t[32] + sum(t[1:5])


@case(((((1.5,),), 2.5), 3))
def deept(t):
    return t[0][0][0][0] * t[0][1] * t[1]


@case(make(lambda r: NT(1.5, r.normal(size=2))))
def nt_replace(t):
    t = t._replace(a=t.a * 2)
    a, b = t
    return a * b.sum()


@case(make(lambda r: Fr(1.5, r.normal(size=2))))
def frz_rep(t):
    u = dataclasses.replace(t, a=t.a * t.b[0])
    return u.a * u.b.sum()


@case(make(lambda r: Slot2(1.5, r.normal(size=2))))
def slots(t):
    t.b *= t.a
    t.a = t.a * 2
    return t.a * t.b.sum()


@case(make(lambda r: Prop(1.5)))
def prop(t):
    t.a = t.a * t.a
    return t.a


@case(make(lambda r: collections.OrderedDict(a=1.5, b=2.5)))
def od(t):
    t.move_to_end('a')
    return sum((v * i for i, v in enumerate(t.values(), 1)))


@case(make(lambda r: collections.defaultdict(float, a=1.5)))
def dd(t):
    t['z'] += t['a'] * 2
    return t['z'] * t['a']


@case(make(lambda r: collections.deque([1.5, 2.5, 0.5])))
def dq(t):
    t.rotate(1)
    t.append(t[0] * t[1])
    return t.popleft() * t[-1]


@case(make(lambda r: np.array([1.5, r.normal(size=2)], dtype=object)))
def objarr(t):
    return t[0] * t[1].sum()


@case(make(lambda r: np.array([(1.5, 2), (2.5, 3)], dtype=[('a', 'f8'), ('b', 'i4')])), either=True)
def structd(t):
    return (t['a'] ** 2).sum()


@case(3.0)
def generator(x):

    def g():
        for i in range(3):
            yield (x ** i)
    return sum(g())


@case(vec(5))
def pops(x):
    l = list(x)
    l.pop(0)
    l.pop()
    l.pop(1)
    l.insert(1, x[0] * x[1])
    l.append(x[2] ** 2)
    l.extend([x[3], x[4]])
    del l[0]
    l += [l[0] * l[1]]
    return sum(l)


@case(vec(5))
def clr(x):
    l = list(x)
    l.clear()
    l += [x[0]]
    l *= 2
    return l[0] * l[1]


@case(vec(5))
def slc(x):
    l = list(x)
    l[1:3] = [x[0] * x[1]]
    l[::2] = [2 * v for v in l[::2]]
    l.reverse()
    return sum((v * i for i, v in enumerate(l)))


@case(vec(5))
def srt(x):
    l = sorted(x, key=lambda v: -v)
    l.sort()
    return sum((v * i for i, v in enumerate(l)))


@case(vec(3))
def lol(x):
    l = [x * 1, x * 2, None]
    l[2] = l[0]
    l[0] = l[1] * x
    l[2][0] = 5 * x[1]
    return l[0].sum() + l[2].sum()


@case(vec(6))
def copyto(x):
    y = np.empty(6)
    np.copyto(y, x * x)
    np.copyto(y, 1.0, where=x > 0)
    return y


@case(vec(6))
def flat(x):
    y = np.zeros((2, 3))
    for i in range(6):
        y.flat[i] = x[i] ** 2
    y.flat[1:4] = x[:3]
    return y


@case(vec(6))
def fills(x):
    y = np.zeros(3)
    y.fill(x[1])
    z = np.full(2, x[0] * 2)
    w = np.full_like(y, x[3])
    return y.sum() * z.sum() * w[0]


@case(vec(8))
def strided(x):
    y = np.lib.stride_tricks.sliding_window_view(x, 3)
    return (y * y[:, ::-1]).sum()


@case(vec(8))
def asstr(x):
    y = np.lib.stride_tricks.as_strided(x, (3, 2), (16, 8))
    return (y * y).sum()


@case(vec(4))
def memv(x):
    m = memoryview(x)
    y = np.asarray(m)
    return (y * x).sum()


@case(vec(4), either=True)
def frombuf(x):
    y = np.frombuffer(x.tobytes())
    return (y * x).sum()


@case(vec(4), either=True)
def frombuf2(x):
    y = np.frombuffer(x)
    return (y * x).sum()


@case(vec(4))
def dcopy(x):
    y = copy.deepcopy([x, x, (x,)])
    y[0][0] = x[1]
    return (y[1] * y[2][0]).sum()


@case(vec(20))
def resh(x):
    a = x.reshape(5, 4)
    b = a.reshape(4, 5)
    c = a.reshape(2, 10)
    d = a.reshape(10, 2, 1)
    b[0] *= 2
    return (a[0] * 3).sum() + (c ** 2).sum() + d[1:].sum()


@case(vec(20))
def overlap(x):
    x[1:] = x[:-1]
    x[:-2] = x[2:] * x[:-2]
    return (x * np.arange(20.0)).sum()


@case(vec(6))
def overlap_loop(x):
    for i in range(1, 6):
        x[i] = x[i - 1] * x[i]
    return x.sum()


@case(vec(6))
def npresize(x):
    return (np.resize(x, (2, 5)) ** 2).sum()


@case(vec(4))
def weak(x):
    o = Foo(x[0])
    d = weakref.WeakKeyDictionary()
    d[o] = x[1] * x[2]
    return d[o] * o.x + d.get(3 if False else o, 1)


@case(vec(4))
def dgets(x):
    d = {'a': x[0]}
    d.setdefault('b', x[1])
    d.update(c=x[2] * d['a'])
    d['a'] = 1
    return d.get('a', x[3]) * d.get('zz', x[3]) * d.pop('c') + d['b']


@case(vec(4))
def attrs(x):
    o = Foo(1.0)
    setattr(o, 'y' + 'z', x[0])
    o.__dict__['q'] = x[1]
    vars(o)['x'] = x[2] * o.q
    return getattr(o, 'yz') * o.x + getattr(o, 'nope', x[3])


@case(vec(4), make(lambda r: np.random.default_rng(5)), argnums=0)
def overwritten(x, rng):
    y = x.copy()
    rng.standard_normal(out=y)
    return (y * 3).sum()


@case(1.0, 2.0)
def linsp(a, b):
    return (np.linspace(a, b, 5) ** 2).sum() + (np.linspace(a, b, 4, endpoint=False) ** 3).sum()


@case(1.0, 2.0)
def logsp(a, b):
    return np.logspace(a, b, 4).sum() + np.geomspace(a, b, 4).sum()


@case(1.0, 2.0)
def arang(a, b):
    return (np.arange(a, b + 0.1, 0.3) ** 2).sum()


@case(vec(6))
def kahan(x):
    s = 0.0
    c = 0.0
    for v in x:
        y = v - c
        t = s + y
        c = t - s - y
        s = t
    return s * s


@case(0.3, 2.5)
def twosum(a, b):
    s = a + b
    bb = s - a
    e = a - (s - bb) + (b - bb)
    return s + e


@case(mat(3, 3), mat(3, 3))
def kron(a, b):
    return (np.kron(a, np.triu(b)) ** 2).sum() + np.kron(a[:, 0], b[::2]).sum()
