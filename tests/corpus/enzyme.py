"""Programs after the test groups of Enzyme: memory, loops, containers, garbage."""

import bisect
import copy
import gc
import math
import weakref

import numpy as np

from ._case import Corpus, make, mat, pos, vec

case = Corpus(__name__)
table = {}


@case(2.0, 3, reset=table.clear)
def global_dictionary_mutation(x, n):
    for i in range(n):
        table[i] = table.get(i - 1, 1.0) * x
    result = table[n - 1] * table[0]
    table.clear()
    return result


@case(vec(4))
def filter_on_tuple(x):
    return sum(tuple(filter(lambda v: v > -0.3, tuple(x)))) * x[0]


@case(0.5, slow=True)
def garbage_collected_all_the_time(x):
    old = gc.get_threshold()
    gc.set_threshold(1)
    try:
        total = 0.0
        for k in range(10):
            junk = [x * k, [x, {"k": x}]]
            junk.append(junk)
            total += junk[1][1]["k"] * junk[0]
        return total
    finally:
        gc.set_threshold(*old)


@case(vec(4))
def view_splat(x):
    def f(a, b):
        return a * b**2

    return f(*x[1:3]) + f(*x[::3])


@case(0.4)
def union_return(x):
    def f(v):
        return 1 if v > 10 else v * v if v > 0 else 1.0

    return f(x) + f(-x) * x + f(x + 10)


@case(0.0, 2.0, argnums=1)
def no_speculation(d, x):
    y = x
    if d != 0:
        y = 1 / d
    return y * x + d


@case(vec(3))
def copy_of_array_of_arrays(x):
    a = [x * 1, x * 2]
    b = list(a)
    c = [v.copy() for v in a]
    b[0][1] = 7.0
    a[1] = a[1] * 0
    return (a[0] * b[1]).sum() + sum(v.sum() for v in c)


@case(vec(3))
def growth_inside_a_loop(x):
    values = np.zeros(1)
    for i in range(4):
        values = np.append(values, values[-1] * x[i % 3] + 1.0)
        values[0] += values[-1]
    return values


@case(vec(3), 2.0)
def resize_in_a_loop(x, s):
    buffer, used = np.empty(2), 0
    for v in np.concatenate([x, x * s]):
        if used == len(buffer):
            bigger = np.empty(2 * len(buffer))
            bigger[:used] = buffer
            buffer = bigger
        buffer[used] = v * v
        used += 1
    return buffer[:used].sum()


@case([1.5, vec(2), 3, None])
def splat_of_mixed_values(items):
    def f(a, b, c, d):
        return a * b * c

    return f(*items)


@case(0.8, vec(2))
def mixed_return(x, a):
    return x * a[0], a * x, 5, "text"


@case(0.8)
def attribute_of_varying_type(x):
    class Holder:
        pass

    h = Holder()
    for k, v in enumerate([3, x, np.array([x, x * 2]), "text", [x]]):
        setattr(h, f"field_{k % 2}", v)
        setattr(h, "last", v)
    return h.field_0[0] * h.last[0] + len(h.field_1)


@case(0.8, True)
def container_of_constant_or_active(x, active):
    box = [x] if active else [1.0]
    boxes = {"a": box, "b": [2.0]}
    return boxes["a"][0] * boxes["b"][0] + sum(b[0] for b in boxes.values())


@case(pos(3))
def forward_substitution(x):
    low = np.array([[2.0, 0, 0], [1.0, 3.0, 0], [0.5, -1.0, 4.0]])
    low[1, 0] = x[0]
    y = np.zeros(3)
    for i in range(3):
        y[i] = (x[i] - sum(low[i, j] * y[j] for j in range(i))) / low[i, i]
    return y


@case(0.7)
def runge_kutta_of_exponential(x):
    for _ in range(10):
        k1 = x
        k2 = x + 0.05 * k1
        k3 = x + 0.05 * k2
        k4 = x + 0.1 * k3
        x += 0.1 / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x


@case(5.7)
def frexp_and_ldexp(x):
    m, e = math.frexp(x)
    return math.ldexp(m * m, e) + np.frexp(x)[0] * 2


@case(2.0)
def inverse_square_root_by_newton(x):
    y = 0.7
    for _ in range(6):
        y *= 1.5 - 0.5 * x * y * y
    return y


@case(vec(5))
def dictionary_as_ordered_map(x):
    keys, values = [], {}
    for k in (3, 1, 2, 5, 4):
        bisect.insort(keys, k)
        values[k] = x[k - 1] * k
    total = 1.0
    for k in keys:
        total = total * 0.5 + values[k]
    return total


@case(mat(3, 4), 2)
def triple_nested_loop(a, n):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(i, a.shape[1]):
            for k in range(n):
                if (i + j + k) % 2:
                    total += a[i, j] * a[i - k, j - 1]
                else:
                    a[i, j] *= 1 + 0.1 * k
    return total


@case(pos(8))
def many_divisions_and_maxima(x):
    y = x[0]
    for v in x[1:]:
        y = y / v
    for v in x:
        y = max(y, v * 0.9)
    return y * x[3]


@case(vec(6))
def entropy_of_softmax(x):
    p = np.exp(x) / np.exp(x).sum()
    return -(p * np.log(p)).sum()


@case(make(lambda r: [r.normal(size=2)] * 2))
def same_array_twice_in_a_list(xs):
    xs[0][0] *= 2
    return (xs[0] * xs[1]).sum()


@case(0.6)
def finalizers_and_weak_references(x):
    class Resource:
        def __init__(self, v):
            self.v = v

    seen = []
    r = Resource(x * x)
    weakref.finalize(r, seen.append, 1)
    v = weakref.ref(r)().v
    del r
    gc.collect(0)
    return v * 2 + len(seen)


@case(0.6)
def fixed_point_through_all_iterations(x):
    y = 0.5
    while True:
        new = math.exp(-x * y)
        if abs(new - y) < 1e-14:
            return new
        y = new


@case(vec(8))
def loop_tracing_a_long_tape(x):
    total = 0.0
    for i in range(400):
        total = total * 0.999 + x[i % 8] * x[(3 * i) % 8]
    return total


@case(make(lambda r: copy.deepcopy({"w": [r.normal(size=(2, 2)) for _ in range(2)], "b": (0.1, 0.2)})), vec(2))
def parameters_of_a_network(p, x):
    for w, b in zip(p["w"], p["b"]):
        x = np.tanh(w @ x + b)
    return x


@case(vec(5))
def prefix_sums_two_ways(x):
    a = x.copy()
    for i in range(1, 5):
        a[i] += a[i - 1]
    b = np.cumsum(x)
    np.cumsum(x, out=x)
    return (a * b * x).sum()


@case(vec(8))
def bitonic_network_on_list(x):
    a = list(x)
    n, k = 8, 2
    while k <= n:
        j = k // 2
        while j:
            for i in range(n):
                partner = i ^ j
                if partner > i and (a[i] > a[partner]) == ((i & k) == 0):
                    a[i], a[partner] = a[partner], a[i]
            j //= 2
        k *= 2
    return a[0] + 2 * a[3] ** 2 + a[7]
