"""Closures, order of evaluation, loops, views and copies."""

import math

import numpy as np

from ._case import M, Traps, V

case = Traps()


@case(V(6))
def returns_view(x):
    return x[1:].sum()


@case(V(4), 2.0)
def closure_late(x, a):
    fs = [lambda t: t * k for k in range(3)]
    return fs[0](a) + fs[2](a)


@case(V(4), 2.0)
def closure_default(x, a):
    fs = [lambda t, k=k: t * k for k in range(3)]
    return fs[0](a) + fs[2](a)


@case(V(4), 2.0)
def nonlocal_counter(x, a):
    n = 0.0

    def bump():
        nonlocal n
        n += a
        return n

    r = bump() * x[0] + bump() * x[1]
    return r + n


@case(V(4), 2.0)
def closure_sees_rebind(x, a):
    def g():
        return k * a

    k = 1.0
    r = g()
    k = x[0]
    return r + g()


@case(V(4), 2.0)
def eval_order(x, a):
    def bump(v):
        x[0] += 1
        return v

    return x[0] * bump(a) + x[0]


@case(V(4), 2.0)
def eval_order_aug(x, a):
    def bump():
        x[0] += 1
        return a

    x[0] += bump()
    return x[0]


@case(V(4), 2.0)
def eval_order_lazy(x, a):
    def bump():
        x[0] += 1
        return a

    y = x * 2
    z = y + bump()
    return z.sum()


@case(V(4), 2.0)
def eval_order_index(x, a):
    i = 0

    def nxt():
        nonlocal i
        i += 1
        return i

    x[nxt()] = a * nxt()
    return (x * np.arange(4.0)).sum()


@case(V(4), 2.0)
def lazy_then_write(x, a):
    y = x * a
    x[0] = 100.0
    return y.sum()


@case(V(4), 2.0)
def lazy_then_write_through_view(x, a):
    v = x[1:]
    y = x * a
    v[0] = 100.0
    return y.sum()


@case(V(4), 2.0)
def tuple_swap(x, a):
    x[0], x[1] = x[1], x[0]
    x[[2, 3]] = x[[3, 2]]
    return (x * np.arange(4.0)).sum()


@case(M(3, 3), 2.0)
def row_swap_views(m, a):
    m[0], m[1] = m[1], m[0]
    return (m * np.arange(9.0).reshape(3, 3)).sum()


@case(M(3, 3), 2.0)
def row_swap_fancy(m, a):
    m[[0, 1]] = m[[1, 0]]
    return (m * np.arange(9.0).reshape(3, 3)).sum()


@case(V(5), 2.0)
def repeated_scatter(x, a):
    y = np.zeros(3)
    y[np.array([0, 0, 1, 2, 0])] = x
    y[np.array([1, 1])] += a
    return (y * np.arange(1.0, 4)).sum()


@case(V(5), 2.0)
def loop_var_after(x, a):
    for i in range(3):
        pass
    return x[i] * a


@case(V(5), 2.0)
def loop_else(x, a):
    for i in range(5):
        if x[i] > 100:
            break
    else:
        a *= 3
    return a * x[0]


@case(V(5), 2.0)
def loop_var_rebound(x, a):
    s = 0.0
    for i in range(5):
        s += x[i] * i
        i = i * 2
        s += i
    return s * i


@case(V(5), 2.0)
def iterate_and_mutate(x, a):
    s = 0.0
    for v in x:
        x[-1] += v
        s += v * a
    return s


@case(V(5), 2.0)
def rebind_iterated(x, a):
    s = 0.0
    for v in x:
        x = x * 2
        s += v * x[0]
    return s


@case(V(5), 2.0)
def range_bound_changes(x, a):
    n = 3
    s = 0.0
    for i in range(n):
        n = 10
        s += x[i]
    return s * n


@case(M(3, 3), 2.0)
def rows_are_views(m, a):
    for r in m:
        r *= a
    for r in m:
        r = r + 1
    return m.sum()


@case(M(3, 3), 2.0)
def unpack_rows(m, a):
    p, q, r = m
    p[0] = a
    q += p
    return m.sum()


@case(V(5), 2.0)
def int_float_join(x, a):
    n = 0
    for i in range(5):
        if x[i] > 0:
            n = n + x[i]
    return n * a


@case(V(5), 2.0)
def isinstance_paths(x, a):
    n = 0
    for i in range(5):
        if x[i] > 100:
            n = n + x[i]
    return a * 3 if isinstance(n, int) else a


@case(True, 2.0)
def bool_arith(b, a):
    return a * (b + b) + (-b) * a + (b and 3) * a


@case(V(3), 2.0)
def bool_array_arith(x, a):
    return ((x > 0) + (x < 1)).sum() * a + (x > 0).mean() * a


@case(V(3), 2.0)
def invert_mask(x, a):
    return x[~(x > 0)].sum() * a


@case(5, 2.0)
def invert_int(n, a):
    return ~n * a


@case(V(3), 2.0)
def chain_compare(x, a):
    return a if 0 < x[0] < x[2] else 2 * a


@case(V(3), 2.0)
def and_value(x, a):
    return (x[0] and a) + (0.0 or x[1])


@case(V(3), 2.0)
def not_float(x, a):
    return a * (not x[0])


@case(V(5), 2.0)
def string_compare(x, a, mode="up"):
    return a if mode == "up" else -a


@case(V(5), 2.0)
def while_else(x, a):
    k = 0
    while k < 3:
        k += 1
        if x[k] > 50:
            break
    else:
        a = a * 5
    return a * k


@case(V(5), 2.0)
def nested_break(x, a):
    t = 0.0
    for i in range(4):
        for j in range(4):
            if j == 2:
                break
            if i == 3:
                continue
            t += x[i] * x[j]
        else:
            t += 1000
    return t * a


@case(V(5), 2.0)
def early_return_in_loop(x, a):
    for i in range(5):
        if x[i] < 0:
            return x[i] * a
    return 0.0 * a


@case(V(5), 2.0)
def del_var(x, a):
    y = x * 2
    del x
    return y.sum()


@case(V(5), 2.0)
def del_then_read(x, a):
    y = a
    del y
    try:
        return y
    except UnboundLocalError:
        return a * 3


@case(V(5), 2.0)
def unbound_maybe(x, a):
    if x[0] > 100:
        z = 1.0
    return z * a


@case(V(5), 2.0)
def sum_generator_float_start(x, a):
    return sum((v * a for v in x), 1.0)


@case(V(5), 2.0)
def comp_scope(x, a):
    v = a
    t = [v for v in range(3)]
    return v * t[1]


@case(V(5), 2.0)
def walrus(x, a):
    if (n := len(x)) > 3:
        return n * a
    return a


@case(V(5), 2.0)
def star_args(x, a):
    def g(*args, **kw):
        return args[0] * kw["k"] + len(args)

    return g(*x, k=a)


@case(V(6), 2.0)
def cumsum_out(x, a):
    np.cumsum(x, out=x)
    return (x * a).sum()


@case(V(6), 2.0)
def add_out_overlap(x, a):
    np.add(x[:-1], x[1:], out=x[1:])
    return (x * np.arange(6.0)).sum()


@case(V(6), 2.0)
def multiply_where(x, a):
    y = np.ones(6)
    np.multiply(x, a, out=y, where=x > 0)
    return y.sum()


@case(M(3, 3), V(3))
def dot_out_alias(m, v):
    v[:] = m @ v
    return v.sum()


@case(M(3, 3), M(3, 3))
def matmul_alias(a, b):
    a[:] = a @ b
    b[...] = a.T @ a
    return b.sum()


@case(M(3, 3))
def diag_view(m):
    d = np.diag(m)
    return d.sum()


@case(M(3, 3))
def diag_write(m):
    d = np.diag(m)
    d[0] = 1.0
    return m.sum()


@case(M(3, 3))
def einsum_view(m):
    d = np.einsum("ii->i", m)
    d[0] = 1.0
    return m.sum()


@case(M(3, 3))
def atleast(m):
    v = np.atleast_2d(m[0])
    v[0, 0] = 9.0
    return m.sum()


@case(M(3, 3))
def squeeze_view(m):
    v = np.squeeze(m[:1])
    v[0] = 9.0
    return m.sum()


@case(M(3, 3))
def asarray_alias(m):
    v = np.asarray(m)
    v[0, 0] = 9.0
    w = np.array(m)
    w[0, 0] = 100.0
    u = np.ascontiguousarray(m)
    u[1, 1] = 8.0
    t = np.asarray(m.T)
    t[2, 0] = 3.0
    return m.sum()


@case(M(3, 3))
def astype_copy(m):
    v = m.astype(float)
    v[0, 0] = 9.0
    w = m.astype(float, copy=False)
    w[1, 1] = 7.0
    return m.sum()


@case(M(3, 3))
def real_alias(m):
    v = m.real
    v[0, 0] = 9.0
    w = np.real(m)
    w[1, 1] = 4.0
    return m.sum()


@case(M(3, 3))
def where_same(m):
    v = np.where(True, m, m)
    v[0, 0] = 9
    return m.sum()


@case(M(3, 3))
def flip_alias(m):
    v = np.flip(m)
    v[0, 0] = 9
    w = np.rot90(m)
    w[0, 1] = 3
    u = np.swapaxes(m, 0, 1)
    u[0, 2] = 5.0
    return (m * np.arange(9.0).reshape(3, 3)).sum()


@case(M(3, 4))
def split_views(m):
    a, b = np.split(m, 2, axis=1)
    a[0, 0] = 9
    b *= 2
    return m.sum()


@case(M(3, 4))
def meshgrid_and_broadcast(m):
    g, h = np.meshgrid(m[0], m[:, 0], indexing="ij")
    return (g * h).sum()


@case(M(3, 4))
def concat_copy(m):
    a = np.concatenate([m])
    a[0, 0] = 5
    b = np.vstack([m])
    b[0, 0] = 6
    c = np.expand_dims(m, 0)
    c[0, 0, 0] = 7
    return m.sum()


@case(V(6))
def roll_zero(x):
    y = np.roll(x, 0)
    y[0] = 9
    return x.sum()


@case(V(6))
def fancy_copy(x):
    y = x[[0, 1, 2]]
    y[0] = 9
    z = x[x > -99]
    z[1] = 5
    return x.sum() + y.sum()


@case(V(6))
def argsort_stable(x):
    return (x[np.argsort(np.round(x), kind="stable")] * np.arange(6.0)).sum()


@case(V(6))
def positive_alias(x):
    y = +x
    y[0] = 9.0
    return x.sum()


@case(V(6))
def abs_of_py(x):
    return abs(-2.5) * x[0] + round(2.5) * x[1] + round(3.5) * x[2] + round(-0.5) * x[3]


@case(V(6))
def np_positive(x):
    y = np.positive(x)
    y[0] = 8.0
    z = np.conjugate(x)
    z[1] = 5.0
    return x.sum()


@case(V(6))
def np_scalar_ident(x):
    y = x[0]
    x[0] = 100.0
    return y * x[0]


@case(V(6))
def ident_checks(x):
    y = x
    z = x[:]
    return x[0] if (y is x and z is not x) else x[1]


@case(V(6))
def slice_obj(x):
    s = slice(1, 4)
    return x[s].sum()


@case(V(6))
def newaxis_store(x):
    y = x[:, None]
    y[2] = 5.0
    y[..., 0] += 1
    return x.sum()


@case(V(6), 3.7)
def float_index(x, k):
    return x[int(k)]


@case(V(6), 3.7)
def trunc_neg(x, k):
    return x[0] * int(-k) + math.floor(-k) * x[1] + math.ceil(k) * x[2] + (-k) // 1 * x[1]


@case(V(6))
def aug_type(x):
    n = np.zeros(3, dtype=int)
    n += 1
    n[0] = 2.9
    return n[0] * x[0]


@case(V(6))
def int_store_float(x):
    n = np.zeros(3, dtype=int)
    n[:] = x[:3] * 10
    return n.sum() * x[0]


@case(V(6))
def full_int(x):
    n = np.full(3, 2)
    m = np.full(3, 2.5, dtype=int)
    return (n / 4).sum() * x[0] + m.sum() * x[0]


@case(V(6))
def zeros_like_int(x):
    n = np.zeros_like([1, 2])
    k = np.ones_like(np.arange(3))
    return (k / 2).sum() * x[0] + n.sum()


@case(V(6))
def arange_float(x):
    return (np.arange(0, 1, 0.1) * x[0]).sum() + len(np.arange(0, 1, 0.3)) * x[1]


@case(V(6))
def linspace_one(x):
    return np.linspace(x[0], x[1], 1).sum() + np.linspace(0, x[2], 4, endpoint=False).sum()


@case(V(6))
def prod_int(x):
    return np.prod([2, 3, 4]) * x[0] + np.sum([True, True]) * x[1]


@case(V(6))
def mean_int(x):
    return np.mean([1, 2]) * x[0] + np.array([1, 2, 3]).mean() * x[1]


@case(V(6))
def min_initial(x):
    return np.max(x, initial=10.0) + np.sum(x, where=x > 0)


@case(V(6))
def max_tie(x):
    y = np.array([x[0], x[0], x[1]])
    return y.max() + np.maximum(x[0], x[0]) + max(x[0], x[0])


@case(V(6))
def abs_zero(x):
    return abs(x[0] - x[0]) + np.abs(x - x).sum()


@case(V(6))
def sqrt_zero_guard(x):
    return np.sqrt(np.maximum(x - x, 0)).sum() * 0 + x[0]


@case(V(6))
def std_ddof(x):
    return x.std(ddof=1) + x.var() + np.std(x, ddof=2)


@case(V(6))
def norm_ord(x):
    return (
        np.linalg.norm(x, 1)
        + np.linalg.norm(x, np.inf)
        + np.linalg.norm(x.reshape(2, 3))
        + np.linalg.norm(x.reshape(2, 3), axis=1).sum()
    )
