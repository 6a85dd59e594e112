"""Decorated functions: wraps, caches, dispatch, partial, class decorators, jitted functions."""

import contextlib
import functools
import math
import time

import numba
import numpy as np

from ._case import Corpus, mat, vec

case = Corpus(__name__)


def doubled(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return 2 * function(*args, **kwargs)

    return wrapper


def scaled_by(factor, *, shift=0.0):
    def decorate(function):
        def wrapper(x):
            wrapper.calls += 1
            return factor * function(x) + shift * x

        wrapper.calls = 0
        return wrapper

    return decorate


def timed(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            wrapper.elapsed = time.perf_counter() - start

    return wrapper


@case(0.7)
@doubled
def wrapped_once(x):
    return x * math.sin(x)


@case(0.7)
@doubled
@timed
@scaled_by(3.0, shift=0.5)
def wrapped_three_times(x):
    return x**3


@doubled
def helper(x, power=2):
    return x**power


@case(0.7)
def calls_decorated_helper(x):
    return helper(x) * helper(x, power=3) + helper.__wrapped__(x)


class Memoised:
    def __init__(self, function):
        self.function, self.table, self.calls = function, {}, 0
        functools.update_wrapper(self, function)

    def __call__(self, n, x):
        if n not in self.table:
            self.calls += 1
            self.table[n] = self.function(n, x)
        return self.table[n]

    def __get__(self, instance, owner):
        return functools.partial(self, instance)


@case(0.6)
def callable_object_as_decorator(x):
    @Memoised
    def legendre(n, x):
        if n < 2:
            return x if n else 1.0
        return ((2 * n - 1) * x * legendre(n - 1, x) - (n - 1) * legendre(n - 2, x)) / n

    return legendre(5, x) + legendre(3, x) * legendre.calls


@functools.lru_cache(maxsize=None)
def weights(n):
    return np.cos(np.pi * np.arange(n))


@functools.lru_cache
def cached_cube(x):
    return x**3


@case(vec(5))
def cache_of_constants(x):
    return (weights(len(x)) * x**2).sum()


@case(0.7)
def cache_must_not_keep_active_values(x):
    return cached_cube(x) + cached_cube(2.0) + cached_cube(x) * x


@case(0.6)
def cached_recursion(x):
    @functools.cache
    def chebyshev(n):
        if n < 2:
            return x**n
        return 2 * x * chebyshev(n - 1) - chebyshev(n - 2)

    return chebyshev(9) + chebyshev.cache_info().hits * x


class Model:
    def __init__(self, w):
        self.w = w
        self.evaluations = 0

    @functools.cached_property
    def norm(self):
        self.evaluations += 1
        return np.sqrt((self.w**2).sum())

    @staticmethod
    def square(v):
        return v * v

    @classmethod
    def scaled(cls, w, s):
        return cls(w * s)

    @doubled
    def apply(self, v):
        return self.w @ v / self.norm

    partial_apply = functools.partialmethod(apply, 2.0)


@case(vec(3))
def methods_of_every_kind(x):
    m = Model.scaled(x, 2.0)
    return m.norm * m.norm + m.square(x[0]) + Model.square(x[1]) + m.apply(x) + m.evaluations * x[2]


@functools.singledispatch
def energy(state):
    return state * state


@energy.register
def _(state: list):
    return sum(energy(s) for s in state)


@energy.register(np.ndarray)
def _(state):
    return (state**4).sum()


@energy.register(dict)
def energy_of_mapping(state):
    return sum(k * energy(v) for k, v in state.items())


@energy.register
def _(state: bool):
    return 100.0


@case(vec(3))
def single_dispatch(x):
    return energy(x[0]) + energy([x[1], x, 2.0]) + energy({2: x[2], 3: x}) + energy(False)


class Shape:
    @functools.singledispatchmethod
    def grow(self, by):
        return by * 3

    @grow.register
    def _(self, by: str):
        return len(by)


@case(0.4)
def single_dispatch_method(x):
    return Shape().grow(x) * Shape().grow("four")


@case(0.4, 1.2)
def partial_application(x, y):
    def f(a, b, c=1.0, *rest, k=2.0):
        return a * b**2 + c * k + sum(rest)

    g = functools.partial(f, x, k=y)
    h = functools.partial(g, y, c=x)
    return g(3.0) * h() + functools.partial(pow, y)(2) + g.func(1.0, x) + h.keywords["c"]


def validated(cls):
    original = cls.__init__

    def __init__(self, *args):
        if any(a < 0 for a in args):
            raise ValueError("negative")
        original(self, *(a * 1.5 for a in args))

    cls.__init__ = __init__
    cls.extra = property(lambda self: self.a * 2)
    return cls


@validated
class Pair:
    def __init__(self, a, b):
        self.a, self.b = a, b


@case(0.4, 1.2)
def class_decorator(x, y):
    p = Pair(x, y)
    return p.a * p.b + p.extra


@functools.total_ordering
class Version:
    def __init__(self, v):
        self.v = v

    def __eq__(self, other):
        return self.v == other.v

    def __lt__(self, other):
        return self.v < other.v


@case(vec(4))
def total_ordering(x):
    versions = [Version(v) for v in x]
    return max(versions).v * 2 + min(versions).v + (versions[0] >= versions[1]) * x[0]


@case(vec(5))
def sort_with_comparison_function(x):
    ordered = sorted(x, key=functools.cmp_to_key(lambda a, b: 1 if a * a < b * b else -1))
    return sum(v * k for k, v in enumerate(ordered))


@numba.njit
def jitted_inner(a, b):
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i] * np.exp(-a[i])
    return total


@numba.njit
def jitted_smooth(u, steps):
    for _ in range(steps):
        for i in range(1, u.size - 1):
            u[i] = 0.5 * u[i] + 0.25 * (u[i - 1] + u[i + 1])
    return u


@numba.vectorize
def jitted_ufunc(a, b):
    return a * a + b


@numba.guvectorize(["void(float64[:], float64, float64[:])"], "(n),()->(n)")
def jitted_rows(row, factor, result):
    total = 0.0
    for i in range(row.size):
        total += row[i]
        result[i] = factor * total * total


@numba.guvectorize(["void(float64[:], float64[:])"], "(n)->()")
def jitted_norm(row, result):
    result[0] = 0.0
    for i in range(row.size):
        result[0] += row[i] * row[i]


@case(vec(5), vec(5))
def calls_jitted_function(x, y):
    return jitted_inner(x, y) ** 2


@case(vec(6))
def calls_jitted_in_place(x):
    y = jitted_smooth(x, 3)
    return (y * x).sum()


case.add(jitted_inner, vec(4), vec(4), name="jitted_function_itself")


@case(vec(4), either=True)
def calls_jitted_ufunc(x):
    return jitted_ufunc(x, 2.0).sum()


@case(mat(3, 2), either=True)
def calls_jitted_pieces(a):
    lengths = np.zeros(3)
    jitted_norm(a, lengths)
    return jitted_rows(a, a[:, 0]).sum() * lengths[1] + jitted_norm(a[0])


@case(mat(3, 3))
def numpy_vectorize(a):
    @np.vectorize
    def f(v, w):
        return v * v if v > 0 else w * v

    return f(a, a[0]).sum() * f(a[0, 0], 2.0)


@case(mat(3, 2))
def vectorize_with_signature(a):
    norm = np.vectorize(lambda v: (v * v).sum(), signature="(n)->()")
    return norm(a) @ a[:, 0]


@case(vec(4))
def apply_along_axis(x):
    a = np.outer(x, x)
    return np.apply_along_axis(lambda row: row[0] * row.sum(), 1, a).sum()


@case(0.8)
def context_decorator(x):
    class Doubling(contextlib.ContextDecorator):
        def __enter__(self):
            log.append(x)
            return self

        def __exit__(self, *error):
            log.append(log[-1] * 2)

    log = []

    @Doubling()
    def f(v):
        return v * log[0]

    return f(3.0) + sum(log)


@case(0.8)
def registry_of_decorated_functions(x):
    registry = {}

    def register(name, weight=1.0):
        def decorate(function):
            registry[name] = (weight, function)
            return function

        return decorate

    @register("square", weight=x)
    def square(v):
        return v * v

    @register("sine")
    def sine(v):
        return math.sin(v)

    return sum(w * f(x) for w, f in registry.values()) + square(2.0)
