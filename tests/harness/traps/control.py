"""Generators, values that may be None, context managers, recursion, variables that change their memory."""

import functools

import numpy as np

from ._case import Traps, V

case = Traps()


@case(V(), 2.0)
def gen_simple(x, a):
    def times(n):
        t = 0.0
        for k in range(n):
            yield t
            t += a * k

    s = 0.0
    for t in times(4):
        s += (x * t).sum()
    return s


def steps(y, n):
    for k in range(n):
        y = y * 0.5 + np.sin(y)
        yield k, y
    yield -1, y


@case(V(), 2.0)
def gen_arrays(x, a):
    s = 0.0
    for k, y in steps(x, 5):
        s = s * a + y.sum() * k
    return s + k


@case(V(), 2.0)
def gen_side_effects(x, a):
    def g():
        x[0] = 5.0
        yield x[0]
        x[1] = x[0] * a
        yield x[1]

    s = 0.0
    for v in g():
        x[0] += v
        s += v
    return s


@case(V(), 2.0)
def gen_twice(x, a):
    def g():
        yield a
        yield 2 * a

    it = g()
    s = 0.0
    for v in it:
        s += v
    for v in it:
        s += 100 * v
    return s


@case(V(), 2.0)
def gen_returned(x, a):
    def g():
        for v in x:
            if v > 1:
                return
            yield v * a

    s = 0.0
    for v in g():
        s += v
    return s


@case(V(), 2.0)
def gen_later(x, a):
    def g(b):
        yield b * a

    it = g(x[0])
    a = 5.0
    x[0] = 100.0
    s = 0.0
    for v in it:
        s += v
    return s


@case(V(), 2.0)
def gen_nested(x, a):
    def g(n):
        for i in range(n):
            yield x[i]

    s = 0.0
    for u in g(3):
        for v in g(2):
            s += u * v * a
    return s


@case(V(), 2.0)
def gen_zip(x, a):
    def g(n):
        for i in range(n):
            yield x[i]

    s = 0.0
    for u, v in zip(g(3), g(2)):
        s += u * v * a
    return s


@case(V(), 2.0)
def gen_break(x, a):
    def g(n):
        for i in range(n):
            yield x[i]

    s = 0.0
    for u in g(4):
        if u > 0.2:
            break
        s += u * a
    return s


@case(V(), 2.0)
def gen_unused(x, a):
    def g():
        x[0] = 100.0
        yield 1

    g()
    return x[0] * a


@case(V(), 2.0)
def gen_truth(x, a):
    def g():
        yield 1

    return x[0] * a if g() else x[1]


@case(V(), 2.0)
def gen_sum(x, a):
    def g():
        for v in x:
            yield v * a

    return sum(g())


@case(V(), 2.0)
def gen_list(x, a):
    def g():
        for v in x:
            yield v * a

    return np.array(list(g())).sum()


@case(V(), 2.0)
def and_or_values(x, a):
    b = x[0] and a
    c = 0.0 or x[1]
    d = (x[2] > 5) or a
    n = None
    e = n or a
    return b + c * 2 + d * 3 + e * 4 + (x[3] or a or 3.0) * 5


class Ctx:
    def __init__(s, v):
        s.v = v
        s.log = 0.0

    def __enter__(s):
        s.v *= 2
        return s

    def __exit__(s, *e):
        s.log += s.v
        return False


@case(V(), 2.0)
def with_object(x, a):
    c = Ctx(a)
    with c as d:
        x[0] = d.v
        d.v = d.v * x[1]
    return c.log + x[0]


@case(V(), 2.0)
def with_return(x, a):
    c = Ctx(a)

    def g():
        with c:
            return c.v

    return g() + c.log * 10


@case(V(), 2.0)
def with_break(x, a):
    c = Ctx(a)
    for i in range(3):
        with c:
            if x[i] < 0:
                break
            c.v *= 3
    return c.v + c.log * 10


@case(V(), 2.0)
def with_raise(x, a):
    class Q(Exception):
        pass

    c = Ctx(a)
    try:
        with c:
            c.v *= 3
            raise ValueError("x")
    except ValueError:
        pass
    return c.v + c.log * 10


@case(V(), 2.0)
def deco(x, a):
    def twice(f):
        @functools.wraps(f)
        def w(*args, **k):
            return 2 * f(*args, **k)

        return w

    @twice
    def g(u):
        return u * a

    return g(x[0])


@case(V(), 2.0)
def slices(x, a):
    c = (slice(1, 3),)
    d = slice(None, None, 2)
    l = [1.0, 2.0, 3.0, 4.0]
    return (
        (x[c] * a).sum()
        + x[d].sum() * 2
        + x.reshape(2, 3)[:, slice(0, 2)].sum() * 3
        + sum(l[slice(1, 3)]) * a
        + x.reshape(2, 3)[(0, 1)]
    )


@case(V(), 2.0)
def tuple_index_list(x, a):
    m = x.reshape(2, 3)
    return m[(0, 1),].sum() * a + m[(0, 1), (1, 2)].sum() + m[[0, 1], [0, 0]].sum() * 3


@case(V(), 2.0)
def diffs(x, a):
    return (
        (np.diff(x, prepend=a) ** 2).sum()
        + (np.diff(x, append=x[:2]) * np.arange(7.0)).sum()
        + (np.diff(x.reshape(2, 3), axis=0, prepend=0) ** 3).sum()
    )


@case(V(), 2.0)
def ixs(x, a):
    m = np.zeros((4, 4))
    m[np.ix_([0, 2], [1, 3])] += x[:4].reshape(2, 2)
    m[np.diag_indices(4)] += a
    return (m * np.arange(16.0).reshape(4, 4)).sum() + m[np.ix_([0, 2], [1, 3])].sum()


@case(V(), 4)
def recursive(x, n):
    def p(k):
        return 1.0 if k == 0 else x[0] if k == 1 else ((2 * k - 1) * x[0] * p(k - 1) - (k - 1) * p(k - 2)) / k

    return p(n)


@case(V(16), 4)
def recursive_arrays(x, n):
    def s(v):
        return v[0] if len(v) == 1 else s(v[: len(v) // 2]) * 2 + s(v[len(v) // 2 :])

    return s(x)


@case(V(), 4)
def infinite_recursion(x, n):
    def s(v):
        return s(v + 1)

    return s(x[0])


@case(V(), 4)
def double_buffer_param(u, n):
    v = u.copy()
    for _ in range(n):
        v[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
        u, v = v, u
    return (u * np.arange(6.0)).sum()


@case(V(), 5)
def double_buffer_param_odd(u, n):
    v = u.copy()
    for _ in range(n):
        v[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
        u, v = v, u
    return (u * np.arange(6.0)).sum()


@case(V(), 5)
def fresh_rebound(u, n):
    for _ in range(n):
        x = np.zeros(6)
        x[1:] = u[:-1] * 2
        u = x
    u[0] = 3
    return (x * np.arange(6.0)).sum()


@case(V(), 5)
def fresh_rebound_written_in_next(u, n):
    x = u.copy()
    t = 0.0
    for _ in range(n):
        x[0] += 1.0
        t += u[0]
        x = u * 2
        x[2] = 1.0
        u = x
    return t + u[0] + x[0]


@case(V(), 5)
def fresh_rebound_slot_written(u, n):
    t = 0.0
    x = np.ones(6)
    for _ in range(n):
        u[0] += 1.0
        t += x[0]
        x = np.zeros(6)
        x[1:] = u[:-1] * 2
        u = x
    return t + u[0] + x[0]


@case(V(), 2.0)
def optional_prev(x, a):
    prev = None
    s = 0.0
    for v in x:
        if prev is not None:
            s += (v - prev) * a
        prev = v
    return s + prev


@case(V(), 2.0)
def optional_best(x, a):
    best = None
    for v in x:
        if best is None or v > best:
            best = v
    return best * a


@case(V(), 2.0)
def optional_never(x, a):
    best = None
    for v in x:
        if v > 100:
            best = v
    return a if best is None else best


@case(V(), 2.0)
def optional_used_none(x, a):
    best = None
    for v in x:
        if v > 100:
            best = v
    try:
        return best * a
    except TypeError:
        return a * 3


@case(V(), 2.0)
def optional_pair(x, a):
    best = None
    for i, v in enumerate(x):
        if best is None or v > best[1]:
            best = (i, v)
    return best[0] * a + best[1]


@case(V(), 2.0)
def optional_truth(x, a):
    p = None
    s = 0.0
    for v in x:
        if p:
            s += v * p
        p = v if v > 0 else None
    return s * a


@case(V(), 2.0)
def optional_arg(x, a):
    def f(u, v=None):
        return u * 2 if v is None else u * v

    p = None
    s = 0.0
    for v in x:
        s += f(v, p)
        p = v
    return s * a


@case(V(), 2.0)
def optional_eq(x, a):
    p = None
    s = 0.0
    for v in x:
        if p == None:
            s += v
        p = v
    return s * a


@case(V(), 2.0)
def optional_isinst(x, a):
    p = None
    s = 0.0
    for v in x:
        if isinstance(p, float):
            s += v
        p = v
    return s * a


@case(V(), 2.0)
def optional_array(x, a):
    p = None
    s = 0.0
    for k in range(4):
        if p is not None:
            s += (x * p).sum()
        p = x * k
    return s * a


class Ctl:
    def __init__(s):
        s.p = None

    def step(s, e):
        d = 0.0 if s.p is None else e - s.p
        s.p = e
        return d


@case(V(), 2.0)
def optional_attr(x, a):
    c = Ctl()
    t = 0.0
    for v in x:
        t += c.step(float(v) * a) ** 2
    return t
