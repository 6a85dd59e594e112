"""Arguments, results and globals that are the same memory."""

import numpy as np

from ._case import Corpus, make, mat, vec

case = Corpus(__name__)


@case(vec(4))
def result_is_the_argument(x):
    return x


@case(vec(6))
def results_are_views_of_one_buffer(x):
    x[2] = x[0] * x[5]
    return x[:3], x[2:], x


@case(vec(4))
def result_contains_argument_twice(x):
    y = x * 2
    return [x, y, x, y[1:]]


@case(make(lambda r: (lambda a: (a, a))(r.normal(size=3))))
def tuple_of_the_same_array(pair):
    a, b = pair
    a[0] = b[1] * b[2]
    return a @ b


@case(vec(4))
def alias_by_assignment(x):
    y = x
    y[0] = 3.0 * x[1]
    y = y + 1
    y[1] = 0.0
    return (x * y).sum()


@case(vec(4), vec(4))
def rebinding_does_not_write(x, y):
    x = y
    x[0] = 2 * y[1]
    return x @ y


@case(vec(4))
def argument_stored_in_object_and_changed_outside(x):
    class Holder:
        pass

    h = Holder()
    h.data = x
    x *= 2
    h.data[1] = h.data[0]
    h.data = h.data + 0
    x[0] = 0.0
    return (h.data * x).sum()


@case(vec(4))
def augmented_assignment_on_attribute_and_item(x):
    class Holder:
        data = x

    h = Holder()
    h.data += 1.0
    table = {"x": x}
    table["x"] *= 2.0
    table["x"] -= x[0]
    return (x * h.data).sum() + ("data" in vars(h)) * x[1]


@case(vec(6))
def function_returns_view_that_caller_changes(x):
    def head(a, n):
        return a[:n]

    def halves(a):
        return head(a, 3), a[3:]

    left, right = halves(x)
    left += right
    right[:] = left[::-1] ** 2
    return x


@case(mat(3, 3))
def same_array_as_two_parameters(a):
    def combine(p, q):
        p[0] = q[1] * 2
        q[2] += p[0]
        return p.sum() * q[0, 0]

    return combine(a, a) + combine(a, a.T)


@case(vec(5))
def default_argument_shares(x):
    def append(v, store=x):
        store[0] += v
        return store

    return append(x[1]) @ append(x[2])


@case(vec(4))
def slot_of_list_against_content(x):
    rows = [x, x.copy(), x]
    rows[0] = rows[0] * 2
    rows[2][1] = 5.0 * x[0]
    rows[1] += rows[2]
    return sum(r @ r for r in rows)


@case(vec(6))
def out_is_a_view_of_an_input(x):
    np.add(x[:-1], x[1:], out=x[1:])
    np.multiply(x[::2], 2.0, out=x[::2])
    np.cumsum(x, out=x)
    return x


@case(vec(6))
def reversed_view_as_source_and_target(x):
    x[::-1] += x
    x[1:4] = x[3:0:-1]
    return (x * np.arange(6)).sum()


@case(vec(4))
def conversions_that_may_alias(x):
    a, b, c = np.asarray(x), np.array(x, copy=True), np.atleast_2d(x)
    c[0, 1] = 2 * a[0]
    d = np.require(x, requirements="C")
    d[2] = b[2] ** 2
    e = np.reshape(x, (2, 2), order="C")
    e[1, 1] *= 3
    return (x * b).sum() + e.sum()


@case(vec(4))
def iterator_sees_changes(x):
    total = 0.0
    for i, v in enumerate(x):
        if i + 1 < len(x):
            x[i + 1] = x[i + 1] + v * v
        total += v * (i + 1)
    return total


@case(vec(4))
def unpacked_elements_are_values(x):
    a, b, c, d = x
    x[:] = 0.5 * x[::-1]
    return a * x[0] + b * x[1] * c + d


@case(mat(2, 3))
def unpacked_rows_are_views(m):
    p, q = m
    p[:] = q * 2
    m[1] = 0.0
    return p.sum() + q.sum() + m[0, 0] ** 2


@case(vec(4))
def in_place_operator_of_zero_dimensional_view(x):
    s = x[1:2].reshape(())
    s *= 3.0
    t = x[2, ...]
    t += s
    return (x**2).sum()


@case(vec(4))
def where_result_does_not_alias(x):
    y = np.where(x > -10, x, 0.0)
    y[0] = 7.0
    z = np.maximum(x, -10.0)
    x[1] = 1.0
    return y @ x + z @ x


@case(vec(8))
def ping_pong_between_two_rows(x):
    buffers = np.zeros((2, 8))
    buffers[0] = x
    for k in range(5):
        source, target = buffers[k % 2], buffers[(k + 1) % 2]
        target[1:] = 0.7 * source[:-1]
        target[0] = source[-1] ** 2
    return buffers


@case(vec(3))
def matrix_of_the_same_row(x):
    rows = [x] * 3
    m = np.array(rows)
    rows[0][0] = 9.0
    m[1] += rows[2]
    return (m * x).sum()
