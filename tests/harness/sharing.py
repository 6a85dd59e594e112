"""Programs in which it matters who shares memory with whom, and when an expression is evaluated."""

from __future__ import annotations

import numpy as np

_R = np.random.default_rng(3)
PROGRAMS: list = []


def case(*args):
    def register(f):
        PROGRAMS.append((f, args))
        return f

    return register


def vector(n=5):
    return _R.uniform(0.5, 1.5, n)


def matrix(n=4, m=4):
    return _R.uniform(0.5, 1.5, (n, m))


@case(vector())
def alias_then_write(x):
    a = x * 2
    b = a
    b[0] = 5.0
    a = a + 1
    b[1] = 7.0
    return np.sum(a * x) + np.sum(b)


@case(vector())
def loop_alias(x):
    u = x.copy()
    prev = u
    for k in range(4):
        prev = u
        u = u * 0.5 + x
    return np.sum(prev * u)


@case(vector())
def loop_alias_write(x):
    u = x.copy()
    prev = u
    for k in range(4):
        prev = u
        u = u * 0.5 + x
        u[0] = 3.0
    return np.sum(prev * u)


@case(vector())
def loop_alias_write2(x):
    u = x.copy()
    prev = u
    for k in range(4):
        prev = u
        u[0] *= 3.0
        u = u * 0.5 + x
    return np.sum(prev * u)


@case(vector())
def swap(x):
    a = x.copy()
    b = x * x
    for k in range(3):
        a, b = (b, a)
        a[0] += b[1]
    return np.sum(a) + 2 * np.sum(b * b)


@case(vector())
def param_rebound(x):
    for k in range(3):
        x = x * x + 0.1
    return np.sum(x)


@case(vector())
def param_rebound_written(x):
    for k in range(3):
        x = x * x + 0.1
        x[0] = 2 * x[1]
    return np.sum(x)


@case(vector())
def param_written_then_rebound(x):
    for k in range(3):
        x[0] = 2 * x[1]
        x = x * x + 0.1
    return np.sum(x)


@case(vector())
def zero_trip(x):
    y = x
    for k in range(len(x) - 5):
        y = y * 2
    y[0] = 9.0
    return np.sum(x * y)


@case(vector())
def branch_alias(x):
    y = x.copy()
    z = y
    if x[0] > 0.2:
        z = y * 2
    z[0] = 4.0
    return np.sum(y * z)


@case(vector())
def branch_alias_false(x):
    y = x.copy()
    z = y
    if x[0] > 20.2:
        z = y * 2
    z[0] = 4.0
    return np.sum(y * z)


@case(vector())
def branch_slot(x):
    if x[0] > x[1]:
        z = x * 2
    else:
        z = x + 1
    z[0] = 4.0
    return np.sum(x * z)


@case(vector())
def lazy_then_write(x):
    y = x.copy()
    z = y * 2
    y[0] = 100.0
    return np.sum(z * y)


@case(vector())
def lazy_in_loop(x):
    y = x.copy()
    s = 0.0
    for k in range(3):
        z = y * 2
        y[k] = 10.0 * z[k + 1]
        s += z[k]
    return s + np.sum(y)


@case(vector())
def roll_in_place(x):
    u = x.copy()
    for k in range(3):
        u = np.roll(u, 1) * 0.5 + u
    u[:] = np.roll(u, -1)
    u[1:] = u[:-1]
    u[:-1] += u[1:]
    u[::-1] *= u
    return np.sum(u * x)


@case(matrix())
def transposes(a):
    b = a.T
    a[:] = b * 2
    a += a.T
    return np.sum(a * b)


@case(matrix())
def reshape_views(a):
    b = a.copy()
    c = b.reshape(-1)
    c[3] = 5.0
    d = b.reshape(2, 8)
    d[1, :] *= 2.0
    e = b[1:3].ravel()
    e[0] = 7.0
    return np.sum(b * a) + np.sum(c * c)


@case(matrix())
def reshape_of_transposed(a):
    b = a.copy()
    c = b.T.reshape(-1)
    return np.sum(c * np.arange(16.0))


@case(matrix())
def reshape_copy_then_write(a):
    b = a.copy()
    c = b.T.reshape(-1)
    b[0, 1] = 9.0
    return np.sum(c * np.arange(16.0)) + b[0, 1]


@case(vector())
def list_alias(x):
    l = [x[0]]
    m = l
    m.append(x[1])
    l[0] = 3.0
    return sum(l) * x[2]


@case(vector())
def list_of_arrays(x):
    l = [x * 2, x + 1]
    a = l[0]
    a[1] = 5.0
    l[1] = l[0] * x
    return np.sum(l[0]) + np.sum(l[1])


@case(vector())
def growing_alias(x):
    l = []
    m = l
    for v in x:
        l.append(v * v)
    m[0] = 2.0
    return sum(l) + len(m)


@case(vector())
def growing_while(x):
    l = [1.0]
    while len(l) < 6:
        l.append(l[-1] * x[len(l) - 1])
    return l[-1] + sum(l)


@case(vector())
def scatter_dup(x):
    i = np.array([0, 1, 0, 2])
    a = np.zeros(3)
    a[i] += x[:4]
    np.add.at(a, i, x[1:5])
    a[i] = a[i[::-1]] * x[0]
    return np.sum(a * a)


@case(vector())
def mask_forms(x):
    y = x.copy()
    m = y > 1.0
    y[m] *= 2.0
    y[~m] = 0.5
    z = y[m]
    w = np.where(m, y, -x)
    return np.sum(y) + np.sum(z * z) + np.sum(w)


@case(vector())
def nested_closure(x):
    acc = np.zeros(2)

    def push(k, v):
        acc[k] += v
        return v * 2
    s = push(0, x[0]) + push(1, x[1]) * push(0, x[2])
    return s + acc[0] * acc[1]


@case(vector())
def order_of_eval(x):
    y = x.copy()

    def bump():
        y[0] += 1.0
        return y[0]
    t = y * 2 + bump()
    u = (y + 1) * bump() + y[0]
    return np.sum(t) + np.sum(u)


@case(vector())
def nonlocal_rebind(x):
    y = x * 1.0

    def g():
        nonlocal y
        y = y * 2
        return y[0]
    s = y[0] + g() + y[1]
    z = y + g()
    return s + np.sum(z)


@case(vector())
def comp_scope(x):
    k = 3.0
    s = [k * x[k] for k in range(3)]
    t = sum(v * v for v in x)
    return sum(s) * k + t


@case(vector())
def break_arrays(x):
    u = x.copy()
    for it in range(10):
        new = u * 0.5 + 0.1
        if np.abs(new - u).max() < 0.05:
            u = new
            break
        u = new
    else:
        u = u * 100
    return np.sum(u * x)


@case(vector())
def while_arrays(x):
    u = x
    n = 0
    while np.sum(u) > 2.0:
        u = u * 0.7
        n += 1
    return np.sum(u * u) * n


class Box:

    def __init__(self, v, w):
        self.v = v
        self.w = w

    def scaled(self, c):
        return Box(self.v * c, self.w + c)

    def grow(self):
        self.w = self.w * self.v[0]
        self.v[1] += 1.0


@case(vector())
def boxes(x):
    b = Box(x * 2, 1.0)
    c = b
    for k in range(3):
        b = b.scaled(0.5)
    b.grow()
    return np.sum(b.v) + b.w + np.sum(c.v) * c.w


@case(vector())
def boxes_alias(x):
    b = Box(x * 2, 1.0)
    c = b
    for k in range(3):
        c.grow()
        b = b.scaled(0.5)
    return np.sum(b.v) + b.w + np.sum(c.v) * c.w


@case(vector())
def boxes_branch(x):
    b = Box(x * 2, 1.0)
    c = Box(x * 3, x[0])
    d = b
    if x[0] > 0.9:
        d = c
    d.w = d.w * 2
    return b.w + c.w + d.w * np.sum(d.v)


@case(vector())
def neg_index(x):
    return x[-1] * x[-2] + np.sum(x[-3:] * x[:3]) + np.sum(x[::-2]) + np.sum(x[3:0:-1])


@case(vector())
def slices_beyond(x):
    return np.sum(x[1:100]) + np.sum(x[-100:2]) + len(x[7:]) + np.sum(x[3:1])


@case(vector())
def int_arith(x):
    n = len(x)
    s = 0.0
    for i in range(n):
        s += x[(i * 7 - 3) % n] * (i // 2) * (-i // 2) * (-7 % 3)
    return s


@case(vector())
def aug_scalar(x):
    a = x[0]
    b = a
    a += 1.0
    a *= x[1]
    return a * b


@case(vector(), 2.0, 3)
def py_scalars(x, a, n):
    return x[0] ** n + a ** x[1] + n / 2 * x[2] + n // 2 + (a if n > 2 and a > 1 else x[0])


@case(matrix(), vector(4))
def mixed_reductions(a, b):
    return a.sum(0) @ b + a.mean(1) @ b + a.max(axis=0) @ b + a.std() + np.var(a, axis=1) @ b + a.prod() + np.cumsum(a, axis=1)[2, 2] + np.argmax(a)


@case(matrix())
def out_forms(a):
    b = np.empty((4, 4))
    np.multiply(a, 2, out=b)
    np.add(b, a, b)
    np.exp(b, out=b)
    c = np.zeros(4)
    np.sum(a, axis=0, out=c)
    np.dot(a, c, out=c.copy())
    np.divide(a, b, out=b, where=a > 1)
    return b.sum() + c.sum()


@case(matrix())
def bool_logic(a):
    m = (a > 1) & (a < 1.3) | ~(a > 0.6)
    return np.sum(a[m]) + np.count_nonzero(m) + float(np.any(m)) + np.all(a > 0) * a[0, 0]


@case(matrix())
def stacked(a):
    b = np.array([a[0], a[1] * 2])
    c = np.vstack([a, b])
    d = np.concatenate((a, a.T), axis=1)
    e = np.stack([a[:, 0], a[:, 1]], axis=-1)
    f = np.column_stack((a[0], a[1]))
    return np.sum(b * b) + np.sum(c[1:, ::2]) + np.sum(d[:, 3:5] ** 2) + np.sum(e * f)


@case(vector())
def self_assign_hazard(x):
    y = x.copy()
    y[1:-1] = (y[:-2] + y[2:]) / 2
    y = y[::-1]
    y[0] += 1
    y = y + y[::-1]
    return np.sum(y * x)


@case(vector())
def chained(x):
    a = b = x * 2
    a[0] = 1.0
    return np.sum(b * x)


@case(vector())
def tuple_swap_elems(x):
    y = x.copy()
    y[0], y[1] = (y[1], y[0])
    i = 2
    i, y[i] = (3, 5.0 * y[i])
    return np.sum(y * np.arange(5.0))


@case(vector())
def iter_while_rebinding(x):
    u = x.copy()
    s = 0.0
    for v in u:
        u = u * 2
        s += v * u[0]
    return s


@case(vector())
def iter_while_writing(x):
    u = x.copy()
    s = 0.0
    for i, v in enumerate(u):
        u[(i + 1) % 5] += 1.0
        s += v * v
    return s


@case(vector())
def temp_shape(x):
    y = np.zeros(0)
    for k in range(3):
        y = np.append(y, x[k])
    return np.sum(y * y)


@case(vector())
def int_float_join(x):
    s = 0
    for v in x:
        s = s + v
    t = 0
    if x[0] > 0:
        t = 1.5
    return s * t


@case(vector())
def where_kink(x):
    return np.sum(np.where(x > 1, x ** 2, np.sqrt(x))) + np.clip(x, 0.8, 1.2).sum() + np.maximum(x, 1.0) @ np.minimum(x, 1.0)


@case(vector())
def default_and_star(x):

    def f(a, b=2.0, *rest, c=3.0):
        return a * b + sum(rest) * c
    return f(x[0]) + f(*x[:3]) + f(x[1], c=x[2]) + (lambda q, w=x[3]: q * w)(x[4])


@case(vector())
def first_iter(x):
    s = 0.0
    for i in range(3):
        if i == 0:
            best = x * 2
        else:
            best = best * x
        s += best[i]
    return s + best[0]


# ---- lists whose length depends on the run
def growing_rows(x):
    y, rows = x, []
    for k in range(len(x)):
        y = y * 0.5 + np.sin(y)
        rows.append(y)
    return (np.array(rows)[1:, 0] * rows[-1][1]).sum() + rows[0].sum() + len(rows)


def growing_row_written_afterwards(x):
    rows = []
    for k in range(len(x)):
        y = x * k
        rows.append(y)
        y[0] = 5.0
    return rows[0].sum() + rows[1][0]


def growing_row_written_in_the_next_round(x):
    y, rows = np.zeros(3), []
    for k in range(len(x)):
        y[0] += x[k]
        rows.append(y)
    return rows[0][0] * rows[-1][0]


def growing_row_written_through_the_list(x):
    rows = []
    for k in range(len(x)):
        rows.append(x * k)
    rows[1][0] = 9.0
    rows[1] = rows[2]
    return rows[1].sum()


def growing_pairs(x):
    pairs = [(0.0, x[0])]
    for k in range(1, len(x)):
        pairs.append((float(k), x[k] * pairs[-1][1]))
    total = 0.0
    for t, v in pairs[1:]:
        total += t * v
    return total + np.array(pairs)[:, 1].sum()


def growing_concatenated(x):
    a, b = [], []
    for v in x:
        a.append(v)
        b.append(2 * v)
    c = a + b
    return sum(c) * len(c) + len(a * 2)


def growing_types(x):
    whole, python, mixed = [], [], [1.0]
    for k in range(len(x)):
        whole.append(k)
        python.append(float(x[k]))
        mixed.append(x[k])
    assert isinstance(python, list)
    for v in python:
        last = v
    return sum(whole) / 2 * x[0] + last / 2 + sum(python) + sum(mixed) + mixed[0] + python[1] + mixed[2]


def growing_in_two_places(x):
    out = []
    for k in range(len(x)):
        out.append(x[k])
        for j in range(2):
            out.append(x[k] * j)
        if k == 1:
            out.append(1.0)
    return out[-1] + out[3] * out[5] + len(out)


def growing_stacked(x):
    rows = []
    for k in range(4):
        rows.append(x * k)
    a, b, c = np.stack(rows, axis=1), np.vstack(rows), np.concatenate(rows)
    return a[1, 2] + b[2, 1] * 2 + c[7] + np.hstack(rows)[3] + np.column_stack(rows)[0, 3]


class Point:
    def __init__(self, a, b):
        self.a, self.b = a, b


def growing_objects(x):
    points = []
    for k in range(len(x)):
        points.append(Point(x[k], k))
    return sum(p.a * p.b for p in points) + points[-1].a


def growing_objects_changed(x):
    points = []
    for k in range(len(x)):
        points.append(Point(x[k], k))
    for p in points:
        p.a = p.a * 2
    return sum(p.a for p in points)


def growing_one_object_many_times(x):
    p, points = Point(x[0], 0.0), []
    for k in range(len(x)):
        p.a = p.a + x[k]
        points.append(p)
    return points[0].a + points[-1].a


PROGRAMS += [(f, (vector(),)) for f in (
    growing_rows, growing_row_written_afterwards, growing_row_written_in_the_next_round,
    growing_row_written_through_the_list, growing_pairs, growing_concatenated, growing_types, growing_in_two_places,
    growing_stacked, growing_objects, growing_objects_changed, growing_one_object_many_times)]
