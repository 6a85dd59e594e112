"""Programs in the manner of Fortran and C++: what Tapenade, ADOL-C, CoDiPack and Adept are tested with."""

import math

import numpy as np

from ._case import Corpus, cvec, int_vec, make, mat, pos, vec

case = Corpus(__name__)
common = {"a": 0.0, "w": np.zeros(4)}


def clear():
    common["a"] = 0.0
    common["w"][:] = 0.0


@case(vec(3), 0.7, reset=clear)
def common_block(x, s):
    def read():
        return common["a"] * common["w"][1]

    def write(v):
        common["a"] = v * s
        common["w"][:3] += v

    write(x[0])
    y = read()
    write(x[1])
    return y * read() + common["w"].sum()


@case(vec(6))
def equivalence_by_overlaid_views(x):
    memory = np.empty(6)
    matrix, tail = memory.reshape(2, 3), memory[2:]
    memory[:] = x
    matrix[0, 2] *= tail[1]
    tail[0] += memory[5]
    return matrix @ tail[:3]


@case(vec(5), 2)
def computed_goto(x, k):
    label, total, i = 10, 0.0, 0
    while True:
        if label == 10:
            total += x[i]
            label = 20 if total < 0 else 30
        elif label == 20:
            total = total * total
            label = 40
        elif label == 30:
            total -= 0.5 * x[(i + k) % 5]
            label = 40
        elif label == 40:
            i += 1
            label = 10 if i < 5 else 99
        else:
            return total


@case(vec(4))
def in_out_parameters_by_boxes(x):
    def swap(a, b):
        a[0], b[0] = b[0], a[0]

    def update(a, b, c):
        a[0] = a[0] * b[0]
        c[0] += a[0]

    a, b, c = [x[0]], [x[1]], [x[2]]
    update(a, b, c)
    swap(a, c)
    update(c, c, a)
    return a[0] * b[0] + c[0] * x[3]


@case(vec(4), vec(4))
def aliased_arguments_of_a_subroutine(x, y):
    def axpy(n, s, a, ia, b, ib):
        for i in range(n):
            b[i * ib] = b[i * ib] + s * a[i * ia]

    axpy(2, x[0], x, 1, x[1:], 2)
    axpy(4, y[1], x, 1, y, 1)
    axpy(4, 2.0, y, 1, y[::-1], 1)
    return x @ y


@case(mat(4, 4))
def lu_without_pivoting_in_place(a):
    a[np.diag_indices(4)] += 4.0
    n = len(a)
    for k in range(n):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    return a


@case(mat(4, 4), vec(4))
def gauss_with_row_exchanges(a, b):
    n = len(b)
    for k in range(n):
        p = k
        for i in range(k, n):
            if abs(a[i, k]) > abs(a[p, k]):
                p = i
        if p != k:
            a[[k, p]] = a[[p, k]]
            b[k], b[p] = b[p], b[k]
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            a[i] -= f * a[k]
            b[i] -= f * b[k]
    for i in range(n - 1, -1, -1):
        b[i] = (b[i] - a[i, i + 1:] @ b[i + 1:]) / a[i, i]
    return b


@case(mat(4, 4))
def determinant_by_bitmasks(a):
    memo = {}

    def det(k, m):
        if m == 0:
            return 1.0
        if m in memo:
            return memo[m]
        s, sign, p = 0.0, 1, 1
        for i in range(4):
            if m & p:
                s += sign * a[k - 1, i] * det(k - 1, m - p)
                sign = -sign
            p <<= 1
        memo[m] = s
        return s

    return det(4, 15)


@case(0.9)
def power_by_halving(x):
    def power(x, n):
        if n == 1:
            return x
        half = power(x, n // 2)
        return half * half * (x if n % 2 else 1.0)

    return power(x, 13) + power(1 / x, 6)


@case(pos(5))
def conditional_assignment_in_all_forms(x):
    y = x[0] if x[1] > x[2] else x[3]
    z = (x[1] > 1.0) * x[1] + (x[1] <= 1.0) * x[2] ** 2
    w = max(min(x[4], 1.1), 0.9) + min(x, default=0.0)
    c = np.where(x > 1.0, x**2, np.where(x > 0.7, x, 0.0))
    s = np.select([x > 1.5, x > 1.0], [x * 3, x * 2], default=-x)
    k = np.choose(np.array([0, 1, 0, 2, 1]), [x, x * 2, x * x])
    return y * z + w, c, s, k, np.piecewise(x, [x < 1, x >= 1], [lambda v: v * v, lambda v: 2 * v])


@case(vec(3))
def active_index_arithmetic_is_not_differentiated(x):
    k = int(abs(x[0]) * 10) % 3
    table = np.arange(9.0).reshape(3, 3)
    return table[k, round(abs(x[1]))] * x[2] + x[k]


@case(pos(3))
def ode_by_taylor_series(x):
    order, h = 6, 0.1
    y = np.zeros((order + 1, 3))
    y[0] = x
    for _ in range(3):
        for k in range(order):
            conv = lambda a, b: sum(y[i, a] * y[k - i, b] for i in range(k + 1))
            y[k + 1, 0] = -conv(0, 1) / (k + 1)
            y[k + 1, 1] = (conv(0, 1) - y[k, 1]) / (k + 1)
            y[k + 1, 2] = y[k, 1] / (k + 1)
        y[0] = sum(y[k] * h**k for k in range(order, -1, -1))
    return y[0]


@case(vec(8))
def butterfly_network(x):
    n, span = 8, 1
    while span < n:
        for start in range(0, n, 2 * span):
            for k in range(start, start + span):
                u, v = x[k], x[k + span] * math.cos(math.pi * (k - start) / (2 * span))
                x[k], x[k + span] = u + v, u - v
        span *= 2
    return x


@case(make(lambda r: r.uniform(0.1, 0.9, (4, 6))))
def two_time_levels_with_saved_pointers(u):
    old, new = u[0].copy(), np.empty(6)
    for step in range(4):
        new[0], new[-1] = 0.0, old[-1]
        for i in range(1, 5):
            f = old[i] * (old[i + 1] - old[i - 1]) if old[i] > 0.4 else 0.0
            new[i] = old[i] + 0.1 * (old[i + 1] - 2 * old[i] + old[i - 1]) - 0.05 * f + 0.01 * u[step, i]
        old, new = new, old
    return (old**2).sum() + new[2]


@case(vec(12), int_vec(0, 3, 1, 3, 2, 0))
def gather_and_scatter_over_edges(x, ends):
    nodes = x[:4].copy()
    flux = np.zeros(4)
    for e in range(3):
        a, b = ends[2 * e], ends[2 * e + 1]
        f = (nodes[a] - nodes[b]) * x[4 + e]
        flux[a] -= f
        flux[b] += f
        nodes[a] += 0.1 * f
    return (flux * nodes).sum()


@case(vec(6))
def stack_with_push_and_pop(x):
    stack, top = np.zeros(10), 0
    for v in x:
        if v > 0 or top == 0:
            stack[top] = v
            top += 1
        else:
            top -= 1
            stack[top - 1 if top else 0] += stack[top] * v
    return stack[:top].sum() + stack[top] * x[0]


@case(vec(5))
def linked_list_in_arrays(x):
    value, link = x.copy(), np.array([3, 4, 0, 1, -1])
    node, total = 2, 0.0
    while node >= 0:
        total = total * 0.5 + value[node] ** 2
        value[link[node]] += value[node]
        node = int(link[node])
    return total + value.sum()


@case(1.1, 12)
def loops_with_strides_and_exits(x, n):
    total = 0.0
    for i in range(n, 0, -3):
        for j in range(i, n, 2):
            if (i + j) % 5 == 0:
                continue
            total += x**i / (j + x)
            if total > 40.0:
                break
        else:
            total *= x
    return total


@case(vec(4))
def statement_functions(x):
    f = lambda a, b: a * b + math.sin(a)
    g = lambda a: f(a, f(a, x[3]))
    return [g(v) for v in x]


@case(cvec(3))
def complex_as_in_fortran(z):
    w = np.empty(3, complex)
    for i in range(3):
        w[i] = complex(z[i].imag, -z[i].real) * z[(i + 1) % 3].conjugate()
        if w[i].real > 0:
            w[i] = abs(w[i]) + 1j * w[i].imag
    return (w * w).sum().real + np.abs(w).sum()


@case(pos(4, low=1.0, high=2.0))
def statements_that_change_what_they_read(x):
    x[0] = x[0] * x[0]
    x[1] = math.sin(x[1]) / x[1] + x[1]
    x[2] = x[2] ** x[2]
    x[3] = x[3] / (x[3] - x[0] * x[3] + x[1])
    x[:] = x[::-1] * x
    return x.sum()


@case(vec(4), 5)
def fixed_point_with_its_own_stopping_test(x, n):
    y, change, it = np.zeros(4), 1.0, 0
    while change > 1e-13 and it < 200:
        new = 0.3 * np.cos(y + x) + 0.1 * y[::-1]
        change = float(np.max(np.abs(new - y)))
        y[:] = new
        it += 1
    return y


@case(pos(3))
def many_exits_from_nested_loops(x):
    def find():
        for i in range(3):
            for j in range(3):
                v = x[i] * x[j] - 0.1 * i
                if v > 1.4:
                    return v, i
                if v < 0.3:
                    break
            else:
                if i == 2:
                    return x.sum(), -1
        return x[0], 7

    value, where = find()
    return value * (where + 2)


@case(mat(3, 3), mat(3, 3))
def matrix_product_orders(a, b):
    c = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            for k in range(3):
                c[i, j] += a[i, k] * b[k, j]
    for j in range(3):
        for k in range(3):
            for i in range(3):
                a[i, j] += c[i, k] * a[k, j]
    return a


@case(vec(9))
def red_black_sweeps(u):
    for colour in (0, 1, 0, 1):
        for i in range(1 + colour, 8, 2):
            u[i] = 0.5 * (u[i - 1] + u[i + 1]) + 0.05 * u[i] ** 3
    return (u * u).sum()


@case(vec(3), vec(3))
def cross_products_and_rotations(u, v):
    w = np.empty(3)
    for i in range(3):
        w[i] = u[(i + 1) % 3] * v[(i + 2) % 3] - u[(i + 2) % 3] * v[(i + 1) % 3]
    k = np.array([[0, -w[2], w[1]], [w[2], 0, -w[0]], [-w[1], w[0], 0]])
    t = np.linalg.norm(w)
    r = np.eye(3) + math.sin(t) / t * k + (1 - math.cos(t)) / t**2 * (k @ k)
    return r @ u + np.cross(r @ v, u)


@case(1.3)
def assignment_operators_of_scalars(x):
    y = x
    y += x
    y *= y
    y -= x * y
    y /= x + 2
    y **= 2
    y %= 0.7
    y //= 100
    y += -x
    return y * +x


@case(0.8)
def nested_loops_that_shadow(x):
    total = i = 0.0
    for i in range(3):
        i = i * x
        for j in range(2):
            total += i * j + x
        total *= i if i else 1.0
    return total + i


@case(pos(4))
def product_of_all_but_one(x):
    left, right = np.ones(4), np.ones(4)
    for i in range(1, 4):
        left[i] = left[i - 1] * x[i - 1]
        right[3 - i] = right[4 - i] * x[4 - i]
    return left * right


@case(vec(6))
def prefix_scan_by_doubling(x):
    shift = 1
    while shift < len(x):
        x[shift:] = x[shift:] + x[:-shift]
        shift *= 2
    return x * x[0]
