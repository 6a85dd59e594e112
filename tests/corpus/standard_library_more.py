"""Modules of the standard library that compute, and what Python offers around numbers."""

import cmath
import collections
import colorsys
import contextlib
import contextvars
import copy
import dataclasses
import fractions
import functools
import heapq
import io
import itertools
import logging
import math
import operator
import queue
import random
import re
import statistics
import string
import textwrap
import time
import traceback
import typing
import warnings

import numpy as np

from ._case import Corpus, make, pos, vec

case = Corpus(__name__)


@case(0.3, 0.7, 0.5)
def colours_there_and_back(r, g, b):
    h, s, v = colorsys.rgb_to_hsv(r, g, b)
    hh, ll, ss = colorsys.rgb_to_hls(r, g, b)
    y, i, q = colorsys.rgb_to_yiq(r, g, b)
    return (colorsys.hsv_to_rgb(h, s * 0.9, v), colorsys.hls_to_rgb(hh, ll, ss * 0.8), colorsys.yiq_to_rgb(y, i, q), h)


@case(0.4, 1.3)
def normal_distribution_objects(mu, sigma):
    n = statistics.NormalDist(mu, sigma)
    m = n * 2.0 + statistics.NormalDist(1.0, 0.5) - 0.3
    return n.pdf(0.7), n.cdf(0.2), n.inv_cdf(0.8), m.stdev, m.mean, n.zscore(2.0), n.overlap(m), n.quantiles(3)[0]


@case(vec(5), pos(5))
def regression_and_correlation(x, y):
    slope, intercept = statistics.linear_regression(x, y)
    return (slope, intercept, statistics.correlation(x, y), statistics.covariance(x, y), statistics.fmean(y, weights=y),
            statistics.geometric_mean(y), statistics.harmonic_mean(y), statistics.quantiles(x, n=3)[1],
            statistics.pvariance(list(x)), statistics.median_low(x), statistics.linear_regression(x, y, proportional=True)[0])


@case(0.4, 1.3)
def draws_with_varying_parameters(mu, sigma):
    r = random.Random(3)
    return (r.gauss(mu, sigma), r.uniform(mu, sigma), r.triangular(mu, 3.0, sigma), r.expovariate(sigma),
            r.lognormvariate(mu, sigma), r.normalvariate(mu, sigma), r.weibullvariate(sigma, 1.5),
            r.paretovariate(sigma), r.random() * mu)


@case(vec(5))
def merging_and_picking(x):
    low, high = heapq.nsmallest(2, x), heapq.nlargest(2, x, key=lambda v: v * v)
    merged = list(heapq.merge(sorted(x), [0.0, 0.1], key=lambda v: -v if v > 5 else v))
    return low[0] * high[1] + sum(v * k for k, v in enumerate(merged))


@case(vec(6))
def itertools_over_values(x):
    runs = itertools.groupby(x, key=lambda v: v > 0)
    totals = [sum(g) * (1 + k) for k, g in runs]
    a, b = itertools.tee(itertools.accumulate(x, lambda u, v: u * 0.5 + v, initial=1.0))
    pairs = sum(u * v for u, v in itertools.pairwise(a))
    padded = itertools.zip_longest(x, itertools.islice(b, 3), fillvalue=x[0])
    return (totals[0], pairs, sum(u * v for u, v in padded), sum(itertools.starmap(pow, [(x[1], 2), (x[2], 3)])),
            sum(math.prod(c) for c in itertools.combinations(x, 2)), next(itertools.compress(x, [0, 0, 1])),
            sum(itertools.takewhile(lambda v: v != x[3], x)), list(itertools.chain([x[0]], x[1:3] * 2))[2])


@case(vec(4))
def operator_functions(x):
    get = operator.itemgetter(0, 2)
    box = [x[0], x[1]]
    operator.setitem(box, 0, box[1] * 3)
    box = operator.iadd(box, [x[2]])
    operator.delitem(box, 1)
    call = operator.methodcaller("dot", x)
    return (sum(get(x)), operator.truediv(*box), call(x), operator.matmul(x, x), operator.attrgetter("T")(x).sum(),
            operator.imul(x[3], 2.0), operator.neg(x).sum(), operator.concat(box, box)[3], operator.pow(2.0, x[0]))


@case(0.6, -1.4)
def complex_functions_of_parts(a, b):
    z = complex(a, b)
    w = cmath.exp(z) * cmath.sqrt(z) + cmath.log(z, 2) - z.conjugate() ** 2
    r, phi = cmath.polar(w)
    return (abs(w), cmath.phase(z), cmath.rect(r, phi / 2).imag, (cmath.sinh(z) / cmath.cosh(z)).real, cmath.acos(z).imag,
            cmath.atanh(z).real, (1j * z).real, (z ** (1 + 2j)).imag, (2 ** z).real, cmath.isclose(z, z) * a)


@case(pos(3))
def mathematics_module(x):
    a, b, c = x
    return (math.hypot(a, b, c), math.dist(x, [0.0, 1.0, c]), math.prod(x, start=2.0), math.fsum(x * a), math.cbrt(a),
            math.exp2(b), math.expm1(c), math.log1p(a), math.log(a, b + 2), math.log2(c), math.log10(a), math.gamma(b),
            math.lgamma(c), math.erf(a), math.erfc(b), math.fmod(5.3, c), math.remainder(5.2, a), math.copysign(a, -b),
            math.atan2(a, b), math.ldexp(a, 3), math.modf(a * 3)[0], math.degrees(a), math.radians(b), math.fabs(-c),
            math.acosh(a + 1), math.asinh(b), math.atanh(c / 4), math.pow(a, b), math.isclose(a, b) * c, math.trunc(9 * a) * b)


settings = contextvars.ContextVar("settings", default=1.0)


@case(0.7, 1.9)
def context_variables(x, y):
    token = settings.set(x * y)
    context = contextvars.copy_context()

    def inner(v):
        settings.set(settings.get() * v)
        return settings.get()

    a = context.run(inner, y)
    b = settings.get()
    settings.reset(token)
    return a * b + settings.get() * x


@case(vec(3))
def asynchronous_generators(x):
    async def numbers():
        for v in x:
            yield v * 2

    class Resource:
        async def __aenter__(self):
            return x[0] ** 2

        async def __aexit__(self, *error):
            return True

    async def gather():
        total = 0.0
        async for v in numbers():
            total += v
        async with Resource() as r:
            total *= r
            raise ValueError
        return total + sum([v async for v in numbers() if v > 0])

    def drive(coroutine):
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return stop.value

    return drive(gather())


@case(vec(4))
def queues_of_every_kind(x):
    fifo, lifo, ranked = queue.Queue(), queue.LifoQueue(), queue.PriorityQueue()
    for k, v in enumerate(x):
        fifo.put(v)
        lifo.put(v * 2)
        ranked.put((v, k))
    return fifo.get() * lifo.get() + ranked.get()[0] ** 2 + fifo.qsize()


@dataclasses.dataclass(order=True, slots=True, kw_only=True)
class Layer:
    w: float
    b: float = dataclasses.field(default=0.5, compare=False)
    extra: list = dataclasses.field(default_factory=list, compare=False)
    scale: dataclasses.InitVar[float] = 1.0
    total: float = dataclasses.field(init=False, default=0.0, compare=False)

    def __post_init__(self, scale):
        self.w = self.w * scale
        self.total = self.w + self.b


@case(0.8, -0.3)
def dataclass_features(w, b):
    layer = Layer(w=w, b=b, scale=2.0)
    other = dataclasses.replace(layer, b=w * b, scale=b, extra=[])
    layer.extra.append(other)
    d, t = dataclasses.asdict(layer), dataclasses.astuple(other)
    first = min(layer, other)
    return (d["extra"][0]["w"] * d["total"] + t[0] * t[1] + first.w ** 2
            + sum(getattr(other, f.name) for f in dataclasses.fields(other) if f.type in ("float", float)))


class Point(typing.TypedDict, total=False):
    x: float
    y: float


@case(0.8, 1.1)
def typed_dictionaries_and_protocols(a, b):
    @typing.runtime_checkable
    class HasArea(typing.Protocol):
        def area(self) -> float: ...

    class Square:
        def __init__(self, s: float) -> None:
            self.s: typing.Annotated[float, "side"] = s

        def area(self) -> float:
            return self.s * self.s

    p: Point = {"x": a}
    p["y"] = typing.cast(float, b) * a
    q = typing.cast(Point, {**p, "x": 2.0})
    s = Square(b)
    return p["x"] * q["y"] + (s.area() if isinstance(s, HasArea) else 0.0)


@case(0.75)
def recursion_with_caches(x):
    @functools.lru_cache(maxsize=4)
    def binomial(n, k):
        return 1 if k in (0, n) else binomial(n - 1, k - 1) + binomial(n - 1, k)

    @functools.cache
    def term(k):
        return binomial(6, k) * x**k * (1 - x) ** (6 - k)

    return sum(term(k) * k for k in range(7)) + term(3) * term.cache_info().hits


@case(0.9)
def partial_methods_and_wrappers(x):
    def traced(f):
        @functools.wraps(f)
        def inner(*args, **kwargs):
            inner.calls += 1
            return f(*args, **kwargs) * inner.calls

        inner.calls = 0
        return inner

    @traced
    def power(base, *, exponent=2.0):
        return base**exponent

    cube = functools.partial(power, exponent=3)
    swap = functools.partial(operator.sub, 1.0)
    order = sorted([x, -x, 2 * x], key=functools.cmp_to_key(lambda a, b: (a > b) - (a < b)))
    return power(x) + cube(x) * power.calls + swap(x) + order[0] * order[2]


@case(0.65)
def exceptions_with_notes_and_groups(x):
    total = 0.0
    try:
        try:
            raise ExceptionGroup("several", [ValueError(x * 2), KeyError("k"), ExceptionGroup("in", [ValueError(x**2)])])
        except* ValueError as group:
            for e in group.exceptions:
                total += e.args[0] if isinstance(e, ValueError) else e.exceptions[0].args[0]
        except* OSError:
            total = -1.0
    except ExceptionGroup as rest:
        rest.add_note("left")
        total *= len(rest.exceptions) + 1
    try:
        raise RuntimeError(total) from ZeroDivisionError(x)
    except RuntimeError as e:
        assert traceback.format_exception_only(e)
        return e.args[0] * e.__cause__.args[0]


@case(1.7)
def loops_that_leave_through_finally(x):
    def f(v):
        for k in range(5):
            try:
                if k == 1:
                    continue
                if k == 3:
                    break
                v *= 2 + k
            finally:
                v += x
        else:
            v = 0.0
        try:
            return v
        finally:
            v = 100.0

    def g(v):
        while True:
            try:
                return v * 2
            finally:
                break
        return v * 3

    return f(x) + g(x)


@case(0.8)
def text_that_only_shows(x):
    out = io.StringIO()
    print(f"{x:8.3f}|{x!r}|{x:e}", file=out)
    print("%s %d %.2f" % (x, x * 10, x), "{:>10}".format(x), string.Template("$a").substitute(a=x), file=out)
    with contextlib.redirect_stdout(out):
        print(textwrap.shorten(str(x), 30), repr([x]), {x: 1}, sep=";")
    lines = re.split(r"[|\n]", out.getvalue())
    logging.getLogger("none").debug("%s", x)
    return x * len(lines)


@case(0.8)
def clocks_and_warnings(x):
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warnings.warn(f"{x}", stacklevel=1)
        y = np.float64(x) * 2 + np.array([x])[0]
    return y * len(seen) * (time.perf_counter() >= start)


@case(0.8, 3)
def exact_numbers_as_constants(x, n):
    f = fractions.Fraction(1, n)
    return x * f + f**2 * x + f - x + (x if f < 0.5 else 0.0) + float(f) ** x + x // f


@case(vec(4))
def deque_rotations_and_limits(x):
    d = collections.deque(x, maxlen=3)
    d.appendleft(d[0] * d[-1])
    d.rotate(1)
    d.extendleft([x[0]])
    d += [d.pop() * 2]
    return sum(v * (k + 1) for k, v in enumerate(d)) + d.count(x[0]) + d.index(d[1])


@case(vec(3))
def ordered_dictionaries_move(x):
    d = collections.OrderedDict(zip("abc", x))
    d.move_to_end("a")
    k, v = d.popitem(last=False)
    d[k + "2"] = v * d["a"]
    return sum(v * i for i, v in enumerate(d.values())) + next(reversed(d.values()))


@case(vec(4), make(lambda r: slice(1, None, 2)))
def slices_and_ellipses_as_values(x, s):
    start, stop, step = s.indices(len(x))
    t = slice(None, start - 3, None)
    return x[s].sum() * x[t][0] + x[..., 2] + x[(Ellipsis, slice(0, 2))] @ x[range(2)] + step


@case(0.35)
def copying_with_memo(x):
    shared = [x]
    a = {"u": shared, "v": [shared, x * 2], "w": np.array([x, 1.0])}
    b = copy.deepcopy(a)
    b["u"].append(b["w"][0] * 3)
    b["w"] *= b["v"][0][1]
    return b["v"][0][1] + b["w"].sum() + len(a["u"]) * a["w"][0]


@case(0.45)
def assignment_to_everything(x):
    class O:
        pass

    o, d, l = O(), {}, [0, 0, 0]
    o.a, d["k"], l[1:], (p, *q) = x, x * 2, [x**2, x**3], (x + 1, x + 2, x + 3)
    for o.a, d["k"] in [(o.a * 2, p), (o.a * 3, q[0])]:
        l[0] += o.a * d["k"]
    with contextlib.nullcontext(x * 5) as l[1]:
        pass
    [l[2], (o.b, *_)] = o.a, "zyx"
    d["k"] += (n := o.a * 2) * n
    return sum(l) + d["k"] + len(_)
